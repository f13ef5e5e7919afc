"""What kind of alarm a case is, as its resident goes on telling: the first words are often only "help" or a whisper.

The kind decides what is asked, advised and shown to officers. It changes where the first reading said nothing of the
kind, or was in doubt and a later one is not; the label never does.
"""

import re
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.duty import case as duty_case
from bot.intake.questions import AlarmQuestions, kind_of
from bot.nlu.triage import URGENT, WITH_THE_ODDS, Triage
from bot.store.models import Case, Message

FROM_AFAR = frozenset({f"{URGENT}/fraud_transfer", f"{URGENT}/extortion"})
"""Alarms whose offender is at the other end of a telephone: he may hear the writer type, and sees nothing."""
_MONEY = FROM_AFAR | {f"{URGENT}/theft_in_progress"}
_DESPAIR = f"{URGENT}/suicide_self"
_OF_ANOTHER = f"{URGENT}/suicide_other"
_GAS = f"{URGENT}/gas_leak"
_WANTED = f"{URGENT}/wanted_person"
_COMES_IN = frozenset(f"{URGENT}/{kind}" for kind in ("burglary", "silent_call", "stalking"))
_THEFT, _TAXI = f"{URGENT}/theft_in_progress", f"{URGENT}/taxi_danger"
_OF_GAS = frozenset(f"{URGENT}/{kind}" for kind in ("fire", "medical", "poisoning"))
_FOUND_ILL = frozenset(f"{URGENT}/{kind}" for kind in ("medical", "poisoning"))
_HELD = frozenset({f"{URGENT}/captivity", f"{URGENT}/kidnapping"})
"""What a swindler's orders sound like: stay on the line, tell nobody, do not leave the room."""
_NOT_AT_A_DISTANCE = _HELD | {f"{URGENT}/robbery", f"{URGENT}/assault"}
"""And what the bank's people sound like who hold a customer back: the net has to see it."""
_BLOWS = frozenset({f"{URGENT}/domestic_violence", f"{URGENT}/assault"})
_OWN_END = frozenset({_DESPAIR, _OF_ANOTHER})
_OF_ONESELF = re.compile(
    r"我(?:也|就|都|自己|真|才|要|想|不|活|跟|陪|是说我)|俺(?:也|不|想)|\b(?:i|me|my)\b", re.IGNORECASE
)
"""Who speaks of themself beside another's despair."""
_CALLS = re.compile("挂[了断掉]|打过来|打来|来电|接电话|电话那头|视频那头")
"""The telephone: 打 is to call then, and not to beat."""
_DOUBTFUL = 0.8
_SURE = 0.85
_SURE_LATER = 0.95
_MUCH_SURER = 0.1


def of_first_words(case: Case, triage: Triage) -> None:
    """Give an alarm the kind that its resident has been answered for: the net files it before the model has read."""
    if triage.urgent and not triage.uncertain:
        case.intent = triage.intent


def retell(case: Case, messages: Sequence[Message], questions: AlarmQuestions) -> bool:
    """Let the words of the whole story name an alarm's kind, and tell whether they did."""
    kind = questions.kind_told(case, messages)
    turned = kind_of(case) != kind
    if turned:
        case.intent = f"{URGENT}/{kind}"
    return turned


