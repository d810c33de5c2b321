//! Plans over simulated bars: one by one and in blocks, cut short, over a panel, in other timeframes.

use qe_core::bars::Bars;
use qe_core::calendar::Calendar;
use qe_core::columns::Columns;
use qe_core::compare::Coarse;
use qe_core::panel::Panel;
use qe_core::par::{Pool, Threads};
use qe_core::param::Param;
use qe_core::point::PointTable;
use qe_core::rng::Stream;
use qe_core::time::Timestamp;
use qe_core::timeframe::Timeframe;
use qe_data::resample::{ResampleSpec, resample};
use qe_factors::expr::{Schema, compile, parse};
use qe_factors::indicators;
use qe_factors::plan::{Graph, Mask, Part, Plan, Value, Values, Workspace};

use crate::panel_stepper::steps_as_the_panel;

/// Minutes of some sessions, with a walk for a price; every 97th is missing if `holes`.
pub(crate) fn minutes(n_days: i32, holes: bool) -> Bars {
    let calendar = Calendar::us_equities();
    let mut stream = Stream::new(5, "plan test", 0);
    let (mut open_time, mut available, mut fields) = (Vec::new(), Vec::new(), vec![Vec::new(); 5]);
    let first = qe_core::time::Date::new(2024, 3, 4).unwrap();
    let mut close = 100.0;
    for session in calendar.sessions(first, first.add_days(n_days)) {
        let range = session.range();
        let mut at = range.start;
        while at < range.end {
            let row = open_time.len();
            let open = close + 0.1 * stream.normal();
            close = open + 0.2 * stream.normal();
            let high = f64::max(open, close) + 0.05 * stream.uniform();
            let low = f64::min(open, close) - 0.05 * stream.uniform();
            if !(holes && row % 97 == 50) {
                let values = [open, high, low, close, (1000.0 * stream.uniform()).ceil()];
                let odd = holes && row % 131 == 100;
                fields.iter_mut().zip(values).for_each(|(f, v)| f.push(if odd { f64::NAN } else { v }));
                open_time.push(at);
                available.push(at + 60_000_000_000);
            } else {
                fields.iter_mut().for_each(|f| f.push(f64::NAN));
                open_time.push(at);
                available.push(at + 60_000_000_000);
            }
            at += 60_000_000_000;
        }
    }
    let axis = qe_core::columns::Axis::new(open_time, available).unwrap();
    let mut columns = Columns::new(axis);
    for (name, values) in qe_core::bars::OHLCV.iter().zip(fields) {
        columns.push(*name, values).unwrap();
    }
    Bars::from_columns("SIM", Timeframe::M1, columns).unwrap()
}

pub(crate) fn schema() -> Schema {
    Schema::new(qe_core::bars::OHLCV).bars(Timeframe::M1, Calendar::us_equities())
}

pub(crate) fn plan(texts: &[&str]) -> Plan {
    let asts: Vec<_> = texts.iter().map(|t| parse(t).unwrap_or_else(|e| panic!("{e}"))).collect();
    let named: Vec<(&str, &_)> = texts.iter().copied().zip(&asts).collect();
    compile(&named, &schema(), None).unwrap_or_else(|e| panic!("{e}")).into_plan()
}

pub(crate) fn error(text: &str) -> String {
    let ast = match parse(text) {
        Ok(ast) => ast,
        Err(e) => return e.to_string(),
    };
    compile(&[("x", &ast)], &schema(), None).unwrap_err().to_string()
}

pub(crate) fn number(values: &Values, idx: usize) -> Vec<f64> {
    match &values.outputs()[idx] {
        Value::Number(v) => v.clone(),
        Value::Condition(m) => (0..m.len()).map(|i| truth(m, i)).collect(),
    }
}

fn truth(m: &Mask, row: usize) -> f64 {
    m.get(row).map_or(f64::NAN, |v| f64::from(u8::from(v)))
}

pub(crate) fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

