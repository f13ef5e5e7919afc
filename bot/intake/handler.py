"""One message's way from its claim to its effects: ask Rasa, or fall back; then one transaction for everything."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from bot.duty import case as duty_case
from bot.duty import conversation
from bot.intake import belonging, inbox, receipts, replies, wording
from bot.intake.desk import Desk
from bot.intake.inbox import Claimed
from bot.intake.manner import Manner, is_read_along
from bot.intake.questions import messages_of
from bot.intake.understanding import BotReply, Rasa, RasaUnavailableError, Understanding
from bot.nlu import form_reader, forms
from bot.nlu.entities import StationEntities
from bot.nlu.triage import Evidence, Triage, gravity
from bot.store.models import OF_FORM, Case, Media, Message, Reply, WorkState
from bot.store.session import retry_later, still_mine
from bot.wechat.inbound import MEDIA_KINDS
from bot.wechat.outbound import MAX_TEXT_BYTES, Article, Content, split_text, with_buttons

log = structlog.get_logger()

PASSIVE_GRACE = timedelta(seconds=1)
"""How long a reply waits for one of the platform's repetitions to carry it before a customer-service message does."""
_KIND_TITLES = {
    "image": "图片",
    "voice": "语音",
    "video": "视频",
    "shortvideo": "视频",
    "location": "位置",
    "link": "链接",
    "unknown": "其他消息",
}
ATTEMPTS = 5
"""Failures of a kind that nobody foresaw before a human gets the message as it is, and the next one its turn."""
CLAIMS = 12
"""Claims that ended in nothing, not even a failure: what kills the process that handles it is not handled for ever."""


async def understand(rasa: Rasa, claimed: Claimed, desk: Desk) -> Understanding | None:
    """What Rasa says of a message, or of the sentence that a menu tap stands for.

    None when it gives no usable answer in time, or there is nothing in it for Rasa. A picture or a location may be what
    a form waits for; in an alarm they are evidence.
    """
    again = claimed.attempt > 1
    text = claimed.text if claimed.kind == "text" else desk.menu.current().sentence(claimed.event)
    try:
        if claimed.kind == "image" and (claimed.alarm_seen or claimed.of_form or not claimed.alarm_open):
            return await rasa.photo(
                sender=claimed.pseudonym,
                message_id=str(claimed.id),
                redelivery=again,
                alarm_open=claimed.alarm_open,
            )
        if claimed.kind == "location" and claimed.text.strip() and not claimed.alarm_open:
            return await rasa.place(
                sender=claimed.pseudonym, message_id=str(claimed.id), name=claimed.text, redelivery=again
            )
        if not text.strip():
            return None
        if claimed.not_begun and _for_form(claimed.not_begun, text, claimed.received_at.date()):
            text = f"{claimed.not_begun}。{text}"  # the wish before it was never read
        return await rasa.converse(
            sender=claimed.pseudonym,
            message_id=str(claimed.id),
            text=text,
            fragments=claimed.fragments,
            redelivery=again,
            alarm_open=claimed.alarm_open,
            alarm_seen=claimed.alarm_seen,
        )
    except RasaUnavailableError as error:
        log.warning("rasa.unavailable", message_id=claimed.id, reason=str(error))
        return None


def _for_form(says: str, text: str, today: date) -> bool:
    """Whether words give something to the form that begins with others."""
    station_forms = forms.live().current()
    form = next((one for one in station_forms.forms.values() if one.says == says), None)
    if form is None:
        return False
    entities = StationEntities.load()
    given = form_reader.read(station_forms, form, forms.CONSENT, text, {}, today=today, entities=entities)
    return bool(given.values)


