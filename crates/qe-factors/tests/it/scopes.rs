//! The four scopes: what reads an open position or the account, what was fitted, and what is of another symbol.

use qe_core::bars::Bars;
use qe_core::calendar::Calendar;
use qe_core::columns::{Axis, Columns};
use qe_core::eval::Window;
use qe_core::fit::{Fit, Frozen};
use qe_core::panel::Panel;
use qe_core::par::{Pool, Threads};
use qe_core::param::{Param, Value as ParamValue};
use qe_core::point::PointTable;
use qe_core::time::TimeRange;
use qe_core::timeframe::Timeframe;
use qe_factors::computer::{self, FactorSpec};
use qe_factors::expr::{Compiled, Schema, compile, compile_scoped, parse};
use qe_factors::indicators;
use qe_factors::learned::{Levels, Score, Scores};
use qe_factors::plan::{Field, Outside, Plan, Scope, Ty, Values};

use crate::naive::Mem;
use crate::panel_stepper::steps_as_the_panel;
use crate::plan::{minutes, schema};

fn scoped(text: &str, scope: Scope, schema: &Schema) -> Result<Compiled, qe_factors::Error> {
    compile_scoped(&[("x", &parse(text).unwrap(), scope)], schema, None)
}

pub(crate) fn with_schema(text: &str, schema: &Schema) -> Plan {
    compile(&[("x", &parse(text).unwrap())], schema, None).unwrap_or_else(|e| panic!("{e}")).into_plan()
}

fn same(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan())
}

fn pool(n: usize) -> Pool {
    Pool::new(Threads::N(n.try_into().unwrap())).unwrap()
}

/// The values of a rule's inputs in a row.
fn inputs(values: &Values, inputs: &[usize], row: usize) -> Vec<f64> {
    let of = |idx: &usize| match values.number(*idx) {
        Some(v) => v[row],
        None => values.condition(*idx).unwrap().get(row).map_or(f64::NAN, |v| f64::from(u8::from(v))),
    };
    inputs.iter().map(of).collect()
}

#[test]
fn a_trailing_exit_ratchets_at_every_point() {
    let bars = minutes(3, false);
    let get = |name: &str| bars.columns().get(name).unwrap().to_f64();
    let (high, low, close) = (get("high"), get("low"), get("close"));
    let points = PointTable::grid([Param::float("k", 1.0, 4.0, 2.0).step(0.5)], 100).unwrap();
    let exit = parse("close < max_since_entry(close - $k * atr(14)) or pos.bars >= 36").unwrap();
    let compiled = compile_scoped(&[("exit", &exit, Scope::EXIT)], &schema(), Some(&points)).unwrap();
    let values = compiled.plan().eval(bars.columns()).unwrap();
    let mut atr = vec![0.0; close.len()];
    indicators::atr::atr(&high, &low, &close, 14, &mut atr);
    let mut seen = Vec::new();
    for point in 0..points.len() {
        let rule = compiled.rule(0, point).unwrap();
        assert_eq!((rule.reads_position(), rule.reads_account(), rule.fields()), (true, false, &[Field::PosBars][..]));
        let k = points.value(point, 0).unwrap();
        let qe_core::param::Value::Float(k) = k else { panic!("{k:?}") };
        let mut memory = rule.memory();
        for entry in [20, 300, 611] {
            memory.reset();
            let (mut stop, mut want) = (f64::MIN, None);
            let mut got = None;
            for row in entry..close.len() {
                stop = f64::max(stop, close[row] - k * atr[row]);
                let bars_open = (row - entry) as f64;
                if want.is_none() && (close[row] < stop || bars_open >= 36.0) {
                    want = Some(row);
                }
                let outside = Outside { pos_bars: bars_open, ..Outside::NONE };
                let now = rule.run(&inputs(&values, rule.inputs(), row), &outside, &mut memory);
                if got.is_none() && now == 1.0 {
                    got = Some(row);
                }
            }
            assert_eq!(got, want, "k {k}, entry {entry}");
            seen.push(got.unwrap() - entry);
        }
    }
    seen.sort_unstable();
    seen.dedup();
    assert!(seen.len() > 8 && seen.last() == Some(&36), "{seen:?}");
}

#[test]
fn a_rule_passes_over_what_is_missing_and_never_fires_on_it() {
    let rule = |text: &str| scoped(text, Scope::SIZE, &schema()).unwrap();
    let held = rule("min_since_entry(close)");
    let held = held.rule(0, 0).unwrap();
    let mut memory = held.memory();
    let run = |x: f64, memory: &mut _| held.run(&[x], &Outside::NONE, memory);
    assert!(run(f64::NAN, &mut memory).is_nan());
    let got = [5.0, f64::NAN, 7.0, 4.0, 6.0].map(|x| run(x, &mut memory));
    assert_eq!(got, [5.0, 5.0, 5.0, 4.0, 4.0]);
    memory.reset();
    assert_eq!(run(9.0, &mut memory), 9.0);
    for text in ["not (close < entry.price)", "pos.pnl_frac != 0", "not (equity > 0 and close > 0)"] {
        let compiled = rule(text);
        let rule = compiled.rule(0, 0).unwrap();
        let given = vec![1.0; rule.inputs().len()];
        assert!(rule.run(&given, &Outside::NONE, &mut rule.memory()).is_nan(), "{text}");
    }
    let size = rule("clip(0.02 * equity / (2 * atr(14)), 0, cash / close) * if(drawdown > 0.1, 0.5, 1)");
    let size = size.rule(0, 0).unwrap();
    assert_eq!((size.ty(), rule("not (pos.bars > 3)").rule(0, 0).unwrap().ty()), (Ty::Num, Ty::Cond));
    let known = Outside { equity: 10_000.0, cash: 5_000.0, drawdown: 0.2, ..Outside::NONE };
    // The inputs come in the order in which they are read: atr doubled, then the close.
    assert_eq!(size.run(&[5.0, 50.0], &known, &mut size.memory()), 20.0);
}

