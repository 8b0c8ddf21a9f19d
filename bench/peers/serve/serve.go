// SPDX-License-Identifier: Apache-2.0

// Package serve holds what the peers are told on the command line.
package serve

import (
	"crypto/tls"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

// Options of a peer.
type Options struct {
	Port int
	// Certificates is a folder with tls.crt and tls.key.
	Certificates string
	// AddressScript and HookScript are the texts of the two scripts that are injected.
	AddressScript, HookScript string
	// StatusEnv and StatusHook are the annotation that says what was done.
	StatusEnv, StatusHook string
}

// Read parses the command line and reads the texts.
func Read() Options {
	var options Options
	flag.IntVar(&options.Port, "port", 0, "where to listen on 127.0.0.1")
	flag.StringVar(&options.Certificates, "certificates", "", "folder with tls.crt and tls.key")
	texts := flag.String("texts", "", "folder with address.sh, hook.bash, status.env and status.hook")
	flag.Parse()
	options.AddressScript = text(*texts, "address.sh")
	options.HookScript = text(*texts, "hook.bash")
	options.StatusEnv = text(*texts, "status.env")
	options.StatusHook = text(*texts, "status.hook")
	return options
}

func text(folder, name string) string {
	bytes, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		Die(err)
	}
	return string(bytes)
}

// Configure makes TLS as cheap as it can be: no session tickets, no HTTP/2, which the API server
// does not offer either.
func Configure(config *tls.Config) {
	config.MinVersion = tls.VersionTLS12
	config.NextProtos = []string{"http/1.1"}
	config.SessionTicketsDisabled = true
}

// Die ends the program.
func Die(err error) {
	fmt.Fprintln(os.Stderr, "peer:", err)
	os.Exit(1)
}
