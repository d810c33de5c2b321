//! Errors that show the text with a caret under the place.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// How much of a line is shown.
const COLUMNS: usize = 100;
/// How much of a long line is shown before the place.
const BEFORE: usize = 60;

/// A text that is no expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct SyntaxError {
    /// The text; of one that is too long only the beginning.
    pub text: Arc<str>,
    /// The bytes of the text that are wrong.
    pub at: Range<usize>,
    /// What is wrong.
    pub reason: String,
    /// What to write instead.
    pub mend: String,
}

impl SyntaxError {
    /// An error at a place of a text.
    pub fn new(
        text: impl Into<Arc<str>>,
        at: Range<usize>,
        reason: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self { text: text.into(), at, reason: reason.into(), mend: mend.into() }
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = format!("cannot read the expression: {}", self.reason);
        f.write_str(&point_at(&self.text, self.at.clone(), &reason, &self.mend))
    }
}

/// Four lines: the reason, the line of the text, carets under the place, and what to do about it.
///
/// Of a text of several lines only the one where the place begins is shown, of a long line about 100 columns around it.
/// A place outside of the text is moved to its end. Tabs are shown as one space, and characters that would disturb a
/// terminal as `�`.
pub fn point_at(text: &str, at: Range<usize>, reason: &str, mend: &str) -> String {
    let start = text.floor_char_boundary(at.start);
    let line_start = text[..start].rfind('\n').map_or(0, |i| i + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |i| start + i);
    let (before, after) = (&text[line_start..start], text[start..line_end].trim_end());
    let marked = text.ceil_char_boundary(at.end.clamp(start, line_end)) - start;

    // Each side may use what the other one does not.
    let (left, right) = (width_up_to(before.chars().rev()), width_up_to(after.chars()));
    let left = if left + right <= COLUMNS { left } else { left.min(BEFORE.max(COLUMNS.saturating_sub(right))) };
    let (kept_before, kept_after) = (back(before, left), front(after, COLUMNS - left));

    let mut line = String::new();
    let is_cut = kept_before.len() < before.len();
    if is_cut {
        line.push('…');
    }
    line.extend(kept_before.chars().map(|c| shown(c).0));
    line.extend(kept_after.chars().map(|c| shown(c).0));
    if kept_after.len() < after.len() {
        line.push('…');
    }
    let blank = usize::from(is_cut) + width(kept_before);
    let carets = width(&kept_after[..marked.min(kept_after.len())]).max(1);
    format!("{reason}\n  {line}\n  {}{}\n{mend}", " ".repeat(blank), "^".repeat(carets))
}

/// The first characters of a piece of text, in backquotes, for a message.
pub(crate) fn quoted(piece: &str) -> String {
    const SHOWN: usize = 40;
    let mut text = String::from("`");
    text.extend(piece.chars().take(SHOWN).map(|c| shown(c).0));
    if piece.chars().nth(SHOWN).is_some() {
        text.push('…');
    }
    text.push('`');
    text
}

/// How many columns a text takes.
fn width(text: &str) -> usize {
    text.chars().map(|c| shown(c).1).sum()
}

/// How many columns characters take, counted only until it is clear that they are too many.
fn width_up_to(chars: impl Iterator<Item = char>) -> usize {
    let mut columns = 0;
    for c in chars {
        columns += shown(c).1;
        if columns > COLUMNS {
            break;
        }
    }
    columns
}

/// Marks without a width could go on without end; this many characters for each column is more than a script needs.
const CHARS_PER_COLUMN: usize = 4;

/// The beginning of a text, as much as fits into so many columns.
fn front(text: &str, columns: usize) -> &str {
    let mut used = 0;
    for (n, (i, c)) in text.char_indices().enumerate() {
        used += shown(c).1;
        if used > columns || n == CHARS_PER_COLUMN * columns {
            return &text[..i];
        }
    }
    text
}

/// The end of a text, as much as fits into so many columns.
fn back(text: &str, columns: usize) -> &str {
    let mut used = 0;
    let mut start = text.len();
    for (n, (i, c)) in text.char_indices().rev().enumerate() {
        used += shown(c).1;
        if used > columns || n == CHARS_PER_COLUMN * columns {
            return &text[start..];
        }
        start = i;
    }
    text
}

