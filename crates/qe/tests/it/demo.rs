//! `qe demo`: what it makes, that all of it can be had again, and that it goes on wherever it was stopped.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::command::{error, files, json, run};

/// The pages, the front page first.
const PAGES: [&str; 4] = ["index.html", "best.html", "worst.html", "sweep.html"];

fn demo<'a>(out: &'a str, seed: &'a str) -> [&'a str; 7] {
    ["demo", "--out", out, "--years", "1", "--seed", seed]
}

/// The files of a folder itself, drafts too.
fn names(folder: &Path) -> Vec<String> {
    let of = |e: std::io::Result<fs::DirEntry>| e.unwrap().file_name().to_string_lossy().into_owned();
    let mut names: Vec<String> = fs::read_dir(folder).map_or(Vec::new(), |all| all.map(of).collect());
    names.sort();
    names
}

#[test]
fn every_strategy_is_shown_on_every_market_and_each_run_can_be_had_again() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let told = json(at, 0, &demo("a demo", "1"));
    assert_eq!(told["known_again"], true);
    let rows = told["front"]["rows"].as_array().unwrap();
    assert_eq!((rows.len(), &told["front"]["n_failed"], &told["front"]["luck"]["n"]), (384, &0.into(), &384.into()));
    let sharpe = |row: &Value| row["told"]["Ok"]["sharpe_daily"].as_f64();
    assert!(rows.windows(2).all(|w| sharpe(&w[0]) >= sharpe(&w[1])));
    // StochRSIMeanReversion alone is filled at the close that it was decided at.
    let same_bar: Vec<&Value> = rows.iter().filter(|r| r["is_same_bar"] == true).collect();
    assert!(same_bar.len() == 24 && same_bar.iter().all(|r| r["strategy"] == "StochRSIMeanReversion"));
    assert_eq!(
        names(&at.join("a demo")),
        ["best.html", "index.html", "market", "quality.txt", "sweep.html", "worst.html"]
    );
    let paths: Vec<&str> = told["pages"].as_array().unwrap().iter().map(|p| p.as_str().unwrap()).collect();
    assert_eq!(paths, PAGES.map(|name| format!("a demo/{name}")));
    let front = fs::read_to_string(at.join("a demo/index.html")).unwrap();
    for name in &PAGES[1..] {
        assert!(front.contains(&format!("href=\"./{name}\"")), "{name}");
    }
    // The command for one run, over the files, comes to the same figures.
    for row in [&rows[0], &rows[40], &rows[383]] {
        let word = |name: &str| row[name].as_str().unwrap();
        let from = told["front"]["scored"]["start"].as_str().unwrap();
        let args = ["backtest", word("strategy"), "a demo/market", "--symbol", word("symbol"), "--stored", "1m"];
        let args = [&args[..], &["-t", word("timeframe"), "--from", from]].concat();
        let again = json(at, 0, &args);
        let (figures, again) = (&row["told"]["Ok"], &again["summary"]["figures"]);
        assert_eq!(again["sharpe_daily"], figures["sharpe_daily"], "{row}");
        assert_eq!(again["n_trades"].as_f64(), figures["n_trades"].as_f64(), "{row}");
        let [a, b] = [again, figures].map(|f| f["total_return"].as_f64().unwrap());
        assert!((a - b).abs() < 1e-12, "{a} {row}");
    }
    let (code, text, _) = run(at, &demo("a demo", "1"));
    assert_eq!(code, 0);
    for part in ["384 runs were tried", "by luck alone", "look at a demo/index.html (it leads to best.html, worst.html"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
}

