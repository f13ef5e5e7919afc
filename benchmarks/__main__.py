"""`python -m benchmarks`: measure Fujin and the stock bot in one run, and write docs/benchmark.md."""

import argparse
import asyncio
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from benchmarks import history, screen
from benchmarks.load import Timing, burst, closed_loop, percentile, to_gateway, to_stock
from benchmarks.stock import EPOCHS, StockModel, StockServer, scaled, timed, train_stock
from bot.settings import ROOT, Settings
from bot.store.models import Case, Resident
from bot.studio import training
from tests.stack import Stack
from tests.world import Asked, FakePhone, FakePlatform

OUT = ROOT / "docs" / "benchmark.md"
CACHE = ROOT / "var" / "bench"
SEED = 7
_AGAIN = "Fujin again"
STOCK, ALARMS, HISTORY, MEMORY = "Beside a stock bot", "From an alarm to those who act", "Over a long history", "Memory"
SECTIONS = (STOCK, ALARMS, HISTORY, MEMORY)
"""The page's sections, in order."""
_HEAD = """# Benchmark

Written by `make bench`, a section at a time. The load generator, the officers' phone and the WeChat platform run on the
same machine and take their share.
"""
ALONE, TOGETHER, BURST, IDLE_ALARMS, SCREEN_ALARMS = 200, 1000, 500, 40, 30


@dataclass
class Results:
    """Everything measured in one run."""

    alone: dict[str, Timing] = field(default_factory=dict)
    together: dict[str, Timing] = field(default_factory=dict)
    page_idle: list[float] = field(default_factory=list)
    page_burst: list[float] = field(default_factory=list)
    on_screen: list[float] = field(default_factory=list)
    burst: Timing | None = None
    unpaged: int = 0
    train_seconds: dict[str, float] = field(default_factory=dict)
    train_cpu_seconds: dict[str, float] = field(default_factory=dict)
    start_seconds: dict[str, float] = field(default_factory=dict)
    memory_mb: dict[str, float] = field(default_factory=dict)


class TimedPhone(FakePhone):
    """An officer's phone that remembers when the first page of each case came (Unix time)."""

    def __init__(self) -> None:
        self.arrived: dict[int, float] = {}
        super().__init__()
        answer = self.respond

        def respond(asked: Asked):  # type: ignore[no-untyped-def]
            self.arrived.setdefault(asked.json()["case_id"], time.time())
            return answer(asked)

        self.respond = respond


def messages() -> tuple[list[str], list[str]]:
    """The test messages, shuffled by a fixed seed: all texts, and those labelled urgent."""
    rows = [json.loads(line) for line in (ROOT / "nlu_data/test/messages.jsonl").read_text("utf-8").splitlines()]
    random.Random(SEED).shuffle(rows)
    return [row["text"] for row in rows], [row["text"] for row in rows if row["label"] == "urgent_alarm"]


def cycle(texts: list[str], count: int) -> list[str]:
    """The first `count` texts, begun again as often as needed."""
    return [texts[number % len(texts)] for number in range(count)]


def measure_fujin(results: Results, folder: Path) -> None:
    """Start Fujin as a user does and load it through the callback."""
    texts, urgent = messages()
    phone, wechat = TimedPhone(), FakePlatform()
    stack = Stack(
        folder,
        {
            "FUJIN_WECHAT_APP_ID": "wxbench",
            "FUJIN_WECHAT_APP_SECRET": "secret",
            "FUJIN_WECHAT_TOKEN": "token",
            "FUJIN_WECHAT_AES_KEY": "b" * 42 + "A",
            "FUJIN_WECHAT_API_BASE": wechat.url,
            "FUJIN_GATEWAY_HOST": "127.0.0.1",
            "FUJIN_PAGE_CHANNELS": phone.channel,
            "FUJIN_LOG_LEVEL": "WARNING",
        },
    )
    try:
        results.start_seconds["Fujin"] = stack.start()
        posted: dict[str, float] = {}
        send = to_gateway(stack.account, stack.gateway_url, posted)
        asyncio.run(closed_loop(send, 4, texts[:40]))  # warm
        results.alone["Fujin"] = asyncio.run(closed_loop(send, 1, cycle(texts, ALONE)))
        results.together["Fujin"] = asyncio.run(closed_loop(send, 20, cycle(texts, TOGETHER)))
        results.page_idle = idle_pages(stack, phone, cycle(urgent, IDLE_ALARMS))
        results.on_screen = screen.measure(stack, cycle(urgent, SCREEN_ALARMS))
        results.burst = asyncio.run(burst(send, cycle(texts, BURST)))
        time.sleep(8)
        results.page_burst, results.unpaged = burst_pages(stack, phone, posted)
        results.memory_mb |= {f"Fujin: {name}": memory(pid) for name, pid in stack.processes().items()}
    finally:
        stack.stop()
        phone.close()
        wechat.close()


