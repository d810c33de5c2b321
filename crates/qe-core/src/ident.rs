//! What a thing *is*, as 32 bytes: canonical serialisation and blake3.
//!
//! Any `Serialize` value is written in one canonical binary form, and its id is
//! `blake3(domain, form)`. Each node is a tag byte and its content, lengths are 8 bytes, little endian:
//!
//! | tag | node | content |
//! |---|---|---|
//! | 0 | `None`, `()` | nothing |
//! | 1, 2 | false, true | nothing |
//! | 3, 4 | integer, at least 0 or below | magnitude, 16 bytes; the Rust type does not matter |
//! | 5 | float | bits; one NaN, -0.0 is 0.0, `f32` widened; never equal to an integer |
//! | 6, 7 | text, bytes | length, content |
//! | 8 | sequence, tuple | count, items |
//! | 9 | map, struct | count, pairs sorted by the bytes of the key |
//! | 10, 11 | enum variant without, with content | name as text; then the content |
//! | 12 | `Some` around a `None`-like | the inner node (`Some(x)` is just `x` otherwise) |
//!
//! So the order of fields, the order of a hash map, and the names of types do not matter; a field left out differs
//! from one that is `None`, and no form is the beginning of another. (A hash *set* is a sequence: sort it first.)
//!
//! NaN rule: all NaN are one. Reference: blake3 (O'Connor and others, 2020), in key derivation mode.
//! Golden numbers: forms written by hand in the tests; ids in `ident.csv`, from a second encoder in Python.

mod column;
mod form;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use column::ColumnHasher;
pub use form::canonical_bytes;

use crate::{Error, Result};

/// The identity of a value or of data.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub [u8; 32]);

impl Id {
    /// The first 12 hexadecimal digits, for people.
    pub fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Id({self})")
    }
}

impl FromStr for Id {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let error = |reason: String| Error::parse("an id", text, reason, "an id is 64 hexadecimal digits, whole");
        let digits: Vec<char> = text.chars().collect();
        let mut id = [0; 32];
        for (at, c) in digits.iter().enumerate() {
            let digit = c.to_digit(16).ok_or_else(|| error(format!("{c:?} is not a hexadecimal digit")))?;
            if let Some(byte) = id.get_mut(at / 2) {
                *byte = *byte << 4 | digit as u8;
            }
        }
        if digits.len() == 64 { Ok(Self(id)) } else { Err(error(format!("it has {} digits", digits.len()))) }
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The id of a value within a domain ("strategy", "dataset"): equal forms in two domains have different ids.
///
/// # Errors
/// As [`canonical_bytes`].
pub fn id_of<T: Serialize + ?Sized>(domain: &str, value: &T) -> Result<Id> {
    let mut hasher = domain_hasher("quant-engine id v1", domain);
    hasher.update(&canonical_bytes(value)?);
    Ok(Id(*hasher.finalize().as_bytes()))
}

/// A hasher that has taken in a domain, with its length.
fn domain_hasher(context: &'static str, domain: &str) -> blake3::Hasher {
    let mut hasher = blake3::Hasher::new_derive_key(context);
    hasher.update(&(domain.len() as u64).to_le_bytes()).update(domain.as_bytes());
    hasher
}

/// The bits under which a float is hashed: one NaN, and no negative zero.
#[inline(always)]
fn canonical_bits(v: f64) -> u64 {
    const ONE_NAN: u64 = 0x7ff8_0000_0000_0000;
    // Adding 0.0 turns -0.0 into 0.0 and leaves all else.
    if v.is_nan() { ONE_NAN } else { (v + 0.0).to_bits() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_what_it_writes() {
        let id = id_of("test", &1).unwrap();
        assert_eq!(id.to_string().parse::<Id>().unwrap(), id);
        assert_eq!(id.to_string().to_uppercase().parse::<Id>().unwrap(), id);
        assert_eq!(id.short(), &id.to_string()[..12]);
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, format!("\"{id}\""));
        assert_eq!(serde_json::from_str::<Id>(&json).unwrap(), id);
        assert!(Id([0; 32]) < Id([1; 32]));
    }

    #[test]
    fn a_wrong_id_says_why() {
        let error = |text: &str| text.parse::<Id>().unwrap_err().to_string();
        assert_eq!(
            error("12"),
            "cannot read an id from \"12\": it has 2 digits; an id is 64 hexadecimal digits, whole"
        );
        assert!(error("1é").contains("'é' is not a hexadecimal digit"));
        assert!(error(&"0".repeat(66)).contains("it has 66 digits"));
        assert!(serde_json::from_str::<Id>("\"xyz\"").is_err());
    }

    #[test]
    fn domains_are_apart() {
        assert_ne!(id_of("a", &1).unwrap(), id_of("b", &1).unwrap());
        assert_ne!(id_of("ab", "c").unwrap(), id_of("a", "bc").unwrap());
    }
}
