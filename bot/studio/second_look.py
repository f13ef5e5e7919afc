"""A second look at what would become training data: does it still look as if it pointed to a person?

It shares no pattern with the first (`bot/studio/masking.py`), or it would be blind where that one is. It takes nothing
out: what it finds is shown to the trainer, who does so by hand. It looks for signs alone: long rows of digits, what
follows the name of an application, doors with a number, a surname where somebody is introduced.
"""

import re
import unicodedata
from collections.abc import Iterator

import jieba
import jieba.posseg

from bot.nlu.entities import StationEntities

# -- numbers ----------------------------------------------------------------------------------------------------------

_NUMERALS = "〇零洞一幺壹二贰三叁四肆五伍六陆七柒八捌九勾玖"
_VALUES = str.maketrans(_NUMERALS, "00011122334455667788999")
_GAP = r"[^\S\n]?[-.·_*]?[^\S\n]?"
_ROW = re.compile(
    rf"\d(?:{_GAP}\d){{4,}}|[{_NUMERALS}](?:{_GAP}[{_NUMERALS}]){{4,}}|\d{{2,}}[{_NUMERALS}]{{3,}}|[{_NUMERALS}]{{3,}}\d{{2,}}"
)
"""Five digits in a row, with a sign between them or not, are somebody's number."""
_EVERYBODYS = re.compile(r"12\d{3}|95\d{3}|96\d{3}|100\d\d|10690|400\d*|(\d)\1*")
"""Hotlines, and what is no number but counting."""
_MEASURED = re.compile(
    r"[多来余]?\s?(?:元|块|万|千|百|亿|人|个|平|步|字|粉|克|米|公里|美|港|日元|吨|瓦|kg|km|w|k|%|yuan|rmb)"
)
_MONEY = re.compile(
    "[¥$￥转欠赔罚花借赢输亏骗收付充刷存取贷卖值价投]|工资|押金|定金|现金|红包|损失|打赏|学费|租金|保证金|sent|paid|pay",
    re.I,
)
_SMALL = 6
_BARE = re.compile(r"(?<![\d.:/\-])\d{3,4}(?![\d.:/])")
_ROOM = re.compile(r"(?:[1-9]|[1-4]\d)(?:0[1-9]|[1-3]\d)")
_AT_HOME = re.compile("[家住房室户层楼区园苑寓庭店馆宿租]|我在|人在")
_FOLLOWS = re.compile(r"\s?(?:国道|[年路号次分天月斤岁度级系公线台张辆毫平点小集页条例班期届毫升]|[a-z])", re.I)
"""What is counted or named by three or four digits that are no room's."""
_MOMENT = re.compile(
    r"(?:19|20)\d\d\D{1,2}(?:0?[1-9]|1[0-2])(?:\D|$)|(?:19|20)\d\d[01]\d[0-3]\d$|\d{1,2}:\d\d|(?:19|20)\d\d-(?:19|20)\d\d"
)

# -- accounts ---------------------------------------------------------------------------------------------------------

_KEY = re.compile(
    "(?:微信?|薇信?|威信|徽信|v信|vx|wx|qq|扣扣|企鹅|抖音|快手|小红书|陌陌|电报|telegram|tg|whatsapp|支付宝|账号?|帐号?|加我|私我|加我?[微薇v])",
    re.I,
)
_BETWEEN = re.compile(r"[\s:：是为叫号id@❤♥\ufe0f]{0,5}$", re.I)
_TOKEN = re.compile(r"[a-z0-9][a-z0-9_.\-]{3,}[a-z0-9_]", re.I)
_NEAR = 8
_MIXED = re.compile(r"(?<![a-z0-9_.\-])(?=[a-z0-9]*\d[a-z]*\d)(?=\d*[a-z])[a-z0-9]{5,9}(?![a-z0-9_.\-]|\s?次)", re.I)
"""Letters and digits in one: a plate, a passport, a password."""
_AMOUNT = re.compile(r"\d+(?:min|mins|s|th|kg|km|gb|mb|g|pm|am|w|k|rmb|yuan|v|ah|cc|mm|cm)", re.I)
_PRODUCTS = frozenset(("wechat", "weixin", "alipay", "zhifubao", "douyin", "kuaishou", "iphone", "video"))

# -- doors ------------------------------------------------------------------------------------------------------------

_NO = rf"[0-9{_NUMERALS}十]"
_DOOR = re.compile(
    rf"{_NO}{{1,4}}[^\S\n]*(?:号[^\S\n]*楼|号[^\S\n]*院|号[^\S\n]*门(?!口)|单[^\S\n]*元|室(?![内外友]|[一两二]厅)|栋(?!楼)|幢(?!楼)|门牌|号房|房间号)"
    rf"|(?:路|街|巷|胡同|[村屯]{_NO}组)[^\S\n]*[甲乙丙丁]?[^\S\n]*{_NO}{{1,4}}[^\S\n]*(?:-|号(?!线))|\d{{1,3}}[-－—#]\d{{1,3}}[-－—#]\d{{1,4}}"
)
_COUNTED = re.compile("[一两](?:栋|单元)|[一两二三四五]室")

# -- names ------------------------------------------------------------------------------------------------------------

