"""The page: what is trending, titles, a plot to try, a chat, and what the release is. A door to the service layer, mounted beside the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI

    from trending.service.live import LiveService


def mount_demo(app: FastAPI, live: LiveService, path: str = "/") -> FastAPI:
    """Mount the page into an application, with its style, script and guards; add the application's own routes before. Imports Gradio.

    Args:
        app: The application; its lifespan must run, as Gradio's starts with it.
        live: An opened service, or one without a release yet: the page then says so.
        path: Where the page lies.
    """
    from apps.demo.page import mount_page

    return mount_page(app, live, path)
