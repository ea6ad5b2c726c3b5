//! Fields of objects.

use serde_json::{Map, Value};

use super::{value, Encode};
use crate::constraint::Constraint;
use crate::mismatch::Mismatch;
use crate::within::within;

/// Puts a field into an object, if there is a value.
pub fn put<T: Encode>(
    object: &mut Map<String, Value>,
    wire: &str,
    found: Option<&T>,
    constraints: &[&dyn Constraint<T>],
) -> Result<(), Mismatch> {
    if let Some(found) = found {
        object.insert(wire.to_owned(), within(wire, value(found, constraints))?);
    }
    Ok(())
}
