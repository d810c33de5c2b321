//! Which files could hold the rows that are wanted, told by their paths alone.
//!
//! Folders named `key=value` (Hive's way) and files named by a day or a month are left unopened where their names
//! rule them out, and folders that are ruled out are not even listed: the cost of a query does not grow with the
//! files that it does not need.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use qe_core::time::Date;

use crate::error::{Error, Result};

/// The keys under which a folder names a symbol.
pub const SYMBOL_KEYS: [&str; 3] = ["symbol", "ticker", "sym"];

/// The name under which a writer says that the files of a folder are not all there yet; it goes when they are.
pub const UNFINISHED: &str = ".unfinished";

/// A file that could hold rows that are wanted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceFile {
    /// Where it is.
    pub path: PathBuf,
    /// The symbol, where a folder names it.
    pub symbol: Option<String>,
    /// Its size.
    pub n_bytes: u64,
}

/// What is wanted, as far as paths can tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The symbols; all if empty.
    pub symbols: Vec<String>,
    /// The first and the last day, both included, that a partition may be named after; all if `None`.
    pub days: Option<(Date, Date)>,
    /// The endings of file names, lower case, without the dot.
    pub endings: Vec<&'static str>,
    /// Whether folders that a writer has not finished with are walked too.
    pub unfinished: bool,
}

/// Files found, and how much was seen on the way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The files, sorted by path.
    pub files: Vec<SourceFile>,
    /// Files and folders left out by their names.
    pub n_ruled_out: usize,
    /// Folders listed.
    pub n_listed: usize,
}

/// Finds the files that patterns lead to.
///
/// A pattern is a file, a folder (walked to its depths), or either with `*`, `?` and `**` in it. Names that begin
/// with a dot or an underscore are skipped when walking, as Spark and polars do.
///
/// # Errors
/// When a pattern leads to nothing at all, a folder cannot be listed, or a writer has not finished with it (see
/// [`UNFINISHED`]). Files that exist but are ruled out by name are no error here.
pub fn find_files(patterns: &[String], wanted: &Wanted) -> Result<Found> {
    let (mut found, mut way) = (Found::default(), Way::default());
    for pattern in patterns {
        let before = (found.files.len(), found.n_ruled_out);
        let trimmed = pattern.trim_end_matches('/');
        let parts: Vec<&str> = trimmed.split('/').collect();
        let literal = parts.iter().take_while(|p| !is_pattern(p)).count();
        // What is there under this very name is meant, even if it has a `*` in it.
        let literal = if fs::metadata(pattern).is_ok() { parts.len() } else { literal };
        if literal == parts.len() {
            let path = PathBuf::from(pattern);
            let meta = fs::metadata(&path).map_err(|e| Error::io("read", &path, &e))?;
            if meta.is_dir() {
                walk(&path, &["**"], wanted, &Keys::of(&path), &mut found, &mut way)?;
            } else if !meta.is_file() {
                let reason = "it is neither a file nor a folder, and reading it might never end";
                return Err(Error::refused(pattern, reason, "write its rows to a file first"));
            } else {
                // A file named outright is taken whatever its ending says.
                take(&path, &Wanted { endings: Vec::new(), ..wanted.clone() }, &Keys::of(&path), &mut found)?;
            }
        } else {
            let root = match parts[..literal].join("/") {
                root if root.is_empty() && pattern.starts_with('/') => PathBuf::from("/"),
                root if root.is_empty() => PathBuf::from("."),
                root => PathBuf::from(root),
            };
            if !root.is_dir() {
                let looked = Some(format!("there is no folder {}", root.display()));
                let mend = "check the part before the first `*`".to_owned();
                return Err(Error::NoFiles { pattern: pattern.clone(), looked, mend });
            }
            walk(&root, &parts[literal..], wanted, &Keys::of(&root), &mut found, &mut way)?;
        }
        if (found.files.len(), found.n_ruled_out) == before {
            let endings = wanted.endings.join(" or .");
            let looked = Some(format!("{} folders were searched for .{endings}", found.n_listed));
            let mend = "check the pattern; folders are searched to their depths, and `**` stands for any depth";
            return Err(Error::NoFiles { pattern: pattern.clone(), looked, mend: mend.to_owned() });
        }
    }
    found.files.sort();
    found.files.dedup();
    if patterns.len() > 1 || way.n_links > 0 {
        // Patterns and links may lead to one file by different ways.
        let mut seen = BTreeSet::new();
        found.files.retain(|f| seen.insert(f.path.canonicalize().unwrap_or_else(|_| f.path.clone())));
    }
    Ok(found)
}

