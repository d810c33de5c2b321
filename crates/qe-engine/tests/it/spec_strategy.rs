//! Strategies that are data on the broker, against the batch walk: no fill differs in any bit.

use std::collections::BTreeMap;

use qe_core::bars::Bars;
use qe_core::calendar::Calendar;
use qe_core::columns::Axis;
use qe_core::rng::Stream;
use qe_core::time::Date;
use qe_core::timeframe::Timeframe;
use qe_data::events::Events;
use qe_engine::StrategySpec;
use qe_engine::batch::{Stretch, Warmup, run_with_ledger};
use qe_engine::broker::{BarStrategy, BrokerReport, Desk, Filled, Noted, Seen, SpecStrategy, Update, run};
use qe_engine::fills::{Count, FillTiming, Holding, PathPolicy};
use qe_engine::ledger::{Cause, Fills, Ledger, Refusal, Refused};
use qe_engine::market::{Market, Symbols};
use qe_engine::program::{ExitKind, StrategyPlan};

use crate::random::{
    Given, Sketch, at_once, before_events, flat, market, market_before_events, one, sketch, times_of, weights, wild,
};

/// A fill as text, which tells all bits but those of NaN.
fn fill(f: &Fills, i: usize) -> impl PartialEq + std::fmt::Debug + use<> {
    let x = [f.units[i], f.raw[i], f.price[i], f.fee[i], f.cash[i], f.held[i], f.strength[i]];
    let place = (f.row[i], f.time[i], f.phase[i], f.is_ambiguous[i], f.signal_row[i]);
    (place, f.cause[i], x.map(|x| if x.is_nan() { "nan".to_owned() } else { format!("{x:?}") }))
}

fn differ(batch: &Ledger, report: &BrokerReport, market: &Market, timing: FillTiming, start: usize) -> Option<String> {
    let (a, b) = (&batch.fills, &report.ledger.fills);
    for i in 0..a.len().max(b.len()) {
        let (x, y) = ((i < a.len()).then(|| fill(a, i)), (i < b.len()).then(|| fill(b, i)));
        if x != y {
            let before = i.checked_sub(1).map(|i| fill(a, i));
            return Some(format!("fill {i}:\n batch  {x:?}\n broker {y:?}\n after  {before:?}"));
        }
    }
    let carries = |of: &Ledger| of.carries.iter().map(|c| (c.row, c.money.to_bits())).collect::<Vec<_>>();
    if carries(batch) != carries(&report.ledger) {
        return Some("payments for holding".into());
    }
    let rows = |of: &Ledger| of.undecided.iter().map(|u| u.row).collect::<Vec<_>>();
    if rows(batch) != rows(&report.ledger) {
        return Some(format!("undecided {:?} {:?}", rows(batch), rows(&report.ledger)));
    }
    // What a halt, a lot or an event did, in any order within a row: the broker tells sides of orders, and a walk those of positions.
    let lost = report.ruin.and_then(|_| report.worth.iter().position(|w| *w == 0.0)).unwrap_or(usize::MAX);
    let last_due = first_due_after(market, timing);
    let kept = |of: &Ledger| {
        // A broker decides before it marks: of a row that is marked as ruin a walk tells no decisions. And it orders what is
        // due after the last row too: "The last row".
        let is_kept = |row: u32, why: Refusal| match why {
            Refusal::Blocked | Refusal::RoundedToLot => true,
            Refusal::Blackout => (row as usize) < lost.min(last_due),
            _ => false,
        };
        let side = |r: &Refused| if r.why == Refusal::Blackout { r.side } else { 0.0 };
        let all = of.refused.iter().filter(|r| is_kept(r.row, r.why));
        let mut kept: Vec<_> = all.map(|r| (r.row, format!("{:?}", r.why), side(r))).collect();
        kept.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)).then(a.2.total_cmp(&b.2)));
        kept
    };
    let (x, y) = (kept(batch), kept(&report.ledger));
    if let Some(i) = (0..x.len().max(y.len())).find(|i| x.get(*i) != y.get(*i)) {
        return Some(format!("refusal {i}: batch {:?} broker {:?}", x.get(i), y.get(i)));
    }
    if report.worth.len() != market.len() {
        return Some(format!("{} instants of {} bars", report.worth.len(), market.len()));
    }
    let held = worths(batch, market, start);
    let ruin = report.ruin.map_or(market.len(), |_| report.worth.iter().position(|w| *w == 0.0).unwrap());
    let worth = held.iter().zip(&report.worth[start..]).take(ruin - start);
    let first = worth.enumerate().find(|(_, (a, b))| a.to_bits() != b.to_bits());
    first.map(|(i, (a, b))| format!("worth in row {}: batch {a:?} broker {b:?}", start + i))
}

