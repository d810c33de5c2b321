//! Money: caps, volume, masks, payments, margin calls, ruin, several markets; by numbers made by hand.

use qe_engine::broker::{OrderKind, OrderState, Processing, Quantity, Spec, TimeInForce, What};
use qe_engine::costs::CostModel;
use qe_engine::fills::FillTiming;
use qe_engine::ledger::{Cause, Refusal};
use qe_engine::market::Masks;

use super::support::{Acts, fills, flat, go, hours, with_volume};

fn whys(report: &qe_engine::broker::BrokerReport) -> Vec<Refusal> {
    report.events.iter().map(|e| e.why).collect()
}

#[test]
fn what_is_opened_is_capped_by_worth_and_that_is_a_record() {
    // 10,000 at 100 each buys 100; the second order finds nothing left.
    let run = |spec: &Spec| {
        go(
            spec,
            &[hours(&flat(&[100.0; 4]))],
            Acts::at(|row, desk| {
                if row < 2 {
                    desk.buy(0, 150.0).place();
                }
            }),
        )
    };
    let report = run(&Spec::default());
    assert_eq!(fills(&report), [(1, 0, 100.0, 100.0)]);
    assert_eq!(whys(&report), [Refusal::CappedByLeverage, Refusal::CappedByLeverage, Refusal::NoSize]);
    assert_eq!(report.orders.iter().map(|o| o.state).collect::<Vec<_>>(), [OrderState::Filled, OrderState::Rejected]);
    let report = run(&Spec { gross_limit_frac: Some(0.5), leverage: 3.0, ..Spec::default() });
    assert_eq!(fills(&report), [(1, 0, 50.0, 100.0)]);
    assert_eq!(whys(&report)[0], Refusal::CappedByGross);
    let report = run(&Spec { position_limit_frac: Some(0.25), leverage: 3.0, ..Spec::default() });
    assert_eq!(fills(&report)[0], (1, 0, 25.0, 100.0));
    assert_eq!(whys(&report)[0], Refusal::CappedByLimit);
}

#[test]
fn a_share_of_the_volume_is_filled_and_the_rest_waits() {
    let market = || with_volume(&flat(&[10.0; 6]), &[100.0, 30.0, 0.0, f64::NAN, 50.0, 100.0]);
    let spec = Spec { volume_frac: Some(0.5), ..Spec::default() };
    let run = |tif: TimeInForce, units: f64| {
        go(
            &spec,
            &[market()],
            Acts::at(|row, desk| {
                if row == 0 {
                    desk.buy(0, units).during(tif).place();
                }
            }),
        )
    };
    // Half of 30, nothing without volume, half of 50, and the rest.
    let report = run(TimeInForce::Gtc, 60.0);
    assert_eq!(fills(&report), [(1, 0, 15.0, 10.0), (4, 0, 25.0, 10.0), (5, 0, 20.0, 10.0)]);
    assert_eq!(report.orders[0].state, OrderState::Filled);
    assert_eq!(whys(&report), [Refusal::CappedByVolume; 4]);
    let report = run(TimeInForce::Ioc, 60.0);
    assert_eq!((fills(&report).len(), report.orders[0].why), (1, Some(Refusal::NotFilled)));
    let report = run(TimeInForce::Fok, 60.0);
    assert_eq!((fills(&report).len(), report.orders[0].state), (0, OrderState::Cancelled));
    assert_eq!(fills(&run(TimeInForce::Fok, 15.0)), [(1, 0, 15.0, 10.0)]);
}

#[test]
fn masks_refuse_and_a_market_order_waits_for_a_halt_to_end() {
    let masks = Masks {
        tradable: vec![true, false, true, true],
        borrowable: vec![true, true, true, false],
        ..Masks::default()
    };
    let market = hours(&flat(&[10.0, 11.0, 12.0, 13.0])).with_masks(&masks).unwrap();
    let report = go(
        &Spec::default(),
        &[market],
        Acts::at(|row, desk| match row {
            0 => {
                desk.buy(0, 1.0).during(TimeInForce::Ioc).place();
                desk.buy(0, 1.0).place();
            }
            2 => {
                desk.sell(0, 3.0).place();
            }
            _ => {}
        }),
    );
    // The halt is waited for; of the sale only what closes is filled, since nothing can be borrowed.
    assert_eq!(fills(&report), [(2, 0, 1.0, 12.0), (3, 0, -1.0, 13.0)]);
    assert_eq!(whys(&report), [Refusal::Blocked, Refusal::Blocked, Refusal::NotBorrowable]);
}

