//! The greatest length of an array.

use super::{ensure, Constraint};
use crate::mismatch::Mismatch;

/// At most so many items.
pub struct MaxItems(pub usize);

impl<T> Constraint<Vec<T>> for MaxItems {
    fn check(&self, value: &Vec<T>) -> Result<(), Mismatch> {
        ensure(value.len() <= self.0, || {
            format!("expected a length of at most {}", self.0)
        })
    }
}
