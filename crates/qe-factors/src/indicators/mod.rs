//! Indicators: one file each, one list, one contract.
//!
//! An indicator is a struct with public parameters. What it is called, which columns it reads, which parameters it has
//! and which columns it gives is its [`Signature`]; [`ALL`] lists them. [`Indicator::kernel`] makes the computation with
//! memory, which runs over whole columns ([`compute`]), blocks or single rows with the same bits.
//!
//! Output is as long as input. On clean input exactly the first [`Indicator::lookback`] values are NaN. A window with a
//! NaN in it is NaN, and whole again once it has passed; a recursive filter keeps its state over a NaN and gives NaN
//! there.

pub mod ad;
pub mod adosc;
pub mod adx;
pub mod adxr;
pub mod alma;
pub mod amihud;
pub mod ao;
pub mod apo;
pub mod argmax;
pub mod argmin;
pub mod aroon;
pub mod atr;
pub mod autocorr;
pub mod beta;
pub mod bipower;
pub mod bollinger;
pub mod bop;
pub mod cci;
pub mod chaikin_volatility;
pub mod chandelier;
pub mod chop;
pub mod cmf;
pub mod cmo;
pub mod coppock;
pub mod corr;
pub mod cov;
pub mod dema;
pub mod dmi;
pub mod donchian;
pub mod dpo;
pub mod drawdown;
pub mod elder_ray;
pub mod ema;
pub mod eom;
pub mod er;
pub mod ewm_vol;
pub mod fisher;
pub mod force;
pub mod garman_klass;
pub mod hma;
pub mod hv;
pub mod ichimoku;
pub mod kama;
pub mod keltner;
pub mod kst;
pub mod kurt;
pub mod kvo;
pub mod laguerre_rsi;
pub mod linreg;
pub mod log_return;
pub mod macd;
pub mod mad;
pub mod mass_index;
pub mod max_drawdown;
pub mod mcginley;
pub mod median;
pub mod mfi;
pub mod midpoint;
pub mod midprice;
pub mod mom;
pub mod natr;
pub mod nvi;
pub mod obv;
pub mod parkinson;
pub mod ppo;
pub mod product;
pub mod psar;
pub mod pvi;
pub mod pvt;
pub mod quantile;
pub mod realized_var;
pub mod rel_volume;
pub mod roc;
pub mod rocp;
pub mod rogers_satchell;
pub mod rsi;
pub mod semi_dev;
pub mod skew;
pub mod sma;
pub mod std_dev;
pub mod std_pop;
pub mod stoch;
pub mod stochf;
pub mod stochrsi;
pub mod sum;
pub mod supertrend;
pub mod t3;
pub mod tema;
pub mod trima;
pub mod trix;
pub mod true_range;
pub mod ts_max;
pub mod ts_min;
pub mod ts_rank;
pub mod tsi;
pub mod ulcer;
pub mod uo;
pub mod var;
pub mod var_pop;
pub mod vhf;
pub mod volume_osc;
pub mod vortex;
pub mod vwap;
pub mod vwap_rolling;
pub mod vwma;
pub mod wilder;
pub mod willr;
pub mod wma;
pub mod yang_zhang;
pub mod zlema;
pub mod zscore;

use std::fmt;

use qe_core::error::nearest;
use qe_core::param::{Param, Value};

