"""The shipped engine in a test: a real store and HTTP, a clock that the test moves, a world that it watches."""

import itertools
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bot.addresses import read_channels
from bot.duty.channels import Channels
from bot.duty.one_tap import OneTap
from bot.duty.roster import RosterFile
from bot.intake import articles, menu
from bot.intake.desk import Desk
from bot.intake.engine import Engine
from bot.intake.evidence import EvidenceStore
from bot.intake.inbox import Received
from bot.intake.speech import Recogniser
from bot.intake.understanding import Rasa
from bot.nlu.safety_net import SafetyNet
from bot.nlu.triage import Evidence, Triage
from bot.nlu.turns import Turn
from bot.nlu.wording import GUESSES
from bot.store.session import Store
from bot.wechat.client import WeChatClient
from bot.wechat.inbound import Inbound
from tests.world import Answer, Asked, FakeClock, FakePhone, FakePlatform, FakeServer

DUTY = """
station: {name: 大东门派出所, full_name: 沈阳市公安局大东分局大东门派出所, address: 沈阳市大东区大东路1号}
escalation: {wait_seconds: 45}
officers: [{name: 甲}, {name: 乙}, {name: 丙}]
"""


PATIENCE_SECONDS = 60
"""How long Rasa is waited for where no test plays a slow one: a machine that stands still for a moment fails none."""


@dataclass
class ScriptedRasa:
    """Rasa's channel with answers that the test decides, to play what a real one cannot on demand: slow, down, broken.

    `labels` maps a text to its label; a text that is not there is `other`. `intents` names the fine intent where one
    matters; a text in `silent` gets no reply, one in `guesses` a choice of guesses, one in `form_answers` answers a
    form, one in `asked` may be these questions, one in `doubted` is calm for a model that knows what the safety net
    found in it.
    `status` other than 200 plays an error.
    """

    labels: dict[str, str] = field(default_factory=dict)
    intents: dict[str, str] = field(default_factory=dict)
    confidence: dict[str, float] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    guesses: set[str] = field(default_factory=set)
    form_answers: set[str] = field(default_factory=set)
    asked: dict[str, tuple[Turn, ...]] = field(default_factory=dict)
    doubted: set[str] = field(default_factory=set)
    status: int = 200
    before: Callable[[Asked], None] = lambda _asked: None

    def __post_init__(self) -> None:
        self.server = FakeServer(self._respond)

    @property
    def heard(self) -> list[dict[str, Any]]:
        """The messages that conversations were given, in order."""
        return [asked.json() for asked in self.server.asked if asked.path.endswith("/webhook")]

    def _respond(self, asked: Asked) -> Answer:
        self.before(asked)
        if self.status != 200:
            return Answer(self.status, b"{}")
        if asked.path.endswith("/health"):
            return Answer(body=b"{}")
        text = asked.json()["text"]
        beside = asked.json().get("photo") or asked.json().get("place")
        if beside and text not in self.labels:
            return Answer(body=b'{"triage": null, "replies": []}')  # no form waits for it
        label = self.labels.get(text, "other")
        sure, intent = self.confidence.get(text, 0.9), self.intents.get(text, f"{label}/scripted")
        triage = Triage(label=label, confidence=sure, intent=intent)
        if text in self.doubted:
            triage = replace(triage, uncertain=True, evidence=(Evidence("weapon", ("刀",)),))
        answers = asked.path.endswith("/webhook") and text not in self.silent
        replies = [{"text": GUESSES if text in self.guesses else f"答：{text}"}] if answers else []
        asked_there = [turn.to_json() for turn in self.asked.get(text, ())]
        told = {"triage": triage.to_json(), "replies": replies, "model": "scripted", "asked": asked_there}
        return Answer(body=json.dumps({**told, "of_form": text in self.form_answers}).encode())


class Station:
    """One gateway's engine with everything around it. `deliver` is the callback after decryption."""

    def __init__(self, store: Store, clock: FakeClock, folder: Path, net: SafetyNet) -> None:
        self.store, self.clock, self.net = store, clock, net
        self.phone, self.platform, self.rasa = FakePhone(), FakePlatform(), ScriptedRasa()
        self.duty_file = folder / "duty.yml"
        self.duty_file.write_text(DUTY, encoding="utf-8")
        self.menu_file, self.articles_file = (
            Path(shutil.copy(shipped, folder)) for shipped in (menu.MENU, articles.ARTICLES)
        )
        self.evidence = EvidenceStore(folder / "evidence")
        self.rasa_client = Rasa(self.rasa.server.url, timeout=PATIENCE_SECONDS)
        self.wechat = WeChatClient(base=self.platform.url, app_id="wx1", secret="secret")
        self.one_tap = OneTap("key", "http://console")
        self._opened: list[Channels] = []
        self.recogniser: Recogniser | None = None
        self.page_channels: tuple[str, ...] = (self.phone.channel,)
        self.engine = self.new_engine()
        self._numbers = itertools.count(1)

    def new_engine(self) -> Engine:
        """Another process on the same database, or the same one after a restart."""
        configured = read_channels(self.page_channels)
        channels = Channels(configured, store=self.store, clock=self.clock)
        self._opened.append(channels)
        return Engine(
            store=self.store,
            desk=Desk(
                roster_file=RosterFile(self.duty_file),
                channels=configured,
                net=self.net,
                menu=menu.live(self.menu_file),
                articles=articles.live(self.articles_file),
            ),
            rasa=self.rasa_client,
            wechat=self.wechat,
            channels=channels,
            evidence_store=self.evidence,
            clock=self.clock,
            console_url="http://console",
            one_tap=self.one_tap,
            recogniser=self.recogniser,
        )

    async def restart(self) -> None:
        """Let another engine carry on, as after a restart of the gateway."""
        await self.engine.close()
        self.engine = self.new_engine()

    async def deliver(self, text: str, *, openid: str = "oA", message_id: int | None = None) -> Received:
        """A resident's text arrives and everything that is due is done."""
        received = await self.receive(text, openid=openid, message_id=message_id)
        await self.engine.run_due()
        return received

    async def receive(self, text: str, *, openid: str = "oA", message_id: int | None = None) -> Received:
        """A resident's text arrives, and what is due is left to whoever runs the engine."""
        return await self.engine.receive(self.inbound(text=text, openid=openid, message_id=message_id))

    def inbound(
        self, kind: str = "text", *, openid: str = "oA", message_id: int | None = None, text: str = "", **payload: str
    ) -> Inbound:
        """A resident's message as the callback reads it; each has its own MsgId unless the test gives one."""
        number = next(self._numbers) if message_id is None else message_id
        key = f"msg:{number}"
        return Inbound(openid=openid, account="gh_1", key=key, kind=kind, sent_at=0, text=text, payload=payload)

    async def deliver_inbound(self, inbound: Inbound) -> Received:
        received = await self.engine.receive(inbound)
        await self.engine.run_due()
        return received

    async def close(self) -> None:
        await self.engine.close()
        await self.rasa_client.close()
        await self.wechat.close()
        for channels in self._opened:
            await channels.close()
        for server in (self.phone, self.platform, self.rasa.server):
            server.close()
        self.phone.expect_silence()
