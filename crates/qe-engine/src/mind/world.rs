//! What a mind looks at: a row that is complete, and the account.

use qe_factors::plan::Rule;

use crate::ledger::Refusal;
use crate::program::Source;

/// What the plan of a strategy gave in a row.
pub(crate) trait Sight {
    /// Whether an output that is a condition is true.
    fn is_true(&self, output: usize) -> bool;
    /// An output as a number.
    fn number(&self, output: usize) -> f64;
    /// A rule of the plan.
    fn rule(&self, idx: usize) -> Option<&Rule>;

    /// A value that no rule gives.
    #[inline]
    fn told(&self, source: Source) -> f64 {
        match source {
            Source::Number(x) => x,
            Source::Output(output) => self.number(output),
            Source::Rule(_) => f64::NAN,
        }
    }
}

/// A row that is complete, and all that is known then.
pub(crate) trait World: Sight {
    /// The row.
    fn row(&self) -> usize;
    /// High, low and close.
    fn extremes(&self) -> [f64; 3];
    /// The price at which a position is marked.
    fn mark(&self) -> f64;
    /// What an order of the market that is decided now is called: see [`Order::due`](super::Order::due).
    fn due(&self) -> usize;
    /// Whether such an order would come to nothing, since what follows is not there; of one that rests from the next row on.
    fn is_over(&self, due: usize) -> bool;
    /// Whether nothing may be entered: by the rules of sessions and events.
    fn is_no_entry(&self) -> bool;
    /// Whether nothing may be entered after this row, by the rules of events: in the session in which what follows it lies.
    fn is_blackout(&self) -> bool;
    /// Whether an order of the market that is decided now is filled in this row's session, at its close or the session's.
    fn fills_now(&self) -> bool;
    /// Brings the account up to the row, before it is asked for.
    fn settle(&mut self) {}
    /// What the account is worth, at the mark.
    fn wallet(&self) -> Wallet;
    /// An entry is not decided for this reason.
    fn refuse(&mut self, side: f64, why: Refusal);
    /// The most of worth that a weight may be.
    fn most(&self) -> f64;
}

/// An account as rules read it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Wallet {
    pub(crate) cash: f64,
    pub(crate) equity: f64,
    pub(crate) drawdown: f64,
}
