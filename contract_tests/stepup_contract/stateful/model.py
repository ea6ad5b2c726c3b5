"""A reference model of the server: users, codes, challenges, grants, throttle and time, in memory and without
HTTP.

Each operation returns a Promise: the answer that the contract wants now, and the rule that another answer
breaks. The model goes on as if the promise was kept; it knows nothing of a server that breaks one.
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

_MISFORMED = invalid("valid_for_seconds")


@dataclass(frozen=True, slots=True)
class Promise:
    """What an answer must be: ``refusal``, or a success where it is None.

    ``rule`` is broken by the opposite, ``form`` by a refusal of another kind, ``throttled`` by a 429.
    """

    refusal: Rejection | None
    rule: str
    form: str
    throttled: str = "R5"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a grant is asked for; ``life`` is in seconds."""

    action: str
    grant_type: str
    life: int


@dataclass(eq=False, slots=True)
class Person:
    """What the server must remember of a user."""

    wrong: int = 0
    locked_until: float = 0.0
    accepted: set[int] = field(default_factory=set)
    refused_fields: set[int] = field(default_factory=set)
    sends: dict[str, list[float]] = field(default_factory=dict)
    cleared: bool = False
    sent_amid_wrong_codes: bool = False


@dataclass(eq=False, slots=True)
class HeldChallenge:
    """A challenge; ``ended`` is the rule under which it is dead, "" while it may live."""

    person: Person
    terms: Terms
    ends: float
    wrong: int = 0
    ended: str = ""
    tried_by_another: bool = False


@dataclass(eq=False, slots=True)
class HeldGrant:
    """A grant; ``ended`` is the rule under which it is dead, "" while it may live."""

    person: Person
    terms: Terms
    issued: float
    by_sms: bool
    uses: int = 0
    ended: str = ""
    mismatched: bool = False


