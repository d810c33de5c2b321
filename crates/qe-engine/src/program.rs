//! What a strategy came to at one point: where to look for its conditions and numbers, and what to do on them.
//!
//! A [`Program`] holds no text and no names. Everything that depends on the market alone is an output of one plan that all
//! points share; what reads the position or the account is a rule of that plan.

use std::sync::Arc;

use qe_core::ident::Id;
use qe_core::point::PointTable;
use qe_data::events::EventKind;
use qe_factors::expr::Compiled;

use crate::costs::CostModel;
use crate::error::{Error, Result};
use crate::fills::{FillTiming, Holding, PathPolicy};
use crate::market::Held;
use crate::sim::record::Refusal;

/// Where a value is found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Source {
    /// An output of the plan, by its place.
    Output(usize),
    /// A rule, by its place among the plan's rules.
    Rule(usize),
    /// The same number everywhere.
    Number(f64),
}

/// Long, and short: an index into pairs.
pub const LONG: usize = 0;
/// See [`LONG`].
pub const SHORT: usize = 1;

/// How a position is opened once it is decided.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum EntryOrder {
    /// At the market, by the fill timing.
    Market,
    /// By a limit at a price of its side, that rests for so many bars after the signal.
    Limit {
        /// The price, long and short, as of the signal.
        level: [Option<Source>; 2],
        /// How many bars it rests.
        n_bars: u32,
    },
    /// By a stop at a price of its side.
    Stop {
        /// The price, long and short, as of the signal.
        level: [Option<Source>; 2],
        /// How many bars it rests.
        n_bars: u32,
    },
}

/// How a position is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitKind {
    /// A condition, asked when a bar is complete, and filled by the fill timing.
    When,
    /// A price at which a stop rests in the market from the next bar on.
    Stop,
    /// A price at which a limit rests in the market.
    Target,
    /// A distance at which a stop follows the best price since the entry, within bars too.
    Trail,
}

/// An exit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exit {
    /// How.
    pub kind: ExitKind,
    /// The condition, the price, or the distance.
    pub source: Source,
    /// Its place among the strategy's reasons.
    pub reason: u16,
}

/// What a size is a number of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SizeKind {
    /// A share of equity at the fill, costs included.
    Fraction,
    /// An amount of money, costs included.
    Value,
    /// Units.
    Units,
}

/// How much is bought or sold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Size {
    /// What the number counts.
    pub kind: SizeKind,
    /// The number, as of the signal.
    pub source: Source,
    /// A factor on it, as of the signal: below 0 or missing is none at all.
    pub scale: Option<Source>,
    /// A position's value is at most this share of equity; infinite for no limit.
    pub limit_frac: f64,
    /// Units come in multiples of this; 0 for any number.
    pub lot: f64,
    /// A smaller number of units is not traded.
    pub min_units: f64,
}

/// What an entry signal against an open position does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Opposite {
    /// Nothing.
    #[default]
    Ignore,
    /// It closes the position.
    Close,
    /// It closes the position and opens the other.
    Reverse,
}

/// What a strategy came to at one point.
#[derive(Debug, Clone, PartialEq)]
pub struct Program {
    /// When to enter, long and short: conditions.
    pub entry: [Option<Source>; 2],
    /// What must be true, besides, when an entry is decided: conditions that may read the account.
    pub gates: Vec<Source>,
    /// How a position is opened.
    pub order: EntryOrder,
    /// How it is closed, long and short.
    pub exits: [Vec<Exit>; 2],
    /// How much.
    pub size: Size,
    /// What an entry signal against an open position does.
    pub opposite: Opposite,
    /// For how many bars after an exit nothing is entered.
    pub cooldown_bars: u32,
    /// For how many sessions after an exit nothing is entered.
    pub cooldown_sessions: u32,
    /// How strong an entry was: kept with the trade.
    pub strength: Option<Source>,
    /// The weight to hold, instead of entries and exits: above 0 long, below 0 short.
    pub weight: Option<Source>,
    /// How many rows at the beginning something of it is missing.
    pub lookback: usize,
}

/// How a strategy is executed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Execution {
    /// Money at the beginning.
    pub capital: f64,
    /// A position's value is at most this many times equity.
    pub leverage: f64,
    /// When decisions are filled.
    pub fill: FillTiming,
    /// What is held between decisions.
    pub holding: Holding,
    /// How the order of prices within a bar is decided.
    pub path: PathPolicy,
    /// Positions are closed at the close of a session's last bar; where there is none, at the next open.
    pub flat_at_session_end: bool,
    /// Nothing is entered on a session's last so many bars.
    pub no_entry_last_bars: u32,
    /// Nothing is entered in so many sessions before an event of the plan's [`StrategyPlan::blackout_events`], nor in that of
    /// the event up to it: 0 is that one alone. Without such events it says nothing.
    pub blackout_sessions: u32,
}

/// A strategy that is compiled for all points of a table.
#[derive(Debug, Clone)]
pub struct StrategyPlan {
    /// What it is called.
    pub name: Arc<str>,
    /// The identity of its specification, defaults written out.
    pub spec_id: Id,
    /// The identity of its skeleton, parameters erased: the family of hypotheses that it belongs to.
    pub skeleton_id: Id,
    /// The points.
    pub points: PointTable,
    /// The shared plan, and the rules. Programs name its outputs and rules by their places; by expression and point it is
    /// to be asked by nobody else, since points that cannot be run are none of its own.
    pub compiled: Compiled,
    /// What it came to at each point, or why it cannot be run there.
    pub programs: Vec<Result<Arc<Program>, Arc<str>>>,
    /// What exits are called, by [`Exit::reason`].
    pub reasons: Vec<Arc<str>>,
    /// How it is executed.
    pub execution: Execution,
    /// Before which events nothing is entered, [`Execution::blackout_sessions`] long.
    pub blackout_events: Vec<EventKind>,
    /// What it pays.
    pub costs: CostModel,
    /// What multiplies the spread in each row, if anything: an output of the plan.
    pub spread_multiplier: Option<Source>,
    /// What it says across symbols, from when a market has asked on; nothing, as by default, before.
    pub held: Held,
}

