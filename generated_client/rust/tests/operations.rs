//! Every operation against a server that answers as told, over a real socket.
#![allow(deprecated, clippy::unwrap_used, clippy::panic)]

use std::future::Future;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use stepup_mfa_client::serde_json::json;
use stepup_mfa_client::{Error, StepUpMfa};

const KEY: &str = "canary-key-5f1d0c";

struct Case {
    method: &'static str,
    credentials: Option<(&'static str, &'static str)>,
    repeatable: bool,
    status: u16,
    answer: Option<&'static str>,
    secrets: &'static [&'static str],
    issued: &'static [&'static str],
}

/// Answers every connection with the same bytes, and remembers the heads of requests. One without bytes drops them.
struct Server {
    auth: StepUpMfa,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn answering(answer: Option<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        // Ends with the test's process.
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let mut connection = connection.unwrap();
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && connection.read(&mut byte).unwrap() > 0 {
                    head.extend(byte);
                }
                let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
                let length = head.split("content-length: ").nth(1).unwrap_or("0");
                let length = length.lines().next().unwrap().parse().unwrap();
                connection.read_exact(&mut vec![0; length]).unwrap();
                seen.lock().unwrap().push(head);
                if let Some(answer) = &answer {
                    connection.write_all(answer.as_bytes()).unwrap();
                }
            }
        });
        let auth = StepUpMfa::builder(url, KEY).timeout(Duration::from_secs(5));
        Self {
            auth: auth.build().unwrap(),
            requests,
        }
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn reply(status: u16, headers: &str, content: &str) -> Option<String> {
    let length = content.len();
    Some(format!(
        "HTTP/1.1 {status} Told\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{content}"
    ))
}

const JSON: &str = "Content-Type: application/json\r\n";

async fn check<F, Called>(case: Case, call: F)
where
    F: Fn(StepUpMfa) -> Called,
    Called: Future<Output = Result<String, Error>> + Send,
{
    let good = case.answer.unwrap_or_default();
    sends_what_the_document_says(&case, &call).await;

    // Nothing else is taken for a success.
    let redirect = format!("{JSON}Location: /elsewhere\r\n");
    for (status, headers, content) in [
        (226, JSON, good),
        (302, redirect.as_str(), good),
        (418, JSON, good),
        (599, JSON, good),
        (200, "Content-Type: text/html\r\n", "<html>"),
        (200, "Content-Type: text/plain\r\n", "no"),
        (200, JSON, "{} x"),
    ] {
        let server = Server::answering(reply(status, headers, content));
        let error = call(server.auth.clone()).await.unwrap_err();
        assert!(matches!(error, Error::UnexpectedAnswer { .. }), "{error:?}");
        assert_eq!(server.requests().len(), 1, "{status}");
    }

    // When an answer is lost, only what may be repeated is sent again.
    let server = Server::answering(None);
    let error = call(server.auth.clone()).await.unwrap_err();
    assert!(matches!(error, Error::NoAnswer { .. }), "{error:?}");
    assert_eq!(server.requests().len(), if case.repeatable { 3 } else { 1 });

    // No secret is shown in an error.
    let secrets = [&[KEY], case.secrets].concat().join(" ");
    let headers = format!("{JSON}X-Request-Id: {secrets}\r\n");
    let echo = json!({ "echo": secrets }).to_string();
    let server = Server::answering(reply(409, &headers, &echo));
    let error = call(server.auth.clone()).await.unwrap_err();
    let shown = format!("{error} {error:?} {:?}", server.auth);
    for secret in [&[KEY], case.secrets].concat() {
        assert!(!shown.contains(secret), "{shown}");
    }
}

async fn sends_what_the_document_says<F, Called>(case: &Case, call: &F)
where
    F: Fn(StepUpMfa) -> Called,
    Called: Future<Output = Result<String, Error>> + Send,
{
    let headers = if case.answer.is_some() { JSON } else { "" };
    let answer = reply(case.status, headers, case.answer.unwrap_or_default());
    let server = Server::answering(answer);
    let shown = call(server.auth.clone()).await.unwrap();
    for secret in case.issued {
        assert!(!shown.contains(secret), "{shown}");
    }
    let requests = server.requests();
    let [request] = requests.as_slice() else {
        panic!("{requests:?}");
    };
    let method = case.method.to_ascii_lowercase();
    assert!(request.starts_with(&method), "{request}");
    if let Some((header, prefix)) = case.credentials {
        let line = format!("\r\n{header}: {prefix}{KEY}\r\n").to_ascii_lowercase();
        assert!(request.contains(&line), "{request}");
    }
}

/// The calls of the document's examples. Nothing else has a name here.
mod calls {
    use stepup_mfa_client::uuid::uuid;
    use stepup_mfa_client::*;

    pub async fn fetch_user_mfa_methods(auth: StepUpMfa) -> Result<String, Error> {
        let params = FetchUserMfaMethodsParams {
            user_id: uuid!("31c41c16-c281-44ae-9602-8a047e3bf33d"),
        };
        let answer = auth.user().fetch_user_mfa_methods(params).await?;
        Ok(format!("{answer:?}"))
    }

