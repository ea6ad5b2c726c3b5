//! Why a call has no result. No message and no debug output holds the API key or an argument that is a secret.

// Names and texts are the document's own.
#![allow(
    clippy::doc_lazy_continuation,
    clippy::doc_overindented_list_items,
    non_camel_case_types,
    rustdoc::all
)]

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::answer::Answer;

/// What a call fails with.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Arguments, or settings of the client, were refused before anything was sent.
    #[error("{operation}: {}", listed(problems))]
    #[non_exhaustive]
    InvalidArgument {
        /// The method that was called.
        operation: &'static str,
        /// What is wrong, all of it at once.
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
    /// No complete answer came, and the call may have been carried out.
    #[error("{operation}: no complete answer; it may have been carried out ({reason})")]
    #[non_exhaustive]
    NoAnswer {
        /// The method that was called.
        operation: &'static str,
        /// Why there is no answer.
        reason: String,
        /// Whether the time was up.
        timed_out: bool,
    },
    /// The answer is none that the API documents; it never counts as success. A proxy's page, say, or a redirect, or a
    /// body that lacks what was promised.
    #[error("{operation}: {}: {problem}", summary(*status, request_id))]
    #[non_exhaustive]
    UnexpectedAnswer {
        /// The method that was called.
        operation: &'static str,
        /// The status of the answer.
        status: u16,
        /// The `X-Request-Id` of the answer.
        request_id: Option<String>,
        /// The `Retry-After` of the answer, from when it came.
        retry_after: Option<Duration>,
        /// What is wrong with the answer.
        problem: String,
    },
    /// The API refused the call.
    #[error(transparent)]
    Refused(Refusal),
}

impl Error {
    /// The status of the answer, if there was one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::UnexpectedAnswer { status, .. } => Some(*status),
            Self::Refused(refusal) => Some(refusal.status()),
            _ => None,
        }
    }

    /// The `X-Request-Id` of the answer.
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::UnexpectedAnswer { request_id, .. } => request_id.as_deref(),
            Self::Refused(refusal) => refusal.request_id(),
            _ => None,
        }
    }

    /// The `Retry-After` of the answer, from when it came.
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

    pub(crate) fn failed(
        operation: &'static str,
        reason: String,
        sent: bool,
        timed_out: bool,
    ) -> Self {
        if sent {
            Self::NoAnswer {
                operation,
                reason,
                timed_out,
            }
        } else {
            Self::NotSent { operation, reason }
        }
    }

    pub(crate) fn unexpected(
        operation: &'static str,
        answer: &Answer,
        scrub: impl Fn(&str) -> String,
        problem: &str,
    ) -> Self {
        Self::UnexpectedAnswer {
            operation,
            status: answer.status,
            request_id: answer.request_id.as_deref().map(&scrub),
            retry_after: answer.retry_after,
            problem: scrub(problem),
        }
    }
}

fn listed(problems: &[Problem]) -> String {
    let texts: Vec<String> = problems.iter().map(Problem::to_string).collect();
    texts.join("; ")
}

fn summary(status: u16, request_id: &Option<String>) -> String {
    match request_id {
        Some(id) => format!("status {status} [request {id}]"),
        None => format!("status {status}"),
    }
}

/// Something that is wrong with an argument or a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The name of the argument, as the API has it.
    pub name: &'static str,
    /// What was wanted of it.
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

/// A refusal by the API. What the answer said is read by name and not printed.
#[derive(Clone, thiserror::Error)]
#[error("{operation}: {}: {said}", summary(*status, request_id))]
pub struct Refusal {
    operation: &'static str,
    kind: RefusalKind,
    status: u16,
    request_id: Option<String>,
    retry_after: Option<Duration>,
    said: Box<str>,
    body: Box<Map<String, Value>>,
}

impl Refusal {
    /// Which refusal it is.
    pub fn kind(&self) -> RefusalKind {
        self.kind
    }

    /// The status of the answer.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The `X-Request-Id` of the answer, without secrets that the call sent.
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// The `Retry-After` of the answer, from when it came.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The error body as it came.
    pub fn body(&self) -> &Map<String, Value> {
        &self.body
    }

