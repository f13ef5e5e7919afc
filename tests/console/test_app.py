"""The application as a whole: NiceGUI keeps its pages globally, so each is built in a process of its own here."""

import stat
from pathlib import Path

import httpx
import pytest

from bot.console.app import storage_secret
from tests.console.running import console


def test_that_the_session_key_is_drawn_once_and_for_its_owner_only(tmp_path: Path) -> None:
    key = storage_secret(tmp_path)
    assert len(key) == 64
    assert storage_secret(tmp_path) == key
    assert stat.S_IMODE((tmp_path / "console-secret").stat().st_mode) == 0o600


@pytest.mark.slow
def test_that_the_demo_station_has_a_desk_a_simulator_and_honest_404_pages(sqlite_url: str, tmp_path: Path) -> None:
    with console(sqlite_url, tmp_path) as url:
        assert "值班台" in httpx.get(url).text
        assert "V报警" in httpx.get(f"{url}/simulator").text
        for path in ("/case/1", "/case/0", "/case/x", "/case/" + "9" * 40, "/nowhere"):
            answer = httpx.get(url + path)
            assert answer.status_code == 404, path
            assert "返回值班台" in answer.text
        assert httpx.post(f"{url}/simulator/phone", json={"case_id": 1}).status_code == 204


@pytest.mark.slow
def test_that_with_a_real_account_the_simulator_is_off(sqlite_url: str, tmp_path: Path) -> None:
    account = {
        "FUJIN_WECHAT_APP_ID": "wx1",
        "FUJIN_WECHAT_APP_SECRET": "s" * 32,
        "FUJIN_WECHAT_TOKEN": "token",
        "FUJIN_WECHAT_AES_KEY": "a" * 42 + "A",
    }
    with console(sqlite_url, tmp_path, **account) as url:
        page = httpx.get(f"{url}/simulator")
        assert page.status_code == 200
        assert "没有开启" in page.text
        assert "居民模拟器" not in httpx.get(url).text
        assert httpx.post(f"{url}/simulator/phone", json={}).status_code in (404, 405)
        assert httpx.post(f"{url}/simulator/platform/cgi-bin/stable_token", json={}).status_code in (404, 405)
