//! One case of the factor benches as a process of its own, so that its peak memory is its own: prints one line of JSON.
//! The scripts under `benches/peers` run these beside the peers.
//!
//! Bars come as a file of raw numbers: open, high, low, close and volume one after the other, as many rows of each. Where
//! a case is given a file to write to, its outputs go there in the same form, conditions as 1, 0 and NaN.
#![expect(clippy::print_stdout, reason = "the figures are this program's output")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use benches::case::{cpu_seconds, peak_bytes, read_numbers, write_numbers};
use benches::counting::{Counting, allocations};
use benches::equations::{Count, N_CONSTANTS, N_ROWS, Words, draw, draw_tree, table};
use polars::prelude::*;
use qe_core::bars::OHLCV;
use qe_core::calendar::Calendar;
use qe_core::columns::{Axis, Columns};
use qe_core::panel::Panel;
use qe_core::par::Pool;
use qe_core::param::Value as ParamValue;
use qe_core::point::PointTable;
use qe_core::rng::Stream;
use qe_factors::expr::{Ast, Schema, compile, parse};
use qe_factors::indicators::{by_name, compute, macd, rsi, sma};
use qe_factors::kernel::Ema;
use qe_factors::plan::{Graph, Part, Plan, Value, Workspace};

type Outcome = Result<String, Box<dyn std::error::Error>>;

const USAGE: &str = "factor_case indicator NAME[.OUTPUT|OUTPUT…][:PARAM=VALUE;…] BARS RUNS [OUT]
factor_case expressions BARS EXPRESSIONS RUNS [OUT]
factor_case alphas PANEL.parquet ALPHAS RUNS [OUT]
factor_case equations RUNS
factor_case stream RUNS";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let said = match words.as_slice() {
        ["indicator", name, bars, runs, out @ ..] => indicator(name, bars, runs.parse()?, out.first().copied())?,
        ["expressions", bars, texts, runs, out @ ..] => expressions(bars, texts, runs.parse()?, out.first().copied())?,
        ["alphas", panel, texts, runs, out @ ..] => alphas(panel, texts, runs.parse()?, out.first().copied())?,
        ["equations", runs] => equations(runs.parse()?)?,
        ["stream", runs] => stream(runs.parse()?)?,
        _ => return Err(USAGE.into()),
    };
    println!("{{\"case\":\"{}\",{said},\"peak_bytes\":{}}}", words[0], peak_bytes());
    Ok(())
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Seconds of some calls, from the least to the most.
fn seconds(runs: usize, mut call: impl FnMut()) -> Vec<f64> {
    let one = |_| {
        let start = Instant::now();
        call();
        start.elapsed().as_secs_f64()
    };
    let mut all: Vec<f64> = (0..runs).map(one).collect();
    all.sort_by(f64::total_cmp);
    all
}

/// `NAME = EXPRESSION` on each line.
fn read_expressions(path: &str) -> Result<Vec<(String, Ast)>, Box<dyn std::error::Error>> {
    let text = std::fs::read_to_string(path)?;
    let lines = text.lines().filter(|l| !l.starts_with('#') && !l.trim().is_empty());
    lines
        .map(|line| {
            let (name, text) = line.split_once(" = ").ok_or_else(|| format!("no NAME = in {line}"))?;
            Ok((name.trim().to_owned(), parse(text)?))
        })
        .collect()
}

