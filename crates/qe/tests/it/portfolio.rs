//! `qe portfolio`: the file of the docs, what is written, and what is said to bad input.

use std::fs;

use super::command::{error, json, run};

/// The file that docs/portfolio.md shows.
fn shown() -> String {
    let page = include_str!("../../../../docs/portfolio.md");
    let from = page.find("```toml").unwrap() + 8;
    let to = page[from..].find("```").unwrap();
    page[from..from + to].to_owned()
}

const SIMULATED: [&str; 6] = ["portfolio", "two.toml", "--simulated", "--years", "1", "--timeframe=1h"];

#[test]
fn the_portfolio_of_the_docs_is_played_and_its_parts_sum_to_the_whole() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("two.toml"), shown()).unwrap();
    let more = ["--fills", "f.csv", "--equity", "e.csv", "--attribution", "a.csv"];
    let told = json(dir.path(), 0, &[&SIMULATED[..], &more[..]].concat());
    let sleeves = told["sleeves"].as_array().unwrap();
    assert_eq!(sleeves.len(), 3);
    let won: f64 = sleeves.iter().map(|s| s[1]["pnl"].as_f64().unwrap()).sum();
    let end = told["final_equity"].as_f64().unwrap();
    assert!((won - (end - 100_000.0)).abs() < 1e-6, "{won} {end}");
    assert!(sleeves.iter().all(|s| s[1]["n_trades"].as_u64().unwrap() > 0));
    let read = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap();
    let n_fills: u64 = sleeves.iter().map(|s| s[1]["n_fills"].as_u64().unwrap()).sum();
    assert_eq!(read("f.csv").lines().count() as u64, n_fills + 1);
    let last = read("e.csv").lines().last().unwrap().split(',').nth(1).unwrap().parse::<f64>().unwrap();
    assert_eq!(last, end);
    let daily: f64 =
        read("a.csv").lines().skip(1).flat_map(|l| l.split(',').skip(1)).map(|x| x.parse::<f64>().unwrap()).sum();
    assert!((daily - won).abs() < 1e-6, "{daily} {won}");
    let (code, text, _) = run(dir.path(), &SIMULATED);
    assert!(code == 0 && text.contains("SPY by DonchianBreakout") && text.contains("shares were looked at"), "{text}");
}

#[test]
fn a_strategy_beside_the_file_is_found_and_what_is_wrong_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let text = shown().replace("\"SimpleSMA\"", "\"mine.toml\"");
    fs::write(dir.path().join("two.toml"), &text).unwrap();
    let why = error(dir.path(), &SIMULATED);
    assert!(why.contains("sleeves[1].strategy") && why.contains("mine.toml"), "{why}");
    let mine =
        "version = 1\nname = \"mine\"\n[entry]\nlong = \"close > close[1]\"\n[[exits]]\ntime_stop = { bars = 2 }\n";
    fs::write(dir.path().join("mine.toml"), mine).unwrap();
    assert_eq!(run(dir.path(), &SIMULATED).0, 0);
    for (from, to, told) in [
        ("weight = 0.3", "weight = 0.5", "sleeves: their weights come to 1.1"),
        ("entry_period", "entry_periods", "did you mean entry_period?"),
        ("\"GLD\"", "\"GLDD\"", "GLDD"),
        ("version = 1", "version = 7", "version: 7 is not known"),
    ] {
        fs::write(dir.path().join("two.toml"), text.replacen(from, to, 1)).unwrap();
        let why = error(dir.path(), &SIMULATED);
        assert!(why.contains(told), "{why}");
    }
    let why = error(dir.path(), &["portfolio", "none.toml", "--simulated"]);
    assert!(why.contains("cannot read none.toml"), "{why}");
    let why = error(dir.path(), &["portfolio", "two.json", "--simulated"]);
    assert!(why.contains("end it with .toml"), "{why}");
}
