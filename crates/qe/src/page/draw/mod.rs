//! Charts as SVG, written by ourselves: series reduced without losing an extreme, scales, frames.
//!
//! A plot stretches to whatever it stands in, and only its lines are in the SVG: strokes and dots keep their width at
//! any stretch (`vector-effect`), and what is written along the axes is HTML beside it, so that it stays readable on a
//! phone.

mod chart;
mod dates;
mod histogram;
mod path;
mod reduce;
mod scale;

pub(crate) use chart::{Bottom, Chart, Mark, Write};
pub use dates::{TimeAxis, TimeTick};
pub(crate) use path::{Path, place};
pub use reduce::{Band, Line, N_COLUMNS};
pub(crate) use scale::Scale;
