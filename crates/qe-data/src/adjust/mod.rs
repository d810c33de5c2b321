//! Adjusting prices and volumes for splits and dividends, without touching the raw bars.
//!
//! Prices before an action are multiplied by a factor that accumulates backwards from the last action: `1 / ratio`
//! for a split, `1 - cash / close` for a dividend, where `close` is the raw close before the ex-date. Volumes are
//! multiplied by the split ratios alone, so price times volume does not change at a split. Only actions with an
//! ex-date up to `as_of` count, and of those with a `known_at` only those known by the end of that day: a simulation
//! that stands at a day sees the factors of that day. Adjusted *levels* depend on later actions by their nature;
//! adjusted *returns* do not.
//!
//! A bar belongs to the session that it opens in, and outside of sessions to the local day (bars of a day to their
//! trading day): trading after the close on the eve of an ex-date is still with it, an overnight session is without. Extra columns go by name: those of [`PRICE_LIKE`] are scaled as prices,
//! those of [`VOLUME_LIKE`] as volumes, others stay. NaN stays NaN. Memory that does not change is shared.

mod actions;

use qe_core::bars::Bars;
use qe_core::calendar::Calendar;
use qe_core::columns::{Column, Columns, Shared};
use qe_core::time::{Date, Timestamp};
use qe_core::timeframe::Timeframe;
use serde::{Deserialize, Serialize};

pub use self::actions::{Action, ActionKind, Actions};
use crate::error::{Error, Result};

/// The columns that are scaled as prices.
pub const PRICE_LIKE: [&str; 11] =
    ["ask", "bid", "close", "high", "low", "mid", "open", "previous_close", "price", "twap", "vwap"];

/// The columns that are scaled as volumes.
pub const VOLUME_LIKE: [&str; 6] = ["ask_size", "bid_size", "buy_volume", "sell_volume", "size", "volume"];

/// Which corporate actions prices and volumes are adjusted for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Adjustment {
    /// None: as traded.
    #[default]
    Raw,
    /// Splits.
    Split,
    /// Splits, dividends and distributions: returns are total returns.
    Total,
}

/// Bars as they were traded and as adjusted, with the factors between them.
#[derive(Debug, Clone)]
pub struct Adjusted {
    /// The bars as they were handed in.
    pub raw: Bars,
    /// The bars adjusted.
    pub adjusted: Bars,
    /// What each price was multiplied with.
    pub price_factor: Column,
    /// What each volume was multiplied with.
    pub volume_factor: Column,
    /// The actions that changed a bar, by ex-date.
    pub applied: Vec<Action>,
}

