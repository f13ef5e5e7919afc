"""What the intake says to a message: Rasa's answer, or its own few sentences, and in an alarm the next question."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from sqlalchemy.orm import Session

from bot.duty import case as duty_case
from bot.duty import conversation, escalation
from bot.duty.case import POINTS_BACK
from bot.intake import articles, belonging, kinds, receipts, still_asked, wording
from bot.intake.advice import Entry, Moment, lines_for
from bot.intake.alarm_answers import ANY, proposes
from bot.intake.desk import Desk
from bot.intake.inbox import Claimed, last_said
from bot.intake.manner import Manner, greets_as_a_child, is_mute
from bot.intake.menu import filled, is_tap
from bot.intake.questions import RESCUE, kind_of, messages_of, next_question
from bot.intake.understanding import BotReply, Understanding
from bot.nlu import forms, values
from bot.nlu.corrections import puts_right
from bot.nlu.normaliser import converter, normalise
from bot.nlu.triage import URGENT, WITH_THE_ODDS, Triage
from bot.nlu.unspoken import leaves_contact, only_unheard, reports_nothing, withdraws
from bot.nlu.wording import GUESSES, NOT_KNOWN, asks, size
from bot.services import applications
from bot.services.standing import BEGINS, OF_APPLICATION
from bot.store.models import ApplicationState, Case, CaseState, Message, PageKind

_NO_SUPPLEMENT = frozenset(
    f"other/{intent}"
    for intent in (
        "acknowledgement",
        "thanks",
        "greeting",
        "goodbye",
        "praise",
        "insult",
        "bot_identity",
        "advert",
        "chitchat",
    )
) | {"enquiry/bot_services"}
"""What is said to the officer or asked of the bot, and adds nothing to an application."""
_ABOUT_HERE = "enquiry/bot_services"
_GREETING, _PRAISE, _HEARD = "other/greeting", "other/praise", "other/acknowledgement"
_ANYBODY = re.compile("有人|人呢|在[吗不么嘛没]|还在|咋没人|没人")
_ANY_TIP, _TIP_HOWTO = "tip/general_tip", "enquiry/tip_howto"
_CHEATED = "help_request/fraud_reported_late"
_COMPLAINT = "help_request/complaint_officer"
_CORRECTION, _FOLLOWS_UP = "help_request/correction", "help_request/case_followup"
_WITHOUT_SUBJECT = "enquiry/follow_up"
_OF_THE_CASE = frozenset({_WITHOUT_SUBJECT, "enquiry/case_howto", "enquiry/lost_found_howto"})
"""What a question about the request or tip just told is taken for."""
_UNNAMED = frozenset({"help_request/general_help", "help_request/human_service"})
"""Requests that name no matter: beside a request that has been told they are said of it."""
_TO_THE_OFFICER = frozenset(
    f"help_request/{intent}" for intent in ("human_service", "complaint_officer", "case_followup")
)
"""Requests whose further words are said to the officer: nothing is taken down."""
_PARTING = frozenset(f"other/{intent}" for intent in ("thanks", "goodbye", "praise"))
"""Talk that ends a conversation: there is nothing in it to take down."""
_LOST = frozenset({"missing_child", "missing_adult_at_risk", "found_lost_person"})
_LOST_PET = "help_request/lost_pet"
_SURE_OF_END = 0.85
_SURE_OF_PLAY = 0.95
_SURE_OF_QUESTION = 0.85
_SURELY_CALM, _SLIPPED = 0.95, 0.5
_PLAINLY_ANOTHER = 0.97
"""P of a question on papers from which no line for an alarm fits it, whatever words it has."""
_MATTERS = re.compile(
    "enquiry/(?:idcard_|household_|residence_permit_|dog_|no_crime|passport|driving_licence|hotel_stay|social_security|"
    "city_services|domestic_violence_advice|case_howto|minor_law|legal_aid|complaint_howto|lost_found_howto)"
)
"""What is asked beside an open alarm and can be answered from the knowledge base; the rest is asked of the officer."""
_PAPERS_NAMED = re.compile(
    "身份证|户口|居住证|护照|通行证|港澳|台胞|签证|犬证|狗证|养犬|[办上]证|驾照|驾驶证|驾证|行驶证|无犯罪|社保|医保|公积金|暂住|落户|入户|迁"
    "|分户|补办|证件照|id card|residence permit|passport|visa|licen[cs]e",
    re.IGNORECASE,
)
"""Without these no question in an open alarm is one on papers: 能冻结不 is asked of the money."""
_NOT_OF_PAPERS = frozenset({"domestic_violence_advice", "case_howto", "minor_law", "legal_aid", "complaint_howto"})
"""Matters that are asked about in other words."""
_OF_FORMS = frozenset({"enquiry/dog_licence", "enquiry/residence_permit_apply"})
"""Of those, what nothing said in an alarm is about but a form."""
_OF_AN_ALARM = frozenset(f"enquiry/{intent}" for intent in ("dog_rules", "minor_law", "case_howto", "lost_found_howto"))
"""Of those, what a question about the alarm itself may be taken for: who pays, what about the dog."""
_PAPERS = re.compile("enquiry/(?:idcard_|household_|residence_permit_|dog_licence|passport|driving_licence)")
"""Matters whose answers nobody minds who reads along."""
_NUMBER = re.compile("编号|线索号|[给要有]我?们?没?有?个号|啥号|什么号|号是多少|单号|number", re.IGNORECASE)
"""Words of whoever asks for a tip's number."""
_FORM_ASKS = re.compile(r"（\d{1,2}/\d{1,2}）|愿意办就回“同意”")
"""How a form counts its questions, and asks for consent (`actions/form_questions.py`)."""
_URGED, _FAINT, _SEEN_BESIDE = "now", "faint", "seen_beside"
"""In a case's `asked`: what counts most was said again; the guidance was held back, for it may be no alarm; a question
was answered beside it, and that the officer sees the rest."""
_CALMED, _OF_BLOWS = "calmed", ("danger", "injured")
"""There as well: a fight has stopped, and what need not be asked of it then."""
_SURE_OF_WORSE, _NOTHING_BESIDE = 0.9, 6
"""P of another danger; and the size of words in which there is none beside the help that has come: 大夫来了."""
_LIFE = frozenset({"medical", "poisoning", "fire", "gas_leak", "drowning"})
"""What in an alarm of another kind cannot wait for the officer's answer."""
_BREAKS_OFF = re.compile("回来了|不说了|不写了|不打字了|先不聊")
"""Of whoever must stop writing: he is back."""
_FICTION = "other/fiction"
_FIGHTS = frozenset(
    {"assault", "group_fight", "domestic_violence", "drunk_violent", "violent_threat", "mental_crisis", "general_alarm"}
)
_DESPAIR = "suicide_self"
_OWN_END = frozenset({_DESPAIR, "suicide_other"})
"""Kinds in which a goodbye may be a farewell."""


