"""The one service layer: a release, its catalogue and insights behind typed questions and answers. REST, MCP, chat and page are doors to it."""
