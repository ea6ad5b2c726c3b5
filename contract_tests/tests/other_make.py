"""A step-up server of another make: plain dicts behind the standard library's HTTP server.

It shares no line with the mock server, keeps the rules, and breaks them one at a time with ``--bug NAME``. It
prints its port and serves until its standard input ends. Keys: ``other-key`` for the API, ``other-control``
for the control API.
"""

import argparse
import base64
import contextlib
import hashlib
import hmac
import json
import math
import os
import re
import secrets
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

UUID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}\Z", re.I)
API, CONTROL = "/api/backend/v1", "/__control__"
OPERATIONS = {
    f"{API}/mfa/step-up/verify-totp": "verifyStepUpTotpChallenge",
    f"{API}/mfa/step-up/phone/send": "sendSmsMfaCode",
    f"{API}/mfa/step-up/phone/verify": "verifySmsChallenge",
    f"{API}/mfa/step-up/verify-grant": "verifyStepUpGrant",
}
TERMS = ("action_type", "user_id", "grant_type", "valid_for_seconds")
FIELDS = {
    "verifyStepUpTotpChallenge": (*TERMS, "code"),
    "sendSmsMfaCode": (*TERMS, "mfa_phone_id"),
    "verifySmsChallenge": ("challenge_id", "user_id", "code"),
    "verifyStepUpGrant": ("action_type", "user_id", "grant"),
}
LENGTHS = {"action_type": 256, "code": 16, "challenge_id": 256, "grant": 256}
LIMITS = {
    "max_wrong_codes": 5,
    "lock_seconds": 900,
    "max_sends": 5,
    "send_window_seconds": 600,
    "challenge_ttl_seconds": 600,
    "challenge_max_attempts": 5,
    "totp_step_seconds": 30,
    "totp_drift_steps": 1,
    "max_valid_for_seconds": 86400,
    "max_action_type_length": 256,
}
BUGS: set[str] = set()


def bug(name):
    return name in BUGS


class Refuse(Exception):
    def __init__(self, status, code, fields=None, **headers):
        super().__init__(code)
        self.status, self.headers = status, headers
        self.body = {"error_code": code, "user_facing_error": "No."}
        if fields:
            self.body |= {"field_errors": fields, "field_to_errors": fields, "user_facing_errors": fields}


def invalid(**fields):
    return Refuse(400, "invalid_request_fields", fields)


def reject_duplicates(pairs):
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("duplicate key")
    return dict(pairs)


def no_constant(name):
    raise ValueError(name)


