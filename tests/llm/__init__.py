"""A scripted server for tests of what calls a model, and a corpus of injections."""
