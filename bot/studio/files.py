"""Edits of the trainers' files that a person could have made: what is not meant stays byte for byte as it was.

A file is parsed only to find where something stands; the edit is made in its text. An edit counts when the new text
holds exactly what was meant and every comment that was there (`_checked`); otherwise it is refused. What is new is
appended, so that a change is a few added lines in the diff. No library writes the YAML: docs/adr/004-libraries.md.
"""

import difflib
import json
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

WRITING = ".writing"
"""What the name of a file ends with while it is written."""
Value = str | date | Sequence[str] | Mapping[str, Any]
"""What a key of an answer may hold."""
_PathTo = tuple[str | int, ...]
# In C, ten times as fast, with the same positions.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class EditError(Exception):
    """An edit that cannot be made; the text says why, in Chinese, and what to do."""


@dataclass(frozen=True)
class Edit:
    """A file's text as it was found and as it shall be; None: there is no file."""

    path: Path
    before: str | None
    after: str | None


def read(path: Path) -> str | None:
    """A file's text with its own line ends; None when there is no such file.

    Raises:
        EditError: it is no UTF-8.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise EditError(f"{path.name} 不是 UTF-8 编码，请先另存为 UTF-8") from None


def write(edit: Edit) -> None:
    """Write a file beside, read it again, and rename it over the old one; or remove it.

    Raises:
        EditError: the file is no longer as it was found, or what was written reads differently.
        OSError: the disk is full, or the file may not be written.
    """
    if read(edit.path) != edit.before:
        raise EditError(f"{edit.path.name} 刚刚被改动过，请再试一次")
    if edit.after is None:
        edit.path.unlink()
        return
    _make(edit.path.parent)
    beside = edit.path.with_name(f".{edit.path.name}{WRITING}")
    with beside.open("w", encoding="utf-8", newline="") as file:
        file.write(edit.after)
        file.flush()
        os.fsync(file.fileno())
    if read(beside) != edit.after:
        beside.unlink()
        raise EditError(f"{edit.path.name} 写完读出来不一样，没有保存，请找技术人员检查磁盘")
    beside.chmod(_mode(edit.path))
    beside.replace(edit.path)


def _mode(path: Path) -> int:
    """Who may read and write a file: as before, or for a new one as its folder says, whatever the process's umask is.

    People edit these files by hand beside the program.
    """
    with suppress(FileNotFoundError):
        return stat.S_IMODE(path.stat().st_mode)
    return path.parent.stat().st_mode & 0o666


def _make(folder: Path) -> None:
    """Make a folder that is missing, as open as the one that it is in."""
    if not folder.is_dir():
        _make(folder.parent)
        folder.mkdir()
        folder.chmod(stat.S_IMODE(folder.parent.stat().st_mode))


def sweep(folder: Path) -> None:
    """Remove what a writer that died has left beside the files."""
    for left in folder.rglob(f".*{WRITING}"):
        left.unlink(missing_ok=True)


def diff(edits: Iterable[Edit], folder: Path) -> str:
    """What edits do, as one unified diff with paths from the folder's parent."""
    return "".join(_diff_of(edit, str(edit.path.relative_to(folder.parent))) for edit in edits)


def merged(before: str, after: str) -> str:
    """What was done in two goes: an earlier diff with the files that a later one holds in its words."""
    parts = _by_file(before) | _by_file(after)
    return "".join(parts.values())


