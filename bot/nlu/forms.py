"""The applications in chat: their fields, the wording of their questions, and the words that begin, change or end them.

All of it is trainers' (`nlu_data/forms.yml`, `nlu_data/dog_breeds.yml`). What a message gives to a form is read by
`bot.nlu.form_reader`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, cast

from bot.nlu.knowledge import ANSWERS
from bot.nlu.live_file import LiveFile, TrainersFileError, of_its_shape, read_yaml
from bot.nlu.normaliser import normalise
from bot.nlu.project import FORM_ANSWERS
from bot.nlu.wording import any_of, asks, squeezed

FORMS_FILE = ANSWERS.parent / "forms.yml"
BREEDS_FILE = ANSWERS.parent / "dog_breeds.yml"
CONSENT, CONFIRMED = "consent", "confirmed"
"""The first and the last question of every form."""
KINDS = ("name", "id_number", "phone", "address", "region", "date", "words", "breed", "choice", "photo")
PHOTO = "photo"
PHOTO_TEXT = "[图片]"
"""What a picture is as a message of the dialogue."""
FORM_ANSWER = "form_answer"
"""The dialogue's intent of a message that answers the open form."""
BESIDES = "besides"
"""In the parse data of an answer to a form that asks something as well: the words that answer (`told`), and of the
question what the form itself says to it (`aside`, `remark`) or which response answers it (`utter`)."""
REQUESTED = "requested_slot"
"""Rasa's slot for the question that a form has asked."""


