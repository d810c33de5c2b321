//! The command as its users run it: what it prints, where, and how it ends.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

pub(crate) const HEADER: &str = "date,open,high,low,close,volume";

fn qe(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_qe")).current_dir(dir).args(args).stdin(Stdio::null()).output().unwrap()
}

/// Exit code, standard output and standard error.
pub(crate) fn run(dir: &Path, args: &[&str]) -> (i32, String, String) {
    let out = qe(dir, args);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (out.status.code().unwrap(), text(out.stdout), text(out.stderr))
}

/// The error of a command that must fail with exit code 2 and print nothing but one error.
pub(crate) fn error(dir: &Path, args: &[&str]) -> String {
    let (code, out, err) = run(dir, args);
    assert_eq!((code, out.as_str()), (2, ""), "{args:?}: {err}");
    assert!(err.starts_with("error: ") && !err.contains("panicked"), "{err}");
    let with_json: Vec<&str> = std::iter::once("--json").chain(args.iter().copied()).collect();
    let (code, out, err_json) = run(dir, &with_json);
    assert_eq!((code, out.as_str()), (2, ""), "{args:?}: {err_json}");
    assert!(serde_json::from_str::<Value>(&err_json).unwrap()["error"].is_string(), "{err_json}");
    err
}

/// The document of a command that must end with this code.
pub(crate) fn json(dir: &Path, code: i32, args: &[&str]) -> Value {
    let with_json: Vec<&str> = std::iter::once("--json").chain(args.iter().copied()).collect();
    let (got, out, err) = run(dir, &with_json);
    assert_eq!(got, code, "{args:?}: {err}");
    serde_json::from_str(&out).unwrap()
}

/// A folder with two days of SPY.
fn spy() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let rows = "2024-07-02,100,102,99,101,1000\n2024-07-03,101,103,100,102,1100\n";
    fs::write(dir.path().join("SPY.csv"), format!("{HEADER}\n{rows}")).unwrap();
    dir
}

/// The files below a folder.
pub(crate) fn files(root: &Path) -> Vec<String> {
    let mut out = Vec::new();
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { out.extend(files(&path)) } else { out.push(path.display().to_string()) }
    }
    out.sort();
    out
}

