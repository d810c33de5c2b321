//! Spreads that widen in a crisis, and units that are worth more than their price, by numbers made by hand.

use qe_core::bars::Bars;
use qe_core::instrument::Instrument;
use qe_core::time::Timestamp;
use qe_data::events::Events;
use qe_engine::broker::{BrokerReport, Distance, OrderState, Quantity, Spec};
use qe_engine::costs::{CostModel, Crisis};
use qe_engine::fills::FillTiming;
use qe_engine::leak::{self, LeakOptions};
use qe_engine::ledger::{MarkSource, Refusal};
use qe_engine::market::Market;
use qe_engine::run::RunOptions;

use super::support::{Acts, fills, flat, go, hours, with_volume};
use crate::random::{market_of, times_of};

fn near(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-9 * b.abs().max(1.0), "{a} {b}");
}

#[test]
fn a_crisis_widens_the_spread_as_of_the_last_bar_that_is_complete() {
    // Returns of an hour: ln 1.1, -ln 1.1, 0, 0. Two of them deviate, as a sample, by ln 1.1 times the root of 2 in row 2, and
    // by ln 1.1 over it in row 3; a year has 8,760 hours, whose root is 93.594872. So volatility is 12.615550 in row 2 and
    // 6.307775 in row 3; with 10 a calm one, the spread is exp(0.2615550) = 1.298947 times as wide, and then no wider.
    let prices = [100.0, 110.0, 100.0, 100.0, 100.0, 100.0];
    let bought = |fill: FillTiming, cap: f64| {
        let crisis = Some(Crisis { calm_annual: 10.0, slope: 1.0, cap, period: 2 });
        let costs = CostModel { spread_frac: 0.02, slippage_bps: 10.0, crisis, ..CostModel::default() };
        let acts = Acts::at(|_, desk| {
            desk.buy(0, 1.0).place();
        });
        let market = with_volume(&flat(&prices), &[1e3; 6]);
        go(&Spec { fill, costs, leverage: 100.0, ..Spec::default() }, &[market], acts).ledger.fills.price
    };
    // At an open, what the row before told. Before there are two returns nothing widens. Slippage never does.
    let price = bought(FillTiming::NEXT_OPEN, 15.0);
    let expected = [110.0 * 1.011, 101.1, 100.0 * (1.0 + 0.01 * 1.298_947 + 0.001), 101.1, 101.1];
    assert_eq!(price.len(), expected.len());
    price.iter().zip(expected).for_each(|(a, b)| assert!((a - b).abs() < 1e-5, "{a} {b}"));
    // At a close, what that very row tells.
    let price = bought(FillTiming::NEXT_CLOSE, 15.0);
    let expected = [110.0 * 1.011, 100.0 * (1.0 + 0.01 * 1.298_947 + 0.001), 101.1, 101.1, 101.1];
    price.iter().zip(expected).for_each(|(a, b)| assert!((a - b).abs() < 1e-5, "{a} {b}"));
    // No wider than the cap.
    near(bought(FillTiming::NEXT_OPEN, 1.2)[2], 100.0 * (1.0 + 0.01 * 1.2 + 0.001));
}

/// Contracts of 50 a point.
fn contracts(prices: &[f64], volume: f64) -> Market {
    let instrument = Instrument { multiplier: 50.0, ..Instrument::us_equity("X") };
    with_volume(&flat(prices), &vec![volume; prices.len()]).with_instrument(&instrument).unwrap()
}

fn spec() -> Spec {
    Spec { capital: 100_000.0, ..Spec::default() }
}

fn placed(spec: &Spec, prices: &[f64], quantity: Quantity) -> BrokerReport {
    let acts = Acts::at(move |row, desk| {
        if row == 0 {
            desk.target(0, quantity).place();
        }
    });
    go(spec, &[contracts(prices, 1e3)], acts)
}

