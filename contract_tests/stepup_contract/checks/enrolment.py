"""Group E: the lookup shows which factor a user has, and nothing that helps an attacker to use it."""

import secrets
import uuid
from typing import Any

from stepup_contract.checks import check
from stepup_contract.scenario.check_run import CheckRun
from stepup_contract.scenario.finding import MUST, SHOULD
from stepup_contract.scenario.judged import JudgedSession
from stepup_contract.server.connect import Need
from stepup_contract.server.leaks import code_in, number_in, secret_in
from stepup_contract.server.operations import LOOKUP, NO_SUCH_USER, VERIFY_GRANT, VERIFY_SMS
from stepup_contract.server.people import PhoneUser, TotpUser
from stepup_contract.server.target import Exchange


async def check_totp_lookup(session: JudgedSession, user: TotpUser) -> None:
    """Check that a lookup names the app of a user and reveals neither secret nor code."""
    exchange = await session.lookup(user.id)
    setup = session.succeeded(exchange, LOOKUP, "the lookup")
    told = isinstance(setup, dict) and setup.get("type") == "Totp"
    session.expect(exchange, told, '`mfa_setup.type` = "Totp"')
    session.expect(exchange, setup == {"type": "Totp"}, '`mfa_setup` = {"type": "Totp"}', "", SHOULD)
    leak = secret_in(exchange.everything, user.secret)
    session.expect(exchange, not leak, "nothing that reveals the secret", got=leak)
    codes = {user.code(session.time_step() + shift) for shift in (-1, 0, 1)}
    leaked = any(code_in(exchange.everything, code) for code in codes)
    session.expect(exchange, not leaked, "no code in the response", got="a code of the user")


@check("E1", Need.SEED, Need.MAKE)
async def totp_user_is_named(run: CheckRun) -> None:
    """Look up users with authenticator apps and search all of the response for their secrets and codes."""

    async def steps(session: JudgedSession, size: int) -> None:
        user = await session.totp_user(secrets.token_bytes(size))
        await check_totp_lookup(session, user)

    await run.each(steps, [(f"a secret of {size * 8} bits", size) for size in (20, 25, 35)])


@check("E1", Need.SEED, Need.MAKE)
async def enrolment_changes_are_seen(run: CheckRun) -> None:
    """Give a phone user an authenticator app instead: the lookup shows the app only."""
    async with run.session("an app instead of a phone") as session:
        phone_user = await session.phone_user()
        await session.totp_user(user_id=phone_user.id)
        exchange = await session.lookup(phone_user.id)
        setup = session.succeeded(exchange, LOOKUP, "the lookup")
        session.expect(exchange, setup == {"type": "Totp"}, '`mfa_setup` = {"type": "Totp"}', "", SHOULD)


def check_phones(session: JudgedSession, exchange: Exchange, user: PhoneUser) -> None:
    """Check that a lookup lists just the phones of a user, by id and suffix, and no full number."""
    setup = session.succeeded(exchange, LOOKUP, "the lookup")
    told = isinstance(setup, dict) and setup.get("type") == "Phone"
    session.expect(exchange, told, '`mfa_setup.type` = "Phone"')
    listed = setup.get("phone_numbers") if isinstance(setup, dict) else None
    phones: list[Any] = listed if isinstance(listed, list) else []
    whole = all(isinstance(phone, dict) for phone in phones) and len(phones) == len(user.phones)
    if not session.expect(exchange, whole, f"an array `phone_numbers` with {len(user.phones)} objects"):
        return
    suffixes = {str(phone.get("mfa_phone_id")): phone.get("mfa_phone_number_suffix") for phone in phones}
    session.expect(
        exchange,
        set(suffixes) == {phone.id for phone in user.phones},
        "the ids of the user's phones, each once",
    )
    for phone in user.phones:
        suffix = suffixes.get(phone.id)
        short = isinstance(suffix, str) and suffix.isascii() and suffix.isdigit() and len(suffix) <= 4
        session.expect(exchange, short, "a suffix of one to four digits, as a string")
        ends = isinstance(suffix, str) and phone.number.endswith(suffix)
        session.expect(exchange, ends, "a suffix of the phone's own number")
        leaked = number_in(exchange.everything, phone.number)
        session.expect(exchange, not leaked, "no phone number in the response", got="a phone number")
    lengths = {len(str(suffix)) for suffix in suffixes.values()}
    session.expect(exchange, len(lengths) <= 1, "suffixes of one length, zeros and all", "", SHOULD)
    keys = {"mfa_phone_id", "mfa_phone_number_suffix"}
    exact = all(phone.keys() == keys for phone in phones) and set(setup) == {"type", "phone_numbers"}
    session.expect(exchange, exact, f"no other members than {', '.join(sorted(keys))}", "", SHOULD)


