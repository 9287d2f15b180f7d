"""Steps of runs that share their work out: what cuts, what works on one shard, what joins."""
