//! A call from its arguments to its result.
//!
//! Here is decided what counts as success (exactly what the API documents, nothing else) and what may be sent twice
//! (nothing that could have been done already, unless the API says that it may be repeated).

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue, ACCEPT, CONTENT_TYPE};
use reqwest::{Method, Url};
use serde_json::{Map, Value};

use crate::answer::{Answer, Failure};
use crate::errors::{Error, Problem, Refusal};
use crate::settings::Settings;
use crate::shapes::{Mismatch, Read, Write};

/// The longest `Retry-After` that a repeatable call waits out.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// Failures of a gateway or server that a repeatable call tries again.
const PASSING: [u16; 4] = [500, 502, 503, 504];

/// What is known of an operation.
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    pub(crate) method: Method,
    /// With `{name}` where a path parameter goes.
    pub(crate) path: &'static str,
    /// Statuses, or ranges such as `2XX`, with the media type of the body, "" where there is none.
    pub(crate) successes: &'static [(&'static str, &'static str)],
    /// The header that carries the API key, and what stands before the key.
    pub(crate) credentials: Option<(&'static str, &'static str)>,
    pub(crate) repeatable: bool,
}

impl Operation {
    /// The success that a status is, if any.
    fn success(&self, status: u16) -> Option<(&'static str, &'static str)> {
        let exact = |found: &str| found.parse() == Ok(status);
        let range = |found: &str| found.trim_end_matches("XX").parse() == Ok(status / 100);
        let exact = self.successes.iter().find(|(found, _)| exact(found));
        let mut ranges = self.successes.iter().filter(|(found, _)| range(found));
        exact.or_else(|| ranges.next()).copied()
    }
}

/// The request of a call, in the making.
pub(crate) struct Request {
    operation: &'static Operation,
    path: String,
    query: Vec<(&'static str, String)>,
    headers: HeaderMap,
    body: Option<Value>,
    secrets: Vec<String>,
    problems: Vec<Problem>,
}

// The whole vocabulary stands here; a document need not use all of it.
#[allow(dead_code)]
impl Request {
    pub(crate) fn new(operation: &'static Operation) -> Self {
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

    pub(crate) fn path<S: Write>(&mut self, wire: &'static str, shape: S, value: &S::Value) {
        let segment = self.written(wire, shape, Some(value), |value| segment(&text(&value)));
        if let Some(segment) = segment {
            let place = ["{", wire, "}"].concat();
            self.path = self.path.replace(&place, &segment);
        }
    }

    pub(crate) fn query<'a, S: Write>(
        &mut self,
        wire: &'static str,
        shape: S,
        value: impl Into<Option<&'a S::Value>>,
    ) where
        S::Value: 'a,
    {
        match self.written(wire, shape, value.into(), Ok) {
            Some(Value::Array(items)) => {
                let texts = items.iter().map(|item| (wire, text(item)));
                self.query.extend(texts);
            }
            Some(value) => self.query.push((wire, text(&value))),
            None => {}
        }
    }

    pub(crate) fn header<'a, S: Write>(
        &mut self,
        wire: &'static str,
        shape: S,
        value: impl Into<Option<&'a S::Value>>,
    ) where
        S::Value: 'a,
    {
        let pair = self.written(wire, shape, value.into(), |value| pair(wire, &text(&value)));
        self.headers.extend(pair);
    }

