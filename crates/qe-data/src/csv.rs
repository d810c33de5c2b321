//! Small tables as text: corporate actions, events and labels, never prices.
//!
//! Fields are parted by commas and may stand in double quotes, with `""` for a quote within. Lines that begin with
//! `#` and empty lines count for nothing. The first line that is left names the columns. Each error says the row,
//! counted from 1 after the header, the column and the mend.

use crate::error::{Error, Result};

/// A table that was read whole.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    place: &'static str,
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// One row of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    table: &'a Table,
    idx: usize,
}

impl Table {
    /// Reads a table that has at least the columns `required`.
    pub(crate) fn parse(place: &'static str, text: &str, required: &[&str]) -> Result<Self> {
        let mend = format!("begin it with a line that names the columns: {}", required.join(","));
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut lines = text.lines().filter(|l| !l.trim().is_empty() && !l.trim_start().starts_with('#'));
        let Some(first) = lines.next() else {
            return Err(Error::refused(place, "the text is empty", mend));
        };
        let header =
            fields(first).ok_or_else(|| Error::refused(place, "the header has an open quote", mend.as_str()))?;
        if let Some(missing) = required.iter().find(|r| !header.iter().any(|h| h == *r)) {
            return Err(Error::missing_column(place, missing, header, mend));
        }
        let mut rows = Vec::new();
        for (i, line) in lines.enumerate() {
            let bad = |reason: String, mend: &str| Error::BadValue {
                place: place.to_owned(),
                row: i as u64 + 1,
                column: header.first().cloned().unwrap_or_default(),
                value: format!("{line:?}"),
                reason,
                mend: mend.to_owned(),
            };
            let row = fields(line).ok_or_else(|| bad("a quote is not closed".into(), "close it on the same line"))?;
            if row.len() != header.len() {
                let reason = format!("it has {} fields, and the header has {}", row.len(), header.len());
                return Err(bad(reason, "put a field with a comma in double quotes, and leave empty ones empty"));
            }
            rows.push(row);
        }
        Ok(Self { place, header, rows })
    }

    /// The names of the columns.
    pub(crate) fn header(&self) -> &[String] {
        &self.header
    }

    /// The rows, in order.
    pub(crate) fn rows(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        (0..self.rows.len()).map(|idx| Row { table: self, idx })
    }
}

impl<'a> Row<'a> {
    /// The text of a column; empty where the table has no such column.
    pub(crate) fn text(self, column: &str) -> &'a str {
        let at = self.table.header.iter().position(|h| h == column);
        at.map(|i| self.table.rows[self.idx][i].as_str()).unwrap_or_default()
    }

    /// The text of a column that must not be empty.
    pub(crate) fn needed(self, column: &str) -> Result<&'a str> {
        match self.text(column) {
            "" => Err(self.error(column, "it is empty", "fill it in")),
            text => Ok(text),
        }
    }

    /// A finite number.
    pub(crate) fn number(self, column: &str) -> Result<f64> {
        let text = self.needed(column)?;
        let value = text.parse::<f64>().ok().filter(|v| v.is_finite());
        value.ok_or_else(|| self.error(column, "it is no finite number", "write it like 0.25"))
    }

    /// A value that reads itself from text.
    pub(crate) fn parse<T>(self, column: &str, read: impl FnOnce(&str) -> qe_core::Result<T>) -> Result<T> {
        read(self.needed(column)?).map_err(|e| match e {
            qe_core::Error::Parse { reason, mend, .. } => self.error(column, reason, mend),
            other => self.error(column, other.to_string(), "correct it"),
        })
    }

    /// An error about a column of this row.
    pub(crate) fn error(self, column: &str, reason: impl Into<String>, mend: impl Into<String>) -> Error {
        Error::BadValue {
            place: self.table.place.to_owned(),
            row: self.idx as u64 + 1,
            column: column.to_owned(),
            value: format!("{:?}", self.text(column)),
            reason: reason.into(),
            mend: mend.into(),
        }
    }
}

/// The fields of a line, trimmed; `None` where a quote is left open.
fn fields(line: &str) -> Option<Vec<String>> {
    let (mut out, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => out.push(std::mem::take(&mut field).trim().to_owned()),
            c => field.push(c),
        }
    }
    out.push(field.trim().to_owned());
    (!quoted).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quotes_comments_and_blank_lines() {
        let text = "\u{feff}# a comment\n\n a , b \r\n1,\"x, \"\"y\"\"\"\r\n # more\n2,\n";
        let table = Table::parse("t", text, &["a", "b"]).unwrap();
        let rows: Vec<(f64, &str)> = table.rows().map(|r| (r.number("a").unwrap(), r.text("b"))).collect();
        assert_eq!(rows, [(1.0, "x, \"y\""), (2.0, "")]);
    }

    #[test]
    fn errors_say_row_column_and_mend() {
        let bad = |text: &str| Table::parse("actions", text, &["a", "b"]).unwrap_err().to_string();
        assert!(bad("").contains("names the columns: a,b"));
        assert!(bad("a,c\n").contains("has no column \"b\""));
        assert!(bad("a,b\n1,2\n1,2,3\n").contains("row 2"));
        assert!(bad("a,b\n1,\"2\n").contains("not closed"));
        let table = Table::parse("actions", "a,b\n1,x\n2,\n", &["a", "b"]).unwrap();
        let errors: Vec<String> = table.rows().map(|r| r.number("b").unwrap_err().to_string()).collect();
        assert!(errors[0].starts_with("actions, row 1, column \"b\": \"x\"; it is no finite number"), "{}", errors[0]);
        assert!(errors[1].contains("row 2") && errors[1].contains("it is empty"), "{}", errors[1]);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[a,\"\n#\r 1é]{0,40}") {
            if let Ok(table) = Table::parse("t", &text, &["a"]) {
                table.rows().for_each(|r| { let _ = (r.number("a"), r.text("zz")); });
            }
        }
    }
}
