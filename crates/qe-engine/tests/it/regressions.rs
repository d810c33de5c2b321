//! What the naive simulator found in the real one, each as small as it gets, with numbers worked out by hand.

use std::ops::Range;

use qe_engine::batch::{Figures, Stretch, Warmup, run_with_ledger};
use qe_engine::fills::{FillTiming, Holding, PathPolicy};
use qe_engine::ledger::{Cause, Ledger, Refusal};
use qe_engine::market::Market;
use qe_engine::program::{ExitKind, Opposite, SizeKind};

use crate::random::{Order, Sketch, market_of, times_of};

const NAN: f64 = f64::NAN;

/// Hourly bars of open, high, low, close and a signal, which is the volume.
fn bars(rows: &[[f64; 5]]) -> Market {
    let (times, step) = times_of(rows.len(), true);
    market_of(&times, step, std::array::from_fn(|i| rows.iter().map(|row| row[i]).collect()), true)
}

/// Bars of one price each, with a signal.
fn points(rows: &[(f64, f64)]) -> Market {
    bars(&rows.iter().map(|&(x, signal)| [x, x, x, x, signal]).collect::<Vec<_>>())
}

fn go(s: &Sketch, market: &Market, rows: Range<usize>) -> (Figures, Ledger) {
    let stretch = Stretch { rows, warmup: Warmup::Idle, daily: true, max_bytes: 1 << 20 };
    run_with_ledger(&s.plan(), 0, market, &stretch).unwrap()
}

/// Row, units and price before costs of each fill.
fn fills(ledger: &Ledger) -> Vec<(u32, f64, f64)> {
    let f = &ledger.fills;
    (0..f.len()).map(|i| (f.row[i], f.units[i], f.raw[i])).collect()
}

fn refused(ledger: &Ledger) -> Vec<(u32, f64, Refusal)> {
    ledger.refused.iter().map(|r| (r.row, r.side, r.why)).collect()
}

/// Ten units, long where the signal is 1 and short where it is 2; out, at the next open, where it is 3.
fn base() -> Sketch {
    Sketch {
        entry: [Some("volume == 1".into()), Some("volume == 2".into())],
        exits: [vec![(ExitKind::When, "volume == 3".into())], vec![(ExitKind::When, "volume == 3".into())]],
        size: (SizeKind::Units, "10".into()),
        ..Sketch::default()
    }
}

#[test]
fn a_gate_of_the_market_alone_can_be_true() {
    let market = points(&[(100.0, 1.0), (100.0, 0.0), (100.0, 0.0)]);
    let s = Sketch { gates: vec!["close > 50".into()], ..base() };
    assert_eq!(fills(&go(&s, &market, 0..3).1), [(1, 10.0, 100.0)]);
}

#[test]
fn the_least_fee_is_left_out_where_other_fees_are_above_it() {
    // 1,000 buy 1000 / (100 + 0.1) units, and 0.1 each is above the least fee of 0.9; by rounding it is not what is left.
    let market = points(&[(100.0, 1.0), (100.0, 0.0), (100.0, 0.0)]);
    let mut s = Sketch { size: (SizeKind::Value, "1000".into()), ..base() };
    for fee_per_unit in [0.1, 0.2, 0.3, 0.7] {
        (s.costs.fee_per_unit, s.costs.min_fee) = (fee_per_unit, 0.9);
        assert_eq!(fills(&go(&s, &market, 0..3).1), [(1, 1000.0 / (100.0 + fee_per_unit), 100.0)]);
    }
}

#[test]
fn a_run_that_ends_within_a_day_tells_that_day_s_worth() {
    // Ten units from 100 to 103.
    let market = points(&[(100.0, 1.0), (100.0, 0.0), (103.0, 0.0), (103.0, 0.0)]);
    assert_eq!(go(&base(), &market, 0..3).0.days, [10_030.0]);
}

