"""Picture cards as WeChat shows them, the same in the simulator and on a case's page."""

from nicegui import ui

from bot.wechat.outbound import Article


def build_card(article: Article) -> None:
    """A card; a press opens its page in a new tab."""
    with ui.link(target=article.url, new_tab=True).classes("article-card"):
        ui.label(article.title).classes("article-title")
        if article.picture:
            picture = ui.element("img").props('alt="文章图片" loading=lazy referrerpolicy=no-referrer')
            picture.classes("article-picture").props["src"] = article.picture
        if article.description:
            ui.label(article.description).classes("article-words")
        ui.label("阅读全文 ›").classes("article-more")
