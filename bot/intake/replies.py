"""What the intake says to a message: Rasa's answer, or its own few sentences, and in an alarm the next question."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from bot.duty import case as duty_case
from bot.duty import conversation
from bot.intake import articles, wording
from bot.intake.desk import Desk
from bot.intake.inbox import Claimed
from bot.intake.menu import filled, is_tap
from bot.intake.questions import AlarmQuestions, messages_of, next_question
from bot.intake.understanding import BotReply, Understanding
from bot.nlu.normaliser import converter, simplified
from bot.nlu.triage import URGENT, Triage
from bot.services import applications
from bot.store.models import Case, CaseState, Message

_CORRECTION, _FOLLOWS_UP = "help_request/correction", "help_request/case_followup"


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
    if triage is None or (conversation.held(message.resident, now=now) and not alarmed):
        return []
    if case is not None and case.label == URGENT:
        replies = _in_alarm(session, message, understanding, triage, case, desk, now=now)
    elif understanding and case is not None and _adds_to(case, message, triage):
        replies = [BotReply(wording.ADDED_TO_TIP.format(number=case.id) if case.label == "tip" else wording.ADDED)]
    elif understanding:
        replies = [*understanding.replies, *_number(message, case)]
    else:
        replies = [BotReply(wording.MEDIA_ALONE if claimed.kind != "text" else wording.UNREAD)]
    written = " ".join(one.text for one in case.messages) if case and case.label == URGENT else message.text
    return [_in_kind(reply, written) for reply in replies]


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


def to_event(event: str, desk: Desk) -> Sequence[BotReply]:
    """What an event is answered with when Rasa has no part in it, or none to give."""
    menu, station = desk.menu.current(), desk.roster().station
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
    """The first message gets comfort and guidance, a plain question its answer, the rest a receipt.

    When its resident has said that it is over, talk goes on as before it.
    What is most useful to know next is asked with it, until an officer has taken the case and asks by himself.
    """
    first = case.alarm_message_id == message.id
    messages = messages_of(session, case)
    english = not case.silent and any(wording.is_english(one.text) for one in messages)
    if not first and triage.intent == _CORRECTION:
        ended = duty_case.resolve(session, case, message.text, now=now)
        return [BotReply(_resolved(case, ended=ended))]
    over = case.resolved_at is not None
    asks = over or triage.label == "enquiry" or triage.intent == _FOLLOWS_UP
    if not first and understanding and asks and not case.silent:
        return list(understanding.replies)
    questions = desk.questions.current()
    receipt = BotReply(_receipt(case, questions, english=english))
    said = _guidance(understanding, case, english=english) if first else [receipt]
    if over or case.state != CaseState.OPEN:
        return said
    ask = next_question(case, messages, questions, english=english)
    return [*said, BotReply(ask)] if ask else said


def _guidance(understanding: Understanding | None, case: Case, *, english: bool) -> list[BotReply]:
    if case.silent:
        return [BotReply(wording.SILENT_ALARM)]
    if english:
        return [BotReply(wording.ALARM_ENGLISH)]
    return list(understanding.replies) if understanding else [BotReply(wording.ALARM)]


def _receipt(case: Case, questions: AlarmQuestions, *, english: bool) -> str:
    if case.silent:
        return wording.SILENT_RECEIPT
    return wording.RECEIPT_ENGLISH if english else questions.receipt(case) or wording.RECEIPT


def _resolved(case: Case, *, ended: bool) -> str:
    if case.silent:
        return wording.SILENT_RECEIPT
    return wording.RESOLVED if ended else wording.RESOLVED_UNPROVEN


def _adds_to(case: Case, message: Message, triage: Triage) -> bool:
    """Whether a message only adds to what its resident has told already, so that the advice need not be repeated."""
    return case.opened_at < message.received_at and triage.intent == case.intent and not triage.uncertain


def _number(message: Message, case: Case | None) -> list[BotReply]:
    """A tip's number, told once: whoever stays unnamed can still follow it up."""
    if case is None or case.label != "tip" or case.opened_at < message.received_at:
        return []
    return [BotReply(wording.TIP_NUMBER.format(number=case.id))]


def _in_kind(reply: BotReply, text: str) -> BotReply:
    """A reply in the characters that its resident writes."""
    if not wording.is_traditional(text, simplified(text)):
        return reply
    convert = converter("s2t").convert
    return replace(reply, text=convert(reply.text), buttons=tuple(convert(button) for button in reply.buttons))
