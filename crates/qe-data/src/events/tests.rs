//! The shipped table, and what could be known of it when.

use proptest::prelude::*;
use qe_core::columns::Axis;
use qe_core::time::{Date, NANOS_PER_HOUR, Timestamp};
use qe_core::zone::Zone;

use super::*;

fn at(text: &str) -> i64 {
    Timestamp::parse(text).unwrap().nanos()
}

const FOMC: &[EventKind] = &[EventKind::Fomc];

fn until(kinds: &[EventKind], now: &str) -> Option<u32> {
    Events::us().sessions_until_next(kinds, at(now), &Calendar::us_equities())
}

fn since(kinds: &[EventKind], now: &str) -> Option<u32> {
    Events::us().sessions_since_last(kinds, at(now), &Calendar::us_equities())
}

#[test]
fn the_shipped_table_has_every_year_whole() {
    let events = Events::from_csv(US).unwrap();
    assert_eq!(&events, Events::us());
    for year in 2014..=2025 {
        let range = TimeRange::of_days(Date::new(year, 1, 1).unwrap(), Date::new(year + 1, 1, 1).unwrap());
        let count = |kind: EventKind, planned: bool, came: bool| {
            let rows = events.between(range).iter().filter(|e| e.kind == kind);
            rows.filter(|e| (!planned || e.status != Status::Unscheduled) && (!came || e.has_happened(i64::MAX)))
                .count()
        };
        assert_eq!(count(EventKind::Fomc, true, false), 8, "{year}: eight meetings are planned");
        let came = if year == 2020 { 9 } else { 8 };
        assert_eq!(count(EventKind::Fomc, false, true), came, "{year}");
        let cpi = if year == 2025 { 11 } else { 12 };
        assert_eq!(count(EventKind::Cpi, false, true), cpi, "{year}");
    }
    for e in events.iter() {
        let local = Zone::NewYork.to_local(e.at.nanos()).rem_euclid(24 * NANOS_PER_HOUR);
        let usual = if e.kind == EventKind::Cpi { 17 * NANOS_PER_HOUR / 2 } else { 14 * NANOS_PER_HOUR };
        assert!(local == usual || e.status == Status::Unscheduled, "{e:?}");
        assert!(!e.source.is_empty());
    }
    // Summer and winter.
    assert!(events.iter().any(|e| e.at.to_string() == "2024-03-12T12:30:00Z"));
    assert!(events.iter().any(|e| e.at.to_string() == "2024-12-18T19:00:00Z"));
}

#[test]
fn a_release_that_was_withdrawn_before_it_never_happened() {
    let event = |withdrawn: Option<&str>| Event {
        kind: EventKind::Cpi,
        at: Timestamp(at("2024-07-11T12:30:00Z")),
        status: Status::Scheduled,
        known_at: Timestamp(at("2024-01-01T00:00:00Z")),
        withdrawn_at: withdrawn.map(|t| Timestamp(at(t))),
        source: String::new(),
        note: String::new(),
    };
    assert!(event(None).has_happened(i64::MAX));
    assert!(event(Some("2024-07-11T12:30:01Z")).has_happened(i64::MAX));
    assert!(!event(Some("2024-07-11T12:30:00Z")).has_happened(i64::MAX));
}

#[test]
fn a_column_asks_when_a_row_is_complete_and_not_when_it_opens() {
    // The release of 12:30 UTC lies before the session; the row of the day before opens before it and ends after.
    let axis = Axis::new(vec![at("2024-07-11T12:00:00Z")], vec![at("2024-07-11T13:00:00Z")]).unwrap();
    let column = Events::us().sessions_since_last_column(&[EventKind::Cpi], &axis, &Calendar::us_equities());
    assert_eq!(column.value(0), 0.0, "it is out by then; at the opening the last one was a month ago");
}

#[test]
fn march_2020_as_it_was_known() {
    // Nothing before 3 March knows of the cut on that day: the next meeting is the planned one of 18 March.
    assert_eq!(until(FOMC, "2020-03-02T21:00:00Z"), Some(12));
    assert_eq!(until(FOMC, "2020-03-03T14:59:59Z"), Some(11));
    assert_eq!(since(FOMC, "2020-03-03T14:59:59Z"), Some(23), "the last one was on 29 January");
    assert_eq!(since(FOMC, "2020-03-03T15:00:00Z"), Some(0));
    // Friday evening: Monday is the trading day, and the 18th two sessions off.
    assert_eq!(until(FOMC, "2020-03-13T19:00:00Z"), Some(3));
    assert_eq!(until(FOMC, "2020-03-15T20:59:59Z"), Some(2));
    // Sunday 17:00 in New York: the planned meeting is withdrawn, the statement belongs to Monday.
    assert_eq!(until(FOMC, "2020-03-15T21:00:00Z"), Some(31), "29 April");
    assert_eq!(since(FOMC, "2020-03-15T21:00:00Z"), Some(0));
    assert_eq!(since(FOMC, "2020-03-16T20:00:00Z"), Some(0));
    assert_eq!(since(FOMC, "2020-03-18T19:00:00Z"), Some(2), "nothing came on the 18th");
    let calendar = Calendar::us_equities();
    let black = |now: &str, n| Events::us().blackout(FOMC, at(now), n, &calendar);
    assert_eq!(black("2020-03-02T21:00:00Z", 5), Some(false), "an unscheduled cut blacks out nothing");
    assert_eq!(black("2020-03-13T19:00:00Z", 3), Some(true), "a planned one does, even if it never comes");
    assert_eq!(black("2020-03-16T14:00:00Z", 3), Some(false));
}

