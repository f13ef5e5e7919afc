"""The application as a whole: NiceGUI keeps its pages globally, so each is built in a process of its own here."""

from pathlib import Path

import httpx
import pytest

from bot.console.door import COOKIE
from tests.console.running import console, sign_in


@pytest.mark.slow
def test_that_the_demo_station_has_a_desk_a_simulator_and_honest_404_pages(sqlite_url: str, tmp_path: Path) -> None:
    with console(sqlite_url, tmp_path) as url:
        assert "V报警" in httpx.get(f"{url}/simulator").text
        cookies = {COOKIE: sign_in(url, "值班民警一")}
        assert "紧急警情" in httpx.get(url, cookies=cookies).text
        for path in ("/case/1", "/case/0", "/case/x", "/case/" + "9" * 40, "/nowhere"):
            answer = httpx.get(url + path, cookies=cookies)
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
        for path in ("/", "/simulator", "/case/1", "/evidence/" + "a" * 64, "/nowhere"):
            assert httpx.get(url + path).headers["location"].startswith("/sign-in"), path
        page = httpx.get(f"{url}/sign-in").text
        assert "fujin account add" in page
        assert "演示账号" not in page
        for path in ("/simulator/phone", "/simulator/platform/cgi-bin/stable_token"):
            assert httpx.post(url + path, json={}).status_code == 401, path
