//! The sweep page: what it says of outcomes that were made up, and of those of a sweep.

use std::sync::Arc;

use qe::page::{How, SweepPage, SweepPageOptions};
use qe::prelude::{Pool, StrategySpec, Sweep, SweepOptions, Timeframe};
use qe_core::eval::{Evaluator, Fidelity, Window};
use qe_core::param::Value;
use qe_core::point::{OutcomeTable, PointTable};
use qe_core::time::TimeRange;
use qe_engine::outcome;

use super::checker;
use super::made::{BUSY, market_of_closes, simulated, spec};

fn sweep(spec: &StrategySpec) -> Sweep {
    let closes: Vec<f64> = (0..200).map(|i| 100.0 + f64::from(i % 17)).collect();
    let market = Arc::new(market_of_closes(Timeframe::H1, &closes));
    Sweep::new(spec, vec![market], Pool::inline(), SweepOptions::default()).unwrap()
}

/// Outcomes by a Sharpe ratio of each point's number, or a reason.
fn outcomes(points: &PointTable, sharpe: impl Fn(usize) -> Result<f64, String>) -> OutcomeTable {
    let mut table = OutcomeTable::new(outcome::NAMES);
    for (i, id) in points.ids().iter().enumerate() {
        match sharpe(i) {
            Err(reason) => table.push_failed(*id, reason),
            Ok(sharpe) => {
                let value = |name: &&str| match *name {
                    "sharpe_daily" => sharpe,
                    "observation_days" => 252.0,
                    "n_trades" => i as f64,
                    _ => 0.5,
                };
                table.push_done(*id, &outcome::NAMES.iter().map(value).collect::<Vec<_>>()).unwrap();
            }
        }
    }
    table
}

fn page(sweep: &Sweep, points: &PointTable, outcomes: &OutcomeTable, options: &SweepPageOptions) -> SweepPage {
    let page = SweepPage::of(sweep, points, outcomes, options).unwrap();
    let html = page.html();
    assert!(html.len() < 1_000_000, "{} bytes", html.len());
    assert_eq!(html, SweepPage::of(sweep, points, outcomes, options).unwrap().html());
    checker::check(&html);
    page
}

#[test]
fn a_sweep_stands_on_its_page_as_its_outcomes_say() {
    let market = simulated("SPY", Timeframe::H1);
    let sweep = Sweep::new(&spec(BUSY), vec![market], Pool::inline(), SweepOptions::default()).unwrap();
    let points = PointTable::grid(sweep.params().to_vec(), 1000).unwrap();
    let all = Window::one(TimeRange { start: sweep.markets()[0].columns().axis().open()[40], end: i64::MAX }).unwrap();
    let told = sweep.evaluate(&points, Fidelity::FULL, &all).unwrap();
    let page = page(&sweep, &points, &told, &SweepPageOptions::default());
    // 5 x 5 x 3 points, less those whose averages are the wrong way round: 6 against 6, 8, 10.
    assert_eq!((page.n_points, page.n_done, page.failed[0].n), (75, 66, 9));
    assert_eq!((page.failed.len(), page.failed[0].kind.as_str()), (1, "invalid_point"));
    let sharpe = told.metric("sharpe_daily").unwrap();
    let best = sharpe.iter().copied().filter(|v| !v.is_nan()).fold(f64::MIN, f64::max);
    assert_eq!(page.top[0].values[0], Some(best));
    let at = sharpe.iter().position(|v| *v == best).unwrap();
    let params: Vec<String> = points.row(at).unwrap().iter().map(Value::to_string).collect();
    assert_eq!((page.top[0].point_id, &page.top[0].params), (points.ids()[at], &params));
    assert_eq!((page.top.len(), page.bottom.len(), page.bottom[9].rank), (25, 10, 66));
    // Fast and slow have five values each, the multiple three: they make the map, best and mean over the rest.
    assert_eq!((page.maps.len(), page.maps[0].x.as_str(), page.maps[0].y.as_str()), (2, "fast", "slow"));
    assert_eq!((page.maps[0].how, page.maps[1].how), (How::Best, How::Mean));
    let cells = &page.maps[0].cells;
    assert!(cells.iter().flatten().any(|c| c.is_best && c.value == Some(best) && c.n == 3));
    assert_eq!(cells[0][4].value, None, "10 against 6 is none");
    let of_cell = (0..points.len())
        .filter(|i| points.value(*i, 0) == Some(Value::Int(2)) && points.value(*i, 2) == Some(Value::Int(30)));
    let slow = points.params().iter().position(|p| p.name == "slow").unwrap();
    let of_cell: Vec<f64> = (0..points.len())
        .filter(|i| points.value(*i, 0) == Some(Value::Int(2)) && points.value(*i, slow) == Some(Value::Int(30)))
        .map(|i| sharpe[i])
        .chain(of_cell.map(|_| f64::NAN))
        .filter(|v| !v.is_nan())
        .collect();
    let mean = of_cell.iter().sum::<f64>() / of_cell.len() as f64;
    assert!((page.maps[1].cells[4][0].value.unwrap() - mean).abs() < 1e-12 && of_cell.len() == 3);
    assert_eq!(page.marginals.len(), 3);
    let read = checker::check(&page.html());
    assert_eq!(read.rows("map-0").len(), 6);
    assert!(read.rows("map-0").iter().flatten().any(|c| c.starts_with('★')));
    assert_eq!(read.rows("points-table").len(), 36);
    assert_eq!(read.rows("failed-table")[1][1], "9");
}

