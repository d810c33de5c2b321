//! What a user writes to describe a calendar of their own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ALIASES, BUILT_IN};
use crate::error::{Error, Result};
use crate::time::{Date, Weekday};
use crate::zone::Zone;

const MINUTES_PER_DAY: i32 = 1_440;

/// A calendar as its parts, for [`Calendar::custom`](super::Calendar::custom).
///
/// Minutes count from local midnight of the session's day. A session that opens the evening before has a negative
/// `open_minute`: from 17:00 to 16:00 of the next day is -420 to 960.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalendarSpec {
    /// Its name, which must not be the one of a built-in calendar.
    pub name: String,
    /// The zone that its minutes are read in.
    pub zone: Zone,
    /// The minute at which sessions open, from -1440.
    pub open_minute: i32,
    /// The minute at which sessions close, to 1440.
    pub close_minute: i32,
    /// The minute at which trading before hours starts; without it there is none.
    #[serde(default)]
    pub extended_open_minute: Option<i32>,
    /// The minute at which trading after hours ends; without it there is none. On a short day it ends as much earlier
    /// as the session does.
    #[serde(default)]
    pub extended_close_minute: Option<i32>,
    /// Days of the week without sessions.
    #[serde(default = "saturday_and_sunday")]
    pub weekend: Vec<Weekday>,
    /// Days without sessions, with their names.
    #[serde(default)]
    pub holidays: BTreeMap<Date, String>,
    /// Short days, with the minute at which they close.
    #[serde(default)]
    pub early_closes: BTreeMap<Date, i32>,
    /// The first day that it knows.
    #[serde(default = "first_day")]
    pub valid_from: Date,
    /// The first day that it no longer knows.
    #[serde(default = "last_day")]
    pub valid_to: Date,
    /// Sessions in a nominal year. Without it: 365 for seven days a week, else 252 by five days.
    #[serde(default)]
    pub sessions_per_year: Option<f64>,
}

fn saturday_and_sunday() -> Vec<Weekday> {
    vec![Weekday::Sat, Weekday::Sun]
}

fn first_day() -> Date {
    Date::from_civil(1970, 1, 1)
}

fn last_day() -> Date {
    Date::from_civil(2101, 1, 1)
}

impl CalendarSpec {
    /// Monday to Friday without holidays, from 1970 to 2100.
    pub fn new(name: impl Into<String>, zone: Zone, open_minute: i32, close_minute: i32) -> Self {
        Self {
            name: name.into(),
            zone,
            open_minute,
            close_minute,
            extended_open_minute: None,
            extended_close_minute: None,
            weekend: saturday_and_sunday(),
            holidays: BTreeMap::new(),
            early_closes: BTreeMap::new(),
            valid_from: first_day(),
            valid_to: last_day(),
            sessions_per_year: None,
        }
    }

    /// Whether a day has no session.
    pub(super) fn is_closed(&self, date: Date) -> bool {
        self.weekend.contains(&date.weekday()) || self.holidays.contains_key(&date)
    }

