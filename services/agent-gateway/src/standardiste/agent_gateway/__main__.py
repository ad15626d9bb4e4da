"""The agent gateway alone in its process: `python -m standardiste.agent_gateway`."""

from standardiste.agent_gateway.app import NAME, build
from standardiste.agent_gateway.settings import GatewaySettings
from standardiste.common.service import run_service

if __name__ == "__main__":
    run_service(NAME, build, GatewaySettings)
