// SPDX-License-Identifier: Apache-2.0

//go:build !goexperiment.jsonv2

package main

import (
	"bytes"
	"encoding/json"
)

type raw = json.RawMessage

func decode(body []byte, into any) error {
	return json.Unmarshal(body, into)
}

func encode(out *bytes.Buffer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}