/// Expressions of every kind.
pub(crate) const MANY: &[&str] = &[
    "close",
    "sma(close, 20)",
    "close > sma(close, 50) and rsi(14) < 70",
    "not (close > sma(close, 50))",
    "cross_above(sma(close, 5), sma(close, 20))",
    "cross_below(macd(close).macd, macd(close).signal)",
    "if(close > open, high - low, (low - high) ^ 2)",
    "(close - close[5]) / atr(14) % 0.7",
    "bars_since(close > high[1])",
    "value_when(cross_above(close, sma(10)), low)",
    "latch(rsi(14) < 30, rsi(14) > 70)",
    "count_true(close > open, 10)",
    "ewm(close, 0.05)",
    "ewm(close, abs(rsi(14) - 50) / 100)",
    "scan(close, prev + 0.1 * (close - prev))",
    "scan(init_hi=high, init_lo=low, hi=max(prev.hi * 0.999, high), lo=min(now.hi - 1, low)).lo",
    "tf(\"1h\", rsi(close, 5))",
    "tf(\"15m\", close > sma(close, 4)) and close > open",
    "tf(\"1d\", close[1])",
    "log(close / close[1]) + exp(-volume / 1000) - sqrt(abs(delta(close, 3)))",
    "typical + hl2 + ohlc4 + returns + adv20",
    "clip(returns * 1000, -1, 1) + sign(delta(close)) + min(open, close) * max(open, 3)",
    "is_missing(close) or close[1] != close",
    "coalesce(close, close[1])",
    "signed_power(returns, 0.5) + square(returns) + inv(close) + relu(close - open)",
    "vwap() - close",
    "session - session[390]",
    "2 * 3 + 4",
    "true and 1 < 2",
];

#[test]
fn blocks_rows_and_short_runs_give_the_same_bits() {
    let bars = minutes(12, true);
    let table = bars.columns();
    let plan = plan(MANY);
    let whole = plan.eval(table).unwrap();
    let mut stepper = plan.stepper(0).unwrap();
    let columns: Vec<_> = plan.columns().map(|c| table.get(c).unwrap().to_f64()).collect();
    let axis = table.axis();
    for row in 0..table.len() {
        let values: Vec<f64> = columns.iter().map(|c| c[row]).collect();
        let got = stepper.step(axis.open()[row], axis.available()[row], &values).unwrap();
        for (i, &g) in got.iter().enumerate() {
            let want = number_at(&whole, i, row);
            assert!(same(g, want), "{} in row {row}: {g} and {want}", MANY[i]);
        }
    }
    for cut in [0, 1, 63, 64, 65, 1023, 1024, 1025, 2049] {
        let short = plan.eval(&table.slice(..cut)).unwrap();
        for (i, text) in MANY.iter().enumerate() {
            let (got, want) = (number(&short, i), number(&whole, i));
            assert_eq!(got.len(), cut);
            assert!(got.iter().zip(&want).all(|(g, w)| same(*g, *w)), "{text} cut at {cut} sees the future");
        }
    }
}

pub(crate) fn number_at(values: &Values, idx: usize, row: usize) -> f64 {
    match &values.outputs()[idx] {
        Value::Number(v) => v[row],
        Value::Condition(m) => truth(m, row),
    }
}

#[test]
fn every_output_begins_at_its_lookback_and_no_negation_fires_before() {
    let bars = minutes(12, false);
    let plan = plan(MANY);
    let values = plan.eval(bars.columns()).unwrap();
    for (i, output) in plan.outputs().iter().enumerate() {
        let v = number(&values, i);
        let first = v.iter().position(|x| !x.is_nan()).unwrap_or(v.len());
        let exact = !["bars_since", "value_when", "is_missing"].iter().any(|w| output.name.contains(w));
        if exact && !output.name.contains("tf(") {
            assert_eq!(first, output.lookback, "{}", output.name);
        } else if output.name.contains("tf(") {
            assert!(first <= output.lookback, "{}: {first} and {}", output.name, output.lookback);
        }
    }
    let conditions = ["close > sma(close, 50)", "latch(rsi(60) < 30, close > sma(80))", "cross_above(sma(9), sma(70))"];
    for c in conditions {
        let plan = self::plan(&[c, &format!("not ({c})"), &format!("if({c}, 1, 2)")]);
        let values = plan.eval(bars.columns()).unwrap();
        // A crossing is known to fail a row before it can be known to hold: one false side of `and` decides.
        let warm = plan.outputs()[0].lookback - usize::from(c.starts_with("cross"));
        assert!(warm > 40);
        let (yes, no) = (values.condition(0).unwrap(), values.condition(1).unwrap());
        assert!((0..warm).all(|i| yes.get(i).is_none() && no.get(i).is_none()), "{c}");
        assert!((0..warm).all(|i| values.number(2).unwrap()[i].is_nan()), "{c}");
        assert_eq!(yes.count_true() + no.count_true(), yes.len() - warm, "{c}");
    }
}

