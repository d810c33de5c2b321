//! The pass over columns against the batch walk: the same holding rule, the same worth.

use qe_core::bars::Bars;
use qe_core::calendar::Calendar;
use qe_core::columns::Axis;
use qe_core::rng::Stream;
use qe_core::timeframe::Timeframe;
use qe_engine::StrategySpec;
use qe_engine::costs::CostModel;
use qe_engine::fills::{At, Count, FillTiming, Holding};
use qe_engine::market::Market;
use qe_engine::metrics::summary::Summary;
use qe_engine::run::{RunOptions, run};
use qe_engine::vector::{Row, Scored, Track, Vectorized};

const MINUTE: i64 = 60_000_000_000;
const HOUR: i64 = 60 * MINUTE;

/// A random walk of hours, some prices of which are missing, and weights that change now and then.
fn market(r: &mut Stream, n: usize) -> (Market, Vec<f64>) {
    let mut prices: [Vec<f64>; 5] = Default::default();
    let mut weights = Vec::new();
    let (mut last, mut weight) = (100.0, 0.0);
    let wild = if r.bernoulli(0.15) { 0.3 } else { 0.02 };
    for _ in 0..n {
        let open: f64 = last * (1.0 + wild * 0.5 * r.normal()).max(0.05);
        let close: f64 = open * (1.0 + wild * r.normal()).max(0.05);
        let bar = [open, open.max(close), open.min(close), close, 1.0];
        let gone = [r.bernoulli(0.03), r.bernoulli(0.03)];
        for (i, (column, x)) in prices.iter_mut().zip(bar).enumerate() {
            column.push(if (i == 0 && gone[0]) || (i == 3 && gone[1]) { f64::NAN } else { x });
        }
        last = close;
        weight = match r.below(12) {
            0 => 1.0,
            1 => -1.0,
            2 => 0.0,
            3 => r.normal(),
            4 => 5.0 * r.normal(),
            5 => f64::NAN,
            _ => weight,
        };
        weights.push(weight);
    }
    let open: Vec<i64> = (0..n as i64).map(|i| i * HOUR).collect();
    let known: Vec<i64> = open.iter().map(|t| t + HOUR).collect();
    let bars = Bars::new("X", Timeframe::H1, Axis::new(open, known).unwrap(), prices).unwrap();
    let bars = bars.with("w", weights.clone()).unwrap();
    (Market::new(&bars, &Calendar::crypto()).unwrap(), weights)
}

fn rule(r: &mut Stream) -> Vectorized {
    let holding = [Holding::Units, Holding::Weights, Holding::WeightsFree][r.below(3) as usize];
    let fill = match r.below(5) {
        0 => FillTiming::NEXT_CLOSE,
        1 => FillTiming::SIGNAL_CLOSE,
        2 => FillTiming { at: At::Open, delay: 3, count: Count::Bars },
        _ => FillTiming::NEXT_OPEN,
    };
    let costs = match r.below(3) {
        0 => CostModel::default(),
        1 => CostModel { spread_frac: 0.0003, ..CostModel::default() },
        _ => CostModel { spread_frac: 0.001, slippage_bps: 2.0, taker_fee_bps: 3.0, ..CostModel::default() },
    };
    Vectorized { fill, holding, costs, capital: 10_000.0, leverage: [1.0, 3.0][r.below(2) as usize] }
}

