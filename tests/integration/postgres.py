"""A real PostgreSQL server for one test: in a directory of its own, on a free port, gone afterwards whatever happens."""
import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from daemon import DEADLINE, free_port, wait_until

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


def programs():
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    assert found, "PostgreSQL is not installed: deploy/install-packages test"
    return found[-1].parent


class Postgres:
    """Use it in a `with` block. `owner` and `password` are those of the database `house`."""

    def __init__(self, user="house", password="house-password"):
        self.user, self.password = user, password
        self.directory = Path(tempfile.mkdtemp(prefix="gatehouse-test-postgres-"))
        self.data = self.directory / "data"
        self.process = None
        self.port = 0
        self.account = {}
        if os.geteuid() == 0:  # initdb refuses root
            entry = pwd.getpwnam("postgres")
            os.chown(self.directory, entry.pw_uid, entry.pw_gid)
            self.account = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}

    def run(self, program, *words, **options):
        return subprocess.run([programs() / program, *words], check=True, capture_output=True, text=True, cwd="/", timeout=60,
                              **self.account, **options)

    def __enter__(self):
        try:
            self.run("initdb", "-D", self.data, "-N", "-E", "UTF8", "--no-locale", "-A", "trust", "-U", "postgres")
            (self.data / "pg_hba.conf").write_text("local all postgres trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
            with open(self.data / "postgresql.conf", "a") as settings:
                settings.write("listen_addresses = '127.0.0.1'\nfsync = off\nshared_buffers = 16MB\n"
                               "dynamic_shared_memory_type = mmap\n")
            for _ in range(5):  # somebody may be faster with the port
                self.port = free_port()
                if self.start():
                    break
            quoted = self.password.replace("'", "''")
            self.sql(f"CREATE ROLE {self.user} LOGIN PASSWORD '{quoted}'", "postgres")
            self.sql(f"CREATE DATABASE house OWNER {self.user}", "postgres")
            return self
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        if self.process:
            self.stop(signal.SIGQUIT)
        shutil.rmtree(self.directory, ignore_errors=True)

    def start(self):
        for _ in range(50):  # what is left of a server that was killed may still hold its memory
            with open(self.directory / "log", "ab") as log:
                self.process = subprocess.Popen(
                    [programs() / "postgres", "-D", self.data, "-k", self.directory, "-p", str(self.port)], cwd="/",
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self.account,
                    preexec_fn=lambda: LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGQUIT))
            wait_until(lambda: self.process.poll() is not None or self.answers(), "PostgreSQL to start", DEADLINE)
            if self.process.poll() is None:
                return True
        return False

    def stop(self, signal_number=signal.SIGKILL):
        self.process.send_signal(signal_number)
        self.process.wait(DEADLINE)
        self.process = None

    def answers(self):
        try:
            self.sql("SELECT 1", "postgres")
            return True
        except subprocess.CalledProcessError:
            return False

    def sql(self, text, database="house"):
        """As the superuser; what psql prints, without decoration."""
        done = self.run("psql", "-X", "-A", "-t", "-h", self.directory, "-p", str(self.port), "-U", "postgres", "-d", database,
                        "-v", "ON_ERROR_STOP=1", "-c", text)
        return done.stdout.strip()

    def parts(self):
        """The variables of the earlier platform."""
        return {"POSTGRES_HOST": "127.0.0.1", "POSTGRES_PORT": str(self.port), "POSTGRES_DB": "house", "POSTGRES_USER": self.user,
                "POSTGRES_PASSWORD": self.password}

    def url(self, password=""):
        return f"postgresql://{self.user}{':' + password if password else ''}@127.0.0.1:{self.port}/house"
