"""What a build says of itself, and the folder that builds live in.

root/CURRENT              the name of the build that servers should open
root/builds/<name>/       manifest.json and the files it lists by hash
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from filelock import FileLock
from pydantic import BaseModel

from kb_index.dense import Kind
from kb_index.models import sha256_of

FORMAT = 1
MEND = "run `firstline kb import` to build it anew"


class IndexUnusable(RuntimeError):
    """No index that may be served: missing, damaged, of another model or format."""


class ShelfManifest(BaseModel, frozen=True):
    """One audience's vectors; `recall_at_10` is against exact search, 1.0 where it is exact."""

    audience: str
    file: str
    vectors: int
    kind: Kind
    recall_at_10: float


class Manifest(BaseModel, frozen=True):
    """One build. `files` maps each file's name to its SHA-256; `built_at` is ISO 8601, UTC."""

    format: int
    model: str
    dimension: int
    articles: int
    passages: int
    vectors: int
    encoded: int
    shelves: tuple[ShelfManifest, ...]
    files: Mapping[str, str]
    built_at: str


def current_build(root: Path) -> str | None:
    """The name of the build to serve, or None; one small read, to notice a new one cheaply."""
    try:
        return (root / "CURRENT").read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None


def open_build(root: Path) -> tuple[Path, Manifest]:
    """The current build's folder and its manifest, every file checked. Raises IndexUnusable."""
    name = current_build(root)
    if name is None:
        raise IndexUnusable(f"there is no knowledge base index in {root}; {MEND}")
    folder = root / "builds" / name
    try:
        manifest = Manifest.model_validate_json((folder / "manifest.json").read_bytes())
    except (OSError, ValueError):
        raise IndexUnusable(f"the index {folder} has no readable manifest; {MEND}") from None
    if manifest.format != FORMAT:
        message = f"the index {folder} has format {manifest.format}, this version reads {FORMAT}"
        raise IndexUnusable(f"{message}; {MEND}")
    _check_files(folder, manifest)
    return folder, manifest


def _check_files(folder: Path, manifest: Manifest) -> None:
    for name, digest in manifest.files.items():
        file = folder / name
        if not file.is_file():
            raise IndexUnusable(f"the index file {file} is missing; {MEND}")
        if sha256_of(file) != digest:
            raise IndexUnusable(f"the index file {file} is damaged; {MEND}")


def file_hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below `folder`, by its path inside."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): sha256_of(file) for file in files}


def publish(root: Path, draft: Path, name: str) -> None:
    """Make the finished `draft` folder the current build, surviving a power cut at any point.

    The build before stays for servers that read it; older ones go.
    """
    before = current_build(root)
    for path in [*draft.rglob("*"), draft]:
        _sync(path)
    draft.rename(root / "builds" / name)
    _sync(root / "builds")
    pointer = root / "CURRENT.new"
    pointer.write_text(name + "\n", encoding="utf-8")
    _sync(pointer)
    pointer.replace(root / "CURRENT")
    _sync(root)
    for folder in (root / "builds").iterdir():
        if folder.name not in (name, before):
            shutil.rmtree(folder, ignore_errors=True)


def adopt(root: Path, source: Path) -> None:
    """Make the current build under `source`, on the same file system, the one under `root`."""
    name = current_build(source)
    if name is None:
        raise IndexUnusable(f"there is no knowledge base index in {source}; {MEND}")
    (root / "builds").mkdir(parents=True, exist_ok=True)
    with FileLock(root / "build.lock"):
        publish(root, source / "builds" / name, name)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
