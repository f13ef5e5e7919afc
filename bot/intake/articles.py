"""The account's articles, as trainers list them in `nlu_data/articles.yml`."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter

from bot.intake import trainers_file
from bot.intake.trainers_file import OptionalWebAddress, WebAddress, Written
from bot.intake.understanding import BotReply
from bot.nlu.live_file import LiveFile
from bot.nlu.project import NLU_DATA
from bot.wechat.outbound import Article

ARTICLES = NLU_DATA / "articles.yml"
OTHERS = 5
"""How many titles are listed beside the latest article."""
_NONE_YET = "这里还没有文章。有事直接打字问我就行。"


class Published(Written):
    """One article."""

    title: Annotated[str, Field(min_length=1, max_length=64)]
    description: Annotated[str, Field(max_length=60)]
    url: WebAddress
    picture: OptionalWebAddress = ""
    date: dt.date


_File = TypeAdapter(tuple[Published, ...])


def load(path: Path = ARTICLES) -> tuple[Published, ...]:
    """Read the articles, the latest first. Raises TrainersFileError."""
    published = trainers_file.read(path, _File)
    return tuple(sorted(published, key=lambda article: article.date, reverse=True))


def live(path: Path = ARTICLES) -> LiveFile[tuple[Published, ...]]:
    """The articles that follow their file."""
    return trainers_file.live(path, load, otherwise=())


def replies(articles: Sequence[Published]) -> Sequence[BotReply]:
    """The latest as a card, which must be the first message: WeChat takes one article for each. Then the others."""
    if not articles:
        return [BotReply(_NONE_YET)]
    latest, *others = articles
    card = Article(latest.title, latest.description, latest.url, latest.picture)
    if not others:
        return [BotReply(article=card)]
    lines = [f"{article.date:%Y-%m-%d} {article.title}\n{article.url}" for article in others[:OTHERS]]
    return [BotReply(article=card), BotReply("\n".join(["往期文章：", *lines]))]
