"""Who is named in running text.

A stretch of characters is read as jieba reads it, as the likeliest row of words, and among the words stand names: a
surname and a given name (张淑芬), a surname and a title (王老师), a nickname (老王). What stands around a name makes it
likelier: 高峰 is an hour of the day, in 我老公高峰打我 it is a man. Nothing is learnt from the training messages, or
whoever is named there once would be an ordinary word from then on.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain

import jieba
import jieba.posseg

from bot.nlu.entities import StationEntities
from bot.nlu.names import COMPOUND, SINGLE

_Edge = tuple[int, float, int]
"""A word from a place on: where it ends, how likely it is (a logarithm), how many of its characters name somebody."""

# -- of what names are made -------------------------------------------------------------------------------------------

_SURNAMES = {surname: rank for rank, surname in enumerate((*SINGLE, *"骆路蒲麦连边荣储厉芮戈况浦慕初盖满"))}
"""Surnames of one character, the most frequent first."""
_ALSO_WORDS = frozenset("满盖初车房包单全时成戴司保花井代付申卡费高白安周张汤沈蓝段毛门边金木黄明关和常")
_RATHER_WORDS = frozenset("那查练钱管")
"""Surnames that are words, or begin words, more often than names; those that nearly always are."""
_RARE_COMPOUNDS = frozenset(("第五", "百里", "东门", "西门", "南门"))
GIVEN = frozenset(
    "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超霞平桂兰玉萍红玲芬燕彬凤洁梅琳素云莲环雪荣妹香月莺媛瑞凡佳嘉琼勤珍贞莉卿筠柔竹霭凝晓欢枫芸菲寒伊亚宜可姬舒影荔枝思毅俊峰东文辉力永健世广志义兴良海山仁波宁贵福生龙"
    "元国胜学祥武新利清飞富顺子昌成康星光天达安岩中茂进林坚和彪博诚先敬震振壮豪心邦承乐绍功松善厚庆民友裕河哲江浩亮政谦亨奇固之轮翰朗伯宏言若鸣朋斌梁栋维启克伦翔旭鹏泽晨辰士以建家致树炎德泰盛雄琛钧冠策腾楠"
    "榕风航弘怡欣梓涵轩宇雨萱琪妍诗语桐彤悦瑶馨晴萌雅婷婉蕾薇璇璐颖倩珊莎锦黛青美慧巧淑惠珠翠蓉眉君琴蕊露瑾瑜玥诺钰依紫冰菡甜恬曼宸睿昊然皓烨煜炜焕烁熠逸昕昱晟景晖晗智暄桦楷森柏权柱根桓春夏秋冬华花金银宝珏"
    "琦珂珺玮瑛璟石铁钢铭锋锐鑫镇长方圆昭晋普杉杭喜禄寿祖宗耀继绪传忠孝仪礼贤虎豹熊凰鸾鹤鹰雁鸽马骏骥驰大小双一万宽容恩念慈怀忆恒愉愫愿憬懿挺捷效敦斐旋昂易映晶暖望本朴柳柯桃桑梦楚榆槐樱歆毓汉汐沁沐沛沙泉泓"
    "洪津洲浦润淇淼淳渊温源溪滢漫漪澄澜澍灵灿炳烈焱熙爽牧特献率珑理琅琬琰瑗畅益盼睦硕祺禹禾秉程稷穆穗竞童端筱笑箐纪纯绮绿缘罗羽翊翎耘聪肖育舟芊芙芝芮苏苑苒苗茗茜茵荃荷莹菁菊萃萧葵蒙蓓蓝蔚蔓蕴藜虹蝶西谊豫贝"
    "赞越路轶辛远迪迎逊通遥郁铃锡镜阔阳陆陶隆雯雷霄霆霏霖霜韦韬韵音颂颜飘骁高魁鲁麒麟黎默齐龄娥娇娣姣妮妙姝姗婵婧媚嫣嫦嫒婕娴婀娅姿媳丫弟仙芹菱俭勋励南北卓卫印历史合吉同名周咏品唐园圣地坤城培基堂塔增声央奎"
    "奕孔存孟季守官宣宪宾川州帅师希席年幸庄庭延异彦彩彭律微徽必冉卉丛丰丹丁乃久乔乾予京亭亿仲伍众优余侠俏修倚傲儒兆具兼典农凌凯列初劭勃原野男牛兵旗禅相杨儿鱼冲唯醒钗鹃祎旸赟翀昶颢旺财帆墨栓铎铮钊钦铖锴锟鉴闯闻"
    "隽霁靓靖韧颐骅骊骋鲲鸥鹭麓绣绢缨肇胤腊舜艺节芒芷苓苹荟荻菀萤葳蒲蓬蕙薪蘅虞衡裳裴襄许词诏详谛谨赐赢赫轲辅辕辽迅遂邑郡陵隐顾颉馥驹骄鹂扬抒拓择挥捍掌擎攀敖旖昀昃昔晁晏晔晚晞晰曈曙曜朔材果标格桀棋棠棣棉椿"
    "槿樊樵檀歌沅沣沫泊泠浠浣涅涯渝渡渺湖湘湛滔潇潍潜潞澎激濡瀚灏炀炅炫煊煦熹燃燊牡狄玄玖玘玟珈珞珩球琇琏琨琮璋璞璨璧甄甫画盟睫瞳矗碧磬祁祈祐祯稼穹竣笃笙简箫精絮繁纬绎墩"
)
_GIVEN_TOO = frozenset("响进想有水锁库来开发会能才刚全行二三四五千百里上前向自至尚群为常有领引换招定信保立医真爱满时正")
"""Characters of which given names are made, and those of them that are rather words."""
_IN_NO_GIVEN = frozenset(
    "不怎完啊了哪谁啥们这那很也就还再又被把给哦呗嘞的吗呢吧呀么我你您他她它咱俺是在没说要让跟从到过着得叫问找去个些太最都拿吃打骂"
)
_TITLES = frozenset(
    (
        *("先生", "女士", "小姐", "太太", "师傅", "警官", "警察", "民警", "所长", "队长", "老师", "医生"),
        *("大夫", "护士", "老板", "经理", "主任", "科长", "处长", "书记", "局长", "院长", "校长", "律师"),
        *("会计", "大爷", "大妈", "大娘", "大哥", "大姐", "阿姨", "奶奶", "爷爷", "某某", "总", "哥", "姐"),
        *("叔", "婶", "姨", "某"),
    )
)
_FAMILIAR = "老小大阿"
"""What stands before the surname of somebody whom one knows."""
_ORDINARY = frozenset(
    (
        *("白天", "孙子", "孙女", "胡同", "谢谢", "明白", "房本", "白班", "杜高", "童工", "马蜂", "许可", "高中"),
        *("高二", "高三", "高中生", "查清", "黄毛", "扬言", "祝福", "杜宾", "封信", "黎明", "司仪", "周三", "周五"),
        *("周四", "周一", "周二", "周六", "周日", "周天", "周几", "周年", "房东", "胡子", "叶子", "林子", "段子"),
        *("单子", "毛巾", "保安", "保姆", "柯基", "柴犬", "罗威纳", "沈阳", "沈北", "于洪", "张罗", "白面", "白花花"),
        *("岳父", "岳母", "车库", "乐呵", "方特", "车里", "包里", "司机", "银行", "那小子", "那口子", "那旮瘩"),
        *("大熊", "小熊", "小黄车", "小黄鸭", "明星", "阳光", "马路", "马上", "齐全", "成家", "保健", "安保"),
        *("乌克兰", "丁香", "车管", "宿管", "华为", "吉祥", "宁可", "常年", "钱花", "花童", "花圈", "老毛子"),
        *("老黄狗", "甄嬛传", "王朝", "雷雨", "高铁", "大高个", "小马扎", "老赖", "封山", "车锁", "石墩子", "麦克风"),
        *("万圣节", "边牧", "路虎", "金锁", "荣耀", "张扬", "解锁", "许愿", "金元宝", "高超", "韩国", "南门", "北门"),
        *("东门", "西门", "车友", "麻友", "牌友", "官方", "单方", "农民", "门卫", "康养", "齐根", "戴金", "蓝光"),
        *("冷光", "试衣镜", "代驾", "于本", "沈河", "吉林", "高雄", "刘海", "石家庄", "凌源", "早高峰", "晚高峰"),
        *("高峰期", "全家福", "戴红", "戴蓝", "戴眼镜", "戴镜", "戴花镜", "戴上", "戴孝", "练功", "卫健", "申领"),
        *(
            "艾特",
            "鄂伦春",
            "卫星",
            "马虎",
            "李子",
            "付定金",
            "文明",
            "张新",
            "张小",
            "张大",
            "张相",
            "张纸",
            "老房",
            "老远",
            "老鹰",
            "老虎",
        ),
        *("老汉", "老伯", "阿弟", "大修", "黄牛", "小白", "小雨", "高薪", "洪水", "白沫子", "大方"),
    )
)
"""Words in a name's form that jieba does not know, knows as names, or finds too seldom."""

