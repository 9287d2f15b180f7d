"""The page for everybody: axe, keyboard alone, a phone's width, light and dark."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from tests.apps.demo.conftest import OpenPage, wait_for_view

CALIGARI = "starter:38a184f211f9"


def _check_axe(page: Page, where: str) -> None:
    found = Axe().run(page).response["violations"]
    told = [f"{where}: {one['id']} ({one['impact']}): {one['help']}: " + " | ".join(node["html"][:160] for node in one["nodes"][:3]) for one in found]
    assert told == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_view(open_page: OpenPage, scheme: str) -> None:
    """All of axe's rules, best practices too, on every view with its folds open and its answers there."""
    page = open_page("sample/", scheme=scheme)
    assert page.evaluate("document.body.classList.contains('dark')") is (scheme == "dark")
    _check_axe(page, "trending")
    page.locator(".ranked .card-title a").nth(1).click()
    page.wait_for_url("**/?title=*")
    wait_for_view(page)
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    _check_axe(page, "title")
    for name in ("Search", "About", "Try it", "Chat"):
        page.get_by_role("navigation", name="Main").get_by_role("link", name=name).click()
        wait_for_view(page)
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        if name == "Try it":
            page.get_by_role("button", name="A heist").click()
            expect(page.locator("#tn-result .bars")).to_be_visible()
            expect(page.locator("#tn-result .pending")).to_have_count(0)  # Gradio fades what is being replaced
        if name == "Chat":
            page.get_by_role("button", name="What can you do?").click()
            expect(page.locator(".exchange .made")).to_be_visible()
        _check_axe(page, name)


@pytest.mark.parametrize("address", ["", "none/"])
def test_axe_finds_nothing_without_figures_or_release(open_page: OpenPage, address: str) -> None:
    """Nor on the page of a catalogue nobody counted views of, nor where there is nothing at all."""
    _check_axe(open_page(address), address)


def test_no_view_scrolls_sideways_on_a_phone(open_page: OpenPage) -> None:
    """At 390 px everything fits, hostile titles and wide tables too."""
    page = open_page("sample/", width=390, height=844)
    for address in ("?", f"?title={CALIGARI}", "?title=bad%3Amarkup", "?title=bad%3Ahuge", "?q=haunted", "?view=about", "?view=try", "?view=chat"):
        page.evaluate(
            "address => { const link = document.createElement('a'); link.href = address; document.body.append(link); link.click(); link.remove(); }", address
        )
        wait_for_view(page)
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, address


def test_everything_can_be_reached_and_used_by_keyboard(open_page: OpenPage) -> None:
    """Skip link first; then a title is opened, a mistake flagged and the way back taken without a mouse, the focus always visible."""
    page = open_page("")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    _tab_to(page, "document.activeElement.matches('.card-title a')")
    assert page.evaluate("getComputedStyle(document.activeElement, '::before').outlineStyle") == "solid"
    page.keyboard.press("Enter")
    page.wait_for_url("**/?title=*")
    wait_for_view(page)
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    _tab_to(page, "document.activeElement.matches('.flag summary')")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    _tab_to(page, "document.activeElement.matches('.flag button')")
    page.keyboard.press("Enter")
    expect(page.locator(".said")).to_contain_text("Thank you")
    page.go_back()  # headless Chromium has no key for it
    expect(page.get_by_role("heading", level=1)).to_have_text("Something to watch")


def _tab_to(page: Page, there: str) -> None:
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(there):
            return
    raise AssertionError(f"Tab never reaches it: {there}")
