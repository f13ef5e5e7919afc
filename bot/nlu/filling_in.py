"""The form in progress: whether a message answers it, and when it sleeps and wakes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, get_args

from rasa.shared.core.events import ActiveLoop, Event, SlotSet

from bot.nlu.conversation import SLEEPING, Conversation
from bot.nlu.form_reader import NOTHING_HEARD, OF_A_REPORT, Heard, Reading, read
from bot.nlu.forms import BIDS_ASK, CONSENT, REQUESTED, Aside, Form
from bot.nlu.marked import values_in
from bot.nlu.meanings import CERTAIN, LETTERS, ONLY_SILENCE, WORDS_BESIDE
from bot.nlu.normaliser import normalise
from bot.nlu.question import Parse
from bot.nlu.stopped import waits
from bot.nlu.telling_words import ALARMING, FOLLOWS_CASE, TALK
from bot.nlu.triage import Triage
from bot.nlu.turning_point import DANGER, danger
from bot.nlu.turns import FORM_ASKED, FORM_TURNS, SURE, Turn, is_surely, turns_in
from bot.nlu.values import spelled_out, without_days
from bot.nlu.wording import asks, without_own_questions

_EVIDENCE = "help_request/evidence_submit"
_WAGES = "help_request/wage_dispute"
_UNPAID = re.compile("工资|工钱|薪|欠|拖|[不没]给(?:我)?钱|不结|没结|血汗")
_OF_ONESELF = frozenset({"name", "id_number", "phone"})
"""Values that nobody gives who does not want to apply."""
_ASIDE_LETTERS = 30
"""Letters of a message about filling in; a longer one says more."""
_WORSE = re.compile(
    "转账|转钱|转了|转过去|转给|汇款|汇了|打钱|保证金|验证码|骗|锁|撬|踹|砸|堵|跟踪|尾随|追|关着|关在|不让走|跳|割|药|遗书|想活|活够|活不|活着"
    "|保重|永别|来世|来生|下辈子|照顾好|别找我|别等我|对不起|解脱|累了|撑不住|没意思|告别|最后一(?!个?(?:位|数|项|张|格|栏|针))"
    "|找不|走丢|走失|失踪|不见了|没回来|晕|喘|血|烟|漏气|煤气|落水|掉水|被困|咬"
)
"""Words of danger that a form's question explains away no more than those."""
_EXPLAINED_LETTERS, _FAINT_LETTERS, _SILENT_LETTERS = 14, 45, 40
"""Letters of a doubtful alarm that a form's question may explain: of a bare address or of a faint one more."""
_FAINT_IN_FORM = 0.4
_HARMLESS_DOG = re.compile("(?:从不|不会|从没|没|又?不)(?:出去|乱|出门)?.{0,2}咬(?:过|人)*")
_NEEDLE = "(?:疫苗|狂犬苗?|防疫针?|针)"
_VACCINE = re.compile(
    f"{_NEEDLE}[^，。 ]{{0,4}}?打(?:完|过|了|的)*|(?:刚|才|都|已经|早)*打(?:完|过|了|的|上)*{_NEEDLE}(?:的|了)?"
)
"""How the rabies vaccination is told of, whatever was asked; no blow either."""
_VACCINATED = re.compile(
    "^(?:疫苗|狂犬|针|早就?|都|已经|嗯|啊|刚|才|我?回?来[了啦]|回家了|\\s|[,，])*(?:打了|打过|打完|有打)(?![我他她人妈爸老孩])"
)
"""At the question for the rabies vaccination, this is no blow."""
_LIVING = re.compile("一直|就|都|从|我|是|已经|搬|来|过来|住|租|到|沈阳|大东|这儿?|这里|这边|的|了|有|在")
"""Words beside the day since when somebody lives here."""
_OF_NOBODY = re.compile("[^我你他她它您人有在了来门不没别是到这那谁啥]{1,4}")
_WHETHER_DONE = re.compile("打没打过?|打[了过]?没有?|没打过?|打不打|[不没]能打|打不了")
_NUMBERS = re.compile(r"[0-9][0-9xX年月日号.\-/ ]*")
_ABUSE = re.compile("[蛋傻逼滚屁操贱骗贼猪狗畜蠢呸]|王八|混账|废物|他妈|妈的|有病")
"""What makes an insult of something that has the form of a name; the model alone takes 王桂兰 for one."""
_SOMEBODY = re.compile("[他她]|有人|歹徒|坏人|家暴|旁边")
"""Whoever is told of beside an answer may be why it is whispered."""
_TYPED_WRONG = re.compile("[写填发输报念记传](?:错|成|反|漏)|[打点拍]错|[少多漏][打写填输发]了?[一几]?[个位]?")
"""What somebody says about their own typing."""
_AGED = re.compile("(?:快|不到|刚|将近)(?:[0-9一二两三四五六七八九十半]+)(?:周|虚)?(?:岁|歲|个?月|個月|年)")
"""How old somebody or a dog is, and no hurry: 快三岁."""
_PHONING = re.compile(r"(?:别再?|不要)?打(?:我)?(?:那个|这个|原来的?|旧的?|老的?|新的?|1\d{10})")
"""Which telephone is to be called: 以后打15998336071 别打那个了."""
_CALLS = re.compile("[来救帮求怕躲藏逃别敢]|出不|走不")
_GOES_ON = re.compile(
    "(?:那|行|好|嗯|中|成|来|咱们?|就|还是|[，, ])*(?:接着|继续)"
    "(?:吧|呗|哈|来|填|办|弄|整|往下|[说报](?=狗|犬|居住)|(?=[，, ]|$))"
)
"""How a message begins that goes on with what was left: 那接着吧."""
_DOG = re.compile("[狗犬]")
_WISHES_NOT = re.compile("(?:不|别|甭|没)(?:想|要|用|打算|必)*(?:办|申请|登记|弄|整|领)")
STATION_HOURS = "enquiry/station_hours"
_OF_NO_ALARM = frozenset({"breed", "words", "id_number"})
"""Kinds of values that nobody tells of an alarm."""
_PET = re.compile(
    "[大小老阿黑白黄花灰棕金毛胖旺来福豆球丁点虎宝贝乐财欢咪妞牛皮蛋丸可奶糖果米团圆朵多布雪]{2,3}|[二狗铁驴毛石](?:蛋|娃|柱|妞)|([^快救来打跑走死疼别滚])\\1"
)
"""What many dogs are called, and few people: 大黄."""


