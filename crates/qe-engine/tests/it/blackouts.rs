//! Blackouts that no bar tells: bars are missing before them, and entries that are on their way are not filled in them. By
//! rows counted by hand, in the batch walk, on the broker, in the naive simulator and live.
//!
//! The statement of Wednesday, the 11th of December 2019 comes at 14:00 in New York. Two sessions before it are those of the
//! 9th and 10th: what is entered in them, or on the 11th before 14:00, is entered too near. A session has 78 bars of five
//! minutes; of the whole, rows 0 to 77 are the 5th, 78 to 155 the 6th, 156 to 233 the 9th, 234 to 311 the 10th, 312 to 389
//! the 11th (366 opens at 14:00), 390 to 467 the 12th. Each bar is of one price, which is 1000 and its row in the whole.

use qe_core::calendar::Calendar;
use qe_core::time::Date;
use qe_core::timeframe::Timeframe;
use qe_data::events::{EventKind, Events};
use qe_engine::StrategySpec;
use qe_engine::batch::{Stretch, Warmup, run_with_ledger};
use qe_engine::broker::{OrderId, OrderState, SpecStrategy, run};
use qe_engine::fills::{At, Count, FillTiming};
use qe_engine::ledger::{Ledger, Refusal};
use qe_engine::live::{Account, Act, Bar, Feed, Fill, Live, Phase, TakenBack};
use qe_engine::market::Market;
use qe_engine::portfolio::{self, PortfolioOptions, PortfolioSpec};
use qe_engine::program::{ExitKind, Opposite, SizeKind, StrategyPlan};

use crate::naive::{Data, simulate};
use crate::random::{Given, Order, Sketch, Times};

const STEP: i64 = 300_000_000_000;

/// The opening times of the whole.
fn whole() -> Vec<i64> {
    let calendar = Calendar::us_equities();
    let days = calendar.sessions(Date::new(2019, 12, 5).unwrap(), Date::new(2019, 12, 13).unwrap());
    let times: Vec<i64> = days.flat_map(|s| (0..(s.close - s.open) / STEP).map(move |i| s.open + i * STEP)).collect();
    assert_eq!(times.len(), 6 * 78);
    times
}

/// The market of some times, each bar of one price; some rows may not fill.
fn market(times: Times, price: &[f64], blocked: &[usize]) -> (Market, Given) {
    let n = price.len();
    let market = times.market([price.to_vec(), price.to_vec(), price.to_vec(), price.to_vec(), vec![1e6; n]]);
    let given = Given {
        blocked: (0..n).map(|row| blocked.contains(&row)).collect(),
        no_short: vec![false; n],
        action: vec![false; n],
        spread: vec![f64::NAN; n],
        multiplier: 1.0,
    };
    (given.to(market), given)
}

/// The whole but for some rows, of which some may not fill.
fn without(missing: impl Fn(usize) -> bool, blocked: &[usize]) -> (Market, Given) {
    let there: Vec<usize> = (0..6 * 78).filter(|row| !missing(*row)).collect();
    let times = whole();
    let open: Vec<i64> = there.iter().map(|row| times[*row]).collect();
    let price: Vec<f64> = there.iter().map(|row| 1000.0 + *row as f64).collect();
    let blocked: Vec<usize> = (0..there.len()).filter(|i| blocked.contains(&there[*i])).collect();
    market(Times::of(&open, STEP, false), &price, &blocked)
}

/// One unit is bought where the close is so much.
fn bought_at(close: usize) -> Sketch {
    let mut sketch = Sketch { entry: [Some(format!("close == {close}")), None], ..Sketch::default() };
    sketch.size = (SizeKind::Units, "1".into());
    (sketch.blackout, sketch.execution.blackout_sessions) = (vec![EventKind::Fomc], 2);
    (sketch.execution.capital, sketch.execution.leverage) = (1e6, 1e9);
    sketch
}

fn filling(sketch: Sketch, at: At, delay: u32, count: Count) -> Sketch {
    let mut sketch = sketch;
    sketch.execution.fill = FillTiming { at, delay, count };
    sketch
}

