//! Holidays and early closes of the New York Stock Exchange, by rule, from 1990.
//!
//! Rule 7.2 of the exchange names ten holidays. One that falls on a Sunday is kept on Monday, one that falls on a
//! Saturday on the Friday before, unless that Friday ends a month or a year: so a New Year's Day on a Saturday is not
//! kept at all. What no rule gives (mourning, attacks, storms) is listed. Years to come follow today's rules.
//!
//! Sources: the holidays and early closings that NYSE announces each year, and its list of special closings. The
//! sessions of 1990 to 2026 agree with those of exchange_calendars 4.13.2. Late openings (such as 2002-09-11) and
//! halts within a day are not kept: a session here opens at 9:30.

use super::{CalendarDays, table};
use crate::time::{Date, Weekday};
use crate::zone::Zone;

/// The first day with rules.
pub(super) const VALID_FROM: Date = Date::from_civil(1990, 1, 1);
/// The first day beyond the projection.
pub(super) const VALID_TO: Date = Date::from_civil(2101, 1, 1);
/// 9:30 in New York.
pub(super) const OPEN_MINUTE: i32 = 9 * 60 + 30;
/// 16:00 in New York.
pub(super) const CLOSE_MINUTE: i32 = 16 * 60;
/// Trading before hours starts at 4:00.
pub(super) const EXTENDED_OPEN_MINUTE: i32 = 4 * 60;
/// Trading after hours ends at 20:00.
pub(super) const EXTENDED_CLOSE_MINUTE: i32 = 20 * 60;

/// Days on which the exchange stayed closed for once.
const SPECIAL: [(Date, &str); 11] = [
    (Date::from_civil(1994, 4, 27), "Mourning for President Nixon"),
    (Date::from_civil(2001, 9, 11), "Attacks of September 11"),
    (Date::from_civil(2001, 9, 12), "Attacks of September 11"),
    (Date::from_civil(2001, 9, 13), "Attacks of September 11"),
    (Date::from_civil(2001, 9, 14), "Attacks of September 11"),
    (Date::from_civil(2004, 6, 11), "Mourning for President Reagan"),
    (Date::from_civil(2007, 1, 2), "Mourning for President Ford"),
    (Date::from_civil(2012, 10, 29), "Hurricane Sandy"),
    (Date::from_civil(2012, 10, 30), "Hurricane Sandy"),
    (Date::from_civil(2018, 12, 5), "Mourning for President George H. W. Bush"),
    (Date::from_civil(2025, 1, 9), "Mourning for President Carter"),
];

/// Days around Christmas on which the exchange closed early for once.
const SPECIAL_EARLY: [Date; 3] =
    [Date::from_civil(1997, 12, 26), Date::from_civil(1999, 12, 31), Date::from_civil(2003, 12, 26)];

/// The holidays that a year's rules give, as they are kept.
fn holidays(year: i32) -> [Option<(Date, &'static str)>; 10] {
    let fixed = |month, day| Date::from_civil(year, month, day);
    [
        kept_new_year(year).map(|d| (d, "New Year's Day")),
        (year >= 1998).then(|| (monday_from(fixed(1, 15)), "Martin Luther King Jr. Day")),
        Some((monday_from(fixed(2, 15)), "Washington's Birthday")),
        Some((easter(year).add_days(-2), "Good Friday")),
        Some((monday_from(fixed(5, 25)), "Memorial Day")),
        (year >= 2022).then(|| (kept(fixed(6, 19)), "Juneteenth")),
        Some((kept(fixed(7, 4)), "Independence Day")),
        Some((monday_from(fixed(9, 1)), "Labor Day")),
        Some((thanksgiving(year), "Thanksgiving Day")),
        Some((kept(fixed(12, 25)), "Christmas Day")),
    ]
}

/// Why the exchange is closed on a day that is no weekend, or `None` where it is open or not known.
pub(super) fn holiday_name(date: Date) -> Option<&'static str> {
    if date < VALID_FROM || date >= VALID_TO || date.weekday().is_weekend() {
        return None;
    }
    let special = SPECIAL.iter().find(|(day, _)| *day == date).map(|(_, name)| *name);
    special.or_else(|| holidays(date.year()).into_iter().flatten().find(|(day, _)| *day == date).map(|(_, name)| name))
}

