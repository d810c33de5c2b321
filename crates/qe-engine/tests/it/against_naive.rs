//! The simulator against a naive one that was written from the contract alone.

use std::collections::BTreeMap;

use qe_core::rng::Stream;
use qe_engine::batch::{Figures, Stretch, Warmup, run, run_with_ledger};
use qe_engine::fills::PathPolicy;
use qe_engine::ledger::{Cause, Ledger};
use qe_engine::market::Market;
use qe_engine::outcome::{NAMES, Years, values};
use qe_engine::program::{Execution, StrategyPlan};
use qe_engine::range::over_policies;

use crate::naive::{Data, Filled, Outcome, simulate};
use crate::random::{
    Given, Sketch, at_once, before_events, flat, market, market_before_events, one, sketch, weights, wild,
};

fn fills(ledger: &Ledger) -> Vec<Filled> {
    let f = &ledger.fills;
    (0..f.len())
        .map(|i| Filled {
            row: f.row[i] as usize,
            phase: f.phase[i],
            units: f.units[i],
            raw: f.raw[i],
            price: f.price[i],
            fee: f.fee[i],
            cash: f.cash[i],
            held: f.held[i],
            cause: f.cause[i],
            is_ambiguous: f.is_ambiguous[i],
            signal_row: f.signal_row[i] as usize,
            strength: f.strength[i],
        })
        .collect()
}

/// As bits, so that NaN is itself.
fn bits(f: &Filled) -> impl PartialEq + use<> {
    let x = [f.units, f.raw, f.price, f.fee, f.cash, f.held, f.strength].map(f64::to_bits);
    (f.row, f.phase, x, f.cause, f.is_ambiguous, f.signal_row)
}

fn differ(figures: &Figures, ledger: &Ledger, naive: &Outcome, capital: f64) -> Option<String> {
    let real = fills(ledger);
    for i in 0..real.len().max(naive.fills.len()) {
        let (a, b) = (real.get(i), naive.fills.get(i));
        if a.map(bits) != b.map(bits) {
            return Some(format!(
                "fill {i}:\n real  {a:?}\n naive {b:?}\n after {:?}",
                i.checked_sub(1).map(|i| real[i])
            ));
        }
    }
    let refused: Vec<_> = ledger.refused.iter().map(|r| (r.row as usize, r.side, r.why)).collect();
    for i in 0..refused.len().max(naive.refused.len()) {
        let (a, b) = (refused.get(i), naive.refused.get(i));
        if a != b {
            return Some(format!("refusal {i}: real {a:?} naive {b:?}"));
        }
    }
    let carries: Vec<_> = ledger.carries.iter().map(|c| (c.row as usize, c.money)).collect();
    for i in 0..carries.len().max(naive.carries.len()) {
        let (a, b) = (carries.get(i), naive.carries.get(i));
        if a != b {
            return Some(format!("carry {i}: real {a:?} naive {b:?}"));
        }
    }
    let undecided: Vec<_> = ledger.undecided.iter().map(|u| u.row as usize).collect();
    if undecided != naive.undecided {
        return Some(format!("undecided: real {undecided:?} naive {:?}", naive.undecided));
    }
    let far = |name: &str, a: f64, b: f64, eps: f64| {
        let is_near = (a - b).abs() <= eps * a.abs().max(b.abs()).max(1.0) || a.is_nan() && b.is_nan();
        (!is_near).then(|| format!("{name}: real {a:?} naive {b:?}"))
    };
    if figures.days.len() != naive.days.len() {
        return Some(format!("days: real {} naive {}", figures.days.len(), naive.days.len()));
    }
    let days = figures.days.iter().zip(&naive.days).enumerate();
    let day = days.filter_map(|(i, (a, b))| far(&format!("day {i}"), *a, *b, 1e-12)).next();
    let total = naive.equity.last().map_or(0.0, |e| e / capital - 1.0);
    day.or_else(|| far("drawdown", figures.max_drawdown, naive.max_drawdown, 1e-12))
        .or_else(|| far("total", figures.total_return, total, 1e-12))
        .or_else(|| far("sum", figures.sum, naive.sum, 1e-9))
        .or_else(|| far("sum_sq", figures.sum_sq, naive.sum_sq, 1e-9))
        .or_else(|| tally(figures, naive))
        .or_else(|| far("steps", figures.n_steps as f64, naive.equity.len() as f64, 0.0))
}

