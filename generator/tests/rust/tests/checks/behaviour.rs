//! Settings, cancellation, clients of one's own, and what is printed.

use std::future::Future;
use std::io::Write;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use checks::{reply, Server};
use stepup_mfa_client::uuid::Uuid;
use stepup_mfa_client::{
    reqwest, serde_json, Builder, Error, FetchUserMfaMethodsParams, GrantType, StepUpMfa,
    VerifySmsChallengeParams, VerifyStepUpGrantParams, VerifyTotpChallengeParams,
};

const KEY: &str = "canary-key";

fn client(server: &Server) -> StepUpMfa {
    StepUpMfa::builder(&server.url, KEY).build().unwrap()
}

fn verified() -> Server {
    Server::answering(vec![reply(200, "{\"success\": true}")])
}

fn grant() -> VerifyStepUpGrantParams {
    VerifyStepUpGrantParams {
        action_type: "SENSITIVE_ACTION".into(),
        user_id: Uuid::nil(),
        grant: "canary-grant".into(),
    }
}

fn lookup() -> FetchUserMfaMethodsParams {
    FetchUserMfaMethodsParams {
        user_id: Uuid::nil(),
    }
}

fn problems(builder: Builder) -> (Vec<&'static str>, String) {
    let error = builder.build().unwrap_err();
    let shown = format!("{error} {error:?}");
    let Error::InvalidArgument { problems, .. } = error else {
        panic!("{error:?}");
    };
    (problems.iter().map(|each| each.name).collect(), shown)
}

#[test]
fn settings_are_checked_and_none_is_quoted_that_may_be_a_secret() {
    let good = || StepUpMfa::builder("http://127.0.0.1:1", "key");
    let mut wrong = vec![
        (StepUpMfa::builder("", ""), vec!["auth_url", "api_key"]),
        (good().timeout(Duration::ZERO), vec!["timeout"]),
        (good().retries(11), vec!["retries"]),
    ];
    for url in [
        "auth.example.com",
        "ftp://x",
        "http://u:canary@x",
        "http://x?a=canary",
        "http://x#a",
        "http://",
        "mailto:a@b",
    ] {
        wrong.push((StepUpMfa::builder(url, "key"), vec!["auth_url"]));
    }
    for key in ["canary key", "canary\nkey", "canary\u{e9}"] {
        wrong.push((
            StepUpMfa::builder("http://127.0.0.1:1", key),
            vec!["api_key"],
        ));
    }
    for (name, value) in [
        ("Authorization", "canary"),
        ("content-length", "canary"),
        ("Transfer-Encoding", "canary"),
        ("a b", "canary"),
        ("", "canary"),
        ("a", "canary\r\nb: c"),
        ("a", "canary\u{e9}"),
    ] {
        wrong.push((good().header(name, value), vec!["headers"]));
    }
    for (builder, wanted) in wrong {
        let shown = format!("{builder:?}");
        let (found, said) = problems(builder);
        assert_eq!(found, wanted, "{said}");
        assert!(
            !shown.contains("canary") && !said.contains("canary"),
            "{said}"
        );
    }
}

#[tokio::test]
async fn a_header_of_ones_own_replaces_one_of_ours() {
    let server = verified();
    let auth = StepUpMfa::builder(&server.url, KEY);
    let auth = auth.header("User-Agent", "mine/1").header("X-Mine", "2");
    let auth = auth.build().unwrap();
    auth.mfa().verify_step_up_grant(grant()).await.unwrap();
    client(&server)
        .mfa()
        .verify_step_up_grant(grant())
        .await
        .unwrap();
    let requests = server.requests();
    assert!(
        requests[0].contains("\r\nuser-agent: mine/1\r\n"),
        "{requests:?}"
    );
    assert!(requests[0].contains("\r\nx-mine: 2\r\n"), "{requests:?}");
    assert!(
        requests[1].contains("\r\nuser-agent: stepup_mfa_client/"),
        "{requests:?}"
    );
}

