"""What labshell itself says, in the language of whoever reads it: gettext.

    translate("No lesson is open.")     the code says it in English, and marks it so
         │ extracted                    by reading the code: nothing need run for that
         ▼
    locale/zh_CN/LC_MESSAGES/
         labshell.po                    the catalogue: one English text, one Chinese
         │ compiled
         ▼
         labshell.mo                    the same for machines, looked up as it is said

The English text is its own key, so the code stays readable where it speaks, and a text
that nobody has translated is shown in English. `python -m tests.messages` extracts and
compiles, and tests hold the three to each other.

    translate("{file} is exported.").format(file=file)      what varies has a name, and
                                                            is put in afterwards
    translate_count("{count} step", "{count} steps", n)     languages count differently:
                                                            gettext chooses by n
    marked("No answer yet.")                                translated only later, by
                                                            who shows it: translate(it)

So speak the shell, the lessons' runner and the verbs of the lessons. What the engine
says when it refuses, and what verbs print that Docker has too, is English everywhere,
as Docker's is. In English nothing is looked up, and no catalogue is read.

See: gettext's manual, https://www.gnu.org/software/gettext/manual
Try it: `lab --lang zh lesson list`
"""

import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gettext import GNUTranslations

ENGLISH = "en"
LOCALES = {"zh": "zh_CN"}  # by the two letters that a lesson's file has: lesson.zh.md
CHOSEN = "LABSHELL_LANG"  # the variable that --lang sets
_PLACE = Path(__file__).with_name("locale")


def language() -> str:
    """The language that the environment asks for: "en", or "zh"."""
    for name in (CHOSEN, "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return value[:2] if value[:2] in LOCALES else ENGLISH
    return ENGLISH


def translate(message: str, into: str = "") -> str:
    """The message in a language: in that of the environment, if none is named."""
    into = into or language()
    # gettext keeps what the catalogue says of itself under the empty text.
    return _catalogue(into).gettext(message) if into in LOCALES and message else message


def translate_count(one: str, many: str, count: int, into: str = "") -> str:
    """The message for so many things, with the number in place of `{count}`."""
    into = into or language()
    if into in LOCALES:
        message = _catalogue(into).ngettext(one, many, count)
    else:
        message = one if count == 1 else many
    return message.replace("{count}", str(count))


def marked_count(one: str, many: str) -> tuple[str, str]:
    """Two messages as they are, for translate_count."""
    return one, many


def marked(message: str) -> str:
    """The message as it is, to be translated by whoever shows it."""
    return message


@functools.cache
def _catalogue(into: str) -> "GNUTranslations":
    from gettext import GNUTranslations

    path = _PLACE / LOCALES[into] / "LC_MESSAGES" / "labshell.mo"
    with path.open("rb") as file:
        return GNUTranslations(file)
