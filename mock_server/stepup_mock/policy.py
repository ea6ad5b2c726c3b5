"""What one world decides: limits, windows, which codes match, and where unguessable values come from."""

import hmac
import secrets
import uuid
from dataclasses import dataclass

from stepup_mock import totp

# No 0/O, 1/I/L: people read these codes aloud.
SMS_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
SMS_CODE_LENGTH = 6


@dataclass(frozen=True, slots=True)
class Limits:
    """The numbers of the policy; the names are those of the control API."""

    max_wrong_codes: int = 5
    lock_seconds: int = 900
    max_sends: int = 5
    send_window_seconds: int = 600
    challenge_ttl_seconds: int = 600
    challenge_max_attempts: int = 5
    totp_step_seconds: int = 30
    totp_drift_steps: int = 1
    max_valid_for_seconds: int = 86400
    max_action_type_length: int = 256


class Policy:
    """The decisions of one world. ``limits`` may be replaced at any time. Times are Unix seconds."""

    def __init__(self) -> None:
        self.limits = Limits()

    def step_at(self, at: float) -> int:
        """Return the number of a time step (RFC 6238 section 4.2)."""
        return int(at) // self.limits.totp_step_seconds

    def step_bounds(self, step: int) -> tuple[int, int]:
        """Return when a time step starts and ends."""
        seconds = self.limits.totp_step_seconds
        return step * seconds, (step + 1) * seconds

    def matching_step(self, secret: bytes, code: str, at: float) -> int | None:
        """Return the accepted time step that has this code, or None."""
        # RFC 6238 section 5.2: one step back for the delay of the network; and one ahead for fast clocks.
        now, drift = self.step_at(at), self.limits.totp_drift_steps
        return totp.matching_step(secret, code, range(max(now - drift, 0), now + drift + 1))

    def sms_code_mac(self, key: bytes, challenge_id: str, code: str) -> bytes:
        """Return what is stored of an SMS code."""
        # Six characters are quickly guessed: a plain hash at rest would reveal them.
        return hmac.digest(key, f"{challenge_id}:{code}".encode(), "sha256")

    def same_mac(self, expected: bytes, submitted: bytes) -> bool:
        """Compare two MACs in constant time."""
        return hmac.compare_digest(expected, submitted)

    def lock_end(self, at: float) -> float:
        """Return when a lock that starts at ``at`` ends."""
        return at + self.limits.lock_seconds

    def send_window_start(self, at: float) -> float:
        """Return since when sends count against the limit."""
        return at - self.limits.send_window_seconds

    def challenge_expiry(self, sent_at: float) -> float:
        """Return when a challenge expires."""
        return sent_at + self.limits.challenge_ttl_seconds

    def grant_expiry(self, issued_at: float, valid_for_seconds: int, *, one_time: bool) -> float:
        """Return when a grant expires; both types expire alike."""
        del one_time
        return issued_at + valid_for_seconds


class Random:
    """Where unguessable values come from."""

    def grant(self) -> str:
        """Return 64 hex digits, 256 bits."""
        return secrets.token_hex(32)

    def challenge_id(self) -> str:
        """Return a random UUID."""
        return str(uuid.uuid4())

    def sms_code(self) -> str:
        """Return a code that people can read aloud."""
        return "".join(secrets.choice(SMS_ALPHABET) for _ in range(SMS_CODE_LENGTH))