#[test]
fn the_autumn_of_2025_as_it_was_known() {
    let cpi = &[EventKind::Cpi];
    assert_eq!(until(cpi, "2025-10-10T20:00:00Z"), Some(3), "due on the 15th until the notice");
    assert_eq!(until(cpi, "2025-10-13T14:00:00Z"), Some(9), "the 24th");
    assert_eq!(since(cpi, "2025-11-14T21:00:00Z"), Some(15), "nothing came on 13 November");
    assert_eq!(until(cpi, "2025-11-14T21:00:00Z"), Some(17), "10 December as planned");
    assert_eq!(until(cpi, "2025-11-24T21:00:00Z"), Some(17), "18 December");
    assert_eq!(until(cpi, "2025-12-18T13:30:00Z"), None, "the table ends");
    assert_eq!(Events::us().blackout(cpi, at("2026-06-01T15:00:00Z"), 3, &Calendar::us_equities()), None);
}

#[test]
fn sessions_are_counted_over_holidays_and_weekends() {
    let cpi = &[EventKind::Cpi];
    // CPI on Friday 14 April 2017 was Good Friday, no session: it belongs to Monday the 17th.
    assert_eq!(until(cpi, "2017-04-13T19:00:00Z"), Some(1));
    assert_eq!(since(cpi, "2017-04-14T13:00:00Z"), Some(0));
    assert_eq!(since(cpi, "2017-04-17T20:00:00Z"), Some(0));
    assert_eq!(since(cpi, "2017-04-18T20:00:00Z"), Some(1));
    // FOMC on Wednesday 27 January 2016, two sessions after Monday; the close of Monday is still Monday.
    assert_eq!(until(FOMC, "2016-01-25T21:00:00Z"), Some(2));
    assert_eq!(until(FOMC, "2016-01-25T21:00:01Z"), Some(1), "after the close the next day has begun");
    assert_eq!(until(FOMC, "2016-01-27T18:59:59Z"), Some(0));
    assert_eq!(until(FOMC, "2016-01-27T19:00:00Z"), Some(34), "16 March, over Presidents' Day");
    // 29 January 2014 is known on 1 December 2013, and not before.
    assert_eq!(until(FOMC, "2013-12-01T04:59:59Z"), None);
    assert!(until(FOMC, "2013-12-01T05:00:00Z").is_some());
    assert_eq!(until(&[EventKind::Other("nfp".into())], "2016-01-25T21:00:00Z"), None);
    assert_eq!(until(&[], "2016-01-19T21:00:00Z"), Some(1), "any kind: CPI on the 20th");
    assert_eq!(since(FOMC, "2014-01-01T00:00:00Z"), None);
    assert_eq!(since(FOMC, "2150-01-01T00:00:00Z"), None, "the calendar ends");
}

#[test]
fn around_the_clock_a_day_is_a_session() {
    let calendar = Calendar::crypto();
    let until = |now: &str| Events::us().sessions_until_next(FOMC, at(now), &calendar);
    assert_eq!(until("2020-03-02T21:00:00Z"), Some(16));
    assert_eq!(Events::us().sessions_since_last(FOMC, at("2020-03-16T00:00:01Z"), &calendar), Some(1));
}

