//! `qe strategy`, `qe backtest` and `qe sweep`: what they tell, and what they say to bad input.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use super::command::{HEADER, error, files, json, run};

/// In at a close above the one before, out after two bars, all money: rules that a test can follow by hand.
pub(crate) const RISES: &str = r#"version = 1
name = "Rises"
require = ["$hold < 4"]
[params.hold]
default = 2
kind = { int = { min = 1, max = 5 } }
[params.frac]
default = 1.0
kind = { float = { min = 0.1, max = 1.0 } }
[entry]
long = "close > close[1]"
[[exits]]
when = "pos.bars >= $hold"
reason = "held, enough"
[sizing]
fraction = "$frac"
[costs]
"#;

fn write(dir: &Path, name: &str, text: &str) {
    fs::write(dir.join(name), text).unwrap();
}

/// Eight sessions of bars that open, peak, fall and close at these prices.
fn bars(closes: &[&str]) -> String {
    let days = ["02", "03", "04", "05", "08", "09", "10", "11"];
    let row = |(day, close): (&&str, &&str)| format!("2024-01-{day},100,120,80,{close},1000\n");
    days.iter().zip(closes).fold(format!("{HEADER}\n"), |text, pair| text + &row(pair))
}

fn folder() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "rises.toml", RISES);
    write(dir.path(), "SPY.csv", &bars(&["100", "101", "102", "110", "108", "107", "106", "105"]));
    dir
}

const DAILY: [&str; 4] = ["rises.toml", "SPY.csv", "-t", "1d"];

fn backtest<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["backtest"], &DAILY[..], more].concat()
}

fn sweep<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["sweep"], &DAILY[..], more].concat()
}

#[test]
fn the_catalogue_is_listed_shown_and_checked() {
    let dir = folder();
    let at = dir.path();
    let listed = json(at, 0, &["strategy", "list"]);
    let names: Vec<&str> = listed.as_array().unwrap().iter().map(|l| l["name"].as_str().unwrap()).collect();
    assert_eq!((names.len(), names[2]), (16, "DonchianBreakout"));
    assert!(listed[2]["about"].as_str().unwrap().ends_with("below their lowest low."));
    // What is shown is a strategy again, and the same one.
    let (code, text, _) = run(at, &["strategy", "show", "DonchianBreakout"]);
    assert_eq!(code, 0);
    write(at, "own.toml", &text);
    let (named, own) =
        (json(at, 0, &["strategy", "check", "DonchianBreakout"]), json(at, 0, &["strategy", "check", "own.toml"]));
    assert_eq!(named, own);
    assert_eq!((&named["n_grid_points"], &named["params"][1]["name"]), (&320.into(), &"entry_period".into()));
    assert_eq!((&named["is_same_bar"], &named["reasons"][1]), (&false.into(), &"atr_stop".into()));
    let text = run(at, &["strategy", "check", "own.toml", "--profile", "discovery"]).1;
    assert!(text.contains("signal_close (same bar)") && text.contains("same bar: decisions"), "{text}");
    // A profile is another way to fill, and the same family of hypotheses.
    let other = json(at, 0, &["strategy", "check", "own.toml", "--profile", "discovery"]);
    assert_eq!((other["spec_id"] == named["spec_id"], &other["skeleton_id"]), (false, &named["skeleton_id"]));
    let blocks = json(at, 0, &["strategy", "blocks"]);
    let stop = blocks.as_array().unwrap().iter().find(|b| b["name"] == "percent_stop").unwrap();
    assert_eq!((&stop["family"], &stop["slots"][0]["default"]), (&"exit".into(), &"0.02".into()));
    assert!(run(at, &["strategy", "blocks"]).1.contains("| `percent_stop` |"));
}