#[test]
fn what_a_scope_does_not_know_is_refused_at_its_place() {
    for (text, scope, said) in [
        ("close > 1 and close < entry.price", Scope::SERIES, "entry.price is known of an open position alone"),
        ("max_since_entry(close) > 2", Scope::SERIES, "max_since_entry is known of an open position alone"),
        ("min_since_entry(close) > 2", Scope::GATE, "min_since_entry is known of an open position alone"),
        ("pos.bars > 2 and drawdown > 0.2", Scope::EXIT, "drawdown is known of the account alone"),
        ("pos.bars > 2", Scope::GATE, "pos.bars is known of an open position alone"),
        ("prev > 2", Scope::SIZE, "prev is known of the step of a scan alone"),
        ("scan(close, max(prev, max_since_entry(close)))", Scope::SIZE, "max_since_entry is known of"),
        ("tf(\"1h\", close < entry.price)", Scope::EXIT, "entry.price is known of"),
        ("sma(entry.price, 3)", Scope::EXIT, "one value and no series"),
        ("max_since_entry(close)[1]", Scope::EXIT, "one value and no series"),
        ("max_since_entry(close, 3)", Scope::EXIT, "takes no such argument"),
    ] {
        let got = scoped(text, scope, &schema()).unwrap_err().to_string();
        assert!(got.contains(said), "{text}: {got}");
    }
    let shown = scoped("close > 1 and close < entry.price", Scope::SERIES, &schema()).unwrap_err().to_string();
    let (line, caret) = (shown.find("entry.price\n").unwrap(), shown.find('^').unwrap());
    let column = |at: usize| at - shown[..at].rfind('\n').unwrap();
    assert_eq!(column(line), column(caret), "{shown}");
    // Where it may be read, one that reads the market alone is a series all the same.
    let market = scoped("close > sma(close, 3)", Scope::SIZE, &schema()).unwrap();
    assert_eq!((market.output(0, 0), market.rule(0, 0)), (Some(0), None));
}

#[test]
fn the_caret_of_a_value_out_of_scope_is_where_it_is_meant() {
    for (text, scope, place, said) in [
        ("scan(close, prev + 1) + prev", Scope::SERIES, 24, "prev is known of the step of a scan alone"),
        (
            "close < entry.price and scan(close, prev + entry.price) > 1",
            Scope::EXIT,
            43,
            "a scan is computed in every row",
        ),
        ("scan(close, prev + equity)", Scope::SIZE, 19, "read it outside of the scan"),
        (
            "max_since_entry(close) > scan(close, max(prev, min_since_entry(close)))",
            Scope::EXIT,
            47,
            "min_since_entry is known of an open position alone",
        ),
        ("close < entry.price and tf(\"1h\", close < entry.price)", Scope::EXIT, 41, "computed from the market"),
        ("close < entry.pric", Scope::EXIT, 8, "did you mean `entry.price`?"),
    ] {
        let got = scoped(text, scope, &schema()).unwrap_err().to_string();
        let shown = got.lines().find(|line| line.trim_start().starts_with('^')).unwrap();
        assert_eq!(shown.find('^').unwrap(), place + 2, "{got}");
        assert!(got.contains(said), "{text}: {got}");
    }
}

#[test]
fn rules_of_many_points_and_long_rules_compile_in_proportion() {
    // A rule without parameters was made anew for every point, each operation looked for among all: 11 ms a point.
    let terms: Vec<String> = (0..1300).map(|i| format!("max_since_entry({i} * close)")).collect();
    let same = parse(&terms.join(" + ")).unwrap();
    let points = PointTable::grid([Param::int("n", 1, 10_000, 1)], 10_000).unwrap();
    let bars = parse("pos.bars > $n and close < entry.price").unwrap();
    let asts = [("same", &same, Scope::EXIT), ("bars", &bars, Scope::EXIT)];
    let compiled = compile_scoped(&asts, &schema(), Some(&points)).unwrap();
    assert_eq!((compiled.rules().len(), compiled.plan().outputs().len()), (10_001, 1301));
    assert!(compiled.rule(0, 0).is_some() && compiled.rule(0, 0) == compiled.rule(0, 9999));
    assert!(compiled.rule(0, 10_000).is_none() && compiled.rule(1, 9999).unwrap().to_string().contains("= 10000\n"));
    let varying = parse(&terms.join(" + ").replace("* close", "* close + $n")).unwrap();
    let compiled = compile_scoped(&[("x", &varying, Scope::EXIT)], &schema(), Some(&points.slice(0..20))).unwrap();
    assert_eq!(compiled.rules().len(), 20);
    let none = compile_scoped(&asts, &schema(), Some(&points.slice(0..0))).unwrap();
    assert!(none.rules().is_empty() && none.rule(0, 0).is_none());
}

#[test]
fn points_share_rules_and_what_they_read() {
    let points = PointTable::grid([Param::int("n", 2, 11, 2), Param::int("b", 1, 50, 1)], 500).unwrap();
    let asts = ["close > sma(close, $n)", "close < sma(close, $n) and pos.bars > 5", "pos.bars > $b"]
        .map(|t| parse(t).unwrap());
    let scopes = [Scope::SERIES, Scope::EXIT, Scope::EXIT];
    let named: Vec<_> =
        ["entry", "exit", "time"].into_iter().zip(&asts).zip(scopes).map(|((n, a), s)| (n, a, s)).collect();
    let compiled = compile_scoped(&named, &schema(), Some(&points)).unwrap();
    assert_eq!((points.len(), compiled.rules().len()), (500, 10 + 50));
    // Ten entries, and beside them ten conditions and the count of rows that exits read.
    assert_eq!(compiled.plan().outputs().len(), 20);
    assert_eq!(compiled.plan().to_string().matches("sma(").count(), 10);
    assert!(compiled.rule(0, 0).is_none() && compiled.output(1, 0).is_none() && compiled.rule(2, 500).is_none());
}

