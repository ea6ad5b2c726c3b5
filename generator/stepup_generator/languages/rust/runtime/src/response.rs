//! What came back: a response, read to its end, or the reason why there is none.

use std::time::{Duration, SystemTime};

use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::json::parsed;
use crate::reason::reason;

/// Responses of this API are small; a larger one is not of this API.
const MAX_BYTES: usize = 1024 * 1024;

/// There is no response. `sent` says whether the request may have reached the server.
pub struct Failure {
    pub reason: String,
    pub sent: bool,
    pub timed_out: bool,
}

impl Failure {
    pub fn timed_out() -> Self {
        Self {
            reason: "timed out".into(),
            sent: true,
            timed_out: true,
        }
    }
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        // Without a connection nothing was carried out. In all other cases the request may have arrived.
        let sent = !(error.is_connect() || error.is_builder());
        let timed_out = error.is_timeout();
        Self {
            reason: reason(error),
            sent,
            timed_out,
        }
    }
}

/// A response whose body was read.
pub struct Response {
    pub status: u16,
    pub request_id: Option<String>,
    pub retry_after: Option<Duration>,
    media_type: String,
    content: Vec<u8>,
}

impl Response {
    /// Read a response to its end, up to a limit.
    pub async fn read(mut response: reqwest::Response) -> Result<Self, Failure> {
        let headers = response.headers();
        let kind = header(headers, "content-type").unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default();
        let mut read = Self {
            status: response.status().as_u16(),
            request_id: header(headers, "x-request-id"),
            retry_after: header(headers, "retry-after").and_then(|value| wait(&value)),
            media_type: kind.trim().to_ascii_lowercase(),
            content: Vec::new(),
        };
        while let Some(chunk) = response.chunk().await? {
            if read.content.len() + chunk.len() > MAX_BYTES {
                return Err(Failure {
                    reason: "the response is too large".into(),
                    sent: true,
                    timed_out: false,
                });
            }
            read.content.extend_from_slice(&chunk);
        }
        Ok(read)
    }

    pub fn is_empty(&self) -> bool {
        self.content.is_empty()
    }

    /// The JSON document of the body, or else the problem with it.
    ///
    /// `expected` is its one media type; without it, any that is JSON.
    pub fn document(&self, expected: Option<&str>) -> Result<Value, String> {
        let found = self.media_type.as_str();
        let fits = match expected {
            None => found == "application/json" || found.ends_with("+json"),
            Some(expected) => found == expected,
        };
        if !fits {
            let found = if found.is_empty() {
                "without a media type"
            } else {
                found
            };
            let expected = expected.unwrap_or("JSON");
            return Err(format!("the response is {found}, not {expected}"));
        }
        // Without what the parser would quote.
        parsed(&self.content).ok_or_else(|| "the response is not valid JSON".into())
    }
}

/// A header, which may be there several times.
fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    let values = headers.get_all(name).iter();
    let texts: Vec<&str> = values.filter_map(|value| value.to_str().ok()).collect();
    (!texts.is_empty()).then(|| texts.join(", "))
}

/// RFC 9110 section 10.2.3: seconds, or a date, of which only the preferred form counts.
fn wait(value: &str) -> Option<Duration> {
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds: String = value.chars().take(9).collect();
        return seconds.parse().ok().map(Duration::from_secs);
    }
    let date = httpdate::parse_http_date(value).ok()?;
    let preferred = httpdate::fmt_http_date(date) == value;
    preferred.then(|| date.duration_since(SystemTime::now()).unwrap_or_default())
}
