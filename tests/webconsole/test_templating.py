"""Templates are compiled once, and again where they have changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from webconsole import templating


def rendered() -> str:
    environment = templating.make_environment.__wrapped__()
    return environment.get_template("page.html").render()


@pytest.mark.parametrize("kept", [True, False])
def test_a_changed_template_is_seen_at_the_next_start_wherever_compiled_ones_may_be_kept(
        monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kept: bool) -> None:
    folder, compiled = tmp_path / "templates", tmp_path / "compiled"
    folder.mkdir()
    if kept:
        compiled.mkdir()
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    monkeypatch.setattr(templating, "_FOLDER", folder)
    monkeypatch.setattr(templating, "_COMPILED", compiled)
    for words in ("first", "first", "second"):
        (folder / "page.html").write_text(words)
        assert rendered() == words
    assert compiled.exists() is kept
    assert any(tmp_path.glob("compiled/*.jinja")) is kept