pub(crate) fn window(table: &Columns, rows: std::ops::Range<usize>) -> Window {
    let open = table.axis().open();
    Window::one(TimeRange { start: open[rows.start], end: open[rows.end] }).unwrap()
}

#[test]
fn what_was_fitted_is_heard_after_its_window_alone() {
    let bars = minutes(3, true);
    let table = bars.columns();
    let train = window(table, 100..500);
    let score = Scores { column: "close".into() }.fit(table, &train).unwrap();
    let level = Levels { column: "volume".into(), below_frac: 0.9 }.fit(table, &train).unwrap();
    let known = schema().with_fitted("z", score.clone()).with_fitted("busy", level.clone());
    let plan = with_schema("if(volume > fitted(\"busy\"), fitted(\"z\", close), 0)", &known);
    let output = &plan.outputs()[0];
    assert_eq!(output.fitted.iter().map(|n| &**n).collect::<Vec<_>>(), ["busy", "z"]);
    assert_eq!(output.heard_from, Some(train.hull().end));
    let values = plan.eval(table).unwrap();
    let (got, close, volume) = (values.number(0).unwrap(), table.get("close").unwrap(), table.get("volume").unwrap());
    assert!(got[..500].iter().all(|v| v.is_nan()));
    let (mut n_busy, mut n) = (0, 0);
    for (row, got) in got.iter().enumerate().skip(500) {
        let want =
            if volume.value(row) > level.value() { (close.value(row) - score.mean()) / score.std() } else { 0.0 };
        let want = if volume.value(row).is_nan() { f64::NAN } else { want };
        assert!(same(&[*got], &[want]), "row {row}: {got} for {want}");
        n += usize::from(!want.is_nan());
        n_busy += usize::from(volume.value(row) > level.value());
    }
    assert!(n_busy * 20 > n && n_busy * 5 < n, "{n_busy} of {n}");
    // Asked for in words, it speaks about what it has seen.
    let inside = schema().with_fitted_in_sample("z", score.clone());
    let plan = with_schema("fitted(\"z\", close)", &inside);
    assert_eq!((plan.outputs()[0].heard_from, plan.outputs()[0].fitted.len()), (None, 1));
    assert!(plan.eval(table).unwrap().number(0).unwrap().iter().filter(|v| !v.is_nan()).count() > 1100);
    // The score of a factor is the same thing.
    let spec = FactorSpec {
        score: Some(computer::Score { train: train.hull(), in_sample: false }),
        ..FactorSpec::of(["close"])
    };
    let factor = spec.compute(table).unwrap().factors.get("factor_0").unwrap().to_f64();
    let plan = with_schema("fitted(\"z\", close)", &schema().with_fitted("z", score));
    assert!(same(&factor, plan.eval(table).unwrap().number(0).unwrap()));
    // Row by row it has the same bits.
    let mut stepper = plan.stepper(0).unwrap();
    let axis = table.axis();
    for row in 0..table.len() {
        let got = stepper.step(axis.open()[row], axis.available()[row], &[close.value(row)]).unwrap()[0];
        assert!(same(&[got], &factor[row..=row]), "row {row}");
    }
}

#[test]
fn what_was_fitted_is_told_however_deep_it_stands() {
    let bars = minutes(3, true);
    let train = window(bars.columns(), 100..500);
    let z = Scores { column: "close".into() }.fit(bars.columns(), &train).unwrap();
    let later = Scores { column: "close".into() }.fit(bars.columns(), &window(bars.columns(), 100..700)).unwrap();
    let known = schema().with_symbols(["SPY"]).with_fitted("z", z.clone()).with_fitted("later", later);
    let known = known.with_fitted_in_sample("seen", z);
    for text in [
        "tf(\"15m\", fitted(\"z\", close))",
        "sma(tf(\"15m\", fitted(\"z\", close)) > 0, 3)",
        "sym(\"SPY\", tf(\"15m\", fitted(\"z\", close)))",
        "sym(\"SPY\", fitted(\"z\", close)) + close",
        "scan(0, prev + fitted(\"z\", close))",
    ] {
        let plan = with_schema(text, &known);
        let output = &plan.outputs()[0];
        let names: Vec<&str> = output.fitted.iter().map(|n| &**n).collect();
        assert_eq!((&names[..], output.heard_from), (&["z"][..], Some(train.hull().end)), "{text}");
        let table = match plan.symbols().next() {
            Some(_) => plan.with_symbols(bars.columns(), &[("SPY", bars.columns())]).unwrap(),
            None => bars.columns().clone(),
        };
        let values = plan.eval(&table).unwrap();
        let values = values.number(0).unwrap();
        assert!(values[..500].iter().all(|v| v.is_nan()) && values[600..].iter().any(|v| !v.is_nan()), "{text}");
    }
    let plan =
        with_schema("tf(\"15m\", fitted(\"z\", close) - fitted(\"later\", open)) + fitted(\"seen\", low)", &known);
    let output = &plan.outputs()[0];
    assert_eq!(output.fitted.iter().map(|n| &**n).collect::<Vec<_>>(), ["later", "seen", "z"]);
    assert_eq!(output.heard_from, Some(bars.columns().axis().open()[700]));
    let plan = with_schema("tf(\"15m\", fitted(\"seen\", close))", &known);
    assert_eq!((plan.outputs()[0].fitted.len(), plan.outputs()[0].heard_from), (1, None));
}

