//! Strategies that read other symbols: against the same with the column joined by hand, and against leaks.

use std::sync::Arc;

use qe_core::bars::Bars;
use qe_core::eval::{Evaluator, Fidelity, Window};
use qe_core::par::{Pool, Threads};
use qe_core::point::PointTable;
use qe_core::time::TimeRange;
use qe_core::timeframe::Timeframe;
use qe_data::market::MarketSpec;
use qe_engine::StrategySpec;
use qe_engine::cache::Universe;
use qe_engine::market::{Market, Masks, Symbols};
use qe_engine::run::{Report, RunOptions, run};
use qe_engine::sweep::{Sweep, SweepOptions};

/// Simulated bars of two funds over a year.
fn funds(timeframe: Timeframe) -> (qe_data::market::Market, Bars, Bars) {
    let spec = MarketSpec { symbols: vec!["SPY".into(), "XLE".into()], years: 1, ..MarketSpec::default() };
    let market = qe_data::market::Market::generate(&spec, &Pool::inline()).unwrap();
    let mut bars = market.bars(timeframe).unwrap();
    let xle = bars.remove(1);
    (market, bars.remove(0), xle)
}

/// A market of bars, which may read others.
fn market(bars: &Bars, of: &qe_data::market::Market, others: &[&Market]) -> Market {
    let symbols = Symbols::new(others.iter().copied()).unwrap();
    Market::new(bars, of.calendar()).unwrap().with_symbols(&symbols)
}

/// Buys while a condition holds. `TREND` stands for what is read of SPY.
fn spec(trend: &str) -> StrategySpec {
    let text = format!(
        r#"
version = 1
name = "on the trend of another"
[params]
n = {{ kind = {{ int = {{ min = 5, max = 50, step = 5 }} }}, default = 20 }}
[entry]
long = '{trend} and close > close[1]'
[[exits]]
when = 'not ({trend})'
[[exits]]
stop = "entry.price * 0.98"
[sizing]
fraction = "1"
limit_frac = 1.0
"#
    );
    StrategySpec::from_toml(&text).unwrap()
}

const TREND: &str = r#"sym("SPY", close > sma(close, $n))"#;

/// The bars with what a plan would be told, joined by hand: in each row the last of the other's values that is known
/// then.
fn joined(bars: &Bars, other: &Bars, name: &str, of: &[f64]) -> Bars {
    let known = other.available();
    let at = |until: i64| (0..known.len()).rev().find(|i| known[*i] <= until).map_or(f64::NAN, |i| of[i]);
    let column: Vec<f64> = bars.available().iter().map(|until| at(*until)).collect();
    bars.clone().with(name, column).unwrap()
}

/// 1 where the close is above the mean of the last `n`, else 0, NaN before there are as many.
fn trend_of(bars: &Bars, n: usize) -> Vec<f64> {
    let close = bars.close();
    let above = |i: usize| close[i] > close[i + 1 - n..=i].iter().sum::<f64>() / n as f64;
    (0..close.len()).map(|i| if i + 1 < n { f64::NAN } else { f64::from(u8::from(above(i))) }).collect()
}

#[track_caller]
fn assert_alike(a: &Report, b: &Report) {
    let (x, y) = (&a.ledger.fills, &b.ledger.fills);
    assert!(x.len() > 40, "{} fills", x.len());
    assert_eq!((&x.row, &x.signal_row), (&y.row, &y.signal_row));
    let bits = |v: &[f64]| v.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&x.price), bits(&y.price));
    assert_eq!(bits(&a.curve.equity), bits(&b.curve.equity));
}

#[test]
fn a_trend_of_another_symbol_is_that_of_a_column_joined_by_hand() {
    for (own, others) in
        [(Timeframe::H1, Timeframe::H1), (Timeframe::M15, Timeframe::H1), (Timeframe::H1, Timeframe::M15)]
    {
        let (funds, _, xle) = funds(own);
        let spy = funds.bars(others).unwrap().remove(0);
        let with = market(&xle, &funds, &[&Market::new(&spy, funds.calendar()).unwrap()]);
        let by_hand = joined(&xle, &spy, "spy_up", &trend_of(&spy, 20));
        let by_hand = Market::new(&by_hand, funds.calendar()).unwrap();
        // All are scored from the same bar on, at which everything is warm.
        let from = with.columns().axis().open()[400];
        let options = RunOptions { eval_start: Some(from), ..RunOptions::default() };
        let one = run(&spec(TREND), &with, &options).unwrap();
        assert_alike(&one, &run(&spec("spy_up > 0.5"), &by_hand, &options).unwrap());
        // What the entries said is told beside the run, too.
        assert_eq!(one.aligned(&with).unwrap().len(), one.curve.equity.len());
        // It is warm when the other symbol's own window is full.
        let first = run(&spec(TREND), &with, &RunOptions::default()).unwrap().curve.rows.start;
        let known = with.columns().axis().available()[first];
        assert!(spy.available()[19] <= known, "{own} {others}");
    }
}

