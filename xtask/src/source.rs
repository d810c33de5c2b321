//! Reading Rust without a parser: comments and texts blanked out, words, `mod` lines.

/// The source with the inside of comments, strings and characters replaced by spaces.
///
/// Lines keep their number, so a finding can name its place. Quotes stay, lifetimes stay.
pub(crate) fn blank(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out: Vec<char> = Vec::with_capacity(chars.len());
    let mut at = 0;
    while at < chars.len() {
        let end = match chars[at] {
            '/' if chars.get(at + 1) == Some(&'/') => find(&chars, at, |c, i| c[i] == '\n'),
            '/' if chars.get(at + 1) == Some(&'*') => end_of_block_comment(&chars, at),
            '"' => {
                let end = end_of_string(&chars, at + 1, '"');
                keep_quotes(&chars, at, end, &mut out);
                at = end;
                continue;
            }
            '\'' if is_char_literal(&chars, at) => {
                let end = end_of_string(&chars, at + 1, '\'');
                keep_quotes(&chars, at, end, &mut out);
                at = end;
                continue;
            }
            'r' if !part_of_word_before(&chars, at) && raw_hashes(&chars, at).is_some() => {
                let hashes = raw_hashes(&chars, at).unwrap_or(0);
                let end = end_of_raw(&chars, at + 1 + hashes + 1, hashes);
                out.extend(std::iter::repeat_n(' ', hashes + 1));
                keep_quotes(&chars, at + 1 + hashes, end - hashes, &mut out);
                out.extend(std::iter::repeat_n(' ', hashes));
                at = end;
                continue;
            }
            other => {
                out.push(other);
                at += 1;
                continue;
            }
        };
        out.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
        at = end;
    }
    out.into_iter().collect()
}

/// Copies `from..end` blanked, with its first and last character kept.
fn keep_quotes(chars: &[char], from: usize, end: usize, out: &mut Vec<char>) {
    for (at, c) in chars.iter().enumerate().take(end).skip(from) {
        let edge = at == from || at + 1 == end;
        out.push(if edge || *c == '\n' { *c } else { ' ' });
    }
}

/// The first index from `at` on where `stop` holds, or the end.
fn find(chars: &[char], at: usize, stop: impl Fn(&[char], usize) -> bool) -> usize {
    (at..chars.len()).find(|i| stop(chars, *i)).unwrap_or(chars.len())
}

/// Just after the end of a block comment, which may hold others.
fn end_of_block_comment(chars: &[char], from: usize) -> usize {
    let (mut depth, mut at) = (0, from);
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    at
}

/// Just after the closing quote of a text whose inside begins at `from`.
fn end_of_string(chars: &[char], from: usize, quote: char) -> usize {
    let mut at = from;
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            c if c == quote => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

/// Just after the closing hashes of a raw text whose inside begins at `from`.
fn end_of_raw(chars: &[char], from: usize, hashes: usize) -> usize {
    (from..chars.len())
        .find(|i| chars[*i] == '"' && (1..=hashes).all(|k| chars.get(i + k) == Some(&'#')))
        .map_or(chars.len(), |i| i + 1 + hashes)
}

/// The number of hashes when `r` at this place begins a raw text.
fn raw_hashes(chars: &[char], at: usize) -> Option<usize> {
    let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
    (chars.get(at + 1 + hashes) == Some(&'"')).then_some(hashes)
}

/// Whether the character before belongs to a word. The prefixes of `br""` and `cr""` do not count.
fn part_of_word_before(chars: &[char], at: usize) -> bool {
    match at.checked_sub(1).map(|i| chars[i]) {
        Some('b' | 'c') => at >= 2 && is_word(chars[at - 2]),
        Some(before) => is_word(before),
        None => false,
    }
}

/// Whether the quote begins a character and not a lifetime.
fn is_char_literal(chars: &[char], at: usize) -> bool {
    chars.get(at + 1) == Some(&'\\') || chars.get(at + 2) == Some(&'\'')
}

/// Whether a character may stand in an identifier.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// An identifier in blanked source.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Word<'a> {
    /// The identifier.
    pub(crate) text: &'a str,
    /// Its line, from 1.
    pub(crate) line: usize,
    /// What stands before it on its line.
    pub(crate) before: &'a str,
    /// What stands after it on its line.
    pub(crate) after: &'a str,
}

impl Word<'_> {
    /// Whether the word is used as the name of a crate: at the head of a path, or imported.
    ///
    /// A variable or function that happens to be called like a crate is not one.
    pub(crate) fn names_crate(&self) -> bool {
        let before = self.before.trim_end();
        let head = match before.strip_suffix("::") {
            Some(path) => !path.ends_with(|c: char| is_word(c) || c == '>'),
            None => !before.ends_with('.'),
        };
        let after = self.after.trim_start();
        let imported = before.ends_with("use") || before.ends_with("extern crate") || after.starts_with("as ");
        head && (after.starts_with("::") || imported)
    }
}