_FILLING_TURNS = frozenset({"answer", "resume", "correction", "agree", "whose", "sent_already", "missing", "review"})
_ABOUT_FILLING = ("later", "cancel", "resume", "missing", "review")
"""Turns that nothing but filling in has, whatever the other model hears in them: 先给我存着 别给我整没了."""
_ELSEWHERE, _DOUBTED, _NEARLY_CERTAIN = 0.05, 0.9, 0.98
"""How likely something else than filling in may be, and an alarm, where the form's model is sure; and an alarm beside
several values."""
_SEVERAL = 2
_AT_WINDOW = re.compile(
    "(?:窗口|所里|派出所|现场|直接去|过去|去办).{0,8}(?:带|拿|材料|手续)|(?:带|拿).{0,4}(?:窗口|所里|派出所)"
)
"""What has to be brought by who applies in person; the form's own answers are for who collects."""
_OTHER_PAPER = re.compile(
    "(?:补?办|补|换|领|挂失|迁|落|开)(?:理|一?个|一?张|新的?)?(?:临时)?(?:身份证(?!号)|户口(?!本)|护照|驾照|驾驶证|通行证|无犯罪)"
    "|(?:身份证|户口本|户口簿|护照|驾照|驾驶证)(?:都|也|给)?(?:丢|没|坏|过期|到期)[^，。]{0,2}.{0,10}(?:补|重新?办|换)"
)
"""The act of getting another paper, which no form's answer tells of."""
_HOURS = re.compile("(?:关|开)门|[上下]班|营业|办公|窗口")
_ITS_ME = re.compile("(?:人|主人|名字?|登记的?|写的?|填的?)*(?:就|还)是(?:我|俺)(?:自己|本人)?\\W*")
"""Who it is, and no choice between two: 人还是我."""
_WONDERS = re.compile("(?:咋|怎么|哪|哪儿|哪里)(?:就|又|还)?(?:不对|错)了?[啊呀呢\\W]*")
"""What was refused, asked by who finds it out in the same breath: 哪不对了 哦 后面还有个x."""
_EXPLAINS = re.compile("(?!.*[能行好要会]).*[了的]嘛\\W*")
"""Why something is so: 老了嘛."""
_CLAUSES = re.compile(r"(?<=[,，。？?！!；;\n])|(?<=[^a-zA-Z ])\s+(?=[^a-zA-Z ])|(?<=\d{11})(?=[\u4e00-\u9fff])")
"""Where a clause ends: voice to text writes on behind a telephone or identity number."""


