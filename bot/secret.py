"""The installation's one secret, from which every key that signs something is derived."""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

_FILE = "secret"


def derived_key(purpose: str, *, var_dir: Path, given: str = "") -> str:
    """A key for one purpose, 64 hexadecimal digits; the same in every process of the installation.

    `given` is FUJIN_SECRET, for several machines; without it a secret is drawn once into `var_dir`, readable by its
    owner only.
    """
    secret = given or _drawn(var_dir / _FILE)
    return hmac.new(secret.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def _drawn(path: Path) -> str:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_suffix(f".{os.getpid()}")
        scratch.touch(mode=0o600)
        scratch.write_text(secrets.token_hex(32))
        try:
            os.link(scratch, path)  # atomic: of several processes starting at once, one wins and all read the same
        except FileExistsError:
            pass
        finally:
            scratch.unlink()
    return path.read_text()