#[test]
fn ruin_without_a_position_is_worth_nothing_and_not_less() {
    // 1,000 of money, short ten at 100, out at 250: 2,000 - 2,500. The fall is all there was, and the return -1.
    let market = points(&[(100.0, 2.0), (100.0, 3.0), (250.0, 1.0), (250.0, 0.0)]);
    let mut s = base();
    s.execution.capital = 1000.0;
    let (figures, ledger) = go(&s, &market, 0..4);
    assert_eq!(fills(&ledger), [(1, -10.0, 100.0), (2, 10.0, 250.0)]);
    assert_eq!((figures.equity, figures.max_drawdown, figures.sum), (0.0, 1.0, -1.0));
}

#[test]
fn nothing_is_paid_or_told_after_ruin() {
    // Short ten at 100 with 1,000 of money: worth -500 at the close of row 2. Borrowing is paid in row 2 alone, for the hour
    // since the close before, and the exit that row 3 cannot fill is no refusal any more.
    let market = points(&[(100.0, 2.0), (100.0, 0.0), (250.0, 3.0), (250.0, 0.0), (250.0, 0.0)]);
    let market = market.with_tradable(&[true, true, true, false, true]).unwrap();
    let mut s = base();
    (s.execution.capital, s.costs.borrow_annual) = (1000.0, 0.365);
    let (figures, ledger) = go(&s, &market, 0..5);
    // 0.365 a year on 1,000 is 1 a day: the 24th part of it an hour.
    let carries: Vec<u32> = ledger.carries.iter().map(|c| c.row).collect();
    assert!(carries == [2] && (ledger.carries[0].money - 1.0 / 24.0).abs() < 1e-12);
    assert_eq!((refused(&ledger).len(), ledger.fills.len(), figures.equity), (0, 1, 0.0));
    s.costs.borrow_annual = 0.0;
    assert_eq!(refused(&go(&s, &market, 0..5).1), []);
}

#[test]
fn what_rules_remember_ends_with_their_position() {
    // Long from 100 to 130 and back: out by the signal. The next long, which reverses a short, is at 100: a fall of 5 from
    // the best close since *its* entry is at 94, not at 100.
    let rows = [100.0, 100.0, 130.0, 100.0, 100.0, 100.0, 99.0, 98.0, 94.0, 94.0];
    let signal = [1.0, 0.0, 3.0, 2.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0];
    let market = points(&rows.into_iter().zip(signal).collect::<Vec<_>>());
    let mut s = Sketch { opposite: Opposite::Reverse, ..base() };
    s.exits[0].push((ExitKind::When, "close < max_since_entry(close) - 5".into()));
    let expected =
        [(1, 10.0, 100.0), (3, -10.0, 100.0), (4, -10.0, 100.0), (6, 10.0, 99.0), (6, 10.0, 99.0), (9, -10.0, 94.0)];
    assert_eq!(fills(&go(&s, &market, 0..10).1), expected);
}

#[test]
fn levels_of_one_side_do_not_rest_for_the_other() {
    // Shorts have a trail of 5, longs have none. A stop order opens the long at 101 in row 3, which goes to 130 and closes
    // at 110: no trail of 5 below 130 is the long's.
    let market = bars(&[
        [100.0, 100.0, 100.0, 100.0, 2.0],
        [100.0, 101.0, 99.0, 100.0, 0.0],
        [100.0, 100.0, 100.0, 100.0, 1.0],
        [100.0, 130.0, 100.0, 110.0, 0.0],
        [110.0, 130.0, 110.0, 110.0, 0.0],
    ]);
    let level = ["close + 1".to_owned(), "close - 0.5".to_owned()];
    let mut s = Sketch { order: Order::Stop(level, 1), opposite: Opposite::Reverse, ..base() };
    s.exits = [vec![], vec![(ExitKind::Trail, "5".into())]];
    // The short is entered at 99.5. The signal of row 2 closes it at the open of row 3.
    assert_eq!(fills(&go(&s, &market, 0..5).1), [(1, -10.0, 99.5), (3, 10.0, 100.0), (3, 10.0, 101.0)]);
}

