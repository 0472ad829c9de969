#!/bin/sh
description='the README and the documents are true'
. ./lib/lib.sh

# Joins the README and the documents into one text, in the order in which they are read.
documents='README.md docs/handlers.md docs/json.md docs/streaming.md docs/snapstart.md docs/deploy.md docs/cloudevents.md docs/event-kinds.md docs/middlewares.md docs/failures.md
	docs/configuration.md docs/open-runtime.md docs/debugging.md docs/migrate.md docs/architecture.md'
readme=$scratch/documents.md
for document in $documents
do
	cat "$repository/$document"
done >"$readme"
tool=$repository/dist/open-runtime
PATH=$repository/dist:$PATH:$repository/dist/$arch/bin # json is there in a layer

# block FILE: prints the block of code that the documents show for that file. It stands after a line that ends with `FILE`:
block() {
	awk -v file="\`$1\`:" '
		/^```/ {
			if (inside) exit
			inside = substr(last, length(last) - length(file) + 1) == file
			next
		}
		inside { print }
		/./ { last = $0 }
	' "$readme"
}

# The files that the README shows.
files() {
	awk '
		/^```/ {
			if (!inside && match(last, /`[^`]+`:$/)) print substr(last, RSTART + 1, RLENGTH - 3)
			inside = !inside
		}
		/./ { last = $0 }
	' "$readme"
}

# take FILE: writes the documents' block for that file into it, as a reader would.
take() {
	taken=$work/$1
	mkdir -p "${taken%/*}" &&
		block "$1" >"$taken"
}

# shows FILE PATH: the README shows that file of the repository as it is.
shows() {
	block "$1" >shown &&
		test -s shown &&
		diff shown "$repository/$2"
}

# transcripts: writes the blocks of commands and what they print, in the order of the README, to 1.commands, 1.expected, …
transcripts() {
	awk '
		/^```/ {
			inside = $0 == "```console" && !inside
			if (inside) count++
			next
		}
		!inside { next }
		/^\$ / {
			print substr($0, 3) >(count ".commands")
			next
		}
		{ print >(count ".expected") }
	' "$readme"
}

# example_folder: a copy of the example in which the documents' commands can be run, and a make that leaves out the building.
example_folder() {
	cp -R "$repository/example/." . &&
		files | for_each take &&
		mkdir bin &&
		printf '#!/bin/sh\ncd "%s" && eval "$(%s -n "$@" | grep ^dist/open-runtime)"\n' "$repository" \
			"$(command -v make)" >bin/make &&
		chmod +x bin/make &&
		PATH=$work/bin:$PATH
}

# becomes EXPECTED COMMANDS: the commands print what the file EXPECTED has.
becomes() {
	sh "$2" 2>&1 | constant >actual
	pattern=$(constant <"$1" | as_pattern)
	# shellcheck disable=SC2254 # the variable is a pattern
	case $(cat actual) in
	$pattern) ;;
	*)
		cat "$2"
		constant <"$1" | diff - actual
		return 1
		;;
	esac
}

# A line … matches any number of lines. Elsewhere … matches any text.
as_pattern() {
	awk '{ gsub(/[][*?\\]/, "\\\\&") } /^…$/ { printf "*"; next } { gsub(/…/, "*"); print }'
}

# Replaces values that differ from run to run.
constant() {
	sed -E 's/ *[0-9]+(\.[0-9]+)? ms/ N ms/
		s/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/ID/g
		s/[0-9-]{10}T[0-9:.]{12}Z/TIME/
		s/[0-9]+ of [0-9]+ MB/N of N MB/
		s/ +$//'
}

# table HEADING: prints the rows of the tables of a section.
table() {
	awk -v heading="$1" '
		/^#/ { inside = $0 == heading }
		inside && /^\| `/ { print }
	' "$readme"
}

# rows HEADING: prints the names in the first column of these rows.
rows() {
	table "$1" | awk '{ print $2 }' | tr -d '`' | sort
}

# Prints the environment variables that bootstrap reads, except those that only the tool sets.
variables() {
	sed '/#\[cfg(test)\]/,$d' "$repository/src/settings/config.rs" | grep -oE '(text|list|var|variables)\((variables, )?"[A-Z_]+"' | cut -d '"' -f 2 |
		grep -v '^_OPEN_RUNTIME' | sort -u
}

error_types() {
	{
		sed -s '/#\[cfg(test)\]/,$d' "$repository/src/error.rs" "$repository/src/snapshot.rs" "$repository/src/lambda/runtime_api.rs" | grep -oE '"(Runtime|Function)\.[A-Z][A-Za-z]*"'
		grep -rhoE --exclude='*.md' --exclude='*.pyc' '(Runtime|Function)\.[A-Z][A-Za-z]*' "$repository/runtimes"
	} | tr -d '"' | sort -u
}

# all_documents: the files of Markdown that the repository has.
all_documents() {
	cd "$repository" &&
		git ls-files --cached --others --exclude-standard -- "*.md"
}

