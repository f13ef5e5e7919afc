"""One message's effects: all of them once or none, with Rasa or without it, whatever goes wrong half-way."""

import asyncio
import contextlib
import threading

import pytest
import sqlalchemy as sa

from bot.duty import escalation, handling
from bot.intake import advice, handler, inbox, menu, outbox, questions, wording
from bot.services import applications
from bot.store.models import Application, Case, CaseId, Media, Message, Page, Reply, WorkState
from bot.wechat.outbound import Article
from tests.intake.rows import patience, rows
from tests.station import Station
from tests.world import Answer, Asked, until

pytestmark = pytest.mark.anyio
ALARM = "有人拿刀在楼下砍人"
QUESTIONS = questions.load()
WHERE, ARMED, SILENT = QUESTIONS.default["place"], QUESTIONS.kinds["armed_threat"]["place"], QUESTIONS.silent
DANGER = "他又来了怎么办啊"  # says nothing to the net; the tests' Rasa knows better


async def test_that_a_handling_that_fails_half_way_changes_nothing_and_is_done_again_once(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    station.rasa.labels = {DANGER: "urgent_alarm"}
    shipped = handler._post

    def stumble(*args: object, **rest: object) -> None:
        shipped(*args, **rest)  # type: ignore[arg-type]
        raise ValueError("half-way")

    monkeypatch.setattr(handler, "_post", stumble)
    await station.deliver(DANGER)
    assert rows(station, Case) == rows(station, Reply) == []
    (message,) = rows(station, Message)
    assert (message.state, message.attempts, message.error) == (WorkState.PENDING, 1, "ValueError")
    monkeypatch.undo()
    station.clock.advance(seconds=1)
    await station.engine.run_due()
    station.clock.advance(seconds=30)
    await station.engine.run_due()
    assert station.phone.take()["label"] == "urgent_alarm"
    (message,) = rows(station, Message)
    assert (message.state, message.attempts, message.model) == (WorkState.DONE, 2, "scripted")
    assert [reply.text for reply in rows(station, Reply)] == [f"答：{DANGER}\n\n{WHERE}"]
    assert [heard["redelivery"] for heard in station.rasa.heard] == [False, True]


async def test_that_a_message_that_always_fails_goes_to_a_human_and_frees_the_next(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    station.rasa.labels = {DANGER: "urgent_alarm"}
    shipped = handler.settle

    def stumble(session: object, claimed: handler.Claimed, *args: object, **rest: object) -> object:
        if claimed.text == "毒":
            raise ValueError("always")
        return shipped(session, claimed, *args, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(handler, "settle", lambda session, **rest: stumble(session, **rest))
    await station.deliver("毒")
    await station.deliver(DANGER)
    for _ in range(handler.ATTEMPTS - 1):
        station.clock.advance(seconds=60)
        await station.engine.run_due()
    poison, danger = rows(station, Message)
    assert (poison.state, poison.attempts, poison.error) == (WorkState.FAILED, handler.ATTEMPTS, "ValueError")
    assert danger.state == WorkState.DONE
    (case,) = rows(station, Case)
    assert poison.case_id == danger.case_id == case.id
    assert station.phone.take()["label"] == "urgent_alarm"
    assert wording.UNREAD in [reply.text for reply in rows(station, Reply)]


async def test_that_a_message_that_cannot_be_paged_for_is_a_case_all_the_same(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is on the desk, where the auditor sees it too, and the next message has its turn."""

    def fail(*_: object, **__: object) -> None:
        raise ValueError("nobody can be paged")

    monkeypatch.setattr(escalation, "start", fail)
    await station.deliver(ALARM)
    for _ in range(handler.ATTEMPTS - 1):
        station.clock.advance(seconds=60)
        await station.engine.run_due()
    (message,) = rows(station, Message)
    (case,) = rows(station, Case)
    assert (message.state, message.case_id) == (WorkState.FAILED, case.id)
    assert (case.label, case.state, case.alarm_message_id) == ("urgent_alarm", "open", message.id)
    assert "刀" in str(case.evidence)
    monkeypatch.undo()
    await station.deliver("谢谢")
    assert [one.case_id for one in rows(station, Message)] == [case.id, case.id]


async def test_that_a_message_that_kills_its_process_goes_to_a_human_too(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No failure is ever written down: the claims just run out."""

    async def die(*_args: object) -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr(handler, "understand", die)
    await station.receive("毒")
    for _ in range(handler.CLAIMS):
        with contextlib.suppress(asyncio.CancelledError):
            await station.engine.run_due()
        station.clock.advance(seconds=8)
    await station.engine.run_due()
    (message,) = rows(station, Message)
    assert (message.state, message.attempts) == (WorkState.FAILED, handler.CLAIMS + 1)
    (case,) = rows(station, Case)
    assert (case.label, case.uncertain) == ("help_request", True)


async def test_that_of_two_holders_only_the_one_whose_lease_runs_takes_effect(station: Station) -> None:
    """The first engine hung past its lease; the second has done the message; then the first wakes up."""
    station.rasa.labels = {DANGER: "urgent_alarm"}
    inbound, desk = station.inbound(text=DANGER), station.engine._desk
    with station.store.transaction() as session:
        claimed = inbox.receive(session, inbound, desk, now=station.clock.now()).claimed
    assert claimed is not None
    station.clock.advance(seconds=8)
    await station.engine.run_due()
    assert station.phone.take()["level"] == 0
    understanding = await handler.understand(station.rasa_client, claimed, desk)
    with station.store.transaction() as session:
        now = station.clock.now()
        assert handler.settle(session, claimed, understanding, desk, now=now, passive=lambda: True) is None
        handler.put_back(session, claimed, desk, now=now, error="late")
    (message,) = rows(station, Message)
    assert (message.state, message.error) == (WorkState.DONE, None)
    assert (len(rows(station, Case)), len(rows(station, Reply))) == (1, 1)


# -- without Rasa -------------------------------------------------------------------------------------------------


def garbage(body: bytes) -> Answer:
    return Answer(body=body)


BROKEN = {
    "down": None,
    "error": Answer(500, b"{}"),
    "no JSON": garbage(b"<html>"),
    "a list": garbage(b"[]"),
    "no triage": garbage(b"{}"),
    "an empty triage": garbage(b'{"triage": {}}'),
    "a list as triage": garbage(b'{"triage": []}'),
    "an unknown label": garbage(b'{"triage": {"label": "party", "confidence": 1}}'),
    "no confidence": garbage(b'{"triage": {"label": "other", "confidence": NaN}}'),
    "replies that are none": garbage(b'{"triage": {"label": "other", "confidence": 1}, "replies": "hello"}'),
    "a reply that is none": garbage(b'{"triage": {"label": "other", "confidence": 1}, "replies": [{"text": 5}]}'),
    "a button without a title": garbage(
        b'{"triage": {"label": "other", "confidence": 1}, "replies": [{"text": "x", "buttons": [{}]}]}'
    ),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
async def test_that_without_a_usable_answer_a_human_reads_it_and_the_resident_hears_so(
    station: Station, broken: Answer | None
) -> None:
    if broken is None:
        station.rasa.server.close()
    else:
        station.rasa.server.respond = lambda _asked: broken
    await station.deliver("想问个事情")
    (case,) = rows(station, Case)
    assert (case.label, case.uncertain, case.state) == ("help_request", True, "open")
    assert [reply.text for reply in rows(station, Reply)] == [wording.UNREAD]
    await station.deliver(ALARM, openid="oB")
    assert station.phone.take()["label"] == "urgent_alarm"
    assert rows(station, Reply)[-1].text == f"{wording.ALARM}\n\n{ARMED}"
    if broken is None:
        station.rasa = type(station.rasa)()  # what `close` closes


async def test_that_a_rasa_that_hangs_is_given_up(station: Station) -> None:
    released = threading.Event()

    def hang(asked: Asked) -> None:
        if asked.path.endswith("/webhook"):
            released.wait(60)

    station.rasa.before = hang
    await patience(station, 0.2)
    await station.receive("想问个事情")
    await until(lambda: rows(station, Message)[0].state == WorkState.DONE)
    released.set()
    assert [reply.text for reply in rows(station, Reply)] == [wording.UNREAD]


async def test_that_the_model_never_lowers_what_the_net_has_raised(station: Station) -> None:
    """Rasa's own net is the same one, but a trainer may have changed its rules since the model was trained."""
    station.rasa.labels = {ALARM: "enquiry"}
    await station.deliver(ALARM)
    assert station.phone.take()["level"] == 0
    assert [reply.text for reply in rows(station, Reply)] == [f"{wording.ALARM}\n\n{ARMED}"]
    assert (rows(station, Message)[0].triage or {})["label"] == "urgent_alarm"


async def test_that_nobody_is_woken_for_what_the_net_found_and_the_model_is_sure_is_calm(station: Station) -> None:
    station.rasa.doubted = {ALARM}
    await station.deliver(ALARM)
    (case,) = rows(station, Case)
    assert (case.label, case.uncertain) == ("help_request", True)
    assert case.evidence == [{"rule": "weapon", "words": ["刀"]}]
    assert [reply.text for reply in rows(station, Reply)] == [f"答：{ALARM}"]
    station.clock.advance(seconds=3)
    await station.engine.run_due()
    assert rows(station, Page) == []


# -- in an alarm --------------------------------------------------------------------------------------------------


async def test_that_in_an_open_alarm_there_is_a_receipt_and_plain_questions_are_answered(station: Station) -> None:
    await station.deliver(ALARM)
    with station.store.transaction() as session:
        handling.acknowledge(session, CaseId(station.phone.take()["case_id"]), officer="甲", now=station.clock.now())
    station.clock.advance(minutes=3)  # a short text sooner than that is read together with the alarm
    station.rasa.labels = {"身份证怎么补": "enquiry", "是个高个子": "help_request"}
    station.rasa.intents = {"身份证怎么补": "enquiry/idcard_lost"}
    await station.deliver("是个高个子")
    await station.deliver("身份证怎么补")
    _first, *texts = [reply.text for reply in rows(station, Reply)]
    assert texts[0] in advice.load().receipts["any"]
    assert texts[1:] == ["答：身份证怎么补"]
    assert {message.case_id for message in rows(station, Message)} == {1}


async def test_that_a_silent_alarm_gets_nothing_but_neutral_words(station: Station) -> None:
    station.rasa.status = 503
    await station.deliver("救")
    assert station.phone.take()["text"].startswith("【静默】")
    station.rasa.status = 200
    station.rasa.labels = {"身份证怎么补": "enquiry"}
    await station.deliver("身份证怎么补")
    await station.deliver_inbound(station.inbound("image", MediaId="m1"))
    station.clock.advance(hours=3)
    texts = [reply.text for reply in rows(station, Reply)]
    assert texts == [
        f"{wording.SILENT_ALARM}\n\n{SILENT['place']}",
        f"{wording.SILENT_ASKED}\n\n{questions.load().again['silent']}",
        f"收到。\n\n{SILENT['danger']}",
    ]
    for word in ("警", "110", "民警"):
        assert word not in "".join(texts)


async def test_that_a_wish_for_a_form_that_rasa_missed_is_asked_for_again(station: Station) -> None:
    station.rasa.status = 503
    await station.deliver("我要办犬证")
    assert [reply.text for reply in rows(station, Reply)] == [wording.FORM_NOT_BEGUN.format(says="我要办犬证")]


async def test_that_what_is_sent_for_a_form_that_rasa_missed_begins_it(station: Station) -> None:
    station.rasa.status = 503
    await station.deliver("我要办犬证")
    station.rasa.status = 200
    await station.deliver("我同意 我叫孙桂芬")
    await station.deliver("今天天气真好")
    heard = [one["text"] for one in station.rasa.heard]
    assert heard[-2:] == ["我要办犬证。我同意 我叫孙桂芬", "今天天气真好"]


async def test_that_an_identity_number_without_a_form_is_offered_one(station: Station) -> None:
    station.rasa.labels = {"411627199307156327": "other"}
    await station.deliver("411627199307156327")
    assert wording.DATA_ALONE in rows(station, Reply)[-1].text


# -- without words ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["image", "voice", "video", "shortvideo", "location", "link", "unknown"])
async def test_that_what_has_no_words_alone_is_a_request_for_a_human_and_no_page(station: Station, kind: str) -> None:
    await station.deliver_inbound(station.inbound(kind))
    (case,) = rows(station, Case)
    assert (case.label, case.uncertain) == ("help_request", True)
    asked = wording.VOICE_ALONE if kind == "voice" else wording.MEDIA_ALONE
    assert [reply.text for reply in rows(station, Reply)] == [asked]
    assert [heard["text"] for heard in station.rasa.heard] == (["[图片]"] if kind == "image" else [])


async def test_that_a_location_that_a_form_has_asked_for_is_its_answer(station: Station) -> None:
    station.rasa.labels = {"大东路112号": "enquiry"}
    await station.deliver_inbound(station.inbound("location", text="大东路112号", Label="大东路112号"))
    assert rows(station, Case) == []
    assert [reply.text for reply in rows(station, Reply)] == ["答：大东路112号"]


async def test_that_a_location_in_an_alarm_is_for_the_alarm_alone(station: Station) -> None:
    station.rasa.labels = {"着火了": "urgent_alarm", "大东路112号": "enquiry"}
    await station.deliver("着火了")
    await station.deliver_inbound(station.inbound("location", text="大东路112号", Label="大东路112号"))
    assert [heard["text"] for heard in station.rasa.heard] == ["着火了"]
    station.phone.take()


@pytest.mark.parametrize(
    ("kind", "receipt"),
    [("image", wording.PHOTO_RECEIPT), ("voice", wording.VOICE_RECEIPT), ("location", wording.PLACE_RECEIPT)],
)
async def test_that_in_an_open_alarm_it_joins_the_alarm(station: Station, kind: str, receipt: str) -> None:
    await station.deliver(ALARM)
    station.phone.take()
    await station.deliver_inbound(station.inbound(kind))
    assert [message.case_id for message in rows(station, Message)] == [1, 1]
    assert rows(station, Reply)[-1].text.startswith(receipt)


async def test_that_a_blank_text_is_nothing_but_is_kept(station: Station) -> None:
    await station.deliver("  \n")
    await station.deliver("你好")
    assert rows(station, Case) == []
    blank, hello = rows(station, Message)
    assert (blank.state, blank.read_by_model, hello.read_by_model) == (WorkState.DONE, None, True)


async def test_that_a_new_follower_is_welcomed_with_the_stations_name_and_address_and_other_events_are_not_answered(
    station: Station,
) -> None:
    for event in ("subscribe", "unsubscribe", "LOCATION", "brand_new_event"):
        await station.deliver_inbound(station.inbound("event", Event=event))
    (welcome,) = rows(station, Reply)
    assert "沈阳市公安局大东分局大东门派出所（沈阳市大东区大东路1号）" in welcome.text
    assert rows(station, Case) == rows(station, Media) == []


@pytest.mark.parametrize(("said", "silent"), [("3号楼2单元501", False), ("別打電話，他在", True)])
async def test_that_in_an_alarm_only_plain_words_make_it_silent(station: Station, said: str, silent: bool) -> None:
    """A bare address reads like a silent call; as an answer it must not keep officers off the phone."""
    station.rasa.labels = {"着火了快来人": "urgent_alarm", said: "urgent_alarm"}
    await station.deliver("着火了快来人")
    station.phone.take()
    shipped = station.rasa.server.respond

    def quiet(asked: Asked) -> Answer:
        return Answer(body=shipped(asked).body.replace(b'"silent": false', b'"silent": true'))

    station.rasa.server.respond = quiet
    await station.deliver(said)
    (case,) = rows(station, Case)
    assert case.silent is silent


# -- taps on the menu ---------------------------------------------------------------------------------------------


STATUS = "我的报警怎么样了"


async def tap(station: Station, key: str) -> list[Reply]:
    """A tap on a menu entry; gives what it is answered with."""
    before = len(rows(station, Reply))
    await station.deliver_inbound(station.inbound("event", Event="CLICK", EventKey=key))
    return rows(station, Reply)[before:]


async def test_that_every_entry_of_the_shipped_menu_is_answered_and_files_nothing(station: Station) -> None:
    keys = [entry.key for section in menu.load().shown for entry in section.shown if entry.key]
    for key in keys:
        assert await tap(station, key), key
    assert len(keys) == 12
    assert rows(station, Case) == []
    assert {message.triage is None and message.case_id is None for message in rows(station, Message)} == {True}


async def test_that_a_tap_with_an_answer_gets_it_with_the_stations_name_and_never_reaches_rasa(
    station: Station,
) -> None:
    (profile,) = await tap(station, "news:profile")
    assert "沈阳市公安局大东分局大东门派出所\n地址：沈阳市大东区大东路1号" in profile.text
    assert "{" not in profile.text
    assert 'msgmenucontent=派出所在哪&msgmenuid=1">派出所在哪</a>' in profile.text
    assert station.rasa.heard == []


async def test_that_a_tap_that_says_something_is_answered_by_rasa_as_if_it_had_been_typed(station: Station) -> None:
    await station.deliver("在吗")  # a short text, which the next short text would be read together with
    (reply,) = await tap(station, "services:dog_licence")
    assert reply.text == "答：我要办犬证"
    _typed, tapped = station.rasa.heard
    assert (tapped["text"], tapped["fragments"]) == ("我要办犬证", [])
    await station.deliver("要什么")
    assert station.rasa.heard[-1]["fragments"] == ["在吗"], "a tap is no fragment of what is typed afterwards"


async def test_that_a_tap_opens_no_request_whatever_the_model_calls_its_sentence(station: Station) -> None:
    station.rasa.labels = {STATUS: "help_request"}
    (reply,) = await tap(station, "alarm:status")
    assert reply.text == f"答：{STATUS}"
    assert rows(station, Case) == []


async def test_that_an_emergency_that_a_trainer_wrote_into_the_menu_is_one(station: Station) -> None:
    """Its answer says that an officer has been paged, so one must be."""
    station.rasa.labels = {STATUS: "urgent_alarm"}
    await tap(station, "alarm:status")
    assert station.phone.take()["label"] == "urgent_alarm"
    (case,) = rows(station, Case)
    assert [message.case_id for message in rows(station, Message)] == [case.id]


@pytest.mark.parametrize("broken", [Answer(503, b"{}"), garbage(b"<html>")], ids=["down", "broken"])
async def test_that_without_rasa_a_tap_is_told_to_try_again_or_type_and_files_nothing(
    station: Station, broken: Answer
) -> None:
    station.rasa.server.respond = lambda _asked: broken
    (reply,) = await tap(station, "services:officer")
    assert reply.text == wording.TAP_UNREAD
    assert rows(station, Case) == []
    assert "大东路1号" in (await tap(station, "news:profile"))[0].text, "what needs no Rasa is answered"
    message, _profile = rows(station, Message)
    assert (message.state, message.read_by_model) == (WorkState.DONE, None), "there is nothing to read again"


async def test_that_an_unclear_sentence_promises_no_officer_for_what_is_not_filed(station: Station) -> None:
    shipped = station.rasa.server.respond

    def unclear(asked: Asked) -> Answer:
        return Answer(body=shipped(asked).body.replace(b'"uncertain": false', b'"uncertain": true'))

    station.rasa.server.respond = unclear
    (reply,) = await tap(station, "alarm:status")
    assert reply.text == wording.TAP_UNREAD


async def test_that_a_tap_whose_handling_always_fails_is_answered_and_frees_the_next(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*_: object, **__: object) -> None:
        raise ValueError("always")

    monkeypatch.setattr(handler, "settle", stumble)
    await station.deliver_inbound(station.inbound("event", Event="CLICK", EventKey="services:names"))
    while rows(station, Message)[0].state == WorkState.PENDING:
        station.clock.advance(seconds=60)
        await station.engine.run_due()
    assert [reply.text for reply in rows(station, Reply)] == [wording.TAP_UNREAD]
    assert rows(station, Case) == []


@pytest.mark.parametrize("key", ["news", "an_old_entry", ""])
async def test_that_an_entry_of_an_old_menu_gets_a_list_of_what_there_is(station: Station, key: str) -> None:
    (reply,) = await tap(station, key)
    for title in ("V资讯：派出所简介、最新文章", "办居住证", "免费WIFI"):
        assert title in reply.text
    assert "微博" not in reply.text, "it has no address yet"


async def test_that_the_page_an_entry_opens_by_itself_is_not_answered(station: Station) -> None:
    await station.deliver_inbound(station.inbound("event", Event="VIEW", EventKey="https://weibo.com/x"))
    assert rows(station, Reply) == []


async def test_that_in_a_silent_alarm_a_tap_gets_nothing_but_neutral_words(station: Station) -> None:
    await station.deliver("救")
    station.phone.take()
    for key in ("alarm:report", "services:officer", "an_old_entry"):
        (reply,) = await tap(station, key)
        assert reply.text == "收到。"
        assert reply.case_id == 1
    assert len(rows(station, Case)) == 1


async def test_that_who_is_deaf_and_unwatched_gets_the_answer_to_a_tap(station: Station) -> None:
    station.rasa.labels = {"我聋人 家里着火了": "urgent_alarm"}
    station.rasa.intents = {"我聋人 家里着火了": "urgent_alarm/fire"}
    await station.deliver("我聋人 家里着火了")
    station.phone.take()
    assert rows(station, Case)[0].silent
    (reply,) = await tap(station, "alarm:tip")
    assert "线索" in reply.text


async def test_that_in_an_open_alarm_a_tap_is_answered_and_officers_see_the_answer(station: Station) -> None:
    await station.deliver(ALARM)
    station.phone.take()
    (reply,) = await tap(station, "alarm:tip")
    assert "线索" in reply.text
    assert reply.case_id == 1
    assert [message.case_id for message in rows(station, Message)] == [1, None], "no word of the resident's"


async def test_that_the_latest_article_is_a_card_that_the_waiting_request_carries(station: Station) -> None:
    received = await station.engine.receive(station.inbound("event", Event="CLICK", EventKey="news:articles"))
    with station.engine.waiting.wait_for(received.id) as answer:
        await station.engine.run_due()
        card = answer.result()
    assert isinstance(card, Article)
    assert card.title.startswith("【示例】")
    stored, others = rows(station, Reply)
    assert (stored.via, stored.state, outbox.content(stored)) == ("passive", WorkState.DONE, card)
    assert stored.text == f"{card.title}\n{card.description}\n{card.url}", "for whoever shows no cards"
    assert await station.engine.passive_reply(received.id) == card, "a repetition gets the same"
    station.clock.advance(seconds=1)
    await station.engine.run_due()
    assert station.platform.sent == [("oA", others.text)]
    assert others.text.startswith("往期文章：\n2026-")


async def test_that_without_a_waiting_request_the_card_follows_before_the_list(station: Station) -> None:
    card, others = await tap(station, "news:articles")
    station.clock.advance(seconds=1)
    await station.engine.run_due()
    assert card.article
    sent = {"title": card.article["title"], "description": card.article["description"], "url": card.article["url"]}
    assert station.platform.sent == [("oA", sent | {"picurl": ""}), ("oA", others.text)]


# -- passive and later --------------------------------------------------------------------------------------------


async def test_that_a_waiting_request_carries_the_reply(station: Station) -> None:
    received = await station.receive("你好")
    with station.engine.waiting.wait_for(received.id) as answer:
        await station.engine.run_due()
        assert answer.result() == "答：你好"
    station.clock.advance(hours=1)
    await station.engine.run_due()
    assert station.platform.sent == []


async def test_that_without_one_the_reply_follows_as_a_customer_service_message(station: Station) -> None:
    await station.deliver("你好")
    assert station.platform.sent == [], "the platform's repetition has a second to fetch it"
    station.clock.advance(seconds=1)
    await station.engine.run_due()
    assert station.platform.sent == [("oA", "答：你好")]


async def test_that_a_request_that_left_at_the_last_moment_loses_no_reply(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It still waited while the reply was written, and was gone when it was to be handed over."""
    monkeypatch.setattr(station.engine.waiting, "anyone_for", lambda _id: True)
    await station.deliver("你好")
    assert station.platform.sent == [("oA", "答：你好")]


async def test_that_a_repetition_fetches_the_reply_once_and_the_same_again(station: Station) -> None:
    received = await station.deliver("你好")
    assert await station.engine.passive_reply(received.id) == "答：你好"
    assert await station.engine.passive_reply(received.id) == "答：你好"
    station.clock.advance(hours=1)
    await station.engine.run_due()
    assert station.platform.sent == []


async def test_that_a_reply_already_on_its_way_is_not_given_twice(station: Station) -> None:
    received = await station.deliver("你好")
    station.clock.advance(seconds=1)
    with station.store.transaction() as session:
        outbox.claim_replies(session, now=station.clock.now(), limit=5)
    assert await station.engine.passive_reply(received.id) is None


def waiting_application(station: Station) -> None:
    """An application of resident oA to which an officer wants a picture added."""
    with station.store.transaction() as session:
        (message,) = session.scalars(sa.select(Message))
        application = applications.submit(
            session,
            pseudonym=message.resident.pseudonym,
            message_id=message.id,
            kind="dog_licence",
            answers={},
            photos={},
            now=station.clock.now(),
        )
        applications.decide(session, application.id, "ask", officer="甲", reason="照片糊了", now=station.clock.now())


async def test_that_a_picture_that_an_officer_asked_for_is_in_its_application_and_no_request(station: Station) -> None:
    await station.deliver("办狗证")
    waiting_application(station)
    await station.deliver_inbound(station.inbound("image", MediaId="m1"))
    picture = rows(station, Message)[-1]
    (application,) = rows(station, Application)
    assert application.photos == {"more": [picture.id]}
    assert application.receipt in rows(station, Reply)[-1].text
    assert rows(station, Case) == []


async def test_that_a_picture_in_an_alarm_is_evidence_whatever_an_application_waits_for(station: Station) -> None:
    await station.deliver("办狗证")
    waiting_application(station)
    await station.deliver(ALARM)
    station.phone.take()
    await station.deliver_inbound(station.inbound("image", MediaId="m1"))
    (case,) = rows(station, Case)
    assert rows(station, Message)[-1].case_id == case.id
    assert rows(station, Application)[0].photos == {}


async def test_that_an_answer_to_a_form_is_marked_as_one(station: Station) -> None:
    station.rasa.form_answers = {"张示例"}
    await station.deliver("张示例")
    await station.deliver("你好")
    assert [message.payload.get("of_form") for message in rows(station, Message)] == [True, None]
