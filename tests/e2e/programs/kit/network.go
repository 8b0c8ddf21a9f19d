// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"sort"
	"strings"
	"syscall"
	"time"
)

// A node port that drops is told from a slow one by this.
const patience = 2 * time.Second

// The number of setns, which the package syscall has no function for, on amd64 and arm64.
var setns = map[string]uintptr{"amd64": 308, "arm64": 268}

// broker listens on all ports before it says so.
func broker(ports []string) error {
	environment := os.Environ()
	sort.Strings(environment)
	for _, entry := range environment {
		fmt.Println("env", entry)
	}
	for _, port := range ports {
		listener, err := net.Listen("tcp", ":"+port)
		if err != nil {
			return err
		}
		go answer(listener, port)
	}
	fmt.Println("listening on", strings.Join(ports, " "))
	waitForEnd()
	return nil
}

func answer(listener net.Listener, port string) {
	pod, _ := os.Hostname()
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		client, _, _ := net.SplitHostPort(connection.RemoteAddr().String())
		fmt.Fprintf(connection, "pod=%s port=%s client=%s\n", pod, port, client)
		connection.Close()
	}
}

// dial prints one line an address, in the order given.
func dial(addresses []string) error {
	results := make([]chan error, len(addresses))
	lines := make([]string, len(addresses))
	for i, address := range addresses {
		results[i] = make(chan error, 1)
		go func() {
			line, err := ask(address)
			lines[i] = line
			results[i] <- err
		}()
	}
	failed := 0
	for i, address := range addresses {
		if err := <-results[i]; err != nil {
			failed++
			lines[i] = reason(err)
		}
		fmt.Println(address, lines[i])
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d did not answer", failed, len(addresses))
	}
	return nil
}

func ask(address string) (string, error) {
	connection, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return "", err
	}
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(patience))
	text, err := io.ReadAll(io.LimitReader(connection, 1000))
	return strings.TrimSpace(string(text)), err
}

// reason is one word that a test can match.
func reason(err error) string {
	text := err.Error()
	switch {
	case strings.Contains(text, "timeout"):
		return "no-answer"
	case strings.Contains(text, "refused"):
		return "refused"
	case strings.Contains(text, "unreachable") || strings.Contains(text, "no route"):
		return "unreachable"
	}
	return "error: " + text
}

func lookup(server, name string) error {
	resolver := &net.Resolver{PreferGo: true}
	resolver.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, server)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	addresses, err := resolver.LookupHost(ctx, name)
	if err == nil {
		fmt.Println(strings.Join(addresses, " "))
	}
	return err
}

// relay listens in its own network namespace and dials in the other one. A namespace belongs to a
// thread, so each connection is made on a thread that is thrown away afterwards.
func relay(listen, namespace, target string) error {
	there, err := os.Open(namespace)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	for {
		near, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer near.Close()
			far, err := dialIn(there, target)
			if err != nil {
				return
			}
			defer far.Close()
			go func() {
				io.Copy(far, near)
				far.(*net.TCPConn).CloseWrite()
			}()
			io.Copy(near, far)
		}()
	}
}

func dialIn(namespace *os.File, target string) (net.Conn, error) {
	type result struct {
		connection net.Conn
		err        error
	}
	done := make(chan result)
	go func() {
		// Never unlocked: the thread ends with the goroutine and takes its namespace along.
		runtime.LockOSThread()
		_, _, code := syscall.RawSyscall(
			setns[runtime.GOARCH], namespace.Fd(), syscall.CLONE_NEWNET, 0)
		if code != 0 {
			done <- result{nil, code}
			return
		}
		connection, err := net.DialTimeout("tcp", target, patience)
		done <- result{connection, err}
	}()
	made := <-done
	return made.connection, made.err
}
