"""Signing in and out, and one's own password and one-time codes: plain forms, which need no script."""

import asyncio
import contextlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from html import escape
from pathlib import Path
from urllib.parse import parse_qs

import segno
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from bot.console.door import COOKIE, PASSWORD, SIGN_IN, SIGN_OUT, home, look, visitor
from bot.console.plain import document, plain_page
from bot.console.services import Services
from bot.duty import accounts, one_time_codes
from bot.duty.accounts import AccountError, Gate, SignedIn, SignInError
from bot.store.session import StoreUnavailableError

_MAX_FORM_BYTES = 8 * 1024
_AWAY = "数据库暂时无法使用，请稍后再试"
_TRAINER, _ADMINISTRATOR = "训练员", "管理员"


# Passwords are checked in threads of their own: a flood of attempts waits here, and not before the desk's readings.
_checking = ThreadPoolExecutor(2, thread_name_prefix="sign-in")


async def _apart(check: Callable[[], str]) -> str:
    return await asyncio.get_running_loop().run_in_executor(_checking, check)


def router(services: Services) -> APIRouter:
    """The routes `/sign-in`, `/sign-out` and `/password`."""
    routes = APIRouter()
    gate = Gate(services.store, services.codes)
    _add_sign_in(routes, services, gate)
    _add_own_account(routes, services, gate)
    return routes


def _add_sign_in(routes: APIRouter, services: Services, gate: Gate) -> None:
    @routes.get(SIGN_IN)
    async def ask(request: Request) -> Response:
        """The sign-in page; whoever is signed in goes on."""
        where = _inside(request.query_params.get("next", ""))
        if signed_in := visitor(request):
            return RedirectResponse(where or home(signed_in), 303)
        return await asyncio.to_thread(_sign_in_page, services, where, "")

    @routes.post(SIGN_IN)
    async def sign_in(request: Request) -> Response:
        """Check who it is, and give the browser its token."""
        form = await _form(request)
        where = _inside(form.get("next", ""))
        address, now = request.client.host if request.client else "", services.clock.now()
        given = (form.get("name", ""), form.get("password", ""), form.get("code", ""))
        try:
            token = await _apart(partial(gate.sign_in, *given, address=address, now=now))
            signed_in = await asyncio.to_thread(look, services, accounts.token_hash(token))
        except SignInError as error:
            return await asyncio.to_thread(_sign_in_page, services, where, str(error), form.get("name", ""))
        except StoreUnavailableError:
            return await asyncio.to_thread(_sign_in_page, services, where, _AWAY, form.get("name", ""))
        answer = RedirectResponse(where or (home(signed_in) if signed_in else "/"), 303)
        answer.set_cookie(
            COOKIE,
            token,
            max_age=int(accounts.LASTS.total_seconds()),
            httponly=True,
            samesite="strict",  # and Secure, where the door sees TLS
        )
        return answer

    @routes.post(SIGN_OUT)
    async def sign_out(request: Request) -> Response:
        """End this browser's sign-in, here and in the database."""

        def end(signed_in: SignedIn) -> None:
            with services.store.transaction() as session:
                accounts.sign_out(session, signed_in, now=services.clock.now())

        if signed_in := visitor(request):
            await asyncio.to_thread(end, signed_in)
        answer = RedirectResponse(SIGN_IN, 303)
        answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return answer


def _add_own_account(routes: APIRouter, services: Services, gate: Gate) -> None:
    @routes.get(PASSWORD)
    async def own(request: Request) -> Response:
        """One's own account."""
        return await asyncio.to_thread(_own_page, services, _known(request))

    @routes.post(PASSWORD)
    async def change(request: Request) -> Response:
        """Change the password, or switch one-time codes on or off."""
        form, signed_in = await _form(request), _known(request)
        try:
            done = await _apart(partial(_change, services, gate, signed_in, form))
        except (AccountError, StoreUnavailableError) as error:
            problem = str(error) if isinstance(error, AccountError) else _AWAY
            secret = form.get("secret", "")
            return await asyncio.to_thread(_own_page, services, signed_in, problem=problem, secret=secret)
        if signed_in.must_change:
            return RedirectResponse(home(signed_in), 303)
        return await asyncio.to_thread(_own_page, services, signed_in, done=done)


