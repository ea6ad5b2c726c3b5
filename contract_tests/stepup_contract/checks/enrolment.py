"""Group E: the lookup tells which factor a user has, and nothing that would help to use it."""

import secrets
import uuid
from typing import Any

from stepup_contract.checks import check
from stepup_contract.scenario.finding import MUST, SHOULD
from stepup_contract.scenario.scene import Scene
from stepup_contract.scenario.trial import Trial
from stepup_contract.server.connect import Need
from stepup_contract.server.leaks import code_in, number_in, secret_in
from stepup_contract.server.operations import LOOKUP, NO_SUCH_USER, VERIFY_GRANT, VERIFY_SMS
from stepup_contract.server.people import PhoneUser, TotpUser
from stepup_contract.server.target import Exchange


async def judge_totp_lookup(scene: Scene, user: TotpUser) -> None:
    """Judge that a lookup names the app of a user and reveals neither secret nor code."""
    exchange = await scene.lookup(user.id)
    setup = scene.succeeded(exchange, LOOKUP, "the lookup")
    told = isinstance(setup, dict) and setup.get("type") == "Totp"
    scene.expect(exchange, told, '`mfa_setup.type` = "Totp"')
    scene.expect(exchange, setup == {"type": "Totp"}, '`mfa_setup` = {"type": "Totp"}', "", SHOULD)
    leak = secret_in(exchange.everything, user.secret)
    scene.expect(exchange, not leak, "nothing that reveals the secret", got=leak)
    codes = {user.code(scene.step() + shift) for shift in (-1, 0, 1)}
    leaked = any(code_in(exchange.everything, code) for code in codes)
    scene.expect(exchange, not leaked, "no code in the answer", got="a code of the user")


@check("E1", Need.SEED, Need.MAKE)
async def totp_user_is_named(trial: Trial) -> None:
    """Look up users with authenticator apps and search all of the answer for their secrets and codes."""

    async def story(scene: Scene, size: int) -> None:
        user = await scene.totp_user(secrets.token_bytes(size))
        await judge_totp_lookup(scene, user)

    await trial.each(story, [(f"a secret of {size * 8} bits", size) for size in (20, 25, 35)])


@check("E1", Need.SEED, Need.MAKE)
async def enrolment_changes_are_seen(trial: Trial) -> None:
    """Give a phone user an authenticator app instead: the lookup tells of the app alone."""
    async with trial.scene("an app instead of a phone") as scene:
        phone_user = await scene.phone_user()
        await scene.totp_user(user_id=phone_user.id)
        exchange = await scene.lookup(phone_user.id)
        setup = scene.succeeded(exchange, LOOKUP, "the lookup")
        scene.expect(exchange, setup == {"type": "Totp"}, '`mfa_setup` = {"type": "Totp"}', "", SHOULD)


def judge_phones(scene: Scene, exchange: Exchange, user: PhoneUser) -> None:
    """Judge that a lookup lists just the phones of a user, by id and suffix, and no full number."""
    setup = scene.succeeded(exchange, LOOKUP, "the lookup")
    told = isinstance(setup, dict) and setup.get("type") == "Phone"
    scene.expect(exchange, told, '`mfa_setup.type` = "Phone"')
    listed = setup.get("phone_numbers") if isinstance(setup, dict) else None
    phones: list[Any] = listed if isinstance(listed, list) else []
    whole = all(isinstance(phone, dict) for phone in phones) and len(phones) == len(user.phones)
    if not scene.expect(exchange, whole, f"an array `phone_numbers` with {len(user.phones)} objects"):
        return
    suffixes = {str(phone.get("mfa_phone_id")): phone.get("mfa_phone_number_suffix") for phone in phones}
    scene.expect(
        exchange,
        set(suffixes) == {phone.id for phone in user.phones},
        "the ids of the user's phones, each once",
    )
    for phone in user.phones:
        suffix = suffixes.get(phone.id)
        short = isinstance(suffix, str) and suffix.isascii() and suffix.isdigit() and len(suffix) <= 4
        scene.expect(exchange, short, "a suffix of one to four digits, as a string")
        ends = isinstance(suffix, str) and phone.number.endswith(suffix)
        scene.expect(exchange, ends, "a suffix of the phone's own number")
        leaked = number_in(exchange.everything, phone.number)
        scene.expect(exchange, not leaked, "no phone number in the answer", got="a phone number")
    lengths = {len(str(suffix)) for suffix in suffixes.values()}
    scene.expect(exchange, len(lengths) <= 1, "suffixes of one length, zeros and all", "", SHOULD)
    keys = {"mfa_phone_id", "mfa_phone_number_suffix"}
    exact = all(phone.keys() == keys for phone in phones) and set(setup) == {"type", "phone_numbers"}
    scene.expect(exchange, exact, f"no other members than {', '.join(sorted(keys))}", "", SHOULD)


