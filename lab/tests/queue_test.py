# SPDX-License-Identifier: GPL-2.0
"""lab/queue: the series unfolds, folds back, and keeps its three rules."""

import os
import shutil
import subprocess
import unittest

from house import CORE, HEADING, HouseTest

ONE = "drivers/base/one.patch"
TWO = "drivers/base/two.patch"
NEW = "drivers/base/test/new.c"


class RoundTrip(HouseTest):
    def test_fold_after_tree_changes_no_byte(self):
        """Edits, a deletion, a new file and a new script survive exactly."""
        self.two_patches()
        self.git("rm", "-q", "drivers/base/old.c")
        script = self.linux / "scripts/new.sh"
        script.write_text("#!/bin/sh\n")
        script.chmod(0o755)
        self.commit("driver core: three", "drivers/base/three.patch")
        self.works("queue", "fold")
        before = self.files()
        tree = self.git("rev-parse", "series^{tree}")
        shutil.rmtree(self.root / "build")
        self.works("queue", "tree")
        self.assertEqual(self.git("rev-parse", "series^{tree}"), tree)
        self.assertTrue(os.access(self.linux / "scripts/new.sh", os.X_OK))
        self.assertFalse((self.linux / "drivers/base/old.c").exists())
        self.works("queue", "fold")
        self.assertEqual(self.files(), before)
        self.works("queue", "verify")

    def test_patch_holds_edits_and_root_holds_new_file(self):
        self.two_patches()
        patch = (self.root / TWO).read_text()
        self.assertTrue(patch.startswith("Subject: driver core: two\n\n"))
        self.assertIn("+long core_20;", patch)
        self.assertNotIn("new.c", patch)
        self.assertNotIn("Patch-file", patch)
        self.assertNotIn("\nindex ", patch)
        self.assertEqual((self.root / NEW).read_text(), "int new;\n")
        self.assertEqual((self.root / "series").read_text(),
                         f"{HEADING}{ONE}\n{TWO}\n  + {NEW}\n")

    def test_config_of_the_user_shapes_no_patch(self):
        self.two_patches()
        before = self.files()
        (self.dir / "gitconfig").write_text(
            "[diff]\n\tnoprefix = true\n\tcontext = 9\n[color]\n\tui = always\n"
            "[commit]\n\tgpgsign = true\n")
        self.works("queue", "fold")
        self.assertEqual(self.files(), before)

    def test_dropped_commit_drops_its_files(self):
        self.two_patches()
        self.git("reset", "-q", "--hard", "HEAD^")
        self.works("queue", "fold")
        self.assertFalse((self.root / TWO).exists())
        self.assertFalse((self.root / "drivers/base/test").exists())
        self.assertEqual((self.root / "series").read_text(), f"{HEADING}{ONE}\n")

    def test_verify_finds_patch_that_fold_would_write_otherwise(self):
        self.two_patches()
        path = self.root / ONE
        path.write_text(path.read_text().replace("1 insertion(+)", "2 insertions(+)"))
        self.refused("queue", "verify", says=[ONE, "make fold"])

    def test_unchanged_prefix_keeps_commits_and_times(self):
        """What did not change is not built again."""
        self.two_patches()
        first = self.git("rev-parse", "HEAD^")
        watched = [self.linux / n for n in ("Makefile", "drivers/base/dd.c")]
        times = [p.stat().st_mtime_ns for p in watched]
        path = self.root / TWO
        path.write_text(path.read_text().replace("+long core_20", "+char core_20"))
        self.works("queue", "tree")
        self.assertEqual(self.git("rev-parse", "HEAD^"), first)
        self.assertEqual([p.stat().st_mtime_ns for p in watched], times)
        self.assertIn("char core_20", (self.linux / "drivers/base/core.c").read_text())

    def test_another_base_takes_the_series(self):
        self.two_patches()
        (self.base / "drivers/base/core.c").write_text("int more;\n" + CORE)
        self.works("queue", "tree")
        text = (self.linux / "drivers/base/core.c").read_text()
        self.assertIn("int more;", text)
        self.assertIn("long core_20;", text)
        self.works("queue", "base")
        self.assertEqual((self.root / "build/linux-base/drivers/base/core.c").read_text(),
                         "int more;\n" + CORE)