/// What was filled, by the open of its row: at which of its prices, and whether it bought. And what was taken back for the
/// event, or for a halt, by the open of its row.
type Did = (Vec<(i64, u8, bool)>, Vec<(i64, f64, Refusal)>);

fn did(ledger: &Ledger, market: &Market) -> Did {
    let (f, open) = (&ledger.fills, market.columns().axis().open());
    let fills = (0..f.len()).map(|i| (open[f.row[i] as usize], f.phase[i], f.units[i] > 0.0)).collect();
    let is_told = |why| matches!(why, Refusal::Blackout | Refusal::Blocked);
    let refused = ledger.refused.iter().filter(|r| is_told(r.why)).map(|r| (open[r.row as usize], r.side, r.why));
    (fills, refused.collect())
}

/// What three engines did, which is the same.
#[track_caller]
fn all(sketch: &Sketch, (market, given): &(Market, Given)) -> Did {
    let plan = sketch.plan();
    let stretch = Stretch { rows: 0..market.len(), warmup: Warmup::Idle, daily: false, max_bytes: 1 << 20 };
    let (_, ledger) = run_with_ledger(&plan, 0, market, &stretch).unwrap();
    let batch = did(&ledger, market);
    let naive = simulate(&plan, 0, &Data::new(&plan, market, given), 0..market.len(), None);
    let open = market.columns().axis().open();
    let is_told = |why| matches!(why, Refusal::Blackout | Refusal::Blocked);
    let fills: Vec<_> = naive.fills.iter().map(|f| (open[f.row], f.phase, f.units > 0.0)).collect();
    let refused = naive.refused.iter().filter(|(_, _, why)| is_told(*why));
    assert_eq!((fills, refused.map(|(row, side, why)| (open[*row], *side, *why)).collect()), batch, "naive");
    let markets = std::slice::from_ref(market);
    let mut strategy = SpecStrategy::new(&plan, 0, markets).unwrap();
    let report = run(&SpecStrategy::broker(&plan), markets, &Events::default(), &mut strategy).unwrap();
    assert_eq!(did(&report.ledger, market), batch, "broker");
    // What is told of a row's open is told at it, and no order is left.
    for event in report.events.iter().filter(|e| e.why == Refusal::Blackout) {
        let axis = market.columns().axis();
        assert!([axis.open(), axis.available()].iter().any(|t| t[event.row as usize] == event.time), "{event:?}");
        let is_of = |o: &&qe_engine::broker::OrderRecord| o.ended_at == Some(event.time);
        assert!(report.orders.iter().filter(is_of).any(|o| o.state == OrderState::Cancelled), "{:?}", report.orders);
    }
    batch
}

/// Nothing is filled, and what was decided is taken back in this row of the whole.
fn taken_back(row: usize) -> Did {
    (vec![], vec![(whole()[row], 1.0, Refusal::Blackout)])
}

/// The 6th lacks its last bar, 15:55.
fn is_last(row: usize) -> bool {
    row == 155
}

#[test]
fn an_order_on_its_way_is_not_filled_in_a_session_that_no_bar_before_it_told() {
    // With all bars: taken back at the close of the last before. What is decided there is none at all.
    let slow = filling(bought_at(1154), At::Open, 3, Count::Bars);
    assert_eq!(all(&slow, &without(|_| false, &[])), taken_back(155));
    assert_eq!(all(&bought_at(1155), &without(|_| false, &[])), (vec![], vec![]));
    assert_eq!(all(&bought_at(1154), &without(|_| false, &[])).0, [(whole()[155], 0, true)]);
    // Without the last: at the open of the first after it, whenever it was to be filled.
    for (at, delay, count) in [
        (At::Open, 1, Count::Bars),
        (At::Close, 1, Count::Bars),
        (At::Open, 4, Count::Bars),
        (At::Close, 200, Count::Bars),
        (At::Open, 1, Count::Sessions),
        (At::Close, 1, Count::Sessions),
        (At::Open, 2, Count::Sessions),
    ] {
        let sketch = filling(bought_at(1154), at, delay, count);
        assert_eq!(all(&sketch, &without(is_last, &[])), taken_back(156), "{at:?} {delay} {count:?}");
    }
    // At the close of its own bar it is filled there.
    let at_once = filling(bought_at(1154), At::Close, 0, Count::Bars);
    assert_eq!(all(&at_once, &without(is_last, &[])).0, [(whole()[154], 2, true)]);
    // Without the last hour; without the first of the next session too: the first row there is.
    assert_eq!(all(&bought_at(1143), &without(|row| (144..156).contains(&row), &[])), taken_back(156));
    assert_eq!(all(&bought_at(1143), &without(|row| (144..160).contains(&row), &[])), taken_back(160));
    // Without an event that is near it is filled.
    let calm = Sketch { blackout: vec![], ..bought_at(1154) };
    assert_eq!(all(&calm, &without(is_last, &[])), (vec![(whole()[156], 0, true)], vec![]));
}

