"""What a further message is answered with that no line of advice fits: what was told is taken down in its own words.

"Received" again and again sounds like a machine that reads nothing. The words are repeated, so that their writer sees
what the officer sees; a question is promised the officer's answer, and never a guess.
"""

import re
from collections.abc import Sequence

from bot.intake import wording
from bot.nlu.corrections import puts_right
from bot.nlu.entities import entities_of
from bot.nlu.normaliser import normalise
from bot.nlu.turns import Turn, is_surely
from bot.nlu.wording import size
from bot.store.models import Message

_RECEIPTS = {
    "image": wording.PHOTO_RECEIPT,
    "location": wording.PLACE_RECEIPT,
    "voice": wording.VOICE_RECEIPT,
}
_NOTED = {"phone": "号码", "plate": "车牌", "place": "地点"}
"""What is taken down, by the kind of what is named in a message."""
_LEAST, _MOST = 4, 36
"""Letters of a message that is repeated: a shorter one tells nothing, of a longer one the beginning is."""
_CRY = re.compile(
    "快[点来]|求[你您]|救|呜|啊啊|天[哪呐啊]|妈呀|完了|[急吓气]死|怎么办|咋整|咋办|[怕慌]|妈的|滚[蛋出]|废物"
)
"""What is cried out: it is heard, and not read back."""
_ASKS = re.compile(
    r"[?？吗么]\W*$|(?:能|可以|行|要|用|该|会|得|有|给|中|成|使|算|对|是|敢|准)[^，,。 ]{0,8}不[呀啊呢]?\W*$|"
    r"(?:正常|要紧|合适|严重)不\W*$|(?!动不动|时不时)(?<!不)([\u4e00-\u9fff])\s?[不没]\s?\1|"
    "(?:啥|什么|哪|谁)(?!.{0,4}[都也])|(?:怎么|咋|如何)(?!.{0,4}[都也])|"
    "多少|多[久远]|(?<![好十百这那没见])几[点天个分号]|能不能|可不可以|行不行|是不是|有没有|要不要|用不用|会不会|该不该|算不算|是否|请问"
)
_TELLS = re.compile(
    r"没啥|爱咋咋|能在哪[^，,。 ]*[!！]?$|[咋怎]么?不[^，,。 ]{0,3}[抓逮管]|(?:敲门|过来)问|不会写|"
    r"不知道|不认识|不记得|知道是谁|反正|别管|[?？]\W*就|[在往]哪[啊呢]?就|记不|不清楚|[没看认]不?清|说不清|忘了|没问|啥啥|咋这么|咋还|[笑哭慌怕]啥|我?咋(?:寻思|觉|感觉)|"
    "(?:叫|姓|户名|网名|昵称)[^，,。 ]{0,3}(?:啥|什么)|"
    "我?(?:再|先|去)?(?:找找|问问|查查|看看|瞅瞅|想想)(?![^，,。 ]*[?？吗不行])|"
    "(?:问|说|写着|喊着?|叫着?|寻思)(?:我|他|她|俺)?[^，,。 ]{0,4}(?:啥|什么|哪|谁|怎么|咋)"
)
"""Words behind which 谁 and 什么 ask nothing."""
_DETAILS = ("detail", "ok")
_ASKS_IN_ENGLISH = re.compile(
    r"\?|^(?:and |so |but )?(?:what|where|when|how|who|which|why|can|could|should|do|does|is|are|will|may|shall)\b",
    re.IGNORECASE,
)


def asks_something(text: str, turns: Sequence[Turn] = ()) -> bool:
    """Whether a text is surely a question, so that it must not be taken down as a fact; `turns`: what the model takes
    it for, to which a detail is none, whatever its words: 辽A啥的 后边好像是6K2."""
    text = normalise(text).strip()
    if is_surely(turns, *_DETAILS):
        return text.endswith(("?", "吗"))
    if not wording.has_han(text):
        return bool(_ASKS_IN_ENGLISH.search(text))
    return bool(_ASKS.search(text)) and not _TELLS.search(text)


def of(message: Message, turns: Sequence[Turn] = (), *, english: bool = False, quotes: bool = True) -> str:
    """The receipt of a message in an alarm. `quotes`: whether its words are repeated."""
    if message.kind != "text":
        return wording.RECEIPT_ENGLISH if english else _RECEIPTS.get(message.kind, wording.RECEIPT)
    if not size(message.text) and not english:
        return wording.STILL_HERE
    asking, said = asks_something(message.text, turns), told(message.text)
    if english and asking:
        return wording.ASKED_ENGLISH
    if english:
        return wording.NOTED_ENGLISH.format(said=said) if said and quotes else wording.RECEIPT_ENGLISH
    if said and not asking and puts_right(normalise(message.text)):
        return wording.PUT_RIGHT.format(said=said)
    what = named(message.text)
    if asking:
        return (
            f"{wording.NOTED.format(what=what, said=said)}\n{wording.ASKED}"
            if said and what and quotes
            else wording.ASKED
        )
    return wording.NOTED.format(what=what, said=said) if said and (quotes or what) else wording.RECEIPT


def quiet(message: Message, turns: Sequence[Turn] = ()) -> str:
    """The receipt of a message whose answer somebody else may see."""
    return wording.SILENT_ASKED if asks_something(message.text, turns) else wording.SILENT_RECEIPT


def named(text: str) -> str:
    """What a text names that is taken down: 号码, 车牌, 地点; nothing by default."""
    kinds = {entity.kind for entity in entities_of(text)}
    return next((what for kind, what in _NOTED.items() if kind in kinds), "")


def told(text: str) -> str:
    """The words of a message as they are repeated; none where it is too short or a cry."""
    words = " ".join(text.split())
    if _CRY.search(normalise(words)) or (size(words) < _LEAST and not named(words)):
        return ""
    most = _MOST if wording.has_han(words) else 2 * _MOST
    return words if len(words) <= most else f"{words[: most - 1]}…"
