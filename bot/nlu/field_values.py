"""One field's value in a text, by the field's kind; what only looks like a value of it gives none."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from bot.nlu import values
from bot.nlu.entities import StationEntities
from bot.nlu.forms import PHOTO, Field, Forms
from bot.nlu.names import is_name
from bot.nlu.values import BadValueError
from bot.nlu.wording import any_of, asks, size

EDGES = re.compile(r"^[\s,，。.、:：是叫为了]+|[\s,，。.、!！~～啊呀呢哈吧呗嘞的了]+$")
HOUSE = re.compile(r"[0-9一二三四五六七八九十零]+\s*(?:号|栋|楼|单元|室|-)")
_ADDRESS = re.compile(r"[路街巷号栋楼室屯村]|小区|社区|家园|花园|公寓|单元|胡同")
_ADDRESS_LEAD = re.compile(
    r"^.*?(?:地址(?:是|在|[:：])?|现?住址(?:是|[:：])?|现在|[家店厂][在是]|单位在|搬到了?|养在|住)(?:住|在|的?(?:地方|地儿|那?块儿?)?(?:其实|应该|就)*[是在]|的\s+)*\s*"
)
_LIVES = re.compile("(?:那)?(?:租|居|就)?住(?:着|的|呢)*$")
"""The verb behind an address: 搁草仓路29号住."""
_ADDRESS_AT = re.compile(
    "^(?:[跟和与][^，,。\\s\\d]{1,6}?|就|都|也|租|住)*[在搁](?=.{2})|^那个(?=[\u4e00-\u9fff]{2})|^就(?=.{4})"
    "|^家(?=[\u4e00-\u9fff]{2}[区街路])"
)
_WHOSE_HOME = re.compile(
    "[\\s,，]*(?:[我俺]|是)*(?:大?儿子|闺女|女儿|姑娘|对象|媳妇|婆婆|公公|[爸妈姥爷奶]|自己)家(?:住|里|这)*$"
)
_NO_ADDRESS = re.compile(r"身份证|电话|手机|尾号|后四位|\d{7}|[我你他她它们不了吗呢刀打砍抢杀死救火快]")
_NO_PART_OF_ADDRESS = re.compile(r"身份证|电话|手机|上班|干活|打工|\d{7}|\d[月年]|[吗呢么]$")
_ADDRESS_BESIDE = re.compile(r"那边|这边|旁边|附近|对面|院|后身|楼下|路口")
_SOMEBODY_THERE = re.compile("[他她刀打砍抢杀死救火快堵砸]|有人|旁边")
_ONLY_AREA = re.compile("[\u4e00-\u9fff]{1,6}[区市镇]")
WHOLE_ADDRESS = "地址请写到门牌号，比如“大东路1号2单元301”。"
_NEIGHBOURHOOD = re.compile("^(?:现在|目前|家)?住(?!在?(?:.{1,6}[省市县旗]))|^[^省市县旗]{2,6}(?:社区|小区)$")
"""Where somebody lives in this city: 住东逸社区."""
_REGION = re.compile(
    r"北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|"
    r"甘肃|青海|台湾|内蒙古?|广西|西藏|宁夏|新疆|香港|澳门|大连|鞍山|抚顺|本溪|丹东|锦州|营口|阜新|辽阳|盘锦|铁岭|朝阳|葫芦岛|"
    r"长春|四平|通化|白城|松原|延边|哈尔滨|齐齐哈尔|牡丹江|佳木斯|大庆|赤峰|通辽|[\u4e00-\u9fff]{2,6}[省市县旗]"
)
_REGION_LEAD = re.compile(
    r"^.*?(?:户口(?:所在地|落)?(?:在|是)?|户籍(?:地|所在地)?(?:在|是)?|老家(?:在|是)?|籍贯)\s*[:：]?"
)
_REGION_WAY = re.compile(
    "^(?:[从由]|其实|后来|现在|目前|去年|前年|今年|早就?|已经|都|就|还|刚|才|又|给?(?:迁(?!西县|安市)|落|转|挪|搬|调|改|上)(?:户)?(?:回|过)?(?:到|在|去|至)?了?|在|到)+"
    "(?=[\u4e00-\u9fff]{2})"
)
_REGION_TAIL = re.compile(
    "(?:(?<=[\u4e00-\u9fff]{2})(?:过去|过来|回去|去|来)|户口|户籍|老家|人|的|了|[那这](?:边|块?儿|里|头|块|面)|呢|啊|呀|哈|嘛)+$"
)
"""What is told of how a registration came to a region, and behind its name: 早迁鞍山去了."""
_I_AM_FROM = re.compile(r"^.*?(?:我是|我们?家?在|俺是|是)\s*")
_ADMINISTERED = re.compile("[\u4e00-\u9fff]{2,20}[省市县旗区盟州乡镇](?=[\u4e00-\u9fff\\d])")
"""The areas in front of the street of a household register."""
_WHOLE_REGION = re.compile("[\u4e00-\u9fff]{3,20}[省市县旗区盟州乡镇村屯]")
_ANY_REGION = re.compile("[\u4e00-\u9fff]{2,12}")
_NO_REGION = re.compile(
    "[我你他她它们不没吗呢了么办谁啥哪怎咋再说等后看想要问填写发给来去做有在好行谢是租]|这里|这边|本地|当地|外地|城市|农村|老家|以前|现在"
    "|房子|房东|合同|个月|半年|[一两几多]年|上班|工作|工地|单位|公司|打工|手机|电话|身份证"
    "|[课补错页]|地址|刚才|一共|照片|图片|继续|提交|确认"
)
_NO_PART_OF_REGION = re.compile("[个伙雇招是来在我俺咱他她的]")
"""What stands before a region and is none of its name: 雇个小伙黑龙江的."""
_OF_A_REGION = re.compile(
    "(?:市|省)?(?:的|那个|那张|这个|这张)*(?:(?:手机|电话|座机|银行|老|旧|新)*[号卡]|手机|电话|[车牌话菜味店馆]|老板|房东|老乡|朋友|亲戚|同学|同事|客户)(?!村|镇|乡|屯)"
)
"""What is named by a region and is nobody's registration: 河南号, 吉林牌照."""
_NO_HOME = re.compile("户口本|迁|集体|页|簿|号|转|派出所|才|刚|变|上学|改")
"""What is told of a registration, and not where it is."""
_REGION_END = re.compile("过?来|的|户口|人|[\\s,，。]")
_HERE = re.compile("沈阳|大东区|沈河区|和平区|皇姑区|铁西区|浑南区|于洪区|苏家屯区|沈北新区")
_OF_HERE = (
    "户口就在沈阳市区的，不用办居住证，外地户口才办。写错了就重发，比如“吉林四平”；"
    "拿不准的回“转人工”问民警，不办了回“不办了”。"
)
_BASE = "黄白黑棕灰红金银咖奶杂花褐蓝赤橘橙青麻栗米"
_COLOUR = re.compile(
    rf"(?:[浅深纯全淡]?[{_BASE}](?:不拉几|了吧唧|不溜秋|不溜丢|乎乎|灿灿|黢黢|[{_BASE}啡油毛色的相间底肚背爪嘴头尾夹加带点条斑和跟与])*)+"
    r"|虎斑|三花|香槟|巧克力|[\u4e00-\u9fff]{1,4}色"
)
_PLAIN_COLOUR = re.compile(r"色|[的]$|相间|底|不拉几|了吧唧|不溜|乎乎")
_NO_COLOUR = re.compile("[啥哪么特景气脸货红绿]色")
_COLOUR_BESIDE = re.compile(rf"[{_BASE}]{{1,4}}色|[{_BASE}]{{2,4}}(?=的)")
_COAT = rf"(?:[浅深纯全]?[{_BASE}]){{1,4}}"
_COAT_CHARACTERS = 20
_PART_COLOURED = re.compile(
    rf"[{_BASE}](?:的|色|了|点|爪|肚|嘴|耳|尾|背|斑|花)|(?:有点|带点?|是|全|都)[{_BASE}]|(?:[背身头][上部]?)[{_BASE}]"
)
_NO_COAT = re.compile("[0-9打叫针疫不没错证办我他她你]|名|品种")
_LETTERS = "[\u4e00-\u9fffa-z0-9]"
_DOG_CALLED = re.compile(
    r"(?:(?:狗狗?子?|(?<!狂)犬|它|小家伙|宠物|毛孩子|宝贝|金毛|泰迪|柯基)\s*(?:的)?(?:大名|小名|名字?|名儿)?|狗名|(?:大|小)名)"
    rf"\s*就?(?:[叫是]|名叫|叫做|名字[叫是])\s*({_LETTERS}{{1,8}})",
    re.IGNORECASE,
)
_CALLED = re.compile(rf"(?<![我俺])(?:叫|喊|唤)(?:它|他|她|做|作)?\s*({_LETTERS}{{1,8}})", re.IGNORECASE)
_BARKS = re.compile("[唤声宿夜晚天吵得个不没着]|一|半|两|三|起来")
"""What follows 狗叫 where it barks."""
_BARKING = re.compile("[唤声那这]|一?整?[宿夜晚]|一天|半[宿夜]|个不|得")
"""What is told of barking, or of which dog, and is no name."""
_DOG_NAME_END = re.compile(
    "[是的，,]|一[个只条]|另一|今年|品种|公的|母的|[一两三四五六七八九十0-9]+岁|就行|来着|了$|呗$"
)
_WORDS_LEAD = re.compile(
    "^(?:(?:我家的?|我们家的?|家里|它|他|这狗|那狗|小狗|狗狗|狗子|狗|大名|小名|名字|品种|毛色|颜色|的|就|也|是|应该|大概)*(?:叫做?|是)(?:个|只|条)?"
    "|(?:我家|品种|毛色|颜色|名字|大名|小名)[\\s:：]*)"
)
_SHORT = 8
_NO_BREED = re.compile(
    "[我你他她它这那有养没不了给遛打丢找啥哪]|^[小大公母老黑白黄花灰棕]狗$|^[小大老]?[公母]|流浪|名犬"
)
_UNASKED = re.compile(
    "(?:它|狗|狗狗|就|还|也|都|今年|大概|差不多|快|刚|已经|是|个|只)*(?:(?:小?[公母]|弟弟|妹妹)(?:狗|犬|的)*|"
    "[0-9一两二三四五六七八九十去今前大][0-9一两二三四五六七八九十去今前大年月日号.-]*(?:出?生日?)|[0-9一两二三四五六七八九十半]+(?:周?岁|年|个?月)(?:半|多|大)*|(?:做过?|没做?)?绝育|体重?|[0-9一两二三四五六七八九十半]+(?:公斤|斤))"
    "(?:了|的|啦|大)*"
)
_NOT_IN_FORM = {
    "年龄": re.compile("岁|年龄|出生|生日|[0-9一两二三四五六七八九十半]个?(?:多|半)?月(?:大|了)"),
    "公母": re.compile("[公母](?:的|狗|犬|$)|公母|性别|弟弟|妹妹"),
    "体重": re.compile("体重|斤"),
    "绝育": re.compile("绝育"),
}
"""What dogs are told of by its words, and no form asks for."""
_BORN = re.compile("出生|生日|[年月日号]生|怀孕|怀[了着上]|身孕|孕期|坐月子|满月(?!前)")
_NO_WORDS = re.compile(
    r"^(?:你好|您好|在吗|谢谢|好的?|嗯+|是的?|有人吗|哈+|喂|啊+|等等|等一下|等会儿?|稍等|不知道|不清楚|忘了|没有|还没|收到|哦+)$"
)
_DENIED = re.compile("[不没](?:去|在|有)?(?:上班|工作|打工|干活|念书|读书|上学)")
TOO_EARLY = "居住证要在这儿住满半年。"
"""What is told first to whoever has not lived here long enough."""
_FULL_HALF_YEAR = (
    TOO_EARLY + "从{since:%Y-%m-%d}算，到{full:%Y年%-m月%-d日}满半年，到时候再办；日期写错了就重发一个。"
    "没满半年也要先做居住登记，问我“租房怎么登记”就行。"
)
_NOT_REMEMBERED = re.compile("哪天忘|忘了|记不清|想不起|不记得")
_AGED = re.compile("[0-9一二三四五六七八九十两几]+(?:周|虚)?岁")
_LIVES_THERE = re.compile("^[我俺咱]?(?:现在|目前)?住")
_THIS_YEAR = re.compile("今年(?!年?初|开春|春|过)")
_MONTH_TOLD = re.compile(r"月|\d[./-]\d")
_WHICH_MONTH = "今年几月？写上月份就行，比如“今年三月”。"
_TOO_LONG_AGO = "这针是{day:%Y-%m-%d}打的，已经超过{months}个月了，先去补打狂犬疫苗，再发新的日期；写错了就重发一个。"
_BANNED = "{breed}在本所的禁养名单里，重点管理区不能办证。品种写错了就重发一个，不办了回“不办了”。"