#[test]
fn fits_on_other_windows_are_not_shared_and_know_no_more_than_their_window() {
    let bars = minutes(3, false);
    let table = bars.columns();
    let fit = |rows| Scores { column: "close".into() }.fit(table, &window(table, rows)).unwrap();
    let (a, b) = (fit(0..300), fit(0..301));
    assert_ne!(a.id(), b.id());
    let plan =
        with_schema("fitted(\"a\", close) - fitted(\"b\", close)", &schema().with_fitted("a", a).with_fitted("b", b));
    let values = plan.eval(table).unwrap();
    assert!(values.number(0).unwrap()[300].is_nan() && values.number(0).unwrap()[301] != 0.0);
    // A changed future leaves the fit as it was.
    let mut tampered = Columns::new(table.axis().clone());
    let close = table.get("close").unwrap();
    let changed: Vec<f64> = (0..table.len()).map(|i| if i < 300 { close.value(i) } else { 1e6 }).collect();
    tampered.push("close", changed).unwrap();
    let again = Scores { column: "close".into() }.fit(&tampered, &window(table, 0..300)).unwrap();
    assert_eq!(again.id(), fit(0..300).id());
}

#[test]
fn what_cannot_be_fitted_or_is_not_known_is_told() {
    let bars = minutes(2, false);
    let table = bars.columns();
    let train = window(table, 0..300);
    let z = Scores { column: "close".into() }.fit(table, &train).unwrap();
    let known_id = z.id();
    let known = schema().with_fitted("zscore_2024", z);
    for (text, said) in [
        ("fitted(\"zscore_2025\", close)", "did you mean `zscore_2024`?"),
        ("fitted(\"zscore_2024\")", "reads 1 series, and is given 0"),
        ("fitted(\"zscore_2024\", close, open)", "reads 1 series, and is given 2"),
        ("fitted(close, close)", "is a word"),
        ("fitted()", "fitted takes the name"),
        ("fitted(\"zscore_2024\", close).slope", "has the outputs .value"),
    ] {
        let got = scoped(text, Scope::SERIES, &known).unwrap_err().to_string();
        assert!(got.contains(said), "{text}: {got}");
    }
    let got = scoped("fitted(\"zscore_2024\", close)", Scope::MARKET, &known).unwrap_err().to_string();
    assert!(got.contains("computed from the market alone"), "{got}");
    let none = Window::one(TimeRange { start: 0, end: 1 }).unwrap();
    let got = Scores { column: "close".into() }.fit(table, &none).unwrap_err().to_string();
    assert!(got.contains("holds 0 values"), "{got}");
    assert!(Levels { column: "close".into(), below_frac: 1.5 }.fit(table, &train).is_err());
    assert!(Levels { column: "close".into(), below_frac: 0.5 }.fit(table, &none).is_err());
    // A computation reads 16 series, one of them the times.
    let sixteen = |n_inputs| Mem { n_inputs, seen: train.clone(), id: known_id };
    let text = |n: usize| format!("fitted(\"wide\"{}).b", ", close".repeat(n));
    let got = scoped(&text(16), Scope::SERIES, &schema().with_fitted("wide", sixteen(16))).unwrap_err().to_string();
    assert!(got.contains("wide reads 16 series, and 15 are the most that can be"), "{got}");
    let plan = with_schema(&text(15), &schema().with_fitted("wide", sixteen(15)));
    let (values, mut stepper) = (plan.eval(table).unwrap(), plan.stepper(0).unwrap());
    for row in 0..table.len() {
        let (open, available) = (table.axis().open()[row], table.axis().available()[row]);
        let got = stepper.step(open, available, &[table.get("close").unwrap().value(row)]).unwrap();
        assert!(same(got, &values.number(0).unwrap()[row..=row]));
    }
    assert!(Score::new(1.0, 0.0, train.clone()).is_err() && Score::new(f64::NAN, 1.0, train).is_err());
}

/// A level is the quantile that numpy's default method gives: `numpy.quantile([1, 2, 4, 8, 16], [0, 0.3, 0.5, 0.9, 1])`.
#[test]
fn a_level_is_the_quantile_of_its_window() {
    let axis = Axis::instants((0..7).collect::<Vec<i64>>()).unwrap();
    let table = Columns::new(axis).with("x", vec![8.0, 1.0, f64::NAN, 16.0, 2.0, 4.0, 99.0]).unwrap();
    let train = Window::one(TimeRange { start: 0, end: 6 }).unwrap();
    let level = |below_frac| Levels { column: "x".into(), below_frac }.fit(&table, &train).unwrap().value();
    let got = [0.0, 0.3, 0.5, 0.9, 1.0].map(level);
    let want = [1.0, 2.4, 4.0, 12.8, 16.0];
    assert!(got.iter().zip(want).all(|(g, w)| (g - w).abs() < 1e-12), "{got:?}");
}

/// The same minutes for another symbol: shifted prices, every third row gone, and known half a minute late.
pub(crate) fn other(bars: &Bars) -> Columns {
    let rows: Vec<usize> = (0..bars.columns().len()).filter(|i| i % 3 != 1).collect();
    let axis = bars.columns().axis();
    let pick = |v: &[i64], late: i64| rows.iter().map(|&i| v[i] + late).collect::<Vec<i64>>();
    let mut out = Columns::new(Axis::new(pick(axis.open(), 0), pick(axis.available(), 30_000_000_000)).unwrap());
    for (name, column) in bars.columns().iter() {
        let values: Vec<f64> = rows.iter().map(|&i| 3.0 * column.value(i) + 1.0).collect();
        out.push(name, values).unwrap();
    }
    out
}

