"""The small project that the studio's tests train is a sound one."""

import json
import os
import subprocess
import sys
from pathlib import Path

from bot.nlu.dataset import Dataset, findings
from bot.settings import ROOT
from tests.small_project import INTENTS


def test_that_the_small_project_passes_the_data_checks(small_project: Path) -> None:
    dataset = Dataset(small_project / "nlu_data")
    assert findings(dataset) == []
    assert set(dataset.catalogue) == INTENTS
    assert {message.label for message in dataset.test} == {example.label for example in dataset.training()}


def test_that_every_file_of_the_small_project_that_a_station_starts_with_can_be_read(small_project: Path) -> None:
    """Each names only intents of its catalogue."""
    program = "import json; from bot.console import canned; print(json.dumps(list(canned.load().kinds)))"
    environment = os.environ | {"FUJIN_PROJECT": str(small_project)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    assert 0 < len(json.loads(done.stdout)) < len(INTENTS)