@check("E2", Need.SEED, Need.MAKE)
async def phones_are_listed(run: CheckRun) -> None:
    """Look up users with one, two and three phones, with equal suffixes or with zeros, and search for full
    numbers.
    """

    async def steps(session: JudgedSession, numbers: tuple[str | None, ...]) -> None:
        user = await session.phone_user(*numbers)
        exchange = await session.lookup(user.id)
        check_phones(session, exchange, user)
        again = await session.lookup(user.id)
        session.expect(again, again.document == exchange.document, "the same response", "the second lookup")

    def number(end: str, start: str = "+1555") -> str:
        return f"{start}{run.random.randrange(10**3):03}{end}"

    await run.each(
        steps,
        [
            ("one phone", (None,)),
            ("two phones", (None, None)),
            ("two phones with the same suffix", (number("4321"), number("4321"))),
            ("numbers that end in zeros", (number("0042"), number("0000"), number("1234"))),
            ("numbers of other countries", (number("87501", "+4420718"), number("5309", "+49151"))),
            ("three phones", (None, None, None)),
        ],
    )


@check("E2", Need.SEED, Need.MAKE)
async def phones_are_the_users_own(run: CheckRun) -> None:
    """Replace a user's phones, and look at a neighbour's: each lookup lists what the user has now."""
    async with run.session("after other phones were set up") as session:
        first, neighbour = await session.phone_user(None, None), await session.phone_user()
        now = await session.phone_user(user_id=first.id)
        check_phones(session, await session.lookup(first.id), now)
        check_phones(session, await session.lookup(neighbour.id), neighbour)


@check("E3", Need.SEED, Need.MAKE)
async def no_factor_is_null(run: CheckRun) -> None:
    """Look up a user who never had MFA, and users whose app or phone was removed."""

    async def steps(session: JudgedSession, before: str) -> None:
        if before == "app":
            user_id = (await session.totp_user()).id
        elif before == "phone":
            user_id = (await session.phone_user()).id
        else:
            user_id = await session.plain_user()
        if before:
            await session.plain_user(user_id)
        exchange = await session.lookup(user_id)
        null = exchange.status == 200 and exchange.member("mfa_setup") is None
        session.expect(exchange, null, '200 {"mfa_setup": null}')
        exact = exchange.document == {"mfa_setup": None}
        session.expect(exchange, exact or not null, 'just {"mfa_setup": null}', "", SHOULD)

    cases = [("a user without MFA", ""), ("after the app", "app"), ("after the phone", "phone")]
    await run.each(steps, cases)


def check_unknown(session: JudgedSession, exchange: Exchange, what: str) -> None:
    """Check the response for an id that names nobody: 404, with the error code that is promised for it."""
    if session.expect(exchange, exchange.status == 404, "404", what):
        session.expect(exchange, NO_SUCH_USER.matches(exchange), str(NO_SUCH_USER), what, SHOULD)


@check("E4")
async def unknown_user_is_404(run: CheckRun) -> None:
    """Look up random, nil and highest UUIDs."""
    ids = [str(uuid.uuid4()) for _ in range(3)]
    ids += ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"]
    async with run.session("an unknown user") as session:
        for user_id in ids:
            check_unknown(session, await session.lookup(user_id), "")


@check("E4", Need.SEED, Need.MAKE)
async def neighbours_are_404(run: CheckRun) -> None:
    """Look up a deleted user and ids one digit away from a user's; lookups of the user succeed before and
    after.
    """
    async with run.session() as session:
        user, gone = await session.totp_user(), await session.totp_user()
        await session.delete_user(gone.id)
        check_unknown(session, await session.lookup(gone.id), "a deleted user")
        other = f"{int(user.id[-1], 16) ^ 1:x}"
        check_unknown(session, await session.lookup(user.id[:-1] + other), "the last digit changed")
        check_unknown(
            session, await session.lookup(f"{int(user.id[0], 16) ^ 1:x}{user.id[1:]}"), "another first digit"
        )
        session.control(await session.lookup(user.id), LOOKUP, "the user")