def to(
    session: Session,
    message: Message,
    claimed: Claimed,
    understanding: Understanding | None,
    triage: Triage | None,
    case: Case | None,
    desk: Desk,
    *,
    now: datetime,
) -> Sequence[BotReply]:
    """What to say to a message that has been filed.

    Nothing while an officer talks with its resident; only a new alarm gets its guidance even then.
    """
    alarmed = case is not None and case.alarm_message_id == message.id
    told_before = case is not None and _told_before(session, message, case)
    if triage is None or (conversation.held(message.resident, now=now) and not alarmed):
        return []
    if case is not None and case.label == URGENT:
        replies = _in_alarm(session, message, understanding, triage, case, desk, now=now)
    elif case is not None and told_before and _adds_to(case, message, claimed, triage):
        replies = [BotReply(_added(session, case, message, understanding, triage, desk))]
    elif understanding and told_before and case is not None and (said := _lined(case, message, triage, desk)):
        replies = [BotReply(said)]
    elif understanding and case is not None and triage.intent in _UNNAMED and leaves_contact(message.text):
        replies = [BotReply(wording.CONTACT_LEFT)]
    elif understanding and case is not None and triage.intent in _UNNAMED and only_unheard(message.text):
        replies = [BotReply(wording.TYPES_ONLY)]
    elif understanding and case is None and not understanding.of_form and wording.asks_to_type(normalise(message.text)):
        replies = [BotReply(wording.TYPING)]
    elif understanding and case is None and not understanding.of_form and greets_as_a_child(message.text):
        replies = [BotReply(wording.CHILD_GREETED)]
    elif understanding and case is None and not understanding.of_form and _only_asked(message, triage):
        replies = [BotReply(wording.NOT_REPORTED)]
    elif understanding and case is None and not understanding.of_form and _announces_play(message, triage):
        replies = [BotReply(wording.DRILL_ANNOUNCED)]
    elif understanding and triage.uncertain and triage.intent == _CHEATED and not understanding.of_form:
        replies = [BotReply(wording.HALF_CHEATED)]
    elif understanding and triage.intent == _GREETING and _calls(session, message, now=now):
        replies = [BotReply(wording.IN_HAND)]
    elif understanding and triage.intent == _COMPLAINT and wording.doubts_caller(normalise(message.text)):
        replies = [BotReply(wording.FRAUD_CALLER)]
    elif understanding and (said := _beside(session, message, understanding, triage, desk, now=now)):
        replies = [BotReply(said)]
    elif understanding and case is not None and not understanding.of_form and wording.is_english(message.text):
        replies = _in_english(case, told_before=told_before)
    elif understanding and (
        said := _promised(session, message, understanding, triage, desk, now=now)
        or _kind_word(session, message, understanding, triage, desk)
    ):
        replies = [BotReply(said)]
    elif understanding and case is None and not understanding.of_form and _is_bare_data(message, triage):
        replies = [BotReply(wording.DATA_ALONE, wording.FORMS_BEGIN)]
    elif understanding:
        replies = [*_with_feeling(message, understanding, triage), *_whether_danger(understanding, triage)]
        replies += [] if told_before else _number(case)
    else:
        replies = [BotReply(_unread(session, message, claimed, triage))]
    urgent = case is not None and case.label == URGENT
    replies = _fitted(session, replies, message, triage, urgent=urgent)
    written = " ".join(one.text for one in case.messages) if case and urgent else message.text
    return [_in_kind(reply, written) for reply in replies]


def _fitted(
    session: Session, replies: list[BotReply], message: Message, triage: Triage, *, urgent: bool
) -> list[BotReply]:
    """Replies as what was written before wants them: nobody mute is told to telephone (an alarm sees to that),
    and no guidance asks for what was told."""
    guides = triage.label in ("help_request", "tip")
    if urgent and not guides:
        return replies
    before = belonging.words_before(session, message)
    if not urgent and is_mute([*before, message]):
        replies = [replace(reply, text=wording.through_others(reply.text)) for reply in replies]
    if guides:
        story = _story(before, message, triage)
        replies = [replace(reply, text=still_asked.only_missing(reply.text, story)) for reply in replies]
    return replies


def _with_feeling(message: Message, understanding: Understanding, triage: Triage) -> list[BotReply]:
    """The model's answer behind a word for the feeling with which it was asked; a form goes on without."""
    word = wording.word_of_feeling(message.text, triage.intent)
    if not word or understanding.of_form or not understanding.replies:
        return list(understanding.replies)
    first, *rest = understanding.replies
    return [replace(first, text=f"{word}\n{first.text}"), *rest]


def _whether_danger(understanding: Understanding, triage: Triage) -> list[BotReply]:
    """The question whether there is danger, behind the guidance to a request that may be an alarm."""
    told = understanding.replies and not any(reply.buttons for reply in understanding.replies)
    asked = triage.uncertain and triage.label == "help_request" and not understanding.of_form
    return [BotReply(wording.WHETHER_DANGER, (wording.DANGER_TAP,))] if told and asked else []


def _story(before: Sequence[Message], message: Message, triage: Triage) -> list[str]:
    """What a resident has just told of the matter of a message, in it and before it."""
    of_it = (one for one in before if (one.triage or {}).get("intent") in {triage.intent, _ANY_TIP, _TIP_HOWTO})
    return [*(one.text for one in of_it), message.text]


def _only_asked(message: Message, triage: Triage) -> bool:
    """Whether who has only asked says that nothing is to be reported: 先不报 就问问."""
    return message.kind == "text" and triage.intent == _HEARD and reports_nothing(message.text)


def _announces_play(message: Message, triage: Triage) -> bool:
    """Whether what is read as fiction tells the station of a drill beforehand: its officers are to know."""
    text = wording.unspaced(message.text)
    return message.kind == "text" and triage.intent == _FICTION and wording.announces_play(text)


def _lined(case: Case, message: Message, triage: Triage, desk: Desk) -> str | None:
    """The line for requests or tips of its kind that answers a message of which it would be asked what it is."""
    if not triage.uncertain or triage.seen_by_net:
        return None
    manner = Manner(english=wording.is_english(message.text), hidden=False)
    fitting = _fitting(case, message, triage, manner, desk, Moment(kind_of(case), calm=True))
    return fitting[1] if fitting and fitting[0].kinds else None


