//! The charts of a run page, each with the words that say what it shows.

mod robust;
mod spread;
mod trades;
mod worth;

use crate::page::draw::N_COLUMNS;
use crate::page::number::{count, day, of as so_many};

pub(crate) use robust::{policies, stress};
pub(crate) use spread::spread;
pub(crate) use trades::{excursions, price};
pub(crate) use worth::{growth, rolling, underwater};

/// How a chart in time says that it was reduced.
fn reduced(n: usize) -> String {
    if n <= 2 * N_COLUMNS {
        return format!("All of {} are drawn.", so_many(n, "point", "points"));
    }
    format!(
        "{} points are drawn as {N_COLUMNS} columns; of each column the first, the least, the greatest and the last \
         are kept, so no extreme is lost.",
        count(n)
    )
}

/// When a fall was.
pub(crate) fn fall_time(at: Option<i64>, otherwise: &str) -> String {
    at.map_or_else(|| otherwise.to_owned(), |at| day(qe_core::time::Date::of_nanos(at).days()))
}