def _change(services: Services, gate: Gate, signed_in: SignedIn, form: dict[str, str]) -> str:
    """Do what the form asks for; what was done, in words. Raises AccountError."""
    now, name, password = services.clock.now(), signed_in.actor.name, form.get("password", "")
    what = form.get("what")
    if what == "password":
        if form.get("new") != form.get("again"):
            raise AccountError("两次输入的新口令不一样")
        gate.change_password(signed_in, password, form.get("new", ""), now=now)
        return "口令已修改，其他电脑和手机上的登录已退出"
    gate.confirm(name, password, now=now)
    with services.store.transaction() as session:
        if what == "totp-off":
            accounts.end_codes(session, name, by=name, now=now)
            return "动态口令已关闭"
        given = (form.get("secret", ""), form.get("code", ""))
        accounts.enrol_codes(session, services.codes, name, *given, now=now)
    return "动态口令已开通，以后登录要输入手机上的6位数字"


def _known(request: Request) -> SignedIn:
    signed_in = visitor(request)
    if signed_in is None:  # the door lets nobody else come here
        raise PermissionError(PASSWORD)
    return signed_in


def _sign_in_page(services: Services, where: str, problem: str, name: str = "") -> Response:
    try:
        people = draw_demo(services) if services.settings.demo else []
        with services.store.reading() as session:
            nobody = not accounts.any_account(session)
    except StoreUnavailableError:
        people, nobody, problem = [], False, _AWAY
    return document(
        "登录",
        f"<h1>{escape(services.roster_file.current().station.name)}</h1><p class=plain-sub>抚近值班台</p>"
        + _told(problem, bad=True)
        + _demo_part(people, where)
        + (_NOBODY if nobody else _sign_in_form(where, name, focus=not people)),
        classes="plain",
        status=200 if not problem else 503 if problem == _AWAY else 401,
    )


_SIGN_IN_FORM = """<form method=post action="/sign-in" class=plain-form>
<input type=hidden name=next value="{next}">
<label>姓名<input name=name value="{name}" autocomplete=username required{focus} maxlength=64></label>
<label>口令<input name=password type=password autocomplete=current-password required maxlength=200></label>
<label>动态口令（开通了才填）<input name=code inputmode=numeric autocomplete=one-time-code maxlength=10></label>
<button>登录</button></form>"""


def _sign_in_form(where: str, name: str, *, focus: bool) -> str:
    return _SIGN_IN_FORM.format(next=escape(where), name=escape(name), focus=" autofocus" if focus else "")


_NOBODY = """<p>还没有任何账号。请管理员在服务器上运行：</p>
<p><code>fujin account add 姓名 --role administrator</code></p>
<p>它会给出第一个口令；第一次登录时要换掉。</p>"""


def _demo_part(people: list[tuple[str, str]], where: str) -> str:
    """For the model station: one tap signs in, and the password is there to be read."""
    if not people:
        return ""
    buttons = "".join(
        '<form method=post action="/sign-in">'
        f'<input type=hidden name=next value="{escape(where)}"><input type=hidden name=name value="{escape(name)}">'
        f'<input type=hidden name=password value="{escape(password)}">'
        f"<button class=plain-quiet>以{escape(name)}登录</button></form>"
        for name, password in people
    )
    return (
        '<section class=plain-demo aria-label="演示账号"><h2>演示账号</h2>'
        "<p>没有接入真实公众号，这里只有模拟的居民。点一下就能登录；"
        f"口令都是 <code>{escape(people[0][1])}</code></p><div class=plain-people>{buttons}</div></section>"
    )


def draw_demo(services: Services) -> list[tuple[str, str]]:
    """The model station's people, officers first, each with their password; accounts are drawn for those without.

    Raises:
        StoreUnavailableError: they can be neither read nor drawn now.
    """
    password = demo_password(services.settings.var_dir)
    officers = services.roster_file.current().officers
    roles = {officer.name: "leader" if officer.leader else "officer" for officer in officers}
    people = [*roles.items(), (_TRAINER, "trainer"), (_ADMINISTRATOR, "administrator")]
    with services.store.transaction() as session:
        accounts.draw_demo(session, people, password=password, now=services.clock.now())
    return [(name, password) for name, _ in people]


