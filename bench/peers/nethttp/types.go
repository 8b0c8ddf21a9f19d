// SPDX-License-Identifier: Apache-2.0

package main

// What is read of a review: only what the decision needs.

type review struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Request    *request `json:"request"`
}

type request struct {
	UID  string `json:"uid"`
	Kind struct {
		Kind string `json:"kind"`
	} `json:"kind"`
	Operation string `json:"operation"`
	Object    pod    `json:"object"`
}

type pod struct {
	Metadata struct {
		Name            string            `json:"name"`
		Labels          map[string]string `json:"labels"`
		Annotations     map[string]string `json:"annotations"`
		OwnerReferences []struct {
			Kind string `json:"kind"`
			Name string `json:"name"`
		} `json:"ownerReferences"`
	} `json:"metadata"`
	Spec struct {
		Volumes        []named     `json:"volumes"`
		InitContainers []named     `json:"initContainers"`
		Containers     []container `json:"containers"`
	} `json:"spec"`
}

type named struct {
	Name string `json:"name"`
}

type container struct {
	Name            string    `json:"name"`
	Image           string    `json:"image"`
	ImagePullPolicy string    `json:"imagePullPolicy"`
	Command         []string  `json:"command"`
	Env             []envRead `json:"env"`
	EnvFrom         []raw     `json:"envFrom"`
	Resources       raw       `json:"resources"`
	VolumeMounts    []struct {
		MountPath string `json:"mountPath"`
	} `json:"volumeMounts"`
}

type envRead struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// What is written.

type reviewAnswer struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Response   struct {
		UID              string            `json:"uid"`
		Allowed          bool              `json:"allowed"`
		PatchType        string            `json:"patchType,omitempty"`
		Patch            []byte            `json:"patch,omitempty"`
		AuditAnnotations map[string]string `json:"auditAnnotations,omitempty"`
	} `json:"response"`
}

type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

type envVar struct {
	Name      string     `json:"name"`
	Value     string     `json:"value,omitempty"`
	ValueFrom *envSource `json:"valueFrom,omitempty"`
}

type envSource struct {
	FieldRef fieldRef `json:"fieldRef"`
}

type fieldRef struct {
	APIVersion string `json:"apiVersion"`
	FieldPath  string `json:"fieldPath"`
}

type volumeMount struct {
	Name      string `json:"name"`
	MountPath string `json:"mountPath"`
	SubPath   string `json:"subPath,omitempty"`
	ReadOnly  bool   `json:"readOnly,omitzero"`
}

type volume struct {
	Name        string       `json:"name"`
	EmptyDir    *emptyDir    `json:"emptyDir,omitempty"`
	DownwardAPI *downwardAPI `json:"downwardAPI,omitempty"`
}

type emptyDir struct {
	Medium string `json:"medium"`
}

type downwardAPI struct {
	Items []downwardFile `json:"items"`
}

type downwardFile struct {
	Path     string   `json:"path"`
	FieldRef fieldRef `json:"fieldRef"`
}

type initContainer struct {
	Name            string          `json:"name"`
	Image           string          `json:"image"`
	ImagePullPolicy string          `json:"imagePullPolicy,omitempty"`
	Command         []string        `json:"command"`
	Env             []envVar        `json:"env"`
	Resources       raw             `json:"resources"`
	SecurityContext securityContext `json:"securityContext"`
	VolumeMounts    []volumeMount   `json:"volumeMounts"`
}

type securityContext struct {
	AllowPrivilegeEscalation bool         `json:"allowPrivilegeEscalation"`
	Capabilities             capabilities `json:"capabilities"`
}

type capabilities struct {
	Drop []string `json:"drop"`
}
