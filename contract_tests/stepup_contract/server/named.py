"""Existing users of a server without the control API: lent to one session at a time, never changed.

A user with an authenticator app has one code per time step, so a session waits until the user's codes are
unused. Only users named for it get as many wrong codes in a row as a lock needs.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from stepup_contract.server.budget import did_cost
from stepup_contract.server.control import ControlError, Message
from stepup_contract.server.operations import SEND_SMS, VERIFY_SMS, VERIFY_TOTP
from stepup_contract.server.people import Named, Phone, PhoneUser, TotpUser
from stepup_contract.server.target import Exchange, Request, parse


class NotExercised(Exception):
    """The situation that a check needs cannot be created here; the message says why."""


_User = TypeVar("_User", TotpUser, PhoneUser)

# Wrong codes in a row that a user gets who is not named for lockouts: one less than the contract's own lock.
MOST_WRONG = 4
# Sends to one phone in ten minutes: one less than the contract's own limit, half of it for rules about others
# things than text messages.
MOST_SENDS, _WINDOW = 4, 600.0
# The assumed length of a lock where the server does not say; the run waits for locks up to PATIENCE only.
_LOCK, PATIENCE = 900.0, 60.0
_INBOX_SECONDS = 30.0
# Seconds after which a time step has surely begun on the server too.
_SETTLED = 0.3


@dataclass(slots=True)
class _Record:
    """The history of a user in this run; ``last`` is the newest time step whose code was used."""

    last: int = -1
    wrong: int = 0
    locked_until: float = 0.0
    lent: bool = False
    sends: dict[str, list[float]] = field(default_factory=dict)


class Pool:
    """Lends the named users, and remembers what was done to them.

    ``caps`` are the wrong codes that were evaluated before a lock, by "app" and "phone", once that was seen.
    """

    def __init__(self, named: Named, now: float) -> None:
        self.named = named
        self.caps: dict[str, int] = {}
        self._totp = {user.id.lower(): user for user in named.totp}
        ids = [*self._totp, *(user.id.lower() for user in named.phone), *map(str.lower, named.plain)]
        self._records = {user_id: _Record() for user_id in ids}
        for user in named.totp:
            # The codes that an earlier run may have used, drift included, are unknown.
            self._of(user.id).last = int(now // user.step_seconds) + 1

    # Lending --------------------------------------------------------------------------------------

    def totp_user(self, locking: bool) -> TotpUser:
        """Lend the user with an app whose codes are fresh soonest. Raises NotExercised."""
        free = self._free(self.named.totp, locking)
        if not free:
            raise NotExercised(self._lack("TOTP", self.named.totp, locking, "--totp-user ID:VARIABLE"))
        user = min(free, key=lambda user: (self._of(user.id).wrong, self._of(user.id).last))
        self._of(user.id).lent = True
        return user

    def phone_user(self, phones: int, locking: bool) -> PhoneUser:
        """Lend a user with so many phones or more, those written to least first. Raises NotExercised."""
        fit = [user for user in self.named.phone if len(user.phones) >= phones]
        free = [u for u in self._free(fit, locking) if locking or self._of(u.id).wrong < MOST_WRONG]
        if not free:
            many = f" with {phones} phones" if phones > 1 else ""
            option = "--phone-user ID:PHONE_ID:VARIABLE"
            raise NotExercised(self._lack(f"phone{many}", fit, locking, option))
        user = min(free, key=lambda user: (len(user.phones), self._sends(user)))
        record = self._of(user.id)
        record.lent = True
        order = sorted(user.phones, key=lambda phone: len(record.sends.get(phone.id, ())))
        return PhoneUser(user.id, tuple(order))

    def plain_user(self) -> str:
        """Lend a user without MFA, to many sessions at once. Raises NotExercised."""
        if not self.named.plain:
            raise NotExercised("needs a user without MFA (--plain-user ID)")
        return self.named.plain[0]

    async def unlocked(self, users: Sequence[_User], locking: bool) -> None:
        """Wait for the end of a lock, if all of these users are locked and one is not for long."""
        if self._free(users, locking):
            return
        fit = [user for user in users if self.lockable(user.id) is locking and not self._of(user.id).lent]
        ends = min((self._of(user.id).locked_until for user in fit), default=0.0)
        if ends - time.time() <= PATIENCE:
            await asyncio.sleep(max(0.0, ends - time.time()) + 0.1)

    def give_back(self, user_id: str) -> None:
        self._of(user_id).lent = False

    def lockable(self, user_id: str) -> bool:
        return user_id.lower() in self.named.lockout

    def _free(self, users: Sequence[_User], locking: bool) -> list[_User]:
        now = time.time()
        return [
            user
            for user in users
            if self.lockable(user.id) is locking
            and not self._of(user.id).lent
            and self._of(user.id).locked_until <= now
        ]

    def _lack(self, kind: str, users: Sequence[TotpUser | PhoneUser], locking: bool, option: str) -> str:
        fit = [user for user in users if self.lockable(user.id) is locking]
        if not locking:
            return f"needs {'another' if fit else 'a'} {kind} user ({option})"
        if fit:
            return f"each {kind} user named for lockouts is locked by now; name another with --allow-lockout"
        return f"needs a {kind} user that may be locked ({option}, and --allow-lockout ID)"

    def _of(self, user_id: str) -> _Record:
        return self._records[user_id.lower()]

    # Codes ----------------------------------------------------------------------------------------

    def wrong(self, user: TotpUser) -> int:
        """Return how many wrong codes were sent for the user since the last right one."""
        return self._of(user.id).wrong

    async def fresh(self, user: TotpUser, now: Callable[[], float], spare: int = 0) -> None:
        """Wait until the current code, and ``spare`` before it, are unused, and most of its step is left."""
        length = user.step_seconds
        while True:
            at = now()
            step, gone = divmod(at, length)
            unspent = int(step) - spare > self._of(user.id).last
            if unspent and _SETTLED <= gone < length * 0.6:
                return
            await asyncio.sleep((0.0 if unspent and gone < _SETTLED else length) - gone + _SETTLED)

    # What is sent ---------------------------------------------------------------------------------

    def guard(
        self, requests: Iterable[Request], locking: bool, now: float, most_sends: int = MOST_SENDS
    ) -> None:
        """Raise NotExercised where requests would lock a user not named for it, or flood a phone."""
        wrong: dict[str, int] = {}
        for request in requests:
            user_id, code, body = _about(request)
            record = self._records.get(user_id)
            if record is None:
                continue
            if request.operation in (VERIFY_TOTP.id, VERIFY_SMS.id) and code:
                right = self._step_of(user_id, code, now, 1)
                if right is not None and right > record.last and user_id not in wrong:
                    wrong[user_id] = 0
                    continue
                wrong[user_id] = wrong.get(user_id, record.wrong) + 1
                # Whether an SMS code is the right one shows in its response.
                allowed = MOST_WRONG + (request.operation == VERIFY_SMS.id)
                if wrong[user_id] > allowed and not (locking and self.lockable(user_id)):
                    raise NotExercised("would lock a user; name one that may be (--allow-lockout ID)")
            if request.operation == SEND_SMS.id:
                sends = record.sends.get(str(body.get("mfa_phone_id")).lower(), [])
                if sum(at > now - _WINDOW for at in sends) >= most_sends:
                    raise NotExercised(
                        f"writes to a phone {most_sends} times in ten minutes at most; name more phones "
                        "(--phone-user ID:PHONE_ID:VARIABLE)"
                    )

    def note(self, exchange: Exchange, now: float) -> None:
        """Record what a response says was done to a user; without a response anything may have happened."""
        user_id, code, body = _about(exchange.request)
        record = self._records.get(user_id)
        if record is None or exchange.status == 401:
            return
        operation = exchange.request.operation
        if operation == SEND_SMS.id and exchange.status in (0, 200):
            record.sends.setdefault(str(body.get("mfa_phone_id")).lower(), []).append(now)
        if operation not in (VERIFY_TOTP.id, VERIFY_SMS.id):
            return
        if exchange.status in (0, 200):
            record.wrong = 0 if exchange.status else record.wrong + 1
            record.last = max(record.last, self._step_of(user_id, code, now, 10) or -1)
        elif exchange.status == 429:
            asked = exchange.header("Retry-After") or ""
            record.locked_until = now + (int(asked) if asked.isdecimal() else _LOCK)
        elif "failures" in did_cost(operation, exchange.status, exchange.document):
            record.wrong += 1

    def _step_of(self, user_id: str, code: str, now: float, around: int) -> int | None:
        user = self._totp.get(user_id)
        if user is None:
            return None
        step = int(now // user.step_seconds)
        return next((s for s in range(step + around, step - around - 1, -1) if user.code(s) == code), None)

    def _sends(self, user: PhoneUser) -> int:
        return sum(map(len, self._of(user.id).sends.values()))

    # Text messages --------------------------------------------------------------------------------

    async def message(self, user_id: str, phone_id: str, challenge_id: str) -> list[Message]:
        """Return the text message of a challenge, as the inbox command prints it. Raises ControlError."""
        command = self.named.inbox_command
        if not command:
            raise NotExercised("needs a command that prints the code of a message (--inbox-command COMMAND)")
        quiet, pipe = asyncio.subprocess.DEVNULL, asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(
                *command, challenge_id, phone_id, stdin=quiet, stdout=pipe, stderr=quiet
            )
        except OSError as error:
            raise ControlError(f"the inbox command cannot be run: {error.strerror}") from None
        try:
            told, _ = await asyncio.wait_for(process.communicate(), _INBOX_SECONDS)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            raise ControlError(f"the inbox command did not end within {_INBOX_SECONDS:g} s") from None
        if process.returncode != 0:
            raise ControlError(f"the inbox command ended with {process.returncode}")
        code = told.decode("utf-8", "replace").strip()
        return [Message(challenge_id, user_id, phone_id, self._number(phone_id), code)] if code else []

    def _number(self, phone_id: str) -> str:
        phones: Iterable[Phone] = (phone for user in self.named.phone for phone in user.phones)
        return next((phone.number for phone in phones if phone.id == phone_id), "")


def _about(request: Request) -> tuple[str, str, dict[str, object]]:
    """Return the user, the code and the body that a request names, "" for what it does not."""
    body = parse(request.content or b"")
    if not isinstance(body, dict):
        return "", "", {}
    user_id, code = body.get("user_id"), body.get("code")
    return (
        user_id.lower() if isinstance(user_id, str) else "",
        code if isinstance(code, str) else json.dumps(code) if code is not None else "",
        body,
    )
