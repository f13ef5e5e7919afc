"""How many of the residents registered here bear a name that someone asks about."""

from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from bot.nlu.names import asked_names, in_parts, put_together
from bot.nlu.wording import HUMAN, OF_BEARERS
from bot.services.answer import Answer, from_table
from bot.services.table_file import clean
from bot.services.tables import NAMES, look_up
from bot.store.models import RegisteredName

_MOST_NAMES = 5
_ASK = Answer("想查哪个名字？请把姓和名一起发给我，比如“重名查询 王小明”。只能查到登记的人数，查不到是谁。")
_THE_OTHER_PART = {
    "surname": Answer("姓什么？把姓也发给我（比如“姓王”），就能查这个名字登记了多少人。"),
    "given": Answer("名字叫什么？把名也发给我（比如“叫小明”），就能查登记了多少人。"),
}
_OF_OTHERS = "叫这个名的人是谁、多大、住哪儿，是别人的个人信息，查不了，也不能告诉您；这里只报登记的人数。"
_NOT_IMPORTED = Answer(
    "派出所还没有把重名数据导入到这里，暂时查不了。\n"
    f"可以到派出所户籍窗口问，或回“{HUMAN}”，写上想查的姓名，由民警答复。",
    (HUMAN,),
)


def find(session: Session, text: str, before: Sequence[str] = ()) -> Answer:
    """How many bear the names that a message asks about; without a name, how to ask.

    `before`: what was looked up before it, newest first. A surname or a given name alone goes with the rest from there.
    """
    said = clean(text)
    asked, parts = asked_names(said), in_parts(said)
    if not asked and any(parts):
        surname, given = put_together(parts, map(clean, before))
        if not (surname and given):
            return _THE_OTHER_PART["surname" if given else "given"]
        asked = [(surname + given,)]
    wanted = {spelling for spellings in asked for spelling in spellings}
    table, rows = look_up(session, NAMES, RegisteredName, RegisteredName.name.in_(wanted))
    if table is None:
        return _NOT_IMPORTED
    of_others = [_OF_OTHERS] if OF_BEARERS.search(text) else []
    if not asked:
        return Answer(_OF_OTHERS) if of_others else _ASK
    counts = {row.name: row.count for row in rows}
    return from_table(table, "\n".join([*(_told(spellings, counts) for spellings in asked), *of_others]))


def _told(spellings: Sequence[str], counts: Mapping[str, int]) -> str:
    name = next((spelling for spelling in spellings if spelling in counts), spellings[-1])
    count = counts.get(name, 0)
    return f"本所登记的人里，叫“{name}”的有{count}人。" if count > 0 else f"本所登记的人里，没有查到叫“{name}”的。"
