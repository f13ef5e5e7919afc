"""Teaches the encoder the station's texts: `make teach`, which needs PyTorch and three quarters of an hour.

    python scripts/teach_encoder.py LESSONS ADAPTER

LESSONS is what `bot.nlu.lessons` wrote, ADAPTER what `bot.nlu.e5.adapter` reads: beside each matrix of the network the
product of two narrow ones (LoRA, Hu et al. 2021), learnt so that texts that are the same, by intent, topic or turn,
point the same way and others do not (a softmax over cosines to one direction for each, Zhai and Wu 2019, NormSoftmax).
Half-length numbers (bfloat16) in the products; everything is drawn from fixed seeds.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - as everybody calls it

LAYERS, HEADS = 12, 12
RANK, TWICE = 16, 2.0
"""Numbers between the two narrow matrices, and what their product counts."""
EPOCHS, RATE, WARM = 2.5, 6e-4, 0.05
PIECES, BUCKET = 2048, 5000
"""Pieces in a step, and texts among which those of like length are put together."""
SHARPNESS, SMOOTHING = 12.0, 0.05
SAMPLE = 14_000
"""Texts whose mean direction is taken from all, and from which each answer's first direction comes."""


class Linear(nn.Module):
    """A pretrained matrix, and beside it what is learnt."""

    def __init__(self, weights: dict[str, Tensor], name: str) -> None:
        super().__init__()
        self.weight = weights[f"{name}.w"].T.contiguous().bfloat16()
        self.bias = weights[f"{name}.b"].bfloat16()
        outputs, inputs = self.weight.shape
        self.down = nn.Parameter(torch.randn(inputs, RANK) / math.sqrt(inputs))
        self.up = nn.Parameter(torch.zeros(RANK, outputs))

    def forward(self, tokens: Tensor) -> Tensor:
        """(…, inputs) becomes (…, outputs)."""
        return F.linear(tokens, self.weight, self.bias) + tokens @ self.down.bfloat16() @ self.up.bfloat16() * TWICE


