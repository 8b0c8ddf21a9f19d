// SPDX-License-Identifier: Apache-2.0

// kit is the small program of the end-to-end tests: in the images of test pods, in the client's
// network and on the nodes.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

const usage = `usage: kit COMMAND ARGUMENT...

  pause                      wait for SIGTERM; as process 1, bury orphans meanwhile
  broker PORT...             stand in for a broker: print the environment, listen, and tell
                             everyone who connects the pod's name, the port and his address
  dial HOST:PORT...          connect to each and print what it says; exit 1 if one does not answer
  lookup SERVER NAME         ask that DNS server (host:port) for addresses
  relay LISTEN NETNS TARGET  pass connections made to LISTEN here on to TARGET as seen from the
                             network namespace of that file
`

func main() {
	arguments := os.Args[1:]
	if len(arguments) == 0 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	var err error
	switch command, rest := arguments[0], arguments[1:]; {
	case command == "pause":
		waitForEnd()
	case command == "broker" && len(rest) > 0:
		err = broker(rest)
	case command == "dial" && len(rest) > 0:
		err = dial(rest)
	case command == "lookup" && len(rest) == 2:
		err = lookup(rest[0], rest[1])
	case command == "relay" && len(rest) == 3:
		err = relay(rest[0], rest[1], rest[2])
	default:
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "kit:", err)
		os.Exit(1)
	}
}

// waitForEnd returns at SIGTERM or SIGINT. Process 1 of a pod gets the children of others.
func waitForEnd() {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGCHLD)
	for sign := range signals {
		if sign != syscall.SIGCHLD {
			return
		}
		for {
			pid, _ := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
			if pid <= 0 {
				break
			}
		}
	}
}