#[test]
fn another_symbol_is_seen_as_far_as_its_rows_are_complete() {
    let bars = minutes(3, false);
    let (host, spy) = (bars.columns(), other(&bars));
    let known = schema().with_symbols(["SPY", "QQQ"]);
    for text in ["sma(close, 5)", "tf(\"15m\", rsi(close, 3))", "close > open", "ema(close, 4)[2] + returns"] {
        let plan = with_schema(&format!("sym(\"SPY\", {text}) * 1"), &known);
        assert_eq!(plan.symbols().collect::<Vec<_>>(), ["SPY"]);
        assert_eq!(plan.columns().count(), 0);
        let alone = with_schema(&format!("({text}) * 1"), &schema()).eval(&spy).unwrap();
        let alone = alone.number(0).unwrap();
        let joined = plan.with_symbols(host, &[("SPY", &spy)]).unwrap();
        let values = plan.eval(&joined).unwrap();
        let got = values.number(0).unwrap();
        let want: Vec<f64> = (0..host.len())
            .map(|row| {
                let now = host.axis().available()[row];
                let last = spy.axis().available().iter().rposition(|t| *t <= now);
                last.map_or(f64::NAN, |i| alone[i])
            })
            .collect();
        assert!(same(got, &want), "{text}");
        assert!(got.iter().filter(|v| !v.is_nan()).count() > 900, "{text}");
        // Live: rows of both as they become known.
        let mut stepper = plan.stepper(0).unwrap();
        let inner = plan.of_symbol("SPY").unwrap();
        let mut next = 0;
        for row in 0..host.len() {
            let (open, now) = (host.axis().open()[row], host.axis().available()[row]);
            while next < spy.len() && spy.axis().available()[next] <= now {
                let values: Vec<f64> = inner.columns().map(|c| spy.get(c).unwrap().value(next)).collect();
                let (open, available) = (spy.axis().open()[next], spy.axis().available()[next]);
                stepper.step_symbol("SPY", open, available, &values).unwrap();
                next += 1;
            }
            assert!(same(stepper.step(open, now, &[]).unwrap(), &want[row..=row]), "{text}, row {row}");
        }
        assert!(stepper.step_symbol("QQQ", 0, 0, &[]).is_none() && stepper.step_symbol("SPY", 0, 0, &[]).is_none());
    }
}

#[test]
fn rows_of_another_symbol_may_begin_within_its_data() {
    let bars = minutes(3, false);
    let (host, spy) = (bars.columns(), other(&bars));
    let known = schema().with_symbols(["SPY"]);
    let plan = with_schema("sym(\"SPY\", tf(\"15m\", volume) + sma(close, 7)) + close", &known);
    let spy = spy.slice(7..);
    let table = plan.with_symbols(host, &[("SPY", &spy)]).unwrap();
    let values = plan.eval(&table).unwrap();
    let want = values.number(0).unwrap();
    let mut stepper = plan.stepper(0).unwrap();
    assert!(stepper.begin_symbol("QQQ", 7).is_none());
    stepper.begin_symbol("SPY", spy.first_row()).unwrap();
    let inner = plan.of_symbol("SPY").unwrap();
    let mut next = 0;
    for row in 0..host.len() {
        let (open, now) = (host.axis().open()[row], host.axis().available()[row]);
        while next < spy.len() && spy.axis().available()[next] <= now {
            let values: Vec<f64> = inner.columns().map(|c| spy.get(c).unwrap().value(next)).collect();
            stepper.step_symbol("SPY", spy.axis().open()[next], spy.axis().available()[next], &values).unwrap();
            next += 1;
        }
        let got = stepper.step(open, now, &[host.get("close").unwrap().value(row)]).unwrap();
        assert!(same(got, &want[row..=row]), "row {row}: {got:?} for {}", want[row]);
    }
    // The first bar is seen in part, and so not seen.
    assert_eq!(want.iter().position(|v| !v.is_nan()), Some(30));
    stepper.begin_symbol("SPY", 0).unwrap();
    assert!(stepper.step(i64::MAX, i64::MAX, &[1.0]).unwrap()[0].is_nan());
}

#[test]
fn over_a_panel_every_symbol_reads_the_one() {
    let base = minutes(2, false);
    let bars: Vec<Bars> = [("AAA", 1.0), ("BBB", 2.0), ("SPY", 5.0)]
        .map(|(name, by)| {
            let mut columns = Columns::new(base.axis().clone());
            for (field, c) in base.columns().iter() {
                // Prices that are no multiples of one another, within highs and lows that are wide enough.
                let room = [("high", 9.0), ("low", -9.0)].iter().find(|(f, _)| *f == field).map_or(0.0, |(_, r)| *r);
                let moved = |i: usize| by * c.value(i) + (i * i % 7) as f64 / by + room;
                columns.push(field, (0..c.len()).map(moved).collect::<Vec<f64>>()).unwrap();
            }
            Bars::from_columns(name, Timeframe::M1, columns).unwrap()
        })
        .into();
    let panel = Panel::from_bars(qe_core::calendar::Calendar::us_equities(), &bars).unwrap();
    let known = schema().with_symbols(panel.symbols().iter().cloned());
    let text = "cs_rank(corr(returns, sym(\"SPY\", returns), 30)) + sym(\"SPY\", sma(close, 9)) / close";
    let plan = with_schema(text, &known);
    let got = plan.eval_panel(&panel, &pool(1)).unwrap();
    let two = plan.eval_panel(&panel, &pool(2)).unwrap();
    assert!(same(&got[0], &two[0]));
    steps_as_the_panel(&plan, &panel);
    // Without the rank a symbol's rows are those of its own table beside SPY's.
    let plan = with_schema("corr(returns, sym(\"SPY\", returns), 30) + sym(\"SPY\", sma(close, 9)) / close", &known);
    let of_panel = plan.eval_panel(&panel, &pool(1)).unwrap();
    let n = panel.n_times();
    for (i, symbol) in panel.symbols().iter().enumerate() {
        let table = plan.with_symbols(bars[i].columns(), &[("SPY", bars[2].columns())]).unwrap();
        let alone = plan.eval(&table).unwrap();
        assert!(same(alone.number(0).unwrap(), &of_panel[0][i * n..(i + 1) * n]), "{symbol}");
    }
    assert!(of_panel[0][n - 1].is_finite());
    let lacking = Schema::new(["close"]).with_symbols(["QQQ"]);
    let plan = with_schema("sym(\"QQQ\", close)", &lacking);
    let error = plan.eval_panel(&panel, &pool(1)).unwrap_err().to_string();
    assert!(error.contains("symbol \"QQQ\": the plan reads it, and it is not there"), "{error}");
}

