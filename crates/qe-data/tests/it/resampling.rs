//! Resampling a query and resampling arrays are one and the same.

use polars::prelude::*;
use proptest::prelude::*;
use qe_core::bars::Bars;
use qe_core::calendar::{Calendar, SessionHours};
use qe_core::timeframe::Timeframe;
use qe_data::frame::{Loader, bars_from_frame, bars_to_frame, resample_bars, resample_trades};
use qe_data::resample::{ResampleSpec, Side, resample};
use qe_data::{DataSpec, Result};

use crate::sample::{bits, minutes, partitioned, walk};

fn spec(tf: &str) -> ResampleSpec {
    ResampleSpec::new(Timeframe::parse(tf).unwrap(), Calendar::us_equities())
}

/// Runs the query and takes the bars of one symbol out of it.
fn bars_of(lf: LazyFrame, symbol: &str, tf: Timeframe) -> Result<Bars> {
    let one = lf.filter(col("symbol").eq(lit(symbol)));
    let df = one.collect_with_engine(Engine::Streaming).unwrap().unwrap_single();
    bars_from_frame(&df, symbol, tf)
}

/// The frame in pieces of `step` rows.
fn in_pieces(df: &DataFrame, step: usize) -> LazyFrame {
    let pieces = (0..df.height()).step_by(step.max(1)).map(|i| df.slice(i as i64, step).lazy()).collect::<Vec<_>>();
    concat(pieces, UnionArgs { rechunk: false, maintain_order: true, ..Default::default() }).unwrap()
}

#[test]
fn from_files_it_is_the_same_as_over_arrays() {
    let calendar = Calendar::us_equities();
    // Both changes of the clocks, a half day, and extended hours that fall outside of the buckets.
    let days = [("2024-03-06", "2024-03-14"), ("2024-07-01", "2024-07-06"), ("2024-10-30", "2024-11-06")];
    let times: Vec<i64> =
        days.iter().flat_map(|(a, b)| minutes(a, b, &calendar, SessionHours::Extended)).skip(17).collect();
    let bars = [walk("QQQ", times.clone()), walk("SPY", times.into_iter().step_by(3).collect())];
    let dir = partitioned(&bars);
    let data =
        DataSpec { hours: SessionHours::All, ..DataSpec::bars([dir.path().display().to_string()], Timeframe::M1) };
    let lazy = Loader::new(data).unwrap().scan().unwrap();
    for tf in ["1m", "5m", "15m", "1h", "4h", "1d", "1w", "1mo", "7m"] {
        for closed in [Side::Left, Side::Right] {
            for hours in [SessionHours::Regular, SessionHours::Extended] {
                let spec = spec(tf).closed(closed).hours(hours);
                let query = resample_bars(lazy.clone(), &spec).unwrap();
                for b in &bars {
                    let expected = resample(b, &spec).unwrap().bars;
                    let got = bars_of(query.clone(), b.symbol(), spec.timeframe).unwrap();
                    assert_eq!(bits(&got), bits(&expected), "{tf} {closed:?} {hours:?} {}", b.symbol());
                }
            }
        }
    }
}

#[test]
fn the_label_names_either_end() {
    let bars = walk("SPY", minutes("2024-07-02", "2024-07-03", &Calendar::us_equities(), SessionHours::Regular));
    let df = bars_to_frame(&bars).unwrap();
    let first = |label| {
        let out = resample_bars(df.clone().lazy(), &spec("1h").label(label)).unwrap().collect().unwrap();
        out.column("ts").unwrap().get(0).unwrap().to_string()
    };
    assert_eq!(first(Side::Left), "2024-07-02 13:30:00 UTC");
    assert_eq!(first(Side::Right), "2024-07-02 14:30:00 UTC");
}

#[test]
fn rows_out_of_order_are_an_error_and_not_a_wrong_bar() {
    let bars = walk("SPY", minutes("2024-07-02", "2024-07-03", &Calendar::us_equities(), SessionHours::Regular));
    let df = bars_to_frame(&bars).unwrap();
    for lf in [df.clone().lazy().reverse(), df.slice(200, 100).vstack(&df.slice(0, 100)).unwrap().lazy()] {
        let error = resample_bars(lf, &spec("1h")).unwrap().collect().unwrap_err().to_string();
        assert!(error.contains("SPY: a row at") && error.contains("sort the query"), "{error}");
    }
    let text = resample_bars(df.drop("symbol").unwrap().lazy(), &spec("1h")).err().unwrap().to_string();
    assert!(text.contains("no column \"symbol\""), "{text}");
}

