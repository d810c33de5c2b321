//! What result files are called: `Strategy_AssetClass_Timeframe_Hash.parquet`, on every file system.
//!
//! A strategy is named by people, so its name may hold anything. Of it stay ASCII letters in lower case, digits, `-` and `_`;
//! what is between them becomes one `-`. All is in lower case, so that two names that differ by case alone are one file
//! everywhere and not on some systems only. The last three parts hold no `_`, so a name is read from its end. Two runs of
//! different identity never share a name, as the hash tells them apart; one run under two spellings is one file.

use std::fmt::Write as _;

use qe_core::instrument::AssetClass;

use super::row::class_word;
use crate::run::RunIdentity;

/// How much of a strategy's name is kept.
const MAX_NAME: usize = 80;

/// The files of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileNames {
    /// Its metrics, in a row.
    pub metrics: String,
    /// The run bar by bar ([`crate::aligned::NAMES`]).
    pub aligned: String,
    /// Its trade log.
    pub trades: String,
    /// What it was made from: [`super::RunManifest`].
    pub run: String,
}

/// The name of the file of a run's metrics.
pub fn file_name(identity: &RunIdentity, class: Option<AssetClass>) -> String {
    file_names(identity, class).metrics
}

/// The names of all files of a run.
pub fn file_names(identity: &RunIdentity, class: Option<AssetClass>) -> FileNames {
    let strategy = safe(&identity.strategy, true, "strategy");
    let class = safe(&class_word(class), false, "unknown");
    let frequency = safe(&identity.frequency, false, "bars");
    let stem = format!("{strategy}_{class}_{frequency}_{}", identity.run_id.short());
    let of = |end: &str| format!("{stem}{end}");
    FileNames {
        metrics: of(".parquet"),
        aligned: of(".aligned.parquet"),
        trades: of(".trades.parquet"),
        run: of(".run.json"),
    }
}

/// A part of a name that every file system takes; `empty` where nothing is left of it.
fn safe(text: &str, keeps_underscores: bool, empty: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        let c = c.to_ascii_lowercase();
        match c {
            'a'..='z' | '0'..='9' => out.push(c),
            '_' if keeps_underscores => out.push(c),
            _ if !out.ends_with('-') => out.push('-'),
            _ => {}
        }
    }
    let is_edge = |c| c == '-' || c == '_';
    let kept = out.trim_matches(is_edge);
    // All of it is ASCII by now. What is cut off is told by a sum of it, so that long names stay apart for people.
    if kept.len() > MAX_NAME {
        let mut cut = kept[..MAX_NAME - 9].trim_end_matches(is_edge).to_owned();
        let sum =
            kept.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        let _ = write!(cut, "-{:08x}", sum >> 32);
        return cut;
    }
    if kept.is_empty() { empty.to_owned() } else { kept.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_become_harmless_ones() {
        let cases = [
            ("donchian_breakout", "donchian_breakout"),
            ("SMA Cross 50/200", "sma-cross-50-200"),
            ("../../etc/passwd", "etc-passwd"),
            ("..\\..\\windows", "windows"),
            ("C:\\x", "c-x"),
            ("con", "con"),
            ("a.parquet", "a-parquet"),
            ("-rf", "rf"),
            ("_hidden_", "hidden"),
            (" lead and trail. ", "lead-and-trail"),
            ("caf\u{e9} \u{202e}gpj", "caf-gpj"),
            ("\u{65e5}\u{672c}", "strategy"),
            ("", "strategy"),
            ("nul\0byte\n", "nul-byte"),
            ("a*?<>|\":b", "a-b"),
        ];
        for (name, want) in cases {
            assert_eq!(safe(name, true, "strategy"), want, "{name:?}");
        }
        assert_eq!(safe("under_score", false, "x"), "under-score");
    }

    #[test]
    fn long_names_are_cut_and_stay_apart() {
        let (a, b) = ("x".repeat(500), format!("{}y", "x".repeat(499)));
        let (a, b) = (safe(&a, true, ""), safe(&b, true, ""));
        assert!(a.len() <= MAX_NAME && b.len() <= MAX_NAME && a != b, "{a} {b}");
        assert_eq!(safe(&"y".repeat(MAX_NAME), true, ""), "y".repeat(MAX_NAME));
    }
}