_NOT_VACCINATED = re.compile(
    "(?:没|还没|未|没有)(?:有|给|[它他她])*(?:打|接种|注射)(?![错])|(?:打|接种)不了|不(?:想|敢|能|让)(?:给[它他她])?打"
)
"""That there was no vaccination yet."""
_HOW_OLD = re.compile(
    "(?:[0-9一二两俩仨三四五六七八九十几半]+个|[两俩仨])(?:多|半|来)*月(?!前|.{0,2}(?:之前|以前))"
    "|[0-9一二两俩仨三四五六七八九十几半]+(?:多|半|来)*(?:岁|周(?![一二三四五六日天末])|天)(?!前|.{0,2}(?:之前|以前))"
)
_AGE_WORDS = re.compile("才|刚|快|大|岁|小")
"""How long a dog has lived, and no day: 才俩月, 三个月大."""
_MONTH_OR_YEAR = re.compile(r"(\d{4})(?:-(\d{2}))?")
_ADDRESS_LETTERS = 40
_STREET_NAMED = re.compile("[路街巷里院村屯]|小区|社区|家园|花园|公寓|胡同")
_ESTATE_ALONE = re.compile("(?:[\u4e00-\u9fff]{2,8}(?:社区|小区|家园|花园|公寓|区|苑|里|路|街))")
_LIVES_IN = re.compile(
    "(?:[我俺咱](?:们)?)?(?:现在|目前|家)?(?:就|都|租)?(?:住在?|家在|在)([一-鿿]{2,8}?(?:社区|小区|家园|花园|公寓|新村))(?:里|那边|那儿|这边)?"
)
_ADDRESS_PART = re.compile(
    "[0-9一二三四五六七八九十零]+(?:(?:号楼|号院|号|栋|楼|单元|室|门|层|-)[0-9一二三四五六七八九十零]*)*"
)
_FLAT_BEHIND = re.compile(r"-?\d+(?:-\d+)*(?![\d号路楼栋])")
_ADDRESS_REMARK = re.compile(
    "[\\s,，。]*(?:[我俺]?(?:是|都|就)*(?:合租|整租|租)(?:的|着|了|住)|[没无](?:有|签|给)*合同|有合同|房东|自己(?:的房|买)|买的|[我俺](?:们)?(?:一?家|自己|跟|和|在|是|住)|跟|"
    "(?:都|已经|快)*住了|[一两三四五六七八九十几0-9]+(?:个月|年)|一个月[0-9一两三四五六七八九十]|电话|手机|身份证|老家|户口|上班|干活|离|挨着|不远|就行|行吗|中不|没房本|有房本)"
)
"""What is told behind an address, and is no part of it."""
_ADDRESS_FILLER = re.compile(
    "(?<=[路街巷])(?:那|这)?(?:边|块儿?)?(?:合?租|住|买)的[\\s,，]*(?=[0-9一二三四五六七八九十])"
    "|(?<=[区路街号栋楼院边面])[那这]个|呃+|嗯+|(?<=[区路街号])啊"
)
_NO_BEGINNING = "我你他她它俺咱的是在住家搬到了就现养租这那有从去来叫和跟也都还写改成换址"
_IN_BEGINNING = f"(?:(?![{_NO_BEGINNING}])[\u4e00-\u9fff])"
_PART_OF_WORD = re.compile(f"(?:^|[^\u4e00-\u9fff]|[{_NO_BEGINNING}])({_IN_BEGINNING}{{1,2}})$")
_ESTATE_BEFORE = re.compile(
    f"(?:(?:沈阳市|大东区|{_IN_BEGINNING}{{1,4}}(?:社区|小区|家园|花园|公寓|新村|街道|区|苑))[\\s,，]*){{1,3}}$"
)
_STREET = re.compile("[路街巷]|胡同")
_STREET_BEFORE = re.compile(f"{_IN_BEGINNING}{{1,4}}(?:[路街巷]|胡同)[\\s,，]*$")
"""The street before what was found without one: 北海街 汽车配件厂后院 2号宿舍楼."""
_PARTS_BEHIND = re.compile(
    r"(?:[\s,，]*[0-9一二三四五六七八九十]+(?:号楼|号院|栋|楼|单元|室|门|层|号)(?![0-9年月日]))+(?:[\s]*\d{1,4}(?!\d))?"
)
"""What belongs to the beginning of an address: the first letters of a word, the estate before its street."""


