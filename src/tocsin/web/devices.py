"""A browser's own words (its User-Agent) as a person would say them; nothing is decided by them."""

_BROWSERS = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrome", "Chrome"), ("Chromium", "Chromium"), ("Safari", "Safari"),
    ("curl", "curl"), ("python", "a program"),
)  # fmt: skip
_SYSTEMS = (
    ("iPhone", "an iPhone"), ("iPad", "an iPad"), ("Android", "Android"), ("Windows", "Windows"),
    ("Mac OS X", "a Mac"), ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip


def said(user_agent: str | None) -> str:
    """`Firefox on Linux`, `Safari on an iPhone`, `An unknown browser`."""
    given = user_agent or ""
    browser = next((name for mark, name in _BROWSERS if mark in given), "")
    system = next((name for mark, name in _SYSTEMS if mark in given), "")
    if not browser and not system:
        return "An unknown browser"
    return f"{browser or 'A browser'} on {system}" if system else browser[:1].upper() + browser[1:]