/// The first row whose decisions may be due after the last.
fn first_due_after(market: &Market, fill: FillTiming) -> usize {
    let (n, open) = (market.len(), market.columns().axis().open());
    let delay = fill.delay as usize;
    match fill.count {
        Count::Bars => n - delay.min(n),
        Count::Sessions => {
            let mut days: Vec<Date> = open.iter().map(|t| market.calendar().day_of(*t)).collect();
            let of_rows = days.clone();
            days.dedup();
            let first = days[days.len() - (delay + 1).min(days.len())];
            of_rows.partition_point(|day| *day < first)
        }
    }
}

/// Worth at each close, by the cash that each fill and payment left, in their order.
fn worths(ledger: &Ledger, market: &Market, start: usize) -> Vec<f64> {
    let (f, marks) = (&ledger.fills, marks(market));
    let (mut cash, mut units, mut fill, mut carry) = (ledger.capital, 0.0, 0, 0);
    let worth = |row: usize| {
        loop {
            let paid = ledger.carries.get(carry).filter(|c| c.row as usize <= row && c.n_fills as usize <= fill);
            if let Some(paid) = paid {
                cash -= paid.money;
                carry += 1;
            } else if fill < f.len() && f.row[fill] as usize <= row {
                (cash, units) = (f.cash[fill], f.held[fill] * ledger.lines[0].multiplier);
                fill += 1;
            } else {
                return if units == 0.0 { cash } else { cash + units * marks[row] };
            }
        }
    };
    (start..market.len()).map(worth).collect()
}

/// The last close; before the first, the last open.
fn marks(market: &Market) -> Vec<f64> {
    let column = |name: &str| market.columns().get(name).unwrap().to_f64().to_vec();
    let (mut last, mut has_close) = (1.0, false);
    let mark = |(open, close): (f64, f64)| {
        if !close.is_nan() {
            (last, has_close) = (close, true);
        } else if !has_close && !open.is_nan() {
            last = open;
        }
        last
    };
    column("open").into_iter().zip(column("close")).map(mark).collect()
}

/// What the broker cannot do as the batch walk does, with the rule of docs/broker.md that says so.
fn to_broker(mut sketch: Sketch) -> Sketch {
    // "Weights that are restored at every bar": no order does that.
    if sketch.execution.holding != Holding::Units {
        sketch.execution.holding = Holding::Units;
    }
    // "Spreads": a broker widens them by costs.crisis alone.
    sketch.widening = None;
    sketch
}

fn on_broker<S: BarStrategy>(plan: &StrategyPlan, market: &Market, strategy: &mut S) -> BrokerReport {
    let markets = std::slice::from_ref(market);
    run(&SpecStrategy::broker(plan), markets, &Events::default(), strategy).unwrap()
}

fn strategy<'p>(plan: &'p StrategyPlan, market: &Market, start: usize) -> SpecStrategy<'p> {
    let begin = market.columns().axis().open()[start];
    SpecStrategy::new(plan, 0, std::slice::from_ref(market)).unwrap().beginning(begin)
}

/// A strategy that is written down now and then, and goes on from what was written.
struct Restarted<'p, 'm> {
    inner: SpecStrategy<'p>,
    fresh: Box<dyn Fn() -> SpecStrategy<'p> + 'm>,
    r: Stream,
    share: f64,
    n: usize,
}

