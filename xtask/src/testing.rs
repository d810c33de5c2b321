//! Small made-up trees for the tests, each in its own folder, removed when dropped.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::tidy::Finding;
use crate::workspace::Workspace;

static COUNT: AtomicUsize = AtomicUsize::new(0);

/// A made-up workspace.
pub(crate) struct Tree {
    root: PathBuf,
}

impl Tree {
    /// Writes the files. A root manifest is added when none is given.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let root = std::env::temp_dir().join(format!("xtask-tree-{}-{number}", std::process::id()));
        let tree = Self { root };
        tree.write("Cargo.toml", "[workspace]\nmembers = [\"crates/*\", \"xtask\", \"benches\"]\n");
        for (path, text) in files {
            tree.write(path, text);
        }
        tree
    }

    /// Its folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Writes one file.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Reads one file.
    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root.join(path)).unwrap()
    }

    /// The tree as the checks see it.
    pub(crate) fn workspace(&self) -> Workspace {
        Workspace::load(&self.root).unwrap()
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        // A folder that is left in the temp folder harms nobody.
        let _ = fs::remove_dir_all(&self.root);
    }
}

/// Fails with every finding on its own line.
pub(crate) fn assert_clean(findings: &[Finding]) {
    let lines: Vec<String> = findings.iter().map(Finding::to_string).collect();
    assert!(findings.is_empty(), "{} findings:\n{}", findings.len(), lines.join("\n"));
}

/// Runs one check on the real workspace and demands that it finds nothing.
pub(crate) fn assert_ours_is_clean(check: fn(&Workspace) -> Vec<Finding>) {
    assert_clean(&check(&Workspace::ours().unwrap()));
}

/// Fails unless exactly these places, with these words in what is said, were found.
pub(crate) fn assert_found(findings: &[Finding], expected: &[(&str, usize, &str)]) {
    let lines: Vec<String> = findings.iter().map(Finding::to_string).collect();
    let all = lines.join("\n");
    assert_eq!(findings.len(), expected.len(), "found:\n{all}");
    for (path, line, words) in expected {
        let hit = findings.iter().any(|f| f.path == *path && f.line == *line && f.to_string().contains(words));
        assert!(hit, "nothing at {path}:{line} says {words:?}; found:\n{all}");
    }
}
