"""The account's menu: shown, and given to WeChat."""

import asyncio
import json
from typing import Annotated

import typer
from rich.table import Table

from bot.cli.common import fail, output, station_settings
from bot.intake import menu as station_menu
from bot.nlu.live_file import TrainersFileError
from bot.settings import Settings
from bot.wechat.client import WeChatClient
from bot.wechat.errors import PlatformError

commands = typer.Typer(invoke_without_command=True, add_completion=False)
_REFUSALS = {
    40013: "FUJIN_WECHAT_APP_ID is not known to the platform",
    40125: "FUJIN_WECHAT_APP_SECRET is wrong, or was reset on the platform's page",
    40164: "add this machine's address, which the answer names, to the IP 白名单 of the account's 基本配置 page",
    48001: "the account has no right to a menu of its own (自定义菜单): it must be verified (微信认证)",
    40016: "the number of sections is not 1 to 3",
    40018: "the title of a section is too long or empty",
    40019: "the key of a section is too long or empty",
    40023: "a section has not 1 to 5 entries",
    40025: "the title of an entry is too long or empty",
    40026: "the key of an entry is too long or empty",
    40027: "the url of an entry is too long or empty",
    40054: "the url of an entry is not an address that the platform accepts",
    40055: "the url of an entry is not an address that the platform accepts",
    45009: "the day's calls are used up; try again tomorrow",
    45010: "the day's menus are used up; try again tomorrow",
}
"""What the platform's errors at `menu/create` mean, and what to do."""


@commands.callback()
def menu(
    context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="As it is sent to WeChat.")] = False
) -> None:
    """Show the account's menu (nlu_data/menu.yml): labels, keys and what a tap does; `push` gives it to WeChat."""
    if context.invoked_subcommand:
        return
    shown = _menu()
    if as_json:
        typer.echo(json.dumps(shown.for_platform(), ensure_ascii=False, indent=1))
        return
    table = Table("section", "entry", "key", "a tap")
    for section in shown.shown:
        for number, entry in enumerate(section.shown):
            table.add_row("" if number else section.title, entry.title, entry.key, _effect(entry))
        table.add_section()
    output.print(table)


def _menu() -> station_menu.Menu:
    try:
        return station_menu.load()
    except TrainersFileError as error:
        fail(str(error))


def _effect(entry: station_menu.Entry) -> str:
    if entry.says:
        return f"says “{entry.says}”"
    if entry.shows:
        return f"shows {entry.shows}"
    return f"opens {entry.url}" if entry.url else f"answers “{(entry.answer or '').splitlines()[0][:12]}…”"


@commands.command()
def push() -> None:
    """Replace the account's menu on WeChat by the one in nlu_data/menu.yml."""
    settings, pushed = station_settings(), _menu()
    if settings.demo:
        fail(
            "there is nothing to push to: without FUJIN_WECHAT_APP_ID this is the demo account, "
            "and the simulator shows nlu_data/menu.yml as it is"
        )
    try:
        asyncio.run(_push(settings, pushed))
    except PlatformError as error:
        meaning = _REFUSALS.get(error.code)
        fail(f"WeChat did not take the menu: {meaning} ({error})" if meaning else f"WeChat did not take it: {error}")
    entries = sum(len(section.shown) for section in pushed.shown)
    typer.echo(f"created: {'、'.join(section.title for section in pushed.shown)} with {entries} entries")
    typer.echo("Residents see it when they open the account again, after five minutes at the latest.")


async def _push(settings: Settings, pushed: station_menu.Menu) -> None:
    client = WeChatClient(
        base=settings.wechat_api_base, app_id=settings.wechat_app_id, secret=settings.wechat_app_secret
    )
    try:
        await client.create_menu(pushed.for_platform())
    finally:
        await client.close()
