"""Run ingest-sms alone: `python -m standardiste.ingest_sms`."""

from standardiste.common.service import run_service
from standardiste.ingest_sms.app import NAME, build
from standardiste.ingest_sms.settings import SmsSettings

if __name__ == "__main__":
    run_service(NAME, build, SmsSettings)