#[test]
fn quantities_are_of_contracts() {
    // At 100 a contract is worth 5,000.
    for (quantity, units) in [
        (Quantity::Units(3.0), 3.0),
        (Quantity::Value(20_000.0), 4.0),
        (Quantity::Fraction(0.5), 10.0),
        (Quantity::TargetUnits(-2.0), -2.0),
        (Quantity::TargetValue(-10_000.0), -2.0),
        (Quantity::TargetWeight(0.25), 5.0),
    ] {
        assert_eq!(fills(&placed(&spec(), &[100.0; 3], quantity)), [(1, 0, units, 100.0)], "{quantity:?}");
    }
    // All there is are 20, and a tenth of it 2.
    let report = placed(&spec(), &[100.0; 3], Quantity::Units(30.0));
    assert_eq!((fills(&report)[0].2, report.events[0].why), (20.0, Refusal::CappedByLeverage));
    let report = placed(&Spec { position_limit_frac: Some(0.1), ..spec() }, &[100.0; 3], Quantity::Units(30.0));
    assert_eq!((fills(&report)[0].2, report.events[0].why), (2.0, Refusal::CappedByLimit));
    // Volume is counted in contracts: half of six a bar.
    let acts = Acts::at(|row, desk| {
        if row == 0 {
            desk.buy(0, 5.0).place();
        }
    });
    let report = go(&Spec { volume_frac: Some(0.5), ..spec() }, &[contracts(&[100.0; 4], 6.0)], acts);
    assert_eq!(fills(&report), [(1, 0, 3.0, 100.0), (2, 0, 2.0, 100.0)]);
}

#[test]
fn money_of_contracts_is_of_what_they_are_worth() {
    // Three contracts at 100.1: 150 of the price are 15,015; a fee of 2 bp of that and 1.5 a contract is 3.003 and 4.5.
    let costs = CostModel { spread_frac: 0.002, taker_fee_bps: 2.0, fee_per_unit: 1.5, ..CostModel::default() };
    let mut told = Vec::new();
    let acts = Acts::at(|row, desk| {
        match row {
            0 => {
                desk.buy(0, 3.0).place();
            }
            // Two are left at the open of 120 less half the spread: 119.88; fees 100 * 119.88 * 0.0002 + 3 = 5.3976.
            2 => {
                desk.sell(0, 2.0).place();
            }
            _ => {}
        }
        told.push((desk.position(0), desk.equity()));
    });
    let market = contracts(&[100.0, 100.0, 110.0, 120.0, 130.0], 1e3);
    let report = go(&Spec { costs, ..spec() }, std::slice::from_ref(&market), acts);
    let f = &report.ledger.fills;
    near(f.price[0], 100.1);
    near(f.fee[0], 7.503);
    near(f.cash[0], 100_000.0 - 15_015.0 - 7.503);
    near(f.fee[1], 5.3976);
    near(f.cash[1], 84_977.497 + 11_988.0 - 5.3976);
    // Row 2: 150 times 9.9 are to be won; row 3: two contracts won 19.78 points each, less fees; one is worth 120.
    near(told[2].0.unrealised, 1_485.0);
    near(told[2].1, 84_977.497 + 150.0 * 110.0);
    near(told[3].0.realised, 100.0 * 19.78 - 5.3976 - 7.503);
    near(told[3].0.unrealised, 50.0 * 19.9);
    near(told[3].1, f.cash[1] + 50.0 * 120.0);
    near(report.worth[4], f.cash[1] + 50.0 * 130.0);
    // What was traded over worth at its price: 15,000 of 100,000, and 12,000 of what 150 at 120 and cash were.
    near(report.turnover, 0.15 + 12_000.0 / (84_977.497 + 18_000.0));
    near(report.cost, 150.0 * 0.1 + 7.503 + 100.0 * 0.12 + 5.3976);
    let trade = &report.trades(0, &market)[0];
    near(trade.pnl, report.worth[4] - 100_000.0);
}