@dataclass(frozen=True)
class FieldReader:
    """Reads fields in the answer to one question of a form (`requested`)."""

    forms: Forms
    requested: str | None
    today: date
    entities: StationEntities

    def value(self, entry: Field, text: str, *, asked: bool) -> Any:
        """A field's value in a text, None when there is none. Raises BadValueError.

        `asked`: the text is the answer to this field's question, or stands where one would.
        """
        readers: dict[str, Callable[[str], Any]] = {
            PHOTO: lambda _: None,
            "name": partial(values.name, asked=asked),
            "id_number": partial(values.identity_number, today=self.today, adult=bool(entry.settings.get("adult"))),
            "phone": values.phone,
            "address": self._address,
            "region": partial(self._region, asked=asked and self.requested == entry.name),
            "date": partial(self._date, entry),
            "words": partial(self._of_dog, entry.name),
            "breed": partial(self._breed, asked=asked),
            "choice": partial(_choice, entry),
        }
        return readers[entry.kind](text)

    def is_of_address(self, piece: str) -> bool:
        """Whether a piece of a message can be a part of an address."""
        if _NO_PART_OF_ADDRESS.search(piece) or self.forms.breed_words(piece):
            return False
        said = _ADDRESS_LEAD.sub("", _LIVES.sub("", piece))
        return bool(_ADDRESS.search(said) or HOUSE.search(said) or _ADDRESS_BESIDE.search(said)) or any(
            found.kind == "place" for found in self.entities.read(said)
        )

    def _address(self, text: str) -> str | None:
        text = without_remarks(text)
        said = _WHOSE_HOME.sub("", _ADDRESS_AT.sub("", EDGES.sub("", _ADDRESS_LEAD.sub("", _LIVES.sub("", text)))))
        asked = self.requested == "address"
        if asked and _ONLY_AREA.fullmatch(said) and not asks(text):
            raise BadValueError(WHOLE_ADDRESS)
        if (
            len(said) < 4
            or _NO_ADDRESS.search(said)
            or not (_ADDRESS.search(said) or any(found.kind == "place" for found in self.entities.read(said)))
        ):
            return None if asks(text) else self._house_named(text)
        if not re.search(r"[0-9一二三四五六七八九十]", said) and asked:
            raise BadValueError(WHOLE_ADDRESS)
        return said if size(said) <= _ADDRESS_LETTERS else self._house_named(text)

    def address_told(self, text: str) -> str | None:
        """The address that a message told, whatever it was about, without what is only near it."""
        return next(iter(self.addresses_told(text)), None)

    def addresses_told(self, text: str) -> list[str]:
        """All the addresses with a house that a message told, in their order."""
        pieces = [piece for piece in re.split(r"[\s,，。;；!！?？]+", text) if piece]
        houses = [at for at, one in enumerate(pieces) if HOUSE.search(one) and _STREET_NAMED.search(one)]
        return list(dict.fromkeys(filter(None, (self._address_at(pieces, house) for house in houses))))

    def _address_at(self, pieces: Sequence[str], house: int) -> str | None:
        """The address of which this piece has the house."""
        first, last = house, house + 1
        while first and _ESTATE_ALONE.fullmatch(pieces[first - 1]):
            first -= 1
        while last < len(pieces) and _ADDRESS_PART.fullmatch(pieces[last]):
            last += 1
        run = [_ADDRESS_LEAD.sub("", _LIVES.sub("", pieces[first])), *pieces[first + 1 : last]]
        whole = re.sub("(?<=[号楼元栋院]) ", "", " ".join(run))
        with suppress(BadValueError):
            if told := self._address(whole):
                flat = _FLAT_BEHIND.match(whole, whole.find(told) + len(told)) if told in whole else None
                return told + flat.group() if flat else told
        return None

    def _house_named(self, text: str) -> str | None:
        """The last place with a house number among other words: 我搬家了现在住津桥路十八号楼三单元."""
        if _SOMEBODY_THERE.search(text):
            return None
        places = [found.text for found in self.entities.read(text) if found.kind == "place"]
        whole = next((place for place in reversed(places) if HOUSE.search(place) and _ADDRESS.search(place)), None)
        if places and not whole and self.requested == "address" and not re.search(r"\d", text):
            raise BadValueError(WHOLE_ADDRESS)
        flat = _FLAT_BEHIND.match(text, text.rfind(whole) + len(whole)) if whole else None
        return f"{whole}{flat.group()}" if flat else whole

    def _region(self, text: str, *, asked: bool) -> str | None:
        said = _REGION_LEAD.sub("", text) or text  # 唐山路南区的户口
        if said != text and HOUSE.search(said) and (area := _ADMINISTERED.match(said)):
            said = area.group()  # 户口在通辽市科尔沁区霍林河大街114号
        said = said if _REGION.match(said) or said != text else _I_AM_FROM.sub("", said)
        said = EDGES.sub("", _REGION_TAIL.sub("", EDGES.sub("", _REGION_WAY.sub("", said))))
        known = _REGION.search(said) if 2 <= len(said) <= 30 else None
        if known and _OF_A_REGION.match(said, known.end()):
            return None  # what only comes from there: 那个河南号要停了
        if known and (_NO_REGION.search(said) or _NO_PART_OF_REGION.search(said[: known.start()])):
            said = _REGION_END.split(said[known.start() :])[0] or said  # 我从黑龙江来给我闺女看孩子
        if HOUSE.search(said) or _NEIGHBOURHOOD.search(said):
            return None  # where one lives, and not where one is registered
        if _HERE.search(said) and (asked or "户口" in text) and not (asks(text) or _LIVES_THERE.search(text)):
            raise BadValueError(_OF_HERE)
        labelled = _REGION_LEAD.match(text) and not _NO_HOME.search(text) and len(said) <= _SHORT
        if known or (
            (asked or labelled) and not asks(text) and _ANY_REGION.fullmatch(said) and not _NO_REGION.search(said)
        ):
            return said
        return None

    def _date(self, entry: Field, text: str) -> str | None:
        found = values.day(text, today=self.today)
        if found is None or (_BORN.search(text) and not any(word in text for word in entry.settings.get("about", ()))):
            return None
        if _AGED.search(text) and not _MONTH_TOLD.search(text):
            return None  # 今年四岁了
        if not entry.months_needed and self._not_done(entry, text):
            return None
        months = values.months_between(found, self.today)
        if _NOT_REMEMBERED.search(text) and not re.search(r"\d", text):
            return None
        if entry.months_needed and _THIS_YEAR.search(text) and not _MONTH_TOLD.search(text):
            raise BadValueError(_WHICH_MONTH)
        least, most = entry.months_needed, entry.settings.get("within_months")
        if least and months < least:
            raise BadValueError(_FULL_HALF_YEAR.format(since=found, full=values.months_after(found, least)))
        latest = found if values.tells_the_day(text) else values.months_after(found, 1)  # 去年12月 may be its last day
        if most and values.months_between(latest, self.today) >= most:
            raise BadValueError(_TOO_LONG_AGO.format(day=found, months=most))
        return as_told(found, text)

    def _not_done(self, entry: Field, text: str) -> bool:
        """Whether a text tells that there was no vaccination yet, or nothing but how old the dog is: 才俩月."""
        if not_vaccinated(text):
            return True
        told = any(word in text for word in entry.settings.get("about", ()))
        told = told or (self.requested == entry.name and not _AGE_WORDS.search(text))
        return bool(_HOW_OLD.search(text)) and not told

    def _of_dog(self, name: str, text: str) -> str | None:
        said = _of_dog(name, text)
        bare = said is not None and self.forms.breed_words(said) == said
        return None if bare and not (name == "dog_name" and dog_called(text, asked=True)) else said

    def _breed(self, text: str, *, asked: bool) -> str | None:
        known = self.forms.breed(text)
        if known is None:
            return words(text) if asked else None
        if known in self.forms.banned:
            raise BadValueError(_BANNED.format(breed=known))
        return known