    /// A property of the body.
    pub(crate) fn body<'a, S: Write>(
        &mut self,
        wire: &'static str,
        shape: S,
        value: impl Into<Option<&'a S::Value>>,
    ) where
        S::Value: 'a,
    {
        let written = self.written(wire, shape, value.into(), Ok);
        let body = self.body.get_or_insert_with(|| Value::Object(Map::new()));
        if let (Some(properties), Some(value)) = (body.as_object_mut(), written) {
            properties.insert(wire.to_owned(), value);
        }
    }

    /// The body as a whole.
    pub(crate) fn whole<'a, S: Write>(&mut self, shape: S, value: impl Into<Option<&'a S::Value>>)
    where
        S::Value: 'a,
    {
        self.body = self.written("body", shape, value.into(), Ok);
    }

    /// A value as it is sent; what is wrong with it is noted.
    fn written<S: Write, T>(
        &mut self,
        wire: &'static str,
        shape: S,
        value: Option<&S::Value>,
        turn: impl FnOnce(Value) -> Result<T, Mismatch>,
    ) -> Option<T> {
        let written = shape.write(value?);
        if let (true, Ok(Value::String(secret))) = (S::SECRET, &written) {
            self.secrets.push(secret.clone());
        }
        let turned = written.and_then(turn);
        turned
            .map_err(|mismatch| {
                let (place, wanted) = mismatch.into_parts();
                let wanted = place.map_or(wanted.clone(), |place| format!("{place}: {wanted}"));
                self.problems.push(Problem::new(wire, wanted));
            })
            .ok()
    }

    /// The request as it is sent; fails with everything that is wrong with the arguments.
    fn prepared(mut self, settings: &Settings) -> Result<Prepared, Error> {
        let operation = self.operation;
        let mut headers = HeaderMap::with_capacity(8);
        headers.extend(settings.headers.clone());
        headers.extend(std::mem::take(&mut self.headers));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if self.body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        if let Some((name, prefix)) = operation.credentials {
            match pair(name, &format!("{prefix}{}", settings.key.expose())) {
                Ok((name, mut value)) => {
                    value.set_sensitive(true);
                    headers.insert(name, value);
                }
                Err(_) => self.problems.push(Problem::new("api_key", PRINTABLE)),
            }
        }
        let url = Url::parse(&format!("{}{}", settings.url, self.path));
        let Ok(mut url) = url else {
            self.problems.push(Problem::new("path", "wanted a path"));
            return Err(Error::invalid(operation.name, self.problems));
        };
        if !self.problems.is_empty() {
            return Err(Error::invalid(operation.name, self.problems));
        }
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

const PRINTABLE: &str = "wanted printable ASCII";
const UNDOCUMENTED: &str = "not a status of this operation";

/// How a value stands in a path, query or header.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A text as one segment of a path, whatever is in it: all but the unreserved characters is encoded.
fn segment(value: &str) -> Result<String, Mismatch> {
    // RFC 3986 section 5.2.4: these would not stay segments.
    if ["", ".", ".."].contains(&value) {
        return Err(Mismatch::new("wanted something that can stand in a path"));
    }
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded += &format!("%{byte:02X}");
        }
    }
    Ok(encoded)
}

