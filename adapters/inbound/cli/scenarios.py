"""Where scenario files are found."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from engine import BadScenario, GongdanError, Text


class NoScenarios(GongdanError):
    """The scenario files are part of the repository, not of the installed package."""

    words = Text(
        zh="这份安装不含场景文件：请在代码仓库中运行，或给出场景文件的路径。",
        en="This installation has no scenario files: run it in the repository, or give the path of a scenario file.",
    )


def scenarios_folder() -> Path:
    """The folder of the repository that holds the worked cases."""
    return Path(__file__).resolve().parents[3] / "scenarios"


def find(name: str, folder: Path) -> Path:
    """A scenario by its path, or by its name in the folder. Raises BadScenario, NoScenarios."""
    path = Path(name)
    if path.is_file():
        return path
    if not folder.is_dir():
        raise NoScenarios
    known = sorted(file.stem for file in folder.glob("*.toml"))
    if name not in known:
        raise BadScenario(file=name, where="SCENARIO", expected=["FILE.toml", *get_close_matches(name, known, 3, 0.3)])
    return folder / f"{name}.toml"
