"""Cases: what is opened for a message, what it joins, what raises it.

Every function works inside the caller's transaction, so that a message, its case and its pages change together.
"""

import re
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.duty import escalation
from bot.duty.watch import Watch
from bot.nlu.triage import CASE_LABELS, FORCED, URGENT, WITH_THE_ODDS, Evidence, Triage, gravity
from bot.nlu.unspoken import has_come
from bot.store.models import (
    Case,
    CaseId,
    CaseState,
    EscalationKind,
    Message,
    PageKind,
    Reply,
    Resident,
    ResidentId,
)

_JOIN_WITHIN = {"help_request": timedelta(hours=12), "tip": timedelta(hours=24)}
_KEPT_FOR = timedelta(days=30)
"""The same for a tip that its resident points back to."""
POINTS_BACK = re.compile(
    "(?:上[次回]|上个?(?:周|星期|礼拜|月)|前[两几]?天|前儿个?|那天|之前|以前|头前|昨天|昨儿个?|大前天)"
    "[^，,。！!？? ]{0,6}(?:说|报|举报|反映|讲|发|提|告诉|写|问)"
)
"""Words with which somebody comes back to what they told another day: 上次说的那个车牌."""
TOLD_OVER, RELIEVED = "over", "relief"
"""In what a case was asked: its resident has said that it is over, so nothing more is asked; or that help has come or
the danger is past."""
_RAISE_WITHIN = timedelta(minutes=30)
_ALARM_LASTS = timedelta(hours=12)


_RETRACTABLE = frozenset(
    f"{URGENT}/{intent}"
    for intent in (
        *("missing_child", "missing_adult_at_risk", "found_lost_person", "fire", "gas_leak", "trapped", "medical"),
        *("building_danger", "dangerous_animal", "traffic_injury", "fraud_transfer", "general_alarm", "burglary"),
    )
)
"""Alarms that end for the pagers when their resident says that they are over. Where somebody else may hold the
telephone (violence, captivity, threats, silence, self-harm) such words prove nothing, and the pages go on."""
RESOLVED = "resolved"
"""The rule of the evidence that the resident says the alarm is over."""


VAGUE = frozenset({f"{URGENT}/silent_call", f"{URGENT}/general_alarm"})
"""Kinds of alarm that tell nothing of what is going on."""
_SURE_OF_ANOTHER = 0.95
"""P(alarm) from which a message in an alarm that an officer has tells of another danger."""
_SURE_OF_KIND = 0.8
"""P(alarm) of a further message from which it names the kind of an alarm that began in doubt."""
_SURE_WITH_NET = 0.85
"""The same of another story, where the safety net sees a danger as well."""
_STORIES = {
    "lost": ("missing_child", "missing_adult_at_risk", "found_lost_person", "kidnapping"),
    "fire": ("fire", "gas_leak", "building_danger", "explosives_weapons", "crowd_danger"),
    "road": ("traffic_injury",),
    "water": ("drowning",),
    "beast": ("dangerous_animal",),
    "people": (
        *("burglary", "armed_threat", "domestic_violence", "child_abuse", "sexual_assault", "stalking", "captivity"),
        *("violent_threat", "assault", "group_fight", "drunk_violent", "robbery", "theft_in_progress", "taxi_danger"),
    ),
}
_STORY_OF = {f"{URGENT}/{kind}": story for story, kinds in _STORIES.items() for kind in kinds}
"""Kinds of alarm that one and the same event may be taken for. Whoever is ill, poisoned or in despair may be so in any
of them, and money may be asked for in any."""
_BEGINS_ANEW = re.compile(
    "又是我|还是我|另外(?!一)|另一[件个码]|别的事|新的?情况|[还又](?:有|出了?)[一个件档]{1,2}事|路过|经过|(?:回来|回家|往回走)的?(?:路上|道上)"
    "|又(?:碰|遇|赶|摊|撞)[见上到着]|it'?s me again|another (?:thing|emergency|one)|something else"
)
"""Words of who has something else to tell."""
_COME = "come"
"""In what a case was asked: its officer was paged once more because what it warned of had come."""
_NEVER_CAME = re.compile("差点|险些|去年|前年|以前|上回|那年|小时候|almost|nearly")
"""Words of a danger that did not come to pass, or not now."""
_ONLY_FEARED = re.compile(
    "怕(?:是|不是|他|她|它|孩子|老[人头]|我?[爸妈爷奶姥])|(?:会不会|是不是|别是|可别|不会是|该不会)|万一|要是"
    f"|afraid (?:he|she)|maybe|might have|{_NEVER_CAME.pattern}"
)
"""Of one that nobody has seen, or one such."""


