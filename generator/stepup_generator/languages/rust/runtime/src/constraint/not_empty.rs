//! Emptiness: all that is checked of lengths in a response.

use super::{ensure, Constraint};
use crate::mismatch::Mismatch;

/// Not empty, whatever the length.
pub struct NotEmpty;

impl Constraint<String> for NotEmpty {
    fn check(&self, value: &String) -> Result<(), Mismatch> {
        ensure(!value.is_empty(), || "expected a non-empty string".into())
    }
}

impl<T> Constraint<Vec<T>> for NotEmpty {
    fn check(&self, value: &Vec<T>) -> Result<(), Mismatch> {
        ensure(!value.is_empty(), || "expected a non-empty array".into())
    }
}
