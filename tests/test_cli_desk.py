"""An officer's work at the shell: the same services as on the console, and one clear line when something is wrong."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.console.demo_media import picture
from bot.duty import accounts
from bot.intake.evidence import EvidenceStore
from bot.services import applications
from bot.store.models import Application, AuditEntry, Case, Escalation, Media, Message, Page, Reply, Resident
from bot.store.session import Store
from tests.station import DUTY, Station

RECEIPT = "Q20260105-0001"


def fujin(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture
def desk(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A roster, an alarm whose next page is set, and an application of the same resident."""
    monkeypatch.setenv("FUJIN_DATABASE_URL", store.url.render_as_string(hide_password=False))
    roster = tmp_path / "duty.yml"
    roster.write_text(DUTY, encoding="utf-8")
    monkeypatch.setenv("FUJIN_DUTY_FILE", str(roster))
    now = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
    with store.transaction() as session:
        resident = Resident(openid="oSecret", pseudonym="R-AB", first_seen_at=now)
        case = Case(resident=resident, label="urgent_alarm", intent="urgent_alarm/fire", opened_at=now, updated_at=now)
        message = Message(resident=resident, key="msg:1", kind="text", received_at=now, due_at=now)
        session.add_all([case, message])
        session.flush()
        session.add(Escalation(case_id=case.id, level=1, due_at=now))
        answers = {"name": "张示例", "id_number": "210104199003078886"}
        submitted = {"kind": "dog_licence", "answers": answers, "photos": {}, "now": now}
        applications.submit(session, pseudonym="R-AB", message_id=message.id, **submitted)  # type: ignore[arg-type]
    return store


def the_case(store: Store) -> Case:
    with store.reading() as session:
        return session.scalars(sa.select(Case).options(sa.orm.joinedload(Case.resident))).one()


def replies(store: Store) -> list[tuple[str, str]]:
    with store.reading() as session:
        return [(reply.author, reply.text) for reply in session.scalars(sa.select(Reply).order_by(Reply.id))]


def test_that_a_reply_goes_into_the_outbox_and_silences_the_bot_until_it_is_given_back(desk: Store) -> None:
    result = fujin("reply", "1", "您在几楼？", "--officer", "乙")
    assert result.exit_code == 0, result.output
    assert result.stdout == "reply to case 1 in the outbox; the bot is silent for 30 minutes\n"
    assert replies(desk) == [("乙", "您在几楼？")]
    assert the_case(desk).resident.held_by == "乙"
    assert fujin("give-back", "1", "--officer", "甲").stdout == "case 1: the bot answers again\n"
    assert the_case(desk).resident.held_by is None


def test_that_a_case_is_closed_with_how_it_ended_and_its_pages_end(desk: Store) -> None:
    result = fujin("close", "1", "--disposition", "false_alarm", "--word", "电话核实是误报", "--officer", "乙")
    assert (result.exit_code, result.stdout) == (0, "case 1 closed: 误报\n")
    case = the_case(desk)
    assert (case.state, case.closed_by, case.disposition, case.closing_word) == (
        "closed",
        "乙",
        "false_alarm",
        "电话核实是误报",
    )
    with desk.reading() as session:
        assert session.scalars(sa.select(Escalation.state)).all() == ["cancelled"]


def test_that_closing_tells_of_messages_that_came_since_the_last_act(desk: Store) -> None:
    assert fujin("ack", "1", "--officer", "乙").exit_code == 0
    later = datetime.now(UTC) + timedelta(minutes=1)
    with desk.transaction() as session:
        resident = session.scalars(sa.select(Resident)).one()
        at = {"received_at": later, "due_at": later}
        session.add(Message(resident=resident, case_id=1, key="msg:2", kind="text", text="他进来了", **at))
    result = fujin("close", "1", "--disposition", "real", "--word", "已处置", "--officer", "乙")
    assert (result.exit_code, result.stdout) == (0, "case 1 closed: 属实已处置\n")
    assert result.stderr.startswith("1 messages have come since the last act on it")