#[test]
fn holding_and_losing_contracts_is_of_what_they_are_worth() {
    // Two short at 100: 10,000, of which an hour costs 0.365 / 8,760: 0.416667. Paid at the opens of rows 2 and 3.
    let costs = CostModel { borrow_annual: 0.365, ..CostModel::default() };
    let report = placed(&Spec { costs, ..spec() }, &[100.0; 4], Quantity::TargetUnits(-2.0));
    let paid: Vec<_> = report.ledger.carries.iter().map(|c| c.row).collect();
    assert_eq!(paid, [2, 3]);
    report.ledger.carries.iter().for_each(|c| near(c.money, 10_000.0 * 0.365 / 8_760.0));
    // Twenty at 100 with all the money, a margin of a quarter at 40: worth 100,000 - 60,000 = 40,000 of 40,000 is enough;
    // three times as much, at 70: worth 100,000 - 90,000 = 10,000 of 210,000 is not.
    let spec = Spec { maintenance_frac: 0.25, leverage: 3.0, ..spec() };
    let report = placed(&spec, &[100.0, 100.0, 40.0, 40.0], Quantity::Units(20.0));
    assert_eq!(report.margin_calls.len(), 0);
    let report = placed(&spec, &[100.0, 100.0, 70.0, 60.0, 60.0], Quantity::Units(60.0));
    let called = report.margin_calls[0];
    assert_eq!((called.worth, called.gross), (10_000.0, 210_000.0));
    // Closed at 60, where 3,000 of the price lost 120,000: 20,000 are owed.
    assert_eq!(fills(&report)[1], (3, 0, -60.0, 60.0));
    assert_eq!(report.ruin.map(|r| r.owed), Some(20_000.0));
    assert_eq!(report.orders[0].state, OrderState::Filled);
}

/// A share at its close, and an option of it that is quoted and never trades: 100 of the one, two contracts of the other.
#[test]
fn legs_of_a_package_are_marked_each_by_its_own_source() {
    let prices = [50.0, 50.0, 51.0, 52.0];
    let call = |symbol: &str, bids: &[f64]| {
        let (times, step) = times_of(4, true);
        let bars = [[2.0; 4], [2.0; 4], [2.0; 4], [2.0; 4], [0.0; 4]].map(|x| x.to_vec());
        let market = market_of(&times, step, bars, true);
        let mut columns = market.columns().clone();
        columns.push("bid", bids.to_vec()).unwrap();
        let bars = Bars::from_columns(symbol, market.timeframe(), columns).unwrap();
        let expiry = Some(Timestamp(times[3] + step));
        let instrument = Instrument { multiplier: 100.0, expiry, ..Instrument::us_equity(symbol) };
        Market::new(&bars, market.calendar()).unwrap().with_instrument(&instrument).unwrap()
    };
    let bids = [f64::NAN, 1.8, f64::NAN, 2.5];
    let marked = call("X", &bids).with_marks(MarkSource::Bid, "bid").unwrap();
    assert_eq!(marked.marks(), [2.0, 1.8, 1.8, 2.5]);
    assert_ne!(marked.id().unwrap(), call("X", &bids).id().unwrap());
    let acts = || {
        Acts::at(|row, desk| {
            if row == 0 {
                let package = desk.package();
                desk.buy(0, 100.0).in_package(package).stop_loss(10.0).place();
                desk.buy(1, 2.0).in_package(package).place();
                let other = desk.package();
                desk.buy(0, 1.0).in_package(other).place();
                desk.buy(0, 1.0).place();
            }
        })
    };
    let share = || hours(&flat(&prices));
    let report = go(&spec(), &[share(), marked.clone()], acts());
    let f = &report.ledger.fills;
    assert_eq!((&f.line[..], &f.package_id[..]), (&[0, 1, 0, 0][..], &[1, 1, 2, 0][..]));
    // A stop that comes with a leg is of its package.
    assert_eq!(report.orders.iter().map(|o| o.order.package_id).collect::<Vec<_>>(), [1, 1, 1, 2, 0]);
    let lines = &report.ledger.lines;
    assert_eq!([lines[0].marks, lines[1].marks], [MarkSource::Close, MarkSource::Bid]);
    assert_eq!((lines[0].expiry, lines[1].expiry), (None, Some(report.times[3])));
    // Bought at 50 and at 2.00, marked at closes and at bids.
    let won = |close: f64, bid: f64| 100_000.0 + 102.0 * (close - 50.0) + 200.0 * (bid - 2.0);
    let expected = [100_000.0, won(50.0, 1.8), won(51.0, 1.8), won(52.0, 2.5)];
    report.worth.iter().zip(expected).for_each(|(a, b)| near(*a, b));
    // A leak check takes marks away with all else that comes after a cut, also where none was before it.
    let (markets, options) = ([share(), marked.clone()], LeakOptions::default());
    let leaks = leak::of_strategy(&spec(), &markets, &Events::default(), &options, |_, _| Ok(acts())).unwrap();
    assert!(leaks.trials.len() > 5 && leaks.trials.iter().all(|trial| trial.first.is_none()), "{leaks:?}");
    // At closes of trades that were never made, it would be worth what was paid.
    let report = go(&spec(), &[share(), call("X", &bids)], acts());
    near(report.worth[3], won(52.0, 2.0));
    // Strategies that are data mark at closes, and say so.
    let strategy = crate::support::read("[entry]\nlong = \"close > 0\"\n").unwrap();
    let fault = qe_engine::run::run(&strategy, &marked, &RunOptions::default()).unwrap_err().to_string();
    assert!(fault.contains("marked at `bid`") && fault.contains("BarStrategy"), "{fault}");
    let fault = call("X", &bids).with_marks(MarkSource::Ask, "ask").unwrap_err().to_string();
    assert!(fault.contains("ask"), "{fault}");
    let fault = call("X", &bids).with_marks(MarkSource::Close, "bid").unwrap_err().to_string();
    assert!(fault.contains("given as the close"), "{fault}");
    let fault = call("X", &[f64::NAN; 4]).with_marks(MarkSource::Bid, "bid").unwrap_err().to_string();
    assert!(fault.contains("no value"), "{fault}");
    assert_eq!((marked.n_filled(), call("X", &bids).n_filled()), (2, 0));
    let fault = call("X", &[1.0, f64::INFINITY, 1.0, 1.0]).with_marks(MarkSource::Bid, "bid").unwrap_err().to_string();
    assert!(fault.contains("inf in row 1"), "{fault}");
}

