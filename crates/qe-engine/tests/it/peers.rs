//! Strategies that compare symbols: in batch, in a sweep, bar by bar, at the broker, in a portfolio.

use std::sync::Arc;

use qe_core::bars::Bars;
use qe_core::calendar::Calendar;
use qe_core::columns::{Axis, Columns};
use qe_core::eval::{Evaluator, Fidelity, Window};
use qe_core::par::{Pool, Threads};
use qe_core::point::PointTable;
use qe_core::rng::Stream;
use qe_core::time::TimeRange;
use qe_core::timeframe::Timeframe;
use qe_data::events::Events;
use qe_engine::StrategySpec;
use qe_engine::batch::{Stretch, Warmup, run_with_ledger};
use qe_engine::broker::{Order, OrderId, Side, SpecStrategy, run as play};
use qe_engine::cache::Universe;
use qe_engine::leak::{self, LeakOptions, Tampering};
use qe_engine::ledger::Fills;
use qe_engine::live::{Account, Act, Bar, Feed, Fill, Live, Phase, Snapshot};
use qe_engine::market::{Market, Masks, Peers};
use qe_engine::portfolio::{PortfolioOptions, PortfolioSpec, run as hold};
use qe_engine::program::StrategyPlan;
use qe_engine::run::{RunOptions, run};
use qe_engine::sweep::{Sweep, SweepOptions};

const MINUTE: i64 = 60_000_000_000;
const SYMBOLS: [&str; 6] = ["A", "B", "C", "D", "E", "F"];
const LAG: usize = 5;

/// Buys the strongest of all symbols, sells when it is in the weaker half.
const STRONGEST: &str = r#"
version = 1
name = "strongest"
[params.lag]
kind = { int = { min = 1, max = 50 } }
default = 5
[entry]
long = "cs_rank(close / close[$lag] - 1) > 0.8 and sma(cs_rank(volume), 3) > 0.2"
[[exits]]
when = "cs_rank(close / close[$lag] - 1) < 0.5"
[sizing]
units = "1"
limit_frac = "inf"
[execution]
leverage = 1e9
capital = 1e6
"#;

/// Minutes of a symbol, some of which are missing; it begins late, where that is said.
fn walk(name: &str, n: usize, from: usize) -> Bars {
    let mut r = Stream::new(11, name, 0);
    let (mut open_time, mut prices): (Vec<i64>, [Vec<f64>; 5]) = Default::default();
    let mut last = 100.0;
    for t in 0..n {
        let close = last * (1.0 + 0.01 * r.normal());
        let volume = (1000.0 * r.uniform()).ceil();
        if t >= from && !r.bernoulli(0.05) {
            open_time.push(t as i64 * MINUTE);
            let bar = [last, f64::max(last, close) * 1.001, f64::min(last, close) * 0.999, close, volume];
            prices.iter_mut().zip(bar).for_each(|(column, x)| column.push(x));
        }
        last = close;
    }
    let known: Vec<i64> = open_time.iter().map(|t| t + MINUTE).collect();
    Bars::new(name, Timeframe::M1, Axis::new(open_time, known).unwrap(), prices).unwrap()
}

fn all_bars(n: usize) -> Vec<Bars> {
    SYMBOLS.iter().enumerate().map(|(i, name)| walk(name, n, if i == 4 { 120 } else { 0 })).collect()
}

/// Markets that are compared with each other.
fn markets(n: usize) -> Vec<Market> {
    let plain: Vec<Market> = all_bars(n).iter().map(|b| Market::new(b, &Calendar::crypto()).unwrap()).collect();
    let peers = Peers::new(&plain).unwrap();
    plain.into_iter().map(|m| m.with_peers(&peers).unwrap()).collect()
}

fn spec() -> StrategySpec {
    StrategySpec::from_toml(STRONGEST).unwrap()
}

fn plan(market: &Market) -> StrategyPlan {
    plan_of(STRONGEST, market)
}