/// An indicator, `NAME` or `NAME:param=value;param=value`: into columns that exist (`ns`), and into new ones (`new_ns`).
fn indicator(text: &str, bars: &str, runs: usize, out: Option<&str>) -> Outcome {
    let (name, params) = text.split_once(':').unwrap_or((text, ""));
    let (name, only) = name.split_once('.').unwrap_or((name, ""));
    let params = params.split(';').filter(|p| !p.is_empty()).map(|p| {
        let (name, value) = p.split_once('=').ok_or_else(|| format!("no value in {p}"))?;
        let whole = value.parse::<i64>().map(ParamValue::from);
        Ok((name, whole.or_else(|_| value.parse::<f64>().map(ParamValue::from))?))
    });
    let params = params.collect::<Result<Vec<_>, Box<dyn std::error::Error>>>()?;
    let values = read_numbers(bars)?;
    let n = values.len() / OHLCV.len();
    let column = |name: &str| OHLCV.iter().position(|f| *f == name).map(|i| &values[i * n..(i + 1) * n]);
    let signature = by_name(name)?;
    let built = signature.with(&params)?;
    // Two series are the high and the low, as the script takes them.
    let fallback = |input: &str| if input == "x" { "high" } else { "low" };
    let inputs: Option<Vec<&[f64]>> =
        signature.inputs.iter().map(|i| column(i.default.unwrap_or_else(|| fallback(i.name)))).collect();
    let inputs = inputs.ok_or("it reads more than bars")?;
    let first = compute(signature, built.as_ref(), &inputs)?;
    if let Some(path) = out {
        write_numbers(path, first.iter().map(Vec::as_slice))?;
    }
    // The outputs that are read, one bit each; all without a list. The others are not written, and cost no memory.
    let is_read = |output: &str| only.is_empty() || only.split('|').any(|o| o == output);
    let wanted = signature.outputs.iter().enumerate().fold(0, |bits, (i, o)| bits | u32::from(is_read(o)) << i);
    let run = |columns: &mut [Vec<f64>]| {
        let mut slices: Vec<&mut [f64]> = columns.iter_mut().map(Vec::as_mut_slice).collect();
        built.kernel_for(0, wanted).run(black_box(&inputs), &mut slices);
    };
    let mut columns = first;
    let existing = seconds(runs, || run(&mut columns));
    let new = seconds(runs, || {
        let mut columns = vec![vec![0.0; n]; signature.outputs.len()];
        run(&mut columns);
        black_box(&columns);
    });
    let per_row = 1e9 / n as f64;
    Ok(format!(
        "\"name\":\"{name}\",\"rows\":{n},\"outputs\":{:?},\"ns\":{:.4},\"ns_median\":{:.4},\"new_ns\":{:.4},\
         \"new_ns_median\":{:.4}",
        signature.outputs,
        existing[0] * per_row,
        existing[runs / 2] * per_row,
        new[0] * per_row,
        new[runs / 2] * per_row
    ))
}

fn minutes(path: &str) -> Result<Columns, Box<dyn std::error::Error>> {
    let values = read_numbers(path)?;
    let n = values.len() / OHLCV.len();
    let open: Vec<i64> = (0..n as i64).map(|i| i * 60_000_000_000).collect();
    let available: Vec<i64> = open.iter().map(|t| t + 60_000_000_000).collect();
    let mut table = Columns::new(Axis::new(open, available)?);
    for (i, name) in OHLCV.iter().enumerate() {
        table.push(*name, values[i * n..(i + 1) * n].to_vec())?;
    }
    Ok(table)
}

/// Expressions in one plan over bars, on one thread. Compiling is part of each run, and all outputs are made.
fn expressions(bars: &str, texts: &str, runs: usize, out: Option<&str>) -> Outcome {
    let (table, trees) = (minutes(bars)?, read_expressions(texts)?);
    let named: Vec<(&str, &Ast)> = trees.iter().map(|(name, tree)| (name.as_str(), tree)).collect();
    let schema = Schema::new(OHLCV);
    let start = Instant::now();
    let compiled = compile(&named, &schema, None)?;
    let compiling = start.elapsed().as_secs_f64();
    if let Some(path) = out {
        let values = compiled.plan().eval(&table)?;
        let numbers = |i: usize| match compiled.output(i, 0).map(|idx| &values.outputs()[idx]) {
            Some(Value::Number(v)) => v.clone(),
            Some(Value::Condition(mask)) => {
                let number = |row| mask.get(row).map_or(f64::NAN, |yes| f64::from(u8::from(yes)));
                (0..mask.len()).map(number).collect()
            }
            None => Vec::new(),
        };
        let columns: Vec<Vec<f64>> = (0..named.len()).map(numbers).collect();
        write_numbers(path, columns.iter().map(Vec::as_slice))?;
    }
    let before = cpu_seconds();
    let all = seconds(runs, || {
        let values = compile(black_box(&named), &schema, None).and_then(|compiled| compiled.plan().eval(&table));
        drop(black_box(values));
    });
    let cpu = (cpu_seconds() - before) / runs as f64;
    let mut space = Workspace::new();
    let blocks = seconds(runs, || {
        let mut sum = 0.0;
        let done = compiled.plan().each_block(&table, &mut space, |_, _, part| {
            sum += match part {
                Part::Numbers(x) => x[0],
                Part::Number(x) => x,
                Part::Condition(mask) => f64::from(u8::from(mask.get(0) == Some(true))),
            };
        });
        black_box((sum, done.is_ok()));
    });
    Ok(format!(
        "\"rows\":{},\"expressions\":{},\"steps\":{},\"compile_seconds\":{compiling:.6},\"seconds\":{:.6},\
         \"seconds_median\":{:.6},\"cpu_seconds\":{cpu:.6},\"blocks_seconds_median\":{:.6}",
        table.len(),
        named.len(),
        compiled.plan().n_steps(),
        all[0],
        all[runs / 2],
        blocks[runs / 2]
    ))
}