impl Restarted<'_, '_> {
    fn restart(&mut self) {
        if self.r.bernoulli(self.share) {
            let text = serde_json::to_string(&self.inner.live().snapshot().unwrap()).unwrap();
            let mut other = (self.fresh)();
            other.live().restore(&serde_json::from_str(&text).unwrap()).unwrap();
            std::mem::swap(self.inner.live(), other.live());
            self.n += 1;
        }
    }
}

impl BarStrategy for Restarted<'_, '_> {
    fn on_bars(&mut self, seen: &Seen<'_>, desk: &mut Desk<'_, '_>) {
        self.restart();
        self.inner.on_bars(seen, desk);
        self.restart();
    }

    fn on_fill(&mut self, fill: &Filled, desk: &mut Desk<'_, '_>) {
        self.restart();
        self.inner.on_fill(fill, desk);
        self.restart();
    }

    fn on_open(&mut self, markets: &[u32], desk: &mut Desk<'_, '_>) {
        self.restart();
        self.inner.on_open(markets, desk);
        self.restart();
    }

    fn on_order(&mut self, update: &Update, desk: &mut Desk<'_, '_>) {
        self.inner.on_order(update, desk);
    }

    fn fault(&mut self) -> Option<qe_engine::Error> {
        self.inner.fault()
    }
}

/// The market, some of whose rows are known in detail: in each, any way between its low and its high.
fn in_detail(r: &mut Stream, market: Market) -> Market {
    let axis = market.columns().axis().clone();
    let width = axis.available()[0] - axis.open()[0];
    let (timeframe, n) = if width == 300_000_000_000 { (Timeframe::M1, 5) } else { (Timeframe::M15, 4) };
    let column = |name: &str| market.columns().get(name).unwrap().to_f64().to_vec();
    let [open, high, low, close] = ["open", "high", "low", "close"].map(column);
    let (mut times, mut fine): (Vec<i64>, [Vec<f64>; 5]) = (Vec::new(), Default::default());
    for row in 0..axis.len() {
        let is_whole = [&open, &high, &low, &close].iter().all(|x| x[row].is_finite());
        if !is_whole || r.bernoulli(0.1) {
            continue;
        }
        let price = |r: &mut Stream| (low[row] + (high[row] - low[row]) * r.below(9) as f64 / 8.0).min(high[row]);
        let mut last = open[row];
        for bar in 0..n {
            let begin = if r.bernoulli(0.2) && bar > 0 { price(r) } else { last };
            last = if bar == n - 1 { close[row] } else { price(r) };
            let ends = [price(r), price(r)];
            let top = ends.into_iter().chain([begin, last]).fold(f64::MIN, f64::max);
            let bottom = ends.into_iter().chain([begin, last]).fold(f64::MAX, f64::min);
            times.push(axis.open()[row] + bar * width / n);
            fine.iter_mut().zip([begin, top, bottom, last, 1.0]).for_each(|(x, v)| x.push(v));
        }
    }
    let known: Vec<i64> = times.iter().map(|t| t + width / n).collect();
    let bars = Bars::new(market.symbol(), timeframe, Axis::new(times, known).unwrap(), fine).unwrap();
    market.with_detail(&bars).unwrap()
}

/// A market and what it was given, of so many rows at most.
type MakeMarket = fn(&mut Stream, usize) -> (Market, Given);

