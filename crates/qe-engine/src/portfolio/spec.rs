//! A portfolio as people write it: which strategies over which symbols, their shares, and what is done about drift.

use std::collections::BTreeMap;

use qe_core::param::Value;
use serde::{Deserialize, Serialize};

use crate::broker::Processing;
use crate::costs::CostModel;
use crate::error::{Error, Result};
use crate::fills::PathPolicy;

/// The version of the format that this crate writes.
pub const VERSION: u32 = 1;

/// A portfolio as people write it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortfolioSpec {
    /// The version of the format.
    pub version: u32,
    /// What it is called.
    pub name: String,
    /// Money at the beginning.
    #[serde(default = "ten_thousand")]
    pub capital: f64,
    /// The value of all positions, long and short, is at most this many times worth when something is opened.
    #[serde(default = "one")]
    pub leverage: f64,
    /// When shares are brought back to their weights.
    #[serde(default)]
    pub rebalance: Rebalance,
    /// What positions may be worth.
    #[serde(default)]
    pub limits: Limits,
    /// In which order what is due at one instant is filled.
    #[serde(default = "sells_first")]
    pub processing: Processing,
    /// What trading costs: where it is left out, what all strategies say, if they agree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub costs: Option<CostModel>,
    /// How the order of prices within a bar is decided: where it is left out, what all strategies say, if they agree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathPolicy>,
    /// At most this share of a bar's volume is filled in it, by sleeve; any number of units where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume_frac: Option<f64>,
    /// Worth below this share of the value of all positions is a margin call; 0 for none.
    #[serde(default)]
    pub maintenance_frac: f64,
    /// Strategies with their symbols and shares.
    pub sleeves: Vec<SleeveSpec>,
}

/// A strategy over some symbols, and its share of the portfolio.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SleeveSpec {
    /// The name of a strategy that comes along, or of one that the caller gives.
    pub strategy: String,
    /// The symbols: each gets an equal part of the weight.
    pub symbols: Vec<String>,
    /// The share of worth that it is given.
    pub weight: f64,
    /// Parameters that are not as by default.
    #[serde(default)]
    pub params: BTreeMap<String, Value>,
}

/// When shares are brought back to their weights.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rebalance {
    /// How often it is looked at.
    pub every: Every,
    /// By how much of worth a share may differ from its weight before anything is done.
    pub drift_band: f64,
    /// What is brought back.
    pub which: Which,
}

/// How often shares are looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Every {
    /// Never.
    #[default]
    Never,
    /// At the first close of a week, from Monday on.
    Week,
    /// At the first close of a month.
    Month,
    /// At the first close of a quarter.
    Quarter,
    /// At the first close of a year.
    Year,
    /// At the first close of each so many sessions.
    Sessions(u32),
}

/// What is brought back to its weight, once a share is beyond the band.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// All sleeves.
    #[default]
    All,
    /// Those that are beyond the band; the reserve takes up the difference, as far as it goes.
    Outside,
}

/// What positions may be worth.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// A symbol's positions over all sleeves, as a share of worth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position_frac: Option<f64>,
    /// All positions, long and short, as a share of worth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gross_frac: Option<f64>,
    /// Whether positions that grew beyond a limit are cut to it at the next rebalancing.
    pub enforced: bool,
}

fn ten_thousand() -> f64 {
    10_000.0
}

fn one() -> f64 {
    1.0
}

fn sells_first() -> Processing {
    Processing::SellsFirst
}

impl PortfolioSpec {
    /// Reads a portfolio in TOML, and looks whether its fields can be used.
    ///
    /// # Errors
    /// When it is no TOML, has a field that does not exist, is of another version, or a field is out of range.
    pub fn from_toml(text: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Versioned {
            version: Option<u32>,
        }
        // The version comes first: of another one, all other complaints would mislead.
        let unreadable = |e: toml::de::Error| Error::spec("TOML", e.to_string().trim_end().to_owned(), MEND);
        match toml::from_str::<Versioned>(text).map_err(unreadable)?.version {
            Some(VERSION) => {}
            Some(other) => {
                return Err(Error::spec("version", format!("{other} is not known"), format!("give {VERSION}")));
            }
            None => return Err(Error::spec("version", "it is missing", format!("begin with `version = {VERSION}`"))),
        }
        let spec: Self = toml::from_str(text).map_err(unreadable)?;
        spec.check()?;
        Ok(spec)
    }

