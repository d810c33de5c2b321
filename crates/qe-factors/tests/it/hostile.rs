//! Plans under attack: random graphs against a naive reading of them, odd inputs, claims about warm-up, wrong sharing.
#![expect(clippy::needless_range_loop, reason = "rows and symbols are compared by their numbers")]

use qe_core::bars::Bars;
use qe_core::calendar::{Calendar, SessionHours};
use qe_core::columns::{Axis, Columns};
use qe_core::panel::Panel;
use qe_core::par::{Pool, Threads};
use qe_core::param::{Param, Value as ParamValue};
use qe_core::point::PointTable;
use qe_core::rng::Stream;
use qe_core::time::Date;
use qe_core::timeframe::Timeframe;
use qe_data::resample::{ResampleSpec, resample};
use qe_factors::expr::{Ast, Node, Schema, compile, parse};
use qe_factors::indicators::{self, Signature};
use qe_factors::ops;
use qe_factors::plan::scalar::{Bin, Cmp, Un};
use qe_factors::plan::{Cross, Graph, Id, Plan, Ty};

use crate::panel_stepper::steps_as_the_panel;
use crate::plan::{error, minutes, number, number_at, plan, same, schema};

/// A table of walks with some rows missing, one every minute of a crypto day.
fn walks(n: usize, n_columns: usize, seed: u64, holes: bool) -> Columns {
    let open: Vec<i64> = (0..n as i64).map(|i| 1_704_067_200_000_000_000 + i * 60_000_000_000).collect();
    let available: Vec<i64> = open.iter().map(|t| t + 60_000_000_000).collect();
    let mut table = Columns::new(Axis::new(open, available).unwrap());
    for c in 0..n_columns {
        let mut stream = Stream::new(seed, "hostile walk", c as u64);
        let mut x = 0.0;
        let column: Vec<f64> = (0..n)
            .map(|_| {
                x += (stream.normal() * 4.0).round() / 4.0;
                let odd = stream.uniform();
                if holes && odd < 0.02 {
                    f64::NAN
                } else if holes && odd < 0.04 {
                    -0.0
                } else {
                    x
                }
            })
            .collect();
        table.push(format!("c{c}"), column).unwrap();
    }
    table
}

/// What a node is by a naive reading: a value per row, conditions as 1, 0 and NaN.
struct Naive {
    id: Id,
    values: Vec<f64>,
    words: String,
}

fn pick<'n>(stream: &mut Stream, pool: &'n [Naive]) -> &'n Naive {
    // Recent ones more often, so that graphs grow deep.
    let n = pool.len();
    let u = stream.uniform();
    &pool[((if stream.uniform() < 0.5 { u } else { u.sqrt() }) * n as f64) as usize % n]
}

fn truth(holds: bool, fails: bool) -> f64 {
    if holds {
        1.0
    } else if fails {
        0.0
    } else {
        f64::NAN
    }
}

fn map1(a: &Naive, f: impl Fn(f64) -> f64) -> Vec<f64> {
    a.values.iter().map(|&x| f(x)).collect()
}

fn map2(a: &Naive, b: &Naive, f: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    a.values.iter().zip(&b.values).map(|(&x, &y)| f(x, y)).collect()
}

/// A kernel over whole columns at once.
fn whole(signature: &Signature, args: &indicators::Args, inputs: &[&[f64]], n: usize) -> Vec<Vec<f64>> {
    let mut out = vec![vec![0.0; n]; signature.outputs.len()];
    let mut slices: Vec<&mut [f64]> = out.iter_mut().map(|o| &mut o[..]).collect();
    (signature.build)(args).unwrap().kernel(0).run(inputs, &mut slices);
    out
}

