"""Which officer is responsible for the place that a resident names, however loosely."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy.orm import Session

from bot.nlu.normaliser import TYPOS, normaliser
from bot.nlu.project import PROJECT
from bot.nlu.wording import HUMAN, OF_OFFICERS_LIFE
from bot.services import house_number
from bot.services.answer import Answer, from_table
from bot.services.tables import OFFICERS, look_up
from bot.store.models import CommunityOfficer, LookupTable

_MOST_BUTTONS = 4
_MOST_COMMUNITIES = 20
_ASK = "请写您住的社区，或街道和门牌号，比如“大东路1号”。"
_URGENT = "有急事请直接拨打110。"
_NOT_IMPORTED = Answer(
    f"派出所还没有把社区民警名单导入到这里，暂时查不了。\n请回“{HUMAN}”，写上您的社区或街道门牌，由民警答复。\n{_URGENT}",
    (HUMAN,),
)

_PRIVATE = Answer(
    f"民警自己的手机、住处不能告诉您，请谅解。有事找这位民警，回“{HUMAN}”写上，在这里答复您；想谢谢他，说一声就很好，东西不能收。",
    (HUMAN,),
)
_COMMUNITY_SUFFIX = re.compile("(?:社区|小区|新村|村)(?:居委会)?$")
_STREET_SUFFIX = re.compile("(?:大街|街|路|巷|里|胡同|小区|社区)$")
_SUFFIXES = "社区|小区|花园|家园|新村|公寓|大厦|大街|街|路|巷|胡同"
# 东中街 is not 中街, 小东路 not 东路.
_WHOLE_NAME = "(?<![东西南北大小])"
_BEFORE = r"(?:^|(?<=[\W住在到家们咱我俺查找问归是属于管搬去]))"
_THERE = r"(?=那|这|附近|一带|片|\d)"
_AFTER = rf"(?:{_THERE}|(?=$|\W|的|归|管|谁|社|民警|警|是|有))"

_ONLY_HOUSE = re.compile(r"那?(?:要?是|换成)?\s*(\d+)\s*号?(?:院|楼)?(?:呢|的话|归谁|是谁|那边)?\W*")
_HOUSE_AND_BEHIND = re.compile(r"\d+\s*号?.*$")

Row = CommunityOfficer


@dataclass(frozen=True)
class _Post:
    """One officer with what the resident is told of them; rows that say the same are one post."""

    community: str
    officer: str
    phone: str
    hours: str

    @classmethod
    def of(cls, row: Row) -> "_Post":
        return cls(row.community, row.officer, row.phone, row.hours)


def find(session: Session, text: str, before: Sequence[str] = ()) -> Answer:
    """The officer for the place in a message; several → choices for one tap; none → what there is, and a human.

    `before`: what was looked up before it, newest first; a message without a place (他啥时候在) is about that.
    """
    if OF_OFFICERS_LIFE.search(text):
        return _PRIVATE
    table, rows = look_up(session, OFFICERS, Row)
    if table is None:
        return _NOT_IMPORTED
    said = _places_said(text, before)
    matching = next((found for one in said if (found := _matching(rows, one))), [])
    if not matching:
        supposed = _matching(rows, text, supposing=True)
        if supposed:
            return _supposed(table, rows, supposed)
        sought = next((one for one in said if _names_a_place(one)), "")
        return _not_listed(table, rows, of_now=sought == text) if sought else _unknown(table, rows)
    posts = _posts(matching)
    if len(posts) == 1:
        return from_table(table, _told(posts[0]), *([] if posts[0].phone else [HUMAN]))
    titles = _titles(rows, matching)
    return _choices(table, titles) if len(titles) == len(posts) else _all_of(table, posts)


def _places_said(text: str, before: Sequence[str]) -> list[str]:
    """Where to look for a place: in a message, or, when it has none, in those before it; a bare number is another
    house in the same street."""
    if not before:
        return [text]
    earlier = _places_said(before[0], before[1:])
    if house := _ONLY_HOUSE.fullmatch(_normal(text).strip()):
        return [_HOUSE_AND_BEHIND.sub("", _normal(earlier[0])) + f"{house[1]}号"]
    return [text] if _names_a_place(text) else [text, *earlier]


def _matching(rows: Sequence[Row], text: str, *, supposing: bool = False) -> list[Row]:
    """The rows for the places that a message names: by full name, else by what is left of one (东逸那边).

    `supposing` also takes what is only likely, to be asked back.
    """
    text = _normal(text)
    without_spaces = text.replace(" ", "")
    for typed, community_form, street_form in (
        (without_spaces, _in_full, _in_full),
        (text, _community_in_part, _street_in_part),
        *([(text, _likely, _likely)] if supposing else []),
    ):
        if found := _rows_of(rows, typed, community_form, street_form):
            return found
    return []


def _rows_of(
    rows: Sequence[Row], text: str, community_form: Callable[[str], str], street_form: Callable[[str], str]
) -> list[Row]:
    communities = {name for name, _ in _names_in(text, {row.community for row in rows}, community_form)}
    streets = dict(_names_in(text, {row.street for row in rows if row.street}, street_form))
    by_community = [row for row in rows if row.community in communities]
    by_street = [row for name, end in streets.items() for row in _of_street(rows, name, house_number.read(text, end))]
    return [row for row in by_street if row in by_community] or by_street + by_community


def _of_street(rows: Sequence[Row], street: str, number: int | None) -> list[Row]:
    """The rows of a street that hold a house number; a row for the number comes before one for the whole street."""
    here = [row for row in rows if row.street == street]
    if number is None:
        return here
    return [row for row in here if _holds(row, number)] or [row for row in here if row.first_number is None]


def _holds(row: Row, number: int) -> bool:
    return (
        row.first_number is not None
        and row.first_number <= number
        and (row.last_number is None or number <= row.last_number)
        and (not row.parity or (number % 2 == 1) == (row.parity == "odd"))
    )


# -- names in a text --------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def _normal(text: str) -> str:
    return normaliser(PROJECT / TYPOS)(text)


def _names_in(text: str, names: Iterable[str], form: Callable[[str], str]) -> Iterator[tuple[str, int]]:
    """The names in a text and where each ends; of overlapping ones the longest."""
    ordered = sorted(names, key=lambda name: (-len(name), name))
    forms = [(name, pattern) for name in ordered if (pattern := form(_normal(name)))]
    if not forms:
        return
    for match in re.finditer("|".join(f"({pattern})" for _, pattern in forms), text):
        number = match.lastindex or 0
        yield forms[number - 1][0], match.end()


def _in_full(name: str) -> str:
    return _WHOLE_NAME + re.escape(name.replace(" ", ""))


def _community_in_part(name: str) -> str:
    stem = _stem(name, _COMMUNITY_SUFFIX)
    return f"{_BEFORE}{stem}{_AFTER}" if stem else ""


def _street_in_part(name: str) -> str:
    """Many streets are called like a common word (和睦, 合作), so more must speak for it than for a community."""
    stem = _stem(name, _STREET_SUFFIX)
    return f"^{stem}$|{_BEFORE}{stem}{_THERE}" if stem else ""


def _likely(name: str) -> str:
    stem = _stem(name, _COMMUNITY_SUFFIX) or _stem(name, _STREET_SUFFIX)
    return f"{_BEFORE}{stem}{_AFTER}|{_WHOLE_NAME}{stem}(?:{_SUFFIXES})" if stem else ""


def _stem(name: str, suffix: re.Pattern[str]) -> str:
    stem = suffix.sub("", name)
    return re.escape(stem) if len(stem) >= 2 and stem != name else ""


# -- what the resident is told ----------------------------------------------------------------------------------------


def _posts(rows: Iterable[Row]) -> list[_Post]:
    return list(dict.fromkeys(map(_Post.of, rows)))


def _titles(rows: Sequence[Row], matching: Sequence[Row]) -> dict[_Post, str]:
    """For each officer a place that, sent as a message, leads to that officer alone."""
    titles: dict[_Post, str] = {}
    for row in matching:
        post = _Post.of(row)
        alone = (title for title in _places(row) if _posts(_matching(rows, title)) == [post])
        if post not in titles and (title := next(alone, None)):
            titles[post] = title
    return titles


def _places(row: Row) -> Iterator[str]:
    """Ways to name the place of a row, as a resident would know it first."""
    if not row.street:
        yield row.community
    elif row.first_number is None:
        yield row.street
        yield row.community + row.street
    else:
        last = f"至{row.last_number}号" if row.last_number else "起"
        several = row.last_number != row.first_number
        side = {"odd": "单号", "even": "双号"}.get(row.parity, "")
        yield f"{row.street}{row.first_number}号" + (last + side if several else "")


def _told(post: _Post) -> str:
    lines = [f"{post.community}的社区民警：{post.officer}"]
    lines.append(f"电话：{post.phone}" if post.phone else f"电话：名单里没有，要联系请回“{HUMAN}”")
    if post.hours:
        lines.append(f"时间：{post.hours}")
    return "\n".join([*lines, _URGENT])


def _choices(table: LookupTable, titles: dict[_Post, str]) -> Answer:
    more = "也可以" if len(titles) <= _MOST_BUTTONS else "下面没有的，请"
    text = f"您说的地方由几位社区民警分管，请点您住的那一处；{more}写上街道和门牌号再问我一次。"
    return from_table(table, text, *list(titles.values())[:_MOST_BUTTONS])


def _all_of(table: LookupTable, posts: Sequence[_Post]) -> Answer:
    """Officers that no place tells apart: all of them."""
    shown = "\n".join(_told(post).removesuffix(f"\n{_URGENT}") for post in posts[:_MOST_BUTTONS])
    rest = f"\n还有{len(posts) - _MOST_BUTTONS}位，请写上街道和门牌号再问我一次。" if len(posts) > _MOST_BUTTONS else ""
    return from_table(table, f"您说的地方有{len(posts)}位社区民警：\n{shown}{rest}\n{_URGENT}")


def _supposed(table: LookupTable, rows: Sequence[Row], matching: Sequence[Row]) -> Answer:
    titles = list(dict.fromkeys(_titles(rows, matching).values()))[: _MOST_BUTTONS - 1]
    return from_table(table, f"您说的是下面这个地方吗？是就点一下；不是的话，{_ASK}", *titles, HUMAN)


def _unknown(table: LookupTable, rows: Sequence[Row]) -> Answer:
    """What is asked of whoever names no place."""
    text = f"{_ASK}\n{_listed(rows)}都不是的话，请回“{HUMAN}”，由民警答复。"
    return from_table(table, text, *_communities(rows)[: _MOST_BUTTONS - 1], HUMAN)


def _not_listed(table: LookupTable, rows: Sequence[Row], *, of_now: bool) -> Answer:
    """What is said of a place that the list does not have, or to a question about its officer: 他叫啥."""
    said = "名单里没有查到您说的地方。" if of_now else "您说的地方没查到归哪位民警，姓名、电话、微信我都没有。"
    text = f"{said}\n{_listed(rows)}知道属于哪个，点一下；不知道就回“{HUMAN}”，由民警按您写的地址答复。"
    return from_table(table, text, *_communities(rows)[: _MOST_BUTTONS - 1], HUMAN)


def _communities(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row.community for row in rows))


def _listed(rows: Sequence[Row]) -> str:
    """The communities that there are, as a line."""
    communities = _communities(rows)
    etc = f"等{len(communities)}个社区" if len(communities) > _MOST_COMMUNITIES else ""
    return f"名单里的社区有：{'、'.join(communities[:_MOST_COMMUNITIES])}{etc}。\n"


_PLACE = re.compile(
    rf"\d号|[\u4e00-\u9fff](?<![们这那哪个么啥我到己住属找查是的来咱上自])(?:{_SUFFIXES})(?!民警|警)"
    "|[在住][^，,。 这那哪]{2,8}(?:那边|那儿|那块|附近|一带|跟前|旁边)"
)


def _names_a_place(text: str) -> bool:
    return _PLACE.search(_normal(text)) is not None
