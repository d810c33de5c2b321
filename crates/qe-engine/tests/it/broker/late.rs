//! Flat at the ends of sessions whose last bars are not there, or may not fill: over a full day, a half day and a full day of
//! US equities, by rows counted by hand.
//!
//! The 28th of November 2019 is a holiday: after the last bar of the 27th (row 77) comes the first of the half day (row 78),
//! whose last (row 119) begins at 12:55. Each bar is of one price, which is 1000 and its row.

use qe_engine::broker::{BrokerReport, OrderState, Spec, TimeInForce};
use qe_engine::costs::CostModel;
use qe_engine::fills::FillTiming;
use qe_engine::ledger::{Cause, Refusal};

use super::sessions::three_days;
use super::support::{Acts, fills, go};

fn spec() -> Spec {
    Spec { leverage: 100.0, flat_at_session_end: true, ..Spec::default() }
}

/// One unit is bought by an order that is placed when a row is complete.
fn bought_at(at: usize, missing: &[usize]) -> BrokerReport {
    let acts = Acts::at(move |row, desk| {
        if row == at {
            desk.buy(0, 1.0).place();
        }
    });
    go(&spec(), &[three_days(missing)], acts)
}

fn causes(report: &BrokerReport) -> Vec<Cause> {
    report.ledger.fills.cause.clone()
}

#[test]
fn what_a_session_without_its_last_bar_left_open_is_closed_at_the_next_open() {
    // All bars there: at the close of the last, be it of a half day.
    let report = bought_at(90, &[]);
    assert_eq!(fills(&report), [(91, 0, 1.0, 1091.0), (119, 2, -1.0, 1119.0)]);
    assert_eq!(causes(&report), [Cause::Entry, Cause::SessionEnd]);
    // Without 12:55: at the open of the second of December, which then is the row of number 119.
    let report = bought_at(90, &[119]);
    assert_eq!(fills(&report), [(91, 0, 1.0, 1091.0), (119, 0, -1.0, 1120.0)]);
    assert_eq!(causes(&report), [Cause::Entry, Cause::SessionMissed]);
    let market = three_days(&[119]);
    let trades = report.trades(0, &market);
    assert_eq!((trades[0].reason.as_deref(), trades[0].pnl), (Some("session_missed"), 29.0));
    // Over the holiday, without the last hour of the 27th: at the open of the half day, and that is no last bar.
    let report = bought_at(10, &(66..78).collect::<Vec<_>>());
    assert_eq!(fills(&report), [(11, 0, 1.0, 1011.0), (66, 0, -1.0, 1078.0)]);
    assert_eq!(causes(&report)[1], Cause::SessionMissed);
    // Where the data end with it, nobody knows what comes: it stays open.
    let report = bought_at(130, &[197]);
    assert_eq!(fills(&report), [(131, 0, 1.0, 1131.0)]);
}

#[test]
fn it_is_closed_at_the_market_and_pays_for_it() {
    // Half of 0.002 and 5 bp: 1120 * (1 - 0.0015) = 1118.32; 2 bp of that are 0.223664.
    let costs = CostModel { spread_frac: 0.002, slippage_bps: 5.0, taker_fee_bps: 2.0, ..CostModel::default() };
    let acts = Acts::at(|row, desk| {
        if row == 90 {
            desk.buy(0, 1.0).place();
        }
    });
    let report = go(&Spec { costs, ..spec() }, &[three_days(&[119])], acts);
    let f = &report.ledger.fills;
    assert!((f.price[1] - 1118.32).abs() < 1e-9 && (f.fee[1] - 0.223_664).abs() < 1e-9, "{} {}", f.price[1], f.fee[1]);
}

