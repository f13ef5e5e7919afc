"""居民模拟器: a resident's WeChat and the duty phone side by side, on the real callback."""

from collections.abc import Coroutine
from dataclasses import dataclass

from nicegui import app, background_tasks, events, ui

from bot.console import demo_media
from bot.console.cards import build_card
from bot.console.delivery import Courier, message_xml
from bot.console.evidence import shown_inline
from bot.console.keyed import Keyed, Part, rebuilding
from bot.console.markup import Tap, segments
from bot.console.services import Services, local_seconds
from bot.console.simulation import FAULT, MAX_UPLOAD_BYTES, Chat, ChatLine, PhonePage, Simulation
from bot.console.theme import frame
from bot.intake.menu import Entry, Menu, Section
from bot.nlu.live_file import LiveFile

_POLL_SECONDS = 0.3
_RESIDENT = "simulated_resident"
_ACCOUNT = "gh_simulated"


@dataclass(frozen=True)
class Place:
    """A point on the map that a resident can send."""

    label: str
    latitude: float
    longitude: float


PLACES = (
    Place("沈阳市大东区大东路与小什字街路口", 41.8003, 123.4672),
    Place("沈阳市大东区中街东段地铁站A口", 41.8041, 123.4585),
    Place("沈阳市大东区万泉公园南门", 41.7937, 123.4811),
    Place("沈阳市大东区东中街8号3单元", 41.8022, 123.4703),
)


def register(services: Services, simulation: Simulation, courier: Courier, menu: LiveFile[Menu]) -> None:
    """Serve `/simulator`; where a real account is configured it only says that it is off."""

    @ui.page("/simulator", title="居民模拟器")
    async def simulator_page() -> None:
        if not services.settings.demo:
            _build_off(services)
            return
        page = _SimulatorPage(services, simulation, Sender(simulation, courier), menu)
        page.refresh()
        ui.timer(_POLL_SECONDS, page.refresh)


def _build_off(services: Services) -> None:
    with frame(services, active="/simulator"), ui.element("div").classes("all-quiet"):
        ui.label("居民模拟器没有开启").classes("all-quiet-title")
        ui.label("已接入真实公众号（设置了 FUJIN_WECHAT_APP_ID），模拟器自动关闭。").classes("all-quiet-hint")


class Sender:
    """Sends as a resident; the delivery goes on whether the browser stays or not."""

    def __init__(self, simulation: Simulation, courier: Courier) -> None:
        self._simulation, self._courier = simulation, courier

    async def text(self, chat: Chat, text: str, *, menu_id: str | None = None) -> None:
        """Send words, or the tap on a one-tap answer."""
        chat.add("resident", text, at=self._simulation.now())
        tapped = {"bizmsgmenuid": menu_id} if menu_id is not None else {}
        await self._deliver(chat, "text", {"Content": text, **tapped})

    async def file(self, chat: Chat, kind: str, content: bytes, content_type: str) -> None:
        """Send a picture, voice or video."""
        file = self._simulation.upload(kind, content, content_type)
        chat.add("resident", "", at=self._simulation.now(), kind=kind, media_id=file.media_id)
        more = {
            "image": {"PicUrl": f"/simulator/media/{file.media_id}"},
            "voice": {"Format": "amr"},
            "video": {"ThumbMediaId": ""},
        }
        await self._deliver(chat, kind, {"MediaId": file.media_id, **more[kind]})

    async def place(self, chat: Chat, place: Place) -> None:
        """Send a location."""
        chat.add("resident", place.label, at=self._simulation.now(), kind="location")
        point = {"Location_X": str(place.latitude), "Location_Y": str(place.longitude), "Scale": "16"}
        await self._deliver(chat, "location", {**point, "Label": place.label})

    async def event(self, chat: Chat, event: str, key: str, notice: str) -> None:
        """Tap a menu entry, or follow the account."""
        chat.add("notice", notice, at=self._simulation.now())
        await self._deliver(chat, "event", {"Event": event, "EventKey": key})

    async def _deliver(self, chat: Chat, kind: str, fields: dict[str, str]) -> None:
        if fields.get("Event") != "VIEW":  # WeChat opens the page by itself, which allows the account nothing
            self._simulation.allow(chat, event=kind == "event")
        now = self._simulation.now()
        xml_text = message_xml(account=_ACCOUNT, openid=chat.openid, sent_at=now, kind=kind, fields=fields)
        delivered = await self._courier.deliver(chat.openid, xml_text)
        if delivered.failed:
            chat.add("notice", FAULT, at=self._simulation.now())
        elif delivered.reply:
            chat.receive(delivered.reply, at=self._simulation.now())


