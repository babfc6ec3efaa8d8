"""Keeps a copy of what was trained on, so that a data directory stands on its own."""

import os
import shutil
from pathlib import Path

from bot.project.layout import Layout


def keep(layout: Layout, target: Path, *others: Path) -> None:
    """Put the project's files, and others beside them, in place of what `target` holds: all that
    training and running need, where they lie in the project. Settings, which may hold secrets, are
    for their owner's eyes only."""
    if layout.root.resolve() == target.resolve():
        return
    fresh, old = (target.with_name(f"{target.name}.{what}") for what in ("new", "old"))
    for folder in (fresh, old):
        shutil.rmtree(folder, ignore_errors=True)
    secret = {layout.endpoints, layout.credentials}
    for file in layout.needed:
        _copy(file, fresh / file.relative_to(layout.root), is_secret=file in secret)
    for file in others:
        _copy(file, fresh / file.name)
    if target.exists():
        target.rename(old)
    fresh.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def _copy(file: Path, to: Path, is_secret: bool = False) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    if is_secret:
        os.close(os.open(to, os.O_WRONLY | os.O_CREAT, 0o600))
    shutil.copyfile(file, to)
