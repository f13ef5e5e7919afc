"""What each kind of change does to the files, found out without writing anything.

A plan is made from the files as they are now. One that finds the change already made has no edits; one that finds
something else than the change was made for raises EditError, and tells what to do.
"""

import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from bot.nlu import dataset, knowledge
from bot.nlu.dataset import FEWEST_EXAMPLES, Dataset
from bot.nlu.knowledge import ASPECTS
from bot.nlu.live_file import TrainersFileError
from bot.studio import corpus, files
from bot.studio.files import Edit, EditError
from bot.studio.findings import in_words

Payload = Mapping[str, Any]
_NATIONAL = "national"
_TOPIC_KEYS = ("topic", "title", "when", "source", "scope", "reviewed", "short", "plain", "aspects", "related")
_HEADING_KEYS = ("title", "when", "related")
_FACT_KEYS = ("text", "unknown", "scope", "source", "reviewed")
_ALWAYS = ("short", "plain")


@dataclass(frozen=True)
class Kind:
    """A kind of change."""

    title: str
    plan: Callable[[Payload, Path, bool], list[Edit]]
    """Its edits; the last argument: whether it was tried before, so that what it was made for may be done."""

    inverse: Callable[[Payload], tuple[str, dict[str, Any]]] | None
    """The change that takes it back."""

    national: Callable[[Payload, Path], bool] = lambda _payload, _folder: False
    """Whether it says or unsays something that holds in the whole country."""

    leaders: bool = False
    """Whether a leader has to agree: it makes what models are judged by easier."""


# --- examples --------------------------------------------------------------------------------------------------------


def _intent_path(folder: Path, intent: str) -> Path:
    return folder / "intents" / f"{intent}.yml"


def _source(path: Path) -> str:
    source = files.read(path)
    if source is None:
        raise EditError(f"找不到文件 {_named(path)}，可能已经被删掉或改名，请刷新后再看")
    return source


def _named(path: Path) -> str:
    """A file as trainers read it: with the title of the intent whose examples or answers it holds."""
    name = f"{path.parent.name}/{path.name}"
    intent = f"{'enquiry' if path.parent.name == 'answers' else path.parent.name}/{path.stem}"
    folder = path.parents[1 if path.parent.name == "answers" else 2]
    title = corpus.titles(folder).get(intent) if (folder / "catalogue.yml").exists() else None
    return f"{name}（{title}）" if title else name


def title_of(folder: Path, intent: str) -> str:
    """An intent's title with its name."""
    return f"{corpus.titles(folder).get(intent, '')}（{intent}）"


def _add_example(payload: Payload, folder: Path, _tried: bool) -> list[Edit]:
    path, text = _intent_path(folder, payload["intent"]), payload["text"]
    before = _source(path)
    if text in files.examples_of(before):
        return []
    _check_new(folder, corpus.load(folder), text, payload["intent"])
    return [Edit(path, before, files.with_examples(before, [text]))]


def _check_new(folder: Path, known: corpus.Corpus, text: str, intent: str) -> None:
    """A text may become an example of an intent: it is none yet, and no test message."""
    normal = known.normalise(text)
    for held in known.by_normal.get(normal, ()):
        if held.intent == intent:
            raise EditError(f"已经有一样的例句“{held.text}”，不用再加")
        raise EditError(f"同一句“{held.text}”已经在{title_of(folder, held.intent)}里；要换类别请用“移动”")
    if message := known.tested_as(normal):
        raise EditError(f"和测试消息 {message.id} 几乎一样，测试消息不能拿来训练；请换一个说法")


def _remove_example(payload: Payload, folder: Path, tried: bool) -> list[Edit]:
    path = _intent_path(folder, payload["intent"])
    before = _source(path)
    if payload["text"] not in files.examples_of(before):
        if tried:
            return []
        raise EditError(_gone(folder, payload["text"], payload["intent"]))
    return [Edit(path, before, _with_one_less(folder, before, payload["text"], payload["intent"]))]


