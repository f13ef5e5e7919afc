"""A detail in its thread: read together with the tip, request, enquiry or chat that it goes on with."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.nlu.conversation import REMEMBERED_SECONDS, Conversation, triage_of
from bot.nlu.corrections import puts_right
from bot.nlu.filling_in import FillingIn
from bot.nlu.meanings import ANY_REQUEST, CERTAIN, LOST, ONLY_SILENCE, bare, graver, read_as, unclear, whispered
from bot.nlu.normaliser import normalise
from bot.nlu.question import Parse
from bot.nlu.telling_words import CLOSING, chases, faintly_heard, of_alarm
from bot.nlu.triage import URGENT, Triage
from bot.nlu.turning_point import DANGER, DOUBTFUL, danger
from bot.nlu.turns import FORM_TURNS, is_surely, turns_in
from bot.nlu.unspoken import gives_up
from bot.nlu.wording import asks, size

_PLAIN = 0.9
"""In the middle of a tip or request an alarm that the model alone sees must be as sure as this to stand by itself."""
_THREADS = frozenset({"tip", "help_request", "enquiry"})
_THREAD_CHARACTERS, _TOLD_CHARACTERS = 120, 15
"""Of each message before, what is read again; and of chat, from which it is one and no call in pieces."""
_EVENT = re.compile(
    "(?<![拍照找睡看听接])着了|着火|冒|烟|烧|炸|漏|撞|摔|掉|跳|跑|倒|晕|昏|喘|醒|气|伤|砸|踹|撬|翻|偷|抓|拽|拖|拉|绑|关|困|不见|"
    "丢|走失|没了|喝|吃|药|咬|吐|哭|喊|叫|骂|闹|疯|裸|摸|脱|跟|盯|守|转账|转钱|骗|威胁|逼|弄|整|削|干起|死|动手|架|"
    "人|我|俺|他|她|男|女|孩|娃|血"
)
"""Somebody, or something that happens; a message without it names places, times, looks, numbers."""
_NOTHING_DONE = re.compile("(?:不|没有?)(?:打架|打人|动手|闹事|伤人|砸东西|吵架)")
"""What is said not to happen; the model hears the fight in it."""
_SOMEBODYS_AGE = re.compile(r"[\d一二两三四五六七八九十]+(?:周?岁|年级|个月)半?|[小]?(?:男|女)(?:孩儿?|娃|宝)")
"""Of whom something is asked: 8岁 男孩."""
_THEN = re.compile("当时|当年|那年|那回|那次|那会儿|上回|以前|早先|年前|月前")
_NOW = re.compile("现在|刚才|刚刚|正|又|今天|今晚|快|还在|救|马上|这会儿")
_OTHER_MATTER = re.compile("另外|还有个?事|还有一?个?事|再反映|再举报|再说个|别的事|顺便|对了")
_CORRECTION, _EVIDENCE = "help_request/correction", "help_request/evidence_submit"
_RESTATES = re.compile(
    "刚才[^，,。 ]{0,4}(?:没说|[说记][错岔差])|没说(?:清|明白|全)|[说记看搞弄][错岔差]了|更正一下|补充一[下句点]"
)
"""Who puts right what they asked, and tells nothing new."""
_SUPPLEMENTS = re.compile(
    "(?:再|还|接着|想)补充|补充(?:一?[下句点条]|个情况)|(?:昨|前|上回|上次|刚才|之前)[^，,。 ]{0,7}再(?:说|反映|报)"
)
"""Who adds to what they told before."""
_WITHDRAWN = re.compile("误会|误报|撤|取消|作废|不用(?:来|管|查)|别(?:来|查)|报错|看错|冤枉")
_NO_DETAIL = frozenset(
    f"help_request/{intent}"
    for intent in ("correction", "case_followup", "human_service", "complaint_officer", "evidence_submit")
)
"""Requests that are no part of the story told before them."""
_COMPLAINT, _OWN_END = "help_request/complaint_officer", "urgent_alarm/suicide_self"
_AT_THE_DESK = re.compile("窗口|柜台|大厅|工号|警号|胸牌|工作证|办事员|工作人员|[男女](?:同志|警|民警)|坐班|叫号|排队")
"""Where those work whom a complaint is about, and how they are told apart."""
_OWN_DEATH = re.compile(
    "(?:我|俺|自己|自个儿?)[^，。,. ]{0,4}(?:该死|去死|想死|死了算|不如死|不想活|不该活|不配活|活够|活腻|白活|多余)"
    "|(?:不想|不愿)[^，。 ]{0,4}(?:这|人|世)[世间上界][^，。 ]{0,2}[待呆留]"
    "|(?:不想|不该|不配)活|活着[^，。,. ]{0,3}(?:没意思|没劲|干啥|干嘛|有啥用|受罪)|死了(?:得了|算了|拉倒)"
)
"""One's own death, in words that nobody says of papers."""
_DEATH, _GRIEVES = "enquiry/household_death", 0.6
"""Behind this matter one's own end is heard from here on: what mourners say calmly is fainter."""
_OWN_STORY = 0.99
_BY_ITSELF, _LIKELY = 0.8, 0.5
"""P(alarm) from which a message is one whatever was told before it: of 80 dangers behind something calm 78 are likelier
than this by themselves, of 820 harmless details one in twenty-three."""
_SURELY_SETTLED = 0.95
"""P from which what came before explains what is faintly heard; of 27 dangers heard so behind something calm none is
explained by it."""
_FICTION = "other/fiction"
_THINGS_LOST = frozenset({"help_request/lost_item", "help_request/lost_pet"})
_HEARD_IN_LOSS = frozenset(f"{URGENT}/{kind}" for kind in ("missing_child", "missing_adult_at_risk", "general_alarm"))
_SOMEBODY_LOST = re.compile(
    "人(?!家|民)|[他她孩娃妈爸爹娘爷奶姥叔姨哥姐弟妹]|儿子|女儿|闺女|老伴|老头|老太|宝宝|岁|走失|走丢|痴呆|同学|对象|媳妇|老公"
)
"""Anybody at all: then it is not the thing alone that is gone."""
_HOW_TO_TELL, _TELLING = "enquiry/tip_howto", "我要举报一件事"
"""Whoever has asked how to tell something tells it next."""
_LOCKED_OUT, _NO_KEY = "help_request/lockout", "钥匙锁屋里了"
"""Whoever is locked out thinks of the stove next; what was told between need not stand between them."""
_CHAT, _NEWS = "other/chitchat", "other/news_talk"
_IDLE = frozenset({_FICTION, _CHAT, "other/idiom", "other/praise", _NEWS})
_NO_MATTER = frozenset(f"other/{intent}" for intent in ("greeting", "acknowledgement", "test_message", "media_word"))
"""What is said before any matter: what comes next is read by itself."""
_FAINT, _SURELY_CHAT = 0.6, 0.95
_ASPECT = re.compile("[了着过得正没]")
"""What says of something that it goes on, has come about or has not: 下来了, 围着, 呛得, 没回家."""
_BARE_CHARACTERS = 12
"""Of a message beside the names in it: a longer one tells something."""
_BESIDE_VALUES = re.compile(r"[^\s,，。.、#-]")
"""Letters and signs (🆘) that stand beside a message's places and numbers."""
_ESCALATED = {
    "tip/wanted_suspect": f"{URGENT}/wanted_person",
    "tip/illegal_taxi": f"{URGENT}/taxi_danger",
    "help_request/domestic_violence_past": f"{URGENT}/domestic_violence",
    "help_request/harassment": f"{URGENT}/stalking",
}
"""What a whisper means when it comes in the middle of telling something: the man of the tip is here."""
_NEAR_DANGER = frozenset({*_ESCALATED, "help_request/burglary_discovered", ANY_REQUEST})
"""Tips and requests from which danger is not far: a bare place after them may be a whisper."""
_ONESELF = re.compile(r"我叫|我姓|(?<!\d)1\d{10}(?!\d)")
"""The name and the telephone number that nobody whispers."""
_CRIES = re.compile("[救帮求怕躲藏逃敢嘘]|别(?:打|出|回|说|来)|快来|来人|出不|走不|[他她](?:在|来|又|进|要|正|拿|喝)")


