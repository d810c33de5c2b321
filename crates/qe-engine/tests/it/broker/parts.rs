//! Orders that are filled in part, and what belongs to them.

use qe_engine::broker::{OrderState, Quantity, Spec, TimeInForce};
use qe_engine::costs::CostModel;
use qe_engine::ledger::Refusal;

use super::support::{Acts, fills, flat, go, with_volume};

/// All of the volume, and much leverage.
fn spec() -> Spec {
    Spec { leverage: 1000.0, volume_frac: Some(1.0), ..Spec::default() }
}

#[test]
fn what_is_filled_in_part_makes_the_others_of_its_group_smaller() {
    // Ten are to be sold at 105 or at 95; four at 105, three at 95, and the last three at 95.
    let bars = [[100.0; 4], [100.0; 4], [105.0, 105.0, 104.0, 104.0], [95.0, 96.0, 95.0, 95.0], [95.0; 4]];
    let volume = [1e3, 1e3, 4.0, 3.0, 1e3];
    let report = go(
        &spec(),
        &[with_volume(&bars, &volume)],
        Acts::at(|row, desk| match row {
            0 => {
                desk.buy(0, 10.0).place();
            }
            1 => {
                let group = desk.group();
                desk.sell(0, 10.0).limit(105.0).one_of(group).place();
                desk.sell(0, 10.0).stop(95.0).one_of(group).place();
            }
            _ => {}
        }),
    );
    let expected = [(1, 0, 10.0, 100.0), (2, 0, -4.0, 105.0), (3, 0, -3.0, 95.0), (4, 0, -3.0, 95.0)];
    assert_eq!(fills(&report), expected);
    let ends: Vec<_> = report.orders.iter().map(|o| (o.state, o.filled)).collect();
    assert_eq!(ends[1..], [(OrderState::Cancelled, -4.0), (OrderState::Filled, -6.0)]);
}

#[test]
fn what_closes_all_stays_when_another_closed_a_part() {
    // The stop is of all that is held: of which four less are held, once the target took them.
    let bars = [[100.0; 4], [100.0; 4], [105.0, 105.0, 104.0, 104.0], [95.0, 96.0, 95.0, 95.0]];
    let report = go(
        &spec(),
        &[with_volume(&bars, &[1e3, 1e3, 4.0, 1e3])],
        Acts::at(|row, desk| match row {
            0 => {
                desk.buy(0, 10.0).place();
            }
            1 => {
                let group = desk.group();
                desk.sell(0, Quantity::All).limit(105.0).reduce_only().one_of(group).place();
                desk.sell(0, Quantity::All).stop(95.0).reduce_only().one_of(group).place();
            }
            _ => {}
        }),
    );
    assert_eq!(fills(&report), [(1, 0, 10.0, 100.0), (2, 0, -4.0, 105.0), (3, 0, -6.0, 95.0)]);
}

#[test]
fn a_bracket_is_as_large_as_what_was_filled_of_its_entry() {
    // Four of ten, then six; the stop closes what there is.
    let bars = [[100.0; 4], [100.0; 4], [100.0; 4], [95.0; 4]];
    for (volume, last) in [([1e3, 4.0, 6.0, 1e3], -10.0), ([1e3, 4.0, 2.0, 1e3], -6.0), ([1e3, 4.0, 0.0, 1e3], -4.0)] {
        let report = go(
            &spec(),
            &[with_volume(&bars, &volume)],
            Acts::at(|row, desk| {
                if row == 0 {
                    desk.buy(0, 10.0)
                        .limit(100.0)
                        .during(TimeInForce::Bars(2))
                        .stop_loss(96.0)
                        .take_profit(110.0)
                        .place();
                }
            }),
        );
        let sold = *fills(&report).last().unwrap();
        assert_eq!(sold, (3, 0, last, 95.0), "{volume:?}");
        assert_eq!(report.orders[2].why, Some(Refusal::Group), "{:?}", report.orders);
    }
}

