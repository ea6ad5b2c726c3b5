//! Constraints of items.

use super::Constraint;
use crate::mismatch::Mismatch;
use crate::within::within;

/// Every item of an array meets a constraint.
pub struct Items<C>(pub C);

impl<T, C: Constraint<T>> Constraint<Vec<T>> for Items<C> {
    fn check(&self, value: &Vec<T>) -> Result<(), Mismatch> {
        let mut items = value.iter().enumerate();
        items.try_for_each(|(index, item)| within(index, self.0.check(item)))
    }
}