#[test]
fn a_panel_and_tables_agree_where_the_other_symbol_lacks_rows() {
    let at: Vec<i64> = (0..6).collect();
    let n = f64::NAN;
    let mut panel = Panel::new(
        qe_core::calendar::Calendar::us_equities(),
        Axis::instants(at.clone()).unwrap(),
        ["A", "SPY"].map(str::to_owned),
    )
    .unwrap();
    panel.push("close", [vec![1.0; 6], vec![n, 10.0, n, 12.0, 13.0, n]].concat()).unwrap();
    let plan = with_schema("sym(\"SPY\", close[1])", &Schema::new(["close"]).with_symbols(["SPY"]));
    let of_panel = plan.eval_panel(&panel, &pool(1)).unwrap().remove(0);
    steps_as_the_panel(&plan, &panel);
    let table = |at: Vec<i64>, x: Vec<f64>| Columns::new(Axis::instants(at).unwrap()).with("close", x).unwrap();
    let (host, spy) = (table(at, vec![1.0; 6]), table(vec![1, 3, 4], vec![10.0, 12.0, 13.0]));
    let alone = plan.eval(&plan.with_symbols(&host, &[("SPY", &spy)]).unwrap()).unwrap();
    let want = [n, n, n, 10.0, 12.0, 12.0];
    assert!(same(&of_panel[..6], &want) && same(&of_panel[6..], &want), "{of_panel:?}");
    assert!(same(alone.number(0).unwrap(), &want));
}

#[test]
fn points_share_what_they_read_of_another_symbol() {
    let points = PointTable::grid([Param::int("n", 2, 21, 2), Param::int("m", 45, 54, 50)], 200).unwrap();
    let ast = parse("sym(\"SPY\", close > sma(close, $n)) and rsi(14) > $m").unwrap();
    let own = Schema::new(["close", "spy_only"]);
    let known = schema().with_symbol("SPY", own);
    let compiled = compile(&[("gate", &ast)], &known, Some(&points)).unwrap();
    let plan = compiled.plan();
    assert_eq!((plan.outputs().len(), plan.of_symbol("SPY").unwrap().outputs().len()), (200, 20));
    assert_eq!(plan.outputs()[0].lookback, 14);
    assert_eq!(plan.outputs()[199].lookback, 20);
    let bars = minutes(2, false);
    let spy = other(&bars);
    let table = plan.with_symbols(bars.columns(), &[("SPY", &spy)]).unwrap();
    let values = plan.eval(&table).unwrap();
    let counts: Vec<usize> = (0..200)
        .map(|i| (0..table.len()).filter(|r| values.condition(i).unwrap().get(*r) == Some(true)).count())
        .collect();
    assert!(counts.iter().collect::<std::collections::BTreeSet<_>>().len() > 15, "{counts:?}");
    // What nobody reads of it in the end is still named whole in the debugger's view.
    assert!(plan.with_all_outputs().unwrap().eval(&table).is_ok());
    assert!(plan.to_string().contains("of SPY:\n  %0"), "{plan}");
}

#[test]
fn symbols_may_be_parameters() {
    let names: Vec<String> = (0..100).map(|i| format!("S{i}")).collect();
    let symbol = Param::choice("s", names.iter().map(String::as_str), "S0");
    let points = PointTable::grid([symbol, Param::int("n", 1, 100, 1)], 10_000).unwrap();
    // One text for them all, so every name wants a number of its own: they are not tried in turn.
    let compiled = compile(
        &[("x", &parse("sym($s, close) * $n + sym($s, close * $n)").unwrap())],
        &schema().with_symbols(names.iter().map(String::as_str)),
        Some(&points),
    )
    .unwrap();
    let plan = compiled.plan();
    assert_eq!(
        (plan.outputs().len(), plan.symbols().count(), plan.columns_of_symbols().count()),
        (10_000, 100, 10_100)
    );
    let axis = Axis::instants(vec![0]).unwrap();
    let tables: Vec<Columns> =
        (0..100).map(|i| Columns::new(axis.clone()).with("close", vec![f64::from(i)]).unwrap()).collect();
    let tables: Vec<(&str, &Columns)> = names.iter().map(String::as_str).zip(&tables).collect();
    let values = plan.eval(&plan.with_symbols(&Columns::new(axis), &tables).unwrap()).unwrap();
    for point in 0..points.len() {
        let (Some(ParamValue::Text(s)), Some(ParamValue::Int(n))) = (points.value(point, 0), points.value(point, 1))
        else {
            panic!("point {point}");
        };
        let want = 2.0 * s[1..].parse::<f64>().unwrap() * n as f64;
        assert_eq!(values.number(compiled.output(0, point).unwrap()).unwrap(), [want], "{s} {n}");
    }
}

