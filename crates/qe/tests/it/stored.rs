//! What a run leaves behind, as its users go on with it: `qe backtest --out`, `qe report`, `qe run-diff`, pages.

use std::fs;
use std::path::{Path, PathBuf};

use qe::engine::results::RunManifest;
use serde_json::Value;
use tempfile::TempDir;

use super::command::{HEADER, error, files, json, run};

/// In at a close above the one before, out after some bars.
const RISES: &str = r#"version = 1
name = "Rises"
[params.hold]
default = 2
kind = { int = { min = 1, max = 5 } }
[params.frac]
default = 0.5
kind = { float = { min = 0.25, max = 1.0, step = 0.25 } }
[entry]
long = "close > close[1]"
[[exits]]
when = "pos.bars >= $hold"
[sizing]
fraction = "$frac"
[costs]
spread_frac = 0.001
"#;

/// A folder with a strategy and thirty days of bars whose closes rise and fall.
fn folder() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("rises.toml"), RISES).unwrap();
    write_bars(dir.path(), "SPY.csv", 100.0);
    dir
}

fn write_bars(dir: &Path, name: &str, first: f64) {
    let mut text = format!("{HEADER}\n");
    for day in 1..31 {
        let close = first + f64::from(day % 7) - 0.3 * f64::from(day % 4);
        text += &format!("2024-06-{day:02},{},{},{},{close},1000\n", close - 0.5, close + 2.0, close - 2.0);
    }
    fs::write(dir.join(name), text).unwrap();
}

const BACKTEST: [&str; 7] = ["backtest", "rises.toml", "SPY.csv", "-t", "1d", "--calendar", "crypto"];

fn backtest(dir: &Path, more: &[&str]) -> Value {
    json(dir, 0, &[&BACKTEST[..], more].concat())
}

/// The record in a folder.
fn record(dir: &Path) -> PathBuf {
    let mut found = files(dir).into_iter().filter(|f| f.ends_with(".run.json"));
    let (one, None) = (found.next().unwrap(), found.next()) else { panic!("several records") };
    one.into()
}

/// The text of a page that is whole.
fn page(path: &Path) -> String {
    let html = fs::read_to_string(path).unwrap();
    assert!(html.starts_with("<!DOCTYPE html>") && html.trim_end().ends_with("</html>"), "{}", &html[..80]);
    html
}

#[test]
fn a_run_that_was_stored_has_its_page_from_any_folder() {
    let dir = folder();
    let at = dir.path();
    let told = backtest(at, &["--out", "runs/a", "--asset-class", "etf", "--page", "direct.html", "--set", "hold=3"]);
    let id = told["identity"]["run_id"].as_str().unwrap();
    let stem = format!("rises_etf_1d_{}", &id[..12]);
    let mut names: Vec<String> =
        files(&at.join("runs/a")).iter().map(|f| f.rsplit(['/', '\\']).next().unwrap().to_owned()).collect();
    names.sort();
    let ends = ["aligned.parquet", "parquet", "run.json", "trades.parquet"];
    assert_eq!(names, ends.map(|end| format!("{stem}.{end}")));
    assert_eq!(told["written"].as_array().unwrap().len(), 5);
    // The record says the same figures as the command did.
    let stored: Value = serde_json::from_str(&fs::read_to_string(record(&at.join("runs"))).unwrap()).unwrap();
    assert_eq!((&stored["identity"], &stored["summary"]), (&told["identity"], &told["summary"]));
    // Its page, from the record alone and from elsewhere, is the one that the backtest wrote.
    let elsewhere = tempfile::tempdir().unwrap();
    let folder = at.join("runs/a");
    let reported = json(elsewhere.path(), 0, &["report", folder.to_str().unwrap()]);
    assert_eq!((&reported["run_id"], reported["pnl"] == reported["stored_pnl"]), (&id.into(), true));
    let html = page(&at.join(format!("runs/a/{stem}.html")));
    assert_eq!(html, page(&at.join("direct.html")));
    assert!(html.contains(id), "the page says whose it is");
    // With more on it, under another name, for people.
    let args = ["report", "runs/a", "--out", "more.html", "--stress", "--policies"];
    let (code, text, _) = run(at, &args);
    assert!(code == 0 && text.starts_with("more.html: the page of run"), "{text}");
    let more = page(&at.join("more.html"));
    assert!(more.len() > html.len() && more != html);
    assert_eq!(files(elsewhere.path()).len(), 0, "nothing is written where the command is run");
    // Files that have moved are named; what is in them is what counts.
    fs::create_dir(at.join("moved")).unwrap();
    fs::rename(at.join("SPY.csv"), at.join("moved/SPY.csv")).unwrap();
    assert!(error(at, &["report", "runs/a", "--out", "x.html"]).contains("SPY.csv"));
    let again = json(at, 0, &["report", "runs/a", "--out", "again.html", "--data", "moved/SPY.csv"]);
    assert_eq!((again["run_id"].as_str(), page(&at.join("again.html"))), (Some(id), html));
}

