"""One folder of static files: front page, paper, explorer, documentation and data.

It opens from disk and from any host, and asks nothing of anywhere else.
"""
