"""What a page says."""

from typing import Any

from bot.duty.case import RESOLVED
from bot.nlu.catalogue import title_of
from bot.store.models import Case, Page


def page_body(page: Page, case: Case, *, console_url: str) -> dict[str, Any]:
    """The JSON of a page: ids, label, level, officer, one line of text, and where to acknowledge.

    The text names the kind of alarm and the words that made it one, not the resident.
    """
    return {
        "page_id": page.id,
        "case_id": case.id,
        "label": case.label,
        "level": page.level,
        "officer": page.officer,
        "text": page_text(case),
        "console_url": f"{console_url}/case/{case.id}",
    }


def page_text(case: Case) -> str:
    """One line for a phone's screen: what kind, how quiet, which words (a rule's, else the model's weightiest)."""
    # That the resident says it is over made no alarm.
    alarming = [item for item in case.evidence if item["rule"] != RESOLVED]
    by_rule = [item for item in alarming if item["rule"] not in {"model", "media"}]
    words = "、".join(dict.fromkeys(word for item in by_rule or alarming for word in item["words"]))
    silent = "【静默】" if case.silent else ""
    return f"{silent}【{title_of(case.label)}】{title_of(case.intent)} 案件{case.id}" + (f"：{words}" if words else "")
