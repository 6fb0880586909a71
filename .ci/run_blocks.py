"""Run the Python blocks of Markdown files as a reader would: in order, in one session.

Usage: python run_blocks.py [--pictures] README.md [...]

The blocks of a file share one namespace and an empty working directory. Blocks with ``>>>`` prompts
have their output compared. A block opened with "```python no-run" is only compiled. With
--pictures, the pictures that a page shows and its blocks save are kept in images, beside the page.
"""

import doctest
import os
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

BLOCK = re.compile(r"^```python(?P<info>[^\n]*)\n(?P<code>.*?)^```", re.MULTILINE | re.DOTALL)


def run_block(code, path, line, namespace):
    """Execute one block; tracebacks show the Markdown file's lines."""
    if code.lstrip().startswith(">>>"):
        test = doctest.DocTestParser().get_doctest(code, namespace, path, path, line - 1)
        flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        result = doctest.DocTestRunner(optionflags=flags).run(test, clear_globs=False)
        if result.failed:
            sys.exit(1)
        namespace.update(test.globs)
    else:
        exec(compile("\n" * (line - 1) + code, path, "exec"), namespace)


def run_file(path):
    """Run all blocks of a file and say how long each took."""
    text = path.read_text(encoding="utf-8")
    blocks = list(BLOCK.finditer(text))
    if not blocks:
        sys.exit(f"{path}: found no block that opens with ```python")
    namespace = {"__name__": "__main__"}
    for block in blocks:
        line = text.count("\n", 0, block.start("code")) + 1
        if block["info"].strip() == "no-run":
            compile(block["code"], str(path), "exec")
            print(f"{path.name}:{line}: compiled", flush=True)
            continue
        start = time.perf_counter()
        run_block(block["code"], str(path), line, namespace)
        print(f"{path.name}:{line}: ran in {time.perf_counter() - start:.1f} s", flush=True)


def keep_pictures(path, folder):
    """Copy what the page shows of the pictures in a folder."""
    text = path.read_text(encoding="utf-8")
    for picture in Path(folder).glob("*.png"):
        if f"(images/{picture.name})" in text:
            shutil.copy(picture, path.parent / "images")
            print(f"{path.name}: drew {picture.name}")


def main(names):
    os.environ.setdefault("MPLBACKEND", "Agg")
    for path in [Path(name).resolve() for name in names if name != "--pictures"]:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            run_file(path)
            if "--pictures" in names:
                keep_pictures(path, folder)
            os.chdir(path.parent)


if __name__ == "__main__":
    main(sys.argv[1:])
