"""What is wrong with a scenario, by name: where, and one sentence in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from standardiste.common.catalogue import Catalogue
from standardiste.common.errors import StandardisteError

FAULTS_MAX: Final = 100

TEXTS: Final = Catalogue(
    {
        "not_a_map": {"en": "Names with values are expected here.", "fr": "Des noms avec leurs valeurs sont attendus ici."},
        "not_a_list": {"en": "A list is expected here.", "fr": "Une liste est attendue ici."},
        "unknown_field": {
            "en": "There is no field “{name}” here; known are {known}.",
            "fr": "Il n'y a pas de champ « {name} » ici ; existent {known}.",
        },
        "missing_field": {"en": "“{name}” is missing.", "fr": "« {name} » manque."},
        "format_too_new": {
            "en": "Format {found} is not known here ({known}).",
            "fr": "Le format {found} n'est pas connu ici ({known}).",
        },
        "not_a_duration": {
            "en": "“{value}” is no length of time: a number with its unit, as 500ms, 90s, 3m, 8h or 1h30m.",
            "fr": "« {value} » n'est pas une durée : un nombre avec son unité, comme 500ms, 90s, 3m, 8h ou 1h30m.",
        },
        "not_a_number": {
            "en": "“{value}” is no number from {least} to {most}.",
            "fr": "« {value} » n'est pas un nombre de {least} à {most}.",
        },
        "not_a_text": {"en": "“{value}” is no text.", "fr": "« {value} » n'est pas un texte."},
        "not_an_instant": {
            "en": "“{value}” is no instant: RFC 3339, as 2026-01-05T08:00:00Z.",
            "fr": "« {value} » n'est pas un instant : RFC 3339, comme 2026-01-05T08:00:00Z.",
        },
        "instant_out_of_range": {
            "en": "“{value}” lies outside the years 1970 to 2999.",
            "fr": "« {value} » sort des années 1970 à 2999.",
        },
        "unknown_channel": {
            "en": "There is no channel “{value}”; known are {known}.",
            "fr": "Il n'y a pas de canal « {value} » ; existent {known}.",
        },
        "not_a_distribution": {
            "en": "One of these is expected: a length of time, or exponential, deterministic, lognormal or empirical.",
            "fr": "Une de ces formes est attendue : une durée, ou exponential, deterministic, lognormal ou empirical.",
        },
        "not_arrivals": {
            "en": "One of these is expected: per_hour, by_interval, trace or trace_file.",
            "fr": "Une de ces formes est attendue : per_hour, by_interval, trace ou trace_file.",
        },
        "not_in_order": {"en": "Times grow from line to line.", "fr": "Les instants croissent de ligne en ligne."},
        "empty": {"en": "There is nothing here.", "fr": "Il n'y a rien ici."},
        "too_many": {"en": "{count} are too many; at most {most}.", "fr": "{count}, c'est trop ; au plus {most}."},
        "bad_file": {"en": "The file {file} cannot be read: {detail}.", "fr": "Le fichier {file} est illisible : {detail}."},
        "no_column": {
            "en": "The first line of {file} names the columns; {name} is not among them.",
            "fr": "La première ligne de {file} nomme les colonnes ; {name} n'y est pas.",
        },
        "not_in_seconds": {
            "en": "Line {at_line} of {file}: “{value}” in the column {name} is no number of seconds.",
            "fr": "Ligne {at_line} de {file} : « {value} », dans la colonne {name}, n'est pas un nombre de secondes.",
        },
        "line_not_in_order": {
            "en": "Line {at_line} of {file} is earlier than the line before it.",
            "fr": "La ligne {at_line} de {file} est antérieure à la précédente.",
        },
        "unknown_reference": {
            "en": "The configuration has no {kind}/{id}.",
            "fr": "La configuration n'a pas de {kind}/{id}.",
        },
        "level_out_of_range": {
            "en": "Skill levels go from 1 to 5, not {value}.",
            "fr": "Les niveaux de compétence vont de 1 à 5, pas {value}.",
        },
        "queue_needed": {
            "en": "The configuration has rules, which are not asked of contacts with skills or labels of their own: name their queue as well.",
            "fr": "La configuration a des règles, qui ne s'appliquent pas aux contacts dont les compétences ou étiquettes sont données ici : nommez aussi leur file.",
        },
        "address_of_another_channel": {
            "en": "The channel address {id} is of the channel {channel}.",
            "fr": "L'adresse {id} est du canal {channel}.",
        },
        "count_or_people": {
            "en": "Either count (agents made here) or people (of the configuration) is expected, not both.",
            "fr": "Soit count (agents créés ici), soit people (de la configuration), pas les deux.",
        },
        "nobody": {
            "en": "Nobody works here: the configuration has nobody with a profile or the role of an agent, or the list is empty.",
            "fr": "Personne ne travaille ici : la configuration n'a personne avec un profil ou le rôle d'agent, ou la liste est vide.",
        },
        "takes_no_work": {
            "en": "{id} takes no work: neither a profile nor the role of an agent.",
            "fr": "{id} ne prend pas de travail : ni profil ni rôle d'agent.",
        },
        "people_have_their_own": {
            "en": "People of the configuration bring their own “{name}”.",
            "fr": "Les personnes de la configuration ont leur propre « {name} ».",
        },
        "twice": {"en": "“{value}” is here twice.", "fr": "« {value} » est ici deux fois."},
        "patience_of_no_use": {
            "en": "Only customers of voice and chat wait at the line; on {channel} patience means nothing.",
            "fr": "Seuls les clients de la voix et de la discussion attendent en ligne ; sur {channel}, la patience n'a pas de sens.",
        },
        "queue_without_wrap_up": {
            "en": "The queue {queue} has no wrap-up on {channel}. Say in the configuration that it has: wrap_up: optional.",
            "fr": "La file {queue} n'a pas de clôture sur {channel}. Donnez-lui-en une dans la configuration : wrap_up: optional.",
        },
        "no_disposition": {
            "en": "The queue {queue} asks for a disposition at the end of each wrap-up, and the configuration has none: no work would ever end.",
            "fr": "La file {queue} demande une issue à la fin de chaque clôture, et la configuration n'en a aucune : aucun travail ne finirait.",
        },
        "more_than_all": {
            "en": "declines and misses together are more than 1.",
            "fr": "declines et misses dépassent 1 ensemble.",
        },
        "configuration_refused": {
            "en": "The router refuses this configuration ({reason}): {detail}",
            "fr": "Le routeur refuse cette configuration ({reason}) : {detail}",
        },
        "line": {"en": "line {line}", "fr": "ligne {line}"},
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioFault:
    """One thing wrong. `pointer` is a JSON pointer into the scenario, `line` its line where the text has one (from 1)."""

    name: str
    pointer: str = ""
    line: int | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def message(self, language: str) -> str:
        """The sentence alone."""
        return TEXTS.text(self.name, language, **self.parameters)

    def text(self, language: str) -> str:
        """Where and what, on one line."""
        return said(self.line, self.pointer, self.message(language), language)


def said(line: int | None, pointer: str, message: str, language: str) -> str:
    """Where and what, on one line; lines and pointers that are not known are left out."""
    where = [TEXTS.text("line", language, line=line)] if line is not None else []
    return ": ".join(filter(None, (", ".join(filter(None, (*where, pointer))), message)))


def fault(name: str, pointer: str = "", /, **parameters: Any) -> ScenarioFault:
    return ScenarioFault(name=name, pointer=pointer, parameters=parameters)


class ScenarioRefused(StandardisteError):
    """Nothing was simulated. At least one fault, at most FAULTS_MAX."""

    def __init__(self, faults: Sequence[ScenarioFault]) -> None:
        self.faults = tuple(faults)[:FAULTS_MAX]
        super().__init__("; ".join(each.text("en") for each in self.faults))

    def __reduce__(self) -> tuple[type[ScenarioRefused], tuple[tuple[ScenarioFault, ...]]]:
        """As it was made, so that a replication can be refused in a process of its own."""
        return ScenarioRefused, (self.faults,)
