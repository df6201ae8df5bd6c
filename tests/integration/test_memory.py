"""What an idle connection costs: heap bytes of the release binary, counted by tests/bench/count_allocations.cpp."""
import resource
import struct
import tempfile
import unittest

from harness import *
from wire import client_context

CONNECTIONS = 1000
KIB = 1024


class Counter:
    """The counters that the preloaded library keeps in a file."""

    def __init__(self):
        self.file = tempfile.NamedTemporaryFile(prefix="gatehouse-count-")
        self.file.write(bytes(16))
        self.file.flush()
        library = ROOT / "build/release/bench/libcount_allocations.so"
        self.environment = {"LD_PRELOAD": str(library), "COUNT_ALLOCATIONS": self.file.name}

    def live_bytes(self):
        return struct.unpack("Qq", Path(self.file.name).read_bytes())[1]


class IdleMemoryTest(DaemonTest):
    def setUp(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.assertGreater(hard, 2 * CONNECTIONS, "the limit of open files is too low for this test")
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4 * CONNECTIONS)), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))

    def heap_per_connection(self, listener, tls):
        """Each connection has had one request, and waits for the next."""
        counter = Counter()
        self.addCleanup(counter.file.close)
        config = {"listeners": {"http": {}, "https": {}}, "certificates": {"mode": "self_signed"}, "timeouts": {"keep_alive": "1h"},
                  "routes": [{"match": {"path": "/"}, "respond": {"body": "ok"}}]}
        daemon = self.start(config, preset="release", env=counter.environment)
        context = client_context()  # one for all: making it takes longer than a handshake

        def grow(count):
            for _ in range(count):
                stream = self.connect(daemon, listener)
                if tls:
                    stream.sock = context.wrap_socket(stream.sock, server_hostname="localhost")
                self.addCleanup(stream.sock.close)
                stream.sock.sendall(request_bytes())
                self.assertEqual(stream.response().body, b"ok")

        grow(100)  # tables and pools that all share reach their size
        before = counter.live_bytes()
        grow(CONNECTIONS)
        self.assertGreater(before, MIB // 4, "nothing was counted")
        return (counter.live_bytes() - before) / CONNECTIONS

    def test_plain_connection_is_at_most_3_kib(self):
        self.assertLessEqual(self.heap_per_connection("http", False), 3 * KIB)

    def test_tls_connection_is_at_most_20_kib(self):
        self.assertLessEqual(self.heap_per_connection("https", True), 20 * KIB)


if __name__ == "__main__":
    unittest.main()
