//! What an error message shows of an error body.

use serde_json::{Map, Value};

use super::{text, texts};

/// The code of an error, and the code with the texts of an object that `fields` name; `None` without a code.
pub fn summary<'a>(
    body: &'a Map<String, Value>,
    code: &str,
    fields: &[&str],
) -> Option<(&'a str, String)> {
    let code = text(body, &[code])?;
    let mut summary = quoted(code).to_owned();
    for (name, value) in texts(body, fields) {
        summary += &format!(" {}={}", quoted(&name), quoted(&value));
    }
    Some((code, summary))
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
