"""Run ingest-email alone: `python -m standardiste.ingest_email`."""

from standardiste.common.service import run_service
from standardiste.ingest_email.app import NAME, build
from standardiste.ingest_email.settings import EmailSettings

if __name__ == "__main__":
    run_service(NAME, build, EmailSettings)
