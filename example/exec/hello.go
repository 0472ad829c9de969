// A handler in Go: the event is STDIN, the response STDOUT, and stderr the log. CGO_ENABLED=0 go build -o hello hello.go
package main

import (
	"encoding/json"
	"io"
	"log"
	"os"
	"strings"
)

func main() {
	event, err := io.ReadAll(os.Stdin)
	if err != nil {
		log.Fatal(err)
	}
	log.Print("the event has come")
	bytes := len(strings.TrimRight(string(event), "\n"))
	if err := json.NewEncoder(os.Stdout).Encode(map[string]int{"bytes": bytes}); err != nil {
		log.Fatal(err)
	}
}
