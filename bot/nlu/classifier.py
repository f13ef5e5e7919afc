"""The triage classifier: calibrated probabilities over fine intents, and a label chosen by what mistakes cost."""

from __future__ import annotations

import json
import os
import random
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import INTENT, INTENT_RESPONSE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from threadpoolctl import threadpool_limits

from bot.nlu.components import FROM_CATALOGUE, embedding_of
from bot.nlu.features import NGrams, grams
from bot.nlu.kernel import KernelModel, Row, Settings, fit, judges, label_sums
from bot.nlu.publication import FINE_RANKING, NEAREST, RAW_TEXT, TOPICS, publish, words_of
from bot.nlu.ridge import Floats
from bot.nlu.triage import LABELS, ONE_TAP, URGENT, Evidence, Triage

# Rasa warns that nothing learns the answers; this classifier does, by another way than Rasa's ResponseSelector.
warnings.filterwarnings("ignore", message=".*does not include a response selector component.*")

# Words that say nothing to an officer, however much they weigh in the model.
_FUNCTION_WORDS = frozenset(
    {
        *"的了着过在还都也又就才再把被给让叫从往到去来和跟与是有没不我你他她它们俺咱人个这那里上下说呢吗吧啊呀哦嘛很太要会能得地咋谁哪呗正"
    }
    | {"我们", "你们", "他们", "她们", "一个", "这个", "那个", "这边", "那边", "里头", "什么", "怎么"}
)

SILENT_INTENT = f"{URGENT}/silent_call"
_RANKED = 5
LEFT_OUT = "left_out.json"
"""File of a trained model: `[{text, intent, ranking}, …]`, each training message read without itself."""


@dataclass(frozen=True)
class Decision:
    """When to page and when to ask. Probabilities in 0..1."""

    page: float
    """Page when P(urgent) reaches this; derived from the two costs."""
    ask_urgent: float
    """Ask when P(urgent) reaches this without a page."""
    ask_margin: float
    """Ask when the two best labels are closer than this and different people must act."""

    @staticmethod
    def page_threshold(missed: float, false: float) -> float:
        """Paging costs (1-P)·false, not paging P·missed: they are equal at this probability."""
        return false / (false + missed)

    def label(self, probabilities: NDArray[np.float64]) -> int:
        """The label's number: urgent when a page is worth its price, otherwise the likeliest other one."""
        if probabilities[0] >= self.page:
            return 0
        return 1 + int(np.argmax(probabilities[1:]))

    def uncertain(self, probabilities: NDArray[np.float64]) -> bool:
        """Whether a resident's one-tap answer is worth the bother."""
        if probabilities[0] >= self.page:
            return False
        first, second = np.argsort(-probabilities, kind="stable")[:2]
        close = probabilities[first] - probabilities[second] < self.ask_margin
        return bool(probabilities[0] >= self.ask_urgent or (close and _who_acts(first) != _who_acts(second)))


def _who_acts(label: int) -> str:
    """A human at once, a human in the shift, the tip desk, or nobody (enquiry and other are the bot's)."""
    return ("now", "shift", "tip desk", "bot", "bot")[label]


