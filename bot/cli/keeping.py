"""What is kept and for how long: audit log, holds, deletion, backup."""

import csv
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bot.cli.common import SHELL, check_person, fail, officers_transaction, opened_store, station_settings, viewing
from bot.clock import SystemClock
from bot.console.audit_page import in_words
from bot.duty import audit, backup, retention
from bot.duty.backup import BackupError, Summary
from bot.duty.handling import CaseError
from bot.duty.retention import RetentionError
from bot.duty.roster import RosterError, load_roster
from bot.nlu.project import MODELS, NLU_DATA
from bot.settings import Settings
from bot.store.models import AuditEntry, CaseId
from bot.store.session import StoreUnavailableError

commands = typer.Typer()
audit_commands = typer.Typer(no_args_is_help=True, help="The log of what was done and who saw personal data.")
retention_commands = typer.Typer(no_args_is_help=True, help="Deletion of what is past its time.")
_HASH_DIGITS = 64
_Officer = Annotated[str, typer.Option(help="Who does it.", show_default=False)]


@audit_commands.command()
def show(
    case: Annotated[int | None, typer.Option(help="Only of this case.")] = None,
    officer: Annotated[str | None, typer.Option(help="Only what this one did.")] = None,
    action: Annotated[str | None, typer.Option(help="Only of this kind, e.g. view, reveal, sign_in.")] = None,
    days: Annotated[int | None, typer.Option(help="Only of the last so many days.", min=1)] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000)] = 100,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV instead of a table.")] = False,
    by: Annotated[str, typer.Option(help="Who looks, for the audit log.")] = SHELL,
) -> None:
    """Show the newest entries, newest first; that is an entry itself."""
    since = SystemClock().now() - timedelta(days=days) if days else None
    wanted = audit.Filter(officer, action, CaseId(case) if case else None, since)
    with viewing(by, "audit", "read_audit", unnamed=True) as session:
        found = audit.entries(session, wanted, limit=limit)
    rows = [_row(entry) for entry in found]
    columns = ["entry", "at", "actor", "action", "case", "subject", "detail"]
    if as_csv:
        csv.writer(sys.stdout).writerows([columns, *rows])
        return
    table = Table(*columns)
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def _row(entry: AuditEntry) -> list[str]:
    at, case = entry.at.isoformat(timespec="seconds"), str(entry.case_id or "")
    return [str(entry.id), at, entry.actor, entry.action, case, entry.subject, in_words(entry.detail)]


@audit_commands.command()
def verify(
    heads: Annotated[
        typer.FileText | None, typer.Option(help="What `fujin audit head` has printed, a line each; - reads the input.")
    ] = None,
) -> None:
    """Follow the hash chain; ends with 1 where it does not hold, or lacks a head that was kept."""
    kept = dict(_kept(line) for line in heads if line.strip()) if heads else {}
    with opened_store() as store, store.reading() as session:
        breach, (number, _) = audit.verify(session, kept), audit.head(session)
    if breach:
        fail(f"the audit log does not hold: entry {breach.entry} is {breach.reason}")
    typer.echo(f"{number} entries, the chain holds")


def _kept(line: str) -> tuple[int, str]:
    number, _, hashed = line.strip().partition(" ")
    if not (number.isdigit() and len(hashed) == _HASH_DIGITS):
        fail(f"--heads: {line.strip()!r} is nothing that `fujin audit head` prints (number and hash)")
    return int(number), hashed


@audit_commands.command()
def head() -> None:
    """Print the newest entry's number and hash, to be kept elsewhere for `verify --heads`."""
    with opened_store() as store, store.reading() as session:
        number, hashed = audit.head(session)
    typer.echo(f"{number} {hashed}")


@commands.command()
def hold(
    case: Annotated[int, typer.Argument(help="The case's number.", show_default=False)],
    officer: _Officer,
    off: Annotated[bool, typer.Option("--off", help="The policy may have it again.")] = False,
    reason: Annotated[str, typer.Option(help="Why; it stands in the log.")] = "",
) -> None:
    """Keep a case with all its evidence, whatever the policy says."""
    try:
        with officers_transaction(officer, "keep") as session:
            now = SystemClock().now()
            retention.hold(session, CaseId(case), officer=officer, reason=reason, now=now, off=off)
    except CaseError as error:
        fail(str(error))
    typer.echo(f"case {case} is {'not held any more' if off else 'held'}")