class Rules(HouseTest):
    def test_new_file_that_two_patches_claim(self):
        self.two_patches()
        text = (self.root / "series").read_text()
        (self.root / "series").write_text(text.replace(ONE, f"{ONE}\n  + {NEW}"))
        self.refused("queue", "tree", says=[NEW, ONE, TWO])

    def test_later_patch_that_touches_new_file(self):
        self.two_patches()
        (self.root / "drivers/base/late.patch").write_text(
            "Subject: late\n\nText.\n\nUpstream: none, a test\n---\n\n"
            f"diff --git a/{NEW} b/{NEW}\n--- a/{NEW}\n+++ b/{NEW}\n"
            "@@ -1 +1 @@\n-int new;\n+long new;\n")
        with (self.root / "series").open("a") as series:
            series.write("drivers/base/late.patch\n")
        self.refused("queue", "tree", says=["late.patch", NEW, TWO])

    def test_later_commit_that_touches_new_file(self):
        self.two_patches()
        before = self.files()
        self.edit(NEW, "int", "long")
        self.commit("driver core: late", "drivers/base/late.patch")
        self.refused("queue", "fold", says=["late.patch", NEW, "squash"])
        self.assertEqual(self.files(), before)

    def test_new_file_that_linux_has(self):
        self.two_patches()
        text = (self.root / "series").read_text()
        (self.root / "series").write_text(f"{text}  + drivers/base/old.c\n")
        (self.root / "drivers/base/old.c").write_text("int mine;\n")
        self.refused("queue", "tree", says=[TWO, "drivers/base/old.c", "Linux has"])

    def test_patch_that_no_longer_applies(self):
        """Named with file and hunk; no fuzz; the tree stays as it was."""
        self.two_patches()
        path = self.root / TWO
        path.write_text(path.read_text().replace(" int core_17;", " int gone_17;"))
        head = self.git("rev-parse", "HEAD")
        done = self.refused("queue", "tree", says=[TWO, "drivers/base/core.c", "@@ -18,"])
        self.assertEqual(len(done.stderr.strip().splitlines()), 1)
        self.assertEqual(self.git("rev-parse", "HEAD"), head)
        self.assertEqual(self.git("status", "--porcelain"), "")
        self.assertIn("long core_20;", (self.linux / "drivers/base/core.c").read_text())

    def test_patch_not_listed(self):
        self.two_patches()
        shutil.copy(self.root / ONE, self.root / "drivers/base/stray.patch")
        self.refused("queue", "tree", says=["drivers/base/stray.patch"])

    def test_listed_patch_that_is_missing(self):
        self.two_patches()
        (self.root / ONE).unlink()
        self.refused("queue", "tree", says=[ONE])

    def test_messages_that_are_no_mail_of_ours(self):
        self.two_patches()
        path = self.root / ONE
        good = path.read_text()
        for bad, says in (
                (good.replace("Upstream: none, a test\n", ""), "Upstream"),
                (good.replace("a test\n", "a test\nSigned-off-by: A <a@example.org>\n"),
                 "Signed-off-by"),
                (good.replace("Subject: ", "From: A\nSubject: "), "Subject"),
                (good.replace("Subject: ", "Subject: [PATCH] "), "[PATCH]")):
            with self.subTest(says):
                path.write_text(bad)
                self.refused("queue", "tree", says=[ONE, says])

    def test_series_lines_that_mean_nothing(self):
        for bad, says in (("drivers/base/one.patch\n", "topic"),
                          ("[a] see drivers/base\n", "no path"),
                          ("[a] why\n../x/one.patch\n", "../x"),
                          ("[a] why\ndrivers/base/one.c\n", "neither"),
                          ("[a] why\n  + drivers/x.c\n", "below its patch")):
            with self.subTest(says):
                (self.root / "series").write_text(bad)
                self.refused("queue", "tree", says=["series:", says])

    def test_commit_that_does_not_say_where_it_belongs(self):
        self.two_patches()
        self.edit("drivers/base/dd.c", "int dd_9;", "long dd_9;")
        self.commit("driver core: lost")
        self.refused("queue", "fold", says=["driver core: lost", "Patch-file:"])


