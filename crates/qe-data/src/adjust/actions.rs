//! The corporate actions themselves, and reading them from text.
//!
//! Two shapes are read. A list of actions has the columns `symbol,ex_date,kind,value`: a `split` of 2 means two new
//! shares for an old one (a reverse split one for eight is 0.125), a `dividend` is cash per share. A table of
//! cumulative factors has `symbol,date,price_factor,split_factor` (the shape of LEAN's factor files): the factors of
//! a row hold for the days up to and with its date, back to the row before, so what changes between two rows
//! happened on the day after the first. A ratio that is a small fraction to within the table's rounding is taken as
//! that fraction: 0.25 / 0.0357143 is 7.

use std::collections::BTreeMap;

use qe_core::time::{Date, Timestamp};
use serde::{Deserialize, Serialize};

use crate::csv::{Row, Table};
use crate::error::{Error, Result};

/// The rounding of a factor table: six digits.
const FACTOR_ROUNDING: f64 = 5e-6;

/// What a company did.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ActionKind {
    /// One old share became `ratio` new ones.
    Split {
        /// New shares for an old one, above zero.
        ratio: f64,
    },
    /// Cash was paid per share, in the currency of the price and in shares as they were before the ex-date.
    Dividend {
        /// Cash per share, above zero.
        cash: f64,
    },
    /// A payment of which a vendor gives only the factor for the prices before it.
    Distribution {
        /// What earlier prices are multiplied with, above zero.
        factor: f64,
    },
}

impl ActionKind {
    /// The number in it.
    pub fn value(self) -> f64 {
        match self {
            Self::Split { ratio: v } | Self::Dividend { cash: v } | Self::Distribution { factor: v } => v,
        }
    }

    /// Its name, as in a table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Split { .. } => "split",
            Self::Dividend { .. } => "dividend",
            Self::Distribution { .. } => "distribution",
        }
    }
}

/// One corporate action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// Whose.
    pub symbol: String,
    /// The first day on which the price is without it. Where that is no session, the next one is.
    pub ex_date: Date,
    /// What happened.
    pub kind: ActionKind,
    /// When it became known, where the source says so.
    #[serde(default)]
    pub known_at: Option<Timestamp>,
}

/// The corporate actions of some symbols, by day.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Action>", into = "Vec<Action>")]
pub struct Actions {
    by_symbol: BTreeMap<String, Vec<Action>>,
}

impl Actions {
    /// A table from actions in any order.
    ///
    /// # Errors
    /// When a number is not above zero, or one action stands twice.
    pub fn new(actions: impl IntoIterator<Item = Action>) -> Result<Self> {
        let mut by_symbol: BTreeMap<String, Vec<Action>> = BTreeMap::new();
        for action in actions {
            let value = action.kind.value();
            if !(value > 0.0 && value.is_finite()) {
                return Err(Error::spec(
                    format!("{} of {} on {}", action.kind.name(), action.symbol, action.ex_date),
                    format!("{value} is not a number above zero"),
                    "drop the row or correct it",
                ));
            }
            by_symbol.entry(action.symbol.clone()).or_default().push(action);
        }
        for (symbol, rows) in &mut by_symbol {
            rows.sort_by(|a, b| {
                let key = |x: &Action| (x.ex_date, x.kind.name());
                key(a).cmp(&key(b)).then(a.kind.value().total_cmp(&b.kind.value()))
            });
            let twice = rows.windows(2).find(|w| w[0].ex_date == w[1].ex_date && w[0].kind == w[1].kind);
            if let Some(w) = twice {
                return Err(Error::spec(
                    format!("{} of {symbol} on {}", w[0].kind.name(), w[0].ex_date),
                    "it stands twice",
                    "keep one of the two rows; add up two dividends of one day and one size",
                ));
            }
        }
        Ok(Self { by_symbol })
    }