#[test]
fn other_timeframes_are_the_resampled_bars_joined_when_known() {
    let bars = minutes(12, true);
    let spec = ResampleSpec::new(Timeframe::H1, Calendar::us_equities());
    let hours = resample(&bars, &spec).unwrap().bars;
    let inner = plan(&["rsi(close, 5) + high[1] * volume"]).eval(hours.columns()).unwrap();
    let inner = inner.number(0).unwrap();
    let got = plan(&["tf(\"1h\", rsi(close, 5) + high[1] * volume)"]).eval(bars.columns()).unwrap();
    let got = got.number(0).unwrap();
    let mut some = 0;
    for (row, &at) in bars.available().iter().enumerate() {
        let known = hours.axis().known_at(at);
        let want = if known == 0 { f64::NAN } else { inner[known - 1] };
        assert!(same(got[row], want), "row {row} at {}: {} and {want}", Timestamp(at), got[row]);
        some += usize::from(!want.is_nan());
    }
    assert!(some > 1000);
}

#[test]
fn a_slice_sees_no_bar_that_it_sees_in_part() {
    let bars = minutes(5, true);
    let table = bars.columns();
    let texts = ["tf(\"1h\", close + volume)", "tf(\"1d\", high[1] - low)", "tf(\"15m\", open)"];
    let plan = plan(&texts);
    let whole = plan.eval(table).unwrap();
    for first in [0, 1, 29, 30, 31, 389, 390, 500] {
        let part = plan.eval(&table.slice(first..)).unwrap();
        for (k, text) in texts.iter().enumerate() {
            let (got, want) = (part.number(k).unwrap(), &whole.number(k).unwrap()[first..]);
            let known = got.iter().position(|v| !v.is_nan()).unwrap();
            assert!(known <= [120, 1170, 30][k], "{text} from {first}: first at {known}");
            assert!((known..got.len()).all(|i| same(got[i], want[i])), "{text} from {first}");
        }
    }
}

#[test]
fn what_would_take_more_memory_than_allowed_is_refused_before_it_begins() {
    let bars = minutes(3, false);
    let plan = plan(&["sma(close, 20)", "close > open", "rsi(14)"]);
    let need = plan.n_bytes(bars.columns().len());
    // Two columns of numbers, a condition, and windows of a few thousand bytes.
    let of_outputs = bars.columns().len() * 16 + bars.columns().len().div_ceil(64) * 16;
    assert!(need > of_outputs + 20 * 8 && need < of_outputs + 200_000, "{need}");
    let mut space = Workspace::within(need);
    plan.eval_in(bars.columns(), &mut space).unwrap();
    plan.eval_in(bars.columns(), &mut space).unwrap();
    let error = plan.eval_in(bars.columns(), &mut Workspace::within(need - 1)).unwrap_err().to_string();
    assert!(error.contains("3 outputs: it takes about") && error.contains("Plan::each_block"), "{error}");
    // Block by block the outputs count no more.
    let mut n = 0;
    plan.each_block(bars.columns(), &mut Workspace::within(need - of_outputs), |_, rows, _| n += rows.len()).unwrap();
    assert_eq!(n, 3 * bars.columns().len());
    let error = plan.each_block(bars.columns(), &mut Workspace::within(100), |_, _, _| {}).unwrap_err().to_string();
    assert!(error.contains("and 100 are allowed"), "{error}");
    let hour = super::plan::plan(&["tf(\"1h\", sma(close, 100000))"]);
    assert!(hour.n_bytes(0) > 800_000);
}

