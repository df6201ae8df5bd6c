"""Pebble, a certificate authority for tests (Debian's pebble and pebble-challtestsrv), in front of which daemons stand."""
import json
import os
import re
import ssl
import subprocess
import tempfile
import threading
import urllib.request
from pathlib import Path

from harness import *

HMAC = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"


def openssl(*words, input=None):
    done = subprocess.run(["openssl", *map(str, words)], input=input, check=True, capture_output=True, text=True)
    return done.stdout


class Pebble:
    """The authority, with its own DNS server that says 127.0.0.1 for every name. Use it in a `with` block.

    http_port, tls_port: where it looks for challenges, and so where the daemon must listen.
    """

    def __init__(self, environment=None, **settings):
        self.directory_path = Path(tempfile.mkdtemp(prefix="gatehouse-pebble-"))
        self.http_port, self.tls_port = free_port(), free_port()
        self.port, self.management, self.dns, self.dns_management = (free_port() for _ in range(4))
        self.environment = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0", "PEBBLE_AUTHZREUSE": "0"} | (environment or {})
        self.settings = settings
        self.url = f"https://localhost:{self.port}/dir"
        self.ca_file = self.directory_path / "ca.pem"
        self._programs = []

    def __enter__(self):
        here = self.directory_path
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", here / "ca.key", "-out",
                self.ca_file, "-days", "2", "-subj", "/CN=root of the test")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", here / "server.key", "-out",
                here / "server.csr", "-subj", "/CN=localhost")
        (here / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        openssl("x509", "-req", "-in", here / "server.csr", "-CA", self.ca_file, "-CAkey", here / "ca.key", "-CAcreateserial", "-days",
                "2", "-extfile", here / "names", "-out", here / "server.pem")
        (here / "pebble.json").write_text(json.dumps({"pebble": {
            "listenAddress": f"127.0.0.1:{self.port}", "managementListenAddress": f"127.0.0.1:{self.management}",
            "certificate": str(here / "server.pem"), "privateKey": str(here / "server.key"), "httpPort": self.http_port,
            "tlsPort": self.tls_port, "externalAccountBindingRequired": False, **self.settings}}))
        self._run("pebble-challtestsrv", "-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-dns01", f"127.0.0.1:{self.dns}", "-http01", "",
                  "-https01", "", "-tlsalpn01", "", "-management", f"127.0.0.1:{self.dns_management}")
        self.start()
        return self

    def __exit__(self, *_):
        for program, _ in self._programs:
            program.kill()
            program.wait()
            program.stdout.close()
        subprocess.run(["rm", "-rf", self.directory_path], check=True)

    def _run(self, *words):
        program = subprocess.Popen(words, env=os.environ | self.environment, cwd=self.directory_path, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        output = []

        def read():
            for line in program.stdout:
                output.append(line)

        threading.Thread(target=read, daemon=True).start()
        self._programs.append((program, output))
        return program, output

    def start(self):
        """A new authority, which knows nothing of what the one before has done."""
        self.program, self.output = self._run("pebble", "-config", self.directory_path / "pebble.json", "-dnsserver", f"127.0.0.1:{self.dns}")
        wait_until(self.answers, "pebble")

    def stop(self):
        self.program.kill()
        self.program.wait()

    def answers(self):
        try:
            return self.get(self.url)
        except OSError:
            return None

    def get(self, url):
        context = ssl.create_default_context(cafile=self.ca_file)
        with urllib.request.urlopen(url, context=context, timeout=DEADLINE) as answer:
            return answer.read().decode()

    def root(self):
        """A file with the root that its certificates lead to."""
        path = self.directory_path / "root.pem"
        path.write_text(self.get(f"https://localhost:{self.management}/roots/0"))
        return path

    def count(self, text):
        return sum(text in line for line in self.output)

    def issued(self):
        return self.count("Issued certificate serial")

    def orders(self):
        return self.count("Added order")

    def status(self, serial):
        return json.loads(self.get(f"https://localhost:{self.management}/cert-status-by-serial/{serial.lower().lstrip('0')}"))["Status"]

    def hook(self):
        """A program for dns-01 that tells the DNS server."""
        path = self.directory_path / "hook.sh"
        path.write_text('#!/bin/sh\ncase "$1" in present) path=set-txt ;; *) path=clear-txt ;; esac\n'
                        f'exec curl -sS -d "{{\\"host\\":\\"$2\\",\\"value\\":\\"$3\\"}}" http://127.0.0.1:{self.dns_management}/$path\n')
        path.chmod(0o755)
        return str(path)


def acme_config(pebble, names, **acme):
    """A daemon that gets certificates from it."""
    return {
        "listeners": {"http": {"address": f"127.0.0.1:{pebble.http_port}"}, "https": {"address": f"127.0.0.1:{pebble.tls_port}"}},
        "routes": [{"match": {"path": "/"}, "respond": {"body": "hello"}}],
        "certificates": {"mode": "acme", "acme": {"directory": pebble.url, "ca_bundle": str(pebble.ca_file), "email": "ops@a.test",
                                                  "names": names, **acme}},
    }


class Served:
    """The certificate that a daemon serves for a name."""

    def __init__(self, daemon, name):
        host, port = daemon.address("https")
        context = ssl._create_unverified_context()
        with socket_to(host, port) as sock, context.wrap_socket(sock, server_hostname=name) as stream:
            self.pem = ssl.DER_cert_to_PEM_cert(stream.getpeercert(binary_form=True))
        text = openssl("x509", "-noout", "-serial", "-issuer", "-subject", "-ext", "subjectAltName", input=self.pem)
        self.serial = re.search(r"serial=(\w+)", text)[1]
        self.names = sorted(re.findall(r"(?:DNS|IP Address):([^,\s]+)", text))
        self.issued = "Pebble" in text.split("issuer=")[1].split("\n")[0]


def socket_to(host, port):
    import socket
    return socket.create_connection((host, port), DEADLINE)


__all__ = [name for name in dir() if not name.startswith("_")]
