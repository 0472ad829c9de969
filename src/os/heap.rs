//! The allocator of `bootstrap`: for one thread, and for a life of invocations that all need the same sizes.
//!
//! musl's own goes to the kernel several times per invocation, and takes a lock each time. This one keeps what it once got: a block
//! that is given back waits in the list of its size for the next that asks for it. It writes no headers, because Rust says the size
//! again when it gives a block back. Blocks are not joined: the process holds as much as it once needed of each size.
//!
//! | bytes | come from |
//! | --- | --- |
//! | up to 32 KiB | the list of their size, or the current chunk |
//! | more | the kept mappings, or the kernel |
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout};
use std::cell::UnsafeCell;
use std::ptr::{self, NonNull};

/// Each block is aligned to this, in bytes. What asks for more gets a mapping of its own, which is aligned to a page.
const ALIGNMENT: usize = 16;

/// The page of both machines that Lambda has. Linux may use larger ones on arm64, which Lambda does not.
const PAGE: usize = 4096;

/// Sizes up to this are multiples of [`ALIGNMENT`], and each has its list. Above, there are four sizes to each power of two.
const FINE: usize = 1024;

/// Larger blocks are mappings of their own, in bytes.
const MAX_SMALL: usize = 32 << 10;

/// The lists: 64 fine ones, and four for each of the five powers of two from 1 KiB to 32 KiB.
const LISTS: usize = FINE / ALIGNMENT + 4 * (MAX_SMALL / FINE).ilog2() as usize;

/// The first chunk is a part of the program: a cold start with a small event asks the kernel for no memory.
const FIRST_CHUNK: usize = 64 << 10;

/// How much the kernel is asked for when a chunk is used up, in bytes.
const CHUNK: usize = 256 << 10;

/// So many mappings are kept for the next large blocks.
const KEPT: usize = 8;

/// All of them together are not larger than this, in bytes: two events of the largest size, and their responses.
const MAX_KEPT: usize = 24 << 20;

/// The allocator of Rust's code and, by [`c`], of the C library's. Only a build of `bootstrap` has it: the developer's tool and the
/// tests have threads.
#[cfg(all(target_env = "musl", not(feature = "tool"), not(test)))]
#[global_allocator]
static HEAP: Heap = Heap::new();

/// The allocator. To be used by one thread alone.
pub struct Heap(UnsafeCell<Blocks>);

// SAFETY: bootstrap has one thread, and its signal handlers do not allocate.
unsafe impl Sync for Heap {}

impl Heap {
    /// Nothing is allocated yet.
    pub const fn new() -> Heap {
        Heap(UnsafeCell::new(Blocks::new()))
    }

    /// # Safety
    /// One thread alone, which holds no other reference.
    #[allow(clippy::mut_from_ref)]
    unsafe fn blocks(&self) -> &mut Blocks {
        // SAFETY: promised by the caller; no function below calls back into the allocator while it holds this.
        unsafe { &mut *self.0.get() }
    }
}

impl Default for Heap {
    fn default() -> Heap {
        Heap::new()
    }
}

// SAFETY: each block is large enough and aligned, belongs to nobody else, and stays until it is given back.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the only reference, for the length of this statement.
        let block = unsafe { self.blocks() }.take(Size::of(layout));
        block.map_or(ptr::null_mut(), |block| block.start.as_ptr())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the only reference, for the length of this statement.
        let Some(block) = unsafe { self.blocks() }.take(Size::of(layout)) else { return ptr::null_mut() };
        if !block.is_clear {
            // SAFETY: the block has at least this many bytes, and is nobody else's.
            unsafe { block.start.write_bytes(0, layout.size()) };
        }
        block.start.as_ptr()
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let Some(start) = NonNull::new(block) else { return };
        // SAFETY: the only reference, for the rest of this function.
        let blocks = unsafe { self.blocks() };
        // SAFETY: the block was taken by this size, and its owner gives it back.
        unsafe { blocks.give(start, Size::of(layout)) };
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        // SAFETY: the caller promises that `bytes`, rounded up to the alignment, is a valid size.
        let wanted = unsafe { Layout::from_size_align_unchecked(bytes, layout.align()) };
        let (old, new) = (Size::of(layout), Size::of(wanted));
        if old == new {
            return block;
        }
        if let (Size::Mapped(old), Size::Mapped(new)) = (old, new)
            // SAFETY: the only reference, for the length of this expression.
            && !unsafe { self.blocks() }.has_kept(new)
        {
            // SAFETY: a block of this size is a mapping of this length, from its start on.
            return unsafe { remap(block, old, new) };
        }
        // SAFETY: the layout is valid, see above.
        let moved = unsafe { self.alloc(wanted) };
        if !moved.is_null() {
            // SAFETY: both blocks have so many bytes, and are different ones.
            unsafe { ptr::copy_nonoverlapping(block, moved, layout.size().min(bytes)) };
            // SAFETY: its owner has the other one now.
            unsafe { self.dealloc(block, layout) };
        }
        moved
    }
}

