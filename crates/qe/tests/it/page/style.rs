//! The style sheet: that every ink can be read on its ground, in light and in dark, and that both modes say the same.

use std::collections::BTreeMap;

/// The variables of a block of the style sheet.
fn variables(block: &str) -> BTreeMap<String, String> {
    let of = |text: &str| {
        let (name, value) = text.trim().split_once(':')?;
        Some((name.trim().strip_prefix("--")?.to_owned(), value.trim().to_owned()))
    };
    block.split(';').filter_map(of).collect()
}

/// The variables in light, in dark and on paper.
fn modes() -> [BTreeMap<String, String>; 3] {
    let css = include_str!("../../../src/page/style.css");
    let block = |from: &str| {
        let at = css.find(from).unwrap_or_else(|| panic!("no {from}"));
        let open = at + css[at..].find(":root").unwrap();
        let open = open + css[open..].find('{').unwrap() + 1;
        variables(&css[open..open + css[open..].find('}').unwrap()])
    };
    [block(":root"), block("@media (prefers-color-scheme: dark)"), block("@media print")]
}

/// Red, green and blue of `#rrggbb`, linear.
fn linear(colour: &str) -> [f64; 3] {
    let hex = colour.strip_prefix('#').unwrap_or_else(|| panic!("{colour}"));
    assert_eq!(hex.len(), 6, "{colour}");
    [0, 2, 4].map(|i| {
        let v = f64::from(u8::from_str_radix(&hex[i..i + 2], 16).unwrap()) / 255.0;
        if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    })
}

/// How bright it is, as WCAG 2.2 has it.
fn luminance(colour: &str) -> f64 {
    let [r, g, b] = linear(colour);
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

fn contrast(a: &str, b: &str) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn contrasts_are_those_of_known_pairs() {
    assert!((contrast("#000000", "#ffffff") - 21.0).abs() < 1e-9);
    // The grey that WCAG's own examples give 4.54 on white.
    assert!((contrast("#767676", "#ffffff") - 4.54).abs() < 0.01);
}

#[test]
fn every_ink_can_be_read_on_its_ground() {
    for mode in modes() {
        let of = |name: &str| mode.get(name).unwrap_or_else(|| panic!("no --{name}")).as_str();
        for ink in ["ink", "soft", "link", "loss"] {
            for ground in ["bg", "card", "note-bg", "warn-bg", "good-bg"] {
                let ratio = contrast(of(ink), of(ground));
                assert!(ratio >= 4.5, "{ink} {} on {ground} {}: {ratio:.2}", of(ink), of(ground));
            }
        }
        // What is drawn, and not written, needs three to one.
        for line in ["s1", "s2", "win", "loss", "price", "box"] {
            let ratio = contrast(of(line), of("card"));
            assert!(ratio >= 3.0, "{line} {}: {ratio:.2}", of(line));
        }
        for shade in ["d", "q"] {
            for k in 0..=12 {
                let (ground, ink) = (of(&format!("{shade}{k}")), of(&format!("{shade}{k}i")));
                assert!(contrast(ground, ink) >= 4.5, "{shade}{k} {ground} {ink}");
            }
        }
    }
}

#[test]
fn ramps_rise_steadily_and_modes_have_the_same_names() {
    let modes = modes();
    for mode in &modes {
        assert!(mode.keys().eq(modes[0].keys()));
        let bright: Vec<f64> = (0..=12).map(|k| luminance(&mode[&format!("q{k}")])).collect();
        assert!(bright.windows(2).all(|w| w[0] < w[1]) || bright.windows(2).all(|w| w[0] > w[1]), "{bright:?}");
        // A diverging ramp goes one way to its middle and back from there.
        let bright: Vec<f64> = (0..=12).map(|k| luminance(&mode[&format!("d{k}")])).collect();
        let turns = |w: &[f64]| (w[1] > w[0], w[2] > w[1]);
        let n_turns = bright.windows(3).filter(|w| turns(w).0 != turns(w).1).count();
        assert_eq!(n_turns, 1, "{bright:?}");
    }
    assert_eq!(modes[0], modes[2], "paper is light");
}

/// What is seen by eyes without the cones for green (Machado, Oliveira and Fernandes, IEEE TVCG 15 (2009), full
/// strength), and without those for red.
const BLIND: [[[f64; 3]; 3]; 2] = [
    [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]],
    [[0.152_286, 1.052_583, -0.204_868], [0.114_503, 0.786_281, 0.099_216], [-0.003_882, -0.048_116, 1.051_998]],
];

#[test]
fn gain_and_loss_are_told_apart_by_eyes_that_see_fewer_colours() {
    for mode in modes() {
        for (a, b) in [("win", "loss"), ("s1", "s2"), ("d3", "d9"), ("d0", "d12"), ("d5", "d7")] {
            for blind in BLIND {
                let seen = |name: &str| {
                    let rgb = linear(&mode[name]);
                    blind.map(|row| row.iter().zip(rgb).map(|(m, v)| m * v).sum::<f64>())
                };
                let (x, y) = (seen(a), seen(b));
                // Blue against the rest: how far the share of blue is apart.
                let blue = |v: [f64; 3]| v[2] / (v[0] + v[1] + v[2]);
                assert!((blue(x) - blue(y)).abs() > 0.08, "{a} and {b}: {} {}", blue(x), blue(y));
            }
        }
    }
}
