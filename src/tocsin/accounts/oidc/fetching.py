"""Requests to a provider: short, small, and never led elsewhere.

1. `SECONDS` in all and `MOST_BYTES` of answer; no redirect is followed; no cookies, no proxy settings of the machine.
2. https, or plain http on the loopback where the setting allows that (for a provider on one's own desk).
3. What goes wrong is a `Fault` that says which address did what; it never shows what was sent.
"""

import json
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2

from tocsin.accounts.oidc.model import Fault

SECONDS: Final = 10.0
MOST_BYTES: Final = 512 * 1024
