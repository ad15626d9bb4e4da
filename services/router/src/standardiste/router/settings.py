"""The settings of the router. What it decides by is configuration of the tenants, published by the directory; here is only what every service has."""

from __future__ import annotations

from standardiste.common.settings import CommonSettings


class RouterSettings(CommonSettings):
    """Nothing of its own: the number of partitions is the installation's, and everything else a tenant's."""
