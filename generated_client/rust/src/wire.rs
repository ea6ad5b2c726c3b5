//! How the types of `models` look on the wire.

use crate::{models, shapes, wire};

/// How [`models::TotpMfa`] looks.
pub(crate) struct TotpMfa;

impl shapes::Shape for TotpMfa {
    type Value = models::TotpMfa;
}

impl shapes::Read for TotpMfa {
    fn read(&self, value: &serde_json::Value) -> Result<Self::Value, shapes::Mismatch> {
        let object = shapes::object_of(value)?;
        shapes::required(object, "type", shapes::constant("Totp".to_owned()))?;
        Ok(models::TotpMfa {})
    }
}

/// How [`models::MfaPhone`] looks.
pub(crate) struct MfaPhone;

impl shapes::Shape for MfaPhone {
    type Value = models::MfaPhone;
}

impl shapes::Read for MfaPhone {
    fn read(&self, value: &serde_json::Value) -> Result<Self::Value, shapes::Mismatch> {
        let object = shapes::object_of(value)?;
        Ok(models::MfaPhone {
            mfa_phone_number_suffix: shapes::required(
                object,
                "mfa_phone_number_suffix",
                shapes::text(..),
            )?,
            mfa_phone_id: shapes::required(object, "mfa_phone_id", shapes::Id)?,
        })
    }
}

/// How [`models::PhoneMfa`] looks.
pub(crate) struct PhoneMfa;

impl shapes::Shape for PhoneMfa {
    type Value = models::PhoneMfa;
}

impl shapes::Read for PhoneMfa {
    fn read(&self, value: &serde_json::Value) -> Result<Self::Value, shapes::Mismatch> {
        let object = shapes::object_of(value)?;
        shapes::required(object, "type", shapes::constant("Phone".to_owned()))?;
        Ok(models::PhoneMfa {
            phone_numbers: shapes::required(
                object,
                "phone_numbers",
                shapes::array(1.., wire::MfaPhone),
            )?,
        })
    }
}

/// How [`models::MfaSetup`] looks.
pub(crate) struct MfaSetup;

impl shapes::Shape for MfaSetup {
    type Value = models::MfaSetup;
}

impl shapes::Read for MfaSetup {
    fn read(&self, value: &serde_json::Value) -> Result<Self::Value, shapes::Mismatch> {
        match shapes::tag_of(value, "type")? {
            "Totp" => shapes::variant(value, wire::TotpMfa, models::MfaSetup::Totp),
            "Phone" => shapes::variant(value, wire::PhoneMfa, models::MfaSetup::Phone),
            _ => shapes::unknown(value, "type", models::MfaSetup::Unknown),
        }
    }
}

/// How [`models::FetchUserMfaMethodsResponse`] looks.
pub(crate) struct FetchUserMfaMethodsResponse;

impl shapes::Shape for FetchUserMfaMethodsResponse {
    type Value = models::FetchUserMfaMethodsResponse;
}

impl shapes::Read for FetchUserMfaMethodsResponse {
    fn read(&self, value: &serde_json::Value) -> Result<Self::Value, shapes::Mismatch> {
        let object = shapes::object_of(value)?;
        Ok(models::FetchUserMfaMethodsResponse {
            mfa_setup: shapes::required(object, "mfa_setup", shapes::nullable(wire::MfaSetup))?,
        })
    }
}

/// How [`models::GrantType`] looks.
pub(crate) struct GrantType;

impl shapes::Shape for GrantType {
    type Value = models::GrantType;
}

impl shapes::Write for GrantType {
    fn write(&self, value: &Self::Value) -> Result<serde_json::Value, shapes::Mismatch> {
        Ok(value.as_str().into())
    }
}

/// How [`models::VerifyTotpChallengeResponse`] looks.
pub(crate) struct VerifyTotpChallengeResponse;

impl shapes::Shape for VerifyTotpChallengeResponse {
    type Value = models::VerifyTotpChallengeResponse;
}

impl shapes::Read for VerifyTotpChallengeResponse {
    fn read(&self, value: &serde_json::Value) -> Result<Self::Value, shapes::Mismatch> {
        let object = shapes::object_of(value)?;
        Ok(models::VerifyTotpChallengeResponse {
            step_up_grant: shapes::required(
                object,
                "step_up_grant",
                shapes::hidden(shapes::text(1..=256)),
            )?,
        })
    }
}

/// How [`models::SendSmsMfaCodeResponse`] looks.
pub(crate) struct SendSmsMfaCodeResponse;

impl shapes::Shape for SendSmsMfaCodeResponse {
    type Value = models::SendSmsMfaCodeResponse;
}

impl shapes::Read for SendSmsMfaCodeResponse {
    fn read(&self, value: &serde_json::Value) -> Result<Self::Value, shapes::Mismatch> {
        let object = shapes::object_of(value)?;
        Ok(models::SendSmsMfaCodeResponse {
            challenge_id: shapes::required(object, "challenge_id", shapes::text(1..=256))?,
        })
    }
}

/// How [`models::VerifySmsChallengeResponse`] looks.
pub(crate) struct VerifySmsChallengeResponse;

impl shapes::Shape for VerifySmsChallengeResponse {
    type Value = models::VerifySmsChallengeResponse;
}

impl shapes::Read for VerifySmsChallengeResponse {
    fn read(&self, value: &serde_json::Value) -> Result<Self::Value, shapes::Mismatch> {
        let object = shapes::object_of(value)?;
        Ok(models::VerifySmsChallengeResponse {
            step_up_grant: shapes::required(
                object,
                "step_up_grant",
                shapes::hidden(shapes::text(1..=256)),
            )?,
        })
    }
}

/// How [`models::VerifyStepUpGrantResponse`] looks.
pub(crate) struct VerifyStepUpGrantResponse;

impl shapes::Shape for VerifyStepUpGrantResponse {
    type Value = models::VerifyStepUpGrantResponse;
}

impl shapes::Read for VerifyStepUpGrantResponse {
    fn read(&self, value: &serde_json::Value) -> Result<Self::Value, shapes::Mismatch> {
        let object = shapes::object_of(value)?;
        Ok(models::VerifyStepUpGrantResponse {
            success: shapes::required(object, "success", shapes::constant(true))?,
        })
    }
}
