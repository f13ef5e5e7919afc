"""`fujin studio data`: the trainers' data by command, through the functions that the studio's pages call."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any

import typer
import yaml
from rich.table import Table
from sqlalchemy.orm import Session

from bot.cli.common import check_right, fail, opened_store, output, station_settings
from bot.clock import SystemClock
from bot.nlu import knowledge
from bot.nlu.dataset import FALSE_PAGE, MISSED, read_regression
from bot.nlu.knowledge import SHORT
from bot.nlu.live_file import TrainersFileError
from bot.nlu.project import MODELS, NLU_DATA
from bot.store.models import DataChange
from bot.studio import changes, plans
from bot.studio.changes import STATES, ChangeError, Filter
from bot.studio.files import EditError
from bot.studio.health import Checkup, Health, Style, station_facts
from bot.studio.plans import KINDS, Place

commands = typer.Typer(no_args_is_help=True)
_By = Annotated[str, typer.Option("--by", help="Who does it; it stays in the history.", show_default=False)]
_Why = Annotated[str, typer.Option("--why", help="Why; it stays in the history.", show_default=False)]
_Intent = Annotated[str, typer.Argument(help="A fine intent, as help_request/noise.", show_default=False)]
_Topic = Annotated[str, typer.Argument(help="A topic, as idcard_lost.", show_default=False)]
_Text = Annotated[str, typer.Argument(help="The example, word by word.", show_default=False)]
_File = Annotated[typer.FileText, typer.Argument(help="A YAML or JSON file, or - for what comes in.")]
_Number = Annotated[int, typer.Argument(help="The change's number.", show_default=False)]
_AsJson = Annotated[bool, typer.Option("--json", help="JSON.")]


@contextmanager
def _act() -> Iterator[Session]:
    """A transaction; what cannot be done ends the command in one line."""
    try:
        with opened_store() as store, changes.deciding(store) as session:
            yield session
    except ChangeError as error:
        fail(str(error))


def _propose(kind: str, payload: Mapping[str, Any], by: str, why: str, *, stood: bool = False) -> None:
    with _act() as session:
        check_right(session, by, "train")
        now, two = SystemClock().now(), station_settings().studio_second_for_urgent
        change = changes.propose(
            session, kind, payload, by=by, why=why, now=now, folder=NLU_DATA, stood=stood, two_for_urgent=two
        )
        said = f"change {change.id}: {KINDS[kind].title}, {STATES.get(change.state, change.state)}"
    typer.echo(said)


@commands.command()
def add(intent: _Intent, text: _Text, by: _By, why: _Why) -> None:
    """Ask for a new example."""
    _propose("add_example", {"intent": intent, "text": text}, by, why)


@commands.command()
def remove(intent: _Intent, text: _Text, by: _By, why: _Why) -> None:
    """Ask for an example to be removed."""
    _propose("remove_example", {"intent": intent, "text": text}, by, why)


@commands.command()
def move(
    was: _Intent,
    to: Annotated[str, typer.Argument(help="The intent it belongs to.", show_default=False)],
    text: _Text,
    by: _By,
    why: _Why,
) -> None:
    """Ask for an example to go to another intent."""
    _propose("move_example", {"text": text, "was": was, "now": to}, by, why)


@commands.command()
def edit(
    intent: _Intent,
    was: Annotated[str, typer.Argument(help="The example as it stands, word by word.", show_default=False)],
    to: Annotated[str, typer.Argument(help="How it is to stand.", show_default=False)],
    by: _By,
    why: _Why,
) -> None:
    """Ask for other words of an example."""
    _propose("edit_example", {"intent": intent, "was": was, "now": to}, by, why)


@commands.command()
def keep(intent: _Intent, text: _Text, by: _By, why: _Why) -> None:
    """Say that an example stands where it belongs, whatever the model makes of it."""
    _propose("keep_example", {"intent": intent, "text": text}, by, why)


@commands.command()
def new_intent(file: _File, by: _By, why: _Why) -> None:
    """Ask for a new intent: intent, title, scope, examples, and a response, or for an enquiry an answer."""
    _propose("new_intent", _read(file), by, why)


@commands.command()
def new_topic(file: _File, by: _By, why: _Why) -> None:
    """Ask for a new topic of an enquiry: intent, topic, title, when, examples, source, scope, short, plain, aspects."""
    _propose("add_topic", _read(file), by, why)


def _read(file: typer.FileText) -> dict[str, Any]:
    """A change as it is written in YAML or JSON."""
    try:
        content = yaml.safe_load(file)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        fail(f"{file.name} cannot be read: {' '.join(str(error).split())}")
    if not isinstance(content, dict):
        fail(f"{file.name} holds no mapping; write `intent: …` and so on, one to a line")
    return {str(name): value for name, value in content.items()}


@commands.command()
def fact(
    name: Annotated[
        str | None, typer.Argument(help="A local fact, as parking; lists all without.", show_default=False)
    ] = None,
    value: Annotated[str | None, typer.Argument(help="What it is from now on; shows what it is without.")] = None,
    confirm: Annotated[bool, typer.Option("--confirm", help="It is as it stands: only the day is new.")] = False,
    by: Annotated[str, typer.Option("--by", help="Who does it.", show_default=False)] = "",
    why: _Why = "",
    reviewed: Annotated[str, typer.Option(help="When it was looked at: 2026-11-25; today without.")] = "",
) -> None:
    """Show what the station says of itself in its answers, or ask for something else; it is live at once."""
    if name is None:
        _list_facts()
        return
    try:
        found = plans.local_fact(NLU_DATA, name)
    except EditError as error:
        fail(str(error))
    was = str(found["value"] or "")
    if confirm:
        if value is not None or not was:
            fail("--confirm goes without a value, and only for a fact that has one")
        value = was
    if value is None:
        typer.echo(was)
        return
    if not by:
        fail("say who does it and why: --by, --why")
    _propose("edit_local_fact", {"name": name, "was": was, "now": value, "reviewed": reviewed}, by, why)


def _list_facts() -> None:
    """Every local fact: its name, whether it waits for somebody or when it was looked at, its title and its value."""
    try:
        base = knowledge.load(NLU_DATA / "answers")
    except TrainersFileError as error:
        fail(str(error))
    for found in station_facts(base, SystemClock().now().date()):
        state = "empty" if not found.value else f"{found.reviewed} due" if found.due else str(found.reviewed)
        typer.echo(f"{found.name}\t{state}\t{found.title}\t{' '.join(found.value.split())}")


@commands.command()
def topic(
    name: _Topic,
    title: Annotated[str, typer.Option(help="What it is called, as on its button.", show_default=False)] = "",
    when: Annotated[
        list[str] | None, typer.Option(help="A word by which it is chosen; once for each.", show_default=False)
    ] = None,
    related: Annotated[
        list[str] | None, typer.Option(help="A topic that may be asked for next; once for each.", show_default=False)
    ] = None,
    by: Annotated[str, typer.Option("--by", help="Who does it.", show_default=False)] = "",
    why: _Why = "",
) -> None:
    """Show a topic's title, words and neighbours, or ask for others; an empty one leaves none. It is live at once."""
    try:
        was = plans.heading_of(plans.find(NLU_DATA, name, SHORT).topic)
    except EditError as error:
        fail(str(error))
    given = {key: value for key, value in (("when", when), ("related", related)) if value is not None}
    if not (title or given):
        typer.echo(yaml.safe_dump(was, allow_unicode=True, sort_keys=False, default_flow_style=None), nl=False)
        return
    if not by:
        fail("say who does it and why: --by, --why")
    now = {**was, **given, **({"title": title} if title else {})}
    _propose("edit_topic", {"topic": name, "was": was, "now": now}, by, why)