#[test]
fn good_data_are_code_0_bad_data_1_and_bad_calls_2() {
    let dir = spy();
    let at = dir.path();
    let (code, out, err) = run(at, &["data", "check", "SPY.csv", "-t", "1d"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("quality of SPY, bars 1d: PASS"), "{out}");
    fs::write(at.join("BAD.csv"), format!("{HEADER}\n2024-07-02,NaN,inf,-1,1,1\n2024-07-03,1,0.5,2,1e400,-5\n"))
        .unwrap();
    let report = json(at, 1, &["data", "check", "BAD.csv", "-t", "1d"]);
    assert_eq!(report[0]["subject"], "BAD");
    assert!(error(at, &["data", "check", "nope.csv"]).contains("cannot read nope.csv"));
}

#[test]
fn wrong_words_are_told_with_what_to_write() {
    let dir = spy();
    let cases: [(&[&str], &str); 11] = [
        (&["data", "check", "SPY.csv", "-t", "9q"], "write a count and a unit"),
        (&["data", "check", "SPY.csv", "--calendar", "mars"], "us_equities"),
        (&["data", "check", "SPY.csv", "--start", "2024-13-01"], "month"),
        (&["data", "check", "SPY.csv", "--start", "2024-07-03", "--end", "2024-07-01"], "end after the start"),
        (&["data", "check", "SPY.csv", "--symbols", ""], "symbols"),
        (&["data", "check", "SPY.csv", "-t", "1d", "--symbols", "SPX,QQQ"], "SPY"),
        (&["data", "check", "SPY.csv"], "daily ones are 1d"),
        (&["data", "check", "*.parquet"], "leads to no file"),
        (&["data", "check", "SPY.csv", "-t", "1d", "--columns", "vwap"], "vwap"),
        (&["data", "check", "SPY.csv", "-t", "1d", "--kind", "trades"], "price"),
        (&["data", "resample", "SPY.csv", "-t", "1d", "--to", "1h", "-o", "x"], "upsampling"),
    ];
    for (args, part) in cases {
        let said = error(dir.path(), args);
        assert!(said.contains(part), "{args:?}: {said}");
    }
    assert!(error(dir.path(), &["data", "check"]).contains("PATHS"));
    assert_eq!(files(dir.path()).len(), 1, "nothing was written");
}

#[test]
fn a_specification_with_a_slip_names_the_field() {
    let dir = spy();
    let said = |text: &str, name: &str| {
        fs::write(dir.path().join(name), text).unwrap();
        error(dir.path(), &["data", "check", "--spec", name])
    };
    let base = "paths = ['SPY.csv']\ntimeframe = '1d'\n";
    assert!(said(&format!("{base}symbol = ['x']\n"), "a.toml").contains("unknown field `symbol`"));
    assert!(said(&format!("{base}[rename]\nclsoe = 'open'\n"), "b.toml").contains("did you mean \"close\""));
    assert!(said(&format!("{base}[rename]\nvolume = 'Vol'\n"), "c.toml").contains("no column \"Vol\""));
    assert!(said(r#"{"paths": ["SPY.csv"], "timeframe": "1x"}"#, "d.json").contains("timeframe"));
    assert!(error(dir.path(), &["data", "check", "--spec", "none.toml"]).contains("none.toml"));
}

#[test]
fn what_is_converted_is_what_is_described_again() {
    let dir = spy();
    let at = dir.path();
    let before = json(at, 0, &["data", "describe", "SPY.csv", "-t", "1d"]);
    let written = json(at, 0, &["data", "convert", "SPY.csv", "-t", "1d", "-o", "new folder/ü"]);
    assert_eq!((&written["n_rows"], &written["n_files"]), (&2.into(), &1.into()));
    let after = json(at, 0, &["data", "describe", "new folder/ü", "-t", "1d"]);
    assert_eq!(before["id"], after["id"]);
    let weeks = json(at, 0, &["data", "resample", "new folder/ü", "-t", "1d", "--to", "1w", "-o", "weeks"]);
    assert_eq!(weeks["n_rows"], 1);
}

#[test]
fn rows_that_are_left_out_are_told() {
    let dir = spy();
    fs::write(dir.path().join("SPY.csv"), format!("{HEADER}\n2024-07-05,1,2,1,1,5\n2024-07-06,1,2,1,1,5\n")).unwrap();
    let (code, out, _) = run(dir.path(), &["data", "convert", "SPY.csv", "-t", "1d", "-o", "out"]);
    assert_eq!(code, 0);
    assert!(out.contains("1 rows outside of the hours"), "{out}");
}

#[test]
fn output_never_lands_among_the_input() {
    let dir = spy();
    let at = dir.path();
    fs::create_dir(at.join("in")).unwrap();
    fs::copy(at.join("SPY.csv"), at.join("in/SPY.csv")).unwrap();
    for source in ["in", "in/*.csv", "in/**"] {
        for command in [&["convert"][..], &["resample", "--to", "1d"]] {
            let args = [&["data"], command, &[source, "-t", "1d", "-o", "in/deep/out"]].concat();
            assert!(error(at, &args).contains("choose another folder"), "{source}");
        }
    }
    assert_eq!(run(at, &["data", "convert", "in", "-t", "1d", "-o", "."]).0, 0, "beside the input is fine");
    let said = error(at, &["data", "convert", "symbol=SPY", "-t", "1d", "-o", "."]);
    assert!(said.contains("is read, and lies where"), "{said}");
}

#[test]
fn what_would_stay_beside_the_output_is_refused_unless_added_to() {
    let dir = spy();
    let at = dir.path();
    fn convert<'a>(more: &[&'a str]) -> Vec<&'a str> {
        [&["data", "convert", "SPY.csv", "-t", "1d", "-o", "out"], more].concat()
    }
    assert_eq!(run(at, &convert(&[])).0, 0);
    assert_eq!(run(at, &convert(&[])).0, 0, "the same again replaces it");
    let said = error(at, &convert(&["--partition", "year"]));
    assert!(said.contains("month=07") && said.contains("--add"), "{said}");
    fs::write(at.join("SPY.csv"), format!("{HEADER}\n2024-08-01,1,2,1,1,5\n")).unwrap();
    assert!(error(at, &convert(&[])).contains("month=07"));
    assert_eq!(run(at, &convert(&["--add"])).0, 0);
    assert_eq!(files(&at.join("out")).len(), 2);
}