#[tokio::test]
async fn nothing_prints_a_secret_and_a_secret_can_be_had() {
    let server = Server::answering(vec![reply(200, "{\"step_up_grant\": \"canary-issued\"}")]);
    let auth = client(&server);
    let params = VerifySmsChallengeParams {
        challenge_id: "c".into(),
        user_id: Uuid::nil(),
        code: "canary-code".into(),
    };
    let mut shown = format!("{auth:?} {:?} {params:?} {params:#?}", auth.mfa());
    let found = auth.mfa().verify_sms_challenge(params).await.unwrap();
    assert_eq!(found.step_up_grant.expose(), "canary-issued");
    shown += &format!("{found:?} {found:#?} {:?} {:?}", grant(), auth.clone());
    assert!(!shown.contains("canary"), "{shown}");
    assert_eq!(
        format!("{found:?}"),
        "VerifySmsChallengeResponse { step_up_grant: *** }"
    );
    assert_eq!(found.step_up_grant.into_inner(), "canary-issued");
}

#[tokio::test]
async fn a_redirect_is_not_followed_whatever_client_makes_the_requests() {
    let redirect = reply(307, "").replace("\r\n\r\n", "\r\nLocation: /elsewhere\r\n\r\n");
    let server = Server::answering(vec![redirect, reply(200, "{\"success\": true}")]);
    let mine = reqwest::Client::builder()
        .user_agent("mine/2")
        .redirect(reqwest::redirect::Policy::limited(5));
    let auth = StepUpMfa::builder(&server.url, KEY).http_client(mine);
    let auth = auth.build().unwrap();
    let error = auth.mfa().verify_step_up_grant(grant()).await.unwrap_err();
    assert!(
        error.to_string().contains("redirects are not followed"),
        "{error}"
    );
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_call_that_is_dropped_is_given_up_and_leaves_the_client_whole() {
    let server = Server::answering(vec![String::new(), reply(200, "{\"mfa_setup\": null}")]);
    let auth = client(&server);
    let call = auth.user().fetch_user_mfa_methods(lookup());
    assert!(tokio::time::timeout(Duration::from_millis(200), call)
        .await
        .is_err());
    assert_eq!(server.requests().len(), 1);
    let found = auth.user().fetch_user_mfa_methods(lookup()).await.unwrap();
    assert_eq!(found.mfa_setup, None);
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_call_can_be_made_anywhere() {
    fn shared<T: Send + Sync + 'static>(value: T) -> T {
        value
    }
    let server = verified();
    let auth = shared(client(&server));
    let calls = (0..4).map(|_| {
        let auth = auth.clone();
        tokio::spawn(async move { auth.mfa().verify_step_up_grant(grant()).await })
    });
    for call in calls.collect::<Vec<_>>() {
        assert!(call.await.unwrap().unwrap().success);
    }
    // Two calls at once, each borrowing the client alone.
    let (mfa, both) = (auth.mfa(), auth.mfa());
    let found = tokio::join!(
        mfa.verify_step_up_grant(grant()),
        both.verify_step_up_grant(grant())
    );
    assert!(found.0.unwrap().success && found.1.unwrap().success);
    let nobody = StepUpMfa::builder("http://127.0.0.1:1", KEY)
        .build()
        .unwrap();
    let error = nobody
        .mfa()
        .verify_step_up_grant(grant())
        .await
        .unwrap_err();
    let error: Box<dyn std::error::Error + Send + Sync> = Box::new(shared(error));
    assert!(error.to_string().contains("not sent"), "{error}");
}

#[test]
fn without_tokio_a_call_fails_and_does_not_panic() {
    let server = verified();
    let auth = client(&server);
    let mut call = pin!(auth.mfa().verify_step_up_grant(grant()));
    let Poll::Ready(found) = call.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("it waits");
    };
    assert!(matches!(found, Err(Error::NotSent { .. })), "{found:?}");
}