#[test]
fn volume_is_shared_by_orders_in_the_order_in_which_they_are_filled() {
    let report = go(
        &spec(),
        &[with_volume(&flat(&[100.0, 100.0, 100.0]), &[1e3, 10.0, 10.0])],
        Acts::at(|row, desk| {
            if row == 0 {
                desk.buy(0, 6.0).place();
                desk.sell(0, 3.0).place();
                desk.buy(0, 5.0).limit(101.0).place();
            }
        }),
    );
    // Six and three at the open, one of five is left for the limit; the rest in the bar after.
    let expected = [(1, 0, 6.0, 100.0), (1, 0, -3.0, 100.0), (1, 0, 1.0, 100.0), (2, 0, 4.0, 100.0)];
    assert_eq!(fills(&report), expected);
}

#[test]
fn at_once_or_not_at_all_of_limits() {
    let bars = [[100.0; 4], [100.0, 100.0, 90.0, 95.0], [90.0; 4]];
    let run = |tif: TimeInForce, limit: f64, units: f64| {
        let report = go(
            &spec(),
            &[with_volume(&bars, &[1e3, 10.0, 1e3])],
            Acts::at(|row, desk| {
                if row == 0 {
                    desk.buy(0, units).limit(limit).during(tif).place();
                }
            }),
        );
        (fills(&report), report.orders[0].state, report.orders[0].why)
    };
    let (filled, gone) = (OrderState::Filled, OrderState::Cancelled);
    // Its first price is the open: 95 is met only within the bar.
    assert_eq!(run(TimeInForce::Ioc, 95.0, 4.0), (vec![], gone, Some(Refusal::NotFilled)));
    assert_eq!(run(TimeInForce::Ioc, 101.0, 4.0), (vec![(1, 0, 4.0, 100.0)], filled, None));
    assert_eq!(run(TimeInForce::Ioc, 101.0, 14.0), (vec![(1, 0, 10.0, 100.0)], gone, Some(Refusal::NotFilled)));
    assert_eq!(run(TimeInForce::Fok, 101.0, 14.0), (vec![], gone, Some(Refusal::NotFilled)));
    assert_eq!(run(TimeInForce::Fok, 101.0, 10.0), (vec![(1, 0, 10.0, 100.0)], filled, None));
}

#[test]
fn a_target_weight_that_rests_does_not_trade_the_other_side() {
    // A purchase down to a weight of nothing, at 100 or better, would sell.
    let report = go(
        &Spec { costs: CostModel::default(), ..Spec::default() },
        &[with_volume(&flat(&[100.0, 100.0, 90.0, 90.0]), &[1e3; 4])],
        Acts::at(|row, desk| match row {
            0 => {
                desk.buy(0, 10.0).place();
            }
            1 => {
                desk.buy(0, Quantity::TargetWeight(0.0)).limit(95.0).place();
            }
            _ => {}
        }),
    );
    assert_eq!(fills(&report).len(), 1, "{:?}", fills(&report));
    assert_eq!((report.orders[1].state, report.orders[1].why), (OrderState::Cancelled, Some(Refusal::OtherSide)));
}

#[test]
fn what_is_left_of_an_entry_is_over_with_its_bracket() {
    // Four of ten are bought, and stopped out at 96: the other six would have no stop.
    let bars = [[100.0; 4], [101.0; 4], [97.0, 97.0, 95.0, 95.0], [101.0; 4], [90.0; 4]];
    let report = go(
        &spec(),
        &[with_volume(&bars, &[1e3, 4.0, 1e3, 1e3, 1e3])],
        Acts::at(|row, desk| {
            if row == 0 {
                desk.buy(0, 10.0).stop(100.0).stop_loss(96.0).take_profit(110.0).place();
            }
        }),
    );
    assert_eq!(fills(&report), [(1, 0, 4.0, 101.0), (2, 1, -4.0, 96.0)]);
    let gone = (OrderState::Cancelled, Some(Refusal::Group));
    let ends: Vec<_> = report.orders.iter().map(|o| (o.state, o.why)).collect();
    assert_eq!(ends, [gone, (OrderState::Filled, None), gone]);
}
