"""The recorder: records calls from the packets of their sound, beside Asterisk.

Asterisk's own MixMonitor wakes a thread of its own for every packet, which is two fifths of what
a call costs it. Here the kernel collects the packets of all calls, and ten times a second they are
put where they belong. :mod:`packets` takes them from the kernel, :mod:`rtp` reads them, :mod:`reel`
(pure) holds the sound of some moments, :mod:`takes` writes it, :mod:`server` takes orders, and
:mod:`client` gives them.
"""
