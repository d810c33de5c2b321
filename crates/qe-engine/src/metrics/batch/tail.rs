//! Value at risk and CVaR by a guess and an exact selection.
//!
//! Mean and deviation say about where the worst twentieth ends. What lies below a cut a little above it is gathered in
//! the order of days; where that is too little, the cut is raised. Among so few days the order statistics are found
//! by selection: they are those of all days, because every day below the cut was gathered.

use qe_core::stats::quantile_sorted;

use crate::metrics::cvar::{n_tail, of_tail};
use crate::metrics::value_at_risk::{TAIL_FRAC, of_quantile};

/// Deviations below the mean at which the first cut lies, and by how much the next one is higher.
const REACH: f64 = 1.4;
const STEP: f64 = 0.3;
/// Where cuts end, and all days are gathered.
const LAST: f64 = 0.2;

/// Days that are looked at together.
const GROUP: usize = 4;

/// Memory that rows share.
#[derive(Debug)]
pub(super) struct Buffers {
    /// Groups that hold a day below the cut.
    groups: Vec<usize>,
    /// Days below the cut, in order.
    below: Vec<f64>,
    /// The same, to be put out of order.
    order: Vec<f64>,
}

impl Buffers {
    /// For rows of so many days.
    pub(super) fn new(n_days: usize) -> Self {
        Self { groups: vec![0; n_days / GROUP + 1], below: vec![0.0; n_days + 1], order: Vec::with_capacity(n_days) }
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
    let mut reach = REACH;
    let mut gathered = gather(daily, mean - reach * deviation, buffers);
    while gathered < wanted {
        reach -= STEP;
        let cut = if reach > LAST { mean - reach * deviation } else { f64::INFINITY };
        gathered = gather(daily, cut, buffers);
    }
    let below = &mut buffers.below[..gathered];
    buffers.order.clear();
    buffers.order.extend_from_slice(below);
    let (_, &mut last, above) = buffers.order.select_nth_unstable_by(count - 1, f64::total_cmp);
    let next = above.iter().copied().fold(f64::INFINITY, f64::min);
    let next = if above.is_empty() { last } else { next };
    let between = (daily.len() - 1) as f64 * TAIL_FRAC - (count - 1) as f64;
    let at_risk = of_quantile(quantile_sorted(&[last, next], between)?);
    let mut n_below = 0;
    for i in 0..below.len() {
        let v = below[i];
        below[n_below] = v;
        n_below += usize::from(v < last);
    }
    Some((at_risk, of_tail(&below[..n_below], last, count)))
}

/// Puts the days below `cut` to the head of `below`, in order, and says how many there are.
///
/// Which days are in the tail is what nothing can predict, so nothing branches on it: first the numbers of the groups
/// that hold such a day, then the days among those.
fn gather(daily: &[f64], cut: f64, Buffers { groups, below, .. }: &mut Buffers) -> usize {
    let (rows, rest) = daily.as_chunks::<GROUP>();
    let mut n_groups = 0;
    for (number, &[a, b, c, d]) in rows.iter().enumerate() {
        groups[n_groups] = number;
        n_groups += usize::from(smaller(smaller(a, b), smaller(c, d)) < cut);
    }
    let mut n = 0;
    let mut keep = |v: f64| {
        below[n] = v;
        n += usize::from(v < cut);
    };
    groups[..n_groups].iter().for_each(|&number| rows[number].into_iter().for_each(&mut keep));
    rest.iter().copied().for_each(keep);
    n
}

/// The smaller of two numbers.
#[inline(always)]
fn smaller(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
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
