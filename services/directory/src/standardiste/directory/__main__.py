"""Run directory alone: `python -m standardiste.directory`."""

from standardiste.common.service import run_service
from standardiste.directory.app import NAME, build
from standardiste.directory.settings import DirectorySettings

if __name__ == "__main__":
    run_service(NAME, build, DirectorySettings)
