// SPDX-License-Identifier: Apache-2.0

//go:build goexperiment.jsonv2

package main

import (
	"bytes"
	"encoding/json/jsontext"
	"encoding/json/v2"
)

type raw = jsontext.Value

// Kubernetes allows no duplicate names and no broken UTF-8; nor does v2, so nothing is switched off.
func decode(body []byte, into any) error {
	return json.Unmarshal(body, into)
}

func encode(out *bytes.Buffer, value any) error {
	return json.MarshalWrite(out, value)
}
