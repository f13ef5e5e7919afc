"""How the trainers' data is: what is thin, contradicts itself, is probably mislabelled, leaks, or is out of date.

Likely label errors are found by confident learning (C. G. Northcutt, L. Jiang, I. L. Chuang: *Confident Learning:
Estimating Uncertainty in Dataset Labels*, JAIR 70, 2021, doi:10.1613/jair.1.12125), the method of cleanlab, from the
readings that the model made of each message without having learned it.
"""

import json
import math
import re
import tarfile
import threading
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from bot.nlu import knowledge, pointer
from bot.nlu.dataset import FEWEST_EXAMPLES, NEAR, Dataset, findings, trigrams
from bot.nlu.knowledge import SHORT, Fact, Knowledge
from bot.nlu.live_file import TrainersFileError
from bot.nlu.normaliser import simplified
from bot.nlu.question import FOLLOW_UP
from bot.nlu.triage import LABELS, URGENT
from bot.nlu.wording import PLAIN, size
from bot.studio import corpus
from bot.studio.corpus import Corpus, Held
from bot.studio.files import EditError
from bot.studio.findings import in_words

REVIEW_EVERY = timedelta(days=365)
"""How long an answer counts as looked at."""
FEW_TESTS = 3
"""An intent with fewer test messages says nothing when it is judged."""
STYLES = {
    "dialect": "东北话",
    "voice": "语音转写没标点",
    "traditional": "繁体",
    "latin": "拼音或英语",
    "emoji": "表情",
    "short": "一两个词",
    "long": "一百字以上",
}
"""Ways to write that can be told by simple measures, with what people read."""
TEST_STYLES = {
    "plain": "平常",
    "dialect": "东北话",
    "elder": "老人",
    "short": "一两个词",
    "child": "孩子",
    "panic": "慌乱",
    "emoji": "表情",
    "voice": "语音转写",
    "deaf": "聋人语序",
    "long": "很长",
    "typo": "错别字",
    "formal": "书面",
    "silent": "不便出声",
    "pinyin": "拼音",
    "traditional": "繁体",
    "fragment": "片段",
    "post": "网帖",
}
"""The styles that the test set names, with what people read."""
_LEFT_OUT = re.compile(r"components/[^/]*TriageClassifier[^/]*/left_out\.json")
_DIALECT = re.compile(
    r"咋|嘎哈|干哈|瞅|啥|俺|唠|老妹|贼[拉好冷热吵]|埋汰|磕碜|搁[这那家哪外]|撵|薅|寻思|膈应|旮旯|疙瘩|昂$|嗷嗷|得劲|老鼻子|不老少|呗$|整[明不]|贼啦"
)
_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf]")
_HAN, _LATIN = re.compile(r"[\u3400-\u9fff]"), re.compile(r"[A-Za-z]")
_MARKS = re.compile(r"[^\w]|_")
_VOICE_LETTERS, _SHORT_LETTERS, _LONG_LETTERS = 15, 4, 100
_LATIN_SHARE = 0.6
MOST = 500
"""How many of the pairs and of the likely label errors are kept, the weightiest first."""
"""Of what is listed of each kind."""


@dataclass(frozen=True)
class IntentCount:
    """How many messages an intent has to learn from and to be judged on."""

    intent: str
    title: str
    examples: int
    tests: int

    @property
    def thin(self) -> bool:
        """Whether there are hardly more examples than are needed at all."""
        return self.examples < 2 * FEWEST_EXAMPLES

    @property
    def few_tests(self) -> bool:
        """Whether a judgement says nothing of it."""
        return self.tests < FEW_TESTS


@dataclass(frozen=True)
class Pair:
    """Two training messages that are nearly the same; of different intents they contradict each other."""

    one: Held
    other: Held
    likeness: float

    @property
    def conflicting(self) -> bool:
        """Whether the same words have two meanings."""
        return self.one.intent != self.other.intent


@dataclass(frozen=True)
class Suspect:
    """A training message whose intent is probably another one."""

    text: str
    intent: str
    suggested: str
    own: float
    """What the model that had not learned it gives its intent."""
    other: float
    """What it gives the suggested one."""

    @property
    def urgency(self) -> bool:
        """Whether one of both is paged for and the other not."""
        return (self.intent.partition("/")[0] == URGENT) != (self.suggested.partition("/")[0] == URGENT)


@dataclass(frozen=True)
class Confusion:
    """Two intents of which the model takes messages of one for the other."""

    one: str
    other: str
    one_as_other: int
    other_as_one: int

    @property
    def count(self) -> int:
        """Both ways together."""
        return self.one_as_other + self.other_as_one


