//! The leak check of strategies as code: what they ordered, what was filled, and what their account was worth.

use qe_data::events::Events;

use super::tell::of_fill;
use super::{Act, LeakOptions, LeakReport, Said, Series, Told, check};
use crate::broker::{self, BarStrategy, BrokerReport};
use crate::error::Result;
use crate::fills::At;
use crate::market::Market;

/// Checks a strategy on the broker over some markets. `make` makes it anew for each trial, from the markets as they are then:
/// what it works out beforehand is worked out from what a trial leaves of the future.
///
/// # Errors
/// When it cannot be made, or the broker cannot run it.
pub fn of_strategy<S: BarStrategy>(
    spec: &broker::Spec,
    markets: &[Market],
    options: &LeakOptions,
    make: impl Fn(&[Market]) -> Result<S>,
) -> Result<LeakReport> {
    check(markets, options, |markets| {
        let mut strategy = make(markets)?;
        Ok(told(&broker::run(spec, markets, &Events::default(), &mut strategy)?, markets))
    })
}

/// What a run on the broker did.
fn told(report: &BrokerReport, markets: &[Market]) -> Told {
    let text = |x: &dyn std::fmt::Debug| Said::Text(format!("{x:?}"));
    let f = &report.ledger.fills;
    let fills = (0..f.len()).map(|i| {
        let mut act = of_fill(f, i, text(&f.cause[i]));
        act.fields.push(("market", Said::Number(f64::from(f.line[i]))));
        act.fields.push(("order", Said::Number(report.fill_orders[i].0 as f64)));
        act
    });
    // An order may be placed at a fill of the opens of its instant: it is surely known once those are. What became of it, and
    // prices that it was given later, are of a later time.
    let orders = report.orders.iter().map(|o| Act {
        time: o.placed_at,
        at: At::Open,
        row: row_at(markets.get(o.order.market as usize), o.placed_at),
        what: "order",
        fields: vec![
            ("number", Said::Number(o.id.0 as f64)),
            ("market", Said::Number(f64::from(o.order.market))),
            ("side", text(&o.order.side)),
            ("tif", text(&o.order.tif)),
            ("cause", text(&o.order.cause)),
        ],
        is_of_decision: false,
    });
    let events = report.events.iter().map(|e| Act {
        time: e.time,
        at: At::Open,
        row: e.row as usize,
        what: "refusal",
        fields: vec![("market", Said::Number(f64::from(e.market))), ("why", text(&e.why))],
        is_of_decision: false,
    });
    let mut acts: Vec<Act> = fills.chain(orders).chain(events).collect();
    acts.sort_by_key(|act| act.time);
    let equity =
        Series { name: "equity".into(), times: report.times.clone(), at: At::Close, values: report.worth.clone() };
    Told { acts, series: vec![equity], decides_until: i64::MAX }
}

/// The last row of a market that was complete at an instant; 0 before the first. An order's own row is that from which on it is
/// there, which for one that waited for another is later than when it was placed.
fn row_at(market: Option<&Market>, time: i64) -> usize {
    let known = market.map_or(0, |m| m.columns().axis().available().partition_point(|t| *t <= time));
    known.saturating_sub(1)
}