/// All identifiers of blanked source in their order.
pub(crate) fn words(code: &str) -> impl Iterator<Item = Word<'_>> {
    code.lines().enumerate().flat_map(|(number, line)| {
        let mut found = Vec::new();
        let mut start = None;
        for (at, c) in line.char_indices().chain([(line.len(), ' ')]) {
            match (is_word(c), start) {
                (true, None) => start = Some(at),
                (false, Some(from)) => {
                    start = None;
                    found.push(Word {
                        text: &line[from..at],
                        line: number + 1,
                        before: &line[..from],
                        after: &line[at..],
                    });
                }
                _ => {}
            }
        }
        found
    })
}

/// A `mod name;` line.
#[derive(Debug, PartialEq)]
pub(crate) struct ModLine {
    /// The module.
    pub(crate) name: String,
    /// Its line, from 1.
    pub(crate) line: usize,
    /// Lines of one block stand together, with nothing but comments and attributes between them.
    pub(crate) block: usize,
}

/// The `mod name;` lines of a file. `text` is the file, `code` the same file blanked.
pub(crate) fn mod_lines(text: &str, code: &str) -> Vec<ModLine> {
    let mut found = Vec::new();
    let mut block = 0;
    for (number, (raw, line)) in text.lines().zip(code.lines()).enumerate() {
        let line = line.trim();
        match mod_name(line) {
            Some(name) => found.push(ModLine { name: name.to_owned(), line: number + 1, block }),
            None if raw.trim().is_empty() => block += 1,
            None if line.is_empty() || line.starts_with("#[") => {}
            None => block += 1,
        }
    }
    found
}

/// The name in `mod name;` with any visibility and attributes before it.
fn mod_name(line: &str) -> Option<&str> {
    let line = line.strip_suffix(';')?.trim_end();
    let (before, name) = line.rsplit_once(char::is_whitespace)?;
    let before = before.trim_end();
    let keyword = before == "mod" || before.ends_with(" mod") || before.ends_with("]mod");
    let name = name.strip_prefix("r#").unwrap_or(name);
    (keyword && !name.is_empty() && name.chars().all(is_word)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_texts_are_blanked_and_lines_stay() {
        let text = "let a = \"polars \\\" x\"; // polars\n/* polars /* polars */\n polars */ let b = 'p';\n\
                    fn f<'polars>() { r#\"polars \" polars\"#; br\"polars\"; '\\''; b'\\\\' } polars";
        let code = blank(text);
        assert_eq!(code.lines().count(), text.lines().count());
        assert_eq!(code.chars().count(), text.chars().count());
        let left: Vec<Word<'_>> = words(&code).filter(|word| word.text == "polars").collect();
        assert_eq!(left.len(), 2, "{code}");
        assert!(left[0].before.ends_with('\''));
        assert_eq!((left[1].line, left[1].after), (4, ""));
    }

    #[test]
    fn crates_are_told_from_variables_and_modules() {
        for (code, expected) in [
            ("use rayon::join;", true),
            ("pub use rayon;", true),
            ("use {rayon as r};", true),
            ("::rayon::join()", true),
            ("extern crate rayon;", true),
            ("let rayon = 1;", false),
            ("self.rayon::<u8>()", false),
            ("crate::rayon::join()", false),
            ("fn rayon() {}", false),
        ] {
            let found = words(code).find(|word| word.text == "rayon").unwrap();
            assert_eq!(found.names_crate(), expected, "{code}");
        }
    }

    #[test]
    fn an_open_text_ends_with_the_file() {
        for text in ["\"abc", "/* abc", "r#\"abc\"", "'\\", "// abc"] {
            assert!(!blank(text).contains("abc"), "{text}");
        }
    }

    #[test]
    fn mod_lines_in_blocks() {
        let text = "mod a;\n/// Says why.\npub mod b;\n#[cfg(test)]\npub(crate) mod r#c;\n\nmod d;\nuse x;\nmod e;\nmod f { }\n// mod g;\n";
        let found = mod_lines(text, &blank(text));
        let names: Vec<(&str, usize)> = found.iter().map(|found| (found.name.as_str(), found.line)).collect();
        assert_eq!(names, [("a", 1), ("b", 3), ("c", 5), ("d", 7), ("e", 9)]);
        let blocks: Vec<usize> = found.iter().map(|found| found.block).collect();
        assert!(blocks[0] == blocks[2] && blocks[2] < blocks[3] && blocks[3] < blocks[4]);
    }
}
