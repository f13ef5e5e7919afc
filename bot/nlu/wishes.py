"""Which application a message begins: what its resident wants done, agrees to, or hands their data over for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rasa.shared.core.events import UserUttered

from bot.nlu.affairs import Affairs
from bot.nlu.asked import Asked
from bot.nlu.conversation import Conversation
from bot.nlu.filling_in import FillingIn
from bot.nlu.form_reader import Heard, Reading
from bot.nlu.forms import BIDS_ASK, CONSENT, Form
from bot.nlu.meanings import CERTAIN
from bot.nlu.normaliser import normalise
from bot.nlu.publication import QUESTION
from bot.nlu.question import Question
from bot.nlu.telling_words import ALARMING
from bot.nlu.triage import Triage
from bot.nlu.turns import FORM_TURNS, LIKELY, WISH_TURN, is_surely, turns_in
from bot.nlu.values import UNDER_16, spelled_out
from bot.nlu.wording import asks, squeezed

_BESIDE_OFFERS = ("enquiry/bot_services", "enquiry/station_")
_LATELY, OFFERED_LATELY = 2, 4
"""Messages within which a matter was named that "那现在办" is about, and replies within which an offer stands."""
_AGREES = re.compile("^(?:ok|嗯+|好的?|行|成|中|那|我|都|就|啊|呀|吧|了)*[，, ]*同意", re.IGNORECASE)
_POLITELY = re.compile(r"[，, ]*(?:可以|行|中|成|能行|好使)(?:吗|不|么|嘛)\W*$")
"""The question behind a wish, which makes none of it: 我想给狗办个证，可以吗."""
_HEARSAY = re.compile("听说|真的假的|罚|是不是|[吗？?]")
"""What is asked about applying, and wishes for nothing yet."""
_INTRODUCES = re.compile("(?:我要|我想|想要?|要|给[^，。 ]{1,6})办.*我(?:叫|姓)|我(?:叫|姓).*(?:我要|我想|想要?|来)办")
"""Whoever wishes and gives a name in one breath begins, whatever is asked besides."""
_DOES_IT = re.compile(
    "(?:那|就|行|好|嗯|中|哎|唉|来(?:一?[个份])?|我|先|咱|给|帮|替|麻烦|直接|现在|可以的?话?|能办?的?话|在|搁|用|你们?|您"
    "|这儿?|这里|这块|这边|手机上?|网上|微信上?|[,，\\s])*(?:给(?:我|它|他|她|[我俺]?家?[^，。 ]{1,4}))?"
    "(?:(?:办|整|弄|填|申请|登记|搞)(?:一?[个张份下]|着|上"
    "|(?:[这那它]|你们?|您)?这?(?:儿|里|边)?(?:整|办|弄|填|登)?(?:吧|呗|得了))|上个?(?:户口|牌))"
)
"""Whoever says right behind the rules that it be done begins it, whatever follows: 那就你这整吧我姓于."""
_AGAINST = re.compile("(?:不用|别|甭|不必|没必要)去?(?:办|申请|登记|弄|整|领)(?!别)|没(?:啥|什么)?用(?!过)|真的假的")
"""What is said or heard against doing it, which is no word to go ahead: 工头说不用办 办了也没用."""
_ACT = re.compile("^[^，。]{0,6}(?:办|整|弄|填|登记|申请|上户口|上牌)(?!过|完|好了|不了|没|丢|错|坏|了)")
"""The act at the beginning of what brings data: 那先办博美吧 叫奶盖."""
_OF_OTHERS = re.compile("[他她]|楼[上下]|邻居|对门|隔壁|小区里|有人|人家|那家|举报|反映|管管|投诉|没办|不办|无证")
"""Whoever tells of others reports, and wishes for nothing."""
_SUPPOSES_RULE = re.compile(
    "(?:才能|才行|才可以|才给|必须|得先|要先|非得)[^。]*(?:对吧|是吧|对不对|对不|对吗|没错吧|没说错吧)\\W*$"
)
"""Of whoever makes sure of a rule, and wishes for nothing: 那是先办居住证才能迁对吧."""
_STANDING = re.compile("查(?:一?下|查|询)?[^，,。 ]{0,10}(?:下来|办好|办完|批)|(?:[办批]下来|办好|办完)(?:了)?没")
"""Who asks how an application stands wishes for none."""
_OF_APPLICANTS = frozenset({"name", "phone", "address", "dog_name"})
"""What somebody tells who wishes for a form; since when they live here they also say to ask whether they may."""
_CONSENTS = re.compile(
    r"(?:^|[\s，,。.!！])(?:好|行|嗯|我|对|那|都|滴|的|啊|yes|ok|\s)*(?:同意|[桶通痛统]意|agree)+(?:了|啊|吧|哈|快点?儿?|办|的)*"
    r"(?=$|[\s，,。.!！])",
    re.IGNORECASE,
)
"""The word that a form asks for, as a piece of its own, before it was asked for: 整吧 同意 快点儿."""
_BIDS_FIRST = re.compile(
    "^(?:额|呃|嗯|行|好|那|你|就|还是|[，, ])*"
    "(?:(?:给我|帮我)?(?:搞|整|办|弄|来)(?:一个|一张|个|张)(?:吧|呗)|冲[!！吧啊了]|走起|开搞|搞起)"
)
"""A bid that something else follows: 那你给我整一个呗 我眼神不好."""
_BIDS = re.compile(
    "同意|开始|往下|走起|动手|来吧|start|go on|go ahead|(?:该|你|都)记(?:就?记|吧|$|[，, ])|拿去?用|用着"
    "|(?<![己去来])(?:这|给我)?(?:整|弄|登|填|办|搞|报)(?:吧|呗|上|起|着|了?(?:$|[，, ]))",
    re.IGNORECASE,
)
"""What in words of assent bids to begin: 中 同意同意 快问吧, 按在读吧 start; "I see, thanks" does not."""
_NOT_HERE = re.compile("[去到上]窗口|[去到]你们|[去到]所里|自己去|自己办|我去|过去|明[天儿]|回头|改天|有空")
"""Who will do it elsewhere, or later."""
_DONE_AT_END = re.compile(
    "(?:那|就|咱|给[我俺咱])(?:就)?(?:整|弄|办|登|填|搞)(?:一下)?(?:起来|上|着)?(?:吧|呗)[。.!！~～]*$"
)
"""Who at the end of what they say wants it done: 我是小高 哥让我整 那就整呗."""
_HOW_TO_BEGIN = re.compile("(?:咋|怎么|从哪儿?)开始")
_ANEW = re.compile("重新(?:来|办|弄|整|填|开始)|从头(?:来|办|弄|整|填)|(?:还是?|又)(?:得|想|要)[办弄整填](?!完|去)")
"""Of whoever wants after all what was stopped: 老伴说还得办 重新来吧."""
NOT_NOW = "先(?:不|别)(?:给我?)?(?:办|整|弄|登|填)"
_LEAVES_IT = re.compile(
    "别再?(?:问|提|催)|(?:想办|办)[^，。 ]{0,4}自己去|我?自己去(?:办|弄|问)|(?<!给)我自己(?:办|弄|整)(?:吧|去|得了)"
    f"|{NOT_NOW}|摸摸底|打听打听|(?:改天|回头|哪天|过(?:几|两)天|有空)[^，。 ]{{0,3}}(?:去|来)?(?:办|弄|整)(?!了)"
)
"""Who wants nothing begun: 狗那事你别再问了, 先别给我办."""
_NEARLY_A_NUMBER = 15
_NUMBER = re.compile(rf"(?<!\d)\d{{{_NEARLY_A_NUMBER},17}}[\dxX]?(?![\dxX])")
"""An identity number, or one of which a place or two is missing."""
_TELLING = frozenset({"dog_name", "lived_since"})
"""Values that one form alone asks for, and that beside who applies tell by themselves what for."""
_LOST = re.compile("丢|找|走失|跑了|捡|偷|咬")
"""What is told of a dog for another reason than its licence."""
_WHOLE_LOT = 4
"""Values that nobody tells who only asks."""


def _identifies(values: Mapping[str, Any]) -> bool:
    """Whether values of a form say who applies: nobody tells these without wishing for it."""
    given = set(values) - {CONSENT}
    return "id_number" in given or {"name", "phone"} <= given or len(given) >= _WHOLE_LOT


class Wishes:
    """What a conversation has led to where a message may begin an application."""

    def __init__(self, conversation: Conversation, filling: FillingIn, asked: Asked, affairs: Affairs) -> None:
        """Of one conversation as it stands."""
        self._said, self._filling, self._asked, self._affairs = conversation, filling, asked, affairs

    def of(self, parse_data: Mapping[str, Any], intent: str, about: str) -> Form | None:
        """The form that a message begins. `about`: the intent of the last question."""
        if _LEAVES_IT.search(normalise(parse_data["text"])):
            return None
        return self._in_words(parse_data, intent, about) or self._surely(parse_data, about)

    def signed(self, parse_data: Mapping[str, Any], triage: Triage) -> Form | None:
        """The form that somebody's data are for, in which the model alone faintly hears an alarm: 快点 周海涛 2112…"""
        text = parse_data["text"]
        faint = triage.urgent and triage.source == "model" and triage.confidence < CERTAIN
        if self._said.form or not faint or ALARMING.search(text.replace("快", "")):
            return None
        return self._signed(text, Heard.in_message(parse_data))

    def _in_words(self, parse_data: Mapping[str, Any], intent: str, about: str) -> Form | None:
        """The form that a message begins: in so many words, behind words about it, or with data for it."""
        text, heard = parse_data["text"], Heard.in_message(parse_data)
        if is_surely(heard.turns, "missing", "review") or _STANDING.search(normalise(text)):
            return None  # 查一下我媳妇居住证办下来没有
        if _SUPPOSES_RULE.search(normalise(text)):
            return None
        if self._affairs.looks_up_again(text):
            return None
        asked = [self._asked.intent_of(question) for question in self._asked.all()]
        named = [form.intent for form in self.lately_named()]
        against = _AGAINST.search(normalise(text))
        ahead = (self._said.forms.goes_ahead(text, name) for name in (about, *asked, *named) if not against)
        wished = (
            self._said.forms.wished(text, intent)
            or self._stopped_and_taken_up(text)
            or next((form for form in ahead if form), None)
        )
        if UNDER_16 in self._said.bot_said_lately(OFFERED_LATELY):
            return wished  # data that go on behind it are a child's
        wished = wished or self._agreed_to(text) or self._done_at_once(text, heard, (about, *named))
        if wished or (wished := self._said.forms.begun_with(normalise(text), self._said.bot_said)):
            return wished
        if begun := self._bids_begin(text, heard, about, named) or self._tells_of_living_here(text, heard):
            return begun
        return self._handed_over(text, heard, about, named)

    def _read(self, form: Form, text: str, heard: Heard) -> Reading:
        """What a message would give to a form that begins with it."""
        return self._filling.read_for(form, CONSENT, text, {}, heard)

    def _handed_over(self, text: str, heard: Heard, about: str, named: Sequence[str]) -> Form | None:
        """The form that data for it begin: they say who applies, behind talk about it or with what only it asks for."""
        forms = self._said.forms.forms.values()
        talked_of = [
            form
            for form in forms
            if about in form.matters or form.intent in named or form.subject.search(normalise(text))
        ]
        for form in self._told_of(talked_of):
            reading = self._read(form, text, heard)
            if _identifies(reading.values) or ("name" in reading.values and _INTRODUCES.search(normalise(text))):
                return form
            offered = form.says in self._said.bot_said and not asks(normalise(text))
            given = set(reading.values) & _OF_APPLICANTS
            invited = f"回“{form.says}”" in self._said.bot_said  # whoever gave up is told the words as well
            if offered and ("name" in given or (given and invited and not reading.loose)):
                return form
        return self._signed(text, heard)

    def _signed(self, text: str, heard: Heard) -> Form | None:
        """The form that somebody's name and identity number are for, where no question lately was about it: one that
        was asked about or offered for choice before, or whose own values stand beside them. Nobody sends these for
        nothing."""
        digits = re.findall(r"\d", spelled_out(normalise(text)))
        if len(digits) < _NEARLY_A_NUMBER or self._said.alarm_open or asks(normalise(text)) or _LOST.search(text):
            return None
        before = {self._asked.intent_of(one) for one in self._asked.all(among=self._said.earlier_messages)}
        before |= self._offered_for_choice() | {form.intent for form in self._named(self._said.earlier_messages)}
        for form in self._said.forms.forms.values():
            given = set(self._read(form, text, heard).values)
            signs = "id_number" in given or ("name" in given and _NUMBER.search(squeezed(text)))
            if signs and (before & {*form.matters} or given & _TELLING):
                return form
        return None

    def _offered_for_choice(self) -> set[str]:
        """The intents of the topics that the last few replies gave to choose from."""
        questions = ((event.parse_data or {}).get(QUESTION) for event in self._said.last_messages)
        titles = (title for asked in questions if asked for title in Question.from_json(asked).choices)
        topics = map(self._said.readers.knowledge.current().titled, titles)
        return {topic.intent for topic in topics if topic}

    def _bids_begin(self, text: str, heard: Heard, about: str, named: Sequence[str]) -> Form | None:
        """The form of a matter told of or offered lately that words of one's own bid to begin. An offer stands where
        nothing was asked since, or only of the station and what becomes of the data."""
        said, forms = normalise(text), self._said.forms
        asked = {about, *self._offered_for_choice()}
        lately = asked.union(named)
        stands = not about or about.startswith(_BESIDE_OFFERS)
        offered = forms.offered_in(self._said.bot_said_lately(OFFERED_LATELY)) if stands else None
        form = next((form for form in forms.forms.values() if lately & {*form.matters}), offered)
        if form is None or self._said.form or forms.about_another(form, said) or _NOT_HERE.search(said):
            return None
        if forms.cancels(said) or forms.aside(said) == "later" or _AGAINST.search(said):
            return None
        told_of = form is offered or bool(asked & {*form.matters})
        if told_of and (_CONSENTS.search(said) or _BIDS_FIRST.search(said)):
            return form
        if _HEARSAY.search(said):
            return None
        if BIDS_ASK.search(said) or _HOW_TO_BEGIN.search(said):
            return form
        agrees = is_surely(heard.turns, "agree", WISH_TURN, at=LIKELY) and _BIDS.search(said)
        return form if (agrees or _DONE_AT_END.search(said)) and not asks(said) else None

    def _surely(self, parse_data: Mapping[str, Any], about: str) -> Form | None:
        """The form that the model is sure a message wants to begin, by its subject or by what was asked before."""
        wishes = is_surely(turns_in(parse_data, FORM_TURNS), WISH_TURN)
        if not wishes or _HEARSAY.search(_POLITELY.sub("", parse_data["text"])):
            return None
        forms = self._said.forms.forms.values()
        named = [form for form in forms if form.subject.search(normalise(parse_data["text"]))]
        return next(iter(named or (form for form in forms if about in form.matters)), None)

    def with_data(self, alone: Mapping[str, Any]) -> Form | None:
        """The form that a text wishes for, or that it or the talk before it names and that it hands an identity number
        over for: 犬证在这办是吧 赵鹏 2101…"""
        text, heard = alone["text"], Heard.in_message(alone)
        forms, lately = self._said.forms.forms.values(), self.lately_named()
        by_resident = [form for form in forms if form.subject.search(normalise(text)) or form in lately]
        handed = (form for form in self._told_of(by_resident) if _identifies(self._read(form, text, heard).values))
        return self._said.forms.wished(text, "") or self._agreed_to(text) or next(handed, None)

    def _agreed_to(self, text: str) -> Form | None:
        """The form that was offered with an answer lately, where a text agrees to it; between them somebody may have
        asked what becomes of the data."""
        agrees = _AGREES.search(normalise(text))
        return self._said.forms.offered_in(self._said.bot_said_lately(OFFERED_LATELY)) if agrees else None

    def _stopped_and_taken_up(self, text: str) -> Form | None:
        """The form that its resident has stopped and wants to go on with, which begins anew: 上次那个接着填."""
        said, stopped = normalise(text), self._said.stopped
        if self._said.form or stopped is None or asks(said) or self._said.forms.about_another(stopped, said):
            return None
        return stopped if self._said.forms.aside(said) == "resume" or _ANEW.search(said) else None

    def _told_of(self, by_resident: Sequence[Form]) -> list[Form]:
        """The forms that the resident speaks of, then the others that the bot has just offered: one answer may offer
        both where somebody has asked about one."""
        offered = (form for form in self._said.forms.forms.values() if form.says in self._said.bot_said)
        return [*by_resident, *(form for form in offered if form not in by_resident)]

    def _tells_of_living_here(self, text: str, heard: Heard) -> Form | None:
        """The form whose places and day somebody tells all in one breath, without a question and out of any case:
        nobody does who does not want it."""
        if self._said.in_case or asks(normalise(text)):
            return None
        for form in self._said.forms.forms.values():
            places = {name for name, entry in form.fields.items() if entry.kind in ("region", "address")}
            days = {name for name, entry in form.fields.items() if entry.months_needed}
            if days and places | days <= set(self._read(form, text, heard).values):
                return form
        return None

    def _done_at_once(self, text: str, heard: Heard, matters: Sequence[str]) -> Form | None:
        """The form of a matter told of lately that a message wants done at once, with or without data for it."""
        said = normalise(text)
        forms = self._said.forms
        form = next((form for name in matters for form in forms.forms.values() if name in form.matters), None)
        if form is None or forms.about_another(form, said) or _HEARSAY.search(said) or _OF_OTHERS.search(said):
            return None
        if asks(_POLITELY.sub("", said)) or forms.cancels(said) or forms.aside(said) == "later":
            return None
        if _DOES_IT.match(said):
            return form
        reading = self._read(form, text, heard)
        given = set(reading.values) - {CONSENT}
        return form if given and not reading.loose and _ACT.search(said) else None

    def lately_named(self) -> list[Form]:
        """The forms whose subjects the last few messages name, as often as they do."""
        return self._named(self._said.last_messages[:_LATELY])

    def _named(self, messages: Sequence[UserUttered]) -> list[Form]:
        return [
            form
            for event in messages
            for form in self._said.forms.forms.values()
            if form.subject.search(normalise(event.text or ""))
        ]

    @staticmethod
    def may_be(triage: Triage, text: str) -> bool:
        """Whether a message may be a wish at all: no alarm, and what looks like a tip only where it tells of nobody."""
        if triage.label in ("enquiry", "other", "help_request") or (triage.uncertain and not triage.urgent):
            return True
        return triage.label == "tip" and triage.confidence < CERTAIN and not _OF_OTHERS.search(text)
