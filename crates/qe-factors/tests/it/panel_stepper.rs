//! A panel as its rows come in: the bits of the whole panel, with holes, and kept in the middle.

use qe_core::calendar::Calendar;
use qe_core::columns::Axis;
use qe_core::fit::Fit;
use qe_core::panel::Panel;
use qe_core::par::Pool;
use qe_core::time::TimeRange;
use qe_factors::expr::{compile, parse};
use qe_factors::learned::{Levels, Scores};
use qe_factors::plan::{PanelStepper, Plan, Snapshot};

use super::across::says_the_same;
use super::memory::CUTS;
use super::plan::{MANY, panel, plan, same, schema};
use super::scopes::window;

/// How many instants are gone on with after each cut.
const ON: usize = 60;

/// The rows of each instant: for each symbol that has one, by its number, the columns that a stepper reads.
fn rows(stepper: &PanelStepper<'_>, panel: &Panel) -> Vec<Vec<(usize, Vec<f64>)>> {
    let n = panel.n_times();
    let all: Vec<&[f64]> = panel.fields().map(|f| &panel.field(f).unwrap()[..]).collect();
    let read: Vec<&[f64]> = stepper.columns().map(|c| &panel.field(c).unwrap()[..]).collect();
    let row = |s: usize, t: usize| {
        let is_there = all.iter().any(|field| !field[s * n + t].is_nan());
        is_there.then(|| (s, read.iter().map(|field| field[s * n + t]).collect()))
    };
    (0..n).map(|t| (0..panel.n_symbols()).filter_map(|s| row(s, t)).collect()).collect()
}

fn step<'s>(stepper: &'s mut PanelStepper<'_>, panel: &Panel, rows: &[Vec<(usize, Vec<f64>)>], t: usize) -> &'s [f64] {
    let (open, available) = (panel.axis().open()[t], panel.axis().available()[t]);
    stepper.step(open, available, rows[t].iter().map(|(s, row)| (*s, &row[..]))).unwrap()
}

