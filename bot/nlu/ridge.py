"""Solves what kernel machines learn: the dual weights of texts, and how each would be read were it not among them.

A few thousand texts are solved exactly. The time for that grows with the cube of their number; of all training messages
it is minutes. Those are solved by conjugate gradients (Hestenes & Stiefel 1952), whose every round costs one product.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse
from threadpoolctl import threadpool_limits

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Solution = tuple[NDArray[Any], NDArray[Any]]
"""Duals, and places on the inverse's diagonal."""

EXACT = 8192
"""Texts up to which a system is solved exactly, in seconds."""
_ROWS_AT_ONCE = 512
_COMMON = 512
"""N-grams that so many texts share that a full matrix of them is multiplied faster than a sparse one."""
_LANDMARKS, _PROBES, _ROUNDS = 2048, 16, 60
_CLOSE = 0.02
"""What may be left of each column's residue, as a share, when the rounds end. A round halves it; the dual weights are
then within half a percent of the exact ones (ADR 005)."""

_NOT_POSITIVE = "The kernel is not positive definite; raise 'penalty' in config.yml."


def kernel_of(rows: sparse.csr_matrix, support: Singles, *, share: float, sharpness: float, bias: float = 0) -> Singles:
    """The upper triangle of how alike all texts are (below it only blocks are filled): by meaning, which has this
    `share` and `sharpness`, and by n-grams; `bias` is a feature that all have.

    A few rows at a time: the n-grams' part would fill the memory as a sparse matrix.
    """
    texts_with = np.diff(rows.tocsc().indptr)
    often = np.argsort(-texts_with, kind="stable")[:_COMMON]
    common = rows[:, often].toarray()
    rare = rows[:, np.setdiff1d(np.flatnonzero(texts_with), often)]
    kernel = np.zeros((len(support), len(support)), dtype=np.float32)

    def fill(part: slice) -> None:
        block = support[part] @ support[part.start :].T
        block -= 1
        block *= sharpness
        np.exp(block, out=block)
        block *= share
        block += bias
        shared = common[part] @ common[part.start :].T
        shared += (rare[part] @ rare[part.start :].T).toarray()
        shared *= 1 - share
        np.add(block, shared, out=kernel[part, part.start :])

    with threadpool_limits(1), ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(fill, _parts(len(support))))
    return kernel


def solved(kernel: Singles, penalty: Floats, wanted: Floats, last: int) -> tuple[Floats, Floats]:
    """The dual weights, (`kernel` + diagonal `penalty`)⁻¹ · `wanted`, and what the machine makes of each of its `last`
    rows when that one is left out; `kernel`, of which only the upper triangle is read, is used up.

    Of a row that is left out the reading needs its place on the diagonal of the inverse. Single precision halves time
    and memory; the penalty keeps the system well conditioned.
    """
    kernel[np.diag_indices_from(kernel)] += penalty.astype(np.float32)
    solve = _exactly if len(kernel) <= EXACT else _by_conjugate_gradients
    dual, precision = solve(kernel, penalty, wanted.astype(np.float32), last)
    dual, first = np.asarray(dual, dtype=np.float64), len(wanted) - last
    return dual, wanted[first:] - dual[first:] / precision[:, None]


def _exactly(kernel: Singles, _: Floats, wanted: Singles, last: int) -> Solution:
    """The duals, and the `last` of the inverse's diagonal: the last corner of the inverse is that of the factor's last
    corner alone, which takes a hundredth of the time where the corner is a fifth of the whole."""
    factor, failed = linalg.lapack.spotrf(kernel.T, lower=1, overwrite_a=1)
    if failed:
        raise ValueError(_NOT_POSITIVE)
    dual, _ = linalg.lapack.spotrs(factor, wanted, lower=1)
    corner = np.array(factor[len(wanted) - last :, len(wanted) - last :], order="F")
    inverse, _ = linalg.lapack.strtri(corner, lower=1, overwrite_c=1)
    # The inverse of L Lᵀ has the squared columns of L⁻¹ on its diagonal.
    return dual, np.array([inverse[column:, column] @ inverse[column:, column] for column in range(last)])


