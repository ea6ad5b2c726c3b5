//! Constraints of the values of maps.

use std::collections::BTreeMap;

use super::Constraint;
use crate::mismatch::Mismatch;
use crate::within::within;

/// Every value of a map meets a constraint.
pub struct Values<C>(pub C);

impl<T, C: Constraint<T>> Constraint<BTreeMap<String, T>> for Values<C> {
    fn check(&self, value: &BTreeMap<String, T>) -> Result<(), Mismatch> {
        let mut values = value.values();
        values.try_for_each(|item| within("*", self.0.check(item)))
    }
}