#[test]
fn a_plan_shows_what_is_shared_and_from_when_it_is_known() {
    let shown = plan(&["sma(close, 20) - open", "sma(close, 20) * open"]).to_string();
    let sma = shown.lines().find(|l| l.contains(".sma")).unwrap();
    assert!(sma.ends_with("  # from row 19 on, shared by 2"), "{shown}");
    assert_eq!(shown.matches("shared by").count(), 1, "{shown}");
}

#[test]
fn a_graph_built_in_code_is_checked_where_it_becomes_a_plan() {
    let mut graph = Graph::new();
    let close = graph.column(0);
    let macd = indicators::by_name("macd").unwrap();
    let call = graph.call(macd, &macd.args(&[]).unwrap(), &[close]).unwrap();
    let (hist, beyond, none) = (graph.output(call, 2), graph.output(call, 3), graph.output(close, 0));
    assert!(graph.constant(beyond).unwrap().is_nan() && graph.constant(none).unwrap().is_nan());
    let plan = |graph: &Graph, id| Plan::new(graph.clone(), vec!["close".into()], [("x".into(), id)]);
    assert!(plan(&graph, hist).is_ok() && plan(&graph, beyond).is_ok());
    let said = plan(&graph, call).unwrap_err().to_string();
    assert!(said.contains("output x: its node is no value of this graph"), "{said}");
    assert!(plan(&Graph::new(), hist).is_err());
    assert!(graph.call(macd, &macd.args(&[]).unwrap(), &[close, close]).is_none());
    let far = graph.column(7);
    assert!(plan(&graph, far).unwrap_err().to_string().contains("only 1 columns are named"));
}

#[test]
fn a_recursion_by_hand_is_the_one_that_is_built_in() {
    let bars = minutes(6, false);
    let texts = ["scan(close, prev + 0.1 * (close - prev))", "ewm(close, 0.1)"];
    let values = plan(&texts).eval(bars.columns()).unwrap();
    let (a, b) = (values.number(0).unwrap(), values.number(1).unwrap());
    assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9));
    // A trailing stop that only rises, in states that read each other.
    let text = "scan(init_stop=low, init_up=1, up=if(close < prev.stop, 0, 1), \
                stop=if(now.up == 1, max(prev.stop, low - 0.5), low - 0.5)).stop";
    let values = plan(&[text, "low", "close"]).eval(bars.columns()).unwrap();
    let [stop, low, close] = [0, 1, 2].map(|i| values.number(i).unwrap());
    let mut want = low[0];
    for i in 1..stop.len() {
        want = if close[i] < want { low[i] - 0.5 } else { f64::max(want, low[i] - 0.5) };
        assert_eq!(stop[i], want, "row {i}");
    }
}

#[test]
fn equal_parts_are_computed_once_however_many_points_use_them() {
    let ast = parse("cross_above(sma(close, $fast), sma(close, $slow)) and adx > 20").unwrap();
    let params = [Param::int("fast", 1, 50, 5), Param::int("slow", 51, 150, 60)];
    let points = PointTable::grid(params, 10_000).unwrap();
    let schema = Schema::new(["close", "adx"]);
    let compiled = compile(&[("entry", &ast)], &schema, Some(&points)).unwrap();
    let text = compiled.plan().to_string();
    assert_eq!((points.len(), text.matches("sma(").count()), (5000, 150));
    assert_eq!(compiled.plan().outputs().len(), 5000);
    assert_eq!(text.matches("lag(").count(), 150);
    assert_eq!(compiled.output(0, 4999), Some(4999));
    // A point that agrees in all that matters shares its output.
    let fixed = parse("adx > 20").unwrap();
    let compiled = compile(&[("gate", &fixed)], &schema, Some(&points)).unwrap();
    assert_eq!((compiled.plan().outputs().len(), compiled.output(0, 77)), (1, Some(0)));
}

