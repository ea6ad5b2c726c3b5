"""The clients: ``StepUpMfa`` and, with the same names, ``AsyncStepUpMfa``.

Either may be shared between threads or tasks. A call succeeds with exactly what the API documents, or raises an
error of ``errors``; it is repeated only where that cannot do anything twice.
"""

from __future__ import annotations

from uuid import UUID

from . import _operations, models
from ._client import AsyncClient, Product, SyncClient
from ._request import Call

_PRODUCT = Product(
    environment="STEPUP_MFA",
    agent="stepup-mfa-client/0.1.0",
    credential_headers=("authorization",),
)


class StepUpMfa(SyncClient):
    """Step-Up MFA API.

    Args:
        auth_url: Address of the server, such as ``https://auth.example.com``; by default the value of the
            environment variable STEPUP_MFA_AUTH_URL.
        api_key: The API key; by default the value of STEPUP_MFA_API_KEY. It is shown nowhere.
        timeout: Seconds to wait for a connection, and for each piece of a response. A response whose body is
            not complete as many seconds after the try began is given up too.
        headers: Sent with every request.
        event_hooks: Called with every request before it is sent, and with every response before its body is
            read: ``{"request": [...], "response": [...]}``, as httpx takes them.
        http_client: A client of your own, with your proxies, certificates or event hooks. Its headers and
            cookies are sent; it is left open; its redirects, authentication and timeouts are not used.
        retries: How often a call may be tried again, where that is safe.

    Raises:
        InvalidArgumentError: An argument is missing or malformed.
    """

    _product = _PRODUCT

    def fetch_user_mfa_methods(
        self,
        user_id: str | UUID,
    ) -> models.FetchUserMfaMethodsResponse:
        """Fetch User MFA Methods

        Tells which second factor a user has set up: an authenticator app (`Totp`), one or more phones
        (`Phone`), or none (`null`). Phones come with the id that the send operation wants and the last
        digits to show to the user; the full number is never sent.

        The call changes nothing and may be repeated.

        Args:
            user_id: The ID of the user. An ID that is no UUID is answered like an unknown user. Format
                uuid.

        Raises:
            UnauthorizedError: The API key was not accepted.
            FeatureGatedError: The plan of this environment does not include step-up MFA.
            ForbiddenError: The API key may not call this operation.
            UserNotFoundError: No such user in the environment of the API key.
            RateLimitedError: Too many attempts; see `Retry-After`.
            StepUpMfaError: Any other failure; see ``errors``.

        Example:
            auth.fetch_user_mfa_methods("31c41c16-c281-44ae-9602-8a047e3bf33d")
        """
        _call = Call(
            _operations.FETCH_USER_MFA_METHODS,
            {
                "user_id": user_id,
            },
        )
        return self._run(_call)

    def verify_step_up_totp_challenge(
        self,
        *,
        action_type: str,
        user_id: str | UUID,
        code: str,
        grant_type: models.GrantType,
        valid_for_seconds: int,
    ) -> models.VerifyTotpChallengeResponse:
        """Verify TOTP Challenge

        Checks the code from a user's authenticator app and issues a step-up grant. The user must have an
        authenticator app set up.

        A code is accepted once. After it, neither that code nor an older one is accepted for the user,
        whatever the action. Wrong, used and outdated codes are answered alike. After too many wrong codes
        in a row the user is locked for a while, and even the right code is answered with 429.

        Do not repeat this call when its answer is lost: the code may already be spent.

        Args:
            action_type: A name of your choice for the action. The grant is verified with exactly the same
                string, byte for byte. 1 to 256 characters.
            user_id: The ID of the user. Format uuid.
            code: The code as the app shows it, usually six digits. Leading zeros count, so it is a string.
                1 to 16 characters.
            grant_type: `ONE_TIME_USE`: good for one verification. `TIME_BASED`: good for any number until
                its lifetime ends. One of `ONE_TIME_USE`, `TIME_BASED`.
            valid_for_seconds: Lifetime of the grant in seconds, from the moment it is issued; at most one
                day. 1 to 86400. Format int64.

        Raises:
            UnauthorizedError: The API key was not accepted.
            FeatureGatedError: The plan of this environment does not include step-up MFA.
            ForbiddenError: The API key may not call this operation.
            UserNotFoundError: No such user in the environment of the API key.
            RateLimitedError: Too many attempts; see `Retry-After`.
            InvalidRequestFieldsError: One or more fields are not acceptable. Every such field is named at
                once.
            MfaNotEnabledError: The user has not set up the factor that this operation needs.
            IncorrectMfaCodeError: The code is wrong, was used before, or is too old. Which of them is not
                told.
            RequestTimeoutError: The request body did not arrive in time.
            RequestTooLargeError: The request body is too large.
            UnsupportedMediaTypeError: The request body is not declared as JSON.
            StepUpMfaError: Any other failure; see ``errors``.

        Example:
            auth.verify_step_up_totp_challenge(
                action_type="SENSITIVE_ACTION",
                user_id="31c41c16-c281-44ae-9602-8a047e3bf33d",
                code="123456",
                grant_type="TIME_BASED",
                valid_for_seconds=60,
            )
        """
        _call = Call(
            _operations.VERIFY_STEP_UP_TOTP_CHALLENGE,
            {
                "action_type": action_type,
                "user_id": user_id,
                "code": code,
                "grant_type": grant_type,
                "valid_for_seconds": valid_for_seconds,
            },
        )
        # Tracebacks may print the local variables of this frame.
        del code
        return self._run(_call)

    def send_sms_mfa_code(
        self,
        *,
        action_type: str,
        user_id: str | UUID,
        mfa_phone_id: str | UUID,
        grant_type: models.GrantType,
        valid_for_seconds: int,
    ) -> models.SendSmsMfaCodeResponse:
        """Send SMS MFA Code

        Sends a fresh code to one of the user's phones and opens a challenge for it. The action, the type of
        the grant and its lifetime are settled here; they hold for the grant that verifying the challenge
        will issue. That lifetime starts when the code is verified, not when it is sent.

        A challenge lives for ten minutes and dies after a few wrong codes. Sends to one phone are limited.

        Each call sends a message. Do not repeat it when its answer is lost unless the user asks for another
        code.

        Args:
            action_type: A name of your choice for the action. The grant is verified with exactly the same
                string, byte for byte. 1 to 256 characters.
            user_id: The ID of the user. Format uuid.
            mfa_phone_id: The ID of one of the user's phones, from the lookup. Format uuid.
            grant_type: `ONE_TIME_USE`: good for one verification. `TIME_BASED`: good for any number until
                its lifetime ends. One of `ONE_TIME_USE`, `TIME_BASED`.
            valid_for_seconds: Lifetime of the grant in seconds, from the moment the code is verified; at
                most one day. 1 to 86400. Format int64.

        Raises:
            UnauthorizedError: The API key was not accepted.
            FeatureGatedError: The plan of this environment does not include step-up MFA.
            ForbiddenError: The API key may not call this operation.
            UserNotFoundError: No such user in the environment of the API key.
            RateLimitedError: Too many attempts; see `Retry-After`.
            InvalidRequestFieldsError: One or more fields are not acceptable. Every such field is named at
                once.
            MfaNotEnabledError: The user has not set up the factor that this operation needs.
            RequestTimeoutError: The request body did not arrive in time.
            RequestTooLargeError: The request body is too large.
            UnsupportedMediaTypeError: The request body is not declared as JSON.
            StepUpMfaError: Any other failure; see ``errors``.

        Example:
            auth.send_sms_mfa_code(
                action_type="SENSITIVE_ACTION",
                user_id="6200a53c-c2d1-4f0e-9b5e-3f1a7c8d2e64",
                mfa_phone_id="cc83af74-cd5b-4a3e-8f21-6b0d9e4c7a10",
                grant_type="TIME_BASED",
                valid_for_seconds=60,
            )
        """
        _call = Call(
            _operations.SEND_SMS_MFA_CODE,
            {
                "action_type": action_type,
                "user_id": user_id,
                "mfa_phone_id": mfa_phone_id,
                "grant_type": grant_type,
                "valid_for_seconds": valid_for_seconds,
            },
        )
        return self._run(_call)

    def verify_sms_challenge(
        self,
        *,
        challenge_id: str,
        user_id: str | UUID,
        code: str,
    ) -> models.VerifySmsChallengeResponse:
        """Verify SMS Challenge

        Checks the code that a user received by SMS against the challenge it was sent for, and issues a
        step-up grant for the action, type and lifetime that were given when the code was sent. The user
        must have a phone set up.

        A challenge is spent by the right code. It belongs to one user: unknown, spent, expired and foreign
        challenges are answered alike. A wrong code counts against the challenge and against the user.

        Do not repeat this call when its answer is lost: the challenge may already be spent.

        Args:
            challenge_id: The ID of the challenge, from the send operation. 1 to 256 characters.
            user_id: The ID of the user that the code was sent to. Format uuid.
            code: The code from the message, usually six characters. It may hold letters. 1 to 16
                characters.

        Raises:
            UnauthorizedError: The API key was not accepted.
            FeatureGatedError: The plan of this environment does not include step-up MFA.
            ForbiddenError: The API key may not call this operation.
            RateLimitedError: Too many attempts; see `Retry-After`.
            InvalidRequestFieldsError: One or more fields are not acceptable. Every such field is named at
                once.
            RequestTimeoutError: The request body did not arrive in time.
            RequestTooLargeError: The request body is too large.
            UnsupportedMediaTypeError: The request body is not declared as JSON.
            StepUpMfaError: Any other failure; see ``errors``.

        Example:
            auth.verify_sms_challenge(
                challenge_id="a7b0e75b-3a64-4c1d-b58e-90f2d7c6e153",
                user_id="6200a53c-c2d1-4f0e-9b5e-3f1a7c8d2e64",
                code="ABC123",
            )
        """
        _call = Call(
            _operations.VERIFY_SMS_CHALLENGE,
            {
                "challenge_id": challenge_id,
                "user_id": user_id,
                "code": code,
            },
        )
        # Tracebacks may print the local variables of this frame.
        del code
        return self._run(_call)

    def verify_step_up_grant(
        self,
        *,
        action_type: str,
        user_id: str | UUID,
        grant: str,
    ) -> models.VerifyStepUpGrantResponse:
        """Verify Step-Up Grant

        Confirms, right before a sensitive action, that a grant is alive for exactly this user and this
        action. Only status 200 with `success` true means yes.

        A `ONE_TIME_USE` grant is spent by the call that succeeds; a refused call spends nothing. A
        `TIME_BASED` grant stays valid until its lifetime ends, and verifying does not extend it. The end is
        exclusive: a grant for 60 seconds is dead at second 60. Unknown, spent and expired grants, and
        grants of another user or action, are answered alike.

        Do not repeat this call when its answer is lost: a one-time grant may already be spent.

        Args:
            action_type: The action that is about to happen. It must be exactly the string that was given
                when the code was verified or sent. 1 to 256 characters.
            user_id: The ID of the user who acts. It must be the user that the grant was issued for. Format
                uuid.
            grant: The grant, as `step_up_grant` gave it. 1 to 256 characters.

        Raises:
            UnauthorizedError: The API key was not accepted.
            FeatureGatedError: The plan of this environment does not include step-up MFA.
            ForbiddenError: The API key may not call this operation.
            RateLimitedError: Too many attempts; see `Retry-After`.
            InvalidRequestFieldsError: One or more fields are not acceptable. Every such field is named at
                once.
            RequestTimeoutError: The request body did not arrive in time.
            RequestTooLargeError: The request body is too large.
            UnsupportedMediaTypeError: The request body is not declared as JSON.
            StepUpMfaError: Any other failure; see ``errors``.

        Example:
            auth.verify_step_up_grant(
                action_type="SENSITIVE_ACTION",
                user_id="31c41c16-c281-44ae-9602-8a047e3bf33d",
                grant="f374f738cc0b1f2d5a4e6c8790ab1234cd56ef7890a1b2c3d4e5f60718293a4b",
            )
        """
        _call = Call(
            _operations.VERIFY_STEP_UP_GRANT,
            {
                "action_type": action_type,
                "user_id": user_id,
                "grant": grant,
            },
        )
        # Tracebacks may print the local variables of this frame.
        del grant
        return self._run(_call)


