//! `qe expr`: factors, other symbols, across symbols, and scopes.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::command::{error, files, json, run};

const FEATURES: &str = "date,S&P 500,1d_ret,morphology_ret_range_50,sector\n\
                        2024-01-04,4,0.5,,tech\n\
                        2024-01-02,1,0.1,2,tech\n\
                        2024-01-03,2,NaN,3,tech\n\
                        2024-01-05,5,0.25,7,tech\n";

fn write(dir: &Path, name: &str, text: &str) {
    fs::write(dir.join(name), text).unwrap();
}

fn features() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "f.csv", FEATURES);
    write(dir.path(), "eqs.txt", "# two\n`S&P 500` ** 2\nret = ret_range_50 * (sign(`1d_ret`) - 0.5) # named\n");
    dir
}

fn factors<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["expr", "factors", "f.csv", "-e", "eqs.txt", "-o", "out.csv"], more].concat()
}

#[test]
fn factors_are_computed_from_a_list_of_equations() {
    let dir = features();
    let at = dir.path();
    let out = json(at, 0, &factors(&["--missing", "keep"]));
    assert_eq!((&out["n_rows"], &out["factors"][1]["name"]), (&4.into(), &"ret".into()));
    assert_eq!(out["factors"][1]["n_missing"], 2);
    let text = fs::read_to_string(at.join("out.csv")).unwrap();
    let want = "date,factor_0,ret\n2024-01-02,1.0,1.0\n2024-01-03,4.0,NaN\n2024-01-04,16.0,NaN\n2024-01-05,25.0,3.5\n";
    assert_eq!(text, want);
    let out = json(at, 0, &factors(&["--missing", "hold:1"]));
    assert_eq!((&out["factors"][1]["n_missing"], &out["factors"][1]["n_held"]), (&1.into(), &1.into()));
    // The score of a day knows the days of training alone.
    let score = ["--missing", "keep", "--score-train", "2024-01-02..2024-01-04"];
    let said = error(at, &factors(&score));
    assert!(said.contains("eqs.txt:3:7: its score") && said.contains("holds 1 values"), "{said}");
    write(at, "eqs.txt", r#"[{"equation": "`S&P 500` - 1", "complexity": 3, "name": "spx"}, "2 * `S&P 500`"]"#);
    let out = json(at, 0, &factors(&score));
    assert_eq!((&out["factors"][0]["fitted"]["mean"], &out["factors"][0]["n_missing"]), (&0.5.into(), &2.into()));
    let text = fs::read_to_string(at.join("out.csv")).unwrap();
    assert!(text.starts_with("date,spx,factor_1\n2024-01-02,NaN,NaN\n2024-01-03,NaN,NaN\n2024-01-04,3.5355"), "{text}");
    assert_eq!(run(at, &factors(&[&score[..], &["--in-sample"]].concat())).0, 0);
    assert!(!fs::read_to_string(at.join("out.csv")).unwrap().contains("NaN"));
    // As Parquet it is a table of features again.
    let parquet = ["expr", "factors", "f.csv", "-e", "eqs.txt", "-o", "out.parquet", "--missing", "keep"];
    assert_eq!(run(at, &parquet).0, 0);
    let again = ["data", "describe", "out.parquet", "--kind", "features", "--hours", "all", "--calendar", "crypto"];
    assert_eq!(json(at, 0, &again)["n_rows"], 4);
    assert_eq!(files(at).len(), 4, "no draft is left: {:?}", files(at));
}

#[test]
fn what_is_wrong_with_equations_or_features_is_told_with_its_place() {
    let dir = features();
    let at = dir.path();
    let keep = ["--missing", "keep"];
    let equations = [
        ("", "there is no equation in it"),
        ("1\n\n x = 2 * (3 +", "eqs.txt:3:14: cannot read the expression: expected an operand after `+`"),
        ("1\n`S&P 5000` + 1", "eqs.txt:2:1: no column is named `S&P 5000`"),
        ("2 * sector", "f.csv, row 1, column \"sector\": tech; is no number"),
        ("1\ncs_rank(`1d_ret`)", "eqs.txt:2:1: the equation: it works across symbols"),
        ("a = 1\na = 2", "eqs.txt:2:5: a is the name of line 1 already"),
        ("[\"1\",\n \"1 +\"]", "eqs.txt:2:6: cannot read the expression"),
        ("[\"1\", 2]", "eqs.txt:1:7: an equation is a text in double quotes"),
    ];
    for (text, part) in equations {
        write(at, "eqs.txt", text);
        let said = error(at, &factors(&keep));
        assert!(said.contains(part), "{text:?}: {said}");
    }
    assert_eq!(files(at).len(), 2, "nothing was written");

    write(at, "eqs.txt", "`S&P 500`");
    write(at, "dup.csv", "date,S&P 500\n2024-01-02,1\n2024-01-02,2\n");
    write(at, "two.csv", "date,ticker,S&P 500\n2024-01-02,A,1\n2024-01-02,B,2\n");
    write(at, "empty.csv", "");
    write(at, "cut.parquet", "PAR1");
    write(at, "nodate.csv", "S&P 500\n1\n");
    let sources = [
        ("dup.csv", "--duplicates"),
        ("two.csv", "--symbols"),
        ("empty.csv", "empty"),
        ("cut.parquet", "cut short"),
        ("nodate.csv", "no column \"ts\""),
        ("none.csv", "cannot read none.csv"),
    ];
    for (source, part) in sources {
        let args = ["expr", "factors", source, "-e", "eqs.txt", "-o", "out.csv", "--missing", "keep"];
        let said = error(at, &args);
        assert!(said.contains(part) || source == "dup.csv" && said.contains("duplicates"), "{source}: {said}");
    }
    let targets =
        [("no/out.csv", "no folder no"), ("out.xlsx", ".parquet or .csv"), ("f.csv", "is read"), (".", "end it")];
    for (target, part) in targets {
        let args = ["expr", "factors", "f.csv", "-e", "eqs.txt", "-o", target, "--missing", "keep"];
        assert!(error(at, &args).contains(part), "{target}: {}", error(at, &args));
    }
    for (more, part) in [
        (&[][..], "--missing"),
        (&["--missing", "fill"], "hold:N"),
        (&["--missing", "hold:0"], "hold:N"),
        (&["--missing", "keep", "--score-train", "2024"], "FROM..TO"),
        (&["--missing", "keep", "--score-train", "2024-01-03..2024-01-02"], "nothing lies in it"),
        (&["--missing", "keep", "--in-sample"], "--score-train"),
    ] {
        assert!(error(at, &factors(more)).contains(part), "{more:?}");
    }
    assert!(!at.join("out.csv").exists());
}

/// Three symbols, the last of them a day short, with their sector in two of three files.
fn universe() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("u")).unwrap();
    for (symbol, sector, closes) in
        [("A", "x", &[1.0, 2.0, 3.0][..]), ("B", "y", &[3.0, 1.0, 5.0]), ("C", "x", &[2.0, 4.0])]
    {
        let mut text = "date,open,high,low,close,volume,sector,size\n".to_owned();
        for (i, c) in closes.iter().enumerate() {
            text += &format!("2024-07-0{},{c},{c},{c},{c},10,{sector},{}\n", i + 1, c * 2.0);
        }
        write(dir.path(), &format!("u/{symbol}.csv"), &text);
    }
    dir
}