#[test]
fn what_rests_is_taken_back_before_that_open_meets_it() {
    let order = |order: Order| Sketch { order, ..bought_at(1154) };
    let level = |x: &str| [x.to_owned(), x.to_owned()];
    // Both would be met by the open.
    for sketch in [order(Order::Limit(level("close * 1.01"), 30)), order(Order::Stop(level("close + 2"), 30))] {
        assert_eq!(all(&sketch, &without(is_last, &[])), taken_back(156));
        // Of a bar that may not fill there is no other record.
        assert_eq!(all(&sketch, &without(is_last, &[156])), taken_back(156));
    }
    // Neither is met, and both would last.
    for sketch in [order(Order::Limit(level("close - 500"), 30)), order(Order::Stop(level("close + 500"), 30))] {
        assert_eq!(all(&sketch, &without(is_last, &[])), taken_back(156));
    }
}

#[test]
fn sessions_that_are_not_there_count_for_nothing() {
    // Decided at the end of the 5th: the 6th is calm, and is not there at all. Its order would be filled on the 9th.
    assert_eq!(all(&bought_at(1077), &without(|row| (78..156).contains(&row), &[])), taken_back(156));
    // On the 10th; and on the 11th before the statement.
    assert_eq!(all(&bought_at(1077), &without(|row| (78..234).contains(&row), &[])), taken_back(234));
    assert_eq!(all(&bought_at(1154), &without(|row| (155..365).contains(&row), &[])), taken_back(365));
    // What lies between is no matter where the bar that fills is calm: at 14:00 it is over.
    let over = |row| (vec![(whole()[row], 0, true)], vec![]);
    assert_eq!(all(&bought_at(1154), &without(|row| (155..366).contains(&row), &[])), over(366));
    assert_eq!(all(&bought_at(1077), &without(|row| (78..390).contains(&row), &[])), over(390));
}

#[test]
fn weights_that_are_more_are_taken_back_and_those_that_are_less_stand() {
    let weight = |text: &str| Sketch { weight: Some(text.into()), entry: [None, None], ..bought_at(0) };
    let times = whole();
    // More, decided at 15:50 of the 6th: taken back, and decided anew where the statement is over, at the close of 13:55.
    let did = all(&weight("if(close >= 1154, 0.5, 0)"), &without(is_last, &[]));
    assert_eq!(did, (vec![(times[366], 0, true)], vec![(times[156], 1.0, Refusal::Blackout)]));
    // Less: it is filled. The other side: it is not, and what is held stays.
    let did = all(&weight("if(close >= 1154, 0.3, 0.5)"), &without(is_last, &[]));
    assert_eq!(did, (vec![(times[1], 0, true), (times[156], 0, false)], vec![]));
    let did = all(&weight("if(close == 1154, -0.5, if(close < 1154, 0.5, nan))"), &without(is_last, &[]));
    assert_eq!(did, (vec![(times[1], 0, true)], vec![(times[156], -1.0, Refusal::Blackout)]));
    // At its own close, in the last bar before, which is there but may not fill: it waits, and is taken back at the open.
    let at_close = filling(weight("if(close == 1155, 0.5, nan)"), At::Close, 0, Count::Bars);
    let did = all(&at_close, &without(|_| false, &[155]));
    assert_eq!(did, (vec![], vec![(times[155], 1.0, Refusal::Blocked), (times[156], 1.0, Refusal::Blackout)]));
}

