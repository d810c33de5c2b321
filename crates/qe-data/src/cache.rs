//! Prepared data kept in memory, within a budget of bytes.
//!
//! What is asked for by one [`CacheKey`] is made once: threads that ask while it is being made wait for it and share
//! it. A failure goes to all who wait, and is not kept, so the next one who asks tries again. When the budget is
//! exceeded, what was used longest ago goes first; whoever still holds it keeps it. A value larger than the budget is
//! handed out and not kept.
//!
//! The time of last use is a counter and no clock. A maker must not ask its own cache for the key it is making: that
//! is an error when it happens on the same thread, and would wait for ever across threads. For the same reason a maker
//! must not wait for other threads that ask for its key; load before a parallel loop, not inside.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use qe_core::bars::Bars;
use qe_core::ident::Id;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// What prepared data are known by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheKey {
    /// The data that it was made from.
    pub data: Id,
    /// Whose: a symbol, or the name of a universe.
    pub symbol: String,
    /// How long a row is: `1m`.
    pub frequency: String,
    /// What else was done: adjustment, hours, columns.
    pub variant: String,
}

impl fmt::Display for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.data.short(), self.symbol, self.frequency)?;
        if self.variant.is_empty() { Ok(()) } else { write!(f, " {}", self.variant) }
    }
}

/// How large a value is in memory.
pub trait Weigh {
    /// Its bytes, as far as they are its own.
    fn n_bytes(&self) -> usize;
}

impl Weigh for Bars {
    fn n_bytes(&self) -> usize {
        self.columns().n_bytes()
    }
}

impl Weigh for qe_core::columns::Columns {
    fn n_bytes(&self) -> usize {
        self.n_bytes()
    }
}

impl<T> Weigh for Vec<T> {
    fn n_bytes(&self) -> usize {
        size_of_val(self.as_slice())
    }
}

/// What a cache has done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheStats {
    /// Values that were there.
    pub hits: u64,
    /// Values that another thread was making.
    pub waits: u64,
    /// Values that had to be made.
    pub misses: u64,
    /// Makings that failed.
    pub failures: u64,
    /// Values that were let go to make room.
    pub evictions: u64,
    /// Values larger than the budget, handed out and not kept.
    pub oversized: u64,
    /// Values kept now.
    pub n_entries: u64,
    /// Bytes kept now.
    pub n_bytes: u64,
}

/// A cache with a budget.
pub struct Cache<T> {
    budget: usize,
    inner: Mutex<Inner<T>>,
}

struct Inner<T> {
    slots: BTreeMap<CacheKey, Slot<T>>,
    /// The keys of values, by time of last use.
    by_use: BTreeMap<u64, CacheKey>,
    uses: u64,
    n_bytes: usize,
    stats: CacheStats,
}

enum Slot<T> {
    Making(Arc<Flight<T>>),
    Kept { value: Arc<T>, n_bytes: usize, used: u64 },
}

/// A value that one thread makes and others wait for.
struct Flight<T> {
    maker: ThreadId,
    outcome: Mutex<Option<Result<Arc<T>>>>,
    landed: Condvar,
}

/// The lock, whether or not a thread has panicked while holding it: nothing is half done under it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T> Cache<T> {
    /// An empty cache that keeps at most so many bytes.
    pub fn new(budget: usize) -> Self {
        let inner = Inner {
            slots: BTreeMap::new(),
            by_use: BTreeMap::new(),
            uses: 0,
            n_bytes: 0,
            stats: CacheStats::default(),
        };
        Self { budget, inner: Mutex::new(inner) }
    }

    /// The most bytes that it keeps.
    pub fn budget(&self) -> usize {
        self.budget
    }

    /// What it has done so far.
    pub fn stats(&self) -> CacheStats {
        let inner = lock(&self.inner);
        let n_entries = inner.by_use.len() as u64;
        CacheStats { n_entries, n_bytes: inner.n_bytes as u64, ..inner.stats }
    }

    /// Lets all values go. Those being made are kept when they are done.
    pub fn clear(&self) {
        let mut inner = lock(&self.inner);
        inner.slots.retain(|_, slot| matches!(slot, Slot::Making(_)));
        inner.by_use.clear();
        inner.n_bytes = 0;
    }
}

