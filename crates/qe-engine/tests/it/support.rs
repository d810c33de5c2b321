//! What the tests of specifications share: columns of bars, and small specifications.

use std::sync::Arc;

use qe_core::columns::{Axis, Columns};
use qe_engine::program::{Program, Source, StrategyPlan};
use qe_engine::{Result, StrategySpec};
use qe_factors::expr::Schema;
use qe_factors::plan::{Outside, Value};

pub(crate) const OHLCV: [&str; 5] = ["open", "high", "low", "close", "volume"];

/// A sum of which no digit is lost: as many numbers as it needs (J. R. Shewchuk, "Adaptive precision floating-point arithmetic",
/// 1997, grow-expansion).
#[derive(Debug, Clone)]
pub(crate) struct Sum(Vec<f64>);

impl Sum {
    pub(crate) fn of(x: f64) -> Self {
        Self(vec![x])
    }

    pub(crate) fn add(&mut self, x: f64) {
        let mut x = x;
        let mut kept = 0;
        for i in 0..self.0.len() {
            let y = self.0[i];
            let (big, small) = if x.abs() < y.abs() { (y, x) } else { (x, y) };
            let sum = big + small;
            let lost = small - (sum - big);
            if lost != 0.0 {
                self.0[kept] = lost;
                kept += 1;
            }
            x = sum;
        }
        self.0.truncate(kept);
        self.0.push(x);
    }

    pub(crate) fn add_product(&mut self, x: f64, y: f64) {
        let product = x * y;
        self.add(product);
        self.add(x.mul_add(y, -product));
    }

    pub(crate) fn value(&self) -> f64 {
        self.0.iter().sum()
    }
}

/// 15-minute bars of US equities.
pub(crate) const PER_YEAR: f64 = 6552.0;

pub(crate) fn schema() -> Schema {
    Schema::new(OHLCV)
}

/// A specification of these lines, under version and name.
pub(crate) fn read(lines: &str) -> Result<StrategySpec> {
    StrategySpec::from_toml(&format!("version = 1\nname = \"test\"\n{lines}"))
}

/// The plan of these lines at the defaults.
pub(crate) fn plan(lines: &str) -> StrategyPlan {
    read(lines).and_then(|s| s.compile(&schema(), PER_YEAR, None)).unwrap_or_else(|e| panic!("{e}"))
}

/// The error of these lines, in reading or in compiling.
pub(crate) fn error(lines: &str) -> String {
    match read(lines).and_then(|s| s.compile(&schema(), PER_YEAR, None)) {
        Ok(_) => panic!("it compiles: {lines}"),
        Err(e) => e.to_string(),
    }
}

/// The only program of a plan.
pub(crate) fn program(plan: &StrategyPlan) -> Arc<Program> {
    assert_eq!(plan.programs.len(), 1);
    plan.programs[0].clone().unwrap()
}

/// Bars of these closes: they open at the last close, and reach one beyond both.
pub(crate) fn bars(close: &[f64]) -> Columns {
    let open: Vec<f64> = (0..close.len()).map(|i| close[i.saturating_sub(1)]).collect();
    let high: Vec<f64> = open.iter().zip(close).map(|(o, c)| o.max(*c) + 1.0).collect();
    let low: Vec<f64> = open.iter().zip(close).map(|(o, c)| o.min(*c) - 1.0).collect();
    table(&open, &high, &low, close)
}

/// Bars of these prices.
pub(crate) fn table(open: &[f64], high: &[f64], low: &[f64], close: &[f64]) -> Columns {
    let axis = Axis::instants((0..close.len() as i64).map(|i| i * 60_000_000_000).collect::<Vec<i64>>()).unwrap();
    let mut columns = Columns::new(axis);
    for (name, values) in OHLCV.iter().zip([open, high, low, close, &vec![1000.0; close.len()]]) {
        columns.push(*name, values.to_vec()).unwrap();
    }
    columns
}

/// What a source is in each row, conditions as 1, 0 and NaN.
pub(crate) fn values(plan: &StrategyPlan, bars: &Columns, source: Source) -> Vec<f64> {
    match source {
        Source::Number(x) => vec![x; bars.len()],
        Source::Output(idx) => plan.compiled.plan().eval(bars).unwrap().outputs()[idx].to_numbers(),
        Source::Rule(_) => panic!("it is a rule"),
    }
}

/// What a rule says in each row of a position: it is run on the row of the signal first, where nothing is known of the
/// position, and then in each row from the next on, in which the position was entered at `price`.
pub(crate) fn held(
    plan: &StrategyPlan,
    bars: &Columns,
    source: Source,
    signal: usize,
    side: f64,
    price: f64,
) -> Vec<f64> {
    let Source::Rule(idx) = source else {
        return values(plan, bars, source)[signal..].to_vec();
    };
    let rule = &plan.compiled.rules()[idx];
    let outputs: Vec<Vec<f64>> =
        plan.compiled.plan().eval(bars).unwrap().outputs().iter().map(Value::to_numbers).collect();
    let column = |name: &str| bars.get(name).unwrap().to_f64();
    let (high, low, close) = (column("high"), column("low"), column("close"));
    let (mut memory, mut out) = (rule.memory(), Vec::new());
    let (mut top, mut bottom) = (f64::NEG_INFINITY, f64::INFINITY);
    for row in signal..bars.len() {
        let inputs: Vec<f64> = rule.inputs().iter().map(|i| outputs[*i][row]).collect();
        let outside = if row == signal {
            Outside::NONE
        } else {
            (top, bottom) = (high[row].max(top), low[row].min(bottom));
            Outside {
                entry_price: price,
                pos_bars: (row - signal) as f64,
                pos_high: top,
                pos_low: bottom,
                pos_pnl_frac: side * (close[row] / price - 1.0),
                pos_side: side,
                ..Outside::NONE
            }
        };
        out.push(rule.run(&inputs, &outside, &mut memory));
    }
    out
}

/// A year of three simulated funds.
pub(crate) fn simulated() -> qe_data::market::Market {
    let symbols = ["SPY", "TLT", "GLD"].map(str::to_owned).to_vec();
    let spec = qe_data::market::MarketSpec { symbols, years: 1, ..qe_data::market::MarketSpec::default() };
    qe_data::market::Market::generate(&spec, &qe_core::par::Pool::inline()).unwrap()
}
