package config

import (
	"encoding"
	"encoding/json"
	"reflect"
	"time"
)

// Schema is a JSON Schema of the file, made of the types that it is decoded
// into, for editors.
func Schema() ([]byte, error) {
	w, err := words()
	if err != nil {
		return nil, err
	}
	s := drawing{w}.object(reflect.TypeFor[File]())
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = Name
	s["required"] = []string{"version"}
	s["properties"].(node)["version"] = node{"const": 1}
	p, err := json.MarshalIndent(s, "", "  ")
	return append(p, '\n'), err
}

type node map[string]any

// drawing makes the schema, with the words for each field.
type drawing struct{ words map[string]string }

func (d drawing) object(t reflect.Type) node {
	properties := node{}
	for _, f := range fields(t) {
		n := d.of(t.Field(f.index).Type, t, f.key)
		if word := d.words[wordOf(t, f.index)]; word != "" {
			n["description"] = word
		}
		properties[f.key] = n
	}
	return node{"type": "object", "additionalProperties": false, "properties": properties}
}

func (d drawing) of(t, in reflect.Type, key string) node {
	switch t {
	case reflect.TypeFor[time.Duration]():
		return node{"type": "string", "pattern": `^([0-9]+d)?([0-9.]+(h|m|s|ms))*$`, "description": "90s, 15m, 4h, 2d or 1d12h"}
	case reflect.TypeFor[Database]():
		return d.oneOf(databases())
	case reflect.TypeFor[Documents]():
		return d.oneOf(stores())
	case reflect.TypeFor[[]Hook]():
		return node{"oneOf": []node{{"type": "array", "items": d.object(reflect.TypeFor[Hook]())}, d.object(reflect.TypeFor[Hook]())}}
	case reflect.TypeFor[[]string]():
		return node{"oneOf": []node{{"type": "array", "items": node{"type": "string"}}, {"type": "string"}}}
	}
	if reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return node{"type": "string", "pattern": `^\{(env|file|command):.+\}$`, "description": "where the secret is: {env:NAME}, {file:/path} or {command:program argument}"}
	}
	if in == reflect.TypeFor[System]() && (key == "type" || key == "mode") {
		words := modes()
		if key == "type" {
			words = engines()
		}
		return node{"enum": words}
	}
	if in == reflect.TypeFor[Retention]() && t.Kind() == reflect.String && key != "keep-within" {
		return node{"oneOf": []node{{"type": "integer", "minimum": 0}, {"const": "unlimited"}}}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return d.of(t.Elem(), in, key)
	case reflect.Struct:
		return d.object(t)
	case reflect.Map:
		return node{"type": "object", "additionalProperties": d.of(t.Elem(), in, "")}
	case reflect.Slice:
		return node{"type": "array", "items": d.of(t.Elem(), in, "")}
	case reflect.Bool:
		return node{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return node{"type": "integer"}
	}
	return node{"type": []string{"string", "number"}}
}

// oneOf is a choice by the key 'type'.
func (d drawing) oneOf(kinds []kind) node {
	var all []node
	for _, k := range kinds {
		s := d.object(reflect.TypeOf(k.make()).Elem())
		s["properties"].(node)["type"] = node{"const": k.name}
		s["required"] = []string{"type"}
		all = append(all, s)
	}
	return node{"oneOf": all}
}
