"""Rasa graph components in front of and behind the classifier: normaliser, tokeniser, embedding, safety net."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import jieba
import numpy as np
import yaml
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.constants import FEATURIZER_CLASS_ALIAS, TOKENS_NAMES
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.nlu.tokenizers.jieba_tokenizer import JiebaTokenizer
from rasa.nlu.tokenizers.tokenizer import Token
from rasa.shared.nlu.constants import (
    ENTITIES,
    FEATURE_TYPE_SENTENCE,
    INTENT_RANKING_KEY,
    INTENT_RESPONSE_KEY,
    TEXT,
)
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from threadpoolctl import threadpool_limits

from bot.nlu import forms, knowledge, marked
from bot.nlu.dataset import Dataset
from bot.nlu.e5.adapter import FILE as ADAPTER
from bot.nlu.embedding import (
    ASPECT_MEMORY,
    FORM_TURN_MEMORY,
    SIZE,
    TALK_MEMORY,
    TOPIC_MEMORY,
    VALUE_MEMORY,
    encode_on_all_cores,
    own_encoder,
    remembered,
)
from bot.nlu.entities import StationEntities
from bot.nlu.live_file import examples
from bot.nlu.normaliser import Normaliser, without_politeness
from bot.nlu.pinyin import Language, PinyinReader, read_syllables
from bot.nlu.publication import MODEL_TRIAGE, RAW_TEXT, TOPICS, TRIAGE, publish, words_of
from bot.nlu.question import FOLLOW_UP
from bot.nlu.safety_net import NetFinding, SafetyNet
from bot.nlu.topic_machine import QUESTIONS, TopicMachine, likelihoods, questions
from bot.nlu.triage import URGENT, Triage
from bot.nlu.turn_machine import ASPECT_TURNS_FILE, FORM_TURNS_FILE, TurnMachine
from bot.nlu.turning_point import CALM, TURN
from bot.nlu.turns import ASPECT_TURNS, FORM_TURNS, QUESTION_TURN, TALK_TURNS
from bot.nlu.value_tagger import ValueTagger
from bot.nlu.wording import asks


def fingerprint_of(paths: Iterable[Path]) -> str:
    """A digest of files' contents: Rasa's cache does not notice an edited file by itself."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


