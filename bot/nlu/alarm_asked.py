"""Which of the questions asked while help is on its way a message asks: may I open the window, shall I lift him up.

What answers them is written by trainers (`nlu_data/alarm_answers.yml`), with examples of how people ask
(`nlu_data/alarm_asked.yml`). The encoder that was taught which fact answers a message was taught these answers as well,
so a message is compared by meaning (`bot.nlu.embedding.meaning_of`) with each answer and with the middle of the ways in
which its question is asked. A new answer can be told from its text at once, and better after `make teach`, which finds
those middles: `python -m bot.nlu.alarm_asked`. Which answers can be meant is known to whoever knows the case
(`bot/intake/alarm_answers.py`).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

from bot.nlu.e5.adapter import kept_apart
from bot.nlu.e5.weights import Singles
from bot.nlu.fact_choice import Embed
from bot.nlu.live_file import LiveFile, examples, of_its_shape, read_yaml
from bot.nlu.project import ALARM_ANSWERS, NLU_DATA
from bot.nlu.turns import Turn

ASKED_FILE = NLU_DATA / "alarm_asked.yml"
NO_ANSWER = "none"
"""The examples of what none of the answers answers."""
MIDDLES = Path(__file__).parent / "e5" / "alarm_asked.npz"
_ANSWER, _ASKED, _NOTHING = 10.15, 20.23, 12.58
"""What the cosines to an answer and to the middle of its question count, in logits, and what an answer by none of them
has: fitted as a conditional logit over the 1,860 examples from which neither the encoder nor a middle has learnt, each
among the answers of a kind of case in which it can be meant (ADR 010)."""
_KEPT = 40
"""How many of the likeliest questions are told on."""


@dataclass(frozen=True)
class AlarmQuestions:
    """The questions by name, each as it is compared with a message: by itself an answer often does not say to what."""

    compared: Mapping[str, str]
    middles: Mapping[str, Singles] = field(default_factory=dict)

    def read(self, text: str, embed: Embed) -> list[Turn]:
        """The questions that a message in normal form may ask, the likeliest first; in the place of a likelihood how
        much likelier, in logits, its answer is than that none of them answers."""
        if not self.compared:
            return []
        answers = _unit(np.stack([embed(told) for told in self.compared.values()]))
        asked = np.stack([self.middles.get(name, own) for name, own in zip(self.compared, answers, strict=True)])
        fits = (_ANSWER * answers + _ASKED * asked) @ _unit(embed(text)) - _NOTHING
        found = [Turn(name, float(fit)) for name, fit in zip(self.compared, fits, strict=True)]
        return sorted(found, key=lambda turn: -turn.confidence)[:_KEPT]


def load(answers: Path = ALARM_ANSWERS, asked: Path = ASKED_FILE) -> AlarmQuestions:
    """Read both files. Raises TrainersFileError."""
    said, ways = read_yaml(answers), examples(asked)
    with of_its_shape(answers):
        told = {str(name): compared(ways.get(name, ()), entry["says"]) for name, entry in said.items()}
    return AlarmQuestions(told, learnt_middles())


def compared(asked: tuple[str, ...], says: str) -> str:
    """An answer as it is compared: behind the first example of its question."""
    return f"{asked[0]}。{says}" if asked else says


def live() -> LiveFile[AlarmQuestions]:
    """The questions, following their files."""
    return LiveFile(load, lambda: [ALARM_ANSWERS, ASKED_FILE])


@lru_cache(maxsize=1)
def learnt_middles() -> dict[str, Singles]:
    """The middles of the questions by name, as `make teach` has found them, each of length 1."""
    with np.load(MIDDLES, allow_pickle=False) as arrays:
        return dict(zip(map(str, arrays["names"]), arrays["middles"].astype(np.float32), strict=True))


def _unit(vectors: Singles) -> Singles:
    """The rows, or the only one, each of length 1: as `bot.nlu.kernel.unit`, which brings scipy."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), dtype=np.float32)


def main(target: Path) -> None:
    """Find the middle of the examples of each question, without those that are kept apart, and write them."""
    from bot.nlu.embedding import encode_on_all_cores, fact_meanings
    from bot.nlu.normaliser import Normaliser

    normal, ways = Normaliser(NLU_DATA / "typos.tsv").content, examples(ASKED_FILE)
    names = [name for name in ways if name != NO_ANSWER]
    texts = {name: [text for text in map(normal, ways[name]) if not kept_apart(text)] for name in names}
    meanings = encode_on_all_cores([text for name in names for text in texts[name]], fact_meanings())
    ends = np.cumsum([len(texts[name]) for name in names])[:-1]
    middles = [_unit(part.mean(axis=0)) for part in np.split(meanings, ends)]
    np.savez(target, names=np.array(names), middles=np.stack(middles).astype(np.float16))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
