//! A strategy that goes on bar by bar, with a venue that does what it likes.

use qe_core::calendar::Calendar;
use qe_core::time::Date;
use qe_core::timeframe::Timeframe;
use qe_engine::StrategySpec;
use qe_engine::broker::{OrderId, OrderKind, Quantity, Side, TimeInForce};
use qe_engine::fills::FillTiming;
use qe_engine::ledger::Cause;
use qe_engine::live::{Account, Act, Bar, Feed, Fill, Live, Phase};
use qe_engine::program::StrategyPlan;
use qe_factors::expr::Schema;

const STEP: i64 = 300_000_000_000;
const COLUMNS: [&str; 5] = ["open", "high", "low", "close", "volume"];

fn plan(text: &str) -> StrategyPlan {
    let head = "version = 1\nname = \"live\"\n";
    StrategySpec::from_toml(&format!("{head}{text}")).unwrap().compile(&Schema::new(COLUMNS), 19_656.0, None).unwrap()
}

fn feed(symbol: &str) -> Feed {
    let (calendar, columns) = (Calendar::us_equities(), COLUMNS.map(String::from).to_vec());
    Feed { symbol: symbol.into(), is_traded: true, calendar, timeframe: Timeframe::M5, columns }
}

fn live(plan: &StrategyPlan) -> Live<'_> {
    Live::new(plan, 0, &[feed("X")]).unwrap()
}

/// The opening times of a full day, a half day and a full day, with a holiday after the first.
fn times() -> Vec<i64> {
    let calendar = Calendar::us_equities();
    let days = calendar.sessions(Date::new(2019, 11, 27).unwrap(), Date::new(2019, 12, 3).unwrap());
    days.flat_map(|s| (0..(s.close - s.open) / STEP).map(move |i| s.open + i * STEP)).collect()
}

/// Takes a bar of one price.
fn step(live: &mut Live<'_>, open_time: i64, price: f64) -> Vec<Act> {
    let values = [price, price, price, price, 1.0];
    let bar = Bar { feed: 0, open_time, available: open_time + STEP, values: &values };
    live.step(&[bar], &Account::UNKNOWN).unwrap().to_vec()
}

/// All of an order at a price, after which so much is held.
fn filled(live: &mut Live<'_>, order: OrderId, time: i64, price: f64, held: f64) -> Vec<Act> {
    let fill = Fill { order, feed: 0, time, phase: Phase::Open, raw: price, price, held, is_done: true };
    live.filled(&fill).to_vec()
}

/// Goes on from what was written down, if that is to be tried.
fn restart<'p>(plan: &'p StrategyPlan, was: &mut Live<'p>, is_tried: bool) {
    if is_tried {
        let text = serde_json::to_string(&was.snapshot().unwrap()).unwrap();
        *was = live(plan);
        was.restore(&serde_json::from_str(&text).unwrap()).unwrap();
    }
}

const FLAT: &str = "[entry]\nlong = \"close == 7\"\n[sizing]\nunits = \"1\"\nlimit_frac = \"inf\"\n\
                    [session]\nflat_at_end = true\n";