def _with_one_less(folder: Path, source: str, text: str, intent: str) -> str:
    if len(files.examples_of(source)) <= FEWEST_EXAMPLES:
        raise EditError(f"{title_of(folder, intent)}只有 {FEWEST_EXAMPLES} 条例句，不能再少；请先加几条别的说法")
    return files.without_example(source, text)


def _gone(folder: Path, text: str, intent: str) -> str:
    elsewhere = [held for held in corpus.load(folder).training if held.text == text]
    if elsewhere:
        place = title_of(folder, elsewhere[0].intent)
        return f"例句“{text}”已经不在{title_of(folder, intent)}里，有人把它移到了{place}；请刷新后再决定"
    return f"例句“{text}”已经不在{title_of(folder, intent)}里，有人手工改过或删掉了；请刷新后再决定"


def _move_example(payload: Payload, folder: Path, tried: bool) -> list[Edit]:
    text, was, now = payload["text"], payload["was"], payload["now"]
    source, target = _intent_path(folder, was), _intent_path(folder, now)
    before, before_there = _source(source), _source(target)
    known = corpus.load(folder)
    normal = known.normalise(text)
    there = any(held.intent == now for held in known.by_normal.get(normal, ()))
    edits = [] if there else [Edit(target, before_there, files.with_examples(before_there, [text]))]
    if text in files.examples_of(before):
        return [*edits, Edit(source, before, _with_one_less(folder, before, text, was))]
    if there and (tried or text in files.examples_of(before_there)):
        return []
    raise EditError(_gone(folder, text, was))


def _edit_example(payload: Payload, folder: Path, _tried: bool) -> list[Edit]:
    path = _intent_path(folder, payload["intent"])
    before = _source(path)
    there = files.examples_of(before)
    if payload["was"] not in there:
        if payload["now"] in there:
            return []
        raise EditError(_gone(folder, payload["was"], payload["intent"]))
    known = corpus.load(folder)
    normal = known.normalise(payload["now"])
    if normal != known.normalise(payload["was"]):
        _check_new(folder, known, payload["now"], payload["intent"])
    return [Edit(path, before, files.with_example_changed(before, payload["was"], payload["now"]))]


def _keep_example(payload: Payload, folder: Path, _tried: bool) -> list[Edit]:
    if payload["text"] not in files.examples_of(_source(_intent_path(folder, payload["intent"]))):
        raise EditError(_gone(folder, payload["text"], payload["intent"]))
    return []


# --- intents and topics ----------------------------------------------------------------------------------------------


def _new_files(payload: Payload, folder: Path) -> dict[Path, str]:
    """The files of a new intent."""
    intent, label = payload["intent"], payload["intent"].partition("/")[0]
    about = f"{payload['title']}：{payload['scope']}"
    response = None if label == "enquiry" else payload["response"]
    found = {_intent_path(folder, intent): files.intent_file(intent, about, payload["examples"], response)}
    if label == "enquiry":
        name = intent.partition("/")[2]
        answer = {"title": payload["title"], **payload["answer"], "topic": name}
        found[folder / "answers" / f"{name}.yml"] = files.answers_file(payload["title"], _topic_entry(answer))
        found[_question_path(folder, intent)] = files.questions_file(f"{name}.yml", name, payload["examples"])
    return found


def _topic_entry(given: Payload) -> dict[str, Any]:
    """A topic as it stands in its file."""
    entry = {key: given[key] for key in _TOPIC_KEYS if given.get(key)}
    entry["reviewed"] = date.fromisoformat(str(given["reviewed"]))
    if "aspects" in entry:
        entry["aspects"] = {name: entry["aspects"][name] for name in ASPECTS if entry["aspects"].get(name)}
    return entry


def _new_intent(payload: Payload, folder: Path, _tried: bool) -> list[Edit]:
    label, _, name = payload["intent"].partition("/")
    edits = []
    for path, after in _new_files(payload, folder).items():
        before = files.read(path)
        if before is not None and before != after:
            raise EditError(f"{_named(path)} 已经有了，内容不一样；请换一个名字")
        edits += [] if before == after else [Edit(path, before, after)]
    catalogue = folder / "catalogue.yml"
    source = _source(catalogue)
    there = (yaml.safe_load(source).get(label) or {}).get("intents", {})
    entry = {"title": payload["title"], "scope": payload["scope"]}
    if name in there and there[name] != entry:
        raise EditError(f"目录里已经有{title_of(folder, payload['intent'])}，请换一个名字")
    if name not in there:
        edits.append(Edit(catalogue, source, files.with_entry(source, (label, "intents"), name, entry)))
    if edits:
        check_whole(folder, edits)
    return edits


