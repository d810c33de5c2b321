//! Leak check: what was done up to an instant must not depend on what came after it.
//!
//! A strategy runs over a market, and again over markets that are the same up to a *cut* and other after it: rows that are
//! gone, missing or fewer, prices along another path, ten times as high or in another order, other columns, other symbols,
//! halts, spreads, fine bars; and, for a strategy as code, other events. Up to the cut, what it did (fills to the bit, refusals, payments), what it read and said (the
//! columns, masks and expressions in each row) and what its account was worth at each close must be the same. The first
//! difference is named: where, of what, and what was done to the market.
//!
//! A cut is an instant, and which of two kinds matters. After the *close* of a row nothing of the next row is known; after the
//! *open* of a row that one price is. So a decision that peeks at the close of the bar at whose open it is filled is seen:
//! that open stays, and the rest of its bar is another.
//!
//! What may differ at the end of a shorter run, and is not a leak: no entry is decided where its order would be due after
//! the last row, so in such rows nothing is told of gates and sizes ([`Told::decides_until`]). Nothing else is left out, and
//! no margin is.
//!
//! [`of_spec`] is the ready form, [`of_strategy`] that of strategies as code. A market whose columns or masks are made by code of one's own is checked by
//! [`of_spec_made`], which makes them anew on each market: a stored column cannot be asked how it was made. [`check`] takes
//! anything that acts on markets.

mod compare;
mod cut;
mod report;
mod rows;
mod strategy;
mod tamper;
mod tell;

use std::ops::Range;
use std::sync::Arc;

use qe_core::rng::Stream;

use crate::batch::Stretch;
use crate::error::Result;
use crate::fills::At;
use crate::ledger::Ledger;
use crate::market::Market;
use crate::program::StrategyPlan;
use crate::run::RunOptions;
use crate::spec::StrategySpec;

pub use cut::Cut;
pub use report::{Difference, LeakReport, Trial};
pub use strategy::of_strategy;
pub use tamper::Tampering;

/// What is said of an act.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// A number; it is compared to the bit, and a missing one is missing.
    Number(f64),
    /// Words.
    Text(String),
}

/// Something that was done, or was not: a decision, a fill, a refusal, a payment.
#[derive(Debug, Clone, PartialEq)]
pub struct Act {
    /// When it was known.
    pub time: i64,
    /// Whether that is with the opening price of a bar, or when one was complete.
    pub at: At,
    /// The row of its market, for the reader.
    pub row: usize,
    /// What it is: `fill`, `refusal`.
    pub what: &'static str,
    /// All that can be told of it.
    pub fields: Vec<(&'static str, Said)>,
    /// Whether it is of the making of a decision, which a run does not make where its order would be due after the end.
    pub is_of_decision: bool,
}

/// Numbers that became known one after the other: worth at closes, what a condition said, a column that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// What they are of: `equity`, ``column `close` ``, `entry.long`.
    pub name: String,
    /// When each was known.
    pub times: Vec<i64>,
    /// Whether that is with opening prices, or when bars were complete.
    pub at: At,
    /// The numbers.
    pub values: Vec<f64>,
}

/// What was done over some markets.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// What was done, in order.
    pub acts: Vec<Act>,
    /// What was read and what the account was, number by number.
    pub series: Vec<Series>,
    /// From this instant on decisions may not have been made, because their orders would be due after the last row.
    pub decides_until: i64,
}

/// How much is tried.
#[derive(Debug, Clone)]
pub struct LeakOptions {
    /// Parameters, and when scoring begins and ends.
    pub run: RunOptions,
    /// How many cuts are spread over all rows.
    pub n_cuts: usize,
    /// Of how many acts it is cut right before and after: half of them the first, half from the middle on.
    pub n_acts: usize,
    /// What is done to the market after each cut.
    pub tamperings: Vec<Tampering>,
    /// What the other rows are drawn from.
    pub seed: u64,
}

impl Default for LeakOptions {
    fn default() -> Self {
        Self { run: RunOptions::default(), n_cuts: 8, n_acts: 6, tamperings: Tampering::ALL.to_vec(), seed: 0 }
    }
}

