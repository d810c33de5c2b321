//! The canonical binary form: a serde `Serializer` into tagged, length-prefixed bytes. See the parent for the table.
//!
//! NaN rule: all NaN are one. Golden numbers: bytes by hand in the tests; `ident.csv` holds ids of JSON values
//! worked out by a second encoder (Python).

use std::fmt;

use serde::ser::{self, Serialize};

use super::canonical_bits;
use crate::{Error, Result};

const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const INT: u8 = 3;
const NEGATIVE: u8 = 4;
const FLOAT: u8 = 5;
const TEXT: u8 = 6;
const BYTES: u8 = 7;
const SEQ: u8 = 8;
const MAP: u8 = 9;
const UNIT_VARIANT: u8 = 10;
const VARIANT: u8 = 11;
const SOME: u8 = 12;

/// How deep values may nest, so that no value overflows the stack.
const MAX_DEPTH: usize = 128;

/// The canonical form of a value: equal bytes exactly for values of equal content.
///
/// # Errors
/// [`Error::Invalid`] when the value refuses to be serialised, or nests deeper than 128.
pub fn canonical_bytes<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let form = Form { out: &mut out, depth: 0 };
    match value.serialize(form) {
        Ok(()) => Ok(out),
        Err(Refusal(reason)) => {
            Err(Error::invalid("value", std::any::type_name::<T>(), reason, "only plain, finite data has an id"))
        }
    }
}

/// Why a value cannot be written.
#[derive(Debug)]
struct Refusal(String);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refusal {}

impl ser::Error for Refusal {
    fn custom<M: fmt::Display>(message: M) -> Self {
        Self(message.to_string())
    }
}

type Done<T = ()> = std::result::Result<T, Refusal>;

/// Writes one node at the end of `out`.
struct Form<'a> {
    out: &'a mut Vec<u8>,
    depth: usize,
}

impl<'a> Form<'a> {
    fn tag(self, tag: u8) -> Done {
        self.out.push(tag);
        Ok(())
    }

    fn integer(self, negative: bool, magnitude: u128) -> Done {
        self.out.push(if negative { NEGATIVE } else { INT });
        self.out.extend_from_slice(&magnitude.to_le_bytes());
        Ok(())
    }

    fn blob(self, tag: u8, content: &[u8]) -> Done {
        self.out.push(tag);
        self.out.extend_from_slice(&(content.len() as u64).to_le_bytes());
        self.out.extend_from_slice(content);
        Ok(())
    }

    fn inner(&mut self) -> Done<Form<'_>> {
        if self.depth >= MAX_DEPTH {
            return Err(Refusal(format!("it nests deeper than {MAX_DEPTH}")));
        }
        Ok(Form { out: self.out, depth: self.depth + 1 })
    }

    fn variant(self, tag: u8, name: &str) -> Done<Self> {
        let Self { out, depth } = self;
        Form { out: &mut *out, depth }.blob(tag, name.as_bytes())?;
        Ok(Form { out, depth })
    }

    fn items(self) -> Items<'a> {
        self.out.push(SEQ);
        let count_at = self.out.len();
        self.out.extend_from_slice(&[0; 8]);
        Items { form: self, count_at, count: 0 }
    }

    fn pairs(self) -> Pairs<'a> {
        Pairs { form: self, pairs: Vec::new(), key: Vec::new() }
    }
}

/// Writes a sequence; its count is filled in at the end.
struct Items<'a> {
    form: Form<'a>,
    count_at: usize,
    count: u64,
}

impl Items<'_> {
    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        self.count += 1;
        value.serialize(self.form.inner()?)
    }

    fn finish(self) -> Done {
        self.form.out[self.count_at..self.count_at + 8].copy_from_slice(&self.count.to_le_bytes());
        Ok(())
    }
}

/// Collects the pairs of a map, to sort them at the end.
struct Pairs<'a> {
    form: Form<'a>,
    pairs: Vec<(Vec<u8>, Vec<u8>)>,
    key: Vec<u8>,
}

