"""Whether the trainer process does its work: every page of the studio says so when it does not."""

import asyncio
from datetime import datetime

from nicegui import ui
from sqlalchemy.orm import Session

from bot.console.keyed import Part
from bot.console.services import Services
from bot.console.theme import build_problem
from bot.store.models import Heartbeat
from bot.store.session import StoreUnavailableError
from bot.studio.trainer import PART, STALE

_LOOKED_EVERY_SECONDS = 5.0


def trainer_problem(session: Session, now: datetime) -> str:
    """What is wrong with the trainer process, in words a trainer can act on; nothing when all is well."""
    beat = session.get(Heartbeat, PART)
    if beat is None or now - beat.at > STALE:
        return "训练进程没有运行：修改、训练和评测都会排队等它，居民不受影响。请联系技术人员启动它。"
    return "" if beat.healthy else f"训练进程有异常（{beat.detail}），请把这句话告诉技术人员。"


def build_trainer_state(services: Services) -> None:
    """A line that is there as long as something is wrong."""
    part = Part(build_problem, classes="problems")

    def read() -> str:
        with services.store.reading() as session:
            return trainer_problem(session, services.clock.now())

    async def look() -> None:
        try:
            part.show(await asyncio.to_thread(read))
        except StoreUnavailableError:
            return  # the page itself says so

    ui.timer(_LOOKED_EVERY_SECONDS, look)
