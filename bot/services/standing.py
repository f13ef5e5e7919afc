"""How a resident's own cases and applications stand, in one message."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.nlu.catalogue import title_of
from bot.nlu.triage import URGENT
from bot.nlu.wording import HUMAN
from bot.services import applications
from bot.services.answer import Answer
from bot.store.models import Case, CaseState, Resident

_CASES, _APPLICATIONS = 3, 3
_NOTHING = Answer(
    f"没查到您在这个微信上报过的事或交过的申请。\n用别的微信或电话报的，请回“{HUMAN}”，民警帮您查。",
    (HUMAN,),
)
_KINDS = {URGENT: "报警", "help_request": "求助", "tip": "线索"}
_CASE_STATES = {
    CaseState.OPEN: "值班民警已收到提醒，还没有回确认",
    CaseState.ACKNOWLEDGED: "民警已经接手",
    CaseState.CLOSED: "已办结",
}
_WAITING = {"help_request": "已转给本班民警，还没有回确认", "tip": "已交给民警研判"}


def of_resident(session: Session, pseudonym: str) -> Answer:
    """What a resident has reported and applied for, the latest first. Nobody sees anybody else's."""
    cases = session.scalars(
        sa.select(Case).join(Resident).where(Resident.pseudonym == pseudonym).order_by(Case.id.desc()).limit(_CASES)
    ).all()
    lines = [_line(case) for case in cases]
    lines += [applications.standing(one) for one in applications.of_resident(session, pseudonym, limit=_APPLICATIONS)]
    if not lines:
        return _NOTHING
    end = f"还想补充就直接在这里写；要民警回话就回“{HUMAN}”。"
    return Answer("\n".join(["您的事现在是这样：", *lines, end]), (HUMAN,))


def _line(case: Case) -> str:
    """One case: when, what, where it stands. A silent one shows nothing that tells on its resident."""
    number = f"X{case.id}" if case.label == "tip" else f"编号{case.id}"
    if case.silent:
        return f"· {case.opened_at:%m-%d}（编号{case.id}）：在办。"
    state = CaseState(case.state)
    told = _CASE_STATES[state]
    if state == CaseState.OPEN and case.label != URGENT:
        told = _WAITING[case.label]
    elif state != CaseState.CLOSED and case.resolved_at is not None:
        told = "您说已经没事了，等民警结案"
    return f"· {_KINDS[case.label]}（{title_of(case.intent)}，{number}）：{told}。"
