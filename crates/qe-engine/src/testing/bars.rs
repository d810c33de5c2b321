//! Bars to try blocks on: a walk, its mirror image, bars that nothing should be made of; and what a plan says of them.

use qe_core::bars::Bars;
use qe_core::calendar::Calendar;
use qe_core::columns::{Axis, Columns};
use qe_core::rng::Stream;
use qe_core::time::Date;
use qe_core::timeframe::Timeframe;
use qe_factors::expr::Schema;
use qe_factors::plan::{Outside, Value};

use crate::market::Market;
use crate::program::{Program, Source, StrategyPlan};
use crate::run::{RunOptions, run};
use crate::spec::StrategySpec;

const OHLCV: [&str; 5] = ["open", "high", "low", "close", "volume"];

/// How many rows.
pub(super) const N: usize = 700;

/// The price that mirrors are around: a price and its image have twice this as their sum.
pub(super) const MIDDLE: f64 = 100.0;

/// Five-minute bars of US equities.
const PER_YEAR: f64 = 252.0 * 78.0;

/// Prices that walk within a percent or so around the middle.
pub(super) fn walk(seed: u64) -> [Vec<f64>; 5] {
    let mut stream = Stream::new(seed, "bars for blocks", 0);
    let mut out: [Vec<f64>; 5] = Default::default();
    let mut close = MIDDLE;
    for _ in 0..N {
        let open = close + 0.1 * (stream.uniform() - 0.5);
        // Pulled back, so that it stays near the middle.
        close = open + 0.6 * (stream.uniform() - 0.5) - 0.05 * (open - MIDDLE);
        let high = open.max(close) + 0.2 * stream.uniform();
        let low = open.min(close) - 0.2 * stream.uniform();
        let row = [open, high, low, close, (1000.0 * stream.uniform()).ceil()];
        out.iter_mut().zip(row).for_each(|(column, v)| column.push(v));
    }
    out
}

/// The image of bars: what rises falls by as much.
pub(super) fn mirrored([open, high, low, close, volume]: &[Vec<f64>; 5]) -> [Vec<f64>; 5] {
    let image = |x: &[f64]| x.iter().map(|v| 2.0 * MIDDLE - v).collect();
    [image(open), image(low), image(high), image(close), volume.clone()]
}

/// Bars that break off, stand still, or are no prices at all; the last quarter is missing.
pub(super) fn hostile(seed: u64) -> [Vec<f64>; 5] {
    let odd = [0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN_POSITIVE, -1.0, 100.0, 1e-300];
    let mut stream = Stream::new(seed, "hostile bars", 0);
    let mut out = walk(seed);
    for column in &mut out {
        for (i, v) in column.iter_mut().enumerate() {
            let pick = odd[(stream.uniform() * odd.len() as f64) as usize % odd.len()];
            *v = match i {
                _ if i >= 3 * N / 4 => f64::NAN,
                _ if i < N / 4 => 100.0,
                _ if stream.bernoulli(0.3) => pick,
                _ => *v,
            };
        }
    }
    out
}

/// When bars open, and when they are complete.
fn axis(n: usize) -> Axis {
    const STEP: i64 = 300_000_000_000;
    let calendar = Calendar::us_equities();
    let date = |y: i32| Date::new(y, 1, 1).unwrap_or_else(|e| panic!("{e}"));
    let sessions = calendar.sessions(date(2020), date(2021));
    let open: Vec<i64> =
        sessions.flat_map(|s| (0..(s.close - s.open) / STEP).map(move |i| s.open + i * STEP)).collect();
    let available: Vec<i64> = open.iter().map(|t| t + STEP).collect();
    Axis::new(open[..n].to_vec(), available[..n].to_vec()).unwrap_or_else(|e| panic!("{e}"))
}

/// Prices as a table, up to a row.
pub(super) fn table(prices: &[Vec<f64>; 5], end: usize) -> Columns {
    let mut columns = Columns::new(axis(end));
    for (name, values) in OHLCV.iter().zip(prices) {
        columns.push(*name, values[..end].to_vec()).unwrap_or_else(|e| panic!("{e}"));
    }
    columns
}

