//! Text to tokens, one at a time.
//!
//! Every character is looked at a bounded number of times, and a token holds no memory: names and texts are cut out of
//! the source once the parser wants them.

use std::borrow::Cow;
use std::ops::Range;

use super::ast::Binary;
use super::error::{SyntaxError, quoted};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    /// `0.5`, `nan`, `inf`
    Number(f64),
    /// `"1h"`
    Text,
    /// `$fast`
    Param,
    /// `close`
    Name,
    /// A name in backquotes, which may have any letters and signs.
    QuotedName,
    /// `true` or `false`
    Bool(bool),
    /// `if`
    If,
    /// `not`
    Not,
    /// `!`
    Bang,
    /// An operator between two operands; `-` and `+` may turn out to be signs.
    Op(Binary),
    /// `(`
    Open,
    /// `)`
    Close,
    /// `[`
    OpenLag,
    /// `]`
    CloseLag,
    /// `,`
    Comma,
    /// `=`
    Assign,
    /// `?`
    Question,
    /// `:`
    Colon,
    /// `.` before the output of a call.
    Dot,
    /// The text is over.
    End,
}

/// A token and the bytes where it stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Token {
    /// What it is.
    pub(crate) kind: Kind,
    /// Its first byte.
    pub(crate) start: usize,
    /// The byte after its last.
    pub(crate) end: usize,
}

impl Token {
    /// Where it stands.
    pub(crate) fn at(self) -> Range<usize> {
        self.start..self.end
    }
}

/// Words that are no names. They are written in lower case.
const KEYWORDS: [(&str, Kind); 8] = [
    ("and", Kind::Op(Binary::And)),
    ("false", Kind::Bool(false)),
    ("if", Kind::If),
    ("inf", Kind::Number(f64::INFINITY)),
    ("nan", Kind::Number(f64::NAN)),
    ("not", Kind::Not),
    ("or", Kind::Op(Binary::Or)),
    ("true", Kind::Bool(true)),
];

/// What is left of the text.
#[derive(Debug, Clone)]
pub(crate) struct Lexer<'a> {
    text: &'a str,
    pos: usize,
    /// Where the last token ended.
    last_end: usize,
}

