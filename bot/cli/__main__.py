"""`python -m bot.cli` is `fujin`."""

from bot.cli import app

app()
