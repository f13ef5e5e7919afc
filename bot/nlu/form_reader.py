"""Which values a message gives to an open form.

One reader serves both the channel, which asks whether a message is an answer at all, and the action that fills the
slots. It takes several values from one message, in any order, and corrections of what was filled before.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, partial
from math import exp
from typing import Any, Literal

from bot.nlu import field_values, no_values, values
from bot.nlu.corrections import other_end, other_house, other_spelling, put_right, swapped, swaps, tells_digits
from bot.nlu.entities import StationEntities
from bot.nlu.field_values import EDGES, HOUSE, FieldReader
from bot.nlu.forms import BIDS_ASK, CONFIRMED, CONSENT, PHOTO, Aside, Field, Form, Forms
from bot.nlu.marked import Tagged, values_in
from bot.nlu.names import SPACED_OUT, is_name
from bot.nlu.normaliser import normalise
from bot.nlu.stopped import REPORTED
from bot.nlu.turns import FORM_ASKED, FORM_TURNS, LIKELY, SURE, WISH_TURN, Turn, is_surely, turns_in
from bot.nlu.values import BadValueError, UnderAgeError
from bot.nlu.wording import any_of, asks, size, without_own_questions

Command = Literal["cancel", "agreed", "again", "same_photo", "change"]
"""Giving up, agreeing where nobody asked for it, looking at the summary again, a picture that replaces the last one,
putting something right without saying what."""

_TOLD: Mapping[str, Command | Aside] = {
    **{name: name for name in ("cancel", "later", "resume", "missing", "review", "privacy", "bot", "puzzled", "deaf")},
    **{"sent_already": "sent", "whose": "whose", "chat": "chat", "photo_how": "photos"},
}
"""The turns (`nlu_data/form_turns.yml`) that say something about filling in and give nothing."""
_HANDS_IN = re.compile(
    "提交|(?:可以|能|该|都?给[我咱]|都?帮[我咱]|那?就|直接|全)交(?!多少|几|钱|啥|什么|给|代)|交上|送出|交了?吧"
    "|(?:^|[，,。\\s])交(?:了|吧)?(?=$|[\\s，,。!！])|[对好行嗯]交(?=$|\\W|谢)|快交(?:了|吧)|发吧(?:发吧)?$"
    "|submit|hand (?:it )?in|send it|帮我交|能交就交|报上|报吧|递上|就这[么样]|就这些|完事|齐了|齐活|妥了|确认|无误"
)
_NOT_HANDED_IN = re.compile("[没别不未再怎咋啥]|先(?!给?[我咱]?(?:提交|交|递|报))|以后|之后|之前|等")
"""Words of who speaks of handing in, and does not want it now."""
_HOW_LONG = re.compile(
    "(?:^|[，,。\\s])(?:得|要)?(?:多少天|几天|多久)(?=$|[，,。\\s])|(?:多少天|几天|多久|多长时间|多少日子)[^，,。\\s]{0,4}(?:下来|拿|取|办|发|到手|出|好)"
    "|(?:下来|办好|办完|拿到|拿证|发证|出证|办下)[^，,。\\s]{0,4}(?:多少天|几天|多久|多长时间|多少日子)"
)
"""How long it takes until a paper is there."""
_HOW_MUCH = re.compile("多少钱|要不?要?钱|收不?收?[钱费]|花钱|贵不贵|工本费")
_ASKED_BESIDE = (
    ("overdue", _HOW_LONG, re.compile("日内")),
    ("fee_now", _HOW_MUCH, re.compile("[钱费]")),
    ("permit_fee_now", _HOW_MUCH, re.compile("[钱费]")),
)
"""The questions that are often asked beside others: whose answer tells it, its words, and those of an answer to it."""
_AFTER_ALL = re.compile(
    "还是[办填弄整]吧|(?<!不)(?:又|还是)(?:想|要|打算|决定|愿意)(?:接着|继续|把)?(?:这个|它|证|狗证|犬证|居住证)?[办填弄整](?![完去])"
    "|(?:又|还是)(?:接着|继续)[办填弄整]|(?:改|变)(?:了)?主意了?[^不别]{0,8}[办填弄整]"
    "|(?:反悔|后悔)了[^不别]{0,6}(?:想|要|还是|接着|继续)[^不别]{0,3}[办填弄整]"
)
"""Of whoever wants to go on although they had dropped it."""
_HOW_IT_STANDS = re.compile(
    "(?<![填问写])到(?:哪|第?几)(?:一?步|儿|了)|走到哪|办到哪|批(?:没批|不批|了(?:没|吗|么)|下来(?:了)?(?:没|吗|么))|(?:办|审)[得的](?:怎么样|咋样)|算[^，,。\\s]{0,3}办(?:好|完|成|下来)|审(?:没审|完|到|过)?(?:了)?(?:没|吗|么|哪)"
    "|(?:办|弄|整|证)(?:好|完|成|妥)了?(?:没|吗|么)|下来了?(?:没|吗|么)|通过了?(?:没|吗|么)|过没过|有(?:信儿?|结果|消息|动静|回音)了?(?:没|吗|么)"
    "|(?:啥|什么)时候(?:能|可以|来|去)*(?:取|领|拿)(?!材料|疫苗|钱)|(?:查|看)(?:一?下)?(?:我的?)?(?:进度|进展|结果)|进度|状态|(?:咋|怎么|哪儿?|上哪|在哪)(?:能|样)?(?:知道|晓得|看|查|得知)(?:到|着)?[^，,。\\s]{0,5}(?:好没好|好了没|批没批|办没办|过没过|办好|结果|下来)|交(?:没交|上去?了?(?:没|吗|么)|成了?(?:没|吗|么))"
)
"""What is asked of an application that is thought to be handed in: 批没批, 到哪步了."""
OF_A_REPORT = re.compile(f"{REPORTED}|反映")
"""Words of what was told to officers, which is no application."""
_OF_ANOTHER = re.compile("[他她]|别人|人家|邻居|同事|上(?:次|回|个?月|周|礼拜)|交的|申请过|办过的|受理号")
"""Words of somebody else's application, or of an earlier one."""
_WHERE_IT_SHOWS = "填齐、回“确认”才算交上去，那时给您受理号：在这里发受理号就能看到办到哪步，结果也在这里告诉您。"
_GIVES_UP = 0.9
"""How likely giving up has to be: what was filled in is lost by it."""
_ENDS = re.compile(
    "[不别甭][^，。 ]{0,4}[办填弄整搞交申]|[算免]了|算球|拉倒|取消|撤|删|退出|停|forget|cancel|stop", re.IGNORECASE
)
_DROPS_IT = re.compile(
    "(?:那|唉|哎|得|行|哦|好|[,，。\\s])*(?:算了|拉倒|算球|免了)[吧呗啊]*[,，。\\s]*(?:[我俺咱]|就|先|那|还是)*"
    "(?:不|别|甭)(?:想|要)?(?:办|弄|整|填|申请|搞)(?:证|这个|它)?[了吧啦呗\\W]*"
)
"""Words of whoever drops it for good, though 先 may stand in them."""
_DELETES = re.compile(
    "(?:刚才|刚刚|前面|之前|填的|填过的|发的|发过的|那些|信息|资料|东西|都|全)[^，,。]{0,8}(?:删|清)(?:了|掉|除|干净|空)(?!的话|没|吗|不)"
    "|(?:删|清)(?:了|掉|干净|空)?(?:我的?|我刚才|刚才|前面|填过?的|发过?的|那些)"
)
"""Of whoever wants nothing kept of what was filled in: 刚才那些给我删了吧."""
_HOLDS_VALUES = re.compile(r"\d{4}|\d[月.年]\d|[0-9一二三四五六七八九十]+(?:号|单元|栋)")
_SEPARATORS = re.compile(r"[,，、;；。\n]+|\s{1,}")
_QUOTES = re.compile('[“”‘’"「」『』《》<>【】]+')
_COLOURS, _SIZES = "黄白黑棕灰花红金", "小大公母男女"
_GLUED_NUMBER = re.compile(r"(?<=[\u4e00-\u9fff])(?=\d{17}[\dxX])|(?<=\d{17}[\dxX])(?=[\u4e00-\u9fff])")
"""Between an identity number and the words that it is written on to: 吴海涛371323…."""
_FIGURES = "[0-9零一二三四五六七八九十]{1,4}"
_LONG_NUMBER_LAST = re.compile(r"\d{5}[\dxX]*\D*$")
"""A telephone or identity number behind an address, which is what is put right."""
_STILL_SO = "{title}：{value}，记着呢。"
_HOUSE_PUT_RIGHT = "住址记成了{address}，不对就重发。"
_HOUSE_TOLD = f"{_FIGURES}(?:(?:号楼|号院|号|栋|楼|单元|门|室|-)(?:{_FIGURES})?)*"
_UNIT_AND_FLAT = re.compile(f"{_FIGURES}(号楼|号院|号|栋|楼|单元|门)(?:{_FIGURES}\\D+)*{_FIGURES}")
_SELF_CORRECTED = re.compile(
    "(?P<wrong>.+?)[\\s,，。.]*(?:(?:啊|哦|噢|呀|哎)?(?:不对|错了|写错了|打错了|说错了|发错了|不是不是|哦不|少打一位|多打一位|打少了|打多了))+"
    "[\\s,，。.]*(?:应该)?(?:是|叫)?\\s*(?P<right>.+)"
)
_MY_OWN = re.compile(
    f"(?:应该|其实|实际)?(?:[我俺咱](?:们)?(?:自己)?家?(?:的|这)?|应该)?(?:住|在|是|改成?)*\\s*(?P<house>{_HOUSE_TOLD})(?:室|号)?\\W*[的了吧啊]*"
)
"""Nothing but the house or flat that is one's own, behind the one that was wrong: 我是401."""
_NUMBER_TAKEN_BACK = re.compile(
    r"(?<!\d)\d{11,17}[\dxX]?[\s,，。]*(?:啊|哦|噢|哎呀?|诶|呃)?[\s,，]*(?:不对|错了|[写打发填]错|不是我的|不是这个|这不是我)"
    "(?:了|啊|呀)*(?!.*\\d{4})(?!.*(?:最后|末|尾|第.位|应该是|改成|中间))",
    re.DOTALL,
)
"""A number that its sender takes back in the same breath, and tells none instead: 2101… 不对这是我对象的号."""
_NAME_CALLED_ANEW = re.compile(
    "叫[\u4e00-\u9fff]{1,4}?[\\s,，。]*(?:(?:啊|哦|噢|哎呀?|诶|呃)*(?:不对|[写打说发]?错了)|[啊哦噢诶呃]不是|不是不是)"
    "[啊呀了\\s,，。]*(?:应该)?(?:是叫|[是叫])(?=[\u4e00-\u9fff])"
)
"""A name that is told anew in the same breath: 叫大黄 不对叫二黄."""
_CHOOSES_STAY = re.compile("算(?:是)?有?(?:稳定|固定)的?住[处所]")
"""A choice of a permit's ground in its own words, however unsure they sound."""
_OTHER_NAME = re.compile(
    "名字?.{0,14}?(?:改成|改叫|换成|改为|[就还]叫|应该叫|是叫)([\u4e00-\u9fff]{1,4}?)(?=$|[\\s,，。吧了啊]|别的|其[他它余])"
)
_WISH_BEFORE = re.compile("^[^:：]{0,12}(?:办|申请|登记)[^:：]{0,8}[:：]\\s*")
"""What is wished before the values: 我想办居住证：孟…."""
_LAST_NUMBER = re.compile(r"\d+(?:-\d+)*(?!.*\d)")
_NO_ADDRESS = re.compile(r"身份证|电话|手机|\d{7}|[我你他她它们不了吗呢刀打砍抢杀死救火快]")
_STREET = re.compile("[路街巷屯村]|小区|社区|家园|花园|公寓|胡同|[一-龥]苑|[一-龥]里")
_ROOM = re.compile(r"(?:\d{2,4}|[零〇一二三四五六七八九]{3,4})室?|\d+-\d+(?:-\d+)?")
"""A flat's number behind the other pieces of an address."""
_ADDRESS_GAP = 10
"""Characters of a piece that may stand between two pieces of an address."""
_ASKED_ASIDES = ("resume", "missing", "review", "privacy")
"""What is asked about filling in, whose words (昨天填到哪了) are no values."""
_THEIR_PHONE = re.compile(r"(?!.*[写登])(?=.*(?:手机|电话|号).{0,3}[改换用]).*(?<!\d)1\d{10}(?!\d)")
"""Somebody else's telephone, and no other person: 手机换成我老伴儿的 139…."""
_DAY_LETTERS = 14
"""Characters of a text that is hardly more than a day, whatever was asked."""
_BESIDE_A_DAY = 4
"""Letters beside a day that tell nothing of their own: 就是 … 来的."""
_OWNER = "(?:主人|狗主|登记|申请人|名下|写|登|办|用|换成|换|是)(?:的|人)?(?:应该|得|要|该)?(?:写|登|是|用|给|替|成)?"
_THEIR_THINGS = "(?!家|那[儿边]|住|说|讲|告诉|起|养|买|[给帮替]我|记)"
"""What follows a person whose home, or whose words, are told of, and who is not to be registered: 301是我闺女家."""
_DONE = re.compile("^(?:疫苗|狂犬|针|早就?|都|已经|嗯|啊)*(?:打了|打过|打完|有打)(?![我他她人妈爸老孩])")
_WAS_VACCINATED = re.compile(
    "(?:疫苗|狂犬苗?|针)[^，,。 没不未]{0,4}(?:有打|打了|打过|打完|打好|打上)|打(?:了|过|完|好)(?:狂犬|疫苗|针)"
)
_VACCINATED_SOME_DAY = "打过就好。问到疫苗时写哪天打的，记得年月就行，比如“今年三月”。"
_FOR_THE_DOG = re.compile("(?:那|还有|然后)?[狗犬](?:证|的|那个)*(?:也|都|就)?(?:同意|写我|写他|用我|登我)")
"""How a message begins that goes on with the dog's form while another is open: 狗的也同意 写我名."""
_OF_OTHER_FORM = "这几样是{other}用的，没记到{title}这份里。先把这份填完交上，再回“{says}”接着填那份。"
_WHICH_DAY = "打过就好，还差哪天打的：看看免疫证，记得年月就行，比如“今年三月”。"
_PROMISE = 14
"""Characters of a text that is no more than the name of a picture."""
_PICTURED = re.compile(
    "合同|房本|房照|房产证|执照|学生证|工作证|证明|照片|身份证|免疫证|疫苗|本子|本儿|拍照|这就拍|马上拍|发照"
)
_LACKS = re.compile("[没丢坏错撕不假偷骗抢]")
_REGISTERED = re.compile("户口|户籍|老家|籍贯")
_OF_PERMIT = re.compile("[居暂]住[证登]|租房合同")
"""Where the word for living is of a paper's name, and not of how one lives."""
_WRITE_DAY = re.compile("(?:就|还是|都)按.{2,14}(?:写|填|算|登)")
"""How a day told before is put otherwise: 那就按去年11月3号写."""
_WRITE_CHOICE = re.compile("^(?:那|还是|要不|干脆|哦|好|行|嗯)*(?:就|还是|改成?|换成?)?(?:写|填|选|按|改成?|换成?|算)")
"""How another choice is put in the place of the one before: 那就写租房吧."""
_UNTRUE = re.compile("其实|没有?(?!合同|签)|不是|不在|假|编|瞎|混|别人|人家|当不知道|随便|[行中成]不|实际")
"""Words of who would write what is not so."""
_YEAR_WORD = re.compile("大前年|前年|去年|今年|(?:19|20)\\d\\d年")
_NOT_TO_BE_WRONG = re.compile(
    "(?:可|千万|一定|请|您|你)*(?:别|不要|不能|甭|怕|免得|省得)[^，,。\\s]{0,6}(?:[写打填输记弄整搞念印][错反混串岔成]|错)[了啊哈呀]*"
)
"""What somebody asks to be careful about, and does not put right: 别给我写错."""
_SAYS_WRONG = re.compile("[错改是换]了?|不对|应该")
_NOT_THAT_DAY = re.compile("不是(?:[0-9一二三四五六七八九十]+[月年号日])+")
_MOVED = re.compile("我搬|刚搬|又搬|才搬|搬家|不在.{1,8}了")
_TRUE_ONLY = "要照实填，填的和实际不一样，审核过不了。拿不准能不能办的，回“转人工”问民警。"
_INSISTS = re.compile("没错|没写错|没打错|没输错|对着呢|就是这个|哪错|哪不对|哪儿不对|哪里不对|哪里错|怎么不对|咋不对")
_CHECK_DIGIT = (
    "证件号最后一位是由前面十七位算出来的，现在对不上，多半是有一位看错了。请照着证件从头念一遍再发；"
    "还是不行就带证件到窗口。"
)
_NOT_NEEDED = "{what}表里不用填。"
GIVING_AGREES = "好，您发来的就用来办这件事；不想办了随时回“不办了”。"
"""What is told to whoever sends data where consent was asked for."""
_SENDS_ANEW = re.compile("重[发拍传新]|再[发拍传]一?张|换一?[张个]")
_AGREES = re.compile("同意|我授权|没意见")
_REFUSES = re.compile("[不别没甭](?:太)?(?:同意|愿意|想|要|办|填|发|用)|先问|问一下")
_PAPER_NUMBER = "证上的编号不用填，照片拍清楚就行。"
_USES = re.compile(
    "(?:信息|资料|数据|证件)(?:你们?|您|都|就|可以|随便|尽管|能|拿去|放心|\\s)*(?:收集|采集|使用|登记|用)(?!不)"
    "|(?:可以|随便|尽管|放心)(?:拿去)?(?:收集|采集|使用|用|登记)[^不吗么]{0,4}(?:信息|资料|数据|证件|$|[，,。 ])"
)
"""Consent in other words: 信息随便用, 可以用我的信息."""
_NO_CALLS = re.compile("(?:电话)?\\s*[打接]\\s*不要|不要\\s*[打接](?:电话)?|别\\s*[打接](?:电话)?")
_DIGITS = {"id_number": 18, "phone": 11}
_LONG_NUMBER = 6
_LONGEST = 500
"""Characters of a message that are read for values; nobody gives a form more at once, and every pattern stays quick."""
_STILL_WRONG = "这样改了还是对不上，请把{wants}位的{title}从头到尾再发一遍。"
_NOT_TOLD = "前面没看到写到门牌的地址，请在这里发一遍，比如“大东路1号2单元301”。"
_NUMBER_NAMES = {"id_number": re.compile("身份证|证件号"), "phone": re.compile("手机|电话")}
_REFUSED_LATELY = 6
"""Messages within which a number that was refused is put right."""
_SMALL_ASK = re.compile("(?:行|中|对|可以|好使|成)(?:吗|不|么|嘛|吧)\\W*$")
_ASKS_TO_GO_ON = re.compile("(?:还|能|可以)?(?:继续|接着)(?:办|填|弄|整|来|登|搞)?(?:吗|不|嘛|么|呗)\\W*$")
_NAME_LEAD = re.compile("^(?:我|俺|本人|就|名字|姓名|叫|是)+(?=[\u4e00-\u9fff]{2})")
_NO_RARE_NAME = re.compile(
    "[我你他她它俺咱您不没吗呢了办谁啥哪怎咋这那的就也都还有在是要想给看说写发填问先再等来去到做租住打养把被]|手机|电话|身份|号码"
    "|(?<=.)么|本人|同志|警官|老师|姓名|名字|照片|地址|疫苗|登记|居住|狗|犬|孩子|儿子|女儿"
)
"""What no name holds, whose surname is none of those that are known."""
_STAY_FULL = re.compile(
    "(?:^|[，,。\\s])(?:我|俺|咱|这|回|次|下|都|现在|如今|今天|到今天|可算|终于|总算|已经|正好|刚好|也|算是|住|待|呆|来){0,6}(?:满|够|过)了?"
    "(?P<span>(?:半年|[0-9一二两俩三四五六七八九十]{1,3}个?半?(?:多|来)?(?:年|月)半?)(?:多|整)?了?)(?=$|[，,。啦呀啊吧！!\\s])"
)
"""That the time which one has to have lived here is full by now, told as a span."""
TELLS_OF_SEVERAL = re.compile(
    "(?:^|[，,。\\s])[^我俺咱，,。\\s]{0,6}(?:[俩两仨三]个?人|[他她](?:[俩仨]|们[俩两仨几]))(?!间|房|床|住|一)|[给帮替][他她](?:[俩仨]|们)"
    "|(?:一个|[两俩三仨几]个)[^，,。\\s]{2,14}[，,\\s]+(?:[^，,。\\s我俺咱]{2,10}[，,\\s]+)?另?外?一个(?!人|月|星期|礼拜|多?年)"
)
"""Words of whoever tells of several others, each of whom needs a form of their own: 俩人黑龙江来的 一个干了八个月."""
_TOLD_OF_OTHERS = frozenset({"region", "date", "choice"})
"""Kinds of values that are told of anybody."""
_WORRIES = re.compile(
    "不会[^，,。\\s]{1,14}吧|该不会|不等于|不就[^，,。\\s]{1,8}[了么吗]|[怕愁](?!老[婆公])[^，,。\\s]{2,14}|担心|心里没底|不踏实|万一"
)
"""Words of a worry, which wants an answer as a question does."""
_WAITS = re.compile("先等|等等|等一?下(?!周|月|个|礼拜)|等一?会儿?|慢着|先停|停一下|先别[往填交急弄办]|容我")
"""Of whoever wants to wait with the rest: 先等等."""
_FAREWELL = re.compile(
    "(?:拜拜|再见|回聊|回头聊|回见|改天聊|明儿见|明天见|晚安|下线了|先下了|先撤了|闪了|溜了"
    "|bye ?bye|bye|886?|走了哈|忙去了)"
    "[了啦啊呀哈]*[^\\w]*$",
    re.IGNORECASE,
)
_TRUSTS = re.compile(
    "(?:[我俺咱]|你们?|派出所|警察)*还能?(?:信不[着过]|不(?:信|放心)|骗|坑)(?:[你我咱]们?|人)?[吗么嘛啊]?\\W*$"
)
"""What only sounds like a question: 你们派出所我还能信不着吗."""
_CRY = re.compile("^[啊咦诶哎哦嗯呃哈]+[?？!！]+")
"""A cry, whatever its mark: 啊？我看下."""
_GOES_AWAY = re.compile(
    "(?:先|就)?(?:不|别)(?:说|唠|聊|整|填|弄|写|发)了|来(?:病人|活儿?|单|客人?|电话|人)了|(?:忙|干活|开会|上课|上班|吃饭|喝酒|睡觉|遛狗|接孩子)[去了]"
    "|(?:去|得)(?:忙|干活|开会|上课|上班|吃饭|接孩子)|(?:回头|晚点|明天|明儿|改天|下班|等会儿?|一会儿?|有空)(?:再|接着|继续)"
    f"|{_FAREWELL.pattern}",
    re.IGNORECASE,
)
"""Of whoever leaves behind what was given: 来病人了先不说了, 不整了喝酒去."""
_WRITE_OTHER = re.compile(
    "(?:那|就|还是|要不|嗯|哦|不|对|[,，\\s])*(?:写|填|用|按|登记?|改成?|换成?)[^，,。\\s\\d]{0,6}"
    "(?:[那另]|前[面边头]?|后[面边头]?|头[里前]?|第[一二]|上[面头])外?[一那]?(?:个|边|处|儿|条)(?:的|地址|住址|地方)?[吧呗啊\\W]*"
)
"""That another of several be written: 写我妈家那个, 填前面那个."""
_WRITE_HOME = re.compile(
    "(?:那|就|行|好|嗯|还是|[,，\\s])*(?:写|填|用|登记?|按)(?:在|到)?(?:我|俺|自己)?"
    "(?:家里?|家的|住的)(?:的|那个)?[吧呗啊了\\W]*"
)
"""That one's home be written, of a home and a shop: 那就写家里."""
_REST_OF_ADDRESS = re.compile(f"(?:{_FIGURES}(?:号楼|栋|单元|楼|层|门|室|号)[,，\\s]*)+(?:{_FIGURES})?")
_UNIT = re.compile("单元|号楼|栋|室|楼|[0-9]-[0-9]")
"""The unit and flat behind a house's number, and that they were told."""
_OWN_HOME = re.compile("[我俺咱](?:们)?(?:自己|现在|人)?(?:家)?(?:住|在|家)+(?:在)?$")
_WHOSE_HOME = re.compile("[我俺咱]")
"""Words before one's own address, and of a text that says whose is meant."""
_HOUSE_WANTED = "住{estate}，知道了；住址要连路名、楼号和门牌一起写。"
_TWO_TOLD = "您说了两个地址，先记的是{address}；要写另一个，回“写另一个”。"
_POINTS_BACK = re.compile(
    "(?:刚才|刚刚|方才|头前|先前|前面|上面|之前|前头|刚)我?(?:"
    "(?:说|发|写|给|报|告诉|打|填|留)[你您过了]*的?|[你您过了]*的?[那这](?:个|儿)?|的?(?:地址|地方|位置)|(?:的|那个?)?(?:一样|同一个))"
)
"""What points back to something that was told already."""
_FLAT_ADDED = re.compile(r"(?<![\d-])(\d{2,4}|\d-\d+(?:-\d+)*)(?:室|号)?\W*$")
"""The flat's number behind it."""
_SHORT_NUMBER = re.compile(r"\D{0,8}?((?!12110|12345|96110)\d{4,13}x?)\D{0,3}")
_FEW_DIGITS = 4
"""Digits that may be the end of a number and nothing else."""
_TOO_SHORT = "{title}是{wants}位，您发的是{told}位，请核对一下再发。"
_NOT_REMEMBERED = re.compile("[记想]不(?:太|大)?(?:清|准|住|起|得)|忘了|不记得|没记住?|说不(?:上|准|好)")
_ABOUT_WHEN = "记不清哪天的，写个大概的年月就行，比如“今年三月”；说不上来就先问家里人，填过的都在。"
_REGION_LETTERS = 8
_ANSWER_LETTERS, _POSSIBLY = 5, 0.25
"""Letters up to which any words answer the question for words, and how likely more of them have to be an answer."""
_WRONG_ONLY = 16
"""Characters of a text that says no more than that something was wrong."""
_NAMED_ANEW = "(?:的(?:话)?)?[ :：]*(?:应该|改)?(?:是|为|成|写|叫|在(?=[\u4e00-\u9fff]{3}))"
"""What stands between the name of a filled field and its new value."""
_MAY_ONE = re.compile("能不能|能办|能养|让养|让办|可以养|可以办|允许")
_OTHERS_DOG = re.compile("(?:朋友|邻居|同事|同学|亲戚|楼[上下]|对门|隔壁|别人|人家)们?(?:他|她)?家?(?:那|的|养|有|也)")
FIERCE = "{breed}一般算烈性犬或大型犬，重点管理区里不让养，多半办不了证；能不能办由民警核定，想先问清就回“转人工”。"
_OTHER_DOG = (
    "(?:给|替|帮)[^，,。\\s]{{0,8}}{breed}[^，,。\\s]{{0,4}}(?:办|整|弄|登|上)"
    "|(?:先|就|改|换|还是|那|要)(?:成|来|给)?[办整弄登][^，,。\\s]{{0,6}}{breed}"
    "|{breed}[^。]{{0,6}}(?:给|换|改)(?:那|这)(?:个|只|条)(?:办|整|弄|登)"
)
"""That it is done for the dog of another breed: 给我妈那个泰迪办."""
_OTHER_DOG_ASKED = "好，改办{breed}；前面那只的{dropped}不算了。"
_OF_MONTH = re.compile("[0-9一二三四五六七八九十]月")
_OF_NUMBER = re.compile("电话|手机|号码")
"""Words of who tells a number: what stands beside it (后面还有个九) is no name."""
_FOUND, _SURELY_FOUND, _OVERRULES = 0.5, 0.75, 0.9
"""How likely words have to be the value of a field to be taken for it, whatever it looks like, and in the place of what
was told before (ADR 006)."""
_ANSWERED_BETTER = frozenset({"privacy", "bot", "puzzled", "whose", "chat", "photos", "deaf", "sent"})
"""What is said about filling in, and has an answer in general that one to the very question stands before."""
_CHILD = re.compile(
    "^(?:我|俺)(?:今年|现在|才|刚|还|都|已经)*(?:[1-9]|1[0-7]|十[一二三四五六七]?|[四五六七八九])(?:周|虚)?岁"
    "|我(?:现在|还|才|今年)?在?[上读念是](?:小学|初[中一二三]|[一二三四五六]年级|高[中一二三])|我是?(?:小学生|初中生|小孩|未成年)|我(?:还)?(?:没|未)(?:成年|满(?:18|十八))"
)
_FOR_A_CHILD = (
    "小朋友，狗证要写家里大人的名字，要满18岁。请爸爸妈妈来，把大人的姓名、身份证号发在这里就能办；你发来的先留着。"
)
_DEAF = "记下了：只发消息，不打电话。办的结果也在这里发消息。"
_ONE_OF_MONTH = "打针的日子先记{told}，哪天打的以免疫证为准；知道是哪天就再发一下。"
_PERMISSION = re.compile("([行中成能会好可])不\\1|(?:行|中|成|好使|可以|能行|得|使得)(?:吗|不|么|嘛)")
"""Whether something may be so, asked beside a value: 电话留我儿子的中不中."""
_OF_FIELDS = {"phone": ("phone_",), "address": ("address_",), "name": ("owner_", "for_"), "dog_name": ("dog_name_",)}
"""How the names of the questions begin that may be asked beside a value of a field."""
_BARELY_ASKED = 0.2
_SEVERAL = 2
"""Values in a question that cannot all be what it asks about."""
_ANSWERED, _ANSWERED_UNASKED = 0.33, 0.6
"""How likely a question about filling in has to be, and how likely where nothing is asked (ADR 006)."""
_SIGNED_DOG = re.compile("(?:^| )(?:狗|犬|小狗|狗狗) ([\u4e00-\u9fffa-z]{1,4}) (?:名字?|叫|名儿)(?= |$)")
_NAMING = ("名字", "名", "叫", "名儿")
_DOG_NAME_CHARACTERS, _CALLED_CHARACTERS = 6, 3
"""Characters of a dog's name, and of most: what is longer beside values that the model has found is a remark."""
_NOT_IN_FORM = re.compile(
    "性别|公母|(?:是|写|个|条|只)[公母](?:的|狗|犬)?|年龄|岁数|[几\\d一二两三四五六七八九十]岁|体重|绝育|弟弟|妹妹"
)
"""What dogs are told of, and the form does not ask for."""
_NO_DOG_NAME = re.compile(
    "[?？填吗呢不没腿短错改像]|^[那这]|办|证|照|狗|犬|谢|你|您|我|他|她|它|打|疫|针|岁|公|母|只|[男女]生|[小中大]型"
)


