//! The greatest size of a map.

use std::collections::BTreeMap;

use super::{ensure, Constraint};
use crate::mismatch::Mismatch;

/// At most so many entries.
pub struct MaxProperties(pub usize);

impl<T> Constraint<BTreeMap<String, T>> for MaxProperties {
    fn check(&self, value: &BTreeMap<String, T>) -> Result<(), Mismatch> {
        ensure(value.len() <= self.0, || {
            format!("expected a size of at most {}", self.0)
        })
    }
}
