//! Both pages in a browser, where there is one: chromium by `QE_CHROMIUM`, or on the path; without it these tests say
//! that they are skipped.
//!
//! Letters differ from machine to machine, and with them every height below them. So what is compared with stored
//! pictures (`grids.txt`, grey means of squares; `QE_WRITE_GRIDS=1` writes it anew) is the drawings alone, each at a
//! fixed size and without its letters, in both themes; what letters do is asked of the page itself: its width, what can
//! be read, what scrolls.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use qe::page::{RunPage, RunPageOptions, SweepPage, SweepPageOptions, TIMES, cost_stress};
use qe::prelude::{Pool, RunOptions, Sweep, SweepOptions, Timeframe, run};
use qe_core::eval::{Evaluator, Fidelity, Window};
use qe_core::point::PointTable;
use qe_core::time::TimeRange;
use qe_engine::batch::{Stretch, Warmup};
use qe_engine::range::over_policies;
use serde_json::Value;
use tempfile::TempDir;

use super::front::many;
use super::hostile::nasty_page;
use super::made::{simulated, spec, tight};

/// The side of a square of the stored pictures.
const SQUARE: usize = 30;
/// How far down a page has no table that sorts, below which there is a hint with scripts.
const TOP: usize = 1200;
/// How high the window is.
const HEIGHT: usize = 2400;

/// The browser, if there is one.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn browser() -> Option<PathBuf> {
    let named = std::env::var_os("QE_CHROMIUM").map(PathBuf::from);
    let on_path = || {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).map(|dir| dir.join("chromium")).find(|file| file.is_file())
    };
    let found = named.or_else(on_path);
    if found.is_none() {
        eprintln!("skipped: there is no chromium on the path, and QE_CHROMIUM names none");
    }
    found
}

/// A run page and a sweep page of a simulated year.
fn pages() -> [(&'static str, String); 2] {
    let market = simulated("SPY", Timeframe::H1);
    let spec = spec(&tight());
    let report = run(&spec, &market, &RunOptions::default()).unwrap();
    let stress = cost_stress(&spec, &market, &RunOptions::default(), &TIMES).unwrap();
    let plan = spec.compile(&market.schema(), market.steps_per_year(), None).unwrap();
    let rows = report.curve.rows.clone();
    let stretch = Stretch { rows, warmup: Warmup::Required, daily: false, max_bytes: 64 << 20 };
    let policies = Some(over_policies(&plan, 0, &market, &stretch, 5).unwrap());
    let options = RunPageOptions { stress: Some(stress), policies, ..RunPageOptions::default() };
    let run_page = RunPage::of(&report, &market, &options).unwrap().html();
    let from = TimeRange { start: market.columns().axis().open()[40], end: i64::MAX };
    let sweep = Sweep::new(&spec, vec![market], Pool::inline(), SweepOptions::default()).unwrap();
    let points = PointTable::grid(sweep.params().to_vec(), 1000).unwrap();
    let told = sweep.evaluate(&points, Fidelity::FULL, &Window::one(from).unwrap()).unwrap();
    let sweep_page = SweepPage::of(&sweep, &points, &told, &SweepPageOptions::default()).unwrap().html();
    [("run", run_page), ("sweep", sweep_page)]
}

/// Runs the browser over a file with these arguments more, and gives what it prints.
fn browse(browser: &Path, file: &Path, more: &[String]) -> String {
    let own = TempDir::new().unwrap();
    let out = own.path().join("out");
    let mut child = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--force-device-scale-factor=1", "--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=4000"])
        .arg(format!("--user-data-dir={}", own.path().join("profile").display()))
        .args(more)
        .arg(format!("file://{}", file.display()))
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(&out).unwrap())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|e| panic!("{} does not run: {e}", browser.display()));
    let begin = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if begin.elapsed() > Duration::from_secs(120) {
            child.kill().unwrap();
            panic!("the browser does not end: {more:?}");
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(status.success(), "the browser failed: {more:?}");
    std::fs::read_to_string(&out).unwrap()
}

/// A page in a frame of so many pixels: a window of its own would not be as narrow as a phone.
fn framed(page: &str, width: usize) -> String {
    let page = page.replace('&', "&amp;").replace('"', "&quot;");
    format!(
        "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><style>:root{{color-scheme:light dark}}body{{margin:0}}\
         iframe{{border:0;display:block;width:{width}px;height:{HEIGHT}px}}</style></head><body><script>\
         addEventListener('message',function(e){{document.documentElement.setAttribute('data-told',\
         JSON.stringify(e.data))}})</script><iframe srcdoc=\"{page}\"></iframe></body></html>"
    )
}

/// What a page is asked, and how it is turned into its drawings afterwards.
const ASK: &str = include_str!("ask.js");

