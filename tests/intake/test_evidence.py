"""Pictures, voices and videos: fetched at once, kept once under their hash, tried again while there is hope."""

import hashlib
import stat
import threading
from pathlib import Path

import pytest

from bot.intake.evidence import EvidenceStore
from bot.store.models import Case, Media, Message, WorkState
from bot.wechat import client
from tests.intake.rows import rows
from tests.station import Station
from tests.world import Answer

pytestmark = pytest.mark.anyio
PICTURE = b"\xff\xd8picture"
DIGEST = hashlib.sha256(PICTURE).hexdigest()


@pytest.mark.parametrize(
    ("kind", "content_type"), [("image", "image/jpeg"), ("voice", "audio/amr"), ("shortvideo", "video/mp4")]
)
async def test_that_a_file_is_fetched_at_once_and_kept_under_its_hash(
    station: Station, kind: str, content_type: str
) -> None:
    station.platform.media["m1"] = Answer(body=PICTURE, content_type=content_type)
    await station.deliver_inbound(station.inbound(kind, MediaId="m1"))
    (media,) = rows(station, Media)
    assert (media.state, media.sha256, media.size, media.content_type) == (
        WorkState.DONE,
        DIGEST,
        len(PICTURE),
        content_type,
    )
    kept = station.evidence.path(DIGEST)
    assert kept.read_bytes() == PICTURE
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    (case,) = rows(station, Case)
    (message,) = rows(station, Message)
    assert media.message_id == message.id
    assert message.case_id == case.id


async def test_that_a_video_is_fetched_from_where_the_answer_says(station: Station) -> None:
    shipped = station.platform.server.respond
    station.platform.server.respond = lambda asked: (
        Answer(body=PICTURE, content_type="video/mp4") if asked.path == "/film" else shipped(asked)
    )
    film = f'{{"video_url": "{station.platform.url}/film"}}'.encode()
    station.platform.media["m1"] = Answer(body=film)
    await station.deliver_inbound(station.inbound("video", MediaId="m1"))
    (media,) = rows(station, Media)
    assert (media.sha256, media.content_type) == (DIGEST, "video/mp4")


async def test_that_the_same_file_is_kept_once(station: Station, tmp_path: Path) -> None:
    for number in (1, 2):
        station.platform.media[f"m{number}"] = Answer(body=PICTURE, content_type="image/jpeg")
        await station.deliver_inbound(station.inbound("image", openid=f"o{number}", MediaId=f"m{number}"))
    assert [media.sha256 for media in rows(station, Media)] == [DIGEST, DIGEST]
    assert [path.name for path in (tmp_path / "evidence").rglob("*") if path.is_file()] == [DIGEST]


async def test_that_a_platform_in_trouble_is_asked_again(station: Station) -> None:
    await station.deliver_inbound(station.inbound("image", MediaId="m1"))
    (media,) = rows(station, Media)
    assert (media.state, media.attempts) == (WorkState.PENDING, 1)
    assert "40007" in (media.error or "")
    station.platform.media["m1"] = Answer(body=PICTURE, content_type="image/jpeg")
    station.clock.advance(seconds=1)
    await station.engine.run_due()
    (media,) = rows(station, Media)
    assert (media.state, media.error, media.sha256) == (WorkState.DONE, None, DIGEST)


async def test_that_an_outage_of_two_days_loses_no_evidence(station: Station) -> None:
    """The platform keeps a file for three."""
    await station.deliver_inbound(station.inbound("image", MediaId="m1"))
    end = station.clock.now().timestamp() + 2 * 24 * 3600
    while station.clock.now().timestamp() < end:
        station.clock.moment = rows(station, Media)[0].due_at
        await station.engine.run_due()
    station.platform.media["m1"] = Answer(body=PICTURE, content_type="image/jpeg")
    station.clock.advance(hours=1)
    await station.engine.run_due()
    assert rows(station, Media)[0].state == WorkState.DONE


@pytest.mark.parametrize("body", [b"not json", b"[]", b'{"video_url": "http://[::1"}', b'{"video_url": 5}'])
async def test_that_an_answer_nobody_foresaw_is_a_failed_attempt(station: Station, body: bytes) -> None:
    station.platform.media["m1"] = Answer(body=body)
    await station.deliver_inbound(station.inbound("image", MediaId="m1"))
    (media,) = rows(station, Media)
    assert (media.state, media.attempts) == (WorkState.PENDING, 1)
    assert media.error


async def test_that_a_full_disk_is_a_failed_attempt(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_content: bytes) -> str:
        raise OSError(28, "No space left on device")

    station.platform.media["m1"] = Answer(body=PICTURE, content_type="image/jpeg")
    monkeypatch.setattr(station.evidence, "keep", full)
    await station.deliver_inbound(station.inbound("image", MediaId="m1"))
    assert "OSError" in (rows(station, Media)[0].error or "")
    monkeypatch.undo()
    station.clock.advance(seconds=1)
    await station.engine.run_due()
    assert rows(station, Media)[0].state == WorkState.DONE


async def test_that_a_file_over_the_cap_is_not_kept(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "MAX_MEDIA_BYTES", len(PICTURE) - 1)
    station.platform.media["m1"] = Answer(body=PICTURE, content_type="image/jpeg")
    await station.deliver_inbound(station.inbound("image", MediaId="m1"))
    (media,) = rows(station, Media)
    assert "exceeds" in (media.error or "")
    assert not station.evidence.path(DIGEST).exists()


async def test_that_a_file_in_an_open_alarm_belongs_to_it(station: Station) -> None:
    await station.deliver("有人拿刀在楼下砍人")
    station.phone.take()
    station.platform.media["m1"] = Answer(body=PICTURE, content_type="image/jpeg")
    await station.deliver_inbound(station.inbound("image", MediaId="m1"))
    (media,) = rows(station, Media)
    with station.store.reading() as session:
        message = session.get_one(Message, media.message_id)
    assert (message.case_id, media.state) == (1, WorkState.DONE)


def test_that_two_residents_may_send_the_same_file_at_the_same_moment(tmp_path: Path) -> None:
    store, start, failures = EvidenceStore(tmp_path), threading.Barrier(8), []

    def keep() -> None:
        start.wait()
        try:
            store.keep(PICTURE * 1000)
        except OSError as error:
            failures.append(error)

    threads = [threading.Thread(target=keep) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1
