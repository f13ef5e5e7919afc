"""What a message says without saying it, or says and does not mean: read in its words, where the model has heard
something else.

Somebody asks how a death is registered, and means their own; a smell is told as a figure of speech; a fire is told
together with its end; the sick cry out when they are turned. Every rule is narrow: what it does not know stays as it
was read.
"""

from __future__ import annotations

import re

from bot.nlu.normaliser import normalise
from bot.nlu.wording import asks, squeezed

_FOR_ONESELF = re.compile(
    "(?:是|给|替|为|算|说的?|问的?)(?:我|俺)(?:自己|自个儿?|本人|个人)(?!去|来|办|跑|能|拿|带|写|开|要|有|没|家|[爸妈爷奶姥老孩儿女])"
    "|^(?:就是)?(?:我|俺)(?:自己|自个儿?|本人)的?(?=$|[，, 。！!])"
    "|(?:我|俺)(?:自己|本人)?(?:要是|如果|万一)?(?:走|没|不在|死|离开)了?(?:以后|之后|的话|那天)"
)
_BEFOREHAND = re.compile(
    "提前|早晚|到时候|省得|免得|(?:不想|别|怕|不愿)[^，。 ]{0,4}(?:麻烦|拖累|连累|添)|安排|反正|用不[上着]|麻烦|添乱"
    "|清净|交代"
    "|没(?:有)?(?:家属|亲人|家人|人管|人替)"
)
_OLD = re.compile(
    "(?:[6-9][0-9]|[六七八九]十[一二三四五六七八九多来几]?)岁?|年纪|岁数|养老|老伴|孙|儿女|儿子|闺女|晚期|癌|遗嘱|公证|保险"
)
"""The old and the ill settle their affairs."""
_SMELL = re.compile("味儿?|气味")
_STINGS = re.compile("呛|刺鼻|熏|辣眼|冲(?:鼻|得)|头晕|恶心")
_INDOORS = re.compile("楼道|屋|家里|我家|厨房|单元|走廊|楼里|楼梯|门缝|地下室|卫生间|阳台|宿舍")
_HARMLESS = re.compile(
    "辣椒|炒|油烟|炝|烧烤|烤串|厕所|马桶|下水道|垃圾|抽烟|烟味|烟头|臭豆腐|螺蛳|榴莲|脚|油漆|甲醛|香水|猫|狗|鸡|鸭|屎|尿|化粪|饭店|饭馆"
    "|酒味|火锅|腌|酸菜"
)
_POPUP = re.compile(
    "弹窗|弹出来?|弹了?[个条一]|蹦出来?|跳出来?[个一条]|广告[说上]|提示(?:说|我|手机|电脑)|中(?:了)?病毒|病毒"
)
_SCREEN = re.compile("手机|电脑|平板|网页|浏览器|软件|屏幕|短信|链接")
_BEYOND_SCREEN = re.compile(
    "转了|付了|汇了|扫了|扣了|密码|验证码|冒烟|着火|起火|鼓包|烫手|发烫|味|炸了|远程|共享|骗|报警器|阀|[他她人]|孩|儿子|女儿|[爸妈]"
)
"""What is more than words on a screen."""
_ON_SCREENS = frozenset({"gas_leak", "fire", "explosives_weapons", "general_alarm"})
"""The dangers of things: what a screen says of people may be meant for whoever reads it."""
_ENDED = re.compile(
    "(?:关|灭|停|闭|捂|盖)(?:上|住|掉)?了|[扑浇捂盖]灭|找[到着]了|(?:送|领|找|走|回)回?来了|出来了|整好了|修好了"
)
_ALL_CLEAR = re.compile(
    "没(?:啥|什么)?大?事(?!吧|么|吗|儿?[吗吧])|虚惊|不要紧|没伤着|没烧着|没人伤|好着呢|清醒着|都平安|放心吧"
)
_GOES_ON = re.compile(
    "还(?:在|有|冒|烧|着|是|没)|但|可是|不过|又|救|快[来点去]|[咋怎]么?[办整]|疼|晕|血|吐|迷糊|昏|难受|喘|叫不|没(?:出来|醒|灭|关|反应|气)|烫|烧伤|躺|倒|不动"
    "|[吗？?]|好像|应该|估计|可能|会不会|能不能|怕"
)
_BREAKS_OUT = re.compile("着火|起火|失火|火灾|煤气|燃气|漏气|走丢|走失|不见|困在|锁在")
"""What an officer wants to know of though it has passed."""
_PASSING = frozenset({"fire", "gas_leak", "trapped", "missing_child", "missing_adult_at_risk", "building_danger"})
_DAYS_AGO = re.compile("昨[天晚儿日]|前[天几阵]|上(?:个?(?:周|月|礼拜|星期))|去年|那天|[几两三]天前")
_TREATED = re.compile(
    "针(?:都|也|已经|全)?打(?:了|完|过)|打(?:了|完|过)[^，。 ]{0,3}(?:针|疫苗|狂犬)|疫苗(?:都|也)?打"
    "|包扎(?:好|完|了)|缝(?:完|了|好)"
)
_STILL_BITES = re.compile("刚才?|现在|正|还在|今[天早晚儿]|又|追|堵|扑|不松|血|发烧|怕[水风]|抽|快来|救")
_IN_PAIN = re.compile(
    "(?:疼|痛)[得的]?[^，。 ]{0,4}(?:喊|叫|嚎|哭)[^，。 ]{0,4}(?:救命|妈|娘|饶命)[啊呀的了]*|[喊叫]救命[啊呀的了]*"
)
_NURSED = re.compile(
    "褥疮|翻身|换药|打针|透析|针灸|康复|复健|擦身|导尿|吸痰|推拿|按摩|正骨|拔罐|护工|偏瘫|瘫痪|卧床|化疗|扎针|抽血|插管"
)
_FIGURES = re.compile(
    "(?:都|快|给我)*挤成(?:[^，。 ]{0,3}(?:尸体|照片|肉饼|馅饼|饼|沙丁鱼|狗))了?|笑死我?了?|社死了?|笑不活了?"
    "|累成狗了?|栓q"
    "|(?:我|俺)人?(?:真的?|快|都|要|已经|直接)*(?:炸裂|裂开)了?|(?:我|俺)?人(?:都|直接|已经)?麻了",
    re.IGNORECASE,
)
_RANG = re.compile("给?(?:我|俺|咱)?打(?:回|过)[来去]了?[ ，,]*(?=说|告诉|问我|没人?接|不接|通了)")
"""No blow: 师傅给打回来了 说送到门口."""
_CRIED_IN_TALK = re.compile("救命[啊呀]*(?:我)?(?:真的?)?(?:要|快)?死了?[啊呀]*|^救命[啊呀]*|[😀-🙏🤣🥹]+")
"""What nobody means who says it; the second where the model hears nothing but talk."""
_A_STORY, _PAPERS = 4, re.compile("证|户口|落户|派出所|补办")
_THREAT_IN_JEST = re.compile(
    "(?:再不|要是不|要不|再敢|敢不|[不别])[^，。 ]{1,10}就?(?:得|能|要|会)?"
    "(?:[整弄打掐]死|[削揍]死?|收拾死?|[劈灭杀]了?)(?:我|俺)(?!妈|爸|孩|儿|闺|女|家)"
    "|再[^，。 ]{1,8}就[把给](?:我|俺)(?:[整弄打掐]死|[削揍]死?|[劈灭杀])"
)
_LAUGHS = re.compile("[🤣😂😄😆😁😅🤪😜]|哈哈|嘿嘿|嘻嘻|呵呵|hhh|233|笑死|开玩笑|闹着玩", re.IGNORECASE)
_IN_EARNEST = re.compile("刀|棍|拿|掐着|打了|动手|血|伤|救|怕|躲|锁|踹|砸|真的|不是玩笑|没开玩笑|快来|报警")
"""What is no jest, however its writer laughs."""
_UNHEARD = re.compile(
    "(?:(?:我|俺|本人|自己)?(?:是|也是)?(?:个|一个|一名)?(?:聋哑?人?|聋子|听障(?:人士)?|哑巴?|听不[见到]|不会说话|说不了话|耳朵(?:聋|背|不好|听不[见到]))"
    "|(?:请|你们?|您)*(?:别|不要|不用|勿|甭)(?:给我?)?(?:打|来|回)(?:我)?(?:手机|电话)|电话(?:打不了|接不了|不能|不会|不行|听不[见到])|(?:打|接)不了电话|(?:不能|没法|不会|不方便)(?:打|接)?电话"
    "|(?:只能|可以|能|就)?(?:打字|发字|文字|微信|发消息|短信)(?:说|聊|联系|就行|行|可以)?|谢谢|好|因为|的|[，,。.！!])+"
)
"""Nothing but that who writes does not hear and is not to be called."""
_DEAF = re.compile("聋|哑|听障|听不|说不了话|不会说话")
_NO_REPORT = re.compile(
    "(?:别|不用|甭|先不|不是要?|没想|不想|没要|不|没)(?:给我|替我|帮我|真的?|去|要|先)?(?:报警|报案)(?:的意思)?"
    "|(?:先不|不)报(?=$|[，, 。！!吧了啊])"
)
_NO_BLOW = re.compile("(?:没有?|不|从来不|从没)(?:打|动手|骂|威胁)[我人过]*")
_NO_NO = re.compile("^(?:不是|不不?|哎|别)+[，,。 ]+")
_BLOWS = re.compile("打(?!听|扰|字)|[杀死刀砍捅掐踹血伤救怕躲逼锁]|动手|威胁|报复|骗|偷|抢|丢了|走失|不敢|让我别|不让")
_VISIT = re.compile(
    "(?:别|不要|甭)(?:赶|搁)?(?:在)?(?:上午|下午|早上|晚上|中午|今天|明天|后天|周[一二三四五六日天末]|礼拜[一二三四五六日天])来"
    "|(?:上午|下午|早上|晚上|中午|今天|明天|后天|周[一二三四五六日天末]|礼拜[一二三四五六日天]|[0-9一二三四五六七八九十]+点)(?:以?[前后]|之[前后])?"
    "(?:再来|别来|不方便|方便|来就?行|来都行|家里?有人|家里?没人)"
)
_TELEPHONE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)|(?<!\d)1[3-9]\d{5}(?!\d)\D{1,8}(?<!\d)\d{4}(?!\d)")
_ADDRESS = re.compile(r"[0-9]+(?:号楼|栋|号|单元)|[0-9]+-[0-9]+|(?:小区|家园|花园|社区|[路街])[^，。 ]{0,8}[0-9]")
_WITHDRAWS = re.compile(
    "(?:投诉|求助|举报|反映|意见|这事儿?|那事儿?)[^，。 ]{0,3}(?:先)?"
    "(?:不用|算了|撤|取消|不要了|拉倒|不追究|不提了|不办了|作罢)"
    "|(?:不|撤|取消|收回)(?:想|再|打算)*(?:投诉|举报)(?:了|吧|啦|$)"
)
_GIVES_UP = re.compile(
    "(?:^|[，,。 ]|那|还是)(?:算了|拉倒|作罢)吧?(?=$|[，,。 不别])|不(?:想)?(?:追究|计较|提)了(?!吗|么)"
    "|(?:不用|别|甭)(?:[你您]们?)?(?:来|管|查|找|办)了(?!吗|么)"
)
_NOT_YET = "(?<![没不未想要会别敢可能])"
_DEED = re.compile(
    f"(?:药|农药|百草枯|敌敌畏)[^，。没不未]{{0,6}}(?:空了|{_NOT_YET}(?:吃|吞|喝|咽)(?:了|下|完|光)|见底)"
    f"|{_NOT_YET}(?:吃|吞|喝|灌|咽)(?:了|下|进)[^，。？?]{{0,8}}(?:药|片|粒|百草枯|敌敌畏|酒精|消毒液|洁厕)"
    f"|{_NOT_YET}(?:割|划)(?:了|开|破|下)[^，。]{{0,3}}(?:腕|手|脉|胳膊)|(?:腕|手|胳膊)[^，。]{{0,4}}{_NOT_YET}(?:割|划)(?:了|开|破)"
    f"|{_NOT_YET}割腕了"
    f"|炭[^，。]{{0,4}}(?:点着|烧着|点上)|(?:点|烧)(?:着|上|起)了?[^，。]{{0,3}}炭|煤气[^，。]{{0,5}}{_NOT_YET}(?:打开|拧开|开着|开了)"
    f"|{_NOT_YET}(?:站|坐|爬|骑|翻)(?:在|到|上)了?[^，。]{{0,6}}(?:窗|阳台|楼顶|天台|护栏|栏杆|桥|房顶)"
    f"|(?:绳|脖子)[^，。]{{0,6}}(?:套上|系上|挂上|勒上|勒着)|{_NOT_YET}(?:跳下去|跳了下|上吊了)|满手是血|全是血|流[^，。]{{0,3}}血"
    "|(?:took|swallowed|taken)[^.]{0,20}pills|overdos|cut (?:his|her|my|their) (?:wrist|arm)|on the (?:ledge|roof)"
)
"""Words of who has begun to take their life, and no longer only speaks of it."""
_INSIDE = re.compile(
    "(?:门|锁|窗户?)[^，。没不]{0,4}(?:坏|开|碎|掉)了?[^没不]{0,4}(?:他|她|人)们?[^，。没不要想外]{0,3}进"
    "|(?<![怕防])(?:他|她|人)们?[^，。？?没不未想要会吗怕]{0,3}(?:闯|冲|跑|走|爬|翻|跳)?进(?:来了?|屋了?|门了?|家了?|了|我)(?!没|吗|不)"
    "|(?:he|she|they)(?:'s| is| are|'re)? (?:has |have )?(?:got |come |came |broke )?(?:in|inside)"
    "(?: now| the (?:house|flat|room|door))?$"
)
"""Words of whoever was outside and is inside now."""
_PAID = re.compile(
    "(?:已经?|先|刚|都|让我|我|她?他?把)[^，。没不未想要会别敢]{0,6}(?:打|转|汇|付|刷|充)(?:了|过去|出去|走|完)[^，。吗没]{0,8}(?:万|千|百|块|元|钱|\\d)"
    "|(?:万|千|百|块|元|钱|\\d)[^，。没不未]{0,4}(?<![没不未想要会别敢])(?:打|转|汇|付|存|刷|充)(?:了|过去|出去|走)(?!吗|没)"
    "|(?:让我|叫我)先?(?:打|转|汇|付)的|i (?:have |already |just )*(?:sent|transferred|paid)"
)
"""Words of money that is gone."""
_CHOKES = re.compile(
    "(?<!没)(?:进|灌|窜|钻)(?:来|进|满)?(?:了|好多|不少)?烟|烟[^，。没不]{0,4}(?:进|灌|窜|钻)(?:来|屋|门|到)|喘不(?:上|过|了)|憋(?:死|得)"
    "|(?:烧|着|窜)(?:到|进|上)[^，。]{0,4}(?:屋|门|窗|楼)|(?:出|下|跑)不(?:去|来)|困(?:住|在)|(?<!头)晕(?:了|倒|过去)|叫不(?:醒|应)"
    "|(?:smoke|fire) is (?:in|inside|coming)|can(?:'t|not) (?:breathe|get out)"
)
"""Words of smoke and fire that have come to where people are."""
_OF_WORDS = (
    (_DEED, ("suicide_self", "suicide_other")),
    (_INSIDE, ("stalking", "burglary", "violent_threat", "silent_call")),
    (_PAID, ("fraud_transfer",)),
    (_CHOKES, ("fire", "gas_leak")),
)
_HAS_COME = {kind: words for words, kinds in _OF_WORDS for kind in kinds}


