//! What happened, as columns: fills, refusals, payments, and worth at each close. Everything else derives from it.
//!
//! A ledger is keyed by instrument, and a fill may belong to a package, so that the legs of an option structure stand in it as
//! shares do, each marked by its own source. Money in it adds up: cash at the beginning, less what fills and payments took, is
//! cash at the end, to the bit in the order in which they stand; and exactly, with what rounding left over at each fill.

use std::sync::Arc;

use qe_core::columns::Axis;
use qe_core::exact::Exact;
use qe_core::instrument::Instrument;
use qe_core::time::Timestamp;
use serde::{Deserialize, Serialize};

pub use crate::sim::record::{Cause, Refusal};
use crate::sim::record::{Fill, Record};

/// What is traded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The ticker.
    pub symbol: Arc<str>,
    /// Currency per point of price and unit.
    pub multiplier: f64,
    /// The smallest step of a quantity; 0 for any.
    pub lot: f64,
    /// The smallest step of a price; 0 for any.
    pub tick: f64,
    /// The currency of its price.
    pub currency: Arc<str>,
    /// When it expires, nanoseconds UTC; `None` for what does not.
    pub expiry: Option<i64>,
    /// Where the prices come from that positions in it are marked at.
    pub marks: MarkSource,
}

impl Line {
    /// A symbol of which nothing else is known.
    pub fn of_symbol(symbol: &str) -> Self {
        Self {
            symbol: symbol.into(),
            multiplier: 1.0,
            lot: 0.0,
            tick: 0.0,
            currency: "USD".into(),
            expiry: None,
            marks: MarkSource::Close,
        }
    }

    /// An instrument, marked at closes.
    pub fn of(instrument: &Instrument) -> Self {
        Self {
            symbol: instrument.symbol.clone(),
            multiplier: instrument.multiplier,
            lot: instrument.lot_size,
            tick: instrument.tick_size,
            currency: instrument.currency.clone(),
            expiry: instrument.expiry.map(Timestamp::nanos),
            marks: MarkSource::Close,
        }
    }
}

/// Where the price comes from that a position is marked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkSource {
    /// The bar's close; where it has none, the last there was.
    #[default]
    Close,
    /// The bid, for what is held.
    Bid,
    /// The ask, for what is owed.
    Ask,
    /// Between bid and ask.
    Mid,
    /// A model.
    Model,
}

/// Fills, a column each, in the order in which they happened.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fills {
    /// The bar.
    pub row: Vec<u32>,
    /// When: the bar's opening for fills at its open, when it was complete for others; under the path policy
    /// `lower_timeframe`, when the fine bar of the fill was.
    pub time: Vec<i64>,
    /// The instrument, by its place in [`Ledger::lines`].
    pub line: Vec<u32>,
    /// What belongs together, as the legs of a structure; 0 for nothing.
    pub package_id: Vec<u64>,
    /// Units, below 0 for a sale; of a line with a multiplier, contracts.
    pub units: Vec<f64>,
    /// The market's price.
    pub raw: Vec<f64>,
    /// What was paid or received for each unit, spread and slippage included.
    pub price: Vec<f64>,
    /// Fees, in money.
    pub fee: Vec<f64>,
    /// Cash after it.
    pub cash: Vec<f64>,
    /// Units held after it.
    pub held: Vec<f64>,
    /// Why.
    pub cause: Vec<Cause>,
    /// At the bar's open (0), within it (1), at its close (2).
    pub phase: Vec<u8>,
    /// Whether the bar could not decide it.
    pub is_ambiguous: Vec<bool>,
    /// The bar in which it was decided.
    pub signal_row: Vec<u32>,
    /// How strong the entry was; NaN where nobody asked.
    pub strength: Vec<f64>,
    /// What rounding added to cash: with it cash is exactly what was there, less what was paid. A few last digits of the larger
    /// of the two.
    pub rounding: Vec<f64>,
}

