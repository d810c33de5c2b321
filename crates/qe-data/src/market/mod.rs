//! Simulated markets of known properties: seeded, fast, the same bytes on any number of threads.
//!
//! | leaf | what |
//! |---|---|
//! | [`bridge`] | extremes of a Brownian bridge, for highs and lows |
//! | [`cross_section`] | a panel of many names with a planted information coefficient |
//! | [`edges`] | symbols on which one stated rule has a planted net Sharpe ratio, and symbols without any |
//! | [`etfs`] | correlated funds, minute by minute over years |
//! | [`facts`] | stylised facts, measured |
//! | `grid` | sessions and minutes of a span of years (not public) |
//! | `num` | rounding to a tick, fast exponentials (not public) |
//! | [`options`] | an option chain over a year of days |
//! | [`regime`] | the known path of calm, normal, stressed and crisis days |
//! | `shape` | volatility and volume over a session (not public) |
//! | [`surface`] | a smile without arbitrage |
//! | `tape` | what all funds share: factor returns and volatility (not public) |
//! | [`ticks`] | trades and quotes, as a whole or as a stream of bounded memory |
//!
//! A [`MarketSpec`] is what people write; [`Market::generate`] checks it and runs the simulation. The model with its
//! formulas and parameters is in `docs/market.md`.

pub mod bridge;
pub mod cross_section;
pub mod edges;
pub mod etfs;
pub mod facts;
mod grid;
mod num;
pub mod options;
pub mod regime;
mod shape;
pub mod surface;
mod tape;
pub mod ticks;

#[cfg(test)]
mod goldens;

use qe_core::calendar::Calendar;
use qe_core::time::Date;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

pub use cross_section::{CrossSection, CrossSectionSpec};
pub use edges::{EdgeSpec, PlantedEdge, PlantedEdges, planted_rule};
pub use etfs::{ETFS, Etf, Market};
pub use facts::Facts;
pub use options::OptionsSpec;
pub use regime::{Crisis, Regime, RegimeDay};
pub use ticks::{TickChunk, TickSpec, TickStream};

/// The longest span that a market is simulated over.
pub const MAX_YEARS: u32 = 30;

/// A simulated market of minute bars: what to make.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MarketSpec {
    /// The seed of everything.
    pub seed: u64,
    /// Which of the funds of [`ETFS`]. A fund's prices do not depend on which others are there.
    pub symbols: Vec<String>,
    /// The first day.
    pub start: Date,
    /// How many years, 1 to [`MAX_YEARS`].
    pub years: u32,
    /// The share of a day's variance that falls between the sessions, 0 to 0.9.
    pub overnight_frac: f64,
    /// The crash, if there is to be one.
    pub crisis: Option<CrisisSpec>,
    /// Symbols with planted edges beside the funds, if there are to be any.
    pub edges: Option<EdgeSpec>,
}

impl Default for MarketSpec {
    fn default() -> Self {
        Self {
            seed: 1,
            symbols: ETFS.iter().map(|e| e.symbol.to_owned()).collect(),
            start: Date::from_days(17_898), // 2019-01-02
            years: 5,
            overnight_frac: 0.28,
            crisis: Some(CrisisSpec::default()),
            edges: None,
        }
    }
}

impl MarketSpec {
    /// The spec itself if it can be simulated.
    ///
    /// # Errors
    /// Names the field that is wrong, and what to write instead.
    pub fn validated(self) -> Result<Self> {
        check_span(self.start, self.years)?;
        if self.symbols.is_empty() && self.edges.is_none() {
            return Err(Error::spec("symbols", "there is none", "name some of the funds, or leave the field out"));
        }
        for (i, symbol) in self.symbols.iter().enumerate() {
            if etfs::find(symbol).is_none() {
                return Err(qe_core::Error::unknown("symbol", symbol, ETFS.iter().map(|e| e.symbol)).into());
            }
            if self.symbols[..i].contains(symbol) {
                return Err(Error::spec("symbols", format!("{symbol} stands twice"), "name each fund once"));
            }
        }
        within("overnight_frac", self.overnight_frac, 0.0, 0.9)?;
        if let Some(crisis) = &self.crisis {
            crisis.check()?;
        }
        if let Some(edges) = &self.edges {
            edges.check()?;
        }
        Ok(self)
    }
}

/// A crash of known dates and depth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CrisisSpec {
    /// Where in the span it begins, 0 to 1.
    pub at_frac: f64,
    /// How many sessions it falls.
    pub n_fall: usize,
    /// How much of its value a fund that is the market loses from the eve of the crisis to the last day of the fall.
    pub depth_frac: f64,
    /// How many sessions it recovers.
    pub n_recovery: usize,
    /// How much of the fall (in logarithms) the recovery makes good.
    pub recovery_frac: f64,
}

