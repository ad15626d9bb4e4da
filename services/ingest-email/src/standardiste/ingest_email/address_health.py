"""How each channel address fares, by its way in and its way out: told to the router when it changes, in plain words of the tenant's language."""

from __future__ import annotations

from typing import Literal, TypeAlias

from standardiste.common.catalogue import Catalogue
from standardiste.common.clock import Clock
from standardiste.common.directory_view import DirectoryView
from standardiste.common.errors import Away
from standardiste.common.events.base import Instant
from standardiste.common.events.inputs import ChannelAddressReported
from standardiste.common.events.model import Channel, ChannelAddressId
from standardiste.common.intake import Intake
from standardiste.common.log import logger

Way: TypeAlias = Literal["in", "out", "sent"]

WORDS = Catalogue(
    {
        "unreachable": {"en": "The mail server cannot be reached.", "fr": "Le serveur de messagerie est injoignable."},
        "connection_lost": {"en": "The mail server broke the connection.", "fr": "Le serveur de messagerie a coupé la connexion."},
        "timed_out": {"en": "The mail server does not answer.", "fr": "Le serveur de messagerie ne répond pas."},
        "sign_in_refused": {
            "en": "The mail server refuses the user name or password.",
            "fr": "Le serveur de messagerie refuse l'identifiant ou le mot de passe.",
        },
        "token_refused": {
            "en": "The provider refuses the access: authorise it again.",
            "fr": "Le fournisseur refuse l'accès : autorisez-le à nouveau.",
        },
        "secret_missing": {
            "en": "The password or token of this address is missing.",
            "fr": "Le mot de passe ou le jeton de cette adresse manque.",
        },
        "folder_missing": {"en": "The folder to be read does not exist.", "fr": "Le dossier à relever n'existe pas."},
        "not_configured": {"en": "The settings of this address are incomplete.", "fr": "Les réglages de cette adresse sont incomplets."},
        "other": {
            "en": "The mail server answers with an error ({code}).",
            "fr": "Le serveur de messagerie répond par une erreur ({code}).",
        },
    }
)

_NAMED = WORDS.keys() - {"other"}

log = logger("ingest-email")


class AddressHealth:
    """What was last told, by address."""

    def __init__(self, intake: Intake, directory: DirectoryView, clock: Clock) -> None:
        self._intake, self._directory, self._clock = intake, directory, clock
        self._trouble: dict[tuple[str, ChannelAddressId], dict[Way, str]] = {}
        self._told: dict[tuple[str, ChannelAddressId], str] = {}
        self._succeeded_at: dict[tuple[str, ChannelAddressId], Instant] = {}

    async def well(self, tenant: str, address: ChannelAddressId, way: Way) -> None:
        """This way works."""
        self._succeeded_at[(tenant, address)] = self._clock.now()
        if self._trouble.get((tenant, address), {}).pop(way, None) is not None or (tenant, address) not in self._told:
            await self._tell(tenant, address)

    async def ill(self, tenant: str, address: ChannelAddressId, way: Way, code: str) -> None:
        """This way does not work, because of `code`."""
        self._trouble.setdefault((tenant, address), {})[way] = code
        await self._tell(tenant, address)

    async def _tell(self, tenant: str, address: ChannelAddressId) -> None:
        """Report what has changed. With the bus away nothing is told, and it is told with the next change or look."""
        detail = " ".join(self._words(tenant, code) for _, code in sorted(self._trouble.get((tenant, address), {}).items()))
        if self._told.get((tenant, address)) == detail:
            return
        now = self._clock.now()
        report = ChannelAddressReported(
            channel_address=address,
            channel=Channel.EMAIL,
            is_healthy=not detail,
            last_success_at=self._succeeded_at.get((tenant, address)),
            detail=detail,
        )
        try:
            await self._intake.report(tenant, address, report, id=f"{address}/{now}", time=now)
        except Away:
            log.warning("health_untold", channel_address=address)
            return
        self._told[(tenant, address)] = detail

    def _words(self, tenant: str, code: str) -> str:
        own = self._directory.tenant(tenant)
        language = own.language if own else None
        return WORDS.text("other", language, code=code) if code not in _NAMED else WORDS.text(code, language)
