//! Traps that peers have fallen into, each as a user would meet it: a strategy in text, bars, a run. Goldens are worked out by
//! hand; the wrong answer of each trap is another number, and is named where it is not plain.
//!
//! [`run_of`] is the one place in which the engine is called: in batch, and bar by bar at the broker, whose fills must be the
//! same to the bit.
//!
//! Rows of the list that are not about execution, and what tests them:
//! - window starts that drift, sparse data: `qe-data` `src/resample/bucket.rs` (a property), `tests/it/resampling.rs`;
//! - rolling variance by cancellation, a mean that one value poisons: `qe-factors` `src/kernel/powers.rs`
//!   (`offset_by_1e8`, which the indicators of moments run), `kernel/moments.rs`;
//! - excess kurtosis where raw is meant: `qe-core` `src/stats/moments.rs`, as two types;
//! - what is fitted before the split: `qe-core` `src/fit.rs`;
//! - splits, price and volume: `qe-data` `src/adjust/mod.rs`, and below what a run makes of them;
//! - options at mid or last: `qe-core` `src/chain.rs` says which quotes have two sides and cannot be marked at mid;
//! - a benchmark whose outputs nobody compares: `benches`, which check before they time.
//!
//! Rows of what is not built yet, whose tests come with it: purging of training rows, smoothed states of hidden Markov models,
//! the deflated Sharpe ratio, fills of options. That a test can fail has none: it is tried when one is written.

use qe_core::bars::Bars;
use qe_core::calendar::Calendar;
use qe_core::columns::Axis;
use qe_core::par::Pool;
use qe_core::timeframe::Timeframe;
use qe_data::adjust::{Actions, Adjustment, adjust};
use qe_data::events::Events;
use qe_data::market::MarketSpec;
use qe_engine::StrategySpec;
use qe_engine::broker::{self, SpecStrategy};
use qe_engine::ledger::Fills;
use qe_engine::market::Market;
use qe_engine::run::{RunOptions, run};

/// A fill, as a user reads it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Fill {
    row: usize,
    units: f64,
    price: f64,
}

/// What came of a run.
struct Ran {
    fills: Vec<Fill>,
    /// Worth, cash and units at each close from `first` on.
    first: usize,
    equity: Vec<f64>,
    cash: Vec<f64>,
    held: Vec<f64>,
    fees: f64,
    n_undecided: usize,
    sharpe_step_raw: Option<f64>,
}

