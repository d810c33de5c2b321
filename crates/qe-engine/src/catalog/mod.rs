//! Building blocks: names for expressions.
//!
//! A block is a text in the expression language with slots in it. Using one is the same as writing its text by hand:
//! both have the same identity. Nothing else is known about a block anywhere, so that a strategy of your own is no
//! second class.

mod block;
pub mod entries;
pub mod exits;
pub mod filters;
mod reference;
pub mod sizers;

use qe_core::error::nearest;

pub use block::{ConditionBlock, ExitBlock, SidedRule, SizeText, Sizer, Slot, slot};
pub use reference::reference;

/// The condition of this name: an entry or a filter.
pub fn condition(name: &str) -> Option<&'static ConditionBlock> {
    entries::ALL.iter().chain(filters::ALL).copied().find(|b| b.name == name)
}

/// The exit of this name.
pub fn exit(name: &str) -> Option<&'static ExitBlock> {
    exits::ALL.iter().copied().find(|b| b.name == name)
}

/// The sizer of this name.
pub fn sizer(name: &str) -> Option<&'static Sizer> {
    sizers::ALL.iter().copied().find(|b| b.name == name)
}

/// What to say where a block is not known: the name that was most likely meant, or all of them.
pub(crate) fn suggestion(name: &str, known: &[&str]) -> String {
    match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names in the order of their list, and what each takes.
    fn blocks() -> Vec<Vec<(&'static str, Vec<Slot>)>> {
        vec![
            entries::ALL.iter().map(|b| (b.name, (b.slots)())).collect(),
            filters::ALL.iter().map(|b| (b.name, (b.slots)())).collect(),
            exits::ALL.iter().map(|b| (b.name, (b.slots)())).collect(),
            sizers::ALL.iter().map(|b| (b.name, (b.slots)())).collect(),
        ]
    }

    #[test]
    fn lists_are_alphabetical_and_defaults_are_in_range() {
        for family in blocks() {
            assert!(family.windows(2).all(|w| w[0].0 < w[1].0), "{family:?}");
            for (name, slots) in family {
                for slot in slots {
                    let param = match slot {
                        Slot::Number(param) | Slot::Switch(param) => param,
                        Slot::Series { .. } => continue,
                    };
                    assert!(!param.doc.is_empty(), "{name}: {}", param.name);
                    param.validated().unwrap_or_else(|e| panic!("{name}: {e}"));
                }
            }
        }
    }

    #[test]
    fn no_name_stands_for_two_things() {
        let mut names: Vec<&str> = blocks().into_iter().flatten().map(|(name, _)| name).collect();
        let reserved =
            ["all", "any", "when", "stop", "target", "trail", "side", "reason", "fraction", "value", "units"];
        names.extend(reserved);
        names.sort_unstable();
        assert!(names.windows(2).all(|w| w[0] != w[1]), "{names:?}");
    }
}
