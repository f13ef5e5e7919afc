"""Settings: each is checked at start, with an error that names it; the model station draws its own keys."""

import json
import stat
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.settings import ROOT, Settings, SettingsError, load_settings
from bot.store.migrate import migrate
from bot.store.models import Heartbeat
from bot.store.session import Store
from bot.supervisor import exported, write_configuration

REAL = {
    "FUJIN_WECHAT_APP_ID": "wx0123456789abcdef",
    "FUJIN_WECHAT_APP_SECRET": "s" * 32,
    "FUJIN_WECHAT_TOKEN": "token",
    "FUJIN_WECHAT_AES_KEY": "k" * 43,
}
WRONG = {
    "FUJIN_DATABASE_URL": ("mysql://x/y", "no url"),
    "FUJIN_REDIS_URL": ("127.0.0.1:6379", "http://127.0.0.1", "redis://"),
    "FUJIN_WECHAT_AES_KEY": ("short", "k" * 42, "k" * 42 + "="),
    "FUJIN_WECHAT_API_BASE": ("api.weixin.qq.com", "ftp://x", "http://"),
    "FUJIN_WECHAT_MODE": ("compat", "SAFE"),
    "FUJIN_GATEWAY_PORT": ("0", "65536", "http", "80.5"),
    "FUJIN_CONSOLE_PORT": ("0", "65536", "-1"),
    "FUJIN_ACTIONS_PORT": ("0", "x"),
    "FUJIN_METRICS_PORT": ("0", "x"),
    "FUJIN_RASA_URL": ("localhost:5005", "http://", "http://host:port"),
    "FUJIN_PAGE_CHANNELS": (
        "http://127.0.0.1/page",
        "webhook+http://",
        "webhook+ftp://host/",
        "webhook+http://host:99999/",
        "webhook+http://[::1/",
        "webhook+http://a/,nonsense",
        "webhook+http://a/" + "x" * 300,
        "a=webhook+http://a/,a=webhook+http://b/",
        "wecom+https://qyapi.weixin.qq.com/cgi-bin/webhook/send",
        "dingtalk+https://oapi.dingtalk.com/robot/send?secret=s",
        "feishu+ftp://host/",
        "voice+tencent://id:key@host/?app=1&template=2",
        "voice+tencent://id:key@host/?app=1&template=2&token=short",
        "voice+tencent://host/?app=1&template=2&token=0123456789abcdef",
        "apprise+nothing",
        "desk+http://host/",
    ),
    "FUJIN_AUDITOR_CHANNELS": ("nonsense", "desk", "voice+tencent://i:k@h/?app=1&template=2&token=0123456789abcdef"),
    "FUJIN_STUDIO_REPLAY_WEEKS": ("0", "53", "four"),
    "FUJIN_SECRET": ("short", "x" * 31),
    "FUJIN_CONSOLE_URL": ("console.example", "javascript:alert(1)"),
    "FUJIN_LOG_LEVEL": ("LOUD", "info"),
    "FUJIN_STUDIO_SECOND_FOR_URGENT": ("maybe", "2"),
    "FUJIN_STUDIO_JUDGE_UNASKED": ("maybe", "2"),
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_that_a_setting_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"^{name}: "):
        load_settings()


def test_that_all_wrong_settings_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUJIN_GATEWAY_PORT", "0")
    monkeypatch.setenv("FUJIN_LOG_LEVEL", "LOUD")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == ["FUJIN_GATEWAY_PORT", "FUJIN_LOG_LEVEL"]


def test_that_an_error_does_not_repeat_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUJIN_WECHAT_AES_KEY", "almost-the-key")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert "almost-the-key" not in str(caught.value)


def test_that_an_error_about_a_channel_names_its_place_and_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = "webhook+http://a/,wecom+https://user:the-key@host/?nokey=the-key"
    monkeypatch.setenv("FUJIN_PAGE_CHANNELS", wrong)
    with pytest.raises(SettingsError, match="FUJIN_PAGE_CHANNELS: channel 2 has no key in its address") as caught:
        load_settings()
    assert "the-key" not in str(caught.value)


