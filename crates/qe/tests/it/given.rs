//! How data are given to a run, what of them it takes, and what it says of the rest.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::backtest::RISES;
use super::command::{HEADER, error, files, json, run};

const DAYS: [&str; 8] = ["02", "03", "04", "05", "08", "09", "10", "11"];

/// A bar that opens at 100 and closes at a price that goes up and down.
fn row(stamp: &str, i: usize) -> String {
    format!("{stamp},100,120,80,{},1000\n", 100 + i % 5)
}

fn days(of: &[&str]) -> String {
    let rows = of.iter().enumerate().map(|(i, day)| row(&format!("2024-01-{day}"), i));
    rows.fold(format!("{HEADER}\n"), |text, row| text + &row)
}

fn folder() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("rises.toml"), RISES).unwrap();
    fs::write(dir.path().join("SPY.csv"), days(&DAYS)).unwrap();
    dir
}

fn write(dir: &Path, name: &str, text: &str) {
    fs::write(dir.join(name), text).unwrap();
}

#[test]
fn paths_can_be_given_by_name() {
    let dir = folder();
    let at = dir.path();
    write(at, "QQQ.csv", &days(&DAYS[1..]));
    let id = |args: &[&str]| json(at, 0, args)["identity"]["run_id"].clone();
    let by_place = id(&["backtest", "rises.toml", "SPY.csv", "-t", "1d"]);
    assert!(by_place.is_string());
    assert_eq!(id(&["backtest", "rises.toml", "--data", "SPY.csv", "-t", "1d"]), by_place);
    assert_eq!(id(&["backtest", "-t", "1d", "--data=SPY.csv", "rises.toml"]), by_place);
    for both in [
        &["--data", "SPY.csv", "QQQ.csv", "-t", "1d"][..],
        &["--data", "SPY.csv", "--data", "QQQ.csv", "-t", "1d"],
        &["SPY.csv", "--data", "QQQ.csv", "-t", "1d"],
    ] {
        let told = json(at, 0, &[&["sweep", "rises.toml", "--points", "3"], both].concat());
        assert_eq!(told["markets"], serde_json::json!(["QQQ 1d", "SPY 1d"]), "{both:?}");
    }
    let portfolio =
        "version = 1\nname = \"One\"\n[[sleeves]]\nstrategy = \"rises.toml\"\nsymbols = [\"SPY\"]\nweight = 1.0\n";
    write(at, "one.toml", portfolio);
    assert_eq!(json(at, 0, &["portfolio", "one.toml", "--data", "SPY.csv", "-t", "1d"])["name"], "One");
    assert_eq!(json(at, 0, &["data", "check", "--data", "SPY.csv", "-t", "1d"])[0]["subject"], "SPY");
    assert_eq!(json(at, 0, &["expr", "eval", "--data", "SPY.csv", "-t", "1d", "-e", "close"])[0]["n_rows"], 8);
    assert!(error(at, &["backtest", "rises.toml", "--data", "no.csv"]).contains("cannot read no.csv"));
    let said = error(at, &["backtest", "-t", "1d", "--data", "SPY.csv", "rises.toml"]);
    assert!(said.contains("behind --data is data: give what is missing before it"), "{said}");
    assert!(error(at, &["backtest", "rises.toml", "--simulated", "--data", "SPY.csv"]).contains("cannot be used with"));
    assert!(error(at, &["backtest", "rises.toml", "--data", "SPY.csv", "--trades", "SPY.csv"]).contains("is read"));
}

