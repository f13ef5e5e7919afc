"""The files beside the models: which one is live, and what each server runs."""

from pathlib import Path

import pytest

from bot.nlu import pointer
from bot.nlu.pointer import FAILED, FORGOTTEN_SECONDS, FRESH_SECONDS, LOADING, SERVING, Report
from bot.nlu.server import arguments

NOW = 1_800_000_000.0


def put(models: Path, *names: str) -> None:
    for name in names:
        pointer.file_of(models, name).write_bytes(b"")


def report(server: str, *, ago: float = 0, state: str = SERVING) -> Report:
    return Report(server, "one", "one", state, "", NOW - ago)


def test_that_the_pointer_remembers_the_model_before(tmp_path: Path) -> None:
    assert (pointer.live(tmp_path), pointer.fallbacks(tmp_path)) == (None, [])
    for name in ("one", "two", "two"):
        pointer.point_to(tmp_path, name)
    assert (pointer.live(tmp_path), pointer.fallbacks(tmp_path)) == ("two", ["one"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["live", "live.fallbacks"], "nothing half is left"


def test_that_the_fallbacks_are_those_that_were_decided_on(tmp_path: Path) -> None:
    pointer.point_to(tmp_path, "harmful", ["better", "oldest"])
    pointer.point_to(tmp_path, "better", ["oldest"])
    assert (pointer.live(tmp_path), pointer.fallbacks(tmp_path)) == ("better", ["oldest"])
    pointer.point_to(tmp_path, "better", [])
    assert pointer.fallbacks(tmp_path) == []


@pytest.mark.parametrize("name", ["", "../one", "a/b", ".hidden", "a b"])
def test_that_the_pointer_names_only_a_file_of_its_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="no model's name"):
        pointer.point_to(tmp_path, name)
    (tmp_path / "live").write_text(name)
    assert pointer.live(tmp_path) is None


def test_that_a_server_without_a_model_takes_the_live_one_then_the_one_before_and_no_other(tmp_path: Path) -> None:
    put(tmp_path, "stopped-by-its-gates", "before", "now")
    assert list(pointer.candidates(tmp_path)) == []
    pointer.point_to(tmp_path, "before")
    pointer.point_to(tmp_path, "now")
    assert list(pointer.candidates(tmp_path)) == ["now", "before"]
    pointer.file_of(tmp_path, "now").unlink()
    assert list(pointer.candidates(tmp_path)) == ["before"]


def test_that_a_dead_servers_report_does_not_count_and_is_removed_in_the_end(tmp_path: Path) -> None:
    pointer.write_report(tmp_path, report("living"))
    pointer.write_report(tmp_path, report("silent", ago=FRESH_SECONDS + 1))
    pointer.write_report(tmp_path, report("loading", ago=FRESH_SECONDS + 1, state=LOADING))
    pointer.write_report(tmp_path, report("gone", ago=FORGOTTEN_SECONDS + 1, state=FAILED))
    (tmp_path / "servers" / "broken.json").write_text("{")
    assert [found.server for found in pointer.reports(tmp_path, NOW)] == ["living", "loading"]
    assert not (tmp_path / "servers" / "gone.json").exists()
    pointer.withdraw_report(tmp_path, "living")
    pointer.withdraw_report(tmp_path, "never there")
    assert [found.server for found in pointer.reports(tmp_path, NOW)] == ["loading"]


def test_that_a_server_starts_with_the_live_model_whatever_it_was_told_long_ago(tmp_path: Path) -> None:
    told = ["run", "--model", "old.tar.gz", "--port", "5005"]
    assert arguments(told, tmp_path) == told
    put(tmp_path, "before", "now")
    assert arguments(told, tmp_path) == told, "nothing is pointed to"
    pointer.point_to(tmp_path, "before")
    pointer.point_to(tmp_path, "now")
    assert arguments(told, tmp_path)[2] == str(tmp_path / "now.tar.gz")
    pointer.file_of(tmp_path, "now").unlink()
    assert arguments(told, tmp_path)[2] == str(tmp_path / "before.tar.gz")
