"""
`standardiste demo`: customers who come by every channel of a running demo installation, through its public doors, and show what they are answered.

They write in French and in English, wait for as long as they must, and leave when they have their answer. Their mail server and the telephone company's
stand-in run here, on the ports that the demo's installation was told of.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from rich.console import Console

from standardiste.all_in_one.demo.tenant import MAIL_OUT_PORT, TWILIO_PORT
from standardiste.all_in_one.players.mail import letter, send
from standardiste.all_in_one.players.stage import CHAT_PAGE, MAIL_ADDRESS, POST_ADDRESS, SMS_NUMBER, Stage, open_up, outside
from standardiste.all_in_one.words import say
from standardiste.common.ids import RandomIds
from standardiste.common.testing.visitor import Visitor

PATIENCE_S = 3_600.0
BETWEEN_S = 4.0
SMTP_PORT = 8025

console = Console(highlight=False)


@dataclass(frozen=True, slots=True)
class Running:
    """Where the installation answers."""

    url: str
    smtp_port: int


Customer = Callable[[Stage, str], Awaitable[None]]


async def play(url: str, *, smtp_port: int = SMTP_PORT, rounds: int = 1) -> None:
    """Play `rounds` times (0: on and on); return when everybody has been answered or has lost patience."""
    console.print(say("demo_playing"), style="bold")
    async with (
        outside(MAIL_OUT_PORT, TWILIO_PORT) as world,
        open_up(world, Running(url, smtp_port)) as stage,
        asyncio.TaskGroup() as waiting,
    ):
        played = 0
        while not rounds or played < rounds:
            played += 1
            for customer in CUSTOMERS:
                waiting.create_task(_patiently(customer, stage))
                await asyncio.sleep(BETWEEN_S)
            if played == 1:
                console.print(say("demo_waiting", count=len(CUSTOMERS)), style="bold")


async def _patiently(customer: Customer, stage: Stage) -> None:
    try:
        async with asyncio.timeout(PATIENCE_S):
            await customer(stage, RandomIds().mint("demo"))
    except TimeoutError:
        return


def _says(channel: str, who: str, what: str) -> None:
    console.print(say("demo_says", channel=channel, who=who, what=what), markup=False)


def _answered(channel: str, who: str, what: str) -> None:
    console.print(say("demo_answered", channel=channel, who=who, what=what.strip()), style="green", markup=False)


async def by_mail(stage: Stage, id: str) -> None:
    who, text = (
        "Jeanne Petit",
        "Bonjour,\n\nMa facture de mars compte deux abat-jour, je n'en ai reçu qu'un. Pouvez-vous regarder ?\n\nJeanne Petit",
    )
    message_id = f"<{id}@client.example>"
    mail = letter(f"{who} <jeanne.petit@client.example>", MAIL_ADDRESS, "Ma facture de mars", text, message_id)
    await send(mail, "jeanne.petit@client.example", MAIL_ADDRESS, stage.smtp_port)
    _says("e-mail", who, "Ma facture de mars")
    answer = await stage.outside.inbox.answer("jeanne.petit@client.example", message_id, PATIENCE_S)
    body = answer.get_body(("plain",))
    _answered("e-mail", who, body.get_content() if body is not None else "")


async def by_sms(stage: Stage, id: str) -> None:
    number, text = "+33639980077", "Bonjour, êtes-vous ouverts samedi ?"
    twilio = stage.outside.twilio
    before = len(twilio.received(number))
    await twilio.customer_texts(number, SMS_NUMBER, text)
    _says("SMS", number, text)
    await twilio.until(lambda: len(twilio.received(number)) > before, "the answer", PATIENCE_S)
    _answered("SMS", number, twilio.received(number)[-1].body)


async def by_chat(stage: Stage, id: str) -> None:
    text = "Hello! The shade of my lamp arrived broken. What can we do?"
    visitor = await Visitor.begin(stage.url, CHAT_PAGE)
    async with visitor.connected() as socket:
        await socket.say(text)
        _says("chat", "Mary", text)
        async for frame in socket.raw_frames():
            if frame["kind"] == "said" and frame["author"]["kind"] != "customer":
                _answered("chat", "Mary", frame["text"])
            if frame["kind"] == "ended":
                return


async def by_letter(stage: Stage, id: str) -> None:
    who, text = "M. Armand", "Madame, Monsieur, je cherche une ampoule pour ma lampe de 1962. Avec mes salutations, M. Armand"
    posted = await stage.integrator.post(id, POST_ADDRESS, "armand", text, subject="Une ampoule", language="fr")
    posted.raise_for_status()
    _says(say("demo_letter"), who, "Une ampoule")
    while not (replies := await stage.integrator.replies(posted.json()["conversation"])):
        await asyncio.sleep(1)  # an integrator that asks now and then
    _answered(say("demo_letter"), who, replies[-1]["text"])


CUSTOMERS: tuple[Customer, ...] = (by_chat, by_mail, by_sms, by_letter)