class Care(HouseTest):
    """Nobody's work is overwritten, whatever happened before."""

    def test_change_that_is_not_committed(self):
        self.two_patches()
        self.edit("drivers/base/dd.c", "int dd_9;", "my work;")
        for command in "tree", "fold":
            self.refused("queue", command, says=["drivers/base/dd.c", "make fold", "reset --hard"])
        self.assertIn("my work;", (self.linux / "drivers/base/dd.c").read_text())

    def test_file_that_git_does_not_know(self):
        """Debian's .gitignore hides it from git status."""
        self.two_patches()
        (self.linux / "drivers/mine.c").write_text("my work\n")
        self.refused("queue", "tree", says=["drivers/mine.c", "git add -f"])
        self.assertEqual((self.linux / "drivers/mine.c").read_text(), "my work\n")

    def test_commit_that_is_not_folded(self):
        self.two_patches()
        self.edit("drivers/base/dd.c", "int dd_9;", "my work;")
        self.commit("driver core: mine", "drivers/base/mine.patch")
        head = self.git("rev-parse", "HEAD")
        self.refused("queue", "tree", says=["make fold", "reset --hard made"])
        self.assertEqual(self.git("rev-parse", "HEAD"), head)
        self.git("reset", "-q", "--hard", "made")
        self.works("queue", "tree")

    def test_rebase_that_is_not_finished(self):
        self.two_patches()
        self.git("checkout", "-q", "--detach", "HEAD^")
        self.refused("queue", "tree", says=["rebase", "checkout series"])

    def test_directory_that_tree_did_not_make(self):
        self.linux.mkdir(parents=True)
        (self.linux / "mine").write_text("my work\n")
        self.refused("queue", "tree", says=["build/linux", "mv "])
        self.assertEqual((self.linux / "mine").read_text(), "my work\n")


class Interrupted(HouseTest):
    """Killed at any moment, the next run ends as if nothing had happened."""

    def killer(self, script):
        """A git that runs these shell lines first."""
        place = self.dir / "bin"
        place.mkdir(exist_ok=True)
        (place / "git").write_text(f"#!/bin/sh\n{script}\nexec {shutil.which('git')} \"$@\"\n")
        (place / "git").chmod(0o755)
        return {"PATH": f"{place}:{self.env['PATH']}"}

    def each_change(self, command, before, after):
        """Kill the command before each call of git that changes something."""
        calls = self.dir / "calls"
        for at in range(1, 100):
            before()
            calls.write_text("0")
            done = self.lab("queue", command, env=self.killer(
                "case \"$*\" in *init*|*config*|*reset*|*update-*|*-tree*|*apply*|*tag*)\n"
                f"call=$(($(cat {calls}) + 1)); echo $call >{calls}\n"
                f"[ $call = {at} ] && kill -KILL $PPID && exit 1;;\nesac"))
            if done.returncode == 0:
                self.assertGreater(at, 5)
                return
            with self.subTest(killed_at=at):
                self.works("queue", command)
                after()
        self.fail("it never ended")

    def test_tree_from_nothing(self):
        self.two_patches()
        want = self.git("rev-parse", "series")

        def after():
            self.assertEqual(self.git("rev-parse", "HEAD"), want)
            self.assertEqual(self.git("status", "--porcelain"), "")
        self.each_change("tree", lambda: shutil.rmtree(self.root / "build"), after)

    def test_fold(self):
        """Killed in its calls of git, and stopped at each file it writes."""
        self.two_patches()
        self.git("reset", "-q", "--hard", "HEAD^")
        (self.linux / "drivers/more.c").write_text("int more;\n")
        self.edit("drivers/base/dd.c", "int dd_9;", "long dd_9;")
        self.commit("driver core: three", "drivers/base/three.patch")
        shutil.copytree(self.root, self.dir / "copy", symlinks=True)
        self.works("queue", "fold")
        want = self.files()

        def before():
            shutil.rmtree(self.root)
            shutil.copytree(self.dir / "copy", self.root, symlinks=True)
        self.each_change("fold", before, lambda: self.assertEqual(self.files(), want))
        for name in "drivers/base/three.patch", "drivers/more.c", "series":
            with self.subTest(stopped_at=name):
                before()
                obstacle = self.root / (name + ".part")
                obstacle.mkdir()
                self.refused("queue", "fold", says=[name])
                obstacle.rmdir()
                self.works("queue", "fold")
                self.assertEqual(self.files(), want)

    @unittest.skipIf(os.geteuid(), "only root can mount a disk that is soon full")
    def test_disk_full(self):
        self.two_patches()
        want = self.git("rev-parse", "series")
        build = self.root / "build"
        shutil.rmtree(build)
        build.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", build], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", build], check=True)
        self.refused("queue", "tree", says=["disk is full", "again"])
        subprocess.run(["mount", "-o", "remount,size=64m", build], check=True)
        self.works("queue", "tree")
        self.assertEqual(self.git("rev-parse", "HEAD"), want)
        self.assertEqual(self.git("status", "--porcelain"), "")

    def half_switched(self):
        """tree is killed after git wrote half of a file, its lock left."""
        self.two_patches()
        text = (self.root / TWO).read_text()
        (self.root / TWO).write_text(text.replace("+long core_20", "+char core_20"))
        half = "".join(f"int core_{n};\\n" for n in range(10))
        done = self.lab("queue", "tree", env=self.killer(
            "case \"$*\" in *--keep*)\n"
            f"printf '{half}' >{self.linux}/drivers/base/core.c\n"
            f": >{self.linux}/.git/index.lock\nkill -KILL $PPID; exit 1;;\nesac"))
        self.assertNotEqual(done.returncode, 0)

    def test_switch_that_wrote_half_a_file(self):
        self.half_switched()
        self.works("queue", "tree")
        self.assertIn("char core_20", (self.linux / "drivers/base/core.c").read_text())
        self.assertEqual(self.git("status", "--porcelain"), "")

    def test_work_done_after_interrupted_switch(self):
        self.half_switched()
        for name in "core.c", "dd.c":
            with self.subTest(name):
                path = self.linux / "drivers/base" / name
                was = path.read_bytes()
                path.write_text("my work\n")
                self.refused("queue", "tree", says=[name, "reset --hard"])
                self.assertEqual(path.read_text(), "my work\n")
                path.write_bytes(was)


