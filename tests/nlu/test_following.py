"""Which topic a message is about that comes behind a question."""

from __future__ import annotations

from typing import Any

import pytest

from bot.nlu import following, knowledge
from bot.nlu.knowledge import FITS

BASE = knowledge.load()
LAST = BASE.topics["residence_permit_apply"]


def intent(name: str, share: float, **fits: float) -> dict[str, Any]:
    """One of a message's intents; `fits`: how well topics of it fit, in logits, and all others not at all."""
    near = (topic.id for topic in BASE.topics.values() if topic.intent == f"enquiry/{name}")
    return {"name": f"enquiry/{name}", "confidence": share, FITS: {**dict.fromkeys(near, 0.0), **fits}}


def best(
    text: str, *alone: dict[str, Any], behind: tuple[dict[str, Any], ...] = (), named: bool = False, general: str = ""
) -> str:
    leaning = (intent("residence_permit_apply", 0.3, residence_permit_apply=1.0),)  # behind the title of LAST
    message = following.Message(text, f"{LAST.title}，{text}", alone, behind or leaning, named, general)
    found = following.likely(BASE, LAST, message)
    assert sum(share for _, share in found) == pytest.approx(1)
    assert [share for _, share in found] == sorted((share for _, share in found), reverse=True)
    return found[0][0].id


def test_that_a_message_which_says_nothing_of_its_own_stays_with_the_last_topic() -> None:
    assert best("那他那样的也行吗") == LAST.id
    assert best("嗯", intent("passport", 0.1)) == LAST.id


def test_that_a_topic_of_the_same_field_needs_less_than_one_of_another_to_be_meant() -> None:
    assert (
        best("我爸那样在工地上干活的人呢", intent("residence_permit_apply", 0.2, residence_permit_half=9.0))
        == "residence_permit_half"
    )
    assert best("我爸那样在工地上干活的人呢", intent("passport", 0.2, passport_renew=9.0)) == LAST.id


def test_that_a_whole_sentence_goes_to_the_neighbour_that_it_speaks_of_and_two_words_stay() -> None:
    near = intent("residence_permit_apply", 0.9, residence_permit_half=4.0, residence_permit_apply=1.0)
    assert best("我在这边断断续续打工算下来有小半年光景了", near, behind=(near,)) == "residence_permit_half"
    assert best("几天能好", near) == LAST.id
    assert best("how long does it take", near) == LAST.id


def test_that_another_matter_in_plain_words_is_meant_whatever_was_asked_before() -> None:
    assert best("护照到期了在哪换", intent("passport", 0.99, passport_renew=9.0), named=True) == "passport_renew"


def test_that_a_topics_own_words_count_beside_what_was_learnt() -> None:
    word = BASE.topics["residence_permit_half"].when[0]
    assert best(f"像我这样{word}的情况你们那边给办吗") == "residence_permit_half"


def test_that_what_can_be_asked_of_anything_needs_little_more_than_its_words() -> None:
    hours = intent("station_hours", 0.6, station_hours_weekend=5.0)
    assert best("礼拜天去也给办吗", hours, behind=(hours,), general="enquiry/station_hours") == "station_hours_weekend"
