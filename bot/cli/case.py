"""An officer's work on one case by command, through the functions that the case page calls."""

import json
from collections.abc import Sequence
from typing import Annotated, Any

import sqlalchemy as sa
import typer
from rich.console import Console

from bot.cli.common import fail, station_settings, terminal, viewing
from bot.cli.desk import AsJson, CaseNumber, Officer, case_row, show, transaction
from bot.clock import SystemClock
from bot.console.conversation import Answered, Said
from bot.console.talks import read_before, read_talk
from bot.duty import conversation, disclosure, handling, handover, labels, merging, similar, timeline
from bot.duty.handling import CaseError
from bot.duty.roster import RosterError, load_roster
from bot.duty.watch import Watch
from bot.store.models import Case, CaseId, Correction, Media, Message, MessageId, Note, Page, Reply

commands = typer.Typer()
_To = Annotated[str, typer.Option(help="Another officer, as duty.yml has the name.", show_default=False)]


def _watch() -> Watch:
    settings = station_settings()
    try:
        return Watch.over(load_roster(settings.duty_file), settings.channels)
    except RosterError as error:
        fail(str(error))


@commands.command()
def note(case: CaseNumber, text: str, officer: Officer) -> None:
    """Write a note for the other officers; the resident never sees it."""
    with transaction(officer) as session:
        handling.note(session, CaseId(case), text, officer=officer, now=SystemClock().now())
    typer.echo(f"case {case}: noted")


@commands.command()
def assign(
    case: CaseNumber,
    officer: Officer,
    to: Annotated[str, typer.Option(help="Who is to see to it; leave it out for nobody.", show_default=False)] = "",
) -> None:
    """Say who is to see to a request or a tip."""
    watch = _watch()
    with transaction(officer) as session:
        handling.assign(session, CaseId(case), to=to or None, officer=officer, watch=watch, now=SystemClock().now())
    typer.echo(f"case {case}: {to or 'nobody'} is to see to it")


@commands.command()
def unack(case: CaseNumber, officer: Officer) -> None:
    """Give a case back: it is open again, and an alarm is paged for from the first step on."""
    watch = _watch()
    with transaction(officer) as session:
        handling.unacknowledge(session, CaseId(case), officer=officer, watch=watch, now=SystemClock().now())
    typer.echo(f"case {case} is open again")


@commands.command()
def reopen(case: CaseNumber, officer: Officer) -> None:
    """Go on with a closed case; whoever reopens it has it."""
    with transaction(officer) as session:
        handling.reopen(session, CaseId(case), officer=officer, now=SystemClock().now())
    typer.echo(f"case {case} goes on; {officer} has it")


@commands.command()
def offer(case: CaseNumber, to: _To, officer: Officer) -> None:
    """Ask another officer to take a case over; they are paged, and until they accept nothing changes."""
    watch = _watch()
    with transaction(officer) as session:
        handover.offer(session, CaseId(case), to=to, officer=officer, watch=watch, now=SystemClock().now())
    minutes = handover.OFFERED_FOR.seconds // 60
    typer.echo(f"case {case} is offered to {to} for {minutes} minutes: `fujin accept {case} --officer {to}`")


@commands.command()
def accept(case: CaseNumber, officer: Officer) -> None:
    """Take over a case that was offered."""
    with transaction(officer) as session:
        handover.accept(session, CaseId(case), officer=officer, now=SystemClock().now())
    typer.echo(f"case {case}: {officer} has it")


@commands.command()
def decline(case: CaseNumber, officer: Officer) -> None:
    """End an offer: the officer who has the case keeps it."""
    watch = _watch()
    with transaction(officer) as session:
        kept = handover.decline(session, CaseId(case), officer=officer, watch=watch, now=SystemClock().now())
    typer.echo(f"case {case}: {kept.acknowledged_by or 'nobody'} has it")


@commands.command()
def join(case: CaseNumber, officer: Officer) -> None:
    """Be on a case beside whoever has it."""
    with transaction(officer) as session:
        handover.join(session, CaseId(case), officer=officer, now=SystemClock().now())
    typer.echo(f"case {case}: {officer} is on it")


@commands.command()
def leave(case: CaseNumber, officer: Officer) -> None:
    """Be on a case no longer."""
    with transaction(officer) as session:
        handover.leave(session, CaseId(case), officer=officer, now=SystemClock().now())
    typer.echo(f"case {case}: {officer} is not on it")


@commands.command()
def relabel(
    case: CaseNumber,
    kind: Annotated[str, typer.Argument(help="label/kind, as in nlu_data/catalogue.yml.", show_default=False)],
    officer: Officer,
    reason: Annotated[str, typer.Option(help="Why; needed for what is no alarm, or no tip, any more.")] = "",
) -> None:
    """Give a case another kind; an alarm is paged for at once, and the trainers learn of it."""
    watch, now = _watch(), SystemClock().now()
    with transaction(officer) as session:
        labels.relabel(session, CaseId(case), kind, officer=officer, reason=reason, watch=watch, now=now)
    typer.echo(f"case {case} is {kind}")


