"""What a page says, and whom it is meant for."""

from bot.duty.case import RESOLVED
from bot.duty.channels.base import Message
from bot.duty.roster import Roster
from bot.nlu.catalogue import title_of
from bot.nlu.triage import URGENT
from bot.store.models import Case, Page, PageKind

_ASKS = {
    PageKind.OFFER.value: "【移交】{by}请{officer}接手：{}",
    PageKind.RETURNED.value: "【移交未成】没有人接手，仍由{officer}负责：{}",
    PageKind.TURNED.value: "【又有险情】{officer}负责的案件，居民又报了别的险情，请马上看：{}",
    PageKind.OVER.value: "【居民说已解除】由{officer}核实后结案：{}",
}


def page_message(page: Page, case: Case, *, roster: Roster, console_url: str, ack_url: str) -> Message:
    """A page as its channel is given it.

    The text names the kind of alarm and the words that made it one, not the resident.
    """
    names = page.officer.split("、")
    body = {
        "page_id": page.id,
        "case_id": case.id,
        "label": case.label,
        "level": page.level,
        "officer": page.officer,
        "officers": names,
        "text": _ASKS.get(page.kind, "{}").format(page_text(case), officer=page.officer, by=case.acknowledged_by),
        "console_url": f"{console_url}/case/{case.id}",
        "ack_url": ack_url,
    }
    return Message(
        page_id=page.id,
        body=body,
        kind=title_of(case.intent),
        urgent=case.label == URGENT,
        officers=tuple(officer for name in names if (officer := roster.named(name))),
        everyone={officer.name for officer in roster.officers} <= set(names) and len(names) > 1,
    )


def page_text(case: Case) -> str:
    """One line for a phone's screen: what kind, how quiet, which words (a rule's, else the model's weightiest)."""
    # That the resident says it is over made no alarm.
    alarming = [item for item in case.evidence if item["rule"] != RESOLVED]
    by_rule = [item for item in alarming if item["rule"] not in {"model", "media"}]
    words = "、".join(dict.fromkeys(word for item in by_rule or alarming for word in item["words"]))
    silent = "【静默】" if case.silent else ""
    return f"{silent}【{title_of(case.label)}】{title_of(case.intent)} 案件{case.id}" + (f"：{words}" if words else "")
