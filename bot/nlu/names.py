"""People's names in what residents write: by their surname, in a question or alone."""

import re
from collections.abc import Iterable, Iterator

from bot.nlu.normaliser import simplified

LONGEST_NAME = 20
"""Characters of the longest registered name (阿卜杜热依木·阿卜杜喀迪尔)."""
_MOST_NAMES = 5
SINGLE = tuple(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟"
    "汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严"
    "牛温芦季俞章鲁葛伍韦申尤毕聂丛焦柳邢岳齐梅莫庄辛管祝左涂谷祁时舒耿牟卜詹关苗凌费纪靳盛童欧甄项曲成游阳裴席"
    "卫查屈鲍覃霍翁隋植甘景薄单包司柏宁柯阮桂闵解强柴华车冉房辜吉饶刁瞿戚丘古米池滕晋苑邬臧畅宫苟全褚廉简娄"
    "符奚木穆党燕郎邸冀谈姬屠郜晏栾郁商蒙计喻揭窦迟宇敖糜鄢冷卓花仇艾蓝巩稽井练仲乐虞卞封竺冼原官衣楚佟栗匡宗应"
    "訾谯郗甯茹茅莘蒯蓟虢贲邴郇郏鄂酆钮闾阚阙雍韶麴缪嵇仉乜佴昃迮羿庹亢笪郄朴湛暨庾弘禄夔厍桓"
    "向帅逄隗仝缑逯矫巫鞠僧桑荆谌银扬明沙伏岑习胥保蔺云晁闫肖付代邝宓丰荀佘那尚闻寇昝贝麻杭乌"
)
COMPOUND = (
    *("欧阳", "太史", "端木", "上官", "司马", "东方", "独孤", "南宫", "万俟", "闻人", "夏侯", "诸葛", "尉迟", "公羊"),
    *("赫连", "澹台", "皇甫", "宗政", "濮阳", "公冶", "太叔", "申屠", "公孙", "慕容", "仲孙", "钟离", "长孙", "宇文"),
    *("司徒", "鲜于", "司空", "闾丘", "亓官", "司寇", "呼延", "子车", "颛孙", "百里", "东郭", "南门", "拓跋", "纳兰"),
    *("令狐", "轩辕", "公西", "叶赫", "爱新", "完颜", "西门", "东门", "左丘", "第五"),
)
ORDINARY_WORDS = (
    *("毕业", "毕竟", "申请", "申报", "那应", "那行", "那好", "那成", "那就", "那我", "那你", "那咱", "那这", "那还"),
    *("方便", "方式", "方法", "时候", "时间", "全国", "全部", "全家", "全市", "全沈", "全省", "公安", "安全", "应该"),
    *("都是", "都有", "都叫", "那个", "那里", "那边", "那些", "那么", "那种", "和我", "和他", "和她", "和别", "来查"),
    *("来着", "来问", "管用", "万一", "任何", "明天", "明年", "明白", "关于", "关系", "高兴", "高考", "常见", "常用"),
    *("成功", "保证", "保密", "单独", "单位", "包括", "计划", "简单", "解释", "强调", "原来", "原因", "路上", "华人"),
    *("左右", "连着", "向您", "向你", "辛苦", "谢谢", "许多", "何时", "何处", "马上", "白天", "白的", "于是", "文件"),
    *("乐意", "利用", "胜过", "满意", "满月", "海了", "门口", "门卫", "东边", "东西", "房子", "边上", "位置", "花钱"),
    *("查不", "查到", "查得", "查名", "查出", "查同", "查询", "花多", "明儿", "车票", "车站", "干净", "金额", "家里"),
    *("符合", "练习", "冷门", "古代", "古人", "古诗", "童年", "官方", "官网", "银行", "宗教", "应当", "商量", "党员"),
    *("台湾", "农村", "展示", "皮肤", "贡献", "幸好", "闻到", "尚未", "代表", "付钱", "和平区", "沈阳", "大东", "于洪"),
    *("费用", "费钱", "费多", "费劲", "车费", "路费", "毛病", "程序", "时长", "安排", "钱呢", "吉林", "江苏", "江西"),
    *("谢啦", "谢了", "谢您", "谢你"),
    *("时髦", "来自", "盖章", "全名", "全都", "司机", "单名", "单字", "那谁", "那位", "都会", "都不", "同名", "江湖"),
    *("那改", "那换", "那要", "那叫", "成年"),
)

