"""Messages to and from patients."""
