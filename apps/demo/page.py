"""The page in Gradio: one HTML component for all that the address says, Gradio's own for what is typed in: a plot to try, a chat. Imported lazily."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import asdict
from functools import partial
from typing import Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # read while Gradio is imported

import gradio as gr
from fastapi import FastAPI
from pydantic import ValidationError
from starlette.middleware import Middleware

from apps.demo.chat import EXAMPLE_QUESTIONS, Exchange, converse
from apps.demo.headers import PageHeaders, RefuseUploads
from apps.demo.render import STATIC, read_static, render
from apps.demo.views import show, try_plot
from apps.http.bodies import BodyLimit
from apps.http.clients import name_address
from apps.http.hosts import AllowedHosts
from apps.http.rates import RateLimit
from apps.mcp.server import create_server
from trending.errors import TrendingError
from trending.service.feedback import Feedback, keep_feedback
from trending.service.live import LiveService
from trending.settings import load_settings

TITLE = "Trending Now"
LINKS = (
    ("trending", "Trending", "?"),
    ("search", "Search", "?view=search"),
    ("try", "Try it", "?view=try"),
    ("chat", "Chat", "?view=chat"),
    ("about", "About", "?view=about"),
)
EXAMPLE_PLOTS = {
    "A lighthouse": "The keeper of a remote lighthouse writes to a woman who stopped answering years ago. When a storm wrecks a small boat, "
    "he has to choose between the lamp and the stranger calling from the rocks.",
    "A heist": "A retired safecracker gathers her old crew for one last robbery: the vault beneath the casino that ruined them. But one of the "
    "five is working for the police, and the night of the job everybody has a different plan.",
    "A ship": "Two centuries from Earth, the crew of a colony ship wakes to find the computer has been talking to something outside the hull. "
    "It answers in the voices of those who died on the way.",
}
# Shows what it is given as it is, where Gradio's default would fill in its own template language.
# And says aloud what `data-status` in it holds, and keeps a chat's latest question in sight.
_SHOW_VALUE = """
let exchanges = 0;
const put = () => {
  const slot = element.querySelector('.slot');
  slot.innerHTML = props.value || '';
  const said = slot.querySelector('[data-status]')?.dataset.status;
  if (said) document.querySelector('#tn-status').textContent = said;
  const talk = slot.querySelectorAll('.exchange');
  if (talk.length > exchanges && talk.length > 1) talk[talk.length - 1].scrollIntoView({ block: 'start' });
  exchanges = talk.length;
};
put();
watch('value', put);
"""
_AT_ONCE = 8  # people served at a time by each of the two


def _slot(**options: Any) -> gr.HTML:
    return gr.HTML(html_template='<div class="slot"></div>', js_on_load=_SHOW_VALUE, apply_default_css=False, elem_classes=["tn"], **options)


def build_page(live: LiveService) -> gr.Blocks:
    """Return the page."""

    # Both are called by anyone who can reach the page, with anything.
    def show_view(query: Any) -> dict[str, str]:
        return asdict(show(live, query if isinstance(query, str) else ""))

    def keep_report(given: Any) -> dict[str, Any]:
        return _keep_report(live, given if isinstance(given, dict) else {})

    page = gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True)
    with page:
        gr.HTML(
            html_template=render("frame", links=LINKS),
            js_on_load=read_static("page.js"),
            server_functions=[show_view, keep_report],
            apply_default_css=False,
            elem_classes=["tn"],
        )
        with gr.Column(elem_id="tn-try"):
            _build_try_it(live)
        with gr.Column(elem_id="tn-chat"):
            _build_chat(live)
    return page


def _build_try_it(live: LiveService) -> None:
    gr.HTML(html_template=render("try_opening"), apply_default_css=False, elem_classes=["tn"], js_on_load=None)
    plot = gr.Textbox(label="Plot", lines=6, max_lines=14, placeholder="What is it about? Two or three sentences are enough.", elem_id="tn-plot")
    with gr.Row(elem_classes=["tn-buttons"]):
        guess = gr.Button("Guess the genres", variant="primary", min_width=0)
        gr.HTML(html_template="<p>or try an example:</p>", apply_default_css=False, elem_classes=["tn"], js_on_load=None, min_width=0)
        examples = [gr.Button(name, min_width=0) for name in EXAMPLE_PLOTS]
    result = _slot(elem_id="tn-result")
    options: dict[str, Any] = {"api_visibility": "private", "show_progress": "minimal", "concurrency_limit": _AT_ONCE}
    gr.on([guess.click, plot.submit], lambda text: try_plot(live, text or ""), plot, result, **options)
    for button, text in zip(examples, EXAMPLE_PLOTS.values(), strict=True):
        button.click(lambda text=text: (text, try_plot(live, text)), None, [plot, result], **options)


def _build_chat(live: LiveService) -> None:
    server = create_server(live)
    gr.HTML(html_template=render("chat_opening"), apply_default_css=False, elem_classes=["tn"], js_on_load=None)
    exchanges = gr.State([])
    transcript = _slot(elem_id="tn-talk")
    question = gr.Textbox(label="Question", lines=1, max_lines=4, max_length=4_000, placeholder="Something like Psycho, but funnier?", elem_id="tn-question")
    with gr.Row(elem_classes=["tn-buttons"]):
        ask = gr.Button("Ask", variant="primary", min_width=0)
        clear = gr.Button("Start over", min_width=0)
    with gr.Row(elem_classes=["tn-buttons", "tn-examples"]):
        gr.HTML(html_template="<p>For example:</p>", apply_default_css=False, elem_classes=["tn"], js_on_load=None, min_width=0)
        examples = [gr.Button(text, min_width=0) for text in EXAMPLE_QUESTIONS]

    async def answer(asked: str, so_far: list[Exchange]) -> AsyncIterator[tuple[Any, ...]]:
        if not (asked or "").strip():
            yield gr.skip(), gr.skip(), so_far
            return
        emptied: Any = ""
        async for html in converse(server, asked, so_far, live.trial):
            yield html, emptied, so_far
            emptied = gr.skip()  # what is typed meanwhile is the next question

    options: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": _AT_ONCE}
    asking = gr.on([ask.click, question.submit], answer, [question, exchanges], [transcript, question, exchanges], **options)
    for button, text in zip(examples, EXAMPLE_QUESTIONS, strict=True):
        button.click(partial(answer, text), [exchanges], [transcript, question, exchanges], **options)
    clear.click(lambda: ("", "", []), None, [transcript, question, exchanges], cancels=[asking], **options)


def _keep_report(live: LiveService, given: dict[str, Any]) -> dict[str, Any]:
    """Keep what a form says and return what to tell its sender."""
    try:
        named = {name: given.get(name) or None for name in ("title_id", "text")}
        feedback = Feedback(about=given.get("about"), genres=given.get("genres") or [], comment=given.get("comment") or "", **named)
        with live.lease() as service:
            keep_feedback(service, feedback)
    except ValidationError as error:
        first = error.errors()[0]
        return {"kept": False, "message": f"Not kept: {'.'.join(map(str, first['loc']))}: {first['msg'].lower()}."}
    except TrendingError as error:
        return {"kept": False, "message": f"Not kept: {error}."}
    return {"kept": True, "message": "Thank you. It is kept for the next model."}


def make_theme() -> gr.themes.Base:
    """Return Gradio's plainest theme in the house's colours, with the fonts of the reader's own system."""
    sans = ["-apple-system", "Segoe UI", "Roboto", "Noto Sans", "Liberation Sans", "system-ui", "sans-serif"]
    blue = gr.themes.Color("#f5f7fc", "#e3e9fb", "#c8d3f7", "#9db2ff", "#6f8bee", "#3457d5", "#2c4ab8", "#243c96", "#1d3076", "#172659", "#101b40")
    grey = gr.themes.Color("#f7f8fb", "#eef0f5", "#e1e5ec", "#c6ccd8", "#a3adbf", "#7b879b", "#596579", "#3d4759", "#2b3344", "#1c2330", "#10141c")
    return gr.themes.Base(primary_hue=blue, neutral_hue=grey, font=sans, font_mono=["ui-monospace", "Menlo", "Consolas", "monospace"], radius_size="md").set(
        body_background_fill="#ffffff",
        body_background_fill_dark="#10141c",
        block_background_fill="#ffffff",
        block_background_fill_dark="#161b26",
        button_primary_background_fill="#3457d5",
        button_primary_background_fill_dark="#9db2ff",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#10141c",
        input_border_color="#8791a3",
        input_border_color_dark="#8791a3",
        input_placeholder_color="#596579",
        input_placeholder_color_dark="#a3adbf",
    )