pub use ad::Ad;
pub use adosc::Adosc;
pub use adx::Adx;
pub use adxr::Adxr;
pub use alma::Alma;
pub use amihud::Amihud;
pub use ao::Ao;
pub use apo::Apo;
pub use argmax::Argmax;
pub use argmin::Argmin;
pub use aroon::Aroon;
pub use atr::Atr;
pub use autocorr::Autocorr;
pub use beta::Beta;
pub use bipower::Bipower;
pub use bollinger::Bollinger;
pub use bop::Bop;
pub use cci::Cci;
pub use chaikin_volatility::ChaikinVolatility;
pub use chandelier::Chandelier;
pub use chop::Chop;
pub use cmf::Cmf;
pub use cmo::Cmo;
pub use coppock::Coppock;
pub use corr::Corr;
pub use cov::Cov;
pub use dema::Dema;
pub use dmi::Dmi;
pub use donchian::Donchian;
pub use dpo::Dpo;
pub use drawdown::Drawdown;
pub use elder_ray::ElderRay;
pub use ema::Ema;
pub use eom::Eom;
pub use er::Er;
pub use ewm_vol::EwmVol;
pub use fisher::Fisher;
pub use force::Force;
pub use garman_klass::GarmanKlass;
pub use hma::Hma;
pub use hv::Hv;
pub use ichimoku::Ichimoku;
pub use kama::Kama;
pub use keltner::Keltner;
pub use kst::Kst;
pub use kurt::Kurt;
pub use kvo::Kvo;
pub use laguerre_rsi::LaguerreRsi;
pub use linreg::Linreg;
pub use log_return::LogReturn;
pub use macd::Macd;
pub use mad::Mad;
pub use mass_index::MassIndex;
pub use max_drawdown::MaxDrawdown;
pub use mcginley::Mcginley;
pub use median::Median;
pub use mfi::Mfi;
pub use midpoint::Midpoint;
pub use midprice::Midprice;
pub use mom::Mom;
pub use natr::Natr;
pub use nvi::Nvi;
pub use obv::Obv;
pub use parkinson::Parkinson;
pub use ppo::Ppo;
pub use product::Product;
pub use psar::Psar;
pub use pvi::Pvi;
pub use pvt::Pvt;
pub use quantile::Quantile;
pub use realized_var::RealizedVar;
pub use rel_volume::RelVolume;
pub use roc::Roc;
pub use rocp::Rocp;
pub use rogers_satchell::RogersSatchell;
pub use rsi::Rsi;
pub use semi_dev::SemiDev;
pub use skew::Skew;
pub use sma::Sma;
pub use std_dev::Std;
pub use std_pop::StdPop;
pub use stoch::Stoch;
pub use stochf::Stochf;
pub use stochrsi::Stochrsi;
pub use sum::Sum;
pub use supertrend::Supertrend;
pub use t3::T3;
pub use tema::Tema;
pub use trima::Trima;
pub use trix::Trix;
pub use true_range::TrueRange;
pub use ts_max::Max;
pub use ts_min::Min;
pub use ts_rank::Rank;
pub use tsi::Tsi;
pub use ulcer::Ulcer;
pub use uo::Uo;
pub use var::Var;
pub use var_pop::VarPop;
pub use vhf::Vhf;
pub use volume_osc::VolumeOsc;
pub use vortex::Vortex;
pub use vwap::Vwap;
pub use vwap_rolling::VwapRolling;
pub use vwma::Vwma;
pub use wilder::Wilder;
pub use willr::Willr;
pub use wma::Wma;
pub use yang_zhang::YangZhang;
pub use zlema::Zlema;
pub use zscore::Zscore;

use crate::error::{Error, Result};
use crate::kernel::Kernel;

