"""Says in Markdown how a change's model compares with main's: `python .github/model_report.py HEAD/release.json [MAIN/release.json]`.

Ends with 1 if the change's whole interval of macro F1 lies below main's figure: then it is no accident of the draw that it is worse.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

_NAMES = {
    "macro_f1": "macro F1", "micro_f1": "micro F1", "weighted_f1": "weighted F1", "samples_f1": "samples F1",
    "map": "mean average precision", "ece": "expected calibration error",
}  # fmt: skip


def write_report(head: dict[str, Any], main: dict[str, Any] | None) -> str:
    """Return the table of figures, with main's beside them where there are any."""
    lines = [
        f"### Model of this change: {head['model_kind']}",
        "",
        f"{head['data']['rows']:,} titles of {head['data']['source']}, held-out test titles, 95 % intervals"
        + (f"; main's model: {main['model_kind']}." if main else "; no figures of main to compare with."),
        "",
        "| | this change | main | difference |",
        "| --- | --- | --- | --- |",
    ]
    for key, name in _NAMES.items():
        figure = head["metrics"][key]
        mine = f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"
        theirs = (f"{main['metrics'][key]['value']:.3f}", f"{figure['value'] - main['metrics'][key]['value']:+.3f}") if main else ("", "")
        lines.append(f"| {name} | {mine} | {theirs[0]} | {theirs[1]} |")
    return "\n".join(lines)


def is_worse(head: dict[str, Any], main: dict[str, Any] | None) -> bool:
    """Say whether the whole interval of macro F1 lies below main's figure, on the same data."""
    if main is None or head["data"]["fingerprint"] != main["data"]["fingerprint"]:
        return False
    return bool(head["metrics"]["macro_f1"]["high"] < main["metrics"]["macro_f1"]["value"])


def main(argv: list[str] | None = None) -> int:
    """Print the report; returns the exit code."""
    parser = argparse.ArgumentParser(prog="model_report.py", description=__doc__.splitlines()[0])
    parser.add_argument("head", type=Path, help="release.json of the change")
    parser.add_argument("main", type=Path, nargs="?", help="release.json of main; may be missing")
    arguments = parser.parse_args(argv)
    head = json.loads(arguments.head.read_text(encoding="utf-8"))
    base = json.loads(arguments.main.read_text(encoding="utf-8")) if arguments.main and arguments.main.is_file() else None
    print(write_report(head, base))
    if is_worse(head, base):
        print("\n**Worse than main's model.**")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
