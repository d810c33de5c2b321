//! Input that nobody means.

use qe_data::events::Events;
use qe_engine::broker::{OrderId, OrderKind, OrderState, Quantity, Spec, TimeInForce, run};
use qe_engine::ledger::Refusal;

use super::support::{Acts, fills, flat, go, hours, with_volume};

#[test]
fn no_markets_and_no_volume_are_errors_that_say_so() {
    let nothing = || Acts::at(|_, _| {});
    let error = run(&Spec::default(), &[], &Events::default(), &mut nothing()).unwrap_err().to_string();
    assert!(error.contains("there are no markets"), "{error}");
    let spec = Spec { capital: -1.0, ..Spec::default() };
    let error = run(&spec, &[hours(&flat(&[1.0]))], &Events::default(), &mut nothing()).unwrap_err().to_string();
    assert!(error.contains("broker.capital"), "{error}");
}

#[test]
fn what_is_over_cannot_be_cancelled_or_changed() {
    let report = go(
        &Spec::default(),
        &[hours(&flat(&[100.0; 5]))],
        Acts::at(|row, desk| match row {
            0 => {
                let id = desk.buy(0, 1.0).place().id;
                assert_eq!(id, OrderId(1));
                let limit = desk.buy(0, 1.0).limit(90.0).place().id;
                assert!(desk.cancel(limit) && !desk.cancel(limit));
                assert!(!desk.replace(limit, OrderKind::Limit { price: 95.0 }));
            }
            2 => {
                assert!(!desk.replace(OrderId(1), OrderKind::Market { timing: None }));
                assert!(!desk.resize(OrderId(1), Quantity::Units(5.0)));
                assert!(!desk.cancel(OrderId(1)) && !desk.cancel(OrderId(0)) && !desk.cancel(OrderId(77)));
                let id = desk.buy(0, 1.0).limit(90.0).place().id;
                // No price, and no way from a limit to the market.
                assert!(!desk.replace(id, OrderKind::Limit { price: f64::NAN }));
                assert!(!desk.replace(id, OrderKind::Market { timing: None }));
                assert!(desk.replace(id, OrderKind::Limit { price: 101.0 }));
            }
            _ => {}
        }),
    );
    assert_eq!(fills(&report), [(1, 0, 1.0, 100.0), (3, 0, 1.0, 100.0)]);
    assert!(report.events.is_empty());
}

#[test]
fn orders_from_fills_without_end_come_to_an_end() {
    let acts = Acts::at(|row, desk| {
        if row == 0 {
            desk.buy(0, 1.0).limit(100.0).place();
        }
    })
    .on_fill(|fill, desk| {
        // Each is good at once.
        let (level, next) = if fill.held > 0.0 { (1.0, desk.sell(0, 1.0)) } else { (1e6, desk.buy(0, 1.0)) };
        next.limit(level).place();
    })
    .on_order(|_, desk| {
        desk.buy(9, 1.0).place();
    });
    let report = go(&Spec::default(), &[hours(&flat(&[100.0; 3]))], acts);
    assert!(report.ledger.fills.len() < 400_000);
    assert!(report.worth.iter().all(|w| (w - 10_000.0).abs() < 1e-6));
    let acts = Acts::at(|_, desk| {
        desk.buy(9, 1.0).place();
    })
    .on_order(|_, desk| {
        desk.buy(9, 1.0).place();
    });
    let report = go(&Spec::default(), &[hours(&flat(&[100.0; 2]))], acts);
    assert_eq!(report.events.iter().filter(|e| e.why == Refusal::TooMany).count(), 2);
}

