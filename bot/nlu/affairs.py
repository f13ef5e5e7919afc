"""What a message asks to be looked up, an officer or a name, and how the sender's own cases stand."""

from __future__ import annotations

import re
from typing import Any

from bot.nlu.asked import Asked
from bot.nlu.conversation import Conversation, triage_of
from bot.nlu.forms import Form
from bot.nlu.meanings import ANY_REQUEST, CERTAIN, LETTERS, ONLY_SILENCE, WORDS_BESIDE, bare, dialogue, may_be_value
from bot.nlu.names import asked_names, in_parts
from bot.nlu.normaliser import normalise
from bot.nlu.question import FOLLOW_UP
from bot.nlu.stopped import asks_still
from bot.nlu.telling_words import (
    ALARMING,
    FOLLOWS_CASE,
    RECEIPT,
    asks_by_number,
    chases,
    faintly_heard,
    like_receipt,
)
from bot.nlu.triage import Triage
from bot.nlu.wording import OF_BEARERS, OF_OFFICERS_LIFE, OTHERS, asks

_OFFICER, _NAMES = "enquiry/community_officer", "enquiry/duplicate_name"
_LOOKS_UP_OTHERS = re.compile(f"[帮给替].{{0,4}}(?:{OTHERS}).{{0,6}}查|查.{{0,6}}(?:{OTHERS}).{{0,4}}[的办]")
_NAMES_OFFICER = re.compile("片儿?警|管片|社区民警|包片")
_LOOK_UPS = re.compile(f"重名|同名|重了?[几多]|叫这个?名|{_NAMES_OFFICER.pattern}")
"""Words that only a look-up has."""
_PROGRESS = re.compile(
    r"[看收][没不][看收]|[看收][着到见](?:没|了没|了?吗|不)|有[没不]有?(?:信|动静|结果|消息)|有[信动结消].?[没吗不]|好了[吗没不嘛么]|好没好|(?<!能办)下来[了吗没不]|下没下来|到哪|进度|进展|批[了没下]|审[核完批]|通过[了没]|过了[吗没]|办完|(?<![没不未])办成|办妥|妥没|妥了没|给办了|能取了|怎么样了|咋样了|有信儿|受理"
)
_OF_THE_OFFICER = re.compile(
    "电话|手机|号码|联系|微信|啥时候|什么时候|几点|哪天|周几|周末|星期|礼拜|时间|在不在|在吗|在岗|哪找|哪儿找|去哪|叫啥|叫什么|姓啥|姓什么|贵姓"
)
_HOUSE = re.compile(r"那?(?:要?是|换成)?\s*\d+\s*号?(?:院|楼)?(?:呢|的话|归谁|是谁|那边)?\W*")
"""Another number of the street that was looked up."""
_KNOWS_NOT_WHERE = re.compile(
    "(?:不知道|不清楚|不晓得|搞不清|弄不清|说不上|不懂)[^，,。\\s]{0,5}(?:什么|啥|哪个?|属于)[^，,。\\s]{0,4}(?:社区|街道|辖区|片|小区)"
)
"""Of whoever was asked for their community and does not know it."""
_LOOKS_AGAIN = re.compile("再查|重新?查|查一遍|再看一遍|再搜")
"""That a name is looked up once more: 再查一遍我忘了."""
_WANTS_VISIT = re.compile(
    "(?:让|叫|请|喊|派|麻烦)(?:他|她|民警|片儿?警|警察|警官|个?人)[^，,。\\s]{0,6}(?:来|过来|上门|走|跑)[^，,。\\s]{0,2}(?:一?趟|看看|看一?下|就行|调解)"
)
"""That an officer is to come for what was told, and no question whose officer it is: 让他有空来一趟就行."""
_OF_THE_STATION = re.compile("所里|派出所|你们|窗口|户籍|110")
_BRIEF = 14
_AND_MINE = re.compile("^那?(?:我|俺|咱).{1,14}呢\\W*$")
_AFTER_HANDING_IN = re.compile(
    "能换|还能改|能改|能不能改|能不能换|改一下|写错|填错|发错|去取|来取|咋取|怎么取|能取|好了没|好没|好了吗|结果|通知我|到哪|审到|审了|批了"
)
"""What is asked about an application that has just been handed in, without saying that it is about it."""
_LOOKS_UP_OWN = re.compile(
    "(?:查|看)(?:一?下|看)?[^，。 ]{0,4}(?:申请|进度|办到哪|受理)|(?:申请|进度)[^，。 ]{0,3}(?:查|看)[一下看]*"
)
_TELLS_ITS_OWN = 30
"""Letters of a message in which 我 is enough to make an application one's own."""
_LOOKS_UP = re.compile("(?<!检)查|受理号|单号|编号|回执|号码?(?:找不|忘|丢|没)")
"""Words of who goes on looking for what was handed in."""
_MY_HOME = re.compile(
    "(?:不是|不对|那|哦|啊|嗯|是|就|[我俺咱]们?家?|小区|在|住)+[\\s,，]*(?:[我俺咱]们?家?|小区|在|住|是)*"
)
_OF_THEIR_VISIT = re.compile(
    "(?:你们|您们?|民警|警察)[^，,。]{0,3}(?:去|来|上门|过来|过去|到)[^，,。]{0,2}(?:的?时候|时)|敲错|别敲|敲门"
)
"""What is asked of officers who will come, which adds to what they come for: 你们去的时候别敲错我家门."""
_ASKS_STILL = re.compile("[没吗不][啊呀呢哈呐]+\\W*$")
_OTHER_BOOKS = re.compile("身份证|证件|户口|户籍|身份号")
"""Fields that are matters of their own as well."""
_HAN = re.compile("[\u4e00-\u9fff]")
_THE_CASE = re.compile("报警|报案|报的|案子|案件|求助|举报|线索|警察|出警")
_MINE_GOES_ON = re.compile("(?:我|俺|咱)(?:的|那|这|家|交|申).{0,10}(?:还在|在)(?:办|走|弄)")
_SEE_TO_IT = re.compile("那[^，。 ]{1,12}你们(?:可|到底|还|能)?管")


