//! The Rust client on the mock: whole flows. The mock's address and keys come by the environment; `MOCK_TOTP` and
//! `MOCK_PHONE` are users as `{"id", "code"}` and `{"id", "number"}`.

use stepup_mfa_client::serde_json::{self, Value};
use stepup_mfa_client::uuid::{uuid, Uuid};
use stepup_mfa_client::{
    reqwest, Error, FetchUserMfaMethodsParams, GrantType, MfaSetup, Refusal, RefusalKind,
    SendSmsMfaCodeParams, StepUpMfa, VerifySmsChallengeParams, VerifyStepUpGrantParams,
    VerifyTotpChallengeParams,
};

const ACTION: &str = "SENSITIVE_ACTION";

fn given(name: &str) -> (Uuid, Value) {
    let text = std::env::var(name).unwrap();
    let user: Value = serde_json::from_str(&text).unwrap();
    (user["id"].as_str().unwrap().parse().unwrap(), user)
}

fn refused<T: std::fmt::Debug>(found: Result<T, Error>, kind: RefusalKind) -> Refusal {
    let Err(Error::Refused(refusal)) = found else {
        panic!("{found:?}");
    };
    assert_eq!(refusal.kind(), kind, "{refusal}");
    assert!(refusal.request_id().is_some());
    refusal
}

#[tokio::test]
async fn a_totp_flow() {
    let auth = StepUpMfa::from_env().unwrap();
    let (user_id, user) = given("MOCK_TOTP");
    let found = auth
        .user()
        .fetch_user_mfa_methods(FetchUserMfaMethodsParams { user_id })
        .await;
    assert!(matches!(found.unwrap().mfa_setup, Some(MfaSetup::Totp(_))));
    let params = VerifyTotpChallengeParams {
        action_type: ACTION.into(),
        user_id,
        code: user["code"].as_str().unwrap().into(),
        grant_type: GrantType::OneTimeUse,
        valid_for_seconds: 60,
    };
    let verified = auth
        .mfa()
        .verify_step_up_totp_challenge(params.clone())
        .await
        .unwrap();
    refused(
        auth.mfa().verify_step_up_totp_challenge(params).await,
        RefusalKind::IncorrectMfaCode,
    );
    let grant = VerifyStepUpGrantParams {
        action_type: ACTION.into(),
        user_id,
        grant: verified.step_up_grant,
    };
    let mut other = grant.clone();
    other.action_type = "OTHER".into();
    let invalid = RefusalKind::InvalidRequestFields;
    let refusal = refused(auth.mfa().verify_step_up_grant(other).await, invalid);
    assert_eq!(refusal.field_errors()["grant"], "grant_not_found");
    assert!(
        auth.mfa()
            .verify_step_up_grant(grant.clone())
            .await
            .unwrap()
            .success
    );
    refused(auth.mfa().verify_step_up_grant(grant).await, invalid);
}

#[tokio::test]
async fn an_sms_flow() {
    let auth = StepUpMfa::from_env().unwrap();
    let (user_id, user) = given("MOCK_PHONE");
    let found = auth
        .user()
        .fetch_user_mfa_methods(FetchUserMfaMethodsParams { user_id })
        .await;
    let Some(MfaSetup::Phone(setup)) = found.unwrap().mfa_setup else {
        panic!("no phone");
    };
    let phone = setup.phone_numbers.first().unwrap();
    assert!(user["number"]
        .as_str()
        .unwrap()
        .ends_with(&phone.mfa_phone_number_suffix));
    let sent = auth.mfa().send_sms_mfa_code(SendSmsMfaCodeParams {
        action_type: ACTION.into(),
        user_id,
        mfa_phone_id: phone.mfa_phone_id,
        grant_type: GrantType::TimeBased,
        valid_for_seconds: 60,
    });
    let challenge_id = sent.await.unwrap().challenge_id;
    let answer = |code: &str| VerifySmsChallengeParams {
        challenge_id: challenge_id.clone(),
        user_id,
        code: code.into(),
    };
    let refusal = refused(
        auth.mfa().verify_sms_challenge(answer("!")).await,
        RefusalKind::InvalidRequestFields,
    );
    assert_eq!(refusal.field_errors()["code"], "incorrect_mfa_code");
    let code = texted(&challenge_id).await;
    let verified = auth
        .mfa()
        .verify_sms_challenge(answer(&code))
        .await
        .unwrap();
    let grant = VerifyStepUpGrantParams {
        action_type: ACTION.into(),
        user_id,
        grant: verified.step_up_grant,
    };
    for _ in 0..2 {
        assert!(
            auth.mfa()
                .verify_step_up_grant(grant.clone())
                .await
                .unwrap()
                .success
        );
    }
}

/// The code of a challenge, out of the mock's inbox.
async fn texted(challenge_id: &str) -> String {
    let base = std::env::var("STEPUP_MFA_AUTH_URL").unwrap();
    let url = format!("{base}/__control__/inbox?challenge_id={challenge_id}");
    let key = std::env::var("STEPUP_MFA_CONTROL_KEY").unwrap();
    let inbox = reqwest::Client::new()
        .get(url)
        .bearer_auth(key)
        .send()
        .await;
    let inbox = inbox.unwrap().text().await.unwrap();
    let inbox: Value = serde_json::from_str(&inbox).unwrap();
    inbox["messages"][0]["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn refusals() {
    let nobody = FetchUserMfaMethodsParams {
        user_id: uuid!("00000000-0000-4000-8000-000000000000"),
    };
    let auth = StepUpMfa::from_env().unwrap();
    let found = auth.user().fetch_user_mfa_methods(nobody.clone()).await;
    assert_eq!(refused(found, RefusalKind::UserNotFound).status(), 404);
    let url = std::env::var("STEPUP_MFA_AUTH_URL").unwrap();
    let stranger = StepUpMfa::builder(url, "not-the-key").build().unwrap();
    let found = stranger.user().fetch_user_mfa_methods(nobody).await;
    assert_eq!(refused(found, RefusalKind::Unauthorized).status(), 401);
}
