# shellcheck shell=sh
# A second checkout of the repository. $repository names it.

# another_checkout: copies tracked and untracked files to another/place, and nothing that was built.
another_checkout() {
	# shellcheck disable=SC2154 # the sourcing script sets it
	mkdir -p another/place &&
		(cd "$repository" && git ls-files -co --exclude-standard | while read -r file
		do
			test ! -e "$file" && test ! -L "$file" || echo "$file"
		done | tar cf - -T -) | tar xf - -C another/place
}
