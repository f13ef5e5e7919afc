"""The simulated platform's memory: a few residents with their chats, uploaded files, and the duty phone."""

import secrets
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from bot.wechat.outbound import Article, Content

FAULT = "该公众号提供的服务出现故障，请稍后再试"
"""What WeChat shows a resident when the callback failed three times or answered something unreadable."""
MESSAGE_BUDGET, MESSAGE_WINDOW_SECONDS = 5, 48 * 3600
EVENT_BUDGET, EVENT_WINDOW_SECONDS = 3, 60
MAX_UPLOAD_BYTES = 10 * 1024 * 1024
_FILES_KEPT, _LINES_KEPT, _PAGES_KEPT = 40, 300, 200

Side = Literal["resident", "station", "notice"]


@dataclass(frozen=True)
class File:
    """An uploaded picture, voice or video."""

    media_id: str
    kind: str
    content: bytes
    content_type: str


@dataclass(frozen=True)
class ChatLine:
    """One bubble, or a grey notice, in a resident's chat."""

    number: int
    side: Side
    kind: str
    text: str
    at: float
    media_id: str = ""
    article: Article | None = None


@dataclass(frozen=True)
class PhonePage:
    """A page as it arrived at the demo phone; `at` is Unix time in seconds."""

    number: int
    at: float
    case_id: int | None
    level: int
    officer: str
    text: str


@dataclass
class Grant:
    """How many customer-service messages a resident's own action allows, and until when (Unix seconds)."""

    left: int
    until: float


@dataclass
class Chat:
    """One resident and what that resident sees."""

    openid: str
    name: str
    lines: deque[ChatLine] = field(default_factory=lambda: deque(maxlen=_LINES_KEPT))
    grants: list[Grant] = field(default_factory=list)
    _numbers: int = 0

    def add(
        self,
        side: Side,
        text: str,
        *,
        at: float,
        kind: str = "text",
        media_id: str = "",
        article: Article | None = None,
    ) -> None:
        """Append a line."""
        self._numbers += 1
        self.lines.append(ChatLine(self._numbers, side, kind, text, at, media_id, article))

    def receive(self, content: Content | File, *, at: float) -> None:
        """Append what the station says: words, a card or a picture."""
        if isinstance(content, File):
            self.add("station", "", at=at, kind=content.kind, media_id=content.media_id)
        elif isinstance(content, Article):
            self.add("station", content.as_text(), at=at, kind="article", article=content)
        else:
            self.add("station", content, at=at)


class Simulation:
    """All of it, in the memory of one process; used from one event loop only."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self.now = now
        chats = [Chat(f"oDemo{letter}" + "0" * 20, f"居民{name}") for letter, name in ("A甲", "B乙", "C丙")]
        self.chats = {chat.openid: chat for chat in chats}
        self.phone: deque[PhonePage] = deque(maxlen=_PAGES_KEPT)
        self._seen_pages: dict[str, None] = {}
        self._page_numbers = 0
        self._files: dict[str, File] = {}
        self._token, self._token_until = "", 0.0

    def token(self) -> tuple[str, int]:
        """The access token and how many seconds it still holds; like `stable_token`, the same one until it expires."""
        if self.now() >= self._token_until:
            self._token, self._token_until = secrets.token_urlsafe(48), self.now() + 7200
        return self._token, int(self._token_until - self.now())

    def token_valid(self, token: str) -> bool:
        """Whether this is the present token."""
        return secrets.compare_digest(token.encode(), self._token.encode()) and self.now() < self._token_until

    def upload(self, kind: str, content: bytes, content_type: str) -> File:
        """Keep a file as the platform does; the oldest go when there are too many."""
        file = File(secrets.token_urlsafe(24), kind, content, content_type)
        self._files[file.media_id] = file
        while len(self._files) > _FILES_KEPT:
            del self._files[next(iter(self._files))]
        return file

    def file(self, media_id: str) -> File | None:
        """An uploaded file, unless it has gone."""
        return self._files.get(media_id)

    def allow(self, chat: Chat, *, event: bool) -> None:
        """The resident did something: the account may send again."""
        if event:
            chat.grants.append(Grant(EVENT_BUDGET, self.now() + EVENT_WINDOW_SECONDS))
        else:
            chat.grants = [Grant(MESSAGE_BUDGET, self.now() + MESSAGE_WINDOW_SECONDS)]

    def spend(self, chat: Chat) -> int:
        """Use one customer-service message; 0, or the platform's error code why not."""
        chat.grants = [grant for grant in chat.grants if grant.until > self.now()]
        if not chat.grants:
            return 45015
        for grant in chat.grants:
            if grant.left:
                grant.left -= 1
                return 0
        return 45047

    def receive_page(self, body: dict[str, Any], key: str | None) -> None:
        """A page reaches the demo phone; a repetition with the same idempotency key is the same page."""
        if key:
            if key in self._seen_pages:
                return
            self._seen_pages[key] = None
            if len(self._seen_pages) > 10 * _PAGES_KEPT:
                del self._seen_pages[next(iter(self._seen_pages))]
        self._page_numbers += 1
        case_id, level = body.get("case_id"), body.get("level")
        self.phone.appendleft(
            PhonePage(
                number=self._page_numbers,
                at=self.now(),
                case_id=case_id if isinstance(case_id, int) else None,
                level=level if isinstance(level, int) else -1,
                officer=str(body.get("officer", "")),
                text=str(body.get("text", "")),
            )
        )
