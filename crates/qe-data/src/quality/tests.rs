//! Each check against rows that it catches and rows that it leaves alone.

use proptest::prelude::*;
use qe_core::black::Right;
use qe_core::chain::OptionQuote;
use qe_core::columns::Columns;
use qe_core::instrument::AssetClass;
use qe_core::time::{Date, NANOS_PER_MINUTE, Timestamp};
use qe_core::timeframe::Timeframe;

use super::*;

fn at(text: &str) -> i64 {
    Timestamp::parse(text).unwrap().nanos()
}

/// Prices that wander like a market: no two returns alike, none far from the others.
fn wander(n: usize) -> Vec<f64> {
    let mut state = 12345_u64;
    let mut price = 100.0;
    (0..n)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            price *= 1.0 + ((state >> 40) as f64 / (1u64 << 24) as f64 - 0.5) * 1e-3;
            price
        })
        .collect()
}

/// One column of five, by index.
type Five = [Vec<f64>; 5];

fn five(n: usize) -> Five {
    let close = wander(n);
    let times = |k: f64| close.iter().map(|c| c * k).collect::<Vec<f64>>();
    [times(1.0001), times(1.0006), times(0.9994), close.clone(), (0..n).map(|i| 100.0 + i as f64).collect()]
}

/// The openings of all bars of the sessions between two days.
fn grid(from: &str, to: &str, minutes: i64, hours: SessionHours) -> Vec<i64> {
    let calendar = Calendar::us_equities();
    let (from, to) = (Date::parse(from).unwrap(), Date::parse(to).unwrap());
    calendar
        .sessions(from, to)
        .filter_map(|s| calendar.window(s.date, hours))
        .flat_map(|w| (w.start..w.end).step_by((minutes * NANOS_PER_MINUTE) as usize))
        .collect()
}

fn bars_at(open: Vec<i64>, minutes: i64, five: Five) -> Bars {
    let available: Vec<i64> = open.iter().map(|t| t + minutes * NANOS_PER_MINUTE).collect();
    let timeframe = Timeframe::from_nanos(minutes * NANOS_PER_MINUTE).unwrap();
    Bars::new("SPY", timeframe, Axis::new(open, available).unwrap(), five).unwrap()
}

fn clean() -> Bars {
    let open = grid("2024-07-01", "2024-07-06", 5, SessionHours::Regular);
    let n = open.len();
    bars_at(open, 5, five(n))
}

fn report(bars: &Bars) -> QualityReport {
    check_bars(bars, &Scope::new(Calendar::us_equities()), &QualityPolicy::default())
}

#[test]
fn every_order_of_prices_that_cannot_be_is_found() {
    for (column, factor) in [(1, 0.9), (2, 1.1), (0, 1.1), (0, 0.9), (3, 1.1), (3, 0.9)] {
        let open = grid("2024-07-01", "2024-07-06", 5, SessionHours::Regular);
        let mut prices = five(open.len());
        prices[column][7] *= factor;
        assert_eq!(report(&bars_at(open, 5, prices)).count(Check::OhlcOrder), 1, "{column} {factor}");
    }
}

#[test]
fn an_hourly_grid_starts_at_the_opening_and_not_at_the_hour() {
    let open = grid("2024-07-01", "2024-07-03", 60, SessionHours::Regular);
    let n = open.len();
    assert_eq!(report(&bars_at(open.clone(), 60, five(n))).count(Check::OffGrid), 0);
    let late = open.iter().map(|t| t + 30 * NANOS_PER_MINUTE).collect();
    assert_eq!(report(&bars_at(late, 60, five(n))).count(Check::OffGrid), n as u64 - 2, "two open at the close");
}