def _kind_word(
    session: Session, message: Message, understanding: Understanding, triage: Triage, desk: Desk
) -> str | None:
    """What praise with something in it is answered with, and praise that goes on: never the same twice running."""
    if triage.intent != _PRAISE or understanding.of_form:
        return None
    moment = Moment(triage.intent.rpartition("/")[2], calm=True)
    line = next((one for one in lines_for(moment, message.text, desk.advice.current().lines) if one.kinds), None)
    if line is not None:
        return line.says
    last = last_said(session, message.resident_id)
    return wording.WARM_AGAIN if any(reply.text and reply.text in last for reply in understanding.replies) else None


def _promised(
    session: Session, message: Message, understanding: Understanding, triage: Triage, desk: Desk, *, now: datetime
) -> str | None:
    """What is said to talk behind a tip that it is a line for: 没别的了 可千万别说是我."""
    if triage.label != "other" or understanding.of_form:
        return None
    told = belonging.latest(session, message, now=now)
    if told is None or told.label != "tip":
        return None
    manner = Manner(english=wording.is_english(message.text), hidden=False)
    fitting = _fitting(told, message, triage, manner, desk, Moment(kind_of(told), calm=True))
    return fitting[1] if fitting else None


def _calls(session: Session, message: Message, *, now: datetime) -> bool:
    """Whether who has a request open asks if anybody is there: 有人吗."""
    return bool(_ANYBODY.search(normalise(message.text))) and belonging.latest(session, message, now=now) is not None


def _unread(session: Session, message: Message, claimed: Claimed, triage: Triage) -> str:
    """What is said where no model has read a message; what was asked back just now is not asked in the same words."""
    if claimed.kind == "text":
        return _unread_words(session, message)
    if triage.label == "enquiry":
        return wording.PICTURE_OF_QUESTION
    last = last_said(session, message.resident_id)
    again = last in wording.ASKED_OF_MEDIA
    if claimed.kind == "voice" and _FORM_ASKS.search(last):
        return wording.VOICE_OF_FORM
    if claimed.kind == "voice":
        return wording.VOICE_AGAIN if again else wording.VOICE_ALONE
    return wording.PICTURE_AGAIN if again and claimed.kind == "image" else wording.MEDIA_ALONE


def _unread_words(session: Session, message: Message) -> str:
    """What is said to words that no model has read: where they were for a form, that they are to be sent once more."""
    if form := forms.live().current().wished(message.text, ""):
        return wording.FORM_NOT_BEGUN.format(says=form.says)
    answers = _FORM_ASKS.search(last_said(session, message.resident_id))
    return wording.ANSWER_NOT_TAKEN if answers else wording.UNREAD


def _is_bare_data(message: Message, triage: Triage) -> bool:
    """Whether somebody sends an identity number, and no form is open that would take it."""
    if message.kind != "text" or triage.label != "other":
        return False
    try:
        return values.identity_number(message.text, today=message.received_at.date()) is not None
    except values.BadValueError:
        return False


def to_photo(session: Session, message: Message, *, now: datetime) -> Sequence[BotReply] | None:
    """What to say to a picture that an officer has asked for, which now is in its application; None for any other."""
    if duty_case.open_alarm(session, message.resident_id, now=now):
        return None  # it is evidence
    application = applications.take_photo(session, message.resident_id, message.id, now=now)
    if application is None:
        return None
    if conversation.held(message.resident, now=now):
        return []
    title = applications.TITLES[application.kind]
    return [BotReply(wording.PHOTO_ADDED.format(title=title, receipt=application.receipt))]


def to_supplement(
    session: Session, message: Message, understanding: Understanding | None, triage: Triage | None, *, now: datetime
) -> Sequence[BotReply] | None:
    """What to say to words that an officer has asked for, which now are in the application; None for any others.

    An alarm, a request of its own, a question, thanks and what answers an open form are none.
    """
    if message.kind != "text" or understanding is None or triage is None or not _may_supplement(understanding, triage):
        return None
    if not duty_case.open_alarm(session, message.resident_id, now=now) and (said := _of_supplement(session, message)):
        return [] if conversation.held(message.resident, now=now) else [BotReply(said)]
    if asks(normalise(message.text)) or duty_case.open_alarm(session, message.resident_id, now=now):
        return None
    loose = triage.label == "other" or triage.uncertain
    application = applications.take_text(session, message.resident_id, message.text, loose=loose, now=now)
    if application is None:
        return None
    if conversation.held(message.resident, now=now):
        return []
    title = applications.TITLES[application.kind]
    return [BotReply(wording.TEXT_ADDED.format(title=title, receipt=application.receipt))]


def _of_supplement(session: Session, message: Message) -> str | None:
    """What to say to words about what an officer has asked for: that it was sent, or what was meant."""
    text = normalise(message.text)
    done, puzzled = wording.says_sent(text), wording.says_puzzled(text)
    application = applications.reasoned(session, message.resident_id) if done or puzzled else None
    if application is None or (done and application.state != ApplicationState.MORE):
        return None
    told = wording.SUPPLEMENT_SENT if done else wording.SUPPLEMENT_WANTED
    told = wording.REFUSED_BECAUSE if application.state == ApplicationState.REJECTED else told
    reason = application.history[-1]["reason"] if application.history else ""
    title = applications.TITLES[application.kind]
    return told.format(title=title, receipt=application.receipt, reason=reason)


def _may_supplement(understanding: Understanding, triage: Triage) -> bool:
    if understanding.of_form or triage.urgent or triage.chosen or triage.intent in _NO_SUPPLEMENT:
        return False
    return triage.label in ("enquiry", "other") or triage.uncertain


def to_event(event: str, desk: Desk) -> Sequence[BotReply]:
    """What an event is answered with when Rasa has no part in it, or none to give."""
    menu, station = desk.menu.current(), desk.roster_file.current().station
    if event == "subscribe":
        return [BotReply(filled(menu.welcome, station))]
    if not is_tap(event):
        return []
    entry = menu.entry(event)
    if entry is None:
        return [BotReply(menu.overview())]
    if entry.shows == "articles":
        return articles.replies(desk.articles.current())
    return [BotReply(filled(entry.answer, station), entry.buttons) if entry.answer else BotReply(wording.TAP_UNREAD)]


