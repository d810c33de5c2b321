//! When and at what price an order is filled.

mod follow;
mod path;
mod timing;

pub(crate) use follow::{Within, follow, may_be_met};
pub(crate) use path::hit_or_other;
pub use path::{Entered, Exit, Hit, PathPolicy, Resting, Touched, first_hit, limit_fill, stop_fill};
pub use timing::{At, Count, FillTiming, Holding};