def is_tip(label: str, intent: str) -> bool:
    """Whether what it is taken for is a tip, perhaps a doubtful one: then its resident was promised to stay unknown."""
    return label == "tip" or (label != URGENT and intent.startswith("tip/"))


def file_message(session: Session, message: Message, triage: Triage, *, watch: Watch, now: datetime) -> Case | None:
    """Put a triaged message where it belongs: into an open case, which it may raise, or into a new one, or nowhere.

    An open alarm takes everything the same resident sends, but what surely is another emergency. A request that was
    written to in the last half hour becomes the alarm when the resident turns out to be in danger, so that the officer
    sees one story. Labels are only ever raised, and a message that is filed again (its first handling did not end)
    stays where it is.
    """
    label = triage.label if not triage.uncertain else min(triage.label, "help_request", key=gravity)
    if triage.chosen and (asked := _asked_about(session, message.resident_id, now)):
        message.case = asked
        return _take_choice(session, asked, message, triage, watch=watch, now=now)
    case = _filed(session, message) or _joined(session, message, label, triage, now)
    if case is not None and _tells_another_story(case, message, triage):
        case = None
    if case is None and triage.label not in CASE_LABELS and (asked := _talked_about(session, message.resident_id, now)):
        case, label = asked, triage.label
    if case is None:
        if label not in CASE_LABELS:
            return None
        case = _opened(session, message, label, triage, now)
        session.flush()
        if label == URGENT:
            _alarm(session, case, message, watch=watch, now=now)
        else:
            escalation.start(session, case, watch=watch, now=now)
    elif gravity(label) < gravity(case.label):
        _relabel(case, label, triage)
        if label == URGENT:
            _alarm(session, case, message, watch=watch, now=now)
    elif case.uncertain and label == case.label and not triage.uncertain:
        if label != URGENT or triage.confidence >= _SURE_OF_KIND:
            _relabel(case, label, triage)
        case.uncertain = False
        _name(session, case, message)
    if label == URGENT:
        _name(session, case, message)
    message.case = case
    case.updated_at = now
    case.silent = case.silent or triage.silent
    if _was_forced(triage):
        _take_back_end(case)
    if label == case.label:
        _tell_of_another_danger(session, case, message, triage, watch=watch, now=now)
        _add_evidence(case, triage)
    return case


def _tell_of_another_danger(
    session: Session, case: Case, message: Message, triage: Triage, *, watch: Watch, now: datetime
) -> None:
    """Page the officer who has an alarm when its resident surely tells of a danger that nothing in it spoke of yet:
    whoever drives to a burglary does not read that the house is on fire now, or that all was not well after all."""
    if case.state != CaseState.ACKNOWLEDGED:
        return
    news = _COME if _has_come(case, message) else _another_danger(case, message, triage)
    if news and news not in case.asked:  # as it is where a message is filed again
        case.asked = [*case.asked, news]
        escalation.page_holder(session, case, PageKind.TURNED, watch=watch, now=now)


def _another_danger(case: Case, message: Message, triage: Triage) -> str | None:
    """The kind of danger that a message surely tells of, where nothing before it did; or it was forced to be calm."""
    if not _tells_a_danger(triage):
        return None
    before = [Triage.from_json(other.triage) for other in case.messages if other.triage and other.id != message.id]
    known = {case.intent, *(reading.intent for reading in before if _tells_a_danger(reading))}
    return triage.intent if triage.intent not in known or _was_forced(triage) else None