def test_that_applications_are_listed_without_what_they_hold(desk: Store) -> None:
    (row,) = json.loads(fujin("applications", "--json").stdout)
    assert row == {
        "receipt": RECEIPT,
        "kind": "dog_licence",
        "state": "submitted",
        "submitted_at": "2026-01-05T12:00:00+00:00",
        "updated_at": "2026-01-05T12:00:00+00:00",
        "resident": "R-AB",
    }
    table = fujin("applications")
    assert table.exit_code == 0
    assert "dog_licence" in table.stdout
    assert "oSecret" not in table.output
    assert "2101" not in table.output


def test_that_no_applications_are_an_empty_list(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUJIN_DATABASE_URL", store.url.render_as_string(hide_password=False))
    assert json.loads(fujin("applications", "--json").stdout) == []
    assert "no applications" in fujin("applications").stdout


def test_that_a_decision_is_taken_and_told(desk: Store) -> None:
    result = fujin("decide", RECEIPT, "ask", "--officer", "乙", "--reason", "住址请写到门牌")
    assert (result.exit_code, result.stdout) == (
        0,
        f"{RECEIPT}: 犬证申请（受理号{RECEIPT}）：等您补充。住址请写到门牌\n",
    )
    ((author, text),) = replies(desk)
    assert author == "乙"
    assert "住址请写到门牌" in text
    for decision in ("approve", "ready"):
        assert fujin("decide", RECEIPT, decision, "--officer", "乙").exit_code == 0
    with desk.reading() as session:
        assert session.scalars(sa.select(Application.state)).one() == "ready"
        entries = session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [(one.actor, one.action, one.subject, one.detail["decision"]) for one in entries] == [
        ("乙", "decide", RECEIPT, decision) for decision in ("ask", "approve", "ready")
    ]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["reply", "99", "在吗"], "no case 99"),
        (["reply", "1", " "], "1 to 500"),
        (["reply", "1", "在吗", "--officer", "丁"], "'丁' is neither in duty.yml nor has an account"),
        (["close", "99", "--disposition", "real", "--word", "好"], "no case 99"),
        (["close", "1", "--disposition", "burnt", "--word", "好"], "choose one of real, resolved"),
        (["close", "1", "--disposition", "real", "--word", " "], "1 to 500"),
        (["decide", "Q1", "approve"], "no application Q1; `fujin applications` lists them"),
        (["decide", RECEIPT, "burn"], "可用的是approve、ask、reject、ready"),
        (["decide", RECEIPT, "reject"], "要写明原因"),
        (["decide", RECEIPT, "ready"], "现在是“等民警审核”"),
    ],
)
def test_that_what_cannot_be_done_is_one_clear_line_and_changes_nothing(
    desk: Store, arguments: list[str], reason: str
) -> None:
    officer = [] if "--officer" in arguments else ["--officer", "乙"]
    result = fujin(*arguments, *officer)
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("fujin: ")
    assert reason in line
    assert replies(desk) == []
    assert the_case(desk).state == "open"


def test_that_whoever_has_an_account_acts_until_it_is_disabled(desk: Store) -> None:
    now = datetime.now(UTC)
    with desk.transaction() as session:
        accounts.add(session, "丁", "leader", password_hash="x", by="甲", now=now)
    assert fujin("note", "1", "好", "--officer", "丁").exit_code == 0
    with desk.transaction() as session:
        accounts.disable(session, "丁", by="甲", now=now)
    assert fujin("note", "1", "再写", "--officer", "丁").exit_code == 1


def test_that_a_slip_in_the_roster_keeps_nobody_from_acknowledging(desk: Store, tmp_path: Path) -> None:
    (tmp_path / "duty.yml").write_text("officers: [", encoding="utf-8")
    assert fujin("ack", "1", "--officer", "乙").exit_code == 0


def test_that_every_list_with_what_residents_did_stands_in_the_log_under_who_looked(desk: Store) -> None:
    for command in ("cases", "applications", "corrections"):
        assert fujin(command, "--officer", "乙").exit_code == 0
    for command in ("cases", "applications", "talks"):  # programs need no name
        assert fujin(command, "--json").exit_code == 0
    assert fujin("corrections").exit_code == 2, "residents' words are shown to nobody in particular"
    with desk.reading() as session:
        log = session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [(entry.actor, entry.action, entry.subject) for entry in log] == [
        *(("乙", "view", command) for command in ("cases", "applications", "corrections")),
        *(("服务器命令", "view", command) for command in ("cases", "applications", "talks")),
    ]