impl Fills {
    /// How many.
    pub fn len(&self) -> usize {
        self.row.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.row.is_empty()
    }

    fn push(&mut self, line: u32, time: i64, package_id: u64, fill: &Fill, rounding: f64) {
        self.row.push(fill.row as u32);
        self.time.push(time);
        self.line.push(line);
        self.package_id.push(package_id);
        self.units.push(fill.units);
        self.raw.push(fill.raw);
        self.price.push(fill.price);
        self.fee.push(fill.fee);
        self.cash.push(fill.cash_after);
        self.held.push(fill.units_after);
        self.cause.push(fill.cause);
        self.phase.push(fill.phase);
        self.is_ambiguous.push(fill.is_ambiguous);
        self.signal_row.push(fill.signal_row as u32);
        self.strength.push(fill.strength);
        self.rounding.push(rounding);
    }
}

/// An order that was not filled as it was given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Refused {
    /// The instrument, by its place in [`Ledger::lines`].
    pub line: u32,
    /// The bar.
    pub row: u32,
    /// 1 for long, -1 for short.
    pub side: f64,
    /// Why.
    pub why: Refusal,
}

/// Money that was paid for holding a position; below 0 where it was received.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Carry {
    /// The instrument, by its place in [`Ledger::lines`].
    pub line: u32,
    /// The bar.
    pub row: u32,
    /// How many fills came before.
    pub n_fills: u32,
    /// How much.
    pub money: f64,
    /// What rounding added to cash, as of fills.
    pub rounding: f64,
}

/// A bar that did not say which of two ways an open position went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Undecided {
    /// The instrument, by its place in [`Ledger::lines`].
    pub line: u32,
    /// The bar.
    pub row: u32,
    /// How many fills came before.
    pub n_fills: u32,
}

/// The end of all trading: worth at or below nothing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Ruin {
    /// At which mark, nanoseconds UTC.
    pub time: i64,
    /// What is owed beyond what there was.
    pub owed: f64,
}

/// The time of a fill that is to be read from its bar.
const BY_AXIS: i64 = i64::MIN;

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Ledger {
    /// What was traded.
    pub lines: Vec<Line>,
    /// Money at the beginning.
    pub capital: f64,
    /// Fills.
    pub fills: Fills,
    /// Orders that were refused or made smaller.
    pub refused: Vec<Refused>,
    /// Payments for holding positions.
    pub carries: Vec<Carry>,
    /// Bars that did not say which of two ways an open position went.
    pub undecided: Vec<Undecided>,
    /// The end of all trading, if it came to that: what was held is gone, and what is owed beyond is written off.
    pub ruin: Option<Ruin>,
    /// Cash after the last fill and the payments since.
    cash: f64,
    axis: Axis,
}

impl Ledger {
    /// An empty ledger over the bars of an axis.
    pub fn new(line: Line, capital: f64, axis: &Axis) -> Self {
        Self::of_lines(vec![line], capital, axis)
    }

    /// An empty ledger of several lines, each with bars of its own: fills are told with their times.
    pub(crate) fn of_lines(lines: Vec<Line>, capital: f64, axis: &Axis) -> Self {
        Self {
            lines,
            capital,
            fills: Fills::default(),
            refused: Vec::new(),
            carries: Vec::new(),
            undecided: Vec::new(),
            ruin: None,
            cash: capital,
            axis: axis.clone(),
        }
    }

    /// Takes a fill of a line, at a time.
    pub(crate) fn push(&mut self, line: u32, time: i64, package_id: u64, fill: &Fill) {
        let multiplier = self.lines.get(line as usize).map_or(1.0, |line| line.multiplier);
        let exact = Exact::of(self.cash).less_product(fill.units * multiplier, fill.price).less(fill.fee);
        self.cash = fill.cash_after;
        self.fills.push(line, time, package_id, fill, exact.distance_to(self.cash));
    }

