//! The leak check: it finds those that know the future, and names what does; all others are clean.

use std::cell::Cell;
use std::rc::Rc;

use qe_core::bars::Bars;
use qe_core::calendar::Calendar;
use qe_core::columns::Columns;
use qe_core::par::Pool;
use qe_core::rng::Stream;
use qe_core::time::Timestamp;
use qe_core::timeframe::Timeframe;
use qe_data::events::{Event, EventKind, Events, Status};
use qe_data::market::MarketSpec;
use qe_engine::batch::{Stretch, Warmup};
use qe_engine::broker::{BarStrategy, Desk, Quantity, Seen, Spec};
use qe_engine::costs::CostModel;
use qe_engine::fills::At;
use qe_engine::leak::{self, Act, LeakOptions, LeakReport, Said, Tampering, Told};
use qe_engine::ledger::Cause;
use qe_engine::market::{Market, Symbols};
use qe_engine::run::{RunOptions, run};
use qe_engine::{Result, StrategySpec, strategies};

use crate::random::{at_once, before_events, flat, market, market_of, sketch, times_of, weights, wild};

/// Simulated bars of funds over a year.
fn funds(symbols: &[&str], timeframe: Timeframe) -> (Calendar, Vec<Bars>) {
    let symbols = symbols.iter().map(|s| (*s).into()).collect();
    let spec = MarketSpec { symbols, years: 1, ..MarketSpec::default() };
    let market = qe_data::market::Market::generate(&spec, &Pool::inline()).unwrap();
    (market.calendar().clone(), market.bars(timeframe).unwrap())
}

fn fund(timeframe: Timeframe, n: usize) -> Market {
    let (calendar, bars) = funds(&["XLE"], timeframe);
    Market::new(&bars[0].slice(0..n), &calendar).unwrap()
}

