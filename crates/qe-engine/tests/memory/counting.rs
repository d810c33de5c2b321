//! An allocator that knows how much is taken, how much was at most, and how often something was asked for.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The system's allocator, counted.
pub(crate) struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// How often this thread asked for memory.
    static ASKED: Cell<usize> = const { Cell::new(0) };
}

/// What is taken is of the whole process: one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

fn take(n: usize) {
    ASKED.with(|asked| asked.set(asked.get() + 1));
    let live = LIVE.fetch_add(n, Ordering::Relaxed) + n;
    PEAK.fetch_max(live, Ordering::Relaxed);
}

#[expect(unsafe_code, reason = "only an allocator sees every allocation; all is handed to the system's")]
// SAFETY: every call goes to the system's allocator as it came; to grow is to allocate and to free, which is the default.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        take(layout.size());
        // SAFETY: the caller keeps the promises that the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(old, layout) }
    }
}

/// The most bytes that were taken at once while something was done, beside those that were taken before.
pub(crate) fn peak_of<T>(what: impl FnOnce() -> T) -> (T, usize) {
    let before = LIVE.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let done = what();
    (done, PEAK.load(Ordering::Relaxed) - before)
}

/// Keeps other tests that count waiting for as long as it is held.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How often this thread asked for memory so far.
pub(crate) fn n_asked() -> usize {
    ASKED.with(Cell::get)
}