_INTRODUCED = re.compile(
    "我叫|名叫|叫做|[他她人子女儿友]叫|姓名|名字[是叫]|外号叫|网名叫|昵称叫|小名叫|我是|(?:举报|检举|认识)(?=[^我你他])"
)
_WHOLE = re.compile("[\u3400-\u9fff·]{2,8}?(?=$|的|走丢|走失|不见|今年|[^\u3400-\u9fff·])")
_SENTENCE = re.compile(
    "[你我他她它了的不们在个来去到要就都是这那有没么吗啥谁什哪某人警车家出开得着过给把被让上下门叫骂骗打救号滴唤喊]"
)
"""What is in no name: it is the rest of a sentence that follows 叫."""
_BELONGS = re.compile("是我(?:邻居|同学|同事|房东|老板|前夫|前妻|老公|老婆|儿子|女儿|闺女|对象)")
_SURNAME_FIRST = re.compile("姓(?P<who>[\u4e00-\u9fff]{2,3})(?=$|[^\u4e00-\u9fff])")
_FAMILIES = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭"
    "廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛韦申尤毕聂丛焦柳邢岳齐佟朴霍翁景"
)
_NOBODY = re.compile("孙[子女]|曾孙|高[一二三中]|.*(?:族|[路街巷村区市省县]|[的了是个过还]|老师|先生|女士)")
_RARE = re.compile("[\u3400-\u4dbf\U00020000-\U0003ffff]")
_LATIN = re.compile(r"(?:[我他她人]叫|名叫|名字[是叫]?|姓名[是:]?)\s?(?P<who>[a-z]{3,})", re.I)


def suspects(text: str) -> list[str]:
    """The words of a text that look personal, each once; empty for what may be learnt from."""
    plain = unicodedata.normalize("NFKC", text)
    places = [one.text for one in StationEntities.load().read(plain) if one.kind == "place"]
    people = (name for name in _names(plain) if not any(name in place for place in places))
    return list(dict.fromkeys((*_numbers(plain), *_rooms(plain), *_accounts(plain), *_doors(plain), *people)))


def _numbers(text: str) -> Iterator[str]:
    for row in _ROW.finditer(text):
        digits = re.sub(r"\D", "", row.group().translate(_VALUES))
        spent = len(digits) <= _SMALL and _MONEY.search(text[max(row.start() - _NEAR, 0) : row.start()])
        if not (
            _EVERYBODYS.fullmatch(digits) or _MEASURED.match(text, row.end()) or _MOMENT.search(row.group()) or spent
        ):
            yield row.group()


def _rooms(text: str) -> Iterator[str]:
    """Three or four digits, as rooms are numbered, near a home."""
    for bare in _BARE.finditer(text):
        start, end = bare.span()
        near = text[max(start - 4, 0) : start] + " " + text[end : end + 2]
        spent = (
            _MONEY.search(text[max(start - 4, 0) : start]) or _MEASURED.match(text, end) or _FOLLOWS.match(text, end)
        )
        room = _ROOM.fullmatch(bare.group()) and _AT_HOME.search(near)
        if room and not spent and bare.group() not in ("110", "112", "114", "119", "120", "122", "315"):
            yield bare.group()


def _accounts(text: str) -> Iterator[str]:
    """What stands behind the name of an application: words directly, what holds a digit also a little later."""
    for token in _TOKEN.finditer(text):
        said, before = token.group(), text[max(token.start() - _NEAR, 0) : token.start()]
        keys = list(_KEY.finditer(before))
        told = bool(keys) and (bool(_BETWEEN.match(before, keys[-1].end())) or re.search("[0-9_]", said) is not None)
        if told and not said.isdigit() and not _AMOUNT.fullmatch(said) and said.lower() not in _PRODUCTS:
            yield said
    yield from (match.group() for match in _MIXED.finditer(text) if not _AMOUNT.fullmatch(match.group()))


def _doors(text: str) -> Iterator[str]:
    yield from (match.group() for match in _DOOR.finditer(text) if not _COUNTED.fullmatch(match.group()))


def _names(text: str) -> Iterator[str]:
    yield from (match["who"] for match in _LATIN.finditer(text))
    close = re.sub(r"(?<=[\u3400-\u9fff])[^\S\n](?=[\u3400-\u9fff])", "", text)
    yield from (
        close[rare.start() - 1 : rare.end()] for rare in _RARE.finditer(close) if _has_surname(close, rare.start())
    )
    for signal in _INTRODUCED.finditer(close):
        behind = close[signal.end() :].lstrip(' :是叫“"')
        yield from _person(behind[:3])
        whole = _WHOLE.match(behind)
        if "叫" in signal.group() and whole and not _is_word(whole.group()) and not _SENTENCE.search(whole.group()):
            yield whole.group()
    for signal in _BELONGS.finditer(close):
        yield from _person(close[max(signal.start() - 3, 0) : signal.start()])
        yield from _person(close[max(signal.start() - 2, 0) : signal.start()])
    yield from (who for match in _SURNAME_FIRST.finditer(text) for who in _person(match["who"]))


def _has_surname(text: str, at: int) -> bool:
    return not _FAMILIES.isdisjoint(text[max(at - 2, 0) : at])


def _person(said: str) -> Iterator[str]:
    """A surname and one or two characters, if they begin no word of the dictionary."""
    run = re.match("[\u4e00-\u9fff]{2,3}", said)
    if run is None or run.group()[0] not in _FAMILIES or _NOBODY.match(run.group()):
        return
    if not any(_is_word(run.group()[:size]) for size in (2, 3)):
        yield run.group()


def _is_word(said: str) -> bool:
    StationEntities.load()  # the station's dictionary is loaded with it
    tag = str(jieba.posseg.dt.word_tag_tab.get(said, ""))
    return bool(jieba.dt.FREQ.get(said)) and not tag.startswith("nr")
