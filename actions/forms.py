"""The applications in chat: fill the slots of Rasa's forms, and hand a confirmed form in."""

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import structlog
from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions.form_questions import filled_lines, next_slot, question
from actions.said import bot_said, said_before, said_now
from actions.store import UNAVAILABLE, in_transaction
from bot.nlu import forms
from bot.nlu.beforehand import MESSAGES, SECONDS, is_too_early, told_before
from bot.nlu.entities import StationEntities
from bot.nlu.field_values import not_in_form
from bot.nlu.form_reader import FIERCE, GIVING_AGREES, Heard, Reading, read
from bot.nlu.forms import BESIDES, CONFIRMED, CONSENT, FORM_ANSWER, PHOTO, REQUESTED, Form, Forms
from bot.nlu.normaliser import normalise
from bot.nlu.stopped import CANCELLED, HANDED_IN, stopped_form, waits
from bot.nlu.values import UNDER_16, mentions_day, of_minor
from bot.nlu.wording import asks
from bot.services import applications, photos
from bot.store.models import MessageId

log = structlog.get_logger()
Events = list[dict[str, Any]]

_NOTHING = object()
_SUBMITTED = f"{{title}}{HANDED_IN} {{receipt}}。\n民警审核后在这里发消息告诉您结果；想问进度，发受理号就行。"
_NOTED = "记下了，{answers}。"
_CHANGED = "改好了，{answers}。"
_TOLD_BEFORE = "前面说过的先替您记上了：{answers}。不对直接说。"
_OTHER_WAITS = "{title}那份先放着，填过的都留着；要接着填，说“{says}”。"
_NOT_UNDERSTOOD = "这一句没看懂，换个说法试试。要问别的也可以直接问；不办了就回“不办了”。"
_LATER = "好，先放着，填过的都在，还没有提交；真不办了就回“不办了”。方便的时候回来接着发就行{next}"
_LATER_BEGINS = _LATER.partition("{")[0]
_NEXT, _NEXT_OF_ALL = "，下一项是“{title}”。", "，或者回“同意”开始。"
_RESTING = "好嘞，您先忙，填过的都替您留着，回来接着发就行。"
_STILL_KEPT = "填过的还替您留着，没有提交；回来接着发就行。"
_MISSING = "还没提交，还差{count}项：{titles}。"
_ONLY_TO_CONFIRM = "还没提交，都填齐了：核对没错，回“确认”就交。"
_PERHAPS_A_CHILD = re.compile(
    "警察(?:叔叔|阿姨)|小学生|我.{0,4}年级|我(?:才|今年)?(?:[5-9]|1[0-5]|十[一二三四五]?|[五六七八九])岁"
)
_FOR_CHILDREN = "要是小朋友自己来办：狗证写家里大人的名字，要满18岁。叫爸爸妈妈一起来填。"
_NONE_FOR_CHILDREN = "这份就不往下填了，什么也没提交。要办您自己的，说“给我自己{act}”就行。"
_RESUMED = "填过的都在：{titles}。接着来："
_AGREED = "好的，接着来："
_SO_FAR = "填到现在是这样，哪项不对直接说：\n{answers}"
_AGAIN = "现在填的就是下面这样，您看看："
_PRIVACY = (
    "填的内容只用来办{title}，由派出所的民警审核时看。存多久由派出所确认。\n"
    "不放心就回“不办了”，带材料到派出所窗口办也一样。"
)
_BOT = "我是派出所公众号的自动答复助手，不是真人；申请由民警审核，要找民警回“转人工”。"
_DEAF = "好，这里都用打字，不用接电话；办的结果也发消息告诉您。"
_ABOUT_WHEN = "记不清哪天的，写个大概的年月就行，比如“今年三月”；说不上来就先问家里人，填过的都在。"
_UNASKED = "只填表里列的这几项就行，没列的不用写；还要什么，民警审核时会告诉您。"
_NOT_IN_FORM = "知道了。{what}表里不用填，说错了也不要紧。"
_SENT = "照片上的字我看不了；打过字的我都记着，没记下的请再打一遍："
_CHAT = "嗯，听着呢，咱们接着来："
_PHOTOS = "手机拍的就行：彩色、清楚、拍全，别用美颜和滤镜；以前拍的、一样清楚的也行。合不合用由民警审核。"
_CHANGE = "要改哪一项、改成什么，请写在一句里，比如“住址改成大东路1号2单元301”。"
_PHOTO_DROPPED = "好，刚才那张“{photo}”不算了。"
_PUZZLED = "不着急，只答下面这一句就行，写错了能改。实在不会填，回“转人工”，或者带材料到窗口办。"
_ASIDES = {
    "privacy": _PRIVACY,
    "bot": _BOT,
    "puzzled": _PUZZLED,
    "deaf": _DEAF,
    "unasked": _UNASKED,
    "agreed": _AGREED,
    "again": _AGAIN,
    "sent": _SENT,
    "whose": "{whose}",
    "chat": _CHAT,
    "photos": _PHOTOS,
    "change": _CHANGE,
}
_PERMIT = "enquiry/residence_permit_apply"
_GOES_ON = re.compile("接着|继续|往下|[办填弄整]")
"""Words of who goes on, and does not only ask or greet."""
_POLITE = re.compile("谢|[好行嗯中妥]|知道|没关系|没事|辛苦|麻烦|ok|[🙏👌👍]", re.IGNORECASE)
_TAKES_UP = re.compile("接着|继续|同意|确认|提交|回来|开始|来吧|[办填弄整交]")
"""Words with which a form that waits is taken up again."""
_TAKES_UP_FORMER = re.compile("接着|继续|昨[天儿]|前[天儿]|上[次回]|之前|先前|头前|那[个份张]")
_NOTHING_KEPT = "上回那份按您说的停了，填过的没有留着，这回从头填。"
_PHOTO_KEPT = "照片收到，记作“{photo}”。照片上的字我看不了，下面这一项请打字："
_CAPTION = 16
"""Letters up to which a message in front of a picture says what it shows."""
_PHOTO_FILED = "照片收到，记作“{photo}”。"
_PHOTO_EARLY = "照片收到，先当“{photo}”记着。要是别的，点一下它是哪一样："
_NOT_USED = "这张不算"
"""What is tapped for a picture that is none of those that are wanted; `photo_again` in forms.yml has the words."""
_PHOTO_BESIDE = "照片收到，可要的照片（{photos}）已经齐了，这张先没用上。要拿它换哪一张，就回那张的名字；不换就不用管。"
_PHOTO_CHANGED = "这张换掉了原来的“{photo}”。要换的是别的照片，就说是哪一张。"
_PHOTO_SAME = "好，这张换掉了原来的“{photo}”。"
_NOT_STORED = "刚才没存上，您填的都还在。请过一会儿再回一次“确认”。"


