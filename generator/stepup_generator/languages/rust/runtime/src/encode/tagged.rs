//! Variants of a union that a field tells apart.

use serde_json::Value;

use super::Encode;
use crate::mismatch::Mismatch;

/// Encodes a variant, with the field that tells it apart.
pub fn tagged<T: Encode>(value: &T, wire: &str, tag: &str) -> Result<Value, Mismatch> {
    let mut encoded = value.encode()?;
    if let Some(object) = encoded.as_object_mut() {
        object.insert(wire.to_owned(), tag.into());
    }
    Ok(encoded)
}