/// Seven symbols over more times than one block has.
pub(crate) fn panel() -> (Panel, Vec<Bars>) {
    let bars: Vec<Bars> = (0..7)
        .map(|k| {
            let base = minutes(4, k % 2 == 0);
            let mut columns = Columns::new(base.axis().clone());
            for (name, c) in base.columns().iter() {
                let v: Vec<f64> =
                    c.to_f64().iter().map(|v| v * (1.0 + f64::from(k) * 0.1) + f64::from(k * k)).collect();
                columns.push(name, v).unwrap();
            }
            Bars::from_columns(format!("S{k}"), Timeframe::M1, columns).unwrap()
        })
        .collect();
    let mut panel = Panel::from_bars(Calendar::us_equities(), &bars).unwrap();
    panel.push_group("sector", (0..7).map(|k| format!("g{}", k % 3)).collect()).unwrap();
    (panel, bars)
}

#[test]
fn a_panel_gives_the_same_bits_on_any_number_of_threads() {
    let (panel, bars) = panel();
    let plan = plan(&[
        "cs_rank(returns) - 0.5",
        "ts_mean(cs_rank(delta(close, 3) * volume), 5) > cs_rank(close)",
        "neutralize(cs_zscore(close / close[10]), IndClass.sector) + scale(returns, 2)",
        "cs_demean(tf(\"15m\", rsi(close, 3)))",
    ]);
    let one = plan.eval_panel(&panel, &Pool::inline()).unwrap();
    steps_as_the_panel(&plan, &panel);
    for threads in [2, 5] {
        let pool = Pool::new(Threads::N(threads.try_into().unwrap())).unwrap();
        let many = plan.eval_panel(&panel, &pool).unwrap();
        assert!(one.iter().zip(&many).all(|(a, b)| a.iter().zip(b).all(|(a, b)| same(*a, *b))));
    }
    let n = panel.n_times();
    // Within a budget blocks get shorter, and the bits stay.
    let of_outputs = 4 * 7 * n * 8;
    let least =
        (of_outputs..).step_by(10_000).find(|b| plan.eval_panel_within(&panel, &Pool::inline(), *b).is_ok()).unwrap();
    assert!(least < of_outputs + 3_000_000, "{least}");
    let short = plan.eval_panel_within(&panel, &Pool::inline(), least).unwrap();
    assert!(one.iter().zip(&short).all(|(a, b)| a.iter().zip(b).all(|(a, b)| same(*a, *b))));
    let error = plan.eval_panel_within(&panel, &Pool::inline(), of_outputs).unwrap_err().to_string();
    assert!(error.contains("fewer outputs or symbols at a time"), "{error}");
    let close = panel.field("close").unwrap();
    for t in [40, 777] {
        let returns: Vec<f64> = (0..7).map(|s| close[s * n + t] / close[s * n + t - 1] - 1.0).collect();
        for s in 0..7 {
            let below = returns.iter().filter(|r| **r < returns[s]).count() as f64;
            let equal = returns.iter().filter(|r| **r == returns[s]).count() as f64;
            let present = returns.iter().filter(|r| !r.is_nan()).count() as f64;
            let want = if returns[s].is_nan() { f64::NAN } else { (below + (equal + 1.0) / 2.0) / present - 0.5 };
            assert!(same(one[0][s * n + t], want), "{s} {t}");
        }
    }
    assert!(plan.eval(bars[0].columns()).unwrap_err().to_string().contains("evaluate the plan over a Panel"));
}

