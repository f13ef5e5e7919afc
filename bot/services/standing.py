"""How a resident's own cases and applications stand, in one message."""

import re

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.nlu.catalogue import title_of
from bot.nlu.triage import URGENT
from bot.nlu.wording import HUMAN, OTHERS
from bot.services import applications
from bot.services.answer import Answer
from bot.store.models import Case, CaseState, Resident

BEGINS = "您的事现在是这样："
"""How every answer begins that tells of something found."""
_CASES, _APPLICATIONS, _ALL = 3, 3, 1000
_NOTHING = Answer(
    f"没查到您在这个微信上报过的事或交过的申请。\n用别的微信或电话报的，请回“{HUMAN}”，民警帮您查。",
    (HUMAN,),
)
_TELL_MORE = Answer(
    "您着急，我明白。没查到您在这个微信上报过的事：写上哪天、在哪儿、什么事，报的时候留的姓名和电话，由民警去查，在这里回您。\n"
    "回执没了也能查。",
    (HUMAN,),
)
"""To who asks after what was reported elsewhere. It does not say that an officer has it: none has a tap on the menu."""
_OTHERS = Answer(
    "只能查您自己这个微信报的事、交的申请，这里没有查到您说的那一份。\n"
    f"别人的，请他本人用自己的微信来问，或者带身份证到派出所窗口查；有疑问回“{HUMAN}”。",
    (HUMAN,),
)
_NO_APPLICATION = f"· 申请：没查到您在这个微信上交过的。在窗口或用别的微信办的，回“{HUMAN}”，民警帮您查。"
OF_APPLICATION = re.compile("居住证|暂住证|[犬狗]证|狗牌|申请|受理号")
"""Words of who means an application, and no case."""
_RECEIPT = re.compile(r"(?<![a-z0-9])[a-z]{1,2}\d{8}(?:-?\d{3,6})?(?!\d)", re.IGNORECASE)
_LIKE_RECEIPT = re.compile(r"(?<![a-z0-9辽吉黑京津沪冀鲁豫蒙])[a-z]{2,3}-?\d{4,8}(?![\d-])", re.IGNORECASE)
"""What somebody takes for a receipt, and none here looks like: JZ-0473."""
_RELATIVES = "[我俺](?:[妈爸哥姐弟妹奶爷]|[父母]亲|媳妇|老[婆公伴]|对象|爱人|儿子|女儿|闺女|姑娘|姥[姥爷]|婆婆|公公)"
_SOMEONE = f"(?:{OTHERS}|别人|人家|{_RELATIVES})"
_OF_SOMEONE = re.compile(
    f"[帮替给]我?{_SOMEONE}.{{0,6}}(?:查|问|看)|{_SOMEONE}(?:们|家|自己)?(?:交|办|填|申请|提交)?的?那?个?份?"
    "(?:居住证|狗证|犬证|身份证|申请|受理|单子|材料|证)"
    "|[他她]自己(?:的)?(?:微信|手机)|用[他她](?:的|自己的?)?(?:微信|手机)"
)
"""What somebody else has applied for. Of their own case everybody speaks of others: who did it, who saw it."""
_OWN = re.compile("我的|我那|我自己|我办|我交|我报")
_KINDS = {URGENT: "报警", "help_request": "求助", "tip": "线索"}
_CASE_STATES = {
    CaseState.OPEN: "值班民警已收到提醒，还没有回确认",
    CaseState.ACKNOWLEDGED: "民警已经接手",
    CaseState.CLOSED: "已办结",
}
_WAITING = {"help_request": "已转给本班民警，还没有回确认", "tip": "已交给民警研判"}


def asked(session: Session, pseudonym: str, text: str, *, stopped: str = "", request: bool = False) -> Answer:
    """The answer to a question after one's own affairs; of anybody else's nothing is told.

    `stopped`: what is said of a form that its resident has stopped, where nothing has been handed in; `request`: the
    question is a request, which an officer gets.
    """
    mine = {one.receipt for one in applications.of_resident(session, pseudonym, limit=_ALL)}
    if stopped and not mine:
        return Answer(stopped)
    receipts = {found.upper() for found in (*_RECEIPT.findall(text), *_LIKE_RECEIPT.findall(text))}
    if (receipts and not receipts & mine) or (not receipts and _OF_SOMEONE.search(text) and not _OWN.search(text)):
        return _OTHERS
    said = applications.about_handed_in(text) if mine else ""
    found = of_resident(
        session, pseudonym, said=said or (_NO_APPLICATION if not mine and OF_APPLICATION.search(text) else "")
    )
    return _TELL_MORE if found is _NOTHING and request else found


def of_resident(session: Session, pseudonym: str, *, said: str = "") -> Answer:
    """What a resident has reported and applied for, the latest first. Nobody sees anybody else's.

    `said`: what is to be told besides, to what was asked about an application.
    """
    cases = session.scalars(
        sa.select(Case).join(Resident).where(Resident.pseudonym == pseudonym).order_by(Case.id.desc()).limit(_CASES)
    ).all()
    goes_on = sa.select(Case).where(Case.id.in_([case.merged_into_id for case in cases if case.merged_into_id]))
    where = {case.id: case for case in session.scalars(goes_on)}
    lines = [_line(case, where.get(case.merged_into_id or case.id, case)) for case in cases]
    lines += [applications.standing(one) for one in applications.of_resident(session, pseudonym, limit=_APPLICATIONS)]
    if not lines:
        return _NOTHING
    if said:
        lines.append(said)
    end = f"还想补充就直接在这里写；要民警回话就回“{HUMAN}”。"
    return Answer("\n".join([BEGINS, *lines, end]), (HUMAN,))


def _line(case: Case, goes_on: Case) -> str:
    """One case: when, what, where it stands, which may be in the one that it is part of (`goes_on`).

    A silent one shows nothing that tells on its resident.
    """
    number = f"X{case.id}" if case.label == "tip" else f"编号{case.id}"
    if case.silent:
        return f"· {case.opened_at:%m-%d}（编号{case.id}）：在办。"
    state = CaseState(goes_on.state)
    told = _CASE_STATES[state]
    if state == CaseState.OPEN and case.label != URGENT:
        told = _WAITING.get(case.label, _WAITING["help_request"])
    elif state != CaseState.CLOSED and case.resolved_at is not None:
        told = "您说已经没事了，等民警结案"
    return f"· {_KINDS.get(case.label, title_of(case.label))}（{title_of(case.intent)}，{number}）：{told}。"
