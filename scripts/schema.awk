# SPDX-License-Identifier: AGPL-3.0-or-later
# schema.awk - turn lib/rec/event.def into what people and machines read.
#
#	awk -v mode=MODE [-v event=KIND] -f scripts/schema.awk lib/rec/event.def
#
#	mdoc	rows of KIND for .Bl -column: field, type, meaning
#	json	JSON Schema of a line
#	kinds	kinds that records have, one a line
#	words	the same on one line, for completions
#	fields	fields of KIND, or of every kind, one a line

BEGIN {
	comma = ","
	split("u64 micro u32 flag hex64 dec64 time char comm str path list procs id object", t)
	split("number decimal number flag hex string time string string string path " \
	    "strings procs string object", w)
	for (i in t)
		word[t[i]] = w[i]
}

/^EVENT/ {
	parse($0)
	kind = arg[1]
	number[kind] = arg[2]
	about[kind] = doc
	kinds[++nkinds] = kind
}
/^PROC/ {
	parse($0)
	field(arg[2], "id", doc)
	field(arg[3], "u32", "pid of " doc)
	if (arg[2] == "id")
		process[kind] = 1
}
/^OPEN/ {
	parse($0)
	object = arg[2]
	about[kind, object] = doc
}
/^CLOSE/ {
	object = ""
}
/^(WIRE|TAIL|HEAD|ADDED)/ {
	parse($0)
	if (arg[3] !~ /^pad/)
		field(arg[3], arg[2], doc)
}

END {
	if (mode == "mdoc")
		mdoc(event)
	else if (mode == "json")
		json()
	else if (mode == "kinds" || mode == "words")
		list(mode == "kinds" ? "\n" : " ")
	else if (mode == "fields")
		fields(event)
	else {
		print "schema.awk: mode '" mode "'? mdoc json kinds words fields" \
		    >"/dev/stderr"
		exit 2
	}
	exit status
}

