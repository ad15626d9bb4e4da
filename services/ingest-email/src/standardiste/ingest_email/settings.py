"""The settings of ingest-email: STANDARDISTE_EMAIL_… or the TOML file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from standardiste.common.settings import CommonSettings

MIB = 1024 * 1024


class EmailSettings(CommonSettings):
    """Where mail comes in, and the server that answers leave by unless a channel address names its own."""

    email_message_bytes_max: int = Field(
        36 * MIB, gt=0, description="Largest mail taken, by whichever way in; SMTP advertises it. Base64 makes a file of 25 MiB that large."
    )

    email_smtp_host: str = Field("127.0.0.1", description="The address that the SMTP and LMTP listeners bind.")
    email_smtp_port: int | None = Field(
        8025, ge=0, le=65535, description="The port of the SMTP listener; 0 takes a free one, none: no listener."
    )
    email_lmtp_port: int | None = Field(None, ge=0, le=65535, description="The port of the LMTP listener; none: no listener.")
    email_smtp_name: str = Field("standardiste.localhost", description="The name that the listeners and our client greet with.")
    email_smtp_connections_max: int = Field(50, gt=0, description="Connections taken at once; one more is told 421.")
    email_smtp_recipients_max: int = Field(100, gt=0, description="Recipients of one mail; one more is told 452.")
    email_smtp_idle_s: int = Field(60, gt=0, description="A connection that says nothing for so long is closed.")
    email_smtp_session_s: int = Field(900, gt=0, description="A connection is closed after so long, whatever it does.")
    email_smtp_certificate: Path | None = Field(None, description="PEM certificate chain; with it the listeners offer STARTTLS.")
    email_smtp_key: Path | None = Field(None, description="PEM key of the certificate; none: it lies in the same file.")
    email_authserv: str = Field("", description="Our own mail server's name in Authentication-Results; only its word is believed.")

    email_dkim_check: bool = Field(
        False, description="Check DKIM signatures ourselves, by the domain name system, where no trusted server has spoken."
    )

    email_out_host: str = Field("", description="The mail server that answers leave by, unless a channel address names its own.")
    email_out_port: int = Field(25, gt=0, le=65535, description="Its port.")
    email_out_tls: Literal["none", "starttls", "tls"] = Field("none", description="How the connection to it is secured.")
    email_out_username: str = Field("", description="The name to sign in with; empty: no sign-in.")
    email_out_password: SecretStr = Field(SecretStr(""), description="The password to sign in with.")
    email_out_connections_max: int = Field(4, gt=0, description="Connections held to one outgoing server.")
    email_out_timeout_s: int = Field(30, gt=0, lt=60, description="How long one step of sending may take.")
