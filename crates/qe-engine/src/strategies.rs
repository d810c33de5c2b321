//! The seeds' strategies, as specifications that come with the crate: `strategies/*.toml`, loaded by name.
//!
//! Each states its rules in `about` and where they come from in `source`. Of most the seed tells the name alone; what
//! it means is our reading then, and says so. (GammaScalping trades options, and comes with them.)

use crate::catalog::suggestion;
use crate::error::{Error, Result};
use crate::spec::StrategySpec;

/// Their names and texts, by name.
const ALL: &[(&str, &str)] = &[
    ("AGoldenCross", include_str!("../strategies/a_golden_cross.toml")),
    ("BollingerBreakout", include_str!("../strategies/bollinger_breakout.toml")),
    ("DonchianBreakout", include_str!("../strategies/donchian_breakout.toml")),
    ("DonchianTrend", include_str!("../strategies/donchian_trend.toml")),
    ("HybridRegime", include_str!("../strategies/hybrid_regime.toml")),
    ("HybridRegimeV2", include_str!("../strategies/hybrid_regime_v2.toml")),
    ("MACDBollinger", include_str!("../strategies/macd_bollinger.toml")),
    ("RapidFireTest", include_str!("../strategies/rapid_fire_test.toml")),
    ("RegimeGatedStoch", include_str!("../strategies/regime_gated_stoch.toml")),
    ("SimpleSMA", include_str!("../strategies/simple_sma.toml")),
    ("StochRSILimit", include_str!("../strategies/stochrsi_limit.toml")),
    ("StochRSIMeanReversion", include_str!("../strategies/stochrsi_mean_reversion.toml")),
    ("StochRSINextOpen", include_str!("../strategies/stochrsi_next_open.toml")),
    ("StochRSIQuant", include_str!("../strategies/stochrsi_quant.toml")),
    ("StochRSISniper", include_str!("../strategies/stochrsi_sniper.toml")),
    ("SwingBreakout", include_str!("../strategies/swing_breakout.toml")),
];

/// Their names, in alphabetical order.
pub fn names() -> impl ExactSizeIterator<Item = &'static str> {
    ALL.iter().map(|(name, _)| *name)
}

/// The specification of this name.
///
/// # Errors
/// When there is none: the name that was most likely meant is suggested.
pub fn by_name(name: &str) -> Result<StrategySpec> {
    StrategySpec::from_toml(text(name)?)
}

/// The text of the specification of this name, as TOML.
///
/// # Errors
/// As [`by_name`].
pub fn text(name: &str) -> Result<&'static str> {
    let found = ALL.iter().find(|(known, _)| *known == name);
    found.map(|(_, text)| *text).ok_or_else(|| {
        let known: Vec<&str> = names().collect();
        Error::spec("strategy", format!("none is named `{name}`"), suggestion(name, &known))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_under_its_own_name_and_says_what_it_is() {
        assert_eq!(names().len(), 16);
        let listed: Vec<&str> = names().collect();
        assert!(listed.windows(2).all(|w| w[0] < w[1]));
        for name in listed {
            let spec = by_name(name).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(spec.name, name);
            assert!(spec.about.len() > 80, "{name}");
            assert!(spec.source.contains("line"), "{name}");
            assert!(spec.params.values().all(|p| !p.doc.is_empty()), "{name}");
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_nearest() {
        let error = by_name("DonchianBreakouts").unwrap_err().to_string();
        assert_eq!(error, "strategy: none is named `DonchianBreakouts`; did you mean `DonchianBreakout`?");
    }
}
