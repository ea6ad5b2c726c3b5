//! JSON as values of Rust.
//!
//! Decoding fails closed on what a caller relies on (types, constants, required fields, emptiness) and accepts
//! everything newer: unknown fields, enum values and variants.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::constraint::{all, Constraint};
use crate::mismatch::Mismatch;
use crate::secret::Secret;
use crate::within::within;

/// A type that a response may hold.
pub trait Decode: Sized {
    fn decode(value: &Value) -> Result<Self, Mismatch>;
}

/// Decodes a value that has to meet constraints.
pub fn value<T: Decode>(value: &Value, constraints: &[&dyn Constraint<T>]) -> Result<T, Mismatch> {
    let decoded = T::decode(value)?;
    all(&decoded, constraints)?;
    Ok(decoded)
}

/// The object that a value is.
pub fn object(value: &Value) -> Result<&Map<String, Value>, Mismatch> {
    expected("an object", value.as_object())
}

fn expected<T>(what: &str, found: Option<T>) -> Result<T, Mismatch> {
    found.ok_or_else(|| Mismatch::new(format!("expected {what}")))
}

impl Decode for String {
    fn decode(value: &Value) -> Result<Self, Mismatch> {
        expected("a string", value.as_str()).map(str::to_owned)
    }
}

impl Decode for Uuid {
    fn decode(value: &Value) -> Result<Self, Mismatch> {
        let text = expected("a string", value.as_str())?;
        expected("a UUID", Uuid::parse_str(text).ok())
    }
}

impl Decode for i64 {
    /// JSON Schema counts 60.0 as an integer. Beyond 2^53 a float is not exact.
    fn decode(value: &Value) -> Result<Self, Mismatch> {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let exact = |float: &f64| float.fract() == 0.0 && float.abs() < EXACT;
        let float = || value.as_f64().filter(exact).map(|float| float as i64);
        expected("an integer", value.as_i64().or_else(float))
    }
}

impl Decode for f64 {
    fn decode(value: &Value) -> Result<Self, Mismatch> {
        expected("a number", value.as_f64())
    }
}

impl Decode for bool {
    fn decode(value: &Value) -> Result<Self, Mismatch> {
        expected("true or false", value.as_bool())
    }
}

impl Decode for Value {
    fn decode(value: &Value) -> Result<Self, Mismatch> {
        Ok(value.clone())
    }
}

impl<T: Decode> Decode for Option<T> {
    fn decode(value: &Value) -> Result<Self, Mismatch> {
        (!value.is_null()).then(|| T::decode(value)).transpose()
    }
}

impl<T: Decode> Decode for Box<T> {
    fn decode(value: &Value) -> Result<Self, Mismatch> {
        T::decode(value).map(Box::new)
    }
}

impl<T: Decode> Decode for Secret<T> {
    fn decode(value: &Value) -> Result<Self, Mismatch> {
        T::decode(value).map(Secret::new)
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(value: &Value) -> Result<Self, Mismatch> {
        let items = expected("an array", value.as_array())?.iter().enumerate();
        items
            .map(|(index, item)| within(index, T::decode(item)))
            .collect()
    }
}

impl<T: Decode> Decode for BTreeMap<String, T> {
    fn decode(value: &Value) -> Result<Self, Mismatch> {
        let entries = object(value)?.iter();
        entries
            .map(|(key, item)| Ok((key.clone(), within("*", T::decode(item))?)))
            .collect()
    }
}
