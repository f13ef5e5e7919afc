"""What a further message is answered with that no line of advice fits: a receipt, or where it asks something, that the
officer will answer it.

No guess and no echo: words read back, and advice for what the machine took them for, were wrong more often than right
(ADR 010). An address with its door alone is read back: officers go there, and who wrote it sees whether it is right.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.intake import wording
from bot.intake.advice import Advice, Moment
from bot.intake.questions import address_told, tells_place
from bot.nlu.corrections import puts_right
from bot.nlu.entities import entities_of
from bot.nlu.normaliser import normalise
from bot.nlu.wording import size
from bot.store.models import Message

_RECEIPTS = {
    "image": wording.PHOTO_RECEIPT,
    "location": wording.PLACE_RECEIPT,
    "voice": wording.VOICE_RECEIPT,
}
SILENT = {False: wording.SILENT_RECEIPT, True: wording.SILENT_RECEIPT_ENGLISH}
"""The receipt that somebody else may see, by whether it is in English."""
_SILENT_ASKED = {False: wording.SILENT_ASKED, True: wording.SILENT_ASKED_ENGLISH}
_ASKS = re.compile(
    r"[?？]|吗\W*$|[行成中对好]吗|"
    r"(?:能|可以|行|要|用|该|会|得|有|给|中|成|使|算|对|是|敢|准)[^，,。 ]{0,8}不[呀啊呢]?\W*$|"
    r"(?:正常|要紧|合适|严重)不\W*$|(?!动不动|时不时)(?<!不)([\u4e00-\u9fff])\s?[不没]\s?\1|"
    "(?:啥|什么|哪|谁)(?!.{0,4}[都也])|(?:怎么|咋|如何)(?!.{0,4}[都也])|"
    "[给去先找报走留等坐躲往](?!了)[^，,。 ]{1,10}还是[给去先找报走留等坐躲往在](?!了)|"
    "多少|多[久远]|多长时间|(?<![好十百这那没见])几[点天个分号]|能不能|可不可以|行不行|是不是|有没有|要不要|用不用|会不会|该不该|算不算|是否|请问"
)
_TELLS = re.compile(
    r"没啥|没什么|不值(?:啥|什么)|[啥么]的$|[动碰惹跟]她?他?[^，。 ]{0,4}咋的|爱咋咋|能在哪[^，,。 ]*[!！]?$|"
    "快[点些]?[儿]?[^，。 ]{0,3}[行中好成]不[行中好成]|"
    r"[咋怎]么?不[^，,。 ]{0,3}[抓逮管]|(?:敲门|过来)问|不会写|"
    r"不知道|不认识|不记得|知道是谁|反正|别管|[在往]哪[啊呢]?就|记不|不清楚|[没看认]不?清|说不清|忘了|没问|啥啥|咋这么|咋还|[笑哭慌怕]啥|我?咋(?:寻思|觉|感觉)|"
    "^(?:什么|啥)[^，。 ]{2,8}(?:公司|店|厂|学校|小区|银行|医院|单位)$|"
    "(?<=[\u4e00-\u9fff])(?<![是在有去到找问看开进买哪个家没为要说办])(?:什么|啥)(?:超市|饭店|饭馆|药房|宾馆|酒店|烧烤|小区|花园|家园|幼儿园)$|"
    "几个(?:[^，。?？ ]{1,6})(?:把|给|在|都|正|追|围|拽|按|摁|抬|扶|帮)|"
    "(?:叫|姓|户名|网名|昵称)[^，,。 ]{0,3}(?:啥|什么)|"
    "我?(?:再|先|去)?(?:找找|问问|查查|看看|瞅瞅|想想)(?![^，,。 ]*[?？吗不行])|"
    "(?:问|说|写着|喊着?|叫着?|寻思)(?:我|他|她|俺)?[^，,。 ]{0,4}(?:啥|什么|哪|谁|怎么|咋)"
)
"""Words behind which 谁 and 什么 ask nothing."""
_CLAUSES = re.compile(r"(?<=[?？])|[\s,，。.!！;；…~～]+")
_ANSWERED = re.compile(r"[^,，。.!！ ]*[?？]\W*(?=就)")
"""A question of the writer's own that the next words answer: 哪个学校？就大东路那个."""
_PLAINLY_ASKS = re.compile(
    "[?？吗]$|[能可行要用该会得中成][^，。 ]{0,8}不[呀啊呢]?$|"
    "(?:我|俺|咱)们?(?:现在|这会儿|先|还|到底)*(?:能不能|可不可以|要不要|用不用|该不该)"
)
"""Of a clause that others follow; of oneself: 能不能快点 is no question of 他在砸门，能不能快点，我害怕."""
_ASKS_IN_ENGLISH = re.compile(
    r"\?|^(?:and |so |but )?(?:what|where|when|how|who|which|why|can|could|should|do|does|is|are|will|may|shall)\b",
    re.IGNORECASE,
)


