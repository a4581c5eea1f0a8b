# SPDX-License-Identifier: AGPL-3.0-or-later
# bash completion for the lnx tools

# The values of an option: -F is a file, -L WORDS a list with commas.
_lnx_values() {
	local cur=$1 done=

	case $2 in
	-F)	compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	-D)	compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
	-L)	[[ $cur != *,* ]] || done=${cur%,*},
		mapfile -t COMPREPLY < <(compgen -P "$done" -W "$3" -- "${cur##*,}") ;;
	*)	mapfile -t COMPREPLY < <(compgen "$@" -- "$cur") ;;
	esac
}

_lnx_pids() {
	local p

	for p in /proc/[0-9]*; do
		echo "${p#/proc/}"
	done
}

_lnx_psi() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}

	COMPREPLY=()
	case $prev in
	-o | --output)
		_lnx_values "$cur" -F ;;
	--root)
		_lnx_values "$cur" -D ;;
	--interval)
		mapfile -t COMPREPLY < <(compgen -W "100ms 1s 10s" -- "$cur") ;;
	--cgroup | -n | --count | --depth | -d | --duration | --max-files | \
	    --min-pct | --top | --trigger) ;;
	*)	mapfile -t COMPREPLY < <(compgen -W "
			--cgroup -n --count --depth -d --duration --interval
			--max-files --min-pct --no-stat --once --root --text
			--top --trigger -o --output -q --quiet -v --verbose
			-h --help -V --version" -- "$cur") ;;
	esac
}
complete -F _lnx_psi lnx-psi

_lnx_trace() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}

	COMPREPLY=()
	case $prev in
	-e | --events)
		_lnx_values "$cur" -L "fork exec exit reparent snap sample oom stall stall_total stall_culprit" ;;
	-p | --pid | --ppid | -t | --tree)
		mapfile -t COMPREPLY < <(compgen -W "$(_lnx_pids)" -- "$cur") ;;
	-u | --uid)
		mapfile -t COMPREPLY < <(compgen -u -- "$cur") ;;
	-w | --write | -r | --read | -o | --output | --btf)
		_lnx_values "$cur" -F ;;
	--cgroup)
		_lnx_values "$cur" -D ;;
	--rung)
		mapfile -t COMPREPLY < <(compgen -W "tp_btf raw_tp" -- "$cur") ;;
	--argv-max | --ring)
		mapfile -t COMPREPLY < <(compgen -W "4KiB 16KiB 128KiB 1MiB 8MiB 32MiB" -- "$cur") ;;
	--culprit)
		mapfile -t COMPREPLY < <(compgen -W "cgroup process" -- "$cur") ;;
	--resource)
		_lnx_values "$cur" -L "cpu io memory" ;;
	--comm | --rate | --window | --interval | --min-stall | -d | --duration | -n | --count) ;;
	*)	mapfile -t COMPREPLY < <(compgen -W "
			-e --events -p --pid --ppid -t --tree -u --uid --comm
			--cgroup --rate -d --duration -n --count -w --write
			-r --read --argv-max --ring --no-snap --rung --btf
			--interval --all --window --resource --culprit --min-stall
			--probe-features --strict -o --output -q --quiet
			-v --verbose -h --help -V --version" -- "$cur") ;;
	esac
}
complete -F _lnx_trace lnx-trace

_lnx_rules() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}

	COMPREPLY=()
	case $prev in
	-c | --config | -n | --check | -o | --output | -r | --rules)
		_lnx_values "$cur" -F ;;
	--reorder) ;;
	*)	case $cur in
		-*)	mapfile -t COMPREPLY < <(compgen -W "
				-a --all -c --config -n --check -o --output
				--print-rules
				-r --rules --reorder -q --quiet -v --verbose
				-h --help -V --version" -- "$cur") ;;
		*)	_lnx_values "$cur" -F ;;
		esac ;;
	esac
}
complete -F _lnx_rules lnx-rules

_lnx_tree() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}

	COMPREPLY=()
	case $prev in
	--format)
		mapfile -t COMPREPLY < <(compgen -W "records text dot json" -- "$cur") ;;
	--by)	mapfile -t COMPREPLY < <(compgen -W "maker parent" -- "$cur") ;;
	--pid)	mapfile -t COMPREPLY < <(compgen -W "$(_lnx_pids)" -- "$cur") ;;
	-o | --output)
		_lnx_values "$cur" -F ;;
	--cgroup-depth | --depth | --max | --since) ;;
	*)	case $cur in
		-*)	mapfile -t COMPREPLY < <(compgen -W "
				--alive --by --cgroup-depth --depth --format --max
				--no-kthreads -o --output --pid --since --text -q --quiet
				-v --verbose -h --help -V --version" -- "$cur") ;;
		*)	_lnx_values "$cur" -F ;;
		esac ;;
	esac
}
complete -F _lnx_tree lnx-tree