/// What the page answered, between the tags that the browser prints.
fn answer(dom: &str) -> Value {
    let from = dom.find("data-told=\"").unwrap_or_else(|| panic!("no answer in {} bytes", dom.len())) + 11;
    let text = &dom[from..from + dom[from..].find('"').unwrap()];
    let plain = text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    serde_json::from_str(&plain).unwrap()
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let word = three.iter().fold(0_u32, |w, b| w << 8 | u32::from(*b)) << (8 * (3 - three.len()));
        for k in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * k)) as usize & 63];
            out.push(if k <= three.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

/// Grey means of the squares of pictures, row by row, two digits each: the browser itself reads what it has written.
fn grids(browser: &Path, dir: &Path, shots: &[(PathBuf, usize, usize)]) -> Vec<Vec<String>> {
    let mut page = "<!DOCTYPE html><html><body>".to_owned();
    for (file, width, height) in shots {
        let data = base64(&std::fs::read(file).unwrap());
        let _ = write!(page, "<img data-w=\"{width}\" data-h=\"{height}\" src=\"data:image/png;base64,{data}\">");
    }
    let _ = write!(page, "<script>var SQUARE = {SQUARE};</script>");
    let _ = write!(page, "<script>{}</script></body></html>", include_str!("grids.js"));
    let file = dir.join("grids.html");
    std::fs::write(&file, page).unwrap();
    serde_json::from_value(answer(&browse(browser, &file, &["--dump-dom".into()]))).unwrap()
}

/// How far two pictures are apart: over all squares, and at most.
fn apart(a: &[String], b: &[String]) -> (f64, f64) {
    let greys = |rows: &[String]| -> Vec<f64> {
        let digits = rows.concat();
        let grey = |i: usize| f64::from(u8::from_str_radix(&digits[i..i + 2], 16).unwrap());
        (0..digits.len()).step_by(2).map(grey).collect()
    };
    let (a, b) = (greys(a), greys(b));
    assert_eq!(a.len(), b.len(), "pictures of different sizes");
    let all: Vec<f64> = a.iter().zip(&b).map(|(x, y)| (x - y).abs()).collect();
    (all.iter().sum::<f64>() / all.len() as f64, all.iter().copied().fold(0.0, f64::max))
}

const STORED: &str = include_str!("grids.txt");

/// The stored pictures by name.
fn stored() -> BTreeMap<&'static str, Vec<String>> {
    let mut all: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut name = "";
    for line in STORED.lines().filter(|l| !l.starts_with('#')) {
        match line.strip_prefix("= ") {
            Some(next) => name = next,
            None => all.entry(name).or_default().push(line.to_owned()),
        }
    }
    all
}

/// What a page of this width and theme must answer.
fn assert_readable(name: &str, width: usize, told: &Value) {
    let place = format!("{name} at {width}: {told}");
    assert_eq!((&told["inner"], &told["scroll"]), (&width.into(), &width.into()), "wider than its window: {place}");
    assert_eq!((&told["requests"], &told["js"], &told["small"]), (&0.into(), &true.into(), &0.into()), "{place}");
    for list in ["hidden", "wide", "touching"] {
        assert_eq!(told[list].as_array().map(Vec::len), Some(0), "{list}: {place}");
    }
    assert_eq!(told["sorted"], "descending", "{place}");
    if name == "run" {
        // Read off at the right end: the last day, and both lines.
        let tip = told["tip"].as_str().unwrap();
        assert!(tip.starts_with("2019-1") || tip.starts_with("2020-0"), "{tip}");
        assert!(tip.contains("Strategy ") && tip.contains("buy and hold SPY "), "{tip}");
        assert_eq!(told["column"].as_array().unwrap().len(), 10, "{place}");
    }
}

#[test]
fn pages_look_as_they_did_on_desks_and_phones_by_day_and_by_night() {
    let Some(browser) = browser() else { return };
    let dir = TempDir::new().unwrap();
    let (mut shots, mut names) = (Vec::new(), Vec::new());
    for (name, page) in pages() {
        let page = page.replace("</body>", &format!("<script>{ASK}</script></body>"));
        for width in [360, 1280] {
            let file = dir.path().join(format!("{name}-{width}.html"));
            std::fs::write(&file, framed(&page, width)).unwrap();
            for (theme, scheme) in [("light", 1), ("dark", 0)] {
                let shot = dir.path().join(format!("{name}-{width}-{theme}.png"));
                let more = [
                    format!("--blink-settings=preferredColorScheme={scheme}"),
                    format!("--window-size=1300,{HEIGHT}"),
                    format!("--screenshot={}", shot.display()),
                    "--dump-dom".to_owned(),
                ];
                let told = answer(&browse(&browser, &file, &more));
                assert_readable(name, width, &told);
                assert_eq!(told["dark"], theme == "dark");
                let ground = if theme == "dark" { "rgb(18, 22, 27)" } else { "rgb(245, 246, 248)" };
                assert_eq!(told["ground"], ground);
                let height = told["height"].as_f64().unwrap() as usize;
                assert!(height < HEIGHT, "{name} at {width}: the drawings are {height} high");
                shots.push((shot, width, height));
                names.push(format!("{name} {width} {theme}"));
            }
        }
    }
    let seen = grids(&browser, dir.path(), &shots);
    if std::env::var_os("QE_WRITE_GRIDS").is_some() {
        let mut text =
            format!("# Grey means of squares of {SQUARE} pixels of the drawings of both pages, by width and theme.\n");
        for (name, rows) in names.iter().zip(&seen) {
            let _ = writeln!(text, "= {name}\n{}", rows.join("\n"));
        }
        std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/page/grids.txt"), text).unwrap();
        return;
    }
    let stored = stored();
    for (name, rows) in names.iter().zip(&seen) {
        let before = stored.get(name.as_str()).unwrap_or_else(|| panic!("{name} is not stored"));
        let (mean, most) = apart(before, rows);
        assert!(mean < 1.0 && most < 24.0, "{name} looks otherwise: squares are {mean:.2} apart, at most {most}");
        // A picture of nothing would be like another of nothing.
        let (mean, _) = apart(&rows[1..], &rows[..rows.len() - 1]);
        assert!(mean > 2.0, "{name} is empty");
    }
}

