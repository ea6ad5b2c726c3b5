//! The least length of a string.

use super::{ensure, Constraint};
use crate::mismatch::Mismatch;

/// At least so many Unicode code points.
pub struct MinLength(pub usize);

impl Constraint<String> for MinLength {
    fn check(&self, value: &String) -> Result<(), Mismatch> {
        ensure(value.chars().count() >= self.0, || {
            format!("expected a length of at least {}", self.0)
        })
    }
}