def not_vaccinated(text: str) -> bool:
    """Whether a text says that there was no vaccination yet."""
    return bool(_NOT_VACCINATED.search(text)) and not re.search("[没还]?打没打|打了没", text)


def as_told(found: date, text: str) -> str:
    """A day as exactly as a text tells it: a month or a year that is told stays one, and becomes no day."""
    if values.tells_the_day(text):
        return found.isoformat()
    return f"{found:%Y-%m}" if values.tells_the_month(text) else f"{found:%Y}"


def in_words(told: str) -> str:
    """A month or a year that `as_told` kept, as people read it; "" for a day."""
    month = _MONTH_OR_YEAR.fullmatch(told)
    return f"{month[1]}年" + (f"{int(month[2])}月" if month[2] else "") if month else ""


def estate(text: str) -> str:
    """The estate that a text says one lives in, when it says nothing else: 住东逸社区."""
    match = _LIVES_IN.fullmatch(EDGES.sub("", text))
    return match[1] if match else ""


def without_remarks(text: str) -> str:
    """An address without what is told beside it: 万泉街十九号院那个平房租的没有合同."""
    house = HOUSE.search(text)
    remark = _ADDRESS_REMARK.search(text, house.end()) if house else None
    said = text[: remark.start()] if remark else text
    return _ADDRESS_FILLER.sub("", said) if house else said