impl<'a> Lexer<'a> {
    /// All of the text is left.
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, pos: 0, last_end: 0 }
    }

    /// The next token; [`Kind::End`] again and again once the text is over.
    pub(crate) fn token(&mut self) -> Result<Token, SyntaxError> {
        self.skip_blank();
        let start = self.pos;
        let Some(first) = self.peek(0) else {
            return Ok(Token { kind: Kind::End, start: self.last_end, end: self.last_end });
        };
        let kind = match first {
            b'0'..=b'9' => self.number()?,
            b'.' if self.peek(1).is_some_and(|b| b.is_ascii_digit()) => self.number()?,
            b if begins_name(b) => self.name()?,
            b'$' => self.param()?,
            b'"' | b'\'' => self.quoted_text(first)?,
            b'`' => self.quoted_name()?,
            _ => self.symbol(first)?,
        };
        self.last_end = self.pos;
        Ok(Token { kind, start, end: self.pos })
    }

    /// What is written at these bytes.
    pub(crate) fn slice(&self, at: Range<usize>) -> &'a str {
        &self.text[at]
    }

    /// An error at these bytes.
    pub(crate) fn error(&self, at: Range<usize>, reason: impl Into<String>, mend: impl Into<String>) -> SyntaxError {
        SyntaxError::new(self.text, at, reason, mend)
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.pos + ahead).copied()
    }

    fn rest(&self) -> &'a str {
        &self.text[self.pos..]
    }

    fn skip_while(&mut self, wanted: impl Fn(u8) -> bool) {
        while self.peek(0).is_some_and(&wanted) {
            self.pos += 1;
        }
    }

    fn skip_blank(&mut self) {
        loop {
            self.skip_while(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r'));
            if self.peek(0) != Some(b'#') {
                return;
            }
            self.pos += self.rest().find('\n').unwrap_or(self.rest().len());
        }
    }

    fn number(&mut self) -> Result<Kind, SyntaxError> {
        let start = self.pos;
        self.skip_while(|b| b.is_ascii_digit());
        if self.peek(0) == Some(b'.') {
            self.pos += 1;
            self.skip_while(|b| b.is_ascii_digit());
        }
        if matches!(self.peek(0), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(self.peek(1), Some(b'+' | b'-')));
            if self.peek(1 + sign).is_some_and(|b| b.is_ascii_digit()) {
                self.pos += 1 + sign;
                self.skip_while(|b| b.is_ascii_digit());
            }
        }
        let end = self.pos;
        self.skip_while(|b| b == b'.' || continues_name(b));
        let run = start..self.pos;
        if self.pos > end {
            return Err(self.no_number(start, end));
        }
        match self.slice(run.clone()).parse::<f64>() {
            Ok(v) if v.is_finite() => Ok(Kind::Number(v)),
            _ => Err(self.error(
                run.clone(),
                format!("{} is too large for a number", quoted(self.slice(run))),
                "write `inf` if infinity is meant; the largest number is about 1.8e308",
            )),
        }
    }

    /// The error for a number that ends at `end` and goes on with something else.
    fn no_number(&self, start: usize, end: usize) -> SyntaxError {
        let run = start..self.pos;
        let (number, tail) = (self.slice(start..end), self.slice(end..self.pos));
        let mend = if tail.starts_with('.') {
            "a number has one decimal point".to_owned()
        } else if matches!(tail, "e" | "E") {
            "an exponent has digits, as in `1e-3`".to_owned()
        } else if tail.starts_with('_') && tail.bytes().all(|b| b == b'_' || b.is_ascii_digit()) {
            "write the digits of a number without `_` between them".to_owned()
        } else if matches!(tail, "s" | "m" | "min" | "h" | "d" | "D" | "w" | "W" | "M" | "mo" | "y" | "Y") {
            format!("write a span of time in quotes, as in `tf(\"{number}{tail}\", close)`")
        } else {
            let product = quoted(&format!("{number} * {tail}"));
            format!("for a product write {product}; a column whose name begins with a digit stands in backquotes")
        };
        self.error(run.clone(), format!("{} is neither a number nor a name", quoted(self.slice(run))), mend)
    }

    fn name(&mut self) -> Result<Kind, SyntaxError> {
        let word = self.dotted()?;
        let keyword = KEYWORDS.iter().find(|(k, _)| k.eq_ignore_ascii_case(word));
        match keyword {
            None => Ok(Kind::Name),
            Some((k, kind)) if *k == word => Ok(*kind),
            Some((k, _)) => Err(self.error(
                self.pos - word.len()..self.pos,
                format!("words of the language are in lower case, and `{word}` is not"),
                format!("write `{k}`"),
            )),
        }
    }

    /// A name, with dots and all.
    fn dotted(&mut self) -> Result<&'a str, SyntaxError> {
        let start = self.pos;
        loop {
            self.skip_while(continues_name);
            if self.peek(0) != Some(b'.') || !self.peek(1).is_some_and(begins_name) {
                break;
            }
            self.pos += 1;
        }
        if self.rest().chars().next().is_some_and(|c| !c.is_ascii() && c.is_alphabetic()) {
            return Err(self.foreign_word(start));
        }
        Ok(self.slice(start..self.pos))
    }

    fn param(&mut self) -> Result<Kind, SyntaxError> {
        let start = self.pos;
        self.pos += 1;
        if self.peek(0).is_some_and(begins_name) {
            self.dotted()?;
            return Ok(Kind::Param);
        }
        if self.rest().chars().next().is_some_and(|c| !c.is_ascii() && c.is_alphabetic()) {
            return Err(self.foreign_word(start));
        }
        Err(self.error(
            start..self.pos,
            "a parameter's name is missing after `$`",
            "write a name that begins with a letter, as in `$fast`",
        ))
    }

    fn quoted_text(&mut self, quote: u8) -> Result<Kind, SyntaxError> {
        let start = self.pos;
        self.pos += 1;
        loop {
            self.skip_while(|b| b != quote && !matches!(b, b'\\' | b'\n'));
            match self.peek(0) {
                Some(b'\\') => {
                    let escaped = self.rest()[1..].chars().next();
                    let end = self.pos + 1 + escaped.map_or(0, char::len_utf8);
                    if escaped.and_then(unescape).is_none() && escaped.is_some_and(|c| c != '\n') {
                        return Err(self.error(
                            self.pos..end,
                            format!("{} stands for nothing in a text", quoted(self.slice(self.pos..end))),
                            r#"write `\\` for a backslash; there are also `\"`, `\'`, `\n`, `\r` and `\t`"#,
                        ));
                    }
                    // A line's end stays where it is, to be found by the next turn.
                    self.pos = if escaped == Some('\n') { self.pos + 1 } else { end };
                }
                Some(b) if b == quote => {
                    self.pos += 1;
                    return Ok(Kind::Text);
                }
                _ => {
                    let quote = char::from(quote);
                    return Err(self.error(
                        start..self.pos,
                        "a text is never closed",
                        format!("write `{quote}` where it ends, on the same line"),
                    ));
                }
            }
        }
    }

    /// A name in backquotes, on one line; a doubled backquote within stands for one.
    fn quoted_name(&mut self) -> Result<Kind, SyntaxError> {
        let start = self.pos;
        self.pos += 1;
        loop {
            self.skip_while(|b| !matches!(b, b'`' | b'\n'));
            match (self.peek(0), self.peek(1)) {
                (Some(b'`'), Some(b'`')) => self.pos += 2,
                (Some(b'`'), _) => {
                    self.pos += 1;
                    if self.pos == start + 2 {
                        let mend = "write it between them, as in `adj close`";
                        return Err(self.error(start..self.pos, "there is no name between the backquotes", mend));
                    }
                    return Ok(Kind::QuotedName);
                }
                _ => {
                    return Err(self.error(
                        start..self.pos,
                        "a name in backquotes is never closed",
                        "write a backquote where it ends, on the same line; two of them stand for one within the name",
                    ));
                }
            }
        }
    }

    fn symbol(&mut self, first: u8) -> Result<Kind, SyntaxError> {
        let start = self.pos;
        let (len, kind) = match (first, self.peek(1)) {
            (b'*', Some(b'*')) => (2, Kind::Op(Binary::Pow)),
            (b'<', Some(b'=')) => (2, Kind::Op(Binary::Le)),
            (b'>', Some(b'=')) => (2, Kind::Op(Binary::Ge)),
            (b'!', Some(b'=')) => (2, Kind::Op(Binary::Ne)),
            (b'&', Some(b'&')) => (2, Kind::Op(Binary::And)),
            (b'|', Some(b'|')) => (2, Kind::Op(Binary::Or)),
            (b'=', Some(b'=')) if self.peek(2) == Some(b'=') => return Err(self.no_symbol(3, "write `==`")),
            (b'=', Some(b'=')) => (2, Kind::Op(Binary::Eq)),
            (b'=', Some(b'<')) => return Err(self.no_symbol(2, "write `<=`")),
            (b'=', Some(b'>')) => return Err(self.no_symbol(2, "write `>=`")),
            (b'<', Some(b'>')) => return Err(self.no_symbol(2, "write `!=`")),
            (b'/', Some(b'/')) => {
                let mend = "write `floor(a / b)` for a whole quotient; a comment begins with `#`";
                return Err(self.no_symbol(2, mend));
            }
            (b'+', _) => (1, Kind::Op(Binary::Add)),
            (b'-', _) => (1, Kind::Op(Binary::Sub)),
            (b'*', _) => (1, Kind::Op(Binary::Mul)),
            (b'/', _) => (1, Kind::Op(Binary::Div)),
            (b'%', _) => (1, Kind::Op(Binary::Rem)),
            (b'^', _) => (1, Kind::Op(Binary::Pow)),
            (b'<', _) => (1, Kind::Op(Binary::Lt)),
            (b'>', _) => (1, Kind::Op(Binary::Gt)),
            (b'!', _) => (1, Kind::Bang),
            (b'(', _) => (1, Kind::Open),
            (b')', _) => (1, Kind::Close),
            (b'[', _) => (1, Kind::OpenLag),
            (b']', _) => (1, Kind::CloseLag),
            (b',', _) => (1, Kind::Comma),
            (b'=', _) => (1, Kind::Assign),
            (b'?', _) => (1, Kind::Question),
            (b':', _) => (1, Kind::Colon),
            (b'.', _) => (1, Kind::Dot),
            (b'&', _) => return Err(self.no_symbol(1, "write `and`")),
            (b'|', _) => return Err(self.no_symbol(1, "write `or`")),
            (b'~', _) => return Err(self.no_symbol(1, "write `not`")),
            (b'{', _) => return Err(self.no_symbol(1, "write `(`")),
            (b'}', _) => return Err(self.no_symbol(1, "write `)`")),
            (b';', _) => return Err(self.no_symbol(1, "write one expression; arguments are parted by `,`")),
            _ => return Err(self.foreign(start)),
        };
        self.pos += len;
        Ok(kind)
    }

    /// The error for so many bytes that are no operator.
    fn no_symbol(&self, len: usize, mend: &str) -> SyntaxError {
        let at = self.pos..self.pos + len;
        self.error(at.clone(), format!("`{}` is not part of the language", self.slice(at)), mend)
    }

    /// The error for a word with a letter that is not ASCII.
    fn foreign_word(&self, start: usize) -> SyntaxError {
        let tail = self.rest().find(|c: char| !(c == '_' || c.is_alphanumeric())).unwrap_or(self.rest().len());
        let word = self.slice(start..self.pos + tail);
        let mut letters = word.chars().filter(|c| !c.is_ascii());
        let mend = match (letters.next().and_then(greek), letters.next()) {
            (Some("pi"), None) if word == "π" => "write `3.141592653589793`".to_owned(),
            (Some(name), None) => {
                format!("write {}", quoted(&word.replace(|c: char| !c.is_ascii(), name)))
            }
            _ => "names have the letters a to z, digits and `_`; a column of another name stands in backquotes"
                .to_owned(),
        };
        self.error(start..start + word.len(), format!("{} has letters that are not ASCII", quoted(word)), mend)
    }

    /// The error for a character that the language does not have.
    fn foreign(&self, start: usize) -> SyntaxError {
        let c = self.text[start..].chars().next().unwrap_or(' ');
        if !c.is_ascii() && c.is_alphabetic() && !matches!(c, 'ª' | 'º') {
            return self.foreign_word(start);
        }
        let at = start..start + c.len_utf8();
        if c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{ad}') {
            return self.error(
                at,
                format!("the invisible character U+{:04X} is not part of the language", u32::from(c)),
                "write a plain space, or nothing",
            );
        }
        if c.is_control() {
            let mend = "take it out";
            return self.error(at, format!("the control character U+{:04X} does not belong here", u32::from(c)), mend);
        }
        let mend = match in_ascii(c) {
            Some(spelling) => format!("write `{spelling}`"),
            None => "take it out, or put it in quotes if it belongs to an argument".to_owned(),
        };
        self.error(at, format!("`{c}` is not part of the language"), mend)
    }
}

