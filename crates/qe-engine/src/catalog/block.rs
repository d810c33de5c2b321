//! What a block is: a text with slots, and what may be put into them.

use std::borrow::Cow;

use qe_core::param::Param;

use crate::program::{ExitKind, SizeKind};
use crate::spec::Side;

/// What a block is given under a name.
#[derive(Debug, Clone, PartialEq)]
pub enum Slot {
    /// A number, with its default and the range that a search may walk. A parameter or an expression may stand for it.
    Number(Param),
    /// An expression.
    Series {
        /// Its name.
        name: &'static str,
        /// What is taken if it is left out; it must be given where there is none.
        default: Option<&'static str>,
        /// One line on it.
        doc: &'static str,
    },
    /// A word that chooses between texts: it must be given as such.
    Switch(Param),
}

impl Slot {
    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Number(param) | Self::Switch(param) => &param.name,
            Self::Series { name, .. } => name,
        }
    }

    /// What it is when it is left out.
    pub fn default(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Number(param) | Self::Switch(param) => Some(param.default.to_string().into()),
            Self::Series { default, .. } => default.map(Cow::Borrowed),
        }
    }
}

/// Slots that many blocks have.
pub mod slot {
    use qe_core::param::Param;

    use super::Slot;

    /// A window of rows.
    pub fn period(name: &str, default: i64) -> Slot {
        period_from(name, 1, default)
    }

    /// A window of at least so many rows.
    pub fn period_from(name: &str, min: i64, default: i64) -> Slot {
        Slot::Number(Param::int(name, min, 1000, default).log().doc("how many bars it looks at"))
    }

    /// A number between two bounds.
    pub fn number(name: &str, min: f64, max: f64, default: f64, doc: &str) -> Slot {
        Slot::Number(Param::float(name, min, max, default).doc(doc))
    }

    /// A multiple of the average true range.
    pub fn atr_mult(name: &str, default: f64) -> Slot {
        number(name, 0.1, 20.0, default, "distance in average true ranges")
    }

    /// A series that is the close if it is left out.
    pub fn close() -> Slot {
        Slot::Series { name: "x", default: Some("close"), doc: "what it is computed of" }
    }

    /// A series that must be given.
    pub fn factor() -> Slot {
        Slot::Series { name: "factor", default: None, doc: "the factor" }
    }

    /// Whether an exit rests in the market as an order, or is asked at the close of each bar.
    pub fn resting(default: bool) -> Slot {
        let doc = "true: an order that rests in the market; false: a condition on the close";
        Slot::Switch(Param::bool("resting", default).doc(doc))
    }
}

/// A condition: an entry or a filter.
#[derive(Debug, Clone, Copy)]
pub struct ConditionBlock {
    /// Its name.
    pub name: &'static str,
    /// For which side it speaks; a filter speaks for none.
    pub side: Option<Side>,
    /// What it is.
    pub about: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// What it is given.
    pub slots: fn() -> Vec<Slot>,
    /// The expression, slots as parameters.
    pub text: &'static str,
}

/// An exit.
#[derive(Debug, Clone, Copy)]
pub struct ExitBlock {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// What it is given.
    pub slots: fn() -> Vec<Slot>,
    /// The rules that it stands for.
    pub rules: &'static [SidedRule],
    /// Whether it closes positions at the end of each session, which is no expression: no row knows that it is the
    /// last.
    pub flat_at_session_end: bool,
}

/// A rule of an exit for both sides.
#[derive(Debug, Clone, Copy)]
pub struct SidedRule {
    /// How the position is closed.
    pub kind: ExitKind,
    /// The expression for a long position and for a short one, slots as parameters. `$other_entry` is the condition
    /// that enters the other side.
    pub texts: [&'static str; 2],
    /// What is put behind the name of the block in the trade log.
    pub suffix: &'static str,
    /// Only if a switch stands so.
    pub only: Option<(&'static str, &'static str)>,
}

/// What a sizer's expression is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SizeText {
    /// A size.
    Size(SizeKind),
    /// The weight to hold in every row.
    Weight,
}

/// A sizer.
#[derive(Debug, Clone, Copy)]
pub struct Sizer {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// What it is given.
    pub slots: fn() -> Vec<Slot>,
    /// What its expression is.
    pub what: SizeText,
    /// The expression, slots as parameters. `$direction` is 1 for a long entry and -1 for a short one,
    /// `$periods_per_year` how many bars a year has.
    pub text: &'static str,
}