#[test]
fn a_strategy_is_explained_by_what_it_comes_to() {
    let dir = folder();
    let at = dir.path();
    let text = RISES.replace("[[exits]]\n", "[[exits]]\npercent_stop = { frac = 0.1 }\n[[exits]]\n");
    write(at, "own.toml", &text.replace("close > close[1]", "close > sma(close, 5)[1]"));
    let told = json(at, 0, &["spec", "explain", "own.toml"]);
    let all: Vec<(&str, &str, u64)> = (told["expressions"].as_array().unwrap().iter())
        .map(|e| (e["name"].as_str().unwrap(), e["text"].as_str().unwrap(), e["lookback"].as_u64().unwrap()))
        .collect();
    // Five closes give the first mean at the fifth row, which is looked at a row later.
    assert_eq!(all[0], ("entry.long", "close > sma(close, period=5)[1]", 5));
    assert_eq!(all[1], ("exits[0].percent_stop of long", "close < entry.price * (1 - 0.1)", 0));
    assert_eq!((all[2].0, all[2].1), ("exits[1].when of long", "pos.bars >= $hold"));
    assert_eq!(told["numbers"], serde_json::json!([["sizing", "$frac"]]));
    let steps = told["steps"].as_array().unwrap();
    assert!(steps.iter().any(|s| s["step"].as_str().unwrap().contains("sma") && s["ns_per_row"].is_number()));
    let (_, text, _) = run(at, &["strategy", "explain", "own.toml"]);
    assert!(text.contains("a condition from row 5 on") && text.contains("the plan, at the defaults:"), "{text}");
    assert!(error(at, &["spec", "explain", "none.toml"]).contains("cannot read none.toml"));
    assert_eq!(run(at, &["spec", "list"]).1, run(at, &["strategy", "list"]).1);
}

#[test]
fn a_backtest_tells_what_can_be_followed_by_hand() {
    let dir = folder();
    let at = dir.path();
    let args = backtest(&["--trades", "t.csv", "--fills", "f.csv", "--equity", "e.csv"]);
    let told = json(at, 0, &args);
    // Signal on the 3rd, in on the 4th at the open of 100; at the close of the 5th, its second bar, the exit is
    // decided, and filled on the 8th at 100. Nothing rises from then on. The first scored bar is the 3rd.
    assert_eq!((&told["n_bars"], &told["n_fills"], &told["n_open"]), (&7.into(), &2.into(), &0.into()));
    assert_eq!(told["exits"]["held, enough"], serde_json::json!({ "n": 1, "pnl": 0.0 }));
    assert_eq!((&told["final_equity"], &told["label"]), (&10_000.0.into(), &Value::Null));
    assert_eq!(told["identity"]["params"], serde_json::json!({ "frac": 1.0, "hold": 2 }));
    let figures = &told["summary"]["figures"];
    assert_eq!((&figures["n_trades"], &figures["win_rate"]), (&1.0.into(), &0.0.into()));
    let lines =
        |name: &str| -> Vec<String> { fs::read_to_string(at.join(name)).unwrap().lines().map(str::to_owned).collect() };
    let trades = lines("t.csv");
    assert_eq!(trades.len(), 2);
    assert!(
        trades[1].starts_with("2024-01-04T14:30:00Z,2024-01-08T14:30:00Z,2,4,345600000000000,1,100,100,100,"),
        "{}",
        trades[1]
    );
    assert!(trades[1].ends_with(",\"held, enough\",false"), "{}", trades[1]);
    let fills = lines("f.csv");
    assert_eq!(fills[1], "2024-01-04T14:30:00Z,2,1,open,100,100,100,0,0,100,entry,false");
    assert_eq!(fills[2], "2024-01-08T14:30:00Z,4,3,open,-100,100,100,0,10000,0,\"held, enough\",false");
    // Worth is 100 units at the closes of the 4th and the 5th: 102 and 110.
    let equity: Vec<String> = lines("e.csv")[1..].iter().map(|l| l.split(',').nth(2).unwrap().to_owned()).collect();
    assert_eq!(equity, ["10000", "10200", "11000", "10000", "10000", "10000", "10000"]);
    // At the close of the signal's own bar: in at 101 on the 3rd, decided and out at 110 on the 5th.
    let close = RISES.replace("[costs]", "[execution]\nfill = \"signal_close\"\n[costs]");
    write(at, "close.toml", &close);
    let told = json(at, 0, &["backtest", "close.toml", "SPY.csv", "-t", "1d"]);
    assert!(told["label"].as_str().unwrap().starts_with("same bar"));
    let pnl = told["exits"]["held, enough"]["pnl"].as_f64().unwrap();
    assert!((pnl - 10_000.0 * (110.0 / 101.0 - 1.0)).abs() < 1e-9, "{pnl}");
    let (_, text, _) = run(at, &["backtest", "close.toml", "SPY.csv", "-t", "1d"]);
    assert!(text.contains("filled signal_close (same bar)") && text.contains("\nsame bar: "), "{text}");
}