/// What trades came to, by the names that outcomes have.
fn tally(figures: &Figures, naive: &Outcome) -> Option<String> {
    let years = Years { steps_per_year: 1.0, days_per_year: 1.0 };
    let values = values(figures, &[], years);
    let won = |is: fn(f64) -> bool| naive.trips.iter().map(|t| t.0).filter(move |won| is(*won));
    let (wins, losses) = (won(|x| x > 0.0), won(|x| x < 0.0));
    let n = naive.trips.len() as f64;
    let expected = [
        ("n_trades", n),
        ("n_wins", wins.clone().count() as f64),
        ("n_losses", losses.clone().count() as f64),
        ("gross_win", wins.sum()),
        ("gross_loss", -losses.sum::<f64>()),
        ("n_days_in_market", naive.days_in.len() as f64),
        ("avg_trade_bars", naive.trips.iter().map(|t| t.1 as f64).sum::<f64>() / n),
        ("turnover", naive.turnover),
        ("cost", naive.costs),
        ("carry", naive.carries.iter().map(|c| c.1).sum()),
        ("n_undecided", naive.trips.iter().filter(|t| t.2).count() as f64),
        ("n_refused", naive.refused.len() as f64),
    ];
    let real = |name: &str| values[NAMES.iter().position(|n| *n == name).unwrap()];
    let far = |a: f64, b: f64| (a - b).abs() > 1e-12 * a.abs().max(b.abs()).max(1.0) || a.is_nan() != b.is_nan();
    let first = expected.into_iter().find(|(name, x)| far(real(name), *x));
    first.map(|(name, x)| format!("{name}: real {:?} naive {x:?}", real(name)))
}

/// The range over policies and turned bars, run by run.
fn turned(plan: &StrategyPlan, market: &Market, data: &Data, stretch: &Stretch) -> Option<String> {
    const MOST: usize = 3;
    let range = over_policies(plan, 0, market, stretch, MOST).unwrap();
    let capital = plan.execution.capital;
    let way = |policy: PathPolicy, turned: Option<usize>| {
        let plan = StrategyPlan { execution: Execution { path: policy, ..plan.execution }, ..plan.clone() };
        let naive = simulate(&plan, 0, data, stretch.rows.clone(), turned);
        let n_undecided = naive.trips.iter().filter(|t| t.2).count() as u64;
        let pnl = naive.equity.last().map_or(0.0, |e| e - capital);
        ((policy, turned.map(|row| row as u32), pnl, naive.trips.len() as u64, n_undecided), naive.undecided)
    };
    let (policies, undecided): (Vec<_>, Vec<_>) = PathPolicy::ALL.into_iter().map(|p| way(p, None)).unzip();
    let n_not_turned: usize = undecided.iter().map(|rows| rows.len().saturating_sub(MOST)).sum();
    let share = |w: &(PathPolicy, Option<u32>, f64, u64, u64)| if w.3 == 0 { 0.0 } else { w.4 as f64 / w.3 as f64 };
    let undecided_frac = policies.iter().map(share).fold(0.0, f64::max);
    let one_way = |(policy, rows): (PathPolicy, &Vec<usize>)| {
        rows.iter().take(MOST).map(|row| way(policy, Some(*row)).0).collect::<Vec<_>>()
    };
    let turned: Vec<_> = PathPolicy::ALL.into_iter().zip(&undecided).flat_map(one_way).collect();
    let naive: Vec<_> = policies.into_iter().chain(turned).collect();
    let real: Vec<_> = range.ways.iter().map(|w| (w.policy, w.turned, w.pnl, w.n_trades, w.n_undecided)).collect();
    if real != naive {
        let first = real.iter().zip(&naive).find(|(a, b)| a != b);
        return Some(format!("ways, {} and {}: real, naive {first:?}", real.len(), naive.len()));
    }
    let (low, high) = naive.iter().fold((f64::MAX, f64::MIN), |(low, high), w| (low.min(w.2), high.max(w.2)));
    let whole = (range.pnl.low, range.pnl.high, range.undecided_frac, range.n_not_turned);
    let expected = (low, high, undecided_frac, n_not_turned);
    (whole != expected).then(|| format!("range: real {whole:?} naive {expected:?}"))
}

/// A market and what it was given, of so many rows at most.
type MakeMarket = fn(&mut Stream, usize) -> (Market, Given);

fn try_case(id: u64, make: fn(&mut Stream) -> Sketch, market: MakeMarket) -> (Outcome, Option<String>) {
    let mut r = Stream::new(7, "against naive", id);
    let n = match r.below(40) {
        0 => 20_000,
        1 => 1 + r.below(3) as usize,
        2..=8 => 1 + r.below(3000) as usize,
        _ => 1 + r.below(400) as usize,
    };
    let (market, given) = market(&mut r, n);
    let sketch = make(&mut r);
    let plan = sketch.plan();
    let (start, end) = match r.below(3) {
        0 => (r.below(n as u64) as usize, n),
        1 => {
            let start = r.below(n as u64) as usize;
            (start, start + 1 + r.below((n - start) as u64) as usize)
        }
        _ => (0, n),
    };
    let (start, end) = (start.min(market.len() - 1), end.min(market.len()).max(start.min(market.len() - 1) + 1));
    let stretch = Stretch {
        rows: start..end,
        warmup: Warmup::Idle,
        daily: true,
        max_bytes: one(&mut r, &[1, 1 << 16, 1 << 20, 1 << 28]),
    };
    let (figures, ledger) = run_with_ledger(&plan, 0, &market, &stretch).unwrap();
    if market.len() > 1024 {
        let other = run(&plan, &market, &Stretch { max_bytes: 2, ..stretch }).unwrap().remove(0).unwrap();
        assert_eq!(format!("{figures:?}"), format!("{other:?}"), "case {id} in other sections");
    }
    let data = Data::new(&plan, &market, &given);
    let naive = simulate(&plan, 0, &data, start..end, None);
    let stretch = Stretch { rows: start..end, warmup: Warmup::Idle, daily: false, max_bytes: 1 << 20 };
    let why = differ(&figures, &ledger, &naive, plan.execution.capital)
        .or_else(|| (end - start < 500).then(|| turned(&plan, &market, &data, &stretch)).flatten())
        .map(|why| format!("case {id}, {start}..{end} of {}:\n{why}\n{sketch:?}", market.len()));
    (naive, why)
}

