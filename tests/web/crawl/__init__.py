"""A crawl of our own, as scanners do it: every page and form that an owner can reach, with hostile contents."""
