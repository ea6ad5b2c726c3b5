//! What the operations take and return.

// Names and texts are the document's own.
#![allow(
    clippy::doc_lazy_continuation,
    clippy::doc_overindented_list_items,
    non_camel_case_types,
    rustdoc::all
)]

use crate::secret::Secret;
use uuid::Uuid;

/// A variant of a union that this version does not know.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct UnknownVariant {
    /// What tells it apart.
    pub tag: String,
    /// The whole object as it came; no debug output shows it.
    pub raw: serde_json::Map<String, serde_json::Value>,
}

impl std::fmt::Debug for UnknownVariant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("UnknownVariant");
        shown.field("tag", &self.tag).finish_non_exhaustive()
    }
}

/// The user has an authenticator app.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TotpMfa {}

/// A phone that can receive a code.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct MfaPhone {
    /// The last digits of the number, at most four, to show to the user. Matches ^[0-9]{1,4}$.
    pub mfa_phone_number_suffix: String,
    /// The ID to send a code to. Format uuid.
    pub mfa_phone_id: Uuid,
}

/// The user receives codes by SMS.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PhoneMfa {
    /// The phones that can receive a code, at least one. At least 1 items.
    pub phone_numbers: Vec<MfaPhone>,
}

/// An authenticator app or a list of phones. Treat a type you do not know as a factor you cannot use.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum MfaSetup {
    /// Told by `Totp`.
    Totp(TotpMfa),
    /// Told by `Phone`.
    Phone(PhoneMfa),
    /// A variant that this version does not know; it can be read, not sent.
    Unknown(UnknownVariant),
}

/// The second factor that a user has set up.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FetchUserMfaMethodsResponse {
    /// The factor, told apart by `type`. Null when the user has none.
    pub mfa_setup: Option<MfaSetup>,
}

/// `ONE_TIME_USE`: good for one verification. `TIME_BASED`: good for any number until its lifetime ends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GrantType {
    /// `ONE_TIME_USE`.
    OneTimeUse,
    /// `TIME_BASED`.
    TimeBased,
}

impl GrantType {
    /// The value as it is sent.
    pub fn as_str(&self) -> &str {
        match self {
            Self::OneTimeUse => "ONE_TIME_USE",
            Self::TimeBased => "TIME_BASED",
        }
    }
}

/// The grant for a right code.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct VerifyTotpChallengeResponse {
    /// The grant. Keep it on your side until the action; treat it like a password. 1 to 256 characters.
    pub step_up_grant: Secret,
}

/// The challenge that the sent code answers.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SendSmsMfaCodeResponse {
    /// The ID of the challenge. Verify it together with the code. 1 to 256 characters.
    pub challenge_id: String,
}

/// The grant for a right code.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct VerifySmsChallengeResponse {
    /// The grant. Keep it on your side until the action; treat it like a password. 1 to 256 characters.
    pub step_up_grant: Secret,
}

/// The grant is alive. There is no answer with `success` false; a dead grant is an error.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct VerifyStepUpGrantResponse {
    /// Always true.
    pub success: bool,
}

/// What Fetch User MFA Methods takes.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchUserMfaMethodsParams {
    /// The ID of the user. An ID that is no UUID is answered like an unknown user. Format uuid.
    pub user_id: Uuid,
}

/// A code from an authenticator app, and the grant wanted for it.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifyTotpChallengeParams {
    /// A name of your choice for the action. The grant is verified with exactly the same string, byte for
    /// byte. 1 to 256 characters.
    pub action_type: String,
    /// The ID of the user. Format uuid.
    pub user_id: Uuid,
    /// The code as the app shows it, usually six digits. Leading zeros count, so it is a string. 1 to 16
    /// characters.
    pub code: Secret,
    /// `ONE_TIME_USE`: good for one verification. `TIME_BASED`: good for any number until its lifetime ends. One of `ONE_TIME_USE`, `TIME_BASED`.
    pub grant_type: GrantType,
    /// Lifetime of the grant in seconds, from the moment it is issued; at most one day. 1 to 86400. Format
    /// int64.
    pub valid_for_seconds: i64,
}

/// The phone to send a code to, and the grant wanted for it.
#[derive(Clone, Debug, PartialEq)]
pub struct SendSmsMfaCodeParams {
    /// A name of your choice for the action. The grant is verified with exactly the same string, byte for
    /// byte. 1 to 256 characters.
    pub action_type: String,
    /// The ID of the user. Format uuid.
    pub user_id: Uuid,
    /// The ID of one of the user's phones, from the lookup. Format uuid.
    pub mfa_phone_id: Uuid,
    /// `ONE_TIME_USE`: good for one verification. `TIME_BASED`: good for any number until its lifetime ends. One of `ONE_TIME_USE`, `TIME_BASED`.
    pub grant_type: GrantType,
    /// Lifetime of the grant in seconds, from the moment the code is verified; at most one day. 1 to 86400.
    /// Format int64.
    pub valid_for_seconds: i64,
}

/// A challenge and the code that the user received for it.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifySmsChallengeParams {
    /// The ID of the challenge, from the send operation. 1 to 256 characters.
    pub challenge_id: String,
    /// The ID of the user that the code was sent to. Format uuid.
    pub user_id: Uuid,
    /// The code from the message, usually six characters. It may hold letters. 1 to 16 characters.
    pub code: Secret,
}

/// A grant, and the user and action it must be for.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifyStepUpGrantParams {
    /// The action that is about to happen. It must be exactly the string that was given when the code was
    /// verified or sent. 1 to 256 characters.
    pub action_type: String,
    /// The ID of the user who acts. It must be the user that the grant was issued for. Format uuid.
    pub user_id: Uuid,
    /// The grant, as `step_up_grant` gave it. 1 to 256 characters.
    pub grant: Secret,
}
