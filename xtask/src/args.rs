//! Arguments by hand: words, flags, flags with a value, and the nearest name to a wrong one.

use std::fmt;

/// A wrong command line. The tool ends with exit code 2 on it.
#[derive(Debug)]
pub(crate) struct Usage(pub(crate) String);

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// What a command understands.
pub(crate) struct Spec {
    /// How many bare words may come.
    pub(crate) max_words: usize,
    /// Flags without a value, with their dashes.
    pub(crate) flags: &'static [&'static str],
    /// Flags with a value, with their dashes: `--out DIR` or `--out=DIR`.
    pub(crate) values: &'static [&'static str],
}

/// What was said.
#[derive(Debug, Default)]
pub(crate) struct Args {
    /// The bare words in their order.
    pub(crate) words: Vec<String>,
    flags: Vec<String>,
    values: Vec<(String, String)>,
}

impl Args {
    /// Whether the flag was given.
    pub(crate) fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|given| given == flag)
    }

    /// The value of a flag. The last one given stands.
    pub(crate) fn value(&self, flag: &str) -> Option<&str> {
        self.values.iter().rev().find(|(name, _)| name == flag).map(|(_, value)| value.as_str())
    }
}

/// Reads the words of a command line against its spec.
pub(crate) fn parse(words: &[String], spec: &Spec) -> Result<Args, Usage> {
    let mut args = Args::default();
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        if !word.starts_with('-') {
            if args.words.len() == spec.max_words {
                return Err(Usage(format!("{word:?} is one word too many; --help says what is understood")));
            }
            args.words.push(word.clone());
            continue;
        }
        let (name, glued) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (word.as_str(), None),
        };
        if spec.values.contains(&name) {
            let value = match glued {
                Some(value) => value,
                None => rest.next().cloned().ok_or_else(|| Usage(format!("{name} wants a value after it")))?,
            };
            args.values.push((name.to_owned(), value));
        } else if spec.flags.contains(&name) && glued.is_none() {
            args.flags.push(name.to_owned());
        } else if spec.flags.contains(&name) {
            return Err(Usage(format!("{name} takes no value")));
        } else {
            let known: Vec<&str> = spec.flags.iter().chain(spec.values).copied().collect();
            return Err(unknown("flag", name, &known));
        }
    }
    Ok(args)
}

/// The error about a name that is not known, with the nearest one or all of them.
pub(crate) fn unknown(what: &str, name: &str, known: &[&str]) -> Usage {
    if known.is_empty() {
        return Usage(format!("unknown {what} {name:?}; there is none"));
    }
    let all = known.join(", ");
    match nearest(name, known) {
        Some(near) => Usage(format!("unknown {what} {name:?}; did you mean {near:?}? There are: {all}")),
        None => Usage(format!("unknown {what} {name:?}; there are: {all}")),
    }
}

/// The known name with the fewest edits, if it is near enough to be meant.
fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let (edits, best) = known.iter().map(|candidate| (distance(name, candidate), *candidate)).min()?;
    (edits <= name.chars().count().div_ceil(2)).then_some(best)
}

/// Levenshtein's edit distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: Spec = Spec { max_words: 1, flags: &["--check"], values: &["--out"] };

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn words_flags_and_values_are_told_apart() {
        let args = parse(&words("name --check --out a --out=b"), &SPEC).unwrap();
        assert_eq!(args.words, ["name"]);
        assert!(args.has("--check"));
        assert_eq!(args.value("--out"), Some("b"));
        assert_eq!(args.value("--in"), None);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for (text, said) in [
            ("a b", "too many"),
            ("--out", "wants a value"),
            ("--check=1", "takes no value"),
            ("--chekc", "did you mean \"--check\""),
        ] {
            let error = parse(&words(text), &SPEC).unwrap_err();
            assert!(error.to_string().contains(said), "{text}: {error}");
        }
    }

    #[test]
    fn distance_is_levenshteins() {
        for (a, b, edits) in
            [("", "", 0), ("abc", "abc", 0), ("kitten", "sitting", 3), ("", "abc", 3), ("ci", "tidy", 3)]
        {
            assert_eq!(distance(a, b), edits, "{a} {b}");
        }
        assert_eq!(nearest("zzzz", &["ci", "tidy"]), None);
    }
}
