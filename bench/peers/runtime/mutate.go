// SPDX-License-Identifier: Apache-2.0

package main

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"portside.dev/bench/peers/kafka"
)

func field(path string) *corev1.EnvVarSource {
	return &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: path}}
}

func broker(containers []corev1.Container) *corev1.Container {
	for i := range containers {
		if kafka.IsBroker(containers[i].Image) {
			return &containers[i]
		}
	}
	return nil
}

// literal finds a variable with a value of its own.
func literal(env []corev1.EnvVar, name string) *string {
	for i := range env {
		if env[i].Name == name && env[i].Value != "" {
			return &env[i].Value
		}
	}
	return nil
}

// byEnv completes the three settings; false if that is not possible.
func byEnv(container *corev1.Container) bool {
	listeners := literal(container.Env, kafka.Listeners)
	advertised := literal(container.Env, kafka.AdvertisedListeners)
	protocols := literal(container.Env, kafka.ProtocolMap)
	if len(container.Command) > 0 || len(container.EnvFrom) > 0 || listeners == nil ||
		advertised == nil || protocols == nil {
		return false
	}
	controllers := ptr.Deref(literal(container.Env, kafka.ControllerNames), "")
	l, a, p, ok := kafka.Complete(*listeners, *advertised, *protocols, controllers)
	if ok {
		*listeners, *advertised, *protocols = l, a, p
	}
	return ok
}

func (h *handler) mutate(pod *corev1.Pod) map[string]string {
	container := broker(pod.Spec.Containers)
	if container == nil || len(pod.OwnerReferences) == 0 || pod.OwnerReferences[0].Kind != "StatefulSet" ||
		pod.Annotations[kafka.OptOutKey] == "false" {
		return map[string]string{"verdict": "skip", "reason": "not-kafka"}
	}
	delivery, status := "env", h.options.StatusEnv
	command := []string{"sh", "-c", h.options.AddressScript, "portside-address"}
	env := []corev1.EnvVar{
		{Name: "PORTSIDE_ORDINAL", Value: kafka.Ordinal(pod.Labels, pod.Name)},
		{Name: "PORTSIDE_EXTERNAL_HOST", ValueFrom: field(kafka.HostPath)},
		{Name: "PORTSIDE_EXTERNAL_PORT", ValueFrom: field(kafka.PortPath)},
	}
	mounts := []corev1.VolumeMount{{Name: kafka.EndpointVolume, MountPath: "/portside/endpoint", ReadOnly: true}}
	tokens := tokenMounts(container)
	if !byEnv(container) {
		delivery, status = "hook", h.options.StatusHook
		command = append(command, h.options.HookScript)
		env = append(env, corev1.EnvVar{Name: "PORTSIDE_LISTENERS", Value: "external=PORTSIDE:9194:mirror"},
			corev1.EnvVar{Name: "BASH_ENV", Value: "/portside/hook/hook.bash"})
		mounts = append([]corev1.VolumeMount{{Name: kafka.HookVolume, MountPath: "/portside/volume"}}, mounts...)
		addHookMounts(pod, container)
	}
	container.Env = append(env, container.Env...)
	pod.Spec.Volumes = append(pod.Spec.Volumes, endpointVolume())
	pod.Spec.InitContainers = append(pod.Spec.InitContainers, waiter(container, command, append(mounts, tokens...)))
	pod.Spec.EnableServiceLinks = ptr.To(false)
	if pod.Annotations == nil {
		pod.Annotations = map[string]string{}
	}
	pod.Annotations[kafka.StatusKey] = status
	pod.Labels[kafka.OwnerKey] = pod.OwnerReferences[0].Name
	return map[string]string{"verdict": "inject", "family": "apache", "delivery": delivery}
}

func tokenMounts(container *corev1.Container) []corev1.VolumeMount {
	var mounts []corev1.VolumeMount
	for i := range container.VolumeMounts {
		if container.VolumeMounts[i].MountPath == kafka.TokenPath {
			mounts = append(mounts, corev1.VolumeMount{Name: kafka.EndpointVolume, MountPath: kafka.TokenPath, ReadOnly: true})
		}
	}
	return mounts
}

func addHookMounts(pod *corev1.Pod, container *corev1.Container) {
	pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: kafka.HookVolume, VolumeSource: corev1.VolumeSource{
		EmptyDir: &corev1.EmptyDirVolumeSource{Medium: corev1.StorageMediumMemory}}})
	container.VolumeMounts = append(container.VolumeMounts,
		corev1.VolumeMount{Name: kafka.HookVolume, MountPath: "/portside/hook", SubPath: "hook", ReadOnly: true},
		corev1.VolumeMount{Name: kafka.HookVolume, MountPath: "/portside/run", SubPath: "run"})
}

func endpointVolume() corev1.Volume {
	file := func(name, path string) corev1.DownwardAPIVolumeFile {
		return corev1.DownwardAPIVolumeFile{Path: name, FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: path}}
	}
	return corev1.Volume{Name: kafka.EndpointVolume, VolumeSource: corev1.VolumeSource{
		DownwardAPI: &corev1.DownwardAPIVolumeSource{Items: []corev1.DownwardAPIVolumeFile{
			file("external.host", kafka.HostPath), file("external.port", kafka.PortPath)}}}}
}

func waiter(container *corev1.Container, command []string, mounts []corev1.VolumeMount) corev1.Container {
	return corev1.Container{
		Name:            "portside-address",
		Image:           container.Image,
		ImagePullPolicy: container.ImagePullPolicy,
		Command:         command,
		Env:             []corev1.EnvVar{{Name: "PORTSIDE_WAIT", Value: kafka.WaitedFiles}},
		Resources:       container.Resources,
		SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: ptr.To(false),
			Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		},
		VolumeMounts: mounts,
	}
}
