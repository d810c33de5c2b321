//! Several strategies over several symbols with one account: shares, rebalancing, limits, attribution.
//!
//! Each strategy over each symbol is a sleeve: a market of the broker with a purse of its own ([`crate::broker`]). So positions,
//! costs and payments are each sleeve's from the beginning, and what sleeves won sums to what the account won. The other design
//! was to net what sleeves want into one position a symbol: it saves the spread where one sells what another buys, but which of
//! them paid for what is then a convention, and a sleeve's run is no longer the run of its strategy.
//! Its contract is docs/portfolio.md.

mod attribution;
mod plan;
mod rebalance;
mod run;
mod spec;

pub use attribution::{Attribution, Part};
pub use rebalance::Rebalanced;
pub use run::{PortfolioOptions, PortfolioReport, Sleeve, run};
pub use spec::{Every, Limits, PortfolioSpec, Rebalance, SleeveSpec, VERSION, Which};