@commands.command()
def questions(topic: _Topic, as_json: _AsJson = False) -> None:
    """List the ways in which residents ask for a topic, as `ask` and `unask` change them."""
    try:
        found = plans.questions_of(NLU_DATA, topic)
    except EditError as error:
        fail(str(error))
    typer.echo(json.dumps(found, ensure_ascii=False, indent=1) if as_json else "\n".join(found))


@commands.command()
def ask(topic: _Topic, text: _Text, by: _By, why: _Why) -> None:
    """Ask for another way in which residents ask for a topic; it is learnt with the next training."""
    _propose("add_question", {"topic": topic, "text": text}, by, why)


@commands.command()
def unask(topic: _Topic, text: _Text, by: _By, why: _Why) -> None:
    """Ask for a way in which residents ask for a topic to be removed."""
    _propose("remove_question", {"topic": topic, "text": text}, by, why)


@commands.command()
def regress(
    intent: _Intent,
    text: _Text,
    by: _By,
    case: Annotated[str, typer.Option(help=f"{MISSED}: nobody was paged; {FALSE_PAGE}: somebody was.")],
    why: _Why,
) -> None:
    """Ask for a message to enter the regression set; `why` stands there too."""
    _propose("add_regression", {"intent": intent, "text": text, "case": case, "why": why}, by, why)