# for_each FUNCTION: calls the function with each line of stdin. Fails if one call fails, or if there is no line.
for_each() {
	for_each_verdict=1
	for_each_failed=
	while read -r line
	do
		for_each_verdict=0
		"$1" "$line" || for_each_failed=$line
	done
	test "$for_each_verdict" -eq 0 && test -z "$for_each_failed"
}

# code_with PROGRAM: prints each command of the README that runs the program, from the name of the program on.
code_with() {
	grep -oE '`[^`]+`|^[^|`].*|^#.*' "$readme" | grep -oE "(^|[ /\`])$1 .*" | tr -d '`' | sed "s,^[ /]*,,"
}

commands() {
	"$tool" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p' | grep -v '^help$' | sort
}

# helps: the help of the tool and of each of its commands.
helps() {
	{ echo && commands; } | while read -r name
	do
		"$tool" ${name:+"$name"} --help
	done
}

# has_option OPTION: the file helps has it.
has_option() {
	grep -qE "^ *(-[A-Za-z], )?$1([ ,[]|\$)" helps || {
		echo "no option $1"
		return 1
	}
}

# accepts VARIABLE=VALUE: a function runs with this variable.
accepts() {
	"$tool" invoke x.y --quiet --env SLSRUNTIME="$tests/fakes/runtimes/echoes" --env "$1" </dev/null >out 2>&1 || {
		echo "$1 is not accepted"
		cat out
		return 1
	}
}

# Prints each value in backticks in the row of a variable, as VARIABLE=VALUE.
values() {
	sed -n "s/^| \`$1\` | //p" "$readme" | grep -oE '`[A-Za-z0-9]+`' | tr -d '`' | sed "s/^/$1=/"
}

