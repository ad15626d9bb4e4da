"""Run ingest-chat alone: `python -m standardiste.ingest_chat`."""

from standardiste.common.service import run_service
from standardiste.ingest_chat.app import NAME, build
from standardiste.ingest_chat.settings import ChatSettings

if __name__ == "__main__":
    run_service(NAME, build, ChatSettings)