def _by_file(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    name, lines = "", text.splitlines(keepends=True)
    for line, following in zip(lines, [*lines[1:], ""], strict=False):
        if line.startswith("--- ") and following.startswith("+++ "):
            name = (line if following.endswith("/dev/null\n") else following)[len("--- a/") :]
        parts[name] = parts.get(name, "") + line
    return parts


def _diff_of(edit: Edit, name: str) -> str:
    lines = difflib.unified_diff(
        (edit.before or "").splitlines(keepends=True),
        (edit.after or "").splitlines(keepends=True),
        "/dev/null" if edit.before is None else f"a/{name}",
        "/dev/null" if edit.after is None else f"b/{name}",
        n=1,
    )
    return "".join(line if line.endswith("\n") else line + "\n" for line in lines)


# --- examples --------------------------------------------------------------------------------------------------------


def examples_of(source: str) -> list[str]:
    """The examples of an intent file, in order."""
    return [text for _, text in _example_lines(source, _example_blocks(source))]


def with_examples(source: str, texts: Iterable[str]) -> str:
    """An intent file with new examples at the end."""
    for text in texts:
        source = _with_example(source, text)
    return source


def _with_example(source: str, text: str) -> str:
    block = _example_blocks(source)[-1]
    lines = _example_lines(source, [block])
    if not lines:
        raise EditError("文件里一条例句也没有，请先手工写一条")
    last = lines[-1][0]
    line = _line_at(source, last)
    indent = line[: len(line) - len(line.lstrip(" "))]
    end = last + len(line.rstrip("\r\n"))
    after = f"{source[:end]}{_newline(source)}{indent}- {text}{source[end:]}"
    return _checked(source, after, _changed_examples(source, lambda found: [*found, text]))


def without_example(source: str, text: str) -> str:
    """An intent file without an example, the first of those that are the same."""
    start = _where(source, text)
    after = source[:start] + source[start + len(_line_at(source, start)) :]
    return _checked(source, after, _changed_examples(source, lambda found: _without(found, text)))


def with_example_changed(source: str, was: str, now: str) -> str:
    """An intent file with another wording in an example's place."""
    start = _where(source, was)
    line = _line_at(source, start)
    indent, ending = line[: len(line) - len(line.lstrip(" "))], line[len(line.rstrip("\r\n")) :]
    after = f"{source[:start]}{indent}- {now}{ending}{source[start + len(line) :]}"
    return _checked(source, after, _changed_examples(source, lambda found: _swapped(found, was, now)))


def _without(found: list[str], text: str) -> list[str]:
    place = found.index(text)
    return found[:place] + found[place + 1 :]


def _swapped(found: list[str], was: str, now: str) -> list[str]:
    place = found.index(was)
    return [*found[:place], now, *found[place + 1 :]]


def _where(source: str, text: str) -> int:
    for start, found in _example_lines(source, _example_blocks(source)):
        if found == text:
            return start
    raise EditError(f"文件里没有例句“{text}”")


def _example_blocks(source: str) -> list[yaml.ScalarNode]:
    blocks = []
    entries = _find(_compose(source), ("nlu",))
    for entry in entries.value if isinstance(entries, yaml.SequenceNode) else ():
        block = _find(entry, ("examples",))
        if not isinstance(block, yaml.ScalarNode) or block.style != "|":
            raise EditError("例句不是写在“examples: |”下面的，请手工改这个文件")
        blocks.append(block)
    if not blocks:
        raise EditError("文件里没有 nlu 一段，请手工检查")
    return blocks


def _example_lines(source: str, blocks: Iterable[yaml.ScalarNode]) -> list[tuple[int, str]]:
    """Where each example's line begins, and its text."""
    found = []
    for block in blocks:
        place = block.start_mark.index
        for line in source[place : block.end_mark.index].splitlines(keepends=True):
            if line.strip().startswith("- "):
                found.append((place, line.strip()[2:].strip()))
            place += len(line)
    return found


def _changed_examples(source: str, change: Callable[[list[str]], list[str]]) -> Callable[[Any], bool]:
    """Whether a file's new content is the old one with these examples changed, and nothing else."""
    before = _parsed(source)
    wanted = change(_texts(before))
    left_before = _emptied(before)
    return lambda after: _texts(after) == wanted and _emptied(after) == left_before


def _texts(content: Any) -> list[str]:
    return [
        line.strip()[2:].strip()
        for entry in content["nlu"]
        for line in entry["examples"].splitlines()
        if line.strip().startswith("- ")
    ]


def _emptied(content: Any) -> Any:
    return {**content, "nlu": [{**entry, "examples": ""} for entry in content["nlu"]]}


# --- values ----------------------------------------------------------------------------------------------------------


def with_value(source: str, path: _PathTo, value: Value, *, after: Sequence[str] = ()) -> str:
    """A file with a value at a path of keys and numbers; a key that is new stands behind the last of `after` there."""
    wanted = _parsed(source)
    _parent(wanted, path)[path[-1]] = _plain_data(value)
    parent = _find(_compose(source), path[:-1])
    if not isinstance(parent, yaml.MappingNode):
        raise EditError("文件的结构和预想的不一样，请手工改")
    pair = next(((key, node) for key, node in parent.value if key.value == path[-1]), None)
    if pair:
        new = _with_replaced(source, *pair, value, flow=bool(parent.flow_style))
    else:
        new = _with_inserted(source, parent, str(path[-1]), value, after)
    return _checked(source, new, lambda content: content == wanted)


def without_value(source: str, path: _PathTo) -> str:
    """A file without the key at a path."""
    wanted = _parsed(source)
    del _parent(wanted, path)[path[-1]]
    parent = _find(_compose(source), path[:-1])
    key, node = next((key, node) for key, node in parent.value if key.value == path[-1])
    if parent.flow_style:
        raise EditError("这一项写在一行的花括号里，请手工删")
    start = source.rfind("\n", 0, key.start_mark.index) + 1
    end = _end_of(source, node)
    new = source[:start] + source[end:].removeprefix("\r").removeprefix("\n")
    return _checked(source, new, lambda content: content == wanted)


def with_lines(source: str, key: str, texts: Sequence[str]) -> str:
    """A file of lists by key with more texts at the end of a list, one to a line; a new key stands at the end."""
    wanted = _parsed(source)
    newline = _newline(source)
    if key in wanted:
        last = _lines(source, (key,))[-1]
        head, dash = "", source[source.rfind("\n", 0, last.start_mark.index) + 1 : last.start_mark.index]
    else:
        last, head, dash = _compose(source), f"{newline}{key}:", "  - "
    wanted[key] = [*wanted.get(key, ()), *texts]
    end = _behind(source, _end_of(source, last))
    lines = "".join(f"{newline}{dash}{_scalar(text)}" for text in texts)
    return _checked(source, f"{source[:end]}{head}{lines}{source[end:]}", lambda content: content == wanted)


def without_line(source: str, path: _PathTo, text: str) -> str:
    """A file with one text less in a list of texts."""
    wanted = _parsed(source)
    place = _parent(wanted, path)[path[-1]].index(text)
    del _parent(wanted, path)[path[-1]][place]
    node = _lines(source, path)[place]
    start = source.rfind("\n", 0, node.start_mark.index) + 1
    new = source[:start] + source[_end_of(source, node) :].removeprefix("\r").removeprefix("\n")
    return _checked(source, new, lambda content: content == wanted)


def _lines(source: str, path: _PathTo) -> list[yaml.Node]:
    node = _find(_compose(source), path)
    if not isinstance(node, yaml.SequenceNode) or node.flow_style or not node.value:
        raise EditError("文件的结构和预想的不一样，请手工改")
    return list(node.value)


def with_item(source: str, item: Mapping[str, Any], place: int) -> str:
    """A file that is a list, with one more item, which will be number `place`."""
    wanted = _parsed(source)
    wanted.insert(place, _plain_data(item))
    items = _compose(source).value
    newline = _newline(source)
    indent = " " * max(items[0].start_mark.column - 2, 0)
    lines = _rendered_mapping(item, len(indent) + 2, newline)
    block = f"{indent}- {lines.lstrip()}"
    if place:
        end = _behind(source, _end_of(source, items[place - 1]))
        new = f"{source[:end]}{newline}{block}{source[end:]}"
    else:
        start = source.rfind("\n", 0, items[0].start_mark.index) + 1
        new = f"{source[:start]}{block}{newline}{source[start:]}"
    return _checked(source, new, lambda content: content == wanted)


def without_item(source: str, place: int) -> str:
    """A file that is a list, without item number `place`."""
    wanted = _parsed(source)
    del wanted[place]
    item = _compose(source).value[place]
    start = source.rfind("\n", 0, item.start_mark.index) + 1
    end = _end_of(source, item)
    new = source[:start] + source[end:].removeprefix("\r").removeprefix("\n")
    return _checked(source, new, lambda content: content == wanted)


def with_entry(source: str, path: _PathTo, name: str, entry: Mapping[str, str]) -> str:
    """A file with one more entry at the end of the mapping at a path, written on one line: `name: {a: …, b: …}`."""
    wanted = _parsed(source)
    _parent(wanted, (*path, name))[name] = dict(entry)
    parent = _find(_compose(source), path)
    end = _behind(source, _end_of(source, parent))
    indent = " " * parent.value[0][0].start_mark.column
    inside = ", ".join(f"{key}: {_scalar(text, flow=True)}" for key, text in entry.items())
    new = f"{source[:end]}{_newline(source)}{indent}{name}: {{{inside}}}{source[end:]}"
    return _checked(source, new, lambda content: content == wanted)


def intent_file(intent: str, about: str, examples: Iterable[str], response: str | None) -> str:
    """A new intent file as the others are written."""
    lines = ['version: "3.1"', f"# {about}", "nlu:", f"- intent: {intent}", "  examples: |"]
    lines += [f"    - {text}" for text in examples]
    if response is not None:
        lines += ["responses:", f"  utter_{intent}:", "  - text: |-"]
        lines += [f"      {line}".rstrip() for line in response.strip().splitlines()]
    return "\n".join(lines) + "\n"


def answers_file(about: str, topic: Mapping[str, Any]) -> str:
    """A new file of answers with its one topic."""
    return f"# {about}\n- {_rendered_mapping(topic, 2, chr(10)).lstrip()}\n"


def questions_file(answers: str, topic: str, questions: Iterable[str]) -> str:
    """A new file of questions by topic, of whose answers it is given the name, with those of one topic."""
    about = f"居民怎么问到 answers/{answers} 的每个主题：照着例子学，说法不一样也认得出；改了以后要重新训练才认得。"
    return "".join(f"{line}\n" for line in (f"# {about}", f"{topic}:", *(f"  - {_scalar(text)}" for text in questions)))


def json_line(data: Mapping[str, Any]) -> str:
    """One line of a JSONL file."""
    return json.dumps(data, ensure_ascii=False) + "\n"


def _with_replaced(source: str, key: yaml.Node, node: yaml.Node, value: Value, *, flow: bool) -> str:
    colon = source.index(":", key.end_mark.index)
    rendered = _rendered(value, key.start_mark.column, _newline(source), flow=flow)
    return f"{source[:colon]}:{rendered}{source[_end_of(source, node) :]}"


def _with_inserted(source: str, parent: yaml.MappingNode, key: str, value: Value, after: Sequence[str]) -> str:
    if parent.flow_style:
        raise EditError("这一段写在一行的花括号里，请手工加")
    before = [node for name, node in parent.value if name.value in after] or [parent.value[-1][1]]
    column = parent.value[0][0].start_mark.column
    end, newline = _behind(source, _end_of(source, before[-1])), _newline(source)
    return f"{source[:end]}{newline}{' ' * column}{key}:{_rendered(value, column, newline)}{source[end:]}"


def _rendered(value: Value, column: int, newline: str, *, flow: bool = False) -> str:
    """What stands behind the colon of a key that begins in this column."""
    if isinstance(value, Mapping):
        return newline + _rendered_mapping(value, column + 2, newline)
    if isinstance(value, date):
        return f" {value.isoformat()}"
    if not isinstance(value, str):
        return f" [{', '.join(_scalar(text, flow=True) for text in value)}]"
    if "\n" in value and not flow:
        inner = " " * (column + 2)
        return " |-" + "".join(newline + (inner + line if line else "") for line in value.split("\n"))
    return f" {_scalar(value, flow=flow)}"


def _rendered_mapping(mapping: Mapping[str, Any], column: int, newline: str) -> str:
    return newline.join(f"{' ' * column}{key}:{_rendered(value, column, newline)}" for key, value in mapping.items())


def _scalar(text: str, *, flow: bool = False) -> str:
    """A text on one line, without quotes where it reads the same."""
    for written in (text, "'" + text.replace("'", "''") + "'"):
        with suppress(yaml.YAMLError):
            framed = f"{{a: {written}, b: 1}}" if flow else f"a: {written}\nb: 1"
            # Read by both parsers, which differ on what else may begin a text without quotes.
            read_as = [yaml.load(framed, Loader=loader) for loader in (_LOADER, yaml.SafeLoader)]  # noqa: S506 - safe
            if written and "\n" not in text and read_as == [{"a": text, "b": 1}] * 2:
                return written
    return json.dumps(text, ensure_ascii=False)


def _plain_data(value: Any) -> Any:
    """A value as the parser gives it."""
    if isinstance(value, Mapping):
        return {key: _plain_data(inner) for key, inner in value.items()}
    return value if isinstance(value, str | date) else [_plain_data(inner) for inner in value]


# --- positions -------------------------------------------------------------------------------------------------------


def _checked(before: str, after: str, meant: Callable[[Any], bool]) -> str:
    """The new text, if it holds what was meant and every comment. Raises EditError."""
    try:
        content = _parsed(after)
    except yaml.YAMLError:
        raise EditError("这样写进文件会读不出来（里面有 YAML 不认的字符），没有保存") from None
    if not meant(content):
        raise EditError("写进文件的内容和要写的不一致，没有保存，请手工改这个文件")
    left = iter(_comments(after))
    if not all(comment in left for comment in _comments(before)):
        raise EditError("这样改会丢掉文件里手写的注释，没有保存，请手工改这个文件")
    return after


def _comments(source: str) -> Iterator[str]:
    """The comments of a file: what stands between its tokens and is no space."""
    end = 0
    for token in yaml.scan(source, Loader=_LOADER):
        between = source[end : token.start_mark.index]
        yield from (line.strip() for line in between.splitlines() if line.strip().startswith("#"))
        end = max(end, token.end_mark.index)


def _parsed(source: str) -> Any:
    return yaml.load(source, Loader=_LOADER)  # noqa: S506 - a safe loader


def _compose(source: str) -> Any:
    try:
        return yaml.compose(source, Loader=_LOADER)
    except yaml.YAMLError as error:
        raise EditError(f"文件现在就读不出来，请先手工改好：{error}") from None


def _find(node: Any, path: _PathTo) -> Any:
    for step in path:
        if isinstance(step, int) and isinstance(node, yaml.SequenceNode):
            node = node.value[step]
        elif isinstance(node, yaml.MappingNode):
            node = next((inner for key, inner in node.value if key.value == step), None)
        else:
            return None
    return node


def _parent(content: Any, path: _PathTo) -> Any:
    for step in path[:-1]:
        content = content[step]
    return content


def _end_of(source: str, node: Any) -> int:
    """Where what a node says ends; the parser counts the lines behind it too."""
    if isinstance(node, yaml.ScalarNode):
        return node.start_mark.index + len(source[node.start_mark.index : node.end_mark.index].rstrip())
    if node.flow_style or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return _end_of(source, last[1] if isinstance(node, yaml.MappingNode) else last)


def _behind(source: str, end: int) -> int:
    """The end of the line, with a comment that stands on it."""
    return end + len(_line_at(source, end).rstrip("\r\n"))


def _line_at(source: str, start: int) -> str:
    end = source.find("\n", start)
    return source[start:] if end < 0 else source[start : end + 1]


def _newline(source: str) -> str:
    return "\r\n" if "\r\n" in source else "\n"