/// Where a block comes from, and goes back to. The same layout always has the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Size {
    /// The list of this number, whose blocks have so many bytes.
    Listed(usize, usize),
    /// A mapping of this length, in bytes.
    Mapped(usize),
}

impl Size {
    /// Most blocks are small, and their list is found by a shift.
    #[inline(always)]
    fn of(layout: Layout) -> Size {
        let last = layout.size().saturating_sub(1);
        if last < FINE && layout.align() <= ALIGNMENT {
            let list = last / ALIGNMENT;
            return Size::Listed(list, (list + 1) * ALIGNMENT);
        }
        Size::of_other(layout)
    }

    fn of_other(layout: Layout) -> Size {
        let bytes = layout.size().max(1);
        if layout.align() > PAGE {
            return Size::Mapped(usize::MAX); // which the kernel refuses
        }
        if layout.align() > ALIGNMENT {
            return Size::Mapped(bytes.next_multiple_of(PAGE));
        }
        // The highest bit and the two below it tell the size: what is below them is rounded up.
        let last = bytes - 1;
        let shift = last.ilog2() - 2;
        let quarter = last >> shift; // 4 to 7
        let rounded = (quarter + 1) << shift;
        if rounded > MAX_SMALL {
            return Size::Mapped(rounded.next_multiple_of(PAGE));
        }
        let first_shift = FINE.ilog2() - 2;
        let list = FINE / ALIGNMENT + (shift - first_shift) as usize * 4 + (quarter - 4);
        Size::Listed(list, rounded)
    }
}

/// A block that nobody uses: the first bytes of it lead to the next one of its list.
struct Free {
    next: Option<NonNull<Free>>,
}

struct Block {
    start: NonNull<u8>,
    /// Whether all of it is zero.
    is_clear: bool,
}

#[repr(align(16))]
struct FirstChunk(UnsafeCell<[u8; FIRST_CHUNK]>);

struct Blocks {
    lists: [Option<NonNull<Free>>; LISTS],
    /// What is left of the current chunk. Null: the first one has not been begun.
    rest: *mut u8,
    rest_bytes: usize,
    first: FirstChunk,
    /// Mappings that nobody uses, from the oldest on, by start and length.
    kept: [(*mut u8, usize); KEPT],
    kept_bytes: usize,
}

impl Blocks {
    const fn new() -> Blocks {
        Blocks {
            lists: [None; LISTS],
            rest: ptr::null_mut(),
            rest_bytes: 0,
            first: FirstChunk(UnsafeCell::new([0; FIRST_CHUNK])),
            kept: [(ptr::null_mut(), 0); KEPT],
            kept_bytes: 0,
        }
    }

    fn take(&mut self, size: Size) -> Option<Block> {
        match size {
            Size::Listed(list, bytes) => self.take_listed(list, bytes),
            Size::Mapped(bytes) => self.take_mapped(bytes),
        }
    }

    fn take_listed(&mut self, list: usize, bytes: usize) -> Option<Block> {
        let Some(head) = self.lists.get_mut(list) else { return self.cut(bytes) };
        let Some(free) = *head else { return self.cut(bytes) };
        // SAFETY: what is in a list is a block that nobody uses, and begins with a link.
        *head = unsafe { free.as_ref() }.next;
        Some(Block { start: free.cast(), is_clear: false })
    }

