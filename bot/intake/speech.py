"""Speech: what a resident's voice message says, by a model that the station supplies.

Reading the files of strangers and running the model are a process of their own (`bot/intake/sherpa.py`): a file that
breaks a decoder, or a model that ends its process, must not take the gateway with it.
"""

import contextlib
import json
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import structlog

from bot.settings import ROOT

log = structlog.get_logger()

WITHIN_SECONDS = 50.0
"""Less than the lease of a voice (`bot/intake/voices.py`): else another process would begin anew."""
_LOADED_WITHIN_SECONDS = 120.0
_TAIL_BYTES = 1 << 20
_MODEL_TYPE = b"model_type\x12"
_SINGLE = {"paraformer": "paraformer", "sense_voice_ctc": "sense_voice", "zipformer2_ctc": "zipformer_ctc"}
"""Models of one file: what the file calls itself, and sherpa-onnx's name for it."""
_WHISPER = "whisper"
_KNOWN = f"paraformer, sense-voice, zipformer-ctc or {_WHISPER}"


class SpeechError(Exception):
    """A model that cannot be used; the text names the setting and says how to mend it."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"FUJIN_SPEECH_MODEL: {reason}; leave it empty to do without transcripts")


class Recogniser(Protocol):
    """Whatever turns a voice message into words."""

    def transcribe(self, path: Path) -> str | None:
        """What is said in a sound file; None when nothing could be made out. May take as long as the message."""
        ...


@dataclass(frozen=True)
class Model:
    """A model in its folder: sherpa-onnx's name for its kind, and the files under its names for them."""

    kind: str
    files: dict[str, str]


def find_model(folder: Path) -> Model:
    """What model lies in a folder, as sherpa-onnx publishes them.

    Three of the kinds have the same file names, so it is the files that say what they are.

    Raises:
        SpeechError: there is none, or one of a kind that is not known here.
    """
    try:
        return _read_folder(folder)
    except OSError as error:
        raise SpeechError(f"{folder} cannot be read ({error.strerror})") from None


def _read_folder(folder: Path) -> Model:
    if not folder.is_dir():
        raise SpeechError(f"there is no folder {folder}")
    parts: dict[str, Path | None]
    if encoder := _one(folder, "*encoder*.onnx"):
        type_ = _model_type(encoder)
        kind = _WHISPER if type_.startswith(_WHISPER) else None
        parts = {"encoder": encoder, "decoder": _one(folder, "*decoder*.onnx")}
    elif model := _one(folder, "*.onnx"):
        type_ = _model_type(model)
        kind = _SINGLE.get(type_)
        parts = {"paraformer" if kind == "paraformer" else "model": model}
    else:
        raise SpeechError(f"{folder} holds no .onnx file; unpack a {_KNOWN} model of sherpa-onnx there")
    if kind is None:
        found = f"calls itself '{type_}'" if type_ else "does not say of what kind it is"
        raise SpeechError(f"the model in {folder} {found}; it must be a {_KNOWN} model of sherpa-onnx")
    parts["tokens"] = _one(folder, "*tokens.txt")
    if missing := [name for name, path in parts.items() if path is None]:
        raise SpeechError(f"{folder} lacks the {' and the '.join(missing)} file of its {kind} model")
    return Model(kind, {name: str(path) for name, path in parts.items()})


def check(folder: Path) -> None:
    """Load the model once, in a process of its own: what cannot be loaded may end its process.

    Raises:
        SpeechError: it cannot be loaded.
    """
    find_model(folder)
    try:
        loaded = subprocess.run(  # noqa: S603
            _command(folder), input="", capture_output=True, encoding="utf-8", cwd=ROOT, timeout=_LOADED_WITHIN_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise SpeechError(f"the model in {folder} does not load within {_LOADED_WITHIN_SECONDS:.0f} s") from None
    if loaded.returncode:
        said = loaded.stderr.strip().splitlines()
        raise SpeechError(f"the model in {folder} does not load ({said[-1] if said else loaded.returncode})")


class SherpaRecogniser:
    """sherpa-onnx in a process of its own, which is started again when it has died. One message at a time."""

    def __init__(self, folder: Path, *, within: float = WITHIN_SECONDS) -> None:
        """Begin to load the model. Raises SpeechError when the folder holds none."""
        find_model(folder)
        self._folder, self._within = folder, within
        self._one_at_a_time = threading.Lock()
        self._process = self._started()

    def transcribe(self, path: Path) -> str | None:
        """What is said in a sound file; None when nothing could be made out, or not in time."""
        with self._one_at_a_time:
            if self._process.poll() is not None:
                self._restart()
            too_late = threading.Timer(self._within, self._process.kill)
            too_late.start()
            try:
                return _asked(self._process, path)
            except (OSError, ValueError) as problem:
                log.warning("voice.not_transcribed", reason=type(problem).__name__)
                self._restart()
                return None
            finally:
                too_late.cancel()

    def close(self) -> None:
        """End the process; a transcription that is on its way finds nothing."""
        self._process.kill()
        with self._one_at_a_time:
            self._end()

    def _started(self) -> "subprocess.Popen[str]":
        return subprocess.Popen(  # noqa: S603
            _command(self._folder),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            bufsize=1,
            cwd=ROOT,
        )

    def _restart(self) -> None:
        self._end()
        self._process = self._started()

    def _end(self) -> None:
        self._process.kill()
        # Leaving closes the pipes and waits; what it was still to be told has nobody to read it.
        with contextlib.suppress(BrokenPipeError), self._process:
            pass


def _asked(process: "subprocess.Popen[str]", path: Path) -> str | None:
    """Ask the process for one file. Raises OSError or ValueError when it gives no answer."""
    if process.stdin is None or process.stdout is None:
        raise OSError("the process has no pipes")
    process.stdin.write(f"{path}\n")
    words = json.loads(process.stdout.readline())
    return str(words).strip() or None


def _command(folder: Path) -> list[str]:
    return [sys.executable, "-m", "bot.intake.sherpa", str(folder)]


def _one(folder: Path, pattern: str) -> Path | None:
    """The file of a folder that fits; of a whole and a quantised one the quantised, which is as good and faster."""
    fitting = sorted(folder.glob(pattern), key=lambda path: ("int8" not in path.name, path.name))
    return fitting[0] if fitting else None


def _model_type(onnx: Path) -> str:
    """What an ONNX file calls itself: its `model_type`, among the metadata that stand at its end."""
    with onnx.open("rb") as file:
        file.seek(max(0, onnx.stat().st_size - _TAIL_BYTES))
        _, found, after = file.read().rpartition(_MODEL_TYPE)
    return after[1 : 1 + after[0]].decode(errors="replace") if found and after else ""
