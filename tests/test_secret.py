import stat
from pathlib import Path

from bot.secret import derived_key


def test_that_the_secret_is_drawn_once_and_for_its_owner_only(tmp_path: Path) -> None:
    key = derived_key("sessions", var_dir=tmp_path / "var")
    assert len(key) == 64
    assert derived_key("sessions", var_dir=tmp_path / "var") == key
    (kept,) = (tmp_path / "var").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert key not in kept.read_text()


def test_that_each_purpose_has_a_key_of_its_own(tmp_path: Path) -> None:
    assert derived_key("sessions", var_dir=tmp_path) != derived_key("links", var_dir=tmp_path)


def test_that_a_secret_that_is_given_is_the_same_on_every_machine(tmp_path: Path) -> None:
    keys = {derived_key("links", var_dir=tmp_path / name, given="s" * 32) for name in ("one", "two")}
    assert len(keys) == 1
    assert list(tmp_path.iterdir()) == [], "nothing is drawn"
