"""An officer's work by command."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import sqlalchemy as sa
import typer
from rich.table import Table
from sqlalchemy.orm import Session

from bot.cli.common import SHELL, fail, officers_transaction, opened_store, output, station_settings, terminal, viewing
from bot.clock import SystemClock
from bot.console import search as finding
from bot.console.applications import masked, read_application
from bot.console.queries import Talk, read_talks
from bot.duty import conversation, disclosure, handling
from bot.duty.handling import DISPOSITIONS, REFERRED_TO, CaseError
from bot.duty.presence import reached
from bot.intake.evidence import EvidenceStore, known_file
from bot.nlu import forms
from bot.nlu.live_file import TrainersFileError
from bot.services import applications as services
from bot.services.applications import DECISIONS, ApplicationError, by_receipt
from bot.store.models import Application, Case, CaseId, Message, Page, Resident
from bot.wechat.outbound import MAX_PICTURE_BYTES, picture_type

commands = typer.Typer()
AsJson = Annotated[bool, typer.Option("--json", help="One JSON array.")]


Viewer = Annotated[str, typer.Option("--officer", help="Who looks, for the audit log.")]


@commands.command()
def cases(as_json: AsJson = False, officer: Viewer = SHELL) -> None:
    """List the cases, newest first; residents appear as pseudonyms, reporters not at all. It stands in the log."""
    with viewing(officer, "cases", "see_cases", unnamed=True) as session:
        rows = [_listed(*row) for row in session.execute(_case_query())]
    show(rows, "no cases", as_json=as_json)


def _listed(case: Case, pseudonym: str, messages: int, pages: int) -> dict[str, Any]:
    return case_row(case, "reporter" if case.confidential else pseudonym, messages, pages)


def show(rows: list[dict[str, Any]], nothing: str, *, as_json: bool) -> None:
    """One JSON array, or a table for people."""
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    table = Table(*(rows[0] if rows else [nothing]))
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    output.print(table)


def _case_query() -> sa.Select[Case, str, int, int]:
    def count(table: type[Message | Page], *where: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
        return sa.select(sa.func.count()).where(table.case_id == Case.id, *where).scalar_subquery()

    sent = count(Page, reached())
    return (
        sa.select(Case, Resident.pseudonym, count(Message), sent)
        .join(Resident, Resident.id == Case.resident_id)
        .order_by(Case.id.desc())
    )


def case_row(case: Case, pseudonym: str, messages: int, pages: int) -> dict[str, Any]:
    """A case as `fujin cases` lists it."""
    return {
        "id": case.id,
        "label": case.label,
        "intent": case.intent,
        "state": case.state,
        "opened_at": case.opened_at.isoformat(),
        "message_count": messages,
        "page_count": pages,
        "acknowledged_by": case.acknowledged_by,
        "resident": pseudonym,
    }


CaseNumber = Annotated[int, typer.Argument(help="The case's number.", show_default=False)]
Officer = Annotated[str, typer.Option(help="Who does it.", show_default=False)]
ToResident = Annotated[int, typer.Option(help="Which resident of the case; `fujin case` numbers them.")]
_Picture = Annotated[Path | None, typer.Option(help="A picture to send, after the text if there is one.")]


@contextmanager
def transaction(officer: str, right: str = "act_on_cases") -> Iterator[Session]:
    """A transaction in an officer's name; what cannot be done ends the command in one line."""
    try:
        with officers_transaction(officer, right) as session:
            yield session
    except (CaseError, ApplicationError) as error:
        fail(str(error))


@commands.command()
def talks(as_json: AsJson = False, officer: Viewer = SHELL) -> None:
    """List who talks now without having a case, and about what, without their words; it stands in the log."""
    with viewing(officer, "talks", "see_cases", unnamed=True) as session:
        rows = [_talk_row(talk) for talk in read_talks(session, SystemClock().now())]
    show(rows, "nobody talks", as_json=as_json)


def _talk_row(talk: Talk) -> dict[str, Any]:
    return {
        "resident": talk.pseudonym,
        "title": talk.title,
        "at": talk.at.isoformat() if talk.at else None,
        "held_by": talk.held_by,
    }


