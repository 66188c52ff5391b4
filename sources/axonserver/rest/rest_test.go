package rest_test

import (
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ivyvault/sources/axonserver/axontest"
	"ivyvault/sources/axonserver/rest"
	"ivyvault/sources/axonserver/segment"
	"ivyvault/sources/secret"
)

const token = "0a4c-secret-token"

func client(t *testing.T, s *axontest.Server, with string) *rest.Client {
	t.Helper()
	opt := rest.Options{Pause: time.Millisecond, Limit: 10 * time.Second}
	if with != "" {
		t.Setenv("AXON_TEST_TOKEN", with)
		opt.Token, _ = secret.Parse("{env:AXON_TEST_TOKEN}")
	}
	c, err := rest.New(s.Start(t), opt)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// store puts twelve segments of events there, eleven of them closed.
func store(t *testing.T, s *axontest.Server) {
	s.Root, s.Shown = t.TempDir(), "/srv/axonserver/."
	st := axontest.NewStore("default")
	files := axontest.Write(axontest.Shape{SegmentSize: 2 << 10}, 0, axontest.Orders(1, 160, 1)...)
	st.AddEvents(0, files...)
	st.AddSnapshots(axontest.Write(axontest.Shape{}, 0, axontest.SnapshotsOf(1, 3)...)...)
	axontest.WriteDir(t, st.MapFS, filepath.Join(s.Root, "events"))
}

// The answers of each edition, good and bad.
func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		name string
		s    *axontest.Server
		want rest.Edition
	}{
		{"SE 4.6", &axontest.Server{Node: "axon-sample"}, rest.Standard},
		{"EE 4.6", &axontest.Server{Licence: "Enterprise", Clustered: true, OnlyEE: true, Groups: []string{"_admin", "default"}}, rest.Enterprise},
		{"2023", &axontest.Server{Version: "2023.2.4", OnlyEE: true}, rest.Merged},
		{"SE 4.4", &axontest.Server{Version: "4.4.9", Old: true}, rest.Standard},
	} {
		t.Run(c.name, func(t *testing.T) {
			store(t, c.s)
			c.s.SetLast("default.lastEvent", 159)
			cl := client(t, c.s, "")
			a, err := cl.About(t.Context())
			if err != nil || a.Edition != c.want || fmt.Sprint(a.Contexts) != "[default]" || a.Clustered != c.s.Clustered {
				t.Errorf("%+v, %v", a, err)
			}
			h, err := cl.Health(t.Context())
			if n, ok := h.LastOf("default", false); err != nil || !ok || n != 159 || h.Status != "UP" {
				t.Errorf("%+v, %v", h, err)
			}
			if _, ok := h.LastOf("default", true); ok {
				t.Error("it told of snapshots")
			}
			all, err := cl.Segments(t.Context(), segment.Events, "default", -1)
			if err != nil || all.Open == c.s.Old || len(all.Paths) < 10 || !strings.HasPrefix(all.Paths[0], "/srv/axonserver/events/default/") {
				t.Fatalf("%+v, %v", all, err)
			}
			some, err := cl.Segments(t.Context(), segment.Events, "default", all.Closed-1)
			if want := map[bool]int{false: 4, true: 3}[c.s.Old]; err != nil || len(some.Paths) != want || some.Closed != all.Closed {
				t.Errorf("%+v, %v", some, err)
			}
			zip, err := cl.BackupControlDB(t.Context())
			if err != nil || !strings.HasPrefix(zip, "/srv/axonserver/controldb-backup/controldb") {
				t.Errorf("%s, %v", zip, err)
			}
			asked := strings.Join(c.s.Asked(), "\n")
			if both := strings.Contains(asked, "POST /v1/backup/createControlDbBackup\nPOST /createControlDbBackup"); both == c.s.OnlyEE {
				t.Errorf("asked\n%s", asked)
			}
			logs, err := cl.Logs(t.Context(), "default")
			if c.s.Groups == nil != rest.Missing(err) {
				t.Errorf("%v, %v", logs, err)
			}
			// A context that isn't there: an empty list from old servers, an error from new ones.
			none, err := cl.Segments(t.Context(), segment.Events, "nosuch", -1)
			if c.s.Old && (err != nil || len(none.Paths) > 0) || !c.s.Old && !rest.NoContext(err) {
				t.Errorf("%+v, %v", none, err)
			}
		})
	}
}

// A watermark of 0 is that of the first segment; none is left out.
func TestWatermark(t *testing.T) {
	s := &axontest.Server{}
	store(t, s)
	c := client(t, s, "")
	for _, w := range []int64{-1, 0, 1520} {
		if _, err := c.Segments(t.Context(), segment.Snapshots, "default", w); err != nil {
			t.Fatal(err)
		}
	}
	want := "GET /v1/backup/eventstore?targetContext=default&type=SNAPSHOT\n" +
		"GET /v1/backup/eventstore?lastClosedSegmentBackedUp=0&targetContext=default&type=SNAPSHOT\n" +
		"GET /v1/backup/eventstore?lastClosedSegmentBackedUp=1520&targetContext=default&type=SNAPSHOT"
	if got := strings.Join(s.Asked(), "\n"); got != want {
		t.Errorf("asked\n%s", got)
	}
}

