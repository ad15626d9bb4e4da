"""Run ingest-open alone: `python -m standardiste.ingest_open`."""

from standardiste.common.service import run_service
from standardiste.ingest_open.app import NAME, build
from standardiste.ingest_open.settings import OpenSettings

if __name__ == "__main__":
    run_service(NAME, build, OpenSettings)