#[test]
fn a_return_counts_in_standard_deviations_of_a_normal_one() {
    // Steps of nothing and of one percent up and down, so that the MAD is 0.01, the limit 15 * 1.4826 * 0.01 = 0.222.
    let outliers = |jump: f64| {
        let open = grid("2024-07-01", "2024-07-02", 5, SessionHours::Regular);
        let steps = (0..open.len()).map(|i| if i == 40 { jump } else { [0.0, 0.01, -0.01][i % 3] });
        let logs = steps.scan(4.6, |log, step| {
            *log += step;
            Some(*log)
        });
        let close: Vec<f64> = logs.map(f64::exp).collect();
        let n = open.len();
        let flat = [close.clone(), close.clone(), close.clone(), close, vec![1.0; n]];
        report(&bars_at(open, 5, flat)).count(Check::Outlier)
    };
    assert_eq!((outliers(0.2), outliers(0.25)), (0, 1));
}

#[test]
fn clean_bars_pass() {
    let found = report(&clean());
    assert_eq!((found.verdict(), found.findings.len(), found.skipped.len()), (Verdict::Pass, 0, 1), "{found}");
    assert_eq!(found.skipped[0].check, Check::Outlier, "three nights are too few");
    assert_eq!((found.n_expected, found.n_missing), (Some(3 * 78 + 42), Some(0)));
    assert!(found.enforce().is_ok());
}

#[test]
fn gaps_know_half_days_holidays_and_changes_of_the_clock() {
    // 10 March 2024 sets the clock forward; 29 March is a holiday.
    let all = grid("2024-03-04", "2024-04-05", 1, SessionHours::Regular);
    let n = all.len();
    let whole = bars_at(all.clone(), 1, five(n));
    let found = report(&whole);
    assert_eq!((found.n_expected, found.n_missing), (Some(n as u64), Some(0)));
    // One bar, then a stretch over a night.
    let without: Vec<i64> = (0..n).filter(|i| *i != 5 && !(380..400).contains(i)).map(|i| all[i]).collect();
    let found = report(&bars_at(without.clone(), 1, five(without.len())));
    let gaps = found.finding(Check::Gaps).unwrap();
    assert_eq!((gaps.count, gaps.first.len(), found.n_missing), (21, 2, Some(21)));
    assert_eq!((gaps.first[0].row, gaps.first[0].at.unwrap().nanos()), (Some(5), all[5]));
    assert_eq!(gaps.first[1].at.unwrap().nanos(), all[380]);
    assert!(gaps.first[1].detail.contains("20 bars, the last at 2024-03-05T14:39:00Z"), "{}", gaps.first[1].detail);
    assert_eq!(gaps.share_frac, 21.0 / n as f64);
    // A stretch that was asked for is expected whole.
    let range = TimeRange::of_days(Date::parse("2024-03-04").unwrap(), Date::parse("2024-03-09").unwrap());
    let scope = Scope::new(Calendar::us_equities()).range(range);
    let two_days = bars_at(all[..780].to_vec(), 1, five(780));
    let found = check_bars(&two_days, &scope, &QualityPolicy::default());
    assert_eq!((found.n_expected, found.n_missing), (Some(5 * 390), Some(3 * 390)));
    let expected = Calendar::us_equities().expected_bars(range, Timeframe::M1);
    assert_eq!(found.n_expected, Some(expected as u64));
}

#[test]
fn hours_before_and_after_are_not_expected_but_may_be_there() {
    for minutes in [1, 30, 60] {
        let all = grid("2024-07-01", "2024-07-06", minutes, SessionHours::Extended);
        let scope = Scope::new(Calendar::us_equities()).hours(SessionHours::Extended);
        let look = |open: Vec<i64>| {
            let n = open.len();
            check_bars(&bars_at(open, minutes, five(n)), &scope, &QualityPolicy::default())
        };
        let whole = look(all.clone());
        assert_eq!((whole.n_missing, whole.count(Check::OutsideSession)), (Some(0), 0), "{minutes}");
        assert_eq!(whole.count(Check::OffGrid), 0, "{minutes}");
        let calendar = Calendar::us_equities();
        let mut cursor = calendar.cursor();
        let width = minutes * NANOS_PER_MINUTE;
        let touches = |t: &i64| calendar.session_at(*t).is_some() || cursor.session_at(*t + width - 1).is_some();
        let regular: Vec<i64> = all.into_iter().filter(touches).collect();
        let n = regular.len() as u64;
        let found = look(regular);
        assert_eq!((found.n_expected, found.n_missing), (Some(n), Some(0)), "{minutes}");
    }
    let found = report(&bars_at(grid("2024-07-01", "2024-07-02", 30, SessionHours::Extended), 30, five(32)));
    assert_eq!(found.count(Check::OutsideSession), 32 - 13);
}

