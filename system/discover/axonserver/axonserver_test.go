package axonserver

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"ivyvault/sources/secret"
	"ivyvault/system/discover"
	"ivyvault/system/discover/discovertest"
)

func TestProposals(t *testing.T) {
	discovertest.Golden(t, []discover.Engine{Engine{}}, "testdata")
}

func TestEveryKeyCounts(t *testing.T) {
	discovertest.Mutate(t, []discover.Engine{Engine{}}, "testdata", discovertest.Irrelevant{
		`\.license signature$`:                     "what a licence holds beside dates and holder is the vendor's own",
		`accesscontrol\.token$`:                    "the administrator's token goes before it",
		`config/axonserver\.yml .*controldb-path$`: "a variable goes before it",
	})
}

// answering is a server with answers as they were recorded.
func answering(t *testing.T, token string) *Asked {
	answers := map[string]string{
		"/v1/public/version":                                `{"productName":"Axon Server","version":"4.6.12-SNAPSHOT"}`,
		"/v1/public/license":                                `{"expiryDate":null,"edition":"Standard Edition","licensee":null,"featureList":[]}`,
		"/v1/public/mycontexts":                             `["default","gone"]`,
		"/actuator/env/axoniq.axonserver.event.storage":     `{"property":{"source":"x","value":"/other/events"},"activeProfiles":[]}`,
		"/actuator/env/axoniq.axonserver.controldb-path":    `{"property":{"source":"x","value":"./data"}}`,
		"/actuator/env/axoniq.axonserver.snapshot.storage":  `{"property":{"source":"x","value":"******"}}`,
		"/actuator/env/axoniq.axonserver.pid-file-location": `no JSON`,
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, ok := answers[r.URL.Path]
		switch {
		case strings.HasPrefix(r.URL.Path, "/v1/") && r.Header.Get("AxonIQ-Access-Token") != token:
			w.WriteHeader(http.StatusForbidden)
		case !ok:
			w.WriteHeader(http.StatusNotFound)
		default:
			if _, err := w.Write([]byte(text)); err != nil {
				t.Error(err)
			}
		}
	}))
	t.Cleanup(s.Close)
	return &Asked{URL: s.URL}
}

func run(t *testing.T, e Engine) string {
	for _, c := range discovertest.Cases(t, "testdata") {
		if c.Name == "standard" {
			_, text, err := c.Run([]discover.Engine{e})
			if err != nil {
				t.Fatal(err)
			}
			return text
		}
	}
	t.Fatal("no case standard")
	return ""
}

func TestRunningServer(t *testing.T) {
	a := answering(t, "")
	text := run(t, Engine{URL: "http://axon:8024/", Server: a})
	for _, want := range []string{
		"4.6.12-SNAPSHOT (the running server)", "Standard Edition", "url: http://axon:8024 # as given",
		"events: /other/events # the running server", "files say ./events", "snapshots: /srv/axonserver/snapshots # axonserver.properties:4",
		"the server has the context gone", "which the server doesn't have", "pid-file-location: /actuator",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not told:\n%s", want, text)
		}
	}
}

func TestServerThatRefuses(t *testing.T) {
	a := answering(t, "right")
	if text := run(t, Engine{Server: a}); !strings.Contains(text, "a token is needed") {
		t.Errorf("that a token is needed is not told:\n%s", text)
	}
	t.Setenv("AXON_TEST_TOKEN", "right")
	a.Token = place(t, "{env:AXON_TEST_TOKEN}")
	if text := run(t, Engine{Server: a}); !strings.Contains(text, "Standard Edition") {
		t.Errorf("the token was not used:\n%s", text)
	}
	a.Token = place(t, "{file:"+filepath.Join(t.TempDir(), "none")+"}")
	if text := run(t, Engine{Server: a}); !strings.Contains(text, "no such file") {
		t.Error("the lost token is not told")
	}
	a = &Asked{URL: "http://127.0.0.1:1"}
	if text := run(t, Engine{Server: a}); !strings.Contains(text, "doesn't say what it is") {
		t.Error("that nobody answers is not told")
	}
}

func place(t *testing.T, text string) secret.Value {
	t.Helper()
	v, err := secret.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