def _list_guards(path: str) -> list[Middleware]:
    """Return what stands before Gradio, outermost first; what the page asks for while it is used counts, its files don't."""
    settings = load_settings()
    guards = [Middleware(PageHeaders), Middleware(AllowedHosts, allowed=settings.allowed_hosts, prefix=path)]
    if settings.rate_limit:
        guards.append(Middleware(RateLimit, limit=settings.rate_limit, name_client=name_address, prefix=f"{path.rstrip('/')}/gradio_api/"))
    return [*guards, Middleware(RefuseUploads), Middleware(BodyLimit, max_bytes=settings.max_body_bytes)]


def mount_page(app: FastAPI, live: LiveService, path: str) -> FastAPI:
    """Mount the page with its theme, style and headers."""
    mounted: FastAPI = gr.mount_gradio_app(
        app,
        build_page(live),
        path,
        theme=make_theme(),
        # Not as `css`, which Gradio rewrites rule by rule and loses some on the way.
        head=f"<style>{read_static('style.css')}</style>",
        favicon_path=str(STATIC / "favicon.png") if path == "/" else None,  # elsewhere the host's own is used
        footer_links=[],
        run_history=False,
        show_error=False,
        ssr_mode=False,
        mcp_server=False,
        app_kwargs={"middleware": _list_guards(path)},
    )
    return mounted
