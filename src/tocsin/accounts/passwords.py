"""Passwords: argon2id, never stored or logged in clear; the rules for new ones.

1. At least 12 characters; not the person's e-mail or name; not one of the commonest. No rules of composition: they make
   passwords that are hard for people and easy for programs.
2. Of the commonest ones only those of 12 characters and more stand in our list; repeated pieces (`abcabcabcabc`) and
   runs along the alphabet, the digits or the keyboard count as common, too.
"""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

LEAST, MOST = 12, 500
_RUNS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890123456789",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik",
)
_LISTED = """
password1234 password12345 password123! password1234! passwordpassword passw0rd1234 p@ssw0rd1234 mypassword123
123456789abc 1234567890ab 1234567890qwerty qwerty123456 qwerty1234567 qwertyuiop123 qwertyuiop[] 1q2w3e4r5t6y
1q2w3e4r5t6y7u 1qaz2wsx3edc iloveyou1234 iloveyou12345 iloveyou2023 iloveyouforever letmein12345 letmeinplease
welcome12345 welcome123456 welcome2024! admin1234567 administrator administrator1 administrator123 adminadmin123
changeme1234 changeme12345 changemeplease correcthorsebatterystaple trustno1trustno1 abc123456789 abcd12345678
abcdef123456 a1b2c3d4e5f6 asdfghjkl123 zxcvbnm12345 football1234 baseball1234 superman1234 dragon123456
monkey123456 sunshine1234 princess1234 starwars1234 whatever1234 internet1234 computer1234 secret123456
topsecret123 default12345 testtest1234 test12345678 guest1234567 summer2023!! summer2024!! winter2023!!
winter2024!! spring2024!! autumn2024!! january2024! manchester12 liverpool123 barcelona123 christmas123
michael12345 jennifer1234 charlie12345 samsung12345 google123456 facebook1234 linkedin1234 microsoft123
tocsin123456 tocsintocsin pagerduty123 incident1234 oncall123456 letmein123456 unbelievable123 thisismypassword
qazwsxedcrfv qazwsxedc123 zaq12wsxcde3 !qaz2wsx3edc qwer1234asdf asdf1234qwer 987654321abc 147258369147
"""
_COMMON = frozenset(_LISTED.split())


class Cost:
    """What a hash costs. `nobody` is checked where no hash is, so that the time of an answer tells not who exists."""

    def __init__(self, hasher: PasswordHasher):
        self.set(hasher)

    def set(self, hasher: PasswordHasher) -> None:
        """Another price from now on: a test suite hashes thousands of passwords, at a fifth of a second each."""
        self.hasher, self.nobody = hasher, hasher.hash("nobody has this password")


COST = Cost(PasswordHasher())


def hashed(password: str) -> str:
    """The hash to store; ValueError when the password is too short."""
    if len(password) < LEAST:
        raise ValueError(f"A password needs at least {LEAST} characters")
    return COST.hasher.hash(password)


def matches(password_hash: str | None, password: str) -> bool:
    """Whether `password` is the one behind the hash; None (no password, or nobody) takes as long and is False."""
    try:
        return COST.hasher.verify(password_hash or COST.nobody, password) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


def unfit(password: str, email: str, name: str) -> str | None:
    """Why this may not be the password of this person; None: it may."""
    plain = password.strip().lower()
    if len(password) < LEAST or len(plain) < LEAST:
        return f"A password needs at least {LEAST} characters; a few words that only you would put together are good"
    if len(password) > MOST:
        return f"A password may have at most {MOST} characters"
    if plain in _personal(email.lower(), name.lower()):
        return "Your e-mail or name is the first thing that somebody would try; choose another password"
    if plain in _COMMON or _repeats(plain) or any(plain in run or plain[::-1] in run for run in _RUNS):
        return "This is one of the passwords that are tried first everywhere; choose another"
    return None


def _personal(email: str, name: str) -> set[str]:
    local, _, domain = email.partition("@")
    joined = name.replace(" ", "")
    plain = {email, local, email.replace("@", ""), f"{local}{domain.partition('.')[0]}", name, joined}
    return plain | {part * 2 for part in (local, joined)}


def _repeats(text: str) -> bool:
    """Whether the text is one piece of at most six characters again and again."""
    return any((text[:n] * len(text))[: len(text)] == text for n in range(1, 7))