    /// Refuses what makes no calendar, and fills in what was left to a default.
    pub(super) fn check(mut self) -> Result<Self> {
        let bad = |field: &str, value: &dyn std::fmt::Display, reason: &str, mend: &str| {
            Err(Error::invalid(format!("calendar.{field}"), value, reason, mend))
        };
        self.weekend.sort_unstable();
        self.weekend.dedup();
        let names = BUILT_IN.iter().copied().chain(ALIASES.iter().map(|(alias, _)| *alias));
        if self.name.trim().is_empty() || names.into_iter().any(|n| n.eq_ignore_ascii_case(self.name.trim())) {
            return bad(
                "name",
                &format_args!("{:?}", self.name),
                "it is empty or built in",
                "give it a name of its own",
            );
        }
        let (open, close) = (self.open_minute, self.close_minute);
        if !(-MINUTES_PER_DAY..MINUTES_PER_DAY).contains(&open) {
            return bad(
                "open_minute",
                &open,
                "it must be within -1440 and 1439",
                "570 is 9:30, -420 is 17:00 the day before",
            );
        }
        if close <= open || !(1..=MINUTES_PER_DAY).contains(&close) || close - open > MINUTES_PER_DAY {
            let reason = "it must be after the open, within 1 and 1440, and within a day of the open";
            return bad("close_minute", &close, reason, "960 is 16:00, 1440 is midnight");
        }
        let early = *self.extended_open_minute.get_or_insert(open);
        if early > open || early < -MINUTES_PER_DAY {
            return bad("extended_open_minute", &early, "it must be within -1440 and the open", "240 is 4:00");
        }
        let late = *self.extended_close_minute.get_or_insert(close);
        if late < close || late > MINUTES_PER_DAY {
            return bad("extended_close_minute", &late, "it must be within the close and 1440", "1200 is 20:00");
        }
        if self.weekend.len() >= 7 {
            return bad("weekend", &"all seven days", "no session would be left", "leave out the days with sessions");
        }
        let (first, last) = (Date::from_civil(1678, 1, 1), Date::from_civil(2262, 1, 1));
        if self.valid_from < first || self.valid_to > last || self.valid_from >= self.valid_to {
            let range = format!("{} to {}", self.valid_from, self.valid_to);
            let reason = "the range must not be empty, and lie within 1678-01-01 and 2262-01-01";
            return bad("valid_from", &range, reason, "leave it out for 1970-01-01 to 2101-01-01");
        }
        for (date, minute) in &self.early_closes {
            if self.is_closed(*date) {
                return bad(
                    "early_closes",
                    date,
                    "there is no session on that day",
                    "remove it there, or from the holidays",
                );
            }
            if *minute <= open || *minute >= close {
                let value = format!("{date}: {minute}");
                return bad("early_closes", &value, "it must be between the open and the close", "780 is 13:00");
            }
        }
        let open_days = 7 - self.weekend.len();
        let nominal = if open_days == 7 { 365.0 } else { 252.0 * open_days as f64 / 5.0 };
        let per_year = *self.sessions_per_year.get_or_insert(nominal);
        if !(per_year > 0.0 && per_year <= 366.0) {
            return bad(
                "sessions_per_year",
                &per_year,
                "it must be above 0 and at most 366",
                "leave it out for 252 or 365",
            );
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Calendar;
    use super::*;

    #[test]
    fn specs_that_make_no_calendar_are_refused_by_field() {
        let good = || CalendarSpec::new("mine", Zone::Tokyo, 540, 900);
        assert!(good().check().is_ok());
        type Spoil = fn(&mut CalendarSpec);
        const SATURDAY: Date = Date::from_civil(2024, 1, 6);
        let cases: [(&str, Spoil); 15] = [
            ("name", |s| s.name = " ".into()),
            ("name", |s| s.name = "xnys".into()),
            ("open_minute", |s| s.open_minute = i32::MIN),
            ("open_minute", |s| s.open_minute = 1_440),
            ("close_minute", |s| s.close_minute = 540),
            ("close_minute", |s| s.close_minute = i32::MAX),
            ("close_minute", |s| s.open_minute = -600),
            ("extended_open_minute", |s| s.extended_open_minute = Some(541)),
            ("extended_close_minute", |s| s.extended_close_minute = Some(899)),
            ("weekend", |s| s.weekend = Weekday::ALL.to_vec()),
            ("valid_from", |s| s.valid_from = Date::from_days(i32::MIN)),
            ("valid_from", |s| s.valid_to = s.valid_from),
            ("early_closes", |s| s.early_closes = [(SATURDAY, 600)].into()),
            ("early_closes", |s| s.early_closes = [(SATURDAY.add_days(2), 900)].into()),
            ("sessions_per_year", |s| s.sessions_per_year = Some(f64::NAN)),
        ];
        for (field, spoil) in cases {
            let mut spec = good();
            spoil(&mut spec);
            let message = Calendar::custom(spec).unwrap_err().to_string();
            assert!(message.starts_with(&format!("calendar.{field}: ")), "{field}: {message}");
        }
    }

    #[test]
    fn a_short_description_is_enough_and_defaults_are_written_out() {
        let spec: CalendarSpec =
            serde_json::from_str(r#"{"name":"tse","zone":"Asia/Tokyo","open_minute":540,"close_minute":900}"#).unwrap();
        assert_eq!(spec, CalendarSpec::new("tse", Zone::Tokyo, 540, 900));
        let spec = spec.check().unwrap();
        assert_eq!((spec.sessions_per_year, spec.extended_open_minute), (Some(252.0), Some(540)));
        let json = serde_json::to_string(&spec).unwrap();
        assert!(json.contains(r#""weekend":["sat","sun"]"#) && json.contains(r#""valid_from":"1970-01-01""#), "{json}");
        assert_eq!(serde_json::from_str::<CalendarSpec>(&json).unwrap(), spec);
        assert!(serde_json::from_str::<CalendarSpec>(r#"{"name":"x","zone":"UTC","opens":1}"#).is_err());
    }
}
