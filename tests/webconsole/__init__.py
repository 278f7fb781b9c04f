"""The web console: routes, rights, pages, live events."""
