//! Why a call has no result. No message and no debug output holds the API key or an argument that is a secret.

use std::fmt;
use std::time::Duration;

use crate::refusal::Refusal;

/// What a call fails with.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Arguments, or settings of the client, are invalid; nothing was sent.
    #[error("{operation}: {}", joined(problems))]
    #[non_exhaustive]
    InvalidArgument {
        /// The method that was called.
        operation: &'static str,
        /// Everything that is wrong.
        problems: Vec<Problem>,
    },
    /// The connection was never made: nothing was carried out, and trying again is safe.
    #[error("{operation}: not sent ({reason})")]
    #[non_exhaustive]
    NotSent {
        /// The method that was called.
        operation: &'static str,
        /// Why there is no connection.
        reason: String,
    },
    /// No complete response was received, and the call may have been carried out.
    #[error("{operation}: no complete response; the call may have been carried out ({reason})")]
    #[non_exhaustive]
    NoAnswer {
        /// The method that was called.
        operation: &'static str,
        /// Why there is no response.
        reason: String,
        /// Whether the time was up.
        timed_out: bool,
    },
    /// The response is not one that the API documents; it never counts as success. For example a proxy's page, a
    /// redirect, or a body that lacks a required field.
    #[error("{operation}: {}: {problem}", status_line(*status, request_id))]
    #[non_exhaustive]
    UnexpectedAnswer {
        /// The method that was called.
        operation: &'static str,
        /// The status of the response.
        status: u16,
        /// The `X-Request-Id` of the response.
        request_id: Option<String>,
        /// The `Retry-After` of the response, from when it was received.
        retry_after: Option<Duration>,
        /// What is wrong with the response.
        problem: String,
    },
    /// The API rejected the call.
    #[error(transparent)]
    Refused(Refusal),
}

impl Error {
    /// The status of the response, if there was one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::UnexpectedAnswer { status, .. } => Some(*status),
            Self::Refused(refusal) => Some(refusal.status()),
            _ => None,
        }
    }

    /// The `X-Request-Id` of the response.
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::UnexpectedAnswer { request_id, .. } => request_id.as_deref(),
            Self::Refused(refusal) => refusal.request_id(),
            _ => None,
        }
    }

    /// The `Retry-After` of the response, from when it was received.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::UnexpectedAnswer { retry_after, .. } => *retry_after,
            Self::Refused(refusal) => refusal.retry_after(),
            _ => None,
        }
    }

    pub(crate) fn invalid(operation: &'static str, problems: Vec<Problem>) -> Self {
        Self::InvalidArgument {
            operation,
            problems,
        }
    }
}

fn joined(problems: &[Problem]) -> String {
    let texts: Vec<String> = problems.iter().map(Problem::to_string).collect();
    texts.join("; ")
}

pub(crate) fn status_line(status: u16, request_id: &Option<String>) -> String {
    match request_id {
        Some(id) => format!("status {status} [request {id}]"),
        None => format!("status {status}"),
    }
}

/// Something that is wrong with an argument or a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The name of the argument in the API.
    pub name: &'static str,
    /// What was expected of it.
    pub wanted: String,
}

impl Problem {
    pub(crate) fn new(name: &'static str, wanted: impl Into<String>) -> Self {
        Self {
            name,
            wanted: wanted.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.wanted)
    }
}