#[tokio::test]
async fn arguments_are_refused_all_at_once() {
    let server = verified();
    let params = VerifyTotpChallengeParams {
        action_type: String::new(),
        user_id: Uuid::nil(),
        code: "canary-code-that-is-too-long".into(),
        grant_type: GrantType::OneTimeUse,
        valid_for_seconds: 0,
    };
    let auth = client(&server);
    let error = auth
        .mfa()
        .verify_step_up_totp_challenge(params)
        .await
        .unwrap_err();
    let wanted = "verify_step_up_totp_challenge: action_type: expected a length of at least 1; \
                  code: expected a length of at most 16; valid_for_seconds: expected at least 1";
    assert_eq!(error.to_string(), wanted);
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn another_protocol_is_no_connection() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let greeting = b"SSH-2.0-OpenSSH_9.2\r\n\r\n";
            connection.unwrap().write_all(greeting).unwrap();
        }
    });
    let auth = StepUpMfa::builder(url, KEY).build().unwrap();
    let error = auth.mfa().verify_step_up_grant(grant()).await.unwrap_err();
    assert!(matches!(error, Error::NotSent { .. }), "{error:?}");
}

/// `TLS_URL` is a server whose certificate, in the file `TLS_CERTIFICATE`, nobody has signed.
#[tokio::test]
async fn a_certificate_that_nobody_trusts_is_refused_and_one_that_is_given_is_trusted() {
    let url = std::env::var("TLS_URL").unwrap();
    let auth = StepUpMfa::builder(&url, KEY).retries(0).build().unwrap();
    let error = auth.mfa().verify_step_up_grant(grant()).await.unwrap_err();
    assert!(matches!(error, Error::NotSent { .. }), "{error:?}");
    assert!(error.to_string().contains("certificate"), "{error}");
    let file = std::fs::read(std::env::var("TLS_CERTIFICATE").unwrap()).unwrap();
    let certificate = reqwest::Certificate::from_pem(&file).unwrap();
    let mine = reqwest::Client::builder().tls_certs_merge([certificate]);
    let auth = StepUpMfa::builder(&url, KEY).http_client(mine);
    let auth = auth.build().unwrap();
    assert!(
        auth.mfa()
            .verify_step_up_grant(grant())
            .await
            .unwrap()
            .success
    );
}

#[tokio::test]
async fn no_answer_makes_it_panic() {
    let whole = "{\"mfa_setup\": {\"type\": \"Phone\", \"phone_numbers\": [{\"mfa_phone_id\": \
                 \"cc83af74-cd5b-4a3e-8f21-6b0d9e4c7a10\", \"mfa_phone_number_suffix\": \"12\u{e9}4\"}]}, \
                 \"error_code\": \"x\", \"field_errors\": {\"a\": \"b\"}, \"n\": [1e400, -0.0, 18446744073709551616]}";
    let pieces = [
        "\"",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\\u",
        "null",
        "-",
        "1e9",
        "\u{1f600}",
        "\0",
        "",
    ];
    let mut answers = Vec::new();
    let mut state: u32 = 7;
    let mut random = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % below
    };
    for _ in 0..300 {
        let mut text = whole.to_owned();
        for _ in 0..=random(3) {
            let at = (0..=random(text.len()))
                .rev()
                .find(|at| text.is_char_boundary(*at));
            let end = (at.unwrap()..=text.len())
                .rev()
                .find(|end| random(4) == 0 && text.is_char_boundary(*end));
            let piece = pieces[random(pieces.len())];
            text.replace_range(at.unwrap()..end.unwrap_or(at.unwrap()), piece);
        }
        answers.push(reply([200, 200, 400, 429][random(4)], &text));
    }
    let server = Server::answering(answers);
    let auth = StepUpMfa::builder(&server.url, KEY)
        .retries(0)
        .build()
        .unwrap();
    let mut fine = 0;
    for _ in 0..300 {
        match auth.user().fetch_user_mfa_methods(lookup()).await {
            Ok(_) => fine += 1,
            Err(error) => assert!(!format!("{error} {error:?}").is_empty()),
        }
    }
    assert_eq!(server.requests().len(), 300);
    assert!(fine < 300);
    serde_json::from_str::<serde_json::Value>(&whole.replace("1e400, ", "")).unwrap();
}
