"""Teaches the encoder which fact answers a message: `make teach`, which needs PyTorch and half an hour.

    python scripts/teach_facts.py LESSONS FACTS

LESSONS is what `bot.nlu.fact_lessons` wrote, FACTS what `bot.nlu.embedding.FactMeanings` reads: narrow matrices as in
`teach_encoder.py`, learnt so that a message points where the fact does that answers it (a softmax over the facts of ten
topics at a time, after Karpukhin et al. 2020, with the other facts of the same topic once more among themselves), the
mean that is taken from every vector, and how sharply directions part. That none answers has a product of its own.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator

import numpy as np
import torch
from teach_encoder import RATE, Encoder, descend, encoded
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - as everybody calls it

EPOCHS = 2.6
TOGETHER = 5
"""Topics of one intent that are taught together, and beside as many of another."""
BY_TOPIC, BY_TOPIC_BEHIND = 3, 2
"""Messages a topic in each step of which only the topic is known: by themselves, and behind a question."""
TOPIC_COUNTS = 0.7
"""What such a message counts beside one whose fact is known."""
SHARPNESS, NOTHING = 16.0, 0.2
"""Where the sharpness begins, and the cosine of an answer by nothing."""
ANY_FACT = -2
"""As in `bot.nlu.fact_lessons`; what has another number that is no fact's is answered by nothing."""


class Lessons:
    """Facts and messages in pieces, and what answers what."""

    def __init__(self, path: str) -> None:
        with np.load(path) as arrays:
            found = {name: arrays[name] for name in arrays.files}
        texts = np.split(found.pop("pieces"), np.cumsum(found.pop("lengths"))[:-1])
        self.topics_of_facts, self.intents = found.pop("topics_of_facts"), found.pop("intents")
        self.topics, self.facts, self.behind = (found.pop(name) for name in ("topics", "facts", "behind"))
        self.fact_texts, self.texts = texts[: len(self.topics_of_facts)], texts[len(self.topics_of_facts) :]
        self.weights = {name: torch.tensor(array) for name, array in found.items()}
        self.of_topic = [np.flatnonzero(self.topics_of_facts == topic) for topic in range(len(self.intents))]
        known = self.facts != ANY_FACT
        kinds = (known, ~known & ~self.behind, ~known & self.behind)
        self.asked = [[np.flatnonzero((self.topics == t) & kind) for kind in kinds] for t in range(len(self.intents))]

    def groups(self, draw: np.random.Generator) -> list[list[int]]:
        """The topics of each step of an epoch."""
        few: list[list[int]] = []
        for intent in range(self.intents.max() + 1):
            own = draw.permutation(np.flatnonzero(self.intents == intent)).tolist()
            few += [own[start : start + TOGETHER] for start in range(0, len(own), TOGETHER)]
        order = draw.permutation(len(few)).tolist()
        pairs = [order[start : start + 2] for start in range(0, len(order), 2)]
        return [[topic for number in pair for topic in few[number]] for pair in pairs]

    def drawn(self, topics: list[int], draw: np.random.Generator) -> np.ndarray:
        """The messages of a step: all of which the fact is known, and a few of the others."""
        parts = []
        for topic in topics:
            known, alone, behind = self.asked[topic]
            parts += [known, draw.permutation(alone)[:BY_TOPIC], draw.permutation(behind)[:BY_TOPIC_BEHIND]]
        return np.concatenate(parts)


class Meanings(nn.Module):
    """The encoder, the mean of all facts, and how sharply directions part."""

    def __init__(self, lessons: Lessons) -> None:
        super().__init__()
        self.encoder = Encoder(lessons.weights)
        with torch.no_grad():
            self.mean = encoded(self.encoder, lessons.fact_texts).mean(0)
        self.sharpness = nn.Parameter(torch.tensor(math.log(SHARPNESS)))
        self.nothing = nn.Parameter(torch.full((2,), NOTHING))

    def forward(self, texts: list[np.ndarray]) -> Tensor:
        """Texts as rows of pieces become (texts, hidden), of length 1 about the mean."""
        return F.normalize(encoded(self.encoder, texts) - self.mean, dim=-1)

    def surprise(self, lessons: Lessons, topics: list[int], asked: np.ndarray) -> Tensor:
        """The mean loss over the messages of a step."""
        facts = np.concatenate([lessons.of_topic[topic] for topic in topics])
        vectors = self([lessons.fact_texts[n] for n in facts] + [lessons.texts[n] for n in asked])
        logits = vectors[len(facts) :] @ vectors[: len(facts)].T * self.sharpness.exp()
        behind = torch.tensor(lessons.behind[asked], dtype=torch.long)
        nothing = (self.nothing * self.sharpness.exp())[behind][:, None]
        own = torch.tensor(lessons.topics_of_facts[facts][None, :] == lessons.topics[asked][:, None])
        within = logits.masked_fill(~own, -1e9)
        wanted = lessons.facts[asked]
        known = torch.tensor(wanted != ANY_FACT)
        place = {int(fact): number for number, fact in enumerate(facts)}
        answer = torch.tensor([place.get(int(fact), len(facts)) for fact in wanted])[known]
        all_facts, own_facts = (torch.cat([among, nothing], 1)[known] for among in (logits, within))
        loss = F.cross_entropy(all_facts, answer, reduction="sum") + F.cross_entropy(own_facts, answer, reduction="sum")
        missed = logits[~known].logsumexp(1) - within[~known].logsumexp(1)
        return (loss + TOPIC_COUNTS * missed.sum()) / len(asked)


def main(source: str, target: str) -> None:
    """Learn, telling how it goes, and write what was learnt."""
    torch.manual_seed(7)
    draw, lessons = np.random.default_rng(7), Lessons(source)
    meanings = Meanings(lessons)
    groups = [
        {"params": list(meanings.encoder.parameters()), "lr": RATE, "weight_decay": 0.01},
        {"params": [meanings.sharpness, meanings.nothing], "lr": 2e-2, "weight_decay": 0.0},
    ]

    def losses() -> Iterator[Tensor]:
        while True:
            for topics in lessons.groups(draw):
                yield meanings.surprise(lessons, topics, lessons.drawn(topics, draw))

    total = int(EPOCHS * len(lessons.groups(draw)))
    descend(meanings.encoder, groups, losses(), total, told_every=10, ahead=1)
    sharpness = float(meanings.sharpness.detach().exp())
    print("the product of an answer by nothing, alone and behind:", (meanings.nothing * sharpness).tolist())
    np.savez(target, **meanings.encoder.learnt(), mean=meanings.mean.numpy(), sharpness=np.float32(sharpness))


if __name__ == "__main__":
    main(*sys.argv[1:])
