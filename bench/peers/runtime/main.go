// SPDX-License-Identifier: Apache-2.0

// Command runtime is the webhook that most operators have: controller-runtime's server, the object
// decoded into its Go type, changed there, and the patch found by comparing both JSON texts.
package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net/http"

	corev1 "k8s.io/api/core/v1"
	k8sruntime "k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"portside.dev/bench/peers/serve"

	"github.com/go-logr/logr"
)

type handler struct {
	options serve.Options
	decoder admission.Decoder
}

func (h *handler) Handle(_ context.Context, request admission.Request) admission.Response {
	pod := &corev1.Pod{}
	if err := h.decoder.Decode(request, pod); err != nil {
		return admission.Errored(http.StatusBadRequest, err)
	}
	audit := h.mutate(pod)
	if audit["verdict"] != "inject" {
		response := admission.Allowed("")
		response.AuditAnnotations = audit
		return response
	}
	changed, err := json.Marshal(pod)
	if err != nil {
		return admission.Errored(http.StatusInternalServerError, err)
	}
	response := admission.PatchResponseFromRaw(request.Object.Raw, changed)
	response.AuditAnnotations = audit
	return response
}

func main() {
	options := serve.Read()
	log.SetLogger(logr.Discard())
	scheme := k8sruntime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		serve.Die(err)
	}
	server := webhook.NewServer(webhook.Options{
		Host:    "127.0.0.1",
		Port:    options.Port,
		CertDir: options.Certificates,
		TLSOpts: []func(*tls.Config){serve.Configure},
	})
	server.Register("/mutate", &webhook.Admission{
		Handler: &handler{options, admission.NewDecoder(scheme)},
	})
	if err := server.Start(context.Background()); err != nil {
		serve.Die(err)
	}
}
