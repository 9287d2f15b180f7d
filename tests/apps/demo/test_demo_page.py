"""Each view of the page by its main path, in a real browser over a real server."""

from __future__ import annotations

import json
import re

from playwright.sync_api import Page, expect

from tests.apps.demo.conftest import OpenPage, wait_for_view
from tests.apps.demo.samples import MODEL
from trending.settings import load_settings

CALIGARI = "starter:38a184f211f9"


def _card_titles(page: Page) -> list[str]:
    return page.locator("#tn-view .card-title").all_inner_texts()


def test_trending_lists_ranked_titles_with_reasons_and_history(open_page: OpenPage) -> None:
    """A ranked title shows its place, a sentence per part of its score, its weeks as a described line, its source."""
    page = open_page("sample/")
    first = page.locator(".ranking > li").first
    expect(first.locator(".rank")).to_have_text("Number 1")
    expect(first.locator(".why li").first).to_contain_text("Sample figures: watched")
    expect(first.get_by_role("img")).to_have_accessible_name(re.compile(r"Trending score over 8 weeks: (up|down), from \d\.\d\d to \d\.\d\d"))
    expect(first.locator(".source")).to_contain_text("Starter catalogue")
    assert page.title() == "What is trending · Trending Now"


def test_a_filter_changes_list_and_address_and_keeps_the_focus(open_page: OpenPage) -> None:
    """Choosing a genre applies at once, can be linked and reloaded, and leaves the keyboard where it was."""
    page = open_page("sample/")
    before = page.locator(".ranking > li").count()
    page.get_by_label("Genre", exact=True).focus()
    page.get_by_label("Genre", exact=True).select_option("Western")
    page.wait_for_url("**/?genre=Western")
    wait_for_view(page)
    assert 0 < page.locator(".ranking > li").count() < before
    expect(page.get_by_label("Genre", exact=True)).to_be_focused()
    page.reload()
    wait_for_view(page)
    expect(page.get_by_label("Genre", exact=True)).to_have_value("Western")
    page.get_by_role("link", name="Clear filters").click()
    expect(page.locator(".ranking > li")).to_have_count(before)


def test_filters_nothing_passes_say_so(open_page: OpenPage) -> None:
    """An empty list says why, and how to get out of it."""
    page = open_page("sample/?genre=Reality")
    expect(page.locator(".empty")).to_contain_text("Nothing trending passes these filters")
    page.locator(".empty").get_by_role("link", name="clear them all").click()
    expect(page.locator(".ranking > li").first).to_be_visible()


def test_without_figures_the_page_says_so_and_offers_a_pick_and_the_catalogue(open_page: OpenPage) -> None:
    """The starter release has no popularity: the page names the command that brings it, and shows titles all the same."""
    page = open_page("")
    expect(page.get_by_role("heading", level=1)).to_have_text("Something to watch")
    expect(page.locator(".over")).to_contain_text("Pick of the day")
    expect(page.locator(".note")).to_contain_text("python run.py --pipeline ingestion")
    expect(page.locator("#browse")).to_contain_text("200 titles")
    assert len(_card_titles(page)) == 12
    page.get_by_role("link", name="Next page").click()
    page.wait_for_url("**/?view=search&cursor=*")
    wait_for_view(page)
    assert len(_card_titles(page)) == 12


def test_without_a_release_the_page_says_how_to_publish_one(open_page: OpenPage) -> None:
    """Nothing to serve is a friendly page that names no folder of the machine."""
    page = open_page("none/")
    expect(page.get_by_role("alert")).to_contain_text("python run.py --pipeline training")
    assert "/tmp" not in page.locator("#tn-view").inner_text()


def test_search_finds_by_word_and_says_what_to_try_when_nothing_fits(open_page: OpenPage) -> None:
    """The quick search leads to results with a link each; nonsense leads to examples that work."""
    page = open_page("")
    page.get_by_label("Search titles").fill("sleepwalker")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?q=sleepwalker")
    expect(page.locator(".card-title").filter(has_text="The Cabinet of Dr. Caligari")).to_be_visible()
    page.get_by_label("Title, words or an idea").fill("qqqqqqqq")
    page.keyboard.press("Enter")
    expect(page.locator(".empty")).to_be_visible()
    page.locator(".empty a").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("haunted house")


def test_a_wrong_filter_in_the_address_is_explained(open_page: OpenPage) -> None:
    """An address somebody mistyped gives the allowed values, not a blank page."""
    page = open_page("?view=search&genre=Horor")
    expect(page.get_by_role("alert")).to_contain_text("Horror")
    page = open_page("?title=starter:nowhere")
    expect(page.get_by_role("heading", level=1)).to_have_text("Not in this catalogue")


def test_title_page_shows_everything_with_who_made_it(open_page: OpenPage) -> None:
    """Insights name the model that made them; predicted genres stand beside listed ones with probability, threshold and evidence."""
    page = open_page(f"sample/?title={CALIGARI}")
    view = page.locator("#tn-view")
    expect(view.get_by_role("heading", level=1)).to_have_text("The Cabinet of Dr. Caligari")
    expect(view.locator(".screen .made")).to_have_text(f"Summary made by {MODEL}, from the plot and 3 reviews.")
    expect(view.locator(".score.big")).to_have_attribute("aria-label", "Score 84 of 100")
    expect(view.locator("#score ~ .why li").first).to_have_text("Three reviews, two of them warm.")
    horror = view.locator(".bars li").filter(has_text="Horror")
    expect(horror).to_contain_text("listed")
    expect(horror.locator(".bar-value")).to_contain_text("threshold")
    expect(horror.locator(".bar-why q").first).to_be_visible()
    expect(view.locator(".plot mark").first).to_be_visible()
    expect(view.get_by_text("dreamlike")).to_be_visible()
    expect(view.locator("#similar ~ .cards a[href^='?title=']").first).to_be_attached()