    /// Reads a list with the columns `symbol,ex_date,kind,value`, and `known_at` where there is one.
    ///
    /// # Errors
    /// When a row cannot be read, naming row and column, and as [`Actions::new`].
    pub fn from_csv(text: &str) -> Result<Self> {
        let table = Table::parse("corporate actions", text, &["symbol", "ex_date", "kind", "value"])?;
        let read = |row: Row<'_>| -> Result<Action> {
            let value = row.number("value")?;
            if value <= 0.0 {
                return Err(row.error("value", "it is not above zero", "drop the row or correct it"));
            }
            let kind = match row.needed("kind")?.to_lowercase().as_str() {
                "split" => ActionKind::Split { ratio: value },
                "dividend" => ActionKind::Dividend { cash: value },
                "distribution" => ActionKind::Distribution { factor: value },
                _ => return Err(row.error("kind", "there is no such action", "write split, dividend or distribution")),
            };
            let known_at = match row.text("known_at") {
                "" => None,
                _ => Some(row.parse("known_at", Timestamp::parse)?),
            };
            let ex_date = row.parse("ex_date", Date::parse)?;
            Ok(Action { symbol: row.needed("symbol")?.to_owned(), ex_date, kind, known_at })
        };
        Self::new(table.rows().map(read).collect::<Result<Vec<_>>>()?)
    }

    /// Reads cumulative factors with the columns `symbol,date,price_factor,split_factor`. See the head of this file.
    ///
    /// # Errors
    /// When a row cannot be read, a factor is not above zero, or a symbol has a day twice.
    pub fn from_factors(text: &str) -> Result<Self> {
        let table = Table::parse("factor table", text, &["symbol", "date", "price_factor", "split_factor"])?;
        let mut by_symbol: BTreeMap<&str, BTreeMap<Date, [f64; 2]>> = BTreeMap::new();
        for row in table.rows() {
            let factors = ["price_factor", "split_factor"].map(|column| match row.number(column) {
                Ok(v) if v <= 0.0 => Err(row.error(column, "it is not above zero", "drop the row or correct it")),
                other => other,
            });
            let [price, split] = factors;
            let date = row.parse("date", Date::parse)?;
            let days = by_symbol.entry(row.needed("symbol")?).or_default();
            if days.insert(date, [price?, split?]).is_some() {
                return Err(row.error("date", "the symbol has this day twice", "keep one row per day"));
            }
        }
        let mut actions = Vec::new();
        for (symbol, days) in by_symbol {
            let after = days.values().skip(1).copied().chain([[1.0, 1.0]]);
            for ((date, now), next) in days.iter().zip(after) {
                let mut push = |kind| {
                    let ex_date = date.add_days(1);
                    actions.push(Action { symbol: symbol.to_owned(), ex_date, kind, known_at: None });
                };
                let (factor, ratio) = (now[0] / next[0], next[1] / now[1]);
                if factor != 1.0 {
                    push(ActionKind::Distribution { factor });
                }
                if ratio != 1.0 {
                    push(ActionKind::Split { ratio: small_fraction(ratio) });
                }
            }
        }
        Self::new(actions)
    }

    /// The actions of a symbol, by ex-date.
    pub fn of(&self, symbol: &str) -> &[Action] {
        self.by_symbol.get(symbol).map_or(&[], Vec::as_slice)
    }

    /// The symbols that have any.
    pub fn symbols(&self) -> impl Iterator<Item = &str> {
        self.by_symbol.keys().map(String::as_str)
    }

    /// How many there are in all.
    pub fn len(&self) -> usize {
        self.by_symbol.values().map(Vec::len).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_symbol.is_empty()
    }
}

impl TryFrom<Vec<Action>> for Actions {
    type Error = Error;
    fn try_from(actions: Vec<Action>) -> Result<Self> {
        Self::new(actions)
    }
}

impl From<Actions> for Vec<Action> {
    fn from(actions: Actions) -> Self {
        actions.by_symbol.into_values().flatten().collect()
    }
}

