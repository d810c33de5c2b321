//! Equity of several runs side by side: its end, and the deepest fall from a peak.
//!
//! A day's equity waits for the day before, so one run leaves the machine idle; several fill it. Within a block of days
//! only the lowest and the highest equity are kept. Where the block made no new peak its deepest fall is that to the
//! lowest (subtraction and division round in order, so the bits are those of comparing every day). Where it did, the
//! fall from the new peak to the lowest bounds it, unless equity was below zero, where a higher peak is a smaller fall;
//! only where that bound may be a record is the block walked day by day.

/// How many runs stand side by side.
pub(super) const WIDTH: usize = 4;
/// How many days make a block.
const BLOCK: usize = 16;
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
#[derive(Debug, Clone, Copy)]
struct Abreast {
    equity: [f64; WIDTH],
    peak: [f64; WIDTH],
    worst: [f64; WIDTH],
}

impl Abreast {
    const START: Self = Self { equity: [1.0; WIDTH], peak: [1.0; WIDTH], worst: [0.0; WIDTH] };

    /// Goes on by a block.
    #[inline(always)]
    #[expect(clippy::needless_range_loop, reason = "day by day over all runs at once: no single row is walked")]
    fn block(&mut self, days: [&[f64; BLOCK]; WIDTH]) {
        let start = *self;
        let (mut lowest, mut highest) = (self.equity, self.equity);
        for day in 0..BLOCK {
            for i in 0..WIDTH {
                self.equity[i] *= 1.0 + days[i][day];
                lowest[i] = if self.equity[i] < lowest[i] { self.equity[i] } else { lowest[i] };
                highest[i] = if self.equity[i] > highest[i] { self.equity[i] } else { highest[i] };
            }
        }
        let mut unclear = [false; WIDTH];
        for i in 0..WIDTH {
            self.peak[i] = greater(highest[i], start.peak[i]);
            let fall = (self.peak[i] - lowest[i]) / self.peak[i];
            self.worst[i] = greater(fall, start.worst[i]);
            unclear[i] = (highest[i] > start.peak[i]) & ((fall * SLACK > start.worst[i]) | (lowest[i] < 0.0));
        }
        if unclear != [false; WIDTH] {
            for i in (0..WIDTH).filter(|i| unclear[*i]) {
                (self.equity[i], self.peak[i], self.worst[i]) = (start.equity[i], start.peak[i], start.worst[i]);
                self.walk(i, days[i]);
            }
        }
    }

    /// One run goes on day by day, as `path::drawdowns` walks.
    #[inline(never)]
    fn walk(&mut self, i: usize, days: &[f64]) {
        for r in days {
            self.equity[i] *= 1.0 + r;
            self.peak[i] = greater(self.equity[i], self.peak[i]);
            self.worst[i] = greater((self.peak[i] - self.equity[i]) / self.peak[i], self.worst[i]);
        }
    }
}

/// The greater of two; the second where the first is NaN.
#[inline(always)]
fn greater(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

/// The paths of up to [`WIDTH`] runs, row after row; what is beyond the last repeats it.
#[inline(never)]
pub(super) fn paths(group: &[f64], n_days: usize) -> [Path; WIDTH] {
    let last = (group.len() / n_days).clamp(1, WIDTH) - 1;
    let rows: [&[f64]; WIDTH] = std::array::from_fn(|i| group.get(i.min(last) * n_days..).unwrap_or_default());
    let rows = rows.map(|row| row[..n_days.min(row.len())].as_chunks::<BLOCK>());
    let mut all = Abreast::START;
    for block in 0..n_days / BLOCK {
        all.block(std::array::from_fn(|i| &rows[i].0[block]));
    }
    for (i, (_, rest)) in rows.into_iter().enumerate() {
        all.walk(i, rest);
    }
    std::array::from_fn(|i| Path { growth: all.equity[i], max_drawdown: all.worst[i] })
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