    /// Takes a payment for holding a position of a line.
    pub(crate) fn pay(&mut self, line: u32, row: usize, money: f64) {
        let exact = Exact::of(self.cash).less(money);
        self.cash -= money;
        let (row, n_fills, rounding) = (row as u32, self.fills.len() as u32, exact.distance_to(self.cash));
        self.carries.push(Carry { line, row, n_fills, money, rounding });
    }

    /// Writes the times of fills that are those of their bars. One after the other, at the end: a look at a far row of an axis
    /// waits for memory, and many such looks wait together.
    pub(crate) fn tell_times(&mut self) {
        let [open, available] = [self.axis.open(), self.axis.available()];
        for ((time, row), phase) in self.fills.time.iter_mut().zip(&self.fills.row).zip(&self.fills.phase) {
            if *time == BY_AXIS {
                let times = if *phase == 0 { open } else { available };
                *time = times.get(*row as usize).copied().unwrap_or(i64::MAX);
            }
        }
    }

    /// Currency per point of price and unit, of what a fill traded.
    pub(crate) fn multiplier_of(&self, fill: usize) -> f64 {
        let line = self.fills.line.get(fill).and_then(|line| self.lines.get(*line as usize));
        line.map_or(1.0, |line| line.multiplier)
    }

    /// Whether all is lost at the close of a bar.
    fn is_over(&self, row: usize) -> bool {
        self.ruin.is_some_and(|ruin| self.axis.available().get(row).is_some_and(|t| *t >= ruin.time))
    }

    /// Worth at each close of some bars, cash and units after each: what the fills and payments make of the marks. Of a ledger
    /// of one line; one of several is worth what its report says.
    pub fn curve(&self, rows: std::ops::Range<usize>, marks: &[f64]) -> Curve {
        let (mut fill, mut carry) = (0, 0);
        let (mut cash, mut units, mut multiplier) = (self.capital, 0.0, 1.0);
        let mut curve = Curve { rows: rows.clone(), ..Curve::default() };
        for row in rows {
            // As the account did: what was held is paid for before the row's fills.
            loop {
                let payment = self.carries.get(carry).filter(|c| c.row as usize <= row && c.n_fills as usize <= fill);
                if let Some(payment) = payment {
                    cash -= payment.money;
                    carry += 1;
                } else if fill < self.fills.len() && self.fills.row[fill] as usize <= row {
                    units = self.fills.held[fill];
                    multiplier = self.multiplier_of(fill);
                    cash -= self.fills.units[fill] * multiplier * self.fills.price[fill] + self.fills.fee[fill];
                    fill += 1;
                } else {
                    break;
                }
            }
            if self.is_over(row) {
                (cash, units) = (0.0, 0.0);
            }
            curve.cash.push(cash);
            curve.units.push(units);
            curve.equity.push(if units == 0.0 { cash } else { cash + units * multiplier * marks[row] });
        }
        curve
    }
}

/// Worth at each close.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Curve {
    /// The bars.
    pub rows: std::ops::Range<usize>,
    /// Worth.
    pub equity: Vec<f64>,
    /// Cash.
    pub cash: Vec<f64>,
    /// Units held.
    pub units: Vec<f64>,
}

impl Record for Ledger {
    fn fill(&mut self, fill: &Fill) {
        self.push(0, BY_AXIS, 0, fill);
    }

    fn at(&mut self, time: i64) {
        if let Some(last) = self.fills.time.last_mut() {
            *last = time;
        }
    }

    fn refuse(&mut self, row: usize, side: f64, why: Refusal) {
        self.refused.push(Refused { line: 0, row: row as u32, side, why });
    }

    fn carry(&mut self, row: usize, money: f64) {
        self.pay(0, row, money);
    }

    fn undecided(&mut self, row: usize) {
        self.undecided.push(Undecided { line: 0, row: row as u32, n_fills: self.fills.len() as u32 });
    }
}
