"""Speech models: which there are, fetching, checking and removing them, which are fit for use."""
