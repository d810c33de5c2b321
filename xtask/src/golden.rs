//! Golden files: their `#` header, and the manifest that pins every byte of them.
//!
//! A digest is SHA-256 of the file's bytes, so `sha256sum` confirms it.

use std::fs;

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};

use crate::digest::sha256_hex;
use crate::workspace::Workspace;

/// Where goldens are.
pub(crate) const GOLDEN_DIR: &str = "data-fixtures/golden/";
/// Where the scripts are that made them.
pub(crate) const GEN_DIR: &str = "data-fixtures/gen/";
/// What pins them.
pub(crate) const MANIFEST: &str = "data-fixtures/MANIFEST.toml";
/// What every header must say, as lines of `# field: value`.
pub(crate) const FIELDS: [&str; 3] = ["source", "generator", "tolerance"];

/// The manifest: one entry for each golden, by path.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    /// The entries.
    #[serde(default)]
    pub(crate) file: Vec<Entry>,
}

/// What is known of one golden.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    /// Its path from the root.
    pub(crate) path: String,
    /// SHA-256 of its bytes.
    pub(crate) sha256: String,
    /// Its size.
    pub(crate) bytes: u64,
    /// The script that made it, from the root.
    pub(crate) generator: String,
    /// Who computed the numbers, with the version: `TA-Lib 0.8.2`.
    pub(crate) source: String,
}

/// The paths of all goldens.
pub(crate) fn paths(ws: &Workspace) -> impl Iterator<Item = &str> {
    ws.paths.iter().map(String::as_str).filter(|path| path.starts_with(GOLDEN_DIR))
}

/// The value of a header field, from the leading lines that begin with `#`.
pub(crate) fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let header = text.lines().map_while(|line| line.strip_prefix('#'));
    let mut pairs = header.filter_map(|line| line.split_once([':', '=']));
    let (_, value) = pairs.find(|(key, _)| key.trim().eq_ignore_ascii_case(name))?;
    Some(value.trim()).filter(|value| !value.is_empty())
}

/// The path of the script that made a golden. What follows it, such as a seed, is left out.
pub(crate) fn generator(text: &str) -> Option<&str> {
    field(text, "generator")?.split([',', ';', ' ']).next()
}

/// The entry that a golden's bytes and header make.
pub(crate) fn entry(ws: &Workspace, path: &str) -> anyhow::Result<Entry> {
    let bytes = fs::read(ws.root.join(path)).with_context(|| format!("cannot read {path}"))?;
    let text = String::from_utf8_lossy(&bytes);
    let said = |name: &str, value: Option<&str>| match value {
        Some(value) => Ok(value.to_owned()),
        None => bail!("{path}: the header has no line `# {name}: …`"),
    };
    Ok(Entry {
        path: path.to_owned(),
        sha256: sha256_hex(&bytes),
        bytes: bytes.len() as u64,
        generator: said("generator", generator(&text))?,
        source: said("source", field(&text, "source"))?,
    })
}

/// Reads the manifest. No file is an empty manifest.
pub(crate) fn read_manifest(ws: &Workspace) -> anyhow::Result<Manifest> {
    match ws.read(MANIFEST) {
        Some(text) => toml::from_str(&text).with_context(|| format!("{MANIFEST} cannot be read")),
        None => Ok(Manifest::default()),
    }
}

/// Writes the manifest anew from the goldens' bytes and headers.
pub(crate) fn write_manifest(ws: &Workspace) -> anyhow::Result<Manifest> {
    let file = paths(ws).map(|path| entry(ws, path)).collect::<anyhow::Result<Vec<_>>>()?;
    let manifest = Manifest { file };
    let text = format!(
        "# Every committed golden, byte for byte. Written by `cargo xtask fixtures --manifest`; do not edit.\n\n{}",
        toml::to_string(&manifest)?
    );
    let path = ws.root.join(MANIFEST);
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir)?;
    }
    fs::write(&path, text).with_context(|| format!("cannot write {MANIFEST}"))?;
    Ok(manifest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Tree;

    const TEXT: &str = "# parameters: period=14\n# source: TA-Lib 0.8.2\n#generator = data-fixtures/gen/a/x.py\n# Tolerance: 1e-12\nx\n1\n";

    #[test]
    fn fields_are_read_from_the_header_alone() {
        assert_eq!(field(TEXT, "source"), Some("TA-Lib 0.8.2"));
        assert_eq!(field(TEXT, "generator"), Some("data-fixtures/gen/a/x.py"));
        assert_eq!(field(TEXT, "tolerance"), Some("1e-12"));
        assert_eq!(field("x\n# source: late\n", "source"), None);
        assert_eq!(field("# source:\n", "source"), None);
        assert_eq!(generator("# generator: a/x.py, seed 7\n"), Some("a/x.py"));
    }

    #[test]
    fn the_manifest_round_trips() {
        let tree = Tree::new(&[("data-fixtures/golden/a/x.csv", TEXT), ("data-fixtures/golden/a/b.csv", TEXT)]);
        let written = write_manifest(&tree.workspace()).unwrap();
        assert_eq!(written.file.len(), 2);
        assert_eq!(written.file[0].path, "data-fixtures/golden/a/b.csv");
        assert_eq!(written.file[0].bytes, TEXT.len() as u64);
        assert_eq!(read_manifest(&tree.workspace()).unwrap(), written);
    }

    #[test]
    fn a_golden_without_a_header_stops_the_writing() {
        let tree = Tree::new(&[("data-fixtures/golden/a/x.csv", "# source: y 1\nx\n")]);
        let error = write_manifest(&tree.workspace()).unwrap_err().to_string();
        assert!(error.contains("# generator:"), "{error}");
    }
}
