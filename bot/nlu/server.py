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
    """Rasa's arguments, with the first model that there is in the place of the one given."""
    told = list(given)
    name = next(pointer.candidates(models), None) if pointer.live(models) else None
    if name and "--model" in told:
        told[told.index("--model") + 1] = str(pointer.file_of(models, name))
    return told


def main() -> None:
    """Start Rasa's server in this process."""
    import rasa.__main__

    sys.argv = ["rasa", *arguments(sys.argv[1:], MODELS)]
    rasa.__main__.main()


if __name__ == "__main__":
    main()