def settle(
    session: Session,
    claimed: Claimed,
    understanding: Understanding | None,
    desk: Desk,
    *,
    now: datetime,
    passive: Callable[[], bool],
) -> Content | None:
    """Write everything that follows from a message, in the caller's transaction.

    Returns the passive reply, when `passive()` says that a request of the platform is still waiting for
    one. Nothing happens when another process has claimed the message since: its effects count, not these.
    """
    message = still_mine(session, Message, claimed.id, claimed.attempt)
    if message is None:
        return None
    if message.case_id is None and understanding and understanding.triage.doubted:
        claimed = replace(claimed, net=None)  # the model has weighed what the net found (ADR 005)
    elif message.case_id is None and claimed.net:
        inbox.file_alarm(session, message, claimed.net, desk, now)
    triage = _verdict(claimed, understanding)
    if understanding and not understanding.replies and triage is understanding.triage and not triage.urgent:
        # The dialogue has failed to answer (its actions may be down): nobody is left without one.
        understanding, triage = None, _verdict(replace(claimed, net=None), None)
    if claimed.kind == "text" and claimed.text.strip():
        message.read_by_model = understanding is not None
        message.model = understanding.model if understanding else None
        if understanding and understanding.of_form:
            message.payload = message.payload | {OF_FORM: True}
    if claimed.kind in MEDIA_KINDS and (media_id := message.payload.get("MediaId")):
        session.add(Media(message_id=message.id, media_id=media_id, kind=claimed.kind, due_at=now))
    message.state, message.handled_at = WorkState.DONE, now
    return _file_and_answer(session, message, claimed, understanding, triage, desk, now=now, passive=passive)


def put_back(session: Session, claimed: Claimed, desk: Desk, *, now: datetime, error: str) -> None:
    """Try a message again later; after the last attempt a human gets it, so that it holds up no later message."""
    message = still_mine(session, Message, claimed.id, claimed.attempt)
    if message is None:
        return
    retry_later(message, now=now, error=error, limit=ATTEMPTS)
    if message.state == WorkState.FAILED:
        message.handled_at = now
        triage = _verdict(claimed, None)
        try:
            with session.begin_nested():
                _file_and_answer(session, message, claimed, None, triage, desk, now=now, passive=lambda: False)
        except Exception:
            log.exception("message.not_filed", message_id=message.id)
            if triage and message.case_id is None:
                duty_case.record(session, message, triage, now=now)


def _file_and_answer(
    session: Session,
    message: Message,
    claimed: Claimed,
    understanding: Understanding | None,
    triage: Triage | None,
    desk: Desk,
    *,
    now: datetime,
    passive: Callable[[], bool],
) -> Content | None:
    if claimed.kind == "event" and triage is None:
        return _answer_event(session, message, claimed, understanding, desk, now=now, passive=passive)
    if claimed.kind == "image" and understanding is None:
        added = replies.to_photo(session, message, now=now)
        if added is not None:
            return _post(session, message, None, added, now=now, passive=passive)
    supplement = replies.to_supplement(session, message, understanding, triage, now=now)
    if supplement is not None and triage:
        message.triage = triage.to_json()
        return _post(session, message, None, supplement, now=now, passive=passive)
    if triage:
        if claimed.kind in _KIND_TITLES and understanding is None:
            triage = belonging.of_media(session, message, triage, now=now)
        elif message.case_id is None:
            belonging.take_media(session, message, triage, now=now)
        if understanding and claimed.kind == "text" and understanding.triage is triage:
            triage = belonging.of_words(session, message, triage, now=now)
            understanding = replace(understanding, triage=triage)
        heard = in_its_alarm(session, message, triage, desk, now)
        case = duty_case.file_message(session, message, heard, watch=desk.watch(), now=now)
        message.triage = triage.to_json()
    else:
        case = duty_case.open_alarm(session, message.resident_id, now=now)
        message.case = case
    # A reply of the model that lost to the net's alarm was meant for something calmer.
    answered = understanding if understanding and understanding.triage is triage else None
    said = replies.to(session, message, claimed, answered, triage, case, desk, now=now)
    return _post(session, message, case, said, now=now, passive=passive)


def _answer_event(
    session: Session,
    message: Message,
    claimed: Claimed,
    understanding: Understanding | None,
    desk: Desk,
    *,
    now: datetime,
    passive: Callable[[], bool],
) -> Content | None:
    """Answer a menu tap or a new follower, unless an officer talks with them. Nothing is filed; in an alarm in
    which somebody may read along the answer looks like nothing.

    Rasa's question back to an unclear message promises an officer, so it is no answer to what is not filed.
    """
    if conversation.held(message.resident, now=now):
        return None
    clear = understanding is not None and not understanding.triage.uncertain
    said = understanding.replies if understanding and clear else replies.to_event(claimed.event, desk)
    if not said:
        return None
    alarm = duty_case.open_alarm(session, message.resident_id, now=now)
    if alarm and (manner := Manner.of(alarm, messages_of(session, alarm))).hidden:
        said = [BotReply(receipts.SILENT[manner.english])]
    return _post(session, message, alarm, said, now=now, passive=passive)


