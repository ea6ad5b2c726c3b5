//! Requests, from arguments to what is sent.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue, ACCEPT, CONTENT_TYPE};
use reqwest::Url;
use serde_json::Value;

use super::Operation;
use crate::errors::{Error, Problem};
use crate::settings::Settings;

/// The request of a call as its arguments are added.
pub struct Request {
    pub operation: &'static Operation,
    pub path: String,
    pub query: Vec<(&'static str, String)>,
    pub headers: HeaderMap,
    pub body: Option<Value>,
    pub secrets: Vec<String>,
    pub problems: Vec<Problem>,
}

/// A request that may be sent several times.
pub struct Prepared {
    pub operation: &'static Operation,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Option<String>,
    pub secrets: Vec<String>,
}

impl Request {
    pub fn new(operation: &'static Operation) -> Self {
        Self {
            operation,
            path: operation.path.to_owned(),
            query: Vec::new(),
            headers: HeaderMap::new(),
            body: None,
            secrets: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// The request as it is sent; fails with everything that is wrong with the arguments.
    pub fn prepared(mut self, settings: &Settings) -> Result<Prepared, Error> {
        let operation = self.operation;
        let mut headers = HeaderMap::with_capacity(8);
        headers.extend(settings.headers.clone());
        headers.extend(std::mem::take(&mut self.headers));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if self.body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        if let Some((name, prefix)) = operation.credentials {
            match header(name, &format!("{prefix}{}", settings.key.expose())) {
                Some((name, mut value)) => {
                    value.set_sensitive(true);
                    headers.insert(name, value);
                }
                None => self.problems.push(Problem::new("api_key", PRINTABLE)),
            }
        }
        let url = Url::parse(&format!("{}{}", settings.url, self.path)).ok();
        if url.is_none() {
            self.problems.push(Problem::new("path", "expected a path"));
        }
        let Some(mut url) = url.filter(|_| self.problems.is_empty()) else {
            return Err(Error::invalid(operation.name, self.problems));
        };
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(self.query);
        }
        self.secrets.push(settings.key.expose().clone());
        Ok(Prepared {
            operation,
            url,
            headers,
            body: self.body.map(|body| body.to_string()),
            secrets: self.secrets,
        })
    }
}

pub const PRINTABLE: &str = "expected printable ASCII";

/// A header as it is sent, `None` where it is not printable ASCII.
pub fn header(name: &str, value: &str) -> Option<(HeaderName, HeaderValue)> {
    let printable = value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let name = HeaderName::try_from(name).ok();
    let value = HeaderValue::try_from(value).ok().filter(|_| printable);
    name.zip(value)
}