/// A panel from rows of a day and a name.
fn read_panel(path: &str) -> Result<Panel, Box<dyn std::error::Error>> {
    const DAY: i64 = 86_400_000_000_000;
    let df = LazyFrame::scan_parquet(PlRefPath::new(path), ScanArgsParquet::default())?.collect()?;
    let days = df.column("day")?.cast(&DataType::Int64)?;
    let days: Vec<usize> = days.i64()?.iter().map(|d| d.unwrap_or(0) as usize).collect();
    let labels = df.column("name")?.cast(&DataType::String)?;
    let labels: Vec<&str> = labels.str()?.iter().map(Option::unwrap_or_default).collect();
    let mut names: BTreeMap<&str, usize> = labels.iter().map(|name| (*name, 0)).collect();
    names.values_mut().enumerate().for_each(|(i, place)| *place = i);
    let places: Vec<usize> = labels.iter().map(|name| names[name]).collect();
    let n = days.iter().max().map_or(0, |last| last + 1);
    let axis = Axis::instants((0..n as i64).map(|i| i * DAY).collect::<Vec<_>>())?;
    let mut panel = Panel::new(Calendar::crypto(), axis, names.keys().map(|name| (*name).to_owned()))?;
    for column in df.columns().iter().filter(|c| !["day", "name"].contains(&c.name().as_str())) {
        if column.dtype() == &DataType::Float64 {
            let mut matrix = vec![f64::NAN; names.len() * n];
            for ((value, day), place) in column.f64()?.iter().zip(&days).zip(&places) {
                matrix[place * n + day] = value.unwrap_or(f64::NAN);
            }
            panel.push(column.name().as_str(), matrix)?;
        } else {
            let mut groups = vec![String::new(); names.len()];
            for (label, place) in column.cast(&DataType::Int64)?.i64()?.iter().zip(&places) {
                groups[*place] = label.unwrap_or(0).to_string();
            }
            panel.push_group(column.name().as_str(), groups)?;
        }
    }
    Ok(panel)
}