fn spec(text: &str) -> StrategySpec {
    let text = format!("version = 1\nname = \"suspect\"\n{text}\n[sizing]\nfraction = \"0.9\"\nlimit_frac = \"inf\"\n");
    StrategySpec::from_toml(&text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

/// The market with one more column, of its own rows.
fn with(market: &Market, name: &str, of: impl Fn(&Columns) -> Vec<f64>) -> Result<Market> {
    let columns = market.columns().clone().with(name, of(market.columns())).unwrap();
    let bars = Bars::from_columns(market.symbol(), market.timeframe(), columns).unwrap();
    Market::new(&bars, market.calendar())
}

fn column(columns: &Columns, name: &str) -> Vec<f64> {
    columns.get(name).unwrap().to_f64().to_vec()
}

#[track_caller]
fn assert_clean(report: &LeakReport, n_parted: usize) {
    assert!(report.is_clean(), "{report}");
    assert!(report.n_acts > 0 && report.n_parted() >= n_parted, "{report}");
}

#[test]
fn a_column_of_the_next_close_is_caught_and_named() {
    let market = fund(Timeframe::H1, 600);
    let peeking = spec("[entry]\nlong = \"soon > close\"\n[[exits]]\nwhen = \"soon < close\"\n");
    let of = |shift: isize| {
        leak::of_spec_made(&peeking, &market, &LeakOptions::default(), move |market| {
            with(market, "soon", |columns| {
                let close = column(columns, "close");
                let at = |i: usize| i.checked_add_signed(shift).and_then(|i| close.get(i).copied());
                (0..close.len()).map(|i| at(i).unwrap_or(f64::NAN)).collect()
            })
        })
    };
    let report = of(1).unwrap();
    let first = report.first().unwrap();
    assert_eq!((&*first.what, &*first.field), ("column `soon`", ""));
    // It is the last row that is known at the earliest cut, after the first row of all.
    assert_eq!((first.row, first.time), (0, market.columns().axis().available()[0]));
    let next = column(market.columns(), "close")[1];
    assert_eq!(first.before, next.to_string());
    let text = report.to_string();
    assert!(text.starts_with("it knows the future, in ") && text.contains("column `soon` in row 0"), "{text}");
    assert!(text.contains("where the market is the same up to what was complete at"), "{text}");
    // All cuts but those at opens within a row see it, whatever is done after them.
    assert!(report.trials.iter().filter(|t| t.first.is_some()).count() * 2 > report.trials.len());
    // The last close is known.
    assert_clean(&of(-1).unwrap(), 100);
}

#[test]
fn a_mask_that_asks_whether_the_day_goes_on_is_caught() {
    let market = fund(Timeframe::H1, 600);
    let always = spec("[entry]\nlong = \"close > close[1]\"\n[[exits]]\nwhen = \"close < close[1]\"\n");
    let last_of_days = |market: &Market| -> Vec<bool> {
        let (calendar, open) = (market.calendar(), market.columns().axis().open());
        let day = |row: usize| open.get(row).map(|t| calendar.day_of(*t));
        (0..open.len()).map(|row| day(row) == day(row + 1)).collect()
    };
    let report = leak::of_spec_made(&always, &market, &LeakOptions::default(), |market| {
        market.clone().with_tradable(&last_of_days(market))
    });
    let report = report.unwrap();
    let first = report.first().unwrap();
    assert_eq!(first.what, "mask tradable");
    assert_eq!((&*first.before, &*first.after), ("1", "0"));
    assert!(report.trials.iter().any(|t| t.first.as_ref().is_some_and(|d| d.tampering == Tampering::Truncated)));
    // By the clock it is no leak: the session's end is known.
    let by_clock = leak::of_spec_made(&always, &market, &LeakOptions::default(), |market| {
        let (calendar, axis) = (market.calendar(), market.columns().axis());
        let ends = |t: i64| calendar.session_at(t).map(|s| s.close);
        let rows = axis.open().iter().zip(axis.available());
        market.clone().with_tradable(&rows.map(|(open, known)| ends(*open) != Some(*known)).collect::<Vec<bool>>())
    });
    assert_clean(&by_clock.unwrap(), 50);
}

#[test]
fn hours_keyed_by_their_opening_are_caught_and_by_their_end_are_not() {
    let market = fund(Timeframe::M15, 800);
    let hourly = spec("[entry]\nlong = \"close > hour\"\n[[exits]]\nwhen = \"close < hour\"\n");
    // The close of the hour that a bar is in, or of the last that is complete.
    let of = |is_by_open: bool| {
        leak::of_spec_made(&hourly, &market, &LeakOptions::default(), move |market| {
            with(market, "hour", |columns| {
                let (close, open) = (column(columns, "close"), columns.axis().open());
                let hour = |row: usize| open[row] / 3_600_000_000_000;
                let last = |row: usize| (row..open.len()).take_while(|r| hour(*r) == hour(row)).last();
                let before = |row: usize| (0..row).rev().find(|r| hour(*r) != hour(row));
                let at = |row: usize| if is_by_open { last(row) } else { before(row) };
                (0..open.len()).map(|row| at(row).map_or(f64::NAN, |r| close[r])).collect()
            })
        })
    };
    let report = of(true).unwrap();
    assert_eq!(report.first().unwrap().what, "column `hour`");
    assert_clean(&of(false).unwrap(), 100);
    // The language's own.
    let own = spec("[entry]\nlong = 'close > tf(\"1h\", close)'\n[[exits]]\nwhen = 'close < tf(\"1h\", close)'\n");
    assert_clean(&leak::of_spec(&own, &market, &LeakOptions::default()).unwrap(), 100);
}

#[test]
fn what_is_read_of_another_symbol_knows_nothing_of_its_future() {
    let (calendar, bars) = funds(&["SPY", "XLE"], Timeframe::H1);
    let spy = Market::new(&bars[0].slice(0..600), &calendar).unwrap();
    let market = Market::new(&bars[1].slice(0..600), &calendar).unwrap();
    let market = market.with_symbols(&Symbols::new([&spy]).unwrap());
    let own =
        spec("[entry]\nlong = 'sym(\"SPY\", close > close[1])'\n[[exits]]\nwhen = 'sym(\"SPY\", close < close[1])'\n");
    let report = leak::of_spec(&own, &market, &LeakOptions::default()).unwrap();
    assert_clean(&report, 100);
    // Where SPY alone is another, what comes after is another, too.
    let of_symbols = report.trials.iter().filter(|t| t.tampering == Tampering::Symbols);
    assert!(of_symbols.filter(|t| t.is_parted).count() > 5, "{report}");
}

/// What fills at each row's open, and knows something of that row.
fn opens(markets: &[Market], knows: &str) -> Result<Told> {
    let columns = markets[0].columns();
    let (open, of) = (column(columns, "open"), column(columns, knows));
    let buys = (1..open.len()).filter(|row| of[*row] > column(columns, "close")[row - 1]);
    let acts = buys.map(|row| Act {
        time: columns.axis().open()[row],
        at: At::Open,
        row,
        what: "fill",
        fields: vec![("price", Said::Number(open[row])), ("units", Said::Number(1.0))],
        is_of_decision: false,
    });
    Ok(Told { acts: acts.collect(), ..Told::NOTHING })
}

#[test]
fn what_is_filled_at_an_open_may_know_it_and_nothing_else_of_its_bar() {
    let market = [fund(Timeframe::H1, 300)];
    let options = LeakOptions::default();
    assert_clean(&leak::check(&market, &options, |m| opens(m, "open")).unwrap(), 100);
    for peeks in ["close", "high", "volume"] {
        let report = leak::check(&market, &options, |m| opens(m, peeks)).unwrap();
        let first = report.first().unwrap();
        assert!(first.what.starts_with("fill ") && first.cut.with_opens, "{peeks}: {first}");
        assert_eq!(first.time, first.cut.time, "it is filled at the open after which the market is another");
    }
    // One that fails where it did something before is told, too.
    let n = market[0].len();
    let report = leak::check(&market, &options, |m| match m[0].len() == n {
        true => opens(m, "open"),
        false => Err(StrategySpec::from_toml("nothing").unwrap_err()),
    });
    let report = report.unwrap();
    let first = report.first().unwrap();
    assert!(first.what == "the run" && first.after.starts_with("it fails: "), "{first}");
}

#[test]
fn the_strategies_of_the_seeds_know_nothing_of_the_future() {
    let market = fund(Timeframe::H1, 1700);
    let options = LeakOptions { n_cuts: 4, n_acts: 4, ..LeakOptions::default() };
    let mut n_acts = 0;
    for name in strategies::names() {
        let report = leak::of_spec(&strategies::by_name(name).unwrap(), &market, &options).unwrap();
        assert!(report.is_clean(), "{name}: {report}");
        assert!(report.trials.len() > 100, "{name}");
        n_acts += usize::from(report.n_acts > 0 && report.n_parted() > 10);
    }
    assert!(n_acts >= 12, "{n_acts} of them did something");
}

#[test]
fn random_strategies_know_nothing_of_the_future() {
    let (mut n_acts, mut n_trials, mut n_parted, mut leaks) = (0, 0, 0, Vec::new());
    for id in 0..400 {
        let mut r = Stream::new(1, "leak", id);
        let (market, _) = market(&mut r, 500);
        let s = match id % 5 {
            4 if id % 2 == 0 => before_events(&mut r),
            4 => flat(&mut r),
            0 => weights(&mut r),
            1 => at_once(&mut r),
            2 => wild(&mut r),
            _ => sketch(&mut r),
        };
        let stretch = Stretch { rows: 0..market.len(), warmup: Warmup::Idle, daily: false, max_bytes: 1 << 20 };
        let options = LeakOptions { n_cuts: 2, n_acts: 2, seed: id, ..LeakOptions::default() };
        let report = leak::of_plan(&s.plan(), 0, &market, &stretch, &options).unwrap();
        (n_acts, n_trials) = (n_acts + report.n_acts, n_trials + report.trials.len());
        n_parted += report.n_parted();
        if !report.is_clean() {
            leaks.push(format!("{id}: {report}\n{s:?}"));
        }
    }
    assert!(leaks.is_empty(), "{} of them:\n{}", leaks.len(), leaks[..leaks.len().min(5)].join("\n"));
    assert!(n_acts > 20_000 && n_trials > 20_000 && n_parted * 2 > n_trials, "{n_acts} {n_trials} {n_parted}");
}

/// Five-minute bars of some sessions, of one price each; without some of their rows.
fn sessions(n: usize, without: &[usize]) -> Market {
    let (times, step) = times_of(n, false);
    let times: Vec<i64> = (0..n).filter(|row| !without.contains(row)).map(|row| times[row]).collect();
    let prices = std::array::from_fn(|_| (0..times.len()).map(|row| 100.0 + row as f64).collect());
    market_of(&times, step, prices, false)
}

/// What the leak check found in our own: an order for a session's close was filled at the last bar of that day that there
/// is, and that no bar comes after it is known too late. The first session's 78 bars end at row 77, the second's at 155.
#[test]
fn the_close_of_a_session_is_known_by_the_clock_and_not_by_what_comes_after() {
    let text =
        "[entry]\nlong = \"close == 102\"\n[execution]\nfill = { at = \"close\", delay = 1, count = \"sessions\" }\n";
    let fills = |market: &Market| {
        let report = run(&spec(text), market, &RunOptions::default()).unwrap();
        report.ledger.fills.row.clone()
    };
    assert_eq!(fills(&sessions(78 * 3, &[])), [155]);
    // In the middle of the second session nothing is filled, whether or not the data go on.
    assert_eq!(fills(&sessions(120, &[])), [0_u32; 0]);
    // Without the second session's last bar it is filled when that session is known to be over: the next row.
    assert_eq!(fills(&sessions(78 * 3, &[155])), [155]);
    assert_eq!(fills(&sessions(78 * 3, &[154])), [154]);
    let report = leak::of_spec(&spec(text), &sessions(78 * 3, &[155]), &LeakOptions::default()).unwrap();
    assert_clean(&report, 5);
}

/// That a session's last bar is missing is known when the next opens: what is left over is closed at that open, and no bar
/// before knows of it.
#[test]
fn that_a_session_ended_without_its_last_bar_is_known_at_the_next_open() {
    let text = "[entry]\nlong = \"close > close[1]\"\n[session]\nflat_at_end = true\n";
    let market = sessions(78 * 4, &[77, 154, 155]);
    let report = leak::of_spec(&spec(text), &market, &LeakOptions::default()).unwrap();
    assert_clean(&report, 5);
    let report = run(&spec(text), &market, &RunOptions::default()).unwrap();
    let missed = report.ledger.fills.cause.iter().filter(|cause| **cause == Cause::SessionMissed).count();
    assert_eq!(missed, 2);
}

/// And how many bars are left of a session was counted in bars as short as the shortest of all the data: of hours of US
/// equities, whose last is half as long, the first day knew that only once it was over.
#[test]
fn the_last_bars_of_a_session_are_counted_in_bars_of_the_timeframe() {
    let market = fund(Timeframe::H1, 120);
    let text =
        "[entry]\nlong = \"close > 0\"\n[[exits]]\nwhen = \"pos.bars >= 1\"\n[session]\nno_entry_last_bars = 2\n";
    let report = run(&spec(text), &market, &RunOptions::default()).unwrap();
    let (calendar, open) = (market.calendar(), market.columns().axis().open());
    // Of the seven bars of a day the sixth and the seventh decide nothing, so an entry is filled in the sixth at the latest.
    let place = |row: u32| {
        let row = row as usize;
        (0..=row).rev().take_while(|r| calendar.day_of(open[*r]) == calendar.day_of(open[row])).count()
    };
    let f = &report.ledger.fills;
    let places: Vec<usize> = (0..f.len()).filter(|i| f.units[*i] > 0.0).map(|i| place(f.row[i])).collect();
    assert!(places.len() > 30 && places.contains(&6) && places.iter().all(|p| (2..=6).contains(p)), "{places:?}");
    assert_clean(&leak::of_spec(&spec(text), &market, &LeakOptions::default()).unwrap(), 50);
    // The first day alone, without its last bar.
    let day = fund(Timeframe::H1, 6);
    let early = run(&spec(text), &day, &RunOptions::default()).unwrap();
    assert_eq!(early.ledger.fills.row[..], f.row[..early.ledger.fills.len()]);
    assert_eq!(early.ledger.fills.row, [1, 2, 3, 4, 5]);
}

/// Hours that are walked along their minutes.
#[test]
fn fills_within_hours_along_their_minutes_know_no_later_minute() {
    let (calendar, hours) = funds(&["XLE"], Timeframe::H1);
    let (_, minutes) = funds(&["XLE"], Timeframe::M1);
    let hours = hours[0].slice(0..200);
    let market = Market::new(&hours, &calendar).unwrap().with_detail(&minutes[0].slice(0..200 * 60)).unwrap();
    let text = "[entry]\nlong = \"close > close[1]\"\nshort = \"close < close[1]\"\n\
                [[exits]]\nstop = \"entry.price * (1 - pos.side * 0.003)\"\n[[exits]]\ntarget = \"entry.price * (1 + pos.side * 0.003)\"\n\
                [execution]\npath = \"lower_timeframe\"\n";
    let options = LeakOptions { n_acts: 24, ..LeakOptions::default() };
    let report = leak::of_spec(&spec(text), &market, &options).unwrap();
    assert_clean(&report, 100);
    let of_detail = report.trials.iter().filter(|t| t.tampering == Tampering::Detail && t.is_parted);
    assert!(of_detail.count() > 10, "{report}");
    // Some cuts are within a bar.
    let known = market.columns().axis().available();
    assert!(report.trials.iter().any(|t| !t.cut.with_opens && known.binary_search(&t.cut.time).is_err()));
}

/// By what was filled alone: the fill at an open may not know the close of its bar.
#[test]
fn any_ledger_can_be_checked() {
    let text = "[entry]\nlong = \"soon > close\"\n[[exits]]\nwhen = \"soon < close\"\n";
    let of = |ahead: usize| {
        leak::check(&[fund(Timeframe::H1, 400)], &LeakOptions::default(), |markets| {
            let made = with(&markets[0], "soon", |columns| {
                let close = column(columns, "close");
                // The next close, or the last but one before.
                let at = |i: usize| (i + ahead).checked_sub(2).and_then(|i| close.get(i).copied());
                (0..close.len()).map(|i| at(i).unwrap_or(f64::NAN)).collect()
            })?;
            let report = run(&spec(text), &made, &RunOptions::default())?;
            Ok(Told::of_ledger(&report.ledger, &made, &[], report.curve.rows))
        })
        .unwrap()
    };
    assert_clean(&of(0), 100);
    let report = of(3);
    let first = report.first().unwrap();
    assert!(first.what.starts_with("fill ") && first.cut.with_opens, "{first}");
}

/// Buys above the close so many bars before, with a bracket; it may keep prices of its own.
struct Coded {
    /// Closes that it was made with, and how far ahead of the last bar it looks into them.
    own: Vec<f64>,
    ahead: usize,
}

impl BarStrategy for Coded {
    fn on_bars(&mut self, seen: &Seen<'_>, desk: &mut Desk<'_, '_>) {
        let Some(bar) = seen.bars().find(|bar| bar.market == 0) else { return };
        let then = match self.ahead {
            0 => bar.row.checked_sub(3).map(|row| seen.closes(0)[row]),
            ahead => self.own.get(bar.row + ahead).map(|later| 2.0 * bar.close() - later),
        };
        if then.is_some_and(|then| bar.close() > then) && desk.units(0) == 0.0 {
            let price = bar.close();
            desk.buy(0, Quantity::Fraction(0.4)).stop_loss(price * 0.99).take_profit(price * 1.01).place();
        }
        if desk.units(1) == 0.0 && bar.row % 7 == 0 {
            desk.sell(1, Quantity::Fraction(0.2)).place();
        } else if bar.row % 7 == 5 {
            desk.close(1).place();
        }
    }
}

#[test]
fn strategies_as_code_are_checked_over_several_markets() {
    let (calendar, bars) = funds(&["XLE", "SPY"], Timeframe::H1);
    let markets: Vec<Market> = bars.iter().map(|b| Market::new(&b.slice(0..300), &calendar).unwrap()).collect();
    let broker = Spec { leverage: 2.0, costs: CostModel::discovery(), ..Spec::default() };
    let of = |ahead: usize| {
        let make = |markets: &[Market], _: &Events| Ok(Coded { own: column(markets[0].columns(), "close"), ahead });
        leak::of_strategy(&broker, &markets, &Events::default(), &LeakOptions::default(), make).unwrap()
    };
    assert_clean(&of(0), 100);
    let report = of(1);
    let first = report.first().unwrap();
    assert!(!report.is_clean() && first.to_string().contains("fill"), "{first}");
}

/// Is long for a bar after each release; and, if it peeks, before the next of its calendar that nobody knows to come.
struct Released {
    own: Events,
    peeks: bool,
    n_told: Rc<Cell<usize>>,
}

impl BarStrategy for Released {
    fn on_bars(&mut self, seen: &Seen<'_>, desk: &mut Desk<'_, '_>) {
        if desk.units(0) != 0.0 {
            desk.close(0).place();
        }
        let now = seen.now();
        let next = self.own.iter().find(|e| e.at.nanos() > now).filter(|_| self.peeks);
        if next.is_some_and(|e| e.at.nanos() <= now + 2 * 3_600_000_000_000) {
            desk.buy(0, Quantity::Fraction(0.2)).place();
        }
    }

    fn on_event(&mut self, event: &Event, desk: &mut Desk<'_, '_>) {
        self.n_told.set(self.n_told.get() + 1);
        if event.kind == EventKind::Fomc {
            desk.buy(0, Quantity::Fraction(0.4)).place();
        } else {
            desk.sell(0, Quantity::Fraction(0.4)).place();
        }
    }
}

#[test]
fn what_strategies_are_told_of_events_is_checked_too() {
    let (times, step) = times_of(600, true);
    let walk: Vec<f64> = (0..600).map(|i| 100.0 + f64::from(i % 17) - f64::from(i % 5)).collect();
    let market = market_of(&times, step, [walk.clone(), walk.clone(), walk.clone(), walk, vec![1.0; 600]], true);
    // A surprise every 31 hours, each known with its release.
    let event = |i: i64| {
        let at = Timestamp(times[0] + i * 31 * step + step / 2);
        let kind = if i % 2 == 0 { EventKind::Fomc } else { EventKind::Cpi };
        let (source, note) = (String::new(), String::new());
        Event { kind, at, status: Status::Unscheduled, known_at: at, withdrawn_at: None, source, note }
    };
    let events = Events::new((1..19).map(event).collect()).unwrap();
    let n_told = Rc::new(Cell::new(0));
    let of = |peeks: bool| {
        let make = |_: &[Market], events: &Events| Ok(Released { own: events.clone(), peeks, n_told: n_told.clone() });
        let markets = std::slice::from_ref(&market);
        leak::of_strategy(&Spec::default(), markets, &events, &LeakOptions::default(), make).unwrap()
    };
    let report = of(false);
    assert_clean(&report, 50);
    // Of all but those that are gone after a cut, in each trial and in the run itself.
    assert!(n_told.get() > 18 * 50 && report.n_acts > 50, "{} {}", n_told.get(), report.n_acts);
    let report = of(true);
    let first = report.first().unwrap();
    assert!(!report.is_clean() && ["fill", "order"].iter().any(|what| first.what.starts_with(what)), "{first}");
    // What it peeked at is not told of by the market: all that was done after the cut finds it.
    assert!(Tampering::ALL[..7].iter().all(|t| report.trials.iter().any(|x| x.tampering == *t && x.first.is_some())));
}
