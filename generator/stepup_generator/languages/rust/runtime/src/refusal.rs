//! Errors that the API returns.

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::document::RefusalKind;
use crate::errors::status_line;

/// An error of the API. Its fields are read by name and not printed.
#[derive(Clone, thiserror::Error)]
#[error("{operation}: {}: {summary}", status_line(*status, request_id))]
pub struct Refusal {
    pub(crate) operation: &'static str,
    pub(crate) kind: RefusalKind,
    pub(crate) status: u16,
    pub(crate) request_id: Option<String>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) summary: Box<str>,
    pub(crate) body: Box<Map<String, Value>>,
}

impl Refusal {
    /// Which error it is.
    pub fn kind(&self) -> RefusalKind {
        self.kind
    }

    /// The status of the response.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The `X-Request-Id` of the response, without secrets that the call sent.
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// The `Retry-After` of the response, from when it was received.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The error body as it was received.
    pub fn body(&self) -> &Map<String, Value> {
        &self.body
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Refusal");
        shown.field("kind", &self.kind);
        shown.field("message", &self.to_string());
        shown.field("retry_after", &self.retry_after);
        shown.finish_non_exhaustive()
    }
}