def _in_alarm(
    session: Session,
    message: Message,
    understanding: Understanding | None,
    triage: Triage,
    case: Case,
    desk: Desk,
    *,
    now: datetime,
) -> list[BotReply]:
    """The first message gets comfort and guidance, a plain question its answer, the rest a line that fits or a receipt.

    When its resident has said that it is over, talk goes on as before it.
    What is most useful to know next is asked with it, until an officer has taken the case and asks by himself.
    """
    first = case.alarm_message_id == message.id
    if understanding and understanding.of_form and not first and not triage.urgent:
        return list(understanding.replies)  # an officer has the alarm, and the form has been taken up again
    messages = messages_of(session, case)
    before = _written_before(session, case, messages)
    another = triage.urgent and triage.intent != case.intent and triage.confidence >= _SURE_OF_WORSE
    another = another and size(message.text) > _NOTHING_BESIDE and triage.intent not in duty_case.VAGUE
    danger = first or another or _net_sees(message, triage)
    manner = _manner(case, before, messages)
    relief = [] if danger else _relief(case, message, understanding, messages, desk, manner)
    if first:
        kinds.of_first_words(case, triage)
        kinds.retell(case, messages, desk.questions.current())
        if held_back := _held_back(case, triage, _manner(case, before, messages)):
            return [BotReply(held_back)]
    elif duty_case.TOLD_OVER not in case.asked and _is_over(message, triage, case, desk):
        return [BotReply(_ended(session, case, message, messages, desk, manner, now=now))]
    if relief:
        return [BotReply(text) for text in relief]
    if _net_sees(message, triage):
        case.asked = [mark for mark in case.asked if mark != duty_case.RELIEVED]  # he is back
    turned = not first and not wording.says_safe(message.text) and kinds.turn(session, case, triage, message.text)
    if not first:
        turned = kinds.retell(case, messages, desk.questions.current()) or turned
    turned = _no_longer_faint(case, triage) or turned
    manner = _manner(case, before, messages)  # its kind may be another by now
    over = case.resolved_at is not None
    told_over = over or duty_case.TOLD_OVER in case.asked
    bare = wording.unspaced(message.text)
    if told_over and triage.intent == _CORRECTION and wording.may_end(bare) and not wording.goes_on(bare):
        return [BotReply(receipts.SILENT[manner.english] if manner.hidden else wording.RESOLVED_ALREADY)]
    moment = Moment(
        kind_of(case),
        desk.questions.current().scene_of(case, messages, child=manner.child),
        first=first,
        begins=first or turned,
        over=over,
        mute=manner.mute,
        relieved=duty_case.RELIEVED in case.asked,
    )
    alarm = _Alarm(session, message, understanding, triage, case, desk, before, messages, manner, moment, told_over)
    if told_over and message.kind == "text" and wording.goes_on(bare):
        duty_case.not_over(session, case, watch=desk.watch(), now=now)
        return _not_over(replace(alarm, told_over=False, moment=replace(moment, over=False, relieved=False)))
    said = _apart(alarm)
    return said if said is not None else _of_alarm(alarm)


def _manner(case: Case, before: Sequence[Message], messages: Sequence[Message]) -> Manner:
    """The manner that an alarm calls for, by its messages and by what its resident wrote just before them: 我是聋人."""
    return Manner.of(case, [*before, *messages])


def _written_before(session: Session, case: Case, messages: Sequence[Message]) -> list[Message]:
    """What an alarm's resident wrote just before it, and is none of its messages."""
    begun_by = next((one for one in messages if one.id == case.alarm_message_id), None)
    before = belonging.words_before(session, begun_by) if begun_by else ()
    own = {one.id for one in messages}
    return [one for one in before if one.id not in own]


@dataclass(frozen=True)
class _Alarm:
    """A message in an alarm, with what is known of both."""

    session: Session
    message: Message
    understanding: Understanding | None
    triage: Triage
    case: Case
    desk: Desk
    before: Sequence[Message]
    """What was written just before it."""
    messages: Sequence[Message]
    manner: Manner
    moment: Moment
    told_over: bool

    @cached_property
    def doubted(self) -> bool:
        """Whether it is more likely no alarm."""
        return duty_case.in_doubt(self.case)

    @property
    def idle(self) -> bool:
        """Whether in an alarm that is more likely none a question or talk goes on: nobody is urged or asked then."""
        return self.doubted and _is_calm(self.triage) and not wording.cries(self.message.text)

    @cached_property
    def matter(self) -> bool:
        """Whether the message surely asks about a matter of its own."""
        aside = self.told_over or self.doubted
        return not self.moment.first and _asks_a_matter(self.message, self.triage, over=aside)

    @property
    def other_matter(self) -> bool:
        """Whether that can be none that the alarm is about."""
        return self.matter and (self.moment.over or self.triage.intent not in _OF_AN_ALARM)

    def answer(self) -> str | None:
        """What is said to a question that has one answer in such an alarm."""
        kinds_of_case = {self.moment.kind, self.moment.scene, ANY}
        return _answer(self.message, self.understanding, self.manner, self.desk, kinds_of_case)


def _not_over(alarm: _Alarm) -> list[BotReply]:
    """The guidance to who tells of the danger again behind the word that it was over, and the next question."""
    moment, manner, desk = alarm.moment, alarm.manner, alarm.desk
    if manner.hidden:
        return [BotReply(receipts.SILENT[manner.english])]
    fitting = _fitting(alarm.case, alarm.message, alarm.triage, manner, desk, moment)
    advice = desk.advice.current()
    todo = advice.in_english(moment) if manner.english else advice.to_do_now(moment)
    said = (fitting and fitting[1]) or alarm.answer() or manner.aloud(todo)
    again = wording.NOT_OVER_ENGLISH if manner.english else wording.NOT_OVER
    return [BotReply(f"{again}\n{said}".rstrip()), *_next_question(alarm)]


def _apart(alarm: _Alarm) -> list[BotReply] | None:
    """What is said to words that are none of the alarm, or tell that it has passed; None where they are its own."""
    case, triage, manner, moment = alarm.case, alarm.triage, alarm.manner, alarm.moment
    if calmed := _calmed(case, alarm.message, triage, manner):
        return [BotReply(calmed)]
    if _is_shaken(alarm):
        return [BotReply(wording.SHAKEN_ENGLISH if manner.english else manner.aloud(wording.SHAKEN))]
    known = _known(alarm.understanding)
    if known and alarm.doubted and not moment.first and _is_surely_calm(triage):
        return [*_not_twice(alarm, known), *_seen_beside(case, manner)]
    stands_on_it = moment.over and wording.asks_of_the_alarm(normalise(alarm.message.text))
    if stands_on_it and (said := alarm.answer()):
        return [BotReply(said)]
    of_papers = bool(_PAPERS.match(triage.intent))  # what is asked of papers looks like nothing
    faint = manner.hidden and alarm.other_matter and (of_papers or kinds.is_faint_whisper(alarm.session, case))
    seen = not manner.hidden or case.acknowledged_at is not None
    of_form = alarm.other_matter and triage.intent in _OF_FORMS and seen
    # a question on papers and its answer look like nothing, and it may be no whisper at all
    return known if known and (faint or of_form) else None


