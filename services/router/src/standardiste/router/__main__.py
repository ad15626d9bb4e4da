"""Run the router alone: `python -m standardiste.router`."""

from standardiste.common.service import run_service
from standardiste.router.app import NAME, build
from standardiste.router.settings import RouterSettings

if __name__ == "__main__":
    run_service(NAME, build, RouterSettings)