/// Every indicator, alphabetical by name.
pub const ALL: &[&Signature] = &[
    &ad::SIGNATURE,
    &adosc::SIGNATURE,
    &adx::SIGNATURE,
    &adxr::SIGNATURE,
    &alma::SIGNATURE,
    &amihud::SIGNATURE,
    &ao::SIGNATURE,
    &apo::SIGNATURE,
    &argmax::SIGNATURE,
    &argmin::SIGNATURE,
    &aroon::SIGNATURE,
    &atr::SIGNATURE,
    &autocorr::SIGNATURE,
    &beta::SIGNATURE,
    &bipower::SIGNATURE,
    &bollinger::SIGNATURE,
    &bop::SIGNATURE,
    &cci::SIGNATURE,
    &chaikin_volatility::SIGNATURE,
    &chandelier::SIGNATURE,
    &chop::SIGNATURE,
    &cmf::SIGNATURE,
    &cmo::SIGNATURE,
    &coppock::SIGNATURE,
    &corr::SIGNATURE,
    &cov::SIGNATURE,
    &dema::SIGNATURE,
    &dmi::SIGNATURE,
    &donchian::SIGNATURE,
    &dpo::SIGNATURE,
    &drawdown::SIGNATURE,
    &elder_ray::SIGNATURE,
    &ema::SIGNATURE,
    &eom::SIGNATURE,
    &er::SIGNATURE,
    &ewm_vol::SIGNATURE,
    &fisher::SIGNATURE,
    &force::SIGNATURE,
    &garman_klass::SIGNATURE,
    &hma::SIGNATURE,
    &hv::SIGNATURE,
    &ichimoku::SIGNATURE,
    &kama::SIGNATURE,
    &keltner::SIGNATURE,
    &kst::SIGNATURE,
    &kurt::SIGNATURE,
    &kvo::SIGNATURE,
    &laguerre_rsi::SIGNATURE,
    &linreg::SIGNATURE,
    &log_return::SIGNATURE,
    &macd::SIGNATURE,
    &mad::SIGNATURE,
    &mass_index::SIGNATURE,
    &max_drawdown::SIGNATURE,
    &mcginley::SIGNATURE,
    &median::SIGNATURE,
    &mfi::SIGNATURE,
    &midpoint::SIGNATURE,
    &midprice::SIGNATURE,
    &mom::SIGNATURE,
    &natr::SIGNATURE,
    &nvi::SIGNATURE,
    &obv::SIGNATURE,
    &parkinson::SIGNATURE,
    &ppo::SIGNATURE,
    &product::SIGNATURE,
    &psar::SIGNATURE,
    &pvi::SIGNATURE,
    &pvt::SIGNATURE,
    &quantile::SIGNATURE,
    &realized_var::SIGNATURE,
    &rel_volume::SIGNATURE,
    &roc::SIGNATURE,
    &rocp::SIGNATURE,
    &rogers_satchell::SIGNATURE,
    &rsi::SIGNATURE,
    &semi_dev::SIGNATURE,
    &skew::SIGNATURE,
    &sma::SIGNATURE,
    &std_dev::SIGNATURE,
    &std_pop::SIGNATURE,
    &stoch::SIGNATURE,
    &stochf::SIGNATURE,
    &stochrsi::SIGNATURE,
    &sum::SIGNATURE,
    &supertrend::SIGNATURE,
    &t3::SIGNATURE,
    &tema::SIGNATURE,
    &trima::SIGNATURE,
    &trix::SIGNATURE,
    &true_range::SIGNATURE,
    &ts_max::SIGNATURE,
    &ts_min::SIGNATURE,
    &ts_rank::SIGNATURE,
    &tsi::SIGNATURE,
    &ulcer::SIGNATURE,
    &uo::SIGNATURE,
    &var::SIGNATURE,
    &var_pop::SIGNATURE,
    &vhf::SIGNATURE,
    &volume_osc::SIGNATURE,
    &vortex::SIGNATURE,
    &vwap::SIGNATURE,
    &vwap_rolling::SIGNATURE,
    &vwma::SIGNATURE,
    &wilder::SIGNATURE,
    &willr::SIGNATURE,
    &wma::SIGNATURE,
    &yang_zhang::SIGNATURE,
    &zlema::SIGNATURE,
    &zscore::SIGNATURE,
];

/// The highest period that any indicator takes.
pub const MAX_PERIOD: i64 = 1_000_000;

/// An indicator with its parameters.
pub trait Indicator: fmt::Debug + Send + Sync {
    /// How many values at the beginning are NaN on clean input.
    fn lookback(&self) -> usize;

    /// After how many rows what came before the first row changes a value by less than `eps` of the input's scale: two
    /// runs with different beginnings agree from there on. For windows it is the lookback, and they agree to the bit.
    fn settle(&self, eps: f64) -> usize {
        let _ = eps;
        self.lookback()
    }

    /// Whether a value depends on the last `lookback() + 1` rows alone, so that what is older leaves no trace.
    fn is_windowed(&self) -> bool {
        true
    }

    /// About how many bytes the computation remembers: what a budget counts. Most windows take less than this.
    fn n_bytes(&self) -> usize {
        self.lookback().saturating_add(1).saturating_mul(192).saturating_add(4096)
    }

    /// Whether an output is a condition: 1 where it is true, 0 where it is false, NaN where it is unknown.
    fn gives_condition(&self, output: usize) -> bool {
        let _ = output;
        false
    }

    /// The computation, its first row being row `first_row` of the data set.
    fn kernel(&self, first_row: u64) -> Box<dyn Kernel>;

    /// The computation where only some outputs are read, output `j` if bit `j` of `wanted` is set. Those have the bits
    /// that [`Indicator::kernel`] gives; the others may hold anything.
    fn kernel_for(&self, first_row: u64, wanted: u32) -> Box<dyn Kernel> {
        let _ = wanted;
        self.kernel(first_row)
    }
}

