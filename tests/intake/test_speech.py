"""The recogniser: which model lies in a folder, what is said of one that cannot be used, and a real one on real sound.

`always_the_same.onnx` is a zipformer-ctc model of 600 bytes that hears 救命有人拿刀 in whatever it is given: its log
probabilities are a constant. It was made with the `onnx` package.
"""

import shutil
from pathlib import Path

import pytest

from bot.intake import sherpa
from bot.intake.speech import SherpaRecogniser, SpeechError, check, find_model

SAME = Path(__file__).parent / "always_the_same.onnx"
HEARD = "救命有人拿刀"
AMR = b"#!AMR\n" + (b"\x3c" + bytes(31)) * 50
AMR_WB = b"#!AMR-WB\n" + (b"\x44" + bytes(60)) * 50


def metadata(model_type: str) -> bytes:
    """The end of a model's file, as ONNX writes it."""
    name = model_type.encode()
    entry = b"\x0a\x0amodel_type\x12" + bytes([len(name)]) + name
    return b"graph" * 100 + b"r" + bytes([len(entry)]) + entry + b"r\x0c\x0a\x07version\x12\x011"


def folder(tmp_path: Path, **files: bytes) -> Path:
    for name, content in files.items():
        (tmp_path / name.replace("__", ".").replace("_", "-")).write_bytes(content)
    return tmp_path


@pytest.fixture
def same(tmp_path: Path) -> Path:
    """The folder of the model that always hears the same."""
    path = tmp_path / "model"
    path.mkdir()
    shutil.copy(SAME, path / "model.onnx")
    tokens = "".join(f"{token} {number}\n" for number, token in enumerate(["<blk>", *HEARD]))
    (path / "tokens.txt").write_text(tokens, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("model_type", "kind", "name"),
    [
        ("paraformer", "paraformer", "paraformer"),
        ("sense_voice_ctc", "sense_voice", "model"),
        ("zipformer2_ctc", "zipformer_ctc", "model"),
    ],
)
def test_that_a_model_of_one_file_is_told_by_what_it_calls_itself(
    tmp_path: Path, model_type: str, kind: str, name: str
) -> None:
    found = find_model(folder(tmp_path, model__onnx=metadata(model_type), tokens__txt=b""))
    assert (found.kind, found.files) == (
        kind,
        {name: str(tmp_path / "model.onnx"), "tokens": str(tmp_path / "tokens.txt")},
    )


def test_that_a_whisper_has_two_files_and_the_quantised_ones_are_taken(tmp_path: Path) -> None:
    names = ("tiny_encoder__onnx", "tiny_encoder__int8__onnx", "tiny_decoder__onnx", "tiny_decoder__int8__onnx")
    found = find_model(folder(tmp_path, **dict.fromkeys(names, metadata("whisper-tiny")), tiny_tokens__txt=b""))
    assert (found.kind, {name: Path(path).name for name, path in found.files.items()}) == (
        "whisper",
        {"encoder": "tiny-encoder.int8.onnx", "decoder": "tiny-decoder.int8.onnx", "tokens": "tiny-tokens.txt"},
    )


def test_that_every_kind_is_one_that_sherpa_onnx_loads() -> None:
    for kind in ("paraformer", "sense_voice", "zipformer_ctc", "whisper"):
        assert callable(getattr(sherpa.sherpa_onnx.OfflineRecognizer, f"from_{kind}"))


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({}, "holds no .onnx file"),
        ({"model__onnx": b"garbage", "tokens__txt": b""}, "does not say of what kind it is"),
        ({"model__onnx": metadata("wenet_ctc"), "tokens__txt": b""}, "calls itself 'wenet_ctc'"),
        ({"model__onnx": metadata("paraformer")}, "lacks the tokens file of its paraformer model"),
        (
            {"encoder__onnx": metadata("paraformer"), "decoder__onnx": b"", "tokens__txt": b""},
            "calls itself 'paraformer'; it must be",  # a streaming one
        ),
        ({"tiny_encoder__onnx": metadata("whisper-tiny")}, "lacks the decoder and the tokens file"),
    ],
)
def test_that_a_folder_that_cannot_be_used_says_why(tmp_path: Path, files: dict[str, bytes], reason: str) -> None:
    with pytest.raises(SpeechError, match=reason) as caught:
        SherpaRecogniser(folder(tmp_path, **files))
    assert str(caught.value).startswith("FUJIN_SPEECH_MODEL: ")
    assert len(str(caught.value).splitlines()) == 1


