//! Arrays without duplicates.

use std::collections::HashSet;
use std::hash::Hash;

use super::{ensure, Constraint};
use crate::mismatch::Mismatch;

/// No two items are equal.
pub struct UniqueItems;

impl<T: Eq + Hash> Constraint<Vec<T>> for UniqueItems {
    fn check(&self, value: &Vec<T>) -> Result<(), Mismatch> {
        let distinct: HashSet<&T> = value.iter().collect();
        ensure(distinct.len() == value.len(), || {
            "expected no duplicates".into()
        })
    }
}
