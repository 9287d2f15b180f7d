"""Whether the world still is what a release learnt from: descriptors of what is asked and answered, recordings of them, and tests for drift."""
