"""How residents word a question: the aspects they name, and whether anything else is left of it.

The words are trainers' (`nlu_data/aspects.yml`). What is left when they and the filler are taken away is the
question's subject; a question without one stands on the question before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from bot.nlu.knowledge import ANSWERS, ASPECTS, GAP, GAP_PATTERN
from bot.nlu.live_file import LiveFile, TrainersFileError, of_its_shape, read_yaml
from bot.nlu.turns import LIKELY, SURE, Turn

ASPECTS_FILE = ANSWERS.parent / "aspects.yml"
PLAIN = "plain"
WHOLE, NOTHING = "whole", "none"
"""Beside the aspects in `nlu_data/aspect_turns.yml`: what asks for the matter itself, and what asks nothing."""
_WEAK = frozenset({"exceptions", "who"})
"""Aspects whose words say little: 没有…能办, 超过, 要求."""
_POSSIBLE = 0.05
"""How likely an aspect that words name has to be beside a surer one."""
OTHERS = "他|她|室友|闺蜜|朋友|哥们儿?|姐们儿?|老乡|工友|亲戚|同事|同学|邻居"
"""Of whom somebody speaks who asks after what is not their own."""
OF_BEARERS = re.compile(
    "都是哪|都是谁|是谁|住哪|住在|没住|哪儿的|哪的|多大|几岁|电话|长啥样|哪个学校|哪个班|哪个幼儿园|地址|"
    "住[^，,。 ]{1,10}的|是不是[^，,。 ]{0,6}(?:家|邻居|同学|同事)"
)
"""What is asked about the bearers of a name, and told to nobody."""
_AN_OFFICER = "(?:他|她|民警|片儿?警|警官|警察)"
OF_OFFICERS_LIFE = re.compile(
    f"{_AN_OFFICER}[^，,。我俺咱]{{0,6}}(?:(?:个人|私人|自己的?|家里的?)(?:手机|电话|号码|微信)|家?住(?:在?哪|址|在?什么)|家(?:在|的|庭)?(?:哪|地址|电话))"
    f"|(?:个人|私人)的?(?:手机|电话|号码|微信)"
)
"""What is asked of an officer's own life, and told to nobody: 片警家住哪, 他的私人电话."""
HUMAN = "转人工"
"""The button, and the words, that bring a human (help_request/human_service)."""
GUESSES = "您问的是下面哪一项？点一下就行；都不是就点“转人工”，民警会看到。"
"""What is said to a question that nobody could place, with the topics it may be about."""
NOT_KNOWN = "这一句我拿不准，不敢乱说。"
"""What is said first to a question that the topic asked about does not answer."""
_PAUSE = r"[\s,，。.!！]*"
_BARE_SLIP = re.compile("[哎唉哦呀啊]*(?:不是|不对|错了)")
"""What takes something back only before a pause: 不是沈阳户口也行吗 says what is the case."""
_LETTERS = re.compile(r"[^\W_]")
_UNITS = re.compile(r"[A-Za-z']+|\d+|[^\W_]")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_ENGLISH = re.compile(
    r"\b(?:the|is|are|am|my|a|an|to|can|do|does|i|you|we|she|he|how|what|where|when|if|need|for|in|of|please|with)\b",
    re.IGNORECASE,
)
_ENGLISH_WORDS, _WORDS_A_LETTER = 2, 2
_UNITS_OF_LETTERS = re.compile(r"[A-Za-z']+")
_QUESTION = re.compile(
    r"[?？]|吗(?!啡)|(?:[能会要用行是得]|可以)[^，,。 ]{1,12}[不没](?=\W|$)"
    r"|能[^，,。 不]{0,8}[办去来替领取代]不(?=[我俺咱])|[么嘛呢不没]\W*$"
    r"|(?<=[\u4e00-\u9fff]{2})[嘛不](?=[\s,，。])|(?!动不动|时不时)(?<!不)([\u4e00-\u9fff])[不没]\1"
    r"|啥|(?<![叫姓][\u4e00-\u9fff])什么|怎么|咋|多少|多钱|多长|多大|多[暂咱]|(?<![好十拉])几|哪|谁"
    r"|能不能|可不可以|行不行|是不是|有没有|要不要|用不用|如何|多久|是否|求问|请问|真的假的|为何|何[在时处]"
    r"|(?:对|没错|是这个?意思|是这么?回事|是这样|(?<![可就要还只倒也概该算])是)吧\W*$|(?:就是说|意思是|这么说)[^，。]*[吧呗]\W*$"
    r"|(?:来得及|赶趟|赶得[上及]|够用?|[不没](?:晚|影响|要紧|碍事|耽误)|没问题|能行|[总应]该?(?:行|可以|能办|能养)|管用|不罚|[不用]用?(?:收|要|花)钱|免费|有效)了?吧"
    r"(?=\W|$)|(?:要是|如果|万一|假如)[没不][^，,。 ]{1,6}呢(?=\W|$)"
    r"|(?<=[^，,。 ])还是(?!正面|侧面|第|上一|那|刚才|原来)|\b(?:can|do|does|is|are|how|what|where|when|which)\b",
    re.IGNORECASE,
)