Aside = Literal[
    "missing",
    "resume",
    "later",
    "privacy",
    "bot",
    "puzzled",
    "deaf",
    "unasked",
    "review",
    "sent",
    "whose",
    "chat",
    "photos",
]
"""What a resident says about filling in: what is missing, what was filled, to go on, to go on later, what becomes of
the data, whether this is a human, that the question is not understood, that one cannot hear, whether more has to be
written; that it was told already or stands on a picture, whose data are wanted, nothing in particular, how the pictures
have to be."""
_ASIDES: tuple[Aside, ...] = ("privacy", "review", "missing", "resume", "later", "puzzled", "bot", "deaf", "unasked")
_ACCEPTS = re.compile("[办填整弄问交]|开始|来吧|同意|申请|接着|继续")
BIDS_ASK = re.compile(
    "(?:尽管|只管|随便|快)问(?!题|问)|(?:^|[，, ])(?:那你?|你)?问(?:呗|吧)|你 ?问.{0,3}我 ?[答说]"
    "|你 ?[写记打].{0,3}我 ?[说报念]"
)
"""Who bids to be asked, or to be written for: 问呗 我这岁数还怕打听, 你写我说."""
_AFTER_ALL = re.compile("还是(?=[先就办算不写用在从]|给[它他她我]|手机|网|微信|线上|这)")
"""还是 of somebody who has thought about it; any other may ask which of two."""
_GOES_ON_LATER = re.compile(
    "(?:明天|明儿个?|晚上|回头|改天|回家|一会儿?|等会儿?|待会儿?|下班|周末|有空)(?:再|就|我)?(?:接着|继续)"
)
_SEVERAL = "(?:[两俩仨三四五六七八九十几]|\\d)+(?:来|多)?[个名位]?"
_STAFF = "(?:员工|工人|服务员|租客|租户|房客)"
_FOLK = "(?:伙计|工友|同事|徒弟|学徒|小工|司机|保安|师傅|厨师|技师|老乡|亲戚|朋友|小伙|姑娘|人)"
_DONE_FOR_SEVERAL = re.compile(
    "(?:[给帮替]|我们|店|厂|工地|公司|单位|手下)[^，,。\\s和跟]{0,6}"
    f"(?:{_SEVERAL}[^，,。\\s]{{0,4}}(?:{_FOLK}|{_STAFF})|{_FOLK}们|{_STAFF}|[他她]们"
    f"|{_FOLK}[^，,。\\s]{{0,2}}{_SEVERAL})"
    "[^，,。\\s]{0,6}(?:办|整|弄|申请|登记|搞)"
)
"""That it is done for several others, each of whom applies for themselves: 想给俩新伙计整个居住证."""
_SENDS = re.compile("[拍照发传补]")
_MIXED = "串串"
"""The breed of dogs of several breeds (`nlu_data/dog_breeds.yml`)."""
_FOR_SOMEBODY = re.compile("[给替帮][^，。办]{1,6}[办整弄](?:一?个|一下|吧|呗|了)*")
"""That it is done for somebody or some dog, behind an answer about it: 那给我妈办吧."""
_JUST_DO_IT = re.compile(
    "(?:那|就|行|好|我|先|唉|哎|直接|太远了?|太麻烦了?)*(?:(?:在|用)?(?:手机|网|微信|线)上?)?(?:直接)?(?:办|整|弄|填)(?:一?个|着|上)?"
    "(?:我的|我这个|我自己的)?(?:吧|呗|了)*"
)
_HERE = "(?:这儿|这里|(?<=在)这|手机上?|网上|微信上?|线上|公众号里?)"
_DONE_HERE = re.compile(
    f"在?{_HERE}.{{0,3}}(?:能|可以|可不可以).{{0,4}}(?:办|申请|弄|整)|(?:能|可以).{{0,3}}在?{_HERE}(?:直接)?(?:办|申请|弄|整)"
)
"""Whether it can be done right here; the question that opens the form says yes."""
_FOR_ME = re.compile(
    "(?:能不能|可不可以|能|可以)(?:[^，,。不]{0,6}(?:手机|网|微信|线)上?|在?这(?:儿|里)?)?(?:就|直接|也)*(?:给|帮|替)(?:我|俺|咱)[^，,。]{0,6}(?:办|弄|整)(?!快|早|急|加|不了|下来|.{0,4}[过好完]了?没)"
)
"""The wish to have it done here, in the words of a question: 能不能在手机上就给我办了."""
_NOT_DONE = re.compile("(?:还没有?|没有?|未)(?:办|申请|登记|弄|整|领)")
"""What somebody has not done, which is no wish to do it: 没办居住证."""
_DECLINED = re.compile("(?<!能)(?:不|别|甭)(?:想|要|用|打算)*(?:办|申请|登记|弄|整|领)(?:理|着)?(?:了|吧|啦)+")
"""What somebody does not want done, which is no wish for it either: 狗证先不办了."""
_PIECES = re.compile(r"[\s,，。.、!！~～;；…]+")
_CANCEL_LEAD = (
    "(?:我|俺|咱|那|就|还是|这份|这个|这次|在这(?:儿|里)?|今天|暂时|干脆|全|都|先"
    "|算了|拉倒吧?|得了|给我|帮我|把|吧|了)*"
)
_ERASES = re.compile(
    "(?:删|清空|抹|销毁)[^，。 ]{0,6}(?:填|写|发|信息|资料|号|数据|内容|记录|全部|都)|"
    "(?:填|写|发|报|信息|资料|数据|内容|记录|全部?|都)[^，。 ]{0,9}(?:删|清空|抹|销毁)[了掉除吧光]*$"
)
"""That what was filled in is to be deleted."""
_COMES_BACK = re.compile(
    "(?:回头|改[天日]|以后|往后|哪天|[过隔][两几一]?天|过后|过阵子?|到时候?|有空|有时间|有工夫|闲了"
    "|下[次回]|等[^，。 ]{0,8}|明[天儿个]|后天|晚上|下?个?(?:周|月|礼拜)|月底)"
    "(?:我|咱)?再(?:说|看|办|弄|整|填|来|讲|唠|聊|接着|继续|考虑|琢磨)|再说(?:吧|了|哈)*\\W*$"
)
_ENDS_IT = re.compile("取消|退出|撤|作废|删|窗口|派出所|所里|再也?不")
"""That somebody comes back to what they leave, and that they do not."""
_STILL_HERE = re.compile(
    "还是[^不别甭]{0,6}(?:这|手机|网上|微信|线上|接着|继续)[^不别甭]{0,4}(?:办|弄|填|整)|还是[^不别甭]{0,4}(?:的名|自己)|(?:别|不)(?:改|换)了"
)
"""Who has dropped another way or a change: 算了 还是在这办吧, 算了 还是我的名."""
_CANCEL_TAIL = (
    "(?:了|吧|啦|呗|啊|掉|这个|这份|申请|办理|登记|证)*"
    "(?:[我俺]?(?:还是|自己|直接)*(?:去|上|到)(?:窗口|所里|派出所|现场)(?:办|弄|整|问)?(?:去|吧|得了|了)*)?"
)


