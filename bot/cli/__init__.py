"""`fujin`: everything that is done by command."""

import typer

from bot.cli import (
    accounts,
    case,
    desk,
    figures,
    keeping,
    menu,
    messages,
    roster,
    station,
    studio,
    studio_data,
    studio_inbox,
    studio_models,
    tables,
)
from bot.cli.common import login_name
from bot.duty import audit

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_show_locals=False)
for topic in (station, messages, desk, case, figures, keeping):
    app.add_typer(topic.commands)
app.add_typer(menu.commands, name="menu")
app.add_typer(tables.commands, name="import", help="Import the tables that residents look things up in.")
app.add_typer(roster.commands, name="roster", help="Who is on duty, and the everyday changes of it.")
app.add_typer(accounts.commands, name="account")
app.add_typer(keeping.audit_commands, name="audit")
app.add_typer(keeping.retention_commands, name="retention")
studio.commands.add_typer(studio_data.commands, name="data", help="What the bot learns from and what it answers.")
for topic in (studio_inbox, studio_models):
    studio.commands.add_typer(topic.commands)
app.add_typer(studio.commands, name="studio", help="What trainers do: data, inbox, trainings, models.")


@app.callback()
def by_command(context: typer.Context) -> None:
    """Everything that is done by command; what stands in the audit log says so, and at whose login."""
    # Nobody proves at the shell to be whom `--officer` names.
    context.with_resource(audit.marked(via="command", user=login_name()))
