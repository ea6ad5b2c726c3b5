//! Bounds of numbers.

use super::{ensure, Constraint};
use crate::mismatch::Mismatch;

/// At least a value.
pub struct Minimum<T>(pub T);

impl Constraint<i64> for Minimum<i64> {
    fn check(&self, value: &i64) -> Result<(), Mismatch> {
        ensure(*value >= self.0, || format!("expected at least {}", self.0))
    }
}

impl Constraint<f64> for Minimum<f64> {
    fn check(&self, value: &f64) -> Result<(), Mismatch> {
        ensure(*value >= self.0, || format!("expected at least {}", self.0))
    }
}
