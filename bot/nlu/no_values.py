"""What stands in a message to a form, looks like one of its values and is none: the number of a certificate, the
name and telephone of the landlord."""

from __future__ import annotations

import re

_LEAST_DIGITS = 6
"""Digits of a paper's number; a flat of a lettered block, B座2106, has fewer."""
_LETTERED = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{1,8}[- ]?\d[\dA-Za-z-]{4,}(?![\dA-Za-z])")
"""A number that begins with letters, as no value does: LN0104-2207318."""
_LABEL = (
    "(?:(?:免疫|疫苗|防疫|狂犬|芯片|合同|房本|房产|不动产|执照|学生|社保|本子?|证书|登记)[^，,。;；\\s\\d]{0,5}(?:编?号码?|号)|"
    "(?<!身份)(?<!证件)(?<!电话)(?<!手机)(?:编号|序列号|流水号|证号))"
)
_LABELLED = re.compile(
    rf"(?P<label>{_LABEL})(?P<between>[\s:：,，是为叫就写填]*(?:照片上)?(?:的|那个|那)*[\s:：]*)"
    r"(?P<number>[\u4e00-\u9fff]{0,3}[\dA-Za-z][\dA-Za-z/-]{4,}(?:\s?第\s?\d+)?\s?号?)"
)
"""A number behind the name of the paper that bears it."""
_CONTACTS = re.compile(r"(?<!\d)(?:1[3-9]\d{9}|[1-9]\d{16}[\dxX])(?!\d)")
"""A mobile or an identity number, which is a value even behind 证号."""
_OTHERS_PHONE = re.compile(
    r"(?:房东|房主|出租人|中介|二房东|物业|老板|经理|介绍人)(?:[^0-9改换留写填用]{0,16}?)(?:电话|手机|号码?)?[^0-9改换留写填用]{0,4}(?<!\d)1[3-9]\d{9}(?!\d)"
)
_OTHERS_NAME = re.compile(
    r"(?:房东|房主|出租人|中介|二房东)(?:姓[\u4e00-\u9fff](?=[\s,，。]|$)|(?:名?叫|是|[:：])\s*(?![我自])[\u4e00-\u9fff]{2,4}(?=[\s,，。\d]|$))"
)
_FOR_CONTACT = re.compile("(?:电话|手机|号码?)[^，,。]{0,4}(?:留|写|填|用|改|换)")
"""Words of who wants somebody else's telephone to be the one that is called."""


def without(text: str) -> tuple[str, bool]:
    """A text without what only looks like a value, and whether the number of a paper stood in it."""
    told = _LABELLED.sub(_unlabelled, _LETTERED.sub(_unlettered, text))
    of_paper = told != text
    if not _FOR_CONTACT.search(told):
        told = _OTHERS_NAME.sub(" ", _OTHERS_PHONE.sub(" ", told))
    return told, of_paper


def _unlettered(match: re.Match[str]) -> str:
    of_paper = sum(letter.isdigit() for letter in match.group()) >= _LEAST_DIGITS
    return " " if of_paper and not _CONTACTS.search(match.group()) else match.group()  # 末尾是X 2101…X


def _unlabelled(match: re.Match[str]) -> str:
    number = match["number"]
    digits = sum(letter.isdigit() for letter in number)
    value = _CONTACTS.search(re.sub("[- ]", "", number))
    return match.group() if value or digits < _LEAST_DIGITS else f"{match['label']} "