_OF_ONESELF = re.compile(
    r"[^，,。.…\s]{0,8}(?:什么|啥|多少|哪\w?|咋\w?|几\w{0,2})来着[…。.~～，,\s]+(?=[^？?]*[\u4e00-\u9fff]{2}[^？?]*$)"
    r"|(?<=[^\s，,。][\s，,])(?:什么|啥)(?=[\u4e00-\u9fff]{2,8}(?:公司|店|厂|学校|小区|银行|医院|单位)[\s，,。]*$)"
)
"""What somebody tries to remember, and does in the same breath; what is only not known more exactly: 写着李昊
什么科技公司."""


_SPACE_BETWEEN = re.compile("(?<=[\u4e00-\u9fff])[ \\t]+(?=[\u4e00-\u9fff])")


_NOT_TOLD_WHAT = re.compile(
    r"[^，,。\s]{0,8}(?<!为)(?:啥|谁|什么|哪)[^，,。\s]{0,3}?(?:[我俺]|先|暂时)+(?:就|可|先)?不(?:说|告诉|提|写|填)[^，,。\s?？]*(?=[，,。\s]|$)"
)


@dataclass(frozen=True)
class Wording:
    """What one question says: its aspects in the order of the words, what it corrects, and what is left."""

    aspects: tuple[str, ...]
    subject: str
    named: bool
    """Whether it says what it is about: 身份证, 户口 …"""
    corrected: str | None = None
    """The text behind "不是，我问的是", when the message begins so."""
    likelihoods: Mapping[str, float] = field(default_factory=dict)
    """How likely the model holds each aspect, beside `WHOLE` and `NOTHING`; none where it was not asked."""
    named_aspects: tuple[str, ...] = ()
    """Those of `aspects` that the words alone name."""

    @property
    def plain_aspects(self) -> tuple[str, ...]:
        """The aspects without those of which words alone say little."""
        return tuple(
            aspect for aspect in self.aspects if aspect not in _WEAK or self.likelihoods.get(aspect, 0.0) >= LIKELY
        )

    def asks_for(self, aspect: str) -> bool:
        """Whether it is plain that an aspect is asked for: by words that are no others', or to the model."""
        surely = self.likelihoods.get(aspect, 0.0) >= SURE
        return surely or (aspect in self.named_aspects and aspect not in _WEAK)

    def as_heard(self, turns: Sequence[Turn]) -> Wording:
        """The same with what the model hears: the turns of `nlu_data/aspect_turns.yml`, the likeliest first.

        Its aspects stand first. Those that only the words name stay where the model thinks them possible, and where it
        is sure of nothing.
        """
        likely = {turn.name: turn.confidence for turn in turns}
        possible = ASPECTS if self.named and PLAIN not in self.aspects else (PLAIN, *ASPECTS)  # 我自己改名呢，这名晦气
        heard = [name for name in likely if name in possible and likely[name] >= LIKELY]
        sure = any(confidence >= SURE for confidence in likely.values())
        named = [name for name in self.aspects if not sure or likely.get(name, 0.0) >= _POSSIBLE]
        return replace(self, aspects=tuple(dict.fromkeys([*heard, *named])), likelihoods=likely)