class AsyncStepUpMfa(AsyncClient):
    """Step-Up MFA API.

    Args:
        auth_url: Address of the server, such as ``https://auth.example.com``; by default the value of the
            environment variable STEPUP_MFA_AUTH_URL.
        api_key: The API key; by default the value of STEPUP_MFA_API_KEY. It is shown nowhere.
        timeout: Seconds to wait for a connection, and for each piece of a response. A response whose body is
            not complete as many seconds after the try began is given up too.
        headers: Sent with every request.
        event_hooks: Called with every request before it is sent, and with every response before its body is
            read: ``{"request": [...], "response": [...]}``, as httpx takes them.
        http_client: A client of your own, with your proxies, certificates or event hooks. Its headers and
            cookies are sent; it is left open; its redirects, authentication and timeouts are not used.
        retries: How often a call may be tried again, where that is safe.

    Raises:
        InvalidArgumentError: An argument is missing or malformed.
    """

    _product = _PRODUCT

    async def fetch_user_mfa_methods(
        self,
        user_id: str | UUID,
    ) -> models.FetchUserMfaMethodsResponse:
        """Fetch User MFA Methods

        Tells which second factor a user has set up: an authenticator app (`Totp`), one or more phones
        (`Phone`), or none (`null`). Phones come with the id that the send operation wants and the last
        digits to show to the user; the full number is never sent.

        The call changes nothing and may be repeated.

        Args:
            user_id: The ID of the user. An ID that is no UUID is answered like an unknown user. Format
                uuid.

        Raises:
            UnauthorizedError: The API key was not accepted.
            FeatureGatedError: The plan of this environment does not include step-up MFA.
            ForbiddenError: The API key may not call this operation.
            UserNotFoundError: No such user in the environment of the API key.
            RateLimitedError: Too many attempts; see `Retry-After`.
            StepUpMfaError: Any other failure; see ``errors``.

        Example:
            await auth.fetch_user_mfa_methods("31c41c16-c281-44ae-9602-8a047e3bf33d")
        """
        _call = Call(
            _operations.FETCH_USER_MFA_METHODS,
            {
                "user_id": user_id,
            },
        )
        return await self._run(_call)

    async def verify_step_up_totp_challenge(
        self,
        *,
        action_type: str,
        user_id: str | UUID,
        code: str,
        grant_type: models.GrantType,
        valid_for_seconds: int,
    ) -> models.VerifyTotpChallengeResponse:
        """Verify TOTP Challenge

        Checks the code from a user's authenticator app and issues a step-up grant. The user must have an
        authenticator app set up.

        A code is accepted once. After it, neither that code nor an older one is accepted for the user,
        whatever the action. Wrong, used and outdated codes are answered alike. After too many wrong codes
        in a row the user is locked for a while, and even the right code is answered with 429.

        Do not repeat this call when its answer is lost: the code may already be spent.

        Args:
            action_type: A name of your choice for the action. The grant is verified with exactly the same
                string, byte for byte. 1 to 256 characters.
            user_id: The ID of the user. Format uuid.
            code: The code as the app shows it, usually six digits. Leading zeros count, so it is a string.
                1 to 16 characters.
            grant_type: `ONE_TIME_USE`: good for one verification. `TIME_BASED`: good for any number until
                its lifetime ends. One of `ONE_TIME_USE`, `TIME_BASED`.
            valid_for_seconds: Lifetime of the grant in seconds, from the moment it is issued; at most one
                day. 1 to 86400. Format int64.

        Raises:
            UnauthorizedError: The API key was not accepted.
            FeatureGatedError: The plan of this environment does not include step-up MFA.
            ForbiddenError: The API key may not call this operation.
            UserNotFoundError: No such user in the environment of the API key.
            RateLimitedError: Too many attempts; see `Retry-After`.
            InvalidRequestFieldsError: One or more fields are not acceptable. Every such field is named at
                once.
            MfaNotEnabledError: The user has not set up the factor that this operation needs.
            IncorrectMfaCodeError: The code is wrong, was used before, or is too old. Which of them is not
                told.
            RequestTimeoutError: The request body did not arrive in time.
            RequestTooLargeError: The request body is too large.
            UnsupportedMediaTypeError: The request body is not declared as JSON.
            StepUpMfaError: Any other failure; see ``errors``.

        Example:
            await auth.verify_step_up_totp_challenge(
                action_type="SENSITIVE_ACTION",
                user_id="31c41c16-c281-44ae-9602-8a047e3bf33d",
                code="123456",
                grant_type="TIME_BASED",
                valid_for_seconds=60,
            )
        """
        _call = Call(
            _operations.VERIFY_STEP_UP_TOTP_CHALLENGE,
            {
                "action_type": action_type,
                "user_id": user_id,
                "code": code,
                "grant_type": grant_type,
                "valid_for_seconds": valid_for_seconds,
            },
        )
        # Tracebacks may print the local variables of this frame.
        del code
        return await self._run(_call)

    async def send_sms_mfa_code(
        self,
        *,
        action_type: str,
        user_id: str | UUID,
        mfa_phone_id: str | UUID,
        grant_type: models.GrantType,
        valid_for_seconds: int,
    ) -> models.SendSmsMfaCodeResponse:
        """Send SMS MFA Code

        Sends a fresh code to one of the user's phones and opens a challenge for it. The action, the type of
        the grant and its lifetime are settled here; they hold for the grant that verifying the challenge
        will issue. That lifetime starts when the code is verified, not when it is sent.

        A challenge lives for ten minutes and dies after a few wrong codes. Sends to one phone are limited.

        Each call sends a message. Do not repeat it when its answer is lost unless the user asks for another
        code.

        Args:
            action_type: A name of your choice for the action. The grant is verified with exactly the same
                string, byte for byte. 1 to 256 characters.
            user_id: The ID of the user. Format uuid.
            mfa_phone_id: The ID of one of the user's phones, from the lookup. Format uuid.
            grant_type: `ONE_TIME_USE`: good for one verification. `TIME_BASED`: good for any number until
                its lifetime ends. One of `ONE_TIME_USE`, `TIME_BASED`.
            valid_for_seconds: Lifetime of the grant in seconds, from the moment the code is verified; at
                most one day. 1 to 86400. Format int64.

        Raises:
            UnauthorizedError: The API key was not accepted.
            FeatureGatedError: The plan of this environment does not include step-up MFA.
            ForbiddenError: The API key may not call this operation.
            UserNotFoundError: No such user in the environment of the API key.
            RateLimitedError: Too many attempts; see `Retry-After`.
            InvalidRequestFieldsError: One or more fields are not acceptable. Every such field is named at
                once.
            MfaNotEnabledError: The user has not set up the factor that this operation needs.
            RequestTimeoutError: The request body did not arrive in time.
            RequestTooLargeError: The request body is too large.
            UnsupportedMediaTypeError: The request body is not declared as JSON.
            StepUpMfaError: Any other failure; see ``errors``.

        Example:
            await auth.send_sms_mfa_code(
                action_type="SENSITIVE_ACTION",
                user_id="6200a53c-c2d1-4f0e-9b5e-3f1a7c8d2e64",
                mfa_phone_id="cc83af74-cd5b-4a3e-8f21-6b0d9e4c7a10",
                grant_type="TIME_BASED",
                valid_for_seconds=60,
            )
        """
        _call = Call(
            _operations.SEND_SMS_MFA_CODE,
            {
                "action_type": action_type,
                "user_id": user_id,
                "mfa_phone_id": mfa_phone_id,
                "grant_type": grant_type,
                "valid_for_seconds": valid_for_seconds,
            },
        )
        return await self._run(_call)

    async def verify_sms_challenge(
        self,
        *,
        challenge_id: str,
        user_id: str | UUID,
        code: str,
    ) -> models.VerifySmsChallengeResponse:
        """Verify SMS Challenge

        Checks the code that a user received by SMS against the challenge it was sent for, and issues a
        step-up grant for the action, type and lifetime that were given when the code was sent. The user
        must have a phone set up.

        A challenge is spent by the right code. It belongs to one user: unknown, spent, expired and foreign
        challenges are answered alike. A wrong code counts against the challenge and against the user.

        Do not repeat this call when its answer is lost: the challenge may already be spent.

        Args:
            challenge_id: The ID of the challenge, from the send operation. 1 to 256 characters.
            user_id: The ID of the user that the code was sent to. Format uuid.
            code: The code from the message, usually six characters. It may hold letters. 1 to 16
                characters.

        Raises:
            UnauthorizedError: The API key was not accepted.
            FeatureGatedError: The plan of this environment does not include step-up MFA.
            ForbiddenError: The API key may not call this operation.
            RateLimitedError: Too many attempts; see `Retry-After`.
            InvalidRequestFieldsError: One or more fields are not acceptable. Every such field is named at
                once.
            RequestTimeoutError: The request body did not arrive in time.
            RequestTooLargeError: The request body is too large.
            UnsupportedMediaTypeError: The request body is not declared as JSON.
            StepUpMfaError: Any other failure; see ``errors``.

        Example:
            await auth.verify_sms_challenge(
                challenge_id="a7b0e75b-3a64-4c1d-b58e-90f2d7c6e153",
                user_id="6200a53c-c2d1-4f0e-9b5e-3f1a7c8d2e64",
                code="ABC123",
            )
        """
        _call = Call(
            _operations.VERIFY_SMS_CHALLENGE,
            {
                "challenge_id": challenge_id,
                "user_id": user_id,
                "code": code,
            },
        )
        # Tracebacks may print the local variables of this frame.
        del code
        return await self._run(_call)

    async def verify_step_up_grant(
        self,
        *,
        action_type: str,
        user_id: str | UUID,
        grant: str,
    ) -> models.VerifyStepUpGrantResponse:
        """Verify Step-Up Grant

        Confirms, right before a sensitive action, that a grant is alive for exactly this user and this
        action. Only status 200 with `success` true means yes.

        A `ONE_TIME_USE` grant is spent by the call that succeeds; a refused call spends nothing. A
        `TIME_BASED` grant stays valid until its lifetime ends, and verifying does not extend it. The end is
        exclusive: a grant for 60 seconds is dead at second 60. Unknown, spent and expired grants, and
        grants of another user or action, are answered alike.

        Do not repeat this call when its answer is lost: a one-time grant may already be spent.

        Args:
            action_type: The action that is about to happen. It must be exactly the string that was given
                when the code was verified or sent. 1 to 256 characters.
            user_id: The ID of the user who acts. It must be the user that the grant was issued for. Format
                uuid.
            grant: The grant, as `step_up_grant` gave it. 1 to 256 characters.

        Raises:
            UnauthorizedError: The API key was not accepted.
            FeatureGatedError: The plan of this environment does not include step-up MFA.
            ForbiddenError: The API key may not call this operation.
            RateLimitedError: Too many attempts; see `Retry-After`.
            InvalidRequestFieldsError: One or more fields are not acceptable. Every such field is named at
                once.
            RequestTimeoutError: The request body did not arrive in time.
            RequestTooLargeError: The request body is too large.
            UnsupportedMediaTypeError: The request body is not declared as JSON.
            StepUpMfaError: Any other failure; see ``errors``.

        Example:
            await auth.verify_step_up_grant(
                action_type="SENSITIVE_ACTION",
                user_id="31c41c16-c281-44ae-9602-8a047e3bf33d",
                grant="f374f738cc0b1f2d5a4e6c8790ab1234cd56ef7890a1b2c3d4e5f60718293a4b",
            )
        """
        _call = Call(
            _operations.VERIFY_STEP_UP_GRANT,
            {
                "action_type": action_type,
                "user_id": user_id,
                "grant": grant,
            },
        )
        # Tracebacks may print the local variables of this frame.
        del grant
        return await self._run(_call)
