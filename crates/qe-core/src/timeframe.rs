//! The width of a bar: a count and a unit, written `5m`, `1h`, `1d`.
//!
//! Milliseconds, seconds, minutes and hours have a fixed width and cut a session; days, weeks and months are made of
//! sessions and have none. A timeframe is kept in the largest unit that holds it whole among the fixed ones, so `60m`
//! is `1h`. It never crosses from hours to days: `24h` is a width, `1d` is a session, and the two differ wherever an
//! exchange closes.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, Result};
use crate::time::{
    NANOS_PER_DAY, NANOS_PER_HOUR, NANOS_PER_MILLISECOND, NANOS_PER_MINUTE, NANOS_PER_SECOND, deserialize_text,
};

const MEND: &str = "write a count and a unit: 500ms, 1s, 5m, 1h, 1d, 1w, 1mo";
/// A hundred years, the longest timeframe.
const LONGEST: i64 = 36_525 * NANOS_PER_DAY;
/// The mean Gregorian month, for ordering only.
const MEAN_MONTH: i64 = 2_629_746 * NANOS_PER_SECOND;

/// What a timeframe counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// Milliseconds, `ms`.
    Millisecond,
    /// Seconds, `s`.
    Second,
    /// Minutes, `m`.
    Minute,
    /// Hours, `h`.
    Hour,
    /// Sessions, `d`.
    Day,
    /// Calendar weeks from Monday, `w`.
    Week,
    /// Calendar months, `mo`.
    Month,
}

impl Unit {
    /// How it is written.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Millisecond => "ms",
            Self::Second => "s",
            Self::Minute => "m",
            Self::Hour => "h",
            Self::Day => "d",
            Self::Week => "w",
            Self::Month => "mo",
        }
    }

    /// Its width, for days and longer nominally.
    const fn nominal_nanos(self) -> i64 {
        match self {
            Self::Millisecond => NANOS_PER_MILLISECOND,
            Self::Second => NANOS_PER_SECOND,
            Self::Minute => NANOS_PER_MINUTE,
            Self::Hour => NANOS_PER_HOUR,
            Self::Day => NANOS_PER_DAY,
            Self::Week => 7 * NANOS_PER_DAY,
            Self::Month => MEAN_MONTH,
        }
    }

    /// The unit above it, and how many of this make one, where that is exact.
    const fn next(self) -> Option<(Self, u32)> {
        match self {
            Self::Millisecond => Some((Self::Second, 1_000)),
            Self::Second => Some((Self::Minute, 60)),
            Self::Minute => Some((Self::Hour, 60)),
            _ => None,
        }
    }

    /// Whether it has a fixed width within a session.
    const fn is_intraday(self) -> bool {
        matches!(self, Self::Millisecond | Self::Second | Self::Minute | Self::Hour)
    }
}

/// The width of a bar. See the module's header for what equals what.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Timeframe {
    n: u32,
    unit: Unit,
}

impl Timeframe {
    /// One second.
    pub const S1: Self = Self { n: 1, unit: Unit::Second };
    /// One minute.
    pub const M1: Self = Self { n: 1, unit: Unit::Minute };
    /// Five minutes.
    pub const M5: Self = Self { n: 5, unit: Unit::Minute };
    /// Fifteen minutes.
    pub const M15: Self = Self { n: 15, unit: Unit::Minute };
    /// Thirty minutes.
    pub const M30: Self = Self { n: 30, unit: Unit::Minute };
    /// One hour.
    pub const H1: Self = Self { n: 1, unit: Unit::Hour };
    /// Four hours.
    pub const H4: Self = Self { n: 4, unit: Unit::Hour };
    /// One session.
    pub const D1: Self = Self { n: 1, unit: Unit::Day };
    /// One week.
    pub const W1: Self = Self { n: 1, unit: Unit::Week };
    /// One month.
    pub const MO1: Self = Self { n: 1, unit: Unit::Month };

    /// `n` units, in the largest fixed unit that holds them whole. At least one, at most a hundred years.
    pub fn new(n: u32, unit: Unit) -> Result<Self> {
        let long = i128::from(n) * i128::from(unit.nominal_nanos()) > i128::from(LONGEST);
        if n == 0 || long {
            let reason = if long { "it is longer than a hundred years" } else { "a bar has a width" };
            return Err(Error::invalid("timeframe", format_args!("{n}{}", unit.suffix()), reason, MEND));
        }
        let (mut n, mut unit) = (n, unit);
        while let Some((above, size)) = unit.next() {
            if n % size != 0 {
                break;
            }
            (n, unit) = (n / size, above);
        }
        Ok(Self { n, unit })
    }

