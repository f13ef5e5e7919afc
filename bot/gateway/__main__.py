"""`python -m bot.gateway`: the gateway's process."""

import asyncio
import sys

import redis.asyncio
import uvicorn
from prometheus_client import REGISTRY, start_http_server

from bot.clock import SystemClock
from bot.duty import one_tap
from bot.duty.auditing import auditing
from bot.duty.channels import Channels
from bot.duty.channels.base import ChannelError
from bot.duty.one_tap import OneTap
from bot.duty.roster import RosterError, RosterFile
from bot.gateway.app import Parts, create_app
from bot.gateway.heartbeats import HeartbeatCollector
from bot.intake import articles, menu
from bot.intake.desk import Desk
from bot.intake.engine import Engine
from bot.intake.evidence import EvidenceStore
from bot.intake.speech import SherpaRecogniser, SpeechError
from bot.intake.understanding import Rasa
from bot.log import configure_logging
from bot.nlu.project import PROJECT
from bot.nlu.safety_net import RULES, SafetyNet
from bot.secret import derived_key
from bot.settings import Settings, SettingsError, load_settings
from bot.store.session import Store
from bot.wechat.client import MemoryTokenStore, RedisTokenStore, TokenStore, WeChatClient
from bot.wechat.envelope import Account


def build(settings: Settings) -> Parts:
    """Put the gateway together from its settings.

    Raises:
        ChannelError: a page channel's address cannot be used.
        RosterError: the duty file cannot be used.
        SpeechError: the speech model cannot be used.
    """
    store, clock, rasa = Store(settings.database_url), SystemClock(), Rasa(settings.rasa_url)
    tokens: TokenStore = MemoryTokenStore()
    if settings.redis_url:
        tokens = RedisTokenStore(redis.asyncio.from_url(settings.redis_url), settings.wechat_app_id)
    recogniser = SherpaRecogniser(settings.speech_model) if settings.speech_model else None
    engine = Engine(
        store=store,
        desk=Desk(
            roster_file=RosterFile(settings.duty_file),
            channels=settings.channels,
            net=SafetyNet.load(PROJECT / RULES),
            menu=menu.live(),
            articles=articles.live(),
        ),
        rasa=rasa,
        wechat=WeChatClient(
            base=settings.wechat_api_base,
            app_id=settings.wechat_app_id,
            secret=settings.wechat_app_secret,
            tokens=tokens,
        ),
        channels=Channels(settings.channels, store=store, clock=clock),
        evidence_store=EvidenceStore(settings.var_dir / "evidence"),
        clock=clock,
        console_url=settings.console_url,
        one_tap=OneTap(
            derived_key(one_tap.PURPOSE, var_dir=settings.var_dir, given=settings.secret), settings.console_url
        ),
        recogniser=recogniser,
    )
    account = Account(settings.wechat_app_id, settings.wechat_token, settings.wechat_aes_key, settings.wechat_mode)
    return Parts(
        account=account,
        store=store,
        engine=engine,
        rasa=rasa,
        clock=clock,
        recogniser=recogniser,
        channels=settings.channels,
    )


async def serve(settings: Settings) -> None:
    """Serve until told to stop. Metrics have a port of their own."""
    parts = build(settings)
    REGISTRY.register(HeartbeatCollector(parts.store, parts.clock))
    start_http_server(settings.metrics_port, addr=settings.metrics_host)
    try:
        with auditing(settings, parts.clock, second=True):
            await http_server(parts, host=settings.gateway_host, port=settings.gateway_port).serve()
    finally:
        if parts.recogniser:
            parts.recogniser.close()  # else its thread would hold up the end
        parts.store.close()


def http_server(parts: Parts, *, host: str, port: int) -> uvicorn.Server:
    """The gateway's web server; it knows nothing of the settings, so that tests run the same."""
    return uvicorn.Server(
        uvicorn.Config(
            create_app(parts),
            host=host,
            port=port,
            access_log=False,  # the callback's address carries the sender's openid
            server_header=False,
            log_config=None,
            timeout_graceful_shutdown=6,
        )
    )


def main() -> None:
    """Read the settings, serve, or say in one line what is wrong."""
    try:
        settings = load_settings()
        configure_logging(settings.log_level)
        asyncio.run(serve(settings))
    except (ChannelError, SettingsError, RosterError, SpeechError) as error:
        sys.exit(f"fujin gateway: {error}")


if __name__ == "__main__":
    main()