class _FormFiller:
    """Fills a form's slots from the message, and asks what is still open.

    The question is asked here and not by a response of the domain: it tells how far one has come, and the last one
    repeats everything.
    """

    form_name: str

    def name(self) -> str:
        """Rasa's name of the action."""
        return f"validate_{self.form_name}"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> Events:
        """The slots that the message sets. None at all leaves the message to the other rules, after which it is asked
        again."""
        form = forms.live().current().forms[self.form_name]
        filled = {slot: tracker.get_slot(slot) for slot in form.slots}
        requested = tracker.get_slot(REQUESTED) if _active(tracker) == self.form_name else None
        if _answered_already(tracker) and _rests(tracker):
            dispatcher.utter_message(text=_STILL_KEPT)
            return []
        if _answered_already(tracker):
            _ask(dispatcher, form, requested, filled, again=requested == CONSENT, kept=False)
            return []
        useless = await _useless_photos(form, filled)
        filled |= dict.fromkeys(useless)
        events = [] if _something_else(tracker) else _heard(dispatcher, tracker, form, requested, filled, useless)
        if besides := tracker.latest_message.get(BESIDES):
            heard = {event["name"]: event["value"] for event in events}
            _answer_besides(dispatcher, form, besides, requested, filled | heard)
        if events:
            events = [*(SlotSet(name, None) for name in useless), *events]
            if useless:  # what was confirmed was not complete
                events = [event for event in events if event["name"] != CONFIRMED]
            changed = {event["name"]: event["value"] for event in events}
            wanted = changed.pop(REQUESTED, _NOTHING)
            if wanted is not None and not _left(dispatcher):
                told = {"again": requested == CONSENT, "kept": any(changed.get(name) for name in form.fields)}
                _ask(dispatcher, form, None if wanted is _NOTHING else wanted, {**filled, **changed}, **told)
        elif requested is None:
            _ask(dispatcher, form, None, filled)  # it begins
        return events


