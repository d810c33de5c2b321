//! Nine figures of thousands of runs, to the bits of the single functions.
//!
//! Row by row what sums do best in cache: mean, powers of deviations, squares of losses, each in the fixed order of
//! [`mod@qe_core::stats::sum`]. Four rows side by side what waits for itself: equity, multiplied day by day (`paths`).
//! The tail by what lies below a guess from mean and deviation, then by exact selection among that (`tail`). Nothing
//! here rounds otherwise than the functions of one run, and the tests hold it to their bits.

mod paths;
mod tail;

use qe_core::lanes::Eight;
use qe_core::stats::{Moments, Terms, sums_of};
use serde::{Deserialize, Serialize};

use super::value_at_risk::TAIL_FRAC;
use super::{
    cagr, calmar, cvar, guard, kurtosis, max_drawdown, sharpe, sharpe_daily, skew, sortino, value_at_risk, vol_annual,
};
use crate::error::{Error, Result};

/// Nine figures of one run; each as the metric of its name, `None` where it is undefined.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoreFigures {
    /// `sharpe_daily`.
    pub sharpe: Option<f64>,
    /// `sortino`.
    pub sortino: Option<f64>,
    /// `vol_annual`.
    pub vol_annual: Option<f64>,
    /// `max_drawdown`.
    pub max_drawdown: Option<f64>,
    /// `calmar`.
    pub calmar: Option<f64>,
    /// `skew`.
    pub skew: Option<f64>,
    /// `kurtosis`: raw.
    pub kurtosis: Option<f64>,
    /// `value_at_risk`, of one day in twenty.
    pub value_at_risk: Option<f64>,
    /// `cvar`, of one day in twenty.
    pub cvar: Option<f64>,
}

impl CoreFigures {
    /// The figures of one run, each by its own function.
    pub fn of(daily: &[f64], days_per_year: f64) -> Self {
        Self {
            sharpe: sharpe(daily, days_per_year),
            sortino: sortino(daily, days_per_year),
            vol_annual: vol_annual(daily, days_per_year),
            max_drawdown: max_drawdown(daily),
            calmar: calmar(daily, days_per_year),
            skew: skew(daily),
            kurtosis: kurtosis(daily).map(|k| k.0),
            value_at_risk: value_at_risk(daily, TAIL_FRAC),
            cvar: cvar(daily, TAIL_FRAC),
        }
    }

    /// The figures of a run whose numbers are finite, from what was computed beside other runs.
    fn of_parts(daily: &[f64], days_per_year: f64, path: paths::Path, buffers: &mut tail::Buffers) -> Option<Self> {
        let [total, lost_sq] = sums_of(daily, ReturnAndLoss);
        let m = Moments::of_sum(daily, total);
        // A NaN or an infinity leaves no mean: such a run goes the way of single functions.
        let (mean, deviation) = (m.mean()?, m.std(1)?);
        let growth = guard::finite(path.growth)?;
        let (value_at_risk, cvar) = tail::losses(daily, mean, deviation, buffers)?;
        let cagr = cagr::of_growth(growth, daily.len(), days_per_year);
        Some(Self {
            sharpe: sharpe_daily::of_moments(&m, days_per_year),
            sortino: sortino::of_parts(&m, lost_sq, days_per_year),
            vol_annual: vol_annual::of_moments(&m, days_per_year),
            max_drawdown: Some(path.max_drawdown),
            calmar: cagr.and_then(|rate| guard::ratio(rate, path.max_drawdown)),
            skew: m.skew_population(),
            kurtosis: m.kurtosis_population().map(|k| k.0),
            value_at_risk,
            cvar,
        })
    }
}

/// A day's return, and the square of what it lost as `downside_deviation` has it.
#[derive(Clone, Copy)]
struct ReturnAndLoss;

impl Terms<2> for ReturnAndLoss {
    #[inline(always)]
    fn of<V: Eight>(self, x: V) -> [V; 2] {
        // 0 where it is less: a NaN stays one.
        let lost = V::all(0.0).smaller(x);
        [x, lost.times(lost)]
    }
}