#[test]
fn a_refused_entry_takes_its_own_exit_with_it_and_no_later_decision() {
    // Four bars from decision to fill: long (row 0), out (1), short (2), out (3), and long again (5). Row 4 is halted, so the
    // first long never is. All else stands: short in row 6, out in row 7, long in row 9.
    let signal = [1.0, 3.0, 2.0, 3.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0];
    let market = points(&signal.map(|v| (100.0, v)));
    let market = market.with_tradable(&std::array::from_fn::<_, 10, _>(|i| i != 4)).unwrap();
    let mut s = base();
    s.execution.fill.delay = 4;
    let (_, ledger) = go(&s, &market, 0..10);
    assert_eq!(refused(&ledger), [(4, 1.0, Refusal::Blocked)]);
    assert_eq!(fills(&ledger), [(6, -10.0, 100.0), (7, 10.0, 100.0), (9, 10.0, 100.0)]);
}

#[test]
fn a_condition_of_the_position_asks_for_the_position_that_is_decided() {
    // The long of row 0 is left by the signal of row 2, with three bars to go; the long of row 3 is on its way then. That the
    // old one has been open for three bars is no reason to leave the new one.
    let signal = [1.0, 0.0, 0.0, 3.0, 1.0, 0.0, 0.0, 0.0, 0.0];
    let market = points(&signal.map(|v| (100.0, v)));
    let mut s = base();
    s.execution.fill.delay = 3;
    s.exits[0].push((ExitKind::When, "pos.bars == 3".into()));
    // Row 3 decides the exit, for row 6, and row 4 the entry, for row 7; row 5 is the old one's third bar.
    assert_eq!(fills(&go(&s, &market, 0..9).1), [(3, 10.0, 100.0), (6, -10.0, 100.0), (7, 10.0, 100.0)]);
}

#[test]
fn a_resting_entry_expires_though_another_position_is_still_open() {
    // The long is to be left in row 5; the short's limit of row 2 rests in rows 3 and 4, when the long is still open.
    let signal = [1.0, 3.0, 2.0, 0.0, 0.0, 0.0, 0.0];
    let market = points(&signal.map(|v| (100.0, v)));
    let mut s = Sketch { order: Order::Limit(["close".into(), "close".into()], 2), ..base() };
    s.execution.fill.delay = 4;
    let (_, ledger) = go(&s, &market, 0..7);
    assert_eq!(refused(&ledger), [(4, -1.0, Refusal::Expired)]);
    assert_eq!(fills(&ledger), [(1, 10.0, 100.0), (5, -10.0, 100.0)]);
}

#[test]
fn a_resting_entry_rests_from_the_next_row_on_whatever_the_timing_of_markets() {
    let market = points(&[(100.0, 1.0), (100.0, 0.0), (100.0, 0.0)]);
    let mut s = Sketch { order: Order::Limit(["close".into(), "close".into()], 2), ..base() };
    s.execution.fill.delay = 50;
    assert_eq!(fills(&go(&s, &market, 0..3).1), [(1, 10.0, 100.0)]);
}

#[test]
fn a_cooldown_is_counted_from_the_exit_that_a_halt_held_up() {
    // The exit of row 2 is due in row 3 and filled in row 5. One bar of cooldown: row 7 is the first that may decide.
    let signal = [1.0, 0.0, 3.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0];
    let market = points(&signal.map(|v| (100.0, v)));
    let market = market.with_tradable(&std::array::from_fn::<_, 9, _>(|i| i != 3 && i != 4)).unwrap();
    let s = Sketch { cooldown: (1, 0), ..base() };
    let (_, ledger) = go(&s, &market, 0..9);
    assert_eq!(fills(&ledger), [(1, 10.0, 100.0), (5, -10.0, 100.0), (8, 10.0, 100.0)]);
    // A held-up exit is the long's.
    assert_eq!(refused(&ledger), [(3, 1.0, Refusal::Blocked), (4, 1.0, Refusal::Blocked)]);
}