_INTENTS_KEPT = 5
"""Of an enquiry: 93 of 100 questions that are hard to tell apart are about one of them (ADR 006)."""
FROM_CATALOGUE = "from_catalogue"
"""Message property: the text is an intent's description, not something a resident wrote."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=False)
class CatalogueExamples(GraphComponent):
    """Adds the intents' titles and scopes to the training messages: they hold the words that name the thing."""

    def __init__(self, catalogue: Path) -> None:
        """Use the catalogue of intents at this path."""
        self._catalogue = catalogue

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`catalogue`: relative to the project."""
        return {"catalogue": "nlu_data/catalogue.yml"}

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str:
        """Train again when the catalogue changed."""
        return fingerprint_of([Path(config.get("catalogue") or cls.get_default_config()["catalogue"])])

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> CatalogueExamples:
        """A component for training or use."""
        return cls(Path(config["catalogue"]))

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Add two examples for each intent that residents' messages are there for."""
        taught = {example.get(INTENT_RESPONSE_KEY) for example in training_data.intent_examples}
        catalogue = yaml.safe_load(self._catalogue.read_text(encoding="utf-8"))
        described = [
            Message.build(text=str(entry[field]), intent=f"{label}/{name}")
            for label, content in catalogue.items()
            for name, entry in content["intents"].items()
            if f"{label}/{name}" in taught
            for field in ("title", "scope")
        ]
        for example in described:
            example.set(FROM_CATALOGUE, True)
        return TrainingData(
            [*training_data.training_examples, *described],
            training_data.entity_synonyms,
            training_data.regex_features,
            training_data.lookup_tables,
            training_data.responses,
        )

    def process(self, messages: list[Message]) -> list[Message]:
        """Nothing to do for a resident's message."""
        return messages


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=True)
class ChineseNormaliser(GraphComponent):
    """Replaces a message's text by its normal form without politeness; keeps what was typed under RAW_TEXT."""

    def __init__(self, normaliser: Normaliser, storage: ModelStorage, resource: Resource, source: Path) -> None:
        """Use `normaliser`, read from the table at `source`."""
        self._normalise = normaliser
        self._storage = storage
        self._resource = resource
        self._source = source

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`typos`: the table of typos, relative to the project."""
        return {"typos": "nlu_data/typos.tsv"}

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str:
        """Train again when the table changed."""
        return fingerprint_of([Path(config.get("typos") or cls.get_default_config()["typos"])])

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> ChineseNormaliser:
        """A component for training."""
        source = Path(config["typos"])
        return cls(Normaliser(source), model_storage, resource, source)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> ChineseNormaliser:
        """A component with the table that the model was trained with."""
        with model_storage.read_from(resource) as directory:
            source = directory / "typos.tsv"
            return cls(Normaliser(source), model_storage, resource, source)

    def train(self, training_data: TrainingData) -> Resource:
        """Nothing is learnt; the table goes into the model."""
        with self._storage.write_to(self._resource) as directory:
            shutil.copyfile(self._source, directory / "typos.tsv")
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Normalise the examples in place."""
        self.process(training_data.training_examples)
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Normalise the messages in place."""
        for message in messages:
            text = message.get(TEXT)
            if text:
                message.set(RAW_TEXT, text)
                message.set(TEXT, self._normalise.content(text))
        return messages


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=True)
class PinyinReading(GraphComponent):
    """Puts the Chinese it stands for in the place of pinyin; the training messages tell what residents say."""

    def __init__(self, reader: PinyinReader | None, storage: ModelStorage, resource: Resource, source: Path) -> None:
        """Use `reader`, which there is none of before training; `source` is the table of syllables."""
        self._reader = reader
        self._storage = storage
        self._resource = resource
        self._source = source

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`syllables`: the table of syllables, relative to the project."""
        return {"syllables": "nlu_data/pinyin.tsv"}

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str:
        """Train again when the table changed."""
        return fingerprint_of([Path(config.get("syllables") or cls.get_default_config()["syllables"])])

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> PinyinReading:
        """A component for training."""
        return cls(None, model_storage, resource, Path(config["syllables"]))

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> PinyinReading:
        """A component with the table and the language that the model was trained with."""
        with model_storage.read_from(resource) as directory:
            source = directory / "pinyin.tsv"
            language = Language(json.loads((directory / "language.json").read_text(encoding="utf-8")))
            return cls(PinyinReader(read_syllables(source), language), model_storage, resource, source)

    def train(self, training_data: TrainingData) -> Resource:
        """Learn the language of the messages."""
        language = Language.learn(example.get(TEXT) or "" for example in training_data.training_examples)
        with self._storage.write_to(self._resource) as directory:
            shutil.copyfile(self._source, directory / "pinyin.tsv")
            content = json.dumps(language.follows, ensure_ascii=False)
            (directory / "language.json").write_text(content, encoding="utf-8")
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Read the examples in place."""
        self.process(training_data.training_examples)
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Read the messages in place."""
        for message in messages:
            text = message.get(TEXT)
            read = self._reader(text) if text and self._reader else text
            if read != text:
                message.set(TEXT, without_politeness(read))
        return messages


class _Word(Token):
    """A token with a cheap fingerprint: Rasa's own, taken of every token after every node, is a quarter of training."""

    def fingerprint(self) -> str:
        """What tells this token from others: its place and its text."""
        return f"{self.start} {self.text}"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=True)