#[test]
fn exits_stand_and_halts_change_nothing() {
    let times = whole();
    // A reversal: the long position is left at that open, and no short one entered.
    let reversal = Sketch {
        entry: [Some("close == 1100".into()), Some("close == 1154".into())],
        opposite: Opposite::Reverse,
        ..bought_at(0)
    };
    let expected = (vec![(times[101], 0, true), (times[156], 0, false)], vec![(times[156], -1.0, Refusal::Blackout)]);
    assert_eq!(all(&reversal, &without(is_last, &[])), expected);
    // With its exit, where that is decided already.
    let left = Sketch { exits: [vec![(ExitKind::When, "close == 1154".into())], vec![]], ..bought_at(1153) };
    let left = filling(left, At::Open, 5, Count::Bars);
    assert_eq!(all(&left, &without(is_last, &[])), taken_back(156));
    // A bar that may not fill: it is the event that took it back.
    assert_eq!(all(&bought_at(1154), &without(is_last, &[156])), taken_back(156));
    // Where sessions end flat too.
    let mut flat = reversal;
    flat.execution.flat_at_session_end = true;
    assert_eq!(all(&flat, &without(is_last, &[])), expected);
}

#[test]
fn so_it_is_with_bars_of_days_of_days_without_sessions_and_of_bars_outside_of_them() {
    // Days: from the 2nd to the 13th, without the 6th. The price is 1000 and the day.
    let calendar = Calendar::us_equities();
    let of_days = |without: Option<u32>| {
        let days = calendar.sessions(Date::new(2019, 12, 2).unwrap(), Date::new(2019, 12, 14).unwrap());
        let days: Vec<_> = days.filter(|s| Some(s.date.day()) != without).collect();
        let times = Times {
            open: days.iter().map(|s| s.open).collect(),
            known: days.iter().map(|s| s.close).collect(),
            timeframe: Timeframe::D1,
            calendar: calendar.clone(),
        };
        let price: Vec<f64> = days.iter().map(|s| 1000.0 + f64::from(s.date.day())).collect();
        market(times, &price, &[])
    };
    let open = |day: u32| calendar.session(Date::new(2019, 12, day).unwrap()).unwrap().open;
    let back = |day: u32| (vec![], vec![(open(day), 1.0, Refusal::Blackout)]);
    assert_eq!(all(&bought_at(1005), &of_days(Some(6))), back(9));
    assert_eq!(all(&bought_at(1005), &of_days(None)), (vec![(open(6), 0, true)], vec![]));
    let slow = filling(bought_at(1005), At::Open, 2, Count::Bars);
    assert_eq!(all(&slow, &of_days(None)), back(6));
    // Of the 11th the statement is within the bar, and so is it of what would be filled at its close.
    let mut own = filling(bought_at(1009), At::Close, 1, Count::Bars);
    own.execution.blackout_sessions = 0;
    assert_eq!(all(&own, &of_days(Some(10))), back(11));
    // Every day of the year, by hours: the 11th is from midnight to midnight, and has no bar before it from 23:00.
    let hour = 12 * STEP;
    let begin = Date::new(2019, 12, 10).unwrap().midnight_utc();
    let hours: Vec<i64> = (0..48).filter(|i| *i != 23).collect();
    let times: Vec<i64> = hours.iter().map(|i| begin + i * hour).collect();
    let price: Vec<f64> = hours.iter().map(|i| 1000.0 + *i as f64).collect();
    let mut coin = bought_at(1022);
    coin.execution.blackout_sessions = 0;
    let did = all(&coin, &market(Times::of(&times, hour, true), &price, &[]));
    assert_eq!(did, (vec![], vec![(begin + 24 * hour, 1.0, Refusal::Blackout)]));
    // After hours, of no session: what opens at 16:00 of the 6th is of the 9th. So is what opens before its first bar.
    let whole = whole();
    for beside in [whole[155] + STEP, whole[156] - STEP] {
        let mut times: Vec<i64> = whole[..155].iter().chain(&whole[156..]).copied().chain([beside]).collect();
        times.sort_unstable();
        let price: Vec<f64> = (0..times.len()).map(|row| 1000.0 + row as f64).collect();
        let did = all(&bought_at(1154), &market(Times::of(&times, STEP, false), &price, &[]));
        assert_eq!(did, (vec![], vec![(beside, 1.0, Refusal::Blackout)]));
    }
}

