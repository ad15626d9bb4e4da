"""What is said of an address that does not fare well, in plain words, French and English."""

from __future__ import annotations

from typing import Final

from standardiste.common.catalogue import Catalogue

WORDS: Final = Catalogue(
    {
        "no_credentials": {
            "en": "This address has no account at the provider yet: an administrator must enter it.",
            "fr": "Cette adresse n'a pas encore de compte chez le fournisseur : un administrateur doit le saisir.",
        },
        "credentials_refused": {
            "en": "The provider does not accept our credentials: an administrator must renew them.",
            "fr": "Le fournisseur refuse nos identifiants : un administrateur doit les renouveler.",
        },
        "account_not_active": {
            "en": "Our account at the provider is not active ({code}).",
            "fr": "Notre compte chez le fournisseur n'est pas actif ({code}).",
        },
        "not_reached": {"en": "The provider cannot be reached.", "fr": "Le fournisseur est injoignable."},
        "no_answer": {"en": "The provider does not answer.", "fr": "Le fournisseur ne répond pas."},
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
        "no_key": {
            "en": "No API key may post to this channel: nothing can arrive.",
            "fr": "Aucune clé d'API ne peut déposer sur ce canal : rien ne peut arriver.",
        },
        "not_built": {
            "en": "The chat window is not installed on this server.",
            "fr": "La fenêtre de discussion n'est pas installée sur ce serveur.",
        },
        "other": {"en": "The provider answers with an error ({code}).", "fr": "Le fournisseur répond par une erreur ({code})."},
        "check_failed": {
            "en": "This address could not be looked at; the service's log says why.",
            "fr": "Cette adresse n'a pas pu être vérifiée ; le journal du service dit pourquoi.",
        },
        "silent": {
            "en": "Nothing has come in since {since}, which is unusual.",
            "fr": "Rien n'est arrivé depuis le {since}, ce qui est inhabituel.",
        },
        "expires": {"en": "The credential of this address ends on {day}.", "fr": "L'identifiant de cette adresse expire le {day}."},
        "expired": {"en": "The credential of this address ended on {day}.", "fr": "L'identifiant de cette adresse a expiré le {day}."},
    }
)
