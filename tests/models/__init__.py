"""`aftercall models`."""
