//! What a market brings to costs: spreads of its own, and an instrument whose units are contracts.

use std::sync::Arc;

use qe_core::instrument::Instrument;
use qe_core::par::Pool;
use qe_engine::batch::{Figures, Stretch, Warmup, run_with_ledger};
use qe_engine::fills::{FillTiming, Holding};
use qe_engine::ledger::Ledger;
use qe_engine::market::Market;
use qe_engine::program::SizeKind;
use qe_engine::run::{RunOptions, run};
use qe_engine::sweep::{Sweep, SweepOptions};

use crate::random::{Sketch, market_of, times_of};
use crate::support::read;

const NAN: f64 = f64::NAN;

/// Hours of one price.
fn hours(n: usize) -> Market {
    let (times, step) = times_of(n, true);
    market_of(&times, step, std::array::from_fn(|_| vec![100.0; n]), true)
}

/// Ten units from the first bar on, spreads being the market's and else 0.04.
fn long() -> Sketch {
    let mut s =
        Sketch { entry: [Some("close > 0".into()), None], size: (SizeKind::Units, "10".into()), ..Sketch::default() };
    (s.costs.spread_frac, s.costs.market_spread_times) = (0.04, 1.0);
    s
}

fn go(s: &Sketch, market: &Market) -> (Figures, Ledger) {
    let stretch = Stretch { rows: 0..market.len(), warmup: Warmup::Idle, daily: true, max_bytes: 1 << 20 };
    run_with_ledger(&s.plan(), 0, market, &stretch).unwrap()
}

fn paid(s: &Sketch, market: &Market) -> Vec<f64> {
    go(s, market).1.fills.price
}

/// Hours of these prices, of contracts that are worth fifty times the price.
fn contracts(prices: &[f64]) -> Market {
    let (times, step) = times_of(prices.len(), true);
    let market = market_of(&times, step, std::array::from_fn(|_| prices.to_vec()), true);
    market.with_instrument(&Instrument { multiplier: 50.0, ..Instrument::us_equity("X") }).unwrap()
}

#[test]
fn a_fill_pays_half_of_the_market_s_spread_as_of_the_last_complete_row() {
    let market = hours(4).with_spread(&[0.02, 0.06, NAN, 0.5]).unwrap();
    let mut s = long();
    assert_eq!(paid(&s, &market), [101.0]);
    s.costs.market_spread_times = 2.0;
    assert_eq!(paid(&s, &market), [102.0]);
    s.costs.market_spread_times = 1.0;
    // The close of row 1 is complete when it is filled; the open of row 3 knows no spread, and pays the model's.
    s.execution.fill = FillTiming::NEXT_CLOSE;
    assert_eq!(paid(&s, &market), [103.0]);
    s.execution.fill = FillTiming { delay: 3, ..FillTiming::NEXT_OPEN };
    assert_eq!(paid(&s, &market), [102.0]);
    // What widens does so whoever tells the spread, and slippage is added.
    (s.execution.fill, s.widening, s.costs.slippage_bps) = (FillTiming::NEXT_OPEN, Some("3".into()), 100.0);
    assert_eq!(paid(&s, &market), [104.0]);
    // Nobody asks: the model's.
    s.costs.market_spread_times = 0.0;
    assert_eq!(paid(&s, &market), [107.0]);
}

#[test]
fn spreads_that_are_asked_of_a_market_without_any_are_an_error() {
    let text = "[entry]\nlong = \"close > 0\"\n[costs]\nmarket_spread_times = 1.0\n";
    let spec = read(text).unwrap();
    let error = run(&spec, &hours(4), &RunOptions::default()).unwrap_err().to_string();
    assert!(error.contains("costs.market_spread_times on X 1h") && error.contains("with_spread"), "{error}");
    let sweep = Sweep::new(&spec, vec![Arc::new(hours(4))], Pool::inline(), SweepOptions::default());
    assert!(sweep.unwrap_err().to_string().contains("no spreads of its own"));
    assert!(
        read(&text.replace("1.0", "-1.0")).unwrap().check().unwrap_err().to_string().contains("market_spread_times")
    );
}

#[test]
fn a_spread_is_a_fraction_for_each_row() {
    let error = |x: &[f64]| hours(3).with_spread(x).unwrap_err().to_string();
    assert!(error(&[0.1; 2]).contains("it has 2 rows, and the market has 3"));
    for bad in [-0.01, f64::INFINITY, 1.0] {
        let error = error(&[0.1, NAN, bad]);
        assert!(error.contains("the spread of X") && error.contains("in row 2"), "{error}");
    }
    assert!(hours(3).with_spread(&[0.0, NAN, 0.99]).is_ok());
}

