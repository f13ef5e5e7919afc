"""Officers who acknowledge, reply and close while processes die: over the consoles that die, by commands that die."""

import asyncio
import random
import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import sqlalchemy as sa

from bot.store.models import AuditEntry, Case, CaseState, Message, Reply, Resident, WorkState
from tests.chaos import commands
from tests.chaos.traffic import ALARMS, Planned, deliver
from tests.stack import Stack
from tests.world import FakePhone, FakePlatform

CALLERS = 12
_WITHIN_SECONDS = 40.0
"""The callers' alarms come at any moment of this time."""
_TRIES = 60
_KILLED = 0.4
"""How many of the commands are killed, before, while or after they have done it."""


def callers(*, number: int) -> dict[str, list[Planned]]:
    """Residents who write one alarm each and then listen: the bot is silent while an officer talks with them."""
    return {
        f"oCaller{place}": [Planned(f"oCaller{place}", number + place, ALARMS[place % len(ALARMS)])]
        for place in range(CALLERS)
    }


@dataclass
class Officers:
    """What they do, and what they were told that they had done."""

    stacks: Sequence[Stack]
    phone: FakePhone
    chance: random.Random
    acknowledged: dict[int, str] = field(default_factory=dict)
    closed: dict[int, str] = field(default_factory=dict)
    replied: list[str] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)

    async def work(self, plan: dict[str, list[Planned]]) -> None:
        """See to all of these callers at once, from their message on."""
        async with httpx.AsyncClient(timeout=5) as client:
            await asyncio.gather(*(self._see_to(client, planned) for (planned,) in plan.values()))

    async def _see_to(self, client: httpx.AsyncClient, planned: Planned) -> None:
        await asyncio.sleep(self.chance.uniform(0, _WITHIN_SECONDS))
        await deliver(self.stacks, client, planned)
        page = await self._page_for(planned)
        case_id, officer = page["case_id"], page["officers"][0]
        await self._acknowledge(client, page, officer)
        await self._answered(planned)
        for attempt in range(_TRIES):
            text = f"马上到，别挂断（{case_id}号，第{attempt}次）"
            self.tried.append(text)
            if await self._command("reply", str(case_id), text, "--officer", officer):
                self.replied.append(text)
                break
        ending = ("--disposition", "real", "--word", "已处置", "--officer", officer)
        for _ in range(_TRIES):
            if await self._command("close", str(case_id), *ending) or await self._is_closed(case_id):
                self.closed[case_id] = officer
                return
        pytest.fail(f"case {case_id} could not be closed")

    async def _page_for(self, planned: Planned) -> dict[str, Any]:
        """The first page of a caller's case, once there is one."""
        of_caller = sa.select(Case.id).join(Resident).where(Resident.openid == planned.openid)
        for _ in range(_TRIES * 4):
            cases = {row.id for row in await self._rows(of_caller)}
            if found := next((page for page in self.phone.pages() if page["case_id"] in cases), None):
                return found
            await asyncio.sleep(0.5)
        pytest.fail(f"nobody was paged for {planned}")

    async def _acknowledge(self, client: httpx.AsyncClient, page: dict[str, Any], officer: str) -> None:
        """By the link in the page, at either console, until one says that the case is this officer's."""
        path = urlsplit(page["ack_url"]).path
        for attempt in range(_TRIES):
            console = self.stacks[attempt % len(self.stacks)].console_url
            with suppress(httpx.HTTPError):
                answer = await client.post(f"{console}{path}", data={"officer": officer})
                if re.search(f"<h1>已确认</h1>|已由{officer}确认接警，不用再确认", answer.text):
                    self.acknowledged[page["case_id"]] = officer
                    return
            await asyncio.sleep(0.5)
        pytest.fail(f"no console took the acknowledgement of case {page['case_id']}")

    async def _answered(self, planned: Planned) -> None:
        """Until the bot has said what is to be done: it is silent while an officer talks."""
        done = sa.select(Message.id).where(Message.key == f"msg:{planned.number}", Message.state == WorkState.DONE)
        for _ in range(_TRIES * 4):
            if await self._rows(done):
                return
            await asyncio.sleep(0.5)
        pytest.fail(f"{planned} was not read")

    async def _command(self, *arguments: str) -> bool:
        """Whether a command said that it was done; some are killed before they can."""
        process = commands.start(list(arguments), self.chance.choice(self.stacks).environment)
        if self.chance.random() < _KILLED:
            await asyncio.to_thread(process.join, self.chance.uniform(0, 1))
            process.kill()
        await asyncio.to_thread(process.join)
        done = process.exitcode == 0
        process.close()
        return done

    async def _is_closed(self, case_id: int) -> bool:
        """As an officer sees whose command died, and who tried again and was told that there is nothing to do."""
        return bool(await self._rows(sa.select(Case.id).where(Case.id == case_id, Case.state == CaseState.CLOSED)))

    async def _rows(self, query: sa.Select[Any]) -> list[Any]:
        return await asyncio.to_thread(self.stacks[0].rows, query)

    def check(self, platform: FakePlatform) -> None:
        """Every act that was answered with success is there exactly once, and its reply has reached the resident."""
        rows = self.stacks[0].rows
        assert len(self.replied) == len(self.closed) == len(self.acknowledged) == CALLERS
        acts = ("acknowledge", "join", "close", "reopen", "unacknowledge")
        done = Counter(
            tuple(row)
            for row in rows(
                sa.select(AuditEntry.case_id, AuditEntry.actor, AuditEntry.action).where(AuditEntry.action.in_(acts))
            )
        )
        acknowledged = Counter((case_id, by, "acknowledge") for case_id, by in self.acknowledged.items())
        assert done == acknowledged + Counter((case_id, by, "close") for case_id, by in self.closed.items())
        query = sa.select(Case.id, Case.acknowledged_by, Case.closed_by).where(Case.state == CaseState.CLOSED)
        closed = {row.id: (row.acknowledged_by, row.closed_by) for row in rows(query)}
        assert closed == {case_id: (by, self.closed[case_id]) for case_id, by in self.acknowledged.items()}
        written = Counter(row.text for row in rows(sa.select(Reply.text).where(Reply.author != "bot")))
        assert written <= Counter(self.tried), "none is written twice"
        assert Counter(self.replied) <= written, "none that was confirmed is lost"
        assert set(written) <= {text for _, text in platform.sent if isinstance(text, str)}, "each reached the platform"
