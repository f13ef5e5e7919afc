"""What the desk and a case's page say of a case alike, as HTML."""

from collections.abc import Iterator

from markupsafe import Markup

from bot.console.markup import box, chip, countdown, moment, silence
from bot.console.queries import CaseCard
from bot.console.vigil import AGAIN

_NAMED_SHOWN = 6


def again(card: CaseCard) -> Markup:
    """That somebody acknowledged it and nothing was done."""
    return chip(AGAIN, "alarm") if card.again else Markup()


def doubts(card: CaseCard) -> Markup:
    """What an officer has yet to find out."""
    told = {"待确认": card.uncertain, "居民称已解除": card.says_over}
    return Markup().join(chip(doubt, "doubt") for doubt, so in told.items() if so)


def facts(card: CaseCard) -> Markup:
    """The line that identifies a case: its number, who, when."""
    return box(
        "facts",
        box("case-number", f"案件{card.id}"),
        box("who", card.pseudonym or "举报人已隐去"),
        moment(card.since),
        chip(f"确认后{card.unseen}条新消息", "doubt") if card.unseen else "",
        chip(f"{card.undelivered}条回复未送达", "trouble") if card.undelivered else "",
    )


def crew(card: CaseCard) -> Markup:
    """Who is on it beside the one who acknowledged, and how long it may still be left alone."""
    beside = {
        "承办": card.assigned_to if card.assigned_to != card.acknowledged_by else None,
        "协同": "、".join(card.joined),
    }
    told = [f"{title} {names}" for title, names in beside.items() if names]
    if not (told or card.offered_to or card.silence_ends):
        return Markup()
    return box(
        "crew",
        box("", " · ".join(told)) if told else "",
        chip(f"等 {card.offered_to} 接手", "doubt") if card.offered_to else "",
        silence(card.silence_ends) if card.silence_ends else "",
    )


def deadline(card: CaseCard) -> Markup:
    """Who is paged next, and when."""
    if not card.next_page:
        return Markup()
    who = box("deadline-who", f"后提醒 {card.next_page.officer}")
    return box("deadline", countdown(card.next_page.due_at), who)


def pages(card: CaseCard) -> Markup:
    """How many pages went out, and whether any did not."""
    sent = f"已发出{card.pages_sent}次提醒" if card.pages_sent else "提醒发送中" if card.open else "未发出提醒"
    failed = box("pages-failed", f"{card.pages_failed}次提醒没有送到") if card.pages_failed else ""
    return box("pages", box("", sent), failed)


def named(card: CaseCard, *kinds: str) -> Markup:
    """What the resident named: where, when, which car, who (`kinds`: only these)."""
    shown = ((title, things) for title, things in card.named.items() if not kinds or title in kinds)
    return Markup().join(
        box("evidence named", *_labelled(title, things[:_NAMED_SHOWN], "plain")) for title, things in shown
    )


def evidence(words: tuple[str, ...]) -> Markup:
    """The words for which it is what it is."""
    return box("evidence", *(_labelled("依据", words, "word") if words else ()))


def _labelled(title: str, things: tuple[str, ...], kind: str) -> Iterator[Markup]:
    yield box("evidence-label", title)
    for thing in things:
        yield chip(thing, kind)
