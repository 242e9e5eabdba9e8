# SPDX-License-Identifier: GPL-2.0
# Sourced by the shell scripts of lab/, which first set $top, the root.

# One line: what is missing or wrong, and the command that mends it.
die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

# The lines of a log that explain a failure: not make's own progress, and the
# complaints alone where there are enough of them.
explain() {
	tr '\r' '\n' <"$1" | grep -vE '^  +[A-Z]+[A-Z0-9 ]* +(\[M\] +)?[^ ]+$' \
		>"$1.tail" || true
	if [ "$(wc -l <"$1.tail")" -gt 20 ] &&
	   grep -iE 'error|fail|not ok|warning|panic|\*\*\*|no space' "$1.tail" \
			>"$1.bad"; then
		mv "$1.bad" "$1.tail"
	fi
	tail -n 20 "$1.tail"
	rm -f "$1.tail" "$1.bad"
}

# Shows how far a stage is: its time and the last line of its log. Ends by
# itself when the script was killed.
ticker() {
	while sleep 1 && kill -0 $$ 2>/dev/null; do
		printf '\r\033[K%-28s%5d s  %.40s' "$1" $(($(date +%s) - $2)) \
			"$(tail -c 400 "$3" | tr '\r' '\n' | tail -n 1 | tr -d '\000-\037')"
	done
}

# stage NAME COMMAND...: one line on the screen with the time that it took,
# the output in build/log/NAME.log. Leaves the status in $stage_rc and always
# returns 0: whoever tests a function, by "if" or "||", switches off set -e
# within, and it would go on after an error.
stage() {
	stage_name=$1
	stage_log=$top/build/log/$(printf %s "$1" | tr -cs A-Za-z0-9._ -).log
	stage_from=$(date +%s)
	stage_ticker=
	shift
	mkdir -p "$top/build/log"
	: >"$stage_log"
	printf %-28s "$stage_name"
	if [ -t 1 ]; then
		ticker "$stage_name" "$stage_from" "$stage_log" &
		stage_ticker=$!
	fi
	set +e
	(set -e; "$@") >"$stage_log" 2>&1 </dev/null
	stage_rc=$?
	set -e
	if [ "$stage_ticker" ]; then
		kill $stage_ticker
		wait $stage_ticker 2>/dev/null || true
		printf '\r\033[K%-28s' "$stage_name"
	fi
	printf '%5d s' $(($(date +%s) - stage_from))
	if [ $stage_rc -eq 0 ]; then
		echo
		return
	fi
	echo "  FAILED"
	explain "$stage_log"
	echo "the whole log: ${stage_log#"$top"/}"
}

# must MESSAGE NAME COMMAND...: a stage without which there is no going on.
must() {
	must_say=$1
	shift
	stage "$@"
	[ $stage_rc -eq 0 ] || die "$must_say"
}

# checkout DIRECTORY COMMIT: a work tree of build/linux, moved there.
checkout() {
	if ! git -C "$1" rev-parse HEAD >/dev/null 2>&1; then
		rm -rf "$1"
		git -C "$top/build/linux" worktree prune
		git -C "$top/build/linux" worktree add -q -f --no-checkout --detach "$1" base
	fi
	rm -f "$(git -C "$1" rev-parse --absolute-git-dir)/index.lock"
	git -C "$1" checkout -q -f --detach "$2"
}
