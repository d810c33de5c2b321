//! One symbol that is traded: its plan row by row, the strategy's mind, and what it has in the market.

use std::sync::Arc;

use qe_factors::plan::{Plan, Rule, Stepper};

use super::book::{Book, Out};
use super::clock::Clock;
use super::{Account, Bar, Feed};
use crate::error::{Error, Result};
use crate::ledger::Refusal;
use crate::mind::{Mind, Sight, Wallet, World};
use crate::program::{Program, StrategyPlan};

/// A symbol that is traded.
#[derive(Debug)]
pub(super) struct Pilot<'p> {
    /// Its place among the feeds.
    pub(super) feed: usize,
    pub(super) plan: &'p StrategyPlan,
    pub(super) mind: Mind,
    stepper: Stepper<'p>,
    /// Which values of a bar the plan reads, in its order.
    wires: Vec<usize>,
    /// The other symbols that it reads: feed, name, and which values of theirs.
    others: Vec<Other>,
    /// Where open, high, low and close stand in a bar.
    prices: [usize; 4],
    /// The values of a row as the plan wants them.
    values: Vec<f64>,
    /// What the plan gave in the last row.
    pub(super) last: Vec<f64>,
    pub(super) n_rows: usize,
    pub(super) last_available: i64,
    /// The last close; before the first, the last open.
    mark: f64,
    has_close: bool,
    pub(super) clock: Option<Clock>,
    /// The price of an entry at the close of a row that was not seen yet.
    pub(super) unseen: Option<f64>,
    /// The price of an entry in the row that is running: what it is beyond does not rest in that row.
    pub(super) beyond: Option<f64>,
    pub(super) book: Book,
}

/// Another symbol that the plan reads.
#[derive(Debug)]
struct Other {
    feed: usize,
    symbol: String,
    wires: Vec<usize>,
}

impl<'p> Pilot<'p> {
    pub(super) fn new(plan: &'p StrategyPlan, program: &Arc<Program>, feeds: &[Feed], place: usize) -> Result<Self> {
        let feed = &feeds[place];
        let expressions = plan.compiled.plan();
        let mut others = Vec::new();
        for symbol in expressions.symbols() {
            let (Some(at), Some(of)) = (feeds.iter().position(|f| f.symbol == symbol), expressions.of_symbol(symbol))
            else {
                return Err(Error::Market {
                    place: format!("symbol {symbol:?}"),
                    reason: format!("{} reads it, and it has no feed", plan.name),
                    mend: "give a feed of it that is not traded".into(),
                });
            };
            others.push(Other { feed: at, symbol: symbol.to_owned(), wires: wires(of, &feeds[at])? });
        }
        let [open, high, low, close] = ["open", "high", "low", "close"].map(|name| place_of(&feeds[place], name));
        Ok(Self {
            feed: place,
            plan,
            mind: Mind::new(program, plan.compiled.rules()),
            stepper: expressions.stepper(0)?,
            wires: wires(expressions, feed)?,
            others,
            prices: [open?, high?, low?, close?],
            values: Vec::new(),
            last: vec![f64::NAN; expressions.outputs().len()],
            n_rows: 0,
            last_available: i64::MIN,
            mark: 1.0,
            has_close: false,
            clock: Clock::new(plan, feed, program.cooldown_sessions),
            unseen: None,
            beyond: None,
            book: Book::default(),
        })
    }

    /// Takes a bar of another symbol, if it reads it.
    #[inline]
    pub(super) fn hear(&mut self, bar: &Bar<'_>) {
        for other in self.others.iter().filter(|other| other.feed == bar.feed) {
            self.values.clear();
            self.values.extend(other.wires.iter().map(|at| bar.values[*at]));
            // It is read, and has all its values.
            let _ = self.stepper.step_symbol(&other.symbol, bar.open_time, bar.available, &self.values);
        }
    }

