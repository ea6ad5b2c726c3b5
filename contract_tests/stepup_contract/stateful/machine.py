"""The state machine that Hypothesis plays: one rule for each kind of step, and bundles of what steps give.

A bundle holds what later steps can use: a rule that needs a grant is not chosen before there is one.
"""

import math
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    multiple,
    precondition,
    rule,
)

from stepup_contract.server.operations import (
    GRANT_TYPES,
    ONE_TIME_USE,
    SEND_SMS,
    VERIFY_GRANT,
    VERIFY_SMS,
    VERIFY_TOTP,
)
from stepup_contract.server.people import TotpUser
from stepup_contract.stateful.interleaving import Interleaving
from stepup_contract.stateful.model import Challenge, Grant, Terms, User

_COMMON = Terms("PAYOUT", ONE_TIME_USE, 60)
_terms = st.builds(
    Terms,
    action=st.sampled_from(("PAYOUT", "NEW_KEY")),
    grant_type=st.sampled_from(GRANT_TYPES),
    lifetime=st.sampled_from((60, 20, 900)),
)
_repetitions = st.integers(1, 3)


class Machine(Interleaving, RuleBasedStateMachine):
    """Users, challenges and grants of one interleaving, and the steps that can be taken with them."""

    apps: Bundle[User] = Bundle("apps")
    phone_users: Bundle[User] = Bundle("phone_users")
    users: Bundle[User] = Bundle("users")
    challenges: Bundle[Challenge] = Bundle("challenges")
    grants: Bundle[Grant] = Bundle("grants")
    # Grants whose code was not replayed yet.
    fresh_grants: Bundle[Grant] = Bundle("fresh_grants")

    # Users, whose accounts are created when a step first needs them ---------------------------------

    @initialize(targets=(apps, users))
    def users_with_an_app(self) -> Any:
        return multiple(User(), User())

    @initialize(targets=(phone_users, users))
    def users_with_phones(self) -> Any:
        return multiple(User(has_phones=True), User(has_phones=True))

    @rule(user=users)
    def look_up(self, user: User) -> None:
        account = self.account(user)
        exchange = self.send(self.session.lookup(account.id))
        setup = exchange.member("mfa_setup")
        if isinstance(account, TotpUser):
            held, broken, expected = setup == {"type": "Totp"}, "E1", "the Totp set-up"
        else:
            listed = setup.get("phone_numbers") if isinstance(setup, dict) else None
            phones = sorted((phone.id, phone.number[-4:]) for phone in account.phones)
            held, broken, expected = _ids_and_suffixes(listed) == phones, "E2", "the user's phones"
        if exchange.status != 200 or not held:
            self.diverge(broken, exchange, f"200 with {expected}", self.seen(exchange))

    @precondition(lambda self: self.accounts)
    @rule(user=users)
    def enrol_again(self, user: User) -> None:
        self.model.enrol_again(user)
        self.enrol(user)

    @rule(grant=grants)
    def enrol_holder_again(self, grant: Grant) -> None:
        self.model.enrol_again(grant.user)
        self.enrol(grant.user)

    # Time -----------------------------------------------------------------------------------------

    @rule()
    def do_nothing(self) -> None:
        """Stand for a step that shrinking cannot leave out: Hypothesis puts in the rule with the fewest
        arguments, the first by name. In the sequence of requests it leaves no trace.
        """

    @precondition(lambda self: self.accounts)
    @rule(seconds=st.sampled_from((1, 1, 20, 30, 60, 600, 900)))
    def advance_clock(self, seconds: int) -> None:
        self.model.now = self.clock({"advance_seconds": seconds})

    @rule(grant=grants, remaining=st.integers(0, 1))
    def age_grant(self, grant: Grant, remaining: int) -> None:
        seconds = grant.issued + grant.terms.lifetime - remaining - self.model.now
        if seconds >= 1:
            self.advance_clock(int(seconds))

    @precondition(lambda self: self.model.lock_seconds)
    @rule()
    def wait_until_nobody_is_locked(self) -> None:
        self.advance_clock(math.ceil(self.model.lock_seconds))

    # TOTP codes -----------------------------------------------------------------------------------

    @rule(
        targets=(grants, fresh_grants),
        user=apps,
        shift=st.sampled_from((0, 0, 0, -1, 1, -2, 2)),
        terms=_terms,
    )
    def verify_totp(self, user: User, shift: int, terms: Terms) -> Any:
        return multiple(*self._verify_totp(user, self.model.step + shift, terms))

    @rule(target=grants, grant=consumes(fresh_grants), terms=_terms)
    def replay_totp(self, grant: Grant, terms: Terms) -> Any:
        return multiple(*self._verify_totp(grant.user, grant.step, terms))

    @rule(user=apps, count=_repetitions)
    def wrong_totp_codes(self, user: User, count: int) -> None:
        for _ in range(count):
            self._verify_totp(user, None, _COMMON)

    @rule(user=apps)
    def verify_totp_without_lifetime(self, user: User) -> None:
        account = self.app(user)
        promise = self.model.verify_totp_without_lifetime(user, self.model.step)
        code = self.code(account, self.model.step)
        exchange = self.send(self.session.verify_totp(account.id, code, valid_for=0))
        self.check(promise, VERIFY_TOTP, exchange, user)

    def _verify_totp(self, user: User, step: int | None, terms: Terms) -> list[Grant]:
        """Send the code of a time step, a wrong one for None, and return the grant, if any."""
        account = self.app(user)
        code = self.wrong_code(account) if step is None else self.code(account, step)
        promise = self.model.verify_totp(user, step)
        exchange = self.send(self.session.verify_totp(account.id, code, **_request(terms)))
        return self.granted(self.check(promise, VERIFY_TOTP, exchange, user), user, terms, step)

    # SMS codes ------------------------------------------------------------------------------------

    @rule(target=challenges, user=phone_users, phone=st.integers(0, 1), terms=_terms)
    def send_sms(self, user: User, phone: int, terms: Terms) -> Any:
        account = self.phones(user)
        chosen = account.phones[phone]
        before = self.messages_to(chosen.number)
        promise = self.model.send_sms(user, chosen.id)
        exchange = self.send(self.session.send_sms(account.id, chosen.id, **_request(terms)))
        value = self.check(promise, SEND_SMS, exchange, user)
        delivered = self.messages_to(chosen.number) - before
        if delivered != (promise.rejection is None):
            broken = "S9" if promise.rejection else "S1"
            self.diverge(broken, exchange, "one message for a successful send only", f"{delivered} messages")
        if promise.rejection is not None:
            return multiple()
        messages = self.tally.wait(self.session.messages(challenge_id=str(value)))
        if len(messages) != 1:
            self.diverge("S1", exchange, "one message for the challenge", f"{len(messages)} messages")
        challenge = Challenge(user, terms, self.model.now + self.model.limits["challenge_ttl_seconds"])
        self.model.challenges.append(challenge)
        self.sms[challenge] = str(value), messages[0].code
        return challenge

    @rule(target=grants, challenge=challenges, times=_repetitions)
    def verify_sms(self, challenge: Challenge, times: int) -> Any:
        _, code = self.sms[challenge]
        found = [self._verify_sms(challenge, challenge.user, code) for _ in range(times)]
        return multiple(*(grant for grants in found for grant in grants))

    @rule(target=grants, challenge=challenges, user=phone_users)
    def verify_sms_as(self, challenge: Challenge, user: User) -> Any:
        _, code = self.sms[challenge]
        return multiple(*self._verify_sms(challenge, user, code))

    @rule(challenge=challenges)
    def wrong_sms_code_for(self, challenge: Challenge) -> None:
        _, code = self.sms[challenge]
        self._verify_sms(challenge, challenge.user, self.wrong_sms_code(code))

    @rule(target=grants, challenge=challenges, other=challenges)
    def verify_sms_with_code_of(self, challenge: Challenge, other: Challenge) -> Any:
        _, code = self.sms[other]
        return multiple(*self._verify_sms(challenge, challenge.user, code, foreign=True))

    def _verify_sms(
        self, challenge: Challenge, user: User, code: str, *, foreign: bool = False
    ) -> list[Grant]:
        """Send a code for a challenge as a user, and return the grant, if any."""
        challenge_id, right = self.sms[challenge]
        promise = self.model.verify_sms(user, challenge, right=code == right, foreign_code=foreign)
        exchange = self.send(self.session.verify_sms(self.phones(user).id, challenge_id, code))
        return self.granted(self.check(promise, VERIFY_SMS, exchange, user), user, challenge.terms)

    # Grants ---------------------------------------------------------------------------------------

    @rule(grant=grants, times=_repetitions)
    def verify_grant(self, grant: Grant, times: int) -> None:
        for _ in range(times):
            self._verify_grant(grant, grant.user, grant.terms.action)

    @rule(grant=grants, user=users)
    def verify_grant_as(self, grant: Grant, user: User) -> None:
        self._verify_grant(grant, user, grant.terms.action)

    @rule(grant=grants)
    def verify_grant_for_another_action(self, grant: Grant) -> None:
        self._verify_grant(grant, grant.user, "DELETE_ACCOUNT")

    def _verify_grant(self, grant: Grant, user: User, action: str) -> None:
        promise = self.model.verify_grant(user, grant, action)
        exchange = self.send(
            self.session.verify_grant(self.account(user).id, self.grant_values[grant], action)
        )
        self.check(promise, VERIFY_GRANT, exchange, user)


def _request(terms: Terms) -> dict[str, Any]:
    return {"action": terms.action, "grant_type": terms.grant_type, "valid_for": terms.lifetime}


def _ids_and_suffixes(listed: Any) -> Sequence[tuple[str, str]] | None:
    """Return ids and suffixes of the phones of a lookup, sorted; None where the list is malformed."""
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        return None
    pairs = [(item.get("mfa_phone_id"), item.get("mfa_phone_number_suffix")) for item in listed]
    return sorted(pairs) if all(isinstance(text, str) for pair in pairs for text in pair) else None