/// Adds a random node to a graph and to its naive reading.
fn grow(graph: &mut Graph, nums: &mut Vec<Naive>, conds: &mut Vec<Naive>, stream: &mut Stream, n: usize) {
    let (a, b, c) = (pick(stream, nums), pick(stream, nums), pick(stream, conds));
    let d = pick(stream, conds);
    let choice = (stream.uniform() * 20.0) as usize;
    let (id, values, words) = match choice {
        0 | 1 => {
            let op = [Bin::Add, Bin::Sub, Bin::Mul, Bin::Div, Bin::Max, Bin::Min, Bin::Coalesce]
                [(stream.uniform() * 7.0) as usize];
            let f = |x: f64, y: f64| match op {
                Bin::Add => x + y,
                Bin::Sub => x - y,
                Bin::Mul => x * y,
                Bin::Div => {
                    if y == 0.0 {
                        f64::NAN
                    } else {
                        x / y
                    }
                }
                Bin::Coalesce => {
                    if x.is_nan() {
                        y
                    } else {
                        x
                    }
                }
                _ if x.is_nan() || y.is_nan() => f64::NAN,
                Bin::Max => {
                    if x > y {
                        x
                    } else {
                        y
                    }
                }
                _ => {
                    if x < y {
                        x
                    } else {
                        y
                    }
                }
            };
            (graph.bin(op, a.id, b.id), map2(a, b, f), format!("{op:?}({}, {})", a.words, b.words))
        }
        2 => {
            let op = [Un::Abs, Un::Neg, Un::Sqrt, Un::Square, Un::Inv, Un::Floor, Un::Sign]
                [(stream.uniform() * 7.0) as usize];
            let f = |x: f64| match op {
                Un::Abs => x.abs(),
                Un::Neg => -x,
                Un::Sqrt => x.sqrt(),
                Un::Square => x * x,
                Un::Inv => {
                    if x == 0.0 {
                        f64::NAN
                    } else {
                        1.0 / x
                    }
                }
                Un::Floor => x.floor(),
                _ => {
                    if x > 0.0 {
                        1.0
                    } else if x < 0.0 {
                        -1.0
                    } else {
                        x
                    }
                }
            };
            (graph.un(op, a.id), map1(a, f), format!("{op:?}({})", a.words))
        }
        3..=5 => {
            let op = [Cmp::Lt, Cmp::Le, Cmp::Eq, Cmp::Ne][(stream.uniform() * 4.0) as usize];
            let f = |x: f64, y: f64| {
                let holds = match op {
                    Cmp::Lt => x < y,
                    Cmp::Le => x <= y,
                    Cmp::Eq => x == y,
                    Cmp::Ne => x != y,
                };
                if x.is_nan() || y.is_nan() { f64::NAN } else { f64::from(u8::from(holds)) }
            };
            (graph.cmp(op, a.id, b.id), map2(a, b, f), format!("{op:?}({}, {})", a.words, b.words))
        }
        6 => (graph.not(c.id), map1(c, |x| 1.0 - x), format!("not({})", c.words)),
        7 | 8 => {
            let f = |x: f64, y: f64| truth(x == 1.0 && y == 1.0, x == 0.0 || y == 0.0);
            (graph.and(c.id, d.id), map2(c, d, f), format!("and({}, {})", c.words, d.words))
        }
        9 | 10 => {
            let f = |x: f64, y: f64| truth(x == 1.0 || y == 1.0, x == 0.0 && y == 0.0);
            (graph.or(c.id, d.id), map2(c, d, f), format!("or({}, {})", c.words, d.words))
        }
        11 | 12 => {
            // Branches of either kind.
            let (x, y) = match (stream.uniform() * 3.0) as usize {
                0 => (a, b),
                1 => (d, b),
                _ => (d, pick(stream, conds)),
            };
            let rows = (0..n).map(|i| match c.values[i] {
                1.0 => x.values[i],
                0.0 => y.values[i],
                _ => f64::NAN,
            });
            let words = format!("if({}, {}, {})", c.words, x.words, y.words);
            (graph.choose(c.id, x.id, y.id), rows.collect(), words)
        }
        13 => (graph.is_missing(a.id), map1(a, |x| f64::from(u8::from(x.is_nan()))), format!("missing({})", a.words)),
        14 | 15 => {
            let x = if stream.uniform() < 0.5 { a } else { c };
            let lag = (stream.uniform() * 4.0) as usize;
            // What is one for all rows was always that.
            let constant = graph.constant(x.id).is_some() || x.words == "true" || x.words == "false";
            let at =
                |i: usize| if constant { x.values[i] } else { i.checked_sub(lag).map_or(f64::NAN, |j| x.values[j]) };
            if is_folded(graph, x) {
                return;
            }
            (graph.lag(x.id, lag as u32), (0..n).map(at).collect(), format!("lag({}, {lag})", x.words))
        }
        16 => {
            let signature = &ops::latch::SIGNATURE;
            let args = signature.args(&[]).unwrap();
            let values = whole(signature, &args, &[&c.values, &d.values], n).remove(0);
            let call = graph.call(signature, &args, &[c.id, d.id]).unwrap();
            let out = graph.output(call, 0);
            (graph.to_cond(out), values, format!("latch({}, {})", c.words, d.words))
        }
        17 => {
            let signature = &indicators::macd::SIGNATURE;
            let args = signature
                .args(&[
                    ("fast_period", ParamValue::Int(3)),
                    ("slow_period", ParamValue::Int(7)),
                    ("signal_period", ParamValue::Int(2)),
                ])
                .unwrap();
            let mut values = whole(signature, &args, &[&a.values], n);
            let call = graph.call(signature, &args, &[a.id]).unwrap();
            let j = (stream.uniform() * 3.0) as usize;
            (graph.output(call, j as u32), values.swap_remove(j), format!("macd({}).{j}", a.words))
        }
        18 => {
            let signature = &ops::bars_since::SIGNATURE;
            let args = signature.args(&[]).unwrap();
            let values = whole(signature, &args, &[&c.values], n).remove(0);
            let call = graph.call(signature, &args, &[c.id]).unwrap();
            (graph.output(call, 0), values, format!("bars_since({})", c.words))
        }
        _ => {
            let signature = &ops::value_when::SIGNATURE;
            let args = signature.args(&[]).unwrap();
            let values = whole(signature, &args, &[&c.values, &a.values], n).remove(0);
            let call = graph.call(signature, &args, &[c.id, a.id]).unwrap();
            (graph.output(call, 0), values, format!("value_when({}, {})", c.words, a.words))
        }
    };
    let pool = if graph.ty(id) == Ty::Cond { conds } else { nums };
    pool.push(Naive { id, values, words });
}

/// Whether a condition may have folded to a constant, which a naive lag would not know of.
fn is_folded(graph: &Graph, x: &Naive) -> bool {
    graph.constant(x.id).is_none()
        && x.words != "true"
        && x.words != "false"
        && (x.values.iter().all(|v| *v == x.values[0]))
}

