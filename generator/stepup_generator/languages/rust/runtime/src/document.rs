//! Stands in for what a client has from its document.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::error_body;
use crate::errors::Error;
use crate::settings::{Builder, Settings};

pub const CLIENT: &str = "Client";
pub const AGENT: &str = "stepup_runtime/0.0.0 rust";
pub const AUTH_URL: &str = "EXAMPLE_AUTH_URL";
pub const API_KEY: &str = "EXAMPLE_API_KEY";
pub const CREDENTIALS: &[&str] = &["authorization"];

/// The client.
#[derive(Debug)]
pub struct Client {
    pub settings: Arc<Settings>,
}

impl Client {
    pub fn new(settings: Arc<Settings>) -> Self {
        Self { settings }
    }

    pub fn builder(auth_url: &str, api_key: &str) -> Builder {
        Builder::new(auth_url.into(), api_key.into())
    }

    pub fn from_env() -> Result<Self, Error> {
        Builder::from_env().build()
    }
}

/// What the API rejects a call for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    NotFound,
    Unknown,
}

/// The kind of an error body and a summary of it; `None` where it is not one of this API.
pub fn interpret(body: &Map<String, Value>) -> Option<(RefusalKind, String)> {
    let (code, summary) = error_body::summary(body, "code", &["fields", "details"])?;
    let kind = match code {
        "not_found" => RefusalKind::NotFound,
        _ => RefusalKind::Unknown,
    };
    Some((kind, summary))
}