def _remove_intent(payload: Payload, folder: Path, _tried: bool) -> list[Edit]:
    """Takes back a new intent to which nothing was done since."""
    label, _, name = payload["intent"].partition("/")
    catalogue = folder / "catalogue.yml"
    source = _source(catalogue)
    edits = []
    if name in yaml.safe_load(source)[label]["intents"]:
        edits.append(Edit(catalogue, source, files.without_value(source, (label, "intents", name))))
    for path, was in _new_files(payload, folder).items():
        before = files.read(path)
        if before not in (was, None):
            raise EditError(f"{_named(path)} 后来又改过，不能整个撤销；请逐条删改")
        edits += [] if before is None else [Edit(path, before, None)]
    if edits:
        check_whole(folder, edits)
    return edits


def _add_topic(payload: Payload, folder: Path, _tried: bool) -> list[Edit]:
    path = folder / "answers" / f"{payload['intent'].partition('/')[2]}.yml"
    before = _source(path)
    topics = yaml.safe_load(before)
    entry = _topic_entry(payload)
    same = next((topic for topic in topics if topic["topic"] == payload["topic"]), None)
    if same not in (entry, None):
        raise EditError(f"主题“{same['title']}”（{payload['topic']}）已经有了，请换一个名字，或者直接改它的答复")
    edits = [] if same else [Edit(path, before, files.with_item(before, entry, len(topics) - 1))]
    check_answers(folder, edits)
    asked = _question_path(folder, payload["intent"])
    return [*_with_questions(folder, asked, payload["topic"], payload.get("examples", ())), *edits]


def _remove_topic(payload: Payload, folder: Path, _tried: bool) -> list[Edit]:
    """Takes back an added topic that was not changed since, and its questions."""
    path = folder / "answers" / f"{payload['intent'].partition('/')[2]}.yml"
    before = _source(path)
    topics = yaml.safe_load(before)
    place = next((place for place, topic in enumerate(topics) if topic["topic"] == payload["topic"]), None)
    edits = []
    if place is not None:
        if topics[place] != _topic_entry(payload):
            raise EditError(f"主题“{topics[place]['title']}”（{payload['topic']}）后来又改过，不能整个撤销；请逐段改")
        edits.append(Edit(path, before, files.without_item(before, place)))
    check_answers(folder, edits)
    asked, examples = _question_path(folder, payload["intent"]), payload.get("examples", ())
    if set(_asked_in(files.read(asked)).get(payload["topic"], ())) - set(examples):
        raise EditError(f"主题“{payload['title']}”（{payload['topic']}）后来又加过问法，不能整个撤销；请先撤销那些问法")
    return [*_without_questions(asked, payload["topic"], examples), *edits]


def heading_of(topic: Mapping[str, Any]) -> dict[str, Any]:
    """What a topic is called (`title`), the words by which it is chosen (`when`), and its neighbours (`related`)."""
    return {
        "title": str(topic["title"]),
        **{key: [str(word) for word in topic.get(key) or ()] for key in ("when", "related")},
    }


def _edit_topic(payload: Payload, folder: Path, _tried: bool) -> list[Edit]:
    place = find(folder, payload["topic"], "short")
    found, wanted = heading_of(place.topic), payload["now"]
    if found == wanted:
        return []
    if found != payload["was"]:
        raise EditError(f"“{found['title']}”的名字、触发词或相关主题在您打开以后被别人改过；请刷新后照新的再改")
    source = place.source
    for key in _HEADING_KEYS:
        where: tuple[str | int, ...] = (place.number, key)
        if found[key] and not wanted[key]:
            source = files.without_value(source, where)
        elif found[key] != wanted[key]:
            source = files.with_value(source, where, wanted[key], after=_TOPIC_KEYS[: _TOPIC_KEYS.index(key)])
    edit = Edit(place.path, place.source, source)
    check_answers(folder, [edit])
    return [edit]


