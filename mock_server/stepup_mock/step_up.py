"""The domain: who may verify what, how often, and what a grant is worth afterwards.

Knows users, factors, challenges, grants and the throttle. Knows no HTTP, no status code and no clock: times
are arguments, Unix seconds. A rejection is a StepUpError; whatever a call raises, it has spent, sent and
issued nothing, except that a wrong code counts.
"""

import hashlib
import math
from dataclasses import dataclass
from typing import Protocol

from stepup_mock import totp
from stepup_mock.policy import Policy, Random
from stepup_mock.store import Store, Terms, UserRecord

ONE_TIME_USE = "ONE_TIME_USE"
TIME_BASED = "TIME_BASED"


class StepUpError(Exception):
    """The operation was rejected. The text never holds a secret."""


class UserNotFound(StepUpError):
    """No such user in this environment."""


class MfaNotEnabled(StepUpError):
    """The user has another factor, or none."""


class IncorrectCode(StepUpError):
    """The code is wrong, spent or expired; callers must not learn which."""


@dataclass(eq=False)
class Locked(StepUpError):
    """Too many wrong codes, or too many sends; ``retry_after`` is in whole seconds, at least 1."""

    retry_after: int


@dataclass(eq=False)
class InvalidField(StepUpError):
    """A field is well formed and still names nothing that can be used."""

    field: str
    code: str


