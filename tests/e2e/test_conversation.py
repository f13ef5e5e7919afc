"""From a signed and encrypted callback to the reply, the case and the page: real Rasa, real processes."""

import json
import uuid
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from bot.intake import menu
from bot.store.models import Media
from tests.e2e.writer import Writer
from tests.resident import message_xml, post
from tests.stack import Stack

pytestmark = pytest.mark.slow


@pytest.fixture
def writer(stack: Stack) -> Writer:
    return Writer(stack)


def test_that_an_alarm_is_answered_opens_a_case_and_is_paged(writer: Writer) -> None:
    assert "110" in writer.say("有人拿刀在楼下砍人")
    case, pages = writer.paged_case()
    assert (case.label, case.state, pages) == ("urgent_alarm", "open", 1)
    assert "刀" in "".join(word for item in case.evidence for word in item["words"])


@pytest.mark.parametrize(
    ("text", "answer"),
    [("身份证丢了怎么补办", "身份证"), ("我家孩子刚出生怎么上户口", "一个月"), ("养狗要办什么证", "狂犬")],
)
def test_that_a_question_is_answered_and_opens_no_case(writer: Writer, text: str, answer: str) -> None:
    assert answer in writer.say(text)
    assert writer.cases() == []


def test_that_every_entry_of_the_menu_is_answered_and_opens_no_case(writer: Writer) -> None:
    for section in menu.load().shown:
        for entry in section.shown:
            assert "MsgType" in writer.tap(entry.key), entry.title
    assert writer.cases() == []


@pytest.mark.parametrize(("text", "label"), [("楼下棋牌室天天赌钱", "tip"), ("我家狗丢了", "help_request")])
def test_that_a_tip_and_a_request_reach_their_queue_and_page_nobody(writer: Writer, text: str, label: str) -> None:
    writer.say(text)
    ((case, pages),) = writer.cases()
    assert (case.label, pages) == (label, 0)


def test_that_fragments_which_mean_danger_only_together_are_one_alarm(writer: Writer) -> None:
    for fragment in ("他", "在门口", "有刀"):
        writer.say(fragment)
    (alarm,) = [case for case, _ in writer.cases() if case.label == "urgent_alarm"]
    assert alarm.state == "open"


def test_that_everything_sent_during_an_alarm_belongs_to_it(writer: Writer) -> None:
    writer.say("有人撬我家门，快来")
    writer.say("3号楼2单元501")
    writer.say("他好像进来了")
    ((case, _),) = writer.cases()
    assert case.label == "urgent_alarm"


def test_that_a_picture_in_an_alarm_is_kept_as_evidence(stack: Stack, writer: Writer) -> None:
    writer.say("着火了，三楼冒烟")
    fields = "<PicUrl>http://127.0.0.1/none</PicUrl><MediaId>no-such-media</MediaId>"
    post(stack.account, stack.gateway_url, message_xml(writer.openid, fields, kind="image")).raise_for_status()
    ((case, _),) = writer.cases()
    store = stack.store
    with store.reading() as session:
        media = session.scalars(sa.select(Media).where(Media.message.has(case_id=case.id))).one()
    store.close()
    assert media.kind == "image"


def test_that_the_triage_command_reads_many_lines_in_their_order(stack: Stack) -> None:
    lines = [{"id": str(number), "text": text} for number, text in enumerate(["救命啊", "你好", "身份证多少钱"] * 20)]
    output = stack.fujin("triage", "-", stdin="\n".join(json.dumps(line) for line in lines))
    rows = [json.loads(line) for line in output.splitlines()]
    assert [row["id"] for row in rows] == [line["id"] for line in lines]
    assert [row["label"] for row in rows[:3]] == ["urgent_alarm", "other", "enquiry"]
    assert set(rows[0]) == {"id", "label", "confidence", "intent", "evidence"}


def test_that_the_ask_command_adds_the_reply(stack: Stack) -> None:
    (row,) = map(json.loads, stack.fujin("ask", "-", stdin='{"id": "1", "text": "派出所在哪"}').splitlines())
    assert row["label"] == "enquiry"
    assert "大东路1号" in row["reply"]


def test_that_metrics_are_not_on_the_public_port(stack: Stack) -> None:
    assert httpx.get(f"{stack.gateway_url}/metrics").status_code == 404
    private = httpx.get(f"http://127.0.0.1:{stack.settings.metrics_port}/metrics")
    assert "fujin_callbacks_total" in private.text


def test_that_logs_hold_neither_words_nor_openids_nor_secrets(stack: Stack, writer: Writer) -> None:
    said = f"独一无二的话{uuid.uuid4().hex}"
    writer.say(said)
    logs = "".join(path.read_text(errors="replace") for path in Path(stack.settings.var_dir, "log").glob("*.log"))
    assert logs
    for secret in (said, writer.openid, stack.account.token, stack.account.aes_key, stack.settings.wechat_app_secret):
        assert secret not in logs


def test_that_texts_read_together_are_read_as_each_alone(stack: Stack) -> None:
    texts = ["有人撬我家门", "你好", "身份证丢了怎么补办", "楼下棋牌室天天赌钱"] * 8
    url = f"{stack.settings.rasa_url}/webhooks/fujin"
    together = httpx.post(f"{url}/triage_batch", json={"texts": texts}, timeout=30).json()["triages"]
    alone = [httpx.post(f"{url}/triage", json={"text": text}, timeout=30).json()["triage"] for text in texts[:4]]
    assert [triage["label"] for triage in together] == [triage["label"] for triage in alone] * 8
    assert [triage["intent"] for triage in together] == [triage["intent"] for triage in alone] * 8
