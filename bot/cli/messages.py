"""Messages from a file or a pipe, as the bot understands and answers them."""

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable, Iterator
from typing import Annotated, Any, TextIO

import typer

from bot.cli.common import fail, station_settings
from bot.intake.understanding import Rasa, RasaUnavailableError

commands = typer.Typer()
_AT_ONCE = 8
_Source = Annotated[
    typer.FileText, typer.Argument(encoding="utf-8-sig", help="JSONL of {id, text}; - is standard input.")
]


class InputError(Exception):
    """A line that cannot be read; the text says which and how to mend it."""


@commands.command()
def triage(source: _Source = "-") -> None:  # type: ignore[assignment]
    """Triage messages: JSONL {id, text} in, JSONL {id, label, confidence, intent, evidence} out."""

    async def one(rasa: Rasa, text: str) -> dict[str, Any]:
        return _shown((await rasa.triage(text)).triage.to_json())

    _each(source, one)


@commands.command()
def ask(source: _Source = "-") -> None:  # type: ignore[assignment]
    """Like triage, but each line is a fresh conversation, and the reply is added."""

    async def one(rasa: Rasa, text: str) -> dict[str, Any]:
        sender = f"ask-{secrets.token_hex(8)}"
        answer = await rasa.converse(sender=sender, message_id=secrets.token_hex(8), text=text)
        reply = "\n\n".join("\n".join([part.text, *part.buttons]) for part in answer.replies)
        return {**_shown(answer.triage.to_json()), "reply": reply}

    _each(source, one)


def _shown(triage_json: dict[str, Any]) -> dict[str, Any]:
    return {name: triage_json[name] for name in ("label", "confidence", "intent", "evidence")}


def _each(source: TextIO, one: Callable[[Rasa, str], Awaitable[dict[str, Any]]]) -> None:
    """Answer every input line in its order, several at a time."""
    settings = station_settings()

    async def answer_all(lines: list[dict[str, Any]]) -> None:
        rasa, at_once = Rasa(settings.rasa_url, timeout=30), asyncio.Semaphore(_AT_ONCE)

        async def answer(line: dict[str, Any]) -> str:
            async with at_once:
                return json.dumps({"id": line["id"], **await one(rasa, line["text"])}, ensure_ascii=False)

        try:
            for result in await asyncio.gather(*map(answer, lines)):
                typer.echo(result)
        finally:
            await rasa.close()

    try:
        asyncio.run(answer_all(list(_lines(source))))
    except InputError as error:
        fail(str(error))
    except RasaUnavailableError as error:
        fail(f"Rasa gives no answer at {settings.rasa_url} ({error}); start it with `make run`")


def _lines(source: TextIO) -> Iterator[dict[str, Any]]:
    number = 0
    try:
        for number, line in enumerate(source, start=1):
            if line.strip():
                yield _entry(number, line)
    except UnicodeDecodeError:
        raise InputError(f"a line after line {number} is not UTF-8; save the file with that encoding") from None


def _entry(number: int, line: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError:
        raise InputError(f'line {number} is not JSON; write {{"id": "1", "text": "…"}}') from None
    if not (isinstance(entry, dict) and "id" in entry and isinstance(entry.get("text"), str)):
        raise InputError(f'line {number} lacks "id" or a string "text"')
    if not entry["text"].strip():
        raise InputError(f'line {number} has an empty "text"')
    if any(0xD800 <= ord(character) <= 0xDFFF for character in line + entry["text"]):
        raise InputError(f"line {number} holds half a character (a lone surrogate)")
    return entry
