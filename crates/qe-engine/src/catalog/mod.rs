//! Building blocks: names for expressions.
//!
//! A block is a text in the expression language with slots in it. Using one is the same as writing its text by hand:
//! both have the same identity. Nothing else is known about a block anywhere, so that a strategy of your own is no
//! second class.

mod block;
pub mod entries;
pub mod exits;
pub mod filters;
mod reference;
pub mod sizers;

use qe_core::error::nearest;

pub use block::{ConditionBlock, ExitBlock, SidedRule, SizeText, Sizer, Slot, slot};
pub use reference::reference;

/// The condition of this name: an entry or a filter.
pub fn condition(name: &str) -> Option<&'static ConditionBlock> {
    entries::ALL.iter().chain(filters::ALL).copied().find(|b| b.name == name)
}

/// The exit of this name.
pub fn exit(name: &str) -> Option<&'static ExitBlock> {
    exits::ALL.iter().copied().find(|b| b.name == name)
}

/// The sizer of this name.
pub fn sizer(name: &str) -> Option<&'static Sizer> {
    sizers::ALL.iter().copied().find(|b| b.name == name)
}

/// What to say where a block is not known: the name that was most likely meant, or all of them.
pub(crate) fn suggestion(name: &str, known: &[&str]) -> String {
    match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::ExitKind;
    use crate::testing::{check_condition, check_exit, check_mirror, check_sizer};

    /// Names in the order of their list, and what each takes.
    fn blocks() -> Vec<Vec<(&'static str, Vec<Slot>)>> {
        vec![
            entries::ALL.iter().map(|b| (b.name, (b.slots)())).collect(),
            filters::ALL.iter().map(|b| (b.name, (b.slots)())).collect(),
            exits::ALL.iter().map(|b| (b.name, (b.slots)())).collect(),
            sizers::ALL.iter().map(|b| (b.name, (b.slots)())).collect(),
        ]
    }

    #[test]
    fn lists_are_alphabetical() {
        for family in blocks() {
            assert!(family.windows(2).all(|w| w[0].0 < w[1].0), "{family:?}");
        }
    }

    /// A factor of both signs, and an oscillator.
    const FACTOR: &str = "close - close[5]";

    #[test]
    fn every_block_keeps_the_contract() {
        entries::ALL.iter().chain(filters::ALL).for_each(|block| check_condition(block, FACTOR));
        exits::ALL.iter().for_each(|block| check_exit(block, FACTOR));
        sizers::ALL.iter().for_each(|block| check_sizer(block, FACTOR));
    }

    #[test]
    fn entries_and_their_counterparts_mirror_each_other() {
        let pairs = [
            ("bollinger_lower_touch", "bollinger_upper_touch", [FACTOR; 2]),
            ("donchian_breakout_long", "donchian_breakout_short", [FACTOR; 2]),
            ("factor_above", "factor_below", ["20 * (close - close[5])"; 2]),
            ("macd_cross_bullish", "macd_cross_bearish", [FACTOR; 2]),
            ("rsi_oversold_reversal", "rsi_overbought_reversal", [FACTOR; 2]),
            ("sma_cross_up", "sma_cross_down", [FACTOR; 2]),
            ("stochrsi_cross_up", "stochrsi_cross_down", [FACTOR; 2]),
            ("zone_exit_long", "zone_exit_short", ["rsi(close, period=3)"; 2]),
        ];
        let mut named: Vec<&str> = pairs.iter().flat_map(|(long, short, _)| [*long, *short]).collect();
        named.sort_unstable();
        assert_eq!(named, entries::ALL.iter().map(|b| b.name).collect::<Vec<_>>());
        for (long, short, series) in pairs {
            let [long, short] = [long, short].map(|name| condition(name).unwrap());
            check_mirror(long, short, series);
        }
    }

    /// Whether a check panics.
    fn refuses(check: impl FnOnce()) -> bool {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(check)).is_err()
    }

    #[test]
    fn what_breaks_the_contract_is_found() {
        let good = *condition("sma_up").unwrap();
        check_condition(&good, FACTOR);
        let broken = [
            ConditionBlock { name: "when", ..good },
            ConditionBlock { about: "", ..good },
            ConditionBlock { text: "$x - sma($x, period=$period)", ..good },
            ConditionBlock { text: "$x > sma($x, period=14)", ..good },
            ConditionBlock { text: "$x > sma($x, period=$periods)", ..good },
            ConditionBlock { text: "$x > smaa($x, period=$period)", ..good },
            ConditionBlock { text: "coalesce($x, 1) > 0 or $x > sma($x, period=$period)", ..good },
            ConditionBlock { slots: || vec![slot::close(), slot::close(), slot::period("period", 20)], ..good },
        ];
        for (i, block) in broken.iter().enumerate() {
            assert!(refuses(|| check_condition(block, FACTOR)), "condition {i} goes unnoticed");
        }
        let [up, down] = ["sma_cross_up", "donchian_breakout_short"].map(|name| condition(name).unwrap());
        assert!(refuses(|| check_mirror(up, down, [FACTOR; 2])));
        let stop = exit("percent_stop").unwrap();
        check_exit(stop, FACTOR);
        const FLIPPED: SidedRule = SidedRule {
            kind: ExitKind::Stop,
            texts: ["entry.price * (1 + $frac)", "entry.price * (1 - $frac)"],
            suffix: "",
            only: None,
        };
        const ONE_SIDED: SidedRule =
            SidedRule { texts: ["entry.price * (1 - $frac)", "entry.price * $frac"], ..FLIPPED };
        const UNREACHED: SidedRule = SidedRule { only: Some(("resting", "maybe")), ..FLIPPED };
        const WHEN: SidedRule = SidedRule { kind: ExitKind::When, ..FLIPPED };
        for (i, rules) in [&[FLIPPED][..], &[ONE_SIDED], &[UNREACHED], &[WHEN], &[]].into_iter().enumerate() {
            let slots = || vec![slot::number("frac", 0.01, 0.5, 0.02, "how far")];
            let rules: &'static [SidedRule] = Box::leak(rules.to_vec().into_boxed_slice());
            assert!(refuses(|| check_exit(&ExitBlock { rules, slots, ..*stop }, FACTOR)), "exit {i} goes unnoticed");
        }
        let sized = *sizer("volatility_scaled").unwrap();
        for (i, text) in [
            "-1 * $risk_frac * equity / ($mult * atr(period=$period))",
            "$risk_frac * equity / ($mult * atr(period=$period) + nan)",
            "$risk_frac > $mult * atr(period=$period)",
            "$direction * $risk_frac * $mult * atr(period=$period)",
        ]
        .into_iter()
        .enumerate()
        {
            assert!(refuses(|| check_sizer(&Sizer { text, ..sized }, FACTOR)), "sizer {i} goes unnoticed");
        }
    }

    #[test]
    fn no_name_stands_for_two_things() {
        let mut names: Vec<&str> = blocks().into_iter().flatten().map(|(name, _)| name).collect();
        let reserved =
            ["all", "any", "when", "stop", "target", "trail", "side", "reason", "fraction", "value", "units"];
        names.extend(reserved);
        names.sort_unstable();
        assert!(names.windows(2).all(|w| w[0] != w[1]), "{names:?}");
    }
}
