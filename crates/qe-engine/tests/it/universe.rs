//! Universes made ready once: masks, cost inputs, features, and factor research on the same plans.

use std::sync::Arc;

use qe_core::bars::Bars;
use qe_core::instrument::Instrument;
use qe_core::par::{Pool, Threads};
use qe_core::stats::spearman;
use qe_core::timeframe::Timeframe;
use qe_data::cache::{CacheKey, Weigh};
use qe_data::market::{CrossSection, CrossSectionSpec};
use qe_engine::cache::{FEATURES, MarketCache, Universe};
use qe_engine::ledger::Refusal;
use qe_engine::market::{Market, Masks};
use qe_engine::run::{RunOptions, run};
use qe_engine::{StrategySpec, strategies};
use qe_factors::expr::{Schema, compile_scoped, parse};
use qe_factors::plan::Scope;

use crate::support::simulated;

const ALWAYS: &str = r#"
version = 1
name = "in and out"
[entry]
long = "close > close[1]"
short = "close < close[1]"
[[exits]]
time_stop = { bars = 3 }
[sizing]
fraction = "0.5"
limit_frac = 1.0
"#;

#[test]
fn what_a_mask_forbids_is_refused_with_a_reason_and_never_filled() {
    let market = simulated();
    let bars = &market.bars(Timeframe::H1).unwrap()[0];
    let n = bars.len();
    let spec = StrategySpec::from_toml(ALWAYS).unwrap();
    let every = |k: usize| -> Vec<bool> { (0..n).map(|i| i % k != 0).collect() };
    let masks = Masks {
        tradable: every(7),
        borrowable: (0..n).map(|i| i < n / 2).collect(),
        corporate_action: (0..n).map(|i| i % 11 == 0).collect(),
    };
    let plain = run(&spec, &Market::new(bars, market.calendar()).unwrap(), &RunOptions::default()).unwrap();
    let masked = Market::new(bars, market.calendar()).unwrap().with_masks(&masks).unwrap();
    let report = run(&spec, &masked, &RunOptions::default()).unwrap();
    let f = &report.ledger.fills;
    assert!(f.len() > 300 && plain.ledger.fills.len() > f.len());
    for i in 0..f.len() {
        let row = f.row[i] as usize;
        assert!(masks.tradable[row], "row {row} cannot be traded");
        let is_entry = f.cause[i] == qe_engine::ledger::Cause::Entry;
        assert!(!(is_entry && masks.corporate_action[row]), "row {row} has a corporate action");
        assert!(!(is_entry && f.units[i] < 0.0 && !masks.borrowable[row]), "row {row} has nothing to borrow");
    }
    for why in [Refusal::Blocked, Refusal::NotBorrowable, Refusal::CorporateAction] {
        assert!(report.ledger.refused.iter().any(|r| r.why == why), "{why:?}");
    }
    let short = Masks { tradable: vec![true; n - 1], ..Masks::default() };
    let text = Market::new(bars, market.calendar()).unwrap().with_masks(&short).unwrap_err().to_string();
    assert!(text.contains("the mask tradable of SPY") && text.contains(&(n - 1).to_string()), "{text}");
}

#[test]
fn impact_grows_with_the_root_of_size_and_is_paid_both_ways() {
    let market = simulated();
    let bars = &market.bars(Timeframe::H1).unwrap()[0];
    let priced = |capital: f64| {
        let text = format!("{ALWAYS}\n[execution]\ncapital = {capital:?}\n[costs]\nimpact_coef = 1.0\n");
        let spec = StrategySpec::from_toml(&text).unwrap();
        let market = Market::new(bars, market.calendar()).unwrap();
        let report = run(&spec, &market, &RunOptions::default()).unwrap();
        (report, market)
    };
    let (small, market) = priced(1e6);
    let inputs = market.cost_inputs();
    let f = &small.ledger.fills;
    let calendar = market.calendar().clone();
    for i in 0..f.len() {
        let date = calendar.day_of(market.columns().axis().open()[f.row[i] as usize]);
        let day = market.dates().iter().position(|d| *d == date).unwrap();
        let moved = (f.price[i] / f.raw[i] - 1.0).abs();
        let expected = inputs.sigma[day] * (f.units[i].abs() / inputs.adv[day]).sqrt();
        assert!((moved - expected).abs() < 1e-12, "{moved} {expected}");
        assert_eq!(f.price[i] > f.raw[i], f.units[i] > 0.0);
    }
    // A hundred times the money moves the price ten times as far: the first fill is of the same row.
    let (large, _) = priced(1e8);
    let moved = |r: &qe_engine::run::Report| r.ledger.fills.price[0] / r.ledger.fills.raw[0] - 1.0;
    assert_eq!(small.ledger.fills.row[0], large.ledger.fills.row[0]);
    assert!((moved(&large) / moved(&small) - 10.0).abs() < 1e-3, "{}", moved(&large) / moved(&small));
    // On the first days nobody knows what trades: nothing is entered, and told.
    assert!(small.ledger.refused.iter().any(|r| r.why == Refusal::NoCostInput));
}

