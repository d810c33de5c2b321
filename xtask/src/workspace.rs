//! The workspace as the checks see it: manifests read, Rust sources blanked, every path known.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use toml::{Table, Value};

use crate::source;

/// Folders that are not ours to check.
const SKIPPED: &[&str] = &[".git", ".venv", "__pycache__", "demo-out", "node_modules", "target"];

/// A manifest, read and raw.
#[derive(Debug)]
pub(crate) struct Manifest {
    /// Its path from the root, with `/`.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
    /// Its content.
    pub(crate) table: Table,
}

/// A dependency as a manifest states it.
#[derive(Debug)]
pub(crate) struct Dependency {
    /// The section it stands in: `dependencies`, `target.cfg(unix).dev-dependencies`.
    pub(crate) section: String,
    /// The key, which is the name in sources.
    pub(crate) key: String,
    /// The package meant, which differs from the key when it was renamed.
    pub(crate) package: String,
    /// Whether it is compiled only when a feature asks for it.
    pub(crate) optional: bool,
    /// Its line, or 0 when it could not be found.
    pub(crate) line: usize,
    /// What stands at the key.
    pub(crate) value: Value,
}

impl Dependency {
    /// Whether it stands in a `dev-dependencies` section.
    pub(crate) fn is_dev(&self) -> bool {
        self.section.ends_with("dev-dependencies")
    }
}

impl Manifest {
    /// Reads a manifest below the root.
    fn read(root: &Path, path: String) -> anyhow::Result<Self> {
        let text = fs::read_to_string(root.join(&path)).with_context(|| format!("cannot read {path}"))?;
        let table = text.parse::<Table>().with_context(|| format!("{path} is not TOML"))?;
        Ok(Self { path, text, table })
    }

    /// The value at a dotted place: `package.name`.
    pub(crate) fn get(&self, place: &str) -> Option<&Value> {
        let mut names = place.split('.');
        let first = self.table.get(names.next()?)?;
        names.try_fold(first, |value, name| value.get(name))
    }

    /// The line of a key in a section, or the section's line, or 0.
    pub(crate) fn line(&self, section: &str, key: &str) -> usize {
        let (mut current, mut header) = (String::new(), 0);
        for (number, line) in self.text.lines().enumerate() {
            let line = line.trim();
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.split_once(']')) {
                current = name.0.trim_matches(['[', ']', ' ']).replace(['\'', '"'], "");
                if current == section {
                    header = number + 1;
                }
                if current == format!("{section}.{key}") {
                    return number + 1;
                }
            } else if current == section && line.strip_prefix(key).is_some_and(|rest| rest.starts_with(['.', ' ', '=']))
            {
                return number + 1;
            }
        }
        header
    }

    /// All dependencies of all sections, those of `target` too.
    pub(crate) fn dependencies(&self) -> Vec<Dependency> {
        let mut found = Vec::new();
        self.collect(&self.table, "", &mut found);
        let targets = self.table.get("target").and_then(Value::as_table);
        for (name, target) in targets.into_iter().flatten() {
            if let Some(table) = target.as_table() {
                self.collect(table, &format!("target.{}.", name.replace(['\'', '"'], "")), &mut found);
            }
        }
        found
    }

    /// Adds the three kinds of dependencies of one table.
    fn collect(&self, table: &Table, prefix: &str, found: &mut Vec<Dependency>) {
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (key, value) in table.get(kind).and_then(Value::as_table).into_iter().flatten() {
                let section = format!("{prefix}{kind}");
                let text = |name: &str| value.get(name).and_then(Value::as_str);
                found.push(Dependency {
                    key: key.clone(),
                    package: text("package").unwrap_or(key).to_owned(),
                    optional: value.get("optional").and_then(Value::as_bool).unwrap_or(false),
                    line: self.line(&section, key),
                    value: value.clone(),
                    section,
                });
            }
        }
    }
}

/// A member of the workspace.
#[derive(Debug)]
pub(crate) struct Member {
    /// Its folder from the root: `crates/qe-core`.
    pub(crate) dir: String,
    /// Its package name.
    pub(crate) name: String,
    /// Its manifest.
    pub(crate) manifest: Manifest,
}

impl Member {
    /// Whether it may go to a registry.
    pub(crate) fn is_published(&self) -> bool {
        self.manifest.get("package.publish") != Some(&Value::Boolean(false))
    }

    /// The path inside of this member, if the file belongs to it.
    pub(crate) fn inside<'a>(&self, path: &'a str) -> Option<&'a str> {
        path.strip_prefix(self.dir.as_str())?.strip_prefix('/')
    }
}

/// A Rust source.
#[derive(Debug)]
pub(crate) struct Source {
    /// Its path from the root, with `/`.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
    /// Its text with comments and strings blanked.
    pub(crate) code: String,
}

