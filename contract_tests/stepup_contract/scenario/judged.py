"""A session whose requests are judged: each judged response is evidence, and a broken promise a finding.

A step that only prepares a check and fails is a finding of the rule that promises *that* step, and ends the
session.
"""

from collections.abc import Iterable
from typing import Any

from stepup_contract.scenario.finding import MUST, SHOULD, Finding, Strength, difference, fingerprint
from stepup_contract.scenario.session import Abandon, Session
from stepup_contract.server.named import NotExercised
from stepup_contract.server.operations import ACTION, LOOKUP, VERIFY_GRANT, VERIFY_TOTP, Operation, Rejection
from stepup_contract.server.people import Challenge, Grant, Phone, PhoneUser, TotpUser
from stepup_contract.server.target import MISSING, Exchange

# The last requests are the ones that explain a finding.
_LONGEST_SEQUENCE = 12
_FINDINGS_WITH_SEQUENCE = 3


class JudgedSession(Session):
    """A session on the server with users of its own, and its verdicts."""

    # Steps that prepare a check -------------------------------------------------------------------

    def prepared(self, exchange: Exchange, rule: str, member: str) -> Any:
        """Return a member of a response that the check needs. Otherwise record a finding of the rule that
        promises it.
        """
        value = exchange.member(member)
        if exchange.status == 200 and isinstance(value, str) and value:
            return value
        self._not_throttled(exchange)
        self.record.reasons.append(f"a step that prepares the check failed; see {rule}")
        self._find(exchange, f"200 with a non-empty `{member}`", "to prepare the check", MUST, rule=rule)
        raise Abandon

    async def totp_grant(self, user: TotpUser | None = None, shift: int = 0, **terms: Any) -> Grant:
        """Return a grant for a right code, of a new user unless one is passed.

        Named users are few, and each of their grants needs a code of its own: the default is a user that this
        session has already, and a long lifetime.
        """
        if self.server.pool is not None:
            user, shift = user or await self.own_app(), 0
            await self.fresh(user)
            terms.setdefault("valid_for", 600)
        user = user or await self.totp_user()
        exchange = await self.verify_totp(user.id, self.code(user, shift), **terms)
        return Grant(self.prepared(exchange, "T1", "step_up_grant"), user.id, terms.get("action", ACTION))

    async def challenge(
        self, user: PhoneUser | None = None, phone: Phone | None = None, **terms: Any
    ) -> Challenge:
        """Send a code to a phone and read it in the inbox."""
        user = user or await self.phone_user()
        phone = phone or user.phones[0]
        exchange = await self.send_sms(user.id, phone.id, **terms)
        challenge_id = self.prepared(exchange, "S1", "challenge_id")
        messages = await self.messages(challenge_id=challenge_id)
        if len(messages) != 1:
            self.record.reasons.append("the check needs a message that was not sent; see S1")
            self._find(
                exchange,
                "one message in the inbox for the challenge",
                "to prepare the check",
                MUST,
                rule="S1",
                got=str(len(messages)),
            )
            raise Abandon
        return Challenge(challenge_id, user, phone, terms.get("action", ACTION), messages[0].code)

    async def others_grant(self, factor: Operation, **terms: Any) -> Grant:
        """Return a grant of a user that this session has not had before."""
        if factor is VERIFY_TOTP:
            return await self.totp_grant(await self.totp_user(), **terms)
        return await self.sms_grant(await self.challenge(await self.phone_user(), **terms))

    async def sms_grant(self, challenge: Challenge | None = None, **terms: Any) -> Grant:
        """Return a grant for the right code of a challenge, of a new user unless one is passed."""
        challenge = challenge or await self.challenge(**terms)
        exchange = await self.verify_sms(challenge.user.id, challenge.id, challenge.code)
        value = self.prepared(exchange, "S3", "step_up_grant")
        return Grant(value, challenge.user.id, challenge.action)

    async def grant(self, factor: Operation, **terms: Any) -> Grant:
        """Return a grant of ``VERIFY_TOTP`` or of ``VERIFY_SMS``, as ``totp_grant`` and ``sms_grant`` do."""
        return await (self.totp_grant(**terms) if factor is VERIFY_TOTP else self.sms_grant(**terms))

    # Judged requests ------------------------------------------------------------------------------

    def expect(
        self,
        exchange: Exchange,
        held: bool,
        expected: str,
        what: str = "",
        strength: Strength = MUST,
        *,
        got: str | None = None,
    ) -> bool:
        """Count a response as evidence, and record a finding unless the promise ``held``."""
        self.record.evidence.add(exchange)
        if not held:
            self._find(exchange, expected, what, strength, got=got)
        return held

    def rejected(self, exchange: Exchange, how: Rejection, what: str, *, exactly: Strength = SHOULD) -> None:
        """Expect an API error: any 4xx on every server, and this one exactly as far as ``exactly`` binds."""
        if how.status != 429:
            self._not_throttled(exchange)
        rejected = 400 <= exchange.status < 500
        strength = exactly if rejected else MUST
        self.expect(exchange, how.matches(exchange), str(how), what, strength)

    def succeeded(self, exchange: Exchange, operation: Operation, what: str) -> Any:
        """Expect a success and return its main member; a finding ends the session."""
        value = exchange.member(operation.success)
        if not self.expect(exchange, _success(exchange, operation), f"200 with `{operation.success}`", what):
            raise Abandon
        return value

    def control(self, exchange: Exchange, operation: Operation, what: str, strength: Strength = MUST) -> Any:
        """Expect the success that is the positive control of a rejection: not evidence itself, but without it
        the rejection proves nothing.
        """
        if _success(exchange, operation):
            return exchange.member(operation.success)
        expected = f"200 with `{operation.success}` (positive control)"
        self._find(exchange, expected, what, strength)
        raise Abandon

    def same(self, exchanges: Iterable[tuple[str, Exchange]], expected: str, strength: Strength) -> None:
        """Expect responses that differ in neither status, header names nor body."""
        (first, reference), *others = exchanges
        known = fingerprint(reference)
        for label, exchange in others:
            got = difference(known, fingerprint(exchange))
            self.expect(
                exchange,
                not got,
                f"{expected}: the same response as for {first}",
                label,
                strength,
                got=got,
            )

    def _not_throttled(self, exchange: Exchange) -> None:
        """Raise NotExercised for a 429 of a server whose limits this run cannot read."""
        if exchange.status == 429 and not self.server.controlled:
            raise NotExercised(f"the server throttles {exchange.request.operation} (429)")

    def _find(
        self,
        exchange: Exchange,
        expected: str,
        what: str,
        strength: Strength,
        *,
        rule: str | None = None,
        got: str | None = None,
    ) -> None:
        redactor = self.server.redactor
        got = exchange.seen(redactor) if got is None else got
        subject = ", ".join(part for part in (self.label, what) if part) or exchange.request.operation
        self.record.findings.append(
            Finding(
                rule=rule or self.record.rule.id,
                operation=exchange.request.operation,
                message=redactor.text(f"{subject}: expected {expected}, got {got}"),
                curl=exchange.curl(redactor),
                expected=redactor.text(expected),
                got=redactor.text(got),
                check=self.record.check,
                fails=self._fails(strength),
                sequence=self._sequence_to(exchange),
            )
        )

    def _fails(self, strength: Strength) -> bool:
        """Tell whether a broken promise fails this server or is only observed (see the top of rules.yaml)."""
        return self.server.controlled or (strength is MUST and self.record.rule.kind != "ours")

    def _sequence_to(self, exchange: Exchange) -> tuple[tuple[str, int], ...]:
        """Return the requests that led to an exchange, for the first findings of a check only: the rest are
        much the same.
        """
        if len(self.record.findings) >= _FINDINGS_WITH_SEQUENCE:
            return ()
        requests = [exchange]
        if exchange in self.sequence:
            requests = self.sequence[: self.sequence.index(exchange) + 1]
        redactor = self.server.redactor
        return tuple((one.curl(redactor), one.status) for one in requests[-_LONGEST_SEQUENCE:])


def _success(exchange: Exchange, operation: Operation) -> bool:
    """Tell whether a response is a success of the operation, its main member complete."""
    value = exchange.member(operation.success)
    return exchange.status == 200 and value is not MISSING and complete(operation, value)


def complete(operation: Operation, value: Any) -> bool:
    """Tell whether the main member of a success is complete. V1: `success` is true, and nothing else."""
    if operation is VERIFY_GRANT:
        return value is True
    if operation is LOOKUP:
        return value is None or isinstance(value, dict)
    return isinstance(value, str) and value != ""
