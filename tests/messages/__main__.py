"""Make the catalogues anew: extract what the code marks, compile what is translated.

    .venv/bin/python -m tests.messages

What has no translation yet is listed: write it into labshell.po, and run this again.
"""

from labshell import messages
from tests.messages.catalogue import path, renewed, translations


def main() -> None:
    for language in messages.LOCALES:
        catalogue = renewed(language)
        catalogue.save(str(path(language)))
        catalogue.save_as_mofile(str(path(language).with_suffix(".mo")))
        for entry in catalogue:
            if not all(translations(entry)):
                print(f"{language}: not translated: {entry.msgid}")


if __name__ == "__main__":
    main()