#[test]
fn rows_that_are_left_out_are_counted() {
    let dir = folder();
    let at = dir.path();
    // Four days around the clock, from a Friday on: sessions of seven bars on two of them, the first of which is cut.
    let mut hours = format!("{HEADER}\n");
    for (i, day) in ["05", "06", "07", "08"].iter().flat_map(|day| (0..24).map(move |h| (h, day))) {
        hours += &row(&format!("2024-01-{day}T{i:02}:00:00Z"), i);
    }
    write(at, "BTC.csv", &hours);
    let said = "82 of 96 rows are outside of the regular hours of us_equities, and left out; --calendar crypto or --hours \
                all keeps them";
    let run_of = |args: &[&str]| run(at, &[args, &["rises.toml", "BTC.csv", "-t", "1h"]].concat()).1;
    assert!(run_of(&["backtest"]).contains(said), "{}", run_of(&["backtest"]));
    assert!(run_of(&["sweep", "--points", "3"]).contains(said));
    // Before any figure, and on pages too, of a stored run as well.
    let text = run_of(&["backtest", "--page", "p.html", "--out", "o"]);
    assert!(text.find(said) < text.find("total_return"), "{text}");
    json(at, 0, &["report", "o", "--out", "r.html"]);
    let [page, report] = ["p.html", "r.html"].map(|name| std::fs::read_to_string(at.join(name)).unwrap());
    assert!(page.contains(&format!("<strong>Note: </strong>{said}.")) && page == report);
    let rows = |more: &[&str]| json(at, 0, &[&["backtest", "rises.toml"], more].concat())["rows"].clone();
    let counted = |n_read, n_outside, n_duplicates| serde_json::json!({ "n_read": n_read, "n_outside": n_outside, "n_duplicates": n_duplicates });
    assert_eq!(rows(&["BTC.csv", "-t", "1h"]), counted(96, 82, 0));
    // What is said to keep them does.
    for all in [["--calendar", "crypto"], ["--hours", "all"]] {
        assert_eq!(rows(&[&["BTC.csv", "-t", "1h"], &all[..]].concat()), counted(96, 0, 0), "{all:?}");
    }
    // Days: a Saturday, and a year that is no year of ours.
    write(at, "FAR.csv", &(days(&DAYS) + &row("2024-01-06", 0) + &row("9999-01-04", 0)));
    let text = run(at, &["backtest", "rises.toml", "FAR.csv", "-t", "1d"]).1;
    assert!(
        text.contains("2 of 10 rows are outside of the sessions of us_equities, and left out; --calendar"),
        "{text}"
    );
    let text = run(at, &["backtest", "rises.toml", "FAR.csv", "-t", "1d", "--calendar", "crypto"]).1;
    assert!(text.contains("1 of 10 rows are outside of the years 1677 to 2262, and left out\n"), "{text}");
    let text = run(at, &["backtest", "rises.toml", "FAR.csv", "-t", "1d", "--end", "2024-01-11"]).1;
    assert!(text.contains("us_equities, or of --start and --end, and left out\n"), "{text}");
    write(at, "TWICE.csv", &(days(&DAYS) + &row("2024-01-11", 0)));
    assert_eq!(rows(&["TWICE.csv", "-t", "1d", "--duplicates", "keep_last"]), counted(9, 0, 1));
    assert!(!run(at, &["backtest", "rises.toml", "SPY.csv", "-t", "1d"]).1.contains("left out"));
    assert!(rows(&["--simulated", "--years", "1", "-t", "1d"]).is_null());
}

