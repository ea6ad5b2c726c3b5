//! Texts from a server, which may repeat the secrets it was sent.

/// The text without secrets.
pub fn scrub(text: &str, secrets: &[String]) -> String {
    let secrets = secrets.iter().filter(|secret| !secret.is_empty());
    secrets.fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
}
