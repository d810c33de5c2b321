//! A strategy that goes on bar by bar, with a venue that does what it likes.

use std::collections::{BTreeMap, VecDeque};

use qe_core::calendar::Calendar;
use qe_core::rng::Stream;
use qe_core::time::Date;
use qe_core::timeframe::Timeframe;
use qe_engine::StrategySpec;
use qe_engine::broker::{Order, OrderId, OrderKind, Quantity, Side, TimeInForce};
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
    live.filled(&fill).unwrap().to_vec()
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
    live.filled(&fill).unwrap().to_vec()
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

#[test]
fn what_a_venue_tells_that_cannot_be_is_an_error_and_changes_nothing() {
    let (plan, times) = (plan(STOPPED), times());
    let mut live = live(&plan);
    let [Act::Place(entry, _)] = step(&mut live, times[0], 7.0)[..] else { panic!("no entry") };
    let before = serde_json::to_string(&live.snapshot().unwrap()).unwrap();
    let (raw, price, held, time) = (7.0, 7.0, 10.0, times[1]);
    let fill = Fill { order: entry, feed: 0, time, phase: Phase::Open, raw, price, held, is_done: true };
    for (fill, what) in [
        (Fill { price: f64::NAN, ..fill }, "give numbers"),
        (Fill { raw: f64::INFINITY, ..fill }, "give numbers"),
        (Fill { held: f64::NAN, ..fill }, "after which NaN are held"),
        (Fill { feed: 1, ..fill }, "feed 1 is not traded"),
    ] {
        let why = live.filled(&fill).unwrap_err().to_string();
        assert!(why.contains(what) && why.contains("a fill of order 1"), "{why}");
    }
    // What nobody knows of is over without a word.
    assert_eq!(live.ended(OrderId(77)), []);
    assert_eq!(live.ended(OrderId(0)), []);
    let values = [7.0, 7.0, 7.0, 7.0, 1.0];
    let bar = Bar { feed: 0, open_time: times[1], available: times[1] + STEP, values: &values };
    for (bars, what) in [
        (vec![Bar { feed: 1, ..bar }], "there are 1 feeds"),
        (vec![Bar { values: &values[..4], ..bar }], "4 values"),
        (vec![Bar { open_time: times[0], available: times[0] + STEP, ..bar }], "each once"),
        (vec![bar, bar], "each once"),
        (vec![Bar { available: times[1] - 1, ..bar }], "each once"),
    ] {
        let why = live.step(&bars, &Account::UNKNOWN).unwrap_err().to_string();
        assert!(why.contains(what), "{why}");
    }
    assert_eq!(serde_json::to_string(&live.snapshot().unwrap()).unwrap(), before);
    // And it goes on.
    assert_eq!(filled(&mut live, entry, times[1], 7.0, 10.0).len(), 1);
}

#[test]
fn bars_of_what_is_only_read_come_in_order_too() {
    let text = "version = 1\nname = \"live\"\n[entry]\nlong = \"close > sym('B', close)\"\n[sizing]\nunits = \"1\"\n";
    let text = text.replace('\'', "\\\"");
    let schema = Schema::new(COLUMNS).with_symbols(["B"]);
    let plan = StrategySpec::from_toml(&text).unwrap().compile(&schema, 19_656.0, None).unwrap();
    let feeds = [feed("X"), Feed { is_traded: false, ..feed("B") }];
    let (mut live, times) = (Live::new(&plan, 0, &feeds).unwrap(), times());
    let values = [7.0, 7.0, 7.0, 7.0, 1.0];
    let at = |feed: usize, i: usize| Bar { feed, open_time: times[i], available: times[i] + STEP, values: &values };
    live.step(&[at(1, 5)], &Account::UNKNOWN).unwrap();
    for bars in [vec![at(1, 4)], vec![at(1, 5)], vec![at(0, 5), at(1, 6), at(1, 6)]] {
        let why = live.step(&bars, &Account::UNKNOWN).unwrap_err().to_string();
        assert!(why.contains("a bar of feed 1") && why.contains("each once"), "{why}");
    }
    // So it is after a restart.
    let text = serde_json::to_string(&live.snapshot().unwrap()).unwrap();
    let mut live = Live::new(&plan, 0, &feeds).unwrap();
    live.restore(&serde_json::from_str(&text).unwrap()).unwrap();
    assert!(live.step(&[at(1, 5)], &Account::UNKNOWN).is_err());
    live.step(&[at(0, 6), at(1, 6)], &Account::UNKNOWN).unwrap();
}

