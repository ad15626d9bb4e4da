"""What people read on the demo page and in the mails of the chat, in French and English. The widget carries its own catalogues (web/src/texts.ts)."""

from __future__ import annotations

from typing import Final

from standardiste.common.catalogue import LANGUAGES, Catalogue

__all__ = ["LANGUAGES", "TEXTS"]

TEXTS: Final = Catalogue(
    {
        "left_subject": {"en": "Message left on {page}", "fr": "Message laissé sur {page}"},
        "transcript_subject": {"en": "Your conversation with {page}", "fr": "Votre discussion avec {page}"},
        "transcript_you": {"en": "You", "fr": "Vous"},
        "transcript_cut": {"en": "(The beginning is left out.)", "fr": "(Le début n'est pas repris.)"},
        "transcript_removed": {"en": "(removed)", "fr": "(retiré)"},
        "us": {"en": "Our team", "fr": "Notre équipe"},
        "title": {"en": "Maison Lumen · Lamps made to last", "fr": "Maison Lumen · Des lampes faites pour durer"},
        "brand": {"en": "Maison Lumen", "fr": "Maison Lumen"},
        "shop": {"en": "Shop", "fr": "Boutique"},
        "repairs": {"en": "Repairs", "fr": "Réparations"},
        "contact": {"en": "Contact", "fr": "Contact"},
        "other_language": {"en": "Français", "fr": "English"},
        "headline": {"en": "Light that stays with you.", "fr": "Une lumière qui reste."},
        "lead": {
            "en": "Every lamp leaves our workshop with a spare part for each piece that can wear out. A question? Write to us, bottom right: a person answers.",
            "fr": "Chaque lampe quitte notre atelier avec une pièce de rechange pour tout ce qui peut s'user. Une question ? Écrivez-nous, en bas à droite : une personne répond.",
        },
        "see": {"en": "See the lamps", "fr": "Voir les lampes"},
        "note": {
            "en": "A demonstration page. The chat is real: what you write reaches the agents of this installation.",
            "fr": "Une page de démonstration. Le chat est réel : ce que vous écrivez parvient aux agents de cette installation.",
        },
        "lamp_1": {"en": "Ondine, table lamp", "fr": "Ondine, lampe à poser"},
        "lamp_2": {"en": "Phare, floor lamp", "fr": "Phare, lampadaire"},
        "lamp_3": {"en": "Lucarne, wall light", "fr": "Lucarne, applique"},
        "lamp_1_text": {"en": "Blown glass, brass foot", "fr": "Verre soufflé, pied en laiton"},
        "lamp_2_text": {"en": "Ash, linen shade", "fr": "Frêne, abat-jour en lin"},
        "lamp_3_text": {"en": "Glazed stoneware", "fr": "Grès émaillé"},
    }
)
