"""Names of the answers that look at no text, which stand beside every figure."""

BASELINE = "majority"  # every title gets the same genres: all of them, the constant answer with the best macro F1
COMMONEST = "commonest"  # every title gets the few commonest genres: the constant answer with the better micro F1