@dataclass(frozen=True)
class Field:
    """One question of a form."""

    name: str
    title: str
    kind: str
    ask: str
    called: tuple[str, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def months_needed(self) -> int | None:
        """How many months must have passed since this day; None where any number may."""
        return self.settings.get("at_least_months")


@dataclass(frozen=True)
class Form:
    """One application. `name` is the Rasa form's, `intent` the enquiry that it belongs to."""

    name: str
    title: str
    intent: str
    says: str
    subject: re.Pattern[str]
    why: str
    whose: str
    fields: Mapping[str, Field]
    near: tuple[str, ...] = ()
    """Enquiries beside it, behind whose answer "那就办一个" begins it as well."""

    @property
    def kind(self) -> str:
        """The application's kind as it is stored: "dog_licence"."""
        return self.name.removesuffix("_form")

    @property
    def matters(self) -> tuple[str, ...]:
        """The enquiries behind whose answer it may begin."""
        return (self.intent, *self.near)

    @property
    def photos(self) -> tuple[str, ...]:
        """Names of the fields that are photos, in the order of asking."""
        return tuple(name for name, entry in self.fields.items() if entry.kind == PHOTO)

    @property
    def slots(self) -> tuple[str, ...]:
        """Names of all slots in the order of asking."""
        return (CONSENT, *self.fields, CONFIRMED)


@dataclass(frozen=True)
class FormAnswer:
    """What is answered to a question about filling in, and in which forms; none named means all."""

    says: str
    forms: tuple[str, ...] = ()


class Forms:
    """All forms and the words that they share."""

    def __init__(
        self,
        forms: Mapping[str, Form],
        words: Mapping[str, list[str]],
        breeds: Mapping[str, Any],
        lines: Sequence[Mapping[str, Any]] = (),
        after: Sequence[Mapping[str, Any]] = (),
        answers: Mapping[str, FormAnswer] | None = None,
    ) -> None:
        """`lines`: what is asked or said about filling in, and its answers, by words; `answers`: those that are told by
        what a message means, by the name of their question; `after`: about what was handed in."""
        self.forms, self.answers = dict(forms), dict(answers or {})
        self._yes = _all_of(words["agree"], words["agree_filler"])
        self._cancel = _cancelling(words["cancel"], words["cancel_act"])
        acts = any_of(words["cancel_act"]).pattern
        self._refuses = re.compile(f"(?<!先)(?:不|别|甭)[^，。 ]{{0,3}}(?:{acts})|取消|退出|撤")
        self.wrong, self._wish, self._go_ahead = (any_of(words[name]) for name in ("wrong", "wish", "go_ahead"))
        self._has_one = any_of(words["has_one"])
        self.photo_again, self.photo_same, self.someone = (
            any_of(words[name]) for name in ("photo_again", "photo_same", "someone")
        )
        self._asides = {name: any_of(words[name]) for name in _ASIDES}
        self._later_ask, self.pretends = any_of(words["later_ask"]), any_of(words["pretends"])
        self._lines = [(set(line.get("forms") or forms), any_of(line["words"]), str(line["answer"])) for line in lines]
        self._after = [(any_of(line["words"]), str(line["answer"])) for line in after]
        self._breeds = {alias: breed for breed, aliases in breeds["breeds"].items() for alias in aliases}
        self.fierce, self.banned = frozenset(breeds["fierce"]), frozenset(breeds["banned"] or ())

    def wished(self, text: str, intent: str) -> Form | None:
        """The form that a message asks to begin: "我要办犬证", not "犬证怎么办", nor "居住证快到期了重新办一个"."""
        normal = _DECLINED.sub("", _NOT_DONE.sub("", _AFTER_ALL.sub("", squeezed(normalise(text)))))
        if _FOR_ME.search(normal) and not self._has_one.search(normal):
            return next((form for form in self.forms.values() if form.subject.search(normal)), None)
        if asks(normal) or not self._wish.search(normal) or self._has_one.search(normal):
            return None
        for form in self.forms.values():
            if form.subject.search(normal) or (intent == form.intent and re.search("证|登记|户口|牌", normal)):
                return form
        return None

    @staticmethod
    def of_several(text: str) -> bool:
        """Whether a text wants it done for several others; a form is one person's."""
        return bool(_DONE_FOR_SEVERAL.search(normalise(text)))

    def goes_ahead(self, text: str, asked_about: str) -> Form | None:
        """The form that a message begins after an answer about it: "那办吧". `asked_about`: the answer's intent."""
        form = next((form for form in self.forms.values() if asked_about in form.matters), None)
        bare = _DECLINED.sub("", _AFTER_ALL.sub("", re.sub(r"\s+", "", normalise(text))))
        if form is None or self.about_another(form, bare):
            return None
        if _JUST_DO_IT.fullmatch(bare) or _DONE_HERE.search(bare):
            return form
        if asks(bare) and not re.search("[怎咋]么?填", bare):
            return None
        begins = self._go_ahead.search(bare) or _FOR_SOMEBODY.fullmatch(re.sub("^(?:那|就|行|好|我|先)+", "", bare))
        return form if begins else None

    def begun_with(self, text: str, said: str) -> Form | None:
        """The form that the bot's last words offered and this text accepts: 行，你往下问吧. Thanks accept nothing."""
        if self.begins_with_yes(text) is None or asks(text) or not _ACCEPTS.search(text):
            return None
        return self.offered_in(said)

    def offered_in(self, said: str) -> Form | None:
        """The one form that the bot's words offer to begin; None where they offer none or several."""
        offered = [form for form in self.forms.values() if form.says in said]
        return offered[0] if len(offered) == 1 else None

    def offered(self, intent: str) -> Form | None:
        """The form that an answer to this intent may offer to begin."""
        return next((form for form in self.forms.values() if form.intent == intent), None)

    def aside(self, text: str) -> Aside | None:
        """What a message says about filling in, without filling in anything; of a question, if that is meant."""
        found = [name for name in _ASIDES if self._asides[name].search(text)]
        if "later" in found and asks(text) and not self._later_ask.search(text):
            found.remove("later")
        if "resume" in found and _GOES_ON_LATER.search(text):
            return "later"
        return next(iter(found), None)

    def sends_later(self, text: str) -> bool:
        """Whether a text asks to send a picture later: 侧面的明天拍行吗."""
        return bool(self._later_ask.search(text) and _SENDS.search(text))

    def wants_to_see(self, text: str) -> bool:
        """Whether a text asks to be shown what was filled in."""
        return bool(self._asides["review"].search(text))

    def line_for(self, form: Form, text: str) -> str:
        """The trainers' answer to what a text asks or says about filling in this form; "" for none."""
        return next((answer for forms, words, answer in self._lines if form.name in forms and words.search(text)), "")

    def answered_in(self, question: str) -> tuple[str, ...]:
        """The forms in which a question about filling in has an answer."""
        answer = self.answers.get(question)
        return () if answer is None else answer.forms or tuple(self.forms)

    def after_line(self, text: str) -> str:
        """The trainers' answer to what a text asks about an application that was handed in; "" for none."""
        return next((answer for words, answer in self._after if words.search(text)), "")

    def about_another(self, form: Form, text: str) -> bool:
        """Whether a text names the subject of another form than this one."""
        return any(other.subject.search(text) for other in self.forms.values() if other is not form) and not (
            form.subject.search(text)
        )

    @staticmethod
    def erases(text: str) -> bool:
        """Whether a text wants what was filled in deleted."""
        return bool(_ERASES.search(text))

    def breed(self, text: str) -> str | None:
        """The breed that a text names."""
        named = {breed for alias, breed in self._breeds.items() if alias in text}
        if _MIXED in named and not named & (self.fierce | self.banned):
            return _MIXED  # 串儿，妈是博美
        said = self.breed_words(text)
        return self._breeds[said] if said else None

    @property
    def breed_names(self) -> tuple[str, ...]:
        """All names of breeds that are known."""
        return tuple(self._breeds)

    def breed_words(self, text: str) -> str | None:
        """The words with which a text names a breed."""
        return max((alias for alias in self._breeds if alias in text), key=len, default=None)

    def says_yes(self, text: str) -> bool:
        """Whether a text is nothing but agreement."""
        return bool(self._yes.fullmatch(_bare(text)))

    def begins_with_yes(self, text: str) -> str | None:
        """What follows the agreement that a text begins with; None when it does not begin so."""
        pieces = [piece for piece in _PIECES.split(text) if piece]
        agreed = next((number for number, piece in enumerate(pieces) if not self.says_yes(piece)), len(pieces))
        return " ".join(pieces[agreed:]) if agreed else None

    def cancels(self, text: str) -> bool:
        """Whether a text, or a part of it that stands by itself, ends the form; 算了 改天 only puts it off."""
        if self._asides["later"].search(text) and not self._refuses.search(text):
            return False
        if _STILL_HERE.search(text) or self.comes_back(text):
            return False
        pieces = _PIECES.split(text)
        if any(_ERASES.search(piece) for piece in pieces) and not (asks(text) or self.about_photo(text)):
            return True
        return any(self._cancel.fullmatch(piece) for piece in (*pieces, _bare(text)))

    def keeps_it(self, text: str) -> bool:
        """Whether a text drops a change and says yes to the rest of it: 算了不换了 确认."""
        *before, last = [piece for piece in _PIECES.split(text) if piece] or [""]
        return bool(before) and bool(_STILL_HERE.search(" ".join(before))) and self.says_yes(last)

    def puts_off(self, text: str) -> bool:
        """Whether a part of a text that stands by itself ends the form for now: 先不填了, 不整了 回头再说."""
        for_now = self.comes_back(text)
        return any((for_now or "先" in piece) and self._cancel.fullmatch(piece) for piece in _PIECES.split(text))

    @staticmethod
    def comes_back(text: str) -> bool:
        """Whether somebody who leaves something says that they will come back to it."""
        return bool(_COMES_BACK.search(text)) and not _ENDS_IT.search(text)

    def about_photo(self, text: str) -> bool:
        """Whether a text speaks of a picture that was sent."""
        return bool(re.search("照|图|相片|第[一二三]张", text) or self.photo_again.search(text))

    def corrects(self, text: str) -> bool:
        """Whether a text says that something was wrong."""
        return bool(self.wrong.search(text))


def load(path: Path = FORMS_FILE) -> Forms:
    """Read the forms and, beside them, the list of breeds. Raises TrainersFileError."""
    data, breeds = read_yaml(path), read_yaml(path.parent / BREEDS_FILE.name)
    answers = _answers(path.parent / FORM_ANSWERS.name)
    with of_its_shape(path):
        forms = {name: _form(name, entry) for name, entry in data.items() if name.endswith("_form")}
        return Forms(forms, data["words"], breeds, data.get("lines") or (), data.get("after") or (), answers)


def _answers(path: Path) -> dict[str, FormAnswer]:
    """The answers to questions about filling in; a project may have none."""
    said = read_yaml(path) if path.exists() else {}
    with of_its_shape(path):
        return {str(name): FormAnswer(str(one["says"]), tuple(one.get("forms") or ())) for name, one in said.items()}


def _form(name: str, entry: Mapping[str, Any]) -> Form:
    fields = {key: _field(name, key, dict(settings)) for key, settings in entry["fields"].items()}
    subject, near = any_of(entry["subject"]), tuple(entry.get("near") or ())
    why, whose = entry["why"], entry["whose"]
    return Form(name, entry["title"], entry["intent"], entry["says"], subject, why, whose, fields, near)


def _field(form: str, name: str, entry: dict[str, Any]) -> Field:
    title, kind, ask = (cast(str, entry.pop(key)) for key in ("title", "kind", "ask"))
    called = tuple(entry.pop("called"))
    if kind not in KINDS:
        raise TrainersFileError(f"forms.yml: {form} 的 {name} 的 kind 是 {kind}；可用的是 {'、'.join(KINDS)}")
    return Field(name, title, kind, ask, called, entry)


def _bare(text: str) -> str:
    return _PIECES.sub("", text.strip().lower())


def _all_of(words: list[str], filler: list[str]) -> re.Pattern[str]:
    """A pattern for a text that is made of these words and filler only, with one of the words at least."""
    core, other = any_of(words).pattern, any_of(filler).pattern
    return re.compile(rf"(?![你您]好)(?:{other})*(?:{core})(?:{core}|{other})*", re.IGNORECASE)


def _cancelling(words: list[str], acts: list[str]) -> re.Pattern[str]:
    """A pattern for a text that ends the form: 算了, 那先不办了, 这份取消."""
    core, act = any_of(words).pattern, any_of(acts).pattern
    refused = rf"(?:不想|不|别|甭){_CANCEL_LEAD}(?:{act})"
    return re.compile(rf"{_CANCEL_LEAD}(?:{core}|{refused}){_CANCEL_TAIL}", re.IGNORECASE)


@lru_cache(maxsize=4)
def live(path: Path = FORMS_FILE) -> LiveFile[Forms]:
    """The forms, following their files."""
    return LiveFile(lambda: load(path), lambda: [path, path.parent / BREEDS_FILE.name, path.parent / FORM_ANSWERS.name])
