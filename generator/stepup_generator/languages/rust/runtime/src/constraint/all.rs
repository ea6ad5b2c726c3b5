//! What the API asks of values beyond their types.

use crate::mismatch::Mismatch;
use crate::secret::Secret;

/// Something that a value has to meet.
pub trait Constraint<T> {
    fn check(&self, value: &T) -> Result<(), Mismatch>;
}

/// Null meets every constraint.
impl<T, C: Constraint<T>> Constraint<Option<T>> for C {
    fn check(&self, value: &Option<T>) -> Result<(), Mismatch> {
        value.as_ref().map_or(Ok(()), |value| self.check(value))
    }
}

impl<T, C: Constraint<T>> Constraint<Secret<T>> for C {
    fn check(&self, value: &Secret<T>) -> Result<(), Mismatch> {
        self.check(value.expose())
    }
}

/// Checks every constraint; fails with the first that is not met.
pub fn all<T>(value: &T, constraints: &[&dyn Constraint<T>]) -> Result<(), Mismatch> {
    let mut each = constraints.iter().copied();
    each.try_for_each(|constraint| constraint.check(value))
}