/// The strategy of these lines, and its plan at the defaults.
#[track_caller]
pub(super) fn plan(place: &str, lines: &str) -> (StrategySpec, StrategyPlan) {
    let spec = StrategySpec::from_toml(&format!("version = 1\nname = \"a block\"\n{lines}"));
    let spec = spec.unwrap_or_else(|e| panic!("{place}: {e}\n{lines}"));
    let schema = Schema::new(OHLCV).bars(Timeframe::M5, Calendar::us_equities());
    let plan = spec.compile(&schema, PER_YEAR, None).unwrap_or_else(|e| panic!("{place}: {e}\n{lines}"));
    (spec, plan)
}

/// Its only program.
#[track_caller]
pub(super) fn program(place: &str, plan: &StrategyPlan) -> Program {
    match plan.programs.first() {
        Some(Ok(program)) => Program::clone(program),
        other => panic!("{place}: it cannot be run: {other:?}"),
    }
}

/// What a source says in each row: for a rule, what it says while a position is open that was signalled in row
/// `signal`, and entered at the middle in the next, on a side.
pub(super) fn values(plan: &StrategyPlan, source: Source, bars: &Columns, signal: usize, side: f64) -> Vec<f64> {
    let outputs = || -> Vec<Vec<f64>> {
        let told = plan.compiled.plan().eval(bars).unwrap_or_else(|e| panic!("{e}"));
        told.into_outputs().into_iter().map(Value::into_numbers).collect()
    };
    let idx = match source {
        Source::Number(x) => return vec![x; bars.len()],
        Source::Output(idx) => return outputs().swap_remove(idx),
        Source::Rule(idx) => idx,
    };
    let (rule, outputs) = (&plan.compiled.rules()[idx], outputs());
    let column = |name: &str| bars.get(name).map(|c| c.to_f64()).unwrap_or_else(|e| panic!("{e}"));
    let (high, low, close) = (column("high"), column("low"), column("close"));
    let (mut top, mut bottom) = (f64::NEG_INFINITY, f64::INFINITY);
    let (mut memory, mut out) = (rule.memory(), vec![f64::NAN; bars.len().min(signal)]);
    for row in signal..bars.len() {
        let inputs: Vec<f64> = rule.inputs().iter().map(|i| outputs[*i][row]).collect();
        let account = Outside { equity: 10_000.0, cash: 10_000.0, drawdown: 0.0, pos_side: side, ..Outside::NONE };
        let outside = if row == signal {
            account
        } else {
            (top, bottom) = (top.max(high[row]), bottom.min(low[row]));
            Outside {
                entry_price: MIDDLE,
                pos_bars: (row - signal) as f64,
                pos_high: top,
                pos_low: bottom,
                pos_pnl_frac: side * (close[row] / MIDDLE - 1.0),
                ..account
            }
        };
        out.push(rule.run(&inputs, &outside, &mut memory));
    }
    out
}

/// Runs a strategy over the walk: its money adds up.
#[track_caller]
pub(super) fn adds_up(place: &str, spec: &StrategySpec) {
    let prices = walk(1);
    let bars = Bars::new("X", Timeframe::M5, axis(N), prices).unwrap_or_else(|e| panic!("{place}: {e}"));
    let market = Market::new(&bars, &Calendar::us_equities()).unwrap_or_else(|e| panic!("{place}: {e}"));
    let report = run(spec, &market, &RunOptions::default()).unwrap_or_else(|e| panic!("{place}: {e}"));
    let f = &report.ledger.fills;
    let paid: f64 = (0..f.len()).map(|i| f.units[i] * f.price[i] + f.fee[i]).sum();
    let carried: f64 = report.ledger.carries.iter().map(|c| c.money).sum();
    let held = f.held.last().copied().unwrap_or(0.0);
    let worth = report.ledger.capital - paid - carried + held * bars.close()[N - 1];
    let told = report.figures.equity;
    assert!((worth - told).abs() <= 1e-9 * told.abs(), "{place}: cash and units are worth {worth}, and {told} is told");
}

/// Fails at the first row where bits differ; all NaN are one.
#[track_caller]
pub(super) fn same(place: &str, what: &str, got: &[f64], want: &[f64]) {
    let differ = |(g, w): (&f64, &f64)| g.to_bits() != w.to_bits() && !(g.is_nan() && w.is_nan());
    if let Some(row) = got.iter().zip(want).position(differ) {
        panic!("{place}: {what}: {:?} in row {row}, not {:?}", got[row], want[row]);
    }
}
