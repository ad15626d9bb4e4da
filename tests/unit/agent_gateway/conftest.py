"""A gateway's place for the tests of its pure parts: a directory with anna and ben, tokens, keys, counted ids."""

from __future__ import annotations

import pytest

from standardiste.agent_gateway.admission import Doorman
from standardiste.agent_gateway.files import AgentFiles
from standardiste.agent_gateway.session import Place
from standardiste.agent_gateway.window import Window
from standardiste.common.bus.port import Record
from standardiste.common.bus.topics import Topic
from standardiste.common.directory_view import DirectoryView
from standardiste.common.events.codec import encode
from standardiste.common.events.directory import ChangeSetCommitted, Team
from standardiste.common.events.model import TeamId
from standardiste.common.ids import CountingIds
from standardiste.common.security.keys import Keys, new_token_pair
from standardiste.common.security.tokens import TokenVerifier
from standardiste.common.testing.builders import AT, configuration, event, person, queue

_PAIR = new_token_pair()


@pytest.fixture
def private_pem() -> bytes:
    return _PAIR[0]


@pytest.fixture
def public_pem() -> bytes:
    return _PAIR[1]


@pytest.fixture
def directory() -> DirectoryView:
    view = DirectoryView()
    entities = configuration(queue("sales"), Team(id=TeamId("night"), change_set=1), person("noor", team=TeamId("night")))
    commit = ChangeSetCommitted(number=1, members=len(entities), by="test", committed_at=AT)
    for offset, data in enumerate((*entities, commit)):
        out = encode(event(data, source="directory"), Topic.DIRECTORY, f"t1/{offset}")
        view.take(Record(topic=out.topic, partition=0, offset=offset, appended_at=AT, key=out.key, value=out.value, headers=out.headers))
    return view


@pytest.fixture
def doorman(directory: DirectoryView) -> Doorman:
    return Doorman(verifier=TokenVerifier(_PAIR[1]), directory=directory, keys=Keys(bytes(32)), ids=CountingIds())


@pytest.fixture
def place(doorman: Doorman) -> Place:
    window = Window()
    window.start(0, 0)
    files = AgentFiles(Keys(bytes(32)))
    return Place(gateway="g1", doorman=doorman, files=files, file_bytes_max=1_000, window=window, ids=CountingIds(), partitions=1)
