"""`python -m bot.studio`: the trainer process."""

import os
import signal
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from bot.clock import Clock, SystemClock
from bot.log import configure_logging
from bot.nlu.project import PROJECT
from bot.settings import Settings, SettingsError, load_settings
from bot.store.session import Store
from bot.studio import changes, promotion, registry, shadow
from bot.studio.filling import Filling
from bot.studio.runner import Runner
from bot.studio.trainer import Duty, InBackground, Trainer

_STOCK_EVERY = timedelta(seconds=10)


def duties(store: Store, settings: Settings, clock: Clock, project: Path) -> Sequence[Duty]:
    """What the trainer does, in the order in which it is done."""
    runner, models = Runner(store, settings, clock, project=project), project / "models"
    filling = Filling(store, settings, models)
    return (
        Duty("changes", lambda now: changes.apply_pending(store, project / "nlu_data", now=now)),
        Duty("registry", lambda now: registry.take_stock(store, now=now, project=project), every=_STOCK_EVERY),
        Duty("promotion", lambda now: promotion.watch_over(store, models, now=now)),
        Duty("runs", runner.look, let_go=runner.stop),
        Duty("inbox", filling.look, let_go=filling.let_go),
        # A candidate may be slow, or hang: what is tried out holds up nothing.
        Duty(
            "shadow",
            InBackground(lambda now: shadow.read_along(store, settings, now=now, models=models)),
            let_go=shadow.let_go,
        ),
    )


def main() -> None:
    """Work until told to stop."""
    try:
        settings = load_settings()
    except SettingsError as error:
        sys.exit(str(error))
    configure_logging(settings.log_level)
    store, clock = Store(settings.database_url), SystemClock()
    trainer = Trainer(store, clock, duties(store, settings, clock, PROJECT))
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: trainer.end())
    try:
        trainer.run()
    finally:
        store.close()


if __name__ == "__main__":
    main()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(0)  # all is put away; on a busy machine the interpreter would take itself apart for seconds
