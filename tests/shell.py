"""A shell for the commands of a page: each line is run by a real bash, in one folder, with `gongdan` at hand.

A line that fails fails the page, unless it says what is expected (`… || test $? = 3`). A line that ends in `&` is a
service: the page goes on once it has said its first line; at the end it is told to stop, and must. The port that
pages name is any free one here.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 60
PORT = "8711"


def _free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])


class Shell:
    """One page's shell."""

    def __init__(self, folder: Path) -> None:
        programs, self._folder = folder / "bin", folder / "here"
        programs.mkdir()
        self._folder.mkdir()
        program = programs / "gongdan"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m adapters.inbound.cli "$@"\n')
        program.chmod(0o755)
        path = os.pathsep.join([str(programs), os.environ["PATH"]])
        self._environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "100"}
        self._services = ExitStack()
        self._port = _free_port()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._services.close()

    def run(self, commands: str) -> str:
        """Run lines, one after the other; what they print."""
        lines = commands.replace("\\\n", "").replace(PORT, self._port).splitlines()
        return "".join(self._one(line.strip()) for line in lines if line.strip())

    def _one(self, line: str) -> str:
        if line.endswith("&"):
            return self._serve(line.removesuffix("&"))
        with self._started(line) as process:
            out, err = process.communicate(timeout=SECONDS)
        assert process.returncode == 0, (line, out, err)
        assert "Traceback" not in err, (line, err)
        return str(out)

    def _serve(self, line: str) -> str:
        process = self._services.enter_context(self._started(f"exec {line}"))
        self._services.callback(process.send_signal, signal.SIGTERM)
        return str(process.stdout.readline()) if process.stdout else ""

    def _started(self, line: str) -> subprocess.Popen[Any]:
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        command = ["bash", "-euo", "pipefail", "-c", line]
        return subprocess.Popen(command, cwd=self._folder, env=self._environment, encoding="utf-8", **pipes)
