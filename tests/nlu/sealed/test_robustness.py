"""What must not change the label of a message, and what must: read by the trained model itself.

Dress that carries no meaning (full width, traditional characters, punctuation, known typos) must change nothing at
all. Politeness, emoji, a lost character or a second sentence may shake a message that was read with little
confidence; how many it may shake is a floor. FUJIN_TEST_MODEL names the model (`make test` sets it).
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rasa")

from opencc import OpenCC
from rasa.core.agent import Agent

from bot.nlu.channel import _reader
from bot.nlu.dataset import Dataset

SAMPLE = 300
TO_TRADITIONAL = OpenCC("s2t")
FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
TYPOS = [
    (right, wrong)
    for wrong, right, *_ in (
        line.split("\t")
        for line in Path("nlu_data/typos.tsv").read_text(encoding="utf-8").splitlines()
        if line.strip() and not line.startswith("#")
    )
    if not wrong.isascii()
]


@lru_cache(maxsize=1)
def agent() -> Agent:
    model = os.environ.get("FUJIN_TEST_MODEL")
    if not model:
        pytest.fail("FUJIN_TEST_MODEL is not set: run `make test`, or set it to the path that `fujin train` prints")
    return Agent.load(model)


def labels(texts: list[str]) -> list[str]:
    async def read() -> list[dict[str, Any]]:
        reader = _reader(agent())
        return list(await asyncio.gather(*(reader.parse(text) for text in texts)))

    return [parsed["triage"]["label"] for parsed in asyncio.run(read())]


@lru_cache(maxsize=1)
def sample() -> tuple[tuple[str, str], ...]:
    """Test messages with the labels that they are given, right or wrong."""
    texts = [message.text for message in Dataset().test]
    chosen = random.Random(11).sample(texts, SAMPLE)
    return tuple(zip(chosen, labels(chosen), strict=True))


def shaken(change: Callable[[str], str], among: tuple[tuple[str, str], ...]) -> list[tuple[str, str, str]]:
    """(changed text, label before, label after) where the label is another one."""
    texts = [change(text) for text, _ in among]
    return [
        (text, before, after)
        for text, (_, before), after in zip(texts, among, labels(texts), strict=True)
        if after != before
    ]


def with_a_typo(text: str) -> str:
    right, wrong = next(((right, wrong) for right, wrong in TYPOS if right in text), ("", ""))
    return text.replace(right, wrong, 1) if right else text


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda text: text.translate(FULL_WIDTH), id="full width"),
        pytest.param(lambda text: text.replace("！", "！！！！").replace("。", "。。。"), id="more of the same sign"),
        pytest.param(lambda text: "\u200b".join(text), id="invisible signs"),
        pytest.param(lambda text: f"  {text}\n", id="space around"),
        pytest.param(str.upper, id="capitals"),
    ],
)
def test_that_dress_without_meaning_changes_no_label(change: Callable[[str], str]) -> None:
    assert shaken(change, sample()) == []


def test_that_traditional_characters_change_hardly_a_label() -> None:
    """The way there and back is not always the same character, so a few messages really differ."""
    assert len(shaken(TO_TRADITIONAL.convert, sample())) <= 0.01 * SAMPLE


def test_that_known_typos_change_no_label() -> None:
    with_one = tuple(item for item in sample() if with_a_typo(item[0]) != item[0])
    assert len(with_one) >= 10
    assert len(shaken(with_a_typo, with_one)) <= 0.05 * len(with_one)


def without_one_character(text: str) -> str:
    if len(text) < 12:
        return text
    place = random.Random(text).randrange(1, len(text) - 1)
    return text[:place] + text[place + 1 :]


@pytest.mark.parametrize(
    ("change", "floor"),
    [
        pytest.param(lambda text: f"您好，麻烦问一下，{text}，谢谢", 0.95, id="politeness"),
        pytest.param(lambda text: f"民警同志辛苦了。{text}", 0.95, id="a greeting before"),
        pytest.param(lambda text: f"{text}🙏", 0.97, id="an emoji"),
        pytest.param(lambda text: f"{text}！！！", 0.95, id="exclamation marks"),
        pytest.param(without_one_character, 0.95, id="a lost character"),
        pytest.param(lambda text: text.replace("，", " ").replace("。", " "), 0.95, id="spaces for punctuation"),
    ],
)
def test_that_little_things_rarely_change_a_label(change: Callable[[str], str], floor: float) -> None:
    changed = shaken(change, sample())
    assert len(changed) <= (1 - floor) * SAMPLE, changed


@pytest.mark.parametrize("more", ["。另外问一下身份证几天能取", "，顺便问问你们周六上班吗", "。我家狗证还没办呢"])
def test_that_an_alarm_stays_one_beside_a_question(more: str) -> None:
    emergencies = [message.text for message in Dataset().test if message.label == "urgent_alarm"][::4]
    alarms = tuple(item for item in zip(emergencies, labels(emergencies), strict=True) if item[1] == "urgent_alarm")
    lost = shaken(lambda text: text.rstrip("。！ ") + more, alarms)
    assert len(lost) <= 0.10 * len(alarms), lost


PAIRS = [
    ("我家厨房着火了", "我家厨房上个月着过火，现在想开个火灾证明找谁"),
    ("有人在撬我家门锁", "门锁是我自己撬的，没事了，不用来了"),
    ("我爸走丢了，到现在没找着", "我爸找到了，刚才报的警取消吧"),
    ("他现在拿着刀堵在门口", "他前年拿刀堵过我的门，早离婚了，想问保护令怎么申请"),
    ("孩子不见了，在商场里", "孩子找着了，在玩具店看动画片呢，谢谢民警"),
    ("我刚给骗子转了两万", "去年被骗的两万一直没信儿，想补个材料"),
    ("老太太晕倒在楼道里叫不醒", "上周晕倒的老太太出院了，想谢谢出警的民警"),
    ("屋里全是煤气味，头疼", "煤气味的事解决了，燃气公司换了阀门，不用来了"),
    ("有人站在天台边上要往下跳", "昨晚看的电影里有人站在天台边上要往下跳"),
    ("两伙人在烧烤店门口打起来了", "昨天烧烤店门口打架的视频你们要不要，我手机里有"),
    ("他正掐着我妈脖子", "要是有人掐别人脖子算不算故意伤害"),
    ("狗正咬着孩子的腿不松口", "小区里有家养大狼狗从来不拴绳"),
    ("有个男的一直跟着我，我进便利店了", "总觉得晚上那条路黑，想请你们多巡逻"),
    ("楼下车里锁着个小孩，哭得脸通红", "车钥匙锁车里了，没有人在里面，能帮开吗"),
    ("河里有人在扑腾，快沉了", "河边总有人野泳，能不能立个牌子"),
    ("我不想活了，药已经吃了", "加班加得不想活了哈哈，奶茶续命"),
    ("他把我锁在屋里不让走，手机快没电了", "我把自己锁在门外了，能叫个开锁的吗"),
    ("前面有人抢包往北跑了", "身份证跟包一起被抢好久了，现在想补办身份证"),
    ("我妈正在银行给那个假警察汇钱", "有个自称警察的电话让我汇钱，我没理，是骗子吧"),
    ("楼上小两口打起来了，孩子哭女的喊救命", "楼上小两口天天吵架，半夜也吵，影响休息"),
]


def test_that_a_resolved_past_or_imagined_danger_changes_the_label() -> None:
    now = labels([danger for danger, _ in PAIRS])
    then = labels([calm for _, calm in PAIRS])
    missed = [danger for (danger, _), label in zip(PAIRS, now, strict=True) if label != "urgent_alarm"]
    wolf = [calm for (_, calm), label in zip(PAIRS, then, strict=True) if label == "urgent_alarm"]
    assert missed == []
    assert len(wolf) <= 1, wolf
