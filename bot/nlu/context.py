"""What the conversation so far says about a message: which question it answers, and which it stands on.

The clarifying question: its one-tap answer decides about the message that was unclear, not about the words on the
button. A form's question: "大东路1号" as the answer to "where do you live?" is an address, nobody whispering where to
come. An enquiry without a subject asks about the topic before it. An alarm in plain words stays an alarm in all of
them: it puts an open form to sleep until the alarm is over.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from rasa.shared.core.events import ActiveLoop, Event, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.nlu import forms, knowledge, wording
from bot.nlu.entities import StationEntities
from bot.nlu.form_reader import Reading, read
from bot.nlu.forms import FORM_ANSWER, PHOTO, PHOTO_TEXT, REQUESTED, Form
from bot.nlu.live_file import LiveFile
from bot.nlu.names import asked_names
from bot.nlu.normaliser import normalise
from bot.nlu.publication import QUESTION, selection
from bot.nlu.question import Interpreter, Parse, Question
from bot.nlu.triage import URGENT, Triage, gravity
from bot.nlu.values import spelled_out
from bot.nlu.wording import asks

ONLY_SILENCE = frozenset({f"{URGENT}/silent_call", f"{URGENT}/general_alarm"})
"""Alarms that a bare value can look like."""
SLEEPING = "sleeping_form"
_WORDS_BESIDE = 4
"""Letters that may stand beside the values of a form's answer: 我住, 就是, 号."""
_LETTERS = re.compile(r"[^\W_]")
_REMEMBERED_SECONDS = 30 * 60
_REMEMBERED_MESSAGES = 4
_CERTAIN = 0.8
_THREADS = frozenset({"tip", "help_request", "enquiry"})
_THREAD_CHARACTERS = 120
_LOST = frozenset(f"other/{intent}" for intent in ("off_topic", "gibberish", "test_message", "chitchat", "media_word"))
"""What a detail of a longer story looks like when it is read by itself."""
_ALARMING = re.compile("[救命快杀死刀火抢疼怕砍捅]|流血|出血|有血|打(?!.{0,3}电话|这个|针|疫苗|的)|来人|过来|报警")
"""Words of an alarm that nothing said before explains away."""
_NUMBERS = re.compile(r"[0-9][0-9xX年月日号.\-/ ]*")
_TALK = frozenset(f"other/{intent}" for intent in ("insult", "greeting", "thanks", "goodbye", "bot_identity", "advert"))
"""What is said to the officer, and no answer to a form, however short."""
_WHOLE = _TALK | {"help_request/correction", "help_request/case_followup"}
"""What says all by itself: danger in the words before it was heard when they came, and is not said anew."""
_OFFICER, _NAMES = "enquiry/community_officer", "enquiry/duplicate_name"
_FOLLOWS_CASE, _SERVICES = "help_request/case_followup", "enquiry/bot_services"
_RECEIPT = re.compile(r"(?<![a-z0-9])[a-z]{1,2}\d{8}-?\d{3,6}(?!\d)", re.IGNORECASE)
_OWN_CASE = re.compile(
    r"^我[^打砍杀救急快]{0,5}(?:报警|报案|报的案|案子|求助|举报)[^打砍杀救急快]{0,3}(?:怎么样|咋样|啥样|进度|进展|到哪)"
)
_PROGRESS = re.compile(
    r"好了[吗没不嘛么]|好没好|下来[了吗没不]|下没下来|到哪|进度|进展|批[了没下]|审[核完批]|通过[了没]|过了[吗没]|办完|办成|给办了|能取了|怎么样了|咋样了|有信儿|受理"
)


@dataclass(frozen=True)
class Meaning:
    """A message as the conversation makes it, and what the conversation must know before it."""

    parse_data: dict[str, Any]
    before: tuple[Event, ...] = ()


@dataclass
class Readers:
    """The trainers' files that tell what a message means, followed while they change."""

    forms: LiveFile[forms.Forms] = field(default_factory=forms.live)
    knowledge: LiveFile[knowledge.Knowledge] = field(default_factory=knowledge.live)
    words: LiveFile[wording.Words] = field(default_factory=wording.live)
    entities: StationEntities = field(default_factory=StationEntities.load)

    def interpreter(self) -> Interpreter:
        """The reader of questions as the files are now."""
        return Interpreter(self.knowledge.current(), self.words.current())


