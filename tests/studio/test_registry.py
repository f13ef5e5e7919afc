"""The registry of models: their files are what was entered, or are not used."""

import os
import subprocess
import tarfile
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.store.models import Judgement, Standing, TrainedModel
from bot.store.session import Store
from bot.studio import promotion, registry, training
from bot.studio.findings import in_words
from bot.studio.registry import RegistryError
from tests.studio.judged import enter, judge, reading
from tests.world import FakeClock

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
        return registry.register(
            session, path, data_version="0123456789ab" * 5, commit=None, by="训练员一", now=clock.now()
        )


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


def test_that_the_same_file_is_entered_once_and_another_one_anew_without_its_judgements(
    store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    path = model_file(tmp_path)
    first = register(store, path, clock)
    judge(store, NAME, "test", [reading(1, "other/thanks", "other/thanks")], clock.now())
    clock.advance(hours=1)
    assert register(store, path, clock).trained_at == first.trained_at
    again = register(store, model_file(tmp_path, b"trained again"), clock)
    assert again.trained_at == clock.now()
    assert again.sha256 != first.sha256
    with store.reading() as session:
        assert session.scalars(sa.select(Judgement)).all() == []


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
