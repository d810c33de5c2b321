//! Markets played by a strategy that is data: what [`Live`] says is to be done with orders is done at the broker's.

use qe_core::columns::{Axis, Shared};

use super::desk::Desk;
use super::order::{GroupId, Order, OrderId, OrderKind};
use super::strategy::{Filled, Update, What};
use crate::error::{Error, Result};
use crate::fills::{FillTiming, PathPolicy, Touched};
use crate::ledger::{Cause, Refusal};
use crate::live::{Account, Act, Bar, Feed, Fill, Live, Phase, TakenBack};
use crate::market::Market;
use crate::program::StrategyPlan;

/// A strategy at one point, and the markets that it plays.
#[derive(Debug)]
pub(crate) struct Player<'p> {
    live: Live<'p>,
    /// The bars of each feed: first what is traded, then what is only read.
    columns: Vec<Feeding>,
    /// Of what is only read, how many rows were taken.
    others: Vec<usize>,
    hand: Hand,
    /// Bars that open before are no more than a warm-up.
    begin: i64,
    timing: FillTiming,
    /// Whether nothing is entered before events.
    has_blackout: bool,
    values: Vec<f64>,
    /// Where rows are followed along bars of a lower timeframe: the markets, and when something was filled within a row.
    within: Vec<(Market, Option<(usize, i64)>)>,
}

/// What does at the broker's what is to be done.
#[derive(Debug)]
struct Hand {
    /// The place of each feed that is traded among the broker's markets.
    places: Vec<usize>,
    /// The strategy's numbers of orders, and the broker's.
    names: Vec<(u64, OrderId)>,
    /// The last group of each feed: the strategy's number, and the broker's.
    groups: Vec<(u64, GroupId)>,
    /// The number under which the first of its reasons is told.
    first_reason: u16,
}

/// The columns of a market's bars, and when they are.
#[derive(Debug, Clone)]
struct Feeding {
    columns: Vec<Shared<f64>>,
    axis: Axis,
    /// Some rows, row by row, and the first of them: a row of each of hundreds of markets lies in as many pages, and not in
    /// one for each column.
    block: Vec<f64>,
    begin: usize,
}

/// How many rows are brought together at once.
const N_TOGETHER: usize = 64;

impl<'p> Player<'p> {
    /// A strategy over some markets, each with its place among the broker's.
    ///
    /// # Errors
    /// As [`Live::new`], and when the plan takes the spread times something that the broker does not know.
    pub(crate) fn new(plan: &'p StrategyPlan, point: usize, markets: &[(usize, &Market)]) -> Result<Self> {
        if plan.spread_multiplier.is_some() && plan.costs.crisis.is_none() {
            return Err(Error::Market {
                place: plan.name.to_string(),
                reason: "its spread is multiplied by a series of its own".into(),
                mend: "say so by costs.crisis, which the broker knows".into(),
            });
        }
        markets.iter().try_for_each(|(_, market)| market.check_marks())?;
        let mut all: Vec<(&Market, bool)> = markets.iter().map(|(_, m)| (*m, true)).collect();
        for symbol in plan.compiled.plan().symbols() {
            if !markets.iter().any(|(_, m)| m.symbol() == symbol)
                && let Some(other) = markets.iter().find_map(|(_, m)| m.of_symbol(symbol))
            {
                all.push((other, false));
            }
        }
        let mut feeds: Vec<Feed> = all.iter().map(|(market, is_traded)| feed(market, *is_traded)).collect();
        let mut columns: Vec<Feeding> = all.iter().map(|(market, _)| Feeding::new(market)).collect();
        // How bars compare with those of other symbols is known of the whole history, once for all markets.
        for ((feed, of), (_, market)) in feeds.iter_mut().zip(&mut columns).zip(markets) {
            feed.columns.extend(plan.compiled.plan().columns_across().map(str::to_owned));
            of.columns.extend(market.among_peers(plan, market.len(), usize::MAX)?);
        }
        Ok(Self {
            live: Live::new(plan, point, &feeds)?,
            columns,
            others: vec![0; all.len() - markets.len()],
            hand: Hand {
                places: markets.iter().map(|(place, _)| *place).collect(),
                names: Vec::new(),
                groups: vec![(0, GroupId(0)); markets.len()],
                first_reason: 0,
            },
            begin: i64::MIN,
            timing: plan.execution.fill,
            has_blackout: !plan.blackout_events.is_empty(),
            values: Vec::new(),
            within: match plan.execution.path {
                PathPolicy::LowerTimeframe => markets.iter().map(|(_, market)| (Market::clone(market), None)).collect(),
                _ => Vec::new(),
            },
        })
    }

