//! The known path of market regimes, and the crisis of known dates.
//!
//! A Markov chain over days: calm lasts 60 sessions on average, normal 40, stressed 15. Calm turns normal; normal
//! turns calm with 0.6 and stressed with 0.4; stressed turns normal with 0.85 and calm with 0.15. In the long run
//! 46 % of days are calm, 47 % normal and 7 % stressed. The sessions of a crisis are put over that path: the fall is
//! [`Regime::Crisis`], the recovery [`Regime::Stressed`]. The path is the truth behind the prices; a trader could not
//! have seen it, so it serves to check estimates and to slice results, never as a signal.
//!
//! Reference: Hamilton, Econometrica 57 (1989).

use qe_core::calendar::Session;
use qe_core::rng::Stream;
use qe_core::time::{Date, TimeRange};
use serde::{Deserialize, Serialize};

use super::CrisisSpec;
use crate::error::{Error, Result};

/// The state of the market on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Regime {
    /// Low volatility, a rising market.
    Calm,
    /// The middle.
    Normal,
    /// High volatility and correlation, a falling market.
    Stressed,
    /// The crash.
    Crisis,
}

impl Regime {
    /// All four, from the quietest.
    pub const ALL: [Self; 4] = [Self::Calm, Self::Normal, Self::Stressed, Self::Crisis];

    /// 0 for calm to 3 for crisis.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// What the volatility of the market factor is multiplied by.
    pub const fn market_mult(self) -> f64 {
        [0.72, 1.05, 1.8, 2.8][self as usize]
    }

    /// What all other volatility is multiplied by: less, which is why correlations rise in bad times.
    pub const fn other_mult(self) -> f64 {
        [0.85, 1.02, 1.35, 1.45][self as usize]
    }

    /// The drift of the market factor per session, in its own standard deviations.
    pub(crate) const fn drift(self) -> f64 {
        [0.075, 0.035, -0.06, 0.0][self as usize]
    }
}

/// The regime of one session.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegimeDay {
    /// The session.
    pub session: Session,
    /// Its state.
    pub regime: Regime,
    /// The standard deviation of the market factor on that day, over its long-run mean.
    pub market_vol: f64,
}

/// When the crash was.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crisis {
    /// The first day of the fall.
    pub first: Date,
    /// The last day of the fall.
    pub last: Date,
    /// From the opening of the fall's first session to the close of its last.
    pub fall: TimeRange,
    /// From there to the close of the recovery's last session.
    pub recovery: TimeRange,
    /// What the market factor lost from the eve to the last close of the fall.
    pub depth_frac: f64,
}

/// Where the crisis stands among the sessions: the first day, the first after the fall, the first after the recovery.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CrisisDays {
    pub(crate) start: usize,
    pub(crate) turn: usize,
    pub(crate) end: usize,
}

impl CrisisDays {
    /// Places a crisis among `n_days` sessions.
    ///
    /// # Errors
    /// When it does not fit.
    pub(crate) fn place(spec: &CrisisSpec, n_days: usize) -> Result<Self> {
        let start = (spec.at_frac * n_days as f64) as usize;
        let (turn, end) = (start + spec.n_fall, start + spec.n_fall + spec.n_recovery);
        if end > n_days {
            let reason = format!("the crisis would end {} sessions after the span of {n_days}", end - n_days);
            return Err(Error::spec("crisis.at_frac", reason, "let it begin earlier, or make it shorter"));
        }
        Ok(Self { start, turn, end })
    }

    /// The crisis as dates and times.
    pub(crate) fn describe(self, spec: &CrisisSpec, sessions: &[Session]) -> Crisis {
        let turn = sessions[self.turn - 1];
        Crisis {
            first: sessions[self.start].date,
            last: turn.date,
            fall: TimeRange { start: sessions[self.start].open, end: turn.close },
            recovery: TimeRange { start: turn.close, end: sessions[self.end - 1].close },
            depth_frac: spec.depth_frac,
        }
    }
}

/// The regimes of `n_days` sessions.
pub(crate) fn path(stream: &mut Stream, n_days: usize, crisis: Option<CrisisDays>) -> Vec<Regime> {
    let mut state = Regime::Normal;
    let mut out = Vec::with_capacity(n_days);
    for _ in 0..n_days {
        out.push(state);
        let (leave, to) = (stream.uniform(), stream.uniform());
        state = match state {
            Regime::Calm if leave < 1.0 / 60.0 => Regime::Normal,
            Regime::Normal if leave < 1.0 / 40.0 => {
                if to < 0.6 {
                    Regime::Calm
                } else {
                    Regime::Stressed
                }
            }
            Regime::Stressed if leave < 1.0 / 15.0 => {
                if to < 0.85 {
                    Regime::Normal
                } else {
                    Regime::Calm
                }
            }
            same => same,
        };
    }
    if let Some(c) = crisis {
        out[c.start..c.turn].fill(Regime::Crisis);
        out[c.turn..c.end].fill(Regime::Stressed);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chain_spends_its_time_as_stated() {
        let days = path(&mut Stream::new(1, "test.regime", 0), 400_000, None);
        let share = |r| days.iter().filter(|d| **d == r).count() as f64 / days.len() as f64;
        for (regime, expected) in [(Regime::Calm, 0.463), (Regime::Normal, 0.467), (Regime::Stressed, 0.070)] {
            assert!((share(regime) - expected).abs() < 0.02, "{regime:?}: {}", share(regime));
        }
        assert_eq!(share(Regime::Crisis), 0.0);
    }

    #[test]
    fn a_crisis_lies_over_the_path_or_is_refused() {
        let spec = CrisisSpec::default();
        let c = CrisisDays::place(&spec, 252).unwrap();
        let days = path(&mut Stream::new(1, "test.regime", 0), 252, Some(c));
        assert_eq!(days.iter().filter(|d| **d == Regime::Crisis).count(), 24);
        assert!(days[c.turn..c.end].iter().all(|d| *d == Regime::Stressed));
        let late = CrisisSpec { at_frac: 0.95, ..spec };
        assert!(CrisisDays::place(&late, 252).unwrap_err().to_string().contains("begin earlier"));
    }
}