def test_that_giving_back_what_is_not_there_is_one_clear_line(desk: Store) -> None:
    result = fujin("give-back", "99", "--officer", "甲")
    assert (result.exit_code, result.stderr) == (1, "fujin: there is no case 99; `fujin cases` lists them\n")


def test_that_a_search_finds_by_words_and_stands_in_the_log_under_its_officer(desk: Store) -> None:
    with desk.transaction() as session:
        message = session.scalars(sa.select(Message)).one()
        message.text, message.case_id = "三楼着火了", the_case(desk).id
    result = fujin("search", "着火", "--officer", "乙", "--since", "2026-01-01", "--until", "2026-01-31", "--json")
    assert result.exit_code == 0, result.output
    (hit,) = json.loads(result.stdout)
    assert (hit["case"], hit["text"], hit["resident"]) == (1, "三楼着火了", "R-AB")
    assert json.loads(fujin("search", "着火", "--officer", "乙", "--until", "2025-12-31", "--json").stdout) == []
    with desk.reading() as session:
        log = session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "search").order_by(AuditEntry.id)).all()
    assert [(entry.actor, entry.detail["words"]) for entry in log] == [("乙", "着火")] * 2


# -- conversations without a case -----------------------------------------------------------------------------------


@pytest.fixture
def talking(desk: Store) -> Store:
    """Somebody who asks the bot, and has given a tip on the day before."""
    now = datetime.now(UTC)
    yesterday = now - timedelta(days=1)
    with desk.transaction() as session:
        resident = Resident(openid="oTalks", pseudonym="R-EF", first_seen_at=yesterday)
        at = {"opened_at": yesterday, "updated_at": yesterday}
        tip = Case(resident=resident, label="tip", intent="tip/gambling", confidential=True, **at)
        for number, (text, said, case) in enumerate((("天天赌钱", yesterday, tip), ("怎么补办身份证", now, None))):
            sent = {"key": f"talk:{number}", "kind": "text", "text": text, "received_at": said, "due_at": said}
            message = Message(resident=resident, case=case, state="done", **sent)
            session.add(message)
            session.flush()
            answer = {"text": f"答：{text}", "state": "done", "created_at": said, "due_at": said}
            session.add(Reply(resident_id=resident.id, message_id=message.id, **answer))
    return desk


def test_that_a_conversation_is_listed_read_and_taken_over_by_command(talking: Store) -> None:
    (listed,) = json.loads(fujin("talks", "--json").stdout)
    assert (listed["resident"], listed["held_by"]) == ("R-EF", None)
    assert "身份证" not in str(listed), "residents' words are shown to nobody in particular"
    read = fujin("talk", "r-ef", "--officer", "乙", "--json")
    told = json.loads(read.stdout)
    assert (told["resident"], told["case"], told["earlier"]) == ("R-EF", None, None)
    assert [(line["from"], line["text"]) for line in told["talk"]] == [
        ("R-EF", "怎么补办身份证"),
        ("bot", "答：怎么补办身份证"),
    ]
    assert "怎么补办身份证" in fujin("talk", "R-EF", "--officer", "乙").stdout
    taken = fujin("talk", "R-EF", "--take", "--officer", "乙")
    assert (taken.exit_code, taken.stdout) == (0, "case 3: 乙 has it\n")
    assert fujin("talk", "R-EF", "--take", "--officer", "甲").stdout == "R-EF has case 3 already\n"
    case = json.loads(fujin("case", "3", "--json", "--officer", "乙").stdout)
    assert (case["label"], case["acknowledged_by"]) == ("help_request", "乙")
    assert [line["text"] for line in case["before"]] == ["怎么补办身份证", "答：怎么补办身份证"]
    with talking.reading() as session:
        log = session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [(entry.actor, entry.action, entry.subject, entry.case_id) for entry in log] == [
        ("服务器命令", "view", "talks", None),
        ("乙", "view", "R-EF", None),
        ("乙", "view", "R-EF", None),
        ("乙", "acknowledge", "", 3),
        ("乙", "view", "", 3),
    ]


