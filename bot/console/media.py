"""What was said, on a page: words, places, and files, which are shown where that is safe."""

from nicegui import ui

from bot.console import maps
from bot.console.cards import build_card
from bot.console.conversation import Answered, MediaFile, Said
from bot.console.evidence import shown_inline
from bot.console.keyed import Piece
from bot.console.markup import Tap, marked, segments
from bot.console.reasons import in_chinese
from bot.console.services import local
from bot.console.sound import is_played
from bot.store.models import WorkState

SENT = {WorkState.DONE: "已送达", WorkState.PENDING: "待发", WorkState.FAILED: "未送达", WorkState.CANCELLED: "已取消"}
"""How far a reply got."""


def build_entry(entry: Said | Answered, words: tuple[str, ...] = ()) -> None:
    """A message or a reply, as its kind is."""
    if isinstance(entry, Said):
        build_said(entry, words)
    else:
        build_answered(entry)


def build_said(said: Said, words: tuple[str, ...] = ()) -> None:
    """A resident's message, with the words marked that carried its label."""
    with ui.element("div").classes("bubble-row bubble-resident"), ui.element("div").classes("bubble"):
        if said.text and not said.media:
            Piece(marked(said.text, words), classes="bubble-text")
        if said.place:
            ui.label(f"坐标 {said.place}（纬度, 经度）").classes("place")
            maps.build_link("在地图上看", maps.of_point(said.place))
        for media in said.media:
            build_media(media)
        if said.transcript:
            ui.label("语音转写（机器转写，可能有错）").classes("media-wait")
            Piece(marked(said.transcript, words), classes="bubble-text")
        foot = f"{said.speaker} · {local(said.at)}"
        if not said.read_by:
            ui.label(foot).classes("bubble-foot")
            return
        with ui.element("details").classes("bubble-foot bubble-read"):
            with ui.element("summary"):
                ui.label(foot)
            ui.label(f"读这条消息的：{said.read_by}")


def build_answered(answer: Answered) -> None:
    """A reply to the resident, and how far it got."""
    with ui.element("div").classes("bubble-row bubble-station"), ui.element("div").classes("bubble"):
        if answer.article:
            build_card(answer.article)
        if answer.picture:
            build_picture(answer.picture, "民警发的图片")
        for segment in segments("" if answer.article or answer.picture else answer.text):
            if isinstance(segment, Tap):
                ui.label(segment.title).classes("tap tap-shown")
            else:
                ui.label(segment).classes("bubble-text")
        author = "机器人" if answer.author == "bot" else answer.author
        state = SENT.get(WorkState(answer.state), answer.state)
        with ui.element("div").classes("bubble-foot"):
            to = f"发给{answer.to} · " if answer.to else ""
            ui.label(f"{author} · {to}{local(answer.at)} · ")
            ui.label(state).classes(f"sent-{answer.state}")
        if answer.error:
            ui.label(f"原因：{in_chinese(answer.error)}").classes("reason")


def build_picture(digest: str, title: str) -> None:
    """A picture that a press enlarges (static/console.js); without the script it opens in a new tab."""
    address = f"/evidence/{digest}"
    with ui.element("a").props(f'href="{address}" target=_blank rel=noopener data-picture'):
        ui.element("img").props(f'src="{address}" alt="{title}" loading=lazy').classes("media-picture")


def build_media(media: MediaFile) -> None:
    """The file, or why it is not there."""
    if not media.sha256:
        ui.label(f"文件取回失败：{in_chinese(media.error)}" if media.error else "文件取回中…").classes("media-wait")
        return
    address = f"/evidence/{media.sha256}"
    family = (media.content_type or "").split("/")[0] if shown_inline(media.content_type) else "file"
    if media.kind == "voice" and family == "file":
        family = "audio"  # what the platform calls it need not be a type that is known
    if family == "image":
        build_picture(media.sha256, "居民发来的图片")
    elif family == "audio":
        played = address if is_played(media.content_type) else f"{address}/sound.wav"
        ui.element("audio").props(f'src="{played}" controls preload=none').classes("media-audio")
        ui.link("原始文件", address).classes("media-original").props("download")
    elif family == "video":
        ui.element("video").props(f'src="{address}" controls preload=metadata').classes("media-video")
        ui.link("原始文件", address).classes("media-original").props("download")
    else:
        ui.link(f"下载文件（{(media.size or 0) // 1024} KB）", address)
    ui.label(f"SHA-256 {media.sha256[:12]}…").classes("digest")
