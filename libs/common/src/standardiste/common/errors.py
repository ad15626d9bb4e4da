"""
Every error of ours, named by whose fault it is.

    StandardisteError
    ├── CommandRejected       the caller's: the request cannot be granted (carries a Refusal)
    ├── BadInput              the caller's: the bytes do not say anything we understand
    ├── Away                  nobody's: something we lean on does not answer now; wait or answer 503, never drop
    │   ├── BusAway
    │   ├── StoreAway
    │   ├── BlobsAway
    │   └── ScannerAway
    ├── Conflict              the caller's: the document is not as the caller thought
    │   ├── VersionConflict
    │   └── UniqueConflict
    ├── ProviderError         a provider's: retryable or not
    └── OperatorError         the operator's: not as it must be for a start; the sentence says what to do
        ├── FormatTooNew          data written by a newer program
        ├── CorruptState          router-state does not say what this program wrote
        ├── PositionLost          where a partition stood in its inputs cannot be known
        ├── WrongKey              a secret sealed with another master key
        ├── FolderInUse           another process works in the data folder
        ├── PortTaken             another program listens where this one should
        ├── BusRefuses            the bus does not take our credentials, or speaks another protocol
        ├── StoreRefuses          the document store does not take our credentials
        └── AnotherInstallation   these topics are somebody else's

What none of these covers is ours: an assertion, and the process stops.
"""

from __future__ import annotations

from dataclasses import dataclass


class StandardisteError(Exception):
    """The root of the tree."""


class BadInput(StandardisteError):
    """What came in cannot be understood. `reason` is a stable name, `detail` one sentence for people, `pointer` where (JSON pointer)."""

    def __init__(self, reason: str, detail: str, pointer: str = "") -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail, self.pointer = reason, detail, pointer


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A no as a value: a stable name (see events.refusals) and one sentence for people in the log and the API."""

    reason: str
    detail: str = ""


class CommandRejected(StandardisteError):
    """A well-formed request that cannot be granted."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(f"{refused.reason}: {refused.detail}")
        self.refused = refused


class Away(StandardisteError):
    """Something we lean on does not answer now. `retry_after_s` is what an HTTP edge puts into Retry-After."""

    def __init__(self, what: str, detail: str = "", retry_after_s: int = 5) -> None:
        super().__init__(f"{what} is away: {detail}" if detail else f"{what} is away")
        self.what, self.detail, self.retry_after_s = what, detail, retry_after_s


class BusAway(Away):
    """The record may or may not have arrived; its id makes a repeat harmless."""

    def __init__(self, detail: str = "") -> None:
        super().__init__("bus", detail)


class StoreAway(Away):
    """The document store does not answer."""

    def __init__(self, detail: str = "") -> None:
        super().__init__("store", detail)


class BlobsAway(Away):
    """The blob store does not answer, or its disk is full."""

    def __init__(self, detail: str = "") -> None:
        super().__init__("blobs", detail)


class ScannerAway(Away):
    """The attachment scanner gives no verdict."""

    def __init__(self, detail: str = "") -> None:
        super().__init__("scanner", detail)


class Conflict(StandardisteError):
    """The document is not as the caller thought."""


class VersionConflict(Conflict):
    """The stored version is another than expected. `actual` is None when the document does not exist."""

    def __init__(self, collection: str, id: str, expected: int, actual: int | None) -> None:
        super().__init__(f"{collection}/{id}: expected version {expected}, found {actual}")
        self.collection, self.id, self.expected, self.actual = collection, id, expected, actual


class UniqueConflict(Conflict):
    """Another document of the tenant holds a value of this unique index. `holder` is that document's id where the store can say."""

    def __init__(self, collection: str, index: str, holder: str | None = None) -> None:
        super().__init__(f"{collection}.{index} is taken by {holder or 'another document'}")
        self.collection, self.index, self.holder = collection, index, holder


class ProviderError(StandardisteError):
    """A provider (mail server, telephony, …) said no. `code` is theirs, `is_retryable` our reading of it."""

    def __init__(self, provider: str, code: str, detail: str, *, is_retryable: bool, is_outcome_unknown: bool = False) -> None:
        super().__init__(f"{provider} {code}: {detail}")
        self.provider, self.code, self.detail = provider, code, detail
        self.is_retryable, self.is_outcome_unknown = is_retryable, is_outcome_unknown


class OperatorError(StandardisteError):
    """Something around the process is not as it must be. Waiting does not help: who runs it has to act, and is told in one sentence."""


class FormatTooNew(OperatorError):
    """A folder, topic or store written by a newer program: refused by name, touched by nothing."""

    def __init__(self, what: str, found: int, supported: int) -> None:
        super().__init__(
            f"{what} has format {found}; this program reads up to {supported}. Start the newer version, or restore a backup made by this one."
        )
        self.what, self.found, self.supported = what, found, supported


class CorruptState(OperatorError):
    """A partition of router-state cannot be taken over. The message names the record, and nothing of what it holds: docs/guides/operators.md says what to do."""


class PositionLost(OperatorError):
    """Where a partition stood in its inputs cannot be known: to begin anew would be to do again what was done. docs/guides/operators.md says what to do."""


class WrongKey(OperatorError):
    """The installation's master key does not open what is stored: give it the key that was in use when the data were written."""


class FolderInUse(OperatorError):
    """Another process works in this data folder; only one may."""

    def __init__(self, folder: str) -> None:
        super().__init__(f"the data folder {folder} is in use by another process. Stop it, or name another folder.")
        self.folder = folder


class PortTaken(OperatorError):
    """Another program listens on our port."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            f"another program listens on port {port} of {host}. Stop it, or name another port (--port, STANDARDISTE_PORT, make … PORT=)."
        )
        self.port = port


class BusRefuses(OperatorError):
    """The broker answers and does not take us: wrong credentials, an authority we do not trust, another protocol than the setting says."""


class StoreRefuses(OperatorError):
    """The document store, or that of the blobs, answers and does not take us: wrong user, password or rights."""


class AnotherInstallation(OperatorError):
    """The topics carry the mark of another installation than the store."""

    def __init__(self, topics: str, theirs: str, ours: str) -> None:
        super().__init__(
            f"{topics} belong to the installation {theirs}, the store to {ours}. Give each installation a topic prefix of its own (bus=kafka://…?prefix=…), "
            "or name the store that belongs to these topics."
        )
        self.theirs, self.ours = theirs, ours