impl<T: Weigh> Cache<T> {
    /// The value of a key if it is there.
    pub fn get(&self, key: &CacheKey) -> Option<Arc<T>> {
        let mut inner = lock(&self.inner);
        let found = inner.touch(key);
        inner.stats.hits += u64::from(found.is_some());
        found
    }

    /// The value of a key, made by `make` if it is not there.
    ///
    /// # Errors
    /// What `make` fails with, here and in every thread that waited for it; and when `make` asks for its own key.
    pub fn get_or_make(&self, key: &CacheKey, make: impl FnOnce() -> Result<T>) -> Result<Arc<T>> {
        let flight = {
            let mut inner = lock(&self.inner);
            if let Some(value) = inner.touch(key) {
                inner.stats.hits += 1;
                return Ok(value);
            }
            if let Some(Slot::Making(flight)) = inner.slots.get(key) {
                let flight = Arc::clone(flight);
                inner.stats.waits += 1;
                drop(inner);
                return flight.wait(key);
            }
            inner.stats.misses += 1;
            let (maker, outcome) = (thread::current().id(), Mutex::new(None));
            let flight = Arc::new(Flight { maker, outcome, landed: Condvar::new() });
            inner.slots.insert(key.clone(), Slot::Making(Arc::clone(&flight)));
            flight
        };
        // Lands the flight as failed if `make` panics, so that nobody waits for ever.
        let mut landing = Landing { cache: self, key, flight: &flight, done: false };
        let outcome = make().map(Arc::new);
        landing.land(outcome.clone());
        outcome
    }

    /// Puts a value in the place of its flight, and makes room.
    fn settle(&self, key: &CacheKey, outcome: &Result<Arc<T>>) {
        let n_bytes = outcome.as_ref().map(|value| value.n_bytes()).unwrap_or(0);
        let mut inner = lock(&self.inner);
        let inner = &mut *inner;
        inner.slots.remove(key);
        match outcome {
            Err(_) => inner.stats.failures += 1,
            Ok(_) if n_bytes > self.budget => inner.stats.oversized += 1,
            Ok(value) => {
                inner.make_room(self.budget - n_bytes);
                inner.uses += 1;
                inner.n_bytes += n_bytes;
                inner.by_use.insert(inner.uses, key.clone());
                let slot = Slot::Kept { value: Arc::clone(value), n_bytes, used: inner.uses };
                inner.slots.insert(key.clone(), slot);
            }
        }
    }
}

impl<T> Inner<T> {
    /// The value of a key if it is there, as the one used last.
    fn touch(&mut self, key: &CacheKey) -> Option<Arc<T>> {
        let Some(Slot::Kept { value, used, .. }) = self.slots.get_mut(key) else { return None };
        self.uses += 1;
        if let Some(key) = self.by_use.remove(used) {
            self.by_use.insert(self.uses, key);
        }
        *used = self.uses;
        Some(Arc::clone(value))
    }

    /// Lets values go until at most so many bytes are kept.
    fn make_room(&mut self, limit: usize) {
        while self.n_bytes > limit {
            let Some((_, key)) = self.by_use.pop_first() else { break };
            if let Some(Slot::Kept { n_bytes, .. }) = self.slots.remove(&key) {
                self.n_bytes -= n_bytes;
                self.stats.evictions += 1;
            }
        }
    }
}

