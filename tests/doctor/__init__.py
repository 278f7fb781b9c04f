"""`aftercall doctor`."""
