//! The run page of runs that were worked out by hand.

use qe::page::{Benchmark, RunPage, RunPageOptions, TIMES, Tone, Verdict, cost_stress};
use qe::prelude::{RunOptions, Timeframe, run};
use qe_core::point::PointTable;
use qe_engine::batch::{Stretch, Warmup};
use qe_engine::range::over_policies;
use qe_engine::spec::Profile;

use super::checker;
use super::made::{BUSY, market_of, page, report, simulated, spec, tight};

/// Signal at the close of the second bar, in at the open of 101, two bars later decided and out at the open of 99.
const ROWS: [[f64; 4]; 5] = [
    [100.0, 100.0, 100.0, 100.0],
    [100.0, 101.0, 99.0, 101.0],
    [101.0, 112.0, 100.0, 110.0],
    [110.0, 111.0, 98.0, 99.0],
    [99.0, 100.0, 90.0, 95.0],
];

const RISES: &str = r#"
[entry]
long = "close > close[1]"
[[exits]]
when = "pos.bars >= 2"
reason = "held enough"
[sizing]
fraction = "1"
limit_frac = 1.0
[costs]
"#;

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-12
}

#[test]
fn a_run_by_hand_stands_on_its_page() {
    let market = market_of("TEST", Timeframe::D1, &ROWS);
    let told = page(&report(RISES, &market), &market);
    let growth: Vec<f64> = told.growth.values.clone();
    let wanted = [1.0, 110.0 / 101.0, 99.0 / 101.0, 99.0 / 101.0];
    assert!(growth.iter().zip(wanted).all(|(a, b)| near(*a, b)) && growth.len() == 4, "{growth:?}");
    // Bought at the open of the first scored bar, which is the second.
    let held: Vec<f64> = told.benchmark.values.clone();
    assert!(held.iter().zip([1.01, 1.1, 0.99, 0.95]).all(|(a, b)| near(*a, b)), "{held:?}");
    assert!(near(told.beside.total_return.unwrap(), -0.05) && told.beside.name == "buy and hold TEST");
    assert!(near(told.falls[0].depth, 0.1) && (told.falls[0].trough, told.falls[0].over) == (2, None));
    assert!(near(told.underwater.values[2], -0.1));
    let months = &told.years[0].months;
    assert!(told.years[0].year == 2024 && months[0] == Some(0.0) && near(months[1].unwrap(), -2.0 / 101.0));
    assert_eq!(months[2], None);
    // The only round trip: of the bar of the exit, at its open, the exit alone is seen.
    let (mae, won) = told.excursions.lost[0];
    assert!(near(mae, 3.0 / 101.0) && near(won, -2.0 / 101.0), "{mae} {won}");
    assert_eq!((told.price.marks.long_entries.at[0], told.price.marks.long_exits.at[0]), (1, 3));
    assert_eq!((told.exits[0].reason.as_str(), told.exits[0].n, told.exits[0].mean_bars), ("held enough", 1, 2.0));
    assert_eq!((told.close_ups.len(), told.close_ups[0].title.as_str()), (1, "The only round trip"));
    // Beta beside the page's own benchmark: four days, by the definition.
    let (r, b) = ([0.0, 9.0 / 101.0, -0.1, 0.0], [0.01, 1.1 / 1.01 - 1.0, -0.1, 0.95 / 0.99 - 1.0]);
    let mean = |x: [f64; 4]| x.iter().sum::<f64>() / 4.0;
    let cov: f64 = r.iter().zip(b).map(|(x, y)| (x - mean(r)) * (y - mean(b))).sum();
    let var: f64 = b.iter().map(|y| (y - mean(b)) * (y - mean(b))).sum();
    assert!(near(told.figure("beta").unwrap(), cov / var));

    let html = told.html();
    let read = checker::check(&html);
    let rows = read.rows("months-table");
    assert_eq!((rows[1][0].as_str(), rows[1][2].as_str(), rows[1][13].as_str()), ("2024", "−2.0", "−2.0"));
    assert_eq!(read.rows("falls-table")[1], ["1", "−10.00 %", "2024-02-01", "2024-02-02", "not yet"]);
    assert_eq!(read.rows("exits-table")[1], ["held enough", "1", "0.00 %", "−198.02", "−1.98 %", "2.0"]);
    assert_eq!(read.rows("figures-table").len(), 1 + qe_engine::metrics::ALL.len());
    for text in ["No costs were paid.", "1 round trip: figures of trades say little.", "No verdict yet"] {
        assert!(html.contains(text), "{text}");
    }
    assert!(!html.contains("Same-bar"));
}