@dataclass(frozen=True)
class Reading:
    """What a message gives to a form. Values are JSON types; a field in `again` is to be asked anew."""

    values: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    command: Command | Aside | None = None
    loose: bool = False
    """Nothing but words that could be an answer to any question."""
    remark: str = ""
    """What the resident is to be told besides, in answer to something said about filling in."""
    also: Aside | None = None
    """What is said about filling in beside values: that the rest comes later, that all is to be shown, or handed in."""

    def __bool__(self) -> bool:
        return bool(self.values or self.problems or self.again or self.command or self.remark)


@dataclass(frozen=True)
class Heard:
    """What the model makes of a message in a form: its turns (`bot/nlu/turn_machine.py`) and the questions that it may
    ask (`bot/nlu/known_questions.py`), the likeliest first, and the values in it (`bot/nlu/value_tagger.py`)."""

    turns: Sequence[Turn] = ()
    asked: Sequence[Turn] = ()
    tagged: Sequence[Tagged] = ()

    @classmethod
    def in_message(cls, parse_data: Mapping[str, Any]) -> Heard:
        """As the parse data have it; nothing where no model has read the message."""
        return cls(turns_in(parse_data, FORM_TURNS), turns_in(parse_data, FORM_ASKED), values_in(parse_data))


NOTHING_HEARD = Heard()


