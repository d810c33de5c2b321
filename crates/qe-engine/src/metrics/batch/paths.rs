//! Equity of several runs side by side: its end, and the deepest fall from a peak.
//!
//! A day's equity waits for the day before, so one run leaves the machine idle; several fill it. Within a block of days
//! only the lowest and the highest equity are kept. Where the block made no new peak its deepest fall is that to the
//! lowest (subtraction and division round in order, so the bits are those of comparing every day). Where it did, the
//! fall from the new peak to the lowest bounds it, unless equity was below zero, where a higher peak is a smaller fall;
//! only where that bound may be a record is the block walked day by day.

use qe_core::lanes::{Eight, EightLoops, eights};

/// How many runs stand side by side.
pub(super) const WIDTH: usize = 8;
/// How many days make a block, and how many eights of them.
const BLOCK: usize = 8 * EIGHTS;
const EIGHTS: usize = 2;
/// The bound and what it bounds round apart by less.
const SLACK: f64 = 1.0 + 8.0 * f64::EPSILON;

/// What a run's equity came to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Path {
    /// What 1 became; not finite where a return is not.
    pub(super) growth: f64,
    /// The deepest drawdown, where `growth` is finite.
    pub(super) max_drawdown: f64,
}

/// Runs on their way, side by side.
#[derive(Clone, Copy)]
struct Abreast<V> {
    equity: V,
    peak: V,
    worst: V,
}

impl<V: Eight> Abreast<V> {
    /// Goes on by a block.
    #[inline(always)]
    #[expect(clippy::needless_range_loop, reason = "eight days over all runs at once: no single row is walked")]
    fn block(&mut self, days: [&[[f64; 8]; EIGHTS]; WIDTH]) {
        let start = *self;
        let (mut lowest, mut highest) = (self.equity, self.equity);
        for part in 0..EIGHTS {
            let mut rows = [V::all(0.0); WIDTH];
            for i in 0..WIDTH {
                rows[i] = V::of(&days[i][part]);
            }
            for r in V::transposed(rows) {
                self.equity = self.equity.times(V::all(1.0).plus(r));
                lowest = self.equity.smaller(lowest);
                highest = self.equity.greater(highest);
            }
        }
        self.peak = highest.greater(start.peak);
        let fall = self.peak.minus(lowest).over(self.peak);
        self.worst = fall.greater(start.worst);
        let may_be_record = start.worst.below(fall.times(V::all(SLACK))) | lowest.below(V::all(0.0));
        let unclear = start.peak.below(highest) & may_be_record;
        if unclear != 0 {
            *self = walked(*self, start, unclear, days);
        }
    }
}

/// What stands `after` a block, with those runs that are `unclear` sent through it day by day from its `start`.
#[inline(always)]
fn walked<V: Eight>(
    after: Abreast<V>,
    start: Abreast<V>,
    unclear: u8,
    days: [&[[f64; 8]; EIGHTS]; WIDTH],
) -> Abreast<V> {
    let mut worst = after.worst.numbers();
    let (equity, peak, before) = (start.equity.numbers(), start.peak.numbers(), start.worst.numbers());
    for i in (0..WIDTH).filter(|i| unclear >> i & 1 == 1) {
        // Equity and peak are right as they are.
        worst[i] = walk([equity[i], peak[i], before[i]], days[i].as_flattened())[2];
    }
    Abreast { worst: V::of(&worst), ..after }
}

/// One run's equity, peak and deepest fall go on day by day, as `path::drawdowns` walks.
#[inline(never)]
fn walk([mut equity, mut peak, mut worst]: [f64; 3], days: &[f64]) -> [f64; 3] {
    for r in days {
        equity *= 1.0 + r;
        peak = greater(equity, peak);
        worst = greater((peak - equity) / peak, worst);
    }
    [equity, peak, worst]
}

/// The greater of two; the second where the first is NaN.
#[inline(always)]
fn greater(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

/// The paths of up to [`WIDTH`] runs, row after row; what is beyond the last repeats it.
pub(super) fn paths(group: &[f64], n_days: usize) -> [Path; WIDTH] {
    eights(Paths { group, n_days })
}

struct Paths<'a> {
    group: &'a [f64],
    n_days: usize,
}

impl EightLoops for Paths<'_> {
    type Out = [Path; WIDTH];

    #[inline(always)]
    fn run<V: Eight>(self) -> [Path; WIDTH] {
        let Self { group, n_days } = self;
        let last = (group.len() / n_days).clamp(1, WIDTH) - 1;
        let mut blocks: [&[[[f64; 8]; EIGHTS]]; WIDTH] = [&[]; WIDTH];
        let mut rests: [&[f64]; WIDTH] = [&[]; WIDTH];
        for i in 0..WIDTH {
            let row = &group[i.min(last) * n_days..(i.min(last) + 1) * n_days];
            blocks[i] = row.as_chunks::<8>().0.as_chunks::<EIGHTS>().0;
            rests[i] = &row[n_days / BLOCK * BLOCK..];
        }
        let mut all = Abreast { equity: V::all(1.0), peak: V::all(1.0), worst: V::all(0.0) };
        for block in 0..n_days / BLOCK {
            all.block(blocks.map(|row| &row[block]));
        }
        let (equity, peak, worst) = (all.equity.numbers(), all.peak.numbers(), all.worst.numbers());
        std::array::from_fn(|i| {
            let [growth, _, max_drawdown] = walk([equity[i], peak[i], worst[i]], rests[i]);
            Path { growth, max_drawdown }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::path;

    #[test]
    fn a_peak_and_a_fall_in_one_block_are_told_apart() {
        // The lowest comes before the peak: no fall of that size. Then after it.
        for (low, high, rest) in [(3, 9, 12), (9, 3, 12), (0, 15, 3), (17, 20, 30), (20, 17, 30)] {
            let mut daily = vec![0.0; 40];
            (daily[low], daily[high], daily[rest]) = (-0.4, 2.0, -0.1);
            let group = [daily.clone(), vec![0.01; 40]].concat();
            let [got, calm, ..] = paths(&group, 40);
            let want = path::drawdowns(&daily).fold(0.0, f64::max);
            assert_eq!((got.max_drawdown, Some(got.growth)), (want, path::growth(&daily)), "{low} {high} {rest}");
            assert_eq!(calm.max_drawdown, 0.0);
        }
    }

    #[test]
    fn below_zero_a_higher_peak_is_a_smaller_fall() {
        // Equity -0.375, 0.75, 1.5: a fall of 1.375. In the next block -0.75, 3: a fall of 1.5 from the peak of its
        // day, of 1.25 from the one after it.
        let mut daily = [0.0; 32];
        daily[..3].copy_from_slice(&[-1.375, -3.0, 1.0]);
        daily[16..18].copy_from_slice(&[-1.5, -5.0]);
        assert_eq!(paths(&daily, 32)[0].max_drawdown, 1.5);
    }
}
