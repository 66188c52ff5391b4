package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// The codes that a server gives with an error, in the header AxonIQ-ErrorCode.
const (
	noContext = "AXONIQ-6000" // it has no store of the context
	notReady  = "AXONIQ-7000" // it can't be backed up now
)

// Refusal is an answer that is no success.
type Refusal struct {
	URL, Request string // "GET /v1/backup/eventstore"
	Status       int
	Code         string // of the server: "AXONIQ-6000", "" where it gives none
	Said         string // by the server, "" where it said nothing
	Token        bool   // one was sent
}

func (e *Refusal) Error() string {
	return fmt.Sprintf("the Axon Server at %s answers %s with %d%s: %s", e.URL, e.Request, e.Status, e.words(), e.advice())
}

func (e *Refusal) words() string {
	if e.Said == "" {
		return ""
	}
	return " (" + e.Said + ")"
}

// advice says what it means and what to do.
func (e *Refusal) advice() string {
	switch {
	case e.Status == http.StatusUnauthorized && e.Token:
		return "it did not take the token that was sent; look whether a proxy removes the header AxonIQ-Access-Token"
	case e.Status == http.StatusUnauthorized:
		return "it wants a token: name one under 'token'"
	case e.Status == http.StatusForbidden:
		return "the token is not one of its own, or has too few rights: the enterprise edition wants one of an application with the role ADMIN"
	case e.Status == http.StatusNotFound:
		return "there is no such request in its edition and version, or another program answers at this address"
	case e.Code == noContext:
		return "this node has no store of that context: correct its name, or name a node that is a primary for it"
	case e.Code == notReady:
		return "the node is not ready for a backup: it is still starting or being synchronized; try again later, or name another primary node"
	case e.Status >= 300 && e.Status < 400:
		return "it sends the request elsewhere, and the token would go along: name the address that it sends to"
	case e.Status == http.StatusNotAcceptable, e.Status == http.StatusBadRequest, e.Status == http.StatusMethodNotAllowed:
		return "it does not understand the request: its version is one that is not known here"
	case e.Status == http.StatusServiceUnavailable, e.Status == http.StatusBadGateway, e.Status == http.StatusGatewayTimeout:
		return "it is not able to answer now: see its log, and try again"
	case e.Status >= 500:
		return "it failed by itself: its log says why"
	}
	return "that is no answer which is known here"
}

// refusal reads an answer that is no success: a text with a code in a header, a
// JSON object, or anything that a proxy says.
func (c *Client) refusal(method, path string, token bool, resp *http.Response, body []byte) error {
	r := &Refusal{URL: c.url, Request: method + " " + path, Status: resp.StatusCode, Code: resp.Header.Get("AxonIQ-ErrorCode"), Token: token}
	var object struct {
		Error   string `json:"error"`
		Message string `json:"message"`
	}
	said := strings.TrimSpace(string(body[:min(len(body), 300)]))
	if json.Unmarshal(body, &object) == nil {
		if said = object.Error; object.Message != "" {
			said += ", " + object.Message
		}
	} else if strings.HasPrefix(said, "<") { // a page
		said = ""
	}
	r.Said = c.opt.Mask.Clean(strings.ToValidUTF8(strings.Join(strings.Fields(said), " "), "?"))
	return r
}

// Missing reports whether the server knows no such request.
func Missing(err error) bool { return status(err) == http.StatusNotFound }

// Elsewhere reports whether another node may answer where this one did not.
func Elsewhere(err error) bool {
	var r *Refusal
	if errors.As(err, &r) {
		return r.Code == noContext || r.Code == notReady || r.Status >= 502
	}
	var u *UnreachableError
	return errors.As(err, &u)
}

// NoContext reports whether the server said that it has no store of a context.
func NoContext(err error) bool {
	var r *Refusal
	return errors.As(err, &r) && r.Code == noContext
}

func status(err error) int {
	var r *Refusal
	if errors.As(err, &r) {
		return r.Status
	}
	return 0
}