#[test]
fn all_of_the_identity_is_on_the_page_and_a_same_bar_fill_warns() {
    let market = simulated("SPY", Timeframe::H1);
    let under = spec(BUSY).under(Profile::Discovery);
    let options = RunOptions { seed: 77, ..RunOptions::default() };
    let told = page(&run(&under, &market, &options).unwrap(), &market);
    let (html, i) = (told.html(), &told.identity);
    let read = checker::check(&html);
    let shown: Vec<&str> = read.all("dd").map(|e| e.text.as_str()).collect();
    let ids = [i.run_id, i.spec_id, i.skeleton_id, i.data_id, i.cost_model_id].map(|id| id.to_string());
    let rest = ["SPY", "1h", "signal_close (same bar)", "units", "pessimistic", "77", &i.crate_version, "fast = 4"];
    for value in ids.iter().map(String::as_str).chain(rest) {
        assert!(shown.contains(&value), "{value} is not shown: {shown:?}");
    }
    assert!(html.contains("Warning: </strong>Same-bar fill"));
    // What is stored and not shown would be lost: every field has its line.
    let json = serde_json::to_value(i).unwrap();
    let n_lines = read.all("dl").last().unwrap().text.lines().filter(|l| !l.trim().is_empty()).count();
    let n_fields = json.as_object().unwrap().len() - 2 + i.params.len();
    assert!(n_lines >= n_fields, "{n_lines} lines for {n_fields} fields: {json}");
}

#[test]
fn the_same_run_gives_the_same_file_and_its_data_can_be_stored() {
    let market = simulated("SPY", Timeframe::M15);
    let (a, b) = (page(&report(BUSY, &market), &market), page(&report(BUSY, &market), &market));
    assert!(a.html() == b.html() && a.html() == a.html());
    let json = serde_json::to_value(&a).unwrap();
    assert_eq!(json["figures"].as_array().unwrap().len(), 49);
    assert_eq!(json["growth"]["n"].as_u64().unwrap() as usize, a.n_bars);
    assert!(a.growth.at.len() <= 4 * qe::page::N_COLUMNS);
    checker::check(&a.html());
}

#[test]
fn costs_are_stressed_as_they_are_by_hand() {
    let market = market_of("TEST", Timeframe::D1, &ROWS);
    let costly = spec(&RISES.replace("[costs]", "[costs]\nspread_frac = 0.01"));
    let stress = cost_stress(&costly, &market, &RunOptions::default(), &TIMES).unwrap();
    for row in &stress.rows {
        let half = 0.005 * row.times;
        let told = row.told.as_ref().unwrap();
        let wanted = 99.0 * (1.0 - half) / (101.0 * (1.0 + half)) - 1.0;
        assert!(near(told.total_return, wanted), "{}: {} {wanted}", row.times, told.total_return);
        assert_eq!(told.n_trades, 1);
    }
    let alone = run(&costly, &market, &RunOptions::default()).unwrap();
    let once = stress.rows[1].told.as_ref().unwrap();
    assert_eq!((once.run_id, once.total_return), (alone.identity.run_id, alone.figures.total_return));
    // Costs beyond all bounds are told in their row.
    let far = cost_stress(&costly, &market, &RunOptions::default(), &[1.0, 200.0]).unwrap();
    assert!(far.rows[1].told.as_ref().unwrap_err().contains("costs.spread_frac"), "{far:?}");
    // A profile that pins its costs is left, and nothing else is.
    let market = simulated("SPY", Timeframe::H1);
    let pinned = spec(BUSY).under(Profile::Discovery);
    let alone = run(&pinned, &market, &RunOptions::default()).unwrap();
    let stress = cost_stress(&pinned, &market, &RunOptions::default(), &TIMES).unwrap();
    assert_eq!(stress.rows[1].told.as_ref().unwrap().total_return, alone.figures.total_return);
    let returns: Vec<f64> = stress.rows.iter().map(|r| r.told.as_ref().unwrap().total_return).collect();
    assert!(returns.windows(2).all(|w| w[0] > w[1]), "{returns:?}");
}

