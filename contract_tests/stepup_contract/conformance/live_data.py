"""Turns generated requests into ones that can succeed: ids of real users, current codes, fresh challenges and
grants.

Only well-formed values are replaced. A request that is malformed on purpose keeps its one fault and has
everything else right, so it is rejected for that fault and for no other. Every user is created for one
request: nobody is ever locked.
"""

import re
from typing import Any

from stepup_contract.scenario.judged import JudgedSession
from stepup_contract.server.operations import ACTION, SEND_SMS, VERIFY_GRANT, VERIFY_SMS, VERIFY_TOTP
from stepup_contract.server.target import Exchange

_UUID = re.compile(r"[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}")
# One request in so many stays as it was generated, to see how unknown ids are handled.
_AS_GENERATED = 5


class LiveData:
    """Creates users, challenges and grants for generated requests; its session removes them at its end."""

    def __init__(self, session: JudgedSession) -> None:
        self._session = session
        self._count = 0
        self._challenges: dict[str, tuple[str, str]] = {}
        self._grants: dict[str, tuple[str, str]] = {}

    async def path_id(self, user_id: Any) -> Any:
        """Return the id of a new user for a well-formed one; TOTP, phone and plain users in turn."""
        self._count += 1
        if not _is_uuid(user_id) or self._count % _AS_GENERATED == 0:
            return user_id
        kind = self._count % 3
        if kind == 0:
            return (await self._session.totp_user()).id
        if kind == 1:
            return (await self._session.phone_user(None, None)).id
        return await self._session.plain_user()

    async def body(self, operation: str, body: Any) -> Any:
        """Return a request body with live values for its well-formed fields."""
        if not isinstance(body, dict):
            return body
        challenge, grant = body.get("challenge_id"), body.get("grant")
        if operation == VERIFY_SMS.id and isinstance(challenge, str) and challenge in self._challenges:
            return await self._known_challenge(body)
        if operation == VERIFY_GRANT.id and isinstance(grant, str) and grant in self._grants:
            user_id, action = self._grants[grant]
            return _replace(body, {"user_id": user_id, "action_type": action})
        self._count += 1
        if self._count % _AS_GENERATED == 0:
            return body
        return _replace(body, await self._fresh(operation, body))

    async def _known_challenge(self, body: dict[str, Any]) -> dict[str, Any]:
        """Complete a request about a challenge that an earlier response gave."""
        user_id, _ = self._challenges[body["challenge_id"]]
        messages = await self._session.messages(challenge_id=body["challenge_id"])
        code = {"code": messages[-1].code} if messages else {}
        return _replace(body, {"user_id": user_id, **code})

    async def _fresh(self, operation: str, body: dict[str, Any]) -> dict[str, str]:
        session = self._session
        if operation == VERIFY_TOTP.id:
            app = await session.totp_user()
            return {"user_id": app.id, "code": session.code(app)}
        if operation == SEND_SMS.id:
            user = await session.phone_user()
            return {"user_id": user.id, "mfa_phone_id": user.phones[0].id}
        if operation == VERIFY_SMS.id:
            challenge = await session.challenge()
            return {"challenge_id": challenge.id, "user_id": challenge.user.id, "code": challenge.code}
        if operation == VERIFY_GRANT.id:
            action = body.get("action_type")
            expected = str(action) if _is_text(action, 256) else ACTION
            grant = await session.totp_grant(action=expected)
            return {"user_id": grant.user_id, "grant": grant.value, "action_type": expected}
        return {}

    def learn(self, operation: str, body: Any, exchange: Exchange) -> None:
        """Remember what a success was about, for requests that build on it."""
        if exchange.status != 200 or not isinstance(body, dict):
            return
        user_id, action = str(body.get("user_id")), str(body.get("action_type"))
        if operation == SEND_SMS.id:
            self._challenges[str(exchange.member("challenge_id"))] = (user_id, action)
        if operation == VERIFY_TOTP.id:
            self._grants[str(exchange.member("step_up_grant"))] = (user_id, action)
        if operation == VERIFY_SMS.id:
            _, action = self._challenges.get(str(body.get("challenge_id")), ("", ACTION))
            self._grants[str(exchange.member("step_up_grant"))] = (user_id, action)


_FORMS = {"user_id": 0, "mfa_phone_id": 0, "code": 16, "challenge_id": 256, "grant": 256, "action_type": 256}


def _replace(body: dict[str, Any], live: dict[str, str]) -> dict[str, Any]:
    """Return ``body`` with the live values of the fields that are there and well-formed."""
    replaced = dict(body)
    for name, value in live.items():
        longest = _FORMS[name]
        if name in body and (_is_text(body[name], longest) if longest else _is_uuid(body[name])):
            replaced[name] = value
    return replaced


def _is_uuid(value: Any) -> bool:
    return isinstance(value, str) and _UUID.fullmatch(value) is not None


def _is_text(value: Any, longest: int) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= longest