/// The minute in New York at which a session closes early, if it does. Asked of sessions only.
pub(super) fn early_close_minute(date: Date) -> Option<i32> {
    let (year, month, day) = date.ymd();
    let early = match (month, day) {
        (7, 3) => july_third_is_short(year),
        // Until 2012 the short day of a Thursday holiday was the Friday after it.
        (7, 5) => (1996..2013).contains(&year) && date.weekday() == Weekday::Fri,
        (11, _) => year >= 1992 && date == thanksgiving(year).add_days(1),
        (12, 24) => true,
        (12, _) => SPECIAL_EARLY.contains(&date),
        _ => false,
    };
    // Short days ended at 14:00 until the spring of 1993, and end at 13:00 since.
    early.then_some(if year < 1993 { 14 * 60 } else { 13 * 60 })
}

/// Whether July 3 is short: since 1995, where both it and the holiday after it are weekdays.
fn july_third_is_short(year: i32) -> bool {
    match Date::from_civil(year, 7, 4).weekday() {
        Weekday::Tue | Weekday::Wed | Weekday::Fri => year >= 1995,
        Weekday::Thu => year >= 2013,
        Weekday::Mon | Weekday::Sat | Weekday::Sun => false,
    }
}

/// All sessions from 1990 to 2100.
pub(super) fn days() -> CalendarDays {
    let mut closed: Vec<Date> = SPECIAL.iter().map(|(day, _)| *day).collect();
    closed.extend((VALID_FROM.year()..VALID_TO.year()).flat_map(|y| holidays(y).into_iter().flatten()).map(|(d, _)| d));
    closed.sort_unstable();
    table(VALID_FROM, VALID_TO, Zone::NewYork, OPEN_MINUTE, CLOSE_MINUTE, early_close_minute, |date| {
        date.weekday().is_weekend() || closed.binary_search(&date).is_ok()
    })
}

/// Easter Sunday of the Gregorian calendar: the computus in the anonymous form that *Nature* printed in 1876.
pub(super) const fn easter(year: i32) -> Date {
    let golden = year.rem_euclid(19);
    let (century, in_century) = (year.div_euclid(100), year.rem_euclid(100));
    let correction = (century + 8) / 25;
    let epact = (19 * golden + century - century / 4 - (century - correction + 1) / 3 + 15).rem_euclid(30);
    let weekday = (32 + 2 * (century % 4) + 2 * (in_century / 4) - epact - in_century % 4).rem_euclid(7);
    let shift = (golden + 11 * epact + 22 * weekday) / 451;
    let n = epact + weekday - 7 * shift + 114;
    Date::from_civil(year, (n / 31) as u32, (n % 31 + 1) as u32)
}

/// The fourth Thursday of November.
fn thanksgiving(year: i32) -> Date {
    let date = Date::from_civil(year, 11, 22);
    date.add_days((Weekday::Thu as i32 - date.weekday() as i32).rem_euclid(7))
}

/// The first Monday on or after a day.
fn monday_from(date: Date) -> Date {
    date.add_days((7 - date.weekday() as i32) % 7)
}

/// The weekday on which a holiday is kept.
fn kept(date: Date) -> Date {
    match date.weekday() {
        Weekday::Sat => date.add_days(-1),
        Weekday::Sun => date.add_days(1),
        _ => date,
    }
}