    /// What went wrong, as a code; it may be one that this version does not know.
    pub fn error_code(&self) -> &str {
        text_of(&self.body, &["error_code"]).unwrap_or_default()
    }

    /// A sentence that may be shown to a user.
    pub fn user_facing_error(&self) -> Option<&str> {
        text_of(&self.body, &["user_facing_error"])
    }

    /// What is wrong with which field, as a code. `body` stands for the request body as a whole.
    pub fn field_errors(&self) -> BTreeMap<String, String> {
        texts_of(&self.body, &["field_errors", "field_to_errors"])
    }

    /// For each field in `field_errors`, a sentence that may be shown to a user.
    pub fn user_facing_errors(&self) -> BTreeMap<String, String> {
        texts_of(&self.body, &["user_facing_errors"])
    }

    /// The refusal of an error body, none where it does not speak as this API does.
    pub(crate) fn read(
        operation: &'static str,
        answer: &Answer,
        document: Value,
        scrub: impl Fn(&str) -> String,
    ) -> Option<Self> {
        let Value::Object(body) = document else {
            return None;
        };
        let code = text_of(&body, &["error_code"])?;
        let kind = RefusalKind::of(code);
        let mut said = quoted(code).to_owned();
        let named = texts_of(&body, &["field_errors", "field_to_errors"]);
        for (name, value) in named {
            said += &format!(" {}={}", quoted(&name), quoted(&value));
        }
        Some(Self {
            operation,
            kind,
            status: answer.status,
            request_id: answer.request_id.as_deref().map(&scrub),
            retry_after: answer.retry_after,
            said: scrub(&said).into(),
            body: Box::new(body),
        })
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

/// What the API refuses a call for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalKind {
    /// The API key was not accepted.
    Unauthorized,
    /// The plan of this environment does not include step-up MFA.
    FeatureGated,
    /// The API key may not call this operation.
    Forbidden,
    /// No such user in the environment of the API key.
    UserNotFound,
    /// Too many attempts; see `Retry-After`.
    RateLimited,
    /// One or more fields are not acceptable. Every such field is named at once.
    InvalidRequestFields,
    /// The user has not set up the factor that this operation needs.
    MfaNotEnabled,
    /// The code is wrong, was used before, or is too old. Which of them is not told.
    IncorrectMfaCode,
    /// The request body did not arrive in time.
    RequestTimeout,
    /// The request body is too large.
    RequestTooLarge,
    /// The request body is not declared as JSON.
    UnsupportedMediaType,
    /// A refusal that this version does not know.
    Unknown,
}

impl RefusalKind {
    fn of(code: &str) -> Self {
        match code {
            "unauthorized" => Self::Unauthorized,
            "feature_gated" => Self::FeatureGated,
            "forbidden" => Self::Forbidden,
            "user_not_found" => Self::UserNotFound,
            "rate_limited" => Self::RateLimited,
            "invalid_request_fields" => Self::InvalidRequestFields,
            "mfa_not_enabled" => Self::MfaNotEnabled,
            "incorrect_mfa_code" => Self::IncorrectMfaCode,
            "request_timeout" => Self::RequestTimeout,
            "request_too_large" => Self::RequestTooLarge,
            "unsupported_media_type" => Self::UnsupportedMediaType,
            _ => Self::Unknown,
        }
    }
}

/// Only names are quoted in a message, not sentences.
fn quoted(value: &str) -> &str {
    let plain = |char: char| char.is_ascii_alphanumeric() || "_.-".contains(char);
    let begins = value.starts_with(|char: char| char.is_ascii_alphabetic());
    if begins && value.len() <= 64 && value.chars().all(plain) {
        value
    } else {
        "?"
    }
}

fn text_of<'a>(body: &'a Map<String, Value>, names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| body.get(*name)?.as_str())
}

/// The first of some objects that is not empty, less what is no string in it.
fn texts_of(body: &Map<String, Value>, names: &[&str]) -> BTreeMap<String, String> {
    let objects = names.iter().filter_map(|name| body.get(*name)?.as_object());
    let found = objects.into_iter().find(|object| !object.is_empty());
    let entries = found.into_iter().flatten();
    entries
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect()
}
