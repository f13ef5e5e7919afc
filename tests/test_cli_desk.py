"""An officer's work at the shell: the same services as on the console, and one clear line when something is wrong."""

import json
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.services import applications
from bot.store.models import Application, Case, Escalation, Message, Reply, Resident
from bot.store.session import Store

RECEIPT = "Q20260105-0001"


def fujin(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture
def desk(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """An alarm whose next page is set, and an application of the same resident."""
    monkeypatch.setenv("FUJIN_DATABASE_URL", store.url.render_as_string(hide_password=False))
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
    assert fujin("give-back", "1").stdout == "case 1: the bot answers again\n"
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


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["reply", "99", "在吗"], "no case 99"),
        (["reply", "1", " "], "1 to 500"),
        (["reply", "1", "在吗", "--officer", "乙" * 65], "1 to 64"),
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


def test_that_giving_back_what_is_not_there_is_one_clear_line(desk: Store) -> None:
    result = fujin("give-back", "99")
    assert (result.exit_code, result.stderr) == (1, "fujin: there is no case 99; `fujin cases` lists them\n")
