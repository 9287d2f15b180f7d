"""A replay server for tests and benchmarks: recorded answers, hand-written ones, synthetic sites, and everything that can go wrong."""