// c16: the token, which stands in a header and nowhere else.
func TestToken(t *testing.T) {
	for with, want := range map[string]string{"": "it wants a token", "wrong-token": "not one of its own", token: ""} {
		s := &axontest.Server{Token: token}
		store(t, s)
		c := client(t, s, with)
		_, err := c.About(t.Context())
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v", with, err)
		}
		_, err = c.Segments(t.Context(), segment.Events, "default", -1)
		if (err == nil) != (with == token) {
			t.Errorf("%q: %v", with, err)
		}
		if asked := strings.Join(s.Asked(), " ") + fmt.Sprint(err); strings.Contains(asked, "oken=") || with != "" && strings.Contains(asked, with) {
			t.Errorf("the token shows in %s", asked)
		}
	}
	s := &axontest.Server{}
	c, err := rest.New(s.Start(t), rest.Options{Token: func() secret.Value { v, _ := secret.Parse("{env:AXON_TEST_NOT_SET}"); return v }()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.About(t.Context()); err == nil || !strings.Contains(err.Error(), "{env:AXON_TEST_NOT_SET}") {
		t.Error(err)
	}
}

// Each bad answer has its sentence; what may be over in a moment is asked again.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		code   string
		body   string
		passes int
		want   []string
	}{
		{"unknown context", 503, "AXONIQ-6000", "[AXONIQ-6000] Missing worker for context: x", 1, []string{"Missing worker for context: x", "no store of that context"}},
		{"not ready", 503, "AXONIQ-7000", "[AXONIQ-7000] Node not ready for backup", 3, []string{"is not ready for a backup"}},
		{"busy", 503, "", "", 3, []string{"not able to answer now"}},
		{"gateway", 502, "", "<html>bad gateway</html>", 3, []string{"with 502:", "not able to answer now"}},
		{"wrong parameter", 400, "", `{"status":400,"error":"Bad Request"}`, 1, []string{"Bad Request", "its version"}},
		{"not acceptable", 406, "", "", 1, []string{"does not understand"}},
		{"own failure", 500, "AXONIQ-0001", "[AXONIQ-0001] Failed to create directory: /proc/nope", 1, []string{"Failed to create directory", "its log says why"}},
		{"generic failure", 500, "", `{"status":500,"error":"Internal Server Error"}`, 1, []string{"(Internal Server Error)"}},
		{"elsewhere", 302, "", "", 1, []string{"the token would go along"}},
		{"teapot", 418, "", "", 1, []string{"no answer which is known"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			passes := 0
			s := &axontest.Server{Fault: func(w http.ResponseWriter, r *http.Request) bool {
				passes++
				if c.code != "" {
					w.Header().Set("AxonIQ-ErrorCode", c.code)
				}
				if c.status == 302 {
					w.Header().Set("Location", "http://elsewhere.example/")
				}
				w.WriteHeader(c.status)
				fmt.Fprint(w, c.body)
				return true
			}}
			cl := client(t, s, token)
			_, err := cl.Segments(t.Context(), segment.Events, "x", -1)
			var r *rest.Refusal
			if !errors.As(err, &r) || passes != c.passes {
				t.Fatalf("%d passes, %v", passes, err)
			}
			for _, w := range c.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("it doesn't say %q: %v", w, err)
				}
			}
			passes = 0
			if _, err := cl.BackupControlDB(t.Context()); err == nil || passes != 1 {
				t.Errorf("a request that writes was made %d times: %v", passes, err)
			}
		})
	}
}

// Paths are cleaned, and only those of a copy are taken for the control database's.
func TestPaths(t *testing.T) {
	for body, want := range map[string]string{
		"/srv/axonserver/./controldb-backup/controldb1795262410761.zip": "/srv/axonserver/controldb-backup/controldb1795262410761.zip",
		"\"/srv/axonserver/./controldb1.zip\"\n":                        "/srv/axonserver/controldb1.zip",
		"/etc/passwd":                                                   "",
		"controldb1.zip":                                                "",
		"/x/controldb1.zip\n/y":                                         "",
		"":                                                              "",
		"/srv/" + strings.Repeat("x", 5000) + "/controldb1795262410761.zip": "",
	} {
		s := &axontest.Server{Fault: func(w http.ResponseWriter, r *http.Request) bool { fmt.Fprint(w, body); return true }}
		got, err := client(t, s, "").BackupControlDB(t.Context())
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%.60q gives %q, %v", body, got, err)
		}
	}
}

func TestAddresses(t *testing.T) {
	for _, a := range []string{"", "axon:8024", "ftp://axon", "http://user:pass@axon:8024", "http://axon:8024?AxonIQ-Access-Token=x", "http://"} {
		if _, err := rest.New(a, rest.Options{}); err == nil || strings.Contains(err.Error(), "pass@") {
			t.Errorf("%q: %v", a, err)
		}
	}
	c, err := rest.New("http://127.0.0.1:1/", rest.Options{Pause: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	var gone *rest.UnreachableError
	if _, err := c.About(t.Context()); !errors.As(err, &gone) || !rest.Elsewhere(err) {
		t.Error(err)
	}
}

// Another program at the address is told from an Axon Server.
func TestAnotherProgram(t *testing.T) {
	for body, want := range map[string]string{`{"productName":"Other"}`: "no Axon Server", "<html>": "another program"} {
		s := &axontest.Server{Root: t.TempDir(), Fault: func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != "/v1/public/version" {
				return false
			}
			fmt.Fprint(w, body)
			return true
		}}
		if _, err := client(t, s, "").About(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", body, err)
		}
	}
}