#[test]
fn random_graphs_are_what_a_naive_reading_says() {
    let n = 3000;
    let table = walks(n, 5, 1, true);
    let columns: Vec<Vec<f64>> = (0..5).map(|c| table.at(c).unwrap().to_f64().to_vec()).collect();
    for seed in 0..60 {
        let mut stream = Stream::new(seed, "hostile graph", 0);
        let mut graph = Graph::new();
        let (mut nums, mut conds) = (Vec::new(), Vec::new());
        for (c, column) in columns.iter().enumerate() {
            nums.push(Naive { id: graph.column(c as u32), values: column.clone(), words: format!("c{c}") });
        }
        for x in [0.0, -0.0, 1.5, f64::NAN, f64::INFINITY] {
            nums.push(Naive { id: graph.num(x), values: vec![x; n], words: format!("{x}") });
        }
        for v in [true, false] {
            conds.push(Naive { id: graph.flag(v), values: vec![f64::from(u8::from(v)); n], words: v.to_string() });
        }
        for _ in 0..120 {
            grow(&mut graph, &mut nums, &mut conds, &mut stream, n);
        }
        let names: Vec<std::sync::Arc<str>> = (0..5).map(|c| format!("c{c}").into()).collect();
        // Sometimes all are outputs, mostly a few, so that buffers are handed on.
        let keep = if seed % 6 == 0 { 1.0 } else { 0.08 };
        let chosen: Vec<&Naive> = nums.iter().chain(&conds).filter(|_| stream.uniform() < keep).collect();
        let outputs = chosen.iter().map(|x| (x.words.as_str().into(), x.id));
        let plan = Plan::new(graph.clone(), names, outputs).unwrap();
        let values = plan.eval(&table).unwrap();
        for (k, want) in chosen.iter().enumerate() {
            let got = number(&values, k);
            for i in 0..n {
                assert!(
                    same(got[i], want.values[i]),
                    "seed {seed} row {i}: {} and {}: {}",
                    got[i],
                    want.values[i],
                    want.words
                );
            }
        }
        let mut stepper = plan.stepper(0).unwrap();
        let read: Vec<usize> = plan.columns().map(|c| table.index_of(c).unwrap()).collect();
        for i in 0..n {
            let row: Vec<f64> = read.iter().map(|&c| columns[c][i]).collect();
            let got = stepper.step(0, 0, &row).unwrap();
            for (k, want) in chosen.iter().enumerate() {
                assert!(same(got[k], want.values[i]), "stepper, seed {seed} row {i}: {}", want.words);
            }
        }
        // Slices carry their row numbers; a run that ends earlier is the beginning of the whole.
        let short = plan.eval(&table.slice(..1500)).unwrap();
        for (k, want) in chosen.iter().enumerate() {
            assert!(number(&short, k).iter().zip(&want.values).all(|(a, b)| same(*a, *b)));
        }
        // A panel of one symbol.
        let mut panel = Panel::new(Calendar::crypto(), table.axis().clone(), ["S".to_owned()]).unwrap();
        for (c, column) in columns.iter().enumerate() {
            panel.push(format!("c{c}"), column.clone()).unwrap();
        }
        let out = plan.eval_panel(&panel, &Pool::inline()).unwrap();
        for (k, want) in chosen.iter().enumerate() {
            assert!(out[k].iter().zip(&want.values).all(|(a, b)| same(*a, *b)), "panel, seed {seed}: {}", want.words);
        }
    }
}

/// Every indicator and operator over inputs that are expressions themselves, its outputs summed.
pub(crate) fn calls() -> Vec<String> {
    let mut texts = Vec::new();
    for s in indicators::ALL.iter().chain(ops::ALL) {
        let inputs: Vec<String> = s
            .inputs
            .iter()
            .enumerate()
            .map(|(i, input)| match input.name {
                "condition" | "set" => "close > open".to_owned(),
                "reset" => "rsi(close, 5) > 60".to_owned(),
                "alpha" => "abs(close - open) / (high - low)".to_owned(),
                _ => match input.default {
                    Some("high") => "high + 1".to_owned(),
                    Some("session") => "floor(close)".to_owned(),
                    Some(field) => format!("({field} + lag({field}, 1)) / 2"),
                    None => ["close * 2", "ewm(open, 0.3)", "high - low", "volume"][i % 4].to_owned(),
                },
            })
            .collect();
        for output in s.outputs {
            let suffix = if s.outputs.len() > 1 { format!(".{output}") } else { String::new() };
            texts.push(format!("{}({}){suffix}", s.name, inputs.join(", ")));
            if s.name != "latch" {
                texts.push(format!("lag({}({}){suffix}, 2) * 0.5 > close", s.name, inputs.join(", ")));
            }
        }
    }
    texts
}

#[test]
fn the_stepper_gives_the_bits_of_the_batch_for_everything_that_can_be_called() {
    let bars = minutes(3, true);
    let table = bars.columns();
    let texts = calls();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let plan = plan(&texts);
    let whole = plan.eval(table).unwrap();
    let mut stepper = plan.stepper(table.first_row()).unwrap();
    let columns: Vec<_> = plan.columns().map(|c| table.get(c).unwrap().to_f64()).collect();
    for row in 0..table.len() {
        let values: Vec<f64> = columns.iter().map(|c| c[row]).collect();
        let got = stepper.step(table.axis().open()[row], table.axis().available()[row], &values).unwrap();
        for (i, &g) in got.iter().enumerate() {
            let want = number_at(&whole, i, row);
            assert!(same(g, want), "{} in row {row}: {g} and {want}", plan.outputs()[i].name);
        }
    }
}

