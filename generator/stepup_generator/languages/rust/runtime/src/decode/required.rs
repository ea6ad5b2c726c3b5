//! Fields that an object must have.

use serde_json::{Map, Value};

use super::{value, Decode};
use crate::constraint::Constraint;
use crate::mismatch::Mismatch;
use crate::within::within;

/// Decodes a field.
pub fn required<T: Decode>(
    object: &Map<String, Value>,
    wire: &str,
    constraints: &[&dyn Constraint<T>],
) -> Result<T, Mismatch> {
    let found = object.get(wire).ok_or_else(|| Mismatch::new("is missing"));
    within(wire, found.and_then(|found| value(found, constraints)))
}
