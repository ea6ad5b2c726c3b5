//! Constants.

use serde_json::Value;

use super::{ensure, Constraint};
use crate::mismatch::Mismatch;

/// Exactly one value; `Const(())` is null.
pub struct Const<T>(pub T);

impl Constraint<String> for Const<&str> {
    fn check(&self, value: &String) -> Result<(), Mismatch> {
        ensure(value == self.0, || format!("expected {:?}", self.0))
    }
}

impl Constraint<Value> for Const<()> {
    fn check(&self, value: &Value) -> Result<(), Mismatch> {
        ensure(value.is_null(), || "expected null".into())
    }
}

impl Constraint<bool> for Const<bool> {
    fn check(&self, value: &bool) -> Result<(), Mismatch> {
        ensure(*value == self.0, || format!("expected {}", self.0))
    }
}

impl Constraint<i64> for Const<i64> {
    fn check(&self, value: &i64) -> Result<(), Mismatch> {
        ensure(*value == self.0, || format!("expected {}", self.0))
    }
}

impl Constraint<f64> for Const<f64> {
    fn check(&self, value: &f64) -> Result<(), Mismatch> {
        ensure(*value == self.0, || format!("expected {}", self.0))
    }
}
