"""The domain: who may verify what, how often, and what it is worth afterwards.

Knows users, factors, challenges, grants and the throttle. Knows no HTTP, no status and no clock: times are
arguments, Unix seconds. A refusal is a StepUpError; whatever a call raises, nothing was spent, sent or
issued by it, except that a wrong code counts.
"""

import hashlib
import hmac
import math
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from stepup_mock import totp
from stepup_mock.store import Row, SqliteStore

ONE_TIME_USE = "ONE_TIME_USE"
TIME_BASED = "TIME_BASED"
# No 0/O, 1/I/L: people read these codes aloud.
SMS_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
SMS_CODE_LENGTH = 6


class StepUpError(Exception):
    """A refusal. Its text never holds a secret."""


class UserNotFound(StepUpError):
    """No such user in this environment."""


class MfaNotEnabled(StepUpError):
    """The user has another factor, or none."""


class IncorrectCode(StepUpError):
    """Wrong, spent or out of date: which one is nobody's business."""


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
class Limits:
    """The policy of the server; the names are those of the control API."""

    max_wrong_codes: int = 5
    lock_seconds: int = 900
    max_sends: int = 5
    send_window_seconds: int = 600
    challenge_ttl_seconds: int = 600
    challenge_max_attempts: int = 5
    totp_step_seconds: int = 30
    totp_drift_steps: int = 1
    max_valid_for_seconds: int = 86400
    max_action_type_length: int = 256