def turn(session: Session, case: Case, triage: Triage, text: str) -> bool:
    """Let a further message name an alarm's kind, and tell whether it did; `text`: its words."""
    if not triage.urgent or triage.intent in duty_case.VAGUE or triage.intent == case.intent:
        return False
    if {case.intent, triage.intent} <= FROM_AFAR:
        return False  # the swindler who threatens is still the swindler
    if case.intent in FROM_AFAR and triage.intent in _BLOWS and _CALLS.search(text):
        return False  # 挂了他又打: he calls again
    if case.intent == _WANTED and triage.intent in _COMES_IN and not triage.seen_by_net:
        return False  # 他进来了: the guest who looks like the wanted one
    if case.intent == _THEFT and triage.intent == _TAXI and not triage.seen_by_net:
        return False  # the driver who shuts the doors holds the thief
    if case.intent == _GAS and triage.intent in _OF_GAS and not triage.seen_by_net:
        return False  # headache, vomiting, a hood that is on: all of it is the gas
    if case.intent in _FOUND_ILL and triage.intent == _GAS and (triage.seen_by_net or triage.confidence >= _SURE_LATER):
        case.intent = _GAS  # 叫不醒，我家烧炉子，我头也疼: whoever goes in must know
        return True
    first = _first(session, case)
    if case.intent == _OF_ANOTHER and triage.intent == _DESPAIR and not _OF_ONESELF.search(text):
        return False  # 就说对不起爸妈，下辈子再报答: what the other one has written
    if case.intent == _DESPAIR and triage.intent == _OF_ANOTHER and _is_of_another(triage, first):
        case.intent = triage.intent
        return True
    if case.intent == _DESPAIR and triage.intent not in _MONEY and not _unlikely(first):
        return False  # whoever speaks of pills after it is still the one who must not be left alone
    named = triage.seen_by_net or triage.confidence >= _SURE
    if case.intent not in duty_case.VAGUE:
        named = _overrules(triage, case, first)
    if named:
        case.intent = triage.intent
    return named


def is_faint_whisper(session: Session, case: Case) -> bool:
    """Whether an alarm is nothing but silence that the model alone heard, and doubtfully."""
    first = _first(session, case)
    return case.intent in duty_case.VAGUE and first is not None and first.fainter_than(_DOUBTFUL)


def _overrules(triage: Triage, case: Case, first: Triage | None) -> bool:
    """Whether a later reading counts more than the one that made the alarm.

    It must be sure; the first one in doubt, or about money where the later one is about somebody's life.
    """
    sure = triage.seen_by_net or triage.confidence >= _SURE_LATER
    if triage.intent in _OWN_END - {case.intent} and not (sure or triage.confidence >= _SURE):
        return False  # 没做饭，家里就我自己: nobody is comforted in despair for a faint reading
    if first is not None and _unlikely(first):
        return sure or (triage.confidence >= WITH_THE_ODDS and triage.confidence > first.confidence)
    if case.intent in _MONEY and triage.intent not in _MONEY:
        if triage.intent == _DESPAIR:
            return sure or triage.confidence >= _SURE  # whoever lost it all must not be left alone
        return triage.seen_by_net if triage.intent in _NOT_AT_A_DISTANCE else sure
    if triage.intent in _MONEY and case.intent not in _MONEY:
        # who offers money beside an accident makes no swindle of it; what was read doubtfully may be one from the first
        return sure and first is not None and first.fainter_than(_DOUBTFUL)
    if first is None or not first.fainter_than(_DOUBTFUL):
        return False
    return sure or (triage.confidence >= _DOUBTFUL and triage.confidence - first.confidence >= _MUCH_SURER)


def _is_of_another(triage: Triage, first: Triage | None) -> bool:
    """Whether a despair that was read doubtfully as the writer's own surely is somebody else's: she does not answer."""
    doubtful = first is not None and first.confidence < _DOUBTFUL  # the net hears a farewell, and not whose
    return doubtful and triage.confidence >= _MUCH_SURER + _DOUBTFUL


def _unlikely(first: Triage | None) -> bool:
    """Whether the words that made an alarm were more likely none."""
    return first is not None and first.fainter_than(WITH_THE_ODDS)


def _first(session: Session, case: Case) -> Triage | None:
    """How the words that made the alarm were read, or later ones that said the same more surely: 不是井，是冰."""
    message = session.get(Message, case.alarm_message_id) if case.alarm_message_id else None
    if message is None or not message.triage:
        return None
    behind = sa.select(Message.triage).where(Message.case_id == case.id, Message.id > message.id)
    later = map(Triage.from_json, filter(None, session.scalars(behind)))
    same = (triage for triage in later if triage.intent == case.intent)
    return max((Triage.from_json(message.triage), *same), key=lambda triage: triage.confidence)