/// Ends a demo by this signal, once this is so; whether it had not ended by itself.
fn stopped(at: &Path, signal: &str, is_so: impl Fn() -> bool) -> bool {
    let mut child = Command::new(env!("CARGO_BIN_EXE_qe"))
        .current_dir(at)
        .args(demo("out", "1"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while !is_so() {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::sleep(Duration::from_micros(500));
    }
    let kill = format!("kill -{signal} {}", child.id());
    let _ = Command::new("sh").args(["-c", &kill]).status().unwrap();
    !ended(&mut child).success()
}

/// How a process ended that was told to. Where those who started the tests ignore interrupts, so does it: then it is
/// killed.
fn ended(child: &mut Child) -> std::process::ExitStatus {
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_millis(300) {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let _ = child.kill();
    child.wait().unwrap()
}

#[cfg(unix)]
#[test]
fn wherever_it_is_stopped_nothing_is_broken_and_the_next_one_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let told = json(at, 0, &demo("clean", "1"));
    // An earlier demo of another market stands there.
    assert_eq!(run(at, &demo("out", "2")).0, 0);
    let out = at.join("out");
    let has = |name: &str| out.join(name).exists();
    let is_whole = || {
        for name in PAGES.iter().filter(|name| has(name)) {
            let page = fs::read_to_string(out.join(name)).unwrap();
            assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"), "{name} is not whole");
        }
    };
    let n_marks = || names(&out.join("market")).iter().filter(|n| n.starts_with('.')).count();

    // Before anything is written, all is as it was.
    assert!(stopped(at, "INT", || true));
    assert!(names(&out).len() == 6 && fs::read_to_string(out.join("index.html")).unwrap().contains("seed 2"));
    // Among the files of the market: it is refused until it is written again, and no front page tells of it.
    for signal in ["INT", "KILL"] {
        assert!(stopped(at, signal, || n_marks() > 0 && !has("index.html")));
        is_whole();
        assert!(!has("index.html"));
        let said = error(at, &["data", "describe", "out/market"]);
        assert!(said.contains("has not finished") && said.contains("write it again"), "{said}");
    }
    // When it is written: the market is whole, and the front page still to come.
    for (signal, later) in [("KILL", 0), ("INT", 100)] {
        let is_written = || {
            let is_so = n_marks() == 0 && names(&out.join("market")).len() == 8;
            std::thread::sleep(Duration::from_millis(if is_so { later } else { 0 }));
            is_so
        };
        // The mark of the one before stands until this one has written all.
        if n_marks() > 0 {
            assert!(stopped(at, signal, is_written));
            let described = json(at, 0, &["data", "describe", "out/market"]);
            assert_eq!(described["n_rows"], told["n_rows"]);
        } else {
            assert!(stopped(at, signal, || n_marks() > 0));
        }
        is_whole();
        assert!(!has("index.html"));
    }
    // Among the pages, if it can be caught there.
    for page in &PAGES[1..] {
        let _ = fs::remove_file(out.join(page));
    }
    let _ = stopped(at, "KILL", || names(&out).iter().any(|name| name.contains(".html")));
    is_whole();
    assert!(!has("index.html") || PAGES.iter().all(|page| has(page)));

    let again = json(at, 0, &demo("out", "1"));
    assert_eq!((&again["data_id"], &again["front"]), (&told["data_id"], &told["front"]));
    assert_eq!(names(&out), names(&at.join("clean")), "no draft is left");
    for name in PAGES {
        let read = |folder: &str| fs::read(at.join(folder).join(name)).unwrap();
        assert!(read("out") == read("clean"), "{name} is not that of a demo that was not stopped");
    }
    let market = |folder: &str| files(&at.join(folder).join("market")).len();
    assert_eq!(market("out"), market("clean"));
}

#[test]
fn what_cannot_be_is_told_before_any_work() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    fs::write(at.join("file"), "mine").unwrap();
    for (out, years, parts) in [
        ("file", "1", ["cannot make the folder file", "choose another"]),
        ("file/below", "1", ["cannot make the folder file/below", "choose another"]),
        ("/proc/none", "1", ["cannot make the folder /proc/none", "choose another"]),
        ("/proc/self", "1", ["cannot write /proc/self/market", "check the path"]),
        ("out", "0", ["years", "write 1 or more"]),
        ("out", "40", ["years", "write 30 or fewer"]),
        ("out", "-1", ["-1", "--help"]),
    ] {
        let said = error(at, &["demo", "--out", out, "--years", years]);
        assert!(parts.iter().all(|part| said.contains(part)), "{out} {years}: {said}");
    }
    assert_eq!((names(at), fs::read_to_string(at.join("file")).unwrap()), (vec!["file".to_owned()], "mine".to_owned()));
    // What stands where a page belongs is left alone.
    fs::create_dir_all(at.join("out/index.html")).unwrap();
    let said = error(at, &["demo", "--out", "out", "--years", "1"]);
    assert!(said.contains("cannot replace out/index.html") && said.contains("choose another folder"), "{said}");
    assert_eq!(names(&at.join("out")), ["index.html"]);
}
