"""How far a training is: Rasa says which component it trains, the last training says how long each step takes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import yaml

COPY, CHECK, START, SAVE, JUDGE = "copy", "check", "start", "save", "judge"
TITLES = {
    COPY: "复制数据",
    CHECK: "检查数据",
    START: "启动训练程序",
    "RulePolicy": "对话规则",
    "CatalogueExamples": "读例句和目录",
    "ChineseNormaliser": "统一写法",
    "PinyinReading": "认拼音",
    "StationTokenizer": "分词",
    "SentenceEmbedding": "理解句意",
    "TriageClassifier": "学习分类",
    "StationEntityExtractor": "地点电话等要素",
    "SafetyNetRaiser": "安全网",
    SAVE: "保存模型",
    JUDGE: "评测",
}
"""What trainers read for a step; one that is not here is shown as it is."""
_HEARD = re.compile(r"(Starting to train|Finished training) component '(\w+)'")
_BAR = re.compile(r"^(Processed \w+|Epochs|Training|Prepar\w+):.*it(/s|s,)|it/s")
_WARNING = re.compile(r"Warning: ")
LOG_LINES = 200


def steps_of(project: Path) -> list[str]:
    """The steps of a training, in their order: before Rasa, its components, and what comes after."""
    config = yaml.safe_load((project / "config.yml").read_text(encoding="utf-8"))
    components = [*config.get("policies", []), *config.get("pipeline", [])]
    return [COPY, CHECK, START, *(str(item["name"]).rpartition(".")[2] for item in components), SAVE, JUDGE]


class Progress:
    """Which step a training is at, what each took, and how long the rest will take."""

    def __init__(self, last: Mapping[str, float]) -> None:
        self.steps: Sequence[str] = (COPY, CHECK, START, SAVE, JUDGE)
        self.step = ""
        self.took: dict[str, float] = {}
        self._last = last
        self._since: datetime | None = None

    @property
    def done(self) -> int:
        """How many steps are behind it."""
        return self.steps.index(self.step) if self.step in self.steps else 0

    def enter(self, step: str, now: datetime) -> None:
        """Begin a step; the one before is over."""
        if self._since is not None and self.step:
            self.took[self.step] = round(self.took.get(self.step, 0.0) + (now - self._since).total_seconds(), 1)
        self.step, self._since = step, now

    def heard(self, line: str, now: datetime) -> None:
        """Take a line of Rasa's: a component begins, or one ended, so that the next one in the pipeline has its turn.

        Rasa tells only of those that learn; what works on all messages in between has the time in between.
        """
        found = _HEARD.search(line)
        if not found or found[2] not in self.steps:
            return
        place = self.steps.index(found[2])
        if found[1].startswith("Finished"):
            place += 1
        if place > self.done:
            self.enter(self.steps[place], now)

    def seconds_left(self, now: datetime) -> float | None:
        """Seconds until it is finished, as long as the last training took; None before the first one."""
        if not self._last or self._since is None:
            return None
        here = max(0.0, self._last.get(self.step, 0.0) - (now - self._since).total_seconds())
        return round(here + sum(self._last.get(step, 0.0) for step in self.steps[self.done + 1 :]), 1)


def worth_keeping(lines: Sequence[str]) -> Iterator[str]:
    """The lines of a log that tell something: no progress bars, no warnings of libraries with the code they show."""
    after_warning = False
    for line in lines:
        if after_warning and line.startswith(" "):
            continue
        after_warning = bool(_WARNING.search(line))
        if line.strip() and not after_warning and not _BAR.search(line):
            yield line
