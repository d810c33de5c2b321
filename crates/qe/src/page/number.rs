//! Numbers as people read them: thousands apart, a minus that is one, a dash for what is undefined.

use qe_core::time::{Date, Timestamp};
use qe_engine::metrics::Unit;

/// What stands for a figure that is undefined.
pub(crate) const NONE: &str = "–";

/// A number with so many decimals.
pub(crate) fn fixed(x: f64, decimals: usize) -> String {
    if x.is_nan() {
        return NONE.to_owned();
    }
    if x.is_infinite() {
        return if x > 0.0 { "∞" } else { "−∞" }.to_owned();
    }
    if x.abs() >= 1e15 {
        return format!("{x:.2e}").replace('-', "−");
    }
    let text = format!("{:.decimals$}", x.abs());
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    // What rounds to zero has no sign.
    let is_zero = text.bytes().all(|b| matches!(b, b'0' | b'.'));
    let mut out = if x < 0.0 && !is_zero { "−".to_owned() } else { String::new() };
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out + rest
}

/// A number with as many digits before its power of ten as tell apart what lies so near.
pub(crate) fn powers(v: f64, greatest: f64, least: f64) -> String {
    let digits = libm::log10(greatest / least).ceil().clamp(0.0, 12.0) as usize;
    if v == 0.0 { "0".to_owned() } else { format!("{v:.digits$e}").replace('-', "−") }
}

/// A whole number.
pub(crate) fn count(n: usize) -> String {
    fixed(n as f64, 0)
}

/// So many of a thing: `1 bar`, `2 bars`.
pub(crate) fn of(n: usize, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

/// A fraction as percent.
pub(crate) fn percent(x: f64) -> String {
    let decimals = match x.abs() {
        a if a >= 10.0 => 0,
        a if a < 1e-4 && a > 0.0 => 4,
        _ => 2,
    };
    let text = fixed(100.0 * x, decimals);
    if x.is_nan() { text } else { text + " %" }
}

/// A fraction as percent, with a plus where it is above zero.
pub(crate) fn change(x: f64) -> String {
    let text = percent(x);
    if x > 0.0 && text.contains(|c: char| ('1'..='9').contains(&c)) { format!("+{text}") } else { text }
}

/// A fraction as percent, with so many decimals of the fraction.
pub(crate) fn percent_to(x: f64, decimals: usize) -> String {
    fixed(100.0 * x, decimals.saturating_sub(2)) + " %"
}

/// Money; of small sums three digits that say something.
pub(crate) fn money(x: f64) -> String {
    let decimals = match x.abs() {
        a if a >= 1e6 => 0,
        a if a >= 0.1 || a == 0.0 => 2,
        a if a >= 0.01 => 4,
        a if a >= 0.001 => 5,
        _ => return significant(x),
    };
    fixed(x, decimals)
}

/// A price, or any number of whatever size.
pub(crate) fn significant(x: f64) -> String {
    let decimals = match x.abs() {
        a if a == 0.0 || a >= 1000.0 => 0,
        a if a >= 100.0 => 1,
        a if a >= 10.0 => 2,
        a if a >= 1.0 => 3,
        a if a >= 0.1 => 4,
        a if a >= 0.001 => 6,
        _ => return if x.is_finite() { format!("{x:.3e}").replace('-', "−") } else { fixed(x, 0) },
    };
    fixed(x, decimals)
}

/// A figure by its unit.
pub(crate) fn figure(x: Option<f64>, unit: Unit) -> String {
    match (x, unit) {
        (None, _) => NONE.to_owned(),
        (Some(x), Unit::Fraction) => percent(x),
        (Some(x), Unit::Ratio) => fixed(x, 3),
        (Some(x), Unit::Days | Unit::Count) => fixed(x, 0),
        (Some(x), Unit::Bars | Unit::PerYear) => fixed(x, 1),
    }
}

/// An instant, to the minute where it is whole.
pub(crate) fn instant(at: i64) -> String {
    let text = Timestamp(at).to_string().replace('T', " ").replace('Z', "");
    text.strip_suffix(":00").map(str::to_owned).unwrap_or(text)
}

/// A day.
pub(crate) fn day(days: i32) -> String {
    Date::from_days(days).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_money_has_digits() {
        assert_eq!(
            [0.0, 0.25, 0.0523, 0.00523, 1234.5, 2e6].map(money),
            ["0.00", "0.25", "0.0523", "0.00523", "1,234.50", "2,000,000"]
        );
        assert_eq!(money(-0.000_012), "−1.200e−5");
    }

    #[test]
    fn thousands_are_apart_and_zero_has_no_sign() {
        assert_eq!(fixed(-1_234_567.891, 2), "−1,234,567.89");
        assert_eq!(
            (fixed(999.0, 0), fixed(1000.0, 0), fixed(-0.001, 2)),
            ("999".into(), "1,000".into(), "0.00".into())
        );
        assert_eq!((fixed(f64::NAN, 2), fixed(f64::NEG_INFINITY, 2)), ("–".into(), "−∞".into()));
        assert_eq!(fixed(-1.5e300, 2), "−1.50e300");
    }

    #[test]
    fn fractions_are_percent() {
        assert_eq!(
            (percent(0.1234), percent(-0.5), percent(123.4)),
            ("12.34 %".into(), "−50.00 %".into(), "12,340 %".into())
        );
        assert_eq!((change(0.1), change(-0.1), change(0.0)), ("+10.00 %".into(), "−10.00 %".into(), "0.00 %".into()));
        assert_eq!(
            (percent(f64::NAN), change(0.000_042), change(1e-9)),
            ("–".into(), "+0.0042 %".into(), "0.0000 %".into())
        );
    }

    #[test]
    fn prices_keep_what_tells_them_apart() {
        assert_eq!(
            (significant(4321.6), significant(431.26), significant(1.08123)),
            ("4,322".into(), "431.3".into(), "1.081".into())
        );
        assert_eq!(
            (significant(0.012_345_6), significant(1.5e-9), significant(0.0)),
            ("0.012346".into(), "1.500e−9".into(), "0".into())
        );
    }

    #[test]
    fn instants_end_with_their_minute() {
        let at = Timestamp::parse("2024-01-31T14:30:00Z").unwrap().nanos();
        assert_eq!(
            (instant(at), instant(at + 1_000_000_000)),
            ("2024-01-31 14:30".into(), "2024-01-31 14:30:01".into())
        );
        assert_eq!((of(1, "bar", "bars"), of(2000, "bar", "bars")), ("1 bar".into(), "2,000 bars".into()));
    }
}
