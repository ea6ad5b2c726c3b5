//! What may be sent twice: nothing that may have been carried out, unless the API says that it may be repeated.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use super::Operation;
use crate::response::{Failure, Response};

/// The longest `Retry-After` that a repeatable call waits out.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// Failures of a gateway or server that a repeatable call tries again.
const TRANSIENT: [u16; 4] = [500, 502, 503, 504];

/// How long to wait before trying again, `None` not to. `tries` counts from 1.
pub fn pause(
    operation: &Operation,
    outcome: &Result<Response, Failure>,
    tries: u32,
) -> Option<Duration> {
    let repeatable = operation.repeatable;
    let response = match outcome {
        Ok(response) => response,
        Err(failure) => return (repeatable || !failure.sent).then(|| backoff(tries)),
    };
    if !repeatable || operation.success(response.status).is_some() {
        return None;
    }
    let wait = response.retry_after;
    if response.status == 429 {
        return wait.filter(|wait| *wait <= LONGEST_WAIT);
    }
    let wait = wait.unwrap_or_default();
    let transient = TRANSIENT.contains(&response.status) && wait <= LONGEST_WAIT;
    transient.then(|| wait.max(backoff(tries)))
}

/// Growing, and spread so that many callers do not come back at once.
fn backoff(tries: u32) -> Duration {
    // Hashers are seeded at random, which is random enough here.
    let random = RandomState::new().build_hasher().finish() % 1000;
    let most = 200 * 2_u64.saturating_pow(tries.saturating_sub(1));
    Duration::from_millis(most.min(2000) * random / 1000)
}
