//! A compiled strategy as it goes on bar by bar: what became available goes in, orders come out.
//!
//! [`Live::step`] takes all bars that became available at one instant, of the symbols that are traded and of those that are
//! only read, and gives what is to be done with orders. What became of orders is told back by [`Live::filled`] and
//! [`Live::ended`]. It decides by the code of the batch walk (`mind`), over a plan that computes by the same kernels, so it
//! emits the orders that a run over the same bars would have filled. After its first rows it allocates nothing.
//!
//! What is different from a run over a history is said in docs/broker.md, "Live".

mod book;
mod clock;
mod pilot;
mod section;
mod snapshot;
mod tape;
mod told;

use qe_core::calendar::Calendar;
use qe_core::panel::Panel;
use qe_core::timeframe::Timeframe;
use serde::{Deserialize, Serialize};

pub use snapshot::Snapshot;
pub use told::{Fill, Phase};

use crate::broker::{Order, OrderId};
use crate::error::{Error, Result};
use crate::fills::Holding;
use crate::program::StrategyPlan;
use book::Out;
use pilot::Pilot;
use section::Section;

/// A symbol whose bars are given, as it is known before the first of them.
#[derive(Debug, Clone)]
pub struct Feed {
    /// Its ticker.
    pub symbol: String,
    /// Whether the strategy trades it; otherwise it is only read.
    pub is_traded: bool,
    /// What a session is.
    pub calendar: Calendar,
    /// How long a bar is.
    pub timeframe: Timeframe,
    /// The columns of its bars, in the order in which each gives their values.
    pub columns: Vec<String>,
}

/// A bar that became available.
#[derive(Debug, Clone, Copy)]
pub struct Bar<'a> {
    /// Whose, by its place among the feeds.
    pub feed: usize,
    /// When it opened, nanoseconds UTC.
    pub open_time: i64,
    /// When it was complete.
    pub available: i64,
    /// A value for each of [`Feed::columns`]; NaN where it is missing.
    pub values: &'a [f64],
}

/// What an account is worth, all bars of the instant being known. Only what strategies with sizes or gates over the account
/// read.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Money that is not invested.
    pub cash: f64,
    /// Money and positions together, at the last closes.
    pub equity: f64,
    /// How far that is below its highest at the ends of instants before, as a fraction.
    pub drawdown: f64,
}

impl Account {
    /// Of which nothing is known.
    pub const UNKNOWN: Self = Self { cash: f64::NAN, equity: f64::NAN, drawdown: f64::NAN };
}

/// Something to be done with an order.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// To place it under this number, which is the strategy's own.
    Place(OrderId, Order),
    /// To put it in the place of the one of this number, which it keeps: another price, and nothing else.
    Replace(OrderId, Order),
    /// To take it back.
    Cancel(OrderId),
}

/// An entry that was taken back, since it would be filled in a session before an event.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TakenBack {
    /// Whose, by its place among the feeds.
    pub feed: usize,
    /// 1 for one that buys, -1 for one that sells.
    pub side: f64,
}

/// A strategy at one point, as it goes on over some symbols. Each symbol that is traded is a strategy of its own, as in a
/// sweep over a universe; the account is theirs together.
#[derive(Debug)]
pub struct Live<'p> {
    feeds: Vec<Feed>,
    pilots: Vec<Pilot<'p>>,
    /// What compares symbols, where bars do not say it themselves.
    section: Option<Section<'p>>,
    /// When the last bar of each feed was complete, and room to look at more than one of them.
    lasts: Vec<i64>,
    seen: Vec<i64>,
    out: Out,
}

impl<'p> Live<'p> {
    /// A strategy that has seen no bar. [`Order::market`] is the place of the feed.
    ///
    /// # Errors
    /// When the plan has no such point, it cannot be run there, a feed lacks a column that is read, a symbol that is read has
    /// no feed, or it asks for what no orders give: weights that are restored for free. A strategy that compares symbols is
    /// made by [`Live::among`], unless each bar of what is traded has [the columns](qe_factors::plan::Plan::columns_across)
    /// that this comes to.
    pub fn new(plan: &'p StrategyPlan, point: usize, feeds: &[Feed]) -> Result<Self> {
        Self::with(plan, point, feeds, None)
    }

    /// As [`Live::new`], of a strategy that compares symbols: those of a panel, whose groups and memberships count and none
    /// of its rows. Each has a feed, traded or not, all of one timeframe; the bars of one instant are given together, since
    /// a symbol whose bar comes later takes no part in it.
    ///
    /// # Errors
    /// As [`Live::new`], and when a symbol of the panel has no feed, what is traded is none of them, or a grouping is
    /// missing.
    pub fn among(plan: &'p StrategyPlan, point: usize, feeds: &[Feed], peers: &Panel) -> Result<Self> {
        Self::with(plan, point, feeds, Some(peers))
    }

