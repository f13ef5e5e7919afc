"""Values marked in messages, by trainers and by a machine."""

from pathlib import Path

import pytest

from bot.nlu import marked
from bot.nlu.live_file import TrainersFileError
from bot.nlu.marked import FORM_VALUES, Marked, Tagged, values_in

FORM = "dog_licence_form:\n  fields:\n    dog_name: {kind: words}\n    photo_dog: {kind: photo}\n"


def folder(base: Path, text: str) -> Path:
    values = base / "form_values"
    values.mkdir()
    (base / "forms.yml").write_text(FORM, encoding="utf-8")
    (values / "dog_licence_form.yml").write_text(text, encoding="utf-8")
    return values


def test_that_marks_are_taken_out_of_the_text() -> None:
    assert Marked.of("狗叫[豆豆](dog_name)啊") == Marked("狗叫豆豆啊", ((2, 4, "dog_name"),))


def test_that_each_character_has_a_tag() -> None:
    assert Marked.of("叫[豆豆](dog_name)啊").tags == ["O", "B-dog_name", "I-dog_name", "O"]


def test_that_all_messages_of_a_folder_are_read(tmp_path: Path) -> None:
    found = marked.load(folder(tmp_path, 'dog_name:\n  - "叫[豆豆](dog_name)"\nphoto:\n  - "这就拍"\n'))
    assert [one.text for one in found] == ["叫豆豆", "这就拍"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("叫[豆豆](dog_nam)", "这张表没有这一项；有的是dog_name"),
        ("叫[豆豆](photo_dog)", "这张表没有这一项"),
        ("叫[豆豆 (dog_name)", "标记不完整"),
        ("叫豆豆](dog_name)", "标记不完整"),
    ],
)
def test_that_a_mark_that_cannot_be_read_is_told_with_how_to_mend_it(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(TrainersFileError, match=told):
        marked.load(folder(tmp_path, f'dog_name:\n  - "{text}"\n'))


def test_that_found_values_travel_with_a_message() -> None:
    found = Tagged("dog_name", "豆豆", 0.9)
    assert values_in({FORM_VALUES: [found.to_json()]}) == [found]
    assert values_in({}) == []
