package pick

import (
	"slices"
	"testing"
	"time"

	"ivyvault/repo"
)

func list() []repo.Snapshot {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var out []repo.Snapshot
	for i, s := range []repo.Snapshot{
		{Host: "a", Paths: []string{"/x"}},
		{Host: "a", Paths: []string{"/x", "/y"}, Tags: []string{"t"}},
		{Host: "b", Paths: []string{"/x"}, Tags: []string{"t", "u"}},
		{Host: "a", Paths: []string{"/x"}, Tags: []string{"u"}},
	} {
		s.ID[0], s.Time = byte(i+1), at.Add(time.Duration(i)*time.Hour)
		out = append(out, s)
	}
	return out
}

func numbers(list []repo.Snapshot) []int {
	out := []int{}
	for _, s := range list {
		out = append(out, int(s.ID[0]))
	}
	return out
}

func TestFilter(t *testing.T) {
	for i, c := range []struct {
		f    Filter
		want []int
	}{
		{Filter{}, []int{1, 2, 3, 4}},
		{Filter{Hosts: []string{"a"}}, []int{1, 2, 4}},
		{Filter{Hosts: []string{"a", "b"}}, []int{1, 2, 3, 4}},
		{Filter{Paths: []string{"/x", "/y"}}, []int{2}},
		{Filter{Tags: []string{"t"}}, []int{2, 3}},
		{Filter{Tags: []string{"t,u"}}, []int{3}},
		{Filter{Tags: []string{"t", "u"}}, []int{2, 3, 4}},
		{Filter{Tags: []string{""}}, []int{1}},
		{Filter{Hosts: []string{"b"}, Tags: []string{"none"}}, []int{}},
	} {
		got, err := Choose(list(), c.f, nil)
		if err != nil || !slices.Equal(numbers(got), c.want) {
			t.Errorf("%d: got %v (%v), want %v", i, numbers(got), err, c.want)
		}
	}
}

func TestChooseByName(t *testing.T) {
	got, err := Choose(list(), Filter{Hosts: []string{"a"}}, []string{"latest", "0100", "latest", "latest~1"})
	if want := []int{4, 1, 2}; err != nil || !slices.Equal(numbers(got), want) {
		t.Errorf("got %v (%v), want %v", numbers(got), err, want)
	}
	if _, err := Choose(list(), Filter{}, []string{"ffff"}); err == nil {
		t.Error("a snapshot that isn't there was found")
	}
}

func TestNewest(t *testing.T) {
	if got, want := numbers(Newest(list(), 1)), []int{2, 3, 4}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestParseBy(t *testing.T) {
	if by, err := ParseBy("host, tags"); err != nil || by != (By{Host: true, Tags: true}) {
		t.Errorf("got %v (%v)", by, err)
	}
	if _, err := ParseBy("colour"); err == nil {
		t.Error("colour was accepted")
	}
}
