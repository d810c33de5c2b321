//! Where "now" comes from.
//!
//! A result never depends on the wall clock, so nothing in the engine reads one: whoever needs the present (a live
//! loop, the provenance of a run) is handed a [`Clock`]. Tests and replays hand in a [`ManualClock`].

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::time::Timestamp;

/// A source of the present.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

impl<C: Clock + ?Sized> Clock for &C {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}

impl<C: Clock + ?Sized> Clock for Box<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}

/// The clock of the machine. It may step back when the machine is set.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let nanos = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_nanos()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |n| -n),
        };
        Timestamp(nanos)
    }
}

/// A clock that stands still until it is set or advanced. Its clones share one time.
#[derive(Debug, Clone, Default)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// A clock that shows `now`.
    pub fn new(now: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(now.0)))
    }

    /// Sets it, forward or back.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.0, Ordering::SeqCst);
    }

    /// Moves it by so many nanoseconds, and returns the new present. It stops at the ends of time.
    pub fn advance(&self, nanos: i64) -> Timestamp {
        let mut seen = self.0.load(Ordering::SeqCst);
        loop {
            let next = seen.saturating_add(nanos);
            match self.0.compare_exchange_weak(seen, next, Ordering::SeqCst, Ordering::SeqCst) {
                Ok(_) => return Timestamp(next),
                Err(now) => seen = now,
            }
        }
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_when_told_and_clones_share_it() {
        let clock = ManualClock::new(Timestamp(10));
        let other: Box<dyn Clock> = Box::new(clock.clone());
        assert_eq!(other.now(), Timestamp(10));
        assert_eq!(clock.advance(5), Timestamp(15));
        assert_eq!((other.now(), Clock::now(&clock)), (Timestamp(15), Timestamp(15)));
        clock.set(Timestamp(3));
        assert_eq!(other.now(), Timestamp(3));
        clock.advance(i64::MAX);
        assert_eq!(clock.advance(1), Timestamp::MAX);
    }

    #[test]
    fn the_system_clock_shows_this_century() {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        assert!((2024..2200).contains(&clock.now().date_utc().year()));
    }
}
