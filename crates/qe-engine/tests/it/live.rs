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