impl Pairs<'_> {
    fn node<T: Serialize + ?Sized>(&mut self, value: &T) -> Done<Vec<u8>> {
        let mut bytes = Vec::new();
        let depth = self.form.inner()?.depth;
        value.serialize(Form { out: &mut bytes, depth })?;
        Ok(bytes)
    }

    fn push<K: Serialize + ?Sized, V: Serialize + ?Sized>(&mut self, key: &K, value: &V) -> Done {
        let pair = (self.node(key)?, self.node(value)?);
        self.pairs.push(pair);
        Ok(())
    }

    fn finish(mut self) -> Done {
        self.pairs.sort_unstable();
        self.form.out.push(MAP);
        self.form.out.extend_from_slice(&(self.pairs.len() as u64).to_le_bytes());
        for (key, value) in self.pairs {
            self.form.out.extend(key);
            self.form.out.extend(value);
        }
        Ok(())
    }
}

impl<'a> ser::Serializer for Form<'a> {
    type Ok = ();
    type Error = Refusal;
    type SerializeSeq = Items<'a>;
    type SerializeTuple = Items<'a>;
    type SerializeTupleStruct = Items<'a>;
    type SerializeTupleVariant = Items<'a>;
    type SerializeMap = Pairs<'a>;
    type SerializeStruct = Pairs<'a>;
    type SerializeStructVariant = Pairs<'a>;

    fn serialize_bool(self, v: bool) -> Done {
        self.tag(if v { TRUE } else { FALSE })
    }

    fn serialize_i8(self, v: i8) -> Done {
        self.serialize_i128(v.into())
    }

    fn serialize_i16(self, v: i16) -> Done {
        self.serialize_i128(v.into())
    }

    fn serialize_i32(self, v: i32) -> Done {
        self.serialize_i128(v.into())
    }

    fn serialize_i64(self, v: i64) -> Done {
        self.serialize_i128(v.into())
    }

    fn serialize_i128(self, v: i128) -> Done {
        self.integer(v < 0, v.unsigned_abs())
    }

    fn serialize_u8(self, v: u8) -> Done {
        self.serialize_u128(v.into())
    }

    fn serialize_u16(self, v: u16) -> Done {
        self.serialize_u128(v.into())
    }

    fn serialize_u32(self, v: u32) -> Done {
        self.serialize_u128(v.into())
    }

    fn serialize_u64(self, v: u64) -> Done {
        self.serialize_u128(v.into())
    }

    fn serialize_u128(self, v: u128) -> Done {
        self.integer(false, v)
    }

    fn serialize_f32(self, v: f32) -> Done {
        self.serialize_f64(v.into())
    }

    fn serialize_f64(self, v: f64) -> Done {
        self.out.push(FLOAT);
        self.out.extend_from_slice(&canonical_bits(v).to_le_bytes());
        Ok(())
    }

    fn serialize_char(self, v: char) -> Done {
        self.serialize_str(v.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, v: &str) -> Done {
        self.blob(TEXT, v.as_bytes())
    }

    fn serialize_bytes(self, v: &[u8]) -> Done {
        self.blob(BYTES, v)
    }

    fn serialize_none(self) -> Done {
        self.tag(NULL)
    }

    fn serialize_some<T: Serialize + ?Sized>(mut self, value: &T) -> Done {
        let start = self.out.len();
        value.serialize(self.inner()?)?;
        if matches!(self.out.get(start), Some(&NULL | &SOME)) {
            self.out.insert(start, SOME);
        }
        Ok(())
    }

    fn serialize_unit(self) -> Done {
        self.tag(NULL)
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Done {
        self.tag(NULL)
    }

    fn serialize_unit_variant(self, _name: &'static str, _index: u32, variant: &'static str) -> Done {
        self.variant(UNIT_VARIANT, variant).map(|_| ())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(mut self, _name: &'static str, value: &T) -> Done {
        value.serialize(self.inner()?)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Done {
        value.serialize(self.variant(VARIANT, variant)?.inner()?)
    }

    fn serialize_seq(self, _len: Option<usize>) -> Done<Items<'a>> {
        Ok(self.items())
    }

    fn serialize_tuple(self, _len: usize) -> Done<Items<'a>> {
        Ok(self.items())
    }

    fn serialize_tuple_struct(self, _name: &'static str, _len: usize) -> Done<Items<'a>> {
        Ok(self.items())
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Done<Items<'a>> {
        Ok(self.variant(VARIANT, variant)?.items())
    }

    fn serialize_map(self, _len: Option<usize>) -> Done<Pairs<'a>> {
        Ok(self.pairs())
    }

    fn serialize_struct(self, _name: &'static str, _len: usize) -> Done<Pairs<'a>> {
        Ok(self.pairs())
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Done<Pairs<'a>> {
        Ok(self.variant(VARIANT, variant)?.pairs())
    }
}

/// Implements one of serde's sequence traits for [`Items`].
macro_rules! sequence {
    ($($name:ident::$method:ident),*) => {$(
        impl ser::$name for Items<'_> {
            type Ok = ();
            type Error = Refusal;
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
                self.push(value)
            }
            fn end(self) -> Done {
                self.finish()
            }
        }
    )*};
}
sequence!(
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field
);

/// Implements one of serde's struct traits for [`Pairs`].
macro_rules! structure {
    ($($name:ident),*) => {$(
        impl ser::$name for Pairs<'_> {
            type Ok = ();
            type Error = Refusal;
            fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Done {
                self.push(key, value)
            }
            fn end(self) -> Done {
                self.finish()
            }
        }
    )*};
}
structure!(SerializeStruct, SerializeStructVariant);