def _is_national(payload: Payload, _folder: Path) -> bool:
    answer = payload.get("answer") or payload
    return bool(answer.get("short")) and answer.get("scope") == _NATIONAL


# --- answers ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """Where a fact stands."""

    intent: str
    path: Path
    source: str
    number: int
    topic: Mapping[str, Any]
    keys: tuple[str, ...]

    @property
    def entry(self) -> Any:
        """What stands there, as JSON has it; None when nothing does."""
        found: Any = self.topic
        for key in self.keys:
            found = (found or {}).get(key)
        return in_json(found)

    def settings(self) -> dict[str, str]:
        """What is said besides the text: `source`, `scope`, `reviewed` and `unknown`."""
        entry = self.entry if isinstance(self.entry, Mapping) else {}
        own = {name: str(entry.get(name) or self.topic[name]) for name in ("source", "scope", "reviewed")}
        return {**own, "unknown": str(entry.get("unknown") or "")}


def find(folder: Path, topic: str, aspect: str) -> Place:
    """Where an aspect of a topic stands, or would, in whichever file. Raises EditError when there is no such topic."""
    for path in sorted((folder / "answers").glob("*.yml")):
        if re.search(rf"(?m)^\s*- topic: {re.escape(topic)}\s*$", files.read(path) or ""):
            return place_of(folder, f"enquiry/{path.stem}", topic, aspect)
    raise EditError(f"没有主题 {topic}")


def place_of(folder: Path, intent: str, topic: str, aspect: str) -> Place:
    """Where an aspect of a topic stands, or would. Raises EditError when there is none."""
    if aspect not in (*_ALWAYS, *ASPECTS):
        raise EditError(f"没有“{aspect}”这个角度；可用的是 {'、'.join((*_ALWAYS, *ASPECTS))}")
    path = folder / "answers" / f"{intent.partition('/')[2]}.yml"
    source = _source(path)
    for number, entry in enumerate(yaml.safe_load(source)):
        if entry["topic"] == topic:
            return Place(intent, path, source, number, entry, (aspect,) if aspect in _ALWAYS else ("aspects", aspect))
    raise EditError(f"{_named(path)} 里没有主题 {topic}，可能已经改名或删掉，请刷新后再看")


def in_json(entry: Any) -> Any:
    """A fact's entry with its date as text."""
    if isinstance(entry, Mapping):
        return {key: value.isoformat() if isinstance(value, date) else value for key, value in entry.items()}
    return entry


def text_of(entry: Any) -> str:
    """The text of a fact's entry; "" when there is none."""
    return str(entry.get("text", "") if isinstance(entry, Mapping) else entry or "").strip()


def entry_for(topic: Mapping[str, Any], payload: Payload) -> Any:
    """The entry of a fact with this text and these settings: only what differs from the topic's own is written."""
    if not payload["now"]:
        return None
    settings = {
        key: str(payload[key])
        for key in ("scope", "source", "reviewed")
        if payload.get(key) and str(payload[key]) != str(topic[key])
    }
    if unknown := payload.get("unknown"):
        settings = {"unknown": unknown, **settings}
    return {"text": payload["now"], **settings} if settings else payload["now"]


def _edit_answer(payload: Payload, folder: Path, _tried: bool) -> list[Edit]:
    place = place_of(folder, payload["intent"], payload["topic"], payload["aspect"])
    if place.entry == payload["entry"]:
        return []
    if place.entry != payload["found"]:
        raise EditError(
            f"“{place.topic['title']}”的这一段在您打开以后被别人改过，现在是：“{text_of(place.entry) or '（已删）'}”；"
            "请刷新后照新的再改"
        )
    edit = Edit(place.path, place.source, _with_fact(place, payload["entry"]))
    check_answers(folder, [edit])
    return [edit]


