"""Run ingest-voice alone: `python -m standardiste.ingest_voice`."""

from standardiste.common.service import run_service
from standardiste.ingest_voice.app import NAME, build
from standardiste.ingest_voice.settings import VoiceSettings

if __name__ == "__main__":
    run_service(NAME, build, VoiceSettings)