class State:
    def __init__(self):
        self.lock = threading.RLock()
        self.requests = 0
        self.reset()

    def reset(self):
        self.users, self.seen, self.challenges, self.grants = {}, {}, {}, {}
        self.inbox, self.events, self.sends = [], [], {}
        self.keys = {"other-key": ("test", None, False)}
        self.limits = dict(LIMITS)
        self.offset, self.frozen, self.counter = 0.0, None, 100000

    def now(self):
        return self.frozen if self.frozen is not None else time.time() + self.offset

    # Users ----------------------------------------------------------------------------------------

    def put_user(self, user_id, body):
        user_id = user_id.lower()
        old = self.users.get(user_id)
        if old is not None and not bug("mfa-change-keeps-grants"):
            self.kill(user_id)
        mfa = body["mfa"]
        memory = self.seen.setdefault(user_id, {"wrong": 0, "locked": 0.0, "last": {}, "used": {}})
        self.users[user_id] = {"mfa": mfa, "environment": body.get("environment", "test"), "memory": memory}

    def kill(self, user_id):
        for table in (self.challenges, self.grants):
            for key in [key for key, value in table.items() if value["user"] == user_id]:
                del table[key]

    def user(self, user_id, environment):
        user = self.users.get(user_id.lower())
        if user is None or (user["environment"] != environment and not bug("environments-mixed")):
            return None
        return user

    # Operations -----------------------------------------------------------------------------------

    def fetchUserMfaMethods(self, user_id, environment):
        plain = user_id.replace("-", "").strip("{} \n")
        if bug("lenient-uuid") and len(plain) == 32:
            user_id = "-".join((plain[:8], plain[8:12], plain[12:16], plain[16:20], plain[20:]))
        if bug("malformed-id-500") and not UUID.match(user_id):
            raise ZeroDivisionError
        user = self.user(user_id, environment) if UUID.match(user_id) else None
        if user is None:
            if bug("unknown-user-null"):
                return {"mfa_setup": None}
            raise Refuse(404, "user_not_found")
        if bug("lookup-counts"):
            self.wrong(user["memory"])
        if bug("lookup-clears-count"):
            user["memory"]["wrong"] = 0
        mfa = user["mfa"]
        if mfa is None:
            if bug("no-mfa-404"):
                raise Refuse(404, "user_not_found")
            return {"mfa_setup": {} if bug("no-mfa-empty") else None}
        if mfa["type"] == "Totp":
            extra = {"hint": mfa["secret"][:10].lower()} if bug("secret-in-lookup") else {}
            return {"mfa_setup": {"type": "Totp", **extra}}
        phones = []
        for phone in mfa["phone_numbers"]:
            suffix = phone["phone_number"][-4:]
            if bug("suffix-as-number"):
                suffix = str(int(suffix))
            if bug("suffix-of-seven"):
                suffix = phone["phone_number"][-7:]
            phones.append({"mfa_phone_id": phone["mfa_phone_id"], "mfa_phone_number_suffix": suffix})
        if bug("first-phone-only"):
            phones = phones[:1]
        return {"mfa_setup": {"type": "Phone", "phone_numbers": phones}}

    def totp(self, secret, step):
        key = base64.b32decode(secret + "=" * (-len(secret) % 8))
        digest = hmac.new(key, step.to_bytes(8, "big"), hashlib.sha1).digest()
        start = digest[-1] & 15
        return f"{(int.from_bytes(digest[start : start + 4], 'big') & 0x7FFFFFFF) % 10**6:06}"

    def check_lock(self, memory):
        left = memory["locked"] - self.now()
        if left > 0:
            if bug("lock-extends"):
                memory["locked"] += 60
            if bug("no-retry-after"):
                raise Refuse(429, "rate_limited")
            raise Refuse(429, "rate_limited", **{"Retry-After": str(math.ceil(left))})

    def wrong(self, memory):
        if bug("no-lock"):
            return
        if bug("lock-for-all"):
            memory = self.seen["everyone"]
        wrong = memory["wrong"]
        pause()
        memory["wrong"] = wrong + 1
        if memory["wrong"] >= self.limits["max_wrong_codes"]:
            memory["wrong"], memory["locked"] = 0, self.now() + self.limits["lock_seconds"]

    def verifyStepUpTotpChallenge(self, body, environment):
        # Long, as each switchable bug is where the rule is kept.
        user = self.user(body["user_id"], environment)
        if user is None:
            raise Refuse(400, "user_not_found")
        memory = user["memory"]
        if bug("lock-by-spelling"):
            memory = self.seen.setdefault(
                body["user_id"], {"wrong": 0, "locked": 0.0, "last": {}, "used": {}}
            )
        if bug("lock-by-action"):
            memory = self.seen.setdefault(
                body["action_type"], {"wrong": 0, "locked": 0.0, "last": {}, "used": {}}
            )
        if bug("lock-for-all"):
            self.check_lock(self.seen.setdefault("everyone", {"wrong": 0, "locked": 0.0}))
        if not bug("right-code-unlocks") and not bug("locked-code-spent"):
            self.check_lock(memory)
        if (user["mfa"] or {}).get("type") != "Totp":
            raise Refuse(400, "user_not_found" if bug("no-app-no-user") else "mfa_not_enabled")
        secret, code = user["mfa"]["secret"], body["code"]
        candidates = [secret]
        if bug("code-of-anyone"):
            candidates += [
                u["mfa"]["secret"] for u in self.users.values() if (u["mfa"] or {}).get("type") == "Totp"
            ]
        now = int(self.now() // self.limits["totp_step_seconds"])
        drift = self.limits["totp_drift_steps"] + bug("wide-window") - bug("no-drift")
        spent_by = (
            memory if not bug("spent-for-all") else self.seen.setdefault("all", {"last": {}, "used": {}})
        )
        for step in range(now - drift, now + drift + 1):
            right = any(self.same_code(self.totp(one, step), code) for one in candidates)
            if right and not self.spent(spent_by, secret, step, body, code):
                if bug("locked-code-spent"):
                    self.check_lock(memory)
                if not bug("success-clears-nothing"):
                    memory["wrong"] = 0
                return {"step_up_grant": self.issue(body["user_id"].lower(), environment, body)}
            if right and bug("tells-replay"):
                raise Refuse(400, "mfa_code_already_used")
        if bug("right-code-unlocks") or bug("locked-code-spent"):
            self.check_lock(memory)
        self.wrong(memory)
        raise Refuse(401 if bug("wrong-code-401") else 400, "incorrect_mfa_code")

    def same_code(self, right, code):
        if bug("codes-stripped-after-spending"):
            # The plain code is checked against the spent ones as it came, then stripped to be compared.
            return hmac.compare_digest(right, code.strip()) if code.isascii() else False
        if bug("codes-as-numbers"):
            return code.strip().isdigit() and int(right) == int(code)
        return hmac.compare_digest(right, code) if code.isascii() else False

    def spent(self, memory, secret, step, body, code):
        """Tell whether a step is spent, and spend it."""
        if bug("replay"):
            return False
        mark = (step, body["action_type"]) if bug("replay-for-another-action") else step
        if bug("replay-in-upper-case"):
            mark = (step, body["user_id"])
        if bug("replay-after-a-while"):
            marked = memory["used"].get((secret, step))
            memory["used"][secret, step] = self.now()
            return marked is not None and self.now() - marked < 30
        if bug("only-last-code-spent"):
            last, memory["last"]["code"] = memory["last"].get("code"), code
            return last == code
        if isinstance(mark, tuple):
            known = mark in memory["used"]
            memory["used"][mark] = True
            return known
        if bug("codes-stripped-after-spending"):
            known = (secret, step, code) in memory["used"]
            memory["used"][secret, step, code] = True
            return known
        if bug("older-codes-live"):
            known = (secret, step) in memory["used"]
            memory["used"][secret, step] = True
            return known
        if step <= memory["last"].get(secret, -1):
            return True
        pause()
        memory["last"][secret] = step
        return False

    def issue(self, user_id, environment, terms):
        grant = secrets.token_hex(32)
        if bug("short-grants"):
            grant = secrets.token_hex(8)
        if bug("grants-in-sequence"):
            self.counter += 1
            grant = f"{self.counter:064x}"
        if bug("grants-tell"):
            told = json.dumps({"user_id": user_id, "nonce": secrets.token_hex(16)}).encode()
            grant = base64.urlsafe_b64encode(told).decode().rstrip("=")
        if bug("grants-from-time"):
            grant = hashlib.sha256(f"{int(self.now())}{user_id}{terms['action_type']}".encode()).hexdigest()
        life = terms["valid_for_seconds"]
        if bug("life-at-least-a-minute"):
            life = max(60, life)
        if bug("life-at-most-an-hour"):
            life = min(3600, life)
        self.grants[grant] = {
            "user": user_id,
            "environment": environment,
            "action": terms["action_type"],
            "type": terms["grant_type"],
            "life": life,
            "ends": self.now() + life,
            "uses": 0,
        }
        return grant

    def sendSmsMfaCode(self, body, environment):
        # Long, as each switchable bug is where the rule is kept.
        if bug("sends-never"):
            raise Refuse(400, "mfa_not_enabled")
        user = self.user(body["user_id"], environment)
        if user is None:
            raise Refuse(400, "user_not_found")
        self.check_lock(user["memory"])
        if (user["mfa"] or {}).get("type") != "Phone":
            raise Refuse(400, "mfa_not_enabled")
        user_id = body["user_id"].lower()
        owned = user["mfa"]["phone_numbers"]
        chosen = [phone for phone in owned if phone["mfa_phone_id"] == body["mfa_phone_id"].lower()]
        if not chosen and bug("phone-of-anyone"):
            everyone = [
                u["mfa"]["phone_numbers"] for u in self.users.values() if "phone_numbers" in (u["mfa"] or {})
            ]
            chosen = [p for phones in everyone for p in phones if p["mfa_phone_id"] == body["mfa_phone_id"]]
        if not chosen:
            if bug("unknown-phone-to-first"):
                self.inbox.append({"challenge_id": "x", "user_id": user_id, "code": "123456", **owned[0]})
                self.inbox[-1]["sent_at"] = self.now()
            raise invalid(mfa_phone_id="phone_not_found")
        sends = self.sends.setdefault((user_id, chosen[0]["mfa_phone_id"]), [])
        window = self.now() - self.limits["send_window_seconds"]
        sends[:] = [sent for sent in sends if sent > window]
        if bug("send-clears-count"):
            user["memory"]["wrong"] = 0
        if bug("refused-send-delivers") and len(sends) >= self.limits["max_sends"]:
            self.inbox.append({"challenge_id": "x", "user_id": user_id, "code": "123456", **chosen[0]})
            self.inbox[-1]["sent_at"] = self.now()
        if len(sends) >= self.limits["max_sends"] and not bug("no-send-limit"):
            raise Refuse(429, "rate_limited", **{"Retry-After": str(math.ceil(sends[0] - window))})
        sends.append(self.now())
        self.counter += 1
        self.sends["terms", user_id] = body
        code = str(self.counter) if bug("codes-in-sequence") else f"{secrets.randbelow(10**6):06}"
        if bug("codes-of-four"):
            code = code[:4]
        challenge_id = secrets.token_urlsafe(18)
        self.challenges[challenge_id] = {
            "user": user_id,
            "environment": environment,
            "code": code,
            "terms": body,
            "ends": self.now() + self.limits["challenge_ttl_seconds"] * (2 if bug("long-challenges") else 1),
            "tries": 0,
            "sent": self.now(),
        }
        for phone in owned if bug("message-to-all-phones") else chosen * (2 if bug("message-twice") else 1):
            self.inbox.append({"challenge_id": challenge_id, "user_id": user_id, "code": code, **phone})
            self.inbox[-1]["sent_at"] = self.now()
        return {"challenge_id": challenge_id, **({"debug": code} if bug("code-in-answer") else {})}

    def verifySmsChallenge(self, body, environment):
        # Long, as each switchable bug is where the rule is kept.
        user_id = body["user_id"].lower()
        user = self.user(user_id, environment)
        if user is not None:
            self.check_lock(user["memory"])
        challenge = self.challenges.get(body["challenge_id"])
        foreign = challenge is not None and (
            challenge["user"] != user_id or challenge["environment"] != environment
        )
        if foreign and bug("mismatch-burns-challenge"):
            del self.challenges[body["challenge_id"]]
        if foreign and bug("challenge-of-anyone"):
            foreign = False
        if challenge is not None and self.now() >= challenge["ends"] and not bug("clock-back-revives"):
            challenge = self.challenges.pop(body["challenge_id"]) and None
        if challenge is None and bug("unknown-challenge-counts") and user is not None:
            self.wrong(user["memory"])
        if challenge is None or foreign or self.now() >= challenge["ends"]:
            raise invalid(challenge_id="challenge_not_found")
        if user is None:
            raise invalid(challenge_id="challenge_not_found")
        codes = [challenge["code"]]
        if bug("any-code-of-the-user"):
            codes = [c["code"] for c in self.challenges.values() if c["user"] == user_id]
        if not any(hmac.compare_digest(code.encode(), body["code"].encode()) for code in codes):
            challenge["tries"] += not bug("challenges-never-die")
            if challenge["tries"] >= self.limits["challenge_max_attempts"]:
                del self.challenges[body["challenge_id"]]
            self.wrong(user["memory"])
            raise invalid(code="incorrect_mfa_code")
        pause()
        if not bug("challenge-reusable"):
            self.challenges.pop(body["challenge_id"], None)
        user["memory"]["wrong"] = 0
        terms = challenge["terms"]
        if bug("terms-at-verify"):
            terms = terms | {name: value for name, value in body.items() if name in terms}
        if bug("terms-of-the-latest"):
            terms = self.sends.setdefault(("terms", user_id), terms)
        grant = self.issue(challenge["user"], environment, terms)
        if bug("life-from-the-send"):
            self.grants[grant]["ends"] = challenge["sent"] + terms["valid_for_seconds"]
        return {"step_up_grant": grant}

    def verifyStepUpGrant(self, body, environment):
        # Long, as each switchable bug is where the rule is kept.
        user_id, now = body["user_id"].lower(), self.now()
        grant = self.grants.get(body["grant"])
        if bug("grants-in-any-case"):
            grant = self.grants.get(body["grant"].lower())
        if bug("grants-by-beginning") and grant is None and len(body["grant"]) >= 16:
            grant = next((g for v, g in self.grants.items() if v.startswith(body["grant"])), None)
        if grant is None and bug("success-false"):
            return {"success": False}
        action, wanted = (grant or {}).get("action", ""), body["action_type"]
        same = action == wanted
        if bug("action-folded"):
            same = action.casefold() == wanted.casefold()
        if bug("action-stripped"):
            same = action.strip() == wanted.strip()
        if bug("action-prefix"):
            same = action.startswith(wanted)
        if bug("action-cut"):
            same = action[:64] == wanted[:64]
        alive = (
            grant is not None
            and (
                now < grant["ends"] or bug("never-expires") or (bug("end-inclusive") and now <= grant["ends"])
            )
            and (grant["user"] == user_id or bug("grant-of-anyone"))
            and grant["environment"] == environment
            and same
        )
        if not alive or grant is None:
            if grant and bug("mismatch-burns-grant"):
                self.grants.pop(body["grant"], None)
                raise invalid(grant="grant_not_found")
            if grant and now >= grant["ends"] and not bug("clock-back-revives"):
                del self.grants[body["grant"]]
            if bug("tells-expired") and grant and now >= grant["ends"]:
                raise invalid(grant="grant_expired")
            if bug("tells-unknown-user") and self.user(user_id, environment) is None:
                raise Refuse(400, "user_not_found")
            raise invalid(grant="grant_not_found")
        grant["uses"] += 1
        if grant["type"] == "ONE_TIME_USE" and not bug("one-time-reusable"):
            pause()
            if not (bug("one-time-twice") and grant["uses"] < 2):
                self.grants.pop(body["grant"], None)
        elif bug("ten-uses") and grant["uses"] >= 10:
            del self.grants[body["grant"]]
        if bug("life-slides"):
            grant["ends"] = now + grant["life"]
        return {"success": True}


STATE = State()


def pause():
    """Leave time for others where a bug has taken the lock away."""
    if bug("races"):
        time.sleep(0.01)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def answer(self, status, document=None, **headers):
        content = b"" if document is None else json.dumps(document).encode()
        if bug("created") and status == 200 and "step_up_grant" in (document or {}):
            status = 201
        if bug("plain-errors") and status == 400:
            content = b'{"detail": "Bad request"}'
        if bug("echoes-code") and status == 400:
            content = content[:-1] + b', "input": ' + json.dumps(self.sent.decode("latin-1")).encode() + b"}"
        self.send_response(status)
        if bug("camel-case") and "challenge_id" in (document or {}):
            content = content.replace(b"challenge_id", b"challengeId")
        headers = {"X-Request-Id": secrets.token_hex(8), "Cache-Control": "no-store", **headers}
        if content or status != 204:
            headers |= {"Content-Type": "application/json", "Content-Length": str(len(content))}
        if bug("storable"):
            del headers["Cache-Control"]
        if bug("same-request-id"):
            headers["X-Request-Id"] = "1"
        if bug("no-www-authenticate"):
            headers.pop("WWW-Authenticate", None)
        if bug("cors"):
            headers["Access-Control-Allow-Origin"] = "*"
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def any_method(self):
        STATE.requests += 1
        if bug("far-away"):
            time.sleep(0.05)
        if bug("dies-after-300") and STATE.requests > 300:
            os._exit(1)
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.sent = content
        path = unquote(urlsplit(self.path).path)
        if bug("redirects-slash") and path.endswith("/") and len(path) > 1:
            return self.answer(307, {}, Location=path.rstrip("/"))
        try:
            with contextlib.nullcontext() if bug("races") else STATE.lock:
                if path.startswith(CONTROL + "/"):
                    self.answer(*control(self, path.removeprefix(CONTROL), content))
                else:
                    self.answer(200, self.operation(path, content))
        except Refuse as refusal:
            self.answer(refusal.status, refusal.body, **refusal.headers)
        except Exception as error:
            self.answer(500, {"error_code": "internal", "user_facing_error": repr(error)})

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = any_method

    def caller(self, operation):
        """Return environment of the key, after permission and plan."""
        given = self.headers.get("Authorization") or ""
        scheme, _, key = given.partition(" ")
        if bug("any-scheme") and not key:
            key = given
        elif (scheme if bug("scheme-in-one-case") else scheme.capitalize()) != "Bearer" and not bug(
            "any-scheme"
        ):
            key = ""
        if bug("key-in-query") and not key:
            key = parse_qs(urlsplit(self.path).query).get("access_token", [""])[0]
        if bug("key-prefix") and key and "other-key".startswith(key):
            key = "other-key"
        if key not in STATE.keys:
            challenge = 'Bearer error="invalid_token"' if given else "Bearer"
            raise Refuse(401, "unauthorized", **{"WWW-Authenticate": challenge})
        environment, permissions, gated = STATE.keys[key]
        if gated:
            raise Refuse(403, "feature_gated")
        if permissions is not None and operation not in permissions and not bug("permissions-ignored"):
            raise Refuse(403, "forbidden")
        return environment

    def operation(self, path, content):
        # Long, as each switchable bug is where the rule is kept.
        lookup = re.fullmatch(rf"{API}/user/([^/]*)/mfa", path, re.S)
        if not lookup and path not in OPERATIONS:
            raise Refuse(404, "not_found")
        allowed = "GET" if lookup else "POST"
        if self.command != allowed and not bug("any-method"):
            raise Refuse(405, "method_not_allowed", Allow=allowed)
        if lookup:
            if bug("lookup-before-key") and lookup[1] not in STATE.users:
                raise Refuse(404, "user_not_found")
            return STATE.fetchUserMfaMethods(lookup[1], self.caller("fetchUserMfaMethods"))
        operation = OPERATIONS[path]
        if bug("body-before-key"):
            self.parse(content)
        if bug("acts-before-key"):
            body = self.parse(content)
            if operation == "verifyStepUpTotpChallenge" and (user := STATE.user(body["user_id"], "test")):
                STATE.wrong(user["memory"])
        environment = self.caller(operation)
        try:
            body = self.parse(content)
        except Refuse as refusal:
            note(operation, {}, environment, refusal.body["error_code"])
            raise
        if bug("acts-before-validation") and operation == "verifyStepUpTotpChallenge":
            user = STATE.user(str(body.get("user_id")), environment)
            if user and user["mfa"] and user["mfa"]["type"] == "Totp":
                now = int(STATE.now() // 30)
                for step in (now - 1, now, now + 1):
                    right = STATE.totp(user["mfa"]["secret"], step) == body.get("code")
                    if right and None in (body.get("action_type"), body.get("grant_type")):
                        user["memory"]["last"][user["mfa"]["secret"]] = step
        user = STATE.user(str(body.get("user_id")), environment)
        if bug("invalid-requests-count") and user:
            try:
                self.validate(operation, body)
            except Refuse:
                STATE.wrong(user["memory"])
        try:
            self.validate(operation, body)
            answer = getattr(STATE, operation)(body, environment)
        except Refuse as refusal:
            note(operation, body, environment, refusal.body["error_code"])
            raise
        note(operation, body, environment, "ok")
        return answer

    def parse(self, content):
        media_type = (self.headers.get("Content-Type") or "").split(";")[0].strip().lower()
        if media_type != "application/json" and not bug("any-media-type"):
            raise Refuse(415, "unsupported_media_type")
        if len(content) > 65536:
            raise Refuse(413, "request_too_large")
        try:
            text = content.decode("utf-8")
            once = None if bug("keys-twice") else reject_duplicates
            body = json.loads(text, object_pairs_hook=once, parse_constant=no_constant)
            json.dumps(body, ensure_ascii=False).encode()
        except (ValueError, RecursionError) as error:
            if bug("trace-in-answer"):
                raise Refuse(400, f'Traceback: File "/srv/app.py", {error}') from None
            raise invalid(body="invalid_json") from None
        if not isinstance(body, dict):
            raise invalid(body="invalid_json")
        return body

    def validate(self, operation, body):
        # Long, as each switchable bug is where the rule is kept.
        errors = {}
        if bug("codes-coerced") and isinstance(body.get("code"), int):
            body["code"] = str(body["code"])
        if bug("codes-from-arrays") and isinstance(body.get("code"), list) and body["code"]:
            body["code"] = str(body["code"][0])
        if bug("lives-coerced") and str(body.get("valid_for_seconds")).isdigit():
            body["valid_for_seconds"] = int(body["valid_for_seconds"])
        if bug("true-is-one") and body.get("valid_for_seconds") is True:
            body["valid_for_seconds"] = 1
        if bug("grant-types-in-any-case") and isinstance(body.get("grant_type"), str):
            body["grant_type"] = body["grant_type"].upper()
        if bug("actions-cut") and isinstance(body.get("action_type"), str):
            body["action_type"] = body["action_type"][:256]
        if bug("actions-in-ascii") and isinstance(body.get("action_type"), str):
            body["action_type"] = body["action_type"].encode("ascii", "replace").decode()
        for name in FIELDS[operation]:
            value = body.get(name)
            if bug("null-action") and name == "action_type" and name in body and value is None:
                body[name] = "null"
                continue
            if value is None or value == "":
                errors[name] = "required"
            elif name == "valid_for_seconds":
                if isinstance(value, bool) or not isinstance(value, int):
                    errors[name] = "invalid_type"
                elif not 1 <= value <= STATE.limits["max_valid_for_seconds"]:
                    errors[name] = "invalid_value"
            elif not isinstance(value, str):
                errors[name] = "invalid_type"
            elif name.endswith("_id") and name != "challenge_id":
                if not UUID.match(value):
                    errors[name] = "invalid_value"
            elif name == "grant_type":
                if value not in ("ONE_TIME_USE", "TIME_BASED"):
                    errors[name] = "invalid_value"
            elif len(value) > LENGTHS[name]:
                errors[name] = "invalid_value"
        if bug("one-error-at-a-time"):
            errors = dict(list(errors.items())[:1])
        if errors:
            raise invalid(**errors)


def note(operation, body, environment, outcome):
    """Write the audit event of one attempt."""
    if bug("only-successes-noted") and outcome != "ok":
        return
    event = {
        "sequence": len(STATE.events) + 1,
        "at": STATE.now(),
        "operation_id": operation,
        "user_id": body.get("user_id"),
        "action_type": body.get("action_type"),
        "outcome": outcome,
    }
    if bug("codes-noted"):
        event["detail"] = body.get("code")
    STATE.events.append(event)


def control(handler, path, content):
    """Answer one call of the control API."""
    # Long, as each switchable bug is where the rule is kept.
    if handler.headers.get("Authorization") != "Bearer other-control":
        raise Refuse(401, "unauthorized", **{"WWW-Authenticate": "Bearer"})
    body = json.loads(content) if content else None
    call = f"{handler.command} {path}"
    query = {name: values[0] for name, values in parse_qs(urlsplit(handler.path).query).items()}
    if call == "POST /reset":
        STATE.reset()
        return (204,)
    if call == "GET /users" and bug("lists-a-user"):
        return 200, {"users": [{"user_id": "11111111-2222-4333-8444-555555555555", "mfa": None}]}
    if call.startswith("PUT /users/"):
        STATE.put_user(path.removeprefix("/users/"), body)
        return (204,)
    if call.startswith("DELETE /users/"):
        user_id = path.removeprefix("/users/").lower()
        if not bug("deleting-keeps-grants"):
            STATE.kill(user_id)
        STATE.users.pop(user_id, None)
        STATE.seen.pop(user_id, None)
        return (204,)
    if call == "GET /events":
        return 200, {"events": STATE.events[int(query.get("since", 0)) :]}
    if call == "GET /inbox":
        found = [m for m in STATE.inbox if all(m[name] == value for name, value in query.items())]
        return 200, {"messages": found}
    if path == "/clock":
        if body and "freeze_at" in body:
            STATE.frozen = float(body["freeze_at"])
        if body and "advance_seconds" in body:
            if STATE.frozen is None:
                STATE.offset += body["advance_seconds"]
            else:
                STATE.frozen += body["advance_seconds"]
        if body and "resume" in body and STATE.frozen is not None:
            STATE.offset, STATE.frozen = STATE.frozen - time.time(), None
        return 200, {"now": STATE.now(), "frozen": STATE.frozen is not None}
    if call == "POST /api-keys":
        key = secrets.token_urlsafe(24)
        STATE.keys[key] = (body["environment"], body["permissions"], body["feature_gated"])
        return 201, {"api_key": key}
    if path == "/limits":
        STATE.limits |= body or {}
        return 200, STATE.limits
    raise Refuse(404, "not_found")


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bug", action="append", default=[])
    BUGS.update(parser.parse_args().bug)
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
