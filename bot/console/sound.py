"""`python -m bot.console.sound FILE`: a sound file that no browser plays (WeChat's voices are AMR), as WAV.

The decoder reads the files of strangers, so it is a process of its own, as for transcripts (`bot/intake/speech.py`).
What it makes is kept in memory only: the file itself is the evidence, and is the only one to delete.
"""

import asyncio
import io
import re
import sys
import wave
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

from bot.settings import ROOT

_PLAYED = re.compile(r"audio/(mpeg|mp3|mp4|aac|ogg|opus|wav|x-wav|wave|webm|flac)")
_WITHIN_SECONDS = 20
_LONGEST_SECONDS = 120
_KEPT = 32
_RATE = 16_000


def is_played(content_type: str | None) -> bool:
    """Whether browsers play a sound file of this type as it is."""
    return bool(content_type and _PLAYED.fullmatch(content_type))


class Sounds:
    """Decoded voices, the last ones in memory; two at a time are decoded at most."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._at_once = asyncio.Semaphore(2)

    async def wav(self, digest: str, path: Path) -> bytes | None:
        """A file of this hash as WAV; None when no sound can be made out in it, or not in time."""
        if digest in self._kept:
            self._kept.move_to_end(digest)
            return self._kept[digest]
        async with self._at_once:
            sound = await _decoded(path)
        if sound:
            self._kept[digest] = sound
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return sound


async def _decoded(path: Path) -> bytes | None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot.console.sound", str(path)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=ROOT,
    )
    try:
        async with asyncio.timeout(_WITHIN_SECONDS):
            sound, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return None
    return sound if process.returncode == 0 and sound else None


def main(path: Path) -> None:
    """Write the file's sound as WAV to standard output; nothing where there is none."""
    pieces = b"".join(_pieces(path))
    if not pieces:
        sys.exit(1)
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        file.writeframes(pieces)
    sys.stdout.buffer.write(made.getvalue())


def _pieces(path: Path) -> Iterator[bytes]:
    import av  # only here: the console itself does not need it

    resampler, left = av.AudioResampler(format="s16", layout="mono", rate=_RATE), _LONGEST_SECONDS * _RATE
    try:
        with av.open(str(path)) as file:
            for packet in file.demux(audio=0):
                try:
                    frames = list(packet.decode())
                except av.FFmpegError:  # FFmpeg reads none of AMR's silence packets; what is broken is one packet
                    continue
                for piece in (piece for frame in frames for piece in resampler.resample(frame)):
                    yield bytes(piece.planes[0])[: piece.samples * 2]
                    left -= piece.samples
                if left < 0:
                    return
    except (av.FFmpegError, IndexError):  # no sound file, or one without sound
        return


if __name__ == "__main__":
    main(Path(sys.argv[1]))
