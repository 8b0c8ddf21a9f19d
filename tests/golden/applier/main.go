// SPDX-License-Identifier: Apache-2.0

// Command applier applies JSON patches with the library of the API server itself.
//
// Standard input holds one {"name", "object", "patch"} a line; standard output gets one
// {"name", "object"} or {"name", "error"} for each, in the same order.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
)

type task struct {
	Name   string          `json:"name"`
	Object json.RawMessage `json:"object"`
	Patch  json.RawMessage `json:"patch"`
}

type result struct {
	Name   string          `json:"name"`
	Object json.RawMessage `json:"object,omitempty"`
	Error  string          `json:"error,omitempty"`
}

// apply does what k8s.io/apiserver does with the patch of a mutating webhook.
func apply(work task) result {
	patch, err := jsonpatch.DecodePatch(work.Patch)
	if err != nil {
		return result{Name: work.Name, Error: err.Error()}
	}
	object, err := patch.Apply(work.Object)
	if err != nil {
		return result{Name: work.Name, Error: err.Error()}
	}
	return result{Name: work.Name, Object: object}
}

func run() error {
	in := json.NewDecoder(bufio.NewReader(os.Stdin))
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for in.More() {
		var work task
		if err := in.Decode(&work); err != nil {
			return err
		}
		if err := encoder.Encode(apply(work)); err != nil {
			return err
		}
	}
	return out.Flush()
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "applier:", err)
		os.Exit(1)
	}
}
