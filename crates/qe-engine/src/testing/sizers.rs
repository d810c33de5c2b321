//! The contract of sizers.

use super::bars::{N, adds_up, hostile, plan, program, same, table, values, walk};
use super::fillings::{check_words, fillings};
use crate::catalog::{SizeText, Sizer};
use crate::program::SizeKind;

/// Checks a sizer. `series` goes into slots that take an expression and have no default.
///
/// # Panics
/// When it breaks its contract.
#[track_caller]
pub fn check_sizer(block: &Sizer, series: &str) {
    let slots = (block.slots)();
    let given = ["direction", "periods_per_year"];
    check_words(block.name, [block.about, block.source], &slots, &[block.text], &given);
    for filling in fillings(block.name, &slots, series) {
        for (word, direction) in [("long", "1"), ("short", "-1")] {
            let place = &format!("{}, {word}", filling.place);
            let text = filling.text(block.text, &[("direction", direction)]);
            let rule = match block.what {
                SizeText::Size(SizeKind::Fraction) => format!("fraction = '{text}'"),
                SizeText::Size(SizeKind::Value) => format!("value = '{text}'"),
                SizeText::Size(SizeKind::Units) => format!("units = '{text}'"),
                SizeText::Weight => format!("target_weight = {{ weight = '{text}' }}"),
            };
            let entry = match block.what {
                SizeText::Weight => String::new(),
                SizeText::Size(_) => {
                    format!("[entry]\n{word} = 'close > open'\n[[exits]]\ntime_stop = {{ bars = 5 }}\n")
                }
            };
            let (spec, plan) = plan(place, &format!("{entry}[sizing]\n{rule}\nlimit_frac = 1.0\n"));
            let program = program(place, &plan);
            let source = match block.what {
                SizeText::Weight => program.weight.unwrap_or(program.size.source),
                SizeText::Size(_) => program.size.source,
            };
            let side = if word == "long" { 1.0 } else { -1.0 };
            let says = |prices, end| values(&plan, source, &table(prices, end), 0, side);
            let (prices, is_weight) = (walk(5), block.what == SizeText::Weight);
            let whole = says(&prices, N);
            let is_size = |v: &f64| v.is_nan() || v.is_finite() && (is_weight || *v >= 0.0);
            let odd = whole.iter().find(|v| !is_size(v));
            assert_eq!(odd, None, "{place}: that is no size; a side is no sign");
            for end in [1, 2, 37, N / 2] {
                same(place, "it must not see the future", &says(&prices, end), &whole);
            }
            // Where nothing moves a size may be missing, never without bounds; what is no price makes none that is.
            let odd = says(&hostile(6), N);
            let still = odd[..N / 4].iter().find(|v| !is_size(v));
            assert_eq!(still, None, "{place}: where the price stands still that is no size");
            // A weight is what it is given.
            let is_bounded = is_weight || odd.iter().all(|v| *v != f64::NEG_INFINITY);
            assert!(is_bounded, "{place}: hostile bars make it infinite on the wrong side");
            if filling.is_default {
                let unknown = whole.iter().skip(program.lookback).position(|v| v.is_nan());
                assert_eq!(unknown, None, "{place}: missing so many rows after its lookback of {}", program.lookback);
                adds_up(place, &spec);
            }
        }
    }
}