# code LANGUAGE TEXT: prints the block of that language that contains the text, with the port of the served function.
code() {
	awk -v fence="\`\`\`$1" -v text="$2" '
		/^```/ {
			if (inside && index(code, text)) printf "%s", code
			inside = $0 == fence && !inside
			code = ""
			next
		}
		{ code = code $0 "\n" }
	' "$readme" | sed "s,127.0.0.1:9000,127.0.0.1:$(cat port 2>/dev/null),"
}

check 'make run and the other commands print what the documents show' '
	example_folder &&
	transcripts &&
	test -s 1.commands &&
	for commands in *.commands
	do
		becomes "${commands%.commands}.expected" "$commands" || return
	done
'

check 'the documents show the files of the example as they are' '
	for file in handler.js python/handler.py ruby/handler.rb php/handler.php perl/handler.pl sh/handler.sh middlewares/polite \
		streaming.js ruby/streaming.rb php/streaming.php perl/streaming.pl sh/streaming.sh exec/hello.c \
		cdk/app.js Dockerfile
	do
		shows $file "example/$file" || return
	done
'

# is_part_of FILE: the file contains the lines of stdin unchanged.
is_part_of() {
	python3 -c 'import sys; text = sys.stdin.read(); sys.exit(not text or text not in open(sys.argv[1]).read())' "$repository/$1"
}

check 'the parts of files that the documents show are in the files of the example' '
	code yaml "  OpenRuntime:" | is_part_of example/template.yaml &&
	code hcl aws_lambda_layer_version\" | is_part_of example/terraform/main.tf &&
	code hcl aws_lambda_function\" | is_part_of example/terraform/main.tf
'

check 'each handler of the README has at most ten lines' '
	test "$(block handler.js | wc -l)" -le 10 &&
	test "$(block python/handler.py | wc -l)" -le 10
'

check 'the handlers run in an empty folder' '
	take handler.js &&
	take python/handler.py &&
	for handler in handler.hello python/handler.hello
	do
		open-runtime invoke $handler --quiet -d "{\"name\": \"Grace\"}" >response &&
		same_json "{\"message\":\"Hello, Grace!\",\"event\":\"free-form JSON\"}" response || return
	done
'

check 'the events of the example are JSON, and both handlers answer them' '
	for event in "$repository"/example/event.json "$repository"/example/events/*.json
	do
		for handler in handler.hello python/handler.hello
		do
			open-runtime invoke $handler --quiet --task-root "$repository/example" -f "$event" || return
		done
	done
'

check 'the table of environment variables lists exactly the variables that bootstrap reads' '
	variables >expected &&
	test -s expected &&
	rows "# Environment variables" | diff expected -
'

check 'bootstrap accepts the values that the table lists' '
	for variable in SLSEVENTS SLSBATCH SLSOVERLAP SLSSTREAM SLSGRACE SLSLOG
	do
		values $variable | for_each accepts || return
	done
'

check 'bootstrap refuses other values, and says which it accepts' '
	for variable in SLSMIDDLEWARES SLSRUNTIME SLSEVENTS SLSBATCH SLSOVERLAP SLSSTREAM SLSGRACE SLSDEBUG SLSLOG
	do
		fails_to accepts "$variable=nonsense" &&
		says out "$variable" || return
	done
'

check 'the table of errors lists exactly the errors of bootstrap and of the language runtimes' '
	error_types >expected &&
	test -s expected &&
	rows "## Errors" | diff expected -
'

check 'docs/event-kinds.md is what make docs writes' '
	"$repository/scripts/event-kinds" >expected &&
	test -s expected &&
	diff expected "$repository/docs/event-kinds.md"
'

check 'the table of /opt lists exactly the files of the layer' '
	python3 -c "
import zipfile
print(*sorted({name.split(\"/\")[0] + \"/\" * (\"/\" in name) for name in zipfile.ZipFile(
	\"$repository/dist/open-runtime-$arch.zip\").namelist()} | {\"middlewares/\"}), sep=\"\n\")" >expected &&
	rows "## The layer" | diff expected -
'

check 'the commands of the quick start are the ones that the tests run on a mock of AWS' '
	code sh "sls invoke -f hello" | sed "s/ *#.*//" >quick-start &&
	printf "%s\n" "npm i -g osls" make "sls deploy" "cd example" "sls deploy" "sls invoke -f hello" | diff quick-start - &&
	for command in "sls_in . deploy" "sls_in example deploy"
	do
		says "$tests/package/deploy-services.sh" "$command" || return
	done
'

check 'the links of all documents lead to files of the repository and to headings' '
	python3 "$tests/docs/links.py" "$repository" $(all_documents)
'

# is_near KB FILE: the file has that size, by two hundredths more or less: compilers differ.
is_near() {
	test "$(($1 * 980))" -lt "$(wc -c <"$2")" && test "$(wc -c <"$2")" -lt "$(($1 * 1020))"
}

check 'the README gives the sizes of bootstrap and of the layer' '
	sed -n "s/^\`bootstrap\` has \([0-9]*\) KB, and the layer.s zip \([0-9]*\) KB.*/\1 \2/p" "$repository/README.md" >sizes &&
	read -r program zip <sizes &&
	grep -qF "static binary of $program KB" "$repository/README.md" &&
	is_near "$program" "$repository/dist/$arch/bootstrap" &&
	is_near "$zip" "$repository/dist/open-runtime-$arch.zip"
'

check 'a link that leads nowhere is noticed' '
	printf "# A heading\n\n[file](none.md) [heading](#none) [other](other.md#a-heading) [here](#a-heading)\n" | tee page.md >other.md &&
	fails_to python3 "$tests/docs/links.py" . page.md >found &&
	same "$(printf "page.md: no such file: none.md\npage.md: no such heading: #none")" "$(cat found)"
'

# names: prints the files, folders and words of the sources that the tables of architecture.md name.
names() {
	grep "^|" "$repository/docs/architecture.md" | grep -oE "\`[^\` ]+\`" | tr -d "\`" | sort -u
}

# is_there NAME: the repository has that file or folder, or the sources have that word.
is_there() {
	case $1 in
	*[./]*) git -C "$repository" ls-files --cached --others --exclude-standard | grep -qE "(^|/)${1%/}(/|\$)" ;;
	*) grep -rqw -e "$1" "$repository/src" ;;
	esac || {
		echo "there is no $1"
		return 1
	}
}

check 'the files that architecture.md names, which hold something or where a change belongs, are there' '
	names >names &&
	test "$(wc -l <names)" -gt 40 &&
	for_each is_there <names
'

check 'the README links to every document' '
	for file in "$repository"/docs/*.md
	do
		grep -qF "](docs/${file##*/})" "$repository/README.md" || {
			echo "$file"
			return 1
		}
	done
'

check 'the documents show every command of the tool, and no other' '
	commands >expected &&
	test -s expected &&
	code_with open-runtime | grep -oE "^open-runtime [a-z][a-z-]*" | cut -d " " -f 2 | sort -u >shown &&
	diff expected shown
'

check 'the options of the tool that the documents show exist' '
	helps >helps &&
	code_with open-runtime | grep -oE "(^| )--?[a-z][a-z-]*" | tr -d " " | sort -u | for_each has_option
'

# serve: runs the README's command, on a port that the kernel chooses.
serve() {
	take handler.js &&
		code sh "open-runtime serve" >serve.sh &&
		grep -qx "open-runtime serve handler.hello --port 9000" serve.sh || return
	open-runtime serve handler.hello --port 0 --port-file port >served.out 2>served.log &
	served=$!
	at_end "kill -9 $served 2>/dev/null; true"
	within 10000 test -s port
}

check 'curl gets an answer from open-runtime serve, which ends at Ctrl-C' '
	serve &&
	code sh "curl -d" >curl.sh &&
	sh curl.sh >response &&
	same_json "{\"message\":\"Hello, Ada!\",\"event\":\"free-form JSON\"}" response &&
	kill -INT $served &&
	wait $served
'

boto3=$(tool/boto3/install) || missing=boto3
export boto3

check 'the AWS SDK gets an answer from open-runtime serve' '
	serve &&
	code sh "export AWS_ACCESS_KEY_ID" | grep "^export" >credentials.sh &&
	code python "boto3.client(\"lambda\", endpoint_url" >ask.py &&
	. ./credentials.sh &&
	PYTHONPATH=$boto3 python3 ask.py >response &&
	same_json "{\"message\":\"Hello, Ada!\",\"event\":\"free-form JSON\"}" response
'

finish
