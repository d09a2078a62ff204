"""Which extra of the package brings what is missing, so that an absent package ends in a sentence."""

from __future__ import annotations

#: Module imported here, the distribution that holds it, and the smallest extra that names it.
EXTRAS: dict[str, tuple[str, str]] = {
    "rapidfuzz": ("rapidfuzz", "studies"),
    "geopandas": ("geopandas", "studies"),
    "shapely": ("geopandas", "studies"),
    "tqdm": ("tqdm", "studies"),
    "pyreadr": ("pyreadr", "data"),
    "python_calamine": ("python-calamine", "data"),
    "matplotlib": ("matplotlib", "plot"),
    "cycler": ("matplotlib", "plot"),
    "nbclient": ("nbclient", "report"),
    "nbformat": ("nbformat", "report"),
    "IPython": ("ipykernel", "report"),
    "traitlets": ("ipykernel", "report"),
    "ipykernel": ("ipykernel", "report"),
    "pypandoc": ("pypandoc-binary", "report"),
    "font_source_sans_pro": ("font-source-sans-pro", "report"),
    "font_source_serif_pro": ("font-source-serif-pro", "report"),
    "fontTools": ("fonttools", "report"),
    "typst": ("typst", "report"),
    "numba": ("numba", "fast"),
    "within": ("within-py", "fast"),
    "xlsxwriter": ("XlsxWriter", "export"),
    "duckdb": ("duckdb", "export"),
    "openpyxl": ("openpyxl", "export"),
    "dask": ("dask", "cluster"),
    "distributed": ("distributed", "cluster"),
    "sphinx": ("sphinx", "site"),
}


def sentence(error: ImportError) -> str:
    """Return what is missing and how to get it; empty when it is none of the packages of an extra.

    Examples
    --------
    >>> sentence(ModuleNotFoundError("No module named 'typst'", name="typst"))
    "Package typst is missing. Remedy: pip install 'sanctuary-crime[report]'."
    """
    top = (error.name or "").partition(".")[0]
    if top not in EXTRAS:
        return ""
    package, extra = EXTRAS[top]
    return f"Package {package} is missing. Remedy: pip install 'sanctuary-crime[{extra}]'."