class _SimulatorPage:
    """One browser's simulator."""

    def __init__(self, services: Services, simulation: Simulation, sender: Sender, menu: LiveFile[Menu]) -> None:
        self._services, self._simulation, self._sender, self._menu_file = services, simulation, sender, menu
        chosen = simulation.chats.get(str(app.storage.user.get(_RESIDENT)))
        self._chat = chosen or next(iter(simulation.chats.values()))
        with frame(services, active="/simulator"), ui.element("div").classes("stage"):
            with ui.element("section").classes("wechat-column"):
                self._build_residents()
                with ui.element("div").classes("wechat").props('aria-label="微信"'):
                    self._build_wechat()
            with ui.element("section").classes("duty-phone").props('aria-label="值班手机"'):
                ui.label("值班手机").classes("section-title")
                ui.label("值班民警的手机收到的提醒，最新的在上面。").classes("note")
                self._phone: Keyed[int, PhonePage] = Keyed(rebuilding(_build_page), classes="phone-list")
                self._no_pages = ui.label("还没有收到提醒。试着以居民身份发一句：有人拿刀在楼下砍人").classes("empty")

    def refresh(self) -> None:
        """Bring chat, menu and phone up to date."""
        self._menu.show(self._menu_file.current().shown)
        self._lines.show(((self._chat.openid, line.number), line) for line in self._chat.lines)
        self._phone.show((page.number, page) for page in self._simulation.phone)
        self._no_pages.set_visibility(not self._simulation.phone)

    def _build_residents(self) -> None:
        names = {chat.openid: chat.name for chat in self._simulation.chats.values()}
        toggle = ui.toggle(names, value=self._chat.openid, on_change=lambda e: self._choose(e.value))
        toggle.props("no-caps unelevated").classes("residents")

    def _choose(self, openid: str) -> None:
        app.storage.user[_RESIDENT] = openid
        self._chat = self._simulation.chats[openid]
        self.refresh()

    def _build_wechat(self) -> None:
        with ui.element("div").classes("wechat-top"):
            ui.label("‹").classes("wechat-back")
            ui.label(self._services.roster_file.current().station.name).classes("wechat-name")
            ui.label("···").classes("wechat-more")
        self._lines: Keyed[tuple[str, int], ChatLine] = Keyed(rebuilding(self._build_line), classes="wechat-lines")
        self._lines.box.props("data-stick")
        with ui.element("div").classes("wechat-bottom"):
            self._build_input()
            self._extras = ui.element("div").classes("wechat-extras")
            self._extras.set_visibility(False)
            with self._extras:
                self._build_extras()
            self._menu = Part(self._build_menu, classes="wechat-menu")

    def _build_menu(self, sections: tuple[Section, ...]) -> None:
        for section in sections:
            with ui.button(f"≡ {section.title}", color=None).props("flat no-caps"), ui.menu() as opened:
                opened.props('auto-close anchor="top middle" self="bottom middle"').classes("wechat-entries")
                for entry in section.shown:
                    ui.menu_item(entry.title, lambda entry=entry: self._tap_entry(entry))

    def _build_input(self) -> None:
        with ui.element("div").classes("wechat-input"):
            self._input = ui.input(placeholder="以居民身份发消息")
            self._input.props('dense outlined maxlength=2000 aria-label="消息"')
            # Enter while an input method composes picks a word; it does not send.
            self._input.on(
                "keydown.enter",
                lambda e: self._write(e.args),
                js_handler="(e) => { if (!e.isComposing && e.keyCode !== 229) emit(e.target.value); }",
            )
            more = ui.button("＋", on_click=self._toggle_extras, color=None)
            more.props('flat round aria-label="更多"').classes("wechat-plus")
            send = ui.button("发送", on_click=lambda: self._write(self._input.value), color=None)
            send.props("unelevated").classes("wechat-send")

    def _build_extras(self) -> None:
        upload = ui.upload(
            on_upload=self._uploaded,
            on_rejected=lambda: ui.notify("只能发10 MB以内的图片或视频", type="warning"),
            max_file_size=MAX_UPLOAD_BYTES,
            auto_upload=True,
        )
        upload.props('accept="image/*,video/*"').classes("wechat-upload")
        pick = f"() => document.querySelector('#{upload.html_id} input[type=file]').click()"
        self._extra("🖼", "相册").on("click", js_handler=pick)
        self._extra("🏢", "示例图片").on("click", lambda: self._send_file("image", demo_media.picture(), "image/png"))
        self._extra("🎤", "示例语音").on("click", lambda: self._send_file("voice", demo_media.voice(), "audio/wav"))
        with self._extra("📍", "位置"), ui.menu().props("auto-close"):
            for place in PLACES:
                ui.menu_item(place.label, lambda place=place: self._run(self._sender.place(self._chat, place)))
        self._extra("➕", "关注").on("click", self._follow)

    @staticmethod
    def _extra(icon: str, title: str) -> ui.element:
        button = ui.element("button").classes("extra").props("type=button")
        with button:
            ui.label(icon).classes("extra-icon")
            ui.label(title)
        return button

    def _toggle_extras(self) -> None:
        self._extras.set_visibility(not self._extras.visible)

    def _write(self, text: str | None) -> None:
        if text and text.strip():
            self._input.value = ""
            self._run(self._sender.text(self._chat, text))

    def _follow(self) -> None:
        self._run(self._sender.event(self._chat, "subscribe", "", "关注了公众号"))

    def _send_file(self, kind: str, content: bytes, content_type: str) -> None:
        self._run(self._sender.file(self._chat, kind, content, content_type))

    def _tap_entry(self, entry: Entry) -> None:
        if entry.url:
            ui.navigate.to(entry.url, new_tab=True)
            self._run(self._sender.event(self._chat, "VIEW", entry.url, f"打开了菜单里的网页「{entry.title}」"))
        else:
            self._run(self._sender.event(self._chat, "CLICK", entry.key, f"点击了菜单「{entry.title}」"))

    async def _uploaded(self, event: events.UploadEventArguments) -> None:
        content, content_type = await event.file.read(), event.file.content_type or ""
        kind = "video" if content_type.startswith("video/") else "image"
        self._send_file(kind, content, content_type)

    def _run(self, sending: Coroutine[None, None, None]) -> None:
        background_tasks.create(sending, name="simulated delivery")
        self._extras.set_visibility(False)

    def _build_line(self, line: ChatLine) -> None:
        if line.side == "notice":
            ui.label(line.text).classes("wechat-notice")
            return
        with ui.element("div").classes(f"wechat-row wechat-{line.side}"):
            ui.label("民" if line.side == "resident" else "警").classes("avatar")
            with ui.element("div").classes(f"wechat-bubble wechat-{line.kind}"):
                self._build_content(line)

    def _build_content(self, line: ChatLine) -> None:
        file = self._simulation.file(line.media_id) if line.media_id else None
        if line.kind == "text":
            for segment in segments(line.text) if line.side == "station" else [line.text]:
                if isinstance(segment, Tap):
                    answer = ui.label(segment.title).classes("tap").props("role=button tabindex=0")
                    answer.on("click", lambda tap=segment: self._tap(tap))
                else:
                    ui.label(segment).classes("wechat-words")
        elif line.article:
            build_card(line.article)
        elif line.kind == "location":
            ui.label(f"📍 {line.text}").classes("wechat-words")
            ui.label("位置").classes("wechat-hint")
        elif file is None or not shown_inline(file.content_type):
            ui.label(f"[{'图片' if line.kind == 'image' else '文件'}]").classes("wechat-words")
        elif line.kind == "image":
            ui.element("img").props(f'src="/simulator/media/{line.media_id}" alt="图片"')
        else:
            ui.element("audio" if line.kind == "voice" else "video").props(
                f'src="/simulator/media/{line.media_id}" controls preload=metadata'
            )

    def _tap(self, tap: Tap) -> None:
        self._run(self._sender.text(self._chat, tap.content, menu_id=tap.menu_id))


def _build_page(page: PhonePage) -> None:
    with ui.element("article").classes("phone-page"):
        with ui.element("div").classes("phone-head"):
            ui.label("系统巡检" if page.level < 0 else f"第{page.level + 1}级").classes("chip chip-plain")
            ui.label(page.officer).classes("phone-officer")
            ui.label(local_seconds(page.at)).classes("phone-at")
        ui.label(page.text).classes("phone-text")
        if page.case_id is not None:
            ui.link(f"打开案件{page.case_id}", f"/case/{page.case_id}").classes("open-case")