    /// The portfolio itself, if its fields can be used. Whether its strategies and symbols are there is seen when it is run.
    ///
    /// # Errors
    /// When a field is out of range: it is named.
    pub fn check(&self) -> Result<()> {
        let fault = |field: &str, reason: String, mend: &str| Err(Error::spec(field, reason, mend));
        if self.sleeves.is_empty() {
            return fault("sleeves", "there are none".into(), "give a strategy, its symbols and a weight");
        }
        let mut total = 0.0;
        for (i, sleeve) in self.sleeves.iter().enumerate() {
            if !(sleeve.weight > 0.0 && sleeve.weight.is_finite()) {
                let reason = format!("{} is no share of worth", sleeve.weight);
                return fault(&format!("sleeves[{i}].weight"), reason, "give a number above 0, such as 0.5");
            }
            if sleeve.symbols.is_empty() {
                let field = format!("sleeves[{i}].symbols");
                return fault(&field, "there are none".into(), "name at least one");
            }
            if let Some(at) = (1..sleeve.symbols.len()).find(|&at| sleeve.symbols[..at].contains(&sleeve.symbols[at])) {
                let field = format!("sleeves[{i}].symbols[{at}]");
                return fault(&field, format!("{} is there twice", sleeve.symbols[at]), "name it once");
            }
            total += sleeve.weight;
        }
        // Shares such as three thirds come to one but for rounding.
        if total > 1.0 + 1e-9 {
            let mend = "let them come to 1 at most; `leverage` is what lets positions be worth more";
            return fault("sleeves", format!("their weights come to {total}"), mend);
        }
        if !(0.0..1.0).contains(&self.rebalance.drift_band) {
            let reason = format!("{} is no share of worth", self.rebalance.drift_band);
            return fault("rebalance.drift_band", reason, "give a fraction from 0 to below 1");
        }
        if self.rebalance.every == Every::Sessions(0) {
            return fault("rebalance.every", "every 0 sessions is never".into(), "give 1 or more, or `never`");
        }
        let limits =
            [("limits.position_frac", self.limits.position_frac), ("limits.gross_frac", self.limits.gross_frac)];
        for (field, limit) in limits {
            if limit.is_some_and(|x| x.is_nan() || x <= 0.0) {
                return fault(field, "nothing may be held".into(), "give a number above 0, or leave it out");
            }
        }
        Ok(())
    }
}

const MEND: &str = "docs/portfolio.md shows a whole file";

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
version = 1
name = "two ideas"
capital = 100_000.0
rebalance = { every = "month", drift_band = 0.02 }
limits = { position_frac = 0.5, gross_frac = 1.0 }
[[sleeves]]
strategy = "DonchianBreakout"
symbols = ["SPY", "QQQ"]
weight = 0.6
params = { period = 40 }
[[sleeves]]
strategy = "SimpleSMA"
symbols = ["GLD"]
weight = 0.3
"#;

    #[test]
    fn it_comes_back_as_it_was_written() {
        let spec = PortfolioSpec::from_toml(TEXT).unwrap();
        assert_eq!((spec.sleeves.len(), spec.rebalance.every, spec.rebalance.which), (2, Every::Month, Which::All));
        assert_eq!((spec.leverage, spec.processing), (1.0, Processing::SellsFirst));
        assert_eq!(spec.sleeves[0].params["period"], Value::Int(40));
        let again = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<PortfolioSpec>(&again).unwrap(), spec);
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let error =
            |from: &str, to: &str| PortfolioSpec::from_toml(&TEXT.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error("weight = 0.3", "weight = 0.5").contains("sleeves: their weights come to 1.1"));
        assert!(error("weight = 0.3", "weight = nan").contains("sleeves[1].weight"));
        assert!(error("[\"GLD\"]", "[]").contains("sleeves[1].symbols"));
        assert!(error("\"QQQ\"", "\"SPY\"").contains("sleeves[0].symbols[1]: SPY is there twice"));
        assert!(error("0.02", "1.0").contains("rebalance.drift_band"));
        assert!(error("\"month\"", "{ sessions = 0 }").contains("rebalance.every"));
        assert!(error("gross_frac = 1.0", "gross_frac = 0.0").contains("limits.gross_frac"));
        assert!(error("version = 1", "version = 2").contains("version: 2 is not known; give 1"));
        assert!(error("capital", "capitol").contains("capitol"));
        let none = PortfolioSpec { sleeves: Vec::new(), ..PortfolioSpec::from_toml(TEXT).unwrap() };
        assert!(none.check().unwrap_err().to_string().contains("sleeves: there are none"));
    }
}
