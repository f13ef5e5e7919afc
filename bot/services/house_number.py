"""House numbers as residents write them behind a street: 1号, 15, 一百二十三号."""

import re

_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_CHINESE = "零〇一二两三四五六七八九十百千"
# 3号楼 is a building of a compound, 2单元 a staircase, 5路 a bus: no number of a house on the street.
_OTHER = "号?(?:楼|单元|层|栋|幢|座|室|期)|[路街个位名次年月点天]"
_AFTER_STREET = re.compile(rf"\s?(\d{{1,5}}|[{_CHINESE}]{{1,7}}(?=号))(?!\d)(?!{_OTHER})")


def read(text: str, place: int) -> int | None:
    """The house number that stands at this place, right behind a street's name."""
    match = _AFTER_STREET.match(text, place)
    return _value(match[1]) if match else None


def _value(written: str) -> int:
    if written.isdecimal():
        return int(written)
    if not any(unit in written for unit in _UNITS):
        return int("".join(str(_DIGITS[digit]) for digit in written))
    total, digit = 0, 0
    for character in written:
        if character in _UNITS:
            total += (digit or 1) * _UNITS[character]
            digit = 0
        else:
            digit = _DIGITS[character]
    return total + digit