def _is_shaken(alarm: _Alarm) -> bool:
    """Whether who is out of danger tells of the fright that stays behind."""
    past = alarm.told_over or alarm.moment.relieved
    said = alarm.message.kind == "text" and wording.says_shaken(normalise(alarm.message.text))
    danger = not alarm.moment.over and _net_sees(alarm.message, alarm.triage)
    return past and said and not (danger or receipts.asks_something(alarm.message.text) or alarm.manner.hidden)


def _of_alarm(alarm: _Alarm) -> list[BotReply]:
    """The guidance, a line that fits, an answer or a receipt, and the next question."""
    message, triage, case, manner, moment, desk = (
        *(alarm.message, alarm.triage, alarm.case),
        *(alarm.manner, alarm.moment, alarm.desk),
    )
    begins, over = moment.begins, moment.over
    apart = alarm.other_matter and triage.intent not in _OF_AN_ALARM and triage.confidence >= _PLAINLY_ANOTHER
    fitting = None if apart else _fitting(case, message, triage, manner, desk, moment)
    calm = alarm.matter or (over and triage.intent != _WITHOUT_SUBJECT and not triage.urgent)
    calm = calm and triage.intent != _CORRECTION  # its guidance says that nothing need be done
    calm = calm or (alarm.told_over and triage.label == "other") or (alarm.doubted and _is_calm(triage))
    if not (begins or fitting or manner.hidden) and calm and (known := _known(alarm.understanding)):
        return known
    answer = None
    if fitting and not (_only_mute(fitting[0]) or begins or over):
        answer = _besides(alarm, fitting[0])
    elif not (begins or over):
        answer = alarm.answer() or _worse(case, triage, moment, manner, desk)
    elif over and not fitting and receipts.asks_something(message.text):
        answer = alarm.answer()  # 那能进屋了吗
    if not (answer or fitting or begins or manner.hidden) and alarm.idle:
        return [BotReply(_taken_down(alarm.session, case, message, alarm.messages, _spared(moment), manner, desk))]
    if moment.first or (begins and (not fitting or fitting[0].mute)):
        said = begun(alarm.understanding, manner, fitting, desk.advice.current().in_english(moment))
        if fitting and fitting[0].instead and manner.mute:
            said += _through_others(case, moment, manner, desk)
    elif not (fitting or answer) and not manner.hidden and _parts(triage, moment.kind):
        return [BotReply(manner.aloud(wording.parting(message.text, english=manner.english)))]
    else:
        told = [text for text in (answer, fitting and fitting[1]) if text]
        told = told or [_taken_down(alarm.session, case, message, alarm.messages, moment, manner, desk)]
        said = [BotReply(text) for text in told]
    asked = bool(fitting and fitting[0].asks)
    return said if asked else [*said, *_next_question(alarm)]


def _next_question(alarm: _Alarm) -> list[BotReply]:
    """What is most useful to know next, until an officer has the case or it is over."""
    case, manner = alarm.case, alarm.manner
    if alarm.told_over or alarm.moment.relieved or case.state != CaseState.OPEN:
        return []
    questions = alarm.desk.questions.current()
    ask = next_question(
        case,
        alarm.messages,
        questions,
        english=manner.english,
        hidden=manner.hidden,
        child=manner.child,
        before=alarm.before if alarm.moment.first else (),
    )
    return [BotReply(manner.aloud(ask))] if ask else []


def _spared(moment: Moment) -> Moment:
    """A moment in which nobody is urged to anything."""
    return replace(moment, relieved=True)


def _net_sees(message: Message, triage: Triage) -> bool:
    """Whether the safety net sees danger in a message's own words: those before it, read along, were answered then."""
    text, found = normalise(message.text), [item for item in triage.evidence if item.rule != "model"]
    if not found:
        return triage.source == "net"
    return any(not item.words or any(word in text for word in item.words) for item in found)


def _held_back(case: Case, triage: Triage, manner: Manner) -> str | None:
    """What fits either, to words that are more likely no alarm than one: whoever is locked out is not comforted in
    despair. The guidance comes with the next word of danger; where a life may depend on it, at once."""
    kind = kind_of(case)
    saves = kind in RESCUE - _OWN_END or case.intent in kinds.FROM_AFAR
    if case.silent or manner.hidden or manner.mute or saves or not triage.fainter_than(WITH_THE_ODDS):
        return None
    case.asked = [*case.asked, _FAINT]
    return wording.FAINT_ALARM_ENGLISH if manner.english else manner.aloud(wording.FAINT_ALARM)


def _no_longer_faint(case: Case, triage: Triage) -> bool:
    """Whether guidance that was held back is due now: danger is told once more."""
    due = _FAINT in case.asked and triage.urgent
    if due:
        case.asked = [mark for mark in case.asked if mark != _FAINT]
    return due


def _calmed(case: Case, message: Message, triage: Triage, manner: Manner) -> str | None:
    """What is said to who tells that a fight has stopped; the case stays, and nobody is asked about the blows again."""
    calm = message.kind == "text" and not (manner.hidden or triage.urgent) and kind_of(case) in _FIGHTS
    if not calm or _CALMED in case.asked or not wording.says_calmed(normalise(message.text)):
        return None
    case.asked = list(dict.fromkeys([*case.asked, *_OF_BLOWS, _CALMED]))
    return wording.CALMED_ENGLISH if manner.english else manner.aloud(wording.CALMED)


def _not_twice(alarm: _Alarm, known: list[BotReply]) -> list[BotReply]:
    """The answer to a request; to who goes on with it what fits that, and not the same advice again."""
    message, triage, manner = alarm.message, alarm.triage, alarm.manner
    last = last_said(alarm.session, message.resident_id)
    if triage.label not in ("help_request", "tip") or not any(reply.text in last for reply in known):
        return known
    matter = {triage.label, triage.intent.rpartition("/")[2]}
    if answer := _answer(message, alarm.understanding, manner, alarm.desk, matter):
        return [BotReply(answer)]
    if asks(normalise(message.text)):
        return [BotReply(_officer_will(manner))]
    return [BotReply(wording.ADDED_ENGLISH if manner.english else wording.ADDED[1])]


def _seen_beside(case: Case, manner: Manner) -> list[BotReply]:
    """That the officer sees what else was told, said once beside answers to who may be in no danger."""
    if _SEEN_BESIDE in case.asked:
        return []
    case.asked = [*case.asked, _SEEN_BESIDE]
    return [BotReply(wording.SEEN_BESIDE_ENGLISH if manner.english else wording.SEEN_BESIDE)]