def means_own_end(text: str) -> bool:
    """Whether words behind a question about somebody's death say that the writer's own is meant: 就是给我自己问的."""
    bare = normalise(text)
    return bool(_FOR_ONESELF.search(bare) and _BEFOREHAND.search(bare)) and not _OLD.search(bare)


def has_come(text: str, kind: str) -> bool:
    """Whether words say that what an alarm of this kind warned of has come: the pills are swallowed, 药瓶都空了; who
    stood outside is inside, 门踹开了 他进来了; the money is sent; the smoke is in the room."""
    words = _HAS_COME.get(kind)
    return words is not None and bool(words.search(squeezed(normalise(text))))


def tells_of_smell(text: str) -> bool:
    """Whether words tell of a stinging smell indoors that nobody knows: 楼道啥味儿啊呛死个人了."""
    bare = normalise(text)
    known = _HARMLESS.search(bare)
    return bool(_SMELL.search(bare) and _STINGS.search(bare) and _INDOORS.search(bare)) and not known


def tells_of_popup(text: str, kind: str) -> bool:
    """Whether words that sound like a danger of this kind tell of what a screen threatens with, and nobody has paid or
    is named: 弹窗说我手机电池要爆炸."""
    bare = normalise(text)
    on_screen = kind in _ON_SCREENS and _POPUP.search(bare) and _SCREEN.search(bare)
    return bool(on_screen) and not _BEYOND_SCREEN.search(bare)


