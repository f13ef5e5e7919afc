"""What the encoder learns when it is taught (`make teach`): the trainers' texts, cut into pieces, and what each is.

`python -m bot.nlu.lessons FILE` writes them, with the pretrained weights, into the file from which
`scripts/teach_encoder.py` makes `bot/nlu/e5/adapter.npz`: that runs in an environment of its own, since learning needs
PyTorch and nothing else here does. What is kept apart and the test set are not among them.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bot.nlu import following, knowledge
from bot.nlu.dataset import DATA, Dataset, Example
from bot.nlu.e5.adapter import kept_apart
from bot.nlu.e5.subwords import Subwords
from bot.nlu.e5.weights import Weights
from bot.nlu.embedding import shortened
from bot.nlu.live_file import examples
from bot.nlu.normaliser import Normaliser

_MESSAGES, _TOPICS = "messages", "questions"
_TURNS = ("form_turns", "aspect_turns")
_MATRICES = ("q", "k", "v", "ao", "fi", "fo")


@dataclass(frozen=True)
class Lesson:
    """A text in normal form, and what it is among all that texts of its subject can be."""

    subject: str
    answer: str
    text: str


def lessons(root: Path = DATA) -> list[Lesson]:
    """Every text that the encoder may learn from: messages by intent, questions by topic, what comes behind a question
    by the topic it asks for, the turns in forms and questions."""
    normal, dataset = Normaliser(root / "typos.tsv").content, Dataset(root)
    found = [Lesson(_MESSAGES, example.intent, normal(example.text)) for example in dataset.training()]
    questions = [Lesson(_TOPICS, example.intent, normal(example.text)) for example in dataset.questions]
    found += questions
    learnt = [question for question in questions if not kept_apart(question.text)]
    behind = list(_behind(dataset, knowledge.load(root / "answers"), learnt))
    for turns in _TURNS:
        turn_examples = examples(root / f"{turns}.yml")
        found += [Lesson(turns, name, normal(said)) for name, texts in turn_examples.items() for said in texts]
    found = [lesson for lesson in found if not kept_apart(lesson.text)]
    # Whether a message behind a question is kept apart is told by its own words, not by the question's.
    return found + [
        Lesson(_TOPICS, follow_up.intent, normal(said))
        for follow_up, said in behind
        if not kept_apart(normal(follow_up.text))
    ]


def _behind(dataset: Dataset, known: knowledge.Knowledge, questions: list[Lesson]) -> Iterator[tuple[Example, str]]:
    """What comes behind a question, and the same as it is read there: behind the topic's title and such a question."""
    asked: dict[str, list[str]] = {}
    for question in questions:
        asked.setdefault(question.answer, []).append(question.text)
    draw = random.Random(7)  # noqa: S311 - which question it was is no secret
    for follow_up in dataset.follow_ups:
        last = known.topics[follow_up.before]
        words = draw.choice(asked.get(last.id) or [last.title])
        yield follow_up, following.behind(last, words, follow_up.text)


def main(target: Path) -> None:
    """Write lessons and weights into one file of plain arrays."""
    learnt = lessons()
    subjects = sorted({lesson.subject for lesson in learnt})
    answers = {subject: sorted({one.answer for one in learnt if one.subject == subject}) for subject in subjects}
    index = {(subject, answer): n for subject, of in answers.items() for n, answer in enumerate(of)}
    arrays: dict[str, Any] = {
        "subjects": np.array([subjects.index(lesson.subject) for lesson in learnt], dtype=np.int32),
        "answers": np.array([index[lesson.subject, lesson.answer] for lesson in learnt], dtype=np.int32),
        **in_pieces([lesson.text for lesson in learnt]),
    }
    np.savez(target, **arrays)
    print(f"{len(learnt)} texts: " + ", ".join(f"{len(of)} {subject}" for subject, of in answers.items()))


def in_pieces(texts: Sequence[str]) -> dict[str, Any]:
    """Texts cut into pieces one behind the other, how many pieces each has, and the pretrained weights with the vectors
    of those pieces."""
    weights = Weights()
    subwords = Subwords(weights.vocabulary, weights.sizes.positions)
    cut = [subwords(shortened(text)) for text in texts]
    used = sorted({piece for pieces in cut for piece in pieces})
    number = {piece: place for place, piece in enumerate(used)}
    return {
        "pieces": np.array([number[piece] for pieces in cut for piece in pieces], dtype=np.int32),
        "lengths": np.array([len(pieces) for pieces in cut], dtype=np.int32),
        "words": weights.words(used),
        **_vectors(weights),
    }


def _vectors(weights: Weights) -> dict[str, np.ndarray]:
    sizes = weights.sizes
    arrays = {name: weights.vector(name) for name in ("emb.type", "emb.pos", "emb.ln.w", "emb.ln.b")}
    for layer in (f"l{number}" for number in range(sizes.layers)):
        for matrix in _MATRICES:
            inputs = sizes.feed_forward if matrix == "fo" else sizes.hidden
            arrays[f"{layer}.{matrix}.w"] = weights.matrix(f"{layer}.{matrix}.w", inputs)
            arrays[f"{layer}.{matrix}.b"] = weights.vector(f"{layer}.{matrix}.b")
        for norm in ("aln", "oln"):
            arrays |= {f"{layer}.{norm}.{part}": weights.vector(f"{layer}.{norm}.{part}") for part in "wb"}
    return arrays


if __name__ == "__main__":
    main(Path(sys.argv[1]))
