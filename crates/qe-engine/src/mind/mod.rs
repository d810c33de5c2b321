//! What a strategy makes of its market: what it decides, what its rules remember, what it wants to rest.
//!
//! A [`Mind`] knows no prices that are filled, no costs and no queue of a market. When a bar is complete it looks at it
//! ([`World`]) and decides; what became of its decisions it is told: entered, left, come to nothing. The batch walk, a strategy
//! on the broker and a live stepper are three worlds of one mind, so they cannot decide differently.
//! Rules: docs/simulation.md, "Decisions" and "What rests".

mod blackout;
mod decide;
mod position;
mod rules;
mod told;
mod world;

use std::collections::VecDeque;
use std::sync::Arc;

use qe_factors::plan::{Memory, Rule};

pub(crate) use decide::most_weight;
pub(crate) use position::{Levels, Position};
pub(crate) use world::{Sight, Wallet, World};

use crate::ledger::Cause;
use crate::program::{Exit, ExitKind, Program, Source};

/// What one point of a strategy has in mind.
#[derive(Debug, Clone)]
pub(crate) struct Mind {
    pub(crate) program: Arc<Program>,
    /// What was decided and is not filled yet, in the order of the decisions.
    pub(crate) orders: VecDeque<Order>,
    /// An entry order that rests in the market.
    pub(crate) waiting: Option<Waiting>,
    /// The side that is held once all orders are filled: 1, -1, or 0.
    pub(crate) decided: f64,
    pub(crate) position: Option<Position>,
    /// What the rules of each exit remember, long and short.
    pub(crate) memories: [Vec<Option<Memory>>; 2],
    /// What the rules of entries remember that are decided and not filled yet, in the order of their decisions.
    pub(crate) begun: VecDeque<Vec<Option<Memory>>>,
    /// What rests to close the position.
    pub(crate) levels: Levels,
    /// Which of the two has rules, and which has levels that rest.
    pub(crate) has_rules: [bool; 2],
    pub(crate) has_resting: [bool; 2],
    /// Nothing is entered before this row.
    pub(crate) cool_until: usize,
    /// The side that was last left, and where: it is not entered again in that row.
    pub(crate) left: (f64, usize),
    /// The weight that was last decided, where weights are held.
    pub(crate) decided_weight: f64,
    /// The weight that was last traded to by an order of one.
    pub(crate) held_weight: f64,
    registers: Vec<f64>,
    /// Memories that nobody uses now.
    pub(crate) spare: Vec<Vec<Option<Memory>>>,
}

/// An order on its way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Order {
    /// What the world calls it: the row in which it is filled, or its number.
    pub(crate) due: usize,
    pub(crate) what: What,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum What {
    Enter(Entry),
    /// To hold this weight.
    Weight(Entry),
    /// Why, and the row in which it was decided.
    Exit(Cause, usize),
}

/// An entry that was decided.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Entry {
    pub(crate) side: f64,
    /// Its size, as of the signal, scaled.
    pub(crate) size: f64,
    pub(crate) strength: f64,
    pub(crate) signal_row: usize,
}

/// An entry order that rests in the market.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Waiting {
    pub(crate) entry: Entry,
    pub(crate) level: f64,
    pub(crate) is_stop: bool,
    /// The last row in which it can be filled.
    pub(crate) until: usize,
}

/// The place of a side in pairs.
#[inline]
pub(crate) fn at_side(side: f64) -> usize {
    usize::from(side < 0.0)
}

impl Mind {
    /// The mind of a program, whose rules these are, with nothing in it.
    pub(crate) fn new(program: &Arc<Program>, rules: &[Rule]) -> Self {
        let rule = |exit: &Exit| match exit.source {
            Source::Rule(idx) => rules.get(idx).map(Rule::memory),
            _ => None,
        };
        let memories = [0, 1].map(|side| program.exits[side].iter().map(rule).collect::<Vec<_>>());
        let has_rules = [0, 1].map(|side| memories[side].iter().any(Option::is_some));
        let has_resting = [0, 1].map(|side| program.exits[side].iter().any(|e| e.kind != ExitKind::When));
        Self {
            orders: VecDeque::with_capacity(4),
            waiting: None,
            decided: 0.0,
            position: None,
            memories,
            begun: VecDeque::new(),
            levels: Levels::NONE,
            has_rules,
            has_resting,
            cool_until: 0,
            left: (0.0, usize::MAX),
            decided_weight: 0.0,
            held_weight: 0.0,
            registers: Vec::new(),
            spare: Vec::new(),
            program: Arc::clone(program),
        }
    }

    /// Whether sizes read the account.
    pub(crate) fn needs_account(&self) -> bool {
        let reads = |s: Option<Source>| matches!(s, Some(Source::Rule(_)));
        reads(Some(self.program.size.source)) || reads(self.program.size.scale)
    }

    /// Whether something is not entered for a while after an exit.
    #[inline]
    pub(crate) fn has_cooldown(&self) -> bool {
        self.program.cooldown_bars > 0 || self.program.cooldown_sessions > 0
    }
}
