"""The feature store of this project: offline tables, Feast's registry and the online store, under one address.

Offline is what training and monitoring join as of a moment; online is the last row of each title as of the moment it was materialised for.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from trending.errors import NotFoundError
from trending.features.store.config import CONFIG_FILE, OFFLINE_FOLDER, ONLINE_FILE, configure, describe_config, is_remote, render_config
from trending.features.store.definitions import define
from trending.features.store.feast_library import asking, import_feast
from trending.features.store.place import Place
from trending.features.store.schema import BEGINNING, FREE_TEXT, FREE_VECTOR, JOINED, KEY, TEXT, TIMESTAMP, group_features, lay_out
from trending.features.store.tables import FeatureTables, serialise

if TYPE_CHECKING:
    from feast import FeatureStore

STATE_FILE = "materialized.json"
# Whoever runs `feast apply` here gets what the pipeline registers; without such a file Feast would take all of it to be gone.
DEFINITIONS_FILE = "features.py"
_DEFINITIONS = b"""from pathlib import Path

from trending.features.store.services import list_objects

globals().update(list_objects(str(Path(__file__).resolve().parent)))
"""
_READ_AT_ONCE = 500


@dataclass(frozen=True)
class Materialized:
    """What a store holds: the content of `materialized.json`.

    Attributes:
        key: What the run that materialised it calls these data by.
        as_of: The moment the online store was brought to.
        encoder: SHA-256 of the encoder's graph; empty without one.
        rows: View -> rows of its offline table.
        tables: View -> SHA-256 of its offline table.
    """

    key: str
    as_of: str
    encoder: str
    rows: dict[str, int]
    tables: dict[str, str]


class FeatureRepository:
    """Materialises, joins and looks up features."""

    def __init__(self, url: str) -> None:
        """Take the store's address; see `locate_store`."""
        self.url = url
        self.place = Place(url)

    @cached_property
    def feast(self) -> FeatureStore:
        """Feast's own view of the store."""
        import_feast()
        from feast import FeatureStore

        store: FeatureStore = FeatureStore(repo_path=None if is_remote(self.url) else self.url, config=configure(self.url))
        return store

    def state(self) -> Materialized | None:
        """Return what was materialised last; None if nothing was, or not to the end."""
        content = self.place.read(STATE_FILE)
        return Materialized(**json.loads(content)) if content else None

    def need_state(self) -> Materialized:
        """Return what was materialised last.

        Raises:
            NotFoundError: If nothing was, or not to the end.
        """
        state = self.state()
        if state is None:
            raise NotFoundError("nothing is materialised", where=self.url, mend="run: python run.py --pipeline training")
        return state

    def is_current(self, key: str) -> bool:
        """Say whether the store holds what was materialised under `key`, so that a cached step need not run again."""
        state = self.state()
        return state is not None and state.key == key

    def views(self) -> list[str]:
        """Return the views that are materialised, the on-demand ones included.

        Raises:
            NotFoundError: If nothing is.
        """
        tables = self.need_state().tables
        return [*tables, FREE_TEXT, *([FREE_VECTOR] if TEXT in tables else [])]

    def materialize(self, built: FeatureTables, as_of: pd.Timestamp, key: str = "") -> bool:
        """Write the offline tables, register their views, and bring the online store to the last rows known by `as_of`.

        Args:
            built: As `build_tables` returns them.
            as_of: UTC; later rows stay offline.
            key: See `Materialized`.

        Returns:
            False if the store held just that already, and was left alone.
        """
        contents = {view: serialise(table) for view, table in built.tables.items()}
        hashes = {view: digest for view, (_, digest) in contents.items()}
        made = Materialized(key, as_of.isoformat(), built.encoder, {view: table.num_rows for view, table in built.tables.items()}, hashes)
        with self.place.locked():
            held = self.state()
            is_new = held is None or (held.as_of, held.tables) != (made.as_of, made.tables)
            if is_new:
                self._replace({view: content for view, (content, _) in contents.items()}, as_of, built.encoder)
            if held != made:
                self.place.write(STATE_FILE, json.dumps(asdict(made), indent=2).encode())
        return is_new

    def write_tables(self, tables: Mapping[str, bytes]) -> None:
        """Put offline tables in place, each whole or not at all."""
        for view, content in tables.items():
            self.place.write(f"{OFFLINE_FOLDER}/{view}.parquet", content)

    def register(self, views: Iterable[str], encoder: str = "") -> None:
        """Tell Feast of these views, which have offline tables, and of no others."""
        definitions = define(self.url, views, encoder)
        with asking(self.url):
            gone: list[Any] = [view for view in self.feast.list_feature_views() if view.name not in definitions.views]
            self.feast.apply(definitions.all(), objects_to_delete=gone, partial=not gone)

    def join(self, title_ids: Sequence[str], as_of: pd.Timestamp, features: Sequence[str] = JOINED) -> pd.DataFrame:
        """Return features of titles as they were known at a moment: a point-in-time join.

        Args:
            title_ids: Unique.
            as_of: UTC; what became known later isn't seen.
            features: Names such as `title_facts:type`.

        Returns:
            `title_id` and a column per feature, in the order of the titles; null where nothing was known.
        """
        joined = pd.DataFrame({KEY: list(title_ids)})
        asked = joined.assign(**{TIMESTAMP: as_of.as_unit("ns")})
        # View by view: Feast leaves a title out if all its rows in one view are later, whatever other views know of it.
        for view, names in group_features(features).items():
            with asking(self.url):
                found = self.feast.get_historical_features(asked, features=[f"{view}:{name}" for name in names]).to_df()
            joined = joined.merge(found[[KEY, *names]], on=KEY, how="left", validate="one_to_one")
        return lay_out(joined, features)

    def look_up(self, title_ids: Sequence[str], features: Sequence[str] = JOINED) -> pd.DataFrame:
        """Return features of titles from the online store, laid out as `join` lays them out."""
        starts = range(0, len(title_ids), _READ_AT_ONCE)
        parts = [self.ask([{KEY: title_id} for title_id in title_ids[start : start + _READ_AT_ONCE]], features) for start in starts]
        found = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({KEY: []})
        return lay_out(found, features)

    def ask(self, rows: list[dict[str, Any]], features: Sequence[str]) -> pd.DataFrame:
        """Return what the online store and the on-demand view answer, a row per request, as they come."""
        with asking(self.url):
            found = self.feast.get_online_features(features=list(features), entity_rows=rows).to_dict()
        return pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in found.items()})

    def _replace(self, tables: Mapping[str, bytes], as_of: pd.Timestamp, encoder: str) -> None:
        self.place.write(STATE_FILE, b"")  # killed on the way, the store must not look finished
        if not is_remote(self.url) and self._loses_titles(tables):
            # Feast replaces rows online and removes none: a title that is gone, or was deleted on request, would stay.
            (Path(self.url) / ONLINE_FILE).unlink(missing_ok=True)
            self.__dict__.pop("feast", None)  # which has the file open
        self.place.write(CONFIG_FILE, render_config(describe_config(self.url)))
        if not is_remote(self.url):
            self.place.write(DEFINITIONS_FILE, _DEFINITIONS)
        self.write_tables(tables)
        self.register(tables, encoder)
        with asking(self.url):
            self.feast.materialize(BEGINNING.to_pydatetime(), as_of.to_pydatetime(), feature_views=list(tables))

    def _loses_titles(self, tables: Mapping[str, bytes]) -> bool:
        """Say whether an offline table knows of titles that the one in its place doesn't."""
        for view, content in tables.items():
            held = self.place.read(f"{OFFLINE_FOLDER}/{view}.parquet")
            if held and set(_read_titles(held)) - set(_read_titles(content)):
                return True
        return False


def _read_titles(content: bytes) -> list[str]:
    import pyarrow.parquet as pq

    titles: list[str] = pq.read_table(io.BytesIO(content), columns=[KEY]).column(KEY).to_pylist()
    return titles