#[test]
fn a_result_is_the_same_again_and_says_what_it_is_of() {
    let dir = folder();
    let at = dir.path();
    let (a, b) = (run(at, &backtest(&["--json"])), run(at, &backtest(&["--json"])));
    assert_eq!(a, b);
    let id = |more: &[&str]| json(at, 0, &backtest(more))["identity"]["run_id"].clone();
    let base = id(&[]);
    assert_eq!(id(&["--set", "hold=2"]), base);
    for more in [["--set", "hold=3"], ["--from", "2024-01-04"], ["--to", "2024-01-10"], ["--profile", "discovery"]] {
        assert_ne!(id(&more), base, "{more:?}");
    }
    let scored = json(at, 0, &backtest(&["--from", "2024-01-04", "--to", "2024-01-10"]));
    assert_eq!((&scored["n_bars"], &scored["identity"]["eval_start"]), (&4.into(), &"2024-01-04T14:30:00Z".into()));
}

#[test]
fn a_range_over_policies_has_the_run_in_it() {
    let dir = folder();
    let at = dir.path();
    // Each bar reaches 120 and 80: both ends of the bracket lie in it, and the bar does not say which came first.
    let bracket =
        "percent_stop = { frac = 0.1, resting = true }\n[[exits]]\npercent_target = { frac = 0.1, resting = true }";
    let exit = "when = \"pos.bars >= $hold\"\nreason = \"held, enough\"";
    write(at, "bracket.toml", &RISES.replace(exit, bracket));
    let told = json(at, 0, &["backtest", "bracket.toml", "SPY.csv", "-t", "1d", "--policies"]);
    let range = &told["policies"];
    let won = told["final_equity"].as_f64().unwrap() - 10_000.0;
    let span = |end: &str| range["pnl"][end].as_f64().unwrap();
    assert!((span("low") - won).abs() < 1e-9 && span("high") > 0.0 && won < 0.0, "{range}");
    assert_eq!((&range["ways"][0]["policy"], &range["undecided_frac"]), (&"pessimistic".into(), &1.0.into()));
    let (_, text, _) = run(at, &["backtest", "bracket.toml", "SPY.csv", "-t", "1d", "--policies"]);
    assert!(text.contains("a range over policies, not a bound"), "{text}");
}

#[test]
fn a_sweep_orders_what_it_did_and_counts_what_it_did_not() {
    let dir = folder();
    let at = dir.path();
    let args = sweep(&["--set", "frac=1", "--by", "total_return", "--from", "2024-01-03", "--out", "s.csv"]);
    let told = json(at, 0, &args);
    assert_eq!((&told["n_points"], &told["n_done"]), (&5.into(), &3.into()));
    assert_eq!(told["failed"]["invalid_point"]["n"], 2);
    let top = told["top"].as_array().unwrap();
    let returns: Vec<f64> = top.iter().map(|t| t["metrics"]["total_return"].as_f64().unwrap()).collect();
    assert!(returns.len() == 3 && returns.windows(2).all(|w| w[0] >= w[1]), "{returns:?}");
    // A point of a sweep is the backtest of that point.
    for best in top {
        let set = format!("hold={}", best["params"]["hold"]);
        let alone = json(at, 0, &backtest(&["--set", &set, "--from", "2024-01-03"]));
        assert_eq!(alone["final_equity"], best["metrics"]["final_equity"], "{set}");
    }
    let csv = fs::read_to_string(at.join("s.csv")).unwrap();
    // The columns of every table of metrics, a run's as a sweep's.
    assert!(csv.starts_with("schema_version,origin,run_id,point_id,status,failure,"), "{csv}");
    assert!(csv.lines().next().unwrap().ends_with(",param_frac,param_hold"), "{csv}");
    assert_eq!((csv.lines().count(), csv.matches("$hold < 4 does not hold").count()), (6, 2));
    let (_, text, _) = run(at, &sweep(&["--set", "frac=1"]));
    assert!(text.contains("2 failed: invalid_point") && text.contains("the best of 5 points"), "{text}");
    // A parameter may have the name of a column: its own begins otherwise.
    write(at, "clash.toml", &RISES.replace("hold", "status"));
    assert_eq!(run(at, &["sweep", "clash.toml", "SPY.csv", "-t", "1d", "--points", "3", "-o", "x.csv"]).0, 0);
    assert!(
        fs::read_to_string(at.join("x.csv")).unwrap().lines().next().unwrap().ends_with(",param_frac,param_status")
    );
    // The same draws, on one thread and on two.
    let draws = |threads: &'static str| {
        let mut told = json(at, 0, &sweep(&["--points", "40", "--seed", "3", "--threads", threads]));
        told["seconds"].take();
        told
    };
    assert_eq!(draws("1"), draws("2"));
    // Several markets make a parameter, which tells them apart.
    write(at, "QQQ.csv", &bars(&["100", "99", "98", "97", "96", "97", "98", "99"]));
    let args = ["sweep", "rises.toml", "SPY.csv", "QQQ.csv", "-t", "1d", "--stored", "1d", "--set", "frac=1"];
    let both = json(at, 0, &args);
    assert_eq!((&both["n_points"], &both["markets"]), (&10.into(), &serde_json::json!(["QQQ 1d", "SPY 1d"])));
    assert!(both["top"][0]["params"]["market"].is_string());
}