    /// The same, which decides nothing on bars that open before an instant.
    pub(crate) fn beginning(self, begin: i64) -> Self {
        Self { begin, ..self }
    }

    /// The same, whose reasons are told from this number on.
    pub(crate) fn with_reasons_from(mut self, first_reason: u16) -> Self {
        self.hand.first_reason = first_reason;
        self
    }

    /// What it does, bar by bar.
    pub(crate) fn live(&mut self) -> &mut Live<'p> {
        &mut self.live
    }

    /// When its orders at the market are filled.
    pub(crate) fn timing(&self) -> FillTiming {
        self.timing
    }

    /// Whether an order of its own at the market is on its way.
    pub(crate) fn is_on_the_way(&self, desk: &Desk<'_, '_>) -> bool {
        let is_market = |id: OrderId| desk.order(id).is_some_and(|o| matches!(o.order.kind, OrderKind::Market { .. }));
        self.hand.names.iter().any(|(_, name)| is_market(*name))
    }

    /// Takes the rows that became complete at an instant, by their feeds, and does what is to be done.
    pub(crate) fn take(
        &mut self,
        rows: impl Iterator<Item = (usize, usize)>,
        now: i64,
        account: &Account,
        desk: &mut Desk<'_, '_>,
    ) -> Result<()> {
        self.forget_ended(desk);
        let n_traded = self.hand.places.len();
        for (i, next) in self.others.iter_mut().enumerate() {
            let (feed, of) = (n_traded + i, &mut self.columns[n_traded + i]);
            while of.axis.available().get(*next).is_some_and(|t| *t <= now) {
                self.values.clear();
                of.read(*next, &mut self.values);
                self.live.warm_up(&[of.bar(feed, *next, &self.values)])?;
                *next += 1;
            }
        }
        self.values.clear();
        if n_traded == 1 {
            // One bar needs no lists.
            let Some((feed, row)) = rows.into_iter().next() else { return Ok(()) };
            self.look_within(feed, row);
            self.columns[feed].read(row, &mut self.values);
            let bar = [self.columns[feed].bar(feed, row, &self.values)];
            return play(&mut self.live, &mut self.hand, &bar, self.begin, account, desk);
        }
        let mut fresh = Vec::new();
        for (feed, row) in rows {
            self.look_within(feed, row);
            let from = self.values.len();
            self.columns[feed].read(row, &mut self.values);
            fresh.push((feed, row, from..self.values.len()));
        }
        let bar = |(feed, row, values): &(usize, usize, std::ops::Range<usize>)| {
            self.columns[*feed].bar(*feed, *row, &self.values[values.clone()])
        };
        let bars: Vec<Bar<'_>> = fresh.iter().map(bar).collect();
        play(&mut self.live, &mut self.hand, &bars, self.begin, account, desk)
    }

    /// Takes that the next bars of some feeds open, and does what is to be done before they fill anything.
    #[inline]
    pub(crate) fn opens(&mut self, feeds: impl Iterator<Item = usize>, desk: &mut Desk<'_, '_>) -> Result<()> {
        if !self.has_blackout || self.hand.names.is_empty() {
            return Ok(());
        }
        let mut is_known = false;
        for feed in feeds {
            let row = desk.next_row(self.hand.places[feed]);
            let Some(at) = self.columns[feed].axis.open().get(row).copied() else { continue };
            if !self.live.would_take_back(feed, at) {
                continue;
            }
            if !std::mem::replace(&mut is_known, true) {
                self.forget_ended(desk);
            }
            self.hand.act(self.live.opens(feed, at)?, desk);
            for taken in self.live.taken_back() {
                self.hand.tell(taken, Some(row), desk);
            }
        }
        Ok(())
    }

    /// Orders that came to nothing without a word, as a weight that is held already.
    fn forget_ended(&mut self, desk: &mut Desk<'_, '_>) {
        for i in (0..self.hand.names.len()).rev() {
            let (own, name) = self.hand.names[i];
            if desk.order(name).is_none() {
                self.hand.names.remove(i);
                self.hand.act(self.live.ended(OrderId(own)), desk);
            }
        }
    }

    /// Bars of a lower timeframe after that of an entry are known to have come after it.
    fn look_within(&mut self, feed: usize, row: usize) {
        let Some((market, filled)) = self.within.get_mut(feed) else { return };
        let Some((_, time)) = filled.take().filter(|(at, _)| *at == row) else { return };
        let Some(fine) = market.fine(row) else { return };
        for at in (0..fine.len()).filter(|at| fine.available(*at) > time) {
            let Touched { high, low, .. } = fine.bar(at);
            self.live.reached(feed, high, low);
        }
    }

    /// Takes what was filled of a feed.
    pub(crate) fn filled(&mut self, feed: usize, fill: &Filled, desk: &mut Desk<'_, '_>) -> Result<()> {
        if let (Some((_, within)), 1) = (self.within.get_mut(feed), fill.phase) {
            *within = Some((fill.row, fill.time));
        }
        let own = self.hand.names.iter().find(|(_, name)| *name == fill.order).map_or(0, |(own, _)| *own);
        let fill = Fill {
            order: OrderId(own),
            feed,
            time: fill.time,
            phase: match fill.phase {
                0 => Phase::Open,
                1 => Phase::Within,
                _ => Phase::Close,
            },
            raw: fill.raw,
            price: fill.price,
            held: fill.held,
            is_done: desk.order(fill.order).is_none(),
        };
        self.hand.act(self.live.filled_in_order(&fill)?, desk);
        Ok(())
    }

    /// Takes what else became of an order.
    pub(crate) fn updated(&mut self, update: &Update, desk: &mut Desk<'_, '_>) {
        if matches!(update.what, What::Resized | What::Waiting) {
            return;
        }
        if let Some(at) = self.hand.names.iter().position(|(_, name)| *name == update.order) {
            let (own, _) = self.hand.names.remove(at);
            self.hand.act(self.live.ended(OrderId(own)), desk);
        }
    }
}

