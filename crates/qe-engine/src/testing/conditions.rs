//! The contract of entries and filters.

use super::bars::{N, adds_up, hostile, mirrored, plan, program, same, table, values, walk};
use super::fillings::{check_words, fillings};
use crate::catalog::{ConditionBlock, condition};
use crate::program::Source;
use crate::spec::Side;

/// What enters, written out: the lines of a strategy, and the place of its side.
fn lines(block: &ConditionBlock, text: &str) -> (String, usize) {
    let (word, side) = if block.side == Some(Side::Short) { ("short", 1) } else { ("long", 0) };
    (format!("[entry]\n{word} = '{text}'\n[[exits]]\ntime_stop = {{ bars = 5 }}\n"), side)
}

/// Checks an entry or a filter. `series` goes into slots that take an expression and have no default.
///
/// # Panics
/// When it breaks its contract.
#[track_caller]
pub fn check_condition(block: &ConditionBlock, series: &str) {
    let slots = (block.slots)();
    check_words(block.name, [block.about, block.source], &slots, &[block.text], &[]);
    for filling in fillings(block.name, &slots, series) {
        let place = &filling.place;
        let (lines, side) = lines(block, &filling.text(block.text, &[]));
        let (spec, plan) = plan(place, &lines);
        let program = program(place, &plan);
        let Some(source) = program.entry[side] else { panic!("{place}: it enters nothing") };
        // What always holds says nothing, of whatever row.
        if block.text == "true" {
            continue;
        }
        let prices = walk(1);
        let says = |prices, end| values(&plan, source, &table(prices, end), 0, 1.0);
        let whole = says(&prices, N);
        let is_condition = |v: &f64| v.is_nan() || *v == 0.0 || *v == 1.0;
        assert!(whole.iter().all(is_condition), "{place}: it is no condition");
        for end in [1, 2, 37, N / 2] {
            same(place, "it must not see the future", &says(&prices, end), &whole);
        }
        if filling.is_default {
            let unknown = whole.iter().skip(program.lookback).position(|v| v.is_nan());
            assert_eq!(unknown, None, "{place}: unknown so many rows after its lookback of {}", program.lookback);
            adds_up(place, &spec);
        }
        let odd = says(&hostile(2), N);
        assert!(odd.iter().all(is_condition), "{place}: hostile bars make it something else than a condition");
        let signal = odd[3 * N / 4..].iter().position(|v| *v == 1.0);
        assert_eq!(signal, None, "{place}: it signals in a row of which nothing is known");
    }
    // Written by name it is the same strategy.
    if condition(block.name).is_some_and(|known| std::ptr::eq(known, block) || known.text == block.text) {
        let by_hand = fillings(block.name, &slots, series).swap_remove(0).text(block.text, &[]);
        let needed = slots.iter().filter(|s| s.default().is_none()).map(|s| format!("{} = '{series}'", s.name()));
        let args = needed.collect::<Vec<_>>().join(", ");
        let hand = lines(block, &by_hand).0;
        let name = hand.replace(&format!("'{by_hand}'"), &format!("{{ {} = {{ {args} }} }}", block.name));
        let ids = [hand, name].map(|lines| plan(block.name, &lines).1.spec_id);
        assert_eq!(ids[0], ids[1], "{}: its name and its text are two strategies", block.name);
    }
}

/// Checks that an entry and its counterpart mirror each other: what one says of bars at the defaults the other says of
/// their image. `series` are what goes into slots without a default, for the one and for the other.
///
/// # Panics
/// When they do not.
#[track_caller]
pub fn check_mirror(long: &ConditionBlock, short: &ConditionBlock, series: [&str; 2]) {
    let place = format!("{} and {}", long.name, short.name);
    let sides = (long.side, short.side);
    let is_pair = matches!(sides, (Some(Side::Long), Some(Side::Short)) | (None, None));
    assert!(is_pair, "{place}: they speak for {sides:?}");
    let mut n_signals = 0;
    for seed in 1..6 {
        let prices = walk(seed);
        let image = mirrored(&prices);
        let [of_bars, of_image] =
            [(long, &prices, series[0]), (short, &image, series[1])].map(|(block, prices, series)| {
                let filling = fillings(block.name, &(block.slots)(), series).swap_remove(0);
                let (lines, side) = lines(block, &filling.text(block.text, &[]));
                let plan = plan(&place, &lines).1;
                let source = program(&place, &plan).entry[side].unwrap_or(Source::Number(f64::NAN));
                values(&plan, source, &table(prices, N), 0, 1.0)
            });
        same(&place, "the image says something else", &of_image, &of_bars);
        n_signals += of_bars.iter().filter(|v| **v == 1.0).count();
    }
    assert!(n_signals > 0, "{place}: neither signals, so nothing was compared");
}