def _joined_letters(match: re.Match[str]) -> str:
    """Letters that somebody writes one by one, but for a colour and a size that stand side by side: 黄 小 串儿."""
    beside = match.string[match.end() : match.end() + 1]
    apart = match[1] in _COLOURS and beside in _SIZES
    return match.group() if apart else match[1]


def _masked(number: str) -> str:
    """An identity number as it may stand on a screen that others see; a telephone number whole."""
    return f"{number[:6]}********{number[-4:]}" if len(number) > _DIGITS["phone"] else number


def read(
    forms: Forms,
    form: Form,
    requested: str | None,
    text: str,
    filled: Mapping[str, Any],
    *,
    today: date,
    entities: StationEntities,
    heard: Heard = NOTHING_HEARD,
    earlier: Sequence[str] = (),
) -> Reading:
    """The values that a message gives. `filled` holds what the form knows already, by field; `heard`: what the model
    makes of the message; `earlier`: the messages before it, newest first, which one may point back to."""
    # Numbers first: the normal form shortens 零零零, as it does 救救救.
    written = SPACED_OUT.sub(_joined_letters, _QUOTES.sub(" ", unicodedata.normalize("NFKC", text[:_LONGEST]))).strip()
    written = _WISH_BEFORE.sub("", _GLUED_NUMBER.sub(" ", written)) or written
    written = _NUMBER_TAKEN_BACK.sub("", written) or written
    if careful := _NOT_TO_BE_WRONG.search(written):
        written = written.replace(careful.group(), " ").strip() or written
        heard = replace(heard, turns=_as_answer(heard.turns))
    right = _with_right_house(written, forms)
    house_put_right = right != written
    told, of_paper = no_values.without(_NAME_CALLED_ANEW.sub("叫", without_own_questions(right).strip() or right))
    if told != written:
        heard = replace(heard, tagged=[one for one in heard.tagged if _is_left(one.text, written, told)])
        written = told
    said = normalise(values.spelled_out(written))
    fields = FieldReader(forms, requested, today, entities)
    earlier = [one[:_LONGEST] for one in earlier]
    reading = _Reader(forms, form, requested, said, written, filled, fields, heard, earlier).read()
    if house_put_right and (address := reading.values.get("address")):
        reading = replace(reading, remark=reading.remark or _HOUSE_PUT_RIGHT.format(address=address))
    return replace(reading, remark=reading.remark or _PAPER_NUMBER) if of_paper and not reading.problems else reading


def _as_answer(turns: Sequence[Turn]) -> list[Turn]:
    """Turns of a message that corrects nothing: what was heard as a correction answers."""
    answers = sum(turn.confidence for turn in turns if turn.name in ("answer", "correction"))
    others = [turn for turn in turns if turn.name not in ("answer", "correction")]
    return sorted([*others, *([Turn("answer", answers)] if answers else [])], key=lambda turn: -turn.confidence)


def _with_right_house(written: str, forms: Forms) -> str:
    """A message whose address is put right in the same breath, with the right house alone: 小北街58号2单元301 哦不对
    301是我闺女家 我是401 tells 小北街58号2单元401, and whose home the other is."""
    told = _SELF_CORRECTED.fullmatch(written)
    if told is None or not (HOUSE.search(told["wrong"]) and _STREET.search(told["wrong"])):
        return written
    if _LONG_NUMBER_LAST.search(told["wrong"]):
        return written
    own, *behind = _not_theirs(told["right"], forms) or [""]
    told_anew = _MY_OWN.fullmatch(own)
    right = _with_house(told["wrong"], told_anew["house"]) if told_anew else None
    return " ".join([right, *behind]) if right else written


def _with_house(address: str, house: str) -> str:
    """An address with the house, the flat, or the unit and flat that are told anew."""
    unit = _UNIT_AND_FLAT.fullmatch(house)
    place = re.search(f"{_FIGURES}{unit[1]}", address) if unit else None
    if place:
        return address[: place.start()] + house
    return other_house(address, house) or _LAST_NUMBER.sub(house, address)


def _not_theirs(said: str, forms: Forms) -> list[str]:
    """The pieces of what is told anew, without those that tell whose the other was: 301是我闺女家."""
    theirs = re.compile(f"^[^叫]*(?:{forms.someone.pattern})(?:家|那[儿边]|住|的)[^叫]*$|^[那这]是|^不是")
    return [piece for piece in _SEPARATORS.split(said) if piece and not theirs.search(piece)]


def _is_left(found: str, before: str, after: str) -> bool:
    """Whether what was found in a message still stands in what is left of it."""
    digits, left = (re.sub(r"\D", "", values.spelled_out(said)) for said in (found, after))
    if len(digits) >= _LONG_NUMBER:
        return digits in left
    return found in after or found not in before


