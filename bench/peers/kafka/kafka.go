// SPDX-License-Identifier: Apache-2.0

// Package kafka is what both peers decide: which container is the broker, how its listeners are
// delivered, and their texts. It knows what the reviews of the benchmark need and nothing more;
// portside checks far more for the same answer, which is to the peers' advantage.
package kafka

import (
	"path"
	"strings"
)

// What is injected; the names are portside's, so that the results can be compared.
const (
	ListenerName = "PORTSIDE"
	ListenerPort = "9194"

	HostPath = "metadata.annotations['external.portside.dev/host']"
	PortPath = "metadata.annotations['external.portside.dev/port']"

	EndpointVolume = "portside-endpoint"
	HookVolume     = "portside"
	TokenPath      = "/var/run/secrets/kubernetes.io/serviceaccount"

	StatusKey   = "portside.dev/status"
	OptOutKey   = "portside.dev/inject"
	OwnerKey    = "portside.dev/statefulset"
	IndexLabel  = "apps.kubernetes.io/pod-index"
	WaitedFiles = "external.host external.port"

	Listeners           = "KAFKA_LISTENERS"
	AdvertisedListeners = "KAFKA_ADVERTISED_LISTENERS"
	ProtocolMap         = "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"
	ControllerNames     = "KAFKA_CONTROLLER_LISTENER_NAMES"
)

// IsBroker tells it by the image's name, without registry, tag and digest.
func IsBroker(image string) bool {
	name, _, _ := strings.Cut(image, "@")
	name = path.Base(name)
	name, _, _ = strings.Cut(name, ":")
	return name == "kafka"
}

// Ordinal is the label, or the number at the end of the pod's name.
func Ordinal(labels map[string]string, name string) string {
	if ordinal, ok := labels[IndexLabel]; ok {
		return ordinal
	}
	return name[strings.LastIndexByte(name, '-')+1:]
}

// lookup finds NAME in "NAME:PROTOCOL,…".
func lookup(protocols, name string) (string, bool) {
	for entry := range strings.SplitSeq(protocols, ",") {
		key, value, ok := strings.Cut(entry, ":")
		if ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value), true
		}
	}
	return "", false
}

// protocol is that of the first listener that is not the controller's.
func protocol(listeners, protocols, controllers string) (string, bool) {
	for entry := range strings.SplitSeq(listeners, ",") {
		name, _, ok := strings.Cut(strings.TrimSpace(entry), "://")
		if !ok {
			return "", false
		}
		if name == ListenerName || strings.HasSuffix(entry, ":"+ListenerPort) {
			return "", false
		}
		if name != controllers {
			return lookup(protocols, name)
		}
	}
	return "", false
}

// Complete appends our listener to the three settings; false if they cannot be read.
func Complete(listeners, advertised, protocols, controllers string) (l, a, p string, ok bool) {
	found, ok := protocol(listeners, protocols, controllers)
	if !ok || advertised == "" {
		return "", "", "", false
	}
	return listeners + "," + ListenerName + "://:" + ListenerPort,
		advertised + "," + ListenerName + "://$(PORTSIDE_EXTERNAL_HOST):$(PORTSIDE_EXTERNAL_PORT)",
		protocols + "," + ListenerName + ":" + found,
		true
}
