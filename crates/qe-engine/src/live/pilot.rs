//! One symbol that is traded: its plan row by row, the strategy's mind, and what it has in the market.

use std::sync::Arc;

use qe_factors::plan::{Plan, Rule, Stepper};

use super::book::{Book, Out};
use super::clock::{Clock, Told};
use super::tape::Tape;
use super::{Account, Bar, Feed, TakenBack};
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
    pub(super) stepper: Stepper<'p>,
    /// Which values of a bar the plan reads, in its order.
    wires: Vec<usize>,
    /// Which values of a bar say how it compares with other symbols, in the plan's order; none where somebody else says it.
    compared: Vec<usize>,
    /// The other symbols that it reads: feed, name, and which values of theirs.
    others: Vec<Other>,
    /// Where open, high, low and close stand in a bar.
    prices: [usize; 4],
    /// The values of another symbol's row as the plan wants them.
    values: Vec<f64>,
    pub(super) state: State,
}

/// What changes of it from bar to bar, but for the plan's memory.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) mind: Mind,
    pub(super) n_rows: usize,
    pub(super) last_available: i64,
    /// The time of the last fill.
    pub(super) last_fill: i64,
    /// The last close; before the first, the last open.
    pub(super) mark: f64,
    pub(super) has_close: bool,
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
    /// `says` whether its own bars say how they compare with other symbols, where that is read.
    pub(super) fn new(
        plan: &'p StrategyPlan,
        program: &Arc<Program>,
        feeds: &[Feed],
        place: usize,
        says: bool,
    ) -> Result<Self> {
        let feed = &feeds[place];
        let expressions = plan.compiled.plan();
        let mut compared = Vec::new();
        for name in expressions.columns_across().filter(|_| says) {
            let at = feed.columns.iter().position(|c| c == name);
            compared.push(at.ok_or_else(|| Error::Market {
                place: format!("the feed of {}", feed.symbol),
                reason: format!("{} compares symbols, and nothing says which", plan.name),
                mend: "make it by Live::among, with a feed of each symbol".into(),
            })?);
        }
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
            stepper: expressions.stepper(0)?,
            wires: wires(expressions, feed)?,
            compared,
            others,
            prices: [open?, high?, low?, close?],
            values: Vec::new(),
            state: State {
                mind: Mind::new(program, plan.compiled.rules()),
                n_rows: 0,
                last_available: i64::MIN,
                last_fill: i64::MIN,
                mark: 1.0,
                has_close: false,
                clock: Clock::new(plan, feed, program.cooldown_sessions),
                unseen: None,
                beyond: None,
                book: Book::default(),
            },
        })
    }

    /// Whether it reads other symbols.
    #[inline]
    pub(super) fn reads_others(&self) -> bool {
        !self.others.is_empty()
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

    /// Takes how its next bar compares with those of other symbols.
    #[inline]
    pub(super) fn compare(&mut self, said: &[f64]) {
        // As much is said as is read.
        let _ = self.stepper.tell_across(said);
    }

    /// Takes a bar of its own, decides, and says what is to be done. A bar that is no more than a warm-up decides nothing.
    pub(super) fn step(&mut self, bar: &Bar<'_>, account: Option<&Account>, out: &mut Out) {
        if !self.compared.is_empty() {
            self.values.clear();
            self.values.extend(self.compared.iter().map(|at| bar.values[*at]));
            let _ = self.stepper.tell_across(&self.values);
        }
        // It has all values that the plan reads.
        let _ = self.stepper.step_from(bar.open_time, bar.available, bar.values, &self.wires);
        let state = &mut self.state;
        let row = state.n_rows;
        state.n_rows += 1;
        state.last_available = bar.available;
        let [open, high, low, close] = self.prices.map(|at| bar.values[at]);
        if !close.is_nan() {
            (state.mark, state.has_close) = (close, true);
        } else if !state.has_close && !open.is_nan() {
            state.mark = open;
        }
        let told = state.clock.as_mut().map(|clock| clock.see(bar)).unwrap_or_default();
        let x = &self.plan.execution;
        if x.flat_at_session_end {
            state.end_session(told, row);
        }
        let Some(account) = account else { return };
        if told.opens_in_blackout {
            // Where the clock was not told, what was filled is held; what was not is taken back now.
            state.take_back_entries(self.feed, out);
        }
        if told.opens_in_blackout || told.is_blackout {
            state.take_back_rest(self.feed, out);
        }
        let mut now = Now {
            last: Last { outputs: self.stepper.last(), rules: self.plan.compiled.rules() },
            row,
            extremes: [high, low, close],
            mark: state.mark,
            is_no_entry: told.is_no_entry,
            is_blackout: told.is_blackout,
            fills_now: x.fill.is_same_bar(),
            wallet: Wallet { cash: account.cash, equity: account.equity, drawdown: account.drawdown },
            most: x.leverage,
            feed: self.feed,
            taken_back: &mut out.taken_back,
        };
        let mind = &mut state.mind;
        if let Some(raw) = state.unseen.take() {
            mind.entered(&now.last, raw);
        }
        state.beyond = None;
        if mind.waiting.is_some_and(|w| row > w.entry.signal_row && row >= w.until) {
            mind.expire();
        }
        mind.go_on_from_held();
        mind.decide(&mut now);
        state.book.send(mind, self.plan, self.feed, row, None, out);
    }
}

