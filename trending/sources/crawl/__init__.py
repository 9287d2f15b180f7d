"""Live sources: polite, resumable crawls with Scrapy that end in snapshots which never change afterwards."""
