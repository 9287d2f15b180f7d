"""Meaning as numbers: a sentence encoder that needs onnxruntime alone once a release holds it, and the index of all titles' vectors.

Nothing here is needed to answer: where no weights are at hand a release has neither, and search goes by words.
"""

from trending.embeddings.encoder import TextEncoder
from trending.embeddings.vectors import VectorIndex

__all__ = ["TextEncoder", "VectorIndex"]