class Thread:
    """What the sender of a message is in the middle of telling."""

    def __init__(self, conversation: Conversation, filling: FillingIn) -> None:
        """`filling`: the same conversation's form."""
        self._said, self._filling = conversation, filling

    async def read_in(self, parse_data: dict[str, Any], parse: Parse) -> dict[str, Any]:
        """A detail that makes sense only with what its sender wrote just before, read together with that.

        "金色年华 三楼最里面" after a tip belongs to the tip, and a bare address there is no whisper. Danger in plain
        words, and whatever the safety net sees, stays what it is.
        """
        read = await self._read_in(parse_data, parse)
        triage = Triage.from_json(read["triage"])
        by_itself = Triage.from_json(parse_data["triage"])
        faint = triage.urgent and by_itself.urgent and not (triage.seen_by_net or by_itself.seen_by_net)
        faint = faint and not self._despairs(by_itself, parse_data["text"])
        return (await self._in_calm_talk(parse_data, by_itself, parse) if faint else None) or read

    def goes_on_calmly(self, alone: dict[str, Any], joined: dict[str, Any]) -> bool:
        """Whether a few words are an alarm only together with those before them, and hardly one in the calm matter that
        all of them belong to."""
        together, (words, before) = Triage.from_json(joined["triage"]), self._calm_words()
        if Triage.from_json(alone["triage"]).urgent or together.seen_by_net or before is None or before.uncertain:
            return False
        told = before.label in _THREADS or (before.confidence >= CERTAIN and size(words) >= _TOLD_CHARACTERS)
        return told and self._danger(alone) < DANGER

    def thing_lost(self, heard: Triage, text: str) -> Triage | None:
        """The thing or the animal that was told lost, where the model hears somebody missing, or a cry, in a detail of
        it that names nobody: 现在关机了, of a telephone; 回头它就没了, of a dog."""
        before = self._thread()
        if before is None or before[1].intent not in _THINGS_LOST or heard.seen_by_net:
            return None
        somebody = _SOMEBODY_LOST.search(normalise(text)) or of_alarm(normalise(text))
        return before[1] if heard.intent in _HEARD_IN_LOSS and not somebody else None

    async def _read_in(self, parse_data: dict[str, Any], parse: Parse) -> dict[str, Any]:
        triage, text = Triage.from_json(parse_data["triage"]), parse_data["text"]
        if triage.source == "net" or (not triage.urgent and (chases(text) or CLOSING.search(text))):
            return parse_data
        if whispered(triage) and _gives_data(parse_data):
            matter = self._thread(beside_questions=True)
            if matter and matter[1].intent not in _NEAR_DANGER:
                return read_as(parse_data, matter[1], matter[1].intent)
            if matter is None and _ONESELF.search(text) and self._thread():
                return read_as(parse_data, Triage("help_request", triage.confidence, ANY_REQUEST), ANY_REQUEST)
        earlier = self._supplemented(text)
        if earlier and not triage.seen_by_net and not (triage.urgent and triage.confidence >= _LIKELY):
            return read_as(parse_data, earlier, earlier.intent)
        if not triage.urgent and self._begins_after_end(triage, text):
            return parse_data
        restated = self._thread() if _RESTATES.search(normalise(text)) and not triage.urgent else None
        if restated and restated[1].label == "enquiry" and triage.confidence < _OWN_STORY:
            return read_as(parse_data, restated[1], restated[1].intent)
        corrected = self._thread() if triage.intent == _CORRECTION else None
        if corrected and (puts_right(normalise(text)) or self._adds_to_tip(corrected[1], text)):
            return read_as(parse_data, corrected[1], corrected[1].intent)
        proven = self._thread(beside_questions=True) if triage.intent == _EVIDENCE else None
        if proven and proven[1].label in ("tip", "help_request") and proven[1].intent not in _NO_DETAIL:
            return read_as(parse_data, proven[1], proven[1].intent)  # proof of what is being told is no case of its own
        to_officer = self._thread() if not triage.urgent and bare(parse_data) else None
        if to_officer and to_officer[1].label == "help_request" and to_officer[1].intent in _NO_DETAIL:
            return read_as(parse_data, to_officer[1], to_officer[1].intent)  # 前天晚上八点多, of a complaint
        if triage.urgent and (fiction := await self._in_fiction(parse_data, triage, parse)):
            return fiction
        if triage.urgent and (self._stands(triage, parse_data) or self._despairs(triage, text)):
            return _escalated(parse_data, triage, self._thread())
        thread = (None if self._said.other_matter else self._said.form_as_thread()) or self._thread()
        said = _NOTHING_DONE.sub("", text)
        likely = triage.confidence >= _LIKELY or _NOW.search(text)
        if triage.urgent and likely and not _long_past(text) and of_alarm(said):
            return _escalated(parse_data, triage, thread)
        if thread and thread[1].label == "enquiry" and triage.intent in ONLY_SILENCE:
            thread = self._thread(beside_questions=True) or thread  # a bare place there belongs to the tip before them
        if thread is None or (self._said.form and triage.urgent and not self._filling.explains(triage, text)):
            return parse_data
        words, before = thread
        if _stands_behind_enquiry(parse_data, triage, before) and not self._said.form:
            return parse_data
        if before.intent in _NO_DETAIL and triage.intent == _CHAT and triage.confidence >= _SURELY_CHAT:
            return parse_data  # said beside asking for an officer, and no more of any story
        if before.intent == _COMPLAINT and triage.urgent and _of_complaint(triage, before, said):
            return read_as(parse_data, before, before.intent)  # the rude words that it is about: 那就别开门
        if before.intent == _LOCKED_OUT and not triage.urgent and (alarm := await _seen_by_net(parse, _NO_KEY, text)):
            return graver(parse_data, alarm)
        if not (_incomplete(parse_data, triage, before) or _same_matter(triage, before, text)):
            return parse_data
        if before.label == "enquiry" and triage.label in ("enquiry", "other"):
            # A question of its own, or one that stands on the question before it.
            return await self._of_enquiry(parse_data, triage, thread, parse) if triage.uncertain else parse_data
        joined = await parse(f"{words}，{text}")
        read = Triage.from_json(joined["triage"])
        in_form = self._said.form and not self._said.other_matter
        if in_form and triage.urgent and not read.urgent and read.source != "net":
            return read_as(parse_data, Triage("enquiry", read.confidence, before.intent), before.intent)
        calm = self._danger(parse_data) < DANGER or _hardly_one(read, before, said)
        if read.urgent and not triage.urgent and read.source == "model" and calm:
            # What was calm when it was told is no alarm for a calm word after it.
            more = triage.intent in LOST or _same_matter(triage, before, text)
            return read_as(parse_data, before, before.intent) if more else parse_data
        told = read.uncertain and read.label == before.label in ("tip", "help_request")
        if told and triage.confidence < CERTAIN and _names_only(parse_data):
            return read_as(parse_data, before, before.intent)
        if read.uncertain or read.source == "net" or (read.urgent and not triage.urgent):
            return graver(parse_data, joined)
        if triage.urgent and triage.confidence >= CERTAIN and read.confidence < CERTAIN:
            return parse_data
        if triage.urgent and not self._said.form:
            if (share := self._danger(parse_data)) >= DANGER:
                return parse_data
            if self._seen_by_nobody(triage, before, share):
                return unclear(parse_data, triage)
        if read.label == before.label:
            return read_as({**parse_data, "topics": joined.get("topics", ())}, read, before.intent)
        begun = read.label == "tip" and before.intent == _HOW_TO_TELL
        return read_as(parse_data, read, read.intent) if begun else parse_data

    def _supplemented(self, text: str) -> Triage | None:
        """The tip or request that a message says it adds to, however long ago it was told: 昨天那个我再补充点."""
        if not _SUPPLEMENTS.search(normalise(text)):
            return None
        for event in self._said.earlier_messages:
            triage = triage_of(event)
            if triage and triage.label in ("tip", "help_request") and triage.intent not in _NO_DETAIL:
                return triage
        return None

    def _begins_after_end(self, triage: Triage, text: str) -> bool:
        """Whether a message behind a tip or request that was given up, or is over, is another matter or a question:
        还有刚才捡着一条小狗 送哪儿. What says nothing by itself may still be more of it."""
        last = self._thread(beside_questions=True)
        if last is None or not self._last_told_ends() or triage.intent in (last[1].intent, *LOST):
            return False
        surely = triage.label in ("tip", "help_request", "enquiry") and triage.confidence >= CERTAIN
        return asks(normalise(text)) or (surely and triage.intent not in (*_NO_DETAIL, ANY_REQUEST))

    def _last_told_ends(self) -> bool:
        """Whether the last words of a tip or request say that it need not go on, or that it is over."""
        for event in self._said.last_messages:
            triage = triage_of(event)
            if triage and triage.label in ("tip", "help_request"):
                over = triage.intent == _CORRECTION and triage.confidence >= CERTAIN
                return over or gives_up(event.text or "")
        return False

    async def _of_enquiry(
        self, parse_data: dict[str, Any], triage: Triage, thread: tuple[str, Triage], parse: Parse
    ) -> dict[str, Any]:
        """A message of which nobody knows what it is, as a detail of the question before it where it surely is one
        behind that: 幼师, of a certificate. Nobody is asked whether there is danger then, and no case is opened."""
        words, before = thread
        joined = await parse(f"{words}，{parse_data['text']}")
        read = Triage.from_json(joined["triage"])
        enquires = read.label == "enquiry" and not read.uncertain and read.confidence >= CERTAIN
        calm = not triage.urgent and self._danger(parse_data) < DANGER
        return read_as(parse_data, read, before.intent) if enquires and calm else parse_data

    def _adds_to_tip(self, told: Triage, text: str) -> bool:
        """Whether what sounds like a false alarm only puts a tip right: nobody is on the way who could be sent back."""
        return told.label == "tip" and not self._said.alarm_open and not _WITHDRAWN.search(text)

    async def _in_fiction(self, parse_data: dict[str, Any], triage: Triage, parse: Parse) -> dict[str, Any] | None:
        """The message as a part of the drama that its sender is telling, or of the chat, if it is one.

        In a drama nothing may be about the writer or now; in a chat the alarm must be faint and without its words.
        """
        text, (words, drama) = parse_data["text"], self._plot()
        plain = not _NOW.search(text)
        if drama:
            plain = plain and triage.confidence < CERTAIN and "我" not in text
        else:
            plain = plain and triage.confidence < _FAINT and not of_alarm(text)
        if not words or not plain:
            return None
        joined = Triage.from_json((await parse(f"{words}，{text}"))["triage"])
        calm = joined.label == "other" and joined.confidence >= (CERTAIN if drama else _SURELY_CHAT)
        return read_as(parse_data, joined, _FICTION if drama else _CHAT) if calm else None

    async def _in_calm_talk(self, parse_data: dict[str, Any], triage: Triage, parse: Parse) -> dict[str, Any] | None:
        """An alarm that is none behind what its sender has written before: "it was towed away" of a parked car."""
        words, before = self._calm_words()
        likely = self._danger(parse_data)
        faint = whispered(triage) and triage.confidence < CERTAIN
        perhaps = likely < _LIKELY and faintly_heard(triage, parse_data["text"])
        if before is None or (likely >= DANGER and not faint and not perhaps):
            return None
        joined = await parse(f"{words}，{parse_data['text']}")
        read = Triage.from_json(joined["triage"])
        if perhaps and likely >= DANGER and self._settled(joined, before, parse_data["text"]):
            return read_as({**parse_data, "topics": joined.get("topics", ())}, read, read.intent)
        if likely >= DANGER and not faint:
            return None
        if read.source == "net" or (likely >= DANGER and read.urgent):
            return None
        if likely >= DANGER or self._seen_by_nobody(triage, before, likely):
            return unclear(parse_data, replace(triage, label="help_request"))
        if read.urgent or read.label == before.label:
            return read_as(parse_data, before, before.intent)
        return read_as(parse_data, read, read.intent)

    def _despairs(self, triage: Triage, text: str) -> bool:
        """Whether the model hears one's own death in words that speak of it, however faintly, 他们都说我该死, or most
        likely in what is no question behind one about somebody's death: 我想跟我妈一起走."""
        if triage.intent != _OWN_END:
            return False
        grief = _DEATH in self._open_matters() and triage.confidence >= _GRIEVES and not asks(normalise(text))
        return grief or bool(_OWN_DEATH.search(text))

    def _settled(self, joined: Mapping[str, Any], before: Triage, text: str) -> bool:
        """Whether the open matter surely explains an alarm that is heard without the odds, in words of none: where to
        take the dead father off the books, where the dog ran off. What no officer reads must ask something as well."""
        read = Triage.from_json(joined["triage"])
        surely = (
            read.intent in self._open_matters() and read.confidence >= _SURELY_SETTLED and self._danger(joined) < DANGER
        )
        return surely and read.label in _THREADS and (before.label != "enquiry" or asks(normalise(text)))

    def _open_matters(self) -> set[str]:
        """What the last messages were taken for."""
        return {triage.intent for triage in map(triage_of, self._said.last_messages) if triage}

    def _danger(self, parse_data: Mapping[str, Any]) -> float:
        """P(emergency) of a further message here."""
        return danger(parse_data, in_form=self._said.form is not None)

    def _seen_by_nobody(self, triage: Triage, before: Triage, likely: float) -> bool:
        """Whether an alarm that hardly is one must yet be seen by a human, and would not be: a question or chat is
        answered by the bot, and requests and tips are read by officers."""
        doubtful = likely >= DOUBTFUL or triage.confidence >= CERTAIN
        return doubtful and before.label in ("enquiry", "other") and not self._said.form

    def _stands(self, triage: Triage, parse_data: Mapping[str, Any]) -> bool:
        """Whether an alarm is likely enough to be read by itself first; bare values and whispers are read in their
        thread, and answers to a form sound like anything."""
        beside = _without_names(parse_data)
        bare = _names_only(parse_data) and size(beside) <= _BARE_CHARACTERS and not _ASPECT.search(beside)
        sure = triage.confidence >= _BY_ITSELF and triage.intent not in ONLY_SILENCE
        return sure and not (bare or self._said.form)

    def _calm_words(self) -> tuple[str, Triage | None]:
        """What the sender has written lately without any alarm in it, and how the latest of it was read."""
        oldest, words, before = time.time() - REMEMBERED_SECONDS, list[str](), None
        for event in self._said.last_messages:
            triage = triage_of(event)
            if event.timestamp < oldest or triage is None or triage.urgent:
                break
            if triage.intent in _NO_MATTER or (before is None and triage.uncertain):
                continue  # nothing was said, or nobody knows what
            before = triage if before is None else before
            words.insert(0, (event.text or "")[:_THREAD_CHARACTERS])
        return "，".join(words), before

    def _plot(self) -> tuple[str, bool]:
        """What the sender has chatted about in the last messages, and whether it was a film or drama."""
        oldest, words, drama = time.time() - REMEMBERED_SECONDS, list[str](), False
        for event in self._said.last_messages:
            triage = triage_of(event)
            if event.timestamp < oldest or triage is None or triage.intent not in _IDLE:
                break
            drama = drama or triage.intent in (_FICTION, _NEWS)
            words.insert(0, (event.text or "")[:_THREAD_CHARACTERS])
        return "，".join(words), drama

    def _thread(self, *, beside_questions: bool = False) -> tuple[str, Triage] | None:
        """The words of the tip, request or enquiry that the sender is in the middle of telling, and what they were;
        `beside_questions`: of the tip or request in which questions were asked."""
        oldest = time.time() - REMEMBERED_SECONDS
        words: list[str] = []
        before: Triage | None = None
        for event in self._said.last_messages:
            triage = triage_of(event)
            if event.timestamp < oldest or triage is None or triage.label not in _THREADS:
                break
            if beside_questions and triage.label == "enquiry":
                continue
            if before is not None and triage.label != before.label:
                break
            if before is None and triage.uncertain and (triage.label == "enquiry" or triage.confidence < _LIKELY):
                break
            before = triage if before is None else before
            words.insert(0, (event.text or "")[:_THREAD_CHARACTERS])
        if before and before.intent == _HOW_TO_TELL:
            return _TELLING, before
        return ("，".join(words), before) if before else None


