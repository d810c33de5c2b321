//! What is kept of runs: the schema of metrics, names of files, the trade log, and the record of a run.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use qe_core::eval::{Evaluator, Fidelity, Window};
use qe_core::ident::Id;
use qe_core::instrument::AssetClass;
use qe_core::par::Pool;
use qe_core::point::PointTable;
use qe_core::time::TimeRange;
use qe_core::timeframe::Timeframe;
use qe_engine::batch::Warmup;
use qe_engine::ledger::Cause;
use qe_engine::market::Market;
use qe_engine::results::{
    Column, Dtype, MetricsTable, RunManifest, SCHEMA_VERSION, Table, Values, file_name, file_names, schema, trade_log,
};
use qe_engine::run::{Report, RunIdentity, RunOptions, run};
use qe_engine::sweep::{Sweep, SweepOptions};
use qe_engine::{StrategySpec, aligned, diff, outcome, strategies};

const CROSSING: &str = r#"
version = 1
name = "crossing over"

[params]
fast = { kind = { int = { min = 3, max = 30, step = 3 } }, default = 6 }
mult = { kind = { float = { min = 0.5, max = 1.5, step = 0.5 } }, default = 1.0 }
is_long = { kind = "bool", default = true }
source = { kind = { choice = { options = ["a", "b"] } }, default = "a" }

[entry]
long = "$is_long and sma(close, $fast) > $mult * sma(close, 25)"

[[exits]]
when = "sma(close, $fast) < sma(close, 25)"

[sizing]
fraction = "1"
limit_frac = 1.0
"#;

/// A position that grows and shrinks, at cost.
const WEIGHTS: &str = r#"
version = 1
name = "leaning with the trend"

[sizing]
target_weight = { weight = "clip((close / sma(close, 40) - 1) * 30, -0.9, 0.9)" }
limit_frac = 1.0

[execution]
holding = "weights"

[costs]
spread_frac = 0.0003
taker_fee_bps = 2.0
fee_per_unit = 0.001
"#;

fn spec() -> StrategySpec {
    StrategySpec::from_toml(CROSSING).unwrap()
}

fn market() -> Arc<Market> {
    let simulated = crate::support::simulated();
    Arc::new(Market::new(&simulated.bars(Timeframe::H1).unwrap()[0], simulated.calendar()).unwrap())
}

fn made() -> (StrategySpec, Arc<Market>, RunOptions, Report) {
    let (spec, market) = (spec(), market());
    let params = [("fast".to_owned(), 9.into()), ("mult".to_owned(), 1.0.into())].into();
    let start = market.columns().axis().open()[60];
    let options = RunOptions { params, eval_start: Some(start), ..RunOptions::default() };
    let report = run(&spec, &market, &options).unwrap();
    (spec, market, options, report)
}

fn names(table: &Table) -> Vec<&str> {
    table.columns().iter().map(|c| c.name.as_str()).collect()
}

fn page() -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/results.md");
    fs::read_to_string(path).unwrap()
}

/// The columns of version 1, in order. Whoever changes this text raises `SCHEMA_VERSION`, as `docs/results.md` says.
const VERSION_1: &str = "
schema_version u64, origin text, run_id text, point_id u64, status text, failure text, undefined text, strategy text,
asset_class text, symbol text, frequency text, params text, spec_id text, skeleton_id text, spec_version u64, data_id text,
calendar_id text, reads text, vendor text, as_of time, start time, eval_start time, end time, stretches text, warmup text,
cost_model_id text, fill_timing text, is_same_bar bool, holding text, path_policy text, seed u64, crate_version text,
capital f64, sharpe_method text, vol_floor_applied bool,
alpha_annual f64, avg_drawdown f64, avg_loss f64, avg_trade_bars f64, avg_win f64, best_day f64, beta f64, cagr f64,
calmar f64, cost_share f64, cvar f64, down_capture f64, downside_deviation f64, expectancy f64, exposure f64,
gain_to_pain f64, information_ratio f64, kelly f64, kurtosis f64, longest_drawdown_days i64, max_drawdown f64,
max_drawdown_days i64, max_losing_streak i64, n_days_in_market i64, n_nans i64, n_trades i64, observation_days i64,
omega f64, payoff_ratio f64, profit_factor f64, recovery_factor f64, sharpe_daily f64, sharpe_hac_error f64,
sharpe_step_raw f64, skew f64, sortino f64, sqn f64, stability f64, tail_ratio f64, total_return f64, tracking_error f64,
trades_per_year f64, turnover_annual f64, ulcer_index f64, up_capture f64, value_at_risk f64, vol_annual f64,
win_rate f64, worst_day f64,
max_drawdown_bars f64, n_steps i64, daily_mean f64, daily_std f64, avg_win_money f64, avg_loss_money f64,
expectancy_money f64, n_wins i64, n_losses i64, gross_win f64, gross_loss f64, turnover f64, cost f64, carry f64,
n_undecided i64, n_refused i64, final_equity f64, pnl f64, is_ruined bool
";

