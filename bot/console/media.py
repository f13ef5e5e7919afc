"""What a resident has sent, on a page: words, places, and files, which are shown where that is safe."""

from nicegui import ui

from bot.console.conversation import MediaFile, Said
from bot.console.evidence import shown_inline
from bot.console.markup import marked
from bot.console.reasons import in_chinese
from bot.console.services import local


def build_said(said: Said, words: tuple[str, ...] = ()) -> None:
    """A resident's message, with the words marked that carried its label."""
    with ui.element("div").classes("bubble-row bubble-resident"), ui.element("div").classes("bubble"):
        if said.text and not said.media:
            # marked() escapes the resident's words.
            ui.html(marked(said.text, words), sanitize=False).classes("bubble-text")
        if said.place:
            ui.label(f"坐标 {said.place}（纬度, 经度）").classes("place")
        for media in said.media:
            build_media(media)
        if said.transcript:
            ui.label("语音转写（机器转写，可能有错）").classes("media-wait")
            ui.html(marked(said.transcript, words), sanitize=False).classes("bubble-text")
        ui.label(f"居民 · {local(said.at)}").classes("bubble-foot")


def build_media(media: MediaFile) -> None:
    """The file, or why it is not there."""
    if not media.sha256:
        ui.label(f"文件取回失败：{in_chinese(media.error)}" if media.error else "文件取回中…").classes("media-wait")
        return
    address = f"/evidence/{media.sha256}"
    family = (media.content_type or "").split("/")[0] if shown_inline(media.content_type) else "file"
    if family == "image":
        with ui.element("a").props(f'href="{address}" target=_blank rel=noopener'):
            ui.element("img").props(f'src="{address}" alt="居民发来的图片" loading=lazy').classes("media-picture")
    elif family in {"audio", "video"}:
        ui.element(family).props(f'src="{address}" controls preload=metadata').classes(f"media-{family}")
    else:
        ui.link(f"下载文件（{(media.size or 0) // 1024} KB）", address)
    ui.label(f"SHA-256 {media.sha256[:12]}…").classes("digest")
