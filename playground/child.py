"""Starting a process of ours: a module of this package, in whatever folder the page was started."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parent.parent


def start(module: str, environment: Mapping[str, str], **options: Any) -> subprocess.Popen[Any]:  # noqa: ANN401 (Popen's)
    """Run a module with pipes to its standard input and output.

    Ctrl-C is for the page alone, which then closes the input; whoever runs such a module ends with that.
    """
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return subprocess.Popen(  # noqa: S603 (a module of ours)
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | environment | {"PYTHONPATH": path},
        start_new_session=True,
        **options,
    )