fn plan_of(text: &str, market: &Market) -> StrategyPlan {
    let spec = StrategySpec::from_toml(text).unwrap();
    spec.compile(&market.schema(), market.steps_per_year(), None).unwrap()
}

/// A fill, and the row of its signal.
type Trade = (u32, u8, u64, u64, u32);

fn trade(f: &Fills, i: usize) -> Trade {
    (f.row[i], f.phase[i], f.units[i].to_bits(), f.raw[i].to_bits(), f.signal_row[i])
}

fn batch(plan: &StrategyPlan, market: &Market) -> Vec<Trade> {
    let stretch = Stretch { rows: 0..market.len(), warmup: Warmup::Idle, daily: false, max_bytes: 1 << 26 };
    let (_, ledger) = run_with_ledger(plan, 0, market, &stretch).unwrap();
    (0..ledger.fills.len()).map(|i| trade(&ledger.fills, i)).collect()
}

/// The fills of each market at the broker.
fn at_broker(plan: &StrategyPlan, markets: &[Market]) -> Vec<Vec<Trade>> {
    let mut strategy = SpecStrategy::new(plan, 0, markets).unwrap();
    let report = play(&SpecStrategy::broker(plan), markets, &Events::default(), &mut strategy).unwrap();
    let f = &report.ledger.fills;
    let of_line = |line: u32| (0..f.len()).filter(|i| f.line[*i] == line).map(|i| trade(f, i)).collect();
    (0..markets.len() as u32).map(of_line).collect()
}

/// Fills as a venue knows them, which is told of no signal.
fn as_filled(fills: &[Vec<Trade>]) -> Vec<Vec<(u32, u8, u64, u64)>> {
    fills.iter().map(|f| f.iter().map(|(a, b, c, d, _)| (*a, *b, *c, *d)).collect()).collect()
}

/// The share of those that are there which a value is above, half of equal ones included, as a mean rank.
fn rank(of: usize, values: &[f64]) -> f64 {
    let x = values[of];
    let (below, equal) = (values.iter().filter(|v| **v < x).count(), values.iter().filter(|v| **v == x).count());
    let n = values.iter().filter(|v| !v.is_nan()).count();
    if x.is_nan() { f64::NAN } else { (below as f64 + (equal as f64 + 1.0) / 2.0) / n as f64 }
}

#[test]
fn a_rank_is_that_of_all_symbols_at_the_same_time() {
    let n = 400;
    let markets = markets(n);
    // Every minute has a bar of somebody, so times count minutes.
    let mut table = vec![vec![f64::NAN; n]; SYMBOLS.len()];
    let mut volume = table.clone();
    for (s, market) in markets.iter().enumerate() {
        let column = |name: &str| market.columns().get(name).unwrap().to_f64();
        for (i, t) in market.columns().axis().open().iter().enumerate() {
            table[s][(t / MINUTE) as usize] = column("close")[i];
            volume[s][(t / MINUTE) as usize] = column("volume")[i];
        }
    }
    let at = |t: usize, of: &dyn Fn(usize, usize) -> f64| (0..SYMBOLS.len()).map(|s| of(s, t)).collect::<Vec<_>>();
    let change = |s: usize, t: usize| if t < LAG { f64::NAN } else { table[s][t] / table[s][t - LAG] - 1.0 };
    let mut n_signals = 0;
    for (s, market) in markets.iter().enumerate() {
        let report = run(&spec(), market, &RunOptions::default()).unwrap();
        let signal = report.aligned(market).unwrap().get("signal").unwrap().to_f64();
        let rows = report.curve.rows.clone();
        let own = market.columns().axis().open();
        for (said, row) in signal.iter().zip(rows) {
            let t = (own[row] / MINUTE) as usize;
            // The mean of three ranks is over the bars of its own.
            let three: f64 =
                (row - 2..=row).map(|r| rank(s, &at((own[r] / MINUTE) as usize, &|s, t| volume[s][t]))).sum::<f64>()
                    / 3.0;
            let want = rank(s, &at(t, &change)) > 0.8 && three > 0.2;
            // On the edge, the order of three terms decides.
            if (three - 0.2).abs() > 1e-12 {
                assert_eq!(*said == 1.0, want, "{} in minute {t}", SYMBOLS[s]);
            }
            n_signals += usize::from(want);
        }
    }
    assert!(n_signals > 200, "{n_signals}");
}

