"""The door and the sign-in, asked as a browser, a program and an attacker ask."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pyotp
import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from fastapi import FastAPI, Request
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from bot.console import audit_page, sign_in
from bot.console.door import COOKIE, Door, visitor
from bot.console.services import Services
from bot.duty import accounts, audit
from bot.duty.roster import RosterFile
from bot.settings import ROOT, Settings
from bot.store.models import Account, AuditEntry
from bot.store.session import Store, StoreUnavailableError
from tests.world import FakeClock

pytestmark = pytest.mark.anyio
PASSWORD = "三棵松树 下雨了"
URL = "http://desk.station.lan:8080"
REAL = {"wechat_app_id": "wx1", "wechat_app_secret": "s", "wechat_token": "t", "wechat_aes_key": "a" * 43}


class Console:
    """The console's plain routes behind the real door, and one browser before it."""

    def __init__(self, store: Store, clock: FakeClock, folder: Path, **settings: str) -> None:
        self.store, self.clock = store, clock
        loaded = Settings(_env_file=None, var_dir=folder, database_url="sqlite://", **settings)  # type: ignore[call-arg, arg-type]
        services = Services(loaded, store, RosterFile(ROOT / "duty.yml"), clock)
        self.app = FastAPI()
        self.app.include_router(sign_in.router(services))
        self.app.include_router(audit_page.router(services))

        @self.app.api_route("/{path:path}", methods=["GET", "POST"])
        async def anything(request: Request, path: str) -> str:
            known = visitor(request)
            return f"{path}: {known.actor.name if known else 'nobody'}"

        self.app.add_middleware(Door, services=services)
        self.browser = self.another()

    def another(self, base_url: str = URL) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=base_url)

    def add(self, name: str, role: str, *, must_change: bool = False) -> None:
        with self.store.transaction() as session:
            password_hash = accounts.hash_password(PASSWORD)
            account = accounts.add(session, name, role, password_hash=password_hash, by="甲", now=self.clock.now())
            account.must_change = must_change

    async def post(self, path: str, *, origin: str = URL, **form: str) -> httpx.Response:
        return await self.browser.post(path, data=form, headers={"Origin": origin} if origin else {})

    async def enter(self, name: str, password: str = PASSWORD, **more: str) -> httpx.Response:
        return await self.post("/sign-in", name=name, password=password, **more)

    async def status(self, path: str) -> int:
        return (await self.browser.get(path)).status_code

    async def socket(self, *, origin: str = URL, signed_in: bool = True) -> str:
        """The first that a websocket hears from the application."""
        heard: list[str] = []
        cookie = f"{COOKIE}={self.browser.cookies.get(COOKIE)}" if signed_in else ""
        headers = {"host": "desk.station.lan:8080", "origin": origin, "cookie": cookie}
        scope: dict[str, Any] = {
            "type": "websocket",
            "path": "/_nicegui_ws/socket.io/",
            "raw_path": b"",
            "root_path": "",
            "query_string": b"",
            "scheme": "ws",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "subprotocols": [],
        }

        async def receive() -> dict[str, Any]:
            return {"type": "websocket.connect"}

        async def send(message: dict[str, Any]) -> None:
            heard.append(f"{message['type']} {message.get('code', '')} {message.get('reason', '')}".strip())

        await self.app(scope, receive, send)  # type: ignore[arg-type]
        return heard[0]


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
async def console(store: Store, clock: FakeClock, tmp_path: Path) -> AsyncIterator[Console]:
    """A station with a real account: an officer 甲, a leader 丙, a trainer 丁, an administrator 戊."""
    built = Console(store, clock, tmp_path, **REAL)
    for name, role in (("甲", "officer"), ("丙", "leader"), ("丁", "trainer"), ("戊", "administrator")):
        built.add(name, role)
    yield built
    await built.browser.aclose()


