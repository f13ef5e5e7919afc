"""The applications in chat: fill the slots of Rasa's forms, and hand a confirmed form in."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import structlog
from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions.form_questions import next_slot, question
from actions.store import UNAVAILABLE, in_transaction
from bot.nlu import forms
from bot.nlu.entities import StationEntities
from bot.nlu.form_reader import Reading, read
from bot.nlu.forms import CONFIRMED, CONSENT, FORM_ANSWER, PHOTO, REQUESTED, Form, Forms
from bot.services import applications
from bot.store.models import MessageId

log = structlog.get_logger()
Events = list[dict[str, Any]]

_NOTHING = object()
_CANCELLED = "好，先不办了，填过的没有提交。想办的时候说“{says}”就行。"
_SUBMITTED = "{title}申请交上去了，受理号 {receipt}。\n民警审核后在这里告诉您结果；想问进度，发受理号就行。"
_NOT_UNDERSTOOD = "这一句没看懂，换个说法试试。要问别的也可以直接问；不办了就回“不办了”。"
_LATER = "好，先放着，填过的都在。方便的时候从这一项接着发就行："
_MISSING = "还差{count}项：{titles}。"
_NOT_STORED = "刚才没存上，您填的都还在。请过一会儿再回一次“确认”。"
_FIERCE = "{breed}一般算烈性犬，重点管理区多半不能养，能不能办由民警核定。"


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
        if _answered_already(tracker):
            _ask(dispatcher, form, requested, filled)
            return []
        events = [] if _something_else(tracker) else _heard(dispatcher, tracker, form, requested, filled)
        if events:
            changed = {event["name"]: event["value"] for event in events}
            wanted = changed.pop(REQUESTED, _NOTHING)
            if wanted is not None:
                _ask(dispatcher, form, None if wanted is _NOTHING else wanted, {**filled, **changed})
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
        photos = {
            name: MessageId(int(tracker.get_slot(name))) for name, entry in form.fields.items() if entry.kind == PHOTO
        }
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
        return _emptied(form)


def _ask(dispatcher: CollectingDispatcher, form: Form, wanted: str | None, filled: Mapping[str, Any]) -> None:
    if slot := wanted or next_slot(form, filled):
        dispatcher.utter_message(**question(form, slot, filled))


def _heard(
    dispatcher: CollectingDispatcher, tracker: Tracker, form: Form, requested: str | None, filled: Mapping[str, Any]
) -> Events:
    """What a message does to the form."""
    if photo := _photo(tracker):
        return _with_photo(form, requested, tracker, photo)
    station_forms = forms.live().current()
    text = tracker.latest_message.get("text") or ""
    reading = read(station_forms, form, requested, text, filled, today=date.today(), entities=StationEntities.load())
    if reading.command == "cancel":
        dispatcher.utter_message(text=_CANCELLED.format(says=form.says))
        return [*_emptied(form), SlotSet(REQUESTED, None)]
    if reading.command:
        return _aside(dispatcher, form, reading.command, requested, filled)
    if not reading and _intent(tracker) == FORM_ANSWER:
        dispatcher.utter_message(text=_NOT_UNDERSTOOD)
        return [SlotSet(requested, None)]
    return _filled(dispatcher, station_forms, reading, requested)


def _filled(dispatcher: CollectingDispatcher, station_forms: Forms, reading: Reading, requested: str | None) -> Events:
    """Slots set and to be asked again; a problem is told, and counts as an answer that was not good enough."""
    events: Events = [SlotSet(name, value) for name, value in reading.values.items()]
    if reading.values.get("dog_breed") in station_forms.fierce:
        dispatcher.utter_message(text=_FIERCE.format(breed=reading.values["dog_breed"]))
    for problem in reading.problems:
        dispatcher.utter_message(text=problem)
    if reading.problems and not reading.values and requested:
        events.append(SlotSet(requested, None))
    if reading.again:
        events += [SlotSet(name, None) for name in reading.again]
        events.append(SlotSet(REQUESTED, reading.again[0]))
    return events


def _aside(
    dispatcher: CollectingDispatcher, form: Form, aside: str, requested: str | None, filled: Mapping[str, Any]
) -> Events:
    """Answer what is said about filling in; the question stays the same."""
    if aside == "later":
        dispatcher.utter_message(text=_LATER)
    titles = [entry.title for name, entry in form.fields.items() if filled.get(name) is None]
    if titles and aside != "later":
        dispatcher.utter_message(text=_MISSING.format(count=len(titles), titles="、".join(titles)))
    return [SlotSet(requested, None)] if requested else []


def _with_photo(form: Form, requested: str | None, tracker: Tracker, photo: str) -> Events:
    """A picture goes to the question that asks for one, otherwise to the first that will."""
    wanted = [name for name, entry in form.fields.items() if entry.kind == PHOTO]
    empty = [name for name in wanted if tracker.get_slot(name) is None]
    place = requested if requested in wanted else next(iter(empty), wanted[-1])
    agreed = [SlotSet(CONSENT, True)] if requested == CONSENT else []  # on being told why, it was sent
    return [*agreed, SlotSet(place, photo)]


def _emptied(form: Form) -> Events:
    return [SlotSet(slot, None) for slot in form.slots]


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
