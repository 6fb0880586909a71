"""The site: pages of this folder, the examples as a gallery, and every public name."""

import importlib
import os
import re
import sys
from pathlib import Path

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent))

import sksiamese  # noqa: E402

project = "sksiamese"
copyright = "the sksiamese developers"
version = release = sksiamese.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "auto_examples/*.ipynb", "auto_examples/*.py"]
nitpicky = False

# Pages
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4
suppress_warnings = ["config.cache"]  # the gallery's settings hold functions

# Names
autosummary_generate = True
autodoc_typehints = "none"  # the docstrings say it
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
PUBLIC = ["sksiamese"] + [
    f"sksiamese.{name}"
    for name in ("doctor", "datasets", "space", "plotting", "persistence", "model_selection", "nn")
]
PUBLIC += ["sksiamese.tuning", "sksiamese.descriptors", "sksiamese.exceptions"]

# Examples
sphinx_gallery_conf = {
    "examples_dirs": str(DOCS.parent / "examples"),
    "gallery_dirs": "auto_examples",
    "within_subsection_order": "FileNameSortKey",
    "capture_repr": ("_repr_html_",),  # what is printed, and no path or length that was returned
    "download_all_examples": False,
    "show_memory": False,
}

# Looks
html_title = project
html_theme = "pydata_sphinx_theme"
html_theme_options = {
    "show_prev_next": False,
    "show_toc_level": 2,  # the methods of a class
    "navigation_with_keys": False,
    "header_links_before_dropdown": 2,  # more would not fit into a line beside the search
}
html_context = {"default_mode": "auto"}  # else the theme logs an error
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_favicon = "_static/icon.svg"
html_show_sourcelink = False
html_sidebars = {"*": []}  # pages without pages below them leave the room to their tables


# Pages that stand elsewhere in the repository, and where links to them lead.
ELSEWHERE = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "CHANGELOG.md": "changelog.md",
    "benchmarks/README.md": "benchmarks.md",
    "examples": "auto_examples/index.rst",
}
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)(#[^)]*)?\)")


def led_within_site(text, folder):
    """Lead the links of a page that lies in a folder of the repository to pages of the site."""

    def lead(link):
        path = os.path.normpath(os.path.join(folder, link[1]))
        target = ELSEWHERE.get(path, os.path.relpath(path, "docs"))
        return f"]({target}{link[2] or ''})"

    return LINK.sub(lead, text)


def names_page():
    """List all public names, a table for each module, out of their ``__all__``."""
    lines = ["# Public names", "", "A name stands where it is shortest to import.", ""]
    seen = set()
    for module in PUBLIC:
        names = [n for n in importlib.import_module(module).__all__ if n not in seen]
        seen.update(names)
        if names:
            lines += [f"## {module}", "", "```{eval-rst}", f".. currentmodule:: {module}", ""]
            lines += [".. autosummary::", "   :nosignatures:", "   :toctree: generated", ""]
            lines += [f"   {name}" for name in sorted(names)] + ["```", ""]
    return "\n".join(lines)


def write_pages(app, config):  # noqa: ARG001
    """Write the pages whose text stands elsewhere; the front page is the README."""
    pages = {"api.md": names_page()}
    for source, target in ELSEWHERE.items():
        if source.endswith(".md"):
            text = (DOCS.parent / source).read_text(encoding="utf-8")
            pages[target] = led_within_site(text, os.path.dirname(source))
    pages["index.md"] += "\n" + (DOCS / "contents.txt").read_text(encoding="utf-8")
    for name, text in pages.items():
        target = DOCS / name
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            target.write_text(text, encoding="utf-8")


def read_page(app, docname, source):  # noqa: ARG001
    """Lead links that leave this folder to the pages that were written."""
    source[0] = led_within_site(source[0], "docs")


def leave_to_scikit_learn(app, what, name, obj, options, lines):  # noqa: ARG001
    """Unlink what an inherited docstring links within scikit-learn's own guide."""
    lines[:] = [re.sub(r":ref:`([^<`]+) <[\w.]+>`", r"\1", line) for line in lines]


def leave_out_routing(app, what, name, obj, skip, options):  # noqa: ARG001
    """Leave out what scikit-learn adds to its classes, with links within its own guide."""
    added = re.fullmatch(r"get_metadata_routing|set_output|set_\w+_request", name)
    return True if added else None


def setup(app):
    """Tie the functions above to the steps of a build."""
    app.connect("autodoc-process-docstring", leave_to_scikit_learn)
    app.connect("autodoc-skip-member", leave_out_routing)
    app.connect("config-inited", write_pages)
    app.connect("source-read", read_page)
