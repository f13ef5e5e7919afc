"""Who reported, for those who have the right and say why."""

import asyncio

from nicegui import ui

from bot.console.dialog import Question
from bot.console.officer import actor, identify
from bot.console.queries import CaseCard
from bot.console.services import Services, local
from bot.duty import disclosure
from bot.duty.access import may
from bot.duty.disclosure import Reporter


def build_reporter(services: Services, card: CaseCard) -> None:
    """The button that asks for the reason, where a reporter is hidden and this officer may know."""
    if card.pseudonym is None and may(actor(), "see_reporter"):
        _ReporterBox(services, card)


class _ReporterBox:
    """One page's look at a reporter; another page asks again."""

    def __init__(self, services: Services, card: CaseCard) -> None:
        self._services, self._card = services, card
        self._box = ui.element("div").classes("reporter").props('role=group aria-label="举报人"')
        with self._box:
            button = ui.button("查看举报人", on_click=self._press, color=None)
            button.props("unelevated no-caps").classes("reveal")

    async def _press(self) -> None:
        officer = await identify(self._services, "see_reporter")
        if officer is None:
            return
        found: list[Reporter] = []

        async def act() -> str | None:
            if not (reason.value or "").strip():
                return "请写明为什么要知道举报人，会记入审计日志"
            found.append(await asyncio.to_thread(self._reveal, officer, str(reason.value)))
            return None

        question = Question(f"案件{self._card.id}：查看举报人", "查看", act)
        with question.body:
            ui.label("查看会以您的名字和原因记入审计日志。").classes("ask-hint")
            reason = ui.textarea("原因（必填）").classes("ask-text")
            reason.props(f"outlined autogrow maxlength={disclosure.REASON_CHARACTERS}")
        if await question.answered():
            self._show(found[0])

    def _reveal(self, officer: str, reason: str) -> Reporter:
        with self._services.store.transaction() as session:
            now = self._services.clock.now()
            return disclosure.reveal(session, self._card.id, officer=officer, reason=reason, now=now)

    def _show(self, reporter: Reporter) -> None:
        self._box.clear()
        with self._box:
            ui.label(f"举报人 {reporter.pseudonym}").classes("who")
            ui.label(f"{local(reporter.first_seen_at)} 起来信")
            for case_id in reporter.other_cases:
                ui.link(f"案件{case_id}", f"/case/{case_id}").classes("case-number")
