"""The house keeps its own rules: floors, sizes, words, and what must not be in the repository."""
