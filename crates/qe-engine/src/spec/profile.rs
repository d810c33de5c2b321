//! Profiles: what settings are when they are left out, and whether they may differ.

use serde::{Deserialize, Serialize};

use super::StrategySpec;
use crate::costs::CostModel;
use crate::error::{Error, Result};
use crate::fills::{FillTiming, Holding};

/// What is taken for settings that are left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// The seed's own, pinned: a spread of 0.0003, 10,000 of capital, leverage 1, filled at the close of the signal's
    /// bar. Its results are labelled same-bar, and compare with each other alone.
    Discovery,
    /// What can be had: filled at the next open, with costs. Everything may be set.
    #[default]
    Research,
}

/// The settings that a profile decides.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    pub(crate) capital: f64,
    pub(crate) leverage: f64,
    pub(crate) fill: FillTiming,
    pub(crate) holding: Holding,
    pub(crate) costs: CostModel,
}

impl Profile {
    /// What it says.
    pub(crate) fn settings(self) -> Settings {
        let (fill, costs) = match self {
            Self::Discovery => (FillTiming::SIGNAL_CLOSE, CostModel::discovery()),
            Self::Research => (FillTiming::NEXT_OPEN, CostModel::research()),
        };
        Settings { capital: 10_000.0, leverage: 1.0, fill, holding: Holding::Units, costs }
    }
}

impl StrategySpec {
    /// The same strategy under another profile. What `discovery` pins is left to it.
    #[must_use]
    pub fn under(&self, profile: Profile) -> Self {
        let mut spec = Self { profile, ..self.clone() };
        if profile == Profile::Discovery {
            let execution = &mut spec.execution;
            (execution.capital, execution.leverage, execution.fill, execution.holding) = (None, None, None, None);
            spec.costs = None;
        }
        spec
    }

    /// The settings: what is given, and for what is left out what the profile says.
    ///
    /// # Errors
    /// When a setting is out of range, or differs from what the profile pins.
    pub(crate) fn settings(&self) -> Result<Settings> {
        let own = self.profile.settings();
        let execution = &self.execution;
        let settings = Settings {
            capital: execution.capital.unwrap_or(own.capital),
            leverage: execution.leverage.unwrap_or(own.leverage),
            fill: execution.fill.map_or(own.fill, |f| f.0),
            holding: execution.holding.unwrap_or(own.holding),
            costs: self.costs.clone().unwrap_or_else(|| own.costs.clone()),
        };
        let positive = |field: &str, x: f64| {
            if x > 0.0 && x.is_finite() {
                return Ok(());
            }
            Err(Error::spec(field, format!("{x} is out of range"), "give a number above 0"))
        };
        positive("execution.capital", settings.capital)?;
        positive("execution.leverage", settings.leverage)?;
        if let Some((reason, mend)) = settings.fill.fault() {
            return Err(Error::spec("execution.fill", reason, mend));
        }
        settings.costs.check()?;
        if self.profile == Profile::Discovery {
            let pinned: [(&str, bool, String); 5] = [
                ("execution.capital", settings.capital == own.capital, format!("{}", own.capital)),
                ("execution.leverage", settings.leverage == own.leverage, format!("{}", own.leverage)),
                ("execution.fill", settings.fill == own.fill, "signal_close".into()),
                ("execution.holding", settings.holding == own.holding, "units".into()),
                ("costs", settings.costs == own.costs, "spread_frac = 0.0003 and nothing else".into()),
            ];
            if let Some((field, _, value)) = pinned.into_iter().find(|p| !p.1) {
                let reason = format!("the profile discovery pins it to {value}");
                return Err(Error::spec(field, reason, "leave it out, or take `profile = \"research\"`"));
            }
        }
        Ok(settings)
    }
}