#[test]
fn sleeves_of_a_portfolio_do_so_too() {
    let strategy = |close: usize| {
        format!(
            "version = 1\nname = \"s\"\n[entry]\nlong = \"close == {close}\"\n[sizing]\nfraction = \"0.5\"\n\
             [session]\nblackout = {{ events = [\"fomc\"], sessions = 2 }}\n[costs]\n"
        )
    };
    let text = "version = 1\nname = \"p\"\ncapital = 10000.0\nrebalance = { every = \"never\" }\n\
                [[sleeves]]\nstrategy = \"early\"\nsymbols = [\"X\"]\nweight = 0.4\n\
                [[sleeves]]\nstrategy = \"late\"\nsymbols = [\"X\"]\nweight = 0.4\n";
    let spec = PortfolioSpec::from_toml(text).unwrap();
    let give = |name: &str| StrategySpec::from_toml(&strategy(if name == "early" { 1100 } else { 1154 }));
    let (market, _) = without(is_last, &[]);
    let report = portfolio::run(&spec, give, &[market], &PortfolioOptions::default()).unwrap().broker.ledger;
    let f = &report.fills;
    assert_eq!((0..f.len()).map(|i| (f.line[i], f.row[i])).collect::<Vec<_>>(), [(0, 101)]);
    let refused: Vec<_> = report.refused.iter().map(|r| (r.line, r.row, r.side, r.why)).collect();
    // The row of number 155 is the first of the 9th.
    assert_eq!(refused, [(1, 155, 1.0, Refusal::Blackout)]);
}

// ---- live

fn feed(is_traded: bool) -> Feed {
    let columns = ["open", "high", "low", "close", "volume"].map(String::from).to_vec();
    Feed { symbol: "X".into(), is_traded, calendar: Calendar::us_equities(), timeframe: Timeframe::M5, columns }
}

/// Takes a row of the whole.
fn step(live: &mut Live<'_>, row: usize) -> Vec<Act> {
    let (open_time, price) = (whole()[row], 1000.0 + row as f64);
    let values = [price, price, price, price, 1.0];
    let bar = Bar { feed: 0, open_time, available: open_time + STEP, values: &values };
    live.step(&[bar], &Account::UNKNOWN).unwrap().to_vec()
}

fn opens(live: &mut Live<'_>, row: usize) -> Vec<Act> {
    live.opens(0, whole()[row]).unwrap().to_vec()
}

/// Goes on from what was written down, if that is to be tried.
fn restart<'p>(plan: &'p StrategyPlan, was: &mut Live<'p>, is_tried: bool) {
    if is_tried {
        let text = serde_json::to_string(&was.snapshot().unwrap()).unwrap();
        *was = Live::new(plan, 0, &[feed(true)]).unwrap();
        was.restore(&serde_json::from_str(&text).unwrap()).unwrap();
    }
}

