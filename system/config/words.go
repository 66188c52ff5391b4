package config

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"reflect"
)

// wordsText holds the comments of the fields that a file can set, by package,
// type and field. A test makes it of the sources.
//
//go:embed words.json
var wordsText []byte

// words are the comments by field.
func words() (map[string]string, error) {
	var w map[string]string
	if err := json.Unmarshal(wordsText, &w); err != nil {
		return nil, fmt.Errorf("the descriptions of the schema can't be read: %w", err)
	}
	return w, nil
}

func wordOf(t reflect.Type, i int) string {
	return t.PkgPath() + "." + t.Name() + "." + t.Field(i).Name
}