#[test]
fn daily_and_longer_bars_go_by_their_trading_day() {
    let calendar = Calendar::us_equities();
    let days = (Date::parse("2024-01-02").unwrap(), Date::parse("2024-04-01").unwrap());
    let sessions: Vec<_> = calendar.sessions(days.0, days.1).collect();
    let make = |stamps: Vec<i64>, timeframe: Timeframe| {
        let n = stamps.len();
        Bars::new("SPY", timeframe, Axis::instants(stamps).unwrap(), five(n)).unwrap()
    };
    let opens: Vec<i64> = sessions.iter().map(|s| s.open).collect();
    let midnights: Vec<i64> = sessions.iter().map(|s| s.date.midnight_utc()).collect();
    for stamps in [opens, midnights] {
        let whole = report(&make(stamps.clone(), Timeframe::D1));
        assert_eq!((whole.n_expected, whole.n_missing), (Some(61), Some(0)));
        assert_eq!(whole.count(Check::OutsideSession), 0);
        let mut holed = stamps;
        holed.drain(10..12);
        let found = report(&make(holed.clone(), Timeframe::D1));
        assert_eq!((found.count(Check::Gaps), found.n_expected), (2, Some(61)));
        holed.insert(4, holed[3] + 1);
        assert_eq!(report(&make(holed, Timeframe::D1)).count(Check::OutsideSession), 1, "two bars of one day");
    }
    let mut weeks: Vec<i64> = Vec::new();
    for s in &sessions {
        let bar = calendar.bar_at(s.open, Timeframe::W1).unwrap();
        if weeks.last() != Some(&bar.start) {
            weeks.push(bar.start);
        }
    }
    weeks.remove(3);
    let found = report(&make(weeks.clone(), Timeframe::W1));
    assert_eq!((found.n_missing, found.n_expected), (Some(1), Some(weeks.len() as u64 + 1)));
}

#[test]
fn stamps_off_the_grid_and_days_that_the_calendar_does_not_know() {
    let open: Vec<i64> =
        grid("2024-07-01", "2024-07-02", 5, SessionHours::Regular).iter().map(|t| t + NANOS_PER_MINUTE).collect();
    let n = open.len();
    let found = report(&bars_at(open, 5, five(n)));
    assert_eq!(found.count(Check::OffGrid), n as u64);
    assert!(found.finding(Check::OffGrid).unwrap().first[0].detail.contains("60000 ms"));
    let ancient = bars_at(vec![at("1950-01-03T15:00:00Z"), at("1950-01-03T15:05:00Z")], 5, five(2));
    let found = report(&ancient);
    let skipped: Vec<Check> = found.skipped.iter().map(|s| s.check).collect();
    assert!(skipped.contains(&Check::Gaps) && skipped.contains(&Check::OutsideSession), "{found}");
    assert_eq!(found.count(Check::OutsideSession), 0);
}

#[test]
fn a_night_is_no_outlier_and_a_bad_price_is_one_once() {
    let all = grid("2024-01-02", "2024-03-20", 30, SessionHours::Regular);
    let mut values = five(all.len());
    // Every night jumps ten times as far as any half hour.
    let jump = |session: usize| 1.0 + 0.02 * (session as f64 * 1.7).sin();
    for (i, _) in all.iter().enumerate() {
        (0..4).for_each(|k| values[k][i] *= jump(i / 13));
    }
    assert_eq!(report(&bars_at(all.clone(), 30, values.clone())).count(Check::Outlier), 0);
    (0..4).for_each(|k| values[k][100] *= 1.3);
    let found = report(&bars_at(all.clone(), 30, values.clone()));
    let outliers = found.finding(Check::Outlier).unwrap();
    assert_eq!((outliers.count, outliers.first[0].row), (1, Some(100)), "{found}");
    // A step that stays counts once too.
    (0..4).for_each(|k| values[k][101..].iter_mut().for_each(|v| *v *= 1.3));
    assert_eq!(report(&bars_at(all, 30, values)).count(Check::Outlier), 1);
}