def _besides(alarm: _Alarm, said: Entry) -> str | None:
    """What else is said to a message that asks the bot something and tells something: how long, he does not answer."""
    moment, message, understanding = alarm.moment, alarm.message, alarm.understanding
    advice, answers = alarm.desk.advice.current(), alarm.desk.answers.current()
    lines = [line for line in advice.lines if line.entry.when and line.entry.beside != said.beside]
    for entry in lines_for(moment, message.text, lines):
        if not entry.relief and (words := alarm.manner.of_entry(entry)):
            _note(alarm.case, entry)
            return words
    if understanding is None or not said.beside:
        return None
    found = answers.to(message.text, understanding.asked, {moment.kind, moment.scene, ANY}, surely=True)
    return alarm.manner.of_answer(found) or None if found and found.told and not found.relief else None


def _only_mute(entry: Entry) -> bool:
    """Whether a line answers nothing, and only tells who cannot telephone how others can."""
    return entry.mute and not entry.when


def _through_others(case: Case, moment: Moment, manner: Manner, desk: Desk) -> list[BotReply]:
    """What whoever cannot telephone is told beside a line that stands for the guidance."""
    lines = [line for line in desk.advice.current().lines if _only_mute(line.entry)]
    entries = [entry for entry in lines_for(moment, "", lines) if entry.mark not in case.asked]
    for entry in entries:
        _note(case, entry)
    return [BotReply(manner.of_entry(entry)) for entry in entries]


def _relief(
    case: Case,
    message: Message,
    understanding: Understanding | None,
    messages: Sequence[Message],
    desk: Desk,
    manner: Manner,
) -> list[str]:
    """A warm word to whoever tells that help has come or the danger is past, and what they ask of the bot besides; the
    case stays as it is.

    Nothing where that ends it, or nothing of the kind is told.
    """
    if understanding is None or message.kind != "text" or duty_case.TOLD_OVER in case.asked:
        return []
    if wording.awaits_help(normalise(message.text)):
        return []
    asking = receipts.asks_something(message.text)
    if not asking and _is_over(message, understanding.triage, case, desk):
        return []  # what ends the alarm says so itself
    scene = desk.questions.current().scene_of(case, messages, child=manner.child)
    told = receipts.told_beside(message.text) if asking else message.text
    fitting = lines_for(Moment(kind_of(case), scene), told, desk.advice.current().lines)
    said = next((manner.of_entry(entry) for entry in fitting if entry.relief), "")
    if not said and not asking:
        found = desk.answers.current().to(message.text, understanding.asked, {kind_of(case), scene, ANY})
        said = manner.of_answer(found) if found and found.relief else ""
    if said and duty_case.RELIEVED not in case.asked:
        case.asked = [*case.asked, duty_case.RELIEVED]
    if asking or not said:
        return []  # 120来了，手环你们发吗: what is asked is answered
    if _stays_unseen(case, message, desk) and not manner.hidden:
        said = wording.RELIEVED_UNSEEN_ENGLISH if manner.english else manner.aloud(wording.RELIEVED_UNSEEN)
    return [said, *_beside_relief(case, message, messages, desk, manner)]


def _beside_relief(case: Case, message: Message, messages: Sequence[Message], desk: Desk, manner: Manner) -> list[str]:
    """What a message asks of the bot beside telling that all is well: 人救出来了，我可没露名啊."""
    moment = Moment(kind_of(case), desk.questions.current().scene_of(case, messages), relieved=True)
    lines = [line for line in desk.advice.current().lines if line.entry.beside and not line.entry.relief]
    found = next(lines_for(moment, message.text, lines), None)
    return [said] if found and (said := manner.of_entry(found)) else []


def _stays_unseen(case: Case, message: Message, desk: Desk) -> bool:
    """Whether an alarm's resident wants to be met by nobody who comes: 千万别来敲我家门, now or before.

    Where a life may depend on it nobody is told to stay in.
    """
    if kind_of(case) in RESCUE:
        return False
    lines = [line for line in desk.advice.current().lines if line.entry.unseen]
    said = next(lines_for(Moment(kind_of(case)), message.text, lines), None)
    return said is not None or any(line.entry.mark in case.asked for line in lines)


def _worse(case: Case, triage: Triage, moment: Moment, manner: Manner, desk: Desk) -> str | None:
    """What counts most where a life is surely at stake in an alarm that is about something else; said once."""
    kind = triage.intent.rpartition("/")[2]
    surely = triage.urgent and (triage.seen_by_net or triage.confidence >= _SURE_OF_WORSE)
    mark = f"{_URGED}:{kind}"
    apart = kind in _LIFE - {moment.kind} and moment.kind not in _LOST | _OWN_END and mark not in case.asked
    if not (surely and apart) or manner.hidden:
        return None
    case.asked = [*case.asked, mark]
    advice, of_it = desk.advice.current(), replace(moment, kind=kind, scene="", relieved=False)
    return manner.aloud(advice.in_english(of_it) if manner.english else advice.comfort[0] + advice.to_do_now(of_it))


def _is_over(message: Message, triage: Triage, case: Case, desk: Desk) -> bool:
    """Whether a further message says that it is over: as the model reads it surely, or in plain words of it.

    What the safety net sees is no end of anything.
    """
    lost = kind_of(case) in _LOST
    found = lost and wording.says_found(wording.unspaced(message.text)) and triage.intent == case.intent
    if _net_sees(message, triage) and not found:
        return False
    if desk.net.asks_for_silence(message.text):
        return False
    text = wording.unspaced(message.text)
    if puts_right(text) or wording.is_unwell(text):
        return False
    if kind_of(case) == _DESPAIR:
        return wording.says_mistake(text)  # "you need not come" is no end of it
    if not lost and _BREAKS_OFF.search(text):
        return False
    if (lost and wording.says_worse(text)) or (not lost and wording.says_where(text)):
        return False
    if _takes_back(message, triage) and not triage.uncertain:
        return True
    talk = triage.label == "other" and triage.confidence >= _SURE_OF_PLAY
    made_up = talk and wording.says_made_up(text, read_so=triage.intent == _FICTION)
    over = made_up or wording.says_mistake(text) or wording.says_safe(text)
    return over or (lost and wording.says_found(text))


def _known(understanding: Understanding | None) -> list[BotReply]:
    """The model's answer, unless it is but a choice of guesses: those are asked of the officer who has the alarm."""
    said = list(understanding.replies) if understanding else []
    return [] if any(reply.text.startswith(GUESSES) for reply in said) else said


def _is_told(understanding: Understanding) -> bool:
    """Whether the model's answer is one, and neither a choice of guesses nor the word that it does not know."""
    said = understanding.replies
    return bool(said) and not any(reply.text.startswith((GUESSES, NOT_KNOWN)) for reply in said)