#[test]
fn what_another_symbol_does_later_changes_nothing_before() {
    let (funds, spy, xle) = funds(Timeframe::H1);
    let cut = spy.len() * 2 / 3;
    let tampered = |factor: f64| {
        let mut prices = [spy.open(), spy.high(), spy.low(), spy.close(), spy.volume()].map(<[f64]>::to_vec);
        // Up and down by so much in turn, so that trends are others.
        let tamper = |(i, v): (usize, &mut f64)| *v *= if i / 25 % 2 == 0 { factor } else { 1.0 };
        prices[..4].iter_mut().for_each(|x| x[cut..].iter_mut().enumerate().for_each(tamper));
        let spy = Bars::new("SPY", Timeframe::H1, spy.columns().axis().clone(), prices).unwrap();
        market(&xle, &funds, &[&Market::new(&spy, funds.calendar()).unwrap()])
    };
    let until = spy.available()[cut];
    let reports = [1.0, 3.0, 0.2].map(|factor| {
        let market = tampered(factor);
        // Scored up to the first bar that is known with the tampered one.
        let n = market.columns().axis().available().partition_point(|t| *t < until);
        let equity = run(&spec(TREND), &market, &RunOptions::default()).unwrap();
        let start = equity.curve.rows.start;
        let before: Vec<u64> = equity.curve.equity[..n - start].iter().map(|v| v.to_bits()).collect();
        let after: Vec<u64> = equity.curve.equity[n - start..].iter().map(|v| v.to_bits()).collect();
        (before, after, equity.identity)
    });
    assert!(reports[0].0.len() > 700 && reports[0].0 == reports[1].0 && reports[0].0 == reports[2].0);
    // The test can fail: what comes later is another story.
    assert!(reports[0].1 != reports[1].1 && reports[0].1 != reports[2].1);
    // And other data are another run.
    assert_ne!(reports[0].2.run_id, reports[1].2.run_id);
    assert_ne!(reports[0].2.data_id, reports[1].2.data_id);
    assert_eq!(reports[0].2.reads.keys().collect::<Vec<_>>(), ["SPY"]);
}

#[test]
fn a_sweep_and_a_universe_read_other_symbols() {
    let (funds, spy, xle) = funds(Timeframe::H1);
    let bars = [(spy.clone(), Masks::default()), (xle.clone(), Masks::default())];
    let universe = Universe::new(&bars, funds.calendar(), &Pool::inline()).unwrap();
    let spec = spec(TREND);
    let sweep = |threads: usize, group: usize, max_bytes: usize| {
        let pool = Pool::new(Threads::N(threads.try_into().unwrap())).unwrap();
        let options = SweepOptions { group, max_bytes, ..SweepOptions::default() };
        Sweep::new(&spec, universe.markets.clone(), pool, options).unwrap()
    };
    let one = sweep(1, 4096, 256 << 20);
    let points = PointTable::grid(one.params().to_vec(), 100).unwrap();
    let start = universe.markets[0].columns().axis().open()[100];
    let window = Window::one(TimeRange { start, end: i64::MAX / 2 }).unwrap();
    let expected = one.evaluate(&points, Fidelity::FULL, &window).unwrap();
    assert!(expected.outcomes().iter().all(|o| o.reason().is_none()) && points.len() == 20);
    // The least budget does not hold what ten points read of SPY at once: they go in parts.
    for (threads, group, max_bytes) in [(2, 4096, 256 << 20), (1, 3, 256 << 20), (1, 4096, 1 << 19)] {
        let got = sweep(threads, group, max_bytes).evaluate(&points, Fidelity::FULL, &window).unwrap();
        for name in expected.metrics() {
            let bits = |t: &qe_core::point::OutcomeTable| -> Vec<u64> {
                t.metric(name).unwrap().iter().map(|v| v.to_bits()).collect()
            };
            assert_eq!(bits(&got), bits(&expected), "{name}");
        }
    }
    // Alone, on a market that was put together otherwise.
    let alone = market(&xle, &funds, &[&Market::new(&spy, funds.calendar()).unwrap()]);
    for row in [1, 7, 18] {
        let values = points.row(row).unwrap();
        let key = values[1].to_string();
        let market = if key == alone.key() { &alone } else { universe.market("SPY").unwrap() };
        let params = [("n".to_owned(), values[0].clone())].into();
        let report =
            run(&spec, market, &RunOptions { params, eval_start: Some(start), ..RunOptions::default() }).unwrap();
        let told = expected.metric("total_return").unwrap()[row];
        assert_eq!(report.figures.total_return.to_bits(), told.to_bits());
        let identity = one.identity(&points, row, Fidelity::FULL, &window).unwrap();
        assert_eq!(identity, report.identity);
    }
    // Other symbols that nobody reads change no identity; those that are read do.
    let by_itself = |spec: &StrategySpec, market: Market| {
        Sweep::new(spec, vec![Arc::new(market)], Pool::inline(), SweepOptions::default()).unwrap().id()
    };
    let own = StrategySpec::from_toml(OWN).unwrap();
    assert_eq!(by_itself(&own, alone.clone()), by_itself(&own, Market::new(&xle, funds.calendar()).unwrap()));
    let shorter = Market::new(&spy.slice(0..spy.len() - 1), funds.calendar()).unwrap();
    assert_ne!(by_itself(&spec, alone), by_itself(&spec, market(&xle, &funds, &[&shorter])));
}

