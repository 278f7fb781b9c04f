"""Debian's Chromium for the browser tests, with a font that draws Chinese."""

from __future__ import annotations

import os
import shutil
import subprocess

from aftercall.provision.debtree import install
from aftercall.provision.errors import ProvisionError
from aftercall.provision.paths import Say

# wqy-zenhei: all of GB 18030's common characters in 8 MB (noto-cjk takes 90)
PACKAGES = ("chromium", "fonts-wqy-zenhei")


def find_chromium() -> str | None:
    """Path of an installed Chromium or Chrome, or None."""
    for name in ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome"):
        if found := shutil.which(name):
            return found
    return None


def prepare_chromium(say: Say) -> str | None:
    """Chromium with a Chinese font, installed by root when missing; else None, saying why."""
    found = find_chromium()
    if found and _draws_chinese():
        return found
    if os.geteuid() == 0 and shutil.which("apt-get"):
        try:
            install(PACKAGES, say)
        except ProvisionError as error:
            say(f"browser tests will be skipped: {error.message}")
            return found
        return find_chromium()
    missing = "a Chinese font" if found else "Chromium"
    say(f"browser tests need {missing}: as root, apt-get install {' '.join(PACKAGES)}")
    return found


def _draws_chinese() -> bool:
    if not (fc_list := shutil.which("fc-list")):
        return False
    return bool(subprocess.run([fc_list, ":lang=zh"], capture_output=True, check=False).stdout)
