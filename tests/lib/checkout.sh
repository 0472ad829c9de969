# shellcheck shell=sh
# A second checkout of the repository.

# another_checkout: copies tracked and untracked files to another/place, and nothing that was built.
another_checkout() {
	mkdir -p another/place &&
		(cd "$repository" && git ls-files -co --exclude-standard | while read -r file
		do
			test ! -e "$file" && test ! -L "$file" || echo "$file"
		done | tar cf - -T -) | tar xf - -C another/place
}
