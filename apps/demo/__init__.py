"""The page: what is trending, titles, a plot to try, a chat, and what the release is. A door to the service layer, mounted beside the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import gradio as gr
    from fastapi import FastAPI

    from trending.service.live import LiveService


def create_demo(live: LiveService) -> gr.Blocks:
    """Return the page over the current release; importing Gradio takes seconds, so it happens here.

    Args:
        live: An opened service, or one without a release yet: the page then says so.
    """
    from apps.demo.page import build_page

    return build_page(live)


def mount_demo(app: FastAPI, live: LiveService, path: str = "/") -> FastAPI:
    """Mount the page into an application, with its style, script and headers; add the application's own routes before.

    Args:
        app: The application; its lifespan must run, as Gradio's starts with it.
        live: The service, as for `create_demo`.
        path: Where the page lies.
    """
    from apps.demo.page import mount_page

    return mount_page(app, live, path)