#[test]
fn the_schema_is_the_one_of_its_version() {
    let told: Vec<String> = schema().iter().map(|c| format!("{} {}", c.name, c.dtype)).collect();
    let wanted: Vec<&str> = VERSION_1.split(',').map(str::trim).collect();
    assert_eq!(told, wanted);
    assert_eq!(SCHEMA_VERSION, 1);
    let table = MetricsTable::new().finish().unwrap();
    assert_eq!(names(&table), schema().iter().map(|c| c.name).collect::<Vec<_>>());
    assert!(table.is_empty());
}

#[test]
fn the_page_lists_every_column() {
    let page = page();
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    let of = |c: &qe_engine::results::SchemaColumn| {
        let sweeps = if c.is_in_sweeps { "yes" } else { "" };
        format!("| `{}` | {} | {} | {sweeps} | {} |", c.name, c.dtype, c.unit, c.about)
    };
    let wanted: Vec<String> = schema().iter().map(of).collect();
    let first = rows.iter().position(|row| row.starts_with("| `schema_version`")).unwrap();
    let (of_schema, later) = rows[first..].split_at(wanted.len());
    assert_eq!(of_schema, wanted);
    let log = trade_log(&[]).unwrap();
    let others: Vec<&str> = names(&log).into_iter().chain(aligned::NAMES).collect();
    let told: Vec<&str> = later.iter().map(|row| row.split('`').nth(1).unwrap()).collect();
    assert_eq!(told[..others.len()], others);
    // And the types of the log.
    for (column, row) in log.columns().iter().zip(later) {
        let dtype = column.values.dtype();
        assert!(row.starts_with(&format!("| `{}` | {dtype} |", column.name)), "{row}");
    }
    // Why a trade was left: each cause that has a word of its own, and ruin, which is none of a fill.
    let causes = [
        Cause::Opposite,
        Cause::SessionEnd,
        Cause::SessionMissed,
        Cause::Weight,
        Cause::Close,
        Cause::Stop,
        Cause::Target,
        Cause::Trail,
        Cause::MarginCall,
    ];
    let words = causes.map(|cause| serde_json::to_value(cause).unwrap().as_str().unwrap().to_owned());
    let row = later.iter().find(|row| row.starts_with("| `reason` |")).unwrap();
    for word in words.iter().map(String::as_str).chain(["ruin"]) {
        assert!(row.contains(&format!("`{word}`")), "{word}");
    }
    let fields = ["format", "version", "identity", "asset_class", "spec", "options", "data", "capital"];
    let told = &told[others.len()..];
    assert_eq!(told[..fields.len()], fields);
}