def asks_something(text: str) -> bool:
    """Whether a text surely asks something of the station: at its end, or with a plain sign of it anywhere."""
    text = normalise(text).strip()
    if not wording.has_han(text):
        return bool(_ASKS_IN_ENGLISH.search(text))
    *before, last = [clause for clause in _CLAUSES.split(_ANSWERED.sub("", text)) if clause] or [""]
    return _is_question(last) or any(_PLAINLY_ASKS.search(clause) and _is_question(clause) for clause in before)


def told_beside(text: str) -> str:
    """What a text tells beside what it asks: 120来了上车了 of 120来了上车了，手环你们发吗."""
    clauses = [clause for clause in _CLAUSES.split(normalise(text).strip()) if clause]
    return " ".join(clause for clause in clauses if not _is_question(clause))


def _is_question(clause: str) -> bool:
    return bool(_ASKS.search(clause)) and not _TELLS.search(clause)


@dataclass(frozen=True)
class Spoken:
    """What has been said in a case: just before, what counts most now, or that the officer will answer (`promised`);
    and whether what counts most was ever said again (`urged`)."""

    just_now: bool = False
    promised: bool = False
    urged: bool = False


def of(
    message: Message,
    messages: Sequence[Message],
    moment: Moment,
    advice: Advice,
    *,
    english: bool,
    spoken: Spoken = Spoken(),
) -> str:
    """The receipt of a message in an alarm; `messages`: all of the case's.

    Whoever is beside themself gets what counts most now once more, in short, whoever asks what nobody can answer as
    well, but only once; and nobody the same twice running.
    """
    if message.kind != "text":
        return wording.RECEIPT_ENGLISH if english else _RECEIPTS.get(message.kind, wording.RECEIPT)
    if not size(message.text) and not english:
        return wording.STILL_HERE
    turn = number(message, messages)
    now = "" if english or advice.listens(moment) else advice.to_do_now(moment)
    if now and wording.cries(message.text):
        return _comfort(now, turn, advice, spoken)
    if asks_something(message.text) and not advice.listens(moment):
        return _promise(now, spoken, english=english)
    if advice.listens(moment) and not english and any(one.kind == "place" for one in entities_of(message.text)):
        return wording.PLACE_HEARD
    said = advice.receipt(moment, turn, english=english)
    plain = not (english or moment.scene in advice.receipts)
    if plain and tells_place(message.text):
        said = wording.PLACE_TAKEN[turn % len(wording.PLACE_TAKEN)]
        if address := address_told(message.text):
            said = wording.ADDRESS_TAKEN.format(address=address)
    if plain and not advice.listens(moment) and puts_right(normalise(message.text)):
        said = wording.PUT_RIGHT[turn % len(wording.PUT_RIGHT)]
    welcome = wording.WELCOME_ENGLISH if english else wording.WELCOME
    return welcome.format(said=said) if wording.says_thanks(message.text) else said


def _comfort(now: str, turn: int, advice: Advice, spoken: Spoken) -> str:
    """A word of comfort and what counts most now; behind the same, comfort alone."""
    if spoken.just_now:
        return advice.comfort_again[turn % len(advice.comfort_again)]
    return advice.comfort[turn % len(advice.comfort)] + now


def _promise(now: str, spoken: Spoken, *, english: bool) -> str:
    """That the officer will answer, and once in an alarm what counts most until then."""
    if english:
        return wording.ASKED_ENGLISH
    asked = wording.ASKED_AGAIN if spoken.promised else wording.ASKED
    return wording.NOW.format(asked=asked, now=now) if now and not spoken.urged else asked


def number(message: Message, messages: Sequence[Message]) -> int:
    """How many texts stood in a case before this message."""
    return sum(one.kind == "text" and one.id < message.id for one in messages)


def quiet(message: Message, *, english: bool) -> str:
    """The receipt of a message whose answer somebody else may see."""
    asked = message.kind == "text" and asks_something(message.text)
    return (_SILENT_ASKED if asked else SILENT)[english]