impl ser::SerializeMap for Pairs<'_> {
    type Ok = ();
    type Error = Refusal;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Done {
        self.key = self.node(key)?;
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        let value = self.node(value)?;
        self.pairs.push((std::mem::take(&mut self.key), value));
        Ok(())
    }

    fn end(self) -> Done {
        self.finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};

    use proptest::prelude::*;
    use serde::Serialize;
    use serde_json::Value;

    use super::*;
    use crate::ident::id_of;

    fn bytes<T: Serialize>(value: T) -> Vec<u8> {
        canonical_bytes(&value).unwrap()
    }

    #[derive(Serialize)]
    struct Ab {
        a: u8,
        b: Option<f64>,
    }

    #[derive(Serialize)]
    struct Ba {
        b: Option<f32>,
        a: i64,
    }

    #[derive(Serialize)]
    enum E {
        A,
        New(()),
        Tuple(u8, u8),
        Struct { x: u8 },
    }

    #[test]
    fn forms_are_as_written_by_hand() {
        let int = |v: u8| [&[3, v][..], &[0; 15]].concat();
        let text = |s: &str| [&[6, s.len() as u8, 0, 0, 0, 0, 0, 0, 0][..], s.as_bytes()].concat();
        let count = |tag: u8, n: u8| vec![tag, n, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(bytes(()), [0]);
        assert_eq!(bytes((false, true)), [count(8, 2), vec![1, 2]].concat());
        assert_eq!(bytes(5u8), int(5));
        assert_eq!(bytes(-1i8)[..2], [4, 1]);
        assert_eq!(bytes(1.0), [5, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]);
        assert_eq!(bytes("é"), text("é"));
        let want = [count(9, 2), text("a"), int(1), text("b"), vec![0]].concat();
        assert_eq!(bytes(Ab { a: 1, b: None }), want);
        assert_eq!(bytes(E::A), [10, 1, 0, 0, 0, 0, 0, 0, 0, b'A']);
        assert_eq!(bytes(E::New(()))[12], 0);
        let want = [vec![11, 5, 0, 0, 0, 0, 0, 0, 0], b"Tuple".to_vec(), count(8, 2), int(1), int(2)].concat();
        assert_eq!(bytes(E::Tuple(1, 2)), want);
        assert_eq!(bytes(E::Struct { x: 1 })[15], 9);
    }

    #[test]
    fn what_must_not_matter_does_not() {
        assert_eq!(bytes(Ab { a: 1, b: Some(0.5) }), bytes(Ba { b: Some(0.5), a: 1 }));
        assert_eq!(bytes(5u8), bytes(5i64));
        assert_eq!(bytes(u64::MAX), bytes(i128::from(u64::MAX)));
        assert_eq!(bytes((1, 2)), bytes(vec![1u8, 2]));
        assert_eq!(bytes(0.0), bytes(-0.0));
        assert_eq!(bytes(f64::NAN), bytes(-f64::NAN));
        assert_eq!(bytes(f64::NAN), bytes(f64::from_bits(0x7ff0_0000_0000_0001)));
        assert_eq!(bytes(Some(3)), bytes(3));
        assert_eq!(bytes('x'), bytes("x"));
        let pairs = [("x", 1), ("yy", 2), ("a", 3), ("", 4)];
        assert_eq!(bytes(HashMap::from(pairs)), bytes(BTreeMap::from(pairs)));
    }

    #[test]
    fn what_must_matter_does() {
        let all = [
            bytes(()),
            bytes(Some(())),
            bytes(Some(Some(()))),
            bytes(f64::NAN),
            bytes(0),
            bytes(0.0),
            bytes(1),
            bytes(1.0),
            bytes(-1),
            bytes(false),
            bytes(true),
            bytes(""),
            bytes("A"),
            bytes(E::A),
            bytes(E::New(())),
            bytes(["A"]),
            bytes(Vec::<u8>::new()),
            bytes([[0u8; 0]; 1]),
            bytes(BTreeMap::<u8, u8>::new()),
            bytes(BTreeMap::from([("a", None::<u8>)])),
            bytes(BTreeMap::from([(1, None::<u8>)])),
            bytes((1, (2, 3))),
            bytes(((1, 2), 3)),
            bytes((1, 2, 3)),
        ];
        for (i, a) in all.iter().enumerate() {
            for b in &all[..i] {
                assert!(!a.starts_with(b) && !b.starts_with(a), "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn too_deep_and_unwilling_values_are_errors() {
        let mut deep = Value::Null;
        for _ in 0..5_000 {
            deep = Value::Array(vec![deep]);
        }
        assert!(canonical_bytes(&deep).unwrap_err().to_string().contains("deeper than 128"));
        // Taken apart by hand: dropping it would recurse.
        while let Value::Array(mut inner) = deep {
            deep = inner.pop().unwrap();
        }
        let poisoned = std::sync::Mutex::new(1);
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _guard = poisoned.lock();
            panic!("poison");
        }));
        assert!(canonical_bytes(&poisoned).is_err());
    }

    #[test]
    fn ids_agree_with_the_second_encoder() {
        let table = include_str!("../../../../data-fixtures/golden/stats/ident.csv");
        let mut rows = 0;
        for line in table.lines().filter(|l| !l.starts_with('#')).skip(1) {
            let (id, json) = line.split_once(',').unwrap();
            let value: Value = serde_json::from_str(json).unwrap();
            assert_eq!(id_of("golden", &value).unwrap().to_string(), id, "{json}");
            rows += 1;
        }
        assert!(rows >= 8);
    }

    /// Any JSON value of modest size.
    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-3..3i64).prop_map(Value::from),
            (-2..2i32).prop_map(|v| Value::from(f64::from(v) / 2.0)),
            "[ab]{0,2}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[ab]{0,2}", inner, 0..3).prop_map(|m| m.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn equal_forms_exactly_for_equal_values(a in json(), b in json()) {
            let (x, y) = (bytes(&a), bytes(&b));
            // `-0.0` and `0.0` are equal in JSON's eyes too.
            prop_assert_eq!(x == y, a == b);
            prop_assert!(x == y || !(x.starts_with(&y) || y.starts_with(&x)));
        }

        #[test]
        fn the_order_of_keys_does_not_matter(m in prop::collection::btree_map("[a-d]{0,3}", any::<i32>(), 0..8)) {
            struct Backwards<'a>(&'a BTreeMap<String, i32>);
            impl Serialize for Backwards<'_> {
                fn serialize<S: serde::Serializer>(&self, s: S) -> std::result::Result<S::Ok, S::Error> {
                    s.collect_map(self.0.iter().rev())
                }
            }
            prop_assert_eq!(bytes(&m), bytes(Backwards(&m)));
        }

        #[test]
        fn every_integer_has_one_form(v in any::<i32>()) {
            prop_assert_eq!(bytes(v), bytes(i64::from(v)));
            prop_assert_eq!(bytes(v), bytes(i128::from(v)));
            prop_assert_ne!(bytes(v), bytes(f64::from(v)));
        }
    }
}