def ask_thresholds(probabilities: NDArray[np.float64], page: float, share: float) -> Decision:
    """Thresholds under which at most `share` of these left-out messages would be asked about, half for each reason."""
    calm = probabilities[probabilities[:, 0] < page]
    allowed = int(share * len(probabilities) / 2)
    urgent = np.sort(calm[:, 0])[::-1]
    ask_urgent = float(urgent[allowed]) if allowed < len(urgent) else page
    ranked = np.argsort(-calm, axis=1, kind="stable")[:, :2]
    actors_differ = np.array([_who_acts(a) != _who_acts(b) for a, b in ranked], dtype=bool)
    rows = np.arange(len(calm))
    margins = np.sort((calm[rows, ranked[:, 0]] - calm[rows, ranked[:, 1]])[actors_differ])
    ask_margin = float(margins[allowed]) if allowed < len(margins) else 0.0
    return Decision(page=page, ask_urgent=min(max(ask_urgent, page / 4), page), ask_margin=min(ask_margin, 0.5))


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class TriageClassifier(GraphComponent):
    """Sets the intent (the label), the response to retrieve (the fine intent) and the triage of a message."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Costs are in units of one false page; `one_tap` maps the buttons of the clarifying question to
        the fine intents they mean; `leave_out` is a share of the messages, drawn by `seed`, that training does not
        see (only the evaluation uses it); the rest are the fit's settings (see `bot.nlu.kernel.Settings`)."""
        return {
            "cost_missed_emergency": 4.0,
            "cost_false_page": 1.0,
            "uncertain_share": 0.04,
            **asdict(Settings()),
            "min_documents": 3,
            "one_tap": {},
            "leave_out": 0.0,
            "seed": 7,
        }

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> TriageClassifier:
        """A component for training."""
        return cls(config, model_storage, resource)

    def __init__(self, config: dict[str, Any], storage: ModelStorage, resource: Resource) -> None:
        """An untrained classifier; `train` or `load` makes it useful."""
        self._config = config
        self._storage = storage
        self._resource = resource
        self._ngrams: NGrams
        self._model: KernelModel
        self._decision: Decision
        self._left_out: list[dict[str, Any]] = []

    def train(self, training_data: TrainingData) -> Resource:
        """Fit on the examples whose intent is one of the five labels."""
        examples = [
            example
            for example in training_data.intent_examples
            if example.get(INTENT) in LABELS and example.get(INTENT_RESPONSE_KEY) and example.get(TEXT)
        ]
        random.Random(self._config["seed"]).shuffle(examples)  # noqa: S311 - an order, not a secret
        examples = examples[int(len(examples) * self._config["leave_out"]) :]
        documents = [grams(example.get(TEXT), words_of(example)) for example in examples]
        targets = [example.get(INTENT_RESPONSE_KEY) for example in examples]
        self._ngrams, rows = NGrams.fit(documents, min_documents=self._config["min_documents"])
        own = np.array([example.get(FROM_CATALOGUE) is None for example in examples], dtype=bool)
        own &= judges([example.get(TEXT) for example in examples])
        with threadpool_limits(os.cpu_count()):  # serving has one
            fitted = fit(
                rows,
                np.stack([embedding_of(example) for example in examples]),
                targets,
                Settings(**{name: self._config[name] for name in asdict(Settings())}),
                judged_by=own,
            )
        self._model = fitted.model
        page = Decision.page_threshold(self._config["cost_missed_emergency"], self._config["cost_false_page"])
        left_out = fitted.left_out
        self._decision = ask_thresholds(
            label_sums(left_out, self._model.label_of), page, self._config["uncertain_share"]
        )
        own_targets = [target for target, counts in zip(targets, own, strict=True) if counts]
        self._model.report = left_out_report(left_out, self._model, own_targets, self._decision)
        texts = [
            str(example.get(RAW_TEXT) or example.get(TEXT))
            for example, counts in zip(examples, own, strict=True)
            if counts
        ]
        self._left_out = [
            {"text": text, "intent": target, "ranking": self._ranked(fine)}
            for text, target, fine in zip(texts, own_targets, left_out, strict=True)
        ]
        self._persist()
        return self._resource

    def _persist(self) -> None:
        with self._storage.write_to(self._resource) as directory:
            self._model.save(directory)
            vocabulary = {"grams": list(self._ngrams.columns), "idf": [float(x) for x in self._ngrams.idf]}
            _write(directory / "vocabulary.json", vocabulary)
            _write(directory / "decision.json", asdict(self._decision))
            _write(directory / LEFT_OUT, self._left_out)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> TriageClassifier:
        """The trained classifier."""
        classifier = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as directory:
            vocabulary = _read(directory / "vocabulary.json")
            columns = {gram: number for number, gram in enumerate(vocabulary["grams"])}
            classifier._ngrams = NGrams(columns, np.array(vocabulary["idf"], dtype=np.float32))
            classifier._model = KernelModel.load(directory)
            classifier._decision = Decision(**_read(directory / "decision.json"))
        return classifier

    def process(self, messages: list[Message]) -> list[Message]:
        """Classify the messages in place, all with one look at the weights."""
        unread = []
        for message in messages:
            tapped = self._config["one_tap"].get(message.get(TEXT))
            if tapped:
                self._obey(message, tapped)
            elif message.get(TEXT):
                unread.append(message)
            else:  # nothing is left of signs that nobody can see
                publish(message, Triage("other", 0.0, "other/gibberish", uncertain=True), [])
        if unread:
            self._classify(unread)
        return messages

    def _obey(self, message: Message, intent: str) -> None:
        """The resident has answered the clarifying question: that is the label."""
        label = intent.partition("/")[0]
        triage = Triage(label, 1.0, intent, (Evidence(ONE_TAP, (message.get(TEXT),)),))
        publish(message, triage, [{"name": name, "confidence": float(name == label)} for name in LABELS])

    def _classify(self, messages: Sequence[Message]) -> None:
        documents = [grams(message.get(TEXT), words_of(message)) for message in messages]
        rows = [self._ngrams.row(document) for document in documents]
        embeddings = np.stack([embedding_of(message) for message in messages])
        probabilities, nearest = self._model.read(rows, embeddings)
        for message, document, row, fine, near in zip(messages, documents, rows, probabilities, nearest, strict=True):
            self._decide(message, document, row, fine)
            message.set(FINE_RANKING, self._ranked(fine), add_to_output=True)
            message.set(NEAREST, round(float(near), 4), add_to_output=True)

    def _decide(self, message: Message, document: Sequence[tuple[str, int, int]], row: Row, fine: Floats) -> None:
        labels = label_sums(fine[None, :], self._model.label_of)[0]
        label = self._decision.label(labels)
        uncertain = self._decision.uncertain(labels)
        best = self._best_of(label, fine)
        intent = self._model.intents[best]
        evidence: tuple[Evidence, ...] = ()
        if label == 0:
            words = self._telling_words(message, document, row, best)
            evidence = (Evidence("model", words),) if words else ()
        triage = Triage(
            label=LABELS[label],
            confidence=float(labels[label]),
            intent=intent,
            evidence=evidence,
            uncertain=uncertain,
            silent=intent == SILENT_INTENT,
            options=self._options(labels, fine) if uncertain else (),
        )
        message.set(TOPICS, self._topics(fine), add_to_output=True)
        publish(message, triage, ranking(labels))

    def _ranked(self, fine: Floats) -> list[tuple[str, float]]:
        """The likeliest fine intents, with their probability."""
        best = np.argsort(-fine, kind="stable")[:_RANKED]
        return [(self._model.intents[number], round(float(fine[number]), 4)) for number in best]

    def _topics(self, fine: Floats) -> list[dict[str, Any]]:
        """The enquiry intents, likeliest first, with their probability if the message is an enquiry."""
        of_enquiries = np.flatnonzero(self._model.label_of == LABELS.index("enquiry"))
        shares = fine[of_enquiries] / max(float(fine[of_enquiries].sum()), 1e-12)
        order = np.argsort(-shares, kind="stable")
        names = [self._model.intents[number] for number in of_enquiries[order]]
        return [{"name": name, "confidence": float(share)} for name, share in zip(names, shares[order], strict=True)]

    def _best_of(self, label: int, fine: Floats) -> int:
        """The number of the likeliest intent under a label."""
        return int(np.argmax(np.where(self._model.label_of == label, fine, -1.0)))

    def _options(self, labels: Floats, fine: Floats) -> tuple[str, ...]:
        """What the message may be: the likeliest intent of each label, likeliest label first."""
        order = np.argsort(-labels, kind="stable")
        return tuple(self._model.intents[self._best_of(int(label), fine)] for label in order)

    def _telling_words(
        self,
        message: Message,
        document: Sequence[tuple[str, int, int]],
        row: Row,
        best: int,
    ) -> tuple[str, ...]:
        """The words that spoke most for this alarm and against the calm labels, in the order of the message."""
        columns, weights = row
        grams_said = self._model.first.gram_weights[columns].astype(np.float32)
        number = len(self._model.intents)
        contrast = grams_said[:, best] + grams_said[:, number] - grams_said[:, number + 1 :].max(axis=1)
        share = dict(zip(columns.tolist(), (contrast * weights).tolist(), strict=True))
        text = message.get(TEXT)
        by_place = np.zeros(len(text) + 1)
        for gram, begin, end in document:
            column = self._ngrams.columns.get(gram)
            if column is not None and end > begin:
                by_place[begin:end] += share[column] / (end - begin)
        scored = [
            (float(by_place[start : start + len(word)].sum()), start, word)
            for word, start in words_of(message)
            if word not in _FUNCTION_WORDS and any(character.isalnum() for character in word)
        ]
        chosen = sorted(sorted(scored, reverse=True)[:3], key=lambda item: item[1])
        return tuple(word for score, _, word in chosen if score > 0)


