"""The safety net: rules that recognise danger, explain themselves and need no trained model.

The net is a spaCy component, "safety_net", which marks the words of the gravest danger on a Doc as spans labelled with
the rule. Its patterns run over the text that jieba's words leave visible (the ADR on understanding says why they are
not spaCy's Matcher). The rules are `nlu_data/safety_net.yml`, written for trainers; every rule carries
messages it must catch and messages it must leave alone, and a test reads them. The net is used twice: behind the
classifier, where it may only raise a label, and alone when the model cannot be asked.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import jieba
import spacy
import yaml
from spacy.language import Language
from spacy.tokens import Doc

from bot.nlu.normaliser import Normaliser
from bot.nlu.triage import URGENT, Evidence, Triage

RULES = Path("nlu_data/safety_net.yml")

_MASK = "□"
_PAUSE = "，"
_STOP = "。"
_SIGNS = frozenset((_PAUSE, _STOP))
_PAUSES = frozenset(",，、:：~～-—… \t")
_STOPS = frozenset("。.!！?？;；\n")
_NOT_LETTERS = re.compile(r"[\W_]+")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SILENT_CALL = f"{URGENT}/silent_call"
DANGER = "danger"
"""The group of spans that the net marks on a Doc."""
_ALONE_CONFIDENCE = 0.9
"""P(urgent) to show when the net decided: about its precision on the training messages."""


class RulesError(ValueError):
    """The rules cannot be read; the text names the rule and says how to mend it."""


@dataclass(frozen=True)
class NetFinding:
    """A danger the net has recognised: which rule, by which words, and whether the person cannot speak."""

    rule: str
    title: str
    intent: str
    words: tuple[str, ...]
    silent: bool = False

    @property
    def evidence(self) -> Evidence:
        """The finding as officers see it."""
        return Evidence(self.rule, self.words)

    def triage(self) -> Triage:
        """The verdict when only the net has read the message."""
        return Triage(
            label=URGENT,
            confidence=_ALONE_CONFIDENCE,
            intent=self.intent,
            evidence=(self.evidence,),
            source="net",
            silent=self.silent,
        )


@dataclass(frozen=True)
class Reading:
    """What the rules may see of a message: its text without other words, their words in it, its characters' clauses.

    The text is as long as the message, so a place in one is the same place in the other.
    """

    text: str
    present: frozenset[str]
    clauses: tuple[int, ...]


class Pattern:
    """One way to say something: words in order, with gaps. Compiled to one regular expression."""

    def __init__(self, steps: Sequence[tuple[frozenset[str], bool]], expression: str) -> None:
        """`steps` are (words, optional); the expression captures each step."""
        self.needs = tuple(words for words, optional in steps if not optional)
        self.words = frozenset().union(*(words for words, _ in steps))
        self._expression = re.compile(expression)

    def find(self, reading: Reading) -> Iterable[re.Match[str]]:
        """The matches in what the rules may see of a message."""
        if any(words.isdisjoint(reading.present) for words in self.needs):
            return ()
        return self._expression.finditer(reading.text)


@dataclass(frozen=True)
class Guard:
    """Words that take the danger out of a match, and how far from it they may stand (`within`: words before it).

    An optional guard serves only the rules that ask for it.
    """

    name: str
    scope: str
    within: int
    optional: bool
    patterns: tuple[Pattern, ...]
    void: tuple[Pattern, ...]


@dataclass(frozen=True)
class Rule:
    """One kind of danger."""

    name: str
    title: str
    intent: str
    silent: bool
    """Whoever tells of it has somebody beside them who must not see it."""
    guards: tuple[str, ...]
    patterns: tuple[Pattern, ...]
    hits: tuple[str, ...]
    misses: tuple[str, ...]


Doc.set_extension("reading", default=None, force=True)

_SCOPES = ("before", "clause", "near", "after", "message")


class SafetyNet:
    """The rules, compiled: a component of the spaCy pipeline `nlp`. Reading changes nothing, so one serves all threads.

    The pipeline's tokens are characters, spaCy's default for Chinese: the rules' words overlap, and the vocabulary
    stays small for ever.
    """

    def __init__(self, nlp: Language, rules: Mapping[str, Any], normaliser: Normaliser) -> None:
        """Compile the content of the rules' file. Raises RulesError."""
        self.nlp = nlp
        self._normalise = normaliser
        self._lists = {str(name): _strings(words) for name, words in (rules.get("words") or {}).items()}
        self._lexicon: set[str] = set(self._lists.get("虚词", ()))
        self._glue = frozenset(self._lexicon)
        self._idioms = frozenset(self._lists.get("成语", ()))
        self.guards = {str(name): self._guard(name, content) for name, content in (rules.get("guards") or {}).items()}
        self.rules = {str(content["rule"]): self._rule(content) for content in rules["dangers"]}
        self._whole = self._whole_messages(rules.get("whole_messages") or {})
        self._silence = (
            *self._patterns("silence", rules.get("silence") or []),
            *self._patterns("mute", rules.get("mute") or []),
        )
        self._telling = frozenset(self._lexicon - self._glue)
        self._known = self._lexicon | self._idioms
        self._longest = max(map(len, self._known))

    @classmethod
    def load(
        cls, path: Path | str = RULES, *, typos: Path | None = None, dictionary: Path | None = None
    ) -> "SafetyNet":
        """Read the rules at `path`; the table of typos and jieba's dictionary lie beside it unless given."""
        files = {"rules": path, "typos": typos, "dictionary": dictionary}
        config = {name: str(file) for name, file in files.items() if file is not None}
        return cast("SafetyNet", spacy.blank("zh").add_pipe("safety_net", config=config))

    def read(self, text: str) -> NetFinding | None:
        """The gravest danger in `text`, or None."""
        return self.read_normal(self._normalise(text))

    def read_normal(self, text: str, words: Sequence[str] | None = None) -> NetFinding | None:
        """The same for text already in normal form, with jieba's words when they are known."""
        whole = self._whole.get(_NOT_LETTERS.sub("", text))
        if whole is not None:
            return whole
        reading = self._reading(text, words)
        if reading.present.isdisjoint(self._telling):
            return None
        doc = self.nlp.make_doc(text)
        doc._.reading = reading
        spans = self.nlp(doc).spans[DANGER]
        if not spans:
            return None
        rule = self.rules[spans[0].label_]
        said = tuple(dict.fromkeys(span.text for span in spans if span.text not in self._glue))
        silent = rule.silent or self._is_silent(reading)
        return NetFinding(rule.name, rule.title, rule.intent, said, silent)

    def __call__(self, doc: Doc) -> Doc:
        """Mark the words of the gravest danger in `doc.spans["danger"]`; the Doc's text is in normal form."""
        reading = doc._.reading or self._reading(doc.text, None)
        doc.spans[DANGER] = []
        for rule in self.rules.values():
            match = self._danger(rule, reading)
            if match is not None:
                places = [match.span(group) for group in range(1, match.re.groups + 1) if match[group]]
                spans = (doc.char_span(begin, end, label=rule.name) for begin, end in places)
                doc.spans[DANGER] = [span for span in spans if span is not None]
                break
        return doc

    def asks_for_silence(self, text: str) -> bool:
        """Whether the person says in so many words that they cannot speak or must not be called."""
        return self.silent(self._normalise(text))

    def silent(self, text: str, words: Sequence[str] | None = None) -> bool:
        """Whether the person says that they cannot speak or must not be called (`text` in normal form)."""
        return self._is_silent(self._reading(text, words))

    def triage(self, text: str) -> Triage:
        """The verdict of the net alone. Without a finding a human reads the message: help_request, uncertain."""
        finding = self.read(text)
        if finding is not None:
            return finding.triage()
        return Triage("help_request", 0.0, "help_request/human_service", source="net", uncertain=True)

    # -- compiling ---------------------------------------------------------------------------------------------

    def _rule(self, content: Mapping[str, Any]) -> Rule:
        name = str(content["rule"])
        intent = str(content.get("intent", ""))
        if not intent.startswith(f"{URGENT}/"):
            raise RulesError(f"Rule {name}: 'intent' must be one of {URGENT}/…, it is {intent!r}.")
        skipped = _strings(content.get("without_guards") or [])
        added = _strings(content.get("with_guards") or [])
        unknown = [guard for guard in (*skipped, *added) if guard not in self.guards]
        if unknown:
            raise RulesError(f"Rule {name}: no guard is called {unknown[0]!r}. Guards: {', '.join(self.guards)}.")
        return Rule(
            name=name,
            title=str(content["title"]),
            intent=intent,
            silent=bool(content.get("silent", intent == _SILENT_CALL)),
            guards=tuple(
                guard.name
                for guard in self.guards.values()
                if guard.name in added or not (guard.optional or guard.name in skipped)
            ),
            patterns=self._patterns(name, content.get("patterns") or []),
            hits=tuple(_strings(content.get("hits") or [])),
            misses=tuple(_strings(content.get("misses") or [])),
        )

    def _guard(self, name: str, content: Mapping[str, Any]) -> Guard:
        scope = str(content.get("scope", "clause"))
        if scope not in _SCOPES:
            raise RulesError(f"Guard {name}: 'scope' must be one of {', '.join(_SCOPES)}, it is {scope!r}.")
        return Guard(
            name=name,
            scope=scope,
            within=int(content.get("within", 3)),
            optional=bool(content.get("optional", False)),
            patterns=self._patterns(name, content.get("patterns") or []),
            void=self._patterns(name, content.get("unless") or []),
        )

    def _patterns(self, name: str, patterns: Iterable[str]) -> tuple[Pattern, ...]:
        compiled = tuple(self._pattern(name, str(pattern)) for pattern in patterns)
        self._lexicon.update(*(pattern.words for pattern in compiled))
        return compiled

    def _pattern(self, name: str, pattern: str) -> Pattern:
        steps: list[tuple[frozenset[str], bool]] = []
        expression = ""
        for step in pattern.split():
            if step.startswith(".."):
                expression += f"[^{_STOP}]{{0,{2 * int(step[2:])}}}?"
                continue
            if step == "#":
                expression += rf"{_PAUSE}?(\d+)"
                continue
            optional = step.startswith("?")
            words = self._alternatives(name, step.removeprefix("?"))
            alternatives = "|".join(map(re.escape, sorted(words, key=lambda word: (-len(word), word))))
            expression += f"{_PAUSE}?({alternatives})" if not optional else f"(?:{_PAUSE}?({alternatives}))?"
            steps.append((words, optional))
        return Pattern(steps, expression)

    def _alternatives(self, name: str, step: str) -> frozenset[str]:
        words: set[str] = set()
        for part in step.split("|"):
            if part.startswith("@"):
                if part[1:] not in self._lists:
                    raise RulesError(f"{name}: there is no list of words called {part[1:]!r} under 'words'.")
                words.update(self._lists[part[1:]])
            else:
                words.add(part)
        return frozenset(words)

    def _whole_messages(self, content: Mapping[str, Any]) -> dict[str, NetFinding]:
        """Messages of a word or two that are an alarm as they stand, by their letters only."""
        whole = {}
        for intent, entry in content.items():
            for message in _strings(entry["messages"]):
                key = _NOT_LETTERS.sub("", self._normalise(message))
                whole[key] = NetFinding(
                    rule=str(entry["rule"]),
                    title=str(entry["title"]),
                    intent=str(intent),
                    words=(message,),
                    silent=bool(entry.get("silent", False)),
                )
        return whole

    # -- reading -----------------------------------------------------------------------------------------------

    def _reading(self, text: str, words: Sequence[str] | None) -> Reading:
        """Mask what jieba holds for other words (the 打 in 打印), and idioms, so that a rule cannot see them."""
        spans = list(self._known_words(text))
        masked = [_sign(character) for character in text]
        place = 0
        for token in jieba.lcut(text) if words is None else words:
            place = text.index(token, place) if words is not None else place
            if len(token) > 1 and not self._covered(token):
                masked[place : place + len(token)] = [
                    character if character in _SIGNS or character.isdigit() else _MASK
                    for character in masked[place : place + len(token)]
                ]
            place += len(token)
        for begin, end in spans:
            if end - begin > 1:
                masked[begin:end] = text[begin:end]
        for begin, end in spans:
            if text[begin:end] in self._idioms and not any(_inside((begin, end), other) for other in spans):
                masked[begin:end] = _MASK * (end - begin)
        joined = "".join(masked)
        present = frozenset(text[begin:end] for begin, end in spans if _MASK not in joined[begin:end])
        return Reading(joined, present, _clauses(joined))

    def _known_words(self, text: str) -> Iterable[tuple[int, int]]:
        """Where words of the rules stand, overlapping ones included."""
        known = self._known
        for begin in range(len(text)):
            for end in range(begin + 1, min(begin + self._longest, len(text)) + 1):
                if text[begin:end] in known:
                    yield begin, end

    def _covered(self, token: str) -> bool:
        """Whether words of the rules spell the whole token (拿刀 is 拿 and 刀)."""
        if not token:
            return True
        return any(
            token[:length] in self._known and self._covered(token[length:])
            for length in range(min(len(token), self._longest), 0, -1)
        )

    def _danger(self, rule: Rule, reading: Reading) -> re.Match[str] | None:
        """The rule's first match that no guard takes the danger out of."""
        for pattern in rule.patterns:
            for match in pattern.find(reading):
                if not any(_guarded(self.guards[name], reading, match) for name in rule.guards):
                    return match
        return None

    def _is_silent(self, reading: Reading) -> bool:
        return any(True for pattern in self._silence for _ in pattern.find(reading))