impl<T> Flight<T> {
    /// Waits for what another thread makes.
    fn wait(&self, key: &CacheKey) -> Result<Arc<T>> {
        if self.maker == thread::current().id() {
            return Err(Error::refused(
                format!("cache entry {key}"),
                "what makes it asks for it itself",
                "give the parts of a value another variant than the whole",
            ));
        }
        let mut outcome = lock(&self.outcome);
        loop {
            match &*outcome {
                Some(outcome) => return outcome.clone(),
                None => outcome = self.landed.wait(outcome).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

/// Tells the waiting threads how a making ended, by a panic if nothing else.
struct Landing<'a, T: Weigh> {
    cache: &'a Cache<T>,
    key: &'a CacheKey,
    flight: &'a Flight<T>,
    done: bool,
}

impl<T: Weigh> Landing<'_, T> {
    fn land(&mut self, outcome: Result<Arc<T>>) {
        self.done = true;
        self.cache.settle(self.key, &outcome);
        *lock(&self.flight.outcome) = Some(outcome);
        self.flight.landed.notify_all();
    }
}

impl<T: Weigh> Drop for Landing<'_, T> {
    fn drop(&mut self) {
        if !self.done {
            let place = format!("cache entry {}", self.key);
            self.land(Err(Error::refused(place, "what makes it panicked", "look at the first panic of this run")));
        }
    }
}

impl<T> fmt::Debug for Cache<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("budget", &self.budget).field("stats", &self.stats()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn key(symbol: &str) -> CacheKey {
        CacheKey { data: Id([7; 32]), symbol: symbol.into(), frequency: "1m".into(), variant: String::new() }
    }

    fn bytes(n: usize) -> Result<Vec<u8>> {
        Ok(vec![0; n])
    }

    fn never() -> Result<Vec<u8>> {
        Err(Error::refused("test", "this must not be made", "fix the test"))
    }

    #[test]
    fn what_was_used_longest_ago_goes_first() {
        let cache = Cache::new(100);
        for symbol in ["a", "b"] {
            cache.get_or_make(&key(symbol), || bytes(40)).unwrap();
        }
        let held = cache.get(&key("b")).unwrap();
        cache.get_or_make(&key("a"), never).unwrap();
        cache.get_or_make(&key("c"), || bytes(40)).unwrap();
        assert!(cache.get(&key("b")).is_none(), "b was used before a");
        assert_eq!(held.len(), 40, "who holds it keeps it");
        assert!(cache.get(&key("a")).is_some() && cache.get(&key("c")).is_some());
        let s = cache.stats();
        assert_eq!((s.hits, s.misses, s.evictions, s.n_entries, s.n_bytes), (4, 3, 1, 2, 80));
        cache.clear();
        assert_eq!((cache.stats().n_entries, cache.stats().n_bytes), (0, 0));
        assert!(cache.get(&key("a")).is_none());
    }

    #[test]
    fn a_value_larger_than_the_budget_is_handed_out_and_not_kept() {
        let cache = Cache::new(100);
        cache.get_or_make(&key("a"), || bytes(60)).unwrap();
        assert_eq!(cache.get_or_make(&key("big"), || bytes(101)).unwrap().len(), 101);
        assert!(cache.get(&key("big")).is_none());
        assert!(cache.get(&key("a")).is_some(), "and nothing goes for it");
        assert_eq!((cache.stats().oversized, cache.stats().evictions), (1, 0));
        assert_eq!(cache.get_or_make(&key("all"), || bytes(100)).unwrap().len(), 100);
        assert_eq!((cache.stats().evictions, cache.stats().n_bytes), (1, 100));
        let none = Cache::new(0);
        assert!(none.get_or_make(&key("a"), || bytes(1)).is_ok() && none.stats().n_entries == 0);
    }

    #[test]
    fn a_failure_is_not_kept_and_a_panic_is_a_failure() {
        let cache = Cache::new(100);
        assert!(cache.get_or_make(&key("a"), never).is_err());
        assert_eq!(cache.get_or_make(&key("a"), || bytes(3)).unwrap().len(), 3);
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            cache.get_or_make(&key("b"), || -> Result<Vec<u8>> { std::panic::resume_unwind(Box::new("no")) })
        }));
        assert!(panicked.is_err());
        assert_eq!(cache.get_or_make(&key("b"), || bytes(4)).unwrap().len(), 4);
        assert_eq!(cache.stats().failures, 2);
    }

    #[test]
    fn a_maker_may_ask_for_other_keys_but_not_for_its_own() {
        let cache = Cache::new(100);
        let inner = || cache.get_or_make(&key("part"), || bytes(5)).map(|part| part.to_vec());
        assert_eq!(cache.get_or_make(&key("whole"), inner).unwrap().len(), 5);
        let own = || cache.get_or_make(&key("x"), || bytes(5)).map(|v| v.to_vec());
        let said = cache.get_or_make(&key("x"), own).unwrap_err().to_string();
        assert!(said.contains("asks for it itself") && said.contains(" x 1m"), "{said}");
    }

    #[test]
    fn threads_that_ask_together_make_it_once() {
        for n in [1, 2, 7] {
            let cache = Cache::new(1000);
            let (made, barrier) = (AtomicUsize::new(0), Barrier::new(n));
            let values: Vec<Arc<Vec<u8>>> = thread::scope(|scope| {
                let ask = || {
                    barrier.wait();
                    cache.get_or_make(&key("a"), || {
                        made.fetch_add(1, Ordering::SeqCst);
                        // Until everybody else waits, or has nobody left to wait for.
                        while cache.stats().waits + 1 < n as u64 {
                            thread::yield_now();
                        }
                        bytes(10)
                    })
                };
                let threads: Vec<_> = (0..n).map(|_| scope.spawn(ask)).collect();
                threads.into_iter().map(|t| t.join().unwrap().unwrap()).collect()
            });
            assert_eq!(made.load(Ordering::SeqCst), 1, "{n} threads");
            assert!(values.iter().all(|v| Arc::ptr_eq(v, &values[0])));
            let s = cache.stats();
            assert_eq!((s.misses, s.waits, s.hits), (1, n as u64 - 1, 0));
        }
    }

    #[test]
    fn a_failure_goes_to_all_who_wait_whether_error_or_panic() {
        for panics in [false, true] {
            let n = 7;
            let cache = Cache::<Vec<u8>>::new(1000);
            let ask = || {
                cache.get_or_make(&key("a"), || {
                    while cache.stats().waits + 1 < n {
                        thread::yield_now();
                    }
                    if panics { std::panic::resume_unwind(Box::new("no")) } else { never() }
                })
            };
            let failed = thread::scope(|scope| {
                let threads: Vec<_> = (0..n).map(|_| scope.spawn(ask)).collect();
                threads.into_iter().map(|t| t.join()).filter(|r| !matches!(r, Ok(Ok(_)))).count()
            });
            assert_eq!(failed as u64, n);
            assert_eq!((cache.stats().failures, cache.stats().n_entries), (1, 0));
            assert!(cache.get_or_make(&key("a"), || bytes(1)).is_ok());
        }
    }

    #[test]
    fn many_threads_and_keys_stay_within_the_budget() {
        for n in [1, 2, 7] {
            let cache = Cache::new(50);
            thread::scope(|scope| {
                for t in 0..n {
                    let cache = &cache;
                    scope.spawn(move || {
                        for i in 0..300_usize {
                            let k = (i * 7 + t * 3) % 11;
                            let value = cache.get_or_make(&key(&k.to_string()), || bytes(k * 2)).unwrap();
                            assert_eq!(value.len(), k * 2);
                            assert!(cache.stats().n_bytes <= 50);
                        }
                    });
                }
            });
            let s = cache.stats();
            assert_eq!(s.hits + s.waits + s.misses, 300 * n as u64);
            assert_eq!(s.misses, s.evictions + s.n_entries, "what was made was kept or let go");
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_list_in_order_of_use(
            asks in proptest::collection::vec((0usize..8, 1usize..40), 0..60), budget in 0usize..100,
        ) {
            let cache = Cache::new(budget);
            let mut list: Vec<(usize, usize)> = Vec::new();
            let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
            for (k, size) in asks {
                let size = *sizes.entry(k).or_insert(size);
                let before = cache.stats().hits;
                cache.get_or_make(&key(&k.to_string()), || bytes(size)).unwrap();
                let place = list.iter().position(|e| e.0 == k);
                prop_assert_eq!(cache.stats().hits - before, u64::from(place.is_some()));
                if let Some(at) = place {
                    let entry = list.remove(at);
                    list.push(entry);
                } else if size <= budget {
                    while list.iter().map(|e| e.1).sum::<usize>() + size > budget {
                        list.remove(0);
                    }
                    list.push((k, size));
                }
                prop_assert_eq!(cache.stats().n_bytes as usize, list.iter().map(|e| e.1).sum::<usize>());
            }
        }
    }
}