/// Checks whatever acts on markets: `tell` runs it and tells what it did. It is run once on the markets as they are, and
/// once for each cut and each way to tamper with them.
///
/// # Errors
/// When it cannot be run on the markets as they are, or a market cannot be cut.
pub fn check(
    markets: &[Market],
    options: &LeakOptions,
    tell: impl Fn(&[Market]) -> Result<Told>,
) -> Result<LeakReport> {
    check_at(markets, options, |markets, _| tell(markets))
}

/// As [`check`], where `tell` is also told where a trial was cut and what was done after it.
fn check_at(
    markets: &[Market],
    options: &LeakOptions,
    tell: impl Fn(&[Market], Option<(Cut, Tampering)>) -> Result<Told>,
) -> Result<LeakReport> {
    let whole = tell(markets, None)?;
    let cuts = cut::cuts(markets, &whole, options);
    let mut trials = Vec::with_capacity(cuts.len() * options.tamperings.len());
    for (i, cut) in cuts.iter().enumerate() {
        for (k, tampering) in options.tamperings.iter().enumerate() {
            if !tampering.applies(markets) {
                continue;
            }
            let mut stream = Stream::new(options.seed, "leak", (i * Tampering::ALL.len() + k) as u64);
            let others = tamper::tampered(markets, *cut, *tampering, &mut stream)?;
            let told = tell(&others, Some((*cut, *tampering)));
            trials.push(compare::trial(&whole, told, *cut, *tampering));
        }
    }
    Ok(LeakReport { n_acts: whole.acts.len(), trials })
}

/// Checks a strategy over a market.
///
/// # Errors
/// When it cannot be run over the market, as by [`run`](crate::run::run).
pub fn of_spec(spec: &StrategySpec, market: &Market, options: &LeakOptions) -> Result<LeakReport> {
    of_spec_made(spec, market, options, |market| Ok(market.clone()))
}

/// Checks a strategy over a market whose columns, masks or spreads are made by `make`: of the market as it is, and anew of
/// each market that is other after a cut.
///
/// # Errors
/// As [`of_spec`], and when `make` fails on the market as it is.
pub fn of_spec_made(
    spec: &StrategySpec,
    market: &Market,
    options: &LeakOptions,
    make: impl Fn(&Market) -> Result<Market>,
) -> Result<LeakReport> {
    check(std::slice::from_ref(market), options, |markets| match markets {
        [market] => tell::of_spec(spec, &make(market)?, &options.run),
        _ => Ok(Told::NOTHING),
    })
}

/// Checks one point of a plan over a stretch of a market. Of the stretch, the end is the market's where it is its length.
///
/// # Errors
/// As [`run_with_ledger`](crate::batch::run_with_ledger).
pub fn of_plan(
    plan: &StrategyPlan,
    point: usize,
    market: &Market,
    stretch: &Stretch,
    options: &LeakOptions,
) -> Result<LeakReport> {
    let is_to_end = stretch.rows.end >= market.len();
    check(std::slice::from_ref(market), options, |markets| match markets {
        [market] => {
            let end = if is_to_end { market.len() } else { stretch.rows.end.min(market.len()) };
            let rows = stretch.rows.start.min(end)..end;
            tell::of_plan(plan, point, market, &Stretch { rows, ..stretch.clone() })
        }
        _ => Ok(Told::NOTHING),
    })
}

impl Told {
    /// Nothing was done.
    pub const NOTHING: Self = Self { acts: Vec::new(), series: Vec::new(), decides_until: i64::MAX };

    /// What a ledger tells of some rows of a market, whoever wrote it: fills, refusals, payments, and worth, cash and units
    /// at each close. Exits are named by `reasons`.
    pub fn of_ledger(ledger: &Ledger, market: &Market, reasons: &[Arc<str>], rows: Range<usize>) -> Self {
        let acts = tell::of_ledger(ledger, market, reasons, |_| false);
        Self { acts, series: tell::of_account(ledger, market, rows), decides_until: i64::MAX }
    }
}