#[test]
fn what_the_venue_did_not_close_at_a_session_s_end_is_closed_at_the_next_open() {
    let (plan, times) = (plan(FLAT), times());
    for is_restarted in [false, true] {
        let mut live = live(&plan);
        let [Act::Place(entry, _)] = step(&mut live, times[90], 7.0)[..] else { panic!("no entry") };
        let [Act::Place(at_close, order)] = filled(&mut live, entry, times[91], 7.0, 1.0)[..] else { panic!() };
        assert_eq!((order.tif, order.cause, order.side), (TimeInForce::AtClose, Cause::SessionEnd, Side::Sell));
        restart(&plan, &mut live, is_restarted);
        // The bar of 12:55, row 119, never comes, nor is a fill at the close told.
        for time in &times[91..119] {
            assert_eq!(step(&mut live, *time, 5.0), []);
        }
        restart(&plan, &mut live, is_restarted);
        let acts = step(&mut live, times[120], 5.0);
        let [Act::Cancel(cancelled), Act::Place(late, order)] = acts[..] else { panic!("{acts:?}") };
        assert_eq!((cancelled, order.cause, order.side), (at_close, Cause::SessionMissed, Side::Sell));
        assert!(order.reduce_only && order.quantity == Quantity::All);
        assert_eq!(order.kind, OrderKind::Market { timing: Some(FillTiming::NEXT_OPEN) });
        restart(&plan, &mut live, is_restarted);
        // It is not sent twice; what is refused is sent anew.
        assert_eq!(step(&mut live, times[121], 5.0), []);
        assert_eq!(live.ended(late), []);
        restart(&plan, &mut live, is_restarted);
        let acts = step(&mut live, times[122], 5.0);
        let [Act::Place(late, order)] = acts[..] else { panic!("{acts:?}") };
        assert_eq!(order.cause, Cause::SessionMissed);
        restart(&plan, &mut live, is_restarted);
        assert_eq!(filled(&mut live, late, times[123], 5.0, 0.0), []);
        // And then it is as ever.
        let [Act::Place(entry, _)] = step(&mut live, times[123], 7.0)[..] else { panic!("no entry") };
        let [Act::Place(_, order)] = filled(&mut live, entry, times[124], 7.0, 1.0)[..] else { panic!() };
        assert_eq!(order.tif, TimeInForce::AtClose);
    }
}

const STOPPED: &str = "[entry]\nlong = \"close == 7\"\n[[exits]]\nstop = \"entry.price - 1\"\n[[exits]]\nwhen = \"close == 9\"\n\
                       [sizing]\nunits = \"10\"\nlimit_frac = \"inf\"\n[execution]\nleverage = 1e9\n";

/// A part of an order at a price, after which so much is held.
fn part(live: &mut Live<'_>, order: OrderId, time: i64, price: f64, held: f64) -> Vec<Act> {
    let fill = Fill { order, feed: 0, time, phase: Phase::Open, raw: price, price, held, is_done: false };
    live.filled(&fill).to_vec()
}

#[test]
fn an_entry_that_is_filled_in_parts_is_protected_at_what_was_paid_on_average() {
    let (plan, times) = (plan(STOPPED), times());
    for is_restarted in [false, true] {
        let mut live = live(&plan);
        let [Act::Place(entry, order)] = step(&mut live, times[0], 7.0)[..] else { panic!("no entry") };
        assert!(matches!(order.quantity, Quantity::Sized { size: 10.0, .. }));
        // Four of ten at 7.0: the stop is at 6.0, of all that is held, be it more than that by then.
        let acts = part(&mut live, entry, times[1], 7.0, 4.0);
        let [Act::Place(stop, order)] = acts[..] else { panic!("{acts:?}") };
        assert_eq!((order.kind, order.quantity), (OrderKind::Stop { price: 6.0 }, Quantity::All));
        restart(&plan, &mut live, is_restarted);
        // The other six at 8.0: (4 * 7 + 6 * 8) / 10 = 7.6 on average. The rule is asked again at the close: 6.6.
        assert_eq!(filled(&mut live, entry, times[1], 8.0, 10.0), []);
        restart(&plan, &mut live, is_restarted);
        let acts = step(&mut live, times[1], 8.0);
        let [Act::Replace(replaced, order)] = acts[..] else { panic!("{acts:?}") };
        let OrderKind::Stop { price } = order.kind else { panic!("{order:?}") };
        assert!(replaced == stop && (price - 6.6).abs() < 1e-12, "{price}");
        // Out by an exit, of which a part is filled at first: what is left waits on, and the stop rests for it.
        let acts = step(&mut live, times[2], 9.0);
        let [Act::Place(exit, order)] = acts[..] else { panic!("{acts:?}") };
        assert!(order.reduce_only && order.quantity == Quantity::All);
        assert_eq!(part(&mut live, exit, times[3], 9.0, 3.0), []);
        restart(&plan, &mut live, is_restarted);
        assert_eq!(step(&mut live, times[3], 9.0), []);
        // The rest: the stop is taken back.
        assert_eq!(filled(&mut live, exit, times[4], 9.0, 0.0), [Act::Cancel(stop)]);
        assert_eq!(step(&mut live, times[4], 9.0), []);
    }
}