/// The name within the backquotes of a token.
pub(crate) fn unquote_name(token: &str) -> String {
    token.get(1..token.len().saturating_sub(1)).unwrap_or("").replace("``", "`")
}

/// Whether a field of this name is written without backquotes.
pub(crate) fn is_plain_name(name: &str) -> bool {
    let is_part = |part: &str| part.bytes().next().is_some_and(begins_name) && part.bytes().all(continues_name);
    name.split('.').all(is_part) && !KEYWORDS.iter().any(|(k, _)| k.eq_ignore_ascii_case(name))
}

/// The name of a field as it is written in an expression: in backquotes where it needs them.
pub(crate) fn written_name(name: &str) -> Cow<'_, str> {
    if is_plain_name(name) { Cow::Borrowed(name) } else { Cow::Owned(format!("`{}`", name.replace('`', "``"))) }
}

/// The text within the quotes of a token.
pub(crate) fn unquote(token: &str) -> String {
    let inner = token.get(1..token.len().saturating_sub(1)).unwrap_or("");
    let mut text = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.extend(chars.next().and_then(unescape)),
            _ => text.push(c),
        }
    }
    text
}

fn unescape(c: char) -> Option<char> {
    match c {
        '\\' | '"' | '\'' => Some(c),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        _ => None,
    }
}