#[test]
fn bars_of_a_symbol_that_are_wider_claim_more_warm_up() {
    let hours = Schema::new(["close"]).bars(Timeframe::H1, qe_core::calendar::Calendar::crypto());
    let days = Schema::new(["close"]).bars(Timeframe::D1, qe_core::calendar::Calendar::us_equities());
    let minutes = |calendar| Schema::new(["close"]).bars(Timeframe::M1, calendar);
    let host = minutes(qe_core::calendar::Calendar::crypto()).with_symbol("H", hours.clone());
    let lookback = |text: &str, schema: &Schema| with_schema(text, schema).lookback();
    assert_eq!(lookback("sym(\"H\", close)", &host), 59);
    assert_eq!(lookback("sma(sym(\"H\", sma(close, 20)), 3)", &host), 20 * 60 + 1);
    let equities = minutes(qe_core::calendar::Calendar::us_equities()).with_symbol("D", days.clone());
    assert_eq!(lookback("sym(\"D\", close[1])", &equities), 2 * 390 - 1);
    // Bars that are narrower, or alike, or of no known width claim their own rows.
    let daily =
        days.clone().with_symbol("M", minutes(qe_core::calendar::Calendar::us_equities())).with_symbol("D", days);
    assert_eq!(lookback("sym(\"M\", close[30]) + sym(\"D\", close[2])", &daily), 30);
    assert_eq!(lookback("sym(\"H\", close[2])", &Schema::new(["close"]).with_symbol("H", hours)), 2);
    // It is what the rows show.
    let plan = with_schema("sym(\"H\", sma(close, 3))", &host);
    let axis = |n: i64, width: i64| {
        Axis::new((0..n).map(|i| i * width).collect::<Vec<i64>>(), (1..=n).map(|i| i * width).collect::<Vec<i64>>())
    };
    let minute = 60_000_000_000;
    let table = Columns::new(axis(600, minute).unwrap());
    let hours = Columns::new(axis(10, 60 * minute).unwrap()).with("close", vec![1.0; 10]).unwrap();
    let values = plan.eval(&plan.with_symbols(&table, &[("H", &hours)]).unwrap()).unwrap();
    assert_eq!(values.number(0).unwrap().iter().position(|v| !v.is_nan()), Some(plan.lookback()));
}

#[test]
fn a_column_of_the_host_may_be_called_like_one_that_is_added() {
    let text = "sym(\"SPY\", close)";
    let long = format!("sym(\"SPY\", close + {})", vec!["open"; 80].join(" + "));
    let names = ["close", "open", text, "sym(\"SPY\", close) #1"];
    let known = Schema::new(names).with_symbol("SPY", Schema::new(["close", "open"]));
    // Two that are alike for as long as a name is.
    let all = format!("{text} + {long} * 10 + {} * 100", long.replace("close + ", "close - "));
    let plan = with_schema(&all, &known);
    let table = |values: [f64; 4]| {
        let mut table = Columns::new(Axis::instants(vec![0]).unwrap());
        names.iter().zip(values).for_each(|(name, x)| table.push(*name, vec![x]).unwrap());
        table
    };
    let spy = table([3.0, 1.0, 0.0, 0.0]);
    let joined = plan.with_symbols(&table([7.0, 7.0, 7.0, 7.0]), &[("SPY", &spy)]).unwrap();
    assert_eq!(joined.names().len(), 7);
    assert_eq!(plan.eval(&joined).unwrap().number(0).unwrap(), [3.0 + 83.0 * 10.0 + 81.0 * 100.0]);
    // Nor is one that is called like an expression, which a frame would hold both of.
    let ast = parse(text).unwrap();
    let own = Schema::new(["close"]).with_symbols(["SPY"]);
    let plan = compile(&[(text, &ast)], &own, None).unwrap().into_plan();
    assert_eq!(&*plan.of_symbol("SPY").unwrap().outputs()[0].name, format!("{text} #1"));
    let plan = with_schema(&all, &known);
    // A table that was not joined is not mistaken for one that was.
    assert!(plan.eval(&table([7.0; 4])).unwrap_err().to_string().contains("Plan::with_symbols"));
}

#[test]
fn what_is_folded_away_wants_no_symbol() {
    let known = schema().with_symbols(["SPY", "QQQ"]);
    let plan =
        with_schema("if(true, close, sym(\"QQQ\", close)) + if(false, sym(\"SPY\", open), sym(\"SPY\", low))", &known);
    assert_eq!(plan.symbols().collect::<Vec<_>>(), ["SPY"]);
    assert_eq!(plan.columns_of_symbols().collect::<Vec<_>>(), ["sym(\"SPY\", low)"]);
    assert_eq!(plan.of_symbol("SPY").unwrap().columns().collect::<Vec<_>>(), ["low"]);
    let bars = minutes(2, false);
    let spy = other(&bars);
    let table = plan.with_symbols(bars.columns(), &[("SPY", &spy)]).unwrap();
    let (got, all) = (plan.eval(&table).unwrap(), plan.with_all_outputs().unwrap().eval(&table).unwrap());
    let low = with_schema("close + sym(\"SPY\", low)", &known);
    let want = low.eval(&low.with_symbols(bars.columns(), &[("SPY", &spy)]).unwrap()).unwrap();
    assert!(same(got.number(0).unwrap(), want.number(0).unwrap()));
    assert!(same(all.number(all.outputs().len() - 1).unwrap(), want.number(0).unwrap()));
}