#[test]
fn a_sweep_says_the_same_on_any_threads_in_any_groups_and_budgets() {
    let bars: Vec<(Bars, Masks)> = all_bars(500).into_iter().map(|b| (b, Masks::default())).collect();
    let universe = Universe::new(&bars, &Calendar::crypto(), &Pool::inline()).unwrap();
    let sweep = |threads: usize, group: usize, max_bytes: usize| {
        let pool = Pool::new(Threads::N(threads.try_into().unwrap())).unwrap();
        let options = SweepOptions { group, max_bytes, warmup: Warmup::Idle };
        Sweep::new(&spec(), universe.markets.clone(), pool, options).unwrap()
    };
    let one = sweep(1, 4096, 256 << 20);
    let points = PointTable::grid(one.params().to_vec(), 10_000).unwrap();
    assert_eq!(points.len(), 50 * SYMBOLS.len());
    let window = Window::one(TimeRange { start: 100 * MINUTE, end: i64::MAX / 2 }).unwrap();
    let expected = one.evaluate(&points, Fidelity::FULL, &window).unwrap();
    let done = expected.outcomes().iter().filter(|o| o.reason().is_none()).count();
    assert!(done > 280, "{done}");
    for (threads, group, max_bytes) in
        [(2, 4096, 256 << 20), (2, 7, 256 << 20), (1, 3, 256 << 20), (1, 4096, 1_500_000)]
    {
        let got = sweep(threads, group, max_bytes).evaluate(&points, Fidelity::FULL, &window).unwrap();
        for name in expected.metrics() {
            let bits = |t: &qe_core::point::OutcomeTable| -> Vec<u64> {
                t.metric(name).unwrap().iter().map(|v| v.to_bits()).collect()
            };
            assert_eq!(bits(&got), bits(&expected), "{name}, {threads} threads, groups of {group}, {max_bytes} bytes");
        }
    }
    // Alone on its market a point is the same run, and its identity knows who it was compared with.
    let mut n_alone = 0;
    for row in [1, 77, 201] {
        let values = points.row(row).unwrap();
        let key = values[1].to_string();
        let market = universe.markets.iter().find(|m| m.key() == key).unwrap();
        let params = [("lag".to_owned(), values[0].clone())].into();
        let options = RunOptions { params, eval_start: Some(100 * MINUTE), ..RunOptions::default() };
        let report = match run(&spec(), market, &options) {
            Ok(report) => report,
            // Alone it must be warm.
            Err(e) => {
                assert!(e.to_string().contains("insufficient_warmup"), "{e}");
                continue;
            }
        };
        n_alone += 1;
        assert_eq!(report.figures.total_return.to_bits(), expected.metric("total_return").unwrap()[row].to_bits());
        assert_eq!(one.identity(&points, row, Fidelity::FULL, &window).unwrap().run_id, report.identity.run_id);
        let compared = report.identity.compared.as_ref().unwrap();
        assert!(report.identity.reads.is_empty() && compared.symbols.iter().eq(&SYMBOLS));
        let fewer =
            Peers::new(universe.markets[..].iter().map(|m| &**m).filter(|m| m.key() == key || m.symbol() > "B"));
        let other = Market::clone(market).with_peers(&fewer.unwrap());
        assert_ne!(run(&spec(), &other.unwrap(), &options).unwrap().identity.data_id, report.identity.data_id);
    }
    assert!(n_alone >= 2, "{n_alone} of three were compared");
    let err = sweep(1, 4096, 400_000).evaluate(&points, Fidelity::FULL, &window).map(drop).unwrap_err().to_string();
    assert!(err.contains("400000"), "{err}");
}

