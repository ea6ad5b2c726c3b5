//! Bounds of numbers.

use super::{ensure, Constraint};
use crate::mismatch::Mismatch;

/// At most a value.
pub struct Maximum<T>(pub T);

impl Constraint<i64> for Maximum<i64> {
    fn check(&self, value: &i64) -> Result<(), Mismatch> {
        ensure(*value <= self.0, || format!("expected at most {}", self.0))
    }
}

impl Constraint<f64> for Maximum<f64> {
    fn check(&self, value: &f64) -> Result<(), Mismatch> {
        ensure(*value <= self.0, || format!("expected at most {}", self.0))
    }
}