    fn with(plan: &'p StrategyPlan, point: usize, feeds: &[Feed], peers: Option<&Panel>) -> Result<Self> {
        let fault = |reason: String, mend: &str| Error::Market {
            place: format!("point {point} of {}", plan.name),
            reason,
            mend: mend.into(),
        };
        let program = match plan.programs.get(point) {
            Some(Ok(program)) => program,
            Some(Err(reason)) => return Err(fault(reason.to_string(), "give other parameters")),
            None => {
                let reason = format!("the plan has {} points", plan.programs.len());
                return Err(fault(reason, "give a point of the plan that can be run"));
            }
        };
        match plan.execution.holding {
            Holding::Units => {}
            Holding::Weights | Holding::WeightsFree => {
                let mend = "hold units (execution.holding = \"units\"), or run it in batch";
                return Err(Error::spec("execution.holding", "no order restores a weight at every bar", mend));
            }
        }
        if !feeds.iter().any(|feed| feed.is_traded) {
            return Err(fault("no feed is traded".into(), "give one with is_traded"));
        }
        let traded = feeds.iter().enumerate().filter(|(_, feed)| feed.is_traded);
        let section = match (plan.compiled.plan().across(), peers) {
            (Some(across), Some(peers)) => Some(Section::new(across, feeds, peers)?),
            _ => None,
        };
        let pilot = |(place, _)| Pilot::new(plan, program, feeds, place, section.is_none());
        let pilots = traded.map(pilot).collect::<Result<_>>()?;
        let lasts = vec![i64::MIN; feeds.len()];
        Ok(Self { feeds: feeds.to_vec(), pilots, section, seen: lasts.clone(), lasts, out: Out::default() })
    }

