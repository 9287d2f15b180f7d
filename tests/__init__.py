"""Tests by what they test; a package, because an installed library brings a package of this name too."""
