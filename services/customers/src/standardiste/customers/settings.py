"""The settings of customers."""

from __future__ import annotations

from pydantic import Field

from standardiste.common.settings import CommonSettings


class CustomersSettings(CommonSettings):
    customers_blob_keep_days: int = Field(
        default=8, ge=8, description="After how many days a blob that no document names is removed; the log keeps 7."
    )
    customers_backup_days: int = Field(
        default=8,
        ge=0,
        description="After how many days the last backup that still holds an erased person is gone; the embedded edition keeps 7 nights.",
    )
    customers_hook_private_allowed: bool = Field(
        default=False, description="A CRM may be asked at private and loopback addresses, and over plain http: for a CRM inside the house."
    )
