"""The tests; folders mirror the rooms, journeys/ holds the end-to-end ones."""