def idle_pages(stack: Stack, phone: TimedPhone, texts: list[str]) -> list[float]:
    """Seconds from POST to page, one alarm at a time; texts that the model does not page for are left out."""
    found = []
    for number, text in enumerate(texts):
        posted: dict[str, float] = {}
        before = set(phone.arrived)
        send = to_gateway(stack.account, stack.gateway_url, posted)
        asyncio.run(
            burst(
                lambda session, sender, words, send=send, number=number: send(session, f"oIdle{number}", words), [text]
            )
        )  # type: ignore[misc]
        time.sleep(0.3)
        if new := set(phone.arrived) - before:
            found.append(phone.arrived[min(new)] - posted[f"oIdle{number}"])
    return found


def burst_pages(stack: Stack, phone: TimedPhone, posted: dict[str, float]) -> tuple[list[float], int]:
    """Seconds from POST to the first page of each alarm of the burst, and how many alarms have no page."""
    store = stack.store
    with store.reading() as session:
        rows = session.execute(
            sa.select(Resident.openid, Case.id)
            .join(Resident, Resident.id == Case.resident_id)
            .where(Case.label == "urgent_alarm", Resident.openid.startswith("oBurst"))
        ).all()
    store.close()
    return (
        [phone.arrived[row.id] - posted[row.openid] for row in rows if row.id in phone.arrived],
        sum(row.id not in phone.arrived for row in rows),
    )


def measure_stock(results: Results, settings: Settings, stock: StockModel) -> None:
    """Load the stock bot with the same messages."""
    texts, _ = messages()
    server = StockServer(settings, stock)
    try:
        results.start_seconds["stock"] = server.start_seconds
        send = to_stock(server.url)
        asyncio.run(closed_loop(send, 4, texts[:40]))
        results.alone["stock"] = asyncio.run(closed_loop(send, 1, cycle(texts, ALONE)))
        results.together["stock"] = asyncio.run(closed_loop(send, 20, cycle(texts, TOGETHER)))
        results.memory_mb["stock: rasa"] = memory(server.pid)
    finally:
        server.stop()


def measure_training(results: Results, settings: Settings, stock: StockModel, folder: Path) -> None:
    """Train Fujin's model in a folder of its own, from nothing and again with what that embedded; the stock bot's time
    was taken when it was trained."""
    command = [str(settings.rasa_python), "-m", "rasa", "train", "--data", "nlu_data", "--force", "--out", str(folder)]
    results.train_seconds["stock"], results.train_cpu_seconds["stock"] = stock.train_seconds, stock.train_cpu_seconds
    for name in ("Fujin", _AGAIN):
        taken = timed(command, ROOT, FUJIN_EMBEDDINGS=str(folder))
        results.train_seconds[name], results.train_cpu_seconds[name] = taken