#[test]
fn expressions_across_symbols_are_computed_over_a_folder() {
    let dir = universe();
    let at = dir.path();
    fn eval<'a>(more: &[&'a str]) -> Vec<&'a str> {
        [&["expr", "eval", "u", "-t", "1d", "--columns", "size", "-e", "r=cs_rank(close)"], more].concat()
    }
    let shown = json(at, 0, &eval(&["-e", "n=neutralize(size, sector)", "-e", "up=close > close[1]"]));
    let values = |s: usize, row: usize| shown[s]["rows"][row]["values"].clone();
    assert_eq!(values(0, 0), serde_json::json!([1.0 / 3.0, -1.0, null]));
    assert_eq!(values(1, 1), serde_json::json!([1.0 / 3.0, 0.0, 0.0]));
    assert_eq!(values(2, 1), serde_json::json!([1.0, 2.0, 1.0]));
    assert_eq!(values(1, 2), serde_json::json!([1.0, 0.0, 1.0]));
    assert_eq!(shown[2]["rows"].as_array().unwrap().len(), 2, "rows that it lacks are not made up");

    // One file in order of time, and a folder that is read again.
    assert_eq!(run(at, &eval(&["-o", "v.csv"])).0, 0);
    let text = fs::read_to_string(at.join("v.csv")).unwrap();
    let rows: Vec<Vec<&str>> = text.lines().map(|l| l.split(',').collect()).collect();
    assert_eq!(rows[0], ["symbol", "ts", "available", "r"]);
    let who: Vec<&str> = rows[1..].iter().map(|r| r[0]).collect();
    assert_eq!(who, ["A", "B", "C", "A", "B", "C", "A", "B"]);
    assert!(rows[1][1].starts_with("2024-07-01T13:30:00") && rows[2][3] == "1.0", "{text}");
    assert_eq!(run(at, &eval(&["-o", "values"])).0, 0);
    let again = ["data", "describe", "values", "--kind", "features", "-t", "1d"];
    assert_eq!(json(at, 0, &again)["n_rows"], 8);

    // Labels from a file.
    write(at, "g.csv", "symbol,country,sector\nA,us,s\nB,us,s\nC,jp,s\n");
    let by =
        |text: &'static str| json(at, 0, &eval(&["--groups", "g.csv", "-e", text]))[0]["rows"][0]["values"][1].clone();
    assert_eq!((by("neutralize(close, country)"), by("neutralize(close, sector)")), ((-1.0).into(), (-1.0).into()));
    assert_eq!(run(at, &["expr", "explain", "cs_rank(close)"]).0, 0);
}

