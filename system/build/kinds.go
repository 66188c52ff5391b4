package build

import (
	"context"
	"fmt"

	"ivyvault/sources"
	"ivyvault/sources/azure"
	"ivyvault/sources/dir"
	"ivyvault/sources/h2"
	"ivyvault/sources/mssql"
	"ivyvault/sources/mysql"
	"ivyvault/sources/opensearch"
	"ivyvault/sources/oracle"
	"ivyvault/sources/postgres"
	"ivyvault/sources/s3"
	"ivyvault/system/config"
)

// searchKind is the kind of the part that is a search server.
const searchKind = "opensearch"

// source makes the source that a part's configuration is of.
func (e Env) source(c config.Part) sources.Source {
	switch c := c.(type) {
	case *config.Directories:
		return late{c.Path, dir.Options{Exclude: c.Exclude, Skip: e.Skip}}
	default:
		p, err := e.Part(c)
		if err != nil {
			return unknown{err}
		}
		return p
	}
}

// Part makes the part that a configuration is of: for a restore, where it goes.
func (e Env) Part(c config.Part) (sources.Part, error) {
	switch c := c.(type) {
	case *postgres.Config:
		return postgres.New(*c, postgres.Env{Scratch: e.Scratch, Mask: e.Mask, Log: e.Log}), nil
	case *mysql.Config:
		return mysql.New(*c, mysql.Env{Scratch: e.Scratch, Mask: e.Mask, Log: e.Log}), nil
	case *h2.Config:
		return h2.New(*c, h2.Env{Scratch: e.Scratch, Mask: e.Mask, Log: e.Log}), nil
	case *mssql.Config:
		return mssql.New(*c, mssql.Env{Scratch: e.Scratch, Mask: e.Mask, Log: e.Log}), nil
	case *oracle.Config:
		return oracle.New(*c, oracle.Env{Scratch: e.Scratch, Mask: e.Mask, Log: e.Log}), nil
	case *s3.Config:
		return s3.New(*c, s3.Env{Mask: e.Mask, Log: e.Log}), nil
	case *azure.Config:
		return azure.New(*c, azure.Env{Mask: e.Mask, Log: e.Log}), nil
	case *opensearch.Config:
		return opensearch.New(*c, opensearch.Env{Mask: e.Mask, Log: e.Log}), nil
	}
	return nil, fmt.Errorf("parts of the kind %T are not put back through a source", c)
}

// unknown fails when it is captured.
type unknown struct{ err error }

func (u unknown) Capture(context.Context) (sources.Capture, error) { return nil, u.err }
