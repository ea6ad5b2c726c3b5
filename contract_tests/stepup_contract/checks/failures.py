"""Every kind of failure that a request with a valid key can meet, provoked once, for the rules that speak of
all of them.
"""

import secrets
import uuid
from collections.abc import Awaitable, Callable

from stepup_contract.scenario.judged import JudgedSession
from stepup_contract.server.operations import (
    LOOKUP,
    POSTS,
)
from stepup_contract.server.target import Exchange

Failures = list[tuple[str, Exchange]]
# No server may need more wrong codes than this to lock a user (NIST SP 800-63B-4, throttling).
MOST_GUESSES = 100


async def general_failures(session: JudgedSession) -> Failures:
    """Provoke the failures that need no user: unknown ids, malformed bodies, other media types
    and methods.
    """
    user, other = str(uuid.uuid4()), str(uuid.uuid4())
    failures: Failures = [
        ("an unknown user", await session.lookup(user)),
        ("an id that is not a UUID", await session.lookup("abc")),
        (
            "another method",
            await session.send(LOOKUP, path=LOOKUP.path.format(user_id=user), method="DELETE"),
        ),
        ("an unknown user", await session.verify_totp(user, "123456")),
        ("an unknown user", await session.send_sms(user, other)),
        ("an unknown challenge", await session.verify_sms(user, other, "123456")),
        ("an unknown grant", await session.verify_grant(user, secrets.token_hex(32))),
    ]
    for operation in POSTS:
        for label, content, content_type in (
            ("malformed JSON", b"{", "application/json"),
            ("an array", b"[]", "application/json"),
            ("no fields", b"{}", "application/json"),
            ("text/plain", b"hello", "text/plain"),
            ("a body over 64 KiB", b'{"user_id": "' + b"x" * 70_000 + b'"}', "application/json"),
        ):
            exchange = await session.send(operation, content=content, content_type=content_type)
            failures.append((label, exchange))
        failures.append(("another method", await session.send(operation, method="PUT", content=b"{}")))
    return failures


async def user_failures(session: JudgedSession) -> Failures:
    """Provoke the failures that need users: wrong and used codes, invalid challenges and grants, a
    locked user.
    """
    if session.server.pool is not None:
        return await app_failures(session)
    app, phone_user, plain = await session.totp_user(), await session.phone_user(), await session.plain_user()
    grant = await session.totp_grant(app)
    await session.verify_grant(grant.user_id, grant.value)
    failures: Failures = [
        ("a wrong code", await session.verify_totp(app.id, session.wrong_code(app))),
        ("a used grant", await session.verify_grant(app.id, grant.value)),
        ("a phone user", await session.verify_totp(phone_user.id, "123456")),
        ("a plain user", await session.verify_totp(plain, "123456")),
        ("a user with an app", await session.send_sms(app.id, phone_user.phones[0].id)),
        ("an unknown phone", await session.send_sms(phone_user.id, str(uuid.uuid4()))),
        ("an unknown challenge", await session.verify_sms(phone_user.id, str(uuid.uuid4()), "123456")),
    ]
    challenge = await session.challenge(phone_user)
    wrong = await session.verify_sms(phone_user.id, challenge.id, session.wrong_sms_code(challenge))
    failures.append(("a wrong SMS code", wrong))
    await guess_until_locked(lambda: session.verify_totp(app.id, session.wrong_code(app)))
    # Whatever response the lock starts with, those that follow it are failures too.
    failures.append(("a locked user", session.sequence[-1]))
    failures.append(("a locked user, the right code", await session.verify_totp(app.id, session.code(app))))
    return failures


async def app_failures(session: JudgedSession) -> Failures:
    """Provoke the failures that need no more than a named user with an app, and lock nobody."""
    app = await session.totp_user()
    grant = await session.totp_grant(app)
    await session.verify_grant(grant.user_id, grant.value)
    failures: Failures = [
        ("a wrong code", await session.verify_totp(app.id, session.wrong_code(app))),
        ("a used grant", await session.verify_grant(app.id, grant.value)),
        ("a user with an app", await session.send_sms(app.id, str(uuid.uuid4()))),
    ]
    if session.has_plain_user:
        plain = await session.plain_user()
        failures.append(("a plain user", await session.verify_totp(plain, "123456")))
    await session.totp_grant(app)
    return failures


async def guess_until_locked(
    guess: Callable[[], Awaitable[Exchange]], most: int = MOST_GUESSES + 1
) -> tuple[int, Exchange | None]:
    """Send wrong codes until 429; return how many were evaluated, and the 429, None where none came."""
    for count in range(most):
        exchange = await guess()
        if exchange.status == 429:
            return count, exchange
    return most, None
