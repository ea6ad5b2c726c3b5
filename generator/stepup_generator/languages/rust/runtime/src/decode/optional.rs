//! Fields that an object may have.

use serde_json::{Map, Value};

use super::{value, Decode};
use crate::constraint::Constraint;
use crate::mismatch::Mismatch;
use crate::within::within;

/// Decodes a field that may be left out; null counts as that.
pub fn optional<T: Decode>(
    object: &Map<String, Value>,
    wire: &str,
    constraints: &[&dyn Constraint<T>],
) -> Result<Option<T>, Mismatch> {
    match object.get(wire) {
        None | Some(Value::Null) => Ok(None),
        Some(found) => within(wire, value(found, constraints)).map(Some),
    }
}
