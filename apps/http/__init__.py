"""What every service over HTTP shares: problem details, limits on bodies and rates, keys and host names, as plain ASGI middleware."""