/// How a folder was come to.
#[derive(Debug, Default)]
struct Way {
    /// The folders on the way down, which a link may lead back to.
    above: Vec<PathBuf>,
    /// Links that were followed.
    n_links: usize,
}

/// Walks `folder` along the rest of a pattern. `way` is how it was come to.
fn walk(folder: &Path, rest: &[&str], wanted: &Wanted, keys: &Keys, found: &mut Found, way: &mut Way) -> Result<()> {
    let Some((&part, after)) = rest.split_first() else {
        return walk(folder, &["**"], wanted, keys, found, way);
    };
    found.n_listed += 1;
    let mut entries: Vec<fs::DirEntry> =
        fs::read_dir(folder).and_then(Iterator::collect).map_err(|e| Error::io("list", folder, &e))?;
    entries.sort_by_key(fs::DirEntry::path);
    for entry in entries {
        let path = entry.path();
        let shown = entry.file_name().to_string_lossy().into_owned();
        if shown == UNFINISHED && !wanted.unfinished {
            let reason = "whoever writes its files has not finished, or was stopped: some may be missing";
            let mend = format!("write it again, or remove {} to read what is there", path.display());
            return Err(Error::refused(folder.display().to_string(), reason, mend));
        }
        if shown.starts_with(['.', '_']) {
            continue;
        }
        let deep = part == "**";
        // `**` stands for no folder at all as well: what follows it may match right here.
        let here = if deep { after.first().copied().unwrap_or("*") } else { part };
        let matches = wild(here.as_bytes(), shown.as_bytes());
        if path.is_dir() {
            let keys = keys.with(&shown);
            if !keys.allow(wanted) {
                found.n_ruled_out += 1;
                continue;
            }
            // A link that leads back to a folder above is a circle: all in it is found without it.
            let is_link = entry.file_type().is_ok_and(|t| t.is_symlink());
            if is_link && leads_back(&path, folder, &way.above) {
                continue;
            }
            way.n_links += usize::from(is_link);
            way.above.push(path.clone());
            if deep {
                walk(&path, rest, wanted, &keys, found, way)?;
                if matches && after.len() > 1 {
                    walk(&path, &after[1..], wanted, &keys, found, way)?;
                }
            } else if matches {
                walk(&path, after, wanted, &keys, found, way)?;
            }
            way.above.pop();
        } else if matches && (after.is_empty() || (deep && after.len() == 1)) {
            take(&path, wanted, keys, found)?;
        }
    }
    Ok(())
}

/// Whether a link leads to `folder`, to one of those on the way to it, or to a folder that holds them all.
fn leads_back(link: &Path, folder: &Path, above: &[PathBuf]) -> bool {
    let Ok(target) = link.canonicalize() else { return true };
    let mut ways = above.iter().map(PathBuf::as_path).chain([folder]);
    ways.any(|way| way.canonicalize().is_ok_and(|way| way.starts_with(&target)))
}

/// Takes a file if nothing in its name rules it out.
fn take(path: &Path, wanted: &Wanted, keys: &Keys, found: &mut Found) -> Result<()> {
    let name = path.file_name().map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default();
    if !wanted.endings.is_empty() && !wanted.endings.iter().any(|e| name.ends_with(&format!(".{e}"))) {
        return Ok(());
    }
    if path.to_str().is_none() {
        return Err(Error::refused(path.display().to_string(), "its path is not UTF-8", "rename it, or take it out"));
    }
    let stem = name.split('.').next().unwrap_or_default();
    if !keys.allow(wanted) || !days_of_stem(stem).is_none_or(|days| meets(days, wanted)) {
        found.n_ruled_out += 1;
        return Ok(());
    }
    // A link that leads nowhere is left for the reader to name. What is no file at all holds no rows.
    let meta = fs::metadata(path).ok();
    if meta.as_ref().is_none_or(fs::Metadata::is_file) {
        let n_bytes = meta.map_or(0, |m| m.len());
        found.files.push(SourceFile { path: path.to_owned(), symbol: keys.symbol.clone(), n_bytes });
    }
    Ok(())
}

/// What the folders of a path say so far.
#[derive(Debug, Clone, Default)]
struct Keys {
    symbol: Option<String>,
    year: Option<i32>,
    month: Option<u32>,
    day: Option<u32>,
    date: Option<Date>,
}

impl Keys {
    /// The keys of all folders of a path.
    fn of(path: &Path) -> Self {
        path.components().fold(Self::default(), |keys, c| keys.with(&c.as_os_str().to_string_lossy()))
    }

