"""What agents read about a text that did not go as it should, in French and English: the provider's codes and our own, in plain words."""

from __future__ import annotations

from typing import Final

from standardiste.common.catalogue import Catalogue

OPTED_OUT: Final = "opted_out"
BLOCKED: Final = "blocked"
NO_CREDENTIALS: Final = "no_credentials"
NOT_REACHED: Final = "not_reached"
NO_ANSWER: Final = "no_answer"
UNKNOWN_ADDRESS: Final = "unknown_channel_address"
UNKNOWN_CONVERSATION: Final = "unknown_conversation"
NO_NUMBER: Final = "no_number"
TOO_LONG: Final = "message_too_long"
EMPTY: Final = "empty_message"
NO_FILES: Final = "attachments_not_sent"
TOO_MANY_FILES: Final = "too_many_files"
FILES_TOO_LARGE: Final = "files_too_large"
OUTSIDE_SESSION: Final = "outside_session_window"
NO_TEMPLATES: Final = "templates_not_taken"
OTHER: Final = "other"

_REASONS: Final = Catalogue(
    {
        OPTED_OUT: {
            "en": "The customer has asked for no more texts from this number (STOP).",
            "fr": "Le client a demandé à ne plus recevoir de SMS de ce numéro (STOP).",
        },
        BLOCKED: {"en": "The customer's number is blocked.", "fr": "Le numéro du client est bloqué."},
        NO_CREDENTIALS: {
            "en": "This number has no account at the provider yet: an administrator must enter it.",
            "fr": "Ce numéro n'a pas encore de compte chez le fournisseur : un administrateur doit le saisir.",
        },
        NOT_REACHED: {"en": "The provider cannot be reached.", "fr": "Le fournisseur est injoignable."},
        NO_ANSWER: {
            "en": "The provider did not answer; whether the text went out is being looked up.",
            "fr": "Le fournisseur n'a pas répondu ; nous vérifions si le SMS est parti.",
        },
        UNKNOWN_ADDRESS: {"en": "The number to send from is no longer ours.", "fr": "Le numéro d'envoi n'est plus le nôtre."},
        UNKNOWN_CONVERSATION: {
            "en": "The customer's number is not known yet.",
            "fr": "Le numéro du client n'est pas encore connu.",
        },
        NO_NUMBER: {"en": "The customer's number cannot receive texts.", "fr": "Le numéro du client ne peut pas recevoir de SMS."},
        TOO_LONG: {"en": "The text is too long for a text message.", "fr": "Le texte est trop long pour un SMS."},
        EMPTY: {"en": "There is nothing to send.", "fr": "Il n'y a rien à envoyer."},
        NO_FILES: {
            "en": "The provider of this number carries no files.",
            "fr": "Le fournisseur de ce numéro ne transporte pas de fichiers.",
        },
        TOO_MANY_FILES: {
            "en": "These are more files than one message carries: send them one by one.",
            "fr": "Un message ne transporte pas autant de fichiers : envoyez-les un par un.",
        },
        FILES_TOO_LARGE: {
            "en": "The files are too large for one message.",
            "fr": "Les fichiers sont trop volumineux pour un message.",
        },
        OUTSIDE_SESSION: {
            "en": "The customer last wrote more than a day ago: here only an approved template may be sent until the next word.",
            "fr": "Le dernier message du client date de plus d'un jour : seul un modèle approuvé peut être envoyé avant sa prochaine réponse.",
        },
        NO_TEMPLATES: {
            "en": "Templates are for WhatsApp and RCS, not for text messages.",
            "fr": "Les modèles sont pour WhatsApp et RCS, pas pour les SMS.",
        },
        "credentials_refused": {
            "en": "The provider does not accept our credentials: an administrator must renew them.",
            "fr": "Le fournisseur refuse nos identifiants : un administrateur doit les renouveler.",
        },
        OTHER: {"en": "The provider refused it (code {code}).", "fr": "Le fournisseur l'a refusé (code {code})."},
        "20003": {
            "en": "The provider does not accept our credentials: an administrator must renew them.",
            "fr": "Le fournisseur refuse nos identifiants : un administrateur doit les renouveler.",
        },
        "20429": {"en": "Too many texts at once; it will be tried again.", "fr": "Trop de SMS à la fois ; un nouvel essai suivra."},
        "21211": {"en": "The customer's number is not valid.", "fr": "Le numéro du client n'est pas valide."},
        "21408": {
            "en": "Our account may not send texts to the customer's country.",
            "fr": "Notre compte ne peut pas envoyer de SMS vers le pays du client.",
        },
        "21610": {
            "en": "The customer has asked for no more texts from this number (STOP).",
            "fr": "Le client a demandé à ne plus recevoir de SMS de ce numéro (STOP).",
        },
        "21612": {"en": "This number cannot reach the customer's.", "fr": "Ce numéro ne peut pas joindre celui du client."},
        "21614": {"en": "The customer's number is not a mobile number.", "fr": "Le numéro du client n'est pas un mobile."},
        "21617": {"en": "The text is too long for a text message.", "fr": "Le texte est trop long pour un SMS."},
        "21659": {"en": "The number to send from is not our account's.", "fr": "Le numéro d'envoi n'appartient pas à notre compte."},
        "30001": {"en": "Too many texts were waiting at the provider.", "fr": "Trop de SMS attendaient chez le fournisseur."},
        "30002": {"en": "Our account at the provider is suspended.", "fr": "Notre compte chez le fournisseur est suspendu."},
        "30003": {
            "en": "The customer's phone is switched off or out of reach.",
            "fr": "Le téléphone du client est éteint ou hors de portée.",
        },
        "30004": {"en": "The customer's phone or carrier blocks our texts.", "fr": "Le téléphone ou l'opérateur du client bloque nos SMS."},
        "30005": {"en": "The customer's number is not in service.", "fr": "Le numéro du client n'est pas attribué."},
        "30006": {
            "en": "The customer's number is a landline, or its carrier takes no texts.",
            "fr": "Le numéro du client est un fixe, ou son opérateur n'accepte pas les SMS.",
        },
        "30007": {"en": "The carrier held the text to be unwanted.", "fr": "L'opérateur a jugé le SMS indésirable."},
        "30008": {"en": "The carrier did not say why.", "fr": "L'opérateur n'a pas dit pourquoi."},
        "30034": {
            "en": "Our number is not registered with the customer's carriers.",
            "fr": "Notre numéro n'est pas enregistré auprès des opérateurs du client.",
        },
    }
)


def reason(code: str, language: str | None) -> str:
    """Why, in plain words. A code without words of its own is named."""
    if code in _REASONS.keys():  # noqa: SIM118  a catalogue is no mapping
        return _REASONS.text(code, language)
    return _REASONS.text(OTHER, language, code=code)