fn begins_name(b: u8) -> bool {
    b == b'_' || b.is_ascii_alphabetic()
}

fn continues_name(b: u8) -> bool {
    b == b'_' || b.is_ascii_alphanumeric()
}

/// How a symbol from a formula editor or a web page is written here.
fn in_ascii(c: char) -> Option<&'static str> {
    Some(match c {
        '×' | '✕' | '·' | '⋅' | '∙' | '∗' | '＊' => "*",
        '÷' | '∕' | '⁄' | '／' => "/",
        '−' | '–' | '—' | '‐' | '‑' | '－' | '﹣' => "-",
        '＋' => "+",
        '≤' | '⩽' | '≦' => "<=",
        '≥' | '⩾' | '≧' => ">=",
        '≠' => "!=",
        '≡' | '＝' => "==",
        '＜' => "<",
        '＞' => ">",
        '∧' | '⋀' => "and",
        '∨' | '⋁' => "or",
        '¬' => "not",
        '√' => "sqrt(x)",
        '∑' => "ts_sum(x, n)",
        '∏' => "product(x, n)",
        '∞' => "inf",
        '²' => "^ 2",
        '³' => "^ 3",
        '⁻' => "^ -1",
        '½' => "0.5",
        '“' | '”' | '„' | '«' | '»' | '‘' | '’' | '‚' | '´' | '′' | '″' => "\"",
        '（' => "(",
        '）' => ")",
        '［' => "[",
        '］' => "]",
        '，' | '、' => ",",
        '．' => ".",
        '％' => "%",
        '？' => "?",
        '：' => ":",
        _ => return None,
    })
}

