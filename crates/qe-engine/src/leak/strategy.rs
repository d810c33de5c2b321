//! The leak check of strategies as code: what they ordered, what was filled, and what their account was worth.
//!
//! Events are other after a cut too: what was not known of them then is gone, or comes another day, and what was known is as it
//! was planned.

use qe_core::time::Timestamp;
use qe_data::events::{Event, Events, Status};

use super::tell::of_fill;
use super::{Act, Cut, LeakOptions, LeakReport, Said, Series, Tampering, Told, check_at};
use crate::broker::{self, BarStrategy, BrokerReport};
use crate::error::{Error, Result};
use crate::fills::At;
use crate::market::Market;

/// Checks a strategy on the broker over some markets, with the events that it is told of. `make` makes it anew for each trial,
/// from the markets and the events as they are then: what it works out beforehand is worked out from what a trial leaves of
/// the future.
///
/// # Errors
/// When it cannot be made, or the broker cannot run it.
pub fn of_strategy<S: BarStrategy>(
    spec: &broker::Spec,
    markets: &[Market],
    events: &Events,
    options: &LeakOptions,
    make: impl Fn(&[Market], &Events) -> Result<S>,
) -> Result<LeakReport> {
    check_at(markets, options, |markets, trial| {
        let other;
        let events = match trial {
            None => events,
            Some((cut, tampering)) => {
                other = after(events, cut, tampering)?;
                &other
            }
        };
        let mut strategy = make(markets, events)?;
        Ok(told(&broker::run(spec, markets, events, &mut strategy)?, markets))
    })
}

/// How much later events come that were not known at a cut, where rows after it are others and not gone.
const LATER: i64 = 26 * 3_600_000_000_000;

/// The events, other after a cut.
fn after(events: &Events, cut: Cut, tampering: Tampering) -> Result<Events> {
    let is_gone = matches!(tampering, Tampering::Truncated | Tampering::Missing | Tampering::Fewer);
    let rows = events.iter().filter_map(|event| {
        let is_known = event.known_at.nanos() <= cut.time;
        // What became of one that is still to come, and that it will be withdrawn, is not known.
        let is_to_come = event.at.nanos() > cut.time;
        let status = if is_to_come { Status::Scheduled } else { event.status };
        let withdrawn_at = event.withdrawn_at.filter(|at| at.nanos() <= cut.time);
        let (later, gone) = (|at: Timestamp| Timestamp(at.nanos().saturating_add(LATER)), !is_known && is_gone);
        let event = match is_known {
            true => Event { status, withdrawn_at, ..event.clone() },
            false => {
                Event { at: later(event.at), known_at: later(event.known_at), withdrawn_at: None, ..event.clone() }
            }
        };
        (!gone).then_some(event)
    });
    let mut rows: Vec<Event> = rows.collect();
    // One that comes later may come when another does.
    rows.sort_by(|a, b| (a.at, &a.kind, a.known_at).cmp(&(b.at, &b.kind, b.known_at)));
    rows.dedup_by(|b, a| (a.at, &a.kind) == (b.at, &b.kind));
    Events::new(rows).map_err(Error::from)
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
