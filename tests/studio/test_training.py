"""Which files make a model another one."""

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from bot.intake.articles import ARTICLES
from bot.intake.menu import MENU
from bot.settings import ROOT, Settings
from bot.studio import training
from bot.studio.training import TrainingError


@pytest.fixture
def settings() -> Settings:
    return Settings(_env_file=None, rasa_python=Path(sys.executable))


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the model of the present data would lie."""
    path = tmp_path / "models" / "fujin-0123456789ab.tar.gz"
    monkeypatch.setattr(training, "model_path", lambda: path)
    return path


class Rasa:
    """What stands for `rasa train`: writes an archive, whole or not."""

    def __init__(self, *, whole: bool = True) -> None:
        self.whole, self.trained = whole, 0

    def __call__(self, command: list[str], **_more: object) -> subprocess.CompletedProcess[bytes]:
        self.trained += 1
        out = Path(command[command.index("--out") + 1]) / (command[command.index("--fixed-model-name") + 1] + ".tar.gz")
        content = out.with_name("metadata.json")
        content.write_bytes(os.urandom(100_000))
        with tarfile.open(out, "w:gz") as archive:
            archive.add(content, "metadata.json")
        if not self.whole:
            out.write_bytes(out.read_bytes()[:50_000])
        return subprocess.CompletedProcess(command, 0)


def test_that_an_edit_of_the_menu_or_the_articles_needs_no_training() -> None:
    inputs = set(training._inputs())
    assert MENU.with_name("rules.yml") in inputs
    assert not {MENU, ARTICLES} & inputs


def test_that_a_half_written_model_is_trained_again(
    settings: Settings, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rasa = Rasa()
    monkeypatch.setattr(subprocess, "run", rasa)
    target.parent.mkdir()
    target.write_bytes(b"half")
    for _ in range(2):
        assert training.train(settings) == target
    assert rasa.trained == 1
    assert training.is_whole(target)


def test_that_a_training_that_is_cut_off_leaves_what_was_there(
    settings: Settings, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "run", Rasa())
    whole = training.train(settings).read_bytes()
    monkeypatch.setattr(subprocess, "run", Rasa(whole=False))
    with pytest.raises(TrainingError, match="untouched"):
        training.train(settings, target)
    assert target.read_bytes() == whole
    assert [path.name for path in target.parent.iterdir()] == [target.name]


def test_that_a_training_ends_with_the_command_that_began_it(tmp_path: Path) -> None:
    """Whoever holds the other end of its output reads to the end only when both are gone."""
    rasa, target = tmp_path / "python", tmp_path / "models" / "fujin-0.tar.gz"
    rasa.write_text(f"#!{sys.executable}\nimport time\nprint('training', flush=True)\ntime.sleep(600)\n")
    rasa.chmod(0o755)
    begin = (
        "from pathlib import Path; from bot.settings import Settings; from bot.studio import training;"
        f"training.model_path = lambda: Path({str(target)!r});"
        f"training.train(Settings(_env_file=None, rasa_python=Path({str(rasa)!r})))"
    )
    command = subprocess.Popen([sys.executable, "-c", begin], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert command.stdout
    assert command.stdout.readline() == "training\n"
    command.terminate()
    command.communicate(timeout=30)