class Context:
    """One conversation as it stands when a message arrives."""

    def __init__(self, tracker: DialogueStateTracker, readers: Readers, *, alarm_open: bool, today: date) -> None:
        self._tracker, self._readers, self._alarm_open, self._today = tracker, readers, alarm_open, today
        self._forms = readers.forms.current()

    async def meaning(self, alone: dict[str, Any], joined: dict[str, Any] | None, parse: Parse) -> Meaning:
        """What a text means here. `joined`: the same read together with the fragments before it.

        `parse` reads another text, when a part of this one must be read by itself.
        """
        alone = self._followed(alone)
        parse_data = graver(alone, None if self._whole(alone) else joined)
        triage = Triage.from_json(parse_data["triage"])
        if triage.chosen:
            return Meaning(self._chosen(parse_data, triage))
        form = self._form
        if form and await self._answers(form, alone, joined, parse):
            return Meaning(_dialogue(alone, FORM_ANSWER, form.intent), self._awake())
        before = self._asleep() if self._alarm_open else self._awake()
        if looked_up := self._looked_up(parse_data, triage):
            return Meaning(looked_up, before)
        if not self._only_asks(parse_data, triage):
            parse_data = await self._in_its_thread(parse_data, parse)
            triage = Triage.from_json(parse_data["triage"])
            if triage.urgent:
                return Meaning(parse_data, self._asleep())
        meant = await self._asked(parse_data, triage, parse)
        if form and (self._vague(meant) or (meant is parse_data and triage.uncertain)):
            meant = self._not_understood(form, meant)
        return Meaning(meant, before)

    @staticmethod
    def _whole(alone: Mapping[str, Any]) -> bool:
        """Whether a message needs nothing before it to be understood: thanks, "no need to come any more"."""
        triage = Triage.from_json(alone["triage"])
        return (triage.intent in _WHOLE and triage.confidence >= _CERTAIN) or _is_receipt(alone["text"])

    @staticmethod
    def _followed(alone: dict[str, Any]) -> dict[str, Any]:
        """A question after one's own affair as it is: the model takes it for a faint alarm, or for nothing."""
        triage = Triage.from_json(alone["triage"])
        if _is_receipt(alone["text"]):
            return _read_as(alone, Triage("enquiry", 1.0, _SERVICES), _SERVICES)
        if triage.intent in ONLY_SILENCE and triage.source == "model" and _OWN_CASE.search(alone["text"]):
            return _read_as(alone, Triage("help_request", 1.0, _FOLLOWS_CASE), _FOLLOWS_CASE)
        return alone

    @staticmethod
    def _vague(meant: Mapping[str, Any]) -> bool:
        """Whether a question has no topic of which it is sure, or no question in its words."""
        if QUESTION not in meant:
            return False
        question = Question.from_json(meant[QUESTION])
        return not question.topics or not (question.aspects or asks(normalise(meant["text"])))

    def _not_understood(self, form: Form, meant: dict[str, Any]) -> dict[str, Any]:
        """In an open form an unclear question is about its matter; what is no question the form itself asks again."""
        about = self._about_form(form.intent)
        if about and asks(normalise(meant["text"])):
            aspects = Question.from_json(meant[QUESTION]).aspects if QUESTION in meant else ()
            return self._with(meant, Question(about[1].topics, aspects))
        return _dialogue(meant, FORM_ANSWER, form.intent)

    def photo(self) -> Meaning | None:
        """What a picture means: an answer to the open form that wants pictures, or nothing to the dialogue."""
        form = self._form
        if form is None or not any(entry.kind == PHOTO for entry in form.fields.values()):
            return None
        bare = {"text": PHOTO_TEXT, "entities": [], "intent_ranking": []}
        return Meaning(_dialogue(bare, FORM_ANSWER, form.intent), self._awake())

    # -- forms -------------------------------------------------------------------------------------------------

    @cached_property
    def _form(self) -> Form | None:
        """The form that is open, awake or asleep; what is said in an open alarm is for none."""
        if self._alarm_open:
            return None
        return self._forms.forms.get(self._tracker.active_loop_name or self._tracker.get_slot(SLEEPING) or "")

    async def _answers(self, form: Form, alone: dict[str, Any], joined: dict[str, Any] | None, parse: Parse) -> bool:
        """Whether a message is an answer to the open form, whatever its words look like to the model.

        "2101…" or an address looks like a whisper; a danger beside the value, or one that the safety net sees, is one.
        """
        reading = self._reading(form, alone["text"])
        if not reading:
            return False
        triage, together = Triage.from_json(alone["triage"]), Triage.from_json((joined or alone)["triage"])
        if triage.source == "net" or together.source == "net":
            return False
        if triage.urgent and not self._harmless(reading, alone["text"]):
            if not reading.loose and triage.confidence < _CERTAIN and not _ALARMING.search(alone["text"]):
                return True
            beside = self._beside(reading, alone["text"])
            rest = await parse(beside) if len(_LETTERS.findall(beside)) > _WORDS_BESIDE else None
            return not reading.loose and (rest is None or not Triage.from_json(rest["triage"]).urgent)
        if reading.loose and together.urgent and together.confidence >= _CERTAIN:
            return False
        return not self._talk(reading, triage)

    @staticmethod
    def _harmless(reading: Reading, text: str) -> bool:
        """Whether an answer of a word or two, which the model cannot judge, has nothing of an alarm in it: 来福."""
        return bool(reading.values) and len(_LETTERS.findall(text)) <= _WORDS_BESIDE and not _ALARMING.search(text)

    @staticmethod
    def _beside(reading: Reading, text: str) -> str:
        """What a message says beside the values that it gives."""
        for value in reading.values.values():
            text = text.replace(value, " ") if isinstance(value, str) else text
        return _NUMBERS.sub(" ", spelled_out(text))

    def _reading(self, form: Form, text: str) -> Reading:
        filled = {slot: self._tracker.get_slot(slot) for slot in form.slots if slot in self._tracker.slots}
        requested = self._tracker.get_slot(REQUESTED)
        return read(self._forms, form, requested, text, filled, today=self._today, entities=self._readers.entities)

    @staticmethod
    def _talk(reading: Reading, triage: Triage) -> bool:
        """Whether words that could be any short answer are plainly something else."""
        if not reading.loose or triage.confidence < _CERTAIN:
            return False
        return triage.label in ("help_request", "tip") or triage.intent in _TALK

    def _asleep(self) -> tuple[Event, ...]:
        active = self._tracker.active_loop_name
        return (SlotSet(SLEEPING, active), ActiveLoop(None)) if active else ()

    def _awake(self) -> tuple[Event, ...]:
        sleeping = self._tracker.get_slot(SLEEPING)
        return (ActiveLoop(sleeping), SlotSet(SLEEPING, None)) if sleeping else ()

    # -- threads -----------------------------------------------------------------------------------------------

    async def _in_its_thread(self, parse_data: dict[str, Any], parse: Parse) -> dict[str, Any]:
        """A detail that makes sense only with what its sender wrote just before, read together with that.

        "金色年华 三楼最里面" after a tip belongs to the tip, and a bare address there is no whisper. Danger in plain
        words, and whatever the safety net sees, stays what it is.
        """
        triage = Triage.from_json(parse_data["triage"])
        doubtful = triage.confidence < _CERTAIN or triage.intent in ONLY_SILENCE
        if triage.urgent and _ALARMING.search(parse_data["text"]):
            return parse_data
        thread = self._form_as_thread() or self._thread()
        if not thread or triage.source == "net" or not (doubtful or triage.intent in _LOST or triage.uncertain):
            return parse_data
        words, before = thread
        if before.label == "enquiry" and triage.label in ("enquiry", "other"):
            return parse_data  # a question of its own, or one that stands on the question before it
        joined = await parse(f"{words}，{parse_data['text']}")
        read = Triage.from_json(joined["triage"])
        if read.uncertain or read.source == "net" or (read.urgent and not triage.urgent):
            return graver(parse_data, joined)
        if read.label == before.label:
            return _read_as({**parse_data, "topics": joined.get("topics", ())}, read, before.intent)
        return parse_data

    def _form_as_thread(self) -> tuple[str, Triage] | None:
        """In an open form a message is read behind the question that it answers: "办证理由，在这颠勺"."""
        form = self._form
        if form is None:
            return None
        entry = form.fields.get(self._tracker.get_slot(REQUESTED) or "")
        return f"我要办{form.title}，{entry.title if entry else ''}", Triage("enquiry", 1.0, form.intent)

    def _thread(self) -> tuple[str, Triage] | None:
        """The words of the tip, request or enquiry that the sender is in the middle of telling, and what they were."""
        oldest = time.time() - _REMEMBERED_SECONDS
        words: list[str] = []
        before: Triage | None = None
        for event in self._last_messages:
            told = (event.parse_data or {}).get("triage")
            triage = Triage.from_json(told) if told else None
            if event.timestamp < oldest or triage is None or triage.uncertain or triage.label not in _THREADS:
                break
            if before is not None and triage.label != before.label:
                break
            before = triage if before is None else before
            words.insert(0, (event.text or "")[:_THREAD_CHARACTERS])
        return ("，".join(words), before) if before else None

    # -- questions ---------------------------------------------------------------------------------------------

    async def _asked(self, parse_data: dict[str, Any], triage: Triage, parse: Parse) -> dict[str, Any]:
        text = parse_data["text"]
        before = self._last_question
        wished = self._forms.wished(text, triage.intent) or self._forms.goes_ahead(text, self._intent_of(before))
        if wished and triage.label in ("enquiry", "other", "help_request"):
            return _dialogue(parse_data, f"apply_{wished.kind}", wished.intent)
        if self._asks_progress(text, triage):
            label_intent = triage.intent if triage.intent == _FOLLOWS_CASE else _SERVICES
            return _dialogue(parse_data, "ask_status", label_intent)
        question = await self._question(text, parse_data, triage, parse)
        return self._with(parse_data, question) if question else parse_data

    async def _question(
        self, text: str, parse_data: Mapping[str, Any], triage: Triage, parse: Parse
    ) -> Question | None:
        """What a message asks the knowledge base; None when it asks something else, or nothing."""
        interpreter, before = self._readers.interpreter(), self._last_question
        ranked = parse_data.get("topics") or ()
        if tapped := self._readers.knowledge.current().titled(text):
            return Question((tapped.id,), before[1].aspects if before and before[1].choices else ())
        calm = triage.urgent or triage.label in ("enquiry", "other") or triage.uncertain or triage.confidence < _CERTAIN
        stands_on = before if calm and triage.intent not in _TALK and interpreter.continues(text, ranked) else None
        if stands_on and (question := await interpreter.continued(text, stands_on, parse)):
            return question
        if before and (rest := interpreter.corrected(text)):
            read = await parse(rest)
            if read["triage"]["label"] == "enquiry" and (
                question := await interpreter.enquiry(rest, read["topics"], parse)
            ):
                return interpreter.with_aspects_of(question, before[1])
        if triage.label != "enquiry" or triage.uncertain:
            return None
        return await interpreter.enquiry(text, ranked, parse)

    def _only_asks(self, parse_data: Mapping[str, Any], triage: Triage) -> bool:
        """Whether a message can only be about the question before it: 人话说一下, 不是，我问的是居住证.

        What the model alone takes for a whisper may be one, when it is nothing but the words of a follow-up.
        """
        if self._last_question is None:
            return False
        interpreter, text = self._readers.interpreter(), parse_data["text"]
        whispered = triage.source == "model" and triage.intent in ONLY_SILENCE
        if triage.urgent:
            return whispered and interpreter.only_continues(text)
        return interpreter.corrected(text) is not None

    def _with(self, parse_data: dict[str, Any], question: Question) -> dict[str, Any]:
        if not question.topics:
            return {
                **_dialogue(parse_data, "which_topic", parse_data["triage"]["intent"]),
                QUESTION: question.to_json(),
            }
        intent = self._readers.knowledge.current().topics[question.topics[0]].intent
        return {**_dialogue(parse_data, "enquiry", intent), QUESTION: question.to_json()}

    @cached_property
    def _last_question(self) -> tuple[str, Question] | None:
        """The last thing asked in this conversation, and its words; a question of half an hour ago is forgotten."""
        oldest = time.time() - _REMEMBERED_SECONDS
        for event in self._last_messages:
            if event.timestamp < oldest:
                return None
            if asked := (event.parse_data or {}).get(QUESTION):
                return event.text or "", Question.from_json(asked)
            if (event.intent or {}).get("name") == FORM_ANSWER:
                return self._about_form((event.parse_data or {})["triage"]["intent"])
        return None

    def _about_form(self, intent: str) -> tuple[str, Question] | None:
        """Whoever fills in a form, or has just handed it in, asks about it."""
        topic = self._readers.knowledge.current().choose(intent, "")
        return (topic.title, Question((topic.id,))) if topic else None

    def _intent_of(self, asked: tuple[str, Question] | None) -> str:
        """The intent that a question was about, or ""."""
        topics = self._readers.knowledge.current().topics
        name = asked[1].topics[0] if asked and asked[1].topics else ""
        return topics[name].intent if name in topics else ""

    @cached_property
    def _last_messages(self) -> list[UserUttered]:
        said = [event for event in self._tracker.events if isinstance(event, UserUttered)]
        return said[: -_REMEMBERED_MESSAGES - 1 : -1]

    # -- look-ups ----------------------------------------------------------------------------------------------

    def _looked_up(self, parse_data: dict[str, Any], triage: Triage) -> dict[str, Any] | None:
        """The message as a look-up: an officer by place, a name; also as the answer to "which place?"."""
        about = self._intent_of(self._last_question)
        places = any(entity["entity"] == "place" for entity in parse_data["entities"])
        if places and (triage.intent == _OFFICER or (about == _OFFICER and _may_be_value(parse_data, triage))):
            return _dialogue(parse_data, "look_up_officer", _OFFICER)
        if triage.urgent:
            return None
        if (triage.intent == _NAMES or about == _NAMES) and asked_names(normalise(parse_data["text"])):
            return _dialogue(parse_data, "look_up_name", _NAMES)
        return None

    def _asks_progress(self, text: str, triage: Triage) -> bool:
        """Whether somebody asks how their own case or application stands."""
        if triage.label not in ("enquiry", "help_request", "other"):
            return False
        if triage.intent == _FOLLOWS_CASE or _RECEIPT.search(text):
            return True
        named = any(form.subject.search(text) for form in self._forms.forms.values())
        own = re.search("我的|我那|我办|我申请|上次|前几天|昨天|申请的|提交|交上去", text)
        return bool(_PROGRESS.search(text) and (named or "申请" in text) and own)

    # -- the clarifying question -------------------------------------------------------------------------------

    def _chosen(self, parse_data: dict[str, Any], triage: Triage) -> dict[str, Any]:
        asked = self._unclear_message()
        meant = [option for option in asked.options if option.startswith(f"{triage.label}/")] if asked else []
        return _read_as(parse_data, triage, meant[0]) if meant else parse_data

    def _unclear_message(self) -> Triage | None:
        """The last message that was asked about; None when it has been answered already."""
        for event in reversed(self._tracker.events):
            if isinstance(event, UserUttered) and event.parse_data and "triage" in event.parse_data:
                triage = Triage.from_json(event.parse_data["triage"])
                if triage.chosen:
                    return None
                if triage.uncertain:
                    return triage
        return None


