package secondreader

import (
	"encoding/json"
	"fmt"

	"github.com/zeebo/blake3"
)

// config is what a reader needs of the object config.
type config struct {
	repository hash // the repository id
	sum        hash // of the object's bytes
}

func readConfig(dir string) (config, error) {
	object, err := readObject(dir, "config", kindConfig)
	if err != nil {
		return config{}, err
	}
	var fields struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(object[headSize:], &fields); err != nil {
		return config{}, fmt.Errorf("config: %w", err)
	}
	id, err := parseName(fields.ID)
	if err != nil {
		return config{}, fmt.Errorf("config: id: %w", err)
	}
	return config{repository: id, sum: blake3.Sum256(object)}, nil
}