def in_its_alarm(session: Session, message: Message, triage: Triage, desk: Desk, now: datetime) -> Triage:
    """A triage as it counts for the alarm it belongs to.

    By itself a bare address looks like a silent call; as the answer to "where are you" it does not, and officers must
    not be told to stay off the phone. There only plain words ("别打电话") make the alarm a silent one; the net reads no
    pinyin, so there the model's word counts.
    """
    alarm = duty_case.open_alarm(session, message.resident_id, now=now)
    if alarm is None or alarm.alarm_message_id == message.id:
        return _told_silent(session, message, triage, desk) if triage.urgent and not triage.silent else triage
    pinyin = triage.silent and wording.is_pinyin(message.text)
    silent = desk.net.asks_for_silence(message.text) or is_read_along(message.text, alarm.intent)
    return replace(triage, silent=pinyin or silent)


def _told_silent(session: Session, message: Message, triage: Triage, desk: Desk) -> Triage:
    """A new alarm as a silent one where its resident has said just before that they must not or cannot be called, or
    says that whom it is about reads along."""
    silent = is_read_along(message.text, triage.intent) or any(
        desk.net.asks_for_silence(one.text) for one in belonging.words_before(session, message)
    )
    return replace(triage, silent=silent)


def _verdict(claimed: Claimed, understanding: Understanding | None) -> Triage | None:
    """The graver of the model's triage and the net's; without both, a request that a human must look at.

    A menu tap is no word of the resident's, so it files no case: "how is my alarm" from the menu is no new request.
    Only a sentence that a trainer wrote as an emergency is one, for its answer says that an officer has been paged.
    """
    if claimed.kind == "event":
        return understanding.triage if understanding and understanding.triage.urgent else None
    readings = [reading for reading in (understanding and understanding.triage, claimed.net) if reading]
    if readings:
        return min(readings, key=lambda reading: gravity(reading.label))
    evidence: tuple[Evidence, ...]
    if claimed.kind in _KIND_TITLES:
        evidence = (Evidence("media", (_KIND_TITLES[claimed.kind],)),)
    elif claimed.kind == "text" and claimed.text.strip():
        evidence = ()
    else:
        return None
    return Triage(
        label="help_request",
        confidence=0.0,
        intent="help_request/general_help",
        evidence=evidence,
        source="net",
        uncertain=True,
    )


def _post(
    session: Session,
    message: Message,
    case: Case | None,
    said: Sequence[BotReply],
    *,
    now: datetime,
    passive: Callable[[], bool],
) -> Content | None:
    """Put the replies into the outbox; the first is the passive one if a request is waiting for it."""
    contents = _contents(said)
    if not contents:
        return None
    now_passive = passive()
    for number, content in enumerate(contents):
        first = number == 0 and now_passive
        article = content if isinstance(content, Article) else None
        session.add(
            Reply(
                resident_id=message.resident_id,
                message_id=message.id,
                case_id=case.id if case else None,
                text=article.as_text() if article else content,
                article=asdict(article) if article else None,
                via="passive" if first else "custom",
                state=WorkState.DONE if first else WorkState.PENDING,
                sent_at=now if first else None,
                created_at=now,
                due_at=now + PASSIVE_GRACE,
            )
        )
    return contents[0] if now_passive else None


def _contents(said: Sequence[BotReply]) -> list[Content]:
    """The messages that the replies make: cards first, each one by itself; the texts together, as few as possible."""
    cards = [reply.article for reply in said if reply.article]
    texts = [with_buttons(reply.text, reply.buttons) for reply in said if reply.text]
    return [*cards, *split_text("\n\n".join(texts), MAX_TEXT_BYTES)]
