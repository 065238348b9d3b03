"""The only module that knows where things are."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def data_root() -> Path:
    """Folder of the curated data: the checkout's, or the copy inside an installed wheel."""
    checkout = PACKAGE.parent / "data"
    if (checkout / "vocab").is_dir() and (PACKAGE.parent / "pyproject.toml").is_file():
        return checkout
    return PACKAGE / "_data"


def project_root(start: Path | None = None) -> Path:
    """Nearest folder, from `start` upwards, that holds both ``notebooks`` and ``params``.

    Without one the start folder itself is returned, so that an error can name it.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / "notebooks").is_dir() and (folder / "params").is_dir():
            return folder
    return here


def shown(path: Path, root: Path | None = None) -> str:
    """Path as a reader sees it: relative to the project where it lies inside, else as it was given."""
    base = root or project_root()
    try:
        return path.resolve().relative_to(base).as_posix()
    except ValueError:
        return path.as_posix()


def fonts() -> Path:
    """Folder of the shipped fonts."""
    return PACKAGE / "present" / "fonts"