def extended(text: str, found: str) -> str:
    """The address that was found in a text with what of its beginning was left out: 魁 of 魁星社区, the estate before
    the street."""
    at = text.find(found)
    if at < 0:
        return found
    before, behind = text[:at], text[at + len(found) :]
    if HOUSE.search(found) and (parts := _PARTS_BEHIND.match(behind)):
        found += parts.group().rstrip(" ,，")
    lead = _PART_OF_WORD.search(before)
    if lead and not is_name(lead[1]):
        return before[lead.start(1) :] + found
    estate = _ESTATE_BEFORE.search(before) or (None if _STREET.search(found) else _STREET_BEFORE.search(before))
    return before[estate.start() :] + found if estate else found


def colour(text: str) -> str | None:
    """A colour, when a text is nothing else: 黄白, 黄不拉几的, 椒盐色."""
    said = EDGES.sub("", re.sub("^(?:毛色|颜色)[是为:：]*", "", text.strip()))
    return said if _COLOUR.fullmatch(said) and not _NO_COLOUR.search(said) else None


def plainly_colour(text: str) -> str | None:
    """A colour that can be nothing else, as 花花 and 小黑 could be a name: 黑色, 白的."""
    found = colour(text)
    return found if found and _PLAIN_COLOUR.search(text) else None


