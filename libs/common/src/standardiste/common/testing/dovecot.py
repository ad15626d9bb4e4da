"""A real Dovecot (Debian's) as a process, for tests of mailboxes: its own configuration, folder and ports; any user, one password."""

from __future__ import annotations

import grp
import imaplib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

STARTS_WITHIN_S = 10.0
PASSWORD = "secret"
CONFIGURATION = """\
base_dir = {base}/run
state_dir = {base}/state
log_path = {base}/log
ssl = no
protocols = imap
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2
default_login_user = {login}
default_internal_user = {user}
default_internal_group = {group}
first_valid_uid = 0
first_valid_gid = 0
mail_location = maildir:{base}/mail/%u
mail_uid = {uid}
mail_gid = {gid}
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {base}/oauth2.conf
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={base}/mail/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
namespace inbox {{
  inbox = yes
  mailbox Done {{
    auto = create
  }}
}}
"""
OAUTH = """\
introspection_url = http://127.0.0.1:{port}/introspect?token=
introspection_mode = get
active_attribute = active
active_value = true
username_attribute = username
"""


@dataclass
class Dovecot:
    """One server with a mailbox per user name; any user signs in with PASSWORD."""

    folder: Path
    port: int
    oauth_port: int
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(["/usr/sbin/dovecot", "-F", "-c", str(self.folder / "dovecot.conf")], start_new_session=True)
        for _ in range(int(STARTS_WITHIN_S / 0.02)):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                with suppress(subprocess.TimeoutExpired):
                    self.process.wait(0.02)
                assert self.process.poll() is None, (self.folder / "log").read_text()
                continue
            return
        raise AssertionError((self.folder / "log").read_text())

    def kill(self) -> None:
        """SIGKILL to all of its processes, every connection with them."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def client(self, user: str) -> imaplib.IMAP4:
        client = imaplib.IMAP4("127.0.0.1", self.port)
        client.login(user, PASSWORD)
        return client

    def put(self, user: str, *mails: bytes, flags: str = "") -> None:
        """Lay mails into the user's mailbox."""
        client = self.client(user)
        for mail in mails:
            client.append("INBOX", flags, None, mail.replace(b"\n", b"\r\n"))  # type: ignore[arg-type]
        client.logout()

    def fill(self, user: str, mails: Sequence[bytes]) -> None:
        """Lay many mails into a mailbox that nobody has opened yet, past IMAP."""
        for part in ("cur", "new", "tmp"):
            (self.folder / "mail" / user / part).mkdir(parents=True)
        for number, mail in enumerate(mails):
            (self.folder / "mail" / user / "new" / f"{1_700_000_000 + number}.{number}.test").write_bytes(mail)
        owner = (self.folder / "mail").stat()
        for path in [self.folder / "mail" / user, *(self.folder / "mail" / user).rglob("*")]:
            os.chown(path, owner.st_uid, owner.st_gid)

    def flags(self, user: str, folder: str = "INBOX") -> list[str]:
        """The flags of each message of a folder, in order; \\Recent, which is nobody's doing, left out."""
        client = self.client(user)
        client.select(folder, readonly=True)
        _, found = client.fetch("1:*", "(FLAGS)")
        client.logout()
        named = [line.decode().partition("FLAGS (")[2].rstrip(")").split() for line in found if isinstance(line, bytes)]
        return [" ".join(flag for flag in flags if flag != r"\Recent") for flags in named]

    def renumber(self, user: str) -> None:
        """Lose the mailbox's index: all its messages get new numbers, under another UIDVALIDITY (Dovecot takes the second of the clock for it)."""
        before = self._uid_validity(user)
        while self._uid_validity(user) == before:
            for index in (self.folder / "mail" / user).glob("dovecot*"):
                index.unlink(missing_ok=True)

    def _uid_validity(self, user: str) -> bytes:
        client = self.client(user)
        _, said = client.status("INBOX", "(UIDVALIDITY)")
        client.logout()
        return bytes(said[0] or b"")


@contextmanager
def dovecot() -> Generator[Dovecot]:
    """In a folder of its own under /tmp: as root, Dovecot works as other users, who may not enter pytest's."""
    with socket.socket() as probe, socket.socket() as other:
        probe.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        port, oauth_port = probe.getsockname()[1], other.getsockname()[1]
    base = Path(tempfile.mkdtemp(prefix="dovecot-"))
    base.chmod(0o755)
    (base / "mail").mkdir()
    me, is_root = pwd.getpwuid(os.getuid()), os.getuid() == 0
    owner = pwd.getpwnam("nobody") if is_root else me
    os.chown(base / "mail", owner.pw_uid, owner.pw_gid)
    text = CONFIGURATION.format(
        base=base,
        login="dovenull" if is_root else me.pw_name,
        user="dovecot" if is_root else me.pw_name,
        group="dovecot" if is_root else grp.getgrgid(me.pw_gid).gr_name,
        uid=owner.pw_uid,
        gid=owner.pw_gid,
        port=port,
        password=PASSWORD,
    )
    (base / "dovecot.conf").write_text(text)
    (base / "oauth2.conf").write_text(OAUTH.format(port=oauth_port))
    found = Dovecot(base, port, oauth_port)
    found.start()
    try:
        yield found
    finally:
        found.kill()
        shutil.rmtree(base)
