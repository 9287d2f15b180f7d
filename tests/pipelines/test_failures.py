"""Runs that can't succeed: one clear line, the right exit code, and nothing new served."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import pytest

from tests.pipelines.running import QUICK, Runner
from trending.genres import GENRES


@pytest.fixture(scope="module")
def served(runner: Runner) -> str:
    """A good release is being served."""
    return str(runner.train(*QUICK)["release"])


def write_titles(path: Path, rows: int, **constants: str) -> Path:
    """Write titles whose genres have nothing to do with their plots."""
    draw = random.Random(5)
    words = ["river", "stone", "window", "paper", "garden", "yellow", "engine", "basket", "candle", "mirror", "bottle", "ladder"]
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["title", "type", "plot", "genres", *constants])
        for number in range(rows):
            plot = f"{number} " + " ".join(draw.choices(words, k=12))
            writer.writerow([f"Title {number}", draw.choice(["movie", "tv"]), plot, draw.choice(GENRES[:4]), *constants.values()])
    return path


def expect_refusal(runner: Runner, served: str, code: int, message: str, *arguments: str) -> None:
    outcome = runner.run("--pipeline", "training", *arguments)
    assert outcome.returncode == code
    lines = outcome.stderr.strip().splitlines()
    assert len(lines) == 1, outcome.stderr
    assert message in lines[0]
    assert outcome.stdout == ""
    assert runner.current() == served


def test_data_that_may_not_be_learnt_from(runner: Runner, served: str, tmp_path: Path) -> None:
    file = write_titles(tmp_path / "titles.csv", 300, rights_class="tmdb_restricted")
    expect_refusal(runner, served, 2, "300 for rights", "--set", "source=files", "--set", f"path={file}")


def test_too_few_titles(runner: Runner, served: str) -> None:
    expect_refusal(runner, served, 2, "at least 100 are needed", "--set", "limit=50")


@pytest.mark.slow
def test_labels_that_no_model_can_learn_are_not_published(runner: Runner, served: str, tmp_path: Path) -> None:
    file = write_titles(tmp_path / "noise.csv", 600)
    expect_refusal(runner, served, 1, "not beyond doubt better", "--set", "source=files", "--set", f"path={file}", "--set", "models=[majority,tfidf_logreg]")


@pytest.mark.slow
def test_a_file_with_every_kind_of_bad_row_still_trains(runner: Runner, tmp_path: Path) -> None:
    from trending.sources import SourceConfig, open_source

    file = tmp_path / "mixed.csv"
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["title", "type", "plot", "genres", "year"])
        for row in open_source(SourceConfig()).records():
            writer.writerow([row["title"], row["type"], row["plot"], "|".join(row["genres"]), row["year"]])
        writer.writerow(["Too long", "movie", "word " * 2_000_000, "Drama"])  # 10 MB
        writer.writerow(["Emoji 🎬🍿", "movie", "🚀 A crew flies to the moon 👽 and meets visitors from afar.", "Science Fiction"])
        writer.writerow(["سينما", "tv", "قصة رجل يبحث عن أخيه في المدينة القديمة بعد سنوات طويلة.", "Drama"])
        writer.writerow(["Nul", "movie", "A plot with a NUL\x00 byte inside of it, and more words.", "Drama"])
        writer.writerow(["Unknown", "movie", "A plot of a kind that nobody has a name for, so far.", "Zorkpunk"])
        writer.writerow(["", "movie", "A plot without a title.", "Drama"])
        writer.writerow(["No kind", "podcast", "A plot of something else altogether.", "Drama"])
    result = runner.train("--set", "source=files", "--set", f"path={file}", "--set", "models=[majority,tfidf_logreg]")
    assert result["titles"] == 1272
    assert result["starter"] is False
    card = (Path(result["location"]) / "data_card.md").read_text(encoding="utf-8")
    assert "1,275 rows in = 1,272 kept + 0 merged + 3 quarantined" in card
    assert "Zorkpunk" in card