    /// The timeframe of a fixed width, in its largest whole unit: 3,600,000,000,000 ns is `1h`. It must be whole
    /// milliseconds.
    pub fn from_nanos(nanos: i64) -> Result<Self> {
        for unit in [Unit::Hour, Unit::Minute, Unit::Second, Unit::Millisecond] {
            let width = unit.nominal_nanos();
            if nanos > 0
                && nanos % width == 0
                && let Ok(n) = u32::try_from(nanos / width)
            {
                return Self::new(n, unit);
            }
        }
        Err(Error::invalid("timeframe", format_args!("{nanos} ns"), "it is not a whole number of milliseconds", MEND))
    }

    /// Reads `5m`, `1h`, `1d`, `1w`, `1mo`; also `1min`, `1D`, `60m` and the like. `m` is minutes and `mo` months;
    /// a capital `M` is refused, because feeds disagree about it.
    pub fn parse(text: &str) -> Result<Self> {
        let bad = |reason: &str, mend: &str| Error::parse("a timeframe", text, reason, mend);
        let trimmed = text.trim();
        let split = trimmed.bytes().take_while(u8::is_ascii_digit).count();
        let (count, suffix) = trimmed.split_at(split);
        if count.is_empty() {
            return Err(bad("it does not start with a count", MEND));
        }
        let suffix = suffix.trim_start();
        if suffix == "M" {
            return Err(bad(
                "M could be minutes or months",
                &format!("write {count}m for minutes, {count}mo for months"),
            ));
        }
        let unit = match suffix.to_ascii_lowercase().as_str() {
            "ms" | "milli" | "millisecond" | "milliseconds" => Unit::Millisecond,
            "s" | "sec" | "secs" | "second" | "seconds" => Unit::Second,
            "m" | "min" | "mins" | "minute" | "minutes" => Unit::Minute,
            "h" | "hr" | "hour" | "hours" => Unit::Hour,
            "d" | "day" | "days" => Unit::Day,
            "w" | "wk" | "week" | "weeks" => Unit::Week,
            "mo" | "mon" | "month" | "months" => Unit::Month,
            "" => return Err(bad("the unit is missing", MEND)),
            _ => return Err(bad("the unit is not one of ms, s, m, h, d, w, mo", MEND)),
        };
        let n = count.parse::<u32>().map_err(|_| bad("the count is too large", MEND))?;
        Self::new(n, unit).map_err(|e| match e {
            Error::Invalid { reason, .. } => bad(&reason, MEND),
            other => other,
        })
    }

    /// How many units.
    pub const fn n(self) -> u32 {
        self.n
    }

    /// Of which unit.
    pub const fn unit(self) -> Unit {
        self.unit
    }

    /// Its width in nanoseconds where that is fixed, so for everything below a day.
    pub const fn nanos(self) -> Option<i64> {
        if self.unit.is_intraday() { Some(self.nominal_nanos()) } else { None }
    }

    /// Its width in nanoseconds, with a day of 24 hours and a month of 30.436875 days where it has none. For ordering
    /// and rough sizes, never for cutting bars.
    pub const fn nominal_nanos(self) -> i64 {
        // The product was bounded when it was made.
        self.n as i64 * self.unit.nominal_nanos()
    }

    /// Whether it cuts sessions, so is made of hours or less.
    pub const fn is_intraday(self) -> bool {
        self.unit.is_intraday()
    }

    /// Whether every bar of this timeframe is made of whole bars of `finer`, so that resampling can make it. Days,
    /// weeks and months are made of whole bars of anything intraday, because bars end with their session.
    pub const fn is_made_of(self, finer: Self) -> bool {
        match (self.nanos(), finer.nanos()) {
            (Some(a), Some(b)) => a % b == 0,
            (None, Some(_)) => true,
            (Some(_), None) => false,
            (None, None) => match (self.unit, finer.unit) {
                (Unit::Week | Unit::Month, Unit::Day) => finer.n == 1,
                (Unit::Day, Unit::Day) | (Unit::Week, Unit::Week) | (Unit::Month, Unit::Month) => {
                    self.n.is_multiple_of(finer.n)
                }
                _ => false,
            },
        }
    }
}

impl Ord for Timeframe {
    /// By nominal width; `24h` comes before `1d`.
    fn cmp(&self, other: &Self) -> Ordering {
        (self.nominal_nanos(), self.unit).cmp(&(other.nominal_nanos(), other.unit))
    }
}

impl PartialOrd for Timeframe {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Timeframe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}{}", self.n, self.unit.suffix()))
    }
}

impl fmt::Debug for Timeframe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timeframe({self})")
    }
}

