"""A story that is judged: every judgement counts an answer as evidence, or records a promise that was not
kept.

A step that only prepares the ground and fails is a finding of the rule that promises *that* step, and ends
the scene.
"""

from collections.abc import Iterable
from typing import Any

from stepup_contract.scenario.finding import MUST, SHOULD, Finding, Strength, difference, fingerprint
from stepup_contract.scenario.story import Abandon, Story
from stepup_contract.server.named import NotExercised
from stepup_contract.server.operations import ACTION, LOOKUP, VERIFY_GRANT, VERIFY_TOTP, Operation, Refusal
from stepup_contract.server.people import Challenge, Grant, Phone, PhoneUser, TotpUser
from stepup_contract.server.target import MISSING, Exchange

# A longer sequence helps nobody; its end is what matters.
_LONGEST = 12
_TOLD = 3


class Scene(Story):
    """A story on the server with users of its own, and its verdicts."""

    # Steps that prepare the ground ----------------------------------------------------------------

    def prepared(self, exchange: Exchange, rule: str, member: str) -> Any:
        """Return a member of an answer that the story needs; else record a finding of the rule that promises
        it.
        """
        value = exchange.member(member)
        if exchange.status == 200 and isinstance(value, str) and value:
            return value
        throttled = exchange.status == 429 and not self.server.controlled
        if throttled:
            raise NotExercised(f"the server throttles {exchange.request.operation} (429)")
        self.trial.reasons.append(f"the story needs a step that was refused; see {rule}")
        self._find(exchange, f"200 with a non-empty `{member}`", "to prepare the check", MUST, rule=rule)
        raise Abandon

    async def totp_grant(self, user: TotpUser | None = None, shift: int = 0, **terms: Any) -> Grant:
        """Return a grant for a right code, of a new user unless one is given.

        Named users are few: where none is given it is one that the story has already, if it has, and each
        grant waits for a code of its own. So lives that do not matter are long.
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
            self.trial.reasons.append("the story needs a message that was not sent; see S1")
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
        """Return a grant of a user that this story has not had before."""
        if factor is VERIFY_TOTP:
            return await self.totp_grant(await self.totp_user(), **terms)
        return await self.sms_grant(await self.challenge(await self.phone_user(), **terms))

    async def sms_grant(self, challenge: Challenge | None = None, **terms: Any) -> Grant:
        """Return a grant for the right code of a challenge, of a new user unless one is given."""
        challenge = challenge or await self.challenge(**terms)
        exchange = await self.verify_sms(challenge.user.id, challenge.id, challenge.code)
        value = self.prepared(exchange, "S3", "step_up_grant")
        return Grant(value, challenge.user.id, challenge.action)

    async def grant(self, factor: Operation, **terms: Any) -> Grant:
        """Return a new user's grant by ``VERIFY_TOTP`` or by ``VERIFY_SMS``; see there for named users."""
        return await (self.totp_grant(**terms) if factor is VERIFY_TOTP else self.sms_grant(**terms))

    # Judgements -----------------------------------------------------------------------------------

    def expect(
        self,
        exchange: Exchange,
        held: bool,
        wanted: str,
        what: str = "",
        strength: Strength = MUST,
        *,
        got: str | None = None,
    ) -> bool:
        """Count an answer as evidence, and record a finding where the promise was not held."""
        self.trial.evidence.add(exchange)
        if not held:
            self._find(exchange, wanted, what, strength, got=got)
        return held

    def refused(self, exchange: Exchange, how: Refusal, what: str, *, exactly: Strength = SHOULD) -> None:
        """Judge a refusal: 4xx on any server, and just the one that is promised as far as
        ``exactly`` binds.
        """
        if exchange.status == 429 and how.status != 429 and not self.server.controlled:
            raise NotExercised(f"the server throttles {exchange.request.operation} (429)")
        refused = 400 <= exchange.status < 500
        strength = exactly if refused else MUST
        self.expect(exchange, how.matches(exchange), str(how), what, strength)

    def succeeded(self, exchange: Exchange, operation: Operation, what: str) -> Any:
        """Judge a success and return what it is about; a finding ends the scene."""
        value = exchange.member(operation.success)
        held = exchange.status == 200 and value is not MISSING and whole(operation, value)
        if not self.expect(exchange, held, f"200 with `{operation.success}`", what):
            raise Abandon
        return value

    def control(self, exchange: Exchange, operation: Operation, what: str, strength: Strength = MUST) -> Any:
        """Judge the positive control of a refusal: no evidence itself, but without it the refusal proves
        nothing.
        """
        value = exchange.member(operation.success)
        if exchange.status == 200 and value is not MISSING and whole(operation, value):
            return value
        wanted = f"200 with `{operation.success}` (positive control)"
        self._find(exchange, wanted, what, strength)
        raise Abandon

    def same(self, exchanges: Iterable[tuple[str, Exchange]], wanted: str, strength: Strength) -> None:
        """Judge that answers cannot be told apart by status, header names or body."""
        (first, reference), *others = exchanges
        expected = fingerprint(reference)
        for label, exchange in others:
            told = difference(expected, fingerprint(exchange))
            self.expect(
                exchange,
                not told,
                f"{wanted}: the same answer as for {first}",
                label,
                strength,
                got=told,
            )

    def _find(
        self,
        exchange: Exchange,
        wanted: str,
        what: str,
        strength: Strength,
        *,
        rule: str | None = None,
        got: str | None = None,
    ) -> None:
        redactor = self.server.redactor
        got = exchange.seen(redactor) if got is None else got
        told = ", ".join(part for part in (self.label, what) if part) or exchange.request.operation
        self.trial.findings.append(
            Finding(
                rule=rule or self.trial.rule.id,
                operation=exchange.request.operation,
                message=redactor.text(f"{told}: wanted {wanted}, got {got}"),
                curl=exchange.curl(redactor),
                wanted=redactor.text(wanted),
                got=redactor.text(got),
                check=self.trial.check,
                fails=self._fails(strength),
                sequence=self._story_of(exchange),
            )
        )

    def _fails(self, strength: Strength) -> bool:
        """Tell whether a broken promise fails this server or is only observed (see the top of rules.yaml)."""
        return self.server.controlled or (strength is MUST and self.trial.rule.kind != "ours")

    def _story_of(self, exchange: Exchange) -> tuple[tuple[str, int], ...]:
        """Return the requests that led to an exchange, for the first findings of a check; the
        rest are alike.
        """
        if len(self.trial.findings) >= _TOLD:
            return ()
        steps = [exchange]
        if exchange in self.sequence:
            steps = self.sequence[: self.sequence.index(exchange) + 1]
        redactor = self.server.redactor
        return tuple((step.curl(redactor), step.status) for step in steps[-_LONGEST:])


def whole(operation: Operation, value: Any) -> bool:
    """Tell whether the member of a success is what it must be. V1: `success` is true, and nothing else."""
    if operation is VERIFY_GRANT:
        return value is True
    if operation is LOOKUP:
        return value is None or isinstance(value, dict)
    return isinstance(value, str) and value != ""
