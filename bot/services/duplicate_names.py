"""How many of the residents registered here bear a name that someone asks about."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from opencc import OpenCC
from sqlalchemy.orm import Session

from bot.services.answer import HUMAN, Answer, from_table
from bot.services.surnames import COMPOUND, ORDINARY_WORDS, SINGLE
from bot.services.table_file import clean
from bot.services.tables import LONGEST_NAME, NAMES, look_up
from bot.store.models import RegisteredName

_MOST_NAMES = 5
_ASK = Answer("想查哪个名字？请把姓和名一起发给我，比如“重名查询 王小明”。只能查到登记的人数，查不到是谁。")
_NOT_IMPORTED = Answer(
    "派出所还没有把重名数据导入到这里，暂时查不了。\n"
    f"可以到派出所户籍窗口问，或回“{HUMAN}”，写上想查的姓名，由民警答复。",
    (HUMAN,),
)

_HAN = "[\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]"
_COUNTED = "[一二两三四五六七八九十几多0-9]+个"
_SURNAME = f"(?:{'|'.join(COMPOUND)}|[{''.join(SINGLE)}])"
# What stands around a name in a question; longer forms first, so that 有多少 goes as a whole.
_AROUND = re.compile(
    "|".join(
        (
            f"[有是]?(?:没有|多少|{_COUNTED})(?:人|位|个)?",
            "(?:能不能|能|可以|可不可以|麻烦|帮[我忙]?|请|给|想|要|我)*(?:查一?下|查查|查一查|查询|查重|看看|看下|数数|问问|问下)(?:看)?",
            f"(?<!叫)查(?={_SURNAME}|$)",
            "有?(?:重名|同名同姓|同名|重复|重的|撞名)(?:率|查询|的|人|人数)*",
            "(?:孩子|宝宝|儿子|闺女|女儿|姑娘|孙子|孙女|外孙女?|小名|大名|全名|名字|姓名|本名)",
            "(?:起名|取名|起个?名字?|取个?名字?|改名|名叫|起了?个|取了?个|改成|[起取]的?)+",
            "(?:[想要]|我|他|她|它|咱|俺|你|您|就|也|都)*叫(?:做|作)?",
            "这个?名(?:字|儿)?|[这那]几?个|的人|的话",
            "(?:在|全)?(?:咱们?|我们|你们)?(?:沈阳市?|大东区?|辽宁省?|全国|全市|全省|全区|辖区|本所|所里|派出所)(?:里|一共)?",
            "(?:一共|总共|会不会|是不是|能不能|算不算|好不好|好吗|行不行|行吗|怎么样|咋样|可以吗|多不多|多吗|多嘛|多呢|多么|太多|很多|少不少|常见)",
            "(?:还是|或者|哪个|以及)",
            "[的吗呢吧嘛呀么]",
        )
    )
)
_AND = re.compile(f"[和跟与或同](?={_SURNAME})")
_IN_NO_NAME = re.compile("[不怎完啊了哪谁啥们这那很也就还再又被把给哦呗嘞]")
_BETWEEN = re.compile(f"(?:(?!{_HAN}|·).)+", re.DOTALL)


def find(session: Session, text: str) -> Answer:
    """How many bear the names that a message asks about; without a name, how to ask."""
    asked = asked_names(text)
    wanted = {spelling for spellings in asked for spelling in spellings}
    table, rows = look_up(session, NAMES, RegisteredName, RegisteredName.name.in_(wanted))
    if table is None:
        return _NOT_IMPORTED
    if not asked:
        return _ASK
    counts = {row.name: row.count for row in rows}
    return from_table(table, "\n".join(_told(spellings, counts) for spellings in asked))


def _told(spellings: Sequence[str], counts: Mapping[str, int]) -> str:
    name = next((spelling for spelling in spellings if spelling in counts), spellings[-1])
    count = counts.get(name, 0)
    return f"本所登记的人里，叫“{name}”的有{count}人。" if count > 0 else f"本所登记的人里，没有查到叫“{name}”的。"


def asked_names(text: str) -> list[tuple[str, ...]]:
    """The full names that a message asks about, each as typed and in simplified characters if that differs.

    As typed comes first: a registered name may hold a character that simplifying would change (乾).
    """
    typed = clean(text)
    simple = _simplified(typed)
    if len(simple) != len(typed):
        typed = simple
    found = dict.fromkeys(tuple(dict.fromkeys((typed[a:b], simple[a:b]))) for a, b in _spans(simple))
    return list(found)[:_MOST_NAMES]


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Where names stand: what remains of a question without the words around them, if it has a name's form."""
    for start, end in _pieces(text, 0, len(text), _BETWEEN):
        for a, b in _pieces(text, start, end, _AROUND):
            if _is_name(text[a:b]):
                yield a, b
            else:
                yield from (piece for piece in _pieces(text, a, b, _AND) if _is_name(text[slice(*piece)]))


def _pieces(text: str, start: int, end: int, between: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """The parts of a stretch of text that a pattern leaves."""
    for match in between.finditer(text, start, end):
        if start < match.start():
            yield start, match.start()
        start = match.end()
    if start < end:
        yield start, end


def _is_name(text: str) -> bool:
    """A surname and a given name of one or two characters, or two surnames before it (欧阳娜娜, 刘杨子墨).

    A name with a dot (阿依古丽·买买提) needs no surname.
    """
    if "·" in text:
        return len(text) <= LONGEST_NAME and all(len(part) >= 2 for part in text.split("·"))
    if text.startswith(ORDINARY_WORDS) or _IN_NO_NAME.search(text[1:]):
        return False
    if text.startswith(COMPOUND):
        return 3 <= len(text) <= 4
    if not text.startswith(SINGLE):
        return False
    return 2 <= len(text) <= 3 or (len(text) == 4 and text[1] in SINGLE)


@lru_cache(maxsize=1)
def _converter() -> OpenCC:
    return OpenCC("t2s")


def _simplified(text: str) -> str:
    converted: str = _converter().convert(text)
    return converted
