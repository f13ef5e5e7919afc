"""OpenBLAS is told what the processor can do."""

from pathlib import Path

import pytest

from bot import processor


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ("fpu sse2 avx avx2 fma avx512f avx512bw avx512dq avx512vl amx_tile", {"OPENBLAS_CORETYPE": "Haswell"}),
        ("fpu sse2 avx fma", {}),
        ("fpu sse2 avx", {}),
    ],
)
def test_that_the_processor_is_known_by_its_instructions(
    flags: str, told: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(processor.VARIABLE, raising=False)
    file = tmp_path / "cpuinfo"
    file.write_text(f"processor\t: 0\nmodel name\t: one of tomorrow\nflags\t\t: {flags}\n\nprocessor\t: 1\n")
    assert processor.environment(file) == told


def test_that_nothing_is_told_where_nothing_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(processor.VARIABLE, raising=False)
    assert processor.environment(tmp_path / "none") == {}


def test_that_what_an_operator_has_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(processor.VARIABLE, "Zen")
    assert processor.environment() == {}


def test_that_an_empty_variable_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(processor.VARIABLE, "")
    file = tmp_path / "cpuinfo"
    file.write_text("flags\t\t: fpu avx2 fma\n")
    assert processor.environment(file) == {"OPENBLAS_CORETYPE": "Haswell"}
