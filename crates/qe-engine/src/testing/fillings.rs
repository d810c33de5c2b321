//! What is put into the slots of a block, and the text that comes of it.

use std::collections::{BTreeMap, BTreeSet};

use qe_core::param::{Kind, Param, Value};
use qe_factors::expr::{Ast, Node, parse, substitute};

use crate::catalog::Slot;
use crate::expand::literal;

/// Words that mean something where the names of blocks stand.
const RESERVED: [&str; 15] = [
    "all",
    "any",
    "fraction",
    "lot",
    "limit_frac",
    "min_units",
    "reason",
    "scale",
    "side",
    "stop",
    "target",
    "trail",
    "units",
    "value",
    "when",
];

/// What is put into a block.
pub(super) struct Filling {
    /// The block and what is put in, for messages.
    pub(super) place: String,
    /// Whether all is as by default.
    pub(super) is_default: bool,
    slots: BTreeMap<String, Ast>,
    switches: BTreeMap<String, String>,
}

/// The defaults, and each slot at each end of its range or at each of its options.
#[track_caller]
pub(super) fn fillings(name: &str, slots: &[Slot], series: &str) -> Vec<Filling> {
    let ends = |param: &Param| match &param.kind {
        Kind::Bool => vec![Value::Bool(false), Value::Bool(true)],
        Kind::Int { min, max, .. } => vec![Value::Int(*min), Value::Int(*max)],
        Kind::Float { min, max, .. } => vec![Value::Float(*min), Value::Float(*max)],
        Kind::Choice { options } => options.iter().cloned().map(Value::Text).collect(),
    };
    let mut out = vec![filling(name, slots, series, None)];
    for slot in slots {
        if let Slot::Number(param) | Slot::Switch(param) = slot {
            out.extend(ends(param).into_iter().map(|v| filling(name, slots, series, Some((&param.name, v)))));
        }
    }
    out
}

#[track_caller]
fn filling(name: &str, slots: &[Slot], series: &str, other: Option<(&str, Value)>) -> Filling {
    let place = other.as_ref().map_or_else(|| name.to_owned(), |(slot, v)| format!("{name} with {slot} = {v}"));
    let (mut filled, mut switches) = (BTreeMap::new(), BTreeMap::new());
    for slot in slots {
        let given =
            |param: &Param| other.as_ref().filter(|o| o.0 == param.name).map_or(&param.default, |o| &o.1).clone();
        match slot {
            Slot::Switch(param) => {
                switches.insert(param.name.clone(), given(param).to_string());
            }
            Slot::Number(param) => {
                filled.insert(param.name.clone(), literal(&given(param)));
            }
            Slot::Series { name, default, .. } => {
                filled.insert((*name).to_owned(), read(&place, default.unwrap_or(series)));
            }
        }
    }
    Filling { place, is_default: other.is_none(), slots: filled, switches }
}

#[track_caller]
fn read(place: &str, text: &str) -> Ast {
    parse(text).unwrap_or_else(|e| panic!("{place}: {e}"))
}

impl Filling {
    /// Whether a rule is meant, as the switches stand.
    pub(super) fn means(&self, only: Option<(&str, &str)>) -> bool {
        only.is_none_or(|(name, v)| self.switches.get(name).is_some_and(|s| s == v))
    }

    /// The text with what is put in, as people would write it.
    #[track_caller]
    pub(super) fn text(&self, text: &str, more: &[(&str, &str)]) -> String {
        let more: Vec<(&str, Ast)> = more.iter().map(|(name, text)| (*name, read(&self.place, text))).collect();
        let with = |node: &Node| match node {
            Node::Param(name) => self.slots.get(&**name).or_else(|| more.iter().find(|m| m.0 == &**name).map(|m| &m.1)),
            _ => None,
        };
        let ast = substitute(&read(&self.place, text), with);
        let whole = ast.as_ref().and_then(|a| a.print_whole(a.root()?));
        whole.unwrap_or_else(|| panic!("{}: its text is empty or too long", self.place))
    }
}

/// The words of a block: names, ranges, and that slots and texts fit each other. `given` are the names that texts may
/// read besides.
#[track_caller]
pub(super) fn check_words(name: &str, prose: [&str; 2], slots: &[Slot], texts: &[&str], given: &[&str]) {
    let is_word = |w: &str| {
        w.starts_with(|c: char| c.is_ascii_lowercase())
            && w.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    assert!(is_word(name) && !RESERVED.contains(&name), "{name}: a name is of small letters, and none of {RESERVED:?}");
    assert!(prose.iter().all(|p| !p.trim().is_empty()), "{name}: say what it is and where it comes from");
    let mut known = BTreeSet::new();
    for slot in slots {
        let own = slot.name();
        assert!(is_word(own) && !given.contains(&own), "{name}: a slot cannot be called {own}");
        assert!(known.insert(own.to_owned()), "{name}: {own} is there twice");
        match slot {
            Slot::Number(param) | Slot::Switch(param) => {
                assert!(!param.doc.is_empty(), "{name}: say what {own} is");
                param.clone().validated().unwrap_or_else(|e| panic!("{name}: {e}"));
                let is_number = matches!(param.kind, Kind::Int { .. } | Kind::Float { .. });
                assert_eq!(is_number, matches!(slot, Slot::Number(_)), "{name}: {own} is of another kind of slot");
            }
            Slot::Series { doc, .. } => assert!(!doc.is_empty(), "{name}: say what {own} is"),
        }
    }
    let mut read_by = BTreeSet::new();
    for text in texts {
        for node in read(name, text).nodes() {
            if let Node::Param(param) = node {
                read_by.insert(param.to_string());
            }
        }
    }
    let is_known = |p: &&String| known.contains(&**p) || given.contains(&p.as_str());
    let odd: Vec<&String> = read_by.iter().filter(|p| !is_known(p)).collect();
    assert!(odd.is_empty(), "{name}: its text reads {odd:?}, and no slot gives that");
    let idle = |s: &&Slot| !matches!(s, Slot::Switch(_)) && !read_by.contains(s.name());
    let idle: Vec<&str> = slots.iter().filter(idle).map(Slot::name).collect();
    assert!(idle.is_empty(), "{name}: nothing reads {idle:?}");
}
