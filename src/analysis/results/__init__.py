"""Results computed once and kept: by the code, the panels, the specification and the versions they rest on.

`stored` makes a function keep its results on disk. A result is found again only when the function, every
module of ours it can reach, the panels it read, its arguments and the versions of the packages it uses are
what they were; otherwise it is computed anew. Files hold JSON and numpy arrays, never pickles, and are
verified by their hash at every read.
"""

from .store import find, recall, remembered, stored

__all__ = ["find", "recall", "remembered", "stored"]
