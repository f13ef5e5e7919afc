"""`rasa run` with the live model: `python -m bot.nlu.server run --model FILE …`.

`FILE` is for a station whose `models/live` names nothing that is there. Which model a server starts with is decided at
each start, since it may be started again long after it was told; `bot.nlu.live_model` follows the pointer from then on.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from bot.nlu import pointer
from bot.nlu.project import MODELS


def arguments(given: Sequence[str], models: Path) -> list[str]:
    """Rasa's arguments, with the first model that there is in the place of the one given.

    Where that is none, and the file given is gone or not what the pointer says, none is loaded, and the safety net
    decides alone until one is put right. Rasa has to be given a file for that: without, it takes whichever model is
    the newest.
    """
    told = list(given)
    if "--model" not in told or not pointer.live(models):
        return told
    place = told.index("--model") + 1
    if name := next(pointer.candidates(models), None):
        told[place] = str(pointer.file_of(models, name))
    elif not Path(told[place]).exists() or pointer.objection(models, pointer.name_of(told[place])):
        told[place] = str(_nothing(models))
    return told


def _nothing(models: Path) -> Path:
    """An archive that holds no model."""
    path = pointer.file_of(models / "servers", "none")
    path.parent.mkdir(exist_ok=True)
    path.touch()
    return path


def main() -> None:
    """Start Rasa's server in this process."""
    import rasa.__main__

    sys.argv = ["rasa", *arguments(sys.argv[1:], MODELS)]
    rasa.__main__.main()


if __name__ == "__main__":
    main()
