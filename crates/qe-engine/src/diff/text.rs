//! A difference in plain sentences.

use std::fmt;

use super::{DiffReport, Now, Parting, Share, Told, TradeDiff};

/// How many fields of a cause are listed.
const SHOWN: usize = 8;

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { run_id, strategy, symbol, frequency, pnl, n_trades, now } = self;
        let (won, trades) = (money(*pnl), plural(*n_trades, "trade"));
        write!(f, "{strategy} on {symbol} {frequency}, run {}: {won} in {trades}", run_id.short())?;
        now.iter().try_for_each(|now| write!(f, ".\n  {now}"))
    }
}

impl fmt::Display for Now {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { run_id, pnl, n_trades, data } = self;
        let won = format!("it wins {} in {} now", money(*pnl), plural(*n_trades, "trade"));
        if data.is_empty() {
            return write!(f, "This version does not give that again: {won}, as run {}", run_id.short());
        }
        write!(f, "Its data are others than when it was stored: {won}, as run {}", run_id.short())?;
        data.iter().take(SHOWN).try_for_each(|field| write!(f, "\n    {field}"))
    }
}

impl fmt::Display for Parting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, place, a, b } = self;
        let row = |row: Option<u64>| row.map_or_else(|| "no row".to_owned(), |row| format!("row {row}"));
        let rows = format!("{} of A, {} of B", row(place.row_a), row(place.row_b));
        write!(f, "{what} at {} ({rows}): {a} in A, {b} in B", place.time)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.causes.iter().map(ToString::to_string).collect();
        let verb = if names.len() == 1 { "" } else { " together" };
        let since = if self.since_stored { ", between what was stored and what is won now" } else { "" };
        write!(f, "{}{verb}{since}: {}", names.join(" and "), money(self.pnl))?;
        if self.alone != self.last {
            write!(f, " ({} alone, {} as the last)", money(self.alone), money(self.last))?;
        }
        for field in self.fields.iter().take(SHOWN) {
            write!(f, "\n    {field}")?;
        }
        if self.fields.len() > SHOWN {
            write!(f, "\n    and {} more", plural(self.fields.len() - SHOWN, "field"))?;
        }
        if let Some(why) = &self.joined {
            let why = why.replace('\n', "\n    ");
            write!(f, "\n    they cannot be told apart: a run with one from A and the other from B fails. {why}")?;
        }
        Ok(())
    }
}

impl fmt::Display for TradeDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [n_a, n_b] = self.n_alone();
        let mut parts: Vec<String> = Vec::new();
        if self.n_both > 0 {
            let same = if self.n_same == self.n_both { "all".to_owned() } else { self.n_same.to_string() };
            parts.push(format!("{} of both, {same} with the same result: {}", self.n_both, money(self.both)));
        }
        for (n, side, pnl) in [(n_a, "A", self.only_a), (n_b, "B", self.only_b)] {
            if n > 0 {
                parts.push(format!("{n} of {side} alone: {}", money(pnl)));
            }
        }
        let rest = self.rest + self.residual;
        if rest != 0.0 {
            parts.push(format!("what no trade tells: {}", money(rest)));
        }
        f.write_str(&if parts.is_empty() { "there are none".to_owned() } else { parts.join("; ") })
    }
}

impl fmt::Display for DiffReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "A is {}.\nB is {}.", self.a, self.b)?;
        let names: Vec<&str> = self.identity.iter().map(|c| c.field.as_str()).filter(|n| *n != "run_id").collect();
        match (self.is_same, names.is_empty()) {
            (true, true) if !self.is_one_run() => writeln!(f, "By what was stored they are the same run.")?,
            (true, true) => writeln!(f, "They are the same run.")?,
            (true, false) => writeln!(f, "They are the same run, though these differ: {}.", names.join(", "))?,
            (false, _) => writeln!(f, "They are not the same run: these differ: {}.", names.join(", "))?,
        }
        let now = if self.a.now.is_some() || self.b.now.is_some() { ", as they are now" } else { "" };
        match self.partings.split_first() {
            None => writeln!(f, "They part nowhere{now}: they did the same in every bar that both have.")?,
            Some((first, later)) => {
                writeln!(f, "They part first in {first}{now}.")?;
                later.iter().try_for_each(|p| writeln!(f, "  then in {p}"))?;
            }
        }
        match self.difference {
            d if d > 0.0 => writeln!(f, "B won {} more than A.", money(d).trim_start_matches('+'))?,
            d if d < 0.0 => writeln!(f, "B won {} less than A.", money(-d).trim_start_matches('+'))?,
            0.0 => writeln!(f, "Both won the same.")?,
            _ => writeln!(f, "What they won cannot be compared.")?,
        }
        if !self.shares.is_empty() {
            writeln!(f, "What each cause carries of that, by {}:", plural(self.n_runs, "run"))?;
            self.shares.iter().try_for_each(|share| writeln!(f, "  {share}"))?;
            if self.residual != 0.0 {
                writeln!(f, "  rounding: {}", money(self.residual))?;
            }
        }
        write!(f, "By trades: {}.", self.trades)
    }
}

/// An amount with its sign; a small one by its exponent, so that it is not shown as nothing.
fn money(x: f64) -> String {
    match x.abs() {
        0.0 => "0".to_owned(),
        small if small < 0.005 => format!("{x:+.2e}"),
        _ => format!("{x:+.2}"),
    }
}

fn plural(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}