_STATES = re.compile(
    "^(?!.*(?:什么|啥|哪|谁|怎么|咋|几|多[少久长]|[吗?？]))(?!那|要是|如果|万一|不)(?:.*(?:在|正|还|着|刚|才|都).{0,6}"
    "|.{0,8}(?:开|坐|骑|等|赶|打|跑|做|吃|喝|睡|忙|走|遛|带|看|哄|喂|洗|修|搬|接|送"
    "|[上下加值]班|上课|排|干|找|翻|拍|住院|出差|开会)[^，。 妈爸]{0,3})呢\\W*$"
)
"""What only ends like a question: 证在家呢."""
_SUPPOSES = re.compile("^(?:那)?(?:要是|要|如果|万一|假如|真要)(?!办|求|的)")
"""How a clause begins that the question behind it stands on: 要是不让养 我这不白填了么."""
_LEAVES = ("later", "cancel")
"""What is said about filling in by who goes away, and may ask something in going."""
_ASKS_FIRST = re.compile("问(?:一?[嘴句下个声]|[你您问]|清|清楚)|打听|请教")
"""Of whoever waits with the rest to ask something, and does not go away: 等会儿啊 先问一嘴."""
_WAIT = re.compile("先?(?:等|稍等|慢)(?:一?会儿?|一?下|等|着)?[啊哈呀哎,，]*")
_CRY = re.compile("[啊咦诶哎哦嗯呃哈嗨欸]+[?？!！,，。\\s]*")
"""A cry that asks nothing, whatever its mark: 啊？我看下."""
_POINTS_BACK = re.compile("那?[她他它](?!家|们)")
"""How a question begins that is about the clause before it: 我媳妇户口苏家屯的 她用不用也办."""
_DIGITS = re.compile(r"\d{3}")
_TAG_LETTERS = 3
"""Letters of a question that is about the clause before it: 中不, 行吗."""


def cut(text: str) -> tuple[str, str]:
    """The clauses of a message that tell and those that ask."""
    clauses: list[str] = []
    for clause in filter(LETTERS.search, _CLAUSES.split(without_own_questions(text))):
        brief = len(LETTERS.findall(clause)) <= _TAG_LETTERS and asks(normalise(clause))
        if clauses and (brief or (_POINTS_BACK.match(clause) and asks(normalise(clause)))):
            clauses[-1] += clause
        elif not _CRY.fullmatch(clause):
            clauses.append(clause.strip())
    asking = [clause for clause in clauses if asks(normalise(clause)) and not _STATES.search(normalise(clause))]
    asking = [clause for clause in asking if not any(told.fullmatch(clause) for told in (_ITS_ME, _WONDERS, _EXPLAINS))]
    supposed = pairwise(clauses)
    asking += [one for one, behind in supposed if behind in asking and _SUPPOSES.match(one) and not _DIGITS.search(one)]
    asking.sort(key=clauses.index)
    return " ".join(clause for clause in clauses if clause not in asking), " ".join(asking)


def _without_asking_first(told: str) -> str:
    """The clauses that tell, without those that only say that something is asked first; behind it all but figures
    belong to what is asked: 先问一嘴 我婆婆那屋还有个小博美."""
    clauses = told.split()
    first = next((at for at, one in enumerate(clauses) if _ASKS_FIRST.search(one)), None)
    if first is None:
        return told
    behind = (one for one in clauses[first + 1 :] if _DIGITS.search(one))
    return " ".join([*(one for one in clauses[:first] if not _WAIT.fullmatch(one)), *behind])


@dataclass(frozen=True)
class Halves:
    """A message that gives the form something and asks something besides, cut in two: their words, and what was read
    in each."""

    told: dict[str, Any]
    asked: dict[str, Any]


