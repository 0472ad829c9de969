//! Counts what is allocated, and holds parsers to a limit.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// A parser may have allocated so many times the bytes that it reads, at any moment.
const TIMES: usize = 3;

/// And so many bytes more, whatever it reads.
const MORE: usize = 32 << 10;

#[global_allocator]
static COUNTING: Counting = Counting;

/// The system's allocator; counts for each thread by itself.
struct Counting;

thread_local! {
    /// What the thread has allocated, less what it has freed, and the most that this has been.
    static ALLOCATED: Cell<(isize, isize)> = const { Cell::new((0, 0)) };
}

fn count(bytes: isize) {
    // A thread that ends allocates without being counted.
    let _ = ALLOCATED.try_with(|allocated| {
        let (now, most) = allocated.get();
        allocated.set((now + bytes, most.max(now + bytes)));
    });
}

// SAFETY: the system's allocator does all that the trait asks for; counting allocates nothing.
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

/// What `parse` gives. It panics if this thread allocates more meanwhile than a parser of `bytes` bytes may.
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
