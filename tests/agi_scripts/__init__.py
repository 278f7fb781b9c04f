"""The scripts of a call, spoken with over a real socket and kept in a real database."""
