//! A parameter: its kind, its range and its scale, stated once.
//!
//! The same statement validates what users write, fills the docs page, and is the search space of every sampler.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The value of a parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any number.
    Float(f64),
    /// One of a list of words.
    Text(String),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(v) => write!(f, "{v}"),
            Self::Int(v) => write!(f, "{v}"),
            Self::Float(v) => write!(f, "{v:?}"),
            Self::Text(v) => f.write_str(v),
        }
    }
}

impl From<bool> for Value {
    fn from(v: bool) -> Self {
        Self::Bool(v)
    }
}

impl From<i64> for Value {
    fn from(v: i64) -> Self {
        Self::Int(v)
    }
}

impl From<f64> for Value {
    fn from(v: f64) -> Self {
        Self::Float(v)
    }
}

impl From<&str> for Value {
    fn from(v: &str) -> Self {
        Self::Text(v.to_owned())
    }
}

/// How the space between the bounds is walked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Equal steps.
    #[default]
    Linear,
    /// Equal ratios; the bounds must be above zero.
    Log,
}

/// What values a parameter may take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Kind {
    /// Whole numbers from `min` to `max`, both included, in steps.
    Int {
        /// The lowest.
        min: i64,
        /// The highest.
        max: i64,
        /// From one to the next.
        #[serde(default = "one")]
        step: i64,
    },
    /// Numbers from `min` to `max`, both included; on a lattice where a step is given.
    Float {
        /// The lowest.
        min: f64,
        /// The highest.
        max: f64,
        /// From one to the next, if only some numbers are meant.
        #[serde(default)]
        step: Option<f64>,
    },
    /// Yes or no.
    Bool,
    /// One of these words.
    Choice {
        /// The words.
        options: Vec<String>,
    },
}

fn one() -> i64 {
    1
}

/// A parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Param {
    /// Its name, from the dictionary of the house style.
    pub name: String,
    /// What it may be.
    pub kind: Kind,
    /// How it is searched.
    #[serde(default)]
    pub scale: Scale,
    /// What it is when nobody says otherwise.
    pub default: Value,
    /// One line on what it does.
    #[serde(default)]
    pub doc: String,
}

impl Param {
    /// A whole number between two bounds.
    pub fn int(name: &str, min: i64, max: i64, default: i64) -> Self {
        Self::new(name, Kind::Int { min, max, step: 1 }, Value::Int(default))
    }

    /// A number between two bounds.
    pub fn float(name: &str, min: f64, max: f64, default: f64) -> Self {
        Self::new(name, Kind::Float { min, max, step: None }, Value::Float(default))
    }

    /// Yes or no.
    pub fn bool(name: &str, default: bool) -> Self {
        Self::new(name, Kind::Bool, Value::Bool(default))
    }