#[test]
fn a_position_that_others_closed_is_gone_and_one_that_was_opened_too_late_is_held() {
    let (plan, times) = (plan(STOPPED), times());
    for is_restarted in [false, true] {
        let mut live = live(&plan);
        let [Act::Place(entry, _)] = step(&mut live, times[0], 7.0)[..] else { panic!("no entry") };
        let [Act::Place(stop, _)] = filled(&mut live, entry, times[1], 7.0, 10.0)[..] else { panic!("no stop") };
        // Somebody sells all of it, as a broker does at a margin call: nothing rests any more, and it is entered anew.
        assert_eq!(filled(&mut live, OrderId(0), times[1], 7.0, 0.0), [Act::Cancel(stop)]);
        restart(&plan, &mut live, is_restarted);
        let [Act::Place(entry, _)] = step(&mut live, times[1], 7.0)[..] else { panic!("no entry") };
        // The venue says that it is over, and then that it was filled all the same: it is held, with its stop and its exit.
        assert_eq!(live.ended(entry), []);
        restart(&plan, &mut live, is_restarted);
        let [Act::Place(stop, _)] = filled(&mut live, entry, times[2], 7.0, 10.0)[..] else { panic!("no stop") };
        restart(&plan, &mut live, is_restarted);
        assert_eq!(step(&mut live, times[2], 7.0), [], "it is not entered twice");
        let [Act::Place(exit, order)] = step(&mut live, times[3], 9.0)[..] else { panic!("no exit") };
        assert!(order.reduce_only);
        // Told twice, and late: it is as it was.
        let exits = filled(&mut live, exit, times[4], 9.0, 0.0);
        assert_eq!(exits, [Act::Cancel(stop)]);
        assert_eq!(filled(&mut live, exit, times[4], 9.0, 0.0), []);
        restart(&plan, &mut live, is_restarted);
        assert_eq!(step(&mut live, times[4], 8.0), []);
        let [Act::Place(..)] = step(&mut live, times[5], 7.0)[..] else { panic!("no entry") };
    }
}

#[test]
fn levels_beyond_all_numbers_are_the_farthest_there_are() {
    for (exit, price) in
        [("stop = \"entry.price - exp(1000)\"", f64::MIN_POSITIVE), ("target = \"exp(1000)\"", f64::MAX)]
    {
        let text = STOPPED.replace("stop = \"entry.price - 1\"", exit);
        let (plan, times) = (plan(&text), times());
        let mut live = live(&plan);
        let [Act::Place(entry, _)] = step(&mut live, times[0], 7.0)[..] else { panic!("no entry") };
        let acts = filled(&mut live, entry, times[1], 7.0, 10.0);
        let [Act::Place(_, order)] = acts[..] else { panic!("{acts:?}") };
        let (OrderKind::Stop { price: level } | OrderKind::Limit { price: level }) = order.kind else { panic!() };
        assert_eq!(level, price);
    }
}

/// What a venue has still to tell.
#[derive(Clone, Copy)]
enum Tell {
    Filled(Fill),
    Ended(OrderId),
}

/// A venue that fills what it likes, whole or in part, ends orders by itself, takes some back too late, and tells late.
struct Venue {
    r: Stream,
    /// Orders, and whether they are taken back as soon as it is honest.
    open: BTreeMap<u64, (Order, bool)>,
    held: f64,
    tells: VecDeque<Tell>,
    is_honest: bool,
}

impl Venue {
    fn take(&mut self, acts: &[Act]) {
        for act in acts {
            match *act {
                Act::Place(OrderId(id), order) => drop(self.open.insert(id, (order, false))),
                Act::Replace(OrderId(id), order) => {
                    self.open.entry(id).and_modify(|open| open.0 = order);
                }
                Act::Cancel(OrderId(id)) => {
                    let is_late = !self.is_honest && self.r.bernoulli(0.3);
                    match self.open.get_mut(&id) {
                        Some(open) if is_late => open.1 = true,
                        _ => drop(self.open.remove(&id)),
                    }
                }
            }
        }
    }

