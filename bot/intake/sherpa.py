"""`python -m bot.intake.sherpa FOLDER`: load the model, then answer each path on a line with its words as JSON.

The other half of `bot/intake/speech.py`. It ends with its input; what is wrong with the model is its last error line.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import av
import numpy as np
import sherpa_onnx

from bot.intake.speech import SpeechError, find_model

_RATE = 16_000
_LONGEST_SECONDS = 120
"""The platform's voices last a minute at most; a file may claim anything."""
_NICE = 10
"""Alarms go first: a transcript takes seconds of a whole core."""
_OPTIONS: dict[str, dict[str, Any]] = {"sense_voice": {"use_itn": True}, "whisper": {"language": "zh"}}


def main(folder: Path) -> None:
    """Answer until the input ends."""
    os.nice(_NICE)
    # Whatever a library prints goes to the errors; only answers go to whoever asks.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    try:
        model = find_model(folder)
        load = getattr(sherpa_onnx.OfflineRecognizer, f"from_{model.kind}")
        recogniser = load(**model.files, **_OPTIONS.get(model.kind, {}))
    except (SpeechError, RuntimeError, ValueError) as error:
        sys.exit(" ".join(str(error).split()))
    for line in sys.stdin:
        answers.write(json.dumps(_words(recogniser, Path(line.rstrip("\n")))) + "\n")


def _words(recogniser: Any, path: Path) -> str:
    sound = samples(path)
    if not sound.size:
        return ""
    stream = recogniser.create_stream()
    stream.accept_waveform(_RATE, sound)
    recogniser.decode_stream(stream)
    return str(stream.result.text)


def samples(path: Path) -> "np.ndarray[Any, np.dtype[np.float32]]":
    """The sound of a file as one channel at 16 kHz; empty when there is none that can be read."""
    pieces, length = [np.zeros(0, np.float32)], 0
    resampler = av.AudioResampler(format="flt", layout="mono", rate=_RATE)
    try:
        with av.open(str(path)) as file:
            for packet in file.demux(audio=0):
                for piece in (piece for frame in _frames(packet) for piece in resampler.resample(frame)):
                    pieces.append(piece.to_ndarray()[0])
                    length += piece.samples
                if length > _LONGEST_SECONDS * _RATE:
                    break
    except (av.FFmpegError, IndexError):  # no sound file, or one without sound
        return pieces[0]
    return np.concatenate(pieces)


def _frames(packet: Any) -> list[Any]:
    """A packet's frames. FFmpeg reads none of AMR's silence packets, and what is broken is only one packet."""
    try:
        return list(packet.decode())
    except av.FFmpegError:
        return []


if __name__ == "__main__":
    main(Path(sys.argv[1]))