#[test]
fn the_session_s_end_takes_back_what_is_on_its_way() {
    // A day of 24 hours. Long and out again, both decided on the day before they are due: none of it is filled.
    let mut rows = [(100.0, 0.0); 72];
    (rows[3].1, rows[5].1) = (1.0, 3.0);
    let mut s = base();
    s.execution.fill.delay = 30;
    s.execution.flat_at_session_end = true;
    assert_eq!(fills(&go(&s, &points(&rows), 0..72).1), []);
    // A position that cannot be closed there is a refusal, and is closed at the next open.
    s.execution.fill.delay = 1;
    rows[5].1 = 0.0;
    let market = points(&rows).with_tradable(&std::array::from_fn::<_, 72, _>(|i| i != 23)).unwrap();
    let (_, ledger) = go(&s, &market, 0..72);
    assert_eq!(refused(&ledger), [(23, 1.0, Refusal::Blocked)]);
    assert_eq!(fills(&ledger), [(4, 10.0, 100.0), (24, -10.0, 100.0)]);
    assert_eq!((ledger.fills.cause[1], ledger.fills.phase[1]), (Cause::SessionMissed, 0));
}

#[test]
fn spreads_at_an_open_widen_by_what_is_known_then() {
    // Half of 0.02, twice as wide in row 0 and five times in row 1: the open of row 1 pays 2 %, its close 5 %.
    let market = points(&[(100.0, 2.0), (100.0, 5.0), (100.0, 5.0)]);
    let mut s = Sketch { entry: [Some("close > 0".into()), None], widening: Some("volume".into()), ..base() };
    s.costs.spread_frac = 0.02;
    assert_eq!(go(&s, &market, 0..3).1.fills.price, [102.0]);
    s.execution.fill = FillTiming::NEXT_CLOSE;
    assert_eq!(go(&s, &market, 0..3).1.fills.price, [105.0]);
}

#[test]
fn a_hit_within_the_bar_at_the_price_of_its_open_is_within_the_bar() {
    // A trail of 3 below 103 is 100, which is the open too: the price came there after the high.
    let market = bars(&[
        [100.0, 100.0, 100.0, 100.0, 1.0],
        [100.0, 100.0, 99.0, 100.0, 0.0],
        [100.0, 103.0, 99.0, 99.0, 0.0],
        [99.0, 99.0, 99.0, 99.0, 0.0],
    ]);
    let mut s = Sketch { exits: [vec![(ExitKind::Trail, "3".into())], vec![]], ..base() };
    s.execution.path = PathPolicy::OpenHighLowClose;
    let (_, ledger) = go(&s, &market, 0..4);
    assert_eq!((fills(&ledger)[1], ledger.fills.phase[1]), ((2, -10.0, 100.0), 1));
}

#[test]
fn a_close_that_is_missing_in_the_bar_of_an_entry_within_it_is_no_price_since_the_entry() {
    // Entered at 90 in a bar without a close, after closes of 100: the highest since the entry is 92, in row 2.
    let market = bars(&[
        [100.0, 100.0, 100.0, 100.0, 1.0],
        [100.0, 100.0, 88.0, NAN, 0.0],
        [91.0, 92.0, 91.0, 91.0, 0.0],
        [91.0, 91.0, 91.0, 91.0, 0.0],
    ]);
    let order = Order::Limit(["close - 10".into(), "close".into()], 1);
    let exits = [vec![(ExitKind::When, "pos.high > 95".into())], vec![]];
    assert_eq!(fills(&go(&Sketch { order, exits, ..base() }, &market, 0..4).1), [(1, 10.0, 90.0)]);
}

#[test]
fn a_size_that_comes_to_nothing_is_refused_by_the_simple_walk_too() {
    // 20 of money do not pay the least fee of 25.
    let market = points(&[(100.0, 1.0), (100.0, 0.0), (100.0, 0.0)]);
    let mut s = Sketch { entry: [Some("volume == 1".into()), None], size: (SizeKind::Fraction, "1".into()), ..base() };
    (s.execution.capital, s.costs.min_fee) = (20.0, 25.0);
    let (figures, ledger) = go(&s, &market, 0..3);
    assert_eq!((refused(&ledger), figures.equity), (vec![(1, 1.0, Refusal::NoSize)], 20.0));
}