impl Pilot<'_> {
    /// Whether something is on its way that a bar which opens then must not fill.
    pub(super) fn would_take_back(&mut self, at: i64) -> bool {
        let State { mind, clock, book, .. } = &mut self.state;
        let has_any = mind.has_on_the_way() || book.partial.is_some();
        has_any && clock.as_mut().is_some_and(|clock| clock.opens_in_blackout(at))
    }

    /// A bar of its own opens: by the clock, before anything of it is known.
    pub(super) fn opens(&mut self, at: i64, out: &mut Out) {
        if self.would_take_back(at) {
            self.state.take_back_entries(self.feed, out);
            self.state.take_back_rest(self.feed, out);
            self.state.book.take_back(&self.state.mind, out);
        }
    }
}

impl State {
    /// Takes back what would enter.
    #[cold]
    fn take_back_entries(&mut self, feed: usize, out: &mut Out) {
        self.mind.take_back_entries(|side| out.taken_back.push(TakenBack { feed, side }));
    }

    /// Takes back what is left of an entry that was filled in part.
    fn take_back_rest(&mut self, feed: usize, out: &mut Out) {
        let Some(position) = &self.mind.position else { return };
        if let Some(id) = self.book.partial.take() {
            out.taken_back.push(TakenBack { feed, side: position.side });
            out.cancel(id);
        }
    }

    /// Sessions end with a row that is complete, or ended before it: what is still held is late, and without that nothing is
    /// on its way any more.
    fn end_session(&mut self, told: Told, row: usize) {
        let held = self.mind.position.as_ref().map(|p| p.row);
        let is_over = told.is_session_last || told.is_session_missed || self.book.late.is_some();
        match held {
            None if is_over => self.mind.end_session(),
            // Opened after the session's end.
            Some(since) if !told.is_session_last && since == row => {}
            Some(_) if told.is_session_last => return self.book.late = Some(row + 1),
            Some(_) if told.is_session_missed => return self.book.late = Some(row),
            // It is late already, or its session goes on.
            _ => return,
        }
        self.book.late = None;
    }

    /// Writes or reads it.
    pub(super) fn keep(&mut self, tape: &mut Tape) {
        let Self { mind, n_rows, last_available, last_fill, mark, has_close, clock, unseen, beyond, book } = self;
        tape.mind(mind);
        tape.count(n_rows);
        tape.time(last_available);
        tape.time(last_fill);
        tape.number(mark);
        tape.flag(has_close);
        // Whether there is a clock, the strategy says.
        clock.iter_mut().for_each(|clock| clock.keep(tape));
        tape.option(unseen, &0.0, Tape::number);
        tape.option(beyond, &0.0, Tape::number);
        book.keep(tape);
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
    is_blackout: bool,
    fills_now: bool,
    wallet: Wallet,
    most: f64,
    feed: usize,
    taken_back: &'a mut Vec<TakenBack>,
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
    fn is_blackout(&self) -> bool {
        self.is_blackout
    }

    #[inline]
    fn fills_now(&self) -> bool {
        self.fills_now
    }

    #[inline]
    fn wallet(&self) -> Wallet {
        self.wallet
    }

    /// What is not ordered is nobody's business; what is taken back is told.
    fn refuse(&mut self, side: f64, why: Refusal) {
        if why == Refusal::Blackout {
            self.taken_back.push(TakenBack { feed: self.feed, side });
        }
    }

    fn most(&self) -> f64 {
        self.most
    }
}

/// Which values of a feed's bars a plan reads.
fn wires(plan: &Plan, feed: &Feed) -> Result<Vec<usize>> {
    plan.columns().map(|name| place_of(feed, name)).collect()
}

pub(super) fn place_of(feed: &Feed, name: &str) -> Result<usize> {
    feed.columns.iter().position(|c| c == name).ok_or_else(|| Error::Market {
        place: format!("the feed of {}", feed.symbol),
        reason: format!("it has no column {name:?}"),
        mend: "give it with each bar".into(),
    })
}
