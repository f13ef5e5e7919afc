"""`fujin import` at the shell: a good file is taken, a bad one is explained and changes nothing."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner, Result

from bot import cli, supervisor
from bot.clock import SystemClock
from bot.duty import accounts
from bot.services.tables import KINDS, NAMES, OFFICERS, current
from bot.settings import ROOT
from bot.store.migrate import migrate
from bot.store.models import AuditEntry
from bot.store.session import Store
from bot.studio import training
from tests.station import DUTY

DEMO = ROOT / "nlu_data" / "demo"


@pytest.fixture
def station(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("FUJIN_DATABASE_URL", store.url.render_as_string(hide_password=False))
    return store


def fujin(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli.app, [str(argument) for argument in ("import", *arguments)])


def tables(store: Store) -> dict[str, bool]:
    """The tables that are there, and whether each is a demonstration."""
    with store.reading() as session:
        return {kind.name: table.demo for kind in KINDS if (table := current(session, kind))}


def test_that_both_tables_are_imported(station: Store) -> None:
    officers, names = fujin("officers", DEMO / "officers.csv"), fujin("names", DEMO / "names.csv")
    assert (officers.exit_code, names.exit_code) == (0, 0), officers.output + names.output
    assert officers.stdout == "社区民警表：18行，已导入\n"
    assert names.stdout == "姓名表：42行，已导入\n"
    assert tables(station) == {"officers": False, "names": False}


def test_that_an_import_is_in_the_log_and_takes_the_right(
    station: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "duty.yml").write_text(DUTY, encoding="utf-8")
    monkeypatch.setenv("FUJIN_DUTY_FILE", str(tmp_path / "duty.yml"))
    fujin("officers", DEMO / "officers.csv")
    fujin("names", DEMO / "names.csv", "--officer", "甲")
    with station.transaction() as session:
        accounts.add(session, "管理员", "administrator", password_hash="", by="甲", now=SystemClock().now())
    assert "您的角色是民警" in fujin("names", DEMO / "names.csv", "--officer", "甲").stderr
    with station.reading() as session:
        query = sa.select(AuditEntry.actor, AuditEntry.subject, AuditEntry.detail["rows"].as_integer())
        found = session.execute(query.where(AuditEntry.action == "table_import").order_by(AuditEntry.id)).all()
    assert found == [("服务器命令", "officers", 18), ("甲", "names", 42)]


def test_that_a_check_needs_no_database_and_imports_nothing(station: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    result = fujin("names", "--check", DEMO / "names.csv")
    assert (result.exit_code, result.output) == (0, "姓名表：42行，没有问题\n")
    assert tables(station) == {}
    monkeypatch.setenv("FUJIN_DATABASE_URL", "postgresql://postgres@127.0.0.1:1/fujin")
    assert fujin("names", "--check", DEMO / "names.csv").exit_code == 0


@pytest.mark.parametrize("option", [[], ["--check"]])
def test_that_a_bad_line_is_named_and_nothing_is_imported(station: Store, tmp_path: Path, option: list[str]) -> None:
    path = tmp_path / "姓名.csv"
    path.write_text("姓名,人数\n王小明,3\n李娜,13800000000\n", encoding="gb18030")
    result = fujin("names", *option, path)
    assert result.exit_code == 1
    first, second = result.stderr.splitlines()
    assert first == "fujin: 姓名.csv 有1行要改，什么都没有导入："
    assert second == "第3行：有身份证号或手机号；姓名表只收姓名和人数，请删去个人信息再导入"
    assert "13800000000" not in result.output
    assert tables(station) == {}


def test_that_a_table_of_the_other_kind_or_no_file_is_one_clear_line(station: Store, tmp_path: Path) -> None:
    for path in (DEMO / "officers.csv", tmp_path / "none.csv", tmp_path):
        result = fujin("names", path)
        assert result.exit_code == 1
        assert len(result.stderr.splitlines()) == 1, result.stderr
        assert result.stderr.startswith("fujin: ")


def test_that_a_database_that_is_away_is_one_clear_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for url in (f"sqlite:///{tmp_path}/empty.db", "postgresql://postgres@127.0.0.1:1/fujin"):
        monkeypatch.setenv("FUJIN_DATABASE_URL", url)
        for arguments in (["names", DEMO / "names.csv"], ["demo"]):
            result = fujin(*arguments)
            assert result.exit_code == 1
            assert result.stderr.startswith("fujin: FUJIN_DATABASE_URL: ")
            assert len(result.stderr.splitlines()) == 1


def test_that_the_demonstration_makes_way_for_the_stations_own(station: Store) -> None:
    assert fujin("demo").stdout == "示例数据：社区民警表、姓名表\n"
    assert tables(station) == {"officers": True, "names": True}
    fujin("names", DEMO / "names.csv")
    assert tables(station) == {"officers": True, "names": False}
    assert fujin("demo").stdout == "示例数据：社区民警表\n"
    fujin("officers", DEMO / "officers.csv")
    assert fujin("demo").stdout == "示例数据：没有导入，已有正式数据\n"
    assert tables(station) == {"officers": False, "names": False}


class _Stopped(Exception):  # noqa: N818
    """What ends `fujin up` where it would start the processes."""


@pytest.fixture
def _nothing_to_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Everything of `fujin up` but the model and the processes."""
    python = tmp_path / "python"
    python.touch()
    monkeypatch.setenv("FUJIN_RASA_PYTHON", str(python))
    monkeypatch.setattr(training, "train", lambda _settings, model: model.touch())
    monkeypatch.setattr(cli.station, "MODELS", tmp_path)
    monkeypatch.setattr(cli.station, "_run_until_stopped", lambda _settings, _model: None)
    monkeypatch.setattr(supervisor, "start", None)


@pytest.mark.usefixtures("_nothing_to_start")
def test_that_up_gives_the_model_station_a_demonstration_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new.db"
    monkeypatch.setenv("FUJIN_DATABASE_URL", url)
    for _ in range(2):
        result = CliRunner().invoke(cli.app, ["up"])
        assert result.exit_code == 0, result.output
    store = Store(url)
    with store.reading() as session:
        found = [current(session, kind) for kind in (OFFICERS, NAMES)]
    store.close()
    assert [(table.id, table.demo) for table in found if table] == [(1, True), (2, True)]


@pytest.mark.usefixtures("_nothing_to_start")
def test_that_up_gives_a_real_station_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new.db"
    account = {"APP_ID": "wx1", "APP_SECRET": "s", "TOKEN": "t", "AES_KEY": "A" * 43}
    monkeypatch.setenv("FUJIN_DATABASE_URL", url)
    for name, value in account.items():
        monkeypatch.setenv(f"FUJIN_WECHAT_{name}", value)
    migrate(url)
    assert CliRunner().invoke(cli.app, ["up"]).exit_code == 0
    store = Store(url)
    assert tables(store) == {}
    store.close()
