"""Why a training failed, in the words of those who have to mend it: its log, read for the causes that are known."""

import re
import signal
from collections.abc import Sequence
from pathlib import Path

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLACE = re.compile(r'in "(?P<file>[^"]+)", line (?P<line>\d+)')
_RASA_PLACE = re.compile(r"(?:file|File) '?(?P<file>[^\s'\",]+\.ya?ml)'?")
_ERROR = re.compile(r"^(?:\w+\.)*(?P<kind>\w*(?:Error|Exception|Interrupt))\b:? ?(?P<what>.*)$")
FULL_DISK = "磁盘满了，请清理后再训练一次；在用的模型不受影响"
_NO_MEMORY = "内存不够，训练被系统结束；请关掉别的程序，或在内存更大的机器上训练"


def broken_yaml(project: Path) -> str | None:
    """The first file of a project that is no YAML, with its line; None when all are."""
    for path in [*sorted(project.glob("*.yml")), *sorted((project / "nlu_data").rglob("*.yml"))]:
        name = path.relative_to(project)
        try:
            yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - a safe loader
        except UnicodeDecodeError:
            return f"{name} 不是 UTF-8 编码，请另存为 UTF-8"
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            place = f"第{mark.line + 1}行第{mark.column + 1}格" if mark else "有一处"
            return f"{name} {place}写得不对，不是合格的 YAML：检查缩进、引号和冒号后面的空格"
    return None


def reason(log: Sequence[str], code: int) -> str:
    """Why Rasa ended with `code` (as `subprocess` counts), by the last lines of its log."""
    text = "\n".join(log)
    if "No space left on device" in text or "Errno 28" in text:
        return FULL_DISK
    if "MemoryError" in text or "Cannot allocate memory" in text:
        return _NO_MEMORY
    if code < 0:
        return _ended_by(-code)
    error = _last_error(log)
    if error is None:
        return f"训练程序结束了（代码 {code}），没有说明原因；日志在下面"
    kind, what = error
    if kind == "TrainersFileError":  # written for trainers
        return what
    if kind in ("ModuleNotFoundError", "ImportError"):
        return f"训练环境不完整（{what}），请技术人员运行 make setup"
    place = _PLACE.search(text) or _RASA_PLACE.search(text)
    if kind.startswith(("Yaml", "Scanner", "Parser", "Duplicate")) and place:
        line = place.groupdict().get("line")
        return f"{place['file']}{f' 第{line}行' if line else ''}写得不对：{what or kind}"
    return f"训练程序出错：{kind}{f'：{what}' if what else ''}"


def _ended_by(number: int) -> str:
    if number == signal.SIGKILL:
        return "训练程序被强行结束：多半是内存不够，也可能是有人结束了它；可以再训练一次"
    name = signal.Signals(number).name if number in set(signal.Signals) else str(number)
    return f"训练程序被结束（{name}），可以再训练一次"


def _last_error(log: Sequence[str]) -> tuple[str, str] | None:
    for line in reversed(log):
        if found := _ERROR.match(line.strip()):
            return found["kind"], found["what"].strip()
    return None
