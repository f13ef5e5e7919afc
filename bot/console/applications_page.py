"""申请: every application in the list of its state, up to date by itself."""

from nicegui import ui

from bot.console.applications import ANSWERED, ApplicationCard, Lists, read_lists
from bot.console.feed import Feed
from bot.console.keyed import Part, rebuilding
from bot.console.officer import viewed
from bot.console.section import Section
from bot.console.services import Services
from bot.console.theme import UNREADABLE, build_problem, chip, frame, moment
from bot.nlu.forms import Forms
from bot.nlu.live_file import LiveFile
from bot.store.models import ApplicationState
from bot.store.session import StoreUnavailableError

POLL_SECONDS = 2.0
LISTS = {
    ApplicationState.SUBMITTED: "等审核",
    ApplicationState.MORE: "等居民补充",
    ApplicationState.APPROVED: "已通过待制证",
    ApplicationState.READY: "可领取",
    ApplicationState.COLLECTED: "已领取",
    ApplicationState.REJECTED: "已结束",
}
"""What the list of each state is called."""
_TO_DO = (ApplicationState.SUBMITTED, ApplicationState.MORE)


def register(services: Services, forms: LiveFile[Forms]) -> None:
    """Serve `/applications`."""

    def read() -> Lists:
        with services.store.reading() as session:
            return read_lists(session, forms.current())

    feed = Feed(read, POLL_SECONDS)

    @ui.page("/applications", title="申请", response_timeout=10)
    async def applications_page() -> None:
        page = _ApplicationsPage(services, feed)
        await page.refresh()
        ui.timer(POLL_SECONDS, page.refresh)
        await viewed(services, subject="applications")


class _ApplicationsPage:
    """One browser's view of the lists."""

    def __init__(self, services: Services, feed: Feed[Lists]) -> None:
        self._feed = feed
        with frame(services, active="/applications"):
            self._problem = Part(build_problem, classes="problems")
            with ui.element("div").classes("applications"):
                with ui.element("div").classes("quiet"):
                    to_do = {state: _section(state) for state in _TO_DO}
                with ui.element("aside").classes("quiet"):
                    rest = {state: _section(state) for state in LISTS if state not in _TO_DO}
        self._sections = to_do | rest

    async def refresh(self) -> None:
        """Bring the page up to date."""
        try:
            lists = await self._feed.latest()
        except StoreUnavailableError:
            self._problem.show(UNREADABLE)
            return
        self._problem.show("")
        for state, section in self._sections.items():
            section.show([(card.id, card) for card in lists.cards[state]], lists.counts.get(state, 0))


def _section(state: ApplicationState) -> Section:
    first = "最新" if state in (ApplicationState.READY, ApplicationState.REJECTED) else "最早"
    return Section(LISTS[state], rebuilding(build_card), first=first)


def build_card(card: ApplicationCard) -> None:
    """A row that leads to the application."""
    with (
        ui.element("article").classes("quiet-row").props(f'data-application="{card.receipt}"'),
        ui.element("a").classes("quiet-link").props(f'href="/application/{card.receipt}"'),
    ):
        with ui.element("div").classes("quiet-kind"):
            ui.label(card.title).classes("quiet-name")
            build_flags(card)
        with ui.element("div").classes("facts"):
            ui.label(card.receipt).classes("case-number")
            ui.label(card.pseudonym).classes("who")
            moment(card.submitted_at)


def build_flags(card: ApplicationCard) -> None:
    """What an officer is to look at."""
    for flag in card.flags:
        chip(flag, "taken" if flag == ANSWERED else "doubt")