@commands.command()
def merge(
    case: CaseNumber,
    officer: Officer,
    into: Annotated[int, typer.Option(help="The case that goes on.", show_default=False)],
) -> None:
    """Make a case part of another one: its pages end, and what its resident writes goes there."""
    with transaction(officer) as session:
        merging.merge(session, CaseId(case), into=CaseId(into), officer=officer, now=SystemClock().now())
    typer.echo(f"case {case} is part of case {into}")


@commands.command()
def separate(case: CaseNumber, officer: Officer) -> None:
    """Part a case from the one it was merged into."""
    watch = _watch()
    with transaction(officer) as session:
        parted = merging.separate(session, CaseId(case), officer=officer, watch=watch, now=SystemClock().now())
    typer.echo(f"case {case} stands by itself: {parted.state}")


@commands.command()
def reporter(
    case: CaseNumber,
    officer: Officer,
    reason: Annotated[str, typer.Option(help="Why they have to be known; it stands in the log.", show_default=False)],
) -> None:
    """Tell who reported a case, for leaders: the pseudonym, since when they write, and their other cases."""
    with transaction(officer, "see_reporter") as session:
        now = SystemClock().now()
        found = disclosure.reveal(session, CaseId(case), officer=officer, reason=reason, now=now)
    others = ", ".join(map(str, found.other_cases)) or "none"
    since = found.first_seen_at.isoformat(timespec="minutes")
    typer.echo(f"case {case}: {found.pseudonym}, writes since {since}, other cases: {others}")


@commands.command(name="case")
def one_case(case: CaseNumber, officer: Officer, as_json: AsJson = False) -> None:
    """Show one case: what was said, who was paged, what was done. Reporters stay unnamed; the look is in the log."""
    with transaction(officer, "see_cases") as session:
        found = handling.locked(session, CaseId(case))
        disclosure.viewed(session, officer=officer, now=SystemClock().now(), case_id=found.id)
        told = _told(session, found)
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
        return
    plain = Console(highlight=False)
    for name, value in told.items():
        if not isinstance(value, list) or not value or not isinstance(value[0], dict):
            plain.print(f"{name}: {value}", markup=False)
    for name in ("before", "talk", "files", "notes", "timeline", "similar"):
        plain.print(f"\n{name}", markup=False)
        show(told[name], "none", as_json=False)


@commands.command()
def talk(
    resident: Annotated[str, typer.Argument(help="The pseudonym; `fujin talks` lists them.", show_default=False)],
    officer: Officer,
    take: Annotated[bool, typer.Option("--take", help="Take it over from the bot: a help request of yours.")] = False,
    before: Annotated[int | None, typer.Option(help="Only what was said before this message.", min=1)] = None,
    as_json: AsJson = False,
) -> None:
    """Show what a resident and the bot have said, whatever case it is in, tips excepted; the look is in the log."""
    name = resident.upper()
    if take:
        with transaction(officer) as session:
            now = SystemClock().now()
            case = conversation.take(session, name, officer=officer, now=now)
            own = case.opened_at == now
        typer.echo(f"case {case.id}: {officer} has it" if own else f"{name} has case {case.id} already")
        return
    with transaction(officer, "see_cases") as session:
        found = read_talk(session, name, before=MessageId(before) if before else None)
        if found is None:
            raise CaseError(f"there is no resident {name}; `fujin talks` lists them")
        disclosure.viewed(session, officer=officer, now=SystemClock().now(), subject=name)
    lines = _lines(name, found.talk)
    if as_json:
        told = {"resident": name, "case": found.case_id, "earlier": found.earlier, "talk": lines}
        typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
        return
    show(lines, "nothing to show", as_json=False)
    if found.case_id:
        terminal.print(f"{name} has case {found.case_id}: `fujin case {found.case_id}`", highlight=False)
    if found.earlier:
        terminal.print(f"earlier: `fujin talk {name} --before {found.earlier}`", highlight=False)


def _lines(name: str, talk: Sequence[Said | Answered]) -> list[dict[str, Any]]:
    return [
        {
            "at": entry.at.isoformat(),
            "from": name if isinstance(entry, Said) else entry.author,
            "kind": entry.kind if isinstance(entry, Said) else entry.state,
            "text": f"{entry.text} {entry.transcript}".strip() if isinstance(entry, Said) else entry.text,
            "files": [file.sha256 for file in entry.media] if isinstance(entry, Said) else [],
        }
        for entry in talk
    ]