#[test]
fn an_output_alone_and_a_stepper_that_begins_later_have_the_same_bits() {
    let bars = minutes(3, true);
    let table = bars.columns();
    let texts = calls();
    let all: Vec<&str> = texts.iter().map(String::as_str).collect();
    let together = plan(&all);
    let whole = together.eval(table).unwrap();
    for (i, text) in all.iter().enumerate() {
        // Of several outputs only the one is read, so a kernel may do less.
        let alone = plan(&[text]);
        let values = alone.eval(table).unwrap();
        let (got, want) = (number(&values, 0), number(&whole, i));
        assert!(got.iter().zip(&want).all(|(a, b)| same(*a, *b)), "{text} alone");
        for first in [0, 1, 77, 513] {
            let part = table.slice(first..);
            let want = number(&alone.eval(&part).unwrap(), 0);
            let mut stepper = alone.stepper(part.first_row()).unwrap();
            let columns: Vec<_> = alone.columns().map(|c| part.get(c).unwrap().to_f64()).collect();
            for row in 0..part.len().min(700) {
                let values: Vec<f64> = columns.iter().map(|c| c[row]).collect();
                let got = stepper.step(part.axis().open()[row], part.axis().available()[row], &values).unwrap()[0];
                assert!(same(got, want[row]), "{text} from {first} in row {row}: {got} and {}", want[row]);
            }
        }
    }
}

#[test]
fn a_change_of_a_later_row_changes_nothing_before_it() {
    let bars = minutes(3, true);
    let mut texts = calls();
    texts.extend(["tf(\"15m\", high)", "tf(\"1d\", close)", "tf(\"1h\", sma(volume, 2))"].map(str::to_owned));
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let plan = plan(&texts);
    let whole = plan.eval(bars.columns()).unwrap();
    for at in [500, 779, 780] {
        let mut changed = Columns::new(bars.columns().axis().clone());
        for (name, c) in bars.columns().iter() {
            let mut c = c.to_f64().to_vec();
            c[at..].iter_mut().for_each(|x| *x = *x * 1.5 + 3.0);
            changed.push(name, c).unwrap();
        }
        let got = plan.eval(&changed).unwrap();
        for (k, o) in plan.outputs().iter().enumerate() {
            let (g, w) = (number(&got, k), number(&whole, k));
            assert!((0..at).all(|i| same(g[i], w[i])), "{} sees row {at}", o.name);
        }
    }
}

#[test]
fn a_slice_agrees_with_the_whole_after_the_lookback_of_what_is_windowed() {
    let bars = minutes(4, false);
    let table = bars.columns();
    let texts: Vec<String> = indicators::ALL
        .iter()
        .filter(|s| s.inputs.iter().all(|i| i.default.is_some()))
        .filter(|s| (s.build)(&s.args(&[]).unwrap()).unwrap().is_windowed())
        .flat_map(|s| {
            let suffix = |o: &str| if s.outputs.len() > 1 { format!(".{o}") } else { String::new() };
            s.outputs.iter().map(move |o| format!("lag({}(){}, 3) + sma(close, 7)", s.name, suffix(o)))
        })
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    assert!(texts.len() > 20);
    let plan = plan(&texts);
    let whole = plan.eval(table).unwrap();
    for first in [1, 100, 513] {
        let part = plan.eval(&table.slice(first..)).unwrap();
        for (k, o) in plan.outputs().iter().enumerate() {
            let (g, w) = (number(&part, k), number(&whole, k));
            assert!((0..o.lookback.min(g.len())).all(|i| g[i].is_nan()), "{}", o.name);
            for i in o.lookback..g.len() {
                assert!(same(g[i], w[first + i]), "{} from {first}: row {i}: {} and {}", o.name, g[i], w[first + i]);
            }
        }
    }
}

#[test]
fn odd_tables_are_no_trouble() {
    let texts = [
        "close",
        "1 + 1",
        "nan",
        "-0",
        "close > open",
        "true",
        "sma(close, 3)",
        "close",
        "inf",
        "nan > 1",
        "lag(close > open, 2)",
    ];
    let plan = plan(&texts);
    for n in [0, 1, 2, 64, 1024, 1025] {
        let bars = minutes(4, false);
        let values = plan.eval(&bars.columns().slice(..n)).unwrap();
        assert!((0..texts.len()).all(|k| number(&values, k.min(plan.outputs().len() - 1)).len() == n));
    }
    // No columns at all, and columns of 32 bits.
    let axis = Axis::instants(vec![1, 2, 3]).unwrap();
    let schema = Schema::new(Vec::<String>::new());
    let ast = parse("1 + 2").unwrap();
    let constant = compile(&[("x", &ast)], &schema, None).unwrap().into_plan();
    assert_eq!(constant.eval(&Columns::new(axis.clone())).unwrap().number(0), Some(&[3.0; 3][..]));
    assert!(plan.eval(&Columns::new(axis.clone())).is_err());
    let narrow = Columns::new(axis).with("close", vec![0.1f32, 0.2, 0.3]).unwrap();
    let ast = parse("close * 2").unwrap();
    let narrow_plan = compile(&[("x", &ast)], &Schema::new(["close"]), None).unwrap().into_plan();
    assert_eq!(narrow_plan.eval(&narrow).unwrap().number(0).unwrap()[0], f64::from(0.1f32) * 2.0);
    // More columns than the stepper keeps on its stack.
    let many: Vec<String> = (0..65).map(|i| format!("c{i}")).collect();
    let ast = parse(&many.join(" + ")).unwrap();
    let wide = compile(&[("x", &ast)], &Schema::new(many), None).unwrap().into_plan();
    let mut stepper = wide.stepper(0).unwrap();
    assert_eq!(stepper.step(0, 0, &[1.0; 65]).unwrap(), [65.0]);
    assert!(stepper.step(0, 0, &[1.0; 64]).is_none());
    // No points at all.
    let points = PointTable::new([Param::int("n", 1, 9, 3)]).unwrap();
    let ast = parse("sma(close, $n)").unwrap();
    let none = compile(&[("x", &ast)], &self::schema(), Some(&points)).unwrap();
    assert_eq!((none.plan().outputs().len(), none.output(0, 0)), (0, None));
}

