"""`fujin`: everything that is done by command."""

import typer

from bot.cli import desk, menu, messages, station, tables

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_show_locals=False)
for topic in (station, messages, desk):
    app.add_typer(topic.commands)
app.add_typer(menu.commands, name="menu")
app.add_typer(tables.commands, name="import", help="Import the tables that residents look things up in.")
