"""How one's own affairs stand. Of others' applications nothing is told; one's own case may speak of others."""

from datetime import UTC, datetime

import pytest

from bot.services import applications, standing
from bot.store.models import Case, Message, MessageId, Resident
from bot.store.session import Store

_REFUSED = "别人的，请他本人用自己的微信来问"


def told(store: Store, text: str) -> str:
    with store.reading() as session:
        return standing.asked(session, "R-A", text).text


@pytest.mark.parametrize(
    "text",
    [
        "帮室友查一下居住证办好没",
        "顺便帮我哥们儿查查他那个",
        "我朋友的狗证下来了吗",
        "替他问问申请到哪了",
        "他家那申请批没批",
        "D20260101-0001 到哪了",
    ],
)
def test_that_of_anothers_application_nothing_is_told(store: Store, text: str) -> None:
    assert _REFUSED in told(store, text)


@pytest.mark.parametrize(
    "text",
    [
        "偷我车那人你们抓着他没",
        "邻居打架那回咋样了",
        "我昨天举报的那家他咋还开着",
        "上回我跟你们说同学老要我钱的事，他还要呢",
        "她家狗咬我那个事有信儿没",
        "我朋友陪我报的案 现在到哪步了",
    ],
)
def test_that_a_question_after_ones_own_case_may_speak_of_others(store: Store, text: str) -> None:
    assert _REFUSED not in told(store, text)


def test_that_a_stopped_form_is_told_of_where_nothing_has_been_handed_in(store: Store) -> None:
    stopped = "没有在办，按您说的停了。"
    with store.transaction() as session:
        assert standing.asked(session, "R-A", "我那个还在办着吗", stopped=stopped).text == stopped
        resident = Resident(openid="oA", pseudonym="R-A", first_seen_at=datetime.now(UTC))
        session.add(resident)
        session.flush()
        now = datetime.now(UTC)
        message = Message(resident_id=resident.id, key="1", kind="text", received_at=now, due_at=now)
        session.add(message)
        session.flush()
        applications.submit(
            session,
            pseudonym="R-A",
            message_id=MessageId(message.id),
            kind="dog_licence",
            answers={"name": "张示例"},
            photos={},
            now=now,
        )
        assert stopped not in standing.asked(session, "R-A", "我的犬证办好了吗", stopped=stopped).text


def test_that_who_asks_after_an_application_hears_that_there_is_none_beside_the_cases(store: Store) -> None:
    with store.transaction() as session:
        resident = Resident(openid="oA", pseudonym="R-A", first_seen_at=datetime.now(UTC))
        session.add(resident)
        session.flush()
        now = datetime.now(UTC)
        session.add(
            Case(
                resident_id=resident.id,
                label="help_request",
                intent="help_request/noise",
                opened_at=now,
                updated_at=now,
            )
        )
    assert "没查到您在这个微信上交过的" in told(store, "我上礼拜交的居住证申请到哪了")
    assert "申请：" not in told(store, "我报的那事咋样了")


@pytest.mark.parametrize(
    "text", ["我妈半个月前办的狗证批没批 她拿她自己微信弄的", "我爸的居住证下来没", "用他微信交的到哪了"]
)
def test_that_relatives_ask_by_themselves(store: Store, text: str) -> None:
    assert _REFUSED in told(store, text)
