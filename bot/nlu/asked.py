"""The questions of a conversation: what was asked last, and what a message asks the knowledge base."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from rasa.shared.core.events import UserUttered

from bot.nlu import knowledge
from bot.nlu.conversation import REMEMBERED_SECONDS, Conversation, triage_of
from bot.nlu.forms import FORM_ANSWER, Form
from bot.nlu.meanings import CERTAIN, LOST, dialogue, whispered
from bot.nlu.normaliser import normalise
from bot.nlu.overlap import pieces
from bot.nlu.publication import QUESTION, READING
from bot.nlu.question import FOLLOW_UP, SUPPOSED, SURE, SURE_OF_TWO, Parse, Question
from bot.nlu.telling_words import TALK
from bot.nlu.triage import Triage
from bot.nlu.wording import PLAIN, asks

_ABOUT_THEIR_INTENT = frozenset({FORM_ANSWER, "look_up_officer", "look_up_name"})
"""Intents of the dialogue behind which questions are about the matter that was filled in or looked up."""
_LOST = LOST | {"other/advert"}
"""What a few words that add to a question look like by themselves."""
_BACK = re.compile(
    r"刚才|接着说|回头说|说回|再说|还说|话说回来|头里|(?:前面|上面|一开始|先前|头前)[问说]|^那?[^，,。 ]{0,8}那个|"
    r"那个?(?=[\s,，])|^那(?![个么要我你他她得就还咋啥多几行能可])|[我俺咱](?:自己|们)?那个"
    r"|\b(?:back to|(?:my|the) (?:first|other|earlier)|you said before|about the first)\b"
)
"""What takes up again something asked before the last question: 刚才房东登记那个."""
_GOES_BACK = re.compile(
    "回到|说回|接着说|回头说|话说回来|刚才(?:的|那个|那件|说的|问的)|不是[她他它你]们?那个"
    r"|\b(?:back to|(?:my|the) (?:first|other|earlier) (?:thing|one|question|matter|problem))\b"
)
"""What takes up the matter before the last one, whatever words it shares with that."""
_LEADS_IN = re.compile(
    r"^(?:(?:[行好嗯哦噢啊哎唉对中成吧了的呀哈]|可以|知道|明白|谢谢|ok|and|so|oh|well)+[\s,，。.!！]+|[啊哎唉嗯哦噢呀]+)+"
)
"""What stands before the words of a message and says nothing of its matter: 行，那孩子那个."""
_MATTERS_BEFORE = 2
"""How many matters before the last are looked at."""
_PLAINLY = re.compile("人话|大白话|[说讲][得的]?简单")
"""What asks for the last answer in plain words, whatever is grumbled beside it."""
_OF_FILLING = frozenset({"resume", "missing", "review"})
_LEFT = re.compile("刚才|头前|那个|[填弄办整]了?一半|没[填弄办整]完|还在|接着|继续")
"""Words for a form that was left."""
_PRIVACY = "bot_services_input"
"""The topic that tells what becomes of what is sent."""
_SURELY_ANOTHER = 0.8
"""P(intent | enquiry) from which words of distrust are about that matter, and not about what is sent here."""
_SENT_HERE = re.compile("你们|您们|这个?号|公众号|给[你您]|[发传写填][过到]?[来去给这]|身份证|信息|资料|泄")
"""Words of what is sent, or to whom."""
_OFFICERS_REPLY = re.compile(
    "(?:[回找叫]|联系|打电话给|通知)(?:我|俺)|给(?:我|俺)[^，,。 ]{0,3}(?:回|打|来电|信儿|话)|[回答]复|回[信话电]"
    "|有人(?:看|理|管|接|来)|派人|来人|等信"
)
"""Words of when and how the officer answers, and not of what was told to him."""
_HUMAN_SERVICE = "help_request/human_service"
_OF_OFFICERS = frozenset(
    {FOLLOW_UP, *(f"enquiry/{it}" for it in ("bot_services", "community_officer", "complaint_howto", "station_phone"))}
)
"""What the wish for an officer itself is about, or nothing."""
_SECRECY = "enquiry/tip_howto"
"""The intent whose own topics tell who learns a name."""


class Asked:
    """What a conversation has asked the knowledge base, and asks it now."""

    def __init__(self, conversation: Conversation) -> None:
        """Of one conversation as it stands."""
        self._said = conversation

    async def question(self, text: str, parse_data: Mapping[str, Any], triage: Triage, parse: Parse) -> Question | None:
        """What a message asks the knowledge base; None when it asks something else, or nothing.

        What the last matter has no sure answer to, or another one that nobody has named, may be about one before it:
        the hours were asked only in between.
        """
        found = await self._question(text, parse_data, triage, parse)
        if found is None or self._said.form or self._said.alarm_open:
            return found
        strays = found.answered and self._strays(text, found)
        if found.answered and not strays:
            return found
        said = parse_data.get(READING, text)
        perhaps = strays and bool(_BACK.search(_LEADS_IN.sub("", normalise(said))))
        return await self._of_earlier(said, parse_data, parse, perhaps=perhaps) or found

    def _strays(self, text: str, found: Question) -> bool:
        """Whether a message that names no matter is taken for one that was never spoken of: 晚几天罚钱不 is
        sooner about the birth register than about fines."""
        spoken = {self.intent_of(one) for one in self._matters()}
        new = len(spoken) > 1 and self.intent_of(("", found)) not in spoken
        return new and not self._said.readers.interpreter().names_subject(text)

    async def _of_earlier(
        self, text: str, parse_data: Mapping[str, Any], parse: Parse, *, perhaps: bool = False
    ) -> Question | None:
        """The question of a message as one about a matter before the last, where that one surely answers it; or
        `perhaps` does."""
        interpreter, ranked = self._said.readers.interpreter(), parse_data.get("topics") or ()
        interpreter.hear(text, parse_data)
        if not interpreter.says_much(text):
            return None
        for earlier in self._matters()[1:][:_MATTERS_BEFORE]:
            question = await interpreter.continued(text, earlier, parse, ranked)
            told = question and (question.answered or (perhaps and SUPPOSED in question.aspects))
            if question and told and self.intent_of(("", question)) == self.intent_of(earlier):
                return question
        return None

    def _matters(self) -> list[tuple[str, Question]]:
        """The last question about each matter that was asked about, newest first."""
        found: dict[str, tuple[str, Question]] = {}
        for one in self.all(among=self._said.earlier_messages):
            if one[1].topics:
                found.setdefault(self.intent_of(one), one)
        return list(found.values())

    async def _question(
        self, text: str, parse_data: Mapping[str, Any], triage: Triage, parse: Parse
    ) -> Question | None:
        interpreter, enquires = self._said.readers.interpreter(), triage.label == "enquiry"
        text = parse_data.get(READING, text)
        interpreter.hear(text, parse_data)
        before = self._asked_before(enquires=enquires)
        if before and self._awaits_officer and _OFFICERS_REPLY.search(normalise(text)):
            before = None
        ranked = parse_data.get("topics") or ()
        earlier = self.taken_up_again(text)
        if earlier and (question := await interpreter.taken_up(text, earlier, parse)):
            return question
        if tapped := self._said.readers.knowledge.current().titled(text):
            return Question((tapped.id,), self._chosen_aspects())
        calmly = triage.label in ("enquiry", "other") and triage.intent != _SECRECY
        if calmly and self._asks_what_becomes_of_it(text, ranked):
            return Question((_PRIVACY,), ("exceptions",))
        if calmly and (kept := self._of_sleeping_form(text)):
            return kept
        if triage.label == "other" and before and before[1].topics and _PLAINLY.search(normalise(text)):
            return Question(before[1].topics[:1], (PLAIN,))
        if self._said.form and not self._near(ranked) and enquires and not interpreter.names_subject(text):
            of_form = await parse(f"{self._said.form.title}，{text}")
            if self._near(of_form["topics"], self._said.form.intent):
                ranked = of_form["topics"]
        calm = triage.urgent or triage.label in ("enquiry", "other") or triage.uncertain or triage.confidence < CERTAIN
        goes_on = calm and not self._said.alarm_open and triage.intent not in TALK
        # Behind a question what is half taken for chat, and asks, is the next one: 每年都要重新弄吗.
        asking = enquires or (triage.intent in _LOST and triage.confidence < CERTAIN and asks(normalise(text)))
        goes_on = goes_on and interpreter.continues(text, ranked, enquires=asking)
        of_request = before is not None and before != self.last
        if of_request and interpreter.leaves(self.intent_of(before), text, ranked):
            before, goes_on = None, False
        lost = triage.intent in _LOST
        alone = self._said.form is None and not self._said.alarm_open  # in an alarm the rest is about the alarm
        if before and not goes_on and alone and lost:
            goes_on = interpreter.adds_to(text, before[1])
        stands_on = before if goes_on and not self._near(ranked) else None
        rest = interpreter.corrected(text) if before else None
        by_itself = not stands_on or triage.label == "other"
        meant = rest if rest and (by_itself or interpreter.names_subject(rest)) else None
        if before and meant and (question := await self._put_right(meant, before, parse)):
            return question
        if stands_on and (question := await interpreter.continued(text, stands_on, parse, ranked)):
            return question
        if triage.label != "enquiry" or triage.uncertain:
            return None
        return await interpreter.enquiry(text, ranked, parse, None if self._said.alarm_open else before)

    def _asks_what_becomes_of_it(self, text: str, ranked: Sequence[Mapping[str, Any]]) -> bool:
        """Whether a message asks what becomes of what is sent; the same words, 靠谱吗, are said of any other matter."""
        said = normalise(text)
        if self._said.forms.aside(said) != "privacy" or _PRIVACY not in self._topics:
            return False
        another = bool(ranked) and ranked[0]["name"] not in (self._topics[_PRIVACY].intent, FOLLOW_UP)
        surely = another and float(ranked[0]["confidence"]) >= _SURELY_ANOTHER
        return self._said.form is not None or not surely or bool(_SENT_HERE.search(said))

    def _of_sleeping_form(self, text: str) -> Question | None:
        """The question what became of a form that an alarm has put to sleep: 我刚才那个居住证还在不."""
        form, said = self._said.asleep if self._said.alarm_open else None, normalise(text)
        if form is None or not asks(said):
            return None
        about = self._said.forms.aside(said) in _OF_FILLING or (form.subject.search(said) and _LEFT.search(said))
        kept = f"{form.kind}_kept"
        return Question((kept,)) if about and kept in self._topics else None

    async def _put_right(self, rest: str, before: tuple[str, Question], parse: Parse) -> Question | None:
        """The question that was meant, as the rest of a message tells that takes the one before it back; what it is
        about may stand in that one alone: 没丢 是到期了, behind a lost identity card."""
        interpreter, read = self._said.readers.interpreter(), await parse(rest)
        if read["triage"]["label"] == "other":
            named = self._said.readers.words.current().named_in(normalise(before[0]))
            if subject := max(named, key=len, default=""):
                rest = f"{subject}{rest}"
                read = await parse(rest)
        interpreter.hear(rest, read)
        if read["triage"]["label"] != "enquiry":
            return None
        question = await interpreter.enquiry(rest, read["topics"], parse, ("", replace(before[1], topics=())))
        return interpreter.with_aspects_of(rest, question, before[1]) if question else None

    def only_asks(self, parse_data: Mapping[str, Any], triage: Triage) -> bool:
        """Whether a message can only be about the question before it: 人话说一下, 不是，我问的是居住证.

        What the model alone takes for a whisper may be one, when it is nothing but the words of a follow-up.
        """
        if self.last is None:
            return False
        interpreter, text = self._said.readers.interpreter(), parse_data["text"]
        if triage.urgent:
            return whispered(triage) and interpreter.only_continues(text)
        return interpreter.corrected(text) is not None and not self._said.other_matter

    @staticmethod
    def vague(meant: Mapping[str, Any]) -> bool:
        """Whether a question has no topic of which it is sure, or no question in its words."""
        if QUESTION not in meant:
            return False
        question = Question.from_json(meant[QUESTION])
        return not question.topics or not (question.precise or asks(normalise(meant["text"])))

    def not_understood(self, form: Form, meant: dict[str, Any]) -> dict[str, Any]:
        """In an open form an unclear question is about its matter, unless it names one of its own; what is no question
        the form itself asks again."""
        text = normalise(meant["text"])
        if not asks(text) and not (QUESTION in meant and Question.from_json(meant[QUESTION]).precise):
            return dialogue(meant, FORM_ANSWER, form.intent)
        named = next((other for other in self._said.forms.forms.values() if other.subject.search(text)), None)
        if named is None and self._said.readers.words.current().read(text).named and QUESTION in meant:
            return meant
        aspects = Question.from_json(meant[QUESTION]).precise if QUESTION in meant else ()
        about = self.about_form((named or form).intent)
        if about and (aspects or named):
            return self.told_with(meant, Question(about[1].topics, aspects))
        return dialogue(meant, FORM_ANSWER, form.intent)

    @property
    def _awaits_officer(self) -> bool:
        """Whether a human was asked for lately."""
        return any(told and told.intent == _HUMAN_SERVICE for told in map(triage_of, self._said.last_messages))

    def told_to_officer(self, alone: Mapping[str, Any], meant: dict[str, Any]) -> dict[str, Any]:
        """What is told to an officer whom its sender asked for, with the matter that it surely names: questions behind
        it are about that. 迁户的事 从铁西迁到大东"""
        ranked, text = alone.get("topics") or (), normalise(str(alone["text"]))
        if meant["triage"]["intent"] != _HUMAN_SERVICE or not ranked or ranked[0]["name"] in _OF_OFFICERS:
            return meant
        triage, likely = Triage.from_json(alone["triage"]), float(ranked[0]["confidence"])
        enquires = triage.label == "enquiry" and not triage.uncertain
        certain = enquires and triage.confidence >= CERTAIN
        named = certain or self._said.readers.interpreter().names_subject(text)
        sure = likely >= (SURE if enquires else SURE_OF_TWO)
        topic = self._said.readers.knowledge.current().choose(str(ranked[0]["name"]), text) if sure else None
        return {**meant, QUESTION: Question((topic.id,)).to_json()} if named and topic else meant

    def told_with(self, parse_data: dict[str, Any], question: Question) -> dict[str, Any]:
        """The message as an enquiry that asks this question; without a topic it is asked back which."""
        if not question.topics:
            return {
                **dialogue(parse_data, "which_topic", parse_data["triage"]["intent"]),
                QUESTION: question.to_json(),
            }
        intent = self._said.readers.knowledge.current().topics[question.topics[0]].intent
        return {**dialogue(parse_data, "enquiry", intent), QUESTION: question.to_json()}

    @cached_property
    def last(self) -> tuple[str, Question] | None:
        """The last thing asked in this conversation, and its words; a question of half an hour ago is forgotten."""
        return self._asked_before(enquires=False)

    def _asked_before(self, *, enquires: bool) -> tuple[str, Question] | None:
        """What a message may stand on. A question whose topic nobody was sure of does not hide the one before it."""
        asked = list(self.all(enquires=enquires))
        handed_in = None if asked or self._said.form else self._said.application
        if handed_in and (about := self.about_form(handed_in.intent)):
            return about
        return next((one for one in asked if one[1].topics), asked[0] if asked else None)

    def taken_up_again(self, text: str) -> tuple[str, Question] | None:
        """The question before the last matter, or before a tip or request, that a text goes back to in its own words;
        None for any other text."""
        text = normalise(text)
        text = _LEADS_IN.sub("", text) or text
        if not _BACK.search(text):
            return None
        asked = [one for one in self.all(among=self._said.earlier_messages) if one[1].topics]
        if not asked:
            return None
        said, between = pieces(text), self._said.other_matter
        latest = "" if between else self.intent_of(asked[0])
        last_words = frozenset[str]().union(*(self._matter(one) for one in asked if self.intent_of(one) == latest))
        last_words |= pieces(normalise(self._said.last_messages[0].text or "")) if between else frozenset()
        others = [one for one in asked if self.intent_of(one) != latest]
        named = self._said.readers.words.current().named_in(text)
        said = frozenset(piece for piece in said if len(piece) > 1 or piece in named)
        shared = [(len((self._matter(one) - last_words) & said), one) for one in others]
        most, earlier = max(shared, key=lambda found: found[0], default=(0, None))
        return earlier if most or (earlier and not between and _GOES_BACK.search(text)) else None

    def _matter(self, asked: tuple[str, Question]) -> frozenset[str]:
        """The pieces of words of a question and of the title of its topic."""
        words, question = asked
        return pieces(f"{normalise(words)} {self._topics[question.topics[0]].title}")

    def all(
        self, *, enquires: bool = False, among: Sequence[UserUttered] | None = None
    ) -> Iterator[tuple[str, Question]]:
        """The last questions and their words, newest first; `among`: of these messages.

        An enquiry also stands on a request or a tip (给开个收条不), and on what was too unclear to be answered.
        """
        oldest = time.time() - REMEMBERED_SECONDS
        for event in self._said.last_messages if among is None else among:
            if event.timestamp < oldest:
                return
            parse_data = event.parse_data or {}
            if asked := parse_data.get(QUESTION):
                yield event.text or "", Question.from_json(asked)
            elif (event.intent or {}).get("name") in _ABOUT_THEIR_INTENT:
                if about := self.about_form(parse_data["triage"]["intent"]):
                    yield about
            elif enquires and (topic := self._topic_after(parse_data)):
                yield event.text or "", Question((topic.id,))

    def _topic_after(self, parse_data: Mapping[str, Any]) -> knowledge.Topic | None:
        """The topic that questions behind a message are about, where it was no question itself."""
        triage = Triage.from_json(parse_data["triage"]) if parse_data.get("triage") else None
        if triage is None or triage.urgent:
            return None
        base = self._said.readers.knowledge.current()
        return base.choose(triage.intent, "") if triage.uncertain else base.goes_on(triage.intent)

    def _chosen_aspects(self) -> tuple[str, ...]:
        """What was asked before the bot asked which topic is meant, and got it by a tap."""
        asked = (self._said.last_messages[0].parse_data or {}).get(QUESTION) if self._said.last_messages else None
        question = Question.from_json(asked) if asked else Question()
        return question.precise if question.choices else ()

    def about_form(self, intent: str, text: str = "") -> tuple[str, Question] | None:
        """Whoever fills in a form, or has just handed it in, asks about it, or about what the text names of it."""
        topic = self._said.readers.knowledge.current().choose(intent, text)
        return (topic.title, Question((topic.id,))) if topic else None

    def after(self, parse_data: dict[str, Any], form: Form) -> dict[str, Any]:
        """A message behind which questions are about this form, or the part of its matter that the message names."""
        about = self.about_form(form.intent, normalise(str(parse_data.get("text") or "")))
        return {**parse_data, QUESTION: about[1].to_json()} if about else parse_data

    def intent_of(self, asked: tuple[str, Question] | None) -> str:
        """The intent that a question was about, or ""."""
        topics = self._said.readers.knowledge.current().topics
        name = asked[1].topics[0] if asked and asked[1].topics else ""
        return topics[name].intent if name in topics else ""

    def _near(self, ranked: Sequence[Mapping[str, Any]], *others: str) -> bool:
        """Whether the first of these topics stands beside the open form."""
        return self._said.form is not None and bool(ranked) and ranked[0]["name"] in (*self._said.form.near, *others)

    @property
    def _topics(self) -> Mapping[str, knowledge.Topic]:
        return self._said.readers.knowledge.current().topics