@dataclass(frozen=True, slots=True)
class Totp:
    """An authenticator app."""

    secret: bytes

    def __repr__(self) -> str:
        return "Totp(secret=***)"


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone that receives codes; ``phone_number`` in full, such as +15555550123."""

    mfa_phone_id: str
    phone_number: str

    @property
    def suffix(self) -> str:
        return self.phone_number[-4:]

    def __repr__(self) -> str:
        return f"Phone({self.mfa_phone_id}, …{self.suffix})"


Factor = Totp | tuple[Phone, ...] | None


@dataclass(frozen=True, slots=True)
class Terms:
    """What a grant is good for."""

    action_type: str
    grant_type: str
    valid_for_seconds: int


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
    """What an authenticator app shows now; ``spent`` when it would be refused."""

    code: str
    seconds_remaining: float
    spent: bool

    def __repr__(self) -> str:
        return f"CurrentCode(seconds_remaining={self.seconds_remaining})"


class Random:
    """Where unguessable values come from."""

    def grant(self) -> str:
        """64 hex digits, 256 bits."""
        return secrets.token_hex(32)

    def challenge_id(self) -> str:
        return str(uuid.uuid4())

    def sms_code(self) -> str:
        return "".join(secrets.choice(SMS_ALPHABET) for _ in range(SMS_CODE_LENGTH))


class StepUp:
    """The five operations, and what arranges their users. No environment sees another's objects."""

    def __init__(
        self, store: SqliteStore, deliver: Callable[[Message], None], random: Random | None = None
    ) -> None:
        self.limits = Limits()
        self.store = store
        self._deliver = deliver
        self._random = random or Random()
        self._latest = store.latest()

    # Arranging users

    def put_user(self, environment: str, user_id: str, factor: Factor, *, enabled: bool = True) -> None:
        """Create or replace a user. Live grants and challenges die; counters, locks and spent steps stay."""
        if isinstance(factor, Totp):
            row = Row("Totp", secret=factor.secret, secret_id=hashlib.sha256(factor.secret).digest())
        elif factor is not None:
            row = Row("Phone", phones=tuple((phone.mfa_phone_id, phone.phone_number) for phone in factor))
        else:
            row = Row(None)
        self.store.put_user(environment, user_id, row, enabled=enabled)

    def delete_user(self, user_id: str) -> None:
        self.store.delete_user(user_id)

    def forget_everything(self) -> None:
        """Empty the store and go back to the default limits."""
        self.store.clear()
        self.limits = Limits()
        self._latest = 0.0

    def sweep(self, *, at: float) -> None:
        """Delete whatever ended by ``at``: a clock that is moved back later cannot revive it."""
        self.store.sweep(at=at, sends_since=at - self.limits.send_window_seconds)
        self._latest = at

    def _observe(self, at: float) -> None:
        # A clock that went back: first end all that had ended before it did.
        if at < self._latest:
            self.sweep(at=self._latest)
        self._latest = at

    # The operations

    def fetch_user_mfa_methods(self, environment: str, user_id: str) -> str | tuple[Phone, ...] | None:
        """Return ``"Totp"``, the user's phones, or None for a user without a factor; raise UserNotFound."""
        row = self._user(environment, user_id)
        if row.factor == "Phone":
            return tuple(Phone(*phone) for phone in row.phones)
        return row.factor

    def verify_totp(self, environment: str, user_id: str, code: str, terms: Terms, *, at: float) -> str:
        """Spend a TOTP code and return a grant.

        Raises Locked, UserNotFound, MfaNotEnabled, IncorrectCode.
        """
        self._observe(at)
        self._refuse_locked(environment, user_id, at)
        if self._user(environment, user_id).factor != "Totp":
            raise MfaNotEnabled
        owned = self.store.totp_secret(environment, user_id)
        assert owned is not None, "a Totp user has a secret"
        secret_id, secret = owned
        self._count_attempt(environment, user_id, at)
        step = self._matching_step(secret, code, at)
        if step is None:
            raise IncorrectCode
        seconds = self.limits.totp_step_seconds
        with self.store.transaction():
            start, end = step * seconds, (step + 1) * seconds
            if not self.store.spend_step(environment, user_id, secret_id, step_start=start, step_end=end):
                raise IncorrectCode
            self.store.clear_attempts(environment, user_id)
            return self._issue(environment, user_id, terms, at)

    def send_sms(self, environment: str, user_id: str, mfa_phone_id: str, terms: Terms, *, at: float) -> str:
        """Send a code to one of the user's phones and return the id of the challenge.

        Raises Locked, UserNotFound, MfaNotEnabled, InvalidField(mfa_phone_id: phone_not_found).
        """
        self._observe(at)
        self._refuse_locked(environment, user_id, at)
        row = self._user(environment, user_id)
        if row.factor != "Phone":
            raise MfaNotEnabled
        number = dict(row.phones).get(mfa_phone_id)
        if number is None:
            raise InvalidField("mfa_phone_id", "phone_not_found")
        challenge_id, code = self._random.challenge_id(), self._random.sms_code()
        with self.store.transaction():
            self._count_send(environment, user_id, mfa_phone_id, at)
            self.store.add_challenge(
                environment,
                user_id,
                challenge_id=challenge_id,
                phone_id=mfa_phone_id,
                code_mac=self._mac(challenge_id, code),
                action_type=terms.action_type.encode(),
                one_time=int(terms.grant_type == ONE_TIME_USE),
                valid_for=terms.valid_for_seconds,
                expires_at=at + self.limits.challenge_ttl_seconds,
            )
        self._deliver(Message(challenge_id, user_id, mfa_phone_id, number, code, at))
        return challenge_id

    def verify_sms(self, environment: str, user_id: str, challenge_id: str, code: str, *, at: float) -> str:
        """Consume a challenge with its code and return a grant on the terms given at sending.

        Raises Locked, InvalidField(challenge_id: challenge_not_found), InvalidField(code:
        incorrect_mfa_code).
        """
        self._observe(at)
        self._refuse_locked(environment, user_id, at)
        not_found = InvalidField("challenge_id", "challenge_not_found")
        with self.store.transaction():
            limit = self.limits.challenge_max_attempts
            code_mac = self.store.count_try(environment, user_id, challenge_id, at=at, limit=limit)
            if code_mac is None:
                raise not_found
            self._count_attempt(environment, user_id, at)
        if not hmac.compare_digest(code_mac, self._mac(challenge_id, code)):
            raise InvalidField("code", "incorrect_mfa_code")
        with self.store.transaction():
            taken = self.store.take_challenge(environment, user_id, challenge_id, at=at)
            if taken is None:
                raise not_found
            action_type, one_time, valid_for = taken
            self.store.clear_attempts(environment, user_id)
            terms = Terms(action_type.decode(), ONE_TIME_USE if one_time else TIME_BASED, valid_for)
            return self._issue(environment, user_id, terms, at)

    def verify_grant(
        self, environment: str, user_id: str, action_type: str, grant: str, *, at: float
    ) -> None:
        """Return when the grant is alive for this very user and action; a one-time grant is spent by it.

        Raises InvalidField(grant: grant_not_found), whatever is wrong with the grant.
        """
        self._observe(at)
        which = (environment, user_id, action_type.encode(), _hash(grant))
        one_time = self.store.grant_is_one_time(*which, at=at)
        if one_time is None or (one_time and not self.store.take_grant(*which, at=at)):
            raise InvalidField("grant", "grant_not_found")

    def current_totp(self, user_id: str, *, at: float) -> CurrentCode:
        """Return the code of a user of any environment; raises UserNotFound, MfaNotEnabled."""
        environment = self.store.environment_of(user_id)
        if environment is None:
            raise UserNotFound
        owned = self.store.totp_secret(environment, user_id)
        if owned is None:
            raise MfaNotEnabled
        secret_id, secret = owned
        seconds = self.limits.totp_step_seconds
        step = int(at) // seconds
        spent_until = self.store.spent_until(environment, user_id, secret_id)
        end = (step + 1) * seconds
        return CurrentCode(totp.code_at(secret, step), end - at, spent=step * seconds < spent_until)

    def action_of(self, environment: str, user_id: str, challenge_id: str) -> str | None:
        """Return the action of a challenge that is there for this user, for the audit."""
        action_type = self.store.challenge_action(environment, user_id, challenge_id)
        return None if action_type is None else action_type.decode()

    # Parts

    def _user(self, environment: str, user_id: str) -> Row:
        row = self.store.user(environment, user_id)
        if row is None:
            raise UserNotFound
        return row

    def _matching_step(self, secret: bytes, code: str, at: float) -> int | None:
        # RFC 6238 section 5.2: one step back for the delay of the network; and one ahead for fast clocks.
        now, drift = int(at) // self.limits.totp_step_seconds, self.limits.totp_drift_steps
        return totp.matching_step(secret, code, range(max(now - drift, 0), now + drift + 1))

    def _refuse_locked(self, environment: str, user_id: str, at: float) -> None:
        until = self.store.locked_until(environment, user_id, at=at)
        if until is not None:
            raise Locked(_wait(until, at))

    def _count_attempt(self, environment: str, user_id: str, at: float) -> None:
        limits = self.limits
        lock_until = at + limits.lock_seconds
        if not self.store.count_attempt(
            environment, user_id, at=at, limit=limits.max_wrong_codes, lock_until=lock_until
        ):
            self._refuse_locked(environment, user_id, at)
            raise Locked(1)  # the lock ended, or was lifted, in between: come again at once

    def _count_send(self, environment: str, user_id: str, mfa_phone_id: str, at: float) -> None:
        window = self.limits.send_window_seconds
        in_the_way = self.store.count_send(
            environment, user_id, mfa_phone_id, at=at, since=at - window, limit=self.limits.max_sends
        )
        if in_the_way is not None:
            raise Locked(_wait(in_the_way + window, at))

    def _issue(self, environment: str, user_id: str, terms: Terms, at: float) -> str:
        grant = self._random.grant()
        self.store.add_grant(
            environment,
            user_id,
            grant_hash=_hash(grant),
            action_type=terms.action_type.encode(),
            one_time=int(terms.grant_type == ONE_TIME_USE),
            issued_at=at,
            expires_at=at + terms.valid_for_seconds,
        )
        return grant

    def _mac(self, challenge_id: str, code: str) -> bytes:
        # Six characters are soon guessed: a plain hash at rest would tell them.
        return hmac.digest(self.store.mac_key, f"{challenge_id}:{code}".encode(), "sha256")


def _hash(grant: str) -> bytes:
    return hashlib.sha256(grant.encode()).digest()


def _wait(until: float, at: float) -> int:
    return max(1, math.ceil(until - at))
