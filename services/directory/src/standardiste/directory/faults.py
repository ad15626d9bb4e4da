"""What is wrong with a configuration, by name: where, and one sentence in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from standardiste.common.catalogue import Catalogue
from standardiste.common.errors import StandardisteError

FAULTS_MAX: Final = 100

TEXTS: Final = Catalogue(
    {
        # ---- the document
        "not_yaml": {"en": "This is not YAML: {detail}.", "fr": "Ce n'est pas du YAML : {detail}."},
        "too_deep": {"en": "The document is nested too deeply.", "fr": "Le document est imbriqué trop profondément."},
        "alias": {"en": "Anchors, aliases and tags are not taken.", "fr": "Les ancres, alias et étiquettes ne sont pas admis."},
        "duplicate": {"en": "“{name}” is written twice.", "fr": "« {name} » est écrit deux fois."},
        "not_a_map": {"en": "Names with values are expected here.", "fr": "Des noms avec leurs valeurs sont attendus ici."},
        "unknown_kind": {
            "en": "There is no kind “{name}”; known are {known}.",
            "fr": "Il n'y a pas de genre « {name} » ; existent {known}.",
        },
        "unknown_field": {"en": "There is no field “{name}” here.", "fr": "Il n'y a pas de champ « {name} » ici."},
        "invalid_field": {"en": "{detail}", "fr": "Valeur refusée : {detail}"},
        "format_too_new": {
            "en": "Format {found} is newer than this program knows ({known}).",
            "fr": "Le format {found} est plus récent que ce programme ({known}).",
        },
        "not_in_document": {"en": "“{name}” cannot be set up in a document.", "fr": "« {name} » ne se configure pas dans un document."},
        # ---- single entities
        "bad_id": {
            "en": "“{id}” cannot be an id: letters, digits, “-”, “_”, “.” and “+”, at most 64, beginning with a letter or digit.",
            "fr": "« {id} » ne peut être un identifiant : lettres, chiffres, « - », « _ », « . » et « + », 64 au plus, en commençant par une lettre ou un chiffre.",
        },
        "id_archived": {
            "en": "{entity} was archived by change set {number}; an id is never used again. Undo that change set, or choose another id.",
            "fr": "{entity} a été archivé par l'ensemble {number} ; un identifiant ne resert jamais. Annulez cet ensemble ou choisissez un autre identifiant.",
        },
        "unknown_reference": {"en": "There is no {entity}.", "fr": "Il n'y a pas de {entity}."},
        "level_out_of_range": {
            "en": "Skill levels go from 1 to 5, not {level}.",
            "fr": "Les niveaux de compétence vont de 1 à 5, pas {level}.",
        },
        "out_of_range": {"en": "{value} is out of range: {range}.", "fr": "{value} est hors limites : {range}."},
        "twice_in_list": {"en": "“{value}” is in the list twice.", "fr": "« {value} » est deux fois dans la liste."},
        "unknown_zone": {"en": "There is no time zone “{zone}”.", "fr": "Il n'y a pas de fuseau horaire « {zone} »."},
        "bad_language": {"en": "“{tag}” is no language tag.", "fr": "« {tag} » n'est pas une étiquette de langue."},
        "bad_date": {"en": "“{value}” is no date (2026-01-31).", "fr": "« {value} » n'est pas une date (2026-01-31)."},
        "unknown_holidays": {
            "en": "The public holidays of “{code}” are not known. It is a country, or a region in it: “FR”, “FR-57”, “DE-BY”.",
            "fr": "Les jours fériés de « {code} » ne sont pas connus. Il faut un pays, ou une région de celui-ci : « FR », « FR-57 », « DE-BY ».",
        },
        "dates_reversed": {"en": "It ends before it begins.", "fr": "La fin précède le début."},
        "bad_opening": {
            "en": "“{value}” is no opening: from 00:00 to 24:00, first the earlier.",
            "fr": "« {value} » n'est pas un horaire : de 00:00 à 24:00, le plus tôt d'abord.",
        },
        "bad_mail_address": {"en": "“{address}” is no mail address.", "fr": "« {address} » n'est pas une adresse électronique."},
        "bad_number": {
            "en": "“{address}” is no telephone number in international form (+33…).",
            "fr": "« {address} » n'est pas un numéro international (+33…).",
        },
        "empty": {
            "en": "It may not be empty, nor have spaces or be too long.",
            "fr": "Ne peut être vide, contenir des espaces ni être trop long.",
        },
        "required_entity": {
            "en": "{entity} is always there and cannot be archived.",
            "fr": "{entity} existe toujours et ne peut être archivé.",
        },
        "no_administrator": {
            "en": "This takes the last administrator away: nobody could change the configuration any more. A document is the whole configuration; begin from an export.",
            "fr": "Le dernier administrateur disparaîtrait : plus personne ne pourrait configurer. Un document est la configuration entière ; partez d'un export.",
        },
        "ready_not_routable": {"en": "The status “ready” is routable.", "fr": "Le statut « ready » reçoit du travail."},
        "role_not_here": {
            "en": "The role platform_administrator belongs to the installation and is given to logins only.",
            "fr": "Le rôle platform_administrator appartient à l'installation et ne se donne qu'aux comptes.",
        },
        "scope_without_id": {"en": "The scope “{scope}” needs an id.", "fr": "La portée « {scope} » demande un identifiant."},
        "scope_with_id": {"en": "The scope “{scope}” has no id.", "fr": "La portée « {scope} » n'a pas d'identifiant."},
        "unknown_act": {"en": "There is no act “{act}”.", "fr": "Il n'y a pas d'acte « {act} »."},
        "unknown_word": {"en": "There is no “{value}” here; known are {known}.", "fr": "« {value} » n'existe pas ici ; existent {known}."},
        "unknown_filter": {
            "en": "There is no filter “{name}”; known are {known}.",
            "fr": "Il n'y a pas de filtre « {name} » ; existent {known}.",
        },
        "two_orders": {
            "en": "The order is “{order}”, and is_lifo says “lifo”. Say one.",
            "fr": "L'ordre est « {order} », et is_lifo dit « lifo ». N'en donnez qu'un.",
        },
        "too_many_steps": {"en": "At most {most} relaxation steps.", "fr": "Au plus {most} étapes d'assouplissement."},
        "steps_out_of_order": {"en": "The ages of relaxation steps grow.", "fr": "Les âges des étapes d'assouplissement croissent."},
        "address_taken": {
            "en": "The {channel} address {address} is set up already ({where}).",
            "fr": "L'adresse {channel} {address} est déjà configurée ({where}).",
        },
        "only_main_rules": {"en": "There is one rule set, “main”.", "fr": "Il y a un seul jeu de règles, « main »."},
        "rules_refused": {"en": "The rules are refused ({reason}): {detail}", "fr": "Les règles sont refusées ({reason}) : {detail}"},
        # ---- about customers
        "choices_unfit": {
            "en": "Choices belong to attributes of type “choice”, and these need some.",
            "fr": "Les choix vont aux attributs de type « choice », auxquels il en faut.",
        },
        "default_unfit": {"en": "The default is not of type “{type}”.", "fr": "La valeur par défaut n'est pas du type « {type} »."},
        "unknown_role": {
            "en": "There is no role “{name}”; known are {known}.",
            "fr": "Il n'y a pas de rôle « {name} » ; existent {known}.",
        },
        "bad_url": {"en": "This is no address of the web (https://…).", "fr": "Ce n'est pas une adresse web (https://…)."},
        # ---- undo
        "changed_since": {
            "en": "{entity} was changed again by change set {number}; undo that one first.",
            "fr": "{entity} a été modifié de nouveau par l'ensemble {number} ; annulez d'abord celui-ci.",
        },
        # ---- warnings
        "nobody_can": {
            "en": "Nobody can take what {where} asks for: {skills}.",
            "fr": "Personne ne peut prendre ce que {where} demande : {skills}.",
        },
        "nobody_on": {
            "en": "Nobody can take {channel} in “{tag}” that comes in at {where} for {queue}: {skills}.",
            "fr": "Personne ne peut prendre {channel} en « {tag} » arrivant par {where} pour {queue} : {skills}.",
        },
        "leads_nowhere": {
            "en": "What {where} should send to another queue stays where it is: no other queue is named.",
            "fr": "Ce que {where} devrait envoyer vers une autre file reste où il est : aucune autre file n'est nommée.",
        },
        "never_open": {
            "en": "{where} waits for {calendar}, which never opens: nothing in it is offered to anybody.",
            "fr": "{where} attend {calendar}, qui n'ouvre jamais : rien n'y est proposé à personne.",
        },
        "nobody_serves": {"en": "No agent serves {entity}.", "fr": "Aucun agent ne sert {entity}."},
        "lifo_shares_class": {
            "en": "The last goes first in {entity}, and others share its strict class {number}: all of it goes before all of {others}. Give it a class of its own.",
            "fr": "Le dernier passe en premier dans {entity}, et d'autres partagent sa classe stricte {number} : tout y passe avant tout {others}. "
            "Donnez-lui une classe à part.",
        },
        "secret_missing": {"en": "The secret “{name}” has no value yet.", "fr": "Le secret « {name} » n'a pas encore de valeur."},
        "here": {"en": "this tenant", "fr": "ce locataire"},
        "elsewhere": {"en": "another tenant", "fr": "un autre locataire"},
        "line": {"en": "line {line}", "fr": "ligne {line}"},
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong. `pointer` is a JSON pointer into the document, `line` its line where the text has one (from 1)."""

    name: str
    pointer: str = ""
    line: int | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def message(self, language: str) -> str:
        """The sentence alone. A parameter that is itself a key of the catalogue is translated."""
        said = {name: _said(value, language) for name, value in self.parameters.items()}
        return TEXTS.text(self.name, language, **said)

    def text(self, language: str) -> str:
        """Where and what, on one line."""
        where = [TEXTS.text("line", language, line=self.line)] if self.line is not None else []
        return ": ".join(filter(None, (", ".join(filter(None, (*where, self.pointer))), self.message(language))))

    def plain(self, language: str) -> dict[str, Any]:
        """As an answer carries it."""
        found = {"name": self.name, "pointer": self.pointer, "line": self.line, "message": self.message(language)}
        return {name: value for name, value in found.items() if value not in (None, "")}


def fault(name: str, pointer: str = "", /, **parameters: Any) -> Fault:
    return Fault(name=name, pointer=pointer, parameters=parameters)


class ConfigurationRefused(StandardisteError):
    """Nothing of it was applied. At least one fault, at most FAULTS_MAX."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)[:FAULTS_MAX]
        super().__init__("; ".join(each.text("en") for each in self.faults))


def _said(value: Any, language: str) -> Any:
    return TEXTS.text(value, language) if value in ("here", "elsewhere") else value