# -- what stands around them ------------------------------------------------------------------------------------------

HAN = "\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
"""The characters, the rare ones too: those stand in names and nowhere else (𬭎, 㛃)."""
KIN = (
    "爸|妈|爹|娘|公|婆|媳妇儿?|丈夫|妻子|爱人|爷|奶|姥姥|姥爷|儿子|闺女|女儿|姑娘|孩子|娃|弟|妹|哥|姐|对象|朋友|男友|女友|前夫|前妻|同事|房东|"
    "室友|邻居|领导|同学|亲戚|叔|姨|舅|姑|婶|侄子|外甥|嫂子?|父亲|母亲|岳父|岳母|发小|老乡|徒弟|师傅|老板"
)
"""How people call whom they belong to, or end calling them (舅妈)."""
_BEFORE = tuple(
    (worth, re.compile(f"(?:{words}){first}$"))
    for worth, words, first in (
        (-4.0, "[这那一二两三四五六七八九十几每整换照上下前0-9]", "[张周车]"),
        (-6.0, "[多感拜面]", "谢"),
        (-3.0, "[在往从到去]", "."),
        (6.0, "(?:[我俺他她人名字]叫|叫做|名字|姓名|大名|本名|真名|户主|嫌疑人|当事人|收款人|开户名)[是为:]?", "."),
        (5.0, f"(?:{KIN})(?:叫|是)?", "."),
        (4.0, "叫|举报|检举|揭发|认识|[转借]给了?|[给跟替帮和]|[的个位]人是?", "."),
        (2.0, "[找是被让与对人个问查拿]|联系|一下", "."),
        (1.5, "^", "."),
    )
)
"""What stands before a name, up to its surname, and how much likelier it makes one (in logarithms); the first that fits
counts."""
_HARMS = "打|骂|骗|欠|偷|抢|砍|捅|杀|踹|掐|咬|撞|抓|威胁|跟踪|骚扰|欺负|恐吓|诬陷|绑架|勒索|猥亵|强奸|坑|堵"
_BEHIND = tuple(
    (worth, re.compile(words))
    for worth, words in (
        (6.0, "家(?:[的里狗人孩]|养的|$)|,[男女](?:,|的|[0-9])"),
        (
            4.0,
            "(?:刚|又|还|老|总|天天|一直|经常|昨天|昨晚|今天|在[^,。]{1,6}|把我|拿刀|动手){0,2}"
            f"(?:{_HARMS})(?:了|过|着|走)?(?:我|俺|咱|他|她|人|孩子|老人|钱)"
            "|(?:自己|一个人|又)?(?:走丢|走失|失踪|失联|不见|离家|没回|没放学|放学|要跳|跳楼|要自杀|自杀|想不开|轻生)"
            "|吸毒|贩毒|吸|贩|制毒|卖|嫖|赌|酒驾|醉|喝|出轨|家暴|吵|借|拿|砸|让我|让他|加我|加微信|告诉|不还|有病|有老年|有精神|天天|今年"
            "|的?(?:户口|身份证|手机|电话)|办身份证",
        ),
        (1.5, f"$|{_HARMS}|[跑总的家来说是在把被给让跟和]|一直|昨天|昨晚|今天|刚才|刚刚|干的|心脏"),
    )
)
"""What stands behind a name, likewise."""
_STRONG = 4.0
_NEAR = 8
"""How many characters before a name are looked at."""

