"""How far a training is, by Rasa's own lines."""

from pathlib import Path

from bot.studio.progress import Progress, steps_of, worth_keeping
from tests.world import FakeClock

LINE = "2026-11-25 17:57:40 INFO     rasa.engine.training.hooks  - {} component '{}'."


def begun(name: str) -> str:
    return LINE.format("Starting to train", name)


def finished(name: str) -> str:
    return LINE.format("Finished training", name)


def test_that_the_steps_are_those_of_the_configuration(small_project: Path) -> None:
    steps = steps_of(small_project)
    assert steps[:4] == ["copy", "check", "start", "RulePolicy"]
    assert "SentenceEmbedding" in steps
    assert steps[-2:] == ["save", "judge"]


def test_that_time_between_two_components_belongs_to_the_one_in_between(small_project: Path, clock: FakeClock) -> None:
    progress = Progress({})
    progress.steps = steps_of(small_project)
    progress.enter("start", clock.now())
    clock.advance(seconds=4)
    progress.heard(begun("StationTokenizer"), clock.now())
    clock.advance(seconds=2)
    progress.heard(finished("StationTokenizer"), clock.now())
    assert progress.step == "SentenceEmbedding"
    clock.advance(seconds=40)
    progress.heard(begun("TriageClassifier"), clock.now())
    assert progress.took == {"start": 4.0, "StationTokenizer": 2.0, "SentenceEmbedding": 40.0}
    assert progress.done == progress.steps.index("TriageClassifier")


def test_that_the_time_left_is_what_the_last_training_took_from_here_on(small_project: Path, clock: FakeClock) -> None:
    progress = Progress({"start": 5.0, "SentenceEmbedding": 60.0, "TriageClassifier": 30.0, "judge": 20.0})
    progress.steps = steps_of(small_project)
    progress.enter("SentenceEmbedding", clock.now())
    assert progress.seconds_left(clock.now()) == 110.0
    clock.advance(seconds=45)
    assert progress.seconds_left(clock.now()) == 65.0
    clock.advance(seconds=100)  # slower than the last time
    assert progress.seconds_left(clock.now()) == 50.0


def test_that_nobody_guesses_before_the_first_training(clock: FakeClock) -> None:
    progress = Progress({})
    progress.enter("copy", clock.now())
    assert progress.seconds_left(clock.now()) is None


def test_that_a_line_about_something_else_changes_nothing(small_project: Path, clock: FakeClock) -> None:
    progress = Progress({})
    progress.steps = steps_of(small_project)
    progress.enter("start", clock.now())
    progress.heard("Loading Jieba User Dictionary", clock.now())
    progress.heard(begun("SomethingElse"), clock.now())
    assert progress.step == "start"


def test_that_bars_and_warnings_are_left_out_of_the_log() -> None:
    log = [
        "/lib/x.py:3: DeprecationWarning: pkg_resources is deprecated",
        "  import pkg_resources",
        "Processed rules:   0%|          | 0/15 [00:00<?, ?it/s]",
        "",
        begun("RulePolicy"),
    ]
    assert list(worth_keeping(log)) == [begun("RulePolicy")]
