//! Mismatches in a part of a value.

use crate::mismatch::Mismatch;

/// Adds the place of a part to its mismatch.
pub fn within<T>(place: impl ToString, result: Result<T, Mismatch>) -> Result<T, Mismatch> {
    result.map_err(|mut mismatch| {
        mismatch.path.push(place.to_string());
        mismatch
    })
}
