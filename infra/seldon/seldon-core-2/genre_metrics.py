"""Metrics of the runtime beside MLServer's own, in the registry that its metrics port shows when models run in the server's process.

They are a module of their own, since MLServer imports a runtime's module again whenever its model is loaded again.
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge

TEXTS = Counter("trending_texts_scored_total", "Texts whose genres were predicted.")
REFUSED = Counter("trending_requests_refused_total", "Requests that could not be answered as they were asked.")
RELEASE = Gauge("trending_release_info", "1 for the release being served.", ["model", "release"])
