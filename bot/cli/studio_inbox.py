"""The trainers' inbox by command, through the functions that the page calls."""

from functools import partial
from typing import Annotated

import typer

from bot.cli.common import check_right, fail, opened_store, station_settings
from bot.cli.desk import AsJson, show
from bot.clock import SystemClock
from bot.store.models import ReviewItem
from bot.studio import changes, guideline, inbox, reviews
from bot.studio.inbox import REASONS
from bot.studio.reviews import ReviewError, Rules, Taken

commands = typer.Typer()
_Item = Annotated[int, typer.Argument(help="The item's number; `fujin studio inbox` lists them.", show_default=False)]
_Trainer = Annotated[str, typer.Option(help="Who judges.", show_default=False)]
_Note = Annotated[str, typer.Option(help="Why; it becomes the reason of the change.")]


@commands.command(name="inbox")
def list_inbox(
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many at most.")] = 20,
    reason: Annotated[str, typer.Option(help=f"Only what is here for it: {', '.join(REASONS)}.")] = "",
    trainer: Annotated[str, typer.Option(help="Without what this trainer has judged.")] = "",
    as_json: AsJson = False,
) -> None:
    """List what waits for a trainer, most useful first; texts are masked, the same wordings stand once."""
    if reason and reason not in REASONS:
        fail(f"{reason!r} is no reason; choose one of {', '.join(REASONS)}")
    with opened_store() as store, store.reading() as session:
        rows = [
            {
                "item": one.id,
                "state": one.state,
                "count": one.count,
                "also": " ".join(map(str, one.also)),
                "other_wordings": list(one.others) if as_json else "\n".join(one.others),
                "why": ", ".join(one.reasons),
                "score": one.score,
                "taken_for": one.intent,
                "corrected": one.corrected,
                "likely": ", ".join(f"{intent} {share:.2f}" for intent, share in one.ranking[:3]),
                "text": one.text,
                "beside": " / ".join(one.beside),
            }
            for one in inbox.queue(session, trainer=trainer, limit=limit, reason=reason)
        ]
    show(rows, "nothing waits", as_json=as_json)


@commands.command()
def label(
    item: _Item,
    intent: Annotated[str, typer.Argument(help="Its full name, as in enquiry/idcard_lost.", show_default=False)],
    trainer: _Trainer,
    text: Annotated[str, typer.Option(help="How it is to stand among the examples.")] = "",
    note: _Note = "",
    also: Annotated[
        list[int] | None,
        typer.Option(help="Another item of the same wording (`also` in `fujin studio inbox`); once for each."),
    ] = None,
) -> None:
    """Say what an item is."""
    accept = partial(reviews.accept, seen=also or (), trainer=trainer, rules=_rules(), text=text or None, note=note)
    try:
        with opened_store() as store, changes.deciding(store) as session:
            check_right(session, trainer, "train")
            taken = accept(session, item, intent, now=SystemClock().now())
    except ReviewError as error:
        fail(str(error))
    _tell(taken)


@commands.command()
def skip(item: _Item, trainer: _Trainer) -> None:
    """Put an item aside."""
    _put_aside(item, reviews.SKIP, trainer)


@commands.command()
def ambiguous(item: _Item, trainer: _Trainer, note: _Note = "") -> None:
    """Say that two careful people would disagree about an item; nothing is learnt from it."""
    _put_aside(item, reviews.AMBIGUOUS, trainer, note=note)


@commands.command()
def second(
    item: _Item,
    trainer: _Trainer,
    intent: Annotated[str, typer.Option(help="What one would say oneself.")] = "",
    note: _Note = "",
) -> None:
    """Ask another trainer."""
    _put_aside(item, reviews.SECOND, trainer, intent=intent or None, note=note)


@commands.command()
def undo(trainer: _Trainer) -> None:
    """Take back one's own last verdict, with what it proposed."""
    try:
        with opened_store() as store, changes.deciding(store) as session:
            check_right(session, trainer, "train")
            item = reviews.undo(session, trainer=trainer, now=SystemClock().now(), rules=_rules())
    except ReviewError as error:
        fail(str(error))
    typer.echo(f"item {item.id} is {item.state} again")


@commands.command()
def agreement() -> None:
    """Show how far two trainers agree on what both have judged (Cohen's kappa)."""
    with opened_store() as store, store.reading() as session:
        found = reviews.agreement(session)
    typer.echo(f"{found.agreed} of {found.items} items judged alike by two trainers")
    for name, value in (("labels", found.label_kappa), ("intents", found.intent_kappa)):
        typer.echo(f"kappa of {name}: {'—' if value is None else f'{value:.3f}'}")


@commands.command()
def reveal(
    item: _Item,
    by: Annotated[str, typer.Option("--by", help="Who looks: an account's name.", show_default=False)],
    reason: Annotated[str, typer.Option(help="Why; it stands in the audit log.", show_default=False)],
) -> None:
    """Show an item's words as they were written."""
    try:
        with opened_store() as store, store.transaction() as session:
            check_right(session, by, reviews.right_to_reveal(session, item))
            said = reviews.reveal(session, item, by=by, reason=reason, now=SystemClock().now())
    except ReviewError as error:
        fail(str(error))
    typer.echo(said)


@commands.command(name="guideline")
def show_guideline(
    words: Annotated[str, typer.Argument(help="An intent, or words of its title or scope.", show_default=False)],
) -> None:
    """What counts as an intent, who has to act, and the rules that name its label."""
    found = [words] if words in guideline.scopes() else guideline.search(words)
    if not found:
        fail(f"no intent has {words!r} in its title or scope")
    for intent in found:
        told = guideline.guidance(intent)
        typer.echo(f"{intent}\t{told.label} · {told.title}\t{told.scope}")
        if len(found) == 1:
            for line in filter(None, (told.act, told.within, *told.rules)):
                typer.echo(f"  {line}")


@commands.command()
def unanswered(
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many at most.")] = 50, as_json: AsJson = False
) -> None:
    """List the questions to which the bot had no answer, the most frequent first: what new topics are made of."""
    with opened_store() as store, store.reading() as session:
        rows = [{"item": one.item_id, "count": one.count, "text": one.text} for one in inbox.unanswered(session, limit)]
    show(rows, "every question had an answer", as_json=as_json)


def _rules() -> Rules:
    return Rules(two_for_urgent=station_settings().studio_second_for_urgent)


def _put_aside(item: int, verdict: str, trainer: str, *, intent: str | None = None, note: str = "") -> None:
    try:
        with opened_store() as store, changes.deciding(store) as session:
            check_right(session, trainer, "train")
            now = SystemClock().now()
            found: ReviewItem = reviews.put_aside(
                session, item, verdict, trainer=trainer, now=now, rules=_rules(), intent=intent, note=note
            )
    except ReviewError as error:
        fail(str(error))
    typer.echo(f"item {found.id}: {found.state}")


def _tell(taken: Taken) -> None:
    told = [f"item {taken.item.id}: {taken.item.state}"]
    if taken.items > 1:
        told.append(f"{taken.items} items")
    told += taken.proposed
    typer.echo(", ".join(told))
    if taken.problem:
        typer.echo(f"not proposed: {taken.problem}", err=True)
