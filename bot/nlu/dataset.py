"""The training and test messages, and the checks that keep them honest.

`python -m bot.nlu.dataset` prints every finding and exits with 1 when there is one.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import yaml

from bot.nlu import marked
from bot.nlu.knowledge import SHORT
from bot.nlu.live_file import TrainersFileError
from bot.nlu.normaliser import Normaliser
from bot.nlu.triage import LABELS, URGENT, label_of

DATA = Path("nlu_data")
FEWEST_EXAMPLES = 8
NEAR = 0.7
"""Jaccard similarity of character trigrams from which two messages count as the same."""

T = TypeVar("T")
_BEHIND = "…"
"""What a message of `facts_asked` begins with that comes behind a question about its topic."""
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Example:
    """One message and where it was found."""

    text: str
    intent: str
    place: str

    @property
    def label(self) -> str:
        """The label that the intent belongs to."""
        return label_of(self.intent)


NO_TOPIC = "none"
"""What a message behind a question asks for that nothing in the knowledge base answers, or that asks nothing."""


@dataclass(frozen=True)
class FollowUp(Example):
    """One message that comes behind a question: its `intent` is the topic it asks for, or NO_TOPIC."""

    before: str = ""
    """The topic that was asked about last."""


@dataclass(frozen=True)
class Matter:
    """What somebody has written of a calm matter, and what may come next: messages that only sound like an emergency,
    and others that are one, each with its intent."""

    before: tuple[str, ...]
    intent: str
    calm: tuple[str, ...]
    turn: tuple[tuple[str, str], ...]
    place: str

    def examples(self) -> Iterator[Example]:
        """The next messages."""
        for text in self.calm:
            yield Example(text, self.intent, self.place)
        for intent, text in self.turn:
            yield Example(text, intent, self.place)


@dataclass(frozen=True)
class TestMessage(Example):
    """One message of the test set."""

    __test__ = False  # not a test case for pytest

    id: str = ""
    style: str = ""
    hard: bool = False


MISSED, FALSE_PAGE = "missed", "false_page"
"""Why a message is in the regression set: an emergency that was not paged, or a page without one."""


@dataclass(frozen=True)
class RegressionMessage(Example):
    """One message that the station once got wrong, so that no later model does."""

    case: str = MISSED
    why: str = ""
    added: str = ""


@dataclass(frozen=True)
class FactAsked(Example):
    """A message about a topic, which is its `intent`, and the aspect of it that answers (`NO_TOPIC`: none does)."""

    aspect: str = ""
    behind: bool = False
    """It comes behind a question about that topic."""


@dataclass(frozen=True)
class IntentFile:
    """One file of `nlu_data/intents`: a fine intent with its examples and answers."""

    path: Path
    intent: str
    examples: tuple[str, ...]
    responses: frozenset[str]


@dataclass
class Dataset:
    """All messages under one directory (normally `nlu_data`)."""

    root: Path = DATA
    problems: list[str] = field(default_factory=list)

    @cached_property
    def files(self) -> list[IntentFile]:
        """Every intent file that can be read; the others become problems."""
        files = []
        for path in sorted((self.root / "intents").glob("*/*.yml")):
            try:
                files.append(_read_intent_file(path))
            except (yaml.YAMLError, KeyError, TypeError, IndexError, ValueError) as error:
                self.problems.append(f"{path}: cannot be read as an intent file ({type(error).__name__}: {error})")
        return files

    @cached_property
    def catalogue(self) -> dict[str, str]:
        """Fine intent → title, as the catalogue lists them."""
        content = yaml.load((self.root / "catalogue.yml").read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - a safe loader
        return {
            f"{label}/{name}": str(entry["title"])
            for label, group in content.items()
            for name, entry in group["intents"].items()
        }

    def training(self) -> Iterator[Example]:
        """The training messages."""
        for file in self.files:
            for text in file.examples:
                yield Example(text, file.intent, str(file.path))

    @cached_property
    def questions(self) -> list[Example]:
        """The questions by topic; each one's `intent` is its topic's name. A file that cannot be read is a problem."""
        return self._read_each("questions", _read_questions)

    @cached_property
    def follow_ups(self) -> list[FollowUp]:
        """What comes behind a question about a topic. A file that cannot be read is a problem."""
        return self._read_each("follow_ups", _read_follow_ups)

    @cached_property
    def facts_asked(self) -> list[FactAsked]:
        """Messages by the fact that answers them. A file that cannot be read is a problem."""
        return self._read_each("facts_asked", _read_facts_asked)

    @cached_property
    def in_talk(self) -> list[Matter]:
        """Calm matters with what may come next. A file that cannot be read is a problem."""
        return self._read_each("in_talk", _read_matters)

    @cached_property
    def form_values(self) -> list[Example]:
        """Messages to a form, which is their `intent`, whose values are marked. A file that cannot be read, or a mark
        that is not whole or of a field that the form does not have, is a problem."""
        return self._read_each("form_values", _read_form_values)

    def _read_each(self, kind: str, read: Callable[[Path], list[T]]) -> list[T]:
        found: list[T] = []
        for path in sorted((self.root / kind).glob("*.yml")):
            try:
                found += read(path)
            except (yaml.YAMLError, AttributeError, TypeError, KeyError, ValueError, TrainersFileError) as error:
                self.problems.append(f"{path}: cannot be read as {kind} ({type(error).__name__}: {error})")
        return found

    @cached_property
    def test(self) -> list[TestMessage]:
        """The test messages; empty while there are none."""
        path = self.root / "test" / "messages.jsonl"
        return list(read_test_messages(path)) if path.exists() else []

    @cached_property
    def regression(self) -> list[RegressionMessage]:
        """The messages that were once read wrongly; what cannot be read becomes a problem."""
        path = self.root / "regression" / "messages.jsonl"
        try:
            return list(read_regression(path)) if path.exists() else []
        except ValueError as error:
            self.problems.append(str(error))
            return []


def _read_questions(path: Path) -> list[Example]:
    content = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - a safe loader
    return [Example(str(text), str(topic), str(path)) for topic, texts in content.items() for text in texts]


def _read_follow_ups(path: Path) -> list[FollowUp]:
    content = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - a safe loader
    return [
        FollowUp(str(text), str(topic), str(path), str(before))
        for before, topics in content.items()
        for topic, texts in topics.items()
        for text in texts
    ]


def _read_facts_asked(path: Path) -> list[FactAsked]:
    content = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - a safe loader
    return [
        FactAsked(str(text).removeprefix(_BEHIND), str(topic), str(path), str(aspect), str(text).startswith(_BEHIND))
        for topic, aspects in content.items()
        for aspect, texts in aspects.items()
        for text in texts
    ]


def _read_matters(path: Path) -> list[Matter]:
    content = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - a safe loader
    return [
        Matter(
            before=tuple(map(str, entry["before"])),
            intent=str(entry["intent"]),
            calm=tuple(map(str, entry.get("calm") or ())),
            turn=tuple((str(intent), str(text)) for intent, text in entry.get("turn") or ()),
            place=str(path),
        )
        for entry in content
    ]


def _read_intent_file(path: Path) -> IntentFile:
    content = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - a safe loader
    entries = content["nlu"]
    intents = {entry["intent"] for entry in entries}
    if len(intents) != 1:
        raise ValueError(f"a file holds one intent, this one holds {', '.join(sorted(intents)) or 'none'}")
    examples = [
        line.strip()[2:].strip()
        for entry in entries
        for line in entry["examples"].splitlines()
        if line.strip().startswith("- ")
    ]
    return IntentFile(path, intents.pop(), tuple(examples), frozenset(content.get("responses") or {}))


def _read_form_values(path: Path) -> list[Example]:
    return [Example(one.text, path.stem, str(path)) for one in marked.of_file(path)]


def read_test_messages(path: Path) -> Iterator[TestMessage]:
    """The messages of a JSONL file. Raises ValueError naming the line that cannot be read."""
    return _read_lines(path, "test", _test_message)


def read_regression(path: Path) -> Iterator[RegressionMessage]:
    """The messages of the regression set. Raises ValueError naming the line that cannot be read."""
    return _read_lines(path, "regression", _regression_message)


def _test_message(data: dict[str, Any], place: str) -> TestMessage:
    return TestMessage(
        text=data["text"],
        intent=data["intent"],
        place=place,
        id=str(data["id"]),
        style=str(data.get("style", "")),
        hard=data.get("hard") in (True, "hard", "true", 1),
    )


def _regression_message(data: dict[str, Any], place: str) -> RegressionMessage:
    if data["case"] not in (MISSED, FALSE_PAGE):
        raise TypeError(f"case is {MISSED} or {FALSE_PAGE}, not {data['case']}")
    why, added = str(data.get("why", "")), str(data.get("added", ""))
    return RegressionMessage(data["text"], data["intent"], place, case=data["case"], why=why, added=added)


def _read_lines(path: Path, kind: str, make: Callable[[dict[str, Any], str], T]) -> Iterator[T]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        place = f"{path}:{number}"
        try:
            yield make(json.loads(line), place)
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise ValueError(f"{place}: not a {kind} message ({type(error).__name__}: {error})") from error


def findings(dataset: Dataset) -> list[str]:
    """Everything wrong with the data, one sentence each."""
    normalise = Normaliser(dataset.root / "typos.tsv")
    training = list(dataset.training())
    normal = [normalise(example.text) for example in training]
    questions, follow_ups = dataset.questions, dataset.follow_ups
    asked = [normalise(question.text) for question in questions]
    of_facts, further = dataset.facts_asked, [one for matter in dataset.in_talk for one in matter.examples()]
    of_facts_normal = [normalise(one.text) for one in of_facts]
    in_forms, in_forms_normal = dataset.form_values, [normalise(one.text) for one in dataset.form_values]
    further_normal = [normalise(one.text) for one in further]
    test_normal = [normalise(message.text) for message in dataset.test]
    taught = [*training, *questions, *of_facts, *further, *in_forms]
    agreement = list(_agreement(dataset))
    return [
        *dataset.problems,
        *agreement,
        *_few_examples(dataset),
        *_repeated(training, normal),
        *_repeated(dataset.test, test_normal),
        *_repeated(dataset.regression, [normalise(message.text) for message in dataset.regression]),
        *_repeated(questions, asked),
        *_repeated(further, further_normal),
        *_repeated(in_forms, in_forms_normal),
        *_misplaced(dataset),
        *_repeated_in_topics(of_facts, of_facts_normal),
        *_lost(dataset, questions, follow_ups),
        *_markup(training),
        *_leaks(
            dataset.test,
            test_normal,
            taught,
            [*normal, *asked, *of_facts_normal, *further_normal, *in_forms_normal],
        ),
    ]


def _agreement(dataset: Dataset) -> Iterator[str]:
    """Catalogue, files and answers name the same intents."""
    listed = set(dataset.catalogue)
    present = {file.intent for file in dataset.files}
    for intent in sorted(listed - present):
        yield f"{intent}: in the catalogue, but there is no file intents/{intent}.yml"
    for intent in sorted(present - listed):
        yield f"{intent}: has a file, but is not in catalogue.yml"
    for file in dataset.files:
        if file.path.parent.name + "/" + file.path.stem != file.intent:
            yield f"{file.path}: holds {file.intent}; the path must be intents/{file.intent}.yml"
        if file.intent.startswith("enquiry/"):
            if file.responses or not (dataset.root / "answers" / file.path.name).exists():
                yield f"{file.path}: its answers belong into answers/{file.path.name}, by topic and aspect"
        elif file.responses != {f"utter_{file.intent}"}:
            yield f"{file.path}: must hold exactly one answer entry, utter_{file.intent}"
    for message in (*dataset.test, *dataset.regression):
        if message.intent not in listed or message.label not in LABELS:
            yield f"{message.place}: {message.intent} is not in the catalogue"


def _few_examples(dataset: Dataset) -> Iterator[str]:
    for file in dataset.files:
        if len(file.examples) < FEWEST_EXAMPLES:
            yield f"{file.intent}: {len(file.examples)} examples, at least {FEWEST_EXAMPLES} are needed"


def _repeated(examples: Sequence[Example], normal: Sequence[str]) -> Iterator[str]:
    """Messages that are the same once normalised; worse when they are labelled differently."""
    places: dict[str, list[Example]] = defaultdict(list)
    for example, text in zip(examples, normal, strict=True):
        places[text].append(example)
    for text, found in places.items():
        if len(found) > 1:
            intents = Counter(example.intent for example in found)
            kind = "under two labels" if len({example.label for example in found}) > 1 else "more than once"
            yield f"{text!r}: {kind} ({', '.join(sorted(intents))})"


def _repeated_in_topics(asked: Sequence[FactAsked], normal: Sequence[str]) -> Iterator[str]:
    """Messages that a topic holds twice; behind two topics people ask for the price in the same words."""
    seen = Counter((one.intent, text) for one, text in zip(asked, normal, strict=True))
    for (topic, text), times in seen.items():
        if times > 1:
            yield f"{text!r}: {times} times among what is asked of {topic}"


def _lost(dataset: Dataset, questions: Sequence[Example], follow_ups: Sequence[FollowUp]) -> Iterator[str]:
    """Questions of a topic that stands in no answers of their file's name, and what comes behind such a topic or asks
    for one that stands nowhere."""
    topics = {
        path.name: {str(entry["topic"]): {*entry.get("aspects", ()), SHORT, NO_TOPIC} for entry in entries}
        for path in (dataset.root / "answers").glob("*.yml")
        for entries in [yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)]  # noqa: S506 - a safe loader
    }
    own = [(question.place, question.intent) for question in questions]
    own += [(follow_up.place, follow_up.before) for follow_up in follow_ups]
    own += [(asked.place, asked.intent) for asked in dataset.facts_asked]
    for place, topic in dict.fromkeys(own):
        if topic not in topics.get(name := Path(place).name, ()):
            yield f"{place}: {topic} is no topic of answers/{name}"
    known = {NO_TOPIC}.union(*topics.values())
    for place, topic in dict.fromkeys((follow_up.place, follow_up.intent) for follow_up in follow_ups):
        if topic not in known:
            yield f"{place}: {topic} is no topic of any file of answers/ (or {NO_TOPIC})"
    for place, topic, aspect in dict.fromkeys((one.place, one.intent, one.aspect) for one in dataset.facts_asked):
        if aspect not in topics.get(Path(place).name, {}).get(topic, {aspect}):
            yield f"{place}: {topic} has no answer {aspect} (or {NO_TOPIC})"


def _misplaced(dataset: Dataset) -> Iterator[str]:
    """Matters of an intent that the catalogue does not know, calm ones that are an alarm, and turns that are none."""
    for matter in dataset.in_talk:
        named = {matter.intent, *(intent for intent, _ in matter.turn)}
        for intent in sorted(named - set(dataset.catalogue)):
            yield f"{matter.place}: {intent} is not in the catalogue"
        if label_of(matter.intent) == URGENT or any(label_of(intent) != URGENT for intent, _ in matter.turn):
            yield f"{matter.place}: {matter.before[0]!r}: the matter must be calm, and each turn an emergency"


def _markup(examples: Iterable[Example]) -> Iterator[str]:
    for example in examples:
        if set("[]{}") & set(example.text):
            yield f"{example.place}: {example.text!r} holds Rasa's markup; leave out [ ] {{ }}"


def _leaks(
    test: Sequence[Example], test_normal: Sequence[str], training: Sequence[Example], normal: Sequence[str]
) -> Iterator[str]:
    """Test messages that are, or nearly are, training messages."""
    grams = [trigrams(text) for text in normal]
    holders: dict[str, list[int]] = defaultdict(list)
    for number, found in enumerate(grams):
        for gram in found:
            holders[gram].append(number)
    for message, text in zip(test, test_normal, strict=True):
        mine = trigrams(text)
        shared = Counter(number for gram in mine for number in holders.get(gram, ()))
        for number, common in shared.most_common(3):
            if common / (len(mine) + len(grams[number]) - common) >= NEAR:
                yield f"{message.place}: {message.text!r} is nearly the training message {training[number].text!r}"
                break


def trigrams(text: str) -> frozenset[str]:
    """Character trigrams with marked ends, so that short messages have some as well."""
    framed = f"\x02{text}\x03"
    return frozenset(framed[place : place + 3] for place in range(max(len(framed) - 2, 1)))


def main() -> int:
    """Print the counts and the findings; 1 when there are any."""
    dataset = Dataset()
    counts = Counter(example.label for example in dataset.training())
    print(", ".join(f"{label} {counts[label]}" for label in LABELS), f"· {sum(counts.values())} messages to train on")
    print(f"{len(dataset.files)} of {len(dataset.catalogue)} intents have a file · {len(dataset.test)} test messages")
    found = findings(dataset)
    for finding in found:
        print(f"- {finding}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
