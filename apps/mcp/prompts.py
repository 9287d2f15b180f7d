"""Questions people often have, as prompts that tell an assistant which tools to call in which order. They hold no data of the release."""

from __future__ import annotations

import json
from typing import Annotated

from pydantic import Field

from apps.mcp.factory import Server

Name = Annotated[str, Field(min_length=1, max_length=300, description="Name of a film or show, or its id.")]
Wish = Annotated[str, Field(max_length=300)]
_FIND = "Find the id of {} with search_titles (if it is an id already, use it as it is). If several titles fit, say which one you took."
_SAY = "Cite ids and sources, say what is missing rather than guess, and give nothing away that spoils the story."


def add_prompts(server: Server) -> None:
    """Give a server its prompts."""

    @server.prompt(title="Weekend picks")
    def weekend_picks(
        genre: Annotated[str, Field(max_length=40, description="One of the genres.")] = "",
        tag: Annotated[str, Field(max_length=40, description="A vibe, such as cosy.")] = "",
        type: Annotated[str, Field(max_length=10, description="movie or tv.")] = "",  # noqa: A002
    ) -> str:
        """Three titles for the weekend, from what is trending."""
        wishes = {name: value for name, value in (("genre", genre), ("tag", tag), ("type", type)) if value.strip()}
        filters = f" with these filters: {_quote(wishes)}" if wishes else ""
        return (
            f"Suggest three titles for my weekend. Call get_trending{filters}; if that is empty or thin, call search_titles without a query, with the same "
            "filters. Then call get_titles for the best five and choose three that differ from each other. For each give one sentence on what it is, "
            f"why now (its place and the reasons), and for whom it is not. {_SAY}"
        )

    @server.prompt(title="Explain a prediction")
    def explain_prediction(title: Name) -> str:
        """Why the model predicts a title's genres, and where it may be wrong."""
        return (
            f"Explain which genres the model predicts for a title, and why. {_FIND.format(_quote(title))} Call get_title, then predict_genres with its "
            "plot, and read the resource trending://model-card. Say which genres are listed and which predicted, with probabilities and the words that "
            "spoke for each; where the two differ, say what in the plot may have misled the model or what the catalogue may have missed. "
            f"Say how reliable such predictions are. {_SAY}"
        )

    @server.prompt(title="Compare")
    def compare(first: Name, second: Name, for_whom: Wish = "") -> str:
        """Which of two titles to watch."""
        whom = f" It is for: {_quote(for_whom)}." if for_whom.strip() else ""
        return (
            f"Help me decide between two titles.{whom} {_FIND.format(_quote(first))} Do the same for {_quote(second)}. Call compare_titles with both ids, "
            f"and get_reviews where the comparison leaves doubts. End with one recommendation and the reason for it. {_SAY}"
        )

    @server.prompt(title="Find similar")
    def find_similar(title: Name, but: Wish = "") -> str:
        """More like a title, with a twist if you like."""
        filters = "turn that into filters (genre, tag, type, years, minimum score, language) as far as it goes"
        twist = f" But: {_quote(but)}; {filters}." if but.strip() else ""
        return (
            f"Find titles like one I know.{twist} {_FIND.format(_quote(title))} Call find_similar, then get_titles for the best five. Suggest three, "
            f"each with one sentence on what it shares with mine and one on how it differs. {_SAY}"
        )


def _quote(value: object) -> str:
    """Return what a person typed as JSON, so that it can't be mistaken for the prompt's own words."""
    return json.dumps(value, ensure_ascii=False)