#[test]
fn a_simulated_run_and_a_stretch_are_made_again_as_they_were() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let args = ["backtest", "SimpleSMA", "--simulated", "--years", "1", "--market-seed", "5", "-t", "1d"];
    let more =
        ["--from", "2019-06-03", "--to", "2019-11-01", "--profile", "discovery", "--out", "r", "--page", "a.html"];
    let told = json(at, 0, &[&args[..], &more].concat());
    let reported = json(at, 0, &["report", "r", "--out", "b.html"]);
    assert_eq!(reported["run_id"], told["identity"]["run_id"]);
    assert_eq!(page(&at.join("a.html")), page(&at.join("b.html")));
    assert_eq!(run(at, &["run-diff", "r", "r"]).0, 0);
    let said = error(at, &["report", "r", "--data", "x.csv"]);
    assert!(said.contains("--data: the run is over a simulated market"), "{said}");
}

#[test]
fn another_symbol_is_what_a_page_compares_with() {
    let dir = folder();
    let at = dir.path();
    // The other one rises by a tenth in all: from an open of 100 to a close of 110.
    let mut text = format!("{HEADER}\n");
    for day in 1..31 {
        let (open, close) = (if day == 1 { 100.0 } else { 109.0 }, 109.0 + f64::from(day / 30));
        text += &format!("2024-06-{day:02},{open},112,99,{close},1000\n");
    }
    fs::write(at.join("HELD.csv"), text).unwrap();
    let args = ["backtest", "rises.toml", "SPY.csv", "HELD.csv", "-t", "1d", "--calendar", "crypto", "--read", "HELD"];
    let page_of = |more: &[&str]| {
        json(at, 0, &[&args[..], &["--page", "p.html"], more].concat());
        page(&at.join("p.html"))
    };
    let beside = page_of(&["--benchmark", "HELD", "--out", "a", "--symbol", "SPY"]);
    assert!(beside.contains("buy and hold HELD") && !beside.contains("buy and hold SPY"));
    // The first bar makes the strategy warm, so scoring begins at the second: from 109 to 110.
    assert!(beside.contains("+0.92 % buy and hold HELD"), "the growth of the other");
    json(at, 0, &["report", "a", "--benchmark", "HELD", "--out", "r.html"]);
    assert_eq!(page(&at.join("r.html")), beside);
    assert!(page_of(&["--symbol", "SPY"]).contains("buy and hold SPY"));
    // Figures of both are told, and are those that a page computes beside a run that had no benchmark.
    let both = |more: &[&str]| json(at, 0, &[&args[..], &["--symbol", "SPY"], more].concat());
    let (alone, told) = (both(&["--out", "alone"]), both(&["--benchmark", "HELD"]));
    json(at, 0, &["report", "alone", "--benchmark", "HELD", "--out", "alone.html"]);
    let drawn = page(&at.join("alone.html"));
    for name in ["beta", "tracking_error", "information_ratio"] {
        assert!(alone["summary"]["figures"][name].is_null(), "{name}");
        let figure = told["summary"]["figures"][name].as_f64().unwrap();
        let written =
            if name == "tracking_error" { format!("{:.2} %", 100.0 * figure) } else { format!("{:.3}", figure.abs()) };
        let row = drawn.split_once(&format!("{name} †")).unwrap().1;
        assert!(row[..row.find("</tr>").unwrap()].contains(&written), "{name}: {written}");
    }
    assert_eq!(told["final_equity"], alone["final_equity"]);
    assert_ne!(told["identity"]["run_id"], alone["identity"]["run_id"]);
    assert!(told["identity"]["benchmark_id"].is_string());
    let said = error(at, &["report", "a", "--benchmark", "QQQ", "--out", "x.html"]);
    assert!(said.contains("--benchmark QQQ: of the loaded symbols there are") && said.contains("--read QQQ"), "{said}");
}

