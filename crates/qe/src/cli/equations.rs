//! Lists of equations in files: one a line, or a JSON list as tools of symbolic regression print them.

use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context, Error, Result, anyhow};
use serde_json::{Deserializer, Value};

/// The fields of a JSON object that an equation is looked for in, and a name.
const TEXTS: [&str; 2] = ["equation", "expression"];
const NAMES: [&str; 2] = ["name", "id"];

/// A file with equations.
#[derive(Debug)]
pub(crate) struct Equations {
    path: PathBuf,
    text: String,
    /// The equations, in order.
    pub(crate) list: Vec<Equation>,
}

/// An equation.
#[derive(Debug)]
pub(crate) struct Equation {
    /// Its name, if it has one.
    pub(crate) name: Option<String>,
    /// What is to be computed.
    pub(crate) text: String,
    /// The byte of the file at which the text begins, or the JSON value that it stands in.
    at: usize,
    /// Whether the text stands in the file as it is, so that its bytes are those of the file.
    is_verbatim: bool,
}

/// The name before an `=`, and the expression after it: an `=` after a plain name and before anything but another `=`.
pub(super) fn split_name(text: &str) -> (Option<&str>, &str) {
    let is_plain = |n: &str| !n.is_empty() && n.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    match text.split_once('=') {
        Some((name, body)) if is_plain(name.trim()) && !body.starts_with('=') => (Some(name.trim()), body),
        _ => (None, text),
    }
}

/// What is wrong at a byte of the file.
type Wrong = (usize, String);

