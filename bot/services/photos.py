"""Photos for applications: what is wrong with one that has been fetched, or could not be, and asking for another."""

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.services import applications
from bot.store.models import PHOTO_PROBLEM, Media, Message, MessageId, Reply

LOST = "lost"
_PROBLEMS = {
    "no_picture": "打不开，不是照片文件（要JPG、PNG、WebP或HEIC格式）",
    "too_large": "太大了，超过10MB",
    "too_small": "太小了，不到5KB，看不清",
    LOST: "没有传过来",
}
_LEAST_BYTES, _MOST_BYTES = 5 * 1000, 10 * 1024 * 1024
_OF_FORM = "您刚才发来办证的照片{problem}。请重新拍一张，直接发在这里。"
_OF_APPLICATION = (
    "您{title}申请（受理号{receipt}）里的照片“{photo}”{problem}。请重新发一张，直接发在这里，会自动归到这份申请里。"
)
_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
_HEIF = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"))


def problem_with(content: bytes) -> str | None:
    """What makes a file useless as a photo: by what it holds, whatever its sender calls it."""
    webp = content[:4] == b"RIFF" and content[8:12] == b"WEBP"
    heif = content[4:8] == b"ftyp" and content[8:12] in _HEIF
    if not (content.startswith(_STARTS) or webp or heif):
        return "no_picture"
    if len(content) > _MOST_BYTES:
        return "too_large"
    return "too_small" if len(content) < _LEAST_BYTES else None


def useless(session: Session, numbers: Iterable[MessageId]) -> list[MessageId]:
    """Which of these pictures turned out to be of no use."""
    messages = session.scalars(sa.select(Message).where(Message.id.in_(list(numbers))).order_by(Message.id))
    return [message.id for message in messages if PHOTO_PROBLEM in message.payload]


def judged(session: Session, media: Media, problem: str | None, *, now: datetime) -> None:
    """Note what is wrong with a picture, and tell its resident once, if it is for an application.

    One that arrives after all is not missing any more.
    """
    if media.kind != "image":
        return
    message = session.get_one(Message, media.message_id, with_for_update=True)
    known = message.payload.get(PHOTO_PROBLEM)
    if known == LOST and problem is None:
        message.payload = {name: value for name, value in message.payload.items() if name != PHOTO_PROBLEM}
    if known or not problem or not (text := _told(session, message, problem)):
        return
    message.payload = {**message.payload, PHOTO_PROBLEM: problem}
    session.add(
        Reply(
            resident_id=message.resident_id,
            message_id=message.id,
            case_id=message.case_id,
            text=text,
            created_at=now,
            due_at=now,
        )
    )


def _told(session: Session, message: Message, problem: str) -> str | None:
    """What to tell the resident; None when the picture is for no application."""
    if place := applications.place_of(session, message):
        application, photo = place
        return _OF_APPLICATION.format(
            title=applications.TITLES[application.kind],
            receipt=application.receipt,
            photo=applications.photo_title(application, photo),
            problem=_PROBLEMS[problem],
        )
    # Only as the answer to a form's question does a picture belong to an enquiry.
    answers_form = (message.triage or {}).get("label") == "enquiry"
    return _OF_FORM.format(problem=_PROBLEMS[problem]) if answers_form else None
