"""The catalogue of a release: `catalogue.sqlite` and what is asked of it. Where releases lie is `trending.releases`' business.

What writes one is in `content` and `write`: a server imports neither them nor pandas.
"""

from trending.catalogue.catalogue import Catalogue
from trending.catalogue.facets import Filters
from trending.catalogue.pages import CatalogueTitle, Description, PredictedGenre, ReviewsPage, SearchPage, TrendingPage

__all__ = [
    "Catalogue",
    "CatalogueTitle",
    "Description",
    "Filters",
    "PredictedGenre",
    "ReviewsPage",
    "SearchPage",
    "TrendingPage",
]