#[test]
fn outputs_over_a_panel_are_the_same_alone_and_beside_others_in_any_order() {
    let (panel, _) = panel();
    // What they share is a number, a condition, an output of several, or works across symbols, here early and there late.
    let texts = [
        "close",
        "cs_rank(sma(close, 5))",
        "if(close > sma(close, 5), cs_rank(cs_rank(volume) * macd(close).hist), -1)",
        "macd(close).signal - cs_demean(cs_rank(volume))",
        "close > sma(close, 5)",
        "cs_rank(ts_sum(cs_rank(ts_sum(cs_rank(close - open), 3)), 3)) + macd(close).macd",
        "cs_rank(if(close > sma(close, 5), 1, 0) + sma(close, 5))",
        "cs_zscore(cs_rank(close - open)) * cs_rank(sma(close, 5)) + cs_rank(7)",
        "cs_rank(volume)",
    ];
    let reversed: Vec<&str> = texts.into_iter().rev().collect();
    let one_way = plan(&texts).eval_panel(&panel, &Pool::inline()).unwrap();
    let other_way = plan(&reversed).eval_panel(&panel, &Pool::inline()).unwrap();
    let every = plan(&texts).with_all_outputs().unwrap().eval_panel(&panel, &Pool::inline()).unwrap();
    for (k, text) in texts.iter().enumerate() {
        let alone = plan(&[text]).eval_panel(&panel, &Pool::inline()).unwrap();
        assert!(alone[0].iter().any(|v| !v.is_nan()), "{text}");
        for got in [&one_way[k], &other_way[texts.len() - 1 - k], &every[every.len() - texts.len() + k]] {
            assert!(got.iter().zip(&alone[0]).all(|(a, b)| same(*a, *b)), "{text}");
        }
    }
}

#[test]
fn a_field_that_can_be_made_goes_before_a_column_that_ends_so() {
    let ast = parse("returns + 1").unwrap();
    let reads = |columns: &[&str]| -> Vec<String> {
        let schema = Schema::new(columns.iter().map(|c| (*c).to_owned()));
        let plan = compile(&[("x", &ast)], &schema, None).unwrap().into_plan();
        plan.columns().map(str::to_owned).collect()
    };
    assert_eq!(reads(&["close", "spx_returns"]), ["close"]);
    assert_eq!(reads(&["spx_returns"]), ["spx_returns"]);
    assert_eq!(reads(&["close", "returns"]), ["returns"]);
}

#[test]
fn what_makes_no_sense_is_shown_with_its_mend() {
    for (text, said) in [
        ("clsoe + 1", "did you mean `close`?"),
        ("smaa(close, 3)", "did you mean `sma`?"),
        ("sma(close, 0)", "whole number from 1"),
        ("sma(close, open)", "one value for all rows"),
        ("sma", "sma is a function"),
        ("macd(close)", "macd has 3 outputs"),
        ("macd(close).histo", "no output histo"),
        ("rsi(close, 14).rsi + $fast", "no parameter is named `fast`"),
        ("close and open", "wants a condition"),
        ("not close", "wants a condition"),
        ("close < entry.price", "known of an open position alone"),
        ("equity * 2", "known of the account alone"),
        ("prev + 1", "known of the step of a scan alone"),
        ("scan(close, sma(prev, 3))", "one value and no series"),
        ("scan(close, prev[1])", "one value and no series"),
        ("scan(init_a=close, a=now.a + 1)", "not known yet"),
        ("scan(init_a=close, a=prev.b + 1)", "the scan has no prev.b"),
        ("scan(a=close)", "has no beginning"),
        ("tf(\"7m\", close) + tf(\"30s\", close)", "upsampling"),
        ("tf(\"1h\", tf(\"1d\", close))", "a timeframe within a timeframe"),
        ("tf(close, 1)", "a timeframe is a word"),
        ("corr(close)", "needs"),
        ("ewm(close)", "ewm needs alpha"),
        ("lag(close, open)", "one"),
        ("delta(close, -1)", "looks back"),
        ("abs(close, open)", "no such argument"),
        ("clip(close, 1)", "clip needs high"),
        ("\"word\"", "text"),
    ] {
        let got = error(text);
        assert!(got.contains(said) && !got.is_empty(), "{text}: {got}");
    }
}