impl Default for CrisisSpec {
    fn default() -> Self {
        Self { at_frac: 0.55, n_fall: 24, depth_frac: 0.34, n_recovery: 60, recovery_frac: 0.6 }
    }
}

impl CrisisSpec {
    /// Fails at the first field that is wrong.
    fn check(&self) -> Result<()> {
        within("crisis.at_frac", self.at_frac, 0.0, 1.0)?;
        within("crisis.depth_frac", self.depth_frac, 0.0, 0.8)?;
        within("crisis.recovery_frac", self.recovery_frac, 0.0, 1.0)?;
        if !(5..=60).contains(&self.n_fall) {
            return Err(Error::spec("crisis.n_fall", format!("{} is outside of 5 to 60", self.n_fall), "write 24"));
        }
        if self.n_recovery > 120 {
            let reason = format!("{} is above 120", self.n_recovery);
            return Err(Error::spec("crisis.n_recovery", reason, "write 60"));
        }
        Ok(())
    }
}

/// Fails unless `years` from `start` lie within what is allowed and within the calendar of New York.
pub(crate) fn check_span(start: Date, years: u32) -> Result<()> {
    if years == 0 {
        return Err(Error::spec("years", "0 years hold no session", "write 1 or more"));
    }
    if years > MAX_YEARS {
        let reason = format!("{years} years of minutes are more than this simulation makes");
        return Err(Error::spec("years", reason, format!("write {MAX_YEARS} or fewer")));
    }
    let calendar = Calendar::us_equities();
    if start < calendar.valid_from() {
        let reason = format!("{start} is before the first day that the calendar of New York knows");
        return Err(Error::spec("start", reason, format!("begin on {} or later", calendar.valid_from())));
    }
    if grid::end_of(start, years) > calendar.valid_to() {
        let reason = format!("{years} years from {start} reach beyond the calendar of New York");
        return Err(Error::spec("start", reason, format!("end on {} or earlier", calendar.valid_to())));
    }
    Ok(())
}

/// Fails unless `low <= value <= high`.
pub(crate) fn within(field: &str, value: f64, low: f64, high: f64) -> Result<()> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(Error::spec(
        field,
        format!("{value} is outside of {low} to {high}"),
        format!("write a number from {low} to {high}"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(spec: MarketSpec) -> String {
        spec.validated().unwrap_err().to_string()
    }

    #[test]
    fn wrong_specs_name_the_field_and_the_mend() {
        let base = MarketSpec::default;
        assert!(base().validated().is_ok());
        assert!(message(MarketSpec { years: 0, ..base() }).starts_with("years: 0 years hold no session; write 1"));
        assert!(message(MarketSpec { years: 31, ..base() }).contains("write 30 or fewer"));
        let start = Date::new(1890, 1, 1).unwrap();
        assert!(message(MarketSpec { start, ..base() }).starts_with("start: 1890-01-01 is before"));
        let start = Date::new(9990, 1, 1).unwrap();
        assert!(message(MarketSpec { start, ..base() }).contains("beyond the calendar"));
        let symbols = vec!["SPX".to_owned()];
        assert!(message(MarketSpec { symbols, ..base() }).contains("did you mean \"SPY\""));
        let symbols = vec!["SPY".to_owned(), "SPY".to_owned()];
        assert!(message(MarketSpec { symbols, ..base() }).contains("stands twice"));
        assert!(message(MarketSpec { symbols: Vec::new(), ..base() }).starts_with("symbols:"));
        assert!(message(MarketSpec { overnight_frac: f64::NAN, ..base() }).starts_with("overnight_frac: NaN"));
        let crisis = Some(CrisisSpec { n_fall: 0, ..CrisisSpec::default() });
        assert!(message(MarketSpec { crisis, ..base() }).starts_with("crisis.n_fall"));
    }

    #[test]
    fn a_spec_survives_a_round_trip_and_refuses_unknown_fields() {
        let spec = MarketSpec { edges: Some(EdgeSpec::default()), ..MarketSpec::default() };
        let text = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<MarketSpec>(&text).unwrap(), spec);
        assert_eq!(serde_json::from_str::<MarketSpec>("{}").unwrap(), MarketSpec::default());
        assert!(serde_json::from_str::<MarketSpec>("{\"sed\": 1}").is_err());
        assert_eq!(MarketSpec::default().start, Date::new(2019, 1, 2).unwrap());
    }
}
