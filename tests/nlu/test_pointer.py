"""The files beside the models: which one is live, and what each server runs."""

import hashlib
from pathlib import Path

import pytest

from bot.nlu import pointer
from bot.nlu.pointer import FAILED, FORGOTTEN_SECONDS, FRESH_SECONDS, LOADING, SERVING, Pointed, Report
from bot.nlu.server import arguments

NOW = 1_800_000_000.0


def put(models: Path, *names: str) -> None:
    for name in names:
        pointer.file_of(models, name).write_bytes(b"")


def enter(models: Path, *names: str) -> None:
    """Models with their digests: each goes live, the last one stays so."""
    for name in names:
        pointer.file_of(models, name).write_text(name)
        pointer.point_to(models, name, digests={name: hashlib.sha256(name.encode()).hexdigest()})


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


def test_that_the_pointer_has_the_digests_it_was_given_until_it_is_given_others(tmp_path: Path) -> None:
    pointer.point_to(tmp_path, "one", digests={"one": "1" * 64})
    pointer.point_to(tmp_path, "two", digests={"two": "2" * 64})
    assert pointer.pointed(tmp_path) == Pointed("two", "2" * 64)
    assert pointer.stand_ins(tmp_path) == [Pointed("one", "1" * 64)]
    pointer.point_to(tmp_path, "one")
    assert pointer.pointed(tmp_path) == Pointed("one", "1" * 64)
    pointer.point_to(tmp_path, "one", digests={"one": "3" * 64})
    assert pointer.pointed(tmp_path) == Pointed("one", "3" * 64)


def test_that_a_file_that_is_not_what_the_pointer_says_is_not_taken_and_the_one_before_is(tmp_path: Path) -> None:
    enter(tmp_path, "before", "now")
    assert list(pointer.candidates(tmp_path)) == ["now", "before"]
    pointer.file_of(tmp_path, "now").write_text("trained over it")
    assert list(pointer.candidates(tmp_path)) == ["before"]
    assert pointer.objection(tmp_path, "now").startswith("模型文件 now.tar.gz 和登记时不一样")
    pointer.file_of(tmp_path, "now").write_text("now")
    assert pointer.objection(tmp_path, "now") == "", "it was put back"


def test_that_a_pointer_of_old_names_models_without_digests(tmp_path: Path) -> None:
    put(tmp_path, "before", "now")
    (tmp_path / "live").write_text("now\n")
    (tmp_path / "live.fallbacks").write_text("before\n")
    assert list(pointer.candidates(tmp_path)) == ["now", "before"]


def test_that_a_file_is_hashed_once_for_each_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    enter(tmp_path, "now")
    pointer.objection(tmp_path, "now")
    usual, read = pointer.hashed, list[Path]()
    monkeypatch.setattr(pointer, "hashed", lambda path: read.append(path) or usual(path))
    for content in ("", "longer"):
        for _ in range(3):
            pointer.objection(tmp_path, "now")
        pointer.file_of(tmp_path, "now").write_text(content)
    assert pointer.objection(tmp_path, "now")
    assert len(read) == 2


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


def test_that_a_server_starts_with_no_model_rather_than_with_a_file_that_was_changed(tmp_path: Path) -> None:
    """Nor with the newest that lies there, which Rasa takes when the file it is told of is gone."""
    enter(tmp_path, "now")
    put(tmp_path, "stopped-by-its-gates")
    file = pointer.file_of(tmp_path, "now")
    told = ["run", "--model", str(file), "--port", "5005"]
    assert arguments(told, tmp_path) == told
    for change in (lambda: file.write_text("changed"), file.unlink):
        change()
        (_, _, nothing, *_) = arguments(told, tmp_path)
        assert nothing == str(tmp_path / "servers" / "none.tar.gz")
        assert Path(nothing).read_bytes() == b""