#[test]
fn the_front_page_can_be_read_on_desks_and_phones_by_day_and_by_night() {
    let Some(browser) = browser() else { return };
    let dir = TempDir::new().unwrap();
    let page = many().html().replace("</body>", &format!("<script>{ASK}</script></body>"));
    for width in [360, 375, 1280] {
        let file = dir.path().join(format!("front-{width}.html"));
        std::fs::write(&file, framed(&page, width)).unwrap();
        for (theme, scheme) in [("light", 1), ("dark", 0)] {
            let more = [
                format!("--blink-settings=preferredColorScheme={scheme}"),
                format!("--window-size=1300,{HEIGHT}"),
                "--dump-dom".to_owned(),
            ];
            let told = answer(&browse(&browser, &file, &more));
            assert_readable("front", width, &told);
            assert_eq!(told["dark"], theme == "dark");
            // The whole table, the greatest first.
            assert_eq!(told["column"].as_array().map(Vec::len), Some(384), "{told}");
            assert_eq!(told["column"][0], "28.000", "{told}");
        }
    }
}

#[test]
fn words_of_others_run_nothing_and_break_no_width() {
    let Some(browser) = browser() else { return };
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("nasty.html");
    let page = nasty_page().replace("</body>", &format!("<script>{ASK}</script></body>"));
    std::fs::write(&file, framed(&page, 360)).unwrap();
    let more = ["--dump-dom".to_owned(), format!("--window-size=1300,{HEIGHT}")];
    let told = answer(&browse(&browser, &file, &more));
    assert_eq!((&told["inner"], &told["scroll"]), (&360.into(), &360.into()), "{told}");
    assert_eq!((told["wide"].as_array().map(Vec::len), &told["requests"]), (Some(0), &0.into()), "{told}");
    // Our code, and what asks.
    assert_eq!(told["foreign"], 2, "{told}");
}

#[test]
fn without_scripts_the_page_is_the_same_and_it_can_be_printed() {
    let Some(browser) = browser() else { return };
    let dir = TempDir::new().unwrap();
    let (_, page) = &pages()[0];
    let mut without = page.clone();
    while let Some(from) = without.find("<script") {
        let to = from + without[from..].find("</script>").unwrap() + "</script>".len();
        without.replace_range(from..to, "");
    }
    let shots = [("with", page), ("without", &without)].map(|(name, page)| {
        let file = dir.path().join(format!("{name}.html"));
        std::fs::write(&file, page).unwrap();
        let shot = dir.path().join(format!("{name}.png"));
        let more = [
            "--blink-settings=preferredColorScheme=1".to_owned(),
            format!("--window-size=1280,{HEIGHT}"),
            format!("--screenshot={}", shot.display()),
        ];
        browse(&browser, &file, &more);
        (shot, 1280, TOP)
    });
    let seen = grids(&browser, dir.path(), &shots);
    let (mean, most) = apart(&seen[0], &seen[1]);
    assert!(mean < 0.5 && most < 16.0, "{mean} {most}");
    assert!(apart(&seen[1][1..], &seen[1][..seen[1].len() - 1]).0 > 2.0, "it is empty");
    let alone = dir.path().join("alone.html");
    std::fs::write(&alone, page).unwrap();
    let pdf = dir.path().join("page.pdf");
    browse(&browser, &alone, &[format!("--print-to-pdf={}", pdf.display())]);
    let bytes = std::fs::read(&pdf).unwrap();
    assert!(bytes.starts_with(b"%PDF-"));
    let text = String::from_utf8_lossy(&bytes);
    let n_pages = text.matches("/Type /Page\n").count() + text.matches("/Type /Page ").count();
    assert!((3..30).contains(&n_pages), "{n_pages} pages");
}
