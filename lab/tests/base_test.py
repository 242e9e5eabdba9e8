# SPDX-License-Identifier: GPL-2.0
"""lab/base: what it takes for Linux 5.10, and how it says what is missing."""

import functools
import hashlib
import http.server
import os
import shutil
import subprocess
import threading
import unittest
from pathlib import Path

from house import DD, HouseTest, make_linux


class Given(HouseTest):
    """LINUX= names the base."""

    def tarball(self, top):
        path = self.dir / (top.name + ".tar.xz")
        subprocess.run(["tar", "-C", top.parent, "-cJf", path, top.name], check=True)
        return path

    def test_directory(self):
        self.assertEqual(self.works("base").strip(), str(self.base))

    def test_tarball(self):
        env = {"LINUX": str(self.tarball(self.base))}
        found = self.works("base", env=env).strip()
        self.assertEqual(Path(found, "drivers/base/dd.c").read_text(), DD)
        self.assertEqual(self.works("base", env=env).strip(), found)

    def test_not_a_kernel(self):
        (self.dir / "other").mkdir()
        (self.dir / "other/Makefile").write_text("all:\n\ttrue\n")
        for given in self.dir / "other", self.tarball(self.dir / "other"):
            self.refused("base", env={"LINUX": str(given)}, says=[str(given), "no kernel"])

    def test_another_version_is_refused_by_name(self):
        make_linux(self.dir / "linux-6.1", (6, 1, 55))
        for given in self.dir / "linux-6.1", self.tarball(self.dir / "linux-6.1"):
            self.refused("base", env={"LINUX": str(given)}, says=["6.1.55", "5.10"])
        self.refused("queue", "tree", env={"LINUX": str(self.dir / "linux-6.1")}, says=["6.1.55"])

    def test_neither_directory_nor_tarball(self):
        text = self.dir / "notes"
        text.write_text("hello\n")
        self.refused("base", env={"LINUX": str(text)}, says=[str(text), "tarball"])
        self.refused("base", env={"LINUX": "/nowhere"}, says=["/nowhere", "does not exist"])
        self.assertEqual(list((self.root / "build/base").glob("given*")), [])


@unittest.skipUnless(shutil.which("apt-get"), "apt is Debian's")
class Archive(HouseTest):
    """The machine's apt is led to an archive of the test's own."""

    def setUp(self):
        super().setUp()
        self.env["LINUX"] = ""
        self.archive = self.dir / "archive"
        for label, suite in ("Debian", "stable"), ("Debian-Security", "stable-security"):
            self.suite(label, suite)
        handler = functools.partial(Quiet, directory=self.archive)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.stop)
        url = f"http://127.0.0.1:{self.server.server_port}"
        machine = self.dir / "machine"
        for name in ("etc/apt.conf.d", "etc/preferences.d", "etc/sources.list.d",
                     "etc/trusted.gpg.d", "lists/partial", "cache/archives/partial"):
            (machine / name).mkdir(parents=True)
        (machine / "status").touch()
        (machine / "etc/sources.list").write_text(
            f"deb [trusted=yes] {url} stable main\n"
            f"deb [trusted=yes] {url} stable-security main\n")
        (machine / "conf").write_text(
            f'Dir::Etc "{machine}/etc";\nDir::State "{machine}";\n'
            f'Dir::State::status "{machine}/status";\nDir::Cache "{machine}/cache";\n'
            f'APT::Sandbox::User "root";\nAcquire::Retries "0";\n')
        self.env.update(APT_CONFIG=str(machine / "conf"), no_proxy="127.0.0.1")
        subprocess.run(["apt-get", "-qq", "update"], env=self.env, check=True,
                       stdout=subprocess.DEVNULL)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def suite(self, label, suite, package="something"):
        """A suite without a signature."""
        packages = (f"Package: {package}\nVersion: 5.10.999-1\nArchitecture: all\n"
                    f"Filename: x.deb\nSize: 1\nSHA256: {'0' * 64}\n")
        top = self.archive / "dists" / suite
        index = top / "main/binary-amd64/Packages"
        index.parent.mkdir(parents=True)
        index.write_text(packages)
        digest = hashlib.sha256(packages.encode()).hexdigest()
        (top / "Release").write_text(
            f"Origin: Debian\nLabel: {label}\nSuite: {suite}\nCodename: {suite}\n"
            f"Date: Sat, 12 Sep 2026 09:27:08 UTC\nArchitectures: amd64\nComponents: main\n"
            f"SHA256:\n {digest} {len(packages)} main/binary-amd64/Packages\n")

    def test_archive_without_the_suite(self):
        self.refused("base", says=["linux-source-5.10", "bullseye-security", "LINUX="])

    def test_archive_out_of_reach(self):
        self.stop()
        self.refused("base", says=["reached", "LINUX="])

    def test_archive_without_signature_is_refused(self):
        self.suite("Debian-Security", "bullseye-security", "linux-source-5.10")
        self.refused("base", says=["linux-source-5.10", "signature", "LINUX="])

    def test_machine_without_apt(self):
        tools = self.dir / "bin"
        tools.mkdir()
        for name in "sh", "dirname", "basename", "mkdir", "flock", "readlink":
            (tools / name).symlink_to(shutil.which(name))
        self.refused("base", env={"PATH": str(tools)}, says=["apt-get", "LINUX="])

    def test_configuration_of_the_machine_stays(self):
        before = sorted(os.walk(self.dir / "machine"))
        self.refused("base")
        self.assertEqual(sorted(os.walk(self.dir / "machine")), before)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass
