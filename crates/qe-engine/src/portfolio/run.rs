//! A portfolio over a history: sleeves play their markets, shares are brought back, all of it is told.

use std::sync::Arc;

use qe_core::ident::{Id, id_of};
use qe_core::time::Timestamp;
use qe_data::events::{Event, Events};
use serde::Serialize;

use super::attribution::Attribution;
use super::plan::Folio;
use super::rebalance::{Clock, Rebalanced};
use super::spec::PortfolioSpec;
use crate::broker::player::Player;
use crate::broker::{self, BarStrategy, BrokerReport, Desk, Filled, OrderId, Seen, Update};
use crate::error::{Error, Result};
use crate::live::Account;
use crate::market::Market;
use crate::metrics::summary::Summary;
use crate::spec::StrategySpec;

/// A strategy over a symbol, and its share.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sleeve {
    /// Its place among the portfolio's `sleeves`.
    pub group: usize,
    /// The strategy.
    pub strategy: Arc<str>,
    /// The symbol.
    pub symbol: Arc<str>,
    /// Its share of worth.
    pub weight: f64,
}

/// What is run beside the portfolio and the data.
#[derive(Debug, Clone, Copy, Default)]
pub struct PortfolioOptions {
    /// From when on it trades and is scored, nanoseconds UTC; from when the first sleeve is warm, if nothing is said. A sleeve
    /// that is warm later begins later.
    pub begin: Option<i64>,
}

/// What a portfolio came to.
#[derive(Debug, Clone)]
pub struct PortfolioReport {
    /// The identity of all that it is a result of: two reports with one id have the same bits.
    pub id: Id,
    /// From when on it traded.
    pub begin: Timestamp,
    /// The sleeves: each is a market of the broker, in this order.
    pub sleeves: Vec<Sleeve>,
    /// The markets as they were played, one for each sleeve.
    pub markets: Vec<Market>,
    /// What happened: fills, orders, worth at every instant.
    pub broker: BrokerReport,
    /// When shares were looked at and brought back.
    pub rebalanced: Vec<Rebalanced>,
    /// What each sleeve won.
    pub attribution: Attribution,
    /// All metrics of the whole.
    pub summary: Summary,
}

/// Runs a portfolio over some markets. `give` gives a strategy by its name: [`crate::strategies::by_name`] those that come
/// along.
///
/// # Errors
/// When a field cannot be used, a strategy or a symbol is not there, a strategy does not fit its market, or no sleeve is ever
/// warm.
pub fn run(
    spec: &PortfolioSpec,
    give: impl Fn(&str) -> Result<StrategySpec>,
    markets: &[Market],
    options: &PortfolioOptions,
) -> Result<PortfolioReport> {
    let folio = Folio::new(spec, &give, markets)?;
    let first = folio.warm.iter().copied().min().unwrap_or(i64::MAX);
    let begin = options.begin.map_or(first, |at| at.max(first));
    let last = folio.markets.iter().filter_map(|m| m.columns().axis().open().last()).max();
    if last.is_none_or(|last| begin > *last) {
        return Err(Error::Market {
            place: spec.name.clone(),
            reason: "no bar is left to trade: there is none after the time that its strategies need to be warm".into(),
            mend: "give more bars, or begin earlier".into(),
        });
    }
    let (reasons, firsts) = reasons(&folio);
    let mut players = Vec::with_capacity(folio.sleeves.len());
    for (place, market) in folio.markets.iter().enumerate() {
        let begin = begin.max(folio.warm[place]);
        let player = Player::new(&folio.plans[folio.of[place]], 0, &[(place, market)])?;
        players.push(player.beginning(begin).with_reasons_from(firsts[place]));
    }
    let mut manager = Manager {
        spec,
        peaks: folio.broker.purses.clone(),
        scaling: vec![None; players.len()],
        clock: Clock::new(spec.rebalance.every, folio.markets[0].calendar()),
        sleeves: &folio.sleeves,
        players,
        begin,
        has_blackout: folio.plans.iter().any(|plan| !plan.blackout_events.is_empty()),
        reasons,
        rebalanced: Vec::new(),
        fault: None,
    };
    let report = broker::run(&folio.broker, &folio.markets, &Events::default(), &mut manager)?;
    let rebalanced = std::mem::take(&mut manager.rebalanced);
    drop(manager);
    // A bar that is complete when the first one opens is one before it.
    let from = report.times.partition_point(|t| *t <= begin);
    let attribution = Attribution::new(&report, &folio.sleeves, &folio.markets);
    let summary = report.summary_from(from, &folio.markets)?;
    let read = |(market, of): (&Market, &usize)| Ok(market.data_of(folio.plans[*of].compiled.plan())?.id);
    let data: Vec<Id> = folio.markets.iter().zip(&folio.of).map(read).collect::<Result<_>>()?;
    let text = serde_json::to_string(spec).map_err(|e| Error::spec("portfolio", e.to_string(), "mend the field"))?;
    let id = id_of("portfolio v1", &(text, &folio.spec_ids, data, begin, env!("CARGO_PKG_VERSION")))?;
    Ok(PortfolioReport {
        id,
        begin: Timestamp(begin),
        sleeves: folio.sleeves,
        markets: folio.markets,
        broker: report,
        rebalanced,
        attribution,
        summary,
    })
}

