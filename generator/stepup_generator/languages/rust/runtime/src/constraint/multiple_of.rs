//! Multiples of integers.

use super::{ensure, Constraint};
use crate::mismatch::Mismatch;

/// An integer that a positive factor divides.
pub struct MultipleOf(pub i64);

impl Constraint<i64> for MultipleOf {
    fn check(&self, value: &i64) -> Result<(), Mismatch> {
        let divides = value.checked_rem(self.0) == Some(0);
        ensure(divides, || format!("expected a multiple of {}", self.0))
    }
}