def test_that_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpeechError, match="there is no folder"):
        check(tmp_path / "nowhere")


@pytest.mark.parametrize("model_type", ["paraformer", "sense_voice_ctc", "zipformer2_ctc"])
def test_that_garbage_does_not_load(tmp_path: Path, model_type: str) -> None:
    with pytest.raises(SpeechError, match="does not load") as caught:
        check(folder(tmp_path, model__onnx=b"\xff" * 1000 + metadata(model_type), tokens__txt=b"a 0\n"))
    assert len(str(caught.value).splitlines()) == 1


def test_that_a_model_that_ends_its_process_is_only_an_error(same: Path) -> None:
    """sherpa-onnx exits when the tokens do not fit."""
    (same / "tokens.txt").write_text("", encoding="utf-8")
    with pytest.raises(SpeechError, match=r"does not load .*tokens\.txt"):
        check(same)


def test_that_a_real_model_hears_what_wechat_sends(same: Path, tmp_path: Path) -> None:
    check(same)
    recogniser = SherpaRecogniser(same)
    try:
        for number, content in enumerate((AMR, AMR_WB)):
            path = tmp_path / f"{number}"
            path.write_bytes(content)
            assert recogniser.transcribe(path) == HEARD
        path.write_bytes(b"no sound")
        assert recogniser.transcribe(path) is None
        assert recogniser.transcribe(tmp_path / "nothing") is None
    finally:
        recogniser.close()


def test_that_a_process_that_died_is_started_again(same: Path, tmp_path: Path) -> None:
    path = tmp_path / "voice"
    path.write_bytes(AMR)
    recogniser = SherpaRecogniser(same)
    try:
        recogniser._process.kill()
        recogniser._process.wait()
        assert recogniser.transcribe(path) == HEARD
    finally:
        recogniser.close()


def test_that_what_takes_too_long_is_for_a_human(same: Path, tmp_path: Path) -> None:
    path = tmp_path / "voice"
    path.write_bytes(AMR)
    recogniser = SherpaRecogniser(same, within=0)  # no process is up by then
    try:
        assert recogniser.transcribe(path) is None
    finally:
        recogniser.close()


@pytest.mark.parametrize(("content", "seconds"), [(AMR, 1), (AMR_WB, 1), (b"", 0), (b"#!AMR\n", 0), (b"x" * 999, 0)])
def test_that_both_kinds_of_amr_become_sound_and_nothing_else_does(
    tmp_path: Path, content: bytes, seconds: int
) -> None:
    path = tmp_path / "voice"
    path.write_bytes(content)
    assert abs(len(sherpa.samples(path)) - seconds * 16_000) <= 640


def test_that_silence_packets_are_passed_over(tmp_path: Path) -> None:
    """FFmpeg reads none of them, and the words after them count."""
    path = tmp_path / "voice"
    path.write_bytes(AMR + (b"\x44" + bytes(5)) * 10 + AMR.removeprefix(b"#!AMR\n"))
    assert abs(len(sherpa.samples(path)) - 2 * 16_000) <= 640


def test_that_a_sound_without_end_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "voice"
    path.write_bytes(AMR + (b"\x3c" + bytes(31)) * 50 * 180)
    assert 120 <= len(sherpa.samples(path)) / 16_000 < 122
