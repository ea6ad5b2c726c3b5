//! What constraints are made of.

use crate::mismatch::Mismatch;

/// Fails unless a condition holds.
pub fn ensure(holds: bool, expected: impl FnOnce() -> String) -> Result<(), Mismatch> {
    if holds {
        Ok(())
    } else {
        Err(Mismatch::new(expected()))
    }
}
