// SPDX-License-Identifier: Apache-2.0

// Command nethttp is the webhook that a careful Go programmer writes without a framework: only what
// is needed is decoded, patches are written by hand, buffers are used again. Built with
// GOEXPERIMENT=jsonv2 it uses encoding/json/v2 (codec_v2.go), else encoding/json (codec_v1.go).
package main

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"sync"

	"portside.dev/bench/peers/serve"
)

const bodyMax = 7 << 20

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

type server struct {
	options serve.Options
}

// answer writes the response to the review into out.
func (s *server) answer(body []byte, out *bytes.Buffer) error {
	var in review
	if err := decode(body, &in); err != nil {
		return err
	}
	if in.Request == nil || in.Request.UID == "" || in.APIVersion != "admission.k8s.io/v1" {
		return fmt.Errorf("this is no AdmissionReview of admission.k8s.io/v1")
	}
	reply := reviewAnswer{APIVersion: in.APIVersion, Kind: in.Kind}
	reply.Response.UID = in.Request.UID
	reply.Response.Allowed = true
	operations, audit := s.decide(in.Request)
	reply.Response.AuditAnnotations = audit
	if len(operations) > 0 {
		patch := buffers.Get().(*bytes.Buffer)
		defer buffers.Put(patch)
		patch.Reset()
		if err := encode(patch, operations); err != nil {
			return err
		}
		reply.Response.PatchType = "JSONPatch"
		reply.Response.Patch = patch.Bytes()
	}
	return encode(out, &reply)
}

func (s *server) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	if request.Method != http.MethodPost {
		http.Error(writer, "POST only", http.StatusMethodNotAllowed)
		return
	}
	body := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(body)
	body.Reset()
	if request.ContentLength > 0 && request.ContentLength <= bodyMax {
		body.Grow(int(request.ContentLength) + bytes.MinRead)
	}
	if _, err := body.ReadFrom(http.MaxBytesReader(writer, request.Body, bodyMax)); err != nil {
		http.Error(writer, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	out := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(out)
	out.Reset()
	if err := s.answer(body.Bytes(), out); err != nil {
		http.Error(writer, err.Error(), http.StatusBadRequest)
		return
	}
	header := writer.Header()
	header["Content-Type"] = []string{"application/json"}
	header["Content-Length"] = []string{strconv.Itoa(out.Len())}
	_, _ = writer.Write(out.Bytes())
}

func main() {
	options := serve.Read()
	mux := http.NewServeMux()
	mux.Handle("/mutate", &server{options})
	config := &tls.Config{}
	serve.Configure(config)
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	listener := http.Server{
		Addr:      fmt.Sprintf("127.0.0.1:%d", options.Port),
		Handler:   mux,
		TLSConfig: config,
		Protocols: protocols,
	}
	serve.Die(listener.ListenAndServeTLS(filepath.Join(options.Certificates, "tls.crt"),
		filepath.Join(options.Certificates, "tls.key")))
}