def _has_come(case: Case, message: Message) -> bool:
    """Whether a message is the first to say that what an alarm warned of has come."""
    kind = case.intent.removeprefix(f"{URGENT}/")
    earlier = (other.text for other in case.messages if other.id != message.id)
    return has_come(message.text, kind) and not any(has_come(text, kind) for text in earlier)


def _take_back_end(case: Case) -> None:
    """Take off a case's marks that it is over, or that help has come."""
    case.asked = [mark for mark in case.asked if mark not in (TOLD_OVER, RELIEVED)]


def _was_forced(triage: Triage) -> bool:
    """Whether its resident takes back that all is well: somebody made them write it."""
    return any(item.rule == FORCED for item in triage.evidence)


def _tells_another_story(case: Case, message: Message, triage: Triage) -> bool:
    """Whether a message in an alarm that nobody has acknowledged surely tells of another emergency: a fight, met on the
    way home with the father who had been lost. The pages that are on their way speak of the father.

    Within one event a model hears many dangers (a knock in a fire, a rope at a bank). So it must be of another story,
    and the alarm over as its resident says, or about somebody lost, or the words must say that they begin anew; or it
    began with people, and the safety net sees a fire, gas, water or the road.
    """
    own = case.alarm_message_id == message.id or triage.chosen
    if own or not triage.urgent or case.label != URGENT or case.state != CaseState.OPEN:
        return False
    before, now = _STORY_OF.get(case.intent), _STORY_OF.get(triage.intent)
    if now is None or now == before:
        return False
    least = _SURE_WITH_NET if triage.seen_by_net else _SURE_OF_ANOTHER
    if triage.source == "net" or triage.confidence < least or _ONLY_FEARED.search(message.text):
        return False
    ended = {TOLD_OVER, RELIEVED} & set(case.asked) or before == "lost"
    worse = before == "people" and now in ("fire", "water", "road") and triage.seen_by_net
    return bool(ended or worse or _BEGINS_ANEW.search(message.text.lower()))


def _joined(session: Session, message: Message, label: str, triage: Triage, now: datetime) -> Case | None:
    """The open case that a message joins. An alarm that was just called over also takes what only faintly sounds like
    one, or what nearly came to pass: its resident still speaks of the fright."""
    alarm = open_alarm(session, message.resident_id, now=now) if label == URGENT else None
    resolved = alarm.resolved_at if alarm else None
    never_came = _NEVER_CAME.search(message.text.lower()) and triage.confidence < _SURE_OF_ANOTHER
    faint = (never_came or triage.fainter_than(WITH_THE_ODDS)) and not triage.silent
    if resolved and now - resolved <= _RAISE_WITHIN and faint:
        return alarm
    pointed = label == "tip" and POINTS_BACK.search(message.text)
    return _open_case_for(session, message.resident_id, label, now, _KEPT_FOR if pointed else None)


def _tells_a_danger(reading: Triage) -> bool:
    sure = reading.seen_by_net or reading.confidence >= _SURE_OF_ANOTHER
    return reading.urgent and sure and reading.intent not in VAGUE


def record(session: Session, message: Message, triage: Triage, *, now: datetime) -> Case:
    """Open a case for a message that cannot be filed as others are: an officer sees it, whatever hinders the paging.

    Nobody is paged here, and no deadline is set; for an alarm that is what the auditor looks for.
    """
    case = _opened(session, message, triage.label, triage, now)
    _add_evidence(case, triage)
    if triage.urgent:
        case.alarmed_at, case.alarm_message_id = now, message.id
    message.case = case
    return case


def _opened(session: Session, message: Message, label: str, triage: Triage, now: datetime) -> Case:
    """A new case of a message's resident, with nothing in it yet."""
    case = Case(
        resident_id=message.resident_id,
        label=label,
        intent=triage.intent,
        uncertain=triage.uncertain,
        confidential=is_tip(label, triage.intent),
        silent=triage.silent,
        evidence=[],
        opened_at=now,
        updated_at=now,
    )
    session.add(case)
    return case


