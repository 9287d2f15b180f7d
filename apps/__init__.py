"""Services over a published release: thin doors that never import ZenML."""
