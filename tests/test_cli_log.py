"""What a command writes into the log says that it was one, and at whose login, whoever it names."""

import os
import pwd
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
import typer
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.cli import roster as roster_commands
from bot.cli.common import login_name
from bot.console.audit_page import in_words
from bot.console.demo_media import picture
from bot.duty import audit, timeline
from bot.intake.evidence import EvidenceStore
from bot.services import applications
from bot.settings import ROOT
from bot.store.models import AuditEntry, Case, CaseId, Media, Message, Resident
from bot.store.session import Store
from tests.duty.rota import ROTATION
from tests.test_cli_rights import named_options
from tests.world import FakeClock

RECEIPT = "Q20260105-0001"
DEMO = ROOT / "nlu_data" / "demo"
WALK = [
    *("甲 cases", "甲 applications", "甲 corrections", "甲 case 1", "甲 search 着火"),
    *(f"甲 application {RECEIPT}", f"甲 decide {RECEIPT} ask --reason 写到门牌", "甲 evidence {digest} {here}/it.png"),
    *("甲 ack 1", "甲 note 1 三楼", "甲 reply 1 几楼", "甲 give-back 1", "丙 join 1", "丙 leave 1"),
    *("甲 offer 1 --to 乙", "乙 decline 1", "甲 offer 1 --to 乙", "乙 accept 1"),
    *("甲 merge 2 --into 1", "甲 separate 2", "甲 relabel 1 help_request/noise --reason 油烟"),
    *("甲 close 1 --disposition real --word 好", "甲 reopen 1", "甲 ack 2", "甲 unack 2", "甲 assign 3 --to 丙"),
    *("戊 reporter 3 --reason 要核实", "戊 hold 1", "戊 objection R-1"),
    *("甲 roster show", "戊 roster swap 甲 2026-01-07 丙 2026-01-08", "戊 roster extra 戊 2026-01-10 2026-01-10"),
    *("戊 roster away 丁 2026-01-12 2026-01-12", "甲 roster export {here}/to.ics", "戊 roster cancel 3"),
    *("戊 roster import {here}/to.ics", f"戊 import officers {DEMO}/officers.csv", f"戊 import names {DEMO}/names.csv"),
    *("戊 backup {here}/to.tar", "戊 restore {here}/to.tar --force", "戊 erase R-3 --reason 本人要求"),
    *("戊 account add 戊 --role administrator", "戊 account add 己 --role officer", "戊 account role 己 trainer"),
    *("戊 account reset 己", "戊 account disable 己"),
]
"""Who does what, so that each command has something to write down."""


def fujin(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture
def station(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Three residents with a case each, the first with an application and a picture; whoever works here is `zhang`."""
    monkeypatch.setattr(os, "getlogin", lambda: "zhang")
    monkeypatch.setenv("FUJIN_DATABASE_URL", store.url.render_as_string(hide_password=False))
    monkeypatch.setenv("FUJIN_DUTY_FILE", str(tmp_path / "duty.yml"))
    monkeypatch.setattr(roster_commands, "SystemClock", FakeClock)
    (tmp_path / "duty.yml").write_text(ROTATION, encoding="utf-8")
    now = datetime.now(UTC)
    digest = EvidenceStore(tmp_path / "var" / "evidence").keep(picture())
    with store.transaction() as session:
        for number, intent in enumerate(("urgent_alarm/fire", "urgent_alarm/fire", "help_request/noise"), start=1):
            resident = Resident(openid=f"o{number}", pseudonym=f"R-{number}", first_seen_at=now)
            label = intent.split("/")[0]
            case = Case(resident=resident, label=label, intent=intent, opened_at=now, updated_at=now)
            at = {"received_at": now, "due_at": now}
            message = Message(resident=resident, case=case, key=f"msg:{number}", kind="image", text="着火了", **at)
            session.add_all([case, message])
            session.flush()
        sent = {"message_id": 1, "media_id": "m", "kind": "image", "state": "done", "content_type": "image/png"}
        session.add(Media(**sent, sha256=digest, due_at=now))
        form = {"kind": "dog_licence", "answers": {"name": "张示例"}, "photos": {}}
        opened = FakeClock().now()  # so that its number is known
        applications.submit(session, pseudonym="R-1", message_id=1, **form, now=opened)  # type: ignore[arg-type]
    return store


def newer(store: Store, than: int) -> list[AuditEntry]:
    with store.reading() as session:
        return list(session.scalars(sa.select(AuditEntry).where(AuditEntry.id > than).order_by(AuditEntry.id)))


def test_that_every_command_in_somebodys_name_is_marked_with_the_shells_login(station: Store, tmp_path: Path) -> None:
    (digest,) = (path.name for path in (tmp_path / "var" / "evidence").glob("*/*"))
    walked = set()
    for line in WALK:
        name, *words = line.format(here=tmp_path, digest=digest).split()
        with station.reading() as session:
            last = audit.head(session)[0]
        result = fujin(*words, "--officer", name)
        assert result.exit_code == 0, (line, result.output)
        written = newer(station, last)
        assert {entry.actor for entry in written} == {name}, line
        marks = {(entry.detail.get("via"), entry.detail.get("user")) for entry in written}
        assert marks == {("command", "zhang")}, line
        walked |= {tuple(words[:1]), tuple(words[:2])}
    commands = named_options(typer.main.get_command(app), "--officer")
    assert {path for path in commands if path[0] not in {"studio", "audit"}} <= walked


def test_that_what_trainers_and_programs_do_is_marked_too(station: Store) -> None:
    for arguments in (["studio", "train", "--by", "训练员", "--why", "新"], ["cases"], ["audit", "show", "--by", "甲"]):
        assert fujin(*arguments).exit_code == 0
    assert [(entry.actor, in_words(entry.detail).removeprefix("原因：新；")) for entry in newer(station, 0)] == [
        (actor, "经命令行，系统用户 zhang") for actor in ("训练员", "服务器命令", "甲")
    ]


def test_that_the_log_tells_it_in_chinese_and_keeps_what_else_is_told(station: Store) -> None:
    fujin("reporter", "3", "--reason", "要核实", "--officer", "戊")
    shown = fujin("audit", "show", "--csv").stdout
    assert ",戊,reveal,3,,原因：要核实；经命令行，系统用户 zhang" in shown


def test_that_a_conversation_taken_over_by_command_is_told_as_one(station: Store) -> None:
    with station.transaction() as session:
        session.add(Resident(openid="oT", pseudonym="R-T", first_seen_at=datetime.now(UTC)))
    assert fujin("talk", "R-T", "--take", "--officer", "甲").exit_code == 0
    (entry,) = newer(station, 0)
    assert in_words(entry.detail) == "接手自：机器人的对话；经命令行，系统用户 zhang"
    with station.reading() as session:
        assert [act.more for act in timeline.acts(session, CaseId(entry.case_id or 0))] == ["从机器人手里接过对话"]


def test_that_what_is_done_after_a_command_is_not_marked(station: Store) -> None:
    fujin("ack", "1", "--officer", "甲")
    with station.transaction() as session:
        audit.record(session, "甲", "close", now=datetime.now(UTC), case_id=None)
    assert [entry.detail for entry in newer(station, 0)] == [{"via": "command", "user": "zhang"}, {}]


def test_that_where_nobody_signed_in_the_processs_user_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise OSError

    def unknown(_number: int) -> pwd.struct_passwd:
        raise KeyError

    monkeypatch.setenv("LOGNAME", "所长")
    monkeypatch.setattr(os, "getlogin", nobody)
    assert login_name() == pwd.getpwuid(os.getuid()).pw_name
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert login_name() == str(os.getuid())
