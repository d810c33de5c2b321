//! What hostile input makes of a page: nothing but a page.

use qe::page::{RunPage, RunPageOptions, TIMES, Tone, Verdict, cost_stress};
use qe::prelude::{Report, RunOptions, Timeframe};
use qe_core::param::Value;
use qe_engine::market::Market;

use super::checker;
use super::made::{market_of, market_of_closes, page, report, simulated, spec};

/// Everything that markup, attributes, scripts and eyes could trip over, and long.
pub(crate) fn nasty() -> String {
    let mut text = "</title></style></script><script>alert(1)</script><img src=x onerror=\"alert('2')\">&amp;\" ' ` \
                    javascript:x \u{202e}gnp.exe\u{2066} \0\u{1b}[31m\u{7f}\u{85}\u{feff} \u{1f980}ذهب東\u{301}"
        .to_owned();
    text.push_str(&"W".repeat(10_000));
    text
}

/// A page that must be sound whatever it is of, and stay small.
fn sound(report: &Report, market: &Market) -> String {
    let html = page(report, market).html();
    checker::check(&html);
    assert!(html.len() < 1_000_000, "{} bytes", html.len());
    // Before our own code, which asks for them by name.
    let shown = html.split("<script>\n").next().unwrap();
    assert!(!shown.contains("NaN") && !shown.contains("inf%") && !shown.contains("\"inf"), "a number is none");
    html
}

/// Bought on each rise, and left after a bar.
const EVERY: &str = "[entry]\nlong = \"close > close[1]\"\n[[exits]]\nwhen = \"pos.bars >= 1\"\n";

/// The page of a run in which every word of others is hostile.
pub(crate) fn nasty_page() -> String {
    let market = market_of_closes(Timeframe::D1, &[100.0, 101.0, 102.0, 99.0, 98.0, 97.0]);
    let mut spec = spec(EVERY);
    spec.name = nasty();
    spec.exits[0].reason = Some(nasty());
    let mut told = qe::prelude::run(&spec, &market, &RunOptions::default()).unwrap();
    told.identity.vendor = Some(nasty());
    told.identity.symbol = nasty();
    told.identity.params.insert(nasty(), Value::Text(nasty()));
    let verdict = Verdict { word: nasty(), tone: Tone::Good, reasons: vec![nasty(), nasty()] };
    let options = RunPageOptions { verdict: Some(verdict), ..RunPageOptions::default() };
    RunPage::of(&told, &market, &options).unwrap().html()
}

#[test]
fn names_and_words_of_others_stay_text() {
    let html = nasty_page();
    let read = checker::check(&html);
    assert!(html.len() < 1_000_000);
    // One script of ours with the data of read-outs, one with code, and no element of theirs.
    assert_eq!((read.all("script").count(), read.all("style").count(), read.all("img").count()), (2, 1, 0));
    let (h1, exits) = (read.all("h1").next().unwrap(), read.rows("exits-table"));
    assert!(h1.text.starts_with("</title></style></script><script>alert(1)") && h1.text.chars().count() <= 161);
    assert!(exits[1][0].contains("onerror=\"alert('2')\"") && exits[1][0].len() > 10_000);
    let control = |c: char| c.is_control() && c != '\n';
    assert!(!html.contains(control), "a control character is left");
}

#[test]
fn runs_of_nothing_and_of_one_bar_have_pages() {
    let closes = [100.0, 101.0, 102.0, 99.0, 98.0, 97.0];
    let market = market_of_closes(Timeframe::D1, &closes);
    let html = sound(&report("[entry]\nlong = \"close < 0\"\n", &market), &market);
    for text in
        ["No round trip was closed", "No order was refused", "There are too few days", "there is no daily Sharpe"]
    {
        assert!(html.contains(text), "{text}");
    }
    let one = market_of("ONE", Timeframe::D1, &[[100.0, 100.0, 100.0, 100.0]]);
    let html = sound(&report("[entry]\nlong = \"close > 0\"\n", &one), &one);
    assert!(html.contains("1 bars on 1 days") || html.contains("1 bar on 1 day"), "{}", &html[html.len() - 400..]);
    // Five-minute bars of one day.
    let day: Vec<f64> = (0..50).map(|i| 100.0 + f64::from(i % 7)).collect();
    let market = market_of_closes(Timeframe::M5, &day);
    sound(&report(EVERY, &market), &market);
}

