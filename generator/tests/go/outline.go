// Prints the syntax nodes of Go files, so that two may be compared: {client: {path: text}} in, {client: {path: nodes}} out.
// Comments, the texts of literals, names, and the tags of fields do not count.
package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
)

func main() {
	clients := map[string]map[string]string{}
	if err := json.NewDecoder(os.Stdin).Decode(&clients); err != nil {
		panic(err)
	}
	outlines := map[string]map[string]string{}
	for client, files := range clients {
		outlines[client] = map[string]string{}
		for path, text := range files {
			if strings.HasSuffix(path, ".go") {
				outlines[client][path] = outline(text)
			}
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(outlines); err != nil {
		panic(err)
	}
}

// outline returns the kinds of the nodes of a file, or what is wrong with it.
func outline(text string) string {
	file, err := parser.ParseFile(token.NewFileSet(), "", text, 0)
	if err != nil {
		return "invalid: " + err.Error()
	}
	var kinds strings.Builder
	ast.Inspect(file, func(node ast.Node) bool {
		if field, ok := node.(*ast.Field); ok {
			field.Tag = nil
		}
		fmt.Fprintf(&kinds, "%T ", node)
		return true
	})
	return kinds.String()
}
