"""LiteLLM as this project uses it: quiet, private, bounded, without its own caches and retries. Nothing else imports it.

Importing it takes seconds, so a gateway is made in the background. Its router lets a model that failed rest for half a minute.
"""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any

from trending.settings import Settings

if TYPE_CHECKING:
    import httpx

MAX_BODY_BYTES = 4_000_000
_REST_SECONDS = 30
_OWN_MACHINE = ("ollama", "ollama_chat")  # LiteLLM would ask their server for a price
_CONNECT_SECONDS = 5.0


class CallFailed(Exception):  # noqa: N818
    """A call failed. What it says is ours: nothing a server wrote is in it.

    Attributes:
        passing: True if trying again may help.
        billed: True if the call may have cost something all the same.
    """

    def __init__(self, words: str, *, passing: bool = False, billed: bool = False) -> None:
        super().__init__(words)
        self.passing = passing
        self.billed = billed


class Gateway:
    """Calls of the configured models through LiteLLM's router."""

    def __init__(self, models: Sequence[str], settings: Settings) -> None:
        """Import LiteLLM and set it up; takes seconds the first time in a process.

        Raises:
            CallFailed: If LiteLLM can't be imported.
        """
        # Before the import, or it asks a server on the network for prices.
        os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
        try:
            import litellm
            from litellm.router import Router
            from litellm.types.router import AllowedFailsPolicy
        except Exception as error:
            raise CallFailed(f"LiteLLM can't be imported ({type(error).__name__})") from error
        self._litellm = litellm
        litellm.telemetry = False
        litellm.suppress_debug_info = True
        litellm.drop_params = True  # models that take no temperature are asked without
        litellm.turn_off_message_logging = True
        if litellm.aclient_session is None:
            litellm.aclient_session = _make_bounded_client()
        for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        from trending.insights.provider import register_provider

        register_provider()
        policy = AllowedFailsPolicy(
            AuthenticationErrorAllowedFails=0, TimeoutErrorAllowedFails=1, RateLimitErrorAllowedFails=1, InternalServerErrorAllowedFails=2
        )
        self._router = Router(
            model_list=[{"model_name": model, "litellm_params": self._describe(model, models[0], settings)} for model in models],
            num_retries=0,
            cooldown_time=_REST_SECONDS,
            allowed_fails_policy=policy,
        )

    async def prepare(self, model: str) -> None:
        """Make a call that asks nobody: LiteLLM imports half of itself at the first."""
        await self._router.acompletion(model=model, messages=[{"role": "user", "content": ""}], mock_response="")

    def _describe(self, model: str, first: str, settings: Settings) -> dict[str, Any]:
        parameters: dict[str, Any] = {"model": model, "max_retries": 0}
        # Address and key belong to the first model's service; a second one of another service has its own.
        if model.partition("/")[0] == first.partition("/")[0]:
            if settings.llm_api_base:
                parameters |= {"api_base": settings.llm_api_base, "api_key": "none"}
            if settings.llm_api_key:
                parameters["api_key"] = settings.llm_api_key.get_secret_value()
        return parameters

    def price(self, model: str, prompt_tokens: int, answer_tokens: int) -> float | None:
        """Return what so many tokens cost in USD, None if LiteLLM doesn't know the model's price."""
        provider, _, name = model.partition("/")
        if provider in _OWN_MACHINE:
            return 0.0
        prices = self._litellm.model_cost
        try:
            cost = float(sum(self._litellm.cost_per_token(model=model, prompt_tokens=prompt_tokens, completion_tokens=answer_tokens)))
        except Exception:  # it raises a bare Exception for models it doesn't know
            return None
        # The router enters models it doesn't know without a price, which then cost nothing.
        entry = prices.get(model) or prices.get(name) or {}
        return cost if cost or any("cost_per" in key and value is not None for key, value in entry.items()) else None

    async def complete(self, model: str, messages: Sequence[dict[str, Any]], seconds: float, **options: Any) -> Any:
        """Return LiteLLM's answer, or its stream of chunks with `stream=True`.

        Raises:
            CallFailed: With what went wrong.
        """
        given: list[Any] = list(messages)
        try:
            return await self._router.acompletion(model=model, messages=given, temperature=0, timeout=seconds, num_retries=0, **options)
        except Exception as error:
            raise self._explain(error) from error

    async def read(self, stream: Any) -> AsyncIterator[Any]:
        """Yield the chunks of a stream.

        Raises:
            CallFailed: If it breaks off.
        """
        try:
            async for chunk in stream:
                yield chunk
        except OverflowError:
            raise
        except Exception as error:
            raise self._explain(error) from error

    def _explain(self, error: Exception) -> CallFailed:
        raised = self._litellm.exceptions
        status = getattr(error, "status_code", None)
        if _has_cause(error, _TooLarge):
            return CallFailed(f"its answer is larger than {MAX_BODY_BYTES:,} bytes", billed=True)
        if "No deployments available" in str(error)[:500]:
            return CallFailed(f"it failed a moment ago and rests for {_REST_SECONDS} s")
        import httpx

        if _has_cause(error, httpx.NetworkError) or _has_cause(error, httpx.ProtocolError):
            return CallFailed("its server can't be reached or broke off", passing=True, billed=True)
        for kinds, words, passing, billed in (
            (raised.Timeout, "it did not answer in time", False, True),
            ((raised.AuthenticationError, raised.PermissionDeniedError), "its server refused the key (TRENDING_LLM_API_KEY)", False, False),
            (raised.NotFoundError, "its server doesn't know it", False, False),
            (raised.RateLimitError, "its server had too many requests (HTTP 429)", True, False),
            (raised.APIConnectionError, "its server can't be reached or broke off", True, True),
        ):
            if isinstance(error, kinds):
                return CallFailed(words, passing=passing, billed=billed)
        if isinstance(status, int):
            return CallFailed(f"its server {'failed' if status >= 500 else 'refused the request'} (HTTP {status})", passing=status >= 500)
        return CallFailed(f"the call failed ({type(error).__name__})")


class _TooLarge(Exception):  # noqa: N818
    pass


def _has_cause(error: BaseException | None, kind: type[BaseException]) -> bool:
    for _ in range(10):
        if error is None or isinstance(error, kind):
            break
        error = error.__cause__ or error.__context__
    return isinstance(error, kind)


def _make_bounded_client() -> httpx.AsyncClient:
    """Return the client LiteLLM talks to OpenAI-compatible servers with: no redirects, and no answer of more than 4 MB is read."""
    import httpx

    class Bounded(httpx.AsyncByteStream):
        def __init__(self, inner: httpx.AsyncByteStream) -> None:
            self.inner = inner

        async def __aiter__(self) -> AsyncIterator[bytes]:
            left = MAX_BODY_BYTES
            async for part in self.inner:
                left -= len(part)
                if left < 0:
                    raise _TooLarge
                yield part

        async def aclose(self) -> None:
            await self.inner.aclose()

    async def bound(response: httpx.Response) -> None:
        if isinstance(response.stream, httpx.AsyncByteStream):
            response.stream = Bounded(response.stream)

    return httpx.AsyncClient(event_hooks={"response": [bound]}, timeout=httpx.Timeout(60, connect=_CONNECT_SECONDS), follow_redirects=False)