class Layer(nn.Module):
    """One of BERT's."""

    def __init__(self, weights: dict[str, Tensor], name: str) -> None:
        super().__init__()
        self.q, self.k, self.v, self.ao, self.fi, self.fo = (
            Linear(weights, f"{name}.{matrix}") for matrix in ("q", "k", "v", "ao", "fi", "fo")
        )
        self.norms = {
            norm: tuple(weights[f"{name}.{norm}.{part}"].bfloat16() for part in "wb") for norm in ("aln", "oln")
        }

    def forward(self, tokens: Tensor, heard: Tensor) -> Tensor:
        """(texts, pieces, hidden) stays in its shape; `heard`: which pieces are there."""
        texts, length, hidden = tokens.shape
        query, key, value = (
            linear(tokens).view(texts, length, HEADS, hidden // HEADS).transpose(1, 2)
            for linear in (self.q, self.k, self.v)
        )
        attended = F.scaled_dot_product_attention(query, key, value, attn_mask=heard)
        tokens = self._normed(tokens + self.ao(attended.transpose(1, 2).reshape(texts, length, hidden)), "aln")
        return self._normed(tokens + self.fo(F.gelu(self.fi(tokens))), "oln")

    def _normed(self, tokens: Tensor, norm: str) -> Tensor:
        return F.layer_norm(tokens, tokens.shape[-1:], *self.norms[norm], 1e-12)


class Encoder(nn.Module):
    """The network; a batch of texts, each a row of pieces, becomes as many vectors of length 1."""

    def __init__(self, weights: dict[str, Tensor]) -> None:
        super().__init__()
        self.words, hidden = weights["words"], weights["words"].shape[1]
        self.places = weights["emb.pos"].view(-1, hidden) + weights["emb.type"].view(-1, hidden)[0]
        self.norm = (weights["emb.ln.w"], weights["emb.ln.b"])
        self.layers = nn.ModuleList(Layer(weights, f"l{number}") for number in range(LAYERS))

    def forward(self, texts: list[np.ndarray]) -> Tensor:
        """Texts as rows of pieces become (texts, hidden)."""
        pieces = torch.zeros(len(texts), max(map(len, texts)), dtype=torch.long)
        there = torch.zeros_like(pieces, dtype=torch.bool)
        for number, text in enumerate(texts):
            pieces[number, : len(text)], there[number, : len(text)] = torch.tensor(text, dtype=torch.long), True
        tokens = self.words[pieces] + self.places[: pieces.shape[1]]
        tokens = F.layer_norm(tokens, tokens.shape[-1:], *self.norm, 1e-12).bfloat16()
        for layer in self.layers:
            tokens = layer(tokens, there[:, None, None, :])
        part = there[:, :, None].float()
        return F.normalize((tokens.float() * part).sum(1) / part.sum(1), dim=-1)

    def learnt(self) -> dict[str, np.ndarray]:
        """What `bot.nlu.e5.adapter` reads."""
        found = {}
        for number, layer in enumerate(self.layers):
            for name, linear in layer.named_children():
                found[f"l{number}.{name}.w.down"] = linear.down.detach().numpy().astype(np.float16)
                found[f"l{number}.{name}.w.up"] = (linear.up.detach() * TWICE).numpy().astype(np.float16)
        return found


class Lessons:
    """The texts, and what each of them is."""

    def __init__(self, path: str) -> None:
        with np.load(path) as arrays:
            found = {name: arrays[name] for name in arrays.files}
        self.lengths, self.subjects = found.pop("lengths"), found.pop("subjects")
        self.texts = np.empty(len(self.lengths), dtype=object)
        self.texts[:] = np.split(found.pop("pieces"), np.cumsum(self.lengths)[:-1])
        self.answers = torch.tensor(found.pop("answers"), dtype=torch.long)
        self.weights = {name: torch.tensor(array) for name, array in found.items()}
        self.sizes = [int(self.answers[self.subjects == n].max()) + 1 for n in range(self.subjects.max() + 1)]

    def steps(self, draw: np.random.Generator) -> Iterator[np.ndarray]:
        """The numbers of the texts of each step of an epoch."""
        order, steps = draw.permutation(len(self.texts)), []
        for start in range(0, len(order), BUCKET):
            among = order[start : start + BUCKET]
            steps += [among[step] for step in batches(self.lengths[among])]
        draw.shuffle(steps)
        yield from steps


def batches(lengths: np.ndarray) -> Iterator[np.ndarray]:
    """Texts of like length together, as many as have PIECES pieces with what fills them up."""
    together: list[int] = []
    for number in np.argsort(lengths, kind="stable"):
        if together and (len(together) + 1) * lengths[number] > PIECES:
            yield np.array(together)
            together = []
        together.append(int(number))
    yield np.array(together)


def encoded(encoder: Encoder, texts: Sequence[np.ndarray]) -> Tensor:
    """What becomes of texts, in their order; those of like length are read together."""
    steps = list(batches(np.array([len(text) for text in texts])))
    vectors = torch.cat([encoder([texts[number] for number in step]) for step in steps])
    return vectors[torch.tensor(np.argsort(np.concatenate(steps)))]


def descend(
    encoder: Encoder,
    groups: list[dict[str, Any]],
    losses: Iterator[Tensor],
    total: int,
    *,
    told_every: int,
    ahead: int = 0,
) -> None:
    """Follow the losses down for so many steps, telling how it goes.

    `groups` are AdamW's, each with its rate, which warms up from 0 (`ahead` steps further) and then falls.
    """
    rates, began = [group["lr"] for group in groups], time.monotonic()
    optimiser = torch.optim.AdamW(groups, betas=(0.9, 0.98))
    for done, loss in enumerate(islice(losses, total)):
        share = min(1, (done + ahead) / (WARM * total)) * max(0.02, 1 - done / total)
        for group, rate in zip(optimiser.param_groups, rates, strict=True):
            group["lr"] = rate * share
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
        optimiser.step()
        if (done + 1) % told_every == 0:
            seconds = time.monotonic() - began
            print(f"{done + 1} of {total} steps, {seconds:.0f} s, loss {loss.item():.3f}", flush=True)


class Directions(nn.Module):
    """One for each answer of each subject, and how sharply the subject's answers part."""

    def __init__(self, lessons: Lessons, sample: np.ndarray, vectors: Tensor) -> None:
        super().__init__()
        self.lessons, self.mean = lessons, vectors.mean(0)
        self.sharpness = nn.Parameter(torch.full((len(lessons.sizes),), math.log(SHARPNESS)))
        self.of = nn.ParameterList()
        subjects, answers = lessons.subjects[sample], lessons.answers[sample]
        for subject, size in enumerate(lessons.sizes):
            sums, own = torch.zeros(size, vectors.shape[1]), np.flatnonzero(subjects == subject)
            sums.index_add_(0, answers[own], F.normalize(vectors[own] - self.mean, dim=-1))
            lost = sums.norm(dim=1) < 1e-6
            sums[lost] = torch.randn(int(lost.sum()), vectors.shape[1])
            self.of.append(F.normalize(sums, dim=-1))

    def surprise(self, step: np.ndarray, vectors: Tensor) -> Tensor:
        """The mean loss over the texts of a step."""
        vectors = F.normalize(vectors - self.mean, dim=-1)
        loss = torch.zeros(())
        for subject, directions in enumerate(self.of):
            own = np.flatnonzero(self.lessons.subjects[step] == subject)
            if len(own):
                logits = vectors[own] @ F.normalize(directions, dim=-1).T * self.sharpness[subject].exp()
                answers = self.lessons.answers[step[own]]
                loss = loss + F.cross_entropy(logits, answers, reduction="sum", label_smoothing=SMOOTHING) / len(step)
        return loss


def main(source: str, target: str) -> None:
    """Learn, telling how it goes, and write what was learnt."""
    torch.manual_seed(7)
    draw, lessons = np.random.default_rng(7), Lessons(source)
    encoder = Encoder(lessons.weights)
    sample = draw.permutation(len(lessons.texts))[:SAMPLE]
    with torch.no_grad():
        vectors = encoded(encoder, lessons.texts[sample])
    directions = Directions(lessons, sample, vectors)
    groups = [
        {"params": list(encoder.parameters()), "lr": RATE, "weight_decay": 0.01},
        {"params": list(directions.parameters()), "lr": 3 * RATE, "weight_decay": 0.0},
    ]

    def losses() -> Iterator[Tensor]:
        while True:
            for step in lessons.steps(draw):
                yield directions.surprise(step, encoder(list(lessons.texts[step])))

    total = int(EPOCHS * sum(1 for _ in batches(lessons.lengths)))
    descend(encoder, groups, losses(), total, told_every=50)
    np.savez(target, **encoder.learnt())


if __name__ == "__main__":
    main(*sys.argv[1:])
