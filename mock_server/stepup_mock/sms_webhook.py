"""Hands each SMS code to a URL, as the real service does for customers who send the texts themselves.

The post is signed like a Svix webhook: ``svix-signature`` holds ``v1,`` and the base64 HMAC-SHA-256 of
``<svix-id>.<svix-timestamp>.<body>``. A receiver that is down is tried again; that never delays a response.
Redirects are not followed: the code goes to the given URL or nowhere.
"""

import asyncio
import base64
import binascii
import contextlib
import hmac
import http.client
import ssl
import threading
import time
import uuid
from collections.abc import Callable
from urllib.parse import urlsplit

import orjson

from stepup_mock.step_up import Message
from stepup_mock.world import World

PREFIX = "whsec_"
TIMEOUT = 5.0
# Seconds to wait before each further attempt.
PAUSES = (0.5, 2.0, 5.0)
EVENT = "user.send_mfa_phone_code"


class BadWebhook(ValueError):
    """The URL or the secret of the SMS webhook cannot be used; the text says what is expected."""


class SmsWebhook:
    """Posts messages to ``url``; ``secret`` is base64, with or without the prefix ``whsec_``."""

    def __init__(self, world: World, url: str, secret: str, *, pauses: tuple[float, ...] = PAUSES) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
            raise BadWebhook("expected an address such as http://127.0.0.1:9000/sms")
        try:
            self._key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
        except binascii.Error:
            raise BadWebhook(f"expected a secret of {PREFIX} and base64") from None
        self._world = world
        self._parts = parts
        self._pauses = pauses

    def __repr__(self) -> str:
        return f"SmsWebhook({self._parts.hostname})"

    def deliver(self, message: Message) -> None:
        """Post one message from a thread of its own; the outcome becomes an audit event."""
        loop = asyncio.get_running_loop()

        def record(outcome: str) -> None:
            now = self._world.clock.now()
            self._world.audit.record(now, "sendSmsMfaCode", message.user_id, None, outcome)

        def report(outcome: str) -> None:
            with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(record, outcome)

        threading.Thread(target=self._post_until_accepted, args=(message, report), daemon=True).start()

    def _post_until_accepted(self, message: Message, report: Callable[[str], None]) -> None:
        body = orjson.dumps(
            {
                "event_type": EVENT,
                "user_id": message.user_id,
                "mfa_phone_id": message.mfa_phone_id,
                "phone_number": message.phone_number,
                "code": message.code,
                "challenge_id": message.challenge_id,
            }
        )
        message_id = f"msg_{uuid.uuid4().hex}"
        for pause in (0.0, *self._pauses):
            time.sleep(pause)
            if self._post(message_id, body):
                report("webhook_delivered")
                return
        report("webhook_failed")

    def _post(self, message_id: str, body: bytes) -> bool:
        """Return whether the receiver returned 2xx."""
        sent_at = str(int(time.time()))
        signed = f"{message_id}.{sent_at}.".encode() + body
        signature = base64.b64encode(hmac.digest(self._key, signed, "sha256")).decode()
        headers = {
            "Content-Type": "application/json",
            "svix-id": message_id,
            "svix-timestamp": sent_at,
            "svix-signature": f"v1,{signature}",
        }
        path = (self._parts.path or "/") + (f"?{self._parts.query}" if self._parts.query else "")
        connection = self._connect()
        try:
            connection.request("POST", path, body, headers)
            return 200 <= connection.getresponse().status < 300
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        host, port = str(self._parts.hostname), self._parts.port
        if self._parts.scheme == "https":
            return http.client.HTTPSConnection(
                host, port, timeout=TIMEOUT, context=ssl.create_default_context()
            )
        return http.client.HTTPConnection(host, port, timeout=TIMEOUT)
