//! Hashing columns of data as they stream by.
//!
//! Consecutive values of one kind make a section; a section's digest is the blake3 of its values, little endian
//! (floats with one NaN and without -0.0, byte strings behind their length). The whole is the blake3 of each
//! section's kind, count and digest, in order. So it does not matter in what pieces values arrive, and
//! no content can imitate the end of a section.
//!
//! NaN rule: all NaN are one. Golden numbers: a second implementation in the tests, on plain blake3.

use super::{Id, canonical_bits, domain_hasher};

/// Bytes gathered before they are hashed.
const SCRATCH: usize = 64 * 1024;
/// Context of a section's hash.
const SECTION: &str = "quant-engine column section v1";
/// Context of the whole.
const WHOLE: &str = "quant-engine columns v1";

/// What a section holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Floats = 1,
    Ints = 2,
    Strings = 3,
    Name = 4,
}

/// A hash over columns, fed piece by piece.
///
/// ```
/// use qe_core::ident::ColumnHasher;
/// let mut whole = ColumnHasher::new("bars");
/// whole.column("close").f64s(&[1.0, 2.0, 3.0]);
/// let mut pieces = ColumnHasher::new("bars");
/// pieces.column("close").f64s(&[1.0]).f64s(&[2.0, 3.0]);
/// assert_eq!(whole.finish(), pieces.finish());
/// ```
#[derive(Debug, Clone)]
pub struct ColumnHasher {
    whole: blake3::Hasher,
    section: Option<(Kind, u64, blake3::Hasher)>,
    scratch: Vec<u8>,
}

impl ColumnHasher {
    /// A hasher for a domain ("bars", "chain").
    pub fn new(domain: &str) -> Self {
        Self { whole: domain_hasher(WHOLE, domain), section: None, scratch: Vec::with_capacity(SCRATCH) }
    }

    /// Starts a column of this name: what follows is apart from what came before.
    pub fn column(&mut self, name: &str) -> &mut Self {
        self.close();
        self.open(Kind::Name, 1);
        self.put(name.as_bytes());
        self.close();
        self
    }

    /// Takes in floats.
    pub fn f64s(&mut self, values: &[f64]) -> &mut Self {
        self.words(Kind::Floats, values, canonical_bits)
    }

    /// Takes in integers.
    pub fn i64s(&mut self, values: &[i64]) -> &mut Self {
        self.words(Kind::Ints, values, |v| v as u64)
    }

    /// Takes in one byte string (a text is its UTF-8).
    pub fn bytes(&mut self, value: &[u8]) -> &mut Self {
        self.open(Kind::Strings, 1);
        self.put(&(value.len() as u64).to_le_bytes());
        self.put(value);
        self
    }

    /// The id of all that was taken in.
    pub fn finish(mut self) -> Id {
        self.close();
        Id(*self.whole.finalize().as_bytes())
    }

    /// Takes in numbers as 8 bytes each.
    #[inline(always)]
    fn words<T: Copy>(&mut self, kind: Kind, mut values: &[T], bits: impl Fn(T) -> u64) -> &mut Self {
        if values.is_empty() {
            return self;
        }
        self.open(kind, values.len() as u64);
        while !values.is_empty() {
            // Sections of words keep the scratch at multiples of 8.
            let room = (SCRATCH - self.scratch.len()) / 8;
            let (now, later) = values.split_at(room.min(values.len()));
            let start = self.scratch.len();
            self.scratch.resize(start + now.len() * 8, 0);
            for (slot, &v) in self.scratch[start..].as_chunks_mut::<8>().0.iter_mut().zip(now) {
                *slot = bits(v).to_le_bytes();
            }
            if self.scratch.len() == SCRATCH {
                self.flush();
            }
            values = later;
        }
        self
    }

    /// Opens a section of this kind, or goes on with it, and counts `n` values more.
    fn open(&mut self, kind: Kind, n: u64) {
        if self.section.as_ref().is_some_and(|(open, ..)| *open != kind) {
            self.close();
        }
        let (_, count, _) = self.section.get_or_insert_with(|| (kind, 0, blake3::Hasher::new_derive_key(SECTION)));
        *count += n;
    }

    /// Hands bytes to the open section.
    fn put(&mut self, bytes: &[u8]) {
        if self.scratch.len() + bytes.len() > SCRATCH {
            self.flush();
        }
        if bytes.len() > SCRATCH {
            if let Some((_, _, hasher)) = &mut self.section {
                hasher.update(bytes);
            }
        } else {
            self.scratch.extend_from_slice(bytes);
        }
    }