#[test]
fn it_comes_before_all_else_at_that_open_and_what_is_on_its_way_is_taken_back() {
    // Short one; the stop at 1119.5 is beyond the next session's open, and would be met there: the close of the session comes
    // first, and the stop, the limit and what was ordered in the last bar there is are taken back.
    let mut told = Vec::new();
    let acts = Acts::at(|row, desk| match row {
        90 => {
            desk.sell(0, 1.0).stop_loss(1119.5).place();
        }
        100 => {
            desk.buy(0, 2.0).limit(900.0).place();
        }
        118 => {
            desk.sell(0, 3.0).place();
            desk.sell(0, 5.0).during(TimeInForce::AtClose).place();
        }
        // The new session is like any other.
        130 => {
            desk.buy(0, 7.0).place();
        }
        _ => {}
    });
    let acts = acts.on_order(|update, _| told.push(update.why));
    let report = go(&spec(), &[three_days(&[119])], acts);
    let expected = [(91, 0, -1.0, 1091.0), (119, 0, 1.0, 1120.0), (131, 0, 7.0, 1132.0), (196, 2, -7.0, 1197.0)];
    assert_eq!(fills(&report), expected);
    let (missed, ended) = (Cause::SessionMissed, Cause::SessionEnd);
    assert_eq!(causes(&report), [Cause::Entry, missed, Cause::Entry, ended]);
    let ends: Vec<_> = report.orders[1..5].iter().map(|o| (o.state, o.why)).collect();
    let over = (OrderState::Cancelled, Some(Refusal::SessionEnd));
    assert_eq!(ends, [(OrderState::Cancelled, Some(Refusal::NothingHeld)), over, over, over]);
    drop(report);
    let all = [Refusal::NothingHeld, Refusal::SessionEnd, Refusal::SessionEnd, Refusal::SessionEnd];
    assert_eq!(told, all);
}

#[test]
fn without_a_position_what_is_on_its_way_is_taken_back_too() {
    let report = bought_at(118, &[119]);
    assert_eq!((fills(&report), report.orders[0].why), (vec![], Some(Refusal::SessionEnd)));
    assert_eq!(report.orders[0].ended_at, Some(three_days(&[119]).columns().axis().open()[119]));
    // Of the last bar of a session it is the next session's.
    assert_eq!(fills(&bought_at(119, &[]))[0], (120, 0, 1.0, 1120.0));
}

#[test]
fn a_session_without_any_bar_is_missed_too() {
    // Bought at the close of the 27th, after that session's end; the half day is not there at all.
    let acts = Acts::at(|row, desk| {
        if row == 77 {
            desk.buy(0, 1.0).at(FillTiming::SIGNAL_CLOSE).place();
        }
    });
    let report = go(&spec(), &[three_days(&(78..120).collect::<Vec<_>>())], acts);
    assert_eq!(fills(&report), [(77, 2, 1.0, 1077.0), (78, 0, -1.0, 1120.0)]);
    assert_eq!(causes(&report)[1], Cause::SessionMissed);
}

#[test]
fn where_it_may_not_be_closed_it_waits_with_a_record() {
    // Neither 12:55 of the half day nor the first two bars of the second of December may fill.
    let market =
        three_days(&[]).with_tradable(&std::array::from_fn::<_, 198, _>(|i| !(119..122).contains(&i))).unwrap();
    let buy = |row: usize, desk: &mut qe_engine::broker::Desk<'_, '_>| {
        if row == 90 {
            desk.buy(0, 1.0).place();
        }
    };
    let report = go(&spec(), std::slice::from_ref(&market), Acts::at(buy));
    assert_eq!(fills(&report), [(91, 0, 1.0, 1091.0), (122, 0, -1.0, 1122.0)]);
    assert_eq!(causes(&report)[1], Cause::SessionMissed);
    let told: Vec<_> = report.events.iter().map(|e| (e.row, e.side, e.why)).collect();
    assert_eq!(told, [119, 120, 121].map(|row| (row, 1.0, Refusal::Blocked)));
    // Of ten, a bar of volume 1e6 fills six at a share of 6e-6: the rest at the next open.
    let acts = Acts::at(|row, desk| {
        if row == 90 {
            desk.buy(0, 10.0).place();
        }
    });
    let report = go(&Spec { volume_frac: Some(6e-6), ..spec() }, &[three_days(&[119])], acts);
    let sold: Vec<_> = fills(&report).into_iter().filter(|f| f.2 < 0.0).map(|f| (f.0, f.1, f.2.round())).collect();
    assert_eq!(sold, [(119, 0, -6.0), (120, 0, -4.0)]);
    let told: Vec<_> = report.events.iter().filter(|e| e.row >= 119).map(|e| (e.row, e.why)).collect();
    assert_eq!(told, [(119, Refusal::CappedByVolume)]);
}

#[test]
fn that_the_last_bar_will_be_missing_is_known_by_nothing_before() {
    let seen = |missing: &[usize]| {
        let mut there = Vec::new();
        let acts = Acts::at(|row, desk| {
            if row == 90 {
                desk.buy(0, 1.0).stop_loss(900.0).place();
            }
            if row <= 118 {
                there.push((desk.open_orders().len(), desk.units(0), desk.equity()));
            }
        });
        go(&spec(), &[three_days(missing)], acts);
        there
    };
    assert_eq!(seen(&[]), seen(&[119]));
}