# -- how likely they are (logarithms) ---------------------------------------------------------------------------------

_NAMED, _TITLED, _KNOWN_AS = -4.0, -8.5, -8.0
"""That a full name, a surname with a title, a nickname comes next."""
_USUAL, _LESS_USUAL, _UNUSUAL = -5.3, -8.0, -12.0
"""A character in a given name."""
_COMPOUND, _RARE_COMPOUND, _TWO_SURNAMES = -5.0, -9.0, -3.0
_ALSO_A_WORD, _RATHER_A_WORD = -1.5, -3.0
_WARY = 1.0
_OFTEN = 10_000
"""How often an ordinary word of ours stands among jieba's sixty million."""
_COUNTED = 65_700_000
"""How many words jieba has counted, the station's own with them. Its own sum grows whenever a list is loaded again."""
_LONGEST = 4
_HAN = re.compile(f"[{HAN}]+")


def named(text: str, *, wary: bool = False) -> Iterator[tuple[int, int]]:
    """Where in a text (in simplified characters) somebody is named; of 王老师 only the surname is.

    `wary`: more is taken for a name.
    """
    StationEntities.load()  # the station's dictionary is loaded with it
    jieba.posseg.dt.makesure_userdict_loaded()
    for run in _HAN.finditer(text):
        yield from _read(text, *run.span(), _WARY if wary else 0.0)