#[test]
fn live_takes_back_at_the_open_by_the_clock_or_else_with_the_bar() {
    let level = ["close - 500", "close"].map(String::from);
    let resting = Sketch { order: Order::Limit(level, 400), ..bought_at(1154) };
    let slow = filling(bought_at(1154), At::Close, 1, Count::Bars);
    for (sketch, is_restarted) in [bought_at(1154), resting, slow].iter().flat_map(|s| [(s, false), (s, true)]) {
        let plan = sketch.plan();
        let back = [TakenBack { feed: 0, side: 1.0 }];
        let ordered = || {
            let mut live = Live::new(&plan, 0, &[feed(true)]).unwrap();
            for row in 0..154 {
                assert_eq!((opens(&mut live, row), step(&mut live, row)), (vec![], vec![]));
            }
            let [Act::Place(entry, _)] = step(&mut live, 154)[..] else { panic!("no entry") };
            restart(&plan, &mut live, is_restarted);
            (live, entry)
        };
        // 15:55 opens and never comes. With the clock: before anything of the next session is filled.
        let (mut live, entry) = ordered();
        assert_eq!(opens(&mut live, 155), []);
        restart(&plan, &mut live, is_restarted);
        assert_eq!(opens(&mut live, 156), [Act::Cancel(entry)]);
        assert_eq!(live.taken_back(), back);
        restart(&plan, &mut live, is_restarted);
        assert_eq!((opens(&mut live, 156), step(&mut live, 156)), (vec![], vec![]));
        assert_eq!(live.taken_back(), []);
        // Without it: with the first bar, if it was not filled by then; also with one in which the statement comes.
        for row in [156, 365] {
            let (mut live, entry) = ordered();
            assert_eq!(step(&mut live, row), [Act::Cancel(entry)], "row {row}");
            assert_eq!(live.taken_back(), back);
        }
        // The statement is over: it stands.
        let (mut live, _) = ordered();
        assert_eq!(opens(&mut live, 366), []);
        assert_eq!(step(&mut live, 366), []);
        // With 15:55 there it is as ever: taken back at its close.
        let (mut live, entry) = ordered();
        assert_eq!(opens(&mut live, 155), []);
        assert_eq!((step(&mut live, 155), live.taken_back()), (vec![Act::Cancel(entry)], &back[..]));
    }
}

#[test]
fn what_a_venue_filled_all_the_same_is_held_and_what_it_left_of_an_entry_is_taken_back() {
    let plan = bought_at(1154).plan();
    let fill = |order: OrderId, row: usize, held: f64, is_done: bool| {
        let (price, phase) = (1000.0 + row as f64, Phase::Open);
        Fill { order, feed: 0, time: whole()[row], phase, raw: price, price, held, is_done }
    };
    for is_restarted in [false, true] {
        let mut live = Live::new(&plan, 0, &[feed(true)]).unwrap();
        let [Act::Place(entry, _)] = step(&mut live, 154)[..] else { panic!("no entry") };
        assert_eq!(opens(&mut live, 156), [Act::Cancel(entry)]);
        restart(&plan, &mut live, is_restarted);
        // That came too late: it is held, and not taken back twice.
        assert_eq!(live.filled(&fill(entry, 156, 1.0, true)).unwrap(), []);
        assert_eq!((step(&mut live, 156), opens(&mut live, 157)), (vec![], vec![]));
        // A part of it was filled at 15:55, of which no bar comes: the rest is taken back.
        let mut live = Live::new(&plan, 0, &[feed(true)]).unwrap();
        let [Act::Place(entry, _)] = step(&mut live, 154)[..] else { panic!("no entry") };
        assert_eq!(live.filled(&fill(entry, 155, 0.4, false)).unwrap(), []);
        restart(&plan, &mut live, is_restarted);
        assert_eq!(opens(&mut live, 156), [Act::Cancel(entry)]);
        assert_eq!(live.taken_back(), [TakenBack { feed: 0, side: 1.0 }]);
        assert_eq!((opens(&mut live, 156), step(&mut live, 156)), (vec![], vec![]));
        // By the bar, where it comes.
        let mut live = Live::new(&plan, 0, &[feed(true)]).unwrap();
        let [Act::Place(entry, _)] = step(&mut live, 154)[..] else { panic!("no entry") };
        assert_eq!(live.filled(&fill(entry, 155, 0.4, false)).unwrap(), []);
        restart(&plan, &mut live, is_restarted);
        assert_eq!(step(&mut live, 155), [Act::Cancel(entry)]);
    }
}

#[test]
fn an_open_of_no_feed_is_an_error_and_one_of_what_is_only_read_says_nothing() {
    let plan = bought_at(1154).plan();
    let mut live = Live::new(&plan, 0, &[feed(true), feed(false)]).unwrap();
    let [Act::Place(entry, _)] = step(&mut live, 154)[..] else { panic!("no entry") };
    let why = live.opens(2, whole()[156]).unwrap_err().to_string();
    assert!(
        why.contains("an open of feed 2") && why.contains("there are 2 feeds") && why.contains("count from 0"),
        "{why}"
    );
    assert_eq!(live.opens(1, whole()[156]).unwrap(), []);
    assert_eq!(opens(&mut live, 156), [Act::Cancel(entry)]);
}