#[test]
fn stale_runs_need_trades_and_length() {
    let bars = clean();
    let with = |from: usize, n: usize, volume: f64| {
        let mut values = five(bars.len());
        for row in from..from + n {
            let price = values[3][from - 1];
            (0..4).for_each(|k| values[k][row] = price);
            values[4][row] = volume;
        }
        report(&bars_at(bars.open_time().to_vec(), 5, values))
    };
    let found = with(50, 30, 5.0);
    assert_eq!((found.count(Check::StaleRun), found.finding(Check::StaleRun).unwrap().first[0].row), (1, Some(50)));
    assert_eq!(with(50, 29, 5.0).count(Check::StaleRun), 0);
    assert_eq!(with(50, 40, 0.0).count(Check::StaleRun), 0, "nothing traded");
    assert_eq!(with(50, 40, f64::NAN).count(Check::StaleRun), 1, "unknown volume");
    assert_eq!(with(bars.len() - 30, 30, 5.0).count(Check::StaleRun), 1, "at the end");
}

#[test]
fn negative_prices_go_by_the_class() {
    let mut values = five(clean().len());
    (0..4).for_each(|k| values[k][7] = -37.0);
    let bars = bars_at(clean().open_time().to_vec(), 5, values);
    let scope = Scope::new(Calendar::us_equities());
    let share = check_bars(&bars, &scope, &QualityPolicy::for_class(AssetClass::Equity));
    assert_eq!(share.verdict(), Verdict::Fail);
    let said = share.enforce().unwrap_err().to_string();
    assert!(said.contains("bars 5m of SPY: negative_price found 1 times, first at row 7"), "{said}");
    assert!(said.contains("oil went below zero"), "{said}");
    let oil = check_bars(&bars, &scope, &QualityPolicy::for_class(AssetClass::Future));
    assert_eq!((oil.verdict(), oil.count(Check::NegativePrice)), (Verdict::Warn, 1));
    assert!(oil.enforce().is_ok());
    let ignored = QualityPolicy::default().with(Check::NegativePrice, Action::Ignore);
    assert_eq!(check_bars(&bars, &scope, &ignored).count(Check::NegativePrice), 0);
}

/// Oil's spot price of every day since 1986, which was below zero once; only where the data are there.
#[test]
fn real_oil_went_below_zero_once() {
    let Ok(folder) = std::env::var("QE_REAL_DATA") else { return };
    let path = std::path::Path::new(&folder).join("macro/wti_daily_pddl.csv");
    let text = std::fs::read_to_string(path).unwrap();
    let table = crate::csv::Table::parse("oil", &text, &["Date", "Price"]).unwrap();
    let rows: Vec<(i64, f64)> = table
        .rows()
        .map(|r| (r.parse("Date", Date::parse).unwrap().midnight_utc(), r.number("Price").unwrap()))
        .filter(|r| r.0 >= at("1990-01-02"))
        .collect();
    let (time, price): (Vec<i64>, Vec<f64>) = rows.into_iter().unzip();
    let n = price.len();
    let five = [price.clone(), price.clone(), price.clone(), price, vec![f64::NAN; n]];
    let bars = Bars::new("WTI", Timeframe::D1, Axis::instants(time).unwrap(), five).unwrap();
    let found = check_bars(&bars, &Scope::new(Calendar::us_equities()), &QualityPolicy::for_class(AssetClass::Future));
    let below = found.finding(Check::NegativePrice).unwrap();
    assert_eq!((below.count, below.severity), (1, Action::Warn));
    assert_eq!(below.first[0].at.unwrap().to_string(), "2020-04-20T00:00:00Z");
    assert!(below.first[0].detail.contains("-36.98"));
    assert!(found.enforce().is_ok(), "{found}");
    assert!(check_bars(&bars, &Scope::new(Calendar::us_equities()), &QualityPolicy::default()).enforce().is_err());
    assert!(found.count(Check::Gaps) < 200 && found.n_expected.unwrap() > 9_000, "{found}");
}

