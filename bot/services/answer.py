"""What a look-up tells a resident."""

from dataclasses import dataclass

from bot.duty.roster import STATION_TIME
from bot.store.models import LookupTable

_DEMO = "【示例数据】下面只是演示，不是真实信息。\n"


@dataclass(frozen=True)
class Answer:
    """A reply in the resident's language; a tap on a button sends its title as the next message."""

    text: str
    buttons: tuple[str, ...] = ()


def from_table(table: LookupTable, text: str, *buttons: str) -> Answer:
    """An answer that says of what day its table is, and in plain words when it is only a demonstration."""
    day = table.imported_at.astimezone(STATION_TIME)
    dated = f"{text}\n（数据日期：{day.year}年{day.month}月{day.day}日，以派出所答复为准。）"
    return Answer(_DEMO + dated if table.demo else dated, buttons)