def colour_in(text: str) -> str | None:
    """A colour named among other words: 一只黄白色的小土狗."""
    match = _COLOUR_BESIDE.search(text)
    return match.group() if match else None


def coat_of(breed: str, text: str) -> str | None:
    """A colour that is told right beside the breed: 狗是京巴白的叫豆豆, 一只黑的小泰迪."""
    name = re.escape(breed)
    match = re.search(
        f"{name}(?:犬|狗|毛|是)*(?P<behind>{_COAT}色?)(?:的|(?<=色))(?![钱时日])|(?P<before>{_COAT}色?)的[小大]?{name}",
        text,
    )
    return (match["behind"] or match["before"]) if match else None


def coat(text: str) -> str | None:
    """How a coat is described in more words than a colour, when a text is nothing else: 白的耳朵尖儿上有点黄."""
    said = " ".join(EDGES.sub("", re.sub("^(?:毛色|颜色|毛)[是为:：]*", "", text.strip())).split())
    told = 2 <= len(said) <= _COAT_CHARACTERS and _PART_COLOURED.search(said) and not _NO_COAT.search(said)
    return said if told and not asks(said) else None


def dog_called(text: str, *, asked: bool) -> str | None:
    """What a text says that the dog is called; asked for its name, "叫豆豆" is enough."""
    match = _DOG_CALLED.search(text) or (_CALLED.search(text) if asked else None)
    if match is None or asks(match.group()):
        return None
    said = EDGES.sub("", _DOG_NAME_END.split(match[1])[0])
    whose = "是" in match.group() and re.match("[我你他她它谁俺咱]", said)  # 狗是他养的
    return said if said and not (whose or _NO_WORDS.match(said) or _BARKING.match(said)) else None