#[test]
fn an_index_without_volume_misses_nothing() {
    let mut values = five(clean().len());
    values[4].fill(f64::NAN);
    assert_eq!(report(&bars_at(clean().open_time().to_vec(), 5, values.clone())).verdict(), Verdict::Pass);
    values[4][3] = 5.0;
    let found = report(&bars_at(clean().open_time().to_vec(), 5, values));
    assert_eq!(found.count(Check::MissingValue), clean().len() as u64 - 1);
}

#[test]
fn trades_quotes_and_chains() {
    let scope = Scope::new(Calendar::us_equities());
    let policy = QualityPolicy::default().with(Check::LockedQuote, Action::Warn);
    let (noon, night) = (at("2024-07-01T16:00:00Z"), at("2024-07-02T02:00:00Z"));
    let nan = f64::NAN;
    let axis = Axis::instants(vec![noon, noon, noon + 1, noon + 2, night]).unwrap();
    let ticks =
        Ticks::new("ES", axis.clone(), vec![10.0, -1.0, 0.0, nan, 10.0], vec![1.0, 0.0, -2.0, 1.0, 1.0], vec![0.0; 5])
            .unwrap();
    let found = check_ticks(&ticks, &scope, &policy);
    for check in [
        Check::MissingValue,
        Check::NegativePrice,
        Check::NegativeVolume,
        Check::OutsideSession,
        Check::ZeroPrice,
        Check::ZeroVolume,
    ] {
        assert_eq!(found.count(check), 1, "{check}: {found}");
    }
    assert!(found.skipped.iter().any(|s| s.check == Check::Outlier && s.reason.contains("too few")));

    let columns = Columns::new(axis)
        .with("bid", vec![9.0, 10.0, 11.0, nan, -1.0])
        .and_then(|c| c.with("ask", vec![10.0, 10.0, 10.0, 10.0, 0.0]))
        .and_then(|c| c.with("bid_size", vec![1.0, 1.0, 1.0, nan, -1.0]))
        .and_then(|c| c.with("ask_size", vec![1.0; 5]))
        .unwrap();
    let found = check_quotes(&Quotes::from_columns("ES", columns).unwrap(), &scope, &policy);
    for check in [
        Check::CrossedQuote,
        Check::LockedQuote,
        Check::MissingValue,
        Check::NegativePrice,
        Check::NegativeVolume,
        Check::OutsideSession,
        Check::ZeroPrice,
    ] {
        assert_eq!(found.count(check), 1, "{check}: {found}");
    }

    let good = OptionQuote {
        time: noon,
        expiry: night,
        strike: 100.0,
        right: Right::Call,
        bid: 0.0,
        ask: 1.0,
        bid_size: nan,
        ask_size: 5.0,
        volume: nan,
        open_interest: nan,
        underlying: 99.0,
    };
    let rows = vec![
        good,
        OptionQuote { strike: 101.0, bid: nan, ..good },
        OptionQuote { strike: 102.0, bid: 2.0, ..good },
        OptionQuote { strike: 103.0, expiry: noon - 1, ..good },
        OptionQuote { strike: 104.0, underlying: nan, ..good },
        OptionQuote { strike: 105.0, ask: -1.0, bid: nan, ..good },
        OptionQuote { strike: 106.0, ask: 0.0, bid: nan, ..good },
        OptionQuote { strike: 107.0, open_interest: -1.0, ..good },
        OptionQuote { strike: 108.0, expiry: noon, ..good },
    ];
    let found = check_chain(&Chain::new("SPY", rows).unwrap(), &scope, &policy);
    for check in [
        Check::CrossedQuote,
        Check::ExpiredQuote,
        Check::MissingValue,
        Check::NegativePrice,
        Check::NegativeVolume,
        Check::ZeroPrice,
    ] {
        assert_eq!(found.count(check), 1, "{check}: {found}");
    }
    assert_eq!(found.count(Check::OutsideSession) + found.count(Check::LockedQuote), 0);
}

