"""The Data Wall's library: packages by subject, imported as in `from datawall.laws import scaling`.

`BOOK` is the folder of the book's data (`ledger.toml`, `exercises.toml`, `studies`): inside the
package where a wheel was installed, else the folder `book` in which the library lies.
"""

from pathlib import Path

_INSIDE = Path(__file__).parent / "book"
BOOK = _INSIDE if _INSIDE.is_dir() else Path(__file__).resolve().parent.parent