fn as_text(stepper: &PanelStepper<'_>) -> Snapshot {
    let text = serde_json::to_string(&stepper.memory().unwrap()).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Instant by instant a plan gives what it gives over the panel, and a stepper that is restored in between the same bits
/// as the one that went on.
pub(crate) fn steps_as_the_panel(plan: &Plan, panel: &Panel) {
    let want = plan.eval_panel(panel, &Pool::inline()).unwrap();
    let mut stepper = plan.panel_stepper(panel, 0).unwrap();
    assert_eq!(stepper.symbols(), panel.symbols());
    let (rows, n, n_outputs) = (rows(&stepper, panel), panel.n_times(), want.len());
    let (mut kept, mut bits) = (Vec::new(), Vec::new());
    for t in 0..n {
        if CUTS.contains(&t) {
            kept.push((t, as_text(&stepper)));
        }
        let got = step(&mut stepper, panel, &rows, t);
        assert_eq!(got.len(), panel.n_symbols() * n_outputs);
        for (s, got) in got.chunks_exact(n_outputs.max(1)).enumerate() {
            for (i, (got, want)) in got.iter().zip(&want).enumerate() {
                let (name, want) = (&plan.outputs()[i].name, want[s * n + t]);
                assert!(same(*got, want), "{name} of symbol {s} at {t}: {got} and {want}");
            }
        }
        bits.push(got.iter().map(|v| v.to_bits()).collect::<Vec<u64>>());
    }
    for (cut, kept) in kept {
        let mut fresh = plan.panel_stepper(panel, 5).unwrap();
        fresh.restore(&kept).unwrap();
        for (t, want) in bits.iter().enumerate().skip(cut).take(ON) {
            let got = step(&mut fresh, panel, &rows, t);
            assert!(got.iter().map(|v| v.to_bits()).eq(want.iter().copied()), "kept before {cut}, at {t}");
        }
    }
}

#[test]
fn the_bits_are_those_of_the_panel() {
    let (panel, _) = panel();
    let texts = [
        "close",
        "cs_rank(sma(close, 5))",
        "if(close > sma(close, 5), cs_rank(cs_rank(volume) * macd(close).hist), -1)",
        "macd(close).signal - cs_demean(cs_rank(volume))",
        "close > sma(close, 5)",
        "cs_rank(ts_sum(cs_rank(ts_sum(cs_rank(close - open), 3)), 3)) + macd(close).macd",
        "cs_rank(if(close > sma(close, 5), 1, 0) + sma(close, 5))",
        "cs_zscore(cs_rank(close - open)) * cs_rank(sma(close, 5)) + cs_rank(7)",
        "neutralize(cs_zscore(close / close[10]), sector) + scale(tf(\"15m\", returns), 2)",
        "latch(cs_rank(close) > 0.8, cs_rank(close) < 0.2) and count_true(cs_rank(volume) > 0.5, 9) > 4",
        "scan(cs_rank(close), prev + 0.1 * (cs_rank(volume) - prev))",
    ];
    steps_as_the_panel(&plan(&texts), &panel);
    steps_as_the_panel(&plan(&texts).with_all_outputs().unwrap(), &panel);
    // Nothing across symbols is nothing special.
    steps_as_the_panel(&plan(MANY), &panel);
}

/// A value of one symbol, by those of all that are there.
type Naive = fn(&[f64], f64) -> f64;

/// What survives a missing row is of nobody where there is no row: neither ranked nor counted, in whole and instant by
/// instant. The values within are those that the plan itself tells of each symbol; who is there is read off the panel.
#[test]
fn who_is_not_there_is_not_compared() {
    let (full, bars) = panel();
    let (n, symbols) = (full.n_times(), full.symbols().to_vec());
    let mut members = vec![vec![TimeRange { start: i64::MIN, end: i64::MAX }]; symbols.len()];
    let time = |t: usize| full.axis().open()[t];
    members[2] = vec![TimeRange { start: time(40), end: time(200) }, TimeRange { start: time(260), end: time(700) }];
    members[5] = vec![];
    // Beside the rows that it lacks anyhow, of which S4 lacks whole blocks.
    let has_row = |s: usize, t: usize| {
        let is_left = match s {
            1 => !t.is_multiple_of(3),
            4 => !(10..150).contains(&t) && !(512..900).contains(&t),
            _ => true,
        };
        is_left && full.fields().any(|field| !full.field(field).unwrap()[s * n + t].is_nan())
    };
    let is_there = |s: usize, t: usize| has_row(s, t) && members[s].iter().any(|r| r.contains(time(t)));
    let mut holed = Panel::new(full.calendar().clone(), full.axis().clone(), symbols.clone()).unwrap();
    for field in full.fields() {
        let values = full.field(field).unwrap().iter().enumerate();
        let values = values.map(|(i, v)| if has_row(i / n, i % n) { *v } else { f64::NAN });
        holed.push(field, values.collect()).unwrap();
    }
    holed.push_group("sector", full.group("sector").unwrap().to_vec()).unwrap();
    let holed = holed.with_members(members.clone()).unwrap();
    let within = [
        "bars_since(close > close[1])",
        "if(latch(close > close[1] * 1.0001, close < close[1] * 0.9999), 1, 0)",
        "tf(\"15m\", close)",
        "count_true(close > open, 7)",
        "scan(close, if(is_missing(close), prev, close))",
        "sym(\"S0\", close)",
        "session",
        "fitted(\"busy\")",
        "fitted(\"z\", scan(close, if(is_missing(close), prev, close)))",
        "7",
    ];
    let ops: [(&str, Naive); 3] = [
        ("cs_rank", |all, x| {
            let (below, same) = (all.iter().filter(|v| **v < x).count(), all.iter().filter(|v| **v == x).count());
            (below as f64 + (same as f64 + 1.0) / 2.0) / all.len() as f64
        }),
        ("cs_demean", |all, x| x - all.iter().sum::<f64>() / all.len() as f64),
        ("scale", |all, x| x / all.iter().map(|v| v.abs()).sum::<f64>()),
    ];
    let (table, train) = (bars[0].columns(), window(bars[0].columns(), 100..340));
    let score = Scores { column: "close".into() }.fit(table, &train).unwrap();
    let level = Levels { column: "volume".into(), below_frac: 0.9 }.fit(table, &train).unwrap();
    let known = schema().with_symbols(symbols.iter().cloned()).with_fitted("z", score).with_fitted("busy", level);
    let texts: Vec<String> = within
        .iter()
        .flat_map(|x| [x.to_string()].into_iter().chain(ops.iter().map(move |(op, _)| format!("{op}({x})"))))
        .collect();
    let asts: Vec<_> = texts.iter().map(|t| parse(t).unwrap()).collect();
    let named: Vec<_> = texts.iter().map(String::as_str).zip(&asts).collect();
    let plan = compile(&named, &known, None).unwrap().into_plan();
    let out = plan.eval_panel(&holed, &Pool::inline()).unwrap();
    let mut n_survived = [0usize; 10];
    for (w, text) in within.iter().enumerate() {
        for t in 0..n {
            let of = |output: usize, s: usize| out[output][s * n + t];
            let inner = |s: usize| of(4 * w, s);
            let there: Vec<f64> =
                (0..symbols.len()).filter(|s| is_there(*s, t) && !inner(*s).is_nan()).map(inner).collect();
            for s in 0..symbols.len() {
                n_survived[w] += usize::from(!is_there(s, t) && !inner(s).is_nan());
                for (i, (op, expected)) in ops.iter().enumerate() {
                    let got = of(4 * w + 1 + i, s);
                    if !is_there(s, t) || inner(s).is_nan() {
                        assert!(got.is_nan(), "{op}({text}) of {s}, which is not there at {t}: {got}");
                        continue;
                    }
                    let want = expected(&there, inner(s));
                    let near = (got - want).abs() <= 1e-9 * inner(s).abs().max(1.0);
                    assert!(near || got.is_nan() && want.is_nan(), "{op}({text}) of {s} at {t}: {got}, not {want}");
                }
            }
        }
    }
    assert!(n_survived.iter().all(|n| *n > 100), "{n_survived:?}");
    steps_as_the_panel(&plan, &holed);
    says_the_same(&plan, &holed);
}

#[test]
fn rows_that_do_not_fit_are_not_taken() {
    let (panel, _) = panel();
    let plan = plan(&["cs_rank(ema(close, 3)) + volume"]);
    let mut stepper = plan.panel_stepper(&panel, 0).unwrap();
    assert_eq!(stepper.columns().collect::<Vec<_>>(), ["close", "volume"]);
    stepper.step(0, 1, [(0, &[1.0, 2.0][..]), (6, &[3.0, 4.0])]).unwrap();
    let before = stepper.memory().unwrap();
    assert!(stepper.step(1, 2, [(7, &[1.0, 2.0][..])]).is_none());
    assert!(stepper.step(1, 2, [(1, &[1.0][..])]).is_none());
    assert!(stepper.step(1, 2, [(1, &[1.0, 2.0][..]), (1, &[1.0, 2.0])]).is_none());
    assert_eq!(stepper.memory().unwrap(), before);
    // What was refused is not there at the next instant, and nobody else is either.
    assert!(stepper.step(1, 2, []).unwrap().iter().all(|v| v.is_nan()));
}

#[test]
fn what_cannot_be_stepped_or_restored_is_told() {
    let of = |symbols: [&str; 2], groups: Option<[&str; 2]>| {
        let axis = Axis::instants(Vec::<i64>::new()).unwrap();
        let mut panel = Panel::new(Calendar::us_equities(), axis, symbols.map(str::to_owned)).unwrap();
        if let Some(groups) = groups {
            panel.push_group("sector", groups.map(str::to_owned).into()).unwrap();
        }
        panel
    };
    let plan = plan(&["neutralize(sma(close, 3), sector)"]);
    let said = |e: qe_factors::Error| e.to_string();
    let ab = of(["A", "B"], Some(["x", "y"]));
    assert!(said(plan.panel_stepper(&of(["A", "B"], None), 0).unwrap_err()).contains("grouping"));
    assert!(said(plan.stepper(0).unwrap_err()).contains("let Plan::panel_stepper take all symbols' rows"));
    let mut stepper = plan.panel_stepper(&ab, 0).unwrap();
    stepper.step(0, 1, [(0, &[1.0][..]), (1, &[2.0])]).unwrap();
    let kept = as_text(&stepper);
    assert!(plan.panel_stepper(&ab, 0).unwrap().restore(&kept).is_ok());
    for other in [of(["B", "A"], Some(["x", "y"])), of(["A", "B"], Some(["x", "x"]))] {
        let refused = said(plan.panel_stepper(&other, 0).unwrap().restore(&kept).unwrap_err());
        assert!(refused.contains("it is of plan") && refused.contains("columns and symbols"), "{refused}");
    }
    // Of one symbol it is no memory.
    let alone = super::plan::plan(&["sma(close, 3)"]);
    let of_one = alone.stepper(0).unwrap().memory().unwrap();
    assert!(alone.panel_stepper(&ab, 0).unwrap().restore(&of_one).is_err());
    let known = super::plan::schema().with_symbols(["QQQ"]);
    let reads = super::scopes::with_schema("sym(\"QQQ\", close)", &known);
    let refused = said(reads.panel_stepper(&ab, 0).unwrap_err());
    assert!(refused.contains("symbol \"QQQ\": the plan reads it, and it is not there"), "{refused}");
}
