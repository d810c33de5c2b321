//! The same run at other costs: how much of a result its costs carry, and at which multiple nothing is left.

use qe_core::ident::Id;
use qe_engine::market::Market;
use qe_engine::run::{Report, RunOptions, run};
use qe_engine::spec::{FillSpec, Profile};
use qe_engine::{Result, StrategySpec};
use serde::Serialize;

/// The multiples that a run page shows.
pub const TIMES: [f64; 5] = [0.0, 1.0, 2.0, 3.0, 5.0];

/// A run at some multiple of its costs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StressRow {
    /// How many times its costs.
    pub times: f64,
    /// What came of it, or why it could not be run.
    pub told: std::result::Result<Stressed, String>,
}

/// What a run came to at other costs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stressed {
    /// The identity of that run.
    pub run_id: Id,
    /// The identity of the costs.
    pub cost_model_id: Id,
    /// Worth over the beginning, less one.
    pub total_return: f64,
    /// The Sharpe ratio of daily returns, a year.
    pub sharpe_daily: Option<f64>,
    /// The deepest fall.
    pub max_drawdown: Option<f64>,
    /// Round trips that were closed.
    pub n_trades: u64,
    /// What was paid in spread, slippage, fees and for holding positions, in money.
    pub paid: f64,
    /// Whether all was lost.
    pub is_ruined: bool,
}

impl Stressed {
    fn of(report: &Report) -> Self {
        let costs = report.trades.iter().map(|t| t.costs);
        let carried = report.ledger.carries.iter().map(|c| c.money);
        Self {
            run_id: report.identity.run_id,
            cost_model_id: report.identity.cost_model_id,
            total_return: report.figures.total_return,
            sharpe_daily: report.summary.get("sharpe_daily"),
            max_drawdown: report.summary.get("max_drawdown"),
            n_trades: report.figures.n_trades(),
            paid: costs.sum::<f64>() + carried.sum::<f64>(),
            is_ruined: report.figures.is_ruined,
        }
    }
}

/// A run at several multiples of its costs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CostStress {
    /// By multiple, as they were asked for.
    pub rows: Vec<StressRow>,
    /// The multiple at which nothing is won any more: where the total return first falls through zero, on a straight
    /// line between the two multiples around it.
    pub break_even: Option<f64>,
}

/// Runs a strategy at several multiples of its costs, all else as it is. All that costs is multiplied
/// ([`CostModel::times`](qe_engine::costs::CostModel::times)); a rebate is a cost below zero, and grows too.
///
/// Under the profile `discovery`, whose costs are pinned, the settings stay and the profile is left: such a run has the
/// same bits at one time the costs, and another identity.
///
/// # Errors
/// When the strategy does not fit the market. Costs that cannot be used are told in their row.
pub fn cost_stress(spec: &StrategySpec, market: &Market, options: &RunOptions, times: &[f64]) -> Result<CostStress> {
    let plan = spec.compile(&market.schema(), market.steps_per_year(), None)?;
    let mut base = spec.clone();
    if base.profile == Profile::Discovery {
        base.profile = Profile::Research;
        base.execution.capital = Some(plan.execution.capital);
        base.execution.leverage = Some(plan.execution.leverage);
        base.execution.fill = Some(FillSpec(plan.execution.fill));
        base.execution.holding = Some(plan.execution.holding);
    }
    let row = |&times: &f64| {
        let spec = StrategySpec { costs: Some(plan.costs.times(times)), ..base.clone() };
        let told = run(&spec, market, options).map(|report| Stressed::of(&report)).map_err(|e| e.to_string());
        StressRow { times, told }
    };
    let rows: Vec<StressRow> = times.iter().map(row).collect();
    let break_even = break_even(&rows);
    Ok(CostStress { rows, break_even })
}

fn break_even(rows: &[StressRow]) -> Option<f64> {
    let won = |row: &StressRow| row.told.as_ref().ok().map(|told| (row.times, told.total_return));
    let mut points: Vec<(f64, f64)> = rows.iter().filter_map(won).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let through = points.windows(2).find(|w| w[0].1 > 0.0 && w[1].1 <= 0.0)?;
    let ((x0, y0), (x1, y1)) = (through[0], through[1]);
    Some(x0 + (x1 - x0) * y0 / (y0 - y1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(times: f64, total_return: f64) -> StressRow {
        let id = Id([0; 32]);
        let told = Stressed {
            run_id: id,
            cost_model_id: id,
            total_return,
            sharpe_daily: None,
            max_drawdown: None,
            n_trades: 1,
            paid: 0.0,
            is_ruined: false,
        };
        StressRow { times, told: Ok(told) }
    }

    #[test]
    fn nothing_is_won_where_the_line_meets_zero() {
        let failed = StressRow { times: 2.0, told: Err("out of range".into()) };
        assert_eq!(break_even(&[row(3.0, -0.1), row(0.0, 0.5), failed, row(1.0, 0.3)]), Some(2.5));
        assert_eq!(break_even(&[row(0.0, 0.5), row(5.0, 0.1)]), None);
        assert_eq!(break_even(&[row(0.0, -0.5), row(5.0, -0.6)]), None);
        assert_eq!(break_even(&[]), None);
    }
}
