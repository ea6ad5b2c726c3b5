//! Bounds of numbers.

use super::{ensure, Constraint};
use crate::mismatch::Mismatch;

/// More than a value; integers have inclusive bounds only.
pub struct ExclusiveMinimum(pub f64);

impl Constraint<f64> for ExclusiveMinimum {
    fn check(&self, value: &f64) -> Result<(), Mismatch> {
        ensure(*value > self.0, || format!("expected more than {}", self.0))
    }
}