def test_without_a_model_rules_are_named_as_the_maker(open_page: OpenPage) -> None:
    """What rules wrote is labelled as such."""
    page = open_page(f"?title={CALIGARI}")
    expect(page.locator(".screen .made")).to_contain_text("made by rules (offline-")


def test_a_spoiler_is_hidden_until_asked_for(open_page: OpenPage) -> None:
    """Neither text nor headline of a review that spoils can be seen before a click."""
    page = open_page(f"sample/?title={CALIGARI}")
    expect(page.get_by_text("The twist: the narrator")).to_be_hidden()
    expect(page.get_by_text("He was the doctor")).to_be_hidden()
    page.get_by_text("Contains a spoiler: show it").click()
    expect(page.get_by_text("The twist: the narrator")).to_be_visible()


def test_links_back_and_reload_lead_where_a_reader_expects(open_page: OpenPage) -> None:
    """Going to a title and back returns to the filtered list; a title's address survives a reload."""
    page = open_page("sample/?genre=Horror")
    names = _card_titles(page)
    page.locator(".card-title a").first.click()
    page.wait_for_url("**/?title=*")
    expect(page.get_by_role("heading", level=1)).to_have_text(names[0])
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    page.reload()
    wait_for_view(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(names[0])
    page.go_back()
    page.wait_for_url("**/?genre=Horror")
    expect(page.locator(".ranking .card-title").first).to_have_text(names[0])
    assert _card_titles(page) == names


def test_a_flagged_mistake_is_kept(open_page: OpenPage) -> None:
    """What a reader flags is in the feedback store with title and release, and personal data masked."""
    page = open_page(f"sample/?title={CALIGARI}")
    page.get_by_text("Flag a mistake").click()
    page.get_by_role("radio", name="Genres").check()
    page.get_by_role("checkbox", name="Fantasy").check()
    page.get_by_label("Comment").fill("Write to me: jane@example.org")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".said")).to_contain_text("Thank you")
    [path] = (load_settings().home / "feedback").glob("*/*/*.json")
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert (kept["title_id"], kept["about"], kept["genres"]) == (CALIGARI, "genres", ["Fantasy"])
    assert "jane@" not in kept["comment"]
    assert kept["release"].startswith("20300101")


def test_a_pasted_plot_gets_genres_evidence_and_words_for_the_doubt(open_page: OpenPage) -> None:
    """Try it answers with bars, thresholds, marked words and a sentence of how sure it is; a blank plot is refused kindly."""
    page = open_page("?view=try")
    page.get_by_role("button", name="Guess the genres").click()
    expect(page.get_by_role("alert")).to_contain_text("blank")
    page.get_by_role("button", name="A lighthouse").click()
    expect(page.locator("#tn-result .bars li").first).to_be_visible()
    expect(page.get_by_label("Plot")).to_have_value(re.compile("^The keeper of a remote lighthouse"))
    expect(page.locator("#tn-result .plot mark").first).to_be_visible()
    expect(page.locator("#tn-result .verdict")).not_to_be_empty()
    expect(page.locator("#tn-result .made").first).to_contain_text("Made by the model of release")
    page.get_by_label("Plot").fill("A vampire haunts the castle. <img src=x onerror='window.pwned=1'> {{value}}")
    page.get_by_role("button", name="Guess the genres").click()
    expect(page.locator("#tn-result .plot")).to_contain_text("<img src=x onerror='window.pwned=1'> {{value}}")


def test_chat_shows_tools_cites_titles_and_remembers(open_page: OpenPage) -> None:
    """An answer shows what was looked up and who wrote it, links its titles, and a second question can refer to the first."""
    page = open_page("?view=chat")
    page.get_by_label("Question").fill("Something like Nosferatu")
    page.get_by_role("button", name="Ask").click()
    expect(page.locator(".exchange .made")).to_have_text("Answered by rules over the catalogue, without a language model.")
    page.locator(".calls summary").click()
    expect(page.locator(".calls code").first).to_contain_text("(")
    page.get_by_label("Question").fill("Tell me about the first one")
    page.keyboard.press("Enter")
    expect(page.locator(".exchange")).to_have_count(2)
    expect(page.locator(".exchange .made")).to_have_count(2)
    expect(page.get_by_label("Question")).to_have_value("")
    page.locator(".exchange .reply a").first.click()
    page.wait_for_url("**/?title=*")
    expect(page.locator("article.title-page")).to_be_visible()
    page.get_by_role("link", name="Chat").click()
    page.get_by_role("button", name="Start over").click()
    expect(page.locator(".exchange")).to_have_count(0)


def test_about_tells_figures_origin_limits_and_both_cards(open_page: OpenPage) -> None:
    """The release's version, its figures and the cards with their tables are one click away."""
    page = open_page("?view=about")
    expect(page.locator(".lineage")).to_contain_text("20300101T000000Z")
    expect(page.locator(".figures")).to_contain_text("macro F1")
    page.get_by_role("heading", name="Model card", level=2).click()
    expect(page.locator(".document table").first).to_be_visible()
    page.get_by_role("heading", name="Data card, licences and attribution").click()
    expect(page.locator(".document").last).to_contain_text("rights")
