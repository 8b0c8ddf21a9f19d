// SPDX-License-Identifier: Apache-2.0

// Command apiclient posts reviews as an API server does: Go's transport set up as client-go sets it
// up for webhooks (HTTP/1.1 only, at most 25 idle connections, others are closed after use), with a
// deadline for each review. It prints one line of JSON.
package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

type report struct {
	Reviews int     `json:"reviews"`
	Failed  int64   `json:"failed"`
	Seconds float64 `json:"seconds"`
	P50     float64 `json:"p50_us"`
	P99     float64 `json:"p99_us"`
	Max     float64 `json:"max_us"`
	Opened  int64   `json:"connections_opened"`
	Failure string  `json:"failure"`
}

type client struct {
	http    http.Client
	url     string
	body    []byte
	timeout time.Duration
	opened  atomic.Int64
	failed  atomic.Int64
	failure atomic.Value
}

func newClient(port int, authority, body string, timeout time.Duration) (*client, error) {
	pem, err := os.ReadFile(authority)
	if err != nil {
		return nil, err
	}
	review, err := os.ReadFile(body)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	made := &client{
		url:     fmt.Sprintf("https://localhost:%d/mutate?timeout=%ds", port, int(timeout.Seconds())),
		body:    review,
		timeout: timeout,
	}
	dialer := &net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}
	made.http.Transport = &http.Transport{
		TLSHandshakeTimeout: 10 * time.Second,
		TLSClientConfig:     &tls.Config{RootCAs: roots, NextProtos: []string{"http/1.1"}},
		MaxIdleConnsPerHost: 25,
		IdleConnTimeout:     90 * time.Second,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			made.opened.Add(1)
			return dialer.DialContext(ctx, network, fmt.Sprintf("127.0.0.1:%d", port))
		},
	}
	return made, nil
}

func (c *client) post() error {
	ctx, cancel := context.WithTimeout(context.Background(), c.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(c.body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json, */*")
	response, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && (response.StatusCode != http.StatusOK || len(answer) == 0) {
		err = fmt.Errorf("HTTP %s", response.Status)
	}
	return err
}

// run posts so many reviews, so many at once; the latency of each.
func (c *client) run(reviews, concurrency int) []time.Duration {
	latencies := make([]time.Duration, reviews)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range concurrency {
		workers.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= reviews {
					return
				}
				begin := time.Now()
				if err := c.post(); err != nil {
					c.failed.Add(1)
					c.failure.CompareAndSwap(nil, err.Error())
				}
				latencies[i] = time.Since(begin)
			}
		})
	}
	workers.Wait()
	return latencies
}

func microseconds(d time.Duration) float64 {
	return float64(d.Nanoseconds()) / 1000
}

func main() {
	port := flag.Int("port", 0, "of the webhook on 127.0.0.1")
	authority := flag.String("ca", "", "certificate that it must show, in PEM")
	body := flag.String("body", "", "file with the review")
	reviews := flag.Int("reviews", 1000, "how many")
	concurrency := flag.Int("concurrency", 64, "how many at once")
	timeout := flag.Duration("timeout", 2*time.Second, "for each")
	flag.Parse()
	made, err := newClient(*port, *authority, *body, *timeout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "apiclient:", err)
		os.Exit(2)
	}
	begin := time.Now()
	latencies := made.run(*reviews, *concurrency)
	seconds := time.Since(begin).Seconds()
	slices.Sort(latencies)
	failure, _ := made.failure.Load().(string)
	_ = json.NewEncoder(os.Stdout).Encode(report{
		Reviews: *reviews, Failed: made.failed.Load(), Seconds: seconds,
		P50: microseconds(latencies[len(latencies)/2]), P99: microseconds(latencies[len(latencies)*99/100]),
		Max: microseconds(latencies[len(latencies)-1]), Opened: made.opened.Load(), Failure: failure,
	})
}
