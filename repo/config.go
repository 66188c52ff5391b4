package repo

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"ivyvault/chunk"
	"ivyvault/repo/seal"
)

// Config is what is fixed for the life of a repository; it holds no secrets.
type Config struct {
	ID          string    `json:"id"`          // repository id, 64 hexadecimal digits
	Created     time.Time `json:"created"`     // when init ran, UTC
	Splitter    string    `json:"splitter"`    // "fastcdc", "rabin" or "fixed"
	ChunkMin    int       `json:"chunk_min"`   // bytes
	ChunkAvg    int       `json:"chunk_avg"`   // bytes
	ChunkMax    int       `json:"chunk_max"`   // bytes
	PackSize    int       `json:"pack_size"`   // bytes at which a writer closes a pack
	Compression string    `json:"compression"` // "fastest", "default", "better" or "off"
}

// The bounds and defaults of a Config.
const (
	DefaultPackSize = 16 << 20
	MinPackSize     = 4 << 20
	MaxPackSize     = 128 << 20
)

// repoID returns the id's bytes.
func (c Config) repoID() (seal.RepoID, error) {
	var id seal.RepoID
	b, err := hex.DecodeString(c.ID)
	if err != nil || len(b) != len(id) {
		return id, errors.New("the config's repository id is not 64 hexadecimal digits")
	}
	copy(id[:], b)
	return id, nil
}

// Cut returns how writers cut files.
func (c Config) Cut() chunk.Cut {
	return chunk.Cut{Way: c.Splitter, Min: c.ChunkMin, Avg: c.ChunkAvg, Max: c.ChunkMax}
}

// withDefaults fills what was left zero.
func (c Config) withDefaults() Config {
	cut := chunk.DefaultCut()
	if c.Splitter == "" {
		c.Splitter = cut.Way
	}
	if c.ChunkMin == 0 && c.ChunkAvg == 0 && c.ChunkMax == 0 {
		c.ChunkMin, c.ChunkAvg, c.ChunkMax = cut.Min, cut.Avg, cut.Max
	}
	if c.PackSize == 0 {
		c.PackSize = DefaultPackSize
	}
	if c.Compression == "" {
		c.Compression = "fastest"
	}
	return c
}

// check says what is wrong with the values.
func (c Config) check() error {
	if err := c.Cut().Check(); err != nil {
		return err
	}
	if c.PackSize < MinPackSize || c.PackSize > MaxPackSize {
		return fmt.Errorf("pack size %d is outside 4 MiB to 128 MiB", c.PackSize)
	}
	switch c.Compression {
	case "off", "fastest", "default", "better":
		return nil
	}
	return fmt.Errorf("unknown compression %q: use off, fastest, default or better", c.Compression)
}

// encodeConfig returns the config object's bytes.
func encodeConfig(c Config) ([]byte, error) {
	body, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(seal.AppendHead(nil, seal.KindConfig), body...), nil
}

// decodeConfig reads a config object.
func decodeConfig(obj []byte) (Config, error) {
	var c Config
	if err := seal.CheckHead(obj, seal.KindConfig); err != nil {
		return c, fmt.Errorf("config: %w", err)
	}
	if err := json.Unmarshal(obj[seal.HeadSize:], &c); err != nil {
		return c, &chunk.DamageError{What: "config", How: "not readable as JSON", Err: err}
	}
	if err := c.check(); err != nil {
		return c, fmt.Errorf("config: %w", err)
	}
	return c, nil
}