class StationTokenizer(JiebaTokenizer):
    """Rasa's jieba tokeniser, trained again when the station's dictionary was edited."""

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Cut the residents' messages alone: Rasa would cut the answer to each of them too, which nobody reads."""
        for example in training_data.training_examples:
            if example.get(TEXT):
                example.set(TOKENS_NAMES[TEXT], self.tokenize(example, TEXT))
        return training_data

    def tokenize(self, message: Message, attribute: str) -> list[Token]:
        """The words of the message."""
        text = message.get(attribute)
        return [_Word(word, start) for word, start, _ in jieba.tokenize(text)]

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """Train again when the dictionary changed."""
        dictionary = config.get("dictionary_path")
        return fingerprint_of(Path(dictionary).glob("*")) if dictionary else None

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> StationTokenizer:
        """Quieten jieba, which writes to stderr by itself."""
        jieba.setLogLevel("WARNING")
        return cast("StationTokenizer", super().create(config, model_storage, resource, execution_context))

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> StationTokenizer:
        """Load now what jieba would load with the first message."""
        jieba.setLogLevel("WARNING")
        jieba.initialize()
        return cast("StationTokenizer", super().load(config, model_storage, resource, execution_context, **kwargs))


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class SentenceEmbedding(DenseFeaturizer, GraphComponent):
    """The sentence embedding of each message (see `bot.nlu.embedding`)."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`threads`: for the matrix products while serving; one is fastest for single messages."""
        return {**DenseFeaturizer.get_default_config(), "threads": 1}

    def __init__(self, config: dict[str, Any], name: str) -> None:
        """Load the encoder and run it once, so that the first resident does not wait for it."""
        super().__init__(name, config)
        self._encoder = own_encoder()
        # BLAS threads that spin cost more than they bring on single messages.
        threadpool_limits(int(config["threads"]))

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SentenceEmbedding:
        """A component for training or serving: nothing is learnt."""
        return cls(config, execution_context.node_name)

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str:
        """Embed again when the encoder has learnt anew."""
        return fingerprint_of([ADAPTER])

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """`threads` must be a positive number."""
        if int(config["threads"]) < 1:
            raise ValueError("SentenceEmbedding: `threads` must be 1 or more")

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Embed the examples in place; what the last training embedded is not read again."""
        self._embed(training_data.training_examples, lambda texts: remembered(encode_on_all_cores, texts))
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Embed the messages in place."""
        self._embed(messages, self._encoder.encode)
        return messages

    def _embed(self, messages: list[Message], encode: Callable[[Sequence[str]], np.ndarray]) -> None:
        written = [message for message in messages if message.get(TEXT)]
        vectors = encode([message.get(TEXT) for message in written])
        for message, vector in zip(written, vectors, strict=True):
            message.add_features(
                Features(vector[None, :], FEATURE_TYPE_SENTENCE, TEXT, self._config[FEATURIZER_CLASS_ALIAS])
            )


_SURE_OF_KIND = 0.9
_NO_KIND = frozenset({f"{URGENT}/general_alarm", f"{URGENT}/silent_call"})
"""Alarms that do not say what happens."""


def embedding_of(message: Message) -> np.ndarray:
    """The sentence embedding on a message; zeros for an empty message."""
    for features in message.features:
        if features.attribute == TEXT and features.type == FEATURE_TYPE_SENTENCE and features.is_dense():
            return np.asarray(features.features[0])
    return np.zeros(SIZE, dtype=np.float32)