    /// One of some words.
    pub fn choice<'a>(name: &str, options: impl IntoIterator<Item = &'a str>, default: &str) -> Self {
        let options = options.into_iter().map(str::to_owned).collect();
        Self::new(name, Kind::Choice { options }, Value::Text(default.to_owned()))
    }

    fn new(name: &str, kind: Kind, default: Value) -> Self {
        Self { name: name.to_owned(), kind, scale: Scale::Linear, default, doc: String::new() }
    }

    /// The same parameter, searched by ratios.
    #[must_use]
    pub fn log(mut self) -> Self {
        self.scale = Scale::Log;
        self
    }

    /// The same parameter, only on multiples of `step` above its lowest value.
    #[must_use]
    pub fn step(mut self, by: f64) -> Self {
        match &mut self.kind {
            Kind::Int { step, .. } => *step = by as i64,
            Kind::Float { step, .. } => *step = Some(by),
            Kind::Bool | Kind::Choice { .. } => {}
        }
        self
    }

    /// The same parameter with a line of documentation.
    #[must_use]
    pub fn doc(mut self, text: &str) -> Self {
        self.doc = text.to_owned();
        self
    }

    /// The parameter itself if its statement makes sense.
    ///
    /// # Errors
    /// When bounds, step, scale or default contradict one another.
    pub fn validated(self) -> Result<Self> {
        let bad = |value: String, reason: &str, mend: &str| {
            Err(Error::invalid(format!("parameter {}", self.name), value, reason, mend))
        };
        match &self.kind {
            Kind::Int { min, max, step } => {
                if min > max {
                    return bad(format!("{min} to {max}"), "the bounds are the wrong way round", "swap them");
                }
                if *step < 1 {
                    return bad(format!("step {step}"), "a step goes upwards", "give 1 or more");
                }
                if self.scale == Scale::Log && *min < 1 {
                    return bad(format!("min {min}"), "a log scale has no zero", "start at 1 or more");
                }
            }
            Kind::Float { min, max, step } => {
                if !(min.is_finite() && max.is_finite() && min <= max) {
                    return bad(format!("{min} to {max}"), "the bounds are not an interval", "give finite min <= max");
                }
                if step.is_some_and(|s| !(s > 0.0 && s.is_finite())) {
                    return bad(format!("step {step:?}"), "a step goes upwards", "give a step above 0, or none");
                }
                if self.scale == Scale::Log && *min <= 0.0 {
                    return bad(format!("min {min}"), "a log scale has no zero", "start above 0");
                }
            }
            Kind::Bool => {}
            Kind::Choice { options } => {
                if options.is_empty() {
                    return bad("[]".into(), "there is nothing to choose from", "list the options");
                }
                if let Some(i) = (1..options.len()).find(|&i| options[..i].contains(&options[i])) {
                    return bad(options[i].clone(), "it stands twice among the options", "list each once");
                }
            }
        }
        self.check(&self.default)?;
        Ok(self)
    }

    /// `value` as this parameter holds it; a whole number passes for a float.
    ///
    /// # Errors
    /// When it is of another kind or out of range.
    pub fn check(&self, value: &Value) -> Result<Value> {
        let bad =
            |reason: String, mend: String| Err(Error::invalid(format!("parameter {}", self.name), value, reason, mend));
        match (&self.kind, value) {
            (Kind::Int { min, max, .. }, Value::Int(v)) if (min..=max).contains(&v) => Ok(value.clone()),
            (Kind::Int { min, max, .. }, Value::Float(v))
                if v.fract() == 0.0 && *v >= *min as f64 && *v <= *max as f64 =>
            {
                Ok(Value::Int(*v as i64))
            }
            (Kind::Int { min, max, .. }, _) => {
                bad("it is not a whole number in range".into(), format!("give a whole number from {min} to {max}"))
            }
            (Kind::Float { min, max, .. }, Value::Float(v)) if *v >= *min && *v <= *max => Ok(value.clone()),
            (Kind::Float { min, max, .. }, Value::Int(v)) if (*v as f64) >= *min && (*v as f64) <= *max => {
                Ok(Value::Float(*v as f64))
            }
            (Kind::Float { min, max, .. }, _) => {
                bad("it is not a number in range".into(), format!("give a number from {min} to {max}"))
            }
            (Kind::Bool, Value::Bool(_)) => Ok(value.clone()),
            (Kind::Bool, _) => bad("it is neither true nor false".into(), "give true or false".into()),
            (Kind::Choice { options }, Value::Text(v)) if options.contains(v) => Ok(value.clone()),
            (Kind::Choice { options }, _) => {
                bad("it is none of the options".into(), format!("give one of {}", options.join(", ")))
            }
        }
    }

    /// How many values there are; `None` for a continuum.
    pub fn n_values(&self) -> Option<u64> {
        match &self.kind {
            Kind::Int { min, max, step } => {
                Some((max.abs_diff(*min) / (*step).max(1).unsigned_abs()).saturating_add(1))
            }
            Kind::Float { min, max, step: Some(step) } => {
                Some((((max - min) / step + 1e-9).floor() as u64).saturating_add(1))
            }
            Kind::Float { min, max, step: None } => (min == max).then_some(1),
            Kind::Bool => Some(2),
            Kind::Choice { options } => Some(options.len() as u64),
        }
    }

    /// The value at place `idx` of the lattice; `None` for a continuum and beyond the end.
    pub fn value_at(&self, idx: u64) -> Option<Value> {
        if idx >= self.n_values()? {
            return None;
        }
        Some(match &self.kind {
            // Modulo 2^64, which is exact: the value lies between the bounds.
            Kind::Int { min, step, .. } => Value::Int(min.wrapping_add((idx as i64).wrapping_mul(*step))),
            // 3 * 0.1 is above 0.3: the last value is the bound itself.
            Kind::Float { min, max, step } => Value::Float((min + idx as f64 * step.unwrap_or(0.0)).min(*max)),
            Kind::Bool => Value::Bool(idx == 1),
            Kind::Choice { options } => Value::Text(options[idx as usize].clone()),
        })
    }

    /// The value at `unit` in [0, 1] of the range, on the parameter's scale and lattice.
    pub fn from_unit(&self, unit: f64) -> Value {
        let unit = if unit.is_nan() { 0.0 } else { unit.clamp(0.0, 1.0) };
        let place = |n: u64| ((unit * n as f64) as u64).min(n.saturating_sub(1));
        match &self.kind {
            Kind::Float { min, max, step } if step.is_none() || self.scale == Scale::Log => {
                let raw = match self.scale {
                    Scale::Linear => min + unit * (max - min),
                    Scale::Log => libm::exp(libm::log(*min) + unit * (libm::log(*max) - libm::log(*min))),
                };
                // The highest bound may lie beyond the last value of the lattice.
                let last = self.n_values().unwrap_or(1).saturating_sub(1) as f64;
                let raw = step.map_or(raw, |s| min + ((raw - min) / s).round().min(last) * s);
                Value::Float(raw.clamp(*min, *max))
            }
            Kind::Int { min, max, step } if self.scale == Scale::Log => {
                let (low, high) = (libm::log(*min as f64 - 0.5), libm::log(*max as f64 + 0.5));
                let raw = libm::exp(low + unit * (high - low)).round() as i64;
                let n = (raw - min).saturating_add(step / 2).div_euclid(*step);
                Value::Int((min + n * step).clamp(*min, min + (max - min) / step * step))
            }
            Kind::Int { .. } | Kind::Float { .. } | Kind::Bool | Kind::Choice { .. } => {
                let n = self.n_values().unwrap_or(1);
                self.value_at(place(n)).unwrap_or_else(|| self.default.clone())
            }
        }
    }
}