    /// These keys and those of one more folder.
    fn with(&self, folder: &str) -> Self {
        let mut keys = self.clone();
        if let Some((key, value)) = folder.split_once('=') {
            let key = key.to_lowercase();
            match key.as_str() {
                "year" => keys.year = value.parse().ok(),
                "month" => keys.month = value.parse().ok(),
                "day" => keys.day = value.parse().ok(),
                "date" => keys.date = Date::parse(value).ok(),
                k if SYMBOL_KEYS.contains(&k) => keys.symbol = Some(percent_decoded(value)),
                _ => {}
            }
        }
        keys
    }

    /// Whether rows that are wanted may lie under these keys.
    fn allow(&self, wanted: &Wanted) -> bool {
        let symbol = self.symbol.as_ref().is_none_or(|s| wanted.symbols.is_empty() || wanted.symbols.contains(s));
        symbol && self.days().is_none_or(|days| meets(days, wanted))
    }

    /// The first and the last day that the keys allow, where they name one.
    fn days(&self) -> Option<(Date, Date)> {
        match (self.date, self.year, self.month, self.day) {
            (Some(date), ..) => Some((date, date)),
            (None, Some(y), Some(m), Some(d)) => Date::new(y, m, d).ok().map(|date| (date, date)),
            (None, Some(y), Some(m), None) => month_of(y, m),
            (None, Some(y), None, _) => Some((Date::new(y, 1, 1).ok()?, Date::new(y, 12, 31).ok()?)),
            _ => None,
        }
    }
}

/// Whether some days meet those that are wanted.
fn meets((first, last): (Date, Date), wanted: &Wanted) -> bool {
    wanted.days.is_none_or(|(from, to)| first <= to && last >= from)
}

/// The first and the last day of a month.
fn month_of(y: i32, m: u32) -> Option<(Date, Date)> {
    let first = Date::new(y, m, 1).ok()?;
    let next = if m == 12 { Date::new(y + 1, 1, 1) } else { Date::new(y, m + 1, 1) };
    Some((first, next.ok()?.add_days(-1)))
}

/// The days of a file that is named by a day (`2024-03-05`, `20240305`) or a month (`2024-03`, `202403`).
pub(crate) fn days_of_stem(stem: &str) -> Option<(Date, Date)> {
    let digits: String = stem.chars().filter(|c| *c != '-' && *c != '_').collect();
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let part = |range: std::ops::Range<usize>| digits.get(range).and_then(|d| d.parse::<u32>().ok());
    let year = part(0..4).filter(|y| (1900..2200).contains(y))? as i32;
    match digits.len() {
        6 => month_of(year, part(4..6)?),
        8 => Date::new(year, part(4..6)?, part(6..8)?).ok().map(|d| (d, d)),
        _ => None,
    }
}

