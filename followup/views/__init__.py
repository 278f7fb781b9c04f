"""What the console shows: read-only queries, each answering one page or part of a page."""