class _OwnMachine(GraphComponent):
    """A machine fitted on examples of the trainers that are no residents' messages; it changes no intent, no label."""

    source: Path
    """Where the examples stand, relative to the project; the typos lie beside them."""
    beside: tuple[str, ...] = ("typos.tsv",)
    """What else it is made of, as patterns beside the examples."""

    def __init__(self, machine: Any, config: dict[str, Any], storage: ModelStorage, resource: Resource) -> None:
        """Use `machine`, None before training."""
        self._machine, self._config = machine, config
        self._storage, self._resource = storage, resource

    @classmethod
    def get_default_config(cls) -> dict[str, Any]:
        """`examples`: the trainers' file or folder."""
        return {"examples": str(cls.source)}

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str:
        """Train again when the examples or what lies beside them changed."""
        source = Path(config.get("examples") or cls.source)
        own = source.glob("*.yml") if source.is_dir() else [source]
        beside = (path for pattern in cls.beside for path in source.parent.glob(pattern))
        return fingerprint_of([ADAPTER, *own, *beside])

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> _OwnMachine:
        """A component for training."""
        return cls(None, config, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> _OwnMachine:
        """A component with the machine that was trained."""
        with model_storage.read_from(resource) as directory:
            return cls(cls._loaded(directory), config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Fit on the trainers' examples; the residents' messages of `training_data` are another matter."""
        source = Path(self._config["examples"])
        with threadpool_limits(os.cpu_count()):  # serving has one
            self._machine = self._fitted(source, Normaliser(source.parent / "typos.tsv").content)
        with self._storage.write_to(self._resource) as directory:
            self._machine.save(directory)
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Put on the messages what the machine reads in them."""
        for message in messages:
            if message.get(TEXT) and self._machine:
                self._read(message, message.get(TEXT), embedding_of(message))
        return messages

    @classmethod
    def _loaded(cls, directory: Path) -> Any:
        raise NotImplementedError

    def _fitted(self, source: Path, normal: Callable[[str], str]) -> Any:
        raise NotImplementedError

    def _read(self, message: Message, text: str, embedding: np.ndarray) -> None:
        raise NotImplementedError


class _Turns(_OwnMachine):
    """Tells which turn of some conversation a message would be."""

    told_as: str
    memory: Path

    def _examples(self, source: Path) -> dict[str, tuple[str, ...]]:
        return examples(source)

    @classmethod
    def _loaded(cls, directory: Path) -> TurnMachine:
        return TurnMachine.load(directory)

    def _fitted(self, source: Path, normal: Callable[[str], str]) -> TurnMachine:
        texts = {name: [normal(text) for text in said] for name, said in self._examples(source).items()}
        flat = [text for said in texts.values() for text in said]
        return TurnMachine.fit(texts, remembered(encode_on_all_cores, flat, self.memory))

    def _read(self, message: Message, text: str, embedding: np.ndarray) -> None:
        turns = self._machine.read(text, embedding)
        message.set(self.told_as, [turn.to_json() for turn in turns], add_to_output=True)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class FormTurns(_Turns):
    """Tells what a message would mean while a form is filled in.

    Whatever else asks about a form's matter is a question there, and no wish for the form.
    """

    source, told_as, memory = FORM_TURNS_FILE, FORM_TURNS, FORM_TURN_MEMORY
    beside = ("typos.tsv", "forms.yml", "intents/enquiry/*.yml")

    def _examples(self, source: Path) -> dict[str, tuple[str, ...]]:
        turns = examples(source)
        matters = {name for form in forms.load(source.parent / "forms.yml").forms.values() for name in form.matters}
        said = (text for file in Dataset(source.parent).files if file.intent in matters for text in file.examples)
        return turns | {QUESTION_TURN: turns[QUESTION_TURN] + tuple(filter(asks, said))}


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class FormValues(_OwnMachine):
    """Finds what may be values of a form in a message, with the fields that they are of."""

    source = Path("nlu_data/form_values")
    beside = ("forms.yml", "dog_breeds.yml")

    @classmethod
    def _loaded(cls, directory: Path) -> ValueTagger:
        return ValueTagger.load(directory)

    def _fitted(self, source: Path, normal: Callable[[str], str]) -> ValueTagger:
        return ValueTagger.fit(marked.load(source), forms.load(source.parent / "forms.yml"), VALUE_MEMORY)

    def process(self, messages: list[Message]) -> list[Message]:
        """Put the values on the messages, as they were written."""
        for message in messages:
            if (text := message.get(RAW_TEXT) or message.get(TEXT)) and self._machine:
                values = [found.to_json() for found in self._machine.read(text)]
                message.set(marked.FORM_VALUES, values, add_to_output=True)
        return messages


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class AspectTurns(_Turns):
    """Tells which aspect of its matter a message would ask for behind an answer: the price, what to bring …"""

    source, told_as, memory = ASPECT_TURNS_FILE, ASPECT_TURNS, ASPECT_MEMORY


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class TalkTurns(_Turns):
    """Tells whether a further message of a calm matter is an emergency, or only sounds like one."""

    source, told_as, memory = Path("nlu_data/in_talk"), TALK_TURNS, TALK_MEMORY

    def _examples(self, source: Path) -> dict[str, tuple[str, ...]]:
        matters = Dataset(source.parent).in_talk
        turns = (text for matter in matters for _, text in matter.turn)
        return {CALM: tuple(text for matter in matters for text in matter.calm), TURN: tuple(turns)}


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class AlarmTurns(GraphComponent):
    """Does nothing. A model trained until 2026-11-28 names it or its child, and must load where it is still live."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> AlarmTurns:
        """The component, trained or not."""
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        """The messages as they are."""
        return messages


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class AlarmAsked(AlarmTurns):
    """Does nothing either: these questions are compared with their answers by meaning (`bot.nlu.known_questions`)."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class TopicsAsked(_OwnMachine):
    """Tells how likely each enquiry intent is by the classifier and by how well its topics fit, and that fit."""

    source = QUESTIONS
    beside = ("typos.tsv", "answers/*.yml")

    @classmethod
    def _loaded(cls, directory: Path) -> TopicMachine:
        return TopicMachine.load(directory)

    def _fitted(self, source: Path, normal: Callable[[str], str]) -> TopicMachine:
        everything = knowledge.load(source.parent / "answers").topics.values()
        topics = [topic for topic in everything if topic.intent != FOLLOW_UP]  # it says nothing of what it is about
        asked = {topic: [normal(text) for text in texts] for topic, texts in questions(source).items()}
        return TopicMachine.fit(topics, asked, lambda texts: remembered(encode_on_all_cores, texts, TOPIC_MEMORY))

    def _read(self, message: Message, text: str, embedding: np.ndarray) -> None:
        shares = {topic["name"]: topic["confidence"] for topic in message.get(TOPICS) or ()}
        fits = self._machine.fits(text, embedding)
        likely = sorted(likelihoods(shares, fits).items(), key=lambda found: -found[1])[:_INTENTS_KEPT]
        topics = [
            {"name": intent, "confidence": round(share, 4), knowledge.FITS: fits.get(intent, {})}
            for intent, share in likely
        ]
        message.set(TOPICS, topics, add_to_output=True)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class SafetyNetRaiser(GraphComponent):
    """Puts the safety net behind the classifier: a recognised danger raises the label to urgent, nothing lowers it."""

    def __init__(
        self, net: SafetyNet, heeded_from: float, storage: ModelStorage, resource: Resource, source: Path
    ) -> None:
        """Use `net`, read from the rules at `source`."""
        self._net, self._heeded_from = net, heeded_from
        self._storage = storage
        self._resource = resource
        self._source = source

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`rules`: the net's file, relative to the project; the typos and the dictionary lie beside it. `heeded_from`:
        the P(urgent) of the classifier from which a finding raises the label; below it the resident is asked."""
        return {"rules": "nlu_data/safety_net.yml", "heeded_from": 0.0}

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str:
        """Train again when the rules, the typos or the dictionary changed."""
        rules = Path(config.get("rules") or cls.get_default_config()["rules"])
        return fingerprint_of([rules, rules.parent / "typos.tsv", *(rules.parent / "dictionary").glob("*")])

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SafetyNetRaiser:
        """A component for training; a rule that cannot be read stops the training."""
        source = Path(config["rules"])
        return cls(SafetyNet.load(source), float(config["heeded_from"]), model_storage, resource, source)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> SafetyNetRaiser:
        """A component with the rules that the model was trained with."""
        with model_storage.read_from(resource) as directory:
            source = directory / "safety_net.yml"
            return cls(SafetyNet.load(source), float(config["heeded_from"]), model_storage, resource, source)

    def train(self, training_data: TrainingData) -> Resource:
        """Nothing is learnt; the rules and what they need go into the model."""
        with self._storage.write_to(self._resource) as directory:
            shutil.copyfile(self._source, directory / "safety_net.yml")
            shutil.copyfile(self._source.parent / "typos.tsv", directory / "typos.tsv")
            shutil.copytree(self._source.parent / "dictionary", directory / "dictionary")
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Raise what the net recognises, then give each message its own text back."""
        for message in messages:
            text = message.get(TEXT)
            if text and message.get(TRIAGE):
                self._raise(message, text)
            if message.get(RAW_TEXT):
                message.set(TEXT, message.get(RAW_TEXT))
        return messages

    def _raise(self, message: Message, text: str) -> None:
        message.set(MODEL_TRIAGE, message.get(TRIAGE), add_to_output=True)
        triage = Triage.from_json(message.get(TRIAGE))
        words = [word for word, _ in words_of(message)]
        finding = self._net.read_normal(text, words)
        if finding is not None:
            heeded = triage.urgent or urgency(message) >= self._heeded_from
            publish(message, raised(triage, finding) if heeded else doubted(triage, finding))
        elif triage.urgent and not triage.silent and self._net.silent(text, words):
            publish(message, replace(triage, silent=True))


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=True)
class StationEntityExtractor(GraphComponent):
    """Finds places, times, telephone numbers, plates, weapons, amounts and people in what the resident typed."""

    def __init__(self, entities: StationEntities, storage: ModelStorage, resource: Resource, source: Path) -> None:
        """Use `entities`, whose gazetteer was read from the directory `source`."""
        self._entities = entities
        self._storage = storage
        self._resource = resource
        self._source = source

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`gazetteer`: the directory of the station's names, relative to the project."""
        return {"gazetteer": "nlu_data/dictionary"}

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str:
        """Train again when the gazetteer changed."""
        return fingerprint_of(Path(config.get("gazetteer") or cls.get_default_config()["gazetteer"]).glob("*"))

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> StationEntityExtractor:
        """A component for training."""
        source = Path(config["gazetteer"])
        return cls(StationEntities.load(source), model_storage, resource, source)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> StationEntityExtractor:
        """A component with the gazetteer that the model was trained with."""
        with model_storage.read_from(resource) as directory:
            source = directory / "gazetteer"
            return cls(StationEntities.load(source), model_storage, resource, source)

    def train(self, training_data: TrainingData) -> Resource:
        """Nothing is learnt; the gazetteer goes into the model."""
        with self._storage.write_to(self._resource) as directory:
            shutil.copytree(self._source, directory / "gazetteer")
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Put the entities on the messages."""
        for message in messages:
            found = self._entities.read(message.get(RAW_TEXT) or "")
            named = [{**entity.to_json(), "extractor": type(self).__name__} for entity in found]
            message.set(ENTITIES, named, add_to_output=True)
        return messages


def raised(triage: Triage, finding: NetFinding) -> Triage:
    """The model's triage after the net's finding: the words are added.

    The model's own alarm keeps its kind where the model is sure of it, or where the net only heard a call for help;
    otherwise the rule, which can say why, names it.
    """
    if triage.urgent:
        named = triage.confidence < _SURE_OF_KIND and finding.intent not in _NO_KIND
        return replace(
            triage,
            intent=finding.intent if named else triage.intent,
            evidence=(finding.evidence, *triage.evidence),
            uncertain=False,
            silent=triage.silent or finding.silent,
        )
    return replace(finding.triage(), evidence=(finding.evidence, *triage.evidence))


def doubted(triage: Triage, finding: NetFinding) -> Triage:
    """What the model is sure is calm, though the net found words of danger in it: its sender is asked, a human sees it,
    and both are told the words."""
    options = (finding.intent, triage.intent)
    return replace(triage, uncertain=True, options=options, evidence=(finding.evidence, *triage.evidence))


def urgency(message: Message) -> float:
    """P(urgent) by the classifier, in 0..1."""
    ranked = message.get(INTENT_RANKING_KEY) or ()
    return next((float(label["confidence"]) for label in ranked if label["name"] == URGENT), 0.0)
