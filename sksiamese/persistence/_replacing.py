"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

_BINARY = getattr(os, "O_BINARY", 0)  # Windows would change line ends


def replace_file(path: Path, content: bytes | memoryview) -> None:
    """Put the content into a file of its own, and then in the place of the old file at once.

    An existing file keeps its permissions.

    Raises
    ------
    OSError
        If no file can be made in the folder.
    """
    name = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:  # opened as any new file is, so that its mode is what the user's umask says
        handle = os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY | _BINARY, 0o666)
    except OSError as error:
        raise type(error)(
            f"{str(path)!r} cannot be written: no file can be made in the folder "
            f"{str(path.parent)!r} ({error.strerror}). Choose another folder, or see to its "
            "permissions."
        ) from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            os.chmod(name, stat.S_IMODE(path.stat().st_mode))
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