/// As [`kept`], except that a Saturday is not made up for, because the Friday would end the year.
fn kept_new_year(year: i32) -> Option<Date> {
    let date = Date::from_civil(year, 1, 1);
    (date.weekday() != Weekday::Sat).then(|| kept(date))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closures(year: i32) -> Vec<String> {
        let first = Date::from_civil(year, 1, 1);
        let days = (0..366).map(|n| first.add_days(n)).filter(|d| d.year() == year);
        days.filter(|d| holiday_name(*d).is_some()).map(|d| d.to_string()[5..].to_owned()).collect()
    }

    /// Easter Sundays of past and coming years; 1818 had the earliest for centuries, 1943 and 2038 the latest. The
    /// `easter` of python-dateutil gives the same.
    #[test]
    fn known_easters() {
        for text in [
            "1818-03-22",
            "1943-04-25",
            "1954-04-18",
            "1961-04-02",
            "1981-04-19",
            "1990-04-15",
            "1995-04-16",
            "2000-04-23",
            "2002-03-31",
            "2008-03-23",
            "2011-04-24",
            "2016-03-27",
            "2019-04-21",
            "2020-04-12",
            "2021-04-04",
            "2022-04-17",
            "2023-04-09",
            "2024-03-31",
            "2025-04-20",
            "2026-04-05",
            "2027-03-28",
            "2038-04-25",
            "2049-04-18",
            "2076-04-19",
            "2100-03-28",
        ] {
            let date = Date::parse(text).unwrap();
            assert_eq!(easter(date.year()), date);
        }
        for year in 1583..=4000 {
            let date = easter(year);
            assert_eq!(date.weekday(), Weekday::Sun);
            assert!(Date::from_civil(year, 3, 22) <= date && date <= Date::from_civil(year, 4, 25), "{date}");
        }
    }

    /// The dates that NYSE announced, for 2025 to 2027 in its notice of November 8, 2024.
    #[test]
    fn published_holidays() {
        for (year, days) in [
            (1990, "01-01 02-19 04-13 05-28 07-04 09-03 11-22 12-25"),
            (1994, "02-21 04-01 04-27 05-30 07-04 09-05 11-24 12-26"),
            (1998, "01-01 01-19 02-16 04-10 05-25 07-03 09-07 11-26 12-25"),
            (2001, "01-01 01-15 02-19 04-13 05-28 07-04 09-03 09-11 09-12 09-13 09-14 11-22 12-25"),
            (2004, "01-01 01-19 02-16 04-09 05-31 06-11 07-05 09-06 11-25 12-24"),
            (2007, "01-01 01-02 01-15 02-19 04-06 05-28 07-04 09-03 11-22 12-25"),
            (2010, "01-01 01-18 02-15 04-02 05-31 07-05 09-06 11-25 12-24"),
            (2011, "01-17 02-21 04-22 05-30 07-04 09-05 11-24 12-26"),
            (2012, "01-02 01-16 02-20 04-06 05-28 07-04 09-03 10-29 10-30 11-22 12-25"),
            (2018, "01-01 01-15 02-19 03-30 05-28 07-04 09-03 11-22 12-05 12-25"),
            (2021, "01-01 01-18 02-15 04-02 05-31 07-05 09-06 11-25 12-24"),
            (2022, "01-17 02-21 04-15 05-30 06-20 07-04 09-05 11-24 12-26"),
            (2023, "01-02 01-16 02-20 04-07 05-29 06-19 07-04 09-04 11-23 12-25"),
            (2024, "01-01 01-15 02-19 03-29 05-27 06-19 07-04 09-02 11-28 12-25"),
            (2025, "01-01 01-09 01-20 02-17 04-18 05-26 06-19 07-04 09-01 11-27 12-25"),
            (2026, "01-01 01-19 02-16 04-03 05-25 06-19 07-03 09-07 11-26 12-25"),
            (2027, "01-01 01-18 02-15 03-26 05-31 06-18 07-05 09-06 11-25 12-24"),
            (2028, "01-17 02-21 04-14 05-29 06-19 07-04 09-04 11-23 12-25"),
        ] {
            assert_eq!(closures(year).join(" "), days, "{year}");
        }
    }

    #[test]
    fn holidays_have_names() {
        for (text, name) in [
            ("2024-03-29", Some("Good Friday")),
            ("2026-07-03", Some("Independence Day")),
            ("2025-01-09", Some("Mourning for President Carter")),
            ("2001-09-12", Some("Attacks of September 11")),
            ("2024-01-02", None),
            ("2021-12-31", None),
            ("2022-01-01", None),
            ("1989-12-25", None),
            ("2101-01-03", None),
        ] {
            assert_eq!(holiday_name(Date::parse(text).unwrap()), name, "{text}");
        }
    }

    #[test]
    fn special_lists_are_sorted_weekdays() {
        assert!(SPECIAL.windows(2).all(|w| w[0].0 < w[1].0));
        assert!(SPECIAL_EARLY.windows(2).all(|w| w[0] < w[1]));
        assert!(SPECIAL.iter().all(|(d, _)| !d.weekday().is_weekend()));
    }
}