#[test]
fn other_tables_are_read_and_bad_rows_named() {
    let head = "date,time,zone,kind,status,known_at,withdrawn_at,source,note\n";
    let good = "2024-01-05,08:30,America/New_York,NFP,Unconfirmed,2023-12-01T00:00:00Z,,me,\"a, b\"\n";
    let events = Events::from_csv(&format!("{head}{good}")).unwrap();
    let e = events.iter().next().unwrap();
    assert_eq!((&e.kind, e.note.as_str()), (&EventKind::Other("nfp".into()), "a, b"));
    assert!(e.is_known(at("2024-01-01")) && !e.has_happened(i64::MAX));
    assert_eq!(events.of(&[EventKind::Cpi]).len(), 0);
    let json = serde_json::to_string(&events).unwrap();
    assert_eq!(serde_json::from_str::<Events>(&json).unwrap(), events);
    for (row, wanted) in [
        ("2024-01-05,8:30,UTC,cpi,scheduled,2023-12-01,,,", "column \"time\": \"8:30\"; it is no time of day"),
        ("2024-13-05,08:30,UTC,cpi,scheduled,2023-12-01,,,", "column \"date\""),
        ("2024-03-10,02:30,America/New_York,cpi,scheduled,2023-12-01,,,", "twice or not at all"),
        ("2024-01-05,08:30,Mars,cpi,scheduled,2023-12-01,,,", "column \"zone\""),
        ("2024-01-05,08:30,UTC,cpi,maybe,2023-12-01,,,", "column \"status\""),
        ("2024-01-05,08:30,UTC,cpi,scheduled,,,,", "column \"known_at\""),
        ("2024-01-05,08:30,UTC,cpi,scheduled,2023-12-01 25:00,,,", "no instant of that zone"),
        ("2024-01-05,08:30,UTC,cpi,scheduled,2024-02-01,,,", "after its release"),
        ("2024-01-05,08:30,UTC,cpi,cancelled,2023-12-01,2023-11-01,,", "before it was known"),
    ] {
        let said = Events::from_csv(&format!("{head}{good}{row}\n")).unwrap_err().to_string();
        assert!(said.contains(wanted), "{row}: {said}");
    }
    let twice = "2024-01-05,08:30,UTC,cpi,scheduled,2023-12-01,,,\n".repeat(2);
    assert!(Events::from_csv(&format!("{head}{twice}")).unwrap_err().to_string().contains("stands twice"));
}

#[test]
fn columns_say_what_single_questions_say() {
    let calendar = Calendar::us_equities();
    let days = (Date::parse("2013-11-25").unwrap(), Date::parse("2026-02-01").unwrap());
    let mut times: Vec<i64> = calendar.sessions(days.0, days.1).flat_map(|s| [s.open, s.close]).collect();
    times.extend(["2020-03-15T21:00:00Z", "2020-03-15T20:00:00Z", "2025-11-22T05:00:00Z"].map(at));
    times.sort_unstable();
    let axis = Axis::instants(times.clone()).unwrap();
    for kinds in [&[][..], FOMC, &[EventKind::Cpi]] {
        let next = Events::us().sessions_until_next_column(kinds, &axis, &calendar);
        let last = Events::us().sessions_since_last_column(kinds, &axis, &calendar);
        for (row, now) in times.iter().enumerate() {
            let bits = |n: Option<u32>| n.map_or(f64::NAN, f64::from).to_bits();
            let want = Events::us().sessions_until_next(kinds, *now, &calendar);
            assert_eq!(next.value(row).to_bits(), bits(want), "{}", Timestamp(*now));
            let want = Events::us().sessions_since_last(kinds, *now, &calendar);
            assert_eq!(last.value(row).to_bits(), bits(want), "{}", Timestamp(*now));
        }
        assert!(next.value(0).is_nan() && next.value(times.len() - 1).is_nan(), "before and after the table");
    }
    let none = Events::default().sessions_until_next_column(&[], &axis, &calendar);
    assert_eq!(none.count_nan(), times.len());
}

proptest! {
    /// Rows that became known later change nothing, nor does what is written about rows that are still to come.
    #[test]
    fn the_future_changes_nothing(hour in 0i64..105_000) {
        let now = at("2014-01-01") + hour * NANOS_PER_HOUR;
        let all = Events::us();
        let calendar = Calendar::us_equities();
        let known: Vec<Event> = all
            .iter()
            .filter(|e| e.known_at.nanos() <= now)
            .cloned()
            .map(|mut e| {
                // What was not yet known of a row: that it would be withdrawn, and what would become of it.
                e.withdrawn_at = e.withdrawn_at.filter(|t| t.nanos() <= now);
                if e.at.nanos() > now {
                    e.status = Status::Unconfirmed;
                }
                e
            })
            .collect();
        let then = Events::new(known).unwrap();
        for kinds in [&[][..], FOMC, &[EventKind::Cpi]] {
            prop_assert_eq!(
                all.sessions_until_next(kinds, now, &calendar), then.sessions_until_next(kinds, now, &calendar)
            );
            prop_assert_eq!(
                all.sessions_since_last(kinds, now, &calendar), then.sessions_since_last(kinds, now, &calendar)
            );
            prop_assert_eq!(all.blackout(kinds, now, 3, &calendar), then.blackout(kinds, now, 3, &calendar));
        }
        prop_assert_eq!(all.known(now).count(), then.known(now).count());
    }
}
