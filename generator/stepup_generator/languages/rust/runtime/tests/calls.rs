//! JSON, calls and settings, over a real socket.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;

use serde_json::{json, Value};
use stepup_runtime::call::{send, Operation, Request};
use stepup_runtime::constraint::{Const, MaxLength, NotEmpty};
use stepup_runtime::document::{Client, RefusalKind};
use stepup_runtime::errors::Error;
use stepup_runtime::settings::Settings;
use stepup_runtime::{decode, encode, json::parsed, Secret};

static READ: Operation = Operation {
    name: "read",
    method: reqwest::Method::POST,
    path: "/items/{id}",
    successes: &[("2XX", "application/json"), ("204", "")],
    credentials: Some(("Authorization", "Bearer ")),
    repeatable: false,
};

/// The settings for a server that sends one response, and the request that it received.
fn server(status: u16, content: &'static str) -> (Arc<Settings>, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let received = std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let mut request = vec![0; 4096];
        let length = connection.read(&mut request).unwrap();
        let head = "Connection: close\r\nContent-Type: application/json";
        let size = content.len();
        write!(
            connection,
            "HTTP/1.1 {status} X\r\n{head}\r\nContent-Length: {size}\r\n\r\n{content}"
        )
        .unwrap();
        String::from_utf8_lossy(&request[..length]).to_ascii_lowercase()
    });
    (settings(&url), received)
}

fn settings(url: &str) -> Arc<Settings> {
    Client::builder(url, "canary").build().unwrap().settings
}

fn request() -> Request {
    let mut request = Request::new(&READ);
    request.path("id", Some(&"a/b".to_owned()), &[]);
    request.query("tag", Some(&vec!["x".to_owned(), "y".to_owned()]), &[]);
    request.header("X-Trace", Some(&7_i64), &[]);
    request.hide(Some(&Secret::from("hidden")));
    request.body_property("code", Some(&Secret::from("hidden")), &[&MaxLength(9)]);
    request.body_property("note", None::<&String>, &[]);
    request
}

#[tokio::test]
async fn a_request_holds_its_arguments_and_the_body_is_decoded() {
    let (settings, received) = server(200, "{\"ok\": true, \"n\": 2.0}");
    let found = send(request(), &settings, |status, body| {
        assert_eq!(status, "2XX");
        let object = decode::object(body)?;
        let ok: bool = decode::required(object, "ok", &[&Const(true)])?;
        Ok((ok, decode::optional::<i64>(object, "n", &[])?))
    });
    assert_eq!(found.await.unwrap(), (true, Some(2)));
    let received = received.join().unwrap();
    assert!(
        received.starts_with("post /items/a%2fb?tag=x&tag=y http/1.1\r\n"),
        "{received}"
    );
    assert!(received.contains("x-trace: 7\r\n"), "{received}");
    assert!(
        received.contains("authorization: bearer canary\r\n"),
        "{received}"
    );
    assert!(received.ends_with("{\"code\":\"hidden\"}"), "{received}");
}

#[tokio::test]
async fn invalid_arguments_are_reported_together_and_nothing_is_sent() {
    let mut request = Request::new(&READ);
    request.path("id", Some(&"..".to_owned()), &[]);
    request.header("X-Trace", Some(&"a\nb".to_owned()), &[]);
    request.body(Some(&String::new()), &[&NotEmpty]);
    let error = send(request, &settings("http://127.0.0.1:1"), |_, _| Ok(()))
        .await
        .unwrap_err();
    let text = "read: id: expected a segment of a path; X-Trace: expected printable ASCII; \
                body: expected a non-empty string";
    assert_eq!(error.to_string(), text);
}

#[tokio::test]
async fn an_error_of_the_api_is_told_from_anything_else_and_shows_no_secret() {
    let body =
        "{\"code\": \"not_found\", \"fields\": {\"id\": \"hidden\"}, \"x\": \"A sentence.\"}";
    let (settings, _) = server(404, body);
    let error = send(request(), &settings, |_, _| Ok(())).await.unwrap_err();
    assert_eq!(error.to_string(), "read: status 404: not_found id=***");
    let Error::Refused(refusal) = error else {
        panic!("{error:?}");
    };
    assert_eq!(refusal.kind(), RefusalKind::NotFound);
    for (status, body) in [(404, "[]"), (404, "{}"), (302, "{}")] {
        let (settings, _) = server(status, body);
        let error = send(request(), &settings, |_, _| Ok(())).await.unwrap_err();
        assert!(matches!(error, Error::UnexpectedAnswer { .. }), "{error:?}");
    }
    let (settings, _) = server(200, "{\"ok\": 1}");
    let error = send(request(), &settings, |_, body| {
        decode::required::<bool>(decode::object(body)?, "ok", &[])
    });
    let text = "read: status 200: the response is not as described (ok: expected true or false)";
    assert_eq!(error.await.unwrap_err().to_string(), text);
}

#[test]
fn values_survive_both_directions() {
    let value = json!({ "a": [1, null], "b": [] });
    let typed: BTreeMap<String, Vec<Option<i64>>> = decode::value(&value, &[]).unwrap();
    assert_eq!(encode::value(&typed, &[]).unwrap(), value);
    let mut object = serde_json::Map::new();
    encode::put(&mut object, "x", Some(&f64::INFINITY), &[]).unwrap_err();
    encode::put(&mut object, "x", None::<&f64>, &[]).unwrap();
    encode::put(&mut object, "y", Some(&None::<f64>), &[]).unwrap();
    assert_eq!(
        encode::tagged(&Value::Object(object), "t", "u").unwrap(),
        json!({ "y": null, "t": "u" })
    );
    let unknown = decode::unknown(
        &json!({ "t": "v" }),
        &decode::tag(&json!({ "t": "v" }), "t").unwrap(),
    );
    assert_eq!(unknown.unwrap().tag, "v");
    for (wrong, kind) in [
        (json!("1"), "an integer"),
        (json!(0.5), "an integer"),
        (json!(1e300), "an integer"),
    ] {
        let error = decode::value::<i64>(&wrong, &[]).unwrap_err();
        assert_eq!(error.to_string(), format!("expected {kind}"));
    }
    decode::value::<bool>(&json!(1), &[]).unwrap_err();
    decode::value::<uuid::Uuid>(&json!("x"), &[]).unwrap_err();
}

#[test]
fn json_has_no_duplicate_keys() {
    assert_eq!(
        parsed(b"{\"a\": {\"b\": 1}}"),
        Some(json!({ "a": { "b": 1 } }))
    );
    for wrong in [
        "{\"a\": 1, \"a\": 1}",
        "[{\"a\": {\"b\": 1, \"b\": 2}}]",
        "{} x",
        "",
        "\u{1}",
    ] {
        assert_eq!(parsed(wrong.as_bytes()), None, "{wrong}");
    }
    assert_eq!(parsed(b"\"\xff\""), None);
}

#[test]
fn settings_are_checked_and_show_no_secret() {
    let settings = settings("http://127.0.0.1:1/");
    assert!(format!("{settings:?}").contains("key: ***"), "{settings:?}");
    assert!(!format!("{settings:?}").contains("canary"), "{settings:?}");
}