/// All alphas over a panel in one plan, on one thread. Parsing and compiling are part of each run.
fn alphas(panel: &str, texts: &str, runs: usize, out: Option<&str>) -> Outcome {
    let (panel, read_bytes) = (read_panel(panel)?, peak_bytes());
    let (pool, schema) = (Pool::inline(), Schema::new(panel.fields().map(str::to_owned)));
    let mut last = Vec::new();
    let mut failed = None;
    let before = cpu_seconds();
    let all = seconds(runs, || {
        // What the run before has made must not stand beside what this one makes.
        last = Vec::new();
        let one = || -> Result<_, Box<dyn std::error::Error>> {
            let trees = read_expressions(texts)?;
            let named: Vec<(&str, &Ast)> = trees.iter().map(|(name, tree)| (name.as_str(), tree)).collect();
            let compiled = compile(&named, &schema, None)?;
            let values = compiled.plan().eval_panel(&panel, &pool)?;
            Ok((compiled, values, named.len()))
        };
        match one() {
            Ok((compiled, values, n)) => last = vec![(compiled, values, n)],
            Err(e) => failed = Some(e),
        }
    });
    if let Some(error) = failed {
        return Err(error);
    }
    let cpu = (cpu_seconds() - before) / runs as f64;
    let (compiled, values, n_alphas) = last.pop().ok_or("RUNS is 0")?;
    let peak = peak_bytes();
    let column = |i: usize| compiled.output(i, 0).map_or(&[][..], |idx| &values[idx]);
    if let Some(path) = out {
        write_numbers(path, (0..n_alphas).map(column))?;
    }
    Ok(format!(
        "\"names\":{},\"days\":{},\"alphas\":{n_alphas},\"steps\":{},\"seconds\":{:.4},\"seconds_median\":{:.4},\
         \"cpu_seconds\":{cpu:.4},\"read_peak_bytes\":{read_bytes},\"eval_peak_bytes\":{peak}",
        panel.n_symbols(),
        panel.n_times(),
        compiled.plan().n_steps(),
        all[0],
        all[runs / 2]
    ))
}

/// How many equations.
const N_EQUATIONS: usize = 10_000;

/// Random equations, built, compiled and evaluated: a plan each, and one plan of all.
fn equations(runs: usize) -> Outcome {
    let (table, names) = table()?;
    let mut said = Vec::new();
    let mut sum = 0.0;
    for (what, exp_and_log) in [("arithmetic", false), ("exp_log", true)] {
        let mut space = Workspace::new();
        let (mut count, mut steps) = (Count::default(), 0);
        let mut failed = None;
        let mut add = |part: Part<'_>| {
            if let Part::Numbers(x) = part {
                sum += x[x.len() - 1];
            }
        };
        let before = cpu_seconds();
        let each = seconds(runs, || {
            (count, steps) = (Count::default(), 0);
            let mut stream = Stream::new(2, "bench.equations", 0);
            for _ in 0..N_EQUATIONS {
                let mut graph = Graph::new();
                let root = draw(&mut graph, &mut stream, 3, exp_and_log, &mut count);
                let one = Plan::new(graph, Arc::clone(&names), [("f".into(), root)]).and_then(|plan| {
                    steps += plan.n_steps();
                    plan.each_block(&table, &mut space, |_, _, part| add(part))
                });
                failed = one.err().or(failed.take());
            }
        });
        let between = cpu_seconds();
        let mut steps_of_all = 0;
        let together = seconds(runs, || {
            let (mut graph, mut stream) = (Graph::new(), Stream::new(2, "bench.equations", 0));
            let mut again = Count::default();
            let mut root = |_| ("f".into(), draw(&mut graph, &mut stream, 3, exp_and_log, &mut again));
            let roots: Vec<_> = (0..N_EQUATIONS).map(&mut root).collect();
            let one = Plan::new(graph, Arc::clone(&names), roots).and_then(|plan| {
                steps_of_all = plan.n_steps();
                plan.each_block(&table, &mut space, |_, _, part| add(part))
            });
            failed = one.err().or(failed.take());
        });
        let after = cpu_seconds();
        // Syntax trees, their constants parameters, as a search has them that fits the constants.
        let (words, schema) = (Words::new(&names), Schema::new(names.iter().cloned()));
        let mut steps_of_trees = 0;
        let trees = seconds(runs, || {
            let mut stream = Stream::new(2, "bench.equations", 0);
            let (mut constants, mut asts) = (Vec::with_capacity(N_CONSTANTS), Vec::with_capacity(N_EQUATIONS));
            let mut points = match PointTable::new(words.params()) {
                Ok(points) => points,
                Err(error) => return failed = Some(error.into()),
            };
            let mut row = Vec::with_capacity(N_CONSTANTS);
            for i in 0..N_EQUATIONS {
                let mut ast = Ast::new();
                constants.clear();
                draw_tree(&mut ast, &words, &mut stream, 3, exp_and_log, &mut constants);
                constants.resize(N_CONSTANTS, 0.0);
                row.clear();
                row.extend(constants.iter().copied().map(ParamValue::Float));
                failed = points.push(i as u64, &row).err().map(Into::into).or(failed.take());
                asts.push(ast);
            }
            steps_of_trees = 0;
            for (i, ast) in asts.iter().enumerate() {
                let one = compile(&[("f", ast)], &schema, Some(&points.slice(i..i + 1))).and_then(|compiled| {
                    steps_of_trees += compiled.plan().n_steps();
                    compiled.plan().each_block(&table, &mut space, |_, _, part| add(part))
                });
                failed = one.err().or(failed.take());
            }
        });
        if let Some(error) = failed {
            return Err(error.into());
        }
        let end = cpu_seconds();
        let ways = [
            ("each", &each, between - before, steps),
            ("all", &together, after - between, steps_of_all),
            ("trees", &trees, end - after, steps_of_trees),
        ];
        for (way, seconds, cpu, steps) in ways {
            // On a busy machine only the seconds in which it computed say what a core does.
            let cpu = if cpu > 0.0 { cpu / runs as f64 } else { seconds[runs / 2] };
            let rate = |n: usize| (n * N_ROWS) as f64 / cpu / 1e9;
            said.push(format!(
                "\"{what}_{way}\":{{\"seconds\":{:.4},\"cpu_seconds\":{cpu:.4},\"nodes\":{},\"operations\":{},\"steps\":{steps},\
                 \"g_nodes\":{:.3},\"g_operations\":{:.3},\"g_steps\":{:.3}}}",
                seconds[runs / 2],
                count.nodes,
                count.operations,
                rate(count.nodes),
                rate(count.operations),
                rate(steps)
            ));
        }
    }
    black_box(sum);
    Ok(said.join(","))
}