def _told(session: sa.orm.Session, case: Case) -> dict[str, Any]:
    residents = handling.residents_of(session, case)
    names = {
        resident.id: f"reporter {number}" if case.confidential else resident.pseudonym
        for number, resident in enumerate(residents, start=1)
    }
    merged = list(session.scalars(sa.select(Case.id).where(Case.merged_into_id == case.id).order_by(Case.id)))
    pages = session.scalars(sa.select(Page).where(Page.case_id == case.id).order_by(Page.id)).all()
    row = case_row(case, names[case.resident_id], len(case.messages), sum(page.state == "done" for page in pages))
    notes = session.scalars(sa.select(Note).where(Note.case_id == case.id).order_by(Note.id))
    likely = similar.similar(session, case, now=SystemClock().now()) if case.state != "closed" else []
    return {
        **row,
        "assigned_to": case.assigned_to,
        "offered_to": case.offered_to,
        "joined": list(case.joined),
        "merged_into": case.merged_into_id,
        "merged": merged,
        "closed_at": case.closed_at.isoformat() if case.closed_at else None,
        "closed_by": case.closed_by,
        "disposition": case.disposition,
        "referred_to": case.referred_to,
        "closing_word": case.closing_word,
        "on_hold": case.on_hold,
        "residents": [f"{number}: {name}" for number, name in enumerate(names.values(), start=1)],
        "before": _lines(names[case.resident_id], read_before(session, case.id)),
        "talk": _talk(session, [case.id, *merged], names),
        "files": _files(session, [case.id, *merged], names),
        "notes": [{"at": one.written_at.isoformat(), "by": one.author, "text": one.text} for one in notes],
        "timeline": _timeline(session, case, pages),
        "similar": [{"id": one.case_id, "state": one.state, "why": "；".join(one.why)} for one in likely],
    }


def _talk(session: sa.orm.Session, ids: list[CaseId], names: dict[Any, str]) -> list[dict[str, Any]]:
    messages = session.scalars(sa.select(Message).where(Message.case_id.in_(ids), Message.kind != "event"))
    replies = session.scalars(sa.select(Reply).where(Reply.case_id.in_(ids)))
    said = [
        (one.received_at, names.get(one.resident_id, ""), "", one.kind, one.text, _reader_of(one)) for one in messages
    ]
    told = [(one.created_at, one.author, names.get(one.resident_id, ""), one.state, one.text, None) for one in replies]
    keys = ("at", "from", "to", "kind", "text", "read_by")
    return [
        dict(zip(keys, (line[0].isoformat(), *line[1:]), strict=True))
        for line in sorted([*said, *told], key=lambda line: line[0])
    ]


def _reader_of(message: Message) -> str | None:
    """The model that read a message, or that the safety net alone did; None where nobody has."""
    return "safety net" if message.read_by_model is False else message.model


def _files(session: sa.orm.Session, ids: list[CaseId], names: dict[Any, str]) -> list[dict[str, Any]]:
    """What came with the messages: `fujin evidence` gives a file by its hash."""
    query = (
        sa.select(Media, Message.received_at, Message.resident_id)
        .join(Message, Message.id == Media.message_id)
        .where(Message.case_id.in_(ids))
        .order_by(Media.id)
    )
    return [
        {"at": at.isoformat(), "from": names.get(resident_id, ""), "kind": media.kind, "sha256": media.sha256}
        for media, at, resident_id in session.execute(query)
    ]


def _timeline(session: sa.orm.Session, case: Case, pages: Any) -> list[dict[str, Any]]:
    acts = [(act.at, act.by, act.action, act.words, act.more) for act in timeline.acts(session, case.id)]
    paged = [
        (page.sent_at or page.created_at, "系统", "page", f"{page.level + 1}: {page.officer}", page.state)
        for page in pages
    ]
    keys = ("at", "by", "action", "words", "more")
    return [
        dict(zip(keys, (step[0].isoformat(), *step[1:]), strict=True))
        for step in sorted([*acts, *paged], key=lambda step: step[0])
    ]


@commands.command()
def corrections(officer: Officer, as_json: AsJson = False) -> None:
    """List the officers' other labels for cases, newest first, with the residents' words: what trainers learn from."""
    query = (
        sa.select(Correction, Message.text)
        .join(Message, Message.id == Correction.message_id, isouter=True)
        .order_by(Correction.id.desc())
    )
    with viewing(officer, "corrections", "see_cases") as session:
        rows = [
            {
                "at": one.made_at.isoformat(),
                "case": one.case_id,
                "was": one.was,
                "now": one.now,
                "by": one.made_by,
                "text": text,
            }
            for one, text in session.execute(query)
        ]
    show(rows, "no corrections", as_json=as_json)