/// What exits are called over all plans, and where each sleeve's begin.
fn reasons(folio: &Folio) -> (Vec<Arc<str>>, Vec<u16>) {
    let mut all = Vec::new();
    let begins: Vec<u16> = folio
        .plans
        .iter()
        .map(|plan| {
            let begin = all.len() as u16;
            all.extend(plan.reasons.iter().cloned());
            begin
        })
        .collect();
    (all, folio.of.iter().map(|plan| begins[*plan]).collect())
}

/// Who plays: a player a sleeve, and what is done about shares.
pub(super) struct Manager<'p> {
    pub(super) spec: &'p PortfolioSpec,
    pub(super) sleeves: &'p [Sleeve],
    pub(super) players: Vec<Player<'p>>,
    /// The highest worth of each sleeve, as if it had never been given or taken money.
    pub(super) peaks: Vec<f64>,
    /// The order by which a sleeve's position grows or shrinks with its share.
    pub(super) scaling: Vec<Option<OrderId>>,
    pub(super) clock: Clock,
    pub(super) begin: i64,
    /// Whether some sleeve enters nothing before events.
    has_blackout: bool,
    reasons: Vec<Arc<str>>,
    pub(super) rebalanced: Vec<Rebalanced>,
    fault: Option<Error>,
}

impl Manager<'_> {
    /// What a sleeve has.
    fn account(&mut self, market: usize, desk: &Desk<'_, '_>) -> Account {
        let last = desk.last_stake(market);
        self.peaks[market] = self.peaks[market].max(last);
        let (cash, equity, peak) = (desk.purse(market).unwrap_or(f64::NAN), desk.stake(market), self.peaks[market]);
        let drawdown = if equity >= peak { 0.0 } else { (peak - equity) / peak };
        Account { cash, equity, drawdown }
    }
}

impl BarStrategy for Manager<'_> {
    fn reasons(&self) -> Vec<Arc<str>> {
        self.reasons.clone()
    }

    fn on_bars(&mut self, seen: &Seen<'_>, desk: &mut Desk<'_, '_>) {
        for bar in seen.bars() {
            let market = bar.market;
            let account = self.account(market, desk);
            let row = std::iter::once((0, bar.row));
            if let Err(fault) = self.players[market].take(row, seen.now(), &account, desk) {
                self.fault.get_or_insert(fault);
            }
        }
        self.look(seen, desk);
    }

    fn on_open(&mut self, markets: &[u32], desk: &mut Desk<'_, '_>) {
        for &market in markets.iter().filter(|_| self.has_blackout) {
            if let Err(fault) = self.players[market as usize].opens(std::iter::once(0), desk) {
                self.fault.get_or_insert(fault);
            }
        }
    }

    fn fault(&mut self) -> Option<Error> {
        self.fault.take()
    }

    fn on_event(&mut self, _: &Event, _: &mut Desk<'_, '_>) {}

    fn on_fill(&mut self, fill: &Filled, desk: &mut Desk<'_, '_>) {
        if fill.held == 0.0
            && let Some(order) = self.scaling[fill.market].take()
        {
            // There is nothing left to grow.
            desk.cancel(order);
        }
        if let Err(fault) = self.players[fill.market].filled(0, fill, desk) {
            self.fault.get_or_insert(fault);
        }
    }

    fn on_order(&mut self, update: &Update, desk: &mut Desk<'_, '_>) {
        if let Some(player) = self.players.get_mut(update.market) {
            player.updated(update, desk);
        }
    }
}