#[test]
fn a_simulated_market_needs_no_file() {
    let dir = folder();
    let at = dir.path();
    let args = ["sweep", "DonchianBreakout", "--simulated", "--years", "1", "-t", "1d", "-t", "1h", "--symbol", "GLD"];
    let few = ["--set", "entry_period=20", "--set", "exit_period=10", "--set", "atr_period=14", "--top", "1"];
    let told = json(at, 0, &[&args[..], &few].concat());
    assert_eq!((&told["n_points"], &told["markets"]), (&8.into(), &serde_json::json!(["GLD 1d", "GLD 1h"])));
    assert_eq!(told["top"].as_array().unwrap().len(), 1);
    let told = json(at, 0, &["backtest", "SimpleSMA", "--simulated", "--years", "1", "-t", "1h"]);
    assert_eq!((&told["identity"]["symbol"], &told["identity"]["frequency"]), (&"SPY".into(), &"1h".into()));
    assert!(told["summary"]["figures"]["n_trades"].as_f64().unwrap() > 5.0);
}

#[test]
fn what_is_wrong_with_a_strategy_is_told_with_its_place() {
    let dir = folder();
    let at = dir.path();
    write(at, "caret.toml", &RISES.replace("close > close[1]", "close > smaa(close, 20)"));
    write(at, "field.toml", &RISES.replace("[sizing]", "[sizeing]"));
    write(at, "column.toml", &RISES.replace("close > close[1]", "flow > close"));
    write(at, "later.toml", &RISES.replace("version = 1", "version = 9"));
    write(at, "cut.json", "{\"version\": 1, ");
    let cases: [(&[&str], &str); 11] = [
        (&["strategy", "show", "DonchianBreakot"], "did you mean `DonchianBreakout`?"),
        (&["strategy", "check", "caret.toml"], "        ^^^^"),
        (&["strategy", "check", "caret.toml"], "caret.toml: entry.long:"),
        (&["strategy", "check", "field.toml"], "unknown field `sizeing`"),
        (&["strategy", "check", "column.toml"], "no column is named `flow`"),
        (&["strategy", "check", "later.toml"], "version: 9 is not known; give 1"),
        (&["strategy", "check", "cut.json"], "cut.json: JSON: EOF"),
        (&["strategy", "check", "none.toml"], "cannot read none.toml"),
        (&["strategy", "check", "SPY.csv"], "end it with .toml or .json"),
        (&["strategy", "check", "rises.toml", "--calendar", "mars"], "us_equities"),
        (&["backtest", "Rise", "SPY.csv"], "none is named `Rise`"),
    ];
    for (args, part) in cases {
        let said = error(at, args);
        assert!(said.contains(part), "{args:?}: {said}");
    }
    assert_eq!(run(at, &["strategy", "check", "column.toml", "--columns", "flow"]).0, 0);
}

#[test]
fn what_is_wrong_with_parameters_is_told_with_what_is_allowed() {
    let dir = folder();
    let at = dir.path();
    let both: [(&[&str], &str); 4] = [
        (&["--set", "hodl=2"], "did you mean \"hold\"?"),
        (&["--set", "hold=6"], "a whole number from 1 to 5"),
        (&["--set", "frac=nan"], "a number from 0.1 to 1"),
        (&["--set", "hold"], "NAME=VALUE"),
    ];
    for (more, part) in both {
        for args in [backtest(more), sweep(more)] {
            let said = error(at, &args);
            assert!(said.contains(part), "{args:?}: {said}");
        }
    }
    let said = error(at, &backtest(&["--set", "hold=4"]));
    assert!(said.contains("$hold < 4 does not hold; give other parameters"), "{said}");
    let sweeps: [(&[&str], &str); 7] = [
        (&[], "--set frac=1.0, give it a step, or draw --points N"),
        (&["--set", "frac=1", "--max-points", "4"], "5 points, more than --max-points 4"),
        (&["--points", "0"], "at least 1"),
        (&["--points", "5", "--grid"], "--grid"),
        (&["--points", "5", "--by", "sharpe_dayly"], "did you mean \"sharpe_daily\"?"),
        (&["--points", "5", "-o", "s.xlsx"], ".parquet or .csv"),
        (&["--points", "5", "-o", "rises.toml"], ".parquet or .csv"),
    ];
    for (more, part) in sweeps {
        let said = error(at, &sweep(more));
        assert!(said.contains(part), "{more:?}: {said}");
    }
}

