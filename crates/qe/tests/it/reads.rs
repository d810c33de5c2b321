//! `qe backtest` and `qe sweep` beside the traded bars: other symbols, the market's own spread, contracts.

use std::fs;
use std::path::Path;

use serde_json::{Value, json as value};

use super::command::{error, json, run};

/// In while SPY is above its average and the own close above the one before; out when SPY is not.
const ON_SPY: &str = r#"version = 1
name = "OnSpy"
[params.n]
default = 20
kind = { int = { min = 10, max = 30, step = 10 } }
[entry]
long = 'sym("SPY", close > sma(close, $n)) and close > close[1]'
[[exits]]
when = 'not sym("SPY", close > sma(close, $n))'
[sizing]
fraction = "1"
[costs]
"#;

/// In at each close above the one before, out a bar later, half of the market's own spread for each fill.
const SPREADS: &str = r#"version = 1
name = "Spreads"
[entry]
long = "close > close[1]"
[[exits]]
when = "pos.bars >= 2"
[sizing]
units = "1"
[costs]
market_spread_times = 1.0
"#;

const SIMULATED: [&str; 5] = ["on_spy.toml", "--simulated", "--years", "1", "--from"];

/// A call on the simulated market, scored from a day on.
fn simulated<'a>(command: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&[command], &SIMULATED[..], &["2019-02-01"], more].concat()
}

/// Metrics of all points on a market, in the order of `n`.
fn metrics_of(told: &Value, market: &str) -> Vec<(i64, Value)> {
    let is_of = |best: &&Value| best["params"]["market"].as_str().is_none_or(|m| m == market);
    let top = told["top"].as_array().unwrap().iter().filter(is_of);
    let mut out: Vec<(i64, Value)> = top.map(|b| (b["params"]["n"].as_i64().unwrap(), b["metrics"].clone())).collect();
    out.sort_by_key(|(n, _)| *n);
    out
}

/// A folder with the strategies, and bars of one symbol with spreads in a column.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
    write("on_spy.toml", ON_SPY);
    write("spreads.toml", SPREADS);
    let days = ["02", "03", "04", "05", "08"];
    let of = |closes: [&str; 5], spreads: [&str; 5]| {
        let rows = days.iter().zip(closes).zip(spreads);
        rows.fold("date,open,high,low,close,volume,gap\n".to_owned(), |text, ((day, close), spread)| {
            text + &format!("2024-01-{day},100,120,80,{close},1000,{spread}\n")
        })
    };
    write("XLE.csv", &of(["100", "101", "100", "99", "98"], ["0.5", "0.02", "0.3", "0.04", "0.6"]));
    write("WIDE.csv", &of(["100", "101", "100", "99", "98"], ["0.5", "1.5", "0.3", "0.04", "0.6"]));
    dir
}