#[test]
fn warm_up_is_the_least_number_of_rows_that_holds_for_all_data() {
    // Two series that rise and two that fall make every branch be taken somewhere.
    let n = 60;
    let rising: Vec<f64> = (0..n).map(|i| 100.0 + f64::from(i) + 0.3 * f64::from(i % 3)).collect();
    let falling: Vec<f64> = rising.iter().map(|x| 300.0 - x).collect();
    let texts = [
        "sma(close, 5) > 0 and sma(close, 20) > 0",
        "sma(close, 5) > 1000 or sma(close, 20) > 0",
        "if(close > close[1], sma(close, 20), sma(close, 7))",
        "if(sma(close, 9) > 0, 1, 0)",
        "not (sma(close, 20) > 0 and close > close[3])",
        "ts_max(if(close > close[1], sma(close, 12), close), 6)",
    ];
    for text in texts {
        let ast = parse(text).unwrap();
        let plan = compile(&[("x", &ast)], &Schema::new(["close"]), None).unwrap().into_plan();
        let lookback = plan.lookback();
        let mut missing_before = false;
        for close in [&rising, &falling] {
            let axis = qe_core::columns::Axis::instants((0..i64::from(n)).collect::<Vec<_>>()).unwrap();
            let table = Columns::new(axis).with("close", close.clone()).unwrap();
            let x = plan.eval(&table).unwrap().outputs()[0].to_numbers();
            assert!(x[lookback..].iter().all(|v| !v.is_nan()), "{text}: there from row {lookback} on");
            missing_before |= x[lookback - 1].is_nan();
        }
        assert!(missing_before, "{text}: row {} may be missing", lookback - 1);
    }
}

#[test]
fn failures_are_those_of_their_own_comparison() {
    // Of each comparison it is asked alone where it fails, so those after it are kept in its place.
    let bars = minutes(8, true);
    let texts: Vec<String> = (0..9).map(|i| format!("not (close > open + {i} - 4)")).collect();
    let texts: Vec<&str> =
        texts.iter().map(|t| &t[..]).chain(["not (close < 100)", "not (high < 99)", "low > 101"]).collect();
    let plan = plan(&texts);
    let (table, n) = (bars.columns(), texts.len());
    let (values, n_words) = (plan.eval(table).unwrap(), table.len().div_ceil(64));
    for full in [&[][..], &[n - 3], &[n - 2, 0]] {
        let trues = plan.trues(&(0..n).collect::<Vec<_>>(), full);
        let (mut bits, mut coarse) = (vec![0; n * n_words], Coarse::default());
        plan.each_block_of(&trues, table, &mut Workspace::new(), 1024, |block| {
            block.write_trues(&trues, &mut coarse, &mut bits, n_words, block.rows().start / 64);
            for k in full {
                let Part::Condition(mask) = block.part(*k) else { panic!("{} is a condition", texts[*k]) };
                let (rows, all) = (block.rows(), values.condition(*k).unwrap());
                assert_eq!(mask.len(), rows.len());
                rows.clone().for_each(|row| assert_eq!(mask.get(row - rows.start), all.get(row), "{}", texts[*k]));
            }
        })
        .unwrap();
        for (output, text) in texts.iter().enumerate() {
            let yes = values.condition(output).unwrap();
            assert_eq!(&bits[output * n_words..][..n_words], yes.yes(), "{text}");
        }
    }
}

#[test]
fn the_length_of_blocks_changes_no_bit() {
    let bars = minutes(60, true);
    let (table, mut longest) = (bars.columns(), 0);
    assert!(table.len() > 2 * 8192, "{} rows", table.len());
    for text in MANY {
        let plan = plan(&[text]);
        let whole = number(&plan.eval(table).unwrap(), 0);
        let trues = plan.trues(&[], &[0]);
        for section in [320, 1024, 8192] {
            let mut at = 0;
            let read = |block: &qe_factors::plan::Block<'_>| {
                assert_eq!(block.rows().start, at);
                at = block.rows().end;
                assert!(
                    at == table.len() || block.rows().len() <= section && section.is_multiple_of(block.rows().len())
                );
                for row in block.rows() {
                    let got = match block.part(0) {
                        Part::Numbers(x) => x[row - block.rows().start],
                        Part::Number(x) => x,
                        Part::Condition(mask) => truth(mask, row - block.rows().start),
                    };
                    assert!(same(got, whole[row]), "{text}, row {row} in sections of {section}");
                }
                longest = longest.max(block.rows().len());
            };
            plan.each_block_of(&trues, table, &mut Workspace::new(), section, read).unwrap();
            assert_eq!(at, table.len());
        }
    }
    assert_eq!(longest, 8192);
}