def test_that_an_empty_setting_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FUJIN_RASA_URL", "FUJIN_REDIS_URL", "FUJIN_GATEWAY_PORT", "FUJIN_PAGE_CHANNELS"):
        monkeypatch.setenv(name, "")
    settings = load_settings()
    assert (settings.rasa_url, settings.redis_url, settings.gateway_port) == ("http://127.0.0.1:5005", None, 8000)
    assert settings.page_channels == ("webhook+http://127.0.0.1:8080/simulator/phone",)


def test_that_two_processes_cannot_have_one_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUJIN_CONSOLE_PORT", "8000")
    with pytest.raises(SettingsError, match="FUJIN_GATEWAY_PORT and FUJIN_CONSOLE_PORT are both 8000"):
        load_settings()


@pytest.mark.parametrize("missing", sorted(set(REAL) - {"FUJIN_WECHAT_APP_ID"}))
def test_that_an_app_id_without_the_rest_is_refused(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    for name, value in REAL.items():
        if name != missing:
            monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"FUJIN_WECHAT_APP_ID is set, so {missing} must be set too"):
        load_settings()


def test_that_a_real_account_is_public_and_has_no_simulator(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in REAL.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert not settings.demo
    assert (settings.gateway_host, settings.console_host) == ("0.0.0.0", "127.0.0.1")
    assert settings.wechat_api_base == "https://api.weixin.qq.com"
    assert settings.page_channels == ()
    assert not (settings.var_dir / "demo-account.json").exists()


@pytest.mark.parametrize(("host", "allowed"), [("", True), ("127.0.0.1", True), ("::1", True), ("0.0.0.0", False)])
def test_that_plain_mode_is_for_loopback_only(monkeypatch: pytest.MonkeyPatch, host: str, allowed: bool) -> None:
    for name, value in {**REAL, "FUJIN_WECHAT_MODE": "plain", "FUJIN_GATEWAY_HOST": host}.items():
        if name != "FUJIN_WECHAT_AES_KEY":
            monkeypatch.setenv(name, value)
    if allowed:
        assert load_settings().gateway_host in {"127.0.0.1", "::1"}
    else:
        with pytest.raises(SettingsError, match="FUJIN_WECHAT_MODE=plain is for loopback only"):
            load_settings()


@pytest.mark.parametrize("name", ["FUJIN_GATEWAY_HOST", "FUJIN_CONSOLE_HOST"])
def test_that_the_model_station_is_for_loopback_only(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "::1")
    assert load_settings().demo
    monkeypatch.setenv(name, "0.0.0.0")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert str(caught.value) == (
        "FUJIN_WECHAT_APP_ID is not set, so this would be the model station, whose sign-in page shows every password: "
        f"set it, or {name} to 127.0.0.1"
    )


def test_that_the_model_station_draws_its_account_once_for_its_owner_only() -> None:
    first, second = load_settings(), load_settings()
    assert first.demo
    assert first.wechat_app_id == second.wechat_app_id
    assert first.wechat_aes_key == second.wechat_aes_key
    path = first.var_dir / "demo-account.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in first.var_dir.iterdir()] == ["demo-account.json"], "nothing else is left"


def open_to_others(folder: Path) -> list[str]:
    """What in a folder somebody else than its owner may read or write, the folder itself included."""
    return [str(path) for path in (folder, *folder.rglob("*")) if path.stat().st_mode & 0o077]


def test_that_what_a_process_writes_is_its_users_alone() -> None:
    settings = load_settings()
    migrate(settings.database_url)
    write_configuration(settings, {})
    with closing(Store(settings.database_url)) as store:
        with store.transaction() as session:
            session.add(Heartbeat(name="engine", at=datetime.now(UTC), healthy=True, detail=""))
        names = {path.name for path in settings.var_dir.iterdir()}
        assert {"fujin.db", "fujin.db-wal", "fujin.db-shm", "log", "supervisord.conf"} <= names
        assert open_to_others(settings.var_dir) == []


def test_that_a_folder_of_an_earlier_version_is_closed_to_others(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    assert open_to_others(tmp_path / "var") != []
    load_settings()
    assert open_to_others(tmp_path / "var") == []


def test_that_a_mounted_folder_of_another_user_is_used_as_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refused(_path: Path, _mode: int) -> None:
        raise PermissionError

    (tmp_path / "var").mkdir()
    monkeypatch.setattr(Path, "chmod", refused)
    assert load_settings().var_dir == tmp_path / "var"
    assert open_to_others(tmp_path / "var") == [str(tmp_path / "var")]


def test_that_every_installation_has_its_own_keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    here = load_settings()
    monkeypatch.setenv("FUJIN_VAR_DIR", str(tmp_path / "elsewhere"))
    there = load_settings()
    for name in ("wechat_app_id", "wechat_app_secret", "wechat_token", "wechat_aes_key"):
        assert getattr(here, name) != getattr(there, name)


def test_that_processes_starting_at_once_share_one_account() -> None:
    program = "from bot.settings import load_settings; print(load_settings().wechat_aes_key)"
    started = [
        subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    keys = {process.communicate()[0].strip() for process in started}
    assert [process.returncode for process in started] == [0] * 4
    assert keys == {load_settings().wechat_aes_key}


@pytest.mark.parametrize("content", ["", "{", "not json"])
def test_that_a_damaged_account_file_is_named(content: str) -> None:
    settings = load_settings()
    (settings.var_dir / "demo-account.json").write_text(content)
    with pytest.raises(SettingsError, match=r"FUJIN_VAR_DIR: .*demo-account\.json is damaged"):
        load_settings()


def test_that_a_folder_that_cannot_be_made_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("FUJIN_VAR_DIR", str(tmp_path / "file" / "var"))
    with pytest.raises(SettingsError, match="FUJIN_VAR_DIR: "):
        load_settings()


def test_that_everything_of_an_installation_moves_with_its_folder() -> None:
    settings = load_settings()
    assert settings.database_url == f"sqlite:///{settings.var_dir}/fujin.db"


def test_that_a_relative_folder_means_the_same_to_every_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FUJIN_VAR_DIR", "var")
    monkeypatch.setenv("FUJIN_SPEECH_MODEL", "model")
    settings = load_settings()
    assert (settings.var_dir, settings.speech_model) == (tmp_path / "var", tmp_path / "model")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_that_every_usual_spelling_of_postgresql_is_understood(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setenv("FUJIN_DATABASE_URL", f"{scheme}://u:p@h/d")
    assert load_settings().database_url == "postgresql+psycopg://u:p@h/d"


def test_that_channels_are_a_list_without_repetition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUJIN_PAGE_CHANNELS", " webhook+http://a/x , webhook+https://b/,, webhook+http://a/x")
    assert load_settings().page_channels == ("webhook+http://a/x", "webhook+https://b/")


@pytest.mark.parametrize("real", [False, True])
def test_that_what_a_process_is_given_means_the_same_to_it(monkeypatch: pytest.MonkeyPatch, real: bool) -> None:
    for name, value in REAL.items() if real else ():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("FUJIN_PAGE_CHANNELS", "webhook+http://a/,webhook+http://b/")
    settings = load_settings()
    for name, value in exported(settings).items():
        monkeypatch.setenv(name, value)
    again = load_settings()
    assert json.loads(again.model_dump_json()) == json.loads(settings.model_dump_json())
    assert again.demo == settings.demo


def test_that_no_setting_is_left_out_here() -> None:
    """A new setting must be thought of: can it be wrong, and is it said how to mend it?"""
    free_text = {"wechat_token", "wechat_app_id", "wechat_app_secret", "gateway_host", "console_host", "metrics_host"}
    paths = {"rasa_python", "duty_file", "var_dir", "speech_model"}
    checked = {name.removeprefix("FUJIN_").lower() for name in WRONG}
    assert set(Settings.model_fields) == checked | free_text | paths
