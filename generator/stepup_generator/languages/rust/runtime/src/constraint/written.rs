//! Constraints of the text that a UUID is.

use uuid::Uuid;

use super::Constraint;
use crate::mismatch::Mismatch;

/// The canonical text of a UUID meets a constraint.
pub struct Written<C>(pub C);

impl<C: Constraint<String>> Constraint<Uuid> for Written<C> {
    fn check(&self, value: &Uuid) -> Result<(), Mismatch> {
        self.0.check(&value.to_string())
    }
}