async def _seen_by_net(parse: Parse, words: str, text: str) -> dict[str, Any] | None:
    """A text behind these words, where the safety net sees an alarm in both together."""
    joined = await parse(f"{words}，{text}")
    triage = Triage.from_json(joined["triage"])
    return joined if triage.urgent and triage.seen_by_net else None


def _gives_data(parse_data: Mapping[str, Any]) -> bool:
    """Whether a message only gives a place, a number or a name, as an answer would, with nobody and no call beside it.

    By itself a place may be a whisper; in the middle of a tip or request it is where that is.
    """
    text, answers = parse_data["text"], is_surely(turns_in(parse_data, FORM_TURNS), "answer")
    return answers and not (of_alarm(text) or _CRIES.search(text) or _NOW.search(text))


def _without_names(parse_data: Mapping[str, Any]) -> str:
    """A message's words without the places, times and numbers that it names."""
    text: str = parse_data["text"]
    for entity in sorted(parse_data["entities"], key=lambda entity: -int(entity["start"])):
        text = f"{text[: entity['start']]} {text[entity['end'] :]}"
    return text


def _names_only(parse_data: Mapping[str, Any]) -> bool:
    """Whether a message names nobody and nothing that happens: only places, times, looks, numbers."""
    return not _EVENT.search(_SOMEBODYS_AGE.sub("", _NOTHING_DONE.sub("", _without_names(parse_data))))


