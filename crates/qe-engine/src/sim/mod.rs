//! Simulation: from conditions and numbers to fills, and from fills to what a point came to.
//!
//! One walk serves every engine. A [`state::Walk`] goes over the rows of a market section by section, jumps from event to event, and
//! does all arithmetic of cash and units in [`account`]. What happens is told to a
//! [`record::Record`]: nobody in a sweep, the ledger where one is asked for. So a point has the same bits alone and among thousands.

pub(crate) mod account;
pub(crate) mod days;
mod decide;
mod enter;
mod glide;
pub(crate) mod guards;
mod hop;
mod leave;
pub(crate) mod record;
mod resting;
pub(crate) mod section;
mod simple;
pub(crate) mod state;
pub(crate) mod tables;
mod trips;
pub(crate) mod walk;
mod weigh;
mod weights;