#[test]
fn bars_that_are_shorter_than_the_traded_ones_are_told_from_repeated_ones() {
    let dir = folder();
    let at = dir.path();
    let mut hours = format!("{HEADER}\n");
    for (i, (day, h)) in DAYS.iter().flat_map(|day| (14..21).map(move |h| (day, h))).enumerate() {
        let _ = writeln!(hours, "2024-01-{day}T{h}:30:00Z,{0},{1},{0},{1},10", 100 + i, 101 + i);
    }
    write(at, "HOURS.csv", &hours);
    let daily = ["HOURS.csv", "-t", "1d"];
    for command in [&["backtest", "rises.toml"][..], &["sweep", "rises.toml", "--points", "3"]] {
        let said = error(at, &[command, &daily].concat());
        let part = "HOURS: its bars are taken to be 1d long, and open 1h apart: 48 rows fall together with another, the first \
                    at 2024-01-02T14:30:00Z; give --stored 1h -t 1d";
        assert!(said.contains(part), "{said}");
    }
    let said = error(at, &["data", "check", "HOURS.csv", "-t", "1d"]);
    assert!(said.contains("load them as bars of 1h"), "{said}");
    // The mend makes days of all hours: the last closes at the close of the last hour.
    let args =
        ["backtest", "rises.toml", "HOURS.csv", "--stored", "1h", "-t", "1d", "--equity", "e.csv", "--fills", "f.csv"];
    assert_eq!(json(at, 0, &args)["n_bars"], 7);
    assert!(
        fs::read_to_string(at.join("f.csv")).unwrap().lines().nth(1).unwrap().contains(",114,"),
        "open of the third"
    );
    // A day that is there twice is no sign of hours, and neither is one with a stray stamp.
    for stray in ["2024-01-04", "2024-01-04T09:00:00"] {
        write(at, "TWICE.csv", &(days(&["06"]) + &days(&DAYS)[HEADER.len() + 1..] + &row(stray, 0)));
        let said = error(at, &["backtest", "rises.toml", "TWICE.csv", "-t", "1d"]);
        let part = "TWICE: two rows open at 2024-01-04T14:30:00Z; 1 rows repeat a time; mend the file, or load with";
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn a_bar_that_cannot_be_is_named_by_its_time() {
    let dir = folder();
    let at = dir.path();
    let saturday = row("2024-01-06", 0);
    let bad = |values: &str| days(&DAYS[..4]) + &saturday + &format!("2024-01-08,{values},5\n") + &row("2024-01-09", 1);
    for (values, part) in [
        (
            "100,80,120,100",
            "high is 80, and low is 120 in row 4, which opens at 2024-01-08T14:30:00Z; look whether columns",
        ),
        ("-1,120,80,100", "open is -1 in row 4, which opens at 2024-01-08T14:30:00Z; leave the bar out"),
    ] {
        write(at, "BAD.csv", &bad(values));
        let said = error(at, &["backtest", "rises.toml", "BAD.csv", "-t", "1d"]);
        assert!(said.contains(part), "{said}");
    }
    // A minute is named, too, where hours are made of it that hide it.
    let minutes = |i: u32| match i {
        7 => "100,99,101,100",
        _ => "100,120,80,100",
    };
    let text = (0..60).fold(format!("{HEADER}\n"), |t, i| t + &format!("2024-01-08T15:{i:02}:00Z,{},5\n", minutes(i)));
    write(at, "MIN.csv", &text);
    let said = error(at, &["backtest", "rises.toml", "MIN.csv", "--stored", "1m", "-t", "1h"]);
    assert!(said.contains("high is 99, and low is 101 in row 7, which opens at 2024-01-08T15:07:00Z"), "{said}");
    // Adjusted prices are rounded: a close may lie outside of the extremes by a little.
    write(at, "BAD.csv", &bad("100,100.3,99.9,100.31"));
    json(at, 0, &["backtest", "rises.toml", "BAD.csv", "-t", "1d"]);
}

#[test]
fn one_file_is_not_written_twice_however_it_is_spelled() {
    let dir = folder();
    let at = dir.path();
    fs::create_dir(at.join("sub")).unwrap();
    let whole = at.join("z.csv").display().to_string();
    for (a, b) in [("./z.csv", "z.csv"), ("z.csv", "sub/../z.csv"), (whole.as_str(), "z.csv")] {
        let said = error(at, &["backtest", "rises.toml", "SPY.csv", "-t", "1d", "--trades", a, "--equity", b]);
        assert!(said.contains("would be written twice: choose another file"), "{said}");
    }
    assert_eq!(files(at).len(), 2, "{:?}", files(at));
    let args = ["backtest", "rises.toml", "SPY.csv", "-t", "1d", "--trades", "z.csv", "--equity", "sub/z.csv"];
    assert_eq!(run(at, &args).0, 0);
    assert_eq!(files(at).len(), 4, "two files of one name in two folders");
}

#[test]
fn what_a_file_is_called_does_not_steer_the_terminal() {
    let dir = folder();
    let at = dir.path();
    write(at, "odd.toml", &RISES.replace("\"Rises\"", r#""Ri\u001b[31mses\u202e""#));
    let args = ["backtest", "odd.toml", "SPY.csv", "-t", "1d"];
    let (code, text, _) = run(at, &args);
    assert_eq!((code, text.contains(['\u{1b}', '\u{202e}'])), (0, false));
    assert!(text.starts_with("Ri\\u001b[31mses\\u202e on SPY 1d"), "{text}");
    assert_eq!(json(at, 0, &args)["identity"]["strategy"], "Ri\u{1b}[31mses\u{202e}");
}

#[test]
fn a_size_without_its_name_and_the_exit_codes_are_spelled_out() {
    let dir = folder();
    let at = dir.path();
    write(at, "odd.toml", &RISES.replace("fraction = \"$frac\"", "fration = \"1\""));
    let said = error(at, &["strategy", "check", "odd.toml"]);
    assert!(said.contains("unknown field `fration`, expected one of `fraction`, `value`, `units`"), "{said}");
    let help = run(at, &["--help"]).1;
    let help: Vec<&str> = help.split_whitespace().collect();
    assert!(help.join(" ").contains("1 the data did not pass, two runs differ, or a leak was found; 2 the call"));
}
