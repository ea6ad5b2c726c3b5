//! Settings of clients.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use reqwest::{redirect, retry, Url};

use crate::document::{Client, AGENT, API_KEY, AUTH_URL, CLIENT, CREDENTIALS};
use crate::errors::{Error, Problem};
use crate::reason::reason;
use crate::secret::Secret;

/// Settings of a client; [`build`](Builder::build) checks them.
#[must_use = "a builder does nothing before `build` is called"]
pub struct Builder {
    auth_url: String,
    api_key: Secret,
    timeout: Duration,
    headers: Vec<(String, String)>,
    retries: u32,
    http: reqwest::ClientBuilder,
}

/// Checked settings.
pub struct Settings {
    pub url: String,
    pub key: Secret,
    pub timeout: Duration,
    pub headers: HeaderMap,
    pub retries: u32,
    http: reqwest::Client,
}

impl AsRef<reqwest::Client> for Settings {
    fn as_ref(&self) -> &reqwest::Client {
        &self.http
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Settings");
        shown.field("url", &self.url).field("key", &self.key);
        shown.field("timeout", &self.timeout);
        // Their values may be secrets.
        shown.field("headers", &self.headers.keys());
        shown.field("retries", &self.retries);
        shown.finish_non_exhaustive()
    }
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

    /// As [`Client::builder`], with address and key from the environment variables of [`Client::from_env`].
    pub fn from_env() -> Self {
        let read = |name| std::env::var(name).unwrap_or_default();
        Self::new(read(AUTH_URL), read(API_KEY))
    }

    /// How long one attempt may take, to the end of its response; by default ten seconds.
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

    /// What makes the requests: a builder with your proxies, certificates and pools. Its redirects and retries are
    /// switched off.
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
    pub fn build(self) -> Result<Client, Error> {
        let mut problems = Vec::new();
        let url = checked_url(&self.auth_url);
        let url = url.map_err(|expected| problems.push(Problem::new("auth_url", expected)));
        let key = checked_key(self.api_key.expose());
        let key = key.map_err(|expected| problems.push(Problem::new("api_key", expected)));
        if self.timeout.is_zero() {
            problems.push(Problem::new("timeout", "expected a time greater than zero"));
        }
        if self.retries > 10 {
            problems.push(Problem::new("retries", "expected at most 10"));
        }
        let headers = checked_headers(&self.headers);
        let headers = headers.map_err(|expected| problems.push(Problem::new("headers", expected)));
        // A redirect could carry key and codes elsewhere; what may be sent twice is decided by the operation.
        let http = self.http.redirect(redirect::Policy::none());
        let http = http.retry(retry::never()).referer(false).build();
        let http = http.map_err(|error| problems.push(Problem::new("http_client", reason(error))));
        match (url, key, headers, http) {
            (Ok(url), Ok(()), Ok(headers), Ok(http)) if problems.is_empty() => {
                Ok(Client::new(Arc::new(Settings {
                    url,
                    key: self.api_key,
                    timeout: self.timeout,
                    headers,
                    retries: self.retries,
                    http,
                })))
            }
            _ => Err(Error::invalid(CLIENT, problems)),
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

/// The address of a server without the slashes at its end.
fn checked_url(given: &str) -> Result<String, String> {
    if given.is_empty() {
        return Err(missing(AUTH_URL));
    }
    let plain = |url: &Url| {
        let named = url.username().is_empty() && url.password().is_none();
        let bare = url.query().is_none() && url.fragment().is_none();
        ["http", "https"].contains(&url.scheme()) && url.has_host() && named && bare
    };
    const EXPECTED: &str =
        "expected an address such as https://auth.example.com, without query or password";
    let url = Url::parse(given).ok().filter(plain).ok_or(EXPECTED)?;
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn missing(variable: &str) -> String {
    format!("is missing; set it, or {variable} in the environment")
}

fn checked_key(given: &str) -> Result<(), String> {
    if given.is_empty() {
        Err(missing(API_KEY))
    } else if given.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(())
    } else {
        Err("expected printable ASCII without spaces".into())
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
            return Err("expected names and values of printable ASCII");
        };
        if CREDENTIALS.contains(&name.as_str()) {
            return Err("expected no API key here: it is sent by api_key");
        }
        if ["content-length", "transfer-encoding"].contains(&name.as_str()) {
            return Err("content-length and transfer-encoding follow from the body");
        }
        headers.insert(name, value);
    }
    Ok(headers)
}
