"""The names that people see for labels and intents, from `nlu_data/catalogue.yml`."""

import logging
from functools import cache

from bot.nlu.live_file import LiveFile, TrainersFileError, of_its_shape, read_yaml
from bot.nlu.project import NLU_DATA

logger = logging.getLogger(__name__)
CATALOGUE_FILE = NLU_DATA / "catalogue.yml"


def titles() -> dict[str, str]:
    """Chinese titles by name: labels ("tip") and full intent names ("tip/gambling").

    A broken edit keeps the last good ones. A file that was broken from the start has none: pages and the desk then show
    the names themselves, for an alarm waits for no spelling.
    """
    try:
        return _live().current()
    except TrainersFileError as error:
        _log_once(str(error))
        return {}


def title_of(name: str) -> str:
    """The Chinese title of a label or intent; a name the catalogue does not know stays as it is."""
    return titles().get(name, name)


@cache
def _live() -> LiveFile[dict[str, str]]:
    return LiveFile(_load, lambda: [CATALOGUE_FILE])


def _load() -> dict[str, str]:
    found, entries = {}, read_yaml(CATALOGUE_FILE)
    with of_its_shape(CATALOGUE_FILE):
        for label, entry in entries.items():
            found[label] = entry["title"]
            for intent, facts in entry["intents"].items():
                found[f"{label}/{intent}"] = facts["title"]
    return found


@cache
def _log_once(problem: str) -> None:
    logger.error("The catalogue cannot be used: %s", problem)
