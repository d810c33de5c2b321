//! Sweeps of many shapes under budgets from the least on: they stay within them, and what comes out is the same.

use std::sync::Arc;

use qe_core::eval::{Evaluator, Fidelity, Window};
use qe_core::par::{Pool, Threads};
use qe_core::param::Param;
use qe_core::point::{OutcomeTable, PointTable};
use qe_core::time::TimeRange;
use qe_core::timeframe::Timeframe;
use qe_data::market::MarketSpec;
use qe_engine::StrategySpec;
use qe_engine::blocks::BlockStats;
use qe_engine::market::{Market, Symbols};
use qe_engine::sweep::{Sweep, SweepOptions};

use crate::counting::{alone, peak_of};

/// What stays outside of a budget for each point: its outcome in the table, the row that it is made of, and that row in the
/// order of the groups.
const OUTSIDE: usize = 704;

/// The budget of whoever keeps blocks; a list that grows is there twice.
const KEPT: usize = 16 << 10;

/// Simulated bars of two funds over a year, each of which may read the other.
fn markets(timeframe: Timeframe, n: usize) -> Vec<Arc<Market>> {
    let names = ["SPY", "TLT", "GLD"][..n].iter().map(|s| (*s).to_owned()).collect();
    let spec = MarketSpec { symbols: names, years: 1, ..MarketSpec::default() };
    let market = qe_data::market::Market::generate(&spec, &Pool::inline()).unwrap();
    let bars = market.bars(timeframe).unwrap();
    let markets: Vec<Market> = bars.iter().map(|b| Market::new(b, market.calendar()).unwrap()).collect();
    let symbols = Symbols::new(&markets).unwrap();
    markets.into_iter().map(|m| Arc::new(m.with_symbols(&symbols))).collect()
}

/// Bitwise: what is not defined is NaN.
fn bits(table: &OutcomeTable) -> Vec<Vec<u64>> {
    table.metrics().iter().map(|m| table.metric(m).unwrap().iter().map(|x| x.to_bits()).collect()).collect()
}

struct Shape {
    name: &'static str,
    spec: &'static str,
    params: Vec<Param>,
    timeframe: Timeframe,
    n_markets: usize,
    n_windows: usize,
    n_blocks: usize,
}

const CROSSING: &str = r#"
version = 1
name = "crossing"
[params]
fast = { kind = { int = { min = 1, max = 1000 } }, default = 5 }
slow = { kind = { int = { min = 1, max = 1000 } }, default = 60 }
[entry]
long = "sma(close, $fast) > sma(close, $slow)"
[[exits]]
when = "sma(close, $fast) <= sma(close, $slow)"
[sizing]
fraction = "1"
limit_frac = 1.0
"#;

const STOCH: &str = r#"
version = 1
name = "stoch"
[params]
low = { kind = { float = { min = 0.0, max = 50.0 } }, default = 20.0 }
high = { kind = { float = { min = 50.0, max = 100.0 } }, default = 80.0 }
period = { kind = { int = { min = 2, max = 50 } }, default = 14 }
stop = { kind = { float = { min = 0.5, max = 9.0 } }, default = 2.0 }
[entry]
long = "cross_above(stochrsi(14, $period, 3, 3).k, $low)"
short = "cross_below(stochrsi(14, $period, 3, 3).k, $high)"
[[exits]]
when = "stochrsi(14, $period, 3, 3).k > 50 and pos.bars > 3 or close < entry.price * 0.97"
[[exits]]
stop = "at_signal(close) - pos.side * $stop * at_signal(atr(14))"
[[exits]]
trail = "3 * at_signal(atr(14))"
[costs]
borrow_annual = 0.02
"#;

const OTHERS: &str = r#"
version = 1
name = "others"
[params]
n = { kind = { int = { min = 2, max = 400 } }, default = 20 }
m = { kind = { int = { min = 2, max = 400 } }, default = 20 }
[entry]
long = "close > ema(close, $n) and sym(\"TLT\", close > sma(close, $m))"
[[exits]]
when = "close < max_since_entry(close - 3 * atr($m))"
[session]
flat_at_end = true
no_entry_last_bars = 2
"#;

