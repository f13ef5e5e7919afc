"""What a resident asks: which topics of the knowledge base, which aspects of them, or which ones to choose from."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.nlu import following
from bot.nlu.answerable import WORTH_SAYING, WORTH_SUPPOSING, Sight, likelihood
from bot.nlu.fact_choice import Embed, FactChoice
from bot.nlu.knowledge import FITS, SHORT, Knowledge, Topic
from bot.nlu.normaliser import normalise
from bot.nlu.overlap import pieces
from bot.nlu.turns import ASPECT_TURNS, turns_in
from bot.nlu.wording import PLAIN, Wording, Words, asks, checks, in_english, size

SURE = 0.45
"""P(intent | enquiry) from which an answer is given without asking back."""
_PLAINLY_FIRST, _TIMES_THE_NEXT = 0.3, 2.5
"""It is also given from here on, where no other topic comes near."""
SURE_OF_TWO = 0.6
"""The same for each half of a message that asks two things."""
FOLLOW_UP = "enquiry/follow_up"
"""The intent of questions that do not say what they are about."""
UNSURE = "unsure"
"""In a question's aspects: the topic is known, but nothing of it answers this; what follows is certain all the same."""
SUPPOSED = "supposed"
"""In a question's aspects: what follows is told as what was perhaps asked, with its name."""
HEARD = "heard"
"""In a question's aspects: what was said of the topic asks nothing, and nothing of the topic speaks of it."""
_MOST_FACTS = 2
"""Of what is told at once; one more where all were asked for in so many words."""
_MOST_CHARACTERS = 230
"""Of what is told at once: a phone's screen."""
_NEW_SHARE = 0.55
"""Of a second fact's pieces: less says the first one again."""
_AS_LIKELY, _WORTH_TELLING = 0.5, 0.15
"""How likely the next topic has to be beside the likeliest one, and by itself, for both to be told."""
_MOST_PARTS = 6
_MOST_CHOICES = 3
_NEWLY_RAISED = 0.8
"""How likely a topic other than the last has to be for its short answer where none of its facts stands out."""
_BESIDE = 0.1
"""P from which a topic of another intent may be what one part of a message asks about."""
_PERHAPS = 0.03
"""P from which a topic is worth a button beside the word that one is not sure."""
_POSSIBLE = 3
"""Of the likeliest intents: those that a message may be about."""
_ENOUGH = 0.8
"""How likely a fact has to be to be told without the next one: from here on it is the one meant in 95 of 100."""
_SAY_AGAIN = 0.5
"""The same to be told once more to whoever has just been told it."""
_SPECIAL = "exceptions"
"""The aspect of cases unlike the usual one: it is told behind the short answer, which says what they are unlike."""
_SHORT_INSTEAD = 0.5
"""How likely beside the next fact the short answer has to be to be told in its place: it says most of all."""
_LIKELY_FACT = 0.4
"""The same to be offered to choose where nothing is told, and to be told behind a question where meanings are not
compared."""
_WORTH_ALONE = 50.0
"""The same where nothing else answers a question that stands on the one before it."""
_OWN_SHARE = 0.6
"""How much of the best fact's score one of the topic itself needs to be told instead."""
_TELLS_A_STORY = 8
"""Letters beside aspects and filler from which a question is more than "身份证多少钱"."""
_BARE = 2
"""Letters beside aspects and filler up to which a question says nothing of its own: 补(一个得多少钱)."""
_FOLLOW_UP = re.compile(
    r"^(?:那|那么|那要是|要是|如果|假如|可|但|但是|可是|不过)|呢\W*$|也(?:行|可以|成|中|能办|算)[吗么嘛不]?\W*$"
)
_TO_BRING = re.compile(
    "^(?!.*(?:啥|什么|哪|上户|落户|销户|[办补换开改迁]))"
    "(?:.*(?:[用要得]带|带不带|拿不拿|[用要得]拿)|还?带.+(?:吗|不|么|行))"
)
"""A question whether something must be brought: what it names is no matter of its own. 户口本用带吗"""
_MEANING = re.compile("(?:啥|什么)意思")
"""Of a question that says of what: what that is, and not the plain words for an answer."""
_FOLLOW_UP_CHARACTERS = 14
_A_FEW_WORDS = 6
_OF_SOMEBODY = re.compile("^(?:我|俺|咱|他|她|孩子|娃|老人)")
"""What begins a few words about a person, which are the answer to nothing else than the question before: 我18."""
_SO_LONG = re.compile(
    r"^(?:我|俺|咱|他|她|孩子|娃|老人)[^，,。 ]{0,5}[\d〇零一二两三四五六七八九十百半几]+"
    r"个?多?(?:月|年|天|周|星期|礼拜|岁)[了多吧呢]*\W*$"
)
"""How long or how old somebody is, which is no small talk behind a question: 我来了五个月了."""
_AGE = re.compile(
    r"(?:现在|今年|刚|才|都|虚岁|周岁|快|属于)*[\d〇零一二两三四五六七八九十百]+(?:周?岁|虚岁|了|个月|整)*\W*"
)
"""An age by itself, which is small talk only where nothing was asked before: 现在十九."""
_THIS_OFFICE = re.compile("派出所|你们|您们|您这|你这|您那|你那|所里|户籍|民警")
_HOW_TO = re.compile(r"(?:怎么|怎样|咋|如何)办(?!\W*$)")
"""How something is done, and not what is to be done about it: 怎么办居住证."""
_WHAT_TO_DO = re.compile(r"(?:怎么|咋|如何)办")
_HOW_DONE = re.compile("(?:怎么|怎样|咋|如何)(?:办|补|弄|整|换|迁|落|上|销|改|领|申|开|登)")
"""Of a first question that wants the matter itself told, before what else it mentions: 丢了咋补啊，明天还坐火车呢."""
_VAGUE_CHARACTERS = 18
"""Up to here a message that names no matter, and none of which the model is sure, goes on with the one before."""
_PARTS = re.compile(
    r"(?<=[。?？!！;；\n])|[\s,，、]+|(?=还有|另外|顺便|还想问|再问)|(?<=[吗呢])(?=[^\W啊呀哈吧])"
    r"|(?<=[去来办行到着有带要使用开交取补换]不)(?=周|礼拜|星期|多少|几[点天号]|[要得用]带|在哪|去哪|还[要得用])"
)
_NEXT = re.compile(r"^(?:还有就?是?|另外|顺便|还想问|再问)")
"""What begins a second matter."""
_LEAST_PART = 3
_STATES = re.compile(
    "^(?!.*(?:那|要是|如果|万一|假如|的话|啥|什么|哪|怎|咋|几|多|吗|[不没]..?[不没]))(?=.*(?:还|正在|刚|坐月子|住院)).{3,}呢$"
)
"""A part that only tells how things stand: 她坐月子呢, 存折还没取呢."""
_TAIL = re.compile(
    r"(?:(?:那|这样|这么)?(?:能)?(?:行|中|成|可以|好使|算)|对|是)(?:不(?:行|中|成|对|是)?|吗|么|嘛|呗|吧)+"
)
"""A part that only asks whether what stands before it may be: 落她妈妈那边户口 行不."""
_HAN = re.compile("[\u4e00-\u9fff]")
_PLAINLY_ONE = 0.9
"""P(intent | enquiry) from which 居住证怎么办 says enough, though its field has many matters."""
_SURELY_ONE = 0.8
"""The same for a first question to be about no other intent, whatever else its facts might answer."""
_ALL_OF_IT = 0.95
"""P(intent | enquiry) of a whole message from which its parts are about nothing else, whatever they look like alone."""
_LEAVES, _PAPERS = 0.6, re.compile("证(?!据|明|实|人)|户口|护照|驾照|落户|迁户|社保卡")
"""P of all matters of one kind of papers, behind a request, and the papers that are named."""
_OF_ITS_OWN = 0.2
"""How much of the logit with which its own matter answers a question the last one may have for it to stand alone: of
162 messages kept apart that look so 80 are about the last matter; some 60 of 100 of these are told by it, and 15 of the
others."""
_SOME_OF_IT = 0.02
_MATTERS_OF_A_FIELD = 4
"""Intents with a word in a title from which the word alone says too little: 户口, 身份证, 居住证, but not 犬证."""
_LETTERS_NAMED = 2
"""Letters of the trainers' words that make a topic sure which the model only thinks possible."""
_BORROWED = frozenset(f"enquiry/idcard_{aspect}" for aspect in ("fee", "time", "agent"))
"""What a price, a time or a substitute looks like to the model where a question does not say what of."""
_THEIR_SUBJECT = re.compile("身份证|(?:id|identity) ?card")

