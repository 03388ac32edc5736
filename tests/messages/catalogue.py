"""The catalogue of translations, and how it is made anew from the code.

    what the code marks ──┐
                          ├──▶ labshell.po ──▶ labshell.mo
    what is translated  ──┘

A text that the code does not say any more goes with its translation, a new one is there
with an empty one. Nothing in the files depends on who makes them, or when.
"""

import re
from pathlib import Path

import polib

from labshell import messages
from tests.house.sources import HOME
from tests.messages.extraction import Message
from tests.messages.extraction import messages as said_by_code

FOLDER = HOME / "labshell/locale"
HEADER = {
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "8bit",
    "Plural-Forms": "nplurals=1; plural=0;",
}


def path(language: str) -> Path:
    """The catalogue of a language."""
    return FOLDER / messages.LOCALES[language] / "LC_MESSAGES/labshell.po"


def read(language: str) -> polib.POFile:
    """The catalogue as it is."""
    return polib.pofile(str(path(language)), encoding="utf-8")


def phrases(language: str) -> set[str]:
    """What is translated of several words: by these, English is known on a screen.

    Of a text with {places}, each part between them.
    """
    parts = {
        part.strip()
        for entry in read(language)
        for part in re.split(r"\{\w*\}", entry.msgid)
    }
    return {part for part in parts if re.search(r"\w.* .*\w", part)}


def renewed(language: str) -> polib.POFile:
    """The catalogue as it should be: what the code says now, where it is known."""
    known = {entry.msgid: entry for entry in read(language)}
    made = polib.POFile(wrapwidth=88)
    made.metadata = {**HEADER, "Language": messages.LOCALES[language]}
    for message in said_by_code():
        made.append(_entry(message, known.get(message.one)))
    return made


def _entry(message: Message, known: polib.POEntry | None) -> polib.POEntry:
    entry = polib.POEntry(
        msgid=message.one, occurrences=[(file, "") for file in message.files]
    )
    if message.many:
        entry.msgid_plural = message.many
        entry.msgstr_plural = known.msgstr_plural if known else {0: ""}
    elif known:
        entry.msgstr = known.msgstr
    return entry


def translations(entry: polib.POEntry) -> list[str]:
    """Everything that an entry says in the other language."""
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]