#[test]
fn what_is_not_equal_is_not_shared() {
    let distinct = [
        "ewm(close, 0.1)",
        "ewm(close, 0.1000000000000001)",
        "sma(close, 5)",
        "sma(open, 5)",
        "wma(close, 5)",
        "corr(close, open, 5)",
        "cov(close, open, 5)",
        "close - open",
        "open - close",
        "max(close, -0)",
        "max(close, 0)",
        "atan2(0 * close, -0)",
        "atan2(0 * close, 0)",
        "tf(\"15m\", close)",
        "tf(\"30m\", close)",
        "tf(\"15m\", open)",
        "tf(\"15m\", close + 0.1)",
        "tf(\"15m\", close + 0.1000000001)",
        "scan(close, prev + 0.1)",
        "scan(close, prev + 0.1000000001)",
        "scan(open, prev + 0.1)",
        "scan(init_a=close, init_b=open, a=prev.b, b=prev.a).a",
        "scan(init_a=close, init_b=open, a=prev.b, b=prev.a).b",
        "scan(init_a=close, init_b=open, a=prev.a, b=prev.b).a",
    ];
    assert_eq!(plan(&distinct).outputs().len(), distinct.len());
    // One expression for the same thing.
    for [a, b] in [["close + open", "open + close"], ["sma(close, 5)", "sma(period=5, x=close)"], ["x > y", "y < x"]] {
        let schema = Schema::new(["close", "open", "x", "y"]);
        let (a, b) = (parse(a).unwrap(), parse(b).unwrap());
        assert_eq!(compile(&[("a", &a), ("b", &b)], &schema, None).unwrap().plan().outputs().len(), 1);
    }
}

#[test]
fn nothing_works_across_symbols_within_a_timeframe() {
    for text in ["tf(\"1h\", cs_rank(close))", "tf(\"1h\", sma(neutralize(close, sector), 2) > 0)"] {
        assert!(error(text).contains("across symbols within a timeframe"), "{text}: {}", error(text));
    }
}

#[test]
fn a_column_that_ends_like_a_value_of_the_language_does_not_take_its_place() {
    let schema = Schema::new(["close", "max_drawdown", "close_prev", "free_cash", "limit.entry.price"]);
    let compiled = |text: &str| compile(&[("x", &parse(text).unwrap())], &schema, None);
    let plan = compiled("scan(close, prev + 1)").unwrap().into_plan();
    assert_eq!(plan.columns().collect::<Vec<_>>(), ["close"]);
    for text in ["drawdown > 0.1", "cash", "entry.price"] {
        assert!(compiled(text).unwrap_err().to_string().contains("alone, and this is computed from the market"));
    }
    // In full it is the column.
    let schema = Schema::new(["cash", "prev", "cash.cash"]);
    let plan = compile(&[("x", &parse("cash + prev").unwrap())], &schema, None).unwrap().into_plan();
    assert_eq!(plan.columns().collect::<Vec<_>>(), ["cash", "prev"]);
}

#[test]
fn both_zeros_of_a_step_are_kept_apart() {
    let plan = plan(&["scan(1, atan2(prev * 0, 0) + atan2(prev * 0, -0))"]);
    let values = plan.eval(&minutes(1, false).columns().slice(..2)).unwrap();
    assert_eq!(values.number(0).unwrap(), [1.0, std::f64::consts::PI]);
}

#[test]
fn a_state_is_named_once_and_a_lag_built_in_code_is_no_longer_than_one_that_is_read() {
    for text in ["scan(init_a=1, init_b=2, a=close, a=open).a", "scan(init_a=1, a=prev.a, init_a=2, a=open).a"] {
        assert!(error(text).contains("a is given twice"), "{text}: {}", error(text));
    }
    let many: Vec<String> = (0..40_000).map(|i| format!("init_a{i}=1, a{i}=1")).collect();
    assert!(error(&format!("scan({}).a0", many.join(", "))).contains("too many states"));
    let mut ast = Ast::new();
    let close = ast.push(Node::Field("close".into())).unwrap();
    ast.push(Node::Lag(close, 1_000_001)).unwrap();
    assert!(compile(&[("x", &ast)], &schema(), None).unwrap_err().to_string().contains("at most 1000000 rows"));
}

#[test]
fn bars_of_weeks_months_and_long_days_claim_warm_up_enough() {
    let compiled = |text: &str, schema: &Schema| compile(&[("x", &parse(text).unwrap())], schema, None).unwrap();
    let bars = minutes(70, false);
    for text in
        ["tf(\"1d\", close)", "tf(\"1w\", close)", "tf(\"1mo\", close)", "tf(\"2w\", close)", "tf(\"1w\", close[2])"]
    {
        let plan = compiled(text, &schema()).into_plan();
        let values = plan.eval(bars.columns()).unwrap();
        let first = values.number(0).unwrap().iter().position(|v| !v.is_nan()).unwrap();
        assert!(first <= plan.lookback(), "{text}: {first} and {}", plan.lookback());
    }
    let (equities, crypto) = (Calendar::us_equities(), Calendar::crypto());
    let minutes = |calendar: &Calendar, hours| Schema::new(["close"]).bars_in(Timeframe::M1, calendar.clone(), hours);
    let days = |calendar: &Calendar| Schema::new(["close"]).bars(Timeframe::D1, calendar.clone());
    for (text, schema, want) in [
        ("tf(\"1d\", close)", minutes(&equities, SessionHours::Extended), 960),
        ("tf(\"1h\", close)", minutes(&equities, SessionHours::Extended), 60),
        ("tf(\"1d\", close)", minutes(&crypto, SessionHours::Regular), 1440),
        ("tf(\"1w\", close)", minutes(&crypto, SessionHours::Regular), 7 * 1440),
        ("tf(\"1mo\", close)", minutes(&crypto, SessionHours::Regular), 31 * 1440),
        ("tf(\"1w\", close)", days(&equities), 5),
        ("tf(\"1mo\", close)", days(&equities), 23),
        ("tf(\"1mo\", close)", days(&crypto), 31),
        ("tf(\"3d\", close)", days(&equities), 3),
        ("tf(\"1d\", close)", days(&equities), 1),
    ] {
        assert_eq!(compiled(text, &schema).plan().lookback(), want - 1, "{text}");
    }
}