def demo_password(var_dir: Path) -> str:
    """The model station's password: drawn once per installation, readable by the owner only."""
    path = var_dir / "demo-password"
    if not path.exists():
        var_dir.mkdir(parents=True, exist_ok=True)
        scratch = path.with_suffix(f".{os.getpid()}")
        scratch.touch(mode=0o600)
        scratch.write_text(accounts.draw_password())
        with contextlib.suppress(FileExistsError):
            os.link(scratch, path)  # atomic: of several consoles starting at once, one wins and all read the same
        scratch.unlink()
    return path.read_text()


def _own_page(
    services: Services, signed_in: SignedIn, *, problem: str = "", done: str = "", secret: str = ""
) -> Response:
    actor = signed_in.actor
    try:
        with services.store.reading() as session:
            totp = accounts.has_codes(session, actor.name)
    except StoreUnavailableError:
        return plain_page("暂时打不开", _AWAY, 503)
    first = signed_in.must_change and not done
    codes = _TOTP_OFF_FORM.format(present=_PRESENT) if totp else _totp_form(actor.name, secret)
    parts = [
        f"<h1>{escape(actor.name)}</h1><p class=plain-sub>{escape(actor.title)}</p>",
        _told(problem, bad=True) + _told(done),
        "<p>请先换掉管理员给您的口令。</p>" if first else "",
        _CHANGE_FORM.format(present=_PRESENT, least=accounts.PASSWORD_CHARACTERS),
        "" if first else f'{codes}<p><a href="{home(signed_in)}">返回</a></p>',
        '<form method=post action="/sign-out"><button class=plain-quiet>退出登录</button></form>',
    ]
    return document("我的账号", "".join(parts), classes="plain", status=400 if problem else 200)


_PRESENT = (
    "<label>现在的口令<input name=password type=password autocomplete=current-password required maxlength=200></label>"
)
_CHANGE_FORM = """<form method=post action="/password" class=plain-form aria-label="修改口令"><h2>修改口令</h2>
<input type=hidden name=what value=password>
{present}
<label>新口令（至少{least}个字符）
<input name=new type=password autocomplete=new-password required maxlength=200></label>
<label>再输一次新口令<input name=again type=password autocomplete=new-password required maxlength=200></label>
<button>修改口令</button></form>"""
_TOTP_OFF_FORM = """<form method=post action="/password" class=plain-form aria-label="动态口令"><h2>动态口令</h2>
<p>已开通。登录时要输入手机上的6位数字。</p><input type=hidden name=what value=totp-off>
{present}
<button class=plain-quiet>关闭动态口令</button></form>"""


def _totp_form(name: str, secret: str) -> str:
    if not one_time_codes.is_shared_secret(secret):
        secret = one_time_codes.draw()
    picture = segno.make(one_time_codes.address(name, secret)).svg_data_uri(scale=4, border=2, light="#fff")
    return (
        '<form method=post action="/password" class=plain-form aria-label="动态口令"><h2>动态口令（可选）</h2>'
        "<p>用手机上的验证器应用扫一扫，再输入它显示的6位数字。以后登录除了口令还要这个数字，每个数字只能用一次。</p>"
        f'<img class=plain-code alt="动态口令二维码" src="{escape(picture)}">'
        f"<p>扫不了就手工输入：<code>{escape(secret)}</code></p><input type=hidden name=what value=totp-on>"
        f'<input type=hidden name=secret value="{escape(secret)}">'
        "<label>6位数字<input name=code inputmode=numeric autocomplete=one-time-code required maxlength=10></label>"
        f"{_PRESENT}<button class=plain-quiet>开通动态口令</button></form>"
    )


def _told(text: str, *, bad: bool = False) -> str:
    if not text:
        return ""
    return f'<p class="{"plain-bad" if bad else "plain-good"}" role={"alert" if bad else "status"}>{escape(text)}</p>'


def _inside(where: str) -> str:
    """An address to go on to, if it is a page of ours."""
    return where if where.startswith("/") and not where.startswith("//") and "\\" not in where else ""


async def _form(request: Request) -> dict[str, str]:
    """The fields of a form; one that is too long has none."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_FORM_BYTES:
            return {}
    try:
        fields = parse_qs(body.decode(errors="replace"), keep_blank_values=True, max_num_fields=20)
    except ValueError:  # more fields than any form of ours has
        return {}
    return {name: values[0] for name, values in fields.items()}
