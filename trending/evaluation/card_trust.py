"""Tables and sentences of the model card on whether the model can be trusted: fairness, bias, behaviour, checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trending.evaluation.behaviour import BehaviourResult, add_up_behaviour
from trending.evaluation.bias import SHARE, Bias, GroupCount
from trending.evaluation.card_tables import tabulate
from trending.evaluation.disparities import Disparity
from trending.evaluation.fairness import Coverage, Fairness

SHOWN = 20  # of the disparities that stand out, the surest
SHOWN_OF_KIND = 6  # groups of a kind, and of what stands out over the catalogue
OVERALL_HEADER = ("over all titles", "mean", "known for")
SIZE_HEADER = ("group", "titles", "share of those known", "ranked as trending", "compared")
GROUP_HEADER = ("group", "test titles", "compared", "with others", "macro F1, genres that occur", "sources")
DISPARITY_HEADER = ("group", "measure", "titles", "of the group", "of others", "difference", "adjusted p")


def tabulate_fairness(fairness: Fairness | None) -> dict[str, str]:
    """Return the tables of groups and of the disparities that stand out."""
    if fairness is None:
        return {"groups": "", "disparities": ""}
    return {
        "groups": tabulate(GROUP_HEADER, list_groups(fairness)),
        "disparities": tabulate(DISPARITY_HEADER, map(list_disparity, fairness.marked[:SHOWN])),
    }


def list_groups(fairness: Fairness) -> list[tuple[str | int, ...]]:
    """Return a row per group that could be compared."""
    return [(f"{one.kind}: {one.group}", one.titles, one.compared, one.others, str(one.macro_f1), ", ".join(one.sources)) for one in fairness.groups]


def list_disparity(one: Disparity) -> tuple[str | int, ...]:
    """Return the cells of a row: group, measure, titles listed, its value, others', their difference, adjusted p value."""
    measure = f"{one.measure} of {one.genre}" if one.genre else one.measure
    difference = f"{one.difference.value:+.3f} [{one.difference.low:+.3f}, {one.difference.high:+.3f}]"
    return f"{one.kind}: {one.group}", measure, one.listed, str(one.value), str(one.others), difference, f"{one.adjusted_p:.2g}"


def tell_coverage(found: Fairness | Bias) -> list[str]:
    """Return, in sentences, for how many titles something is known, and what that leaves out."""
    return [*map(_tell_kind, found.coverage), f"Too few titles to compare: {_count_left_out(found.left_out)}."]


def _tell_kind(coverage: Coverage) -> str:
    told = f"The {coverage.kind} is known for {coverage.known:,} of {coverage.titles:,} titles"
    silent = f"; for none of {', '.join(coverage.silent_sources)}" if coverage.silent_sources else ""
    uniform = f"; it is the same for all of {', '.join(coverage.uniform_sources)}, so that nothing can be compared there" if coverage.uniform_sources else ""
    return f"{told}{silent}{uniform}."


def _count_left_out(left_out: Mapping[str, Sequence[str]]) -> str:
    plurals = {"country": "countries"}
    return ", ".join(f"{len(names):,} {plurals.get(kind, f'{kind}s')}" for kind, names in left_out.items() if names) or "none"


def tell_marked(found: Fairness | Bias) -> str:
    """Return, in a sentence, how many comparisons stand out."""
    marked, all_of_them = len(found.marked), len(found.disparities)
    if not marked:
        return f"None of the {all_of_them:,} comparisons stands out."
    if isinstance(found, Bias):
        return f"{marked:,} of {all_of_them:,} comparisons stand out; of each kind the {SHOWN_OF_KIND} surest at most:"
    return f"{marked:,} of {all_of_them:,} comparisons stand out" + (f"; the {SHOWN} surest:" if marked > SHOWN else ":")


def tabulate_bias(bias: Bias | None) -> dict[str, str]:
    """Return the tables of means over the whole catalogue, of the largest groups of each kind, and of the comparisons that stand out."""
    if bias is None:
        return {"overall": "", "largest": "", "contrasts": ""}
    kinds = list(dict.fromkeys(one.kind for one in bias.groups))
    largest = [one for kind in kinds for one in [one for one in bias.groups if one.kind == kind][:SHOWN_OF_KIND]]
    surest = [one for kind in kinds for one in [one for one in bias.marked if one.kind == kind][:SHOWN_OF_KIND]]
    return {
        "overall": tabulate(OVERALL_HEADER, list_overall(bias)),
        "largest": tabulate(SIZE_HEADER, [list_size(bias, one) for one in largest]),
        "contrasts": tabulate(DISPARITY_HEADER, map(list_disparity, surest)),
    }


def list_overall(bias: Bias) -> list[tuple[str, str, int]]:
    """Return a row per measure that isn't a genre's share: its mean and how many titles it is known for."""
    return [(name, f"{mean:.3f}", known) for name, (mean, known) in bias.overall.items() if not name.startswith(f"{SHARE} of ")]


def list_size(bias: Bias, one: GroupCount) -> tuple[str | int, ...]:
    """Return the cells of a group's row: its titles and their share of those of which the kind is known, and the same of what is ranked as trending."""
    known = next(coverage.known for coverage in bias.coverage if coverage.kind == one.kind)
    ranked = f"{one.trending:,} ({one.trending / bias.trending:.1%})" if bias.trending else "nothing is ranked"
    return f"{one.kind}: {one.group}", one.titles, f"{one.titles / known:.1%}", ranked, "yes" if one.compared else "too few"


def tabulate_behaviour(results: Sequence[BehaviourResult]) -> dict[str, str]:
    """Return the tables of behavioural tests: by kind, the invariances, and the others by genre."""
    directional, functional = ({one.name: one for one in results if one.kind == kind} for kind in ("directional", "minimum functionality"))
    return {
        "behaviour": tabulate(("kind of test", "failed"), add_up_behaviour(results).items()),
        "invariances": tabulate(
            ("changed", "cases", "failed", "share", "mean of the largest move"),
            ((one.name, one.cases, one.failures, one.rate, f"{one.move or 0:.3f}") for one in results if one.kind == "invariance"),
        ),
        "genre_behaviour": tabulate(
            ("genre", "clear plots missed", "sentence without effect", "mean rise"),
            (
                (name, f"{one.failures} of {one.cases}", f"{told.failures} of {told.cases}", f"{told.move or 0:+.3f}")
                for name, one in functional.items()
                if (told := directional.get(name))
            ),
        ),
    }


def tabulate_checks(checks: Mapping[str, str]) -> str:
    """Return the table of what deepchecks' checks came to."""
    return tabulate(("check", "outcome"), ((name.partition(".")[2].replace("_", " "), status) for name, status in checks.items()))
