"""The offline provider as a LiteLLM provider, `trending/offline-1`: whatever can call a model can call the rules, and gets JSON of the same schema."""

from __future__ import annotations

import json
import re
import time
from typing import Any

from trending.insights.offline import MAKER, write_insights
from trending.insights.schema import Insights, Material, ReviewText

PROVIDER = "trending"
MODEL = f"{PROVIDER}/{MAKER}"
_MATERIAL = re.compile(r"^(MATERIAL-[0-9a-f]+)\n(.*)\n\1$", re.DOTALL)


def answer_messages(messages: list[dict[str, Any]]) -> str:
    """Return insights of the material in the last message as JSON of the schema models answer in.

    Raises:
        ValueError: If there is no material: the rules answer nothing else.
    """
    found = _MATERIAL.match(str(messages[-1].get("content", ""))) if messages else None
    if found is None:
        raise ValueError("no material in the last message: the offline provider only writes insights")
    given = json.loads(found.group(2))
    numbers = [review["number"] for review in given["reviews"]]
    material = Material(
        **{name: given[name] for name in ("title", "type", "year", "plot", "rating", "votes")}, predicted_genres=given["genres"],
        reviews=[ReviewText(review_id=str(one["number"]), text=one["text"], rating=one["rating"], spoiler=one["spoiler"]) for one in given["reviews"]],
    )  # fmt: skip
    return json.dumps(_to_draft(write_insights(material), numbers), ensure_ascii=False)


def _to_draft(insights: Insights, numbers: list[int]) -> dict[str, Any]:
    def themes(found: list[Any]) -> list[dict[str, Any]]:
        return [
            {"theme": one.theme, "quotes": [{"text": quote.text, "review": int(quote.review_id)} for quote in one.quotes if int(quote.review_id) in numbers]}
            for one in found
        ]

    return {
        "summary": insights.summary,
        "score": insights.score,
        "score_reasons": insights.score_reasons,
        "tags": [{"name": tag.name, "evidence": tag.evidence} for tag in insights.tags],
        "genres": insights.genres,
        "praise": themes(insights.praise),
        "complaints": themes(insights.complaints),
    }


def register_provider() -> None:
    """Make `trending/offline-1` known to LiteLLM, once."""
    import litellm
    from litellm.llms.custom_llm import CustomLLM, CustomLLMError

    if any(entry["provider"] == PROVIDER for entry in litellm.custom_provider_map):
        return

    class OfflineProvider(CustomLLM):
        def completion(self, *args: Any, **kwargs: Any) -> Any:
            try:
                text = answer_messages(kwargs["messages"])
            except (ValueError, KeyError, TypeError) as error:
                raise CustomLLMError(status_code=400, message=str(error)) from error
            message = litellm.Message(content=text, role="assistant")
            usage = litellm.Usage(prompt_tokens=0, completion_tokens=0, total_tokens=0)
            choice = litellm.Choices(index=0, finish_reason="stop", message=message)
            return litellm.ModelResponse(model=MODEL, created=int(time.time()), choices=[choice], usage=usage)

        async def acompletion(self, *args: Any, **kwargs: Any) -> Any:
            return self.completion(*args, **kwargs)

    litellm.custom_provider_map.append({"provider": PROVIDER, "custom_handler": OfflineProvider()})
    litellm.register_model({MODEL: {"input_cost_per_token": 0.0, "output_cost_per_token": 0.0, "litellm_provider": PROVIDER, "mode": "chat"}})
