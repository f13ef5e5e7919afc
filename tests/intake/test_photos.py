"""Photos for applications: of no use after the download, told once, asked for again, and put where they belong."""

import pytest
import sqlalchemy as sa

from bot.services import applications, photos
from bot.store.models import (
    Application,
    ApplicationState,
    Media,
    Message,
    MessageId,
    Resident,
    WorkState,
)
from tests.intake.rows import change, rows
from tests.station import Station
from tests.world import Answer

pytestmark = pytest.mark.anyio
GOOD = b"\xff\xd8\xff" + bytes(6000)
USELESS = {
    "打不开": b"<html>" + bytes(6000),
    "超过10MB": b"\xff\xd8\xff" + bytes(10 * 1024 * 1024),
    "不到5KB": b"\x89PNG\r\n\x1a\n" + bytes(100),
}


async def send(station: Station, content: bytes | None) -> MessageId:
    """A picture arrives and is fetched, unless the platform has lost it."""
    media_id = f"m{len(rows(station, Message))}"
    if content is not None:
        station.platform.media[media_id] = Answer(body=content, content_type="image/jpeg")
    received = await station.deliver_inbound(station.inbound("image", MediaId=media_id))
    await settled(station)
    return received.id


async def settled(station: Station) -> None:
    station.clock.advance(seconds=2)  # a reply waits a second for a passive chance
    await station.engine.run_due()


async def told(station: Station, *, since: int = 0) -> list[str]:
    await settled(station)
    return [str(text) for _, text in station.platform.sent[since:]]


def form_waits(station: Station) -> None:
    """Rasa takes pictures as the answers to a form's question."""
    station.rasa.labels = {"[图片]": "enquiry"}


async def hand_in(station: Station, *fields: tuple[str, MessageId]) -> None:
    confirmed = await station.deliver("确认")
    await settled(station)
    (resident,) = rows(station, Resident)
    with station.store.transaction() as session:
        applications.submit(
            session,
            pseudonym=resident.pseudonym,
            message_id=confirmed.id,
            kind="dog_licence",
            answers={},
            photos=dict(fields),
            now=station.clock.now(),
        )
    station.rasa.labels = {}


@pytest.mark.parametrize("reason", USELESS)
async def test_that_a_useless_photo_of_a_form_is_asked_for_again(station: Station, reason: str) -> None:
    form_waits(station)
    await send(station, USELESS[reason])
    answer, again = await told(station)
    assert answer == "答：[图片]"
    assert reason in again
    assert "请重新拍一张" in again
    assert rows(station, Media)[0].state == WorkState.DONE


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        b"\x89PNG\r\n\x1a\n" + bytes(6000),
        b"RIFF\0\0\0\0WEBPVP8 " + bytes(6000),
        b"\0\0\0\x18ftypheic" + bytes(6000),
        b"\xff\xd8\xff".ljust(5000, b"x"),
        b"\xff\xd8\xff".ljust(10 * 1024 * 1024, b"x"),
    ],
)
async def test_that_a_good_photo_is_not_talked_about(station: Station, content: bytes) -> None:
    assert photos.problem_with(content) is None
    form_waits(station)
    await send(station, content)
    assert await told(station) == ["答：[图片]"]


@pytest.mark.parametrize("content", [b"", b"GIF89a" + bytes(6000), b"\0\0\0\x18ftypmp42" + bytes(6000), b"RIFF" * 2000])
def test_that_the_content_counts_whatever_the_header_says(content: bytes) -> None:
    assert photos.problem_with(content) == "no_picture"


async def test_that_a_picture_for_no_application_is_nobodys_trouble(station: Station) -> None:
    await send(station, USELESS["打不开"])
    assert len(await told(station)) == 1
    assert photos.PHOTO_PROBLEM not in rows(station, Message)[0].payload


async def test_that_a_photo_that_cannot_be_fetched_is_asked_for_once_and_still_tried(station: Station) -> None:
    form_waits(station)
    await send(station, None)
    for _ in range(20):
        station.clock.moment = max(station.clock.now(), rows(station, Media)[0].due_at)
        await station.engine.run_due()
    _, again = await told(station)
    assert "没有传过来" in again
    station.platform.media["m0"] = Answer(body=GOOD, content_type="image/jpeg")
    station.clock.advance(hours=1)
    await station.engine.run_due()
    assert rows(station, Media)[0].state == WorkState.DONE
    assert photos.PHOTO_PROBLEM not in rows(station, Message)[0].payload
    assert len(await told(station)) == 2


async def test_that_it_says_which_photo_of_which_application(station: Station) -> None:
    form_waits(station)
    front = await send(station, GOOD)
    side = await send(station, None)
    await hand_in(station, ("photo_dog_front", front), ("photo_dog_side", side))
    station.platform.media["m1"] = Answer(body=USELESS["打不开"], content_type="image/jpeg")
    station.clock.advance(minutes=2)
    before = len(station.platform.sent)
    await station.engine.run_due()
    (again,) = await told(station, since=before)
    (application,) = rows(station, Application)
    assert f"犬证申请（受理号{application.receipt}）里的照片“狗的侧面照”打不开" in again


async def test_that_it_is_known_which_photos_are_of_no_use(station: Station) -> None:
    form_waits(station)
    front, side = await send(station, USELESS["打不开"]), await send(station, GOOD)
    with station.store.reading() as session:
        assert photos.useless(session, [front, side]) == [front]


async def test_that_the_next_picture_takes_the_place_of_the_useless_one(station: Station) -> None:
    form_waits(station)
    front, side = await send(station, USELESS["打不开"]), await send(station, GOOD)
    await hand_in(station, ("photo_dog_front", front), ("photo_dog_side", side))
    before = len(station.platform.sent)
    better = await send(station, GOOD)
    assert "已补到犬证申请" in (await told(station, since=before))[0]
    (application,) = rows(station, Application)
    assert application.photos == {"photo_dog_front": [front, better], "photo_dog_side": [side]}
    assert application.state == ApplicationState.SUBMITTED
    before = len(station.platform.sent)
    await send(station, GOOD)
    assert "已补到" not in (await told(station, since=before))[0]
    assert rows(station, Application)[0].photos == application.photos


async def test_that_one_that_is_useless_again_is_asked_for_again(station: Station) -> None:
    form_waits(station)
    front = await send(station, USELESS["打不开"])
    await hand_in(station, ("photo_dog_front", front))
    before = len(station.platform.sent)
    small = await send(station, USELESS["不到5KB"])
    added, again = await told(station, since=before)
    assert "已补到犬证申请" in added
    assert "“狗的正面照”太小" in again
    better = await send(station, GOOD)
    assert rows(station, Application)[0].photos == {"photo_dog_front": [front, small, better]}


async def test_that_what_an_officer_has_asked_for_is_judged_too(station: Station) -> None:
    form_waits(station)
    await hand_in(station, ("photo_dog_front", await send(station, GOOD)))
    change(station, sa.update(Application).values(state=ApplicationState.MORE))
    before = len(station.platform.sent)
    await send(station, USELESS["打不开"])
    added, again = await told(station, since=before)
    assert "已补到犬证申请" in added
    assert "照片“补充的照片”打不开" in again


async def test_that_an_application_that_is_decided_takes_nothing(station: Station) -> None:
    form_waits(station)
    await hand_in(station, ("photo_dog_front", await send(station, USELESS["打不开"])))
    change(station, sa.update(Application).values(state=ApplicationState.APPROVED))
    before = len(station.platform.sent)
    await send(station, GOOD)
    assert "已补到" not in (await told(station, since=before))[0]