#[test]
fn what_is_given_beside_the_run_stands_on_its_page() {
    let market = simulated("SPY", Timeframe::H1);
    let spec = spec(&tight());
    let report = run(&spec, &market, &RunOptions::default()).unwrap();
    let points: PointTable = spec.default_point().unwrap();
    let plan = spec.compile(&market.schema(), market.steps_per_year(), Some(&points)).unwrap();
    let rows = report.curve.rows.clone();
    let stretch = Stretch { rows, warmup: Warmup::Required, daily: false, max_bytes: 64 << 20 };
    let range = over_policies(&plan, 0, &market, &stretch, 10).unwrap();
    let stress = cost_stress(&spec, &market, &RunOptions::default(), &TIMES).unwrap();
    let verdict = Verdict { word: "Marginal".into(), tone: Tone::Bad, reasons: vec!["timing-fragile".into()] };
    let flat = Benchmark { name: "T-bills".into(), daily: vec![0.0001; report.daily.len()], growth: None };
    let options = RunPageOptions {
        benchmark: Some(flat.clone()),
        policies: Some(range.clone()),
        stress: Some(stress),
        rolling_days: Some(40),
        verdict: Some(verdict),
        notes: vec!["3 of 9 rows are left out.".into()],
        spec: Some(qe::page::spec_text(&spec).unwrap()),
    };
    let told = RunPage::of(&report, &market, &options).unwrap();
    let read = checker::check(&told.html());
    assert_eq!(read.rows("policies-table").len(), 6);
    assert_eq!(read.rows("policies-table")[1][1], {
        let won = report.figures.equity - report.ledger.capital;
        format!("{won:.2}").replace('-', "−")
    });
    // The policy of the run itself has the run's daily Sharpe ratio.
    let own = range.ways.iter().find(|w| w.turned.is_none() && w.policy == report.identity.path_policy).unwrap();
    assert_eq!(own.sharpe.map(f64::to_bits), report.summary.get("sharpe_daily").map(f64::to_bits));
    // With the strategy as it stands there, the run can be made again.
    let spec_of_page = read.all("pre").next().unwrap().text.clone();
    assert_eq!(qe_engine::StrategySpec::from_toml(&spec_of_page).unwrap().spec_id().unwrap(), report.identity.spec_id);
    // Bars that do not say which came first are told in words, drawn, and counted.
    let optimistic = &read.rows("policies-table")[2];
    let n_turned = range.ways.iter().filter(|w| w.turned.is_some()).count();
    assert!(n_turned > 0 && optimistic[4] != "0" && optimistic[5] != optimistic[6], "{optimistic:?}");
    assert!(read.by_id("policies-chart").text.contains("With an undecided bar turned"));
    assert!(told.notes.iter().any(|n| n.text.contains("does not say which way")), "{:?}", told.notes);
    let times: Vec<String> = read.rows("stress-table")[1..].iter().map(|r| r[0].clone()).collect();
    assert_eq!(times, ["0×", "1×", "2×", "3×", "5×"]);
    assert!(read.all("section").any(|e| e.attr("class") == Some("verdict bad") && e.text.contains("timing-fragile")));
    assert!(told.notes.iter().any(|n| n.text == "3 of 9 rows are left out."), "{:?}", told.notes);
    assert_eq!((told.rolling.n_days, told.beside.name.as_str()), (40, "T-bills"));
    assert!(read.by_id("growth-chart").text.contains("T-bills"));
    // What does not fit the run is refused with its place.
    let short = Benchmark { daily: vec![0.0; 3], ..flat };
    let error = RunPage::of(&report, &market, &RunPageOptions { benchmark: Some(short), ..options });
    let error = error.unwrap_err().to_string();
    assert!(error.contains("T-bills has 3 daily returns") && error.contains("SPY 1h"), "{error}");
    let other = market_of("TEST", Timeframe::D1, &ROWS);
    let error = RunPage::of(&report, &other, &RunPageOptions::default()).unwrap_err().to_string();
    assert!(error.contains("give the market that was run"), "{error}");
}
