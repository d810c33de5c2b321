//! A strategy that is data, as one that trades on the broker: what [`Live`] says is to be done with orders is done.
//!
//! It decides by the code of the batch walk, so a run of one market gives its fills and its worth, to the bit. What cannot
//! be so is said in docs/broker.md.

use qe_core::columns::{Axis, Shared};
use qe_data::events::Event;
use std::sync::Arc;

use super::desk::Desk;
use super::order::{GroupId, Order, OrderId, TimeInForce};
use super::spec::Spec;
use super::strategy::{BarStrategy, Filled, Seen, Update, What};
use crate::error::{Error, Result};
use crate::fills::{PathPolicy, Touched};
use crate::live::{Account, Act, Bar, Feed, Fill, Live, Phase};
use crate::market::Market;
use crate::program::StrategyPlan;

/// A strategy that is data, at one point.
#[derive(Debug)]
pub struct SpecStrategy<'p> {
    live: Live<'p>,
    columns: Vec<Feeding>,
    /// Of other symbols that are read, how many rows were taken.
    others: Vec<usize>,
    n_traded: usize,
    /// Marks and multipliers of what is traded.
    marks: Vec<(Shared<f64>, f64)>,
    /// Its own numbers of orders, and the broker's.
    names: Vec<(u64, OrderId)>,
    /// The last group of each market: its own number, and the broker's.
    groups: Vec<(u64, GroupId)>,
    /// Bars that open before are no more than a warm-up.
    begin: i64,
    /// The highest worth at the ends of instants.
    peak: f64,
    reasons: Vec<Arc<str>>,
    values: Vec<f64>,
    /// Where rows are followed along bars of a lower timeframe: when something was filled within a row, by market.
    within: Option<Vec<Option<(usize, i64)>>>,
}

/// The columns of a market's bars that are read, and when they are.
#[derive(Debug, Clone)]
struct Feeding {
    columns: Vec<Shared<f64>>,
    axis: Axis,
}

impl<'p> SpecStrategy<'p> {
    /// A strategy over the markets that the broker is given, in their order.
    ///
    /// # Errors
    /// As [`Live::new`], and when the plan takes the spread times something that the broker does not know.
    pub fn new(plan: &'p StrategyPlan, point: usize, markets: &[Market]) -> Result<Self> {
        if plan.spread_multiplier.is_some() && plan.costs.crisis.is_none() {
            return Err(Error::Market {
                place: plan.name.to_string(),
                reason: "its spread is multiplied by a series of its own".into(),
                mend: "say so by costs.crisis, which the broker knows".into(),
            });
        }
        let mut all: Vec<(&Market, bool)> = markets.iter().map(|m| (m, true)).collect();
        for symbol in plan.compiled.plan().symbols() {
            if !markets.iter().any(|m| m.symbol() == symbol)
                && let Some(other) = markets.iter().find_map(|m| m.of_symbol(symbol))
            {
                all.push((other, false));
            }
        }
        let feeds: Vec<Feed> = all.iter().map(|(market, is_traded)| feed(market, *is_traded)).collect();
        let live = Live::new(plan, point, &feeds)?;
        let columns = all.iter().map(|(market, _)| Feeding {
            columns: (0..market.columns().names().len())
                .filter_map(|i| market.columns().at(i).map(|c| c.to_f64()))
                .collect(),
            axis: market.columns().axis().clone(),
        });
        Ok(Self {
            live,
            columns: columns.collect(),
            others: vec![0; all.len() - markets.len()],
            n_traded: markets.len(),
            marks: markets.iter().map(|m| (m.shared_marks(), m.multiplier())).collect(),
            names: Vec::new(),
            groups: vec![(0, GroupId(0)); markets.len()],
            begin: i64::MIN,
            peak: f64::NEG_INFINITY,
            reasons: plan.reasons.clone(),
            values: Vec::new(),
            within: (plan.execution.path == PathPolicy::LowerTimeframe).then(|| vec![None; markets.len()]),
        })
    }

    /// The same, which decides nothing on bars that open before an instant.
    #[must_use]
    pub fn beginning(self, at: i64) -> Self {
        Self { begin: at, ..self }
    }

    /// How the broker works for it: the plan's money, timing, costs and path.
    pub fn broker(plan: &StrategyPlan) -> Spec {
        let x = &plan.execution;
        Spec {
            capital: x.capital,
            leverage: x.leverage,
            fill: x.fill,
            path: x.path,
            costs: plan.costs.clone(),
            flat_at_session_end: x.flat_at_session_end,
            ..Spec::default()
        }
    }

