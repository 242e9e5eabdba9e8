#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Tests of lab/judge, and of lab/vm with a guest that misbehaves."""
import os
import shutil
import subprocess
import tempfile
import unittest

LAB = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BANNER = "[    0.000000] Linux version 5.10.0\n"
VERDICT = """TAP version 13
1..2
    # Subtest: samples
    1..2
    ok 1 - load
    ok 2 - unload
ok 1 - samples
    # Subtest: selftests
    1..1
        # Subtest: region
        TAP version 13
        1..2
        # Starting 2 tests from 1 test cases.
        #  RUN           global.size ...
        ok 1 global.size
        ok 2 # SKIP no such region
    ok 1 - region
ok 2 - selftests
"""
KUNIT = """[    0.5] TAP version 14
[    0.5] 1..1
[    0.5]     # Subtest: bus
[    0.5]     1..2
[    0.5]     ok 1 - first
[    0.5] some driver: says something
[    0.5]     ok 2 - second
[    0.5] ok 1 - bus
"""


class Place(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.dir)

    def path(self, name, text=None):
        path = os.path.join(self.dir, name)
        if text is not None:
            with open(path, "w") as file:
                file.write(text)
        return path


class Judged(Place):
    def judge(self, console=BANNER, verdict=VERDICT, *options):
        """The exit status, and the lines of the result."""
        files = [self.path("console", console)]
        if "--kunit" not in options:
            files.append(self.path("verdict", verdict))
        self.done = subprocess.run(
            [os.path.join(LAB, "judge"), *options, *files, self.path("result")],
            stdout=subprocess.PIPE, text=True, check=False)
        with open(self.path("result")) as file:
            return self.done.returncode, file.read().splitlines()

    def fails(self, line, *args):
        status, lines = self.judge(*args)
        self.assertEqual(status, 1)
        self.assertIn(line, lines)

    def test_a_whole_verdict_passes(self):
        self.assertEqual(self.judge(), (0, [
            "ok samples/load", "ok samples/unload",
            "ok selftests/region/global.size",
            "skip selftests/region/case 2: no such region"]))

    def test_carriage_returns_of_a_terminal_do_not_matter(self):
        self.assertEqual(self.judge(BANNER, VERDICT.replace("\n", "\r\n"))[0], 0)

    def test_a_failed_case_fails_with_its_remark(self):
        self.fails("not ok samples/load: it is broken", BANNER, VERDICT.replace(
            "    ok 1 - load", "    # it is broken\n    not ok 1 - load"))

    def test_a_failed_program_with_good_cases_fails(self):
        self.fails("not ok selftests/region", BANNER,
                   VERDICT.replace("    ok 1 - region", "    not ok 1 - region"))

    def test_fewer_cases_than_planned_fail(self):
        self.fails("not ok samples: 1 of 2 planned results", BANNER,
                   VERDICT.replace("    ok 2 - unload\n", ""))
        self.fails("not ok selftests/region: 1 of 2 planned results", BANNER,
                   VERDICT.replace("        ok 1 global.size\n", ""))

    def test_fewer_groups_than_planned_fail(self):
        self.fails("not ok verdict: 1 of 2 planned results", BANNER,
                   VERDICT[:VERDICT.index("    # Subtest: selftests")])

    def test_no_plan_fails(self):
        self.fails("not ok samples: no plan", BANNER,
                   VERDICT.replace("    1..2\n", "", 1))
        self.fails("not ok verdict: no plan", BANNER,
                   VERDICT.replace("1..2\n", "", 1))

    def test_an_end_in_the_middle_fails(self):
        self.fails("not ok samples: ended without a result, after 1 of 2 "
                   "planned results", BANNER,
                   VERDICT[:VERDICT.index("    ok 2")])
        self.fails("not ok selftests/region: ended without a result, after 1 "
                   "of 2 planned results", BANNER,
                   VERDICT[:VERDICT.index("        ok 2")])

    def test_no_verdict_fails(self):
        self.fails("not ok verdict: none came", BANNER, "")

    def test_a_verdict_of_nothing_fails(self):
        self.assertEqual(self.judge(BANNER, "TAP version 13\n1..0\n")[0], 1)

    def test_a_silent_kernel_fails(self):
        self.fails("not ok boot: the kernel said nothing", "")

    def test_a_time_limit_fails_whatever_came(self):
        self.fails("not ok boot: time limit of 7 s reached", BANNER, VERDICT,
                   "--rc", "124", "--limit", "7")

    def test_a_status_of_qemu_fails(self):
        self.fails("not ok boot: ended with status 1", BANNER, VERDICT, "--rc", "1")

    def test_alarms_on_the_console_fail(self):
        for line in ("WARNING: CPU: 0 PID: 1 at drivers/base/dd.c:1 f+0x1/0x2",
                     "BUG: KASAN: use-after-free in f+0x1/0x2",
                     "kernel BUG at mm/slub.c:1!",
                     "Oops: 0002 [#1] SMP",
                     "general protection fault, probably for address 0x1",
                     "Kernel panic - not syncing: x",
                     "UBSAN: array-index-out-of-bounds in x.c:1:2",
                     "Call Trace:",
                     "refcount_t: underflow; use-after-free.",
                     "WARNING: possible circular locking dependency detected",
                     "INFO: possible recursive locking detected",
                     "WARNING: suspicious RCU usage",
                     "INFO: task a:1 blocked for more than 60 seconds.",
                     "watchdog: BUG: soft lockup - CPU#0 stuck for 23s!",
                     "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
                     "unreferenced object 0xffff (size 8):",
                     "sysfs: cannot create duplicate filename '/x'",
                     "failing symbol_get of non-GPLONLY symbol x."):
            self.fails("not ok console: during boot: " + line,
                       BANNER + "[    1.0] " + line + "\n")
            self.assertIn("  | [    1.0] " + line, self.done.stdout)

    def test_an_alarm_names_the_test_that_ran(self):
        self.fails("not ok console: during samples: Call Trace:",
                   BANNER + "[    1.0] lab: samples\n[    1.1] Call Trace:\n")

    def test_kunit_on_the_console_counts(self):
        status, lines = self.judge(BANNER + KUNIT)
        self.assertEqual(status, 0)
        self.assertIn("ok kunit/bus/first", lines)
        self.assertIn("ok kunit/bus/second", lines)

    def test_kunit_fails_when_cases_or_suites_are_missing(self):
        self.fails("not ok kunit/bus: 1 of 2 planned results",
                   BANNER + KUNIT.replace("[    0.5]     ok 1 - first\n", ""))
        self.fails("not ok kunit: 1 of 2 planned results",
                   BANNER + KUNIT.replace("1..1", "1..2"))

    def test_a_suite_that_the_guest_saw_must_be_on_the_console(self):
        verdict = ("TAP version 13\n1..1\n    # Subtest: kunit\n    1..1\n"
                   "    ok 1 - bus\nok 1 - kunit\n")
        self.assertEqual(self.judge(BANNER + KUNIT, verdict)[0], 0)
        self.fails("not ok kunit/bus: no result on the console", BANNER, verdict)

    def test_uml_needs_kunit_and_may_panic_for_want_of_a_root(self):
        end = "List of all partitions:\nKernel panic - not syncing: VFS: x\n"
        self.assertEqual(self.judge(BANNER + KUNIT + end, "", "--kunit")[0], 0)
        self.fails("not ok kunit: no verdict on the console", BANNER + end, "",
                   "--kunit")
        self.fails("not ok console: during boot: WARNING: x",
                   BANNER + "WARNING: x\n" + KUNIT + end, "", "--kunit")