#[test]
fn labels_that_are_missing_or_change_are_told() {
    let dir = universe();
    let at = dir.path();
    let eval = |more: &[&'static str], part: &str| {
        let args = [&["expr", "eval", "u", "-t", "1d", "-e", "neutralize(close, sector)"], more].concat();
        let said = error(at, &args);
        assert!(said.contains(part), "{said}");
    };
    write(at, "g.csv", "symbol,sector\nA,s\nB,s\n");
    eval(&["--groups", "g.csv"], "C has no label of sector");
    write(at, "g.csv", "symbol,sector\nA,s\nA,t\n");
    eval(&["--groups", "g.csv"], "A has two labels of sector");
    write(at, "g.csv", "");
    eval(&["--groups", "g.csv"], "cannot use g.csv");
    eval(&["--groups", "none.csv"], "cannot read none.csv");
    eval(&["-e", "neutralize(close, sektor)"], "did you mean \"sector\"");
    eval(&["-o", "no/v.csv"], "there is no folder no");
    let a = fs::read_to_string(at.join("u/A.csv")).unwrap();
    write(at, "u/A.csv", &a.replacen(",x,", ",z,", 1));
    eval(&[], "A is \"x\" in some rows of \"sector\" and \"z\" in others");
}

#[test]
fn expressions_read_other_symbols_of_a_folder() {
    let dir = universe();
    let at = dir.path();
    let eval = |more: &[&'static str]| json(at, 0, &[&["expr", "eval", "u", "-t", "1d", "-e"], more].concat());
    let plain = eval(&["close"]);
    let of = |shown: &serde_json::Value, s: usize| -> Vec<serde_json::Value> {
        shown[s]["rows"].as_array().unwrap().iter().map(|r| r["values"][0].clone()).collect()
    };
    let read = eval(&["sym(\"A\", close)"]);
    for symbol in 0..3 {
        // C lacks the last day, so it sees the days that it has.
        let n = of(&plain, symbol).len();
        assert_eq!(of(&read, symbol), of(&plain, 0)[..n], "{symbol}");
    }
    // Beside what works across symbols it is read from the panel, with the same values.
    let across = eval(&["sym(\"A\", close) + 0 * cs_rank(close)"]);
    assert_eq!(of(&across, 1), of(&read, 1));
    let said = error(at, &["expr", "eval", "u", "-t", "1d", "-e", "sym(\"AA\", close)"]);
    assert!(said.contains("no symbol is named `AA`") && said.contains("did you mean `A`?"), "{said}");
}

#[test]
fn exits_and_sizes_are_checked_in_their_scope() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let exit = "close < max_since_entry(close - 2 * atr(14))";
    let checked = json(at, 0, &["expr", "check", "--scope", "exit", exit]);
    assert_eq!((&checked[0]["gives"], &checked[0]["lookback"]), (&"condition".into(), &14.into()));
    assert_eq!(checked[0]["n_rule_steps"], 4);
    let said = error(at, &["expr", "check", exit]);
    assert!(said.contains("max_since_entry is known of an open position alone"), "{said}");
    let said = error(at, &["expr", "check", "--scope", "exit", "equity > 0"]);
    assert!(said.contains("use it in a size or a gate"), "{said}");
    let explained = json(at, 0, &["expr", "explain", "--scope", "size", "0.02 * equity / atr(14)"]);
    assert!(explained["rules"][0].as_str().unwrap().contains("equity"), "{explained}");
}

#[test]
fn a_label_is_checked_where_it_may_look_ahead() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let label = "forward(close / close[5] - 1, 5)";
    let checked = json(at, 0, &["expr", "check", "--scope", "label", label, "sma(close, 3)"]);
    assert_eq!((&checked[0]["ahead"], &checked[0]["lookback"]), (&5.into(), &5.into()));
    assert!(checked[1]["ahead"].is_null() && checked[1]["lookback"] == 2);
    let (_, text, _) = run(at, &["expr", "check", "--scope", "label", label]);
    assert!(text.contains("a number from row 5 on, known 5 rows later"), "{text}");
    let explained = json(at, 0, &["expr", "explain", "--scope", "label", label]);
    assert!(explained["steps"].as_array().is_some_and(|steps| !steps.is_empty()), "{explained}");
    assert!(error(at, &["expr", "check", label]).contains("forward tells what comes later"));
    assert!(error(at, &["expr", "check", "--scope", "exit", label]).contains("forward tells what comes later"));
}