def _with_fact(place: Place, entry: Any) -> str:
    source = place.source
    where: tuple[str | int, ...] = (place.number, *place.keys)
    if entry is None:
        if place.keys[0] in _ALWAYS:
            raise EditError("简短回答和大白话不能删，只能改")
        alone = len(place.topic["aspects"]) == 1
        return files.without_value(source, where[:-1] if alone else where)
    value = _dated(entry)
    found = place.entry
    if isinstance(value, Mapping) and isinstance(found, Mapping):  # key by key: comments between them stay
        for key in _FACT_KEYS:
            if key in value and in_json(value)[key] != found.get(key):
                behind = _FACT_KEYS[: _FACT_KEYS.index(key)]
                source = files.with_value(source, (*where, key), value[key], after=behind)
            elif key in found and key not in value:
                source = files.without_value(source, (*where, key))
        return source
    if place.keys[0] == "aspects" and not place.topic.get("aspects"):
        return files.with_value(source, (place.number, "aspects"), {place.keys[1]: value}, after=("plain",))
    behind = ASPECTS[: ASPECTS.index(place.keys[1])] if place.keys[0] == "aspects" else ()
    return files.with_value(source, where, value, after=behind)


def _dated(entry: Any) -> Any:
    if isinstance(entry, Mapping) and "reviewed" in entry:
        return {**entry, "reviewed": date.fromisoformat(entry["reviewed"])}
    return entry


def _answer_is_national(payload: Payload, folder: Path) -> bool:
    topic = place_of(folder, payload["intent"], payload["topic"], payload["aspect"]).topic
    entries = [entry for entry in (payload["found"], payload["entry"]) if entry is not None]
    scopes = [(entry if isinstance(entry, Mapping) else {}).get("scope", topic["scope"]) for entry in entries]
    return _NATIONAL in scopes


# --- questions -------------------------------------------------------------------------------------------------------


def _question_path(folder: Path, intent: str) -> Path:
    return folder / "questions" / f"{intent.partition('/')[2]}.yml"


def _questions_of(folder: Path, topic: str) -> tuple[Path, list[str]]:
    """Where a topic's questions stand, or would, and what they are."""
    path = _question_path(folder, find(folder, topic, "short").intent)
    return path, _asked_in(files.read(path)).get(topic, [])


def _asked_in(source: str | None) -> dict[str, list[str]]:
    content = yaml.safe_load(source or "") or {}
    return {str(topic): [str(text) for text in texts] for topic, texts in content.items()}


def questions_of(folder: Path, topic: str) -> list[str]:
    """How residents ask for a topic, as the training has it. Raises EditError when there is no such topic."""
    return _questions_of(folder, topic)[1]


def _add_question(payload: Payload, folder: Path, _tried: bool) -> list[Edit]:
    path, _ = _questions_of(folder, payload["topic"])
    return _with_questions(folder, path, payload["topic"], [payload["text"]])


def _with_questions(folder: Path, path: Path, topic: str, texts: Sequence[str]) -> list[Edit]:
    """With what the topic has not yet, each wording once; what another topic has, or the test set, is refused."""
    before = files.read(path)
    there = set(_asked_in(before).get(topic, ()))
    new = [text for text in texts if text not in there]
    if not new:
        return []
    known = corpus.load(folder)
    asked = {known.normalise(question.text): question for question in Dataset(folder).questions}
    wordings: dict[str, str] = {}
    for text in new:
        normal = known.normalise(text)
        if (held := asked.get(normal)) and held.intent != topic:
            raise EditError(f"主题 {held.intent} 已经有一样的问法“{held.text}”")
        if message := known.tested_as(normal):
            raise EditError(f"“{text}”和测试消息 {message.id} 几乎一样，测试消息不能拿来训练；请换一个说法")
        if held is None:
            wordings.setdefault(normal, text)
    if not wordings:
        return []
    added = list(wordings.values())
    after = files.with_lines(before, topic, added) if before else files.questions_file(path.name, topic, added)
    return [Edit(path, before, after)]


