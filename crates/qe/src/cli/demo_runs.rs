//! Every strategy that comes with the engine over every market of the demo, at its defaults.

use std::num::NonZeroUsize;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use qe_core::calendar::Calendar;
use qe_core::eval::{Evaluator, Fidelity, Window};
use qe_core::par::{Pool, Threads};
use qe_core::param::Value;
use qe_core::point::{Outcome, OutcomeTable, PointTable};
use qe_core::time::TimeRange;
use qe_core::timeframe::Timeframe;
use qe_data::frame::Dataset;
use qe_data::identity::IdentityBuilder;
use qe_data::resample::{ResampleSpec, resample};
use qe_engine::market::Market;
use qe_engine::strategies;
use qe_engine::sweep::{MARKET, Sweep, SweepOptions};

use super::sweep::first_warm;
use crate::page::{FrontFigures, FrontRow};

/// What is traded: the day traders' bars and hours. All three together take seconds in a build that is not optimised.
pub(super) const TIMEFRAMES: [Timeframe; 3] = [Timeframe::M5, Timeframe::M15, Timeframe::H1];

/// The markets of all symbols of some minutes, in each of the timeframes.
pub(super) fn markets(minutes: &Dataset, seed: u64, mut step: impl FnMut(usize, usize)) -> Result<Vec<Arc<Market>>> {
    let calendar = Calendar::us_equities();
    let n = minutes.bars.len() * TIMEFRAMES.len();
    let mut markets = Vec::with_capacity(n);
    for fine in &minutes.bars {
        for timeframe in TIMEFRAMES {
            let bars = resample(fine, &ResampleSpec::new(timeframe, calendar.clone()))?.bars;
            let mut identity = IdentityBuilder::new(format!("bars {timeframe}"));
            identity.push(bars.symbol(), bars.columns())?;
            let identity = identity.finish(Some(format!("simulated, seed {seed}")), None)?;
            markets.push(Arc::new(Market::new(&bars, &calendar)?.with_identity(identity)));
            step(markets.len(), n);
        }
    }
    Ok(markets)
}

/// Threads by their number; 0 for all there are.
pub(super) fn pool(threads: usize) -> Result<Pool> {
    Ok(Pool::new(NonZeroUsize::new(threads).map_or(Threads::All, Threads::N))?)
}

/// Runs each strategy over each market: the stretch that was scored, which is one for all and begins where the last of
/// them is warm, and what came of it in the order of strategies.
pub(super) fn run_all(
    markets: &[Arc<Market>],
    threads: usize,
    mut step: impl FnMut(usize, usize),
) -> Result<(TimeRange, Vec<FrontRow>)> {
    let mut sweeps = Vec::new();
    let mut start = i64::MIN;
    for name in strategies::names() {
        let sweep = Sweep::new(&strategies::by_name(name)?, markets.to_vec(), pool(threads)?, SweepOptions::default())?;
        let points = of_each_market(&sweep)?;
        start = start.max(first_warm(&sweep, &points).with_context(|| name.to_owned())?);
        sweeps.push((sweep, points));
    }
    let end = markets.iter().filter_map(|m| m.columns().axis().available().last().copied()).max();
    let Some(end) = end.filter(|end| *end > start) else {
        bail!("the market: no bar opens when all strategies are warm; give more --years");
    };
    let window = Window::one(TimeRange { start, end })?;
    let n = sweeps.len();
    let mut rows = Vec::with_capacity(n * markets.len());
    for (i, (sweep, points)) in sweeps.into_iter().enumerate() {
        let told = sweep.evaluate(&points, Fidelity::FULL, &window)?;
        rows.extend(rows_of(&sweep, markets, &told)?);
        step(i + 1, n);
    }
    Ok((TimeRange { start, end }, rows))
}

/// A strategy's defaults, once for each market.
fn of_each_market(sweep: &Sweep) -> Result<PointTable> {
    let mut points = PointTable::new(sweep.params().to_vec())?;
    for (id, market) in sweep.markets().iter().enumerate() {
        let value = |name: &str, default: &Value| match name {
            MARKET => Value::Text(market.key()),
            _ => default.clone(),
        };
        let values: Vec<Value> = sweep.params().iter().map(|p| value(&p.name, &p.default)).collect();
        points.push(id as u64, &values)?;
    }
    Ok(points)
}

fn rows_of(sweep: &Sweep, markets: &[Arc<Market>], told: &OutcomeTable) -> Result<Vec<FrontRow>> {
    let market = &markets[0];
    let plan = sweep.spec().compile(&market.schema(), market.steps_per_year(), None)?;
    let names = ["sharpe_daily", "total_return", "max_drawdown_bars", "n_trades", "observation_days", "is_ruined"];
    let metrics = names.iter().map(|name| told.metric(name)).collect::<Result<Vec<_>, _>>()?;
    let row = |(i, market): (usize, &Arc<Market>)| {
        let figures = || FrontFigures {
            sharpe_daily: Some(metrics[0][i]).filter(|x| !x.is_nan()),
            total_return: metrics[1][i],
            max_drawdown: metrics[2][i],
            n_trades: metrics[3][i] as u64,
            n_days: metrics[4][i],
            is_ruined: metrics[5][i] > 0.0,
        };
        FrontRow {
            strategy: sweep.spec().name.clone(),
            symbol: market.symbol().to_owned(),
            timeframe: market.timeframe(),
            is_same_bar: plan.execution.fill.is_same_bar(),
            told: match &told.outcomes()[i] {
                Outcome::Done => Ok(figures()),
                Outcome::Failed { reason } | Outcome::Pruned { reason } => Err(reason.clone()),
            },
        }
    };
    Ok(markets.iter().enumerate().map(row).collect())
}
