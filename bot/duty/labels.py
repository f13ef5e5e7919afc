"""An officer says what a case is. The trainers learn from it: each other label is a correction."""

from datetime import datetime

from sqlalchemy.orm import Session

from bot.duty import escalation
from bot.duty.case import is_tip
from bot.duty.handling import CaseError, acknowledge, acted, running
from bot.duty.watch import Watch
from bot.duty.words import telling, words_of
from bot.nlu.catalogue import title_of, titles
from bot.nlu.triage import CASE_LABELS, URGENT, gravity
from bot.store.models import Case, CaseId, CaseState, Correction, MessageId

REASON_CHARACTERS = 200


def relabel(
    session: Session, case_id: CaseId, intent: str, *, officer: str, reason: str = "", watch: Watch, now: datetime
) -> Case:
    """Give a case another kind, by its full name ("urgent_alarm/fire"). The same one again changes nothing.

    What becomes an alarm is open and paged for at once. Whoever lowers a case that nobody had has it: it is on their
    list until they close it. A reason is needed to lower an alarm, and where a tip is to be none. The reporter of what
    was a tip stays hidden: only their own alarm names them (`bot.duty.case`), or `bot.duty.disclosure.reveal`.

    Raises:
        CaseError: no such case or kind, closed, or the reason is missing or too long.
    """
    if "/" not in intent or intent not in titles():
        raise CaseError(
            f"{intent!r} is no kind of case; nlu_data/catalogue.yml names them, as label/kind", "请选择类别"
        )
    if len(reason.strip()) > REASON_CHARACTERS:
        raise CaseError(f"a reason has at most {REASON_CHARACTERS} characters", f"原因最多{REASON_CHARACTERS}个字")
    case = running(session, case_id, officer)
    was, label = case.intent, intent.partition("/")[0]
    if (case.label, was, case.uncertain) == (label, intent, False):
        return case
    if (
        not reason.strip()
        and label != case.label
        and (case.label == URGENT or (case.label == "tip" and label != URGENT))
    ):
        title = title_of(case.label)
        raise CaseError(
            f"say why case {case_id} is no {title}: a reason is needed (`--reason`)", f"请写一句为什么不是{title}"
        )
    lowered, raised = gravity(label) > gravity(case.label), label == URGENT != case.label
    if lowered or raised:
        case.policy = None  # from now on it is paged for, if at all, as what it is now
    case.label, case.intent, case.uncertain, case.updated_at = label, intent, False, now
    case.confidential = case.confidential or is_tip(label, intent)
    if raised:
        case.alarmed_at, case.alarm_message_id, case.resolved_at = now, None, None
        escalation.resume(session, case, watch=watch, now=now)
    elif lowered:
        escalation.stop(session, case)
        case.offered_to = None
        if case.state == CaseState.OPEN:
            acknowledge(session, case_id, officer=officer, now=now)
    if was != intent:
        about = case.alarm_message_id or _told_by(session, case_id, was)
        session.add(Correction(case_id=case.id, message_id=about, was=was, now=intent, made_by=officer, made_at=now))
    acted(session, case, officer, "relabel", now=now, detail={"was": was, "now": intent, "reason": reason.strip()})
    return case


def choices() -> dict[str, str]:
    """The kinds that a case can be given: full name, and what officers read; what an officer acts on comes first."""
    kinds = [name for name in titles() if "/" in name]
    kinds.sort(key=lambda name: name.partition("/")[0] not in CASE_LABELS)
    return {name: f"{title_of(name.partition('/')[0])} · {title_of(name)}" for name in kinds}


def _told_by(session: Session, case_id: CaseId, was: str) -> MessageId | None:
    """The message of a case that made it what it was; None where there are no words of its resident's own."""
    word = telling(words_of(session, [case_id]).get(case_id, ()), was)
    return word.id if word else None
