"""What Rasa is given of this project's files to train on."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

pytest.importorskip("rasa")

from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.nlu.constants import TOKENS_NAMES
from rasa.shared.nlu.constants import INTENT, RESPONSE, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.components import StationTokenizer
from bot.nlu.importer import StationImporter


@pytest.fixture(scope="module")
def importer() -> StationImporter:
    return StationImporter("config.yml", "domain.yml", ["nlu_data/rules.yml", "nlu_data/test", "nlu_data/intents/tip"])


def test_that_the_test_stories_are_not_trained_on(importer: StationImporter) -> None:
    trained_on = {step.block_name for step in importer.get_stories().story_steps}
    tested_on = {step.block_name for step in importer.get_conversation_tests().story_steps}
    assert trained_on
    assert tested_on
    assert not trained_on & tested_on


def test_that_the_messages_are_read_once_however_often_rasa_asks(importer: StationImporter) -> None:
    assert importer.get_nlu_data() is importer.get_nlu_data(language="zh")


def test_that_a_training_message_is_told_from_others_by_its_words(
    importer: StationImporter,
) -> None:
    one, other, *_ = importer.get_nlu_data().training_examples
    again = copy.deepcopy(one)
    assert (one == again, one == other, hash(one) == hash(again)) == (True, False, True)
    again.set(TEXT, "别的")
    assert one.get(TEXT) != "别的"
    assert one != again


def test_that_training_cuts_the_residents_message_and_not_its_answer(tmp_path: Path) -> None:
    storage, resource = LocalModelStorage(tmp_path), Resource("tokenizer")
    tokenizer = StationTokenizer(StationTokenizer.get_default_config(), storage, resource)
    message = Message({TEXT: "身份证丢了", INTENT: "enquiry", RESPONSE: "带户口本来补办。"})
    tokenizer.process_training_data(TrainingData([message]))
    assert "".join(token.text for token in message.get(TOKENS_NAMES[TEXT])) == "身份证丢了"
    assert message.get(TOKENS_NAMES[RESPONSE]) is None