/// Nanoseconds an update, and how often memory was asked for meanwhile.
fn updates(name: &str, close: &[f64], runs: usize, mut push: impl FnMut(f64) -> f64) -> String {
    let mut sum = 0.0;
    // Windows fill, and what grows once has grown.
    close[..10_000].iter().for_each(|&x| sum += push(x));
    let before = allocations();
    let mut least = f64::INFINITY;
    for _ in 0..runs {
        let start = Instant::now();
        close.iter().for_each(|&x| sum += push(black_box(x)));
        least = least.min(start.elapsed().as_secs_f64());
    }
    let asked = allocations() - before;
    black_box(sum);
    format!("\"{name}\":{{\"ns\":{:.3},\"allocations\":{asked}}}", least * 1e9 / close.len() as f64)
}

/// Updates row by row: four indicators by their own types, and an expression by the stepper of its plan.
fn stream(runs: usize) -> Outcome {
    let mut stream = Stream::new(3, "bench.stream", 0);
    let mut price = 100.0;
    let walk = |_| {
        price *= 1.0 + 2e-4 * stream.normal();
        price
    };
    let close: Vec<f64> = (0..525_600).map(walk).collect();
    let mut sma = sma::State::new(20, 0);
    let mut ema = Ema::of_period(20);
    let mut rsi = rsi::State::new(14);
    let mut macd = macd::State::new(macd::Macd::default());
    let text = "close > sma(close, 50) and rsi(close, 14) < 70";
    let tree = parse(text)?;
    let plan = compile(&[("entry", &tree)], &Schema::new(OHLCV), None)?.into_plan();
    let mut stepper = plan.stepper(0)?;
    let mut at = 0;
    let step = |x: f64| {
        at += 60_000_000_000;
        stepper.step(at - 60_000_000_000, at, &[x]).map_or(f64::NAN, |out| out[0])
    };
    let all = [
        updates("sma", &close, runs, |x| sma.push(x)),
        updates("ema", &close, runs, |x| ema.push(x)),
        updates("rsi", &close, runs, |x| rsi.push(x)),
        updates("macd", &close, runs, |x| macd.push(x)[2]),
        updates("stepper", &close, runs, step),
    ];
    Ok(all.join(","))
}
