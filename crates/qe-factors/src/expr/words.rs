//! The words of the language beside columns: fields that are made, functions, and how they are called.

use crate::indicators::{self, Signature};
use crate::ops;
use crate::plan::scalar::{BINARY, UNARY};

/// Fields that a bar has beside its columns, each with what it is made of.
pub const DERIVED: &[(&str, &str)] = &[
    ("dollar_volume", "close * volume"),
    ("hl2", "(high + low) / 2"),
    ("hlc3", "(high + low + close) / 3"),
    ("hlcc4", "(high + low + close + close) / 4"),
    ("median_price", "(high + low) / 2"),
    ("ohlc4", "(open + high + low + close) / 4"),
    ("returns", "close / close[1] - 1"),
    ("typical", "(high + low + close) / 3"),
    ("weighted", "(high + low + close + close) / 4"),
];

/// Fields of an open position: known only while there is one.
pub const POSITION: &[&str] = &["entry.price", "pos.bars", "pos.high", "pos.low", "pos.pnl_frac", "pos.side"];

/// Fields of the account.
pub const ACCOUNT: &[&str] = &["cash", "drawdown", "equity"];

/// The functions that are neither indicators nor of one row: what they are given, and what they are.
pub const FUNCTIONS: &[(&str, &str, &str)] = &[
    ("at_signal", "x", "x as it was in the row of the entry's signal; in exits and sizes only"),
    ("clip", "x, low, high", "x held between two bounds"),
    ("cross_above", "a, b", "a[1] <= b[1] and a > b"),
    ("cross_below", "a, b", "a[1] >= b[1] and a < b"),
    ("cs_demean", "x", "x less its mean over all symbols"),
    ("cs_rank", "x", "the mean rank among all symbols, from above 0 to 1"),
    ("cs_zscore", "x", "x less its mean over all symbols, over their sample deviation"),
    ("delta", "x, lag=1", "x - x[lag]"),
    (
        "fitted",
        "name, x, …",
        "what was fitted on a training window, applied to series; missing up to that window's end",
    ),
    (
        "forward",
        "x, rows",
        "x as it is so many rows later; the outermost of a label of research, in nothing that trades",
    ),
    ("if", "condition, a, b", "a where the condition holds, b where it fails"),
    ("is_missing", "x", "whether x is missing; never unknown"),
    ("max_since_entry", "x", "the greatest x since the open position was entered; in exits and sizes only"),
    ("min_since_entry", "x", "the least x since the open position was entered; in exits and sizes only"),
    ("neutralize", "x, grouping", "x less its mean over the symbols of the same label"),
    ("scale", "x, to=1", "x scaled so that its absolute values over all symbols add up to this"),
    (
        "scan",
        "init, step",
        "recursion: `prev` in the step is the last value; or named states, init_x=…, x=… with prev.x and now.x",
    ),
    ("sym", "symbol, expression", "an expression over the rows of another symbol, as far as they are complete"),
    ("tf", "timeframe, expression", "an expression over the complete bars of a coarser timeframe"),
];

/// Those of them that work across symbols.
pub const ACROSS: &[&str] = &["cs_demean", "cs_rank", "cs_zscore", "neutralize", "scale"];

/// An indicator or operator by name.
pub(super) fn find(name: &str) -> Option<&'static Signature> {
    let all = || indicators::ALL.iter().chain(ops::ALL);
    all().find(|s| s.name == name || s.aliases.contains(&name)).copied()
}

/// All names that can be called.
pub fn function_names() -> impl Iterator<Item = &'static str> {
    let signatures = indicators::ALL.iter().chain(ops::ALL);
    signatures
        .flat_map(|s| std::iter::once(s.name).chain(s.aliases.iter().copied()))
        .chain(UNARY.iter().map(|(n, _)| *n))
        .chain(BINARY.iter().map(|(n, _)| *n))
        .chain(FUNCTIONS.iter().map(|(n, ..)| *n))
}

/// How an indicator is called: `sma(x=close, period=20)`.
pub(super) fn usage(s: &Signature) -> String {
    let inputs = s.inputs.iter().map(|i| match i.default {
        Some(field) if field != i.name => format!("{}={field}", i.name),
        _ => i.name.to_owned(),
    });
    let params = (s.params)();
    let params = params.iter().map(|p| format!("{}={}", p.name, p.default));
    let shown = format!("{}({})", s.name, inputs.chain(params).collect::<Vec<_>>().join(", "));
    match s.outputs {
        [_] => shown,
        outputs => format!("{shown}.{}", outputs.join("|")),
    }
}