/// `%41` as `A`; anything odd stays as it is.
fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let hex = bytes.get(i + 1..i + 3).and_then(|h| std::str::from_utf8(h).ok());
        match hex.and_then(|h| u8::from_str_radix(h, 16).ok()) {
            Some(byte) if bytes[i] == b'%' => {
                out.push(byte);
                i += 3;
            }
            _ => {
                out.push(bytes[i]);
                i += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

/// Whether a part of a path has a wildcard in it.
fn is_pattern(part: &str) -> bool {
    part.contains(['*', '?'])
}

/// Whether `name` matches `pattern` with `*` (any run) and `?` (any one). Takes time in proportion to their product.
fn wild(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        if p < pattern.len() && (pattern[p] == b'?' || (pattern[p] == name[n] && pattern[p] != b'*')) {
            p += 1;
            n += 1;
        } else if p < pattern.len() && pattern[p] == b'*' {
            star = Some((p, n));
            p += 1;
        } else if let Some((at, from)) = star {
            p = at + 1;
            n = from + 1;
            star = Some((at, n));
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&c| c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"x").unwrap();
        }
        dir
    }

    fn wanted(symbols: &[&str], days: Option<(&str, &str)>) -> Wanted {
        Wanted {
            symbols: symbols.iter().map(|s| (*s).to_owned()).collect(),
            days: days.map(|(a, b)| (Date::parse(a).unwrap(), Date::parse(b).unwrap())),
            endings: vec!["parquet"],
            ..Default::default()
        }
    }

    fn names(dir: &Path, pattern: &str, wanted: &Wanted) -> Vec<String> {
        let found = find_files(&[format!("{}{pattern}", dir.display())], wanted).unwrap();
        found.files.iter().map(|f| f.path.strip_prefix(dir).unwrap().display().to_string()).collect()
    }

    #[test]
    fn folders_that_are_ruled_out_are_not_listed() {
        let dir = tree(&[
            "symbol=SPY/year=2023/month=12/a.parquet",
            "symbol=SPY/year=2024/month=3/a.parquet",
            "symbol=SPY/year=2024/month=04/a.parquet",
            "symbol=QQQ/year=2024/month=3/a.parquet",
        ]);
        let want = wanted(&["SPY"], Some(("2024-03-02", "2024-03-31")));
        let found = find_files(&[dir.path().display().to_string()], &want).unwrap();
        assert_eq!(found.files.len(), 1);
        assert_eq!(found.files[0].symbol.as_deref(), Some("SPY"));
        assert!(found.files[0].path.ends_with("symbol=SPY/year=2024/month=3/a.parquet"));
        assert_eq!((found.n_listed, found.n_ruled_out), (4, 3), "root, SPY, 2024, March; not QQQ, 2023, April");
    }

    #[test]
    fn files_named_by_a_day_or_a_month_are_ruled_out_too() {
        let dir = tree(&["2024-02.parquet", "2024-03.parquet", "20240401.parquet", "20240315.parquet", "all.parquet"]);
        let want = wanted(&[], Some(("2024-03-10", "2024-03-20")));
        assert_eq!(names(dir.path(), "", &want), ["2024-03.parquet", "20240315.parquet", "all.parquet"]);
    }

    #[test]
    fn patterns_match_at_their_depth_and_two_stars_at_any() {
        let dir =
            tree(&["a/x.parquet", "a/b/y.parquet", "a/b/c/z.parquet", "a/_tmp/w.parquet", "a/.h.parquet", "x.csv"]);
        let all = wanted(&[], None);
        assert_eq!(names(dir.path(), "/*/*.parquet", &all), ["a/x.parquet"]);
        assert_eq!(names(dir.path(), "/a/**/*.parquet", &all), ["a/b/c/z.parquet", "a/b/y.parquet", "a/x.parquet"]);
        assert_eq!(names(dir.path(), "/**/b/?.parquet", &all), ["a/b/y.parquet"]);
        assert_eq!(names(dir.path(), "/a/b", &all), ["a/b/c/z.parquet", "a/b/y.parquet"]);
        assert_eq!(names(dir.path(), "/a/*", &all).len(), 3, "a folder that matches is walked");
    }

    #[test]
    fn what_leads_nowhere_is_an_error_that_says_where_it_looked() {
        let dir = tree(&["a/x.parquet"]);
        let at = |p: &str| find_files(&[format!("{}/{p}", dir.path().display())], &wanted(&[], None));
        assert!(at("nope").unwrap_err().to_string().contains("check the path"));
        assert!(at("nope/*.parquet").unwrap_err().to_string().contains("there is no folder"));
        assert!(at("a/*.csv").unwrap_err().to_string().contains("leads to no file"));
        let only = wanted(&["SPY"], Some(("1999-01-01", "1999-01-02")));
        assert!(find_files(&[dir.path().display().to_string()], &only).is_ok(), "a plain name rules nothing out");
    }

    #[test]
    fn symbols_with_a_slash_survive_hive() {
        let dir = tree(&["symbol=BTC%2FUSD/a.parquet"]);
        let found = find_files(&[dir.path().display().to_string()], &wanted(&["BTC/USD"], None)).unwrap();
        assert_eq!(found.files[0].symbol.as_deref(), Some("BTC/USD"));
    }

    proptest! {
        #[test]
        fn wildcards_agree_with_the_textbook_recursion(pattern in "[ab*?]{0,8}", name in "[ab]{0,10}") {
            fn slow(p: &[u8], n: &[u8]) -> bool {
                match (p.split_first(), n.split_first()) {
                    (None, None) => true,
                    (Some((b'*', rest)), _) => slow(rest, n) || (!n.is_empty() && slow(p, &n[1..])),
                    (Some((b'?', p)), Some((_, n))) => slow(p, n),
                    (Some((a, p)), Some((b, n))) if a == b => slow(p, n),
                    _ => false,
                }
            }
            prop_assert_eq!(wild(pattern.as_bytes(), name.as_bytes()), slow(pattern.as_bytes(), name.as_bytes()));
        }

        #[test]
        fn no_folder_name_panics(name in "\\PC{0,20}") {
            let keys = Keys::default().with(&name);
            keys.allow(&wanted(&["A"], Some(("2024-01-01", "2024-02-01"))));
            let _ = days_of_stem(&name);
        }
    }
}
