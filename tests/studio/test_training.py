"""Which files make a model another one."""

from bot.intake.articles import ARTICLES
from bot.intake.menu import MENU
from bot.studio import training


def test_that_an_edit_of_the_menu_or_the_articles_needs_no_training() -> None:
    inputs = set(training._inputs())
    assert MENU.with_name("rules.yml") in inputs
    assert not {MENU, ARTICLES} & inputs
