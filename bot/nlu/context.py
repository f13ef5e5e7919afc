"""What the conversation so far says about a message: which question it answers, and which it stands on.

The clarifying question: its one-tap answer decides about the message that was unclear, not about the words on the
button. A form's question: "大东路1号" as the answer to "where do you live?" is an address, nobody whispering where to
come. An enquiry without a subject asks about the topic before it. An alarm in plain words stays an alarm in all of
them: it puts an open form to sleep until the alarm is over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from rasa.shared.core.events import ActiveLoop, Event, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.nlu.affairs import Affairs
from bot.nlu.asked import Asked
from bot.nlu.beforehand import told_before
from bot.nlu.conversation import SLEEPING, Conversation, Readers
from bot.nlu.filling_in import STATION_HOURS, FillingIn, cut
from bot.nlu.form_reader import TELLS_OF_SEVERAL
from bot.nlu.forms import BESIDES, CONFIRMED, CONSENT, FORM_ANSWER, PHOTO, PHOTO_TEXT, REQUESTED, Form
from bot.nlu.long_ago import tells_of_long_ago
from bot.nlu.marked import FORM_VALUES
from bot.nlu.meanings import ANY_REQUEST, CERTAIN, Meaning, advised, dialogue, graver, read_as, unclear, whispered
from bot.nlu.normaliser import normalise
from bot.nlu.publication import QUESTION
from bot.nlu.question import FOLLOW_UP, Parse, Question
from bot.nlu.telling_words import (
    ALARMING,
    CLOSING,
    FOLLOWS_CASE,
    HAPPENING,
    RECEIPT,
    TALK,
    THANKS,
    asks_by_number,
    chases,
    is_receipt,
)
from bot.nlu.thread import Thread
from bot.nlu.triage import URGENT, Evidence, Triage
from bot.nlu.turns import FORM_ASKED, FORM_TURNS, Turn
from bot.nlu.unspoken import (
    breaks_out,
    has_passed,
    leaves_contact,
    means_own_end,
    names_a_visit,
    only_unheard,
    reports_nothing,
    tells_of_popup,
    tells_of_smell,
    threatens_in_jest,
    was_bitten,
    without_figures,
)
from bot.nlu.wishes import NOT_NOW, OFFERED_LATELY, Wishes
from bot.nlu.wording import asks, size

_OF_ONE_FORM = (REQUESTED, CONSENT, CONFIRMED)
"""Slots that a form does not leave to the next one; a name and an address it does."""
_PINYIN = re.compile(
    r"(?:(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?(?:[iu]ang|iong|[aeio]ng|[iu]an|ong|iao|uai|[aeiu]n|[aou]i|[aeo]u|ao|i[aeu]|u[aeo]|"
    r"üe|[aeiouü])\W*){1,3}",
    re.IGNORECASE,
)
"""One to three syllables of pinyin: whoever cannot write more under the counter may mean 抢 or 刀."""
_GIBBERISH = "other/gibberish"
_WHOLE = TALK | {"other/acknowledgement", "help_request/correction", "help_request/case_followup"}
"""What says all by itself: danger in the words before it was heard when they came, and is not said anew."""
_OWN_CASE = re.compile(
    r"^我[^打砍杀救急快]{0,5}(?:报警|报案|报的案|案子|求助|举报)[^打砍杀救急快]{0,3}(?:怎么样|咋样|啥样|进度|进展|到哪)"
)
_CORRECTION, _HEARD_IT = "help_request/correction", "other/acknowledgement"
_CALLED = re.compile("110|警|报案|报错|误报|119|120|派人|别来|不用来|救护|消防")
"""What takes back a call, wherever that was made."""
_SWINDLED_LATE = "help_request/fraud_reported_late"
_HALF_TOLD = re.compile(
    "(?:让|叫|被|给)(?:人家?|他们?|她|那人|骗子|别人|电话里|网上)?[^，。 ]{0,3}(?:忽悠|骗|坑|套路|糊弄|洗脑)"
    "(?!我?[玩着笑])|(?:上当|中招|中套|着道)了"
)
"""Of whoever was cheated and does not say of what, nor when: the money may be on its way."""
_HOW_LONG = re.compile(
    "(?:半|[0-9一二两俩三四五六七八九十几]+)个?(?:多|来)?半?(?:年|月|周|星期|礼拜|天)|[刚才新](?:来|到|下|过来)|上个?(?:月|周|礼拜|星期)|[今去前]年"
)
"""Since when somebody has been here."""
_IN_FUN = re.compile(
    "笑|逗|玩|游戏|电视|电影|小品|新闻|视频|段子|小说|超市|菜|衣服|质量|发货|快递|退货|网购|淘宝|拼多多"
)
_SURELY_ASKED, _A_FEW_WORDS = 0.85, 8
"""P from which a message that asks nothing in words is about that matter all the same, and letters of a statement."""
_HALF_A_STORY, _SURELY_TALK, _GOES_ON = 20, 0.95, 0.6
_SWINDLE = re.compile("[被让]?人?骗|诈骗|坑|转账|汇款|[转汇打]了?|付了|押金|手续费")
_HAN = re.compile("[\u4e00-\u9fff]")
_TIP_HOWTO, _ANY_TIP = "enquiry/tip_howto", "tip/general_tip"
_ALARM_HOWTO = "enquiry/alarm_howto"
_SERVICES, _GOODBYE = "enquiry/bot_services", "other/goodbye"
_TALK_BESIDE = frozenset(f"other/{intent}" for intent in ("idiom", "chitchat", "praise", "acknowledgement", "insult"))
"""Talk beside which a question may stand; what stands in fiction, an advert or the news is a part of it."""
_HUMAN_SERVICE = "help_request/human_service"
_OF_DEATH, _OWN_END, _GAS = "enquiry/household_death", f"{URGENT}/suicide_self", f"{URGENT}/gas_leak"
_OF_NAMES = "enquiry/household_name_change"
_TALKS = "other/chitchat"
_PERHAPS_FRAUD, _OF_BITES = "enquiry/fraud_check", "enquiry/dog_rules"
_PASSED, _FAINTLY = 0.9, 0.45
"""P of a danger that is told with its end as over; and of what only its words between the lines tell: it is paged for,
and asked about rather than guided."""
_WANTS_SOMEBODY = re.compile(
    "(?:找|换|叫)(?:一?个|位)?(?:真?人|工作人员|懂的人|明白人)(?:来|给我?|帮我?)?(?:教|问|说|聊|办|填|弄|讲|回|答|处理)"
)


_THANKED = re.compile(
    "^(?:好的?|嗯+|那|哎呀)?[，, ]*(?:非常|多|太|真|可|十分)?(?:谢谢|感谢|谢了|谢啦|多谢)[^，,。！! ]{0,4}[，,。！! ]+"
    r"|^(?:ok(?:ay)?|great|good|hi)?[,.! ]*"
    r"(?:thanks?(?: you)?|thx)(?: (?:a lot|so much|very much))?[,.! ]+(?:and|but)?\s*",
    re.IGNORECASE,
)
"""The thanks in front of a question: 谢谢，大概多久能好？"""
_BY_THE_WAY = re.compile("^(?:对了|那个?|还有|另外|顺便|哦)[，, ]*")
_WANTS_TOLD = re.compile("(?:给|发|告诉)我|发[一个过]|来一?个$")
"""What asks without a question: 号码给我."""
_REGISTERS = re.compile(
    "^[那就先行好嗯我俺想要得也能 ,，]*(?:居住|住址|暂住)?登(?:个?记|上)(?:一下|上|吧|呗|了|着|居住(?:信息)?)*"
    r"(?=$|[\s,，。!！])"
)
"""The wish to be registered first: 那先登记上. By the permit's answer that comes before it."""
_REGISTRATION, _HALF_A_YEAR = Question(("residence_permit_half",), ("place", "steps")), "没满半年"
"""What such a wish is told, and the words whose topic tells who has not been here for long enough."""
_MENU = re.compile("(?:看?一?下?|打开|回到|返回)?(?:主|总)?(?:菜单|目录|功能|服务列表|服务项目|首页|menu)[\\W吧呢啊]*")
_SOME_PERMIT = re.compile(
    "(?:你好|您好|在吗)?[，, ]*(?:我|俺|咱)?(?:就|是)?(?:想|要|得|来|寻思)?(?:给我|在这)?"
    "(?:办|补|弄|整|领|开)(?:一?[个张下点]|理)?(?:证件?|手续)(?:[吧呗呢啊吗的]|(?:咋|怎么)(?:办|弄|整))*[。？?！!]*"
)
_PERMITS = ("enquiry/idcard_renew", "enquiry/residence_permit_apply", "enquiry/dog_licence")
"""Words of whoever wants some permit, and the matters that it most often is."""
_OF_ONESELF = re.compile("我|俺|咱")
_OF_WRONGS = re.compile("举报|反映|楼[上下]|邻居|对门|隔壁|有人|人家|那家|他们|一帮|一伙|偷|赌|毒|嫖|骗|打架|扰民|违法")
"""Words of oneself, and of what others do that is a tip."""
_PUTS_OFF = re.compile(f"^(?:那|行|好|嗯|就|[ ，,])*{NOT_NOW}|摸摸底|够日子再说|到时候再说")
"""Who will not have it done now: 先不整 我就摸摸底."""
_ACQUAINTANCE = re.compile(
    "同学|战友|老师|老乡|网友|同事|工友|前男友|前女友|初恋|笔友|老朋友|发小|老邻居|恩人|欠我钱|失散|多年没(?:见|联系)"
)
_WHEREABOUTS = re.compile(
    "(?:查|找|打听|问)[^，,。]{0,10}(?:住哪|住址|住在哪|家在哪|地址|电话|手机号?|联系方式|下落|在哪)"
    "|(?:帮|给|替)我?[^，,。]{0,4}(?:找|查)[^，,。]{0,3}(?:他|她|人)"
)
_MISSING = re.compile("走丢|走失|失踪|不见了|没回家|没影|痴呆|想不开|离家|出走|失联|联系不上|打不通")
_NOBODY_TOLD = "duplicate_name_person"
"""Of whom one looks for, how, who may be in danger instead, and the topic that tells why nobody is told."""
_CAPTION = re.compile("(?!.*[人他她])(?:这|那|刚才那?|上面那?|下面那?)(?:(?:张|个|份|页)(?:就?是|拍的是)?|就?是)")
_CAPTION_LETTERS = 12
"""How words begin that say what a picture shows, and how many there are."""
_CIRCLED, _NUMERALS = "①②③④⑤⑥⑦⑧⑨", "一二三四五六七八九"
_LIST_NUMBER = re.compile(f"(?:我?选|第|点|要)?([1-9{_NUMERALS}])(?:号|个|项|条|步)?(?:吧|呢|的)?[。.!！]?")
"""A number of a list, and nothing else."""