/// The figures of many runs over the same days: `returns` holds the days of the first run, then those of the second.
///
/// # Errors
/// [`Error::Market`] when the returns are no whole number of runs.
pub fn core_figures(returns: &[f64], n_days: usize, days_per_year: f64) -> Result<Vec<CoreFigures>> {
    if returns.is_empty() {
        return Ok(Vec::new());
    }
    if n_days == 0 || !returns.len().is_multiple_of(n_days) {
        return Err(Error::Market {
            place: "returns".to_owned(),
            reason: format!("{} values are no whole number of runs of {n_days} days", returns.len()),
            mend: "hand in every day of every run, run after run".to_owned(),
        });
    }
    let mut out = Vec::with_capacity(returns.len() / n_days);
    let mut buffers = tail::Buffers::new(n_days);
    for group in returns.chunks(n_days * paths::WIDTH) {
        for (daily, path) in group.chunks(n_days).zip(paths::paths(group, n_days)) {
            let parts = CoreFigures::of_parts(daily, days_per_year, path, &mut buffers);
            out.push(parts.unwrap_or_else(|| CoreFigures::of(daily, days_per_year)));
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Equal to the bit: a rounding apart is a difference.
    fn agree(returns: &[f64], n_days: usize, year: f64) {
        let bits = |f: &CoreFigures| {
            [f.sharpe, f.sortino, f.vol_annual, f.max_drawdown, f.calmar, f.skew, f.kurtosis, f.value_at_risk, f.cvar]
                .map(|v| v.map(f64::to_bits))
        };
        let together = core_figures(returns, n_days, year).unwrap();
        assert_eq!(together.len(), returns.len() / n_days);
        for (row, (daily, got)) in returns.chunks(n_days).zip(&together).enumerate() {
            let alone = CoreFigures::of(daily, year);
            assert_eq!(bits(got), bits(&alone), "row {row} of {n_days} days: {got:?} and {alone:?}");
        }
    }

    /// Returns with tails: the sum of cubes of a counter-based walk, without a generator of others.
    fn walk(n: usize, scale: f64, mut state: u64) -> Vec<f64> {
        let mut uniform = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
        };
        (0..n).map(|_| scale * (uniform() + uniform() * uniform() * uniform() * 2.0) + scale * 0.02).collect()
    }

    #[test]
    fn together_and_alone_are_the_same_bits() {
        for n_days in [1, 2, 3, 15, 16, 17, 40, 63, 252, 511, 513, 2520] {
            for n_runs in [1, 3, 4, 5, 9] {
                agree(&walk(n_days * n_runs, 0.02, n_days as u64), n_days, 252.0);
            }
        }
        // Falls of half the equity on most days: every block has its peaks and troughs.
        agree(&walk(2520 * 8, 0.7, 5), 2520, 365.0);
    }

    #[test]
    fn one_bad_run_leaves_its_neighbours_alone() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, -2.5, 1e308, 1e200] {
            for place in [0, 7, 100, 251] {
                let mut returns = walk(252 * 6, 0.02, 9);
                returns[252 * 2 + place] = bad;
                agree(&returns, 252, 252.0);
            }
        }
    }

    #[test]
    fn runs_that_hardly_move_are_the_same_too() {
        let mut returns = vec![0.0; 300 * 4];
        returns[300..600].fill(0.001);
        returns[600..900].iter_mut().step_by(97).for_each(|r| *r = -0.01);
        returns[900..].iter_mut().for_each(|r| *r = -0.0);
        agree(&returns, 300, 252.0);
        agree(&returns, 300, f64::NAN);
    }

    #[test]
    fn no_whole_number_of_runs_is_an_error() {
        assert_eq!(core_figures(&[], 5, 252.0).unwrap(), []);
        let error = core_figures(&[0.1; 7], 3, 252.0).unwrap_err().to_string();
        assert!(error.contains("7 values are no whole number of runs of 3 days"), "{error}");
        assert!(core_figures(&[0.1; 7], 0, 252.0).is_err());
    }

    proptest! {
        #[test]
        fn any_returns_agree(
            returns in prop::collection::vec(
                prop_oneof![
                    8 => -0.3..0.3f64,
                    4 => prop::sample::select(vec![0.0, -0.0, -0.01, 0.01, -0.02]),
                    1 => prop::sample::select(vec![-1.0, -1.5, 3.0, f64::NAN, f64::INFINITY]),
                ],
                1..400,
            ),
            n_runs in 1..7usize,
        ) {
            let n_days = returns.len().div_ceil(n_runs);
            agree(&returns[..returns.len() / n_days * n_days], n_days, 252.0);
        }
    }
}