@commands.command()
def unregress(text: _Text, by: _By, why: _Why) -> None:
    """Ask for a message to leave the regression set; a leader has to agree."""
    path = NLU_DATA / "regression" / "messages.jsonl"
    try:
        found = next((one for one in read_regression(path) if one.text == text), None)
    except (OSError, ValueError) as error:
        fail(str(error))
    if found is None:
        fail(f"{path} holds no such message; write it word by word")
    payload = {"intent": found.intent, "text": text, "case": found.case, "why": found.why, "added": found.added}
    _propose("remove_regression", payload, by, why, stood=True)


@commands.command()
def answer(
    topic: _Topic,
    aspect: Annotated[str, typer.Argument(help="short, plain, or an aspect, as fee.", show_default=False)],
    text: Annotated[str | None, typer.Argument(help="What it says from now on; shows what it says without.")] = None,
    by: Annotated[str, typer.Option("--by", help="Who does it.", show_default=False)] = "",
    why: _Why = "",
    source: Annotated[str, typer.Option(help="What it is based on; as it is without.", show_default=False)] = "",
    scope: Annotated[str, typer.Option(help="national or local; as it is without.", show_default=False)] = "",
    reviewed: Annotated[str, typer.Option(help="When it was looked at: 2026-11-25; today without.")] = "",
    unknown: Annotated[
        str | None, typer.Option(help="What it says while a local fact in it is empty; as it is without.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The text with all that is said of it, as JSON.")] = False,
) -> None:
    """Show one text of an answer, or ask for another one; a national one waits for a second person."""
    try:
        place = plans.find(NLU_DATA, topic, aspect)
    except EditError as error:
        fail(str(error))
    found = place.settings()
    if text is None:
        typer.echo(
            json.dumps(_whole(place, found), ensure_ascii=False, indent=1) if as_json else plans.text_of(place.entry)
        )
        return
    if not by:
        fail("say who does it and why: --by, --why")
    given = {"source": source or found["source"], "scope": scope or found["scope"], "reviewed": reviewed}
    kept = {"unknown": found["unknown"] if unknown is None else unknown}
    where = {"intent": place.intent, "topic": topic, "aspect": aspect}
    _propose("edit_answer", {**where, "was": plans.text_of(place.entry), "now": text, **given, **kept}, by, why)


def _whole(place: Place, settings: Mapping[str, str]) -> dict[str, Any]:
    """A text with its settings, and who wrote it and agreed to it."""
    text = plans.text_of(place.entry)
    with opened_store() as store, store.reading() as session:
        written = changes.written_by(session, place.topic["topic"], place.keys[-1], text)
    names = ("made_by", "approved_by", "applied_at")
    told = {name: str(getattr(written, name)) for name in names if written and getattr(written, name)}
    return {"text": text, **settings, **told}


