"""The Rasa project: the folder that holds `config.yml`, `domain.yml`, `nlu_data/` and `models/`.

It is this repository unless `FUJIN_PROJECT` names another folder: trainers' data on a volume of its own, or a copy to
try something on. Both environments read it here, from the environment alone, before anything else is loaded.
"""

from __future__ import annotations

import os
from pathlib import Path

PROJECT = Path(os.environ.get("FUJIN_PROJECT") or Path(__file__).resolve().parent.parent.parent).absolute()
NLU_DATA = PROJECT / "nlu_data"
MODELS = PROJECT / "models"
ALARM_ANSWERS = NLU_DATA / "alarm_answers.yml"
FORM_ANSWERS = NLU_DATA / "form_answers.yml"