/// What an indicator is called, reads, is told, and gives.
#[derive(Debug, Clone, Copy)]
pub struct Signature {
    /// Its name in expressions.
    pub name: &'static str,
    /// Other names that are read as this one.
    pub aliases: &'static [&'static str],
    /// What it is, in one line.
    pub about: &'static str,
    /// The columns it reads, each by the field that it reads when nobody says otherwise.
    pub inputs: &'static [Input],
    /// Its parameters, in order.
    pub params: fn() -> Vec<Param>,
    /// The columns it gives. One alone is named as the indicator is.
    pub outputs: &'static [&'static str],
    /// Makes it from values that the parameters have checked.
    pub build: fn(&Args) -> Result<Box<dyn Indicator>>,
}

/// A column that an indicator reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Input {
    /// Its name as an argument.
    pub name: &'static str,
    /// The field that is meant when it is left out: `close`, `high`; `None` where it must be given.
    pub default: Option<&'static str>,
    /// Whether it is a condition: 1 where it is true, 0 where it is false, NaN where it is unknown.
    pub is_condition: bool,
}

impl Input {
    /// A series, `close` unless another is given.
    pub const SERIES: Self = Self { name: "x", default: Some("close"), is_condition: false };
    /// The open.
    pub const OPEN: Self = Self::field("open");
    /// The high.
    pub const HIGH: Self = Self::field("high");
    /// The low.
    pub const LOW: Self = Self::field("low");
    /// The close.
    pub const CLOSE: Self = Self::field("close");
    /// The volume.
    pub const VOLUME: Self = Self::field("volume");

    /// A field of bars.
    pub const fn field(name: &'static str) -> Self {
        Self { name, default: Some(name), is_condition: false }
    }

    /// A series that must be given.
    pub const fn required(name: &'static str) -> Self {
        Self { name, default: None, is_condition: false }
    }

    /// A condition that must be given.
    pub const fn condition(name: &'static str) -> Self {
        Self { name, default: None, is_condition: true }
    }
}

/// Checked values of an indicator's parameters, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Args(Vec<Value>);

impl Args {
    /// Values that were checked already.
    pub(crate) fn checked(values: Vec<Value>) -> Self {
        Self(values)
    }

    /// A whole number; 0 where there is none.
    pub fn count(&self, idx: usize) -> usize {
        match self.0.get(idx) {
            Some(Value::Int(v)) => usize::try_from(*v).unwrap_or(0),
            _ => 0,
        }
    }

    /// A number; NaN where there is none.
    pub fn number(&self, idx: usize) -> f64 {
        match self.0.get(idx) {
            Some(Value::Int(v)) => *v as f64,
            Some(Value::Float(v)) => *v,
            _ => f64::NAN,
        }
    }

    /// Yes or no; no where it is neither.
    pub fn flag(&self, idx: usize) -> bool {
        self.0.get(idx) == Some(&Value::Bool(true))
    }

    /// The values.
    pub fn values(&self) -> &[Value] {
        &self.0
    }
}

impl Signature {
    /// The indicator with these parameters, by name; those that are not named have their defaults.
    ///
    /// # Errors
    /// When a name is unknown or given twice, or a value is out of range.
    pub fn with(&self, named: &[(&str, Value)]) -> Result<Box<dyn Indicator>> {
        let args = self.args(named)?;
        (self.build)(&args)
    }

    /// All values of the parameters, checked, defaults filled in.
    ///
    /// # Errors
    /// As [`Signature::with`].
    pub fn args(&self, named: &[(&str, Value)]) -> Result<Args> {
        let params = (self.params)();
        for (i, (name, _)) in named.iter().enumerate() {
            if !params.iter().any(|p| p.name == *name) {
                let names = params.iter().map(|p| p.name.as_str());
                return Err(qe_core::Error::unknown("parameter", name, names).into());
            }
            if named[..i].iter().any(|(before, _)| before == name) {
                return Err(self.refused(format!("{name} is given twice"), "give it once"));
            }
        }
        let value = |p: &Param| match named.iter().find(|(name, _)| *name == p.name) {
            Some((_, value)) => p.check(value),
            None => Ok(p.default.clone()),
        };
        Ok(Args(params.iter().map(value).collect::<qe_core::error::Result<_>>()?))
    }