impl Source {
    /// What tells it from others.
    fn key(self) -> [u64; 2] {
        match self {
            Self::Output(output) => [0, output as u64],
            Self::Rule(rule) => [1, rule as u64],
            Self::Number(x) => [2, x.to_bits()],
        }
    }
}

impl Program {
    /// What tells it from other programs of its plan: two points with one key are one walk, as where a parameter is idle.
    pub(crate) fn key(&self) -> Vec<u64> {
        let mut key = Vec::with_capacity(48);
        let mut source = |s: Option<Source>| key.extend(s.map_or([3, 0], Source::key));
        self.entry.into_iter().for_each(&mut source);
        let (order, levels, n_bars) = match self.order {
            EntryOrder::Market => (0, [None; 2], 0),
            EntryOrder::Limit { level, n_bars } => (1, level, n_bars),
            EntryOrder::Stop { level, n_bars } => (2, level, n_bars),
        };
        levels.into_iter().for_each(&mut source);
        let size = self.size;
        [Some(size.source), size.scale, self.strength, self.weight].into_iter().for_each(&mut source);
        self.gates.iter().for_each(|gate| source(Some(*gate)));
        let numbers = [size.limit_frac, size.lot, size.min_units].map(f64::to_bits);
        key.extend(numbers);
        let counts = [order, u64::from(n_bars), size.kind as u64, self.opposite as u64, self.lookback as u64];
        key.extend(counts);
        key.extend([u64::from(self.cooldown_bars), u64::from(self.cooldown_sessions), self.gates.len() as u64]);
        for exits in &self.exits {
            key.push(exits.len() as u64);
            for exit in exits {
                key.extend([exit.kind as u64, u64::from(exit.reason)]);
                key.extend(exit.source.key());
            }
        }
        key
    }

    /// Whether a position always takes all money, so that nothing but the position moves worth while it is open: the shape
    /// that lets returns be summed from tables.
    pub(crate) fn is_all_in(&self, execution: &Execution, costs: &CostModel) -> bool {
        self.entry[SHORT].is_none()
            && self.weight.is_none()
            && self.size.kind == SizeKind::Fraction
            && self.size.source == Source::Number(1.0)
            && self.size.scale.is_none()
            && self.size.limit_frac >= 1.0
            && self.size.lot == 0.0
            && execution.leverage == 1.0
            && execution.holding == Holding::Units
            && !costs.has_carry()
            && costs.impact_coef == 0.0
    }
}

impl Execution {
    /// The execution itself, if it can be used.
    ///
    /// # Errors
    /// When a field is out of range: the field is named.
    pub fn check(&self) -> Result<()> {
        let fault = |field: &str, reason: &str, mend: &str| {
            Err(Error::Spec { field: format!("execution.{field}"), reason: reason.to_owned(), mend: mend.to_owned() })
        };
        if !(self.capital > 0.0 && self.capital.is_finite()) {
            return fault("capital", "there is no money to begin with", "give a number above 0");
        }
        if self.leverage.is_nan() || self.leverage <= 0.0 {
            return fault("leverage", "nothing may be held", "give a number above 0, such as 1");
        }
        match self.fill.fault() {
            Some((reason, mend)) => fault("fill", reason, mend),
            None => Ok(()),
        }
    }
}

impl Size {
    /// So much, with its bounds, as an order's quantity.
    pub(crate) fn of(&self, size: f64) -> crate::broker::Quantity {
        let Self { kind, limit_frac, lot, min_units, .. } = *self;
        crate::broker::Quantity::Sized { size, kind, limit_frac, lot, min_units }
    }

    /// How many units are bought or sold at a price, and why fewer than asked for, if so; 0 if it comes to nothing.
    #[inline(always)]
    pub(crate) fn units(
        &self,
        size: f64,
        equity: f64,
        price: f64,
        is_maker: bool,
        leverage: f64,
        costs: &CostModel,
    ) -> (f64, Option<Refusal>) {
        let mut units = match self.kind {
            SizeKind::Fraction => costs.affordable(size * equity, price, is_maker),
            SizeKind::Value => costs.affordable(size, price, is_maker),
            SizeKind::Units => size,
        };
        let mut capped = None;
        for (share, why) in [(self.limit_frac, Refusal::CappedByLimit), (leverage, Refusal::CappedByLeverage)] {
            // A share of equity that is no larger than this one needs no look.
            let is_within = matches!(self.kind, SizeKind::Fraction) && size <= share;
            if share.is_finite() && !is_within {
                let most = costs.affordable(share * equity, price, is_maker);
                if units > most {
                    (units, capped) = (most, Some(why));
                }
            }
        }
        if self.lot > 0.0 {
            // Of 0.3 there are three lots of 0.1, though the quotient is a last digit less.
            let lots = units / self.lot;
            let whole = (lots + (1e-12 * lots).min(1e-6)).floor() * self.lot;
            // What comes to nothing is told as that, and last digits are nothing.
            let is_less = units - whole > (1e-9 * self.lot).max(1e-12 * units);
            if capped.is_none() && is_less && whole > 0.0 && whole >= self.min_units {
                capped = Some(Refusal::RoundedToLot);
            }
            units = whole;
        }
        if units > 0.0 && units >= self.min_units { (units, capped) } else { (0.0, capped) }
    }
}