    /// What happens to its orders while a bar is running.
    fn go(&mut self, time: i64) {
        for (id, (order, is_cancelled)) in self.open.clone() {
            let all = if order.reduce_only { self.held.abs() } else { 10.0 };
            let is_void = order.reduce_only && self.held * order.side.sign() >= 0.0;
            // What rests is filled by chance, and at the end only what is at the market.
            let is_filled = match (self.is_honest, order.kind, order.tif) {
                (true, OrderKind::Market { .. }, tif) => tif != TimeInForce::AtClose,
                (true, ..) => false,
                (false, ..) => self.r.bernoulli(0.3),
            };
            if is_void || (self.is_honest && is_cancelled) || (!self.is_honest && self.r.bernoulli(0.1)) {
                self.open.remove(&id);
                self.tells.push_back(Tell::Ended(OrderId(id)));
            } else if is_filled {
                let is_done = self.is_honest || self.r.bernoulli(0.7);
                let is_whole = self.is_honest || (is_done && self.r.bernoulli(0.9));
                let units = if is_whole { all } else { (all / 2.0).ceil() };
                self.held += order.side.sign() * units;
                let (phase, raw) = (if self.r.bernoulli(0.5) { Phase::Open } else { Phase::Within }, 7.0);
                let (order, held, price) = (OrderId(id), self.held, raw);
                self.tells.push_back(Tell::Filled(Fill { order, feed: 0, time, phase, raw, price, held, is_done }));
                if is_done {
                    self.open.remove(&id);
                }
            }
        }
    }
}

#[test]
fn whatever_a_venue_does_nothing_is_lost_and_a_restart_changes_nothing() {
    let head = "[sizing]\nunits = \"10\"\nlimit_frac = \"inf\"\n";
    let exits = "[[exits]]\nstop = \"entry.price - 3 * pos.side\"\n[[exits]]\ntarget = \"entry.price + 3 * pos.side\"\n\
                 [[exits]]\ntrail = \"2\"\n[[exits]]\nwhen = \"close == 9\"\n[[exits]]\nwhen = \"pos.bars > 6\"\n";
    let entry = "[entry]\nlong = \"close == 7\"\nshort = \"close == 6\"\n";
    let rests = "[entry.order.limit]\nlong = \"6\"\nshort = \"7\"\nbars = 3\n";
    let texts = [
        format!("{entry}{exits}{head}"),
        format!("{entry}{exits}{head}[session]\nflat_at_end = true\n"),
        format!("{entry}{exits}{head}[execution]\nopposite = \"reverse\"\ncooldown = {{ bars = 2 }}\n"),
        format!("{entry}{rests}{exits}{head}"),
        format!("{entry}{exits}{head}[execution]\nfill = {{ at = \"open\", delay = 3 }}\nopposite = \"close\"\n"),
    ];
    let plans: Vec<StrategyPlan> = texts.iter().map(|text| plan(text)).collect();
    let (mut n_told, mut faults) = (0, Vec::new());
    for seed in 0..250 {
        let plan = &plans[seed as usize % plans.len()];
        let mut r = Stream::new(3, "a venue", seed);
        let holes = [0.0, 0.1][r.below(2) as usize];
        let times: Vec<i64> = times().into_iter().filter(|_| !r.bernoulli(holes)).collect();
        let open = BTreeMap::new();
        let mut venue = Venue { r, open, held: 0.0, tells: VecDeque::new(), is_honest: false };
        let mut live = live(plan);
        let calm = times.len() - 40;
        for (i, time) in times[..times.len() - 10].iter().enumerate() {
            venue.is_honest = i >= calm;
            venue.go(*time);
            while let Some(tell) = venue.tells.pop_front() {
                if !venue.is_honest && venue.r.bernoulli(0.2) {
                    venue.tells.push_front(tell);
                    break;
                }
                for _ in 0..1 + u64::from(venue.r.bernoulli(0.1)) {
                    let mut twin = self::live(plan);
                    twin.restore(&live.snapshot().unwrap()).unwrap();
                    let told = |live: &mut Live<'_>| match tell {
                        Tell::Filled(fill) => live.filled(&fill).unwrap().to_vec(),
                        Tell::Ended(order) => live.ended(order).to_vec(),
                    };
                    let acts = told(&mut live);
                    assert_eq!(format!("{:?}", told(&mut twin)), format!("{acts:?}"), "seed {seed}, bar {i}");
                    venue.take(&acts);
                    n_told += 1;
                }
            }
            let close = if venue.is_honest { 9.0 } else { 5.0 + venue.r.below(5) as f64 };
            let r = &mut venue.r;
            let mut hole = |x: f64| if r.bernoulli(0.02) { f64::NAN } else { x };
            let values = [hole(close), hole(close + 1.0), hole(close - 1.0), close, 1.0];
            let bar = Bar { feed: 0, open_time: *time, available: time + STEP, values: &values };
            let mut twin = self::live(plan);
            twin.restore(&live.snapshot().unwrap()).unwrap();
            let acts = live.step(&[bar], &Account::UNKNOWN).unwrap().to_vec();
            let again = twin.step(&[bar], &Account::UNKNOWN).unwrap();
            assert_eq!(format!("{again:?}"), format!("{acts:?}"), "seed {seed}, bar {i}");
            venue.take(&acts);
        }
        // Told all of the truth, and to leave: nothing is held, and nothing is in the market.
        if (venue.held, venue.open.len()) != (0.0, 0) {
            faults.push(format!("seed {seed}: {} held, {:?}", venue.held, venue.open));
        }
        // And it enters again.
        let again = times[times.len() - 10..].iter().any(|time| !step(&mut live, *time, 7.0).is_empty());
        if !again {
            faults.push(format!("seed {seed}: it enters no more"));
        }
    }
    assert!(faults.is_empty(), "{} of 250: {}", faults.len(), faults[..faults.len().min(8)].join("\n"));
    assert!(n_told > 8_000, "{n_told}");
}