#[test]
fn figures_that_are_all_undefined_are_dashes() {
    let market = simulated("SPY", Timeframe::H1);
    let mut told = report(EVERY, &market);
    told.summary.figures.values_mut().for_each(|f| *f = None);
    let html = sound(&told, &market);
    let rows = checker::check(&html).rows("figures-table");
    let n = rows[1..].iter().filter(|r| r[1] == "–").count();
    // All but the six that the page computes beside its own benchmark.
    assert_eq!(n, qe_engine::metrics::ALL.len() - 6);
    assert!(html.contains("43 of them are undefined"));
}

#[test]
fn ruin_is_drawn_down_to_nothing() {
    // Short with three times what there is, into a tripling.
    let closes: Vec<f64> = (0..40).map(|i| if i < 20 { 100.0 } else { 100.0 * f64::from(i - 17) }).collect();
    let market = market_of_closes(Timeframe::D1, &closes);
    let lines = "[entry]\nshort = \"close > 0\"\n[sizing]\nfraction = \"3\"\n[execution]\nleverage = 3.0\n[costs]\n";
    let told = report(lines, &market);
    assert!(told.figures.is_ruined && told.figures.total_return == -1.0);
    let drawn = page(&told, &market);
    assert_eq!((drawn.growth.last(), drawn.underwater.last()), (Some(0.0), Some(-1.0)));
    let html = sound(&told, &market);
    assert!(html.contains("Ruined: all money was lost") && html.contains("drawn at the bottom"));
    let read = checker::check(&html);
    assert_eq!(read.rows("falls-table")[1][1], "−100.00 %");
    let stress = cost_stress(&spec(lines), &market, &RunOptions::default(), &TIMES).unwrap();
    let page = RunPage::of(&told, &market, &RunPageOptions { stress: Some(stress), ..RunPageOptions::default() });
    assert!(checker::check(&page.unwrap().html()).rows("stress-table")[1..].iter().all(|r| r[7] == "ruined"));
}

#[test]
fn a_million_bars_and_thousands_of_trades_fit_a_page() {
    // A day of seconds, up and down by turns: a round trip every other bar.
    let day: Vec<f64> = (0..20_000).map(|i| [100.0, 100.2, 100.1, 100.3][i % 4] + i as f64 * 1e-4).collect();
    let market = market_of_closes(Timeframe::S1, &day);
    let told = report(EVERY, &market);
    assert!(told.trades.len() > 4000, "{}", told.trades.len());
    let html = sound(&told, &market);
    assert!(html.contains("lie under a dot of their kind"));
    let closes: Vec<f64> =
        (0..1_000_000).map(|i| 100.0 + 10.0 * libm::sin(f64::from(i) * 1e-3) + f64::from(i % 11)).collect();
    let market = market_of_closes(Timeframe::M1, &closes);
    let told = report(EVERY, &market);
    assert!(told.trades.len() > 50_000, "{}", told.trades.len());
    let page = page(&told, &market);
    assert_eq!(page.n_bars, 999_999);
    sound(&told, &market);
}

#[test]
fn prices_of_any_size_and_missing_ones_are_drawn() {
    for scale in [1e-9, 1e-3, 1e9, 1e200] {
        let closes: Vec<f64> = (0..300).map(|i| scale * (2.0 + libm::sin(f64::from(i) * 0.1))).collect();
        let market = market_of_closes(Timeframe::H1, &closes);
        sound(&report(EVERY, &market), &market);
    }
    let mut rows = vec![[100.0, 101.0, 99.0, 100.0]; 40];
    for (i, row) in rows.iter_mut().enumerate() {
        row[3] = 100.0 + (i % 3) as f64 * 0.4;
        if i % 5 == 4 {
            *row = [f64::NAN; 4];
        }
    }
    let market = market_of("HOLES", Timeframe::H1, &rows);
    let html = sound(&report(EVERY, &market), &market);
    assert!(html.contains("have no close: they are marked at the last one there was"));
    // None at all.
    let market = market_of("NONE", Timeframe::H1, &vec![[f64::NAN; 4]; 30]);
    sound(&report(EVERY, &market), &market);
}