fn try_case(id: u64, make: fn(&mut Stream) -> Sketch, market: MakeMarket) -> (BrokerReport, u64, Option<String>) {
    let mut r = Stream::new(9, "batch against broker", id);
    let n = match r.below(40) {
        0 => 3000,
        1 => 1 + r.below(3) as usize,
        _ => 1 + r.below(400) as usize,
    };
    let (market, _) = market(&mut r, n);
    let mut sketch = to_broker(make(&mut r));
    // Bars that all are of one length.
    let length = |bar: usize| market.columns().axis().available()[bar] - market.columns().axis().open()[bar];
    let is_even = (0..market.len()).all(|bar| Some(length(bar)) == market.timeframe().nanos());
    let market = if r.bernoulli(0.2) && is_even {
        sketch.execution.path = PathPolicy::LowerTimeframe;
        in_detail(&mut r, market)
    } else {
        market
    };
    let plan = sketch.plan();
    let start = if r.bernoulli(0.3) { r.below(market.len() as u64) as usize } else { 0 };
    let stretch = Stretch {
        rows: start..market.len(),
        warmup: Warmup::Idle,
        daily: false,
        max_bytes: one(&mut r, &[1, 1 << 28]),
    };
    let (_, ledger) = run_with_ledger(&plan, 0, &market, &stretch).unwrap();
    let report = on_broker(&plan, &market, &mut strategy(&plan, &market, start));
    let mut why = differ(&ledger, &report, &market, sketch.execution.fill, start);
    if why.is_none() && id.is_multiple_of(16) {
        let share = one(&mut r, &[0.02, 0.2, 1.0]);
        let (inner, fresh) = (strategy(&plan, &market, start), || strategy(&plan, &market, start));
        let mut restarted = Restarted { inner, fresh: Box::new(fresh), r, share, n: 0 };
        let again = on_broker(&plan, &market, &mut restarted);
        // As text, which tells all bits but those of NaN: each order, when it was placed, and what became of it.
        let said = |report: &BrokerReport| format!("{:?} {:?}", report.orders, report.ledger.fills);
        why = (said(&again) != said(&report)).then(|| format!("restarted {} times, it does other things", restarted.n));
        let first = report.orders.iter().zip(&again.orders).find(|(a, b)| format!("{a:?}") != format!("{b:?}"));
        why = why.map(|why| format!("{why}: {first:?}"));
        assert!(share < 1.0 || report.ruin.is_some() || restarted.n >= market.len() - start);
    }
    let why = why.map(|why| format!("case {id}, {start}.. of {}:\n{why}\n{sketch:?}", market.len()));
    let opens = market.columns().axis().open();
    let is_at_open = |e: &&Noted| e.why == Refusal::Blackout && e.time == opens[e.row as usize];
    let n_at_opens = report.events.iter().filter(is_at_open).count() as u64;
    (report, n_at_opens, why)
}

fn many(make: fn(&mut Stream) -> Sketch) -> BTreeMap<String, u64> {
    many_of(make, market)
}

fn many_of(make: fn(&mut Stream) -> Sketch, market: MakeMarket) -> BTreeMap<String, u64> {
    let (mut seen, mut faults, mut n_faults) = (BTreeMap::<String, u64>::new(), Vec::new(), 0);
    for id in 0..CASES {
        let (report, n_at_opens, why) = try_case(id, make, market);
        n_faults += u64::from(why.is_some());
        if faults.len() < 3 {
            faults.extend(why);
        }
        let mut count = |what: String| *seen.entry(what).or_default() += 1;
        let f = &report.ledger.fills;
        let kind = |cause: Cause| if let Cause::Exit(_) = cause { "Exit".to_owned() } else { format!("{cause:?}") };
        (0..f.len()).for_each(|i| count(format!("{} {}", kind(f.cause[i]), f.phase[i])));
        report.ledger.refused.iter().for_each(|refused| count(format!("{:?}", refused.why)));
        (0..n_at_opens).for_each(|_| count("Blackout at an open".into()));
        if report.ruin.is_some() {
            count("ruin".into());
        }
    }
    assert!(faults.is_empty(), "{n_faults} of {CASES}\n{}", faults.join("\n\n"));
    seen
}

/// How many cases of each of five kinds are tried: 10,000 in all.
const CASES: u64 = 2_000;

/// That there were so many fills of each cause and phase, at least.
#[track_caller]
fn assert_seen(seen: &BTreeMap<String, u64>, least: &[(&str, u64)]) {
    for (what, least) in least {
        assert!(seen.get(*what).is_some_and(|n| n >= least), "{what} of {seen:?}");
    }
}

