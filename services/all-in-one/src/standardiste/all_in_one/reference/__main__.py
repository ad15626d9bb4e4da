"""`python -m standardiste.all_in_one.reference write|check`: write the generated pages, or say which are not current."""

import sys
from pathlib import Path

from standardiste.all_in_one.reference.pages import pages


def main() -> None:
    """Exit 1 when a page is not current and `check` was asked."""
    docs = Path.cwd() / "docs"
    stale = [(path, text) for name, text in pages().items() if not (path := docs / name).exists() or path.read_text() != text]
    if sys.argv[1:] == ["write"]:
        for path, text in stale:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    elif sys.argv[1:] == ["check"]:
        for path, _ in stale:
            sys.stderr.write(f"not current: docs/{path.relative_to(docs)} (run `make reference`)\n")
        sys.exit(1 if stale else 0)
    else:
        sys.exit("usage: python -m standardiste.all_in_one.reference write|check")


main()