    /// Takes a bar of its own, decides, and says what is to be done.
    pub(super) fn step(&mut self, bar: &Bar<'_>, account: &Account, out: &mut Out) {
        self.values.clear();
        self.values.extend(self.wires.iter().map(|at| bar.values[*at]));
        if let Some(told) = self.stepper.step(bar.open_time, bar.available, &self.values) {
            self.last.copy_from_slice(told);
        }
        let row = self.n_rows;
        self.n_rows += 1;
        self.last_available = bar.available;
        let [open, high, low, close] = self.prices.map(|at| bar.values[at]);
        if !close.is_nan() {
            (self.mark, self.has_close) = (close, true);
        } else if !self.has_close && !open.is_nan() {
            self.mark = open;
        }
        let told = self.clock.as_mut().map(|clock| clock.see(bar)).unwrap_or_default();
        let rules = self.plan.compiled.rules();
        let x = &self.plan.execution;
        let mut now = Now {
            last: Last { outputs: &self.last, rules },
            row,
            extremes: [high, low, close],
            mark: self.mark,
            is_no_entry: told.is_no_entry,
            wallet: Wallet { cash: account.cash, equity: account.equity, drawdown: account.drawdown },
            most: x.leverage,
        };
        if let Some(raw) = self.unseen.take() {
            self.mind.entered(&now.last, raw);
        }
        self.beyond = None;
        if self.mind.waiting.is_some_and(|w| row > w.entry.signal_row && row >= w.until) {
            self.mind.expire();
        }
        if told.is_session_last && x.flat_at_session_end && self.mind.position.is_none() {
            self.mind.end_session();
        }
        self.mind.decide(&mut now);
        self.book.send(&mut self.mind, self.plan, self.feed, row, None, out);
    }
}

/// What the plan gave in a row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Last<'a> {
    pub(super) outputs: &'a [f64],
    pub(super) rules: &'a [Rule],
}

impl Sight for Last<'_> {
    #[inline]
    fn is_true(&self, output: usize) -> bool {
        self.outputs[output] == 1.0
    }

    #[inline]
    fn number(&self, output: usize) -> f64 {
        self.outputs[output]
    }

    #[inline]
    fn rule(&self, idx: usize) -> Option<&Rule> {
        self.rules.get(idx)
    }
}

/// A row that is complete.
struct Now<'a> {
    last: Last<'a>,
    row: usize,
    extremes: [f64; 3],
    mark: f64,
    is_no_entry: bool,
    wallet: Wallet,
    most: f64,
}

impl Sight for Now<'_> {
    #[inline]
    fn is_true(&self, output: usize) -> bool {
        self.last.is_true(output)
    }

    #[inline]
    fn number(&self, output: usize) -> f64 {
        self.last.number(output)
    }

    #[inline]
    fn rule(&self, idx: usize) -> Option<&Rule> {
        self.last.rule(idx)
    }
}

impl World for Now<'_> {
    #[inline]
    fn row(&self) -> usize {
        self.row
    }

    #[inline]
    fn extremes(&self) -> [f64; 3] {
        self.extremes
    }

    #[inline]
    fn mark(&self) -> f64 {
        self.mark
    }

    /// It has no number yet.
    #[inline]
    fn due(&self) -> usize {
        super::book::NEW
    }

    /// Nobody knows which row is the last.
    #[inline]
    fn is_over(&self, _: usize) -> bool {
        false
    }

    #[inline]
    fn is_no_entry(&self) -> bool {
        self.is_no_entry
    }

    #[inline]
    fn wallet(&self) -> Wallet {
        self.wallet
    }

    /// What is not ordered is nobody's business.
    fn refuse(&mut self, _: f64, _: Refusal) {}

    fn most(&self) -> f64 {
        self.most
    }
}

/// Which values of a feed's bars a plan reads.
fn wires(plan: &Plan, feed: &Feed) -> Result<Vec<usize>> {
    plan.columns().map(|name| place_of(feed, name)).collect()
}

fn place_of(feed: &Feed, name: &str) -> Result<usize> {
    feed.columns.iter().position(|c| c == name).ok_or_else(|| Error::Market {
        place: format!("the feed of {}", feed.symbol),
        reason: format!("it has no column {name:?}"),
        mend: "give it with each bar".into(),
    })
}
