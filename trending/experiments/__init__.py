"""Production tests: two releases, or two prompts of the chat, beside each other in one service, compared by statistics that may be looked at any time."""
