//! What is looked for, and what happens when it is found.

use std::collections::BTreeMap;
use std::fmt;

use qe_core::instrument::AssetClass;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// What can be wrong with rows. The list is alphabetical; the text form is the snake-case name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Check {
    /// A bid above its ask.
    CrossedQuote,
    /// A time that was there before, among bars.
    DuplicateTimes,
    /// An option quoted after its expiry.
    ExpiredQuote,
    /// Bars that the calendar expects and the data lack.
    Gaps,
    /// A bid equal to its ask.
    LockedQuote,
    /// A number that is not there.
    MissingValue,
    /// A price below zero.
    NegativePrice,
    /// A volume or size below zero.
    NegativeVolume,
    /// A bar that does not open on the grid of its session.
    OffGrid,
    /// A high below, or a low above, another price of its bar.
    OhlcOrder,
    /// A return far beyond the others.
    Outlier,
    /// A row outside of the hours of trading, or a second bar of one day.
    OutsideSession,
    /// Many bars in a row that trade and do not move.
    StaleRun,
    /// A time before the one of the row before.
    Unsorted,
    /// A bar whose high and low lie far further apart than in the others.
    WideRange,
    /// A price of zero.
    ZeroPrice,
    /// A bar without volume.
    ZeroVolume,
}

impl Check {
    /// All of them, in alphabetical order.
    pub const ALL: [Self; 17] = [
        Self::CrossedQuote,
        Self::DuplicateTimes,
        Self::ExpiredQuote,
        Self::Gaps,
        Self::LockedQuote,
        Self::MissingValue,
        Self::NegativePrice,
        Self::NegativeVolume,
        Self::OffGrid,
        Self::OhlcOrder,
        Self::Outlier,
        Self::OutsideSession,
        Self::StaleRun,
        Self::Unsorted,
        Self::WideRange,
        Self::ZeroPrice,
        Self::ZeroVolume,
    ];

    /// Its name in text.
    pub fn name(self) -> &'static str {
        match self {
            Self::CrossedQuote => "crossed_quote",
            Self::DuplicateTimes => "duplicate_times",
            Self::ExpiredQuote => "expired_quote",
            Self::Gaps => "gaps",
            Self::LockedQuote => "locked_quote",
            Self::MissingValue => "missing_value",
            Self::NegativePrice => "negative_price",
            Self::NegativeVolume => "negative_volume",
            Self::OffGrid => "off_grid",
            Self::OhlcOrder => "ohlc_order",
            Self::Outlier => "outlier",
            Self::OutsideSession => "outside_session",
            Self::StaleRun => "stale_run",
            Self::Unsorted => "unsorted",
            Self::WideRange => "wide_range",
            Self::ZeroPrice => "zero_price",
            Self::ZeroVolume => "zero_volume",
        }
    }

    /// What happens when nothing else was said, for shares and funds.
    pub fn default_action(self) -> Action {
        match self {
            Self::ExpiredQuote | Self::NegativePrice | Self::NegativeVolume | Self::OhlcOrder | Self::ZeroPrice => {
                Action::Fail
            }
            Self::LockedQuote => Action::Ignore,
            _ => Action::Warn,
        }
    }

    /// What to do about it.
    pub fn mend(self) -> &'static str {
        match self {
            Self::CrossedQuote | Self::LockedQuote => "drop those quotes or merge the venues in time order",
            Self::DuplicateTimes => "choose `duplicates = \"keep_first\"` or `\"keep_last\"`",
            Self::ExpiredQuote => "drop those quotes, or correct the time of expiry",
            Self::Gaps => "load the missing stretch, or say that gaps stay",
            Self::MissingValue => "load the data again, or drop those rows",
            Self::NegativePrice => "correct the price, or allow it for this class (oil went below zero)",
            Self::NegativeVolume => "correct the volume or the column's name",
            Self::OffGrid => "say which end of a bar its stamp is, and in which zone",
            Self::OhlcOrder => "correct the bars, or check that the columns carry the right names",
            Self::Outlier | Self::WideRange => "compare with another vendor; look for a split that was not adjusted",
            Self::OutsideSession => "choose the calendar and the hours that the data have, and the zone of its clock",
            Self::StaleRun => "compare with another vendor; the feed may have stood still",
            Self::Unsorted => "sort the rows, or say `unsorted = \"sort\"`",
            Self::ZeroPrice => "turn zeros that mean no price into missing values",
            Self::ZeroVolume => "check that the source has volumes at all",
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What happens when something is found; each is worse than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is not looked for.
    Ignore,
    /// It stands in the report.
    Warn,
    /// The data are refused.
    Fail,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ignore => "ignore",
            Self::Warn => "warn",
            Self::Fail => "fail",
        })
    }
}

