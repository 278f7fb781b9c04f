"""The web console: pages, live events, API."""
