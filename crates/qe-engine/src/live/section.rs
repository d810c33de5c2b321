//! What compares symbols, as the bars of all of them come: its plan over their panel, instant by instant.

use qe_core::bars::is_price;
use qe_core::panel::Panel;
use qe_core::time::TimeRange;
use qe_factors::plan::{PanelStepper, Plan};

use super::pilot::place_of;
use super::{Bar, Feed};
use crate::error::{Error, Result};

/// Places among the values of a feed's bars.
#[derive(Debug)]
struct Wires {
    /// Of what is read.
    read: Vec<usize>,
    /// Of what says that there is a bar.
    prices: Vec<usize>,
}

/// Where its prices stand; all of its values, where it has none.
fn prices(feed: &Feed) -> Vec<usize> {
    let prices: Vec<usize> = (0..feed.columns.len()).filter(|at| is_price(&feed.columns[*at])).collect();
    if prices.is_empty() { (0..feed.columns.len()).collect() } else { prices }
}

/// The symbols that are compared, and what is said of each.
#[derive(Debug)]
pub(super) struct Section<'p> {
    pub(super) stepper: PanelStepper<'p>,
    /// Who belonged to the universe when.
    panel: Panel,
    /// Of each feed its number among the symbols, and which values of its bars are read; `None` where it is none of them.
    feeds: Vec<Option<(usize, Wires)>>,
    /// The symbols that have a bar at this instant, and what is read of those.
    at: Vec<usize>,
    rows: Vec<f64>,
    /// What is said of each symbol at this instant; nothing where none of them had a bar.
    said: Vec<f64>,
}

impl<'p> Section<'p> {
    /// Of a plan across symbols, before the first bar of any of them.
    pub(super) fn new(plan: &'p Plan, feeds: &[Feed], peers: &Panel) -> Result<Self> {
        let stepper = plan.panel_stepper(peers, 0)?;
        let fault = |feed: &Feed, reason: &str, mend: &str| {
            Err(Error::Market {
                place: format!("the feed of {}", feed.symbol),
                reason: reason.into(),
                mend: mend.into(),
            })
        };
        let mut of_feeds = Vec::with_capacity(feeds.len());
        let mut first: Option<&Feed> = None;
        for (i, feed) in feeds.iter().enumerate() {
            let Ok(symbol) = peers.index_of(&feed.symbol) else {
                if feed.is_traded {
                    let reason = "it is traded, and none of the symbols that are compared";
                    return fault(feed, reason, "give it among them");
                }
                of_feeds.push(None);
                continue;
            };
            if feeds[..i].iter().any(|other| other.symbol == feed.symbol) {
                return fault(feed, "there are two of its symbol", "give each symbol that is compared once");
            }
            let first = first.get_or_insert(feed);
            if first.timeframe != feed.timeframe || first.calendar != feed.calendar {
                let reason = format!("it is compared with {}, of another timeframe or calendar", first.symbol);
                return fault(feed, &reason, "give feeds of one timeframe and calendar");
            }
            let read = stepper.columns().map(|name| place_of(feed, name)).collect::<Result<_>>()?;
            of_feeds.push(Some((symbol, Wires { read, prices: prices(feed) })));
        }
        if let Some(missing) = peers.symbols().iter().find(|s| !feeds.iter().any(|feed| feed.symbol == **s)) {
            return Err(Error::Market {
                place: format!("symbol {missing:?}"),
                reason: "it is among those that are compared, and has no feed".into(),
                mend: "give a feed of it that is not traded".into(),
            });
        }
        let n = peers.n_symbols() * plan.outputs().len();
        Ok(Self {
            stepper,
            panel: peers.clone(),
            feeds: of_feeds,
            at: Vec::new(),
            rows: Vec::new(),
            said: vec![f64::NAN; n],
        })
    }

    /// Whether bars of one instant are of one row: those of symbols that are compared open together, and not before
    /// those that were taken. `lasts` is when the last bar of each feed was complete.
    pub(super) fn check(&self, bars: &[Bar<'_>], lasts: &[i64]) -> Result<()> {
        let mut compared = bars.iter().filter(|bar| self.feeds.get(bar.feed).is_some_and(Option::is_some));
        let Some(first) = compared.next() else { return Ok(()) };
        let last = self.last(lasts);
        if first.available < last {
            return Err(Error::Market {
                place: format!("a bar of feed {}", first.feed),
                reason: format!("it is complete at {}, and symbols were compared at {last}", first.available),
                mend: "give the bars of all symbols that are compared in the order in which they are complete".into(),
            });
        }
        match compared.find(|bar| (bar.open_time, bar.available) != (first.open_time, first.available)) {
            None => Ok(()),
            Some(other) => Err(Error::Market {
                place: format!("a bar of feed {}", other.feed),
                reason: format!("it is compared with one of feed {}, and is of another time", first.feed),
                mend: "give the bars of one instant together, and those of another by another step".into(),
            }),
        }
    }

    /// When the last bar of any symbol that is compared was complete.
    fn last(&self, lasts: &[i64]) -> i64 {
        let compared = self.feeds.iter().zip(lasts).filter(|(feed, _)| feed.is_some());
        compared.map(|(_, last)| *last).max().unwrap_or(i64::MIN)
    }

    /// Whether the instant of some bars, which were checked, was taken by an earlier call.
    pub(super) fn is_taken(&self, bars: &[Bar<'_>], lasts: &[i64]) -> bool {
        let mut compared = bars.iter().filter(|bar| self.feeds[bar.feed].is_some());
        compared.next().is_some_and(|bar| bar.available == self.last(lasts))
    }

    /// Takes no bars: those that came too late are compared with none, and the instant counts once for all others.
    pub(super) fn skip(&mut self) {
        self.said.fill(f64::NAN);
    }

    /// Who belonged to the universe when, as it is told apart.
    pub(super) fn members(&self) -> Vec<Vec<(i64, i64)>> {
        let of_symbol = |ranges: &Vec<TimeRange>| ranges.iter().map(|r| (r.start, r.end)).collect();
        self.panel.members().iter().map(of_symbol).collect()
    }

    /// Takes the bars of an instant, which were checked.
    pub(super) fn step(&mut self, bars: &[Bar<'_>]) {
        self.at.clear();
        self.rows.clear();
        self.said.fill(f64::NAN);
        let mut time = None;
        for bar in bars {
            let Some((symbol, wires)) = &self.feeds[bar.feed] else { continue };
            time = Some((bar.open_time, bar.available));
            // A bar without any price is none, as in a panel.
            let is_bar = wires.prices.iter().any(|at| !bar.values[*at].is_nan());
            if is_bar && self.panel.is_member(*symbol, bar.open_time) {
                self.at.push(*symbol);
                self.rows.extend(wires.read.iter().map(|at| bar.values[*at]));
            }
        }
        let Some((open, available)) = time else { return };
        let n = self.stepper.columns().len();
        let rows = self.at.iter().enumerate().map(|(i, symbol)| (*symbol, &self.rows[i * n..(i + 1) * n]));
        // They were checked: each is there, once, with all its values.
        if let Some(said) = self.stepper.step(open, available, rows) {
            self.said.copy_from_slice(said);
        }
    }

    /// What is said of a feed at this instant.
    pub(super) fn of_feed(&self, feed: usize) -> &[f64] {
        let n = self.said.len() / self.panel.n_symbols().max(1);
        match &self.feeds[feed] {
            Some((symbol, _)) => &self.said[symbol * n..(symbol + 1) * n],
            None => &[],
        }
    }
}
