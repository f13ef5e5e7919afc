"""Audit log, holds, deletion and backup at the shell."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.clock import SystemClock
from bot.settings import ROOT
from bot.store.models import AuditEntry, Case, Erasure, Resident
from bot.store.session import Store
from tests.console.conftest import Rows
from tests.station import DUTY
from tests.tampering import tampering
from tests.world import FakeClock


def fujin(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture
def case(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    """A case that was closed four years ago, at a station where 甲 works."""
    monkeypatch.setenv("FUJIN_DATABASE_URL", store.url.render_as_string(hide_password=False))
    (tmp_path / "duty.yml").write_text(DUTY, encoding="utf-8")
    monkeypatch.setenv("FUJIN_DUTY_FILE", str(tmp_path / "duty.yml"))
    clock = FakeClock()
    clock.moment = SystemClock().now() - timedelta(days=4 * 365)
    rows = Rows(store, clock)
    return rows.case(rows.resident("R-AB"), "tip/gambling", state="closed", closed_at=clock.now())


def left(store: Store) -> int:
    with store.reading() as session:
        return session.scalars(sa.select(sa.func.count()).select_from(Case)).one()


def test_that_a_held_case_outlasts_the_policy_and_a_dry_run_deletes_nothing(store: Store, case: Case) -> None:
    assert fujin("hold", "1", "--officer", "甲", "--reason", "检察院调取").stdout == "case 1 is held\n"
    told = json.loads(fujin("case", "1", "--officer", "甲", "--json").stdout)
    assert (told["on_hold"], told["timeline"][-1]["words"]) == (True, "甲 设为证据保留")
    assert told["timeline"][-1]["more"] == "检察院调取"
    assert fujin("retention", "run").stdout == "deleted: nothing\n"
    assert fujin("hold", "1", "--off", "--officer", "甲").stdout == "case 1 is not held any more\n"
    assert fujin("retention", "run", "--dry-run").stdout == "would be deleted: 1 cases\n"
    assert left(store) == 1
    assert fujin("retention", "run").stdout == "deleted: 1 cases, 1 residents\n"
    assert left(store) == 0
    assert fujin("hold", "1", "--officer", "甲").exit_code == 1


def test_that_a_resident_is_forgotten_by_command(store: Store, case: Case) -> None:
    wrong = fujin("erase", "R-XX", "--reason", "要求", "--officer", "甲")
    assert (wrong.exit_code, "there is no resident R-XX" in wrong.stderr) == (1, True)
    stranger = fujin("erase", "R-AB", "--reason", "要求", "--officer", "丁")
    assert (stranger.exit_code, "neither in duty.yml" in stranger.stderr) == (1, True)
    done = fujin("erase", "R-AB", "--reason", "本人要求", "--officer", "甲")
    assert done.stdout == "R-AB: deleted: 1 cases, 1 residents\n"
    with store.reading() as session:
        assert session.scalars(sa.select(Resident)).all() == []
        assert set(session.scalars(sa.select(Erasure.reason))) == {"本人要求"}


def test_that_a_residents_objection_to_training_is_kept_by_command(store: Store, case: Case) -> None:
    wrong = fujin("objection", "R-XX", "--officer", "甲")
    assert (wrong.exit_code, "there is no resident R-XX" in wrong.stderr) == (1, True)
    done = fujin("objection", "R-AB", "--officer", "甲")
    assert done.stdout == "R-AB: messages are not used for training; deleted: nothing\n"
    with store.reading() as session:
        assert session.scalars(sa.select(Resident.not_for_training)).all() == [True]
    assert fujin("objection", "R-AB", "--officer", "甲", "--off").stdout == "R-AB: messages may be used for training\n"


def test_that_the_log_is_shown_verified_and_its_head_printed(store: Store, case: Case, tmp_path: Path) -> None:
    assert fujin("audit", "verify").stdout == "0 entries, the chain holds\n"
    assert "neither in duty.yml" in fujin("audit", "show", "--by", "丁").stderr
    fujin("hold", "1", "--officer", "甲")
    fujin("hold", "1", "--off", "--officer", "乙")
    lines = fujin("audit", "show", "--csv", "--officer", "乙", "--case", "1", "--days", "1").stdout.splitlines()
    assert lines[0] == "entry,at,actor,action,case,subject,detail"
    assert len(lines) == 2
    assert lines[1].startswith("2,")
    assert ",乙,unhold,1,," in lines[1]
    assert "hold" in fujin("audit", "show", "--by", "丙").stdout
    assert ",丙,view,,audit," in fujin("audit", "show", "--csv").stdout, "whoever reads the log stands in it"
    number, hashed = fujin("audit", "head").stdout.split()
    assert (number, len(hashed)) == ("5", 64)
    assert fujin("audit", "verify").stdout == "5 entries, the chain holds\n"
    (tmp_path / "heads").write_text(f"{number} {hashed}\n\n", encoding="utf-8")
    fujin("hold", "1", "--officer", "甲")
    assert fujin("audit", "verify", "--heads", str(tmp_path / "heads")).stdout == "6 entries, the chain holds\n"
    (tmp_path / "heads").write_text(f"9 {hashed}", encoding="utf-8")
    assert "entry 7 is missing" in fujin("audit", "verify", "--heads", str(tmp_path / "heads")).stderr
    (tmp_path / "heads").write_text("nonsense", encoding="utf-8")
    assert "'nonsense' is nothing that" in fujin("audit", "verify", "--heads", str(tmp_path / "heads")).stderr
    with tampering(store) as session:
        session.execute(sa.update(AuditEntry).where(AuditEntry.id == 1).values(actor="丙"))
    broken = fujin("audit", "verify")
    assert (broken.exit_code, broken.stderr) == (1, "fujin: the audit log does not hold: entry 1 is changed\n")


def test_that_a_backup_is_made_and_put_back_by_command(store: Store, case: Case, tmp_path: Path) -> None:
    archive = tmp_path / "fujin.tar"
    made = fujin("backup", str(archive))
    assert made.exit_code == 0, made.output
    assert "audit log up to 1 " in made.stdout
    beside = f".env, {tmp_path}/duty.yml, {ROOT}/nlu_data, {ROOT}/models"
    assert made.stderr == f"not in it, to be kept besides: {beside}\n"
    assert fujin("backup", str(archive)).exit_code == 1
    refused = fujin("restore", str(archive))
    assert (refused.exit_code, "--force" in refused.stderr) == (1, True)
    with store.transaction() as session:
        session.execute(sa.delete(Case))
    assert fujin("restore", str(archive), "--force").exit_code == 0
    assert left(store) == 1
    assert fujin("restore", str(tmp_path / "nothing.tar"), "--force").exit_code == 1