    /// An error about arguments that do not go together.
    pub fn refused(&self, reason: impl Into<String>, mend: impl Into<String>) -> Error {
        Error::Arguments { indicator: self.name, reason: reason.into(), mend: mend.into() }
    }
}

/// An indicator by its name or another name for it.
///
/// # Errors
/// When there is none; the nearest name is suggested.
pub fn by_name(name: &str) -> Result<&'static Signature> {
    let found = ALL.iter().find(|s| s.name == name || s.aliases.contains(&name));
    let names = || ALL.iter().flat_map(|s| std::iter::once(s.name).chain(s.aliases.iter().copied()));
    found.copied().ok_or_else(|| {
        let near = nearest(name, names()).map(str::to_owned);
        let available = ALL.iter().map(|s| s.name.to_owned()).collect();
        qe_core::Error::Unknown { what: "indicator", name: name.to_owned(), nearest: near, available }.into()
    })
}

/// An indicator over whole columns, from their first row on.
///
/// # Errors
/// When there are more or fewer columns than it reads, or they differ in length.
pub fn compute(signature: &Signature, indicator: &dyn Indicator, inputs: &[&[f64]]) -> Result<Vec<Vec<f64>>> {
    let n = inputs.first().map_or(0, |x| x.len());
    if inputs.len() != signature.inputs.len() || inputs.iter().any(|x| x.len() != n) {
        let names: Vec<&str> = signature.inputs.iter().map(|i| i.name).collect();
        let got: Vec<String> = inputs.iter().map(|x| x.len().to_string()).collect();
        let reason = format!("it reads {}, but was given columns of {} rows", names.join(", "), got.join(", "));
        return Err(signature.refused(reason, "give one column for each, all of one length"));
    }
    let mut out = vec![vec![f64::NAN; n]; signature.outputs.len()];
    let mut slices: Vec<&mut [f64]> = out.iter_mut().map(Vec::as_mut_slice).collect();
    indicator.kernel(0).run(inputs, &mut slices);
    Ok(out)
}

/// A period parameter.
pub(crate) fn period(default: i64) -> Param {
    named_period("period", default)
}

/// A period parameter that cannot be lower than `min`.
pub(crate) fn period_from(min: i64, default: i64) -> Param {
    Param::int("period", min, MAX_PERIOD, default).log().doc("how many rows it looks at")
}

/// By how many rows a year a result is made annual; 1 leaves it as it is.
pub(crate) fn periods_per_year() -> Param {
    Param::float("periods_per_year", 1e-3, 1e9, 1.0).log().doc("rows a year; the result is times its root")
}

/// A period parameter of another name.
pub(crate) fn named_period(name: &str, default: i64) -> Param {
    Param::int(name, 1, MAX_PERIOD, default).log().doc("how many rows it looks at")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_list_is_alphabetical_and_no_name_means_two_things() {
        assert!(ALL.is_sorted_by_key(|s| s.name));
        let names: Vec<&str> =
            ALL.iter().flat_map(|s| std::iter::once(s.name).chain(s.aliases.iter().copied())).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
        for s in ALL {
            assert!(s.outputs.len() > 1 || s.outputs == [s.name], "{}", s.name);
            for p in (s.params)() {
                assert!(p.clone().validated().is_ok() && !p.doc.is_empty(), "{} {}", s.name, p.name);
            }
        }
    }

    #[test]
    fn every_indicator_keeps_the_contract() {
        ALL.iter().for_each(|signature| crate::testing::check_indicator(signature));
    }

    #[test]
    fn parameters_are_named_checked_and_filled_in() {
        let rsi = by_name("rsi").unwrap();
        assert_eq!(rsi.args(&[]).unwrap().count(0), 14);
        assert_eq!(rsi.args(&[("period", 5i64.into())]).unwrap().count(0), 5);
        let said = |named: &[(&str, Value)]| rsi.with(named).unwrap_err().to_string();
        assert!(said(&[("perod", 5i64.into())]).contains("did you mean \"period\""));
        assert!(said(&[("period", 0i64.into())]).contains("whole number from"));
        assert!(said(&[("period", 5i64.into()), ("period", 6i64.into())]).contains("twice"));
        assert!(by_name("rsl").unwrap_err().to_string().contains("did you mean \"rsi\""));
    }
}