class ValidateDogLicenceForm(_FormFiller, Action):
    """Fills the form for a dog licence."""

    form_name = "dog_licence_form"


class ValidateResidencePermitForm(_FormFiller, Action):
    """Fills the form for a residence permit."""

    form_name = "residence_permit_form"


class SubmitApplication(Action):
    """Hands in the form that has just been confirmed; of one that was given up nothing is left to do."""

    def name(self) -> str:
        """Rasa's name of the action."""
        return "action_submit_application"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> Events:
        """The receipt, and empty slots; or, when the database is away, the form's last question again."""
        form = _last_form(tracker)
        if form is None or not tracker.get_slot(CONFIRMED):
            return []
        answers = {name: tracker.get_slot(name) for name, entry in form.fields.items() if entry.kind != PHOTO}
        photos = {name: MessageId(int(tracker.get_slot(name))) for name in form.photos}
        submit = partial(
            applications.submit,
            pseudonym=tracker.sender_id,
            message_id=MessageId(int(_metadata(tracker)["message_id"])),
            kind=form.kind,
            answers=answers,
            photos=photos,
            now=datetime.now(UTC),
        )
        try:
            receipt = await in_transaction(lambda session: submit(session).receipt)
        except (*UNAVAILABLE, applications.ApplicationError) as error:
            log.warning("application.not_stored", kind=form.kind, reason=type(error).__name__)
            dispatcher.utter_message(text=_NOT_STORED)
            return [SlotSet(CONFIRMED, None), FollowupAction(form.name)]
        dispatcher.utter_message(text=_SUBMITTED.format(title=form.title, receipt=receipt))
        return _emptied(form, tracker)


def _ask(
    dispatcher: CollectingDispatcher, form: Form, wanted: str | None, filled: Mapping[str, Any], **told: bool
) -> None:
    """Ask what is wanted, or the first question that is open. `told`: what need not be said again (`question`)."""
    if slot := wanted or next_slot(form, filled):
        dispatcher.utter_message(**question(form, slot, filled, **told))


async def _useless_photos(form: Form, filled: Mapping[str, Any]) -> list[str]:
    """The photos that turned out to be of no use since they came; their sender has been told, and sends others."""
    sent = {MessageId(int(filled[name])): name for name in form.photos if filled.get(name) is not None}
    if not sent:
        return []
    try:
        useless = await in_transaction(lambda session: photos.useless(session, sent))
    except UNAVAILABLE as error:
        log.warning("application.photos_not_checked", reason=type(error).__name__)
        return []
    return [sent[number] for number in useless]


