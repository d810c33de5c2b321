//! All metrics of a run, as they are stored.
//!
//! Written as JSON, the figures stand in alphabetical order, an undefined one as `null`. Equal runs give equal bytes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::sharpe_daily::is_floored;
use super::vol_annual::vol_annual;
use super::{ALL, Performance};

/// How `sharpe_daily` was computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SharpeMethod {
    /// Returns of whole days by the calendar, n - 1 in the deviation, annualised by the calendar's sessions.
    #[default]
    #[serde(rename = "daily_agg_v1")]
    DailyAggV1,
}

/// Every metric of [`ALL`], evaluated.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// How `sharpe_daily` was computed.
    pub sharpe_method: SharpeMethod,
    /// The number of daily returns.
    pub observation_days: u64,
    /// Whether the volatility is below `VOL_FLOOR_ANNUAL`, so that there is no `sharpe_daily`.
    pub vol_floor_applied: bool,
    /// Names to figures; `None` is undefined.
    pub figures: BTreeMap<String, Option<f64>>,
}

impl Summary {
    /// All metrics of a run.
    pub fn of(p: &Performance<'_>) -> Self {
        Self {
            sharpe_method: SharpeMethod::DailyAggV1,
            observation_days: p.daily.len() as u64,
            vol_floor_applied: vol_annual(p.daily, p.days_per_year).is_some_and(is_floored),
            figures: ALL.iter().map(|metric| (metric.name.to_owned(), metric.of(p))).collect(),
        }
    }

    /// A figure by its name; `None` where it is undefined, or no metric has this name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.figures.get(name).copied().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_stored_in_order_and_comes_back() {
        let daily = [0.01, -0.02, 0.03];
        let summary = Summary::of(&Performance { daily: &daily, days_per_year: 252.0, ..Performance::default() });
        let json = serde_json::to_string(&summary).unwrap();
        let head = r#"{"sharpe_method":"daily_agg_v1","observation_days":3,"vol_floor_applied":false,"figures":{"#;
        let figures = json.strip_prefix(head).unwrap();
        assert!(figures.starts_with(r#""alpha_annual":null,"avg_drawdown":0.0"#), "{figures}");
        assert_eq!(serde_json::from_str::<Summary>(&json).unwrap(), summary);
        assert_eq!(summary.figures.len(), ALL.len());
        assert_eq!((summary.get("best_day"), summary.get("beta"), summary.get("no such")), (Some(0.03), None, None));
    }

    #[test]
    fn a_run_that_does_nothing_says_why_it_has_no_ratio() {
        let of = |daily: &[f64]| {
            let summary = Summary::of(&Performance { daily, days_per_year: 252.0, ..Performance::default() });
            (summary.vol_floor_applied, summary.get("sharpe_daily").is_some())
        };
        assert_eq!(of(&[0.0; 9]), (true, false));
        assert_eq!(of(&[0.0, 0.1]), (false, true));
        assert_eq!(of(&[0.0]), (false, false));
    }
}
