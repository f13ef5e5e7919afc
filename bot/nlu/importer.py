"""How Rasa reads this project's files: intents, answers and forms come from what trainers edit."""

from __future__ import annotations

import hashlib
from typing import Any

from rasa.shared.core.domain import Domain
from rasa.shared.core.training_data.structures import StoryGraph
from rasa.shared.importers import utils
from rasa.shared.importers.rasa import RasaFileImporter
from rasa.shared.nlu.constants import INTENT, INTENT_RESPONSE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu import forms, knowledge
from bot.nlu.triage import LABELS


class _Example(Message):
    """A training message that is cheap to copy and to tell from others: Rasa does both with each of them after every
    component, by all that hangs on it."""

    _cached_fingerprint: str | None

    def fingerprint(self) -> str:
        """By what was said and means, and whether it has been embedded."""
        if self._cached_fingerprint is None:
            told = repr([self.get(name) for name in (TEXT, INTENT, INTENT_RESPONSE_KEY)] + [len(self.features)])
            self._cached_fingerprint = hashlib.sha256(told.encode()).hexdigest()
        return self._cached_fingerprint

    def __deepcopy__(self, memo: dict[int, Any]) -> _Example:
        """What hangs on a message is put on it and never changed."""
        return _Example(dict(self.data), set(self.output_properties), time=self.time, features=list(self.features))


class StationImporter(RasaFileImporter):
    """Rasa's own importer, with the answers of the knowledge base as responses and the applications as forms.

    Rules may name the five labels without `domain.yml` listing them: Rasa adds the retrieval intents of the training
    data to the domain by itself, and warns of every one that the domain lists too; but rules are read before, and
    would warn of every one that it does not.
    """

    _nlu_data: TrainingData | None = None

    def get_domain(self) -> Domain:
        """The domain of `domain.yml`, and the slots and forms of `nlu_data/forms.yml`."""
        return super().get_domain().merge(Domain.from_dict(_forms_in_rasas_words()))

    def get_nlu_data(self, language: str | None = "en") -> TrainingData:
        """The examples, and for each enquiry intent the default answer of the knowledge base.

        Rasa asks three times; reading some twenty thousand messages takes seconds, so they are read once.
        """
        if self._nlu_data is None:
            self._nlu_data = self._read_nlu_data(language)
        return self._nlu_data

    def _read_nlu_data(self, language: str | None) -> TrainingData:
        data = super().get_nlu_data(language)
        base = knowledge.load()
        for intent in base.intents:
            topic = base.choose(intent, "")
            assert topic is not None  # noqa: S101 - the intents are those of the topics
            data.responses[f"utter_{intent}"] = [{"text": topic.short.told()}]
        data.training_examples = [_Example(example.data) for example in data.training_examples]
        return data

    def get_stories(self, exclusion_percentage: int | None = None) -> StoryGraph:
        """The rules and stories to train on; Rasa counts the test stories under the same folder among them."""
        trained_on = [path for path in self._story_files if path not in self._conversation_test_files]
        return utils.story_graph_from_paths(trained_on, self._domain_with_labels(), exclusion_percentage)

    def get_conversation_tests(self) -> StoryGraph:
        """The end-to-end test stories."""
        return utils.story_graph_from_paths(self._conversation_test_files, self._domain_with_labels())

    def _domain_with_labels(self) -> Domain:
        labels = {"intents": list(LABELS), "actions": [f"utter_{label}" for label in LABELS]}
        return self.get_domain().merge(Domain.from_dict(labels))


def _forms_in_rasas_words() -> dict[str, Any]:
    """Rasa's view of the applications: a form each, and a slot for each question, which the form's action asks."""
    all_forms = forms.load().forms
    slots: dict[str, Any] = {}
    for form in all_forms.values():
        for slot in form.slots:
            slots[slot] = {"type": "any", "influence_conversation": False, "mappings": [{"type": "custom"}]}
    return {
        "slots": slots,
        "forms": {form.name: {"required_slots": list(form.slots)} for form in all_forms.values()},
        "actions": [f"validate_{name}" for name in all_forms],
    }
