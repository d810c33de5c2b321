//! Labels of symbols from text: sector, industry, country.
//!
//! The table has a column `symbol`, and one more for each grouping.

use std::collections::BTreeMap;

use crate::csv::Table;
use crate::error::{Error, Result};

/// Labels of symbols, by grouping.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels {
    groupings: BTreeMap<String, BTreeMap<String, String>>,
}

impl Labels {
    /// Reads a table: `symbol,sector,industry`, then a line a symbol.
    ///
    /// # Errors
    /// When a column or a label is missing, or a symbol stands twice.
    pub fn from_csv(text: &str) -> Result<Self> {
        let table = Table::parse("the labels", text, &["symbol"])?;
        let groupings: Vec<&String> = table.header().iter().filter(|name| *name != "symbol").collect();
        if groupings.is_empty() {
            let mend = "add a column for each grouping: symbol,sector";
            return Err(Error::refused("the labels", "there is no grouping in them", mend));
        }
        let mut out = Self::default();
        for row in table.rows() {
            let symbol = row.needed("symbol")?;
            for name in &groupings {
                let label = row.needed(name)?.to_owned();
                if out.groupings.entry((*name).clone()).or_default().insert(symbol.to_owned(), label).is_some() {
                    let mend = "give each symbol one line, and each column a name of its own";
                    return Err(Error::refused("the labels", format!("{symbol} has two labels of {name}"), mend));
                }
            }
        }
        Ok(out)
    }

    /// Adds a grouping, or puts another in its place.
    pub fn push(&mut self, grouping: impl Into<String>, labels: BTreeMap<String, String>) {
        self.groupings.insert(grouping.into(), labels);
    }

    /// The names of the groupings, sorted.
    pub fn groupings(&self) -> impl ExactSizeIterator<Item = &str> {
        self.groupings.keys().map(String::as_str)
    }

    /// Whether there is such a grouping.
    pub fn has(&self, grouping: &str) -> bool {
        self.groupings.contains_key(grouping)
    }

    /// The labels of some symbols.
    ///
    /// # Errors
    /// When there is no such grouping, or a symbol has no label in it.
    pub fn of(&self, grouping: &str, symbols: &[String]) -> Result<Vec<String>> {
        let known = || self.groupings.keys().map(String::as_str);
        let labels = self.groupings.get(grouping);
        let labels = labels.ok_or_else(|| qe_core::Error::unknown("grouping", grouping, known()))?;
        let label = |symbol: &String| {
            labels.get(symbol).cloned().ok_or_else(|| {
                let reason = format!("{symbol} has no label of {grouping}");
                Error::refused("the labels", reason, "give it one, or leave the symbol out")
            })
        };
        symbols.iter().map(label).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_found_by_grouping_and_symbol() {
        let labels = Labels::from_csv("symbol,sector,size\nA,\"Oil, Gas\",big\nB,Banks,small\n").unwrap();
        let symbols = ["B", "A"].map(str::to_owned);
        assert_eq!(labels.of("sector", &symbols).unwrap(), ["Banks", "Oil, Gas"]);
        assert!(labels.has("size") && !labels.has("country"));
        let said = labels.of("sektor", &symbols).unwrap_err().to_string();
        assert!(said.contains("did you mean \"sector\""), "{said}");
        assert!(labels.of("size", &["C".to_owned()]).unwrap_err().to_string().contains("C has no label of size"));
    }

    #[test]
    fn what_is_wrong_with_a_table_is_told() {
        let said = |text: &str| Labels::from_csv(text).unwrap_err().to_string();
        assert!(said("").contains("empty"));
        assert!(said("name,sector\nA,x\n").contains("no column \"symbol\""));
        assert!(said("symbol\nA\n").contains("no grouping"));
        assert!(said("symbol,sector\nA,\n").contains("it is empty"));
        assert!(said("symbol,sector\nA,x\nA,y\n").contains("A has two labels of sector"));
    }
}