#[test]
fn a_trade_received_late_delays_its_bar_and_a_late_bar_is_refused() {
    let open = minutes("2024-07-02", "2024-07-03", &Calendar::us_equities(), SessionHours::Regular)[0];
    let minute = 60_000_000_000;
    let times = vec![open, open + minute - 5, open + minute, open + 3 * minute];
    let known = vec![open + 1, open + minute + 7, open + minute + 8, open + 3 * minute];
    let axis = qe_core::columns::Axis::new(times, known).unwrap();
    let ticks = qe_core::ticks::Ticks::new("ES", axis, vec![1.0; 4], vec![1.0; 4], vec![0.0; 4]).unwrap();
    let df = qe_data::frame::ticks_to_frame(&ticks).unwrap();
    for closed in [Side::Left, Side::Right] {
        let spec = spec("1m").closed(closed);
        let expected = qe_data::resample::resample_ticks(&ticks, &spec).unwrap().bars;
        for step in [1, 2, 4] {
            let got = bars_of(resample_trades(in_pieces(&df, step), &spec).unwrap(), "ES", Timeframe::M1).unwrap();
            assert_eq!(got.available(), expected.available(), "{closed:?} {step}");
            assert_eq!(got.volume(), expected.volume(), "{closed:?} {step}");
        }
    }
    let late = walk("SPY", vec![open + 14 * minute]);
    let mut df = bars_to_frame(&late).unwrap();
    let beyond = df.column("available").unwrap().as_materialized_series().to_physical_repr().cast(&DataType::Int64);
    let beyond = (&beyond.unwrap() + minute).cast(df.column("available").unwrap().dtype()).unwrap();
    df.with_column(beyond.with_name("available".into()).into()).unwrap();
    let error = resample_bars(df.lazy(), &spec("15m")).unwrap().collect().unwrap_err().to_string();
    assert!(error.contains("SPY: a bar is complete at"), "{error}");
}

#[test]
fn an_empty_query_gives_empty_bars() {
    let bars = walk("SPY", minutes("2024-07-02", "2024-07-03", &Calendar::us_equities(), SessionHours::Regular));
    let none = bars_to_frame(&bars).unwrap().lazy().filter(lit(false));
    let out = resample_bars(none, &spec("1h")).unwrap().collect().unwrap();
    assert_eq!((out.height(), out.width()), (0, 8));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// However the rows come in pieces, and however symbols are mixed, sums are taken in the order of the rows.
    #[test]
    fn pieces_and_mixtures_change_no_bit(
        step in 1_usize..400,
        tf in prop::sample::select(vec!["5m", "1h", "1d", "1w"]),
        mixed in any::<bool>(),
        holes in prop::collection::vec(0_u8..5, 780),
    ) {
        let all = minutes("2024-07-01", "2024-07-03", &Calendar::us_equities(), SessionHours::Regular);
        let times = |skip: u8| all.iter().zip(&holes).filter(|(_, h)| **h != skip).map(|(t, _)| *t).collect::<Vec<_>>();
        let bars = [walk("A", times(0)), walk("B", times(1))];
        let frames = bars.iter().map(|b| bars_to_frame(b).unwrap().lazy()).collect::<Vec<_>>();
        let union = UnionArgs { maintain_order: true, ..Default::default() };
        let mut both = concat(frames, union).unwrap();
        if mixed {
            both = both.sort(["ts", "symbol"], Default::default());
        }
        let query = resample_bars(in_pieces(&both.collect().unwrap(), step), &spec(tf)).unwrap();
        for b in &bars {
            let expected = resample(b, &spec(tf)).unwrap().bars;
            let got = bars_of(query.clone(), b.symbol(), spec(tf).timeframe).unwrap();
            prop_assert_eq!(bits(&got), bits(&expected));
        }
    }

    #[test]
    fn trades_in_a_query_agree_with_trades_in_arrays(step in 1_usize..50, right in any::<bool>()) {
        let open = minutes("2024-07-02", "2024-07-03", &Calendar::us_equities(), SessionHours::Regular)[0];
        let times: Vec<i64> = (0..400_i64).map(|i| open + i * 7_500_000_000 / 2 * 2).collect();
        let walked = walk("ES", times.clone());
        let ticks = qe_core::ticks::Ticks::new(
            "ES",
            qe_core::columns::Axis::instants(times).unwrap(),
            walked.close().to_vec(),
            walked.volume().to_vec(),
            vec![0.0; walked.len()],
        ).unwrap();
        let spec = spec("1m").closed(if right { Side::Right } else { Side::Left });
        let expected = qe_data::resample::resample_ticks(&ticks, &spec).unwrap().bars;
        let df = qe_data::frame::ticks_to_frame(&ticks).unwrap();
        let got = bars_of(resample_trades(in_pieces(&df, step), &spec).unwrap(), "ES", Timeframe::M1).unwrap();
        for name in ["open", "high", "low", "close", "volume"] {
            let pick = |b: &Bars| b.columns().get(name).unwrap().to_f64().iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            prop_assert_eq!(pick(&got), pick(&expected));
        }
        prop_assert_eq!(got.available(), expected.available());
    }
}
