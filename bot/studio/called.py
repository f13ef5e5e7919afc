"""Who is named by how they are introduced: 我叫高兴, 外号二驴, 我是小红她妈, 我叫阿布都热合曼.

What stands there is a name whatever word it is. Names in running text are found by `bot/studio/named.py`, those in
Latin letters by `bot/studio/romanised.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.nlu.names import COMPOUND, SINGLE
from bot.studio.named import GIVEN, HAN, KIN, is_ordinary

_H = f"[{HAN}]"
_SURNAME = f"(?:{'|'.join(COMPOUND)}|[{''.join(SINGLE)}])"

_KNOWN_FOR = (
    "今年|今天|昨天|[0-9一二三四五六七八九十]{1,3}岁|电话|手机|身份|家住|住|家里|就行|"
    "走丢|走失|失踪|不见|没放学|离家|丢了|来自|要跳楼"
)
"""How it goes on behind a name."""
_CALLED = re.compile(
    rf"(?:(?:我|俺|他|她|人|个|{KIN})叫|叫做|名叫|名字(?:叫|是)|(?:姓名|大名|本名|真名)[是:为])\s?"
    rf"(?P<inner>(?:(?!的|{_KNOWN_FOR}){_H}){{2,4}}?)(?=的|{_KNOWN_FOR}|[^{HAN}]|$)"
    rf"|叫我(?P<too>(?:(?!就|吧|好了){_H}){{2,3}})(?=就行|就好|吧|好了)"
    rf"|(?:(?:都|[叫喊管]|大家|人家|家伙)[叫喊][他她])"
    rf"(?P<them>(?:[老小大阿三二六]{_H}|{_H}(?:子|哥|姐|爷)){_H}?)(?=$|[^{HAN}])"
)
"""Where a name stands whatever word it is: 我叫高兴."""
_CALLED_FOR = re.compile(
    "[人他她它你您我咱妈爸爹娘爷奶叔姨哥姐弟妹姑舅岳公婆警车个一两几了去来到不醒唤喊嚷骂停住回啥哪谁那这也都着过得下上出进开门救外滴嚣交]|"
    "[快某关打先帮别没赶法错邻路同]|什么|大[爷妈姐哥伙家夫声]|家人|保安|物业|民警|派出|医生|师傅|老[公婆师板]"
)
"""What somebody calls for, or what is called out: no name follows 叫."""
_BYNAME = re.compile(
    r"(?:(?<!境)外号|绰号|诨号|(?<![第一二三])人称|昵称|网名|艺名|小名|乳名|花名(?=[叫是])|(?:抖音|快手|微信|微博|qq)名)"
    r"(?P<told>[叫是为:\s]{0,3}+)[“\"'「《]?"
    rf"(?P<inner>(?!怎|什么|[啥谁咋吗呢的了称片])(?:(?!骗|加我|让我|跟我|的(?:[人男网那]|女的)|找不|走丢|今年|就|在)[{HAN}a-z0-9]){{1,10}})"
)
_NO_BYNAME = re.compile(
    "[能可怎太难不吗么了说发换改起用被叫都一和跟与数我你他她它这那给来去行定像刻登写啥谁哪第几会没有看算里要举查]|违法|信息"
)
"""What is in no name unless it is said that one follows (外号叫…): 网名说出去, 小名能上户口吗."""
_NOT_SAID_OF_ONE = re.compile(
    "老师|老板|大哥|大姐|大爷|大叔|小子|小妹|小姐|小孩|老头|老人|老公|老婆|儿子|孩子|傻子|疯子|骗子"
)
_SOUNDS = (
    "坦巴阿艾买提木江古丽娜尔热依克孜合巴特萨如拉仁图雅格日乌兰斯琴娃努其苏吾力迪吐鲁逊汗麦帕肉亚森哈里达布都曼卜杜罕穆默德沙明海山卡夏扎西凯伊米甫卓叶别肯"
    "根高托娅敖登通嘎毕宝音和孟青楞呼吉白来牧锡林玛次平措旺堆才让宗德央金多伽桑丹增"
)
_ROOTS = (
    "买买提|麦麦提|买合|买提|阿卜|阿布|阿不|热合曼|吐尔|吐逊|古丽|尼亚孜|艾合|艾山|努尔|木江|尔江|别克|穆罕|其其格|其木格|格日勒|斯琴|高娃|图雅|巴特尔|"
    "阿拉坦|乌云|萨仁|娜仁|苏日|那日苏|特木尔|卓玛|次仁|扎西|多吉|平措|央金|旺堆|桑吉|丹增"
)
_NO_PERSON = (
    "哈萨克|巴基斯坦|乌兹别克|塔吉克|土库曼|阿尔巴|阿尔及|尼泊尔|阿富汗|伊拉克|乌兰巴托|哈尔滨|齐齐哈尔|牡丹江|海拉尔"
)
_FOREIGN = re.compile(
    r"(?:(?:我|俺|他|她|名字|姓名|户主)[叫是]|名叫|叫做|户主|找|联系)[\s:]?"
    rf"(?P<inner>(?!{_NO_PERSON})[{_SOUNDS}]{{3,12}})"
    rf"|(?<![{_SOUNDS}])(?!{_NO_PERSON})(?=[{_SOUNDS}]{{0,6}}?(?:{_ROOTS}))(?P<too>[{_SOUNDS}]{{4,12}})"
)
"""The sounds of which Uyghur, Kazakh, Mongol and Tibetan names are made: 我是买买提.