    /// Hashes what has been gathered.
    fn flush(&mut self) {
        if let Some((_, _, hasher)) = &mut self.section {
            hasher.update(&self.scratch);
        }
        self.scratch.clear();
    }

    /// Ends the open section, if any.
    fn close(&mut self) {
        self.flush();
        if let Some((kind, count, hasher)) = self.section.take() {
            self.whole.update(&[kind as u8]).update(&count.to_le_bytes()).update(hasher.finalize().as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition, without streaming.
    fn plain(domain: &str, sections: &[(u8, u64, Vec<u8>)]) -> Id {
        let mut whole = blake3::Hasher::new_derive_key(WHOLE);
        whole.update(&(domain.len() as u64).to_le_bytes()).update(domain.as_bytes());
        for (kind, count, content) in sections {
            whole.update(&[*kind]).update(&count.to_le_bytes()).update(&blake3::derive_key(SECTION, content));
        }
        Id(*whole.finalize().as_bytes())
    }

    #[test]
    fn the_digest_is_the_documented_one() {
        let floats: Vec<f64> = (0..20_000).map(|i| f64::from(i) * 0.25).collect();
        let content: Vec<u8> = floats.iter().flat_map(|v| v.to_le_bytes()).collect();
        let text = vec![7u8; 70_000];
        let mut h = ColumnHasher::new("d");
        h.column("x").f64s(&floats).i64s(&[-1]).bytes(&text).bytes(b"a");
        let strings = [&70_000u64.to_le_bytes()[..], &text, &1u64.to_le_bytes(), b"a"].concat();
        let want = plain("d", &[(4, 1, b"x".to_vec()), (1, 20_000, content), (2, 1, vec![255; 8]), (3, 2, strings)]);
        assert_eq!(h.finish(), want);
        assert_eq!(ColumnHasher::new("").finish(), plain("", &[]));
    }

    #[test]
    fn what_differs_has_another_digest() {
        type Feed = fn(&mut ColumnHasher);
        let feeds: [Feed; 11] = [
            |_| {},
            |h| _ = h.f64s(&[0.0]),
            |h| _ = h.i64s(&[0]),
            |h| _ = h.f64s(&[0.0, 0.0]),
            |h| _ = h.f64s(&[f64::NAN]),
            |h| _ = h.bytes(b""),
            |h| _ = h.bytes(b"").bytes(b""),
            |h| _ = h.bytes(b"ab").bytes(b"c"),
            |h| _ = h.bytes(b"a").bytes(b"bc"),
            |h| _ = h.column("").f64s(&[0.0]),
            |h| _ = h.f64s(&[0.0]).column("").f64s(&[0.0]),
        ];
        let ids: std::collections::BTreeSet<Id> = feeds
            .iter()
            .map(|feed| {
                let mut h = ColumnHasher::new("d");
                feed(&mut h);
                h.finish()
            })
            .collect();
        assert_eq!(ids.len(), feeds.len());
        assert_ne!(ColumnHasher::new("a").finish(), ColumnHasher::new("b").finish());
    }

    #[test]
    fn zeros_and_nans_are_one_each() {
        let id = |v: &[f64]| {
            let mut h = ColumnHasher::new("d");
            h.f64s(v);
            h.finish()
        };
        assert_eq!(id(&[0.0, f64::NAN]), id(&[-0.0, -f64::NAN]));
        assert_eq!(id(&[f64::NAN]), id(&[f64::from_bits(0xfff0_0000_0000_0001)]));
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(n in 0usize..30_000, cuts in prop::collection::vec(0.0..1.0f64, 0..6)) {
            let (floats, ints): (Vec<f64>, Vec<i64>) = (0..n as i64).map(|i| (i as f64 * 0.1 - 7.0, i * i)).unzip();
            let mut at: Vec<usize> = cuts.iter().map(|c| (c * n as f64) as usize).collect();
            at.extend([0, n]);
            at.sort_unstable();
            let (mut whole, mut pieces) = (ColumnHasher::new("d"), ColumnHasher::new("d"));
            whole.bytes(b"x").f64s(&floats).i64s(&ints);
            pieces.bytes(b"x");
            at.windows(2).for_each(|w| _ = pieces.f64s(&floats[w[0]..w[1]]));
            at.windows(2).for_each(|w| _ = pieces.i64s(&ints[w[0]..w[1]]));
            prop_assert_eq!(whole.finish(), pieces.finish());
        }
    }
}