@dataclass
class _Reader:
    """Reads one message. `_written`: with its capital letters."""

    _forms: Forms
    _form: Form
    _requested: str | None
    _text: str
    _written: str
    _filled: Mapping[str, Any]
    _fields: FieldReader
    _heard: Heard
    _earlier: Sequence[str] = ()
    _values: dict[str, Any] = field(default_factory=dict)
    _problems: list[str] = field(default_factory=list)
    _again: list[str] = field(default_factory=list)
    _claimed: dict[str, str] = field(default_factory=dict)
    """The words that the model has found, by field."""

    def read(self) -> Reading:
        reading = self._read()
        if reading:
            return replace(reading, also=self._also(reading))
        if self._hands_in_too_early():
            return Reading(command="missing")
        if self._requested and (told := self._told(LIKELY)):
            return told
        return Reading(command="change") if self._means("correction", at=LIKELY) and self._filled else reading

    def _also(self, reading: Reading) -> Aside | None:
        """What a text that gives values says about filling in besides."""
        if reading.command:
            return None
        if not set(reading.values) - {CONSENT, CONFIRMED}:
            return "missing" if reading.remark and self._wants_it_handed_in() else None
        if self._forms.wants_to_see(self._text):
            return "review"
        behind = [piece for piece in _SEPARATORS.split(self._text) if piece][-2:]
        if behind and (re.search(r"\d", behind[-1]) or asks(behind[-1])):
            return None  # 手机等下 是8841: who goes on waits for nothing
        behind = [piece for piece in behind if not re.search(r"\d", piece)]
        if _GOES_AWAY.search(" ".join(behind)) or any(map(_WAITS.search, behind)):
            return "later"
        return "missing" if _HANDS_IN.search(self._text) and not self._asking else None

    def _hands_in_too_early(self) -> bool:
        """Whether a text wants a form handed in that is not complete, and says nothing else that is understood."""
        waits = self._requested in self._form.fields
        return waits and bool(_HANDS_IN.search(self._text)) and not self._asking

    def _wants_it_handed_in(self) -> bool:
        """Whether a piece of a text that asks nothing wants a form handed in that is not complete."""
        pieces = [piece for piece in _SEPARATORS.split(self._text) if _HANDS_IN.search(piece)]
        waits = self._requested in self._form.fields
        return waits and any(not (asks(piece) or _NOT_HANDED_IN.search(piece)) for piece in pieces)

    def _asks_how_it_stands(self) -> bool:
        """Whether a text asks how the application stands, while it is still being filled in."""
        said = (self._text, self._text.replace(" ", ""))  # 我的 狗证 好了 没有: the deaf write word by word
        asked = self._requested is not None and any(map(_HOW_IT_STANDS.search, said))
        another = any(words.search(self._text) for words in (_OF_ANOTHER, OF_A_REPORT, self._forms.someone))
        return bool(asked) and not (another or re.search(r"\d{5}", self._text) or self._means("resume"))

    def _read(self) -> Reading:
        unnamed = self._form.subject.sub("", self._text)  # 狗证先不办了
        if self._wants_it_again():
            return Reading(command="resume")
        if self._gives_it_up() or self._is_cancelled(unnamed):
            return Reading(command="cancel")
        if self._forms.puts_off(self._text) or self._forms.puts_off(unnamed):
            return Reading(command="later")
        if self._forms.says_yes(self._text) or self._forms.keeps_it(self._text) or self._bids_ask():
            return self._agreed()
        if self._bids_farewell():
            return Reading(command="later")
        if self._corrects_unasked():
            return Reading(command="unasked")
        if _ASKS_TO_GO_ON.search(self._text) and not self._holds_values():
            return Reading(command="resume")
        if self._asks_how_it_stands():
            return Reading(command="missing", remark=self._with_time_and_fee(_WHERE_IT_SHOWS))
        if others := self._of_other_form():
            return others
        if pointed := self._puts_number_right() or self._points_back() or self._other_of_two():
            return pointed
        if goes_on := self._goes_on_with_address() or self._other_dog():
            return goes_on
        told = self._told(SURE) if self._requested else None  # what begins a form says nothing about filling in
        if self._asking and self._forms.sends_later(self._text) and not self._holds_values():
            return Reading(command="later")
        answer = "" if self._tagged(_FOUND) or self._holds_values() else self._known_answer()
        if answer and told and told.command in _ANSWERED_BETTER:
            return Reading(remark=answer)
        if told and not self._means("photo_again"):
            return told
        if command := self._about_photo() or self._half_agreed() or told:
            return command
        if self._forms.wished(self._text, "") not in (None, self._form):
            return Reading()  # another form is to begin
        if answer:
            return Reading(remark=answer)
        if self._asking and (aside := self._aside()) in _ASKED_ASIDES and not re.search(r"\d{5}", self._text):
            return Reading(command=aside)
        if self._forms.pretends.search(self._text):
            return Reading(problems=(_TRUE_ONLY,))
        if self._is_a_child():
            return Reading(problems=(_FOR_A_CHILD,))
        anew = self._tells_anew()
        if respelled := self._respelled():
            return respelled
        if not anew and (self._other_end() or self._swap() or self._takes_itself_back()):
            return Reading(values=self._with_what_is_told_beside())
        if not anew and self._names_other_person():
            return Reading(again=("name", "id_number") if self._filled.get("id_number") else ("name",))
        if self._correcting and self._filled and not anew:
            self._correct()
        if (needle := self._not_vaccinated()) and not self._again:
            return Reading(again=(needle,), remark=answer or self._forms.line_for(self._form, self._text))
        if not self._again:
            self._take_all()
            if self._promises_photo():
                return Reading(command="agreed")
            if self._vaccinated():
                return Reading(remark=_WHICH_DAY)
            if not (self._values or self._problems) and self._unasked():
                return Reading(command="unasked")
            if (aside := self._aside()) and (not self._values or self._loose()) and not self._tells_wrong(aside):
                return Reading(command=aside)
            if self._only_says_wrong():
                return Reading(command="agreed")
            if not (self._values or self._problems) and (kept := self._told_again()):
                return Reading(remark=kept)
        return self._reading()

    def _of_other_form(self) -> Reading | None:
        """What is told to whoever gives the values of the other form while this one is open, which takes none of them:
        比熊 纯白 叫汤圆 while a permit is applied for."""
        told = {one.field for one in self._heard.tagged if one.confidence >= _SURELY_FOUND}
        for other in self._forms.forms.values():
            own = {*other.fields} - {*self._form.fields}
            dogs = any(entry.kind == "breed" for entry in other.fields.values()) and _FOR_THE_DOG.match(self._text)
            if other is not self._form and (len(told & own) >= _SEVERAL or dogs) and not self._asking:
                return Reading(remark=_OF_OTHER_FORM.format(other=other.title, title=self._form.title, says=other.says))
        return None

    def _wants_it_again(self) -> bool:
        """Whether somebody who has put the form off, or means to, wants to go on after all: 我又想办了."""
        wants = self._requested is not None and _AFTER_ALL.search(self._text)
        rest = _AFTER_ALL.sub(" ", self._text)
        return bool(wants) and not (asks(rest) or self._means("question") or _HOLDS_VALUES.search(rest))

    def _gives_it_up(self) -> bool:
        """Whether somebody drops it with a word that keeps nothing, and tells of no coming back, whatever 先 stands
        behind it: 那算了先不办了."""
        deleted = self._requested is not None and _DELETES.search(self._text) and not self._asking
        dropped = deleted or _DROPS_IT.fullmatch(self._text)
        return bool(dropped) and not self._forms.comes_back(self._text)

    # -- what stands on the messages before ----------------------------------------------------------------------

    def _bids_farewell(self) -> bool:
        """Whether somebody leaves and gives nothing: 有单了 回聊, 来病人了 拜拜."""
        said = self._requested is not None and _FAREWELL.search(self._text)
        gives = re.search(r"\d{3}", self._text) or self._tagged(_SURELY_FOUND)
        return bool(said) and not self._asking and not gives

    def _puts_number_right(self) -> Reading | None:
        """The number that was refused with the digits that are told of it now: 最后一位是7, 忘打X了."""
        if self._asking and not _SMALL_ASK.search(self._text):
            return None
        for kind, refused in self._refused():
            valid = partial(values.is_valid, kind=kind, today=self._fields.today)
            whole = put_right(refused, self._text, _DIGITS[kind], valid)
            entry = next(entry for entry in self._form.fields.values() if entry.kind == kind)
            if whole and (right := self._attempt(entry, whole, asked=True)):
                agreed = {CONSENT: True} if self._requested == CONSENT else {}
                told = f"{entry.title}记成了{_masked(right)}，不对就重发。"
                return Reading({entry.name: right} | agreed, remark=told)
            if entry.name == self._requested and tells_digits(self._text):
                return Reading(problems=(_STILL_WRONG.format(title=entry.title, wants=_DIGITS[kind]),))
        return None

    def _refused(self) -> Iterator[tuple[str, str]]:
        """The kinds of the numbers that are still open, with the last one of each kind that was refused."""
        kinds = [entry.kind for entry in self._form.fields.values() if entry.kind in _DIGITS]
        named = [kind for kind in kinds if _NUMBER_NAMES[kind].search(self._text)]
        for kind in named or kinds:
            entry = next(entry for entry in self._form.fields.values() if entry.kind == kind)
            if self._filled.get(entry.name):
                continue
            for text in self._earlier[:_REFUSED_LATELY]:
                if refused := values.refused_number(text, kind, today=self._fields.today):
                    yield kind, refused
                    break

    def _points_back(self) -> Reading | None:
        """The address that was told before the form asked for one, where a text points back to it: 地址就刚才那个."""
        entry = next((entry for entry in self._form.fields.values() if entry.kind == "address"), None)
        if entry is None or self._filled.get(entry.name) or self._asking:
            return None
        named = self._requested == entry.name or re.search("地址|住址|住的|家就|门牌", self._text)
        if not (named and _POINTS_BACK.search(self._text)) or self._fields.address_told(self._text):
            return None  # 地址长安路81号，电话刚才打错了
        told = next((said for said in map(self._fields.address_told, map(normalise, self._earlier)) if said), "")
        if not told:
            return Reading(problems=(_NOT_TOLD,)) if self._requested == entry.name else None
        pieces = [piece for piece in _SEPARATORS.split(self._text) if piece]
        at = next((at for at, piece in enumerate(pieces) if _POINTS_BACK.search(piece)), None)
        pointing = pieces[at : at + 2] if at is not None else []
        pointing = pointing if _ROOM.fullmatch("".join(pointing[1:])) else pointing[:1]
        flat = _FLAT_ADDED.search(" ".join(pointing) or self._text)
        whole = f"{told}{flat[1]}" if flat and flat[1] not in told else told
        self._put(entry, whole)
        if self._requested == CONSENT:
            self._values[CONSENT] = True
        self._take_beside(pointing)
        remark = f"{entry.title}先按前面说的记：{whole}。不对就重发。"
        return Reading(dict(self._values), tuple(dict.fromkeys(self._problems)), remark=remark)

    def _other_of_two(self) -> Reading | None:
        """The other one of two addresses that were told in one message, where a text says that it be written: 写我妈家
        那个."""
        entry = next((entry for entry in self._form.fields.values() if entry.kind == "address"), None)
        written = self._filled.get(entry.name) if entry else None
        if entry is None or not isinstance(written, str) or not _WRITE_OTHER.fullmatch(self._text):
            return None
        for said in map(normalise, self._earlier[:_REFUSED_LATELY]):
            told = self._fields.addresses_told(said)
            if len(told) == _SEVERAL and written in told:
                own = [one for one in told if _OWN_HOME.search(said.partition(one)[0])]
                theirs = [one for one in told if one not in own]
                wanted = theirs if self._forms.someone.search(self._text) else own
                others = [one for one in told if one != written]
                right = (wanted if len(wanted) == 1 and _WHOSE_HOME.search(self._text) else others)[0]
                return Reading({entry.name: right}, remark=_HOUSE_PUT_RIGHT.format(address=right))
        return None

    def _goes_on_with_address(self) -> Reading | None:
        """An address that was told without its flat, with the unit and flat that a text tells and nothing else: 2单元
        1楼 3号 behind a location. One that bids to write one's home (那就写家里) keeps what is told."""
        entry = next((entry for entry in self._form.fields.values() if entry.kind == "address"), None)
        known = self._filled.get(entry.name) if entry else None
        if entry is None or not isinstance(known, str) or self._requested == entry.name:
            return None
        if _WRITE_HOME.fullmatch(self._text):
            return Reading(remark=_STILL_SO.format(title=entry.title, value=known))
        if not _REST_OF_ADDRESS.fullmatch(self._text) or _UNIT.search(known):
            return None
        return Reading({entry.name: f"{known}{self._text.replace(' ', '')}"})

    def _take_beside(self, pieces: Sequence[str]) -> None:
        """Take what stands beside these pieces of a text: 地址就刚才那个 狗叫妞妞 博美 白的 tells more than the
        address."""
        for piece in pieces:
            self._text = self._text.replace(piece, " ").strip()
        if pieces and self._text:
            self._take_all()

    def _other_dog(self) -> Reading | None:
        """Another dog than the one told of before, for whom it is to be done; nothing that was told of that one counts
        for it."""
        entry, said = self._form.fields.get("dog_breed"), self._forms.breed_words(self._text)
        known = self._filled.get(entry.name) if entry else None
        breed = self._forms.breed(self._text)
        asking = self._asking and not _SMALL_ASK.search(self._text)  # 还有个小泰迪，给那个办行不
        if entry is None or said is None or known is None or breed == known or asking:
            return None
        if breed in self._forms.banned or not re.search(_OTHER_DOG.format(breed=re.escape(said)), self._text):
            return None
        self._take_tagged()
        mine = {name: value for name, value in self._values.items() if name != entry.name}
        agreed = {CONSENT: True} if self._requested == CONSENT else {}
        former = ("dog_name", "dog_colour", "vaccinated_on", *self._form.photos)
        again = tuple(name for name in former if self._filled.get(name) and name not in mine)
        dropped = "、".join(self._form.fields[name].title.removeprefix("狗的") for name in again)
        remark = _OTHER_DOG_ASKED.format(breed=breed, dropped=dropped) if again else ""
        return Reading({**mine, **agreed, entry.name: breed}, again=again, remark=remark)

    def _is_a_child(self) -> bool:
        """Whether somebody too young for a form says so: 我12岁 上六年级."""
        number = self._form.fields.get("id_number")
        return number is not None and bool(number.settings.get("adult")) and bool(_CHILD.search(self._text))

    # -- what the model takes the message for ------------------------------------------------------------------

    def _means(self, *turns: str, at: float = SURE) -> bool:
        """Whether a text is one of these turns to the model, with this likelihood at least."""
        return is_surely(self._heard.turns, *turns, at=at)

    @cached_property
    def _asking(self) -> bool:
        """Whether a text asks; the model may be surer of it than the words: 上学啊这还用问吗 answers."""
        if self._means("answer", "correction", "agree"):
            return False
        text = _TRUSTS.sub(" ", _CRY.sub(" ", self._text))
        said = self._forms.begins_with_yes(text)  # 要得嘛 asks nothing
        return asks(text if said is None else said) or self._means("question", "whose", "photo_how")

    @cached_property
    def _correcting(self) -> bool:
        """Whether a text says that something was wrong."""
        return self._forms.corrects(self._text) or self._means("correction", at=LIKELY)

    def _told(self, at: float) -> Reading | None:
        """What a text says about filling in where the model is so sure of it, and no value stands in it."""
        turn = next(iter(self._heard.turns), None)
        if turn is None or turn.confidence < at:
            return None
        if self._holds_values() and not self._means("pretends"):
            return None
        if line := self._forms.line_for(self._form, self._text):
            return Reading(remark=line) if turn.name in _TOLD else None
        if self._agrees_with_more() or self._puts_choice_anew:
            return None
        if self._means("agree", at=at) or (self._requested == CONSENT and self._means(WISH_TURN)):
            asked = self._requested in (CONSENT, CONFIRMED) and not asks(self._text)
            wants: Command | Aside = "missing" if _HANDS_IN.search(self._text) else "agreed"
            return Reading({str(self._requested): True}) if asked else Reading(command=wants)
        if self._means("pretends"):
            return Reading(problems=(_TRUE_ONLY,))
        if self._means("photo_again", at=at):
            return Reading(again=self._photos_sent()[-1:])
        if turn.name == "cancel" and not self._surely_gives_up():
            return Reading(command="later")  # nothing is lost by that
        command = _TOLD.get(turn.name)
        if command == "later" and asks(self._text) and not self._forms.sends_later(self._text):
            return None  # 等会儿 疫苗本过期没有啊: it is asked
        if command == "later" and self._forms.wished(self._text, "") is self._form:
            return Reading(command="resume")  # 先办居住证吧，户口以后再说
        if command == "puzzled" and _CHOOSES_STAY.search(self._text):
            return None  # 没上班，算有稳定住处的那种
        return Reading(command=command) if command else None

    def _is_cancelled(self, unnamed: str) -> bool:
        """Whether a text ends the form, and not a telephone's number: 旧手机号停了，新的是138… `unnamed`: without the
        form's subject."""
        number_stopped = "停" in self._text and re.search(r"\d{11}", self._text)
        return not number_stopped and (self._forms.cancels(self._text) or self._forms.cancels(unnamed))

    def _surely_gives_up(self) -> bool:
        """Whether a text that the model takes for giving up says so itself, and not only for now."""
        return self._means("cancel", at=_GIVES_UP) and bool(_ENDS.search(self._text)) and "先" not in self._text

    def _holds_values(self) -> bool:
        """Whether a text has figures of a value, or is so short that any question could be answered by it: 高峰."""
        first = next(iter(self._form.fields))
        asked = self._form.fields.get(first if self._requested == CONSENT else self._requested or "")
        any_words = asked is not None and asked.kind in ("name", "words", "region", "breed", "choice")
        brief = any_words and re.fullmatch("[一-鿿]{1,4}", self._text)
        day = asked is not None and asked.kind == "date" and values.mentions_day(self._text)
        day = day and asked is not None and (not self._asking or self._is_about(asked))  # 孙子礼拜六来 能不能先不照
        return bool(brief or day or self._chooses(asked) or self._tells_open_day() or _HOLDS_VALUES.search(self._text))

    def _chooses(self, asked: Field | None) -> bool:
        """Whether a text that asks nothing answers the question for a choice: 送快递 正式工."""
        if asked is None or asked.kind != "choice" or self._asking:
            return False
        return bool(field_values.choices_told(asked, self._text))

    def _tells_open_day(self) -> bool:
        """Whether a text that asks nothing tells a day that is still open by its own words: 今天上午打完针了 接着整."""
        if self._asking or not values.mentions_day(self._text):
            return False
        days = (entry for entry in self._form.fields.values() if entry.kind == "date")
        return any(self._filled.get(entry.name) is None and self._is_about(entry) for entry in days)

    def _photos_sent(self) -> tuple[str, ...]:
        return tuple(name for name in self._form.photos if self._filled.get(name))

    # -- the whole message -------------------------------------------------------------------------------------

    def _reading(self) -> Reading:
        remark = self._remark()
        if self._only_beside() and (self._asking or self._remarks()) and not self._only_a_choice():
            self._values.clear()
        if self._loose() and (remark or self._reads_otherwise() or self._wants_it_handed_in()):
            self._values.clear()  # the words of a question are no name
        if self._agrees_by_giving():
            self._values[CONSENT], remark = True, remark or GIVING_AGREES
        remark = "\n".join(filter(None, (remark, self._one_of_two() or self._estate_alone())))
        return Reading(
            values=dict(self._values),
            problems=tuple(dict.fromkeys(self._problems)),
            again=tuple(dict.fromkeys(self._again)),
            loose=self._loose(),
            remark=remark,
        )

    def _one_of_two(self) -> str:
        """That of two addresses one was taken, and which; "" where one alone was told, or it was put right."""
        address = self._values.get("address")
        if not isinstance(address, str) or self._correcting:
            return ""
        told = self._fields.addresses_told(self._text)
        return _TWO_TOLD.format(address=address) if len(told) == _SEVERAL and address in told else ""

    def _estate_alone(self) -> str:
        """That the house is wanted as well of an address that is told by its estate alone, beside other values."""
        entry = next((entry for entry in self._form.fields.values() if entry.kind == "address"), None)
        open_ = entry is not None and self._filled.get(entry.name) is None and entry.name not in self._values
        if not open_ or not self._values or self._asking or self._problems or self._requested in self._form.photos:
            return ""
        told = (field_values.estate(piece) for piece in _SEPARATORS.split(self._text) if piece)
        estate = next(filter(None, told), "")
        return _HOUSE_WANTED.format(estate=estate) if estate else ""

    def _reads_otherwise(self) -> bool:
        """Whether what could be any short answer is none to the model: a question, or words that answer nothing."""
        if self._means("question", "elsewhere"):
            return not self._holds_values()
        wordy = size(self._text) > _ANSWER_LETTERS and bool(self._heard.turns)
        return wordy and not self._means("answer", "correction", at=_POSSIBLY)

    def _remarks(self) -> bool:
        """Whether a text answers nothing to the model: 房东那老小子不给登 我真想揍他 is a remark."""
        if self._puts_choice_anew or not self._heard.turns:
            return False
        return not self._means("answer", "correction", at=_POSSIBLY)

    def _only_beside(self) -> bool:
        """Whether a text gives nothing but a choice that nobody asked for: 我妈能替我交不 我白天上班 is a question."""
        given = [self._form.fields[name] for name in self._values if name in self._form.fields]
        return bool(given) and all(entry.kind == "choice" and entry.name != self._requested for entry in given)

    def _only_a_choice(self) -> bool:
        """Whether a text is one of the words of a choice and nothing else: 就读."""
        choices = (entry for entry in self._form.fields.values() if entry.kind == "choice")
        return any(map(self._is_a_choice, choices))

    def _agrees_by_giving(self) -> bool:
        """Whether a text gives data of its own accord where it was told what they are for and asked for consent; a word
        of some choice (公司没给我开介绍信) is none.

        That is explicit consent: an affirmative act such as filling in or providing (GB/T 35273-2020, 3.6).
        """
        kinds = {self._form.fields[name].kind for name in self._values if name in self._form.fields}
        gives = bool(kinds - {"choice"}) and CONSENT not in self._values
        gives = gives and (not self._loose() or (set(self._values) == {"name"} and self._means("answer", at=LIKELY)))
        return self._requested == CONSENT and gives and not self._refuses_or_asks()

    def _refuses_or_asks(self) -> bool:
        return self._asking or bool(_REFUSES.search(_NO_CALLS.sub("", self._text)))

    def _take_all(self) -> None:
        """The values of a message: those that the model has found, then those that tell what they are, one piece after
        the other, and the answer asked."""
        self._take_tagged()
        self._take_telling()
        self._take_coat()
        self._take_pieces()
        self._take_asked()
        has_number = self._filled.get("id_number") and "id_number" not in self._values
        told = self._values.get("name")
        if self._renamed and told is not None and told != self._filled.get("name") and has_number:
            self._again.append("id_number")  # another person has another number

    def _with_what_is_told_beside(self) -> dict[str, Any]:
        """The value that was put right, and those that the model has found beside it for what is still open."""
        self._take_flat_told_anew()
        right = dict(self._values)
        self._take_tagged()
        beside = {name: value for name, value in self._values.items() if not self._filled.get(name)}
        return beside | right

    @property
    def _of_others_dog(self) -> bool:
        """Whether a question is about the dog of somebody who is not registered here: 我朋友家养的罗威纳能办不."""
        return self._asking and bool(_OTHERS_DOG.search(self._text))

    def _remark(self) -> str:
        """What is to be told besides: the trainers' line, or whether a fierce dog may be kept."""
        breed = self._forms.breed(self._text) if self._of_others_dog else self._filled.get("dog_breed")
        if breed in self._forms.fierce and _MAY_ONE.search(self._text):
            return FIERCE.format(breed=breed)
        asked = self._form.fields.get(self._requested or "")
        unknown = asked is not None and asked.kind == "date" and asked.name not in self._values
        if unknown and not self._problems and _NOT_REMEMBERED.search(self._text) and not self._means(*_TOLD, at=LIKELY):
            return _ABOUT_WHEN
        if self._values and self._forms.aside(self._text) == "deaf":
            return _DEAF
        corrected = (
            self._correcting and bool(self._values) and not self._asking
        )  # it asks nothing: 地址改一下，写我妈家…
        return (
            self._known_answer()
            or self._allowed()
            or ("" if corrected or self._chooses(asked) else self._with_time_and_fee(self._line()))
            or self._which_day_is_open()
            or self._vaccinated_some_day() + self._not_needed()
        )

    def _not_needed(self) -> str:
        """That what is told of a dog beside values is none that the form asks for: 豆豆 泰迪 公的 三岁."""
        told = [piece for piece in _SEPARATORS.split(self._text) if piece and field_values.unasked(piece)]
        what = field_values.not_in_form(" ".join(told)) if "dog_name" in self._form.fields else ""
        return _NOT_NEEDED.format(what=what) if self._values and what and not self._asking else ""

    def _allowed(self) -> str:
        """What answers the question whether a value that a text gives is one that will do."""
        if not _PERMISSION.search(self._text):
            return ""
        if "phone" in self._values and self._forms.someone.search(self._text) and "phone_family" in self._forms.answers:
            return self._forms.answers["phone_family"].says
        begins = tuple(start for name in self._values for start in _OF_FIELDS.get(name, ()))
        named = (turn for turn in self._heard.asked if begins and turn.name.startswith(begins))
        asked = (turn for turn in named if not turn.name.endswith(("_refused", "_none")))  # here is one
        likely = [turn for turn in asked if self._form.name in self._forms.answered_in(turn.name)]
        best = max(likely, key=lambda turn: turn.confidence, default=None)
        return self._forms.answers[best.name].says if best and exp(best.confidence) >= _BARELY_ASKED else ""

    @property
    def _vaccination(self) -> Field | None:
        """The field of a day that must not be long past."""
        return next((entry for entry in self._form.fields.values() if entry.settings.get("within_months")), None)

    def _which_day_is_open(self) -> str:
        """That a vaccination was told by its month, and the certificate tells the day."""
        told = field_values.in_words(str(self._values.get(self._vaccination.name))) if self._vaccination else ""
        return _ONE_OF_MONTH.format(told=told) if told.endswith("月") else ""

    def _known_answer(self) -> str:
        """What answers the question that the message most likely asks, or what its words want an answer to; "" for
        none."""
        if self._forms.breed(self._text) in self._forms.fierce:
            return ""  # 藏獒能办吗: what is said of such breeds answers it
        return "" if self._tagged(_FOUND) and not self._asking else self._with_time_and_fee(self._answer_to_it())

    def _line(self) -> str:
        """The trainers' line for what a text has words of."""
        return self._forms.line_for(self._form, self._text)

    def _with_time_and_fee(self, answer: str) -> str:
        """An answer with how long it takes and what it costs, where that is asked beside something else and known:
        多少天下来 要钱不."""
        for name, wanted, told in _ASKED_BESIDE:
            known = self._form.name in self._forms.answered_in(name) and wanted.search(self._text)
            if answer and known and not told.search(answer):
                answer = f"{answer}\n{self._forms.answers[name].says}"
        return answer

    def _answer_to_it(self) -> str:
        """The same, whatever values stand beside what is asked; 手机号写错了 asks nothing."""
        if self._correcting and len(self._text) <= _WRONG_ONLY and not (self._asking and not self._filled_named()):
            return ""
        odds = {
            turn.name: exp(turn.confidence)
            for turn in self._heard.asked
            if self._form.name in self._forms.answered_in(turn.name)
        }
        best, whole = max(odds, key=lambda name: odds[name], default=""), 1 + sum(odds.values())
        least = _ANSWERED if self._asking or _WORRIES.search(self._text) else _ANSWERED_UNASKED
        return self._forms.answers[best].says if best and odds[best] / whole >= least else ""

    def _filled_named(self) -> bool:
        """Whether a text holds figures, or names a filled field as one that is wrong: 手机号写错了, 尾号是8吧."""
        named = (word for entry in self._form.fields.values() if self._filled.get(entry.name) for word in entry.called)
        return bool(re.search(r"\d", self._text)) or any(word in self._text for word in named if len(word) > 1)

    def _not_vaccinated(self) -> str:
        """The vaccination's field, where its day was told before and a text says that there was none; else ""."""
        entry = self._vaccination
        filled = entry is not None and self._filled.get(entry.name)
        return entry.name if entry and filled and field_values.not_vaccinated(self._text) else ""

    def _vaccinated(self) -> bool:
        """Whether a text says that the vaccination was done, and not when."""
        entry = self._form.fields.get(self._requested or "")
        told = entry is not None and entry.kind == "date" and "打针" in entry.settings.get("about", ())
        return told and not (self._values or self._problems or self._asking) and bool(_DONE.search(self._text))

    def _vaccinated_some_day(self) -> str:
        """What is told to whoever says, before it is asked, that the vaccination was done, and not when."""
        entry = self._vaccination
        open_ = entry is not None and not self._filled.get(entry.name) and entry.name not in self._values
        said = open_ and not (self._asking or self._problems) and _WAS_VACCINATED.search(self._text)
        return _VACCINATED_SOME_DAY if said and not field_values.not_vaccinated(self._text) else ""

    def _only_says_wrong(self) -> bool:
        """Whether a text says that something was wrong, and neither what nor what is right; it is asked on."""
        nothing = not (self._values or self._problems or self._again)
        said = nothing and self._forms.corrects(self._text) and not self._asking
        return bool(said and self._requested not in (None, CONSENT) and len(self._text) <= _WRONG_ONLY)

    def _unasked(self) -> bool:
        """Whether a text tells of the dog what no form asks for, and nothing else: 公的 三岁."""
        pieces = [piece for piece in _SEPARATORS.split(self._text) if piece]
        of_dog = any(entry.kind == "breed" for entry in self._form.fields.values())
        return of_dog and bool(pieces) and all(map(field_values.unasked, pieces))

    def _corrects_unasked(self) -> bool:
        """Whether a text puts right what no form asks for, and nothing else: 性别不对 是母的."""
        of_dog = any(entry.kind == "breed" for entry in self._form.fields.values())
        named = of_dog and not self._asking and _NOT_IN_FORM.search(self._text)
        gives = re.search(r"\d{5}", self._text) or self._tagged(_SURELY_FOUND)
        own = any(word in self._text for entry in self._form.fields.values() for word in entry.called)
        own = own or any(HOUSE.search(new) for _, new in swaps(self._text))
        return bool(named) and self._correcting and not (gives or own)

    def _tells_wrong(self, aside: Aside) -> bool:
        """Whether a text that says something about filling in tells a value that cannot be right. Of whoever takes the
        form up again a place is no address: 昨儿那个接着弄 我问社区了."""
        return any(aside != "resume" or one != field_values.WHOLE_ADDRESS for one in self._problems)

    def _promises_photo(self) -> bool:
        """Whether a text only says what the picture that is asked for will be: 租房合同有, 这就拍."""
        entry = self._form.fields.get(self._requested or "")
        if entry is None or entry.kind != PHOTO or self._values or self._again or self._asking:
            return False
        told = len(self._text) <= _PROMISE and _PICTURED.search(self._text) and not _LACKS.search(self._text)
        return bool(told) and not self._forms.line_for(self._form, self._text)

    def _aside(self) -> Aside | None:
        """What is said about filling in; a question about another form's matter is none."""
        if self._forms.wished(self._text, "") is self._form:
            return "resume"
        return None if self._forms.about_another(self._form, self._text) else self._forms.aside(self._text)

    def _loose(self) -> bool:
        """Whether the message gives a single value of a kind that any words could be."""
        given = [self._form.fields[name] for name in self._values if name in self._form.fields]
        if len(given) != 1 or self._problems or self._again:
            return False
        if given[0].name == "dog_colour" and field_values.colour(str(self._values["dog_colour"])):
            return False
        if given[0].kind == "breed":
            return self._forms.breed(self._text) is None
        return given[0].kind in ("words", "name", "region") and self._values[given[0].name] == EDGES.sub("", self._text)

    def _agreed(self) -> Reading:
        """Agreement answers the two questions that ask for it; to any other the question is asked on."""
        if self._requested in (CONSENT, CONFIRMED):
            return Reading({self._requested: True})
        if (
            self._requested == "id_number"
            and re.search("[对错是]|核对", self._text)
            and not _HANDS_IN.search(self._text)
        ):
            return Reading(problems=(_CHECK_DIGIT,))
        if not self._requested:
            return Reading({CONSENT: True} if _AGREES.search(self._text) else {})
        return Reading(command="missing" if _HANDS_IN.search(self._text) else "agreed")

    def _told_again(self) -> str:
        """That a choice which is told once more has been written; "" where none is: 上班 在饺子馆 有合同."""
        for entry in self._form.fields.values():
            kept = self._filled.get(entry.name) if entry.kind == "choice" and not self._asking else None
            if kept and kept in field_values.choices_told(entry, self._text):
                return _STILL_SO.format(title=entry.title, value=kept)
        return ""

    def _bids_ask(self) -> bool:
        """Whether somebody bids to be asked, and tells nothing yet: 问呗 我还怕打听."""
        tells = re.search(r"\d|[叫姓]", self._text) or self._tagged(_SURELY_FOUND)
        return self._requested is not None and bool(BIDS_ASK.search(self._text)) and not tells

    def _half_agreed(self) -> Reading | None:
        """Agreement with more behind it: consent with the first data is both; a summary that is right is handed in,
        unless something of it is named."""
        if self._agrees_with_more():
            self._values[CONSENT] = True
            return None
        rest = self._forms.begins_with_yes(self._text) if self._requested in (CONSENT, CONFIRMED) else None
        if not rest:
            return None
        if self._requested == CONSENT:
            self._values[CONSENT] = True
            return None
        if self._forms.corrects(rest) or re.search("[不别没]", rest) or self._forms.aside(rest) == "later":
            return None
        if values.mentions_day(rest):
            return None  # 嗯 六月中旬吧 puts a day more exactly
        named = any(word in rest for entry in self._form.fields.values() for word in (*entry.called, entry.title))
        return Reading(command="again") if named else Reading({CONFIRMED: True})

    def _agrees_with_more(self) -> bool:
        """Whether a text gives consent in so many words; what stands behind it may be a value: 同意 孙泽宇."""
        before_data = self._requested in (None, CONSENT)
        agrees = _AGREES.search(self._text) or _USES.search(self._text)
        return before_data and bool(agrees) and not self._refuses_or_asks()

    def _about_photo(self) -> Reading | None:
        """Words about the last picture: that it does not count, or that it is the former one again."""
        photos = self._photos_sent()
        if photos and self._forms.photo_same.search(self._text) and not self._asking:
            return Reading(command="same_photo")
        again = self._forms.photo_again.search(self._text) and (not self._asking or _SENDS_ANEW.search(self._text))
        if photos and again:
            return Reading(again=(photos[-1],))
        return None

    # -- corrections -------------------------------------------------------------------------------------------

    def _other_end(self) -> bool:
        """The last digits of a number that was told before: 电话最后一位是5."""
        asked = self._form.fields.get(self._requested or "")
        if asked and asked.kind in _DIGITS and not self._filled.get(asked.name):
            return False  # it is the number asked for, which was refused, and see `_puts_number_right`
        if self._asking or re.search(r"\d{7}", self._text):
            return False
        known = [
            entry
            for entry in self._form.fields.values()
            if entry.kind in ("phone", "id_number") and self._filled.get(entry.name)
        ]
        named = [entry for entry in known if any(word in self._text for word in entry.called)]
        told_wrong = self._correcting or "改" in self._text
        valid = partial(values.is_valid, today=self._fields.today)
        fits = [
            (entry, whole)
            for entry in named or (known if told_wrong else ())
            if (whole := other_end(self._filled[entry.name], self._text))
            and (entry in named or valid(whole, entry.kind))
        ]
        if len(fits) != 1:  # of numbers that nobody has named, only one may have these digits
            return False
        entry, whole = fits[0]
        right = self._attempt(entry, whole, asked=True)
        return bool(right) and self._put(entry, right)

    def _respelled(self) -> Reading | None:
        """The name told before with the character that is meant, where a text spells it: 写错了 是燕子的燕."""
        entry = self._form.fields.get("name")
        told = self._filled.get("name") if entry and self._correcting and not self._asking else None
        right = other_spelling(told, self._text) if isinstance(told, str) else None
        if entry is None or right is None or right == told or not is_name(right):
            return None
        self._put(entry, right)
        return Reading(values=dict(self._values))

    def _take_flat_told_anew(self) -> None:
        """The flat that a piece tells, by itself or beside another correction: 打反了 是5-4-1, 姓是臧 还有是1-6-2."""
        entry = next((entry for entry in self._form.fields.values() if entry.kind == "address"), None)
        known = self._filled.get(entry.name) if entry else None
        pieces = _SEPARATORS.split(self._forms.wrong.sub(" ", self._text))
        told = (other_house(known, piece) for piece in pieces if "-" in piece)
        if entry and (right := next(filter(None, told), None)):
            self._put(entry, right)

    def _swap(self) -> bool:
        """A part of a filled value that is told with the right one: 不叫豆豆叫多多, 是23号楼，不是21."""
        for old, said in swaps(self._text):
            new = values.told_again(said) or said
            if self._other_digits(old, new):
                return True
            if _OF_MONTH.search(new):
                return self._other_day(new)
            for entry in self._form.fields.values():
                value = self._filled.get(entry.name)
                if not isinstance(value, str) or entry.kind in (PHOTO, "date", "id_number"):
                    continue
                whole = swapped(value, old, new) or swapped(normalise(value), old, new)
                if whole and (right := whole if entry.kind == "address" else self._attempt(entry, whole, asked=True)):
                    self._put(entry, right)
                    return True
        return False

    def _other_digits(self, old: str, new: str) -> bool:
        """Some digits of a number that is named, told with the right ones: 电话尾号是8256不是8265."""
        new = re.sub(r"(?<=\d)\D.*", "", new)
        if not (old.isdigit() and new.isdigit() and len(old) == len(new)):
            return False
        for entry in self._form.fields.values():
            value = self._filled.get(entry.name)
            if (
                entry.kind not in _DIGITS
                or not isinstance(value, str)
                or not _NUMBER_NAMES[entry.kind].search(self._text)
            ):
                continue
            if value.count(old) == 1 and (right := self._attempt(entry, value.replace(old, new), asked=True)):
                return self._put(entry, right)
        return False

    def _other_day(self, new: str) -> bool:
        """The only day that was told before, told anew: 是3月15，不是1号. No part of an address."""
        days = [entry for entry in self._form.fields.values() if entry.kind == "date" and self._filled.get(entry.name)]
        if len(days) != 1 or (right := self._attempt(days[0], new, asked=True)) is None:
            return False
        self._put(days[0], right)
        return True

    def _takes_itself_back(self) -> bool:
        """A value that is put right in the same breath: 赵梦瑶 错了 赵梦遥, 33号1-2-3 不对是1-2-4."""
        entry, match = self._form.fields.get(self._requested or ""), _SELF_CORRECTED.fullmatch(self._text)
        if entry is None or match is None or self._asking:
            return False
        wrong, right = match["wrong"], " ".join(_not_theirs(match["right"], self._forms))
        if re.fullmatch("[写填打发输报念记说]", wrong):
            return False  # 写错了 alone tells nothing that was wrong
        if any(word in wrong for other in self._form.fields.values() for word in (*other.called, other.title)):
            return False  # what is wrong is another answer
        if entry.kind == "address" and (part := _LAST_NUMBER.search(wrong)) and not _LAST_NUMBER.sub("", right).strip():
            right = wrong[: part.start()] + right
        value = self._attempt(entry, right, asked=True)
        self._problems.clear()
        return value is not None and self._put(entry, value)

    def _names_other_person(self) -> bool:
        """Whether somebody else is to be registered, without a word of anything being wrong: 还是写我媳妇吧."""
        someone = self._forms.someone.pattern
        wanted = re.search(f"(?:还是|要不|干脆|改|换).{{0,4}}(?:{someone}){_THEIR_THINGS}", self._text)
        changed = bool(wanted) and not _THEIR_PHONE.match(self._text)
        return bool(self._filled.get("name")) and changed and not self._asking and not self._renamed

    def _other_person(self) -> bool:
        """Whether another person than the one named so far is to be registered: 狗主应该写我妈."""
        if not self._filled.get("name"):
            return False
        return re.search(f"{_OWNER}(?:{self._forms.someone.pattern}){_THEIR_THINGS}", self._text) is not None

    def _correct(self) -> None:
        """A filled field that the message names is read anew from what is behind its name, or asked again."""
        if (dog := self._form.fields.get("dog_name")) and (renamed := self._renamed_dog()):
            self._put(dog, renamed)
            return
        named = [
            (
                max((self._text.rfind(word) + len(word) for word in entry.called if word in self._text), default=-1),
                entry,
            )
            for entry in self._form.fields.values()
        ]
        longest = [item for item in named if item[0] >= 0 and not self._only_inside(item[1], named)]
        if not longest and self._other_person() and not self._asking:
            self._again += [name for name in ("name", "id_number") if self._filled.get(name)]
        if not longest:
            self._take_flat_told_anew()
        for end, entry in longest:
            rest = EDGES.sub("", self._forms.wrong.sub(" ", self._text[end:]))
            value = None
            if entry.kind == "address" and not _STREET.search(rest):
                value = other_house(self._filled.get(entry.name), rest)
            if value is None:
                value = self._behind_its_name(entry, rest)
            if value is not None:
                self._put(entry, value)
            elif not (self._problems or self._answer_to_it()):
                self._again.append(entry.name)

    def _renamed_dog(self) -> str | None:
        """What the dog is called now, where a text only tells another name, which is no person's: 名字改成土豆."""
        told = _OTHER_NAME.search(self._text) if self._filled.get("dog_name") else None
        return None if told is None or is_name(told[1]) or values.no_name(told[1]) else told[1]

    def _behind_its_name(self, entry: Field, rest: str) -> Any:
        """A field's value in what follows its name, or in a part of it: 名字错了 是陈丽国 美丽的丽."""
        parts = [part for part in _SEPARATORS.split(rest) if part]
        for part in (rest, *(parts if len(parts) > 1 else ())):
            if not part or self._problems or _SAYS_WRONG.fullmatch(part):
                continue
            value = self._attempt(entry, EDGES.sub("", part), asked=True, by_name=True)
            if value is not None:
                return value
        return None

    def _only_inside(self, entry: Field, named: list[tuple[int, Field]]) -> bool:
        """Whether a field is named only by a part of another's name: 名字 in 狗的名字."""
        mine = max((len(word) for word in entry.called if word in self._text), default=0)
        return any(
            other is not entry
            and any(
                word in self._text and len(word) > mine and any(own in word for own in entry.called)
                for word in other.called
            )
            for end, other in named
            if end >= 0
        )

    # -- values ------------------------------------------------------------------------------------------------

    @property
    def _renamed(self) -> bool:
        """Whether a text names somebody else as the one to be registered: 我妈叫孙艳."""
        if not self._filled.get("name"):
            return False
        number = self._values.get("id_number")
        if number and self._filled.get("id_number") != number:
            return True  # a name beside another number is another person's
        return bool(
            re.search(f"(?:{self._forms.someone.pattern}|主人|登记人|申请人)的?(?:名字|姓名)?[叫是]", self._text)
        )

    def _tagged(self, at: float) -> list[tuple[Field, Tagged]]:
        """What the model has found for this form, the surest first; of a question less counts."""
        fields = self._form.fields
        found = [(fields[one.field], one) for one in self._heard.tagged if one.field in fields and one.confidence >= at]
        if self._asking and len(found) < _SEVERAL:
            found = [(entry, one) for entry, one in found if entry.kind in ("id_number", "phone", "address")]
        return sorted(found, key=lambda item: -item[1].confidence)

    def _tells_anew(self) -> bool:
        """Whether the model has surely found another value for what was told before: 狗名写错了，这只叫麻薯."""
        found = (entry for entry, one in self._tagged(_SURELY_FOUND) if self._is_whole(entry, one.text))
        return self._correcting and any(self._filled.get(entry.name) for entry in found)

    @staticmethod
    def _is_whole(entry: Field, words: str) -> bool:
        """Whether words may be all of a field's value; some digits of a number are none: 尾号是8256."""
        digits = re.findall(r"[\dxX]", values.spelled_out(words))
        return entry.kind not in _DIGITS or len(digits) == _DIGITS[entry.kind]

    def _take_tagged(self) -> None:
        """Take the values that the model has found. A number of other length than it must have is left to those who
        look for it in the whole text."""
        for entry, found in self._tagged(_FOUND):
            known = self._filled.get(entry.name) is not None and entry.kind not in _DIGITS
            if entry.name in self._values or (known and not self._correcting and found.confidence < _OVERRULES):
                continue
            if self._keeps_choice(entry):
                continue
            words = normalise(values.spelled_out(found.text))
            words = field_values.extended(self._text, words) if entry.kind == "address" else words
            words = self._more_exact(words) if entry.kind == "date" else words
            if entry.name == "dog_colour" and re.search(f"(?:名字?|名儿|叫)[\\s:：]*{re.escape(words)}", self._text):
                continue  # 灰 … 名 灰灰: that is what it is called
            if entry.kind in _DIGITS and len(re.findall(r"[\dx]", words)) != _DIGITS[entry.kind]:
                continue
            value = self._attempt(entry, words, asked=True, by_name=True)
            if value is None and found.confidence >= _SURELY_FOUND:
                value = words if entry.kind in ("name", "words", "breed") else entry.settings.get("otherwise")
            if value is not None:
                self._put(entry, value)
                self._claimed[entry.name] = words

    def _more_exact(self, words: str) -> str:
        """A day's words, or where they tell only a season or feast the month that the text tells beside them, of the
        same year: 五一前后打的 四月二十八吧, 去年过完年来的 2025年三月份吧."""
        told = values.dated_month(self._text)
        if not told or values.dated_month(words):
            return words
        year = _YEAR_WORD.search(words)
        return f"{year.group()}{told}" if year and not _YEAR_WORD.search(told) else told

    def _take_telling(self) -> None:
        """Values that tell by themselves what they are, wherever they stand."""
        for entry in self._open_fields():
            if entry.kind == "breed" and self._of_others_dog:
                continue
            if entry.kind in ("id_number", "phone", "name", "breed"):
                by_name = self._renamed or ("叫" in self._text and "dog_name" not in self._form.fields)  # no dog's
                self._take(entry, self._text, asked=entry.kind == "name" and by_name)
            elif entry.kind == "date" and self._filled.get(entry.name) and values.mentions_day(self._text):
                self._take(entry, self._text, asked=True)  # only a correction opens one that is filled
            elif entry.name != self._requested and entry.kind == "date" and _MOVED.search(self._text):
                continue  # when one moved within the city is not since when one has been here
            elif entry.kind == "date" and values.exact_day(self._text) and not self._asking:
                self._take(entry, self._around(entry) or self._text, asked=True)
            elif entry.kind == "date" and self._is_about(entry):
                self._take(entry, self._around(entry) or self._stay_told(entry), asked=False)
            elif entry.name == "dog_name" and (called := self._dog_called(self._text, asked=False)):
                self._put(entry, called)

    def _take_coat(self) -> None:
        """The colour right beside the breed, or all the words of a coat where they can be nothing else: 黄的 嘴巴子是黑
        的."""
        asked, entry = self._form.fields.get(self._requested or ""), self._form.fields.get("dog_colour")
        if entry is None or self._filled.get(entry.name) is not None or "dog_colour" in self._values:
            return
        if breed := self._forms.breed_words(self._text):
            beside = None if self._asking or self._of_others_dog else field_values.coat_of(breed, self._text)
            if beside:
                self._put(entry, beside)
            return
        if self._values:
            return
        if asked is not entry and (asked is None or asked.kind in ("name", "words", "region", "breed")):
            return  # any words could be the answer
        if not field_values.colour(self._text) and (coat := field_values.coat(self._text)):
            self._put(entry, coat)

    def _dog_called(self, text: str, *, asked: bool) -> str | None:
        """What a text says that the dog is called, without breed and colour behind it: 豆豆泰迪. 它是泰迪 tells the
        breed alone."""
        called = field_values.dog_called(text, asked=asked)
        breed = self._forms.breed_words(called) if called else None
        if called is None or breed is None:
            return called
        return called.partition(breed)[0] or (called if "叫" in text else None)

    def _around(self, entry: Field) -> str:
        """The clause that a date's own words stand in."""
        about = entry.settings.get("about", ())
        clauses = [clause for clause in re.split(r"[,，。;；]", self._text) if any(word in clause for word in about)]
        around = "，".join(clauses)
        if told := next((clause for clause in clauses if values.mentions_day(clause)), None):
            year = _YEAR_WORD.findall(self._text.partition(told)[0])
            return around if _YEAR_WORD.search(told) or not year else f"{year[-1]}{told}"
        pieces = [piece for piece in around.split() if any(word in piece for word in about)]
        return next((piece for piece in pieces if values.mentions_day(piece)), around)

    def _take_pieces(self) -> None:
        """Of a message with several values, one piece after the other: "张三，2101…，138…，大东路1号"."""
        pieces = [piece for piece in _SEPARATORS.split(self._text) if piece]
        if len(pieces) < 2:
            self._take_shaped()
            return
        self._take_labelled(pieces)
        self._take_address(pieces)
        left = [number for number, piece in enumerate(pieces) if not self._take_piece(piece)]
        self._take_rare_name(pieces)
        self._take_dog_name(pieces, left)

    def _take_labelled(self, pieces: list[str]) -> None:
        """Values behind the names of their fields, word by word as the deaf write: 名字 多多 颜色 金黄."""
        if "dog_name" in self._form.fields and (called := _SIGNED_DOG.search(" ".join(pieces))):
            self._claim_dog_name(called[1])
        for number, label in enumerate(pieces[:-1]):
            if label in _NAMING and "dog_name" in self._values:
                continue  # what follows is the next thing that is told
            told = next((piece for piece in pieces[number + 1 :] if not _SAYS_WRONG.fullmatch(piece)), "")
            for entry in self._labelled(label):
                if entry.name in self._values:
                    continue  # the whole of it was read: 身份证 2101… 最后是个叉
                value = self._attempt(entry, told, asked=True, by_name=True)
                if value is not None:
                    self._put(entry, value)

    def _claim_dog_name(self, called: str) -> None:
        """A name told before its label, as the deaf sign it: 狗 火锅 名字."""
        if not self._forms.breed_words(called) and not _NO_DOG_NAME.search(called):
            self._values["dog_name"] = self._claimed["dog_name"] = called

    def _labelled(self, label: str) -> Iterator[Field]:
        """The fields of this name whose values are one word; 名字 is the dog's where its owner's is known."""
        for entry in self._form.fields.values():
            if entry.kind in (PHOTO, "address") or label not in (*entry.called, entry.title):
                continue
            dogs = entry.name == "name" and self._filled.get("name")
            yield self._form.fields.get("dog_name", entry) if dogs else entry

    def _take_piece(self, piece: str) -> bool:
        """Whether a piece by itself gives a value."""
        for entry in self._open_fields():
            asked = self._requested in (CONSENT, entry.name, None) or "id_number" in self._values
            if entry.kind == "name" and not asked and not self._renamed:
                continue
            if entry.kind == "name" and "叫" in piece and self._requested != entry.name and not self._renamed:
                continue  # whose it is was read already; this one may be the dog's
            if entry.kind == "choice" and re.search(r"\d", piece):
                continue  # a flat in an 公寓 is an address
            # Among other values or many words it must be a region that is known.
            alone = entry.kind != "region" or (not self._values and size(self._text) <= _REGION_LETTERS)
            if entry.kind in ("name", "region", "choice") and self._take(entry, piece, asked=alone):
                return True
            if entry.name == "dog_colour" and (colour := self._colour(piece)):
                return self._put(entry, colour)
            if entry.kind == "breed" and (unknown := field_values.unknown_breed(piece)):
                return self._put(entry, unknown)
            if entry.name == "dog_name" and (named := self._dog_called(piece, asked=True)):
                return self._put(entry, named)
        return False

    def _take_rare_name(self, pieces: list[str]) -> None:
        """The word before an identity number as the name that is still open, whatever its surname: 斯琴 1504…"""
        open_ = self._filled.get("name") is None and "name" not in self._values and "id_number" in self._values
        number = next((at for at, piece in enumerate(pieces) if re.search(r"\d{17}", piece)), 0)
        before = pieces[number - 1] if number else pieces[0]
        said = _NAME_LEAD.sub("", before)
        label = any(said in (*entry.called, entry.title) for entry in self._form.fields.values())
        if open_ and not label and self._could_be_a_name(said) and said not in self._values.values():
            self._values["name"] = said

    def _could_be_a_name(self, said: str) -> bool:
        """Whether a word may be a name without a surname that is known: 斯琴, 萨仁高娃, 阿依努尔."""
        word = re.fullmatch("[\u4e00-\u9fff]{2,6}", said) and not _NO_RARE_NAME.search(said)
        known = self._forms.breed_words(said) or field_values.colour(said) or values.mentions_day(said)
        place = self._fields.is_of_address(said) or field_values.any_region(said)
        return bool(word) and not (known or place or values.no_name(said) or self._forms.says_yes(said))

    def _take_dog_name(self, pieces: list[str], left: list[int]) -> None:
        """A bare word beside the breed or the colour, or in answer to the question: 旺旺 雪纳瑞 椒盐色."""
        entry = next((entry for entry in self._open_fields() if entry.name == "dog_name"), None)
        if entry is None or self._asking or _OF_NUMBER.search(self._text):
            return
        if by_breed := self._named_by_breed():
            self._put(entry, by_breed)
            return
        told = {
            number
            for number, piece in enumerate(pieces)
            if self._forms.breed_words(piece) or self._values.get("dog_colour") == EDGES.sub("", piece)
        }
        for number in left:
            piece = EDGES.sub("", pieces[number])
            beside = self._requested == entry.name or {number - 1, number + 1} & told
            too_long = self._claimed and len(piece) > _CALLED_CHARACTERS
            busy = pieces[number].endswith("呢")  # 做饭呢 黄白花的
            if number not in told and beside and not (too_long or busy) and self._bare_word(piece):
                self._put(entry, piece)
                return

    def _named_by_breed(self) -> str:
        """The dog's name, where its breed is told of it by that: 豆豆是蝴蝶犬; "" for none."""
        breed = self._claimed.get("dog_breed") or self._forms.breed_words(self._text)
        found = (
            re.search(f"(?:^|[\\s,，。])([\u4e00-\u9fffa-z]{{1,4}})是(?:一?[只条个])?{re.escape(breed)}", self._text)
            if breed
            else None
        )
        return found[1] if found and not _NO_DOG_NAME.search(found[1]) and not values.no_name(found[1]) else ""

    def _bare_word(self, piece: str) -> bool:
        """Whether a piece is a word that nothing else has taken."""
        taken = any(isinstance(value, str) and piece in value for value in self._values.values())
        day = values.mentions_day(piece)
        return (
            bool(re.fullmatch(f"[\u4e00-\u9fffa-z]{{1,{_DOG_NAME_CHARACTERS}}}", piece))
            and not any(piece in (*entry.called, entry.title) for entry in self._form.fields.values())
            and not (taken or day or _NO_DOG_NAME.search(piece) or self._forms.says_yes(piece))
            and not self._forms.corrects(piece)
            and self._forms.aside(piece) is None
        )

    def _take_address(self, pieces: list[str]) -> None:
        """An address is all its pieces: "小河沿路那个院 12号楼2单元301". Without a number it is only a part of one."""
        entry = next((entry for entry in self._open_fields() if entry.kind == "address"), None)
        if entry is None:
            return
        parts = [number for number, piece in enumerate(pieces) if self._fields.is_of_address(piece)]
        if not parts:
            return
        end = parts[-1] + 1
        while end < len(pieces) and _ROOM.fullmatch(pieces[end]):
            parts.append(end)
            end += 1
        pieces = [values.in_figures(piece) if _ROOM.fullmatch(piece) else piece for piece in pieces]
        run = pieces[parts[0] : end]
        between = [piece for number, piece in enumerate(run) if number + parts[0] not in parts]
        if any(len(piece) > _ADDRESS_GAP or _NO_ADDRESS.search(piece) for piece in between):
            run = [pieces[number] for number in parts]
        said = " ".join(run)
        numbered = re.search(r"\d", said) or (HOUSE.search(said) and _STREET.search(said))
        if numbered or self._requested == entry.name:
            self._take(entry, said, asked=True)

    def _colour(self, piece: str) -> str | None:
        """A colour alone, behind the breed, or named among other words: 黄白, 边牧黑白花, 一只黄色的."""
        if self._fields.is_of_address(piece):
            return None
        rest = piece.removeprefix(self._forms.breed_words(piece) or "")
        return field_values.colour(rest) or field_values.colour_in(piece)

    def _take_shaped(self) -> None:
        """A single value whose shape tells what it is, whatever was asked: an address with its number, a colour."""
        for entry in self._open_fields():
            if self._asking or entry.name == self._requested:
                continue
            if entry.kind == "date" and self._hardly_more_than_a_day(entry):
                self._take(entry, self._text, asked=True)
            if entry.kind == "address" and HOUSE.search(values.without_days(self._text)):
                self._take(entry, self._text, asked=True)
            if entry.kind == "choice" and (self._chooses_anew(entry) or self._is_a_choice(entry)):
                self._take(entry, self._text, asked=True)
            if entry.kind == "region" and (_REGISTERED.search(self._text) or field_values.far_region(self._text)):
                self._take(entry, self._text, asked=False)
            if entry.name == "dog_colour" and (colour := field_values.plainly_colour(self._text)):
                self._put(entry, colour)
            told = self._values or re.match("毛|颜色|身上", self._text)
            if entry.name == "dog_colour" and told and (colour := field_values.colour_in(self._text)):
                self._put(entry, colour)

    def _take_asked(self) -> None:
        """The whole message as the answer to the question that was asked; to the request for consent, as the first."""
        asked = next(iter(self._form.fields)) if self._requested == CONSENT else self._requested
        entry = self._form.fields.get(asked or "")
        if entry is None or entry.name in self._values or self._problems or entry.kind == PHOTO:
            return
        if entry.kind in _DIGITS and (told := self._digits_told(entry)):
            self._problems.append(_TOO_SHORT.format(title=entry.title, wants=_DIGITS[entry.kind], told=told))
            return
        if entry.kind == "id_number" and _INSISTS.search(self._text):
            self._problems.append(_CHECK_DIGIT)
            return
        if entry.name == "dog_colour" and (colour := field_values.colour(self._text)):
            self._put(entry, colour)  # 黄不拉几的 looks like a question
            return
        loose = ("words", "breed", "region", "name") if self._tagged(_FOUND) else ("words", "breed", "region")
        if self._asking or (self._values and entry.kind in loose):
            return
        bare = EDGES.sub("", self._text)
        if entry.kind == "name" and not self._values and self._means("answer") and self._could_be_a_name(bare):
            self._put(entry, bare)  # 斯琴: no surname that is known
            return
        told_by_itself = self._requested == CONSENT and "叫" in self._text  # or it may be the dog's name
        self._take(entry, self._text, asked=not told_by_itself)

    def _digits_told(self, entry: Field) -> int:
        """How many digits of the number asked for a text tells, where it gives no such number; 0 for none."""
        if not self._values and (told := _SHORT_NUMBER.fullmatch(self._text)):
            return len(told[1])
        given = "".join(value for value in self._values.values() if isinstance(value, str))
        found = (one.text for field, one in self._tagged(_SURELY_FOUND) if field is entry)
        digits = (re.sub(r"\D", "", values.spelled_out(text)) for text in found)
        return next((len(told) for told in digits if len(told) > _FEW_DIGITS and told not in given), 0)

    def _open_fields(self) -> Iterator[Field]:
        """Fields that this message has not filled yet; those filled before only when it corrects, or names them."""
        correcting = self._correcting
        for entry in self._form.fields.values():
            if entry.name in self._values or self._keeps_choice(entry):
                continue
            told = entry.kind in ("id_number", "phone") or (entry.kind == "name" and self._renamed)
            told = told or (entry.kind == "choice" and self._chooses_anew(entry))
            told = told or (entry.kind == "date" and self._puts_day_anew(entry))
            if self._filled.get(entry.name) is None or correcting or told or self._names_anew(entry):
                yield entry

    def _puts_day_anew(self, entry: Field) -> bool:
        """Whether a text tells a day that counts instead of the one told before."""
        exact = bool(values.exact_day(self._text)) and not self._asking
        told = self._is_about(entry) and self._means("answer") and values.mentions_day(self._text)
        return exact or told or self._only_a_day() or bool(_WRITE_DAY.search(self._text))

    def _is_about(self, entry: Field) -> bool:
        """Whether a text has words of what a date is the day of: 打的, 搬来; of a stay 满七个月了 says enough."""
        if self._stay_told(entry):
            return True
        said = _OF_PERMIT.sub("", self._text)
        return any(word in said for word in entry.settings.get("about", ()))

    def _stay_told(self, entry: Field) -> str:
        """How long somebody has been here, where a text tells that it is enough by now: 现在满七个月了."""
        told = _STAY_FULL.search(self._text) if entry.months_needed else None
        return told["span"] if told else ""

    def _hardly_more_than_a_day(self, entry: Field) -> bool:
        """Whether a short text tells a day of this field, and of nothing else: not 京巴前年就办完证了."""
        if len(self._text) > _DAY_LETTERS or not values.mentions_day(self._text):
            return False
        return self._is_about(entry) or size(values.without_days(self._text)) <= _BESIDE_A_DAY

    def _only_a_day(self) -> bool:
        """Whether a text is a day and nothing else, which puts a day told before more exactly: 10月22."""
        rest = re.sub(
            r"[\W\d_]|[打来搬住]?[的了]|号|嗯|[上中下]旬|就是|是|应该|[阳公]历|具体|准确|大概|差不多|吧|呀|啊|哈",
            "",
            values.without_days(self._text),
        )
        return not rest and values.mentions_day(self._text)

    def _keeps_choice(self, entry: Field) -> bool:
        """Whether a choice that was made stays, whatever words of another one a text has: it tells something else, as
        where one lives, and neither says that the other be written nor that the first is not so."""
        made = self._filled.get(entry.name)
        if entry.kind != "choice" or made is None or self._puts_choice_anew:
            return False
        if any(word in self._text for word in (*entry.called, entry.title)) or field_values.denies(
            entry, made, self._text
        ):
            return False
        others = {one.kind for one, _ in self._tagged(_FOUND)} | {
            self._form.fields[name].kind for name in self._values if name in self._form.fields
        }
        return bool(others - {"choice"}) or values.mentions_day(self._text) or bool(HOUSE.search(self._text))

    @property
    def _puts_choice_anew(self) -> bool:
        """Whether a text says that another of a choice's words be written, with nothing of it being untrue: 那就写租房
        吧 有合同."""
        choices = [entry.settings["choices"] for entry in self._form.fields.values() if entry.kind == "choice"]
        named = any(any_of(words).search(self._text) for one in choices for words in one.values())
        plainly = _WRITE_CHOICE.search(self._text) and not (self._asking or _UNTRUE.search(self._text))
        return named and bool(plainly)

    def _chooses_anew(self, entry: Field) -> bool:
        """Whether a text is a choice of its own, where an earlier one was only heard in other words: 在饭店干活. What
        the model has read it would have found."""
        if self._puts_choice_anew:
            return True
        named = any(self._text.startswith(tuple(words)) for words in entry.settings["choices"].values())
        if self._heard.turns and not (named and self._means("answer", "correction")):
            return False
        asked = self._form.fields.get(self._requested or "")
        brief = len(self._text) <= _DAY_LETTERS and not re.search(r"[\d发拍照传]", self._text)
        return bool(asked and asked.kind == PHOTO and brief and not self._asking and not _PICTURED.search(self._text))

    def _is_a_choice(self, entry: Field) -> bool:
        """Whether a text is one of a choice's words and nothing else, whatever was asked: 租房."""
        return any(EDGES.sub("", self._text) in words for words in entry.settings["choices"].values())

    def _names_anew(self, entry: Field) -> bool:
        """Whether a text gives a filled field another value by its name: 疫苗日期是1月, 住址改成…."""
        if entry.kind == PHOTO:
            return False
        if entry.name == "dog_name" and any(map(field_values.dog_called_only, _SEPARATORS.split(self._text))):
            return True
        called = "|".join(map(re.escape, (*entry.called, entry.title)))
        return bool(re.search(f"(?:{called}){_NAMED_ANEW}", self._text)) and not self._asking

    def _with_year(self, entry: Field, text: str) -> str:
        """A day that is put anew, without the one that was wrong; since when one lives here keeps the year told before
        where it names none, and a vaccination is the last one that there was."""
        text = _NOT_THAT_DAY.sub(" ", text)
        known = self._filled.get(entry.name) if entry.months_needed else None
        told = values.month_and_day(text)
        return f"{str(known)[:4]}年{told}" if known and told and not _YEAR_WORD.search(text) else text

    def _take(self, entry: Field, text: str, *, asked: bool) -> bool:
        value = self._attempt(entry, text, asked=asked)
        return value is not None and self._put(entry, value)

    def _is_anothers(self, entry: Field, value: Any) -> bool:
        """Whether words are, or hold, what the model has found for another field; a colour of one letter may stand in
        a name: 黑豆."""
        others = [words for name, words in self._claimed.items() if name != entry.name]
        return isinstance(value, str) and any(
            (len(words) > 1 and words in value) or (value in words and value not in self._text.replace(words, " "))
            for words in others
        )

    def _put(self, entry: Field, value: Any) -> bool:
        if self._is_anothers(entry, value):
            return False
        if entry.kind in ("address", "words") and isinstance(value, str):
            value = self._as_written(value)
        if entry.kind == "address" and self._filled.get(entry.name) and not _STREET.search(str(value)):
            value = other_house(self._filled[entry.name], value) or value  # 栋号错了 是5栋
        self._values.setdefault(entry.name, value)
        return True

    def _as_written(self, value: str) -> str:
        """A value with its letters as they were written: B座."""
        at = self._written.lower().find(value.lower())
        return self._written[at : at + len(value)] if at >= 0 else value

    def _attempt(self, entry: Field, text: str, *, asked: bool, by_name: bool = False) -> Any:
        """The field's value in a text; what is wrong with one goes to the problems.

        `by_name`: the text stands behind the field's name, as if it had been asked for just now.
        """
        if entry.kind in _TOLD_OF_OTHERS and TELLS_OF_SEVERAL.search(self._text):
            return None
        fields = replace(self._fields, requested=entry.name) if by_name else self._fields
        text = self._with_year(entry, text) if entry.kind == "date" else text
        try:
            return fields.value(entry, text, asked=asked)
        except BadValueError as problem:
            self._problems.append(str(problem))
            if entry.kind == "date" and self._filled.get(entry.name):
                self._again.append(entry.name)  # what was told before does not count any more
            if isinstance(problem, UnderAgeError) and self._filled.get("name") and "name" in self._form.fields:
                self._again.append("name")
            return None
