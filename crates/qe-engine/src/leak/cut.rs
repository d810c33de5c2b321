//! Where a market is cut: spread over its rows, right before and after what was done, at the ends of sessions, in warm-up.

use std::fmt;

use qe_core::rng::Stream;
use qe_core::time::Timestamp;

use super::{LeakOptions, Told};
use crate::fills::At;
use crate::market::Market;

/// An instant up to which all is known, and after which nothing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cut {
    /// The instant: bars that are complete by then are known.
    pub time: i64,
    /// Whether prices of bars that open at this very instant are known, too.
    pub with_opens: bool,
}

impl Cut {
    /// After the bars that are complete at a time.
    pub fn at_close(time: i64) -> Self {
        Self { time, with_opens: false }
    }

    /// After the opening prices of a time.
    pub fn at_open(time: i64) -> Self {
        Self { time, with_opens: true }
    }

    /// Whether what became known at a time, with opening prices or complete bars, is known.
    pub fn knows(self, time: i64, at: At) -> bool {
        match at {
            At::Close => time <= self.time,
            At::Open => time < self.time || (time == self.time && self.with_opens),
        }
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.with_opens { "the open at" } else { "what was complete at" };
        write!(f, "{what} {}", Timestamp(self.time))
    }
}

/// The cuts of some markets, ascending: by the rows of the first of them, and what was done.
pub(super) fn cuts(markets: &[Market], whole: &Told, options: &LeakOptions) -> Vec<Cut> {
    let Some(market) = markets.first() else { return Vec::new() };
    let axis = market.columns().axis();
    let (open, known, n) = (axis.open(), axis.available(), market.len());
    let mut cuts = Vec::new();
    let mut stream = Stream::new(options.seed, "leak cuts", 0);
    // Spread over all rows, one in each part.
    for i in 0..options.n_cuts {
        let part = n * i / options.n_cuts..n * (i + 1) / options.n_cuts;
        if !part.is_empty() {
            let row = part.start + stream.below(part.len() as u64) as usize;
            cuts.push(if i % 2 == 0 { Cut::at_close(known[row]) } else { Cut::at_open(open[row]) });
        }
    }
    // Before and after what was done: with the bar before it, at its open, when it was done, at its bar's close.
    let n_first = options.n_acts.div_ceil(2);
    let middle = whole.acts.len() / 2;
    let some = whole.acts.iter().take(n_first).chain(whole.acts.iter().skip(middle.max(n_first)));
    for act in some.take(options.n_acts) {
        let row = known.partition_point(|t| *t < act.time).min(n - 1);
        // That of a fill at an open is the bar that opens then.
        let row = if act.at == At::Open { open.partition_point(|t| *t < act.time).min(n - 1) } else { row };
        cuts.extend(row.checked_sub(1).map(|before| Cut::at_close(known[before])));
        cuts.extend([Cut::at_open(open[row]), Cut::at_close(act.time), Cut::at_close(known[row])]);
    }
    // Around the ends of two sessions: of the first that has something done in it, and of one in the middle.
    let first = whole.acts.first().map_or(0, |act| known.partition_point(|t| *t < act.time).min(n - 1));
    for row in [first, n / 2] {
        let last = market.day_end().get(market.day()[row] as usize).map_or(n - 1, |end| *end as usize);
        cuts.extend(last.checked_sub(1).map(|before| Cut::at_close(known[before])));
        cuts.push(Cut::at_close(known[last]));
        cuts.extend(open.get(last + 1).map(|open| Cut::at_open(*open)));
    }
    // Before anything was done.
    cuts.extend([Cut::at_close(known[0]), Cut::at_close(known[first / 2])]);
    // One that knows no row leaves nothing to compare, and one that knows all leaves nothing to tamper with.
    cuts.retain(|cut| known[0] <= cut.time && cut.time < known[n - 1]);
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}
