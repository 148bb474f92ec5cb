"""Words on screen, in the user's language: gettext for window, terminal and reports alike.

English is the source. What a program reads (JSON keys, `summary`, exported columns) is never translated.
"""

import gettext as _gettext
from importlib.resources import as_file, files


def _load() -> _gettext.NullTranslations:
    with as_file(files("helios_resources") / "locale") as folder:
        return _gettext.translation("helios", folder, fallback=True)


_catalogue = _load()
_ = _catalogue.gettext
ngettext = _catalogue.ngettext