#[test]
fn a_loader_adds_what_it_saw_and_the_report_reads_and_stores() {
    let intake = Intake {
        n_read: 1000,
        n_unsorted: 3,
        n_duplicates: 2,
        n_outside: 10,
        n_filled: 6,
        n_null: [("volume".to_owned(), 4), ("open".to_owned(), 0)].into(),
    };
    let scope = Scope::new(Calendar::us_equities()).intake(intake);
    let mut values = five(clean().len());
    values[2][9] = values[1][9] + 1.0;
    let bars = bars_at(clean().open_time().to_vec(), 5, values);
    let found = check_bars(&bars, &scope, &QualityPolicy::default());
    assert_eq!((found.count(Check::Unsorted), found.count(Check::DuplicateTimes)), (3, 2));
    assert_eq!(found.finding(Check::OutsideSession).unwrap().share_frac, 0.01);
    let text = found.to_string();
    for line in [
        "quality of SPY, bars 5m: FAIL",
        "276 bars expected, 0 missing (0.000 %)",
        "1000 rows read: 3 out of order, 2 repeated, 10 outside of hours",
        "6 rows of NaN put in for missing bars",
        "4 nulls in column \"volume\"",
        "  ohlc_order       fail             1   0.3623 %  row 9, 2024-07-01T14:15:00Z, open",
        "  unsorted         warn             3   0.3000 %\n",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(!text.contains("\"open\""));
    let json = serde_json::to_string(&found).unwrap();
    assert_eq!(serde_json::from_str::<QualityReport>(&json).unwrap(), found);
    let none = report(&bars_at(vec![], 5, five(0)));
    assert!(none.to_string().contains("no rows"), "{none}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    /// So many defects of a kind are planted into clean bars, and so many are counted: no more, no fewer, and of no
    /// other kind that fails.
    #[test]
    fn as_many_are_found_as_were_planted(kind in 0usize..10, slots in proptest::collection::btree_set(0usize..60, 0..8)) {
        let mut values = five(clean().len());
        let mut open = clean().open_time().to_vec();
        // Far enough apart that one defect does not touch the next, and never the first or the last bar.
        let rows: Vec<usize> = slots.iter().map(|s| s * 4 + 10).collect();
        let close: Vec<f64> = values[3].clone();
        let check = match kind {
            0 => { rows.iter().for_each(|r| values[1][*r] = values[2][*r] * 0.999); Check::OhlcOrder }
            1 => { rows.iter().for_each(|r| values[2][*r] = 0.0); Check::ZeroPrice }
            2 => { rows.iter().for_each(|r| values[2][*r] = -1.0); Check::NegativePrice }
            3 => { rows.iter().for_each(|r| values[4][*r] = 0.0); Check::ZeroVolume }
            4 => { rows.iter().for_each(|r| values[4][*r] = -5.0); Check::NegativeVolume }
            5 => { rows.iter().for_each(|r| values[r % 5][*r] = f64::NAN); Check::MissingValue }
            6 => { rows.iter().for_each(|r| (0..4).for_each(|k| values[k][*r] *= 1.2)); Check::Outlier }
            7 => { rows.iter().for_each(|r| values[1][*r] = close[*r] * 1.5); Check::WideRange }
            8 => { rows.iter().for_each(|r| open[*r] += 1_000_000_000); Check::OffGrid }
            _ => {
                for r in rows.iter().rev() {
                    open.remove(*r);
                    for column in &mut values {
 column.remove(*r);
 }
                }
                Check::Gaps
            }
        };
        let found = report(&bars_at(open, 5, values));
        prop_assert_eq!(found.count(check), rows.len() as u64, "{}", found);
        let others: Vec<Check> = found.findings.iter().map(|f| f.check).filter(|c| *c != check).collect();
        prop_assert!(others.is_empty(), "{:?} {}", others, found);
        let first: Vec<u64> = found.finding(check).map(|f| f.first.iter().filter_map(|p| p.row).collect()).unwrap_or_default();
        // Three nights are too few to judge, so a bad first bar of a day shows in the second, on the way back.
        if kind != 9 && !(kind == 6 && rows.iter().any(|r| [78, 156, 198].contains(r))) {
            let want: Vec<u64> = rows.iter().take(5).map(|r| *r as u64).collect();
            prop_assert_eq!(first, want);
        }
    }
}
