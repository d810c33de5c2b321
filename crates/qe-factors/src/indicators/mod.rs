//! Indicators: one file each, one list, one contract.
//!
//! An indicator is a struct with public parameters. What it is called, which columns it reads, which parameters it has and
//! which columns it gives is its [`Signature`]; [`ALL`] lists them. [`Indicator::kernel`] makes the computation with
//! memory, which runs over whole columns ([`compute`]), blocks or single rows with the same bits.
//!
//! Output is as long as input. On clean input exactly the first [`Indicator::lookback`] values are NaN. A window with a
//! NaN in it is NaN, and whole again once it has passed; a recursive filter keeps its state over a NaN and gives NaN there.

pub mod atr;
pub mod macd;
pub mod rsi;
pub mod sma;

use std::fmt;

use qe_core::error::nearest;
use qe_core::param::{Param, Value};

pub use atr::Atr;
pub use macd::Macd;
pub use rsi::Rsi;
pub use sma::Sma;

use crate::error::{Error, Result};
use crate::kernel::Kernel;

/// Every indicator, alphabetical by name.
pub const ALL: &[&Signature] = &[&atr::SIGNATURE, &macd::SIGNATURE, &rsi::SIGNATURE, &sma::SIGNATURE];

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

    /// The computation, its first row being row `first_row` of the data set.
    fn kernel(&self, first_row: u64) -> Box<dyn Kernel>;
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
}

impl Input {
    /// A series, `close` unless another is given.
    pub const SERIES: Self = Self { name: "x", default: Some("close") };
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
        Self { name, default: Some(name) }
    }

    /// A series that must be given.
    pub const fn required(name: &'static str) -> Self {
        Self { name, default: None }
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