/// Lets a strategy see bars, and does what it says.
fn play(
    live: &mut Live<'_>,
    hand: &mut Hand,
    bars: &[Bar<'_>],
    begin: i64,
    account: &Account,
    desk: &mut Desk<'_, '_>,
) -> Result<()> {
    if bars.iter().all(|bar| bar.open_time < begin) {
        return live.warm_up(bars);
    }
    hand.act(live.step(bars, account)?, desk);
    for taken in live.taken_back() {
        hand.tell(taken, None, desk);
    }
    Ok(())
}

impl Hand {
    /// Writes down that a blackout took back an entry: of the row that opens, or else of the last that is complete.
    #[cold]
    fn tell(&self, taken: &TakenBack, row: Option<usize>, desk: &mut Desk<'_, '_>) {
        let market = self.places[taken.feed];
        match row {
            Some(row) => desk.note_at(market, row, taken.side, Refusal::Blackout),
            None => desk.note(market, taken.side, Refusal::Blackout),
        }
    }

    /// Does what is to be done.
    fn act(&mut self, acts: &[Act], desk: &mut Desk<'_, '_>) {
        for act in acts {
            match *act {
                // The broker does it by itself.
                Act::Place(_, Order { cause: Cause::SessionEnd | Cause::SessionMissed, .. }) => {}
                Act::Place(OrderId(own), mut order) => {
                    let feed = order.market as usize;
                    if let Some(GroupId(group)) = order.oco {
                        let last = &mut self.groups[feed];
                        if last.0 != group {
                            *last = (group, desk.group());
                        }
                        order.oco = Some(last.1);
                    }
                    order.market = self.places[feed] as u32;
                    if let Cause::Exit(reason) = order.cause {
                        order.cause = Cause::Exit(reason.saturating_add(self.first_reason));
                    }
                    self.names.push((own, desk.submit(order)));
                }
                Act::Replace(OrderId(own), order) => {
                    if let Some((_, name)) = self.names.iter().find(|(id, _)| *id == own) {
                        desk.replace(*name, order.kind);
                    }
                }
                Act::Cancel(OrderId(own)) => {
                    if let Some(at) = self.names.iter().position(|(id, _)| *id == own) {
                        desk.cancel(self.names.remove(at).1);
                    }
                }
            }
        }
    }
}

impl Feeding {
    fn new(market: &Market) -> Self {
        let columns = (0..market.columns().names().len()).filter_map(|i| market.columns().at(i).map(|c| c.to_f64()));
        Self { columns: columns.collect(), axis: market.columns().axis().clone(), block: Vec::new(), begin: 0 }
    }

    /// Adds the values of a row.
    fn read(&mut self, row: usize, values: &mut Vec<f64>) {
        let n = self.columns.len();
        if row < self.begin || (row - self.begin) * n >= self.block.len() {
            self.bring(row);
        }
        values.extend_from_slice(&self.block[(row - self.begin) * n..][..n]);
    }

    /// Brings some rows together, from one on.
    #[cold]
    fn bring(&mut self, row: usize) {
        let n = self.columns.len();
        let end = self.axis.open().len().min(row + N_TOGETHER);
        self.begin = row;
        self.block.resize((end - row) * n, 0.0);
        for (place, column) in self.columns.iter().enumerate() {
            for (at, value) in column[row..end].iter().enumerate() {
                self.block[at * n + place] = *value;
            }
        }
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
        timeframe: market.timeframe(),
        columns: market.columns().names().map(ToString::to_string).collect(),
    }
}
