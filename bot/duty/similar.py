"""Cases that may be about the same thing: shown to an officer with the reason, never merged by itself."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import SequenceMatcher

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.nlu.catalogue import title_of
from bot.nlu.entities import KINDS, named_in
from bot.store.models import Case, CaseId, CaseState, Message

WITHIN = timedelta(hours=6)
NEAR_METRES = 300
_LOOKED_AT, _SHOWN = 60, 5
_TEXT_CHARACTERS = 1000
_ALIKE, _FEWEST_PAIRS = 0.6, 6
"""What share of the shorter one's pairs of characters the other has to have, and how many pairs say anything."""
_EARTH_METRES = 6_371_000
_DISTRICT = r"[一-鿿]{2,3}(?:省|市)|[一-鿿]{2}区"
_GENERIC = re.compile(
    rf"{_DISTRICT}|小区|社区|家园|花园|公寓|大厦|广场|市场|超市|商场|学校|小学|中学|公园|车站|地铁站|路口|门口|门前|"
    r"附近|旁边|对面|楼上|楼下|楼道|单元|号楼|[号栋幢座层楼室户门路街巷院]|[东西南北中前后]门|[0-9一二三四五六七八九十]+"
)
"""What many places have in their names: alike only by that, two places are not alike."""


@dataclass(frozen=True)
class Similar:
    """A case that may be about the same, and why, in words for officers."""

    case_id: CaseId
    title: str
    state: str
    opened_at: datetime
    why: tuple[str, ...]


@dataclass(frozen=True)
class _Told:
    """What was told in a case: places by name, points (latitude, longitude), its words in pairs of characters."""

    places: tuple[str, ...]
    points: tuple[tuple[float, float], ...]
    pairs: frozenset[str]


def similar(session: Session, case: Case, *, now: datetime) -> list[Similar]:
    """Other cases of the last hours that are not closed, of the same label, likeliest first; at most five.

    A place or the words have to agree; the same kind alone says nothing on a night with three fires. Tips are compared
    with tips only.
    """
    others = session.scalars(
        sa.select(Case)
        .where(
            Case.id != case.id,
            Case.label == case.label,
            Case.state != CaseState.CLOSED,
            Case.opened_at > now - WITHIN,
            Case.merged_into_id.is_(None),
        )
        .order_by(Case.id.desc())
        .limit(_LOOKED_AT)
    ).all()
    told = _told(session, [case.id, *(other.id for other in others)]) if others else {}
    found = []
    for other in others:
        if why := _why(told[case.id], told[other.id]):
            if other.intent == case.intent:
                why.append(f"同类：{title_of(other.intent)}")
            title = title_of(other.intent if other.intent != other.label else other.label)
            found.append(Similar(other.id, title, other.state, other.opened_at, tuple(why)))
    return sorted(found, key=lambda one: -len(one.why))[:_SHOWN]


def earlier(session: Session, case: Case, *, limit: int = 10) -> Sequence[Case]:
    """The other cases of a case's resident, newest first; whoever asks, no tips among them, and from a tip none at all.

    Either would name its reporter, whom `bot.duty.disclosure.reveal` alone tells.
    """
    if case.confidential:
        return []
    others = (Case.resident_id == case.resident_id, Case.id != case.id, Case.confidential.is_(False))
    return session.scalars(sa.select(Case).where(*others).order_by(Case.id.desc()).limit(limit)).all()


def metres_between(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The way between two points (latitude, longitude in degrees), in metres."""
    latitudes = math.radians(one[0]), math.radians(other[0])
    north, east = latitudes[1] - latitudes[0], math.radians(other[1] - one[1])
    chord = math.sin(north / 2) ** 2 + math.cos(latitudes[0]) * math.cos(latitudes[1]) * math.sin(east / 2) ** 2
    return 2 * _EARTH_METRES * math.asin(math.sqrt(chord))


def _why(one: _Told, other: _Told) -> list[str]:
    why = []
    if place := _same_place(one.places, other.places):
        why.append(f"地点相同：{place}")
    ways = [metres_between(here, there) for here in one.points for there in other.points]
    if ways and min(ways) <= NEAR_METRES:
        why.append(f"发来的位置相距约{round(min(ways), -1):.0f}米")
    fewer = min(len(one.pairs), len(other.pairs))
    if fewer >= _FEWEST_PAIRS and len(one.pairs & other.pairs) >= _ALIKE * fewer:
        why.append("说法很像")
    return why


def _same_place(ones: Iterable[str], others: Sequence[str]) -> str:
    """What two of the places have in common, if it is more than what many places have in common."""
    for one in ones:
        for other in others:
            match = SequenceMatcher(None, one, other, autojunk=False).find_longest_match()
            common = one[match.a : match.a + match.size]
            if len(_GENERIC.sub("", common)) >= 2:
                return common
    return ""


def _told(session: Session, ids: Sequence[CaseId]) -> dict[CaseId, _Told]:
    query = sa.select(Message.case_id, Message.kind, Message.text, Message.payload).where(Message.case_id.in_(ids))
    texts: dict[CaseId, list[str]] = {case_id: [] for case_id in ids}
    points: dict[CaseId, list[tuple[float, float]]] = {case_id: [] for case_id in ids}
    for case_id, kind, text, payload in session.execute(query.where(Message.kind != "event").order_by(Message.id)):
        if text:
            texts[case_id].append(text)
        if kind == "location" and (point := _point(payload)):
            points[case_id].append(point)
    return {
        case_id: _Told(
            places=named_in(texts[case_id]).get(KINDS["place"], ()),
            points=tuple(points[case_id]),
            pairs=_pairs("，".join(texts[case_id])[:_TEXT_CHARACTERS]),
        )
        for case_id in ids
    }


def _point(payload: dict[str, object]) -> tuple[float, float] | None:
    try:
        return float(str(payload["Location_X"])), float(str(payload["Location_Y"]))
    except (KeyError, ValueError):
        return None


def _pairs(text: str) -> frozenset[str]:
    words = re.findall(r"[一-鿿]+|[a-z0-9]+", re.sub(_DISTRICT, " ", text.lower()))
    return frozenset(word[start : start + 2] for word in words for start in range(len(word) - 1))