class Model:
    """The whole server under the policy ``limits``, at the Unix time ``now``, which only ever grows."""

    def __init__(self, limits: dict[str, int], now: float) -> None:
        self.limits = limits
        self.now = now
        self.challenges: list[HeldChallenge] = []
        self.grants: list[HeldGrant] = []
        self._once_locked: list[Person] = []

    @property
    def step(self) -> int:
        """The current TOTP time step. RFC 6238 section 4.2."""
        return int(self.now // self.limits["totp_step_seconds"])

    # Operations -----------------------------------------------------------------------------------

    def verify_totp(self, person: Person, step: int | None) -> Promise:
        """Judge the code of a time step, or one that is no code of this user (None)."""
        throttled = self._why_throttled(person)
        if self.locked(person):
            return self._locked(person)
        drift = self.limits["totp_drift_steps"]
        # RFC 6238 section 5.2: a code verifies once; T4: and no older one after it.
        spent = step is not None and step <= max(person.accepted, default=-1)
        if step is None or abs(step - self.step) > drift or spent:
            self._wrong(person)
            replayed = "T3" if step in person.accepted else "T4"
            rule = replayed if spent else "T1" if step is None else "T2"
            return Promise(INCORRECT_CODE, rule, "T5", throttled)
        person.accepted.add(step)
        self._clear(person)
        early = "T9" if step in person.refused_fields else "T1"
        return Promise(None, early if step == self.step else "T2", early, throttled)

    def verify_totp_without_life(self, person: Person, step: int) -> Promise:
        """Judge a right code with a lifetime of 0: nothing is spent or counted, locked or not."""
        person.refused_fields.add(step)
        return Promise(_MISFORMED, "I3", "I1", "R5")

    def send_sms(self, person: Person, phone: str) -> Promise:
        """Judge a send to one of the person's phones."""
        if self.locked(person):
            return self._locked(person)
        sends = person.sends.setdefault(phone, [])
        since = self.now - self.limits["send_window_seconds"]
        if sum(sent > since for sent in sends) >= self.limits["max_sends"]:
            return Promise(RATE_LIMITED, "S9", "S9", "S9")
        throttled = "S9" if sends else self._why_throttled(person)
        sends.append(self.now)
        person.sent_amid_wrong_codes = person.wrong > 0
        return Promise(None, "S1", "S1", throttled)

    def verify_sms(
        self, person: Person, challenge: HeldChallenge, *, right: bool, foreign_code: bool
    ) -> Promise:
        """Judge a code for a challenge; a ``foreign_code`` is the right one of another challenge."""
        throttled = self._why_throttled(person)
        if self.locked(person):
            return self._locked(person)
        if not challenge.ended and self.now >= challenge.ends:
            challenge.ended = "S6"
        if challenge.person is not person:
            challenge.tried_by_another = True
            return Promise(CHALLENGE_NOT_FOUND, challenge.ended or "S5", "S5", throttled)
        if challenge.ended:
            return Promise(CHALLENGE_NOT_FOUND, challenge.ended, challenge.ended, throttled)
        if right:
            challenge.ended = "S4"
            self._clear(person)
            rule = "S5" if challenge.tried_by_another else "S3"
            return Promise(None, rule, rule, throttled)
        self._wrong(person)
        challenge.wrong += 1
        if challenge.wrong >= self.limits["challenge_max_attempts"]:
            challenge.ended = "S7"
        rule = "S5" if foreign_code or challenge.tried_by_another else "S7"
        return Promise(INCORRECT_SMS_CODE, rule, rule, throttled)

    def verify_grant(self, person: Person, grant: HeldGrant, action: str) -> Promise:
        """Judge the verification of a grant."""
        terms = grant.terms
        if not grant.ended and self.now >= grant.issued + terms.life:
            grant.ended = "V3" if grant.uses else "V4"
        if grant.ended:
            return Promise(GRANT_NOT_FOUND, grant.ended, "V7")
        if person is not grant.person or action != terms.action:
            grant.mismatched = True
            return Promise(GRANT_NOT_FOUND, "V5", "V7")
        rule = self._why_alive(grant)
        grant.uses += 1
        if terms.grant_type == ONE_TIME_USE:
            grant.ended = "V2"
        return Promise(None, rule, rule)

    def enrol_again(self, person: Person) -> None:
        """Replace the person's factor by a new one: challenges and grants die, the throttle stays (V9)."""
        for challenge in self.challenges:
            if challenge.person is person:
                challenge.ended = challenge.ended or "V9"
        for grant in self.grants:
            if grant.person is person:
                grant.ended = grant.ended or "V9"
        person.accepted.clear()
        person.refused_fields.clear()

    # Parts ----------------------------------------------------------------------------------------

    def locked(self, person: Person) -> bool:
        """Tell whether the person's codes are refused unseen."""
        return self.now < person.locked_until

    def _locked(self, person: Person) -> Promise:
        return Promise(RATE_LIMITED, "R3", "S8" if person.sent_amid_wrong_codes else "R1", "R1")

    def _wrong(self, person: Person) -> None:
        person.wrong += 1
        if person.wrong >= self.limits["max_wrong_codes"]:
            person.wrong = 0
            person.locked_until = self.now + self.limits["lock_seconds"]
            self._once_locked.append(person)

    def _clear(self, person: Person) -> None:
        person.cleared = person.cleared or person.wrong > 0
        person.wrong = 0
        person.sent_amid_wrong_codes = False

    def _why_throttled(self, person: Person) -> str:
        """Return the rule that a lock breaks which should not be there."""
        if any(self.locked(other) for other in self._once_locked):
            return "R3"
        if person.locked_until:
            return "R4"
        return "R3" if person.cleared else "R5"

    def _why_alive(self, grant: HeldGrant) -> str:
        """Return the rule that a refusal breaks of a grant that lives."""
        if grant.mismatched:
            return "V6"
        if grant.uses:
            return "V3"
        if self.now > grant.issued:
            return "V4"
        return "S3" if grant.by_sms else "V1"
