//! Nothing is capped, dropped or left without a line that says so.

use qe_engine::broker::{BrokerReport, OrderId, OrderState, Quantity, Spec, TimeInForce};
use qe_engine::costs::CostModel;
use qe_engine::ledger::Refusal;
use qe_engine::market::Masks;
use qe_engine::program::SizeKind;

use super::support::{Acts, fills, flat, go, hours, with_volume};

#[test]
fn what_rests_and_is_met_without_volume_is_told_once_a_bar() {
    let down = [100.0, 100.0, 90.0, 100.0];
    let market = || with_volume(&[[100.0; 4], down, [100.0, 110.0, 90.0, 100.0], down], &[1000.0, 30.0, 0.0, 1000.0]);
    let spec = Spec { volume_frac: Some(0.5), ..Spec::default() };
    let report = go(
        &spec,
        &[market()],
        Acts::at(|row, desk| {
            if row == 0 {
                desk.buy(0, 20.0).limit(95.0).place();
                desk.buy(0, 5.0).limit(95.0).place();
                desk.buy(0, 5.0).limit(80.0).place();
                desk.buy(0, 1.0).stop(109.0).place();
            }
        }),
    );
    // Half of 30, nothing, and the rest.
    assert_eq!(fills(&report), [(1, 1, 15.0, 95.0), (3, 1, 5.0, 95.0), (3, 1, 5.0, 95.0)]);
    let told: Vec<(u32, u64, Refusal)> =
        report.events.iter().map(|e| (e.row, e.order.map_or(0, |id| id.0), e.why)).collect();
    let dry = |row, order| (row, order, Refusal::CappedByVolume);
    assert_eq!(told, [dry(1, 1), dry(1, 2), dry(2, 1), dry(2, 2), dry(2, 4)]);
    // Alone it is followed by the code of strategies that are data; what closes is told too.
    let report = go(
        &spec,
        &[market()],
        Acts::at(|row, desk| match row {
            0 => {
                desk.buy(0, 1.0).limit(95.0).place();
            }
            1 => {
                desk.close(0).limit(108.0).place();
            }
            _ => {}
        }),
    );
    assert_eq!(fills(&report), [(1, 1, 1.0, 95.0)]);
    let told: Vec<(u32, f64, Refusal)> = report.events.iter().map(|e| (e.row, e.side, e.why)).collect();
    assert_eq!(told, [(2, -1.0, Refusal::CappedByVolume)]);
    // Any volume is enough where nothing is said of it.
    let all = Acts::at(|row, desk| {
        if row == 1 {
            desk.buy(0, 20.0).limit(95.0).place();
        }
    });
    let report = go(&Spec::default(), &[market()], all);
    assert_eq!((fills(&report), report.events.len()), (vec![(2, 1, 20.0, 95.0)], 0));
}

#[test]
fn a_weight_that_no_trade_brings_is_refused() {
    // To sell costs 40 %: of 2.5 times worth, each unit sold takes as much of the worth as it frees.
    let costs = CostModel { spread_frac: 0.8, ..CostModel::default() };
    let report = go(
        &Spec { leverage: 3.0, costs, ..Spec::default() },
        &[hours(&flat(&[100.0, 100.0, 110.0, 110.0, 110.0]))],
        Acts::at(|row, desk| match row {
            0 => {
                desk.target_weight(0, 2.5).place();
            }
            1 => {
                desk.target_weight(0, 2.5).place();
            }
            // It is held already: nothing is done, and nothing is wrong.
            2 => {
                let held = desk.units(0) * desk.price(0) / desk.equity();
                desk.target_weight(0, held).place();
            }
            _ => {}
        }),
    );
    // 12,500 of 5,000; at 110 it is 13,750 of 6,250, and 2.2 times worth: more is bought. At a lower worth it is not.
    let states: Vec<(OrderState, Option<Refusal>)> = report.orders.iter().map(|o| (o.state, o.why)).collect();
    assert_eq!((states[0], states[2]), ((OrderState::Filled, None), (OrderState::Filled, None)));
    let costs = CostModel { spread_frac: 0.8, ..CostModel::default() };
    let report = go(
        &Spec { leverage: 3.0, costs, ..Spec::default() },
        &[hours(&flat(&[100.0, 100.0, 90.0, 90.0]))],
        Acts::at(|row, desk| {
            if row < 2 {
                desk.target_weight(0, 2.5).place();
            }
        }),
    );
    assert_eq!(fills(&report).len(), 1);
    assert_eq!((report.orders[1].state, report.orders[1].why), (OrderState::Rejected, Some(Refusal::NoSize)));
    assert_eq!(report.events.iter().map(|e| (e.row, e.why)).collect::<Vec<_>>(), [(2, Refusal::NoSize)]);
}