def _incomplete(parse_data: Mapping[str, Any], triage: Triage, before: Triage) -> bool:
    """Whether a message says too little by itself: doubtful, a whisper, lost.

    In a tip or request also one that names nobody and nothing that happens, however sure the model is of an alarm.
    """
    if triage.label == "enquiry" and before.label != "enquiry" and not asks(normalise(parse_data["text"])):
        return True
    if triage.confidence < CERTAIN or triage.intent in ONLY_SILENCE or triage.uncertain or triage.intent in LOST:
        return True
    if not triage.urgent or before.label == "enquiry":
        return False
    return triage.confidence < _PLAIN or _names_only(parse_data)


def _stands_behind_enquiry(parse_data: Mapping[str, Any], triage: Triage, before: Triage) -> bool:
    """Whether a plain whisper comes right behind a question: "he is in the living room, I can only type" is no detail
    of a lost card. A place and nothing else may be one.
    """
    if not triage.urgent or triage.confidence < CERTAIN or before.label != "enquiry":
        return False
    beside = _BESIDE_VALUES.findall(_without_names(parse_data))
    return len(beside) > 1 or not parse_data["entities"]


def _hardly_one(read: Triage, before: Triage, text: str) -> bool:
    """Whether an alarm is heard but faintly behind a request or tip, in words of which none is one of an alarm: what
    the driver looked like, of a telephone left in a taxi. An officer reads it there."""
    return before.label in ("help_request", "tip") and faintly_heard(read, text)


