"""Voices: transcribed once they are kept, read as a text would be, raising and never lowering; a human listens too."""

import asyncio
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.duty import handling
from bot.intake import wording
from bot.nlu.triage import URGENT
from bot.store.models import Case, CaseId, CaseState, Media, Message, Reply, WorkState
from tests.intake.rows import change, rows
from tests.station import Station
from tests.world import Answer, until

pytestmark = pytest.mark.anyio
ALARM = "救命啊有人拿刀砍人"
CALM = "他又来了怎么办啊"  # says nothing to the net


class Listener:
    """A recogniser that hears what the test says."""

    def __init__(self, words: str | None = None, problem: Exception | None = None) -> None:
        self.words, self.problem, self.heard = words, problem, list[Path]()

    def transcribe(self, path: Path) -> str | None:
        assert threading.current_thread() is not threading.main_thread()
        self.heard.append(path)
        if self.problem:
            raise self.problem
        return self.words


async def listening(station: Station, listener: Listener) -> Listener:
    station.recogniser = listener
    await station.restart()
    return listener


async def say(station: Station, *, openid: str = "oA") -> None:
    """A voice message arrives and everything that is due is done."""
    station.platform.media["v1"] = Answer(body=b"#!AMR\nvoice", content_type="audio/amr")
    await station.deliver_inbound(station.inbound("voice", openid=openid, MediaId="v1", Format="amr"))
    station.clock.advance(seconds=1)
    await station.engine.run_due()


async def test_that_an_alarm_in_a_voice_is_paged(station: Station) -> None:
    listener = await listening(station, Listener(ALARM))
    await say(station)
    page = station.phone.take()
    assert page["label"] == URGENT
    assert "砍人" in page["text"]
    (message,), (case,), (media,) = rows(station, Message), rows(station, Case), rows(station, Media)
    assert (message.text, message.payload["transcript"], message.kind) == (ALARM, True, "voice")
    assert (case.label, case.alarm_message_id, case.silent) == (URGENT, message.id, False)
    assert media.state == WorkState.DONE
    assert listener.heard == [station.evidence.path(media.sha256 or "")]


async def test_that_its_resident_is_told_once_that_a_human_will_listen(station: Station) -> None:
    await listening(station, Listener(ALARM))
    await say(station)
    station.phone.take()
    assert station.platform.sent == [("oA", wording.VOICE_ALONE)]


async def test_that_the_model_reads_the_transcript_and_may_raise_it(station: Station) -> None:
    station.rasa.labels = {CALM: URGENT}
    await listening(station, Listener(CALM))
    await say(station)
    assert station.phone.take()["label"] == URGENT
    (message,) = rows(station, Message)
    assert (message.read_by_model, message.model) == (True, "scripted")


async def test_that_a_transcript_waits_for_a_model_that_is_down(station: Station) -> None:
    station.rasa.status = 503
    await listening(station, Listener(CALM))
    await say(station)
    station.phone.expect_silence()
    station.rasa.status, station.rasa.labels = 200, {CALM: URGENT}
    station.clock.advance(seconds=120)
    await station.engine.run_due()
    assert station.phone.take()["label"] == URGENT


@pytest.mark.parametrize("label", ["tip", "enquiry", "other"])
async def test_that_a_transcript_lowers_nothing(station: Station, label: str) -> None:
    station.rasa.labels = {CALM: label}
    await listening(station, Listener(CALM))
    await say(station)
    (case,) = rows(station, Case)
    assert (case.label, case.uncertain, case.state) == ("help_request", True, CaseState.OPEN)


@pytest.mark.parametrize("listener", [Listener(None), Listener(problem=RuntimeError("broken"))])
async def test_that_without_a_transcript_a_human_listens(station: Station, listener: Listener) -> None:
    await listening(station, listener)
    await say(station)
    assert listener.heard
    (message,), (case,), (media,) = rows(station, Message), rows(station, Case), rows(station, Media)
    assert (message.text, message.payload.get("transcript"), message.read_by_model) == ("", None, None)
    assert (case.label, case.uncertain, media.state) == ("help_request", True, WorkState.DONE)


