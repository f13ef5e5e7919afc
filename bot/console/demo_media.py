"""A ready-made picture and voice message for the simulator, drawn and sounded here, so that no file is needed."""

import io
import math
import struct
import wave
import zlib
from functools import lru_cache

_WIDTH, _HEIGHT = 320, 240
_RATE = 8000


@lru_cache(maxsize=1)
def picture() -> bytes:
    """A PNG: an entrance of a block of flats at dusk, one window lit."""
    rows = b"".join(b"\x00" + b"".join(bytes(_pixel(x, y)) for x in range(_WIDTH)) for y in range(_HEIGHT))
    header = struct.pack(">IIBBBBB", _WIDTH, _HEIGHT, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows, 9)) + _chunk(b"IEND", b"")
    )


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _pixel(x: int, y: int) -> tuple[int, int, int]:
    if y > 205:
        return (74, 78, 86)
    if 70 <= x < 250 and y > 28:
        if 145 <= x < 175 and y > 160:
            return (52, 40, 34)
        column, row = divmod(x - 70, 36), divmod(y - 28, 36)
        if 8 <= column[1] < 28 and 8 <= row[1] < 26 and row[0] < 4:
            return (255, 214, 120) if (column[0], row[0]) == (3, 1) else (92, 104, 124)
        return (158, 128, 108)
    return (58 + y // 4, 76 + y // 4, 116 + y // 5)


@lru_cache(maxsize=1)
def voice() -> bytes:
    """A WAV of 1.6 seconds: a hum that rises and falls like two spoken syllables (the real platform sends AMR)."""
    frames = bytearray()
    for number in range(int(_RATE * 1.6)):
        second = number / _RATE
        loudness = abs(math.sin(math.pi * second / 0.8)) * 9000
        pitch = 190 + 40 * math.sin(2 * math.pi * second / 0.8)
        frames += struct.pack("<h", int(loudness * math.sin(2 * math.pi * pitch * second)))
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(_RATE)
        sound.writeframes(bytes(frames))
    return file.getvalue()