def _asked_about(session: Session, resident_id: ResidentId, now: datetime) -> Case | None:
    """The resident's own case that was opened because a message was unclear, while nobody has taken it."""
    case = _open_case_for(session, resident_id, URGENT, now)
    unclear = case and case.uncertain and case.state == CaseState.OPEN and case.resident_id == resident_id
    return case if unclear else None


def _talked_about(session: Session, resident_id: ResidentId, now: datetime) -> Case | None:
    """The case about which an officer talks with the resident: what they answer is read there, calm as it may be."""
    case_id = talked_about(session, resident_id, now=now)
    return session.get_one(Case, case_id, with_for_update=True, populate_existing=True) if case_id else None


def talked_about(session: Session, resident_id: ResidentId, *, now: datetime) -> CaseId | None:
    """The case for which an officer holds the resident now: the last one that they have written in, or that began with
    taking the conversation over (`bot.duty.conversation.take`), whichever was later."""
    held = sa.select(Resident.held_by).where(Resident.id == resident_id, Resident.held_until > now)
    holder = session.scalars(held).one_or_none()
    if holder is None:
        return None
    written = (
        sa.select(Case.id, Reply.created_at)
        .join(Reply, Reply.case_id == Case.id)
        .where(Reply.resident_id == resident_id, Reply.author == holder, Case.state != CaseState.CLOSED)
        .order_by(Reply.id.desc())
    )
    taken = (
        sa.select(Case.id, Case.opened_at)
        .where(
            Case.resident_id == resident_id,
            Case.state != CaseState.CLOSED,
            Case.acknowledged_at == Case.opened_at,  # nobody acknowledges anything else in the moment of its opening
        )
        .order_by(Case.id.desc())
    )
    found = [(at, case_id) for query in (written, taken) for case_id, at in session.execute(query.limit(1))]
    return max(found)[1] if found else None


def named_case(session: Session, resident_id: ResidentId) -> Case | None:
    """The case that is not closed and names a resident: their alarm, else their newest. Tips are not told."""
    running = (_concerns(resident_id), Case.state != CaseState.CLOSED, Case.confidential.is_(False))
    query = sa.select(Case).where(*running).order_by(Case.label != URGENT, Case.id.desc())
    return session.scalars(query.limit(1)).one_or_none()


def _take_choice(
    session: Session,
    case: Case,
    message: Message,
    triage: Triage,
    *,
    watch: Watch,
    now: datetime,
) -> Case:
    """The resident's one-tap answer decides what the unclear message was, in either direction.

    "A question about paperwork" closes the case; it stays on record with what was chosen. "None of these" leaves it
    to the officers: the resident still wants something.
    """
    case.updated_at = now
    if triage.label in CASE_LABELS:
        _relabel(case, triage.label, triage)
        if triage.urgent:
            _alarm(session, case, message, watch=watch, now=now)
    elif triage.label == "enquiry":
        case.uncertain, case.state, case.closed_at = False, CaseState.CLOSED, now
        escalation.stop(session, case)
    _name(session, case, message)
    _add_evidence(case, triage)
    return case


def _one_at_a_time(session: Session, resident_id: ResidentId) -> None:
    """Let one transaction at a time file for a resident: of two that see no alarm yet, each would open one."""
    if session.get_bind().dialect.name == "sqlite":
        return  # there is one writer at a time anyway
    lock = sa.select(Resident.id).where(Resident.id == resident_id).with_for_update(key_share=True)
    session.execute(lock).one()


def _filed(session: Session, message: Message) -> Case | None:
    """The case that a message is in already."""
    if message.case_id is None:
        return None
    return session.get_one(Case, message.case_id, with_for_update=True, populate_existing=True)


def open_alarm(session: Session, resident_id: ResidentId, *, now: datetime) -> Case | None:
    """The alarm that takes what its resident sends now, calm words included."""
    case = _open_case_for(session, resident_id, "other", now)
    return case if case and case.label == URGENT else None