/// What is looked for, how hard, and what happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QualityPolicy {
    /// What each check leads to. A check that is not named does what [`Check::default_action`] says.
    pub actions: BTreeMap<Check, Action>,
    /// From how many bars on a stretch that trades and does not move is stale.
    pub stale_bars: u32,
    /// A return is an outlier beyond so many scaled MADs from the median; see the module `outlier`.
    pub outlier_mads: f64,
    /// A bar is too wide beyond so many times the median range.
    pub wide_range_mult: f64,
    /// How many places of each kind a report names.
    pub n_places: usize,
}

impl Default for QualityPolicy {
    fn default() -> Self {
        Self {
            actions: Check::ALL.into_iter().map(|c| (c, c.default_action())).collect(),
            stale_bars: 30,
            outlier_mads: 15.0,
            wide_range_mult: 50.0,
            n_places: 5,
        }
    }
}

impl QualityPolicy {
    /// What is sensible for a class: prices below zero are a warning for futures, an index has no volume, an option
    /// may stand still at zero.
    pub fn for_class(class: AssetClass) -> Self {
        let changed: &[(Check, Action)] = match class {
            AssetClass::Future => &[(Check::NegativePrice, Action::Warn), (Check::ZeroPrice, Action::Warn)],
            AssetClass::Index => &[(Check::ZeroVolume, Action::Ignore)],
            AssetClass::Forex => &[(Check::ZeroVolume, Action::Ignore)],
            AssetClass::Option => &[
                (Check::Gaps, Action::Ignore),
                (Check::Outlier, Action::Ignore),
                (Check::StaleRun, Action::Ignore),
                (Check::WideRange, Action::Ignore),
                (Check::ZeroPrice, Action::Warn),
                (Check::ZeroVolume, Action::Ignore),
            ],
            _ => &[],
        };
        changed.iter().fold(Self::default(), |policy, (check, action)| policy.with(*check, *action))
    }

    /// The same, with another action for one check.
    #[must_use]
    pub fn with(mut self, check: Check, action: Action) -> Self {
        self.actions.insert(check, action);
        self
    }

    /// What a check leads to.
    pub fn action(&self, check: Check) -> Action {
        self.actions.get(&check).copied().unwrap_or(check.default_action())
    }

    /// The policy with every check written out, if its thresholds can be used.
    ///
    /// # Errors
    /// When a threshold could not tell anything apart.
    pub fn validated(mut self) -> Result<Self> {
        if self.stale_bars < 2 {
            return Err(Error::spec("stale_bars", "a stretch has two bars at least", "write 2 or more"));
        }
        for (field, value) in [("outlier_mads", self.outlier_mads), ("wide_range_mult", self.wide_range_mult)] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(Error::spec(field, format!("{value} is not above zero"), "write a number like 15"));
            }
        }
        self.actions = Check::ALL.into_iter().map(|c| (c, self.action(c))).collect();
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_whole_alphabetical_and_spelled_as_serde_does() {
        assert!(Check::ALL.windows(2).all(|w| w[0] < w[1] && w[0].name() < w[1].name()));
        for check in Check::ALL {
            assert_eq!(serde_json::to_string(&check).unwrap(), format!("\"{check}\""));
            assert!(!check.mend().is_empty());
        }
        assert_eq!(Check::ZeroVolume as usize + 1, Check::ALL.len());
    }

    #[test]
    fn classes_differ_and_a_short_policy_is_filled_up() {
        assert_eq!(QualityPolicy::default().action(Check::NegativePrice), Action::Fail);
        assert_eq!(QualityPolicy::for_class(AssetClass::Future).action(Check::NegativePrice), Action::Warn);
        let short: QualityPolicy = serde_json::from_str(r#"{"actions":{"gaps":"fail"},"stale_bars":10}"#).unwrap();
        let whole = short.validated().unwrap();
        assert_eq!((whole.actions.len(), whole.action(Check::Gaps)), (Check::ALL.len(), Action::Fail));
        assert_eq!((whole.action(Check::LockedQuote), whole.outlier_mads), (Action::Ignore, 15.0));
        assert!(serde_json::from_str::<QualityPolicy>(r#"{"actions":{"gap":"fail"}}"#).is_err());
        assert!(QualityPolicy { stale_bars: 1, ..Default::default() }.validated().is_err());
        assert!(QualityPolicy { outlier_mads: f64::NAN, ..Default::default() }.validated().is_err());
    }
}