def _read(text: str, start: int, end: int, more: float) -> Iterator[tuple[int, int]]:
    """The names in the likeliest reading of a stretch of characters."""
    best: dict[int, tuple[float, int, int]] = {end: (0.0, end, 0)}
    for at in range(end - 1, start - 1, -1):
        edges = chain(_words(text, at, end), _people(text, at, end, more))
        best[at] = max((weight + best[stop][0], stop, letters) for stop, weight, letters in edges)
    while start < end:
        _, stop, letters = best[start]
        if letters:
            yield start, start + letters
        start = stop


def _words(text: str, at: int, end: int) -> Iterator[_Edge]:
    """The ordinary words that begin at a place; its character is one in any case."""
    yield at + 1, _frequency(text[at]) or -math.log(_COUNTED), 0
    for stop in range(at + 2, end + 1):
        word = text[at:stop]
        if word not in jieba.dt.FREQ and word not in _BEGINNINGS:
            return
        weight = _frequency(word)
        if weight is not None and not _is_listed_name(word):
            yield stop, weight, 0


def _people(text: str, at: int, end: int, more: float) -> Iterator[_Edge]:
    """The names that may begin at a place."""
    if text[at] not in _FIRST:
        return
    before = _before(text, at)
    for stop in range(at + 2, min(at + _LONGEST, end) + 1):
        word = text[at:stop]
        for weight, letters in _as_person(word):
            whole = letters == len(word)
            around = _counts(word, before, _behind(text, stop)) if whole else min(before, 0.0)
            yield stop, weight + around + more, letters


_FIRST = frozenset((*_SURNAMES, *(surname[0] for surname in COMPOUND), *_FAMILIAR))
_BEGINNINGS = frozenset(word[:length] for word in _ORDINARY for length in range(2, len(word) + 1))


def _before(text: str, at: int) -> float:
    near = text[max(at - _NEAR, 0) : at + 1]
    return next((worth for worth, pattern in _BEFORE if pattern.search(near)), 0.0)


def _behind(text: str, at: int) -> float:
    return next((worth for worth, pattern in _BEHIND if pattern.match(text, at)), 0.0)


