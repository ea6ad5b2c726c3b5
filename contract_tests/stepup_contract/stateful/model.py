"""A reference model of the server: users, codes, challenges, grants, throttle and time, in memory and without
HTTP.

Each operation returns a Promise: the response that the contract requires now, and the rule that another
response breaks. The model continues as if the promise was kept; it knows nothing of a server that breaks one.
"""

from dataclasses import dataclass, field

from stepup_contract.server.operations import (
    CHALLENGE_NOT_FOUND,
    GRANT_NOT_FOUND,
    INCORRECT_CODE,
    INCORRECT_SMS_CODE,
    ONE_TIME_USE,
    RATE_LIMITED,
    Rejection,
    invalid,
)

_NO_LIFETIME = invalid("valid_for_seconds")


@dataclass(frozen=True, slots=True)
class Promise:
    """The required response: ``rejection``, or a success where it is None.

    ``rule`` is broken by the opposite, ``form`` by a rejection of another kind, ``throttled`` by a 429.
    """

    rejection: Rejection | None
    rule: str
    form: str
    throttled: str = "R5"


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms under which a grant is requested; ``lifetime`` is in seconds."""

    action: str
    grant_type: str
    lifetime: int


@dataclass(eq=False, slots=True)
class User:
    """What the server must remember of a user, who has an authenticator app or phones."""

    has_phones: bool = False
    wrong: int = 0
    locked_until: float = 0.0
    accepted: set[int] = field(default_factory=set)
    rejected_fields: set[int] = field(default_factory=set)
    sends: dict[str, list[float]] = field(default_factory=dict)
    cleared: bool = False
    sent_amid_wrong_codes: bool = False


@dataclass(eq=False, slots=True)
class Challenge:
    """A challenge; ``ended`` is the rule under which it is invalid, "" while it may be valid."""

    user: User
    terms: Terms
    ends: float
    wrong: int = 0
    ended: str = ""
    tried_by_another: bool = False


@dataclass(eq=False, slots=True)
class Grant:
    """A grant; ``ended`` is the rule under which it is invalid, "" while it may be valid.

    ``step`` is the time step of the TOTP code that it was issued for, None after an SMS code.
    """

    user: User
    terms: Terms
    issued: float
    step: int | None
    uses: int = 0
    ended: str = ""
    mismatched: bool = False


class Model:
    """The whole server under the policy ``limits``, at the Unix time ``now``, which only ever grows."""

    def __init__(self, limits: dict[str, int], now: float) -> None:
        self.limits = limits
        self.now = now
        self.challenges: list[Challenge] = []
        self.grants: list[Grant] = []
        self._ever_locked: list[User] = []

    @property
    def step(self) -> int:
        """The current TOTP time step. RFC 6238 section 4.2."""
        return int(self.now // self.limits["totp_step_seconds"])

    # Operations -----------------------------------------------------------------------------------

    def verify_totp(self, user: User, step: int | None) -> Promise:
        """Predict the response to the code of a time step, or to one that is not the user's (None)."""
        throttled = self._rule_of_no_lock(user)
        if self.locked(user):
            return self._locked(user)
        drift = self.limits["totp_drift_steps"]
        # RFC 6238 section 5.2: a code verifies once; T4: and no older one after it.
        spent = step is not None and step <= max(user.accepted, default=-1)
        if step is None or abs(step - self.step) > drift or spent:
            self._wrong(user)
            replayed = "T3" if step in user.accepted else "T4"
            rule = replayed if spent else "T1" if step is None else "T2"
            return Promise(INCORRECT_CODE, rule, "T5", throttled)
        user.accepted.add(step)
        self._clear(user)
        early = "T9" if step in user.rejected_fields else "T1"
        return Promise(None, early if step == self.step else "T2", early, throttled)

    def verify_totp_without_lifetime(self, user: User, step: int) -> Promise:
        """Predict the response to a right code with a lifetime of 0: it counts for nothing, locked or not."""
        user.rejected_fields.add(step)
        return Promise(_NO_LIFETIME, "I3", "I1", "R5")

    def send_sms(self, user: User, phone: str) -> Promise:
        """Predict the response to a send to one of the user's phones."""
        if self.locked(user):
            return self._locked(user)
        sends = user.sends.setdefault(phone, [])
        since = self.now - self.limits["send_window_seconds"]
        if sum(sent > since for sent in sends) >= self.limits["max_sends"]:
            return Promise(RATE_LIMITED, "S9", "S9", "S9")
        throttled = "S9" if sends else self._rule_of_no_lock(user)
        sends.append(self.now)
        user.sent_amid_wrong_codes = user.wrong > 0
        return Promise(None, "S1", "S1", throttled)

    def verify_sms(self, user: User, challenge: Challenge, *, right: bool, foreign_code: bool) -> Promise:
        """Predict the response to a code for a challenge; a ``foreign_code`` is that of another challenge."""
        throttled = self._rule_of_no_lock(user)
        if self.locked(user):
            return self._locked(user)
        if not challenge.ended and self.now >= challenge.ends:
            challenge.ended = "S6"
        if challenge.user is not user:
            challenge.tried_by_another = True
            return Promise(CHALLENGE_NOT_FOUND, challenge.ended or "S5", "S5", throttled)
        if challenge.ended:
            return Promise(CHALLENGE_NOT_FOUND, challenge.ended, challenge.ended, throttled)
        if right:
            challenge.ended = "S4"
            self._clear(user)
            rule = "S5" if challenge.tried_by_another else "S3"
            return Promise(None, rule, rule, throttled)
        self._wrong(user)
        challenge.wrong += 1
        if challenge.wrong >= self.limits["challenge_max_attempts"]:
            challenge.ended = "S7"
        rule = "S5" if foreign_code or challenge.tried_by_another else "S7"
        return Promise(INCORRECT_SMS_CODE, rule, rule, throttled)

    def verify_grant(self, user: User, grant: Grant, action: str) -> Promise:
        """Predict the response to the verification of a grant."""
        terms = grant.terms
        if not grant.ended and self.now >= grant.issued + terms.lifetime:
            grant.ended = "V3" if grant.uses else "V4"
        if grant.ended:
            return Promise(GRANT_NOT_FOUND, grant.ended, "V7")
        if user is not grant.user or action != terms.action:
            grant.mismatched = True
            return Promise(GRANT_NOT_FOUND, "V5", "V7")
        rule = self._rule_of_success(grant)
        grant.uses += 1
        if terms.grant_type == ONE_TIME_USE:
            grant.ended = "V2"
        return Promise(None, rule, rule)

    def enrol_again(self, user: User) -> None:
        """Replace the user's factor by a new one: challenges and grants end, the throttle stays (V9)."""
        for challenge in self.challenges:
            if challenge.user is user:
                challenge.ended = challenge.ended or "V9"
        for grant in self.grants:
            if grant.user is user:
                grant.ended = grant.ended or "V9"
        user.accepted.clear()
        user.rejected_fields.clear()

    # Parts ----------------------------------------------------------------------------------------

    def locked(self, user: User) -> bool:
        """Tell whether the user's codes are rejected unseen."""
        return self.now < user.locked_until

    @property
    def lock_seconds(self) -> float:
        """How long somebody stays locked, 0 where nobody is."""
        return max(
            (user.locked_until - self.now for user in self._ever_locked if self.locked(user)), default=0.0
        )

    def _locked(self, user: User) -> Promise:
        return Promise(RATE_LIMITED, "R3", "S8" if user.sent_amid_wrong_codes else "R1", "R1")

    def _wrong(self, user: User) -> None:
        user.wrong += 1
        if user.wrong >= self.limits["max_wrong_codes"]:
            user.wrong = 0
            user.locked_until = self.now + self.limits["lock_seconds"]
            self._ever_locked.append(user)

    def _clear(self, user: User) -> None:
        user.cleared = user.cleared or user.wrong > 0
        user.wrong = 0
        user.sent_amid_wrong_codes = False

    def _rule_of_no_lock(self, user: User) -> str:
        """Return the rule that an unexpected lock breaks."""
        if any(self.locked(other) for other in self._ever_locked):
            return "R3"
        if user.locked_until:
            return "R4"
        return "R3" if user.cleared else "R5"

    def _rule_of_success(self, grant: Grant) -> str:
        """Return the rule that a rejection of a valid grant breaks."""
        if grant.mismatched:
            return "V6"
        if grant.uses:
            return "V3"
        if self.now > grant.issued:
            return "V4"
        return "S3" if grant.step is None else "V1"