@dataclass(frozen=True)
class _More:
    """What a trainer may also say of words; each can be left out."""

    alone: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Words by aspect that count where a message says nothing else: 几天."""
    general: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Words by intent of what can be asked next whatever the matter: 周末能去吗."""
    not_ours: Sequence[str] = ()
    """Intents of matters that are seen to elsewhere."""
    fields: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """What is asked most of a field of many matters, by its word."""


_NOT_BUT = re.compile(
    "(?:不对|错了|哎呀?|哦|嗯)?[，, ]*(?:我|俺|那个|证|本)?(?:没有?|不是|不|非)[^，, 。]{1,6}[，, 。、]+"
    "(?:就?是|只是|那?是因为)(?P<so>[^，。？?吗]{2,14})"
)
"""Who puts right how it is with what they ask about: 没丢 是到期了."""


class Words:
    """The trainers' words, ready to be looked for."""

    def __init__(
        self,
        titles: Mapping[str, str],
        patterns: Mapping[str, re.Pattern[str]],
        filler: Iterable[str],
        correction: Iterable[str],
        subjects: Iterable[str],
        more: _More = _More(),
    ) -> None:
        self.titles = dict(titles)
        self._more = more
        self._alone = {aspect: any_of(words) for aspect, words in more.alone.items()}
        self._general = {f"enquiry/{name}": any_of(words) for name, words in more.general.items()}
        self._patterns = dict(patterns)
        self._filler, self._subjects = any_of(filler), any_of(subjects)
        slips = f"(?:(?:{any_of(correction).pattern}){_PAUSE})+"
        self._correction = re.compile(f"^(?:[哎唉哦呀啊]+{_PAUSE})?{slips}")

    def read(self, text: str) -> Wording:
        """What a text in its normal form asks about its subject."""
        found: dict[str, tuple[int, int]] = {}
        taken = [False] * len(text)
        for aspect, pattern in self._patterns.items():
            for match in pattern.finditer(text):
                if all(taken[match.start() : match.end()]):
                    continue  # inside of words that an earlier aspect has taken
                taken[match.start() : match.end()] = [True] * (match.end() - match.start())
                found.setdefault(aspect, match.span())
        left = "".join(letter for letter, gone in zip(text, taken, strict=True) if not gone)
        subject = "".join(_LETTERS.findall(self._filler.sub("", left)))
        slip = self._correction.match(text)
        corrected = text[slip.end() :] if slip and not _BARE_SLIP.fullmatch(slip.group()) else None
        aspects = tuple(sorted(found, key=lambda aspect: found[aspect])) or self._said_alone(subject)
        if corrected is None and (put := _NOT_BUT.fullmatch(text)):
            corrected = put["so"]
        named = bool(self._subjects.search(text))
        return Wording(aspects, subject, named, corrected or None, named_aspects=aspects)

    def _said_alone(self, subject: str) -> tuple[str, ...]:
        return next(((aspect,) for aspect, words in self._alone.items() if words.fullmatch(subject)), ())

    def general(self, text: str) -> str:
        """The intent of a question that can be asked behind any other, or ""."""
        return next((intent for intent, words in self._general.items() if words.search(text)), "")

    def can_be_asked_of_anything(self, intent: str) -> bool:
        """Whether an intent is one that the words of `general` lead to."""
        return intent in self._general

    def ours(self, intent: str) -> bool:
        """Whether the matter of an intent is seen to at the station."""
        return intent.removeprefix("enquiry/") not in self._more.not_ours

    def field(self, text: str) -> Sequence[str]:
        """The topics that are asked about most in the field that a text names; none where trainers name none."""
        return next((topics for word, topics in self._more.fields.items() if word in text), ())

    def another(self, part: str, text: str) -> bool:
        """Whether a part of a text names a matter that the rest does not, which names one of its own."""
        rest = self.matters(text.replace(part, " ", 1))
        return bool(rest) and bool(self.matters(part) - rest)

    def named_in(self, text: str) -> frozenset[str]:
        """The words in a text that say what it is about, single letters among them: 狗."""
        return frozenset(self._subjects.findall(text))

    def matters(self, text: str) -> set[str]:
        """The matters named in a text; a single letter (迁) tells none apart."""
        return {word for word in self._subjects.findall(text) if len(word) > 1}