def _counts(word: str, before: float, behind: float) -> float:
    """What stands around a name is worth so much; around a word that is no noun (安静), only if it is strong."""
    tag = _tag(word)
    if tag and not tag.startswith("n") and max(before, behind) < _STRONG:
        return min(before, 0.0)
    return before + behind


@lru_cache(maxsize=100_000)
def _as_person(word: str) -> tuple[tuple[float, int], ...]:
    """In which ways a word may name somebody: how likely it is, and with how many of its characters."""
    if _begins_ordinary(word):
        return ()
    found = []
    for surname, weight in _surnames(word):
        rest = word[len(surname) :]
        if rest in _TITLES:
            found.append((_TITLED + weight, len(word) if rest.startswith("某") else len(surname)))
        elif 1 <= len(rest) <= 2 and _IN_NO_GIVEN.isdisjoint(rest):
            listed = _frequency(word) if _is_listed_name(word) else None
            likely = _NAMED + weight + sum(map(_given, rest))
            found.append((likely if listed is None else max(likely, listed), len(word)))
    if len(word) == 2 and word[0] in _FAMILIAR and (known := _known_as(word)) is not None:
        found.append((known, 2))
    return tuple(found)


def _begins_ordinary(word: str) -> bool:
    """Whether it is an ordinary word, or one (孙子) with a character behind it that is in no name."""
    return word in _ORDINARY or (word[:2] in _ORDINARY and word[2:] not in GIVEN)


def _surnames(word: str) -> Iterator[tuple[str, float]]:
    """The surnames with which a word may begin, and how likely they are."""
    if word[0] in _SURNAMES:
        yield word[0], _surname(word[0])
        if len(word) == _LONGEST and word[1] in _SURNAMES:
            yield word[:2], _surname(word[0]) + _surname(word[1]) + _TWO_SURNAMES
    if word[:2] in COMPOUND:
        yield word[:2], _RARE_COMPOUND if word[:2] in _RARE_COMPOUNDS else _COMPOUND


def _surname(letter: str) -> float:
    """How likely a surname is: seven in a hundred are the most frequent, and it falls with the rank."""
    likely = math.log(0.07 / (1 + _SURNAMES[letter] / 10) ** 1.5)
    if letter in _RATHER_WORDS:
        return likely + _RATHER_A_WORD
    return likely + _ALSO_A_WORD if letter in _ALSO_WORDS else likely


def _given(letter: str) -> float:
    if letter in GIVEN or not "\u4e00" <= letter <= "\u9fff":
        return _USUAL
    return _LESS_USUAL if letter in _GIVEN_TOO else _UNUSUAL


def _known_as(word: str) -> float | None:
    """How likely 老王 or 小刚 is; None for what is no nickname."""
    if _SURNAMES.get(word[1], len(_SURNAMES)) < len(_SURNAMES) / 2:
        return _KNOWN_AS + _surname(word[1])
    return _frequency(word) if word[1] in GIVEN and _tag(word).startswith("nr") else None


def _is_listed_name(word: str) -> bool:
    """Whether jieba lists a word as a name, and it is made as names are."""
    if not _tag(word).startswith("nr") or word in _ORDINARY or len(word) > _LONGEST:
        return False
    rests = (word[len(surname) :] for surname, _ in _surnames(word))
    return any(rest and set(rest) <= GIVEN | _GIVEN_TOO and rest != "子" for rest in rests)


@lru_cache(maxsize=100_000)
def _frequency(word: str) -> float | None:
    """How frequent a word is; None for what is in no dictionary."""
    often = max(jieba.dt.FREQ.get(word, 0), _OFTEN if word in _ORDINARY else 0)
    return math.log(often / _COUNTED) if often else None


def is_ordinary(word: str) -> bool:
    """Whether a word is in the dictionary, and not as somebody's name."""
    jieba.initialize()
    return word in _ORDINARY or (bool(jieba.dt.FREQ.get(word)) and not _tag(word).startswith("nr"))


def _tag(word: str) -> str:
    """What kind of word it is, as jieba's dictionary has it; empty for what is not there."""
    return str(jieba.posseg.dt.word_tag_tab.get(word, ""))
