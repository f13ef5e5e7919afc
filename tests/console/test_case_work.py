"""What the case page reads and shows beside the conversation itself: notes, acts, sentences, maps, voices."""

import asyncio
import wave
from pathlib import Path

import pytest

from bot.console import canned, maps
from bot.console.beside import read_others
from bot.console.conversation import Answered, Noted, Said, read_conversation
from bot.console.sound import Sounds, is_played
from bot.duty import conversation, handling, handover, merging
from bot.duty.watch import Watch
from bot.nlu.live_file import TrainersFileError
from tests.console.conftest import Rows


def test_that_notes_and_acts_are_told_in_words(rows: Rows, watch: Watch) -> None:
    case, now = rows.case(rows.resident(), "urgent_alarm/fire"), rows.clock.now()
    with rows.store.transaction() as session:
        handling.acknowledge(session, case.id, officer="值班民警一", now=now)
        handling.note(session, case.id, "三楼有老人", officer="值班民警一", now=now)
        handover.offer(session, case.id, to="值班民警二", officer="值班民警一", watch=watch, now=now)
        handling.close(
            session, case.id, officer="值班民警一", disposition="referred", word="好", referred_to="119", now=now
        )
        found = read_conversation(session, case.id, watch=watch, now=now)
    assert found is not None
    assert found.notes == (Noted("note-1", now, "值班民警一", "三楼有老人"),)
    assert [(act.words, act.more) for act in found.acts] == [
        ("值班民警一 确认", "提醒停止"),
        ("值班民警一 写备注", ""),
        ("值班民警一 请 值班民警二 接手", "已提醒对方，接手前仍由原民警负责"),
        ("结案 · 值班民警一", "已转其他部门：119"),
    ]
    assert [page.kind for page in found.pages] == ["offer"] * len(watch.channels)


@pytest.mark.parametrize(
    ("intent", "names"),
    [("urgent_alarm/fire", ("居民 R-A", "居民 R-B")), ("tip/gambling", ("举报人1", "举报人2"))],
)
def test_that_of_a_merged_case_it_is_told_who_said_what(
    rows: Rows, watch: Watch, intent: str, names: tuple[str, str]
) -> None:
    target, other = (rows.case(rows.resident(name), intent) for name in ("R-A", "R-B"))
    rows.message(target, "一", ago=50)
    rows.message(other, "二", ago=40)
    now = rows.clock.now()
    with rows.store.transaction() as session:
        merging.merge(session, other.id, into=target.id, officer="甲", now=now)
        conversation.reply(session, target.id, "三", officer="甲", to=2, now=now)
        found = read_conversation(session, target.id, watch=watch, now=now)
    assert found is not None
    assert found.speakers == names
    assert [(one.speaker, one.text) for one in found.talk if isinstance(one, Said)] == list(
        zip(names, "一二", strict=True)
    )
    assert [one.to for one in found.talk if isinstance(one, Answered)] == [names[1]]
    assert found.held is not None
    assert "R-B" not in repr(found) or intent == "urgent_alarm/fire"


def test_that_no_page_leads_from_a_tip_to_its_reporters_other_cases_or_back(rows: Rows) -> None:
    resident = rows.resident()
    tip, request = rows.case(resident, "tip/gambling"), rows.case(resident, "help_request/noise")
    rows.case(resident, "help_request/lost_pet")
    with rows.store.reading() as session:
        assert read_others(session, tip.id, now=rows.clock.now()).earlier == ()
        (earlier,) = read_others(session, request.id, now=rows.clock.now()).earlier
    assert earlier.title == "宠物走失"


# -- sentences ------------------------------------------------------------------------------------------------------


def test_that_the_shipped_sentences_can_be_used_and_those_for_silence_give_nobody_away() -> None:
    sentences = canned.load()
    fire = sentences.of("urgent_alarm", "urgent_alarm/fire", silent=False)
    assert fire[0] == sentences.kinds["urgent_alarm/fire"][0]
    assert set(sentences.labels["urgent_alarm"]) < set(fire)
    assert len(set(fire)) == len(fire)
    silent = sentences.of("urgent_alarm", "urgent_alarm/fire", silent=True)
    assert silent == sentences.silent
    for word in ("警", "派出所", "110", "120", "报", "危险", "安全"):
        assert word not in "".join(silent)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("kinds: {urgent_alarm/nonsense: [好]}", "没有 urgent_alarm/nonsense"),
        ("silent: ['']", "不能空着"),
        (f"everywhere: [{'字' * 501}]", "最多500个字"),
        ("nobody: [好]", "不认识这一项"),
    ],
)
def test_that_a_slip_in_the_sentences_is_told_to_the_trainer(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "canned_answers.yml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(TrainersFileError, match=problem):
        canned.load(file)


def test_that_a_map_is_told_the_place_alone() -> None:
    assert maps.of_point("41.8022, 123.4703") == (
        "https://uri.amap.com/marker?position=123.4703%2C41.8022&name=%E5%B1%85%E6%B0%91%E5%8F%91%E6%9D%A5%E7%9A%84"
        "%E4%BD%8D%E7%BD%AE&coordinate=gaode&callnative=0"
    )
    assert maps.of_name("万泉公园", city="沈阳市").startswith("https://uri.amap.com/search?keyword=%E4%B8%87")


# -- voices ---------------------------------------------------------------------------------------------------------


AMR = b"#!AMR\n" + (b"\x3c" + bytes(31)) * 50 + b"\x7c" * 5 + (b"\x3c" + bytes(31)) * 25
"""Frames of 20 ms as WeChat sends them, some of them silence, which FFmpeg reads none of."""


@pytest.mark.anyio
async def test_that_a_voice_becomes_a_wav_of_the_same_length_and_is_decoded_once(tmp_path: Path) -> None:
    sounds, file, played = Sounds(), tmp_path / "voice", tmp_path / "made.wav"
    file.write_bytes(AMR)
    made = await sounds.wav("a", file)
    assert made is not None
    played.write_bytes(made)
    with wave.open(str(played)) as sound:
        assert sound.getnframes() / sound.getframerate() == pytest.approx(1.5, abs=0.05)
        assert any(sound.readframes(sound.getnframes())), "it can be heard"
    file.unlink()
    assert await sounds.wav("a", file) == made


@pytest.mark.anyio
async def test_that_what_is_no_sound_becomes_none(tmp_path: Path) -> None:
    file = tmp_path / "voice"
    file.write_bytes(b"#!AMR\nnothing of the kind")
    assert await asyncio.gather(*(Sounds().wav("b", path) for path in (file, tmp_path / "missing"))) == [None, None]


def test_that_browsers_play_some_types_as_they_are() -> None:
    assert is_played("audio/mpeg")
    assert not is_played("audio/amr")
    assert not is_played(None)
