"""The safety net: rules that recognise danger, explain themselves and need no trained model.

spaCy's Matcher runs over jieba's words. The rules are `nlu_data/safety_net.yml`, written for trainers; every
rule carries messages it must catch and messages it must leave alone, and a test reads them. The net is used
twice: behind the classifier, where it may only raise a label, and alone when the model cannot be asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import jieba
import spacy
import yaml
from spacy.matcher import Matcher
from spacy.tokens import Doc

from bot.nlu.normaliser import Normaliser
from bot.nlu.triage import URGENT, Evidence, Triage

RULES = Path("nlu_data/safety_net.yml")

_UNKNOWN = "□"
_NUMBER = "<数>"
_PAUSE = "，"
_STOP = "。"
_PAUSES = frozenset(",，、:：~～-—… \t")
_STOPS = frozenset("。.!！?？;；\n")
_SHORT = re.compile(r"[\W_]+")
_MERGED_TOKENS = 4
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
class Guard:
    """Words that take the danger out of a match, and how far from it they may stand."""

    name: str
    scope: str
    within: int
    void: frozenset[str]


@dataclass(frozen=True)
class Rule:
    """One kind of danger."""

    name: str
    title: str
    intent: str
    guards: tuple[str, ...]
    literals: frozenset[str]
    hits: tuple[str, ...]
    misses: tuple[str, ...]


@dataclass(frozen=True)
class Reading:
    """A message cut into words that the rules know; other words are one placeholder, so memory does not grow."""

    words: tuple[str, ...]
    clauses: tuple[int, ...]
    sentences: tuple[int, ...]


_SCOPES = ("before", "clause", "near", "after", "message")


class SafetyNet:
    """The rules, compiled. Reading changes nothing, so one net serves all threads."""

    def __init__(self, rules: Mapping[str, Any], normaliser: Normaliser) -> None:
        """Compile the content of the rules' file. Raises RulesError."""
        self._normalise = normaliser
        self._lists = {str(name): _strings(words) for name, words in (rules.get("words") or {}).items()}
        self._language = spacy.blank("zh")
        self._matcher = Matcher(self._language.vocab)
        self._lexicon: set[str] = set(self._lists.get("虚词", ()))
        self._glue = frozenset(self._lexicon)
        self.guards = {name: self._guard(name, content) for name, content in (rules.get("guards") or {}).items()}
        self.rules = {str(content["rule"]): self._rule(content) for content in rules["dangers"]}
        self._whole = self._whole_messages(rules.get("whole_messages") or {})
        self._silence = self._phrases("沉默", rules.get("silence") or [], key="silence")
        self._order = {name: place for place, name in enumerate(self.rules)}
        self._lexicon.update(self._lists.get("成语", ()))
        self._first = frozenset(word[0] for word in self._lexicon)
        self._longest = max(map(len, self._lexicon))

    @classmethod
    def load(cls, path: Path | str = RULES, *, typos: Path | None = None, dictionary: Path | None = None) -> SafetyNet:
        """Read the rules at `path`; the table of typos and jieba's dictionary lie beside it unless given."""
        path = Path(path)
        jieba.setLogLevel("WARNING")
        jieba.initialize()
        for words in sorted((dictionary or path.parent / "dictionary").glob("*.txt")):
            with words.open("rb") as file:  # given a path, jieba leaves it open
                jieba.load_userdict(file)
        try:
            rules = yaml.safe_load(path.read_text(encoding="utf-8"))
        except yaml.YAMLError as error:
            raise RulesError(f"{path} is not YAML: {error}") from error
        return cls(rules, Normaliser(typos or path.parent / "typos.tsv"))

    def read(self, text: str) -> NetFinding | None:
        """The gravest danger in `text`, or None."""
        return self.read_normal(self._normalise(text))

    def read_normal(self, text: str, words: Sequence[str] | None = None) -> NetFinding | None:
        """The same for text already in normal form, with jieba's words when they are known."""
        whole = self._whole.get(_SHORT.sub("", text))
        if whole is not None:
            return whole
        reading = self._cut(jieba.lcut(text) if words is None else words)
        if not any(word in self._lexicon and word not in self._glue for word in reading.words):
            return None
        found, guards, silent = self._match(reading)
        for name in sorted(found, key=self._order.__getitem__):
            rule = self.rules[name]
            for begin, end in found[name]:
                if not any(self._guarded(self.guards[guard], guards, reading, begin, end) for guard in rule.guards):
                    evidence = tuple(dict.fromkeys(w for w in reading.words[begin:end] if w in rule.literals))
                    return NetFinding(rule.name, rule.title, rule.intent, evidence, silent)
        return None

    def silent(self, text: str, words: Sequence[str] | None = None) -> bool:
        """Whether the person says that they cannot speak or must not be called (`text` in normal form)."""
        return self._match(self._cut(jieba.lcut(text) if words is None else words))[2]

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
        unknown = [guard for guard in skipped if guard not in self.guards]
        if unknown:
            raise RulesError(f"Rule {name}: no guard is called {unknown[0]!r}. Guards: {', '.join(self.guards)}.")
        literals = self._phrases(name, content.get("patterns") or [], key=f"danger:{name}")
        return Rule(
            name=name,
            title=str(content["title"]),
            intent=intent,
            guards=tuple(guard for guard in self.guards if guard not in skipped),
            literals=literals,
            hits=tuple(_strings(content.get("hits") or [])),
            misses=tuple(_strings(content.get("misses") or [])),
        )

    def _guard(self, name: str, content: Mapping[str, Any]) -> Guard:
        scope = str(content.get("scope", "clause"))
        if scope not in _SCOPES:
            raise RulesError(f"Guard {name}: 'scope' must be one of {', '.join(_SCOPES)}, it is {scope!r}.")
        self._phrases(name, content.get("patterns") or [], key=f"guard:{name}")
        void = self._phrases(name, content.get("unless") or [], key=f"void:{name}")
        return Guard(name=name, scope=scope, within=int(content.get("within", 3)), void=void)

    def _phrases(self, name: str, patterns: Iterable[str], *, key: str) -> frozenset[str]:
        """Add patterns to the matcher under `key`; returns the words in them."""
        compiled, literals = [], set()
        for pattern in patterns:
            steps: list[dict[str, Any]] = []
            for step in str(pattern).split():
                steps.extend(self._step(name, step, literals))
            compiled.append(steps)
        self._lexicon.update(literals)
        if compiled:
            self._matcher.add(key, compiled)
        return frozenset(literals)

    def _step(self, name: str, step: str, literals: set[str]) -> list[dict[str, Any]]:
        if step.startswith(".."):
            return [{"ORTH": {"NOT_IN": [_STOP]}, "OP": "?"}] * int(step[2:])
        if step == "#":
            return [{"ORTH": _NUMBER}]
        optional = step.startswith("?")
        words: list[str] = []
        for part in step.removeprefix("?").split("|"):
            if part.startswith("@"):
                if part[1:] not in self._lists:
                    raise RulesError(f"{name}: there is no list of words called {part[1:]!r} under 'words'.")
                words.extend(self._lists[part[1:]])
            else:
                words.append(part)
        literals.update(words)
        return [{"ORTH": {"IN": words}, **({"OP": "?"} if optional else {})}]

    def _whole_messages(self, content: Mapping[str, Any]) -> dict[str, NetFinding]:
        """Messages of a word or two that are an alarm as they stand, by their letters only."""
        whole = {}
        for intent, entry in content.items():
            for message in _strings(entry["messages"]):
                key = _SHORT.sub("", self._normalise(message))
                whole[key] = NetFinding(
                    rule=str(entry["rule"]),
                    title=str(entry["title"]),
                    intent=str(intent),
                    words=(message,),
                    silent=bool(entry.get("silent", False)),
                )
        return whole

    # -- reading -----------------------------------------------------------------------------------------------

    def _cut(self, tokens: Sequence[str]) -> Reading:
        """jieba's words, regrouped so that each word of the rules is a token of its own."""
        words: list[str] = []
        clauses: list[int] = []
        sentences: list[int] = []
        clause = sentence = 0
        for word in self._regroup(tokens):
            words.append(word)
            clause += word in (_PAUSE, _STOP)
            sentence += word == _STOP
            clauses.append(clause)
            sentences.append(sentence)
        return Reading(tuple(words), tuple(clauses), tuple(sentences))

    def _regroup(self, tokens: Sequence[str]) -> Iterable[str]:
        place = 0
        while place < len(tokens):
            token = tokens[place]
            if token[0] in self._first:
                for last in range(min(place + _MERGED_TOKENS, len(tokens)), place + 1, -1):
                    joined = "".join(tokens[place:last])
                    if joined in self._lexicon:
                        yield joined
                        place = last
                        break
                else:
                    yield from self._parts(token)
                    place += 1
            else:
                yield from self._parts(token)
                place += 1

    def _parts(self, token: str) -> Sequence[str]:
        """A known word as it is; an unknown one cut when words of the rules cover it wholly; else a placeholder."""
        if token in self._lexicon:
            return (token,)
        if token.isdigit():
            return (_NUMBER,)
        if len(token) == 1 or not token.strip():
            if token in _STOPS:
                return (_STOP,)
            return (_PAUSE,) if token in _PAUSES or token.isspace() else (_UNKNOWN,)
        return self._cover(token) or (_UNKNOWN,)

    def _cover(self, token: str) -> tuple[str, ...]:
        """Words of the rules that spell `token`, longest first; empty when they do not."""
        if not token:
            return ()
        for length in range(min(len(token), self._longest), 0, -1):
            head = token[:length]
            if head in self._lexicon:
                if length == len(token):
                    return (head,)
                rest = self._cover(token[length:])
                if rest:
                    return (head, *rest)
        return ()

    @cached_property
    def _keys(self) -> dict[int, str]:
        strings = self._language.vocab.strings
        return {key: strings[key] for key in self._matcher._patterns}

    def _match(
        self, reading: Reading
    ) -> tuple[dict[str, list[tuple[int, int]]], dict[str, list[tuple[int, int]]], bool]:
        """Spans of dangers by rule, spans of guards by key, and whether words of silence are there."""
        dangers: dict[str, list[tuple[int, int]]] = {}
        guards: dict[str, list[tuple[int, int]]] = {}
        silent = False
        for key, begin, end in self._matcher(Doc(self._language.vocab, words=list(reading.words))):
            kind, _, name = self._keys[key].partition(":")
            if kind == "danger":
                dangers.setdefault(name, []).append((begin, end))
            elif kind == "silence":
                silent = True
            else:
                guards.setdefault(f"{kind}:{name}", []).append((begin, end))
        return dangers, guards, silent

    @staticmethod
    def _guarded(
        guard: Guard, found: Mapping[str, Sequence[tuple[int, int]]], reading: Reading, begin: int, end: int
    ) -> bool:
        """Whether the guard stands where it takes the danger out of the span begin..end."""
        if found.get(f"void:{guard.name}"):
            return False
        return any(_in_scope(guard, reading, (begin, end), span) for span in found.get(f"guard:{guard.name}", ()))


def _in_scope(guard: Guard, reading: Reading, danger: tuple[int, int], span: tuple[int, int]) -> bool:
    begin, end = danger
    clause = reading.clauses[begin], reading.clauses[end - 1]
    where = reading.clauses[span[0]]
    if guard.scope == "message":
        return True
    if guard.scope == "after":
        return span[1] > begin
    if guard.scope == "near":
        return clause[0] - 1 <= where <= clause[1] + 1
    if guard.scope == "clause":
        return clause[0] <= where <= clause[1]
    return where >= clause[0] and begin - guard.within <= span[1] and span[0] < end - 1 and span[1] <= end


def _strings(values: Iterable[Any]) -> list[str]:
    return [str(value) for value in values]