#[test]
fn a_symbol_that_cannot_be_read_is_told() {
    let known = schema().with_symbols(["SPY"]);
    for (text, said) in [
        ("sym(\"SPX\", close)", "did you mean `SPY`?"),
        ("sym(SPY, close)", "SPY"),
        ("sym(\"SPY\")", "sym takes a symbol and an expression"),
        ("sym(\"SPY\", close, 3)", "sym takes a symbol and an expression"),
        ("sym(\"SPY\", sym(\"SPY\", close))", "a symbol within a symbol"),
        ("tf(\"1h\", sym(\"SPY\", close))", "write sym(\"SPY\", tf(\"1h\", close))"),
        ("sym(\"SPY\", cs_rank(close))", "across symbols within one symbol"),
        ("sym(\"SPY\", clsoe)", "did you mean `close`?"),
        ("sym(\"SPY\", entry.price)", "known of an open position alone"),
        ("sym(3, close)", "a symbol is a word"),
    ] {
        let got = scoped(text, Scope::EXIT, &known).unwrap_err().to_string();
        assert!(got.contains(said), "{text}: {got}");
    }
    let got = scoped("sym(\"SPY\", close)", Scope::EXIT, &schema()).unwrap_err().to_string();
    assert!(got.contains("Schema::with_symbols"), "{got}");
    let got = scoped("fitted(\"z\", close)", Scope::EXIT, &schema()).unwrap_err().to_string();
    assert!(got.contains("Schema::with_fitted"), "{got}");
    let bars = minutes(2, false);
    let plan = with_schema("sym(\"SPY\", close)", &known);
    let got = plan.eval(bars.columns()).unwrap_err().to_string();
    assert!(got.contains("Plan::with_symbols"), "{got}");
    let got = plan.with_symbols(bars.columns(), &[("SPX", bars.columns())]).unwrap_err().to_string();
    assert!(got.contains("did you mean \"SPX\"?"), "{got}");
    let empty = Columns::new(Axis::instants(Vec::new()).unwrap()).with("close", Vec::<f64>::new()).unwrap();
    let table = plan.with_symbols(bars.columns(), &[("SPY", &empty)]).unwrap();
    assert!(plan.eval(&table).unwrap().number(0).unwrap().iter().all(|v| v.is_nan()));
}

#[test]
fn a_label_tells_what_comes_later_and_nothing_that_trades_may_read_one() {
    let bars = minutes(1, false);
    let close = bars.columns().get("close").unwrap().to_f64();
    let (plain, label) = (parse("close / close[3] - 1").unwrap(), parse("forward(close / close[$n] - 1, $n)").unwrap());
    let points = PointTable::grid([Param::int("n", 0, 3, 3)], 10).unwrap();
    let both = [("past", &plain, Scope::SERIES), ("label", &label, Scope::LABEL)];
    let compiled = compile_scoped(&both, &schema(), Some(&points)).unwrap();
    let plan = compiled.plan();
    let out = plan.eval(bars.columns()).unwrap();
    let n = close.len();
    // Three rows ahead, the return of the three rows before is that from here.
    let (past, ahead) = (compiled.output(0, 3).unwrap(), compiled.output(1, 3).unwrap());
    assert!(past != ahead && plan.outputs()[past].ahead == 0 && plan.outputs()[ahead].ahead == 3);
    let (past, ahead) = (out.number(past).unwrap(), out.number(ahead).unwrap());
    assert!(same(&ahead[..n - 3], &past[3..]) && ahead[n - 3..].iter().all(|v| v.is_nan()));
    assert_eq!(ahead[10], close[13] / close[10] - 1.0);
    let now = out.number(compiled.output(1, 0).unwrap()).unwrap();
    assert!(now.iter().all(|v| *v == 0.0));
    // Over a panel each symbol's rows by themselves.
    let twice = ["A", "B"].map(String::from);
    let mut panel = Panel::new(Calendar::crypto(), bars.columns().axis().clone(), twice).unwrap();
    panel.push("close", [&close[..], &close[..]].concat()).unwrap();
    let matrix = &plan.eval_panel(&panel, &Pool::inline()).unwrap()[compiled.output(1, 3).unwrap()];
    assert!(same(&matrix[..n], ahead) && same(&matrix[n..], ahead));
    // A debug plan keeps what is a label.
    let all = plan.with_all_outputs().unwrap();
    assert_eq!(all.outputs().iter().map(|o| o.ahead).max(), Some(3));
    // Rows as they come do not know it.
    for got in [
        plan.stepper(0).unwrap_err().to_string(),
        plan.each_block(bars.columns(), &mut qe_factors::plan::Workspace::new(), |_, _, _| {}).unwrap_err().to_string(),
    ] {
        assert!(got.contains("it is a label that looks 1 ahead"), "{got}");
    }
    for scope in [Scope::SERIES, Scope::MARKET, Scope::EXIT, Scope::GATE, Scope::SIZE] {
        let got = scoped("forward(close, 1)", scope, &schema()).unwrap_err().to_string();
        assert!(got.contains("forward tells what comes later"), "{got}");
    }
    for text in [
        "1 + forward(close, 1)",
        "sma(forward(close, 1), 3)",
        "forward(close > open, 1)",
        "forward(forward(close, 1), 1)",
    ] {
        let got = scoped(text, Scope::LABEL, &schema()).unwrap_err().to_string();
        assert!(got.contains("forward is the outermost of a label"), "{text}: {got}");
    }
    for text in ["tf(\"1h\", forward(close, 1))", "forward(close, -1)", "forward(close, close)", "forward(close)"] {
        assert!(scoped(text, Scope::LABEL, &schema()).is_err(), "{text}");
    }
    // More rows ahead than there are: nothing is known.
    let far = scoped("forward(close, 100000)", Scope::LABEL, &schema()).unwrap();
    assert!(far.plan().eval(bars.columns()).unwrap().number(0).unwrap().iter().all(|v| v.is_nan()));
}