@commands.command()
def ack(case: CaseNumber, officer: Annotated[str, typer.Option(help="Who has the case.")]) -> None:
    """Acknowledge a case: its pages end."""
    with transaction(officer) as session:
        handling.acknowledge(session, CaseId(case), officer=officer, now=SystemClock().now())
    typer.echo(f"case {case} acknowledged")


@commands.command()
def reply(
    case: CaseNumber,
    officer: Officer,
    text: Annotated[str, typer.Argument(show_default=False)] = "",
    to: ToResident = 1,
    picture: _Picture = None,
) -> None:
    """Write to the resident of a case; the bot is silent until it is given back, or for half an hour."""
    digest = _kept(picture) if picture else ""
    with transaction(officer) as session:
        now = SystemClock().now()
        if text or not digest:
            conversation.reply(session, CaseId(case), text, officer=officer, to=to, now=now)
        if digest:
            conversation.send_picture(session, CaseId(case), digest, officer=officer, to=to, now=now)
    typer.echo(f"reply to case {case} in the outbox; the bot is silent for {conversation.HELD.seconds // 60} minutes")


def _kept(picture: Path) -> str:
    """Keep a picture as evidence of what was sent, and give its hash."""
    try:
        content = picture.read_bytes()
    except OSError as error:
        fail(f"{picture} cannot be read ({error.strerror})")
    if picture_type(content) is None or len(content) > MAX_PICTURE_BYTES:
        fail(f"{picture} is no JPEG, PNG or GIF of at most {MAX_PICTURE_BYTES // 1024 // 1024} MB")
    return EvidenceStore(station_settings().var_dir / "evidence").keep(content)


@commands.command()
def give_back(case: CaseNumber, officer: Officer) -> None:
    """Let the bot answer the resident of a case again."""
    with transaction(officer) as session:
        conversation.give_back(session, CaseId(case), officer=officer, now=SystemClock().now())
    typer.echo(f"case {case}: the bot answers again")


@commands.command()
def close(
    case: CaseNumber,
    disposition: Annotated[str, typer.Option(metavar="|".join(DISPOSITIONS), help="How it ended.")],
    word: Annotated[str, typer.Option(help="What was found and done.", show_default=False)],
    officer: Officer,
    to: Annotated[str, typer.Option(metavar="|".join(REFERRED_TO), help="To whom, if it is referred.")] = "",
) -> None:
    """End a case: its pages end, and the bot has the conversation again."""
    with transaction(officer) as session:
        now = SystemClock().now()
        acted_at = handling.locked(session, CaseId(case)).acted_at
        closed = handling.close(
            session, CaseId(case), officer=officer, disposition=disposition, word=word, referred_to=to, now=now
        )
        unread = handling.heard(session, closed, since=acted_at) if acted_at else 0
    typer.echo(f"case {case} closed: {DISPOSITIONS[disposition]}")
    if unread:  # nobody was paged for these
        terminal.print(
            f"{unread} messages have come since the last act on it: look at them now, "
            f"`fujin case {case} --officer {officer}`",
            soft_wrap=True,
            markup=False,
            highlight=False,
        )


@commands.command()
def applications(as_json: AsJson = False, officer: Viewer = SHELL) -> None:
    """List the applications, newest first, without what they hold; residents appear as pseudonyms."""
    query = sa.select(Application, Resident.pseudonym).join(Resident).order_by(Application.id.desc())
    with viewing(officer, "applications", "see_applications", unnamed=True) as session:
        rows = [_application_row(*row) for row in session.execute(query)]
    show(rows, "no applications", as_json=as_json)


def _application_row(application: Application, pseudonym: str) -> dict[str, Any]:
    return {
        "receipt": application.receipt,
        "kind": application.kind,
        "state": application.state,
        "submitted_at": application.submitted_at.isoformat(),
        "updated_at": application.updated_at.isoformat(),
        "resident": pseudonym,
    }