#[test]
fn what_is_not_opened_behind_a_sale_that_brings_nothing_is_told() {
    // What ten move the price by is 80 % of it, so that twenty bring nothing: ten are closed at what ten bring, and no
    // ten are opened.
    let prices: Vec<f64> = (0..150).map(|i| 100.0 + f64::from(i % 7)).collect();
    let run = |impact_coef: f64| {
        let costs = CostModel { impact_coef, ..CostModel::default() };
        go(
            &Spec { leverage: 100.0, costs, ..Spec::default() },
            &[hours(&flat(&prices))],
            Acts::at(|row, desk| match row {
                120 => {
                    desk.buy(0, 10.0).place();
                }
                122 => {
                    desk.sell(0, 20.0).place();
                }
                _ => {}
            }),
        )
    };
    let probe = run(1.0);
    let moved = probe.ledger.fills.price[0] / probe.ledger.fills.raw[0] - 1.0;
    assert!(moved > 0.0 && fills(&probe).len() == 3 && probe.events.is_empty());
    let report = run(0.8 / moved);
    let f = &report.ledger.fills;
    assert_eq!((f.units.as_slice(), f.held.as_slice()), ([10.0, -10.0].as_slice(), [10.0, 0.0].as_slice()));
    assert!((f.price[1] / f.raw[1] - 0.2).abs() < 1e-9);
    assert_eq!((report.orders[1].state, report.orders[1].why), (OrderState::Cancelled, Some(Refusal::NoSize)));
    assert_eq!(report.events.iter().map(|e| e.why).collect::<Vec<_>>(), [Refusal::NoSize]);
}

#[test]
fn fills_without_end_in_one_bar_end_with_a_line() {
    // Among so many markets an instant takes more orders than a bar takes fills.
    let markets = vec![hours(&[[100.0; 4], [100.0, 100.0, 90.0, 95.0]]); 95];
    let acts = Acts::at(|row, desk| {
        if row == 0 {
            desk.buy(0, 1.0).limit(95.0).place();
        }
    })
    .on_fill(|fill, desk| {
        let (level, next) = if fill.held > 0.0 { (1.0, desk.sell(0, 1.0)) } else { (1e6, desk.buy(0, 1.0)) };
        next.limit(level).place();
    });
    let report = go(&Spec::default(), &markets, acts);
    let told: Vec<(u32, u32, f64, Refusal)> = report.events.iter().map(|e| (e.market, e.row, e.side, e.why)).collect();
    assert_eq!(told, [(0, 1, 0.0, Refusal::TooMany)]);
    assert!(fills(&report).len() > 100_000 - 10);
}

#[test]
fn each_order_beyond_those_of_an_instant_is_a_line() {
    let acts = Acts::at(|row, desk| {
        for _ in 0..11_003 * usize::from(row == 0) {
            desk.buy(0, 1.0).limit(1.0).place();
        }
    });
    let report = go(&Spec::default(), &[hours(&flat(&[100.0; 2]))], acts);
    assert_eq!((report.orders.len(), report.events.len()), (11_000, 3));
    assert!(report.events.iter().all(|e| (e.why, e.order, e.side, e.row) == (Refusal::TooMany, None, 1.0, 0)));
}

