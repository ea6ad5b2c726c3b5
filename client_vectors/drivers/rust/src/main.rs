//! Makes calls with the Rust client: a line of JSON in, a line of JSON out (../../README.md).

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::io::BufRead;
use std::time::Duration;

use stepup_mfa_client::serde_json::{self, json, Map, Value};
use stepup_mfa_client::uuid::Uuid;
use stepup_mfa_client::*;

type Arguments = Map<String, Value>;

/// The arguments as the types of the client have them; none where those rule an argument out.
struct Given<'a>(&'a Arguments);

impl Given<'_> {
    fn text(&self, name: &str) -> Option<String> {
        self.0.get(name)?.as_str().map(str::to_owned)
    }

    fn id(&self, name: &str) -> Option<Uuid> {
        self.0.get(name)?.as_str()?.parse().ok()
    }

    fn whole(&self, name: &str) -> Option<i64> {
        self.0.get(name)?.as_i64()
    }

    fn grant_type(&self) -> Option<GrantType> {
        match self.0.get("grant_type")?.as_str()? {
            "ONE_TIME_USE" => Some(GrantType::OneTimeUse),
            "TIME_BASED" => Some(GrantType::TimeBased),
            _ => None,
        }
    }
}

/// What came of a call in wire names, and all that its parts print; none where its arguments cannot be.
async fn called(auth: &StepUpMfa, operation: &str, given: Given<'_>) -> Option<Outcome> {
    Some(match operation {
        "fetchUserMfaMethods" => {
            let params = FetchUserMfaMethodsParams {
                user_id: given.id("user_id")?,
            };
            outcome(
                format!("{params:?}"),
                auth.user().fetch_user_mfa_methods(params).await,
                |found| json!({ "mfa_setup": found.mfa_setup.as_ref().map(factor) }),
            )
        }
        "verifyStepUpTotpChallenge" => {
            let params = VerifyTotpChallengeParams {
                action_type: given.text("action_type")?,
                user_id: given.id("user_id")?,
                code: given.text("code")?.into(),
                grant_type: given.grant_type()?,
                valid_for_seconds: given.whole("valid_for_seconds")?,
            };
            outcome(
                format!("{params:?}"),
                auth.mfa().verify_step_up_totp_challenge(params).await,
                |found| json!({ "step_up_grant": found.step_up_grant.expose() }),
            )
        }
        "sendSmsMfaCode" => {
            let params = SendSmsMfaCodeParams {
                action_type: given.text("action_type")?,
                user_id: given.id("user_id")?,
                mfa_phone_id: given.id("mfa_phone_id")?,
                grant_type: given.grant_type()?,
                valid_for_seconds: given.whole("valid_for_seconds")?,
            };
            outcome(
                format!("{params:?}"),
                auth.mfa().send_sms_mfa_code(params).await,
                |found| json!({ "challenge_id": found.challenge_id }),
            )
        }
        "verifySmsChallenge" => {
            let params = VerifySmsChallengeParams {
                challenge_id: given.text("challenge_id")?,
                user_id: given.id("user_id")?,
                code: given.text("code")?.into(),
            };
            outcome(
                format!("{params:?}"),
                auth.mfa().verify_sms_challenge(params).await,
                |found| json!({ "step_up_grant": found.step_up_grant.expose() }),
            )
        }
        "verifyStepUpGrant" => {
            let params = VerifyStepUpGrantParams {
                action_type: given.text("action_type")?,
                user_id: given.id("user_id")?,
                grant: given.text("grant")?.into(),
            };
            outcome(
                format!("{params:?}"),
                auth.mfa().verify_step_up_grant(params).await,
                |found| json!({ "success": found.success }),
            )
        }
        other => panic!("no operation {other}"),
    })
}

