//! A strategy that is data, as one that trades on the broker: what [`Live`] says is to be done with orders is done.
//!
//! It decides by the code of the batch walk, so a run of one market gives its fills and its worth, to the bit. What cannot
//! be so is said in docs/broker.md.

use std::sync::Arc;

use qe_core::columns::Shared;
use qe_data::events::Event;

use super::desk::Desk;
use super::player::Player;
use super::seen::Seen;
use super::spec::Spec;
use super::strategy::{BarStrategy, Filled, Update};
use crate::error::{Error, Result};
use crate::live::{Account, Live};
use crate::market::Market;
use crate::program::StrategyPlan;

/// A strategy that is data, at one point, over all markets of a broker.
#[derive(Debug)]
pub struct SpecStrategy<'p> {
    player: Player<'p>,
    /// Marks and multipliers of what is traded.
    marks: Vec<(Shared<f64>, f64)>,
    /// The highest worth at the ends of instants.
    peak: f64,
    reasons: Vec<Arc<str>>,
    /// What it was made for, and whether that was compared with what the broker has.
    markets: Vec<Market>,
    is_checked: bool,
    fault: Option<Error>,
}

impl<'p> SpecStrategy<'p> {
    /// A strategy over the markets that the broker is given, in their order.
    ///
    /// # Errors
    /// As [`Live::new`], and when the plan takes the spread times something that the broker does not know.
    pub fn new(plan: &'p StrategyPlan, point: usize, markets: &[Market]) -> Result<Self> {
        let placed: Vec<(usize, &Market)> = markets.iter().enumerate().collect();
        Ok(Self {
            player: Player::new(plan, point, &placed)?,
            marks: markets.iter().map(|m| (m.shared_marks(), m.multiplier())).collect(),
            peak: f64::NEG_INFINITY,
            reasons: plan.reasons.clone(),
            markets: markets.to_vec(),
            is_checked: false,
            fault: None,
        })
    }

    /// The same, which decides nothing on bars that open before an instant.
    #[must_use]
    pub fn beginning(self, at: i64) -> Self {
        Self { player: self.player.beginning(at), ..self }
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
        self.player.live()
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
        if !self.is_checked {
            // Once: it reads its own markets, by the rows of the broker's.
            self.is_checked = true;
            self.fault = seen.differs(&self.markets);
        }
        if self.fault.is_some() {
            return;
        }
        let account = self.account(seen, desk);
        let rows = seen.bars().map(|bar| (bar.market, bar.row));
        self.fault = self.player.take(rows, seen.now(), &account, desk).err();
    }

    fn on_open(&mut self, markets: &[u32], desk: &mut Desk<'_, '_>) {
        // Before the first bar nothing is on its way.
        if !self.is_checked || self.fault.is_some() {
            return;
        }
        self.fault = self.player.opens(markets.iter().map(|market| *market as usize), desk).err();
    }

    fn fault(&mut self) -> Option<Error> {
        self.fault.take()
    }

    fn on_event(&mut self, _: &Event, _: &mut Desk<'_, '_>) {}

    fn on_fill(&mut self, fill: &Filled, desk: &mut Desk<'_, '_>) {
        if let Err(fault) = self.player.filled(fill.market, fill, desk) {
            self.fault.get_or_insert(fault);
        }
    }

    fn on_order(&mut self, update: &Update, desk: &mut Desk<'_, '_>) {
        self.player.updated(update, desk);
    }
}