@check("E2", Need.SEED, Need.MAKE)
async def phones_are_listed(trial: Trial) -> None:
    """Look up users with one, two and three phones, alike at the end or with zeros, and search for full
    numbers.
    """

    async def story(scene: Scene, numbers: tuple[str | None, ...]) -> None:
        user = await scene.phone_user(*numbers)
        exchange = await scene.lookup(user.id)
        judge_phones(scene, exchange, user)
        again = await scene.lookup(user.id)
        scene.expect(again, again.document == exchange.document, "the same answer", "the second lookup")

    def number(end: str, start: str = "+1555") -> str:
        return f"{start}{trial.random.randrange(10**3):03}{end}"

    await trial.each(
        story,
        [
            ("one phone", (None,)),
            ("two phones", (None, None)),
            ("two phones that end alike", (number("4321"), number("4321"))),
            ("numbers that end in zeros", (number("0042"), number("0000"), number("1234"))),
            ("numbers of other countries", (number("87501", "+4420718"), number("5309", "+49151"))),
            ("three phones", (None, None, None)),
        ],
    )


@check("E2", Need.SEED, Need.MAKE)
async def phones_are_the_users_own(trial: Trial) -> None:
    """Replace a user's phones, and look at a neighbour's: each lookup lists what the user has now."""
    async with trial.scene("after other phones were set up") as scene:
        first, neighbour = await scene.phone_user(None, None), await scene.phone_user()
        now = await scene.phone_user(user_id=first.id)
        judge_phones(scene, await scene.lookup(first.id), now)
        judge_phones(scene, await scene.lookup(neighbour.id), neighbour)


@check("E3", Need.SEED, Need.MAKE)
async def no_factor_is_null(trial: Trial) -> None:
    """Look up a user who never had MFA, and users whose app or phone was removed."""

    async def story(scene: Scene, before: str) -> None:
        if before == "app":
            user_id = (await scene.totp_user()).id
        elif before == "phone":
            user_id = (await scene.phone_user()).id
        else:
            user_id = await scene.plain_user()
        if before:
            await scene.plain_user(user_id)
        exchange = await scene.lookup(user_id)
        null = exchange.status == 200 and exchange.member("mfa_setup") is None
        scene.expect(exchange, null, '200 {"mfa_setup": null}')
        exact = exchange.document == {"mfa_setup": None}
        scene.expect(exchange, exact or not null, 'just {"mfa_setup": null}', "", SHOULD)

    cases = [("a user without MFA", ""), ("after the app", "app"), ("after the phone", "phone")]
    await trial.each(story, cases)


def judge_unknown(scene: Scene, exchange: Exchange, what: str) -> None:
    """Judge the answer for an id that names nobody: 404, with the error code that is promised for it."""
    if scene.expect(exchange, exchange.status == 404, "404", what):
        scene.expect(exchange, NO_SUCH_USER.matches(exchange), str(NO_SUCH_USER), what, SHOULD)


@check("E4")
async def unknown_user_is_404(trial: Trial) -> None:
    """Look up random, nil and highest UUIDs."""
    ids = [str(uuid.uuid4()) for _ in range(3)]
    ids += ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"]
    async with trial.scene("an unknown user") as scene:
        for user_id in ids:
            judge_unknown(scene, await scene.lookup(user_id), "")


@check("E4", Need.SEED, Need.MAKE)
async def neighbours_are_404(trial: Trial) -> None:
    """Look up a deleted user and ids one digit away from a user's; the user is found before and after."""
    async with trial.scene() as scene:
        user, gone = await scene.totp_user(), await scene.totp_user()
        await scene.delete_user(gone.id)
        judge_unknown(scene, await scene.lookup(gone.id), "a deleted user")
        other = f"{int(user.id[-1], 16) ^ 1:x}"
        judge_unknown(scene, await scene.lookup(user.id[:-1] + other), "the last digit changed")
        judge_unknown(
            scene, await scene.lookup(f"{int(user.id[0], 16) ^ 1:x}{user.id[1:]}"), "another first digit"
        )
        scene.control(await scene.lookup(user.id), LOOKUP, "the user")


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