/// A character as it is shown in an error, and about how many columns it takes.
fn shown(c: char) -> (char, usize) {
    match c {
        '\t' | '\r' => (' ', 1),
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' => ('\u{fffd}', 1),
        // Marks that change the order of what follows, or cannot be seen.
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => {
            ('\u{fffd}', 1)
        }
        '\u{300}'..='\u{36f}' | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}' => (c, 0),
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => (c, 2),
        _ => (c, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The line of the text and the line of carets.
    fn shown_lines(text: &str, at: Range<usize>) -> (String, String) {
        let message = point_at(text, at, "reason", "mend");
        let lines: Vec<&str> = message.split('\n').collect();
        let [reason, line, carets, mend] = lines[..] else { panic!("{message}") };
        assert_eq!((reason, mend), ("reason", "mend"));
        (line.to_owned(), carets.to_owned())
    }

    fn pair(line: &str, carets: &str) -> (String, String) {
        (line.to_owned(), carets.to_owned())
    }

    #[test]
    fn the_caret_stands_under_the_place() {
        assert_eq!(shown_lines("close + * open", 8..9), pair("  close + * open", "          ^"));
        assert_eq!(shown_lines("close + open", 8..12), pair("  close + open", "          ^^^^"));
        assert_eq!(shown_lines("close +", 7..7), pair("  close +", "         ^"));
        assert_eq!(shown_lines("", 0..0), pair("  ", "  ^"));
    }

    #[test]
    fn only_the_line_of_the_place_is_shown() {
        let text = "first\nsecond line\r\nthird";
        assert_eq!(shown_lines(text, 0..5), pair("  first", "  ^^^^^"));
        assert_eq!(shown_lines(text, 13..17), pair("  second line", "         ^^^^"));
        assert_eq!(shown_lines(text, 6..24), pair("  second line", "  ^^^^^^^^^^^"));
        assert_eq!(shown_lines(text, 24..25), pair("  third", "       ^"));
        assert_eq!(shown_lines("a\n", 1..2), pair("  a", "   ^"));
        assert_eq!(shown_lines("a\n", 2..2), pair("  ", "  ^"));
    }

    #[test]
    fn tabs_wide_letters_and_what_disturbs_a_terminal_do_not_misplace_the_caret() {
        assert_eq!(shown_lines("\tx\ty", 3..4), pair("   x y", "     ^"));
        assert_eq!(shown_lines("日本 x", 7..8), pair("  日本 x", "       ^"));
        assert_eq!(shown_lines("日本 x", 3..6), pair("  日本 x", "    ^^"));
        assert_eq!(shown_lines("e\u{301} x", 4..5), pair("  e\u{301} x", "    ^"));
        assert_eq!(shown_lines("\u{1b}[2J x\u{202e}", 5..6), pair("  \u{fffd}[2J x\u{fffd}", "       ^"));
    }

    #[test]
    fn places_outside_of_the_text_or_within_a_letter_are_moved() {
        assert_eq!(shown_lines("ab", 9..12), pair("  ab", "    ^"));
        assert_eq!(shown_lines("a日b", 2..3), pair("  a日b", "   ^^"));
        assert_eq!(shown_lines("abc", Range { start: 2, end: 1 }), pair("  abc", "    ^"));
    }

    #[test]
    fn of_a_long_line_a_hundred_columns_are_shown() {
        let text: String = "0123456789".repeat(50);
        for place in 0..=500 {
            let (line, carets) = shown_lines(&text, place..place + 1);
            let columns = line.chars().count() - 2;
            assert!((100..=102).contains(&columns), "{columns} columns at {place}");
            let caret = carets.chars().count() - 1;
            let digit = (place < 500).then(|| char::from(b'0' + (place % 10) as u8));
            assert_eq!(line.chars().nth(caret), digit);
            assert!(line.contains('…'));
        }
        let (line, carets) = shown_lines(&text, 250..500);
        assert!(line.chars().count() <= 104 && carets.chars().count() <= 103);
        // What fits is not cut.
        assert_eq!(shown_lines(&text[..100], 95..96).0.trim_start(), &text[..100]);
    }

    #[test]
    fn marks_without_end_are_cut() {
        let text = "a".to_owned() + &"\u{301}".repeat(100_000);
        assert!(point_at(&text, 0..1, "", "").len() < 2_000);
        assert!(point_at(&text, text.len()..text.len(), "", "").len() < 2_000);
    }
}