/// Adjusts bars for the actions of their symbol that count at the end of the day `as_of`, or for all of them.
///
/// # Errors
/// When a bar is longer than a day, since it may hold an action within, or a dividend is as large as the price.
pub fn adjust(
    raw: &Bars,
    actions: &Actions,
    mode: Adjustment,
    as_of: Option<Date>,
    calendar: &Calendar,
) -> Result<Adjusted> {
    let zone = calendar.zone();
    let counts = |a: &Action| {
        let wanted = match mode {
            Adjustment::Raw => false,
            Adjustment::Split => matches!(a.kind, ActionKind::Split { .. }),
            Adjustment::Total => true,
        };
        wanted
            && as_of
                .is_none_or(|day| a.ex_date <= day && a.known_at.is_none_or(|known| zone.date_at(known.nanos()) <= day))
    };
    let applied: Vec<Action> = actions.of(raw.symbol()).iter().filter(|a| counts(a)).cloned().collect();
    let daily = raw.timeframe().is_some_and(|tf| !tf.is_intraday());
    if let Some(tf) = raw.timeframe().filter(|tf| daily && *tf != Timeframe::D1)
        && !applied.is_empty()
    {
        return Err(Error::spec(
            "adjustment",
            format!("a {tf} bar of {} may hold an action within", raw.symbol()),
            "adjust bars of a day or less, then resample them",
        ));
    }
    // Within a session its own day, which an overnight session takes from its morning; around it the local day.
    let day_of = |t: i64| match calendar.session_at(t) {
        _ if daily => calendar.day_of(t),
        Some(session) => session.date,
        None => zone.date_at(t),
    };
    let open = raw.open_time();
    let first_row = |ex: Date| open.partition_point(|&t| day_of(t) < ex);

    // From the last action back: rows from `end` on are done.
    let (mut price, mut volume) = (vec![1.0; raw.len()], vec![1.0; raw.len()]);
    let (mut ratio, mut paid, mut end) = (1.0, 1.0, raw.len());
    let mut used = Vec::new();
    for group in applied.chunk_by(|a, b| a.ex_date == b.ex_date).rev() {
        let row = first_row(group[0].ex_date);
        price[row..end].fill(paid / ratio);
        volume[row..end].fill(ratio);
        end = row;
        if row == 0 {
            break;
        }
        let mut cash = 0.0;
        for action in group {
            match action.kind {
                ActionKind::Split { ratio: r } => ratio *= r,
                ActionKind::Distribution { factor } => paid *= factor,
                ActionKind::Dividend { cash: c } => cash += c,
            }
        }
        if cash > 0.0 {
            paid *= dividend_factor(raw, row, cash)?;
        }
        used.extend(group.iter().rev().cloned());
    }
    price[..end].fill(paid / ratio);
    volume[..end].fill(ratio);
    used.reverse();

    let (price, volume): (Shared<f64>, Shared<f64>) = (price.into(), volume.into());
    let adjusted = if used.is_empty() { raw.clone() } else { scaled(raw, &price, &volume)? };
    Ok(Adjusted { raw: raw.clone(), adjusted, price_factor: price.into(), volume_factor: volume.into(), applied: used })
}

/// What prices before `row` are multiplied with for cash paid there; 1 where no price is known before.
fn dividend_factor(raw: &Bars, row: usize, cash: f64) -> Result<f64> {
    let Some((at, close)) = raw.close()[..row].iter().enumerate().rev().find(|(_, c)| !c.is_nan()) else {
        return Ok(1.0);
    };
    if *close > cash {
        return Ok(1.0 - cash / close);
    }
    Err(Error::refused(
        format!("dividend of {} after {}", raw.symbol(), Timestamp(raw.open_time()[at])),
        format!("{cash} is not less than the close before it, {close}"),
        "check that the dividend is in the price's currency and in shares of that day",
    ))
}

