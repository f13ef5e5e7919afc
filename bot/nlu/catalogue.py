"""The names that people see for labels and intents, from `nlu_data/catalogue.yml`."""

from functools import lru_cache
from pathlib import Path

import yaml

CATALOGUE_FILE = Path(__file__).resolve().parent.parent.parent / "nlu_data" / "catalogue.yml"


@lru_cache(maxsize=1)
def titles() -> dict[str, str]:
    """Chinese titles by name: labels ("tip") and full intent names ("tip/gambling")."""
    found = {}
    for label, entry in yaml.safe_load(CATALOGUE_FILE.read_text(encoding="utf-8")).items():
        found[label] = entry["title"]
        for intent, facts in entry["intents"].items():
            found[f"{label}/{intent}"] = facts["title"]
    return found


def title_of(name: str) -> str:
    """The Chinese title of a label or intent; a name the catalogue does not know stays as it is."""
    return titles().get(name, name)
