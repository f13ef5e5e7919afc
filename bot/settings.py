"""Settings from the environment or `.env`; each is documented in the README, and a test holds that."""

import contextlib
import json
import os
import secrets
import stat
import string
import tempfile
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.addresses import PageChannel, read_channels

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_SECRET_CHARACTERS = 32
_OTHERS = 0o077
"""What others than a file's owner may do with it."""
_AES_KEY_ALPHABET = set(string.ascii_letters + string.digits)


class SettingsError(Exception):
    """A setting that cannot be used; the text names it and says how to mend it."""


class Settings(BaseSettings):
    """Everything a process of Fujin can be told from outside. Ports are TCP ports, durations are seconds."""

    model_config = SettingsConfigDict(
        env_prefix="FUJIN_", env_file=ROOT / ".env", extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    database_url: str = ""
    redis_url: str | None = None

    wechat_token: str = ""
    wechat_aes_key: str = ""
    wechat_app_id: str = ""
    wechat_app_secret: str = ""
    wechat_api_base: str = ""
    wechat_mode: Literal["safe", "plain"] = "safe"

    gateway_host: str = ""
    gateway_port: Annotated[int, Field(ge=1, le=65535)] = 8000
    console_host: str = "127.0.0.1"
    console_port: Annotated[int, Field(ge=1, le=65535)] = 8080
    actions_port: Annotated[int, Field(ge=1, le=65535)] = 5055
    metrics_host: str = "127.0.0.1"
    metrics_port: Annotated[int, Field(ge=1, le=65535)] = 9464
    rasa_url: str = "http://127.0.0.1:5005"
    rasa_python: Path = ROOT / ".venv-rasa" / "bin" / "python"

    page_channels: Annotated[tuple[str, ...], NoDecode] = ()
    auditor_channels: Annotated[tuple[str, ...], NoDecode] = ()
    secret: str = ""
    duty_file: Path = ROOT / "duty.yml"
    speech_model: Path | None = None
    studio_replay_weeks: Annotated[int, Field(ge=1, le=52)] = 4
    studio_second_for_urgent: bool = False
    studio_judge_unasked: bool = True
    console_url: str = ""
    var_dir: Path = ROOT / "var"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("page_channels", "auditor_channels", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("page_channels", "auditor_channels")
    @classmethod
    def _known_channels(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        read_channels(value)
        return tuple(dict.fromkeys(value))  # a channel given twice is still one page

    @field_validator("auditor_channels")
    @classmethod
    def _groups(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(channel.personal for channel in read_channels(value)):
            raise ValueError("the auditor has no roster: name channels that reach a group, no desk and no voice")
        return value

    @field_validator("secret")
    @classmethod
    def _long_secret(cls, value: str) -> str:
        if value and len(value) < _SECRET_CHARACTERS:
            raise ValueError(f"a secret has at least {_SECRET_CHARACTERS} characters; `openssl rand -hex 32` draws one")
        return value

    @field_validator("wechat_aes_key")
    @classmethod
    def _aes_key_shape(cls, value: str) -> str:
        if value and (len(value) != 43 or set(value) - _AES_KEY_ALPHABET):
            raise ValueError("the EncodingAESKey has 43 letters and digits; copy it from the platform's page")
        return value

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        if not value:
            return value
        scheme = value.split(":", 1)[0]
        if scheme in {"postgres", "postgresql"}:
            return "postgresql+psycopg" + value[len(scheme) :]
        if scheme not in {"sqlite", "postgresql+psycopg"}:
            raise ValueError("use sqlite:///path or postgresql://user:password@host/database")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: str | None) -> str | None:
        if value and not _is_address(value, {"redis", "rediss"}):
            raise ValueError("write redis://:password@host:port/number")
        return value

    @field_validator("rasa_url", "wechat_api_base", "console_url")
    @classmethod
    def _http(cls, value: str) -> str:
        if value and not _is_address(value, {"http", "https"}):
            raise ValueError("write an address like http://host:port")
        return value.rstrip("/")

    @field_validator("rasa_python", "duty_file", "var_dir", "speech_model")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return value and value.absolute()  # the processes run in another directory than the command that starts them

    @model_validator(mode="after")
    def _complete(self) -> "Settings":
        """Without an app id this is the model station with its simulator; with one, everything must be given."""
        if self.demo:
            self._check_demo_is_private()
            self._fill_demo()
        elif missing := [
            f"FUJIN_{name.upper()}"
            for name in ("wechat_token", "wechat_aes_key", "wechat_app_secret")
            if not getattr(self, name) and not (name == "wechat_aes_key" and self.wechat_mode == "plain")
        ]:
            raise ValueError(f"FUJIN_WECHAT_APP_ID is set, so {', '.join(missing)} must be set too")
        self.database_url = self.database_url or f"sqlite:///{self.var_dir / 'fujin.db'}"
        self.gateway_host = self.gateway_host or (
            "127.0.0.1" if self.demo or self.wechat_mode == "plain" else "0.0.0.0"  # noqa: S104 - public by design
        )
        self.wechat_api_base = self.wechat_api_base or "https://api.weixin.qq.com"
        self.console_url = self.console_url or f"http://127.0.0.1:{self.console_port}"
        self._check_ports()
        if self.wechat_mode == "plain" and self.gateway_host not in LOOPBACK:
            raise ValueError(
                "FUJIN_WECHAT_MODE=plain is for loopback only: set it to safe, or FUJIN_GATEWAY_HOST to 127.0.0.1"
            )
        return self

    def _check_demo_is_private(self) -> None:
        """A station whose app id was forgotten must not come up as the model station for a whole network to enter."""
        hosts = {"FUJIN_GATEWAY_HOST": self.gateway_host, "FUJIN_CONSOLE_HOST": self.console_host}
        public = [name for name, host in hosts.items() if host and host not in LOOPBACK]
        if public:
            raise ValueError(
                "FUJIN_WECHAT_APP_ID is not set, so this would be the model station, whose sign-in page shows every "
                f"password: set it, or {' and '.join(public)} to 127.0.0.1"
            )

    def _check_ports(self) -> None:
        owners: dict[int, str] = {}
        for name in ("gateway_port", "console_port", "actions_port", "metrics_port"):
            port = getattr(self, name)
            if port in owners:
                raise ValueError(f"FUJIN_{owners[port].upper()} and FUJIN_{name.upper()} are both {port}")
            owners[port] = name

    @property
    def conversations_url(self) -> str:
        """Where Rasa keeps its conversations: in the station's database, or beside it where that is SQLite's file."""
        return f"sqlite:///{self.var_dir / 'rasa.db'}" if self.database_url.startswith("sqlite") else self.database_url

    @cached_property
    def channels(self) -> tuple[PageChannel, ...]:
        """The page channels, each with its name."""
        return read_channels(self.page_channels)

    @cached_property
    def demo(self) -> bool:
        """Whether no real account is configured: the simulator plays WeChat, and everything stays on loopback."""
        return not self.wechat_app_id

    def _fill_demo(self) -> None:
        """Give the simulated account keys of its own, drawn once per installation, so that no key is public."""
        for name, value in _demo_account(self.var_dir).items():
            if not getattr(self, name):
                setattr(self, name, value)
        simulator = f"http://127.0.0.1:{self.console_port}/simulator"
        self.wechat_api_base = self.wechat_api_base or f"{simulator}/platform"
        self.page_channels = self.page_channels or (f"webhook+{simulator}/phone",)


def _is_address(value: str, schemes: set[str]) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, or a broken IPv6 address
        return False


def _demo_account(var_dir: Path) -> dict[str, str]:
    path = var_dir / "demo-account.json"
    try:
        if not path.exists():
            var_dir.mkdir(parents=True, exist_ok=True)
            _draw_demo_account(path)
        loaded: dict[str, str] = json.loads(path.read_text())
    except OSError as error:
        raise ValueError(f"FUJIN_VAR_DIR: {path} cannot be written or read ({error.strerror})") from None
    except json.JSONDecodeError:
        raise ValueError(f"FUJIN_VAR_DIR: {path} is damaged; delete it, and a new one is drawn") from None
    return loaded


def _draw_demo_account(path: Path) -> None:
    """Write new keys, unless another process is first: of several that start at once, all read the same file."""
    alphabet = string.ascii_letters + string.digits
    account = {
        "wechat_app_id": "wxdemo" + secrets.token_hex(6),
        "wechat_app_secret": secrets.token_hex(16),
        "wechat_token": secrets.token_hex(16),
        # The last of 43 base64 characters carries two unused bits; a fixed one keeps strict decoders content.
        "wechat_aes_key": "".join(secrets.choice(alphabet) for _ in range(42)) + "A",
    }
    # Named temporary files are the owner's only (0600); the link makes the whole file appear at once.
    with tempfile.NamedTemporaryFile("w", dir=path.parent) as scratch:
        scratch.write(json.dumps(account))
        scratch.flush()
        with contextlib.suppress(FileExistsError):
            os.link(scratch.name, path)


def load_settings() -> Settings:
    """Read and check the settings. What the process and its children write from here on is for their own user alone.

    Raises:
        SettingsError: naming each setting that cannot be used and how to mend it.
    """
    os.umask(_OTHERS)  # before the settings are read: some are drawn into the folder
    try:
        settings = Settings()
    except ValidationError as error:
        lines = []
        for problem in error.errors(include_url=False, include_input=False):
            name = "".join(f"FUJIN_{str(part).upper()}: " for part in problem["loc"][:1])
            lines.append(name + problem["msg"].removeprefix("Value error, "))
        raise SettingsError("\n".join(lines)) from None
    _close_to_others(settings.var_dir)
    return settings


def _close_to_others(folder: Path) -> None:
    """Take a folder that was made with the shell's umask from everybody but its owner.

    Of one that is mounted and another user's, that one decides who reads it.
    """
    with contextlib.suppress(OSError):
        mode = stat.S_IMODE(folder.stat().st_mode)
        if mode & _OTHERS:
            folder.chmod(mode & ~_OTHERS)