@dataclass(frozen=True, slots=True)
class Totp:
    """An authenticator app."""

    secret: bytes

    def __repr__(self) -> str:
        return "Totp(secret=***)"


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone that receives codes; ``phone_number`` is complete, such as +15555550123."""

    mfa_phone_id: str
    phone_number: str

    @property
    def suffix(self) -> str:
        """The last four digits, all that the product API shows."""
        return self.phone_number[-4:]

    def __repr__(self) -> str:
        return f"Phone({self.mfa_phone_id}, …{self.suffix})"


Factor = Totp | tuple[Phone, ...] | None


@dataclass(frozen=True, slots=True)
class Message:
    """A text message with a code."""

    challenge_id: str
    user_id: str
    mfa_phone_id: str
    phone_number: str
    code: str
    sent_at: float

    def __repr__(self) -> str:
        return f"Message({self.challenge_id}, …{self.phone_number[-4:]})"


@dataclass(frozen=True, slots=True)
class CurrentCode:
    """What an authenticator app shows now; a ``spent`` code would be rejected."""

    code: str
    seconds_remaining: float
    spent: bool

    def __repr__(self) -> str:
        return f"CurrentCode(seconds_remaining={self.seconds_remaining})"


class Outbox(Protocol):
    """Where messages go."""

    def deliver(self, message: Message) -> None:
        """Hand over one message."""


class StepUp:
    """The five operations, and what arranges their users. No environment sees another's objects."""

    def __init__(
        self, store: Store, outbox: Outbox, policy: Policy | None = None, random: Random | None = None
    ) -> None:
        self.policy = policy or Policy()
        self._store = store
        self._outbox = outbox
        self._random = random or Random()
        self._latest = store.last_sweep()

    # Arranging users

    def put_user(self, environment: str, user_id: str, factor: Factor, *, enabled: bool = True) -> None:
        """Create or replace a user. Grants and challenges become invalid, in whichever environment the user
        was; counters, locks and spent steps stay.
        """
        if isinstance(factor, Totp):
            secret_id = hashlib.sha256(factor.secret).digest()
            record = UserRecord("Totp", secret=factor.secret, secret_id=secret_id)
        elif factor is not None:
            phones = tuple((phone.mfa_phone_id, phone.phone_number) for phone in factor)
            record = UserRecord("Phone", phones=phones)
        else:
            record = UserRecord(None)
        with self._store.transaction():
            self._store.delete_challenges(user_id)
            self._store.delete_grants(user_id)
            self._store.put_user(environment, user_id, record, enabled=enabled)

    def delete_user(self, user_id: str) -> None:
        """Forget everything about a user."""
        self._store.delete_user(user_id)

    def forget_everything(self) -> None:
        """Empty the store."""
        self._store.clear()
        self._latest = 0.0

    def sweep(self, *, at: float) -> None:
        """Delete whatever has expired by ``at``: a clock that is moved back later cannot revive it."""
        self._store.sweep(at=at, sends_since=self.policy.send_window_start(at))
        self._latest = at

    def _note_time(self, at: float) -> None:
        # A clock that went back: first delete all that had expired before it did.
        if at < self._latest:
            self.sweep(at=self._latest)
        self._latest = at

    # The operations

    def fetch_user_mfa_methods(self, environment: str, user_id: str) -> str | tuple[Phone, ...] | None:
        """Return ``"Totp"``, the user's phones, or None for a user without a factor; raise UserNotFound."""
        user = self._user(environment, user_id)
        if user.factor == "Phone":
            return tuple(Phone(*phone) for phone in user.phones)
        return user.factor

    def verify_totp(self, environment: str, user_id: str, code: str, terms: Terms, *, at: float) -> str:
        """Spend a TOTP code and return a grant.

        Raises Locked, UserNotFound, MfaNotEnabled, IncorrectCode.
        """
        self._note_time(at)
        self._require_unlocked(environment, user_id, at)
        if self._user(environment, user_id).factor != "Totp":
            raise MfaNotEnabled
        enrolled = self._store.totp_secret(environment, user_id)
        assert enrolled is not None, "a Totp user has a secret"
        secret_id, secret = enrolled
        self._count_attempt(environment, user_id, at)
        step = self.policy.matching_step(secret, code, at)
        if step is None:
            raise IncorrectCode
        start, end = self.policy.step_bounds(step)
        with self._store.transaction():
            if not self._store.spend_step(environment, user_id, secret_id, step_start=start, step_end=end):
                raise IncorrectCode
            self._store.clear_attempts(environment, user_id)
            return self._issue(environment, user_id, terms, at)

    def send_sms(self, environment: str, user_id: str, mfa_phone_id: str, terms: Terms, *, at: float) -> str:
        """Send a code to one of the user's phones and return the id of the challenge.

        Raises Locked, UserNotFound, MfaNotEnabled, InvalidField(mfa_phone_id: phone_not_found).
        """
        self._note_time(at)
        self._require_unlocked(environment, user_id, at)
        user = self._user(environment, user_id)
        if user.factor != "Phone":
            raise MfaNotEnabled
        number = dict(user.phones).get(mfa_phone_id)
        if number is None:
            raise InvalidField("mfa_phone_id", "phone_not_found")
        challenge_id, code = self._random.challenge_id(), self._random.sms_code()
        with self._store.transaction():
            self._count_send(environment, user_id, mfa_phone_id, at)
            self._store.add_challenge(
                environment,
                user_id,
                challenge_id,
                phone_id=mfa_phone_id,
                code_mac=self.policy.sms_code_mac(self._store.mac_key, challenge_id, code),
                terms=terms,
                expires_at=self.policy.challenge_expiry(at),
            )
        self._outbox.deliver(Message(challenge_id, user_id, mfa_phone_id, number, code, at))
        return challenge_id

    def verify_sms(self, environment: str, user_id: str, challenge_id: str, code: str, *, at: float) -> str:
        """Consume a challenge with its code and return a grant on the terms set when it was sent.

        Raises Locked, InvalidField(challenge_id: challenge_not_found), InvalidField(code:
        incorrect_mfa_code).
        """
        self._note_time(at)
        self._require_unlocked(environment, user_id, at)
        not_found = InvalidField("challenge_id", "challenge_not_found")
        with self._store.transaction():
            limit = self.policy.limits.challenge_max_attempts
            expected = self._store.count_try(environment, user_id, challenge_id, at=at, limit=limit)
            if expected is None:
                raise not_found
            self._count_attempt(environment, user_id, at)
        submitted = self.policy.sms_code_mac(self._store.mac_key, challenge_id, code)
        if not self.policy.same_mac(expected, submitted):
            raise InvalidField("code", "incorrect_mfa_code")
        with self._store.transaction():
            terms = self._store.consume_challenge(environment, user_id, challenge_id, at=at)
            if terms is None:
                raise not_found
            self._store.clear_attempts(environment, user_id)
            return self._issue(environment, user_id, terms, at)

    def verify_grant(
        self, environment: str, user_id: str, action_type: str, grant: str, *, at: float
    ) -> None:
        """Return if the grant is valid for this very user and action; a one-time grant is consumed by it.

        Raises InvalidField(grant: grant_not_found), whatever is wrong with the grant.
        """
        self._note_time(at)
        which = (environment, user_id, action_type, grant_hash(grant))
        one_time = self._store.grant_is_one_time(*which, at=at)
        if one_time is None or (one_time and not self._store.consume_grant(*which, at=at)):
            raise InvalidField("grant", "grant_not_found")

    def current_totp(self, user_id: str, *, at: float) -> CurrentCode:
        """Return the code of a user of any environment; raises UserNotFound, MfaNotEnabled."""
        environment = self._store.environment_of(user_id)
        if environment is None:
            raise UserNotFound
        enrolled = self._store.totp_secret(environment, user_id)
        if enrolled is None:
            raise MfaNotEnabled
        secret_id, secret = enrolled
        step = self.policy.step_at(at)
        start, end = self.policy.step_bounds(step)
        spent = start < self._store.spent_until(environment, user_id, secret_id)
        return CurrentCode(totp.code_at(secret, step), end - at, spent=spent)

    def action_of(self, environment: str, user_id: str, challenge_id: str) -> str | None:
        """Return the action type of this user's challenge, for the audit."""
        return self._store.challenge_action(environment, user_id, challenge_id)

    # Parts

    def _user(self, environment: str, user_id: str) -> UserRecord:
        user = self._store.user(environment, user_id)
        if user is None:
            raise UserNotFound
        return user

    def _require_unlocked(self, environment: str, user_id: str, at: float) -> None:
        until = self._store.locked_until(environment, user_id, at=at)
        if until is not None:
            raise Locked(_seconds_until(until, at))

    def _count_attempt(self, environment: str, user_id: str, at: float) -> None:
        limit, lock_until = self.policy.limits.max_wrong_codes, self.policy.lock_end(at)
        if not self._store.count_attempt(environment, user_id, at=at, limit=limit, lock_until=lock_until):
            self._require_unlocked(environment, user_id, at)
            raise Locked(1)  # the lock ended, or was lifted, in between: retry at once

    def _count_send(self, environment: str, user_id: str, mfa_phone_id: str, at: float) -> None:
        limits, since = self.policy.limits, self.policy.send_window_start(at)
        oldest = self._store.count_send(
            environment, user_id, mfa_phone_id, at=at, since=since, limit=limits.max_sends
        )
        if oldest is not None:
            raise Locked(_seconds_until(oldest + limits.send_window_seconds, at))

    def _issue(self, environment: str, user_id: str, terms: Terms, at: float) -> str:
        grant = self._random.grant()
        self._store.add_grant(
            environment,
            user_id,
            grant_hash=grant_hash(grant),
            action_type=terms.action_type,
            one_time=terms.one_time,
            issued_at=at,
            expires_at=self.policy.grant_expiry(at, terms.valid_for_seconds, one_time=terms.one_time),
        )
        return grant


def grant_hash(grant: str) -> bytes:
    """Return what a store knows of a grant. It holds 256 random bits: a plain hash reveals nothing."""
    return hashlib.sha256(grant.encode()).digest()


def _seconds_until(until: float, at: float) -> int:
    return max(1, math.ceil(until - at))
