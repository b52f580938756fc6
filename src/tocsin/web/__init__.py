"""The pages that people open: server-rendered, live, usable without script (issue A, item 8)."""