#[test]
fn plateaus_edges_and_luck_are_told() {
    let spec = spec(BUSY);
    let sweep = sweep(&spec);
    let points = PointTable::grid(sweep.params().to_vec(), 1000).unwrap();
    // A broad hill in the middle of the fast ones, and a needle at the edge.
    let value = |i: usize, k: usize| match points.value(i, k) {
        Some(Value::Int(v)) => v as f64,
        Some(Value::Float(v)) => v,
        _ => f64::NAN,
    };
    let fast = points.params().iter().position(|p| p.name == "fast").unwrap();
    let told = outcomes(&points, |i| Ok(if i == 74 { 3.0 } else { 1.0 - 0.05 * (value(i, fast) - 6.0).abs() }));
    let page = page(&sweep, &points, &told, &SweepPageOptions { tolerance: Some(0.11), ..SweepPageOptions::default() });
    assert_eq!(page.top[0].is_plateau, Some(false));
    let best = page.best_plateau.as_ref().unwrap();
    assert_eq!((best.values[0], best.params[0].as_str()), (Some(1.0), "6"));
    let edges: Vec<(&str, bool)> = page.at_edge.iter().map(|e| (e.name.as_str(), e.is_greatest)).collect();
    assert_eq!(edges, [("fast", true), ("mult", true), ("slow", true)]);
    // All but the needle and its three neighbours.
    assert_eq!(page.n_plateau, Some(71));
    let luck = page.luck.as_ref().unwrap();
    assert!((luck.n, luck.sharpe > 2.0, luck.sharpe < 3.0) == (75, true, true), "{luck:?}");
    let html = page.html();
    for text in ["within 0.110 of its own", "The best point stands at the greatest value of fast", "by luck alone"] {
        assert!(html.contains(text), "{text}");
    }
    // Named parameters, and the other way round.
    let named = SweepPageOptions { x: Some("mult".into()), y: Some("fast".into()), ..SweepPageOptions::default() };
    let page = self::page(&sweep, &points, &told, &named);
    assert_eq!((page.maps[0].x.as_str(), page.maps[0].x_labels.len(), page.maps[0].cells.len()), ("mult", 3, 5));
    let lowest = SweepPageOptions { by: "max_drawdown_bars".into(), ..SweepPageOptions::default() };
    assert!(self::page(&sweep, &points, &told, &lowest).is_lowest_first);
    for (options, part) in [
        (SweepPageOptions { x: Some("fasst".into()), ..SweepPageOptions::default() }, "did you mean \"fast\"?"),
        (SweepPageOptions { by: "sharp".into(), ..SweepPageOptions::default() }, "sharp"),
    ] {
        let error = SweepPage::of(&sweep, &points, &told, &options).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    let error = SweepPage::of(&sweep, &points.slice(0..9), &told, &SweepPageOptions::default()).unwrap_err();
    assert!(error.to_string().contains("75 outcomes are not those of 9 points"), "{error}");
}

#[test]
fn markets_come_last_and_the_tolerance_is_a_tenth_of_the_spread() {
    let closes: Vec<f64> = (0..200).map(|i| 100.0 + f64::from(i % 17)).collect();
    let market = |timeframe| Arc::new(market_of_closes(timeframe, &closes));
    let of = [Timeframe::M5, Timeframe::M15, Timeframe::H1, Timeframe::D1].map(market).to_vec();
    let lines = BUSY.replace("max = 10, step = 2", "max = 4, step = 2");
    let sweep = Sweep::new(&spec(&lines), of, Pool::inline(), SweepOptions::default()).unwrap();
    let points = PointTable::grid(sweep.params().to_vec(), 1000).unwrap();
    // 2 x 5 x 3 points in each of four markets; 0 to 119, whose one in twenty are 5.95 and 113.05.
    let told = page(&sweep, &points, &outcomes(&points, |i| Ok(i as f64)), &SweepPageOptions::default());
    assert_eq!((told.n_points, told.markets.len()), (120, 4));
    assert_eq!((told.maps[0].x.as_str(), told.maps[0].y.as_str()), ("slow", "mult"));
    assert!((told.tolerance - 10.71).abs() < 1e-9, "{}", told.tolerance);
    let named = SweepPageOptions { y: Some("market".into()), ..SweepPageOptions::default() };
    let told = page(&sweep, &points, &outcomes(&points, |i| Ok(i as f64)), &named);
    assert_eq!((told.maps[0].y_labels.len(), told.maps[0].y_labels[0].as_str()), (4, "TEST 5m"));
}

#[test]
fn sweeps_of_nothing_of_failures_and_of_one_point_have_pages() {
    let spec = spec(BUSY);
    let sweep = sweep(&spec);
    let points = PointTable::grid(sweep.params().to_vec(), 1000).unwrap();
    let none = points.slice(0..0);
    let told = page(&sweep, &none, &outcomes(&none, |_| Ok(1.0)), &SweepPageOptions::default());
    assert_eq!((told.n_points, told.maps.len(), told.top.len()), (0, 0, 0));
    let one = points.slice(3..4);
    let told = page(&sweep, &one, &outcomes(&one, |_| Ok(1.0)), &SweepPageOptions::default());
    assert_eq!((told.fixed.len(), told.axes.len(), told.luck), (3, 0, None));
    let nasty = |i: usize| format!("<script>{i}</script>\u{202e}\"'&: {}", "x".repeat(10_000));
    let all = page(&sweep, &points, &outcomes(&points, |i| Err(nasty(i))), &SweepPageOptions::default());
    assert_eq!((all.n_done, all.failed.len(), all.failed.iter().map(|f| f.n).sum::<usize>()), (0, 40, 75));
    let nan = page(&sweep, &points, &outcomes(&points, |_| Ok(f64::NAN)), &SweepPageOptions::default());
    assert_eq!((nan.n_done, nan.n_undefined, nan.top.len()), (75, 75, 0));
    let far = page(&sweep, &points, &outcomes(&points, |i| Ok([1e300, -1e300][i % 2])), &SweepPageOptions::default());
    assert_eq!(far.n_points, 75);
}

#[test]
fn draws_are_grouped_and_a_hundred_thousand_points_fit_a_page() {
    let lines = BUSY.replace("step = 1.0", "step = 0.0001").replace("max = 30, step = 6", "max = 3000, step = 1");
    let spec = spec(&lines);
    let sweep = sweep(&spec);
    let mut points = PointTable::new(sweep.params().to_vec()).unwrap();
    for i in 0..100_000_u64 {
        let values: Vec<Value> = sweep
            .params()
            .iter()
            .map(|p| match p.name.as_str() {
                "fast" => Value::Int(2 + 2 * (i as i64 % 5)),
                "slow" => Value::Int(6 + (i as i64 * 7919) % 2995),
                _ => Value::Float(1.0 + 0.0001 * ((i * 104_729) % 20_000) as f64),
            })
            .collect();
        points.push(i, &values).unwrap();
    }
    let told =
        page(&sweep, &points, &outcomes(&points, |i| Ok((i % 97) as f64 / 50.0 - 1.0)), &SweepPageOptions::default());
    let axis = |name: &str| told.axes.iter().find(|a| a.name == name).unwrap();
    assert!(axis("slow").is_grouped && axis("mult").is_grouped && !axis("fast").is_grouped);
    assert_eq!((axis("slow").labels.len(), told.maps[0].x.as_str(), told.maps[0].y.as_str()), (12, "mult", "slow"));
    let n: usize = told.maps[0].cells.iter().flatten().map(|c| c.n).sum();
    assert_eq!((n, told.top.len() + told.bottom.len()), (100_000, 35));
}
