//! Calls, from the request to the result: success is exactly what the API documents, nothing else.

use serde_json::Value;

use super::{pause, scrub, Operation, Prepared, Request};
use crate::document::interpret;
use crate::errors::Error;
use crate::mismatch::Mismatch;
use crate::refusal::Refusal;
use crate::response::{Failure, Response};
use crate::settings::Settings;

/// Makes a call, again where that is safe. `decode` is given the documented status, or range, and the body.
pub async fn send<T>(
    request: Request,
    settings: &Settings,
    decode: impl FnOnce(&str, &Value) -> Result<T, Mismatch>,
) -> Result<T, Error> {
    let request = request.prepared(settings)?;
    if tokio::runtime::Handle::try_current().is_err() {
        let failure = Failure {
            reason: "no Tokio runtime".into(),
            sent: false,
            timed_out: false,
        };
        return Err(failed(&request, failure));
    }
    let mut tries = 0;
    let outcome = loop {
        let outcome = attempt(&request, settings).await;
        tries += 1;
        let pause = pause(request.operation, &outcome, tries);
        match pause.filter(|_| tries <= settings.retries) {
            Some(pause) => tokio::time::sleep(pause).await,
            None => break outcome,
        }
    };
    let response = outcome.map_err(|failure| failed(&request, failure))?;
    match request.operation.success(response.status) {
        Some((status, media_type)) => success(&response, media_type)
            .and_then(|body| decode(status, &body).map_err(undescribed))
            .map_err(|problem| unexpected(&request, &response, &problem.to_string())),
        None => Err(rejected(&request, &response)),
    }
}

async fn attempt(request: &Prepared, settings: &Settings) -> Result<Response, Failure> {
    let method = request.operation.method.clone();
    let mut sent = reqwest::Request::new(method, request.url.clone());
    *sent.headers_mut() = request.headers.clone();
    *sent.body_mut() = request.body.clone().map(reqwest::Body::from);
    let http: &reqwest::Client = settings.as_ref();
    let exchange = async { Response::read(http.execute(sent).await?).await };
    let outcome = tokio::time::timeout(settings.timeout, exchange).await;
    outcome.unwrap_or_else(|_| Err(Failure::timed_out()))
}

/// The body of a success; null where it has none.
fn success(response: &Response, media_type: &str) -> Result<Value, Mismatch> {
    match media_type {
        "" if response.is_empty() => Ok(Value::Null),
        "" => Err(Mismatch::new("expected a response without a body")),
        media_type => response.document(Some(media_type)).map_err(Mismatch::new),
    }
}

fn undescribed(mismatch: Mismatch) -> Mismatch {
    Mismatch::new(format!("the response is not as described ({mismatch})"))
}

/// Why a response that is not a success has no result.
fn rejected(request: &Prepared, response: &Response) -> Error {
    let problem = match response.status {
        ..300 => Err("not a status of this operation".into()),
        300..400 => Err("redirects are not followed".into()),
        _ => response.document(None),
    };
    let body = match problem {
        Ok(Value::Object(body)) => body,
        Ok(_) => return unexpected(request, response, NOT_AN_ERROR),
        Err(problem) => return unexpected(request, response, &problem),
    };
    let Some((kind, summary)) = interpret(&body) else {
        return unexpected(request, response, NOT_AN_ERROR);
    };
    Error::Refused(Refusal {
        operation: request.operation.name,
        kind,
        status: response.status,
        request_id: request_id(request, response),
        retry_after: response.retry_after,
        summary: scrub(&summary, &request.secrets).into(),
        body: Box::new(body),
    })
}

const NOT_AN_ERROR: &str = "not an error body of this API";

fn unexpected(request: &Prepared, response: &Response, problem: &str) -> Error {
    Error::UnexpectedAnswer {
        operation: request.operation.name,
        status: response.status,
        request_id: request_id(request, response),
        retry_after: response.retry_after,
        problem: scrub(problem, &request.secrets),
    }
}

fn request_id(request: &Prepared, response: &Response) -> Option<String> {
    let id = response.request_id.as_deref()?;
    Some(scrub(id, &request.secrets))
}

fn failed(request: &Prepared, failure: Failure) -> Error {
    let Operation { name, .. } = *request.operation;
    let reason = scrub(&failure.reason, &request.secrets);
    if failure.sent {
        Error::NoAnswer {
            operation: name,
            reason,
            timed_out: failure.timed_out,
        }
    } else {
        Error::NotSent {
            operation: name,
            reason,
        }
    }
}
