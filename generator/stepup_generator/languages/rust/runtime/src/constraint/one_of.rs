//! Closed lists of values.

use super::{ensure, Constraint};
use crate::mismatch::Mismatch;

/// One of some values; a newer API may return others.
pub struct OneOf<T: 'static>(pub &'static [T]);

impl Constraint<String> for OneOf<&str> {
    fn check(&self, value: &String) -> Result<(), Mismatch> {
        ensure(self.0.contains(&value.as_str()), || {
            format!("expected one of {}", self.0.join(", "))
        })
    }
}

impl Constraint<i64> for OneOf<i64> {
    fn check(&self, value: &i64) -> Result<(), Mismatch> {
        ensure(self.0.contains(value), || {
            let values: Vec<String> = self.0.iter().map(i64::to_string).collect();
            format!("expected one of {}", values.join(", "))
        })
    }
}