impl FromStr for Timeframe {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl Serialize for Timeframe {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timeframe {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_text(deserializer, "a timeframe like \"5m\"", Self::parse)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spellings_become_canonical() {
        for (text, canonical) in [
            ("1s", "1s"),
            ("5m", "5m"),
            ("15m", "15m"),
            ("60m", "1h"),
            ("90m", "90m"),
            ("3600s", "1h"),
            ("60000ms", "1m"),
            ("500ms", "500ms"),
            ("1h", "1h"),
            ("4H", "4h"),
            ("24h", "24h"),
            ("1440m", "24h"),
            ("1d", "1d"),
            ("1D", "1d"),
            ("7d", "7d"),
            ("1w", "1w"),
            ("1mo", "1mo"),
            ("12mo", "12mo"),
            ("1min", "1m"),
            (" 5 min ", "5m"),
            ("005m", "5m"),
        ] {
            assert_eq!(Timeframe::parse(text).unwrap().to_string(), canonical, "{text}");
        }
    }

    #[test]
    fn constants_are_what_they_say() {
        let all = [
            (Timeframe::S1, "1s"),
            (Timeframe::M1, "1m"),
            (Timeframe::M5, "5m"),
            (Timeframe::M15, "15m"),
            (Timeframe::M30, "30m"),
            (Timeframe::H1, "1h"),
            (Timeframe::H4, "4h"),
            (Timeframe::D1, "1d"),
            (Timeframe::W1, "1w"),
            (Timeframe::MO1, "1mo"),
        ];
        for (constant, text) in all {
            assert_eq!(Timeframe::parse(text).unwrap(), constant);
        }
        assert!(all.windows(2).all(|w| w[0].0 < w[1].0));
    }

    #[test]
    fn widths_and_order() {
        let tf = |t| Timeframe::parse(t).unwrap();
        assert_eq!(tf("5m").nanos(), Some(300 * NANOS_PER_SECOND));
        assert_eq!(tf("1d").nanos(), None);
        assert!(tf("4h").is_intraday() && tf("24h").is_intraday() && !tf("1d").is_intraday());
        assert_ne!(tf("24h"), tf("1d"));
        assert!(tf("24h") < tf("1d") && tf("7d") < tf("1w") && tf("4w") < tf("1mo") && tf("1mo") < tf("5w"));
        assert_eq!(Timeframe::from_nanos(NANOS_PER_HOUR).unwrap(), Timeframe::H1);
        assert_eq!(Timeframe::from_nanos(90 * NANOS_PER_MINUTE).unwrap(), tf("90m"));
        for nanos in [0, -1, 1, i64::MAX, i64::MIN] {
            assert!(Timeframe::from_nanos(nanos).is_err(), "{nanos}");
        }
    }

    #[test]
    fn what_is_made_of_what() {
        let made = |a, b| Timeframe::parse(a).unwrap().is_made_of(Timeframe::parse(b).unwrap());
        assert!(made("15m", "5m") && made("1h", "15m") && made("1d", "1h") && made("1w", "1d") && made("1mo", "1d"));
        assert!(
            !made("5m", "15m") && !made("15m", "10m") && !made("1mo", "1w") && !made("1h", "1d") && !made("1w", "2d")
        );
    }

    #[test]
    fn bad_timeframes_say_what_is_wrong() {
        for (text, reason) in [
            ("", "does not start with a count"),
            ("m5", "does not start with a count"),
            ("-5m", "does not start with a count"),
            ("5", "unit is missing"),
            ("5x", "unit is not one of"),
            ("1.5h", "unit is not one of"),
            ("1M", "write 1m for minutes, 1mo for months"),
            ("0m", "a bar has a width"),
            ("4294967296s", "count is too large"),
            ("999999999d", "longer than a hundred years"),
            ("999999999h", "longer than a hundred years"),
        ] {
            let message = Timeframe::parse(text).unwrap_err().to_string();
            assert!(message.contains(reason) && message.contains(&format!("{text:?}")), "{text}: {message}");
        }
    }

    #[test]
    fn serde_is_text() {
        assert_eq!(serde_json::to_string(&Timeframe::M15).unwrap(), "\"15m\"");
        assert_eq!(serde_json::from_str::<Timeframe>("\"60m\"").unwrap(), Timeframe::H1);
        assert!(serde_json::from_str::<Timeframe>("5").is_err());
    }

    proptest! {
        #[test]
        fn printing_round_trips(n: u32, unit in 0..7_usize) {
            use Unit::*;
            let unit = [Millisecond, Second, Minute, Hour, Day, Week, Month][unit];
            if let Ok(tf) = Timeframe::new(n, unit) {
                prop_assert_eq!(tf.nominal_nanos(), i64::from(n) * unit.nominal_nanos());
                prop_assert_eq!(Timeframe::parse(&tf.to_string()), Ok(tf));
            }
        }

        #[test]
        fn no_text_panics(text in ".*", shaped in "[0-9]{0,12} ?.{0,3}") {
            for t in [text, shaped] {
                if let Err(e) = Timeframe::parse(&t) {
                    let quoted = format!("{t:?}");
                    prop_assert!(e.to_string().contains(&quoted));
                }
            }
        }
    }
}
