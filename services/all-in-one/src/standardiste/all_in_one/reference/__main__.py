"""
`python -m standardiste.all_in_one.reference names|write|check`: write the names of the router's policies into the catalogue; write the generated pages, which
have the names in them and so come second; or say which are not current.
"""

import sys
from pathlib import Path

from standardiste.all_in_one.reference.policy_names import POLICY_NAMES, policy_names


def main() -> None:
    """Exit 1 when a page is not current and `check` was asked."""
    if sys.argv[1:] == ["names"]:
        (Path.cwd() / POLICY_NAMES).write_text(policy_names())
        return
    from standardiste.all_in_one.reference.pages import pages  # here, because it takes every service, and those take the names

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
        sys.exit("usage: python -m standardiste.all_in_one.reference names|write|check")


main()
