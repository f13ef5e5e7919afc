"""申请: every application in the list of its state, up to date by itself."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup
from nicegui import ui

from bot.console.applications import ANSWERED, ApplicationCard, read_lists
from bot.console.feed import Feed
from bot.console.keyed import Part
from bot.console.markup import box, chip, moment
from bot.console.officer import viewed
from bot.console.section import Section
from bot.console.services import Services
from bot.console.theme import UNREADABLE, build_problem, frame
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


_View = tuple[Mapping[ApplicationState, Sequence[tuple[int, Markup]]], Mapping[ApplicationState, int]]
"""The rows of each state, written once for all open pages, and how many applications there are in it."""


def register(services: Services, forms: LiveFile[Forms]) -> None:
    """Serve `/applications`."""

    def read() -> _View:
        with services.store.reading() as session:
            lists = read_lists(session, forms.current())
        rows = {state: [(card.id, application_row(card)) for card in lists.cards[state]] for state in LISTS}
        return rows, lists.counts

    feed = Feed(read, POLL_SECONDS)

    @ui.page("/applications", title="申请", response_timeout=10)
    async def applications_page() -> None:
        page = _ApplicationsPage(services, feed)
        await page.refresh()
        ui.timer(POLL_SECONDS, page.refresh)
        await viewed(services, subject="applications")


class _ApplicationsPage:
    """One browser's view of the lists."""

    def __init__(self, services: Services, feed: Feed[_View]) -> None:
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
            rows, counts = await self._feed.latest()
        except StoreUnavailableError:
            self._problem.show(UNREADABLE)
            return
        self._problem.show("")
        for state, section in self._sections.items():
            section.show(rows[state], counts.get(state, 0))


def _section(state: ApplicationState) -> Section:
    first = "最新" if state in (ApplicationState.READY, ApplicationState.REJECTED) else "最早"
    return Section(LISTS[state], first=first)


def application_row(card: ApplicationCard) -> Markup:
    """A row that leads to the application."""
    kind = box("quiet-kind", box("quiet-name", card.title), flags(card))
    facts = box("facts", box("case-number", card.receipt), box("who", card.pseudonym), moment(card.submitted_at))
    link = box("quiet-link", kind, facts, name="a", href=f"/application/{card.receipt}")
    return box("quiet-row", link, name="article", data_application=card.receipt)


def flags(card: ApplicationCard) -> Markup:
    """What an officer is to look at."""
    return Markup().join(chip(flag, "taken" if flag == ANSWERED else "doubt") for flag in card.flags)
