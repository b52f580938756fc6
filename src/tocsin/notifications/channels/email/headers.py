"""Header lines of a letter.

1. The subject and people's names are encoded whole when they are not short plain ASCII: the standard folding of mixed
   text loses and doubles blanks, and decodes what merely looks like an encoded word.
2. An address has an ASCII domain; a local part beyond ASCII needs SMTPUTF8 and is left as it is.
"""

from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address
from email.policy import EmailPolicy
from email.utils import parseaddr
from typing import Any, Final

from tocsin.notifications.channels.email.plain import cut, line

LONGEST_PLAIN: Final = 64
LONGEST_NAME: Final = 100


class BadAddress(ValueError):
    """Text that is no e-mail address; no retry can help."""


class LetterPolicy(EmailPolicy):
    """SMTP line ends, and rule 1 for the subject and for people's names."""

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        if name.lower() == "subject":
            return name, " ".join(str(value).splitlines())
        return super().header_store_parse(name, value)

    def fold(self, name: str, value: Any) -> str:
        if name.lower() == "subject":
            return f"{name}: {_encoded(value, name)}\r\n"
        if name.lower() == "list-unsubscribe":  # an address without blanks: the standard folding would encode it
            return f"{name}: {value}\r\n"
        people = getattr(value, "addresses", None)
        if people:
            return f"{name}: {', '.join(_person(person, name) for person in people)}\r\n"
        return str(super().fold(name, value))

    def fold_binary(self, name: str, value: Any) -> bytes:
        return self.fold(name, value).encode()


LETTER: Final = LetterPolicy(linesep="\r\n", max_line_length=78)


def mailbox(text: str, name: str) -> Address:
    """`a@b`, or `Name <a@b>` whose name comes first, as an address shown with `name`; else `BadAddress`."""
    own_name, spec = parseaddr(text) if "<" in text else ("", text.strip())
    user, at, domain = spec.rpartition("@")
    if not (user and at and domain) or line(spec) != spec:
        raise BadAddress(f"{cut(line(text), 100)!r} is not an e-mail address")
    try:
        ascii_domain = domain.encode("idna").decode("ascii")
        Address(addr_spec=f"{user if user.isascii() else 'x'}@{ascii_domain}")
        return Address(cut(line(own_name or name), LONGEST_NAME), username=_bare(user), domain=ascii_domain)
    except (ValueError, IndexError, MessageError) as broken:
        raise BadAddress(f"{cut(line(text), 100)!r} is not an e-mail address") from broken


def _bare(user: str) -> str:
    return Address(addr_spec=f"{user}@x").username if user.isascii() else user


def _person(person: Address, header: str) -> str:
    if not person.display_name:
        return person.addr_spec
    return f"{_phrase(person.display_name, header)}\r\n <{person.addr_spec}>"


def _phrase(name: str, header: str) -> str:
    text = _encoded(name, header)
    if text != name:
        return text
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _encoded(text: str, header: str) -> str:
    if text.isascii() and len(text) <= LONGEST_PLAIN and "=?" not in text:
        return text
    return Header(text, "utf-8", header_name=header).encode(linesep="\r\n")
