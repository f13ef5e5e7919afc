"""The addresses in FUJIN_PAGE_CHANNELS: which channels there are, and under which name each is known.

An entry is `name=address` or an address alone, which is then named by its kind and host. The name goes into the
database, logs and pages; the address holds keys and stays here.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

DESK = "desk"
_CHARACTERS = 300
_NAMED = re.compile(r"(?P<name>[\w .@#-]{1,64})=(?P<address>.*)")
_TOKEN_CHARACTERS = 16
_EXAMPLES = {
    "webhook": "webhook+https://host/path",
    "wecom": "wecom+https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=…",
    "dingtalk": "dingtalk+https://oapi.dingtalk.com/robot/send?access_token=…&secret=…",
    "feishu": "feishu+https://open.feishu.cn/open-apis/bot/v2/hook/…?secret=…",
    "voice": "voice+tencent://SecretId:SecretKey@vms.tencentcloudapi.com/?app=…&template=…&token=…",
    "apprise": "apprise+mailto://…",
    DESK: DESK,
}
_TRANSPORTS = {
    "webhook": {"http", "https"},
    "wecom": {"http", "https"},
    "dingtalk": {"http", "https"},
    "feishu": {"http", "https"},
    # Tencent's SDK speaks TLS; without is for a test that plays the vendor.
    "voice": {"tencent", "tencent+http"},
}
_NEEDED = {"wecom": ("key",), "dingtalk": ("access_token",), "voice": ("app", "template", "token")}


@dataclass(frozen=True)
class PageChannel:
    """A configured channel. `address` is without the kind in front of it and never leaves the process."""

    name: str
    kind: str
    address: str = field(repr=False)

    @property
    def personal(self) -> bool:
        """Whether it reaches one officer (a telephone, a desk) and not a group that reads along."""
        return self.kind in {DESK, "voice"}

    @property
    def query(self) -> dict[str, str]:
        """The options in the address."""
        return {name: values[0] for name, values in parse_qs(urlsplit(self.address).query).items()}


def read_channels(entries: Iterable[str]) -> tuple[PageChannel, ...]:
    """The channels of a setting's entries; one given twice is still one.

    Raises:
        ValueError: naming the entry by its place, never quoting its address, and how to mend it.
    """
    found: dict[str, PageChannel] = {}
    for place, entry in enumerate(dict.fromkeys(entries), start=1):
        try:
            channel, given = _read(entry)
        except ValueError as problem:
            raise ValueError(f"channel {place} {problem}") from None
        if given and channel.name in found:
            raise ValueError(f"channel {place} has the name of another, {channel.name}; names are there to differ")
        name = _free(channel.name, found)
        found[name] = PageChannel(name, channel.kind, channel.address)
    return tuple(found.values())


def _read(entry: str) -> tuple[PageChannel, bool]:
    """An entry's channel, and whether its name was given."""
    named = _NAMED.fullmatch(entry)
    given, address = (named["name"].strip(), named["address"].strip()) if named else ("", entry)
    kind, _, rest = address.partition("+")
    if kind not in _EXAMPLES or (kind == DESK) != (address == DESK):
        raise ValueError(f"is none that is known; write one of {', '.join(_EXAMPLES.values())}")
    if len(address) > _CHARACTERS:
        raise ValueError(f"is longer than {_CHARACTERS} characters")
    parts = _split(kind, rest)
    channel = PageChannel(given or _own_name(kind, parts), kind, rest)
    if missing := [name for name in _NEEDED.get(kind, ()) if not channel.query.get(name)]:
        raise ValueError(f"has no {' and no '.join(missing)} in its address; write {_EXAMPLES[kind]}")
    if kind == "voice":
        _check_voice(channel)
    return channel, bool(given)


def _split(kind: str, rest: str) -> tuple[str, str, int | None]:
    """Scheme, host and port of an address. An apprise address is apprise's own matter but for its scheme."""
    if kind == DESK:
        return "", "", None
    try:
        parts = urlsplit(rest)
        usable = kind == "apprise" or (parts.scheme in _TRANSPORTS[kind] and parts.hostname and parts.port != 0)
        if usable and parts.scheme:
            return (parts.scheme, "", None) if kind == "apprise" else (parts.scheme, parts.hostname or "", parts.port)
    except ValueError:  # a port that is no number, or a broken IPv6 address
        pass
    raise ValueError(f"is no address; write {_EXAMPLES[kind]}")


def _own_name(kind: str, parts: tuple[str, str, int | None]) -> str:
    scheme, host, port = parts
    if kind == DESK:
        return DESK
    if kind == "apprise":  # its host may be a key
        return f"apprise@{scheme}"
    return f"{kind}@{host}" + (f":{port}" if port else "")


def _check_voice(channel: PageChannel) -> None:
    parts = urlsplit(channel.address)
    if not parts.username or not parts.password:
        raise ValueError(f"has no SecretId:SecretKey in its address; write {_EXAMPLES['voice']}")
    if not re.fullmatch(rf"[\w-]{{{_TOKEN_CHARACTERS},}}", channel.query["token"]):
        raise ValueError(f"needs a token of at least {_TOKEN_CHARACTERS} letters and digits that nobody can guess")


def _free(name: str, taken: Iterable[str]) -> str:
    """The name, or the next one after it that no other channel has."""
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}#{number}"
    return free
