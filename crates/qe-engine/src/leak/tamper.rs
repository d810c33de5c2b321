//! Markets that are the same up to a cut, and other after it.

use std::fmt;

use qe_core::rng::Stream;

use super::Cut;
use super::rows::{Known, blank, halt, keep, mend, others, scale, stir, swap};
use crate::error::Result;
use crate::fills::At;
use crate::market::{Market, Parts};

/// What is done to all rows that are not known at a cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tampering {
    /// They are gone. Of a bar whose open is known nothing else is.
    Truncated,
    /// They are there, and all their values are missing.
    Missing,
    /// Prices follow another path, and the other columns are others.
    Path,
    /// They stand in another order.
    Swapped,
    /// Prices are ten times as high, and a tenth, in turn.
    Shocked,
    /// Volume and all columns beside the prices are others.
    Columns,
    /// Some of them are gone.
    Fewer,
    /// Halts, loans and corporate actions are others, and spreads where there are some.
    Halts,
    /// The other symbols alone are others.
    Symbols,
    /// The bars of a lower timeframe alone are others.
    Detail,
}

impl Tampering {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Truncated,
        Self::Missing,
        Self::Path,
        Self::Swapped,
        Self::Shocked,
        Self::Columns,
        Self::Fewer,
        Self::Halts,
        Self::Symbols,
        Self::Detail,
    ];

    /// Whether some market has what it tampers with.
    pub(super) fn applies(self, markets: &[Market]) -> bool {
        match self {
            Self::Symbols => markets.iter().any(|m| m.symbols().names().next().is_some() || m.peers().is_some()),
            Self::Detail => markets.iter().any(Market::has_detail),
            _ => true,
        }
    }
}

impl fmt::Display for Tampering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Truncated => "the rows after it are gone",
            Self::Missing => "all values after it are missing",
            Self::Path => "prices after it follow another path",
            Self::Swapped => "the rows after it stand in another order",
            Self::Shocked => "prices after it are ten times as high, and a tenth, in turn",
            Self::Columns => "volume and the other columns after it are others",
            Self::Fewer => "some rows after it are gone",
            Self::Halts => "halts, loans, corporate actions and spreads after it are others",
            Self::Symbols => "the other symbols after it are others",
            Self::Detail => "the bars of a lower timeframe after it are others",
        })
    }
}

/// The markets, other after a cut.
pub(super) fn tampered(markets: &[Market], cut: Cut, tampering: Tampering, r: &mut Stream) -> Result<Vec<Market>> {
    markets.iter().map(|market| one(market, cut, tampering, r)).collect()
}

fn one(market: &Market, cut: Cut, tampering: Tampering, r: &mut Stream) -> Result<Market> {
    let mut parts = market.parts();
    let (symbols, peers) = (std::mem::take(&mut parts.symbols), std::mem::take(&mut parts.peers));
    if tampering != Tampering::Symbols {
        alter(&mut parts, cut, tampering, r);
    }
    let of_symbols = if tampering == Tampering::Symbols { Tampering::Shocked } else { tampering };
    let mut other = |symbol: &Market| {
        let mut parts = symbol.parts();
        // What is read of a symbol is read when its bar is complete.
        alter(&mut parts, Cut::at_close(cut.time), of_symbols, r);
        symbol.of_parts(parts)
    };
    parts.symbols = symbols.iter().map(&mut other).collect::<Result<_>>()?;
    parts.peers = peers.iter().map(&mut other).collect::<Result<_>>()?;
    market.of_parts(parts)
}

fn alter(parts: &mut Parts, cut: Cut, tampering: Tampering, r: &mut Stream) {
    let n = parts.open.len();
    let rows = parts.available.partition_point(|t| *t <= cut.time);
    let opens = parts.open.partition_point(|t| cut.knows(*t, At::Open)).max(rows);
    let known = Known { rows, opens };
    if rows == n {
        return;
    }
    let lacks: Vec<[bool; 3]> = (rows..opens).map(|row| [1, 2, 3].map(|i| parts.columns[i].1[row].is_nan())).collect();
    match tampering {
        Tampering::Truncated => {
            blank(parts, &known);
            // A market has a row at least; of that one nothing is known then.
            keep(parts, |row| row < opens.max(1));
        }
        Tampering::Missing => blank(parts, &known),
        Tampering::Path => {
            let mut level = 0.7 + 0.6 * r.uniform();
            let factors: Vec<f64> = (rows..n)
                .map(|_| {
                    level = (level * (1.0 + 0.03 * r.normal()).max(0.5)).clamp(1e-3, 1e3);
                    level
                })
                .collect();
            scale(parts, cut, &known, &factors);
            others(parts, &known, r);
        }
        Tampering::Shocked => {
            let (mut left, mut factor) = (0, 1.0);
            let factors: Vec<f64> = (rows..n)
                .map(|_| {
                    if left == 0 {
                        (left, factor) = (1 + r.below(20), if factor == 10.0 { 0.1 } else { 10.0 });
                    }
                    left -= 1;
                    factor
                })
                .collect();
            scale(parts, cut, &known, &factors);
        }
        Tampering::Swapped => swap(parts, &known, r),
        Tampering::Columns => others(parts, &known, r),
        Tampering::Fewer => {
            // A whole stretch, as the rest of a session, and some of what follows; the last row stays.
            let gone = r.below(40) as usize;
            let stays: Vec<bool> =
                (0..n).map(|row| row < opens || row + 1 == n || (row >= opens + gone && r.bernoulli(0.6))).collect();
            keep(parts, |row| stays[row]);
        }
        Tampering::Halts => halt(parts, &known, r),
        Tampering::Detail => stir(parts, cut, &known, r),
        Tampering::Symbols => {}
    }
    if !matches!(tampering, Tampering::Columns | Tampering::Halts | Tampering::Detail) {
        mend(parts, cut, &known, &lacks, tampering);
    }
}