def graver(alone: dict[str, Any], joined: dict[str, Any] | None) -> dict[str, Any]:
    """The graver of a message's readings, alone and together with what came before; the words stay its own."""
    if joined is None or gravity(joined["triage"]["label"]) >= gravity(alone["triage"]["label"]):
        return alone
    return {**joined, "text": alone["text"], "entities": alone["entities"]}


def _is_receipt(text: str) -> bool:
    """Whether a message is nothing but the number of an application."""
    return _RECEIPT.fullmatch(text.strip()) is not None


def _may_be_value(parse_data: Mapping[str, Any], triage: Triage) -> bool:
    """Whether a message is no alarm, or one that a bare value can look like."""
    return not triage.urgent or (triage.source == "model" and triage.intent in ONLY_SILENCE and _bare(parse_data))


def _bare(parse_data: Mapping[str, Any]) -> bool:
    """Whether the message is values with hardly a word beside them."""
    text, entities = parse_data["text"], parse_data["entities"]
    held = {place for entity in entities for place in range(entity["start"], entity["end"])}
    beside = sum(1 for match in _LETTERS.finditer(text) if match.start() not in held)
    return bool(entities) and beside <= _WORDS_BESIDE


def _read_as(parse_data: dict[str, Any], triage: Triage, intent: str) -> dict[str, Any]:
    read = Triage(triage.label, triage.confidence, intent, triage.evidence)
    return {
        **parse_data,
        "intent": {"name": read.label, "confidence": read.confidence},
        "triage": read.to_json(),
        "response_selector": selection(read),
    }


def _dialogue(parse_data: dict[str, Any], name: str, intent: str) -> dict[str, Any]:
    """The message as an intent of the dialogue; for people it counts as the label of `intent`."""
    confidence = float(parse_data["triage"]["confidence"]) if "triage" in parse_data else 1.0
    triage = Triage(intent.partition("/")[0], confidence, intent)
    read = _read_as(parse_data, triage, intent)
    return {**read, "intent": {"name": name, "confidence": 1.0}}