fn feed(market: &Market, is_traded: bool) -> Feed {
    Feed {
        symbol: market.symbol().into(),
        is_traded,
        calendar: market.calendar().clone(),
        timeframe: market.timeframe(),
        columns: market.columns().names().map(ToString::to_string).collect(),
    }
}

/// Orders at the market of each feed, filled at its next open.
#[derive(Default, Clone)]
struct Venue {
    orders: Vec<(OrderId, Order)>,
    held: [f64; 6],
}

impl Venue {
    fn take(&mut self, acts: &[Act]) {
        for act in acts {
            match act {
                Act::Place(id, order) => self.orders.push((*id, *order)),
                Act::Cancel(id) => self.orders.retain(|(known, _)| known != id),
                Act::Replace(..) => unreachable!("nothing rests"),
            }
        }
    }
}

/// The fills of each symbol that a live strategy comes to, one unit at a time; it is written down and restored now and then.
fn live(plan: &StrategyPlan, markets: &[Market], traded: &[bool], restarts: f64) -> Vec<Vec<(u32, u8, u64, u64)>> {
    let feeds: Vec<Feed> = markets.iter().zip(traded).map(|(m, t)| feed(m, *t)).collect();
    let peers = markets[0].peers().unwrap().panel().unwrap();
    let fresh = || Live::among(plan, 0, &feeds, peers).unwrap();
    let (mut live, mut venue, mut r) = (fresh(), Venue::default(), Stream::new(3, "restarts", 0));
    let mut fills = vec![Vec::new(); markets.len()];
    let mut next = vec![0; markets.len()];
    for &time in peers.axis().open() {
        let rows: Vec<(usize, usize)> = (0..markets.len())
            .filter(|m| markets[*m].columns().axis().open().get(next[*m]) == Some(&time))
            .map(|m| (m, next[m]))
            .collect();
        for &(m, row) in &rows {
            let raw = markets[m].columns().get("open").unwrap().to_f64()[row];
            for (id, order) in std::mem::take(&mut venue.orders) {
                if order.market as usize != m {
                    venue.orders.push((id, order));
                    continue;
                }
                let units = if order.side == Side::Buy { 1.0 } else { -1.0 };
                venue.held[m] += units;
                fills[m].push((row as u32, 0, f64::to_bits(units), raw.to_bits()));
                let told = Fill {
                    order: id,
                    feed: m,
                    time,
                    phase: Phase::Open,
                    raw,
                    price: raw,
                    held: venue.held[m],
                    is_done: true,
                };
                let acts = live.filled(&told).unwrap().to_vec();
                venue.take(&acts);
            }
        }
        let values: Vec<Vec<f64>> =
            rows.iter().map(|(m, row)| markets[*m].columns().iter().map(|(_, c)| c.to_f64()[*row]).collect()).collect();
        let available = time + MINUTE;
        let bars =
            rows.iter().zip(&values).map(|((feed, _), v)| Bar { feed: *feed, open_time: time, available, values: v });
        let bars: Vec<Bar<'_>> = bars.collect();
        venue.take(live.step(&bars, &Account::UNKNOWN).unwrap());
        rows.iter().for_each(|(m, _)| next[*m] += 1);
        if r.bernoulli(restarts) {
            let text = serde_json::to_string(&live.snapshot().unwrap()).unwrap();
            live = fresh();
            live.restore(&serde_json::from_str::<Snapshot>(&text).unwrap()).unwrap();
        }
    }
    fills
}

#[test]
fn bar_by_bar_it_orders_what_the_batch_fills() {
    let markets = markets(500);
    let plan = plan(&markets[0]);
    let want: Vec<_> = markets.iter().map(|m| batch(&plan, m)).collect();
    let want = as_filled(&want);
    assert!(want.iter().all(|fills| fills.len() > 20));
    for restarts in [0.0, 0.2] {
        let got = live(&plan, &markets, &[true; 6], restarts);
        for (m, (got, want)) in got.iter().zip(&want).enumerate() {
            // An order that waits for a bar after the last is no fill.
            assert_eq!(got, want, "{} with restarts {restarts}", SYMBOLS[m]);
        }
    }
    // The others may be read alone.
    let got = live(&plan, &markets, &[false, false, true, false, true, false], 0.1);
    assert!(got[2] == want[2] && got[4] == want[4] && got[0].is_empty());
}