PERSONAL = (
    "/",
    "/case/1",
    "/talk/R-7K2M9QXA",
    "/applications",
    "/application/R1",
    "/evidence/" + "a" * 64,
    "/audit",
    "/accounts",
    "/roster/calendar.ics",
    "/simulator",
    "/simulator/platform/cgi-bin/media/get",
    "/what-comes-later",
    "/password",
)


@pytest.mark.parametrize("path", PERSONAL)
async def test_that_nothing_is_open_to_whoever_has_not_signed_in(console: Console, path: str) -> None:
    answer = await console.browser.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")
    assert (await console.browser.get(path, headers={"Sec-Fetch-Dest": "image"})).status_code == 401
    assert (await console.browser.post(path, headers={"Origin": URL})).status_code == 401


@pytest.mark.parametrize("path", ["/healthz", "/assets/console.css", "/ack/abc", "/sign-in"])
async def test_that_signing_in_and_the_one_tap_page_need_no_sign_in(console: Console, path: str) -> None:
    assert await console.status(path) == 200


@pytest.mark.parametrize("path", ["/assetsx", "/sign-inx", "/healthz.php", "/ackx", "/_nicegui/client/1/upload/2"])
async def test_that_a_path_that_only_begins_like_an_open_one_is_closed(console: Console, path: str) -> None:
    assert await console.status(path) == 303


async def test_that_signing_in_leads_to_where_one_was_going(console: Console) -> None:
    asked = await console.browser.get("/case/7")
    assert asked.headers["location"] == "/sign-in?next=/case/7"
    assert 'value="/case/7"' in (await console.browser.get(asked.headers["location"])).text
    entered = await console.enter("甲", next="/case/7")
    assert (entered.status_code, entered.headers["location"]) == (303, "/case/7")
    assert (await console.browser.get("/case/7")).text == '"case/7: 甲"'
    assert (await console.browser.get("/sign-in")).headers["location"] == "/"


@pytest.mark.parametrize("where", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
async def test_that_signing_in_leads_nowhere_else(console: Console, where: str) -> None:
    assert (await console.enter("甲", next=where)).headers["location"] == "/"


async def test_that_the_cookie_is_kept_from_scripts_and_other_sites(console: Console) -> None:
    cookie = (await console.enter("甲")).headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Secure" not in cookie
    console.browser = console.another("https://desk.station.lan:8080")
    answer = await console.post("/sign-in", origin="https://desk.station.lan:8080", name="甲", password=PASSWORD)
    assert "Secure" in answer.headers["set-cookie"]
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


async def test_that_the_cookie_is_for_tls_only_behind_a_proxy_that_ends_it(
    store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    console = Console(store, clock, tmp_path, console_url="https://desk.station.lan", **REAL)
    console.add("甲", "officer")
    for base_url, secure in (("http://desk.station.lan", True), ("http://desk.station.lan:8080", False)):
        console.browser = console.another(base_url)
        answer = await console.post("/sign-in", origin=base_url, name="甲", password=PASSWORD)
        assert ("Secure" in answer.headers["set-cookie"]) == secure
        assert ("strict-transport-security" in answer.headers) == secure


async def test_that_a_trusted_proxy_tells_of_tls_and_whose_wrong_passwords_they_are(console: Console) -> None:
    proxied = ProxyHeadersMiddleware(console.app, trusted_hosts="127.0.0.1")
    console.browser = httpx.AsyncClient(transport=httpx.ASGITransport(proxied), base_url=URL)
    answers: dict[str, str] = {}
    guesses = [("10.0.0.66", f"nobody {number}") for number in range(21)]
    for address, name in [*guesses, ("10.0.0.66", "甲"), ("10.0.0.7", "甲")]:
        forwarded = {"Origin": URL, "X-Forwarded-For": address, "X-Forwarded-Proto": "https"}
        form = {"name": name, "password": PASSWORD}
        answer = await console.browser.post("/sign-in", data=form, headers=forwarded)
        answers[address] = answer.headers.get("set-cookie", answer.text)
    assert "错了太多次" in answers["10.0.0.66"]
    assert "Secure" in answers["10.0.0.7"]


OFFICERS = {
    "/",
    "/case/1",
    "/applications",
    "/evidence/1",
    "/what-comes-later",
    "/roster",
    "/figures",
    "/figures/summary.csv",
}
ROLES = {
    "甲": OFFICERS,
    "丙": OFFICERS | {"/audit", "/studio"},
    "丁": {"/studio"},
    "戊": {"/roster", "/figures", "/figures/summary.csv", "/audit", "/accounts"},
}


@pytest.mark.parametrize("name", ROLES)
async def test_that_each_role_sees_its_pages_and_is_told_of_the_others(console: Console, name: str) -> None:
    await console.enter(name)
    for path in set().union(*ROLES.values()):
        answer = await console.browser.get(path)
        if path in ROLES[name]:
            assert answer.status_code == 200, path
        elif path == "/":
            assert answer.status_code == 303  # to the first page that they may see
            assert await console.status(answer.headers["location"]) == 200
        else:
            assert answer.status_code == 403, path
            assert "您的角色是" in answer.text
            assert name not in answer.text.replace("丙", "")
    assert await console.status("/password") == 200


async def test_that_signing_out_ends_the_token_itself(console: Console) -> None:
    await console.enter("甲")
    token = console.browser.cookies[COOKIE]
    assert (await console.post("/sign-out")).headers["location"] == "/sign-in"
    assert COOKIE not in console.browser.cookies
    assert (await console.browser.get("/", headers={"Cookie": f"{COOKIE}={token}"})).status_code == 303
    with console.store.reading() as session:
        assert session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id)).all()[-2:] == [
            "sign_in",
            "sign_out",
        ]