def test_that_a_long_conversation_is_read_page_by_page(talking: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.console.talks.PAGE", 1)
    with talking.transaction() as session:
        resident = session.scalars(sa.select(Resident).where(Resident.pseudonym == "R-EF")).one()
        now = datetime.now(UTC)
        sent = {"kind": "text", "received_at": now, "due_at": now, "state": "done"}
        session.add(Message(resident=resident, key="talk:later", text="还要照片吗", **sent))
    newest = fujin("talk", "R-EF", "--officer", "乙")
    assert "还要照片吗" in newest.stdout
    (hint,) = [line for line in newest.stderr.splitlines() if line.startswith("earlier")]
    earlier = fujin(*hint.removeprefix("earlier: `fujin ").removesuffix("`").split(), "--officer", "乙")
    assert "怎么补办身份证" in earlier.stdout
    assert "还要照片吗" not in earlier.stdout


def test_that_a_conversation_that_is_not_there_is_one_clear_line(desk: Store) -> None:
    for more in ([], ["--take"]):
        result = fujin("talk", "R-NOBODY", "--officer", "甲", *more)
        assert (result.exit_code, result.stderr) == (
            1,
            "fujin: there is no resident R-NOBODY; `fujin talks` lists them\n",
        )


# -- work on one case -----------------------------------------------------------------------------------------------


@pytest.fixture
def night(desk: Store) -> Store:
    """The same desk, with a second alarm and a request."""
    now = datetime.now(UTC)
    with desk.transaction() as session:
        other = Resident(openid="oOther", pseudonym="R-CD", first_seen_at=now)
        for intent in ("urgent_alarm/fire", "help_request/noise"):
            at = {"opened_at": now, "updated_at": now}
            session.add(Case(resident=other, label=intent.split("/")[0], intent=intent, **at))
    return desk


def told(case: int) -> Any:
    result = fujin("case", str(case), "--json", "--officer", "甲")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_that_a_case_tells_what_read_each_message(desk: Store) -> None:
    number = the_case(desk).id
    with desk.transaction() as session:
        first = session.scalars(sa.select(Message)).one()
        for place, (read_by_model, model) in enumerate(((True, "fujin-5b3d01e4b2ae"), (False, None), (None, None))):
            at = first.received_at + timedelta(seconds=place)
            row = Message(
                resident_id=first.resident_id, key=f"msg:read-{place}", kind="text", received_at=at, due_at=at
            )
            row.case_id, row.read_by_model, row.model = number, read_by_model, model
            session.add(row)
    assert [one["read_by"] for one in told(number)["talk"]] == ["fujin-5b3d01e4b2ae", "safety net", None]


def test_that_a_whole_case_is_worked_on_by_command(night: Store) -> None:
    for arguments, output in {
        ("ack", "1", "--officer", "甲"): "case 1 acknowledged\n",
        ("note", "1", "三楼有老人", "--officer", "甲"): "case 1: noted\n",
        ("join", "1", "--officer", "丙"): "case 1: 丙 is on it\n",
        ("leave", "1", "--officer", "丙"): "case 1: 丙 is not on it\n",
        ("offer", "1", "--to", "丙", "--officer", "甲"): "case 1 is offered to 丙 for 3 minutes",
        ("decline", "1", "--officer", "丙"): "case 1: 甲 has it\n",
        ("offer", "1", "--to", "乙", "--officer", "甲"): "case 1 is offered to 乙 for 3 minutes",
        ("accept", "1", "--officer", "乙"): "case 1: 乙 has it\n",
        ("merge", "2", "--into", "1", "--officer", "乙"): "case 2 is part of case 1\n",
        ("reply", "1", "您看见什么？", "--to", "2", "--officer", "乙"): "reply to case 1 in the outbox",
        ("separate", "2", "--officer", "乙"): "case 2 stands by itself: open\n",
        ("unack", "1", "--officer", "乙"): "case 1 is open again\n",
        (
            "relabel",
            "1",
            "help_request/noise",
            "--reason",
            "只是油烟",
            "--officer",
            "乙",
        ): "case 1 is help_request/noise\n",
        ("assign", "1", "--to", "丙", "--officer", "乙"): "case 1: 丙 is to see to it\n",
        (
            *("close", "1", "--disposition", "referred", "--to", "12345"),
            *("--word", "请物业处理", "--officer", "丙"),
        ): "case 1 closed: 已转其他部门\n",
        ("reopen", "1", "--officer", "甲"): "case 1 goes on; 甲 has it\n",
    }.items():
        result = fujin(*arguments)
        assert (result.exit_code, result.stdout[: len(output)]) == (0, output), result.output
    case = told(1)
    assert (case["label"], case["acknowledged_by"], case["assigned_to"]) == ("help_request", "甲", "丙")
    assert [one["text"] for one in case["notes"]] == ["三楼有老人", "结案时写的：请物业处理"]
    assert [step["action"] for step in case["timeline"] if step["action"] != "page"] == [
        *("acknowledge", "note", "join", "leave", "offer", "decline", "offer", "accept", "absorb", "reply"),
        *("part", "unacknowledge", "acknowledge", "relabel", "assign", "close", "reopen"),
    ]
    assert told(2)["talk"][-1]["to"] == "R-CD", "the reply has gone back with its resident"
    (correction,) = json.loads(fujin("corrections", "--officer", "甲", "--json").stdout)
    assert (correction["was"], correction["now"], correction["by"]) == ("urgent_alarm/fire", "help_request/noise", "乙")
    for command in (("case", "1", "--officer", "甲"), ("corrections", "--officer", "甲")):
        table = fujin(*command)
        assert table.exit_code == 0, table.output
        assert "oSecret" not in table.output


def test_that_a_picture_is_kept_and_sent(night: Store, tmp_path: Path) -> None:
    file = tmp_path / "map.png"
    file.write_bytes(picture())
    assert fujin("reply", "1", "--picture", str(file), "--officer", "乙").exit_code == 0
    assert replies(night) == [("乙", "[图片]")]
    with night.reading() as session:
        digest = session.scalars(sa.select(Reply.picture)).one()
    assert digest is not None
    assert (tmp_path / "var" / "evidence" / digest[:2] / digest).read_bytes() == picture()
    file.write_bytes(b"MZ")
    result = fujin("reply", "1", "--picture", str(file), "--officer", "乙")
    assert (result.exit_code, "is no JPEG, PNG or GIF" in result.stderr) == (1, True)


def test_that_a_reporter_is_not_named(night: Store) -> None:
    with night.transaction() as session:
        session.get_one(Case, 3).confidential = True
    assert told(3)["resident"] == "reporter 1"
    assert "R-CD" not in fujin("case", "3", "--officer", "甲").output
    assert "1 to 200 characters" in fujin("reporter", "3", "--reason", " ", "--officer", "甲").stderr
    assert looks(night, "reveal") == []
    revealed = fujin("reporter", "3", "--reason", "要核实地址", "--officer", "甲").stdout
    assert revealed.startswith("case 3: R-CD, writes since ")
    assert revealed.endswith(", other cases: 2\n")
    assert looks(night, "reveal") == [("甲", 3, "")]


def test_that_no_command_leads_a_leader_from_a_tip_to_its_reporter_or_back(night: Store) -> None:
    now = datetime.now(UTC)
    with night.transaction() as session:
        accounts.add(session, "丙", "leader", password_hash="", by="甲", now=now)
        tip, request = session.get_one(Case, 2), session.get_one(Case, 3)
        tip.label, tip.intent, tip.confidential = "tip", "tip/gambling", True
        for case, text in ((tip, "楼下天天赌钱"), (request, "楼下天天吵")):
            of = {"resident": case.resident, "case": case, "received_at": now, "due_at": now}
            session.add(Message(**of, key=text, kind="text", text=text))
    for command in (["case", "2"], ["search", "赌钱"], ["search", "案件2"]):
        shown = fujin(*command, "--json", "--officer", "丙").stdout
        assert "gambling" in shown or "赌" in shown
        assert "R-CD" not in shown
        assert "吵" not in shown
    for command in (["case", "3"], ["search", "R-CD"]):
        shown = fujin(*command, "--json", "--officer", "丙").stdout
        assert "R-CD" in shown
        assert "吵" in shown
        assert "gambling" not in shown
        assert "赌" not in shown
    assert looks(night, "reveal") == []


def looks(store: Store, action: str = "view") -> list[tuple[str, int | None, str]]:
    with store.reading() as session:
        entries = session.scalars(sa.select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id))
        return [(entry.actor, entry.case_id, entry.subject) for entry in entries]