_HAN = "[\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]"
_COUNTED = "[一二两三四五六七八九十几多0-9]+个"
_SURNAME = f"(?:{'|'.join(COMPOUND)}|[{''.join(SINGLE)}])"
# What stands around a name in a question; longer forms first, so that 有多少 goes as a whole.
_AROUND = re.compile(
    "|".join(
        (
            f"[有是]?(?:没有|多少|{_COUNTED})(?:人|位|个)?",
            "(?:能不能|能|可以|可不可以|麻烦|帮[我忙]?|请|给|想|要|我)*(?:再|也)?(?:查一?下|查一?个|搜一?[下个]|查查|查一查|查询|查重|看看|看下|数数|问问|问下)(?:看)?",
            f"(?<!叫)查(?={_SURNAME}|$)",
            "有?(?:重名|同名同姓|同名|重复|重的|撞名)(?:率|查询|的|人|人数)*",
            "(?:孩子|宝宝|儿子|闺女|女儿|姑娘|孙子|孙女|外孙女?|小名|大名|全名|名字|姓名|本名)",
            "(?:换(?:成|个)?|要是|起名|取名|起个?名字?|取个?名字?|改名|名叫|起了?个|取了?个|改成|[起取]的?)+",
            "(?:[想要]|我|他|她|它|咱|俺|你|您|就|也|都)*叫(?:做|作)?",
            "这个?名(?:字|儿)?|[这那]几?个|的人|的话",
            "(?:在|全)?(?:咱们?|我们|你们)?(?:沈阳市?|大东区?|辽宁省?|全国|全市|全省|全区|辖区|本所|所里|派出所)(?:里|一共)?",
            "(?:一共|总共|会不会|是不是|能不能|算不算|好不好|好吗|行不行|行吗|怎么样|咋样|可以吗|多不多|多吗|多嘛|多呢|多么|太多|很多|少不少|常见)",
            "(?:还是|或者|哪个|以及|(?:什么)+)",
            f"(?<!{_HAN})(?:那|还有个?|再来个?|再看|另外|然后|外加|加上|顺便)+(?={_SURNAME}{_HAN})",
            "[的吗呢吧嘛呀么]",
        )
    )
)
_IN_TWO = re.compile(
    f"姓({_SURNAME})(?!{_HAN})[\\s,，、]*(?:名字?|叫|名儿)+(?:叫|做|是)?\\s*({_HAN}{{1,2}})(?=[呢吧的啊呀]|(?!{_HAN})|$)"
)
"""A name told in two: 姓李 叫沐阳."""
_AND = re.compile(f"[和跟与或同](?={_SURNAME})")
_IN_NO_NAME = re.compile("[不怎完啊了哪谁啥们这那很也就还再又被把给哦呗嘞啦呐咧]")
SPACED_OUT = re.compile(f"(?<!{_HAN})({_HAN})\\s+(?={_HAN}(?:\\s|$))")
"""Characters that somebody writes one by one: 孟 凡 强."""
_SPELT = f"(?:(?P<first>{_HAN}){_HAN}的(?P=first)|{_HAN}(?P<last>{_HAN})的(?P=last))(?=$|[也都再呢吧]|(?!{_HAN}).)"
"""How a character of a name is spelt: 木头的木."""
_BETWEEN = re.compile(f"(?:(?!{_HAN}|·).)+", re.DOTALL)
_APART = re.compile(f"{_BETWEEN.pattern}|{_SPELT}", re.DOTALL)


_NO_GIVEN = re.compile("什么|啥|怎|咋|哪|重|同|复|多|几个|人|名|这|那|个|太|好|行|可|能|不|没|有|查|谁|俩|两")
_GIVEN = re.compile(
    f'(?:[起取想要叫]的?名字?(?:叫|做|作|是|为)*|[换改]成|叫(?:做|作)?)[“"「]?({_HAN}{{1,2}}?)[”"」]?'
    f"(?=$|[呢吧的啊呀嘛吗]|看|有|多|重|查|行|好|怎|咋|(?!{_HAN}))"
)
"""A given name without its surname: 想起名叫梓菡, 那换成沐阳呢."""
_SURNAME_ALONE = re.compile(f"姓({_SURNAME})(?=$|[呢吧的啊呀嘛哦]|(?!{_HAN}))")


def asked_names(text: str) -> list[tuple[str, ...]]:
    """The full names that a message asks about, each as typed and in simplified characters if that differs.

    As typed comes first: a registered name may hold a character that simplifying would change (乾).
    """
    text = SPACED_OUT.sub(r"\1", text)
    simple = simplified(text)
    typed = text if len(text) == len(simple) else simple
    in_two = [
        (typed[slice(*one.span(1))] + typed[slice(*one.span(2))], one[1] + one[2]) for one in _IN_TWO.finditer(simple)
    ]
    whole = [(typed[a:b], simple[a:b]) for a, b in _spans(simple) if not in_two]
    found = dict.fromkeys(tuple(dict.fromkeys(one)) for one in in_two + whole)
    return list(found)[:_MOST_NAMES]


def in_parts(text: str) -> tuple[str, str]:
    """The surname and the given name that a message tells by themselves, "" for each that it does not: 那换成姓于呢."""
    simple = simplified(text)
    surname, given = _SURNAME_ALONE.search(simple), _GIVEN.search(simple)
    told = given[1] if given and not (_NO_GIVEN.search(given[1]) or given[1].startswith(ORDINARY_WORDS)) else ""
    return (surname[1] if surname else "", "" if told.startswith("姓") else told)


def put_together(parts: tuple[str, str], before: Iterable[str]) -> tuple[str, str]:
    """The surname and the given name that parts of a name mean behind earlier messages, newest first; "" for what
    nobody has told."""
    surname, given = parts
    for earlier in before:
        names = asked_names(earlier)
        of_earlier = _apart(names[0][-1]) if names else in_parts(earlier)
        surname, given = surname or of_earlier[0], given or of_earlier[1]
    return surname, given


def _apart(name: str) -> tuple[str, str]:
    """A full name's surname and its given name."""
    length = 2 if name.startswith(COMPOUND) else 1
    return name[:length], name[length:]


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Where names stand: what remains of a question without the words around them, if it has a name's form."""
    for start, end in _pieces(text, 0, len(text), _APART):
        for a, b in _pieces(text, start, end, _AROUND):
            if is_name(text[a:b]):
                yield a, b
            else:
                yield from (piece for piece in _pieces(text, a, b, _AND) if is_name(text[slice(*piece)]))


def _pieces(text: str, start: int, end: int, between: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """The parts of a stretch of text that a pattern leaves."""
    for match in between.finditer(text, start, end):
        if start < match.start():
            yield start, match.start()
        start = match.end()
    if start < end:
        yield start, end


def is_name(text: str) -> bool:
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