#[test]
fn a_universe_is_made_once_and_its_features_are_what_they_say() {
    let market = simulated();
    let bars = market.bars(Timeframe::H1).unwrap();
    let with_masks: Vec<_> = bars.iter().map(|b| (b.clone(), Masks::default())).collect();
    let cache = MarketCache::new(64 << 20);
    let key = CacheKey {
        data: qe_core::ident::id_of("test", &1).unwrap(),
        symbol: "three funds".into(),
        frequency: "1h".into(),
        variant: String::new(),
    };
    let make = || Universe::new(&with_masks, market.calendar(), &Pool::inline());
    let first = cache.get_or_make(&key, make).unwrap();
    let again = cache.get_or_make(&key, || panic!("it is there")).unwrap();
    assert!(Arc::ptr_eq(&first, &again));
    assert_eq!((cache.stats().hits, cache.stats().misses), (1, 1));
    // By its bars and masks it is found without a key.
    let calendar = market.calendar();
    let of = |bars: &[(Bars, Masks)]| cache.universe(bars, calendar, &Pool::inline()).unwrap();
    let (by_bars, again) = (of(&with_masks), of(&with_masks));
    let mut masked = with_masks.clone();
    masked[0].1 = Masks { tradable: vec![false; bars[0].len()], ..Masks::default() };
    let barred = of(&masked);
    assert!(
        Arc::ptr_eq(&by_bars, &again) && !Arc::ptr_eq(&by_bars, &barred) && !Arc::ptr_eq(&by_bars, &of(&masked[1..]))
    );
    assert_ne!(barred.id().unwrap(), by_bars.id().unwrap());
    assert!(cache.universe(&[], calendar, &Pool::inline()).is_err());
    let threads = Pool::new(Threads::N(2.try_into().unwrap())).unwrap();
    let other = Universe::new(&with_masks, market.calendar(), &threads).unwrap();
    for (name, _) in FEATURES {
        let bits = |u: &Universe| u.panel.field(name).unwrap().iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&first), bits(&other), "{name}");
    }
    let (close, returns) = (bars[1].close(), first.panel.history("asset_return", "TLT").unwrap());
    assert!(returns[0].is_nan());
    (1..close.len()).for_each(|i| assert!((returns[i] - (close[i] / close[i - 1] - 1.0)).abs() < 1e-15));
    let mut ranks = [0.0; 3];
    first.panel.cross_section("momentum_rank", 500, &mut ranks).unwrap();
    ranks.sort_by(f64::total_cmp);
    assert_eq!(ranks, [1.0 / 3.0, 2.0 / 3.0, 1.0]);
    // A strategy runs over its markets as over any.
    let spec = strategies::by_name("SimpleSMA").unwrap();
    assert!(run(&spec, first.market("GLD").unwrap(), &RunOptions::default()).is_ok());
    // With spreads of their own they can be asked for them, and weigh more.
    let plain_bytes = other.n_bytes();
    let spread = other.with(|market| {
        let spread = vec![0.001; market.len()];
        market.with_spread(&spread)
    });
    let spread = spread.unwrap();
    assert_eq!(spread.n_bytes() - plain_bytes, bars.iter().map(|b| 8 * b.len()).sum::<usize>());
    let asking = StrategySpec::from_toml(&format!("{ALWAYS}\n[costs]\nmarket_spread_times = 1.0\n")).unwrap();
    assert!(run(&asking, spread.market("GLD").unwrap(), &RunOptions::default()).is_ok());
    assert!(run(&asking, first.market("GLD").unwrap(), &RunOptions::default()).is_err());
    assert!(first.market("GLDX").unwrap_err().to_string().contains("did you mean \"GLD\""));
    assert!(
        cache
            .get_or_make(&CacheKey { symbol: "none".into(), ..key }, || {
                Universe::new(&[], market.calendar(), &Pool::inline())
            })
            .is_err()
    );
}

