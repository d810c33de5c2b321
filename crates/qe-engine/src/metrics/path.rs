//! Equity along the days, and how far below its peak it was.
//!
//! Equity begins at 1 and is multiplied by `1 + r` day by day, in this order: that is part of every definition. The
//! peak begins at the starting capital, so a first day of losses is a drawdown. A drawdown is `(peak - equity) / peak`,
//! a fraction of 0 or more.

use super::guard;

/// What 1 became; undefined without a day, or where a return is no number.
pub fn growth(daily: &[f64]) -> Option<f64> {
    if daily.is_empty() {
        return None;
    }
    guard::finite(daily.iter().fold(1.0, |equity, r| equity * (1.0 + r)))
}

/// The drawdown at the end of each day.
pub fn drawdowns(daily: &[f64]) -> impl Iterator<Item = f64> {
    let (mut equity, mut peak) = (1.0, 1.0);
    daily.iter().map(move |r| {
        equity *= 1.0 + r;
        peak = if equity > peak { equity } else { peak };
        (peak - equity) / peak
    })
}

/// One stretch of days below the peak.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spell {
    /// The deepest drawdown in it.
    pub depth: f64,
    /// The days that ended below the peak, up to the one that reached it again or to the end.
    pub n_days: u64,
}

/// All stretches below the peak, in order. Undefined as [`growth`] is.
pub fn spells(daily: &[f64]) -> Option<Vec<Spell>> {
    growth(daily)?;
    let mut all: Vec<Spell> = Vec::new();
    let mut under = false;
    for depth in drawdowns(daily) {
        match all.last_mut().filter(|_| under && depth > 0.0) {
            Some(spell) => *spell = Spell { depth: spell.depth.max(depth), n_days: spell.n_days + 1 },
            None if depth > 0.0 => all.push(Spell { depth, n_days: 1 }),
            None => {}
        }
        under = depth > 0.0;
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equity_starts_at_its_capital() {
        assert_eq!(growth(&[0.5, -0.5, 1.0]), Some(1.5));
        assert_eq!(growth(&[]), None);
        assert_eq!(growth(&[0.1, f64::NAN]), None);
        let depths: Vec<f64> = drawdowns(&[-0.5, 1.0, 0.5, -0.25]).collect();
        assert_eq!(depths, [0.5, 0.0, 0.0, 0.25]);
    }

    #[test]
    fn a_spell_ends_where_the_peak_is_reached() {
        // 1, 0.5, 0.75, 1.5, 1.125, 1.125: two days below the first peak, two below the second.
        let all = spells(&[-0.5, 0.5, 1.0, -0.25, 0.0]).unwrap();
        assert_eq!(all, [Spell { depth: 0.5, n_days: 2 }, Spell { depth: 0.25, n_days: 2 }]);
        assert_eq!(spells(&[0.1, 0.0]), Some(vec![]));
        assert_eq!(spells(&[]), None);
    }

    #[test]
    fn debt_is_deeper_than_one() {
        assert_eq!(drawdowns(&[-1.5]).last(), Some(1.5));
    }
}