#[test]
fn rows_that_are_known_late_all_go_into_their_bar() {
    let bars = minutes(4, false);
    let axis = bars.columns().axis();
    let late: Vec<i64> = axis.available().iter().map(|t| t + 120_000_000_000).collect();
    let mut table = Columns::new(Axis::new(axis.open().to_vec(), late).unwrap());
    for (name, column) in bars.columns().iter() {
        table.push(name, column.clone()).unwrap();
    }
    // A bar is the same however late its rows are known, and in the same row: that one is known late itself.
    for text in ["tf(\"15m\", close)", "tf(\"15m\", volume)", "tf(\"1h\", high)", "tf(\"1d\", close)"] {
        let plan = plan(&[text]);
        let (a, b) = (plan.eval(bars.columns()).unwrap(), plan.eval(&table).unwrap());
        assert!(number(&a, 0).iter().zip(&number(&b, 0)).all(|(a, b)| same(*a, *b)), "{text}");
    }
}

#[test]
fn a_timeframe_in_every_term_takes_time_in_proportion() {
    // Each term looked at the whole expression: 4,000 terms took eight times as long as 1,000.
    let terms: Vec<String> = (0..40_000).map(|i| format!("tf(\"15m\",close)*{i}")).collect();
    assert_eq!(plan(&[&terms.join("+")]).columns().collect::<Vec<_>>(), ["close"]);
}

#[test]
fn constants_beyond_the_parameters_are_series_in_order() {
    let row = |text: &str| {
        let values = plan(&[text]).eval(minutes(1, false).columns()).unwrap();
        *number(&values, 0).last().unwrap()
    };
    assert_eq!([row("sma(5, 20)"), row("sma(x=5, period=20)"), row("sma(7, period=20)")], [5.0, 5.0, 7.0]);
    let shown = plan(&["cov(close, 5, 20)"]).to_string();
    assert!(shown.contains("= 5\n") && shown.contains(", 20)"), "{shown}");
    assert!(plan(&["rsi(14)"]).to_string().contains("= close"));
    assert!(error("sma(close, 3, 4)").contains("reads no further series"), "{}", error("sma(close, 3, 4)"));
    assert!(error("tf(a=\"1h\", b=close)").contains("tf takes"));
    // What is no value of a parameter is an input.
    for text in ["count_true(true, 5)", "count_true(5, true)", "count_true(true, period=5)", "count_true(1 < 2, 5)"] {
        assert_eq!(row(text), 5.0, "{text}");
    }
    assert_eq!([row("count_true(true)"), row("count_true(false, 5)"), row("sma(true, 5)")], [20.0, 0.0, 1.0]);
    assert!(error("sma(close, true)").contains("period") && error("count_true(5)").contains("needs condition"));
    assert!(error("count_true(true, false)").contains("period"), "{}", error("count_true(true, false)"));
    assert!(error("neutralize(a=close, b=sector)").contains("neutralize needs"));
}

/// A node of a panel by a naive reading: for each symbol a value per row.
struct Across {
    id: Id,
    values: Vec<Vec<f64>>,
}