class FillingIn:
    """The open form of a conversation."""

    def __init__(self, conversation: Conversation) -> None:
        """Of one conversation as it stands."""
        self._said = conversation

    async def answers(self, form: Form, alone: dict[str, Any], joined: dict[str, Any] | None, parse: Parse) -> bool:
        """Whether a message is an answer to the open form, whatever its words look like to the model.

        "2101…" or an address looks like a whisper; a danger beside the value, or one that the safety net sees, is one.
        """
        reading, text = self._reading(form, alone), alone["text"]
        if not reading:
            return False
        triage, together = Triage.from_json(alone["triage"]), Triage.from_json((joined or alone)["triage"])
        if together.source != "net" and self._said.answered_before:
            together = triage  # the fragments before it are answers to the form, and no cry in pieces
        if triage.source == "net" or together.source == "net" or self._goes_on_with_other(reading):
            return False
        elsewhere = self._of_other_paper(form, alone) or self._unpaid(triage, text)
        if elsewhere and not _OF_ONESELF & set(reading.values):
            return False
        if self._only_wonders(reading, text) or (not reading.values and self.of_station_hours(alone)):
            return False
        if (reading.command or reading.remark) and not reading.values:
            return await self._says_about_filling(reading, alone, triage, parse)
        calm = (
            danger(alone, in_form=True) < DANGER
            or self._harmless(reading, text)
            or self._plainly_filling(alone, triage)
            or self._gives_several(alone, reading, triage)
        )
        if triage.urgent and not calm:
            if not reading.loose and self.explains(triage, self._beside(reading, text)):
                return True
            beside = self._beside(reading, text)
            if self._puts_right(reading, text) or self._told_where(reading, triage, beside):
                return True
            return not reading.loose and await self._nothing_beside(beside, parse)
        if _PET.fullmatch(str(reading.values.get("dog_name", ""))):
            return True
        if reading.loose and together.urgent and together.confidence >= CERTAIN:
            return self._called_so(reading)
        if triage.label in ("help_request", "tip") and self._called_so(reading):
            return True
        return not self._talk(reading, triage)

    async def halves(self, form: Form, alone: Mapping[str, Any], parse: Parse) -> Halves | None:
        """What a message tells and what it asks, where it does both: 狗叫毛豆 这证多久能下来, 先不填了 去所里带啥.

        None where it does one of them, where the rest gives nothing or any words could be what it gives, and where
        a half sounds like an alarm: that is read as a whole.
        """
        told, asked = cut(alone["text"])
        told = _without_asking_first(told)
        if not told or not asked or self._said.forms.aside(normalise(alone["text"])) == "deaf":
            return None
        reading = self._reading(form, gives := await parse(told))
        leaves = reading.command in (*_LEAVES, "missing") and not reading.values  # or wants it handed in: 交吧
        if reading.command == "missing" and self._reading(form, alone).remark:
            return None  # what is asked beside has its answer already: 交吧 拿证还用把狗抱过去不
        gives_data = reading.values and not reading.loose and not self._agrees_in_passing(reading, told)
        if not (leaves or gives_data):
            return None
        read = await parse(asked)
        triage = Triage.from_json(read["triage"])
        if triage.urgent or Triage.from_json(gives["triage"]).urgent:
            return None
        if triage.label != "enquiry" or triage.uncertain:  # this one: 这个证办一回得多少钱
            read = {**await parse(f"{form.title}，{asked}"), "text": asked}
        return Halves(gives, read)

    def _agrees_in_passing(self, reading: Reading, told: str) -> bool:
        """Whether a half of a question would be consent and nothing else: 有没有啥办法快点 托托关系也行."""
        return set(reading.values) == {CONSENT} and not self._said.forms.says_yes(normalise(told))

    def about_filling(self, form: Form, asked: Mapping[str, Any]) -> dict[str, str]:
        """What the form itself says to a question about filling in: under `aside` or `remark`; empty for any other."""
        if self._of_other_paper(form, asked) or _AT_WINDOW.search(normalise(asked["text"])):
            return {}
        reading = self._reading(form, asked)
        aside = {"aside": str(reading.command)} if reading.command in get_args(Aside) else {}
        return aside | ({"remark": reading.remark} if reading.remark else {})

    @staticmethod
    def _of_other_paper(form: Form, alone: Mapping[str, Any]) -> bool:
        """Whether a message surely asks how another paper than the form's is got: 我14能自己办身份证吗."""
        triage, text = Triage.from_json(alone["triage"]), normalise(alone["text"])
        sure = triage.label == "enquiry" and triage.confidence >= CERTAIN and not triage.uncertain
        other = bool(_OTHER_PAPER.search(text)) and not form.subject.search(text)
        return sure and triage.intent not in form.matters and asks(text) and other

    @staticmethod
    def _unpaid(triage: Triage, text: str) -> bool:
        """Whether a message tells of wages that nobody paid, and not only of the work that the form asks about."""
        return triage.intent == _WAGES and bool(_UNPAID.search(text))

    @staticmethod
    def of_station_hours(alone: Mapping[str, Any]) -> bool:
        """Whether a message surely asks when the station is open, whatever the form says of filling in at night."""
        triage = Triage.from_json(alone["triage"])
        return triage.intent == STATION_HOURS and triage.confidence >= CERTAIN and bool(_HOURS.search(alone["text"]))

    def other_wished(self, form: Form, alone: Mapping[str, Any]) -> Form | None:
        """The other form that one clause of a message wishes for, or goes back to by its subject, whatever else is
        said or asked: 是不是没居住证不给办啊 那先办居住证 狗的先放放."""
        clauses = [clause.strip(" ,，。") for clause in _CLAUSES.split(normalise(alone["text"]))]
        if back := next(filter(None, (self._goes_back_to(form, clause) for clause in clauses)), None):
            return back
        if self._reading(form, alone).values:
            return None
        wishes = (self._said.forms.wished(clause, "") for clause in clauses if not _WISHES_NOT.search(clause))
        return next((wished for wished in wishes if wished not in (None, form)), None)

    def _goes_back_to(self, form: Form, clause: str) -> Form | None:
        """The form of a dog that waits while another is filled in, and that a clause goes on with: 狗那个接着来吧."""
        if not (_DOG.search(clause) and self._said.forms.aside(clause) == "resume") or asks(clause):
            return None
        of_dogs = (
            other
            for other in self._said.forms.forms.values()
            if other is not form and any(entry.kind == "breed" for entry in other.fields.values())
        )
        return next((one for one in of_dogs if waits(one, form, self._said.tracker.get_slot)), None)

    def _only_wonders(self, reading: Reading, text: str) -> bool:
        """Whether somebody who has not agreed yet asks, and only mentions what would be a value: this corgi too?"""
        agrees = self._said.forms.says_yes(normalise(text)) or BIDS_ASK.search(normalise(text))
        undecided = self._said.tracker.get_slot(REQUESTED) == CONSENT and not agrees
        told = reading.command or reading.remark or reading.problems or _OF_ONESELF & set(reading.values)
        return undecided and asks(normalise(text)) and not told

    def _goes_on_with_other(self, reading: Reading) -> bool:
        """Whether a message goes on with the request or tip that was told in the middle of the form, and does not
        answer the form's question."""
        if not self._said.other_matter:
            return False
        return not (reading.command or reading.remark) and not {self._said.tracker.get_slot(REQUESTED), CONSENT} & set(
            reading.values
        )

    def explains(self, triage: Triage, text: str) -> bool:
        """Whether the question that the form has asked explains what the model takes for a doubtful alarm."""
        if triage.confidence >= CERTAIN or self._alarming(text):
            return False
        most = _FAINT_LETTERS if triage.confidence < _FAINT_IN_FORM else _EXPLAINED_LETTERS
        most = _SILENT_LETTERS if triage.intent in ONLY_SILENCE else most
        return len(LETTERS.findall(text)) <= most

    def _puts_right(self, reading: Reading, text: str) -> bool:
        """Whether a message only puts right an answer that it names, and tells of nobody and no danger."""
        filled = self._said.tracker.get_slot
        changed = any(filled(name) is not None for name in (*reading.values, *reading.again))
        brief = len(LETTERS.findall(text)) <= _FAINT_LETTERS
        return changed and not reading.loose and brief and not self._alarming(text) and not _SOMEBODY.search(text)

    async def _nothing_beside(self, beside: str, parse: Parse) -> bool:
        """Whether the words beside a form's answer are no alarm by themselves."""
        if len(LETTERS.findall(beside)) <= WORDS_BESIDE:
            return not self._alarming(beside)
        return not self._alarm_beside(Triage.from_json((await parse(beside))["triage"]), beside)

    def _told_where(self, reading: Reading, triage: Triage, beside: str) -> bool:
        """Whether what sounds like a whisper only because it is an address answers the question for one, with nobody
        and no call beside it: 和我妈住一块 津桥路6号."""
        asked = self._said.tracker.get_slot(REQUESTED) in reading.values and triage.intent in ONLY_SILENCE
        return asked and not reading.loose and not _CALLS.search(beside) and not self._alarm_beside(triage, beside)

    def _alarm_beside(self, triage: Triage, beside: str) -> bool:
        """Whether the words beside a form's answer are an alarm; a few of them without anybody are no whisper."""
        if triage.urgent and triage.source != "net" and triage.intent in ONLY_SILENCE:
            return bool(_SOMEBODY.search(beside)) or not self.explains(replace(triage, confidence=0.0), beside)
        return triage.urgent

    def _alarming(self, text: str) -> bool:
        """Whether there is a word of danger in an answer to the form."""
        if self._said.tracker.get_slot(REQUESTED) == "vaccinated_on":
            text = _WHETHER_DONE.sub("", _VACCINATED.sub("", text))
        text = _PHONING.sub("", text)
        text = _VACCINE.sub("", _HARMLESS_DOG.sub("", _TYPED_WRONG.sub("", _AGED.sub("", text))))
        return bool(ALARMING.search(text) or _WORSE.search(text))

    async def _says_about_filling(
        self, reading: Reading, alone: Mapping[str, Any], triage: Triage, parse: Parse
    ) -> bool:
        """Whether words such as 先不聊了 or 等我再拍 are about filling in.

        By themselves they can sound like a farewell, which an alarm's word beside them makes them, and any reading
        that is an alarm behind the form's question too.
        """
        if not triage.urgent or danger(alone, in_form=True) < DANGER:
            turns = turns_in(alone, FORM_TURNS)
            about = sum(turn.confidence for turn in turns if turn.name in _ABOUT_FILLING) >= SURE
            chased = triage.intent == FOLLOWS_CASE and not self._said.in_case
            if reading.command == "missing" and chased and not OF_A_REPORT.search(alone["text"]):
                return True  # no case is waited for: 审到哪了
            other = not about and triage.label in ("help_request", "tip") and triage.confidence >= CERTAIN
            other = other and not (triage.intent == _EVIDENCE and reading.command == "later")  # a picture of the form's
            other = other and not (triage.intent == _WAGES and reading.remark)  # 劳动合同老板没给签
            return reading.command in ("cancel", "agreed") or not other
        if self._alarming(alone["text"]):
            return False
        if reading.remark and asks(normalise(alone["text"])) and triage.confidence < _DOUBTED:
            return True
        if len(LETTERS.findall(alone["text"])) > _ASIDE_LETTERS:
            return False
        if _TYPED_WRONG.search(alone["text"]) and not _SOMEBODY.search(alone["text"]):
            return True
        thread = self._said.form_as_thread()
        read = await parse(f"{thread[0]}，{alone['text']}") if thread else alone
        return not Triage.from_json(read["triage"]).urgent

    def _harmless(self, reading: Reading, text: str) -> bool:
        """Whether an answer of a word or two, which the model cannot judge, has nothing of an alarm in it: 来福."""
        rest = text
        if {"vaccinated_on", "lived_since"} & set(reading.values):
            rest = _LIVING.sub(" ", _VACCINE.sub(" ", without_days(text)))
        return bool(reading.values) and len(LETTERS.findall(rest)) <= WORDS_BESIDE and not self._alarming(rest)

    def _plainly_filling(self, alone: Mapping[str, Any], triage: Triage) -> bool:
        """Whether the form's model is sure of what the other takes for a doubtful alarm: 回来了 刚打完 今天的."""
        turns, text = turns_in(alone, FORM_TURNS), alone["text"]
        if not is_surely(turns, *_FILLING_TURNS):
            return False
        elsewhere = sum(turn.confidence for turn in turns if turn.name == "elsewhere")
        calm = not self._alarming(text) and not _SOMEBODY.search(text)
        return calm and elsewhere < _ELSEWHERE and triage.confidence < _DOUBTED

    def _gives_several(self, alone: Mapping[str, Any], reading: Reading, triage: Triage) -> bool:
        """Whether a message gives several values that the model has surely found, and nothing beside them is told of
        anybody or of danger, whatever the other model hears in all of it: 贵宾，叫布丁，女生，快三岁，已经结扎了."""
        given = [one for one in values_in(alone) if one.field in reading.values and one.confidence >= SURE]
        rest = alone["text"]
        for one in given:
            rest = rest.replace(one.text, " ")
        told = len(given) >= _SEVERAL and not self._alarming(rest) and not _SOMEBODY.search(rest)
        return told and triage.confidence < _NEARLY_CERTAIN

    @staticmethod
    def _beside(reading: Reading, text: str) -> str:
        """What a message says beside the values that it gives."""
        for value in reading.values.values():
            text = text.replace(value, " ") if isinstance(value, str) else text
        return _NUMBERS.sub(" ", spelled_out(text))

    def _reading(self, form: Form, alone: Mapping[str, Any]) -> Reading:
        filled = {slot: self._said.tracker.get_slot(slot) for slot in form.slots if slot in self._said.tracker.slots}
        requested = self._said.tracker.get_slot(REQUESTED)
        return self.read_for(form, requested, alone["text"], filled, Heard.in_message(self.with_asked(alone)))

    def with_asked(self, alone: Mapping[str, Any]) -> dict[str, Any]:
        """A message's parse data with the questions about filling in that it may ask."""
        if FORM_ASKED in alone:
            return dict(alone)
        readers, likeliest = self._said.readers, dict[str, float]()
        for text in dict.fromkeys((alone["text"], cut(alone["text"])[1] or alone["text"])):
            for turn in readers.asked_in_forms.current().read(normalise(text), readers.embed, readers.own):
                likeliest[turn.name] = max(turn.confidence, likeliest.get(turn.name, turn.confidence))
        return {**alone, FORM_ASKED: [Turn(*one).to_json() for one in likeliest.items()]}

    def read_for(
        self, form: Form, requested: str | None, text: str, filled: Mapping[str, Any], heard: Heard = NOTHING_HEARD
    ) -> Reading:
        """What a text gives the form when this question of it was asked."""
        said, entities = self._said, self._said.readers.entities
        earlier = [event.text or "" for event in said.earlier_messages]
        return read(
            said.forms,
            form,
            requested,
            text,
            filled,
            today=said.today,
            entities=entities,
            heard=heard,
            earlier=earlier,
        )

    def _called_so(self, reading: Reading) -> bool:
        """Whether a word or two in answer to "what is the name?" tell of nobody and nothing: 黑豹, 林小宝."""
        name = str(reading.values.get("dog_name") or reading.values.get("name") or "")
        return bool(_OF_NOBODY.fullmatch(name)) and not self._alarming(name) and not _ABUSE.search(name)

    @staticmethod
    def _talk(reading: Reading, triage: Triage) -> bool:
        """Whether words that could be any short answer are plainly something else; a name sounds like anything."""
        if not reading.loose or triage.confidence < CERTAIN:
            return False
        if {"name", "household_place"} & set(reading.values) or _PET.fullmatch(str(reading.values.get("dog_name", ""))):
            return triage.intent == "other/insult" and bool(_ABUSE.search(str(reading.values.get("name", ""))))
        return triage.label in ("help_request", "tip") or triage.intent in TALK

    def calm(self, triage: Triage, text: str) -> bool:
        """Whether words that take the form up again are nothing but that, whatever the model alone hears in them."""
        return not triage.urgent or (triage.source != "net" and not self._alarming(text) and not _SOMEBODY.search(text))

    def goes_on_with_data(self, alone: Mapping[str, Any]) -> Form | None:
        """The form asleep in an open alarm that a message goes on with in its first words, and gives what nothing but
        the form wants: 那接着吧 狗是串串 叫欢欢."""
        form, text = self._said.asleep if self._said.alarm_open else None, normalise(alone["text"])
        if form is None or not _GOES_ON.match(text) or self._alarming(text):
            return None
        given = {form.fields[name].kind for name in self._reading(form, alone).values if name in form.fields}
        return form if given & _OF_NO_ALARM else None

    def asleep(self) -> tuple[Event, ...]:
        """What puts the form to sleep, for the time of an alarm."""
        active = self._said.tracker.active_loop_name
        return (SlotSet(SLEEPING, active), ActiveLoop(None)) if active else ()

    def awake(self) -> tuple[Event, ...]:
        """What wakes the form that an alarm has put to sleep."""
        sleeping = self._said.tracker.get_slot(SLEEPING)
        return (ActiveLoop(sleeping), SlotSet(SLEEPING, None)) if sleeping else ()
