"""The names that people see for labels and intents, from `nlu_data/catalogue.yml`."""

from functools import lru_cache

import yaml

from bot.nlu.project import NLU_DATA

CATALOGUE_FILE = NLU_DATA / "catalogue.yml"


def titles() -> dict[str, str]:
    """Chinese titles by name: labels ("tip") and full intent names ("tip/gambling")."""
    return _titles(CATALOGUE_FILE.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _titles(_changed_at: int) -> dict[str, str]:
    found = {}
    for label, entry in yaml.safe_load(CATALOGUE_FILE.read_text(encoding="utf-8")).items():
        found[label] = entry["title"]
        for intent, facts in entry["intents"].items():
            found[f"{label}/{intent}"] = facts["title"]
    return found


def title_of(name: str) -> str:
    """The Chinese title of a label or intent; a name the catalogue does not know stays as it is."""
    return titles().get(name, name)
