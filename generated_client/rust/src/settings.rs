//! What a client is made with.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use reqwest::{redirect, retry, Url};

use crate::errors::{Error, Problem};
use crate::{Secret, StepUpMfa};

const AGENT: &str = "stepup_mfa_client/0.1.0 rust";

/// Headers that carry the API key; callers may not set them.
const CREDENTIALS: &[&str] = &["authorization"];

/// Settings of a client, in the making; [`build`](Builder::build) checks them.
#[must_use = "a builder makes nothing before `build` is called"]
pub struct Builder {
    auth_url: String,
    api_key: Secret,
    timeout: Duration,
    headers: Vec<(String, String)>,
    retries: u32,
    http: reqwest::ClientBuilder,
}

/// Settings, checked and whole.
pub(crate) struct Settings {
    pub(crate) url: String,
    pub(crate) key: Secret,
    pub(crate) timeout: Duration,
    pub(crate) headers: HeaderMap,
    pub(crate) retries: u32,
    pub(crate) http: reqwest::Client,
}

impl Builder {
    pub(crate) fn new(auth_url: String, api_key: String) -> Self {
        Self {
            auth_url,
            api_key: Secret::new(api_key),
            timeout: Duration::from_secs(10),
            headers: Vec::new(),
            retries: 2,
            http: reqwest::Client::builder(),
        }
    }

    /// As [`StepUpMfa::builder`], with address and key from the environment variables `STEPUP_MFA_AUTH_URL` and
    /// `STEPUP_MFA_API_KEY`.
    pub fn from_env() -> Self {
        let read = |name| std::env::var(name).unwrap_or_default();
        let auth_url = read("STEPUP_MFA_AUTH_URL");
        Self::new(auth_url, read("STEPUP_MFA_API_KEY"))
    }

    /// How long one try may take, to the end of its answer; by default ten seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// A header that is sent with every request. It replaces one of the same name.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// How often a call may be tried again, where that is safe; by default twice, at most ten times.
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// What makes the requests: with a builder of yours come your proxies, certificates and pools. Redirects and
    /// retries of its own are switched off.
    pub fn http_client(mut self, builder: reqwest::ClientBuilder) -> Self {
        self.http = builder;
        self
    }

    /// The client.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] with everything that is missing or malformed. No message holds the key, or the value
    /// of a header.
    pub fn build(self) -> Result<StepUpMfa, Error> {
        let mut problems = Vec::new();
        let url = checked_url(&self.auth_url);
        let url = url.map_err(|wanted| problems.push(Problem::new("auth_url", wanted)));
        let key = checked_key(self.api_key.expose());
        let key = key.map_err(|wanted| problems.push(Problem::new("api_key", wanted)));
        if self.timeout.is_zero() {
            problems.push(Problem::new("timeout", "wanted a time that is not zero"));
        }
        if self.retries > 10 {
            problems.push(Problem::new("retries", "wanted at most 10"));
        }
        let headers = checked_headers(&self.headers);
        let headers = headers.map_err(|wanted| problems.push(Problem::new("headers", wanted)));
        // A redirect could carry key and codes elsewhere; what may be sent twice is decided by the operation.
        let http = self.http.redirect(redirect::Policy::none());
        let http = http.retry(retry::never()).referer(false).build();
        let http = http.map_err(|error| {
            let failure = crate::answer::Failure::from(error);
            problems.push(Problem::new("http_client", failure.reason));
        });
        match (url, key, headers, http) {
            (Ok(url), Ok(()), Ok(headers), Ok(http)) if problems.is_empty() => {
                Ok(StepUpMfa::new(Arc::new(Settings {
                    url,
                    key: self.api_key,
                    timeout: self.timeout,
                    headers,
                    retries: self.retries,
                    http,
                })))
            }
            _ => Err(Error::invalid("StepUpMfa", problems)),
        }
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Builder");
        shown.field("timeout", &self.timeout);
        shown.field("retries", &self.retries);
        shown.finish_non_exhaustive()
    }
}

/// An address without the slashes at its end, if it can be that of a server.
fn checked_url(given: &str) -> Result<String, &'static str> {
    if given.is_empty() {
        return Err("is missing; give it, or set STEPUP_MFA_AUTH_URL");
    }
    let plain = |url: &Url| {
        let named = url.username().is_empty() && url.password().is_none();
        let bare = url.query().is_none() && url.fragment().is_none();
        ["http", "https"].contains(&url.scheme()) && url.has_host() && named && bare
    };
    const WANTED: &str = "wanted an address like https://auth.example.com, no query, no password";
    let url = Url::parse(given).ok().filter(plain).ok_or(WANTED)?;
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn checked_key(given: &str) -> Result<(), &'static str> {
    if given.is_empty() {
        Err("is missing; give it, or set STEPUP_MFA_API_KEY")
    } else if given.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(())
    } else {
        Err("wanted printable ASCII without spaces")
    }
}

fn checked_headers(given: &[(String, String)]) -> Result<HeaderMap, &'static str> {
    let mut headers = HeaderMap::new();
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    for (name, value) in given {
        let printable = value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        let (Ok(name), Ok(value), true) = (
            HeaderName::try_from(name),
            HeaderValue::try_from(value),
            printable,
        ) else {
            return Err("wanted names and values of printable ASCII");
        };
        if CREDENTIALS.contains(&name.as_str()) {
            return Err("the API key is sent by api_key");
        }
        if ["content-length", "transfer-encoding"].contains(&name.as_str()) {
            return Err("content-length and transfer-encoding follow from the body");
        }
        headers.insert(name, value);
    }
    Ok(headers)
}