def _remove_question(payload: Payload, folder: Path, tried: bool) -> list[Edit]:
    topic, text = payload["topic"], payload["text"]
    path, there = _questions_of(folder, topic)
    if text not in there:
        if tried:
            return []
        raise EditError(f"主题 {topic} 里已经没有问法“{text}”，有人手工改过或删掉了；请刷新后再决定")
    if len(there) <= FEWEST_EXAMPLES and "undoes" not in payload:  # what was added may always go again
        raise EditError(f"主题 {topic} 只有 {len(there)} 条问法，不能再少；请先加几条别的说法")
    return _without_questions(path, topic, [text])


def _without_questions(path: Path, topic: str, texts: Sequence[str]) -> list[Edit]:
    """Without these; a topic that has no others is not named, and a file that names no other topic goes."""
    source = files.read(path)
    asked = _asked_in(source)
    there = asked.get(topic, [])
    gone = [text for text in there if text in texts]
    if source is None or not gone:
        return []
    if len(gone) == len(there):
        return [Edit(path, source, files.without_value(source, (topic,)) if len(asked) > 1 else None)]
    after = source
    for text in gone:
        after = files.without_line(after, (topic,), text)
    return [Edit(path, source, after)]


# --- local facts -----------------------------------------------------------------------------------------------------


def local_fact(folder: Path, name: str) -> Mapping[str, Any]:
    """A local fact as it stands. Raises EditError when there is none of this name."""
    facts: Mapping[str, Any] = yaml.safe_load(_source(folder / "local_facts.yml")) or {}
    if name not in facts:
        raise EditError(f"本地信息里没有 {name}，请刷新后再看")
    found: Mapping[str, Any] = facts[name]
    return found


def _edit_local_fact(payload: Payload, folder: Path, _tried: bool) -> list[Edit]:
    path = folder / "local_facts.yml"
    before, fact = _source(path), local_fact(folder, payload["name"])
    value = str(fact["value"] or "")
    if value == payload["now"] and str(fact["reviewed"]) == payload["reviewed"]:
        return []
    if value != payload["was"]:
        raise EditError(f"“{fact['title']}”已经被别人改成“{value or '（空）'}”，请刷新后再改")
    after = files.with_value(before, (payload["name"], "value"), payload["now"])
    after = files.with_value(after, (payload["name"], "reviewed"), date.fromisoformat(payload["reviewed"]))
    edit = Edit(path, before, after)
    check_answers(folder, [edit])
    return [edit]


# --- regression set --------------------------------------------------------------------------------------------------


def _regression_path(folder: Path) -> Path:
    return folder / "regression" / "messages.jsonl"


def _regression_entry(payload: Payload) -> dict[str, Any]:
    return {key: payload[key] for key in ("text", "intent", "case", "why", "added")}


def _add_regression(payload: Payload, folder: Path, _tried: bool) -> list[Edit]:
    path = _regression_path(folder)
    before = files.read(path)
    normalise = corpus.load(folder).normalise
    normal = normalise(payload["text"])
    for line in (before or "").splitlines():
        entry = json.loads(line) if line.strip().startswith("{") else {}
        if entry and normalise(entry["text"]) == normal:
            if entry["case"] == payload["case"]:
                return []
            raise EditError(f"回归集里已经有这句，记的是{title_of(folder, entry['intent'])}；请先核对哪个对")
    kept = before or ""
    gap = "\n" if kept and not kept.endswith("\n") else ""
    return [Edit(path, before, kept + gap + files.json_line(_regression_entry(payload)))]


def _remove_regression(payload: Payload, folder: Path, tried: bool) -> list[Edit]:
    path = _regression_path(folder)
    before = files.read(path) or ""
    lines = before.splitlines(keepends=True)
    wanted = (payload["text"], payload["case"])
    place = next((place for place, line in enumerate(lines) if _text_and_case(line) == wanted), None)
    if place is not None:
        return [Edit(path, before, "".join(lines[:place] + lines[place + 1 :]))]
    if tried:
        return []
    raise EditError(f"回归集里已经没有“{payload['text']}”，有人手工改过或删掉了")


def _text_and_case(line: str) -> tuple[Any, Any]:
    entry = json.loads(line) if line.strip().startswith("{") else {}
    return entry.get("text"), entry.get("case")


# --- checks of the whole ---------------------------------------------------------------------------------------------


