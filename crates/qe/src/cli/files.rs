//! Files that are there whole or not at all: written under another name beside their own, and renamed when all is on
//! the disk.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};

/// What to do where a file cannot be replaced.
const MEND: &str = "remove what stands there, or choose another folder";

/// Drafts of files. Those that were not renamed go away when this does.
struct Drafts(Vec<PathBuf>);

impl Drop for Drafts {
    fn drop(&mut self) {
        self.0.iter().for_each(|draft| drop(fs::remove_file(draft)));
    }
}

/// Writes files that belong together: first all of them under other names, then each takes its own, in this order.
/// Whoever is stopped on the way leaves whole files, and the last one, which should be what leads to the others, is
/// there only beside those that it was made with.
pub(crate) fn write_together(files: &[(PathBuf, String)]) -> Result<()> {
    let mut drafts = Drafts(Vec::with_capacity(files.len()));
    for (path, text) in files {
        remove_drafts(path)?;
        let draft = path.with_file_name(draft_name(path, &format!("{}.part", std::process::id())));
        drafts.0.push(draft.clone());
        let write = || -> std::io::Result<()> {
            let mut file = File::create(&draft)?;
            file.write_all(text.as_bytes())?;
            // A disk that is full may say so only now.
            file.sync_all()
        };
        write().map_err(|e| fault("write", path, &e, "make room, or choose a folder that can be written to"))?;
    }
    if let Some((last, _)) = files.last() {
        remove(last)?;
    }
    for (draft, (path, _)) in drafts.0.iter().zip(files) {
        fs::rename(draft, path).map_err(|e| fault("replace", path, &e, MEND))?;
    }
    drafts.0.clear();
    Ok(())
}

/// Makes a folder, and those above it, where they are not there.
pub(crate) fn make_folder(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(|e| fault("make the folder", folder, &e, "choose another"))
}

/// Removes a file, if it is there.
pub(crate) fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(fault("replace", path, &e, MEND)),
        _ => Ok(()),
    }
}

/// Removes the drafts below a folder, of whoever was stopped among them: `.NAME.….part`, as all of our writers call
/// theirs.
pub(crate) fn remove_drafts_below(folder: &Path) -> Result<()> {
    let unread = |e: std::io::Error| fault("read", folder, &e, "choose another folder");
    for entry in fs::read_dir(folder).map_err(unread)? {
        let entry = entry.map_err(unread)?;
        let kind = entry.file_type().map_err(unread)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if kind.is_dir() {
            remove_drafts_below(&entry.path())?;
        } else if name.starts_with('.') && name.ends_with(".part") {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

/// What could not be done, why, and what to do about it.
fn fault(verb: &str, path: &Path, e: &std::io::Error, mend: &str) -> anyhow::Error {
    anyhow!("cannot {verb} {}: {e}; {mend}", path.display())
}

/// `.NAME.ending`, which no reader takes for the file itself.
fn draft_name(path: &Path, ending: &str) -> OsString {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".");
    name.push(ending);
    name
}

/// Removes what somebody who was stopped left of this file.
fn remove_drafts(path: &Path) -> Result<()> {
    let begins = draft_name(path, "");
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let listed = fs::read_dir(folder).map_err(|e| fault("read", folder, &e, "choose another folder"))?;
    for entry in listed.filter_map(Result::ok) {
        let name = entry.file_name();
        let (name, begins) = (name.to_string_lossy(), begins.to_string_lossy());
        let number = name.strip_prefix(&*begins).and_then(|rest| rest.strip_suffix(".part"));
        if number.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit())) {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn files_are_replaced_and_what_was_left_of_earlier_ones_goes() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for (name, text) in [("a", "old"), (".a.77.part", "half"), (".a.x.part", "of others"), (".aa.7.part", "too")] {
            fs::write(at(name), text).unwrap();
        }
        write_together(&[(at("a"), "new".into()), (at("ü b"), "two".into())]).unwrap();
        assert_eq!(names(dir.path()), [".a.x.part", ".aa.7.part", "a", "ü b"]);
        assert_eq!(fs::read_to_string(at("a")).unwrap(), "new");
    }

    #[test]
    fn drafts_below_a_folder_go_and_all_else_stays() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("a/b")).unwrap();
        for name in ["a/b/.data.parquet.12-0.part", "a/b/data.parquet", ".unfinished", "a/mine.part"] {
            fs::write(dir.path().join(name), "x").unwrap();
        }
        remove_drafts_below(dir.path()).unwrap();
        assert_eq!(names(&dir.path().join("a/b")), ["data.parquet"]);
        assert_eq!(
            (names(dir.path()), names(&dir.path().join("a"))),
            (vec![".unfinished".to_owned(), "a".to_owned()], vec!["b".to_owned(), "mine.part".to_owned()])
        );
    }

    #[test]
    fn where_one_cannot_be_written_all_stay_as_they_were() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("a"), "old").unwrap();
        let said = write_together(&[(at("a"), "new".into()), (at("none/b"), "two".into())]).unwrap_err().to_string();
        assert!(said.contains("none"), "{said}");
        assert_eq!((names(dir.path()), fs::read_to_string(at("a")).unwrap()), (vec!["a".to_owned()], "old".to_owned()));
        fs::create_dir(at("index")).unwrap();
        let said = write_together(&[(at("a"), "new".into()), (at("index"), "two".into())]).unwrap_err().to_string();
        assert!(said.contains("cannot replace") && said.contains("index"), "{said}");
        assert_eq!(
            (names(dir.path()), fs::read_to_string(at("a")).unwrap().as_str()),
            (vec!["a".into(), "index".into()], "old")
        );
    }
}
