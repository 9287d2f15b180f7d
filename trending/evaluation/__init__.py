"""Judgement: metrics with bootstrap intervals, slices, and the model card that reports them."""