    /// Cuts a block off the current chunk. What is left of a chunk that is too short stays unused.
    fn cut(&mut self, bytes: usize) -> Option<Block> {
        if self.rest_bytes < bytes {
            (self.rest, self.rest_bytes) = if self.rest.is_null() {
                (self.first.0.get_mut().as_mut_ptr(), FIRST_CHUNK)
            } else {
                (map(CHUNK)?.as_ptr(), CHUNK)
            };
        }
        let start = NonNull::new(self.rest)?;
        // SAFETY: the chunk has so many bytes left.
        self.rest = unsafe { self.rest.add(bytes) };
        self.rest_bytes -= bytes;
        Some(Block { start, is_clear: true })
    }

    /// Whether there is a mapping of this length whose pages are here already: to copy to it is quicker than to get new ones.
    fn has_kept(&self, bytes: usize) -> bool {
        self.kept.iter().any(|(_, length)| *length == bytes)
    }

    fn take_mapped(&mut self, bytes: usize) -> Option<Block> {
        if let Some(found) = self.kept.iter().rposition(|(_, length)| *length == bytes) {
            return Some(Block { start: NonNull::new(self.remove_kept(found))?, is_clear: false });
        }
        Some(Block { start: map(bytes)?, is_clear: true })
    }

    fn remove_kept(&mut self, index: usize) -> *mut u8 {
        let Some(younger) = self.kept.get_mut(index..) else { return ptr::null_mut() };
        younger.rotate_left(1);
        let Some(last) = younger.last_mut() else { return ptr::null_mut() };
        let (start, bytes) = std::mem::replace(last, (ptr::null_mut(), 0));
        self.kept_bytes -= bytes;
        start
    }

    /// # Safety
    /// The block was taken by this size, and nobody uses it any more.
    unsafe fn give(&mut self, start: NonNull<u8>, size: Size) {
        match size {
            Size::Mapped(bytes) => self.keep(start.as_ptr(), bytes),
            Size::Listed(list, _) => {
                let Some(head) = self.lists.get_mut(list) else { return };
                let free = start.cast::<Free>();
                // SAFETY: every block has room for a link, is aligned for it, and this one is nobody's.
                unsafe { free.write(Free { next: *head }) };
                *head = Some(free);
            }
        }
    }

    /// Keeps a mapping, and gives the oldest ones back to the kernel where that is too much.
    fn keep(&mut self, start: *mut u8, bytes: usize) {
        if bytes > MAX_KEPT {
            return unmap(start, bytes);
        }
        while self.kept_bytes + bytes > MAX_KEPT || self.kept.last().is_some_and(|(start, _)| !start.is_null()) {
            let oldest = self.kept.first().map_or(0, |(_, bytes)| *bytes);
            unmap(self.remove_kept(0), oldest);
        }
        if let Some(room) = self.kept.iter_mut().find(|(start, _)| start.is_null()) {
            *room = (start, bytes);
            self.kept_bytes += bytes;
        }
    }
}

/// What the C library and its users call. musl's own allocator is then left out of the binary.
#[cfg(all(target_env = "musl", not(feature = "tool"), not(test)))]
mod c {
    use std::alloc::{GlobalAlloc, Layout};
    use std::ffi::c_void;
    use std::ptr;

    use super::{ALIGNMENT, HEAP};

    /// A block of C's begins with its size, which C does not say again, and which has this room.
    const HEAD: usize = ALIGNMENT;

    fn layout(bytes: usize) -> Option<Layout> {
        Layout::from_size_align(bytes.checked_add(HEAD)?, ALIGNMENT).ok()
    }

    /// # Safety
    /// `start` is null, or a block of this layout that nobody uses.
    unsafe fn hand_out(start: *mut u8, layout: Layout) -> *mut c_void {
        if start.is_null() {
            return ptr::null_mut();
        }
        // SAFETY: a block has room for its head, and is aligned for it.
        unsafe { start.cast::<usize>().write(layout.size()) };
        // SAFETY: within the block.
        unsafe { start.add(HEAD) }.cast()
    }