def _heard(
    dispatcher: CollectingDispatcher,
    tracker: Tracker,
    form: Form,
    requested: str | None,
    filled: Mapping[str, Any],
    useless: Sequence[str],
) -> Events:
    """What a message does to the form. `useless`: photos that have to be sent again."""
    if photo := _photo(tracker):
        if useless:
            dispatcher.utter_message(text=_PHOTO_SAME.format(photo=form.fields[useless[0]].title))
            return [SlotSet(useless[0], photo)]
        return _with_photo(dispatcher, form, requested, tracker, photo, filled)
    if beside := _put_beside(dispatcher, form, requested, tracker):
        return beside
    station_forms = forms.live().current()
    besides = tracker.latest_message.get(BESIDES) or {}
    text = besides.get("told") or said_now(tracker)
    heard = Heard.in_message(tracker.latest_message)
    today, entities = date.today(), StationEntities.load()
    earlier = [str(event.get("text") or "") for event in said_before(tracker)]
    reading = read(
        station_forms, form, requested, text, filled, today=today, entities=entities, heard=heard, earlier=earlier
    )
    if UNDER_16 in reading.problems or (form.intent == _PERMIT and of_minor(text)):
        return _of_minor(dispatcher, form, requested, filled, tracker)
    if requested is None:
        return _begun(dispatcher, station_forms, form, reading, tracker)
    if reading.command == "cancel":
        dispatcher.utter_message(text=CANCELLED.format(says=form.says))
        return [*_emptied(form, tracker), SlotSet(REQUESTED, None)]
    if reading.command == "same_photo":
        return _same_photo(dispatcher, form, requested, tracker)
    if _rests(tracker) and _only_polite(reading, text):
        dispatcher.utter_message(text=_RESTING)
        return [SlotSet(requested, None)]
    if _rests(tracker) and reading == Reading(remark=reading.remark or "-"):  # it is only answered
        for told in (reading.remark, _STILL_KEPT):
            dispatcher.utter_message(text=told)
        return [SlotSet(requested, None)]
    if reading.command == "resume" and requested == CONSENT and _GOES_ON.search(text) and not asks(text):
        _aside(dispatcher, form, "resume", requested, filled)
        dispatcher.utter_message(text=GIVING_AGREES)
        return [SlotSet(CONSENT, True)]
    if reading.command == "unasked" and (what := not_in_form(normalise(text))):
        dispatcher.utter_message(text=_NOT_IN_FORM.format(what=what))
        return [SlotSet(requested, None)]
    if reading.command:
        if reading.remark:
            dispatcher.utter_message(text=reading.remark)
        return _aside(dispatcher, form, reading.command, requested, filled)
    if not reading and _intent(tracker) == FORM_ANSWER:
        asked = form.fields.get(requested or "")
        if requested != CONSENT:  # that question says by itself what to answer
            about_when = (
                asked and asked.kind == "date" and (not heard.turns or heard.turns[0].name in ("answer", "puzzled"))
            )
            dispatcher.utter_message(text=_ABOUT_WHEN if about_when else _NOT_UNDERSTOOD)
        return [SlotSet(requested, None)]
    if station_forms.aside(text) == "bot":
        dispatcher.utter_message(text=_BOT)
    return _filled(dispatcher, station_forms, form, reading, requested, filled)


def _of_minor(
    dispatcher: CollectingDispatcher, form: Form, requested: str | None, filled: Mapping[str, Any], tracker: Tracker
) -> Events:
    """A child under sixteen cannot apply here: nothing begins, and a form that has nobody's number ends. One that is
    somebody else's goes on."""
    dispatcher.utter_message(text=UNDER_16)
    if requested and any(filled.get(name) for name, entry in form.fields.items() if entry.kind == "id_number"):
        return [SlotSet(requested, None)]
    dispatcher.utter_message(text=_NONE_FOR_CHILDREN.format(act=form.says.removeprefix("我要")))
    return [*_emptied(form, tracker), SlotSet(REQUESTED, None)]