@dataclass(frozen=True)
class Leak:
    """A training message that is nearly a test message, so that the test would only be remembered."""

    held: Held
    test_id: str
    test_text: str
    likeness: float


@dataclass(frozen=True)
class Style:
    """How often a way to write occurs."""

    name: str
    shares: Mapping[str, float]
    """Of each label's training messages."""
    without: tuple[str, ...]
    """Intents that have none, urgent ones first."""


@dataclass(frozen=True)
class Due:
    """A text of an answer that nobody has looked at for a year."""

    intent: str
    topic: str
    title: str
    aspect: str
    reviewed: date
    stale: tuple[str, ...]
    """Titles of the local facts in it that nobody has looked at for as long."""


@dataclass(frozen=True)
class StationFact:
    """A local fact, whether the station has filled it in, and whether it is time to look at it."""

    name: str
    title: str
    value: str
    reviewed: date
    due: bool
    """Whether nobody has looked at it for a year; one that is empty waits to be filled in."""


@dataclass(frozen=True)
class Asked:
    """How residents ask for the topics of the answers, and what they say next."""

    questions: int
    follow_ups: int
    few: tuple[tuple[str, int], ...]
    """Topics with fewer questions than an intent must have examples, none included, with how many, the fewest first."""


@dataclass(frozen=True)
class Health:
    """Everything that is worth a trainer's look, the weightiest first in each list."""

    intents: tuple[IntentCount, ...]
    pairs: tuple[Pair, ...]
    suspects: tuple[Suspect, ...]
    confusions: tuple[Confusion, ...]
    leaks: tuple[Leak, ...]
    styles: tuple[Style, ...]
    test_styles: Mapping[str, int]
    due: tuple[Due, ...]
    facts: tuple[StationFact, ...]
    titles: Mapping[str, str]
    model: str | None
    """Whose readings the suspects and the confusions are from; None: there is no model yet."""
    asked: Asked
    findings: tuple[str, ...]
    """What the data checks have to say, in trainers' words: a model that is trained now would not pass its gate."""
    problem: str = ""
    """What keeps the answers from being read."""

    def by_label(self) -> dict[str, tuple[int, int]]:
        """Training and test messages of each label."""
        sums = dict.fromkeys(LABELS, (0, 0))
        for count in self.intents:
            label = count.intent.partition("/")[0]
            examples, tests = sums[label]
            sums[label] = (examples + count.examples, tests + count.tests)
        return sums

    def open_facts(self) -> list[StationFact]:
        """The local facts that somebody has to fill in or to look at."""
        return [fact for fact in self.facts if fact.due or not fact.value]


class Checkup:
    """The health of one project's data, looked at again only when its files, its model or the day have changed.

    The first look takes seconds: ask from a thread.
    """

    def __init__(self, data: Path, models: Path) -> None:
        self._data, self._models = data, models
        self._lock = threading.Lock()
        self._seen: Any = None
        self._health: Health

    def current(self, today: date) -> Health:
        """The health now. Raises EditError for a file that cannot be read."""
        with self._lock:
            model = live_model(self._models)
            seen = (corpus.stamps(self._data), model, model and model.stat().st_mtime_ns, today)
            if seen != self._seen:
                self._health = examine(self._data, model, today)
                self._seen = seen
            return self._health


def live_model(models: Path) -> Path | None:
    """The file of the model that serves residents, or else the newest."""
    named = pointer.live(models)
    if named and (file := pointer.file_of(models, named)).exists():
        return file
    return max(models.glob(f"*{pointer.SUFFIX}"), key=lambda path: path.stat().st_mtime_ns, default=None)


def examine(data: Path, model: Path | None, today: date) -> Health:
    """Look at everything. Raises EditError for a file that cannot be read."""
    known = corpus.load(data)
    readings = _standing(left_out(model), known) if model else []
    pairs, leaks = near_same(known)
    base, problem = _knowledge(data)
    dataset = Dataset(data)
    return Health(
        intents=tuple(_counts(known)),
        pairs=tuple(pairs[:MOST]),
        suspects=tuple(suspects(readings)[:MOST]),
        confusions=tuple(confusions(readings)),
        leaks=tuple(leaks),
        styles=tuple(_styles(known)),
        test_styles=dict(Counter(message.style for message in known.test).most_common()),
        due=tuple(_due(base, today)),
        facts=tuple(station_facts(base, today)),
        titles=known.titles,
        model=pointer.name_of(model) if model else None,
        asked=_asked(dataset, base),
        findings=tuple(in_words(finding, known.titles) for finding in findings(dataset)),
        problem=problem,
    )


