//! How a broker works: money, timing, costs, limits.

use serde::{Deserialize, Serialize};

use crate::costs::CostModel;
use crate::error::{Error, Result};
use crate::fills::{FillTiming, Holding, PathPolicy};
use crate::program::Execution;

/// In which order what is due at one instant is filled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Processing {
    /// In the order in which it was placed, over all markets.
    #[default]
    AsGiven,
    /// Sales before purchases, each in the order in which they were placed.
    SellsFirst,
}

/// How a broker works.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Spec {
    /// Money at the beginning.
    pub capital: f64,
    /// The gross value of all positions is at most this many times worth when something is opened.
    pub leverage: f64,
    /// When orders at the market are filled that do not say it themselves.
    pub fill: FillTiming,
    /// How the order of prices within a bar is decided.
    pub path: PathPolicy,
    /// What is paid.
    pub costs: CostModel,
    /// In which order what is due at one instant is filled.
    pub processing: Processing,
    /// At most this share of a bar's volume is filled in it; any number of units where nothing is said.
    pub volume_frac: Option<f64>,
    /// Worth below this share of the gross value of all positions is a margin call; 0 for none.
    pub maintenance_frac: f64,
    /// A position's value is at most this share of worth when something is opened.
    pub position_limit_frac: Option<f64>,
    /// The gross value of all positions is at most this share of worth when something is opened.
    pub gross_limit_frac: Option<f64>,
    /// Positions are closed at the close of a session's last bar, and what is on its way is taken back; where that bar is
    /// missing, or may not fill, at the next open.
    pub flat_at_session_end: bool,
    /// The markets that `flat_at_session_end` is of; none: all of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub flat_markets: Vec<u32>,
    /// Money that each market has of its own, which its sizes are fractions of; what they do not come to is a reserve. None:
    /// all markets trade with all there is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub purses: Vec<f64>,
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            capital: 10_000.0,
            leverage: 1.0,
            fill: FillTiming::NEXT_OPEN,
            path: PathPolicy::Pessimistic,
            costs: CostModel::default(),
            processing: Processing::AsGiven,
            volume_frac: None,
            maintenance_frac: 0.0,
            position_limit_frac: None,
            gross_limit_frac: None,
            flat_at_session_end: false,
            flat_markets: Vec::new(),
            purses: Vec::new(),
        }
    }
}

impl Spec {
    /// The seed's paper trader: half the spread on each side, gross value at most worth, orders filled at the close of the bar
    /// that gave them.
    pub fn paper(spread_frac: f64) -> Self {
        Self {
            fill: FillTiming::SIGNAL_CLOSE,
            costs: CostModel { spread_frac, ..CostModel::default() },
            ..Self::default()
        }
    }

    /// The specification itself, if it can be used.
    ///
    /// # Errors
    /// When a field is out of range: the field is named.
    pub fn check(&self) -> Result<()> {
        let fault = |field: &str, reason: &str, mend: &str| Err(Error::spec(format!("broker.{field}"), reason, mend));
        if !(self.capital > 0.0 && self.capital.is_finite()) {
            return fault("capital", "there is no money to begin with", "give a number above 0");
        }
        if self.leverage.is_nan() || self.leverage <= 0.0 {
            return fault("leverage", "nothing may be held", "give a number above 0, such as 1");
        }
        if let Some((reason, mend)) = self.fill.fault() {
            return fault("fill", reason, mend);
        }
        if self.volume_frac.is_some_and(|x| !(x > 0.0 && x <= 1.0)) {
            return fault("volume_frac", "it is out of range", "give a fraction above 0, up to 1, or leave it out");
        }
        if !(0.0..1.0).contains(&self.maintenance_frac) {
            return fault("maintenance_frac", "it is out of range", "give a fraction from 0 to below 1");
        }
        for (field, limit) in
            [("position_limit_frac", self.position_limit_frac), ("gross_limit_frac", self.gross_limit_frac)]
        {
            if limit.is_some_and(|x| x.is_nan() || x <= 0.0) {
                return fault(field, "nothing may be held", "give a number above 0, or leave it out");
            }
        }
        self.costs.check()
    }

    /// As strategies that are data say it.
    pub(super) fn execution(&self) -> Execution {
        Execution {
            capital: self.capital,
            leverage: self.leverage,
            fill: self.fill,
            holding: Holding::Units,
            path: self.path,
            flat_at_session_end: self.flat_at_session_end,
            no_entry_last_bars: 0,
            blackout_sessions: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_back_as_it_was_written_and_names_what_is_wrong() {
        let spec = Spec { volume_frac: Some(0.1), processing: Processing::SellsFirst, ..Spec::paper(0.0003) };
        let text = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<Spec>(&text).unwrap(), spec);
        assert!(serde_json::from_str::<Spec>("{\"leverge\": 2}").is_err());
        assert_eq!(serde_json::from_str::<Spec>("{}").unwrap(), Spec::default());
        assert!(spec.check().is_ok());
        let error = |spec: Spec| spec.check().unwrap_err().to_string();
        assert!(error(Spec { capital: f64::NAN, ..Spec::default() }).contains("broker.capital"));
        assert!(error(Spec { leverage: 0.0, ..Spec::default() }).contains("broker.leverage"));
        assert!(error(Spec { volume_frac: Some(1.5), ..Spec::default() }).contains("broker.volume_frac"));
        assert!(error(Spec { maintenance_frac: 1.0, ..Spec::default() }).contains("broker.maintenance_frac"));
        assert!(error(Spec { gross_limit_frac: Some(f64::NAN), ..Spec::default() }).contains("gross_limit_frac"));
        let past = FillTiming { delay: 0, ..FillTiming::NEXT_OPEN };
        assert!(error(Spec { fill: past, ..Spec::default() }).contains("broker.fill"));
        let costs = CostModel { spread_frac: -1.0, ..CostModel::default() };
        assert!(error(Spec { costs, ..Spec::default() }).contains("costs.spread_frac"));
    }
}
