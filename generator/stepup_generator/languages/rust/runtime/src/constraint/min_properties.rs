//! The least size of a map.

use std::collections::BTreeMap;

use super::{ensure, Constraint};
use crate::mismatch::Mismatch;

/// At least so many entries.
pub struct MinProperties(pub usize);

impl<T> Constraint<BTreeMap<String, T>> for MinProperties {
    fn check(&self, value: &BTreeMap<String, T>) -> Result<(), Mismatch> {
        ensure(value.len() >= self.0, || {
            format!("expected a size of at least {}", self.0)
        })
    }
}
