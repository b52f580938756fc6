"""Pure parts: safe html, templates rendered within limits."""