async def test_that_idle_browsers_are_signed_out_and_busy_ones_are_not(console: Console) -> None:
    await console.enter("甲")
    for _ in range(3):
        console.clock.advance(hours=11)
        assert await console.status("/") == 200
    console.clock.advance(hours=12, seconds=1)
    assert await console.status("/") == 303


async def test_that_the_one_tap_page_takes_a_telephones_answer_without_any_origin(console: Console) -> None:
    assert (await console.browser.post("/ack/abc")).status_code == 200


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"Origin": URL}, True),
        ({"Origin": URL, "Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": "http://127.0.0.1:8080"}, True),  # FUJIN_CONSOLE_URL, where a proxy changes the host
        ({}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "http://desk.station.lan:8000"}, False),
        ({"Origin": URL, "Sec-Fetch-Site": "cross-site"}, False),
        ({"Origin": URL, "Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "same-origin"}, False),
    ],
)
async def test_that_a_change_is_taken_from_our_own_pages_only(
    console: Console, headers: dict[str, str], allowed: bool
) -> None:
    await console.enter("甲")
    for path in ("/sign-out", "/password", "/sign-in", "/case/1"):
        answer = await console.another().post(path, headers={"Cookie": f"{COOKIE}=x", **headers})
        assert ("没有执行" in answer.text) is not allowed, path


async def test_that_a_socket_needs_a_sign_in_and_our_own_page(console: Console) -> None:
    assert await console.socket(signed_in=False) == "websocket.close 1008 not signed in"
    await console.enter("甲")
    assert await console.socket(origin="https://evil.example") == "websocket.close 1008 not signed in"
    assert "not signed in" not in await console.socket()


