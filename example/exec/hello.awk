#!/usr/bin/awk -f
# A handler in awk: the event is STDIN, the response STDOUT. cp hello.awk hello; chmod +x hello
{ printf "{\"bytes\":%d}\n", length($0) }