#[test]
fn entries_and_exits_are_the_naive_simulator_s() {
    many(sketch);
}

#[test]
fn decisions_that_are_filled_at_once_are_the_naive_simulator_s() {
    many(at_once);
}

#[test]
fn weights_are_the_naive_simulator_s() {
    many(weights);
}

#[test]
fn rules_of_any_shape_are_the_naive_simulator_s() {
    many(wild);
}

#[test]
fn sessions_that_lack_their_last_bars_are_the_naive_simulator_s() {
    let seen = many(flat);
    assert!(seen.get("SessionMissed 2").is_some_and(|n| *n >= 10), "{seen:?}");
}

#[test]
fn entries_before_events_are_the_naive_simulator_s() {
    let seen = many(before_events);
    assert!(seen.get("Blackout").is_some_and(|n| *n >= 300), "{seen:?}");
}

#[test]
fn entries_before_events_are_the_naive_simulator_s_where_bars_are_missing() {
    let seen = many_of(before_events, market_before_events);
    // Taken back at a close, and at an open before which no bar told that an event is near.
    for (what, least) in
        [("Blackout", 1_400), ("entry at an open", 200), ("resting at an open", 50), ("weight at an open", 400)]
    {
        assert!(seen.get(what).is_some_and(|n| *n >= least), "{what} of {seen:?}");
    }
}

/// How many cases of each kind are tried.
const CASES: u64 = 3000;

fn many(make: fn(&mut Stream) -> Sketch) -> BTreeMap<String, u64> {
    many_of(make, market)
}

fn many_of(make: fn(&mut Stream) -> Sketch, market: MakeMarket) -> BTreeMap<String, u64> {
    let (mut seen, mut faults) = (BTreeMap::<String, u64>::new(), Vec::new());
    for id in 0..CASES {
        let (naive, why) = try_case(id, make, market);
        faults.extend(why);
        assert!(faults.len() < 5, "{}", faults.join("\n\n"));
        let mut count = |what: String| *seen.entry(what).or_default() += 1;
        let kind = |cause: Cause| if let Cause::Exit(_) = cause { "Exit".to_owned() } else { format!("{cause:?}") };
        naive.fills.iter().for_each(|f| count(format!("{} {}", kind(f.cause), f.phase)));
        naive.fills.iter().filter(|f| f.is_ambiguous).for_each(|_| count("ambiguous".into()));
        naive.refused.iter().for_each(|(_, _, why)| count(format!("{why:?}")));
        naive.late_blackouts.iter().for_each(|what| count(format!("{what} at an open")));
        naive.carries.iter().for_each(|_| count("carry".into()));
        naive.undecided.iter().for_each(|_| count("undecided".into()));
        if naive.equity.last() == Some(&0.0) {
            count("ruin".into());
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    // Every way of filling, every reason not to, and ruin: often.
    let common = [
        "Entry 0",
        "Entry 2",
        "Exit 0",
        "Exit 1",
        "Exit 2",
        "Opposite 0",
        "Opposite 2",
        "SessionEnd 2",
        "SessionMissed 0",
    ];
    let common = common.into_iter().chain(["ambiguous", "Blocked", "NoPrice", "NoSize", "Gate", "carry", "ruin"]);
    let common = common.chain(["NotBorrowable", "CorporateAction", "NoCostInput", "undecided"]);
    let wanted: Vec<&str> = if seen.contains_key("Weight 0") {
        common.chain(["Weight 0", "Weight 2", "CappedByLeverage", "CappedByLimit"]).collect()
    } else if seen.contains_key("Entry 1") {
        common.chain(["Expired", "CappedByLeverage", "CappedByLimit", "RoundedToLot"]).collect()
    } else {
        ["Entry 0", "Entry 2", "Exit 0", "Exit 2", "Opposite 0", "Opposite 2", "NoSize", "carry", "ruin"].into()
    };
    let rare: Vec<_> = wanted.into_iter().filter(|what| seen.get(*what).is_none_or(|n| *n < 30)).collect();
    assert!(rare.is_empty(), "{rare:?} of {seen:?}");
    seen
}
