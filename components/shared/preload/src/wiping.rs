//! The allocator of a component: the system's, which wipes what is freed while a snapshot is being prepared.
//!
//! Loading a model frees several times what it keeps. A snapshot holds every byte that is not zero, so without this the garbage would
//! be in it (402 instead of 211 MB for a recogniser and a detector, measured). At any other time it only passes calls on.
//!
//! When the preparation ends, libc is made to forget the environment: it asks its host once and keeps the answer, and the answer of a
//! build tool is not that of a host.
#![expect(
    unsafe_code,
    reason = "an allocator is unsafe by nature; everything is passed on to the system's. libc is called for what std does not offer"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};

static WIPING: AtomicBool = AtomicBool::new(false);

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

struct Allocator;

unsafe extern "C" {
    /// Of wasi-libc, made for snapshots.
    fn __wasilibc_deinitialize_environ();
}

/// While it lives, freed memory is wiped. There is one at a time: a component has one thread.
pub(crate) struct Wiping(());

impl Wiping {
    pub(crate) fn start() -> Self {
        WIPING.store(true, Ordering::Relaxed);
        Self(())
    }
}

impl Drop for Wiping {
    fn drop(&mut self) {
        // SAFETY: there is one thread, so nobody holds a pointer into the environment; the next to look at it asks the host.
        unsafe { __wasilibc_deinitialize_environ() };
        WIPING.store(false, Ordering::Relaxed);
    }
}

// SAFETY: every block comes from `System` with the caller's layout and goes back to it with the same. Wiping writes only to a block
// that the caller has just given up, within its layout.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if WIPING.load(Ordering::Relaxed) {
            unsafe { block.write_bytes(0, layout.size()) };
            // Nobody reads it again, so without this the compiler would leave the writing out.
            black_box(block);
        }
        unsafe { System.dealloc(block, layout) };
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if !WIPING.load(Ordering::Relaxed) {
            return unsafe { System.realloc(block, layout, size) };
        }
        // The system's would move the block and leave its old place as it was.
        let Ok(wanted) = Layout::from_size_align(size, layout.align()) else {
            return std::ptr::null_mut();
        };
        let moved = unsafe { self.alloc(wanted) };
        if !moved.is_null() {
            let kept = layout.size().min(size);
            unsafe {
                std::ptr::copy_nonoverlapping(block, moved, kept);
                self.dealloc(block, layout);
            }
        }
        moved
    }
}
