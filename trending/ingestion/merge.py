"""Signals and the quarantine: what this run brought over what was there, and what names no known title put aside."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from trending.tables import SIGNAL_SCHEMA, SORT_KEYS

_KEY = ", ".join(("source", *SORT_KEYS["signals"]))
_COLUMNS = ", ".join(SIGNAL_SCHEMA.names)
_RECORD = ", ".join(f"{name} := {name}" for name in SIGNAL_SCHEMA.names)


def choose_fresh(connection: duckdb.DuckDBPyConnection, name: str, key: Sequence[str], replayed: bool) -> None:
    """Make `fresh_<name>` of `came_<name>`: all of it, or of a replay, whose rows are old, what `parent_<name>` hasn't meanwhile got from elsewhere."""
    known = f" ANTI JOIN parent_{name} USING ({', '.join(key)})" if replayed else ""
    connection.execute(f"CREATE VIEW fresh_{name} AS FROM came_{name}{known}")


def merge_signals(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `signals` of `fresh_signals` and `parent_signals`; a figure given again replaces the one before.

    Signals of titles that aren't in `titles` go to `late_quarantine`. `signals_fresh` holds those of this run that were kept, and
    `signals_merged` counts per source those that were given more than once.
    """
    connection.execute(
        f"""
        CREATE TEMP TABLE signals_known AS SELECT * FROM fresh_signals WHERE title_id IN (SELECT title_id FROM titles);
        CREATE TEMP TABLE signals_fresh AS
        SELECT {_COLUMNS} FROM signals_known QUALIFY row_number() OVER (PARTITION BY {_KEY} ORDER BY seq DESC) = 1;
        CREATE TEMP TABLE signals_merged AS
        SELECT source, k.rows - coalesce(f.rows, 0) AS merged
        FROM (SELECT source, count(*) AS rows FROM came_signals WHERE title_id IN (SELECT title_id FROM titles) GROUP BY source) k
        LEFT JOIN (SELECT source, count(*) AS rows FROM signals_fresh GROUP BY source) f USING (source);
        CREATE VIEW signals AS
        FROM signals_fresh UNION ALL SELECT {_COLUMNS} FROM parent_signals ANTI JOIN signals_fresh USING ({_KEY});
        INSERT INTO late_quarantine
        SELECT left(sha256('signal|' || record), 24), 'signal', 'title_unknown', 'no title ' || title_id, source, record
        FROM (SELECT title_id, source, to_json(struct_pack({_RECORD})) AS record FROM fresh_signals WHERE title_id NOT IN (SELECT title_id FROM titles))
        """
    )


def merge_quarantine(connection: duckdb.DuckDBPyConnection, replayed: bool) -> None:
    """Make `quarantine` of what was refused in this run and what is left of the quarantine before.

    A row leaves it when all of it was `replayed`, or when its title has come again and was kept.
    """
    left = (
        "SELECT * FROM parent_quarantine WHERE false"
        if replayed
        else """
        SELECT * FROM parent_quarantine p
        WHERE quarantine_id NOT IN (SELECT quarantine_id FROM now)
          AND NOT (kind = 'title' AND (source, coalesce(json_extract_string(record, '$.source_id'), '')) IN (SELECT source, source_id FROM fresh_titles))
        """
    )
    connection.execute(
        f"""
        CREATE VIEW quarantine AS
        WITH now AS (
            SELECT * FROM (FROM fresh_quarantine UNION ALL FROM late_quarantine)
            QUALIFY row_number() OVER (PARTITION BY quarantine_id ORDER BY reason) = 1
        )
        FROM now UNION ALL {left}
        """
    )