#[test]
fn what_is_left_of_an_entry_is_taken_back_when_its_position_is_left() {
    let (plan, times) = (plan(STOPPED), times());
    for is_restarted in [false, true] {
        // Four of ten are held when the exit is decided: the other six are not wanted any more.
        let mut live = live(&plan);
        let [Act::Place(entry, _)] = step(&mut live, times[0], 7.0)[..] else { panic!("no entry") };
        let [Act::Place(stop, _)] = part(&mut live, entry, times[1], 7.0, 4.0)[..] else { panic!("no stop") };
        restart(&plan, &mut live, is_restarted);
        let acts = step(&mut live, times[1], 9.0);
        let [Act::Cancel(cancelled), Act::Place(exit, _)] = acts[..] else { panic!("{acts:?}") };
        assert_eq!(cancelled, entry);
        restart(&plan, &mut live, is_restarted);
        // That came too late: two more of it are filled, and then the exit takes four of these six. It is sent anew.
        assert_eq!(part(&mut live, entry, times[2], 7.0, 6.0), [], "it is cancelled already");
        let acts = filled(&mut live, exit, times[2], 9.0, 2.0);
        let [Act::Place(again, order)] = acts[..] else { panic!("{acts:?}") };
        assert!(order.reduce_only && order.quantity == Quantity::All && again != exit);
        restart(&plan, &mut live, is_restarted);
        assert_eq!(step(&mut live, times[2], 9.0), []);
        assert_eq!(filled(&mut live, again, times[3], 9.0, 0.0), [Act::Cancel(stop)]);
        // The position by a stop: the six are taken back at once.
        let [Act::Place(entry, _)] = step(&mut live, times[3], 7.0)[..] else { panic!("no entry") };
        let [Act::Place(stop, _)] = part(&mut live, entry, times[4], 7.0, 4.0)[..] else { panic!("no stop") };
        assert_eq!(filled(&mut live, stop, times[4], 6.0, 0.0), [Act::Cancel(entry)]);
        assert_eq!(step(&mut live, times[4], 6.0), []);
    }
}

#[test]
fn a_stop_that_took_only_a_part_rests_on_for_what_is_left() {
    let (plan, times) = (plan(STOPPED), times());
    for is_restarted in [false, true] {
        let mut live = live(&plan);
        let [Act::Place(entry, _)] = step(&mut live, times[0], 7.0)[..] else { panic!("no entry") };
        let [Act::Place(stop, _)] = filled(&mut live, entry, times[1], 7.0, 10.0)[..] else { panic!("no stop") };
        // Six of ten: the rest of it is still there.
        assert_eq!(part(&mut live, stop, times[1], 6.0, 4.0), []);
        restart(&plan, &mut live, is_restarted);
        assert_eq!(step(&mut live, times[1], 6.5), []);
        // Two more, and the venue says that nothing is left of it: what is held is protected by another at once.
        let acts = filled(&mut live, stop, times[2], 6.0, 2.0);
        let [Act::Place(other, order)] = acts[..] else { panic!("{acts:?}") };
        assert_eq!((order.kind, order.quantity, other != stop), (OrderKind::Stop { price: 6.0 }, Quantity::All, true));
        restart(&plan, &mut live, is_restarted);
        assert_eq!(step(&mut live, times[2], 6.5), []);
        assert_eq!(filled(&mut live, other, times[3], 6.0, 0.0), []);
    }
}