def check_answers(folder: Path, edits: Iterable[Edit]) -> None:
    """The answers could be loaded with these edits. Raises EditError with what the knowledge base says."""
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name)
        shutil.copytree(folder / "answers", copy / "answers")
        shutil.copy(folder / "local_facts.yml", copy)
        _apply(edits, folder, copy)
        try:
            knowledge.load(copy / "answers")
        except TrainersFileError as error:
            raise EditError(str(error)) from None


def check_whole(folder: Path, edits: list[Edit]) -> None:
    """The data checks find nothing with these edits that they do not find without. Raises EditError with it."""
    check_answers(folder, edits)
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name) / folder.name
        shutil.copytree(folder, copy)
        _apply(edits, folder, copy)
        changed = Dataset(copy)
        found, titles = dataset.findings(changed), changed.catalogue
        if found:
            known = {finding.replace(str(folder), "") for finding in dataset.findings(Dataset(folder))}
            found = [finding for finding in (text.replace(str(copy), "") for text in found) if finding not in known]
    if found:
        words = "；".join(in_words(finding, titles) for finding in found[:5])
        raise EditError(f"这样改过不了数据检查：{words}")


def _apply(edits: Iterable[Edit], folder: Path, copy: Path) -> None:
    for edit in edits:
        path = copy / edit.path.relative_to(folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        if edit.after is None:
            path.unlink(missing_ok=True)
        else:
            path.write_text(edit.after, encoding="utf-8", newline="")


# --- kinds -----------------------------------------------------------------------------------------------------------


def _same_as(kind: str) -> Callable[[Payload], tuple[str, dict[str, Any]]]:
    return lambda payload: (kind, dict(payload))


def _turned(kind: str, *pairs: tuple[str, str]) -> Callable[[Payload], tuple[str, dict[str, Any]]]:
    """The same kind of change with these members exchanged."""

    def turn(payload: Payload) -> tuple[str, dict[str, Any]]:
        swapped = dict(payload)
        for one, other in pairs:
            swapped[one], swapped[other] = payload[other], payload[one]
        return kind, swapped

    return turn


def _local_fact_as_it_was(payload: Payload) -> tuple[str, dict[str, Any]]:
    """With the day on which it was last looked at, where that is known."""
    days = {"reviewed": payload.get("was_reviewed", payload["reviewed"]), "was_reviewed": payload["reviewed"]}
    return "edit_local_fact", {**payload, "was": payload["now"], "now": payload["was"], **days}


KINDS = {
    "add_example": Kind("加例句", _add_example, _same_as("remove_example")),
    "remove_example": Kind("删例句", _remove_example, _same_as("add_example")),
    "move_example": Kind("移动例句", _move_example, _turned("move_example", ("was", "now"))),
    "edit_example": Kind("改例句", _edit_example, _turned("edit_example", ("was", "now"))),
    "keep_example": Kind("标签没错", _keep_example, None),
    "new_intent": Kind("新细类", _new_intent, _same_as("remove_intent"), _is_national),
    "remove_intent": Kind("撤掉细类", _remove_intent, _same_as("new_intent"), _is_national),
    "add_topic": Kind("新主题", _add_topic, _same_as("remove_topic"), _is_national),
    "remove_topic": Kind("撤掉主题", _remove_topic, _same_as("add_topic"), _is_national),
    "edit_topic": Kind("改主题", _edit_topic, _turned("edit_topic", ("was", "now"))),
    "edit_answer": Kind(
        "改答复", _edit_answer, _turned("edit_answer", ("was", "now"), ("found", "entry")), _answer_is_national
    ),
    "edit_local_fact": Kind("改本地信息", _edit_local_fact, _local_fact_as_it_was),
    "add_question": Kind("加问法", _add_question, _same_as("remove_question")),
    "remove_question": Kind("删问法", _remove_question, _same_as("add_question")),
    "add_regression": Kind("加进回归集", _add_regression, _same_as("remove_regression")),
    "remove_regression": Kind("移出回归集", _remove_regression, _same_as("add_regression"), leaders=True),
}
"""Every kind of change by name."""
