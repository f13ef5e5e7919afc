"""`python -m bot.console`: the duty desk and, without a real account, the simulator."""

import gc
import sys

import uvicorn

from bot.console.app import create_app
from bot.duty.roster import RosterError
from bot.log import configure_logging
from bot.settings import SettingsError, load_settings
from bot.store.session import Store


def main() -> None:
    """Serve until told to stop."""
    try:
        settings = load_settings()
        configure_logging(settings.log_level)
        store = Store(settings.database_url)
        app = create_app(settings, store)
    except (SettingsError, RosterError) as error:
        sys.exit(str(error))
    # The program itself is never garbage: a collection that walks it makes every open page wait for half a second.
    gc.freeze()
    try:
        uvicorn.run(
            app,
            host=settings.console_host,
            port=settings.console_port,
            access_log=False,
            # At "info" it writes the address of every websocket.
            log_level="warning",
            log_config=None,
            timeout_graceful_shutdown=3,
        )
    finally:
        store.close()


if __name__ == "__main__":
    main()