@Language.factory("safety_net", default_config={"rules": str(RULES), "typos": None, "dictionary": None})
def _component(nlp: Language, name: str, rules: str, typos: str | None, dictionary: str | None) -> SafetyNet:
    """The net of the rules at a path; the table of typos and jieba's dictionary lie beside it unless given.

    spaCy checks the annotations of a factory, so this module must not postpone their evaluation.
    """
    path = Path(rules)
    jieba.setLogLevel("WARNING")
    jieba.initialize()
    for words in sorted((Path(dictionary) if dictionary else path.parent / "dictionary").glob("*.txt")):
        with words.open("rb") as file:
            jieba.load_userdict(file)
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        raise RulesError(f"{path} is not YAML: {error}") from error
    return SafetyNet(nlp, content, Normaliser(Path(typos) if typos else path.parent / "typos.tsv"))


def _inside(span: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether `span` is a part of a longer word (打电话 in 别打电话)."""
    return other != span and other[0] <= span[0] and span[1] <= other[1]


def _guarded(guard: Guard, reading: Reading, danger: re.Match[str]) -> bool:
    """Whether the guard stands where it takes the danger out of the match."""
    found = [
        match
        for pattern in guard.patterns
        for match in pattern.find(reading)
        if _in_scope(guard, reading, danger, match)
    ]
    if not found:
        return False
    return not any(True for pattern in guard.void for _ in pattern.find(reading))


def _in_scope(guard: Guard, reading: Reading, danger: re.Match[str], match: re.Match[str]) -> bool:
    begin, end = danger.span()
    first, last, where = reading.clauses[begin], reading.clauses[end - 1], reading.clauses[match.start()]
    if guard.scope == "message":
        return True
    if guard.scope == "after":
        return match.end() > begin
    if guard.scope == "near":
        return first - 1 <= where <= last + 1
    if guard.scope == "clause":
        return first <= where <= last
    inside = begin <= match.start() and match.end() <= end
    return inside or (where == first and 0 <= begin - match.end() <= 2 * guard.within)


def _sign(character: str) -> str:
    if character in _STOPS:
        return _STOP
    return _PAUSE if character in _PAUSES or character.isspace() else character


def _clauses(text: str) -> tuple[int, ...]:
    """The number of the clause that each character belongs to."""
    numbers, clause = [], 0
    for character in text:
        numbers.append(clause)
        clause += character in _SIGNS
    return tuple(numbers)


def _strings(values: Iterable[Any]) -> list[str]:
    return [str(value) for value in values]
