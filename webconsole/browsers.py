"""What a browser calls itself, in the two words that people know. Pure."""

from __future__ import annotations

# the first that is found counts: most browsers also name those that they are like
_BROWSERS = (("MicroMessenger", "WeChat"), ("QQBrowser", "QQ Browser"), ("Edg", "Edge"),
             ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chromium/", "Chromium"),
             ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (("HarmonyOS", "HarmonyOS"), ("Android", "Android"), ("iPhone", "iPhone"),
            ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS X", "macOS"), ("Linux", "Linux"))


def browser_name(told: str) -> str:
    """Such as "Firefox, Windows"; "" when nothing in it is known."""
    return ", ".join(name for known in (_BROWSERS, _SYSTEMS)
                     for name in [next((name for sign, name in known if sign in told), "")] if name)