/// The fraction with a small denominator that lies within the rounding of a factor table, or the ratio itself.
fn small_fraction(ratio: f64) -> f64 {
    let near = |q: f64| ((ratio * q).round() / q, q);
    let close = |p: f64| p > 0.0 && ((p - ratio) / ratio).abs() <= FACTOR_ROUNDING;
    (1..=32).map(|q| near(f64::from(q)).0).find(|p| close(*p)).unwrap_or(ratio)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_in_any_order() {
        let text =
            "symbol,ex_date,kind,value\nB,2024-01-05,Dividend,0.5\nA,2024-06-10,split,10\nA,20240105,split,.125\n";
        let actions = Actions::from_csv(text).unwrap();
        assert_eq!(actions.symbols().collect::<Vec<_>>(), ["A", "B"]);
        let days: Vec<String> = actions.of("A").iter().map(|a| a.ex_date.to_string()).collect();
        assert_eq!(days, ["2024-01-05", "2024-06-10"]);
        assert_eq!(actions.of("B")[0].kind, ActionKind::Dividend { cash: 0.5 });
        assert!(actions.of("C").is_empty());
        let json = serde_json::to_string(&actions).unwrap();
        assert_eq!(serde_json::from_str::<Actions>(&json).unwrap(), actions);
    }

    #[test]
    fn bad_rows_are_named() {
        let bad = |row: &str| {
            let text = format!("symbol,ex_date,kind,value\nA,2024-01-02,split,2\n{row}\n");
            Actions::from_csv(&text).unwrap_err().to_string()
        };
        for (row, wanted) in [
            ("A,2024-01-03,split,0", "row 2, column \"value\": \"0\"; it is not above zero"),
            ("A,2024-01-03,split,-2", "not above zero"),
            ("A,2024-01-03,split,NaN", "no finite number"),
            ("A,2024-13-03,split,2", "column \"ex_date\""),
            ("A,2024-01-03,merger,2", "write split, dividend or distribution"),
            (",2024-01-03,split,2", "column \"symbol\""),
            ("A,2024-01-02,split,2", "it stands twice"),
        ] {
            assert!(bad(row).contains(wanted), "{row}: {}", bad(row));
        }
        let nan = Action {
            symbol: "A".into(),
            ex_date: Date::from_days(0),
            kind: ActionKind::Split { ratio: f64::NAN },
            known_at: None,
        };
        assert!(Actions::new([nan]).unwrap_err().to_string().contains("NaN is not a number above zero"));
    }

    #[test]
    fn cumulative_factors_become_actions_on_the_day_after() {
        let text = "symbol,date,price_factor,split_factor,reference_price\n\
                    X,1998-01-02,0.8910,0.0357143,1\nX,2014-05-07,0.8910,0.0357143,592.33\n\
                    X,2014-06-06,0.9,0.0357143,645.57\nX,2014-08-06,0.9,0.25,94.97\nX,2050-12-31,1.0,1.0,0\n";
        let actions = Actions::from_factors(text).unwrap();
        let found: Vec<(String, ActionKind)> =
            actions.of("X").iter().map(|a| (a.ex_date.to_string(), a.kind)).collect();
        assert_eq!(
            found,
            [
                ("2014-05-08".to_owned(), ActionKind::Distribution { factor: 0.8910 / 0.9 }),
                ("2014-06-07".to_owned(), ActionKind::Split { ratio: 7.0 }),
                ("2014-08-07".to_owned(), ActionKind::Distribution { factor: 0.9 }),
                ("2014-08-07".to_owned(), ActionKind::Split { ratio: 4.0 }),
            ]
        );
        let twice = "symbol,date,price_factor,split_factor\nX,2014-05-07,1,1\nX,2014-05-07,1,1\n";
        assert!(Actions::from_factors(twice).unwrap_err().to_string().contains("this day twice"));
        let zero = "symbol,date,price_factor,split_factor\nX,2014-05-07,1,0\n";
        assert!(Actions::from_factors(zero).unwrap_err().to_string().contains("split_factor"));
    }

    #[test]
    fn ratios_are_rounded_only_within_the_rounding_of_the_table() {
        for (ratio, whole) in [(0.25 / 0.0357143, 7.0), (0.125, 0.125), (1.5, 1.5), (1.0 / 3.000001, 1.0 / 3.0)] {
            assert_eq!(small_fraction(ratio), whole);
        }
        assert_eq!(small_fraction(1.0271), 1.0271);
    }

    /// Factor files as the LEAN project ships them; only where the data are there.
    #[test]
    fn real_factor_files_give_the_splits_everybody_knows() {
        let Ok(folder) = std::env::var("QE_REAL_DATA") else { return };
        let path = std::path::Path::new(&folder).join("daily/lean_factor_files.csv");
        let actions = Actions::from_factors(&std::fs::read_to_string(path).unwrap()).unwrap();
        let splits = |symbol: &str| {
            let rows = actions.of(symbol).iter();
            rows.filter_map(|a| match a.kind {
                ActionKind::Split { ratio } => Some((a.ex_date.to_string(), ratio)),
                _ => None,
            })
            .collect::<Vec<_>>()
        };
        let wanted = [("2000-06-21", 2.0), ("2005-02-26", 2.0), ("2014-06-07", 7.0), ("2020-08-29", 4.0)];
        assert_eq!(splits("AAPL"), wanted.map(|(d, r)| (d.to_owned(), r)));
        assert_eq!(splits("USO"), [("2020-04-29".to_owned(), 0.125)]);
        assert!(splits("SPY").is_empty() && actions.of("SPY").len() > 80);
    }
}