def memory(pid: int) -> float:
    """Resident memory of a process in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def beside_stock(results: Results, stock_model: StockModel) -> list[str]:
    """The section that compares with the stock bot."""
    ms = 1000

    def row(name: str, figure: str, fujin: float, stock: float, digits: int = 0) -> str:
        return f"| {name} | {figure} | {fujin:.{digits}f} | {stock:.{digits}f} | {fujin / stock:.2f} |"

    lines = [
        "Stock bot: Rasa 3.6.21, jieba, DIET and ResponseSelector, RulePolicy, REST channel, SQLite tracker, on the "
        f"same training messages. {training_note(stock_model)}",
        "Fujin: the whole path, from the signed and encrypted POST at the gateway to the encrypted passive reply, "
        "stored durably in SQLite (synchronous=FULL), cases and pages included.",
        "",
        "| load | figure | Fujin | stock | ratio |",
        "| --- | --- | ---: | ---: | ---: |",
    ]
    for name, timings in (("1 resident", results.alone), ("20 residents", results.together)):
        fujin, stock = timings["Fujin"], timings["stock"]
        lines += [
            row(name, "messages a second", fujin.per_second, stock.per_second, 1),
            row(name, "POST to reply, p50, ms", fujin.percentile(0.5) * ms, stock.percentile(0.5) * ms),
            row(name, "POST to reply, p99, ms", fujin.percentile(0.99) * ms, stock.percentile(0.99) * ms),
        ]
    return [
        *lines,
        *(
            row(name, figure, taken[of], taken["stock"])
            for name, of in (("first training", "Fujin"), ("training after a change", _AGAIN))
            for figure, taken in (
                ("seconds", results.train_seconds),
                ("processor seconds", results.train_cpu_seconds),
            )
        ),
        row("start", "seconds until ready", results.start_seconds["Fujin"], results.start_seconds["stock"], 1),
    ]


def of_alarms(results: Results) -> list[str]:
    """The section on the way of an alarm."""
    ms = 1000
    lines = [
        "| from the POST of an alarm | alarms | p50, ms | p99, ms | longest, ms |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, seconds in (
        ("to its page, idle", results.page_idle),
        ("to its card on the desk in a browser, idle", results.on_screen),
        (f"to its page, in a burst of {BURST} messages", results.page_burst),
    ):
        p50, p99 = percentile(seconds, 0.5) * ms, percentile(seconds, 0.99) * ms
        lines.append(f"| {name} | {len(seconds)} | {p50:.0f} | {p99:.0f} | {max(seconds) * ms:.0f} |")
    assert results.burst
    return [
        *lines,
        "",
        f"In the burst, alarms without a page after 8 s: {results.unpaged}. Callback answered, p50 "
        f"{results.burst.percentile(0.5) * ms:.0f} ms, p99 {results.burst.percentile(0.99) * ms:.0f} ms, longest "
        f"{max(results.burst.answers) * ms:.0f} ms; {results.burst.worded} of {BURST} with the reply in it, the others "
        "with `success` and the reply as a customer-service message.",
        "",
        *(
            f"{name}: {timing.per_second:.1f} messages a second, POST to reply p50 {timing.percentile(0.5) * ms:.0f} "
            f"ms, p99 {timing.percentile(0.99) * ms:.0f} ms."
            for name, timing in (
                ("One resident", results.alone["Fujin"]),
                ("Twenty residents", results.together["Fujin"]),
            )
        ),
    ]


def of_memory(results: Results) -> list[str]:
    """The section on the processes."""
    rows = (f"| {name} | {size:.0f} |" for name, size in results.memory_mb.items())
    return ["| process | resident memory, MiB |", "| --- | ---: |", *rows]


def write_page(measured: Mapping[str, list[str]], commit: str, out: Path = OUT) -> None:
    """Write the sections that were measured, each with its day and commit; the others stay as they are."""
    _, *kept = out.read_text(encoding="utf-8").split("\n## ") if out.exists() else [""]
    sections = {title: body.strip() for title, _, body in (part.partition("\n") for part in kept)}
    when = f"*Measured on {time.strftime('%Y-%m-%d')}, commit {commit}. Machine: {machine()}.*"
    sections |= {title: "\n".join([when, "", *lines]).strip() for title, lines in measured.items()}
    titles = [title for title in SECTIONS if title in sections]
    out.write_text("\n".join([_HEAD, *(f"## {title}\n{sections[title]}\n" for title in titles)]), encoding="utf-8")


def training_note(stock: StockModel) -> str:
    """How the stock bot's training time was found."""
    if stock.epochs == EPOCHS and stock.share == 1:
        return f"It was trained for {EPOCHS} epochs on {stock.trained_on}."
    part = "all messages" if stock.share == 1 else f"{stock.share:.0%} of the messages"
    faster = "" if stock.share == 1 else " (rather faster than one that knows more words)"
    return (
        f"It was trained for {stock.epochs} epochs only, on {part}, on {stock.trained_on}, and answers as fast as any"
        f"{faster}; its training time is **computed** for {EPOCHS} epochs over all messages from measured trainings of "
        f"{stock.epochs - 2} and {stock.epochs}."
    )


def machine() -> str:
    """Processor, cores, memory."""
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {os.cpu_count()} cores, {memory_gib:.0f} GiB, Python {platform.python_version()}"


def main() -> None:
    """Measure everything and write the page."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument(
        "--stock-epochs", type=int, default=EPOCHS, help="fewer than 100: its training time is scaled"
    )
    arguments.add_argument("--stock-share", type=float, default=1.0, help="below 1: trained on a share of the messages")
    arguments.add_argument("--only", choices=("stock", "alarms", "history"), help="measure a part of it")
    parsed = arguments.parse_args()
    git = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    settings, results = Settings(), Results()
    measured: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory(prefix="fujin-bench-") as scratch:
        stock = None
        if parsed.only in (None, "stock"):
            stock = trained_stock(settings, parsed.stock_epochs, parsed.stock_share)
            step("training Fujin's model")
            measure_training(results, settings, stock, Path(scratch) / "models")
            step("loading the stock bot")
            measure_stock(results, settings, stock)
        training.train(settings)
        if parsed.only != "history":
            step("loading Fujin")
            measure_fujin(results, Path(scratch) / "fujin")
            measured |= {ALARMS: of_alarms(results), MEMORY: of_memory(results)}
            measured |= {STOCK: beside_stock(results, stock)} if stock else {}
        if parsed.only in (None, "history"):
            step("a million cases")
            measured[HISTORY] = history.report(history.measure(Path(scratch)))
    write_page(measured, commit)
    step(f"written {OUT}")


def trained_stock(settings: Settings, epochs: int, share: float) -> StockModel:
    """The stock bot; its training time computed where it was trained for less than what it takes."""
    step(f"training the stock bot, {epochs} epochs (once for this data)")
    stock = train_stock(settings, CACHE, epochs, share)
    return stock if epochs == EPOCHS else scaled(train_stock(settings, CACHE, epochs - 2, share), stock)


def step(text: str) -> None:
    """Tell what is going on."""
    print(f"== {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