/// Compares what outlives a missing row: who is not there is not counted.
const SURVIVORS: &str = r#"
version = 1
name = "survivors"
[entry]
long = "cs_rank(bars_since(close < close[1]) + tf(\"5m\", close / open)) > 0.6 and cs_demean(1) == 0"
[[exits]]
when = "cs_rank(if(latch(close > close[2], close < close[1]), 1, 0) + session / 1e9) < 0.4"
[sizing]
units = "1"
limit_frac = "inf"
[execution]
leverage = 1e9
capital = 1e6
"#;

#[test]
fn who_lacks_the_bar_or_is_no_member_is_not_compared_by_what_it_was() {
    let plain: Vec<Market> = all_bars(500).iter().map(|b| Market::new(b, &Calendar::crypto()).unwrap()).collect();
    let mut members = vec![vec![TimeRange { start: i64::MIN, end: i64::MAX }]; 6];
    members[0] = vec![TimeRange { start: 0, end: 150 * MINUTE }, TimeRange { start: 300 * MINUTE, end: i64::MAX }];
    members[3] = vec![TimeRange { start: 90 * MINUTE, end: 350 * MINUTE }];
    let peers = Peers::new(&plain).unwrap().with_members(members.clone()).unwrap();
    let markets: Vec<Market> = plain.into_iter().map(|m| m.with_peers(&peers).unwrap()).collect();
    let plan = plan_of(SURVIVORS, &markets[0]);
    let want: Vec<_> = markets.iter().map(|m| batch(&plan, m)).collect();
    assert!(want.iter().all(|fills| fills.len() > 20), "{:?}", want.iter().map(Vec::len).collect::<Vec<_>>());
    let own = |m: usize, row: u32| markets[m].columns().axis().open()[row as usize];
    for m in [0, 3] {
        let entries = want[m].iter().filter(|(_, _, units, ..)| f64::from_bits(*units) > 0.0);
        let at = |fill: &Trade| own(m, fill.4);
        assert!(
            entries.map(at).all(|t| members[m].iter().any(|r| r.contains(t))),
            "{} bought as an outsider",
            SYMBOLS[m]
        );
    }
    // At the broker, and bar by bar with restarts.
    assert_eq!(at_broker(&plan, &markets), want);
    let want = as_filled(&want);
    for restarts in [0.0, 0.3] {
        assert!(live(&plan, &markets, &[true; 6], restarts) == want, "with restarts {restarts}");
    }
}

#[test]
fn a_row_without_prices_is_no_bar_whatever_else_is_in_it() {
    // F's bars lose their prices here and there, and keep their volume.
    let mut bars = all_bars(400);
    let is_bare = |row: usize| row % 7 == 3 || (60..90).contains(&row);
    let mut columns = Columns::new(bars[5].columns().axis().clone());
    for (name, column) in bars[5].columns().iter() {
        let value = |(row, v): (usize, &f64)| if name != "volume" && is_bare(row) { f64::NAN } else { *v };
        columns.push(name, column.to_f64().iter().enumerate().map(value).collect::<Vec<f64>>()).unwrap();
    }
    let holed = Bars::from_columns("F", Timeframe::M1, columns.clone()).unwrap();
    let kept: Vec<usize> = (0..holed.len()).filter(|row| !is_bare(*row)).collect();
    let pick = |x: &[i64]| kept.iter().map(|row| x[*row]).collect::<Vec<i64>>();
    let axis = Axis::new(pick(columns.axis().open()), pick(columns.axis().available())).unwrap();
    let mut without = Columns::new(axis);
    for (name, column) in columns.iter() {
        without.push(name, kept.iter().map(|row| column.value(*row)).collect::<Vec<f64>>()).unwrap();
    }
    let among = |bars: &[Bars]| -> Vec<Market> {
        let plain: Vec<Market> = bars.iter().map(|b| Market::new(b, &Calendar::crypto()).unwrap()).collect();
        let peers = Peers::new(&plain).unwrap();
        plain.into_iter().map(|m| m.with_peers(&peers).unwrap()).collect()
    };
    bars[5] = holed;
    let with = among(&bars);
    bars[5] = Bars::from_columns("F", Timeframe::M1, without).unwrap();
    let left_out = among(&bars);
    let plan = plan_of(SURVIVORS, &with[0]);
    let of = |markets: &[Market]| -> Vec<_> { markets[..5].iter().map(|m| batch(&plan, m)).collect() };
    // The others' trades are those beside a symbol that has no such rows at all, in batch and bar by bar.
    assert!(of(&with) == of(&left_out) && of(&with).iter().all(|fills| fills.len() > 10));
    let others = |markets: &[Market]| live(&plan, markets, &[true, true, true, true, true, false], 0.1);
    let want = as_filled(&of(&with));
    assert!(others(&with)[..5] == want[..] && others(&left_out)[..5] == want[..]);
}