#[test]
fn random_graphs_across_symbols_are_what_a_naive_reading_says() {
    let (n, n_symbols) = (1500, 4);
    let tables: Vec<Columns> = (0..n_symbols).map(|s| walks(n, 3, 10 + s as u64, true)).collect();
    let mut panel =
        Panel::new(Calendar::crypto(), tables[0].axis().clone(), (0..n_symbols).map(|s| format!("S{s}"))).unwrap();
    let column = |s: usize, c: usize| {
        let mut column = tables[s].at(c).unwrap().to_f64().to_vec();
        // Times at which one symbol or none is there.
        column[100..200].iter_mut().for_each(|x| *x = if s == 0 { *x } else { f64::NAN });
        column[300..400].iter_mut().for_each(|x| *x = f64::NAN);
        column
    };
    for c in 0..3 {
        panel.push(format!("c{c}"), (0..n_symbols).flat_map(|s| column(s, c)).collect()).unwrap();
    }
    // A symbol without any value has no row, and is compared with none.
    let all: Vec<[Vec<f64>; 3]> = (0..n_symbols).map(|s| [0, 1, 2].map(|c| column(s, c))).collect();
    let is_there = |s: usize, t: usize| all[s].iter().any(|column| !column[t].is_nan());
    for seed in 0..40 {
        let mut stream = Stream::new(seed, "hostile panel", 0);
        let mut graph = Graph::new();
        let mut nodes: Vec<Across> = (0..3)
            .map(|c| Across { id: graph.column(c as u32), values: (0..n_symbols).map(|s| column(s, c)).collect() })
            .collect();
        nodes.push(Across { id: graph.num(2.0), values: vec![vec![2.0; n]; n_symbols] });
        for _ in 0..60 {
            let mut any = || {
                let u = stream.uniform();
                &nodes[(u.sqrt() * nodes.len() as f64) as usize % nodes.len()]
            };
            let (a, b) = (any(), any());
            let each = |f: &dyn Fn(usize) -> Vec<f64>| (0..n_symbols).map(f).collect::<Vec<_>>();
            let node = match (stream.uniform() * 8.0) as usize {
                0 | 1 => Across {
                    id: graph.bin(Bin::Sub, a.id, b.id),
                    values: each(&|s| a.values[s].iter().zip(&b.values[s]).map(|(x, y)| x - y).collect()),
                },
                2 => {
                    let c = graph.cmp(Cmp::Lt, a.id, b.id);
                    let row = |x: f64, y: f64| {
                        if x.is_nan() || y.is_nan() { f64::NAN } else { f64::from(u8::from(x < y)) }
                    };
                    Across {
                        id: graph.to_num(c),
                        values: each(&|s| a.values[s].iter().zip(&b.values[s]).map(|(x, y)| row(*x, *y)).collect()),
                    }
                }
                3 => {
                    let signature = &indicators::macd::SIGNATURE;
                    let args = signature.args(&[]).unwrap();
                    let call = graph.call(signature, &args, &[a.id]).unwrap();
                    let j = (stream.uniform() * 3.0) as usize;
                    let values = each(&|s| whole(signature, &args, &[&a.values[s]], n).swap_remove(j));
                    Across { id: graph.output(call, j as u32), values }
                }
                kind => {
                    let mut values = vec![vec![f64::NAN; n]; n_symbols];
                    for t in 0..n {
                        let value = |s: usize| if is_there(s, t) { a.values[s][t] } else { f64::NAN };
                        let here: Vec<f64> = (0..n_symbols).map(value).filter(|v| !v.is_nan()).collect();
                        let count = here.len() as f64;
                        let sum = here.iter().fold(0.0, |s, v| s + v);
                        let size = here.iter().fold(0.0, |s, v| s + v.abs());
                        for s in 0..n_symbols {
                            let x = value(s);
                            let below = here.iter().filter(|v| **v < x).count() as f64;
                            let equal = here.iter().filter(|v| **v == x).count() as f64;
                            values[s][t] = match kind {
                                _ if x.is_nan() => f64::NAN,
                                // Equal values are all at their mean.
                                4 | 5 if equal == count => 0.0,
                                4 | 5 => x - sum / count,
                                6 => (below + (equal + 1.0) / 2.0) / count,
                                _ if size > 0.0 => x * (1.0 / size),
                                _ => f64::NAN,
                            };
                        }
                    }
                    let op = match kind {
                        4 | 5 => Cross::Demean,
                        6 => Cross::Rank,
                        _ => Cross::Scale(1.0),
                    };
                    Across { id: graph.cross(op, a.id), values }
                }
            };
            nodes.push(node);
        }
        let chosen: Vec<&Across> = nodes.iter().filter(|_| stream.uniform() < 0.15).collect();
        let names: Vec<std::sync::Arc<str>> = (0..3).map(|c| format!("c{c}").into()).collect();
        let outputs = chosen.iter().enumerate().map(|(k, x)| (format!("o{k}").into(), x.id));
        let plan = Plan::new(graph.clone(), names, outputs).unwrap();
        let pool = Pool::new(Threads::N(2.try_into().unwrap())).unwrap();
        let out = plan.eval_panel(&panel, &pool).unwrap();
        if seed % 4 == 0 {
            steps_as_the_panel(&plan, &panel);
        }
        for (k, want) in chosen.iter().enumerate() {
            for (i, w) in want.values.iter().flatten().enumerate() {
                assert!(same(out[k][i], *w), "seed {seed}, output {k} of {}, {i}: {} and {w}", chosen.len(), out[k][i]);
            }
        }
    }
}

fn coarse(bars: &Bars, to: Timeframe, calendar: &Calendar, field: &str) -> Vec<f64> {
    let coarse = resample(bars, &ResampleSpec::new(to, calendar.clone())).unwrap();
    let table = coarse.bars.columns();
    let c = table.get(field).unwrap().to_f64();
    let at = |at: &i64| table.axis().known_at(*at).checked_sub(1).map_or(f64::NAN, |k| c[k]);
    bars.columns().axis().available().iter().map(at).collect()
}