/// The workspace on disk.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// Its folder.
    pub(crate) root: PathBuf,
    /// Its own manifest.
    pub(crate) manifest: Manifest,
    /// Its members, by folder.
    pub(crate) members: Vec<Member>,
    /// All Rust sources, by path.
    pub(crate) sources: Vec<Source>,
    /// Every file, by path from the root with `/`.
    pub(crate) paths: Vec<String>,
}

impl Workspace {
    /// Reads the workspace at a folder.
    pub(crate) fn load(root: &Path) -> anyhow::Result<Self> {
        let mut paths = Vec::new();
        walk(root, "", &mut paths)?;
        paths.sort();
        let manifest = Manifest::read(root, "Cargo.toml".to_owned())?;
        let mut members = Vec::new();
        for path in paths.iter().filter(|path| path.ends_with("/Cargo.toml")) {
            let dir = path.trim_end_matches("/Cargo.toml").to_owned();
            if !is_member(&manifest, &dir) {
                continue;
            }
            let manifest = Manifest::read(root, path.clone())?;
            let name = manifest.get("package.name").and_then(Value::as_str);
            let name = name.with_context(|| format!("{path} names no package"))?.to_owned();
            members.push(Member { dir, name, manifest });
        }
        let mut sources = Vec::new();
        for path in paths.iter().filter(|path| path.ends_with(".rs")) {
            let text = fs::read_to_string(root.join(path)).with_context(|| format!("cannot read {path}"))?;
            let code = source::blank(&text);
            sources.push(Source { path: path.clone(), text, code });
        }
        Ok(Self { root: root.to_owned(), manifest, members, sources, paths })
    }

    /// Reads the workspace that this tool belongs to.
    pub(crate) fn ours() -> anyhow::Result<Self> {
        Self::load(&root()?)
    }

    /// Whether a file exists at a path from the root.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.paths.binary_search_by(|known| known.as_str().cmp(path)).is_ok()
    }

    /// The text of a file, lossy, or nothing when there is none.
    pub(crate) fn read(&self, path: &str) -> Option<String> {
        fs::read(self.root.join(path)).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The member with a name.
    pub(crate) fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.name == name)
    }

    /// The member that a file belongs to.
    pub(crate) fn owner(&self, path: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.inside(path).is_some())
    }
}

/// The root of the workspace: the folder above this crate, wherever cargo finds it now.
pub(crate) fn root() -> anyhow::Result<PathBuf> {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let here = here.filter(|dir| dir.ends_with("xtask")).unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let root = here.parent().context("xtask stands in no workspace")?;
    Ok(root.to_owned())
}

/// Whether a folder matches the members of the workspace. A pattern may end in `/*`.
fn is_member(manifest: &Manifest, dir: &str) -> bool {
    let members = manifest.get("workspace.members").and_then(Value::as_array);
    members.into_iter().flatten().filter_map(Value::as_str).any(|pattern| match pattern.strip_suffix("/*") {
        Some(parent) => dir.rsplit_once('/').is_some_and(|(above, _)| above == parent),
        None => dir == pattern,
    })
}

/// Lists every file below a folder, links and skipped folders left out.
fn walk(root: &Path, dir: &str, paths: &mut Vec<String>) -> anyhow::Result<()> {
    let folder = root.join(dir);
    let entries = fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if dir.is_empty() { name.clone() } else { format!("{dir}/{name}") };
        let kind = entry.file_type()?;
        if kind.is_dir() && !SKIPPED.contains(&name.as_str()) {
            walk(root, &path, paths)?;
        } else if kind.is_file() && name != ".git" {
            paths.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::Tree;

    #[test]
    fn members_sources_and_dependencies_are_found() {
        let tree = Tree::new(&[
            (
                "crates/a/Cargo.toml",
                "[package]\nname = \"a\"\n[dependencies]\nx.workspace = true\n[target.'cfg(unix)'.dev-dependencies]\n\
                 z = { package = \"y\", version = \"1\", optional = true }\n",
            ),
            ("crates/a/src/lib.rs", "//! A.\n"),
            ("crates/deep/er/Cargo.toml", "[package]\nname = \"no\"\n"),
            ("target/x.rs", "not ours"),
        ]);
        let ws = tree.workspace();
        assert_eq!(ws.members.len(), 1);
        assert_eq!(ws.sources.len(), 1);
        assert!(ws.has("crates/a/src/lib.rs") && !ws.has("target/x.rs"));
        assert_eq!(ws.owner("crates/a/src/lib.rs").map(|member| member.name.as_str()), Some("a"));
        let found = ws.members[0].manifest.dependencies();
        let said: Vec<_> = found.iter().map(|d| (d.package.as_str(), d.line, d.optional, d.is_dev())).collect();
        assert_eq!(said, [("x", 4, false, false), ("y", 6, true, true)]);
    }
}
