"""The data cards of a version: one for all of it, one per source, after the sections of Gebru et al., "Datasheets for Datasets" (CACM 64, 2021).

Every figure is counted from the version itself; what can't be counted, such as a licence, is what the source's spider or rows say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from trending.cleaning.rights import may_train
from trending.datasets.manifest import DataAccount, SourceState
from trending.ingestion.assemble import AssemblyReport
from trending.ingestion.clean import CleaningAccount
from trending.reports.eda import EdaFacts
from trending.reports.eda.section import say_share
from trending.reports.markdown import render_rows

VERSION_CARD = "cards/version.md"
_USES = (
    "For finding, describing and ranking films and TV shows, and for learning genres from plots of rows whose rights allow it. "
    "Not for judging people, and not for claims about all of film: sources differ in what they hold and leave out."
)
_PRIVACY = (
    "Reviewers are keyed hashes; their names and contact details in the text are masked. The same author has the same hash "
    "within a source, and nobody without the salt can tell who it is."
)


def render_cards(
    facts: EdaFacts, sources: Mapping[str, SourceState], account: DataAccount, cleaning: CleaningAccount, assembly: AssemblyReport, parent: str | None
) -> dict[str, str]:
    """Return the cards as Markdown, by their path within the version.

    Args:
        facts: Counted from the version's tables.
        sources: State of every source.
        account: Where everything this run fetched went.
        cleaning: What this run refused and mended.
        assembly: What this run kept and merged, and how rows were matched.
        parent: The version this one was built on.
    """
    cards = {VERSION_CARD: _render_version(facts, sources, account, cleaning, assembly, parent)}
    return cards | {f"cards/sources/{name}.md": _render_source(name, state, facts) for name, state in sorted(sources.items())}


def _render_version(
    facts: EdaFacts, sources: Mapping[str, SourceState], account: DataAccount, cleaning: CleaningAccount, assembly: AssemblyReport, parent: str | None
) -> str:
    titles, overlap = facts.titles, facts.overlap
    kinds = [(kind, one.fetched, one.parsed, one.failed, one.kept, one.merged, one.quarantined) for kind, one in account.kinds.items()]
    where = [
        (name, state.attribution, state.licence or "not stated", state.rights_class, state.rows.get("titles", 0)) for name, state in sorted(sources.items())
    ]
    return _join(
        "# Data card of this version",
        _USES,
        "## Composition",
        f"{titles.rows:,} rows of titles ({titles.types.movie:,} films, {titles.types.tv:,} TV shows) in {overlap.works:,} works and {titles.groups:,} groups; "
        f"{overlap.in_several:,} works come from several sources. {facts.reviews.rows:,} reviews, {facts.signals.rows:,} popularity figures.",
        *render_rows(("source", "credit to", "licence", "rights", "titles"), where),
        "## Collection",
        f"Built on {parent}; the counts below are of this run." if parent else "The first version.",
        *render_rows(("kind", "fetched", "parsed", "failed", "kept", "merged", "quarantined"), kinds),
        "Fetched = parsed + failed, and parsed = kept + merged + quarantined; a response that couldn't be read counts as one thing that failed.",
        "## Cleaning and matching",
        f"{assembly.plots_shared:,} plots that stood under several titles were dropped.",
        *render_rows(("refused because", "records"), (cleaning.reasons + Counter(assembly.reasons)).most_common()),
        *render_rows(("mended", "values"), cleaning.repairs.most_common()),
        *render_rows(("label nobody knows", "rows"), cleaning.unknown_genres.most_common(20)),
        *render_rows(("rows joined by", "rows"), overlap.evidence.items()),
        "## Genres",
        *render_rows(("genre", "films", "TV"), ((genre, count.movie, count.tv) for genre, count in titles.genres.items())),
        "## Privacy",
        _PRIVACY,
        "## Maintenance",
        "Each ingestion asks the sources for what changed and makes the next version; no version is changed afterwards. "
        "What is in quarantine is tried again with `python run.py data replay`.",
    )


def _render_source(name: str, state: SourceState, facts: EdaFacts) -> str:
    titles = facts.titles
    plots, rows = titles.plot_chars.get(name), state.rows.get("titles", 0)
    missing = titles.missing.get(name, {})
    leak = next((one for one in titles.leaks if one.source == name), None)
    refused = sum(one.rows for one in facts.quarantine if one.source == name)
    return _join(
        f"# Data card: {name}",
        f"Credit: {state.attribution}. Licence: {state.licence or 'not stated'}. Rights class: `{state.rights_class}`, "
        + ("which may be learnt from and shown." if may_train(state.rights_class) else "which by default is neither learnt from nor shipped."),
        "## Composition",
        *render_rows(("table", "rows"), sorted(state.rows.items())),
        f"Median plot: {plots.median:,.0f} characters." if plots else "No plots.",
        f"{say_share(leak.naming, leak.read)} of the plots name a genre." if leak else "",
        *render_rows(("column", "missing", "share"), ((column, number, say_share(number, rows)) for column, number in missing.items() if number)),
        "## Collection",
        f"Snapshot {state.snapshot_id or 'none'}: {state.fetched:,} things fetched, {state.parsed:,} parsed, {state.failed:,} failed. "
        + (f"The next crawl begins at {state.watermark}." if state.watermark else "It has no watermark: it is read whole each time."),
        f"{refused:,} of its records are in quarantine.",
        "## Privacy",
        _PRIVACY if state.rows.get("reviews") else "It holds no texts by users.",
    )


def _join(*parts: str) -> str:
    return "\n\n".join(_fold(parts)) + "\n"


def _fold(parts: Iterable[str]) -> Iterable[str]:
    """Yield paragraphs; the rows of a table, which come one by one and end with an empty line, are kept together."""
    table: list[str] = []
    for part in parts:
        if part.startswith("|"):
            table.append(part)
            continue
        if table:
            yield "\n".join(table)
            table = []
        if part:
            yield part
    if table:
        yield "\n".join(table)
