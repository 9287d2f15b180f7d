"""The feature store: what is known of each title, and since when, kept by Feast for training (point-in-time joins) and for look-ups by title.

Nothing here is needed to serve a release. Feast takes seconds to import, so only functions that talk to it do.
"""
