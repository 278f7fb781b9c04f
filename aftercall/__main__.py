"""``python -m aftercall``."""

from aftercall.cli import main

main()