def alarm_goes_on(session: Session, resident_id: ResidentId, *, now: datetime) -> bool:
    """Whether what a resident sends now belongs to an alarm that is not over: not resolved, nor quiet since it was
    acknowledged; one that is in doubt takes it too, but it is read as if there were none."""
    open_ones = sa.select(Case).where(_concerns(resident_id), Case.label == URGENT, Case.state != CaseState.CLOSED)
    return any(
        case.resolved_at is None
        and (case.acknowledged_at is None or now - case.updated_at <= _RAISE_WITHIN)
        and not in_doubt(case)
        for case in session.scalars(open_ones)
    )


def in_doubt(case: Case) -> bool:
    """Whether an alarm is more likely none: the model alone has heard one, and in none of its words with the
    odds, or so that its resident has to be asked.

    It is paged for like any other; but its resident may only have asked something, so talk goes on as if there were
    none. A whisper is never in doubt.
    """
    readings = [Triage.from_json(message.triage) for message in case.messages if message.triage]
    alarms = [reading for reading in readings if reading.urgent]
    doubtful = (alarm.fainter_than(WITH_THE_ODDS) or (alarm.uncertain and not alarm.seen_by_net) for alarm in alarms)
    return bool(alarms) and not case.silent and all(doubtful)


def alarm_is_seen(session: Session, resident_id: ResidentId) -> bool:
    """Whether an officer has acknowledged every alarm of a resident that is not closed, or the resident has called it
    over, and none is a silent one. Paging knows nothing of this."""
    mine = sa.select(Case.acknowledged_at, Case.silent, Case.asked).where(
        _concerns(resident_id), Case.label == URGENT, Case.state != CaseState.CLOSED
    )
    alarms = session.execute(mine).all()
    return all((alarm.acknowledged_at or TOLD_OVER in alarm.asked) and not alarm.silent for alarm in alarms)


def _concerns(resident_id: ResidentId) -> sa.ColumnElement[bool]:
    """The resident's own cases, and those that one of them has been merged into."""
    merged = sa.orm.aliased(Case)
    own = sa.select(Case.id).where(Case.resident_id == resident_id)
    joined = sa.select(merged.merged_into_id).where(
        merged.resident_id == resident_id, merged.merged_into_id.is_not(None)
    )
    return Case.id.in_(sa.union_all(own.correlate(None), joined))


def resolve(session: Session, case: Case, words: str, *, by: ResidentId | None = None, now: datetime) -> bool:
    """Note that the resident says the alarm is over, and tell whether that ended the paging.

    `by`: who says so; another resident, whose case was merged into this one, ends nobody's paging. The page that is on
    its way still goes out, and an officer closes the case: nobody but a human ends an alarm.
    """
    _add_evidence(case, Triage(case.label, 1.0, case.intent, (Evidence(RESOLVED, (words,)),)))
    case.updated_at = now
    if case.silent or case.intent not in _RETRACTABLE or by not in {None, case.resident_id}:
        return False
    case.resolved_at = now
    # An offer goes on: whoever made it still waits for the other officer.
    escalation.end_deadlines(session, case, EscalationKind.CLIMB, EscalationKind.SILENCE)
    return True


def not_over(session: Session, case: Case, *, watch: Watch, now: datetime) -> None:
    """Take back that an alarm is over: its resident tells of the danger again, and somebody has to look again."""
    _take_back_end(case)
    ended, case.resolved_at = case.resolved_at, None
    if case.state == CaseState.ACKNOWLEDGED:
        escalation.page_holder(session, case, PageKind.TURNED, watch=watch, now=now)
    elif ended:
        escalation.page_again(session, case, now=now)