/// The name of a Greek letter.
fn greek(c: char) -> Option<&'static str> {
    Some(match c {
        'α' => "alpha",
        'β' => "beta",
        'γ' | 'Γ' => "gamma",
        'δ' | 'Δ' => "delta",
        'ε' => "epsilon",
        'κ' => "kappa",
        'λ' => "lambda",
        'μ' | 'µ' => "mu",
        'π' => "pi",
        'ρ' => "rho",
        'σ' | 'Σ' => "sigma",
        'τ' => "tau",
        'φ' | 'Φ' => "phi",
        'ω' => "omega",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Kind> {
        let mut lexer = Lexer::new(text);
        let mut out = Vec::new();
        loop {
            match lexer.token().unwrap().kind {
                Kind::End => return out,
                kind => out.push(kind),
            }
        }
    }

    #[test]
    fn numbers_are_read_as_every_tool_writes_them() {
        let table = [
            ("1", 1.0),
            (".5", 0.5),
            ("1.", 1.0),
            ("1e-3", 1e-3),
            ("1E+5", 1e5),
            ("1.e5", 1e5),
            (".5e1", 5.0),
            ("1.5e-07", 1.5e-7),
            ("007", 7.0),
            ("1e-999", 0.0),
            ("0.1000000000000000055511151231257827", 0.1),
        ];
        for (text, value) in table {
            assert_eq!(kinds(text), [Kind::Number(value)], "{text}");
        }
    }

    #[test]
    fn dots_join_names_but_not_digits() {
        assert_eq!(kinds("entry.price"), [Kind::Name]);
        assert_eq!(kinds("_a1.b_2.c"), [Kind::Name]);
        assert_eq!(kinds("f(x).hist"), [Kind::Name, Kind::Open, Kind::Name, Kind::Close, Kind::Dot, Kind::Name]);
        assert_eq!(kinds("x.5"), [Kind::Name, Kind::Number(0.5)]);
        assert_eq!(kinds("$entry.fast"), [Kind::Param]);
        assert_eq!(kinds("not_a_word"), [Kind::Name]);
        assert_eq!(kinds("entry.not"), [Kind::Name]);
    }

    #[test]
    fn names_in_backquotes_are_read_with_all_their_letters() {
        let table = [
            ("`adj close`", "adj close"),
            ("`S&P 500`", "S&P 500"),
            ("`1d_ret`", "1d_ret"),
            ("`a``b`", "a`b"),
            ("````", "`"),
            ("`# \"x\\`", "# \"x\\"),
            ("`日本`", "日本"),
            ("`close`", "close"),
        ];
        for (text, name) in table {
            assert_eq!(kinds(text), [Kind::QuotedName], "{text}");
            assert_eq!(unquote_name(text), name);
        }
        assert_eq!(kinds("`a` `b`"), [Kind::QuotedName, Kind::QuotedName]);
    }

    #[test]
    fn a_name_is_quoted_exactly_when_it_would_not_be_read_bare() {
        for name in ["close", "entry.price", "_1", "a.b_2.C", "entry.not", "nota"] {
            assert_eq!((written_name(name), kinds(name)), (name.into(), vec![Kind::Name]));
        }
        for name in
            ["", "1d", "a b", "a.", ".a", "a..b", "a.1", "and", "AND", "nan", "If", "日本", "a`b", "$x", "a-b", " a"]
        {
            assert!(!is_plain_name(name), "{name:?}");
            let bare = Lexer::new(name).token().map(|t| (t.kind, t.at()));
            assert_ne!(bare, Ok((Kind::Name, 0..name.len())), "{name:?}");
            assert_eq!(unquote_name(&written_name(name)), name);
        }
    }

    #[test]
    fn texts_are_read_with_their_escapes() {
        let table =
            [(r#""1h""#, "1h"), ("'SPY'", "SPY"), (r#"'a"b\'c'"#, "a\"b'c"), (r#""\\\n\t""#, "\\\n\t"), ("''", "")];
        for (text, value) in table {
            assert_eq!(kinds(text), [Kind::Text]);
            assert_eq!(unquote(text), value);
        }
    }

    #[test]
    fn blanks_and_comments_part_tokens() {
        assert_eq!(kinds(" \t\r\n# all + of * this\n x # and this"), [Kind::Name]);
        assert_eq!(kinds("# only a comment"), []);
        let mut lexer = Lexer::new("x   # end");
        lexer.token().unwrap();
        assert_eq!(lexer.token().unwrap(), Token { kind: Kind::End, start: 1, end: 1 });
    }

    #[test]
    fn keywords_are_in_order_and_in_lower_case() {
        assert!(KEYWORDS.is_sorted_by_key(|(k, _)| *k));
        assert!(KEYWORDS.iter().all(|(k, _)| k.bytes().all(|b| b.is_ascii_lowercase())));
    }
}
