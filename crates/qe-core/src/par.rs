//! Parallel loops whose results come back in order. The only file that names rayon.
//!
//! A [`Pool`] runs `f(i)` for `i` in `0..n` on its threads and hands back the results by index, never by time.
//! [`Pool::fold`] cuts at fixed places and reduces in index order, so the number of threads never changes a bit.
//! With one thread no pool exists and everything runs on the caller's thread.
//!
//! A panic in `f` reaches the caller as that panic. Golden numbers: none; the tests compare 1, 2 and 7 threads.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// How many threads to use: `"all"` or `{"n": 4}` on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Threads {
    /// As many as the machine offers.
    #[default]
    All,
    /// This many.
    N(NonZeroUsize),
}

impl Threads {
    /// One thread: everything runs on the caller's.
    pub const ONE: Self = Self::N(NonZeroUsize::MIN);

    /// The number of threads this means on this machine.
    pub fn count(self) -> usize {
        match self {
            Self::All => std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
            Self::N(n) => n.get(),
        }
    }
}

/// More threads than this are a slip of the hand: starting them takes longer than most work.
pub const MAX_THREADS: usize = 1024;

/// A set of threads for parallel loops.
#[derive(Debug)]
pub struct Pool {
    /// `None` for one thread.
    inner: Option<rayon::ThreadPool>,
}

impl Pool {
    /// A pool of this many threads.
    ///
    /// # Errors
    /// [`Error::Invalid`] when they are more than [`MAX_THREADS`], or the operating system does not give them.
    pub fn new(threads: Threads) -> Result<Self> {
        let count = threads.count();
        if count > MAX_THREADS {
            let reason = format!("they are more than {MAX_THREADS}, and would only wait for each other");
            return Err(Error::invalid("threads", count, reason, "ask for as many as the machine has"));
        }
        if count == 1 {
            return Ok(Self::inline());
        }
        rayon::ThreadPoolBuilder::new()
            .num_threads(count)
            .thread_name(|i| format!("qe-{i}"))
            .build()
            .map(|pool| Self { inner: Some(pool) })
            .map_err(|e| Error::invalid("threads", count, e.to_string(), "ask for fewer threads"))
    }

    /// The pool of one thread, the caller's.
    pub fn inline() -> Self {
        Self { inner: None }
    }

    /// How many threads work.
    pub fn threads(&self) -> usize {
        self.inner.as_ref().map_or(1, rayon::ThreadPool::current_num_threads)
    }

    /// `f(0), f(1), ..., f(n - 1)`, in this order.
    pub fn map<T: Send>(&self, n: usize, f: impl Fn(usize) -> T + Sync) -> Vec<T> {
        match &self.inner {
            None => (0..n).map(f).collect(),
            Some(pool) => pool.install(|| (0..n).into_par_iter().map(&f).collect()),
        }
    }

    /// `f` of each item, in order.
    pub fn map_slice<I: Sync, T: Send>(&self, items: &[I], f: impl Fn(&I) -> T + Sync) -> Vec<T> {
        self.map(items.len(), |i| f(&items[i]))
    }

    /// `f` of each index and its item, in order; each item may be changed by its own call.
    pub fn map_mut<I: Send, T: Send>(&self, items: &mut [I], f: impl Fn(usize, &mut I) -> T + Sync) -> Vec<T> {
        match &self.inner {
            None => items.iter_mut().enumerate().map(|(i, item)| f(i, item)).collect(),
            Some(pool) => pool.install(|| items.par_iter_mut().enumerate().map(|(i, item)| f(i, item)).collect()),
        }
    }

    /// `f(0), ..., f(n - 1)`, or the error of the lowest index that fails.
    ///
    /// Items above a known failure may be left out; those below it always run.
    ///
    /// # Errors
    /// The error of the lowest failing index.
    pub fn try_map<T: Send, E: Send>(
        &self,
        n: usize,
        f: impl Fn(usize) -> std::result::Result<T, E> + Sync,
    ) -> std::result::Result<Vec<T>, E> {
        let Some(_) = &self.inner else {
            return (0..n).map(f).collect();
        };
        let failed = AtomicUsize::new(usize::MAX);
        let results = self.map(n, |i| {
            if i > failed.load(Ordering::Relaxed) {
                return None;
            }
            let result = f(i);
            if result.is_err() {
                failed.fetch_min(i, Ordering::Relaxed);
            }
            Some(result)
        });
        // The lowest failure stands before anything that was left out.
        results.into_iter().flatten().collect()
    }

