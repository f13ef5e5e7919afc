import sqlalchemy as sa

from bot.duty import presence
from bot.store.models import DeskPresence
from bot.store.session import Store
from tests.world import FakeClock


def connected(store: Store, clock: FakeClock, officer: str) -> bool:
    with store.reading() as session:
        return presence.connected(session, officer, clock.now())


def seen(store: Store, clock: FakeClock, client: str, officer: str, *, audible: bool = True) -> None:
    with store.transaction() as session:
        presence.seen(session, client, officer, audible=audible, now=clock.now())


def test_that_a_desk_counts_for_ten_seconds_from_when_it_was_last_heard_from(store: Store, clock: FakeClock) -> None:
    seen(store, clock, "one", "甲")
    clock.advance(seconds=9)
    assert connected(store, clock, "甲")
    seen(store, clock, "one", "甲")
    clock.advance(seconds=9)
    assert connected(store, clock, "甲")
    clock.advance(seconds=1)
    assert not connected(store, clock, "甲")


def test_that_a_browser_that_leaves_or_changes_hands_is_nobodys_desk_any_more(store: Store, clock: FakeClock) -> None:
    seen(store, clock, "one", "甲")
    seen(store, clock, "one", "乙")
    assert (connected(store, clock, "甲"), connected(store, clock, "乙")) == (False, True)
    with store.transaction() as session:
        presence.gone(session, "one")
    assert not connected(store, clock, "乙")


def test_that_one_of_several_desks_with_sound_is_enough_to_be_audible(store: Store, clock: FakeClock) -> None:
    for client, audible in (("one", False), ("two", True)):
        seen(store, clock, client, "甲", audible=audible)
        with store.reading() as session:
            assert presence.audible(session, "甲", clock.now()) == audible


def test_that_browsers_that_ended_without_a_word_are_forgotten(store: Store, clock: FakeClock) -> None:
    seen(store, clock, "old", "甲")
    clock.advance(hours=2)
    seen(store, clock, "new", "甲")
    with store.reading() as session:
        assert session.scalars(sa.select(DeskPresence.client)).all() == ["new"]
