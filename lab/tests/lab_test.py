# SPDX-License-Identifier: GPL-2.0
"""lab/lib.sh, lab/setup and lab/build: how they stop, and what they say."""

import os
import shutil
import subprocess
import unittest

from house import LAB, HouseTest


class Script(HouseTest):
    def setUp(self):
        super().setUp()
        for name in ("setup", "build", "lean.config", "users.config",
                     "series.config"):
            shutil.copy(LAB / name, self.root / "lab" / name)

    def script(self, text):
        path = self.root / "lab" / "script"
        path.write_text(f'set -eu\ntop={self.root}\n. "$top/lab/lib.sh"\n{text}')
        return subprocess.run(["sh", str(path)], text=True, check=False, env=self.env,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def stub(self, name, text):
        place = self.dir / "bin"
        place.mkdir(exist_ok=True)
        (place / name).write_text(f"#!/bin/sh\n{text}\n")
        (place / name).chmod(0o755)
        self.env["PATH"] = f"{place}:{os.environ['PATH']}"


class Stage(Script):
    def test_error_in_the_middle_ends_it(self):
        done = self.script('work() { false; touch "$top/went-on"; }\n'
                           'must "do this instead" work work\necho not reached\n')
        self.assertEqual(done.returncode, 1)
        self.assertFalse((self.root / "went-on").exists())
        self.assertIn("FAILED", done.stdout)
        self.assertNotIn("not reached", done.stdout)
        self.assertEqual(done.stderr.strip().splitlines()[-1], "script: do this instead")

    def test_lines_of_the_failure_and_the_log_are_shown(self):
        done = self.script('work() { echo "file.c:1: error: what is wrong"; false; }\n'
                           'stage "some work" work\necho "status $stage_rc"\n')
        self.assertIn("error: what is wrong\nthe whole log: build/log/some-work.log\nstatus 1\n",
                      done.stdout)


class Setup(Script):
    def test_without_root_it_names_what_is_missing(self):
        self.stub("dpkg-query", 'case "$*" in *" git") exit 1;; *" bc") exit 1;; esac\n'
                  'echo installed')
        self.stub("id", "echo 1000")
        self.stub("sudo", "exit 1")
        done = self.refused("setup", "build", says=["sudo apt-get install git bc"])
        self.assertEqual(len(done.stderr.strip().splitlines()), 1)

    def test_nothing_is_installed_twice(self):
        self.stub("dpkg-query", "echo installed")
        self.stub("apt-get", f"touch {self.dir}/asked")
        self.assertEqual(self.works("setup", "build", "vm", "check"), "")
        self.assertFalse((self.dir / "asked").exists())


class Build(Script):
    """The kernel is a Makefile, its kconfig a script that drops a symbol."""

    def setUp(self):
        super().setUp()
        self.stub("ccache", 'exec "$@"')
        for name, text in {
                "Kbuild": "", "kernel/configs/tiny.config": "CONFIG_SLOB=y\n",
                "arch/x86/configs/tiny.config": "",
                "scripts/kconfig/merge_config.sh":
                    "#!/bin/sh\ncat kernel/configs/tiny.config $top/lab/*.config "
                    "| grep -v CONFIG_PCI_MSI >$KCONFIG_CONFIG\n"}.items():
            path = self.base / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace("$top", str(self.root)))
        (self.base / "scripts/kconfig/merge_config.sh").chmod(0o755)
        with (self.base / "Makefile").open("a", encoding="ascii") as file:
            file.write("bzImage modules:\n\tmkdir -p $(O)/arch/x86/boot\n"
                       "\techo $@ >>$(O)/made\n\ttest ! -e $(O)/full\n"
                       "modules_install:\n\tmkdir -p $(INSTALL_MOD_PATH)/lib/modules/5\n")

    def test_symbol_that_falls_out_is_named_with_its_fragment(self):
        self.refused("build", "lean", str(self.base), says=["lean", "fragment"])
        self.assertIn("lab/lean.config asks for CONFIG_PCI_MSI=y, "
                      "the result is: # CONFIG_PCI_MSI is not set",
                      (self.root / "build/log/configure-lean.log").read_text())
        self.assertFalse((self.root / "build/lean/.config").exists())

    def test_build_that_failed_is_done_again(self):
        config = self.root / "lab/lean.config"
        config.write_text(config.read_text().replace("CONFIG_PCI_MSI=y\n", ""))
        full = self.root / "build/lean/full"
        full.parent.mkdir(parents=True)
        full.touch()
        self.refused("build", "lean", str(self.base), says=["does not build"])
        self.refused("build", "lean", str(self.base), says=["does not build"])
        full.unlink()
        self.works("build", "lean", str(self.base))
        self.assertTrue((self.root / "build/lean/root/lib/modules/5").is_dir())

    def test_unknown_config_and_no_kernel(self):
        self.refused("build", "fat", says=["fat", "lean|debug"])
        self.refused("build", "lean", str(self.dir), says=["no kernel tree", "make tree"])


if __name__ == "__main__":
    unittest.main()