#[test]
fn signal_return_and_mask_of_one_plan_give_the_planted_ic() {
    let spec = CrossSectionSpec { n_symbols: 300, sessions: 400, ic: 0.05, ..CrossSectionSpec::default() };
    let section = CrossSection::generate(&spec, &Pool::inline()).unwrap();
    let panel = &section.panel;
    let texts = ["signal", "forward(close / close[1] - 1, 1)", "if(volume > 0 and close > 0, 1, 0)"];
    let asts: Vec<_> = texts.iter().map(|t| parse(t).unwrap()).collect();
    let scopes = [Scope::SERIES, Scope::LABEL, Scope::SERIES];
    let named = ["signal", "return", "mask"].into_iter().zip(&asts).zip(scopes);
    let named: Vec<_> = named.map(|((name, ast), scope)| (name, ast, scope)).collect();
    let schema = Schema::new(panel.fields().map(Arc::<str>::from).collect::<Vec<_>>());
    let plan = compile_scoped(&named, &schema, None).unwrap().into_plan();
    let out = plan.eval_panel(panel, &Pool::inline()).unwrap();
    let n = panel.n_times();
    let mut ics = Vec::new();
    for t in 0..n - 1 {
        let (mut x, mut y) = (vec![], vec![]);
        for s in 0..panel.n_symbols() {
            let (signal, forward) = (out[0][s * n + t], out[1][s * n + t]);
            if out[2][s * n + t] == 1.0 && !signal.is_nan() && !forward.is_nan() {
                x.push(signal);
                y.push(forward);
            }
        }
        assert!(x.len() > 100);
        ics.push(spearman(&x, &y).unwrap());
    }
    let mean = ics.iter().sum::<f64>() / ics.len() as f64;
    // Standard error of a mean IC: 1 / sqrt(names x days) is 0.003.
    assert!((mean - section.spec.ic_at(1)).abs() < 0.01, "{mean} {}", section.spec.ic_at(1));
    assert!((section.spec.ic_at(1) - 0.05).abs() < 1e-12);
}

#[test]
fn a_universe_is_told_apart_by_all_that_its_markets_were_given() {
    let market = simulated();
    let bars = market.bars(Timeframe::H1).unwrap();
    let n = bars[0].len();
    let with = |masks: Masks| {
        let bars: Vec<_> = bars
            .iter()
            .enumerate()
            .map(|(i, b)| (b.clone(), if i == 0 { masks.clone() } else { Masks::default() }))
            .collect();
        Universe::new(&bars, market.calendar(), &Pool::inline()).unwrap()
    };
    let bare = with(Masks::default());
    assert_eq!(bare.id().unwrap(), bare.identity.id);
    let masked = |row: usize| with(Masks { tradable: (0..n).map(|i| i != row).collect(), ..Masks::default() });
    let spread = |x: f64| {
        let give = move |m: Market| {
            let spread = vec![x; m.len()];
            m.with_spread(&spread)
        };
        with(Masks::default()).with(give).unwrap()
    };
    let contracts = with(Masks::default()).with(|m| {
        let instrument = Instrument { multiplier: 50.0, ..Instrument::us_equity(m.symbol()) };
        m.with_instrument(&instrument)
    });
    let all = [bare, masked(3), masked(4), spread(0.001), spread(0.002), contracts.unwrap()];
    let ids: Vec<_> = all.iter().map(|u| u.id().unwrap()).collect();
    assert!((0..ids.len()).all(|i| !ids[..i].contains(&ids[i])), "{ids:?}");
    // The bars are the same.
    assert!(all.iter().all(|u| u.identity.id == ids[0]));
}