    /// # Safety
    /// `block` was handed out, and is not null.
    unsafe fn take_back(block: *mut c_void) -> (*mut u8, Layout) {
        // SAFETY: the head is before what was handed out.
        let start = unsafe { block.cast::<u8>().sub(HEAD) };
        // SAFETY: the head has been written.
        let bytes = unsafe { start.cast::<usize>().read() };
        // SAFETY: it was a layout before.
        (start, unsafe { Layout::from_size_align_unchecked(bytes, ALIGNMENT) })
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn malloc(bytes: usize) -> *mut c_void {
        let Some(layout) = layout(bytes) else { return ptr::null_mut() };
        // SAFETY: the layout is not empty.
        let start = unsafe { HEAP.alloc(layout) };
        // SAFETY: it has just been taken.
        unsafe { hand_out(start, layout) }
    }

    /// What musl itself calls, in posix_spawn.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn __libc_malloc(bytes: usize) -> *mut c_void {
        // SAFETY: the same.
        unsafe { malloc(bytes) }
    }

    /// What musl itself calls, in posix_spawn.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn __libc_free(block: *mut c_void) {
        // SAFETY: the same.
        unsafe { free(block) }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn calloc(count: usize, bytes: usize) -> *mut c_void {
        let Some(layout) = count.checked_mul(bytes).and_then(layout) else { return ptr::null_mut() };
        // SAFETY: the layout is not empty.
        let start = unsafe { HEAP.alloc_zeroed(layout) };
        // SAFETY: it has just been taken.
        unsafe { hand_out(start, layout) }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn realloc(block: *mut c_void, bytes: usize) -> *mut c_void {
        if block.is_null() {
            // SAFETY: the same as for a new block.
            return unsafe { malloc(bytes) };
        }
        let Some(wanted) = layout(bytes) else { return ptr::null_mut() };
        // SAFETY: C's rules: the block was handed out, and has not been given back.
        let (start, layout) = unsafe { take_back(block) };
        // SAFETY: the block has this layout, and the new size is valid.
        let start = unsafe { HEAP.realloc(start, layout, wanted.size()) };
        // SAFETY: it has just been taken.
        unsafe { hand_out(start, wanted) }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn free(block: *mut c_void) {
        if !block.is_null() {
            // SAFETY: C's rules: the block was handed out, and has not been given back.
            let (start, layout) = unsafe { take_back(block) };
            // SAFETY: the block has this layout.
            unsafe { HEAP.dealloc(start, layout) };
        }
    }
}

/// Cleared memory from the kernel.
fn map(bytes: usize) -> Option<NonNull<u8>> {
    let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a new mapping touches nothing that is there.
    let start = unsafe { libc::mmap(ptr::null_mut(), bytes, access, kind, -1, 0) };
    if start == libc::MAP_FAILED { None } else { NonNull::new(start.cast()) }
}

/// Makes a mapping longer or shorter. Null if there is no memory; then it stays as it is.
///
/// # Safety
/// It is a mapping of [`map`], `old` bytes long, and its owner asks.
unsafe fn remap(start: *mut u8, old: usize, new: usize) -> *mut u8 {
    // SAFETY: promised by the caller. Pages are moved, not copied.
    let moved = unsafe { libc::mremap(start.cast(), old, new, libc::MREMAP_MAYMOVE) };
    if moved == libc::MAP_FAILED { ptr::null_mut() } else { moved.cast() }
}

fn unmap(start: *mut u8, bytes: usize) {
    // SAFETY: a mapping of ours that nobody uses. It is no error that the kernel could report.
    let _ = unsafe { libc::munmap(start.cast(), bytes) };
}

#[cfg(test)]
#[allow(clippy::multiple_unsafe_ops_per_block)] // one takes, the others look
mod tests {
    use super::*;

    fn layout(bytes: usize) -> Layout {
        Layout::from_size_align(bytes, 8).unwrap()
    }

    fn rounded(bytes: usize) -> usize {
        match Size::of(layout(bytes)) {
            Size::Listed(_, rounded) | Size::Mapped(rounded) => rounded,
        }
    }

    #[test]
    fn a_block_has_the_bytes_that_were_asked_for_and_at_most_a_quarter_more() {
        for bytes in 1..=MAX_SMALL {
            let Size::Listed(list, rounded) = Size::of(layout(bytes)) else { panic!("{bytes} is not listed") };
            assert!(list < LISTS && rounded.is_multiple_of(ALIGNMENT), "{bytes}: {list} {rounded}");
            assert!(rounded >= bytes && rounded <= (bytes + bytes / 4).max(bytes + ALIGNMENT), "{bytes}: {rounded}");
        }
        assert!(matches!(Size::of(layout(MAX_SMALL + 1)), Size::Mapped(_)));
        for bytes in [MAX_SMALL + 1, 100_000, 1_000_000, 5_767_171, 1 << 28] {
            assert!(rounded(bytes) >= bytes && rounded(bytes) <= bytes + bytes / 4 + PAGE, "{bytes}");
            assert_eq!(rounded(bytes) % PAGE, 0);
        }
    }

    #[test]
    fn each_list_has_one_size_and_larger_blocks_come_later() {
        let mut sizes = [0; LISTS];
        let mut last = 0;
        for bytes in 1..=MAX_SMALL {
            let Size::Listed(list, rounded) = Size::of(layout(bytes)) else { panic!() };
            assert!(list == last || list == last + 1);
            last = list;
            let size = sizes.get_mut(list).unwrap();
            assert!(*size == 0 || *size == rounded);
            *size = rounded;
        }
        assert_eq!(last, LISTS - 1);
    }

    #[test]
    fn a_block_that_was_given_back_is_the_next_of_its_size() {
        let heap = Heap::new();
        for bytes in [1, 40, 5000, 200_000] {
            // SAFETY: each block is given back once, by its layout.
            unsafe {
                let (one, two) = (heap.alloc(layout(bytes)), heap.alloc(layout(bytes)));
                assert_ne!(one, two);
                heap.dealloc(one, layout(bytes));
                assert_eq!(heap.alloc(layout(bytes)), one);
                assert_ne!(heap.alloc(layout(bytes)), two);
            }
        }
    }

    #[test]
    fn a_cleared_block_is_clear_although_it_was_used_before() {
        let heap = Heap::new();
        for bytes in [24, 5000, 200_000] {
            // SAFETY: within the block.
            unsafe {
                let used = heap.alloc(layout(bytes));
                used.write_bytes(7, bytes);
                heap.dealloc(used, layout(bytes));
                let clear = heap.alloc_zeroed(layout(bytes));
                assert_eq!(clear, used);
                assert!(std::slice::from_raw_parts(clear, bytes).iter().all(|byte| *byte == 0));
            }
        }
    }

    #[test]
    fn what_asks_for_a_large_alignment_gets_it() {
        let heap = Heap::new();
        for align in [32, 64, 4096] {
            let layout = Layout::from_size_align(100, align).unwrap();
            // SAFETY: the block is given back by its layout.
            unsafe {
                let block = heap.alloc(layout);
                assert!(!block.is_null() && block.addr().is_multiple_of(align));
                heap.dealloc(block, layout);
            }
        }
        let aligned = |align| Size::of(Layout::from_size_align(5000, align).unwrap());
        assert_eq!(aligned(ALIGNMENT), aligned(8)); // every block has this alignment
    }

    #[test]
    fn a_chunk_is_used_to_its_last_byte() {
        let mut blocks = Box::new(Blocks::new());
        let first = blocks.cut(ALIGNMENT).unwrap().start.as_ptr();
        for offset in (ALIGNMENT..FIRST_CHUNK).step_by(ALIGNMENT) {
            assert_eq!(blocks.cut(ALIGNMENT).unwrap().start.as_ptr(), first.wrapping_add(offset));
        }
        blocks.cut(ALIGNMENT).unwrap();
        assert_eq!(blocks.rest_bytes, CHUNK - ALIGNMENT);
    }

    #[test]
    fn what_cannot_be_had_is_null() {
        let heap = Heap::new();
        for (bytes, align) in [(100, 8192), (isize::MAX as usize - 7, 8)] {
            // SAFETY: the layout is valid.
            assert!(unsafe { heap.alloc(Layout::from_size_align(bytes, align).unwrap()) }.is_null());
        }
    }

    #[test]
    fn kept_mappings_are_few_and_together_not_too_large() {
        let heap = Heap::new();
        // SAFETY: each block is given back once, by its layout; nobody else uses the heap.
        unsafe {
            for bytes in (1..40).map(|number| number * 1_000_000) {
                heap.dealloc(heap.alloc(layout(bytes)), layout(bytes));
                let blocks = heap.blocks();
                let (kept, sum) = blocks
                    .kept
                    .iter()
                    .fold((0, 0), |(kept, sum), (start, bytes)| (kept + usize::from(!start.is_null()), sum + bytes));
                assert!(kept <= KEPT && sum <= MAX_KEPT && sum == blocks.kept_bytes, "{bytes}: {kept} {sum}");
                assert!(bytes > MAX_KEPT || kept > 0);
            }
        }
    }

    /// Whether there is a mapping at this address.
    fn is_mapped(start: *mut u8) -> bool {
        let mut is_resident = 0;
        // SAFETY: the kernel writes one byte, because it is asked of one page.
        unsafe { libc::mincore(start.cast(), PAGE, &raw mut is_resident) == 0 }
    }

    #[test]
    fn as_much_as_may_be_kept_is_and_what_is_not_goes_back_to_the_kernel() {
        let mut blocks = Box::new(Blocks::new());
        let mut keep = |bytes| {
            let start = map(bytes).unwrap().as_ptr();
            blocks.keep(start, bytes);
            (start, blocks.has_kept(bytes), blocks.kept_bytes)
        };
        assert!(keep(MAX_KEPT).1);
        let (one, half) = (keep(PAGE), keep(MAX_KEPT / 2));
        assert_eq!((one.1, half.1, half.2), (true, true, PAGE + MAX_KEPT / 2));
        // Another thread may get the address of a mapping that is gone, but not again and again.
        assert!((0..100).any(|_| !is_mapped(keep(MAX_KEPT + PAGE).0)));
        assert!((0..100).any(|_| {
            let (oldest, ..) = keep(MAX_KEPT);
            keep(MAX_KEPT);
            !is_mapped(oldest)
        }));
    }

    /// A block, and the byte that all of it should be.
    struct Held {
        start: *mut u8,
        layout: Layout,
        byte: u8,
    }

    impl Held {
        fn take(heap: &Heap, layout: Layout, byte: u8) -> Held {
            // SAFETY: the layout is valid.
            let start = unsafe { heap.alloc(layout) };
            assert!(!start.is_null() && start.addr().is_multiple_of(layout.align()));
            Held { start, layout, byte }.filled()
        }

        fn filled(self) -> Held {
            // SAFETY: the block has so many bytes.
            unsafe { self.start.write_bytes(self.byte, self.layout.size()) };
            self
        }

        fn resize(mut self, heap: &Heap, bytes: usize) -> Held {
            // SAFETY: the block has this layout, and is nobody else's.
            self.start = unsafe { heap.realloc(self.start, self.layout, bytes) };
            self.check(bytes.min(self.layout.size()));
            self.layout = Layout::from_size_align(bytes, self.layout.align()).unwrap();
            self.filled()
        }

        fn check(&self, bytes: usize) {
            // SAFETY: the block has so many bytes.
            let held = unsafe { std::slice::from_raw_parts(self.start, bytes) };
            assert!(held.iter().all(|byte| *byte == self.byte), "somebody wrote to a block of {bytes} bytes");
        }

        fn give(self, heap: &Heap) {
            self.check(self.layout.size());
            // SAFETY: it is given back once, by the layout that it has.
            unsafe { heap.dealloc(self.start, self.layout) };
        }
    }

    #[test]
    fn blocks_keep_their_bytes_through_random_takes_gives_and_moves() {
        let heap = Heap::new();
        let mut held: Vec<Held> = Vec::new();
        let mut state = 88_172_645_463_325_252_u64;
        let mut random = move |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % below as u64).unwrap()
        };
        for step in 0..20_000_u32 {
            let bytes = 1 + random([64, 600, 40_000, 300_000][step as usize % 4]);
            let one = (!held.is_empty()).then(|| random(held.len()));
            match (random(3), one) {
                (0, Some(one)) => held.swap_remove(one).give(&heap),
                (1, Some(one)) => {
                    let block = held.swap_remove(one);
                    held.push(block.resize(&heap, bytes));
                }
                _ if held.len() < 200 => {
                    let layout = Layout::from_size_align(bytes, 1 << random(7)).unwrap();
                    held.push(Held::take(&heap, layout, step as u8));
                }
                _ => {}
            }
        }
        held.into_iter().for_each(|block| block.give(&heap));
    }
}