def ranking(labels: NDArray[np.float64]) -> list[dict[str, Any]]:
    """The labels by probability."""
    order = np.argsort(-labels, kind="stable")
    return [{"name": LABELS[number], "confidence": float(labels[number])} for number in order]


def left_out_report(
    left_out: NDArray[np.float64], model: KernelModel, targets: Sequence[str], decision: Decision
) -> dict[str, Any]:
    """Figures on messages the model had not seen, kept with the model for trainers."""
    labels = label_sums(left_out, model.label_of)
    wanted = np.array([LABELS.index(target.partition("/")[0]) for target in targets])
    chosen = np.array([decision.label(row) for row in labels])
    paged, urgent = chosen == 0, wanted == 0
    scores = []
    for label in range(len(LABELS)):
        hit = int(((chosen == label) & (wanted == label)).sum())
        total = int((chosen == label).sum() + (wanted == label).sum())
        scores.append(2 * hit / total if total else 0.0)
    fine = np.array([model.intents[number] for number in left_out.argmax(axis=1)])
    return {
        "messages": len(targets),
        "intents": len(model.intents),
        "urgent_recall": float((paged & urgent).sum() / max(urgent.sum(), 1)),
        "page_precision": float((paged & urgent).sum() / max(paged.sum(), 1)),
        "label_macro_f1": float(np.mean(scores)),
        "fine_accuracy": float((fine == np.array(targets)).mean()),
        "uncertain": float(np.mean([decision.uncertain(row) for row in labels])),
    }


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
