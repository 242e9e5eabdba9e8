# SPDX-License-Identifier: GPL-2.0
"""A house of its own for each test: the scripts, a tiny Linux, a series."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

LAB = Path(__file__).resolve().parent.parent

MAKEFILE = "VERSION = 5\nPATCHLEVEL = 10\nSUBLEVEL = 99\nEXTRAVERSION =\n"
DD = "".join(f"int dd_{n};\n" for n in range(40))
CORE = "".join(f"int core_{n};\n" for n in range(40))
HEADING = "# The order.\n\n[driver-core] why this group exists\n"


def make_linux(top, version=(5, 10, 99)):
    """Like Debian's, its .gitignore ignores everything."""
    for name, text in {
            "Makefile": "VERSION = {}\nPATCHLEVEL = {}\nSUBLEVEL = {}\n".format(*version),
            ".gitignore": "/*\n!/debian/\n",
            "drivers/base/dd.c": DD,
            "drivers/base/core.c": CORE,
            "drivers/base/old.c": "int old;\n",
            "scripts/get_maintainer.pl": "#!/bin/sh\necho 'the list <list@example.org>'\n",
    }.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (top / "scripts/get_maintainer.pl").chmod(0o755)
    (top / "drivers/link").symlink_to("base")


class HouseTest(unittest.TestCase):
    def setUp(self):
        # Not under /tmp: that may be too small, or forbid what lab/ does.
        place = LAB.parent / "build" / "tests"
        place.mkdir(parents=True, exist_ok=True)
        self.dir = Path(tempfile.mkdtemp(dir=place))
        self.addCleanup(shutil.rmtree, self.dir)
        self.root = self.dir / "root"
        self.base = self.dir / "linux"
        self.linux = self.root / "build" / "linux"
        (self.root / "lab").mkdir(parents=True)
        for name in "queue", "base", "lib.sh":
            shutil.copy(LAB / name, self.root / "lab" / name)
        (self.root / "series").write_text(HEADING)
        make_linux(self.base)
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        self.env.update(LINUX=str(self.base), HOME=str(self.dir),
                        GIT_CONFIG_NOSYSTEM="1", GIT_CONFIG_GLOBAL=str(self.dir / "gitconfig"))

    def git(self, *args, cwd=None):
        done = subprocess.run(
            ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *args],
            cwd=cwd or self.linux, env=self.env, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout.strip()

    def lab(self, script, *args, env=None):
        return subprocess.run([self.root / "lab" / script, *args], text=True,
                              env=self.env | (env or {}), check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def works(self, script, *args, env=None):
        done = self.lab(script, *args, env=env)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def refused(self, script, *args, says=(), env=None):
        """It must fail, and its last line must say all of that."""
        done = self.lab(script, *args, env=env)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertNotIn("Traceback", done.stderr)
        last = (done.stderr.strip().splitlines() or [""])[-1]
        for text in says:
            self.assertIn(text, last)
        return done

    def edit(self, name, old, new):
        path = self.linux / name
        text = path.read_text()
        self.assertIn(old, text)
        path.write_text(text.replace(old, new, 1))

    def commit(self, subject, path=None, topic=None, upstream="none, a test"):
        message = f"{subject}\n\nWhat is wrong, what changes.\n"
        message += f"\nUpstream: {upstream}\n" if upstream else ""
        message += f"Patch-file: {path}\n" if path else ""
        message += f"Topic: {topic}\n" if topic else ""
        self.git("add", "-fA", ".")
        self.git("commit", "-qm", message)

    def two_patches(self):
        """One edits dd.c, the other edits core.c and brings a new file."""
        self.works("queue", "tree")
        self.edit("drivers/base/dd.c", "int dd_3;", "long dd_3;")
        self.commit("driver core: one", "drivers/base/one.patch", "driver-core")
        self.edit("drivers/base/core.c", "int core_20;", "long core_20;")
        new = self.linux / "drivers/base/test/new.c"
        new.parent.mkdir()
        new.write_text("int new;\n")
        self.commit("driver core: two", "drivers/base/two.patch")
        self.works("queue", "fold")

    def files(self):
        """Everything in the root but build/, with modes."""
        return {str(p.relative_to(self.root)): (p.stat().st_mode, p.read_bytes())
                for p in self.root.rglob("*")
                if p.is_file() and "build" not in p.relative_to(self.root).parts}
