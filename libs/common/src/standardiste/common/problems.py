"""
Every problem an HTTP answer can name (RFC 9457), once: status, title and what to do, in English and French.

Its type is the URI `/problems/<name>`, which any service serves as a small page. Names are public and stay. `refused` stands for every named
refusal of a command (events.refusals); its `reason` member says which.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Final, Literal, TypeAlias

Language: TypeAlias = Literal["en", "fr"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "fr")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemType:
    name: str
    status: int
    title: dict[Language, str]
    what_to_do: dict[Language, str]
    retry_after_s: int | None = None


def _type(name: str, status: int, en: str, do_en: str, fr: str, do_fr: str, retry_after_s: int | None = None) -> ProblemType:
    return ProblemType(
        name=name, status=status, title={"en": en, "fr": fr}, what_to_do={"en": do_en, "fr": do_fr}, retry_after_s=retry_after_s
    )


_TYPES: Final = (
    # ---- who is asking
    _type(
        "bad_credential",
        401,
        "The credential is missing or wrong.",
        "Send `Authorization: Bearer` with a token from sign-in or an API key.",
        "L'identifiant manque ou n'est pas valable.",
        "Envoyez `Authorization: Bearer` avec un jeton obtenu à la connexion ou une clé d'API.",
    ),
    _type(
        "bad_token",
        401,
        "This token is not one of ours.",
        "Sign in again, or begin a new session, and use the token you are given.",
        "Ce jeton n'est pas un des nôtres.",
        "Reconnectez-vous, ou ouvrez une nouvelle session, et utilisez le jeton reçu.",
    ),
    _type(
        "token_expired",
        401,
        "The token has expired.",
        "Sign in again; renew a token before its 15 minutes are over.",
        "Le jeton a expiré.",
        "Reconnectez-vous ; renouvelez le jeton avant la fin de ses 15 minutes.",
    ),
    _type(
        "not_allowed",
        403,
        "Your rights do not cover this.",
        "Ask an administrator for a role, or for a scope of the API key, that covers it.",
        "Vos droits ne couvrent pas cette action.",
        "Demandez à un administrateur un rôle, ou une portée de la clé d'API, qui la couvre.",
    ),
    _type(
        "bad_signature",
        403,
        "The provider's signature is missing or wrong.",
        "Check the auth token kept for this address, and that the public URL is the one the provider calls.",
        "La signature du fournisseur manque ou est fausse.",
        "Vérifiez le jeton d'authentification de cette adresse et que l'URL publique est bien celle que le fournisseur appelle.",
    ),
    _type(
        "bad_origin",
        403,
        "Pages of this origin may not call here.",
        "Add the page's origin to the allowed origins of the installation or of the chat page.",
        "Les pages de cette origine ne peuvent pas appeler ici.",
        "Ajoutez l'origine de la page aux origines admises de l'installation ou de la page de discussion.",
    ),
    _type(
        "too_many_requests",
        429,
        "Too many requests at once.",
        "Wait as Retry-After says, then go on more slowly; the RateLimit headers tell what is left.",
        "Trop de requêtes à la fois.",
        "Attendez la durée de Retry-After puis ralentissez ; les en-têtes RateLimit disent ce qui reste.",
        1,
    ),
    # ---- what is asked
    _type(
        "not_found",
        404,
        "There is nothing here.",
        "Check the path and the id. Where Retry-After is given it may come to be.",
        "Il n'y a rien ici.",
        "Vérifiez le chemin et l'identifiant. Si Retry-After est donné, cela peut encore venir.",
    ),
    _type(
        "method_not_allowed",
        405,
        "This path does not take this method.",
        "See the Allow header.",
        "Ce chemin n'accepte pas cette méthode.",
        "Voyez l'en-tête Allow.",
    ),
    _type(
        "not_acceptable",
        406,
        "None of the types you accept can be given.",
        "Accept application/json, or what the API's description names.",
        "Aucun des types que vous acceptez ne peut être fourni.",
        "Acceptez application/json, ou ce que la description de l'API nomme.",
    ),
    _type(
        "unsupported_media_type",
        415,
        "The body's type is not taken here.",
        "Send the media type that the API's description names.",
        "Le type du corps n'est pas accepté ici.",
        "Envoyez le type de média que la description de l'API nomme.",
    ),
    _type(
        "too_large",
        413,
        "The body is too large.",
        "Send less; the limit is in the detail.",
        "Le corps est trop grand.",
        "Envoyez moins ; la limite est dans le détail.",
    ),
    _type(
        "bad_input",
        400,
        "The request cannot be understood.",
        "See the reason and the pointer.",
        "La requête ne peut pas être comprise.",
        "Voyez la raison et le pointeur.",
    ),
    _type(
        "invalid_field",
        400,
        "A field is missing or not as it must be.",
        "Correct the field that the pointer names.",
        "Un champ manque ou n'a pas la forme voulue.",
        "Corrigez le champ que le pointeur désigne.",
    ),
    _type(
        "malformed",
        400,
        "The body is not as the catalogue says.",
        "Correct what the detail names.",
        "Le corps n'est pas conforme au catalogue.",
        "Corrigez ce que le détail nomme.",
    ),
    _type(
        "bad_message",
        400,
        "This is not a mail message.",
        "Send one whole RFC 5322 message as message/rfc822.",
        "Ce n'est pas un message de courrier électronique.",
        "Envoyez un message RFC 5322 entier, en message/rfc822.",
    ),
    _type(
        "cursor_invalid",
        400,
        "This cursor does not belong to this request.",
        "Begin again without a cursor.",
        "Ce curseur n'appartient pas à cette requête.",
        "Recommencez sans curseur.",
    ),
    _type(
        "idempotency_key_missing",
        400,
        "An Idempotency-Key is required.",
        "Send a header Idempotency-Key, the same for every try of the same request.",
        "Un en-tête Idempotency-Key est requis.",
        "Envoyez un en-tête Idempotency-Key, le même pour chaque essai de la même requête.",
    ),
    _type(
        "idempotency_key_reused",
        422,
        "This Idempotency-Key was used for another request.",
        "Use a new key for a new request.",
        "Cet Idempotency-Key a servi à une autre requête.",
        "Prenez une nouvelle clé pour une nouvelle requête.",
    ),
    _type(
        "idempotency_key_busy",
        409,
        "The same request is still being answered.",
        "Ask again with the same key in a moment.",
        "La même requête est encore en cours.",
        "Redemandez avec la même clé dans un instant.",
        1,
    ),
    _type(
        "if_match_missing",
        428,
        "An If-Match header is required.",
        "Read it first and send its ETag in If-Match, or * to overwrite whatever is there.",
        "Un en-tête If-Match est requis.",
        "Lisez d'abord et renvoyez son ETag dans If-Match, ou * pour remplacer quoi que ce soit.",
    ),
    _type(
        "version_conflict",
        412,
        "It has changed since you read it.",
        "Read it again and repeat your change on what is there now.",
        "Cela a changé depuis votre lecture.",
        "Relisez et refaites votre modification sur l'état actuel.",
    ),
    _type(
        "already_exists",
        409,
        "Another one holds this value already.",
        "Choose another value, or change the one that holds it.",
        "Un autre porte déjà cette valeur.",
        "Choisissez une autre valeur, ou modifiez celui qui la porte.",
    ),
    _type(
        "refused",
        409,
        "The command was refused.",
        "The reason names why; look again at the present state.",
        "La commande a été refusée.",
        "La raison dit pourquoi ; regardez de nouveau l'état actuel.",
    ),
    _type(
        "unknown_type",
        404,
        "No command of this type exists.",
        "See the catalogue of events and commands.",
        "Il n'existe pas de commande de ce type.",
        "Voyez le catalogue des événements et des commandes.",
    ),
    # ---- the things of this field
    _type(
        "unknown_tenant",
        404,
        "No tenant of this id is known.",
        "Check the id.",
        "Aucun locataire de cet identifiant n'est connu.",
        "Vérifiez l'identifiant.",
    ),
    _type(
        "unknown_channel_address",
        404,
        "None of our addresses is this one.",
        "Set the address up in the configuration, or correct it.",
        "Aucune de nos adresses n'est celle-ci.",
        "Ajoutez l'adresse à la configuration, ou corrigez-la.",
    ),
    _type(
        "unknown_conversation",
        404,
        "No conversation of this id is known.",
        "Use the id that the first answer gave.",
        "Aucune conversation de cet identifiant n'est connue.",
        "Utilisez l'identifiant que la première réponse a donné.",
    ),
    _type(
        "not_reopenable",
        409,
        "This contact cannot be opened again.",
        "What was closed as spam, list, flood or blocked can be for 30 days; unblock the sender first.",
        "Ce contact ne peut pas être rouvert.",
        "Ce qui a été clos comme indésirable, liste, afflux ou bloqué peut l'être pendant 30 jours ; débloquez d'abord l'expéditeur.",
    ),
    _type(
        "conversation_closed",
        409,
        "The conversation is closed.",
        "Begin a new one.",
        "La conversation est close.",
        "Ouvrez-en une nouvelle.",
    ),
    _type(
        "unknown_kind",
        404,
        "No such kind of entity exists.",
        "See the list of kinds in the API's description.",
        "Ce genre d'entité n'existe pas.",
        "Voyez la liste des genres dans la description de l'API.",
    ),
    _type(
        "configuration_refused",
        422,
        "The configuration is refused; nothing of it was applied.",
        "Correct every fault listed, each with its line or pointer, and apply it again.",
        "La configuration est refusée ; rien n'en a été appliqué.",
        "Corrigez chaque défaut listé, avec sa ligne ou son pointeur, et appliquez-la de nouveau.",
    ),
    _type(
        "login_taken",
        409,
        "This login name is taken.",
        "Choose another name, or add a membership to the login that has it.",
        "Ce nom de connexion est déjà pris.",
        "Choisissez un autre nom, ou ajoutez une appartenance au compte qui le porte.",
    ),
    # ---- not now
    _type(
        "not_yet",
        503,
        "What you ask for is not there yet.",
        "Ask again as Retry-After says.",
        "Ce que vous demandez n'est pas encore là.",
        "Redemandez selon Retry-After.",
        1,
    ),
    _type(
        "starting",
        503,
        "The service is starting.",
        "Ask again as Retry-After says.",
        "Le service démarre.",
        "Redemandez selon Retry-After.",
        1,
    ),
    _type(
        "bus_away",
        503,
        "The message bus does not answer; nothing was accepted.",
        "Send the same request again as Retry-After says; a repeat is harmless.",
        "Le bus de messages ne répond pas ; rien n'a été accepté.",
        "Renvoyez la même requête selon Retry-After ; une répétition est sans danger.",
        5,
    ),
    _type(
        "store_away",
        503,
        "The document store does not answer.",
        "Send the same request again as Retry-After says.",
        "La base de documents ne répond pas.",
        "Renvoyez la même requête selon Retry-After.",
        5,
    ),
    _type(
        "scanner_away",
        503,
        "The scanner of attachments does not answer.",
        "Ask again as Retry-After says; nothing that was not looked through is given out meanwhile.",
        "L'analyse des pièces jointes ne répond pas.",
        "Redemandez selon Retry-After ; rien de non analysé n'est délivré entre-temps.",
        5,
    ),
    _type(
        "blobs_away",
        503,
        "The store of attachments does not answer or is full.",
        "Send the same request again as Retry-After says; smaller messages still go through.",
        "Le stockage des pièces jointes ne répond pas ou est plein.",
        "Renvoyez la même requête selon Retry-After ; les messages plus petits passent encore.",
        5,
    ),
    _type(
        "no_answer",
        504,
        "The router did not answer in time.",
        "Ask again; the question changed nothing.",
        "Le routeur n'a pas répondu à temps.",
        "Redemandez ; la question n'a rien changé.",
        5,
    ),
    _type(
        "provider_failed",
        502,
        "A provider outside did not do what was asked.",
        "See the detail; try again if it says so.",
        "Un fournisseur extérieur n'a pas fait ce qui était demandé.",
        "Voyez le détail ; réessayez s'il le dit.",
    ),
    _type(
        "backup_failed",
        500,
        "The backup could not be made.",
        "See the detail; free disk space or correct the folder, then ask again.",
        "La sauvegarde n'a pas pu être faite.",
        "Voyez le détail ; libérez de la place ou corrigez le dossier, puis redemandez.",
    ),
    _type(
        "internal",
        500,
        "A fault of ours.",
        "Report it with the trace id; nothing you sent is to blame.",
        "Un défaut de notre part.",
        "Signalez-le avec l'identifiant de trace ; ce que vous avez envoyé n'est pas en cause.",
    ),
)

PROBLEMS: Final[dict[str, ProblemType]] = {each.name: each for each in _TYPES}
assert len(PROBLEMS) == len(_TYPES), "each problem is listed once"

REFUSAL_STATUS: Final[dict[str, int]] = {"not_allowed": 403, "malformed": 400, "empty_message": 422, "message_too_long": 422}
"""Refusals that answer otherwise than 409; every `unknown_…` answers 404, `too_many_commands` 429, `not_handled` 500, `bus_away` 503."""


def status_of_refusal(reason: str) -> int:
    """The HTTP status of a named refusal."""
    if reason.startswith("unknown_"):
        return 404
    return {**REFUSAL_STATUS, "too_many_commands": 429, "not_handled": 500, "bus_away": 503}.get(reason, 409)


def language_of(accept_language: str | None, default: Language = "en") -> Language:
    """The first of our languages in an Accept-Language header, by its weights; the default when it names none."""
    best, best_weight = default, 0.0
    for part in (accept_language or "").split(",")[:20]:
        tag, _, parameter = part.strip().partition(";")
        weight = _weight(parameter)
        language = tag.split("-")[0].lower()
        for ours in LANGUAGES:
            if language == ours and weight > best_weight:
                best, best_weight = ours, weight
    return best


def page(problem: ProblemType, language: Language) -> str:
    """The page of a problem's type, as HTML without scripts or styles of others."""
    label = {"en": ("Status", "What to do"), "fr": ("Statut", "Que faire")}[language]
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(problem.title[language])}</title><main><h1>{escape(problem.title[language])}</h1>"
        f"<p><code>/problems/{problem.name}</code> · {label[0]} {problem.status}</p>"
        f"<h2>{label[1]}</h2><p>{escape(problem.what_to_do[language])}</p></main></html>"
    )


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0
