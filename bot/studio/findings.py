"""What the data checks found (`bot.nlu.dataset`), in the words of those who have to mend it."""

import re
from collections.abc import Mapping

from bot.nlu import catalogue
from bot.nlu.triage import LABELS

_WORDS = (
    (r"(?P<a>\S+): in the catalogue, but there is no file (?P<b>\S+)", "目录里有 {a}，但没有文件 {b}"),
    (r"(?P<a>\S+): has a file, but is not in catalogue\.yml", "{a} 有文件，但目录 catalogue.yml 里没有登记"),
    (r"(?P<a>.+): holds (?P<b>\S+); the path must be (?P<c>\S+)", "{a} 里写的是 {b}，文件应当叫 {c}"),
    (r"(?P<a>.+): its answers belong into (?P<b>\S+), by topic and aspect", "{a} 的答复要写在 {b} 里"),
    (r"(?P<a>.+): must hold exactly one answer entry, (?P<b>\S+)", "{a} 里要有、也只能有一条答复 {b}"),
    (r"(?P<a>.+): (?P<b>\S+) is not in the catalogue", "{a} 的细类 {b} 不在目录里"),
    (r"(?P<a>\S+): (?P<b>\d+) examples, at least (?P<c>\d+) are needed", "{a} 只有 {b} 条例句，至少要 {c} 条"),
    (r"'(?P<a>.*)': under two labels \((?P<b>.*)\)", "“{a}”在两个标签下都有：{b}"),
    (r"'(?P<a>.*)': more than once \((?P<b>.*)\)", "“{a}”不止一次：{b}"),
    (r"(?P<a>.+?): '(?P<b>.*)' holds Rasa's markup; leave out .*", "{a} 的“{b}”里有 [ ] 或大括号，请去掉"),
    (r"(?P<a>.+?): '(?P<b>.*)' is nearly the training message '(?P<c>.*)'", "测试消息“{b}”和例句“{c}”几乎一样（{a}）"),
    (r"the data checks have not looked at what this model was trained on", "训练这个模型的数据没有检查过"),
    (r"(?P<a>.+): (?P<b>\S+) is no topic of answers/(?P<c>\S+)", "{a} 里的主题 {b} 不在答复 answers/{c} 里"),
    (r"(?P<a>.+): (?P<b>\S+) is no topic of any file of .*", "{a} 里的主题 {b} 哪个答复文件里都没有"),
    (r"(?P<a>.+): cannot be read as (?:questions|follow_ups) \((?P<b>.*)\)", "{a} 读不出来：{b}"),
    (r"(?P<a>.+): cannot be read as an intent file \((?P<b>.*)\)", "{a} 读不出来：{b}"),
)
_PATTERNS = tuple((re.compile(pattern, re.DOTALL), words) for pattern, words in _WORDS)


_INTENT = re.compile(rf"(?P<name>(?:{'|'.join(LABELS)})/\w+)(?:\.yml)?")


def in_words(finding: str, titles: Mapping[str, str] | None = None) -> str:
    """A finding as trainers read it, with the intents' titles; one of a kind that is not known here stays as it is.

    `titles`: of the data that was checked, if that is not the project's as it is now.
    """
    for pattern, words in _PATTERNS:
        if found := pattern.fullmatch(finding):
            return _titled(words.format(**found.groupdict()), catalogue.titles() if titles is None else titles)
    return finding


def _titled(words: str, titles: Mapping[str, str]) -> str:
    """With the title beside each intent's name or file."""

    def beside(found: re.Match[str]) -> str:
        title = titles.get(found["name"])
        return f"{found[0]}（{title}）" if title else found[0]

    return _INTENT.sub(beside, words)