impl Equations {
    /// Reads a file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let text = String::from_utf8(bytes).map_err(|e| {
            let at = e.utf8_error().valid_up_to();
            let line = e.as_bytes()[..at].iter().filter(|b| **b == b'\n').count() + 1;
            anyhow!("{}:{line}: it is no text in UTF-8; write the equations as plain text", path.display())
        })?;
        let text = text.strip_prefix('\u{feff}').map_or(text.clone(), str::to_owned);
        let read = if text.trim_start().starts_with(['[', '{']) { from_json(&text) } else { Ok(from_lines(&text)) };
        let mut equations = Self { path: path.to_owned(), text, list: Vec::new() };
        equations.list = read.map_err(|(at, reason)| equations.error(at, &reason))?;
        if equations.list.is_empty() {
            let mend = "write one a line, such as `spread = high - low`, or a JSON list of texts";
            return Err(anyhow!("{}: there is no equation in it; {mend}", path.display()));
        }
        equations.check_names()?;
        Ok(equations)
    }

    /// Fails if two factors would have one name, or the name of the times.
    fn check_names(&self) -> Result<()> {
        let names: Vec<String> = (0..self.list.len()).map(|i| self.name(i)).collect();
        for (i, name) in names.iter().enumerate() {
            if let Some(before) = names[..i].iter().position(|n| n == name) {
                let (line, _) = self.place(self.list[before].at);
                return Err(
                    self.error(self.list[i].at, &format!("{name} is the name of line {line} already; choose another"))
                );
            }
            if name == "date" {
                return Err(self.error(self.list[i].at, "`date` is the column of the times; choose another name"));
            }
        }
        Ok(())
    }

    /// What a factor is called.
    fn name(&self, idx: usize) -> String {
        self.list[idx].name.clone().unwrap_or_else(|| format!("factor_{idx}"))
    }

    /// An error at some bytes of an equation: the file, line and column, and what is wrong.
    pub(crate) fn error_in(&self, idx: usize, at: Option<Range<usize>>, reason: &str) -> Error {
        let equation = &self.list[idx];
        let within = at.filter(|_| equation.is_verbatim).map_or(0, |at| at.start.min(equation.text.len()));
        self.error(equation.at + within, reason)
    }

    fn error(&self, at: usize, reason: &str) -> Error {
        let (line, column) = self.place(at);
        anyhow!("{}:{line}:{column}: {reason}", self.path.display())
    }

    /// The line and the column of a byte, counted from 1.
    fn place(&self, at: usize) -> (usize, usize) {
        let before = &self.text[..self.text.floor_char_boundary(at)];
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

/// One equation a line; lines without one count for nothing.
fn from_lines(text: &str) -> Vec<Equation> {
    let mut at = 0;
    let mut list = Vec::new();
    for line in text.split_inclusive('\n') {
        if !matches!(line.trim_start().as_bytes().first(), None | Some(b'#')) {
            list.push(named(line.trim_end(), at, true, None));
        }
        at += line.len();
    }
    list
}

/// An equation that begins at a byte, and may have its name before an `=`.
fn named(text: &str, at: usize, is_verbatim: bool, given: Option<String>) -> Equation {
    let (name, body) = match given {
        Some(_) => (None, text),
        None => split_name(text),
    };
    let skipped = text.len() - body.len();
    let blank = body.len() - body.trim_start().len();
    Equation {
        name: given.or(name.map(str::to_owned)),
        text: body.trim().to_owned(),
        at: if is_verbatim { at + skipped + blank } else { at },
        is_verbatim,
    }
}

/// A list of texts, or of objects that have one under `equation`.
fn from_json(text: &str) -> Result<Vec<Equation>, Wrong> {
    let bytes = text.as_bytes();
    let blank = |at: usize| at + bytes[at..].iter().take_while(|b| b.is_ascii_whitespace()).count();
    let mut at = blank(0);
    if bytes[at] != b'[' {
        return Err((at, "the equations are a JSON list: begin it with `[`".into()));
    }
    at = blank(at + 1);
    let mut list = Vec::new();
    while list.is_empty() && bytes.get(at) != Some(&b']') || !list.is_empty() {
        let begin = at;
        if !matches!(bytes.get(at), Some(b'"' | b'{')) {
            let mend = "an equation is a text in double quotes, or an object with one as its `equation`";
            return Err((at, mend.into()));
        }
        let mut values = Deserializer::from_str(&text[at..]).into_iter::<Value>();
        let value = values.next().unwrap_or(Ok(Value::Null)).map_err(|e| {
            let lines: usize = text[begin..].split_inclusive('\n').take(e.line().max(1) - 1).map(str::len).sum();
            let reason = e.to_string();
            let reason = reason.split(" at line ").next().unwrap_or_default().to_owned();
            (begin + lines + e.column().saturating_sub(1), format!("it is no JSON: {reason}"))
        })?;
        at += values.byte_offset();
        list.push(entry(&value, text, begin..at)?);
        at = blank(at);
        match bytes.get(at) {
            Some(b',') => at = blank(at + 1),
            Some(b']') => break,
            _ => return Err((at, "expected `,` or `]` after an equation".into())),
        }
    }
    match blank(at + 1) {
        end if end < bytes.len() => Err((end, "there is more after the list".into())),
        _ => Ok(list),
    }
}

/// An entry of a JSON list, which stands at these bytes.
fn entry(value: &Value, text: &str, at: Range<usize>) -> Result<Equation, Wrong> {
    if let Value::String(body) = value {
        let is_verbatim = text[at.clone()].get(1..body.len() + 1) == Some(body.as_str()) && at.len() == body.len() + 2;
        return Ok(named(body, at.start + usize::from(is_verbatim), is_verbatim, None));
    }
    let field = |names: [&str; 2]| names.into_iter().find_map(|n| value.get(n));
    let Some(body) = field(TEXTS).and_then(Value::as_str) else {
        return Err((at.start, "it has no text under `equation`".into()));
    };
    let name = match field(NAMES) {
        Some(Value::String(name)) if !name.trim().is_empty() => Some(name.clone()),
        Some(Value::Number(n)) => Some(n.to_string()),
        _ => None,
    };
    Ok(named(body, at.start, false, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Equations, String> {
        let dir = tempfile::tempdir().map_err(|e| e.to_string())?;
        let path = dir.path().join("eqs");
        std::fs::write(&path, text).map_err(|e| e.to_string())?;
        Equations::read(&path).map_err(|e| format!("{e:#}").rsplit("eqs").next().unwrap_or_default().to_owned())
    }

    fn list(text: &str) -> Vec<(Option<String>, String)> {
        let read = of(text).unwrap_or_else(|e| panic!("{e}"));
        read.list.into_iter().map(|e| (e.name, e.text)).collect()
    }

    fn pair(name: Option<&str>, text: &str) -> (Option<String>, String) {
        (name.map(str::to_owned), text.to_owned())
    }

    #[test]
    fn lines_and_lists_say_the_same() {
        let want = [pair(None, "a + b"), pair(Some("up"), "c == d"), pair(None, "c == d")];
        assert_eq!(list("\u{feff}# one\r\n a + b \r\n\r\nup = c == d\nc == d"), want);
        assert_eq!(list(r#" ["a + b" , "up=c == d", {"loss": 1, "equation": "c == d"}] "#), want);
        let named = r#"[{"expression": "a", "name": "x"}, {"equation": "b", "id": 7}]"#;
        assert_eq!(list(named), [pair(Some("x"), "a"), pair(Some("7"), "b")]);
    }

    #[test]
    fn places_are_those_of_the_file() {
        let read = of("# é\n up =  é * 2\n").unwrap_or_else(|e| panic!("{e}"));
        let said = |e: &Equations, i: usize, at| format!("{:#}", e.error_in(i, Some(at), "no"));
        assert!(said(&read, 0, 5..6).ends_with(":2:12: no"), "{}", said(&read, 0, 5..6));
        let read = of("[\n  \"a\",\n  \"b + c\", \"\\u0061 + d\"]").unwrap_or_else(|e| panic!("{e}"));
        assert!(said(&read, 1, 4..5).ends_with(":3:8: no"));
        assert!(said(&read, 2, 4..5).ends_with(":3:12: no"));
    }

    #[test]
    fn what_is_no_list_is_told_with_its_place() {
        let table = [
            ("", ": there is no equation"),
            ("# only\n\n", ": there is no equation"),
            ("[]", ": there is no equation"),
            ("{}", ":1:1: the equations are a JSON list"),
            ("[\"a\",\n 1]", ":2:2: an equation is a text"),
            ("[\"a\"", ":1:5: expected `,` or `]`"),
            ("[\"a\",", ":1:6: an equation is a text"),
            ("[\"a\",\n \"b", ":2:"),
            ("[\"a\"] x", ":1:7: there is more"),
            ("[{\"loss\": 1}]", ":1:2: it has no text under `equation`"),
            ("a = 1\n\na = 2\n", ":3:5: a is the name of line 1"),
            ("1\nfactor_0 = 2", ":2:12: factor_0 is the name of line 1"),
            ("date = 1", ":1:8: `date` is the column"),
        ];
        for (text, want) in table {
            let said = of(text).err().unwrap_or_default();
            assert!(said.starts_with(want), "{text:?}: {said}");
        }
    }
}
