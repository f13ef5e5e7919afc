"""A small Rasa project, a tenth of the station's data: trained in seconds, and a test may do with it what it likes."""

import json
import re
import shutil
from pathlib import Path

import yaml

from bot.nlu.triage import URGENT
from bot.settings import ROOT

EXAMPLES, TURN_EXAMPLES, QUESTIONS = 40, 6, 1
"""Of each intent, of each turn and value of a form and each topic of its enquiries, and of each other topic, its first
ones: the station has a thousand topics, and to read some questions of each would be most of a training."""
INTENTS = frozenset(
    {
        *(f"urgent_alarm/{name}" for name in ("general_alarm", "fire", "robbery", "assault", "silent_call", "medical")),
        *(f"help_request/{name}" for name in ("general_help", "noise", "lost_item", "wage_dispute")),
        *(f"tip/{name}" for name in ("general_tip", "gambling", "drugs")),
        *(f"enquiry/{name}" for name in ("bot_services", "wifi", "station_hours", "idcard_lost")),
        *(f"other/{name}" for name in ("acknowledgement", "thanks", "greeting", "gibberish")),
    }
)
"""Those of the clarifying question's buttons among them."""


def small_project_at(folder: Path, *, emergencies: int = EXAMPLES) -> Path:
    """Make the project in a folder that does not exist yet; `FUJIN_PROJECT` may name it.

    `emergencies`: how many examples of each emergency it has.
    """
    data = ROOT / "nlu_data"
    folder.mkdir(parents=True)
    for name in ("config.yml", "domain.yml", "endpoints.yml"):
        shutil.copyfile(ROOT / name, folder / name)
    shutil.copytree(
        data, folder / "nlu_data", ignore=shutil.ignore_patterns("intents", "messages.jsonl", "test_stories.yml")
    )
    for intent in sorted(INTENTS):
        number = emergencies if intent.startswith(f"{URGENT}/") else EXAMPLES
        _copy_intent(data / "intents" / f"{intent}.yml", folder / "nlu_data" / "intents" / f"{intent}.yml", number)
    _keep_lines(folder / "nlu_data" / "catalogue.yml")
    _keep_sentences(folder / "nlu_data" / "canned_answers.yml")
    for of in ("test", "regression"):
        _keep_messages(folder / "nlu_data" / of / "messages.jsonl", data / of / "messages.jsonl")
    for path in (folder / "nlu_data" / "in_talk").glob("*.yml"):
        _keep_matters(path)
    turns = (data / f"{name}.yml" for name in ("form_turns", "aspect_turns"))
    for source in (*turns, *(data / "questions").glob("*.yml"), *(data / "form_values").glob("*.yml")):
        target = folder / "nlu_data" / source.relative_to(data)
        of_others = source.parent.name == "questions" and f"enquiry/{source.stem}" not in INTENTS
        number = QUESTIONS if of_others else TURN_EXAMPLES
        target.write_text(_with_examples(source, "  - ", number), encoding="utf-8")
    (folder / "models").mkdir()
    return folder


def _keep_matters(path: Path) -> None:
    """Of what may come in a talk, the matters and turns of the project's intents."""
    matters = [matter for matter in yaml.safe_load(path.read_text(encoding="utf-8")) if matter["intent"] in INTENTS]
    for matter in matters:
        matter["turn"] = [turn for turn in matter.get("turn") or () if turn[0] in INTENTS]
    path.write_text(yaml.safe_dump(matters, allow_unicode=True, sort_keys=False), encoding="utf-8")


def _copy_intent(source: Path, target: Path, number: int) -> None:
    """With its comments and answers, but only so many examples."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(_with_examples(source, "    - ", number), encoding="utf-8")


def _with_examples(source: Path, mark: str, number: int) -> str:
    """A file's lines, of each run of examples, which begin with `mark`, only so many; an answer is none."""
    kept, examples = [], 0
    for line in source.read_text(encoding="utf-8").splitlines():
        is_example = line.startswith(mark) and not line.startswith(f"{mark}text:")
        examples = examples + 1 if is_example else 0
        if examples <= number:
            kept.append(line)
    return "\n".join(kept) + "\n"


def _keep_lines(catalogue: Path) -> None:
    """The kept intents; each is one line of the catalogue."""
    kept, label = [], ""
    for line in catalogue.read_text(encoding="utf-8").splitlines():
        if found := re.match(r"(\w+):$", line):
            label = found[1]
        entry = re.match(r"    (\w+): \{", line)
        if entry is None or f"{label}/{entry[1]}" in INTENTS:
            kept.append(line)
    catalogue.write_text("\n".join(kept) + "\n", encoding="utf-8")


def _keep_sentences(canned: Path) -> None:
    """The officers' sentences for the kept intents; each intent is a key of two spaces."""
    kept, wanted = [], True
    for line in canned.read_text(encoding="utf-8").splitlines():
        if entry := re.match(r"  (\w+/\w+):", line):
            wanted = entry[1] in INTENTS
        elif not line.startswith("    "):
            wanted = True
        if wanted:
            kept.append(line)
    canned.write_text("\n".join(kept) + "\n", encoding="utf-8")


def _keep_messages(target: Path, source: Path) -> None:
    """Those of the kept intents."""
    lines = source.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line.strip() and json.loads(line)["intent"] in INTENTS]
    target.write_text("\n".join(kept) + "\n", encoding="utf-8")
