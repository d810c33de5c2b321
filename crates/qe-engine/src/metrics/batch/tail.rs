//! Value at risk and CVaR by a guess and an exact selection.
//!
//! Mean and deviation say about where the worst twentieth ends. What lies below a cut a little above it is gathered in
//! the order of days; where that is too little, the cut is raised. Among so few days the order statistics are found
//! by selection: they are those of all days, because every day below the cut was gathered.

use qe_core::lanes::keep_below;
use qe_core::stats::quantile_sorted;

use crate::metrics::cvar::{n_tail, of_tail};
use crate::metrics::value_at_risk::{TAIL_FRAC, of_quantile};

/// Deviations below the mean at which the first cut lies, and by how much the next one is higher.
const REACH: f64 = 1.4;
const STEP: f64 = 0.3;
/// Where cuts end, and all days are gathered.
const LAST: f64 = 0.2;

/// Memory that rows share, each part as long as a row and eight more.
#[derive(Debug)]
pub(super) struct Buffers {
    /// Days below the cut, in order.
    below: Vec<f64>,
    /// The same, to be put out of order; then those below the last of the tail.
    order: Vec<f64>,
}

impl Buffers {
    /// For rows of so many days.
    pub(super) fn new(n_days: usize) -> Self {
        Self { below: vec![0.0; n_days + 8], order: vec![0.0; n_days + 8] }
    }
}

/// Value at risk and CVaR of the worst [`TAIL_FRAC`] of finite `daily`.
pub(super) fn losses(
    daily: &[f64],
    mean: f64,
    deviation: f64,
    buffers: &mut Buffers,
) -> Option<(Option<f64>, Option<f64>)> {
    let count = n_tail(daily.len(), TAIL_FRAC)?;
    let wanted = (count + 1).min(daily.len());
    let Buffers { below, order } = buffers;
    let mut reach = REACH;
    let mut n_below = keep_below(daily, mean - reach * deviation, below);
    while n_below < wanted {
        reach -= STEP;
        let cut = if reach > LAST { mean - reach * deviation } else { f64::INFINITY };
        n_below = keep_below(daily, cut, below);
    }
    order[..n_below].copy_from_slice(&below[..n_below]);
    let (_, &mut last, above) = order[..n_below].select_nth_unstable_by(count - 1, f64::total_cmp);
    let next = above.iter().copied().fold(f64::INFINITY, f64::min);
    let next = if above.is_empty() { last } else { next };
    let between = (daily.len() - 1) as f64 * TAIL_FRAC - (count - 1) as f64;
    let at_risk = of_quantile(quantile_sorted(&[last, next], between)?);
    let n_in_tail = keep_below(&below[..n_below], last, order);
    Some((at_risk, of_tail(&order[..n_in_tail], last, count)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{cvar, value_at_risk};

    #[test]
    fn a_guess_that_misses_is_raised() {
        let daily: Vec<f64> = (0..200).map(|i| f64::from((i * 77) % 200) / 1000.0).collect();
        let want = Some((value_at_risk(&daily, TAIL_FRAC), cvar(&daily, TAIL_FRAC)));
        // Cuts far too low, about right, above all days, and of no size.
        for (mean, deviation) in [(-5.0, 0.1), (0.1, 0.06), (9.0, 0.0), (0.0, 0.0), (0.1, 1e300)] {
            assert_eq!(losses(&daily, mean, deviation, &mut Buffers::new(200)), want, "{mean} {deviation}");
        }
    }
}