#[test]
fn an_output_that_cannot_be_written_is_named() {
    let dir = spy();
    let said = error(dir.path(), &["data", "convert", "SPY.csv", "-t", "1d", "-o", "SPY.csv"]);
    assert!(said.contains("cannot write") && said.contains("SPY.csv"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_reader_that_stops_reading_is_no_error_and_a_full_disk_is() {
    let dir = spy();
    let mut child = Command::new(env!("CARGO_BIN_EXE_qe"))
        .current_dir(dir.path())
        .args(["data", "describe", "SPY.csv", "-t", "1d"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let out = child.wait_with_output().unwrap();
    assert_eq!((out.status.code(), out.stderr.as_slice()), (Some(0), &b""[..]));
    if let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") {
        let mut command = Command::new(env!("CARGO_BIN_EXE_qe"));
        command.current_dir(dir.path()).args(["data", "describe", "SPY.csv", "-t", "1d"]);
        let out = command.stdout(full).output().unwrap();
        assert_eq!(out.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&out.stderr).contains("cannot write to standard output"));
    }
}

#[test]
fn damaged_files_are_errors_without_a_panic_on_standard_error() {
    let dir = spy();
    let at = dir.path();
    assert_eq!(run(at, &["data", "convert", "SPY.csv", "-t", "1d", "-o", "out"]).0, 0);
    let path = files(&at.join("out")).remove(0);
    let whole = fs::read(&path).unwrap();
    for i in (0..whole.len()).step_by(whole.len() / 24) {
        let mut bytes = whole.clone();
        let end = (i + 6).min(bytes.len());
        bytes[i..end].fill(0xff);
        fs::write(&path, &bytes).unwrap();
        let (code, _, err) = run(at, &["data", "describe", "out", "-t", "1d"]);
        assert!((code == 0 || code == 2) && !err.contains("panicked") && !err.contains("bug of qe"), "{i}: {err}");
    }
}

#[test]
fn a_simulated_market_is_the_same_again_and_a_shorter_one_does_not_mix_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let demo = |years: &'static str| ["demo", "-o", "out", "--years", years];
    let first = json(at, 0, &demo("1"));
    assert_eq!(first["known_again"], true);
    // What a killed run leaves behind: a draft, and months that are missing.
    let there = files(&at.join("out/market"));
    fs::write(Path::new(&there[0]).with_file_name(".data.parquet.1-0.part"), "half").unwrap();
    fs::remove_file(&there[0]).unwrap();
    let again = json(at, 0, &demo("1"));
    assert_eq!(again["data_id"], first["data_id"]);
    assert_eq!((&first["sweep"]["n_points"], &first["sweep"]["n_done"]), (&320.into(), &320.into()));
    assert_eq!(again["sweep"]["top"], first["sweep"]["top"]);
    let said = error(at, &["data", "simulate", "-o", "out/market", "--years", "1", "--start", "2023-06-01"]);
    assert!(said.contains("would stay beside"), "{said}");
}

#[test]
fn what_a_killed_writer_left_is_refused_until_it_is_written_again() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    // Two thousand files: long enough to be stopped among them.
    let args = ["data", "simulate", "-o", "out", "--years", "1", "--partition", "day"];
    let mut writer = Command::new(env!("CARGO_BIN_EXE_qe"))
        .current_dir(at)
        .args(args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let has_begun = || at.join("out").is_dir() && files(&at.join("out")).iter().any(|f| f.ends_with("data.parquet"));
    while !has_begun() {
        assert!(writer.try_wait().unwrap().is_none(), "it ended before it could be stopped");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    writer.kill().unwrap();
    assert!(!writer.wait().unwrap().success(), "it was stopped among its files");
    let said = error(at, &["data", "describe", "out"]);
    assert!(said.contains("has not finished") && said.contains("write it again"), "{said}");
    let written = json(at, 0, &args);
    let described = json(at, 0, &["data", "describe", "out"]);
    assert_eq!(described["n_rows"], written["n_rows"], "{described}");
}

#[test]
fn expressions_are_checked_explained_and_computed() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let checked = json(at, 0, &["expr", "check", "fast = sma( close,5 )>close[1]"]);
    assert_eq!(checked[0]["name"], "fast");
    assert_eq!(checked[0]["text"], "sma(close, 5) > close[1]");
    assert_eq!((checked[0]["gives"].as_str(), checked[0]["lookback"].as_u64()), (Some("condition"), Some(4)));
    let said = error(at, &["expr", "check", "close + smaa(close, 5)"]);
    assert!(said.contains("^^^") && said.contains("did you mean `sma`"), "{said}");
    let plan = json(at, 0, &["expr", "explain", "sma(close, 5) - sma(close, 9)", "sma(close, 5) > 3"]);
    let steps = plan["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 4, "two averages, a difference, a comparison: {plan}");
    assert!(steps.iter().all(|s| s["ns_per_row"].as_f64().unwrap() > 0.0));
    assert!(run(at, &["expr", "list", "--markdown"]).1.contains("| `rsi(x=close, period=14)` |"));

    assert_eq!(run(at, &["data", "simulate", "-o", "m", "--years", "1"]).0, 0);
    let args =
        ["expr", "eval", "m", "--symbols", "SPY", "-e", "mid=(high + low) / 2", "-e", "up=close > open", "--rows", "3"];
    let shown = json(at, 0, &args);
    assert_eq!((shown[0]["symbol"].as_str(), shown[0]["rows"].as_array().unwrap().len()), (Some("SPY"), 3));
    assert!(shown[0]["rows"][2]["values"][0].as_f64().unwrap() > 0.0);
    let written = ["expr", "eval", "m", "--symbols", "SPY", "-e", "mid=(high + low) / 2", "-o", "values"];
    assert_eq!(run(at, &written).0, 0);
    let again = json(at, 0, &["data", "describe", "values", "--kind", "features", "--columns", "mid"]);
    assert_eq!(again["n_rows"], shown[0]["n_rows"]);
}
