//! The greatest length of a string.

use super::{ensure, Constraint};
use crate::mismatch::Mismatch;

/// At most so many Unicode code points.
pub struct MaxLength(pub usize);

impl Constraint<String> for MaxLength {
    fn check(&self, value: &String) -> Result<(), Mismatch> {
        ensure(value.chars().count() <= self.0, || {
            format!("expected a length of at most {}", self.0)
        })
    }
}
