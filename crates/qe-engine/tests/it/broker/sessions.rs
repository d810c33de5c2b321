//! Orders that hang on sessions, over a full day, a half day and a full day of US equities, by rows counted by hand.

use qe_core::calendar::Calendar;
use qe_core::time::Date;
use qe_engine::broker::{BrokerReport, OrderState, Spec, TimeInForce};
use qe_engine::ledger::Refusal;
use qe_engine::market::Market;

use super::support::{Acts, fills, go};
use crate::random::market_of;

const STEP: i64 = 300_000_000_000;

/// The 27th of November 2019 (rows 0 to 77), the half day after Thanksgiving (78 to 119), the second of December (120 to
/// 197); but for some rows. Each bar is of one price, which is its row in the whole.
pub(crate) fn three_days(missing: &[usize]) -> Market {
    let calendar = Calendar::us_equities();
    let days = calendar.sessions(Date::new(2019, 11, 27).unwrap(), Date::new(2019, 12, 3).unwrap());
    let times: Vec<i64> = days.flat_map(|s| (0..(s.close - s.open) / STEP).map(move |i| s.open + i * STEP)).collect();
    assert_eq!(times.len(), 78 + 42 + 78);
    let there: Vec<usize> = (0..times.len()).filter(|row| !missing.contains(row)).collect();
    let times: Vec<i64> = there.iter().map(|row| times[*row]).collect();
    let prices: Vec<f64> = there.iter().map(|row| 1000.0 + *row as f64).collect();
    market_of(&times, STEP, [prices.clone(), prices.clone(), prices.clone(), prices, vec![1e6; times.len()]], false)
}

/// One unit is bought by an order that is placed when a row is complete.
fn placed_at(at: usize, missing: &[usize], tif: TimeInForce, limit: Option<f64>) -> BrokerReport {
    let acts = Acts::at(move |row, desk| {
        if row == at {
            let ticket = desk.buy(0, 1.0).during(tif);
            match limit {
                Some(limit) => ticket.limit(limit).place(),
                None => ticket.place(),
            };
        }
    });
    go(&Spec { leverage: 100.0, ..Spec::default() }, &[three_days(missing)], acts)
}

#[test]
fn at_the_open_is_the_first_of_the_next_session() {
    for (at, row) in [(10, 78), (76, 78), (77, 78), (78, 120), (119, 120)] {
        let report = placed_at(at, &[], TimeInForce::AtOpen, None);
        assert_eq!(fills(&report), [(row, 0, 1.0, 1000.0 + f64::from(row))], "placed at {at}");
    }
    assert_eq!(placed_at(130, &[], TimeInForce::AtOpen, None).orders[0].state, OrderState::Open);
    // By a limit only if that meets it: then it is over.
    assert_eq!(fills(&placed_at(10, &[], TimeInForce::AtOpen, Some(1078.0))).len(), 1);
    let report = placed_at(10, &[], TimeInForce::AtOpen, Some(1077.5));
    assert_eq!((report.orders[0].state, report.orders[0].why), (OrderState::Expired, Some(Refusal::Expired)));
    assert_eq!(report.orders[0].ended_at, Some(three_days(&[]).columns().axis().open()[78]));
    // Where a session begins late, at its first open there is.
    assert_eq!(fills(&placed_at(10, &[78, 79], TimeInForce::AtOpen, None)), [(78, 0, 1.0, 1080.0)]);
}

#[test]
fn at_the_close_is_the_last_of_the_session_by_the_calendar() {
    for (at, row) in [(10, 77), (76, 77), (77, 119), (78, 119), (118, 119), (119, 197)] {
        let report = placed_at(at, &[], TimeInForce::AtClose, None);
        assert_eq!(fills(&report), [(row, 2, 1.0, 1000.0 + f64::from(row))], "placed at {at}");
    }
    assert_eq!(placed_at(197, &[], TimeInForce::AtClose, None).orders[0].state, OrderState::Open);
    // Without the day's last bars, in the next bar there is: for none more comes is known too late. Also for what is placed
    // at the last bar there is, when the session is still running.
    for at in [10, 74, 75] {
        let report = placed_at(at, &[76, 77], TimeInForce::AtClose, None);
        assert_eq!(fills(&report), [(76, 2, 1.0, 1078.0)], "placed at {at}");
    }
}

