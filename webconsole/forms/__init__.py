"""Forms with many fields: typed text to checked values and back. Pure."""
