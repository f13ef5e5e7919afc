"""The registry of models: their files are what was entered, or are not used."""

import os
import subprocess
import tarfile
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest

from bot.nlu import pointer
from bot.store.models import Standing, TrainedModel
from bot.store.session import Store
from bot.studio import gates, promotion, registry, training
from bot.studio.findings import in_words
from bot.studio.registry import RegistryError
from tests.studio.judged import enter
from tests.world import FakeClock

VERSION = "0123456789ab" * 5
NAME = "fujin-0123456789ab"


def model_file(folder: Path, content: bytes = b"a model", name: str = NAME) -> Path:
    (folder / "models").mkdir(exist_ok=True)
    return archive(folder / "models" / f"{name}.tar.gz", content)


def archive(path: Path, content: bytes) -> Path:
    member = tarfile.TarInfo("metadata.json")
    member.size = len(content)
    with tarfile.open(path, "w:gz") as opened:
        opened.addfile(member, BytesIO(content))
    return path


def register(store: Store, path: Path, clock: FakeClock) -> TrainedModel:
    with store.transaction() as session:
        return registry.register(session, path, data_version=VERSION, commit=None, by="训练员一", now=clock.now())


def test_that_a_file_is_used_only_as_long_as_it_is_what_was_entered(
    store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    path = model_file(tmp_path)
    row = register(store, path, clock)
    assert (row.standing, row.trained_by, row.trained_at) == (Standing.CANDIDATE, "训练员一", clock.now())
    with store.reading() as session:
        assert registry.verified(session, NAME, tmp_path / "models") == path
        path.write_bytes(b"another")
        with pytest.raises(RegistryError, match="和登记时不一样"):
            registry.verified(session, NAME, tmp_path / "models")
        path.unlink()
        with pytest.raises(RegistryError, match="文件不见了"):
            registry.verified(session, NAME, tmp_path / "models")
        with pytest.raises(RegistryError, match="没有登记过"):
            registry.verified(session, "fujin-ffffffffffff", tmp_path / "models")


def test_that_what_a_killed_training_left_is_no_model(store: Store, clock: FakeClock, small_project: Path) -> None:
    whole = archive(training.model_path(small_project), os.urandom(200_000))
    assert training.is_whole(whole)
    whole.write_bytes(whole.read_bytes()[:100_000])
    assert not training.is_whole(whole)
    assert registry.take_stock(store, now=clock.now(), project=small_project) is None


def test_that_a_name_stands_for_one_file_so_that_what_was_judged_and_approved_is_what_goes_live(
    store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    path = model_file(tmp_path)
    first = register(store, path, clock)
    clock.advance(hours=1)
    with store.transaction() as session:
        promotion.request(session, NAME, by="训练员", why="", now=clock.now())
        promotion.approve(session, NAME, by="带班所长", now=clock.now())
    assert register(store, path, clock).trained_at == first.trained_at
    with pytest.raises(RegistryError, match="是另一个文件"):
        register(store, model_file(tmp_path, b"trained again"), clock)
    with store.reading() as session:
        assert session.get_one(TrainedModel, NAME).sha256 == first.sha256
        path, there = registry.place_of(session, VERSION, tmp_path / "models")
    assert (path.name, there) == (f"{NAME}-2.tar.gz", False)
    again = register(store, model_file(tmp_path, b"trained again", f"{NAME}-2"), clock)
    with store.reading() as session:
        assert gates.request_of(session, again.name) is None, "no leader has agreed to this one"
        assert registry.place_of(session, VERSION, tmp_path / "models") == (path, True)


def test_that_nothing_that_is_entered_or_live_is_written_over(store: Store, clock: FakeClock, tmp_path: Path) -> None:
    models, usual = tmp_path / "models", model_file(tmp_path)

    def place(*, anew: bool) -> tuple[str, bool]:
        with store.reading() as session:
            path, there = registry.place_of(session, VERSION, models, anew=anew)
        return path.name, there

    assert place(anew=False) == (usual.name, True)
    assert place(anew=True) == (usual.name, False), "nobody knows of it"
    pointer.point_to(models, NAME)
    assert place(anew=True) == (f"{NAME}-2.tar.gz", False), "residents are answered with it"
    pointer.point_to(models, "another", [])
    register(store, usual, clock)
    assert place(anew=False) == (usual.name, True)
    assert place(anew=True) == (f"{NAME}-2.tar.gz", False)
    usual.write_bytes(b"a bad disk")
    assert place(anew=False) == (f"{NAME}-2.tar.gz", False)


def test_that_what_fujin_up_trained_is_entered_as_the_live_model_and_only_once(
    store: Store, clock: FakeClock, small_project: Path
) -> None:
    assert registry.take_stock(store, now=clock.now(), project=small_project) is None
    path = training.model_path(small_project)
    archive(path, b"a model")
    assert registry.take_stock(store, now=clock.now(), project=small_project) == path.name.removesuffix(".tar.gz")
    assert registry.take_stock(store, now=clock.now(), project=small_project) is None
    with store.reading() as session:
        live = registry.live(session)
    assert live
    assert live.trained_by == "系统"
    assert live.data_version == training.data_version(small_project)
    assert live.findings == [registry.UNCHECKED], "nobody has looked at its data"
    assert in_words(registry.UNCHECKED) == "训练这个模型的数据没有检查过"


def test_that_the_pointer_says_which_model_is_live(store: Store, clock: FakeClock, small_project: Path) -> None:
    archive(training.model_path(small_project), b"of the present data")
    model_file(small_project, b"promoted last week")
    (small_project / "models" / "live").write_text(NAME + "\n", encoding="utf-8")
    assert registry.take_stock(store, now=clock.now(), project=small_project) == NAME


def test_that_live_shadow_the_newest_candidates_and_what_is_asked_for_are_in_use(
    store: Store, clock: FakeClock
) -> None:
    enter(store, "fujin-live", Standing.LIVE, clock.now())
    enter(store, "fujin-shadow", Standing.SHADOW, clock.now())
    enter(store, "fujin-retired", Standing.RETIRED, clock.now())
    for age in range(5):
        enter(store, f"fujin-{age}", Standing.CANDIDATE, clock.now(), trained_ago=timedelta(days=age))
    with store.transaction() as session:
        names = {model.name for model in registry.in_use(session)}
        assert names == {"fujin-live", "fujin-shadow", "fujin-0", "fujin-1", "fujin-2"}
        for name in ("fujin-4", "fujin-0"):
            promotion.request(session, name, by="训练员", why="", now=clock.now())
        in_use = [model.name for model in registry.in_use(session)]
    assert sorted(in_use) == ["fujin-0", "fujin-1", "fujin-2", "fujin-4", "fujin-live", "fujin-shadow"]


@pytest.mark.parametrize(("given", "told"), [("a1" * 20, "a1" * 20), ("main", None), ("", None)])
def test_that_without_a_repository_the_commit_is_that_of_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, told: str | None
) -> None:
    monkeypatch.setenv("FUJIN_COMMIT", given)
    assert registry.commit_of(tmp_path) == told


def test_that_the_commit_is_told_where_the_project_is_a_repository(tmp_path: Path) -> None:
    assert registry.commit_of(tmp_path) is None
    git = ["git", "-C", str(tmp_path), "-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    assert registry.commit_of(tmp_path) is None
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "begin"], check=True)
    commit = registry.commit_of(tmp_path)
    assert commit
    assert len(commit) == 40


def test_that_a_known_model_has_the_findings_of_the_last_check(store: Store, clock: FakeClock, tmp_path: Path) -> None:
    path = model_file(tmp_path)
    for findings, kept in ((["a message twice"], 1), ([], 0), (["it is a test message"], 1), (None, 1)):
        with store.transaction() as session:
            given = {"commit": None, "by": "训练员一", "now": clock.now(), "findings": findings}
            registry.register(session, path, data_version="0" * 64, **given)
        with store.reading() as session:
            assert len(session.get_one(TrainedModel, NAME).findings) == kept
