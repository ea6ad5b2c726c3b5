//! The client, `StepUpMfa`. A call gives exactly what the API documents, or an [`Error`].

// Names and texts are the document's own.
#![allow(
    clippy::doc_lazy_continuation,
    clippy::doc_overindented_list_items,
    non_camel_case_types,
    rustdoc::all
)]

use std::fmt;
use std::sync::Arc;

use crate::call::{send, Request};
use crate::errors::Error;
use crate::settings::{Builder, Settings};
use crate::{models, operations, shapes, wire};

/// Step-Up MFA API
///
/// Ask a signed-in user for a fresh code before a sensitive action.
#[derive(Clone)]
pub struct StepUpMfa {
    settings: Arc<Settings>,
}

impl StepUpMfa {
    pub(crate) fn new(settings: Arc<Settings>) -> Self {
        Self { settings }
    }

    /// A client in the making, for a server such as `https://auth.example.com`.
    pub fn builder(auth_url: impl Into<String>, api_key: impl Into<String>) -> Builder {
        Builder::new(auth_url.into(), api_key.into())
    }

    /// A client with address and key from the environment variables `STEPUP_MFA_AUTH_URL` and
    /// `STEPUP_MFA_API_KEY`. [`Builder::from_env`] has more settings.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] where they are missing or malformed.
    pub fn from_env() -> Result<Self, Error> {
        Builder::from_env().build()
    }

    /// What a user is enrolled in.
    pub fn user(&self) -> UserOperations<'_> {
        UserOperations { client: self }
    }

    /// Challenges, codes and grants.
    pub fn mfa(&self) -> MfaOperations<'_> {
        MfaOperations { client: self }
    }
}

impl fmt::Debug for StepUpMfa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("StepUpMfa");
        shown.field("auth_url", &self.settings.url);
        shown.finish_non_exhaustive()
    }
}

/// What a user is enrolled in.
#[derive(Clone, Copy, Debug)]
pub struct UserOperations<'a> {
    client: &'a StepUpMfa,
}

impl UserOperations<'_> {
    /// Fetch User MFA Methods
    ///
    /// Tells which second factor a user has set up: an authenticator app (`Totp`), one or more phones
    /// (`Phone`), or none (`null`). Phones come with the id that the send operation wants and the last
    /// digits to show to the user; the full number is never sent.
    ///
    /// The call changes nothing and may be repeated.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`], among others of kind
    ///
    /// - [`Unauthorized`](crate::RefusalKind::Unauthorized): The API key was not accepted.
    /// - [`FeatureGated`](crate::RefusalKind::FeatureGated): The plan of this environment does not include step-up MFA.
    /// - [`Forbidden`](crate::RefusalKind::Forbidden): The API key may not call this operation.
    /// - [`UserNotFound`](crate::RefusalKind::UserNotFound): No such user in the environment of the API key.
    /// - [`RateLimited`](crate::RefusalKind::RateLimited): Too many attempts; see `Retry-After`.
    ///
    /// or any other [`Error`].
    ///
    /// # Example
    ///
    /// ```no_run
    /// use stepup_mfa_client::{uuid::uuid, FetchUserMfaMethodsParams};
    ///
    /// # async fn example(auth: stepup_mfa_client::StepUpMfa) -> Result<(), stepup_mfa_client::Error> {
    /// let answer = auth
    ///     .user()
    ///     .fetch_user_mfa_methods(FetchUserMfaMethodsParams {
    ///         user_id: uuid!("31c41c16-c281-44ae-9602-8a047e3bf33d"),
    ///     })
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn fetch_user_mfa_methods(
        self,
        params: models::FetchUserMfaMethodsParams,
    ) -> Result<models::FetchUserMfaMethodsResponse, Error> {
        let mut request = Request::new(&operations::FETCH_USER_MFA_METHODS);
        request.path("user_id", shapes::Id, &params.user_id);
        let answer = send(request, &self.client.settings).await?;
        answer.read(wire::FetchUserMfaMethodsResponse)
    }
}

/// Challenges, codes and grants.
#[derive(Clone, Copy, Debug)]
pub struct MfaOperations<'a> {
    client: &'a StepUpMfa,
}

