"""One conversation as it stands when a message arrives: its last messages, the form that is open."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, partial
from itertools import islice

from rasa.shared.core.events import ActiveLoop, BotUttered, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.nlu import forms, knowledge, known_questions, wording
from bot.nlu.embedding import meaning_of, own_meaning_of
from bot.nlu.entities import StationEntities
from bot.nlu.fact_choice import Embed
from bot.nlu.forms import FORM_ANSWER, REQUESTED, Form
from bot.nlu.known_questions import ALARMS, FORMS, KnownQuestions
from bot.nlu.live_file import LiveFile
from bot.nlu.question import Interpreter
from bot.nlu.stopped import stopped_form
from bot.nlu.telling_words import FOLLOWS_CASE, RECEIPT
from bot.nlu.triage import CASE_LABELS, Triage
from bot.nlu.wording import asks, squeezed

SLEEPING = "sleeping_form"
"""The slot of a form that an alarm has put to sleep."""
REMEMBERED_SECONDS = 30 * 60
_REMEMBERED_MESSAGES, _TAKEN_UP_FROM = 4, 12
"""How many messages a new one may stand on, and among how many it may take up an earlier matter again in its words."""
_APPLICATION_SECONDS = 60 * 24 * 60 * 60
"""An application handed in so long ago is what a question without a subject is about."""
_THE_FORM = re.compile("[那这]个?证|的证|申请|填的?那?个?表")
"""Words for the form that one was filling in, beside its name."""
_ASKS_TO_GO_ON = re.compile(
    "(?:继续|接着|往下)(?:办|填|弄|整|来|登|搞)*(?:吧|吗|不|嘛|么|呗|行不|可以)|还(?:能|可以)?(?:继续|接着)"
)
"""Whether to go on, asked of a form that an alarm has put to sleep: 居住证还继续吗."""
_WHERE_IT_STOOD = re.compile("(?:刚才|刚刚|前面|上回|上次|咱们?)*(?:说|填|写|问|整|办|弄)到(?:哪|第?几)[儿里步项]?了?")
"""Where one was, asked of a form that is taken up in the same breath."""
_LEFT = re.compile("交没交|交了|交上|提交|办好|办完|下来|批")
"""Whether it was handed in, which nobody has to take it up for."""
_FILLED_SO_FAR = re.compile("填(?:到|了)(?:哪|第?几|多少)|填的(?:还在|那个|那份)")
_HELP_THERE = re.compile(
    "(?:警察|民警|警官|公安|你们的?人|救护车|120|119|消防)[^，,。 不没]{0,6}"
    "(?:来了|到了|到场|上楼|进(?:屋|来|去)了|带走|拉走|抓)"
    "|[让被](?:警察|民警|救护车|你们)[^，,。 不没]{0,4}(?:带走|拉走|抓)"
)
"""That police, an ambulance or the fire brigade have come."""
_CASE_LINE = re.compile("^·", re.MULTILINE)
"""A case among the lines that tell how one's own affairs stand."""


def triage_of(event: UserUttered) -> Triage | None:
    """What a message of the conversation was taken for; None where no model has read it."""
    told = (event.parse_data or {}).get("triage")
    return Triage.from_json(told) if told else None


@dataclass
class Readers:
    """The trainers' files that tell what a message means, followed while they change."""

    forms: LiveFile[forms.Forms] = field(default_factory=forms.live)
    knowledge: LiveFile[knowledge.Knowledge] = field(default_factory=knowledge.live)
    words: LiveFile[wording.Words] = field(default_factory=wording.live)
    asked_in_alarms: LiveFile[KnownQuestions] = field(default_factory=partial(known_questions.live, ALARMS))
    asked_in_forms: LiveFile[KnownQuestions] = field(default_factory=partial(known_questions.live, FORMS))
    entities: StationEntities = field(default_factory=StationEntities.load)
    embed: Embed = meaning_of
    own: Embed = own_meaning_of

    def interpreter(self) -> Interpreter:
        """The reader of questions as the files are now."""
        return Interpreter(self.knowledge.current(), self.words.current(), self.embed)