MALFORMED = {
    "a word": "abc",
    "a number": "1",
    "an encoded path up": "..%2f..%2f",
    "encoded dots and slash": "%2e%2e%2f",
    "a NUL": "%00",
    "a quote": "'%20OR%20'1'='1",
    "a wildcard": "%25",
    "an asterisk": "*",
    "the word null": "null",
    "half an id": "31c41c16-c281-44ae",
    "no hexadecimal": "zzzzzzzz-zzzz-4zzz-zzzz-zzzzzzzzzzzz",
    "invalid UTF-8": "%ff%fe",
    "an emoji": "%F0%9F%98%80",
    "2000 characters": "a" * 2000,
}
# How a real id is dressed up: a lenient parser would still find the user in it.
DRESSED = {
    "a trailing space": "{id}%20",
    "a leading space": "%20{id}",
    "a trailing newline": "{id}%0A",
    "a trailing NUL": "{id}%00",
    "a trailing slash": "{id}%2F",
    "a parameter": "{id};a=b",
    "braces": "%7B{id}%7D",
    "a URN": "urn:uuid:{id}",
    "a way there and back": "x%2f..%2f{id}",
    "twice": "{id}{id}",
    "a wildcard for its end": "{half}%25",
    "its second half missing": "{half}",
}


def check_malformed(session: JudgedSession, exchange: Exchange, what: str) -> None:
    """Check the response for an id that is not a UUID: 404 or 400, in JSON, as for an unknown user."""
    session.expect(exchange, exchange.status in (400, 404), "404 or 400", what, MUST)
    if "%2f" in exchange.url.lower():
        # Whether an encoded slash ends the id or the path is the server's to say.
        coded = isinstance(exchange.error_code, str)
        session.expect(exchange, coded, "a JSON object with `error_code`", what, SHOULD)
    else:
        session.expect(exchange, NO_SUCH_USER.matches(exchange), str(NO_SUCH_USER), what, SHOULD)


@check("E4")
async def malformed_id_is_refused(run: CheckRun) -> None:
    """Look up ids that are not UUIDs: words, paths, quotes, bytes that are not text."""

    async def steps(session: JudgedSession, user_id: str) -> None:
        check_malformed(session, await session.lookup(user_id), "")

    await run.each(steps, [(f"an id that is {label}", value) for label, value in MALFORMED.items()])


@check("E4", Need.SEED)
async def dressed_id_is_refused(run: CheckRun) -> None:
    """Look up a user's id with something around it: rejected. In upper case: the same user, or rejected."""
    async with run.session() as session:
        user_id = await session.any_user()
        for label, pattern in DRESSED.items():
            exchange = await session.lookup(pattern.replace("{id}", user_id).replace("{half}", user_id[:18]))
            check_malformed(session, exchange, f"a user's id with {label}")
        bare = await session.lookup(user_id.replace("-", ""))
        check_malformed(session, bare, "a user's id without hyphens")
        known = await session.lookup(user_id)
        session.control(known, LOOKUP, "the user's id")
        upper = await session.lookup(user_id.upper())
        same = upper.document == known.document if upper.status == 200 else 400 <= upper.status < 500
        session.expect(upper, same, "the same user, or 4xx", "a user's id in upper case")
        found = upper.status == 200
        session.expect(upper, found, "the same user", "a user's id in upper case", SHOULD)


@check("E5", Need.SEED, Need.INBOX)
async def looking_changes_nothing(run: CheckRun, *, lookups: int) -> None:
    """Look a user up many times between sending and verifying a code: one message, one response,
    a valid code.
    """
    async with run.session(f"{lookups} lookups") as session:
        challenge = await session.challenge()
        user = challenge.user
        first = await session.lookup(user.id)
        for _ in range(lookups - 1):
            exchange = await session.lookup(user.id)
            session.expect(exchange, exchange.document == first.document, "the same response each time")
        sent = len(await session.messages(phone_number=user.phones[0].number))
        session.expect(first, sent == 1, "one message, as before", got=f"{sent} messages")
        verified = await session.verify_sms(user.id, challenge.id, challenge.code)
        grant = session.control(verified, VERIFY_SMS, f"the code after {lookups} lookups")
        await session.lookup(user.id)
        live = await session.verify_grant(user.id, grant)
        session.control(live, VERIFY_GRANT, "the grant after a lookup")


@check("E5", Need.SEED)
async def looking_counts_nothing(run: CheckRun) -> None:
    """Look a user up among wrong codes: lookups neither add to the count of wrong codes nor take from it."""
    async with run.session() as session:
        user = await session.totp_user()
        for _ in range(run.wrong_codes):
            await session.verify_totp(user.id, session.wrong_code(user))
            await session.lookup(user.id)
        right = await session.verify_totp(user.id, session.code(user, -1))
        looked = await session.lookup(user.id)
        session.expect(
            looked, right.status == 200, "the right code accepted after lookups", got=str(right.status)
        )
        if "max_wrong_codes" not in run.server.limits:
            return
        for _ in range(run.wrong_codes + 1):
            await session.verify_totp(user.id, session.wrong_code(user))
            looked = await session.lookup(user.id)
        locked = await session.verify_totp(user.id, session.code(user))
        session.expect(looked, locked.status == 429, "a lock in spite of lookups", got=str(locked.status))