#[test]
fn holding_a_short_position_is_paid_for_before_the_open() {
    let costs = CostModel { borrow_annual: 0.365, ..CostModel::default() };
    let report = go(
        &Spec { costs, ..Spec::default() },
        &[hours(&flat(&[100.0, 100.0, 200.0]))],
        Acts::at(|row, desk| {
            if row == 0 {
                desk.sell(0, 24.0).place();
            }
        }),
    );
    // 2,400 at the mark of row 1, 0.1 % a day, for an hour.
    assert_eq!(report.ledger.carries.len(), 1);
    assert!((report.ledger.carries[0].money - 0.1).abs() < 1e-12);
    assert!((report.worth[2] - (10_000.0 - 2_400.0 - 0.1)).abs() < 1e-9);
}

#[test]
fn funding_is_paid_by_the_long_side_at_its_times_and_received_by_the_short() {
    // 36.5 % a year is a thousandth a day: a third of it at 8, 16 and 24 hours, of the value at the mark before.
    let costs = CostModel { funding_annual: 0.365, funding_hours: 8, ..CostModel::default() };
    let mut prices = vec![100.0; 26];
    prices[14..].fill(200.0);
    for side in [1.0, -1.0] {
        let report = go(
            &Spec { costs: costs.clone(), ..Spec::default() },
            &[hours(&flat(&prices))],
            Acts::at(|row, desk| match row {
                0 if side > 0.0 => {
                    desk.buy(0, 24.0).place();
                }
                0 => {
                    desk.sell(0, 24.0).place();
                }
                // Out with the open of row 18: nothing is paid at midnight.
                17 => {
                    desk.close(0).place();
                }
                _ => {}
            }),
        );
        // Row 7 is complete at 8 o'clock, and row 15 at 16. It is paid when each of them opens, of 2,400 and of 4,800.
        let paid: Vec<(u32, f64)> = report.ledger.carries.iter().map(|c| (c.row, c.money)).collect();
        assert_eq!(paid.iter().map(|p| p.0).collect::<Vec<_>>(), [7, 15]);
        assert!((paid[0].1 - side * 0.8).abs() < 1e-12 && (paid[1].1 - side * 1.6).abs() < 1e-12, "{paid:?}");
        assert!((report.carry - side * 2.4).abs() < 1e-12);
        let won = side * 24.0 * 100.0;
        assert!((report.worth[25] - (10_000.0 + won - side * 2.4)).abs() < 1e-9, "{:?}", report.worth);
        let trade = report.trades(0, &hours(&flat(&prices)))[0].clone();
        assert!((trade.pnl - (won - side * 2.4)).abs() < 1e-9);
    }
}

#[test]
fn a_margin_call_cancels_and_closes_all_at_the_next_open() {
    // Three times worth: at 80 it is 4,000 for 24,000, which is less than a quarter.
    let spec = Spec { leverage: 3.0, maintenance_frac: 0.25, ..Spec::default() };
    let report = go(
        &spec,
        &[hours(&flat(&[100.0, 100.0, 80.0, 75.0, 75.0]))],
        Acts::at(|row, desk| {
            if row == 0 {
                desk.buy(0, 300.0).place();
                desk.buy(0, 1.0).limit(70.0).place();
            }
        }),
    );
    assert_eq!(fills(&report), [(1, 0, 300.0, 100.0), (3, 0, -300.0, 75.0)]);
    assert_eq!(report.margin_calls.len(), 1);
    assert_eq!((report.margin_calls[0].worth, report.margin_calls[0].gross), (4_000.0, 24_000.0));
    assert_eq!(report.ledger.fills.cause[1], Cause::MarginCall);
    assert_eq!(report.orders[1].why, Some(Refusal::MarginCall));
    assert_eq!(report.worth, [10_000.0, 10_000.0, 4_000.0, 2_500.0, 2_500.0]);
}