#[test]
fn a_position_before_the_first_close_is_marked_by_opens_and_not_by_a_close_to_come() {
    let market =
        bars(&[[100.0, 100.0, 100.0, NAN, 1.0], [100.0, 100.0, 100.0, NAN, 0.0], [100.0, 500.0, 100.0, 500.0, 0.0]]);
    assert_eq!(go(&base(), &market, 0..2).0.equity, 10_000.0);
}

#[test]
fn a_weight_is_traded_once_at_a_price() {
    // The weight of row 0 is traded at the open of row 1. Restoring it there would trade what rounding left, at the least fee.
    let market = points(&[(97.0, 0.3), (97.0, 0.7), (97.0, 0.7), (97.0, 0.7)]);
    let mut s = Sketch { weight: Some("volume".into()), ..Sketch::default() };
    s.execution.holding = Holding::Weights;
    s.costs.taker_fee_bps = 7.0;
    let (_, ledger) = go(&s, &market, 0..3);
    assert_eq!(ledger.fills.row.iter().filter(|row| **row == 1).count(), 1);
    assert_eq!(ledger.fills.row.iter().filter(|row| **row == 2).count(), 1);
}

#[test]
fn a_weight_of_what_is_owed_is_not_held() {
    // All of 1,000 short at 100, ten units; the open of row 2 is 300: worth 2,000 - 3,000. The bar closes at 150, where worth
    // is 500: nothing was traded at the open, and the weight is restored at the next, to 500 / 150 units.
    let market = bars(&[
        [100.0, 100.0, 100.0, 100.0, 0.0],
        [100.0, 100.0, 100.0, 100.0, 0.0],
        [300.0, 300.0, 150.0, 150.0, 0.0],
        [150.0, 150.0, 150.0, 150.0, 0.0],
    ]);
    let mut s = Sketch { weight: Some("-1".into()), ..Sketch::default() };
    (s.execution.holding, s.execution.capital) = (Holding::Weights, 1000.0);
    let (figures, ledger) = go(&s, &market, 0..4);
    assert_eq!(fills(&ledger), [(1, -10.0, 100.0), (3, 10.0 - 500.0 / 150.0, 150.0)]);
    assert!((figures.equity - 500.0).abs() < 1e-9);
}

#[test]
fn a_weight_is_held_again_after_the_session_s_end() {
    let mut s = Sketch { weight: Some("1".into()), ..Sketch::default() };
    s.execution.flat_at_session_end = true;
    let (_, ledger) = go(&s, &points(&[(100.0, 0.0); 48]), 0..48);
    assert_eq!(fills(&ledger), [(1, 100.0, 100.0), (23, -100.0, 100.0), (24, 100.0, 100.0), (47, -100.0, 100.0)]);
}

#[test]
fn a_night_is_paid_by_who_held_over_it() {
    // Short one from the open of row 1, bought back at the open of row 3: two hours from close to close are paid, that of row
    // 2 and the one before the exit; not the one before the entry.
    let market = points(&[(100.0, 2.0), (100.0, 0.0), (100.0, 3.0), (100.0, 0.0), (100.0, 0.0)]);
    let mut s = base();
    s.costs.borrow_annual = 0.365;
    let (_, ledger) = go(&s, &market, 0..5);
    let rows: Vec<u32> = ledger.carries.iter().map(|c| c.row).collect();
    assert_eq!((rows, fills(&ledger).iter().map(|f| f.0).collect::<Vec<_>>()), (vec![2, 3], vec![1, 3]));
}

