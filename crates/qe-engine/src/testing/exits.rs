//! The contract of exits.

use super::bars::{MIDDLE, N, adds_up, hostile, mirrored, plan, program, same, table, values, walk};
use super::fillings::{Filling, check_words, fillings};
use crate::catalog::{ExitBlock, SidedRule};
use crate::program::{ExitKind, StrategyPlan};

/// Entries of both sides, as an exit may read them.
const ENTRIES: [&str; 2] = ["close > open", "close < open"];

/// Checks an exit. `series` goes into slots that take an expression and have no default.
///
/// # Panics
/// When it breaks its contract.
#[track_caller]
pub fn check_exit(block: &ExitBlock, series: &str) {
    let slots = (block.slots)();
    let texts: Vec<&str> = block.rules.iter().flat_map(|rule| rule.texts).collect();
    check_words(block.name, [block.about, block.source], &slots, &texts, &["other_entry"]);
    assert!(block.flat_at_session_end || !block.rules.is_empty(), "{}: it closes nothing", block.name);
    let mut reached = vec![false; block.rules.len()];
    for filling in fillings(block.name, &slots, series) {
        let meant = |rule: &SidedRule| filling.means(rule.only);
        assert!(block.rules.is_empty() || block.rules.iter().any(meant), "{}: nothing is left", filling.place);
        for (i, rule) in block.rules.iter().enumerate().filter(|(_, rule)| meant(rule)) {
            reached[i] = true;
            check_rule(&filling, rule);
        }
    }
    let idle = reached.iter().position(|r| !r);
    assert_eq!(idle, None, "{}: no switch reaches that rule", block.name);
}

/// The lines of a strategy with a rule on one side or on both.
fn lines(filling: &Filling, rule: &SidedRule, sides: &[usize]) -> String {
    let kind = format!("{:?}", rule.kind).to_lowercase();
    let mut out = format!("[entry]\nlong = '{}'\nshort = '{}'\n", ENTRIES[0], ENTRIES[1]);
    for &side in sides {
        let text = filling.text(rule.texts[side], &[("other_entry", ENTRIES[1 - side])]);
        out += &format!("[[exits]]\n{kind} = '{text}'\nside = \"{}\"\n", ["long", "short"][side]);
    }
    out
}

#[track_caller]
fn check_rule(filling: &Filling, rule: &SidedRule) {
    let place = &format!("{}, {:?}", filling.place, rule.kind);
    let (spec, both) = plan(place, &lines(filling, rule, &[0, 1]));
    let rules = program(place, &both).exits;
    assert!(rules.iter().all(|r| r.len() == 1 && r[0].kind == rule.kind), "{place}: it comes to {rules:?}");
    let says = |plan: &StrategyPlan, side: usize, prices: &[Vec<f64>; 5], end: usize, signal: usize| {
        let source = program(place, plan).exits[side][0].source;
        values(plan, source, &table(prices, end), signal, [1.0, -1.0][side])
    };
    let is_right = |v: &f64| v.is_nan() || if rule.kind == ExitKind::When { *v == 0.0 || *v == 1.0 } else { true };
    let prices = walk(3);
    let image = mirrored(&prices);
    let signal = 60;
    let of = |prices, side| says(&both, side, prices, N, signal);
    let [long, short] = [of(&prices, 0), of(&prices, 1)];
    let [long_of_image, short_of_image] = [of(&image, 0), of(&image, 1)];
    for (side, whole) in [&long, &short].into_iter().enumerate() {
        assert!(whole.iter().all(is_right), "{place}: it is neither a condition nor a price");
        assert!(whole.iter().all(|v| !v.is_infinite()), "{place}: it is infinite");
        for end in [signal + 1, signal + 2, N / 2] {
            same(place, "it must not see the future", &says(&both, side, &prices, end, signal), whole);
        }
        // What it remembers belongs to its position: what came before changes nothing.
        let odd = says(&both, side, &hostile(4), N, N / 4);
        assert!(odd.iter().all(is_right), "{place}: hostile bars make it something else");
        let missing = &odd[3 * N / 4..];
        let fires = rule.kind == ExitKind::When && reads_market(&both, side, place) && missing.contains(&1.0);
        assert!(!fires, "{place}: it fires in a row of which nothing is known");
        let alone = plan(place, &lines(filling, rule, &[side])).1;
        let source = program(place, &alone).exits[side][0].source;
        let alone = values(&alone, source, &table(&prices, N), signal, [1.0, -1.0][side]);
        same(place, "it depends on the other side's rule", &alone, whole);
    }
    if rule.texts[0] != rule.texts[1] {
        let of_long: [&[f64]; 2] = [&long, &short_of_image];
        let of_short: [&[f64]; 2] = [&short, &long_of_image];
        [of_long, of_short].into_iter().for_each(|pair| mirror(place, rule.kind, pair, signal));
        // Once it is entered: what ratchets may pass the other later.
        let (l, s) = (long[signal + 1], short[signal + 1]);
        let asked = |kind: ExitKind| filling.is_default && rule.kind == kind && !l.is_nan() && !s.is_nan();
        assert!(!asked(ExitKind::Stop) || l < s, "{place}: a long stop at {l} lies above a short one at {s}");
        assert!(!asked(ExitKind::Target) || l > s, "{place}: a long target at {l} lies below a short one at {s}");
    }
    if rule.kind == ExitKind::Trail {
        assert!(long.iter().chain(&short).all(|v| v.is_nan() || *v > 0.0), "{place}: a distance is above 0");
    }
    if filling.is_default {
        assert!(long[signal + 1..].iter().any(|v| !v.is_nan()), "{place}: it never knows anything");
        adds_up(place, &spec);
    }
}

/// Whether a rule reads columns of the market at all: one that counts bars fires whatever they say.
fn reads_market(plan: &StrategyPlan, side: usize, place: &str) -> bool {
    match program(place, plan).exits[side][0].source {
        crate::program::Source::Rule(idx) => !plan.compiled.rules()[idx].inputs().is_empty(),
        crate::program::Source::Output(_) => true,
        crate::program::Source::Number(_) => false,
    }
}

/// The rule of a side on bars and that of the other side on their image. Shares of a price are no differences, so
/// levels may be a little off, and conditions may turn over in a few rows.
#[track_caller]
fn mirror(place: &str, kind: ExitKind, [own, image]: [&[f64]; 2], signal: usize) {
    let known = |i: &usize| !own[*i].is_nan() || !image[*i].is_nan();
    let rows: Vec<usize> = (signal..own.len()).filter(known).collect();
    let off = |i: &&usize| {
        let (a, b) = (own[**i], image[**i]);
        match kind {
            ExitKind::When => a != b,
            ExitKind::Trail => (a - b).abs() > 0.02 * a.abs(),
            ExitKind::Stop | ExitKind::Target => {
                let far = (a - MIDDLE).abs().max((b - MIDDLE).abs());
                a.is_nan() != b.is_nan() || (a + b - 2.0 * MIDDLE).abs() > 0.1 * far + 0.02
            }
        }
    };
    let n_off = rows.iter().filter(off).count();
    let allowed = if kind == ExitKind::When { rows.len() / 20 } else { 0 };
    let first = rows.iter().find(off).map(|i| (i, own[*i], image[*i]));
    assert!(n_off <= allowed, "{place}: in {n_off} of {} rows the sides are no mirror: {first:?}", rows.len());
}