def _asks_a_matter(message: Message, triage: Triage, *, over: bool) -> bool:
    """Whether a message in an alarm surely asks about a matter of its own; a faint reading is most often a detail."""
    text = normalise(message.text)
    if not asks(text) or (not over and wording.asks_of_the_alarm(text)):
        return False
    if triage.intent == _FOLLOWS_UP:
        return triage.confidence >= _SURE_OF_QUESTION
    if triage.label != "enquiry" or triage.intent == _WITHOUT_SUBJECT:
        return False
    named = triage.intent.rpartition("/")[2] in _NOT_OF_PAPERS or bool(_PAPERS_NAMED.search(text))
    return triage.confidence >= _SURE_OF_QUESTION and (over or (named and bool(_MATTERS.match(triage.intent))))


def _is_calm(triage: Triage) -> bool:
    """Whether a message is more likely than not a question or talk; what adds to a request or tip may be the alarm."""
    return triage.label in ("enquiry", "other") and triage.confidence >= WITH_THE_ODDS


def _is_surely_calm(triage: Triage) -> bool:
    """Whether a message is surely no alarm, nor more of one: its resident asks for a locksmith."""
    calm = not (triage.urgent or triage.uncertain or triage.seen_by_net or triage.silent)
    return calm and triage.intent != _CORRECTION and triage.confidence >= _SURELY_CALM


def _parts(triage: Triage, kind: str) -> bool:
    """Whether a message surely ends the talk about an alarm; of whoever despairs it may be a farewell."""
    return triage.intent in _PARTING and triage.confidence >= _SURE_OF_QUESTION and kind not in _OWN_END


def _fitting(
    case: Case, message: Message, triage: Triage, manner: Manner, desk: Desk, moment: Moment
) -> tuple[Entry, str] | None:
    """The line that fits a message, if there is one, with its words; said once, and again to whoever asks."""
    if message.kind != "text":
        return None
    normal = normalise(message.text)
    asking = asks(normal) or proposes(normal)
    intent = triage.intent if triage.confidence >= _SURE_OF_QUESTION else ""
    for entry in lines_for(moment, message.text, desk.advice.current().lines, intent):
        if entry.relief and not moment.calm:
            continue  # in an alarm only `_relief` says that all is well
        again = asking and bool(entry.when)
        if (said := manner.of_entry(entry)) and (again or entry.mark not in case.asked):
            _note(case, entry)
            return entry, said
    return None


def _answer(
    message: Message,
    understanding: Understanding | None,
    manner: Manner,
    desk: Desk,
    kinds_of_case: Collection[str],
    *,
    surely: bool = False,
) -> str | None:
    """What is said to a question that has one answer whatever the scene; none where this manner has none of it."""
    if understanding is None or message.kind != "text" or wording.only_cries(message.text):
        return None
    if puts_right(normalise(message.text)) and not receipts.asks_something(message.text):
        return None  # 不对 他穿的蓝棉袄 is no question, whatever it sounds like
    found = desk.answers.current().to(message.text, understanding.asked, kinds_of_case, surely=surely)
    if found is None or (found.relief and ANY in kinds_of_case):
        return None  # in an alarm only `_relief` says that all is well
    return manner.of_answer(found) or None


def _note(case: Case, entry: Entry) -> None:
    if entry.mark not in case.asked:
        case.asked = [*case.asked, entry.mark]


def begun(
    understanding: Understanding | None, manner: Manner, fitting: tuple[Entry, str] | None, english: str
) -> list[BotReply]:
    """The guidance that a new alarm gets, with the line that fits its words, or that line in its place.

    The model's guidance is in Chinese alone; `english` stands for it.
    """
    if manner.hidden:
        return [BotReply(wording.SILENT_ALARM_ENGLISH if manner.english else wording.SILENT_ALARM)]
    if fitting and fitting[0].instead:
        return [BotReply(fitting[1])]
    beside = [BotReply(fitting[1])] if fitting else []
    if manner.english:
        return [BotReply(manner.aloud(f"{wording.ALARM_ENGLISH}\n{english}".rstrip())), *beside]
    guidance = understanding.replies if understanding else [BotReply(wording.ALARM)]
    return [*(replace(reply, text=manner.aloud(reply.text)) for reply in guidance), *beside]


def _taken_down(
    session: Session,
    case: Case,
    message: Message,
    messages: Sequence[Message],
    moment: Moment,
    manner: Manner,
    desk: Desk,
) -> str:
    """What is said to a message that no line fits."""
    if manner.hidden:
        return receipts.quiet(message, english=manner.english)
    advice = desk.advice.current()
    if manner.english and wording.asks_what_now(message.text) and not advice.listens(moment):
        return manner.aloud(advice.in_english(moment))
    now, last = advice.to_do_now(moment), last_said(session, message.resident_id)
    just_now, promised = (bool(text) and manner.aloud(text) in last for text in (now, wording.ASKED))
    spoken = receipts.Spoken(just_now, promised, urged=_URGED in case.asked)
    said = receipts.of(message, messages, moment, advice, english=manner.english, spoken=spoken)
    if now and now in said and not spoken.urged:
        case.asked = [*case.asked, _URGED]
    return manner.aloud(said)


def _ended(
    session: Session,
    case: Case,
    message: Message,
    messages: Sequence[Message],
    desk: Desk,
    manner: Manner,
    *,
    now: datetime,
) -> str:
    """Take down that its resident calls an alarm over, and say what becomes of it; a guess ends nothing."""
    if wording.says_unsure(wording.unspaced(message.text)):
        return receipts.SILENT[manner.english] if manner.hidden else wording.RESOLVED_UNPROVEN
    case.asked = [*case.asked, duty_case.TOLD_OVER]
    promised = _beside_relief(case, message, messages, desk, manner)
    ended = duty_case.resolve(session, case, message.text, by=message.resident_id, now=now)
    if ended:
        escalation.page_holder(session, case, PageKind.OVER, watch=desk.watch(), now=now)
    if manner.hidden:
        return wording.SILENT_OVER_ENGLISH if manner.english else wording.SILENT_OVER
    said = wording.RESOLVED_UNPROVEN
    if ended:
        of_animal = any((one.triage or {}).get("intent") == _LOST_PET for one in messages)
        said = wording.RESOLVED_FOUND if kind_of(case) in _LOST and not of_animal else wording.RESOLVED
    return "\n".join([wording.closing(message.text, said), *promised])