class Mails(HouseTest):
    def setUp(self):
        super().setUp()
        self.two_patches()
        (self.root / "lab/cover").mkdir()
        (self.root / "lab/cover/driver-core").write_text("driver core: a topic\n\nWhy it is.\n")

    def know_sender(self):
        (self.dir / "gitconfig").write_text(
            "[user]\n\tname = Some Body\n\temail = some@example.org\n")

    def test_mails_give_the_tree_by_plain_git_am(self):
        self.know_sender()
        self.works("queue", "mails", "driver-core")
        out = self.root / "build/mail/driver-core"
        mails = sorted(out.glob("*.patch"))
        self.assertEqual(len(mails), 3)
        cover = mails[0].read_text()
        self.assertIn("Subject: [PATCH 0/2] driver core: a topic", cover)
        self.assertIn("Why it is.", cover)
        head, _, below = mails[2].read_text().partition("\n---\n")
        self.assertIn("From: Some Body <some@example.org>", head)
        self.assertIn("Subject: [PATCH 2/2] driver core: two", head)
        self.assertTrue(head.endswith("\nSigned-off-by: Some Body <some@example.org>"))
        self.assertNotIn("Upstream:", head)
        self.assertTrue(below.startswith("Upstream: none, a test\n"))
        self.assertNotIn("Patch-file", head + below)
        self.assertEqual((out / "recipients").read_text(), "the list <list@example.org>\n")
        clone = self.dir / "clone"
        self.git("clone", "-q", self.linux, clone)
        self.git("checkout", "-q", "base", cwd=clone)
        self.git("am", "-q", *mails[1:], cwd=clone)
        self.assertEqual(self.git("rev-parse", "HEAD^{tree}", cwd=clone),
                         self.git("rev-parse", "series^{tree}"))

    def test_sender_unknown(self):
        self.refused("queue", "mails", "driver-core",
                     says=["git config --global user.name"])

    def test_cover_letter_missing(self):
        self.know_sender()
        (self.root / "lab/cover/driver-core").unlink()
        self.refused("queue", "mails", "driver-core", says=["lab/cover/driver-core"])

    def test_topic_unknown(self):
        self.refused("queue", "mails", "idxd", says=["TOPIC=driver-core"])

    def test_verify_finds_mail_that_git_am_reads_otherwise(self):
        """A text that 'git am' takes for the end of the message."""
        path = self.root / ONE
        path.write_text(path.read_text().replace("What is wrong", "Index: what is wrong"))
        self.refused("queue", "verify")