#[test]
fn bitmaps_are_where_conditions_are_true() {
    // Columns that are compared with each other alone go by steps, where there are constants they do not.
    bitmaps_are_right(true);
    bitmaps_are_right(false);
}

fn bitmaps_are_right(with_constants: bool) {
    // So many that columns are written as steps.
    const N_SLOW: usize = 30;
    let bars = minutes(8, true);
    let mut texts: Vec<String> = Vec::new();
    for fast in 2..9 {
        for slow in 10..10 + N_SLOW {
            texts.push(format!("sma(close, {fast}) > sma(close, {slow})"));
            texts.push(format!("sma(close, {fast}) <= sma(close, {slow})"));
            texts.push(format!("sma(close, {fast}) == sma(close, {slow})"));
        }
        texts.push(format!("sma(close, {fast}) < close"));
        texts.push(format!("sma(close, {fast}) > open and close > open"));
        if with_constants {
            texts.push(format!("sma(close, {fast}) > 100"));
            texts.push(format!("rsi(close, {fast}) != 50"));
        }
    }
    texts.push("sma(close, 3)".into());
    let plan = plan(&texts.iter().map(|t| &t[..]).collect::<Vec<_>>());
    let n = texts.len();
    let (table, n_words) = (bars.columns(), bars.columns().len().div_ceil(64));
    let values = plan.eval(table).unwrap();
    // All as bitmaps, in an order that is not the plan's; some are wanted in full too, and a failure among them.
    let wanted: Vec<usize> = (0..n - 1).map(|i| i * 29 % (n - 1)).collect();
    let full = [1, 3, n - 1];
    let trues = plan.trues(&wanted, &full);
    assert_eq!(trues.has_steps(), !with_constants);
    let (mut bits, mut known) = (vec![0; n * n_words], vec![0; trues.n_operands() * n_words]);
    let (mut n_rows, mut coarse) = (0, Coarse::default());
    plan.each_block_of(&trues, table, &mut Workspace::new(), 1024, |block| {
        let rows = block.rows();
        block.write_trues(&trues, &mut coarse, &mut bits, n_words, rows.start / 64);
        block.write_known(&trues, &coarse, &mut known, n_words, rows.start / 64);
        for k in full {
            match (block.part(k), &values.outputs()[k]) {
                (Part::Numbers(x), Value::Number(all)) => {
                    assert!(x.iter().zip(&all[rows.clone()]).all(|(a, b)| a.to_bits() == b.to_bits()));
                }
                (Part::Condition(mask), Value::Condition(all)) => {
                    rows.clone().for_each(|row| assert_eq!(mask.get(row - rows.start), all.get(row)));
                }
                (part, _) => panic!("{part:?}"),
            }
        }
        n_rows += rows.len();
    })
    .unwrap();
    assert_eq!(n_rows, table.len());
    let is_set = |words: &[u64], at: usize, row: usize| words[at * n_words + row / 64] >> (row % 64) & 1 == 1;
    let mut n_compared = 0;
    for (bitmap, &output) in wanted.iter().enumerate() {
        let mask = values.condition(output).unwrap();
        assert_eq!(&bits[bitmap * n_words..][..n_words], mask.yes(), "{}", texts[output]);
        if let Some(sides) = trues.compared(bitmap) {
            n_compared += 1;
            let is_known = |row: usize| sides.into_iter().all(|side| is_set(&known, side, row));
            (0..table.len()).for_each(|row| assert_eq!(is_known(row), mask.get(row).is_some(), "{}", texts[output]));
        }
        for of in 0..n - 1 {
            // `a <= b` is where the second of the three fails; nothing else stands to another like that.
            let at = of % (3 * N_SLOW + if with_constants { 4 } else { 2 });
            let is_failure = at < 3 * N_SLOW && at.is_multiple_of(3) && output == of + 1;
            assert_eq!(plan.is_failure_of(output, of), is_failure, "{} of {}", texts[output], texts[of]);
        }
    }
    // The averages have many comparisons, each with a range of others; of `rsi` each has one.
    assert_eq!(n_compared, 7 * (N_SLOW * 3 + if with_constants { 2 } else { 1 }));
}