def _begun(
    dispatcher: CollectingDispatcher, station_forms: Forms, form: Form, reading: Reading, tracker: Tracker
) -> Events:
    """A form begins: with what the message gives, and with what was told before it. Whoever says that the time for it
    has not come is told when it will, and begins nothing."""
    oldest = time.time() - SECONDS
    said = [event for event in said_before(tracker)[:MESSAGES] if float(event.get("timestamp") or 0) >= oldest]
    messages = [{**(event.get("parse_data") or {}), "text": event.get("text") or ""} for event in said]
    told = told_before(station_forms, form, messages, today=date.today(), entities=StationEntities.load())
    since = any(form.fields[name].months_needed for name in reading.values if name in form.fields)
    before_now = "" if since else told.too_early  # what is told now counts: 现在满七个月了
    if too_early := next(filter(is_too_early, reading.problems), before_now):
        dispatcher.utter_message(text=too_early)
        return [*_emptied(form, tracker), SlotSet(REQUESTED, None)]
    if _PERHAPS_A_CHILD.search(said_now(tracker)) and any(
        entry.settings.get("adult") for entry in form.fields.values()
    ):
        dispatcher.utter_message(text=_FOR_CHILDREN)
    if stopped_form(bot_said(tracker)) is form and _TAKES_UP_FORMER.search(said_now(tracker)):
        dispatcher.utter_message(text=_NOTHING_KEPT)
    kept = {name: tracker.get_slot(name) for name in form.fields if tracker.get_slot(name) is not None}
    before = {name: value for name, value in {**told.values, **kept}.items() if name not in reading.values}
    if other := _left_open(station_forms, form, tracker):
        dispatcher.utter_message(text=_OTHER_WAITS.format(title=other.title, says=other.says))
    events = _filled(dispatcher, station_forms, form, reading, None, {})
    if before.get("dog_breed") in station_forms.fierce:
        dispatcher.utter_message(text=FIERCE.format(breed=before["dog_breed"]))
    if before:
        dispatcher.utter_message(text=_TOLD_BEFORE.format(answers="；".join(filled_lines(form, before))))
    return [*events, *(SlotSet(name, value) for name, value in before.items())]


def _left_open(station_forms: Forms, form: Form, tracker: Tracker) -> Form | None:
    """The other form that was begun and waits: something stands in it that this one has no field for."""
    others = (other for other in station_forms.forms.values() if other is not form)
    return next((one for one in others if waits(one, form, tracker.get_slot)), None)


def _answer_besides(
    dispatcher: CollectingDispatcher,
    form: Form,
    besides: Mapping[str, str],
    requested: str | None,
    filled: Mapping[str, Any],
) -> None:
    """Answer what a message asks besides giving values."""
    aside = besides.get("aside")
    if aside and not (aside == "later" and _left(dispatcher)):
        _aside(dispatcher, form, aside, requested, filled)
    if remark := besides.get("remark"):
        _tell(dispatcher, remark)
    if response := besides.get("utter"):
        dispatcher.utter_message(response=response)


def _filled(
    dispatcher: CollectingDispatcher,
    station_forms: Forms,
    form: Form,
    reading: Reading,
    requested: str | None,
    filled: Mapping[str, Any],
) -> Events:
    """Slots set and to be asked again; a problem is told, and counts as an answer that was not good enough."""
    events: Events = [SlotSet(name, value) for name, value in reading.values.items()]
    if requested is None and CONSENT in reading.values:
        dispatcher.utter_message(text=form.why)  # agreed before it was told
    if reading.remark:
        dispatcher.utter_message(text=reading.remark)
        events = events or ([SlotSet(requested, None)] if requested else [])
    if changed := _changed(form, reading, filled):
        dispatcher.utter_message(text=_CHANGED.format(answers=changed))
    if noted := _noted(form, reading, requested, filled):
        dispatcher.utter_message(text=_NOTED.format(answers=noted))
    if reading.values.get("dog_breed") in station_forms.fierce:
        dispatcher.utter_message(text=FIERCE.format(breed=reading.values["dog_breed"]))
    for problem in reading.problems:
        dispatcher.utter_message(text=problem)
    if reading.also:
        _said_besides(dispatcher, form, reading.also, {**filled, **reading.values})
    if reading.problems and not reading.values and requested:
        events.append(SlotSet(requested, None))
    if reading.again:
        events += [SlotSet(name, None) for name in reading.again]
        dropped = form.fields[reading.again[0]]
        asked = form.fields.get(requested or "")
        if dropped.kind == PHOTO and asked is not None and asked.kind != PHOTO:
            dispatcher.utter_message(text=_PHOTO_DROPPED.format(photo=dropped.title))
            events.append(SlotSet(REQUESTED, requested))
        else:
            events.append(SlotSet(REQUESTED, dropped.name))
    return events


