"""The parts of the house, each a process of its own: ``aftercall role NAME``."""
