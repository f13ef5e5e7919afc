"""What a resident has sent, on a page: words, places, and files, which are shown where that is safe."""

from nicegui import ui

from bot.console import maps
from bot.console.conversation import MediaFile, Said
from bot.console.evidence import shown_inline
from bot.console.keyed import Piece
from bot.console.markup import marked
from bot.console.reasons import in_chinese
from bot.console.services import local
from bot.console.sound import is_played


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