def size(text: str) -> int:
    """How long a text is in Chinese letters and words of other languages."""
    return len(_UNITS.findall(text))


def in_english(text: str) -> bool:
    """Whether a text is English, and not pinyin; a Chinese name in it makes it no Chinese."""
    words, han = len(_UNITS_OF_LETTERS.findall(text)), len(_HAN.findall(text))
    return words >= han * _WORDS_A_LETTER and len(_ENGLISH.findall(text)) >= _ENGLISH_WORDS


def asks(text: str) -> bool:
    """Whether a text is worded as a question; what somebody only asks of themselves, 叫什么来着…雪纳瑞, is none, nor
    what they do not tell, 房东叫啥我先不说."""
    return bool(_QUESTION.search(_NOT_TOLD_WHAT.sub(" ", without_own_questions(text))))


def without_own_questions(text: str) -> str:
    """A text without what somebody asks of themselves and tells in the same breath: 几单元来着 二单元."""
    return _OF_ONESELF.sub(" ", text)


_CHECKS = re.compile(
    r"(?:就是说|意思是|这么说)[^，。]*[吧呗]\W*$|(?:对|没错|是这个?意思|是)吧\W*$"
    r"|^[啊哎呀 ]*真的?[要得会能]?(?P<told>[^，。 的]{1,3})[啊呀]\W*$"
)


def checks(text: str, told: str) -> bool:
    """Whether a text in normal form only makes sure of what it was told: 就是说不用回去呗, 真罚啊."""
    found = _CHECKS.search(text)
    return found is not None and all(letter in told for letter in found["told"] or "")


def squeezed(text: str) -> str:
    """A text without the spaces that the deaf and the hasty leave between its words: 狗 证 继续."""
    return _SPACE_BETWEEN.sub("", text)


def load(path: Path = ASPECTS_FILE) -> Words:
    """Read the trainers' words. Raises TrainersFileError."""
    data = read_yaml(path)
    with of_its_shape(path):
        entries = data["aspects"]
        titles = {aspect: str(entry["title"]) for aspect, entry in entries.items()}
        patterns = {aspect: any_of([entry["title"], *entry["words"]]) for aspect, entry in entries.items()}
        more = _More(**{name: data[name] for name in ("alone", "general", "not_ours", "fields") if name in data})
        words = Words(titles, patterns, data["filler"], data["correction"], data["subjects"], more)
    if unknown := set(titles) - {*ASPECTS, PLAIN}:
        raise TrainersFileError(
            f"{path.name}: 不认识的角度 {'、'.join(sorted(unknown))}；可用的是 {'、'.join((PLAIN, *ASPECTS))}"
        )
    return words


@lru_cache(maxsize=4)
def live(path: Path = ASPECTS_FILE) -> LiveFile[Words]:
    """The trainers' words, following their file."""
    return LiveFile(lambda: load(path), lambda: [path])


def any_of(words: Iterable[str]) -> re.Pattern[str]:
    """A pattern for any of the trainers' words, longest first; … stands for a few letters between."""
    ordered = sorted((str(word) for word in words), key=len, reverse=True)
    return re.compile("|".join(re.escape(word).replace(GAP, GAP_PATTERN) for word in ordered), re.IGNORECASE)