def dog_called_only(text: str) -> str | None:
    """What the dog is called, where a text says nothing else: 狗叫妞妞, and not 狗叫一宿."""
    match = _DOG_CALLED.fullmatch(EDGES.sub("", text))
    called = dog_called(text, asked=False)
    return called if match and called and not _BARKS.search(called) else None


def words(text: str) -> str | None:
    """A short phrase without the words around it."""
    said = EDGES.sub("", _WORDS_LEAD.sub("", text.strip())) or EDGES.sub("", text.strip())
    if not 0 < len(said) <= _SHORT or _NO_WORDS.match(said) or said.isdigit() or unasked(said):
        return None
    return said


def far_region(text: str) -> bool:
    """Whether a text is nothing but a region of another place, down to a town or village: 赤峰市翁牛特旗乌丹镇."""
    said = EDGES.sub("", text)
    return bool(_REGION.match(said) and _WHOLE_REGION.fullmatch(said)) and not _HERE.search(said)


def any_region(text: str) -> bool:
    """Whether a text names a region: 内蒙, 吉林四平."""
    return bool(_REGION.search(text))


def unasked(text: str) -> bool:
    """Whether a text tells nothing but what no form asks for: a dog's sex, age, size, that it is neutered."""
    return bool(_UNASKED.search(text)) and not re.sub(r"[\W_]", "", _UNASKED.sub("", text))


