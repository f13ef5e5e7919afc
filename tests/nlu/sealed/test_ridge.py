import numpy as np
import pytest
from scipy import sparse

from bot.nlu import ridge
from bot.nlu.kernel import unit
from bot.nlu.ridge import kernel_of, solved


def texts(number: int) -> tuple[sparse.csr_matrix, np.ndarray, np.ndarray]:
    """N-grams, embeddings and wanted scores of made-up texts of six kinds."""
    random = np.random.default_rng(5)
    kind = random.integers(0, 6, number)
    meanings = unit(random.normal(size=(6, 24))[kind] + 0.8 * random.normal(size=(number, 24)))
    counts = random.poisson(0.05 + 0.4 * (np.arange(60)[None, :] % 6 == kind[:, None])).astype(np.float32)
    return sparse.csr_matrix(unit(counts)), meanings, np.eye(6)[kind]


def whole(kernel: np.ndarray) -> np.ndarray:
    return np.triu(kernel) + np.triu(kernel, 1).T


def test_that_the_corner_of_an_inverse_needs_the_corner_of_its_factor_alone() -> None:
    random = np.random.default_rng(3)
    root = random.normal(size=(60, 60)).astype(np.float32)
    kernel, wanted = root @ root.T, random.normal(size=(60, 4))
    system = kernel + 5 * np.eye(60)
    dual, left_out = solved(kernel, np.full(60, 5.0), wanted, 12)
    assert np.allclose(dual, np.linalg.solve(system, wanted), atol=1e-3)
    precision = (dual[-12:] / (wanted[-12:] - left_out)).T
    assert np.allclose(precision, np.diag(np.linalg.inv(system))[-12:], rtol=1e-3)


def test_that_a_kernel_is_the_same_however_common_an_n_gram_is(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, meanings, _ = texts(700)
    told = whole(kernel_of(rows, meanings, share=0.6, sharpness=4, bias=0.1))
    monkeypatch.setattr(ridge, "_COMMON", 7)
    assert np.allclose(whole(kernel_of(rows, meanings, share=0.6, sharpness=4, bias=0.1)), told, atol=1e-5)
    by_hand = 0.6 * np.exp(4 * (meanings @ meanings.T - 1)) + 0.4 * (rows @ rows.T).toarray() + 0.1
    assert np.allclose(told, by_hand, atol=1e-5)


def test_that_many_texts_are_solved_nearly_as_few_are_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, meanings, wanted = texts(1300)
    penalty = np.linspace(0.3, 0.5, 1300)
    exact, left_out = solved(kernel_of(rows, meanings, share=0.6, sharpness=4), penalty, wanted, 300)
    monkeypatch.setattr(ridge, "EXACT", 1000)
    monkeypatch.setattr(ridge, "_LANDMARKS", 100)
    near, nearly_left_out = solved(kernel_of(rows, meanings, share=0.6, sharpness=4), penalty, wanted, 300)
    assert not np.array_equal(near, exact), "solved in rounds"
    assert np.linalg.norm(near - exact) < 0.02 * np.linalg.norm(exact)
    assert np.linalg.norm(nearly_left_out - left_out) < 0.05 * np.linalg.norm(left_out)


@pytest.mark.parametrize("exact", [10, 4000])
def test_that_a_system_without_a_solution_says_what_to_change(monkeypatch: pytest.MonkeyPatch, exact: int) -> None:
    monkeypatch.setattr(ridge, "EXACT", exact)
    monkeypatch.setattr(ridge, "_LANDMARKS", 20)
    kernel = -np.eye(60, dtype=np.float32)
    kernel[40:, 40:] *= -1
    with pytest.raises(ValueError, match="raise 'penalty'"):
        solved(kernel, np.full(60, 0.1), np.eye(60)[:, :3], 20)
