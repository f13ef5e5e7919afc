"""The messages under `nlu_data/` as the studio looks them up: by intent, by normal form, and against the test set.

A file is read again only when it has changed: the first look takes seconds, the next one milliseconds.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import yaml

from bot.nlu.dataset import NEAR, Dataset, TestMessage, read_test_messages, trigrams
from bot.nlu.normaliser import Normaliser
from bot.studio.files import EditError, examples_of, read

Stamp = tuple[str, int, int]
"""A file's path, when it was changed, and how long it is."""


@dataclass(frozen=True)
class Held:
    """A training message where it stands."""

    text: str
    normal: str
    intent: str

    @property
    def label(self) -> str:
        """The label that its intent belongs to."""
        return self.intent.partition("/")[0]


@dataclass(frozen=True)
class Corpus:
    """All messages, as the files are now."""

    titles: Mapping[str, str]
    """Chinese titles of the fine intents that the catalogue lists."""
    training: tuple[Held, ...]
    test: tuple[TestMessage, ...]
    test_normal: tuple[str, ...]
    normalise: Normaliser

    @cached_property
    def by_normal(self) -> Mapping[str, list[Held]]:
        """Training messages by normal form; more than one are repeated."""
        found: dict[str, list[Held]] = {}
        for held in self.training:
            found.setdefault(held.normal, []).append(held)
        return found

    @cached_property
    def examples(self) -> Counter[str]:
        """How many training messages each intent has."""
        return Counter(held.intent for held in self.training)

    def of(self, intent: str) -> list[Held]:
        """The training messages of an intent."""
        return [held for held in self.training if held.intent == intent]

    def tested_as(self, normal: str) -> TestMessage | None:
        """The test message that a text is, or nearly is."""
        mine = trigrams(normal)
        for message, text in zip(self.test, self.test_normal, strict=True):
            other = trigrams(text)
            if len(mine & other) >= NEAR * len(mine | other):
                return message
        return None


def stamps(folder: Path) -> frozenset[Stamp]:
    """What tells whether anything under a folder has changed."""
    return frozenset(_stamp(path) for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))


def load(folder: Path) -> Corpus:
    """Read what has changed. Raises EditError for a file that cannot be read."""
    typos = _stamp(folder / "typos.tsv")
    training = tuple(
        held for path in sorted((folder / "intents").glob("*/*.yml")) for held in _intent_file(_stamp(path), typos)
    )
    test = folder / "test" / "messages.jsonl"
    messages, normal = _test_file(_stamp(test), typos) if test.exists() else ((), ())
    return Corpus(titles(folder), training, messages, normal, _normaliser(typos))


def titles(folder: Path) -> Mapping[str, str]:
    """Chinese titles of the fine intents by name."""
    return _titles(_stamp(folder / "catalogue.yml"))


def _stamp(path: Path) -> Stamp:
    state = path.stat()
    return (str(path), state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=4)
def _titles(stamp: Stamp) -> Mapping[str, str]:
    return dict(Dataset(Path(stamp[0]).parent).catalogue)


@lru_cache(maxsize=4)
def _normaliser(stamp: Stamp) -> Normaliser:
    return Normaliser(Path(stamp[0]))


@lru_cache(maxsize=2000)
def _intent_file(stamp: Stamp, typos: Stamp) -> tuple[Held, ...]:
    path, normalise = Path(stamp[0]), _normaliser(typos)
    intent = f"{path.parent.name}/{path.stem}"
    return tuple(Held(text, normalise(text), intent) for text in _examples(path))


def _examples(path: Path) -> Iterator[str]:
    try:
        yield from examples_of(read(path) or "")
    except (EditError, yaml.YAMLError) as error:
        raise EditError(f"{path.parent.name}/{path.name}：{error}") from None


@lru_cache(maxsize=4)
def _test_file(stamp: Stamp, typos: Stamp) -> tuple[tuple[TestMessage, ...], tuple[str, ...]]:
    try:
        messages = tuple(read_test_messages(Path(stamp[0])))
    except ValueError as error:
        raise EditError(str(error)) from None
    return messages, tuple(_normaliser(typos)(message.text) for message in messages)