_SOMETHING_HAPPENS = re.compile("有个?人|跳|着火|起火|冒烟|血|坠|掉下|爬上|晕|倒[了在]|[他她]")
"""Words beside a place of what happens there."""
_PLACE_PIECE = re.compile(
    "[^有人打杀救快死我你您他她不没了着\\s]{1,10}?(?:小区|社区|花园|家园|公寓|大厦|广场|新村|[苑里街路巷院村]|号楼?)"
    "(?:那?[个边块儿片里]|附近|这一?片|的)*"
)
"""A piece of a text that names a place, whether the lists know it or not: 吉祥二小区那个."""
_IDIOM = "other/idiom"


def _pieces_of_places(text: str) -> bool:
    """Whether all the pieces of a text name places."""
    pieces = [piece for piece in re.split(r"[\s,，。、;；]+", normalise(text)) if piece]
    return bool(pieces) and all(map(_PLACE_PIECE.fullmatch, pieces))


def _only_a_place(parse_data: dict[str, Any], triage: Triage) -> bool:
    """Whether a message is a place and nothing else, whatever the model alone makes of two or three letters."""
    text = parse_data["text"]
    if triage.source != "model" or ALARMING.search(text):
        return False
    doubtful = triage.intent in ONLY_SILENCE or triage.confidence < CERTAIN
    if doubtful and _pieces_of_places(text):
        return True
    home = _MY_HOME.match(text) if doubtful else None
    return bare(parse_data) or bool(home and bare({**parse_data, "text": " " * home.end() + text[home.end() :]}))


_OF_THE_RULES = re.compile("双姓|两个姓|几个字|[四五六]个字|生僻|打[得的]?出来|打不出|限制|笔画")
"""What is asked of the names that one may bear, and not of how many bear one: 双姓行不行，叫王李什么的."""


_OF_CHANGE = re.compile("改[^，。 ]{0,2}名|名[^，。 ]{0,3}改|[能想要得给]改|改[了不没]")
_COUNTS = re.compile("重名|重的|几个|多少|多不多|多吗|查")
"""What asks for another name of one's own, and what asks how many bear one."""


def _wants_change(text: str) -> bool:
    return bool(_OF_CHANGE.search(text)) and not _COUNTS.search(text)


def _only_a_name(text: str, triage: Triage) -> bool:
    """Whether a message is a name with hardly a word beside it, whatever the model alone makes of it: 司马懿呢."""
    names = asked_names(normalise(text))
    beside = len(LETTERS.findall(text)) - sum(len(spellings[0]) for spellings in names)
    return triage.source == "model" and bool(names) and beside <= WORDS_BESIDE and not ALARMING.search(text)


