//! How much of a result hangs on what bars do not tell: the order of prices within a bar.
//!
//! One call runs every path policy. Then, under each, every bar that did not say which of two ways an open position went is
//! turned the other way, all other bars as before, and the run repeated. What comes of them all is a range over policies. It is
//! no bound: turning two bars together may lead further, and no policy is the truth.

use serde::Serialize;

use crate::batch::{Figures, Stretch, run_flipped};
use crate::error::Result;
use crate::fills::PathPolicy;
use crate::market::Market;
use crate::metrics::sharpe;
use crate::outcome::daily_returns;
use crate::program::StrategyPlan;

/// From least to greatest.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Span {
    /// The least.
    pub low: f64,
    /// The greatest.
    pub high: f64,
}

impl Span {
    fn over(values: impl Iterator<Item = f64>) -> Option<Self> {
        values.filter(|v| !v.is_nan()).fold(None, |span, v| match span {
            None => Some(Self { low: v, high: v }),
            Some(Self { low, high }) => Some(Self { low: low.min(v), high: high.max(v) }),
        })
    }
}

/// One of the runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Way {
    /// The policy.
    pub policy: PathPolicy,
    /// The bar that went the other way, if one did.
    pub turned: Option<u32>,
    /// What was won, in money.
    pub pnl: f64,
    /// The daily Sharpe ratio; `None` where it is undefined.
    pub sharpe: Option<f64>,
    /// How many round trips were closed.
    pub n_trades: u64,
    /// How many of them had a bar that did not say which way they went.
    pub n_undecided: u64,
}

/// A range over policies.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PolicyRange {
    /// All runs: the policies first, each in the order of [`PathPolicy::ALL`] and then, where the market has finer
    /// bars, `lower_timeframe`; then the turned bars.
    pub ways: Vec<Way>,
    /// What was won, over all runs.
    pub pnl: Span,
    /// The Sharpe ratio, over all runs in which it is defined.
    pub sharpe: Option<Span>,
    /// The greatest share of round trips, over the policies, that bars could not decide; 0 where there were none.
    pub undecided_frac: f64,
    /// How many undecided bars were not turned, because there were more than allowed.
    pub n_not_turned: usize,
}

/// Runs a point under every path policy (`lower_timeframe` where the market has bars of one), and with every undecided bar
/// the other way: at most `max_turned` of them for each policy, the earliest.
///
/// # Errors
/// As [`run_with_ledger`](crate::batch::run_with_ledger).
pub fn over_policies(
    plan: &StrategyPlan,
    point: usize,
    market: &Market,
    stretch: &Stretch,
    max_turned: usize,
) -> Result<PolicyRange> {
    let capital = plan.execution.capital;
    // Sharpe ratios are of days.
    let stretch = &Stretch { daily: true, ..stretch.clone() };
    let daily_sharpe = |figures: &Figures| {
        let mut daily = Vec::with_capacity(figures.days.len());
        daily_returns(capital, &figures.days, &mut daily);
        sharpe(&daily, market.days_per_year())
    };
    let way = |policy, turned, figures: &Figures| Way {
        policy,
        turned,
        pnl: figures.equity - capital,
        sharpe: daily_sharpe(figures),
        n_trades: figures.n_trades(),
        n_undecided: figures.n_undecided(),
    };
    let (mut ways, mut turned, mut n_not_turned) = (Vec::new(), Vec::new(), 0);
    // The point alone, once for all runs; of a point that is not there the first run says so.
    let (mut plan, mut point) = (plan.clone(), point);
    if let Some(program) = plan.programs.get(point).cloned() {
        (plan.programs, point) = (vec![program], 0);
    }
    let finer = market.has_detail().then_some(PathPolicy::LowerTimeframe);
    for policy in PathPolicy::ALL.into_iter().chain(finer) {
        plan.execution.path = policy;
        let (figures, ledger) = run_flipped(&plan, point, market, stretch, None)?;
        ways.push(way(policy, None, &figures));
        let n = ledger.undecided.len().min(max_turned);
        n_not_turned += ledger.undecided.len() - n;
        for row in ledger.undecided[..n].iter().map(|u| u.row) {
            let (figures, _) = run_flipped(&plan, point, market, stretch, Some(row as usize))?;
            turned.push(way(policy, Some(row), &figures));
        }
    }
    let share = |w: &Way| if w.n_trades == 0 { 0.0 } else { w.n_undecided as f64 / w.n_trades as f64 };
    let undecided_frac = ways.iter().map(share).fold(0.0, f64::max);
    ways.extend(turned);
    let pnl = Span::over(ways.iter().map(|w| w.pnl)).unwrap_or(Span { low: f64::NAN, high: f64::NAN });
    let sharpe = Span::over(ways.iter().filter_map(|w| w.sharpe));
    Ok(PolicyRange { ways, pnl, sharpe, undecided_frac, n_not_turned })
}
