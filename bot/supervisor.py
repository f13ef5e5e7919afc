"""All processes of one machine under supervisord: started together, restarted when they die, stopped together."""

import contextlib
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

import sqlalchemy as sa
import yaml

from bot.children import end_with_parent
from bot.nlu.project import PROJECT
from bot.settings import LOOPBACK, ROOT, Settings
from bot.studio.training import rasa_environment


def programs(settings: Settings, model: Path) -> dict[str, list[str]]:
    """The command of every process; Rasa, its actions and the trainer only when FUJIN_RASA_URL is this machine."""
    python = str(ROOT / ".venv" / "bin" / "python")
    commands = {"gateway": [python, "-m", "bot.gateway"], "console": [python, "-m", "bot.console"]}
    rasa = urlsplit(settings.rasa_url)
    if rasa.hostname in LOOPBACK:
        actions = [python, "-m", "rasa_sdk", "--actions", "actions", "--port", str(settings.actions_port)]
        commands["actions"] = actions
        commands["rasa"] = [
            *(str(settings.rasa_python), "-m", "bot.nlu.server", "run", "--model", str(model)),
            *("--endpoints", str(write_endpoints(settings)), "--credentials", str(ROOT / "credentials.yml")),
            *("--interface", "127.0.0.1", "--port", str(rasa.port or 5005)),
        ]
        # Where the models are. It reads and trains when nobody else wants the processor.
        commands["trainer"] = ["nice", "-n", "10", python, "-m", "bot.studio"]
    return commands


def write_endpoints(settings: Settings) -> Path:
    """Rasa's endpoints for this machine: stored conversations, and Redis for its locks when there is one."""
    address = sa.make_url(settings.conversations_url)
    # Rasa's own environment has psycopg2, SQLAlchemy's default driver.
    conversations = address.set(drivername=address.get_backend_name()).render_as_string(hide_password=False)
    endpoints: dict[str, object] = {
        # With the whole domain in every call: the SDK refuses one without, and Rasa 3.6 does not ask again.
        "action_endpoint": {"url": f"http://127.0.0.1:{settings.actions_port}/webhook"},
        "nlg": {"type": "bot.nlu.answers.StationAnswers"},
        "tracker_store": {"type": "bot.nlu.tracker_store.FujinTrackerStore", "url": conversations},
    }
    if settings.redis_url:
        redis = urlsplit(settings.redis_url)
        endpoints["lock_store"] = {
            "type": "redis",
            "url": redis.hostname,
            "port": redis.port or 6379,
            "db": int(redis.path.lstrip("/") or 0),
            "password": unquote(redis.password) if redis.password else None,
            "key_prefix": "fujin",
        }
    settings.var_dir.mkdir(parents=True, exist_ok=True)
    path = settings.var_dir / "endpoints.yml"
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(endpoints))
    return path


def write_configuration(settings: Settings, commands: Mapping[str, list[str]]) -> Path:
    """supervisord's configuration. A process is restarted however often it dies, and its whole group dies with it.

    Its own files are named relative to the folder that it runs in: it expands '%' in some names twice.
    """
    (settings.var_dir / "log").mkdir(parents=True, exist_ok=True)
    sections = [
        """[supervisord]
nodaemon=true
silent=true
logfile=log/supervisord.log
pidfile=supervisord.pid
"""
    ]
    sections += [
        f"""[program:{name}]
command={shlex.join(command)}
directory={PROJECT}
stdout_logfile=log/{name}.log
stdout_logfile_maxbytes=20MB
stdout_logfile_backups=5
redirect_stderr=true
autorestart=true
startsecs=1
startretries=1000000
stopsignal=TERM
stopwaitsecs=10
stopasgroup=true
killasgroup=true
"""
        for name, command in commands.items()
    ]
    path = settings.var_dir / "supervisord.conf"
    path.write_text("\n".join(sections).replace("%", "%%"))
    return path


def start(settings: Settings, model: Path) -> "subprocess.Popen[bytes]":
    """Start supervisord with every process; it ends with this process, even if this one is killed."""
    configuration = write_configuration(settings, programs(settings, model))
    # The SDK's action server would listen to the whole network; it has the database at hand.
    environment = rasa_environment() | exported(settings) | {"SANIC_HOST": "127.0.0.1"}
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-P", "-m", "supervisor.supervisord", "-c", str(configuration)],
        cwd=settings.var_dir,
        env=environment,
        preexec_fn=end_with_parent(os.getpid()),
        start_new_session=True,
    )


def stop(running: "subprocess.Popen[bytes]") -> None:
    """Stop every process and wait until none is left, even of a supervisord that was killed."""
    if running.poll() is None:
        running.send_signal(signal.SIGTERM)
        try:
            running.wait(timeout=30)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
    for pid in _session_members(running.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _session_members(session: int) -> list[int]:
    """The processes of a session (Linux; elsewhere none): supervisord begins one, and what it starts is in it."""
    members = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(ProcessLookupError):
            if os.getsid(int(entry.name)) == session:
                members.append(int(entry.name))
    return members


def exported(settings: Settings) -> dict[str, str]:
    """The settings as an environment, so that every process sees the same, the demo account included."""
    return {
        f"FUJIN_{name.upper()}": ",".join(value) if isinstance(value, tuple) else str(value)
        for name, value in settings.model_dump().items()
        if value is not None and not (settings.demo and name == "wechat_app_id")
    }