def _counts(known: Corpus) -> Iterator[IntentCount]:
    examples = known.examples
    tests = Counter(message.intent for message in known.test)
    for intent, title in known.titles.items():
        yield IntentCount(intent, title, examples[intent], tests[intent])


def _asked(dataset: Dataset, base: Knowledge) -> Asked:
    count = Counter({topic.id: 0 for topic in base.topics.values() if topic.intent != FOLLOW_UP})
    count.update(question.intent for question in dataset.questions)
    few = sorted(
        ((topic, number) for topic, number in count.items() if number < FEWEST_EXAMPLES), key=lambda one: one[1]
    )
    return Asked(len(dataset.questions), len(dataset.follow_ups), tuple(few))


# --- the same words twice --------------------------------------------------------------------------------------------


def near_same(known: Corpus) -> tuple[list[Pair], list[Leak]]:
    """Messages that share so many trigrams that they count as the same: two to train on, or one of them to test on.

    Contradicting ones come first, then the likest.
    """
    grams = [*(trigrams(held.normal) for held in known.training), *(trigrams(text) for text in known.test_normal)]
    learned = len(known.training)
    pairs, leaks = [], []
    for one, other, likeness in _alike(grams):
        first, second = min(one, other), max(one, other)
        if second < learned:
            pairs.append(Pair(known.training[first], known.training[second], likeness))
        elif first < learned:
            message = known.test[second - learned]
            leaks.append(Leak(known.training[first], message.id, message.text, likeness))
    pairs.sort(key=lambda pair: (not pair.conflicting, -pair.likeness))
    return pairs, sorted(leaks, key=lambda leak: -leak.likeness)


def _alike(grams: Sequence[frozenset[str]]) -> Iterator[tuple[int, int, float]]:
    """Pairs of sets whose Jaccard similarity is NEAR or more.

    Two such sets share one of their rarest elements (R. J. Bayardo, Y. Ma, R. Srikant: *Scaling up all pairs similarity
    search*, WWW 2007), so that only those are looked up.
    """
    common = Counter(gram for found in grams for gram in found)
    holders: dict[str, list[int]] = defaultdict(list)
    for number in sorted(range(len(grams)), key=lambda number: len(grams[number])):
        mine = grams[number]
        rarest = sorted(mine, key=lambda gram: (common[gram], gram))[: len(mine) - math.ceil(NEAR * len(mine)) + 1]
        for other in {other for gram in rarest for other in holders[gram]}:
            if len(grams[other]) >= NEAR * len(mine):
                shared = len(mine & grams[other])
                if shared >= NEAR * (len(mine) + len(grams[other]) - shared):
                    yield other, number, shared / (len(mine) + len(grams[other]) - shared)
        for gram in rarest:
            holders[gram].append(number)


# --- what the model made of what it had not learned ------------------------------------------------------------------


@dataclass(frozen=True)
class LeftOut:
    """A training message with the likeliest intents by a model that had not learned it."""

    text: str
    intent: str
    ranking: tuple[tuple[str, float], ...]

    def share(self, intent: str) -> float:
        """P(intent); 0 for one that is not among the likeliest."""
        return next((share for name, share in self.ranking if name == intent), 0.0)