#[test]
fn what_cannot_be_left_at_a_known_cost_is_not_opened_by_a_limit_either() {
    // On the first days nothing tells what a fill moves. A limit pays no impact, but the market order that leaves would, and
    // its price was missing: cash too, from there on.
    let market = points(&[(100.0, 1.0), (100.0, 0.0), (100.0, 3.0), (100.0, 0.0)]);
    let mut s = Sketch { order: Order::Limit(["close".into(), "close".into()], 2), ..base() };
    s.costs.impact_coef = 1.0;
    let (figures, ledger) = go(&s, &market, 0..4);
    assert_eq!((refused(&ledger), ledger.fills.len()), (vec![(1, 1.0, Refusal::NoCostInput)], 0));
    assert_eq!(figures.equity, 10_000.0);
    // As a weight it is one refusal, not two.
    (s.order, s.execution.holding) = (Order::Market, Holding::Weights);
    assert_eq!(refused(&go(&s, &market, 0..4).1), [(1, 1.0, Refusal::NoCostInput)]);
}

#[test]
fn a_sale_opens_nothing_where_it_brings_nothing_and_never_costs_more_than_that() {
    // Half of a spread of 0.9 that is three times as wide is more than the price.
    let market = points(&[(100.0, 1.0), (100.0, 0.0), (100.0, 3.0), (100.0, 2.0), (100.0, 0.0)]);
    let mut s = Sketch { widening: Some("3".into()), ..base() };
    (s.costs.spread_frac, s.execution.leverage) = (0.9, f64::INFINITY);
    let (figures, ledger) = go(&s, &market, 0..5);
    // Bought at 235; sold for nothing, not at -35. The short of row 3 would begin with a payment.
    assert_eq!((&ledger.fills.price[..], figures.equity), (&[235.0, 0.0][..], 7_650.0));
    assert_eq!(refused(&ledger), [(4, -1.0, Refusal::NoSize)]);
}

#[test]
fn a_distance_below_zero_does_not_trail() {
    // 5 above the best price would be a stop above the market, filled at a price that never was.
    let market =
        bars(&[[100.0, 100.0, 100.0, 100.0, 1.0], [100.0, 102.0, 99.0, 100.0, 0.0], [100.0, 102.0, 99.0, 100.0, 0.0]]);
    let s = Sketch { exits: [vec![(ExitKind::Trail, "0 - 5".into())], vec![]], ..base() };
    assert_eq!(fills(&go(&s, &market, 0..3).1), [(1, 10.0, 100.0)]);
}

#[test]
fn a_round_trip_that_ends_in_ruin_may_be_undecided_too() {
    // Short ten at 100 with 1,000 of money. Row 2 may or may not have met the trail on its way; row 3 closes at 250.
    let market = bars(&[
        [100.0, 100.0, 100.0, 100.0, 2.0],
        [100.0, 100.0, 100.0, 100.0, 0.0],
        [100.0, 102.0, 96.0, 97.0, 0.0],
        [250.0, 250.0, 250.0, 250.0, 0.0],
    ]);
    let mut s = Sketch { exits: [vec![], vec![(ExitKind::Trail, "if(pos.bars > 1, 999, 5)".into())]], ..base() };
    (s.execution.capital, s.execution.path) = (1000.0, PathPolicy::OpenHighLowClose);
    let (figures, ledger) = go(&s, &market, 0..4);
    assert_eq!((ledger.fills.len(), ledger.undecided.len()), (1, 1));
    assert_eq!((figures.n_trades(), figures.n_undecided(), figures.equity), (1, 1, 0.0));
}

#[test]
fn how_strong_an_entry_was_is_kept_under_weights_too() {
    let market = points(&[(100.0, 1.0), (100.0, 0.0), (100.0, 3.0), (100.0, 0.0)]);
    let mut s = Sketch { strength: Some("volume + 7".into()), ..base() };
    s.execution.holding = Holding::Weights;
    let strength = go(&s, &market, 0..4).1.fills.strength;
    assert!(strength[0] == 8.0 && strength[1..].iter().all(|x| x.is_nan()), "{strength:?}");
}

