"""Which of the questions that have one answer a message asks: while help is on its way (may I open the window, shall I
lift him up), and while a form is filled in (may I cover the number on that photo, the contract is with my boss).

What answers them is written by trainers (`nlu_data/alarm_answers.yml`, `form_answers.yml`), with examples of how people
ask (`alarm_asked.yml`, `form_asked.yml`). A message is compared with each answer by the encoder that was taught which
fact answers a message (`bot.nlu.embedding.meaning_of`), and with the middle of the ways in which its question is asked
by the one that was taught what messages are (`own_meaning_of`). A new answer can be told from its text at once, and
better after `make teach`, which finds those middles: `python -m bot.nlu.known_questions`. Which answers can be meant is
known to whoever knows the case (`bot/intake/alarm_answers.py`) or the form (`bot/nlu/form_reader.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

from bot.nlu.e5.adapter import kept_apart
from bot.nlu.e5.weights import Singles
from bot.nlu.fact_choice import Embed
from bot.nlu.live_file import LiveFile, examples, of_its_shape, read_yaml
from bot.nlu.project import ALARM_ANSWERS, FORM_ANSWERS, NLU_DATA
from bot.nlu.turns import Turn

NO_ANSWER = "none"
"""The examples of what none of the answers answers."""
_KEPT = 40
"""How many of the likeliest questions are told on."""


@dataclass(frozen=True)
class Source:
    """Where questions of one sort stand, and what a likeness counts among them.

    `weights`: of the cosines to an answer and to the middle of its question, in logits, and what an answer by none of
    them has; fitted as a conditional logit over the examples from which neither an encoder nor a middle has learnt,
    each among the answers that can be meant (ADR 010, ADR 006).
    """

    answers: Path
    asked: Path
    middles: Path
    weights: tuple[float, float, float]


_E5 = Path(__file__).parent / "e5"
ALARMS = Source(ALARM_ANSWERS, NLU_DATA / "alarm_asked.yml", _E5 / "alarm_asked.npz", (14.25, 150.71, 142.72))
FORMS = Source(FORM_ANSWERS, NLU_DATA / "form_asked.yml", _E5 / "form_asked.npz", (9.74, 157.68, 150.29))


@dataclass(frozen=True)
class KnownQuestions:
    """The questions by name, each as it is compared with a message: by itself an answer often does not say to what."""

    compared: Mapping[str, str]
    middles: Mapping[str, Singles] = field(default_factory=dict)
    weights: tuple[float, float, float] = ALARMS.weights
    _compared: list[tuple[Singles, Singles]] = field(default_factory=list, init=False, repr=False, compare=False)
    """The meanings of the answers and the middles of their questions, a row each, once they have been asked for."""

    def read(self, text: str, embed: Embed, own: Embed) -> list[Turn]:
        """The questions that a message in normal form may ask, the likeliest first; in the place of a likelihood how
        much likelier, in logits, its answer is than that none of them answers. `embed` compares with answers, `own`
        with other ways of asking."""
        if not self.compared:
            return []
        of_answer, of_asked, nothing = self.weights
        if not self._compared:
            answers = _unit(np.stack([embed(told) for told in self.compared.values()]))
            self._compared.append((answers, np.stack([self._middle(name, own) for name in self.compared])))
        answers, asked = self._compared[0]
        fits = of_answer * answers @ _unit(embed(text)) + of_asked * asked @ _unit(own(text)) - nothing
        found = [Turn(name, float(fit)) for name, fit in zip(self.compared, fits, strict=True)]
        return sorted(found, key=lambda turn: -turn.confidence)[:_KEPT]

    def _middle(self, name: str, own: Embed) -> Singles:
        """The middle of the ways of asking a question; of one that `make teach` has not seen, its text."""
        known = self.middles.get(name)
        return _unit(own(self.compared[name])) if known is None else known


def load(source: Source) -> KnownQuestions:
    """Read both files. Raises TrainersFileError."""
    said, ways = read_yaml(source.answers), examples(source.asked)
    with of_its_shape(source.answers):
        told = {str(name): compared(ways.get(name, ()), entry["says"]) for name, entry in said.items()}
    return KnownQuestions(told, learnt_middles(source.middles), source.weights)


def compared(asked: tuple[str, ...], says: str) -> str:
    """An answer as it is compared: behind the first example of its question."""
    return f"{asked[0]}。{says}" if asked else says


def live(source: Source) -> LiveFile[KnownQuestions]:
    """The questions, following their files."""
    return LiveFile(lambda: load(source), lambda: [source.answers, source.asked])


@lru_cache(maxsize=2)
def learnt_middles(path: Path) -> dict[str, Singles]:
    """The middles of the questions by name, as `make teach` has found them, each of length 1."""
    with np.load(path, allow_pickle=False) as arrays:
        return dict(zip(map(str, arrays["names"]), arrays["middles"].astype(np.float32), strict=True))


def _unit(vectors: Singles) -> Singles:
    """The rows, or the only one, each of length 1: as `bot.nlu.kernel.unit`, which brings scipy."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), dtype=np.float32)


def learn(source: Source) -> None:
    """Find the middle of the examples of each question, without those that are kept apart, and write them."""
    from bot.nlu.embedding import encode_on_all_cores
    from bot.nlu.normaliser import Normaliser

    normal, ways = Normaliser(NLU_DATA / "typos.tsv").content, examples(source.asked)
    names = [name for name in ways if name != NO_ANSWER]
    texts = {name: [text for text in map(normal, ways[name]) if not kept_apart(text)] for name in names}
    meanings = encode_on_all_cores([text for name in names for text in texts[name]])
    ends = np.cumsum([len(texts[name]) for name in names])[:-1]
    middles = [_unit(_unit(part).mean(axis=0)) for part in np.split(meanings, ends)]
    np.savez(source.middles, names=np.array(names), middles=np.stack(middles).astype(np.float16))


if __name__ == "__main__":
    for each in (ALARMS, FORMS):
        learn(each)
