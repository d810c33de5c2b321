//! Which column of a file is meant by which name.
//!
//! A name is taken from the specification's `rename`, else as it is, else whatever its case, else from the usual
//! other names. The first that fits wins, and nothing is guessed beyond that.

use std::collections::BTreeMap;

use crate::error::{Error, Result};

/// Usual names of columns, by the name they have in memory.
const ALIASES: [(&str, &[&str]); 13] = [
    ("ask", &["ask_price", "askprice", "ap", "best_ask"]),
    ("ask_size", &["asksize", "ask_qty", "best_ask_size"]),
    ("bid", &["bid_price", "bidprice", "bp", "best_bid"]),
    ("bid_size", &["bidsize", "bid_qty", "best_bid_size"]),
    ("close", &["c", "close_price", "closeprice"]),
    ("high", &["h", "high_price", "highprice"]),
    ("low", &["l", "low_price", "lowprice"]),
    ("open", &["o", "open_price", "openprice"]),
    ("price", &["p", "trade_price", "last_price"]),
    ("side", &["aggressor", "taker_side"]),
    ("size", &["qty", "quantity", "q", "amount"]),
    ("symbol", &["ticker", "sym"]),
    ("volume", &["v", "vol"]),
];

/// Usual names of the time column, the likeliest first.
const TIMES: [&str; 12] = [
    "ts",
    "timestamp",
    "datetime",
    "ts_event",
    "open_time",
    "window_start",
    "time",
    "date",
    "date_time",
    "t",
    "session",
    "__index_level_0__",
];

/// The name without case, brackets and spaces, for comparing.
fn plain(name: &str) -> String {
    let bare = name.trim().trim_start_matches('\u{feff}').trim_matches(['<', '>', '"']);
    bare.to_lowercase().replace([' ', '-', '.'], "_")
}

/// The column of a file that `wanted` means.
pub(super) fn find<'a>(wanted: &str, columns: &'a [String], rename: &BTreeMap<String, String>) -> Option<&'a str> {
    let exact = |name: &str| columns.iter().find(|c| *c == name).map(String::as_str);
    if let Some(source) = rename.get(wanted) {
        return exact(source);
    }
    let alias = ALIASES.iter().find(|(name, _)| *name == wanted).map_or(&[][..], |(_, others)| others);
    exact(wanted).or_else(|| {
        let names = std::iter::once(wanted).chain(alias.iter().copied());
        names.into_iter().find_map(|n| columns.iter().find(|c| plain(c) == plain(n)).map(String::as_str))
    })
}

/// The same, or an error that names the columns there are.
pub(super) fn need<'a>(
    wanted: &str,
    columns: &'a [String],
    rename: &BTreeMap<String, String>,
    place: &str,
) -> Result<&'a str> {
    find(wanted, columns, rename).ok_or_else(|| {
        let mend = format!("name the column that holds it in `rename`: {wanted} = \"…\"");
        let asked = rename.get(wanted).map_or(wanted, String::as_str);
        Error::missing_column(place, asked, columns.iter().cloned(), mend)
    })
}

/// The time column, and where the day and the time of day stand apart, both.
pub(super) fn find_time<'a>(columns: &'a [String], asked: Option<&str>, place: &str) -> Result<Vec<&'a str>> {
    let by_name = |name: &str| columns.iter().find(|c| plain(c) == name).map(String::as_str);
    if let Some(name) = asked {
        let found = columns.iter().find(|c| *c == name).map(String::as_str).or_else(|| by_name(&plain(name)));
        return found.map(|c| vec![c]).ok_or_else(|| {
            Error::missing_column(place, name, columns.iter().cloned(), "name the time column in `time.column`")
        });
    }
    if let (Some(date), Some(time)) = (by_name("date"), by_name("time")) {
        return Ok(vec![date, time]);
    }
    TIMES.iter().find_map(|name| by_name(name)).map(|c| vec![c]).ok_or_else(|| {
        Error::missing_column(place, "ts", columns.iter().cloned(), "name the time column in `time.column`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(names: &[&str]) -> Vec<String> {
        names.iter().map(|n| (*n).to_owned()).collect()
    }

    #[test]
    fn usual_headers_are_recognised() {
        let none = BTreeMap::new();
        let yahoo = list(&["Date", "Open", "High", "Low", "Close", "Adj Close", "Volume"]);
        assert_eq!(find("close", &yahoo, &none), Some("Close"));
        assert_eq!(find_time(&yahoo, None, "x").unwrap(), ["Date"]);
        let stooq = list(&["<TICKER>", "<PER>", "<DATE>", "<TIME>", "<OPEN>", "<HIGH>", "<LOW>", "<CLOSE>", "<VOL>"]);
        assert_eq!(find("volume", &stooq, &none), Some("<VOL>"));
        assert_eq!(find("symbol", &stooq, &none), Some("<TICKER>"));
        assert_eq!(find_time(&stooq, None, "x").unwrap(), ["<DATE>", "<TIME>"]);
        let binance = list(&["open_time", "open", "high", "low", "close", "volume", "close_time"]);
        assert_eq!(find_time(&binance, None, "x").unwrap(), ["open_time"]);
    }

    #[test]
    fn what_the_user_says_comes_first_and_a_wrong_name_is_an_error() {
        let columns = list(&["Date", "Close", "Adj Close"]);
        let rename = BTreeMap::from([("close".to_owned(), "Adj Close".to_owned())]);
        assert_eq!(find("close", &columns, &rename), Some("Adj Close"));
        let wrong = BTreeMap::from([("close".to_owned(), "Adj_Close".to_owned())]);
        let text = need("close", &columns, &wrong, "f.csv").unwrap_err().to_string();
        assert!(text.contains("did you mean \"Adj Close\""), "{text}");
        let text = find_time(&columns, Some("when"), "f.csv").unwrap_err().to_string();
        assert!(text.contains("f.csv has no column \"when\"") && text.contains("time.column"), "{text}");
    }
}