#[test]
fn less_of_a_weight_never_buys_however_dear_a_sale_is() {
    // 120 a unit at 100: all money buys 10,000 / 220 of them. To go to nine tenths, each unit sold takes more of the worth
    // than it brings: nothing is traded, and no more is bought. To go to nothing, all of it is sold.
    let market = points(&[(100.0, 1.0), (100.0, 0.9), (100.0, 0.0), (100.0, 0.0)]);
    let mut s = Sketch { weight: Some("volume".into()), ..Sketch::default() };
    s.costs.fee_per_unit = 120.0;
    let fills = fills(&go(&s, &market, 0..4).1);
    assert!((fills[0].1 - 10_000.0 / 220.0).abs() < 1e-9, "{fills:?}");
    assert_eq!(fills[1..], [(3, -fills[0].1, 100.0)]);
}

#[test]
fn where_a_comparison_fails_is_not_where_another_does() {
    // Of the first exit, and the rule's own `not`, nobody asks where the comparison holds: neither ever is true, and the
    // position is held to the end.
    let market = points(&[(100.0, 1.0), (100.0, 0.0), (100.0, 0.0), (100.0, 0.0)]);
    let exits = ["not (close < 200)", "close > 500", "pos.bars > 0 and not (open < 300)", "high > 700"];
    let s = Sketch { exits: [exits.map(|t| (ExitKind::When, t.into())).into(), vec![]], ..base() };
    assert_eq!(fills(&go(&s, &market, 0..4).1), [(1, 10.0, 100.0)]);
}

#[test]
fn a_refusal_before_ruin_is_told_though_the_exit_before_it_loses_all() {
    // 1,000 units at 100 of 10,000. Row 3 turns round with a size below zero, while all is worth what it was; the exit at
    // the next open, at half the price, loses more than there is.
    let market =
        points(&[(100.0, 2.0), (100.0, 0.0), (100.0, 0.0), (100.0, -1.0), (50.0, 0.0), (50.0, 0.0), (50.0, 0.0)]);
    let entry = ["volume > 1", "volume < 0"].map(|t| Some(t.to_owned()));
    let size = (SizeKind::Fraction, "5".into());
    let mut s = Sketch { entry, size, scale: Some("volume".into()), opposite: Opposite::Reverse, ..base() };
    s.execution.leverage = 10.0;
    let (figures, ledger) = go(&s, &market, 0..7);
    assert_eq!(fills(&ledger), [(1, 1000.0, 100.0), (4, -1000.0, 50.0)]);
    assert_eq!((refused(&ledger), figures.is_ruined), (vec![(3, -1.0, Refusal::NoSize)], true));
}

#[test]
fn a_weight_that_is_cut_says_which_bound_cut_it() {
    let market = points(&[(100.0, 1.5), (100.0, 1.5), (100.0, 1.5)]);
    let cut = |limit_frac: f64, leverage: f64| {
        let mut s = Sketch { weight: Some("volume".into()), limit_frac, ..Sketch::default() };
        s.execution.leverage = leverage;
        let of_weight = go(&s, &market, 0..3).1;
        // So it is where an entry is held as a weight; it is cut at its fill.
        let mut s = Sketch { entry: [Some("volume > 1".into()), None], limit_frac, ..Sketch::default() };
        s.size = (SizeKind::Fraction, "1.5".into());
        (s.execution.leverage, s.execution.holding) = (leverage, Holding::Weights);
        let of_entry = go(&s, &market, 0..3).1;
        assert_eq!(of_weight.fills.units, of_entry.fills.units);
        (of_weight.fills.units[0], refused(&of_weight), refused(&of_entry))
    };
    let told = |units: f64, why: Refusal| (units, vec![(0, 1.0, why)], vec![(1, 1.0, why)]);
    // Of 10,000 at 100.
    assert_eq!(cut(0.5, 1.0), told(50.0, Refusal::CappedByLimit));
    assert_eq!(cut(2.0, 1.25), told(125.0, Refusal::CappedByLeverage));
    assert_eq!(cut(f64::INFINITY, 1.0), told(100.0, Refusal::CappedByLeverage));
    // Where both are the same, the first of them has cut it already.
    assert_eq!(cut(1.0, 1.0), told(100.0, Refusal::CappedByLimit));
}
