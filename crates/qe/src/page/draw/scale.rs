//! From values to heights: linear or logarithmic, with round numbers to write along the axis.

/// A scale of values, which are drawn from 0 (the least) to 1 (the greatest).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scale {
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) is_log: bool,
}

/// What is beyond is drawn at the edge: no chart needs it, and sums of it would not be finite.
const BOUND: f64 = 1e100;

impl Scale {
    /// Linear, over some values and a little beyond. What is not finite does not count; of nothing it is 0 to 1.
    pub(crate) fn linear(values: impl IntoIterator<Item = f64>) -> Self {
        let (low, high) = ends(values).unwrap_or((0.0, 1.0));
        let room = match high - low {
            d if d > 0.0 => 0.04 * d,
            _ if high == 0.0 => 0.01,
            _ => (0.01 * high.abs()).max(1e-300),
        };
        Self { low: low - room, high: high + room, is_log: false }
    }

    /// Linear, from zero upwards.
    pub(crate) fn from_zero(values: impl IntoIterator<Item = f64>) -> Self {
        let (_, high) = ends(values).unwrap_or((0.0, 1.0));
        Self { low: 0.0, high: if high > 0.0 { 1.05 * high } else { 1.0 }, is_log: false }
    }

    /// Logarithmic, over those of the values that are above `floor`, which is above zero.
    pub(crate) fn log(values: impl IntoIterator<Item = f64>, floor: f64) -> Self {
        let above = values.into_iter().map(|v| if v <= floor { floor } else { v });
        let (low, high) = ends(above).unwrap_or((0.9, 1.1));
        let room = libm::pow(high / low, 0.04).max(1.005);
        Self { low: low / room, high: high * room, is_log: true }
    }

    /// Where a value is drawn; what is beyond the scale, at its edge. NaN stays NaN.
    pub(crate) fn at(&self, v: f64) -> f64 {
        if v.is_nan() {
            return v;
        }
        let v = v.clamp(self.low, self.high);
        if self.is_log {
            return libm::log(v / self.low) / libm::log(self.high / self.low);
        }
        (v - self.low) / (self.high - self.low)
    }

    /// Round numbers within it, ascending: about `n` of them.
    pub(crate) fn ticks(&self, n: usize) -> Vec<f64> {
        if self.is_log && self.high / self.low >= 20.0 {
            return decades(self.low, self.high);
        }
        let step = round_step((self.high - self.low) / n.max(1) as f64);
        let (from, to) = ((self.low / step).ceil(), (self.high / step).floor());
        if !(step > 0.0 && to - from <= 50.0) {
            return Vec::new();
        }
        (0..=(to - from) as u32).map(|k| step * (from + f64::from(k)) + 0.0).collect()
    }
}

/// The least and the greatest of those that are finite.
fn ends(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    let finite = values.into_iter().filter(|v| v.is_finite()).map(|v| v.clamp(-BOUND, BOUND));
    finite.fold(None, |ends, v| match ends {
        None => Some((v, v)),
        Some((low, high)) => Some((low.min(v), high.max(v))),
    })
}

/// 1, 2 or 5 times a power of ten: the nearest, by ratio.
fn round_step(about: f64) -> f64 {
    if !(about.is_finite() && about > 0.0) {
        return 0.0;
    }
    let ten = libm::pow(10.0, libm::log10(about).floor());
    // The borders are the geometric means of neighbours.
    let times = match about / ten {
        k if k >= 7.071 => 10.0,
        k if k >= 3.162 => 5.0,
        k if k >= 1.414 => 2.0,
        _ => 1.0,
    };
    times * ten
}

/// 1, 2 and 5 times powers of ten; of many decades the powers alone, and of very many some of them.
fn decades(low: f64, high: f64) -> Vec<f64> {
    let (from, to) = (libm::log10(low).floor() as i32, libm::log10(high).ceil() as i32);
    let wanted: &[f64] = if to - from <= 3 { &[1.0, 2.0, 5.0] } else { &[1.0] };
    let every = ((to - from) / 8).max(1) as usize;
    let all = (from..=to).step_by(every).flat_map(|e| wanted.iter().map(move |k| k * libm::pow(10.0, f64::from(e))));
    all.filter(|v| (low..=high).contains(v)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_within() {
        let near = |ticks: Vec<f64>, wanted: &[f64]| {
            ticks.len() == wanted.len() && ticks.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-12)
        };
        let ticks = Scale { low: -0.07, high: 0.21, is_log: false }.ticks(5);
        assert!(near(ticks, &[-0.05, 0.0, 0.05, 0.1, 0.15, 0.2]));
        assert_eq!(Scale { low: 95.0, high: 231.0, is_log: false }.ticks(4), [100.0, 150.0, 200.0]);
        assert_eq!(Scale { low: 0.4, high: 30.0, is_log: true }.ticks(5), [0.5, 1.0, 2.0, 5.0, 10.0, 20.0]);
        let wide = Scale { low: 1e-4, high: 1e60, is_log: true }.ticks(5);
        assert!((4..=12).contains(&wide.len()), "{wide:?}");
    }

    #[test]
    fn a_scale_reaches_from_0_to_1() {
        let linear = Scale::linear([3.0, f64::NAN, 1.0, f64::INFINITY]);
        assert!(linear.low < 1.0 && linear.high > 3.0 && linear.at(linear.low) == 0.0 && linear.at(linear.high) == 1.0);
        assert!((linear.at(2.0) - 0.5).abs() < 1e-12 && linear.at(-9.0) == 0.0 && linear.at(f64::NAN).is_nan());
        let log = Scale::log([0.5, 2.0, 0.0], 1e-3);
        assert!(log.low < 1e-3 && (log.at(log.high) - 1.0).abs() < 1e-12 && log.at(0.0) == 0.0);
    }

    #[test]
    fn nothing_and_one_value_and_monsters_have_a_scale() {
        for values in [vec![], vec![f64::NAN], vec![0.0], vec![7.0, 7.0], vec![-1e308, 1e308], vec![5e-324]] {
            for scale in
                [Scale::linear(values.clone()), Scale::from_zero(values.clone()), Scale::log(values.clone(), 1e-9)]
            {
                assert!(scale.low < scale.high && (scale.high - scale.low).is_finite(), "{values:?}: {scale:?}");
                assert!(scale.ticks(5).iter().all(|t| t.is_finite() && scale.at(*t).is_finite()), "{scale:?}");
            }
        }
    }
}
