# SPDX-License-Identifier: GPL-2.0

.PHONY: help run test kunit vm check bisect tree fold series

# The makes of the kernel must not take our variables for theirs.
unexport MAKEFLAGS MFLAGS MAKELEVEL

help:
	@echo 'make run            the demonstration on a booted kernel; COMPARE=1: the plain base too'
	@echo 'make test           every test and gate; ends with N passed, N failed, N skipped'
	@echo "make kunit          the KUnit suites on UML, through the kernel's own kunit.py"
	@echo 'make vm             KUnit and kselftests in QEMU; CONFIG=lean or debug'
	@echo 'make check          the static gates'
	@echo 'make bisect         every prefix of the series, built and tested whole'
	@echo 'make tree           unfold the series into build/linux'
	@echo 'make fold           fold the commits of build/linux back into the series'
	@echo 'make series         the mails of TOPIC=..., with cover letter and recipients'
	@echo
	@echo 'LINUX=<directory or tarball> takes any 5.10.y in place of the Debian one.'

run test kunit vm check bisect:
	@lab/$@

tree fold:
	@lab/setup build
	@lab/queue $@

series:
	@lab/setup build
	@lab/queue mails $(TOPIC)
