"""Files that trainers edit and the intake reads: what is wrong is told in their words, and never stops an alarm."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import structlog
from pydantic import AfterValidator, BaseModel, ConfigDict, TypeAdapter, ValidationError

from bot.nlu.live_file import LiveFile, TrainersFileError, read_yaml

log = structlog.get_logger()
T = TypeVar("T")

_MEANINGS = {
    "missing": "缺这一项",
    "extra_forbidden": "不认识这一项，看看是不是写错了名字",
    "string_type": "要写文字；数字和特殊符号请加引号",
    "string_too_short": "不能空着",
    "string_too_long": "最多{max_length}个字",
    "too_short": "至少要有{min_length}项",
    "too_long": "最多{max_length}项",
    "tuple_type": "要写成列表，每项以“- ”开头",
    "model_type": "要写成“名字: 内容”的样子",
    "literal_error": "只能写 {expected}",
    "date_type": "要写成 2026-11-25 这样的日期",
    "date_from_datetime_parsing": "要写成 2026-11-25 这样的日期",
    "value_error": "{error}",
}


class Written(BaseModel):
    """What a trainer writes: nothing that is not known, nothing that changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _web_address(value: str) -> str:
    if not value.startswith(("http://", "https://")) or set(value) & set(" \t\n\"'<>"):
        raise ValueError("要写 https:// 开头的完整网址")
    return value


WebAddress = Annotated[str, AfterValidator(_web_address)]
OptionalWebAddress = Annotated[str, AfterValidator(lambda value: value and _web_address(value))]


def read(path: Path, shape: TypeAdapter[T]) -> T:
    """Read a file of this shape.

    Raises:
        TrainersFileError: it cannot be read, or something in it cannot be used.
    """
    try:
        return shape.validate_python(read_yaml(path))
    except ValidationError as error:
        problems = "；".join(_told(problem) for problem in error.errors(include_url=False))
        raise TrainersFileError(f"{path.name}：{problems}") from None


def _told(problem: Any) -> str:
    place = " ".join(f"第{part + 1}项" if isinstance(part, int) else str(part) for part in problem["loc"])
    meaning = _MEANINGS.get(problem["type"])
    said = meaning.format(**problem.get("ctx", {})) if meaning else problem["msg"]
    return f"{place} {said}".strip()


def live(path: Path, load: Callable[[Path], T], *, otherwise: T) -> LiveFile[T]:
    """What `load` makes of a file, followed as it changes; a broken edit keeps the last good state.

    A file that is broken at the start counts as `otherwise`: for a slip in a menu nobody's alarm may stay unread.
    `fujin up` names the slip before it starts anything.
    """
    loaded = False

    def load_or_otherwise() -> T:
        nonlocal loaded
        try:
            value = load(path)
        except TrainersFileError as error:
            if loaded:
                raise
            log.error("trainers_file.unusable", file=path.name, reason=str(error))
            value = otherwise
        loaded = True
        return value

    return LiveFile(load_or_otherwise, lambda: [path])
