from dataclasses import asdict

from bot.console.conversation import Answered, Conversation, Held, Said, read_conversation
from bot.duty import conversation
from bot.duty.watch import Watch
from bot.store.models import AuditorPage, CaseId, Media
from bot.wechat.outbound import Article
from tests.console.conftest import Rows


def look(rows: Rows, case_id: CaseId, watch: Watch) -> Conversation | None:
    with rows.store.reading() as session:
        return read_conversation(session, case_id, watch=watch, now=rows.clock.now())


def test_that_an_unknown_case_is_none(rows: Rows, watch: Watch) -> None:
    assert look(rows, CaseId(404), watch) is None


def test_that_messages_and_replies_stand_in_the_order_of_time(rows: Rows, watch: Watch) -> None:
    case = rows.case(rows.resident(), "urgent_alarm/fire")
    rows.message(case, "着火了", ago=60)
    rows.reply(case, "您在哪里？", ago=60)
    rows.message(case, "东中街8号", ago=50)
    rows.reply(case, "收到", ago=40, state="failed", error="errcode 45015: over")
    found = look(rows, case.id, watch)
    assert found is not None
    assert [(type(entry), entry.text) for entry in found.talk] == [
        (Said, "着火了"),
        (Answered, "您在哪里？"),
        (Said, "东中街8号"),
        (Answered, "收到"),
    ]
    assert isinstance(found.talk[-1], Answered)
    assert (found.talk[-1].state, found.talk[-1].error) == ("failed", "errcode 45015: over")


def test_that_a_message_names_the_model_that_read_it_or_the_safety_net(rows: Rows, watch: Watch) -> None:
    case = rows.case(rows.resident(), "urgent_alarm/fire")
    read, by_the_net = rows.message(case, "着火了"), rows.message(case, "快来")
    with rows.store.transaction() as session:
        session.merge(read).model = "fujin-5b3d01e4b2ae"
        session.merge(by_the_net).read_by_model = False
    rows.message(case, "", kind="image")
    found = look(rows, case.id, watch)
    assert found is not None
    assert [entry.read_by for entry in found.talk if isinstance(entry, Said)] == [
        "模型 fujin-5b3d01e4b2ae",
        "安全网（当时没有模型回答）",
        "",
    ]


def test_that_a_card_is_shown_as_one(rows: Rows, watch: Watch) -> None:
    case = rows.case(rows.resident(), "urgent_alarm/fire")
    article = Article("题", "说明", "https://x/1", "https://x/1.png")
    rows.reply(case, article.as_text(), article=asdict(article))
    rows.reply(case, "收到")
    found = look(rows, case.id, watch)
    assert found is not None
    assert [entry.article for entry in found.talk if isinstance(entry, Answered)] == [article, None]


def test_that_media_are_shown_only_once_they_are_stored(rows: Rows, watch: Watch) -> None:
    case = rows.case(rows.resident(), "urgent_alarm/fire")
    message = rows.message(case, "", kind="image")
    now = rows.clock.now()
    with rows.store.transaction() as session:
        session.add(Media(message_id=message.id, media_id="a", kind="image", due_at=now, error="errcode 40007: gone"))
        session.add(
            Media(
                message_id=message.id,
                media_id="b",
                kind="image",
                due_at=now,
                state="done",
                sha256="a" * 64,
                content_type="image/png",
                size=10,
            )
        )
    found = look(rows, case.id, watch)
    assert found is not None
    (said,) = found.talk
    assert isinstance(said, Said)
    assert [media.sha256 for media in said.media] == [None, "a" * 64]
    assert said.media[0].error == "errcode 40007: gone"


def test_that_what_a_machine_made_out_in_a_voice_is_told_apart(rows: Rows, watch: Watch) -> None:
    case = rows.case(rows.resident(), "urgent_alarm/fire")
    rows.message(case, "着火了", kind="voice", transcript=True)
    rows.message(case, "", kind="voice")
    found = look(rows, case.id, watch)
    assert found is not None
    assert [(said.text, said.transcript) for said in found.talk if isinstance(said, Said)] == [
        ("[语音]", "着火了"),
        ("[语音]", ""),
    ]
    assert [line.text for line in found.card.lines] == ["[语音转写] 着火了", "[语音]"]


def test_that_a_place_has_its_words_and_its_coordinates(rows: Rows, watch: Watch) -> None:
    case = rows.case(rows.resident(), "urgent_alarm/fire")
    rows.message(case, "东中街8号", kind="location", Location_X="41.8022", Location_Y="123.4703")
    found = look(rows, case.id, watch)
    assert found is not None
    assert isinstance(found.talk[0], Said)
    assert (found.talk[0].text, found.talk[0].place) == ("东中街8号", "41.8022, 123.4703")


def test_that_a_channel_is_told_by_its_name(rows: Rows, watch: Watch) -> None:
    case = rows.case(rows.resident(), "urgent_alarm/fire")
    rows.page(case)
    with rows.store.transaction() as session:
        session.add(AuditorPage(case_id=case.id, missed_at=rows.clock.now(), paged_at=rows.clock.now()))
    found = look(rows, case.id, watch)
    assert found is not None
    assert [(page.level, page.channel) for page in found.pages] == [(0, "群机器人"), (-1, "")]
    assert "secret" not in repr(found.pages)


def test_that_the_reporter_of_a_tip_is_hidden_on_the_case_page(rows: Rows, watch: Watch) -> None:
    case = rows.case(rows.resident("R-SECRET23"), "tip/gambling")
    rows.message(case, "楼下棋牌室天天赌钱")
    assert "R-SECRET23" not in repr(look(rows, case.id, watch))


def test_that_an_officers_words_stand_under_the_officers_name_with_how_far_they_got(rows: Rows, watch: Watch) -> None:
    case = rows.case(rows.resident(), "help_request/lost_pet")
    with rows.store.transaction() as session:
        conversation.reply(session, case.id, "什么颜色的？", officer="值班民警二", now=rows.clock.now())
    found = look(rows, case.id, watch)
    assert found is not None
    (answer,) = found.talk
    assert isinstance(answer, Answered)
    assert (answer.author, answer.text, answer.state) == ("值班民警二", "什么颜色的？", "pending")
    assert found.held == Held("值班民警二", rows.clock.now() + conversation.HELD)


def test_that_a_conversation_is_held_until_it_is_given_back_or_its_time_is_over(rows: Rows, watch: Watch) -> None:
    case = rows.case(rows.resident(), "help_request/lost_pet")

    def held() -> Held | None:
        found = look(rows, case.id, watch)
        assert found is not None
        return found.held

    assert held() is None
    with rows.store.transaction() as session:
        conversation.reply(session, case.id, "在吗", officer="值班民警二", now=rows.clock.now())
    assert held() is not None
    rows.clock.advance(minutes=30)
    assert held() is None
    with rows.store.transaction() as session:
        conversation.reply(session, case.id, "还在吗", officer="值班民警二", now=rows.clock.now())
        conversation.give_back(session, case.id, officer="甲", now=rows.clock.now())
    assert held() is None