@retention_commands.command()
def run(dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would go.")] = False) -> None:
    """Delete what is past its time by duty.yml; the console does so every day by itself."""
    settings = station_settings()
    try:
        policy = load_roster(settings.duty_file).retention
    except RosterError as error:
        fail(str(error))
    with opened_store() as store:
        counts = retention.run(
            store,
            policy,
            settings.var_dir / "evidence",
            now=SystemClock().now(),
            conversations=settings.conversations_url,
            dry=dry_run,
        )
    _say("would be deleted" if dry_run else "deleted", counts)


@commands.command()
def erase(
    pseudonym: Annotated[str, typer.Argument(help="The resident's pseudonym.", show_default=False)],
    reason: Annotated[str, typer.Option(help="Why, e.g. the resident's request and its date.", show_default=False)],
    officer: _Officer,
) -> None:
    """Delete what there is of a resident, but for open and held cases and applications in hand; it is recorded."""
    settings = station_settings()
    try:
        with opened_store() as store:
            with store.reading() as session:
                check_person(session, officer, "keep")
            counts = retention.erase(
                store,
                pseudonym,
                officer=officer,
                reason=reason,
                evidence=settings.var_dir / "evidence",
                conversations=settings.conversations_url,
                now=SystemClock().now(),
            )
    except RetentionError as error:
        fail(str(error))
    _say(f"{pseudonym}: deleted", counts)


def _say(what: str, counts: Counter[str]) -> None:
    told = ", ".join(f"{number} {name}" for name, number in sorted(counts.items()) if number)
    typer.echo(f"{what}: {told or 'nothing'}")


@commands.command()
def objection(
    pseudonym: Annotated[str, typer.Argument(help="The resident's pseudonym.", show_default=False)],
    officer: _Officer,
    off: Annotated[bool, typer.Option("--off", help="The resident agrees again.")] = False,
) -> None:
    """Keep a resident's messages from trainers and models, when the resident asks for it."""
    try:
        with officers_transaction(officer, "keep") as session:
            now = SystemClock().now()
            counts = retention.object_to_training(session, pseudonym, officer=officer, now=now, off=off)
    except (RetentionError, CaseError) as error:
        fail(str(error))
    if off:
        typer.echo(f"{pseudonym}: messages may be used for training")
    else:
        _say(f"{pseudonym}: messages are not used for training; deleted", counts)


@commands.command("backup")
def backup_(
    file: Annotated[Path, typer.Argument(help="Where to write it; must not exist.", show_default=False)],
    officer: Annotated[str, typer.Option(help="Who does it, for the audit log.")] = SHELL,
) -> None:
    """Write database, conversations and files into one archive, while the station runs."""
    settings = station_settings()
    _check_keeper(officer)
    try:
        _tell(settings, file, backup.backup(settings, file.absolute(), by=officer, now=SystemClock().now()))
    except (BackupError, StoreUnavailableError) as error:
        fail(str(error))


@commands.command()
def restore(
    file: Annotated[Path, typer.Argument(help="An archive of `fujin backup`.", show_default=False)],
    force: Annotated[bool, typer.Option("--force", help="Replace what the database holds now.")] = False,
    officer: Annotated[str, typer.Option(help="Who does it, for the audit log.")] = SHELL,
) -> None:
    """Put an archive back, after checking every hash and the audit log; stop the station before."""
    settings = station_settings()
    try:
        if not backup.empty(settings):  # else there is nobody yet whose right could be asked
            _check_keeper(officer)
        put_back = backup.restore(settings, file.absolute(), by=officer, now=SystemClock().now(), force=force)
        _tell(settings, file, put_back)
        if put_back.codes_ended:
            names = ", ".join(put_back.codes_ended)
            typer.echo(f"their one-time codes ended, another FUJIN_SECRET had sealed them: {names}", err=True)
    except (BackupError, StoreUnavailableError) as error:
        fail(str(error))


def _check_keeper(officer: str) -> None:
    with opened_store() as store, store.reading() as session:
        check_person(session, officer, "keep", unnamed=True)


def _tell(settings: Settings, file: Path, summary: Summary) -> None:
    log = f"audit log up to {summary.audit_entry} {summary.audit_hash}"
    typer.echo(f"{file}: {summary.files} files, {summary.bytes} bytes, {log}")
    typer.echo(f"not in it, to be kept besides: .env, {settings.duty_file}, {NLU_DATA}, {MODELS}", err=True)
