package stopped

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestRecord(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "stopped")
	if list, err := List(dir); err != nil || len(list) != 0 {
		t.Fatalf("%v, %v", list, err)
	}
	r := Record{System: "claims", Start: []string{"systemctl", "start", "ivy"}}
	if err := Put(dir, r); err != nil {
		t.Fatal(err)
	}
	if err := Put(dir, r); err == nil || !strings.Contains(err.Error(), "system resume claims") {
		t.Errorf("put twice: %v", err)
	}
	list, err := List(dir)
	if err != nil || len(list) != 1 || list[0].Start[2] != "ivy" || !list[0].Held() || !strings.Contains(list[0].String(), "has been stopped since") {
		t.Errorf("%+v, %v", list, err)
	}
	if err := Drop(dir, "claims"); err != nil {
		t.Fatal(err)
	}
	if list, err := List(dir); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
	if err := Drop(dir, "claims"); err != nil {
		t.Error(err)
	}
}

// The record of a process that is gone says so, also after a restart of the
// machine, and also where its file is torn.
func TestLeftRecord(t *testing.T) {
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	r := Record{System: "claims", PID: gone.Process.Pid, Boot: bootID()}
	if r.Held() || !strings.Contains(r.String(), "ended without starting it") {
		t.Error(r)
	}
	// Another process has its number by now, as in every container.
	at, runs := began(os.Getpid())
	if !runs || at == 0 {
		t.Fatal("this process does not run")
	}
	for begin, held := range map[uint64]bool{at: true, 0: true, at - 1: false} {
		if r := (Record{System: "claims", PID: os.Getpid(), Boot: bootID(), Began: begin}); r.Held() != held {
			t.Errorf("a record of a process that began at %d: held %v", begin, r.Held())
		}
	}
	r = Record{System: "claims", PID: os.Getpid(), Boot: "another"}
	if r.Held() || !strings.Contains(r.String(), "restarted since") {
		t.Error(r)
	}
	dir := t.TempDir()
	if err := os.WriteFile(file(dir, "torn"), []byte(`{"sys`), 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := List(dir)
	if err != nil || len(list) != 1 || list[0].System != "torn" || list[0].Held() {
		t.Errorf("%+v, %v", list, err)
	}
}
