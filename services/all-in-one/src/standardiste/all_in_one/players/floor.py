"""A large floor for benchmarks and kill tests: many agents, one queue of letters, tokens as sign-in would issue them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import httpx

from standardiste.all_in_one.players.agent import sign_in
from standardiste.all_in_one.players.process import Installation
from standardiste.all_in_one.players.stage import KEY_SCOPES
from standardiste.common.clock import SystemClock
from standardiste.common.events.directory import RightGrant
from standardiste.common.security.principal import Principal
from standardiste.common.security.tokens import TokenSigner

PASSWORD = "floor-of-many"
TOKEN_TTL_S = 3_600
_HEAD = """\
format: 1
tenant: {name: Floor, language: en}
channel-address:
  post: {channel: other, channel_name: letter, address: floor-post}
logins:
  admin: {password: floor-of-many, person: admin, is_platform_administrator: true}
person:
  admin: {name: Admin, rights: [{role: administrator}]}
"""


@dataclass(frozen=True, slots=True)
class Floor:
    """Who can post and who can work there."""

    api_key: str
    agent_tokens: tuple[str, ...]

    @classmethod
    async def of(cls, installation: Installation, agents: int) -> Floor:
        """Mint a key through the API, and the agents' tokens with the installation's own key (hundreds of sign-ins would measure argon2)."""
        async with httpx.AsyncClient(base_url=installation.url, timeout=30) as http:
            admin = {"Authorization": f"Bearer {await sign_in(http, 'admin', PASSWORD)}"}
            minted = await http.post("/v1/directory/api-keys", json={"name": "floor", "scopes": list(KEY_SCOPES)}, headers=admin)
            minted.raise_for_status()
            me = (await http.get("/v1/directory/me", headers=admin)).json()
        signer = TokenSigner((installation.data / "secrets" / "token-private.pem").read_bytes())
        now = SystemClock().now()
        tenant = me["tenant"]["id"] if isinstance(me["tenant"], dict) else str(me["tenant"])
        tokens = tuple(
            signer.issue(
                Principal(tenant=tenant, id=f"agent-{n}", name=f"Agent {n}", rights=(RightGrant(role="agent", scope="self"),)),
                now,
                TOKEN_TTL_S,
            )
            for n in range(agents)
        )
        return cls(minted.json()["key"], tokens)


def floor_document(folder: Path, agents: int) -> Path:
    """The YAML document of such a floor."""
    path = folder / "floor.yaml"
    people = "".join(f"  agent-{n}: {{name: Agent {n}, profile: main, rights: [{{role: agent, scope: self}}]}}\n" for n in range(agents))
    path.write_text(_HEAD + people)
    return path
