// Package wso2 knows WSO2 Identity Server, and MWARE IAM, which is built on it,
// as far as a plan needs it: how it tells that it is well, which of its
// databases can't be captured while it runs, and that nothing it has encrypted
// can be read without its keystores.
//
// Promise: an answer counts as good only where the server has looked; a database
// that the server holds is never copied.
package wso2

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"

	"ivyvault/sources/h2"
	"ivyvault/system/discover/jdbc"
	"ivyvault/system/probe"
)

// HealthURL is where a server tells whether it is well.
func HealthURL(base string) string {
	return strings.TrimSuffix(base, "/") + "/api/health-check/v1.0/health"
}

// Answer judges a server's word on its health. One whose health check is
// switched off answers 200 without having looked, so the body counts.
func Answer(status int, body []byte) (string, error) {
	var said struct {
		Health []struct {
			Key   string `json:"key"`
			Value any    `json:"value"`
		} `json:"health"`
		Errors []struct {
			Code        string `json:"code"`
			Message     string `json:"message"`
			Description string `json:"description"`
		} `json:"errors"`
	}
	err := json.Unmarshal(body, &said)
	switch {
	case err == nil && len(said.Errors) > 0:
		var all []string
		for _, e := range said.Errors {
			all = append(all, strings.TrimSpace(e.Code+" "+e.Message+" "+e.Description))
		}
		return "", fmt.Errorf("the server is not well (status %d): %s", status, strings.Join(all, "; "))
	case status != 200:
		return "", fmt.Errorf("the server is not well: status %d", status)
	case err != nil || said.Health == nil:
		return "", errors.New("the server answers 200 without having looked: switch its health check on, [carbon_health_check] enable = true")
	}
	return fmt.Sprintf("well, %d things looked at", len(said.Health)), nil
}

var _ probe.Answer = Answer

// Embedded reports whether an H2 database is a file that its engine locks: one
// that neither is a server's nor lets others in.
func Embedded(c *h2.Config) bool {
	u, err := jdbc.Parse(c.URL)
	if err != nil || len(u.Hosts) > 0 {
		return false
	}
	auto, _ := u.Param("AUTO_SERVER")
	return !strings.EqualFold(auto, "true")
}

// Registry reports whether an H2 database is the local registry, which each
// server has for itself, whatever the other databases are.
func Registry(c *h2.Config) bool {
	u, err := jdbc.Parse(c.URL)
	return err == nil && strings.EqualFold(path.Base(u.Database), "WSO2CARBON_DB")
}
