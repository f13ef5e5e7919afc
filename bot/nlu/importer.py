"""How Rasa reads this project's files: the intents come from the training data alone."""

from __future__ import annotations

from rasa.shared.core.domain import Domain
from rasa.shared.core.training_data.structures import StoryGraph
from rasa.shared.importers import utils
from rasa.shared.importers.rasa import RasaFileImporter

from bot.nlu.triage import LABELS


class StationImporter(RasaFileImporter):
    """Rasa's own importer, except that rules may name the five labels without `domain.yml` listing them.

    Rasa adds the retrieval intents of the training data to the domain by itself, and warns of every one that the
    domain lists too; but rules are read before, and would warn of every one that it does not.
    """

    def get_stories(self, exclusion_percentage: int | None = None) -> StoryGraph:
        """The rules and stories to train on."""
        return utils.story_graph_from_paths(self._story_files, self._domain_with_labels(), exclusion_percentage)

    def get_conversation_tests(self) -> StoryGraph:
        """The end-to-end test stories."""
        return utils.story_graph_from_paths(self._conversation_test_files, self._domain_with_labels())

    def _domain_with_labels(self) -> Domain:
        labels = {"intents": list(LABELS), "actions": [f"utter_{label}" for label in LABELS]}
        return self.get_domain().merge(Domain.from_dict(labels))
