//! A global allocator that records a thread's largest request, to show that forged lengths allocate nothing.
#![allow(unsafe_code, reason = "an allocator is unsafe to implement; see ARCHITECTURE.md")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Passes every call on to the system.
struct Noting;

#[global_allocator]
static ALLOCATOR: Noting = Noting;

thread_local! {
    static LARGEST: Cell<usize> = const { Cell::new(0) };
}

/// The largest number of bytes that `call` asked for at once in this thread, and what it returned.
pub(crate) fn largest<T>(call: impl FnOnce() -> T) -> (usize, T) {
    LARGEST.set(0);
    let returned = call();
    (LARGEST.get(), returned)
}

fn note(bytes: usize) {
    // A thread that is ending no longer has this cell, and no test looks at it.
    let _ = LARGEST.try_with(|largest| largest.set(largest.get().max(bytes)));
}

// SAFETY: each call is passed on unchanged to the system's allocator, which upholds the contract.
unsafe impl GlobalAlloc for Noting {
    /// # Safety
    /// As [`GlobalAlloc::alloc`] says.
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: the caller upholds the contract of this very function.
        unsafe { System.alloc(layout) }
    }

    /// # Safety
    /// As [`GlobalAlloc::alloc_zeroed`] says.
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: the caller upholds the contract of this very function.
        unsafe { System.alloc_zeroed(layout) }
    }

    /// # Safety
    /// As [`GlobalAlloc::realloc`] says.
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        note(bytes);
        // SAFETY: the caller upholds the contract of this very function, and `pointer` came from the system's allocator.
        unsafe { System.realloc(pointer, layout, bytes) }
    }

    /// # Safety
    /// As [`GlobalAlloc::dealloc`] says.
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller upholds the contract of this very function, and `pointer` came from the system's allocator.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[test]
fn largest_request_is_recorded() {
    let (bytes, list) = largest(|| vec![0_u8; 12_345]);
    assert_eq!(bytes, list.len());
    assert_eq!(largest(|| 1), (0, 1));
}