#[test]
fn what_a_margin_call_closes_is_neither_taken_back_nor_changed() {
    let spec = Spec { leverage: 3.0, maintenance_frac: 0.25, ..Spec::default() };
    let mut n_tried = 0;
    let report = go(
        &spec,
        &[hours(&flat(&[100.0, 100.0, 80.0, 75.0, 75.0]))],
        Acts::at(|row, desk| match row {
            0 => {
                desk.buy(0, 300.0).place();
                desk.buy(0, 1.0).limit(70.0).place();
            }
            // More orders than one instant may have: those of the call are placed all the same.
            2 => (0..11_001).for_each(|_| {
                desk.buy(9, 1.0).place();
            }),
            _ => {}
        })
        .on_order(|update, desk| {
            if update.why == Refusal::MarginCall {
                let open = desk.open_orders();
                let [order] = open.as_slice() else { panic!("{open:?}") };
                let later = OrderKind::Market { timing: Some(FillTiming::NEXT_CLOSE) };
                assert!(!desk.cancel(order.id) && !desk.replace(order.id, later));
                assert!(!desk.resize(order.id, Quantity::Units(1.0)));
                desk.cancel_all(0);
                assert_eq!(format!("{:?}", desk.open_orders()), format!("{open:?}"));
                n_tried += 1;
            }
        }),
    );
    assert_eq!(n_tried, 1);
    assert_eq!(fills(&report), [(1, 0, 300.0, 100.0), (3, 0, -300.0, 75.0)]);
    // The limit that it took back, and four times that it was not let go.
    let told: Vec<(f64, bool)> = report
        .events
        .iter()
        .filter(|e| e.why == Refusal::MarginCall)
        .map(|e| (e.side, e.order == Some(report.fill_orders[1])))
        .collect();
    assert_eq!(told, [(1.0, false), (-1.0, true), (-1.0, true), (-1.0, true), (-1.0, true)]);
}

#[test]
fn what_is_opened_where_a_margin_call_closes_is_called_again() {
    // 90 are bought behind the sale at 75, with the 2,500 that are left; at 50 it is 250 for 4,500.
    let spec = Spec { leverage: 3.0, maintenance_frac: 0.25, ..Spec::default() };
    let mut bars = flat(&[100.0, 100.0, 80.0, 75.0, 50.0, 50.0]);
    bars[3] = [75.0, 75.0, 50.0, 50.0];
    let run = |tradable: Vec<bool>| {
        go(
            &spec,
            &[hours(&bars), hours(&flat(&[100.0; 6])).with_masks(&Masks { tradable, ..Masks::default() }).unwrap()],
            Acts::at(|row, desk| {
                if row == 0 {
                    desk.sell(1, 0.01).place();
                    desk.buy(0, 300.0).place();
                    desk.buy(0, 1.0).limit(70.0).place();
                }
            })
            .on_order(|update, desk| {
                if update.why == Refusal::MarginCall && update.what == What::Cancelled {
                    desk.buy(0, 90.0).place();
                }
            }),
        )
    };
    let of_first = |report: &qe_engine::broker::BrokerReport| -> Vec<(u32, u8, f64, f64)> {
        fills(report)
            .into_iter()
            .zip(&report.ledger.fills.line)
            .filter(|(_, line)| **line == 0)
            .map(|(f, _)| f)
            .collect()
    };
    let closed = [(1, 0, 299.99, 100.0), (3, 0, -299.99, 75.0), (3, 0, 90.0, 75.0), (4, 0, -90.0, 50.0)];
    for (tradable, last) in [(vec![], 3), (vec![true, true, true, false, false, true], 5)] {
        let report = run(tradable);
        let near = of_first(&report)
            .iter()
            .zip(&closed)
            .all(|(a, b)| (a.0, a.1, a.3) == (b.0, b.1, b.3) && (a.2 - b.2).abs() < 1e-9);
        assert!(near && of_first(&report).len() == 4, "{:?}", fills(&report));
        // Also while another market's halt keeps the first call from its end.
        assert_eq!(report.margin_calls.len(), 2);
        let f = &report.ledger.fills;
        let of_second: Vec<u32> = (0..f.len()).filter(|i| f.line[*i] == 1).map(|i| f.row[i]).collect();
        assert_eq!(of_second, [1, last]);
    }
}