#[test]
fn a_day_is_the_session_that_is_running_or_the_next_after_its_last_bar() {
    let market = three_days(&[]);
    let known = |row: usize| market.columns().axis().available()[row];
    for (at, end) in [(10, 77), (76, 77), (77, 119), (90, 119), (119, 197)] {
        let report = placed_at(at, &[], TimeInForce::Day, Some(1.0));
        assert_eq!(
            (report.orders[0].state, report.orders[0].ended_at),
            (OrderState::Expired, Some(known(end))),
            "{at}"
        );
    }
    // A limit that the next day's prices meet is not met there, though the session's last bars are missing.
    for at in [10, 74, 75] {
        let acts = Acts::at(move |row, desk| {
            if row == at {
                desk.sell(0, 1.0).limit(1078.0).during(TimeInForce::Day).place();
            }
        });
        let report = go(&Spec { leverage: 100.0, ..Spec::default() }, &[three_days(&[76, 77])], acts);
        assert_eq!((fills(&report), report.orders[0].state), (vec![], OrderState::Expired), "placed at {at}");
    }
}

#[test]
fn that_a_session_s_last_bars_will_be_missing_is_told_by_no_order() {
    // Whether bars come or not, at the bar before it is all the same.
    let seen = |missing: &[usize]| {
        let mut there = Vec::new();
        let acts = Acts::at(|row, desk| {
            if row == 70 {
                desk.buy(0, 1.0).limit(1.0).during(TimeInForce::Day).place();
                desk.buy(0, 1.0).during(TimeInForce::AtClose).place();
            }
            if row <= 75 {
                there.push(desk.open_orders().len());
            }
        });
        go(&Spec { leverage: 100.0, ..Spec::default() }, &[three_days(missing)], acts);
        there
    };
    assert_eq!(seen(&[]), seen(&[76, 77]));
}

#[test]
fn an_instant_is_kept_by_orders_at_the_market_and_at_a_level() {
    let market = three_days(&[]);
    let (open, known) = (market.columns().axis().open(), market.columns().axis().available());
    // Over a night: an order until the evening is not filled in the morning, one until the open is.
    for (until, n) in [(known[77], 0), (open[78] - 1, 0), (open[78], 1)] {
        let report = placed_at(77, &[], TimeInForce::Gtd(until), None);
        assert_eq!(fills(&report).len(), n, "market until {until}");
        let report = placed_at(77, &[], TimeInForce::Gtd(until), Some(2000.0));
        assert_eq!(fills(&report).len(), n, "limit until {until}");
    }
    // Prices rise: a stop at row 13's is met in row 13, which is complete at its end.
    for (until, n) in [(known[11], 0), (known[12], 1), (known[13] - 1, 1), (known[13], 1), (open[13] - 1, 0)] {
        let acts = Acts::at(move |row, desk| {
            if row == 10 {
                desk.buy(0, 1.0).stop(1013.0).during(TimeInForce::Gtd(until)).place();
            }
        });
        let report = go(&Spec { leverage: 100.0, ..Spec::default() }, &[three_days(&[])], acts);
        assert_eq!(fills(&report).len(), n, "stop until {until}");
    }
}

#[test]
fn so_many_bars_are_bars_that_there_are() {
    for (n, is_met) in [(1, false), (2, false), (3, true)] {
        let acts = Acts::at(move |row, desk| {
            if row == 75 {
                desk.buy(0, 1.0).stop(1078.0).during(TimeInForce::Bars(n)).place();
            }
        });
        let report = go(&Spec { leverage: 100.0, ..Spec::default() }, &[three_days(&[])], acts);
        assert_eq!(fills(&report).len(), usize::from(is_met), "{n}");
    }
}