def _open_case_for(
    session: Session, resident_id: ResidentId, label: str, now: datetime, within: timedelta | None = None
) -> Case | None:
    """The open case this message joins: the resident's alarm, else a request or tip that it continues or raises.

    `within`: how long after its last message a request or tip still takes one of its label, where not as is the rule.
    """
    _one_at_a_time(session, resident_id)
    cases = session.scalars(
        sa.select(Case)
        .where(_concerns(resident_id), Case.state != CaseState.CLOSED)
        .order_by(Case.id.desc())
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    alarms_first = sorted(cases, key=lambda case: case.label != URGENT)
    return next((case for case in alarms_first if _takes(case, label, now, within)), None)


def _takes(case: Case, label: str, now: datetime, within: timedelta | None = None) -> bool:
    """Whether a message of this label still belongs to a case of its resident that is not closed.

    An acknowledged alarm does not take a new alarm for ever: the officer who came half an hour ago may have left, so
    somebody has to be paged again.
    """
    quiet = now - case.updated_at
    if case.label == URGENT:
        if case.resolved_at is not None and label == URGENT:
            return False  # it was over; this is another one, and somebody has to be paged for it
        if case.acknowledged_at is None:
            return True
        return now - case.acknowledged_at <= _RAISE_WITHIN if label == URGENT else quiet <= _ALARM_LASTS
    if label == URGENT:
        return quiet <= _RAISE_WITHIN
    return case.label == label and label in _JOIN_WITHIN and quiet <= (within or _JOIN_WITHIN[label])


def _took(case: Case, message: Message) -> bool:
    """Whether an alarm would have taken a message as an alarm when it came."""
    if case.resolved_at is not None and case.resolved_at < message.received_at:
        return False
    return case.acknowledged_at is None or message.received_at - case.acknowledged_at <= _RAISE_WITHIN


def _relabel(case: Case, label: str, triage: Triage) -> None:
    case.label, case.intent, case.uncertain = label, triage.intent, triage.uncertain
    case.confidential = case.confidential or is_tip(label, triage.intent)


def _name(session: Session, case: Case, message: Message) -> None:
    """Name the resident of a case again: they have called for help themselves, or what was perhaps a tip is none.

    Others' tips that are part of the case would be named with it; then it stays as it is.
    """
    if case.confidential and case.resident_id == message.resident_id:
        parts = sa.select(Case.id).where(Case.merged_into_id == case.id).limit(1)
        case.confidential = is_tip(case.label, case.intent) or session.scalar(parts) is not None


def _alarm(session: Session, case: Case, message: Message, *, watch: Watch, now: datetime) -> None:
    """Make a case an alarm. Acknowledging a request was not acknowledging an alarm: somebody has to look again."""
    case.state, case.acknowledged_at, case.acknowledged_by, case.offered_to = CaseState.OPEN, None, None, None
    case.alarmed_at, case.alarm_message_id = now, message.id
    escalation.stop(session, case)  # the pages that a request had by its own policy
    escalation.start(session, case, watch=watch, now=now)


def _add_evidence(case: Case, triage: Triage) -> None:
    case.evidence = [*case.evidence, *(item for item in triage.to_json()["evidence"] if item not in case.evidence)]


def reread(session: Session, message: Message, triage: Triage, *, watch: Watch, now: datetime) -> None:
    """Take the model's label for a message that only the safety net had read while Rasa was down.

    It can only raise: the net's alarm stays an alarm, and a request stays one, since the resident was told that a
    person will read it.
    """
    _one_at_a_time(session, message.resident_id)
    case = _filed(session, message)
    if case is None or case.state == CaseState.CLOSED or gravity(triage.label) > gravity(case.label):
        return
    message.triage = triage.to_json()
    if triage.urgent and case.label == URGENT and not _took(case, message):
        message.case_id = None
        file_message(session, message, triage, watch=watch, now=now)
        return
    if triage.urgent and case.label != URGENT:
        alarm = _open_case_for(session, message.resident_id, URGENT, now)
        if alarm and alarm.label == URGENT:
            message.case = case = alarm
        else:
            _relabel(case, URGENT, triage)
            _alarm(session, case, message, watch=watch, now=now)
        _name(session, case, message)
    elif case.uncertain:
        _relabel(case, triage.label, triage)
        _name(session, case, message)
    case.silent = case.silent or triage.silent
    _add_evidence(case, triage)
    case.updated_at = now