/// The weights as a strategy.
fn spec(rule: &Vectorized) -> StrategySpec {
    let Vectorized { fill, holding, costs, capital, leverage } = rule;
    let at = if fill.at == At::Open { "open" } else { "close" };
    let text = format!(
        "version = 1\nname = \"weights\"\n[sizing]\ntarget_weight = {{ weight = \"w\" }}\nlimit_frac = \"inf\"\n[execution]\nfill = {{ at = \"{at}\", \
         delay = {} }}\nholding = \"{}\"\ncapital = {capital:?}\nleverage = {leverage:?}\n[costs]\nspread_frac = {:?}\n\
         slippage_bps = {:?}\ntaker_fee_bps = {:?}\n",
        fill.delay,
        serde_json::to_value(holding).unwrap().as_str().unwrap(),
        costs.spread_frac,
        costs.slippage_bps,
        costs.taker_fee_bps,
    );
    StrategySpec::from_toml(&text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

fn passed(rule: &Vectorized, market: &Market, weights: &[f64]) -> (Vec<Row>, Scored) {
    let mut track = Track::new(rule.check().unwrap());
    let column = |name: &str| market.columns().get(name).unwrap().to_f64();
    let (open, close) = (column("open"), column("close"));
    let days = market.columns().axis().open().iter().map(|t| (t / (24 * HOUR)) as i32);
    let rows = days.enumerate().map(|(i, day)| track.take(day, open[i], close[i], weights[i])).collect();
    (rows, track.finish())
}

#[test]
fn every_row_is_the_walks_under_the_same_holding_rule() {
    let (mut n_ruined, mut n_trades) = (0, 0);
    for id in 0..600 {
        let mut r = Stream::new(17, "vector", id);
        let (market, weights) = market(&mut r, 300);
        let rule = rule(&mut r);
        let (rows, scored) = passed(&rule, &market, &weights);
        let report = run(&spec(&rule), &market, &RunOptions::default()).unwrap();
        let aligned = report.aligned(&market).unwrap();
        let ctx = format!("case {id}, {rule:?}");
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-12 * b.abs().max(1.0);
        for name in ["asset_return", "gross_return", "cost", "net_return", "equity", "units", "drawdown"] {
            let want = aligned.get(name).unwrap().to_f64();
            for (t, (row, want)) in rows.iter().zip(&*want).enumerate() {
                let got = match name {
                    "asset_return" => row.asset_return,
                    "gross_return" => row.gross_return,
                    "cost" => row.cost,
                    "net_return" => row.net_return,
                    "equity" => row.equity,
                    "units" => row.units,
                    _ => row.drawdown,
                };
                assert!(near(got, *want), "{ctx}: {name} in row {t}: {got:?}, and {want:?} of the walk");
            }
        }
        assert_eq!(rows.len(), report.curve.rows.len(), "{ctx}");
        let daily = scored.daily(rule.capital);
        let years = [market.steps_per_year(), market.days_per_year()];
        let told = Summary::of(&scored.performance(&daily, rule.capital, years));
        // Where a trade broke even, rounding alone makes a win or a loss of what its cash came to.
        let n_even = report.trades.iter().filter(|t| t.pnl.abs() < 1e-9 * rule.capital).count();
        let even = n_even as f64 / report.figures.n_trades().max(1) as f64;
        for (name, want) in &report.summary.figures {
            let got = told.get(name);
            let slack = if name == "win_rate" { even } else { 0.0 };
            let is_same = match (got, want) {
                (Some(a), Some(b)) => (a - b).abs() <= slack + 1e-9 * b.abs().max(1.0) || a.is_nan() && b.is_nan(),
                (a, b) => a.is_none() && b.is_none(),
            };
            assert!(is_same, "{ctx}: {name}: {got:?}, and {want:?} of the walk");
        }
        assert!(near(scored.max_drawdown, report.figures.max_drawdown), "{ctx}");
        assert_eq!(
            (scored.is_ruined, scored.n_nans),
            (report.figures.is_ruined, report.figures.n_nans as u64),
            "{ctx}"
        );
        n_ruined += usize::from(scored.is_ruined);
        n_trades += scored.trades.len();
    }
    assert!(n_ruined > 5 && n_trades > 5_000, "{n_ruined} {n_trades}");
}

/// By hand: half of 100 at 10, which rises to 20 and falls to 15, the weight restored for free.
#[test]
fn positions_times_returns_compounded() {
    let rule = Vectorized { capital: 100.0, fill: FillTiming::SIGNAL_CLOSE, ..Vectorized::default() };
    let mut track = Track::new(rule.check().unwrap());
    let closes = [10.0, 20.0, 15.0];
    let rows = closes.map(|close| track.take(0, f64::NAN, close, 0.5));
    // 100, then 100 * (1 + 0.5 * 1), then 150 * (1 - 0.5 / 4).
    assert_eq!(rows.map(|row| row.equity), [100.0, 150.0, 131.25]);
    assert_eq!(rows.map(|row| row.position), [0.0, 0.5, 0.5]);
    assert_eq!(rows.map(|row| row.asset_return), [0.0, 1.0, -0.25]);
    assert_eq!(rows.map(|row| row.net_return), [0.0, 0.5, -0.125]);
    // What pays: from nothing to half at 1 % a side, d = 50 / 10 / 1.005, cost 0.01 * 10 * d.
    let costs = CostModel { spread_frac: 0.02, ..CostModel::default() };
    let mut track = Track::new(&Vectorized { costs, ..rule });
    let row = track.take(0, f64::NAN, 10.0, 0.5);
    assert!((row.equity - (100.0 - 0.5 / 1.005)).abs() < 1e-12 && (row.cost - 0.005 / 1.005).abs() < 1e-15, "{row:?}");
    // Restored, the weight is right once the trade is paid.
    assert!((row.units * 10.0 / row.equity - 0.5).abs() < 1e-15);
}

#[test]
fn what_a_pass_over_columns_cannot_do_is_told_with_its_mend() {
    let said = |rule: Vectorized| rule.check().map(drop).unwrap_err().to_string();
    let fill = FillTiming { at: At::Open, delay: 1, count: Count::Sessions };
    assert!(said(Vectorized { fill, ..Vectorized::default() }).contains("fill.count"));
    let fill = FillTiming { at: At::Open, delay: 0, count: Count::Bars };
    assert!(said(Vectorized { fill, ..Vectorized::default() }).contains("past when the bar is complete"));
    let costs = CostModel { min_fee: 1.0, ..CostModel::default() };
    assert!(said(Vectorized { costs, ..Vectorized::default() }).contains("costs.min_fee"));
    assert!(
        said(Vectorized { costs: CostModel::research(), ..Vectorized::default() })
            .contains("run the weight as a strategy")
    );
    assert!(said(Vectorized { capital: f64::NAN, ..Vectorized::default() }).contains("capital"));
    assert!(said(Vectorized { leverage: 0.0, ..Vectorized::default() }).contains("leverage"));
}

/// Bars of these opens and closes, and weights.
fn by_hand(opens: &[f64], closes: &[f64], weights: &[f64]) -> Market {
    let n = opens.len() as i64;
    let open: Vec<i64> = (0..n).map(|i| i * HOUR).collect();
    let known: Vec<i64> = open.iter().map(|t| t + HOUR).collect();
    let each = |of: fn(f64, f64) -> f64| opens.iter().zip(closes).map(|(a, b)| of(*a, *b)).collect::<Vec<f64>>();
    let prices = [opens.to_vec(), each(f64::max), each(f64::min), closes.to_vec(), vec![1.0; opens.len()]];
    let bars = Bars::new("X", Timeframe::H1, Axis::new(open, known).unwrap(), prices).unwrap();
    Market::new(&bars.with("w", weights.to_vec()).unwrap(), &Calendar::crypto()).unwrap()
}

/// Three times 10,000 at 100 are 300 units. At an open of 50 they are worth 5,000 less than what is owed, of 200 / 3
/// nothing is left, and they are sold: a share of what is not there is none.
#[test]
fn what_is_sold_below_nothing_takes_nothing_from_the_turnover() {
    let weights = [3.0, 0.0, 0.0];
    for (open, rule) in [50.0, 200.0 / 3.0].into_iter().flat_map(|open| {
        [Holding::Units, Holding::Weights]
            .map(|holding| (open, Vectorized { holding, leverage: 3.0, ..Vectorized::default() }))
    }) {
        let market = by_hand(&[100.0, 100.0, open], &[100.0, 100.0, open], &weights);
        let (rows, scored) = passed(&rule, &market, &weights);
        assert_eq!(rows[1].turnover, 3.0);
        assert!(scored.turnover == 3.0 && scored.is_ruined, "{open}, {:?}: {}", rule.holding, scored.turnover);
        let report = run(&spec(&rule), &market, &RunOptions::default()).unwrap();
        let annual = report.summary.get("turnover_annual").unwrap();
        // Three hours are of one day.
        let want = 3.0 * market.days_per_year();
        assert!((annual - want).abs() < 1e-9 * want, "{open}, {:?}: {annual} and {want}", rule.holding);
    }
}

/// A price so small that units of it are beyond all numbers: nothing is bought, and nothing is lost.
#[test]
fn what_cannot_be_counted_is_not_bought() {
    for holding in [Holding::Units, Holding::Weights, Holding::WeightsFree] {
        let (prices, weights) = ([1e-320, 1e-320, 2e-320, 1e-320], [1.0, 1.0, 1.0, 1.0]);
        let rule = Vectorized { holding, ..Vectorized::default() };
        let market = by_hand(&prices, &prices, &weights);
        let (rows, scored) = passed(&rule, &market, &weights);
        assert!(rows.iter().all(|row| row.equity == 10_000.0 && row.units == 0.0), "{holding:?}: {rows:?}");
        assert!(scored.trades.is_empty() && !scored.is_ruined);
        let report = run(&spec(&rule), &market, &RunOptions::default()).unwrap();
        assert_eq!(report.curve.equity, [10_000.0; 4], "{holding:?}");
    }
}
