# SPDX-License-Identifier: GPL-2.0
# Sourced by the tests in the guest.

count=0
failed=0

plan() {
	echo "1..$1"
}

# result STATE NAME: one case, by the exit status STATE.
result() {
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
	else
		failed=1
		echo "not ok $count - $2"
	fi
}

# check NAME COMMAND...: one case, by what COMMAND returns; its output becomes
# the remarks above the result.
check() {
	name=$1
	shift
	out=$("$@" 2>&1)
	rc=$?
	[ -z "$out" ] || echo "$out" | sed 's/^/# /'
	[ $rc -eq 0 ] || echo "# status $rc: $*"
	result $rc "$name"
}

# store TEXT FILE: write TEXT in one go, as an administrator's echo does.
# Prints the error as the C library words it, and nothing where all was well.
store() {
	{ echo "$1" >"$2"; } 2>&1 | sed 's/.*: //'
}

# is WANTED GOT: says what came instead.
is() {
	[ "$1" = "$2" ] && return
	echo "wanted '$1', got '$2'"
	return 1
}

# busybox would take its own, which does not know of soft dependencies.
modprobe() {
	/sbin/modprobe "$@"
}

devices=/sys/bus/mdev/devices

# The first type of the parent $1.
type_of() {
	ls -d "/sys/class/mdev_bus/$1/mdev_supported_types"/* | head -n 1
}

# A UUID that ends in the number $1.
uuid() {
	printf '8a4f4fa0-0000-4000-8000-%012d' "$1"
}