    /// What it does, bar by bar.
    pub fn live(&mut self) -> &mut Live<'p> {
        &mut self.live
    }

    /// Other symbols' bars that were complete before an instant, or at it, one instant after the other.
    fn hear(&mut self, now: i64) -> Result<()> {
        for (i, next) in self.others.iter_mut().enumerate() {
            let feed = self.n_traded + i;
            let of = &self.columns[feed];
            while of.axis.available().get(*next).is_some_and(|t| *t <= now) {
                of.read(*next, &mut self.values);
                self.live.warm_up(&[of.bar(feed, *next, &self.values)])?;
                *next += 1;
            }
        }
        Ok(())
    }

    fn take(&mut self, seen: &Seen<'_>, desk: &mut Desk<'_, '_>) -> Result<()> {
        // Orders that came to nothing without a word, as a weight that is held already.
        for i in (0..self.names.len()).rev() {
            let (own, name) = self.names[i];
            if desk.order(name).is_none() {
                self.names.remove(i);
                act(self.live.ended(OrderId(own)), &mut self.names, &mut self.groups, desk);
            }
        }
        self.hear(seen.now())?;
        self.look_within(seen);
        let account = self.account(seen, desk);
        let fresh: Vec<(usize, usize)> = seen.bars().map(|bar| (bar.market, bar.row)).collect();
        let mut values = std::mem::take(&mut self.values);
        values.clear();
        let mut ends = Vec::with_capacity(fresh.len());
        for (market, row) in &fresh {
            values.extend(self.columns[*market].columns.iter().map(|c| c[*row]));
            ends.push(values.len());
        }
        let mut from = 0;
        let bars = fresh.iter().zip(ends).map(|((market, row), end)| {
            let bar = self.columns[*market].bar(*market, *row, &values[from..end]);
            from = end;
            bar
        });
        let bars: Vec<Bar<'_>> = bars.collect();
        if bars.iter().all(|bar| bar.open_time < self.begin) {
            self.live.warm_up(&bars)?;
        } else {
            act(self.live.step(&bars, &account)?, &mut self.names, &mut self.groups, desk);
        }
        self.values = values;
        Ok(())
    }

    /// Bars of a lower timeframe after that of an entry are known to have come after it.
    fn look_within(&mut self, seen: &Seen<'_>) {
        let Some(within) = &mut self.within else { return };
        for bar in seen.bars() {
            let Some((row, time)) = within[bar.market].take() else { continue };
            let Some(fine) = seen.market(bar.market).fine(bar.row).filter(|_| row == bar.row) else { continue };
            for at in (0..fine.len()).filter(|at| fine.available(*at) > time) {
                let Touched { high, low, .. } = fine.bar(at);
                self.live.reached(bar.market, high, low);
            }
        }
    }

    /// What all is worth at the last closes.
    fn account(&mut self, seen: &Seen<'_>, desk: &Desk<'_, '_>) -> Account {
        self.peak = self.peak.max(desk.last_worth());
        let mut equity = desk.cash();
        for (market, (marks, multiplier)) in self.marks.iter().enumerate() {
            let (units, row) = (desk.units(market), seen.n_rows(market).checked_sub(1));
            if let (true, Some(row)) = (units != 0.0, row) {
                equity += units * multiplier * marks[row];
            }
        }
        let drawdown = if equity >= self.peak { 0.0 } else { (self.peak - equity) / self.peak };
        Account { cash: desk.cash(), equity, drawdown }
    }
}

impl BarStrategy for SpecStrategy<'_> {
    fn reasons(&self) -> Vec<Arc<str>> {
        self.reasons.clone()
    }

    fn on_bars(&mut self, seen: &Seen<'_>, desk: &mut Desk<'_, '_>) {
        let taken = self.take(seen, desk);
        // The broker's bars are those of the markets that it was made for.
        debug_assert!(taken.is_ok(), "{taken:?}");
    }

    fn on_event(&mut self, _: &Event, _: &mut Desk<'_, '_>) {}

    fn on_fill(&mut self, fill: &Filled, desk: &mut Desk<'_, '_>) {
        if let (Some(within), 1) = (&mut self.within, fill.phase) {
            within[fill.market] = Some((fill.row, fill.time));
        }
        let own = self.names.iter().find(|(_, name)| *name == fill.order).map_or(0, |(own, _)| *own);
        let fill = Fill {
            order: OrderId(own),
            feed: fill.market,
            time: fill.time,
            phase: match fill.phase {
                0 => Phase::Open,
                1 => Phase::Within,
                _ => Phase::Close,
            },
            raw: fill.raw,
            price: fill.price,
            held: fill.held,
        };
        act(self.live.filled(&fill), &mut self.names, &mut self.groups, desk);
    }

    fn on_order(&mut self, update: &Update, desk: &mut Desk<'_, '_>) {
        if matches!(update.what, What::Resized | What::Waiting) {
            return;
        }
        if let Some(at) = self.names.iter().position(|(_, name)| *name == update.order) {
            let (own, _) = self.names.remove(at);
            act(self.live.ended(OrderId(own)), &mut self.names, &mut self.groups, desk);
        }
    }
}

/// Does what is to be done.
fn act(acts: &[Act], names: &mut Vec<(u64, OrderId)>, groups: &mut [(u64, GroupId)], desk: &mut Desk<'_, '_>) {
    for act in acts {
        match *act {
            // The broker does it by itself.
            Act::Place(_, Order { tif: TimeInForce::AtClose, .. }) => {}
            Act::Place(OrderId(own), mut order) => {
                if let Some(GroupId(group)) = order.oco {
                    let last = &mut groups[order.market as usize];
                    if last.0 != group {
                        *last = (group, desk.group());
                    }
                    order.oco = Some(last.1);
                }
                names.push((own, desk.submit(order)));
            }
            Act::Replace(OrderId(own), order) => {
                if let Some((_, name)) = names.iter().find(|(id, _)| *id == own) {
                    desk.replace(*name, order.kind);
                }
            }
            Act::Cancel(OrderId(own)) => {
                if let Some(at) = names.iter().position(|(id, _)| *id == own) {
                    desk.cancel(names.remove(at).1);
                }
            }
        }
    }
}

impl Feeding {
    fn read(&self, row: usize, values: &mut Vec<f64>) {
        values.clear();
        values.extend(self.columns.iter().map(|c| c[row]));
    }

    fn bar<'v>(&self, feed: usize, row: usize, values: &'v [f64]) -> Bar<'v> {
        Bar { feed, open_time: self.axis.open()[row], available: self.axis.available()[row], values }
    }
}

/// A market, as it is known before its first bar.
fn feed(market: &Market, is_traded: bool) -> Feed {
    Feed {
        symbol: market.symbol().to_owned(),
        is_traded,
        calendar: market.calendar().clone(),
        bar_nanos: market.bar_nanos(),
        columns: market.columns().names().map(ToString::to_string).collect(),
    }
}