#[test]
fn entries_and_exits_are_those_of_the_batch_walk() {
    let seen = many(sketch);
    assert_seen(
        &seen,
        &[
            ("Entry 0", 3_000),
            ("Entry 1", 2_000),
            ("Entry 2", 2_000),
            ("Exit 0", 1_500),
            ("Exit 1", 4_000),
            ("Exit 2", 500),
            ("Opposite 0", 200),
            ("Opposite 2", 200),
            ("SessionEnd 2", 30),
            ("SessionMissed 0", 15),
            ("Blocked", 300),
            ("RoundedToLot", 300),
            ("ruin", 20),
        ],
    );
}

#[test]
fn decisions_that_are_filled_at_once_are_those_of_the_batch_walk() {
    let seen = many(at_once);
    assert_seen(
        &seen,
        &[
            ("Entry 0", 3_000),
            ("Entry 2", 3_500),
            ("Exit 0", 2_500),
            ("Exit 2", 2_500),
            ("Opposite 0", 500),
            ("Opposite 2", 800),
            ("ruin", 40),
        ],
    );
}

#[test]
fn weights_are_those_of_the_batch_walk() {
    let seen = many(weights);
    assert_seen(
        &seen,
        &[
            ("Entry 0", 7_000),
            ("Entry 1", 600),
            ("Entry 2", 8_000),
            ("Exit 1", 2_000),
            ("Weight 0", 12_000),
            ("Weight 2", 15_000),
            ("ruin", 50),
        ],
    );
}

#[test]
fn sessions_that_lack_their_last_bars_are_those_of_the_batch_walk() {
    let seen = many(flat);
    assert_seen(
        &seen,
        &[
            ("Entry 0", 4_000),
            ("Exit 1", 2_500),
            ("Weight 0", 3_000),
            ("SessionEnd 2", 500),
            ("SessionMissed 0", 250),
            ("SessionMissed 2", 3),
            ("ruin", 40),
        ],
    );
}

#[test]
fn rules_of_any_shape_are_those_of_the_batch_walk() {
    let seen = many(wild);
    assert_seen(
        &seen,
        &[
            ("Entry 0", 4_000),
            ("Entry 1", 800),
            ("Entry 2", 3_000),
            ("Exit 0", 2_500),
            ("Exit 1", 2_000),
            ("Exit 2", 1_500),
            ("Opposite 0", 600),
            ("Opposite 2", 800),
            ("ruin", 80),
        ],
    );
}

#[test]
fn entries_before_events_are_those_of_the_batch_walk() {
    let seen = many(before_events);
    assert!(["Entry 0", "Entry 1", "Entry 2"].iter().all(|what| seen.get(*what).is_some_and(|n| *n >= 10)), "{seen:?}");
}

#[test]
fn entries_before_events_are_those_of_the_batch_walk_where_bars_are_missing() {
    let seen = many_of(before_events, market_before_events);
    assert_seen(
        &seen,
        &[
            ("Entry 0", 5_000),
            ("Entry 1", 1_500),
            ("Entry 2", 2_500),
            ("Weight 0", 5_000),
            ("Blackout", 900),
            ("Blackout at an open", 500),
        ],
    );
}

const PAIR: &str = r#"
    version = 1
    name = "pair"
    [entry]
    long = "close > sma(close, 4) and sym(\"B\", close > close[1])"
    [[exits]]
    when = "close < tf(\"4h\", sma(close, 3)) or sym(\"C\", close) < 99"
    [[exits]]
    stop = "entry.price - 3"
    [sizing]
    units = "1"
    limit_frac = "inf"
    [execution]
    leverage = 1e9
    capital = 1e6
"#;