/// The bars with their columns multiplied by name.
fn scaled(raw: &Bars, price: &[f64], volume: &[f64]) -> Result<Bars> {
    let mut columns = Columns::new(raw.axis().clone()).starting_at_row(raw.columns().first_row());
    for (name, column) in raw.columns().iter() {
        let factors = if PRICE_LIKE.contains(&name) {
            price
        } else if VOLUME_LIKE.contains(&name) {
            volume
        } else {
            columns.push(name, column.clone())?;
            continue;
        };
        let column: Column = match column {
            Column::F64(v) => v.iter().zip(factors).map(|(v, f)| v * f).collect::<Shared<f64>>().into(),
            Column::F32(v) => {
                v.iter().zip(factors).map(|(v, f)| (f64::from(*v) * f) as f32).collect::<Shared<f32>>().into()
            }
        };
        columns.push(name, column)?;
    }
    Ok(Bars::from_columns(raw.symbol(), raw.kind(), columns)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use qe_core::columns::Axis;

    /// Daily bars of the sessions between two days; the close of row i is `close(i)`.
    fn daily(from: &str, to: &str, close: impl Fn(usize) -> f64) -> Bars {
        let calendar = Calendar::us_equities();
        let (from, to) = (Date::parse(from).unwrap(), Date::parse(to).unwrap());
        let sessions: Vec<_> = calendar.sessions(from, to).collect();
        let axis = Axis::new(
            sessions.iter().map(|s| s.open).collect::<Vec<_>>(),
            sessions.iter().map(|s| s.close).collect::<Vec<_>>(),
        );
        let c: Vec<f64> = (0..sessions.len()).map(close).collect();
        let times = |k: f64| c.iter().map(|v| v * k).collect::<Vec<f64>>();
        let volume: Vec<f64> = (0..c.len()).map(|i| 1000.0 + i as f64).collect();
        let bars = Bars::new("X", Timeframe::D1, axis.unwrap(), [times(0.99), times(1.03), times(0.98), c, volume]);
        let n = bars.as_ref().unwrap().len();
        let vwap: Vec<f64> = bars.as_ref().unwrap().close().iter().map(|v| v * 1.01).collect();
        bars.unwrap().with("vwap", vwap).unwrap().with("trades", vec![7.0; n]).unwrap()
    }

    fn act(text: &str) -> Actions {
        Actions::from_csv(&format!("symbol,ex_date,kind,value,known_at\n{text}")).unwrap()
    }

    fn run(bars: &Bars, actions: &Actions, mode: Adjustment) -> Adjusted {
        adjust(bars, actions, mode, None, &Calendar::us_equities()).unwrap()
    }

    fn returns(close: &[f64]) -> Vec<f64> {
        close.windows(2).map(|w| w[1] / w[0] - 1.0).collect()
    }

    fn bits(values: &[f64]) -> Vec<u64> {
        values.iter().map(|v| v.to_bits()).collect()
    }

    /// Prices that fall by the split ratio from row 10 on, over a price that moves by itself.
    fn split_prices(ratio: f64) -> (Bars, Bars) {
        let pure = |i: usize| 100.0 + (i as f64 * 0.7).sin() * 3.0;
        let traded = daily("2024-03-01", "2024-04-01", |i| if i < 10 { pure(i) } else { pure(i) / ratio });
        (traded, daily("2024-03-01", "2024-04-01", pure))
    }

    #[test]
    fn a_split_leaves_returns_and_turnover_alone() {
        for (ratio, exact) in [(2.0, true), (0.125, true), (4.0, true), (3.0, false), (7.0, false)] {
            let (traded, pure) = split_prices(ratio);
            let ex = traded.open_time()[10];
            let day = Calendar::us_equities().day_of(ex);
            let out = run(&traded, &act(&format!("X,{day},split,{ratio},\n")), Adjustment::Split);
            let (got, want) = (returns(out.adjusted.close()), returns(pure.close()));
            let turnover = |b: &Bars| b.close().iter().zip(b.volume()).map(|(p, v)| p * v).collect::<Vec<f64>>();
            if exact {
                assert_eq!(bits(&got), bits(&want), "{ratio}");
                assert_eq!(bits(&turnover(&out.adjusted)), bits(&turnover(&traded)), "{ratio}");
            }
            for (a, b) in got.iter().zip(&want) {
                assert!((a - b).abs() < 1e-12, "{ratio}: {a} {b}");
            }
            for (a, b) in turnover(&out.adjusted).iter().zip(turnover(&traded)) {
                assert!((a / b - 1.0).abs() < 1e-12, "{ratio}: {a} {b}");
            }
            assert_eq!(out.volume_factor.value(0), ratio);
            assert_eq!((out.volume_factor.value(10), out.price_factor.value(10)), (1.0, 1.0));
            let columns = |b: &Bars, name: &str| b.columns().get(name).unwrap().to_f64();
            assert_eq!(columns(&out.adjusted, "vwap")[0], columns(&traded, "vwap")[0] * (1.0 / ratio));
            assert!(columns(&out.adjusted, "trades").is_same(&columns(&traded, "trades")), "shared, not copied");
            assert!(columns(&out.raw, "close").is_same(&columns(&traded, "close")), "raw is shared");
        }
    }

    #[test]
    fn a_dividend_gives_total_returns() {
        // 100 cum, 98 ex with 2 paid: the total return of the day is nought.
        let bars = daily("2024-03-01", "2024-03-15", |i| if i < 5 { 100.0 } else { 98.0 });
        let day = Calendar::us_equities().day_of(bars.open_time()[5]);
        let actions = act(&format!("X,{day},dividend,2,\n"));
        let total = run(&bars, &actions, Adjustment::Total);
        assert!(total.adjusted.close().iter().all(|c| (c - 98.0).abs() < 1e-12));
        assert_eq!(bits(total.adjusted.volume()), bits(bars.volume()), "volume knows no dividends");
        // The close of the eve is missing: the last one that is known counts.
        let holes = daily("2024-03-01", "2024-03-15", |i| {
            if i == 4 {
                f64::NAN
            } else if i < 4 {
                50.0
            } else {
                48.0
            }
        });
        assert_eq!(run(&holes, &actions, Adjustment::Total).price_factor.value(0), 0.96);
        let split = run(&bars, &actions, Adjustment::Split);
        assert!(split.applied.is_empty() && split.adjusted.columns().get("close").unwrap().value(0) == 100.0);
        let two = act(&format!("X,{day},dividend,1.5,\nX,{day},dividend,0.5,\n"));
        assert_eq!(run(&bars, &two, Adjustment::Total).price_factor.value(0), total.price_factor.value(0));
    }

    #[test]
    fn several_actions_accumulate_backwards_whatever_their_order() {
        let bars = daily("2024-03-01", "2024-04-01", |_| 64.0);
        let text = ["X,2024-03-20,split,2,\n", "X,2024-03-06,split,4,\n", "X,2024-03-13,dividend,16,\n"];
        let out = run(&bars, &act(&text.concat()), Adjustment::Total);
        let reversed: String = text.iter().rev().copied().collect();
        let again = run(&bars, &act(&reversed), Adjustment::Total);
        assert_eq!(bits(out.adjusted.close()), bits(again.adjusted.close()));
        let factor = |day: &str| {
            let day = Date::parse(day).unwrap();
            let row = bars.open_time().iter().position(|&t| Calendar::us_equities().day_of(t) == day).unwrap();
            (out.price_factor.value(row), out.volume_factor.value(row))
        };
        assert_eq!(factor("2024-03-20"), (1.0, 1.0));
        assert_eq!(factor("2024-03-19"), (0.5, 2.0));
        assert_eq!(factor("2024-03-12"), (0.375, 2.0));
        assert_eq!(factor("2024-03-05"), (0.09375, 8.0));
        assert_eq!(out.applied.len(), 3);
    }

    #[test]
    fn actions_off_session_of_others_and_outside_of_the_data() {
        let bars = daily("2024-03-01", "2024-04-01", |_| 64.0);
        // A Saturday: Friday is before it, Monday is not.
        let out = run(&bars, &act("X,2024-03-16,split,2,\n"), Adjustment::Split);
        assert_eq!((out.price_factor.value(10), out.price_factor.value(11)), (0.5, 1.0));
        let other = run(&bars, &act("Y,2024-03-16,split,2,\n"), Adjustment::Total);
        assert!(other.applied.is_empty());
        assert!(
            other
                .adjusted
                .columns()
                .get("close")
                .unwrap()
                .to_f64()
                .is_same(&bars.columns().get("close").unwrap().to_f64())
        );
        let before = run(&bars, &act("X,2024-03-01,split,2,\nX,2020-01-01,dividend,99,\n"), Adjustment::Total);
        assert!(before.applied.is_empty(), "nothing before it is left to adjust");
        let after = run(&bars, &act("X,2030-01-01,split,2,\n"), Adjustment::Total);
        assert_eq!(after.price_factor.value(20 - 1), 0.5);
    }

    #[test]
    fn only_what_was_known_counts() {
        let bars = daily("2024-03-01", "2024-04-01", |_| 64.0);
        let actions = act("X,2024-03-11,split,2,\nX,2024-03-20,split,4,\nX,2024-03-12,split,8,2024-03-25T12:00:00Z\n");
        let factor = |as_of: &str| {
            let day = Date::parse(as_of).unwrap();
            let out = adjust(&bars, &actions, Adjustment::Split, Some(day), &Calendar::us_equities()).unwrap();
            out.volume_factor.value(0)
        };
        assert_eq!(factor("2024-03-10"), 1.0);
        assert_eq!(factor("2024-03-11"), 2.0);
        assert_eq!(factor("2024-03-20"), 8.0);
        assert_eq!(factor("2024-03-24"), 8.0, "the third is announced late");
        assert_eq!(factor("2024-03-25"), 64.0);
    }

    #[test]
    fn after_hours_on_the_eve_are_still_with_the_split() {
        let at = |t: &str| Timestamp::parse(t).unwrap().nanos();
        let open = vec![at("2024-03-15T19:00:00-04:00"), at("2024-03-18T04:00:00-04:00")];
        let axis = Axis::new(open.clone(), open.iter().map(|t| t + 60_000_000_000).collect::<Vec<_>>()).unwrap();
        let bars = Bars::new("X", Timeframe::M1, axis, [(); 5].map(|()| vec![8.0, 4.0])).unwrap();
        let out = run(&bars, &act("X,2024-03-18,split,2,\n"), Adjustment::Split);
        assert_eq!(out.adjusted.close(), [4.0, 4.0]);
    }

    #[test]
    fn the_evening_of_an_overnight_session_belongs_to_its_day() {
        let spec = qe_core::calendar::CalendarSpec::new("overnight", qe_core::zone::Zone::Chicago, -420, 960);
        let calendar = Calendar::custom(spec).unwrap();
        let at = |t: &str| Timestamp::parse(t).unwrap().nanos();
        // The session of Tuesday opens on Monday at 17:00; 16:30 is between sessions.
        let open = ["2024-03-18T15:00:00-05:00", "2024-03-18T16:30:00-05:00", "2024-03-18T17:00:00-05:00"].map(at);
        let axis = Axis::new(open.to_vec(), open.map(|t| t + 60_000_000_000).to_vec()).unwrap();
        let bars = Bars::new("X", Timeframe::M1, axis, [(); 5].map(|()| vec![8.0, 8.0, 4.0])).unwrap();
        let split = act("X,2024-03-19,split,2,\n");
        let out = adjust(&bars, &split, Adjustment::Split, None, &calendar).unwrap();
        assert_eq!(out.adjusted.close(), [4.0, 4.0, 4.0]);
    }

    #[test]
    fn what_cannot_be_adjusted_is_refused() {
        let bars = daily("2024-03-01", "2024-04-01", |_| 64.0);
        let huge = act("X,2024-03-11,dividend,64,\n");
        let calendar = Calendar::us_equities();
        let err = adjust(&bars, &huge, Adjustment::Total, None, &calendar).unwrap_err().to_string();
        assert!(err.contains("not less than the close before it, 64"), "{err}");
        let weekly = Bars::from_columns("X", Timeframe::W1, bars.columns().clone()).unwrap();
        let err = adjust(&weekly, &huge, Adjustment::Total, None, &calendar).unwrap_err().to_string();
        assert!(err.contains("then resample"), "{err}");
        assert!(adjust(&weekly, &huge, Adjustment::Raw, None, &calendar).is_ok());
    }

    proptest! {
        #[test]
        fn power_of_two_splits_never_change_a_return(
            rows in proptest::collection::btree_set(1usize..20, 0..5), powers in proptest::collection::vec(-3i32..4, 5),
        ) {
            let pure: Vec<f64> = (0..21).map(|i| 100.0 + f64::from(i).sin() * 5.0).collect();
            let splits: Vec<(usize, f64)> =
                rows.iter().zip(&powers).map(|(r, p)| (*r, 2f64.powi(*p))).collect();
            let divided = |i: usize| splits.iter().filter(|(r, _)| *r <= i).map(|(_, k)| k).product::<f64>();
            let bars = daily("2024-03-01", "2024-04-01", |i| pure[i] / divided(i));
            let calendar = Calendar::us_equities();
            let text: String = splits.iter()
                .map(|(r, k)| format!("X,{},split,{k},\n", calendar.day_of(bars.open_time()[*r]))).collect();
            let out = run(&bars, &act(&text), Adjustment::Split);
            prop_assert_eq!(bits(&returns(out.adjusted.close())), bits(&returns(&pure[..bars.len()])));
        }
    }
}
