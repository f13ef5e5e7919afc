"""The guideline for trainers, by label and intent: what stands in `nlu_data/README.md` and `catalogue.yml`."""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from bot.nlu.catalogue import title_of, titles
from bot.nlu.project import NLU_DATA
from bot.nlu.triage import LABELS

_ROW = re.compile(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
_RULE = re.compile(r"^\d+\. (.+)$", re.MULTILINE)
_SECTION = re.compile(r"^## 规则$(.*?)(?=^## )", re.MULTILINE | re.DOTALL)
_SAID = {"urgent_alarm": "紧急", "help_request": "求助", "tip": "线索", "enquiry": "咨询", "other": "其他"}
"""How the rules call a label."""
_MOST = 9


@dataclass(frozen=True)
class Guidance:
    """What a trainer needs to know of one intent: what counts as it, who has to act how soon, and the rules that name
    its label."""

    intent: str
    title: str
    label: str
    scope: str
    act: str
    within: str
    rules: tuple[str, ...]


def guidance(intent: str, folder: Path = NLU_DATA) -> Guidance:
    """The guideline's words on an intent; empty where it has none."""
    label = intent.partition("/")[0]
    act, within, rules = _labels(folder, _stamp(folder / "README.md")).get(label, ("", "", ()))
    scope = scopes(folder).get(intent, "")
    return Guidance(intent, title_of(intent), title_of(label), scope, act, within, rules)


def scopes(folder: Path = NLU_DATA) -> dict[str, str]:
    """What counts as each intent, by its full name."""
    return _scopes(folder, _stamp(folder / "catalogue.yml"))


def search(words: str, folder: Path = NLU_DATA) -> list[str]:
    """Intents whose title, scope or name hold all the words, those with them in the title first."""
    wanted = words.lower().split()
    if not wanted:
        return []
    found = []
    for intent, title in titles().items():
        if "/" not in intent:
            continue
        told = f"{title} {title_of(intent.partition('/')[0])} {scopes(folder).get(intent, '')} {intent}".lower()
        if all(word in told for word in wanted):
            in_title = all(word in title for word in wanted)
            found.append((not in_title, LABELS.index(intent.partition("/")[0]), intent))
    return [intent for *_, intent in sorted(found)][:_MOST]


def _stamp(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0


@lru_cache(maxsize=4)
def _scopes(folder: Path, _changed_at: int) -> dict[str, str]:
    content = yaml.safe_load((folder / "catalogue.yml").read_text(encoding="utf-8"))
    return {
        f"{label}/{name}": str(entry.get("scope", ""))
        for label, group in content.items()
        for name, entry in group["intents"].items()
    }


@lru_cache(maxsize=4)
def _labels(folder: Path, changed_at: int) -> dict[str, tuple[str, str, tuple[str, ...]]]:
    if not changed_at:
        return {}
    text = (folder / "README.md").read_text(encoding="utf-8")
    section = _SECTION.search(text)
    rules = [rule.replace("**", "") for rule in _RULE.findall(section[1] if section else "")]
    return {
        label: (act, within, tuple(rule for rule in rules if _SAID.get(label, label) in rule))
        for label, _, act, within in _ROW.findall(text)
    }
