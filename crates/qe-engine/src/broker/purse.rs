//! Accounts within the account: money that a market has of its own, which its sizes are fractions of.
//!
//! A purse is the money that it was given, less what fills and payments in its market took. Purses and the reserve, which is
//! in none of them, are the account's cash.

use serde::Serialize;

use super::desk::Desk;
use super::floor::Floor;
use crate::error::{Error, Result};
use crate::ledger::Refusal;
use crate::program::Size;

/// Money that went from the reserve into a purse; below 0 back.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Moved {
    /// When, nanoseconds UTC.
    pub time: i64,
    /// The market.
    pub market: u32,
    /// How much.
    pub money: f64,
}

/// How much of a market may be held.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// At most this share of the stake, others holding what they do; and what to call it.
    pub(super) share: f64,
    pub(super) name: Refusal,
    /// How much of it a limit leaves for the market's own size.
    pub(super) limit: f64,
    /// The worth that sizes are of, and what all is worth.
    pub(super) stake: f64,
    pub(super) worth: f64,
}

impl Floor<'_> {
    /// The worth that sizes in a market are of, it being at a price: that of its own purse, or of the whole account.
    #[inline]
    pub(super) fn stake_at(&self, market: usize, raw: f64) -> f64 {
        match self.purses.get(market) {
            None => self.worth_at(market, raw),
            Some(purse) => {
                let pit = &self.pits[market];
                if pit.units == 0.0 { *purse } else { purse + pit.exposure * raw }
            }
        }
    }

    /// Takes money out of a market's purse, if it has one.
    #[inline]
    pub(super) fn take_from_purse(&mut self, market: usize, money: f64) {
        if let Some(purse) = self.purses.get_mut(market) {
            *purse -= money;
        }
    }

    /// How much of a market may be held, where so much is held that is to stay.
    pub(super) fn room_of_stake(&self, market: usize, raw: f64, own: f64, size: &Size) -> Room {
        let (most, name) = self.most();
        let (worth, others) = self.worth_and_gross_but(market, raw);
        let gross = others + own;
        if self.purses.is_empty() {
            let stake = worth;
            let share = if gross == 0.0 { most } else { most - gross / stake };
            let limit = if own == 0.0 { size.limit_frac } else { size.limit_frac - own / stake };
            return Room { share, name, limit, stake, worth };
        }
        let stake = self.stake_at(market, raw);
        if stake <= 0.0 {
            // With nothing of its own, nothing is opened with what is others'.
            return Room { share: 0.0, name, limit: 0.0, stake, worth };
        }
        // One where the purse is all there is, to the bit.
        let grown = worth / stake;
        let share = most * grown - if gross == 0.0 { 0.0 } else { gross / stake };
        let mut limit = size.limit_frac - if own == 0.0 { 0.0 } else { own / stake };
        if let Some(of_all) = self.spec.position_limit_frac {
            let beside = self.gross_of_symbol_but(market) + own;
            limit = limit.min(of_all * grown - if beside == 0.0 { 0.0 } else { beside / stake });
        }
        Room { share, name, limit, stake, worth }
    }

    /// The gross value of what other markets hold of the symbol of one.
    fn gross_of_symbol_but(&self, market: usize) -> f64 {
        let symbol = self.pits[market].market.symbol();
        let others = self.held.iter().map(|m| *m as usize).filter(|m| *m != market);
        let of_symbol = others.map(|m| &self.pits[m]).filter(|pit| pit.market.symbol() == symbol);
        of_symbol.map(|pit| (pit.exposure * pit.value).abs()).sum()
    }
}

/// The purses at the beginning, and what is left for the reserve.
///
/// # Errors
/// When they are not one for each market, one is no amount of money, or they come to more than there is.
pub(super) fn purses(given: &[f64], n_markets: usize, capital: f64) -> Result<(Vec<f64>, f64)> {
    let fault = |field: String, reason: String, mend: &str| Err(Error::spec(field, reason, mend));
    if given.is_empty() {
        return Ok((Vec::new(), 0.0));
    }
    if given.len() != n_markets {
        let reason = format!("there are {} for {n_markets} markets", given.len());
        return fault("broker.purses".into(), reason, "give one for each market, or none");
    }
    if let Some(i) = given.iter().position(|x| !(*x >= 0.0 && x.is_finite())) {
        let reason = format!("{} is no amount of money", given[i]);
        return fault(format!("broker.purses[{i}]"), reason, "give 0 or more");
    }
    let total = qe_core::stats::sum(given);
    let reserve = capital - total;
    if reserve < -1e-9 * capital {
        let reason = format!("they come to {total}, and there is {capital}");
        return fault("broker.purses".into(), reason, "give less, or more capital");
    }
    Ok((given.to_vec(), reserve))
}

impl Desk<'_, '_> {
    /// The money of a market's own purse; `None` where it has none.
    pub fn purse(&self, market: usize) -> Option<f64> {
        self.floor.purses.get(market).copied()
    }

    /// What sizes in a market are fractions of, at its last price: its purse and position, or all there is.
    pub fn stake(&self, market: usize) -> f64 {
        self.floor.pits.get(market).map_or(f64::NAN, |pit| self.floor.stake_at(market, pit.price))
    }

    /// As [`Desk::stake`], at the last mark; NaN where the market has no purse.
    pub fn last_stake(&self, market: usize) -> f64 {
        self.floor.stakes.get(market).copied().unwrap_or(f64::NAN)
    }

    /// Money that is in no purse.
    pub fn reserve(&self) -> f64 {
        if self.floor.purses.is_empty() { self.cash() } else { self.floor.reserve }
    }

    /// Moves money from the reserve into a market's purse, or back if it is below 0. `false`, and nothing is moved, where the
    /// market has no purse, or the money is no number. Neither has to stay above 0: what is moved in one step must only add up.
    pub fn move_money(&mut self, market: usize, money: f64) -> bool {
        let Some(purse) = self.floor.purses.get_mut(market) else { return false };
        if !money.is_finite() || self.floor.out.ruin.is_some() {
            return false;
        }
        *purse += money;
        self.floor.reserve -= money;
        self.floor.out.moves.push(Moved { time: self.floor.now, market: market as u32, money });
        true
    }
}
