//! What came back: an answer, read to its end, or the reason why there is none.

use std::collections::HashSet;
use std::error::Error as _;
use std::fmt;
use std::time::{Duration, SystemTime};

use reqwest::header::HeaderMap;
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// Answers of this API are small; whatever is larger is no answer of it.
const MAX_BYTES: usize = 1024 * 1024;

/// No answer came. `sent` says whether the request may have reached the server.
pub(crate) struct Failure {
    pub(crate) reason: String,
    pub(crate) sent: bool,
    pub(crate) timed_out: bool,
}

impl Failure {
    pub(crate) fn timed_out() -> Self {
        Self {
            reason: "timed out".into(),
            sent: true,
            timed_out: true,
        }
    }
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        // A connection that was never made carried nothing. Whatever is not known to be that may have arrived.
        let sent = !(error.is_connect() || error.is_builder());
        let timed_out = error.is_timeout();
        let error = error.without_url();
        let mut reason = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            reason = inner.to_string();
            cause = inner.source();
        }
        Self {
            reason,
            sent,
            timed_out,
        }
    }
}

/// An answer whose body was read.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) request_id: Option<String>,
    pub(crate) retry_after: Option<Duration>,
    media_type: String,
    content: Vec<u8>,
}

impl Answer {
    /// Read a response to its end, up to a limit.
    pub(crate) async fn read(mut response: reqwest::Response) -> Result<Self, Failure> {
        let headers = response.headers();
        let kind = header(headers, "content-type").unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default();
        let mut answer = Self {
            status: response.status().as_u16(),
            request_id: header(headers, "x-request-id"),
            retry_after: header(headers, "retry-after").and_then(|value| wait(&value)),
            media_type: kind.trim().to_ascii_lowercase(),
            content: Vec::new(),
        };
        while let Some(chunk) = response.chunk().await? {
            if answer.content.len() + chunk.len() > MAX_BYTES {
                return Err(Failure {
                    reason: "the answer is too large".into(),
                    sent: true,
                    timed_out: false,
                });
            }
            answer.content.extend_from_slice(&chunk);
        }
        Ok(answer)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.content.is_empty()
    }

    /// The JSON document of the body, or else the problem with it.
    ///
    /// `wanted` is its one media type; "", any that is JSON.
    pub(crate) fn document(&self, wanted: &str) -> Result<Value, String> {
        let found = self.media_type.as_str();
        let fits = match wanted {
            "" => found == "application/json" || found.ends_with("+json"),
            wanted => found == wanted,
        };
        if !fits {
            let or = |text: &str, instead| match text {
                "" => String::from(instead),
                text => text.into(),
            };
            let (found, wanted) = (or(found, "of no media type"), or(wanted, "JSON"));
            return Err(format!("the answer is {found}, not {wanted}"));
        }
        // Said without what the parser would quote.
        parsed(&self.content).ok_or_else(|| "the answer is not valid JSON".into())
    }
}

/// A header that may stand there several times.
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

/// A JSON document, none where it is not valid or names a key twice: parsers differ in which of them they keep.
fn parsed(content: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(content).ok()?;
    serde_json::from_str::<Distinct>(text).ok()?;
    serde_json::from_str(text).ok()
}

/// Any JSON value in which no object, at any depth, names a key twice.
struct Distinct;

impl<'de> Deserialize<'de> for Distinct {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Distinct {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self, A::Error> {
        let mut keys = HashSet::new();
        while let Some((key, Self)) = entries.next_entry::<String, Self>()? {
            if !keys.insert(key) {
                return Err(de::Error::custom("a key stands there twice"));
            }
        }
        Ok(self)
    }
}
