"""Run customers alone: `python -m standardiste.customers`."""

from standardiste.common.service import run_service
from standardiste.customers.app import NAME, build
from standardiste.customers.settings import CustomersSettings

if __name__ == "__main__":
    run_service(NAME, build, CustomersSettings)