/// A factor in wire names; one that the client does not know as its tag and its raw object.
fn factor(setup: &MfaSetup) -> Value {
    match setup {
        MfaSetup::Totp(_) => json!({ "type": "Totp" }),
        MfaSetup::Phone(phone) => {
            let phones = phone.phone_numbers.iter().map(|phone| {
                json!({
                    "mfa_phone_id": phone.mfa_phone_id.to_string(),
                    "mfa_phone_number_suffix": phone.mfa_phone_number_suffix,
                })
            });
            json!({ "type": "Phone", "phone_numbers": phones.collect::<Vec<_>>() })
        }
        MfaSetup::Unknown(unknown) => json!({ "unknown": unknown.tag, "raw": unknown.raw }),
        other => panic!("no word for {other:?}"),
    }
}

struct Outcome {
    kind: &'static str,
    value: Value,
    shown: String,
}

fn outcome<T: Debug>(
    params: String,
    result: Result<T, Error>,
    plain: impl FnOnce(&T) -> Value,
) -> Outcome {
    match result {
        Ok(found) => Outcome {
            kind: "result",
            value: plain(&found),
            shown: format!("{params} {found:?} {found:#?}"),
        },
        Err(error) => Outcome {
            kind: "error",
            value: failure(&error),
            shown: format!("{params} {error} {error:?} {error:#?}"),
        },
    }
}

fn failure(error: &Error) -> Value {
    let mut found = json!({
        "status": error.status(),
        "request_id": error.request_id(),
        "retry_after": error.retry_after().map(|wait| wait.as_secs_f64()),
    });
    let said = match error {
        Error::InvalidArgument { problems, .. } => {
            let names: Vec<&str> = problems.iter().map(|problem| problem.name).collect();
            json!({ "kind": "invalid_argument", "problems": names })
        }
        Error::NotSent { .. } => json!({ "kind": "not_sent", "timed_out": false }),
        Error::NoAnswer { timed_out, .. } => json!({ "kind": "no_answer", "timed_out": timed_out }),
        Error::UnexpectedAnswer { .. } => json!({ "kind": "unexpected_answer" }),
        Error::Refused(refusal) => json!({
            "kind": "refused",
            "type": match refusal.kind() {
                RefusalKind::Unknown => String::new(),
                kind => format!("{kind:?}Error"),
            },
            "error_code": refusal.error_code(),
            "user_facing_error": refusal.user_facing_error(),
            "field_errors": refusal.field_errors(),
            "user_facing_errors": refusal.user_facing_errors(),
        }),
        other => panic!("no word for {other:?}"),
    };
    if let (Some(found), Value::Object(said)) = (found.as_object_mut(), said) {
        found.extend(said);
    }
    found
}

async fn answer(call: &Value) -> Value {
    let text = |name: &str| call[name].as_str().unwrap_or_default();
    let seconds = call["timeout_seconds"].as_f64().unwrap_or_default();
    let mut builder = StepUpMfa::builder(text("auth_url"), text("api_key"));
    builder = builder.timeout(Duration::from_secs_f64(seconds));
    let headers: BTreeMap<&String, &Value> =
        call["headers"].as_object().into_iter().flatten().collect();
    for (name, value) in headers {
        builder = builder.header(name, value.as_str().unwrap_or_default());
    }
    let auth = builder.build().expect("the runner gives good settings");
    let empty = Arguments::new();
    let given = Given(call["arguments"].as_object().unwrap_or(&empty));
    match called(&auth, text("operation"), given).await {
        None => json!({ "impossible": true }),
        Some(Outcome { kind, value, shown }) => {
            json!({ kind: value, "shown": format!("{auth:?} {shown}") })
        }
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().expect("a runtime");
    for line in std::io::stdin().lock().lines() {
        // A lone surrogate is no text in Rust.
        let outcome = match serde_json::from_str(&line.expect("a line")) {
            Ok(call) => runtime.block_on(answer(&call)),
            Err(_) => json!({ "impossible": true }),
        };
        println!("{outcome}");
    }
}
