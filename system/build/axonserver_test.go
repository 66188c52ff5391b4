package build

import "testing"

func TestHere(t *testing.T) {
	known := map[string]string{"/axonserver": "/srv/axon", "/axonserver/events": "/mnt/events/", "/": "/all"}
	for dir, want := range map[string]string{
		"/axonserver/data":         "/srv/axon/data",
		"/axonserver/events":       "/mnt/events",
		"/axonserver/events/deep":  "/mnt/events/deep",
		"/axonserver-two/events":   "/all/axonserver-two/events",
		"/axonserver/eventsbeside": "/srv/axon/eventsbeside",
	} {
		if got := here(dir, known); got != want {
			t.Errorf("%s is at %s, want %s", dir, got, want)
		}
	}
	if got := here("/x", nil); got != "/x" {
		t.Errorf("without a map %s", got)
	}
}