/// A leg whose bars say 5 and whose model says 10: what trails hangs from prices, and what is sized elsewhere is of marks.
#[test]
fn marks_are_worth_and_not_prices() {
    let leg = |prices: &[f64], model: &[f64]| {
        let market = hours(&flat(prices));
        let mut columns = market.columns().clone();
        columns.push("model", model.to_vec()).unwrap();
        let bars = Bars::from_columns("X", market.timeframe(), columns).unwrap();
        Market::new(&bars, market.calendar()).unwrap().with_marks(MarkSource::Model, "model").unwrap()
    };
    let acts = Acts::at(|row, desk| match row {
        0 => drop(desk.buy(0, 1.0).place()),
        1 => {
            assert_eq!((desk.price(0), desk.equity()), (5.0, 10_005.0));
            desk.sell(0, Quantity::All).trail(Distance::Price(1.0)).reduce_only().place();
        }
        _ => {}
    });
    let report = go(&Spec::default(), &[leg(&[5.0, 5.0, 5.0, 4.5, 3.0], &[10.0; 5])], acts);
    // From 5, and not from 10, at which it would have been met at once.
    assert_eq!(fills(&report), [(1, 0, 1.0, 5.0), (4, 0, -1.0, 3.0)]);
    // 1,000 at a mark of 1 beside 9,000: half of it at the share's open is 5,000, whatever the leg's own open says.
    let acts = Acts::at(|row, desk| match row {
        0 => drop(desk.buy(0, 1_000.0).place()),
        1 => drop(desk.buy(1, Quantity::Fraction(0.5)).place()),
        _ => {}
    });
    let leg = leg(&[1.0, 1.0, 5.0, 5.0], &[1.0; 4]);
    let report = go(&Spec::default(), &[leg, hours(&flat(&[100.0; 4]))], acts);
    assert_eq!(report.ledger.fills.units, [1_000.0, 50.0]);
}