#[test]
fn what_a_market_is_given_is_part_of_what_a_run_is() {
    let spec = read("[entry]\nlong = \"close > 0\"\n").unwrap();
    let id = |market: Market| run(&spec, &market, &RunOptions::default()).unwrap().identity;
    let plain = id(hours(3));
    assert_eq!(plain.data_id, hours(3).identity().unwrap().id);
    let masked = id(hours(3).with_tradable(&[true, false, true]).unwrap());
    let spread = id(hours(3).with_spread(&[0.1, NAN, 0.1]).unwrap());
    let other = id(hours(3).with_spread(&[0.1, NAN, 0.2]).unwrap());
    let ids = [plain, masked, spread, other].map(|x| (x.data_id, x.run_id));
    for i in 0..4 {
        assert!((0..i).all(|j| ids[i].0 != ids[j].0 && ids[i].1 != ids[j].1), "{i}");
    }
    assert_ne!(id(contracts(&[100.0; 3])).run_id, ids[0].1);
    let one = hours(3).with_instrument(&Instrument::us_equity("X")).unwrap();
    assert_eq!(id(one).run_id, ids[0].1);
    assert_eq!(ids[2].1, id(hours(3).with_spread(&[0.1, -NAN, 0.1]).unwrap()).run_id);
}

#[test]
fn a_unit_of_a_contract_is_worth_the_multiplier_times_its_price() {
    let market = contracts(&[100.0, 100.0, 103.0, 103.0, 103.0]);
    let mut s = Sketch {
        entry: [Some("close == 100".into()), None],
        exits: [vec![(qe_engine::program::ExitKind::When, "close == 103".into())], vec![]],
        size: (SizeKind::Units, "2".into()),
        ..Sketch::default()
    };
    (s.costs.taker_fee_bps, s.costs.fee_per_unit) = (10.0, 1.0);
    s.execution.leverage = 2.0;
    let (figures, ledger) = go(&s, &market);
    // Two contracts are worth 10,000 and 10,300: 10 bps of that, and 1 each.
    let f = &ledger.fills;
    assert_eq!((&f.units[..], &f.held[..], &f.price[..]), (&[2.0, -2.0][..], &[2.0, 0.0][..], &[100.0, 103.0][..]));
    assert!((f.fee[0] - 12.0).abs() < 1e-9 && (f.fee[1] - 12.3).abs() < 1e-9, "{:?}", f.fee);
    assert!((f.cash[0] - -12.0).abs() < 1e-9 && (figures.equity - 10_275.7).abs() < 1e-9);
    assert_eq!(ledger.lines[0].multiplier, 50.0);
    let curve = ledger.curve(0..5, &[100.0, 100.0, 103.0, 103.0, 103.0]);
    assert!((curve.equity[2] - 10_288.0).abs() < 1e-9 && curve.units[2] == 2.0);
    let trip = &qe_engine::trades::trades(&ledger, &market, &[], 5)[0];
    assert_eq!((trip.units, trip.entry_price, trip.exit_price), (2.0, 100.0, 103.0));
    assert!((trip.pnl - 275.7).abs() < 1e-9 && (trip.pnl_frac - 0.027_57).abs() < 1e-12);
    assert!((trip.costs - 24.3).abs() < 1e-9);
    // All money, fees included; in whole contracts.
    (s.size, s.execution.leverage) = ((SizeKind::Fraction, "1".into()), 1.0);
    assert!((go(&s, &market).1.fills.units[0] - 10_000.0 / (5000.0 * 1.001 + 1.0)).abs() < 1e-12);
    s.lot = 1.0;
    assert_eq!(go(&s, &market).1.fills.units[0], 1.0);
    // A short one pays to borrow what it is worth: an hour of 0.876 a year is a ten-thousandth.
    s.entry.swap(0, 1);
    s.exits.swap(0, 1);
    s.costs.borrow_annual = 0.876;
    assert!((go(&s, &market).1.carries[0].money - 0.5).abs() < 1e-12);
}

#[test]
fn a_weight_is_of_what_contracts_are_worth() {
    let mut s = Sketch { weight: Some("0.5".into()), ..Sketch::default() };
    s.execution.holding = Holding::Weights;
    let (figures, ledger) = go(&s, &contracts(&[100.0, 100.0, 110.0, 110.0]));
    // Half of 10,000 is a contract; with 500 won, half of 10,500 is 5,250 / 5,500 of one.
    let f = &ledger.fills;
    assert_eq!(f.units[0], 1.0);
    assert!((f.held[1] - 5250.0 / 5500.0).abs() < 1e-12 && (figures.equity - 10_500.0).abs() < 1e-9);
}

#[test]
fn an_instrument_is_the_market_s_own_and_can_be_used() {
    let error = |i: Instrument| hours(3).with_instrument(&i).unwrap_err().to_string();
    assert!(error(Instrument::us_equity("Y")).contains("the instrument of X: it is Y"));
    assert!(error(Instrument { multiplier: 0.0, ..Instrument::us_equity("X") }).contains("multiplier"));
    let line = contracts(&[100.0]).line().clone();
    assert_eq!((line.multiplier, line.lot, line.tick), (50.0, 1.0, 0.01));
}
