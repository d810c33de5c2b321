//! Rows in which a market cannot be traded as one would like.
//!
//! A mask tells row by row what may be done. What it forbids is refused with a reason and told to the ledger, never done
//! silently, and never filled at another price.

use qe_core::columns::Shared;

use crate::sim::record::Refusal;

/// What may be done in each row; an empty mask forbids nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Masks {
    /// Whether the bar can be traded at all: false for halts, and before a listing.
    pub tradable: Vec<bool>,
    /// Whether units can be borrowed to sell short.
    pub borrowable: Vec<bool>,
    /// Whether a corporate action falls into the row: nothing is entered in it.
    pub corporate_action: Vec<bool>,
}

/// Masks as bitmaps of what is forbidden, 64 rows a word.
#[derive(Debug, Clone, Default)]
pub(crate) struct Forbidden {
    blocked: Option<Shared<u64>>,
    no_short: Option<Shared<u64>>,
    action: Option<Shared<u64>>,
}

impl Forbidden {
    /// What masks forbid in so many rows; the name and the length of one that does not fit, if so.
    pub(crate) fn new(masks: &Masks, n: usize) -> Result<Self, (&'static str, usize)> {
        let bits = |name, mask: &[bool], forbids: bool| {
            if mask.is_empty() {
                return Ok(None);
            }
            if mask.len() != n {
                return Err((name, mask.len()));
            }
            let mut words = vec![0_u64; n.div_ceil(64)];
            mask.iter().enumerate().filter(|(_, m)| **m == forbids).for_each(|(i, _)| words[i / 64] |= 1 << (i % 64));
            Ok(Some(words.into()))
        };
        Ok(Self {
            blocked: bits("tradable", &masks.tradable, false)?,
            no_short: bits("borrowable", &masks.borrowable, false)?,
            action: bits("corporate_action", &masks.corporate_action, true)?,
        })
    }

    /// The masks that say the same, of so many rows.
    pub(crate) fn masks(&self, n: usize) -> Masks {
        let mask = |words: &Option<Shared<u64>>, forbids: bool| match words {
            None => Vec::new(),
            Some(_) => (0..n).map(|row| is_in(words, row) == forbids).collect(),
        };
        Masks {
            tradable: mask(&self.blocked, false),
            borrowable: mask(&self.no_short, false),
            corporate_action: mask(&self.action, true),
        }
    }

    /// Whether nothing is forbidden.
    pub(crate) fn is_none(&self) -> bool {
        self.blocked.is_none() && self.no_short.is_none() && self.action.is_none()
    }

    /// The bitmaps, as they are hashed.
    pub(crate) fn words(&self) -> [Option<&[u64]>; 3] {
        [self.blocked.as_deref(), self.no_short.as_deref(), self.action.as_deref()]
    }

    /// Whether a row may not fill.
    #[inline]
    pub(crate) fn is_blocked(&self, row: usize) -> bool {
        is_in(&self.blocked, row)
    }

    /// Why a position of a side may not be opened in a row, if so.
    #[inline]
    pub(crate) fn entry(&self, row: usize, side: f64) -> Option<Refusal> {
        if side < 0.0 && is_in(&self.no_short, row) {
            return Some(Refusal::NotBorrowable);
        }
        is_in(&self.action, row).then_some(Refusal::CorporateAction)
    }
}

#[inline]
fn is_in(words: &Option<Shared<u64>>, row: usize) -> bool {
    words.as_ref().is_some_and(|words| words[row / 64] >> (row % 64) & 1 == 1)
}