fn walk(name: &str, n: usize, every: i64) -> Market {
    let (times, step) = times_of(n, true);
    let mut r = Stream::new(5, name, 0);
    let mut prices: [Vec<f64>; 5] = Default::default();
    let mut last = 100.0;
    for _ in 0..n {
        let close = (last + r.below(5) as f64 - 2.0_f64).clamp(90.0, 110.0);
        let bar = [last, last.max(close) + 1.0, last.min(close) - 1.0, close, 1.0];
        prices.iter_mut().zip(bar).for_each(|(column, x)| column.push(x));
        last = close;
    }
    let times: Vec<i64> = times.iter().map(|t| times[0] + (t - times[0]) * every).collect();
    let known: Vec<i64> = times.iter().map(|t| t + step * every).collect();
    let timeframe = Timeframe::from_nanos(step * every).unwrap();
    let bars = Bars::new(name, timeframe, Axis::new(times, known).unwrap(), prices).unwrap();
    Market::new(&bars, &Calendar::crypto()).unwrap()
}

#[test]
fn several_symbols_step_in_one_instant_and_read_others_and_other_timeframes() {
    let plain = [walk("A", 400, 1), walk("B", 400, 1), walk("C", 200, 2)];
    let symbols = Symbols::new(&plain).unwrap();
    let [a, b, _] = plain.map(|m| m.with_symbols(&symbols));
    let spec = StrategySpec::from_toml(PAIR).unwrap();
    let plan = spec.compile(&a.schema(), a.steps_per_year(), None).unwrap();
    let markets = [a, b];
    let mut strategy = SpecStrategy::new(&plan, 0, &markets).unwrap();
    let report = run(&SpecStrategy::broker(&plan), &markets, &Events::default(), &mut strategy).unwrap();
    for (line, market) in markets.iter().enumerate() {
        let stretch = Stretch { rows: 0..market.len(), warmup: Warmup::Idle, daily: false, max_bytes: 1 << 24 };
        let (_, ledger) = run_with_ledger(&plan, 0, market, &stretch).unwrap();
        let trade = |f: &Fills, i: usize| (f.row[i], f.phase[i], f.units[i], f.price[i], f.cause[i], f.signal_row[i]);
        let batch: Vec<_> = (0..ledger.fills.len()).map(|i| trade(&ledger.fills, i)).collect();
        let f = &report.ledger.fills;
        let broker: Vec<_> = (0..f.len()).filter(|i| f.line[*i] == line as u32).map(|i| trade(f, i)).collect();
        assert_eq!(batch, broker, "{}", market.symbol());
        assert!(batch.len() > 20, "{} fills", batch.len());
    }
}

#[test]
fn restarts_change_nothing_where_other_symbols_and_timeframes_are_read() {
    // C has bars twice as long as those that are traded, and of all three 4 h bars are read too.
    let text = PAIR
        .replace("sym(\"C\", close) < 99", "sym(\"C\", close < sma(close, 3)) and sym(\"B\", tf(\"4h\", close)) < 103");
    let plain = [walk("A", 400, 1), walk("B", 400, 1), walk("C", 200, 2)];
    let symbols = Symbols::new(&plain).unwrap();
    let [a, b, _] = plain.map(|m| m.with_symbols(&symbols));
    let plan = StrategySpec::from_toml(&text).unwrap().compile(&a.schema(), a.steps_per_year(), None).unwrap();
    let markets = [a, b];
    let fresh = || SpecStrategy::new(&plan, 0, &markets).unwrap();
    let broker = SpecStrategy::broker(&plan);
    let said = |report: &BrokerReport| format!("{:?} {:?}", report.orders, report.ledger.fills);
    let whole = run(&broker, &markets, &Events::default(), &mut fresh()).unwrap();
    assert!(whole.ledger.fills.len() > 60, "{} fills", whole.ledger.fills.len());
    for (seed, (share, least)) in [(0.02, 4), (0.2, 100), (1.0, 800)].into_iter().enumerate() {
        let r = Stream::new(7, "restarts", seed as u64);
        let mut restarted = Restarted { inner: fresh(), fresh: Box::new(fresh), r, share, n: 0 };
        let again = run(&broker, &markets, &Events::default(), &mut restarted).unwrap();
        assert_eq!(said(&again), said(&whole), "restarted {} times", restarted.n);
        assert!(restarted.n >= least, "restarted {} times", restarted.n);
    }
}