def _said_besides(dispatcher: CollectingDispatcher, form: Form, aside: str, filled: Mapping[str, Any]) -> None:
    """Answer what is said about filling in beside values, where something is missing; else all is shown anyway."""
    following = next_slot(form, {**filled, CONSENT: True})
    if following in form.fields:
        _aside(dispatcher, form, aside, following, filled)


def _noted(form: Form, reading: Reading, requested: str | None, filled: Mapping[str, Any]) -> str:
    """What a message gave that was not asked for, where what was asked for is asked again: nobody is to wonder whether
    it was understood."""
    if requested not in form.fields or requested in reading.values or reading.problems or reading.again:
        return ""
    return _lines(form, reading, {name: value for name, value in reading.values.items() if filled.get(name) is None})


def _changed(form: Form, reading: Reading, filled: Mapping[str, Any]) -> str:
    """What a message gave in the place of what was told before: nobody is to wonder whether it was put right."""
    anew = {name: value for name, value in reading.values.items() if filled.get(name) not in (None, value)}
    return _lines(form, reading, anew)


def _lines(form: Form, reading: Reading, values: Mapping[str, Any]) -> str:
    """These values of the form's fields, but for what the reading remarks on."""
    given = {name: value for name, value in values.items() if name in form.fields}
    return "；".join(line for line in filled_lines(form, given) if line.partition("：")[2] not in reading.remark)


def _tell(dispatcher: CollectingDispatcher, text: str) -> None:
    """Say something that this message was not told yet."""
    if all(message.get("text") != text for message in dispatcher.messages):
        dispatcher.utter_message(text=text)


def _aside(
    dispatcher: CollectingDispatcher, form: Form, aside: str, requested: str | None, filled: Mapping[str, Any]
) -> Events:
    """Answer what is said about filling in; the question stays the same."""
    open_, done = (
        [entry.title for name, entry in form.fields.items() if (filled.get(name) is None) == empty]
        for empty in (True, False)
    )
    if aside == "resume" and done:
        _tell(dispatcher, _RESUMED.format(titles="、".join(done)))
    if aside == "review" and requested != CONFIRMED and done:
        _tell(dispatcher, _SO_FAR.format(answers="\n".join(filled_lines(form, filled))))
    if open_ and (aside == "missing" or (aside in ("resume", "review") and done)):
        _tell(dispatcher, _MISSING.format(count=len(open_), titles="、".join(open_)))
    if aside == "missing" and not open_:
        _tell(dispatcher, _ONLY_TO_CONFIRM)
    if aside == "later":
        entry = form.fields.get(requested or "")
        _tell(dispatcher, _LATER.format(next=_NEXT.format(title=entry.title) if entry else _NEXT_OF_ALL))
    if aside in _ASIDES:
        _tell(dispatcher, _ASIDES[aside].format(title=form.title, whose=form.whose))
    return [SlotSet(requested, None)] if requested else []


def _left(dispatcher: CollectingDispatcher) -> bool:
    """Whether it was just told that the form waits: whoever goes away is asked nothing behind it."""
    return _puts_off(dispatcher.messages)


def _rests(tracker: Tracker) -> bool:
    """Whether the message before this one was answered with that the form waits."""
    users = [at for at, event in enumerate(tracker.events) if event["event"] == "user"]
    answered = tracker.events[users[-2] if len(users) > 1 else 0 :]
    return _puts_off(event for event in answered if event["event"] == "bot")