def has_passed(text: str, kind: str) -> bool:
    """Whether words tell of a danger of this kind together with its end: 直冒烟，我关火了，没事."""
    bare = normalise(text)
    over = _ENDED.search(bare) and _ALL_CLEAR.search(bare)
    return kind in _PASSING and bool(over) and not _GOES_ON.search(bare)


def threatens_in_jest(text: str) -> bool:
    """Whether words tell, with a laugh, of somebody at home who would kill the writer over a chore: 再不洗碗就整死
    我🤣."""
    bare = normalise(text)
    return bool(_THREAT_IN_JEST.search(bare) and _LAUGHS.search(text)) and not _IN_EARNEST.search(bare)


def was_bitten(text: str, kind: str) -> bool:
    """Whether words tell of an animal's bite of yesterday or before, and of none that goes on: 昨晚咬的 针都打了."""
    said = normalise(text)
    past = _DAYS_AGO.search(said) or _TREATED.search(said)
    return kind == "dangerous_animal" and "咬" in said and bool(past) and not _STILL_BITES.search(said)


def breaks_out(text: str) -> bool:
    """Whether words name a danger that an officer wants to know of though it has passed."""
    return bool(_BREAKS_OUT.search(normalise(text)))


def without_figures(text: str, *, in_talk: bool = False) -> str:
    """A text without what it does not mean: the cry of who is nursed, the figures of the young, the blow in who rang
    back and said something; "" where it has none,
    or nothing else. `in_talk`: the model hears nothing but talk in it, and only papers named beside it are more."""
    left = _FIGURES.sub(" ", _CRIED_IN_TALK.sub(" ", text) if in_talk else _RANG.sub("回电话", text))
    left = _IN_PAIN.sub(" ", left) if _NURSED.search(normalise(text)) else left
    more = len(left.strip()) >= _A_STORY and (not in_talk or _PAPERS.search(left))
    return left.strip() if left != text and more else ""