@commands.command()
def history(
    by: Annotated[str | None, typer.Option("--by", help="Only of this person.", show_default=False)] = None,
    kind: Annotated[
        str | None, typer.Option(help=f"Only of this kind: {', '.join(KINDS)}.", show_default=False)
    ] = None,
    state: Annotated[str | None, typer.Option(help=f"Only in this state: {', '.join(STATES)}.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    diff: Annotated[bool, typer.Option("--diff", help="With what each did to the files.")] = False,
    as_json: _AsJson = False,
) -> None:
    """The changes of the data, newest first."""
    with opened_store() as store, store.reading() as session:
        found = changes.history(session, Filter(by, kind, state), limit=limit)
    if as_json:
        typer.echo(json.dumps([_row(change) for change in found], ensure_ascii=False, indent=1))
        return
    for change in found:
        state_title = STATES.get(change.state, change.state)
        typer.echo(
            f"{change.id}\t{change.made_at:%Y-%m-%d %H:%M}\t{change.made_by}\t{KINDS[change.kind].title}", nl=False
        )
        typer.echo(f"\t{state_title}\t{change.why}" + (f"\t{change.error}" if change.error else ""))
        if diff and change.diff:
            typer.echo(change.diff)


def _row(change: DataChange) -> dict[str, Any]:
    names = ("id", "kind", "payload", "why", "made_by", "approved_by", "state", "error", "diff")
    moments = {name: value and value.isoformat() for name, value in vars(change).items() if name.endswith("_at")}
    return {name: getattr(change, name) for name in names} | moments


@commands.command()
def approve(number: _Number, by: _By) -> None:
    """Let a change be made that needs a second person: another trainer, or for the regression set a leader."""
    with _act() as session:
        check_right(session, by, changes.right_to_approve(session, number))
        changes.approve(session, number, by=by, now=SystemClock().now())
    typer.echo(f"change {number} will be made")


@commands.command()
def withdraw(number: _Number, by: _By, why: _Why) -> None:
    """Give up a change that is not made yet."""
    with _act() as session:
        check_right(session, by, "train")
        two = station_settings().studio_second_for_urgent
        changes.withdraw(session, number, by=by, why=why, now=SystemClock().now(), folder=NLU_DATA, two_for_urgent=two)
    typer.echo(f"change {number} is given up")


@commands.command()
def undo(number: _Number, by: _By, why: _Why) -> None:
    """Ask for the change that takes one back."""
    with _act() as session:
        check_right(session, by, "train")
        now, two = SystemClock().now(), station_settings().studio_second_for_urgent
        made = changes.undo(session, number, by=by, why=why, now=now, folder=NLU_DATA, two_for_urgent=two).id
    typer.echo(f"change {number} is taken back by change {made}")


@commands.command("apply")
def apply_now() -> None:
    """Make the changes that wait, as the trainer process does every second."""
    with opened_store() as store:
        made = changes.apply_pending(store, NLU_DATA, now=SystemClock().now())
        with store.reading() as session:
            failed = changes.history(session, Filter(state="failed"), limit=5)
    typer.echo(f"{made} made")
    for change in failed:
        typer.echo(f"not made: {change.id} {KINDS[change.kind].title}: {change.error}")


@commands.command()
def health(as_json: _AsJson = False) -> None:
    """What is thin, contradicts itself, is probably mislabelled, leaks, or is out of date."""
    try:
        found = Checkup(NLU_DATA, MODELS).current(SystemClock().now().date())
    except EditError as error:
        fail(str(error))
    if as_json:
        typer.echo(json.dumps(_figures(found), ensure_ascii=False, indent=1))
        return
    table = Table("finding", "count")
    for name, value in _figures(found).items():
        table.add_row(name, str(len(value)) if isinstance(value, list) else _on_lines(value))
    output.print(table)


def _on_lines(value: Any) -> str:
    return "\n".join(f"{name} {told}" for name, told in value.items()) if isinstance(value, dict) else str(value)


def _shares(style: Style) -> dict[str, float]:
    return {label: round(100 * share, 1) for label, share in style.shares.items()}


def _figures(found: Health) -> dict[str, Any]:
    return {
        "model": found.model or "",
        "messages to train and to test on": {label: list(numbers) for label, numbers in found.by_label().items()},
        "styles, per cent by label": {style.name: _shares(style) for style in found.styles},
        "intents without a style": {style.name: len(style.without) for style in found.styles},
        "styles of test messages": dict(found.test_styles),
        "questions of topics": found.asked.questions,
        "what follows a question": found.asked.follow_ups,
        "topics with few questions": [list(one) for one in found.asked.few],
        "data checks": list(found.findings),
        "thin intents": [count.intent for count in found.intents if count.thin],
        "conflicting": [[pair.one.text, pair.other.text] for pair in found.pairs if pair.conflicting],
        "nearly the same": [[pair.one.text, pair.other.text] for pair in found.pairs if not pair.conflicting],
        "likely label errors": [[item.text, item.intent, item.suggested] for item in found.suspects],
        "confused": [[pair.one, pair.other, pair.count] for pair in found.confusions if pair.count > 1],
        "leaks into the test set": [[leak.held.text, leak.test_id] for leak in found.leaks],
        "few test messages": [count.intent for count in found.intents if count.few_tests],
        "answers to look at again": [[item.topic, item.aspect, item.reviewed.isoformat()] for item in found.due],
        "local facts to confirm": [item.name for item in found.facts if not item.value],
        "local facts to look at again": [[item.name, item.reviewed.isoformat()] for item in found.facts if item.due],
        "problem": found.problem,
    }