#[test]
fn what_is_of_another_strategy_or_was_changed_is_refused() {
    let market = walk("A", 50, 1);
    let of = |stop: &str| {
        let exits = [vec![(ExitKind::Stop, stop.to_owned())], vec![]];
        Sketch { entry: [Some("close > close[1]".into()), None], exits, ..Sketch::default() }.plan()
    };
    let (plan, other) = (of("entry.price - 3"), of("entry.price - 4"));
    let mut run = strategy(&plan, &market, 0);
    on_broker(&plan, &market, &mut run);
    let kept = serde_json::to_string(&run.live().snapshot().unwrap()).unwrap();
    let restored = |plan: &StrategyPlan, text: &str| {
        strategy(plan, &market, 0).live().restore(&serde_json::from_str(text).unwrap()).map_err(|e| e.to_string())
    };
    assert_eq!(restored(&plan, &kept), Ok(()));
    let why = restored(&other, &kept).unwrap_err();
    assert!(why.contains("it is of strategy") && why.contains("same strategy, at the same point"), "{why}");
    let changed = kept.replacen("0000000000000001", "0000000000000002", 1);
    let why = restored(&plan, &changed).unwrap_err();
    assert!(changed != kept && why.contains("cut or changed"), "{why}");
    let later = kept.replacen("\"layout\":3", "\"layout\":4", 1);
    let why = restored(&plan, &later).unwrap_err();
    assert!(why.contains("form 4") && why.contains("go on with that version"), "{why}");
}

#[test]
fn what_it_cannot_go_on_for_ends_the_run() {
    let (a, b) = (walk("A", 50, 1), walk("B", 50, 1));
    let plan = Sketch { entry: [Some("close > close[1]".into()), None], ..Sketch::default() }.plan();
    let made = |markets: &[Market]| SpecStrategy::new(&plan, 0, markets).unwrap();
    let ran = |strategy: &mut SpecStrategy<'_>, markets: &[Market]| {
        let broker = SpecStrategy::broker(&plan);
        run(&broker, markets, &Events::default(), strategy).map(|r| r.ledger.fills.len()).map_err(|e| e.to_string())
    };
    let mut strategy = made(std::slice::from_ref(&a));
    assert!(ran(&mut strategy, std::slice::from_ref(&a)).unwrap() > 0);
    // It has seen these bars already.
    let why = ran(&mut strategy, std::slice::from_ref(&a)).unwrap_err();
    assert!(why.contains("each once"), "{why}");
    // It was made for other markets than the broker has: others, more, fewer, longer ones.
    for (own, there, what) in [
        (vec![a.clone()], vec![b.clone()], "market 0 is B 1h"),
        (vec![a.clone()], vec![a.clone(), b.clone()], "made for 1 markets, and the broker has 2"),
        (vec![a.clone(), b.clone()], vec![a.clone()], "made for 2 markets, and the broker has 1"),
        (vec![a.clone()], vec![walk("A", 60, 1)], "made for other bars"),
    ] {
        let why = ran(&mut made(&own), &there).unwrap_err();
        assert!(why.contains(what) && why.contains("the same markets, in the same order"), "{why}");
    }
}

#[test]
fn what_no_order_does_is_refused_by_its_field() {
    let market = walk("A", 9, 1);
    for holding in [Holding::Weights, Holding::WeightsFree] {
        let mut sketch = Sketch { weight: Some("1".into()), ..Sketch::default() };
        sketch.execution.holding = holding;
        let plan = sketch.plan();
        let why = SpecStrategy::new(&plan, 0, std::slice::from_ref(&market)).unwrap_err().to_string();
        assert!(why.starts_with("execution.holding") && why.contains("run it in batch"), "{why}");
    }
    let plan = Sketch { widening: Some("1 + volume".into()), ..Sketch::default() }.plan();
    let why = SpecStrategy::new(&plan, 0, std::slice::from_ref(&market)).unwrap_err().to_string();
    assert!(why.contains("costs.crisis"), "{why}");
}
