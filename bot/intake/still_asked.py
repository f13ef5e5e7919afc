"""What the guidance to a request or tip still asks for: nothing that its resident has told.

The guidance of each kind is a fixed text with one sentence of what officers need to know ("请补充：…"). A piece of that
sentence is left out where the words of the story answer it; what no rule knows stays.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.intake.questions import kinds_named
from bot.intake.wording import unspaced
from bot.nlu.normaliser import normalise

_SENTENCE = re.compile("^(?P<head>(?:方便的话)?请?再?(?:补充|写清楚|告诉我们))[：:](?P<asked>[^。\n]+)。", re.MULTILINE)
_BETWEEN = re.compile("(?=[，、](?![^（]*）))")
"""Where a piece begins: at what divides it from the one before it, and not in brackets."""
_LOOKS = "[红黄蓝绿黑白灰紫粉棕橙银金褐花][色的]|[大小长短]号的?|上面?(?:贴|印|挂|有|写|绣)|牌的?|带个|款"
_THING = (
    "手机|电话|钱包|[皮手书背提挎布]包|包(?!括|着)|兜子|钥匙|身份证|[饭银医社公学门]?[行交保]?卡|证|存折|耳机|电脑|平板|眼镜|伞|戒指|项链"
    "|手镯|手表|衣服|箱|袋|助听器|[0-9一二两三四五六七八九十几]+(?:多|来)?块钱|现金|车|相机|片子|户口本|护照"
)

_PLACE = (
    "[\u4e00-\u9fff](?<![这那哪我你他她])(?:校|店|园|馆|站|桥|院|坊|市|场|铺)(?:门口|旁边|对面|里|楼[上下])"
    "|你们(?:所|院|门口|派出所|楼)"
)
"""Where something is, by words that no gazetteer has; 楼上 alone tells nobody where to go."""


@dataclass(frozen=True)
class _Piece:
    """A piece of what is asked, by its words, and what answers it: a kind of entity or other words."""

    asked: re.Pattern[str]
    entity: str
    said: re.Pattern[str]

    def told(self, kinds: frozenset[str], text: str) -> bool:
        """Whether a story that names entities of these kinds tells it."""
        return self.entity in kinds or bool(self.said.search(text))


def _piece(asked: str, entity: str, said: str) -> _Piece:
    return _Piece(re.compile(asked), entity, re.compile(said))


_PIECES = (
    _piece("您现在在哪|怎么联系|您希望|怎么处理", "", "(?!)"),
    _piece("走过哪些地方|什么车", "plate", "从[^，。]{1,14}(?:坐|走|骑|开)?到|打车|出租|网约车|滴滴|公交|地铁|路车"),
    _piece("车牌|车型", "plate", "(?!)"),
    _piece("警号|经办民警", "", "警号|姓[\u4e00-\u9fff]|[0-9]{5,6}"),
    _piece(
        "什么声音", "", "喇叭|音[箱响乐]|唱|跳舞|广场舞|装修|电钻|砸墙|狗叫|麻将|琴|脚步|施工|鼓|叫卖|吵架|跑跳|拖桌|剁"
    ),
    _piece("现在还(?:响|在)", "", "现在|这会儿|正[在跳唱响打吵]|还在|又开始"),
    _piece("多少钱|欠多少|值多少|损失多少", "amount", "[0-9一二两三四五六七八九十百千几]+(?:万|千|百)"),
    _piece(
        "多久|堵了多久",
        "",
        "[0-9一二两三四五六七八九十半几]+(?:多|来)?个?(?:小时|钟头|天|周|星期|礼拜|月|年)|[一半]个?(?:上午|下午|天|宿|晚)",
    ),
    _piece("多少人|人数|几个人", "", "[0-9一二两三四五六七八九十几]+(?:多|来|几)?(?:个|人|口|号人)|一[帮伙群]|俩|仨"),
    _piece(
        "什么品种|多大(?!数)",
        "",
        "泰迪|金毛|柯基|比熊|哈士奇|柴|博美|拉布拉多|串|土狗|笨狗|田园|贵宾|萨摩|边牧|法斗|吉娃|橘猫|狸花|英短|布偶",
    ),
    _piece("什么东西|捡到的是什么|丢了什么", "", _THING),
    _piece("什么样子|颜色", "", _LOOKS),
    _piece("单位或老板|谁欠谁|商家或房东的名称", "", "工头|老板|包工头|公司|单位|厂|店|房东"),
    _piece("合同|考勤|记录|借条|小票", "", "合同|记工|考勤|借条|欠条|聊天|微信|转账记录|截图|小票|发票"),
    _piece("几点|哪天|什么时候|时间|哪年", "time", "天天|每天|整天|经常|老是|后半夜|一到(?:晚|夜)|周末|礼拜"),
    _piece("在哪|哪儿|哪里|地点|地址|位置|门牌|小区|哪条路|什么地方", "place", _PLACE),
)
"""What guidance asks for; the first that a piece's words fit says what answers it."""


def only_missing(text: str, story: Sequence[str]) -> str:
    """A guidance that asks for what a story lacks, in one line; as it is where it asks for nothing, or for nothing
    that has been told."""
    found = _SENTENCE.search(text)
    if found is None:
        return text
    pieces = _BETWEEN.split(found["asked"])
    left = list(_missing(pieces, story))
    if len(left) == len(pieces):
        return text
    asked = f"{found['head']}：{''.join(left).lstrip('，、')}。" if left else ""
    lines = f"{text[: found.start()]}{asked}{text[found.end() :]}".split("\n")
    return "\n".join(line for line in lines if line.strip())


def _missing(pieces: Iterable[str], story: Sequence[str]) -> Iterable[str]:
    kinds = kinds_named(story)
    said = "，".join(form for one in story for form in (normalise(one), unspaced(one)))
    for piece in pieces:
        rule = next((one for one in _PIECES if one.asked.search(piece)), None)
        if rule is None or not rule.told(kinds, said):
            yield piece
