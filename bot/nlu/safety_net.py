"""The safety net: rules that recognise danger, explain themselves and need no trained model.

A message becomes a spaCy Doc in which jieba's words that are none of the rules' are masked. Patterns of words run over
its text, and what they find is marked on it as spans, labelled with the rule (the ADR on understanding says why the
patterns are not spaCy's Matcher). The rules are `nlu_data/safety_net.yml`, written for trainers; every rule carries
messages it must catch and messages it must leave alone, and a test reads them. The net is used twice: behind the
classifier, where it may only raise a label, and alone when the model cannot be asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jieba
import spacy
import yaml
from spacy.tokens import Doc, Span

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


class Pattern:
    """One way to say something: words in order, with gaps. Compiled to one regular expression."""

    def __init__(self, steps: Sequence[tuple[frozenset[str], bool]], expression: str) -> None:
        """`steps` are (words, optional); the expression captures each step."""
        self.needs = tuple(words for words, optional in steps if not optional)
        self.words = frozenset().union(*(words for words, _ in steps))
        self._expression = re.compile(expression)

    def find(self, doc: Doc) -> Iterable[re.Match[str]]:
        """The matches in a masked message."""
        if any(words.isdisjoint(doc._.present) for words in self.needs):
            return ()
        return self._expression.finditer(doc.text)


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
    guards: tuple[str, ...]
    patterns: tuple[Pattern, ...]
    hits: tuple[str, ...]
    misses: tuple[str, ...]


# Which of the rules' words stand in a message, and the number of the clause that each character belongs to.
Doc.set_extension("present", default=frozenset(), force=True)
Doc.set_extension("clauses", default=(), force=True)

_SCOPES = ("before", "clause", "near", "after", "message")


class SafetyNet:
    """The rules, compiled. Reading changes nothing, so one net serves all threads."""

    def __init__(self, rules: Mapping[str, Any], normaliser: Normaliser) -> None:
        """Compile the content of the rules' file. Raises RulesError."""
        self._normalise = normaliser
        self._vocab = spacy.blank("zh").vocab
        self._lists = {str(name): _strings(words) for name, words in (rules.get("words") or {}).items()}
        self._lexicon: set[str] = set(self._lists.get("虚词", ()))
        self._glue = frozenset(self._lexicon)
        self._idioms = frozenset(self._lists.get("成语", ()))
        self.guards = {str(name): self._guard(name, content) for name, content in (rules.get("guards") or {}).items()}
        self.rules = {str(content["rule"]): self._rule(content) for content in rules["dangers"]}
        self._whole = self._whole_messages(rules.get("whole_messages") or {})
        self._silence = self._patterns("silence", rules.get("silence") or [])
        self._telling = frozenset(self._lexicon - self._glue)
        self._known = self._lexicon | self._idioms
        self._longest = max(map(len, self._known))

    @classmethod
    def load(cls, path: Path | str = RULES, *, typos: Path | None = None, dictionary: Path | None = None) -> SafetyNet:
        """Read the rules at `path`; the table of typos and jieba's dictionary lie beside it unless given."""
        path = Path(path)
        jieba.setLogLevel("WARNING")
        jieba.initialize()
        for words in sorted((dictionary or path.parent / "dictionary").glob("*.txt")):
            with words.open("rb") as file:
                jieba.load_userdict(file)
        try:
            rules = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - a safe loader
        except yaml.YAMLError as error:
            raise RulesError(f"{path} is not YAML: {error}") from error
        return cls(rules, Normaliser(typos or path.parent / "typos.tsv"))

    def read(self, text: str) -> NetFinding | None:
        """The gravest danger in `text`, or None."""
        return self.read_normal(self._normalise(text))

    def read_normal(self, text: str, words: Sequence[str] | None = None) -> NetFinding | None:
        """The same for text already in normal form, with jieba's words when they are known."""
        whole = self._whole.get(_NOT_LETTERS.sub("", text))
        if whole is not None:
            return whole
        doc = self.mark(self._masked(text, words))
        if not (spans := doc.spans[DANGER]):
            return None
        rule = self.rules[spans[0].label_]
        said = tuple(dict.fromkeys(span.text for span in spans if span.text not in self._glue))
        return NetFinding(rule.name, rule.title, rule.intent, said, self._is_silent(doc))

    def mark(self, doc: Doc) -> Doc:
        """The net as a spaCy component: `doc.spans["danger"]` gets the words of the gravest danger."""
        doc.spans[DANGER] = []
        if doc._.present.isdisjoint(self._telling):
            return doc
        for rule in self.rules.values():
            match = self._danger(rule, doc)
            if match is not None:
                doc.spans[DANGER] = _spans(doc, match, rule.name)
                break
        return doc

    def silent(self, text: str, words: Sequence[str] | None = None) -> bool:
        """Whether the person says that they cannot speak or must not be called (`text` in normal form)."""
        return self._is_silent(self._masked(text, words))

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

    def _masked(self, text: str, words: Sequence[str] | None) -> Doc:
        """Mask what jieba holds for other words (the 打 in 打印), and idioms, so that a rule cannot see them.

        Each character is a token: words of the rules overlap, and a vocabulary of characters stays small for ever.
        """
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
        doc = Doc(self._vocab, words=list(joined), spaces=[False] * len(joined))
        doc._.present, doc._.clauses = present, _clauses(joined)
        return doc

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

    def _danger(self, rule: Rule, doc: Doc) -> re.Match[str] | None:
        """The rule's first match that no guard takes the danger out of."""
        for pattern in rule.patterns:
            for match in pattern.find(doc):
                if not any(_guarded(self.guards[name], doc, match) for name in rule.guards):
                    return match
        return None

    def _is_silent(self, doc: Doc) -> bool:
        return any(True for pattern in self._silence for _ in pattern.find(doc))


def _spans(doc: Doc, match: re.Match[str], rule: str) -> list[Span]:
    """The words that a pattern has captured, where they stand; one character is one token."""
    places = [match.span(group) for group in range(1, match.re.groups + 1) if match[group]]
    return [Span(doc, begin, end, label=rule) for begin, end in places]


def _inside(span: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether `span` is a part of a longer word (打电话 in 别打电话)."""
    return other != span and other[0] <= span[0] and span[1] <= other[1]


def _guarded(guard: Guard, doc: Doc, danger: re.Match[str]) -> bool:
    """Whether the guard stands where it takes the danger out of the match."""
    found = [match for pattern in guard.patterns for match in pattern.find(doc) if _in_scope(guard, doc, danger, match)]
    if not found:
        return False
    return not any(True for pattern in guard.void for _ in pattern.find(doc))


def _in_scope(guard: Guard, doc: Doc, danger: re.Match[str], match: re.Match[str]) -> bool:
    begin, end = danger.span()
    clauses: tuple[int, ...] = doc._.clauses
    first, last, where = clauses[begin], clauses[end - 1], clauses[match.start()]
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
