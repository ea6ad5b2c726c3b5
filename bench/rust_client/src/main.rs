//! Makes calls by turns, bare and with the client, and prints what each took: CPU and wall, in microseconds a call.
//!
//! Arguments: address, API key, user, action, grant, rounds. Linux only, which says what a thread has spent.

use std::time::Instant;

use stepup_mfa_client::serde_json::{self, json, Value};
use stepup_mfa_client::uuid::Uuid;
use stepup_mfa_client::{reqwest, FetchUserMfaMethodsParams, StepUpMfa, VerifyStepUpGrantParams};

type Failure = Box<dyn std::error::Error>;

const CALLS_A_ROUND: u32 = 100;

/// CPU time of this thread, the only one that works, in nanoseconds.
fn spent() -> Result<f64, Failure> {
    let line = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let spent = line.split(' ').next().unwrap_or_default();
    Ok(spent.parse()?)
}

/// What a careful caller would do by hand: JSON with the key, an error for an error status, the body parsed.
async fn sent(request: reqwest::RequestBuilder, key: &str) -> Result<Value, Failure> {
    let answer = request.bearer_auth(key).send().await?.error_for_status()?;
    Ok(serde_json::from_slice(&answer.bytes().await?)?)
}

#[derive(Default)]
struct Spent {
    cpu: Vec<f64>,
    wall: Vec<f64>,
}

macro_rules! round {
    ($spent:expr, $call:expr) => {{
        let (began, cpu) = (Instant::now(), spent()?);
        for _ in 0..CALLS_A_ROUND {
            $call;
        }
        let calls = f64::from(CALLS_A_ROUND) * 1e3;
        $spent.cpu.push((spent()? - cpu) / calls);
        $spent.wall.push(began.elapsed().as_nanos() as f64 / calls);
    }};
}

async fn measured(arguments: &[String]) -> Result<Value, Failure> {
    let [url, key, user, action, grant, rounds] = arguments else {
        return Err("wanted: URL KEY USER ACTION GRANT ROUNDS".into());
    };
    let auth = StepUpMfa::builder(url, key).build()?;
    let bare = reqwest::Client::builder().timeout(std::time::Duration::from_secs(10));
    let bare = bare.build()?;
    let user_id: Uuid = user.parse()?;
    let lookup = format!("{url}/api/backend/v1/user/{user}/mfa");
    let verify = format!("{url}/api/backend/v1/mfa/step-up/verify-grant");
    let mut found: [Spent; 4] = Default::default();
    let rounds: usize = rounds.parse()?;
    for _ in 0..=rounds {
        round!(found[0], sent(bare.get(&lookup), key).await?);
        round!(found[1], {
            let params = FetchUserMfaMethodsParams { user_id };
            auth.user().fetch_user_mfa_methods(params).await?
        });
        round!(found[2], {
            let body =
                json!({ "action_type": action, "user_id": user_id.to_string(), "grant": grant });
            let request = bare
                .post(&verify)
                .header("content-type", "application/json");
            sent(request.body(body.to_string()), key).await?
        });
        round!(found[3], {
            let params = VerifyStepUpGrantParams {
                action_type: action.clone(),
                user_id,
                grant: grant.as_str().into(),
            };
            auth.mfa().verify_step_up_grant(params).await?
        });
    }
    // The first round is for warming up.
    let shown = |spent: &Spent| json!({ "cpu": spent.cpu[1..], "wall": spent.wall[1..] });
    Ok(json!({
        "lookup": { "bare": shown(&found[0]), "ours": shown(&found[1]) },
        "verify grant": { "bare": shown(&found[2]), "ours": shown(&found[3]) },
    }))
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build()?;
    println!("{}", runtime.block_on(measured(&arguments))?);
    Ok(())
}