    /// Takes all bars that became available at one instant, in the order of the feeds, and gives what is to be done.
    /// Fills at the closes of these bars that were ordered before are told first.
    ///
    /// # Errors
    /// When a bar is of no feed, has another number of values than its feed has columns, or comes before one that was
    /// taken; when symbols are compared, and their bars are of different times.
    pub fn step(&mut self, bars: &[Bar<'_>], account: &Account) -> Result<&[Act]> {
        self.take(bars, Some(account))?;
        Ok(&self.out.acts)
    }

    /// Takes that a bar of a feed opens at an instant, or will if one comes, and gives what is to be done before anything of it
    /// is filled: entries are taken back that it would fill in a session before an event. It is the clock that tells this, at
    /// the latest with a session's first open: where the session before ended without its last bar, no bar does in time.
    ///
    /// # Errors
    /// When there is no such feed.
    pub fn opens(&mut self, feed: usize, at: i64) -> Result<&[Act]> {
        self.out.clear();
        if feed >= self.feeds.len() {
            return Err(Error::Market {
                place: format!("an open of feed {feed}"),
                reason: format!("there are {} feeds", self.feeds.len()),
                mend: "count from 0".into(),
            });
        }
        if let Some(pilot) = self.pilot_of(feed) {
            self.pilots[pilot].opens(at, &mut self.out);
        }
        Ok(&self.out.acts)
    }

    /// Whether [`Live::opens`] would take something back.
    pub(crate) fn would_take_back(&mut self, feed: usize, at: i64) -> bool {
        self.pilot_of(feed).is_some_and(|pilot| self.pilots[pilot].would_take_back(at))
    }

    /// The place of a feed's pilot: mostly the feed's own.
    fn pilot_of(&self, feed: usize) -> Option<usize> {
        let is_its = |pilot: &Pilot<'_>| pilot.feed == feed;
        if self.pilots.get(feed).is_some_and(is_its) { Some(feed) } else { self.pilots.iter().position(is_its) }
    }

    /// The entries that the last call took back, since they would be filled in a session before an event.
    pub fn taken_back(&self) -> &[TakenBack] {
        &self.out.taken_back
    }

    /// Takes bars that came before the strategy was to trade: nothing is decided on them.
    ///
    /// # Errors
    /// As [`Live::step`].
    pub fn warm_up(&mut self, bars: &[Bar<'_>]) -> Result<()> {
        self.take(bars, None)
    }

    fn take(&mut self, bars: &[Bar<'_>], account: Option<&Account>) -> Result<()> {
        self.out.clear();
        let is_taken;
        if let Some(section) = &self.section {
            section.check(bars, &self.lasts)?;
        }
        if let [bar] = bars {
            self.check(bar, self.lasts.get(bar.feed))?;
            is_taken = self.section.as_ref().is_some_and(|section| section.is_taken(bars, &self.lasts));
            self.lasts[bar.feed] = bar.available;
        } else {
            self.seen.clone_from(&self.lasts);
            for bar in bars {
                self.check(bar, self.seen.get(bar.feed))?;
                self.seen[bar.feed] = bar.available;
            }
            is_taken = self.section.as_ref().is_some_and(|section| section.is_taken(bars, &self.lasts));
            std::mem::swap(&mut self.lasts, &mut self.seen);
        }
        if let Some(section) = &mut self.section {
            if is_taken { section.skip() } else { section.step(bars) }
        }
        // What is read of other symbols is known in the same instant.
        for pilot in self.pilots.iter_mut().filter(|pilot| pilot.reads_others()) {
            bars.iter().for_each(|bar| pilot.hear(bar));
        }
        for bar in bars {
            if let Some(at) = self.pilot_of(bar.feed) {
                let pilot = &mut self.pilots[at];
                if let Some(section) = &self.section {
                    pilot.compare(section.of_feed(bar.feed));
                }
                pilot.step(bar, account, &mut self.out);
            }
        }
        Ok(())
    }

    /// Takes what was filled, and gives what is to be done at once: what rests to close a position that was opened. What is
    /// held after it counts, whatever order it was of: the strategy goes on from there. One that is told after a later one
    /// says nothing of what is held any more.
    ///
    /// # Errors
    /// When it is of no feed that is traded, or a price, or what is held, is no number. Nothing is changed then.
    pub fn filled(&mut self, fill: &Fill) -> Result<&[Act]> {
        match self.pilot_of(fill.feed).map(|at| &self.pilots[at]) {
            Some(pilot) if fill.time < pilot.state.last_fill && fill.is_done => Ok(self.ended(fill.order)),
            Some(pilot) if fill.time < pilot.state.last_fill => {
                self.out.clear();
                Ok(&self.out.acts)
            }
            _ => self.filled_in_order(fill),
        }
    }

    /// As [`Live::filled`], of one that is surely told in time.
    pub(crate) fn filled_in_order(&mut self, fill: &Fill) -> Result<&[Act]> {
        self.out.clear();
        let fault = |reason: String, mend: &str| {
            Err(Error::Market { place: format!("a fill of order {}", fill.order.0), reason, mend: mend.into() })
        };
        if !(fill.raw.is_finite() && fill.price.is_finite() && fill.held.is_finite()) {
            let Fill { raw, price, held, .. } = fill;
            let reason = format!("at {raw}, for {price}, after which {held} are held");
            return fault(reason, "give numbers; as the market's price what was paid, where that is not known");
        }
        let Some(at) = self.pilot_of(fill.feed) else {
            let reason = format!("feed {} is not traded", fill.feed);
            return fault(reason, "give the place of its symbol among the feeds");
        };
        self.pilots[at].filled(fill, &mut self.out);
        Ok(&self.out.acts)
    }

    /// Takes how far prices went in the bar that is running, after a position was entered within it, where that is known:
    /// by bars of a lower timeframe. To be told before the bar is given; without it, only its close is known to have come
    /// after the entry.
    pub fn reached(&mut self, feed: usize, high: f64, low: f64) {
        if let Some(at) = self.pilot_of(feed) {
            self.pilots[at].reached(high, low);
        }
    }

    /// Takes that an order is over, or what is left of it, without being filled: it expired, was refused, or was taken back
    /// by somebody else. What goes with it is taken back at once; what stands in its place comes with the next bar.
    pub fn ended(&mut self, order: OrderId) -> &[Act] {
        self.out.clear();
        for pilot in &mut self.pilots {
            pilot.ended(order, &mut self.out);
        }
        &self.out.acts
    }

    fn check(&self, bar: &Bar<'_>, last: Option<&i64>) -> Result<()> {
        let fault = |reason: String, mend: &str| {
            Err(Error::Market { place: format!("a bar of feed {}", bar.feed), reason, mend: mend.into() })
        };
        let (Some(feed), Some(&last)) = (self.feeds.get(bar.feed), last) else {
            return fault(format!("there are {} feeds", self.feeds.len()), "count from 0");
        };
        if bar.values.len() != feed.columns.len() {
            let reason = format!("it has {} values, and the feed has {}", bar.values.len(), feed.columns.len());
            return fault(reason, "give a value for each column, NaN where it is missing");
        }
        if bar.available <= last || bar.open_time > bar.available {
            let reason = format!("it is complete at {}, and one at {last} was taken", bar.available);
            return fault(reason, "give bars in the order in which they are complete, each once");
        }
        Ok(())
    }
}