#[test]
fn at_the_broker_and_in_a_portfolio_it_is_the_batch() {
    let markets = markets(400);
    let plan = plan(&markets[0]);
    assert_eq!(at_broker(&plan, &markets), markets.iter().map(|m| batch(&plan, m)).collect::<Vec<_>>());
    let text = r#"
        version = 1
        name = "all"
        [[sleeves]]
        strategy = "strongest"
        symbols = ["A", "B", "C", "D", "E", "F"]
        weight = 1.0
    "#;
    let portfolio = |markets: &[Market]| {
        let give = |_: &str| Ok(spec());
        hold(&PortfolioSpec::from_toml(text).unwrap(), give, markets, &PortfolioOptions::default()).unwrap()
    };
    let report = portfolio(&markets);
    assert!(report.broker.ledger.fills.len() > 100);
    // Who it was compared with is part of what it is.
    let fewer = Peers::new(&markets[..5]).unwrap();
    let mut others = markets.clone();
    for market in &mut others[..5] {
        *market = market.clone().with_peers(&fewer).unwrap();
    }
    assert_ne!(portfolio(&others).id, report.id);
}

#[test]
fn nothing_of_the_future_is_in_it_and_the_check_sees_that_others_are_read() {
    let markets = markets(300);
    let options = LeakOptions { n_cuts: 4, n_acts: 3, ..LeakOptions::default() };
    let report = leak::of_spec(&spec(), &markets[1], &options).unwrap();
    assert!(report.is_clean(), "{report}");
    let by_others = |t: &&leak::Trial| t.tampering == Tampering::Symbols;
    assert!(report.trials.iter().filter(by_others).any(|t| t.is_parted), "nothing of the others was read");
}

#[test]
fn who_belongs_and_to_which_group_is_heard() {
    let markets = markets(300);
    let plain: Vec<Market> = all_bars(300).iter().map(|b| Market::new(b, &Calendar::crypto()).unwrap()).collect();
    let text = STRONGEST
        .replace("cs_rank(close / close[$lag] - 1)", "neutralize(close / close[$lag] - 1, sector)")
        .replace("> 0.8", "> 0.001")
        .replace("< 0.5", "< 0");
    let spec_of = |text: &str| StrategySpec::from_toml(text).unwrap();
    let err = run(&spec_of(&text), &markets[0], &RunOptions::default()).unwrap_err().to_string();
    assert!(err.contains("grouping") && err.contains("sector"), "{err}");
    let labels = |of: [&str; 6]| of.map(str::to_owned).to_vec();
    let of = |peers: &Peers, text: &str| {
        let market = plain[0].clone().with_peers(peers).unwrap();
        run(&spec_of(text), &market, &RunOptions::default()).unwrap()
    };
    let peers = Peers::new(&plain).unwrap();
    let two = peers.clone().with_group("sector", labels(["x", "x", "x", "y", "y", "y"])).unwrap();
    let one = peers.clone().with_group("sector", labels(["x"; 6])).unwrap();
    let (by_two, by_one) = (of(&two, &text), of(&one, &text));
    assert!(by_two.ledger.fills.len() > 10 && by_two.ledger.fills.raw != by_one.ledger.fills.raw);
    assert_ne!(by_two.identity.run_id, by_one.identity.run_id);
    assert!(peers.clone().with_group("sector", vec!["x".into()]).is_err());
    // Outside of its membership a symbol is not ranked, and nobody is ranked against it.
    let always = vec![TimeRange { start: i64::MIN, end: i64::MAX }];
    let mut members = vec![always; 6];
    members[0] = vec![TimeRange { start: 0, end: 150 * MINUTE }];
    let left = peers.with_members(members).unwrap();
    let report = of(&left, STRONGEST);
    let entries: Vec<i64> = report.trades.iter().map(|t| t.entry_time).collect();
    assert!(entries.len() > 3 && entries.iter().all(|t| *t <= 151 * MINUTE), "{:?}", entries.last());
}