/// The single place in which the engine is called.
fn run_of(text: &str, bars: &Bars, calendar: &Calendar) -> Ran {
    let text = format!("version = 1\nname = \"trap\"\n{text}");
    let spec = StrategySpec::from_toml(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    let market = Market::new(bars, calendar).unwrap();
    let report = run(&spec, &market, &RunOptions::default()).unwrap_or_else(|e| panic!("{e}\n{text}"));
    let f = &report.ledger.fills;
    // The broker falls into none of them either: what it fills is the same, to the bit.
    let plan = spec.compile(&market.schema(), market.steps_per_year(), None).unwrap();
    let begin = bars.axis().open()[report.curve.rows.start];
    let markets = std::slice::from_ref(&market);
    let mut strategy = SpecStrategy::new(&plan, 0, markets).unwrap().beginning(begin);
    let played = broker::run(&SpecStrategy::broker(&plan), markets, &Events::default(), &mut strategy).unwrap();
    let told = |f: &Fills| -> Vec<String> {
        let fill = |i| (f.row[i], f.phase[i], f.units[i], f.price[i], f.fee[i], f.held[i], f.cause[i]);
        (0..f.len()).map(|i| format!("{:?}", fill(i))).collect()
    };
    assert_eq!(told(f), told(&played.ledger.fills), "{text}");
    assert_eq!(report.ledger.ruin.is_some(), played.ruin.is_some(), "{text}");
    Ran {
        fills: (0..f.len()).map(|i| Fill { row: f.row[i] as usize, units: f.units[i], price: f.price[i] }).collect(),
        first: report.curve.rows.start,
        equity: report.curve.equity,
        cash: report.curve.cash,
        held: report.curve.units,
        fees: f.fee.iter().sum(),
        n_undecided: report.trades.iter().filter(|t| t.is_undecided).count(),
        sharpe_step_raw: report.summary.get("sharpe_step_raw"),
    }
}

/// Row, units and price of each fill.
fn fills_of(text: &str, bars: &Bars) -> Vec<(usize, f64, f64)> {
    run_of(text, bars, &Calendar::crypto()).fills.iter().map(|f| (f.row, f.units, f.price)).collect()
}

/// Bars of open, high, low and close that follow one another without a gap, day and night.
fn bars(timeframe: Timeframe, rows: &[[f64; 4]]) -> Bars {
    let step = timeframe.nanos().unwrap();
    let open: Vec<i64> = (0..rows.len() as i64).map(|i| 1_704_067_200_000_000_000 + i * step).collect();
    let known: Vec<i64> = open.iter().map(|t| t + step).collect();
    let column = |i: usize| rows.iter().map(|row| row[i]).collect::<Vec<f64>>();
    let volume = vec![1000.0; rows.len()];
    let columns = [column(0), column(1), column(2), column(3), volume];
    Bars::new("X", timeframe, Axis::new(open, known).unwrap(), columns).unwrap()
}

fn hours(rows: &[[f64; 4]]) -> Bars {
    bars(Timeframe::H1, rows)
}

const AT_100: [f64; 4] = [100.0; 4];
const LONG: &str = "[entry]\nlong = \"close == 100\"\n";
const SHORT: &str = "[entry]\nshort = \"close == 100\"\n";
/// Ten units, at no cost.
const TEN: &str = "[sizing]\nunits = \"10\"\nlimit_frac = \"inf\"\n[costs]\nspread_frac = 0.0\n";

#[test]
fn a_higher_timeframe_bar_keyed_by_its_open_time() {
    // The second hour, rows 4 to 7, closes at 110. It is known when row 7 is complete: filled in row 8, not in row 5.
    let mut rows = vec![AT_100; 7];
    rows.push([100.0, 110.0, 100.0, 110.0]);
    rows.extend([[110.0; 4]; 5]);
    let text = format!("[entry]\nlong = 'tf(\"1h\", close) > 105'\n{TEN}");
    assert_eq!(fills_of(&text, &bars(Timeframe::M15, &rows)), [(8, 10.0, 110.0)]);
    // Up to row 7 there is nothing to see.
    assert_eq!(fills_of(&text, &bars(Timeframe::M15, &rows[..7])), []);
}

#[test]
fn stop_and_target_touched_in_one_bar() {
    let exits = |side: &str, stop: f64, target: f64| {
        format!("{side}[[exits]]\nstop = \"{stop}\"\n[[exits]]\ntarget = \"{target}\"\n{TEN}")
    };
    // Both 95 and 105 lie within row 2; its open is nearer to its high.
    let market = hours(&[AT_100, AT_100, [101.0, 106.0, 94.0, 101.0]]);
    let left = |text: &str, path: &str| {
        let ran = run_of(&format!("{text}[execution]\npath = \"{path}\"\n"), &market, &Calendar::crypto());
        assert_eq!((ran.fills.len(), ran.fills[1].row), (2, 2), "{path}");
        assert_eq!(ran.n_undecided, 1, "{path}: it is counted, whichever way it went");
        ran.fills[1].price
    };
    let paths = ["pessimistic", "optimistic", "open_high_low_close", "open_low_high_close", "nearest_extreme"];
    let long = exits(LONG, 95.0, 105.0);
    assert_eq!(paths.map(|path| left(&long, path)), [95.0, 105.0, 105.0, 95.0, 105.0]);
    let short = exits(SHORT, 105.0, 95.0);
    assert_eq!(paths.map(|path| left(&short, path)), [105.0, 95.0, 105.0, 95.0, 105.0]);
}

#[test]
fn a_trailing_stop_ratchets_along_the_declared_path() {
    // Entered at the open of a bar of O100 H102 L96 C99. 5 % of 102 below it is 96.9: hit when the high comes first, and not
    // when the low does, for then the stop is still 5.1 below 100.
    let market = hours(&[AT_100, [100.0, 102.0, 96.0, 99.0]]);
    let of = |path: &str, market: &Bars| {
        let text = format!("{LONG}[[exits]]\ntrail = \"0.05 * 102\"\n{TEN}[execution]\npath = \"{path}\"\n");
        fills_of(&text, market)
    };
    let near = |fills: &[(usize, f64, f64)]| fills.len() == 2 && fills[1].0 == 1 && (fills[1].2 - 96.9).abs() < 1e-12;
    assert!(near(&of("open_high_low_close", &market)));
    assert_eq!(of("open_low_high_close", &market), [(1, 10.0, 100.0)]);
    assert!(near(&of("pessimistic", &market)), "it is worse than 99");
    assert_eq!(of("optimistic", &market), [(1, 10.0, 100.0)]);
    // It never loosens: the next bar is lower altogether, and 96.9 holds.
    let market = hours(&[AT_100, [100.0, 102.0, 98.0, 99.0], [99.0, 99.5, 96.5, 98.0]]);
    let fills = of("open_low_high_close", &market);
    assert!(fills.len() == 2 && fills[1].0 == 2 && (fills[1].2 - 96.9).abs() < 1e-12, "{fills:?}");
}

#[test]
fn a_gap_through_a_stop_fills_at_the_open() {
    let market = hours(&[AT_100, AT_100, [85.0, 90.0, 80.0, 88.0]]);
    let text = format!("{LONG}[[exits]]\nstop = \"97.5\"\n{TEN}");
    assert_eq!(fills_of(&text, &market), [(1, 10.0, 100.0), (2, -10.0, 85.0)]);
    let market = hours(&[AT_100, AT_100, [120.0, 125.0, 110.0, 112.0]]);
    let text = format!("{SHORT}[[exits]]\nstop = \"102.5\"\n{TEN}");
    assert_eq!(fills_of(&text, &market), [(1, -10.0, 100.0), (2, 10.0, 120.0)]);
    // A stop that enters, too: above the market to buy, gapped over.
    let text = format!("{LONG}[entry.order.stop]\nlong = \"102.5\"\nbars = 1\n{TEN}");
    let market = hours(&[AT_100, [120.0, 125.0, 110.0, 112.0], [112.0; 4]]);
    assert_eq!(fills_of(&text, &market), [(1, 10.0, 120.0)]);
}

#[test]
fn a_limit_fills_at_its_price_or_at_an_open_that_gaps_in_its_favour() {
    let limit = format!("{LONG}[entry.order.limit]\nlong = \"98\"\nbars = 1\n{TEN}");
    let of = |text: &str, row: [f64; 4]| fills_of(text, &hours(&[AT_100, row, [99.0; 4]]));
    // At its price and not at the low; at the open below it and not at its price, nor at the low; not met, not filled.
    assert_eq!(of(&limit, [99.0, 99.5, 95.0, 97.0]), [(1, 10.0, 98.0)]);
    assert_eq!(of(&limit, [96.0, 99.5, 95.0, 97.0]), [(1, 10.0, 96.0)]);
    assert_eq!(of(&limit, [99.0, 99.5, 98.5, 99.0]), []);
    // A target is a limit.
    let target = format!("{LONG}[[exits]]\ntarget = \"105\"\n{TEN}");
    let of = |row: [f64; 4]| fills_of(&target, &hours(&[AT_100, AT_100, row]));
    assert_eq!(of([101.0, 109.0, 101.0, 108.0])[1], (2, -10.0, 105.0));
    assert_eq!(of([107.0, 109.0, 101.0, 108.0])[1], (2, -10.0, 107.0));
}

#[test]
fn slippage_is_paid_by_fills_of_market_kind_alone() {
    let costs = TEN.replace("spread_frac = 0.0", "slippage_bps = 100.0");
    let market = |row| hours(&[AT_100, AT_100, row]);
    // 1 % each: in at 101, out by the stop at 97.5 less 0.975, by the target at its very price.
    let text = format!("{LONG}[[exits]]\nstop = \"97.5\"\n[[exits]]\ntarget = \"105\"\n{costs}");
    let stopped = fills_of(&text, &market([99.0, 99.0, 97.0, 98.0]));
    assert!((stopped[0].2 - 101.0).abs() < 1e-12 && (stopped[1].2 - 96.525).abs() < 1e-12, "{stopped:?}");
    assert_eq!(fills_of(&text, &market([99.0, 106.0, 99.0, 101.0]))[1], (2, -10.0, 105.0));
    // A limit that rests and is met enters at its very price.
    let text = format!("{LONG}[entry.order.limit]\nlong = \"98\"\nbars = 1\n{costs}");
    assert_eq!(fills_of(&text, &hours(&[AT_100, [99.0, 99.5, 95.0, 97.0], [97.0; 4]])), [(1, 10.0, 98.0)]);
}

/// Simulated bars of a fund over a year, and their calendar.
fn fund(timeframe: Timeframe) -> (Bars, Calendar) {
    let spec = MarketSpec { symbols: vec!["XLE".into()], years: 1, ..MarketSpec::default() };
    let market = qe_data::market::Market::generate(&spec, &Pool::inline()).unwrap();
    (market.bars(timeframe).unwrap().remove(0), market.calendar().clone())
}

#[test]
fn periods_per_year_come_from_the_calendar() {
    // 26 quarters of an hour in each of 252 sessions; what an expression reads, and what figures are annualised with.
    let (quarters, calendar) = fund(Timeframe::M15);
    let text = format!("[entry]\nlong = \"$periods_per_year == 6552 and close > 0\"\n{TEN}");
    let ran = run_of(&text, &quarters, &calendar);
    assert_eq!(ran.fills.len(), 1);
    // From close to close, the first against the capital.
    let worth: Vec<f64> = std::iter::once(10_000.0).chain(ran.equity).collect();
    let steps: Vec<f64> = worth.windows(2).map(|w| w[1] / w[0] - 1.0).collect();
    let n = steps.len() as f64;
    let mean = steps.iter().sum::<f64>() / n;
    let deviation = (steps.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    let expected = mean / deviation * 6552.0_f64.sqrt();
    assert!((ran.sharpe_step_raw.unwrap() / expected - 1.0).abs() < 1e-9);
    // Hours of a market that never closes are 8,760.
    let text = text.replace("6552", "8760");
    assert_eq!(fills_of(&text, &hours(&[AT_100; 3])).len(), 1);
}

#[test]
fn two_start_dates_agree_once_both_are_warm() {
    let (bars, calendar) = fund(Timeframe::H1);
    let late = bars.slice(250..bars.len());
    // A window, and filters whose memory fades: of Wilder's with 14 rows, 250 rows leave 1e-8 of what was before.
    for (a, b) in [("close", "sma(close, 20)"), ("close", "ema(close, 10)"), ("rsi(close, 14)", "50")] {
        let rule = format!("{a} > {b}");
        let text = format!("[entry]\nlong = \"{rule}\"\n[[exits]]\nwhen = \"{a} < {b}\"\n{TEN}");
        let fills = |bars: &Bars, shift: usize| -> Vec<Fill> {
            let fills = run_of(&text, bars, &calendar).fills;
            let warm = fills.iter().map(|f| Fill { row: f.row + shift, ..*f }).filter(|f| f.row > 250 + 250);
            // From flat on: what was held over that row is of the past.
            warm.skip_while(|f| f.units < 0.0).collect()
        };
        let (early, late) = (fills(&bars, 0), fills(&late, 250));
        assert!(early.len() > 100 && early.len() == late.len(), "{rule}: {} {}", early.len(), late.len());
        for (a, b) in early.iter().zip(&late) {
            assert_eq!(a, b, "{rule}");
        }
    }
}

#[test]
fn a_split_of_two_for_one_leaves_the_money_alone() {
    let (pure, calendar) = fund(Timeframe::H1);
    let half = pure.len() / 2;
    let ex = calendar.day_of(pure.open_time()[half]);
    let row = pure.open_time().partition_point(|t| calendar.day_of(*t) < ex);
    // As it was traded: half the price and twice the volume from the ex-date on.
    let price = |x: &[f64]| (0..x.len()).map(|i| if i < row { x[i] } else { x[i] / 2.0 }).collect::<Vec<f64>>();
    let volume = pure.volume().iter().enumerate().map(|(i, v)| if i < row { *v } else { 2.0 * v }).collect();
    let columns = [price(pure.open()), price(pure.high()), price(pure.low()), price(pure.close()), volume];
    let traded = Bars::new(pure.symbol(), Timeframe::H1, pure.axis().clone(), columns).unwrap();
    let list = format!("symbol,ex_date,kind,value\n{},{ex},split,2\n", pure.symbol());
    let actions = Actions::from_csv(&list).unwrap();
    let adjusted = adjust(&traded, &actions, Adjustment::Split, None, &calendar).unwrap().adjusted;
    // Reads volume, so that a volume that is not adjusted is another strategy; and pays, so that costs count.
    let text = "[entry]\nlong = \"volume > 1.2 * sma(volume, 20) and close > sma(close, 20)\"\n\
                [[exits]]\nstop = \"entry.price * 0.98\"\n[[exits]]\nwhen = \"close < sma(close, 20)\"\n\
                [sizing]\nfraction = \"0.5\"\nlimit_frac = \"inf\"\n[costs]\nspread_frac = 0.001\ntaker_fee_bps = 1.0\n";
    let [a, b, raw] = [&pure, &adjusted, &traded].map(|bars| run_of(text, bars, &calendar));
    assert!(a.fills.len() > 40 && a.fills.len() == b.fills.len());
    for (a, b) in a.fills.iter().zip(&b.fills) {
        assert_eq!(a.row, b.row);
        assert!((2.0 * a.units / b.units - 1.0).abs() < 1e-12 && (a.price / b.price / 2.0 - 1.0).abs() < 1e-12);
    }
    assert!(a.equity.iter().zip(&b.equity).all(|(a, b)| (a / b - 1.0).abs() < 1e-12));
    // Unadjusted it is another story.
    assert!((raw.equity.last().unwrap() / a.equity.last().unwrap() - 1.0).abs() > 1e-3);
}

#[test]
fn costs_are_paid_once_by_each_side_and_money_adds_up() {
    // A spread of 2 %, half on each side, and 10 bps: ten sold at 99 for 990 less 0.99, bought at 90.9 for 909 and 0.909. A
    // cost with the wrong sign would sell at 101, one that is paid twice at 98.
    let text = format!("{SHORT}[[exits]]\nwhen = \"close == 90\"\n{TEN}")
        .replace("spread_frac = 0.0", "spread_frac = 0.02\ntaker_fee_bps = 10.0");
    let market = hours(&[AT_100, AT_100, [100.0, 100.0, 90.0, 90.0], [90.0; 4], [90.0; 4]]);
    let ran = run_of(&text, &market, &Calendar::crypto());
    let at: Vec<(usize, f64)> = ran.fills.iter().map(|f| (f.row, f.units)).collect();
    assert_eq!(at, [(1, -10.0), (3, 10.0)]);
    assert!((ran.fills[0].price - 99.0).abs() < 1e-12 && (ran.fills[1].price - 90.9).abs() < 1e-12);
    assert!((ran.fees - 1.899).abs() < 1e-12);
    assert!((ran.equity.last().unwrap() - (10_000.0 + 990.0 - 909.0 - 1.899)).abs() < 1e-9);
    // Cash flows and inventory are worth, at every bar, long and short.
    let (bars, calendar) = fund(Timeframe::H1);
    let text = "[entry]\nlong = \"close > sma(close, 10)\"\nshort = \"close < sma(close, 10)\"\n\
                [sizing]\nfraction = \"0.9\"\nlimit_frac = \"inf\"\n[execution]\nopposite = \"reverse\"\n\
                [costs]\nspread_frac = 0.002\ntaker_fee_bps = 3.0\n";
    let ran = run_of(text, &bars, &calendar);
    let (mut cash, mut held, mut next) = (10_000.0, 0.0, 0);
    for (i, row) in (ran.first..bars.len()).enumerate() {
        while let Some(f) = ran.fills.get(next).filter(|f| f.row == row) {
            cash -= f.units * f.price + (f.units * f.price).abs() * 3e-4;
            held += f.units;
            next += 1;
        }
        let worth = cash + held * bars.close()[row];
        assert!((ran.equity[i] - worth).abs() < 1e-9 * worth, "row {row}");
        assert!((ran.cash[i] - cash).abs() < 1e-9 * worth && (ran.held[i] - held).abs() < 1e-9 * worth, "row {row}");
    }
    assert!(next > 100 && next == ran.fills.len(), "{next}");
}

#[test]
fn ruin_ends_all_trading() {
    // Short three times the worth from 100: at 150 more than all is lost, and no later signal brings it back.
    let rows: Vec<[f64; 4]> = [100.0, 100.0, 150.0, 100.0, 100.0, 60.0, 100.0].map(|x| [x; 4]).to_vec();
    let text = "[entry]\nshort = \"close == 100\"\n[[exits]]\nwhen = \"close < 90\"\n\
                [sizing]\nfraction = \"3\"\nlimit_frac = \"inf\"\n[execution]\nleverage = 3.0\n[costs]\nspread_frac = 0.0\n";
    let ran = run_of(text, &hours(&rows), &Calendar::crypto());
    assert_eq!(ran.fills, [Fill { row: 1, units: -300.0, price: 100.0 }]);
    // What it would have been had it gone on: a profit of 120 % at 60.
    let calm: Vec<[f64; 4]> = [100.0, 100.0, 120.0, 100.0, 100.0, 60.0, 60.0].map(|x| [x; 4]).to_vec();
    let ran = run_of(text, &hours(&calm), &Calendar::crypto());
    assert_eq!((ran.fills.len(), ran.equity.last().copied()), (2, Some(22_000.0)));
}
