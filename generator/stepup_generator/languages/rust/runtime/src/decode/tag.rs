//! Unions whose variants a field tells apart.

use serde_json::Value;

use super::{object, required};
use crate::mismatch::Mismatch;
use crate::unknown_variant::UnknownVariant;

/// The value of the field that tells the variants apart.
pub fn tag(value: &Value, wire: &str) -> Result<String, Mismatch> {
    required(object(value)?, wire, &[])
}

/// A variant that this version does not know.
pub fn unknown(value: &Value, tag: &str) -> Result<UnknownVariant, Mismatch> {
    Ok(UnknownVariant {
        tag: tag.to_owned(),
        raw: object(value)?.clone(),
    })
}
