//! The operations as data: what counts as success, whether they may be repeated.

use reqwest::Method;

use crate::call::Operation;

pub(crate) static FETCH_USER_MFA_METHODS: Operation = Operation {
    name: "fetch_user_mfa_methods",
    method: Method::GET,
    path: "/api/backend/v1/user/{user_id}/mfa",
    successes: &[("200", "application/json")],
    credentials: Some(("Authorization", "Bearer ")),
    repeatable: true,
};

pub(crate) static VERIFY_STEP_UP_TOTP_CHALLENGE: Operation = Operation {
    name: "verify_step_up_totp_challenge",
    method: Method::POST,
    path: "/api/backend/v1/mfa/step-up/verify-totp",
    successes: &[("200", "application/json")],
    credentials: Some(("Authorization", "Bearer ")),
    repeatable: false,
};

pub(crate) static SEND_SMS_MFA_CODE: Operation = Operation {
    name: "send_sms_mfa_code",
    method: Method::POST,
    path: "/api/backend/v1/mfa/step-up/phone/send",
    successes: &[("200", "application/json")],
    credentials: Some(("Authorization", "Bearer ")),
    repeatable: false,
};

pub(crate) static VERIFY_SMS_CHALLENGE: Operation = Operation {
    name: "verify_sms_challenge",
    method: Method::POST,
    path: "/api/backend/v1/mfa/step-up/phone/verify",
    successes: &[("200", "application/json")],
    credentials: Some(("Authorization", "Bearer ")),
    repeatable: false,
};

pub(crate) static VERIFY_STEP_UP_GRANT: Operation = Operation {
    name: "verify_step_up_grant",
    method: Method::POST,
    path: "/api/backend/v1/mfa/step-up/verify-grant",
    successes: &[("200", "application/json")],
    credentials: Some(("Authorization", "Bearer ")),
    repeatable: false,
};
