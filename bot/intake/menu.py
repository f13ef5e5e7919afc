"""The account's menu: what WeChat shows, and what a tap or a new follower is answered with.

Trainers write it in `nlu_data/menu.yml`; `fujin menu push` gives its labels and keys to the platform.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, field_validator, model_validator

from bot.duty.roster import Station
from bot.intake import trainers_file
from bot.intake.trainers_file import OptionalWebAddress, Written
from bot.nlu.live_file import LiveFile
from bot.nlu.project import NLU_DATA
from bot.wechat.outbound import MAX_TEXT_BYTES, with_buttons

MENU = NLU_DATA / "menu.yml"
SECTIONS, ENTRIES = 3, 5
SECTION_CHARACTERS, ENTRY_CHARACTERS = 4, 7
KEY_BYTES = 128
_SENTENCE_CHARACTERS = 100
_FIELD = re.compile(r"\{(\w*)\}")
_FIELDS = ("station", "address")
_ROOM_FOR_FIELDS = 200
"""Bytes that an answer leaves for the station's name and address, so that it stays one message."""
_CLICK = "click:"


def _said(text: str) -> str:
    """Check a text in which the station's name and address may stand."""
    if unknown := [name for name in _FIELD.findall(text) if name not in _FIELDS]:
        fields = "、".join(f"{{{name}}}" for name in _FIELDS)
        raise ValueError(f"不认识 {{{unknown[0]}}}；能用的是 {fields}")
    if len(text.encode()) > MAX_TEXT_BYTES - _ROOM_FOR_FIELDS:
        raise ValueError(f"太长，微信一条装不下：最多{(MAX_TEXT_BYTES - _ROOM_FOR_FIELDS) // 3}个汉字")
    return text


class Entry(Written):
    """One entry of a section.

    Attributes:
        title: what WeChat shows.
        key: what a tap sends.
        answer: the text that answers a tap, with the titles of its one-tap `buttons`.
        says: the sentence that a tap stands for; it is answered as if the resident had typed it.
        shows: "articles": the latest article as a card.
        url: a page that WeChat opens by itself; while it is empty, the entry is left out.
    """

    title: Annotated[str, Field(min_length=1, max_length=ENTRY_CHARACTERS)]
    key: str = ""
    answer: Annotated[str, Field(min_length=1)] | None = None
    buttons: tuple[Annotated[str, Field(min_length=1, max_length=20)], ...] = ()
    says: Annotated[str, Field(min_length=1, max_length=_SENTENCE_CHARACTERS)] | None = None
    shows: Literal["articles"] | None = None
    url: OptionalWebAddress | None = None

    @field_validator("key")
    @classmethod
    def _short_key(cls, value: str) -> str:
        if len(value.encode()) > KEY_BYTES:
            raise ValueError(f"最多{KEY_BYTES}个字节")
        return value

    @model_validator(mode="after")
    def _one_effect(self) -> "Entry":
        given = [name for name in ("answer", "says", "shows", "url") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"“{self.title}”要写 answer、says、shows、url 里的一个，只写一个")
        if self.buttons and self.answer is None:
            raise ValueError(f"“{self.title}”的 buttons 只能和 answer 一起写")
        if self.url is None and not self.key:
            raise ValueError(f"“{self.title}”要写 key")
        if self.answer is not None:
            _said(with_buttons(self.answer, self.buttons))
        return self

    def for_platform(self) -> dict[str, str]:
        """The entry as the platform's API takes it."""
        effect = {"type": "view", "url": self.url} if self.url else {"type": "click", "key": self.key}
        return {"name": self.title, **effect}


class Section(Written):
    """One of the three buttons below the chat, which opens its entries."""

    title: Annotated[str, Field(min_length=1, max_length=SECTION_CHARACTERS)]
    entries: Annotated[tuple[Entry, ...], Field(min_length=1, max_length=ENTRIES)]

    @property
    def shown(self) -> tuple[Entry, ...]:
        """The entries without the links whose address is not set yet."""
        return tuple(entry for entry in self.entries if entry.url != "")


class Menu(Written):
    """The menu file."""

    welcome: Annotated[str, Field(min_length=1)]
    sections: Annotated[tuple[Section, ...], Field(min_length=1, max_length=SECTIONS)]

    @field_validator("welcome")
    @classmethod
    def _known_fields(cls, value: str) -> str:
        return _said(value)

    @model_validator(mode="after")
    def _keys_differ(self) -> "Menu":
        seen: dict[str, str] = {}
        for entry in self._all_entries():
            if entry.key and entry.key in seen:
                raise ValueError(f"“{entry.title}”和“{seen[entry.key]}”的 key 一样（{entry.key}）")
            seen[entry.key] = entry.title
        if not self.shown:
            raise ValueError("一项也没有：至少要有一项不是空的 url")
        return self

    @property
    def shown(self) -> tuple[Section, ...]:
        """The sections that have something to open."""
        return tuple(section for section in self.sections if section.shown)

    def entry(self, event: str) -> Entry | None:
        """The entry that was tapped, unless this event is no tap or the entry is not there any more."""
        if not event.startswith(_CLICK):
            return None
        key = event.removeprefix(_CLICK)
        return next((entry for entry in self._all_entries() if entry.key == key and entry.url is None), None)

    def sentence(self, event: str) -> str:
        """The sentence that a tap stands for, or ""."""
        entry = self.entry(event)
        return (entry and entry.says) or ""

    def overview(self) -> str:
        """What there is, for a tap on an entry that an old menu still shows."""
        lines = [f"{section.title}：{'、'.join(entry.title for entry in section.shown)}" for section in self.shown]
        return "\n".join(["这一项现在没有了。菜单里有：", *lines, "也可以直接打字问我。"])

    def for_platform(self) -> dict[str, Any]:
        """The menu as the platform's API takes it."""
        buttons = [
            {"name": section.title, "sub_button": [entry.for_platform() for entry in section.shown]}
            for section in self.shown
        ]
        return {"button": buttons}

    def _all_entries(self) -> Iterator[Entry]:
        for section in self.sections:
            yield from section.entries


def is_tap(event: str) -> bool:
    """Whether an event is a tap on a menu entry that is to be answered."""
    return event.startswith(_CLICK)


def filled(text: str, station: Station) -> str:
    """A text of the menu with the station's name and address."""
    values: Mapping[str, str] = {"station": station.full_name, "address": station.address}
    return _FIELD.sub(lambda match: values[match[1]], text)


def load(path: Path | None = None) -> Menu:
    """Read the menu file. Raises TrainersFileError."""
    return trainers_file.read(path or MENU, TypeAdapter(Menu))


def live(path: Path = MENU) -> LiveFile[Menu]:
    """The menu that follows its file."""
    return trainers_file.live(path, load, otherwise=_EMPTY)


_EMPTY = Menu.model_construct(welcome="您好，这里是{station}。有事直接在这里打字，值班民警会看到。", sections=())
