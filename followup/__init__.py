"""The hospital's domain and its database: everything Aftercall knows, and nothing about wires."""