#[test]
fn sizes_in_lots_are_rounded_down_with_a_line() {
    let sized = |size: f64, limit_frac: f64| {
        let quantity = Quantity::Sized { size, kind: SizeKind::Value, limit_frac, lot: 10.0, min_units: 0.0 };
        let acts = Acts::at(move |row, desk| {
            if row == 0 {
                desk.buy(0, quantity).during(TimeInForce::Fok).place();
            }
        });
        let report = go(&Spec::default(), &[hours(&flat(&[100.0; 3]))], acts);
        let units = report.ledger.fills.units.first().copied().unwrap_or(0.0);
        (units, report.events.iter().map(|e| e.why).collect::<Vec<_>>())
    };
    assert_eq!(sized(3_000.0, 1.0), (30.0, vec![]));
    assert_eq!(sized(3_900.0, 1.0), (30.0, vec![Refusal::RoundedToLot]));
    // Less than a lot is nothing.
    assert_eq!(sized(900.0, 1.0), (0.0, vec![Refusal::NoSize]));
    // What closes: 25 of the 30 that were sold short, in whole lots.
    let quantity = Quantity::Sized { size: 2_500.0, kind: SizeKind::Value, limit_frac: 1.0, lot: 10.0, min_units: 0.0 };
    let acts = Acts::at(move |row, desk| match row {
        0 => drop(desk.sell(0, 30.0).place()),
        1 => drop(desk.buy(0, quantity).place()),
        _ => {}
    });
    let report = go(&Spec::default(), &[hours(&flat(&[100.0; 4]))], acts);
    assert_eq!(report.ledger.fills.held, [-30.0, -10.0]);
    assert_eq!(report.events.iter().map(|e| e.why).collect::<Vec<_>>(), [Refusal::RoundedToLot]);
}

#[test]
fn what_a_halt_keeps_from_being_filled_is_a_line() {
    // Row 2 is halted: its prices go through stop and target, and through one of the two limits.
    let bars = [[100.0; 4], [100.0; 4], [100.0, 111.0, 89.0, 100.0], [100.0; 4]];
    let market = || hours(&bars).with_tradable(&[true, true, false, true]).unwrap();
    let told = |report: &BrokerReport| -> Vec<(u64, u32, Refusal)> {
        report.events.iter().map(|e| (e.order.map_or(0, |id| id.0), e.row, e.why)).collect()
    };
    let acts = Acts::at(|row, desk| {
        if row == 0 {
            desk.buy(0, 1.0).stop_loss(90.0).take_profit(110.0).place();
        }
    });
    // Of one shape that both engines know, the first on the worse way alone.
    let report = go(&Spec::default(), &[market()], acts);
    assert_eq!((fills(&report).len(), told(&report)), (1, vec![(2, 2, Refusal::Blocked)]));
    let acts = Acts::at(|row, desk| {
        if row == 1 {
            desk.buy(0, 1.0).limit(95.0).place();
            desk.buy(0, 1.0).limit(80.0).place();
            desk.sell(0, 1.0).stop(90.0).place();
            desk.buy(0, 1.0).stop_limit(105.0, 108.0).place();
        }
    });
    let report = go(&Spec::default(), &[market()], acts);
    let blocked: Vec<_> = [1, 3, 4].map(|id| (id, 2, Refusal::Blocked)).to_vec();
    assert_eq!((fills(&report).len(), told(&report)), (0, blocked));
}

#[test]
fn what_volume_leaves_undone_is_not_told_as_a_lot() {
    let quantity = Quantity::Sized { size: 3_900.0, kind: SizeKind::Value, limit_frac: 1.0, lot: 10.0, min_units: 0.0 };
    let acts = Acts::at(move |row, desk| {
        if row == 0 {
            desk.buy(0, quantity).during(TimeInForce::Fok).place();
        }
    });
    let spec = Spec { volume_frac: Some(0.5), ..Spec::default() };
    let report = go(&spec, &[with_volume(&flat(&[100.0; 3]), &[40.0; 3])], acts);
    let told: Vec<Refusal> = report.events.iter().map(|e| e.why).collect();
    assert_eq!((fills(&report).len(), told), (0, vec![Refusal::NotFilled]));
    // More than is held, by an order that only closes: one line, and no other.
    let quantity = Quantity::Sized { size: 2_500.0, kind: SizeKind::Value, limit_frac: 1.0, lot: 10.0, min_units: 0.0 };
    let acts = Acts::at(move |row, desk| match row {
        0 => drop(desk.sell(0, 5.0).place()),
        1 => drop(desk.buy(0, quantity).reduce_only().place()),
        _ => {}
    });
    let report = go(&Spec::default(), &[hours(&flat(&[100.0; 4]))], acts);
    assert_eq!(report.ledger.fills.held, [-5.0, 0.0]);
    assert_eq!(report.events.iter().map(|e| e.why).collect::<Vec<_>>(), [Refusal::NothingHeld]);
}

