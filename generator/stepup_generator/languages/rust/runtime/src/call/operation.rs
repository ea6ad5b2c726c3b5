//! Operations as data.

use reqwest::Method;

/// What is known of an operation.
pub struct Operation {
    pub name: &'static str,
    pub method: Method,
    /// With `{name}` where a path parameter goes.
    pub path: &'static str,
    /// Statuses, or ranges such as `2XX`, with the media type of the body, "" where there is none.
    pub successes: &'static [(&'static str, &'static str)],
    /// The header that carries the API key, and what precedes the key.
    pub credentials: Option<(&'static str, &'static str)>,
    pub repeatable: bool,
}

impl Operation {
    /// The success that a status is, if any.
    pub fn success(&self, status: u16) -> Option<(&'static str, &'static str)> {
        let exact = |found: &str| found.parse() == Ok(status);
        let range = |found: &str| found.trim_end_matches("XX").parse() == Ok(status / 100);
        let exact = self.successes.iter().find(|(found, _)| exact(found));
        let mut ranges = self.successes.iter().filter(|(found, _)| range(found));
        exact.or_else(|| ranges.next()).copied()
    }
}