/// Trades of a file, each as its fields.
fn fills(at: &Path, name: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(at.join(name)).unwrap();
    text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

#[test]
fn a_symbol_that_is_only_read_reads_as_one_that_is_traded() {
    let dir = folder();
    let at = dir.path();
    for timeframes in [&["-t", "1h"][..], &["-t", "1h", "-t", "15m"]] {
        let told = |more: &[&str]| json(at, 0, &simulated("sweep", &[timeframes, more].concat()));
        let only_read = told(&["--symbol", "XLE", "--read", "SPY"]);
        let traded = told(&["--symbol", "XLE,SPY"]);
        let keys = |told: &Value| told["markets"].as_array().unwrap().len();
        assert_eq!((keys(&only_read), keys(&traded)), (timeframes.len() / 2, timeframes.len()));
        for key in ["XLE 1h", "XLE 15m"].into_iter().take(timeframes.len() / 2) {
            let (a, b) = (metrics_of(&only_read, key), metrics_of(&traded, key));
            assert_eq!(a.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [10, 20, 30]);
            assert!(a[0].1["n_trades"].as_f64().unwrap() > 5.0 && a[0].1 != a[1].1, "{key}: {a:?}");
            assert_eq!(a, b, "{key}");
            // And alone, where the symbol stands in the run's identity.
            let timeframe = key.trim_start_matches("XLE ");
            let args = ["-t", timeframe, "--symbol", "XLE", "--read", "SPY,QQQ", "--set", "n=10"];
            let alone = json(at, 0, &simulated("backtest", &args));
            assert_eq!(alone["final_equity"], a[0].1["final_equity"], "{key}");
            let reads = alone["identity"]["reads"].as_object().unwrap();
            assert_eq!(reads.keys().collect::<Vec<_>>(), ["SPY"], "QQQ is there, and not read");
        }
    }
    let (_, text, _) = run(at, &simulated("backtest", &["-t", "1h", "--symbol", "XLE", "--read", "SPY"]));
    assert!(text.contains("\nreads SPY "), "{text}");
    assert_eq!(run(at, &["strategy", "check", "on_spy.toml", "--symbols", "SPY"]).0, 0);
    assert!(error(at, &["strategy", "check", "on_spy.toml"]).contains("--symbols"));
}

/// In while the symbol is the strongest of all of its sector, and no weaker than its mean.
const STRONGEST: &str = r#"version = 1
name = "Strongest"
[entry]
long = "cs_rank(close / close[20] - 1) > 0.6 and neutralize(close / close[20] - 1, sector) >= 0"
[[exits]]
when = "cs_rank(close / close[20] - 1) < 0.4"
[sizing]
fraction = "1"
"#;

#[test]
fn all_symbols_that_are_loaded_are_compared() {
    let dir = folder();
    let at = dir.path();
    fs::write(at.join("strongest.toml"), STRONGEST).unwrap();
    fs::write(at.join("groups.csv"), "symbol,sector\nSPY,broad\nQQQ,broad\nXLE,energy\nGLD,metal\n").unwrap();
    let of = |command, more: &[&'static str]| {
        [&[command, "strongest.toml", "--simulated", "--years", "1", "-t", "1d", "--from", "2019-03-01"], more].concat()
    };
    let groups = ["--groups", "groups.csv"];
    let alone = json(at, 0, &of("backtest", &[&["--symbol", "QQQ", "--read", "SPY,XLE"], &groups[..]].concat()));
    let traded = json(at, 0, &of("sweep", &[&["--symbol", "QQQ,SPY,XLE"], &groups[..]].concat()));
    assert!(alone["exits"].as_object().is_some_and(|exits| !exits.is_empty()), "{alone}");
    let same = traded["top"].as_array().unwrap().iter().find(|row| row["params"]["market"] == "QQQ 1d").unwrap();
    assert_eq!(same["metrics"]["final_equity"], alone["final_equity"]);
    let compared = &alone["identity"]["compared"];
    assert_eq!((&compared["symbols"], alone["identity"]["reads"].as_object()), (&value!(["QQQ", "SPY", "XLE"]), None));
    let (_, text, _) = run(at, &of("backtest", &[&["--symbol", "QQQ", "--read", "SPY,XLE"], &groups[..]].concat()));
    assert!(text.contains("\ncompares QQQ, SPY, XLE  "), "{text}");
    // With another one it is another comparison.
    let four = json(at, 0, &of("backtest", &[&["--symbol", "QQQ", "--read", "SPY,XLE,GLD"], &groups[..]].concat()));
    assert_ne!(four["identity"]["data_id"], alone["identity"]["data_id"]);
    for command in ["backtest", "sweep"] {
        let said = error(at, &of(command, &["--symbol", "QQQ"]));
        assert!(said.contains("it compares symbols") && said.contains("--read SYMBOLS"), "{said}");
        let said = error(at, &of(command, &["--symbol", "QQQ", "--read", "SPY"]));
        assert!(said.contains("the grouping \"sector\"") && said.contains("no labels at all"), "{said}");
        assert!(said.contains("--groups FILE"), "{said}");
    }
    fs::write(at.join("others.csv"), "symbol,size\nSPY,large\nQQQ,large\n").unwrap();
    let said = error(at, &of("backtest", &["--symbol", "QQQ", "--read", "SPY", "--groups", "others.csv"]));
    assert!(said.contains("labels of size"), "{said}");
    fs::write(at.join("others.csv"), "symbol,sektor\nSPY,large\nQQQ,large\n").unwrap();
    let said = error(at, &of("backtest", &["--symbol", "QQQ", "--read", "SPY", "--groups", "others.csv"]));
    assert!(said.contains("did you mean \"sektor\"?") && said.contains("--groups FILE"), "{said}");
    let said = error(at, &of("backtest", &[&["--symbol", "QQQ", "--read", "IWM"], &groups[..]].concat()));
    assert!(said.contains("groups.csv") && said.contains("IWM has no label of sector"), "{said}");
}

#[test]
fn files_of_symbols_that_are_only_read_are_not_traded() {
    let dir = folder();
    let at = dir.path();
    let make = ["data", "simulate", "--years", "1", "--out", "made", "--partition", "whole"];
    assert_eq!(run(at, &make).0, 0);
    let hours = ["--stored", "1m", "-t", "1h"];
    let told = |more: &[&str]| {
        json(at, 0, &[&["backtest", "on_spy.toml", "made", "--from", "2019-02-01"], &hours[..], more].concat())
    };
    let of_files = told(&["--symbol", "XLE", "--read", "SPY"]);
    let simulated = json(at, 0, &simulated("backtest", &["-t", "1h", "--symbol", "XLE", "--read", "SPY"]));
    assert_eq!(of_files["final_equity"], simulated["final_equity"]);
    // Where no symbol is named, all are traded but those that are only read.
    let all = ["sweep", "on_spy.toml", "made", "--read", "SPY,GLD", "--from", "2019-02-01"];
    let all = json(at, 0, &[&all[..], &hours].concat());
    let markets = all["markets"].as_array().unwrap();
    assert!(markets.len() == 6 && !markets.iter().any(|m| m == "SPY 1h" || m == "GLD 1h"), "{markets:?}");
}

#[test]
fn a_spread_of_the_market_is_paid_from_its_column() {
    let dir = folder();
    let at = dir.path();
    let args = ["backtest", "spreads.toml", "XLE.csv", "-t", "1d", "--spread", "gap", "--fills", "f.csv"];
    let told = json(at, 0, &args);
    // Decided at the close of the 3rd, bought at the open of the 4th: 100, and half of the 0.02 that was known then.
    // Decided at the close of the 5th, its second bar, sold at the open of the 8th, at half of 0.04.
    let prices: Vec<f64> = fills(at, "f.csv").iter().map(|f| f[6].parse().unwrap()).collect();
    assert_eq!(prices, [101.0, 98.0]);
    assert_eq!(told["final_equity"], 9_997.0);
    // Contracts of ten.
    let tenfold = json(at, 0, &[&args[..], &["--multiplier", "10"]].concat());
    assert_eq!(tenfold["final_equity"], 9_970.0);
    assert_ne!(tenfold["identity"]["data_id"], told["identity"]["data_id"]);
    let once = json(at, 0, &[&args[..], &["--multiplier", "1"]].concat());
    assert_eq!(once["identity"]["run_id"], told["identity"]["run_id"]);
}

#[test]
fn what_is_wrong_beside_the_bars_is_told_with_the_option() {
    let dir = folder();
    let at = dir.path();
    let bars = ["-t", "1d"];
    for command in ["backtest", "sweep"] {
        let cases: [(&[&str], &str); 9] = [
            (&["on_spy.toml", "XLE.csv"], "on_spy.toml: entry.long:"),
            (&["on_spy.toml", "XLE.csv"], "--read SPY loads a symbol that is not traded"),
            (&["spreads.toml", "XLE.csv"], "costs.market_spread_times on XLE 1d"),
            (&["spreads.toml", "XLE.csv"], "--spread COLUMN"),
            (&["spreads.toml", "XLE.csv", "--spread", "gop"], "gap"),
            (&["spreads.toml", "WIDE.csv", "--spread", "gap"], "--spread gap: the spread of WIDE: it is 1.5 in row 1"),
            (&["spreads.toml", "XLE.csv", "--multiplier", "0"], "--multiplier: multiplier of XLE"),
            (&["on_spy.toml", "XLE.csv", "--read", "SPY"], "--read SPY: it is not in the data, there are XLE"),
            (&["on_spy.toml", "XLE.csv", "--read", "XLE"], "only read; leave out of it what is to be traded"),
        ];
        for (args, part) in cases {
            let said = error(at, &[&[command], args, &bars[..]].concat());
            assert!(said.contains(part), "{args:?}: {said}");
        }
        let simulated: [(&[&str], &str); 4] = [
            (&["--symbol", "XLE"], "--read SPY loads a symbol"),
            (&["--read", "SPY"], "--read SPY: it is traded, and what is traded can be read"),
            (&["--symbol", "XLE", "--read", "SPY,SPY"], "given twice"),
            (&["--symbol", "XLE", "--read", "SPX"], "SPX"),
        ];
        for (args, part) in simulated {
            let said =
                error(at, &[&[command, "on_spy.toml", "--simulated", "--years", "1", "-t", "1h"], args].concat());
            assert!(said.contains(part), "{args:?}: {said}");
        }
    }
    for target in ["XLE.csv", "WIDE.csv"] {
        let args = ["backtest", "on_spy.toml", "XLE.csv", "WIDE.csv", "-t", "1d", "--symbol", "XLE", "--read", "WIDE"];
        let said = error(at, &[&args[..], &["--fills", target]].concat());
        assert!(said.contains("is read, and would be replaced"), "{target}: {said}");
    }
}

/// A stop and a target so near that many hours touch both: minutes tell which came first.
const NEAR: &str = r#"version = 1
name = "Near"
[entry]
long = "close > close[1]"
[[exits]]
stop = "entry.price * 0.998"
[[exits]]
target = "entry.price * 1.002"
[sizing]
fraction = "0.5"
[execution]
path = "PATH"
"#;

#[test]
fn minutes_decide_what_hours_do_not() {
    let dir = tempfile::tempdir().unwrap();
    for path in ["pessimistic", "optimistic", "lower_timeframe"] {
        fs::write(dir.path().join(format!("{path}.toml")), NEAR.replace("PATH", path)).unwrap();
    }
    let told = |path: &str| {
        let file = format!("{path}.toml");
        json(dir.path(), 0, &["backtest", &file, "--simulated", "--years", "1", "-t", "1h"])
    };
    let [low, high, along] = ["pessimistic", "optimistic", "lower_timeframe"].map(told);
    let [low, high, along] = [low, high, along].map(|told| told["final_equity"].as_f64().unwrap());
    assert!(low < along && along < high, "{low} {along} {high}");
    let stored = error(dir.path(), &["backtest", "lower_timeframe.toml", "--simulated", "--years", "1", "-t", "1m"]);
    assert!(stored.contains("give a higher --timeframe"), "{stored}");
}