#[test]
fn two_runs_differ_by_what_was_changed() {
    let dir = folder();
    let at = dir.path();
    let a = backtest(at, &["--out", "a"]);
    let b = backtest(at, &["--out", "b", "--set", "hold=4", "--set", "frac=1"]);
    let won = |told: &Value| told["final_equity"].as_f64().unwrap() - 10_000.0;
    let told = json(at, 1, &["run-diff", "a", "b"]);
    assert_eq!((&told["is_same"], &told["a"]["run_id"]), (&false.into(), &a["identity"]["run_id"]));
    assert_eq!(told["b"]["run_id"], b["identity"]["run_id"]);
    let difference = told["difference"].as_f64().unwrap();
    assert!((difference - (won(&b) - won(&a))).abs() < 1e-9 && difference != 0.0, "{difference}");
    let share = &told["shares"][0];
    assert_eq!((&share["causes"][0], &told["shares"][1]), (&"params".into(), &Value::Null));
    let fields: Vec<&str> = share["fields"].as_array().unwrap().iter().map(|f| f["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["params.frac", "params.hold"]);
    let (code, text, _) = run(at, &["run-diff", "a", "b"]);
    assert!(code == 1 && text.contains("They are not the same run") && text.contains("They part first in"), "{text}");
    // The same run, stored twice.
    backtest(at, &["--out", "c"]);
    let (code, text, _) = run(at, &["run-diff", "a", "c"]);
    assert!(code == 0 && text.contains("They are the same run.") && text.contains("They part nowhere"), "{text}");
    // Other data, which are told as such.
    write_bars(at, "QQQ.csv", 105.0);
    let other = ["backtest", "rises.toml", "QQQ.csv", "-t", "1d", "--calendar", "crypto", "--out", "q"];
    json(at, 0, &other);
    let told = json(at, 1, &["run-diff", "a", "q"]);
    assert_eq!(told["shares"][0]["causes"][0], "data");
}

#[test]
fn a_run_that_compares_is_made_again_and_differs_by_those_that_it_compares() {
    let dir = folder();
    let at = dir.path();
    let ranked = "version = 1\nname = \"Ranked\"\n[entry]\nlong = \"cs_rank(close / close[1]) > 0.6 and \
                  neutralize(close, sector) >= 0\"\n[[exits]]\nwhen = \"cs_rank(close / close[1]) < 0.6\"\n";
    fs::write(at.join("ranked.toml"), ranked).unwrap();
    fs::create_dir(at.join("bars")).unwrap();
    for (name, first) in [("AAA", 100.0), ("BBB", 61.0), ("CCC", 97.0)] {
        let text = format!("{HEADER}\n");
        let row = |day: u32| {
            let close = first + f64::from(day * first as u32 % 11) - 0.3 * f64::from(day % 4);
            format!("2024-06-{day:02},{},{},{},{close},1000\n", close - 0.5, close + 2.0, close - 2.0)
        };
        fs::write(at.join(format!("bars/{name}.csv")), text + &(1..31).map(row).collect::<String>()).unwrap();
    }
    fs::write(at.join("one.csv"), "symbol,sector\nAAA,x\nBBB,x\nCCC,y\n").unwrap();
    fs::write(at.join("two.csv"), "symbol,sector\nAAA,x\nBBB,y\nCCC,x\n").unwrap();
    let of = |read: &str, groups: &str, out: &str| {
        let args = ["backtest", "ranked.toml", "bars", "-t", "1d", "--calendar", "crypto", "--symbol", "AAA", "--read"];
        json(at, 0, &[&args[..], &[read, "--groups", groups, "--out", out]].concat())
    };
    of("BBB,CCC", "one.csv", "a");
    of("BBB,CCC", "two.csv", "b");
    of("BBB", "one.csv", "c");
    let fields = |other: &str| {
        let told = json(at, 1, &["run-diff", "a", other]);
        assert_eq!((&told["shares"][0]["causes"], &told["shares"][1]), (&serde_json::json!(["data"]), &Value::Null));
        let fields = told["shares"][0]["fields"].as_array().unwrap().clone();
        fields.iter().map(|f| f["field"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(fields("b"), ["data.compared.BBB.sector", "data.compared.CCC.sector"]);
    assert_eq!(fields("c"), ["data.compared.CCC"]);
    // Its files have moved, and stand among others.
    fs::rename(at.join("bars"), at.join("moved")).unwrap();
    assert!(error(at, &["report", "a"]).contains("where its data have moved, --data names them"));
    fs::copy(at.join("moved/AAA.csv"), at.join("moved/ZZZ.csv")).unwrap();
    json(at, 0, &["report", "a", "--data", "moved", "--out", "again.html"]);
    assert!(page(&at.join("again.html")).contains("AAA, BBB, CCC"));
}

#[test]
fn data_that_are_others_and_records_that_were_changed_are_refused() {
    let dir = folder();
    let at = dir.path();
    backtest(at, &["--out", "a"]);
    let path = record(&at.join("a"));
    let text = fs::read_to_string(&path).unwrap();
    // The file of the data is another one by now.
    let bars = fs::read_to_string(at.join("SPY.csv")).unwrap();
    write_bars(at, "SPY.csv", 90.0);
    let said = error(at, &["report", "a"]);
    assert!(said.contains("the data are others than those that it was made from") && said.contains("--data"), "{said}");
    assert_eq!(files(&at.join("a")).len(), 4, "no page was written");
    // A comparison with a run of today says so first, and that they are not one run as things are.
    let told = json(at, 1, &["run-diff", "a", "a"]);
    assert_eq!((&told["is_same"], &told["difference"]), (&true.into(), &0.0.into()));
    assert_eq!(told["a"]["now"]["data"][0]["field"], "data_id");
    let (code, said, _) = run(at, &["run-diff", "a", "a"]);
    assert!(code == 1 && said.contains("Its data are others than when it was stored: it wins "), "{said}");
    // Where it has moved, and is called otherwise, it is the same; and in a folder with others it is found.
    fs::create_dir_all(at.join("moved")).unwrap();
    fs::write(at.join("moved/X1.csv"), &bars).unwrap();
    json(at, 0, &["report", "a", "--data", "moved/X1.csv", "--out", "moved.html"]);
    fs::rename(at.join("moved/X1.csv"), at.join("moved/SPY.csv")).unwrap();
    write_bars(&at.join("moved"), "QQQ.csv", 70.0);
    json(at, 0, &["report", "a", "--data", "moved", "--out", "again.html"]);
    assert_eq!(page(&at.join("moved.html")), page(&at.join("again.html")));
    // A comparison goes on, and says by what they differ.
    write_bars(at, "OLD.csv", 100.0);
    fs::write(at.join("SPY.csv"), bars).unwrap();
    let write = |name: &str, text: &str| fs::write(at.join(name), text).unwrap();
    let edited = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    };
    write("cut.run.json", &text[..text.len() / 2]);
    write("id.run.json", &edited("\"seed\": 0", "\"seed\": 1"));
    let mut won: Value = serde_json::from_str(&text).unwrap();
    won["pnl"] = (won["pnl"].as_f64().unwrap() + 1.0).into();
    write("pnl.run.json", &won.to_string());
    write("params.run.json", &edited("\"params\": {}", "\"params\": {\"hold\": 4}"));
    let mut other = RunManifest::from_json(&text).unwrap();
    other.data = serde_json::json!({ "files": ["SPY.csv"] });
    write("data.run.json", &other.to_json().unwrap());
    write("strange.run.json", "{\"a\": 1}");
    fs::create_dir_all(at.join("two")).unwrap();
    fs::create_dir_all(at.join("none")).unwrap();
    for name in ["x.run.json", "y.run.json"] {
        fs::write(at.join("two").join(name), &text).unwrap();
    }
    let cases = [
        ("cut.run.json", "it is cut"),
        ("id.run.json", "its run_id is not the one of its fields"),
        ("pnl.run.json", "it was changed: its sum is not the one of its fields"),
        ("params.run.json", "it was changed: its sum is not the one of its fields"),
        ("data.run.json", "does not say how the data are given"),
        ("strange.run.json", "it is no record of a run"),
        ("none.run.json", "cannot read none.run.json"),
        ("SPY.csv", "it is no JSON"),
        ("two", "there are several runs in it; name one of"),
        ("none", "no file in it ends in .run.json"),
    ];
    for (name, part) in cases {
        for args in [&["report", name, "--out", "x.html"][..], &["run-diff", "a", name], &["run-diff", name, "a"]] {
            let said = error(at, args);
            assert!(said.contains(part), "{args:?}: {said}");
        }
    }
    assert!(!at.join("x.html").exists());
}

#[test]
fn no_input_is_replaced_and_what_cannot_be_written_is_told_first() {
    let dir = folder();
    let at = dir.path();
    backtest(at, &["--out", "a"]);
    fs::copy(at.join("SPY.csv"), at.join("bars.html")).unwrap();
    let cases: [(&[&str], &str); 9] = [
        (&["--page", "SPY.csv"], "end its name with .html"),
        (&["--page", "no/x.html"], "there is no folder no"),
        (&["--page", "a"], "end its name with .html"),
        (&["--out", "SPY.csv"], "--out SPY.csv: it is a file"),
        (&["--asset-class", "etf"], "--out"),
        (&["--out", "b", "--asset-class", "bond"], "equity, etf, index"),
        (&["--stress"], "--page"),
        (&["--trades", "t.csv", "--equity", "t.csv"], "written twice"),
        (&["--page", "rises.toml"], "end its name with .html"),
    ];
    for (more, part) in cases {
        let said = error(at, &[&BACKTEST[..], more].concat());
        assert!(said.contains(part), "{more:?}: {said}");
    }
    assert!(error(at, &["report", "a", "--out", "a.txt"]).contains("end its name with .html"));
    assert!(error(at, &["report", "nowhere"]).contains("cannot read nowhere"));
    assert!(!at.join("b").exists());
    let said = error(at, &["sweep", "rises.toml", "SPY.csv", "-t", "1d", "--page", "x.html", "--x", "hodl"]);
    assert!(said.contains("did you mean \"hold\""), "{said}");
    assert_eq!(fs::read_to_string(at.join("rises.toml")).unwrap(), RISES);
}

#[test]
fn a_sweep_has_a_page() {
    let dir = folder();
    let at = dir.path();
    let args = ["sweep", "rises.toml", "SPY.csv", "-t", "1d", "--calendar", "crypto", "--by", "total_return"];
    let told = json(at, 0, &[&args[..], &["--page", "s.html", "--x", "frac", "--y", "hold"]].concat());
    assert_eq!((&told["n_points"], &told["page"]), (&20.into(), &"s.html".into()));
    let html = page(&at.join("s.html"));
    assert!(html.contains(told["sweep_id"].as_str().unwrap()) && html.contains("total_return"));
    let (_, text, _) = run(at, &[&args[..], &["--page", "t.html", "--out", "t.csv"]].concat());
    assert!(text.contains("written: t.csv\nwritten: t.html"), "{text}");
}