fn pair(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Mismatch> {
    let printable = value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let name = HeaderName::try_from(name).ok();
    let value = HeaderValue::try_from(value).ok().filter(|_| printable);
    name.zip(value).ok_or_else(|| Mismatch::new(PRINTABLE))
}

/// A request, ready to be sent as often as may be.
struct Prepared {
    operation: &'static Operation,
    url: Url,
    headers: HeaderMap,
    body: Option<String>,
    secrets: Vec<String>,
}

/// The answer to a call that counts as a success.
#[allow(dead_code)]
pub(crate) struct Answered {
    operation: &'static Operation,
    answer: Answer,
    /// Which of the successes it is: its status, or range.
    pub(crate) success: &'static str,
    document: Value,
    secrets: Vec<String>,
}

#[allow(dead_code)]
impl Answered {
    /// What the answer holds.
    pub(crate) fn read<S: Read>(&self, shape: S) -> Result<S::Value, Error> {
        shape.read(&self.document).map_err(|mismatch| {
            let problem = format!("the answer is not as described ({mismatch})");
            unexpected(self.operation, &self.answer, &self.secrets, &problem)
        })
    }

    /// For a success that nobody reads.
    pub(crate) fn unread<T>(&self) -> Result<T, Error> {
        let (operation, answer) = (self.operation, &self.answer);
        Err(unexpected(operation, answer, &self.secrets, UNDOCUMENTED))
    }
}

/// Make a call, again where that is safe.
pub(crate) async fn send(request: Request, settings: &Settings) -> Result<Answered, Error> {
    let request = request.prepared(settings)?;
    if tokio::runtime::Handle::try_current().is_err() {
        let failure = Failure {
            reason: "no Tokio runtime".into(),
            sent: false,
            timed_out: false,
        };
        return judge(request, Err(failure));
    }
    let mut tries = 0;
    loop {
        let outcome = attempt(&request, settings).await;
        tries += 1;
        let pause = pause(request.operation, &outcome, tries);
        match pause.filter(|_| tries <= settings.retries) {
            Some(pause) => tokio::time::sleep(pause).await,
            None => return judge(request, outcome),
        }
    }
}

async fn attempt(request: &Prepared, settings: &Settings) -> Result<Answer, Failure> {
    let method = request.operation.method.clone();
    let mut sent = reqwest::Request::new(method, request.url.clone());
    *sent.headers_mut() = request.headers.clone();
    *sent.body_mut() = request.body.clone().map(reqwest::Body::from);
    let exchange = async { Answer::read(settings.http.execute(sent).await?).await };
    let outcome = tokio::time::timeout(settings.timeout, exchange).await;
    outcome.unwrap_or_else(|_| Err(Failure::timed_out()))
}

/// How long to wait before trying again, none not to. `tries` counts from 1.
fn pause(operation: &Operation, outcome: &Result<Answer, Failure>, tries: u32) -> Option<Duration> {
    let repeatable = operation.repeatable;
    let answer = match outcome {
        Ok(answer) => answer,
        Err(failure) => return (repeatable || !failure.sent).then(|| backoff(tries)),
    };
    if !repeatable || operation.success(answer.status).is_some() {
        return None;
    }
    let wait = answer.retry_after;
    if answer.status == 429 {
        return wait.filter(|wait| *wait <= LONGEST_WAIT);
    }
    let wait = wait.unwrap_or_default();
    let passing = PASSING.contains(&answer.status) && wait <= LONGEST_WAIT;
    passing.then(|| wait.max(backoff(tries)))
}

/// Growing, and spread so that many callers do not come back at once.
fn backoff(tries: u32) -> Duration {
    // Hashers are seeded at random, which is random enough here.
    let random = RandomState::new().build_hasher().finish() % 1000;
    let most = 200 * 2_u64.saturating_pow(tries.saturating_sub(1));
    Duration::from_millis(most.min(2000) * random / 1000)
}

/// The success that an outcome is, or the error that says why it is none.
fn judge(request: Prepared, outcome: Result<Answer, Failure>) -> Result<Answered, Error> {
    let (operation, secrets) = (request.operation, request.secrets);
    let answer = outcome.map_err(|failure| {
        let reason = scrubbed(&failure.reason, &secrets);
        Error::failed(operation.name, reason, failure.sent, failure.timed_out)
    })?;
    let success = operation.success(answer.status);
    let wanted = success.map(|(_, media_type)| media_type);
    let document = document(operation, &answer, wanted, &secrets)?;
    Ok(Answered {
        operation,
        answer,
        success: success.map_or("", |(status, _)| status),
        document,
        secrets,
    })
}

/// The document of a success; null where it has no body. `wanted` is its media type, none where it is no success.
fn document(
    operation: &Operation,
    answer: &Answer,
    wanted: Option<&str>,
    secrets: &[String],
) -> Result<Value, Error> {
    let unexpected = |problem: &str| unexpected(operation, answer, secrets, problem);
    match (wanted, answer.status) {
        (Some(""), _) if answer.is_empty() => return Ok(Value::Null),
        (Some(""), _) => return Err(unexpected("an answer without a body was wanted")),
        (None, ..300) => return Err(unexpected(UNDOCUMENTED)),
        (None, 300..400) => return Err(unexpected("redirects are not followed")),
        _ => {}
    }
    let document = answer.document(wanted.unwrap_or_default());
    let document = document.map_err(|problem| unexpected(&problem))?;
    if wanted.is_some() {
        return Ok(document);
    }
    let scrub = |text: &str| scrubbed(text, secrets);
    match Refusal::read(operation.name, answer, document, scrub) {
        Some(refusal) => Err(Error::Refused(refusal)),
        None => Err(unexpected("not an error body of this API")),
    }
}

fn unexpected(operation: &Operation, answer: &Answer, secrets: &[String], problem: &str) -> Error {
    let scrub = |text: &str| scrubbed(text, secrets);
    Error::unexpected(operation.name, answer, scrub, problem)
}

/// What a server says may hold what it was sent.
fn scrubbed(text: &str, secrets: &[String]) -> String {
    let secrets = secrets.iter().filter(|secret| !secret.is_empty());
    secrets.fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
}
