"""The REST API over the current release."""

from apps.api.app import create_app

__all__ = ["create_app"]