# EVENT(kind, type, field, "meaning") into arg[] and doc.
function parse(row,    i, n) {
	match(row, /".*"/)
	doc = substr(row, RSTART + 1, RLENGTH - 2)
	row = substr(row, 1, RSTART - 1)
	sub(/^[A-Z]+ *\(/, "", row)
	gsub(/ /, "", row)
	n = split(row, arg, ",")
}

function field(name, type, meaning) {
	if (!(type in word)) {
		print "schema.awk: " kind "." name ": type '" type "'" >"/dev/stderr"
		status = 1
	}
	n[kind]++
	if (object != "")
		name = object "." substr(name, length(object) + 2)
	fname[kind, n[kind]] = name
	ftype[kind, n[kind]] = type
	fdoc[kind, n[kind]] = meaning
}

function list(sep,    i, s) {
	for (i = 1; i <= nkinds; i++)
		if (number[kinds[i]] > 0)
			s = s (s == "" ? "" : sep) kinds[i]
	print s
}

function fields(only,    k, i) {
	for (k = 1; k <= nkinds; k++)
		for (i = 1; i <= n[kinds[k]]; i++)
			if (only == "" || kinds[k] == only)
				print fname[kinds[k], i]
}

# What is plain text to mdoc: a line of its own, without macros.
function plain(s) {
	gsub(/\\/, "\\e", s)
	sub(/^[.']/, "\\\\\\&&", s)
	print s
}

# Lines of at most 72 bytes; a sentence begins a line.
function fill(s,    words, i, m, line) {
	m = split(s, words, " ")
	for (i = 1; i <= m; i++) {
		if (line != "" && (length(line) + length(words[i]) > 71 ||
		    (line ~ /\.$/ && words[i] ~ /^[A-Z]/))) {
			plain(line)
			line = ""
		}
		line = line (line == "" ? "" : " ") words[i]
	}
	if (line != "")
		plain(line)
}

function mdoc(k,    i) {
	if (!(k in number)) {
		print "schema.awk: no kind '" k "'" >"/dev/stderr"
		status = 1
	}
	for (i = 1; i <= n[k]; i++) {
		print ".It Sy " fname[k, i] " Ta " word[ftype[k, i]] " Ta"
		fill(fdoc[k, i])
	}
}

# The schema of a value of that type.
function value(t) {
	if (t == "u64")
		return "\"type\":\"integer\",\"minimum\":0"
	if (t == "micro")
		return "\"type\":\"number\",\"minimum\":0"
	if (t == "u32")
		return "\"type\":\"integer\",\"minimum\":0,\"maximum\":4294967294"
	if (t == "flag")
		return "\"const\":true"
	if (t == "hex64")
		return "\"type\":\"string\",\"pattern\":\"^[0-9a-f]{16}$\""
	if (t == "dec64")
		return "\"type\":\"string\",\"pattern\":\"^[0-9]{1,20}$\""
	if (t == "time")
		return "\"type\":\"string\",\"pattern\":\"^[0-9]{4}-[0-9]{2}-" \
		    "[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{9}Z$\""
	if (t == "id")
		return "\"type\":\"string\",\"pattern\":" \
		    "\"^[0-9a-f]{8}-[0-9]{1,20}-[0-9]{1,10}$\""
	if (t == "char")
		return "\"type\":\"string\",\"minLength\":1,\"maxLength\":1"
	if (t == "comm")
		return "\"type\":\"string\",\"maxLength\":16"
	if (t == "list")
		return "\"type\":\"array\",\"minItems\":1,\"items\":{\"type\":\"string\"}"
	if (t == "procs")
		return "\"type\":\"array\",\"items\":{\"type\":\"object\"," \
		    "\"properties\":{\"id\":{" value("id") "},\"pid\":{" \
		    value("u32") "},\"comm\":{\"type\":\"string\"}}}"
	if (t == "object")
		return "\"type\":\"object\""
	return "\"type\":\"string\""
}

function property(name, type, meaning) {
	printf "%s\n\t\t\"%s\":{%s,\"description\":\"%s\"}", comma, name,
	    value(type), meaning
	comma = ","
}

function properties(k,    i, need, name, in_now, dot) {
	for (i = 1; i <= n[k]; i++) {
		name = fname[k, i]
		dot = index(name, ".")
		if (in_now != substr(name, 1, dot ? dot - 1 : 0)) {
			if (in_now != "")
				printf "}}"
			in_now = substr(name, 1, dot ? dot - 1 : 0)
			if (in_now != "") {
				printf ",\n\t\t\"%s\":{\"type\":\"object\"," \
				    "\"description\":\"%s\",\"properties\":{",
				    in_now, about[k, in_now]
				comma = ""
			}
		}
		property(substr(name, dot + 1), ftype[k, i], fdoc[k, i])
		if (ftype[k, i] == "comm")
			need = need ",\"" name "\""
	}
	if (in_now != "")
		printf "}}"
	return need
}

function json(    i, k, need, sep) {
	print "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\","
	print "\"title\":\"a record of the lnx toolkit\",\"oneOf\":["
	for (i = 1; i <= nkinds; i++) {
		k = kinds[i]
		if (number[k] == 0)
			continue
		printf "%s{\"title\":\"%s\",\"description\":\"%s\",", sep, k, about[k]
		printf "\"type\":\"object\",\"properties\":{\n"
		printf "\t\t\"v\":{\"const\":1},\n\t\t\"event\":{\"const\":\"%s\"}", k
		property("time", "time", "when it happened, UTC")
		property("boot_ns", "u64", "the same moment on CLOCK_BOOTTIME")
		property("host", "str", "name of the machine")
		need = properties(k)
		if (k in process)
			properties("process")
		property("cut", "list", "fields that are not whole")
		property("replaced", "list", "fields that held bytes which are not UTF-8")
		printf "},\n\t\"required\":[\"v\",\"event\",\"time\",\"boot_ns\"%s]}", need
		sep = ",\n"
	}
	print "\n]}"
}
