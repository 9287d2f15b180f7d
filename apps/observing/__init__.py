"""What a running service says of itself: a log line a request, metrics for Prometheus and CloudWatch, and traces where they are wanted.

Nothing here, and so no log, metric or span, holds what users wrote, where they are, or the keys they send.
"""
