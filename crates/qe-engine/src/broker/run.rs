//! Runs a strategy: what is asked of the markets, and what is read of them.

use std::collections::VecDeque;

use qe_data::events::Events;
use qe_factors::expr::{compile_scoped, parse};
use qe_factors::plan::Scope;

use super::floor::{Floor, Pit};
use super::purse::purses;
use super::report::BrokerReport;
use super::spec::Spec;
use super::strategy::BarStrategy;
use crate::error::{Error, Result};
use crate::fills::Entered;
use crate::ledger::Ledger;
use crate::market::Market;
use crate::sim::guards::Guards;

/// Runs a strategy over some markets.
///
/// # Errors
/// When there is no market, the broker cannot work so, a market lacks what is asked of it, or the strategy cannot go on.
pub fn run<S: BarStrategy>(spec: &Spec, markets: &[Market], events: &Events, strategy: &mut S) -> Result<BrokerReport> {
    spec.check()?;
    let Some(first) = markets.first() else {
        return Err(Error::Market {
            place: "the broker".into(),
            reason: "there are no markets".into(),
            mend: "give at least one".into(),
        });
    };
    let (purses, reserve) = purses(&spec.purses, markets.len(), spec.capital)?;
    let mut pits = Vec::with_capacity(markets.len());
    for (place, market) in markets.iter().enumerate() {
        let is_flat = spec.flat_markets.is_empty() || spec.flat_markets.contains(&(place as u32));
        pits.push(pit(spec, market, is_flat)?);
    }
    let lines = markets.iter().map(|m| m.line().clone()).collect();
    let out = BrokerReport {
        spec: spec.clone(),
        ledger: Ledger::of_lines(lines, spec.capital, first.columns().axis()),
        fill_orders: Vec::new(),
        orders: Vec::new(),
        events: Vec::new(),
        times: Vec::new(),
        worth: Vec::new(),
        cash: Vec::new(),
        moves: Vec::new(),
        margin_calls: Vec::new(),
        ruin: None,
        turnover: 0.0,
        cost: 0.0,
        carry: 0.0,
        reasons: strategy.reasons(),
        n_rows: Vec::new(),
    };
    let mut floor = Floor {
        spec,
        pits,
        cash: spec.capital,
        stakes: purses.clone(),
        purses,
        reserve,
        equity: spec.capital,
        held: Vec::new(),
        slots: Vec::new(),
        alive: Vec::new(),
        n_alive: 0,
        queue: Vec::new(),
        is_waiting: false,
        groups: Vec::new(),
        n_packages: 0,
        called: Vec::new(),
        notices: VecDeque::new(),
        now: first.columns().axis().open()[0],
        walking: None,
        is_part: false,
        n_placed: 0,
        out,
    };
    floor.go(markets, events, strategy)?;
    Ok(floor.finish())
}

/// What is read of a market.
fn pit<'a>(spec: &Spec, market: &'a Market, is_flat: bool) -> Result<Pit<'a>> {
    let mut execution = spec.execution();
    execution.flat_at_session_end &= is_flat;
    market.check_costs(&spec.costs)?;
    market.check_execution(&execution)?;
    let volume = match spec.volume_frac {
        Some(_) => Some(market.columns().get("volume")?.to_f64()),
        None => None,
    };
    let axis = market.columns().axis();
    let Guards { session_last, session_missed, .. } = Guards::new(market, &execution, &[])?;
    Ok(Pit {
        market,
        prices: [market.open(), market.high(), market.low(), market.close()],
        marks: market.marks(),
        has_marks: market.mark_column().is_some(),
        opens: axis.open(),
        known: axis.available(),
        volume,
        widening: widening(spec, market)?,
        session_last,
        session_missed,
        is_late: false,
        next: 0,
        is_open: false,
        price: f64::NAN,
        value: f64::NAN,
        mark: f64::NAN,
        units: 0.0,
        exposure: 0.0,
        average: 0.0,
        realised: 0.0,
        entered: (usize::MAX, Entered::Before),
        is_flat_start: true,
        resting: Vec::new(),
        traded: 0.0,
    })
}

/// What multiplies the spread in each row, by the expression that strategies that are data use.
fn widening(spec: &Spec, market: &Market) -> Result<Option<Vec<f64>>> {
    let Some(text) = crate::compile::widening(spec.costs.crisis.as_ref(), market.steps_per_year()) else {
        return Ok(None);
    };
    let fault = |e: qe_factors::Error| Error::expression("costs.crisis", e);
    let ast = parse(&text).map_err(|e| fault(e.into()))?;
    let compiled = compile_scoped(&[("costs.crisis", &ast, Scope::SERIES)], &market.schema(), None).map_err(fault)?;
    let values = compiled.plan().eval(market.columns()).map_err(fault)?;
    Ok(values.into_outputs().first().map(|v| v.to_numbers()))
}