    /// Reduces `0..n`: each chunk of `chunk_len` starts from `init()` and takes in its indices by `map`; the chunks
    /// are joined by `reduce` from the first to the last. `init()` alone when `n` is 0; a `chunk_len` of 0 means 1.
    pub fn fold<A: Send>(
        &self,
        n: usize,
        chunk_len: usize,
        init: impl Fn() -> A + Sync,
        map: impl Fn(&mut A, usize) + Sync,
        reduce: impl FnMut(A, A) -> A,
    ) -> A {
        let chunk_len = chunk_len.max(1);
        let parts = self.map(n.div_ceil(chunk_len), |chunk| {
            let start = chunk * chunk_len;
            let mut acc = init();
            (start..n.min(start.saturating_add(chunk_len))).for_each(|i| map(&mut acc, i));
            acc
        });
        parts.into_iter().reduce(reduce).unwrap_or_else(init)
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::rng::Stream;

    fn pools() -> [Pool; 3] {
        [1, 2, 7].map(|n| Pool::new(Threads::N(NonZeroUsize::new(n).unwrap())).unwrap())
    }

    /// A calculation whose last bits hang on every step.
    fn walk(id: usize) -> f64 {
        let mut stream = Stream::new(7, "walk", id as u64);
        (0..200 + id % 50).fold(1.0, |level, _| level * (1.0 + 0.01 * stream.normal()))
    }

    #[test]
    fn one_two_and_seven_threads_give_the_same_bytes() {
        let bits = |v: Vec<f64>| v.into_iter().map(f64::to_bits).collect::<Vec<_>>();
        let mapped = pools().map(|p| bits(p.map(300, walk)));
        assert!(mapped[0] == mapped[1] && mapped[1] == mapped[2]);
        let folded = pools().map(|p| p.fold(1001, 64, || 0.0, |a, i| *a += walk(i), |a, b| a + b).to_bits());
        assert!(folded[0] == folded[1] && folded[1] == folded[2]);
        assert_eq!(pools().map(|p| p.threads()), [1, 2, 7]);
    }

    #[test]
    fn results_come_in_order() {
        for pool in pools() {
            assert_eq!(pool.map(100, |i| i), (0..100).collect::<Vec<_>>());
            assert_eq!(pool.map_slice(&["a", "bc"], |s| s.len()), [1, 2]);
            let mut words = ["a", "bc", "def"].map(str::to_owned);
            assert_eq!(pool.map_mut(&mut words, |i, w| std::mem::replace(w, i.to_string())), ["a", "bc", "def"]);
            assert_eq!(words, ["0", "1", "2"]);
            let order = pool.fold(10, 3, Vec::new, |v, i| v.push(i), |a, b| [a, b].concat());
            assert_eq!(order, (0..10).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_first_error_by_index_wins_however_late_it_comes() {
        for pool in pools() {
            let late = AtomicUsize::new(0);
            let result: std::result::Result<Vec<usize>, usize> = pool.try_map(64, |i| {
                // The first item lets a later one fail before it, where there is another thread.
                let mut patience = if i == 0 && pool.threads() > 1 { 1_000_000 } else { 0 };
                while late.load(Ordering::SeqCst) == 0 && patience > 0 {
                    std::thread::yield_now();
                    patience -= 1;
                }
                late.fetch_add(usize::from(i > 31), Ordering::SeqCst);
                if i == 5 || i > 31 { Err(i) } else { Ok(i) }
            });
            assert_eq!(result, Err(5));
            assert_eq!(pool.try_map(64, Ok::<_, ()>), Ok((0..64).collect()));
        }
    }

    #[test]
    fn a_panic_in_a_worker_reaches_the_caller() {
        for pool in pools() {
            let caught = catch_unwind(AssertUnwindSafe(|| pool.map(50, |i| assert!(i != 33, "item {i} is bad"))));
            let payload = caught.unwrap_err();
            assert_eq!(payload.downcast_ref::<String>().unwrap(), "item 33 is bad");
            assert_eq!(pool.map(3, |i| i), [0, 1, 2]);
        }
    }

    #[test]
    fn nothing_to_do_works() {
        for pool in pools() {
            assert_eq!(pool.map(0, |i| i), Vec::<usize>::new());
            assert_eq!(pool.try_map(0, Err::<(), _>), Ok::<_, usize>(vec![]));
            assert_eq!(pool.fold(0, 8, || 3, |a, _| *a += 1, |a, b| a + b), 3);
            assert_eq!(pool.fold(2, 0, || 3, |a, _| *a += 1, |a, b| a + b), 8);
        }
    }

    #[test]
    fn threads_read_and_write() {
        let four = Threads::N(NonZeroUsize::new(4).unwrap());
        assert_eq!(serde_json::to_string(&[Threads::All, four]).unwrap(), r#"["all",{"n":4}]"#);
        assert_eq!(serde_json::from_str::<Threads>(r#"{"n":4}"#).unwrap(), four);
        assert!(serde_json::from_str::<Threads>(r#"{"n":0}"#).is_err());
    }
}