async def test_that_a_voice_in_an_open_alarm_is_in_it_before_it_is_heard(station: Station) -> None:
    await station.deliver(ALARM)
    station.phone.take()
    await listening(station, Listener("他走了往南边跑了"))
    await say(station)
    assert [message.case_id for message in rows(station, Message)] == [1, 1]
    assert rows(station, Case)[0].label == URGENT


async def test_that_a_new_alarm_is_paged_though_an_old_one_was_acknowledged_long_ago(station: Station) -> None:
    """As for a text: whoever came then may have left."""
    duty = station.duty_file.read_text(encoding="utf-8")
    station.duty_file.write_text(duty.replace("45}", "45, silence_minutes: null}"), encoding="utf-8")
    await station.deliver(ALARM)
    station.phone.take()
    with station.store.transaction() as session:
        handling.acknowledge(session, CaseId(1), officer="甲", now=station.clock.now())
    await listening(station, Listener(ALARM))
    station.clock.advance(minutes=20)
    await say(station)
    station.phone.expect_silence()
    station.clock.advance(minutes=20)
    await say(station)
    assert station.phone.take()["case_id"] == 2
    assert [message.case_id for message in rows(station, Message)] == [1, 1, 2]


WHISPER = "他在门口"


async def test_that_a_whisper_is_a_silent_call(station: Station) -> None:
    await listening(station, Listener(WHISPER))
    await say(station)
    assert "【静默】" in station.phone.take()["text"]


async def test_that_in_an_alarm_only_plain_words_ask_for_silence(station: Station) -> None:
    await station.deliver(ALARM)
    station.phone.take()
    listener = await listening(station, Listener(WHISPER))
    await say(station)
    assert rows(station, Case)[0].silent is False
    listener.words = "别打电话，他在门外，有刀"
    await say(station)
    assert rows(station, Case)[0].silent is True


async def test_that_a_transcript_continues_what_was_written_before_and_is_continued(station: Station) -> None:
    await listening(station, Listener("大东路上"))
    await station.deliver("我想问")
    await say(station)
    await station.deliver("怎么走")
    read = [asked.json() for asked in station.rasa.server.asked]
    assert ["我想问"] in [one["fragments"] for one in read if one["text"] == "大东路上"]
    assert station.rasa.heard[-1]["fragments"] == ["我想问", "大东路上"]


async def test_that_a_voice_that_was_being_heard_when_the_process_died_is_heard_again(station: Station) -> None:
    await say(station)  # kept, without a recogniser
    change(station, sa.update(Media).values(state=WorkState.PENDING, due_at=station.clock.now()))
    listener = await listening(station, Listener(ALARM))
    await station.engine.run_due()
    assert station.phone.take()["label"] == URGENT
    assert len(listener.heard) == 1


async def test_that_a_voice_that_waits_when_the_recogniser_is_taken_away_is_for_a_human(station: Station) -> None:
    await say(station)
    change(station, sa.update(Media).values(state=WorkState.PENDING, due_at=station.clock.now()))
    await station.engine.run_due()
    assert rows(station, Media)[0].state == WorkState.DONE


async def test_that_voices_are_heard_one_at_a_time_while_other_messages_go_on(station: Station) -> None:
    go_on, now, most = threading.Event(), [], [0]

    class Slow(Listener):
        def transcribe(self, path: Path) -> str | None:
            now.append(path)
            most[0] = max(most[0], len(now))
            assert go_on.wait(30)
            now.pop()
            return super().transcribe(path)

    listener = await listening(station, Slow("你好"))
    running = asyncio.create_task(station.engine.run())
    station.platform.media["v1"] = Answer(body=b"#!AMR\nvoice", content_type="audio/amr")
    for openid in ("oA", "oB", "oC"):
        await station.engine.receive(station.inbound("voice", openid=openid, MediaId="v1"))
    await until(lambda: bool(now))
    await station.receive("你们几点上班", openid="oD")
    await until(lambda: any(reply.text == "答：你们几点上班" for reply in rows(station, Reply)))
    go_on.set()
    await until(lambda: len(listener.heard) == 3)
    await until(lambda: [media.state for media in rows(station, Media)] == [WorkState.DONE] * 3)
    assert most == [1]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