fn shapes() -> Vec<Shape> {
    let crossing = || vec![Param::int("fast", 5, 14, 5), Param::int("slow", 30, 59, 40)];
    let stoch = || {
        vec![
            Param::float("low", 10.0, 30.0, 20.0).step(10.0),
            Param::float("high", 70.0, 90.0, 80.0).step(10.0),
            Param::int("period", 10, 15, 14),
            Param::float("stop", 1.0, 4.0, 2.0).step(1.5),
        ]
    };
    let shape = |name, spec, params, timeframe, n_markets, n_windows, n_blocks| Shape {
        name,
        spec,
        params,
        timeframe,
        n_markets,
        n_windows,
        n_blocks,
    };
    vec![
        shape("crossings", CROSSING, crossing(), Timeframe::M15, 1, 1, 0),
        shape("crossings of several markets over windows", CROSSING, crossing(), Timeframe::H1, 3, 3, 0),
        shape("crossings in blocks", CROSSING, crossing(), Timeframe::H1, 2, 1, 64),
        shape("rules and what rests", STOCH, stoch(), Timeframe::M15, 1, 1, 0),
        shape("rules and what rests, of several markets", STOCH, stoch(), Timeframe::H1, 3, 2, 16),
        shape(
            "other symbols",
            OTHERS,
            vec![Param::int("n", 5, 16, 5), Param::int("m", 11, 22, 20)],
            Timeframe::M15,
            2,
            1,
            0,
        ),
    ]
}

impl Shape {
    fn points(&self, sweep: &Sweep) -> PointTable {
        let mut params = self.params.clone();
        params.extend(sweep.params().iter().filter(|p| p.name == "market").cloned());
        PointTable::grid(params, 1 << 20).unwrap()
    }

    fn window(&self, markets: &[Arc<Market>]) -> Window {
        let axis = markets[0].columns().axis().clone();
        let open = axis.open();
        let n = open.len() / (self.n_windows + 1);
        let ranges =
            (0..self.n_windows).map(|i| TimeRange { start: open[(i + 1) * n], end: open[(i + 2) * n - n / 9 - 1] });
        Window::of(ranges.collect::<Vec<_>>()).unwrap()
    }

    /// What comes out under a budget, and the most that was taken for it.
    fn run(
        &self,
        markets: &[Arc<Market>],
        threads: usize,
        max_bytes: usize,
    ) -> (Result<OutcomeTable, String>, usize, usize) {
        let spec = StrategySpec::from_toml(self.spec).unwrap();
        let pool = Pool::new(Threads::N(threads.try_into().unwrap())).unwrap();
        let options = SweepOptions { max_bytes, ..SweepOptions::default() };
        let sweep = Sweep::new(&spec, markets.to_vec(), pool, options).unwrap();
        let (points, window) = (self.points(&sweep), self.window(markets));
        let (told, peak) = if self.n_blocks == 0 {
            let (told, peak) = peak_of(|| sweep.evaluate(&points, Fidelity::FULL, &window));
            (told.map_err(|e| e.to_string()), peak)
        } else {
            // Who keeps blocks has a budget of its own.
            let folder = tempfile::tempdir().unwrap();
            let mut stats = BlockStats::new(self.n_blocks, KEPT, Some(&folder.path().join("blocks"))).unwrap();
            let (told, peak) = peak_of(|| sweep.evaluate_in_blocks(&points, Fidelity::FULL, &window, &mut stats));
            (told.map_err(|e| e.to_string()), peak.saturating_sub(2 * KEPT))
        };
        (told, peak, points.len())
    }
}

impl Shape {
    /// The least budget, as errors tell it: of one point after the other, since they do not all take the same.
    fn least(&self, markets: &[Arc<Market>], threads: usize) -> usize {
        let mut budget = 1000;
        while let Err(text) = self.run(markets, threads, budget).0 {
            assert!(text.contains("one point of") && text.contains(&format!("and {budget} are allowed")), "{text}");
            let told = number_before(&text, " bytes, and");
            assert!(told > budget, "{text}");
            budget = told;
        }
        budget
    }
}

/// The number before a word.
fn number_before(text: &str, word: &str) -> usize {
    let head = text.split(word).next().unwrap();
    head.split_whitespace().next_back().unwrap().parse().unwrap()
}

#[test]
fn sweeps_take_no_more_than_they_may() {
    let _alone = alone();
    for shape in shapes() {
        let markets = markets(shape.timeframe, shape.n_markets);
        for threads in [1, 2] {
            // The first run makes what markets keep.
            let (expected, free, _) = shape.run(&markets, threads, 1 << 30);
            let expected = bits(&expected.unwrap());
            let least = shape.least(&markets, threads);
            for budget in [least, 2 * least, 5 * least, 16 * least] {
                let (told, peak, n) = shape.run(&markets, threads, budget);
                assert!(peak <= budget + n * OUTSIDE, "{} on {threads}: {peak} of {budget}", shape.name);
                // What is allowed is used, too: the more, the more points go together.
                assert!(budget < 16 * least || 2 * peak > free, "{} on {threads}: {peak} of {free}", shape.name);
                assert_eq!(bits(&told.unwrap()), expected, "{}", shape.name);
            }
        }
    }
}
