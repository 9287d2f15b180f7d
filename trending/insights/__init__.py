"""What plot and reviews say of a title: summary, score, tags, themes with proved quotes; by a model or, without one, by rules."""