#[test]
fn coarser_bars_over_half_days_gaps_clock_changes_and_whole_weekends_are_the_resampled_ones() {
    let minute = 60_000_000_000;
    for (calendar, from, days) in [
        (Calendar::us_equities(), Date::new(2024, 10, 28).unwrap(), 70),
        (Calendar::us_equities(), Date::new(2024, 3, 4).unwrap(), 35),
        (Calendar::crypto(), Date::new(2024, 1, 30).unwrap(), 9),
    ] {
        let mut stream = Stream::new(3, "coarser", 0);
        let (mut open, mut fields) = (Vec::new(), vec![Vec::new(); 5]);
        let mut close = 100.0;
        for (day, session) in calendar.sessions(from, from.add_days(days)).enumerate() {
            for (k, at) in (session.open..session.close).step_by(minute as usize).enumerate() {
                // Last minutes of bars, long stretches and a whole session are missing.
                if k % 15 == 14 && day % 3 == 1 || (k / 50) % 4 == 3 && day % 2 == 1 || day % 7 == 5 {
                    continue;
                }
                open.push(at);
                close += stream.normal();
                let row =
                    [close - 0.1, close + 1.0 + stream.uniform(), close - 1.0 - stream.uniform(), close, k as f64];
                fields.iter_mut().zip(row).for_each(|(f, v)| f.push(v));
            }
        }
        let available: Vec<i64> = open.iter().map(|t| t + minute).collect();
        let mut table = Columns::new(Axis::new(open, available).unwrap());
        for (name, field) in qe_core::bars::OHLCV.iter().zip(fields) {
            table.push(*name, field).unwrap();
        }
        let bars = Bars::from_columns("S", Timeframe::M1, table).unwrap();
        let schema = Schema::new(qe_core::bars::OHLCV).bars(Timeframe::M1, calendar.clone());
        for to in ["1m", "15m", "1h", "4h", "1d", "3d", "1w", "1mo"] {
            for field in qe_core::bars::OHLCV {
                let ast = parse(&format!("tf(\"{to}\", {field})")).unwrap();
                let plan = compile(&[("x", &ast)], &schema, None).unwrap().into_plan();
                let got = number(&plan.eval(bars.columns()).unwrap(), 0);
                let want = coarse(&bars, Timeframe::parse(to).unwrap(), &calendar, field);
                let differs = (0..got.len()).find(|&i| !same(got[i], want[i]));
                assert_eq!(differs, None, "{to} {field} of {from} by {}", calendar.name());
            }
        }
    }
}

#[test]
fn columns_of_any_name_are_found_and_never_taken_for_what_they_look_like() {
    let names = ["close", "adj close", "S&P 500", "1d_ret", "a`b", "and", "日本", "feature_close-to-open"];
    let n = 40;
    let mut table = Columns::new(Axis::instants((0..n as i64).collect::<Vec<_>>()).unwrap());
    for (c, name) in names.iter().enumerate() {
        table.push(*name, (0..n).map(|i| ((i * (c + 3)) % 7) as f64 + c as f64).collect::<Vec<f64>>()).unwrap();
    }
    let schema = Schema::new(names);
    let compiled = |text: &str| compile(&[("x", &parse(text).unwrap())], &schema, None);
    let eval = |text: &str| number(&compiled(text).unwrap().into_plan().eval(&table).unwrap(), 0);
    for (c, name) in names.iter().enumerate() {
        assert_eq!(eval(&format!("`{}`", name.replace('`', "``"))), *table.at(c).unwrap().to_f64());
    }
    assert_eq!(eval("`close-to-open`"), eval("`feature_close-to-open`"));
    assert_eq!(eval("sma(`adj close`, 3)[1]")[10..], eval("lag(sma(x=`adj close`, period=3), 1)")[10..]);
    let said = |text: &str| compiled(text).unwrap_err().to_string();
    let wrong = said("2 * `adj clsoe`");
    assert!(wrong.contains("did you mean `adj close`? (backquotes and all)"), "{wrong}");
    assert!(wrong.contains("\n  2 * `adj clsoe`\n      ^^^^^^^^^^^\n"), "{wrong}");

    // Within a timeframe equal parts are told by their text, which a name may look like.
    let odd = ["close", "sma(%0, 2)", "%0 + %1", "3", "%0"];
    let schema = Schema::new(odd.into_iter().chain(["open"])).bars(Timeframe::M1, Calendar::us_equities());
    let texts = ["sma(close, 2)", "`sma(%0, 2)`", "close + `sma(%0, 2)`", "`%0 + %1`", "`3`", "3 + 0 * close", "`%0`"];
    let trees: Vec<Ast> = texts.iter().map(|t| parse(&format!("tf(\"1h\", {t})")).unwrap()).collect();
    let named: Vec<(&str, &Ast)> = trees.iter().map(|t| ("x", t)).collect();
    assert_eq!(compile(&named, &schema, None).unwrap().plan().outputs().len(), texts.len());
}

#[test]
fn conditions_are_told_from_numbers_where_they_are_read_and_where_they_are_given() {
    for text in
        ["count_true(close, 5)", "latch(close > open, volume)", "bars_since(5)", "value_when(close, close > open)"]
    {
        let said = error(text);
        assert!(said.contains("wants a condition, and this is a number") && said.contains("!= 0"), "{text}: {said}");
    }
    let gives = |text: &str| plan(&[text]).outputs()[0].ty;
    assert_eq!([gives("latch(close > open, close < open)"), gives("not latch(true, false)")], [Ty::Cond; 2]);
    assert_eq!([gives("count_true(latch(true, false), 5)"), gives("value_when(true, close)")], [Ty::Num; 2]);
    // What says of itself that it gives conditions gives nothing else.
    let rows = |n: usize| (0..100).map(|i| f64::from(u8::from(i % n == 0))).collect::<Vec<f64>>();
    for s in indicators::ALL.iter().chain(ops::ALL) {
        let made = s.with(&[]).unwrap();
        for j in (0..s.outputs.len()).filter(|&j| made.gives_condition(j)) {
            let inputs: Vec<Vec<f64>> = (0..s.inputs.len()).map(|i| rows(i + 3)).collect();
            let slices: Vec<&[f64]> = inputs.iter().map(Vec::as_slice).collect();
            let out = indicators::compute(s, &*made, &slices).unwrap();
            assert!(out[j].iter().all(|v| v.is_nan() || *v == 0.0 || *v == 1.0) && out[j].contains(&1.0), "{}", s.name);
        }
    }
    let names: Vec<&str> =
        ops::ALL.iter().filter(|s| s.inputs.iter().any(|i| i.is_condition)).map(|s| s.name).collect();
    assert_eq!(names, ["bars_since", "count_true", "latch", "value_when"]);
}
