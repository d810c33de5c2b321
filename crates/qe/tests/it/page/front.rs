//! The front page: what it says of runs whose figures are given, and how it is built.

use qe::page::{FrontFigures, FrontLink, FrontPage, FrontRow};
use qe::prelude::{TimeRange, Timeframe};

use super::checker;
use super::made::BEGIN;

/// A year in nanoseconds.
const YEAR: i64 = 365 * 86_400_000_000_000;

/// A run of this Sharpe ratio.
pub(crate) fn row(strategy: &str, symbol: &str, timeframe: Timeframe, sharpe: f64) -> FrontRow {
    let figures = FrontFigures {
        sharpe_daily: Some(sharpe).filter(|x| !x.is_nan()),
        total_return: 0.1 * sharpe,
        max_drawdown: 0.0825,
        n_trades: 1234,
        n_days: 252.0,
        is_ruined: sharpe < -10.0,
    };
    let (strategy, symbol) = (strategy.to_owned(), symbol.to_owned());
    FrontRow { strategy, symbol, timeframe, is_same_bar: false, told: Ok(figures) }
}

pub(crate) fn page(rows: Vec<FrontRow>) -> FrontPage {
    FrontPage::of("Two strategies", "made up", TimeRange { start: BEGIN, end: BEGIN + YEAR }, rows, 252.0)
}

/// Many strategies on eight symbols and three timeframes, one of them far out.
pub(crate) fn many() -> FrontPage {
    let mut rows = Vec::new();
    for s in 0..16 {
        for (t, timeframe) in [Timeframe::M5, Timeframe::M15, Timeframe::H1].into_iter().enumerate() {
            for (k, symbol) in ["EEM", "GLD", "IWM", "QQQ", "SPY", "TLT", "XBI", "XLE"].into_iter().enumerate() {
                let x = f64::from((s * 37 + t as i32 * 11 + k as i32 * 5) % 41 - 20) / 10.0;
                let x = if s == 7 { 20.0 * x - 12.0 } else { x };
                rows.push(row(&format!("AStrategyOfLongName{s}"), symbol, timeframe, x));
            }
        }
    }
    let mut page = page(rows);
    page.links = ["best.html", "worst.html", "sweep.html"].map(link).to_vec();
    page.notes.push("Nothing is planted here.".to_owned());
    page
}

fn link(file: &str) -> FrontLink {
    let (kind, about) = ("A page".to_owned(), "What is there.".to_owned());
    FrontLink { file: file.to_owned(), kind, title: format!("That of {file}"), about }
}

#[test]
fn runs_are_in_one_table_and_one_map_by_timeframe_and_symbol() {
    let mut rows = vec![
        row("Slow", "A", Timeframe::H1, -0.26),
        row("Fast", "B", Timeframe::M5, f64::NAN),
        row("Fast", "A", Timeframe::M5, 1.5),
        row("Slow", "B", Timeframe::M5, 0.5),
        row("Fast", "A", Timeframe::H1, -12.0),
    ];
    rows[2].is_same_bar = true;
    rows.push(FrontRow { told: Err("missing: no bars".into()), ..row("Slow", "A", Timeframe::M5, 0.0) });
    let mut page = page(rows);
    page.links = vec![link("best run.html")];
    let read = checker::check_beside(&page.html(), &["./best%20run.html"]);
    let table = read.rows("runs-table");
    assert_eq!(table[1][..8], ["Fast", "1.500", "+15.00 %", "−8.25 %", "1,234", "A", "5m", "same bar"]);
    let order: Vec<&str> = table[1..].iter().map(|cells| cells[1].as_str()).collect();
    assert_eq!(order, ["1.500", "0.500", "−0.260", "−12.000", "–", "–"]);
    assert_eq!((table[4][7].as_str(), table[6][7].as_str()), ("ruined", "failed: missing: no bars"));
    // Timeframes from the shortest, in each of them symbols by name.
    let map = read.rows("runs-map");
    assert_eq!(map[0], ["", "5m", "1h"]);
    assert_eq!(map[1], ["Strategy", "A", "B", "A", "B"]);
    assert_eq!(map[2], ["Fast", "1.5", "– undefined", "−12.0", "not tried"]);
    assert_eq!(map[3], ["Slow", "failed", "0.5", "−0.3", "not tried"]);
    let text = &read.all("body").next().unwrap().text;
    for part in
        ["The best of 6 runs is good by luck too", "1 run failed", "1 run is filled on the same bar", "above it: "]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn the_best_by_luck_alone_is_drawn_and_what_is_far_out_is_told() {
    let page = many();
    let luck = page.luck.as_ref().unwrap();
    // The expected greatest of 384 standard normals is 2.9555, by numerical integration outside of this crate.
    assert!((luck.n, luck.t_years) == (384, 1.0) && (luck.sharpe - 2.9555).abs() < 0.02, "{luck:?}");
    let n_far = page.spread.n - page.drawn.n;
    assert!(n_far > 5, "{n_far}");
    let html = page.html();
    let read = checker::check_beside(&html, &["./best.html", "./worst.html", "./sweep.html"]);
    assert!(html.contains(&format!("{n_far} are too far out to be drawn")));
    assert_eq!((read.rows("runs-table").len(), read.rows("runs-map").len()), (385, 18));
    assert_eq!(html, many().html(), "the same runs give the same bytes");
}

#[test]
fn hostile_words_and_no_runs_at_all_make_a_page() {
    let mut page = page(vec![row("<script>x()</script>", "\u{202e}A\"'&", Timeframe::D1, f64::INFINITY)]);
    page.title = "</title><img>".to_owned();
    page.links = vec![link("javascript:alert(1)//../../x.html")];
    let read = checker::check_beside(&page.html(), &["./javascript%3Aalert%281%29%2F%2F..%2F..%2Fx.html"]);
    assert_eq!(read.rows("runs-table")[1][0], "<script>x()</script>");
    let none = self::page(Vec::new());
    assert_eq!((none.luck.as_ref(), none.ranked().len()), (None, 0));
    let read = checker::check(&none.html());
    assert_eq!(read.rows("runs-table").len(), 1);
}