#[test]
fn two_feeds_of_one_symbol_are_two_positions() {
    let (plan, times) = (plan(STOPPED), times());
    let feeds = [feed("X"), feed("X")];
    let mut live = Live::new(&plan, 0, &feeds).unwrap();
    let values = [[7.0, 7.0, 7.0, 7.0, 1.0], [5.0, 5.0, 5.0, 5.0, 1.0]];
    let bar = |feed: usize, i: usize, price: usize| Bar {
        feed,
        open_time: times[i],
        available: times[i] + STEP,
        values: &values[price],
    };
    let acts = live.step(&[bar(0, 0, 0), bar(1, 0, 0)], &Account::UNKNOWN).unwrap().to_vec();
    let [Act::Place(first, a), Act::Place(second, b)] = acts[..] else { panic!("{acts:?}") };
    assert_eq!((a.market, b.market, first == second), (0, 1, false));
    // Only the second is filled; the first comes to nothing. Each has its own.
    let (time, raw, held) = (times[1], 7.0, 10.0);
    let fill = Fill { order: second, feed: 1, time, phase: Phase::Open, raw, price: raw, held, is_done: true };
    let acts = live.filled(&fill).unwrap().to_vec();
    let [Act::Place(_, stop)] = acts[..] else { panic!("{acts:?}") };
    assert_eq!((stop.market, stop.kind), (1, OrderKind::Stop { price: 6.0 }));
    assert_eq!(live.ended(first), []);
    let text = serde_json::to_string(&live.snapshot().unwrap()).unwrap();
    let mut live = Live::new(&plan, 0, &feeds).unwrap();
    live.restore(&serde_json::from_str(&text).unwrap()).unwrap();
    let acts = live.step(&[bar(0, 1, 0), bar(1, 1, 0)], &Account::UNKNOWN).unwrap().to_vec();
    let [Act::Place(_, again)] = acts[..] else { panic!("{acts:?}") };
    assert_eq!((again.market, again.reduce_only), (0, false));
}
