"""How good a writer of insights is, model or rules: judged on a labelled set, once per writer, before anything it writes goes into a release."""