Where nobody is introduced, only with a part that is in many of them.
"""
_SURNAMED = re.compile(
    r"(?:我|俺|免贵|本人|他|她|对方|男的|女的|房东|老板|那人|^|[^\u4e00-\u9fff])姓"
    rf"(?P<inner>{_SURNAME})(?!(?!的){_H})|[个位]姓(?P<too>{_SURNAME})(?=的)"
)
_HIDDEN = re.compile(rf"(?P<inner>(?![成单全和时车]){_SURNAME}[x×*○]{{1,2}})(?![a-z0-9×*○光])")
"""陈X: who writes so has somebody in mind."""
_BODY = "瘸子|瞎子|秃子|聋子|哑巴|傻子|拐子|愣子|麻子|胖子|疯子|大脑袋|大个子"
_CALLED_BY_BODY = re.compile(
    rf"(?<!{_H})(?:村里的?|隔壁|那个?|邻居)?"
    rf"(?P<inner>(?![那查练钱管全成时白高花常都满和])[{''.join(SINGLE)}][大小老二三四五六七八九]?(?:{_BODY}))"
)
_DOTTED = re.compile(rf"{_H}{{2,8}}(?:[·•]{_H}{{2,8}})+")
_PARENT = re.compile(
    rf"(?<!{_H})(?:我(?:就)?是|俺是|这是|找)?(?P<inner>"
    "(?!孩子|小孩|小区|老师|(?P<often>[天常时刚明好大慢哥姐弟妹爸妈爷奶叔宝娃姥回个人次年月处家])(?P=often))"
    rf"(?:[小大阿][{''.join(sorted(GIVEN))}]|(?P<twice>{_H})(?P=twice)|(?P<given>[{''.join(sorted(GIVEN))}]{{2}})))"
    "(?=[他她](?:妈|爸|爷|奶|姥|哥|姐)|妈妈?(?!的?心)|爸爸?|奶奶|爷爷|姥姥|姥爷|家长)"
)
"""Whoever is called by a child: 小红她妈, 浩浩爸爸."""


def called(text: str) -> Iterator[tuple[int, int]]:
    """Where in a text (in simplified small characters) somebody is introduced, by whatever name."""
    for pattern in (_DOTTED, _FOREIGN, _SURNAMED, _HIDDEN, _CALLED_BY_BODY):
        yield from (_inner(match) for match in pattern.finditer(text))
    yield from (_inner(match) for match in _PARENT.finditer(text) if not is_ordinary(match["given"] or ""))
    for match in _CALLED.finditer(text):
        start, end = _inner(match)
        if not (_NOT_SAID_OF_ONE if match["them"] else _CALLED_FOR).match(text, start):
            yield start, end
    for match in _BYNAME.finditer(text):
        if match["told"].strip() or not _NO_BYNAME.search(match["inner"]):
            yield _inner(match)


def _inner(match: re.Match[str]) -> tuple[int, int]:
    """The part of a match that is the name."""
    named = ("inner", "too", "them")
    return next((match.span(one) for one in named if match.groupdict().get(one)), match.span())