PAGES = (
    "default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self' data:; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PLAIN = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


async def test_that_every_answer_carries_the_safe_headers_and_nothing_personal_is_kept(console: Console) -> None:
    await console.enter("甲")
    for path, policy in {"/": PAGES, "/sign-in": PAGES, "/nowhere": PAGES, "/audit": PLAIN, "/password": PLAIN}.items():
        answer = await console.browser.get(path)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-security-policy"] == policy
    assert "no-store" not in (await console.browser.get("/assets/console.css")).headers.get("cache-control", "")


async def test_that_a_link_in_another_application_is_asked_again_by_our_own_page(console: Console) -> None:
    answer = await console.browser.get("/case/1", headers={"Sec-Fetch-Site": "cross-site"})
    assert (answer.status_code, answer.text) == (200, '<meta http-equiv="refresh" content="0;url=/case/1">')
    attack = await console.browser.get("/%22%3E%3Cscript%3E", headers={"Sec-Fetch-Site": "cross-site"})
    assert "<script>" not in attack.text


# -- the sign-in page -----------------------------------------------------------------------------------------------


async def test_that_a_wrong_password_is_told_and_too_many_lock(console: Console) -> None:
    for _ in range(5):
        answer = await console.enter("甲", '"><script>')
        assert answer.status_code == 401
        assert "名字、口令或动态口令不对" in answer.text
        assert "<script>" not in answer.text
        assert 'name=name value="甲"' in answer.text
    assert "请31秒后再试" in (await console.enter("甲")).text
    console.clock.advance(seconds=31)
    assert (await console.enter("甲")).status_code == 303


async def test_that_a_station_without_accounts_says_how_to_make_one(
    store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    page = (await Console(store, clock, tmp_path, **REAL).browser.get("/sign-in")).text
    assert "fujin account add 姓名 --role administrator" in page
    assert "演示账号" not in page
    with store.reading() as session:
        assert not accounts.any_account(session)


async def test_that_the_model_station_lets_a_newcomer_in_with_one_tap(
    store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    console = Console(store, clock, tmp_path)
    page = (await console.browser.get("/sign-in")).text
    for name in ("值班民警一", "值班民警二", "带班所长", "训练员", "管理员"):
        assert f"以{name}登录" in page
    password = sign_in.demo_password(tmp_path)
    assert password in page
    assert (tmp_path / "demo-password").stat().st_mode & 0o777 == 0o600
    assert (await console.enter("值班民警一", password)).headers["location"] == "/"
    assert (await console.browser.get("/")).text == '": 值班民警一"'
    with store.reading() as session:
        roles = {account.name: account.role for account in session.scalars(sa.select(Account))}
    assert roles["带班所长"] == "leader"
    assert roles["训练员"] == "trainer"
    assert roles["管理员"] == "administrator"


async def test_that_the_simulator_is_open_in_the_model_station_and_nothing_else(
    store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    console = Console(store, clock, tmp_path)
    assert await console.status("/simulator") == 200
    assert (await console.browser.post("/simulator/phone")).status_code == 200
    assert (await console.browser.post("/simulator/platform/cgi-bin/stable_token")).status_code == 200
    assert "not signed in" not in await console.socket(signed_in=False)
    for path in ("/", "/case/1", "/audit", "/accounts", "/password"):
        assert await console.status(path) == 303, path


async def test_that_a_first_password_must_be_changed_before_anything_else(console: Console) -> None:
    console.add("己", "officer", must_change=True)
    await console.enter("己")
    assert (await console.browser.get("/case/1")).headers["location"] == "/password"
    assert "请先换掉" in (await console.browser.get("/password")).text
    change = {"what": "password", "password": PASSWORD, "new": "一个新的长口令呀", "again": "一个新的长口令呀"}
    for wrong, told in (({"again": "x"}, "不一样"), ({"new": "短", "again": "短"}, "至少10个字符")):
        answer = await console.post("/password", **change | wrong)
        assert answer.status_code == 400
        assert told in answer.text
    done = await console.post("/password", **change | {"new": "一个新的长口令呀呀呀", "again": "一个新的长口令呀呀呀"})
    assert (done.status_code, done.headers["location"]) == (303, "/")
    assert await console.status("/case/1") == 200


async def test_that_one_time_codes_are_switched_on_and_off_by_oneself(console: Console) -> None:
    await console.enter("甲")
    page = (await console.browser.get("/password")).text
    assert "data:image/svg+xml" in page
    secret = page.split('name=secret value="')[1].split('"')[0]
    code = pyotp.TOTP(secret).at(console.clock.now())
    on = {"what": "totp-on", "secret": secret, "code": code, "password": PASSWORD}
    for wrong in ({"password": "x"}, {"code": "000000"}, {"secret": '"><script>'}):
        answer = await console.post("/password", **on | wrong)
        assert answer.status_code == 400
        assert "<script>" not in answer.text
    assert "动态口令已开通" in (await console.post("/password", **on)).text
    await console.post("/sign-out")
    console.clock.advance(seconds=30)
    assert (await console.enter("甲")).status_code == 401
    code = pyotp.TOTP(secret).at(console.clock.now())
    assert (await console.enter("甲", code=code)).status_code == 303
    assert "动态口令已关闭" in (await console.post("/password", what="totp-off", password=PASSWORD)).text


# -- when the database is away --------------------------------------------------------------------------------------


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Callable[[Store], None]:
    def gone() -> None:
        raise StoreUnavailableError("gone")

    def take(store: Store) -> None:
        monkeypatch.setattr(store, "reading", gone)
        monkeypatch.setattr(store, "transaction", gone)

    return take


async def test_that_a_desk_that_reloads_stays_a_desk_for_five_minutes(
    console: Console, away: Callable[[Store], None]
) -> None:
    await console.enter("甲")
    assert await console.status("/") == 200
    away(console.store)
    console.clock.advance(minutes=5)
    assert await console.status("/") == 200
    console.clock.advance(seconds=1)
    assert await console.status("/") == 503
    stranger = await console.another().get("/", headers={"Cookie": f"{COOKIE}=x"})
    assert stranger.status_code == 503
    console.browser = console.another()
    assert await console.status("/sign-in") == 503
    assert (await console.enter("甲")).status_code == 503


@pytest.mark.parametrize("how", ["signed out", "disabled"])
async def test_that_a_sign_in_that_has_ended_counts_no_more_while_the_database_is_away(
    console: Console, away: Callable[[Store], None], how: str
) -> None:
    await console.enter("甲")
    known = {"Cookie": f"{COOKIE}={console.browser.cookies[COOKIE]}"}
    assert (await console.browser.get("/")).status_code == 200
    if how == "signed out":
        await console.post("/sign-out")
    else:
        with console.store.transaction() as session:
            accounts.disable(session, "甲", by="戊", now=console.clock.now())
        assert (await console.another().get("/", headers=known)).status_code == 303
    away(console.store)
    assert (await console.another().get("/", headers=known)).status_code == 503


async def test_that_the_simulator_goes_on_without_a_database(
    store: Store, clock: FakeClock, tmp_path: Path, away: Callable[[Store], None]
) -> None:
    console = Console(store, clock, tmp_path)
    console.browser.cookies.set(COOKIE, "x")
    away(store)
    assert await console.status("/simulator") == 200
    assert await console.status("/case/1") == 503


# -- the log as a file ----------------------------------------------------------------------------------------------


async def test_that_the_log_is_exported_without_formulas_and_the_export_is_in_the_log(console: Console) -> None:
    with console.store.transaction() as session:
        audit.record(session, "=HYPERLINK()", "close", now=console.clock.now(), detail={"disposition": "resolved"})
        for action, detail in (("view", {"for": "甲、乙"}), ("acknowledge", {"via": "one-tap"})):
            audit.record(session, audit.LINK, action, now=console.clock.now(), detail=detail)
    await console.enter("丙")
    answer = await console.browser.get("/audit/export.csv", params={"action": "close"})
    lines = answer.text.splitlines()
    assert answer.headers["content-type"].startswith("text/csv")
    assert lines[0] == "\ufeff编号,时间,谁,动作,案件,对象,详情,散列"
    assert len(lines) == 2
    assert "'=HYPERLINK(),结案,,,处置结果：已自行解决," in lines[1]
    everything = (await console.browser.get("/audit/export.csv", params={"before": "x", "day": "heute"})).text
    assert everything.count("导出的审计日志") == 2
    for told in ("链接,查看,,,发给：甲、乙,", "确认接警,,,经提醒里的链接,"):
        assert told in everything