class Conversation:
    """What was said and done in one conversation."""

    def __init__(
        self,
        tracker: DialogueStateTracker,
        readers: Readers,
        *,
        alarm_open: bool,
        alarm_seen: bool = False,
        today: date,
    ) -> None:
        """`alarm_open`: an alarm of this resident is not over; `alarm_seen`: an officer has it."""
        self.tracker, self.readers, self.today = tracker, readers, today
        self.alarm_open, self.alarm_seen = alarm_open, alarm_open and alarm_seen
        self.forms = readers.forms.current()

    @cached_property
    def form(self) -> Form | None:
        """The form that is open, awake or asleep; what is said in an open alarm is for none, unless its sender has
        taken it up again (`takes_up`): the alarm puts to sleep the one that was open before it."""
        awake = self.tracker.active_loop_name
        if self.alarm_open and not (awake and (self.alarm_seen or self._was_taken_up)):
            return None
        return self.forms.forms.get(awake or self.tracker.get_slot(SLEEPING) or "")

    @property
    def _was_taken_up(self) -> bool:
        """Whether the form that is awake had been put to sleep by an alarm: a form that goes on while the safety net
        alone has seen one has not, and what is said there may be more of the alarm."""
        woken: str | None = None
        for event in reversed(self.tracker.events):
            if isinstance(event, SlotSet) and event.key == SLEEPING:
                woken = event.value or ""
            elif isinstance(event, ActiveLoop) and event.name:
                return woken == ""
        return False

    @property
    def _help_has_come(self) -> bool:
        """Whether one of the last two messages tells that help is there already: 警察上楼了 把男的带走了."""
        return any(_HELP_THERE.search(event.text or "") for event in self.last_messages[:2])

    def takes_up(self, text: str) -> Form | None:
        """The form asleep that a text takes up again in so many words, in an open alarm: by its name, or by "go on"
        where an officer has the alarm."""
        asleep = self.asleep if self.alarm_open else None
        if asleep is None:
            return None
        text = squeezed(text)
        named, aside = asleep.subject.search(text) or _THE_FORM.search(text), self.forms.aside(text)
        if named and aside in ("missing", "review") and not _LEFT.search(text):
            return asleep  # 居住证还剩啥没填
        leaves = asleep.subject.sub("", text)
        if named and (self.forms.cancels(leaves) or self.forms.puts_off(leaves)):
            return asleep  # 狗证先不办了
        if _FILLED_SO_FAR.search(text):
            return asleep
        if asks(_WHERE_IT_STOOD.sub("", text)) and not _ASKS_TO_GO_ON.search(text):
            return None
        resumes = aside == "resume" or _ASKS_TO_GO_ON.search(text)
        goes_on = resumes and (self.alarm_seen or named or self._help_has_come)
        return asleep if goes_on or self.forms.wished(text, "") is asleep else None

    @property
    def last_intent(self) -> str:
        """What the message before this one was taken for."""
        return next((triage.intent for triage in map(triage_of, self.last_messages[:1]) if triage), "")

    @property
    def asleep(self) -> Form | None:
        """The form that an alarm has put to sleep."""
        return self.forms.forms.get(self.tracker.get_slot(SLEEPING) or "")

    @property
    def handed_in(self) -> bool:
        """Whether a form was handed in during the last few messages."""
        if self.form is not None or not self.last_messages:
            return False
        oldest = self.last_messages[-1].timestamp
        said = (event for event in reversed(self.tracker.events) if isinstance(event, BotUttered))
        return any(RECEIPT.search(event.text or "") for event in said if event.timestamp >= oldest)

    @cached_property
    def application(self) -> Form | None:
        """The form that was handed in, where that is the last matter of one's own told here, by its receipt number."""
        oldest = time.time() - _APPLICATION_SECONDS
        for event in reversed(self.tracker.events):
            if event.timestamp < oldest:
                return None
            if isinstance(event, BotUttered) and RECEIPT.search(event.text or ""):
                told = [form for form in self.forms.forms.values() if f"{form.title}申请" in (event.text or "")]
                return told[0] if len(told) == 1 and not _CASE_LINE.search(event.text or "") else None
            if isinstance(event, UserUttered) and self._opens_case(event):
                return None
        return None

    @staticmethod
    def _opens_case(event: UserUttered) -> bool:
        told = (event.parse_data or {}).get("triage")
        triage = Triage.from_json(told) if told else None
        return triage is not None and triage.label not in ("enquiry", "other") and triage.intent != FOLLOWS_CASE

    def form_as_thread(self) -> tuple[str, Triage] | None:
        """In an open form a message is read behind the question that it answers: "办证理由，在这颠勺"."""
        form = self.form
        if form is None:
            return None
        entry = form.fields.get(self.tracker.get_slot(REQUESTED) or "")
        return f"我要办{form.title}，{entry.title if entry else ''}", Triage("enquiry", 1.0, form.intent)

    @cached_property
    def last_messages(self) -> list[UserUttered]:
        """The last few messages, newest first."""
        return self.earlier_messages[:_REMEMBERED_MESSAGES]

    @cached_property
    def earlier_messages(self) -> list[UserUttered]:
        """The messages that are still remembered, newest first."""
        said = [event for event in self.tracker.events if isinstance(event, UserUttered)]
        return said[: -_TAKEN_UP_FROM - 1 : -1]

    @cached_property
    def bot_said(self) -> str:
        """The bot's last words."""
        return next((event.text or "" for event in self._replies()), "")

    @property
    def stopped(self) -> Form | None:
        """The form that was stopped, where nothing else of an application was told since."""
        return stopped_form(event.text or "" for event in self._replies())

    def bot_said_lately(self, replies: int) -> str:
        """The bot's last words, as many replies of them that are not forgotten yet."""
        oldest = time.time() - REMEMBERED_SECONDS
        said = (event.text or "" for event in self._replies() if event.timestamp >= oldest)
        return "\n".join(islice(said, replies))

    def _replies(self) -> Iterator[BotUttered]:
        return (event for event in reversed(self.tracker.events) if isinstance(event, BotUttered))

    @property
    def answered_before(self) -> bool:
        """Whether the last message was an answer to the form."""
        last = next(iter(self.last_messages), None)
        return last is not None and (last.intent or {}).get("name") == FORM_ANSWER

    @property
    def other_matter(self) -> bool:
        """Whether the last message was a request or a tip, in the middle of a form or of talk."""
        return any(told and told.label in ("help_request", "tip") for told in map(triage_of, self.last_messages[:1]))

    @property
    def in_case(self) -> bool:
        """Whether a message may be about an alarm, a request or a tip of its sender's."""
        return self.alarm_open or self.has_told(*CASE_LABELS)

    def has_told(self, *labels: str) -> bool:
        """Whether anything of these labels stands in the conversation."""
        said = (event for event in self.tracker.events if isinstance(event, UserUttered))
        return any(((event.parse_data or {}).get("triage") or {}).get("label") in labels for event in said)