#[test]
fn bars_without_prices_fill_nothing_and_are_marked_at_the_last_close() {
    let nan = f64::NAN;
    let bars = [[100.0; 4], [nan; 4], [nan, 120.0, 80.0, nan], [100.0, 120.0, 80.0, 110.0]];
    let market = with_volume(&bars, &[1.0; 4]);
    let report = go(
        &Spec::default(),
        &[market],
        Acts::at(|row, desk| {
            if row == 0 {
                desk.buy(0, 1.0).during(TimeInForce::Fok).place();
                desk.buy(0, 1.0).place();
                desk.buy(0, 1.0).limit(90.0).place();
            }
        }),
    );
    assert_eq!(fills(&report), [(3, 0, 1.0, 100.0), (3, 1, 1.0, 90.0)]);
    assert_eq!(report.orders[0].state, OrderState::Cancelled);
    assert_eq!(report.worth, [10_000.0, 10_000.0, 10_000.0, 10_030.0]);
}

#[test]
fn parents_and_groups_that_are_not_there_are_refused() {
    use qe_engine::broker::{GroupId, Order, Side};
    let market = Order::market(0, Side::Buy, Quantity::Units(1.0));
    let report = go(
        &Spec::default(),
        &[hours(&flat(&[100.0; 3]))],
        Acts::at(move |row, desk| {
            if row == 0 {
                desk.submit(Order { oco: Some(GroupId(5)), ..market });
                desk.submit(Order { parent: Some(OrderId(50)), ..market });
                // A child of an order that is taken back goes with it.
                let parent = desk.submit(market.of(OrderKind::Limit { price: 90.0 }));
                desk.submit(Order { parent: Some(parent), reduce_only: true, ..market });
                desk.cancel(parent);
            }
        }),
    );
    let whys: Vec<_> = report.orders.iter().map(|o| o.why).collect();
    let [group, parent] = [Refusal::NoGroup, Refusal::NoParent].map(Some);
    assert_eq!(whys, [group, parent, Some(Refusal::Cancelled), parent]);
}

#[test]
fn open_orders_are_those_that_are_there_however_many_are_over() {
    let markets = [hours(&flat(&[100.0; 400])), hours(&flat(&[100.0; 400]))];
    // What is there, as the strategy itself counts it: three more a bar, one less, and all of the first market now and then.
    let mut there: Vec<(OrderId, u32)> = Vec::new();
    let report = go(
        &Spec { leverage: 1e9, ..Spec::default() },
        &markets,
        Acts::at(|row, desk| {
            let open: Vec<_> = desk.open_orders().iter().map(|o| (o.id, o.order.market)).collect();
            assert_eq!(open, there, "{row}");
            for market in [0, 1, 0] {
                there.push((desk.buy(market, 1.0).limit(90.0).place().id, market as u32));
            }
            // What cannot be placed is not there.
            desk.buy(0, f64::NAN).place();
            assert!(desk.cancel(there.remove(row * 7 % there.len()).0));
            if row % 90 == 89 {
                desk.cancel_all(0);
                there.retain(|(_, market)| *market != 0);
            }
            if row == 300 {
                (0..2).for_each(|market| desk.cancel_all(market));
                there.clear();
            }
        }),
    );
    assert_eq!(report.orders.len(), 1600);
}

#[test]
fn what_was_to_protect_a_position_that_its_order_did_not_open_is_over_with_it() {
    // One is short; buying one closes it and opens nothing, so the stop has nothing to wait for.
    let report = go(
        &Spec::default(),
        &[hours(&flat(&[100.0; 5]))],
        Acts::at(|row, desk| match row {
            0 => {
                desk.sell(0, 1.0).place();
            }
            1 => {
                desk.buy(0, 1.0).stop_loss(90.0).take_profit(110.0).place();
            }
            3 => assert_eq!(desk.open_orders(), []),
            _ => {}
        }),
    );
    let ends: Vec<_> = report.orders.iter().map(|o| (o.state, o.why)).collect();
    let over = (OrderState::Cancelled, Some(Refusal::NoParent));
    assert_eq!(ends, [(OrderState::Filled, None), (OrderState::Filled, None), over, over]);
}
