// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strconv"

	"portside.dev/bench/peers/kafka"
)

var (
	injectEnv  = map[string]string{"verdict": "inject", "family": "apache", "delivery": "env"}
	injectHook = map[string]string{"verdict": "inject", "family": "apache", "delivery": "hook"}
	skipped    = map[string]string{"verdict": "skip", "reason": "not-kafka"}

	drop     = securityContext{Capabilities: capabilities{Drop: []string{"ALL"}}}
	hostEnv  = envVar{Name: "PORTSIDE_EXTERNAL_HOST", ValueFrom: &envSource{fieldRef{"v1", kafka.HostPath}}}
	portEnv  = envVar{Name: "PORTSIDE_EXTERNAL_PORT", ValueFrom: &envSource{fieldRef{"v1", kafka.PortPath}}}
	endpoint = volume{Name: kafka.EndpointVolume, DownwardAPI: &downwardAPI{Items: []downwardFile{
		{"external.host", fieldRef{"v1", kafka.HostPath}},
		{"external.port", fieldRef{"v1", kafka.PortPath}},
	}}}
	hookFiles = volume{Name: kafka.HookVolume, EmptyDir: &emptyDir{"Memory"}}
)

// settings are the indexes of the four variables, -1 if one is not there or not literal.
type settings struct {
	listeners, advertised, protocols, controllers int
}

func find(env []envRead) settings {
	found := settings{-1, -1, -1, -1}
	for i := range env {
		if env[i].Value == "" {
			continue
		}
		switch env[i].Name {
		case kafka.Listeners:
			found.listeners = i
		case kafka.AdvertisedListeners:
			found.advertised = i
		case kafka.ProtocolMap:
			found.protocols = i
		case kafka.ControllerNames:
			found.controllers = i
		}
	}
	return found
}

func broker(containers []container) int {
	for i := range containers {
		if kafka.IsBroker(containers[i].Image) {
			return i
		}
	}
	return -1
}

func (s *server) decide(request *request) ([]operation, map[string]string) {
	pod := &request.Object
	index := broker(pod.Spec.Containers)
	if request.Operation != "CREATE" || request.Kind.Kind != "Pod" || index < 0 ||
		len(pod.Metadata.OwnerReferences) == 0 || pod.Metadata.OwnerReferences[0].Kind != "StatefulSet" ||
		pod.Metadata.Annotations[kafka.OptOutKey] == "false" {
		return nil, skipped
	}
	container := &pod.Spec.Containers[index]
	found := find(container.Env)
	if len(container.Command) == 0 && len(container.EnvFrom) == 0 && found.listeners >= 0 &&
		found.advertised >= 0 && found.protocols >= 0 {
		return s.byEnv(pod, index, found), injectEnv
	}
	return s.byHook(pod, index), injectHook
}

// common is what both deliveries begin with.
func (s *server) common(pod *pod, status string, volumes ...volume) []operation {
	operations := make([]operation, 0, 16)
	if pod.Metadata.Annotations == nil {
		operations = append(operations, operation{"add", "/metadata/annotations", map[string]string{kafka.StatusKey: status}})
	} else {
		operations = append(operations, operation{"add", "/metadata/annotations/portside.dev~1status", status})
	}
	operations = append(operations, operation{"add", "/metadata/labels/portside.dev~1statefulset",
		pod.Metadata.OwnerReferences[0].Name})
	if pod.Spec.Volumes == nil {
		return append(operations, operation{"add", "/spec/volumes", volumes})
	}
	for _, volume := range volumes {
		operations = append(operations, operation{"add", "/spec/volumes/-", volume})
	}
	return operations
}

func (s *server) waiter(pod *pod, container *container, mounts []volumeMount, command ...string) operation {
	for _, mount := range container.VolumeMounts {
		if mount.MountPath == kafka.TokenPath {
			mounts = append(mounts, volumeMount{Name: kafka.EndpointVolume, MountPath: kafka.TokenPath, ReadOnly: true})
		}
	}
	waiter := initContainer{
		Name:            "portside-address",
		Image:           container.Image,
		ImagePullPolicy: container.ImagePullPolicy,
		Command:         command,
		Env:             []envVar{{Name: "PORTSIDE_WAIT", Value: kafka.WaitedFiles}},
		Resources:       container.Resources,
		SecurityContext: drop,
		VolumeMounts:    mounts,
	}
	if pod.Spec.InitContainers == nil {
		return operation{"add", "/spec/initContainers", []initContainer{waiter}}
	}
	return operation{"add", "/spec/initContainers/-", waiter}
}

func (s *server) byEnv(pod *pod, index int, found settings) []operation {
	container := &pod.Spec.Containers[index]
	env := container.Env
	controllers := ""
	if found.controllers >= 0 {
		controllers = env[found.controllers].Value
	}
	listeners, advertised, protocols, ok := kafka.Complete(env[found.listeners].Value,
		env[found.advertised].Value, env[found.protocols].Value, controllers)
	if !ok {
		return nil
	}
	operations := s.common(pod, s.options.StatusEnv, endpoint)
	operations = append(operations, s.waiter(pod, container,
		[]volumeMount{{Name: kafka.EndpointVolume, MountPath: "/portside/endpoint", ReadOnly: true}},
		"sh", "-c", s.options.AddressScript, "portside-address"))
	path := "/spec/containers/" + strconv.Itoa(index)
	return append(operations,
		operation{"replace", path + "/env/" + strconv.Itoa(found.listeners) + "/value", listeners},
		operation{"replace", path + "/env/" + strconv.Itoa(found.advertised) + "/value", advertised},
		operation{"replace", path + "/env/" + strconv.Itoa(found.protocols) + "/value", protocols},
		operation{"add", path + "/env/0", envVar{Name: "PORTSIDE_ORDINAL", Value: kafka.Ordinal(pod.Metadata.Labels, pod.Metadata.Name)}},
		operation{"add", path + "/env/1", hostEnv},
		operation{"add", path + "/env/2", portEnv},
		operation{"add", "/spec/enableServiceLinks", false})
}

func (s *server) byHook(pod *pod, index int) []operation {
	container := &pod.Spec.Containers[index]
	operations := s.common(pod, s.options.StatusHook, hookFiles, endpoint)
	operations = append(operations, s.waiter(pod, container, []volumeMount{
		{Name: kafka.HookVolume, MountPath: "/portside/volume"},
		{Name: kafka.EndpointVolume, MountPath: "/portside/endpoint", ReadOnly: true},
	}, "sh", "-c", s.options.AddressScript, "portside-address", s.options.HookScript))
	path := "/spec/containers/" + strconv.Itoa(index)
	env := []envVar{
		{Name: "PORTSIDE_ORDINAL", Value: kafka.Ordinal(pod.Metadata.Labels, pod.Metadata.Name)},
		hostEnv,
		portEnv,
		{Name: "PORTSIDE_LISTENERS", Value: "external=PORTSIDE:9194:mirror"},
		{Name: "BASH_ENV", Value: "/portside/hook/hook.bash"},
	}
	for i := range env {
		operations = append(operations, operation{"add", path + "/env/" + strconv.Itoa(i), &env[i]})
	}
	return append(operations,
		operation{"add", path + "/volumeMounts/-", volumeMount{Name: kafka.HookVolume, MountPath: "/portside/hook", SubPath: "hook", ReadOnly: true}},
		operation{"add", path + "/volumeMounts/-", volumeMount{Name: kafka.HookVolume, MountPath: "/portside/run", SubPath: "run"}},
		operation{"add", "/spec/enableServiceLinks", false})
}