impl fmt::Display for Param {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.name)?;
        match &self.kind {
            Kind::Int { min, max, step: 1 } => write!(f, "whole number {min} to {max}")?,
            Kind::Int { min, max, step } => write!(f, "whole number {min} to {max} in steps of {step}")?,
            Kind::Float { min, max, step: None } => write!(f, "number {min} to {max}")?,
            Kind::Float { min, max, step: Some(s) } => write!(f, "number {min} to {max} in steps of {s}")?,
            Kind::Bool => f.write_str("true or false")?,
            Kind::Choice { options } => write!(f, "one of {}", options.join(", "))?,
        }
        if self.scale == Scale::Log {
            f.write_str(", by ratios")?;
        }
        write!(f, "; default {}", self.default)?;
        if !self.doc.is_empty() {
            write!(f, ". {}", self.doc)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_checked_and_the_error_says_what_is_allowed() {
        let p = Param::int("fast_period", 5, 54, 10);
        assert_eq!(p.check(&Value::Float(7.0)).unwrap(), Value::Int(7));
        let text = p.check(&Value::Int(0)).unwrap_err().to_string();
        assert_eq!(
            text,
            "parameter fast_period: 0 is not allowed, it is not a whole number in range; \
             give a whole number from 5 to 54"
        );
        assert!(p.check(&Value::Float(7.5)).is_err());
        assert!(Param::float("mult", 0.5, 4.0, 2.0).check(&Value::Float(f64::NAN)).is_err());
    }

    #[test]
    fn statements_that_contradict_themselves_are_refused() {
        assert!(Param::int("n", 5, 4, 5).validated().is_err());
        assert!(Param::float("x", 0.0, 1.0, 0.5).log().validated().is_err());
        assert!(Param::float("x", 0.1, 1.0, 2.0).validated().is_err());
        assert!(Param::choice("c", [], "a").validated().is_err());
        assert!(Param::float("x", 0.1, 1.0, 0.5).log().validated().is_ok());
    }

    #[test]
    fn a_lattice_has_its_ends() {
        let p = Param::float("stop", 0.01, 0.05, 0.02).step(0.01);
        assert_eq!(p.n_values(), Some(5));
        assert_eq!(p.value_at(0), Some(Value::Float(0.01)));
        assert!(matches!(p.value_at(4), Some(Value::Float(v)) if (v - 0.05).abs() < 1e-15));
        assert_eq!(p.value_at(5), None);
        assert_eq!(Param::int("n", 5, 20, 5).step(5.0).n_values(), Some(4));
        assert_eq!(Param::float("x", 0.0, 1.0, 0.5).n_values(), None);
    }

    #[test]
    fn the_unit_interval_covers_the_range_evenly() {
        let p = Param::int("n", 1, 4, 1);
        let hits: Vec<_> = (0..8).map(|i| p.from_unit((f64::from(i) + 0.5) / 8.0)).collect();
        assert_eq!(hits, [1, 1, 2, 2, 3, 3, 4, 4].map(Value::Int));
        assert_eq!((p.from_unit(0.0), p.from_unit(1.0)), (Value::Int(1), Value::Int(4)));
        let log = Param::float("x", 1.0, 100.0, 1.0).log();
        assert!(matches!(log.from_unit(0.5), Value::Float(v) if (v - 10.0).abs() < 1e-12));
        for unit in [0.0, 0.3, 0.99, 1.0, f64::NAN] {
            let q = Param::int("n", 1, 100, 1).log();
            assert!(q.check(&q.from_unit(unit)).is_ok());
        }
    }

    #[test]
    fn every_value_of_a_lattice_is_allowed_and_reached_evenly() {
        // 3 * 0.1 rounds to more than 0.3, 7 * 0.1 to more than 0.7; a bound of 1 is off a lattice of 0.4.
        for (min, max, step, n) in [(0.0, 0.3, 0.1, 4), (0.0, 0.7, 0.1, 8), (0.0, 1.0, 0.4, 3), (-0.3, 0.3, 0.1, 7)] {
            let p = Param::float("x", min, max, min).step(step);
            assert_eq!(p.n_values(), Some(n), "{p}");
            let lattice: Vec<Value> = (0..n).map(|i| p.value_at(i).unwrap()).collect();
            lattice.iter().for_each(|v| assert_eq!(p.check(v), Ok(v.clone()), "{p}"));
            let units = (0..4 * n).map(|i| (i as f64 + 0.5) / (4 * n) as f64);
            let drawn: Vec<Value> = units.map(|u| p.from_unit(u)).collect();
            for (i, v) in lattice.iter().enumerate() {
                assert!(drawn[4 * i..4 * i + 4].iter().all(|d| d == v), "{p}: {drawn:?}");
            }
        }
        let log = Param::float("x", 1.0, 2.0, 1.0).step(0.4).log();
        assert_eq!(log.from_unit(1.0), Value::Float(1.8), "2 is off the lattice");
    }

    #[test]
    fn the_ends_of_whole_numbers_do_not_overflow() {
        let p = Param::int("n", i64::MIN, i64::MAX, 0);
        assert_eq!(p.n_values(), Some(u64::MAX));
        assert_eq!(p.value_at(u64::MAX - 1), Some(Value::Int(i64::MAX - 1)));
        assert_eq!(p.value_at(1 << 63), Some(Value::Int(0)));
        assert_eq!(Param::float("x", 0.0, 1e300, 0.0).step(1.0).n_values(), Some(u64::MAX));
        let log = Param::int("n", 1, i64::MAX, 1).step(1e18).log();
        assert!(log.check(&log.from_unit(1.0)).is_ok());
        let twice = Param::choice("c", ["a", "b", "a"], "a").validated().unwrap_err().to_string();
        assert!(twice.contains("stands twice"), "{twice}");
    }

    #[test]
    fn a_step_may_be_left_out_and_nothing_else_may_be_said() {
        let kind = |text: &str| serde_json::from_str::<Kind>(text);
        assert_eq!(kind(r#"{"int":{"min":1,"max":9}}"#).unwrap(), Kind::Int { min: 1, max: 9, step: 1 });
        let float = Kind::Float { min: 0.5, max: 1.0, step: None };
        assert_eq!(kind(r#"{"float":{"min":0.5,"max":1}}"#).unwrap(), float);
        assert_eq!(kind(&serde_json::to_string(&float).unwrap()).unwrap(), float);
        assert!(kind(r#"{"int":{"min":1,"max":9,"stp":2}}"#).unwrap_err().to_string().contains("unknown field `stp`"));
    }

    #[test]
    fn it_reads_as_documentation() {
        let p = Param::int("period", 2, 200, 14).log().doc("Bars in the window.");
        assert_eq!(p.to_string(), "period: whole number 2 to 200, by ratios; default 14. Bars in the window.");
    }
}