def not_in_form(text: str) -> str:
    """What a text tells of a dog that no form asks for: 年龄, 公母; "" for none."""
    return "、".join(what for what, words in _NOT_IN_FORM.items() if words.search(text))


def unknown_breed(text: str) -> str | None:
    """A breed that no list holds, by its last letter, when a text is nothing else: 小鹿犬."""
    match = re.fullmatch("(?:是|一?[只条个])*([\u4e00-\u9fff]{2,5}[犬狗])", EDGES.sub("", text))
    return match[1] if match and not _NO_BREED.search(match[1]) else None


def _of_dog(name: str, text: str) -> str | None:
    if name == "dog_name":
        return values.told_again(text) or dog_called(text, asked=True) or words(text)
    return colour(text) or coat(text) or colour_in(text) or words(text)


def choices_told(entry: Field, text: str) -> dict[str, int]:
    """The choices that a text has words of, each with the letters of its longest."""
    choices: Mapping[str, list[str]] = entry.settings["choices"]
    text = _DENIED.sub(" ", text)
    told = {
        choice: max((len(found) for found in any_of(known).findall(text)), default=0)
        for choice, known in choices.items()
    }
    return {choice: letters for choice, letters in told.items() if letters}


def denies(entry: Field, choice: str, text: str) -> bool:
    """Whether a text says that a choice is not so: 现在不上班了."""
    known = any_of(entry.settings["choices"][choice])
    return any(known.search(denied) for denied in _DENIED.findall(text))


def _choice(entry: Field, text: str) -> str | None:
    told = choices_told(entry, text)
    return max(told, key=lambda choice: told[choice], default=None)