def only_unheard(text: str) -> bool:
    """Whether words say nothing but that the writer does not hear and is not to be called: 别打电话，我聋人."""
    bare = "".join(normalise(text).split())
    return bool(_DEAF.search(bare) and _UNHEARD.fullmatch(bare))


def reports_nothing(text: str) -> bool:
    """Whether who has only asked says that nothing is to be reported, and tells of no blow: 他没打我，你别报警啊."""
    bare = normalise(text)
    left = _NO_REPORT.sub(" ", _NO_BLOW.sub(" ", _NO_NO.sub(" ", bare)))
    return bool(_NO_REPORT.search(bare)) and not (_BLOWS.search(left) or asks(left))


def names_a_visit(text: str) -> bool:
    """Whether words say when somebody may come, and when not: 别上午来."""
    return bool(_VISIT.search(normalise(text)))


def leaves_contact(text: str) -> bool:
    """Whether words leave an address and a telephone number, be it in two pieces: whoever does waits for an officer."""
    bare = normalise(text)
    return bool(_TELEPHONE.search(bare) and _ADDRESS.search(bare))


def withdraws(text: str) -> bool:
    """Whether somebody says in so many words that what they told need not go on: 投诉先不用了."""
    return bool(_WITHDRAWS.search(normalise(text)))


def gives_up(text: str) -> bool:
    """Whether words behind what was told say that it need not go on, without naming it: 算了，不追究了."""
    return withdraws(text) or bool(_GIVES_UP.search(normalise(text)))