Parse = Callable[[str], Awaitable[dict[str, Any]]]
Told = tuple[Topic, str]
"""A topic and the aspect of it that is told."""
LastAsked = tuple[Topic, str]
"""The topic asked about last, and the words of that question."""


@dataclass(frozen=True)
class Question:
    """Topic ids and aspects, first asked first. Of two topics there is one aspect each, "" for none.

    `choices`: the titles to choose from where no topic is sure, or nothing of the topic answers it.
    """

    topics: tuple[str, ...] = ()
    aspects: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """A dict of JSON types, as a conversation keeps it."""
        return {"topics": list(self.topics), "aspects": list(self.aspects), "choices": list(self.choices)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Question:
        """The inverse of `to_json`."""
        return cls(*(tuple(str(item) for item in data.get(name) or ()) for name in ("topics", "aspects", "choices")))

    @property
    def precise(self) -> tuple[str, ...]:
        """The aspects that were asked for in so many words, and are known."""
        return tuple(aspect for aspect in self.aspects if aspect not in (UNSURE, SUPPOSED, HEARD, SHORT, ""))

    @property
    def answered(self) -> bool:
        """Whether something is told for certain."""
        return bool(self.topics) and {UNSURE, SUPPOSED, HEARD}.isdisjoint(self.aspects)

    @classmethod
    def telling(cls, facts: Sequence[Told]) -> Question:
        """The question that these facts answer: of one topic its aspects, else a topic and an aspect each."""
        if len({topic.id for topic, _ in facts}) == 1:
            aspects = tuple(aspect for _, aspect in facts)
            return cls((facts[0][0].id,), () if aspects == (SHORT,) else aspects)
        return cls(tuple(topic.id for topic, _ in facts), tuple("" if it == SHORT else it for _, it in facts))


@dataclass(frozen=True)
class Behind:
    """The topic asked about last, and a message as it is read behind that question, in normal form."""

    last: Topic
    text: str
    told: tuple[str, ...] = ()
    """The aspects told of it."""

    @classmethod
    def of(cls, last: Topic, words_before: str, text: str, told: tuple[str, ...] = ()) -> Behind:
        """A text behind a question about `last` that had these words."""
        return cls(last, normalise(following.behind(last, words_before, text)), told)


class Interpreter:
    """Finds the question in a message's parse data, with the conversation's last question at hand."""

    def __init__(self, knowledge: Knowledge, words: Words, embed: Embed | None = None) -> None:
        """`embed`: with it meanings are compared as well."""
        self._knowledge, self._words = knowledge, words
        self._choice = FactChoice(knowledge, embed)
        self._heard: dict[str, Wording] = {}

    def hear(self, text: str, parse_data: Mapping[str, Any]) -> None:
        """Take down which aspects the model hears in a text, as its parse data have them."""
        normal = normalise(text)
        self._heard[normal] = self._words.read(normal).as_heard(turns_in(parse_data, ASPECT_TURNS))

    def _read(self, text: str) -> Wording:
        """What a text in its normal form asks, by the trainers' words and by what was heard in it."""
        return self._heard.get(text) or self._words.read(text)

    # -- questions that stand on the one before ------------------------------------------------------------------

    def continues(self, text: str, ranked: Sequence[Mapping[str, Any]], *, enquires: bool) -> bool:
        """Whether a message says nothing of what it is about, so that it stands on the question before it.

        `enquires`: the message by itself is an enquiry; small talk with the words of one (火车站改签怎么弄) is not.
        """
        normal = normalise(text)
        wording = self._read(normal)
        if self._knowledge.titled(text):
            return False
        sure = self._sure(ranked, SURE)
        if enquires and sure and ranked[0]["name"] == FOLLOW_UP:
            return True
        if enquires and sure and _borrows(ranked[0]["name"], normal):
            sure = False
        if _TO_BRING.search(normal) and size(normal) <= _FOLLOW_UP_CHARACTERS:
            return True
        if wording.named:
            return enquires and not sure and size(normal) <= _VAGUE_CHARACTERS
        if _FOLLOW_UP.search(normal) and size(normal) <= _FOLLOW_UP_CHARACTERS:
            return True
        if wording.aspects and len(wording.subject) <= _BARE:
            return True
        first = re.split(r"[\s,，。]", normal, maxsplit=1)[0]
        if enquires and ((first != normal and self.only_continues(first)) or self._sole_question(normal)):
            return True  # 得多少钱 我退休金才三千来块
        return enquires and not sure and (bool(wording.aspects) or size(normal) <= _VAGUE_CHARACTERS)

    @staticmethod
    def leaves(intent: str, text: str, ranked: Sequence[Mapping[str, Any]]) -> bool:
        """Whether a question behind a request, of which others would be about this intent, names papers and is surely
        about some of one kind: what a new card costs, behind a bag left in a taxi."""
        if not ranked or ranked[0]["name"] in (intent, FOLLOW_UP) or not _PAPERS.search(normalise(text)):
            return False
        kind = str(ranked[0]["name"]).partition("_")[0]
        return sum(float(one["confidence"]) for one in ranked if str(one["name"]).startswith(kind)) >= _LEAVES

    def adds_to(self, text: str, before: Question) -> bool:
        """Whether a message that by itself is small talk or nothing only adds to the question before it: 我18."""
        topic = self._knowledge.topics.get(before.topics[0]) if before.topics else None
        normal = normalise(text)
        if topic is None or asks(normal) or size(normal) > _FOLLOW_UP_CHARACTERS or self._knowledge.titled(text):
            return False
        of_somebody = size(normal) <= _A_FEW_WORDS and _OF_SOMEBODY.search(normal)
        told = of_somebody or _AGE.fullmatch(normal) or _SO_LONG.search(normal)
        return bool(told) or self._is_circumstance(topic, normal)

    def _is_circumstance(self, topic: Topic, text: str) -> bool:
        """Whether a statement tells how things stand in the matter of a topic, by what the topic says of such things.

        One that names a matter of its own must do so in the trainers' words.
        """
        wording = self._read(text)
        if any(aspect in topic.aspects for aspect in wording.plain_aspects):
            return True
        return not wording.named and self._nearest(topic, text) is not None

    def names_subject(self, text: str) -> bool:
        """Whether a message says what it is about."""
        return self._read(normalise(text)).named

    def says_much(self, text: str) -> bool:
        """Whether a message says more than a few words, which are about the last matter alone."""
        return size(normalise(text)) > _A_FEW_WORDS and not self.only_continues(text)

    def only_continues(self, text: str) -> bool:
        """Whether a message is nothing but words of a follow-up: 多少钱, 人话说一下."""
        wording = self._read(normalise(text))
        return bool(wording.aspects) and (len(wording.subject) <= 1 or wording.aspects[0] == PLAIN)

    async def taken_up(self, text: str, earlier: tuple[str, Question], parse: Parse) -> Question | None:
        """The question of a message that goes back to an earlier one in its words: it is about no other matter."""
        topic = self._knowledge.topics.get(earlier[1].topics[0]) if earlier[1].topics else None
        return await self._one_continued(topic, text, earlier, parse, (), stays=True) if topic else None

    async def continued(
        self, text: str, before: tuple[str, Question], parse: Parse, ranked: Sequence[Mapping[str, Any]] = ()
    ) -> Question | None:
        """The question of a message that stands on the one before it; `ranked`: its topics by itself.

        None: there is no topic to stand on.
        """
        asked = before[1]
        topic = self._knowledge.topics.get(asked.topics[0]) if asked.topics else None
        if topic is None:
            return None
        parts = self._parts(normalise(text)) if _HAN.search(text) else []
        if 1 < len(parts) <= _MOST_PARTS and (both := await self._each_continued(parts, before, parse)):
            return both
        return await self._one_continued(topic, text, before, parse, ranked)

    async def _each_continued(
        self, parts: Sequence[str], before: tuple[str, Question], parse: Parse
    ) -> Question | None:
        """What the parts of a message ask behind a question: 几年有效？要不要钱; None where only one is answered."""
        topic, told = self._knowledge.topics[before[1].topics[0]], list[Told]()
        known = (topic, SHORT)  # with which the matter began
        for part in parts:
            self.hear(part, read := await parse(part))
            question = await self._one_continued(topic, part, before, parse, read["topics"])
            aspects = question.aspects or (SHORT,)
            if {UNSURE, SUPPOSED, HEARD, PLAIN}.isdisjoint(aspects):
                topics = [self._knowledge.topics[name] for name in question.topics * len(aspects)]
                facts = zip(topics, (aspect or SHORT for aspect in aspects), strict=False)
                told += [fact for fact in facts if fact not in (*told, known)]
        return Question.telling(self._fitting(told, _MOST_FACTS + 1)) if len(told) > 1 else None

    async def _one_continued(
        self,
        topic: Topic,
        text: str,
        before: tuple[str, Question],
        parse: Parse,
        ranked: Sequence[Mapping[str, Any]],
        *,
        stays: bool = False,
    ) -> Question:
        """The question of a message that asks one thing of the topic before it, or of one near it; `stays`: of the same
        intent's."""
        asked, normal = before[1], normalise(text)
        wording = self._read(normal)
        if PLAIN in wording.aspects and (len(wording.subject) <= _BARE or self._only_words_it(wording)):
            about = ((topic, aspect) for aspect in asked.precise if aspect in topic.aspects)
            return Question.telling(self._fitting([*self._facts(topic, normal), *about]))
        likely = await self._following(topic, text, before[0], ranked, parse)
        stays = stays or (checks(normal, topic.short.text + topic.plain.text) and not wording.named)
        likely = _only_of(topic.intent, likely) if stays else likely
        behind = Behind.of(topic, before[0], text, asked.aspects)
        meant = likely[0][0]
        sole = self._sole_question(normal)
        words = self._read(sole or normal)
        bare = bool(words.plain_aspects) and size(words.subject) <= _BARE
        plainly = self._plainly_asked(topic, asked, words) if bare else []
        if plainly and not (sole or self._words.general(normal)):  # 多少钱 asks it of nothing else
            return self._if_worth(plainly, normal, likely, behind)
        raised = meant is not topic and not (sole and plainly and likely[0][1] < _NEWLY_RAISED)
        if raised and not self._of_their_office(topic, meant, normal):
            return self._if_worth(self._facts(meant, normal, whole=False), normal, likely, behind)
        if plainly:
            return Question.telling(plainly) if sole else self._if_worth(plainly, normal, likely, behind)
        told = tuple(aspect or SHORT for aspect in asked.aspects) or (SHORT,)
        if bare and {SHORT, UNSURE}.isdisjoint(told):  # nobody wants to read again what is certain
            return Question((topic.id,), words.plain_aspects[:_MOST_FACTS])
        best, *others = self._choice.likeliest(topic, normal, wording, behind.text)
        again = best.aspect in told and best.likelihood < _SAY_AGAIN
        fact = next((fact for fact in others if fact.aspect not in told), best) if again else best
        if fact.likelihood < _LIKELY_FACT and not self._choice.compares:
            return self._unsure(normal, likely, behind)
        return self._if_worth([(topic, fact.aspect)], normal, likely, behind)

    def _sole_question(self, text: str) -> str:
        """The one part of a text in normal form that asks, where it names nothing and the others only tell; else "".

        那就再等俩月呗 到时候都要啥
        """
        parts = self._parts(text)
        sole = parts[0] if len(parts) == 1 and parts[0] != text else ""
        return sole if sole and self.only_continues(sole) and not self._words.general(sole) else ""

    @staticmethod
    def _only_words_it(wording: Wording) -> bool:
        """Whether a message names no matter, and wants what was told in fewer words: 字太多了你就告诉我带啥上哪去."""
        return not wording.named and PLAIN in wording.named_aspects and len(wording.named_aspects) > 1

    def _plainly_asked(self, topic: Topic, asked: Question, wording: Wording) -> list[Told]:
        """The facts that words which only name aspects ask for behind an answer."""
        for one in self._lately_told(topic, asked):
            if known := [aspect for aspect in wording.plain_aspects if aspect in one.aspects]:
                return self._fitting((one, aspect) for aspect in known)
        return []

    def _lately_told(self, topic: Topic, asked: Question) -> list[Topic]:
        """The topics that may tell what is asked in so many words behind an answer: its first one, the others of that
        intent that were told with it, and the general one."""
        told = (self._knowledge.topics[name] for name in asked.topics if name in self._knowledge.topics)
        near = (*(one for one in told if one.intent == topic.intent), self._knowledge.choose(topic.intent, ""))
        return [topic, *(one for one in near if one and one is not topic)]

    def _if_worth(
        self, told: Sequence[Told], text: str, likely: Sequence[tuple[Topic, float]], behind: Behind
    ) -> Question:
        """The question that these facts answer; as a supposition where they only may, and where they hardly do one that
        is said not to be known. A short answer in front of the likeliest fact does not count against that."""
        topic, aspect = told[0]
        wording, last = self._read(text), behind.last
        read = behind.text if topic is last else ""
        bare = aspect in wording.named_aspects and wording.asks_for(aspect) and size(wording.subject) <= _BARE  # 多少钱
        answered = self._choice.answered(topic, text, read)
        if bare or PLAIN in wording.aspects or answered is None:
            return Question.telling(told)
        facts = {fact.aspect: fact.likelihood for fact in self._choice.likeliest(topic, text, wording, read)}
        aspect = max((also for one, also in told if one is topic), key=lambda also: facts.get(also, 0.0))
        share = next((share for one, share in likely if one is topic), 0.0)
        sight = Sight(topic=share, same=topic is last, answered=answered, fact=facts.get(aspect, 0.0))
        if (right := likelihood(sight)) >= WORTH_SAYING:
            return Question.telling(told)
        if topic is not last and share >= _NEWLY_RAISED:
            return Question.telling([(topic, SHORT)])
        unsure = self._unsure(text, likely, behind)
        return replace(unsure, topics=(topic.id,), aspects=(SUPPOSED, aspect)) if right >= WORTH_SUPPOSING else unsure

    def _unsure(self, text: str, likely: Sequence[tuple[Topic, float]], behind: Behind) -> Question:
        """What is said not to be known behind a question, or where it asks nothing to be heard, with what was perhaps
        meant to choose from: an aspect of the last topic, other topics.

        Who only makes sure of what was told is told it again: the likeliest fact, the last, or all in plain words."""
        last = behind.last
        best = self._choice.likeliest(last, text, self._read(text), behind.text)[0]
        if checks(text, last.short.text + last.plain.text):
            if best.likelihood >= _LIKELY_FACT and best.aspect != SHORT:
                return Question((last.id,), (best.aspect,))
            return Question((last.id,), behind.told[:1] if set(behind.told[:1]) & set(last.aspects) else (PLAIN,))
        perhaps = [self._words.titles[best.aspect]] if best.likelihood >= _LIKELY_FACT and best.aspect != SHORT else []
        perhaps += [topic.title for topic, share in likely if topic is not last and share >= _PERHAPS]
        said = UNSURE if asks(text) else HEARD
        return Question((last.id,), (said,), tuple(dict.fromkeys(perhaps))[:_MOST_CHOICES])

    async def _following(
        self, last: Topic, text: str, words_before: str, ranked: Sequence[Mapping[str, Any]], parse: Parse
    ) -> list[tuple[Topic, float]]:
        """The topics that a message may ask for behind a question about `last`, the likeliest first."""
        normal, behind = normalise(text), following.behind(last, words_before, text)
        general = self._words.general(normal) if self._words.ours(last.intent) else ""
        joined = await parse(behind)
        alone, together = (
            [item for item in topics if item["name"] != FOLLOW_UP] for topics in (ranked, joined["topics"])
        )
        named = self._read(normal).named
        message = following.Message(normal, normalise(behind), alone, together, named, general)
        likely = following.likely(self._knowledge, last, message)
        return self._choice.by_facts(likely, normal, message.behind)

    def _nearest(self, topic: Topic, text: str) -> Topic | None:
        """The topic of this one's intent whose fact shares most words with a question; itself before others."""
        shared = [found for found in self._knowledge.shared(topic.intent, text) if found.score >= _WORTH_ALONE]
        own = any(found.topic is topic and found.score >= shared[0].score * _OWN_SHARE for found in shared)
        return topic if own else next((found.topic for found in shared), None)

    # -- questions that stand alone ------------------------------------------------------------------------------

    async def enquiry(
        self, text: str, ranked: Sequence[Mapping[str, Any]], parse: Parse, before: tuple[str, Question] | None = None
    ) -> Question | None:
        """The question of a message that is an enquiry and stands alone; `before`: what was asked last, and its words.

        None: it names an intent of which the knowledge base has no topic.
        """
        normal = normalise(text)
        ranked = [item for item in ranked if item["name"] != FOLLOW_UP]
        plain = bool(_WHAT_TO_DO.search(normal)) and self._sure(ranked, _PLAINLY_ONE)
        open_field = before is None and not plain and self._names_a_field(normal)  # later it stands in a conversation
        sure = self._sure(ranked, SURE) and not open_field
        last = self._knowledge.topics.get(before[1].topics[0]) if before and before[1].topics else None
        asked = (last, before[0]) if before and last else None
        behind = Behind.of(*asked, text) if asked else None
        if asked and behind and not self._stands_alone(behind, normal, ranked):
            likely = await self._following(asked[0], text, asked[1], ranked, parse)
        else:
            behind = None
            likely = self._choice.by_facts(self._knowledge.likely(normal, ranked), normal)
        sure = sure or (last is not None and not open_field and likely[0][1] >= SURE)
        of_one = self._sure(ranked, _SURELY_ONE) and not behind
        whole = (_only_of(str(ranked[0]["name"]), likely) if of_one else []) or likely
        main = whole[0][0] if sure and whole else None
        if main and last and self._of_their_office(last, main, normal):
            main = last
        elif not main and not open_field:
            main = self._named(ranked, normal)
        main = self._of_the_station(main, normal) if main else None
        if several := await self._several(normal, main, likely, ranked, parse, asked):
            return several
        if main:
            both = self._of_both(main, whole, normal)
            facts = both if len(both) > 1 else self._facts(main, normal, behind=behind)
            return self._if_worth(facts, normal, likely, behind) if behind else Question.telling(facts)
        if sure:
            return None
        wording = self._read(normal)
        possible = [topic.title for topic, _ in likely]
        brief = open_field or size(normal) <= _A_FEW_WORDS
        usual = self._words.field(normal) if brief else ()
        choices = [self._knowledge.topics[name].title for name in usual if name in self._knowledge.topics] or possible
        return Question(aspects=wording.aspects[:_MOST_FACTS], choices=tuple(choices[:_MOST_CHOICES]))

    def _of_both(self, main: Topic, likely: Sequence[tuple[Topic, float]], text: str) -> list[Told]:
        """What two topics say to a question of which nobody knows whose it is; nothing where `main` is plainly the one.

        Who asks for several things, or for plainer words, asks it of one topic.
        """
        wording = self._read(text)
        if len(likely) < 2 or likely[0][0] is not main or PLAIN in wording.aspects or len(wording.plain_aspects) > 1:
            return []
        (_, first), (other, second) = likely[:2]
        if second < max(first * _AS_LIKELY, _WORTH_TELLING) or _borrows(other.intent, text):
            return []
        return self._fitting(self._facts(topic, text, whole=False)[0] for topic in (main, other))

    def _of_the_station(self, main: Topic, text: str) -> Topic:
        """Of hours, telephone, way and queue the one that the trainers' words name: 户籍窗口在几楼 is no telephone."""
        named = self._words.general(text)
        if not self._words.can_be_asked_of_anything(main.intent) or self._knowledge.names(main, text):
            return main
        return (self._knowledge.choose(named, text) if named else None) or main

    def _names_a_field(self, text: str) -> bool:
        """Whether a message names nothing but a field of many matters: 户口, 身份证."""
        wording = self._read(text)
        vague = not wording.named_aspects and not _HOW_TO.search(
            text
        )  # of a bare 户口 the model hears whatever it likes
        return vague and self._knowledge.matters(wording.subject) >= _MATTERS_OF_A_FIELD

    def corrected(self, text: str) -> str | None:
        """What is left of "不是，我问的是居住证" without its beginning; None when a message corrects nothing."""
        wording = self._read(normalise(text))
        return wording.corrected

    def with_aspects_of(self, text: str, question: Question, before: Question) -> Question:
        """A correction of the topic alone, which is what `text` is, still asks what was asked before."""
        asks_itself = self._read(normalise(text)).plain_aspects
        one = len(question.topics) == 1
        return replace(question, aspects=before.precise) if one and before.precise and not asks_itself else question

    def _stands_alone(self, behind: Behind, text: str, ranked: Sequence[Mapping[str, Any]]) -> bool:
        """Whether a question names its own matter, so surely another one than the last that nothing else tells more:
        unless what is known of the last matter answers it, as it is read behind that: 拘留过15天 会写上吗."""
        intent, wording = behind.last.intent, self._read(text)
        another = bool(ranked) and ranked[0]["name"] != intent
        if another and in_english(text) and ranked[0]["name"] not in _BORROWED:
            return self._sure(ranked, _ALL_OF_IT)  # the trainers' words for matters are Chinese
        if not (another and asks(text) and wording.named and self._sure(ranked, _ALL_OF_IT)):
            return False
        own = self._topic(ranked, text)
        alone = self._choice.answered(own, text) if own else None
        known = [topic for topic in self._knowledge.topics.values() if topic.intent == intent]
        subject = wording.subject  # 居住证 of 居住证多少钱 is the name of a matter
        if alone is None or (self._knowledge.matters(subject) and all(subject not in one.title for one in known)):
            return True
        answered = max(self._choice.answered(topic, text, behind.text) or 0.0 for topic in known)
        return answered <= _OF_ITS_OWN * alone

    def _of_their_office(self, last: Topic, topic: Topic, text: str) -> bool:
        """Whether a question for hours or the way behind what another office does is about that office."""
        anywhere = self._words.can_be_asked_of_anything(topic.intent) and not self._words.ours(last.intent)
        return anywhere and not _THIS_OFFICE.search(text)

    def _named(self, ranked: Sequence[Mapping[str, Any]], text: str) -> Topic | None:
        """The topic that a message names in the trainers' words, among those that the model thinks possible."""
        possible = [topic for item in ranked[:_POSSIBLE] if (topic := self._topic([item], text))]
        letters = [self._knowledge.letters(topic, text) for topic in possible]
        most = max(letters, default=0)
        return possible[letters.index(most)] if most >= _LETTERS_NAMED and letters.count(most) == 1 else None

    async def _several(
        self,
        text: str,
        main: Topic | None,
        likely: Sequence[tuple[Topic, float]],
        ranked: Sequence[Mapping[str, Any]],
        parse: Parse,
        asked: LastAsked | None = None,
    ) -> Question | None:
        """The question of a message whose parts each ask something; None for a message that asks one thing. `likely`:
        the topics of the whole message."""
        last = asked[0] if asked else None
        parts = self._parts(text)
        if not 1 < len(parts) <= _MOST_PARTS:
            return None
        told: list[Told] = []
        own = [await self._asked_by(part, text, ranked, parse, asked) for part in parts]
        main = self._beside_general(main, own, ranked, text) or last if main else None
        kept = self._knowledge.letters(main, text) if main else 0
        named: Topic | None = None
        for part, topic in zip(parts, own, strict=True):
            topic = last if topic and last and self._of_their_office(last, topic, text) else topic
            if topic and not self._words.can_be_asked_of_anything(topic.intent):
                named = topic
            topic = topic or (named if self.only_continues(part) else None)  # 身份证是不是得换 多少钱啊
            topic = topic or (main and (self._at_any_time(main, part) or self._nearer(main, likely, part, kept)))
            fact = self._facts(topic, part, whole=False)[0] if topic else None
            if fact and fact not in told:
                told.append(fact)
        precise = [fact for fact in told if fact[1] != SHORT]
        told = precise if len(precise) >= _MOST_FACTS else told
        most = max(_MOST_FACTS, min(len(precise), _MOST_FACTS + 1))
        return Question.telling(self._fitting(told, most)) if len(told) > 1 else None

    def _beside_general(
        self, main: Topic, own: Sequence[Topic | None], ranked: Sequence[Mapping[str, Any]], text: str
    ) -> Topic | None:
        """The matter of a message of which one part only asks for hours or the way, where the whole was taken for that:
        身份证下个月到期 能一趟办了不 还有周六上不上班. None where no other is sure."""
        general = {topic.intent for topic in own if topic and self._words.can_be_asked_of_anything(topic.intent)}
        if main.intent not in general or all(own):
            return main
        others = [item for item in ranked if item["name"] not in general]
        return self._topic(others, text) if self._sure(others, SURE) else None

    def _parts(self, text: str) -> list[str]:
        """The parts of a message in normal form that ask something."""
        parts: list[str] = []
        for part in (part.strip(" ,，。?？!！") for part in _PARTS.split(text) if part):
            if parts and _TAIL.fullmatch(part):
                parts[-1] += f" {part}"
            else:
                parts.append(part)
        return self._asking(self._with_what_they_ask_of([part for part in parts if len(part) >= _LEAST_PART]))

    def _with_what_they_ask_of(self, parts: Sequence[str]) -> list[str]:
        """The parts, a question without a subject together with the statement before it that names one: 我身份证下个月
        也到期 能一趟办了不. A message that asks one thing is left as it is."""
        if sum(map(asks, parts)) < _MOST_FACTS:
            return list(parts)
        joined: list[str] = []
        for part in parts:
            states = joined and not asks(joined[-1]) and self._read(joined[-1]).named
            if states and asks(part) and not (self._read(part).named or self._words.general(part)):
                joined[-1] += f" {part}"
            else:
                joined.append(part)
        return joined

    def _asking(self, parts: Sequence[str]) -> list[str]:
        """The parts that ask something; where only one does, those too that name one of several matters.

        我想改名，另外身份证也丢了，能一起办不
        """
        asking = [part for part in parts if (asks(part) or self._read(part).aspects) and not _STATES.search(part)]
        if len(asking) == 1 and any(_NEXT.search(part) for part in parts):
            return [part for part in parts if part in asking or self._read(part).named]
        return asking

    async def _asked_by(
        self,
        part: str,
        text: str,
        whole: Sequence[Mapping[str, Any]],
        parse: Parse,
        asked: LastAsked | None = None,
    ) -> Topic | None:
        """The topic that one part of a message asks about by itself, or behind a question; None where it is about the
        message's own."""
        wording = self._read(part)
        read = await parse(_NEXT.sub("", part)) if len(wording.subject) > 1 or wording.named else None
        if read is not None:
            self.hear(part, read)
        matter = wording.named and not asks(part)  # 出国要办护照 还有无犯罪 都在你们那办吗
        if read is None or not (matter or _enquires(read)):
            return None
        if wording.named and read["topics"] and read["topics"][0]["name"] == FOLLOW_UP:  # 对了我身份证也到期 能一趟办不
            named = [item for item in read["topics"] if item["name"] != FOLLOW_UP][:1]
            alike = named and self._sure(whole, SURE) and named[0]["name"] == whole[0]["name"]
            return self._topic(named, part) if alike else None
        if not self._sure(read["topics"], SURE_OF_TWO):
            return None
        name = read["topics"][0]["name"]
        if name == FOLLOW_UP or _borrows(name, part) or (self._sure(whole, SURE) and not wording.named):
            return None
        possible = any(item["name"] == name and item["confidence"] >= _SOME_OF_IT for item in whole)
        another = asks(part) and self._words.another(part, text)
        if self._sure(whole, _ALL_OF_IT) and not (possible or another or _NEXT.search(part)):
            return None
        if asked is None or self._stands_alone(Behind.of(*asked, part), part, read["topics"]):
            return self._topic(read["topics"], part)
        return (await self._following(asked[0], part, asked[1], read["topics"], parse))[0][0]

    def _at_any_time(self, main: Topic, part: str) -> Topic | None:
        """The topic of hours, way or telephone that a part asks for beside a matter of this station: 五点以后能办不."""
        general = self._words.general(part) if asks(part) and self._words.ours(main.intent) else ""
        return self._knowledge.choose(general, part) if general else None

    def _nearer(self, topic: Topic, likely: Sequence[tuple[Topic, float]], text: str, letters: int) -> Topic:
        """The topic of the same intent that a part names in more letters than the whole message names its own, or
        whose facts answer that part best of the message's likely ones."""
        named = self._knowledge.choose(topic.intent, text)
        if named and named.when and self._knowledge.letters(named, text) > letters:
            return named
        least = {True: _PERHAPS, False: 1.0 if self.only_continues(text) else _BESIDE}
        near = [(one, share) for one, share in likely if share >= least[one.intent == topic.intent]]
        if not self._choice.compares or all(one is not topic for one, _ in near):
            return topic
        best = self._choice.by_facts(near, text)[0][0]
        return best if (self._choice.answered(best, text) or 0.0) > 0 else topic

    def _facts(self, topic: Topic, text: str, *, whole: bool = True, behind: Behind | None = None) -> list[Told]:
        """What answers a question about a topic: its likeliest fact, and the next one where that is not sure.

        `whole`: the text is a whole message, so that what it asks for in vain is said to be lacking.
        """
        read = behind.text if behind and behind.last is topic else ""
        wording = self._read(text)
        explains = not (wording.subject and _MEANING.search(text))
        wanted = [aspect for aspect in wording.plain_aspects if aspect in topic.aspects]
        if len(wanted) + (PLAIN in wording.aspects) > _MOST_FACTS:
            return self._fitting(((topic, aspect) for aspect in wanted), most=_MOST_FACTS + 1)
        if PLAIN in wording.aspects and explains:
            return self._fitting((topic, aspect) for aspect in (PLAIN, *wanted))
        first, *others = self._choice.likeliest(topic, text, wording, read)
        bare = len(wording.subject) < _TELLS_A_STORY and not self._knowledge.names(topic, text)
        if whole and bare and wording.plain_aspects and not wanted and first.likelihood < _ENOUGH:
            return [(topic, wording.plain_aspects[0])]
        told = [first]
        special, in_words = first.aspect == _SPECIAL, wording.asks_for(first.aspect)
        matter = not (read or in_words or first.aspect == SHORT) and bool(_HOW_DONE.search(text))
        if (special or matter or first.likelihood < _ENOUGH) and others:
            short = next((fact for fact in others if fact.aspect == SHORT), others[0])
            instead = special or not read or short.likelihood >= others[0].likelihood * _SHORT_INSTEAD
            told.append(short if instead else others[0])
        if matter or (first.likelihood < _ENOUGH and (special or not in_words)):
            told.sort(key=lambda fact: fact.aspect != SHORT)
        return self._fitting((topic, fact.aspect) for fact in told)

    @staticmethod
    def _fitting(told: Iterable[Told], most: int = _MOST_FACTS) -> list[Told]:
        """Different facts, as many as fit a phone's screen."""
        fitting: list[Told] = []
        texts: list[str] = []
        for topic, aspect in told:
            text = topic.fact(aspect).text
            room = len(fitting) < most and len("".join(texts)) + len(text) <= _MOST_CHARACTERS
            new = pieces(text) - pieces("".join(texts))
            if not fitting or (room and len(new) >= len(pieces(text)) * _NEW_SHARE):
                fitting.append((topic, aspect))
                texts.append(text)
        return fitting

    def _topic(self, ranked: Sequence[Mapping[str, Any]], text: str) -> Topic | None:
        return self._knowledge.choose(str(ranked[0]["name"]), text, ranked[0].get(FITS)) if ranked else None

    @staticmethod
    def _sure(ranked: Sequence[Mapping[str, Any]], least: float) -> bool:
        if not ranked:
            return False
        first, *others = (float(item["confidence"]) for item in ranked)
        if least > SURE or ranked[0]["name"] in _BORROWED:
            return first >= least
        return first >= least or first >= max(_PLAINLY_FIRST, _TIMES_THE_NEXT * max(others, default=0))


def _only_of(intent: str, likely: Sequence[tuple[Topic, float]]) -> list[tuple[Topic, float]]:
    """Of the likely topics those of one intent, with their P if it is one of them."""
    its = [(topic, share) for topic, share in likely if topic.intent == intent]
    return [(topic, share / sum(share for _, share in its)) for topic, share in its]


def _borrows(intent: str, text: str) -> bool:
    """Whether an intent is a price, time or substitute of an identity card, which a text does not speak of."""
    return intent in _BORROWED and not _THEIR_SUBJECT.search(text)


def _enquires(parse_data: Mapping[str, Any]) -> bool:
    return str(parse_data["triage"]["label"]) == "enquiry"
