package mysql

import (
	"time"

	"ivyvault/sources"
	"ivyvault/sources/secret"
)

// Env is what a Part uses of its surroundings.
type Env struct {
	Scratch string // folder for scratch folders; "" is the system's for temporary files
	// ScratchLimit bounds what a capture writes there, in bytes; 0: what is
	// free, less a reserve.
	ScratchLimit int64
	Mask         *secret.Mask      // learns the password; nil makes a new one
	Log          func(line string) // what programs say; nil drops it
	Now          func() time.Time  // the time that captured files carry; nil is time.Now
}

// Part is one database. Its methods may be called one after the other.
type Part struct {
	cfg Config
	env Env
}

var _ sources.Part = (*Part)(nil)

// New makes a Part of a configuration that is valid.
func New(c Config, env Env) *Part {
	if env.Mask == nil {
		env.Mask = &secret.Mask{}
	}
	if env.Log == nil {
		env.Log = func(string) {}
	}
	if env.Now == nil {
		env.Now = time.Now
	}
	if c.Host == "" && c.Socket == "" {
		c.Host = "127.0.0.1"
	}
	if c.Port == 0 {
		c.Port = 3306
	}
	return &Part{c, env}
}
