"""`python -m standardiste.all_in_one` is the `standardiste` command."""

from standardiste.all_in_one.cli import main

main()