def left_out(model: Path) -> list[LeftOut]:
    """What a model's archive keeps of its training; nothing for one that keeps nothing."""
    return _left_out(str(model), model.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _left_out(model: str, _changed_at: int) -> list[LeftOut]:
    try:
        return _kept_in(model)
    except (tarfile.TarError, OSError, EOFError, zlib.error, ValueError, KeyError):
        raise EditError(
            f"线上模型的文件 {Path(model).name} 读不出来，可能损坏了；请退回上一个模型，或者再训练一次"
        ) from None


def _kept_in(model: str) -> list[LeftOut]:
    with tarfile.open(model) as archive:
        for member in archive:
            if _LEFT_OUT.search(member.name) and (file := archive.extractfile(member)):
                return [
                    LeftOut(item["text"], item["intent"], tuple((name, share) for name, share in item["ranking"]))
                    for item in json.load(file)
                ]
    return []


def _standing(readings: Iterable[LeftOut], known: Corpus) -> list[LeftOut]:
    """Those of messages that still stand where they stood."""
    there = {(held.text, held.intent) for held in known.training}
    return [reading for reading in readings if (reading.text, reading.intent) in there]


def suspects(readings: Sequence[LeftOut]) -> list[Suspect]:
    """Messages that confidently belong to another intent; those that a page depends on first, then by the margin.

    An intent is confident of a message to which it gives at least what it gives its own messages on average.
    """
    own: dict[str, list[float]] = defaultdict(list)
    for reading in readings:
        own[reading.intent].append(reading.share(reading.intent))
    usual = {intent: sum(shares) / len(shares) for intent, shares in own.items()}
    found = []
    for reading in readings:
        confident = [(share, name) for name, share in reading.ranking if share >= usual.get(name, 1.0)]
        if confident and (best := max(confident))[1] != reading.intent:
            found.append(Suspect(reading.text, reading.intent, best[1], reading.share(reading.intent), best[0]))
    return sorted(found, key=lambda suspect: (not suspect.urgency, suspect.own - suspect.other))


def confusions(readings: Iterable[LeftOut]) -> list[Confusion]:
    """Pairs of intents that are taken for each other, the commonest first."""
    taken: Counter[tuple[str, str]] = Counter()
    for reading in readings:
        if reading.ranking and reading.ranking[0][0] != reading.intent:
            taken[reading.intent, reading.ranking[0][0]] += 1
    pairs = {tuple(sorted(pair)) for pair in taken}
    found = [Confusion(one, other, taken[one, other], taken[other, one]) for one, other in pairs]
    return sorted(found, key=lambda pair: (-pair.count, pair.one, pair.other))


# --- styles ----------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=100_000)
def styles_of(text: str) -> frozenset[str]:
    """The ways in which a text is written, by measures that anybody can check; most texts have none."""
    letters = size(text)
    found = {
        "dialect": bool(_DIALECT.search(text)),
        "voice": len(_HAN.findall(text)) >= _VOICE_LETTERS and not _MARKS.search(text) and not _LATIN.search(text),
        "traditional": bool(_HAN.search(text)) and simplified(text) != text,
        "latin": len(_LATIN.findall(text)) > _LATIN_SHARE * len(text.replace(" ", "")),
        "emoji": bool(_EMOJI.search(text)),
        "short": letters <= _SHORT_LETTERS,
        "long": letters > _LONG_LETTERS,
    }
    return frozenset(name for name, holds in found.items() if holds)


def _styles(known: Corpus) -> Iterator[Style]:
    totals = Counter(held.label for held in known.training)
    by_label: Counter[tuple[str, str]] = Counter()
    with_it: dict[str, set[str]] = defaultdict(set)
    for held in known.training:
        for style in styles_of(held.text):
            by_label[style, held.label] += 1
            with_it[style].add(held.intent)
    for style in STYLES:
        shares = {label: by_label[style, label] / totals[label] for label in LABELS if totals[label]}
        yield Style(style, shares, tuple(intent for intent in known.titles if intent not in with_it[style]))


# --- answers ---------------------------------------------------------------------------------------------------------


def _knowledge(data: Path) -> tuple[Knowledge, str]:
    """The answers, and what keeps them from being read."""
    try:
        return knowledge.load(data / "answers"), ""
    except TrainersFileError as error:
        return Knowledge({}, {}), str(error)


def _due(base: Knowledge, today: date) -> list[Due]:
    due = [
        Due(topic.intent, topic.id, topic.title, aspect, fact.reviewed, stale_in(fact, base, today))
        for topic in base.topics.values()
        for aspect, fact in ((SHORT, topic.short), (PLAIN, topic.plain), *topic.aspects.items())
        if is_stale(fact.reviewed, today)
    ]
    return sorted(due, key=lambda item: item.reviewed)


def is_stale(reviewed: date, today: date) -> bool:
    """Whether what was looked at on a day has to be looked at again."""
    return today - reviewed > REVIEW_EVERY


def stale_in(fact: Fact, base: Knowledge, today: date) -> tuple[str, ...]:
    """Titles of the local facts that a text states and that have to be looked at again."""
    stated = (base.local_facts[name] for name in fact.stated)
    return tuple(local.title for local in stated if is_stale(local.reviewed, today))


def station_facts(base: Knowledge, today: date) -> list[StationFact]:
    """The local facts: those that are empty, those that are due, and the others, the longest unseen first."""
    found = [
        StationFact(name, fact.title, fact.value, fact.reviewed, bool(fact.value) and is_stale(fact.reviewed, today))
        for name, fact in base.local_facts.items()
    ]
    return sorted(found, key=lambda fact: (bool(fact.value), fact.reviewed))