#[test]
fn lots_are_counted_in_whole_numbers() {
    for (units, expected) in [(0.3, 0.3), (0.7, 0.7), (2.3, 2.3), (0.35, 0.3)] {
        let quantity =
            Quantity::Sized { size: units, kind: SizeKind::Units, limit_frac: 1.0, lot: 0.1, min_units: 0.0 };
        let acts = Acts::at(move |row, desk| {
            if row == 0 {
                desk.buy(0, quantity).place();
            }
        });
        let report = go(&Spec::default(), &[hours(&flat(&[100.0; 3]))], acts);
        let told: Vec<Refusal> = report.events.iter().map(|e| e.why).collect();
        assert!((report.ledger.fills.units[0] - expected).abs() < 1e-12, "{units}");
        let expected: Vec<Refusal> = (units != expected).then_some(Refusal::RoundedToLot).into_iter().collect();
        assert_eq!(told, expected, "{units}");
    }
}

#[test]
fn an_order_that_waited_for_a_halt_to_end_was_filled_as_it_was_asked_for() {
    let bars = [[100.0; 4], [100.0, 100.0, 90.0, 100.0], [100.0, 100.0, 90.0, 100.0]];
    let market = hours(&bars).with_tradable(&[true, false, true]).unwrap();
    let acts = Acts::at(|row, desk| {
        if row == 0 {
            desk.buy(0, 1.0).limit(95.0).place();
            // The stop alone is met, and the limit that it becomes is not.
            desk.buy(0, 1.0).stop_limit(99.0, 89.0).place();
            desk.buy(0, 1.0).place();
        }
    });
    let report = go(&Spec::default(), &[market], acts);
    let of = |i: usize| (report.orders[i].state, report.orders[i].why);
    assert_eq!([of(0), of(2)], [(OrderState::Filled, None); 2]);
    let told: Vec<_> = report.events.iter().map(|e| (e.order.map(|id| id.0), e.row, e.why)).collect();
    assert_eq!(told, [(Some(3), 1, Refusal::Blocked), (Some(1), 1, Refusal::Blocked)]);
}

#[test]
fn a_bound_is_told_once_and_what_is_not_opened_is_told() {
    // A target beyond leverage, filled in parts: one line for the bound, and one for each bar that does not reach.
    let acts = Acts::at(|row, desk| {
        if row == 0 {
            desk.target(0, Quantity::TargetUnits(300.0)).place();
        }
    });
    let spec = Spec { volume_frac: Some(0.5), ..Spec::default() };
    let report = go(&spec, &[with_volume(&flat(&[100.0; 6]), &[80.0; 6])], acts);
    let held = &report.ledger.fills.held;
    assert!(held.len() == 3 && (held[1] - 80.0).abs() + (held[2] - 100.0).abs() < 1e-9, "{held:?}");
    let told: Vec<Refusal> = report.events.iter().map(|e| e.why).collect();
    assert_eq!(told, [Refusal::CappedByLeverage, Refusal::CappedByVolume, Refusal::CappedByVolume]);
    assert_eq!(report.orders[0].why, Some(Refusal::CappedByLeverage));
    // A reversal whose second half may not be borrowed, closed in parts.
    let masks = Masks { borrowable: vec![false; 6], ..Masks::default() };
    let market = with_volume(&flat(&[100.0; 6]), &[8.0; 6]).with_masks(&masks).unwrap();
    let acts = Acts::at(|row, desk| match row {
        0 => drop(desk.buy(0, 4.0).place()),
        1 => drop(desk.sell(0, 15.0).place()),
        _ => {}
    });
    let report = go(&Spec { volume_frac: Some(0.25), ..Spec::default() }, &[market], acts);
    assert_eq!(report.ledger.fills.held.last(), Some(&0.0));
    assert!(report.events.iter().any(|e| (e.order, e.why) == (Some(OrderId(2)), Refusal::NotBorrowable)));
    // A size keeps its own limit where it turns a position round: a tenth of 10,000, and not 95 units.
    let quantity = Quantity::Sized { size: 100.0, kind: SizeKind::Units, limit_frac: 0.1, lot: 0.0, min_units: 0.0 };
    let acts = Acts::at(move |row, desk| match row {
        0 => drop(desk.sell(0, 5.0).place()),
        1 => drop(desk.buy(0, quantity).place()),
        _ => {}
    });
    let report = go(&Spec::default(), &[hours(&flat(&[100.0; 4]))], acts);
    assert_eq!(report.ledger.fills.held, [-5.0, 0.0, 10.0]);
}