#[test]
fn ruin_ends_all_trading_and_what_is_owed_is_told() {
    let mut n_after = 0;
    let report = go(
        &Spec { leverage: 3.0, ..Spec::default() },
        &[hours(&flat(&[100.0, 100.0, 60.0, 200.0, 300.0]))],
        Acts::at(|row, desk| {
            n_after += usize::from(row > 2);
            if row == 0 {
                desk.buy(0, 300.0).place();
                desk.sell(0, 1.0).limit(150.0).place();
            }
        }),
    );
    assert_eq!(fills(&report), [(1, 0, 300.0, 100.0)]);
    let ruin = report.ruin.unwrap();
    assert_eq!((ruin.owed, ruin.time), (2_000.0, report.times[2]));
    assert_eq!(report.worth, [10_000.0, 10_000.0, 0.0, 0.0, 0.0]);
    assert_eq!((report.orders[1].state, report.orders[1].why), (OrderState::Cancelled, Some(Refusal::Ruined)));
    assert_eq!(n_after, 0);
}

#[test]
fn what_is_sold_first_pays_for_what_is_bought() {
    let prices = flat(&[100.0; 5]);
    let run = |processing: Processing| {
        go(
            &Spec { processing, ..Spec::default() },
            &[hours(&prices), hours(&prices)],
            Acts::at(|row, desk| match row {
                0 => {
                    desk.buy(0, 100.0).place();
                }
                1 => {
                    desk.buy(1, Quantity::Units(60.0)).place();
                    desk.sell(0, 60.0).place();
                }
                _ => {}
            }),
        )
    };
    let units = |report: &qe_engine::broker::BrokerReport| fills(report).iter().map(|f| f.2).collect::<Vec<_>>();
    let report = run(Processing::AsGiven);
    assert_eq!(units(&report), [100.0, -60.0]);
    assert_eq!(whys(&report), [Refusal::CappedByLeverage, Refusal::NoSize]);
    let report = run(Processing::SellsFirst);
    assert_eq!(units(&report), [100.0, -60.0, 60.0]);
    assert!(report.events.is_empty());
    assert_eq!(report.ledger.fills.line, [0, 0, 1]);
}

#[test]
fn weights_share_the_money_of_several_markets_and_round_trips_are_each_market_s_own() {
    let markets = [hours(&flat(&[100.0, 100.0, 110.0, 110.0])), hours(&flat(&[50.0, 50.0, 40.0, 40.0]))];
    let report = go(
        &Spec { fill: FillTiming::SIGNAL_CLOSE, ..Spec::default() },
        &markets,
        Acts::at(|row, desk| match row {
            0 => {
                desk.target_weight(0, 0.6).place();
                desk.target_weight(1, 0.4).place();
            }
            2 => {
                desk.close(0).place();
                desk.close(1).place();
            }
            _ => {}
        }),
    );
    // 60 of the first, 80 of the second; one wins 600, the other loses 800.
    assert_eq!(fills(&report).iter().map(|f| f.2).collect::<Vec<_>>(), [60.0, 80.0, -60.0, -80.0]);
    let pnl = |m: usize| report.trades(m, &markets[m]).iter().map(|t| t.pnl).collect::<Vec<_>>();
    assert_eq!((pnl(0), pnl(1)), (vec![600.0], vec![-800.0]));
    assert_eq!(report.worth, [10_000.0, 10_000.0, 9_800.0, 9_800.0]);
    let summary = report.summary(&markets).unwrap();
    assert_eq!(summary.get("n_trades"), Some(2.0));
    assert_eq!(summary.get("win_rate"), Some(0.5));
    assert!((summary.get("total_return").unwrap() + 0.02).abs() < 1e-12);
}