@commands.command()
def application(
    receipt: Annotated[str, typer.Argument(help="The receipt number.", show_default=False)],
    officer: Officer,
    whole: Annotated[bool, typer.Option("--whole", help="With identity numbers in full; that is noted, too.")] = False,
) -> None:
    """Show one application as JSON: what was answered, which pictures came, what happened; the look is in the log."""
    with transaction(officer, "see_applications") as session:
        view = read_application(session, receipt, _forms())
        if view is None:
            raise ApplicationError(f"there is no application {receipt}; `fujin applications` lists them")
        for subject in (receipt, f"{receipt} id_number")[: 2 if whole else 1]:
            disclosure.viewed(session, officer=officer, now=SystemClock().now(), subject=subject)
    shown = {
        "receipt": receipt,
        "kind": view.card.kind,
        "state": view.card.state,
        "resident": view.card.pseudonym,
        "answers": {
            one.title: one.value if whole or one.kind != "id_number" else masked(one.value) for one in view.given
        },
        "photos": [{"title": one.title, "sha256": file.sha256} for one in view.photos for file in one.files],
        "history": [
            {"at": one.at.isoformat(), "by": one.by, "step": one.title, "reason": one.reason} for one in view.history
        ],
        "said": [{"at": one.at.isoformat(), "kind": one.kind, "text": one.text} for one in view.said],
    }
    typer.echo(json.dumps(shown, ensure_ascii=False, indent=1))


def _forms() -> forms.Forms:
    try:
        return forms.load()
    except TrainersFileError as error:
        fail(str(error))


@commands.command()
def evidence(
    sha256: Annotated[str, typer.Argument(help="The file's hash; `fujin case` and `application` name them.")],
    file: Annotated[Path, typer.Argument(help="Where to write it; must not exist.", show_default=False)],
    officer: Officer,
) -> None:
    """Fetch a picture, voice or video that was sent; the look is in the log."""
    files = EvidenceStore(station_settings().var_dir / "evidence")
    with transaction(officer, "see_cases") as session:
        known = known_file(session, files, sha256)
        if known is None or not files.path(sha256).is_file():
            raise CaseError(f"there is no file {sha256}; `fujin case CASE --json` names those of a case")
        for case_id in known.case_ids or (None,):
            disclosure.viewed(session, officer=officer, now=SystemClock().now(), case_id=case_id, subject=sha256)
    try:
        with file.open("xb") as out:
            out.write(files.path(sha256).read_bytes())
    except OSError as error:
        fail(f"{file} cannot be written ({error.strerror})")
    typer.echo(f"{file}: {known.content_type or 'of an unknown type'}")


@commands.command()
def decide(
    receipt: Annotated[str, typer.Argument(help="The receipt number.", show_default=False)],
    decision: Annotated[str, typer.Argument(metavar="|".join(DECISIONS))],
    officer: Officer,
    reason: Annotated[str, typer.Option(help="What the resident is told; needed to ask for more or reject.")] = "",
) -> None:
    """Decide on an application and tell its resident."""
    with transaction(officer, "see_applications") as session:
        application = by_receipt(session, receipt)
        if application is None:
            raise ApplicationError(f"there is no application {receipt}; `fujin applications` lists them")
        services.decide(session, application.id, decision, officer=officer, reason=reason, now=SystemClock().now())
    typer.echo(f"{receipt}: {services.standing(application)}")


@commands.command()
def search(
    words: Annotated[str, typer.Argument(help="A number, pseudonym, receipt, or words that were written.")],
    officer: Officer,
    by: Annotated[str, typer.Option(help="Only cases that this officer took, has or closed.")] = "",
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day; default 30 days ago.")
    ] = None,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day.")] = None,
    as_json: AsJson = False,
) -> None:
    """Find earlier cases, the newest first; the search stands in the audit log."""
    now = SystemClock().now()
    first = since.date() if since else finding.first_day(now)
    wanted = finding.Wanted(words=words, since=first, until=until.date() if until else None, officer=by)
    with transaction(officer, "see_cases") as session:
        finding.note(session, wanted, officer=officer, now=now)
    with opened_store() as store, store.reading() as session:
        found = finding.search(session, wanted)
    show([_hit_row(hit) for hit in found.hits], "nothing found", as_json=as_json)
    if found.rest:
        terminal.print(f"the newest {len(found.hits)}; narrow it down with --since and --until")


def _hit_row(hit: finding.Hit) -> dict[str, Any]:
    return {
        "at": hit.at.isoformat(),
        "case": hit.case_id,
        "receipt": hit.receipt,
        "title": hit.title,
        "state": hit.state,
        "officer": hit.officer,
        "resident": hit.pseudonym,
        "text": hit.text,
    }