def _puts_off(said: Iterable[Mapping[str, Any]]) -> bool:
    """Whether one of the bot's messages tells that the form waits."""
    told = (str(message.get("text") or "") for message in said)
    return any(text in (_RESTING, _STILL_KEPT) or text.startswith(_LATER_BEGINS) for text in told)


def _only_polite(reading: Reading, text: str) -> bool:
    """Whether somebody who has put the form off says no more than that it is all right: 好的谢谢, 那我再找找."""
    nothing = reading.command in ("agreed", "chat", "later") or (not reading and bool(_POLITE.search(text)))
    agreed = bool(reading.values) and set(reading.values) <= {CONSENT, CONFIRMED}
    return (nothing or agreed) and not (_TAKES_UP.search(text) or asks(text))


def _with_photo(
    dispatcher: CollectingDispatcher,
    form: Form,
    requested: str | None,
    tracker: Tracker,
    photo: str,
    filled: Mapping[str, Any],
) -> Events:
    """A picture goes to the question that asks for it, or where the words before it say; any other is taken for the
    next one that is missing, and its sender may say otherwise. Sent where consent was asked for, it gives that as
    well."""
    asked = next_slot(form, {**filled, CONSENT: True}) if requested in (None, CONSENT) else requested
    known = _announced(form, tracker) or (asked if asked in form.photos else None)
    place = known or next((name for name in form.photos if filled[name] is None), None)
    agreed: Events = [SlotSet(CONSENT, True)] if requested == CONSENT else []
    if agreed:
        dispatcher.utter_message(text=GIVING_AGREES)
    if known is None:
        _ask_what_it_shows(dispatcher, form, place)
    elif known != asked:
        told = _PHOTO_CHANGED if filled[known] else _PHOTO_FILED if asked in form.photos else _PHOTO_KEPT
        dispatcher.utter_message(text=told.format(photo=form.fields[known].title))
    filed: Events = [SlotSet(place, photo)] if place else []
    return [*filed, *agreed] or ([SlotSet(requested, None)] if requested else [])


def _ask_what_it_shows(dispatcher: CollectingDispatcher, form: Form, place: str | None) -> None:
    """A picture that nobody asked for may be any of those that are wanted. It is taken for the next one, if there is
    one missing, and its sender says by one tap what else it is."""
    titles = {name: form.fields[name].title for name in form.photos}
    others = [title for name, title in titles.items() if name != place]
    told = _PHOTO_EARLY.format(photo=titles[place]) if place else _PHOTO_BESIDE.format(photos="、".join(others))
    titles_to_tap = [*others, _NOT_USED] if place else others
    dispatcher.utter_message(text=told, buttons=[{"title": title, "payload": title} for title in titles_to_tap])


def _announced(form: Form, tracker: Tracker) -> str | None:
    """The photo's field that the message before the picture names and no other: 这个是打狂犬疫苗那个本.

    None where those words have answered a question, 今年三月打的 本儿在, or filed a picture already: 这张还是正面 was
    said of the one before it.
    """
    words = normalise(_message_before(tracker).get("text") or "")
    if not words or len(words) > _CAPTION or asks(words) or mentions_day(words) or _answered_by(form, tracker):
        return None
    return _shown_in(form, words)


def _shown_in(form: Form, words: str) -> str | None:
    """The photo's field that a few words name and no other."""
    photos = {name: form.fields[name] for name in form.photos}
    titled = [name for name, entry in photos.items() if entry.title == words]
    shown = [name for name, entry in photos.items() if any(word in words for word in entry.settings.get("shows", ()))]
    return next(iter(titled or (shown if len(shown) == 1 else ())), None)