const OWN: &str = r#"
version = 1
name = "on its own"
[entry]
long = "close > sma(close, 20)"
[[exits]]
when = "close < sma(close, 20)"
"#;

#[test]
fn a_symbol_that_is_not_there_is_told_with_its_field() {
    let (funds, spy, xle) = funds(Timeframe::H1);
    let alone = Market::new(&xle, funds.calendar()).unwrap();
    let text = run(&spec(TREND), &alone, &RunOptions::default()).unwrap_err().to_string();
    assert!(text.contains("entry.long") && text.contains("SPY") && text.contains("Market::with_symbols"), "{text}");
    let spy = Market::new(&spy, funds.calendar()).unwrap();
    let with = market(&xle, &funds, &[&spy]);
    let text = run(&spec(&TREND.replace("SPY", "SPX")), &with, &RunOptions::default()).unwrap_err().to_string();
    assert!(text.contains("entry.long") && text.contains("did you mean `SPY`?"), "{text}");
    let text = Symbols::new([&spy, &spy]).unwrap_err().to_string();
    assert!(text.contains("symbol SPY") && text.contains("twice"), "{text}");
    assert_eq!(with.symbols().names().collect::<Vec<_>>(), ["SPY"]);
    // A plan that was compiled where the symbol is known, over a market where it is not.
    let plan = spec(TREND).compile(&with.schema(), with.steps_per_year(), None).unwrap();
    let stretch = qe_engine::batch::Stretch {
        rows: 100..200,
        warmup: qe_engine::batch::Warmup::Required,
        daily: false,
        max_bytes: 1 << 20,
    };
    let text = qe_engine::batch::run(&plan, &alone, &stretch).unwrap_err().to_string();
    assert!(text.contains("SPY") && text.contains("not there"), "{text}");
    // Columns of other symbols are as long as the market, and count.
    let tight = qe_engine::batch::Stretch { max_bytes: 1000, ..stretch };
    let text = qe_engine::batch::run(&plan, &with, &tight).unwrap_err().to_string();
    assert!(text.contains("1 columns of other symbols in XLE 1h") && text.contains("1000 are allowed"), "{text}");
}

#[test]
fn bars_of_another_symbol_that_begin_later_are_missing_until_then() {
    let (funds, spy, xle) = funds(Timeframe::H1);
    let late = Market::new(&spy.slice(500..spy.len()), funds.calendar()).unwrap();
    let report = run(&spec(TREND), &market(&xle, &funds, &[&late]), &RunOptions::default()).unwrap();
    let first = report.ledger.fills.row.iter().min().copied().unwrap() as usize;
    let known = xle.available()[first];
    assert!(spy.available()[500 + 19] < known, "nothing is known of SPY before, so nothing signals");
}
