"""Runs one step for Airflow: ZenML's own entry point, told where the checkout lies, which it would otherwise take for its own package's folder."""

from __future__ import annotations

from pathlib import Path


def main() -> None:
    """Run the step that the command line names."""
    from zenml.entrypoints import entrypoint
    from zenml.utils.source_utils import set_custom_source_root

    set_custom_source_root(str(Path(__file__).resolve().parents[1]))
    entrypoint.main()


if __name__ == "__main__":
    main()