def _put_beside(dispatcher: CollectingDispatcher, form: Form, requested: str | None, tracker: Tracker) -> Events:
    """The picture before these words in the place that they name. Words that tell a day answer a question instead:
    狂犬是3月9号打的."""
    sent, words = _photo_before(tracker), normalise(said_now(tracker))
    caption = sent and len(words) <= _CAPTION and not (mentions_day(words) or asks(words))
    place = _shown_in(form, words) if caption else None
    if place is None:
        return []
    if tracker.get_slot(place) == sent:  # it has been taken for that
        dispatcher.utter_message(text=_PHOTO_FILED.format(photo=form.fields[place].title))
        return [SlotSet(requested, None)] if requested else []
    told = _PHOTO_SAME if tracker.get_slot(place) else _PHOTO_FILED
    dispatcher.utter_message(text=told.format(photo=form.fields[place].title))
    left = [SlotSet(name, None) for name in form.photos if tracker.get_slot(name) == sent]
    return [*left, SlotSet(place, sent)]


def _same_photo(dispatcher: CollectingDispatcher, form: Form, requested: str | None, tracker: Tracker) -> Events:
    """The picture that has just been sent is the former one, taken anew: it goes where that one is."""
    filled = [name for name in form.photos if tracker.get_slot(name)]
    sent = _photo_before(tracker)
    place = next((number for number, name in enumerate(filled) if sent and tracker.get_slot(name) == sent), 0)
    if not place:
        dispatcher.utter_message(text=_AGREED)
        return [SlotSet(requested, None)] if requested else []
    last, former = filled[place], filled[place - 1]
    dispatcher.utter_message(text=_PHOTO_SAME.format(photo=form.fields[former].title))
    return [SlotSet(former, sent), SlotSet(last, None), SlotSet(REQUESTED, last)]


def _message_before(tracker: Tracker) -> Mapping[str, Any]:
    """The message before this one, as an event; empty where there is none."""
    said = [event for event in tracker.events if event["event"] == "user"]
    return said[-2] if len(said) > 1 else {}


def _answered_by(form: Form, tracker: Tracker) -> bool:
    """Whether the message before this one has answered a question of the form, or put a picture where it belongs: it
    says nothing of the picture that is sent to the next question."""
    said = [at for at, event in enumerate(tracker.events) if event["event"] == "user"]
    answered = tracker.events[said[-2] : said[-1]] if len(said) > 1 else []
    return any(event["event"] == "slot" and event["name"] in form.fields and event["value"] for event in answered)


def _photo_before(tracker: Tracker) -> str | None:
    """The number of the message before this one, when it was a picture."""
    metadata = _message_before(tracker).get("metadata") or {}
    return str(metadata["message_id"]) if metadata.get("photo") else None


def _emptied(form: Form, tracker: Tracker) -> Events:
    """A form's slots, empty, but for what another one that waits has in common with it."""
    other = _left_open(forms.live().current(), form, tracker)
    shared = set(other.fields) if other else set()
    return [SlotSet(slot, None) for slot in form.slots if slot not in shared]


def _intent(tracker: Tracker) -> str:
    return str((tracker.latest_message.get("intent") or {}).get("name") or "")


def _metadata(tracker: Tracker) -> dict[str, Any]:
    return tracker.latest_message.get("metadata") or {}


def _photo(tracker: Tracker) -> str | None:
    """The number of the message, when it is a picture."""
    metadata = _metadata(tracker)
    return str(metadata["message_id"]) if metadata.get("photo") else None


def _active(tracker: Tracker) -> str | None:
    return (tracker.active_loop or {}).get("name")


def _answered_already(tracker: Tracker) -> bool:
    """Whether another rule has answered the message, and Rasa only asks what to ask next."""
    for event in reversed(tracker.events):
        if event["event"] == "user":
            return False
        if event["event"] == "bot":
            return True
    return False


def _something_else(tracker: Tracker) -> bool:
    """Whether the channel has read the message and found that it is no answer (plain Rasa has no such channel)."""
    intent = _intent(tracker)
    return "message_id" in _metadata(tracker) and intent != FORM_ANSWER and not intent.startswith("apply_")


def _last_form(tracker: Tracker) -> Form | None:
    """The form that ended just now."""
    for event in reversed(tracker.events):
        if event["event"] == "active_loop" and event.get("name"):
            return forms.live().current().forms.get(event["name"])
    return None
