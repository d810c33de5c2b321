//! Digests of small simulations, pinned, so that a change of a single bit is noticed.
//!
//! To pin again after a change that is meant: run `cargo test -p qe-data --no-default-features goldens` and copy the
//! digests that the message shows. Such a change makes every stored simulation a different one: say so in CHANGELOG.md.

use qe_core::bars::Bars;
use qe_core::columns::{Column, Columns};
use qe_core::ident::{ColumnHasher, Id};
use qe_core::par::Pool;

use super::*;

/// The digest of columns: axes, names and values.
pub(crate) fn digest<'a>(all: impl Iterator<Item = &'a Columns>) -> Id {
    let mut hasher = ColumnHasher::new("market golden");
    for columns in all {
        hasher.column("open_time").i64s(columns.axis().open());
        hasher.column("available").i64s(columns.axis().available());
        for (name, column) in columns.iter() {
            if let Column::F64(values) = column {
                hasher.column(name).f64s(values);
            }
        }
    }
    hasher.finish()
}

/// The digest of an option chain.
pub(crate) fn digest_chain(c: &qe_core::chain::Chain) -> Id {
    let mut hasher = ColumnHasher::new("market golden");
    hasher.column("time").i64s(c.time()).column("expiry").i64s(c.expiry());
    for values in [c.strike(), c.bid(), c.ask(), c.bid_size(), c.ask_size(), c.volume(), c.open_interest()] {
        hasher.column("").f64s(values);
    }
    hasher.finish()
}

/// The digest of a panel.
pub(crate) fn digest_panel(p: &qe_core::panel::Panel) -> Id {
    let mut hasher = ColumnHasher::new("market golden");
    hasher.column("time").i64s(p.axis().open());
    for name in p.fields() {
        hasher.column(name).f64s(p.field(name).unwrap());
    }
    hasher.finish()
}

#[test]
fn simulations_are_the_same_bytes_as_when_they_were_pinned() {
    let pool = Pool::inline();
    let edges = EdgeSpec { sharpe: vec![0.5, 2.0], n_noise: 1, ..EdgeSpec::default() };
    let exact = EdgeSpec { exact: true, ..edges.clone() };
    let spec =
        MarketSpec { years: 1, symbols: vec!["SPY".into(), "TLT".into()], edges: Some(edges), ..MarketSpec::default() };
    let market = Market::generate(&spec, &pool).unwrap();
    let edge = market.edges().unwrap().all();
    let exact = edges::generate(1, spec.start, 1, &exact, &pool).unwrap();
    let ticks: Vec<TickChunk> = TickStream::new(&TickSpec { sessions: 1, ..TickSpec::default() }).unwrap().collect();
    let chain =
        options::generate(&OptionsSpec { sessions: 20, max_rows: 5_000, ..OptionsSpec::default() }, &market).unwrap();
    let panel =
        CrossSection::generate(&CrossSectionSpec { n_symbols: 20, sessions: 60, ..Default::default() }, &pool).unwrap();
    let got = [
        ("etfs", digest(market.minute_bars().iter().map(Bars::columns))),
        ("edges", digest(edge.iter().map(|e| e.bars.columns()))),
        ("exact edges", digest(exact.all().iter().map(|e| e.bars.columns()))),
        ("trades", digest(ticks.iter().map(|t| t.trades.columns()))),
        ("quotes", digest(ticks.iter().map(|t| t.quotes.columns()))),
        ("options", digest_chain(&chain)),
        ("cross section", digest_panel(&panel.panel)),
    ]
    .map(|(name, id)| (name, id.short()));
    let got = got.each_ref().map(|(name, id)| (*name, id.as_str()));
    assert_eq!(got, PINNED);
}

/// Recorded from this code.
const PINNED: [(&str, &str); 7] = [
    ("etfs", "27ffccc1b59f"),
    ("edges", "a11a3fae6840"),
    ("exact edges", "b1bcdfe947d6"),
    ("trades", "af2e74c0e876"),
    ("quotes", "3333bdd2945e"),
    ("options", "aada0af98e8b"),
    ("cross section", "9194f89fbfa1"),
];
