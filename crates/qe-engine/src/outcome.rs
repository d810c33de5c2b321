//! What a point of a sweep is told by: one row of numbers under fixed names.
//!
//! They come from the worth at the end of each day, and from what the walk counted. A number that is not defined is NaN. The
//! names are the columns of the experiments table and of every outcome table of the engine.

use qe_core::stats::Moments;
use qe_core::wide::{Loops, wide};

use crate::batch::Figures;
use crate::metrics::cagr::of_growth;
use crate::metrics::sharpe_daily::{is_floored, of_moments as sharpe_of_moments};
use crate::metrics::trades_per_year::in_a_year;
use crate::metrics::vol_annual;

/// The names, in order.
pub const NAMES: [&str; 34] = [
    "total_return",
    "cagr",
    "max_drawdown_bars",
    "sharpe_daily",
    "vol_floor_applied",
    "observation_days",
    "sharpe_step_raw",
    "n_steps",
    "vol_annual",
    "daily_mean",
    "daily_std",
    "skew",
    "kurtosis",
    "n_trades",
    "trades_per_year",
    "win_rate",
    "profit_factor",
    "avg_win_money",
    "avg_loss_money",
    "expectancy_money",
    "n_wins",
    "n_losses",
    "gross_win",
    "gross_loss",
    "n_days_in_market",
    "avg_trade_bars",
    "turnover",
    "cost",
    "carry",
    "n_undecided",
    "n_refused",
    "n_nans",
    "final_equity",
    "is_ruined",
];

/// What one market says beside the walk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Years {
    /// Bars a year.
    pub steps_per_year: f64,
    /// Days a year.
    pub days_per_year: f64,
}

/// Daily returns: of the first day against the capital, of days after ruin none. They follow what `out` has already.
pub fn daily_returns(capital: f64, days: &[f64], out: &mut Vec<f64>) {
    let Some(first) = days.first() else { return };
    let n = out.len();
    out.resize(n + days.len(), 0.0);
    out[n] = day_return(capital, *first);
    wide(Returns { days, out: &mut out[n + 1..] });
}

#[inline(always)]
fn day_return(before: f64, worth: f64) -> f64 {
    let r = worth / before - 1.0;
    if before > 0.0 { r } else { 0.0 }
}

/// The returns of all days but the first.
struct Returns<'a> {
    days: &'a [f64],
    out: &'a mut [f64],
}

impl Loops for Returns<'_> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        let (before, worth) = (&self.days[..self.out.len()], &self.days[1..]);
        for (out, (before, worth)) in self.out.iter_mut().zip(before.iter().zip(worth)) {
            *out = day_return(*before, *worth);
        }
    }
}

/// The numbers of a point, by [`NAMES`]; `daily` are its daily returns.
pub fn values(figures: &Figures, daily: &[f64], years: Years) -> [f64; NAMES.len()] {
    let undefined = f64::NAN;
    let m = Moments::of(daily);
    let n_days = daily.len() as f64;
    let cagr = of_growth(1.0 + figures.total_return, daily.len(), years.days_per_year);
    let vol = vol_annual::of_moments(&m, years.days_per_year);
    let tally = &figures.tally;
    let n = tally.n_trades as f64;
    // Numbers beyond all others are none, as for the metrics of one run.
    let over = |a: f64, b: f64| if b > 0.0 && (a / b).is_finite() { a / b } else { undefined };
    let (wins, losses) = (tally.n_wins as f64, tally.n_losses as f64);
    [
        figures.total_return,
        cagr.unwrap_or(undefined),
        figures.max_drawdown,
        sharpe_of_moments(&m, years.days_per_year).unwrap_or(undefined),
        f64::from(u8::from(vol.is_some_and(is_floored))),
        n_days,
        figures.sharpe_step(years.steps_per_year).unwrap_or(undefined),
        figures.n_steps as f64,
        vol.unwrap_or(undefined),
        m.mean().unwrap_or(undefined),
        m.std(1).unwrap_or(undefined),
        m.skew_population().unwrap_or(undefined),
        m.kurtosis_population().map_or(undefined, |k| k.0),
        n,
        in_a_year(n, daily.len(), years.days_per_year).unwrap_or(undefined),
        over(wins, n),
        over(tally.sum_win, tally.sum_loss),
        over(tally.sum_win, wins),
        over(tally.sum_loss, losses),
        over(tally.sum_win - tally.sum_loss, n),
        wins,
        losses,
        tally.sum_win,
        tally.sum_loss,
        tally.n_days_in_market as f64,
        over(tally.n_bars_held as f64, n),
        tally.turnover,
        tally.cost,
        tally.carry,
        tally.n_undecided as f64,
        tally.n_refused as f64,
        figures.n_nans as f64,
        figures.equity,
        f64::from(u8::from(figures.is_ruined)),
    ]
}
