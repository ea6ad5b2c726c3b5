//! The least length of an array.

use super::{ensure, Constraint};
use crate::mismatch::Mismatch;

/// At least so many items.
pub struct MinItems(pub usize);

impl<T> Constraint<Vec<T>> for MinItems {
    fn check(&self, value: &Vec<T>) -> Result<(), Mismatch> {
        ensure(value.len() >= self.0, || {
            format!("expected a length of at least {}", self.0)
        })
    }
}