class Affairs:
    """The look-ups and the own cases of a conversation."""

    def __init__(self, conversation: Conversation, asked: Asked) -> None:
        """`asked`: the same conversation's questions."""
        self._said, self._asked = conversation, asked

    def looked_up(self, parse_data: dict[str, Any], triage: Triage) -> dict[str, Any] | None:
        """The message as a look-up: an officer by place, a name; also as the answer to "which place?"."""
        about = self._asked.intent_of(self._asked.last)
        text, places = parse_data["text"], any(entity["entity"] == "place" for entity in parse_data["entities"])
        personal, of_names = OF_BEARERS.search(text), self._just_asked("look_up_name")
        for_officer = (triage.intent == _OFFICER and triage.confidence >= CERTAIN) or _NAMES_OFFICER.search(text)
        if personal and of_names and not (triage.urgent or for_officer):
            return dialogue(parse_data, "look_up_name", _NAMES)
        if self._wants_visit(text, triage):
            return None  # it adds to what the officer is to come for
        if about == _OFFICER and self._asks_of_the_officer(text, triage):
            surely = {**parse_data["triage"], "confidence": 1.0}  # beside a request it is still the look-up's
            return dialogue({**parse_data, "triage": surely}, "look_up_officer", _OFFICER)
        tells = triage.label in ("help_request", "tip") and triage.confidence >= CERTAIN and not bare(parse_data)
        tells = tells and triage.intent != ANY_REQUEST  # which a place in a few words looks like: 具体是吉祥二路26号
        value = may_be_value(parse_data, triage) and not tells
        danger = triage.urgent and _SOMETHING_HAPPENS.search(text)  # 幸福家园有人跳楼 answers nothing
        answers = about == _OFFICER and not danger and (value or _only_a_place(parse_data, triage))
        if places and ((triage.intent == _OFFICER and not triage.uncertain) or answers):
            return dialogue(parse_data, "look_up_officer", _OFFICER)
        # 太多人叫了 那陈屿川呢
        another = about == _NAMES and (_only_a_name(text, triage) or (of_names and faintly_heard(triage, text)))
        if personal or (triage.urgent and not another):
            return None
        if _OF_THE_RULES.search(text) or _wants_change(text):
            return None
        again = bool(_LOOKS_AGAIN.search(text)) and self._has_looked_up("look_up_name")
        if (triage.intent == _NAMES or about == _NAMES or again) and self._names_somebody(text):
            return dialogue(parse_data, "look_up_name", _NAMES)
        return None

    def _just_asked(self, what: str) -> bool:
        """Whether the message before this one was a look-up of this kind, or asked how one's own stands."""
        last = next(iter(self._said.last_messages), None)
        return last is not None and (last.intent or {}).get("name") == what

    def _has_looked_up(self, what: str) -> bool:
        """Whether something of this kind was looked up lately."""
        return any((event.intent or {}).get("name") == what for event in self._said.last_messages)

    def wants_another_name(self, text: str) -> bool:
        """Whether somebody behind the look-up of a name wants to change their own: 我自己就叫王铁柱 能改不."""
        behind = self._just_asked("look_up_name") and self._said.form is None
        return behind and _wants_change(text) and asks(normalise(text))

    def _wants_visit(self, text: str, triage: Triage) -> bool:
        """Whether an officer is to come for the request or tip of a moment ago."""
        rest = _WANTS_VISIT.sub(" ", text)
        calm = not (triage.urgent or ALARMING.search(rest))
        another = triage.label in ("help_request", "tip") and triage.confidence >= CERTAIN
        another = another and triage.intent != ANY_REQUEST
        return calm and not another and rest != text and self._matter_before() is not None

    def _matter_before(self) -> Triage | None:
        """The request or tip that was told a moment ago."""
        before = map(triage_of, self._said.last_messages)
        return next((one for one in before if one and one.label in ("help_request", "tip") and not one.uncertain), None)

    def _names_somebody(self, text: str) -> bool:
        """Whether a name stands in a text that is no word for what is asked of any matter: 那费用呢."""
        words = self._said.readers.words.current()
        names = asked_names(normalise(text))
        return any(not words.read(spellings[0]).aspects for spellings in names) or any(in_parts(normalise(text)))

    def looked_up_beside(self, parse_data: dict[str, Any], triage: Triage) -> dict[str, Any] | None:
        """A look-up in so many words in the middle of a form: what stands in it is no answer to the form."""
        named = _LOOK_UPS.search(normalise(parse_data["text"])) and triage.intent in (_OFFICER, _NAMES)
        return self.looked_up(parse_data, triage) if named and triage.confidence >= CERTAIN else None

    def located(self, bare: dict[str, Any]) -> dict[str, Any] | None:
        """A location as the place whose officer was asked for; None where nobody was."""
        return (
            dialogue(bare, "look_up_officer", _OFFICER) if self._asked.intent_of(self._asked.last) == _OFFICER else None
        )

    def _asks_of_the_officer(self, text: str, triage: Triage) -> bool:
        """Whether a message asks when or how the officer just looked up is to be met: 他啥时候在, 电话多少."""
        if triage.source == "net" or not self._just_asked("look_up_officer"):
            return False
        if _HOUSE.fullmatch(normalise(text).strip()):
            return True
        if not triage.urgent and (OF_OFFICERS_LIFE.search(text) or _KNOWS_NOT_WHERE.search(text)):
            return True
        if triage.urgent and (triage.confidence >= CERTAIN or ALARMING.search(text) or not asks(normalise(text))):
            return False
        brief = len(LETTERS.findall(text)) <= _BRIEF and not _OF_THE_STATION.search(text)
        return brief and bool(_OF_THE_OFFICER.search(text))

    def goes_on_with_matter(self, text: str, triage: Triage) -> Triage | None:
        """The request or tip of a moment ago that a statement without a subject goes on with: 别写我名字."""
        in_anger = triage.intent == _IDIOM and self._said.other_matter
        if in_anger or self._wants_visit(text, triage):  # 这事我跟你们死磕到底
            return self._matter_before()
        said = re.sub(r"呢\W*$", "", normalise(text))
        of_visit = _OF_THEIR_VISIT.search(said) and triage.uncertain and not (triage.urgent or ALARMING.search(said))
        if not (triage.intent == FOLLOW_UP or of_visit) or asks(said) or re.match("那|要是", said):
            return None
        if self._said.readers.words.current().read(said).aspects:
            return None
        return self._matter_before()

    def asks_progress(self, text: str, triage: Triage) -> bool:
        """Whether somebody asks how their own case or application stands."""
        if triage.label == "tip" and "查" in text and RECEIPT.search(text):
            return True  # "那查 Q20260101 呢" is none
        if triage.label not in ("enquiry", "help_request", "other"):
            return False
        if self.asks_of_stopped(text) or self.looks_up_again(text):
            return True
        if triage.intent == FOLLOWS_CASE or RECEIPT.search(text):
            return True
        if chases(text) or (_SEE_TO_IT.search(text) and self._said.has_told("tip")):
            return True
        if _LOOKS_UP_OTHERS.search(text):
            return True
        if self._of_application(text):
            return True
        asked_before = self._just_asked("ask_status")
        named = any(form.subject.search(text) for form in self._said.forms.forms.values())
        if asked_before and named and _AND_MINE.search(text):
            return True
        return self._in_so_many_words(text, named=named)

    def looks_up_again(self, text: str) -> bool:
        """Whether somebody who has just asked how their own stands tells more for it: a number, or whose it is. What
        they tell is no wish for a form: 号码找不着了 叫王守仁 2106… 能查不."""
        more = (
            self._just_asked("ask_status")
            and (_LOOKS_UP.search(text) or like_receipt(text))
            and self._said.form is None
        )
        return bool(more) or asks_by_number(normalise(text))

    def asks_of_stopped(self, text: str) -> bool:
        """Whether somebody asks what became of the form that they have stopped: 我那个还在办着吗."""
        said = normalise(text)
        if self._said.form is not None or not asks_still(said):
            return False
        named = any(form.subject.search(said) for form in self._said.forms.forms.values())
        return bool(named and _MINE_GOES_ON.search(said)) or self._said.stopped is not None

    def _of_application(self, text: str) -> bool:
        """Whether a brief message is about the application that was handed in, and names no other matter."""
        form, said = self._said.application, normalise(text)
        if form is None or self._said.form or len(_HAN.findall(said)) > _BRIEF or _THE_CASE.search(said):
            return False
        own = "|".join(word for entry in form.fields.values() for word in entry.called if not _OTHER_BOOKS.search(word))
        rest = re.sub(own, " ", said)
        if not form.subject.search(said) and self._said.readers.words.current().read(rest).named:
            return False
        return bool(
            self._said.forms.after_line(said) or ((asks(said) or _ASKS_STILL.search(said)) and _PROGRESS.search(said))
        )

    def follows_application(self, text: str, triage: Triage) -> Form | None:
        """The form that a question after one's own affair is about, if that is an application and no case."""
        form = self._said.application
        case = triage.intent == FOLLOWS_CASE and _THE_CASE.search(text)
        return None if self._said.form or case or RECEIPT.search(text) else form

    def _in_so_many_words(self, text: str, *, named: bool) -> bool:
        """Whether a message says by itself that it is about one's own application."""
        if self._said.handed_in and asks(text) and len(LETTERS.findall(text)) <= _BRIEF and not named:
            return bool(_AFTER_HANDING_IN.search(text))
        if _LOOKS_UP_OWN.search(text) and not self._said.readers.words.current().read(normalise(text)).named:
            return True
        brief = len(LETTERS.findall(text)) <= _TELLS_ITS_OWN  # in a longer one 我 may be whoever tells how things are
        own = re.search("上次|前几天|昨天|上周|上个月|申请的|提交|交上去|交的|办的", text)
        own = own or (re.search("我|俺|咱", text) if brief else None)
        return bool(_PROGRESS.search(text) and (named or "申请" in text) and own)