#[test]
fn the_least_fall_is_the_best() {
    let dir = folder();
    let args = ["--by", "max_drawdown_bars", "--top", "99", "--points", "20"];
    let told = json(dir.path(), 0, &sweep(&args));
    let falls: Vec<f64> =
        told["top"].as_array().unwrap().iter().map(|b| b["metrics"]["max_drawdown_bars"].as_f64().unwrap()).collect();
    assert!(falls.is_sorted() && falls[0] < falls[falls.len() - 1], "{falls:?}");
    assert_eq!(told["is_lowest_first"], true);
    let text = run(dir.path(), &sweep(&args)).1;
    assert!(text.contains(&format!(" {:.2} % ", 100.0 * falls[falls.len() - 1])), "{text}");
}

#[test]
fn what_is_wrong_with_data_is_told_with_the_mend() {
    let dir = folder();
    let at = dir.path();
    write(at, "ONE.csv", &bars(&["100"]));
    write(at, "HEAD.csv", &format!("{HEADER}\n"));
    write(at, "EMPTY.csv", "");
    write(at, "NEG.csv", &bars(&["100", "-1", "101"]));
    write(at, "NANS.csv", &format!("{HEADER}\n2024-01-02,NaN,NaN,NaN,NaN,1\n2024-01-03,NaN,NaN,NaN,NaN,1\n"));
    let minutes = (30..59).fold("ts,open,high,low,close,volume\n".to_owned(), |text, m| {
        text + &format!("2024-01-02T15:{m}:00Z,100,101,99,100,5\n")
    });
    write(at, "MIN.csv", &minutes);
    let cases: [(&[&str], &str); 8] = [
        (&["ONE.csv", "-t", "1d"], "give more bars"),
        (&["HEAD.csv", "-t", "1d"], "no rows"),
        (&["EMPTY.csv", "-t", "1d"], "write a header"),
        (&["NEG.csv", "-t", "1d"], "close is -1 in row 1, which opens at 2024-01-03T14:30:00Z; leave the bar out"),
        (&["NANS.csv", "-t", "1d"], "every close is missing; give bars with closes"),
        (&["none.csv", "-t", "1d"], "cannot read none.csv"),
        (&["MIN.csv", "-t", "1h"], "open 1m apart; give --stored 1m"),
        (&["SPY.csv", "-t", "1h", "--stored", "1d"], "upsampling"),
    ];
    for (more, part) in cases {
        for command in [&["backtest", "rises.toml"][..], &["sweep", "rises.toml", "--points", "3"]] {
            let said = error(at, &[command, more].concat());
            assert!(said.contains(part), "{more:?}: {said}");
        }
    }
    assert!(error(at, &["backtest", "rises.toml"]).contains("PATHS"));
    assert!(error(at, &["backtest", "rises.toml", "--simulated", "--symbol", "SPX"]).contains("did you mean \"SPY\""));
    let windows: [(&[&str], &str); 4] = [
        (&["--from", "2024-01-02"], "needs 1 bars before it to be warm, and there are 0; give 2024-01-03"),
        (&["--from", "2030-01-02"], "no bar of SPY 1d opens between them"),
        (&["--from", "2024-01-05", "--to", "2024-01-05"], "nothing lies between them"),
        (&["--trades", "t.parquet"], "end its name with .csv"),
    ];
    for (more, part) in windows {
        let said = error(at, &backtest(more));
        assert!(said.contains(part), "{more:?}: {said}");
    }
    for more in [&["--trades", "x.csv", "--fills", "x.csv"][..], &["--trades", "SPY.csv"], &["--equity", "no/x.csv"]] {
        assert!(error(at, &backtest(more)).contains(".csv"), "{more:?}");
    }
    assert_eq!(files(at).len(), 8, "nothing was written: {:?}", files(at));
    // A close that is missing here and there is no error: it is counted, and nothing is decided on it.
    write(at, "HOLE.csv", &bars(&["100", "101", "NaN", "110", "108", "107", "106", "105"]));
    let told = json(at, 0, &["backtest", "rises.toml", "HOLE.csv", "-t", "1d"]);
    assert_eq!((&told["n_missing_closes"], &told["summary"]["figures"]["n_nans"]), (&1.into(), &1.0.into()));
}
