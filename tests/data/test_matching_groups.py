"""Groups at scale are exactly those of `trending.cleaning.groups`, with works as one more reason to be together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from trending.cleaning.clean import CleaningResult
from trending.cleaning.groups import group_titles
from trending.matching import assign_groups, match_titles
from trending.tables import MATCH_SCHEMA, TITLE_SCHEMA

STEADY = settings(deadline=None, derandomize=True, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
PLOT = "Two rival magicians in London each try to learn the secret of the other's best trick."
_ROW = st.tuples(
    st.sampled_from(["Heat", "The Heat", "Alien", "Brazil", "Ran", "M"]),
    st.sampled_from([None, "tt0000001", "tt0000002"]),
    st.sampled_from([None, PLOT, PLOT.upper(), PLOT[:50], PLOT[:45], "Short."]),
    st.sampled_from([None, "x", "y"]),
    st.integers(0, 4),  # its work
)


def assign(folder: Path, frame: pd.DataFrame, works: list[str] | None = None) -> dict[str, str]:
    """Return the group of each title_id; `works` are those of the rows."""
    columns = [pa.array(frame[field.name], field.type, from_pandas=True) if field.name in frame else pa.nulls(len(frame), field.type) for field in TITLE_SCHEMA]
    pq.write_table(pa.table(columns, schema=TITLE_SCHEMA), folder / "titles.parquet")
    matches = None
    if works is not None:
        matches = folder / "matches.parquet"
        rows = [{"title_id": one, "work_id": work, "how": "", "score": 1.0} for one, work in zip(frame["title_id"], works, strict=True)]
        pq.write_table(pa.Table.from_pylist(rows, schema=MATCH_SCHEMA), matches)
    count = assign_groups([folder / "titles.parquet"], matches, folder / "groups.parquet")
    found = pd.read_parquet(folder / "groups.parquet")
    assert found["title_id"].is_monotonic_increasing
    assert count == found["group_id"].nunique()
    return dict(zip(found["title_id"], found["group_id"], strict=True))


def frame_of(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    frame = pd.DataFrame([row[:4] for row in rows], columns=["title", "imdb_id", "plot", "group_id"], dtype=object)
    return frame.assign(title_id=[f"s:{number}" for number in range(len(rows), 0, -1)])  # "s:10" comes before "s:9"


@STEADY
@given(st.lists(_ROW, min_size=1, max_size=15))
@example([("Heat", None, PLOT[:49], None, 0), ("Alien", None, PLOT[:49], None, 1)])  # 40 letters are enough to join
@example([("Heat", None, PLOT[:48], None, 0), ("Alien", None, PLOT[:48], None, 1)])  # 39 are not
def test_groups_are_those_of_cleaning(tmp_path: Path, rows: list[tuple[Any, ...]]) -> None:
    frame = frame_of(rows)
    expected = dict(zip(frame["title_id"], group_titles(frame), strict=True))
    assert assign(tmp_path, frame) == expected
    assert assign(tmp_path, frame, [f"w{one}" for one in frame["title_id"]]) == expected  # works of one row add nothing


@STEADY
@given(st.lists(_ROW, min_size=1, max_size=15))
def test_a_work_is_never_split(tmp_path: Path, rows: list[tuple[Any, ...]]) -> None:
    frame = frame_of(rows)
    groups = assign(tmp_path, frame, [f"w{row[4]}" for row in rows])
    by_work = pd.DataFrame({"work": [row[4] for row in rows], "group": frame["title_id"].map(groups)})
    assert (by_work.groupby("work")["group"].nunique() == 1).all()
    coarse = pd.DataFrame({"fine": group_titles(frame), "group": frame["title_id"].map(groups)})
    assert (coarse.groupby("fine")["group"].nunique() == 1).all()


def test_the_starter_catalogue_has_the_same_groups(tmp_path: Path, starter: CleaningResult) -> None:
    titles = starter.titles
    expected = dict(zip(titles["title_id"], titles["group_id"], strict=True))
    assert assign(tmp_path, titles.assign(group_id=None)) == expected
    match_titles([tmp_path / "titles.parquet"], [], tmp_path / "found.parquet")
    coarser = assign(tmp_path, titles.assign(group_id=None).sort_values("title_id"), pd.read_parquet(tmp_path / "found.parquet")["work_id"].tolist())
    both = pd.DataFrame({"before": expected, "after": coarser})
    assert (both.groupby("before")["after"].nunique() == 1).all()