def _wordless(name: str) -> dict[str, Any]:
    """The parse data of what no model has read: a picture, a location of this name."""
    return {"text": name, "entities": [], "intent_ranking": []}


def _asked_first(text: str) -> str:
    """The beginning of a text up to the piece that asks, where talk stands behind it: 都21天了 来得及吧 遭老罪了."""
    pieces = re.split(r"(?<=[ ，,。！!])", text)
    asking = next((at for at, piece in enumerate(pieces[:-1]) if asks(normalise(piece).strip(" ，,。！!"))), None)
    return "" if asking is None else "".join(pieces[: asking + 1]).strip()


class Context:
    """One conversation as it stands when a message arrives."""

    def __init__(
        self,
        tracker: DialogueStateTracker,
        readers: Readers,
        *,
        alarm_open: bool,
        alarm_seen: bool = False,
        today: date,
    ) -> None:
        """`alarm_open`: an alarm of this resident is not over; `alarm_seen`: an officer has it."""
        self._said = Conversation(tracker, readers, alarm_open=alarm_open, alarm_seen=alarm_seen, today=today)
        self._filling, self._asked = FillingIn(self._said), Asked(self._said)
        self._thread, self._affairs = Thread(self._said, self._filling), Affairs(self._said, self._asked)
        self._wishes = Wishes(self._said, self._filling, self._asked, self._affairs)

    async def meaning(self, alone: dict[str, Any], joined: dict[str, Any] | None, parse: Parse) -> Meaning:
        """What a text means here. `joined`: the same read together with the fragments before it.

        `parse` reads another text, when a part of this one must be read by itself.
        """
        if listed := self._listed(alone["text"]):
            return await self._of_list(await parse(listed), parse)
        if plain := self._in_plain_words(alone):
            return Meaning(plain)
        alone = await self._told_with_how(self._half_told(self._wishing(self._fresh(self._followed(alone)))), parse)
        if taken_back := self._taken_back(alone):
            return Meaning(taken_back)
        alone = await self._without_figures(alone, parse)
        if unspoken := self._unspoken(alone):
            return Meaning(unspoken, self._filling.awake())
        continues = joined and self._continues(alone, joined) and not self._asks_beside_alarm(alone)
        if joined and continues and not self._said.alarm_open:
            continues = not self._thread.goes_on_calmly(alone, joined)
            continues = continues and not self._thread.thing_lost(Triage.from_json(joined["triage"]), alone["text"])
        parse_data = graver(alone, joined if continues else None)
        triage = Triage.from_json(parse_data["triage"])
        if self._tells_of_oneself(triage, alone["text"]):
            triage = Triage("enquiry", CERTAIN, FOLLOW_UP)
            parse_data = read_as(parse_data, triage, FOLLOW_UP)
        if triage.chosen:
            return Meaning(self._chosen(parse_data, triage))
        taken_up = self._said.takes_up(normalise(alone["text"])) or self._filling.goes_on_with_data(alone)
        if taken_up and self._filling.calm(triage, alone["text"]):
            return Meaning(dialogue(alone, FORM_ANSWER, taken_up.intent), self._filling.awake())
        form = self._said.form
        if form:
            alone = self._filling.with_asked(alone)
        if form and not triage.urgent and asks_by_number(normalise(alone["text"])):
            return Meaning(dialogue(alone, "ask_status", _SERVICES), self._filling.awake())
        if form and (looked_up := self._affairs.looked_up_beside(alone, triage)):
            return Meaning(looked_up, self._filling.awake())
        of_hours = form is not None and self._filling.of_station_hours(alone)
        if of_hours and (hours := self._asked.about_form(STATION_HOURS, normalise(alone["text"]))):
            return Meaning(self._asked.told_with(alone, hours[1]), self._filling.awake())
        if form and not triage.urgent and (other := self._filling.other_wished(form, alone)):
            begun = dialogue(alone, f"apply_{other.kind}", other.intent)
            return Meaning(self._asked.after(begun, other), self._left_for_another())
        if form and not triage.urgent and (both := await self._tells_and_asks(form, alone, parse)):
            return Meaning(both, self._filling.awake())
        if form and await self._filling.answers(form, alone, joined, parse):
            return Meaning(dialogue(alone, FORM_ANSWER, form.intent), self._filling.awake())
        before = self._filling.asleep() if self._said.alarm_open and form is None else self._filling.awake()
        if looked_up := self._affairs.looked_up(parse_data, triage):
            return Meaning(looked_up, before)
        if signed := self._wishes.signed(alone, triage):
            return Meaning(self._asked.after(dialogue(alone, f"apply_{signed.kind}", signed.intent), signed), before)
        back = (
            not triage.urgent and asks(normalise(parse_data["text"])) and self._asked.taken_up_again(parse_data["text"])
        )
        if not back and not self._asked.only_asks(parse_data, triage):
            parse_data = await self._thread.read_in(parse_data, parse)
            triage = Triage.from_json(parse_data["triage"])
            if triage.urgent:
                return Meaning(parse_data, self._filling.asleep())
        meant = await self._meant(parse_data, triage, parse)
        if form is None and QUESTION not in meant:
            meant = self._asked.told_to_officer(alone, meant)
        if meant is parse_data and form is None and self._surely_requests(triage):
            meant = advised(parse_data, triage)
        begins = str(meant["intent"]["name"]).startswith("apply_")
        if form and not begins and (self._asked.vague(meant) or (meant is parse_data and triage.uncertain)):
            meant = self._asked.not_understood(form, meant)
        if form and begins:
            before = self._left_for_another()
        return Meaning(meant, before)

    def _tells_of_oneself(self, triage: Triage, text: str) -> bool:
        """Whether what the model half takes for a tip is the circumstance of a question before it: 我媳妇抚顺的 去年
        夏天就过来了."""
        behind = self._said.last_intent.startswith(("enquiry/", "other/")) and self._asked.last is not None
        half = triage.intent == _ANY_TIP and triage.confidence < CERTAIN and triage.source == "model"
        own = _OF_ONESELF.search(normalise(text)) and not _OF_WRONGS.search(normalise(text))
        return half and behind and bool(own) and not (self._said.in_case or self._said.form)

    @staticmethod
    def _left_for_another() -> tuple[Event, ...]:
        """What ends a form for another one that is to begin; what was told of oneself is left to that."""
        return (SlotSet(SLEEPING, None), ActiveLoop(None), *(SlotSet(name, None) for name in _OF_ONE_FORM))

    @staticmethod
    def _surely_requests(triage: Triage) -> bool:
        """Whether a message of which it is asked if there is danger is surely a request otherwise: its guidance is
        told with that question."""
        told = triage.label == "help_request" and triage.confidence >= CERTAIN
        return told and triage.uncertain and not triage.seen_by_net

    def asked_in_case(self, text: str) -> list[Turn]:
        """The questions that a message may ask beside a case of its sender's; none where there is no case."""
        if not self._said.in_case:
            return []
        readers = self._said.readers
        return readers.asked_in_alarms.current().read(normalise(text), readers.embed, readers.own)

    @staticmethod
    async def _told_with_how(alone: dict[str, Any], parse: Parse) -> dict[str, Any]:
        """A tip whose sender also asks how to give it, 楼上有人聚众吸毒 不留名行吗, as the tip that it surely is."""
        told, asked = cut(alone["text"])
        if Triage.from_json(alone["triage"]).intent != _TIP_HOWTO or not told or not asked:
            return alone
        read = await parse(told)
        tip = Triage.from_json(read["triage"])
        sure = tip.label == "tip" and tip.intent != _ANY_TIP and tip.confidence >= CERTAIN and not tip.uncertain
        return {**read, "text": alone["text"]} if sure else alone

    def _menu(self, alone: dict[str, Any]) -> dict[str, Any] | None:
        """The word for the menu, which asks what can be done here, whatever was asked before it."""
        if self._said.form or self._said.alarm_open or not _MENU.fullmatch(normalise(alone["text"]).strip()):
            return None
        about = self._asked.about_form(_SERVICES, "菜单")
        return self._asked.told_with(alone, about[1]) if about else None

    def _in_plain_words(self, alone: dict[str, Any]) -> dict[str, Any] | None:
        """What a message means by its words alone, whatever the model hears in them."""
        return (
            self._menu(alone)
            or self._some_permit(alone)
            or self._erased(alone)
            or self._captioned(alone)
            or self._seeks_somebody(alone)
        )

    def _erased(self, alone: dict[str, Any]) -> dict[str, Any] | None:
        """The wish that what was given to a form that was stopped be deleted: 刚才报的身份证号你给我抹了."""
        stopped = None if self._said.form else self._said.stopped
        if stopped is None or not self._said.forms.erases(normalise(alone["text"])):
            return None
        kept = f"{stopped.kind}_kept"
        known = kept in self._said.readers.knowledge.current().topics
        return self._asked.told_with(alone, Question((kept,), ("exceptions",))) if known else None

    def _some_permit(self, alone: dict[str, Any]) -> dict[str, Any] | None:
        """The wish for a permit of which nobody has said which: 想办个证."""
        told_more = self._said.form or self._said.in_case or self._asked.last
        if told_more or not _SOME_PERMIT.fullmatch(alone["text"].strip()):
            return None
        base = self._said.readers.knowledge.current()
        topics = filter(None, (base.choose(intent, "") for intent in _PERMITS))
        return self._asked.told_with(alone, Question(choices=tuple(topic.title for topic in topics)))

    def _captioned(self, alone: dict[str, Any]) -> dict[str, Any] | None:
        """A few words that say what a picture of a form shows, where no form is open: 这是侧面的. The model hears
        whispers in them; their sender may think that the form has begun, and is told how it begins."""
        triage, text = Triage.from_json(alone["triage"]), normalise(alone["text"])
        doubtful = triage.source == "model" and (triage.confidence < CERTAIN or triage.uncertain)
        if self._said.form or self._said.alarm_open or not doubtful or ALARMING.search(text):
            return None
        if not _CAPTION.match(text) or size(text) > _CAPTION_LETTERS or asks(text):
            return None
        for form in self._said.forms.forms.values():
            shown = [word for name in form.photos for word in form.fields[name].settings.get("shows", ())]
            about = self._asked.about_form(form.intent, f"网上办{form.title}")
            if about and any(word in text for word in shown):
                return self._asked.told_with(alone, about[1])
        return None

    def _seeks_somebody(self, alone: dict[str, Any]) -> dict[str, Any] | None:
        """Who wants to be told where an acquaintance lives: that is told to nobody, and no request for an officer. Of
        whoever may be missing it is none."""
        triage, text = Triage.from_json(alone["triage"]), normalise(alone["text"])
        calm = triage.label in ("enquiry", "help_request", "other") and triage.source == "model"
        if self._said.form or self._said.alarm_open or not calm or _MISSING.search(text):
            return None
        if not (_ACQUAINTANCE.search(text) and _WHEREABOUTS.search(text)):
            return None
        return self._asked.told_with(alone, Question((_NOBODY_TOLD,)))

    def _listed(self, text: str) -> str:
        """What stands under a number in the list that the bot has just told, where a text is that number and nothing
        else: 3 behind ①…②…③申请犬证、居住证; "" for any other text."""
        number = _LIST_NUMBER.fullmatch(text.strip())
        if number is None or self._said.form is not None or self._said.alarm_open:
            return ""
        sign = _CIRCLED["123456789".find(number[1]) if number[1].isascii() else _NUMERALS.find(number[1])]
        told = re.search(f"{sign}([^{_CIRCLED}\n]+)", self._said.bot_said)
        return told[1].strip(" ，。；") if told else ""

    async def _of_list(self, read: dict[str, Any], parse: Parse) -> Meaning:
        """What is meant by what stands in a list: an alarm in it is the question how to raise one, and of two matters
        somebody has to say which."""
        told = (self._asked.about_form(await self._matter(piece, parse), piece) for piece in read["text"].split("、"))
        matters = list(dict.fromkeys([one async for one in told if one]))
        if len(matters) > 1:
            return Meaning(self._asked.told_with(read, Question(choices=tuple(title for title, _ in matters))))
        if Triage.from_json(read["triage"]).label == "enquiry" or not matters:
            return await self.meaning(read, None, parse)
        return Meaning(self._asked.told_with(read, matters[0][1]))

    async def _matter(self, piece: str, parse: Parse) -> str:
        """The enquiry that a piece of a list is about."""
        form = next((one for one in self._said.forms.forms.values() if one.subject.search(normalise(piece))), None)
        triage = Triage.from_json((await parse(piece))["triage"])
        return form.intent if form else triage.intent if triage.label == "enquiry" else _ALARM_HOWTO

    async def _tells_and_asks(self, form: Form, alone: dict[str, Any], parse: Parse) -> dict[str, Any] | None:
        """A message that answers the open form and asks something besides, which is answered too."""
        halves = await self._filling.halves(form, alone, parse)
        if halves is None:
            return None
        of_told = {name: halves.told.get(name, []) for name in (FORM_TURNS, FORM_VALUES)}
        answer = dialogue(alone, FORM_ANSWER, form.intent) | of_told | {FORM_ASKED: []}
        told = {"told": halves.told["text"]}
        if about := self._filling.about_filling(form, halves.asked):
            return answer | {BESIDES: told | about}
        asked, triage = halves.asked, Triage.from_json(halves.asked["triage"])
        question = await self._asked.question(asked["text"], asked, triage, parse)
        meant = self._asked.told_with(asked, question) if question else asked
        meant = self._asked.not_understood(form, meant) if self._asked.vague(meant) else meant
        if QUESTION not in meant:
            return None
        which = meant["intent"]["name"] if meant["intent"]["name"] == "which_topic" else meant["triage"]["intent"]
        return answer | {QUESTION: meant[QUESTION], BESIDES: told | {"utter": f"utter_{which}"}}

    def _asks_beside_alarm(self, alone: Mapping[str, Any]) -> bool:
        """Whether a message in an open alarm is surely a question of its own: behind the alarm's words it looks like
        more of the alarm, which has been raised already."""
        triage = Triage.from_json(alone["triage"])
        sure = triage.label == "enquiry" and triage.confidence >= CERTAIN and not triage.uncertain
        return self._said.alarm_open and sure and asks(normalise(alone["text"]))

    def _fresh(self, alone: dict[str, Any]) -> dict[str, Any]:
        """A swindled sum of which nobody says that it is gone for more than a day as what can still be stopped; of one
        that is, however unsure the model, nobody is asked."""
        triage, text = Triage.from_json(alone["triage"]), alone["text"]
        if triage.intent != _SWINDLED_LATE or not _HAN.search(text):
            return alone
        if tells_of_long_ago(text):
            return alone if triage.seen_by_net else read_as(alone, triage, triage.intent)
        if triage.uncertain or any(tells_of_long_ago(event.text or "") for event in self._said.last_messages):
            return alone
        seen = Evidence("no_time_told", tuple(dict.fromkeys(_SWINDLE.findall(text))))
        going = Triage(URGENT, triage.confidence, f"{URGENT}/fraud_transfer", (seen,))
        return read_as(alone, going, going.intent)

    def _half_told(self, alone: dict[str, Any]) -> dict[str, Any]:
        """A swindle of which nothing is told yet, where the model hears but talk: what was paid, and when, is asked."""
        triage, text = Triage.from_json(alone["triage"]), normalise(alone["text"])
        talk = triage.label == "other" and triage.confidence < _SURELY_TALK and not triage.uncertain
        told = self._said.form or self._said.in_case or asks(text) or _IN_FUN.search(text) or tells_of_long_ago(text)
        if not talk or told or size(text) > _HALF_A_STORY or not _HALF_TOLD.search(text):
            return alone
        cheated = Triage("help_request", triage.confidence, _SWINDLED_LATE)
        return unclear(alone, cheated, "fraud_transfer")

    def _taken_back(self, alone: dict[str, Any]) -> dict[str, Any] | None:
        """What takes a question back where nothing has been reported: 找着了，不用补了 of a card is no false alarm."""
        triage, said = Triage.from_json(alone["triage"]), self._said
        of_nothing = said.last_messages and said.form is None and not said.in_case
        if of_nothing and reports_nothing(alone["text"]) and not (triage.urgent or triage.seen_by_net):
            return read_as(alone, Triage("other", CERTAIN, _HEARD_IT), _HEARD_IT)
        if triage.intent != _CORRECTION or not of_nothing or _CALLED.search(alone["text"]):
            return None
        if self._asked.only_asks(alone, triage):  # 不是，我问的是居住证
            return None
        return read_as(alone, Triage("other", triage.confidence, _HEARD_IT), _HEARD_IT)

    def _unspoken(self, alone: dict[str, Any]) -> dict[str, Any] | None:
        """What a message says without saying it, outside of any alarm; None where its words are what it means."""
        triage, text, said = Triage.from_json(alone["triage"]), alone["text"], self._said
        if said.alarm_open or triage.seen_by_net:
            return None
        if means_own_end(text) and said.last_intent == _OF_DEATH:
            return self._perhaps(alone, triage, _OWN_END)
        if said.form is None and (triage.label == "other" or triage.urgent) and tells_of_smell(text):
            return self._perhaps(alone, triage, _GAS)
        kind = triage.intent.rpartition("/")[2] if triage.urgent else ""
        if triage.confidence < CERTAIN and tells_of_popup(text, kind):
            return read_as(alone, Triage("enquiry", CERTAIN, _PERHAPS_FRAUD), _PERHAPS_FRAUD)
        if kind and threatens_in_jest(text):
            return read_as(alone, Triage("other", CERTAIN, _TALKS), _TALKS)
        if triage.urgent and (lost := self._thread.thing_lost(triage, text)):
            return read_as(alone, lost, lost.intent)
        if was_bitten(text, kind) and triage.confidence < _SURELY_TALK:
            asked, about = Triage("enquiry", CERTAIN, _OF_BITES), self._asked.about_form(_OF_BITES, normalise(text))
            return self._asked.told_with(read_as(alone, asked, _OF_BITES), about[1] if about else Question())
        if has_passed(text, kind):
            over = _CORRECTION if breaks_out(text) or said.in_case else _HEARD_IT
            return read_as(alone, Triage(over.partition("/")[0], _PASSED, over), over)
        if said.form is None and (request := self._asks_for_officer(alone, triage)):
            read = read_as(alone, Triage("help_request", CERTAIN, request), request)
            return read | {"triage": read["triage"] | {"silent": only_unheard(text)}}  # nobody is to call them
        return None

    @staticmethod
    def _perhaps(alone: dict[str, Any], triage: Triage, alarm: str) -> dict[str, Any]:
        """A message as this alarm, as sure as it was read so, or faintly."""
        sure = triage.confidence if triage.urgent and triage.intent == alarm else _FAINTLY
        return read_as(alone, Triage(URGENT, max(sure, _FAINTLY), alarm, (Evidence("model", (alone["text"],)),)), alarm)

    def _asks_for_officer(self, alone: Mapping[str, Any], triage: Triage) -> str:
        """The request that a message belongs to where it only tells how to reach its sender, or when; "" elsewhere."""
        text, harmless = alone["text"], not triage.urgent or whispered(triage)
        if whispered(triage) and only_unheard(text):
            return _HUMAN_SERVICE
        doubtful = triage.confidence < CERTAIN
        visit = self._said.in_case and names_a_visit(text) and not HAPPENING.search(text)
        if visit and triage.urgent and doubtful and without_figures(text):
            return _HUMAN_SERVICE  # 别上午来，上午换药，她疼得直喊救命
        if not harmless or (triage.label == "tip" and not doubtful) or asks(normalise(text)):
            return ""
        if visit:
            return _HUMAN_SERVICE
        forms, offers = self._said.forms.forms.values(), self._said.bot_said_lately(OFFERED_LATELY)
        offered = self._wishes.lately_named() or any(form.says in offers or form.subject.search(text) for form in forms)
        told = doubtful or triage.label in ("enquiry", "other") or triage.intent == ANY_REQUEST or whispered(triage)
        return ANY_REQUEST if told and not offered and leaves_contact(text) and self._said.last_messages else ""

    @staticmethod
    async def _without_figures(alone: dict[str, Any], parse: Parse) -> dict[str, Any]:
        """A message in which the sick cry out when they are nursed, or that dies of laughing, as it is read without
        that."""
        triage = Triage.from_json(alone["triage"])
        figures = (triage.urgent or triage.intent in _TALK_BESIDE) and not triage.seen_by_net
        left = without_figures(alone["text"], in_talk=not triage.urgent) if figures else ""
        if not left:
            return alone
        read = await parse(left)
        plain = Triage.from_json(read["triage"])
        answers = triage.urgent or (plain.label == "enquiry" and plain.confidence >= CERTAIN and not plain.uncertain)
        return {**read, "text": alone["text"], "entities": alone["entities"]} if answers else alone

    def _wishing(self, alone: dict[str, Any]) -> dict[str, Any]:
        """The wish for a form as it is, where the model alone hears a whisper in the data that come with it."""
        triage, text = Triage.from_json(alone["triage"]), alone["text"]
        wished = self._wishes.with_data(alone) if whispered(triage) and not ALARMING.search(text) else None
        return read_as(alone, Triage("enquiry", triage.confidence, wished.intent), wished.intent) if wished else alone

    @classmethod
    def _continues(cls, alone: Mapping[str, Any], joined: Mapping[str, Any]) -> bool:
        """Whether a message is read together with the fragments before it: a sure question stays one beside a tip."""
        sure = Triage.from_json(alone["triage"]).confidence >= CERTAIN
        return not cls._whole(alone) and (not sure or Triage.from_json(joined["triage"]).urgent)

    @staticmethod
    def _whole(alone: Mapping[str, Any]) -> bool:
        """Whether a message needs nothing before it to be understood: thanks, "no need to come any more"."""
        triage = Triage.from_json(alone["triage"])
        whole = triage.intent in _WHOLE and triage.confidence >= CERTAIN
        return whole or is_receipt(alone["text"]) or (not triage.urgent and chases(alone["text"]))

    @staticmethod
    def _followed(alone: dict[str, Any]) -> dict[str, Any]:
        """A question after one's own affair as it is: the model takes it for a faint alarm, or for nothing."""
        triage = Triage.from_json(alone["triage"])
        if is_receipt(alone["text"]):
            return read_as(alone, Triage("enquiry", 1.0, _SERVICES), _SERVICES)
        if not triage.urgent and _WANTS_SOMEBODY.search(alone["text"]):
            return read_as(alone, Triage("help_request", 1.0, _HUMAN_SERVICE), _HUMAN_SERVICE)
        if not triage.urgent and CLOSING.search(alone["text"]):
            return read_as(alone, Triage("other", 1.0, THANKS), THANKS)
        faint = triage.source == "model" and triage.confidence < CERTAIN and not ALARMING.search(alone["text"])
        if (faint or not triage.urgent) and chases(alone["text"]):
            return read_as(alone, Triage("enquiry", 1.0, _SERVICES), _SERVICES)
        if triage.intent == _GIBBERISH and _PINYIN.fullmatch(alone["text"].strip()):
            return unclear(alone, triage)
        if whispered(triage) and _OWN_CASE.search(alone["text"]):
            return read_as(alone, Triage("help_request", 1.0, FOLLOWS_CASE), FOLLOWS_CASE)
        return alone

    def photo(self) -> Meaning | None:
        """What a picture means: an answer to the open form that wants pictures, or nothing to the dialogue."""
        form = self._said.form
        if form is None or not any(entry.kind == PHOTO for entry in form.fields.values()):
            return None
        return self._of_form(form, PHOTO_TEXT)

    def place(self, name: str) -> Meaning | None:
        """What a location means: the address that the open form has just asked for, the place whose officer was asked
        for, or nothing to the dialogue."""
        form = self._said.form
        asked = form.fields.get(self._said.tracker.get_slot(REQUESTED) or "") if form else None
        if form and asked and asked.kind == "address":
            return self._of_form(form, name)
        looked_up = self._affairs.located(_wordless(name)) if form is None else None
        return Meaning(looked_up) if looked_up else None

    def _of_form(self, form: Form, text: str) -> Meaning:
        return Meaning(dialogue(_wordless(text), FORM_ANSWER, form.intent), self._filling.awake())

    async def _meant(self, parse_data: dict[str, Any], triage: Triage, parse: Parse) -> dict[str, Any]:
        text = parse_data["text"]
        if triage.intent == THANKS and CLOSING.search(text):
            return parse_data
        if triage.intent == THANKS and (asked := _THANKED.sub("", text)) != text and asks(normalise(asked)):
            rest = await parse(asked)
            return await self._meant(rest, Triage.from_json(rest["triage"]), parse)
        if triage.intent in _TALK_BESIDE and (read := await self._asked_beside_talk(text, parse)):
            return await self._meant(read, Triage.from_json(read["triage"]), parse)
        earlier = self._asked.taken_up_again(text)
        about = self._asked.intent_of(earlier or self._asked.last)
        if not triage.urgent and self._waits_half_a_year(about) and _REGISTERS.search(normalise(text)):
            return self._asked.told_with(parse_data, _REGISTRATION)
        wished = self._wishes.of(parse_data, triage.intent, about)
        if wished and (self._said.forms.of_several(text) or TELLS_OF_SEVERAL.search(normalise(text))):
            wished = None
        if wished and earlier and about != wished.intent and not wished.subject.search(normalise(text)):
            wished = None  # 我问的是我自己那个能网上弄吗，不是她们那个
        if (
            wished
            and wished is not self._said.form
            and (self._said.alarm_seen or not self._said.alarm_open)
            and self._wishes.may_be(triage, text)
        ):
            return self._asked.after(dialogue(parse_data, f"apply_{wished.kind}", wished.intent), wished)
        if self._affairs.asks_progress(text, triage):
            if handed_in := self._affairs.follows_application(text, triage):
                return self._asked.after(dialogue(parse_data, "ask_status", handed_in.intent), handed_in)
            by_number = triage.intent != FOLLOWS_CASE or RECEIPT.search(text) or self._affairs.asks_of_stopped(text)
            return dialogue(parse_data, "ask_status", _SERVICES if by_number else FOLLOWS_CASE)
        if self._gives_up_asking(text, triage):
            if asked := cut(text)[1]:  # 那算了 签注是啥意思
                rest = await parse(asked)
                return await self._meant(rest, Triage.from_json(rest["triage"]), parse)
            ends = _HEARD_IT if _PUTS_OFF.search(normalise(text)) else _GOODBYE
            return read_as(parse_data, Triage("other", triage.confidence, ends), ends)
        if self._affairs.wants_another_name(text) and (renamed := self._asked.about_form(_OF_NAMES, text)):
            return self._asked.told_with(parse_data, renamed[1])
        if matter := self._affairs.goes_on_with_matter(text, triage):
            return read_as(parse_data, Triage(matter.label, triage.confidence, matter.intent), matter.intent)
        if unnamed := self._tells_before_asking(parse_data, triage):
            return self._asked.told_with(parse_data, unnamed)
        if stays := self._stays_of_several(text, triage, about) or self._stays_too_short(parse_data, about):
            return self._asked.told_with(parse_data, stays)
        question = await self._asked.question(text, parse_data, triage, parse)
        return self._asked.told_with(parse_data, question) if question else parse_data

    def _tells_before_asking(self, parse_data: Mapping[str, Any], triage: Triage) -> Question | None:
        """What somebody is asked who begins with what is the case and asks nothing yet: which of the likely matters it
        is. 我绥化的 来这边干厨师四个来月了"""
        text, begins = normalise(parse_data["text"]), self._asked.last is None
        guessed = triage.label == "enquiry" and triage.confidence < _SURELY_ASKED and not triage.uncertain
        tells = begins and guessed and size(text) >= _A_FEW_WORDS and not asks(text)
        if not tells or self._said.in_case or self._said.form or self._said.readers.interpreter().names_subject(text):
            return None
        base = self._said.readers.knowledge.current()
        likely = (base.choose(str(topic["name"]), text) for topic in (parse_data.get("topics") or ())[:3])
        titles = tuple(dict.fromkeys(topic.title for topic in likely if topic))
        return Question(choices=titles) if len(titles) > 1 else None

    def _waits_half_a_year(self, about: str) -> Form | None:
        """The form of the last matter, where it is none before its resident has lived here for so long."""
        form = next((form for form in self._said.forms.forms.values() if about in form.matters), None)
        waits = form and any(entry.months_needed for entry in form.fields.values())
        return form if waits and not self._said.form else None

    def _stays_too_short(self, parse_data: Mapping[str, Any], about: str) -> Question | None:
        """What is told to whoever tells, behind the answer on residence permits, that they have not been here for half
        a year: that they are registered first. 在沈阳干活四个来月了"""
        form, said = self._waits_half_a_year(about), normalise(parse_data["text"])
        if form is None or asks(said) or ALARMING.search(said):
            return None
        entities = self._said.readers.entities
        told = told_before(
            self._said.forms, form, [{**parse_data, "text": said}], today=self._said.today, entities=entities
        )
        half = self._asked.about_form(form.intent, _HALF_A_YEAR) if told.too_early else None
        return half[1] if half else None

    def _stays_of_several(self, text: str, triage: Triage, about: str) -> Question | None:
        """What is told to whoever tells, behind the answer on residence permits, how long several others have been
        here: who may have one. 俩人黑龙江来的 一个干了八个月 一个上礼拜才下火车."""
        said = normalise(text)
        form = self._waits_half_a_year(about)
        tells = TELLS_OF_SEVERAL.search(said) and _HOW_LONG.search(said) and not asks(said)
        other = triage.label in ("tip", "help_request") and triage.confidence >= CERTAIN and triage.intent != _ANY_TIP
        if form is None or not tells or other or triage.urgent or ALARMING.search(said.replace("火车", "")):
            return None
        told = self._asked.about_form(form.intent)
        return told[1] if told else None

    async def _asked_beside_talk(self, text: str, parse: Parse) -> dict[str, Any] | None:
        """The question that stands beside talk, where it surely is one by itself: 爱死你们了 周六有人上班不."""
        told, asked = cut(text)
        if (first := _asked_first(text)) and (not asked or asked in first):
            told, asked = text.removeprefix(first), first
        if not asked:
            told, _, last = text.rpartition(" ")
            asked = last if _WANTS_TOLD.search(last) else ""
        if not told or not asked:
            return None
        read = await parse(_BY_THE_WAY.sub("", asked))
        triage = Triage.from_json(read["triage"])
        matter = triage.label in ("enquiry", "help_request") and triage.confidence >= CERTAIN
        goes_on = triage.intent == FOLLOW_UP and triage.confidence >= _GOES_ON and self._asked.last is not None
        return read if (matter or goes_on) and not triage.uncertain else None

    def _gives_up_asking(self, text: str, triage: Triage) -> bool:
        """Whether somebody drops what they asked, with no form open: 那算了."""
        last = next(iter(self._said.last_messages), None)
        before = (last.parse_data or {}).get("triage") if last else None
        if triage.urgent or self._said.form or not before or Triage.from_json(before).label != "enquiry":
            return False
        tells = triage.label in ("tip", "help_request") and triage.confidence >= CERTAIN  # 取消 另外 邻居吸毒
        said = normalise(text)
        return not tells and (self._said.forms.cancels(said) or bool(_PUTS_OFF.search(said) and not asks(said)))

    def _chosen(self, parse_data: dict[str, Any], triage: Triage) -> dict[str, Any]:
        asked = self._unclear_message()
        meant = [option for option in asked.options if option.startswith(f"{triage.label}/")] if asked else []
        return read_as(parse_data, triage, meant[0]) if meant else parse_data

    def _unclear_message(self) -> Triage | None:
        """The last message that was asked about; None when it has been answered already."""
        for event in reversed(self._said.tracker.events):
            if isinstance(event, UserUttered) and event.parse_data and "triage" in event.parse_data:
                triage = Triage.from_json(event.parse_data["triage"])
                if triage.chosen:
                    return None
                if triage.uncertain:
                    return triage
        return None
