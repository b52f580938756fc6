"""The pages, one file a subject: each a table of paths and the functions behind them."""