#[test]
fn what_cannot_be_compared_is_told_with_its_mend() {
    let all = markets(160);
    let bars = all_bars(160);
    let alone = Market::new(&bars[0], &Calendar::crypto()).unwrap();
    let said = |r: Result<_, qe_engine::Error>| match r {
        Ok(()) => String::new(),
        Err(e) => e.to_string(),
    };
    let err = said(run(&spec(), &alone, &RunOptions::default()).map(drop));
    assert!(err.contains("it compares symbols") && err.contains("Market::with_peers"), "{err}");
    let peers = all[0].peers().unwrap();
    let strange = Market::new(&walk("Z", 160, 0), &Calendar::crypto()).unwrap();
    let err = said(strange.with_peers(peers).map(drop));
    assert!(err.contains("none of the 6 symbols"), "{err}");
    let longer = Market::new(&walk("A", 190, 0), &Calendar::crypto()).unwrap();
    let err = said(longer.with_peers(peers).map(drop));
    assert!(err.contains("do not know of its bar in row") && err.contains("of the same bars"), "{err}");
    assert!(said(Peers::new(&[]).map(drop)).contains("there are none"));
    assert!(said(Peers::new([&all[0], &all[0]]).map(drop)).contains("twice"));
    let axis = Axis::new(vec![0, 5 * MINUTE], vec![5 * MINUTE, 10 * MINUTE]).unwrap();
    let wider = Bars::new("W", Timeframe::M5, axis, [(); 5].map(|()| vec![1.0, 2.0])).unwrap();
    let wider = Market::new(&wider, &Calendar::crypto()).unwrap();
    assert!(said(Peers::new([&all[0], &wider]).map(drop)).contains("another timeframe or calendar"));
    let plan = plan(&all[0]);
    let feeds: Vec<Feed> = all.iter().map(|m| feed(m, true)).collect();
    let err = said(Live::new(&plan, 0, &feeds).map(drop));
    assert!(err.contains("nothing says which") && err.contains("Live::among"), "{err}");
    let err = said(Live::among(&plan, 0, &feeds[..5], peers.panel().unwrap()).map(drop));
    assert!(err.contains("symbol \"F\"") && err.contains("has no feed"), "{err}");
    let mut odd = feeds.clone();
    odd.push(Feed { symbol: "Z".into(), ..feeds[0].clone() });
    let err = said(Live::among(&plan, 0, &odd, peers.panel().unwrap()).map(drop));
    assert!(err.contains("none of the symbols that are compared"), "{err}");
    odd[6].symbol = "B".into();
    assert!(said(Live::among(&plan, 0, &odd, peers.panel().unwrap()).map(drop)).contains("two of its symbol"));
    let mut narrow = feeds.clone();
    narrow[3].columns.pop();
    let err = said(Live::among(&plan, 0, &narrow, peers.panel().unwrap()).map(drop));
    assert!(err.contains("the feed of D") && err.contains("volume"), "{err}");
    let mut live = Live::among(&plan, 0, &feeds, peers.panel().unwrap()).unwrap();
    let values = [1.0; 5];
    let bar = |feed, open_time| Bar { feed, open_time, available: 9 * MINUTE, values: &values };
    let err = said(live.step(&[bar(0, 8 * MINUTE), bar(1, 7 * MINUTE)], &Account::UNKNOWN).map(drop));
    assert!(err.contains("is of another time") && err.contains("by another step"), "{err}");
    // What was kept among some members goes on among no others.
    let kept = live.snapshot().unwrap();
    let mut members = vec![vec![TimeRange { start: i64::MIN, end: i64::MAX }]; 6];
    members[2] = vec![TimeRange { start: 0, end: 5 * MINUTE }];
    let fewer = peers.clone().with_members(members).unwrap();
    let mut other = Live::among(&plan, 0, &feeds, fewer.panel().unwrap()).unwrap();
    assert!(said(other.restore(&kept)).contains("it is of strategy"));
    // A market of a universe compares by itself.
    let pairs: Vec<(Bars, Masks)> = bars.into_iter().map(|b| (b, Masks::default())).collect();
    let universe = Universe::new(&pairs, &Calendar::crypto(), &Pool::inline()).unwrap();
    let shared: Vec<Arc<Market>> = universe.markets.clone();
    assert!(run(&spec(), &shared[2], &RunOptions::default()).is_ok());
}

