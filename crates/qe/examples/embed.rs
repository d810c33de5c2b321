//! The README's example: a month of one symbol from partitioned Parquet, checked, as hourly bars.
//!
//! Run it on the demo's market: `cargo run -- demo --out demo-out`, then
//! `cargo run --example embed -- demo-out/market`.
#![expect(clippy::print_stdout, reason = "an example shows its result")]

use qe::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).unwrap_or_else(|| "demo-out/market".into());
    let spec =
        DataSpec::bars([path], Timeframe::M1).symbols(["SPY"]).between(Date::new(2020, 3, 1)?, Date::new(2020, 4, 1)?);
    let data = Loader::new(spec)?.load()?;
    let minutes = data.get("SPY")?;
    println!("{}", check_bars(minutes, &Scope::new(Calendar::us_equities()), &QualityPolicy::default()));
    let hours = resample(minutes, &ResampleSpec::new(Timeframe::H1, Calendar::us_equities()))?.bars;
    println!("{} minutes, {} hours, data id {}", minutes.len(), hours.len(), data.identity.id.short());
    Ok(())
}