def _adds_to(case: Case, message: Message, claimed: Claimed, triage: Triage) -> bool:
    """Whether a message only adds to what its resident has told already, so that the advice need not be repeated."""
    if claimed.kind != "text":
        return True
    if _asks_after(message, triage):
        return False
    told = {(one.triage or {}).get("intent") for one in case.messages if one.id != message.id}
    same = triage.label == case.label and triage.intent in {case.intent, _ANY_TIP} | _UNNAMED | told
    same = same or (triage.intent == _FOLLOWS_UP and wording.only_details(message.text))
    unclear = triage.uncertain and any(option.startswith(URGENT) for option in triage.options)
    unclear = unclear and not wording.asks_when(message.text)  # 大概哪天能来
    return not unclear and (same or (case.label == "help_request" and _takes_back(message, triage)))


def _takes_back(message: Message, triage: Triage) -> bool:
    """Whether a message surely says that what was told is over, in words that can; a faint reading of it is most often
    a detail."""
    if triage.intent != _CORRECTION:
        return False
    text = wording.unspaced(message.text)
    if triage.confidence >= _SURE_OF_END:
        return wording.may_end(text)
    return triage.confidence >= _SLIPPED and wording.says_slip(text)


def _asks_after(message: Message, triage: Triage) -> bool:
    """Whether a message asks how one's own affairs stand: the dialogue has looked them up."""
    asks_it = receipts.asks_something(message.text) and not wording.only_rages(message.text)
    return triage.intent == _FOLLOWS_UP and asks_it


def _in_english(case: Case, *, told_before: bool) -> list[BotReply]:
    """What a request or tip in English is answered with: the model's guidance is in Chinese alone."""
    if case.label != "tip":
        return [BotReply(wording.REQUEST_ENGLISH)]
    number = [] if told_before else [BotReply(wording.TIP_NUMBER_ENGLISH.format(number=case.id))]
    return [BotReply(wording.TIP_ENGLISH), *number]


def _added(
    session: Session,
    case: Case,
    message: Message,
    understanding: Understanding | None,
    triage: Triage,
    desk: Desk,
) -> str:
    """What a request or tip that goes on is answered with: that it is over, a line or an answer that fits, or a
    receipt."""
    if _takes_back(message, triage):
        return wording.RESOLVED
    if message.kind == "text" and withdraws(message.text):
        return wording.WITHDRAWN
    if message.kind == "text" and only_unheard(message.text):
        return wording.TYPES_ONLY
    if message.kind == "text" and wording.wants_no_calls(message.text) and not receipts.asks_something(message.text):
        return wording.NO_CALLS
    if told_number := _number_asked(case, message.text):
        return told_number
    manner = Manner(english=message.kind == "text" and wording.is_english(message.text), hidden=False)
    if fitting := _fitting(case, message, triage, manner, desk, Moment(kind_of(case), calm=True)):
        return fitting[1]
    asking = receipts.asks_something(message.text) or proposes(normalise(message.text))
    told = asking or case.intent not in _TO_THE_OFFICER  # 别给我整这些官话 asks for no secrecy
    if told and (answer := _answer(message, understanding, manner, desk, {case.label, kind_of(case)})):
        return answer
    if message.kind == "text" and receipts.asks_something(message.text) and not wording.only_rages(message.text):
        return _officer_will(manner)
    if manner.english:
        return wording.ADDED_ENGLISH
    written = wording.ADDED_TO_TIP if case.label == "tip" else wording.ADDED
    if case.intent in _TO_THE_OFFICER:
        written = wording.FOR_THE_OFFICER
    if case.label == "help_request" and wording.gives_number(message.text):
        return wording.CONTACT_TAKEN
    number = receipts.number(message, messages_of(session, case))
    return written[number % len(written)].format(number=case.id)


def _officer_will(manner: Manner) -> str:
    """That the officer will answer."""
    return wording.ASKED_ENGLISH if manner.english else wording.ASKED


def _beside(
    session: Session, message: Message, understanding: Understanding, triage: Triage, desk: Desk, *, now: datetime
) -> str | None:
    """What is said to a question about what its resident told before: the line that answers it, or that the officer
    will; nothing where it is surely of another matter or surely answered by what is known, or nothing was told."""
    case = belonging.latest(session, message, now=now)
    if case is None or understanding.of_form or triage.label != "enquiry" or not asks(normalise(message.text)):
        return None
    if triage.intent == _ABOUT_HERE and _looked_up(message, understanding):
        return None  # how it stands has been looked up
    told = [one for one in messages_of(session, case) if one.id != message.id]
    if not told or belonging.given_up(told):
        return None  # its own doubt made that case; or nothing is to become of it
    if told_number := _number_asked(case, message.text):
        return told_number
    of_case = triage.intent in _OF_THE_CASE
    apart, manner = not of_case and triage.confidence >= _PLAINLY_ANOTHER, Manner(wording.is_english(message.text))
    fitting = None if apart else _fitting(case, message, triage, manner, desk, Moment(kind_of(case), calm=True))
    if fitting and fitting[0].kinds:
        return fitting[1]  # 会不会打击报复我, of a tip
    if answer := _answer(message, understanding, manner, desk, {case.label, kind_of(case)}, surely=apart):
        return answer
    surely = triage.confidence >= _SURE_OF_QUESTION
    known = surely and triage.intent != _WITHOUT_SUBJECT and _is_told(understanding)
    if known or (not of_case and (surely or _asks_a_matter(message, triage, over=False))):
        return None
    return fitting[1] if fitting else _officer_will(manner)


def _looked_up(message: Message, understanding: Understanding) -> bool:
    """Whether the dialogue has looked up how an application stands, or what was reported another day."""
    another_day = POINTS_BACK.search(message.text) and any(one.text.startswith(BEGINS) for one in understanding.replies)
    return bool(another_day or OF_APPLICATION.search(message.text))


def _told_before(session: Session, message: Message, case: Case) -> bool:
    """Whether a case held words of its resident before this message; pictures alone tell nothing."""
    return belonging.has_words(one for one in messages_of(session, case) if one.id != message.id)


def _number_asked(case: Case, text: str) -> str:
    """A tip's number to whoever asks for it; "" to anybody else."""
    return wording.TIP_NUMBER.format(number=case.id) if case.label == "tip" and _NUMBER.search(text) else ""


def _number(case: Case | None) -> list[BotReply]:
    """A tip's number, told once: whoever stays unnamed can still follow it up."""
    if case is None or case.label != "tip":
        return []
    return [BotReply(wording.TIP_NUMBER.format(number=case.id))]


def _in_kind(reply: BotReply, text: str) -> BotReply:
    """A reply in the characters that its resident writes."""
    if not wording.is_traditional(text):
        return reply
    convert = converter("s2t").convert
    return replace(reply, text=convert(reply.text), buttons=tuple(convert(button) for button in reply.buttons))
