"""The data behind the explorer: panels and the studies' tables as scripts a page can read from disk.

A page opened from disk may not fetch files, but it may load scripts. Each file here is therefore one call,
``SC.put("name", {...})``; long columns are written as text (see `compact`), and what differs by place is
split by state. Nothing is computed: counts come from the panels, marks and reasons from the studies.
"""

from .write import write_data, write_downloads

__all__ = ["write_data", "write_downloads"]