def test_that_an_application_is_read_with_its_identity_number_only_when_asked_for(desk: Store) -> None:
    shown = json.loads(fujin("application", RECEIPT, "--officer", "甲").stdout)
    assert (shown["resident"], shown["state"]) == ("R-AB", "submitted")
    assert shown["answers"] == {"姓名": "张示例", "身份证号": "210***********8886"}
    whole = json.loads(fujin("application", RECEIPT, "--whole", "--officer", "乙").stdout)
    assert whole["answers"]["身份证号"] == "210104199003078886"
    assert looks(desk) == [("甲", None, RECEIPT), ("乙", None, RECEIPT), ("乙", None, f"{RECEIPT} id_number")]
    assert "there is no application Q0" in fujin("application", "Q0", "--officer", "甲").stderr


def test_that_a_file_that_was_sent_is_fetched(desk: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUJIN_VAR_DIR", str(tmp_path / "var"))
    files, now = EvidenceStore(tmp_path / "var" / "evidence"), datetime.now(UTC)
    digest, unknown = files.keep(picture()), files.keep(b"of nobody")
    with desk.transaction() as session:
        session.execute(sa.update(Message).values(case_id=1))
        media = {"message_id": 1, "media_id": "m", "kind": "image", "due_at": now, "state": "done"}
        session.add(Media(**media, sha256=digest, content_type="image/png"))
    assert [one["sha256"] for one in told(1)["files"]] == [digest]
    to = tmp_path / "it.png"
    assert fujin("evidence", digest, str(to), "--officer", "甲").stdout == f"{to}: image/png\n"
    assert to.read_bytes() == picture()
    assert ("甲", 1, digest) in looks(desk)
    assert "cannot be written" in fujin("evidence", digest, str(to), "--officer", "甲").stderr
    for wrong in (unknown, "../../etc/passwd"):
        assert "there is no file" in fujin("evidence", wrong, str(tmp_path / "x"), "--officer", "甲").stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["case", "99"], "no case 99"),
        (["note", "1", " "], "1 to 2000"),
        (["offer", "1", "--to", "乙"], "fujin ack 1"),
        (["accept", "1"], "not offered to 乙"),
        (["join", "1"], "fujin ack 1"),
        (["relabel", "1", "nonsense"], "no kind of case"),
        (["relabel", "1", "help_request/noise"], "a reason is needed"),
        (["merge", "1", "--into", "3"], "merge case 3 into it instead"),
        (["assign", "1", "--to", "丙"], "fujin offer"),
        (["assign", "3", "--to", "丁"], "choose one of 甲、乙、丙"),
        (["separate", "1"], "not part of another case"),
        (["close", "1", "--disposition", "referred", "--to", "911", "--word", "好"], "one of 110, 119"),
    ],
)
def test_that_work_that_cannot_be_done_is_one_clear_line(night: Store, arguments: list[str], reason: str) -> None:
    result = fujin(*arguments, "--officer", "乙")
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("fujin: ")
    assert reason in line


@pytest.mark.anyio
async def test_that_an_offer_made_by_command_pages_the_officer_and_keeps_the_channels_keys_out_of_the_database(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = f"值班群={station.phone.channel}?key=secret"
    station.page_channels = (channel,)
    await station.restart()
    await station.deliver("有人拿刀在楼下砍人")
    assert station.phone.take()["officer"] == "甲"
    monkeypatch.setenv("FUJIN_DATABASE_URL", station.store.url.render_as_string(hide_password=False))
    monkeypatch.setenv("FUJIN_DUTY_FILE", str(station.duty_file))
    monkeypatch.setenv("FUJIN_PAGE_CHANNELS", channel)
    monkeypatch.setattr("bot.cli.case.SystemClock", lambda: station.clock)
    assert fujin("ack", "1", "--officer", "甲").exit_code == 0
    offered = fujin("offer", "1", "--to", "乙", "--officer", "甲")
    assert offered.exit_code == 0, offered.output
    await station.engine.run_due()
    assert station.phone.take()["officer"] == "乙"
    with station.store.reading() as session:
        assert set(session.scalars(sa.select(Page.channel))) == {"值班群"}