def judge_malformed(scene: Scene, exchange: Exchange, what: str) -> None:
    """Judge the answer for an id that is no UUID: 404 or 400, in JSON, as for an unknown user."""
    scene.expect(exchange, exchange.status in (400, 404), "404 or 400", what, MUST)
    if "%2f" in exchange.url.lower():
        # Whether an encoded slash ends the id or the path is the server's to say.
        coded = isinstance(exchange.error_code, str)
        scene.expect(exchange, coded, "a JSON object with `error_code`", what, SHOULD)
    else:
        scene.expect(exchange, NO_SUCH_USER.matches(exchange), str(NO_SUCH_USER), what, SHOULD)


@check("E4")
async def malformed_id_is_refused(trial: Trial) -> None:
    """Look up ids that are no UUIDs: words, paths, quotes, bytes that are no text."""

    async def story(scene: Scene, user_id: str) -> None:
        judge_malformed(scene, await scene.lookup(user_id), "")

    await trial.each(story, [(f"an id that is {label}", value) for label, value in MALFORMED.items()])


@check("E4", Need.SEED)
async def dressed_id_is_refused(trial: Trial) -> None:
    """Look up a user's id with something around it: refused. In upper case: the same user, or refused."""
    async with trial.scene() as scene:
        user_id = await scene.any_user()
        for label, pattern in DRESSED.items():
            exchange = await scene.lookup(pattern.replace("{id}", user_id).replace("{half}", user_id[:18]))
            judge_malformed(scene, exchange, f"a user's id with {label}")
        bare = await scene.lookup(user_id.replace("-", ""))
        judge_malformed(scene, bare, "a user's id without hyphens")
        known = await scene.lookup(user_id)
        scene.control(known, LOOKUP, "the user's id")
        upper = await scene.lookup(user_id.upper())
        same = upper.document == known.document if upper.status == 200 else 400 <= upper.status < 500
        scene.expect(upper, same, "the same user, or 4xx", "a user's id in upper case")
        found = upper.status == 200
        scene.expect(upper, found, "the same user", "a user's id in upper case", SHOULD)


@check("E5", Need.SEED, Need.INBOX)
async def looking_changes_nothing(trial: Trial) -> None:
    """Look a user up twenty times between sending and redeeming a code: one message, one answer,
    a good code.
    """
    async with trial.scene("20 lookups") as scene:
        challenge = await scene.challenge()
        user = challenge.user
        first = await scene.lookup(user.id)
        for _ in range(19):
            exchange = await scene.lookup(user.id)
            scene.expect(exchange, exchange.document == first.document, "the same answer each time")
        sent = len(await scene.messages(phone_number=user.phones[0].number))
        scene.expect(first, sent == 1, "one message, as before", got=f"{sent} messages")
        redeemed = await scene.verify_sms(user.id, challenge.id, challenge.code)
        grant = scene.control(redeemed, VERIFY_SMS, "the code after 20 lookups")
        await scene.lookup(user.id)
        live = await scene.verify_grant(user.id, grant)
        scene.control(live, VERIFY_GRANT, "the grant after a lookup")


@check("E5", Need.SEED)
async def looking_counts_nothing(trial: Trial) -> None:
    """Look a user up among wrong codes: lookups neither add to the count of wrong codes nor take from it."""
    async with trial.scene() as scene:
        user = await scene.totp_user()
        for _ in range(trial.wrong_codes):
            await scene.verify_totp(user.id, scene.wrong_code(user))
            await scene.lookup(user.id)
        right = await scene.verify_totp(user.id, scene.code(user, -1))
        looked = await scene.lookup(user.id)
        scene.expect(
            looked, right.status == 200, "the right code accepted after lookups", got=str(right.status)
        )
        if "max_wrong_codes" not in trial.server.limits:
            return
        for _ in range(trial.wrong_codes + 1):
            await scene.verify_totp(user.id, scene.wrong_code(user))
            looked = await scene.lookup(user.id)
        locked = await scene.verify_totp(user.id, scene.code(user))
        scene.expect(looked, locked.status == 429, "a lock in spite of lookups", got=str(locked.status))