/// A symbol whose bars always come by a second call took no part in the first: to all others it is one without bars,
/// and an instant is one row of theirs however many calls it came by.
#[test]
fn what_comes_late_disturbs_no_window_of_the_others() {
    let markets = markets(300);
    let plan = plan(&markets[0]);
    let feeds: Vec<Feed> = markets.iter().map(|m| feed(m, true)).collect();
    let panel = markets[0].peers().unwrap().panel().unwrap();
    let acts = |gives_late: bool| -> Vec<Act> {
        let mut live = Live::among(&plan, 0, &feeds, panel).unwrap();
        let (mut acts, mut late) = (Vec::new(), Vec::new());
        for &time in panel.axis().open() {
            let rows: Vec<(usize, Vec<f64>)> = (0..markets.len())
                .filter_map(|m| Some((m, markets[m].columns().axis().open().binary_search(&time).ok()?)))
                .map(|(m, row)| (m, markets[m].columns().iter().map(|(_, c)| c.to_f64()[row]).collect()))
                .collect();
            let all: Vec<Bar<'_>> = rows
                .iter()
                .map(|(feed, values)| Bar { feed: *feed, open_time: time, available: time + MINUTE, values })
                .collect();
            let (second, first): (Vec<Bar<'_>>, Vec<Bar<'_>>) = all.into_iter().partition(|bar| bar.feed == 1);
            acts.extend_from_slice(live.step(&first, &Account::UNKNOWN).unwrap());
            if gives_late && !first.is_empty() && !second.is_empty() {
                late.extend_from_slice(live.step(&second, &Account::UNKNOWN).unwrap());
            }
        }
        assert!(late.is_empty(), "it is compared with none, and bought nothing: {late:?}");
        acts
    };
    let want = acts(false);
    assert!(want.len() > 50, "{}", want.len());
    // Strengths are NaN.
    assert!(format!("{:?}", acts(true)) == format!("{want:?}"));
    // What is of an earlier instant than was compared is refused, and nothing is taken.
    let mut live = Live::among(&plan, 0, &feeds, panel).unwrap();
    let values = vec![1.0; feeds[0].columns.len()];
    let bar = |feed: usize, minute: i64| Bar {
        feed,
        open_time: minute * MINUTE,
        available: (minute + 1) * MINUTE,
        values: &values,
    };
    live.warm_up(&[bar(0, 5)]).unwrap();
    let said = live.warm_up(&[bar(1, 4)]).unwrap_err().to_string();
    assert!(said.contains("in the order in which they are complete"), "{said}");
    live.warm_up(&[bar(1, 5)]).unwrap();
}
