"""What the `standardiste` command says, in French and English."""

from __future__ import annotations

from standardiste.common.catalogue import Catalogue, language_of_terminal

WORDS = Catalogue(
    {
        "ready": {"en": "Standardiste is ready.", "fr": "Standardiste est prêt."},
        "desk": {"en": "Agent desk:   {url}/desk", "fr": "Poste agent :       {url}/desk"},
        "chat": {"en": "Chat page:    {url}/v1/chat/demo?page={page}", "fr": "Page de discussion : {url}/v1/chat/demo?page={page}"},
        "sign_in": {
            "en": "Sign in as:   {name}  ·  password: {password}",
            "fr": "Se connecter :      {name}  ·  mot de passe : {password}",
        },
        "smtp": {"en": "Mail in:      SMTP on 127.0.0.1:{port}", "fr": "Courriel entrant :  SMTP sur 127.0.0.1:{port}"},
        "stop_hint": {
            "en": "Ctrl-C stops it; started again, it goes on where it stopped.",
            "fr": "Ctrl-C l'arrête ; relancé, il reprend où il en était.",
        },
        "first_admin": {
            "en": "First administrator: {name}  ·  password: {password}  (shown this once)",
            "fr": "Premier administrateur : {name}  ·  mot de passe : {password}  (affiché cette seule fois)",
        },
        "held": {
            "en": "This folder was restored from backup {name}: sending and mailbox reading are held. Release them with `standardiste release`.",
            "fr": "Ce dossier vient de la sauvegarde {name} : l'envoi et la relève des boîtes sont suspendus. Pour les libérer : `standardiste release`.",
        },
        "listening": {
            "en": "Listening to {url}. Ctrl-C ends it.",
            "fr": "À l'écoute de {url}. Ctrl-C pour terminer.",
        },
        "released": {"en": "Sending and mailbox reading go on.", "fr": "L'envoi et la relève des boîtes reprennent."},
        "applied": {
            "en": "Change set {number} applied: {count} changed.",
            "fr": "Jeu de modifications {number} appliqué : {count} changement(s).",
        },
        "nothing_changes": {"en": "Nothing changes.", "fr": "Rien ne change."},
        "undone": {"en": "Change set {number} taken back by change set {by}.", "fr": "Jeu {number} annulé par le jeu {by}."},
        "backup_taken": {
            "en": "Backup {name}: log {log_mb:.1f} MB, documents {document_mb:.1f} MB, {blobs} blobs.",
            "fr": "Sauvegarde {name} : journal {log_mb:.1f} Mo, documents {document_mb:.1f} Mo, {blobs} pièces.",
        },
        "restored": {
            "en": "Restored into {folder}. Start it with: standardiste run --data {folder}",
            "fr": "Restauré dans {folder}. Démarrage : standardiste run --data {folder}",
        },
        "importing": {"en": "Importing", "fr": "Importation"},
        "at_line": {"en": "line {line}", "fr": "ligne {line}"},
        "more_faults": {"en": "… and {count} more lines.", "fr": "… et {count} autres lignes."},
        "imported": {
            "en": "{rows} lines: {made} made, {changed} changed, {unchanged} as they were, {refused} refused.",
            "fr": "{rows} lignes : {made} créées, {changed} modifiées, {unchanged} inchangées, {refused} refusées.",
        },
        "would_import": {
            "en": "{rows} lines would be: {made} made, {changed} changed, {unchanged} as they were, {refused} refused. Nothing was changed.",
            "fr": "{rows} lignes seraient : {made} créées, {changed} modifiées, {unchanged} inchangées, {refused} refusées. Rien n'a été modifié.",
        },
        "refused": {"en": "Refused ({name}): {detail}", "fr": "Refusé ({name}) : {detail}"},
        "unreachable": {"en": "No installation answers at {url}.", "fr": "Aucune installation ne répond à {url}."},
        "password": {"en": "Password for {name}: ", "fr": "Mot de passe de {name} : "},
        "no_password": {
            "en": "No password for {name}: set STANDARDISTE_PASSWORD or STANDARDISTE_API_KEY, or run this at a terminal.",
            "fr": "Aucun mot de passe pour {name} : définissez STANDARDISTE_PASSWORD ou STANDARDISTE_API_KEY, ou lancez ceci dans un terminal.",
        },
        "warning": {"en": "Warning: {detail}", "fr": "Attention : {detail}"},
        "already_running": {"en": "Another process uses {folder}: {detail}", "fr": "Un autre processus utilise {folder} : {detail}"},
        "backing_up": {"en": "Taking a backup", "fr": "Sauvegarde en cours"},
        "restoring": {"en": "Restoring", "fr": "Restauration en cours"},
        "topics_well": {"en": "Every topic is as it must be.", "fr": "Chaque sujet est conforme."},
        "bus_is_kafka": {
            "en": "give --bus kafka://host:port, or set STANDARDISTE_BUS",
            "fr": "indiquez --bus kafka://hôte:port, ou la variable STANDARDISTE_BUS",
        },
        "no_dead_letters": {"en": "No dead-letters.", "fr": "Aucun message en souffrance."},
        "redriven": {"en": "{place} published anew to {topic}.", "fr": "{place} republié vers {topic}."},
        "begun": {"en": "The installation is set up.", "fr": "L'installation est prête à servir."},
        "starting": {"en": "Starting {what}", "fr": "Démarrage : {what}"},
        "service_at": {"en": "{name:<14} {url}", "fr": "{name:<14} {url}"},
        "down": {"en": "Everything is stopped; the data stay in {folder}.", "fr": "Tout est arrêté ; les données restent dans {folder}."},
        "not_up": {"en": "Nothing runs on {folder}.", "fr": "Rien ne tourne sur {folder}."},
        "demo_playing": {"en": "Customers at play", "fr": "Les clients jouent"},
        "demo_says": {"en": "{channel}: {who} — {what}", "fr": "{channel} : {who} — {what}"},
        "demo_answered": {"en": "{channel}: {who} got the answer: {what}", "fr": "{channel} : {who} a reçu la réponse : {what}"},
        "demo_letter": {"en": "letter", "fr": "courrier"},
        "demo_waiting": {
            "en": "{count} customers wait for you at the desk. Answer them there; their answers show here.",
            "fr": "{count} clients vous attendent au poste agent. Répondez-leur ; leurs réponses reçues s'affichent ici.",
        },
        "simulating": {"en": "Simulating", "fr": "Simulation"},
        "simulated": {
            "en": "Means of {replications} replications ± half of the {confidence:g} % interval. {interactions} interactions, {seconds:.1f} s of processor time: {rate:.0f} a second on one core.",
            "fr": "Moyennes de {replications} répétitions ± la moitié de l'intervalle à {confidence:g} %. {interactions} interactions, {seconds:.1f} s de processeur : {rate:.0f} par seconde sur un cœur.",
        },
        "simulated_once": {
            "en": "One replication, which has no interval. {interactions} interactions, {seconds:.1f} s of processor time: {rate:.0f} a second on one core.",
            "fr": "Une seule répétition, donc sans intervalle. {interactions} interactions, {seconds:.1f} s de processeur : {rate:.0f} par seconde sur un cœur.",
        },
        "simulated_contacts": {"en": "Contacts", "fr": "Contacts"},
        "simulated_agents": {"en": "Agents", "fr": "Agents"},
        "simulated_all": {"en": "all", "fr": "tous"},
        "simulated_offered": {"en": "offered", "fr": "reçus"},
        "simulated_service_level": {"en": "service level %", "fr": "niveau de service %"},
        "simulated_asa_s": {"en": "ASA s", "fr": "attente moyenne s"},
        "simulated_abandonment": {"en": "abandoned %", "fr": "abandons %"},
        "simulated_turned_away": {"en": "turned away %", "fr": "refusés %"},
        "simulated_unanswered": {"en": "unanswered", "fr": "sans réponse"},
        "simulated_waits": {"en": "Waits of the answered", "fr": "Attente avant réponse"},
        "simulated_wait_p50_s": {"en": "P50 s", "fr": "P50 s"},
        "simulated_wait_p90_s": {"en": "P90 s", "fr": "P90 s"},
        "simulated_wait_p99_s": {"en": "P99 s", "fr": "P99 s"},
        "simulated_staffed_h": {"en": "hours there", "fr": "heures de présence"},
        "simulated_occupancy": {"en": "occupancy %", "fr": "occupation %"},
        "simulated_handled": {"en": "handled", "fr": "traités"},
        "simulated_handled_per_h": {"en": "an hour", "fr": "par heure"},
        "simulated_declined": {"en": "declined", "fr": "déclinés"},
        "simulated_missed": {"en": "missed", "fr": "manqués"},
    }
)


def say(key: str, **parameters: object) -> str:
    """The text of a key in the terminal's language."""
    return WORDS.text(key, language_of_terminal(), **parameters)
