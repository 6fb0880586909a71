"""What the name of a column says of its role: a result, a counter, a note, or nothing."""

from __future__ import annotations

import re

# Words that make a column a result wherever they stand in its name.
_RESULTS = {
    *("yield", "yields", "conversion", "conv", "ausbeute", "umsatz", "ee", "ton", "tof"),
    *("turnover", "predicted", "prediction", "pred", "retention", "selectivity"),
    *("enantioselectivity", "regioselectivity", "diastereoselectivity", "inhibition", "pchembl"),
    *("potency", "viability", "outcome", "outcomes", "result", "results", "crystalscore"),
    *("plqy", "pce", "voc", "jsc", "absorbance", "emission", "titer", "titre", "faradaic"),
    *("byproduct", "byproducts", "impurity", "impurities", "yld", "kcat", "hrms"),
    *("success", "worked", "works", "lcap", "assay", "kobs", "enantiomeric", "diastereomeric"),
    *("bioactivity", "selec", "hill"),
}
# Words that do so where all other words of the name are about measuring.
_WEAK = {
    *("area", "purity", "product", "score", "peak", "activity", "efficiency", "sel", "response"),
    *("intensity", "signal", "fluorescence", "recovery", "de", "er", "dr", "rr", "ff", "prod"),
    *("capacity", "height", "crystals", "quality", "sm", "remaining", "integral", "p", "label"),
    *("hit", "class", "rating", "uv", "isolated", "recovered", "measured", "observed"),
}
_MEASURING = {
    *("%", "pct", "percent", "hplc", "uplc", "lc", "lcms", "gc", "gcms", "nmr", "uv", "ms", "rel"),
    *("at", "nm", "final", "crude", "total", "norm", "normalized", "normalised", "lcap", "ap", "a"),
    *("abs", "mass", "mg", "g", "mmol", "amount", "conc", "concentration", "mean", "average"),
    *("avg", "max", "raw", "corrected", "ratio", "value", "relative", "of", "mv", "au", "by", "mm"),
    *("uplcms", "m", "std", "tic", "dad", "after", "fraction", "is", "crystal", "found", "size"),
}
_CODES = re.compile(
    r"(?<![a-z])p?(?:ic|ec|ac|gi|lc|ld|cc|mic|dc)_?[ -]?[59]0|(?<![a-z])p?k[id](?![a-z])|pchembl"
    r"|crystal size|(?<![a-z])(?:rt|t_?r)[\W_]*min(?![a-z])"  # RT (min) is a retention time
)

_COUNTERS = {
    *("entry", "entries", "run", "exp", "expt", "experiment", "index", "idx", "row"),
    *("no", "nr", "number", "num", "#", "count", "counter", "trial", "replicate", "rep", "batch"),
    *("plate", "round", "cycle", "iteration", "lfd", "sl", "rxn", "reaction", "sample", "nummer"),
    *("unnamed", "test", "versuch", "line", "step", "rank"),
}
# Alone these may be conditions, such as a number of cycles or a step.
_NOT_ALONE = {
    *("number", "num", "count", "cycle", "step", "sample", "rxn", "reaction", "test", "line"),
}
_IDENTIFIERS = {
    *("id", "ids", "uid", "uuid", "guid", "barcode", "cas", "cid", "inchikey", "well", "code"),
    *("lims", "eln", "identifier", "vial", "lot", "doi", "url", "ref", "reference", "key"),
}
_DATES = {"date", "datum", "timestamp", "datetime", "day", "created", "modified", "performed"}
_NOTES = {
    *("note", "notes", "comment", "comments", "remark", "remarks", "observation", "observations"),
    *("operator", "chemist", "author", "scientist", "initials", "bemerkung", "bemerkungen"),
    *("description", "memo", "notebook", "page", "who"),
}

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-zµμ]+|[0-9]+|[%#]|[^\W\d_]+")


def role_by_name(name: str) -> tuple[str, str] | None:
    """Tell what the name of a column makes of it, and why; None if nothing.

    Parameters
    ----------
    name : str
        As it stands in the table.

    Returns
    -------
    tuple of str, or None
        "result", "counter", "identifier", "date" or "note", and the word that says so.

    Examples
    --------
    >>> from sksiamese.tables._roles_by_name import role_by_name
    >>> role_by_name("Product area [%]"), role_by_name("electrode area (cm2)")
    (('result', 'product'), None)
    """
    words = [part.casefold() for part in _PARTS.findall(name)]
    plain = [word for word in words if not word.isdigit()]
    known = set(plain)
    if match := _CODES.search(name.casefold()):
        return "result", match[0]
    for word in plain:
        if word in _RESULTS and not _is_setting(known):
            return "result", word
    weak = [word for word in plain if word in _WEAK]
    if weak and known <= _WEAK | _MEASURING and not known <= {"p", "uv", "height", "de"}:
        return "result", weak[0]
    if name.strip().casefold() in ("de", "de (%)", "% de", "de_percent", "de %"):
        return "result", "de"
    for role, vocabulary in (("note", _NOTES), ("date", _DATES)):
        if found := next((word for word in plain if word in vocabulary), None):
            return role, found
    rest = known - _IDENTIFIERS
    if found := next((word for word in plain if word in _IDENTIFIERS), None):
        return "identifier", found
    if known and rest <= _COUNTERS and (len(known) > 1 or not known <= _NOT_ALONE):
        return "counter", plain[0]
    return None


def _is_setting(words: set[str]) -> bool:
    """Whether a name is about what was set, although it has a word for a result."""
    return bool(
        words & {"set", "setpoint", "target", "nominal", "solvent", "reagent", "wavelength"}
    )