def _of_complaint(read: Triage, before: Triage, text: str) -> bool:
    """Whether an alarm is heard behind a complaint in words of which none is one of an alarm, faintly or in what tells
    whom it is about and where they sit: 戴眼镜，靠里面那个窗口."""
    describes = _AT_THE_DESK.search(text) and not (read.seen_by_net or of_alarm(text) or _NOW.search(text))
    return _hardly_one(read, before, text) or (bool(describes) and read.confidence < _PLAIN)


def _long_past(text: str) -> bool:
    """Whether a message tells of what was once, and nothing of now."""
    return bool(_THEN.search(text)) and not _NOW.search(text)


def _same_matter(triage: Triage, before: Triage, text: str) -> bool:
    """Whether a request or tip is most likely more of the one before it, by another name: its hours, its door."""
    ours = ("tip", "help_request")
    if triage.label not in ours or before.label not in ours or before.intent in _NO_DETAIL:
        return False
    if triage.intent in (before.intent, *_NO_DETAIL):
        return False
    sure = triage.confidence >= _OWN_STORY if triage.label != before.label else False
    return not sure and not _OTHER_MATTER.search(text)


def _escalated(parse_data: dict[str, Any], triage: Triage, thread: tuple[str, Triage] | None) -> dict[str, Any]:
    """A whisper in the middle of telling something, as the alarm that it is there."""
    intent = _ESCALATED.get(thread[1].intent) if thread and triage.intent in ONLY_SILENCE else None
    return read_as(parse_data, triage, intent) if intent else parse_data
