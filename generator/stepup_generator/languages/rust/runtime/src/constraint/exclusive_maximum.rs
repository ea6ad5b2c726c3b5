//! Bounds of numbers.

use super::{ensure, Constraint};
use crate::mismatch::Mismatch;

/// Less than a value; integers have inclusive bounds only.
pub struct ExclusiveMaximum(pub f64);

impl Constraint<f64> for ExclusiveMaximum {
    fn check(&self, value: &f64) -> Result<(), Mismatch> {
        ensure(*value < self.0, || format!("expected less than {}", self.0))
    }
}
