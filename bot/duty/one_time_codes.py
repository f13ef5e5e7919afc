"""One-time codes (RFC 6238): what an authenticator is given, which codes are right, and how the database keeps it.

A shared secret is kept sealed, under a key that is not in the database: who reads the database or an archive of it can
make no codes.
"""

import base64
import re
import secrets
from datetime import datetime
from pathlib import Path

import pyotp
import structlog
from cryptography.fernet import Fernet, InvalidToken

from bot.secret import derived_key

log = structlog.get_logger()

_PURPOSE = "one-time codes"
_STEP_SECONDS = 30


def draw() -> str:
    """A new shared secret for an authenticator: 160 bits in base 32."""
    return pyotp.random_base32()


def is_shared_secret(text: str) -> bool:
    """Whether a text can be a shared secret."""
    return re.fullmatch("[A-Z2-7]{32}", text) is not None


def address(name: str, secret: str) -> str:
    """The otpauth address that an authenticator reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name="抚近值班台")


class Codes:
    """Seals shared secrets and checks codes against them, with this installation's key."""

    def __init__(self, *, var_dir: Path, given: str = "") -> None:
        key = bytes.fromhex(derived_key(_PURPOSE, var_dir=var_dir, given=given))
        self._box = Fernet(base64.urlsafe_b64encode(key))

    def seal(self, secret: str) -> str:
        """A shared secret as the database keeps it."""
        return self._box.encrypt(secret.encode()).decode()

    def opens(self, kept: str) -> bool:
        """Whether what the database keeps was sealed with this key, or before there was one."""
        return self._open(kept) is not None

    def step(self, kept: str, code: str, *, after: int | None, now: datetime) -> int | None:
        """The time step of a right code, half a minute early or late included; None for a wrong one.

        A step up to `after` has had its code: each counts once.
        """
        secret = self._open(kept)
        if secret is None:
            log.error(
                "account.code_unreadable", mend="FUJIN_SECRET or var/secret has changed: fujin account reset NAME"
            )
            return None
        step = int(now.timestamp()) // _STEP_SECONDS
        for candidate in (step - 1, step, step + 1):
            right = pyotp.TOTP(secret).generate_otp(candidate).encode()
            if (after is None or candidate > after) and secrets.compare_digest(right, code.strip().encode()):
                return candidate
        return None

    def _open(self, kept: str) -> str | None:
        if is_shared_secret(kept):  # enrolled before secrets were sealed
            return kept
        try:
            return self._box.decrypt(kept.encode()).decode()
        except InvalidToken:
            return None
