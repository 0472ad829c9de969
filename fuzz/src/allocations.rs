//! Counts allocated bytes, and enforces the limit of parsers.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// At any moment a parser may have allocated this many times the bytes that it reads,
const TIMES: usize = 3;

/// plus this many bytes.
const MORE: usize = 32 << 10;

#[global_allocator]
static COUNTING: Counting = Counting;

/// The system's allocator. Counts separately for each thread.
struct Counting;

thread_local! {
    /// The bytes that the thread has allocated and not freed, and their maximum.
    static ALLOCATED: Cell<(isize, isize)> = const { Cell::new((0, 0)) };
}

fn count(bytes: isize) {
    // Allocations of an ending thread are not counted.
    let _ = ALLOCATED.try_with(|allocated| {
        let (now, most) = allocated.get();
        allocated.set((now + bytes, most.max(now + bytes)));
    });
}

// SAFETY: the system's allocator fulfils the contract of the trait, and counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as isize - layout.size() as isize);
        // SAFETY: the caller keeps the contract.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// Returns the result of `parse`. Panics if this thread allocates more meanwhile than a parser of `bytes` bytes may.
pub fn limited<T>(what: &str, bytes: usize, parse: impl FnOnce() -> T) -> T {
    let before = ALLOCATED.with(|allocated| {
        let (now, _) = allocated.get();
        allocated.set((now, now));
        now
    });
    let parsed = parse();
    let most = ALLOCATED.with(Cell::get).1.abs_diff(before);
    assert!(most <= TIMES * bytes + MORE, "{what}: {most} bytes allocated for {bytes}");
    parsed
}
