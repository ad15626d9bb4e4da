"""
What of a mail's text is new: the quoted earlier mails and the signature apart. Pure.

Folding is for reading only; the whole text is always kept. So this cuts where it is sure and else leaves everything: an answer written between the quoted
lines, a forwarded mail, or a text that would be left empty is all new. Understood: `>` quotes above or below, attribution lines and mail headers of the
usual programs in French, English, German, Spanish, Italian, Dutch and Portuguese, `-- ` signatures, and the "sent from my phone" lines.
"""

from __future__ import annotations

import re

LINES_MAX = 20_000
_ATTRIBUTION_LINES_MAX = 4

_ATTRIBUTION = re.compile(
    r"(?:"
    r"(?:le|el|il|op|am|on|em)\b.{4,300}?(?:a écrit|wrote|schrieb|escribió|ha scritto|schreef|escreveu).{0,80}?:"
    r"|.{0,200}?@.{0,200}?(?:a écrit|wrote|schrieb|escribió|ha scritto|schreef|escreveu)\s?:"
    r"|\d{4}[-/]\d{1,2}[-/]\d{1,2}.{0,120}?<[^<>\s]{3,200}>\s?:"
    r")",
    re.IGNORECASE,
)
_DIVIDER = re.compile(
    r"\s*[-_]{2,}\s*(?:original message|message d'origine|message d’origine|message initial|ursprüngliche nachricht|mensaje original|messaggio originale|"
    r"oorspronkelijk bericht|mensagem original|reply message|réponse)\s*[-_]{2,}\s*",
    re.IGNORECASE,
)
_FORWARD = re.compile(
    r"\s*(?:[-_]{2,}\s*)?(?:forwarded message|message transféré|message réexpédié|weitergeleitete nachricht|mensaje reenviado|messaggio inoltrato|"
    r"begin forwarded message|début du message (?:transféré|réexpédié))\b.{0,40}",
    re.IGNORECASE,
)
_FORWARD_SUBJECT = re.compile(r"\s*(?:fwd?|tr|wg|rv|i|enc)\s*:", re.IGNORECASE)
_HEADER_FROM = re.compile(r"\s*\*?(?:from|de|von|da|van|expéditeur)\s?\*?\s?:\*?\s?.{2,}", re.IGNORECASE)
_HEADER_NEXT = re.compile(
    r"\s*\*?(?:sent|date|to|subject|cc|envoyé|envoyé le|date d'envoi|à|objet|gesendet|datum|an|betreff|enviado|fecha|para|asunto|inviato|data|a|oggetto|"
    r"verzonden|aan|onderwerp|assunto)\s?\*?\s?:\*?\s?.*",
    re.IGNORECASE,
)
_PHONE = re.compile(
    r"\s*(?:envoyé (?:depuis|de|à partir de) (?:mon|ma|outlook|yahoo|orange)|sent from (?:my|outlook|yahoo|mail for)|get outlook for|télécharger outlook|"
    r"von meinem .{2,30} gesendet|gesendet von|enviado desde mi|inviato da|provenance : courrier|obtenir outlook)\b.{0,80}",
    re.IGNORECASE,
)
_RULE = re.compile(r"\s*[_\-=*]{3,}\s*")


def new_text(text: str, subject: str | None = None) -> str | None:
    """
    The new words alone; None when all of the text is new.

    Never empty, and never more than the text: what is left out is still in the text.
    """
    lines = text.split("\n")
    if len(lines) > LINES_MAX or (subject and _FORWARD_SUBJECT.match(subject)):
        return None
    kept = _without_quotes(lines)
    if kept is None:
        return None
    kept = _without_signature(kept)
    new = "\n".join(kept).strip()
    return new if new and new != text.strip() else None


def _without_quotes(lines: list[str]) -> list[str] | None:
    """The lines outside of the one quoted stretch; None when quotes and answers alternate or something is forwarded."""
    for number, line in enumerate(lines):
        if _FORWARD.fullmatch(line):
            return None
        if _DIVIDER.fullmatch(line) or _is_header_block(lines, number):
            head = lines[:number]
            return None if _has_quotes(head) else _trimmed(head)
        if line.startswith(">"):
            return _around_quote(lines, number)
        last = _attribution_end(lines, number)
        if last is not None and (quote := _next_said(lines, last + 1)) is not None and lines[quote].startswith(">"):
            return _around_quote(lines, quote, begins=number)
        if last is not None and last >= number and _is_attribution_sure(lines, number, last):
            return _trimmed(lines[:number])
    return lines


def _around_quote(lines: list[str], quote: int, begins: int | None = None) -> list[str] | None:
    """What stands before and after one run of `>` lines; None when a second run follows words."""
    end = quote
    for number in range(quote, len(lines)):
        if lines[number].startswith(">"):
            end = number + 1
        elif lines[number].strip():
            break
    tail = lines[end:]
    if _has_quotes(tail):
        return None
    head = _trimmed(lines[: quote if begins is None else begins])
    return [*head, *tail] if any(line.strip() for line in tail) else head


def _attribution_end(lines: list[str], start: int) -> int | None:
    """The last line of an attribution that begins here ("Le mar. 3 mars, Jean <j@…> a écrit :", broken over up to four lines)."""
    joined = ""
    for number in range(start, min(start + _ATTRIBUTION_LINES_MAX, len(lines))):
        line = lines[number].strip()
        if not line or line.startswith(">"):
            return None
        joined = f"{joined} {line}".strip()
        if len(joined) > 600:
            return None
        if line.endswith(":"):
            return number if _ATTRIBUTION.fullmatch(joined) else None
    return None


def _is_attribution_sure(lines: list[str], start: int, last: int) -> bool:
    """An attribution without `>` after it (a program that indents) counts when it names an address or a time and something follows."""
    joined = " ".join(lines[start : last + 1])
    return _next_said(lines, last + 1) is not None and bool(re.search(r"@|\d{1,2}[:h]\d{2}", joined))


def _is_header_block(lines: list[str], number: int) -> bool:
    """Outlook's way: From, Sent, To, Subject as text."""
    if not _HEADER_FROM.fullmatch(lines[number]):
        return False
    following = [line for line in lines[number + 1 : number + 7] if line.strip()]
    return sum(1 for line in following if _HEADER_NEXT.fullmatch(line)) >= 2


def _without_signature(lines: list[str]) -> list[str]:
    """What stands before `-- ` or before a phone's own last words."""
    for number, line in enumerate(lines):
        if line in {"-- ", "--"} or (_PHONE.fullmatch(line) and not any(each.strip() for each in lines[number + 1 :])):
            return _trimmed(lines[:number])
    return lines


def _trimmed(lines: list[str]) -> list[str]:
    """Without the blank lines and rules at the end."""
    end = len(lines)
    while end and (not lines[end - 1].strip() or _RULE.fullmatch(lines[end - 1])):
        end -= 1
    return lines[:end]


def _has_quotes(lines: list[str]) -> bool:
    return any(line.startswith(">") for line in lines)


def _next_said(lines: list[str], start: int) -> int | None:
    return next((number for number in range(start, len(lines)) if lines[number].strip()), None)