#[test]
fn a_run_and_its_point_in_a_sweep_have_the_same_bits() {
    let (spec, market, options, report) = made();
    let sweep = Sweep::new(&spec, vec![market.clone()], Pool::inline(), SweepOptions::default()).unwrap();
    let mut points = PointTable::new(sweep.params().to_vec()).unwrap();
    let point = |fast: i64, mult: f64| -> Vec<qe_core::param::Value> {
        let of = |name: &str| match name {
            "fast" => fast.into(),
            "mult" => mult.into(),
            "is_long" => true.into(),
            _ => "a".into(),
        };
        sweep.params().iter().map(|p| of(&p.name)).collect()
    };
    points.push(7, &point(9, 1.0)).unwrap();
    points.push(8, &point(30, 1.5)).unwrap();
    let start = options.eval_start.unwrap();
    let window = Window::one(TimeRange { start, end: i64::MAX / 2 }).unwrap();
    let outcomes = sweep.evaluate(&points, Fidelity::FULL, &window).unwrap();
    let mut table = MetricsTable::new();
    table.push_run(&report, Some(AssetClass::Etf)).unwrap();
    let class = |symbol: &str| Some(AssetClass::Etf).filter(|_| symbol == "SPY");
    table.push_sweep(&sweep, &points, Fidelity::FULL, &window, &outcomes, class).unwrap();
    let none = PointTable::new(sweep.params().to_vec()).unwrap();
    let error = table.clone().push_sweep(&sweep, &none, Fidelity::FULL, &window, &outcomes, class).unwrap_err();
    assert_eq!(
        error.to_string(),
        "outcomes: they are of 2 points, and there are 0; give those of these points, in their order"
    );
    assert_eq!(table.len(), 3);
    let table = table.finish().unwrap();
    let mut n_alike = 0;
    for c in schema() {
        let Column { values, .. } = table.columns().iter().find(|column| column.name == c.name).unwrap();
        match values {
            _ if ["origin", "point_id", "undefined"].contains(&c.name) => continue,
            _ if !c.is_in_sweeps => {
                assert!(values.is_null(1), "{}", c.name);
                continue;
            }
            Values::Float(x) => assert_eq!(x[0].map(f64::to_bits), x[1].map(f64::to_bits), "{}", c.name),
            Values::Text(x) => assert_eq!(x[0], x[1], "{}", c.name),
            Values::Int(x) | Values::Time(x) => assert_eq!(x[0], x[1], "{}", c.name),
            Values::UInt(x) => assert_eq!(x[0], x[1], "{}", c.name),
            Values::Bool(x) => assert_eq!(x[0], x[1], "{}", c.name),
        }
        n_alike += 1;
    }
    assert!(n_alike > 60, "{n_alike}");
    let text = |name: &str, row: usize| match table.column(name) {
        Some(Values::Text(x)) => x[row].as_deref().map(str::to_owned),
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!((text("origin", 0), text("origin", 1)), (Some("run".into()), Some("sweep".into())));
    assert_eq!(text("params", 0).unwrap(), r#"{"fast":9,"is_long":true,"mult":1.0,"source":"a"}"#);
    assert_eq!((text("fill_timing", 0), text("warmup", 0)), (Some("next_open".into()), Some("required".into())));
    assert_eq!(table.column("point_id"), Some(&Values::UInt(vec![None, Some(7), Some(8)])));
    // Parameters as columns of their own types.
    assert_eq!(table.column("param_fast"), Some(&Values::Int(vec![Some(9), Some(9), Some(30)])));
    assert_eq!(table.column("param_mult"), Some(&Values::Float(vec![Some(1.0), Some(1.0), Some(1.5)])));
    assert_eq!(table.column("param_is_long"), Some(&Values::Bool(vec![Some(true); 3])));
    assert!(matches!(table.column("param_source"), Some(Values::Text(_))));
    assert_eq!(names(&table)[schema().len()..], ["param_fast", "param_is_long", "param_mult", "param_source"]);
    // The point that never trades says why it has no win rate; both say that there was no benchmark.
    assert_eq!(table.column("n_trades").map(|v| matches!(v, Values::Int(x) if x[2] == Some(0))), Some(true));
    let why = text("undefined", 2).unwrap();
    assert!(why.contains(r#""win_rate":"no_trades""#) && why.contains(r#""sharpe_daily":"vol_floor""#), "{why}");
    assert!(text("undefined", 0).unwrap().contains(r#""beta":"no_benchmark""#));
}

#[test]
fn what_a_run_and_a_sweep_both_tell_is_one_quantity() {
    let (.., report) = made();
    let told = report.outcome();
    let mut n_shared = 0;
    for (name, x) in outcome::NAMES.into_iter().zip(told) {
        if let Some(y) = report.summary.get(name) {
            n_shared += 1;
            assert_eq!(x.to_bits(), y.to_bits(), "{name}: {x} {y}");
        }
    }
    // And these are two: at the closes of bars, and at the ends of days.
    let at = outcome::NAMES.iter().position(|name| *name == "max_drawdown_bars").unwrap();
    assert!(n_shared >= 12, "{n_shared}");
    assert!(told[at] > report.summary.get("max_drawdown").unwrap());
}

/// Costs, sides, orders that rest, sizes and weights: what a log of averages and a tally of cash round in different ways.
#[test]
fn a_run_of_any_strategy_tells_the_bits_of_its_point_in_a_sweep() {
    let market = market();
    let (mut n_factors, mut n_traded) = (0, 0);
    let listed = strategies::names().map(|name| strategies::by_name(name).unwrap());
    for spec in listed.chain([StrategySpec::from_toml(WEIGHTS).unwrap()]) {
        let strategy = &spec.name;
        let sweep = Sweep::new(&spec, vec![market.clone()], Pool::inline(), SweepOptions::default()).unwrap();
        let mut points = PointTable::new(sweep.params().to_vec()).unwrap();
        let default: Vec<_> = sweep.params().iter().map(|p| p.default.clone()).collect();
        points.push(0, &default).unwrap();
        let start = market.columns().axis().open()[800];
        let window = Window::one(TimeRange { start, end: i64::MAX / 2 }).unwrap();
        let outcomes = sweep.evaluate(&points, Fidelity::FULL, &window).unwrap();
        let options = RunOptions { eval_start: Some(start), ..RunOptions::default() };
        let report = run(&spec, &market, &options).unwrap();
        for (name, x) in outcome::NAMES.into_iter().zip(report.outcome()) {
            let swept = outcomes.metric(name).unwrap()[0];
            assert_eq!(swept.to_bits(), x.to_bits(), "{strategy} {name}: {swept} {x}");
            let Some((_, told)) = report.summary.figures.iter().find(|(n, _)| *n == name) else { continue };
            // NaN is what a sweep says of what is undefined.
            let told = told.unwrap_or(f64::NAN);
            assert_eq!(told.to_bits(), x.to_bits(), "{strategy} {name}: {told} {x}");
            n_factors += usize::from(name == "profit_factor" && x.is_finite());
            n_traded += usize::from(name == "n_trades" && x > 3.0);
        }
    }
    assert!(n_factors >= 8 && n_traded >= 8, "{n_factors} {n_traded}");
}

#[test]
fn a_point_that_failed_is_a_row_with_its_reason() {
    let (_, _, _, report) = made();
    let mut outcomes = qe_core::point::OutcomeTable::new(outcome::NAMES);
    outcomes.push_failed(3, "insufficient_warmup: it needs 200 rows");
    let mut table = MetricsTable::new();
    table.push_outcome(&report.identity, None, 10_000.0, &outcomes, 0).unwrap();
    let error = table.push_outcome(&report.identity, None, 10_000.0, &outcomes, 1).unwrap_err().to_string();
    assert_eq!(error, "outcomes: there is no row 1 of 1; give a row of them");
    let table = table.finish().unwrap();
    assert_eq!(table.column("status"), Some(&Values::Text(vec![Some("failed".into())])));
    assert_eq!(
        table.column("failure"),
        Some(&Values::Text(vec![Some("insufficient_warmup: it needs 200 rows".into())]))
    );
    assert_eq!(table.column("asset_class"), Some(&Values::Text(vec![Some("unknown".into())])));
    for c in schema().iter().skip_while(|c| c.name != "alpha_annual") {
        assert!(table.column(c.name).unwrap().is_null(0), "{}", c.name);
    }
}

#[test]
fn runs_of_several_strategies_share_a_table() {
    let (.., report) = made();
    let simple = qe_engine::strategies::by_name("SimpleSMA").unwrap();
    let other = run(&simple, &market(), &RunOptions::default()).unwrap();
    let mut table = MetricsTable::new();
    for r in [&other, &report, &other] {
        table.push_run(r, None).unwrap();
    }
    let table = table.finish().unwrap();
    let fast = table.column("param_fast").unwrap();
    assert_eq!((fast.dtype(), fast.is_null(0), fast.is_null(1), fast.is_null(2)), (Dtype::Int, true, false, true));
    assert!(table.columns().iter().all(|c| c.values.len() == 3));
}

#[test]
fn names_of_files_are_read_from_their_end() {
    let (.., report) = made();
    let identity = RunIdentity { run_id: Id([0xab; 32]), ..report.identity.clone() };
    assert_eq!(file_name(&identity, Some(AssetClass::Etf)), "crossing-over_etf_1h_abababababab.parquet");
    let hostile = RunIdentity { strategy: "../A_b".into(), frequency: "1h/../x".into(), ..identity.clone() };
    let files = file_names(&hostile, None);
    assert_eq!(files.metrics, "a_b_unknown_1h-x_abababababab.parquet");
    assert_eq!(files.aligned, "a_b_unknown_1h-x_abababababab.aligned.parquet");
    assert_eq!(files.trades, "a_b_unknown_1h-x_abababababab.trades.parquet");
    assert_eq!(files.run, "a_b_unknown_1h-x_abababababab.run.json");
    let parts: Vec<&str> = files.metrics.rsplitn(4, '_').collect();
    assert_eq!(parts, ["abababababab.parquet", "1h-x", "unknown", "a_b"]);
    // Case alone does not make two files; another run does.
    let upper = RunIdentity { strategy: "CROSSING OVER".into(), ..identity.clone() };
    assert_eq!(file_name(&upper, None), file_name(&identity, None));
    assert_ne!(file_name(&report.identity, None), file_name(&identity, None));
}

#[test]
fn the_record_of_a_run_comes_back_and_is_the_run() {
    let (spec, market, plain, _) = made();
    // As far away as a time can be.
    let plain = RunOptions { eval_end: Some(i64::MAX), ..plain };
    let report = run(&spec, &market, &plain).unwrap();
    let n_days = report.daily.len();
    let benchmark = (0..n_days).map(|i| if i == 3 { f64::NAN } else { 0.001 * (i % 7) as f64 }).collect();
    let options = RunOptions { benchmark: Some(benchmark), seed: u64::MAX, ..plain.clone() };
    let report_2 = run(&spec, &market, &options).unwrap();
    let data = serde_json::json!({ "paths": ["SPY.csv"], "timeframe": "1h" });
    let stored = RunManifest::new(&spec, &options, &report_2, Some(AssetClass::Etf), data.clone()).unwrap();
    let text = stored.to_json().unwrap();
    let back = RunManifest::from_json(&text).unwrap();
    assert_eq!(back, stored);
    assert_eq!(back.to_json().unwrap(), text);
    assert_eq!((&back.data, back.pnl.to_bits()), (&data, report_2.pnl().to_bits()));
    let of = |o: &RunOptions| {
        let benchmark = o.benchmark.as_ref().map(|b| b.iter().map(|x| x.to_bits()).collect::<Vec<u64>>());
        (o.params.clone(), o.eval_start, o.eval_end, benchmark, o.seed)
    };
    assert_eq!(of(&back.options()), of(&options));
    // The strategy that comes back is the same run to the bit, and its row is the same row.
    let again = run(&back.spec().unwrap(), &market, &back.options()).unwrap();
    assert_eq!(again.identity, back.identity);
    let bits = |r: &Report| -> Vec<[u64; 3]> {
        let f = &r.ledger.fills;
        (0..f.len()).map(|i| [f.time[i] as u64, f.cash[i].to_bits(), f.held[i].to_bits()]).collect()
    };
    assert!(!bits(&again).is_empty() && bits(&again) == bits(&report_2));
    let row = |push: &dyn Fn(&mut MetricsTable)| {
        let mut table = MetricsTable::new();
        push(&mut table);
        table.finish().unwrap()
    };
    let of_run = row(&|t| t.push_run(&report_2, Some(AssetClass::Etf)).unwrap());
    assert_eq!(row(&|t| t.push_stored(&back).unwrap()), of_run);
    // Read back, it is compared with another run as if it had just been made.
    let (stored_spec, stored_options) = (back.spec().unwrap(), back.options());
    let a = diff::Side::new(&stored_spec, &market, &stored_options, &again).repeated_from(&back);
    let b = diff::Side::new(&spec, &market, &plain, &report);
    let told = diff::diff(&a, &b).unwrap();
    assert!(told.shares.is_empty() && told.difference == 0.0, "{told}");
    assert_eq!(told.identity.iter().map(|c| c.field.as_str()).collect::<Vec<_>>(), ["benchmark_id", "run_id", "seed"]);
}

#[test]
fn records_that_are_cut_foreign_or_changed_say_so() {
    let (spec, _, options, report) = made();
    let stored = RunManifest::new(&spec, &options, &report, None, serde_json::Value::Null).unwrap();
    let text = stored.to_json().unwrap();
    let error = |text: &str| RunManifest::from_json(text).unwrap_err().to_string();
    // Wherever it is cut, it says that it is.
    for share in [1, 3, 10, 50, 90, 99] {
        let cut = &text[..text.len() * share / 100];
        assert!(error(cut).contains("it is cut, in line"), "{share}: {}", error(cut));
    }
    assert_eq!(error(" \n"), "run.json: it is empty; write it again from the run");
    assert!(error("PAR1\u{15}").contains("it is no JSON: "));
    assert!(error("{\"format\": \"other\"}").contains("it is no record of a run: its `format` is not"));
    assert!(error("[1, 2]").contains("it is no record of a run"));
    let with = |from: &str, to: &str| {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text.replacen(from, to, 1)
    };
    let newer = with("\"version\": 1,\n  \"identity\"", "\"version\": 2,\n  \"identity\"");
    assert_eq!(
        error(&newer),
        "run.json: its version is 2, and this crate reads 1; read it with the version of the engine that wrote it"
    );
    let strange = with("\"asset_class\": null", "\"asset_class\": null, \"colour\": 3");
    assert!(error(&strange).contains("unknown field `colour`"), "{}", error(&strange));
    let less = with("  \"asset_class\": null,\n", "");
    assert!(RunManifest::from_json(&less).is_ok_and(|m| m == stored), "what may be missing may be left out");
    let less = with("  \"capital\": 10000.0,\n", "");
    assert!(error(&less).contains("missing field `capital`"), "{}", error(&less));
    // What no id covers, the sum does.
    let won = format!("\"pnl\": {:?}", stored.pnl);
    for (from, to) in [
        ("\"capital\": 10000.0", "\"capital\": 20000.0"),
        ("\"asset_class\": null", "\"asset_class\": \"etf\""),
        ("\"benchmark\": null", "\"benchmark\": [0.0]"),
        ("\"eval_end\": null", "\"eval_end\": \"2024-03-01T00:00:00Z\""),
        (&won, "\"pnl\": 1.0"),
        ("\"data\": null", "\"data\": 1"),
    ] {
        assert!(error(&with(from, to)).contains("it was changed: its sum is not the one of its fields"), "{from}");
    }
    let moved = with("\"symbol\": \"SPY\"", "\"symbol\": \"QQQ\"");
    assert!(error(&moved).contains("its run_id is not the one of its fields"), "{}", error(&moved));
    let unlabelled = with("\"is_same_bar\": false", "\"is_same_bar\": true");
    assert!(error(&unlabelled).contains("is_same_bar is not what fill_timing says"), "{}", error(&unlabelled));
    let other = with("fraction = \\\"1\\\"", "fraction = \\\"0.5\\\"");
    assert!(error(&other).contains("run.json, spec: it is not the strategy of the identity"), "{}", error(&other));
}

#[test]
fn the_trade_log_has_a_row_for_each_trade() {
    let (.., report) = made();
    let table = trade_log(&report.trades).unwrap();
    assert_eq!(table.len(), report.trades.len());
    assert!(table.len() > 10);
    let Some(Values::Float(pnl)) = table.column("pnl") else { panic!() };
    let won: f64 = pnl.iter().flatten().sum();
    assert!((won - report.pnl()).abs() < 1e-6);
    let Some(Values::Time(entries)) = table.column("entry_time") else { panic!() };
    assert!(entries.windows(2).all(|t| t[0] < t[1]));
}

#[test]
fn a_record_of_version_1_still_opens() {
    let text = include_str!("stored/run_v1.json");
    let stored = RunManifest::from_json(text).unwrap();
    // Ten units from 110 to 120; see `the_tiny_market_by_hand`.
    assert_eq!((stored.pnl, stored.capital, stored.summary.get("n_trades")), (100.0, 10_000.0, Some(1.0)));
    assert_eq!(
        (&*stored.identity.strategy, &*stored.identity.symbol, &*stored.identity.frequency),
        ("test", "TEST", "1d")
    );
    assert_eq!(stored.asset_class, Some(AssetClass::Index));
    assert_eq!(stored.data, serde_json::json!({ "closes": [100.0, 100.0, 110.0, 120.0, 120.0, 120.0] }));
    assert_eq!(stored.outcome["final_equity"], Some(10_100.0));
    // Made again, it wins the same: what another version adds is nothing.
    let tiny = crate::diff::tiny();
    let (spec, options) = (stored.spec().unwrap(), stored.options());
    let report = run(&spec, &tiny.market, &options).unwrap();
    let now = run(&tiny.spec, &tiny.market, &tiny.options).unwrap();
    let a = diff::Side::new(&spec, &tiny.market, &options, &report).repeated_from(&stored);
    let told = diff::diff(&a, &diff::Side::new(&tiny.spec, &tiny.market, &tiny.options, &now)).unwrap();
    assert_eq!((told.difference, told.shares.len()), (0.0, 1), "{told}");
    assert_eq!(told.shares[0].causes, [diff::Cause::Version]);
    let mut table = MetricsTable::new();
    table.push_stored(&stored).unwrap();
    assert_eq!(table.finish().unwrap().column("pnl"), Some(&Values::Float(vec![Some(100.0)])));
}

#[test]
fn identities_of_a_sweep_are_those_of_its_points_one_by_one() {
    let simulated = crate::support::simulated();
    let bars = simulated.bars(Timeframe::H1).unwrap();
    let markets: Vec<Arc<Market>> =
        bars[..2].iter().map(|b| Arc::new(Market::new(b, simulated.calendar()).unwrap())).collect();
    let start = markets[0].columns().axis().open()[20];
    let window = Window::one(TimeRange { start, end: i64::MAX / 2 }).unwrap();
    let reads = spec();
    let reads = StrategySpec { filters: vec!["if($fast > 5, sym(\"TLT\", close) > 0, true)".into()], ..reads };
    let universe = qe_engine::market::Symbols::new(markets.iter().map(|m| &**m)).unwrap();
    let reading = markets.iter().map(|m| Arc::new(Market::clone(m).with_symbols(&universe))).collect::<Vec<_>>();
    // Not all are warm by the first bar that is scored; where they may wait, each has an identity of its own.
    let cases = [
        (spec(), markets.clone(), Warmup::Required),
        (spec(), markets, Warmup::Idle),
        (reads, reading, Warmup::Required),
    ];
    for (spec, markets, warmup) in cases {
        let options = SweepOptions { warmup, ..SweepOptions::default() };
        let sweep = Sweep::new(&spec, markets, Pool::inline(), options).unwrap();
        let points = PointTable::grid(sweep.params().to_vec(), 10_000).unwrap();
        let told = sweep.identities(&points, Fidelity::FULL, &window).unwrap();
        assert_eq!(told.len(), 240);
        for row in (0..points.len()).step_by(7) {
            assert_eq!(told[row], sweep.identity(&points, row, Fidelity::FULL, &window).unwrap(), "row {row}");
        }
        let ids: std::collections::BTreeSet<Id> = told.iter().map(|i| i.run_id).collect();
        assert_eq!(ids.len(), 240);
        assert!(told.iter().all(|i| i.own_id().unwrap() == i.run_id));
    }
}
