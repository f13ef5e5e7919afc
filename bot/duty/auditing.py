"""An auditor beside a process's own work: which groups it tells is in the settings."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from bot.addresses import PageChannel, read_channels
from bot.clock import Clock
from bot.duty.auditor import Auditor
from bot.settings import Settings


@contextmanager
def auditing(settings: Settings, clock: Clock, *, second: bool = False) -> Iterator[None]:
    """An auditor looks, in a thread of its own, while this lasts; the `second` one watches the first one too."""
    auditor = Auditor(
        settings.database_url,
        _groups(settings.channels),
        settings.console_url,
        last_resort=_groups(read_channels(settings.auditor_channels)),
        second=second,
    )
    threading.Thread(target=auditor.run, args=(clock.now,), name="auditor", daemon=True).start()
    try:
        yield
    finally:
        auditor.stop()


def _groups(channels: tuple[PageChannel, ...]) -> tuple[str, ...]:
    """The channels that reach a group, as the auditor takes them, which shares no code with anybody."""
    return tuple(f"{channel.kind}+{channel.address}" for channel in channels if not channel.personal)
