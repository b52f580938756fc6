"""The install itself: its first data, its health, its backups. Each module is one command of `tocsin`."""
