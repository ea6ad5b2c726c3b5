//! Arrays without duplicates.

use std::collections::BTreeSet;

use super::{ensure, Constraint};
use crate::mismatch::Mismatch;

/// No two items are equal.
pub struct UniqueItems;

impl<T: Ord> Constraint<Vec<T>> for UniqueItems {
    fn check(&self, value: &Vec<T>) -> Result<(), Mismatch> {
        let distinct = BTreeSet::from_iter(value).len() == value.len();
        ensure(distinct, || "expected no duplicates".into())
    }
}