impl MfaOperations<'_> {
    /// Verify TOTP Challenge
    ///
    /// Checks the code from a user's authenticator app and issues a step-up grant. The user must have an
    /// authenticator app set up.
    ///
    /// A code is accepted once. After it, neither that code nor an older one is accepted for the user,
    /// whatever the action. Wrong, used and outdated codes are answered alike. After too many wrong codes
    /// in a row the user is locked for a while, and even the right code is answered with 429.
    ///
    /// Do not repeat this call when its answer is lost: the code may already be spent.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`], among others of kind
    ///
    /// - [`Unauthorized`](crate::RefusalKind::Unauthorized): The API key was not accepted.
    /// - [`FeatureGated`](crate::RefusalKind::FeatureGated): The plan of this environment does not include step-up MFA.
    /// - [`Forbidden`](crate::RefusalKind::Forbidden): The API key may not call this operation.
    /// - [`UserNotFound`](crate::RefusalKind::UserNotFound): No such user in the environment of the API key.
    /// - [`RateLimited`](crate::RefusalKind::RateLimited): Too many attempts; see `Retry-After`.
    /// - [`InvalidRequestFields`](crate::RefusalKind::InvalidRequestFields): One or more fields are not acceptable. Every such field is named at once.
    /// - [`MfaNotEnabled`](crate::RefusalKind::MfaNotEnabled): The user has not set up the factor that this operation needs.
    /// - [`IncorrectMfaCode`](crate::RefusalKind::IncorrectMfaCode): The code is wrong, was used before, or is too old. Which of them is not told.
    /// - [`RequestTimeout`](crate::RefusalKind::RequestTimeout): The request body did not arrive in time.
    /// - [`RequestTooLarge`](crate::RefusalKind::RequestTooLarge): The request body is too large.
    /// - [`UnsupportedMediaType`](crate::RefusalKind::UnsupportedMediaType): The request body is not declared as JSON.
    ///
    /// or any other [`Error`].
    ///
    /// # Example
    ///
    /// ```no_run
    /// use stepup_mfa_client::{uuid::uuid, GrantType, VerifyTotpChallengeParams};
    ///
    /// # async fn example(auth: stepup_mfa_client::StepUpMfa) -> Result<(), stepup_mfa_client::Error> {
    /// let answer = auth
    ///     .mfa()
    ///     .verify_step_up_totp_challenge(VerifyTotpChallengeParams {
    ///         action_type: "SENSITIVE_ACTION".into(),
    ///         user_id: uuid!("31c41c16-c281-44ae-9602-8a047e3bf33d"),
    ///         code: "123456".into(),
    ///         grant_type: GrantType::TimeBased,
    ///         valid_for_seconds: 60,
    ///     })
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn verify_step_up_totp_challenge(
        self,
        params: models::VerifyTotpChallengeParams,
    ) -> Result<models::VerifyTotpChallengeResponse, Error> {
        let mut request = Request::new(&operations::VERIFY_STEP_UP_TOTP_CHALLENGE);
        request.body("action_type", shapes::text(1..=256), &params.action_type);
        request.body("user_id", shapes::Id, &params.user_id);
        request.body("code", shapes::hidden(shapes::text(1..=16)), &params.code);
        request.body("grant_type", wire::GrantType, &params.grant_type);
        request.body(
            "valid_for_seconds",
            shapes::whole(1..=86400),
            &params.valid_for_seconds,
        );
        let answer = send(request, &self.client.settings).await?;
        answer.read(wire::VerifyTotpChallengeResponse)
    }

    /// Send SMS MFA Code
    ///
    /// Sends a fresh code to one of the user's phones and opens a challenge for it. The action, the type of
    /// the grant and its lifetime are settled here; they hold for the grant that verifying the challenge
    /// will issue. That lifetime starts when the code is verified, not when it is sent.
    ///
    /// A challenge lives for ten minutes and dies after a few wrong codes. Sends to one phone are limited.
    ///
    /// Each call sends a message. Do not repeat it when its answer is lost unless the user asks for another
    /// code.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`], among others of kind
    ///
    /// - [`Unauthorized`](crate::RefusalKind::Unauthorized): The API key was not accepted.
    /// - [`FeatureGated`](crate::RefusalKind::FeatureGated): The plan of this environment does not include step-up MFA.
    /// - [`Forbidden`](crate::RefusalKind::Forbidden): The API key may not call this operation.
    /// - [`UserNotFound`](crate::RefusalKind::UserNotFound): No such user in the environment of the API key.
    /// - [`RateLimited`](crate::RefusalKind::RateLimited): Too many attempts; see `Retry-After`.
    /// - [`InvalidRequestFields`](crate::RefusalKind::InvalidRequestFields): One or more fields are not acceptable. Every such field is named at once.
    /// - [`MfaNotEnabled`](crate::RefusalKind::MfaNotEnabled): The user has not set up the factor that this operation needs.
    /// - [`RequestTimeout`](crate::RefusalKind::RequestTimeout): The request body did not arrive in time.
    /// - [`RequestTooLarge`](crate::RefusalKind::RequestTooLarge): The request body is too large.
    /// - [`UnsupportedMediaType`](crate::RefusalKind::UnsupportedMediaType): The request body is not declared as JSON.
    ///
    /// or any other [`Error`].
    ///
    /// # Example
    ///
    /// ```no_run
    /// use stepup_mfa_client::{uuid::uuid, GrantType, SendSmsMfaCodeParams};
    ///
    /// # async fn example(auth: stepup_mfa_client::StepUpMfa) -> Result<(), stepup_mfa_client::Error> {
    /// let answer = auth
    ///     .mfa()
    ///     .send_sms_mfa_code(SendSmsMfaCodeParams {
    ///         action_type: "SENSITIVE_ACTION".into(),
    ///         user_id: uuid!("6200a53c-c2d1-4f0e-9b5e-3f1a7c8d2e64"),
    ///         mfa_phone_id: uuid!("cc83af74-cd5b-4a3e-8f21-6b0d9e4c7a10"),
    ///         grant_type: GrantType::TimeBased,
    ///         valid_for_seconds: 60,
    ///     })
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn send_sms_mfa_code(
        self,
        params: models::SendSmsMfaCodeParams,
    ) -> Result<models::SendSmsMfaCodeResponse, Error> {
        let mut request = Request::new(&operations::SEND_SMS_MFA_CODE);
        request.body("action_type", shapes::text(1..=256), &params.action_type);
        request.body("user_id", shapes::Id, &params.user_id);
        request.body("mfa_phone_id", shapes::Id, &params.mfa_phone_id);
        request.body("grant_type", wire::GrantType, &params.grant_type);
        request.body(
            "valid_for_seconds",
            shapes::whole(1..=86400),
            &params.valid_for_seconds,
        );
        let answer = send(request, &self.client.settings).await?;
        answer.read(wire::SendSmsMfaCodeResponse)
    }

    /// Verify SMS Challenge
    ///
    /// Checks the code that a user received by SMS against the challenge it was sent for, and issues a
    /// step-up grant for the action, type and lifetime that were given when the code was sent. The user
    /// must have a phone set up.
    ///
    /// A challenge is spent by the right code. It belongs to one user: unknown, spent, expired and foreign
    /// challenges are answered alike. A wrong code counts against the challenge and against the user.
    ///
    /// Do not repeat this call when its answer is lost: the challenge may already be spent.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`], among others of kind
    ///
    /// - [`Unauthorized`](crate::RefusalKind::Unauthorized): The API key was not accepted.
    /// - [`FeatureGated`](crate::RefusalKind::FeatureGated): The plan of this environment does not include step-up MFA.
    /// - [`Forbidden`](crate::RefusalKind::Forbidden): The API key may not call this operation.
    /// - [`RateLimited`](crate::RefusalKind::RateLimited): Too many attempts; see `Retry-After`.
    /// - [`InvalidRequestFields`](crate::RefusalKind::InvalidRequestFields): One or more fields are not acceptable. Every such field is named at once.
    /// - [`RequestTimeout`](crate::RefusalKind::RequestTimeout): The request body did not arrive in time.
    /// - [`RequestTooLarge`](crate::RefusalKind::RequestTooLarge): The request body is too large.
    /// - [`UnsupportedMediaType`](crate::RefusalKind::UnsupportedMediaType): The request body is not declared as JSON.
    ///
    /// or any other [`Error`].
    ///
    /// # Example
    ///
    /// ```no_run
    /// use stepup_mfa_client::{uuid::uuid, VerifySmsChallengeParams};
    ///
    /// # async fn example(auth: stepup_mfa_client::StepUpMfa) -> Result<(), stepup_mfa_client::Error> {
    /// let answer = auth
    ///     .mfa()
    ///     .verify_sms_challenge(VerifySmsChallengeParams {
    ///         challenge_id: "a7b0e75b-3a64-4c1d-b58e-90f2d7c6e153".into(),
    ///         user_id: uuid!("6200a53c-c2d1-4f0e-9b5e-3f1a7c8d2e64"),
    ///         code: "ABC123".into(),
    ///     })
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn verify_sms_challenge(
        self,
        params: models::VerifySmsChallengeParams,
    ) -> Result<models::VerifySmsChallengeResponse, Error> {
        let mut request = Request::new(&operations::VERIFY_SMS_CHALLENGE);
        request.body("challenge_id", shapes::text(1..=256), &params.challenge_id);
        request.body("user_id", shapes::Id, &params.user_id);
        request.body("code", shapes::hidden(shapes::text(1..=16)), &params.code);
        let answer = send(request, &self.client.settings).await?;
        answer.read(wire::VerifySmsChallengeResponse)
    }

    /// Verify Step-Up Grant
    ///
    /// Confirms, right before a sensitive action, that a grant is alive for exactly this user and this
    /// action. Only status 200 with `success` true means yes.
    ///
    /// A `ONE_TIME_USE` grant is spent by the call that succeeds; a refused call spends nothing. A
    /// `TIME_BASED` grant stays valid until its lifetime ends, and verifying does not extend it. The end is
    /// exclusive: a grant for 60 seconds is dead at second 60. Unknown, spent and expired grants, and
    /// grants of another user or action, are answered alike.
    ///
    /// Do not repeat this call when its answer is lost: a one-time grant may already be spent.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`], among others of kind
    ///
    /// - [`Unauthorized`](crate::RefusalKind::Unauthorized): The API key was not accepted.
    /// - [`FeatureGated`](crate::RefusalKind::FeatureGated): The plan of this environment does not include step-up MFA.
    /// - [`Forbidden`](crate::RefusalKind::Forbidden): The API key may not call this operation.
    /// - [`RateLimited`](crate::RefusalKind::RateLimited): Too many attempts; see `Retry-After`.
    /// - [`InvalidRequestFields`](crate::RefusalKind::InvalidRequestFields): One or more fields are not acceptable. Every such field is named at once.
    /// - [`RequestTimeout`](crate::RefusalKind::RequestTimeout): The request body did not arrive in time.
    /// - [`RequestTooLarge`](crate::RefusalKind::RequestTooLarge): The request body is too large.
    /// - [`UnsupportedMediaType`](crate::RefusalKind::UnsupportedMediaType): The request body is not declared as JSON.
    ///
    /// or any other [`Error`].
    ///
    /// # Example
    ///
    /// ```no_run
    /// use stepup_mfa_client::{uuid::uuid, VerifyStepUpGrantParams};
    ///
    /// # async fn example(auth: stepup_mfa_client::StepUpMfa) -> Result<(), stepup_mfa_client::Error> {
    /// let answer = auth
    ///     .mfa()
    ///     .verify_step_up_grant(VerifyStepUpGrantParams {
    ///         action_type: "SENSITIVE_ACTION".into(),
    ///         user_id: uuid!("31c41c16-c281-44ae-9602-8a047e3bf33d"),
    ///         grant: "f374f738cc0b1f2d5a4e6c8790ab1234cd56ef7890a1b2c3d4e5f60718293a4b".into(),
    ///     })
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn verify_step_up_grant(
        self,
        params: models::VerifyStepUpGrantParams,
    ) -> Result<models::VerifyStepUpGrantResponse, Error> {
        let mut request = Request::new(&operations::VERIFY_STEP_UP_GRANT);
        request.body("action_type", shapes::text(1..=256), &params.action_type);
        request.body("user_id", shapes::Id, &params.user_id);
        request.body(
            "grant",
            shapes::hidden(shapes::text(1..=256)),
            &params.grant,
        );
        let answer = send(request, &self.client.settings).await?;
        answer.read(wire::VerifyStepUpGrantResponse)
    }
}