class Guest(Place):
    """lab/vm in a tree of its own, with a script for QEMU."""
    def vm(self, script, build=""):
        lab = self.path("lab")
        shutil.copytree(LAB, lab)
        for name, text in (("build", build), ("setup", ""), ("qemu", script)):
            path = os.path.join(lab, name)
            with open(path, "w") as file:
                file.write("#!/bin/sh\n" + text)
            os.chmod(path, 0o755)
        for made in ("build/lean/root", "build/debian/etc/mdevctl.d",
                     "build/debian/usr/bin", "build/debian/usr/sbin",
                     "build/debian/sbin"):
            os.makedirs(self.path(made))
        for program in ("usr/bin/mdevctl", "usr/bin/accel-config", "usr/sbin/hostapd",
                        "sbin/wpa_supplicant", "sbin/iw"):
            shutil.copy("/bin/true", self.path("build/debian/" + program))
        env = dict(os.environ, QEMU=os.path.join(lab, "qemu"), LIMIT="2",
                   CONFIG="lean", SRC="none", TESTS="", ACCEL="tcg")
        self.done = subprocess.run([os.path.join(lab, "vm")], env=env, text=True,
                                   stdout=subprocess.PIPE, timeout=60, check=False)
        with open(self.path("build/results/vm-lean")) as file:
            return self.done.returncode, file.read().splitlines()

    # What a guest says on its console, and then as its verdict.
    says = ('for a; do case $a in file:*) echo "[ 0.0] Linux version 5.10.0%s"'
            ' >"${a#file:}" ;; esac; done\n')

    def test_a_guest_with_a_verdict_passes(self):
        status, lines = self.vm(self.says % "" + "cat <<'END'\n" + VERDICT + "END\n")
        self.assertEqual(status, 0)
        self.assertIn("ok samples/load", lines)

    def test_a_guest_that_hangs_fails_within_the_limit(self):
        status, lines = self.vm(self.says % "" + "echo TAP version 13\nexec sleep 50")
        self.assertEqual(status, 1)
        self.assertIn("not ok boot: time limit of 2 s reached", lines)
        self.assertIn("  | [ 0.0] Linux version 5.10.0", self.done.stdout)
        self.assertIn(self.path("build/vm/lean/console.log"), self.done.stdout)

    def test_a_guest_that_ignores_the_limit_is_killed(self):
        status, lines = self.vm(self.says % "" + "trap '' TERM\nexec sleep 50")
        self.assertEqual(status, 1)
        self.assertIn("not ok boot: time limit of 2 s reached", lines)

    def test_a_guest_that_panics_fails(self):
        status, lines = self.vm(self.says % "\n[ 0.1] Kernel panic - not syncing: x")
        self.assertEqual(status, 1)
        self.assertIn("not ok verdict: none came", lines)
        self.assertIn("not ok console: during boot: "
                      "Kernel panic - not syncing: x", lines)

    def test_a_boot_that_did_not_happen_is_not_run(self):
        self.assertEqual(self.vm("", build="exit 1"), (1, ["not run"]))


if __name__ == "__main__":
    unittest.main()
