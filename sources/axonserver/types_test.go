package axonserver_test

import "net/http"

// Short names for the faults of a server.
type (
	responseWriter = http.ResponseWriter
	request        = http.Request
	faulty         = func(http.ResponseWriter, *http.Request) bool
)

var errAbort = http.ErrAbortHandler
