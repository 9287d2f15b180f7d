"""Release bundles: written once, verified by hash, published by an atomic pointer, served by every app."""

from trending.releases.bundle import Release, load_bundle, verify_bundle
from trending.releases.manifest import Manifest
from trending.releases.store import ReleaseStore

__all__ = ["Manifest", "Release", "ReleaseStore", "load_bundle", "verify_bundle"]
