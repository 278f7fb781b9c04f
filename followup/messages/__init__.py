"""Messages to and from patients: written once, sent at most once, and what became of them."""