    pub async fn verify_step_up_totp_challenge(auth: StepUpMfa) -> Result<String, Error> {
        let params = VerifyTotpChallengeParams {
            action_type: "SENSITIVE_ACTION".into(),
            user_id: uuid!("31c41c16-c281-44ae-9602-8a047e3bf33d"),
            code: "123456".into(),
            grant_type: GrantType::TimeBased,
            valid_for_seconds: 60,
        };
        let answer = auth.mfa().verify_step_up_totp_challenge(params).await?;
        Ok(format!("{answer:?}"))
    }

    pub async fn send_sms_mfa_code(auth: StepUpMfa) -> Result<String, Error> {
        let params = SendSmsMfaCodeParams {
            action_type: "SENSITIVE_ACTION".into(),
            user_id: uuid!("6200a53c-c2d1-4f0e-9b5e-3f1a7c8d2e64"),
            mfa_phone_id: uuid!("cc83af74-cd5b-4a3e-8f21-6b0d9e4c7a10"),
            grant_type: GrantType::TimeBased,
            valid_for_seconds: 60,
        };
        let answer = auth.mfa().send_sms_mfa_code(params).await?;
        Ok(format!("{answer:?}"))
    }

    pub async fn verify_sms_challenge(auth: StepUpMfa) -> Result<String, Error> {
        let params = VerifySmsChallengeParams {
            challenge_id: "a7b0e75b-3a64-4c1d-b58e-90f2d7c6e153".into(),
            user_id: uuid!("6200a53c-c2d1-4f0e-9b5e-3f1a7c8d2e64"),
            code: "ABC123".into(),
        };
        let answer = auth.mfa().verify_sms_challenge(params).await?;
        Ok(format!("{answer:?}"))
    }

    pub async fn verify_step_up_grant(auth: StepUpMfa) -> Result<String, Error> {
        let params = VerifyStepUpGrantParams {
            action_type: "SENSITIVE_ACTION".into(),
            user_id: uuid!("31c41c16-c281-44ae-9602-8a047e3bf33d"),
            grant: "f374f738cc0b1f2d5a4e6c8790ab1234cd56ef7890a1b2c3d4e5f60718293a4b".into(),
        };
        let answer = auth.mfa().verify_step_up_grant(params).await?;
        Ok(format!("{answer:?}"))
    }
}

mod operations {
    #[tokio::test]
    async fn fetch_user_mfa_methods() {
        let case = super::Case {
            method: "GET",
            credentials: Some(("Authorization", "Bearer ")),
            repeatable: true,
            status: 200,
            answer: Some("{\"mfa_setup\": {\"type\": \"Totp\"}}"),
            secrets: &[],
            issued: &[],
        };
        let call = super::calls::fetch_user_mfa_methods;
        super::check(case, call).await;
    }

    #[tokio::test]
    async fn verify_step_up_totp_challenge() {
        let case = super::Case {
            method: "POST",
            credentials: Some(("Authorization", "Bearer ")),
            repeatable: false,
            status: 200,
            answer: Some(
                "{\"step_up_grant\": \"f374f738cc0b1f2d5a4e6c8790ab1234cd56ef7890a1b2c3d4e5f60718293a4b\"}",
            ),
            secrets: &["123456"],
            issued: &["f374f738cc0b1f2d5a4e6c8790ab1234cd56ef7890a1b2c3d4e5f60718293a4b"],
        };
        let call = super::calls::verify_step_up_totp_challenge;
        super::check(case, call).await;
    }

    #[tokio::test]
    async fn send_sms_mfa_code() {
        let case = super::Case {
            method: "POST",
            credentials: Some(("Authorization", "Bearer ")),
            repeatable: false,
            status: 200,
            answer: Some("{\"challenge_id\": \"a7b0e75b-3a64-4c1d-b58e-90f2d7c6e153\"}"),
            secrets: &[],
            issued: &[],
        };
        let call = super::calls::send_sms_mfa_code;
        super::check(case, call).await;
    }

    #[tokio::test]
    async fn verify_sms_challenge() {
        let case = super::Case {
            method: "POST",
            credentials: Some(("Authorization", "Bearer ")),
            repeatable: false,
            status: 200,
            answer: Some(
                "{\"step_up_grant\": \"f1d402e76791970a3c5b8d2e4f60718293a4b5c6d7e8f90112233445566778ff\"}",
            ),
            secrets: &["ABC123"],
            issued: &["f1d402e76791970a3c5b8d2e4f60718293a4b5c6d7e8f90112233445566778ff"],
        };
        let call = super::calls::verify_sms_challenge;
        super::check(case, call).await;
    }

    #[tokio::test]
    async fn verify_step_up_grant() {
        let case = super::Case {
            method: "POST",
            credentials: Some(("Authorization", "Bearer ")),
            repeatable: false,
            status: 200,
            answer: Some("{\"success\": true}"),
            secrets: &["f374f738cc0b1f2d5a4e6c8790ab1234cd56ef7890a1b2c3d4e5f60718293a4b"],
            issued: &[],
        };
        let call = super::calls::verify_step_up_grant;
        super::check(case, call).await;
    }
}

#[test]
fn wants_an_address_and_a_key() {
    let auth = StepUpMfa::builder("auth.example.com", "a key").build();
    let error = auth.unwrap_err();
    let Error::InvalidArgument { problems, .. } = error else {
        panic!("{error:?}");
    };
    let names: Vec<&str> = problems.iter().map(|problem| problem.name).collect();
    assert_eq!(names, ["auth_url", "api_key"]);
}