def _by_conjugate_gradients(kernel: Singles, penalty: Floats, wanted: Singles, last: int) -> Solution:
    """The same, nearly: all columns together, each step made towards where the landmarks say that the solution lies.

    The inverse's diagonal is that of `_Nearly`, corrected by random signs (Bekas, Kokiopoulou & Saad 2007): what a
    row's sign comes back as is its place on the diagonal, and beside it noise that their mean takes away.
    """
    nearly = _Nearly.of(kernel, penalty)
    signs = np.zeros((len(wanted), _PROBES), dtype=np.float32)
    signs[-last:] = np.random.default_rng(7).choice([-1, 1], (last, _PROBES))
    aims = np.concatenate([wanted, signs], axis=1)
    found, residue, way = np.zeros_like(aims), aims.copy(), np.zeros_like(aims)
    step, before = nearly.solved(aims), np.ones(aims.shape[1], dtype=np.float32)
    classes = wanted.shape[1]
    nearly_signs = step[:, classes:]
    norms = np.linalg.norm(aims, axis=0) + _TINY
    for _ in range(_ROUNDS):
        promise = (residue * step).sum(axis=0)
        way = step + promise / before * way
        along = _product(kernel, way)
        rise = (way * along).sum(axis=0)
        if rise.min() < 0:
            raise ValueError(_NOT_POSITIVE)
        length = promise / (rise + _TINY)
        found += length * way
        residue -= length * along
        if (np.linalg.norm(residue, axis=0) / norms).max() < _CLOSE:
            break
        step, before = nearly.solved(residue), promise + _TINY
    else:
        raise ValueError(_NOT_POSITIVE)
    correction = signs * (found[:, classes:] - nearly_signs)
    return found[:, :classes], nearly.diagonal()[-last:] + correction[-last:].mean(axis=1)


_TINY = np.float32(1e-30)


def _product(kernel: Singles, vectors: Singles) -> Singles:
    """The kernel, of which there is the upper triangle, times `vectors`; block by block."""
    product = np.zeros_like(vectors)
    for part in _parts(len(kernel)):
        block = kernel[part, part.start :]
        product[part] += block @ vectors[part.start :]
        product[part.stop :] += block[:, part.stop - part.start :].T @ vectors[part]
    return product


@dataclass(frozen=True)
class _Nearly:
    """An inverse that is near a kernel's: apart⁻¹ - shared · sharedᵀ.

    Of what texts have in common with the last of them, which are drawn from all, it is exact, of the rest it knows the
    diagonal (Nyström; Frangella, Tropp & Udell 2023).
    """

    apart: Singles
    shared: Singles

    @classmethod
    def of(cls, kernel: Singles, penalty: Floats) -> _Nearly:
        """From the kernel with the penalty on its diagonal."""
        first = len(kernel) - _LANDMARKS
        corner = np.triu(kernel[first:, first:])
        corner += np.triu(corner, 1).T
        corner[np.diag_indices_from(corner)] -= (penalty[first:] * (1 - _FIRM)).astype(np.float32)
        root = np.linalg.cholesky(corner.astype(np.float64)).astype(np.float32)
        likeness = np.concatenate([kernel[:first, first:], corner])
        half = linalg.solve_triangular(root, likeness.T, lower=True)
        own = kernel.diagonal() - np.square(half).sum(axis=0)
        apart = np.maximum(own, penalty).astype(np.float32)
        between = np.eye(_LANDMARKS, dtype=np.float32) + (half / apart) @ half.T
        shared = linalg.solve_triangular(np.linalg.cholesky(between), half / apart, lower=True).T
        return cls(apart, np.ascontiguousarray(shared))

    def solved(self, aims: Singles) -> Singles:
        """This inverse times `aims`."""
        return np.asarray(aims / self.apart[:, None] - self.shared @ (self.shared.T @ aims))

    def diagonal(self) -> Singles:
        """The diagonal of this inverse."""
        return np.asarray(1 / self.apart - np.square(self.shared).sum(axis=1))


_FIRM = 0.01
"""The share of the penalty that stays with the landmarks, so that their corner has a root."""


def _parts(size: int) -> list[slice]:
    return [slice(start, min(start + _ROWS_AT_ONCE, size)) for start in range(0, size, _ROWS_AT_ONCE)]
